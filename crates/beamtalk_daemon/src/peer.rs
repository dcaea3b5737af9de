//! Who is at the other end of a Unix socket, by the kernel's word.

use std::io;
use std::os::unix::net::UnixStream;

/// The user at the other end.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

/// The user at the other end.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    Ok(nix::unistd::getpeereid(stream)?.0.as_raw())
}

/// Our user.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
