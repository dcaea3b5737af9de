//! The command that starts a node.

use crate::otp::quiet_erl;
use crate::{Image, NodeError, Otp};
use beamtalk_home::file;
use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, fs};

/// How much of a log can explain a death.
const TELLING_BYTES: usize = 2000;

/// Something that can bring a node to life.
pub trait Starter: Send + Sync + 'static {
    /// Prepares the start of a node that will connect to `socket`. It may take long, and is called
    /// where it may block.
    ///
    /// # Errors
    /// Whatever keeps a node from starting.
    fn prepare(&self, socket: &Path) -> Result<Start, NodeError>;

    /// Why a node of this starter may have ended, besides its exit status.
    fn last_words(&self) -> Option<String> {
        None
    }
}

impl Starter for Box<dyn Starter> {
    fn prepare(&self, socket: &Path) -> Result<Start, NodeError> {
        (**self).prepare(socket)
    }

    fn last_words(&self) -> Option<String> {
        (**self).last_words()
    }
}

/// How a node starts.
#[derive(Debug)]
pub enum Start {
    /// By this command.
    Command(Command),
    /// By someone else.
    Elsewhere,
}

/// Environment variables that bound the memory of an evaluation and of an actor, in MiB, and the node's options for them.
const MEMORY_LIMITS: [(&str, &str); 2] =
    [("BEAMTALK_EVALUATION_MEMORY", "heap"), ("BEAMTALK_ACTOR_MEMORY", "actor_heap")];

/// A limit beyond it limits nothing.
const MOST_MEBIBYTES: u64 = 1 << 30;

/// Starts `erl` with the runtime.
#[derive(Debug, Clone)]
pub struct ErlangNode {
    /// Which Erlang.
    pub otp: Otp,
    /// Which code.
    pub image: Image,
    /// The working folder of programs.
    pub folder: PathBuf,
    /// What the emulator itself writes.
    pub log: PathBuf,
    /// How long the node lives without a host.
    pub idle: Duration,
    /// The node is there for this program only.
    pub program: Option<String>,
    /// What starts processes of the operating system for the node.
    pub launcher: Option<PathBuf>,
}

impl Starter for ErlangNode {
    /// `erl` with no distribution, no epmd and no terminal. The command line names the socket, the
    /// patience, limits and the program, and nothing secret. A process group of its own keeps it from the signals of a terminal.
    fn prepare(&self, socket: &Path) -> Result<Start, NodeError> {
        let _ = fs::remove_file(&self.log);
        let log = file::append_private(&self.log)?;
        let also = log.try_clone().map_err(NodeError::system("open the node's log"))?;
        let mut command = quiet_erl(&self.otp.erl);
        command.arg("-pa").arg(self.image.ebin());
        command.args(["-s", "beamtalk_boot", "-extra"]).arg(socket);
        command.arg(format!("idle={}", self.idle.as_secs().max(1)));
        if let Some(program) = &self.program {
            command.arg(format!("program={program}"));
        }
        if let Some(launcher) = &self.launcher {
            let mut option = OsString::from("launcher=");
            option.push(launcher);
            command.arg(option);
        }
        for (variable, option) in MEMORY_LIMITS {
            if let Some(mebibytes) = env::var(variable).ok().and_then(|text| text.parse::<u64>().ok())
                && (1..=MOST_MEBIBYTES).contains(&mebibytes)
            {
                command.arg(format!("{option}={}", mebibytes << 20));
            }
        }
        command.current_dir(&self.folder);
        // The processes that a program starts write where their starter does.
        let error = if self.program.is_some() { Stdio::inherit() } else { Stdio::from(also) };
        command.stdout(Stdio::from(log)).stderr(error);
        command.process_group(0);
        self.image.mark_used();
        Ok(Start::Command(command))
    }

    fn last_words(&self) -> Option<String> {
        last_words(&self.log)
    }
}

/// The end of what an emulator wrote by itself.
pub fn last_words(log: &Path) -> Option<String> {
    let text = fs::read(log).ok()?;
    let end = &text[text.len().saturating_sub(TELLING_BYTES)..];
    let end = String::from_utf8_lossy(end);
    let words = end.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// An exit status in words.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "it ended by itself".to_owned(),
        (Some(code), _) => format!("it ended with status {code}"),
        (None, Some(9)) => "it was killed (signal 9)".to_owned(),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}
