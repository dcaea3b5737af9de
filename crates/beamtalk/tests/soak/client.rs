//! One client among many: it evaluates, checks each answer, and now and then leaves without a word.

use crate::level::error;
use crate::random::Random;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Under full load a connection may wait for those that have left to be noticed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What clients did.
#[derive(Debug, Default)]
pub struct Figures {
    /// Requests whose answers were right.
    pub answered: u64,
    /// Connections left in the middle of a request.
    pub departures: u64,
    /// Connections refused because too many were open.
    pub refusals: u64,
}

impl Figures {
    pub fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.departures += other.departures;
        self.refusals += other.refusals;
    }
}

/// A client. One with an even number keeps a session over its connections.
pub struct Soaker {
    port: u16,
    number: u32,
    random: Random,
    connection: Connection,
    figures: Figures,
    requests: u64,
    /// The variable `n` of the session.
    counter: u64,
    /// Countings that were sent before leaving: they may come to pass or not.
    open: u64,
}

struct Connection {
    writer: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Soaker {
    pub fn new(port: u16, number: u32, seed: u64) -> Self {
        let mut figures = Figures::default();
        let connection = connect(port, &mut figures);
        let random = Random((seed << 32) | u64::from(number));
        let mut soaker = Self { port, number, random, connection, figures, requests: 0, counter: 0, open: 0 };
        soaker.begin();
        soaker.define();
        soaker
    }

    /// Evaluates so many times, then leaves in peace.
    pub fn run(mut self, evaluations: u32) -> Figures {
        while self.figures.answered < u64::from(evaluations) {
            match self.random.below(100) {
                0..=2 => self.depart(),
                // What was left running in a lasting session would be in the way.
                3..=7 if !self.lasts() => self.pipeline(),
                8 => self.define(),
                9..=18 => self.count(),
                19..=28 => self.expect("b := [:x | x + 4]. b value: 5", &json!(9)),
                29..=38 => self.call_method(),
                39..=43 => self.fail(),
                44..=48 => self.write(),
                _ => self.compute(),
            }
        }
        if self.lasts() {
            let closed = self.ask(&json!({"op": "close"}));
            assert_eq!(error(&closed), "", "{closed}");
        }
        self.figures
    }

    fn lasts(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// Finds or makes the session, and `n` in it.
    fn begin(&mut self) {
        if self.lasts() {
            let found = self.ask(&json!({"op": "session", "name": format!("soak-{}", self.number)}));
            assert_eq!(error(&found), "", "{found}");
            if self.counter > 0 {
                return;
            }
        }
        (self.counter, self.open) = (1, 0);
        self.expect("n := 1", &json!(1));
    }

    fn compute(&mut self) {
        let (number, request) = (u64::from(self.number), self.requests);
        self.expect(&format!("{number} * 1000000 + {request}"), &json!(number * 1_000_000 + request));
    }

    fn count(&mut self) {
        let reply = self.evaluate("n := n + 1");
        let value = reply["value"].as_u64().unwrap_or_else(|| panic!("{reply}"));
        let passed = value.checked_sub(self.counter + 1).filter(|passed| *passed <= self.open);
        self.open -= passed.unwrap_or_else(|| panic!("{} then {value}, {} open", self.counter, self.open));
        self.counter = value;
        self.figures.answered += 1;
    }

    /// Loads the class again.
    fn define(&mut self) {
        let number = self.number;
        let code = format!("Object subclass: Soak{number}\n  class at: k => k * 1000 + {number}");
        self.expect(&code, &json!(format!("Soak{number}")));
    }

    fn call_method(&mut self) {
        let (number, request) = (u64::from(self.number), self.requests);
        self.expect(&format!("Soak{number} at: {request}"), &json!(request * 1000 + number));
    }

    fn fail(&mut self) {
        let reply = self.evaluate(&format!("Soak{} soakFails", self.number));
        let expected = format!("Soak{} does not understand 'soakFails'", self.number);
        assert!(error(&reply).contains(&expected), "{reply}");
        self.figures.answered += 1;
    }

    fn write(&mut self) {
        let text = format!("output of {}", self.number);
        let code = format!("Erlang io put_chars: \"{text}\"");
        let reply = self.evaluate(&code);
        assert_eq!((error(&reply), &reply["output"]), ("", &json!(text)), "{reply}");
        self.figures.answered += 1;
    }

    fn expect(&mut self, code: &str, value: &Value) {
        let reply = self.evaluate(code);
        assert_eq!(&reply["value"], value, "client {}: {code}: {reply}", self.number);
        self.figures.answered += 1;
    }

    /// Several requests at once; the answers come in their order. Half the time we say at once that there will be no more.
    fn pipeline(&mut self) {
        let hangs_up = self.random.below(2) == 0;
        let first = self.requests;
        let request = |id| json!({"op": "eval", "id": id, "code": format!("{id} + 1")});
        let lines: Vec<String> = (first..first + 5).map(|id| request(id).to_string()).collect();
        self.requests += 5;
        self.connection
            .writer
            .write_all(format!("{}\n", lines.join("\n")).as_bytes())
            .expect("the host reads");
        if hangs_up {
            self.connection.writer.shutdown(Shutdown::Write).expect("the connection is open");
        }
        for request in first..first + 5 {
            let reply = self.connection.hear();
            assert_eq!((&reply["id"], &reply["value"]), (&json!(request), &json!(request + 1)), "{reply}");
            self.figures.answered += 1;
        }
        if hangs_up {
            self.reconnect();
        }
    }

    /// Leaves in the middle of a request and comes back.
    fn depart(&mut self) {
        let code = match self.random.below(4) {
            0 if self.lasts() => "Erlang timer sleep: 20. n := n + 1",
            0 => "Erlang timer sleep: 60000",
            1 if !self.lasts() => "[true] whileTrue: [nil]",
            _ => "n := n + 1",
        };
        let mut line = format!("{}\n", json!({"op": "eval", "id": "left", "code": code}));
        if self.random.below(4) == 0 {
            line.truncate(line.len() / 2);
        }
        self.connection.writer.write_all(line.as_bytes()).expect("the host reads");
        self.open += 1;
        std::thread::sleep(Duration::from_millis(self.random.below(5)));
        self.figures.departures += 1;
        self.reconnect();
    }

    fn reconnect(&mut self) {
        let _ = self.connection.writer.shutdown(Shutdown::Both);
        self.connection = connect(self.port, &mut self.figures);
        self.begin();
    }

    /// Evaluates; again if the session is still busy with what we left behind.
    fn evaluate(&mut self, code: &str) -> Value {
        let since = Instant::now();
        loop {
            let reply = self.ask(&json!({"op": "eval", "code": code}));
            let busy = self.lasts() && error(&reply).contains("already in progress");
            if !busy {
                return reply;
            }
            assert!(since.elapsed() < PATIENCE, "the session stays busy");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn ask(&mut self, request: &Value) -> Value {
        self.requests += 1;
        self.connection.ask(self.requests, request)
    }
}

impl Connection {
    fn ask(&mut self, id: u64, request: &Value) -> Value {
        let mut request = request.clone();
        request["id"] = json!(id);
        self.writer.write_all(format!("{request}\n").as_bytes()).expect("the host reads");
        let reply = self.hear();
        assert_eq!(reply["id"], json!(id), "{request} got {reply}");
        reply
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("the host answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// The answer to a first request; none from a host that has no room.
    fn is_admitted(&mut self) -> bool {
        let mut line = String::new();
        let asked = self.writer.write_all(b"{\"op\":\"health\",\"id\":0}\n");
        // A host without room may close before it has read, and its answer is lost with the connection.
        if asked.is_err() || self.reader.read_line(&mut line).is_err() || line.is_empty() {
            return false;
        }
        let reply: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let is_full = error(&reply).starts_with("Too many connections");
        assert!(is_full || reply["id"] == json!(0), "{reply}");
        !is_full
    }
}

/// Connects, as soon as the host has room.
fn connect(port: u16, figures: &mut Figures) -> Connection {
    let since = Instant::now();
    loop {
        let writer = TcpStream::connect(("127.0.0.1", port)).expect("the host listens");
        writer.set_read_timeout(Some(PATIENCE)).expect("a time");
        let reader = BufReader::new(writer.try_clone().expect("a second handle"));
        let mut connection = Connection { writer, reader };
        if connection.is_admitted() {
            return connection;
        }
        figures.refusals += 1;
        assert!(since.elapsed() < PATIENCE, "the host has no room for a long time");
        std::thread::sleep(Duration::from_millis(20));
    }
}
