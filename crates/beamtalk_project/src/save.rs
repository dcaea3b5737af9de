//! Writing several source files as one: all are prepared beside their places before the first takes its place.
//!
//! Nothing is written through a symbolic link, nothing outside of a package's source tree, and a file that somebody else
//! has changed or made in the meantime is left alone.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::layout::SKIPPED;
use crate::manifest::MANIFEST;

/// A longer source file is not read.
const LONGEST: u64 = 16 << 20;

/// What is to become of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// It holds this text, and is to hold that one.
    Replace {
        /// The text that it must hold.
        old: String,
        /// The text to write.
        new: String,
    },
    /// It is to be made.
    Create(String),
    /// It is to go.
    Delete,
}

/// Why a file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// There is a file where one was to be made.
    #[error("there is a file already")]
    Exists,
    /// Somebody else has just changed it.
    #[error("it was changed while it was to be written")]
    Changed,
    /// It is a symbolic link, or its folder is not where it was.
    #[error("it is not in the project's source tree any more")]
    Astray,
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Files that are prepared. What is not committed is cleared away.
#[derive(Debug)]
pub struct Saving {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    path: PathBuf,
    change: FileChange,
    /// The new text, beside its place; nothing for a deletion.
    temporary: Option<PathBuf>,
}

impl Saving {
    /// Writes each new text beside its place.
    ///
    /// # Errors
    /// The files for which that is not possible; then nothing is left of the others.
    pub fn prepare(
        root: &Path,
        changes: Vec<(PathBuf, FileChange)>,
    ) -> Result<Self, Vec<(PathBuf, SaveError)>> {
        let (mut saving, mut failed) = (Self { steps: Vec::new() }, Vec::new());
        for (path, change) in changes {
            match prepared(root, &path, &change) {
                Ok(temporary) => saving.steps.push(Step { path, change, temporary }),
                Err(error) => failed.push((path, error)),
            }
        }
        if failed.is_empty() { Ok(saving) } else { Err(failed) }
    }

    /// Puts all in their places, each in one step; answers those for which that failed.
    #[must_use]
    pub fn commit(mut self) -> Vec<(PathBuf, SaveError)> {
        let mut failed = Vec::new();
        for step in &mut self.steps {
            if let Err(error) = step.commit() {
                failed.push((step.path.clone(), error));
            }
        }
        failed
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        for temporary in self.steps.iter().filter_map(|step| step.temporary.as_ref()) {
            // What was renamed is not there any more.
            let _ = fs::remove_file(temporary);
        }
    }
}

impl Step {
    fn commit(&mut self) -> Result<(), SaveError> {
        match (&self.change, &self.temporary) {
            (FileChange::Delete, _) => {
                let aside = beside(&self.path, "removed");
                match fs::rename(&self.path, &aside) {
                    Ok(()) => fs::remove_file(&aside)?,
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error.into()),
                }
            }
            (FileChange::Create(_), Some(temporary)) => {
                // A hard link never replaces what is there, which a rename would.
                fs::hard_link(temporary, &self.path).map_err(exists)?;
                fs::remove_file(temporary)?;
            }
            (FileChange::Replace { .. }, Some(temporary)) => fs::rename(temporary, &self.path)?,
            (FileChange::Create(_) | FileChange::Replace { .. }, None) => return Err(SaveError::Changed),
        }
        self.temporary = None;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

fn prepared(root: &Path, path: &Path, change: &FileChange) -> Result<Option<PathBuf>, SaveError> {
    if in_source_tree(root, path).is_none_or(|real| real != path) {
        return Err(SaveError::Astray);
    }
    clear_strays(path);
    match change {
        FileChange::Delete => Ok(None),
        FileChange::Create(text) => {
            if fs::symlink_metadata(path).is_ok() {
                return Err(SaveError::Exists);
            }
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            write_beside(path, text, None).map(Some)
        }
        FileChange::Replace { old, new } => {
            let permissions = fs::symlink_metadata(path)?.permissions();
            let temporary = write_beside(path, new, Some(permissions))?;
            match read(path) {
                Ok(text) if text == *old => Ok(Some(temporary)),
                found => {
                    let _ = fs::remove_file(&temporary);
                    found.and(Err(SaveError::Changed))
                }
            }
        }
    }
}

/// Reads a source file.
///
/// # Errors
/// It is no file, too long, or not UTF-8.
pub fn read(path: &Path) -> Result<String, SaveError> {
    // Opening a pipe or a device would wait, or never end.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(SaveError::Astray);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::from(ErrorKind::FileTooLarge).into());
    }
    String::from_utf8(bytes).map_err(|_| SaveError::NotUtf8)
}

/// Where a path leads, if that is a place for a source of the package at `root`: below it, in no other package, in no hidden
/// folder and none of outputs. A relative path begins at the root. The file need not exist; the answer has no symbolic links.
#[must_use]
pub fn in_source_tree(root: &Path, path: &Path) -> Option<PathBuf> {
    let root = fs::canonicalize(root).ok()?;
    if !root.join(MANIFEST).is_file() {
        return None;
    }
    let full = root.join(path);
    let there = full.ancestors().find(|ancestor| fs::symlink_metadata(ancestor).is_ok())?;
    let missing = full.strip_prefix(there).ok()?;
    let real = if missing.as_os_str().is_empty() {
        fs::canonicalize(there).ok()?
    } else {
        fs::canonicalize(there).ok()?.join(missing)
    };
    let below = real.strip_prefix(&root).ok()?;
    let mut folder = root.clone();
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return None };
        let name = name.to_string_lossy();
        if name.starts_with('.') || SKIPPED.contains(&name.as_ref()) {
            return None;
        }
        folder.push(part);
        if parts.peek().is_some() && folder.join(MANIFEST).exists() {
            return None;
        }
    }
    (real != root).then_some(real)
}

fn write_beside(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> Result<PathBuf, SaveError> {
    let temporary = beside(path, "tmp");
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error.into());
    }
    Ok(temporary)
}

/// A free name in the same folder.
fn beside(path: &Path, what: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut name = OsString::from(path.as_os_str());
    name.push(format!(".{}-{}.{what}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    PathBuf::from(name)
}

/// Takes away what a process that was killed has left beside the file.
fn clear_strays(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else {
        return;
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let maker = || {
            let rest = found.to_str()?.strip_prefix(name)?.strip_prefix('.')?;
            let numbers = rest.strip_suffix(".tmp").or_else(|| rest.strip_suffix(".removed"))?;
            let (process, count) = numbers.split_once('-')?;
            count.parse::<u32>().ok()?;
            process.parse::<u32>().ok()
        };
        let is_gone = |process: u32| {
            Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{process}")).exists()
        };
        if maker().is_some_and(is_gone) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn exists(error: io::Error) -> SaveError {
    if error.kind() == ErrorKind::AlreadyExists { SaveError::Exists } else { error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn package() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir(root.join("src")).unwrap();
        fs::write(root.join(MANIFEST), "").unwrap();
        (dir, root)
    }

    fn replacing(old: &str, new: &str) -> FileChange {
        FileChange::Replace { old: old.into(), new: new.into() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_replaced_made_and_deleted_together() {
        let (_dir, root) = package();
        let [a, b, c, d] = ["src/a.bt", "src/b.bt", "src/new/c.bt", "src/d.bt"].map(|name| root.join(name));
        fs::write(&a, "one").unwrap();
        fs::set_permissions(&a, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(&b, "two").unwrap();
        let changes = vec![
            (a.clone(), replacing("one", "three")),
            (b.clone(), FileChange::Delete),
            (c.clone(), FileChange::Create("four".into())),
            (d, FileChange::Delete),
        ];
        let saving = Saving::prepare(&root, changes).unwrap();
        assert_eq!(fs::read_to_string(&a).unwrap(), "one", "nothing is in its place yet");
        assert!(saving.commit().is_empty());
        assert_eq!(
            (fs::read_to_string(&a).unwrap(), fs::read_to_string(&c).unwrap()),
            ("three".into(), "four".into())
        );
        assert_eq!(fs::metadata(&a).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(
            (names(&root.join("src")), names(&root.join("src/new"))),
            (vec!["a.bt".into(), "new".into()], vec!["c.bt".into()])
        );
    }

    #[test]
    fn what_a_killed_process_left_is_cleared_away() {
        let (_dir, root) = package();
        let path = root.join("src/a.bt");
        for name in ["a.bt", "a.bt.4294967295-3.tmp", "a.bt.mine.tmp", "b.bt.4294967295-3.tmp"] {
            fs::write(root.join("src").join(name), "one").unwrap();
        }
        let living = format!("a.bt.{}-99999.tmp", std::process::id());
        fs::write(root.join("src").join(&living), "one").unwrap();
        let saving = Saving::prepare(&root, vec![(path, replacing("one", "two"))]).unwrap();
        assert!(saving.commit().is_empty());
        let mut expected = ["a.bt", living.as_str(), "a.bt.mine.tmp", "b.bt.4294967295-3.tmp"];
        expected.sort_unstable();
        assert_eq!(names(&root.join("src")), expected);
    }

    #[test]
    fn one_file_that_cannot_be_written_keeps_all_as_they_are() {
        let (_dir, root) = package();
        let [a, b] = ["src/a.bt", "src/b.bt"].map(|name| root.join(name));
        fs::write(&a, "one").unwrap();
        fs::write(&b, "edited").unwrap();
        let changes = vec![(a.clone(), replacing("one", "1")), (b.clone(), replacing("two", "2"))];
        let failed = Saving::prepare(&root, changes).unwrap_err();
        assert!(matches!(failed.as_slice(), [(path, SaveError::Changed)] if *path == b));
        assert_eq!(fs::read_to_string(&a).unwrap(), "one");
        assert_eq!(names(&root.join("src")), ["a.bt", "b.bt"]);
    }

    #[test]
    fn a_file_that_appears_is_not_written_over() {
        let (_dir, root) = package();
        let path = root.join("src/a.bt");
        let saving = Saving::prepare(&root, vec![(path.clone(), FileChange::Create("mine".into()))]).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert!(matches!(saving.commit().as_slice(), [(_, SaveError::Exists)]));
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(names(&root.join("src")), ["a.bt"]);
    }

    #[test]
    fn no_path_leaves_the_source_tree() {
        let (_dir, root) = package();
        let outside = tempfile::tempdir().unwrap();
        symlink(outside.path(), root.join("src/out")).unwrap();
        symlink(outside.path().join("no.bt"), root.join("src/dangling.bt")).unwrap();
        symlink(root.join("src"), root.join("again")).unwrap();
        fs::create_dir_all(root.join("geo/src")).unwrap();
        fs::write(root.join("geo").join(MANIFEST), "").unwrap();
        let at = |path: &str| in_source_tree(&root, Path::new(path));
        assert_eq!(at("src/A.bt"), Some(root.join("src/A.bt")));
        assert_eq!(at("src/deep/er/A.bt"), Some(root.join("src/deep/er/A.bt")));
        assert_eq!(at("again/A.bt"), Some(root.join("src/A.bt")));
        assert_eq!(at("src/../src/A.bt"), Some(root.join("src/A.bt")));
        for bad in [
            "../A.bt",
            "src/../../A.bt",
            "src/no/../../../A.bt",
            "src/out/A.bt",
            "src/dangling.bt",
            "/tmp/A.bt",
            "",
            ".git/A.bt",
            "_build/A.bt",
            "geo/src/A.bt",
        ] {
            assert_eq!(at(bad), None, "{bad}");
        }
        let link = root.join("src/link.bt");
        fs::write(outside.path().join("B.bt"), "old").unwrap();
        symlink(outside.path().join("B.bt"), &link).unwrap();
        let failed = Saving::prepare(&root, vec![(link, replacing("old", "new"))]).unwrap_err();
        assert!(matches!(failed.as_slice(), [(_, SaveError::Astray)]));
        assert!(in_source_tree(outside.path(), Path::new("A.bt")).is_none(), "no manifest, no tree");
    }
}
