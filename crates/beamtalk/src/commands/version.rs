//! `beamtalk version`: tells or changes the version of a package (spec 07 section 6.5).

use crate::cli::{Bump, VersionOptions};
use crate::failure::{Failure, Outcome};
use beamtalk_project::{MANIFEST, Manifest, Part, ProjectError, Version, with_version};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Performs the subcommand.
pub fn run(options: &VersionOptions) -> Outcome {
    let path = Path::new(MANIFEST);
    let text = read_manifest(path)?;
    let old = Manifest::parse(&text, path)?.version;
    let new = match (options.version.as_deref(), options.part) {
        (None, _) => {
            writeln!(io::stdout(), "{old}")?;
            return Ok(());
        }
        (Some("bump"), Some(part)) => parse(&old)?.bump(match part {
            Bump::Patch => Part::Patch,
            Bump::Minor => Part::Minor,
            Bump::Major => Part::Major,
        }),
        (Some("bump"), None) => {
            let help = "`beamtalk version bump patch`, `minor` or `major`";
            return Err(Failure::new("Which part of the version is to grow?").help(help));
        }
        (Some(version), _) => parse(version)?,
    };
    // A version of another form is older than all.
    if Version::parse(&old).is_ok_and(|old| new <= old) {
        return Err(Failure::new(format!(
            "New version '{new}' must be greater than the current version '{old}'."
        )));
    }
    fs::write(path, with_version(&text, path, &new.to_string())?)?;
    writeln!(io::stdout(), "{old} -> {new}")?;
    Ok(())
}

fn parse(version: &str) -> Outcome<Version> {
    Version::parse(version).map_err(|reason| Failure::new(format!("Invalid version '{version}': {reason}")))
}

/// The text of the manifest in the working folder.
pub fn read_manifest(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(format!("No {MANIFEST} found in the current directory."))
            .help("this works in the folder of a package, where its beamtalk.toml is"),
        _ => Failure::new(format!("cannot read {MANIFEST}: {error}")),
    })
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        crate::compiler::failure(&error, error.help())
    }
}
