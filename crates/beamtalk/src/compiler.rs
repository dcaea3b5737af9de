//! The compiler of a command: this session's daemon, or, without one, this process. Both give the same bytes.

use crate::cli::{OutputFormat, ReportOptions};
use crate::failure::{Failure, Outcome};
use crate::screen;
use beamtalk_daemon::{DaemonError, Place, Service, connect_or_start};
use beamtalk_project::{BuildOptions, Look, ProjectError, Report, Task, refusal_lines};
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is asked of the compiler.
#[derive(Debug)]
pub struct Request<'r> {
    /// What to do.
    pub task: Task,
    /// With which project.
    pub path: PathBuf,
    /// How the project is shown.
    pub shown: String,
    /// What `lint` is about, a path below the project's.
    pub within: String,
    /// Compile everything again.
    pub force: bool,
    /// Count warnings and hints as errors.
    pub warnings_as_errors: bool,
    /// Show errors only.
    pub quiet: bool,
    /// How the answer is printed.
    pub report: &'r ReportOptions,
}

impl<'r> Request<'r> {
    /// To do `task` with the project at `path`.
    pub fn new(task: Task, path: &Path, report: &'r ReportOptions) -> Self {
        Self {
            task,
            path: path.to_path_buf(),
            shown: path.to_string_lossy().into_owned(),
            within: String::new(),
            force: false,
            warnings_as_errors: false,
            quiet: false,
            report,
        }
    }

    /// Asks, prints the answer, and fails if that is one of failure.
    pub fn perform(&self) -> Outcome {
        let format = if self.report.json { OutputFormat::Json } else { self.report.format };
        let report = match self.ask() {
            Ok(report) => report,
            Err(Refusal { code, message, help }) => {
                if format == OutputFormat::Text {
                    return Err(failure(message, help));
                }
                write!(io::stdout(), "{}", refusal_lines(code.as_deref(), &message, help.as_deref()))?;
                return Err(Failure::reported());
            }
        };
        // Hiding what makes the build fail would be no help.
        let quiet = self.quiet && !self.warnings_as_errors;
        match format {
            OutputFormat::Text => io::stderr().write_all(report.text(quiet).as_bytes())?,
            OutputFormat::Json => io::stdout().write_all(report.json_lines(quiet).as_bytes())?,
            OutputFormat::Sarif => writeln!(io::stdout(), "{:#}", report.sarif(quiet))?,
        }
        if report.has_failed() { Err(Failure::reported()) } else { Ok(()) }
    }

    fn ask(&self) -> Result<Report, Refusal> {
        let unwanted =
            std::env::var_os("BEAMTALK_NO_DAEMON").is_some_and(|value| !value.is_empty() && value != "0");
        if !self.report.no_daemon && !unwanted {
            match self.ask_daemon() {
                Ok(report) => return Ok(report),
                Err(DaemonError::Refused { message, help, reason, .. }) => {
                    return Err(Refusal { code: reason, message, help });
                }
                // Something is wrong with the session's folder: worth telling, no reason not to compile.
                Err(error @ (DaemonError::Home(_) | DaemonError::ForeignPeer { .. })) => {
                    let help = error.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
                    // Nobody to tell it to is no reason either.
                    let _ = writeln!(io::stderr(), "⚠ compiling without the daemon: {error}{help}");
                }
                // A daemon saves time. Without one the answer is the same, so it is not worth a word to most.
                Err(error) => tracing::warn!(%error, "compiling without the daemon"),
            }
        }
        let options = BuildOptions {
            force: self.force,
            warnings_as_errors: self.warnings_as_errors,
            look: self.look(),
            threads: 0,
        };
        let service = Service::default();
        let report = match self.task {
            Task::Build => service.build(&self.path, &self.shown, options),
            Task::Check => service.check(&self.path, &self.shown, options),
            Task::Lint => service.lint(&self.path, &self.shown, &self.within, options),
        };
        report.map_err(|error: ProjectError| Refusal {
            code: Some(error.code().to_owned()),
            message: error.to_string(),
            help: error.help(),
        })
    }

    fn ask_daemon(&self) -> Result<Report, DaemonError> {
        let system = |source| DaemonError::System { action: "find this program", source };
        let place = Place::from_env()?;
        let mut client = connect_or_start(&place, &std::env::current_exe().map_err(system)?)?;
        let params = json!({
            "path": std::path::absolute(&self.path).map_err(system)?,
            "shown": self.shown,
            "within": self.within,
            "force": self.force,
            "warnings_as_errors": self.warnings_as_errors,
            "look": self.look(),
        });
        let method = match self.task {
            Task::Build => "build",
            Task::Check => "check",
            Task::Lint => "lint",
        };
        let answer = client.call(method, &params)?;
        serde_json::from_value(answer).map_err(|_| DaemonError::Garbled)
    }

    fn look(&self) -> Look {
        screen::look(&io::stderr(), self.report.no_color)
    }
}

/// Why there is no report.
struct Refusal {
    code: Option<String>,
    message: String,
    help: Option<String>,
}

/// A failure from an error and what to do about it.
pub fn failure(message: impl std::fmt::Display, help: Option<String>) -> Failure {
    let failure = Failure::new(message);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
