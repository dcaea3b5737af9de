//! Names that come from outside, and the folder names that they get.
//!
//! A plain name (`[A-Za-z0-9_-]`, at most 64 characters) is its own folder name. Any other becomes a
//! readable remnant, `~` and 128 bits of its SHA-256. No plain name holds a `~`, so the two kinds never
//! meet, and two names of the second kind meet only where SHA-256 does.

use crate::HomeError;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;

const LONGEST_PLAIN_NAME: usize = 64;
const LONGEST_REMNANT: usize = 24;
/// What the folders of shells are called, before the number.
const SHELL: &str = "shell-";

/// The name of a terminal session's folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionName {
    folder: String,
}

impl SessionName {
    /// The session that a person named. Every text is a name.
    pub fn named(name: &str) -> Self {
        Self { folder: folder_name(name) }
    }

    /// The session of a shell, by its process id.
    pub fn of_shell(parent: u32) -> Self {
        Self { folder: format!("{SHELL}{parent}") }
    }

    /// The shell whose session a folder holds, by the folder's path.
    pub fn shell_of(folder: &Path) -> Option<u32> {
        folder.file_name()?.to_str()?.strip_prefix(SHELL)?.parse().ok()
    }

    /// The session of this process: `BEAMTALK_WORKSPACE`, or the parent shell's.
    pub fn from_env() -> Self {
        match std::env::var_os("BEAMTALK_WORKSPACE") {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()),
            _ => Self::of_shell(std::os::unix::process::parent_id()),
        }
    }

    /// The folder below `sessions/`.
    pub fn folder(&self) -> &str {
        &self.folder
    }
}

/// The name of a workspace: 12 hexadecimal digits of its project's path, or what the user chose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(String);

impl WorkspaceId {
    /// The workspace of the project at `root`, an absolute path without symbolic links.
    pub fn from_root(root: &Path) -> Self {
        Self(hex(&Sha256::digest(root.as_os_str().as_encoded_bytes())[..6]))
    }

    /// A workspace that a person named.
    ///
    /// # Errors
    /// The name is empty or has a character outside `[A-Za-z0-9_-]`.
    pub fn named(name: &str) -> Result<Self, HomeError> {
        if name.is_empty() {
            Err(HomeError::EmptyWorkspaceName)
        } else if name.bytes().all(is_plain) {
            Ok(Self(name.to_owned()))
        } else {
            Err(HomeError::BadWorkspaceName)
        }
    }

    /// The name as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder below `workspaces/`.
    pub fn folder(&self) -> String {
        folder_name(&self.0)
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The folder name for any text: one path component of at most 64 bytes, different for different texts.
pub fn folder_name(name: &str) -> String {
    let plain = !name.is_empty() && name.len() <= LONGEST_PLAIN_NAME && name.bytes().all(is_plain);
    if plain && !folds_case(name) {
        return name.to_owned();
    }
    let remnant: String = name
        .chars()
        .take(LONGEST_REMNANT)
        .map(|character| match u8::try_from(character) {
            Ok(byte) if is_plain(byte) => char::from(byte),
            _ => '-',
        })
        .collect();
    format!("{remnant}~{}", hex(&Sha256::digest(name.as_bytes())[..16]))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Where the file system takes `A` for `a`, a name with capitals must not be its own folder name.
fn folds_case(name: &str) -> bool {
    cfg!(any(target_os = "macos", windows)) && name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, PathBuf};

    fn is_one_component(name: &str) -> bool {
        let path = PathBuf::from(name);
        let mut parts = path.components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
    }

    #[test]
    fn d5_hostile_names_get_safe_folders() {
        let long = "x".repeat(300);
        for name in ["../x", "/etc", "", "\0", "..", ".", &long, "a/b", "а", "a~b", "CON\n"] {
            let folder = folder_name(name);
            assert!(is_one_component(&folder), "{name:?} -> {folder:?}");
            assert!(folder.len() <= 64 && folder.contains('~'), "{folder:?}");
        }
    }

    #[test]
    fn a_plain_name_is_its_own_folder() {
        assert_eq!(folder_name("my-test_1"), "my-test_1");
        assert_eq!(SessionName::of_shell(12).folder(), "shell-12");
        assert_eq!(SessionName::shell_of(Path::new("/h/shell-12")), Some(12));
        assert_eq!(SessionName::shell_of(Path::new("/h/work")), None);
    }

    #[test]
    fn a_mangled_name_used_as_a_name_is_mangled_again() {
        let folder = folder_name("a/b");
        assert_ne!(folder_name(&folder), folder);
    }

    #[test]
    fn workspace_names_are_checked() {
        assert_eq!(WorkspaceId::named("").unwrap_err().to_string(), "Workspace name cannot be empty");
        assert_eq!(
            WorkspaceId::named("a b").unwrap_err().to_string(),
            "Workspace name must contain only letters, numbers, '-' or '_'"
        );
        assert_eq!(WorkspaceId::named("-a_9").unwrap().as_str(), "-a_9");
    }

    #[test]
    fn an_id_is_the_start_of_the_paths_hash() {
        // printf %s /tmp | sha256sum
        assert_eq!(WorkspaceId::from_root(Path::new("/tmp")).as_str(), "e9671acd2448");
    }

    proptest! {
        #[test]
        fn d5_different_names_never_share_a_folder(a in ".{0,80}", b in ".{0,80}") {
            prop_assert_eq!(a == b, folder_name(&a) == folder_name(&b));
        }

        #[test]
        fn d5_near_names_never_share_a_folder(
            a in "[a-c/~.-]{0,6}",
            b in "[a-c/~.-]{0,6}",
        ) {
            prop_assert_eq!(a == b, folder_name(&a) == folder_name(&b));
        }

        #[test]
        fn d5_a_folder_is_one_safe_component(name in any::<String>()) {
            let folder = folder_name(&name);
            prop_assert!(is_one_component(&folder));
            prop_assert!(folder.len() <= 64);
            prop_assert!(folder.bytes().all(|byte| is_plain(byte) || byte == b'~'));
        }
    }
}
