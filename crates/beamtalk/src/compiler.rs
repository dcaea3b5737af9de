//! The compiler of a command: this session's daemon, or, without one, this process. Both give the same bytes.

use crate::failure::{Failure, Outcome};
use beamtalk_daemon::{DaemonError, Place, Service, connect_or_start};
use beamtalk_project::{BuildOptions, ProjectError, Report};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// What is asked of the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Write what changed.
    Build,
    /// Only tell.
    Check,
}

/// Builds or checks the project at `path`.
pub fn perform(task: Task, path: &Path, options: BuildOptions, no_daemon: bool) -> Outcome<Report> {
    let shown = path.to_string_lossy();
    let unwanted =
        std::env::var_os("BEAMTALK_NO_DAEMON").is_some_and(|value| !value.is_empty() && value != "0");
    if !no_daemon && !unwanted {
        match by_daemon(task, path, &shown, options) {
            Ok(report) => return Ok(report),
            Err(DaemonError::Refused { message, help, .. }) => return Err(failure(message, help)),
            Err(error @ (DaemonError::Home(_) | DaemonError::ForeignPeer { .. })) => warn(&error)?,
            // A daemon saves time. Without one the answer is the same, so it is not worth a word to most.
            Err(error) => tracing::warn!(%error, "compiling without the daemon"),
        }
    }
    let service = Service::default();
    let report = match task {
        Task::Build => service.build(path, &shown, options),
        Task::Check => service.check(path, &shown, options),
    };
    report.map_err(|error: ProjectError| failure(error.to_string(), error.help()))
}

/// Prints a report for people on standard error, or for programs on standard output, and fails if there was an error.
pub fn tell(report: &Report, quiet: bool, as_json: bool) -> Outcome {
    if as_json {
        let text = serde_json::to_string(report).map_err(Failure::new)?;
        writeln!(io::stdout(), "{text}")?;
    } else {
        io::stderr().write_all(report.text(quiet).as_bytes())?;
    }
    if report.ok { Ok(()) } else { Err(Failure::reported()) }
}

/// A failure from an error and what to do about it.
pub fn failure(message: impl std::fmt::Display, help: Option<String>) -> Failure {
    let failure = Failure::new(message);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

fn by_daemon(task: Task, path: &Path, shown: &str, options: BuildOptions) -> Result<Report, DaemonError> {
    let system = |source| DaemonError::System { action: "find this program", source };
    let place = Place::from_env()?;
    let mut client = connect_or_start(&place, &std::env::current_exe().map_err(system)?)?;
    let params = json!({
        "path": std::path::absolute(path).map_err(system)?,
        "shown": shown,
        "force": options.force,
        "warnings_as_errors": options.warnings_as_errors,
    });
    let method = match task {
        Task::Build => "build",
        Task::Check => "check",
    };
    let answer = client.call(method, &params)?;
    serde_json::from_value(answer).map_err(|_| DaemonError::Garbled)
}

/// Something is wrong with the session's folder: worth telling, no reason not to compile.
fn warn(error: &DaemonError) -> Outcome {
    let help = error.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
    writeln!(io::stderr(), "⚠ compiling without the daemon: {error}{help}")?;
    Ok(())
}
