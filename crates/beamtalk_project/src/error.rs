//! Why a project cannot be built at all, each with a stable code and where possible a way to mend it.

use std::io;
use std::path::{Path, PathBuf};

/// A failure that no source is to blame for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// Nothing is at the path.
    #[error("Path '{shown}' does not exist")]
    Missing {
        /// As the user wrote it.
        shown: String,
    },
    /// There is nothing to compile.
    #[error("No .bt source files found in '{shown}'")]
    NoSources {
        /// As the user wrote it.
        shown: String,
    },
    /// The manifest is wrong.
    #[error("Failed to parse manifest '{}'\n{reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A name in a package's tree of sources is not allowed.
    #[error(
        "Invalid {what} name '{name}' in source path '{path}': must contain only alphanumeric characters and underscores"
    )]
    BadName {
        /// `directory` or `file`.
        what: &'static str,
        /// The name.
        name: String,
        /// The path it is part of.
        path: String,
    },
    /// The supervisor that the manifest names is not there.
    #[error(
        "Cannot find compiled module for supervisor class '{class}'. Ensure the class is defined in a .bt source file in this package."
    )]
    NoSupervisor {
        /// The class.
        class: String,
    },
    /// A package that this one uses, directly or not, cannot be used.
    #[error("{message}")]
    Dependency {
        /// Which, and why.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// OTP's compiler refuses an Erlang module of a package.
    #[error("cannot compile the package's Erlang modules\n{said}")]
    Native {
        /// What it said.
        said: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The verb, such as `write`.
        action: &'static str,
        /// What it was about.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl ProjectError {
    /// The code by which documentation and tests know this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "P0001",
            Self::NoSources { .. } => "P0002",
            Self::Manifest { .. } => "P0003",
            Self::BadName { .. } => "P0004",
            Self::NoSupervisor { .. } => "P0005",
            Self::Dependency { .. } => "P0006",
            Self::Native { .. } => "P0008",
            Self::Io { .. } => "P0007",
        }
    }

    /// How a person can mend it, where there is a way.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoSources { .. } => {
                Some("sources are files that end in .bt, in `src/` of a package".into())
            }
            Self::BadName { .. } => Some("rename it".into()),
            Self::Dependency { help, .. } => Some(help.clone()),
            Self::Missing { .. }
            | Self::Manifest { .. }
            | Self::NoSupervisor { .. }
            | Self::Native { .. }
            | Self::Io { .. } => None,
        }
    }

    /// Wraps a system error; `action` is a verb such as `read`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
