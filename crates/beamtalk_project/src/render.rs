//! Diagnostics for people: the sentence, the source lines with the place marked, and the help.

use std::fmt::Write as _;

use beamtalk_text::{Diagnostic, LineIndex, Severity, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents,
    NamedSource, Report, SourceCode, SourceOffset, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use serde::{Deserialize, Serialize};

/// How a diagnostic is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// With colours, for a terminal.
    pub colour: bool,
    /// The width of the terminal in columns, at which long sentences are wrapped. In a pipe nothing is.
    pub width: Option<u16>,
}

impl Look {
    /// For pipes and files: no colours, one line a sentence.
    pub const PLAIN: Self = Self { colour: false, width: None };
}

impl Default for Look {
    fn default() -> Self {
        Self::PLAIN
    }
}

/// Lines around a place that are drawn with it (spec 07 section 7.5).
const CONTEXT: u32 = 3;
/// Columns of a pipe: more than any sentence has.
const UNBOUNDED: usize = 10_000;

/// The diagnostic as plain text under its code. `path` and `text` are its source.
#[must_use]
pub fn render(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    draw(diagnostic.code, diagnostic, path, text, Look::PLAIN)
}

/// The diagnostic as a command of the compiler shows it.
#[must_use]
pub fn render_for(diagnostic: &Diagnostic, path: &str, text: &str, look: Look) -> String {
    draw(&format!("beamtalk::compile::{}", diagnostic.code), diagnostic, path, text, look)
}

fn draw(header: &str, diagnostic: &Diagnostic, path: &str, text: &str, look: Look) -> String {
    let place = |span: Span, label: &str| {
        let span = visible(span, text);
        let at = SourceSpan::new(SourceOffset::from(span.start as usize), span.len() as usize);
        LabeledSpan::new_with_span(Some(label.to_owned()), at)
    };
    let mut message = diagnostic.message.clone();
    let mut labels = vec![place(diagnostic.span, here(diagnostic.severity))];
    let lines = LineIndex::new(text);
    let line = lines.line(diagnostic.span.start);
    for label in &diagnostic.labels {
        let at = lines.line(label.span.start);
        // What is near is drawn; of what is far the line is named.
        if at.abs_diff(line) <= CONTEXT {
            labels.push(place(label.span, &label.text));
        } else {
            let _ = write!(message, "\n= {} (line {at})", label.text);
        }
    }
    let mut report = MietteDiagnostic::new(message.clone()).with_code(header).with_labels(labels.clone());
    if let Some(help) = &diagnostic.help {
        report = report.with_help(help.clone());
    }
    let at = |offset: usize| lines.line(u32::try_from(offset).unwrap_or(u32::MAX));
    let first = labels.iter().map(|label| at(label.offset())).min().unwrap_or(line);
    let last = labels.iter().map(|label| at(label.offset() + label.len())).max().unwrap_or(line);
    let around = around(text, &lines, first, last);
    let report = Report::new(report).with_source_code(NamedSource::new(path, around));
    let handler = GraphicalReportHandler::new_themed(theme(diagnostic.severity, look.colour))
        .with_width(look.width.map_or(UNBOUNDED, usize::from))
        .with_links(false)
        .with_context_lines(CONTEXT as usize);
    let mut out = String::new();
    if handler.render_report(&mut out, report.as_ref()).is_err() {
        out = format!("  × {message}\n");
    }
    out
}

/// The place as it is shown: what is missing at the end of a source is missing behind its last character.
pub(crate) fn visible(span: Span, text: &str) -> Span {
    // Sources are shorter than 4 GiB.
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let end = length(text);
    if span.start >= end {
        Span::empty(length(text.trim_end()))
    } else {
        Span::new(span.start, span.end.min(end))
    }
}

/// The lines that a drawing can show, and what stands before them.
struct Around {
    text: String,
    /// Where `text` begins in the source.
    offset: usize,
    /// How many lines precede it.
    lines: usize,
}

/// Miette reads a source from its first byte for each place; what is drawn needs only the lines around it.
fn around(text: &str, lines: &LineIndex<'_>, first: u32, last: u32) -> Around {
    let first = first.saturating_sub(CONTEXT + 1).max(1);
    let offset = lines.start(first) as usize;
    let end = lines.start(last.saturating_add(CONTEXT + 2)) as usize;
    // What is missing at the end of a source is drawn behind it.
    let text = format!("{}\n", &text[offset..end]);
    Around { text, offset, lines: first as usize - 1 }
}

impl SourceCode for Around {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let start = span.offset().checked_sub(self.offset).ok_or(MietteError::OutOfBounds)?;
        let contents = self.text.read_span(&SourceSpan::new(start.into(), span.len()), before, after)?;
        let shown = SourceSpan::new((contents.span().offset() + self.offset).into(), contents.span().len());
        let line = contents.line() + self.lines;
        Ok(Box::new(MietteSpanContents::new(
            contents.data(),
            shown,
            line,
            contents.column(),
            contents.line_count(),
        )))
    }
}

/// What stands under the marked place.
fn here(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error here",
        Severity::Warning => "warning here",
        Severity::Hint => "hint here",
        Severity::Lint => "lint here",
    }
}

/// The mark is `×` whatever the severity; its colour tells.
fn theme(severity: Severity, colour: bool) -> GraphicalTheme {
    let mut styles = if colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    if colour {
        styles.error = match severity {
            Severity::Error => styles.error,
            Severity::Warning => styles.warning,
            Severity::Hint | Severity::Lint => styles.advice,
        };
        styles.highlights.insert(0, styles.error);
    }
    GraphicalTheme { characters: ThemeCharacters::unicode(), styles }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n\n\n\n\n\nb foo\n";

    fn warning() -> Diagnostic {
        Diagnostic::warning("E0000", Span::new(9, 12), "no foo").with_help("try bar")
    }

    #[test]
    fn a_place_of_many_lines_is_drawn_with_its_line_number() {
        let text = format!("{}first\n{}last\n", "x\n".repeat(50), "y\n".repeat(40));
        let (start, end) = (text.find("first").unwrap(), text.find("last").unwrap() + 4);
        let span = Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap());
        let drawn = render(&Diagnostic::error("E0000", span, "all of it"), "a.bt", &text);
        assert!(drawn.contains("a.bt:51:1") && drawn.contains("first") && drawn.contains("last"), "{drawn}");
    }

    #[test]
    fn a_pipe_gets_no_colours_and_no_wrapping() {
        let long = Diagnostic::warning("E0000", Span::new(9, 12), "word ".repeat(100).trim_end());
        let text = render(&long, "a.bt", TEXT);
        assert!(text.contains(&long.message) && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_terminal_gets_colours_and_lines_of_its_width() {
        let look = Look { colour: true, width: Some(40) };
        let long = Diagnostic::warning("E0000", Span::new(9, 12), "word ".repeat(100).trim_end());
        let text = render_for(&long, "a.bt", TEXT, look);
        assert!(text.contains('\u{1b}') && text.lines().count() > 10, "{text}");
        let yellow = render_for(&warning(), "a.bt", TEXT, look);
        let red = render_for(&Diagnostic { severity: Severity::Error, ..warning() }, "a.bt", TEXT, look);
        assert!(yellow.contains("warning here") && red.contains("error here"));
        assert!(!yellow.contains("\u{1b}[31m") && red.contains("\u{1b}[31m"), "{yellow}{red}");
    }

    #[test]
    fn the_end_of_a_source_is_behind_its_last_character() {
        for text in ["x := (", "x := (\n", "x := (\n\n  "] {
            let end = Span::empty(u32::try_from(text.len()).unwrap());
            let shown = render(&Diagnostic::error("E0000", end, "no more"), "a.bt", text);
            assert!(
                shown.contains("╭─[a.bt:1:7]\n 1 │ x := (\n   ·       ▲\n   ·       ╰── error here"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_far_is_named_by_its_line_and_what_is_near_is_drawn() {
        let far = render(&warning().with_label(Span::new(0, 1), "first here"), "a.bt", TEXT);
        assert!(far.contains("× no foo\n  │ = first here (line 1)\n"), "{far}");
        let near = render(&warning().with_label(Span::new(7, 8), "first here"), "a.bt", TEXT);
        assert!(near.contains("╰── first here") && !near.contains("(line"), "{near}");
    }
}
