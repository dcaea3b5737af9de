//! Asking a daemon, and starting the one that is to be asked.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use beamtalk_home::{FileLock, file};
use beamtalk_project::FINGERPRINT;
use serde_json::{Value, json};

use crate::peer::{own_uid, peer_uid};
use crate::{DaemonError, Place};

/// How long a daemon may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);
/// How long it may take for anything else. A build that is longer is made by the client itself.
const ANSWER: Duration = Duration::from_secs(600);
/// How long it may take to start or stop.
const CHANGE: Duration = Duration::from_secs(10);
/// The log of daemons in the background is begun anew beyond this length, in bytes.
const LONGEST_LOG: u64 = 1 << 20;

/// A connection to a daemon.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<UnixStream>,
    next_id: u64,
}

impl Client {
    /// Connect to the daemon of a place.
    ///
    /// # Errors
    /// [`DaemonError::NotRunning`]; or who listens there is not of our user.
    pub fn connect(place: &Place) -> Result<Self, DaemonError> {
        let stream = UnixStream::connect(place.socket()).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => DaemonError::NotRunning,
            _ => DaemonError::system("reach the compiler daemon")(error),
        })?;
        let peer = peer_uid(&stream).map_err(DaemonError::system("tell who the compiler daemon is"))?;
        if peer != own_uid() {
            return Err(DaemonError::ForeignPeer { path: place.socket().to_path_buf(), uid: peer });
        }
        let set = stream.set_write_timeout(Some(ANSWER)).and_then(|()| stream.set_read_timeout(Some(ANSWER)));
        set.map_err(DaemonError::system("set up the connection"))?;
        Ok(Self { reader: BufReader::new(stream), next_id: 1 })
    }

    /// Call a method and wait for its result.
    ///
    /// # Errors
    /// [`DaemonError::Refused`] with the daemon's error, or the connection broke.
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value, DaemonError> {
        let id = self.next_id;
        self.next_id += 1;
        let mut line = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": id }).to_string();
        line.push('\n');
        let stream = self.reader.get_mut();
        stream.write_all(line.as_bytes()).map_err(DaemonError::system("ask the compiler daemon"))?;
        let mut answer = Vec::new();
        let read = self.reader.read_until(b'\n', &mut answer);
        read.map_err(DaemonError::system("hear the compiler daemon"))?;
        let mut answer: Value = serde_json::from_slice(&answer).map_err(|_| DaemonError::Garbled)?;
        if let Some(error) = answer.get("error") {
            return Err(DaemonError::Refused {
                code: error["code"].as_i64().unwrap_or_default(),
                reason: error["data"]["code"].as_str().map(str::to_owned),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
                help: error["data"]["help"].as_str().map(str::to_owned),
            });
        }
        if answer["id"] != json!(id) {
            return Err(DaemonError::Garbled);
        }
        answer.get_mut("result").map(Value::take).ok_or(DaemonError::Garbled)
    }

    /// Whether the daemon is this very compiler. One that does not say so in time is none.
    fn is_same(&mut self) -> Result<bool, DaemonError> {
        let wait = |stream: &UnixStream, time| {
            stream.set_read_timeout(Some(time)).map_err(DaemonError::system("set up the connection"))
        };
        wait(self.reader.get_ref(), GREETING)?;
        let version = self.call("version", &json!({}))?;
        wait(self.reader.get_ref(), ANSWER)?;
        Ok(version["fingerprint"] == json!(FINGERPRINT))
    }
}

/// Connect to the daemon of a place; start one where there is none, or only an older one. `program` is this program.
///
/// # Errors
/// It does not start.
pub fn connect_or_start(place: &Place, program: &Path) -> Result<Client, DaemonError> {
    match Client::connect(place) {
        Ok(mut client) => {
            if client.is_same()? {
                return Ok(client);
            }
            drop(client);
            stop(place)?;
        }
        Err(DaemonError::NotRunning) => {}
        Err(error) => return Err(error),
    }
    spawn(place, program)?;
    let end = Instant::now() + CHANGE;
    loop {
        thread::sleep(Duration::from_millis(2));
        match Client::connect(place) {
            Ok(client) => return Ok(client),
            Err(DaemonError::NotRunning) if Instant::now() < end => {}
            Err(DaemonError::NotRunning) => return Err(DaemonError::NoStart { log: place.log() }),
            Err(error) => return Err(error),
        }
    }
}

/// Stop the daemon of a place and wait until it is gone.
///
/// # Errors
/// [`DaemonError::NotRunning`], or it does not listen.
pub fn stop(place: &Place) -> Result<(), DaemonError> {
    Client::connect(place)?.call("shutdown", &json!({}))?;
    let end = Instant::now() + CHANGE;
    while FileLock::is_held(&place.lock()) {
        if Instant::now() > end {
            return Err(DaemonError::NoStop);
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Start a daemon that outlives us and our terminal. Of two that are started at once, one gives way.
fn spawn(place: &Place, program: &Path) -> Result<(), DaemonError> {
    let path = place.log();
    if std::fs::metadata(&path).is_ok_and(|data| data.len() > LONGEST_LOG) {
        // What cannot be removed grows on, which is better than no daemon.
        let _ = std::fs::remove_file(&path);
    }
    let log: File = file::append_private(&path)?;
    let mut command = Command::new(program);
    // The session is named after the parent process, which is another one for the daemon.
    command.args(["daemon", "run", "--detached"]).env("BEAMTALK_DAEMON_SOCKET", place.socket());
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().map(drop).map_err(DaemonError::system("start the compiler daemon"))
}
