//! Telling how a run went: text for people (spec 07 section 11.4), one JSON object for programs.

use crate::outcome::{Outcome, Status, Tally};
use serde_json::{Value, json};
use std::fmt::Write;

/// A text for standard output, and one for standard error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What passed, and the summary when all did.
    pub out: String,
    /// Failures with their summary.
    pub err: String,
}

/// The report of test classes. `quiet` leaves out the classes that passed.
#[must_use]
pub fn of_classes(tally: &Tally, quiet: bool) -> Report {
    let mut report = Report { out: rows(tally, quiet), err: String::new() };
    let files = tally.files();
    let seconds = tally.duration.as_secs_f64();
    let summary = format!("{files} file(s), {} ({seconds:.1}s)", counts(&tally.outcomes));
    if tally.failures().next().is_none() {
        let _ = writeln!(report.out, "{summary}");
        return report;
    }
    for failure in tally.failures() {
        let _ = writeln!(report.err, "FAIL {} {}: {}", failure.class, failure.name, failure.message);
    }
    let _ = write!(report.err, "\n{summary}\n");
    report
}

/// The report of script files; names of outcomes are lines of theirs.
#[must_use]
pub fn of_scripts(tally: &Tally, quiet: bool) -> Report {
    let mut report = Report { out: rows(tally, quiet), err: String::new() };
    for failure in tally.failures() {
        let line = failure.line.map_or_else(String::new, |line| format!(":{line}"));
        let _ = writeln!(report.err, "FAIL {}{line} `{}`\n{}", failure.file, failure.name, failure.message);
    }
    let (passed, failed) = (tally.count(Status::Passed), tally.count(Status::Failed));
    let total = tally.outcomes.len();
    let _ =
        writeln!(report.out, "{} file(s), {total} tests, {passed} passed, {failed} failed", tally.files());
    report
}

/// A line for each class, or each script, and an empty one behind them.
fn rows(tally: &Tally, quiet: bool) -> String {
    let mut text = String::new();
    for run in runs_of(&tally.outcomes, |outcome| (&outcome.file, &outcome.class)) {
        let failed = run.iter().any(|outcome| outcome.status == Status::Failed);
        if failed || !quiet {
            let mark = if failed { '✗' } else { '✓' };
            let _ = writeln!(text, "  {}: {} {mark}", run[0].class, counts(run));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// `14 tests, 1 passed, 1 skipped, 12 failed`
fn counts(outcomes: &[Outcome]) -> String {
    let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    let mut text = format!("{} tests, {} passed", outcomes.len(), count(Status::Passed));
    for (status, word) in [(Status::Skipped, "skipped"), (Status::Failed, "failed")] {
        match count(status) {
            0 => {}
            number => {
                let _ = write!(text, ", {number} {word}");
            }
        }
    }
    text
}

/// Neighbours with the same key.
fn runs_of<'o, K: PartialEq>(
    outcomes: &'o [Outcome],
    key: impl Fn(&'o Outcome) -> K,
) -> impl Iterator<Item = &'o [Outcome]> {
    let mut rest = outcomes;
    std::iter::from_fn(move || {
        let first = key(rest.first()?);
        let length = rest.iter().take_while(|outcome| key(outcome) == first).count();
        let (run, later) = rest.split_at(length);
        rest = later;
        Some(run)
    })
}

/// The report for programs.
#[must_use]
pub fn json(tally: &Tally) -> Value {
    let tests: Vec<Value> = tally.outcomes.iter().map(outcome_json).collect();
    json!({
        "total": tally.outcomes.len(),
        "passed": tally.count(Status::Passed),
        "failed": tally.count(Status::Failed),
        "skipped": tally.count(Status::Skipped),
        "duration": tally.duration.as_secs_f64(),
        "tests": tests,
    })
}

fn outcome_json(outcome: &Outcome) -> Value {
    let (status, error, reason) = match outcome.status {
        Status::Passed => ("pass", None, None),
        Status::Failed => ("fail", Some(&outcome.message), None),
        Status::Skipped => ("skip", None, Some(&outcome.message)),
    };
    let mut entry = json!({
        "class": outcome.class,
        "name": outcome.name,
        "status": status,
        "error": error,
        "line": outcome.line,
        "file": outcome.file,
    });
    if let Some(reason) = reason {
        entry["reason"] = json!(reason);
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn outcome(class: &str, name: &str, status: Status) -> Outcome {
        let message = if status == Status::Passed { "" } else { "Expected 3, got 4" };
        Outcome {
            file: format!("{class}.bt"),
            class: class.into(),
            name: name.into(),
            status,
            message: message.into(),
            line: Some(7),
        }
    }

    fn tally(outcomes: &[Outcome]) -> Tally {
        Tally { outcomes: outcomes.to_vec(), duration: Duration::from_millis(4321) }
    }

    #[test]
    fn a_run_without_failure_is_told_on_standard_output() {
        let tally = tally(&[
            outcome("TallyTest", "testA", Status::Passed),
            outcome("TallyTest", "testB", Status::Passed),
            outcome("TallyTest", "testC", Status::Skipped),
            outcome("BoxTest", "testA", Status::Passed),
        ]);
        let report = of_classes(&tally, false);
        assert_eq!(
            report.out,
            "  TallyTest: 3 tests, 2 passed, 1 skipped ✓\n  BoxTest: 1 tests, 1 passed ✓\n\n2 file(s), 4 tests, 3 passed, 1 skipped (4.3s)\n"
        );
        assert_eq!(report.err, "");
        assert_eq!(of_classes(&tally, true).out, "2 file(s), 4 tests, 3 passed, 1 skipped (4.3s)\n");
    }

    #[test]
    fn failures_and_their_summary_are_told_on_standard_error() {
        let tally = tally(&[
            outcome("RingTest", "testA", Status::Failed),
            outcome("RingTest", "testB", Status::Passed),
        ]);
        let report = of_classes(&tally, true);
        assert_eq!(report.out, "  RingTest: 2 tests, 1 passed, 1 failed ✗\n\n");
        assert_eq!(
            report.err,
            "FAIL RingTest testA: Expected 3, got 4\n\n1 file(s), 2 tests, 1 passed, 1 failed (4.3s)\n"
        );
    }

    #[test]
    fn programs_get_one_object() {
        let tally = tally(&[
            outcome("RingTest", "testA", Status::Failed),
            outcome("RingTest", "testB", Status::Passed),
            outcome("RingTest", "testC", Status::Skipped),
        ]);
        let json = json(&tally);
        assert_eq!(
            (&json["total"], &json["passed"], &json["failed"], &json["skipped"]),
            (&json!(3), &json!(1), &json!(1), &json!(1))
        );
        let first = json!({
            "class": "RingTest", "name": "testA", "status": "fail", "error": "Expected 3, got 4", "line": 7,
            "file": "RingTest.bt",
        });
        assert_eq!(json["tests"][0], first);
        assert_eq!(json["tests"][1]["error"], Value::Null);
        assert_eq!(json["tests"][2]["reason"], "Expected 3, got 4");
    }
}
