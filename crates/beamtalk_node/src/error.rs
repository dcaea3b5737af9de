//! What can go wrong between host and node.

use crate::packet::{ModuleState, VariableKind};
use std::path::PathBuf;

/// A request that brought no answer, or a node that cannot run.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// No `erl` on the path.
    #[error("Erlang/OTP is not installed: there is no `erl` on the PATH")]
    NoErlang,
    /// An Erlang that is too old.
    #[error("Erlang/OTP {found} is too old: Beamtalk needs {needed} or newer")]
    OldErlang {
        /// The release found.
        found: String,
        /// The oldest that works.
        needed: u32,
    },
    /// Erlang does not run, or answers nonsense.
    #[error("{} does not work: {reason}", path.display())]
    BrokenErlang {
        /// The program.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// The runtime's sources did not compile.
    #[error("cannot prepare the runtime: {reason}")]
    Image {
        /// The compiler's words.
        reason: String,
    },
    /// The node did not start.
    #[error("the node did not start: {reason}")]
    Boot {
        /// Why, as far as is known.
        reason: String,
    },
    /// The node ended while it was needed.
    #[error("the node stopped: {reason}")]
    Down {
        /// Why, as far as is known.
        reason: String,
    },
    /// The host is stopping the node.
    #[error("the workspace is shutting down")]
    Stopping,
    /// The node answered with an error.
    #[error("{}", .0.message)]
    Raised(Box<Raised>),
    /// The node said something that the protocol does not know.
    #[error("the node sent a message that is not understood: {0}")]
    Protocol(String),
    /// A file or folder of ours cannot be used.
    #[error("{message}")]
    Home {
        /// The error's code.
        code: &'static str,
        /// The error's text.
        message: String,
        /// How to mend it.
        help: Option<String>,
    },
    /// The operating system refused something.
    #[error("cannot {action}: {reason}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        reason: String,
    },
}

impl NodeError {
    /// The code by which documentation and tests know this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoErlang => "N0001",
            Self::OldErlang { .. } => "N0002",
            Self::BrokenErlang { .. } => "N0003",
            Self::Image { .. } => "N0004",
            Self::Boot { .. } => "N0005",
            Self::Down { .. } => "N0006",
            Self::Stopping => "N0007",
            Self::Raised(_) => "N0008",
            Self::Protocol(_) => "N0009",
            Self::Home { code, .. } => code,
            Self::System { .. } => "N0010",
        }
    }

    /// How a person can mend it, where there is a way.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoErlang | Self::OldErlang { .. } => Some(installation_hint().to_owned()),
            Self::BrokenErlang { .. } => Some("`beamtalk doctor` shows what was found".into()),
            Self::Raised(raised) => raised.hint.clone(),
            Self::Home { help, .. } => help.clone(),
            Self::Image { .. }
            | Self::Boot { .. }
            | Self::Down { .. }
            | Self::Stopping
            | Self::Protocol(_)
            | Self::System { .. } => None,
        }
    }

    pub(crate) fn system(action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::System { action, reason: error.to_string() }
    }
}

impl From<beamtalk_home::HomeError> for NodeError {
    fn from(error: beamtalk_home::HomeError) -> Self {
        Self::Home { code: error.code(), message: error.to_string(), help: error.help() }
    }
}

/// The package that brings Erlang, on this platform.
pub fn installation_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        "install it: brew install erlang"
    } else {
        "install it: apt install erlang-base (Debian, Ubuntu), dnf install erlang (Fedora), \
         pacman -S erlang-nox (Arch), or see https://www.erlang.org/downloads"
    }
}

/// An error that a program raised, or that the node answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raised {
    /// The exception's class, such as `RuntimeError`.
    pub class: String,
    /// The error's kind, such as `does_not_understand`.
    pub kind: String,
    /// The sentence for people.
    pub message: String,
    /// What to try instead.
    pub hint: Option<String>,
    /// Stack frames, innermost first.
    pub trace: Vec<String>,
    /// After an evaluation: the session's variables.
    pub bindings: Option<Vec<(String, VariableKind)>>,
    /// After an evaluation: whether its module may be used again.
    pub module: Option<ModuleState>,
}
