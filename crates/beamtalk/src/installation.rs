//! The node that this binary carries: runtime and standard library, and the Erlang it finds.

use beamtalk_home::{Home, WorkspaceFolder};
use beamtalk_node::image::Library;
use beamtalk_node::{ErlangNode, Image, NodeError, Otp, Start, Starter};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Finds Erlang and makes sure that the image is there. `progress` is told what takes long.
pub fn prepare(home: &Home, progress: &mut dyn FnMut(&str)) -> Result<(Otp, Image), NodeError> {
    let otp = Otp::find(home)?;
    let library = Library {
        fingerprint: fingerprint(),
        compile: || beamtalk_project::library::compile().map_err(|error| error.to_string()),
    };
    let image = Image::ensure(home, &otp, library, progress)?;
    Ok((otp, image))
}

/// The library depends on its sources and on the compiler, both of which are this very file. Reading it all
/// takes longer than a start may; its size and time of writing tell two builds apart.
fn fingerprint() -> String {
    let found = std::env::current_exe().and_then(fs::metadata);
    let (size, written, fraction) = found.map_or((0, 0, 0), |it| (it.size(), it.mtime(), it.mtime_nsec()));
    format!("{} {size} {written}.{fraction}", env!("CARGO_PKG_VERSION"))
}

/// Starts nodes from this installation. Erlang may be installed, and the cache emptied, while a host runs.
#[derive(Debug)]
pub struct InstalledNode {
    home: Home,
    folder: PathBuf,
    log: PathBuf,
    idle: Duration,
    program: Option<String>,
}

impl InstalledNode {
    /// The node of a workspace, working in its project's folder.
    pub fn new(home: Home, workspace: &WorkspaceFolder, folder: &Path, idle: Duration) -> Self {
        let log = workspace.path().join("node.log");
        Self::in_folder(home, log, folder, idle)
    }

    /// A node of no workspace, working in `folder`.
    pub fn in_folder(home: Home, log: PathBuf, folder: &Path, idle: Duration) -> Self {
        Self { home, folder: folder.to_path_buf(), log, idle, program: None }
    }

    /// The node is there for one program, which may end it.
    #[must_use]
    pub fn for_program(self, name: impl Into<String>) -> Self {
        Self { program: Some(name.into()), ..self }
    }
}

impl Starter for InstalledNode {
    fn prepare(&self, socket: &Path) -> Result<Start, NodeError> {
        let (otp, image) = prepare(&self.home, &mut |step| tracing::info!("{step}"))?;
        let folder = self.folder.clone();
        let program = self.program.clone();
        let launcher = std::env::current_exe().ok();
        let log = self.log.clone();
        ErlangNode { otp, image, folder, log, idle: self.idle, program, launcher }.prepare(socket)
    }

    fn last_words(&self) -> Option<String> {
        beamtalk_node::launch::last_words(&self.log)
    }
}
