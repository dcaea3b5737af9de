//! A node that is kept alive.
//!
//! One task owns the process and the connection. It starts the node or finds a living one, notices every
//! end, tells its reason, and brings up a successor with the same classes and sessions. Everyone else
//! holds a [`Node`], which waits while there is none.

use crate::NodeError;
use crate::launch::{Start, Starter, describe};
use crate::link::{Link, Listeners, OnEvent};
use crate::listener::{Acceptor, NodeListener};
use crate::packet::{Event, Hello, Request};
use crate::question::OnCall;
use crate::requests::{CodeModule, load_terms};
use beamtalk_home::metadata::ProcessId;
use eetf::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{sleep, timeout};

/// A node that says nothing for so long after its start will not come.
const BOOT_LIMIT: Duration = Duration::from_secs(60);
/// A living node tries to reach its host every second.
const RECONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A node that is asked to end has so long to do it.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// A node that ends sooner has failed to start, in effect.
const SOON: Duration = Duration::from_secs(2);
/// So many failed starts in a row, and we wait until someone needs the node.
const MOST_FAILURES: u32 = 3;

/// A supervised node. Clones are the same node.
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
}

/// What the node is doing.
#[derive(Debug, Clone)]
pub enum Status {
    /// On its way.
    Starting,
    /// Ready.
    Up,
    /// It could not be started; a request tries again.
    Failed(NodeError),
    /// Ended on request.
    Stopped,
}

struct Shared {
    state: watch::Sender<State>,
    stopping: watch::Sender<bool>,
    wanted: Notify,
    memory: Mutex<Memory>,
    on_call: Arc<OnceLock<OnCall>>,
}

/// What a successor must have.
#[derive(Default)]
struct Memory {
    modules: BTreeMap<String, CodeModule>,
    sessions: BTreeSet<String>,
}

#[derive(Clone)]
enum State {
    Starting,
    Up(Arc<Link>, watch::Receiver<Option<String>>),
    Failed(NodeError),
    Stopped,
}

impl Node {
    /// Begins to supervise: finds the node `living` again, if it is one, else starts one. Must be called
    /// in an asynchronous runtime.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn supervise(
        listener: NodeListener,
        starter: impl Starter,
        living: Option<ProcessId>,
        on_event: OnEvent,
    ) -> Result<Self, NodeError> {
        let acceptor = listener.into_tokio().map_err(NodeError::system("use the node's socket"))?;
        let shared = Arc::new(Shared {
            state: watch::Sender::new(State::Starting),
            stopping: watch::Sender::new(false),
            wanted: Notify::new(),
            memory: Mutex::default(),
            on_call: Arc::default(),
        });
        let listeners = Listeners { on_event, on_call: shared.on_call.clone() };
        let process = living.map_or(Process::None, Process::Found);
        let supervisor =
            Supervisor { acceptor, starter: Arc::new(starter), shared: shared.clone(), listeners, process };
        tokio::spawn(supervisor.run());
        Ok(Self { shared })
    }

    /// What the node is doing.
    pub fn status(&self) -> Status {
        match &*self.shared.state.borrow() {
            State::Starting => Status::Starting,
            State::Up(..) => Status::Up,
            State::Failed(error) => Status::Failed(error.clone()),
            State::Stopped => Status::Stopped,
        }
    }

    /// Waits until the node is ready, has failed or has stopped.
    pub async fn settled(&self) -> Status {
        let mut state = self.shared.state.subscribe();
        // The sender lives in `self`, so there is always an answer.
        let _ = state.wait_for(|state| !matches!(state, State::Starting)).await;
        self.status()
    }

    /// Names who answers the node's questions from now on; before, and without anyone, they are refused as `unsupported`.
    /// Only the first call counts.
    pub fn answer_calls(&self, on_call: OnCall) {
        let _ = self.shared.on_call.set(on_call);
    }

    /// Ends the node in good order, or by force when it does not listen.
    pub async fn stop(&self) {
        self.shared.stopping.send_replace(true);
        let mut state = self.shared.state.subscribe();
        let _ = state.wait_for(|state| matches!(state, State::Stopped)).await;
    }

    /// Gives a successor these modules, as if they had been loaded.
    pub fn remember(&self, modules: impl IntoIterator<Item = CodeModule>) {
        let mut memory = self.memory();
        memory.modules.extend(modules.into_iter().map(|module| (module.name.clone(), module)));
    }

    /// Waits until there is a node, asks it, and waits for its answer.
    pub(crate) async fn request(&self, request: Request) -> Result<Term, NodeError> {
        let (link, mut obituary) = self.link().await?;
        if let Some(answer) = link.request(request).await {
            return answer;
        }
        // The supervisor finds out why; a moment later it knows.
        let known = timeout(RECONNECT_LIMIT, obituary.wait_for(Option::is_some)).await;
        let reason = match known {
            Ok(Ok(reason)) => reason.clone(),
            Ok(Err(_)) | Err(_) => None,
        };
        if *self.shared.stopping.borrow() {
            return Err(NodeError::Stopping);
        }
        Err(NodeError::Down { reason: reason.unwrap_or_else(|| "the connection ended".into()) })
    }

    /// Gives a successor these modules no more.
    pub fn forget(&self, modules: &[String]) {
        let mut memory = self.memory();
        for module in modules {
            memory.modules.remove(module);
        }
    }

    pub(crate) fn remember_session(&self, session: &str) {
        self.memory().sessions.insert(session.to_owned());
    }

    pub(crate) fn forget_session(&self, session: &str) {
        self.memory().sessions.remove(session);
    }

    async fn link(&self) -> Result<(Arc<Link>, watch::Receiver<Option<String>>), NodeError> {
        let mut state = self.shared.state.subscribe();
        let settled = state.wait_for(|state| !matches!(state, State::Starting)).await;
        match settled.as_deref() {
            Ok(State::Up(link, obituary)) => Ok((link.clone(), obituary.clone())),
            Ok(State::Failed(error)) => {
                self.shared.wanted.notify_one();
                Err(error.clone())
            }
            Ok(State::Starting | State::Stopped) | Err(_) => Err(NodeError::Stopping),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared.memory()
    }
}

impl Shared {
    /// Every statement under the lock leaves the maps whole, so a panic elsewhere does no harm.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Supervisor {
    acceptor: Acceptor,
    starter: Arc<dyn Starter>,
    shared: Arc<Shared>,
    listeners: Listeners,
    process: Process,
}

/// The emulator, as far as we have a hold on it.
enum Process {
    None,
    /// We started it.
    Child(Child),
    /// An earlier host started it.
    Found(ProcessId),
}

struct Connection {
    link: Link,
    hello: Hello,
    closed: oneshot::Receiver<String>,
    fresh: bool,
}

impl Supervisor {
    async fn run(mut self) {
        let mut stopping = self.shared.stopping.subscribe();
        tokio::select! {
            () = self.keep_alive() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
        self.shut_down().await;
        self.shared.state.send_replace(State::Stopped);
    }

    /// Never ends by itself.
    async fn keep_alive(&mut self) {
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let error = match self.bring_up().await {
                Ok(connection) => self.live(connection).await,
                Err(error) => {
                    self.end_process().await;
                    error
                }
            };
            failures = if begun.elapsed() < SOON { failures + 1 } else { 1 };
            // What a person must mend is not mended by trying again.
            let lasting = !matches!(error, NodeError::Boot { .. } | NodeError::Down { .. });
            if lasting || failures >= MOST_FAILURES {
                tracing::error!(%error, "the node cannot be started");
                self.shared.state.send_replace(State::Failed(error));
                self.shared.wanted.notified().await;
                failures = 0;
            }
            self.shared.state.send_replace(State::Starting);
        }
    }

    /// Finds the living node or starts one.
    async fn bring_up(&mut self) -> Result<Connection, NodeError> {
        if let Process::Found(node) = &self.process {
            let found =
                if node.is_alive() { timeout(RECONNECT_LIMIT, self.greet(None)).await.ok() } else { None };
            match found {
                Some(Ok(connection)) => {
                    return Ok(Connection { fresh: false, ..connection });
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "cannot use the node of an earlier host");
                }
                None => tracing::info!("the node of an earlier host is gone"),
            }
            self.end_process().await;
        }
        let child = self.spawn().await?;
        let pid = child.as_ref().and_then(Child::id);
        self.process = child.map_or(Process::None, Process::Child);
        let connection = self.first_connection(pid).await?;
        self.replay(&connection.link).await?;
        Ok(connection)
    }

    async fn spawn(&self) -> Result<Option<Child>, NodeError> {
        let (starter, socket): (_, PathBuf) = (self.starter.clone(), self.acceptor.path.clone());
        let prepared = tokio::task::spawn_blocking(move || starter.prepare(&socket)).await;
        let start = prepared.map_err(|error| NodeError::Boot { reason: error.to_string() })??;
        match start {
            Start::Elsewhere => Ok(None),
            Start::Command(command) => {
                let spawned = Command::from(command).kill_on_drop(false).spawn();
                spawned.map(Some).map_err(NodeError::system("start erl"))
            }
        }
    }

    async fn first_connection(&mut self, pid: Option<u32>) -> Result<Connection, NodeError> {
        let mut process = std::mem::replace(&mut self.process, Process::None);
        let result = tokio::select! {
            connection = timeout(BOOT_LIMIT, self.greet(pid)) => connection
                .unwrap_or_else(|_| Err(NodeError::Boot { reason: "it does not answer".into() })),
            reason = ended(&mut process) => Err(NodeError::Boot { reason: self.with_last_words(reason) }),
        };
        self.process = process;
        result
    }

    /// Waits for a node to connect and say hello. Who comes with another process id than that of the
    /// emulator we started is the leftover of an earlier host.
    async fn greet(&self, expected: Option<u32>) -> Result<Connection, NodeError> {
        loop {
            let accepted = self.acceptor.accept().await;
            let (stream, peer) = accepted.map_err(NodeError::system("accept the node"))?;
            if let (Some(expected), Some(peer)) = (expected, peer)
                && expected != peer
                && !is_descendant(peer, expected)
            {
                tracing::warn!(peer, expected, "another node than ours tried to connect; it is told to end");
                tokio::spawn(dismiss(stream));
                continue;
            }
            return self.open(stream).await;
        }
    }

    async fn open(&self, stream: UnixStream) -> Result<Connection, NodeError> {
        let (link, hello, closed) = Link::open(stream, self.listeners.clone()).await?;
        Ok(Connection { link, hello, closed, fresh: true })
    }

    /// Gives a new node what its predecessor had.
    async fn replay(&self, link: &Link) -> Result<(), NodeError> {
        let (modules, sessions) = {
            let memory = self.shared.memory();
            let modules: Vec<_> = memory.modules.values().cloned().collect();
            (modules, memory.sessions.clone())
        };
        let mut requests: Vec<Request> = sessions.into_iter().map(Request::OpenSession).collect();
        if !modules.is_empty() {
            requests.insert(0, Request::Load(load_terms(&modules)));
        }
        for request in requests {
            match link.request(request).await {
                Some(Ok(_)) => {}
                Some(Err(error)) => tracing::error!(%error, "cannot restore the node"),
                None => {
                    return Err(NodeError::Boot { reason: "it ended while it was restored".into() });
                }
            }
        }
        Ok(())
    }

    /// Serves until the node is dead; answers why it died.
    async fn live(&mut self, mut connection: Connection) -> NodeError {
        loop {
            let (obituary, reader) = watch::channel(None);
            (self.listeners.on_event)(Event::Up {
                fresh: connection.fresh,
                otp: connection.hello.otp.clone(),
                os_pid: connection.hello.os_pid,
            });
            self.shared.state.send_replace(State::Up(Arc::new(connection.link), reader));
            let how = self.refuse_others_until(connection.closed, connection.hello.os_pid).await;
            self.shared.state.send_replace(State::Starting);
            tracing::warn!(how, "the connection with the node ended");
            match self.reconnected_or_dead().await {
                Ok(again) => {
                    obituary.send_replace(Some("the connection with the node broke".into()));
                    connection = Connection { fresh: false, ..again };
                }
                Err(reason) => {
                    obituary.send_replace(Some(reason.clone()));
                    (self.listeners.on_event)(Event::Down { reason: reason.clone() });
                    return NodeError::Down { reason };
                }
            }
        }
    }

    /// While a node is connected nobody else has business here; whoever comes is not kept waiting. It is the leftover of a
    /// host that died before it could write down what it had started, unless our own node comes back sooner than we see
    /// that it was gone.
    async fn refuse_others_until(&self, mut closed: oneshot::Receiver<String>, ours: u32) -> String {
        loop {
            tokio::select! {
                how = &mut closed => return how.unwrap_or_default(),
                accepted = self.acceptor.accept() => match accepted {
                    Ok((_, Some(peer))) if peer == ours => tracing::info!(peer, "our node comes back"),
                    Ok((stream, peer)) => {
                        tracing::warn!(peer, "a second node tried to connect; it is told to end");
                        tokio::spawn(dismiss(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept at the node's socket");
                        sleep(Duration::from_secs(1)).await;
                    }
                },
            }
        }
    }

    /// After a connection broke: the living node comes back, or is dead for a reason.
    async fn reconnected_or_dead(&mut self) -> Result<Connection, String> {
        let mut process = std::mem::replace(&mut self.process, Process::None);
        if matches!(process, Process::None) {
            // Without a process, the end of the connection is all there is to see.
            return Err(self.with_last_words("it went away".into()));
        }
        let result = tokio::select! {
            biased;
            reason = ended(&mut process) => Err(reason),
            again = timeout(RECONNECT_LIMIT, self.greet(None)) => match again {
                Ok(Ok(connection)) => Ok(connection),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("it stopped answering".to_owned()),
            },
        };
        self.process = process;
        if result.is_err() {
            self.end_process().await;
        }
        result.map_err(|reason| self.with_last_words(reason))
    }

    async fn shut_down(&mut self) {
        let link = match &*self.shared.state.borrow() {
            State::Up(link, _) => Some(link.clone()),
            State::Starting | State::Failed(_) | State::Stopped => None,
        };
        if let Some(link) = link {
            let _ = timeout(STOP_LIMIT, link.request(Request::Stop)).await;
            let process = !matches!(self.process, Process::None);
            if process && timeout(STOP_LIMIT, ended(&mut self.process)).await.is_err() {
                tracing::warn!("the node did not end when asked");
            }
        }
        self.end_process().await;
    }

    /// Makes sure that no emulator of ours is left.
    async fn end_process(&mut self) {
        match std::mem::replace(&mut self.process, Process::None) {
            Process::None => {}
            Process::Child(mut child) => {
                // Fails only when it has ended.
                let _ = child.kill().await;
            }
            Process::Found(node) => kill_found(&node),
        }
    }

    fn with_last_words(&self, reason: String) -> String {
        match self.starter.last_words() {
            Some(words) => format!("{reason}. Its last words: {words}"),
            None => reason,
        }
    }
}

/// Tells a node that nobody can use any more to end. What it says meanwhile is nobody's business.
async fn dismiss(stream: UnixStream) {
    let deaf = Listeners { on_event: Arc::new(|_| ()), on_call: Arc::default() };
    let told = timeout(STOP_LIMIT, async {
        let (link, _, _) = Link::open(stream, deaf).await?;
        Ok::<_, NodeError>(link.request(Request::Stop).await)
    });
    match told.await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "it does not speak like a node"),
        Err(_) => tracing::warn!("it does not listen"),
    }
}

/// Waits until the process has ended; answers how. Without a process, it waits for ever.
async fn ended(process: &mut Process) -> String {
    match process {
        Process::Child(child) => match child.wait().await {
            Ok(status) => describe(status),
            Err(error) => error.to_string(),
        },
        Process::Found(node) => {
            while node.is_alive() {
                sleep(Duration::from_millis(50)).await;
            }
            "it ended".to_owned()
        }
        Process::None => future::pending().await,
    }
}

fn kill_found(node: &ProcessId) {
    let pid = i32::try_from(node.pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid
        && node.is_alive()
    {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// Whether `erl` was a wrapper that did not become the emulator but started it.
fn is_descendant(pid: u32, ancestor: u32) -> bool {
    let mut current = pid;
    for _ in 0..8 {
        match parent_of(current) {
            Some(parent) if parent == ancestor => return true,
            Some(parent) if parent > 1 => current = parent,
            _ => return false,
        }
    }
    false
}

/// Field 4 of `/proc/PID/stat` (proc(5)).
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = &stat[stat.rfind(')')? + 1..];
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}
