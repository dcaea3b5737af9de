//! The folder of one run: of a program or of tests, which have a node and no workspace.

use crate::names::hex;
use crate::{FileLock, Home, HomeError, cookie, folder, socket};
use std::fs;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";

/// A folder that lives as long as its run. What a run that was killed left is removed by the next one.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    socket: PathBuf,
    _lock: FileLock,
}

impl RunFolder {
    /// Makes a folder below `runs/`.
    pub fn create(home: &Home) -> Result<Self, HomeError> {
        folder::ensure_private(home.root())?;
        let parent = home.root().join("runs");
        folder::ensure_closed(&parent)?;
        remove_abandoned(&parent);
        let mut random = [0; 6];
        cookie::fill_random(&mut random).map_err(HomeError::io("name a folder below", &parent))?;
        let path = parent.join(format!("{}-{}", std::process::id(), hex(&random)));
        folder::ensure_closed(&path)?;
        let lock = FileLock::acquire(&path.join(LOCK))?;
        let socket = socket::fitting_path(&path.join("node.sock"))?;
        Ok(Self { path, socket, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the run meets its node: short enough for a socket, in a folder that only we may enter.
    pub fn node_socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The lock of a folder whose run has ended, however it did, is free. One without a lock file is just being made.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let lock = path.join(LOCK);
        if lock.exists() && !FileLock::is_held(&lock) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_leaves_nothing_and_removes_what_another_left() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("h"));
        let abandoned = home.root().join("runs/1-dead");
        folder::ensure_private(home.root()).unwrap();
        fs::create_dir_all(&abandoned).unwrap();
        fs::write(abandoned.join(LOCK), "").unwrap();
        let first = RunFolder::create(&home).unwrap();
        let second = RunFolder::create(&home).unwrap();
        assert!(!abandoned.exists());
        assert!(first.path().is_dir() && second.path().is_dir() && first.path() != second.path());
        drop((first, second));
        assert_eq!(fs::read_dir(home.root().join("runs")).unwrap().count(), 0);
    }
}
