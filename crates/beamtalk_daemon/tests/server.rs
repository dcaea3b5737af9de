//! A daemon over its socket: the protocol, its limits, its end, and what clients leave behind.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use beamtalk_daemon::{Client, DaemonError, Limits, Place, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A daemon in this process.
struct Daemon {
    folder: TempDir,
    place: Place,
    thread: Option<JoinHandle<Result<(), DaemonError>>>,
    /// The socket's mode comes from the process's umask, and threads and descriptors are counted: one daemon at a time.
    _alone: MutexGuard<'static, ()>,
}

impl Daemon {
    fn start(limits: Limits) -> Self {
        let alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(&folder.path().join("daemon.sock")).unwrap();
        let server = Server::bind(place.clone(), limits).unwrap();
        let thread = Some(thread::spawn(move || server.run()));
        Self { folder, place, thread, _alone: alone }
    }

    fn stream(&self) -> UnixStream {
        UnixStream::connect(self.place.socket()).unwrap()
    }

    fn client(&self) -> Client {
        Client::connect(&self.place).unwrap()
    }

    fn package(&self) -> std::path::PathBuf {
        let root = self.folder.path().join("geo");
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("beamtalk.toml"), "[package]\nname = \"geo\"\nversion = \"1\"\n").unwrap();
        fs::write(root.join("src/a.bt"), "Object subclass: A\n  run => 42\n").unwrap();
        root
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // A daemon with all seats taken turns this client away too, until it sees that the others have left.
        while !thread.is_finished() {
            if let Ok(mut client) = Client::connect(&self.place) {
                let _ = client.call("shutdown", &json!({}));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = thread.join();
    }
}

/// What comes back until the daemon closes or has nothing more to say.
fn exchange(stream: &UnixStream, bytes: &[u8]) -> Vec<Value> {
    let mut writer = stream;
    // A daemon that closes early does not read everything.
    let _ = writer.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

#[test]
fn requests_batches_and_notifications_are_answered_line_by_line() {
    let daemon = Daemon::start(Limits::default());
    let lines = concat!(
        r#"{"jsonrpc":"2.0","method":"ping","id":1}"#,
        "\n",
        r#"{"jsonrpc":"2.0","method":"ping"}"#,
        "\n",
        "\n",
        "no json\n",
        r#"[{"jsonrpc":"2.0","method":"ping","id":"a"},{"jsonrpc":"2.0","method":"nothing","id":"b"},{"jsonrpc":"2.0","method":"ping"}]"#,
        "\n",
        r#"{"jsonrpc":"2.0","method":"version","id":2.5}"#,
    );
    let answers = exchange(&daemon.stream(), lines.as_bytes());
    assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "result": "pong", "id": 1 }));
    assert_eq!(answers[1]["error"]["code"], json!(-32700));
    assert_eq!((&answers[2][0]["result"], &answers[2][1]["error"]["code"]), (&json!("pong"), &json!(-32601)));
    assert_eq!(answers[2].as_array().unwrap().len(), 2);
    assert_eq!(answers[3]["id"].to_string(), "2.5", "a line without its end is a line");
    assert_eq!(answers.len(), 4);
}

#[test]
fn a_build_over_the_socket_is_remembered() {
    let daemon = Daemon::start(Limits::default());
    let params = json!({ "path": daemon.package(), "shown": "geo" });
    let mut client = daemon.client();
    assert_eq!(client.call("build", &params).unwrap()["modules"], json!(["bt@geo@A"]));
    assert_eq!(client.call("build", &params).unwrap()["compiled"], json!(0));
    assert_eq!(client.call("status", &json!({})).unwrap()["projects"].as_array().unwrap().len(), 1);
    let error = client.call("build", &json!({ "path": "/none", "shown": "x" })).unwrap_err();
    assert_eq!(error.to_string(), "Path 'x' does not exist");
}

#[test]
fn a_line_that_is_too_long_is_refused_and_memory_stays_bounded() {
    let daemon = Daemon::start(Limits { line: 1000, ..Limits::default() });
    let answers = exchange(&daemon.stream(), &vec![b'x'; 100_000]);
    assert_eq!(answers[0]["error"]["code"], json!(-32002));
    assert_eq!(answers[0]["id"], Value::Null);
    assert_eq!(answers.len(), 1);
    assert_eq!(daemon.client().call("ping", &json!({})).unwrap(), json!("pong"));
}

#[test]
fn a_client_too_many_is_told_and_the_others_go_on() {
    let daemon = Daemon::start(Limits { connections: 2, ..Limits::default() });
    let mut seated = [daemon.client(), daemon.client()];
    for client in &mut seated {
        drop(client.call("ping", &json!({})).unwrap());
    }
    let answers = exchange(&daemon.stream(), b"");
    assert_eq!(answers[0]["error"]["message"], json!("Too many connections"));
    for client in &mut seated {
        drop(client.call("ping", &json!({})).unwrap());
    }
}

#[test]
fn a_silent_client_is_let_go() {
    let daemon = Daemon::start(Limits { silence: Duration::from_millis(100), ..Limits::default() });
    let mut stream = daemon.stream();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn an_idle_daemon_ends_and_leaves_no_socket() {
    let mut daemon = Daemon::start(Limits { idle: Duration::from_millis(200), ..Limits::default() });
    daemon.client().call("ping", &json!({})).unwrap();
    daemon.thread.take().unwrap().join().unwrap().unwrap();
    assert!(!daemon.place.socket().exists());
    assert!(matches!(Client::connect(&daemon.place), Err(DaemonError::NotRunning)));
}

#[test]
fn shutdown_is_answered_before_the_end() {
    let mut daemon = Daemon::start(Limits::default());
    assert_eq!(daemon.client().call("shutdown", &json!({})).unwrap(), Value::Null);
    daemon.thread.take().unwrap().join().unwrap().unwrap();
    let again = Server::bind(daemon.place.clone(), Limits::default());
    assert!(again.is_ok(), "the lock is free");
}

#[test]
fn a_second_daemon_of_a_place_gives_way() {
    let daemon = Daemon::start(Limits::default());
    assert!(matches!(Server::bind(daemon.place.clone(), Limits::default()), Err(DaemonError::Running)));
    assert_eq!(daemon.client().call("ping", &json!({})).unwrap(), json!("pong"));
}

#[test]
fn the_heir_of_a_daemon_that_ends_waits_for_its_lock() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(&folder.path().join("daemon.sock")).unwrap();
    let lock = beamtalk_home::FileLock::acquire(&place.lock()).unwrap();
    let ending = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        drop(lock);
    });
    let heir = Server::bind_unless_served(&place, Limits::default()).unwrap();
    assert!(heir.is_some());
    ending.join().unwrap();
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Threads that serve connections or compile.
fn our_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| matches!(name.trim(), "connection" | "compile")).count()
}

#[test]
fn clients_that_vanish_leave_neither_descriptors_nor_threads() {
    if !Path::new("/proc/self/fd").exists() {
        eprintln!("skipped: this system does not list descriptors and threads");
        return;
    }
    let daemon = Daemon::start(Limits::default());
    let root = daemon.package();
    daemon.client().call("build", &json!({ "path": root, "shown": "geo" })).unwrap();
    wait_until(|| our_threads() == 0);
    let before = count("/proc/self/fd");
    let clients: Vec<_> = (0..50u32)
        .map(|number| {
            let (place, root) = (daemon.place.clone(), root.clone());
            thread::spawn(move || {
                for round in 0..6u32 {
                    let Ok(mut stream) = UnixStream::connect(place.socket()) else { continue };
                    let request = json!({ "jsonrpc": "2.0", "method": "check", "params": { "path": root }, "id": round }).to_string();
                    // Arbitrary, but the same in every run.
                    match (number * 7 + round * 13) % 5 {
                        0 => drop(stream.write_all(&request.as_bytes()[..request.len() / 2])),
                        1 => drop(stream.write_all(format!("{request}\n").as_bytes())),
                        2 => drop(stream.shutdown(std::net::Shutdown::Both)),
                        _ => {
                            let _ = stream.write_all(format!("{request}\n{request}\n").as_bytes());
                            let mut line = String::new();
                            let _ = BufReader::new(&stream).read_line(&mut line);
                            assert!(line.contains("\"ok\":true") || line.contains("Too many"), "{line}");
                        }
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    wait_until(|| our_threads() == 0 && count("/proc/self/fd") <= before);
    assert_eq!(daemon.client().call("ping", &json!({})).unwrap(), json!("pong"));
}

fn wait_until(done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(
            Instant::now() < end,
            "{} threads, {} descriptors are left",
            our_threads(),
            count("/proc/self/fd")
        );
        thread::sleep(Duration::from_millis(10));
    }
}
