//! What can go wrong between client and daemon, each with a stable code and where possible a way to mend it.

use std::io;
use std::path::PathBuf;

use beamtalk_home::HomeError;

/// A failure to run or reach a daemon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// A folder is not fit for a socket.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Another process is this session's daemon.
    #[error("the compiler daemon of this session is running already")]
    Running,
    /// Nobody listens.
    #[error("the compiler daemon is not running")]
    NotRunning,
    /// The other end belongs to someone else.
    #[error("the socket {} is served by another user (uid {uid})", path.display())]
    ForeignPeer {
        /// The socket.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// It was started and did not come up.
    #[error("the compiler daemon did not start; see {}", log.display())]
    NoStart {
        /// Where it writes why.
        log: PathBuf,
    },
    /// It was asked to stop and did not.
    #[error("the compiler daemon did not stop in time")]
    NoStop,
    /// The operating system refused.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The daemon answered with an error.
    #[error("{message}")]
    Refused {
        /// Its JSON-RPC code.
        code: i64,
        /// The stable code of what is wrong, where it has one.
        reason: Option<String>,
        /// The sentence.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// The other end does not speak our protocol.
    #[error("the compiler daemon sent what is no answer")]
    Garbled,
}

impl DaemonError {
    /// The code by which documentation and tests know this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Home(error) => error.code(),
            Self::Running => "C0001",
            Self::NotRunning => "C0002",
            Self::ForeignPeer { .. } => "C0003",
            Self::NoStart { .. } => "C0004",
            Self::NoStop => "C0005",
            Self::System { .. } => "C0006",
            Self::Refused { .. } => "C0007",
            Self::Garbled => "C0008",
        }
    }

    /// How a person can mend it, where there is a way.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Home(error) => error.help(),
            Self::NotRunning => Some("start it with `beamtalk daemon start`".into()),
            Self::ForeignPeer { .. } => Some("choose another path with BEAMTALK_DAEMON_SOCKET".into()),
            Self::NoStart { .. } | Self::Garbled => {
                Some("compile without it: --no-daemon, or BEAMTALK_NO_DAEMON=1".into())
            }
            Self::Refused { help, .. } => help.clone(),
            Self::Running | Self::NoStop | Self::System { .. } => None,
        }
    }

    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }
}
