//! Talking to a workspace host. Plain blocking sockets: a client starts, asks and ends within milliseconds.

use crate::loopback::LoopbackAddr;
use crate::peer::{Peer, peer_of};
use beamtalk_home::Cookie;
use serde_json::{Map, Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A reply longer than this is not read. It is over all that a host sends.
const LONGEST_REPLY: u64 = 512 << 20;

/// A connection to a host.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    last_id: u64,
}

/// Why a host could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens, or the connection ended.
    #[error("the connection to the workspace ended: {0}")]
    Connection(#[from] io::Error),
    /// Who listens on the workspace's port is someone else.
    #[error("port {port} belongs to another program")]
    Stranger {
        /// The port.
        port: u16,
    },
    /// It does not let us in.
    #[error("the workspace refuses: {0}")]
    Refused(String),
    /// The answer is not of the protocol.
    #[error("the workspace sent an answer that is not understood")]
    Protocol,
}

/// The final frame of a reply.
#[derive(Debug, Clone)]
pub struct Reply {
    fields: Map<String, Value>,
}

impl Reply {
    /// A field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// A field that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The elements of a field that is a list; none for any other.
    pub fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The strings of a field that is a list.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }

    /// Why the request failed, if it did.
    pub fn error(&self) -> Option<&str> {
        self.text("error")
    }
}

/// What comes while a request is answered.
#[derive(Debug)]
pub enum Update<'a> {
    /// Output, as it is written.
    Output(&'a str),
    /// Error output, as it is written.
    ErrorOutput(&'a str),
    /// The program waits for a line; the prompt.
    Input(&'a str),
    /// A push: Transcript text, an actor, a class.
    Push(&'a Map<String, Value>),
}

impl Client {
    /// Connects, and makes sure that a process of our own user listens there.
    pub fn connect(address: LoopbackAddr) -> Result<Self, ClientError> {
        let target = SocketAddr::V4(address.socket_addr());
        let writer = TcpStream::connect_timeout(&target, Duration::from_secs(5))?;
        let (SocketAddr::V4(ours), SocketAddr::V4(peer)) = (writer.local_addr()?, writer.peer_addr()?) else {
            return Err(ClientError::Stranger { port: address.port() });
        };
        match peer_of(ours, peer) {
            Peer::User(uid) if uid != rustix::process::geteuid().as_raw() => {
                return Err(ClientError::Stranger { port: address.port() });
            }
            // A socket that waits in the listener's queue belongs to no process yet.
            Peer::User(_) | Peer::Gone | Peer::Unknown => {}
        }
        writer.set_nodelay(true)?;
        let reader = BufReader::with_capacity(64 << 10, writer.try_clone()?);
        Ok(Self { reader, writer, last_id: 0 })
    }

    /// Gives up on answers that take longer; `None` waits for ever.
    pub fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.writer.set_read_timeout(patience)
    }

    /// The name of the workspace that is served here.
    pub fn workspace(&mut self) -> Result<String, ClientError> {
        let health = self.request("health", json!({}))?;
        match (health.text("workspace_id"), health.error()) {
            (Some(id), _) => Ok(id.to_owned()),
            (None, Some(error)) => Err(ClientError::Refused(error.to_owned())),
            (None, None) => Err(ClientError::Protocol),
        }
    }

    /// Makes sure that this is the host of the workspace with this nonce.
    pub fn identify(&mut self, workspace: &str, nonce: &str) -> Result<(), ClientError> {
        let health = self.request("health", json!({}))?;
        if health.text("workspace_id") == Some(workspace) && health.text("nonce") == Some(nonce) {
            Ok(())
        } else {
            let port = self.writer.peer_addr().map_or(0, |address| address.port());
            Err(ClientError::Stranger { port })
        }
    }

    /// Shows the cookie, where the host wants it.
    pub fn authenticate(&mut self, cookie: &Cookie) -> Result<(), ClientError> {
        let reply = self.request("auth", json!({"cookie": cookie.reveal()}))?;
        reply.error().map_or(Ok(()), |error| Err(ClientError::Refused(error.to_owned())))
    }

    /// Asks and waits for the final reply.
    pub fn request(&mut self, op: &str, params: Value) -> Result<Reply, ClientError> {
        let id = self.send(op, params)?;
        self.wait(&id, &mut |_, _| Ok(()))
    }

    /// Sends a request; answers its id.
    pub fn send(&mut self, op: &str, params: Value) -> Result<String, ClientError> {
        self.last_id += 1;
        let id = self.last_id.to_string();
        send(&mut self.writer, op, &id, params)?;
        Ok(id)
    }

    /// Waits for the final reply to a request; `update` is told of everything before it and may answer
    /// through the sender that it gets.
    pub fn wait(
        &mut self,
        id: &str,
        update: &mut dyn FnMut(Update<'_>, &mut Sender) -> io::Result<()>,
    ) -> Result<Reply, ClientError> {
        loop {
            let fields = self.read()?;
            let mut sender = Sender { writer: self.writer.try_clone()?, id: id.to_owned() };
            if fields.contains_key("push") || fields.get("type").is_some_and(|kind| kind == "push") {
                update(Update::Push(&fields), &mut sender)?;
                continue;
            }
            if fields.get("id").and_then(Value::as_str) != Some(id) {
                // A refusal comes without an id; anything else with one answers an interrupt.
                if !fields.contains_key("id") && fields.contains_key("error") {
                    return Ok(Reply { fields });
                }
                continue;
            }
            let status = fields.get("status").and_then(Value::as_array);
            if let Some(text) = fields.get("out").and_then(Value::as_str) {
                update(Update::Output(text), &mut sender)?;
            } else if let Some(text) = fields.get("err").and_then(Value::as_str) {
                update(Update::ErrorOutput(text), &mut sender)?;
            } else if status.is_some_and(|all| all.iter().any(|one| one == "need-input")) {
                let prompt = fields.get("prompt").and_then(Value::as_str).unwrap_or_default();
                update(Update::Input(prompt), &mut sender)?;
            } else if status.is_some() {
                return Ok(Reply { fields });
            }
        }
    }

    /// Something that can interrupt what this connection waits for, from another thread.
    pub fn interrupter(&self) -> io::Result<Interrupter> {
        Ok(Interrupter { writer: self.writer.try_clone()? })
    }

    /// Waits for the next frame of a connection that only listens.
    pub fn next_push(&mut self) -> Result<Map<String, Value>, ClientError> {
        self.read()
    }

    fn read(&mut self) -> Result<Map<String, Value>, ClientError> {
        let mut line = Vec::new();
        let mut limited = io::Read::take(&mut self.reader, LONGEST_REPLY);
        limited.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        match serde_json::from_slice(&line) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) | Err(_) => Err(ClientError::Protocol),
        }
    }
}

/// Answers a program that waits for input.
#[derive(Debug)]
pub struct Sender {
    writer: TcpStream,
    id: String,
}

impl Sender {
    /// Sends a line, newline included, or `None` for the end of the input.
    pub fn input(&mut self, line: Option<&str>) -> io::Result<()> {
        let id = self.id.clone();
        send(&mut self.writer, "stdin", &id, json!({"value": line.unwrap_or("eof")}))
    }
}

/// Interrupts evaluations of one connection.
#[derive(Debug)]
pub struct Interrupter {
    writer: TcpStream,
}

impl Interrupter {
    /// Interrupts what the connection's session evaluates.
    pub fn interrupt(&mut self) -> io::Result<()> {
        send(&mut self.writer, "interrupt", "interrupt", json!({}))
    }
}

fn send(writer: &mut TcpStream, op: &str, id: &str, params: Value) -> io::Result<()> {
    let mut request = match params {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    request.insert("op".into(), op.into());
    request.insert("id".into(), id.into());
    let mut line = serde_json::to_vec(&request).map_err(io::Error::other)?;
    line.push(b'\n');
    writer.write_all(&line)
}
