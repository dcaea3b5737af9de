//! Diagnostics for people: the sentence, the source lines with the place marked, and the help.

use beamtalk_text::{Diagnostic, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report, SourceOffset,
    SourceSpan,
};

/// The diagnostic as text, without colours, under its code. `path` and `text` are its source.
#[must_use]
pub fn render(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    render_under(diagnostic.code, diagnostic, path, text)
}

/// The diagnostic as text, without colours, under a header.
#[must_use]
pub fn render_under(header: &str, diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    let here = match diagnostic.severity {
        Severity::Error => "error here",
        Severity::Warning => "warning here",
        Severity::Hint => "hint here",
        Severity::Lint => "lint here",
    };
    let place = |span: beamtalk_text::Span, label: &str| {
        let start = (span.start as usize).min(text.len());
        let length = (span.len() as usize).min(text.len() - start);
        LabeledSpan::new_with_span(Some(label.to_owned()), SourceSpan::new(SourceOffset::from(start), length))
    };
    let mut labels = vec![place(diagnostic.span, here)];
    labels.extend(diagnostic.labels.iter().map(|label| place(label.span, &label.text)));
    let mut report = MietteDiagnostic::new(diagnostic.message.clone()).with_code(header).with_labels(labels);
    if let Some(help) = &diagnostic.help {
        report = report.with_help(help.clone());
    }
    let report = Report::new(report).with_source_code(NamedSource::new(path, text.to_owned()));
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_context_lines(3);
    if handler.render_report(&mut out, report.as_ref()).is_err() {
        out = format!("{}: {}", diagnostic.code, diagnostic.message);
    }
    out
}
