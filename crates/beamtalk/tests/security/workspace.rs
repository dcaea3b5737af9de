//! W1 to W5: the workspace's files, processes and sockets.

use crate::place::{Place, as_nobody, eventually};
use crate::proc::{family, is_alive, listening, visible_texts};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn w1_torn_metadata_is_set_aside_with_a_clear_word() {
    let place = Place::new();
    place.eval("w", "1");
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    let path = place.folder("w").join("metadata.json");
    fs::write(&path, "{\"workspace_id\":\"w\",\"proj").unwrap();
    let output = place.beamtalk(&["repl", "--port", "0", "--workspace", "w", "-e", "6 * 7"]);
    assert_eq!(output.stdout, b"42\n");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("is damaged") && told.contains("set aside as"), "{told}");
    let kept = fs::read_dir(place.folder("w")).unwrap().flatten();
    assert_eq!(kept.filter(|entry| entry.file_name().to_string_lossy().contains(".broken-")).count(), 1);
}

#[test]
fn w2_the_cookie_is_private_and_nowhere_else() {
    let place = Place::new();
    place.eval("w", "Object subclass: A\n  x => 1");
    let path = place.folder("w").join("cookie");
    let cookie = fs::read_to_string(&path).unwrap();
    assert_eq!((cookie.len(), mode(&path)), (64, 0o600));
    let mut client = place.connect("w");
    let refused = client.ask(&json!({"op": "shutdown", "cookie": "00"}));
    assert!(!refused.to_string().contains(&cookie));
    let processes = place.processes("w");
    for pid in processes.into_iter().flat_map(family) {
        assert!(!visible_texts(pid).contains(&cookie), "process {pid}");
    }
    let mut files = vec![place.home.clone()];
    let mut seen = 0;
    while let Some(file) = files.pop() {
        if file.is_dir() {
            files.extend(fs::read_dir(&file).unwrap().flatten().map(|entry| entry.path()));
        } else if file != path && file.is_file() {
            seen += 1;
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains(&cookie), "{}", file.display());
        }
    }
    assert!(seen >= 3, "metadata, log and node's log were looked at");
}

#[test]
fn w2_a_cookie_in_our_environment_is_not_passed_on() {
    let place = Place::new();
    let mut command = place.command(&["repl", "--port", "0", "--workspace", "w", "-e", "1"]);
    assert!(command.env("BEAMTALK_COOKIE", "a-secret-of-mine").status().unwrap().success());
    for pid in place.processes("w").into_iter().flat_map(family) {
        assert!(!visible_texts(pid).contains("a-secret-of-mine"), "process {pid}");
    }
}

/// A log may tell of what a program does, a journal holds its text.
#[test]
fn w2_every_file_is_private_whatever_the_umask() {
    let place = Place::new();
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "umask 000; exec \"$0\" repl --port 0 --workspace w -e 'Object subclass: A\n  x => 1'"]);
    command.arg(env!("CARGO_BIN_EXE_beamtalk"));
    let environment = place.command(&[]);
    command.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(environment.get_current_dir().unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.stdout, b"A\n", "{}", String::from_utf8_lossy(&output.stderr));
    let mut entries = vec![place.home.clone()];
    let mut seen = Vec::new();
    while let Some(entry) = entries.pop() {
        assert_eq!(mode(&entry) & 0o077, 0, "{}", entry.display());
        if entry.is_dir() {
            entries.extend(fs::read_dir(&entry).unwrap().flatten().map(|entry| entry.path()));
        } else {
            seen.extend(entry.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    for name in ["cookie", "metadata.json", "workspace.log", "node.log", "journal.jsonl", "startup.log"] {
        assert!(seen.iter().any(|file| file == name), "{name} is not among {seen:?}");
    }
}

#[test]
fn w3_the_node_listens_nowhere() {
    let place = Place::new();
    // Flags that would start distribution.
    let mut command = place.command(&["repl", "--port", "0", "--workspace", "w", "-e", "1"]);
    command.env("ERL_FLAGS", "-sname leak").env("ERL_AFLAGS", "-sname leak").env("ERL_ZFLAGS", "-sname leak");
    assert!(command.status().unwrap().success());
    let [_, node] = place.processes("w");
    for pid in family(node) {
        assert_eq!(listening(pid), Vec::<String>::new(), "process {pid}");
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        assert_ne!(name.trim(), "epmd");
    }
    assert_eq!(place.eval("w", "Erlang erlang node"), "Result ok: nonode@nohost".replace("Result ok: ", ""));
}

#[test]
fn w4_the_nodes_socket_is_private() {
    let place = Place::new();
    place.eval("w", "1");
    let socket = place.folder("w").join("node.sock");
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(&place.folder("w")), 0o700);
    assert_eq!(mode(&place.home.join("workspaces")), 0o700);
}

/// Whatever the modes say, the peer's user decides (D3).
#[test]
fn w4_another_user_is_refused_at_the_nodes_socket() {
    let place = Place::new();
    place.eval("w", "1");
    let socket = place.folder("w").join("node.sock");
    for path in socket.ancestors().skip(1).take_while(|path| path.starts_with(place.dir.path())) {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(&socket, Permissions::from_mode(0o777)).unwrap();
    let script = format!(
        "perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => \"{0}\") or die \"no socket\"; print <$s>'",
        socket.display()
    );
    let Some(output) = as_nobody(&script) else { return };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "nobody could not even connect: {told}");
    let log = || fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    eventually("the refusal is in the log", || {
        log().contains("refused another user at the node's socket").then_some(())
    });
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn w5_one_workspace_cannot_stop_another() {
    let place = Place::new();
    place.eval("a", "x := 1");
    place.eval("b", "y := 2");
    let cookie = fs::read_to_string(place.folder("a").join("cookie")).unwrap();
    let reply = place.connect("b").ask(&json!({"op": "shutdown", "cookie": cookie}));
    assert_eq!(reply["error"], "Invalid shutdown cookie");
    assert!(place.beamtalk(&["workspace", "stop", "a"]).status.success());
    assert_eq!(place.eval("b", "6 * 7"), "42");
    assert!(place.connect("b").ask(&json!({"op": "health"}))["workspace_id"] == "b");
}

#[test]
fn w5_a_stopped_workspace_leaves_no_process() {
    let place = Place::new();
    place.eval("w", "1");
    let processes = place.processes("w");
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    eventually("both processes are gone", || (!processes.iter().any(|pid| is_alive(*pid))).then_some(()));
    let again = place.beamtalk(&["workspace", "stop", "w"]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("Workspace 'w' is not running"));
}

/// After a crash the port in the record may be another workspace's.
#[test]
fn w5_a_port_that_is_anothers_now_is_not_taken_for_the_old_one() {
    let place = Place::new();
    place.eval("a", "1");
    place.eval("b", "Value subclass: OnlyInB\n  x => 1");
    for pid in place.processes("a") {
        assert!(
            std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success()
        );
        eventually("it is gone", || (!is_alive(pid)).then_some(()));
    }
    let mut metadata = place.metadata("a");
    metadata["repl_port"] = place.metadata("b")["repl_port"].clone();
    fs::write(place.folder("a").join("metadata.json"), metadata.to_string()).unwrap();
    let output = place.beamtalk(&["repl", "--port", "0", "--workspace", "a", "-e", "OnlyInB new x"]);
    assert_eq!((output.status.success(), output.stdout), (false, Vec::new()));
    assert_eq!(place.eval("a", "6 * 7"), "42");
    assert_eq!(place.eval("b", "OnlyInB new x"), "1");
    assert!(place.processes("a").into_iter().chain(place.processes("b")).all(is_alive));
}
