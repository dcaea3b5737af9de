//! `beamtalk workspace stop`.
//!
//! Who stops a workspace holds its lock until it has stopped. So a start that comes meanwhile waits and starts another,
//! and what we write about the end is never about the next beginning.

use super::described;
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use beamtalk_home::metadata::ProcessId;
use beamtalk_home::{Metadata, WorkspaceFolder};
use beamtalk_repl::launch::attach;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A workspace that was asked to stop has so long to do it.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A host that is healthy answers within this time.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Stops a workspace in good order; with `force` also one that does not listen.
pub fn run(name: Option<&str>, force: bool) -> Outcome {
    let place = Place::existing(name)?;
    let workspace = &place.workspace;
    let id = workspace.id();
    let _lock = workspace.lock()?;
    let metadata = described(workspace)?;
    let orphan = metadata.node.as_ref().is_some_and(ProcessId::is_alive);
    if !workspace.has_host() && !orphan {
        return Err(Failure::new(format!("Workspace '{id}' is not running")));
    }
    let port = metadata.repl_port.map_or(String::new(), |port| format!(" (port {port})"));
    writeln!(io::stderr(), "Stopping workspace '{id}'{port}...")?;
    let stopped = ask(workspace)? && wait_until_stopped(workspace).is_ok();
    if !stopped {
        if workspace.has_host() && !force {
            return Err(Failure::new(format!("Workspace '{id}' does not answer"))
                .help(format!("kill it: beamtalk workspace stop {id} --force")));
        }
        kill(workspace)?;
    }
    writeln!(io::stdout(), "Workspace '{id}' stopped")?;
    Ok(())
}

/// Stops a workspace that this command started; one that has stopped already is fine.
pub fn stop_quietly(workspace: &WorkspaceFolder) -> Outcome {
    let _lock = workspace.lock()?;
    if ask(workspace)? { wait_until_stopped(workspace) } else { Ok(()) }
}

/// Asks the host to stop; false when there is none that answers.
fn ask(workspace: &WorkspaceFolder) -> Outcome<bool> {
    let Some(mut attached) = attach(workspace)? else {
        return Ok(false);
    };
    let cookie = workspace.cookie()?;
    attached.client.set_patience(Some(ANSWER_LIMIT))?;
    match attached.client.request("shutdown", json!({"cookie": cookie.reveal()})) {
        Ok(reply) => reply.error().map_or(Ok(true), |error| Err(Failure::new(error))),
        Err(error) => {
            tracing::debug!(%error, "the host does not answer");
            Ok(false)
        }
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
fn kill(workspace: &WorkspaceFolder) -> Outcome {
    let mut metadata: Metadata = described(workspace)?;
    for process in [&metadata.host, &metadata.node].into_iter().flatten() {
        let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && process.is_alive()
        {
            kill_process(pid, Signal::KILL).map_err(io::Error::from)?;
        }
    }
    wait_until_stopped(workspace)?;
    metadata.clear_running();
    workspace.write_metadata(&metadata)?;
    Ok(())
}
