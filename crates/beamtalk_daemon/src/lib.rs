//! The compiler daemon and its client: a compiler that stays warm between commands.
//!
//! One daemon serves one terminal session: JSON-RPC 2.0, one object a line, over a Unix socket that only processes of the
//! same user reach. It keeps the projects that it built parsed and analysed, so that building again costs what the edit
//! costs. Nothing depends on it: whoever cannot reach one compiles with [`Service`] in its own process and gets the same
//! bytes.
//!
//! ```no_run
//! use beamtalk_daemon::{Client, Place};
//!
//! let place = Place::from_env()?;
//! let mut client = Client::connect(&place)?;
//! let pong = client.call("ping", &serde_json::json!({}))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//!
//! - The socket is 0600 in a private folder from the instant it exists, and a peer of another user is closed unread.
//! - A lock decides who is the daemon. There is no pid file, and no process is ever signalled.
//! - Every request is answered exactly as JSON-RPC 2.0 says, also one that makes the compiler panic.
//! - A client costs one thread and its bounded line, and nothing once it is gone.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`place`] | where a session's daemon listens |
//! | [`sessions`] | the folders of all sessions, and their end |
//! | [`server`] | accepting, limits, the end |
//! | [`rpc`] | JSON-RPC 2.0: one line in, one line out |
//! | [`service`], `single` | the methods: those about projects, those about one source |
//! | [`client`] | asking, and starting what is to be asked |
//! | `peer` | who is at the other end |
//! | [`error`] | what can go wrong |

pub mod client;
pub mod error;
mod peer;
pub mod place;
pub mod rpc;
pub mod server;
pub mod service;
pub mod sessions;
mod single;

pub use client::{Client, connect_or_start};
pub use error::DaemonError;
pub use place::Place;
pub use server::{Limits, Server};
pub use service::Service;
