//! L1 to L6: the local REPL server.

use crate::place::{Place, as_nobody, eventually};
use crate::proc::listening;
use serde_json::json;
use std::net::TcpListener;

#[test]
fn l1_listens_on_loopback_only() {
    let place = Place::new();
    place.eval("w", "1");
    let [host, _] = place.processes("w");
    let expected = format!("0100007F:{:04X}", place.port("w"));
    assert_eq!(listening(host), [expected]);
}

#[test]
fn l1_a_taken_default_port_is_replaced_and_recorded() {
    let place = Place::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().port();
    let mut command = place.command(&["repl", "--workspace", "w", "-e", "6 * 7"]);
    let output = command.env("BEAMTALK_REPL_PORT", taken.to_string()).output().unwrap();
    assert_eq!(output.stdout, b"42\n");
    assert_ne!(place.port("w"), taken);
}

#[test]
fn l1_a_taken_port_that_was_asked_for_is_an_error() {
    let place = Place::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().port().to_string();
    let output = place.beamtalk(&["repl", "--port", &taken, "--workspace", "w", "-e", "1"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(told.contains(&format!("cannot listen on port {taken}")), "{told}");
}

#[test]
fn l2_another_user_is_refused_unread() {
    let place = Place::new();
    place.eval("w", "1");
    let port = place.port("w");
    let request = r#"{"op":"eval","code":"6 * 7"}"#;
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; echo '{request}' >&3; cat <&3");
    let Some(output) = as_nobody(&script) else { return };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let log = || std::fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    eventually("the refusal is in the log", || {
        log().contains("refused a connection of another user").then_some(())
    });
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn l2_the_cookie_can_be_required_and_our_client_shows_it() {
    let place = Place::new();
    let arguments = ["repl", "--port", "0", "--workspace", "w", "--require-cookie", "-e", "6 * 7"];
    assert_eq!(place.beamtalk(&arguments).stdout, b"42\n");
    assert_eq!(place.eval("w", "6 * 7"), "42");
    let request = json!({"op": "eval", "code": "6 * 7"});
    let heard = place.connect("w").say_and_hear_out(format!("{request}\n{request}\n").as_bytes());
    assert!(heard.contains("A cookie is required") && !heard.contains("value"), "{heard}");
}

/// A closed socket has no owner any more, which the kernel reports as user 0: it must not pass for root's.
#[test]
fn l2_another_user_who_hangs_up_at_once_evaluates_nothing() {
    let place = Place::new();
    place.eval("w", "1");
    let port = place.port("w");
    let mark = place.dir.path().join("mark");
    let code = format!("File writeAll: \"{}\" contents: \"x\"", mark.display());
    let request = json!({"op": "eval", "code": code}).to_string();
    let script = format!(
        "for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/{port}; echo '{request}' >&3) 2>/dev/null; done; true"
    );
    if as_nobody(&script).is_none() {
        return;
    }
    assert_eq!(place.eval("w", "6 * 7"), "42");
    let log = std::fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    let refused = log.matches("refused a connection of another user").count();
    let gone = log.matches("a client was gone").count();
    assert_eq!(refused + gone, 200, "{refused} refused, {gone} gone");
    assert!(!mark.exists());
    // What they said would have done something.
    place.eval("w", &code);
    assert!(mark.exists());
}

#[test]
fn l3_what_a_browser_sends_evaluates_nothing() {
    let place = Place::new();
    place.eval("w", "1");
    let body = "{\"op\":\"shutdown\"}\n{\"op\":\"eval\",\"code\":\"6 * 7\"}\n";
    let length = body.len();
    for request in [
        format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
        format!("GET /{{}} HTTP/1.1\r\nUpgrade: websocket\r\n\r\n{body}"),
        format!("\n{body}"),
        format!("{{bad}}\n{body}"),
    ] {
        let heard = place.connect("w").say_and_hear_out(request.as_bytes());
        assert_eq!(heard, "", "{request:?}");
    }
    let log = std::fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    assert_eq!(log.matches("first line is no JSON object").count(), 4);
}

#[test]
fn l4_a_long_line_and_a_long_answer_are_bounded() {
    let place = Place::new();
    place.eval("w", "1");
    let mut long = vec![b'{'; 17 << 20];
    long.push(b'\n');
    let mut client = place.connect("w");
    assert_eq!(client.ask(&json!({"op": "eval", "code": "6 * 7"}))["value"], 42);
    let heard = client.say_and_hear_out(&long);
    assert!(heard.contains("Line too long") || heard.is_empty(), "{heard}");
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn l5_a_bad_request_is_one_error_with_its_id() {
    let place = Place::new();
    place.eval("w", "1");
    let mut client = place.connect("w");
    assert_eq!(client.ask(&json!({"op": "eval", "code": "1"}))["value"], 1);
    for request in [
        json!({"id": 5, "op": "nonsense"}),
        json!({"id": 5, "op": "eval"}),
        json!({"id": 5, "op": "eval", "code": {"a": [1]}}),
        json!({"id": 5, "op": "inspect", "actor": "<0.1"}),
        json!({"id": 5, "op": "unload", "module": ""}),
        json!({"id": 5, "op": "kill", "actor": "<0.0.0>"}),
    ] {
        let reply = client.ask(&request);
        assert_eq!(reply["id"], 5, "{request}");
        assert_eq!(reply["status"], json!(["done", "error"]), "{request}");
    }
    assert_eq!(client.ask(&json!({"op": "eval", "code": "6 * 7"}))["value"], 42);
}

#[test]
fn l6_sessions_are_apart_and_end_with_their_connection() {
    let place = Place::new();
    place.eval("w", "1");
    let (mut one, mut two) = (place.connect("w"), place.connect("w"));
    one.ask(&json!({"op": "eval", "code": "secret := 42"}));
    let reply = two.ask(&json!({"op": "eval", "code": "secret"}));
    assert!(reply["error"].as_str().unwrap().contains("secret"), "{reply}");
    drop(one);
    eventually("only one session is left", || {
        let sessions = two.ask(&json!({"op": "sessions"}));
        (sessions["sessions"].as_array().unwrap().len() == 1).then_some(())
    });
}
