//! Finding Erlang/OTP.

use crate::NodeError;
use beamtalk_home::{Home, file, names::hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The oldest release whose loader takes what we emit.
pub const OLDEST_RELEASE: u32 = 25;

const PROBE: &str = "io:put_chars([erlang:system_info(otp_release), $\\n, \
    erlang:system_info(version), $\\n, code:root_dir(), $\\n]), halt().";

/// An installed Erlang.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otp {
    /// The program that starts it.
    pub erl: PathBuf,
    /// The release, such as `25`.
    pub release: String,
    /// The emulator's version, such as `13.1.5`.
    pub erts: String,
    /// Where it is installed.
    pub root: PathBuf,
}

impl Otp {
    /// Finds `erl` on the path and its version. Asking a program takes a while, so the answer is kept in
    /// the cache until the program's file changes.
    ///
    /// # Errors
    /// There is none, it is too old, or it does not run.
    pub fn find(home: &Home) -> Result<Self, NodeError> {
        let erl = program_on_path("erl").ok_or(NodeError::NoErlang)?;
        let kept = home.cache()?.join(format!("otp-{}.json", identity(&erl)?));
        if let Some(otp) = read_kept(&kept) {
            return Ok(otp);
        }
        let otp = Self::probe(&erl)?;
        // A cache that cannot be written costs time, nothing else.
        if let Ok(text) = serde_json::to_vec(&otp) {
            let _ = file::replace(&kept, &text);
        }
        Ok(otp)
    }

    /// Asks a program which Erlang it is.
    pub fn probe(erl: &Path) -> Result<Self, NodeError> {
        let broken = |reason: String| NodeError::BrokenErlang { path: erl.to_path_buf(), reason };
        let mut command = quiet_erl(erl);
        command.args(["-eval", PROBE]);
        let output = command.output().map_err(|error| broken(error.to_string()))?;
        if !output.status.success() {
            return Err(broken(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        let (Some(release), Some(erts), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(broken(format!("it answered {text:?}")));
        };
        let number: u32 = release.parse().map_err(|_| broken(format!("it is release {release:?}")))?;
        if number < OLDEST_RELEASE {
            return Err(NodeError::OldErlang { found: release.to_owned(), needed: OLDEST_RELEASE });
        }
        Ok(Self {
            erl: erl.to_path_buf(),
            release: release.to_owned(),
            erts: erts.to_owned(),
            root: PathBuf::from(root),
        })
    }
}

/// An `erl` that reads no start-up file, opens no socket, has no terminal and takes no flags but ours.
pub(crate) fn quiet_erl(erl: &Path) -> Command {
    let mut command = Command::new(erl);
    command.args(["-boot", "no_dot_erlang", "-noinput", "-start_epmd", "false"]);
    // Flags from the environment could start distribution; the cookie is for clients only.
    for variable in ["ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "BEAMTALK_COOKIE"] {
        command.env_remove(variable);
    }
    command.env("ERL_CRASH_DUMP_SECONDS", "0");
    command.stdin(Stdio::null());
    command
}

/// The first executable of this name on the path.
pub fn program_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|it| it.is_file() && it.mode() & 0o111 != 0))
}

fn identity(erl: &Path) -> Result<String, NodeError> {
    let real = fs::canonicalize(erl).map_err(NodeError::system("find erl"))?;
    let found = fs::metadata(&real).map_err(NodeError::system("look at erl"))?;
    let mut hash = Sha256::new();
    hash.update(erl.as_os_str().as_encoded_bytes());
    hash.update([0]);
    hash.update(real.as_os_str().as_encoded_bytes());
    hash.update(found.mtime().to_le_bytes());
    hash.update(found.size().to_le_bytes());
    Ok(hex(&hash.finalize()[..8]))
}

fn read_kept(path: &Path) -> Option<Otp> {
    let text = file::read_bounded(path, 64 << 10).ok()??;
    let otp: Otp = serde_json::from_slice(&text).ok()?;
    otp.root.is_dir().then_some(otp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installed_erlang_is_found_and_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("h"));
        let otp = Otp::find(&home).unwrap();
        assert!(otp.release.parse::<u32>().unwrap() >= OLDEST_RELEASE);
        assert_eq!(Otp::find(&home).unwrap(), otp);
        let kept = fs::read_dir(home.cache().unwrap()).unwrap().count();
        assert_eq!(kept, 1);
    }

    #[test]
    fn a_program_that_is_no_erlang_is_named() {
        let error = Otp::probe(Path::new("/bin/true")).unwrap_err();
        assert_eq!(error.code(), "N0003");
        assert!(error.to_string().contains("/bin/true"));
    }
}
