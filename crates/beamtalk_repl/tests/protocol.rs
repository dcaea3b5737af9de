//! The operations of the wire protocol (spec 06 section 6), over a real socket.

mod support;

use serde_json::json;
use std::fs;
use std::time::Duration;
use support::TestHost;

#[test]
fn eval_answers_as_in_the_reference() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": "a1", "code": "integer 42"}));
    assert_eq!(client.hear().to_string(), r#"{"id":"a1","value":42,"status":["done"]}"#);
}

#[test]
fn output_and_warnings_come_with_the_value() {
    let host = TestHost::start();
    let reply = host.connect().eval("warn careful\nprint hello\ntext x");
    assert_eq!(reply["value"], "x");
    assert_eq!(reply["output"], "hello");
    assert_eq!(reply["warnings"], json!(["careful"]));
}

#[test]
fn empty_code_is_an_error() {
    let host = TestHost::start();
    let reply = host.connect().eval("  \n");
    assert_eq!(reply["error"], "Empty expression");
    assert_eq!(reply["hint"], "Enter an expression to evaluate.");
    assert_eq!(reply["status"], json!(["done", "error"]));
}

#[test]
fn a_compile_error_has_its_code_and_place() {
    let host = TestHost::start();
    let reply = host.connect().eval("error Undefined variable: foo");
    assert_eq!(reply["error"], "Undefined variable: foo");
    assert_eq!(reply["problems"][0]["code"], "E0001");
    assert_eq!(reply["problems"][0]["line"], 1);
}

#[test]
fn a_raised_error_has_its_kind_and_its_output() {
    let host = TestHost::start();
    let reply = host.connect().eval("print before\nraise user_error it broke");
    assert_eq!(reply["error"], "it broke");
    assert_eq!(reply["kind"], "user_error");
    assert_eq!(reply["output"], "before");
}

#[test]
fn a_panic_of_the_compiler_is_an_error_of_one_request() {
    let host = TestHost::start();
    let mut client = host.connect();
    assert!(client.eval("panic")["error"].as_str().unwrap().contains("compiler failed"));
    assert_eq!(client.eval("integer 1")["value"], 1);
}

#[test]
fn a_class_definition_shows_its_name_and_can_be_completed() {
    let host = TestHost::start();
    let mut client = host.connect();
    assert_eq!(client.eval("class Counter")["value"], "Counter");
    let reply = client.ask(&json!({"op": "complete", "code": "Cou"}));
    assert_eq!(reply["completions"], json!(["Counter"]));
    assert_eq!(client.ask(&json!({"op": "complete", "code": ""}))["completions"], json!([]));
    let info = client.ask(&json!({"op": "info", "symbol": "Counter"}));
    assert_eq!(info["info"], json!({"found": true, "symbol": "Counter", "kind": "class"}));
    let info = client.ask(&json!({"op": "info", "symbol": "Nope"}));
    assert_eq!(info["info"], json!({"found": false, "symbol": "Nope"}));
    assert_eq!(client.ask(&json!({"op": "docs", "class": "Counter"}))["docs"], "Help for Counter");
    let reply = client.ask(&json!({"op": "docs", "class": "X"}));
    assert_eq!(reply["error"], "Unknown class: X. Use :modules to see loaded classes.");
}

#[test]
fn modules_and_actors_are_listed() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.eval("class Counter");
    let modules = client.ask(&json!({"op": "modules"}));
    assert_eq!(modules["modules"][0]["name"], "Counter");
    assert_eq!(modules["modules"][0]["actor_count"], 2);
    assert!(modules["modules"][0]["time_ago"].as_str().unwrap().ends_with("d ago"));
    let actors = client.ask(&json!({"op": "actors"}));
    assert_eq!(
        actors["actors"][0],
        json!({"pid": "<0.120.0>", "class": "Counter", "module": "bt@user@Counter", "spawned_at": 1})
    );
    let state = client.ask(&json!({"op": "inspect", "actor": "<0.120.0>"}));
    assert_eq!(state["state"], json!({"value": 3}));
    let reply = client.ask(&json!({"op": "inspect", "actor": "nope"}));
    assert_eq!(reply["error"], "Invalid actor PID: nope");
    assert_eq!(client.ask(&json!({"op": "kill", "pid": "<0.120.0>"}))["value"], "ok");
}

#[test]
fn unload_removes_a_class_once() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.eval("class Counter");
    let unload = json!({"op": "unload", "module": "Counter"});
    assert_eq!(client.ask(&unload)["value"], "ok");
    assert_eq!(client.ask(&unload)["error"], "Class not found: 'Counter'");
    assert!(client.ask(&json!({"op": "unload"}))["error"].as_str().unwrap().contains("module"));
    assert_eq!(client.ask(&json!({"op": "modules"}))["modules"], json!([]));
}

#[test]
fn files_and_folders_load() {
    let host = TestHost::start();
    let mut client = host.connect();
    let folder = host.dir.path().join("src");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.bt"), "class A").unwrap();
    fs::write(folder.join("b.bt"), "class B").unwrap();
    let reply = client.ask(&json!({"op": "load-file", "path": folder.join("a.bt")}));
    assert_eq!(reply["classes"], json!(["A"]));
    let reply = client.ask(&json!({"op": "load-file", "path": "src"}));
    assert_eq!((&reply["classes"], &reply["files"]), (&json!(["A", "B"]), &json!(2)));
    let reply = client.ask(&json!({"op": "load-file", "path": "none.bt"}));
    assert_eq!(reply["error"], "File not found: none.bt");
    let reply = client.ask(&json!({"op": "reload", "module": "A", "path": "src/a.bt"}));
    assert_eq!(reply["classes"], json!(["A"]));
    let reply = client.ask(&json!({"op": "load-source", "source": "class C"}));
    assert_eq!(reply["classes"], json!(["C"]));
}

#[test]
fn streaming_sends_output_as_it_is_written_and_repeats_it() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": 1, "code": "print a\nprint b\ntext v", "stream": true}));
    assert_eq!(client.hear(), json!({"id": 1, "out": "a"}));
    assert_eq!(client.hear(), json!({"id": 1, "out": "b"}));
    let last = client.hear();
    assert_eq!((&last["output"], &last["value"]), (&json!("ab"), &json!("v")));
}

#[test]
fn a_program_can_read_a_line() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": "q", "code": "ask Name?", "stream": true}));
    let ask = client.hear();
    assert_eq!(ask, json!({"id": "q", "status": ["need-input"], "prompt": "Name?"}));
    client.tell(&json!({"op": "stdin", "id": "q", "value": "Ada\n"}));
    assert_eq!(client.hear()["value"], "Ada\n");
    let reply = client.ask(&json!({"op": "stdin", "id": "q", "value": "x"}));
    assert_eq!(reply["error"], "No pending input request");
}

#[test]
fn an_interrupt_on_the_same_connection_ends_the_evaluation() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": "long", "code": "sleep"}));
    client.tell(&json!({"op": "eval", "id": "next", "code": "integer 2"}));
    host.eventually("the evaluation runs", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "eval")
    });
    client.tell(&json!({"op": "interrupt", "id": "i"}));
    let mut replies = [client.hear(), client.hear(), client.hear()];
    replies.sort_by_key(|reply| reply["id"].to_string());
    assert_eq!(replies[0]["value"], "ok");
    assert_eq!(replies[1]["error"], "Interrupted");
    assert_eq!(replies[1]["kind"], "interrupted");
    assert_eq!(replies[2]["value"], 2);
}

#[test]
fn an_interrupt_from_another_connection_names_the_session() {
    let host = TestHost::start();
    let (mut one, mut two) = (host.connect(), host.connect());
    let session = one.ask(&json!({"op": "session"}))["value"].clone();
    one.tell(&json!({"op": "eval", "id": "long", "code": "sleep"}));
    host.eventually("the evaluation runs", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "eval")
    });
    let busy = two.ask(&json!({"op": "eval", "code": "integer 1", "session": session}));
    assert_eq!(busy["error"], "An evaluation is already in progress");
    assert_eq!(two.ask(&json!({"op": "interrupt", "session": session}))["value"], "ok");
    assert_eq!(one.hear()["error"], "Interrupted");
}

#[test]
fn replies_come_in_the_order_of_the_requests() {
    let host = TestHost::start();
    let mut client = host.connect();
    for number in 0..50 {
        client.tell(&json!({"op": "eval", "id": number, "code": format!("integer {number}")}));
    }
    for number in 0..50 {
        assert_eq!(client.hear()["value"], number);
    }
}

#[test]
fn a_named_session_outlives_its_connection() {
    let host = TestHost::start();
    let mut first = host.connect();
    let reply = first.ask(&json!({"op": "session", "name": "work"}));
    assert_eq!(reply["resumed"], false);
    first.eval("set x");
    drop(first);
    let mut second = host.connect();
    assert_eq!(second.ask(&json!({"op": "session", "name": "work"}))["resumed"], true);
    assert_eq!(second.eval("variables")["value"], "x");
    assert_eq!(second.ask(&json!({"op": "bindings"}))["bindings"], json!({"x": 1}));
    assert_eq!(second.ask(&json!({"op": "clear"}))["value"], "ok");
    assert_eq!(second.eval("variables")["value"], "");
}

#[test]
fn transcript_text_is_pushed_to_those_who_asked() {
    let host = TestHost::start();
    let (mut listener, mut other) = (host.connect(), host.connect());
    assert_eq!(listener.ask(&json!({"op": "subscribe"}))["value"], "ok");
    assert_eq!(other.eval("transcript hello")["value"], "nil");
    assert_eq!(listener.hear(), json!({"push": "transcript", "text": "hello"}));
    other.eval("class Counter");
    let push = listener.hear();
    assert_eq!(
        push,
        json!({"type": "push", "channel": "classes", "event": "loaded", "data": {"class": "Counter"}})
    );
    assert_eq!(listener.ask(&json!({"op": "unsubscribe"}))["value"], "ok");
    other.eval("transcript again");
    assert_eq!(listener.eval("integer 1")["value"], 1);
}

#[test]
fn changed_variables_are_pushed_with_their_session() {
    let host = TestHost::start();
    let (mut listener, mut other) = (host.connect(), host.connect());
    other.ask(&json!({"op": "session", "name": "work"}));
    assert_eq!(listener.ask(&json!({"op": "subscribe", "channel": "bindings"}))["value"], "ok");
    other.eval("transcript unheard");
    other.eval("set x");
    assert_eq!(
        listener.hear(),
        json!({"type": "push", "channel": "bindings", "event": "changed", "data": {"session": "work"}})
    );
}

#[test]
fn the_old_form_is_understood() {
    let host = TestHost::start();
    let mut client = host.connect();
    let reply = client.ask(&json!({"type": "eval", "expression": "integer 3"}));
    assert_eq!(reply, json!({"type": "result", "value": 3}));
    let reply = client.ask(&json!({"type": "eval", "expression": ""}));
    assert_eq!(reply, json!({"type": "error", "message": "Empty expression"}));
    let reply = client.ask(&json!({"type": "bindings"}));
    assert_eq!(reply, json!({"type": "bindings", "bindings": {}}));
}

#[test]
fn a_node_that_dies_is_reported_and_replaced() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.eval("class Counter");
    client.eval("set x");
    let reply = client.eval("crash");
    assert!(reply["error"].as_str().unwrap().starts_with("The node stopped: "), "{reply}");
    assert_eq!(client.eval("integer 5")["value"], 5);
    assert_eq!(client.eval("variables")["value"], "");
    assert_eq!(client.ask(&json!({"op": "modules"}))["modules"][0]["name"], "Counter");
}

#[test]
fn describe_and_health_tell_what_and_who() {
    let host = TestHost::start();
    let mut client = host.connect();
    let described = client.ask(&json!({"op": "describe"}));
    assert_eq!(described["ops"]["eval"]["params"], json!(["code"]));
    let health = client.ask(&json!({"op": "health"}));
    assert_eq!(health["workspace_id"], "test");
    assert_eq!(health["nonce"].as_str().unwrap().len(), 32);
    let reply = client.ask(&json!({"op": "frobnicate", "id": 9}));
    assert_eq!(reply["error"], "Unknown operation: frobnicate");
    assert_eq!(reply["id"], 9);
}

#[test]
fn shutdown_wants_the_cookie_and_leaves_a_stopped_workspace() {
    let mut host = TestHost::start();
    let reply = host.connect().ask(&json!({"op": "shutdown", "id": 1, "cookie": "no"}));
    assert_eq!(reply["error"], "Invalid shutdown cookie");
    assert_eq!(reply["id"], 1);
    assert_eq!(reply["status"], json!(["done", "error"]));
    host.stop();
    let metadata = host.workspace.metadata().unwrap().unwrap();
    assert_eq!((metadata.repl_port, metadata.host), (None, None));
    assert!(!host.workspace.has_host());
    assert_eq!(host.node_log.lock().unwrap().last().unwrap(), "stop");
}

#[test]
fn an_idle_workspace_stops_by_itself() {
    let host = TestHost::with(|options| options.idle = Some(Duration::from_millis(10)));
    assert_eq!(host.connect().eval("integer 1")["value"], 1);
    host.eventually("the host stops", |host| !host.workspace.has_host());
    std::mem::forget(host);
}

#[test]
fn a_client_or_work_keeps_an_idle_workspace_and_a_left_session_does_not() {
    let host = TestHost::with(|options| options.idle = Some(Duration::from_millis(10)));
    let mut client = host.connect();
    client.ask(&json!({"op": "session", "name": "work"}));
    std::thread::sleep(Duration::from_millis(600));
    assert!(host.workspace.has_host(), "a client is connected");
    client.tell(&json!({"op": "eval", "code": "pause 1500\ninteger 1"}));
    host.eventually("the evaluation runs", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "eval")
    });
    drop(client);
    std::thread::sleep(Duration::from_millis(700));
    assert!(host.workspace.has_host(), "an evaluation goes on");
    host.eventually("the host stops", |host| !host.workspace.has_host());
    std::mem::forget(host);
}

#[test]
fn the_metadata_follows_what_is_loaded_and_removed() {
    let host = TestHost::start();
    let mut client = host.connect();
    let recorded = |host: &TestHost| host.workspace.metadata().unwrap().unwrap().loaded_modules;
    client.eval("class Counter");
    client.eval("class Kept");
    host.eventually("both classes are recorded", |host| recorded(host) == ["Counter", "Kept"]);
    client.ask(&json!({"op": "unload", "module": "Counter"}));
    host.eventually("the removed class is forgotten", |host| recorded(host) == ["Kept"]);
}

#[test]
fn a_workspace_that_stops_lets_nobody_in() {
    let host = TestHost::start();
    let mut known = host.connect();
    assert_eq!(known.eval("integer 1")["value"], 1);
    let cookie = host.workspace.cookie().unwrap();
    // Both are sent before the host is gone.
    known.tell(&json!({"op": "shutdown", "cookie": cookie.reveal()}));
    known.tell(&json!({"op": "health"}));
    assert_eq!(known.hear()["value"], "ok");
    assert_eq!(known.hear()["error"], "The workspace is stopping");
    if let Ok(late) = std::net::TcpStream::connect(("127.0.0.1", host.port)) {
        let mut late = support::Raw::new(late);
        let _ = std::io::Write::write_all(&mut late.stream, b"{\"op\":\"health\"}\n");
        assert_eq!(late.hear_out(), "");
    }
    host.eventually("the host stops", |host| !host.workspace.has_host());
    std::mem::forget(host);
}

#[test]
fn half_a_conversation_is_answered() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": 1, "code": "pause 50\ninteger 7"}));
    client.say(r#"{"op":"eval","id":2,"code":"integer 8"}"#);
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    let text = client.hear_out();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains(r#""value":8"#));
}
