//! The log of what programs changed in their classes: what each change was, and which of them still matter.
//!
//! It is used in the compiler's thread, because whether a change is in its file already takes parsing. What cannot be
//! recorded costs a later host its memory, not this one its work.

use crate::compiler::Compiler;
use beamtalk_home::workspace::now;
use beamtalk_home::{Change, ChangesFolder, HomeError, StoredChange, StoredSpan};
use beamtalk_node::ChangeFacts;
use beamtalk_project::{self as project, Edit, MANIFEST, Place, Source};
use similar::{ChangeTag, TextDiff};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// More changes are not kept: the oldest are archived, some at a time.
const MOST: usize = 1000;
const ARCHIVED_TOGETHER: usize = 100;
/// So many times more are kept, if they are still to be written.
const MANY_TIMES: usize = 10;

pub(crate) const NEW_CLASS: &str = "new-class";
pub(crate) const REMOVE_METHOD: &str = "remove-method";
pub(crate) const REMOVE_CLASS: &str = "remove-class";

/// Whether a change is meant to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Durable,
    Ephemeral,
}

/// A class that is to get a file of its own.
#[derive(Debug, Clone)]
pub(crate) struct NewClass {
    pub(crate) class: String,
    pub(crate) path: PathBuf,
    pub(crate) source: String,
}

/// A change and what is derived from it once.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) change: Change,
    diff: Option<String>,
}

/// The log of a workspace.
#[derive(Debug)]
pub(crate) struct ChangeLog {
    /// Nothing where changes are not recorded.
    folder: Option<ChangesFolder>,
    /// The project's root.
    pub(crate) root: PathBuf,
    epoch: u64,
    next: u64,
    pub(crate) changes: Vec<Logged>,
}

/// What has become of a change.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    orphan: bool,
    prior_epoch: bool,
    shadowed: bool,
    clean: bool,
    /// A later change of the same method is to be written instead.
    superseded: bool,
}

impl Standing {
    pub(crate) fn is_active(self) -> bool {
        !self.orphan && !self.prior_epoch
    }

    /// Whether it is still to be written, if it can be.
    pub(crate) fn is_pending(self) -> bool {
        self.is_active() && !self.superseded && !self.clean
    }
}

impl ChangeLog {
    /// A log that ends with the process.
    pub(crate) fn in_memory(root: PathBuf) -> Self {
        Self { folder: None, root, epoch: 1, next: 0, changes: Vec::new() }
    }

    /// The changes of methods that are in no file yet: the class, and what was changed.
    pub(crate) fn unwritten(&self, compiler: &dyn Compiler) -> Vec<(String, String)> {
        let pending =
            self.changes.iter().zip(self.standing(compiler)).filter(|(_, standing)| standing.is_pending());
        pending
            .filter_map(|(Logged { change: Change { stored, .. }, .. }, _)| {
                let side = if stored.side.as_deref() == Some("class") { " class" } else { "" };
                let selector = stored.selector.as_ref()?;
                Some((stored.class.clone(), format!("{}{side}>>{selector}", stored.class)))
            })
            .collect()
    }

    /// The log that a workspace's folder has.
    pub(crate) fn of_folder(folder: ChangesFolder, root: PathBuf) -> Self {
        let read = folder.read().unwrap_or_else(|error| {
            tracing::error!(%error, "the log of changes cannot be read");
            Vec::new()
        });
        let epoch = read.iter().map(|change| change.stored.epoch).max().unwrap_or(1);
        let next = read.iter().map(|change| change.stored.seq + 1).max().unwrap_or(0);
        let changes = read.into_iter().map(Logged::new).collect();
        Self { folder: Some(folder), root, epoch, next, changes }
    }

    /// The node is a new one: what was changed before is not in it.
    pub(crate) fn begin_epoch(&mut self) {
        if !self.changes.is_empty() {
            self.epoch += 1;
        }
    }

    /// Adds the change of a method.
    pub(crate) fn add_edit(&mut self, edit: &Edit, intent: Intent) {
        let Edit { class, class_side, selector, text, previous, place } = edit;
        let side = if *class_side { "class" } else { "instance" };
        let change = StoredChange {
            selector: Some(selector.to_string()),
            kind: if text.is_some() { side } else { REMOVE_METHOD }.into(),
            side: Some(side.into()),
            intent: match intent {
                Intent::Durable => "durable",
                Intent::Ephemeral => "ephemeral",
            }
            .into(),
            ..self.of_class(class, Some(place))
        };
        self.add(Change { stored: change, source: text.clone(), previous: previous.clone() });
    }

    /// Adds a class that a program made for a file.
    pub(crate) fn add_new_class(&mut self, new: NewClass) {
        let NewClass { class, path, source } = new;
        let change = StoredChange {
            kind: NEW_CLASS.into(),
            source_file: Some(path),
            flushable: true,
            not_flushable_reason: None,
            ..self.of_class(&class, None)
        };
        self.add(Change { stored: change, source: Some(source), previous: None });
    }

    /// Adds the removal of a class.
    pub(crate) fn add_removed_class(&mut self, class: &str, place: Option<&Place>) {
        let change = StoredChange { kind: REMOVE_CLASS.into(), ..self.of_class(class, place) };
        self.add(Change { stored: change, source: None, previous: None });
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.changes.clear();
        self.next = 0;
        self.recorded("removed", ChangesFolder::clear);
    }

    /// Writes down which changes were written to their files.
    pub(crate) fn record(&self) -> Result<(), HomeError> {
        let changes = self.changes.iter().map(|logged| &logged.change.stored);
        self.folder.as_ref().map_or(Ok(()), |folder| folder.rewrite(changes))
    }

    /// What there is to know of all changes, oldest first.
    pub(crate) fn facts(&self, compiler: &dyn Compiler) -> Vec<ChangeFacts> {
        let standing = self.standing(compiler);
        self.changes.iter().zip(standing).map(|(logged, standing)| logged.facts(standing)).collect()
    }

    /// The active change of this number.
    pub(crate) fn active(&self, seq: u64, compiler: &dyn Compiler) -> Option<&Change> {
        let mut all = self.changes.iter().zip(self.standing(compiler));
        let (logged, _) =
            all.find(|(logged, standing)| logged.change.stored.seq == seq && standing.is_active())?;
        Some(&logged.change)
    }

    /// What has become of each change.
    pub(crate) fn standing(&self, compiler: &dyn Compiler) -> Vec<Standing> {
        let mut files = HashMap::new();
        let mut later: HashSet<Key<'_>> = HashSet::new();
        let mut later_durable: HashSet<Key<'_>> = HashSet::new();
        let mut standing: Vec<Standing> = self
            .changes
            .iter()
            .rev()
            .map(|logged| {
                let stored = &logged.change.stored;
                let key = key(stored);
                let durable = stored.intent == "durable";
                let prior_epoch = stored.epoch != self.epoch;
                let loaded = compiler.kind_of(&stored.class).is_some();
                let found = Standing {
                    // A removed class that is there again was not removed.
                    orphan: loaded == (stored.kind == REMOVE_CLASS),
                    prior_epoch,
                    shadowed: later.contains(&key),
                    superseded: later_durable.contains(&key),
                    clean: false,
                };
                if !prior_epoch {
                    later.insert(key);
                    if durable {
                        later_durable.insert(key);
                    }
                }
                Standing { clean: stored.flushed || is_written(logged, found, &mut files), ..found }
            })
            .collect();
        standing.reverse();
        standing
    }

    /// A change of a class, with its place.
    fn of_class(&self, class: &str, place: Option<&Place>) -> StoredChange {
        let (source_file, span, reason) = match place {
            Some(Place::File { path, span, digest }) => {
                let span = StoredSpan { start: span.start, end: span.end, digest: digest.clone() };
                (Some(path.clone()), Some(span), self.why_not(path))
            }
            Some(Place::Library) => (None, None, Some("stdlib")),
            Some(Place::Extension) => (None, None, Some("extension")),
            Some(Place::Dynamic) | None => (None, None, Some("dynamic")),
        };
        let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        StoredChange {
            ts: now(),
            seq: self.next,
            epoch: self.epoch,
            class: class.into(),
            selector: None,
            kind: String::new(),
            side: None,
            source_ref: None,
            prev_source_ref: None,
            source_file,
            span,
            intent: "durable".into(),
            flushable: reason.is_none(),
            not_flushable_reason: reason.map(str::to_owned),
            flushed: false,
            author: user.unwrap_or_default(),
            author_kind: "human".into(),
        }
    }

    /// Why a file is not ours to write.
    fn why_not(&self, path: &Path) -> Option<&'static str> {
        if !self.root.join(MANIFEST).is_file() {
            return Some("no_project");
        }
        let inside = project::in_source_tree(&self.root, path).is_some_and(|real| real == path);
        (!inside).then_some("dependency")
    }

    fn add(&mut self, change: Change) {
        let change = change.with_references();
        self.recorded("written", |folder| folder.append(&change));
        self.next = change.stored.seq + 1;
        self.changes.push(Logged::new(change));
        if self.changes.len() > MOST {
            let old = self.take_oldest();
            self.recorded("archived", |folder| {
                folder.archive(old.iter().map(|logged| &logged.change.stored))
            });
            let kept = self.record();
            self.recorded("written", |_| kept);
        }
    }

    /// Takes out the oldest of those that nothing is to be done about any more; of all, if there are too many others.
    fn take_oldest(&mut self) -> Vec<Logged> {
        let mut later: HashSet<Key<'_>> = HashSet::new();
        let mut is_done = vec![false; self.changes.len()];
        for (done, logged) in is_done.iter_mut().zip(&self.changes).rev() {
            let stored = &logged.change.stored;
            let is_last = stored.intent == "durable" && later.insert(key(stored));
            *done = !is_last || stored.flushed || !stored.flushable || stored.epoch != self.epoch;
        }
        let too_many = self.changes.len() > MANY_TIMES * MOST;
        let (mut old, mut kept) = (Vec::new(), Vec::new());
        for (logged, done) in self.changes.drain(..).zip(is_done) {
            let goes = (done || too_many) && old.len() < ARCHIVED_TOGETHER;
            if goes { old.push(logged) } else { kept.push(logged) }
        }
        self.changes = kept;
        old
    }

    fn recorded(&self, what: &str, work: impl FnOnce(&ChangesFolder) -> Result<(), HomeError>) {
        if let Some(Err(error)) = self.folder.as_ref().map(work) {
            tracing::error!(%error, "the log of changes cannot be {what}");
        }
    }
}

/// Whether the file has what the change wants it to have.
fn is_written(logged: &Logged, standing: Standing, files: &mut HashMap<PathBuf, Option<Source>>) -> bool {
    let Change { stored, source, .. } = &logged.change;
    let (Some(selector), Some(path)) = (&stored.selector, &stored.source_file) else { return false };
    if !standing.is_active() || !stored.flushable {
        return false;
    }
    let read = || project::read_source(path).ok().map(|text| Source::new(path.to_string_lossy(), text));
    let Some(file) = files.entry(path.clone()).or_insert_with(read) else { return false };
    let class_side = stored.side.as_deref() == Some("class");
    file.method_text(&stored.class, class_side, selector) == *source
}

/// What a later change of the same takes the place of.
type Key<'c> = (&'c str, Option<&'c str>, Option<&'c str>);

fn key(stored: &StoredChange) -> Key<'_> {
    (&stored.class, stored.side.as_deref(), stored.selector.as_deref())
}

impl Logged {
    fn new(change: Change) -> Self {
        let diff = diff(change.previous.as_deref(), change.source.as_deref());
        Self { change, diff }
    }

    fn facts(&self, standing: Standing) -> ChangeFacts {
        let stored = &self.change.stored;
        let marks = [
            ("flushable", stored.flushable),
            ("orphan", standing.orphan),
            ("prior_epoch", standing.prior_epoch),
            ("active", standing.is_active()),
            ("shadowed", standing.shadowed),
            ("clean", standing.clean),
        ];
        ChangeFacts {
            seq: stored.seq,
            class: stored.class.clone(),
            selector: stored.selector.clone(),
            kind: stored.kind.clone(),
            side: stored.side.clone(),
            intent: stored.intent.clone(),
            author_kind: stored.author_kind.clone(),
            file: stored.source_file.clone(),
            diff: self.diff.clone(),
            marks: marks.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).collect(),
        }
    }
}

/// Lines that went, came and stayed; nothing where there is no text at all.
fn diff(old: Option<&str>, new: Option<&str>) -> Option<String> {
    if old.is_none() && new.is_none() {
        return None;
    }
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    let lines = diff.iter_all_changes().map(|change| {
        let mark = match change.tag() {
            ChangeTag::Delete => "- ",
            ChangeTag::Insert => "+ ",
            ChangeTag::Equal => "  ",
        };
        format!("{mark}{}", change.value().trim_end_matches(['\r', '\n']))
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageCompiler;
    use beamtalk_home::{Home, WorkspaceId};

    fn edit(selector: &str) -> Edit {
        Edit {
            class: "Integer".into(),
            class_side: false,
            selector: selector.into(),
            text: Some(format!("{selector} => 2")),
            previous: Some(format!("{selector} => 1")),
            place: Place::Library,
        }
    }

    fn folder(dir: &Path) -> ChangesFolder {
        let workspace = Home::at(dir.join("home")).workspace(&WorkspaceId::named("w").unwrap());
        workspace.create(dir).unwrap();
        workspace.changes()
    }

    fn marks(log: &ChangeLog) -> Vec<(u64, Vec<&'static str>)> {
        log.facts(&ImageCompiler::new()).into_iter().map(|facts| (facts.seq, facts.marks)).collect()
    }

    #[test]
    fn a_later_change_of_the_same_method_shadows_the_earlier_one() {
        let mut log = ChangeLog::in_memory("/p".into());
        log.add_edit(&edit("a"), Intent::Durable);
        log.add_edit(&edit("b"), Intent::Durable);
        log.add_edit(&edit("a"), Intent::Ephemeral);
        assert_eq!(marks(&log), [(0, vec!["active", "shadowed"]), (1, vec!["active"]), (2, vec!["active"])]);
        let pending: Vec<bool> =
            log.standing(&ImageCompiler::new()).into_iter().map(Standing::is_pending).collect();
        assert_eq!(pending, [true, true, true], "what is only tried leaves the change that stays");
    }

    #[test]
    fn a_removal_is_void_when_the_class_is_there_and_a_change_when_it_is_not() {
        let mut log = ChangeLog::in_memory("/p".into());
        log.add_removed_class("Integer", None);
        log.add_removed_class("Gone", None);
        log.add_edit(&Edit { class: "Gone".into(), ..edit("a") }, Intent::Durable);
        assert_eq!(marks(&log), [(0, vec!["orphan"]), (1, vec!["active"]), (2, vec!["orphan"])]);
    }

    #[test]
    fn the_log_survives_and_a_new_node_makes_it_history() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = ChangeLog::of_folder(folder(dir.path()), "/p".into());
        log.begin_epoch();
        log.add_edit(&edit("a"), Intent::Durable);
        let mut again = ChangeLog::of_folder(folder(dir.path()), "/p".into());
        assert_eq!(marks(&again), [(0, vec!["active"])], "the node has lived on");
        assert_eq!(again.facts(&ImageCompiler::new())[0].diff.as_deref(), Some("- a => 1\n+ a => 2"));
        again.begin_epoch();
        again.add_edit(&edit("a"), Intent::Durable);
        assert_eq!(marks(&again), [(0, vec!["prior_epoch", "shadowed"]), (1, vec!["active"])]);
        again.clear();
        assert!(ChangeLog::of_folder(folder(dir.path()), "/p".into()).changes.is_empty());
    }

    #[test]
    fn the_oldest_changes_are_archived() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = ChangeLog::of_folder(folder(dir.path()), "/p".into());
        for _ in 0..=MOST {
            log.add_edit(&edit("a"), Intent::Durable);
        }
        assert_eq!(log.changes.len(), MOST + 1 - ARCHIVED_TOGETHER);
        let again = ChangeLog::of_folder(folder(dir.path()), "/p".into());
        assert_eq!(again.changes[0].change.stored.seq, ARCHIVED_TOGETHER as u64);
        assert_eq!(again.next, MOST as u64 + 1);
    }

    #[test]
    fn what_is_still_to_be_written_is_not_archived() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        std::fs::write(root.join(MANIFEST), "").unwrap();
        let (path, digest) = (root.join("A.bt"), project::digest(b""));
        let place = Place::File { path, span: project::Span::default(), digest };
        let in_file = |selector: &str| Edit { place: place.clone(), ..edit(selector) };
        let mut log = ChangeLog::of_folder(folder(dir.path()), root.clone());
        log.add_edit(&in_file("pending"), Intent::Durable);
        log.add_edit(&in_file("tried"), Intent::Ephemeral);
        for _ in 0..MOST {
            log.add_edit(&in_file("again"), Intent::Durable);
        }
        let kept: Vec<u64> = log.changes.iter().map(|logged| logged.change.stored.seq).take(2).collect();
        assert_eq!(kept, [0, ARCHIVED_TOGETHER as u64 + 1]);
        assert_eq!(log.changes[0].change.stored.selector.as_deref(), Some("pending"));
    }

    #[test]
    fn a_diff_tells_lines_that_went_came_and_stayed() {
        assert_eq!(
            diff(Some("a =>\n  1\n  2"), Some("a =>\n  1\n  3")).as_deref(),
            Some("  a =>\n    1\n-   2\n+   3")
        );
        assert_eq!(diff(None, Some("a => 1")).as_deref(), Some("+ a => 1"));
        assert_eq!(diff(None, None), None);
    }
}
