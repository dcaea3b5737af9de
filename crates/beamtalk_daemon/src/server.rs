//! The daemon: accepting, limits, the end.

use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use beamtalk_home::FileLock;
use beamtalk_home::metadata::ProcessId;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;
use rustix::process::umask;
use serde_json::Value;

use crate::peer::{own_uid, peer_uid};
use crate::rpc::{self, OVER_LIMIT, RpcError};
use crate::{Client, DaemonError, Place, Service};

/// How often a thread that waits for its client looks whether it is still wanted.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long the end waits for answers that are being made.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How often a daemon looks whether its shell is still there, and how long it outlives it.
const SHELL_CHECK: Duration = Duration::from_secs(5);
/// The stack of a thread that serves a connection; what recurses has a thread of its own.
const CONNECTION_STACK: usize = 512 << 10;
/// A line's buffer is given back when it grew beyond this, in bytes.
const KEPT_BUFFER: usize = 64 << 10;

/// Bounds on what clients may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest line, in bytes.
    pub line: usize,
    /// Connections at once.
    pub connections: usize,
    /// How long a client may be silent.
    pub silence: Duration,
    /// How long a client may take to read an answer.
    pub write: Duration,
    /// How long the daemon lives without requests.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 16 << 20,
            connections: 64,
            silence: Duration::from_secs(300),
            write: Duration::from_secs(30),
            idle: Duration::from_secs(3600),
        }
    }
}

/// A daemon that listens.
#[derive(Debug)]
pub struct Server {
    place: Place,
    listener: UnixListener,
    wake: UnixStream,
    shared: Arc<Shared>,
    /// Let go of last, after the socket is gone.
    _lock: FileLock,
}

/// What the threads share.
struct Shared {
    service: Service,
    limits: Limits,
    connections: AtomicUsize,
    /// The shell after which the session is named. Once it is gone, nobody comes back.
    shell: Option<ProcessId>,
    /// Requests being answered, and when the last one was.
    activity: Mutex<(usize, Instant)>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Server {
    /// Become the daemon of a place, in place of whatever a dead one left there. Call it while the process has one
    /// thread: the socket's mode is decided by the process's umask.
    ///
    /// # Errors
    /// [`DaemonError::Running`], or the system refuses.
    pub fn bind(place: Place, limits: Limits) -> Result<Self, DaemonError> {
        let lock = FileLock::try_acquire(&place.lock())?.ok_or(DaemonError::Running)?;
        let listener = bind_private(&place).map_err(DaemonError::system("listen on the daemon's socket"))?;
        listener.set_nonblocking(true).map_err(DaemonError::system("set up the daemon's socket"))?;
        let (wake, waker) = UnixStream::pair().map_err(DaemonError::system("make a pair of sockets"))?;
        waker.set_nonblocking(true).map_err(DaemonError::system("set up a pair of sockets"))?;
        let shared = Shared {
            service: Service::new(Some(waker)),
            limits,
            connections: AtomicUsize::new(0),
            shell: place.shell().map(ProcessId::of),
            activity: Mutex::new((0, Instant::now())),
        };
        Ok(Self { place, listener, wake, shared: Arc::new(shared), _lock: lock })
    }

    /// As [`Server::bind`], for a daemon that was started in case there is none: `None` when another one answers. A lock
    /// without an answer is that of a daemon which is ending, whose heir we are.
    ///
    /// # Errors
    /// As [`Server::bind`]; [`DaemonError::Running`] where the other neither answers nor ends.
    pub fn bind_unless_served(place: &Place, limits: Limits) -> Result<Option<Self>, DaemonError> {
        let end = Instant::now() + LAST_ANSWERS * 2;
        loop {
            match Self::bind(place.clone(), limits) {
                Err(DaemonError::Running) if Client::connect(place).is_ok() => return Ok(None),
                Err(DaemonError::Running) if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
                bound => return bound.map(Some),
            }
        }
    }

    /// Serve until someone calls `shutdown`, or nobody calls anything for a while.
    ///
    /// # Errors
    /// The system does not let us wait for clients.
    pub fn run(self) -> Result<(), DaemonError> {
        while let Some(patience) = self.shared.patience().filter(|_| !self.shared.service.is_stopping()) {
            let mut ends =
                [PollFd::new(&self.listener, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
            let timeout = Timespec::try_from(patience).ok();
            match poll(&mut ends, timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(DaemonError::system("wait for clients")(error.into())),
            }
            self.accept();
        }
        // From here on a new client finds nobody, and starts the next daemon once the lock is free.
        let _ = fs::remove_file(self.place.socket());
        self.shared.service.stop();
        let end = Instant::now() + LAST_ANSWERS;
        while self.shared.is_answering() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn accept(&self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => admit(stream, &self.shared),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    // Out of descriptors: those in use come back as clients leave.
                    thread::sleep(Duration::from_millis(50));
                    return;
                }
            }
        }
    }
}

impl Shared {
    /// How long to wait for the next request; none when it was waited for long enough.
    fn patience(&self) -> Option<Duration> {
        let (answering, last) = *self.activity.lock().unwrap_or_else(PoisonError::into_inner);
        if answering > 0 {
            return Some(self.limits.idle);
        }
        let Some(shell) = &self.shell else {
            return self.limits.idle.checked_sub(last.elapsed()).filter(|left| !left.is_zero());
        };
        let limit = if shell.is_alive() { self.limits.idle } else { self.limits.idle.min(SHELL_CHECK) };
        let left = limit.checked_sub(last.elapsed()).filter(|left| !left.is_zero())?;
        Some(left.min(SHELL_CHECK))
    }

    fn is_answering(&self) -> bool {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner).0 > 0
    }

    fn note(&self, change: impl FnOnce(&mut usize)) {
        let mut activity = self.activity.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut activity.0);
        activity.1 = Instant::now();
    }
}

/// Mode 0600 from the moment the name exists, since `bind` subtracts the umask from 0777; and bound under another name, so
/// that a client meets the old socket or the new one, never one that nobody listens on yet.
fn bind_private(place: &Place) -> io::Result<UnixListener> {
    let unborn = place.unborn();
    let _ = fs::remove_file(&unborn);
    let before = umask(Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(&unborn);
    umask(before);
    let listener = bound?;
    fs::rename(&unborn, place.socket())?;
    Ok(listener)
}

/// A place among the connections, given back when it is dropped.
struct Seat(Arc<Shared>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

fn admit(stream: UnixStream, shared: &Arc<Shared>) {
    // Another user's process is closed before a byte of it is read, whatever the file modes say.
    if !peer_uid(&stream).is_ok_and(|uid| uid == own_uid()) {
        return;
    }
    let taken = shared.connections.fetch_add(1, Ordering::AcqRel);
    let seat = Seat(shared.clone());
    let prepared = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(HEARTBEAT)))
        .and_then(|()| stream.set_write_timeout(Some(shared.limits.write)));
    if prepared.is_err() {
        return;
    }
    if taken >= shared.limits.connections {
        // There is room for this in the socket's own buffer, so that it does not wait for the client.
        let _ = send(&stream, &RpcError::new(OVER_LIMIT, "Too many connections").response(&Value::Null));
        return;
    }
    let thread = thread::Builder::new().name("connection".into()).stack_size(CONNECTION_STACK);
    // Without a thread the connection closes, which tells the client to compile by itself.
    let _ = thread.spawn(move || serve(&stream, &seat.0));
}

fn serve(stream: &UnixStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        line.shrink_to(KEPT_BUFFER);
        match read_line(&mut reader, &mut line, shared) {
            Ok(Read::Line) => {}
            Ok(Read::TooLong) => {
                let said = format!("The line is longer than {} bytes", shared.limits.line);
                let _ = send(stream, &RpcError::new(OVER_LIMIT, said).response(&Value::Null));
                return;
            }
            Ok(Read::End) | Err(_) => return,
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        shared.note(|answering| *answering += 1);
        let sent = rpc::answer(&line, &shared.service).map_or(Ok(()), |answer| send(stream, &answer));
        shared.note(|answering| *answering -= 1);
        if sent.is_err() {
            return;
        }
    }
}

enum Read {
    Line,
    TooLong,
    End,
}

/// Read up to a line feed or the end. A client that is silent for too long, and a daemon that ends, are the end too.
fn read_line(reader: &mut BufReader<&UnixStream>, line: &mut Vec<u8>, shared: &Shared) -> io::Result<Read> {
    let since = Instant::now();
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if shared.service.is_stopping() || since.elapsed() > shared.limits.silence {
                    return Ok(Read::End);
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(if line.is_empty() { Read::End } else { Read::Line });
        }
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        line.extend_from_slice(&buffer[..used]);
        reader.consume(used);
        if line.len() > shared.limits.line {
            return Ok(Read::TooLong);
        }
        if done {
            return Ok(Read::Line);
        }
    }
}

fn send(mut stream: &UnixStream, answer: &Value) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(answer)?;
    bytes.push(b'\n');
    stream.write_all(&bytes)
}
