//! One process of the operating system on behalf of a node: its channels, its process group, its exit code.
//!
//! A port of OTP has no channel for standard error, cannot hold back a process that writes faster than it is read, and
//! ends nothing but the connection. So a node starts a launcher for each process that a program opens, and exchanges
//! [packets](packet) with it over the launcher's standard input and output. It knows nothing of Beamtalk.
//!
//! # Invariants
//!
//! - Nothing in the process's group outlives the launcher, and the launcher does not outlive its standard input, which
//!   closes with the node however that ends.
//! - Of each channel it reads no more than the node has allowed, and what it writes waits in the node: a fast process costs
//!   no memory here.
//! - The command, its arguments and its environment come over the pipe; no shell sees them, and no file is written.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`packet`] | what node and launcher say to each other |
//! | [`command`] | finding the program and starting it |
//! | `group` | the process and what it has started: watched, told to end, reaped |
//! | `channel` | standard output and standard error, as far as allowed |
//! | [`serve`](fn@serve) | all of it, until the node has read the last packet |

mod channel;
pub mod command;
mod group;
pub mod packet;
mod serve;

pub use serve::serve;
