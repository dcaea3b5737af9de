//! `beamtalk workspace …` in detail: attaching by port, the Transcript, the log, the options of a start.

#[path = "security/place.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod place;

use place::{Place, eventually};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Output, Stdio};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn started(options: &[&str]) -> Place {
    let place = Place::new();
    let create = ["workspace", "create", "w", "--background", "--port", "0"];
    let created = place.beamtalk(&[&create, options].concat());
    assert!(created.status.success(), "{}", err(&created));
    place
}

#[test]
fn a_workspace_in_the_background_tells_where_it_is() {
    let place = Place::new();
    let create = |rest: &[&str]| place.beamtalk(&[&["workspace", "create"], rest].concat());
    let background = ["w", "--background", "--port", "0"];
    let first = create(&background);
    let lines: Vec<String> = out(&first).lines().map(str::to_owned).collect();
    let [host, node] = place.processes("w");
    assert_eq!(lines[0], "Workspace 'w' started");
    assert!(lines[1].starts_with("  Node:   Erlang/OTP ") && lines[1].ends_with(&format!(", pid {node}")));
    assert_eq!(lines[2], format!("  Port:   {}", place.port("w")));
    assert_eq!(lines[3], "  Attach: beamtalk workspace attach w");
    let again = create(&background);
    assert!(out(&again).starts_with("Workspace 'w' already running\n"), "{}", out(&again));
    assert!(err(&again).contains("the options for its start had no effect"), "{}", err(&again));
    assert_eq!(place.processes("w"), [host, node]);
    assert!(err(&create(&["w"])).contains("Workspace 'w' already exists"));
    assert!(err(&create(&["a b"])).contains("must contain only letters, numbers, '-' or '_'"));
    assert!(err(&create(&[""])).contains("Workspace name cannot be empty"));
}

#[test]
fn a_port_is_enough_to_attach() {
    let place = started(&[]);
    let port = place.port("w").to_string();
    let attach = |rest: &[&str]| place.beamtalk(&[&["workspace", "attach", "--port"], rest].concat());
    assert_eq!(out(&attach(&[&port, "-e", "6 * 7"])), "42\n");
    let nobody = attach(&["1", "-e", "1"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(err(&nobody).contains("No workspace can be reached on port 1"), "{}", err(&nobody));
}

#[test]
fn a_cookie_comes_from_a_file_or_a_pipe_and_never_from_the_command_line() {
    let place = started(&["--require-cookie"]);
    let port = place.port("w").to_string();
    let cookie_path = place.folder("w").join("cookie");
    let cookie = fs::read_to_string(&cookie_path).unwrap();
    // Our own files tell it.
    let known = place.beamtalk(&["workspace", "attach", "--port", &port, "-e", "6 * 7"]);
    assert_eq!(out(&known), "42\n", "{}", err(&known));

    // From another home it must be shown.
    let other = Place::new();
    let attach = |rest: &[&str]| {
        let mut command = other.command(&[&["workspace", "attach", "--port", &port], rest].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Who needs no cookie does not read.
        let _ = child.stdin.take().unwrap().write_all(cookie.as_bytes());
        child.wait_with_output().unwrap()
    };
    let refused = attach(&["-e", "1"]);
    assert!(err(&refused).contains("A cookie is required"), "{}", err(&refused));
    assert_eq!(out(&attach(&["--cookie-file", "-", "-e", "6 * 7"])), "42\n");
    assert_eq!(out(&attach(&["--cookie-file", cookie_path.to_str().unwrap(), "-e", "6 * 7"])), "42\n");
    let wrong = other.dir.path().join("wrong");
    fs::write(&wrong, "0".repeat(64)).unwrap();
    let open = attach(&["--cookie-file", wrong.to_str().unwrap(), "-e", "1"]);
    assert!(err(&open).contains("open to other users"), "{}", err(&open));
    fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let invalid = attach(&["--cookie-file", wrong.to_str().unwrap(), "-e", "1"]);
    assert!(err(&invalid).contains("Invalid cookie"), "{}", err(&invalid));
    let told = attach(&["--cookie", &cookie, "-e", "1"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(err(&told).contains("--cookie-file") && !err(&told).contains(&cookie), "{}", err(&told));
}

/// A reader of the Transcript and the lines it prints.
fn follow(place: &Place, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = place.command(&[&["workspace", "transcript", "w"], arguments].concat());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

fn next(lines: &mut BufReader<std::process::ChildStdout>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line
}

#[test]
fn the_transcript_is_shown_as_it_comes_and_ends_with_the_workspace() {
    let place = started(&[]);
    place.eval("w", "#(1, 2, 3) do: [:n | Transcript show: \"early {n}\"; cr]");
    // Six entries, of which the last four are two lines.
    let (mut child, mut lines) = follow(&place, &["--recent", "4"]);
    assert_eq!([next(&mut lines), next(&mut lines)], ["early 2\n", "early 3\n"]);
    place.eval("w", "Transcript show: \"über\"; cr");
    assert_eq!(next(&mut lines), "über\n");
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    assert_eq!(next(&mut lines), "");
    assert!(child.wait().unwrap().success());
    let stopped = place.beamtalk(&["workspace", "transcript", "w"]);
    assert_eq!(stopped.status.code(), Some(1));
    assert!(err(&stopped).contains("Workspace 'w' is not running"), "{}", err(&stopped));
}

#[test]
fn the_transcript_ends_with_its_reader() {
    let place = started(&[]);
    let (mut child, lines) = follow(&place, &[]);
    // A session of its own shows that it has connected.
    let sessions = serde_json::json!({"op": "sessions"});
    let mut asking = place.connect("w");
    eventually("it is connected", || {
        (asking.ask(&sessions)["sessions"].as_array().unwrap().len() == 2).then_some(())
    });
    drop(lines);
    eventually("it has ended", || child.try_wait().unwrap());
}

#[test]
fn the_log_is_shown_by_level_and_format_and_by_either_name() {
    let place = started(&[]);
    let logs = |rest: &[&str]| place.beamtalk(&[&["workspace", "logs"], rest].concat());
    let log = place.folder("w").join("workspace.log");
    assert_eq!(out(&logs(&["--workspace", "w", "--path"])), format!("{}\n", log.display()));
    let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    for level in ["DEBUG", "INFO", "notice", "WARN", "ERROR"] {
        writeln!(file, "{{\"timestamp\":\"T\",\"level\":\"{level}\",\"message\":\"of {level}\"}}").unwrap();
    }
    writeln!(file, "of no level").unwrap();
    let shown = |level: &str| {
        let text = out(&logs(&["w", "--level", level]));
        let ours = text.lines().filter_map(|line| line.split_once("of ")).map(|(_, what)| what.to_owned());
        ours.collect::<Vec<_>>()
    };
    assert_eq!(shown("notice"), ["notice", "WARN", "ERROR", "no level"]);
    assert_eq!(shown("warning"), ["WARN", "ERROR", "no level"]);
    assert_eq!(shown("error"), ["ERROR", "no level"]);
    assert_eq!(shown("debug").len(), 6);
    let unknown = logs(&["w", "--level", "loud"]);
    let expected = "Unknown log level 'loud'. Valid levels: debug, info, notice, warning, error";
    assert!(err(&unknown).contains(expected), "{}", err(&unknown));
    let json = out(&logs(&["w", "--format", "json", "--level", "error"]));
    assert!(json.contains("{\"timestamp\":\"T\",\"level\":\"ERROR\",\"message\":\"of ERROR\"}\n"), "{json}");
    assert_eq!(out(&logs(&["w", "--json", "--level", "error"])), json);
    for number in 0..60 {
        writeln!(file, "line {number}").unwrap();
    }
    let text = out(&logs(&["w"]));
    assert_eq!((text.lines().count(), text.lines().next()), (50, Some("line 10")));
}

#[test]
fn a_program_sets_what_is_logged_and_in_which_form() {
    let place = started(&[]);
    let log = place.folder("w").join("workspace.log");
    let lines = || fs::read_to_string(&log).unwrap();
    let line_with =
        |text: &str| eventually(text, || lines().lines().find(|line| line.contains(text)).map(str::to_owned));
    assert!(place.eval("w", "Beamtalk loggerInfo").contains(&format!("Log file: {}", log.display())));
    place.eval("w", "Logger warn: \"first\" metadata: #{#request => 7}");
    let first: serde_json::Value = serde_json::from_str(&line_with("first")).unwrap();
    assert_eq!((&first["level"], &first["metadata"]), (&"WARN".into(), &"request=7".into()));

    place.eval("w", "Beamtalk logFormat: #text");
    assert_eq!(place.eval("w", "Beamtalk logFormat"), "text");
    place.eval("w", "Logger debug: \"unwanted\". Logger info: \"second\"");
    assert!(line_with("second").ends_with("  INFO node: second"), "{}", lines());
    place.eval("w", "Beamtalk enableDebug: #user. Logger debug: \"third\"");
    assert!(line_with("third").ends_with(" DEBUG node: third"), "{}", lines());
    assert!(!lines().contains("unwanted"), "{}", lines());
    let shown = out(&place.beamtalk(&["workspace", "logs", "w", "--level", "warning"]));
    assert!(shown.contains("first") && !shown.contains("second"), "{shown}");
    place.eval("w", "Beamtalk logFormat: #json. Logger info: \"fourth\"");
    assert!(line_with("fourth").starts_with('{'), "{}", lines());
}

#[test]
fn the_supervisor_of_the_application_belongs_to_the_workspace() {
    let place = started(&[]);
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[application]\nsupervisor = \"AppSup\"\n";
    fs::write(place.dir.path().join("project/beamtalk.toml"), manifest).unwrap();
    assert_eq!(place.eval("w", "Workspace supervisor"), "nil");
    place.eval("w", "Supervisor subclass: AppSup\n  class children => #()");
    place.eval("w", "DynamicSupervisor subclass: Pool\n  class childClass => Actor");
    assert_eq!(place.eval("w", "Workspace supervisor"), "nil");
    place.eval("w", "Workspace startSupervisor: Pool. AppSup supervise");
    let asked = "#(Workspace supervisor =:= AppSup current, (Workspace supervisors collect: [:each | each class]), \
                 Workspace processes root behaviourClass)";
    assert_eq!(place.eval("w", asked), "#(true, #(AppSup, Pool), AppSup)");
    place.eval("w", "Workspace stopSupervisor: AppSup");
    assert_eq!(place.eval("w", "#(Workspace supervisor, AppSup current)"), "#(nil, nil)");
}

#[test]
fn an_idle_workspace_stops_and_one_in_use_does_not() {
    let place = started(&["--idle-timeout", "1"]);
    let [host, _] = place.processes("w");
    let mut client = place.connect("w");
    assert_eq!(client.ask(&serde_json::json!({"op": "eval", "code": "6 * 7"}))["value"], 42);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(place.processes("w")[0], host, "a client is connected");
    drop(client);
    eventually("the workspace has stopped", || {
        out(&place.beamtalk(&["workspace", "status", "w"])).contains("Status:    stopped\n").then_some(())
    });
}
