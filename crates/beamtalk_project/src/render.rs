//! Diagnostics for people: the sentence, the source lines with the place marked, and the help.

use std::fmt::Write as _;

use beamtalk_text::{Diagnostic, LineIndex, Severity, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report, SourceSpan,
    ThemeCharacters, ThemeStyles,
};
use serde::{Deserialize, Serialize};

use crate::excerpt::Excerpt;

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
    let place = |span: Span| {
        let span = visible(span, text);
        span.start as usize..span.end as usize
    };
    let mut message = diagnostic.message.clone();
    let mut places = vec![place(diagnostic.span)];
    let mut words = vec![here(diagnostic.severity)];
    let lines = LineIndex::new(text);
    let line = lines.line(diagnostic.span.start);
    for label in &diagnostic.labels {
        let at = lines.line(label.span.start);
        // What is near is drawn; of what is far the line is named.
        if at.abs_diff(line) <= CONTEXT {
            places.push(place(label.span));
            words.push(&label.text);
        } else {
            let _ = write!(message, "\n= {} (line {at})", label.text);
        }
    }
    let at = |offset: usize| lines.line(u32::try_from(offset).unwrap_or(u32::MAX));
    let first = places.iter().map(|place| at(place.start)).min().unwrap_or(line);
    let last = places.iter().map(|place| at(place.end)).max().unwrap_or(line);
    let excerpt = Excerpt::new(text, &lines, (first, last, CONTEXT), &mut places);
    let labels = places.into_iter().zip(words).map(|(place, words)| {
        LabeledSpan::new_with_span(Some(words.to_owned()), SourceSpan::new(place.start.into(), place.len()))
    });
    let mut report = MietteDiagnostic::new(message.clone()).with_code(header).with_labels(labels);
    if let Some(help) = &diagnostic.help {
        report = report.with_help(help.clone());
    }
    let report = Report::new(report).with_source_code(NamedSource::new(path, excerpt));
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
    fn of_a_long_line_only_what_is_near_the_place_is_drawn() {
        let line = format!("a := \"{}ä\" zork. \"{}\"", "x".repeat(70_000), "y".repeat(70_000));
        let text = format!("first\n{line}\nlast\n{}\n", "z".repeat(5000));
        let start = u32::try_from(text.find("zork").unwrap()).unwrap();
        let shown =
            render(&Diagnostic::error("E0000", Span::new(start, start + 4), "no zork"), "a.bt", &text);
        assert!(shown.contains("╭─[a.bt:2:70011]") && shown.len() < 2000, "{shown}");
        let marked = shown.lines().find(|line| line.starts_with(" 2 │")).expect("the place");
        let mark = shown.lines().find(|line| line.contains('┬')).expect("the mark");
        let column = |line: &str, mark: &str| line[..line.find(mark).expect("it")].chars().count();
        assert_eq!(column(marked, "zork"), column(mark, "─"), "{shown}");
        let all = Diagnostic::error("E0000", Span::new(7, u32::try_from(text.len()).unwrap()), "all of it");
        assert!(render(&all, "a.bt", &text).len() < 4000);
    }

    #[test]
    fn what_is_far_is_named_by_its_line_and_what_is_near_is_drawn() {
        let far = render(&warning().with_label(Span::new(0, 1), "first here"), "a.bt", TEXT);
        assert!(far.contains("× no foo\n  │ = first here (line 1)\n"), "{far}");
        let near = render(&warning().with_label(Span::new(7, 8), "first here"), "a.bt", TEXT);
        assert!(near.contains("╰── first here") && !near.contains("(line"), "{near}");
    }
}
