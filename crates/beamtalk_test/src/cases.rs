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

/// Tries the examples. One that fails changes no variable, and the others go on.
///
/// # Errors
/// There is no node any more.
pub async fn run<'c>(
    program: &Program,
    session: &str,
    cases: &'c [Case],
    limit: Option<Duration>,
) -> Result<Vec<Verdict<'c>>, TestError> {
    let opened =
        program.open(session).await.map_err(|error| TestError::Node(NodeError::Protocol(error.message)))?;
    let mut verdicts = Vec::with_capacity(cases.len());
    for case in cases {
        let outcome = evaluate(&opened, &case.code, limit).await?;
        let promise = case.promise.as_ref().unwrap_or(&Expectation::Success);
        verdicts.push(Verdict { case, failure: promise.refuted_by(&outcome) });
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
    }))
}
