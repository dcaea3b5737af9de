//! `beamtalk launch`: one process of the operating system, for the node that started this command.

use crate::failure::Outcome;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// Serves the node until it closes the standard input.
pub fn run() -> Outcome {
    // Packets are no text: nothing is gained by looking for the ends of lines.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    beamtalk_launcher::serve(io::stdin().lock(), output)?;
    Ok(())
}
