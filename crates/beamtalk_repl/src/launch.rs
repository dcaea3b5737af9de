//! Finding a workspace's host, or starting one.

use crate::client::{Client, ClientError};
use crate::loopback::LoopbackAddr;
use beamtalk_home::{Cookie, HomeError, Metadata, WorkspaceFolder};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the host writes to its standard output when clients can connect.
pub const READY: &str = "ready";

/// How long a host that holds its lock may take until it can be reached, or is gone.
const CHANGING: Duration = Duration::from_secs(20);

/// How long a host may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);

/// A host that was found or started.
#[derive(Debug)]
pub struct Attached {
    /// The connection.
    pub client: Client,
    /// The workspace as its host describes it.
    pub metadata: Metadata,
    /// The host was started for this.
    pub started: bool,
    /// What was wrong with an earlier metadata file.
    pub notice: Option<String>,
}

/// Why there is no host to talk to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// A file or folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The host cannot be reached.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The host's process cannot be started.
    #[error("cannot start the workspace: {0}")]
    Spawn(#[from] io::Error),
    /// The node that the host needs cannot be prepared.
    #[error("{message}")]
    Node {
        /// Why.
        message: String,
        /// How to mend it.
        help: Option<String>,
    },
    /// The host ended before it was ready.
    #[error("the workspace did not start: {0}")]
    Failed(String),
}

/// Connects to the workspace's host if it runs.
pub fn attach(workspace: &WorkspaceFolder) -> Result<Option<Attached>, LaunchError> {
    let Some(metadata) = workspace.metadata()? else { return Ok(None) };
    let (Some(port), Some(nonce)) = (metadata.repl_port, metadata.nonce.clone()) else {
        return Ok(None);
    };
    // Only Linux tells the host who we are.
    let cookie = if metadata.require_cookie || cfg!(not(target_os = "linux")) {
        Some(workspace.cookie()?)
    } else {
        None
    };
    let reached = greet(port, cookie.as_ref(), |client| client.identify(&metadata.workspace_id, &nonce));
    match reached.map(|(client, ())| client) {
        Ok(client) => Ok(Some(Attached { client, metadata, started: false, notice: None })),
        // The record is of a host that died, or whose port is now another's.
        Err(error) => {
            tracing::debug!(%error, "the recorded host cannot be reached");
            Ok(None)
        }
    }
}

/// Connects to whatever workspace of our user is served at a port; answers its name too.
pub fn attach_to_port(port: u16, cookie: Option<&Cookie>) -> Result<(Client, String), ClientError> {
    greet(port, cookie, Client::workspace)
}

fn greet<T>(
    port: u16,
    cookie: Option<&Cookie>,
    identify: impl FnOnce(&mut Client) -> Result<T, ClientError>,
) -> Result<(Client, T), ClientError> {
    let mut client = Client::connect(LoopbackAddr::new(port))?;
    client.set_patience(Some(GREETING))?;
    if let Some(cookie) = cookie {
        client.authenticate(cookie)?;
    }
    let identity = identify(&mut client)?;
    client.set_patience(None)?;
    Ok((client, identity))
}

/// Connects to the workspace's host; starts it with `command` if none runs. Of several that start at once, one
/// starts the host and the others find it.
///
/// `prepare` is called before a start, for what takes long and has something to tell.
pub fn attach_or_start(
    workspace: &WorkspaceFolder,
    project: &Path,
    mut command: Command,
    prepare: impl FnOnce() -> Result<(), LaunchError>,
) -> Result<Attached, LaunchError> {
    let notice = match attach(workspace) {
        Ok(Some(attached)) => return Ok(attached),
        Ok(None) => None,
        // The damaged file is out of the way now; a new one takes its place.
        Err(LaunchError::Home(error @ HomeError::SetAside { .. })) => Some(error.to_string()),
        Err(error) => return Err(error),
    };
    let _lock = workspace.lock()?;
    workspace.create(project)?;
    let waited_since = Instant::now();
    while workspace.has_host() && waited_since.elapsed() < CHANGING {
        if let Some(attached) = attach(workspace)? {
            return Ok(Attached { notice, ..attached });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    prepare()?;
    start(workspace, &mut command)?;
    let attached =
        attach(workspace)?.ok_or_else(|| LaunchError::Failed("it is ready but cannot be reached".into()))?;
    Ok(Attached { started: true, notice, ..attached })
}

/// Starts the host's process and waits for its word that it is ready.
fn start(workspace: &WorkspaceFolder, command: &mut Command) -> Result<(), LaunchError> {
    let path = workspace.startup_log_path();
    let _ = std::fs::remove_file(&path);
    let mut log = beamtalk_home::file::append_private(&path)?;
    // On a full disk the host could not even say so.
    log.write_all(b"\n").map_err(|source| HomeError::Io { action: "write", path: path.clone(), source })?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    // The cookie is for this process; its children have the file.
    command.env_remove("BEAMTALK_COOKIE");
    let mut child = command.spawn()?;
    let mut word = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut word)?;
    }
    if word.trim_end() == READY {
        // It goes on without us.
        return Ok(());
    }
    let status = child.wait()?;
    let said = std::fs::read_to_string(&path).unwrap_or_default();
    let said = said.trim();
    Err(LaunchError::Failed(if said.is_empty() { status.to_string() } else { said.to_owned() }))
}
