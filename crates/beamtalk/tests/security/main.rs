//! What `docs/security.md` promises, shown on the real binary and a real node. Each test bears the name of its property.
//!
//! Those that need a second user run as root, with `nobody` as the other; without root they say so and pass.

mod browser;
mod crashes;
mod daemon_rules;
mod lifecycle;
mod local_server;
mod place;
mod proc;
mod storage;
mod workspace;
