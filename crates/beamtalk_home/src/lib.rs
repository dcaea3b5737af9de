//! Where Beamtalk keeps its state: `~/.beamtalk` and everything below it.
//!
//! This crate knows names, paths, modes, locks and file formats. It never opens a socket, starts a
//! process or prints a line.
//!
//! ```no_run
//! use beamtalk_home::{Home, WorkspaceId};
//!
//! let home = Home::from_env()?;
//! let root = beamtalk_home::project_root(&std::env::current_dir().unwrap());
//! let workspace = home.workspace(&WorkspaceId::from_root(&root));
//! let _lock = workspace.lock()?;
//! workspace.create(&root)?;
//! # Ok::<(), beamtalk_home::HomeError>(())
//! ```
//!
//! # Invariants
//!
//! - A folder that we made is 0700 and a file is 0600 from the instant it exists. A folder that
//!   belongs to someone else, that others may write, or that is a symbolic link is refused.
//! - Two different names never share a folder, and no name leaves its folder.
//! - `metadata.json` is whole or absent; what is neither is set aside, never overwritten.
//! - The cookie is in one file, and in the memory of those who read it. It has no `Debug` text.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`home`] | the root folder and its parts |
//! | [`workspace`] | one workspace's folder |
//! | [`changes`] | the record of changes made at run time |
//! | [`metadata`] | the form of `metadata.json` |
//! | [`names`] | session and workspace names, and the folder a name gets |
//! | [`root`] | finding a project's root |
//! | [`run`] | the folder of one run |
//! | [`cookie`] | the workspace secret |
//! | [`folder`], [`file`](mod@file), [`lock`] | safe folders, whole files, locks |
//! | [`socket`] | paths short enough for a Unix socket |

pub mod changes;
pub mod cookie;
pub mod error;
pub mod file;
pub mod folder;
pub mod home;
pub mod lock;
pub mod metadata;
pub mod names;
pub mod root;
pub mod run;
pub mod socket;
pub mod workspace;

pub use changes::{Change, ChangesFolder, StoredChange, StoredSpan};
pub use cookie::Cookie;
pub use error::HomeError;
pub use home::Home;
pub use lock::FileLock;
pub use metadata::Metadata;
pub use names::{SessionName, WorkspaceId};
pub use root::project_root;
pub use run::RunFolder;
pub use workspace::WorkspaceFolder;
