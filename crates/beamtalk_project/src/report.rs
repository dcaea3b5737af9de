//! What a build answers: data for programs, and the text for people (spec 07 sections 7.4 and 7.5).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use beamtalk_text::{Category, Diagnostic, LineIndex, Severity};
use serde::{Deserialize, Serialize};

use crate::policy::{CATEGORIES, is_never_promoted};
use crate::render::{Look, render_for, visible};

/// What was asked of a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Write what changed.
    #[default]
    Build,
    /// Only tell.
    Check,
    /// Tell of style too.
    Lint,
}

/// What a build, a check or a lint came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which of them.
    pub task: Task,
    /// Whether there was no error.
    pub ok: bool,
    /// Number of source files.
    pub files: usize,
    /// How many of them had to be compiled.
    pub compiled: usize,
    /// How many Erlang modules were compiled.
    #[serde(default)]
    pub natives: usize,
    /// The folder of the modules.
    pub output: String,
    /// Modules written, sorted.
    pub modules: Vec<String>,
    /// What is to be said of sources, by file and place.
    pub diagnostics: Vec<Finding>,
    /// Remarks that concern no source.
    pub notes: Vec<String>,
    /// The first file with an error, as it is shown.
    pub failed: Option<String>,
}

/// A diagnostic of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The file, below the project's root.
    pub path: String,
    /// The same as seen from the folder of the user.
    pub shown: String,
    /// `error`, `warning`, `hint` or `lint`.
    pub severity: String,
    /// The stable code.
    pub code: String,
    /// The family by its manifest name.
    pub category: Option<String>,
    /// The sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Further places.
    pub notes: Vec<Note>,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The line of the last character.
    pub end_line: u32,
    /// The column just past the last character.
    pub end_column: u32,
    /// Byte offsets of the place.
    pub start: u32,
    /// Just past its last byte.
    pub end: u32,
    /// The same for people, with the source lines.
    pub rendered: String,
}

/// A further place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What is to be seen there.
    pub message: String,
    /// Byte offsets of the place.
    pub start: u32,
    /// Just past its last byte.
    pub end: u32,
}

impl Finding {
    /// A diagnostic of the file `path`, shown as `shown`, of that text.
    #[must_use]
    pub fn new(diagnostic: &Diagnostic, path: &str, shown: &str, text: &str, look: Look) -> Self {
        let lines = LineIndex::new(text);
        let place = visible(diagnostic.span, text);
        let (at, end) = (lines.position(place.start), lines.position(place.end));
        let notes = diagnostic.labels.iter().map(|label| Note {
            message: label.text.clone(),
            start: label.span.start,
            end: label.span.end,
        });
        Self {
            path: path.to_owned(),
            shown: shown.strip_prefix("./").unwrap_or(shown).to_owned(),
            severity: severity_name(diagnostic.severity).to_owned(),
            code: diagnostic.code.to_owned(),
            category: diagnostic.category.and_then(category_key).map(str::to_owned),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            notes: notes.collect(),
            line: at.line,
            column: at.column,
            end_line: end.line,
            end_column: end.column,
            start: place.start,
            end: place.end,
            rendered: render_for(diagnostic, shown, text, look),
        }
    }

    /// The name of its family in tables.
    #[must_use]
    pub fn family(&self) -> String {
        self.category().map_or_else(|| "Other".to_owned(), |category| format!("{category:?}"))
    }

    fn category(&self) -> Option<Category> {
        let key = self.category.as_deref()?;
        CATEGORIES.iter().find(|(name, _)| *name == key).map(|(_, category)| *category)
    }

    /// Whether it stops the build.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

impl Report {
    /// What is printed on standard error. `quiet` leaves out what is no error.
    #[must_use]
    pub fn text(&self, quiet: bool) -> String {
        let mut out = self.progress();
        if self.natives > 0 {
            let plural = if self.natives == 1 { "" } else { "s" };
            let _ = writeln!(out, "Compiled {} native Erlang file{plural}", self.natives);
        }
        let shown = self.shown(quiet);
        for finding in &shown {
            out.push_str(finding.rendered.trim_end());
            out.push_str("\n\n");
        }
        for note in &self.notes {
            let _ = writeln!(out, "{note}");
        }
        if let (Some(failed), Task::Build | Task::Check) = (&self.failed, self.task) {
            let _ = writeln!(out, "  × Failed to compile '{failed}'");
        }
        if !quiet && !shown.is_empty() {
            out.push_str(&summary(&shown));
        }
        if self.task == Task::Lint && self.has_lints() {
            let count = self.diagnostics.iter().filter(|finding| finding.severity == "lint").count();
            let plural = if count == 1 { "" } else { "s" };
            let _ = writeln!(out, "  × {count} lint diagnostic{plural} found in {} file(s)", self.files);
        }
        out
    }

    /// The findings, all or the errors only.
    #[must_use]
    pub fn shown(&self, quiet: bool) -> Vec<&Finding> {
        self.diagnostics.iter().filter(|finding| !quiet || finding.is_error()).collect()
    }

    /// Whether whoever asked should take it for a failure: a lint asks for style, the others for errors.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        match self.task {
            Task::Build | Task::Check => !self.ok,
            Task::Lint => self.has_lints(),
        }
    }

    fn has_lints(&self) -> bool {
        self.diagnostics.iter().any(|finding| finding.severity == "lint")
    }

    fn progress(&self) -> String {
        match (self.task, self.files, self.compiled) {
            (Task::Lint, ..) => String::new(),
            (Task::Check, all, _) => format!("Checking {all} files\n"),
            (Task::Build, all, 0) => format!("All {all} files unchanged — nothing to compile\n"),
            (Task::Build, all, some) if all == some => format!("Compiling {all} files\n"),
            (Task::Build, all, some) => {
                format!("Compiling {some} of {all} files ({} unchanged)\n", all - some)
            }
        }
    }
}

#[derive(Default)]
struct Row {
    total: usize,
    by_severity: [usize; 4],
}

fn summary(findings: &[&Finding]) -> String {
    let mut files: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut all = Row::default();
    for finding in findings {
        let rank = SEVERITIES.iter().position(|name| *name == finding.severity).unwrap_or(0);
        for row in [rows.entry(finding.family()).or_default(), &mut all] {
            row.total += 1;
            row.by_severity[rank] += 1;
        }
    }
    let mut rows: Vec<(String, Row)> = rows.into_iter().collect();
    // Stable: rows of equal count stay in the order of their names.
    rows.sort_by_key(|row| std::cmp::Reverse(row.1.total));
    let files = files.len();
    let mut out = format!("Diagnostic summary ({files} file{}):\n", if files == 1 { "" } else { "s" });
    for (label, row) in rows {
        let worst = row.by_severity.iter().position(|count| *count > 0).unwrap_or(0);
        let spared = CATEGORIES
            .iter()
            .any(|(_, category)| format!("{category:?}") == label && is_never_promoted(*category));
        let note = if spared { "(excluded from --warnings-as-errors)" } else { "" };
        let line = format!("  {label:<20}  {} {:<13}{note}", row.by_severity[worst], SEVERITIES[worst]);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let parts: Vec<String> = all
        .by_severity
        .iter()
        .zip(SEVERITIES)
        .filter(|(count, _)| **count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let _ = writeln!(out, "  {:<17}  {}  ({})", "Total", all.total, parts.join(", "));
    out
}

/// By gravity.
pub(crate) const SEVERITIES: [&str; 4] = ["error", "warning", "hint", "lint"];

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
        Severity::Lint => "lint",
    }
}

fn category_key(category: Category) -> Option<&'static str> {
    CATEGORIES.iter().find(|(_, each)| *each == category).map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use beamtalk_text::Span;

    fn finding(diagnostic: &Diagnostic) -> Finding {
        Finding::new(
            diagnostic,
            "src/A.bt",
            "./src/A.bt",
            "Object subclass: A\n  run => 1 foo\n",
            Look::PLAIN,
        )
    }

    #[test]
    fn a_diagnostic_is_shown_as_the_specification_shows_it() {
        let hint = Diagnostic::hint("E0000", Span::new(28, 33), "no foo")
            .with_help("try bar")
            .in_category(Category::Dnu);
        let text = finding(&hint).rendered;
        assert!(text.starts_with("beamtalk::compile::E0000\n\n  × no foo\n"), "{text}");
        assert!(
            text.contains("╭─[./src/A.bt:2:10]")
                && text.contains("hint here")
                && text.contains("help: try bar"),
            "{text}"
        );
    }

    #[test]
    fn the_summary_counts_by_category() {
        let at = Span::new(0, 1);
        let report = Report {
            files: 3,
            compiled: 2,
            diagnostics: vec![
                finding(&Diagnostic::hint("E0000", at, "a").in_category(Category::Dnu)),
                finding(&Diagnostic::hint("E0000", at, "b").in_category(Category::Dnu)),
                finding(&Diagnostic::warning("E0000", at, "c").in_category(Category::UnresolvedClass)),
            ],
            ..Report::default()
        };
        let text = report.text(false);
        assert!(text.starts_with("Compiling 2 of 3 files (1 unchanged)\n"), "{text}");
        let summary = "Diagnostic summary (1 file):\n  Dnu                   2 hint\n  UnresolvedClass       1 warning      (excluded from --warnings-as-errors)\n  Total              3  (1 warning, 2 hint)\n";
        assert!(text.ends_with(summary), "{text}");
        assert_eq!(report.text(true), "Compiling 2 of 3 files (1 unchanged)\n");
    }

    #[test]
    fn unchanged_files_are_said_to_be_unchanged() {
        let report = Report { files: 4, ..Report::default() };
        assert_eq!(report.text(false), "All 4 files unchanged — nothing to compile\n");
    }
}
