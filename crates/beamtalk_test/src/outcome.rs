//! What tests came to.

pub use beamtalk_node::TestStatus as Status;

use beamtalk_node::TestOutcome;
use std::time::Duration;

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The file that holds it.
    pub file: String,
    /// Its class.
    pub class: String,
    /// Its selector, or where an example stands.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Why it failed or was skipped.
    pub message: String,
    /// The line to look at: where it failed, else where the test begins.
    pub line: Option<u64>,
}

impl Outcome {
    /// What a node said of a test of this file.
    #[must_use]
    pub fn of(outcome: TestOutcome, file: &str) -> Self {
        Self {
            file: file.to_owned(),
            class: outcome.class,
            name: outcome.name,
            status: outcome.status,
            message: outcome.message,
            line: outcome.line,
        }
    }
}

/// All tests of a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// In the order of the report.
    pub outcomes: Vec<Outcome>,
    /// How long they took.
    pub duration: Duration,
}

impl Tally {
    /// How many ended so.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }

    /// Those that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.status == Status::Failed)
    }

    /// The number of files with tests.
    #[must_use]
    pub fn files(&self) -> usize {
        let mut files: Vec<&str> = self.outcomes.iter().map(|outcome| outcome.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files.len()
    }
}
