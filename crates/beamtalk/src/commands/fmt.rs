//! `beamtalk fmt` and `beamtalk fmt-check`: sources in canonical style.

use crate::cli::{FmtCheckOptions, FmtOptions};
use crate::failure::{Failure, Outcome};
use beamtalk_node::otp::program_on_path;
use beamtalk_project::render;
use ignore::WalkBuilder;
use similar::TextDiff;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// What to do with a file that is not in canonical style.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    /// Name it.
    List,
    /// Show what would change.
    Diff,
}

/// What the files of a run came to.
#[derive(Default)]
struct Tally {
    changed: usize,
    broken: usize,
    unreadable: usize,
    erlfmt_missing: bool,
}

/// `beamtalk fmt`
pub fn run(options: &FmtOptions) -> Outcome {
    let mode = match (options.check, options.diff) {
        (_, true) => Mode::Diff,
        (true, false) => Mode::List,
        (false, false) => Mode::Write,
    };
    if options.stdin { format_stdin(mode) } else { format_paths(&options.paths, mode) }
}

/// `beamtalk fmt-check`
pub fn check(options: &FmtCheckOptions) -> Outcome {
    format_paths(&options.paths, Mode::Diff)
}

fn format_stdin(mode: Mode) -> Outcome {
    let mut source = String::new();
    io::stdin().lock().read_to_string(&mut source)?;
    let formatted = match beamtalk_format::format(&source) {
        Ok(formatted) => formatted,
        Err(errors) => {
            for error in &errors {
                write!(io::stderr(), "{}", render(error, "<stdin>", &source))?;
            }
            return Err(Failure::reported());
        }
    };
    if mode == Mode::Write {
        io::stdout().lock().write_all(formatted.as_bytes())?;
        return Ok(());
    }
    if formatted == source {
        return Ok(());
    }
    show(mode, "<stdin>", &source, &formatted)?;
    Err(Failure::reported())
}

fn format_paths(paths: &[PathBuf], mode: Mode) -> Outcome {
    let mut tally = Tally::default();
    for path in files(paths)? {
        format_file(&path, mode, &mut tally)?;
    }
    verdict(mode, &tally)
}

/// The files that `paths` name: those given, and the sources in folders that are not ignored.
fn files(paths: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            if !path.exists() {
                return Err(Failure::new(format!("No such file or folder: '{}'", path.display())));
            }
            if !is_source(path) {
                let help = "fmt formats .bt files, checks .btscript files, and leaves .erl files to erlfmt";
                return Err(Failure::new(format!("'{}' is no source file", path.display())).help(help));
            }
            files.push(path.clone());
            continue;
        }
        let walk = WalkBuilder::new(path)
            .add_custom_ignore_filename(".btignore")
            .require_git(false)
            .git_global(false)
            .sort_by_file_name(OsStr::cmp)
            // What the build writes is nobody's source.
            .filter_entry(|entry| entry.file_name() != "_build")
            .build();
        for entry in walk {
            let entry = entry.map_err(Failure::new)?;
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            if is_file && is_source(entry.path()) && (!is_erlang(entry.path()) || is_native(entry.path())) {
                files.push(entry.into_path());
            }
        }
    }
    Ok(files)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn is_source(path: &Path) -> bool {
    ["bt", "btscript", "erl"].iter().any(|extension| has_extension(path, extension))
}

fn is_erlang(path: &Path) -> bool {
    has_extension(path, "erl")
}

fn is_native(path: &Path) -> bool {
    path.components().any(|component| component == Component::Normal(OsStr::new("native")))
}

fn format_file(path: &Path, mode: Mode, tally: &mut Tally) -> Outcome {
    let shown = path.strip_prefix(".").unwrap_or(path).display().to_string();
    if is_erlang(path) {
        return format_erlang(path, &shown, mode, tally);
    }
    let source = match fs::read_to_string(path) {
        Ok(source) => source,
        Err(error) => {
            tally.unreadable += 1;
            let reason = match error.kind() {
                ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
                _ => error.to_string(),
            };
            writeln!(io::stderr(), "warning: skipping '{shown}' ({reason})")?;
            return Ok(());
        }
    };
    let formatted = match beamtalk_format::format(&source) {
        // Expectations belong to the line above them: scripts are only checked.
        Ok(_) if has_extension(path, "btscript") => return Ok(()),
        Ok(formatted) => formatted,
        Err(errors) => {
            tally.broken += 1;
            let mut stderr = io::stderr().lock();
            writeln!(stderr, "warning: skipping '{shown}' (has parse errors)")?;
            for error in &errors {
                write!(stderr, "{}", render(error, &shown, &source))?;
            }
            return Ok(());
        }
    };
    if formatted == source {
        return Ok(());
    }
    tally.changed += 1;
    if mode == Mode::Write {
        if let Err(error) = fs::write(path, formatted) {
            tally.unreadable += 1;
            writeln!(io::stderr(), "warning: cannot write '{shown}' ({error})")?;
        }
        return Ok(());
    }
    show(mode, &shown, &source, &formatted)
}

/// Erlang sources have a formatter of their own, where it is installed.
fn format_erlang(path: &Path, shown: &str, mode: Mode, tally: &mut Tally) -> Outcome {
    let Some(erlfmt) = program_on_path("erlfmt") else {
        if !std::mem::replace(&mut tally.erlfmt_missing, true) {
            writeln!(io::stderr(), "warning: skipping .erl files (erlfmt is not installed)")?;
        }
        return Ok(());
    };
    let option = if mode == Mode::Write { "--write" } else { "--check" };
    let status =
        Command::new(erlfmt).arg(option).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if !status.success() {
        if mode == Mode::Write {
            tally.broken += 1;
            writeln!(io::stderr(), "warning: skipping '{shown}' (erlfmt failed)")?;
        } else {
            tally.changed += 1;
            writeln!(io::stdout(), "would reformat {shown}")?;
        }
    }
    Ok(())
}

fn show(mode: Mode, shown: &str, source: &str, formatted: &str) -> Outcome {
    let mut stdout = io::stdout().lock();
    if mode == Mode::List {
        writeln!(stdout, "would reformat {shown}")?;
    } else {
        let diff = TextDiff::from_lines(source, formatted);
        let mut diff = diff.unified_diff();
        write!(stdout, "{}", diff.header(&format!("a/{shown}"), &format!("b/{shown}")))?;
    }
    Ok(())
}

/// Writing fails only if a file could not be read or written; checking also if one is not in style.
fn verdict(mode: Mode, tally: &Tally) -> Outcome {
    let mut findings = Vec::new();
    if mode != Mode::Write {
        if tally.changed > 0 {
            findings.push(format!("{} would be reformatted", count(tally.changed)));
        }
        if tally.broken > 0 {
            findings.push(format!("{} could not be checked (parse errors)", count(tally.broken)));
        }
    }
    if tally.unreadable > 0 {
        findings.push(format!("{} could not be read or written", count(tally.unreadable)));
    }
    if findings.is_empty() { Ok(()) } else { Err(Failure::new(findings.join(", "))) }
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}
