//! Why tests could not be run at all, each with a stable code.

use beamtalk_home::HomeError;
use beamtalk_node::NodeError;
use beamtalk_project::ProjectError;
use std::io;
use std::path::{Path, PathBuf};

/// A failure that no test is to blame for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// Nothing is at the path.
    #[error("Test path '{shown}' not found")]
    Missing {
        /// As the user wrote it.
        shown: String,
    },
    /// No test class has this name.
    #[error("Unknown class: {class}")]
    UnknownClass {
        /// The name.
        class: String,
    },
    /// The class has no such test.
    #[error("Method '{selector}' not found in {class}")]
    UnknownTest {
        /// The class.
        class: String,
        /// The selector.
        selector: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The system refused something.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// A native module of the package does not compile.
    #[error("cannot compile the package's Erlang modules\n{said}")]
    Native {
        /// What `erlc` said.
        said: String,
    },
    /// The lines that tests reach cannot be counted.
    #[error("cannot count the lines that tests reach: {said}")]
    Coverage {
        /// What `cover` said.
        said: String,
    },
    /// A signal ended the run.
    #[error("Interrupted")]
    Interrupted,
    /// The package cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The home folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The node does not run.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl TestError {
    /// The code by which documentation and tests know this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "T0001",
            Self::UnknownClass { .. } => "T0002",
            Self::UnknownTest { .. } => "T0003",
            Self::Unreadable { .. } => "T0004",
            Self::System { .. } => "T0005",
            Self::Interrupted => "T0006",
            Self::Native { .. } => "T0007",
            Self::Coverage { .. } => "T0008",
            Self::Project(error) => error.code(),
            Self::Home(error) => error.code(),
            Self::Node(error) => error.code(),
        }
    }

    /// How a person can mend it, where there is a way.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("name a folder or a file with tests: `beamtalk test FOLDER`".into()),
            Self::UnknownClass { .. } => Some("no file of the run defines a test class of this name".into()),
            Self::Project(error) => error.help(),
            Self::Home(error) => error.help(),
            Self::Node(error) => error.help(),
            Self::UnknownTest { .. }
            | Self::Unreadable { .. }
            | Self::System { .. }
            | Self::Native { .. }
            | Self::Coverage { .. }
            | Self::Interrupted => None,
        }
    }

    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Unreadable { path, source }
    }
}
