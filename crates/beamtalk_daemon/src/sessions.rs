//! The folders of all sessions: which daemons live, and which folders nobody will come back to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use beamtalk_home::metadata::ProcessId;
use beamtalk_home::{FileLock, Home, HomeError, SessionName, folder};
use serde_json::json;

use crate::{Client, DaemonError, Place};

/// Until then, somebody may look for the history of a shell that has ended.
const LONGEST_REST: Duration = Duration::from_secs(7 * 24 * 3600);

/// A session's folder.
#[derive(Debug, Clone)]
pub struct Session {
    folder: PathBuf,
    place: Place,
}

/// What cleaning came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Folders that were removed.
    pub removed: usize,
    /// Sessions with a daemon that lives.
    pub active: usize,
}

/// Which folders to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those whose shell is gone, and that were not used for a week.
    Old,
    /// Those whose shell is gone, and those that a person named.
    Orphaned,
    /// All without a daemon.
    All,
}

impl Session {
    /// All sessions of a home, by name.
    ///
    /// # Errors
    /// The folder of the sessions cannot be read.
    pub fn all(home: &Home) -> Result<Vec<Self>, DaemonError> {
        let folders = home.sessions()?;
        folders.into_iter().map(|folder| Ok(Self { place: Place::in_folder(&folder)?, folder })).collect()
    }

    /// The name of its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How long ago its daemon was started or its history begun.
    #[must_use]
    pub fn age(&self) -> Duration {
        let changed = fs::metadata(&self.folder).and_then(|found| found.modified()).ok();
        changed.and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default()
    }

    /// Whether its daemon lives.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        FileLock::is_held(&self.place.lock())
    }

    /// The daemon's process, if it answers.
    #[must_use]
    pub fn pid(&self) -> Option<u64> {
        let status = Client::connect(&self.place).and_then(|mut client| client.call("status", &json!({})));
        status.ok()?["pid"].as_u64()
    }

    fn is_over(&self, which: Which) -> bool {
        let shell = SessionName::shell_of(&self.folder);
        let has_shell = shell.is_some_and(|pid| ProcessId::of(pid).is_alive());
        match which {
            Which::All => true,
            Which::Orphaned => !has_shell,
            Which::Old => shell.is_some() && !has_shell && self.age() > LONGEST_REST,
        }
    }

    /// Removes the folder unless its daemon lives, or just begins to.
    fn remove(&self) -> Result<bool, HomeError> {
        folder::check_private(&self.folder)?;
        let lock = FileLock::try_acquire(&self.place.lock())?;
        if lock.is_none() {
            return Ok(false);
        }
        // A socket with a long path is elsewhere.
        let _ = fs::remove_file(self.place.socket());
        remove_all(&self.folder)?;
        Ok(true)
    }
}

/// Removes the folders of sessions that are over. One that cannot be removed is passed over.
///
/// # Errors
/// The folder of the sessions cannot be read.
pub fn clean(home: &Home, which: Which) -> Result<Cleaned, DaemonError> {
    let mut cleaned = Cleaned::default();
    for session in Session::all(home)? {
        if session.is_alive() {
            cleaned.active += 1;
        } else if session.is_over(which) && session.remove().unwrap_or(false) {
            cleaned.removed += 1;
        }
    }
    Ok(cleaned)
}

fn remove_all(folder: &Path) -> Result<(), HomeError> {
    fs::remove_dir_all(folder).map_err(|source| HomeError::Io {
        action: "remove",
        path: folder.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No process has a higher number (proc(5), `pid_max`).
    const NOBODY: u32 = 4_194_305;

    fn names(home: &Home) -> Vec<String> {
        Session::all(home).unwrap().iter().map(Session::name).collect()
    }

    #[test]
    fn folders_go_with_their_shells_and_never_under_a_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        assert_eq!(clean(&home, Which::All).unwrap(), Cleaned::default());
        let ours = std::process::id();
        for name in [SessionName::of_shell(NOBODY), SessionName::of_shell(ours), SessionName::named("work")] {
            fs::write(home.session(&name).unwrap().join("repl_history"), "").unwrap();
        }
        let served = home.session(&SessionName::of_shell(NOBODY + 1)).unwrap();
        let _daemon = FileLock::acquire(&served.join("daemon.sock.lock")).unwrap();
        let (shell, served) = (format!("shell-{ours}"), format!("shell-{}", NOBODY + 1));
        assert_eq!(clean(&home, Which::Old).unwrap(), Cleaned { removed: 0, active: 1 });
        assert_eq!(clean(&home, Which::Orphaned).unwrap(), Cleaned { removed: 2, active: 1 });
        let mut left = vec![shell, served.clone()];
        left.sort();
        assert_eq!(names(&home), left);
        assert_eq!(clean(&home, Which::All).unwrap(), Cleaned { removed: 1, active: 1 });
        assert_eq!(names(&home), [served]);
    }
}
