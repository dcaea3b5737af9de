//! The operations that run tests of the classes that are loaded (spec 06 section 7.4).

use crate::connection::Client;
use crate::host::Host;
use crate::ops::session_of;
use crate::reply::{Failure, Frame, Outcome};
use crate::wire::Request;
use beamtalk_node::{TestClass, TestOutcome, TestStatus};
use serde_json::{Value, json};
use std::time::Instant;

/// `test`: of a class, of a file, or one method; of everything when nothing is named.
pub(crate) async fn test(host: &Host, client: &Client, request: &Request) -> Outcome {
    let (class, file) = (request.optional_text("class")?, request.optional_text("file")?);
    let method = request.optional_text("method")?;
    let mut classes = host.image.node.tests(None).await?;
    if let Some(name) = class {
        classes.retain(|each| each.class == name);
        if classes.is_empty() {
            return Err(Failure::new(format!("Unknown class: {name}")));
        }
    }
    if let Some(path) = file {
        classes.retain(|each| each.file.as_ref().is_some_and(|file| file.ends_with(path)));
    }
    if let Some(selector) = method {
        for each in &mut classes {
            each.tests.retain(|test| test == selector);
        }
        if classes.iter().all(|each| each.tests.is_empty()) {
            return Err(Failure::new(format!("Unknown test: {selector}")));
        }
    }
    run(host, client, request, classes).await
}

/// `test-all`
pub(crate) async fn test_all(host: &Host, client: &Client, request: &Request) -> Outcome {
    let classes = host.image.node.tests(None).await?;
    run(host, client, request, classes).await
}

/// `list-tests`
pub(crate) async fn list(host: &Host) -> Outcome {
    let classes = host.image.node.tests(None).await?;
    let listed: Vec<Value> =
        classes.iter().map(|each| json!({"class": each.class, "selectors": each.tests})).collect();
    Ok(Frame::new().with("value", json!({"classes": listed})))
}

async fn run(host: &Host, client: &Client, request: &Request, classes: Vec<TestClass>) -> Outcome {
    let session = session_of(host, client, request)?;
    host.image.open(&session).await?;
    session.begin(request.envelope.clone(), client.outbox().clone(), request.flag("stream")?)?;
    let begun = Instant::now();
    let mut outcomes = Vec::new();
    let mut failed = Ok(());
    for class in classes {
        match host.image.node.test(session.id(), &class.module, class.tests, None).await {
            Ok(found) => outcomes.extend(found),
            Err(error) => {
                failed = Err(Failure::from(error));
                break;
            }
        }
    }
    let output = Frame::new().with_some("output", session.end());
    failed?;
    let results = results(&outcomes, begun.elapsed().as_secs_f64());
    let status = if results["failed"] == 0 { json!(["done"]) } else { json!(["done", "test-error"]) };
    Ok(Frame::new().with("results", results).and(output).with("status", status))
}

fn results(outcomes: &[TestOutcome], seconds: f64) -> Value {
    let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    json!({
        "total": outcomes.len(),
        "passed": count(TestStatus::Passed),
        "failed": count(TestStatus::Failed),
        "skipped": count(TestStatus::Skipped),
        "duration": seconds,
        "tests": outcomes.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(outcome: &TestOutcome) -> Value {
    let (status, why) = match outcome.status {
        TestStatus::Passed => ("pass", None),
        TestStatus::Failed => ("fail", Some("error")),
        TestStatus::Skipped => ("skip", Some("reason")),
    };
    let mut row = json!({"class": outcome.class, "name": outcome.name, "status": status});
    if let Some(why) = why {
        row[why] = json!(outcome.message);
    }
    row
}
