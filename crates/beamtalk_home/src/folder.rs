//! Folders that only their owner may enter.

use crate::HomeError;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

/// Creates the folder and its missing parents with mode 0700, or checks the one that is there.
///
/// # Errors
/// A symbolic link, a file, another owner, or write permission for others.
pub fn ensure_private(path: &Path) -> Result<(), HomeError> {
    create_missing(path)?;
    check_private(path)
}

/// Like [`ensure_private`], and takes away what others could read or enter.
pub fn ensure_closed(path: &Path) -> Result<(), HomeError> {
    ensure_private(path)?;
    let mode = inspect(path)?.mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(HomeError::io("close", path))?;
    }
    Ok(())
}

/// Checks that a folder is ours alone to change.
pub fn check_private(path: &Path) -> Result<(), HomeError> {
    let found = inspect(path)?;
    if found.file_type().is_symlink() {
        return Err(HomeError::Symlink { path: path.to_path_buf() });
    }
    if !found.is_dir() {
        return Err(HomeError::NotAFolder { path: path.to_path_buf() });
    }
    check_owner_and_mode(path, &found, 0o022)
}

/// Checks a file's or folder's owner, and that it has none of the `forbidden` permission bits.
pub(crate) fn check_owner_and_mode(path: &Path, found: &Metadata, forbidden: u32) -> Result<(), HomeError> {
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(HomeError::ForeignOwner { path: path.to_path_buf(), owner: found.uid() });
    }
    if found.mode() & forbidden != 0 {
        return Err(HomeError::TooOpen { path: path.to_path_buf(), mode: found.mode() & 0o7777 });
    }
    Ok(())
}

fn create_missing(path: &Path) -> Result<(), HomeError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
            Some(parent) => {
                create_missing(parent)?;
                match DirBuilder::new().mode(0o700).create(path) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
                    other => other.map_err(HomeError::io("create", path)),
                }
            }
            None => Err(HomeError::io("create", path)(error)),
        },
        Err(error) => Err(HomeError::io("create", path)(error)),
    }
}

fn inspect(path: &Path) -> Result<Metadata, HomeError> {
    fs::symlink_metadata(path).map_err(HomeError::io("look at", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn d2_a_new_folder_and_its_parents_are_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        ensure_private(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn d2_a_folder_that_others_may_write_is_refused_with_the_cure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("open");
        ensure_private(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let error = ensure_private(&path).unwrap_err();
        assert_eq!(error.code(), "H0006");
        assert!(error.help().unwrap().contains("chmod go-rwx"));
    }

    #[test]
    fn d2_a_readable_folder_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("readable");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        ensure_closed(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn d2_a_symbolic_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink(dir.path(), &link).unwrap();
        assert_eq!(ensure_private(&link).unwrap_err().code(), "H0003");
    }

    #[test]
    fn d2_a_file_in_the_way_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        assert_eq!(ensure_private(&path).unwrap_err().code(), "H0004");
    }
}
