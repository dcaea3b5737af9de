//! The workspace host: the process that serves one workspace.

use crate::calls;
use crate::change_log::ChangeLog;
use crate::compiler::Compiler;
use crate::compiler_thread::CompilerThread;
use crate::connection;
use crate::image::Image;
use crate::journal::Journal;
use crate::limits::Limits;
use crate::loopback::{DEFAULT_PORT, LoopbackAddr, LoopbackListener};
use crate::pool::NamePool;
use crate::record::Record;
use crate::router::Router;
use crate::saving::Changes;
use crate::session::Session;
use beamtalk_home::metadata::ProcessId;
use beamtalk_home::workspace::now;
use beamtalk_home::{Cookie, FileLock, HomeError, Metadata, WorkspaceFolder, WorkspaceId};
use beamtalk_node::{Event, LogFormat, Node, NodeError, NodeListener, Starter, Status};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{future, io};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::block_in_place;
use tokio::time::sleep;

/// A host does not look more often whether it is still needed.
const IDLE_CHECK: Duration = Duration::from_secs(600);
/// A shutdown waits so long for its reply to be read.
const SHUTDOWN_DELAY: Duration = Duration::from_millis(100);
/// A session that lost its client with its host can be resumed for so long.
const RESUMABLE: Duration = Duration::from_secs(600);
/// More names of evaluation modules than the metadata says may have been in use: it is written late.
const UNWRITTEN_NAMES: u32 = 64;

/// What a host is to serve, and how.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The workspace.
    pub workspace: WorkspaceFolder,
    /// Its project's root.
    pub project: PathBuf,
    /// The port asked for; otherwise [`HostOptions::preferred_port`] or, when that is taken, any.
    pub port: Option<u16>,
    /// The port to try first.
    pub preferred_port: u16,
    /// How long the workspace lives without clients and work; `None` for ever.
    pub idle: Option<Duration>,
    /// What clients may ask for.
    pub limits: Limits,
    /// Where log lines end, if in a file.
    pub log: Option<LogFile>,
}

/// The file that somebody else writes log lines to, and their form, which programs may change.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The file.
    pub path: PathBuf,
    /// Lines are text for people, not JSON.
    pub as_text: Arc<AtomicBool>,
}

impl LogFile {
    pub(crate) fn format(&self) -> LogFormat {
        if self.as_text.load(Ordering::Relaxed) { LogFormat::Text } else { LogFormat::Json }
    }

    pub(crate) fn set_format(&self, format: LogFormat) {
        self.as_text.store(format == LogFormat::Text, Ordering::Relaxed);
    }
}

impl HostOptions {
    /// The usual options.
    pub fn new(workspace: WorkspaceFolder, project: impl Into<PathBuf>) -> Self {
        Self {
            workspace,
            project: project.into(),
            port: None,
            preferred_port: DEFAULT_PORT,
            idle: Some(Duration::from_secs(4 * 3600)),
            limits: Limits::default(),
            log: None,
        }
    }
}

/// Why a host did not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Another one runs.
    #[error("a host of workspace '{0}' runs already")]
    Running(WorkspaceId),
    /// The port cannot be used.
    #[error("cannot listen on port {port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// A file or folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The node's socket cannot be used.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The system refused something.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

/// A host with its sockets bound, before its first thread.
#[derive(Debug)]
pub struct BoundHost {
    options: HostOptions,
    metadata: Metadata,
    cookie: Cookie,
    nonce: String,
    clients: LoopbackListener,
    node: NodeListener,
    _lock: FileLock,
}

impl BoundHost {
    /// Takes the workspace's lock and binds its sockets. Call it before the process has a second thread.
    ///
    /// # Errors
    /// Another host runs, or a socket or a file cannot be used.
    pub fn bind(options: HostOptions) -> Result<Self, HostError> {
        let workspace = &options.workspace;
        // Only under the lock, which is in the folder, is the metadata that of the last host's end.
        created(&options)?;
        let lock = workspace.try_host_lock()?.ok_or_else(|| HostError::Running(workspace.id().clone()))?;
        let metadata = created(&options)?;
        let clients = LoopbackListener::choose(options.port, options.preferred_port).map_err(|source| {
            HostError::Port { port: options.port.unwrap_or(options.preferred_port), source }
        })?;
        let node = NodeListener::bind(&workspace.node_socket()?)?;
        let mut random = [0; 16];
        beamtalk_home::cookie::fill_random(&mut random).map_err(system("get random numbers"))?;
        Ok(Self {
            cookie: workspace.cookie()?,
            metadata,
            nonce: beamtalk_home::names::hex(&random),
            clients,
            node,
            _lock: lock,
            options,
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> LoopbackAddr {
        self.clients.address()
    }

    /// Serves until the workspace is stopped or has been idle for too long. `ready` is called when clients can connect.
    ///
    /// # Errors
    /// The system has no threads, or a file cannot be written.
    pub fn serve<C: Compiler + 'static>(
        self,
        make_compiler: impl FnOnce() -> C + Send + 'static,
        starter: impl Starter,
        ready: impl FnOnce(),
    ) -> Result<(), HostError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("host")
            .enable_all()
            .build()
            .map_err(system("start threads"))?;
        runtime.block_on(self.serve_in_runtime(make_compiler, starter, ready))
    }

    /// As [`BoundHost::serve`], in the caller's multi-threaded runtime.
    pub async fn serve_in_runtime<C: Compiler + 'static>(
        self,
        make_compiler: impl FnOnce() -> C + Send + 'static,
        starter: impl Starter,
        ready: impl FnOnce(),
    ) -> Result<(), HostError> {
        let living = self.metadata.node.clone().filter(ProcessId::is_alive);
        let record = Record::new(self.options.workspace.clone(), self.started_metadata(living.as_ref()));
        let names = match &living {
            Some(_) => NamePool::with_held(self.metadata.evaluation_modules + UNWRITTEN_NAMES),
            None => NamePool::default(),
        };
        let router = Arc::new(Router::new(record.clone(), names));
        let fresh = Arc::new(AtomicBool::new(true));
        let events = (router.clone(), fresh.clone());
        let on_event = Arc::new(move |event: Event| {
            let (router, fresh) = &events;
            if let Event::Up { fresh: new, .. } = &event {
                fresh.store(*new, Ordering::SeqCst);
            }
            router.handle(event);
        });
        let node = Node::supervise(self.node, starter, living.clone(), on_event)?;
        router.set_node(node.clone());
        let compiler = CompilerThread::start(make_compiler).map_err(system("start the compiler's thread"))?;
        let journal = Journal::at(self.options.workspace.journal_path());
        let log = block_in_place(|| {
            ChangeLog::of_folder(self.options.workspace.changes(), self.options.project.clone())
        });
        let changes = Changes::new(log, self.metadata.settings.autoflush);
        let image = Arc::new(Image::new(node.clone(), compiler, router, journal.clone(), changes));
        answer_calls(&node, &image, &self.options.project, self.options.log.clone());
        let host = Arc::new(Host {
            id: self.options.workspace.id().clone(),
            project: self.options.project.clone(),
            nonce: self.nonce,
            cookie: self.cookie,
            image,
            slots: Semaphore::new(self.options.limits.connections),
            limits: self.options.limits.clone(),
            closing: AtomicBool::new(false),
            stopping: watch::Sender::new(false),
        });
        let socket = self.clients.into_socket();
        socket.set_nonblocking(true).map_err(system("listen"))?;
        let socket = TcpListener::from_std(socket).map_err(system("listen"))?;
        block_in_place(|| record.write())?;
        let writing = tokio::spawn(record.clone().write_changes());
        // Whoever comes to load the project must wait until it is known what the node has of it.
        let mut memory = host.image.synced.lock().await;
        ready();

        if living.is_none() {
            host.image.recall(true).await;
        } else if host.find_again(&fresh).await {
            memory.found(&host.project);
        }
        drop(memory);
        tokio::select! {
            () = accept_clients(&host, &socket) => {}
            () = idle(&host, self.options.idle) => tracing::info!("stopping: nobody used the workspace"),
            () = asked_to_stop() => tracing::info!("stopping: a signal came"),
            () = host.stopping() => tracing::info!("stopping: a client asked for it"),
        }
        host.close();
        host.stopping.send_replace(true);
        // Who comes now finds nobody, and can wait for the lock.
        drop(socket);
        node.stop().await;
        writing.abort();
        journal.remove();
        record.change(Metadata::clear_running);
        block_in_place(|| record.write())?;
        Ok(())
    }

    fn started_metadata(&self, living: Option<&ProcessId>) -> Metadata {
        let mut metadata = self.metadata.clone();
        if living.is_none() {
            metadata.clear_running();
        }
        env!("CARGO_PKG_VERSION").clone_into(&mut metadata.version);
        metadata.last_active = now();
        metadata.repl_port = Some(self.clients.address().port());
        metadata.nonce = Some(self.nonce.clone());
        metadata.require_cookie = self.options.limits.require_cookie;
        metadata.host = Some(ProcessId::of(std::process::id()));
        metadata
    }
}

fn created(options: &HostOptions) -> Result<Metadata, HomeError> {
    match options.workspace.create(&options.project) {
        // The file was set aside and the error is in the log; this time there is none.
        Err(error @ HomeError::SetAside { .. }) => {
            tracing::error!(%error, "the metadata cannot be read");
            options.workspace.create(&options.project)
        }
        other => other,
    }
}

/// What all connections share.
pub(crate) struct Host {
    pub(crate) image: Arc<Image>,
    id: WorkspaceId,
    project: PathBuf,
    nonce: String,
    cookie: Cookie,
    limits: Limits,
    slots: Semaphore,
    /// The end is decided: nobody new is let in.
    closing: AtomicBool,
    stopping: watch::Sender<bool>,
}

impl Host {
    pub(crate) fn id(&self) -> &WorkspaceId {
        &self.id
    }

    pub(crate) fn project(&self) -> &Path {
        &self.project
    }

    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(crate) fn cookie(&self) -> &Cookie {
        &self.cookie
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn slots(&self) -> &Semaphore {
        &self.slots
    }

    fn has_clients(&self) -> bool {
        self.slots.available_permits() < self.limits.connections
    }

    pub(crate) fn router(&self) -> &Arc<Router> {
        &self.image.router
    }

    /// Whether the workspace is about to stop. A new client does better to wait and start another host.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Stops the workspace a moment later, so that the reply to whoever asked goes out first.
    pub(crate) fn begin_shutdown(&self) {
        self.close();
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            sleep(SHUTDOWN_DELAY).await;
            stopping.send_replace(true);
        });
    }

    /// Waits until the workspace stops.
    pub(crate) async fn stopping(&self) {
        // The sender lives in `self`, so this ends only for the reason it waits for.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Ends a session and frees its process.
    pub(crate) async fn end_session(&self, session: &Session) {
        if self.router().sessions.remove(session.id()).is_none() {
            return;
        }
        let mut open = session.open().lock().await;
        if std::mem::take(&mut *open)
            && let Err(error) = self.image.node.close_session(session.id()).await
        {
            tracing::debug!(%error, "a session was not closed");
        }
    }

    /// Picks up where the host before us ended: its node lives, or has just died. Answers whether it lives.
    async fn find_again(self: &Arc<Self>, fresh: &AtomicBool) -> bool {
        let status = self.image.node.settled().await;
        let found = matches!(status, Status::Up) && !fresh.load(Ordering::SeqCst);
        self.image.recall(!found).await;
        if !found {
            return false;
        }
        if let Err(failure) = self.image.collect_names().await {
            tracing::warn!(failure.message, "cannot ask for free names");
        }
        let sessions = self.image.node.sessions().await.unwrap_or_default();
        let left: Vec<_> = sessions.iter().filter_map(|id| self.router().sessions.found(id).ok()).collect();
        let host = self.clone();
        tokio::spawn(async move {
            sleep(RESUMABLE).await;
            for session in left.into_iter().filter(|session| session.id().starts_with("session_")) {
                // The registry and this list hold it, so a third holder is a connection.
                if Arc::strong_count(&session) <= 2 {
                    session.open().lock().await.clone_from(&true);
                    host.end_session(&session).await;
                }
            }
        });
        true
    }
}

/// Each question gets a task of its own, since the program that waits for its answer may be what others wait for.
pub(crate) fn answer_calls(node: &Node, image: &Arc<Image>, project: &Path, log: Option<LogFile>) {
    // The image holds the node, which holds this.
    let (image, project) = (Arc::downgrade(image), project.to_path_buf());
    node.answer_calls(Arc::new(move |call| {
        if let Some(image) = image.upgrade() {
            tokio::spawn(calls::answer(image, project.clone(), log.clone(), call));
        }
    }));
}

async fn accept_clients(host: &Arc<Host>, socket: &TcpListener) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection::serve(host.clone(), stream))),
            Err(error) => {
                // No more file descriptors, say; they come back.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Waits until the workspace was left alone for as long as the limit says: no client was connected, nothing was evaluated,
/// and nothing else happened that counts as activity. A session without a client is a memory, not a use.
async fn idle(host: &Host, limit: Option<Duration>) {
    let Some(limit) = limit else {
        return future::pending().await;
    };
    let step = IDLE_CHECK.min(limit / 4).max(Duration::from_millis(100));
    loop {
        sleep(step).await;
        let record = &host.router().record;
        if host.has_clients() || host.router().sessions.any_runs() {
            record.touch();
        } else if now().saturating_sub(record.last_active()) >= limit.as_secs() {
            return;
        }
    }
}

async fn asked_to_stop() {
    let listening = signal(SignalKind::terminate()).and_then(|terminate| {
        // The terminal's other signals do not concern a process without a terminal.
        Ok((terminate, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?))
    });
    match listening {
        Ok((mut terminate, mut interrupt, _hangup)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for signals");
            future::pending::<()>().await;
        }
    }
}

fn system(action: &'static str) -> impl FnOnce(io::Error) -> HostError {
    move |source| HostError::System { action, source }
}
