//! The socket where host and node meet.

use crate::NodeError;
use beamtalk_home::folder;
use rustix::fs::Mode;
use rustix::process::{geteuid, umask};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// A listening Unix socket that only processes of our user reach.
#[derive(Debug)]
pub struct NodeListener {
    path: PathBuf,
    socket: StdListener,
}

impl NodeListener {
    /// Listens at `path`, in place of whatever socket an earlier host left there. Call it while the
    /// process has one thread: the file mode is decided by the process's umask.
    ///
    /// # Errors
    /// The folder is not ours alone, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, NodeError> {
        if let Some(parent) = path.parent() {
            folder::ensure_closed(parent)?;
        }
        // Bound under another name and moved into place: a node that tries just now meets the old
        // socket or the new one, never none.
        let mut fresh = OsString::from(path);
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        let _ = fs::remove_file(&fresh);
        let bound = bind_private(&fresh).map_err(NodeError::system("listen on the node's socket"));
        let socket = bound.and_then(|socket| {
            fs::rename(&fresh, path).map_err(NodeError::system("name the node's socket"))?;
            Ok(socket)
        })?;
        Ok(Self { path: path.to_path_buf(), socket })
    }

    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn into_tokio(self) -> io::Result<Acceptor> {
        self.socket.set_nonblocking(true)?;
        Ok(Acceptor { path: self.path, socket: UnixListener::from_std(self.socket)? })
    }
}

/// The listener inside the asynchronous runtime.
#[derive(Debug)]
pub(crate) struct Acceptor {
    pub(crate) path: PathBuf,
    socket: UnixListener,
}

impl Acceptor {
    /// Waits for a connection of a process of our user; all others are closed unread.
    pub(crate) async fn accept(&self) -> io::Result<(UnixStream, Option<u32>)> {
        loop {
            let (stream, _) = self.socket.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == geteuid().as_raw() => {
                    return Ok((stream, peer.pid().and_then(|pid| u32::try_from(pid).ok())));
                }
                Ok(peer) => tracing::warn!(uid = peer.uid(), "refused another user at the node's socket"),
                Err(error) => {
                    tracing::warn!(%error, "refused an unknown peer at the node's socket");
                }
            }
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        // A socket file without a listener misleads nobody, but is litter.
        let _ = fs::remove_file(&self.path);
    }
}

/// Mode 0600 from the moment the name exists, since `bind` subtracts the umask from 0777.
fn bind_private(path: &Path) -> io::Result<StdListener> {
    let before = umask(Mode::from_raw_mode(0o177));
    let bound = StdListener::bind(path);
    umask(before);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixStream as StdStream;

    #[test]
    fn d2_the_socket_is_private_and_replaces_a_stale_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n/node.sock");
        let stale = NodeListener::bind(&path).unwrap();
        drop(stale);
        let listener = NodeListener::bind(&path).unwrap();
        assert_eq!(fs::metadata(listener.path()).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        assert!(StdStream::connect(&path).is_ok());
    }
}
