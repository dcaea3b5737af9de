//! L3 with a real browser: a page that a person may visit tries everything that a page can to reach evaluation.
//!
//! `make test` installs Chromium where it can. Where there is none the test says so and passes; what a browser sends is
//! also played, byte by byte, in `local_server.rs`.

use crate::place::{Place, eventually};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What a page may do without asking anybody. `TARGETS`, `BODY` and `CODE` are filled in.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>A page that a person visits</title><body><script>
const targets = TARGETS, body = BODY, code = CODE;
const within = (promise) => Promise.race([promise, new Promise(done => setTimeout(done, 4000))]).catch(() => {});
const event = (thing, ...names) => new Promise(done => names.forEach(name => thing.addEventListener(name, done)));
const form = (target, encoding) => {
  const frame = document.createElement('iframe');
  frame.name = 'frame' + Math.random();
  document.body.append(frame);
  const form = Object.assign(document.createElement('form'), { method: 'POST', action: target, enctype: encoding, target: frame.name });
  // As plain text this is one line: a request in its own right.
  form.append(Object.assign(document.createElement('input'), { name: JSON.stringify({op: 'eval', code}).slice(0, -1) + ',"x":"', value: '"}' }));
  document.body.append(form);
  form.submit();
  return event(frame, 'load', 'error');
};
const socket = (target) => {
  const socket = new WebSocket(target.replace('http', 'ws'));
  socket.onopen = () => socket.send(body);
  return event(socket, 'error', 'close');
};
const element = (name, target) => {
  const element = Object.assign(document.createElement(name), { src: target });
  document.body.append(element);
  return event(element, 'load', 'error');
};
const attempts = (target) => [
  fetch(target, { method: 'POST', body }),
  fetch(target, { method: 'POST', body, mode: 'no-cors' }),
  fetch(target, { method: 'POST', body, mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, keepalive: true }),
  fetch(target, { method: 'PUT', body, headers: { 'Content-Type': 'application/json' } }),
  form(target, 'text/plain'), form(target, 'multipart/form-data'), form(target, 'application/x-www-form-urlencoded'),
  navigator.sendBeacon(target, body), socket(target),
  element('img', target), element('script', target + '/{"op":"eval"}'), event(new EventSource(target), 'error'),
];
Promise.all(targets.flatMap(attempts).map(within)).then(() => fetch('/done'));
</script></body>"#;

/// As many connections must at least have come, or the browser did not try.
const FEWEST_ATTEMPTS: usize = 12;

#[test]
fn l3_a_page_in_a_browser_evaluates_nothing() {
    let Some(program) = browser() else {
        eprintln!("skipped: there is no Chromium (`tools/install-browser.sh` installs it)");
        return;
    };
    let place = Place::new();
    place.eval("w", "1");
    let mark = place.dir.path().join("mark");
    let code = format!("File writeAll: \"{}\" contents: \"x\"", mark.display());
    let log = || fs::read_to_string(place.folder("w").join("workspace.log")).unwrap();
    let turned_away = || log().matches("first line is no JSON object").count();
    // Also without the browser's own care for other sites: what protects us must be ours.
    for care in ["--enable-features=Care", "--disable-web-security"] {
        let before = turned_away();
        let visit = Visit::new(place.port("w"), &code);
        let mut browser = Browser::open(&program, &visit, care);
        visit.wait(&mut browser);
        let seen = turned_away() - before;
        assert!(seen >= FEWEST_ATTEMPTS, "{care}: only {seen} attempts reached the port\n{}", log());
        assert!(!mark.exists(), "{care}: a page evaluated something");
    }
    let mut client = place.connect("w");
    assert_eq!(client.ask(&json!({"op": "sessions"}))["sessions"].as_array().unwrap().len(), 1);
    // What the page said would have done something.
    assert!(client.ask(&json!({"op": "eval", "code": code}))["error"].is_null());
    assert!(mark.exists());
}

fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let programs = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&folders)
        .flat_map(|folder| programs.map(|program| folder.join(program)))
        .find(|program| program.is_file())
}

/// The site that is visited.
struct Visit {
    port: u16,
    done: Arc<Mutex<bool>>,
}

impl Visit {
    fn new(target: u16, code: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let done = Arc::new(Mutex::new(false));
        let request = json!({"op": "eval", "code": code});
        // The second name is one that its owner lets point to this machine (DNS rebinding).
        let targets = json!([format!("http://127.0.0.1:{target}"), format!("http://rebound.test:{target}")]);
        let page = PAGE
            .replace("TARGETS", &targets.to_string())
            .replace("BODY", &json!(format!("\n{request}\n")).to_string())
            .replace("CODE", &json!(code).to_string());
        let seen = done.clone();
        // It ends with the tests.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (page, seen) = (page.clone(), seen.clone());
                thread::spawn(move || serve(stream, &page, &seen));
            }
        });
        Self { port, done }
    }

    fn wait(&self, browser: &mut Browser) {
        let since = Instant::now();
        while !*self.done.lock().unwrap() {
            assert!(since.elapsed() < Duration::from_secs(60), "the page never came to its end");
            assert!(browser.child.try_wait().unwrap().is_none(), "the browser ended: {}", browser.words());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(mut stream: TcpStream, page: &str, done: &Mutex<bool>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).is_err() {
        return;
    }
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    *done.lock().unwrap() |= first.starts_with("GET /done");
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    // A browser may think better of it.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
}

struct Browser {
    child: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn open(program: &PathBuf, visit: &Visit, care: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.args(["--disable-breakpad", "--disable-dev-shm-usage", "--no-proxy-server", care]);
        command.arg("--host-resolver-rules=MAP rebound.test 127.0.0.1, MAP visited.test 127.0.0.1");
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("http://visited.test:{}/", visit.port));
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, _profile: profile }
    }

    fn words(&mut self) -> String {
        let mut said = String::new();
        let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
        said
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let pid = self.child.id();
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its helpers see that and end.
        eventually("the browser has ended", || (crate::proc::family(pid).len() == 1).then_some(()));
    }
}
