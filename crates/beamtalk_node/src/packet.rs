//! Messages of the node protocol, to and from bytes.
//!
//! `docs/internals/node-protocol.md` is the contract; each type here is one row of its tables.

use crate::bounds;
use crate::error::Raised;
use crate::question::{Question, question};
use crate::term::{
    as_atom, as_bytes, as_integer, as_optional_text, as_text, as_u64, atom, binary, entry, integer,
    into_list, into_tuple, list, take, tuple,
};
use eetf::Term;
use num_bigint::{BigInt, Sign};
use std::io::Cursor;

/// The longest packet, in bytes.
pub const LONGEST_PACKET: usize = 256 << 20;

/// The protocol's version.
pub const PROTOCOL: u64 = 1;

/// What a client shows of a value (spec 06 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Display {
    /// An integer of any size.
    Integer(BigInt),
    /// A truth value.
    Boolean(bool),
    /// Everything that has a printed form.
    Text(String),
    /// A list of shown values.
    List(Vec<Display>),
}

/// How a session holds a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableKind {
    /// As a value.
    Value,
    /// As a cell, since some block captured and assigned it.
    Cell,
}

/// Whether the module of an evaluation may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleState {
    /// No block of it lives.
    Free,
    /// A block of it lives; [`Event::Released`] tells when none does.
    Held,
}

/// A request's form before it is bytes.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Ping,
    Load(Vec<Term>),
    Unload(Vec<String>),
    OpenSession(String),
    CloseSession(String),
    Eval { session: String, module: String, file: String, beam: Vec<u8> },
    Interrupt(String),
    Stdin(String, Option<Vec<u8>>),
    Bindings(String),
    Clear(String),
    Sessions,
    Actors,
    Inspect(String),
    Help(String, Option<String>),
    Kill(String),
    Modules,
    Release(Vec<String>),
    Flushed(Vec<String>),
    Tests(Option<Vec<String>>),
    Test { session: String, module: String, tests: Vec<String>, limit: i32 },
    Stop,
}

impl Request {
    fn into_term(self) -> Term {
        let names = |names: Vec<String>| list(names.into_iter().map(binary));
        match self {
            Self::Ping => atom("ping"),
            Self::Load(modules) => tuple([atom("load"), list(modules)]),
            Self::Unload(modules) => tuple([atom("unload"), names(modules)]),
            Self::OpenSession(session) => tuple([atom("open_session"), binary(session)]),
            Self::CloseSession(session) => tuple([atom("close_session"), binary(session)]),
            Self::Eval { session, module, file, beam } => tuple([
                atom("eval"),
                binary(session),
                binary(module),
                binary(file),
                Term::from(eetf::Binary::from(beam)),
            ]),
            Self::Interrupt(session) => tuple([atom("interrupt"), binary(session)]),
            Self::Stdin(session, Some(data)) => tuple([atom("stdin"), binary(session), binary(data)]),
            Self::Stdin(session, None) => tuple([atom("stdin"), binary(session), atom("eof")]),
            Self::Bindings(session) => tuple([atom("bindings"), binary(session)]),
            Self::Clear(session) => tuple([atom("clear"), binary(session)]),
            Self::Sessions => atom("sessions"),
            Self::Actors => atom("actors"),
            Self::Inspect(pid) => tuple([atom("inspect"), binary(pid)]),
            Self::Help(class, selector) => {
                let selector = selector.map_or_else(|| atom("nil"), binary);
                tuple([atom("help"), binary(class), selector])
            }
            Self::Kill(pid) => tuple([atom("kill"), binary(pid)]),
            Self::Modules => atom("modules"),
            Self::Release(modules) => tuple([atom("release"), names(modules)]),
            Self::Flushed(files) => tuple([atom("flushed"), names(files)]),
            Self::Tests(None) => tuple([atom("tests"), atom("all")]),
            Self::Tests(Some(modules)) => tuple([atom("tests"), names(modules)]),
            Self::Test { session, module, tests, limit } => {
                tuple([atom("test"), binary(session), binary(module), names(tests), integer(limit)])
            }
            Self::Stop => atom("stop"),
        }
    }

    /// The packet, its length first.
    pub(crate) fn encode(self, id: i32) -> Result<Vec<u8>, String> {
        encoded(&tuple([integer(id), self.into_term()]))
    }
}

/// The packet of a term, its length first.
pub(crate) fn encoded(term: &Term) -> Result<Vec<u8>, String> {
    let mut packet = vec![0; 4];
    term.encode(&mut packet).map_err(|error| error.to_string())?;
    let length = packet.len() - 4;
    if length > LONGEST_PACKET {
        return Err(format!("a packet of {length} bytes is longer than {LONGEST_PACKET}"));
    }
    let length = u32::try_from(length).map_err(|error| error.to_string())?;
    packet[..4].copy_from_slice(&length.to_be_bytes());
    Ok(packet)
}

/// The node's first words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The runtime's version.
    pub version: String,
    /// The Erlang release, such as `25`.
    pub otp: String,
    /// The emulator's process.
    pub os_pid: u32,
}

/// What a node sends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A program wrote to its standard output.
    Output {
        /// Whose program.
        session: String,
        /// What it wrote; a character may be split between two of these.
        bytes: Vec<u8>,
    },
    /// A program wrote to its standard error.
    ErrorOutput {
        /// Whose program.
        session: String,
        /// What it wrote, in whole characters.
        text: String,
    },
    /// A program waits for a line.
    Input {
        /// Whose program.
        session: String,
        /// What it asks.
        prompt: String,
    },
    /// Text for the Transcript.
    Transcript(String),
    /// An actor began or ended.
    Actor {
        /// Began.
        spawned: bool,
        /// Its process, as text.
        pid: String,
        /// Its class.
        class: String,
        /// Why it ended.
        reason: Option<String>,
    },
    /// Variables were assigned or removed.
    Bindings {
        /// Whose.
        session: String,
    },
    /// The names that all sessions share are now these.
    Globals(Vec<String>),
    /// The module of an evaluation may be used again.
    Released(String),
    /// A line for the log.
    Log {
        /// Erlang's name of the level.
        level: String,
        /// The line.
        text: String,
        /// The class whose method wrote it.
        class: Option<String>,
        /// That method.
        selector: Option<String>,
        /// What else was said: `name=value` for each.
        metadata: Option<String>,
    },
    /// The node is ready; `fresh` when it is a new one, in which nothing lives.
    Up {
        /// New, not one that we found again.
        fresh: bool,
        /// The Erlang release.
        otp: String,
        /// The emulator's process.
        os_pid: u32,
    },
    /// The node ended, for this reason. Another is on its way.
    Down {
        /// Why, as far as is known.
        reason: String,
    },
}

/// One packet from the node.
#[derive(Debug)]
pub(crate) enum Incoming {
    Hello(Hello),
    Reply {
        id: i32,
        answer: Result<Term, Box<Raised>>,
    },
    Event(Event),
    /// A question; the answer carries the same `id`, an integer of any size.
    Call {
        id: Term,
        question: Question,
    },
    /// A message of a newer runtime, or a malformed one that nobody here waits for: to be passed over.
    Unknown(String),
}

impl Incoming {
    pub(crate) fn decode(packet: &[u8]) -> Result<Self, String> {
        let packet = bounds::checked(packet).map_err(|error| error.to_string())?;
        let term = Term::decode(Cursor::new(packet)).map_err(|error| error.to_string())?;
        let Some(kind) = tag(&term).map(str::to_owned) else {
            return Err(format!("it is {}", bounded_text(&term)));
        };
        let read = match kind.as_str() {
            "hello" => into_tuple(term).and_then(|[_, fields]| hello(&fields)).map(Self::Hello),
            "reply" => reply(term),
            "event" => {
                let event = into_tuple(term).and_then(|[_, it]| event(&it).ok_or(it).into());
                return Ok(match event {
                    Some(Ok(event)) => Self::Event(event),
                    Some(Err(unknown)) => Self::Unknown(bounded_text(&unknown)),
                    None => Self::Unknown(kind),
                });
            }
            "call" => return Ok(call(term)),
            // No request is answered by it, so nothing is lost.
            _ => return Ok(Self::Unknown(bounded_text(&term))),
        };
        read.ok_or_else(|| format!("it is no `{kind}` that we know"))
    }
}

fn tag(term: &Term) -> Option<&str> {
    match term {
        Term::Tuple(tuple) => tuple.elements.first().and_then(as_atom),
        _ => None,
    }
}

fn hello(fields: &Term) -> Option<Hello> {
    if as_u64(entry(fields, "protocol")?)? != PROTOCOL {
        return None;
    }
    Some(Hello {
        version: as_text(entry(fields, "version")?)?,
        otp: as_text(entry(fields, "otp")?)?,
        os_pid: u32::try_from(as_u64(entry(fields, "os_pid")?)?).ok()?,
    })
}

fn reply(term: Term) -> Option<Incoming> {
    let [_, id, status, payload] = into_tuple(term)?;
    let id = i32::try_from(as_u64(&id)?).ok()?;
    let answer = match as_atom(&status)? {
        "ok" => Ok(payload),
        "error" => Err(Box::new(raised(payload))),
        _ => return None,
    };
    Some(Incoming::Reply { id, answer })
}

/// Without an id that can be answered, the asker's patience is all that ends the call.
fn call(term: Term) -> Incoming {
    let what = bounded_text(&term);
    match into_tuple(term) {
        Some([_, id, asked]) if as_integer(&id).is_some_and(|id| id.sign() != Sign::Minus) => {
            Incoming::Call { id, question: question(&asked) }
        }
        _ => Incoming::Unknown(what),
    }
}

/// Reads an error map; what is missing is empty, since an error about an error helps nobody.
fn raised(mut map: Term) -> Raised {
    let text = |map: &Term, key| entry(map, key).and_then(as_text).unwrap_or_default();
    Raised {
        class: text(&map, "class"),
        kind: text(&map, "kind"),
        message: text(&map, "message"),
        hint: entry(&map, "hint").and_then(as_optional_text),
        trace: take(&mut map, "trace")
            .and_then(into_list)
            .map(|frames| frames.iter().filter_map(as_text).collect())
            .unwrap_or_default(),
        bindings: take(&mut map, "bindings").and_then(variables),
        module: entry(&map, "module").and_then(module_state),
    }
}

fn event(term: &Term) -> Option<Event> {
    let Term::Tuple(tuple) = term else {
        return None;
    };
    match (tag(term)?, tuple.elements.as_slice()) {
        ("output", [_, session, bytes]) => {
            Some(Event::Output { session: as_text(session)?, bytes: as_bytes(bytes)?.to_vec() })
        }
        ("error_output", [_, session, text]) => {
            Some(Event::ErrorOutput { session: as_text(session)?, text: as_text(text)? })
        }
        ("input", [_, session, prompt]) => {
            Some(Event::Input { session: as_text(session)?, prompt: as_text(prompt)? })
        }
        ("transcript", [_, text]) => Some(Event::Transcript(as_text(text)?)),
        ("actor", [_, change, fields]) => Some(Event::Actor {
            spawned: match as_atom(change)? {
                "spawned" => true,
                "stopped" => false,
                _ => return None,
            },
            pid: as_text(entry(fields, "pid")?)?,
            class: as_text(entry(fields, "class")?)?,
            reason: entry(fields, "reason").and_then(as_optional_text),
        }),
        ("globals", [_, names]) => {
            let Term::List(names) = names else { return None };
            Some(Event::Globals(names.elements.iter().map(as_text).collect::<Option<_>>()?))
        }
        ("bindings", [_, session]) => Some(Event::Bindings { session: as_text(session)? }),
        ("released", [_, module]) => Some(Event::Released(as_text(module)?)),
        ("log", [_, level, text, origin]) => {
            let known = |name| entry(origin, name).and_then(as_optional_text);
            Some(Event::Log {
                level: as_text(level)?,
                text: as_text(text)?,
                class: known("class"),
                selector: known("selector"),
                metadata: known("metadata"),
            })
        }
        _ => None,
    }
}

/// Reads a shown value. What the node should not have sent is shown as its Erlang text.
pub(crate) fn display(term: Term) -> Display {
    match term {
        Term::FixInteger(_) | Term::BigInteger(_) => {
            as_integer(&term).map_or_else(|| Display::Text(String::new()), Display::Integer)
        }
        Term::Atom(ref name) if name.name == "true" => Display::Boolean(true),
        Term::Atom(ref name) if name.name == "false" => Display::Boolean(false),
        Term::Binary(_) => Display::Text(as_text(&term).unwrap_or_default()),
        Term::Tuple(ref it) if it.elements.len() == 2 => shown_pair(term),
        other => Display::Text(bounded_text(&other)),
    }
}

fn shown_pair(term: Term) -> Display {
    let Some([kind, payload]) = into_tuple::<2>(term) else {
        return Display::Text(bounds::ELLIPSIS.to_owned());
    };
    match (as_atom(&kind), payload) {
        (Some("text"), payload) => Display::Text(as_text(&payload).unwrap_or_default()),
        (Some("list"), list @ (Term::List(_) | Term::ByteList(_))) => {
            Display::List(into_list(list).unwrap_or_default().into_iter().map(display).collect())
        }
        // A list that was too deep: its elements were replaced by one text.
        (Some("list"), cut) => Display::List(vec![display(cut)]),
        (_, other) => Display::Text(bounded_text(&other)),
    }
}

/// Reads `[{Name, value | cell}]`.
pub(crate) fn variables(term: Term) -> Option<Vec<(String, VariableKind)>> {
    let pair = |term: Term| {
        let [name, kind] = into_tuple(term)?;
        let kind = match as_atom(&kind)? {
            "value" => VariableKind::Value,
            "cell" => VariableKind::Cell,
            _ => return None,
        };
        Some((as_text(&name)?, kind))
    };
    into_list(term)?.into_iter().map(pair).collect()
}

pub(crate) fn module_state(term: &Term) -> Option<ModuleState> {
    match as_atom(term)? {
        "free" => Some(ModuleState::Free),
        "held" => Some(ModuleState::Held),
        _ => None,
    }
}

/// The beginning of a term's Erlang text, for a message.
pub(crate) fn bounded_text(term: &Term) -> String {
    term.to_string().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::map;
    use proptest::prelude::*;

    fn packet(term: &Term) -> Vec<u8> {
        let mut bytes = Vec::new();
        term.encode(&mut bytes).unwrap();
        bytes
    }

    fn decoded(term: &Term) -> Incoming {
        Incoming::decode(&packet(term)).unwrap()
    }

    #[test]
    fn hello_names_version_release_and_process() {
        let term = tuple([
            atom("hello"),
            map([
                ("protocol", integer(1)),
                ("version", binary("0.1.0")),
                ("otp", binary("25")),
                ("os_pid", integer(17)),
            ]),
        ]);
        let Incoming::Hello(hello) = decoded(&term) else { panic!() };
        assert_eq!((hello.otp.as_str(), hello.os_pid), ("25", 17));
    }

    #[test]
    fn another_protocol_is_refused() {
        let term = tuple([atom("hello"), map([("protocol", integer(2))])]);
        assert!(Incoming::decode(&packet(&term)).is_err());
    }

    #[test]
    fn an_error_map_may_lack_everything() {
        let term = tuple([atom("reply"), integer(3), atom("error"), map([])]);
        let Incoming::Reply { id: 3, answer: Err(raised) } = decoded(&term) else { panic!() };
        assert_eq!(*raised, Raised::default());
    }

    #[test]
    fn a_list_of_small_integers_is_shown_as_integers() {
        let term = tuple([atom("list"), Term::from(eetf::ByteList::from(vec![65u8, 66]))]);
        let integers = vec![Display::Integer(65.into()), Display::Integer(66.into())];
        assert_eq!(display(term), Display::List(integers));
    }

    #[test]
    fn an_event_of_a_newer_runtime_is_passed_over() {
        let term = tuple([atom("event"), tuple([atom("weather"), atom("fine")])]);
        assert!(matches!(decoded(&term), Incoming::Unknown(_)));
    }

    #[test]
    fn a_request_begins_with_its_length() {
        let packet = Request::Ping.encode(5).unwrap();
        assert_eq!(packet[..4], u32::try_from(packet.len() - 4).unwrap().to_be_bytes());
        let term = Term::decode(Cursor::new(&packet[4..])).unwrap();
        assert_eq!(term, tuple([integer(5), atom("ping")]));
    }

    #[test]
    fn a_call_has_an_id_of_any_size() {
        let large = Term::from(eetf::BigInteger { value: BigInt::from(1) << 70 });
        let term = tuple([atom("call"), large.clone(), atom("sync_project")]);
        let Incoming::Call { id, question } = decoded(&term) else { panic!() };
        assert_eq!((id, question), (large, Question::SyncProject));
    }

    #[test]
    fn a_call_that_cannot_be_answered_and_a_packet_of_another_kind_are_passed_over() {
        let negative = tuple([atom("call"), integer(-1), atom("sync_project")]);
        for term in [negative, tuple([atom("call")]), tuple([atom("weather"), atom("fine")])] {
            assert!(matches!(decoded(&term), Incoming::Unknown(_)), "{term}");
        }
    }

    proptest! {
        #[test]
        fn no_packet_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut packet = vec![131];
            packet.extend(bytes);
            let _ = Incoming::decode(&packet);
        }
    }
}
