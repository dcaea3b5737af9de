//! How fast sources become `.beam` files.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use beamtalk_project::{Image, Source, library};

use crate::generate::{class, module};
use crate::{Figure, median};

/// How many classes are compiled at once.
const CLASSES: u32 = 500;

/// How many modules `erlc`'s compiler is given.
const MODULES: usize = 40;

/// Lines per second through to bytes, alone in its process: for a profiler.
pub fn phase() -> f64 {
    let (lines, time) = compile_classes(20);
    lines / time
}

/// The lines of the generated classes, and the seconds that compiling them takes.
fn compile_classes(rounds: usize) -> (f64, f64) {
    let sources: Vec<String> = (0..CLASSES as usize).map(class).collect();
    let lines: usize = sources.iter().map(|source| source.lines().count()).sum();
    let image = Image::new();
    let mut times = Vec::new();
    for _ in 0..rounds {
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
    let lines = lines as f64;
    (lines, median(times))
}

/// Lines per second through to bytes, the library's build, and the ratio to `erlc`.
pub fn measure() -> std::io::Result<Vec<Figure>> {
    let (lines, time) = compile_classes(5);
    let (own, peer) = (time * 1e3 / f64::from(CLASSES), erlang()?);
    let mut library_times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let modules = library::compile();
        library_times.push(start.elapsed().as_secs_f64() * 1e3);
        assert!(modules.is_ok_and(|modules| !modules.is_empty()), "the library compiles");
    }
    Ok(vec![
        Figure::new(
            "compile, source to .beam, one core",
            format!("{:.0} lines/s", lines / time),
            ">= 500,000 lines/s",
        ),
        Figure::new(
            "compile a class, against erlc's compiler and its like",
            format!("{own:.3} / {peer:.2} ms = {:.0} x faster", peer / own),
            ">= 20 x",
        ),
        Figure::new(
            "standard library, parsed to .beam",
            format!("{:.0} ms", median(library_times)),
            "<= 150 ms cold",
        ),
    ])
}

/// Milliseconds that OTP's compiler takes for one module, started and warm.
fn erlang() -> std::io::Result<f64> {
    let folder = tempfile::tempdir()?;
    for number in 0..MODULES {
        std::fs::write(folder.path().join(format!("account{number}.erl")), module(number))?;
    }
    // The first module loads the compiler and is not counted.
    let program = format!(
        "Compile = fun(N) -> {{ok, _, _}} = compile:file(\"account\" ++ integer_to_list(N), [binary]) end, \
         Compile(0), \
         {{Time, _}} = timer:tc(fun() -> [Compile(N) || N <- lists:seq(1, {last})] end), \
         io:format(\"~b\", [Time]), halt().",
        last = MODULES - 1
    );
    let output =
        Command::new("erl").current_dir(folder.path()).args(["-noshell", "-eval", &program]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let time: f64 = text.trim().parse().map_err(|_| std::io::Error::other(format!("erl printed {text}")))?;
    #[allow(clippy::cast_precision_loss, reason = "a small count")]
    Ok(time / 1e3 / (MODULES - 1) as f64)
}
