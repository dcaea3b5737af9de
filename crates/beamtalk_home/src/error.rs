//! What can go wrong with files, each with a stable code and a way to mend it.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to use Beamtalk's folder or something in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// The operating system refused an action on a path.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The verb, such as `create`.
        action: &'static str,
        /// What it was about.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Neither `BEAMTALK_HOME` nor `HOME` is set.
    #[error("cannot find the home folder: neither BEAMTALK_HOME nor HOME is set")]
    NoHome,
    /// A path that must be a folder of ours is a symbolic link.
    #[error("{} is a symbolic link", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A path that must be a folder is something else.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A folder or file belongs to another user.
    #[error("{} belongs to another user (uid {owner})", path.display())]
    ForeignOwner {
        /// The path.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// A folder or file can be changed, or a secret read, by other users.
    #[error("{} is open to other users (mode {mode:04o})", path.display())]
    TooOpen {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A workspace name is empty.
    #[error("Workspace name cannot be empty")]
    EmptyWorkspaceName,
    /// A workspace name has a character outside `[A-Za-z0-9_-]`.
    #[error("Workspace name must contain only letters, numbers, '-' or '_'")]
    BadWorkspaceName,
    /// A file was torn or is not ours; it was renamed, so that nothing is lost.
    #[error("{} is damaged ({reason}); it was set aside as {}", path.display(), aside.display())]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Where it is now.
        aside: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The cookie file does not hold a cookie.
    #[error("{} does not hold a workspace cookie", path.display())]
    BadCookie {
        /// The file.
        path: PathBuf,
    },
    /// The workspace has no folder.
    #[error("Workspace '{id}' does not exist")]
    NoWorkspace {
        /// The name asked for.
        id: String,
    },
}

impl HomeError {
    /// The code by which documentation and tests know this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "H0001",
            Self::NoHome => "H0002",
            Self::Symlink { .. } => "H0003",
            Self::NotAFolder { .. } => "H0004",
            Self::ForeignOwner { .. } => "H0005",
            Self::TooOpen { .. } => "H0006",
            Self::EmptyWorkspaceName => "H0007",
            Self::BadWorkspaceName => "H0008",
            Self::SetAside { .. } => "H0009",
            Self::BadCookie { .. } => "H0010",
            Self::NoWorkspace { .. } => "H0011",
        }
    }

    /// How a person can mend it, where there is a way.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoHome => Some("set HOME, or BEAMTALK_HOME to a folder of your own".into()),
            Self::Symlink { path } => Some(format!(
                "set BEAMTALK_HOME to the real folder, or remove the link: rm '{}'",
                path.display()
            )),
            Self::NotAFolder { path } => Some(format!("move it away: mv '{0}' '{0}.old'", path.display())),
            Self::ForeignOwner { path, .. } => Some(format!(
                "use another folder (BEAMTALK_HOME), or take it over: sudo chown -R \"$(id -u)\" '{}'",
                path.display()
            )),
            Self::TooOpen { path, .. } => Some(format!("close it: chmod go-rwx '{}'", path.display())),
            Self::BadCookie { path } => {
                Some(format!("stop the workspace, remove the file and start again: rm '{}'", path.display()))
            }
            Self::NoWorkspace { .. } => Some("`beamtalk workspace list` shows those there are".into()),
            Self::Io { .. } | Self::EmptyWorkspaceName | Self::BadWorkspaceName | Self::SetAside { .. } => {
                None
            }
        }
    }

    /// Wraps a system error; `action` is a verb such as `read`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
