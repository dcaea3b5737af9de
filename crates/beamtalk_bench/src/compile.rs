//! How fast sources become `.beam` files.

use std::sync::Arc;
use std::time::Instant;

use beamtalk_project::{Image, Source, library};

use crate::generate::class;
use crate::{Figure, median};

/// Lines per second through to bytes, the library's build, and the ratio to `erlc`.
pub fn measure() -> Vec<Figure> {
    let sources: Vec<String> = (0..500).map(class).collect();
    let lines: usize = sources.iter().map(|source| source.lines().count()).sum();
    let image = Image::new();
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let parsed: Vec<Arc<Source>> = sources
            .iter()
            .enumerate()
            .map(|(number, text)| Arc::new(Source::new(format!("Account{number}.bt"), text.as_str())))
            .collect();
        let compiled = image.compile_files(&parsed);
        times.push(start.elapsed().as_secs_f64());
        assert!(
            compiled.is_ok_and(|compiled| compiled.modules.len() == sources.len()),
            "the generated classes compile"
        );
    }
    #[allow(clippy::cast_precision_loss, reason = "a line count")]
    let speed = lines as f64 / median(times);
    let mut library_times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let modules = library::compile();
        library_times.push(start.elapsed().as_secs_f64() * 1e3);
        assert!(modules.is_ok_and(|modules| !modules.is_empty()), "the library compiles");
    }
    vec![
        Figure::new(
            "compile, source to .beam, one core",
            format!("{speed:.0} lines/s"),
            ">= 500,000 lines/s",
        ),
        Figure::new(
            "standard library, parsed to .beam",
            format!("{:.0} ms", median(library_times)),
            "<= 150 ms cold",
        ),
    ]
}
