//! Client, host and node, each killed (signal 9) in the middle of a request, and what the next command finds.

use crate::place::{Place, eventually};
use crate::proc::is_alive;
use serde_json::json;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Longer than any test waits.
const LONG: &str = "Erlang timer sleep: 600000";

/// Evaluates in the session `s`; answers what is printed.
fn in_session(place: &Place, code: &str) -> String {
    let output = place.beamtalk(&["repl", "--port", "0", "--workspace", "w", "--session", "s", "-e", code]);
    assert!(output.status.success(), "{code}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A client whose request is on its way; its evaluation has begun when this answers.
fn begin(place: &Place, arguments: &[&str], code: &str) -> Child {
    let mark = place.dir.path().join("begun");
    let _ = std::fs::remove_file(&mark);
    let code = format!("File writeAll: \"{}\" contents: \"x\". {code}", mark.display());
    let mut command = place.command(&["repl", "--port", "0", "--workspace", "w"]);
    command.args(arguments).args(["-e", &code]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("the evaluation begins", || mark.exists().then_some(()));
    child
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    eventually("it is gone", || (!is_alive(pid)).then_some(()));
}

/// What a client says at its end, which must come by itself.
fn end_of(mut child: Child) -> Output {
    eventually("the client ends", || child.try_wait().unwrap());
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_killed_client_takes_its_session_and_its_evaluation_along() {
    let place = Place::new();
    place.eval("w", "1");
    let mut asking = place.connect("w");
    let mut processes = || {
        let count = json!({"op": "eval", "code": "Erlang erlang system_info: #process_count"});
        asking.ask(&count)["value"].as_u64().unwrap()
    };
    let before = processes();
    for code in [LONG, "[true] whileTrue: [nil]"] {
        let mut client = begin(&place, &[], code);
        assert!(processes() > before, "the evaluation has a process");
        client.kill().unwrap();
        client.wait().unwrap();
        eventually("the evaluation has ended", || (processes() <= before).then_some(()));
    }
    let sessions = asking.ask(&json!({"op": "sessions"}));
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "{sessions}");
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn a_named_session_finishes_what_its_killed_client_began() {
    let place = Place::new();
    in_session(&place, "x := 1");
    let mut client = begin(&place, &["--session", "s"], "Erlang timer sleep: 300. x := x + 1");
    client.kill().unwrap();
    client.wait().unwrap();
    eventually("the evaluation comes to its end", || {
        let arguments = ["repl", "--workspace", "w", "--session", "s", "-e", "x"];
        (place.beamtalk(&arguments).stdout == b"2\n").then_some(())
    });
}

#[test]
fn a_killed_host_costs_no_actor_and_no_variable() {
    let place = Place::new();
    in_session(&place, "Actor subclass: Tally\n  state: n = 0\n  inc => self.n := self.n + 1");
    in_session(&place, "t := Tally spawn");
    in_session(&place, "x := 20");
    assert_eq!(in_session(&place, "t inc"), "1");
    let [host, node] = place.processes("w");
    let client = begin(&place, &[], LONG);
    kill(host);
    let output = end_of(client);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("the connection to the workspace ended"), "{}", told(&output));

    assert_eq!(in_session(&place, "t inc"), "2");
    assert_eq!(in_session(&place, "x + 1"), "21");
    assert_eq!(in_session(&place, "Tally spawn inc"), "1");
    let [next_host, same_node] = place.processes("w");
    assert_ne!(next_host, host);
    assert_eq!(same_node, node);
    let actors = place.connect("w").ask(&json!({"op": "actors"}));
    assert!(actors["actors"].as_array().unwrap().iter().all(|actor| actor["class"] == "Tally"), "{actors}");
    assert_eq!(actors["actors"].as_array().unwrap().len(), 2, "{actors}");
}

/// The node goes on without a host, and so does what it evaluates.
#[test]
fn an_evaluation_outlives_the_host_and_its_session_is_found_again() {
    let place = Place::new();
    in_session(&place, "x := 1");
    let [host, _] = place.processes("w");
    let client = begin(&place, &["--session", "s"], "Erlang timer sleep: 1500. x := x + 1");
    kill(host);
    assert_eq!(end_of(client).status.code(), Some(1));
    eventually("the evaluation comes to its end", || {
        let arguments = ["repl", "--port", "0", "--workspace", "w", "--session", "s", "-e", "x"];
        (place.beamtalk(&arguments).stdout == b"2\n").then_some(())
    });
}

#[test]
fn hosts_killed_again_and_again_leave_one_host_and_one_node() {
    let place = Place::new();
    in_session(&place, "n := 0");
    let [_, node] = place.processes("w");
    for round in 1..=5 {
        let [host, _] = place.processes("w");
        kill(host);
        assert_eq!(in_session(&place, "n := n + 1"), round.to_string());
    }
    assert_eq!(place.processes("w")[1], node);
    let hosts = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        line.windows(6).any(|part| part == b"\0host\0")
            && String::from_utf8_lossy(&environment).contains(place.home.to_str().unwrap())
    });
    assert_eq!(hosts.count(), 1);
}

#[test]
fn a_killed_node_is_followed_by_one_with_the_same_classes() {
    let place = Place::new();
    place.eval("w", "Value subclass: Kept\n  x => 42");
    let [host, node] = place.processes("w");
    let client = begin(&place, &[], LONG);
    kill(node);
    let output = end_of(client);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("it was killed (signal 9)"), "{}", told(&output));

    // The first command after it waits for the next node.
    assert_eq!(place.eval("w", "Kept new x"), "42");
    eventually("the metadata names the next node", || (place.processes("w")[1] != node).then_some(()));
    assert_eq!(place.processes("w")[0], host);
    let log = std::fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    assert!(log.contains("it was killed (signal 9)"), "{log}");
}

/// As when a host dies before it could write down the node that it has just started.
#[test]
fn a_node_that_nobody_knows_of_ends_when_it_comes_back() {
    let place = Place::new();
    place.eval("w", "1");
    let [host, node] = place.processes("w");
    kill(host);
    let path = place.folder("w").join("metadata.json");
    let mut metadata = place.metadata("w");
    metadata["node"] = serde_json::Value::Null;
    std::fs::write(&path, metadata.to_string()).unwrap();
    assert_eq!(place.eval("w", "6 * 7"), "42");
    eventually("the first node has ended", || (!is_alive(node)).then_some(()));
    assert!(is_alive(place.processes("w")[1]));
    let log = std::fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    let told = log.matches("tried to connect; it is told to end").count();
    assert!((1..5).contains(&told), "{log}");
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn host_and_node_killed_together_are_followed_by_new_ones() {
    let place = Place::new();
    place.eval("w", "Value subclass: Kept\n  x => 42");
    let [host, node] = place.processes("w");
    let client = begin(&place, &[], LONG);
    kill(host);
    kill(node);
    assert_eq!(end_of(client).status.code(), Some(1));
    assert_eq!(place.eval("w", "6 * 7"), "42");
    // A little later the metadata is the next ones'.
    std::thread::sleep(Duration::from_millis(100));
    let processes = place.processes("w");
    assert!(!processes.contains(&host) && !processes.contains(&node), "{processes:?}");
}
