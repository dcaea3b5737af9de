//! `beamtalk_fuzz [--seconds N] [--seed N] [TARGET ...]`: every target, or those named, each for N seconds (60).

use std::process::ExitCode;
use std::time::Duration;

use beamtalk_fuzz::{TARGETS, run};

fn main() -> ExitCode {
    let (mut seconds, mut seed, mut names) = (60, 1, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = match argument.as_str() {
            "--seconds" => &mut seconds,
            "--seed" => &mut seed,
            _ => {
                names.push(argument);
                continue;
            }
        };
        if let Some(value) = arguments.next().and_then(|text| text.parse().ok()) {
            *number = value;
        } else {
            eprintln!("{argument} wants a number");
            return ExitCode::from(2);
        }
    }
    for name in &names {
        if !TARGETS.iter().any(|target| target.name == name) {
            let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("There is no target `{name}`; there are {}.", known.join(", "));
            return ExitCode::from(2);
        }
    }
    for target in
        TARGETS.iter().filter(|target| names.is_empty() || names.iter().any(|name| name == target.name))
    {
        let mut last = Vec::new();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(target, seed, Duration::from_secs(seconds), &mut last)
        }));
        if let Ok(eaten) = outcome {
            println!("{:<14} {eaten} inputs", target.name);
        } else {
            eprintln!("{} broke on {:?}", target.name, String::from_utf8_lossy(&last));
            eprintln!("the bytes: {last:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
