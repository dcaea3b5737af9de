//! How much a client may ask for.

use std::time::Duration;

/// Limits of the server. Over each there is a clear error or a closed connection.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest request, in bytes; also what requests that wait may hold together.
    pub line: usize,
    /// Connections at a time.
    pub connections: usize,
    /// Requests of one connection that wait for their turn.
    pub requests: usize,
    /// The time until the first request.
    pub first_line: Duration,
    /// Ask every client for the cookie, also where the system tells who comes.
    pub require_cookie: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 16 << 20,
            connections: 64,
            requests: 256,
            first_line: Duration::from_secs(10),
            require_cookie: false,
        }
    }
}
