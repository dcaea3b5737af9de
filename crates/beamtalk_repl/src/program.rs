//! A node with its compiler and without a server: for commands that run code themselves and end with it.

use crate::calls;
use crate::change_log::ChangeLog;
use crate::compiler_thread::CompilerThread;
use crate::display;
use crate::host::answer_calls;
use crate::image::Image;
use crate::image_compiler::ImageCompiler;
use crate::journal::Journal;
use crate::pool::NamePool;
use crate::record::Record;
use crate::reply::Failure;
use crate::router::Router;
use crate::saving::Changes;
use crate::session::Session;
use beamtalk_node::{Event, Node, NodeError, NodeListener, Starter, Synced};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

/// What is told of what programs write. It is called in the order in which they do; programs wait while it does.
pub type OnOutput = Arc<dyn Fn(Written<'_>) + Send + Sync>;

/// Asks for a line, with a prompt; nothing at the end of what there is to read. It may take its time.
pub type OnInput = Arc<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

/// Something that a program wrote.
#[derive(Debug, Clone, Copy)]
pub enum Written<'a> {
    /// To its standard output.
    Output(&'a [u8]),
    /// To its standard error.
    Error(&'a str),
    /// To the Transcript.
    Transcript(&'a str),
}

/// A node, and a compiler in step with it.
#[derive(Clone)]
pub struct Program {
    image: Arc<Image>,
}

/// The value of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// As the wire protocol shows it.
    pub value: Value,
    /// What the compiler remarked.
    pub warnings: Vec<String>,
    /// The program ended itself, with this status.
    pub exit: Option<u8>,
}

impl Evaluated {
    /// The value as a client prints it.
    #[must_use]
    pub fn text(&self) -> String {
        display::to_text(&self.value)
    }
}

/// Why an input has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unevaluated {
    /// The kind of the exception; none when it did not compile.
    pub kind: Option<String>,
    /// The sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Stack frames, innermost first: `Counter>>inc/0 (src/Counter.bt:7)`.
    pub trace: Vec<String>,
}

impl Program {
    /// Starts the node; it is not waited for. Must be called in a multi-threaded runtime.
    ///
    /// `make_compiler` runs in the compiler's thread, `folder` is for files of the run, and paths in programs begin at `base`.
    /// Without `on_input` there is nothing to read.
    pub fn start(
        listener: NodeListener,
        starter: impl Starter,
        make_compiler: impl FnOnce() -> ImageCompiler + Send + 'static,
        folder: &Path,
        base: &Path,
        on_output: OnOutput,
        on_input: Option<OnInput>,
    ) -> Result<Self, NodeError> {
        let router = Arc::new(Router::new(Record::default(), NamePool::default()));
        let events = router.clone();
        let reading = on_input.map(|read| (read, Arc::new(OnceLock::<Node>::new())));
        let asked = reading.clone();
        let on_event = Arc::new(move |event: Event| match (&event, &asked) {
            (Event::Input { session, prompt }, Some((read, node))) => {
                answer_input(session, prompt, read, node);
            }
            (Event::Output { bytes, .. }, _) => on_output(Written::Output(bytes)),
            (Event::ErrorOutput { text, .. }, _) => on_output(Written::Error(text)),
            (Event::Transcript(text), _) => on_output(Written::Transcript(text)),
            _ => events.handle(event),
        });
        let node = Node::supervise(listener, starter, None, on_event)?;
        if let Some((_, known)) = reading {
            let _ = known.set(node.clone());
        }
        router.set_node(node.clone());
        let compiler = CompilerThread::start(make_compiler).map_err(|error: io::Error| {
            NodeError::System { action: "start the compiler's thread", reason: error.to_string() }
        })?;
        let journal = Journal::at(folder.join("journal.jsonl"));
        let changes = Changes::new(ChangeLog::in_memory(base.to_path_buf()), false);
        let image = Arc::new(Image::new(node.clone(), compiler, router, journal, changes));
        answer_calls(&node, &image, base, None);
        Ok(Self { image })
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.image.node
    }

    /// A session without variables.
    pub async fn open(&self, name: &str) -> Result<ProgramSession, Unevaluated> {
        let (session, _) = self.image.router.sessions.named(name)?;
        self.image.open(&session).await?;
        Ok(ProgramSession { image: self.image.clone(), session })
    }

    /// Loads the package at `root` with those that it uses, as the prompt does.
    pub async fn load_project(&self, root: &Path) -> Result<Synced, Unevaluated> {
        let loaded = crate::sync::sync(&self.image, root, crate::sync::Wanted::default()).await;
        Ok(loaded?)
    }

    /// Compiles files, or the files of folders, together and loads their classes; answers their names.
    pub async fn load(&self, paths: &[String], base: &Path) -> Result<Vec<String>, Unevaluated> {
        calls::load(&self.image, base, paths).await.map_err(|refused| Unevaluated {
            kind: Some(refused.kind.to_owned()),
            message: refused.message,
            hint: refused.hint,
            trace: Vec::new(),
        })
    }
}

/// Reads in a thread of its own: what is never answered must not keep a runtime from ending.
fn answer_input(session: &str, prompt: &str, read: &OnInput, node: &Arc<OnceLock<Node>>) {
    let (session, prompt, read, node) = (session.to_owned(), prompt.to_owned(), read.clone(), node.clone());
    let (line, told) = tokio::sync::oneshot::channel();
    // Without a thread, and after the end of the run, nobody waits.
    let _ = thread::Builder::new().spawn(move || line.send(read(&prompt)));
    tokio::spawn(async move {
        if let Some(node) = node.get() {
            let _ = node.stdin(&session, told.await.unwrap_or_default()).await;
        }
    });
}

/// A session of a [`Program`].
pub struct ProgramSession {
    image: Arc<Image>,
    session: Arc<Session>,
}

impl ProgramSession {
    /// Evaluates an input. One that fails changes no variable.
    pub async fn evaluate(&self, code: &str) -> Result<Evaluated, Unevaluated> {
        let frame = self.image.evaluate(&self.session, code).await?;
        let warnings = match frame.get("warnings") {
            Some(Value::Array(warnings)) => {
                warnings.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let exit = frame.get("exit_code").and_then(Value::as_u64);
        let exit = exit.and_then(|status| u8::try_from(status).ok());
        Ok(Evaluated { value: frame.get("value").cloned().unwrap_or_default(), warnings, exit })
    }

    /// Ends what it evaluates.
    pub async fn interrupt(&self) -> Result<(), NodeError> {
        self.image.node.interrupt(self.session.id()).await
    }

    /// Ends it.
    pub async fn close(self) -> Result<(), NodeError> {
        self.image.router.sessions.remove(self.session.id());
        self.image.node.close_session(self.session.id()).await
    }
}

impl From<Failure> for Unevaluated {
    fn from(failure: Failure) -> Self {
        let kind = failure.details.get("kind").and_then(Value::as_str).map(str::to_owned);
        let trace = failure.details.get("trace").and_then(Value::as_array).map(Vec::as_slice);
        let text = |frame: &Value| frame.as_str().map(str::to_owned);
        let trace = trace.unwrap_or_default().iter().filter_map(text).collect();
        Self { kind, message: failure.message, hint: failure.hint, trace }
    }
}
