//! How much a workspace holds.

use crate::place::Place;
use serde_json::{Value, json};
use std::fs;

/// What must not grow with use.
#[derive(Debug, Clone)]
pub struct Level {
    /// Sessions, the asking one's included.
    pub sessions: u64,
    /// Processes inside the node.
    processes: u64,
    ports: u64,
    /// Without the names of evaluations.
    atoms: u64,
    /// Names of evaluations, which are used again and have a bound of their own.
    pub names: u64,
    modules: u64,
    host_files: u64,
    node_files: u64,
    /// From here on for people: threads and memory come and go with load and garbage collections.
    _host_threads: u64,
    _host_kilobytes: u64,
    _node_kilobytes: u64,
}

impl Level {
    pub fn of(place: &Place, host: u32, node: u32) -> Self {
        let mut asking = place.connect("w");
        let mut count =
            |code: &str| asking.ask(&json!({"op": "eval", "code": code}))["value"].as_u64().expect(code);
        let modules = count("Erlang erlang length: (Erlang code all_loaded)");
        let processes = count("Erlang erlang system_info: #process_count");
        let ports = count("Erlang erlang system_info: #port_count");
        let atoms = count("Erlang erlang system_info: #atom_count");
        let names = place.metadata("w")["evaluation_modules"].as_u64().expect("a number");
        let sessions = asking.ask(&json!({"op": "sessions"}));
        let sessions = sessions["sessions"].as_array().map_or(0, Vec::len) as u64;
        Self {
            sessions,
            processes,
            ports,
            // The metadata is written behind the work.
            atoms: atoms.saturating_sub(names),
            names,
            modules,
            host_files: files(host),
            node_files: files(node),
            _host_threads: status(host, "Threads:"),
            _host_kilobytes: status(host, "VmRSS:"),
            _node_kilobytes: status(node, "VmRSS:"),
        }
    }

    /// Nothing but names is more than `slack` above the other; atoms not more than `few_atoms`.
    pub fn is_about(&self, before: &Self, slack: u64, few_atoms: u64) -> bool {
        let about = |now: u64, then: u64| now <= then + slack;
        about(self.sessions, before.sessions)
            && about(self.processes, before.processes)
            && about(self.ports, before.ports)
            && about(self.modules, before.modules)
            && about(self.host_files, before.host_files)
            && about(self.node_files, before.node_files)
            && self.atoms <= before.atoms + few_atoms
    }
}

fn files(pid: u32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the process lives").count() as u64
}

/// A number of `/proc/PID/status`.
fn status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect(name);
    line.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).expect(name)
}

/// What a reply says that went wrong.
pub fn error(reply: &Value) -> &str {
    reply["error"].as_str().unwrap_or_default()
}
