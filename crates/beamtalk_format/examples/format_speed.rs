//! How many lines a second the formatter does: `cargo run --release --example format_speed [FILE…]`.
//!
//! The sources (by default the grammar's sample) are formatted again and again until a hundred
//! thousand lines are done, all parsing included.

use std::time::Instant;

const LINES: usize = 100_000;

fn main() -> std::io::Result<()> {
    let mut sources = Vec::new();
    for path in std::env::args().skip(1) {
        sources.push(std::fs::read_to_string(path)?);
    }
    if sources.is_empty() {
        sources.push(include_str!("../../beamtalk_syntax/tests/sample.bt").to_owned());
    }
    let started = Instant::now();
    let (mut lines, mut broken) = (0, 0);
    while lines < LINES {
        for source in &sources {
            lines += source.lines().count().max(1);
            broken += usize::from(beamtalk_format::format(source).is_err());
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    // Counts of lines are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let speed = lines as f64 / seconds;
    println!("{lines} lines in {seconds:.3} s: {speed:.0} lines/s ({broken} sources with errors)");
    Ok(())
}
