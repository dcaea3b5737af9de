//! Files that are whole or absent, and readable by their owner alone.

use crate::HomeError;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Replaces a file by `contents` in one step: a temporary file of mode 0600, flushed to the disk,
/// renamed over the old one. A reader sees the old text or the new, also after a power cut.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), HomeError> {
    put(path, contents, true)?;
    sync_folder_of(path)
}

/// As [`replace`], without waiting for the disk: a crash of ours leaves the file whole or absent, a power cut may not. For
/// what is worth nothing after one.
pub fn replace_unsynced(path: &Path, contents: &[u8]) -> Result<(), HomeError> {
    put(path, contents, false)
}

fn put(path: &Path, contents: &[u8], sync: bool) -> Result<(), HomeError> {
    let temporary = temporary_beside(path);
    let written = write_new(&temporary, contents, sync)
        .map_err(HomeError::io("write", &temporary))
        .and_then(|()| fs::rename(&temporary, path).map_err(HomeError::io("replace", path)));
    if written.is_err() {
        // The rename did not happen; leaving the temporary file would only puzzle people.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Reads at most `limit` bytes; `None` when there is no such file.
///
/// # Errors
/// The file is longer than `limit` or cannot be read.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, HomeError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(HomeError::io("read", path)(error)),
    };
    let mut contents = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut contents);
    read.map_err(HomeError::io("read", path))?;
    if contents.len() as u64 > limit {
        let too_long = std::io::Error::new(ErrorKind::FileTooLarge, "the file is too long");
        return Err(HomeError::io("read", path)(too_long));
    }
    Ok(Some(contents))
}

/// Opens a file of mode 0600 for appending, as a log is written.
pub fn append_private(path: &Path) -> Result<File, HomeError> {
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.map_err(HomeError::io("open", path))
}

/// Renames a damaged file to a free name beside it and answers the error that tells of it.
pub fn set_aside(path: &Path, reason: impl Into<String>) -> HomeError {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut aside = PathBuf::new();
    for attempt in 0..100u32 {
        let suffix = if attempt == 0 { String::new() } else { format!(".{attempt}") };
        aside = with_suffix(path, &format!(".broken-{now}{suffix}"));
        // `hard_link` never replaces what is there, which `rename` would.
        match fs::hard_link(path, &aside) {
            Ok(()) => {
                return match fs::remove_file(path) {
                    Ok(()) => HomeError::SetAside { path: path.to_path_buf(), aside, reason: reason.into() },
                    Err(error) => HomeError::io("set aside", path)(error),
                };
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return HomeError::io("set aside", path)(error),
        }
    }
    HomeError::io("set aside", &aside)(ErrorKind::AlreadyExists.into())
}

fn write_new(path: &Path, contents: &[u8], sync: bool) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(contents)?;
    if sync { file.sync_all() } else { Ok(()) }
}

fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    with_suffix(path, &format!(".{}-{count}.tmp", std::process::id()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn sync_folder_of(path: &Path) -> Result<(), HomeError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(HomeError::io("flush", folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn replacing_leaves_one_private_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// Who has the old file open, or a second name for it, keeps it whole: it is replaced, never written over.
    #[test]
    fn w1_a_file_is_replaced_in_one_step() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("f"), dir.path().join("old"));
        replace(&path, b"one").unwrap();
        fs::hard_link(&path, &old).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!((fs::read(&old).unwrap(), fs::read(&path).unwrap()), (b"one".to_vec(), b"two".to_vec()));
        // Where there is no room for the new text, the old one stays.
        fs::create_dir(dir.path().join("g")).unwrap();
        assert!(replace(&dir.path().join("g"), b"three").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no temporary file is left");
    }

    #[test]
    fn a_file_over_the_limit_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "12345").unwrap();
        assert!(read_bounded(&path, 4).is_err());
        assert_eq!(read_bounded(&path, 5).unwrap().unwrap(), b"12345");
        assert!(read_bounded(&dir.path().join("none"), 4).unwrap().is_none());
    }

    #[test]
    fn setting_aside_twice_keeps_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        for text in ["a", "b"] {
            fs::write(&path, text).unwrap();
            assert_eq!(set_aside(&path, "torn").code(), "H0009");
            assert!(!path.exists());
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
