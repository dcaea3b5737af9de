//! Errors, as people see them on standard error, and the exit status.

use beamtalk_home::HomeError;
use beamtalk_node::NodeError;
use beamtalk_repl::launch::LaunchError;
use beamtalk_repl::{ClientError, HostError};
use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    message: String,
    help: Option<String>,
    /// Nothing to print: it was said, or nobody reads.
    silent: bool,
    status: u8,
}

/// What a command comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with a sentence.
    pub fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), help: None, silent: false, status: 1 }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A failure that has been reported already.
    pub fn reported() -> Self {
        Self { silent: true, ..Self::new("") }
    }

    /// An interrupt from the keyboard.
    pub fn interrupted() -> Self {
        Self { silent: true, status: 130, ..Self::new("Interrupted") }
    }

    /// A program ended itself with a status, which becomes ours.
    pub fn exited(status: u8) -> Self {
        Self { silent: true, status, ..Self::new("") }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.help.as_deref()
    }

    fn with_help(message: impl Display, help: Option<String>) -> Self {
        Self { help, ..Self::new(message) }
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        Self::with_help(&error, error.help())
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::with_help(&error, error.help())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error)
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Home(error) => error.into(),
            HostError::Node(error) => error.into(),
            other => Self::new(other),
        }
    }
}

impl From<LaunchError> for Failure {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::Home(error) => error.into(),
            LaunchError::Node { message, help } => Self::with_help(message, help),
            other => Self::new(other),
        }
    }
}

impl From<io::Error> for Failure {
    /// A closed pipe (`beamtalk workspace list | head -1`) is the end of the work, not an error.
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            Self { silent: true, status: 0, ..Self::new(error) }
        } else {
            Self::new(error)
        }
    }
}

/// `beamtalk` alone.
pub fn no_subcommand() -> Failure {
    Failure::new("no subcommand provided. Run `beamtalk --help` for usage.")
}

/// Prints a failure and answers the status to exit with.
pub fn exit_code(outcome: Outcome) -> ExitCode {
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    if !failure.silent {
        // Without a standard error there is only the status.
        let _ = print(&failure);
    }
    ExitCode::from(failure.status)
}

fn print(failure: &Failure) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    let mut lines = failure.message.lines();
    writeln!(stderr, "  × {}", lines.next().unwrap_or_default())?;
    for line in lines {
        writeln!(stderr, "  │ {line}")?;
    }
    match &failure.help {
        Some(help) => writeln!(stderr, "  help: {help}"),
        None => Ok(()),
    }
}
