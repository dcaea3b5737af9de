//! The form of `metadata.json`.

use crate::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a workspace's folder says of it. Times are seconds since 1970.
///
/// A field that a newer version adds is optional here, so that an older file can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The workspace's name.
    pub workspace_id: String,
    /// The project's root folder.
    pub project_path: PathBuf,
    /// When the workspace was made.
    pub created_at: u64,
    /// When something last happened in it.
    #[serde(default)]
    pub last_active: u64,
    /// The version that wrote this file.
    #[serde(default)]
    pub version: String,
    /// The Erlang release of the running node.
    #[serde(default)]
    pub otp_release: Option<String>,
    /// The node's name, when it was started with one.
    #[serde(default)]
    pub node_name: Option<String>,
    /// The port of the REPL server while it runs.
    #[serde(default)]
    pub repl_port: Option<u16>,
    /// What the server at `repl_port` answers to `health`, so that nobody takes another for it.
    #[serde(default)]
    pub nonce: Option<String>,
    /// The server at `repl_port` wants the cookie from every client.
    #[serde(default)]
    pub require_cookie: bool,
    /// The workspace host.
    #[serde(default)]
    pub host: Option<ProcessId>,
    /// The Erlang node.
    #[serde(default)]
    pub node: Option<ProcessId>,
    /// Modules of user classes that are loaded.
    #[serde(default)]
    pub loaded_modules: Vec<String>,
    /// Actors that the workspace looks after, as texts.
    #[serde(default)]
    pub supervised_actors: Vec<String>,
    /// How many names for the modules of evaluations were ever in use.
    #[serde(default)]
    pub evaluation_modules: u32,
    /// What its users have set.
    #[serde(default)]
    pub settings: Settings,
}

/// What the users of a workspace have set; it stays when the workspace stops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Write each durable change to its file at once.
    #[serde(default)]
    pub autoflush: bool,
}

impl Metadata {
    /// A new workspace's.
    pub fn new(id: &WorkspaceId, project: &Path, now: u64) -> Self {
        Self {
            workspace_id: id.as_str().to_owned(),
            project_path: project.to_path_buf(),
            created_at: now,
            last_active: now,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            otp_release: None,
            node_name: None,
            repl_port: None,
            nonce: None,
            require_cookie: false,
            host: None,
            node: None,
            loaded_modules: Vec::new(),
            supervised_actors: Vec::new(),
            evaluation_modules: 0,
            settings: Settings::default(),
        }
    }

    /// Forgets everything that is true only while the workspace runs.
    pub fn clear_running(&mut self) {
        self.repl_port = None;
        self.nonce = None;
        self.require_cookie = false;
        self.host = None;
        self.node = None;
        self.node_name = None;
        self.loaded_modules.clear();
        self.supervised_actors.clear();
        self.evaluation_modules = 0;
    }
}

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// The system's number for it.
    pub pid: u32,
    /// When it started, in the system's own unit; 0 where the system does not tell.
    #[serde(default)]
    pub started: u64,
}

impl ProcessId {
    /// The process with this number now.
    pub fn of(pid: u32) -> Self {
        Self { pid, started: start_time(pid).unwrap_or(0) }
    }

    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        if cfg!(target_os = "linux") {
            return start_time(self.pid).is_some_and(|started| started == self.started);
        }
        i32::try_from(self.pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
    }
}

/// Field 22 of `/proc/PID/stat` (proc(5)), or nothing for a process that is gone or only waits to be reaped.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name, field 2, is in parentheses and may itself hold any character.
    let rest = &stat[stat.rfind(')')? + 1..];
    let mut fields = rest.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_this_process_is_alive_and_an_earlier_one_of_its_number_is_not() {
        let mut us = ProcessId::of(std::process::id());
        assert!(us.is_alive());
        if cfg!(target_os = "linux") {
            us.started += 1;
            assert!(!us.is_alive());
        }
    }

    #[test]
    fn an_older_file_can_be_read() {
        let text = r#"{"workspace_id":"a","project_path":"/p","created_at":7,"unknown":[1]}"#;
        let read: Metadata = serde_json::from_str(text).unwrap();
        assert_eq!((read.created_at, read.repl_port), (7, None));
    }
}
