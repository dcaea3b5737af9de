//! Fuzz targets: whatever bytes arrive from outside must end in a value or an error, never in a panic, a hang
//! or memory without bound.
//!
//! [`TARGETS`] are plain functions of bytes, so any fuzzer can drive them. [`Mutator`] is a small one that needs
//! nothing but stable Rust: it damages, splices and repeats pieces of a corpus, reproducibly from a seed. `make test`
//! runs every target for a moment, `make fuzz` for as long as asked.
//!
//! Source code layout: `targets.rs` the targets and their corpora, `mutate.rs` the mutator.

mod mutate;
mod targets;

use std::time::{Duration, Instant};

pub use mutate::Mutator;
pub use targets::{TARGETS, Target};

/// Feeds a target with damaged pieces of its corpus for `time`; answers how many inputs it ate. The last input is kept in
/// `last`, so that a panic can be reproduced.
pub fn run(target: &Target, seed: u64, time: Duration, last: &mut Vec<u8>) -> u64 {
    let mut mutator = Mutator::new(seed, (target.corpus)());
    let start = Instant::now();
    let mut eaten = 0;
    while start.elapsed() < time {
        mutator.next_input(last);
        (target.eat)(last);
        eaten += 1;
    }
    eaten
}
