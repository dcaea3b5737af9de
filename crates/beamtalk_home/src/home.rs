//! The root folder.

use crate::{HomeError, SessionName, WorkspaceFolder, WorkspaceId, folder};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Beamtalk's folder: `BEAMTALK_HOME`, else `~/.beamtalk`.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
    cache: PathBuf,
}

impl Home {
    /// The folder that the environment names.
    ///
    /// # Errors
    /// Neither `BEAMTALK_HOME` nor `HOME` is set.
    pub fn from_env() -> Result<Self, HomeError> {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = match (named("BEAMTALK_HOME"), named("HOME")) {
            (Some(root), _) => PathBuf::from(root),
            (None, Some(home)) => Path::new(&home).join(".beamtalk"),
            (None, None) => return Err(HomeError::NoHome),
        };
        // A workspace outlives the folder in which it was started.
        let root = std::path::absolute(&root).map_err(HomeError::io("find", &root))?;
        let home = Self::at(root);
        Ok(match named("BEAMTALK_CACHE_DIR") {
            None => home,
            Some(cache) => {
                let cache = PathBuf::from(cache);
                let cache = std::path::absolute(&cache).map_err(HomeError::io("find", &cache))?;
                Self { cache, ..home }
            }
        })
    }

    /// A folder of the caller's choice.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { cache: root.join("cache"), root }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a terminal session, made if it is missing.
    pub fn session(&self, name: &SessionName) -> Result<PathBuf, HomeError> {
        folder::ensure_private(&self.root)?;
        let path = self.root.join("sessions").join(name.folder());
        folder::ensure_closed(&path)?;
        Ok(path)
    }

    /// The folders of all sessions, by name.
    pub fn sessions(&self) -> Result<Vec<PathBuf>, HomeError> {
        let parent = self.root.join("sessions");
        let entries = match fs::read_dir(&parent) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(HomeError::io("list", &parent)(error)),
        };
        // A link is nothing of ours.
        let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
        folders.sort();
        Ok(folders)
    }

    /// A workspace. Touches no disk.
    pub fn workspace(&self, id: &WorkspaceId) -> WorkspaceFolder {
        WorkspaceFolder::new(self.root.join("workspaces"), id.clone())
    }

    /// Every workspace that has a folder and metadata, by name. A damaged one is passed over and
    /// comes as an error, so that one broken file does not hide the others.
    pub fn workspaces(&self) -> Result<Vec<Result<WorkspaceFolder, HomeError>>, HomeError> {
        let parent = self.root.join("workspaces");
        let entries = match fs::read_dir(&parent) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(HomeError::io("list", &parent)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(HomeError::io("list", &parent))?.path();
            if path.is_dir() {
                found.extend(self.workspace_in(&path).transpose());
            }
        }
        found.sort_by(|a, b| match (a, b) {
            (Ok(a), Ok(b)) => a.id().cmp(b.id()),
            (a, b) => a.is_err().cmp(&b.is_err()),
        });
        Ok(found)
    }

    /// The folder of everything that can be made again: `BEAMTALK_CACHE_DIR`, else `cache/`. Made if it is missing.
    pub fn cache(&self) -> Result<PathBuf, HomeError> {
        folder::ensure_private(&self.root)?;
        folder::ensure_private(&self.cache)?;
        Ok(self.cache.clone())
    }

    /// The workspace of a folder below `workspaces/`. The folder of an unusual name does not tell the
    /// name, its metadata does; a folder that is nobody's is none.
    fn workspace_in(&self, path: &Path) -> Result<Option<WorkspaceFolder>, HomeError> {
        let Some(folder) = path.file_name().and_then(|name| name.to_str()) else {
            return Ok(None);
        };
        let named = WorkspaceId::named(folder).ok().or_else(|| WorkspaceFolder::id_claimed_in(path));
        let Some(id) = named.filter(|id| id.folder() == folder) else {
            return Ok(None);
        };
        let workspace = self.workspace(&id);
        Ok(workspace.metadata()?.map(|_| workspace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_folder_is_below_sessions() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("h"));
        let path = home.session(&SessionName::named("../../x")).unwrap();
        assert_eq!(path.parent(), Some(dir.path().join("h/sessions").as_path()));
    }

    #[test]
    fn one_broken_workspace_does_not_hide_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("h"));
        assert!(home.workspaces().unwrap().is_empty());
        let long = "l".repeat(100);
        for name in ["b", "a", "c", &long] {
            home.workspace(&WorkspaceId::named(name).unwrap()).create(Path::new("/p")).unwrap();
        }
        fs::write(home.root().join("workspaces/c/metadata.json"), "{").unwrap();
        let listed = home.workspaces().unwrap();
        let names: Vec<_> = listed.iter().flatten().map(|w| w.id().as_str()).collect();
        assert_eq!(names, ["a", "b", &long]);
        assert_eq!(listed.iter().filter(|w| w.is_err()).count(), 1);
    }
}
