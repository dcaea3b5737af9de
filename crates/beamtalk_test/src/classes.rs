//! Running test classes on a node: several at once, and in spite of tests that end the node.

use crate::environment::SESSION;
use crate::outcome::{Outcome, Status};
use beamtalk_node::{Node, NodeError, TestClass};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How often a node that ended is tried again.
const MOST_STARTS: usize = 5;

/// How test classes are run.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many classes at once.
    pub jobs: usize,
    /// How long each test may take.
    pub limit: Option<Duration>,
}

/// A class to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The class, with the tests that are wanted.
    pub class: TestClass,
    /// The file that defines it, as it is shown.
    pub file: String,
}

/// Runs the classes; the outcomes come in their order.
pub async fn run(node: &Node, plans: Vec<Plan>, pace: Pace) -> Vec<Vec<Outcome>> {
    let mut done: BTreeMap<usize, Vec<Outcome>> = BTreeMap::new();
    let mut suspects: Vec<usize> = Vec::new();
    let count = plans.len();
    let plans = Arc::new(plans);
    let turns = Arc::new(Semaphore::new(pace.jobs.max(1)));
    let mut running = JoinSet::new();
    for index in (0..count).filter(|index| !plans[*index].class.serial) {
        // Waited for here, so that the classes begin in their order. The semaphore is never closed.
        let turn = turns.clone().acquire_owned().await;
        let (node, plans) = (node.clone(), plans.clone());
        running.spawn(async move {
            let _turn = turn;
            (index, whole(&node, &plans[index], pace.limit).await)
        });
    }
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok((index, Some(outcomes))) => drop(done.insert(index, outcomes)),
            Ok((index, None)) => suspects.push(index),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    suspects.sort_unstable();
    for index in (0..count).filter(|index| plans[*index].class.serial) {
        match whole(node, &plans[index], pace.limit).await {
            Some(outcomes) => drop(done.insert(index, outcomes)),
            None => suspects.push(index),
        }
    }
    for index in suspects {
        done.insert(index, one_by_one(node, &plans[index], pace.limit).await);
    }
    done.into_values().collect()
}

/// All tests of a class; `None` when the node ended meanwhile, which another class may be to blame for.
async fn whole(node: &Node, plan: &Plan, limit: Option<Duration>) -> Option<Vec<Outcome>> {
    match node.test(SESSION, &plan.class.module, plan.class.tests.clone(), limit).await {
        Ok(outcomes) => Some(outcomes.into_iter().map(|outcome| Outcome::of(outcome, &plan.file)).collect()),
        Err(NodeError::Raised(raised)) => {
            let failed = |test| crashed(plan, test, &raised.message);
            Some(plan.class.tests.iter().map(failed).collect())
        }
        Err(_) => None,
    }
}

/// Each test by itself, to find the one that ends the node.
async fn one_by_one(node: &Node, plan: &Plan, limit: Option<Duration>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for test in &plan.class.tests {
        for _ in 0..MOST_STARTS {
            if node.ping().await.is_ok() {
                break;
            }
        }
        match node.test(SESSION, &plan.class.module, vec![test.clone()], limit).await {
            Ok(found) => {
                outcomes.extend(found.into_iter().map(|outcome| Outcome::of(outcome, &plan.file)));
            }
            Err(error) => outcomes.push(crashed(plan, test, &error.to_string())),
        }
    }
    outcomes
}

fn crashed(plan: &Plan, test: &String, reason: &str) -> Outcome {
    Outcome {
        file: plan.file.clone(),
        class: plan.class.class.clone(),
        name: test.clone(),
        status: Status::Failed,
        message: format!("Test worker crashed: {reason}\n  at {}>>{test}", plan.class.class),
        line: None,
    }
}
