//! A report for programs: one JSON object a line, the last one the summary (spec 05b section 8, 07 section 14).

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::report::{Finding, Report, SEVERITIES, Task};

impl Report {
    /// The lines, each with its line feed. `quiet` leaves out what is no error.
    #[must_use]
    pub fn json_lines(&self, quiet: bool) -> String {
        let shown = self.shown(quiet);
        let mut out = String::new();
        for finding in &shown {
            let _ = writeln!(out, "{}", line(finding));
        }
        let mut summary = summary(&shown);
        summary.insert("files_checked".into(), json!(self.files));
        summary.insert("ok".into(), json!(self.ok));
        summary.insert("notes".into(), json!(self.notes));
        if self.task == Task::Build {
            summary.insert("compiled".into(), json!(self.compiled));
            summary.insert("modules".into(), json!(self.modules));
            summary.insert("output".into(), json!(self.output));
        }
        let _ = writeln!(out, "{}", Value::Object(summary));
        out
    }
}

/// What stands in the place of a report where there is none: why, and a summary.
#[must_use]
pub fn refusal_lines(code: Option<&str>, message: &str, help: Option<&str>) -> String {
    let error = json!({ "severity": "error", "code": code, "message": message, "hint": help });
    let mut summary = summary(&[]);
    summary.insert("ok".into(), json!(false));
    format!("{error}\n{}\n", Value::Object(summary))
}

fn line(finding: &Finding) -> Value {
    let notes: Vec<Value> = finding
        .notes
        .iter()
        .map(|note| json!({ "message": note.message, "span_start": note.start, "span_end": note.end }))
        .collect();
    json!({
        "file": finding.shown,
        "severity": finding.severity,
        "code": finding.code,
        "category": finding.category,
        "message": finding.message,
        "line": finding.line,
        "column": finding.column,
        "span_start": finding.start,
        "span_end": finding.end,
        "hint": finding.help,
        "notes": notes,
    })
}

fn summary(findings: &[&Finding]) -> Map<String, Value> {
    let mut families: Vec<String> = findings.iter().map(|finding| finding.family()).collect();
    families.sort();
    families.dedup();
    let by_category: Map<String, Value> = families
        .into_iter()
        .map(|family| {
            let of: Vec<&Finding> =
                findings.iter().copied().filter(|finding| finding.family() == family).collect();
            let mut totals = by_severity(&of);
            totals.insert("total".into(), json!(of.len()));
            (family, Value::Object(totals))
        })
        .collect();
    let mut summary = Map::new();
    summary.insert("type".into(), json!("summary"));
    summary.insert("total".into(), json!(findings.len()));
    summary.insert("totals_by_severity".into(), Value::Object(by_severity(findings)));
    summary.insert("totals_by_category".into(), Value::Object(by_category));
    summary
}

fn by_severity(findings: &[&Finding]) -> Map<String, Value> {
    let count = |severity: &str| findings.iter().filter(|finding| finding.severity == severity).count();
    SEVERITIES.iter().map(|severity| ((*severity).to_owned(), json!(count(severity)))).collect()
}
