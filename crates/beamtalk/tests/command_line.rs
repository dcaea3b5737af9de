//! The command line around the prompt: exit statuses, streams, `run`, `workspace`, `doctor`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A home and a project of their own; their workspaces end with the value.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("project/.beamtalk")).unwrap();
        Self { dir }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        command.args(arguments).current_dir(self.dir.path().join("project"));
        command.env("BEAMTALK_HOME", self.dir.path().join("home")).env_remove("BEAMTALK_WORKSPACE");
        command.env("BEAMTALK_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn beamtalk(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join("project").join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(self.dir.path().join("home/workspaces")) else { return };
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            self.beamtalk(&["workspace", "stop", "--force", &entry.file_name().to_string_lossy()]);
        }
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn exit_statuses_tell_wrong_usage_from_failure() {
    let place = Place::new();
    assert_eq!(place.beamtalk(&["--version"]).status.code(), Some(0));
    assert_eq!(out(&place.beamtalk(&["--version"])), format!("beamtalk {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(place.beamtalk(&["--nonsense"]).status.code(), Some(2));
    assert_eq!(place.beamtalk(&["frobnicate"]).status.code(), Some(2));
    let alone = place.beamtalk(&[]);
    assert_eq!(alone.status.code(), Some(1));
    assert_eq!(err(&alone), "  × no subcommand provided. Run `beamtalk --help` for usage.\n");
}

#[test]
fn each_expression_is_evaluated_and_a_failing_one_shows_in_the_status() {
    let place = Place::new();
    let output = place.beamtalk(&["repl", "--port", "0", "-e", "x := 20", "-e", "1 / 0", "-e", "x + 1"]);
    assert_eq!(out(&output), "20\n21\n");
    assert_eq!(
        err(&output),
        "Error: bad arithmetic operation\n\
         Hint: Arithmetic requires numbers; check for a non-numeric operand or division by zero.\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn commands_work_in_a_pipe() {
    let place = Place::new();
    let path = place.write("tally.bt", "Value subclass: Tally\n  field: n = 3\n");
    let text = format!(
        ":bindings\nx := 42\n:bindings\n:load {path}\nTally new n\n:reload\n:modules\n:unload Tally\n\
         :unload Tally\n:load none.bt\n:load\n:nonsense\n:clear\n:bindings\n:q\n1 + 1\n"
    );
    let mut child =
        place.command(&["repl", "--port", "0"]).stdin(Stdio::piped()).spawn().expect("the binary starts");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = out(&output);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[..7],
        ["No bindings.", "42", "  x = 42", "Loaded Tally", "3", "Reloaded Tally", "Loaded modules:"],
        "{printed}\n{}",
        err(&output)
    );
    assert!(lines[7].starts_with("  Tally (") && lines[7].contains(") - 0 actors - loaded "), "{}", lines[7]);
    assert_eq!(
        lines[8..],
        ["Module Tally unloaded.", "Usage: :load <path>", "Bindings cleared.", "No bindings.", "Goodbye!"]
    );
    assert!(err(&output).contains("File not found: "), "{}", err(&output));
    assert!(err(&output).contains("Error: Unknown command: :nonsense\n"), "{}", err(&output));
}

#[test]
fn output_of_a_program_comes_before_the_value() {
    let place = Place::new();
    let output = place.beamtalk(&["repl", "--port", "0", "-e", "Erlang io put_chars: \"hello\". 7"]);
    assert_eq!(out(&output), "hello\n7\n", "{}", err(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let mut command = place.command(&["repl", "--port", "0", "-e", "#(1, 2, 3)", "-e", "\"abc\" size"]);
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(err(&output), "");
}

#[test]
fn run_prints_only_what_the_program_prints() {
    let place = Place::new();
    let path = place.write("hello.bt", "x := 6 * 7\nErlang io put_chars: \"the answer is {x}\"\nx\n");
    let output = place.beamtalk(&["run", &path]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("the answer is 42\n", ""));
    assert_eq!(output.status.code(), Some(0));
    let listed = place.beamtalk(&["workspace", "list"]);
    assert!(out(&listed).starts_with("No workspaces found."), "run leaves nothing: {}", out(&listed));
}

#[test]
fn what_a_program_writes_to_standard_error_comes_out_there() {
    let place = Place::new();
    let text = "Console printLine: \"one\"\nConsole errorLine: \"two\"\nConsole error: #three\n";
    let output = place.beamtalk(&["run", &place.write("loud.bt", text)]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("one\n", "two\nthree"));
    let typed = ["repl", "--port", "0", "-e", "Console errorLine: \"two\"", "-e", "3"];
    let output = place.beamtalk(&typed);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("nil\n3\n", "two\n"));
}

#[test]
fn a_program_may_define_its_classes_and_use_them() {
    let place = Place::new();
    let text = "Low subclass: High\n  two => self one + 1\n\nValue subclass: Low\n  one => 1\n\nErlang io put_chars: \"{High new two}\"\n";
    let output = place.beamtalk(&["run", &place.write("classes.bt", text)]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("2\n", ""));
    let typed = text.replace("Erlang io put_chars: \"{High new two}\"", "High new two");
    let output = place.beamtalk(&["repl", "--port", "0", "-e", &typed]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("2\n", ""));
}

#[test]
fn run_tells_of_a_failure_in_its_status() {
    let place = Place::new();
    let path = place.write("broken.bt", "1 / 0\n");
    let output = place.beamtalk(&["run", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).starts_with("Error: bad arithmetic operation\n"), "{}", err(&output));
    let text = "Object subclass: Deep\n  class go => nil foo\n\n3. Deep go\n";
    let deep = place.write("deep.bt", text);
    let output = place.beamtalk(&["run", &deep]);
    assert!(
        err(&output).ends_with(&format!("\n  at Deep class>>go ({deep}:2)\n  at {deep}:4\n")),
        "{}",
        err(&output)
    );
    let output = place.beamtalk(&["run", "no-such-file.bt"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("cannot read no-such-file.bt"), "{}", err(&output));
}

#[test]
fn a_program_that_ends_itself_says_with_what_status() {
    let place = Place::new();
    let text = "Console printLine: \"before\"\nSystem halt: 9\nConsole printLine: \"after\"\n";
    let output = place.beamtalk(&["run", &place.write("halt.bt", text)]);
    assert_eq!(
        (output.status.code(), out(&output).as_str(), err(&output).as_str()),
        (Some(9), "before\n", "")
    );
    let text = "Actor subclass: Ender\n  end => Program exit: 5\n  later => self end\n\nEnder spawn later!\n[true] whileTrue: []\n";
    let output = place.beamtalk(&["run", &place.write("actor.bt", text)]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(5), ""));
    let expressions = ["-e", "1 / 0", "-e", "Program exit", "-e", "Console printLine: 1"];
    let output = place.beamtalk(&[&["repl", "--port", "0"], expressions.as_slice()].concat());
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    let shared = "[System halt: 3] on: Error do: [:e | e kind]";
    let output = place.beamtalk(&["repl", "--port", "0", "-e", shared, "-e", "Program exit: 3"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(3), "unsupported\n"));
}

#[test]
fn an_interrupt_ends_a_running_program() {
    let place = Place::new();
    let path = place.write("loop.bt", "Erlang io put_chars: \"begun\"\n[true] whileTrue: []\n");
    let mut child = place.command(&["run", &path]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut begun = [0; 5];
    std::io::Read::read_exact(&mut stdout, &mut begun).unwrap();
    assert_eq!(&begun, b"begun");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(err(&output), "Interrupted\n");
}

#[test]
fn workspaces_are_listed_shown_stopped_and_removed() {
    let place = Place::new();
    let listed = place.beamtalk(&["workspace", "list"]);
    assert_eq!(out(&listed), "No workspaces found.\nStart a REPL to create one: beamtalk repl\n");
    assert_eq!(out(&place.beamtalk(&["workspace", "list", "--json"])), "[]\n");
    for wrong in ["stop", "status", "logs", "remove"] {
        let output = place.beamtalk(&["workspace", wrong, "nope"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains("Workspace 'nope' does not exist"), "{}", err(&output));
    }
    let left = fs::read_dir(place.dir.path().join("home")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "an unknown name leaves nothing behind");

    let created = place.beamtalk(&["workspace", "create", "w", "--background", "--port", "0"]);
    assert!(out(&created).starts_with("Workspace 'w' started\n"), "{}", err(&created));
    let listed = out(&place.beamtalk(&["workspace", "list"]));
    assert!(listed.contains("running") && listed.ends_with("\n1 workspace(s) total\n"), "{listed}");
    let json = out(&place.beamtalk(&["workspace", "list", "--json"]));
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&rows[0]["workspace_id"], &rows[0]["status"]), (&"w".into(), &"running".into()));
    assert!(rows[0]["port"].is_u64() && rows[0]["pid"].is_u64() && rows[0]["created_at"].is_u64());
    let status = out(&place.beamtalk(&["workspace", "status", "w"]));
    for line in ["Workspace: w\n", "Status:    running\n", "Age:       0h 0m\n"] {
        assert!(status.contains(line), "{status}");
    }
    assert!(err(&place.beamtalk(&["workspace", "remove", "w"])).contains("is running"));
    let logs = out(&place.beamtalk(&["workspace", "logs", "w"]));
    assert!(logs.contains("the host is up"), "{logs}");

    let stopped = place.beamtalk(&["workspace", "stop", "w"]);
    assert_eq!(out(&stopped), "Workspace 'w' stopped\n");
    assert!(err(&stopped).starts_with("Stopping workspace 'w' (port "));
    let again = place.beamtalk(&["workspace", "stop", "w"]);
    assert_eq!((again.status.code(), err(&again).as_str()), (Some(1), "  × Workspace 'w' is not running\n"));
    assert_eq!(out(&place.beamtalk(&["workspace", "remove", "w"])), "Workspace 'w' removed\n");
    assert!(out(&place.beamtalk(&["workspace", "list"])).starts_with("No workspaces found."));
}

#[test]
fn an_ephemeral_workspace_ends_with_its_repl() {
    let place = Place::new();
    let output = place.beamtalk(&["repl", "--port", "0", "--workspace", "w", "--ephemeral", "-e", "6 * 7"]);
    assert_eq!(out(&output), "42\n");
    let status = out(&place.beamtalk(&["workspace", "status", "w"]));
    assert!(status.contains("Status:    stopped\n"), "{status}");
}

#[test]
fn without_erlang_the_error_says_what_to_install() {
    let place = Place::new();
    let mut command = place.command(&["repl", "--port", "0", "-e", "1"]);
    let output = command.env("PATH", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("Erlang/OTP is not installed"), "{}", err(&output));
    assert!(err(&output).contains("install it: "), "{}", err(&output));
}

#[test]
fn doctor_checks_what_is_needed() {
    let place = Place::new();
    let output = place.beamtalk(&["doctor"]);
    assert!(out(&output).contains("✅ Erlang/OTP "), "{}", out(&output));
    assert!(out(&output).ends_with("All checks passed!\n"), "{}", out(&output));
    let output = place.command(&["doctor"]).env("PATH", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("❌ Erlang/OTP is not installed"), "{}", out(&output));
}

#[test]
fn attaching_takes_milliseconds() {
    let place = Place::new();
    let eval = || place.beamtalk(&["repl", "--port", "0", "-e", "2 + 3 * 4"]);
    assert_eq!(out(&eval()), "14\n");
    let fastest = (0..10)
        .map(|_| {
            let begun = std::time::Instant::now();
            assert_eq!(out(&eval()), "14\n");
            begun.elapsed()
        })
        .min()
        .unwrap();
    assert!(fastest < Duration::from_millis(30), "{fastest:?}");
}

#[test]
fn attaching_talks_to_a_workspace_that_runs_and_starts_none() {
    let place = Place::new();
    let attach = |rest: &[&str]| place.beamtalk(&[&["workspace", "attach"], rest].concat());
    let unknown = attach(&["w", "-e", "1"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).starts_with("  × Workspace 'w' does not exist\n"), "{}", err(&unknown));

    assert!(place.beamtalk(&["workspace", "create", "w"]).status.success());
    let stopped = attach(&["w", "-e", "1"]);
    assert_eq!((stopped.status.code(), out(&stopped)), (Some(1), String::new()));
    assert_eq!(
        err(&stopped),
        "  × Workspace 'w' is not running\n  help: start it: beamtalk repl --workspace w\n"
    );
    assert!(out(&place.beamtalk(&["workspace", "status", "w"])).contains("Status:    stopped"));

    let created = place.beamtalk(&["workspace", "create", "w", "--background", "--port", "0"]);
    assert!(out(&created).contains("Attach: beamtalk workspace attach w"), "{}", out(&created));
    assert_eq!(out(&attach(&["w", "--session", "s", "-e", "x := 20", "-e", "x + 1"])), "20\n21\n");
    let mut piped = place.command(&["workspace", "attach", "w", "--session", "s"]);
    let mut piped = piped.stdin(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"x * 2\nnil foo\n").unwrap();
    let piped = piped.wait_with_output().unwrap();
    assert_eq!(out(&piped), "40\n");
    assert!(err(&piped).contains("does not understand 'foo'"), "{}", err(&piped));

    // Without a name it is the project's.
    assert_eq!(attach(&["-e", "1"]).status.code(), Some(1));
    assert_eq!(out(&place.beamtalk(&["repl", "--port", "0", "-e", "6 * 7"])), "42\n");
    assert_eq!(out(&attach(&["-e", "6 * 8"])), "48\n");
}
