//! A person at a terminal. The terminal is made by `script(1)`, which every Linux system has.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    child: Child,
    output: Receiver<Vec<u8>>,
    seen: String,
    home: tempfile::TempDir,
}

impl Terminal {
    fn open() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir_all(home.path().join(".beamtalk")).expect("a project");
        let command = format!("'{}' repl --port 0 --no-color", env!("CARGO_BIN_EXE_beamtalk"));
        let mut child = Command::new("script")
            .args(["-qfec", &command, "/dev/null"])
            .env("BEAMTALK_HOME", home.path().join("home"))
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
            .env("TERM", "dumb-but-interactive")
            .env_remove("BEAMTALK_WORKSPACE")
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script(1) starts");
        let (sender, output) = channel();
        let mut from = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, output, seen: String::new(), home }
    }

    fn type_in(&mut self, keys: &str) {
        let input = self.child.stdin.as_mut().expect("piped");
        input.write_all(keys.as_bytes()).expect("the terminal is there");
    }

    /// Waits until the text appears after what was waited for before.
    fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("waited in vain for {text:?} ({error}); there was {:?}", self.seen),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Whatever the test came to, nothing of it stays.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let stop = Command::new(env!("CARGO_BIN_EXE_beamtalk"))
            .args(["workspace", "stop"])
            .env("BEAMTALK_HOME", self.home.path().join("home"))
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
            .current_dir(self.home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(stop.is_ok());
    }
}

#[test]
fn ctrl_c_on_an_endless_loop_gives_the_prompt_back_with_variables_intact() {
    let mut terminal = Terminal::open();
    terminal.wait_for("> ");
    terminal.type_in("x := 6 * 7\r");
    terminal.wait_for("\n42");
    terminal.wait_for("> ");
    terminal.type_in("Transcript show: \"spinning\"; cr. [true] whileTrue: []\r");
    terminal.wait_for("│ spinning");
    terminal.type_in("\u{3}");
    terminal.wait_for("Interrupted");
    terminal.wait_for("> ");
    terminal.type_in("x + 1\r");
    terminal.wait_for("\n43");
    terminal.wait_for("> ");
    terminal.type_in("\u{4}");
    terminal.wait_for("Goodbye!");
}

#[test]
fn a_pasted_class_is_read_whole() {
    let mut terminal = Terminal::open();
    terminal.wait_for("> ");
    // What terminals send for a paste, so that its line ends are not Enter keys.
    let class = "Object subclass: Pasted\r  class one => 1\r  class two =>\r    y := 1\r    y + 1";
    terminal.type_in(&format!("\u{1b}[200~{class}\u{1b}[201~\r"));
    terminal.wait_for("..> ");
    terminal.type_in("\r");
    terminal.wait_for("\nPasted");
    terminal.wait_for("> ");
    terminal.type_in("Pasted two + 98\r");
    terminal.wait_for("\n100");
    terminal.wait_for("> ");
    terminal.type_in("\u{4}");
    terminal.wait_for("Goodbye!");
}
