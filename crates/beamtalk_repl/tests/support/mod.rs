//! A host with a played node and a played compiler, and raw clients.
//!
//! To the played compiler a text is the script that the played node will run (`beamtalk_node::fake`), except that
//! its first line may be
//!
//! | line | result |
//! |---|---|
//! | `class NAME` | a class; nothing is evaluated unless lines follow |
//! | `error TEXT` | a compile error |
//! | `warn TEXT` | a warning, before the rest |
//! | `panic` | a panic of the compiler |

#![allow(dead_code, reason = "each test binary uses its part")]

use beamtalk_home::{Home, WorkspaceFolder, WorkspaceId};
use beamtalk_node::fake::FakeNode;
use beamtalk_node::{Answer, CodeModule, MethodName, Query, Site};
use beamtalk_repl::{
    BoundHost, Compiled, Compiler, HostOptions, Input, Limits, Problem, SourceFile, Unloading,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

#[derive(Default)]
pub struct FakeCompiler {
    token: u64,
    pending: Vec<(u64, Vec<String>)>,
    known: BTreeSet<String>,
}

impl FakeCompiler {
    fn class(&mut self, names: Vec<String>) -> Compiled {
        self.token += 1;
        self.pending.push((self.token, names.clone()));
        Compiled {
            modules: names.iter().map(|name| module(name)).collect(),
            display: names.first().cloned(),
            classes: names,
            token: self.token,
            ..Compiled::default()
        }
    }
}

impl Compiler for FakeCompiler {
    fn did_you_mean(&self, _class: &str, _selector: &str) -> Option<String> {
        None
    }

    fn compile_input(&mut self, input: &Input<'_>) -> Compiled {
        let (first, rest) = input.code.split_once('\n').unwrap_or((input.code, ""));
        match first.split_once(' ').unwrap_or((first, "")) {
            ("panic", _) => panic!("asked to"),
            ("error", text) => Compiled { errors: vec![problem(text)], ..Compiled::default() },
            ("class", name) => Compiled {
                eval: (!rest.is_empty()).then(|| rest.as_bytes().to_vec()),
                ..self.class(vec![name.to_owned()])
            },
            ("warn", text) => Compiled {
                warnings: vec![problem(text)],
                eval: Some(rest.as_bytes().to_vec()),
                ..Compiled::default()
            },
            ("variables", _) => {
                let names: Vec<_> = input.variables.iter().map(|(name, _)| name.as_str()).collect();
                let script = format!("text {}", names.join(" "));
                Compiled { eval: Some(script.into_bytes()), ..Compiled::default() }
            }
            _ => Compiled { eval: Some(input.code.as_bytes().to_vec()), ..Compiled::default() },
        }
    }

    fn compile_files(&mut self, files: &[SourceFile]) -> Compiled {
        let names = files.iter().filter_map(|file| file.text.strip_prefix("class "));
        let names = names.map(|name| name.trim().to_owned()).collect();
        self.class(names)
    }

    fn loaded(&mut self, token: u64) {
        for (known, names) in std::mem::take(&mut self.pending) {
            if known == token {
                self.known.extend(names);
            }
        }
    }

    fn unload(&mut self, name: &str) -> Result<Unloading, Box<Problem>> {
        if self.known.remove(name) {
            let modules = vec![format!("bt@user@{name}")];
            Ok(Unloading { class: name.to_owned(), modules, ..Unloading::default() })
        } else {
            Err(Box::new(problem(&format!("Class not found: '{name}'"))))
        }
    }

    fn module_of(&self, class: &str) -> Option<String> {
        Some(format!("bt@user@{class}"))
    }

    fn source_text(&self, _path: &Path) -> Option<String> {
        None
    }

    fn rewritten(&mut self, _path: &Path, _text: &str) {}

    fn class_of(&self, module: &str) -> Option<String> {
        module.strip_prefix("bt@user@").filter(|name| self.known.contains(*name)).map(str::to_owned)
    }

    fn know_natives(&mut self, _modules: Vec<String>) {}

    fn classes_in(&self, _files: &[PathBuf]) -> Vec<(String, PathBuf)> {
        Vec::new()
    }

    fn source_file(&self, _module: &str) -> Option<PathBuf> {
        None
    }

    fn method_source(&self, _method: &MethodName) -> Option<String> {
        None
    }

    fn compile_method(&mut self, _method: &MethodName, source: &str) -> Compiled {
        Compiled { errors: vec![problem(source)], ..Compiled::default() }
    }

    fn precheck(&self, _method: &MethodName, _source: &str) -> Result<Answer, Vec<Problem>> {
        Ok(Answer::Done)
    }

    fn recheck(&self) -> Answer {
        Answer::Done
    }

    fn query(&self, _query: &Query) -> Vec<Site> {
        Vec::new()
    }

    fn remove_method(&mut self, method: &MethodName) -> Compiled {
        Compiled { errors: vec![problem(&method.selector)], ..Compiled::default() }
    }

    fn complete(&self, prefix: &str, variables: &[String]) -> Vec<String> {
        let all = self.known.iter().chain(variables);
        all.filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    fn kind_of(&self, name: &str) -> Option<&'static str> {
        self.known.contains(name).then_some("class")
    }

    fn listing(&mut self, input: &Input<'_>) -> Result<String, Vec<Problem>> {
        Ok(format!("; {}", input.code))
    }
}

fn module(name: &str) -> CodeModule {
    CodeModule { name: format!("bt@user@{name}"), file: "f.bt".into(), beam: Vec::new() }
}

fn problem(text: &str) -> Problem {
    Problem { code: "E0001".into(), message: text.into(), line: 1, column: 1, ..Problem::default() }
}

pub struct TestHost {
    pub dir: TempDir,
    pub workspace: WorkspaceFolder,
    pub port: u16,
    pub node_log: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl TestHost {
    pub fn start() -> Self {
        Self::with(|_| ())
    }

    pub fn with(change: impl FnOnce(&mut HostOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        let workspace = home.workspace(&WorkspaceId::named("test").unwrap());
        let mut options = HostOptions::new(workspace.clone(), dir.path());
        options.port = Some(0);
        change(&mut options);
        let host = BoundHost::bind(options).unwrap();
        let port = host.address().port();
        let starter = FakeNode::default();
        let node_log = starter.log.clone();
        let (ready, is_ready) = channel();
        let thread = std::thread::spawn(move || {
            let ready = move || ready.send(()).unwrap();
            host.serve(FakeCompiler::default, starter, ready).unwrap();
        });
        is_ready.recv().unwrap();
        Self { dir, workspace, port, node_log, thread: Some(thread) }
    }

    pub fn connect(&self) -> Raw {
        Raw::new(TcpStream::connect(("127.0.0.1", self.port)).unwrap())
    }

    pub fn stop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        let cookie = self.workspace.cookie().unwrap();
        let reply = self.connect().ask(&json!({"op": "shutdown", "cookie": cookie.reveal()}));
        assert_eq!(reply["value"], "ok", "{reply}");
        thread.join().unwrap();
    }

    /// Waits until the host has done something, since it does most things behind the reply.
    pub fn eventually(&self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..400 {
            if done(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never came to pass: {what}");
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// A client that says and hears exactly what it is told to.
pub struct Raw {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Raw {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    pub fn say(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).unwrap();
    }

    pub fn tell(&mut self, request: &Value) {
        self.say(format!("{request}\n"));
    }

    pub fn ask(&mut self, request: &Value) -> Value {
        self.tell(request);
        self.hear()
    }

    pub fn eval(&mut self, code: &str) -> Value {
        self.ask(&json!({"op": "eval", "id": "e", "code": code}))
    }

    pub fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the connection ended in {line:?}");
        serde_json::from_str(&line).unwrap()
    }

    /// All that comes until the other side closes.
    pub fn hear_out(&mut self) -> String {
        let mut text = String::new();
        // A connection that is reset has also ended.
        let _ = self.reader.read_to_string(&mut text);
        text
    }
}

pub fn small_limits(options: &mut HostOptions) {
    options.limits = Limits {
        line: 1000,
        connections: 3,
        requests: 4,
        first_line: Duration::from_millis(300),
        require_cookie: false,
    };
}
