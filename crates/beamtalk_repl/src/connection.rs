//! One client's connection.
//!
//! A reader takes lines all the time, so that an interrupt gets through while an evaluation runs; a worker performs the
//! other requests one after the other; a writer writes. Each has its task, and each ends when the client does.

use crate::host::Host;
use crate::limits::Limits;
use crate::ops;
use crate::outbox::{Outbox, outbox};
use crate::peer::{Peer, peer_of};
use crate::reply::{Failure, Frame};
use crate::session::Session;
use crate::wire::{Envelope, Rejected, Request};
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// How often we look whether a client that has closed its sending side still lives.
const GONE_CHECK: Duration = Duration::from_secs(1);

type Parsed = Result<Request, Box<Rejected>>;

/// What operations see of the connection.
pub(crate) struct Client {
    number: u64,
    outbox: Outbox,
    session: Mutex<Arc<Session>>,
}

impl Client {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn session(&self) -> Arc<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on in another session; answers the one before.
    pub(crate) fn replace_session(&self, session: Arc<Session>) -> Arc<Session> {
        let mut current = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut current, session)
    }
}

/// Serves a connection until its client or the host is gone.
pub(crate) async fn serve(host: Arc<Host>, stream: TcpStream) {
    let Some((ours, peer)) = addresses(&stream) else {
        return;
    };
    let Some(needs_cookie) = admit(&host, ours, peer).filter(|_| !host.is_closing()) else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    let Ok(_slot) = host.slots().try_acquire() else {
        return turn_away(writer, host.limits().connections).await;
    };
    let mut lines = Lines::new(reader, host.limits());
    let first = match timeout(host.limits().first_line, lines.first()).await {
        Ok(Some(first)) => first,
        Ok(None) => {
            tracing::warn!(%peer, "closed a connection whose first line is no JSON object");
            return;
        }
        Err(_) => {
            tracing::warn!(%peer, "closed a connection that sent no request");
            return;
        }
    };
    let (outbox, inbox) = outbox();
    let writing = tokio::spawn(inbox.write_to(writer));
    match host.router().sessions.create() {
        Ok(session) => {
            let number = host.router().new_subscriber();
            let client = Arc::new(Client { number, outbox, session: Mutex::new(session) });
            host.router().record.touch();
            converse(&host, &client, lines, first, needs_cookie, (ours, peer)).await;
            host.router().unsubscribe(number);
            let session = client.session();
            if !session.is_lasting() {
                host.end_session(&session).await;
            }
        }
        Err(failure) => outbox.send(Envelope::default().reply(Err(failure)).line()),
    }
    // All senders are gone now, so the writer ends when it has written the rest, or with the client.
    let _ = writing.await;
}

/// Says why there is no room, as far as that is possible without waiting.
async fn turn_away(mut writer: OwnedWriteHalf, most: usize) {
    tracing::warn!("refused a connection over the limit");
    let failure = Failure::new(format!("Too many connections: the limit is {most}"));
    let line = Envelope::default().reply(Err(failure)).line();
    let _ = timeout(Duration::from_secs(1), writer.write_all(line.as_bytes())).await;
}

/// Refuses other users; answers whether the cookie must be shown, where the system does not tell who comes.
fn admit(host: &Host, ours: SocketAddrV4, peer: SocketAddrV4) -> Option<bool> {
    let us = rustix::process::geteuid().as_raw();
    match peer_of(ours, peer) {
        Peer::User(uid) if uid == us => Some(host.limits().require_cookie),
        Peer::User(uid) => {
            tracing::warn!(uid, %peer, "refused a connection of another user");
            None
        }
        Peer::Gone => {
            tracing::info!(%peer, "a client was gone before it could be asked who it is");
            None
        }
        Peer::Unknown => Some(true),
    }
}

async fn converse(
    host: &Arc<Host>,
    client: &Arc<Client>,
    mut lines: Lines,
    first: Parsed,
    needs_cookie: bool,
    (ours, peer): (SocketAddrV4, SocketAddrV4),
) {
    let limits = host.limits();
    let (queue, requests) = mpsc::channel(limits.requests);
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let worker = tokio::spawn(work(host.clone(), client.clone(), requests, waiting_bytes.clone()));
    let mut reading = Reading { host, client, queue, waiting_bytes, authenticated: !needs_cookie };

    let mut going_on = reading.take(first, 0).await;
    while going_on {
        // A client that does not read its replies is not heard until it does; what it said so far, such as an
        // interrupt of the flood that it does not read, has been dealt with.
        tokio::select! {
            () = client.outbox.room() => {}
            () = host.stopping() => break,
        }
        let line = tokio::select! {
            line = lines.next() => line,
            () = client.outbox.closed() => break,
            () = host.stopping() => break,
        };
        going_on = match line {
            Line::Whole(bytes) => reading.take(Request::parse(&bytes), bytes.len()).await,
            Line::TooLong => {
                let message = format!("Line too long: the limit is {} bytes", limits.line);
                reading.refuse(Failure::new(message));
                false
            }
            Line::End => {
                drop(reading);
                return finish(host, client, worker, ours, peer).await;
            }
        };
    }
    drop(reading);
    interrupt_and_wait(host, client, worker).await;
}

/// The client sends nothing more but may still read: its requests are performed unless it is gone altogether.
async fn finish(
    host: &Arc<Host>,
    client: &Arc<Client>,
    mut worker: tokio::task::JoinHandle<()>,
    ours: SocketAddrV4,
    peer: SocketAddrV4,
) {
    loop {
        tokio::select! {
            _ = &mut worker => return,
            () = client.outbox.closed() => break,
            () = host.stopping() => break,
            () = sleep(GONE_CHECK) => {
                if peer_of(ours, peer) == Peer::Gone {
                    break;
                }
            }
        }
    }
    interrupt_and_wait(host, client, worker).await;
}

/// Nobody is left to see a result. An evaluation in a lasting session goes on; its worker ends with it.
async fn interrupt_and_wait(host: &Arc<Host>, client: &Client, worker: tokio::task::JoinHandle<()>) {
    let session = client.session();
    if !session.is_lasting() {
        let _ = host.image.node.interrupt(session.id()).await;
        let _ = timeout(Duration::from_secs(10), worker).await;
    }
}

/// Performs requests in their order.
async fn work(
    host: Arc<Host>,
    client: Arc<Client>,
    mut requests: mpsc::Receiver<(Request, usize)>,
    waiting_bytes: Arc<AtomicUsize>,
) {
    while let Some((request, bytes)) = requests.recv().await {
        if client.outbox.is_closed() {
            return;
        }
        let outcome = ops::perform(&host, &client, &request).await;
        waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        client.outbox.send(request.envelope.reply(outcome).line());
        client.outbox.room().await;
    }
}

/// What the reader needs to deal with one line.
struct Reading<'a> {
    host: &'a Arc<Host>,
    client: &'a Arc<Client>,
    queue: mpsc::Sender<(Request, usize)>,
    waiting_bytes: Arc<AtomicUsize>,
    authenticated: bool,
}

impl Reading<'_> {
    /// Answers or queues a request; false when the connection must end.
    async fn take(&mut self, parsed: Parsed, bytes: usize) -> bool {
        let request = match parsed {
            Ok(request) => request,
            Err(rejected) => {
                self.client.outbox.send(rejected.line());
                return self.authenticated;
            }
        };
        match request.op.as_str() {
            "auth" => return self.authenticate(&request),
            _ if !self.authenticated => {
                let failure =
                    Failure::new("A cookie is required").hint("Send {\"op\":\"auth\",\"cookie\":…} first.");
                self.client.outbox.send(request.envelope.reply(Err(failure)).line());
                return false;
            }
            "interrupt" => {
                let outcome = ops::interrupt(self.host, self.client, &request).await;
                self.client.outbox.send(request.envelope.reply(outcome).line());
            }
            "stdin" => {
                if let Err(failure) = ops::stdin(self.host, self.client, &request).await {
                    self.client.outbox.send(request.envelope.reply(Err(failure)).line());
                }
            }
            _ => self.enqueue(request, bytes),
        }
        true
    }

    fn authenticate(&mut self, request: &Request) -> bool {
        let admitted = request.text("cookie").is_ok_and(|cookie| self.host.cookie().admits(cookie));
        let outcome = if admitted {
            self.authenticated = true;
            Ok(Frame::new().with("value", "ok"))
        } else {
            tracing::warn!("refused a connection with a wrong cookie");
            Err(Failure::new("Invalid cookie"))
        };
        self.client.outbox.send(request.envelope.reply(outcome).line());
        admitted
    }

    fn enqueue(&mut self, request: Request, bytes: usize) {
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = waiting == 0 || waiting + bytes <= self.host.limits().line;
        let refused = match self.queue.try_reserve() {
            Ok(place) if fits => return place.send((request, bytes)),
            _ => request,
        };
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let failure = Failure::new("Too many requests are waiting")
            .hint("Read replies before you send more, or open another connection.");
        self.client.outbox.send(refused.envelope.reply(Err(failure)).line());
    }

    fn refuse(&self, failure: Failure) {
        let frame = Envelope::default().reply(Err(failure));
        self.client.outbox.send(frame.line());
    }
}

/// A line, or why there is none.
enum Line {
    Whole(Vec<u8>),
    TooLong,
    End,
}

/// Lines up to a limit.
struct Lines {
    reader: BufReader<OwnedReadHalf>,
    longest: usize,
    /// Kept here, so that a reading that is broken off loses nothing.
    partial: Vec<u8>,
}

impl Lines {
    fn new(reader: OwnedReadHalf, limits: &Limits) -> Self {
        Self { reader: BufReader::with_capacity(16 << 10, reader), longest: limits.line, partial: Vec::new() }
    }

    /// The first request. Its first byte must open an object: what a browser or another protocol says is
    /// closed without reading on.
    async fn first(&mut self) -> Option<Parsed> {
        let begin = self.reader.fill_buf().await.ok()?;
        if begin.first() != Some(&b'{') {
            return None;
        }
        match self.next().await {
            Line::Whole(line) => match Request::parse(&line) {
                Err(rejected) if rejected.foreign => None,
                parsed => Some(parsed),
            },
            Line::TooLong | Line::End => None,
        }
    }

    async fn next(&mut self) -> Line {
        loop {
            let available = match fill(&mut self.reader).await {
                Some(available) => available,
                None if self.partial.is_empty() => return Line::End,
                // The last line may lack its end.
                None => return Line::Whole(std::mem::take(&mut self.partial)),
            };
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(available.len());
            if self.partial.len() + taken > self.longest {
                return Line::TooLong;
            }
            self.partial.extend_from_slice(&available[..taken]);
            self.reader.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Line::Whole(std::mem::take(&mut self.partial));
            }
        }
    }
}

async fn fill<R: AsyncBufRead + Unpin>(reader: &mut R) -> Option<&[u8]> {
    match reader.fill_buf().await {
        Ok(available) if !available.is_empty() => Some(available),
        Ok(_) | Err(_) => None,
    }
}

fn addresses(stream: &TcpStream) -> Option<(SocketAddrV4, SocketAddrV4)> {
    match (stream.local_addr().ok()?, stream.peer_addr().ok()?) {
        (SocketAddr::V4(ours), SocketAddr::V4(peer)) => Some((ours, peer)),
        _ => None,
    }
}
