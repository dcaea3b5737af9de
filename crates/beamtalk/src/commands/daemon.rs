//! `beamtalk daemon …`: the compiler that stays warm between the commands of a terminal session.

use crate::background::detach;
use crate::cli::DaemonCommand;
use crate::compiler::failure;
use crate::failure::{Failure, Outcome};
use beamtalk_daemon::sessions::{Cleaned, Session, Which, clean};
use beamtalk_daemon::{Client, DaemonError, Limits, Place, Server, client, connect_or_start};
use beamtalk_home::Home;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// Performs the subcommand.
pub fn run(command: &DaemonCommand) -> Outcome {
    match command {
        DaemonCommand::Start { foreground: true } => serve(false, None),
        DaemonCommand::Start { foreground: false } => start(),
        DaemonCommand::Stop => stop(),
        DaemonCommand::Status { json } => status(*json),
        DaemonCommand::List => list(),
        DaemonCommand::Clean { all } => tidy(*all),
        DaemonCommand::Run { detached, idle } => serve(*detached, *idle),
    }
}

fn start() -> Outcome {
    let place = Place::from_env().map_err(told)?;
    let there = Client::connect(&place).is_ok();
    let mut client = connect_or_start(&place, &std::env::current_exe()?).map_err(told)?;
    let status = client.call("status", &json!({})).map_err(told)?;
    let what = if there { "already running" } else { "started" };
    say(format_args!("Daemon {what} (PID {})", status["pid"]))
}

fn stop() -> Outcome {
    let place = Place::from_env().map_err(told)?;
    match client::stop(&place) {
        Ok(()) => say(format_args!("Daemon stopped successfully")),
        Err(DaemonError::NotRunning) => say(format_args!("Daemon is not running")),
        Err(error) => Err(told(error)),
    }
}

fn status(as_json: bool) -> Outcome {
    let place = Place::from_env().map_err(told)?;
    let status = match Client::connect(&place).and_then(|mut client| client.call("status", &json!({}))) {
        Ok(status) => Some(status),
        Err(DaemonError::NotRunning) => None,
        Err(error) => return Err(told(error)),
    };
    if as_json {
        let mut report = status.unwrap_or_else(|| json!({}));
        report["socket"] = json!(place.socket());
        report["running"] = Value::Bool(report.get("pid").is_some());
        return say(format_args!("{report}"));
    }
    let Some(status) = status else {
        return say(format_args!("Daemon is not running"));
    };
    say(format_args!("Daemon is running (PID {})", status["pid"]))?;
    say(format_args!("Socket: {}", place.socket().display()))?;
    say(format_args!("Up: {} s, {} requests", status["uptime"], status["requests"]))?;
    let mut projects = status["projects"].as_array().into_iter().flatten().filter_map(Value::as_str);
    projects.try_for_each(|project| say(format_args!("Project: {project}")))
}

fn list() -> Outcome {
    let sessions = Session::all(&Home::from_env()?).map_err(told)?;
    if sessions.is_empty() {
        return say(format_args!("No daemon sessions found"));
    }
    say(format_args!("Active daemon sessions:"))?;
    for session in sessions {
        let (name, days) = (session.name(), session.age().as_secs() / 86400);
        match session.pid() {
            Some(pid) => say(format_args!("  ALIVE {name} (PID: {pid}, age: {days}d)"))?,
            None => say(format_args!("  DEAD  {name} (age: {days}d)"))?,
        }
    }
    Ok(())
}

fn tidy(all: bool) -> Outcome {
    let which = if all { Which::All } else { Which::Orphaned };
    let Cleaned { removed, active } = clean(&Home::from_env()?, which).map_err(told)?;
    say(format_args!("✓ Cleaned {removed} session(s), kept {active} active"))
}

/// Be the daemon. In the background we leave the terminal's session, so that closing it does not end us.
fn serve(detached: bool, idle: Option<u64>) -> Outcome {
    if detached {
        detach();
    }
    let mut limits = Limits::default();
    let named = std::env::var("BEAMTALK_DAEMON_IDLE").ok().and_then(|seconds| seconds.parse().ok());
    if let Some(seconds) = idle.or(named) {
        limits.idle = Duration::from_secs(seconds);
    }
    let place = Place::from_env().map_err(told)?;
    let server = if detached {
        // Of two that start at once, one gives way without a word.
        Server::bind_unless_served(&place, limits).map_err(told)?
    } else {
        Some(Server::bind(place, limits).map_err(told)?)
    };
    let Some(server) = server else { return Ok(()) };
    if let Ok(home) = Home::from_env() {
        // Folders that stay because of an error are litter, no reason not to serve.
        let _ = clean(&home, Which::Old);
    }
    server.run().map_err(told)
}

fn say(line: std::fmt::Arguments<'_>) -> Outcome {
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn told(error: DaemonError) -> Failure {
    let help = error.help();
    failure(error, help)
}
