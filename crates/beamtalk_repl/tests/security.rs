//! What `docs/security.md` promises of the local server, by the names of the properties.

mod support;

use serde_json::{Value, json};
use std::time::Duration;
use support::{TestHost, small_limits};

#[test]
fn l3_a_browser_evaluates_nothing() {
    let host = TestHost::start();
    let eval = r#"{"op":"eval","code":"integer 1"}"#;
    for first in [
        format!("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{eval}\n"),
        format!("GET / HTTP/1.1\r\n\r\n\n{eval}\n"),
        format!("\u{16}\u{3}\u{1}\n{eval}\n"),
        format!("\n{eval}\n"),
        format!(" {eval}\n"),
        format!("[]\n{eval}\n"),
        format!("1 + 1\n{eval}\n"),
        format!("{{\n{eval}\n"),
    ] {
        let mut client = host.connect();
        // The host may close before all is sent.
        let _ = std::io::Write::write_all(&mut client.stream, first.as_bytes());
        assert_eq!(client.hear_out(), "", "{first:?}");
    }
    assert!(!host.node_log.lock().unwrap().iter().any(|name| name == "eval"));
}

#[test]
fn l4_a_line_over_the_limit_is_refused() {
    let host = TestHost::with(small_limits);
    let mut client = host.connect();
    client.eval("integer 1");
    client.say(format!("{{\"op\":\"eval\",\"code\":\"{}\"}}\n", "x".repeat(2000)));
    let text = client.hear_out();
    let reply: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(reply["error"], "Line too long: the limit is 1000 bytes");
}

#[test]
fn l4_connections_over_the_limit_are_refused() {
    let host = TestHost::with(small_limits);
    let mut clients: Vec<_> = (0..3).map(|_| host.connect()).collect();
    for client in &mut clients {
        client.eval("integer 1");
    }
    let text = host.connect().hear_out();
    assert!(text.contains("Too many connections: the limit is 3"), "{text}");
    clients.pop();
    host.eventually("a place is free", |host| {
        let mut client = host.connect();
        let _ = std::io::Write::write_all(&mut client.stream, b"{\"op\":\"health\"}\n");
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        client.hear_out().contains("workspace_id")
    });
}

#[test]
fn l4_requests_over_the_limit_are_refused_and_the_rest_is_served() {
    let host = TestHost::with(small_limits);
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": 0, "code": "pause 200\ninteger 0"}));
    for id in 1..20 {
        client.tell(&json!({"op": "eval", "id": id, "code": "integer 1"}));
    }
    let replies: Vec<Value> = (0..20).map(|_| client.hear()).collect();
    let refused = replies.iter().filter(|reply| reply.get("error").is_some()).count();
    assert!((1..20).contains(&refused), "{refused} of 20 were refused");
    assert!(
        replies
            .iter()
            .all(|reply| { reply.get("error").is_none_or(|error| error == "Too many requests are waiting") })
    );
}

#[test]
fn l4_requests_that_wait_hold_no_more_bytes_than_one_line_may() {
    let host = TestHost::with(|options| {
        small_limits(options);
        options.limits.requests = 256;
    });
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "id": 0, "code": "pause 200\ninteger 0"}));
    let padded = format!("integer 1\n{}", " ".repeat(400));
    for id in 1..20 {
        client.tell(&json!({"op": "eval", "id": id, "code": padded}));
    }
    let replies: Vec<Value> = (0..20).map(|_| client.hear()).collect();
    let refused = replies.iter().filter(|reply| reply["error"] == "Too many requests are waiting").count();
    assert!(refused >= 10, "{refused} of 20 were refused");
    assert_eq!(client.eval("integer 2")["value"], 2);
}

#[test]
fn l4_a_silent_connection_is_closed() {
    let host = TestHost::with(small_limits);
    let mut client = host.connect();
    let begun = std::time::Instant::now();
    assert_eq!(client.hear_out(), "");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn l4_a_client_that_does_not_read_stops_nothing() {
    let host = TestHost::start();
    let mut deaf = host.connect();
    deaf.tell(&json!({"op": "eval", "id": 1, "code": "fill 40000000\ninteger 1", "stream": true}));
    host.eventually("the evaluation runs", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "eval")
    });
    let mut other = host.connect();
    assert_eq!(other.eval("integer 2")["value"], 2);
    std::thread::sleep(Duration::from_millis(300));
    let mut dropped = false;
    loop {
        let frame = deaf.hear();
        if let Some(out) = frame.get("out") {
            dropped |= out.as_str().unwrap().contains("output dropped");
            continue;
        }
        assert_eq!(frame["value"], 1);
        assert!(frame["output"].as_str().unwrap().ends_with("bytes of output dropped]\n"));
        break;
    }
    assert!(dropped, "40 MB fit into the socket");
}

#[test]
fn l4_a_client_that_does_not_read_can_still_interrupt() {
    let host = TestHost::start();
    let mut deaf = host.connect();
    deaf.tell(&json!({"op": "eval", "id": 1, "code": "fill 40000000\nsleep", "stream": true}));
    host.eventually("the evaluation runs", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "eval")
    });
    std::thread::sleep(Duration::from_millis(300));
    deaf.tell(&json!({"op": "interrupt", "id": 2}));
    let mut ended = [false; 2];
    while ended != [true, true] {
        let frame = deaf.hear();
        ended[0] |= frame["error"] == "Interrupted";
        ended[1] |= frame["id"] == 2;
    }
    assert_eq!(deaf.eval("integer 3")["value"], 3);
}

#[test]
fn l5_bad_requests_leave_the_connection_usable() {
    let host = TestHost::start();
    let mut client = host.connect();
    assert_eq!(client.eval("integer 1")["value"], 1);
    for line in [
        &b"nonsense\n"[..],
        b"{\"op\":\n",
        b"\xff\xfe{}\n",
        b"[1,2]\n",
        b"null\n",
        b"{}\n",
        b"{\"id\":\"x\",\"op\":3}\n",
        b"{\"id\":\"x\",\"op\":\"eval\"}\n",
        b"{\"id\":\"x\",\"op\":\"eval\",\"code\":7}\n",
        b"{\"id\":\"x\",\"op\":\"eval\",\"code\":\"a\",\"stream\":\"yes\"}\n",
        b"\n",
    ] {
        client.say(line);
        let reply = client.hear();
        let message = reply.get("error").or_else(|| reply.get("message"));
        assert!(message.is_some(), "{reply}");
        if line.starts_with(b"{\"id\"") {
            assert_eq!(reply["id"], "x");
        }
    }
    assert_eq!(client.eval("integer 2")["value"], 2);
}

#[test]
fn l6_sessions_do_not_see_each_other_and_closing_frees_them() {
    let host = TestHost::start();
    let (mut one, mut two) = (host.connect(), host.connect());
    one.eval("set secret");
    assert_eq!(two.eval("variables")["value"], "");
    let id = one.ask(&json!({"op": "session"}))["value"].clone();
    let listed = two.ask(&json!({"op": "sessions"}));
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
    drop(one);
    host.eventually("the node's session is closed", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "close_session")
    });
    let listed = two.ask(&json!({"op": "sessions"}));
    assert!(!listed.to_string().contains(id.as_str().unwrap()));
}

#[test]
fn l6_a_vanished_client_leaves_no_evaluation_behind() {
    let host = TestHost::start();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "code": "sleep"}));
    host.eventually("the evaluation runs", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "eval")
    });
    drop(client);
    host.eventually("it is interrupted and its session closed", |host| {
        host.node_log.lock().unwrap().iter().any(|name| name == "close_session")
    });
}

#[test]
fn l2_where_the_cookie_is_required_nothing_happens_without_it() {
    let host = TestHost::with(|options| options.limits.require_cookie = true);
    let cookie = host.workspace.cookie().unwrap();
    let mut client = host.connect();
    client.tell(&json!({"op": "eval", "code": "integer 1"}));
    assert!(client.hear_out().contains("A cookie is required"));
    let mut client = host.connect();
    client.tell(&json!({"op": "auth", "cookie": "wrong"}));
    assert!(client.hear_out().contains("Invalid cookie"));
    assert!(!host.node_log.lock().unwrap().iter().any(|name| name == "eval"));
    let mut client = host.connect();
    assert_eq!(client.ask(&json!({"op": "auth", "cookie": cookie.reveal()}))["value"], "ok");
    assert_eq!(client.eval("integer 1")["value"], 1);
    let reply = client.ask(&json!({"op": "shutdown", "cookie": cookie.reveal()}));
    assert_eq!(reply["value"], "ok");
    host.eventually("the host stops", |host| !host.workspace.has_host());
    std::mem::forget(host);
}

#[test]
fn w1_only_one_host_serves_a_workspace() {
    let host = TestHost::start();
    let options = beamtalk_repl::HostOptions::new(host.workspace.clone(), host.dir.path());
    let error = beamtalk_repl::BoundHost::bind(options).unwrap_err();
    assert_eq!(error.to_string(), "a host of workspace 'test' runs already");
}

#[test]
fn w2_the_cookie_is_in_no_other_file() {
    let host = TestHost::start();
    host.connect().eval("class Counter");
    let cookie = host.workspace.cookie().unwrap();
    for entry in std::fs::read_dir(host.workspace.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "cookie" && path.is_file() {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(cookie.reveal()), "{}", path.display());
        }
    }
}
