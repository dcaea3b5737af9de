//! A workspace, served by the real binary, for tests that send it many inputs.

use beamtalk_home::metadata::ProcessId;
use beamtalk_home::{Home, WorkspaceFolder, WorkspaceId};
use beamtalk_repl::launch::attach_or_start;
use beamtalk_repl::{Client, LoopbackAddr};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A workspace of its own home. `stop` ends it.
pub struct Workspace {
    _home: tempfile::TempDir,
    folder: WorkspaceFolder,
    pub client: Client,
    port: u16,
}

impl Workspace {
    pub fn start(name: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let id = WorkspaceId::named(name).unwrap();
        let folder = Home::at(home.path()).workspace(&id);
        let mut host = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        // Should the test be killed, the workspace soon notices that nobody is there.
        host.args(["host", "--workspace", name, "--port", "0", "--idle", "20", "--project"]);
        host.arg(root())
            .env("BEAMTALK_HOME", home.path())
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        let attached = attach_or_start(&folder, &root(), host, || Ok(())).unwrap();
        let port = attached.metadata.repl_port.unwrap();
        Self { _home: home, folder, client: attached.client, port }
    }

    /// A connection, which has a session of its own.
    pub fn session(&self) -> Client {
        Client::connect(LoopbackAddr::new(self.port)).unwrap()
    }

    /// Removes the classes and actors that were made, so that no test depends on another.
    pub fn clean(&mut self) -> Result<(), String> {
        let ask = |client: &mut Client, op: &str, params: Value| {
            client.request(op, params).map_err(|error| error.to_string())
        };
        for actor in ask(&mut self.client, "actors", json!({}))?.list("actors") {
            ask(&mut self.client, "kill", json!({"actor": actor["pid"]}))?;
        }
        loop {
            let modules = ask(&mut self.client, "modules", json!({}))?;
            let mut removed = 0;
            let mut refusal = String::new();
            for module in modules.list("modules") {
                // A superclass goes after its subclasses.
                let reply = ask(&mut self.client, "unload", json!({"module": module["name"]}))?;
                match reply.error() {
                    None => removed += 1,
                    Some(error) => refusal = error.to_string(),
                }
            }
            match (modules.list("modules").len(), removed) {
                (0, _) => return Ok(()),
                (left, 0) => return Err(format!("{left} classes cannot be removed: {refusal}")),
                _ => {}
            }
        }
    }

    /// Stops host and node, and makes sure that both are gone.
    pub fn stop(mut self) {
        let host = self.folder.metadata().unwrap().unwrap().host.unwrap();
        let asked = self.client.request("eval", json!({"code": "Erlang os getpid"})).unwrap();
        let node = ProcessId::of(asked.text("value").unwrap().parse().unwrap());
        let cookie = self.folder.cookie().unwrap();
        let reply = self.client.request("shutdown", json!({"cookie": cookie.reveal()})).unwrap();
        assert_eq!(reply.error(), None);
        let since = Instant::now();
        while host.is_alive() || node.is_alive() {
            assert!(since.elapsed() < Duration::from_secs(20), "a process of the workspace stays");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
