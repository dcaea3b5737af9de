//! `beamtalk build`: compile a package, a folder or a file.

use crate::cli::BuildOptions;
use crate::compiler::Request;
use crate::failure::Outcome;
use beamtalk_project::Task;

/// Performs the subcommand.
pub fn run(options: &BuildOptions) -> Outcome {
    let request = Request {
        force: options.force,
        warnings_as_errors: options.warnings_as_errors,
        quiet: options.no_warnings,
        ..Request::new(Task::Build, &options.path, &options.report)
    };
    request.perform()
}
