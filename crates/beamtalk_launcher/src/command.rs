//! Finding the program and starting it. What cannot be started is told in a sentence.

use crate::packet::Start;
use rustix::fs::{Access, access};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

/// Where programs are when nobody says.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A command without a name.
    #[error("cannot start a command without a name")]
    Nameless,
    /// A name that is in none of the PATH's folders.
    #[error("cannot start '{0}': there is no such command on the PATH")]
    NotOnPath(String),
    /// A path to nothing.
    #[error("cannot start '{0}': there is no such file")]
    NoFile(String),
    /// A folder, or a file that may not be run.
    #[error("cannot start '{0}': it is no file that may be run")]
    NotExecutable(String),
    /// The folder to run in is not there.
    #[error("cannot start '{command}' in '{folder}': there is no such folder")]
    NoFolder {
        /// What was to run.
        command: String,
        /// Where.
        folder: String,
    },
    /// The system would not.
    #[error("cannot start '{0}': {1}")]
    System(String, io::Error),
}

/// Starts the process, the leader of a new process group, with pipes for its standard channels.
///
/// # Errors
/// The program is not there, may not be run, or the system refuses.
pub fn start(order: &Start) -> Result<Child, Refusal> {
    let name = || order.command.to_string_lossy().into_owned();
    let folder = absolute(if order.folder.is_empty() { OsStr::new(".") } else { &order.folder })
        .map_err(|error| Refusal::System(name(), error))?;
    if !folder.is_dir() {
        let folder = order.folder.to_string_lossy().into_owned();
        return Err(Refusal::NoFolder { command: name(), folder });
    }
    let program = find(order, &folder)?;
    Command::new(program)
        .arg0(&order.command)
        .args(&order.arguments)
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| Refusal::System(name(), error))
}

/// The file to run. A name with a slash is a path from `folder` on; another is looked for on the PATH that the process
/// will have.
fn find(order: &Start, folder: &Path) -> Result<PathBuf, Refusal> {
    let command = order.command.as_os_str();
    let name = || command.to_string_lossy().into_owned();
    if command.is_empty() {
        return Err(Refusal::Nameless);
    }
    if command.as_bytes().contains(&b'/') {
        let file = folder.join(command);
        return match fs::metadata(&file) {
            Err(_) => Err(Refusal::NoFile(name())),
            Ok(_) if !may_run(&file) => Err(Refusal::NotExecutable(name())),
            Ok(_) => Ok(file),
        };
    }
    let path = path_of(order);
    let candidates = || env::split_paths(&path).map(|part| folder.join(part).join(command));
    match candidates().find(|file| may_run(file)) {
        Some(file) => Ok(file),
        None if candidates().any(|file| file.exists()) => Err(Refusal::NotExecutable(name())),
        None => Err(Refusal::NotOnPath(name())),
    }
}

fn path_of(order: &Start) -> OsString {
    let given = order.environment.iter().rev().find(|(name, _)| name == "PATH");
    given.map(|(_, value)| value.clone()).or_else(|| env::var_os("PATH")).unwrap_or_else(|| USUAL_PATH.into())
}

fn may_run(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file()) && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(folder: &Path, name: &str, mode: u32) {
        let file = folder.join(name);
        fs::write(&file, "#!/bin/sh\nexit 3\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn order(command: &str, folder: &Path) -> Start {
        Start { command: command.into(), folder: folder.into(), ..Start::default() }
    }

    #[test]
    fn a_path_is_taken_from_the_folder_on() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "three", 0o700);
        let mut child = start(&order("./three", folder.path())).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3));
    }

    #[test]
    fn a_name_is_looked_for_on_the_path_of_the_process() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "only-there", 0o700);
        let mut order = order("only-there", Path::new("/"));
        assert!(matches!(start(&order), Err(Refusal::NotOnPath(_))));
        order.environment.push(("PATH".into(), folder.path().into()));
        assert_eq!(start(&order).unwrap().wait().unwrap().code(), Some(3));
    }

    #[test]
    fn what_cannot_be_started_is_told_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "locked", 0o600);
        let said = |command: &str, folder: &Path| start(&order(command, folder)).unwrap_err().to_string();
        let here = folder.path();
        assert_eq!(said("", here), "cannot start a command without a name");
        assert_eq!(
            said("no-such-cmd", here),
            "cannot start 'no-such-cmd': there is no such command on the PATH"
        );
        assert_eq!(said("./absent", here), "cannot start './absent': there is no such file");
        assert_eq!(said("./locked", here), "cannot start './locked': it is no file that may be run");
        assert_eq!(said("/", here), "cannot start '/': it is no file that may be run");
        let nowhere = Path::new("/no/such/folder");
        assert_eq!(
            said("true", nowhere),
            "cannot start 'true' in '/no/such/folder': there is no such folder"
        );
    }
}
