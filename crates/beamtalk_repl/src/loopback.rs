//! Addresses of this machine only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

/// The port that is tried first.
pub const DEFAULT_PORT: u16 = 49152;

/// An address on `127.0.0.1`. There is no way to make one that anyone else could reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopbackAddr {
    port: u16,
}

impl LoopbackAddr {
    /// The address with this port; 0 lets the system choose.
    pub const fn new(port: u16) -> Self {
        Self { port }
    }

    /// Its port.
    pub const fn port(self) -> u16 {
        self.port
    }

    /// For the system's functions.
    pub const fn socket_addr(self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)
    }

    /// Listens here.
    pub fn listen(self) -> io::Result<LoopbackListener> {
        LoopbackListener::from_bound(TcpListener::bind(self.socket_addr())?)
    }
}

/// A listening socket on `127.0.0.1`.
#[derive(Debug)]
pub struct LoopbackListener {
    socket: TcpListener,
    address: LoopbackAddr,
}

impl LoopbackListener {
    /// Listens on a port that someone asked for, or on `preferred` or, when another program has that, on any.
    pub fn choose(asked: Option<u16>, preferred: u16) -> io::Result<Self> {
        if let Some(port) = asked {
            return LoopbackAddr::new(port).listen();
        }
        match LoopbackAddr::new(preferred).listen() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => LoopbackAddr::new(0).listen(),
            other => other,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> LoopbackAddr {
        self.address
    }

    pub(crate) fn into_socket(self) -> TcpListener {
        self.socket
    }

    fn from_bound(socket: TcpListener) -> io::Result<Self> {
        match socket.local_addr()? {
            SocketAddr::V4(bound) if *bound.ip() == Ipv4Addr::LOCALHOST => {
                Ok(Self { socket, address: LoopbackAddr::new(bound.port()) })
            }
            other => Err(io::Error::other(format!("the system bound {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_every_port_is_on_the_loopback() {
        for port in [0, 1, DEFAULT_PORT, u16::MAX] {
            assert_eq!(*LoopbackAddr::new(port).socket_addr().ip(), Ipv4Addr::LOCALHOST);
        }
    }

    #[test]
    fn l1_a_taken_port_is_replaced_unless_it_was_asked_for() {
        let first = LoopbackAddr::new(0).listen().unwrap();
        let taken = first.address().port();
        assert!(LoopbackListener::choose(Some(taken), taken).is_err());
        let second = LoopbackListener::choose(None, taken).unwrap();
        assert_ne!(second.address().port(), taken);
    }
}
