//! A node that is played by threads, for tests.
//!
//! It speaks the real protocol over the real socket. What a "module" does when it is evaluated is written in
//! its bytes, as one line per step:
//!
//! | step | does |
//! |---|---|
//! | `print TEXT` | writes the text to the session's output |
//! | `fill N` | writes N bytes in pieces of 64 KiB |
//! | `set NAME` | gives the session a variable, which it tells |
//! | `ask PROMPT` | waits for input, which becomes the value |
//! | `sleep` | waits until it is interrupted |
//! | `pause MILLISECONDS` | waits |
//! | `transcript TEXT` | writes to the Transcript |
//! | `call NAME TEXT` | asks the host `{NAME, TEXT}`; the answer becomes the value |
//! | `utter NAME` | sends the packet `{NAME}` |
//! | `hold` | keeps the module in use |
//! | `raise KIND MESSAGE` | ends with an error |
//! | `crash` | ends the node |
//! | `integer N`, `text T`, `deep N` | the value |

use crate::launch::{Start, Starter};
use crate::term::{
    as_atom, as_bytes, as_text, as_u64, atom, binary, integer, into_list, into_tuple, list, map, tuple,
};
use crate::{NodeError, packet::LONGEST_PACKET};
use eetf::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Starts fake nodes, one after the other.
#[derive(Debug, Clone, Default)]
pub struct FakeNode {
    /// What every node of this starter has been asked, by the names of the requests.
    pub log: Arc<Mutex<Vec<String>>>,
}

impl Starter for FakeNode {
    fn prepare(&self, socket: &Path) -> Result<Start, NodeError> {
        let stream = UnixStream::connect(socket).map_err(NodeError::system("connect"))?;
        let log = self.log.clone();
        thread::spawn(move || Played::begin(stream, &log));
        Ok(Start::Elsewhere)
    }
}

struct Played {
    out: Mutex<UnixStream>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: BTreeMap<String, Session>,
    modules: BTreeSet<String>,
    /// Who waits for an answer of the host, by the id of the question.
    asking: BTreeMap<u64, Sender<Vec<Term>>>,
}

#[derive(Default)]
struct Session {
    variables: BTreeSet<String>,
    running: Option<Sender<Signal>>,
}

enum Signal {
    Interrupt,
    Input(Option<Vec<u8>>),
}

impl Played {
    fn begin(mut stream: UnixStream, log: &Mutex<Vec<String>>) {
        let Ok(out) = stream.try_clone() else { return };
        let node = Arc::new(Self { out: Mutex::new(out), state: Mutex::default() });
        let process = i32::try_from(std::process::id()).unwrap_or(1);
        node.send(&tuple([
            atom("hello"),
            map([
                ("protocol", integer(1)),
                ("version", binary("fake")),
                ("otp", binary("25")),
                ("os_pid", integer(process)),
            ]),
        ]));
        while let Some(request) = read_term(&mut stream) {
            let parts = match request {
                Term::Tuple(it) => it.elements,
                _ => return,
            };
            let [id, request] = match <[Term; 2]>::try_from(parts) {
                Ok(request) => request,
                Err(answer) => {
                    let id = answer.get(1).and_then(as_u64).unwrap_or_default();
                    if let Some(asking) = lock(&node.state).asking.remove(&id) {
                        let _ = asking.send(answer);
                    }
                    continue;
                }
            };
            let name = match &request {
                Term::Tuple(it) => it.elements.first().and_then(as_atom).unwrap_or_default(),
                other => as_atom(other).unwrap_or_default(),
            };
            lock(log).push(name.to_owned());
            if name == "stop" {
                node.reply(&id, Ok(atom("ok")));
                return;
            }
            node.handle(&id, request);
        }
    }

    fn handle(self: &Arc<Self>, id: &Term, request: Term) {
        let parts = match request {
            Term::Tuple(tuple) => tuple.elements,
            other => vec![other],
        };
        let name = parts.first().and_then(as_atom).unwrap_or_default().to_owned();
        let session = parts.get(1).and_then(as_text).unwrap_or_default();
        match name.as_str() {
            "ping" => self.reply(id, Ok(atom("pong"))),
            "load" => self.load(id, parts),
            "unload" => {
                let names = parts.into_iter().nth(1).and_then(into_list).unwrap_or_default();
                let mut state = lock(&self.state);
                for name in names.iter().filter_map(as_text) {
                    state.modules.remove(&name);
                }
                self.reply(id, Ok(atom("ok")));
            }
            "open_session" => {
                lock(&self.state).sessions.entry(session).or_default();
                self.reply(id, Ok(atom("ok")));
            }
            "close_session" => {
                lock(&self.state).sessions.remove(&session);
                self.reply(id, Ok(atom("ok")));
            }
            "eval" => self.eval(id, session, &parts),
            "interrupt" => {
                self.signal(&session, Signal::Interrupt);
                self.reply(id, Ok(atom("ok")));
            }
            "stdin" => {
                let data = parts.get(2).and_then(as_bytes).map(<[u8]>::to_vec);
                self.signal(&session, Signal::Input(data));
                self.reply(id, Ok(atom("ok")));
            }
            "bindings" => self.bindings(id, &session),
            "clear" => {
                if let Some(it) = lock(&self.state).sessions.get_mut(&session) {
                    it.variables.clear();
                }
                self.reply(id, Ok(atom("ok")));
            }
            "sessions" => {
                let names: Vec<_> = lock(&self.state).sessions.keys().map(binary).collect();
                self.reply(id, Ok(list(names)));
            }
            "actors" => self.reply(id, Ok(list([actor()]))),
            "inspect" if session == "<0.120.0>" => {
                self.reply(id, Ok(list([tuple([binary("value"), integer(3)])])));
            }
            "inspect" | "kill" if session != "<0.120.0>" => {
                let message = format!("Invalid actor PID: {session}");
                self.reply(id, Err(error("argument_error", &message, &[])));
            }
            "help" if lock(&self.state).modules.iter().any(|module| class_of(module) == session) => {
                self.reply(id, Ok(binary(format!("Help for {session}"))));
            }
            "help" => {
                let message = format!("Class '{session}' not found");
                self.reply(id, Err(error("class_not_found", &message, &[])));
            }
            "modules" => self.modules(id),
            "release" => {
                let names = parts.into_iter().nth(1).unwrap_or_else(|| list([]));
                self.reply(id, Ok(names));
            }
            _ => self.reply(id, Ok(atom("ok"))),
        }
    }

    fn load(&self, id: &Term, parts: Vec<Term>) {
        let modules = parts.into_iter().nth(1).and_then(into_list).unwrap_or_default();
        let names: Vec<_> = modules
            .into_iter()
            .filter_map(into_tuple::<3>)
            .filter_map(|[name, _, _]| as_text(&name))
            .collect();
        let classes = names.iter().map(|name| binary(class_of(name)));
        let classes = list(classes.collect::<Vec<_>>());
        lock(&self.state).modules.extend(names);
        self.reply(id, Ok(classes));
    }

    fn bindings(&self, id: &Term, session: &str) {
        let state = lock(&self.state);
        let variables = state.sessions.get(session).map(|it| it.variables.clone());
        let pairs = variables.unwrap_or_default();
        let pairs = pairs.into_iter().map(|name| tuple([binary(name), integer(1)]));
        self.reply(id, Ok(list(pairs.collect::<Vec<_>>())));
    }

    fn modules(&self, id: &Term) {
        let row = |name: &String| {
            map([
                ("name", binary(class_of(name))),
                ("module", binary(name)),
                ("source_file", binary("counter.bt")),
                ("actor_count", integer(2)),
                ("load_time", integer(1)),
            ])
        };
        let rows: Vec<_> = lock(&self.state).modules.iter().map(row).collect();
        self.reply(id, Ok(list(rows)));
    }

    fn eval(self: &Arc<Self>, id: &Term, session: String, parts: &[Term]) {
        let script = parts.get(4).and_then(as_text).unwrap_or_default();
        let (sender, signals) = channel();
        {
            let mut state = lock(&self.state);
            let it = state.sessions.entry(session.clone()).or_default();
            if it.running.is_some() {
                return self.reply(id, Err(error("busy", "An evaluation runs", &[])));
            }
            it.running = Some(sender);
        }
        let (node, id) = (self.clone(), id.clone());
        thread::spawn(move || {
            let result = Run { node: &node, session: &session, signals }.all(&script);
            if let Some(it) = lock(&node.state).sessions.get_mut(&session) {
                it.running = None;
            }
            match result {
                Some(answer) => node.reply(&id, answer),
                None => drop(lock(&node.out).shutdown(Shutdown::Both)),
            }
        });
    }

    fn signal(&self, session: &str, signal: Signal) {
        let state = lock(&self.state);
        if let Some(running) = state.sessions.get(session).and_then(|it| it.running.as_ref()) {
            let _ = running.send(signal);
        }
    }

    fn event(&self, event: Term) {
        self.send(&tuple([atom("event"), event]));
    }

    fn reply(&self, id: &Term, answer: Result<Term, Term>) {
        let (status, payload) = match answer {
            Ok(payload) => ("ok", payload),
            Err(payload) => ("error", payload),
        };
        self.send(&tuple([atom("reply"), id.clone(), atom(status), payload]));
    }

    fn send(&self, term: &Term) {
        let mut packet = vec![0; 4];
        if term.encode(&mut packet).is_err() {
            return;
        }
        let length = u32::try_from(packet.len() - 4).unwrap_or(u32::MAX);
        packet[..4].copy_from_slice(&length.to_be_bytes());
        // The host may be gone, which ends the reading loop.
        let _ = lock(&self.out).write_all(&packet);
    }
}

/// One evaluation.
struct Run<'a> {
    node: &'a Played,
    session: &'a str,
    signals: Receiver<Signal>,
}

impl Run<'_> {
    /// `None` when the node is to end.
    fn all(&self, script: &str) -> Option<Result<Term, Term>> {
        let mut value = tuple([atom("text"), binary("nil")]);
        let mut module = "free";
        for line in script.lines() {
            let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
            match step {
                "print" => self.print(rest.as_bytes()),
                "fill" => self.fill(rest.parse().unwrap_or(0)),
                "set" => {
                    self.with_session(|it| it.variables.insert(rest.to_owned()));
                    self.node.event(tuple([atom("bindings"), binary(self.session)]));
                }
                "transcript" => self.node.event(tuple([atom("transcript"), binary(rest)])),
                "pause" => thread::sleep(Duration::from_millis(rest.parse().unwrap_or(0))),
                "call" => {
                    let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
                    value = tuple([atom("text"), binary(self.call(tuple([atom(name), binary(text)]))?)]);
                }
                "utter" => self.node.send(&tuple([atom(rest)])),
                "hold" => module = "held",
                "crash" => return None,
                "raise" => {
                    let (kind, message) = rest.split_once(' ').unwrap_or((rest, ""));
                    return Some(Err(self.error(kind, message)));
                }
                "ask" | "sleep" => {
                    if step == "ask" {
                        let (session, prompt) = (binary(self.session), binary(rest));
                        self.node.event(tuple([atom("input"), session, prompt]));
                    }
                    match self.signals.recv_timeout(Duration::from_secs(60)) {
                        Ok(Signal::Input(Some(line))) => {
                            value = tuple([atom("text"), binary(line)]);
                        }
                        Ok(Signal::Input(None)) => value = tuple([atom("text"), binary("eof")]),
                        Ok(Signal::Interrupt) => {
                            return Some(Err(self.error("interrupted", "Interrupted")));
                        }
                        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                            return None;
                        }
                    }
                }
                "integer" => value = integer(rest.parse().unwrap_or(0)),
                "text" => value = tuple([atom("text"), binary(rest)]),
                "deep" => value = deep(rest.parse().unwrap_or(0)),
                _ => {}
            }
        }
        Some(Ok(map([("value", value), ("bindings", self.variables()), ("module", atom(module))])))
    }

    /// Asks the host; the text of the answer without its id.
    fn call(&self, question: Term) -> Option<String> {
        let (sender, answer) = channel();
        let id = {
            let mut state = lock(&self.node.state);
            // Larger than a machine's word in the format, as ids of a real node may be.
            let id = (1 << 40) + state.asking.len() as u64;
            state.asking.insert(id, sender);
            id
        };
        let number = Term::from(eetf::BigInteger { value: id.into() });
        self.node.send(&tuple([atom("call"), number, question]));
        let answer = answer.recv_timeout(Duration::from_secs(60)).ok()?;
        let [_, _, status, payload] = answer.as_slice() else { return None };
        Some(match as_atom(status)? {
            "ok" => format!("ok {}", as_text(payload).unwrap_or_default()),
            status => {
                let kind = crate::term::entry(payload, "kind").and_then(as_text)?;
                let message = crate::term::entry(payload, "message").and_then(as_text)?;
                format!("{status} {kind}: {message}")
            }
        })
    }

    fn print(&self, bytes: &[u8]) {
        self.node.event(tuple([atom("output"), binary(self.session), binary(bytes)]));
    }

    fn fill(&self, mut bytes: usize) {
        let piece = vec![b'x'; 64 << 10];
        while bytes > 0 {
            let length = bytes.min(piece.len());
            self.print(&piece[..length]);
            bytes -= length;
        }
    }

    fn error(&self, kind: &str, message: &str) -> Term {
        error(kind, message, &[("bindings", self.variables()), ("module", atom("free"))])
    }

    fn variables(&self) -> Term {
        let names = self.with_session(|it| it.variables.clone()).unwrap_or_default();
        list(names.into_iter().map(|name| tuple([binary(name), atom("value")])))
    }

    fn with_session<T>(&self, use_it: impl FnOnce(&mut Session) -> T) -> Option<T> {
        lock(&self.node.state).sessions.get_mut(self.session).map(use_it)
    }
}

fn error(kind: &str, message: &str, more: &[(&str, Term)]) -> Term {
    let mut entries = vec![
        (atom("class"), binary("RuntimeError")),
        (atom("kind"), binary(kind)),
        (atom("message"), binary(message)),
        (atom("hint"), atom("nil")),
        (atom("trace"), list([])),
    ];
    entries.extend(more.iter().map(|(key, value)| (atom(key), value.clone())));
    Term::from(eetf::Map { map: entries.into_iter().collect() })
}

fn actor() -> Term {
    map([
        ("pid", binary("<0.120.0>")),
        ("class", binary("Counter")),
        ("module", binary("bt@user@Counter")),
        ("spawned_at", integer(1)),
    ])
}

fn deep(depth: usize) -> Term {
    (0..depth).fold(integer(1), |inner, _| tuple([atom("list"), list([inner])]))
}

fn class_of(module: &str) -> &str {
    module.rsplit('@').next().unwrap_or(module)
}

fn read_term(stream: &mut UnixStream) -> Option<Term> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = u32::from_be_bytes(length) as usize;
    assert!(length <= LONGEST_PACKET, "the host sent a packet of {length} bytes");
    let mut packet = vec![0; length];
    stream.read_exact(&mut packet).ok()?;
    let term = Term::decode(Cursor::new(packet)).ok()?;
    let id = match crate::term::as_tuple::<4>(&term) {
        Some([tag, id, ..]) if as_atom(tag) == Some("answer") => id,
        _ => &crate::term::as_tuple::<2>(&term)?[0],
    };
    assert!(as_u64(id).is_some_and(|id| id > 0), "a request id must be positive");
    Some(term)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
