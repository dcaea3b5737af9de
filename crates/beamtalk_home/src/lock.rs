//! Advisory locks that end with their holder, however it ends.

use crate::HomeError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// An exclusive lock on a file (`flock`). The kernel releases it when the process dies, so a kill -9
/// leaves nothing that blocks the next start.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits until the lock is free.
    pub fn acquire(path: &Path) -> Result<Self, HomeError> {
        loop {
            let file = open(path)?;
            file.lock().map_err(HomeError::io("lock", path))?;
            if is_still_at(&file, path) {
                return Ok(Self { _file: file });
            }
        }
    }

    /// Takes the lock if it is free; `None` when someone holds it.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, HomeError> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) if is_still_at(&file, path) => return Ok(Some(Self { _file: file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(HomeError::io("lock", path)(error)),
            }
        }
    }

    /// Whether someone holds the lock. Creates no file.
    pub fn is_held(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

fn open(path: &Path) -> Result<File, HomeError> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(HomeError::io("open", path))
}

/// A lock file may be removed (`workspace remove`) between our open and our lock; a lock on a file that
/// nobody can find any more excludes nobody.
fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => ours.ino() == there.ino() && ours.dev() == there.dev(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        assert!(!FileLock::is_held(&path));
        let held = FileLock::acquire(&path).unwrap();
        assert!(FileLock::is_held(&path));
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        drop(held);
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn d4_a_removed_lock_file_does_not_let_two_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        let _first = FileLock::acquire(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let second = FileLock::try_acquire(&path).unwrap();
        assert!(second.is_some(), "the new file is a lock of its own");
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
    }
}
