//! `beamtalk build`: compile a package, a folder or a file.

use crate::cli::BuildOptions;
use crate::compiler::{Task, perform, tell};
use crate::failure::Outcome;

/// Performs the subcommand.
pub fn run(options: &BuildOptions) -> Outcome {
    let how = beamtalk_project::BuildOptions { force: options.force, ..Default::default() };
    let report = perform(Task::Build, &options.path, how, options.no_daemon)?;
    tell(&report, options.no_warnings, options.json)
}
