//! Printing answers (spec 06 section 4).

use crate::screen::has_colour;
use beamtalk_repl::{Reply, display};
use serde_json::{Map, Value};
use std::io::{self, IsTerminal, Write};

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// Standard output and standard error, with or without colours.
#[derive(Debug)]
pub struct Screen {
    colour: bool,
    /// The last thing written to standard output lacks the end of its line.
    open_line: bool,
    /// The last Transcript text lacks the end of its line.
    open_transcript: bool,
}

impl Screen {
    /// Colours only for a terminal that wants them.
    pub fn new(no_color: bool) -> Self {
        Self { colour: has_colour(&io::stdout(), no_color), open_line: false, open_transcript: false }
    }

    /// What a program writes, as it writes it.
    pub fn output(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.end_transcript()?;
        self.open_line = !text.ends_with('\n');
        write(text)
    }

    /// Where an error happened.
    pub fn trace<'t>(&mut self, frames: impl Iterator<Item = &'t str>, file: &str) -> io::Result<()> {
        self.end_transcript()?;
        for frame in frames {
            writeln!(io::stderr(), "{}", super::frame_line(frame, Some(file)))?;
        }
        Ok(())
    }

    /// Shows what a program wrote to its standard error, exactly that.
    pub fn error_output(&mut self, text: &str) -> io::Result<()> {
        self.end_transcript()?;
        io::stderr().write_all(text.as_bytes())
    }

    /// What loading a project came to; answers whether all of it was loaded.
    pub fn sync(&mut self, reply: &Reply) -> io::Result<bool> {
        self.sync_errors(reply)?;
        if let Some(summary) = reply.text("summary").filter(|summary| !summary.is_empty()) {
            self.line(summary)?;
        }
        let classes = reply.texts("classes");
        if !classes.is_empty() {
            self.line(&format!("Classes: {}", classes.join(", ")))?;
        }
        Ok(reply.get("errors").and_then(Value::as_array).is_none_or(Vec::is_empty))
    }

    /// The files of a project that were not loaded, and what should be looked at.
    pub fn sync_errors(&mut self, reply: &Reply) -> io::Result<()> {
        self.end_transcript()?;
        let errors = reply.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |error: &Value, name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut paths: Vec<String> = Vec::new();
        for error in errors {
            let path = text(error, "path").unwrap_or_default();
            let place = error.get("line").map(|line| format!(" at line {line}")).unwrap_or_default();
            let hint = text(error, "hint").map(|hint| format!(" ({hint})")).unwrap_or_default();
            let message = text(error, "message").unwrap_or_default();
            writeln!(io::stderr(), "  Error: {message} in {path}{place}{hint}")?;
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        if !paths.is_empty() {
            writeln!(io::stderr(), "{} file(s) failed to load: {}", paths.len(), paths.join(", "))?;
        }
        for warning in reply.texts("warnings") {
            writeln!(io::stderr(), "Warning: {warning}")?;
        }
        Ok(())
    }

    /// Ends the line of a program's output.
    pub fn end_output(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.open_line) { write("\n") } else { Ok(()) }
    }

    /// A push: Transcript text is printed, with a bar before each line.
    pub fn push(&mut self, push: &Map<String, Value>) -> io::Result<()> {
        let Some(text) = push.get("text").and_then(Value::as_str) else {
            return Ok(());
        };
        self.end_output()?;
        let mut shown = String::new();
        for piece in text.split_inclusive('\n') {
            if !self.open_transcript {
                shown.push_str("│ ");
            }
            shown.push_str(piece);
            self.open_transcript = !piece.ends_with('\n');
        }
        write(&shown)
    }

    /// A value.
    pub fn value(&mut self, value: &Value) -> io::Result<()> {
        let text = display::to_text(value);
        let colour = match value {
            Value::Number(_) => YELLOW,
            Value::String(_) => GREEN,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => "",
        };
        let text = if self.colour && !colour.is_empty() { format!("{colour}{text}{PLAIN}") } else { text };
        self.line(&text)
    }

    /// A line of our own.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.end_transcript()?;
        write(&format!("{text}\n"))
    }

    /// The warnings of a reply.
    pub fn warnings(&mut self, reply: &Reply) -> io::Result<()> {
        self.end_transcript()?;
        for warning in reply.texts("warnings") {
            writeln!(io::stderr(), "⚠ {warning}")?;
        }
        Ok(())
    }

    /// An error.
    pub fn error(&mut self, message: &str, hint: Option<&str>) -> io::Result<()> {
        self.end_transcript()?;
        let mut stderr = io::stderr();
        if self.colour {
            writeln!(stderr, "{RED}Error: {message}{PLAIN}")?;
        } else {
            writeln!(stderr, "Error: {message}")?;
        }
        match hint {
            Some(hint) => writeln!(stderr, "Hint: {hint}"),
            None => Ok(()),
        }
    }

    /// An evaluation was interrupted.
    pub fn interrupted(&mut self) -> io::Result<()> {
        self.end_transcript()?;
        let mut stderr = io::stderr();
        // The terminal has shown the key, `^C`, on the line.
        let start = if stderr.is_terminal() { "\n" } else { "" };
        writeln!(stderr, "{start}Interrupted")
    }

    fn end_transcript(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.open_transcript) { write("\n") } else { Ok(()) }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
