//! Sessions: what the host knows of each, and the output of what they evaluate.

use crate::outbox::Outbox;
use crate::reply::Failure;
use crate::wire::Envelope;
use beamtalk_node::VariableKind;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// More sessions than this are refused.
const MOST_SESSIONS: usize = 1024;

/// Output of one evaluation that is kept for its final reply, in bytes.
const KEPT_OUTPUT: usize = 16 << 20;

/// What stands for output that a client has not read in time.
const DROPPED: &str = "\n[output dropped: the client does not read]\n";

/// Output that came between evaluations and is kept for the next one, in bytes.
const KEPT_EARLY_OUTPUT: usize = 64 << 10;

/// One client's evaluation state.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    /// It stays when its connection ends.
    lasting: AtomicBool,
    /// The node knows it.
    open: tokio::sync::Mutex<bool>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// `None` when the node has variables that we have not seen.
    variables: Option<Vec<(String, VariableKind)>>,
    running: Option<Running>,
    early: Captured,
}

/// The evaluation that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) envelope: Envelope,
    pub(crate) outbox: Outbox,
    /// Frames with the output as it is written were asked for.
    pub(crate) stream: bool,
    pub(crate) output: Captured,
    /// The program waits for input.
    pub(crate) waiting: bool,
}

impl Session {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn is_lasting(&self) -> bool {
        self.lasting.load(Ordering::Relaxed)
    }

    pub(crate) fn make_lasting(&self) {
        self.lasting.store(true, Ordering::Relaxed);
    }

    /// Held while the session is opened at the node; true when it is.
    pub(crate) fn open(&self) -> &tokio::sync::Mutex<bool> {
        &self.open
    }

    pub(crate) fn variables(&self) -> Option<Vec<(String, VariableKind)>> {
        self.inner().variables.clone()
    }

    pub(crate) fn set_variables(&self, variables: Vec<(String, VariableKind)>) {
        self.inner().variables = Some(variables);
    }

    /// Begins an evaluation; there is one at a time.
    pub(crate) fn begin(&self, envelope: Envelope, outbox: Outbox, stream: bool) -> Result<(), Failure> {
        let mut inner = self.inner();
        if inner.running.is_some() {
            return Err(Failure::new("An evaluation is already in progress")
                .hint("Use Ctrl-C to interrupt the current evaluation."));
        }
        let output = std::mem::replace(&mut inner.early, Captured::new(KEPT_EARLY_OUTPUT));
        let output = Captured { limit: KEPT_OUTPUT, ..output };
        inner.running = Some(Running { envelope, outbox, stream, output, waiting: false });
        Ok(())
    }

    /// Ends the evaluation; answers what it wrote.
    pub(crate) fn end(&self) -> Option<String> {
        self.inner().running.take().and_then(|running| running.output.into_text())
    }

    /// Takes what a program wrote.
    pub(crate) fn wrote(&self, bytes: &[u8]) {
        let mut inner = self.inner();
        let Inner { running, early, .. } = &mut *inner;
        let Some(running) = running else {
            return early.push(bytes);
        };
        running.output.push(bytes);
        if running.stream
            && let Some(text) = running.output.take_chunk()
        {
            let frame = |text: &str| running.envelope.frame().with("out", text);
            running.outbox.offer(&frame(&text), || frame(DROPPED));
        }
    }

    /// Takes what a program wrote to its standard error. Only a client of the streaming form has a place for it.
    pub(crate) fn wrote_error(&self, text: &str) {
        let inner = self.inner();
        if let Some(running) = inner.running.as_ref().filter(|running| running.stream) {
            let frame = |text: &str| running.envelope.frame().with("err", text);
            running.outbox.offer(&frame(text), || frame(DROPPED));
        }
    }

    /// Tells the client that its program waits for input; answers whether anyone can give it.
    pub(crate) fn ask(&self, prompt: &str) -> Option<bool> {
        let mut inner = self.inner();
        let running = inner.running.as_mut()?;
        running.waiting = true;
        let frame = running.envelope.frame();
        let frame = frame.with("status", json!(["need-input"])).with("prompt", prompt);
        running.outbox.send(frame.line());
        Some(running.stream)
    }

    /// Whether the program waits for input, which it then does no more.
    pub(crate) fn take_waiting(&self) -> bool {
        let mut inner = self.inner();
        inner.running.as_mut().is_some_and(|running| std::mem::take(&mut running.waiting))
    }

    /// The node is a new one: whatever it knew is gone.
    fn forget_variables(&self) {
        self.inner().variables = Some(Vec::new());
    }

    /// Each use leaves the fields whole, so a panic elsewhere does no harm.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sessions of the workspace.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: Mutex<BTreeMap<String, Arc<Session>>>,
}

impl Sessions {
    /// A new session with an id of its own.
    pub(crate) fn create(&self) -> Result<Arc<Session>, Failure> {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let mut random = [0; 8];
        beamtalk_home::cookie::fill_random(&mut random)
            .map_err(|error| Failure::new(format!("Cannot make a session: {error}")))?;
        let id = format!("session_{micros}_{}", beamtalk_home::names::hex(&random));
        self.insert(id, false, Some(Vec::new()))
    }

    /// The session with this name, and whether it was there.
    pub(crate) fn named(&self, name: &str) -> Result<(Arc<Session>, bool), Failure> {
        if let Some(session) = self.find(name) {
            return Ok((session, true));
        }
        let session = self.insert(name.to_owned(), true, Some(Vec::new()))?;
        Ok((session, false))
    }

    /// A session that a living node has from the time of an earlier host.
    pub(crate) fn found(&self, id: &str) -> Result<Arc<Session>, Failure> {
        self.insert(id.to_owned(), true, None)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.by_id().get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Arc<Session>> {
        self.by_id().remove(id)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.by_id().keys().cloned().collect()
    }

    /// Whether one of them evaluates something.
    pub(crate) fn any_runs(&self) -> bool {
        self.by_id().values().any(|session| session.inner().running.is_some())
    }

    pub(crate) fn forget_variables(&self) {
        for session in self.by_id().values() {
            session.forget_variables();
        }
    }

    fn insert(
        &self,
        id: String,
        lasting: bool,
        variables: Option<Vec<(String, VariableKind)>>,
    ) -> Result<Arc<Session>, Failure> {
        let mut by_id = self.by_id();
        if by_id.len() >= MOST_SESSIONS {
            return Err(
                Failure::new("Too many sessions").hint("Close some: {\"op\":\"close\",\"session\":ID}")
            );
        }
        let inner = Inner { variables, running: None, early: Captured::new(KEPT_EARLY_OUTPUT) };
        let session = Arc::new(Session {
            id: id.clone(),
            lasting: AtomicBool::new(lasting),
            open: tokio::sync::Mutex::new(false),
            inner: Mutex::new(inner),
        });
        Ok(by_id.entry(id).or_insert(session).clone())
    }

    fn by_id(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Session>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Output up to a limit. What is over it is counted, not kept.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    limit: usize,
    bytes: Vec<u8>,
    dropped: usize,
    /// How much of `bytes` was already given out by [`Captured::take_chunk`].
    given: usize,
}

impl Captured {
    fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        let kept = &bytes[..bytes.len().min(room)];
        self.bytes.extend_from_slice(kept);
        self.dropped += bytes.len() - kept.len();
    }

    /// What came since the last time, without half a character at its end.
    fn take_chunk(&mut self) -> Option<String> {
        let new = &self.bytes[self.given..];
        let whole = new.len() - incomplete_tail(new);
        let text = String::from_utf8_lossy(&new[..whole]).into_owned();
        self.given += whole;
        (!text.is_empty()).then_some(text)
    }

    fn into_text(self) -> Option<String> {
        if self.bytes.is_empty() && self.dropped == 0 {
            return None;
        }
        let mut text = String::from_utf8_lossy(&self.bytes).into_owned();
        if self.dropped > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[{} bytes of output dropped]\n", self.dropped);
        }
        Some(text)
    }
}

/// How many bytes at the end are the beginning of a character.
fn incomplete_tail(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => 0,
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        // Something invalid is further ahead; only the last three bytes can be half a character.
        Err(_) => (1..=3.min(bytes.len()))
            .find(|length| {
                let end = &bytes[bytes.len() - length..];
                std::str::from_utf8(end)
                    .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
            })
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn output_over_the_limit_is_counted() {
        let mut captured = Captured::new(4);
        captured.push(b"abc");
        captured.push(b"def");
        assert_eq!(captured.into_text().unwrap(), "abcd\n[2 bytes of output dropped]\n");
    }

    #[test]
    fn no_output_is_no_text() {
        assert_eq!(Captured::new(4).into_text(), None);
    }

    proptest! {
        #[test]
        fn chunks_never_split_a_character(text in "\\PC{0,20}", cuts in prop::collection::vec(0usize..60, 0..5)) {
            let mut captured = Captured::new(1 << 20);
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut joined = String::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                let to = cut.clamp(from, text.len());
                captured.push(&text.as_bytes()[from..to]);
                joined.extend(captured.take_chunk());
                from = to;
            }
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn any_bytes_can_be_output(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut captured = Captured::new(1 << 20);
            for byte in &bytes {
                captured.push(&[*byte]);
                captured.take_chunk();
            }
            prop_assert!(bytes.len() - captured.given <= 3);
        }
    }
}
