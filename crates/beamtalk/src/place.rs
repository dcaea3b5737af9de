//! Which home, project and workspace a command is about.

use crate::failure::Outcome;
use beamtalk_home::{Home, HomeError, WorkspaceFolder, WorkspaceId, project_root};
use std::path::PathBuf;

/// The workspace of a command.
#[derive(Debug)]
pub struct Place {
    /// Where everything is kept.
    pub home: Home,
    /// The project's root.
    pub root: PathBuf,
    /// The workspace.
    pub workspace: WorkspaceFolder,
    /// A person named it; else it is the project's.
    pub named: bool,
}

impl Place {
    /// The workspace of this name, or of the project around the current folder.
    pub fn find(name: Option<&str>) -> Outcome<Self> {
        let home = Home::from_env()?;
        let root = project_root(&std::env::current_dir()?);
        let id = match name {
            Some(name) => WorkspaceId::named(name)?,
            None => WorkspaceId::from_root(&root),
        };
        Ok(Self { workspace: home.workspace(&id), home, root, named: name.is_some() })
    }

    /// As [`Place::find`]; the workspace must exist.
    pub fn existing(name: Option<&str>) -> Outcome<Self> {
        let place = Self::find(name)?;
        if place.workspace.exists() {
            Ok(place)
        } else {
            Err(HomeError::NoWorkspace { id: place.workspace.id().to_string() }.into())
        }
    }
}
