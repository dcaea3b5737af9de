//! Measures Beamtalk against its peers on this machine and prints the figures beside the budgets.
//!
//! `make bench` runs it from the root of the repository. Ratios are taken in one run; absolute times are only as good as
//! the machine is quiet.

mod compile;
mod generate;
mod parse;
mod programs;
mod session;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiling makes and drops many small things; the C library's allocator takes a quarter of the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One line of the report.
pub struct Figure {
    what: String,
    value: String,
    budget: &'static str,
}

impl Figure {
    fn new(what: impl Into<String>, value: impl Into<String>, budget: &'static str) -> Self {
        Self { what: what.into(), value: value.into(), budget }
    }
}

/// The middle of some times; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    percentile(&mut values, 50.0)
}

/// The value below which `percent` of the values lie; sorts them.
pub fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a short list"
    )]
    let index = ((values.len() as f64 - 1.0) * percent / 100.0).round().max(0.0) as usize;
    values.get(index).copied().unwrap_or_default()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name] = arguments.as_slice()
        && (word.as_str(), name.as_str()) == ("phase", "compile")
    {
        println!("{}", compile::phase());
        return ExitCode::SUCCESS;
    }
    if let [word, name, path] = arguments.as_slice()
        && word == "phase"
    {
        return match parse::phase(name, Path::new(path)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let binary =
        std::env::var_os("BEAMTALK").map_or_else(|| root.join("target/release/beamtalk"), PathBuf::from);
    match measure(&binary, &root) {
        Ok(figures) => {
            println!("{:<58} {:>24}   budget", "what", "measured");
            for figure in figures {
                println!("{:<58} {:>24}   {}", figure.what, figure.value, figure.budget);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("The benchmarks failed: {error}. Build the binary with `make build` first.");
            ExitCode::FAILURE
        }
    }
}

fn measure(binary: &Path, root: &Path) -> Result<Vec<Figure>, Box<dyn std::error::Error>> {
    let mut figures = parse::measure()?;
    figures.extend(compile::measure()?);
    figures.extend(session::measure(binary, root)?);
    Ok(figures)
}
