//! Starting, supervising and talking to a BEAM node.
//!
//! This crate knows Erlang's files and processes, and the packets of `docs/internals/node-protocol.md`.
//! It knows nothing of Beamtalk's syntax, of JSON or of clients, and it opens no network socket.
//!
//! # Invariants
//!
//! - Host and node meet on a Unix socket that is 0600 from the instant it exists, and only a peer of our
//!   own user is heard.
//! - What a node sends can neither panic nor exhaust us: lengths and depths are bounded before a term
//!   is built.
//! - No secret is on the node's command line or in its environment.
//! - A node's death is told with its reason; its successor has the same classes loaded. A host's death
//!   costs the node nothing.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`otp`] | finding Erlang |
//! | [`image`] | the compiled runtime and library, made once per version |
//! | [`launch`] | the command that starts a node |
//! | [`listener`] | the socket where host and node meet |
//! | [`bounds`], [`term`], [`packet`] | bytes to terms to messages |
//! | [`question`], [`query`], [`changes`] | what a node asks of its host; of that, what it wants to know of all methods, and of the log of changes |
//! | [`link`] | one connection: requests out, replies and events in |
//! | [`supervisor`] | a node that is kept alive, and [`Node`], the way to use it |
//! | [`requests`] | one method for each request |
//! | `fake` | a node played by a thread, for tests (feature `fake`) |

pub mod bounds;
pub mod changes;
pub mod error;
#[cfg(feature = "fake")]
pub mod fake;
pub mod image;
pub mod launch;
pub mod link;
pub mod listener;
pub mod otp;
pub mod packet;
pub mod query;
pub mod question;
pub mod requests;
pub mod supervisor;
pub mod term;

pub use changes::{ChangeFacts, ChangeFilter, ChangeQuestion, FlushConflict, FlushFacts, SkippedChange};
pub use error::{NodeError, Raised};
pub use image::Image;
pub use launch::{ErlangNode, Start, Starter};
pub use listener::NodeListener;
pub use otp::Otp;
pub use packet::{Display, Event, ModuleState, VariableKind};
pub use query::{Query, Site};
pub use question::{
    Answer, Call, CallerFinding, LogFormat, MethodName, OnCall, PackageFacts, Question, Refusal, SyncError,
    Synced,
};
pub use requests::{
    ActorInfo, CodeModule, EvalValue, Evaluation, ModuleInfo, TestClass, TestOutcome, TestStatus,
};
pub use supervisor::{Node, Status};

/// Whether the bytes are a packet that a node may send. What is none is refused, whatever it is (fuzzed).
#[must_use]
pub fn is_packet(bytes: &[u8]) -> bool {
    packet::Incoming::decode(bytes).is_ok()
}
