//! Paths that fit into a Unix socket's address.

use crate::names::hex;
use crate::{HomeError, folder};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The longest path of a Unix socket, in bytes: `sun_path` has 108 on Linux and 104 on the BSDs and
/// macOS, one of them for the final NUL. The smaller one serves all.
pub const LONGEST_SOCKET_PATH: usize = 103;

/// The path to use for a socket that belongs at `wanted`: itself, or, where that is too long, one in a
/// private folder below the system's temporary folder. Equal paths get equal answers.
///
/// # Errors
/// The private folder cannot be made, or someone else made it first.
pub fn fitting_path(wanted: &Path) -> Result<PathBuf, HomeError> {
    // A little room for the name that a socket has before it is renamed into place.
    if wanted.as_os_str().len() + 4 <= LONGEST_SOCKET_PATH {
        return Ok(wanted.to_path_buf());
    }
    let user = rustix::process::geteuid().as_raw();
    let folder = Path::new("/tmp").join(format!("beamtalk-{user}"));
    folder::ensure_closed(&folder)?;
    let hash = Sha256::digest(wanted.as_os_str().as_encoded_bytes());
    Ok(folder.join(format!("{}.sock", hex(&hash[..16]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d5_a_short_path_is_kept() {
        let path = Path::new("/home/u/.beamtalk/workspaces/0123456789ab/node.sock");
        assert_eq!(fitting_path(path).unwrap(), path);
    }

    #[test]
    fn d5_long_paths_get_short_and_different_ones() {
        let long = |last: &str| PathBuf::from(format!("/{}/{last}", "x".repeat(200)));
        let (a, b) = (fitting_path(&long("a")).unwrap(), fitting_path(&long("b")).unwrap());
        assert_ne!(a, b);
        assert_eq!(a, fitting_path(&long("a")).unwrap());
        assert!(a.as_os_str().len() <= LONGEST_SOCKET_PATH);
    }
}
