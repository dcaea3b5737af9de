//! One connection with a node: requests go out, replies and events come in.

use crate::NodeError;
use crate::error::Raised;
use crate::packet::{Event, Hello, Incoming, LONGEST_PACKET, Request};
use crate::question::{Call, OnCall};
use eetf::Term;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

/// Requests that wait to be written; a node that does not read makes its clients wait.
const WAITING_REQUESTS: usize = 64;

/// What is told of everything that happens at the node. It is called in the order of the packets and must not wait.
pub type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// Who hears what the node says by itself.
#[derive(Clone)]
pub(crate) struct Listeners {
    pub(crate) on_event: OnEvent,
    /// Set when somebody can answer; until then questions are refused.
    pub(crate) on_call: Arc<OnceLock<OnCall>>,
}

type Answer = Result<Term, Option<Box<Raised>>>;

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    packets: mpsc::Sender<Vec<u8>>,
    pending: Arc<Mutex<Pending>>,
}

/// Requests that have no answer yet.
#[derive(Debug, Default)]
struct Pending {
    last_id: i32,
    closed: bool,
    waiting: HashMap<i32, oneshot::Sender<Answer>>,
}

impl Link {
    /// Reads the node's greeting and starts the traffic. The receiver resolves to a reason when the connection ends; by
    /// then every waiting request has failed.
    pub(crate) async fn open(
        stream: UnixStream,
        listeners: Listeners,
    ) -> Result<(Self, Hello, oneshot::Receiver<String>), NodeError> {
        let (mut reader, writer) = stream.into_split();
        let packet = read_packet(&mut reader).await.map_err(NodeError::Protocol)?;
        let hello = match packet.as_deref().map(Incoming::decode) {
            Some(Ok(Incoming::Hello(hello))) => hello,
            Some(Ok(_)) => return Err(NodeError::Protocol("no greeting".into())),
            Some(Err(reason)) => return Err(NodeError::Protocol(reason)),
            None => return Err(NodeError::Protocol("nothing at all".into())),
        };
        let (packets, outgoing) = mpsc::channel(WAITING_REQUESTS);
        // As many wait as processes of the node do.
        let (answers, outgoing_answers) = mpsc::unbounded_channel();
        let (closed, when_closed) = oneshot::channel();
        let pending = Arc::new(Mutex::new(Pending::default()));
        let incoming = Traffic { pending: pending.clone(), listeners, answers };
        tokio::spawn(write_all(writer, outgoing, outgoing_answers));
        tokio::spawn(read_all(reader, incoming, closed));
        Ok((Self { packets, pending }, hello, when_closed))
    }

    /// Sends a request and waits for its answer; `None` when the connection ended first.
    pub(crate) async fn request(&self, request: Request) -> Option<Result<Term, NodeError>> {
        let (sender, answer) = oneshot::channel();
        let id = lock(&self.pending).enter(sender)?;
        let packet = match request.encode(id) {
            Ok(packet) => packet,
            Err(reason) => {
                lock(&self.pending).waiting.remove(&id);
                return Some(Err(NodeError::Protocol(reason)));
            }
        };
        self.packets.send(packet).await.ok()?;
        match answer.await {
            Ok(Ok(term)) => Some(Ok(term)),
            Ok(Err(Some(raised))) => Some(Err(NodeError::Raised(raised))),
            Ok(Err(None)) | Err(_) => None,
        }
    }
}

impl Pending {
    fn enter(&mut self, sender: oneshot::Sender<Answer>) -> Option<i32> {
        if self.closed {
            return None;
        }
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.waiting.contains_key(&self.last_id) {
                self.waiting.insert(self.last_id, sender);
                return Some(self.last_id);
            }
        }
    }
}

/// Writes requests and answers until the link is dropped.
async fn write_all(
    mut writer: OwnedWriteHalf,
    mut requests: mpsc::Receiver<Vec<u8>>,
    mut answers: mpsc::UnboundedReceiver<Vec<u8>>,
) {
    loop {
        let packet = tokio::select! {
            request = requests.recv() => request,
            Some(answer) = answers.recv() => Some(answer),
        };
        let Some(packet) = packet else { return };
        if let Err(error) = writer.write_all(&packet).await {
            // The reader sees the end of the connection and tells of it.
            tracing::debug!(%error, "cannot write to the node");
            return;
        }
    }
}

/// Where packets of the node go.
struct Traffic {
    pending: Arc<Mutex<Pending>>,
    listeners: Listeners,
    answers: mpsc::UnboundedSender<Vec<u8>>,
}

async fn read_all(mut reader: OwnedReadHalf, traffic: Traffic, closed: oneshot::Sender<String>) {
    let reason = loop {
        match read_packet(&mut reader).await {
            Ok(Some(packet)) => {
                if let Err(reason) = traffic.handle(&packet) {
                    break reason;
                }
            }
            Ok(None) => break "the connection ended".to_owned(),
            Err(reason) => break reason,
        }
    };
    let waiting = {
        let mut pending = lock(&traffic.pending);
        pending.closed = true;
        std::mem::take(&mut pending.waiting)
    };
    for (_, sender) in waiting {
        let _ = sender.send(Err(None));
    }
    let _ = closed.send(reason);
}

impl Traffic {
    fn handle(&self, packet: &[u8]) -> Result<(), String> {
        match Incoming::decode(packet)? {
            Incoming::Reply { id, answer } => {
                let Some(sender) = lock(&self.pending).waiting.remove(&id) else {
                    return Err(format!("an answer to request {id}, which nobody made"));
                };
                // A requester that gave up has no use for its answer.
                let _ = sender.send(answer.map_err(Some));
            }
            Incoming::Event(event) => (self.listeners.on_event)(event),
            Incoming::Call { id, question } => {
                let call = Call::new(id, question, self.answers.clone());
                match self.listeners.on_call.get() {
                    Some(on_call) => on_call(call),
                    None => drop(call),
                }
            }
            Incoming::Unknown(what) => {
                tracing::warn!(what, "the node sent a message that is not understood");
            }
            Incoming::Hello(_) => return Err("a second greeting".into()),
        }
        Ok(())
    }
}

/// Reads one packet; `None` at an orderly end. Memory grows with what arrives, not with what is announced.
async fn read_packet(reader: &mut (impl AsyncRead + Unpin)) -> Result<Option<Vec<u8>>, String> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST_PACKET {
        return Err(format!("a packet of {length} bytes"));
    }
    let mut packet = Vec::with_capacity(length.min(64 << 10));
    let read = reader.take(length as u64).read_to_end(&mut packet).await;
    read.map_err(|error| error.to_string())?;
    if packet.len() == length { Ok(Some(packet)) } else { Err("half a packet".into()) }
}

/// The map is whole after every statement under the lock, so a panic elsewhere leaves it usable.
fn lock(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}
