//! The workspace secret.

use crate::names::hex;
use crate::{HomeError, file, folder};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::path::Path;

const BYTES: usize = 32;

/// 256 random bits, as 64 hexadecimal digits. Printing it for debugging shows nothing of it.
#[derive(Clone)]
pub struct Cookie(String);

impl Cookie {
    /// Reads the cookie of a file, which must be ours and closed to others.
    pub fn read(path: &Path) -> Result<Self, HomeError> {
        let found = fs::symlink_metadata(path).map_err(HomeError::io("read", path))?;
        if found.file_type().is_symlink() {
            return Err(HomeError::Symlink { path: path.to_path_buf() });
        }
        folder::check_owner_and_mode(path, &found, 0o077)?;
        let contents = file::read_bounded(path, 1024)?.unwrap_or_default();
        let text = String::from_utf8(contents).unwrap_or_default();
        Self::parse(&text).ok_or_else(|| HomeError::BadCookie { path: path.to_path_buf() })
    }

    /// The cookie that a person pasted, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_one = text.len() == BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// Makes a cookie from the system's randomness and writes it, mode 0600 from the start.
    pub fn create(path: &Path) -> Result<Self, HomeError> {
        let mut bits = [0u8; BYTES];
        fill_random(&mut bits).map_err(HomeError::io("make a cookie for", path))?;
        let cookie = Self(hex(&bits));
        file::replace(path, cookie.0.as_bytes())?;
        Ok(cookie)
    }

    /// Whether `claim` is this cookie. Takes the same time for every wrong claim of any length, since
    /// what is compared are hashes.
    pub fn admits(&self, claim: &str) -> bool {
        let ours = Sha256::digest(self.0.as_bytes());
        let theirs = Sha256::digest(claim.as_bytes());
        let difference = ours.iter().zip(&theirs).fold(0, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }

    /// The text to send to the workspace's own server, and to nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cookie(..)")
    }
}

/// Fills a buffer with random bytes of the operating system.
pub fn fill_random(buffer: &mut [u8]) -> std::io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let rest = &mut buffer[filled..];
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn w2_a_cookie_is_256_bits_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cookie");
        let cookie = Cookie::create(&path).unwrap();
        assert_eq!(cookie.reveal().len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(Cookie::read(&path).unwrap().admits(cookie.reveal()));
        assert!(!cookie.admits(""));
        assert!(!cookie.admits(&cookie.reveal()[1..]));
        assert_ne!(Cookie::create(&path).unwrap().reveal(), cookie.reveal());
    }

    /// Each of the 256 bits is either way in half of all cookies.
    #[test]
    fn w2_every_part_of_a_cookie_is_random() {
        let dir = tempfile::tempdir().unwrap();
        let cookies: Vec<Cookie> =
            (0..16).map(|number| Cookie::create(&dir.path().join(format!("c{number}"))).unwrap()).collect();
        for at in (0..BYTES * 2).step_by(2) {
            let mut seen: Vec<&str> = cookies.iter().map(|cookie| &cookie.reveal()[at..at + 2]).collect();
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() > 4, "byte {} was {seen:?}", at / 2);
        }
    }

    #[test]
    fn w2_a_cookie_has_no_debug_text() {
        let dir = tempfile::tempdir().unwrap();
        let cookie = Cookie::create(&dir.path().join("cookie")).unwrap();
        assert!(!format!("{cookie:?}").contains(&cookie.reveal()[..8]));
    }

    #[test]
    fn w2_a_readable_or_torn_cookie_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cookie");
        Cookie::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Cookie::read(&path).unwrap_err().code(), "H0006");
        file::replace(&path, b"abc").unwrap();
        assert_eq!(Cookie::read(&path).unwrap_err().code(), "H0010");
    }
}
