//! What programs that go wrong may not do: leave something behind, or take others along.

mod hogs;
mod hostile;
#[path = "../security/place.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod place;
#[path = "../security/proc.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod proc;
