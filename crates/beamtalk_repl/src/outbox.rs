//! What waits to be written to one client.
//!
//! Replies always find room, since a connection answers one request before it takes the next; what comes unasked
//! (output as it is written, pushes) is dropped when the client does not read, with one notice.

use crate::reply::Frame;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

/// Bytes that may wait before frames are dropped and further requests have to wait.
const ROOM: usize = 4 << 20;

/// The sending side; clones send to the same client.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    lines: mpsc::UnboundedSender<String>,
    waiting: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    written: Notify,
    dropping: AtomicBool,
}

/// The receiving side, for the task that writes.
#[derive(Debug)]
pub(crate) struct Inbox {
    lines: mpsc::UnboundedReceiver<String>,
    waiting: Arc<Waiting>,
}

pub(crate) fn outbox() -> (Outbox, Inbox) {
    let (sender, lines) = mpsc::unbounded_channel();
    let waiting = Arc::new(Waiting::default());
    (Outbox { lines: sender, waiting: waiting.clone() }, Inbox { lines, waiting })
}

impl Outbox {
    /// Sends a reply. Does nothing for a client that is gone.
    pub(crate) fn send(&self, line: String) {
        self.waiting.bytes.fetch_add(line.len(), Ordering::Relaxed);
        let _ = self.lines.send(line);
    }

    /// Sends a frame that may be dropped. `notice` makes the frame that says so.
    pub(crate) fn offer(&self, frame: &Frame, notice: impl FnOnce() -> Frame) {
        if self.has_room() {
            self.waiting.dropping.store(false, Ordering::Relaxed);
            self.send(frame.line());
        } else if !self.waiting.dropping.swap(true, Ordering::Relaxed) {
            self.send(notice().line());
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.waiting.bytes.load(Ordering::Relaxed) < ROOM
    }

    /// Waits until the client has read enough, or is gone.
    pub(crate) async fn room(&self) {
        while !self.has_room() && !self.lines.is_closed() {
            let written = self.waiting.written.notified();
            if self.has_room() || self.lines.is_closed() {
                return;
            }
            written.await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lines.is_closed()
    }

    /// Waits until the client is gone.
    pub(crate) async fn closed(&self) {
        self.lines.closed().await;
    }
}

impl Inbox {
    /// Writes until every sender is gone or the client is.
    pub(crate) async fn write_to(mut self, mut socket: impl AsyncWrite + Unpin) {
        while let Some(line) = self.lines.recv().await {
            let written = socket.write_all(line.as_bytes()).await;
            self.waiting.bytes.fetch_sub(line.len(), Ordering::Relaxed);
            self.waiting.written.notify_waiters();
            if written.is_err() {
                break;
            }
        }
        let _ = socket.shutdown().await;
        self.lines.close();
        self.waiting.written.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn l4_what_a_client_does_not_read_is_dropped_with_one_notice() {
        let (outbox, mut inbox) = outbox();
        let big = Frame::new().with("out", "x".repeat(1 << 20));
        for _ in 0..10 {
            outbox.offer(&big, || Frame::new().with("notice", true));
        }
        drop(outbox);
        let mut sizes = Vec::new();
        while let Some(line) = inbox.lines.recv().await {
            sizes.push(line.len());
        }
        assert_eq!(sizes.len(), 5, "four frames and a notice: {sizes:?}");
        assert!(sizes[4] < 100);
    }
}
