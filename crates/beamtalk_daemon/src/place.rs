//! Where a session's daemon listens.

use std::path::{Path, PathBuf};

use beamtalk_home::socket::fitting_path;
use beamtalk_home::{Home, SessionName, folder};

use crate::DaemonError;

/// The paths of one daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    socket: PathBuf,
}

impl Place {
    /// The place that the environment names: `BEAMTALK_DAEMON_SOCKET`, else the session's folder, which is made if it is
    /// missing.
    ///
    /// # Errors
    /// The folder belongs to another user, others may write it, or it is a symbolic link.
    pub fn from_env() -> Result<Self, DaemonError> {
        match std::env::var_os("BEAMTALK_DAEMON_SOCKET") {
            Some(path) if !path.is_empty() => Self::at(Path::new(&path)),
            _ => Self::of_session(&Home::from_env()?, &SessionName::from_env()),
        }
    }

    /// The place of a session.
    ///
    /// # Errors
    /// As [`Place::from_env`].
    pub fn of_session(home: &Home, session: &SessionName) -> Result<Self, DaemonError> {
        Self::in_folder(&home.session(session)?)
    }

    /// The place in a session's folder.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, DaemonError> {
        Ok(Self { socket: fitting_path(&folder.join("daemon.sock"))? })
    }

    /// A socket of the caller's choice. Its folder is made if it is missing, and else left as it is if only we may write
    /// it: it may be anybody's home, which is not ours to close.
    ///
    /// # Errors
    /// As [`Place::from_env`].
    pub fn at(socket: &Path) -> Result<Self, DaemonError> {
        let wanted = std::path::absolute(socket).map_err(DaemonError::system("find the socket's folder"))?;
        if let Some(parent) = wanted.parent() {
            folder::ensure_private(parent)?;
        }
        Ok(Self { socket: fitting_path(&wanted)? })
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The shell after which the session's folder is named.
    pub(crate) fn shell(&self) -> Option<u32> {
        SessionName::shell_of(self.socket.parent()?)
    }

    /// The lock that the daemon holds while it lives. The kernel lets go of it, however the daemon ends.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.beside(".lock")
    }

    /// Where a daemon that was started in the background writes.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.beside(".log")
    }

    /// The name under which the socket is bound, before it gets its own.
    pub(crate) fn unborn(&self) -> PathBuf {
        self.beside(".new")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.socket.as_os_str().to_os_string();
        name.push(ending);
        PathBuf::from(name)
    }
}
