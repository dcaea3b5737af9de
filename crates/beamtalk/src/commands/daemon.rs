//! `beamtalk daemon …`: the compiler that stays warm between the commands of a terminal session.

use crate::cli::DaemonCommand;
use crate::compiler::failure;
use crate::failure::{Failure, Outcome};
use beamtalk_daemon::{Client, DaemonError, Limits, Place, Server, client, connect_or_start};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// Performs the subcommand.
pub fn run(command: &DaemonCommand) -> Outcome {
    match command {
        DaemonCommand::Start => start(),
        DaemonCommand::Stop => stop(),
        DaemonCommand::Status { json } => status(*json),
        DaemonCommand::Run { detached, idle } => serve(*detached, *idle),
    }
}

fn start() -> Outcome {
    let place = Place::from_env().map_err(told)?;
    let there = Client::connect(&place).is_ok();
    let mut client = connect_or_start(&place, &std::env::current_exe()?).map_err(told)?;
    let status = client.call("status", &json!({})).map_err(told)?;
    let what = if there { "is running already" } else { "started" };
    say(format_args!("Compiler daemon {what} (pid {})", status["pid"]))
}

fn stop() -> Outcome {
    let place = Place::from_env().map_err(told)?;
    match client::stop(&place) {
        Ok(()) => say(format_args!("Compiler daemon stopped")),
        Err(DaemonError::NotRunning) => say(format_args!("Compiler daemon is not running")),
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
        return say(format_args!("Compiler daemon is not running"));
    };
    let (pid, uptime, requests) = (&status["pid"], &status["uptime"], &status["requests"]);
    say(format_args!("Compiler daemon is running (pid {pid}, up {uptime} s, {requests} requests)"))?;
    say(format_args!("  socket   {}", place.socket().display()))?;
    let mut projects = status["projects"].as_array().into_iter().flatten().filter_map(Value::as_str);
    projects.try_for_each(|project| say(format_args!("  project  {project}")))
}

/// Be the daemon. In the background we leave the terminal's session, so that closing it does not end us.
fn serve(detached: bool, idle: Option<u64>) -> Outcome {
    if detached {
        // It fails only for the leader of a session or group, which has none to leave.
        let _ = rustix::process::setsid();
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
    server.map_or(Ok(()), |server| server.run().map_err(told))
}

fn say(line: std::fmt::Arguments<'_>) -> Outcome {
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn told(error: DaemonError) -> Failure {
    let help = error.help();
    failure(error, help)
}
