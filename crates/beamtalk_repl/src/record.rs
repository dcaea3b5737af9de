//! The workspace's metadata while it runs, written behind the work.

use beamtalk_home::workspace::now;
use beamtalk_home::{HomeError, Metadata, WorkspaceFolder};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Changes within this time are written at once.
const DEBOUNCE: Duration = Duration::from_secs(2);

/// The metadata and the time of the last activity. Clones are the same record.
#[derive(Clone, Default)]
pub(crate) struct Record {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    place: Option<WorkspaceFolder>,
    metadata: Mutex<Option<Metadata>>,
    changed: Notify,
    last_active: AtomicU64,
}

impl Record {
    pub(crate) fn new(place: WorkspaceFolder, metadata: Metadata) -> Self {
        let shared = Shared {
            place: Some(place),
            metadata: Mutex::new(Some(metadata)),
            changed: Notify::new(),
            last_active: AtomicU64::new(now()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Something happened that keeps the workspace alive.
    pub(crate) fn touch(&self) {
        self.shared.last_active.store(now(), Ordering::Relaxed);
    }

    pub(crate) fn last_active(&self) -> u64 {
        self.shared.last_active.load(Ordering::Relaxed)
    }

    /// Changes the metadata; the file follows.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Metadata)) {
        if let Some(metadata) = self.metadata().as_mut() {
            change(metadata);
        }
        self.shared.changed.notify_one();
    }

    /// Writes now.
    pub(crate) fn write(&self) -> Result<(), HomeError> {
        let metadata = self.metadata().clone();
        match (&self.shared.place, metadata) {
            (Some(place), Some(mut metadata)) => {
                metadata.last_active = self.last_active();
                place.write_metadata(&metadata)
            }
            _ => Ok(()),
        }
    }

    /// Writes whenever something changed, for ever.
    pub(crate) async fn write_changes(self) {
        loop {
            self.shared.changed.notified().await;
            tokio::time::sleep(DEBOUNCE).await;
            let record = self.clone();
            let written = tokio::task::spawn_blocking(move || record.write()).await;
            if let Ok(Err(error)) = written {
                tracing::error!(%error, "cannot write the workspace's metadata");
            }
        }
    }

    fn metadata(&self) -> MutexGuard<'_, Option<Metadata>> {
        self.shared.metadata.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
