//! `beamtalk workspace logs`.

use crate::background::end_with_the_reader;
use crate::failure::{Failure, Outcome};
use beamtalk_home::WorkspaceFolder;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// So many lines are shown.
const LAST_LINES: usize = 50;
const POLL: Duration = Duration::from_millis(200);
const LEVELS: &[&str] = &["debug", "info", "notice", "warning", "error"];

/// Prints the end of the log, and goes on if asked to.
pub fn show(
    workspace: &WorkspaceFolder,
    level: Option<&str>,
    as_json: bool,
    follow: bool,
    only_path: bool,
) -> Outcome {
    let path = workspace.log_path();
    if only_path {
        writeln!(io::stdout(), "{}", path.display())?;
        return Ok(());
    }
    let least = match level {
        None => 0,
        Some(level) => LEVELS.iter().position(|known| *known == level).ok_or_else(|| {
            Failure::new(format!("Unknown log level '{level}'. Valid levels: {}", LEVELS.join(", ")))
        })?,
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Failure::new(format!("Workspace '{}' has no log", workspace.id())));
        }
        Err(error) => return Err(error.into()),
    };
    let mut reader = BufReader::new(file);
    let mut kept = std::collections::VecDeque::new();
    while let Some(line) = next_line(&mut reader)? {
        if rank(&line) >= least {
            if kept.len() == LAST_LINES {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    }
    for line in &kept {
        print(line, as_json)?;
    }
    if follow { go_on(&path, reader, least, as_json) } else { Ok(()) }
}

/// Prints lines as they come, also from the file that takes the place of this one.
fn go_on(path: &Path, mut reader: BufReader<File>, least: usize, as_json: bool) -> Outcome {
    end_with_the_reader();
    loop {
        while let Some(line) = next_line(&mut reader)? {
            if rank(&line) >= least {
                print(&line, as_json)?;
            }
        }
        sleep(POLL);
        let ours = reader.get_ref().metadata()?;
        match fs::metadata(path) {
            Ok(there) if there.ino() != ours.ino() => reader = BufReader::new(File::open(path)?),
            Ok(there) if there.len() < reader.stream_position()? => {
                reader.seek(SeekFrom::Start(0))?;
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn next_line(reader: &mut BufReader<File>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        // Half a line: it is read again when it is whole.
        reader.seek_relative(-i64::try_from(line.len()).unwrap_or(0))?;
        return Ok(None);
    }
    line.pop();
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// A line without a level that we know is always shown. In a line of text the level is the second word.
fn rank(line: &str) -> usize {
    let fields: Value = serde_json::from_str(line).unwrap_or(Value::Null);
    let level = match fields.get("level") {
        Some(level) => level.as_str().unwrap_or_default(),
        None => line.split_whitespace().nth(1).unwrap_or_default(),
    };
    let level = level.to_ascii_lowercase();
    let level = match level.as_str() {
        "trace" => "debug",
        "warn" => "warning",
        other => other,
    };
    LEVELS.iter().position(|known| *known == level).unwrap_or(LEVELS.len())
}

fn print(line: &str, as_json: bool) -> Outcome {
    let mut stdout = io::stdout();
    let fields: Option<Value> = serde_json::from_str(line).ok().filter(|_| !as_json);
    match fields.as_ref().and_then(Value::as_object) {
        Some(fields) => {
            let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or_default();
            write!(stdout, "{} {:5} {}", text("timestamp"), text("level"), text("message"))?;
            for (name, value) in fields {
                if !matches!(name.as_str(), "timestamp" | "level" | "message" | "target") {
                    write!(stdout, " {name}={value}")?;
                }
            }
            writeln!(stdout)?;
        }
        None => writeln!(stdout, "{line}")?,
    }
    Ok(())
}
