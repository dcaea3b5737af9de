//! The workspace host and its clients: the wire protocol of JSON lines over local TCP.
//!
//! The host owns the sockets, the sessions and the order of things; it evaluates nothing itself and knows no
//! syntax. What to compile it gives to a [`Compiler`], what to run to a [`beamtalk_node::Node`].
//!
//! # Invariants
//!
//! - The server can only listen on `127.0.0.1`: [`LoopbackAddr`] holds no other address.
//! - Not a byte of a connection is read before the kernel says that the peer is a process of our user,
//!   or, where it does not say, nothing is done before the cookie was shown.
//! - Bytes from outside become a checked request in one place ([`wire`]) or an error; every queue and
//!   buffer has a bound.
//! - An input is compiled, loaded and taken into the class database as one step among all sessions.
//! - The client side uses no asynchronous runtime: attaching must take milliseconds.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`host`] | a workspace's process: sockets, start, stop |
//! | [`connection`] | one client: reader, worker, writer |
//! | [`ops`], [`testing`] | the operations |
//! | [`program`] | a node and a compiler without a server |
//! | [`image`], [`image_compiler`] | compile, load, evaluate; the real compiler |
//! | [`session`], [`router`], [`pool`] | sessions, the node's events, names of evaluation modules |
//! | [`wire`], [`reply`], [`display`], [`outbox`] | lines in, lines out |
//! | [`compiler`], [`compiler_thread`] | what a compiler must do, and where it runs |
//! | [`calls`], [`change_calls`] | what the node asks of the host |
//! | [`change_log`], [`flush`], [`saving`] | what programs changed, written to its files, and when |
//! | [`record`], [`journal`], [`files`] | metadata, what was loaded, source files |
//! | [`loopback`], [`peer`], [`limits`] | who may connect, and how much |
//! | [`client`], [`launch`] | the client side: talking to a host, starting one |

mod calls;
mod change_calls;
mod change_log;
pub mod client;
pub mod compiler;
mod compiler_thread;
mod connection;
pub mod display;
mod files;
mod flush;
pub mod host;
mod image;
mod image_compiler;
mod journal;
pub mod launch;
pub mod limits;
pub mod loopback;
mod naming;
mod ops;
mod outbox;
pub mod peer;
mod pool;
mod program;
mod record;
mod reply;
mod router;
mod saving;
mod session;
mod sync;
mod testing;
mod wire;

pub use client::{Client, ClientError, Reply};
pub use compiler::{Compiled, Compiler, Input, Problem, SourceFile, Unloading};
pub use host::{BoundHost, HostError, HostOptions, LogFile};
pub use image_compiler::ImageCompiler;
pub use limits::Limits;
pub use loopback::{DEFAULT_PORT, LoopbackAddr};
pub use program::{Evaluated, OnInput, OnOutput, Program, ProgramSession, Unevaluated, Written};
pub use router::LOG_TARGET;

/// Whether a line is a request of the wire protocol. What is none is refused, whatever it is (fuzzed).
#[must_use]
pub fn is_request(line: &[u8]) -> bool {
    wire::Request::parse(line).is_ok()
}
