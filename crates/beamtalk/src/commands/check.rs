//! `beamtalk check`: everything that `build` would say, and nothing written.

use crate::cli::{CheckOptions, OutputFormat};
use crate::compiler::{Task, perform, tell};
use crate::failure::Outcome;

/// Performs the subcommand.
pub fn run(options: &CheckOptions) -> Outcome {
    let how = beamtalk_project::BuildOptions {
        warnings_as_errors: options.warnings_as_errors,
        ..Default::default()
    };
    let report = perform(Task::Check, &options.path, how, options.no_daemon)?;
    tell(&report, false, options.json || options.format == OutputFormat::Json)
}
