//! The workspace's metadata while it runs, written behind the work.

use beamtalk_home::workspace::now;
use beamtalk_home::{HomeError, Metadata, WorkspaceFolder};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Changes within this time are written together.
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
    urgent: Notify,
    last_active: AtomicU64,
}

impl Record {
    pub(crate) fn new(place: WorkspaceFolder, metadata: Metadata) -> Self {
        let shared = Shared {
            place: Some(place),
            metadata: Mutex::new(Some(metadata)),
            changed: Notify::new(),
            urgent: Notify::new(),
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

    /// Changes the metadata in a way that others look for: the file follows at once.
    pub(crate) fn change_now(&self, change: impl FnOnce(&mut Metadata)) {
        self.change(change);
        self.shared.urgent.notify_one();
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
            tokio::select! {
                () = tokio::time::sleep(DEBOUNCE) => {}
                () = self.shared.urgent.notified() => {}
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use beamtalk_home::{Home, WorkspaceId};

    #[tokio::test]
    async fn what_others_look_for_is_written_at_once_and_the_rest_a_little_later() {
        let dir = tempfile::tempdir().unwrap();
        let place = Home::at(dir.path().join("home")).workspace(&WorkspaceId::named("w").unwrap());
        let record = Record::new(place.clone(), place.create(dir.path()).unwrap());
        tokio::spawn(record.clone().write_changes());
        let written = || place.metadata().unwrap().unwrap();
        record.change(|metadata| metadata.evaluation_modules = 7);
        tokio::time::sleep(DEBOUNCE / 4).await;
        assert_eq!(written().evaluation_modules, 0);
        record.change_now(|metadata| metadata.otp_release = Some("25".into()));
        tokio::time::sleep(DEBOUNCE / 4).await;
        assert_eq!((written().evaluation_modules, written().otp_release.as_deref()), (7, Some("25")));
        record.change(|metadata| metadata.evaluation_modules = 8);
        tokio::time::sleep(DEBOUNCE / 4).await;
        assert_eq!(written().evaluation_modules, 7, "the hurry is over");
        tokio::time::sleep(DEBOUNCE).await;
        assert_eq!(written().evaluation_modules, 8);
    }
}
