//! The log of changes as the running image keeps it: what is logged when, and when it is written to files.

use crate::change_log::{ChangeLog, Intent, NewClass};
use crate::compiler::{Compiled, Problem};
use crate::compiler_thread::CompilerFailed;
use crate::flush::{Flushed, flush};
use crate::image::Image;
use crate::journal::Entry;
use beamtalk_node::{ChangeFilter, FlushFacts};
use beamtalk_project::Place;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a compilation means for the log.
pub(crate) enum Logging {
    /// The methods that it changes.
    Edits(Intent),
    /// A class for a new file.
    NewClass(NewClass),
}

/// The log, shared with the compiler's thread.
pub(crate) struct Changes {
    log: Arc<Mutex<ChangeLog>>,
    /// Each durable change is written at once.
    autoflush: AtomicBool,
}

impl Changes {
    pub(crate) fn new(log: ChangeLog, autoflush: bool) -> Self {
        Self { log: Arc::new(Mutex::new(log)), autoflush: AtomicBool::new(autoflush) }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, ChangeLog> {
        lock(&self.log)
    }

    pub(crate) fn autoflush(&self) -> bool {
        self.autoflush.load(Ordering::Relaxed)
    }
}

fn lock(log: &Mutex<ChangeLog>) -> MutexGuard<'_, ChangeLog> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Image {
    /// Something that needs both the log and the compiler.
    pub(crate) async fn with_log<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut ChangeLog, &mut dyn crate::Compiler) -> R + Send + 'static,
    ) -> Result<R, CompilerFailed> {
        let log = self.changes.log.clone();
        self.compiler.run(move |compiler| work(&mut lock(&log), compiler)).await
    }

    /// Logs what was compiled and loaded. Hold the turn of changes.
    pub(crate) async fn log_compiled(
        &self,
        compiled: &mut Compiled,
        logging: Logging,
    ) -> Result<(), CompilerFailed> {
        let edits = std::mem::take(&mut compiled.edits);
        let mut classes: Vec<String> = match &logging {
            Logging::Edits(_) if edits.is_empty() => return Ok(()),
            Logging::Edits(Intent::Ephemeral) => Vec::new(),
            Logging::Edits(Intent::Durable) => edits.iter().map(|edit| edit.class.to_string()).collect(),
            Logging::NewClass(new) => vec![new.class.clone()],
        };
        classes.dedup();
        self.with_log(move |log, _| match logging {
            Logging::Edits(intent) => edits.iter().for_each(|edit| log.add_edit(edit, intent)),
            Logging::NewClass(new) => log.add_new_class(new),
        })
        .await?;
        for class in classes.into_iter().filter(|_| self.changes.autoflush()) {
            let filter = ChangeFilter { class: Some(class), ..ChangeFilter::default() };
            let facts = self.flush_in_turn(filter, false).await?;
            compiled.warnings.extend(unwritten(&facts));
        }
        Ok(())
    }

    /// Logs that a class was removed.
    pub(crate) async fn log_removed_class(
        &self,
        class: String,
        place: Option<Place>,
    ) -> Result<(), CompilerFailed> {
        self.with_log(move |log, _| log.add_removed_class(&class, place.as_ref())).await
    }

    /// Writes changes to their files.
    pub(crate) async fn flush(
        &self,
        filter: ChangeFilter,
        destructive: bool,
    ) -> Result<FlushFacts, CompilerFailed> {
        let _changing = self.changing.lock().await;
        self.flush_in_turn(filter, destructive).await
    }

    async fn flush_in_turn(
        &self,
        filter: ChangeFilter,
        destructive: bool,
    ) -> Result<FlushFacts, CompilerFailed> {
        let written = self.with_log(move |log, compiler| flush(log, compiler, &filter, destructive)).await?;
        let Flushed { facts, rewritten } = written;
        for (path, text) in rewritten {
            self.journal.append(&Entry::Rewritten { path, text });
        }
        if facts.files.is_empty() {
            return Ok(facts);
        }
        let files: Vec<String> = facts.files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
        let kinds: Vec<Value> =
            facts.files.iter().map(|file| json!({"file": file, "kind": kind(file)})).collect();
        self.router.push("workspace", "flush_completed", json!({"files": files, "fileKinds": kinds}));
        // The files are written whether or not there is a node to hear of it.
        if let Err(error) = self.node.flushed(files).await {
            tracing::warn!(%error, "the node was not told what was written");
        }
        Ok(facts)
    }

    /// Sets whether changes are written at once.
    pub(crate) fn set_autoflush(&self, on: bool) {
        self.changes.autoflush.store(on, Ordering::Relaxed);
        self.router.record.change_now(|metadata| metadata.settings.autoflush = on);
    }
}

/// Whether a file is a source or a test.
fn kind(file: &Path) -> &'static str {
    if file.components().any(|part| part.as_os_str() == "test") { "test" } else { "source" }
}

/// The warning that memory is ahead of the files.
fn unwritten(facts: &FlushFacts) -> Option<Problem> {
    let conflict = facts.conflicts.first()?;
    let message = format!(
        "The change is in memory only: {} was not written ({}: {})",
        conflict.file.display(),
        conflict.reason,
        conflict.detail
    );
    tracing::warn!("{message}");
    let help = Some("See `Workspace changes`, mend the file, and `Workspace flush`.".into());
    Some(Problem { rendered: message.clone(), message, help, ..Problem::default() })
}
