//! `beamtalk lint`: what is bad style in a package, a folder or a file, besides every categorised diagnostic.

use crate::cli::LintOptions;
use crate::compiler::Request;
use crate::failure::Outcome;
use beamtalk_project::{Layout, Task};
use std::fs;
use std::path::{Path, PathBuf};

/// Performs the subcommand. The package around the path is read as a whole, for what its classes know of each other.
pub fn run(options: &LintOptions) -> Outcome {
    let mut request = Request::new(Task::Lint, &options.path, &options.report);
    if let Ok(path) = fs::canonicalize(&options.path)
        && let Some(root) = Layout::package_around(&path)
        && let Ok(within) = path.strip_prefix(root)
    {
        request.within = within.to_string_lossy().into_owned();
        request.path = seen_from(&fs::canonicalize(".")?, root);
        request.shown = request.path.to_string_lossy().into_owned();
    }
    request.perform()
}

/// The way from one folder to another, as short as a person would write it.
fn seen_from(here: &Path, there: &Path) -> PathBuf {
    if let Ok(below) = there.strip_prefix(here) {
        return if below.as_os_str().is_empty() { PathBuf::from(".") } else { below.to_path_buf() };
    }
    match here.strip_prefix(there) {
        Ok(above) => above.components().map(|_| "..").collect(),
        Err(_) => there.to_path_buf(),
    }
}
