//! A home of its own, the binary, and raw connections.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A home and a project; its workspaces end with the value.
pub struct Place {
    pub dir: TempDir,
    pub home: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::create_dir_all(dir.path().join("project/.beamtalk")).unwrap();
        Self { dir, home }
    }

    /// The binary, in this home. The compiled library is shared by all tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        command.args(arguments).current_dir(self.dir.path().join("project"));
        command.env("BEAMTALK_HOME", &self.home).env_remove("BEAMTALK_WORKSPACE");
        command.env("BEAMTALK_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command
    }

    pub fn beamtalk(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Evaluates in the workspace of this name, which is started if need be; answers what is printed.
    pub fn eval(&self, workspace: &str, code: &str) -> String {
        let output = self.beamtalk(&["repl", "--port", "0", "--workspace", workspace, "-e", code]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{code}: {told}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub fn folder(&self, workspace: &str) -> PathBuf {
        self.home.join("workspaces").join(workspace)
    }

    pub fn metadata(&self, workspace: &str) -> Value {
        let text = fs::read(self.folder(workspace).join("metadata.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    pub fn port(&self, workspace: &str) -> u16 {
        u16::try_from(self.metadata(workspace)["repl_port"].as_u64().unwrap()).unwrap()
    }

    /// Host and node, once the metadata, which is written behind the work, names both.
    pub fn processes(&self, workspace: &str) -> [u32; 2] {
        let pid = |value: &Value| value["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        eventually("the metadata names host and node", || {
            let metadata = self.metadata(workspace);
            Some([pid(&metadata["host"])?, pid(&metadata["node"])?])
        })
    }

    pub fn connect(&self, workspace: &str) -> Raw {
        Raw::new(TcpStream::connect(("127.0.0.1", self.port(workspace))).unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(self.home.join("workspaces")) else { return };
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            let name = entry.file_name();
            self.beamtalk(&["workspace", "stop", "--force", &name.to_string_lossy()]);
        }
    }
}

/// A connection that says and hears exactly what it is told to.
pub struct Raw {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Raw {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    pub fn ask(&mut self, request: &Value) -> Value {
        self.send(request);
        self.hear()
    }

    pub fn send(&mut self, request: &Value) {
        self.stream.write_all(format!("{request}\n").as_bytes()).unwrap();
    }

    pub fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Sends bytes; answers all that comes until the other side closes.
    pub fn say_and_hear_out(mut self, bytes: &[u8]) -> String {
        // The other side may close before all is sent, and reset what it did not read.
        let _ = self.stream.write_all(bytes);
        let mut text = String::new();
        let _ = self.reader.read_to_string(&mut text);
        text
    }
}

/// Tries until there is an answer.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "it never came to pass: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a shell command as `nobody`; `None` without the right to.
pub fn as_nobody(script: &str) -> Option<Output> {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout.trim_ascii() != b"0" {
        eprintln!("not root: a second user cannot be played");
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "timeout", "10", "bash", "-c"]);
    Some(command.arg(script).stdin(Stdio::null()).current_dir("/").output().unwrap())
}
