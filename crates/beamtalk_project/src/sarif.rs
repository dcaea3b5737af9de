//! A report in SARIF, the format of code-scanning services (OASIS, Static Analysis Results Interchange Format 2.1.0).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::report::{Finding, Report};

impl Report {
    /// One log with one run. `quiet` leaves out what is no error.
    #[must_use]
    pub fn sarif(&self, quiet: bool) -> Value {
        let shown = self.shown(quiet);
        let codes: BTreeSet<&str> = shown.iter().map(|finding| finding.code.as_str()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let results: Vec<Value> = shown.iter().map(|finding| result(finding, &codes)).collect();
        let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "beamtalk",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                // Columns count characters (section 3.14.17).
                "columnKind": "unicodeCodePoints",
                "invocations": [{ "executionSuccessful": true, "exitCode": u8::from(self.has_failed()) }],
                "results": results,
            }],
        })
    }
}

fn result(finding: &Finding, codes: &[&str]) -> Value {
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push('\n');
        text.push_str(help);
    }
    let artifact = json!({ "uri": uri(&finding.shown), "uriBaseId": "%SRCROOT%" });
    let related: Vec<Value> = finding
        .notes
        .iter()
        .map(|note| {
            let region = json!({ "byteOffset": note.start, "byteLength": note.end - note.start });
            json!({
                "physicalLocation": { "artifactLocation": artifact, "region": region },
                "message": { "text": note.message },
            })
        })
        .collect();
    json!({
        "ruleId": finding.code,
        "ruleIndex": codes.binary_search(&finding.code.as_str()).unwrap_or(0),
        "level": level(&finding.severity),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": artifact,
            "region": {
                "startLine": finding.line,
                "startColumn": finding.column,
                "endLine": finding.end_line,
                "endColumn": finding.end_column,
                "byteOffset": finding.start,
                "byteLength": finding.end - finding.start,
            },
        } }],
        "relatedLocations": related,
        "properties": { "category": finding.category },
    })
}

/// SARIF knows three levels (section 3.27.10).
fn level(severity: &str) -> &'static str {
    match severity {
        "error" => "error",
        "warning" => "warning",
        _ => "note",
    }
}

/// A path as a relative reference (RFC 3986 section 4.2).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Look;
    use beamtalk_text::{Diagnostic, Span};

    fn log() -> Value {
        let text = "Object subclass: A\n  run => 1 foo\n";
        let hint = Diagnostic::hint("E0304", Span::new(28, 33), "no foo")
            .with_help("try bar")
            .with_label(Span::new(17, 18), "in this class");
        let error = Diagnostic::error("E0201", Span::new(0, 6), "no");
        let find = |each: &Diagnostic| Finding::new(each, "src/Ä b.bt", "./src/Ä b.bt", text, Look::PLAIN);
        Report { diagnostics: vec![find(&hint), find(&error)], ..Report::default() }.sarif(false)
    }

    /// The members that the schema of SARIF 2.1.0 requires, and the kinds of those that we write.
    #[test]
    fn a_log_has_what_the_schema_requires() {
        let log = log();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "beamtalk");
        assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!((rules.len(), results.len()), (2, 2));
        for result in results {
            assert!(result["message"]["text"].is_string());
            assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note" | "none")));
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[rule]["id"], result["ruleId"]);
            let places = result["locations"].as_array().unwrap().iter();
            for place in places.chain(result["relatedLocations"].as_array().unwrap()) {
                let place = &place["physicalLocation"];
                assert_eq!(place["artifactLocation"]["uri"], "src/%C3%84%20b.bt");
                let region = place["region"].as_object().unwrap();
                for (member, value) in region {
                    let least = u64::from(!member.starts_with("byte"));
                    assert!(value.as_u64().is_some_and(|value| value >= least), "{member}: {value}");
                }
            }
        }
    }

    #[test]
    fn places_are_counted_from_one_in_characters() {
        let log = log();
        let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["startLine"], &region["startColumn"]), (&json!(2), &json!(10)));
        assert_eq!((&region["endLine"], &region["endColumn"]), (&json!(2), &json!(15)));
    }
}
