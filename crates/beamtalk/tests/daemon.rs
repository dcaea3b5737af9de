//! `build`, `check` and `daemon` on the command line, with the real binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home, a project and a session of their own; the daemon ends with them.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("beamtalk.toml", "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n");
        place.write("src/Shape.bt", "Value subclass: Shape\n  area => 0\n");
        place.write("src/Square.bt", "Shape subclass: Square\n  area => 4\n");
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("geo")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        command.current_dir(self.root()).stdin(Stdio::null());
        command.env("BEAMTALK_HOME", self.folder.path().join("home")).env("BEAMTALK_WORKSPACE", "session");
        command.env_remove("BEAMTALK_NO_DAEMON").env_remove("BEAMTALK_DAEMON_SOCKET").env_remove("RUST_LOG");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn modules(&self) -> BTreeMap<String, Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.root().join("_build/dev/ebin")) else { return BTreeMap::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
            .collect()
    }

    fn status(&self) -> Value {
        serde_json::from_slice(&self.run(&["daemon", "status", "--json"]).stdout).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.run(&["daemon", "stop"]);
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_build_starts_the_daemon_in_silence_and_says_what_it_did() {
    let place = Place::new();
    let first = place.run(&["build"]);
    assert_eq!((stderr(&first).as_str(), stdout(&first).as_str()), ("Compiling 2 files\n", ""));
    assert!(first.status.success());
    assert_eq!(stderr(&place.run(&["build"])), "All 2 files unchanged — nothing to compile\n");
    place.write("src/Square.bt", "Shape subclass: Square\n  area => 5\n");
    assert_eq!(stderr(&place.run(&["build"])), "Compiling 1 of 2 files (1 unchanged)\n");
    assert_eq!(place.status()["running"], Value::Bool(true));
    assert!(place.root().join("_build/dev/.beamtalk-stamp.json").exists());
}

#[test]
fn the_daemon_and_this_process_write_the_same_bytes() {
    let place = Place::new();
    assert!(place.run(&["build", "."]).status.success());
    let by_daemon = place.modules();
    assert_eq!(by_daemon.len(), 3);
    for how in [&["build", "--no-daemon", "--force"][..], &["build", "--force"], &["build", "--no-daemon"]] {
        if how.contains(&"--no-daemon") && !how.contains(&"--force") {
            fs::remove_dir_all(place.root().join("_build")).unwrap();
        }
        let output = place.run(how);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(place.modules(), by_daemon, "{how:?}");
    }
}

#[test]
fn both_compilers_make_the_same_of_a_file_with_several_classes() {
    let place = Place::new();
    let shapes = "Shape subclass: Square\n  area => 4\n\nValue subclass: Shape\n  area => 0\n\nProtocol define: Flat\n  area -> Integer\n";
    fs::remove_file(place.root().join("src/Square.bt")).unwrap();
    place.write("src/Shape.bt", shapes);
    place.write("src/User.bt", "Object subclass: User\n  run => Square new area\n");
    let names = |modules: &BTreeMap<String, Vec<u8>>| modules.keys().cloned().collect::<Vec<_>>().join(" ");
    let output = place.run(&["build", "--warnings-as-errors"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "Compiling 2 files\n"));
    let by_daemon = place.modules();
    let all = "bt@geo@Flat.beam bt@geo@Shape.beam bt@geo@Square.beam bt@geo@User.beam geo.app";
    assert_eq!(names(&by_daemon), all);
    fs::remove_dir_all(place.root().join("_build")).unwrap();
    assert!(place.run(&["build", "--no-daemon"]).status.success());
    assert_eq!(place.modules(), by_daemon);

    // One class leaves, another changes.
    let rest =
        shapes.replace("area => 0", "area => 1").replace("Protocol define: Flat\n  area -> Integer\n", "");
    place.write("src/Shape.bt", &rest);
    let output = place.run(&["build"]);
    assert!(stderr(&output).contains("orphaned .beam file bt@geo@Flat.beam"), "{}", stderr(&output));
    let edited = place.modules();
    assert_eq!(names(&edited), "bt@geo@Shape.beam bt@geo@Square.beam bt@geo@User.beam geo.app");
    assert!(place.run(&["build", "--no-daemon", "--force"]).status.success());
    assert_eq!(place.modules(), edited);

    // A file by itself, by either compiler.
    fs::write(place.folder.path().join("loose.bt"), shapes).unwrap();
    let loose = place.folder.path().join("loose.bt").display().to_string();
    for how in [&["check", &loose][..], &["check", &loose, "--no-daemon"], &["build", &loose]] {
        let output = place.run(how);
        assert_eq!(output.status.code(), Some(0), "{how:?}: {}", stderr(&output));
    }
    assert!(place.folder.path().join("build/bt@user@Square.beam").exists());
    let twice = "Object subclass: A\n\nObject subclass: A\n";
    fs::write(&loose, twice).unwrap();
    for how in [&["check", &loose][..], &["check", &loose, "--no-daemon"]] {
        let output = place.run(how);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("Class `A` is defined twice in this source"), "{}", stderr(&output));
    }
}

#[test]
fn without_the_daemon_none_is_started() {
    let place = Place::new();
    assert!(place.run(&["build", "--no-daemon"]).status.success());
    let output = place.command().args(["check"]).env("BEAMTALK_NO_DAEMON", "1").output().unwrap();
    assert!(output.status.success());
    assert_eq!(place.status()["running"], Value::Bool(false));
}

#[test]
fn an_error_fails_with_the_same_words_from_both_compilers() {
    let place = Place::new();
    place.write("src/Bad.bt", "Shape subclass: Bad\n  run => (1 +\n");
    let (one, other) = (place.run(&["build"]), place.run(&["build", "--no-daemon"]));
    assert_eq!((one.status.code(), other.status.code()), (Some(1), Some(1)));
    assert_eq!(stderr(&one), stderr(&other));
    assert!(stderr(&one).contains("\n\n  × "), "{}", stderr(&one));
    assert!(stderr(&one).contains("╭─[./src/Bad.bt:"), "{}", stderr(&one));
    assert!(stderr(&one).contains("  × Failed to compile './src/Bad.bt'\n"));
    assert!(place.modules().is_empty());
}

#[test]
fn check_writes_nothing_and_can_be_read_by_programs() {
    let place = Place::new();
    place.write("src/Loose.bt", "Object subclass: Loose\n  run => Zork new\n");
    let output = place.run(&["check", "--format", "json"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [finding, summary] = lines.as_slice() else { panic!("{printed}") };
    assert_eq!((finding["file"].as_str(), finding["code"].as_str()), (Some("src/Loose.bt"), Some("E0320")));
    assert_eq!((summary["ok"].as_bool(), summary["total"].as_u64()), (Some(true), Some(1)));
    assert_eq!(stderr(&output), "");
    assert!(!place.root().join("_build").exists());
    place.write(
        "beamtalk.toml",
        "[package]\nname = \"geo\"\nversion = \"1\"\n[diagnostics]\nunresolved-class = \"warn\"\n",
    );
    assert_eq!(place.run(&["check", "--warnings-as-errors"]).status.code(), Some(1));
    assert_eq!(place.run(&["check"]).status.code(), Some(0));
}

#[test]
fn what_cannot_be_built_is_said_as_all_failures_are() {
    let place = Place::new();
    let output = place.run(&["build", "nowhere"]);
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(1), "  × Path 'nowhere' does not exist\n")
    );
    assert_eq!(stderr(&place.run(&["build", "--no-daemon", "nowhere"])), stderr(&output));
    assert_eq!(place.run(&["build", "--what"]).status.code(), Some(2));
}

#[test]
fn the_daemon_can_be_started_asked_and_stopped() {
    let place = Place::new();
    assert_eq!(stdout(&place.run(&["daemon", "status"])), "Daemon is not running\n");
    assert!(stdout(&place.run(&["daemon", "start"])).starts_with("Daemon started (PID "));
    assert!(stdout(&place.run(&["daemon", "start"])).starts_with("Daemon already running (PID "));
    assert!(stdout(&place.run(&["daemon", "status"])).starts_with("Daemon is running (PID "));
    assert_eq!(stdout(&place.run(&["daemon", "stop"])), "Daemon stopped successfully\n");
    assert_eq!(stdout(&place.run(&["daemon", "stop"])), "Daemon is not running\n");
    assert!(!Path::new(place.status()["socket"].as_str().unwrap()).exists());
}

#[test]
fn a_daemon_of_another_compiler_is_replaced() {
    let place = Place::new();
    // One that answers, but with another fingerprint, and ends when it is told to.
    let socket = PathBuf::from(place.status()["socket"].as_str().unwrap());
    let lock = fs::File::create(format!("{}.lock", socket.display())).unwrap();
    lock.lock().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let old = std::thread::spawn(move || {
        use std::io::{BufRead, BufReader, Write};
        let mut asked = Vec::new();
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let request: Value = serde_json::from_str(&line).unwrap();
            asked.push(request["method"].as_str().unwrap().to_owned());
            let answer = serde_json::json!({ "jsonrpc": "2.0", "result": { "fingerprint": "old" }, "id": request["id"] });
            writeln!(stream, "{answer}").unwrap();
        }
        drop((listener, lock));
        asked
    });
    assert_eq!(stderr(&place.run(&["build"])), "Compiling 2 files\n");
    assert_eq!(old.join().unwrap(), ["version", "shutdown"]);
    assert_eq!(place.status()["running"], Value::Bool(true));
}
