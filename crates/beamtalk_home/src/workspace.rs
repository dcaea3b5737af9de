//! One workspace's folder, `workspaces/<id>/`.

use crate::{ChangesFolder, Cookie, FileLock, HomeError, Metadata, WorkspaceId, file, folder, socket};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// No honest `metadata.json` is longer.
const LONGEST_METADATA: u64 = 16 << 20;

const METADATA: &str = "metadata.json";

/// The folder of a workspace, which may not exist yet. Making this value touches no disk.
#[derive(Debug, Clone)]
pub struct WorkspaceFolder {
    id: WorkspaceId,
    parent: PathBuf,
    path: PathBuf,
}

impl WorkspaceFolder {
    pub(crate) fn new(parent: PathBuf, id: WorkspaceId) -> Self {
        let path = parent.join(id.folder());
        Self { id, parent, path }
    }

    /// The name that the metadata in a folder gives, if it can be read.
    pub(crate) fn id_claimed_in(path: &Path) -> Option<WorkspaceId> {
        let text = file::read_bounded(&path.join(METADATA), LONGEST_METADATA).ok()??;
        let metadata: Metadata = serde_json::from_slice(&text).ok()?;
        WorkspaceId::named(&metadata.workspace_id).ok()
    }

    /// The workspace's name.
    pub fn id(&self) -> &WorkspaceId {
        &self.id
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder is there.
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Waits for the right to make, start, stop or remove this workspace.
    pub fn lock(&self) -> Result<FileLock, HomeError> {
        folder::ensure_closed(&self.parent)?;
        FileLock::acquire(&self.creation_lock_path())
    }

    /// Makes the folder, the cookie and the metadata, as far as they are missing. Hold [`Self::lock`].
    ///
    /// # Errors
    /// As [`Self::metadata`], and when the folder is not ours alone.
    pub fn create(&self, project: &Path) -> Result<Metadata, HomeError> {
        folder::ensure_closed(&self.parent)?;
        folder::ensure_closed(&self.path)?;
        if !self.cookie_path().exists() {
            Cookie::create(&self.cookie_path())?;
        }
        if let Some(metadata) = self.metadata()? {
            return Ok(metadata);
        }
        let metadata = Metadata::new(&self.id, project, now());
        self.write_metadata(&metadata)?;
        Ok(metadata)
    }

    /// Reads `metadata.json`; `None` when there is none.
    ///
    /// # Errors
    /// [`HomeError::SetAside`] when the file is torn or another workspace's: it was renamed, and the
    /// next call answers `None`.
    pub fn metadata(&self) -> Result<Option<Metadata>, HomeError> {
        let path = self.metadata_path();
        let Some(text) = file::read_bounded(&path, LONGEST_METADATA)? else {
            return Ok(None);
        };
        match serde_json::from_slice::<Metadata>(&text) {
            Ok(metadata) if metadata.workspace_id == self.id.as_str() => Ok(Some(metadata)),
            Ok(metadata) => {
                let whose = format!("it is of workspace '{}'", metadata.workspace_id);
                Err(file::set_aside(&path, whose))
            }
            Err(error) => Err(file::set_aside(&path, error.to_string())),
        }
    }

    /// Replaces `metadata.json` in one step.
    pub fn write_metadata(&self, metadata: &Metadata) -> Result<(), HomeError> {
        let mut text = serde_json::to_vec_pretty(metadata)
            .map_err(|error| HomeError::io("write", &self.metadata_path())(error.into()))?;
        text.push(b'\n');
        file::replace(&self.metadata_path(), &text)
    }

    /// Reads the cookie.
    pub fn cookie(&self) -> Result<Cookie, HomeError> {
        Cookie::read(&self.cookie_path())
    }

    /// The lock that the workspace's host holds as long as it lives; `None` when one lives.
    pub fn try_host_lock(&self) -> Result<Option<FileLock>, HomeError> {
        FileLock::try_acquire(&self.host_lock_path())
    }

    /// Whether a host lives.
    pub fn has_host(&self) -> bool {
        FileLock::is_held(&self.host_lock_path())
    }

    /// Where host and node meet: short enough for a socket, in a folder that only we may enter.
    pub fn node_socket(&self) -> Result<PathBuf, HomeError> {
        socket::fitting_path(&self.path.join("node.sock"))
    }

    /// The log that people read.
    pub fn log_path(&self) -> PathBuf {
        self.path.join("workspace.log")
    }

    /// What host and node wrote to their standard error.
    pub fn startup_log_path(&self) -> PathBuf {
        self.path.join("startup.log")
    }

    /// The inputs that defined classes, for a host that finds a living node.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The record of changes that programs made.
    pub fn changes(&self) -> ChangesFolder {
        ChangesFolder::at(self.path.join("changes"))
    }

    /// Removes the folder and the lock. Hold [`Self::lock`], and make sure that nothing runs.
    pub fn remove(&self) -> Result<(), HomeError> {
        if !self.exists() {
            return Err(HomeError::NoWorkspace { id: self.id.to_string() });
        }
        folder::check_private(&self.path)?;
        fs::remove_dir_all(&self.path).map_err(HomeError::io("remove", &self.path))?;
        let lock = self.creation_lock_path();
        fs::remove_file(&lock).map_err(HomeError::io("remove", &lock))
    }

    fn creation_lock_path(&self) -> PathBuf {
        self.parent.join(format!("{}.lock", self.id.folder()))
    }

    fn host_lock_path(&self) -> PathBuf {
        self.path.join("host.lock")
    }

    fn metadata_path(&self) -> PathBuf {
        self.path.join(METADATA)
    }

    fn cookie_path(&self) -> PathBuf {
        self.path.join("cookie")
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Home;
    use proptest::prelude::*;

    fn folder(dir: &Path) -> WorkspaceFolder {
        Home::at(dir.join("home")).workspace(&WorkspaceId::named("w").unwrap())
    }

    #[test]
    fn w1_a_created_workspace_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = folder(dir.path());
        assert!(!workspace.exists());
        let made = workspace.create(Path::new("/p")).unwrap();
        assert_eq!(workspace.create(Path::new("/q")).unwrap(), made);
        assert!(workspace.cookie().is_ok());
        assert!(
            !fs::read_to_string(workspace.metadata_path())
                .unwrap()
                .contains(workspace.cookie().unwrap().reveal())
        );
    }

    #[test]
    fn w1_a_foreign_file_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = folder(dir.path());
        let mut metadata = workspace.create(Path::new("/p")).unwrap();
        metadata.workspace_id = "other".into();
        workspace.write_metadata(&metadata).unwrap();
        let error = workspace.metadata().unwrap_err();
        assert_eq!(error.code(), "H0009");
        assert!(error.to_string().contains("workspace 'other'"));
        assert!(workspace.metadata().unwrap().is_none());
    }

    #[test]
    fn only_one_host_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = folder(dir.path());
        workspace.create(Path::new("/p")).unwrap();
        assert!(!workspace.has_host());
        let held = workspace.try_host_lock().unwrap().unwrap();
        assert!(workspace.has_host());
        assert!(workspace.try_host_lock().unwrap().is_none());
        drop(held);
        assert!(workspace.try_host_lock().unwrap().is_some());
    }

    #[test]
    fn removing_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = folder(dir.path());
        let _lock = workspace.lock().unwrap();
        assert_eq!(workspace.remove().unwrap_err().code(), "H0011");
        workspace.create(Path::new("/p")).unwrap();
        workspace.remove().unwrap();
        assert_eq!(fs::read_dir(dir.path().join("home/workspaces")).unwrap().count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn w1_a_torn_file_is_set_aside_and_kept(cut in 0usize..400) {
            let dir = tempfile::tempdir().unwrap();
            let workspace = folder(dir.path());
            workspace.create(Path::new("/p")).unwrap();
            let whole = fs::read(workspace.metadata_path()).unwrap();
            let torn = &whole[..cut.min(whole.len() - 2)];
            fs::write(workspace.metadata_path(), torn).unwrap();
            let HomeError::SetAside { aside, .. } = workspace.metadata().unwrap_err() else {
                panic!("torn metadata was not set aside");
            };
            prop_assert_eq!(fs::read(aside).unwrap(), torn);
            prop_assert!(workspace.metadata().unwrap().is_none());
        }

        #[test]
        fn w1_any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let dir = tempfile::tempdir().unwrap();
            let workspace = folder(dir.path());
            workspace.create(Path::new("/p")).unwrap();
            fs::write(workspace.metadata_path(), &bytes).unwrap();
            prop_assert!(workspace.metadata().is_err());
        }
    }
}
