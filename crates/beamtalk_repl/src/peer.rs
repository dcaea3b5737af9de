//! Whose process is at the other end of a local TCP connection.
//!
//! The kernel's socket table tells the owner of the peer's socket. It is asked by `sock_diag(7)` for this one
//! connection, which takes microseconds, or, where that is not available, by reading
//! `/proc/net/tcp` (kernel documentation, `networking/proc_net_tcp`), which takes milliseconds.

use std::io;
use std::net::SocketAddrV4;

/// What the kernel says of the process at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A socket of this user that some process has open.
    User(u32),
    /// No process has the socket any more. Its owner can no longer be told: the kernel then
    /// says 0, which must not be taken for root.
    Gone,
    /// This platform does not tell.
    Unknown,
}

/// Looks up the owner of the socket at `peer` that is connected with `ours`.
pub fn peer_of(ours: SocketAddrV4, peer: SocketAddrV4) -> Peer {
    if !cfg!(target_os = "linux") {
        return Peer::Unknown;
    }
    match ask_kernel(ours, peer) {
        Ok(peer) => peer,
        Err(error) => {
            tracing::debug!(%error, "sock_diag is not available");
            search_table(ours, peer).unwrap_or(Peer::Unknown)
        }
    }
}

/// The owner and the inode that a socket table gives; inode 0 is a socket without a process.
fn peer_from(uid: u32, inode: u64) -> Peer {
    if inode == 0 { Peer::Gone } else { Peer::User(uid) }
}

#[cfg(target_os = "linux")]
mod diag {
    //! `struct nlmsghdr`, `struct inet_diag_req_v2` and `struct inet_diag_msg` of
    //! `linux/netlink.h` and `linux/inet_diag.h`.

    use super::{Peer, peer_from};
    use rustix::net::netlink::{self, SocketAddrNetlink};
    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
    };
    use std::io;
    use std::net::SocketAddrV4;

    const HEADER: usize = 16;
    const REQUEST: usize = 56;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLMSG_ERROR: u16 = 2;
    const NLM_F_REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const IPPROTO_TCP: u8 = 6;
    /// `idiag_uid` and `idiag_inode` within the answer's body.
    const UID: usize = 64;
    const INODE: usize = 68;

    pub(super) fn ask(ours: SocketAddrV4, peer: SocketAddrV4) -> io::Result<Peer> {
        let kernel = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        sendto(&kernel, &request(ours, peer), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut answer = [0u8; 4096];
        let (_, length) = recv(&kernel, &mut answer[..], RecvFlags::empty())?;
        read(&answer[..length.min(answer.len())])
    }

    /// The socket that we look for has the peer's address as its source.
    fn request(ours: SocketAddrV4, peer: SocketAddrV4) -> [u8; HEADER + REQUEST] {
        let mut message = [0u8; HEADER + REQUEST];
        let mut put = |at: usize, bytes: &[u8]| message[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &72u32.to_ne_bytes());
        put(4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        put(6, &NLM_F_REQUEST.to_ne_bytes());
        put(HEADER, &[AF_INET, IPPROTO_TCP]);
        put(HEADER + 4, &u32::MAX.to_ne_bytes());
        put(HEADER + 8, &peer.port().to_be_bytes());
        put(HEADER + 10, &ours.port().to_be_bytes());
        put(HEADER + 12, &peer.ip().octets());
        put(HEADER + 28, &ours.ip().octets());
        put(HEADER + 48, &[0xff; 8]);
        message
    }

    fn read(answer: &[u8]) -> io::Result<Peer> {
        let short = || io::Error::other("a short answer");
        let kind = answer.get(4..6).ok_or_else(short)?;
        let body = &answer[HEADER.min(answer.len())..];
        let word = |at: usize| -> io::Result<u32> {
            let bytes: [u8; 4] =
                body.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).ok_or_else(short)?;
            Ok(u32::from_ne_bytes(bytes))
        };
        match u16::from_ne_bytes([kind[0], kind[1]]) {
            SOCK_DIAG_BY_FAMILY => Ok(peer_from(word(UID)?, word(INODE)?.into())),
            NLMSG_ERROR => {
                let code = word(0)?.cast_signed().wrapping_neg();
                // Also when the socket is gone altogether (ENOENT), which a kernel without this
                // table says too: the search of the other table then tells which it is.
                Err(io::Error::from_raw_os_error(code))
            }
            other => Err(io::Error::other(format!("an answer of type {other}"))),
        }
    }
}

#[cfg(target_os = "linux")]
fn ask_kernel(ours: SocketAddrV4, peer: SocketAddrV4) -> io::Result<Peer> {
    diag::ask(ours, peer)
}

#[cfg(not(target_os = "linux"))]
fn ask_kernel(_ours: SocketAddrV4, _peer: SocketAddrV4) -> io::Result<Peer> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Searches both tables: a program may have reached us by an IPv6 socket with a mapped address.
fn search_table(ours: SocketAddrV4, peer: SocketAddrV4) -> io::Result<Peer> {
    let mapped = "0000000000000000FFFF0000";
    for (file, prefix) in [("/proc/net/tcp", ""), ("/proc/net/tcp6", mapped)] {
        let Ok(table) = std::fs::read_to_string(file) else {
            continue;
        };
        let local = format!("{prefix}{}", table_address(peer));
        let remote = format!("{prefix}{}", table_address(ours));
        if let Some(found) = table.lines().skip(1).find_map(|line| owner_in(line, &local, &remote)) {
            return Ok(found);
        }
    }
    // The table can be read, and the socket is not in it.
    std::fs::metadata("/proc/net/tcp").map(|_| Peer::Gone)
}

/// The address as the table writes it: the word in the machine's byte order, in hexadecimal.
fn table_address(address: SocketAddrV4) -> String {
    let word = u32::from_ne_bytes(address.ip().octets());
    format!("{word:08X}:{:04X}", address.port())
}

fn owner_in(line: &str, local: &str, remote: &str) -> Option<Peer> {
    let mut fields = line.split_ascii_whitespace();
    if fields.nth(1)? != local || fields.next()? != remote {
        return None;
    }
    let uid = fields.nth(4)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(peer_from(uid, inode))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    fn v4(address: SocketAddr) -> SocketAddrV4 {
        match address {
            SocketAddr::V4(address) => address,
            SocketAddr::V6(_) => panic!("an IPv4 socket has an IPv6 address"),
        }
    }

    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn l2_our_own_connection_is_ours_in_both_tables() {
        let (_client, server) = connection();
        let (ours, peer) = (v4(server.local_addr().unwrap()), v4(server.peer_addr().unwrap()));
        let us = Peer::User(rustix::process::geteuid().as_raw());
        assert_eq!(peer_of(ours, peer), us);
        assert_eq!(search_table(ours, peer).unwrap(), us);
    }

    #[test]
    fn l2_a_closed_peer_is_nobody() {
        let (client, server) = connection();
        let (ours, peer) = (v4(server.local_addr().unwrap()), v4(server.peer_addr().unwrap()));
        drop(client);
        assert_eq!(peer_of(ours, peer), Peer::Gone);
        assert_eq!(search_table(ours, peer).unwrap(), Peer::Gone);
    }

    #[test]
    fn l2_a_mapped_ipv6_client_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Ok(_client) = TcpStream::connect(format!("[::ffff:127.0.0.1]:{port}")) else {
            return;
        };
        let (server, _) = listener.accept().unwrap();
        let (ours, peer) = (v4(server.local_addr().unwrap()), v4(server.peer_addr().unwrap()));
        let us = Peer::User(rustix::process::geteuid().as_raw());
        assert_eq!(peer_of(ours, peer), us);
        assert_eq!(search_table(ours, peer).unwrap(), us);
    }

    #[test]
    fn the_table_writes_addresses_backwards() {
        let address: SocketAddrV4 = "127.0.0.1:49152".parse().unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(table_address(address), "0100007F:C000");
        }
    }
}
