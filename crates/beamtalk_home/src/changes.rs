//! The record of changes that programs made to their classes, `workspaces/<id>/changes/`.
//!
//! `changes.jsonl` has one object a line; the texts are in `sources/`, named by the number of their change. A line is
//! written after its texts, so what is recorded is complete; a last line that a crash cut off is passed over.

use crate::{HomeError, file, folder};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// No honest record or text is longer.
const LONGEST: u64 = 64 << 20;

/// A recorded change, without its texts. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChange {
    /// When it was made.
    pub ts: u64,
    /// Its number.
    pub seq: u64,
    /// The number of the node's life in which it was made.
    pub epoch: u64,
    /// The class's name.
    pub class: String,
    /// The method; nothing for a change of the whole class.
    pub selector: Option<String>,
    /// `instance`, `class`, `new-class`, `remove-method` or `remove-class`.
    pub kind: String,
    /// `instance` or `class`.
    pub side: Option<String>,
    /// Where the new text is, if there is one.
    pub source_ref: Option<String>,
    /// Where the text before is, if there was one.
    pub prev_source_ref: Option<String>,
    /// The file of the class.
    #[serde(rename = "sourceFile")]
    pub source_file: Option<PathBuf>,
    /// The place in that file.
    pub span: Option<StoredSpan>,
    /// `durable` or `ephemeral`.
    pub intent: String,
    /// Whether it can be written to the file.
    pub flushable: bool,
    /// Why not.
    pub not_flushable_reason: Option<String>,
    /// Whether it has been.
    pub flushed: bool,
    /// The user who made it.
    pub author: String,
    /// `human` or `agent`.
    pub author_kind: String,
}

/// A place in a file, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSpan {
    /// Its first byte.
    pub start: u32,
    /// Behind its last one.
    pub end: u32,
    /// The digest of what was there.
    #[serde(default)]
    pub digest: String,
}

/// A change with its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is said of it.
    pub stored: StoredChange,
    /// The new text; nothing for a removal.
    pub source: Option<String>,
    /// The text before.
    pub previous: Option<String>,
}

/// Which of a change's texts.
#[derive(Debug, Clone, Copy)]
enum Text {
    New,
    Previous,
}

/// The folder of the record.
#[derive(Debug, Clone)]
pub struct ChangesFolder {
    path: PathBuf,
}

impl ChangesFolder {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads all changes, oldest first. Without a folder there are none.
    ///
    /// # Errors
    /// The folder is not ours alone, or a file in it cannot be read.
    pub fn read(&self) -> Result<Vec<Change>, HomeError> {
        if fs::symlink_metadata(&self.path).is_err() {
            return Ok(Vec::new());
        }
        folder::check_private(&self.path)?;
        let text = file::read_bounded(&self.record(), LONGEST)?.unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let stored: Vec<StoredChange> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        if text.last().is_some_and(|last| *last != b'\n') {
            // The next line must not hang on what is left of this one.
            self.rewrite(stored.iter())?;
        }
        stored.into_iter().filter_map(|stored| self.with_texts(stored).transpose()).collect()
    }

    /// Adds a change.
    pub fn append(&self, change: &Change) -> Result<(), HomeError> {
        folder::ensure_closed(&self.path)?;
        let texts = [(Text::New, &change.source), (Text::Previous, &change.previous)];
        for (which, text) in texts.into_iter().filter_map(|(which, text)| Some((which, text.as_ref()?))) {
            folder::ensure_closed(&self.path.join("sources"))?;
            // A change counts only while its node lives, which no power cut lets it do.
            file::replace_unsynced(&self.path.join(text_name(change.stored.seq, which)), text.as_bytes())?;
        }
        let line = line(&change.stored);
        let path = self.record();
        file::append_private(&path)?.write_all(&line).map_err(HomeError::io("write", &path))
    }

    /// Replaces the record in one step; the texts stay.
    pub fn rewrite<'c>(&self, changes: impl Iterator<Item = &'c StoredChange>) -> Result<(), HomeError> {
        folder::ensure_closed(&self.path)?;
        file::replace(&self.record(), &changes.flat_map(line).collect::<Vec<u8>>())
    }

    /// Keeps changes that the record will not have any more.
    pub fn archive<'c>(&self, changes: impl Iterator<Item = &'c StoredChange>) -> Result<(), HomeError> {
        let changes: Vec<&StoredChange> = changes.collect();
        let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return Ok(()) };
        let archive = self.path.join("archive");
        folder::ensure_closed(&archive)?;
        let name = format!("{:06}-{:06}-{}.jsonl", first.seq, last.seq, first.ts);
        file::replace(&archive.join(name), &changes.into_iter().flat_map(line).collect::<Vec<u8>>())
    }

    /// Removes everything.
    pub fn clear(&self) -> Result<(), HomeError> {
        if fs::symlink_metadata(&self.path).is_err() {
            return Ok(());
        }
        folder::check_private(&self.path)?;
        fs::remove_dir_all(&self.path).map_err(HomeError::io("remove", &self.path))
    }

    /// The texts are found by the change's number: a name in the record could lead anywhere. A change that has lost one is none.
    fn with_texts(&self, stored: StoredChange) -> Result<Option<Change>, HomeError> {
        let text = |name: &Option<String>, which| {
            let path = name.as_ref().map(|_| self.path.join(text_name(stored.seq, which)));
            path.map_or(Ok(None), |path| read_text(&path))
        };
        let source = text(&stored.source_ref, Text::New)?;
        let previous = text(&stored.prev_source_ref, Text::Previous)?;
        let complete = stored.source_ref.is_some() == source.is_some()
            && stored.prev_source_ref.is_some() == previous.is_some();
        Ok(complete.then_some(Change { stored, source, previous }))
    }

    fn record(&self) -> PathBuf {
        self.path.join("changes.jsonl")
    }
}

impl Change {
    /// Writes down where the texts are, as far as there are any.
    #[must_use]
    pub fn with_references(mut self) -> Self {
        let seq = self.stored.seq;
        self.stored.source_ref = self.source.as_ref().map(|_| text_name(seq, Text::New));
        self.stored.prev_source_ref = self.previous.as_ref().map(|_| text_name(seq, Text::Previous));
        self
    }
}

fn text_name(seq: u64, which: Text) -> String {
    let which = match which {
        Text::New => "source",
        Text::Previous => "prev",
    };
    format!("sources/{seq:06}-{which}.bt")
}

fn read_text(path: &Path) -> Result<Option<String>, HomeError> {
    let text = file::read_bounded(path, LONGEST)?;
    let invalid = |_| HomeError::io("read", path)(ErrorKind::InvalidData.into());
    text.map(|text| String::from_utf8(text).map_err(invalid)).transpose()
}

fn line(change: &StoredChange) -> Vec<u8> {
    // Strings, numbers and paths from UTF-8 always serialise; a path that is none is no file of ours.
    let mut line = serde_json::to_vec(change).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Home, WorkspaceId};
    use std::os::unix::fs::MetadataExt;

    fn change(seq: u64) -> Change {
        let stored = StoredChange {
            ts: 7,
            seq,
            epoch: 1,
            class: "Tally".into(),
            selector: Some("bump".into()),
            kind: "instance".into(),
            side: Some("instance".into()),
            source_ref: None,
            prev_source_ref: None,
            source_file: Some("/p/src/Tally.bt".into()),
            span: Some(StoredSpan { start: 3, end: 9, digest: "ab".into() }),
            intent: "durable".into(),
            flushable: true,
            not_flushable_reason: None,
            flushed: false,
            author: "me".into(),
            author_kind: "human".into(),
        };
        let previous = (seq > 0).then(|| "bump => 1".to_owned());
        Change { stored, source: Some("bump => 2".into()), previous }.with_references()
    }

    fn folder(dir: &Path) -> ChangesFolder {
        let workspace = Home::at(dir.join("home")).workspace(&WorkspaceId::named("w").unwrap());
        workspace.create(dir).unwrap();
        workspace.changes()
    }

    #[test]
    fn changes_read_back_and_a_torn_end_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        assert!(folder.read().unwrap().is_empty());
        let all = [change(0), change(1)];
        for change in &all {
            folder.append(change).unwrap();
        }
        assert_eq!(folder.read().unwrap(), all);
        file::append_private(&folder.record()).unwrap().write_all(b"{\"ts\":1").unwrap();
        assert_eq!(folder.read().unwrap(), all);
        folder.append(&change(2)).unwrap();
        assert_eq!(folder.read().unwrap().len(), 3);
    }

    #[test]
    fn everything_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.append(&change(1)).unwrap();
        folder.archive([&change(1).stored].into_iter()).unwrap();
        let mut seen = 0;
        let mut paths = vec![folder.path.clone()];
        while let Some(path) = paths.pop() {
            let found = fs::metadata(&path).unwrap();
            let mode = found.mode() & 0o777;
            assert_eq!(mode, if found.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            if found.is_dir() {
                paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            seen += 1;
        }
        assert_eq!(seen, 7, "three folders, the record, two texts and the archive");
        folder.clear().unwrap();
        assert!(!folder.path.exists() && folder.read().unwrap().is_empty());
    }

    #[test]
    fn a_text_is_found_by_number_whatever_the_record_says() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.append(&change(1)).unwrap();
        let mut led_astray = change(1).stored;
        led_astray.source_ref = Some("../../../../etc/passwd".into());
        folder.rewrite([&led_astray].into_iter()).unwrap();
        assert_eq!(folder.read().unwrap()[0].source.as_deref(), Some("bump => 2"));
        fs::remove_file(folder.path.join("sources/000001-source.bt")).unwrap();
        assert!(folder.read().unwrap().is_empty(), "nor is it taken for a removal when its text is gone");
    }
}
