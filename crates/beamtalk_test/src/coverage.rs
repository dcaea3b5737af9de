//! Which lines of the runtime tests reach: Erlang's `cover` on the node (spec 07 section 12.4).

use crate::TestError;
use crate::cases;
use crate::environment::TestNode;
use crate::program_run::literal;
use beamtalk_node::image;
use std::path::{Path, PathBuf};

const SESSION: &str = "cover";

/// Where the data of a run goes. Paths are ASCII, as Erlang reads their bytes as characters here.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// The file.
    pub file: PathBuf,
}

impl Coverage {
    /// Puts counters into the runtime of a node.
    ///
    /// # Errors
    /// There is no node any more, or `cover` cannot be used.
    pub async fn begin(&self, node: &TestNode) -> Result<(), TestError> {
        let folder = node.folder().path().join("runtime");
        image::write_sources(&folder).map_err(TestError::unreadable(&folder))?;
        ask(node, "compile_directory", &folder).await
    }

    /// Writes what was counted; `more` adds it to what the file holds.
    ///
    /// # Errors
    /// As those of [`Self::begin`].
    pub async fn end(&self, node: &TestNode, more: bool) -> Result<(), TestError> {
        if more {
            ask(node, "import", &self.file).await?;
        }
        ask(node, "export", &self.file).await
    }
}

async fn ask(node: &TestNode, function: &str, path: &Path) -> Result<(), TestError> {
    let path = literal(&path.to_string_lossy());
    let code = format!("Erlang cover {function}: {path} toBytes");
    let session = cases::open(&node.program, SESSION).await?;
    let said = session.evaluate(&code).await;
    session.close().await?;
    said.map(|_| ()).map_err(|error| TestError::Coverage { said: error.message })
}
