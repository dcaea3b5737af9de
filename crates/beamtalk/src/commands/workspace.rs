//! `beamtalk workspace …`: list and manage workspaces.

mod attach;
mod logs;
mod stop;
mod transcript;

use super::{StartOptions, enter};
use crate::cli::{LogFormat, WorkspaceCommand};
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use beamtalk_home::metadata::ProcessId;
use beamtalk_home::workspace::now;
use beamtalk_home::{Metadata, WorkspaceFolder};
use beamtalk_repl::launch::Attached;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use stop::stop_quietly;

/// A host writes down its node as soon as the disk lets it.
const RECORDING: Duration = Duration::from_secs(2);

/// Performs the subcommand.
pub fn run(command: &WorkspaceCommand) -> Outcome {
    match command {
        WorkspaceCommand::List { json } => list(*json),
        WorkspaceCommand::Status { name, json } => status(name.as_deref(), *json),
        WorkspaceCommand::Create { name, background, port, persistent, idle_timeout, require_cookie } => {
            let idle = if *persistent { Some(0) } else { *idle_timeout };
            create(
                name,
                *background,
                &StartOptions { port: *port, idle, require_cookie: *require_cookie, program: None },
            )
        }
        WorkspaceCommand::Attach { cookie: Some(_), .. } => Err(attach::refuse_cookie()),
        WorkspaceCommand::Attach { port: Some(port), cookie_file, talk, .. } => {
            attach::by_port(*port, cookie_file.as_deref(), talk)
        }
        WorkspaceCommand::Attach { name, talk, .. } => attach::by_name(name.as_deref(), talk),
        WorkspaceCommand::Stop { name, force } => stop::run(name.as_deref(), *force),
        WorkspaceCommand::Transcript { name, recent } => transcript::follow(name.as_deref(), *recent),
        WorkspaceCommand::Logs { name, workspace, follow, level, format, json, path } => {
            let place = Place::existing(name.as_deref().or(workspace.as_deref()))?;
            let as_json = *json || *format == LogFormat::Json;
            logs::show(&place.workspace, level.as_deref(), as_json, *follow, *path)
        }
        WorkspaceCommand::Remove { name } => remove(name),
    }
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
    let node = node_in_words(&metadata).filter(|_| running);
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
    let mut attached = enter(&place, options)?;
    // Answered when the node is up; a workspace whose node cannot start is not started.
    if let Some(error) = attached.client.request("actors", json!({}))?.error() {
        return Err(Failure::new(error));
    }
    let word = if attached.started { "started" } else { "already running" };
    writeln!(stdout, "Workspace '{name}' {word}")?;
    writeln!(stdout, "  Node:   {}", recorded_node(&place.workspace)?.unwrap_or_else(|| "-".into()))?;
    writeln!(stdout, "  Port:   {}", attached.metadata.repl_port.unwrap_or_default())?;
    writeln!(stdout, "  Attach: beamtalk workspace attach {name}")?;
    let has_options = options.port.is_some() || options.idle.is_some() || options.require_cookie;
    if !attached.started && has_options {
        writeln!(io::stderr(), "⚠ the workspace runs already; the options for its start had no effect")?;
    }
    Ok(())
}

/// The node that has just come up, as soon as the metadata tells.
fn recorded_node(workspace: &WorkspaceFolder) -> Outcome<Option<String>> {
    let since = Instant::now();
    loop {
        let node = node_in_words(&described(workspace)?);
        if node.is_some() || since.elapsed() > RECORDING {
            return Ok(node);
        }
        sleep(Duration::from_millis(5));
    }
}

/// The node has no name, since it takes part in no network.
fn node_in_words(metadata: &Metadata) -> Option<String> {
    let node = metadata.node.as_ref()?;
    let release = metadata.otp_release.as_deref().unwrap_or("?");
    Some(format!("Erlang/OTP {release}, pid {}", node.pid))
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

/// A connection to the workspace of a place, which must run.
fn attached(place: &Place) -> Outcome<Attached> {
    beamtalk_repl::launch::attach(&place.workspace)?.ok_or_else(|| not_running(place))
}

fn not_running(place: &Place) -> Failure {
    let id = place.workspace.id();
    let start = if place.named { format!("beamtalk repl --workspace {id}") } else { "beamtalk repl".into() };
    Failure::new(format!("Workspace '{id}' is not running")).help(format!("start it: {start}"))
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
