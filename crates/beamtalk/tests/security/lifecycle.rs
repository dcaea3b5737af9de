//! Starting and stopping at the same time, hosts that hang, and what a host keeps of its starter.

use crate::place::{Place, eventually};
use crate::proc::{family, is_alive};
use beamtalk_home::{Home, WorkspaceId};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

fn begin(place: &Place, arguments: &[&str]) -> Child {
    let mut command = place.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Nobody stops what somebody else is just starting, stopping or removing.
#[test]
fn d4_a_stop_waits_for_who_holds_the_workspaces_lock() {
    let place = Place::new();
    let workspace = Home::at(&place.home).workspace(&WorkspaceId::named("w").unwrap());
    for arguments in [&["workspace", "stop", "w"][..], &["workspace", "stop", "w", "--force"]] {
        place.eval("w", "1");
        let [host, _] = place.processes("w");
        let lock = workspace.lock().unwrap();
        let mut stopping = begin(&place, arguments);
        sleep(Duration::from_millis(500));
        assert!(stopping.try_wait().unwrap().is_none() && is_alive(host), "{arguments:?} did not wait");
        drop(lock);
        assert!(stopping.wait().unwrap().success());
        eventually("the host is gone", || (!is_alive(host)).then_some(()));
    }
}

/// The end takes a while here, since the node does not listen.
#[test]
fn d4_a_start_during_a_stop_finds_a_new_host() {
    let place = Place::new();
    place.eval("w", "1");
    let [host, node] = place.processes("w");
    signal("-STOP", node);
    let stopping = begin(&place, &["workspace", "stop", "w"]);
    sleep(Duration::from_millis(500));
    assert_eq!(place.eval("w", "6 * 7"), "42");
    let output = stopping.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"Workspace 'w' stopped\n");
    let [next_host, next_node] = place.processes("w");
    assert!(next_host != host && next_node != node);
    eventually("the first ones are gone", || (!is_alive(host) && !is_alive(node)).then_some(()));
    assert!(is_alive(next_host) && is_alive(next_node));
}

#[test]
fn starts_and_stops_in_any_order_leave_a_workspace_that_works() {
    let place = Place::new();
    place.eval("w", "1");
    for round in 0..4 {
        let mut all: Vec<Child> = Vec::new();
        for number in 0..6 {
            let stop = ["workspace", "stop", "w"];
            let start = ["repl", "--port", "0", "--workspace", "w", "-e", "1"];
            all.push(if (round + number) % 3 == 0 { begin(&place, &stop) } else { begin(&place, &start) });
        }
        // A client may lose its workspace to a stop, but nobody waits for ever.
        let begun = Instant::now();
        for child in &mut all {
            eventually("each command ends", || child.try_wait().unwrap());
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert_eq!(place.eval("w", "6 * 7"), "42");
        assert!(place.processes("w").into_iter().all(is_alive));
    }
}

#[test]
fn a_host_that_hangs_can_be_stopped_by_force() {
    let place = Place::new();
    place.eval("w", "1");
    let [host, node] = place.processes("w");
    signal("-STOP", host);
    let polite = place.beamtalk(&["workspace", "stop", "w"]);
    let told = String::from_utf8_lossy(&polite.stderr).into_owned();
    assert!(!polite.status.success() && told.contains("--force"), "{told}");
    let forced = place.beamtalk(&["workspace", "stop", "w", "--force"]);
    assert_eq!(forced.stdout, b"Workspace 'w' stopped\n");
    eventually("both are gone", || (!is_alive(host) && !is_alive(node)).then_some(()));
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

fn open_files(pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

/// A script may wait for the end of a pipe, or hold a lock, that a host would otherwise keep for hours.
#[test]
fn a_host_and_a_daemon_keep_nothing_open_of_who_started_them() {
    if !Path::new("/proc/self/fd").exists() {
        eprintln!("skipped: this system does not list open files");
        return;
    }
    let place = Place::new();
    let kept = place.dir.path().join("kept");
    let mut script = Command::new("bash");
    let program = env!("CARGO_BIN_EXE_beamtalk");
    script.args([
        "-c",
        "exec 5>\"$1\" 77>\"$1\"; \"$0\" repl --port 0 --workspace w -e 1 && \"$0\" daemon start",
    ]);
    script.arg(program).arg(&kept).stdin(Stdio::null());
    let environment = place.command(&[]);
    script.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("BEAMTALK_DAEMON_SOCKET", place.home.join("d.sock"));
    script.current_dir(environment.get_current_dir().unwrap());
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let daemon: u32 = said.trim_end_matches([')', '\n']).rsplit_once(' ').unwrap().1.parse().unwrap();
    let processes: Vec<u32> = place.processes("w").into_iter().chain([daemon]).flat_map(family).collect();
    for pid in &processes {
        assert!(!open_files(*pid).contains(&kept), "process {pid}: {:?}", open_files(*pid));
    }
    assert!(processes.len() >= 3 && open_files(processes[0]).len() > 3, "files were looked at");
    let mut stop = place.command(&["daemon", "stop"]);
    assert!(stop.env("BEAMTALK_DAEMON_SOCKET", place.home.join("d.sock")).output().unwrap().status.success());
}
