//! The methods: what a daemon does for its clients, and what a command does for itself without one.
//!
//! | method | parameters | answer |
//! |---|---|---|
//! | `ping` | | `"pong"` |
//! | `version` | | `{version, fingerprint}` |
//! | `status` | | `{pid, uptime, requests, projects, socket}` |
//! | `build` | `{path, shown?, force?, warnings_as_errors?, look?}` | [`Report`] |
//! | `check` | the same | [`Report`] |
//! | `lint` | the same, and `within?`, a path below the path | [`Report`] |
//! | `compile` | `{source?, path?, output?}` | `{ok, modules: [{name, beam \| path}], diagnostics}` |
//! | `format` | `{source?, path?}` | `{ok, formatted, changed, diagnostics}`; `formatted` is null for what cannot be parsed |
//! | `shutdown` | | `null` |
//!
//! Paths are absolute. A `path` beside a `source` only names it. `beam` is Base64 (RFC 4648 section 4); with `output`, a
//! folder, modules are written there and `path` is answered instead. `format` writes nothing.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use beamtalk_project::{BuildOptions, FINGERPRINT, Layout, Look, Project, ProjectError, Report, STACK};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::rpc::{FAILED, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, Methods, RpcError};
use crate::single;

/// The most projects kept in memory; the one that was not asked about for longest goes first.
const MOST_PROJECTS: usize = 16;

/// The compiler with what it remembers. Any number of threads may call it.
pub struct Service {
    projects: Mutex<Vec<(Layout, Arc<Mutex<Project>>)>>,
    started: Instant,
    requests: AtomicU64,
    stop: Stop,
}

/// The wish to end.
#[derive(Default)]
struct Stop {
    wished: AtomicBool,
    waker: Option<UnixStream>,
}

impl Default for Service {
    fn default() -> Self {
        Self::new(None)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuildParams {
    path: PathBuf,
    shown: Option<String>,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    warnings_as_errors: bool,
    #[serde(default)]
    look: Look,
    /// What `lint` is about, below the path.
    #[serde(default)]
    within: String,
}

impl Service {
    /// A service that knows no project. A byte is written to `waker` when someone wishes it to end.
    #[must_use]
    pub fn new(waker: Option<UnixStream>) -> Self {
        Self {
            projects: Mutex::default(),
            started: Instant::now(),
            requests: AtomicU64::new(0),
            stop: Stop { wished: AtomicBool::new(false), waker },
        }
    }

    /// Whether `shutdown` was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.wished.load(Ordering::Acquire)
    }

    /// Begin the end.
    pub fn stop(&self) {
        self.stop.wished.store(true, Ordering::Release);
        if let Some(mut waker) = self.stop.waker.as_ref() {
            // Whoever does not read is awake.
            let _ = waker.write(&[0]);
        }
    }

    /// Build the project at `path`, which the user wrote as `shown`.
    ///
    /// # Errors
    /// It cannot be built at all.
    pub fn build(&self, path: &Path, shown: &str, options: BuildOptions) -> Result<Report, ProjectError> {
        let project = self.project(path, shown)?;
        let mut project = fresh_if_poisoned(&project.1, &project.0);
        project.build(shown, options)
    }

    /// Look for what is bad style in what is `within` the project at `path`. Writes nothing.
    ///
    /// # Errors
    /// It cannot be analysed at all.
    pub fn lint(
        &self,
        path: &Path,
        shown: &str,
        within: &str,
        options: BuildOptions,
    ) -> Result<Report, ProjectError> {
        let project = self.project_in(Layout::find(path, shown)?.whole());
        let mut project = fresh_if_poisoned(&project.1, &project.0);
        project.lint(shown, within, options)
    }

    /// Analyse the project at `path`. Writes nothing.
    ///
    /// # Errors
    /// It cannot be analysed at all.
    pub fn check(&self, path: &Path, shown: &str, options: BuildOptions) -> Result<Report, ProjectError> {
        let project = self.project(path, shown)?;
        let mut project = fresh_if_poisoned(&project.1, &project.0);
        project.check(shown, options)
    }

    fn project(&self, path: &Path, shown: &str) -> Result<(Layout, Arc<Mutex<Project>>), ProjectError> {
        Ok(self.project_in(Layout::find(path, shown)?))
    }

    fn project_in(&self, layout: Layout) -> (Layout, Arc<Mutex<Project>>) {
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        let known = projects.iter().position(|(each, _)| *each == layout);
        let entry = match known {
            Some(at) => projects.remove(at),
            None => (layout.clone(), Arc::new(Mutex::new(Project::new(layout)))),
        };
        if projects.len() >= MOST_PROJECTS {
            projects.remove(0);
        }
        projects.push(entry.clone());
        entry
    }

    fn status(&self) -> Value {
        let projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        let roots: Vec<String> =
            projects.iter().map(|(layout, _)| layout.root.display().to_string()).collect();
        json!({
            "pid": std::process::id(),
            "uptime": self.started.elapsed().as_secs(),
            "requests": self.requests.load(Ordering::Relaxed),
            "projects": roots,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }
}

impl Methods for Service {
    fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match method {
            "ping" => none(&params).map(|()| json!("pong")),
            "version" => none(&params)
                .map(|()| json!({ "version": env!("CARGO_PKG_VERSION"), "fingerprint": FINGERPRINT })),
            "status" => none(&params).map(|()| self.status()),
            "shutdown" => none(&params).map(|()| {
                self.stop();
                Value::Null
            }),
            "build" | "check" | "lint" => {
                let BuildParams { path, shown, force, warnings_as_errors, look, within } = read(params)?;
                let shown = shown.unwrap_or_else(|| path.display().to_string());
                let options = BuildOptions { force, warnings_as_errors, threads: 0, look };
                let report = on_big_stack(|| {
                    absolute(&path)?;
                    let report = match method {
                        "build" => self.build(&path, &shown, options),
                        "lint" => self.lint(&path, &shown, &within, options),
                        _ => self.check(&path, &shown, options),
                    };
                    report.map_err(|error| failed(&error))
                })?;
                to_value(&report)
            }
            "compile" => {
                let params = read(params)?;
                on_big_stack(|| single::compile(params))
            }
            "format" => {
                let params = read(params)?;
                on_big_stack(|| single::format(params))
            }
            #[cfg(any(test, feature = "panic-injection"))]
            "test/panic" => on_big_stack(|| self.panic_inside(&params)),
            _ => Err(RpcError::new(METHOD_NOT_FOUND, format!("Method not found: {method}"))),
        }
    }
}

#[cfg(any(test, feature = "panic-injection"))]
impl Service {
    /// Panics where a compiler's mistake would: with the project locked.
    fn panic_inside(&self, params: &Value) -> Result<Value, RpcError> {
        let path = params.get("path").and_then(Value::as_str).unwrap_or("/");
        let project = self.project(Path::new(path), path).map_err(|error| failed(&error))?;
        let _locked = fresh_if_poisoned(&project.1, &project.0);
        panic!("injected")
    }
}

/// What a panic left half-done is forgotten; the files on the disk are whole either way.
fn fresh_if_poisoned<'p>(project: &'p Mutex<Project>, layout: &Layout) -> MutexGuard<'p, Project> {
    project.lock().unwrap_or_else(|poisoned| {
        project.clear_poison();
        let mut project = poisoned.into_inner();
        *project = Project::new(layout.clone());
        project
    })
}

/// Work that recurses as deep as its source does, on a thread with room for it. A panic becomes an error.
fn on_big_stack<T: Send>(work: impl FnOnce() -> Result<T, RpcError> + Send) -> Result<T, RpcError> {
    let internal =
        |data| RpcError { code: INTERNAL_ERROR, message: "Internal error".into(), data: Some(data) };
    thread::scope(|scope| {
        let started =
            thread::Builder::new().name("compile".into()).stack_size(STACK).spawn_scoped(scope, work);
        let thread = started.map_err(|error| internal(json!({ "system": error.to_string() })))?;
        thread.join().unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(internal(json!({ "panic": text })))
        })
    })
}

fn none(params: &Value) -> Result<(), RpcError> {
    let is_empty = params.as_object().is_some_and(serde_json::Map::is_empty)
        || params.as_array().is_some_and(Vec::is_empty);
    is_empty
        .then_some(())
        .ok_or_else(|| RpcError::new(INVALID_PARAMS, "Invalid params: this method takes none"))
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, RpcError> {
    if !params.is_object() {
        return Err(RpcError::new(INVALID_PARAMS, "Invalid params: they must be given by name"));
    }
    serde_json::from_value(params)
        .map_err(|error| RpcError::new(INVALID_PARAMS, format!("Invalid params: {error}")))
}

fn to_value(report: &Report) -> Result<Value, RpcError> {
    serde_json::to_value(report)
        .map_err(|error| RpcError::new(INTERNAL_ERROR, format!("Internal error: {error}")))
}

fn failed(error: &ProjectError) -> RpcError {
    let data = json!({ "code": error.code(), "help": error.help() });
    RpcError { code: FAILED, message: error.to_string(), data: Some(data) }
}

/// A daemon has no current folder that a client could mean.
pub(crate) fn absolute(path: &Path) -> Result<(), RpcError> {
    let said = if path.to_string_lossy().trim().is_empty() {
        "Path cannot be empty or whitespace"
    } else if path.is_relative() {
        "Invalid params: the path must be absolute"
    } else {
        return Ok(());
    };
    Err(RpcError::new(INVALID_PARAMS, said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn package() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("beamtalk.toml"), "[package]\nname = \"geo\"\nversion = \"1\"\n")
            .unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/a.bt"), "Object subclass: A\n  run => 42\n").unwrap();
        folder
    }

    #[test]
    fn a_panic_is_an_internal_error_and_the_next_build_is_whole() {
        let (service, folder) = (Service::default(), package());
        let params = json!({ "path": folder.path() });
        for _ in 0..3 {
            let error = service.call("test/panic", params.clone()).unwrap_err();
            assert_eq!((error.code, error.data), (INTERNAL_ERROR, Some(json!({ "panic": "injected" }))));
            let report = service.call("build", params.clone()).unwrap();
            assert_eq!(report["ok"], json!(true), "{report}");
        }
    }

    #[test]
    fn parameters_are_checked_by_name_and_kind() {
        let service = Service::default();
        for (method, params) in [
            ("ping", json!({ "x": 1 })),
            ("build", json!({})),
            ("build", json!({ "path": 3 })),
            ("build", json!(["/"])),
            ("check", json!({ "path": " " })),
            ("build", json!({ "path": "relative" })),
            ("build", json!({ "path": "/p", "what": 1 })),
            ("compile", json!({})),
            ("compile", json!({ "path": "relative.bt" })),
            ("format", json!({})),
            ("format", json!({ "path": "relative.bt" })),
            ("format", json!({ "path": "/" })),
            ("format", json!({ "source": "1", "output": "/p" })),
        ] {
            assert_eq!(
                service.call(method, params.clone()).unwrap_err().code,
                INVALID_PARAMS,
                "{method} {params}"
            );
        }
        assert_eq!(service.call("rpc.anything", json!({})).unwrap_err().code, METHOD_NOT_FOUND);
        let error = service.call("build", json!({ "path": "/none/at/all", "shown": "all" })).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (FAILED, "Path 'all' does not exist"));
        assert_eq!(error.data.unwrap()["code"], json!("P0001"));
    }

    #[test]
    fn the_projects_in_memory_are_bounded() {
        let service = Service::default();
        let folders: Vec<_> = (0..MOST_PROJECTS + 3).map(|_| package()).collect();
        for folder in &folders {
            assert!(service.build(folder.path(), ".", BuildOptions::default()).unwrap().ok);
        }
        assert_eq!(service.status()["projects"].as_array().unwrap().len(), MOST_PROJECTS);
    }
}
