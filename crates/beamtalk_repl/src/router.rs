//! Where the node's events go: to the session that they belong to, to the clients that asked for them, to the log.

use crate::outbox::Outbox;
use crate::pool::NamePool;
use crate::record::Record;
use crate::reply::Frame;
use crate::session::Sessions;
use beamtalk_home::metadata::ProcessId;
use beamtalk_node::{Event, Node};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// A program of a client that does not speak the streaming form waits so long for its input.
const INPUT_LIMIT: Duration = Duration::from_secs(30);

/// What clients can subscribe to.
pub(crate) const CHANNELS: &[&str] = &["transcript", "actors", "bindings", "classes", "workspace", "node"];

/// Shared by the node's reader and everyone who waits for what it reads.
#[derive(Default)]
pub(crate) struct Router {
    pub(crate) sessions: Sessions,
    pub(crate) record: Record,
    names: Mutex<NamePool>,
    subscribers: Mutex<BTreeMap<u64, Subscriber>>,
    next_subscriber: AtomicU64,
    node: OnceLock<Node>,
    /// Names bound in the workspace.
    globals: Mutex<Vec<String>>,
}

struct Subscriber {
    outbox: Outbox,
    channels: BTreeSet<&'static str>,
}

impl Router {
    pub(crate) fn new(record: Record, names: NamePool) -> Self {
        Self { record, names: Mutex::new(names), ..Self::default() }
    }

    /// Gives the router the node, whose events it already gets.
    pub(crate) fn set_node(&self, node: Node) {
        let _ = self.node.set(node);
    }

    pub(crate) fn names(&self) -> MutexGuard<'_, NamePool> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names bound in the workspace.
    pub(crate) fn globals(&self) -> Vec<String> {
        self.globals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_globals(&self, names: Vec<String>) {
        *self.globals.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// A number for a connection's subscriptions.
    pub(crate) fn new_subscriber(&self) -> u64 {
        self.next_subscriber.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn subscribe(&self, who: u64, outbox: Outbox, channels: BTreeSet<&'static str>) {
        self.subscribers().insert(who, Subscriber { outbox, channels });
    }

    pub(crate) fn unsubscribe(&self, who: u64) {
        self.subscribers().remove(&who);
    }

    /// Sends a push to everyone who asked for the channel.
    pub(crate) fn push(&self, channel: &str, event: &str, data: Value) {
        let frame = Frame::new()
            .with("type", "push")
            .with("channel", channel)
            .with("event", event)
            .with("data", data);
        self.send(channel, &frame);
    }

    /// Handles one event. Called in the order of the node's packets; never waits.
    pub(crate) fn handle(self: &Arc<Self>, event: Event) {
        match event {
            Event::Output { session, bytes } => {
                if let Some(session) = self.sessions.find(&session) {
                    session.wrote(&bytes);
                }
            }
            Event::ErrorOutput { session, text } => {
                if let Some(session) = self.sessions.find(&session) {
                    session.wrote_error(&text);
                }
            }
            Event::Input { session, prompt } => self.ask(&session, &prompt),
            Event::Transcript(text) => {
                let frame = Frame::new().with("push", "transcript").with("text", text);
                self.send("transcript", &frame);
            }
            Event::Actor { spawned, pid, class, reason } => {
                self.record.touch();
                let name = if spawned { "spawned" } else { "stopped" };
                self.push("actors", name, json!({"class": class, "pid": pid, "reason": reason}));
            }
            Event::Globals(names) => {
                self.set_globals(names);
                self.push("bindings", "changed", json!({"session": null}));
            }
            Event::Bindings { session } => self.push("bindings", "changed", json!({"session": session})),
            Event::Released(module) => self.names().release(&module),
            Event::Log { level, text, class, selector, metadata } => {
                log(&level, &text, &Origin { class, selector, metadata });
            }
            Event::Up { fresh, otp, os_pid } => {
                tracing::info!(fresh, otp, os_pid, "the node is up");
                if fresh {
                    self.set_globals(Vec::new());
                    self.names().release_all();
                    self.sessions.forget_variables();
                }
                self.record.change_now(|metadata| {
                    metadata.node = Some(ProcessId::of(os_pid));
                    metadata.otp_release = Some(otp);
                });
            }
            Event::Down { reason } => {
                tracing::error!(reason, "the node stopped; starting another");
                self.push("node", "stopped", json!({"reason": reason}));
            }
        }
    }

    fn ask(self: &Arc<Self>, id: &str, prompt: &str) {
        let Some(session) = self.sessions.find(id) else {
            return;
        };
        let patience = match session.ask(prompt) {
            // A client of the streaming form shows the prompt and its person may think.
            Some(true) => return,
            Some(false) => INPUT_LIMIT,
            None => Duration::ZERO,
        };
        let router = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            let unanswered = patience.is_zero() || session.take_waiting();
            if let (true, Some(node)) = (unanswered, router.node.get()) {
                // A session that is gone needs no input.
                let _ = node.stdin(session.id(), None).await;
            }
        });
    }

    fn send(&self, channel: &str, frame: &Frame) {
        for subscriber in self.subscribers().values() {
            if subscriber.channels.contains(channel) {
                subscriber.outbox.offer(frame, || {
                    Frame::new().with("type", "push").with("channel", channel).with("event", "dropped")
                });
            }
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, BTreeMap<u64, Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The target of the node's own log lines, which the node has filtered already.
pub const LOG_TARGET: &str = "node";

/// Who wrote a log line, and what else was said.
struct Origin {
    class: Option<String>,
    selector: Option<String>,
    metadata: Option<String>,
}

/// Erlang's eight levels in our five. What is not known leaves no trace in the line.
fn log(level: &str, text: &str, origin: &Origin) {
    let Origin { class, selector, metadata } = origin;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(target: LOG_TARGET, class, selector, metadata, "{text}")
        };
    }
    match level {
        "emergency" | "alert" | "critical" | "error" => line!(error),
        "warning" => line!(warn),
        "notice" | "info" => line!(info),
        _ => line!(debug),
    }
}
