//! Writing logged changes to the files of their classes: all of a flush or nothing.
//!
//! A file that somebody else has changed is a conflict, which is an answer and no error; its changes stay in the log.

use crate::change_log::{ChangeLog, NEW_CLASS, REMOVE_CLASS, REMOVE_METHOD};
use crate::compiler::Compiler;
use beamtalk_home::StoredChange;
use beamtalk_node::{ChangeFilter, FlushConflict, FlushFacts, SkippedChange};
use beamtalk_project::{
    FileChange, Misfit, SaveError, Saving, Source, Span, Splice, Spliced, digest, moved, read_source, spliced,
};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a flush came to.
#[derive(Debug, Default)]
pub(crate) struct Flushed {
    pub(crate) facts: FlushFacts,
    /// The texts that the compiler now knows files to have.
    pub(crate) rewritten: Vec<(PathBuf, String)>,
}

type Moves = Vec<(Span, u32)>;

/// What is to become of a file, and for the sake of which changes.
struct Plan {
    changes: Vec<usize>,
    change: FileChange,
    moves: Moves,
}

/// Writes the pending changes that the filter leaves in.
pub(crate) fn flush(
    log: &mut ChangeLog,
    compiler: &mut dyn Compiler,
    filter: &ChangeFilter,
    destructive: bool,
) -> Flushed {
    let mut flushed = Flushed::default();
    let mut files: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for index in pending(log, compiler, filter) {
        let stored = &log.changes[index].change.stored;
        if stored.kind == REMOVE_CLASS && !destructive {
            let (class, seq) = (stored.class.clone(), stored.seq);
            flushed.facts.skipped.push(SkippedChange { class, reason: "destructive", seq });
        } else if let Some(file) = &stored.source_file {
            files.entry(file.clone()).or_default().push(index);
        }
    }
    let mut plans: BTreeMap<PathBuf, Plan> = BTreeMap::new();
    for (file, changes) in files {
        match plan(log, &file, &changes) {
            Ok((change, moves)) => drop(plans.insert(file, Plan { changes, change, moves })),
            Err(conflicts) => flushed.facts.conflicts.extend(conflicts),
        }
    }
    if flushed.facts.conflicts.is_empty() && !plans.is_empty() {
        save(log, compiler, plans, &mut flushed);
    }
    flushed
}

/// The changes that can be written and have not been.
fn pending(log: &ChangeLog, compiler: &dyn Compiler, filter: &ChangeFilter) -> Vec<usize> {
    let file = filter.file.as_ref().map(|file| {
        let full = log.root.join(file);
        std::fs::canonicalize(&full).unwrap_or(full)
    });
    let wanted = |stored: &StoredChange| {
        filter.class.as_ref().is_none_or(|class| *class == stored.class)
            && (filter.kinds.is_empty() || filter.kinds.contains(&stored.kind))
            && (filter.authors.is_empty() || filter.authors.contains(&stored.author_kind))
            && file.as_ref().is_none_or(|file| stored.source_file.as_ref() == Some(file))
    };
    let standing = log.standing(compiler);
    let all = log.changes.iter().zip(standing).enumerate();
    all.filter(|(_, (logged, standing))| {
        let stored = &logged.change.stored;
        stored.intent == "durable" && stored.flushable && standing.is_pending() && wanted(stored)
    })
    .map(|(index, _)| index)
    .collect()
}

/// What changes make of a file.
fn plan(log: &ChangeLog, file: &Path, changes: &[usize]) -> Result<(FileChange, Moves), Vec<FlushConflict>> {
    let stored = |index: &usize| &log.changes[*index].change.stored;
    let conflict = |reason, seqs: Vec<u64>, detail: String| FlushConflict {
        file: file.to_path_buf(),
        reason,
        seqs,
        detail,
    };
    let all = || changes.iter().map(|index| stored(index).seq).collect::<Vec<_>>();
    let of_kind = |kind: &str| changes.iter().find(|index| stored(index).kind == kind);
    if let Some(new) = of_kind(NEW_CLASS) {
        if changes.len() > 1 {
            let detail = format!(
                "the file of {} must be made before its methods can be changed; flush #'new-class' first",
                stored(new).class
            );
            return Err(vec![conflict("mixed_new_class_and_splice", all(), detail)]);
        }
        if std::fs::symlink_metadata(file).is_ok() {
            return Err(vec![conflict("target_exists", all(), "there is a file already".into())]);
        }
        let text = log.changes[*new].change.source.clone().unwrap_or_default();
        return Ok((FileChange::Create(text), Moves::new()));
    }
    if let Some(removed) = of_kind(REMOVE_CLASS) {
        if changes.len() > 1 {
            let detail =
                format!("{} was removed, and other classes of the file were changed", stored(removed).class);
            return Err(vec![conflict("mixed_remove_class_and_splice", all(), detail)]);
        }
        return removal(file, stored(removed))
            .map(|()| (FileChange::Delete, Moves::new()))
            .map_err(|(reason, detail)| vec![conflict(reason, all(), detail)]);
    }
    let text = read_source(file)
        .map_err(|error| vec![conflict("source_file_unreadable", all(), error.to_string())])?;
    let splices: Vec<Splice> = changes.iter().map(|index| splice(log, *index)).collect();
    match spliced(&text, &splices) {
        Ok(Spliced { text: new, moves }) => Ok((FileChange::Replace { old: text, new }, moves)),
        Err(refusals) => {
            let each = |reason: &'static str, misfit| {
                let found: Vec<_> = refusals.iter().filter(|refusal| refusal.misfit == misfit).collect();
                let seqs = found.iter().map(|refusal| stored(&changes[refusal.index]).seq).collect();
                found.first().map(|first| conflict(reason, seqs, first.detail.clone()))
            };
            let conflicts =
                [each("external_edit", Misfit::ExternalEdit), each("span_out_of_range", Misfit::OutOfRange)];
            Err(conflicts.into_iter().flatten().collect())
        }
    }
}

/// Whether the file of a removed class may go.
fn removal(file: &Path, stored: &StoredChange) -> Result<(), (&'static str, String)> {
    let text = match read_source(file) {
        Ok(text) => text,
        Err(SaveError::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(("source_file_unreadable", error.to_string())),
    };
    if stored.span.as_ref().is_some_and(|span| span.digest != digest(text.as_bytes())) {
        return Err(("external_edit", "the file was edited after it was loaded".into()));
    }
    let others: Vec<String> = Source::new("", text)
        .defined_names()
        .iter()
        .filter(|name| *name != &stored.class)
        .map(ToString::to_string)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err((
        "shared_file",
        format!("the file also defines {}; take {} out of it by hand", others.join(", "), stored.class),
    ))
}

fn splice(log: &ChangeLog, index: usize) -> Splice {
    let change = &log.changes[index].change;
    let (span, digest) = place(&change.stored);
    Splice {
        class: change.stored.class.as_str().into(),
        class_side: change.stored.side.as_deref() == Some("class"),
        selector: change.stored.selector.as_deref().unwrap_or_default().into(),
        text: change.source.clone().filter(|_| change.stored.kind != REMOVE_METHOD),
        span,
        digest,
    }
}

fn place(stored: &StoredChange) -> (Span, String) {
    stored.span.as_ref().map_or_else(
        || (Span::default(), digest(b"")),
        |place| (Span::new(place.start, place.end), place.digest.clone()),
    )
}

fn save(
    log: &mut ChangeLog,
    compiler: &mut dyn Compiler,
    mut plans: BTreeMap<PathBuf, Plan>,
    flushed: &mut Flushed,
) {
    let facts = &mut flushed.facts;
    let changes = plans.iter().map(|(file, plan)| (file.clone(), plan.change.clone())).collect();
    let saving = match Saving::prepare(&log.root, changes) {
        Ok(saving) => saving,
        Err(failed) => {
            facts.conflicts.extend(failed.into_iter().map(|(file, error)| {
                let reason = refused(&error, "source_file_unreadable");
                conflict(log, &plans, file, reason, &error)
            }));
            return;
        }
    };
    for (file, error) in saving.commit() {
        facts.conflicts.push(conflict(log, &plans, file.clone(), refused(&error, "rename_failed"), &error));
        plans.remove(&file);
    }
    for (file, plan) in plans {
        let count = plan.changes.len();
        for index in &plan.changes {
            log.changes[*index].change.stored.flushed = true;
        }
        facts.flushed += count;
        match plan.change {
            FileChange::Create(text) => {
                facts.new_classes += 1;
                flushed.rewritten.push((file.clone(), text));
            }
            FileChange::Delete => facts.removed_classes += 1,
            FileChange::Replace { old, new } => {
                let splices: Vec<Splice> = plan.changes.iter().map(|index| splice(log, *index)).collect();
                let loaded = compiler.source_text(&file);
                move_others(log, &file, &new, &plan.moves);
                flushed
                    .rewritten
                    .extend(as_loaded(loaded, &old, new, &splices).map(|text| (file.clone(), text)));
            }
        }
        facts.files.push(file);
    }
    for (file, text) in &flushed.rewritten {
        compiler.rewritten(file, text);
    }
    if let Err(error) = log.record() {
        let file = facts.files.first().cloned().unwrap_or_default();
        let detail = format!("the files are written, but the log does not say so: {error}");
        facts.conflicts.push(FlushConflict { file, reason: "flush_marker_failed", seqs: Vec::new(), detail });
    }
}

/// The text that the compiler is to know. What others have changed elsewhere in the file is not loaded by writing into it.
fn as_loaded(loaded: Option<String>, old: &str, new: String, splices: &[Splice]) -> Option<String> {
    let loaded = loaded?;
    if loaded == old { Some(new) } else { spliced(&loaded, splices).ok().map(|spliced| spliced.text) }
}

/// The places of what is still to be written move with the text before them.
fn move_others(log: &mut ChangeLog, file: &Path, text: &str, moves: &[(Span, u32)]) {
    for logged in &mut log.changes {
        let stored = &mut logged.change.stored;
        if stored.source_file.as_deref() != Some(file) || stored.kind == REMOVE_CLASS {
            continue;
        }
        if let Some(place) = &mut stored.span {
            let span = Span::new(place.start, place.end);
            let now = moved(span, moves);
            // What somebody else has changed meanwhile is still not what was there.
            if moves.iter().any(|(old, _)| old.start < span.end && span.start < old.end) {
                place.digest = digest(now.text(text).as_bytes());
            }
            (place.start, place.end) = (now.start, now.end);
        }
    }
}

fn refused(error: &SaveError, otherwise: &'static str) -> &'static str {
    match error {
        SaveError::Exists => "target_exists",
        SaveError::Changed | SaveError::Astray => "external_edit",
        SaveError::NotUtf8 | SaveError::Io(_) => otherwise,
    }
}

fn conflict(
    log: &ChangeLog,
    plans: &BTreeMap<PathBuf, Plan>,
    file: PathBuf,
    reason: &'static str,
    error: &SaveError,
) -> FlushConflict {
    let changes = plans.get(&file).map(|plan| plan.changes.as_slice()).unwrap_or_default();
    let seqs = changes.iter().map(|index| log.changes[*index].change.stored.seq).collect();
    FlushConflict { file, reason, seqs, detail: error.to_string() }
}
