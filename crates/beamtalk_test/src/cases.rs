//! Examples one after the other, in a session of their own.

use crate::TestError;
use crate::expectation::Expectation;
use beamtalk_node::NodeError;
use beamtalk_repl::{Evaluated, Program, ProgramSession, Unevaluated};
use std::time::Duration;
use tokio::time::timeout;

/// An example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its first line in its file.
    pub line: u32,
    /// What is evaluated.
    pub code: String,
    /// What it promises; without a promise it prepares what follows, and must not fail.
    pub promise: Option<Expectation>,
}

impl Case {
    /// How a report names it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("line {}", self.line)
    }

    /// Whether it promises anything.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.promise.is_some()
    }
}

/// What came of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'c> {
    /// The example.
    pub case: &'c Case,
    /// Why it failed.
    pub failure: Option<String>,
}

/// How strictly examples are tried.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// How long each may take.
    pub limit: Option<Duration>,
    /// One with a warning that it does not promise fails.
    pub warnings_as_errors: bool,
}

impl Rules {
    fn objection(self, promise: &Expectation, outcome: &Result<Evaluated, Unevaluated>) -> Option<String> {
        let speaks_of_warnings = matches!(promise, Expectation::Warning(_) | Expectation::NoWarning(_));
        let Ok(value) = outcome else { return None };
        (self.warnings_as_errors && !speaks_of_warnings && !value.warnings.is_empty())
            .then(|| format!("  warning:  {}", value.warnings.join("\n            ")))
    }
}

/// Opens a session.
///
/// # Errors
/// There is no node any more.
pub async fn open(program: &Program, session: &str) -> Result<ProgramSession, TestError> {
    program.open(session).await.map_err(|error| TestError::Node(NodeError::Protocol(error.message)))
}

/// Tries the examples. One that fails changes no variable, and the others go on.
///
/// # Errors
/// There is no node any more.
pub async fn run<'c>(
    program: &Program,
    session: &str,
    cases: &'c [Case],
    rules: Rules,
) -> Result<Vec<Verdict<'c>>, TestError> {
    let opened = open(program, session).await?;
    let mut verdicts = Vec::with_capacity(cases.len());
    for case in cases {
        let outcome = evaluate(&opened, &case.code, rules.limit).await?;
        let promise = case.promise.as_ref().unwrap_or(&Expectation::Success);
        let failure = promise.refuted_by(&outcome).or_else(|| rules.objection(promise, &outcome));
        verdicts.push(Verdict { case, failure });
    }
    // The node ends with the run.
    let _ = opened.close().await;
    Ok(verdicts)
}

async fn evaluate(
    session: &ProgramSession,
    code: &str,
    limit: Option<Duration>,
) -> Result<Result<Evaluated, Unevaluated>, TestError> {
    let Some(limit) = limit else { return Ok(session.evaluate(code).await) };
    if let Ok(outcome) = timeout(limit, session.evaluate(code)).await {
        return Ok(outcome);
    }
    session.interrupt().await?;
    Ok(Err(Unevaluated {
        kind: Some("timeout_error".into()),
        message: format!("timed out after {}s", limit.as_secs_f64()),
        hint: None,
        trace: Vec::new(),
    }))
}
