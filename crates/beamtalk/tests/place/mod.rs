//! A project with a workspace of its own, for tests that give the real binary a session's input.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A home and a project of their own; the workspace ends with the value.
pub struct Place {
    home: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir_all(home.path().join("project/.beamtalk")).expect("a project");
        Self { home }
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.project().join(name), text).expect("writable");
    }

    pub fn project(&self) -> PathBuf {
        self.home.path().join("project")
    }

    /// Where Beamtalk keeps its state.
    pub fn home(&self) -> PathBuf {
        self.home.path().join("home")
    }

    pub fn beamtalk(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_beamtalk"))
            .args(arguments)
            .env("BEAMTALK_HOME", self.home())
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
            .env_remove("BEAMTALK_WORKSPACE")
            .current_dir(self.project())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // A child that ends early closes its input; its output says why.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("the binary ends")
    }

    /// Standard output and standard error of a piped session.
    pub fn session(&self, input: &str) -> (String, String) {
        let output = self.beamtalk(&["repl", "--port", "0"], input);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }

    /// Runs the lines in a session and compares standard output.
    pub fn prints(&self, input: &str, expected: &str) {
        let (out, err) = self.session(input);
        assert_eq!(out.trim_end(), expected.trim_end(), "standard error:\n{err}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.beamtalk(&["workspace", "stop"], "");
    }
}
