//! Prints what is in a `.beam` file read from standard input, or why it cannot be read.
//!
//! Takes any bytes without panicking, so a fuzzer can feed it.

use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut bytes) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    match beamtalk_beam::read(&bytes) {
        Ok(module) => {
            let text = beamtalk_beam::listing(&module);
            match std::io::stdout().write_all(text.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
