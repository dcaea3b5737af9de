//! The inputs that changed classes, so that a host that finds a living node can teach its compiler what that node
//! has loaded.
//!
//! One JSON object a line. The journal lives as long as the node: an orderly end removes it.

use crate::compiler::SourceFile;
use beamtalk_home::{HomeError, file};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::PathBuf;
use std::{fs, io};

/// A longer journal is not replayed.
const LONGEST: u64 = 256 << 20;

/// One thing that was compiled and loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Entry {
    /// An input at a prompt.
    Input { code: String },
    /// Files, as they were then.
    Files { files: Vec<(PathBuf, String)> },
    /// A method that a program compiled, or removed when there is no source.
    Method { module: String, class_side: bool, selector: String, source: Option<String> },
    /// A file of classes that was written with their changes, as it is now.
    Rewritten { path: PathBuf, text: String },
    /// A class that was removed.
    Unloaded { name: String },
}

impl Entry {
    pub(crate) fn files(files: &[SourceFile]) -> Self {
        Self::Files { files: files.iter().map(|file| (file.path.clone(), file.text.clone())).collect() }
    }
}

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    path: PathBuf,
}

impl Journal {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Adds an entry. A journal that cannot be written costs a later host its memory, not this one its work.
    pub(crate) fn append(&self, entry: &Entry) {
        let written = serde_json::to_string(entry).map_err(io::Error::other).and_then(|line| {
            let mut file = file::append_private(&self.path).map_err(io::Error::other)?;
            file.write_all(format!("{line}\n").as_bytes())
        });
        if let Err(error) = written {
            tracing::error!(%error, "cannot write the journal");
        }
    }

    /// Reads all entries. A last line that a crash cut off is passed over.
    pub(crate) fn read(&self) -> Result<Vec<Entry>, HomeError> {
        let text = file::read_bounded(&self.path, LONGEST)?.unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Removes the file, if there is one.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_and_a_torn_end_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::at(dir.path().join("j"));
        let entries = [
            Entry::Input { code: "Object subclass: A".into() },
            Entry::Files { files: vec![("/p/B.bt".into(), "Object subclass: B".into())] },
            Entry::Method {
                module: "bt@user@A".into(),
                class_side: true,
                selector: "two".into(),
                source: Some("two => 2".into()),
            },
            Entry::Unloaded { name: "A".into() },
        ];
        for entry in &entries {
            journal.append(entry);
        }
        file::append_private(&journal.path).unwrap().write_all(b"{\"kind\":\"inp").unwrap();
        assert_eq!(journal.read().unwrap(), entries);
        journal.remove();
        assert!(journal.read().unwrap().is_empty());
    }
}
