//! `beamtalk workspace …`: list and manage workspaces.

mod attach;
mod logs;

use super::{StartOptions, enter};
use crate::cli::WorkspaceCommand;
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use beamtalk_home::metadata::ProcessId;
use beamtalk_home::workspace::now;
use beamtalk_home::{Metadata, WorkspaceFolder};
use beamtalk_repl::launch::attach;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A workspace that was asked to stop has so long to do it.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Performs the subcommand.
pub fn run(command: &WorkspaceCommand) -> Outcome {
    match command {
        WorkspaceCommand::List { json } => list(*json),
        WorkspaceCommand::Status { name, json } => status(name.as_deref(), *json),
        WorkspaceCommand::Create { name, background, port, persistent, idle_timeout, require_cookie } => {
            let idle = if *persistent { Some(0) } else { *idle_timeout };
            create(name, *background, &StartOptions { port: *port, idle, require_cookie: *require_cookie })
        }
        WorkspaceCommand::Attach { name, talk } => attach::run(name.as_deref(), talk),
        WorkspaceCommand::Stop { name, force } => stop(name.as_deref(), *force),
        WorkspaceCommand::Logs { name, follow, level, json, path } => {
            let place = Place::existing(name.as_deref())?;
            logs::show(&place.workspace, level.as_deref(), *json, *follow, *path)
        }
        WorkspaceCommand::Remove { name } => remove(name),
    }
}

/// Stops a workspace that this command started; one that has stopped already is fine.
pub fn stop_quietly(workspace: &WorkspaceFolder) -> Outcome {
    if ask_to_stop(workspace)? { wait_until_stopped(workspace) } else { Ok(()) }
}

fn list(as_json: bool) -> Outcome {
    let here = Place::find(None)?;
    let mut rows = Vec::new();
    for workspace in here.home.workspaces()? {
        match workspace {
            Ok(workspace) => rows.extend(workspace.metadata()?.map(|metadata| (workspace, metadata))),
            Err(error) => writeln!(io::stderr(), "⚠ {error}")?,
        }
    }
    let mut stdout = io::stdout().lock();
    if as_json {
        let rows: Vec<Value> =
            rows.iter().map(|(workspace, metadata)| as_value(workspace, metadata)).collect();
        writeln!(stdout, "{:#}", Value::Array(rows))?;
        return Ok(());
    }
    if rows.is_empty() {
        writeln!(stdout, "No workspaces found.\nStart a REPL to create one: beamtalk repl")?;
        return Ok(());
    }
    writeln!(stdout, "{:2}{:14} {:30} {:10} {:6}", "", "WORKSPACE", "PROJECT", "STATUS", "PORT")?;
    for (workspace, metadata) in &rows {
        let mark = if workspace.id() == here.workspace.id() { "▸" } else { "" };
        let project = metadata.project_path.to_string_lossy();
        let port = running_port(workspace, metadata).map_or("-".into(), |port| port.to_string());
        let status = status_word(workspace);
        writeln!(stdout, "{mark:2}{:14} {project:30} {status:10} {port:6}", workspace.id().as_str())?;
    }
    writeln!(stdout, "\n{} workspace(s) total", rows.len())?;
    Ok(())
}

fn status(name: Option<&str>, as_json: bool) -> Outcome {
    let place = Place::existing(name)?;
    let workspace = &place.workspace;
    let metadata = described(workspace)?;
    let mut stdout = io::stdout().lock();
    if as_json {
        writeln!(stdout, "{:#}", as_value(workspace, &metadata))?;
        return Ok(());
    }
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let age = now().saturating_sub(metadata.created_at);
    let running = workspace.has_host();
    let host = metadata.host.as_ref().filter(|_| running).map(|host| host.pid.to_string());
    let port = running_port(workspace, &metadata).map(|port| port.to_string());
    let node = metadata.node.as_ref().filter(|_| running).map(|node| {
        let release = metadata.otp_release.as_deref().unwrap_or("?");
        format!("Erlang/OTP {release}, pid {}", node.pid)
    });
    writeln!(stdout, "Workspace: {}", workspace.id())?;
    writeln!(stdout, "Project:   {}", metadata.project_path.display())?;
    writeln!(stdout, "Status:    {}", status_word(workspace))?;
    writeln!(stdout, "Node:      {}", or_dash(node))?;
    writeln!(stdout, "Port:      {}", or_dash(port))?;
    writeln!(stdout, "PID:       {}", or_dash(host))?;
    writeln!(stdout, "Age:       {}h {}m", age / 3600, age / 60 % 60)?;
    Ok(())
}

fn create(name: &str, background: bool, options: &StartOptions) -> Outcome {
    let place = Place::find(Some(name))?;
    let mut stdout = io::stdout();
    // A folder alone is what a start left that failed, on a full disk say.
    let existed = place.workspace.metadata()?.is_some();
    if !existed {
        let _lock = place.workspace.lock()?;
        place.workspace.create(&place.root)?;
    }
    if !background {
        if existed {
            return Err(Failure::new(format!("Workspace '{name}' already exists")));
        }
        writeln!(stdout, "Workspace '{name}' created")?;
        writeln!(stdout, "Start it: beamtalk repl --workspace {name}")?;
        return Ok(());
    }
    let attached = enter(&place, options)?;
    let word = if attached.started { "started" } else { "already running" };
    writeln!(stdout, "Workspace '{name}' {word}")?;
    writeln!(stdout, "  Port:   {}", attached.metadata.repl_port.unwrap_or_default())?;
    writeln!(stdout, "  Attach: beamtalk workspace attach {name}")?;
    if !attached.started && (options.port.is_some() || options.idle.is_some()) {
        writeln!(io::stderr(), "⚠ the workspace runs already; the options for its start had no effect")?;
    }
    Ok(())
}

fn stop(name: Option<&str>, force: bool) -> Outcome {
    let place = Place::existing(name)?;
    let workspace = &place.workspace;
    let id = workspace.id();
    let metadata = described(workspace)?;
    let orphan = metadata.node.as_ref().is_some_and(ProcessId::is_alive);
    if !workspace.has_host() && !orphan {
        return Err(Failure::new(format!("Workspace '{id}' is not running")));
    }
    let port = metadata.repl_port.map_or(String::new(), |port| format!(" (port {port})"));
    writeln!(io::stderr(), "Stopping workspace '{id}'{port}...")?;
    let asked = ask_to_stop(workspace)?;
    let stopped = asked && wait_until_stopped(workspace).is_ok();
    if !stopped {
        if workspace.has_host() && !force {
            return Err(Failure::new(format!("Workspace '{id}' does not answer"))
                .help(format!("kill it: beamtalk workspace stop {id} --force")));
        }
        kill(workspace, &metadata)?;
    }
    writeln!(io::stdout(), "Workspace '{id}' stopped")?;
    Ok(())
}

fn remove(name: &str) -> Outcome {
    let place = Place::existing(Some(name))?;
    let workspace = &place.workspace;
    let _lock = workspace.lock()?;
    let node_lives = described(workspace)?.node.as_ref().is_some_and(ProcessId::is_alive);
    if workspace.has_host() || node_lives {
        return Err(Failure::new(format!("Workspace '{name}' is running"))
            .help(format!("stop it first: beamtalk workspace stop {name}")));
    }
    workspace.remove()?;
    writeln!(io::stdout(), "Workspace '{name}' removed")?;
    Ok(())
}

/// Asks the host to stop; false when there is none that answers.
fn ask_to_stop(workspace: &WorkspaceFolder) -> Outcome<bool> {
    let Some(mut attached) = attach(workspace)? else {
        return Ok(false);
    };
    let cookie = workspace.cookie()?;
    let reply = attached.client.request("shutdown", json!({"cookie": cookie.reveal()}))?;
    match reply.error() {
        None => Ok(true),
        Some(error) => Err(Failure::new(error)),
    }
}

fn wait_until_stopped(workspace: &WorkspaceFolder) -> Outcome {
    let since = Instant::now();
    while workspace.has_host() {
        if since.elapsed() > STOP_LIMIT {
            return Err(Failure::new(format!("Workspace '{}' does not stop", workspace.id())));
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Ends the processes that the metadata names, if they are still those very processes.
fn kill(workspace: &WorkspaceFolder, metadata: &Metadata) -> Outcome {
    for process in [&metadata.host, &metadata.node].into_iter().flatten() {
        let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && process.is_alive()
        {
            kill_process(pid, Signal::KILL).map_err(io::Error::from)?;
        }
    }
    wait_until_stopped(workspace)?;
    let _lock = workspace.lock()?;
    let mut metadata = metadata.clone();
    metadata.clear_running();
    workspace.write_metadata(&metadata)?;
    Ok(())
}

fn described(workspace: &WorkspaceFolder) -> Outcome<Metadata> {
    let missing = || Failure::new(format!("Workspace '{}' has no metadata", workspace.id()));
    workspace.metadata()?.ok_or_else(missing)
}

fn as_value(workspace: &WorkspaceFolder, metadata: &Metadata) -> Value {
    let running = workspace.has_host();
    json!({
        "workspace_id": metadata.workspace_id,
        "project_path": metadata.project_path,
        "status": status_word(workspace),
        "port": running_port(workspace, metadata),
        "pid": metadata.host.as_ref().filter(|_| running).map(|host| host.pid),
        "created_at": metadata.created_at,
    })
}

fn running_port(workspace: &WorkspaceFolder, metadata: &Metadata) -> Option<u16> {
    metadata.repl_port.filter(|_| workspace.has_host())
}

fn status_word(workspace: &WorkspaceFolder) -> &'static str {
    if workspace.has_host() { "running" } else { "stopped" }
}
