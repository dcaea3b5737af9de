//! `beamtalk check`: everything that `build` would say, and nothing written.

use crate::cli::CheckOptions;
use crate::compiler::Request;
use crate::failure::Outcome;
use beamtalk_project::Task;

/// Performs the subcommand.
pub fn run(options: &CheckOptions) -> Outcome {
    let request = Request {
        warnings_as_errors: options.warnings_as_errors,
        quiet: options.no_warnings,
        ..Request::new(Task::Check, &options.path, &options.report)
    };
    request.perform()
}
