//! How fast sources are read, laid out and checked, and in how much memory.
//!
//! Each phase runs in a process of its own, this program started again as `beamtalk_bench phase NAME PATH`, so that one
//! phase's memory is not another's. Peaks are those of the Linux kernel (`VmHWM` of `proc_pid_status(5)`); elsewhere they
//! are not measured. All of it is on one core.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use beamtalk_project::{BuildOptions, Layout, Project, library};
use beamtalk_syntax::lexer;

use crate::generate::{class, long_class};
use crate::{Figure, median};

const LINES: usize = 1_000_000;
const LINES_TO_FORMAT: usize = 100_000;

/// What a phase took.
struct Cost {
    seconds: f64,
    /// Bytes beyond what the process had when it had read the source.
    memory: Option<u64>,
}

/// Speed and memory of each phase.
pub fn measure() -> io::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let long = folder.path().join("long.bt");
    let source = long_class(LINES);
    std::fs::write(&long, &source)?;
    let medium = folder.path().join("medium.bt");
    let medium_source = long_class(LINES_TO_FORMAT);
    std::fs::write(&medium, &medium_source)?;
    let project = folder.path().join("project");
    std::fs::create_dir(&project)?;
    let mut size = Size::default();
    while size.lines < LINES {
        let text = class(size.files);
        std::fs::write(project.join(format!("Account{}.bt", size.files)), &text)?;
        size.add(&text);
    }
    let mut whole = Size::default();
    whole.add(&source);
    let mut part = Size::default();
    part.add(&medium_source);

    let mut figures = Vec::new();
    for (what, phase, path, size, speed) in [
        ("lexer", "lex", &long, &whole, ""),
        ("parser", "parse", &long, &whole, ""),
        ("formatter", "format", &long, &whole, ""),
        ("formatter", "format", &medium, &part, ">= 100,000 lines/s"),
        ("check", "check", &project, &size, ""),
    ] {
        figures.extend(size.figures(what, &run(phase, path)?, speed));
    }
    figures.extend(on_library());
    Ok(figures)
}

/// How much text there is.
#[derive(Default)]
struct Size {
    files: usize,
    lines: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, text: &str) {
        self.files += 1;
        self.lines += text.lines().count();
        self.bytes += text.len();
    }

    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    fn figures(&self, what: &str, cost: &Cost, speed: &'static str) -> Vec<Figure> {
        let of = match self.files {
            1 => format!("{what}, {} lines in a file", self.lines),
            files => format!("{what}, {} lines in {files} files", self.lines),
        };
        let mut figures =
            vec![Figure::new(of.clone(), format!("{:.0} lines/s", self.lines as f64 / cost.seconds), speed)];
        if let Some(memory) = cost.memory {
            let (line, byte) = (memory as f64 / self.lines as f64, memory as f64 / self.bytes as f64);
            figures.push(Figure::new(
                format!("{of}: memory"),
                format!("{line:.0} B/line, {byte:.1} B/B"),
                "< 60 B a source byte",
            ));
        }
        figures
    }
}

/// Run a phase in a process of its own.
fn run(phase: &str, path: &Path) -> io::Result<Cost> {
    let output = Command::new(std::env::current_exe()?).arg("phase").arg(phase).arg(path).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace();
    let seconds = words.next().and_then(|word| word.parse().ok());
    let seconds = seconds
        .ok_or_else(|| io::Error::other(format!("{phase}: {}", String::from_utf8_lossy(&output.stderr))))?;
    Ok(Cost { seconds, memory: words.next().and_then(|word| word.parse().ok()) })
}

/// The other side of [`run`]: do it, and print seconds and bytes.
pub fn phase(name: &str, path: &Path) -> io::Result<()> {
    let cost = if name == "check" {
        measured(|| check(path))?
    } else {
        let source = std::fs::read_to_string(path)?;
        measured(|| match name {
            "lex" => Ok(lexer::lex(&source).tokens.len()),
            "parse" => Ok(beamtalk_syntax::parse(&source).tokens.len()),
            "format" => beamtalk_format::format(&source)
                .map(|formatted| formatted.len())
                .map_err(|errors| io::Error::other(format!("{errors:?}"))),
            other => Err(io::Error::other(format!("no phase {other}"))),
        })?
    };
    let memory = cost.memory.map(|bytes| bytes.to_string()).unwrap_or_default();
    println!("{} {memory}", cost.seconds);
    Ok(())
}

fn check(folder: &Path) -> io::Result<usize> {
    let shown = folder.display().to_string();
    let options = BuildOptions { threads: 1, ..BuildOptions::default() };
    let layout = Layout::find(folder, &shown).map_err(io::Error::other)?;
    let report = Project::new(layout).check(&shown, options).map_err(io::Error::other)?;
    if report.ok { Ok(report.files) } else { Err(io::Error::other("the generated classes have errors")) }
}

fn measured(work: impl FnOnce() -> io::Result<usize>) -> io::Result<Cost> {
    // Writing 5 makes the present size the peak.
    let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = status("VmRSS:");
    let start = Instant::now();
    std::hint::black_box(work()?);
    let seconds = start.elapsed().as_secs_f64();
    let peak = if reset { status("VmHWM:") } else { None };
    let memory = peak.zip(before).map(|(peak, before)| peak.saturating_sub(before));
    Ok(Cost { seconds, memory })
}

/// A size from /proc/self/status, in bytes.
fn status(key: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix(key))?;
    kibibytes.split_whitespace().next()?.parse::<u64>().ok().map(|count| count * 1024)
}

/// The same on the standard library, which is too small to tell memory from noise.
fn on_library() -> Vec<Figure> {
    let sources = library::sources();
    let mut size = Size::default();
    for (_, text) in sources {
        size.add(text);
    }
    let over_all = |work: &dyn Fn(&str) -> usize| {
        let times = (0..9).map(|_| {
            let start = Instant::now();
            for (_, text) in sources {
                std::hint::black_box(work(text));
            }
            start.elapsed().as_secs_f64()
        });
        Cost { seconds: median(times.collect()), memory: None }
    };
    let check = {
        let start = Instant::now();
        let found = library::check();
        assert!(found.is_empty(), "the library has no mistakes");
        Cost { seconds: start.elapsed().as_secs_f64(), memory: None }
    };
    [
        ("library, lexer", over_all(&|text| lexer::lex(text).tokens.len())),
        ("library, parser", over_all(&|text| beamtalk_syntax::parse(text).tokens.len())),
        ("library, formatter", over_all(&|text| beamtalk_format::format(text).map_or(0, |text| text.len()))),
        ("library, check", check),
    ]
    .iter()
    .flat_map(|(what, cost)| size.figures(what, cost, ""))
    .collect()
}
