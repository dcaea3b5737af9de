//! Where a run happens: a folder of its own, and a node that listens nowhere.

use crate::TestError;
use beamtalk_home::{Home, RunFolder};
use beamtalk_node::{Node, NodeListener, Starter};
use beamtalk_project::Image;
use beamtalk_repl::{ImageCompiler, OnInput, OnOutput, Program};
use std::future::Future;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::signal::unix::{SignalKind, signal};

/// The session that tests write to and read from.
pub const SESSION: &str = "test";

/// Makes the starter of a run's node, given the folder of the run.
pub type MakeStarter = Arc<dyn Fn(&RunFolder) -> Box<dyn Starter> + Send + Sync>;

/// What a run needs from outside.
#[derive(Clone)]
pub struct Environment {
    home: Home,
    /// The working folder.
    pub here: PathBuf,
    make_starter: MakeStarter,
    on_output: OnOutput,
    on_input: Option<OnInput>,
    nodes: Arc<Mutex<Vec<Node>>>,
}

/// The folder and the socket of a node that is not started yet.
pub struct Place {
    folder: RunFolder,
    listener: NodeListener,
}

/// A node on its way, and a compiler that waits to be told its classes.
pub struct TestNode {
    /// Node and compiler.
    pub program: Program,
    image: Option<Sender<Image>>,
    folder: RunFolder,
}

impl Environment {
    /// Starts nodes with what `make_starter` makes; programs run in `here`, and what they write is told.
    pub fn new(home: Home, here: PathBuf, make_starter: MakeStarter, on_output: OnOutput) -> Self {
        Self { home, here, make_starter, on_output, on_input: None, nodes: Arc::default() }
    }

    /// The same, where programs can read.
    #[must_use]
    pub fn with_input(self, on_input: OnInput) -> Self {
        Self { on_input: Some(on_input), ..self }
    }

    /// A place for a node. To be called while the process has one thread ([`NodeListener::bind`]).
    ///
    /// # Errors
    /// There is no folder for the run, or no socket in it.
    pub fn place(&self) -> Result<Place, TestError> {
        let folder = RunFolder::create(&self.home)?;
        let listener = NodeListener::bind(folder.node_socket())?;
        Ok(Place { folder, listener })
    }

    /// Does the work of a run in a runtime of its own; a signal ends it. Whatever happens, no node is left.
    ///
    /// # Errors
    /// Whatever the work answers, or [`TestError::Interrupted`].
    pub fn perform<T, F: Future<Output = Result<T, TestError>>>(&self, work: F) -> Result<T, TestError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|source| TestError::System { action: "start threads", source })?;
        runtime.block_on(async {
            let done = tokio::select! {
                done = work => done,
                () = interrupted() => Err(TestError::Interrupted),
            };
            let nodes = std::mem::take(&mut *self.nodes());
            for node in nodes {
                node.stop().await;
            }
            done
        })
    }

    /// Starts a node; it is not waited for.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn start(&self, place: Place) -> Result<TestNode, TestError> {
        let Place { folder, listener } = place;
        let starter = (self.make_starter)(&folder);
        let (image, told) = channel();
        // A run that ends early tells nothing; then there is nothing to compile either.
        let make = move || told.recv().map_or_else(|_| ImageCompiler::new(), ImageCompiler::with_image);
        let (on_output, on_input) = (self.on_output.clone(), self.on_input.clone());
        let program =
            Program::start(listener, starter, make, folder.path(), &self.here, on_output, on_input)?;
        self.nodes().push(program.node().clone());
        Ok(TestNode { program, image: Some(image), folder })
    }

    /// Each use leaves the list whole, so a panic elsewhere does no harm.
    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TestNode {
    /// Tells the compiler the classes that programs may use; only the first word counts.
    pub fn set_image(&mut self, image: Image) {
        if let Some(sender) = self.image.take() {
            // Without a thread to hear it every evaluation says so.
            let _ = sender.send(image);
        }
    }

    /// The folder of the run.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Ends the node.
    pub async fn close(self) {
        self.program.node().stop().await;
    }
}

async fn interrupted() {
    let listening = signal(SignalKind::interrupt()).and_then(|interrupt| {
        Ok((interrupt, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?))
    });
    match listening {
        Ok((mut interrupt, mut terminate, mut hangup)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for signals");
            std::future::pending::<()>().await;
        }
    }
}
