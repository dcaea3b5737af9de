//! `beamtalk clean`: remove what builds of a package have written (spec 07 section 7.7).

use crate::cli::CleanOptions;
use crate::failure::{Failure, Outcome};
use beamtalk_project::MANIFEST;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

const OUTPUTS: &str = "_build";

/// Performs the subcommand.
pub fn run(options: &CleanOptions) -> Outcome {
    if !Path::new(MANIFEST).is_file() {
        let help = "`clean` works in the folder of a package, where its beamtalk.toml is";
        return Err(Failure::new(format!("No {MANIFEST} found in the current directory.")).help(help));
    }
    let root = Path::new(OUTPUTS);
    let is_link = fs::symlink_metadata(root).is_ok_and(|found| found.is_symlink());
    if is_link && !options.all {
        let help = "`beamtalk clean --all` removes the link and leaves what it leads to";
        return Err(Failure::new(format!("{OUTPUTS} is a symbolic link")).help(help));
    }
    let mut found: Vec<String> = Vec::new();
    if options.all {
        found.push(OUTPUTS.to_owned());
    } else {
        let names = ["dev", "type_cache", "deps"];
        let wanted = names.iter().filter(|name| options.deps || **name != "deps");
        found.extend(wanted.map(|name| format!("{OUTPUTS}/{name}")));
    }
    found.retain(|path| fs::symlink_metadata(path).is_ok());
    let mut stdout = io::stdout().lock();
    if found.is_empty() {
        writeln!(stdout, "Nothing to clean (no build artifacts found under {OUTPUTS}).")?;
        return Ok(());
    }
    if options.dry_run {
        writeln!(stdout, "Would remove the following build artifacts:")?;
        for path in &found {
            writeln!(stdout, "  {path}")?;
        }
        writeln!(stdout, "(dry run — nothing was deleted)")?;
        return Ok(());
    }
    for path in &found {
        remove(Path::new(path)).map_err(|error| Failure::new(format!("cannot remove {path}: {error}")))?;
        writeln!(stdout, "Removed {path}")?;
    }
    Ok(())
}

/// Removes a folder with all in it; of a symbolic link, or a file, only itself.
fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
