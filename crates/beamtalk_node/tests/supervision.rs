//! A supervised node, played by threads: requests, events, death and succession.

use beamtalk_node::fake::FakeNode;
use beamtalk_node::{
    Answer, Call, CodeModule, Display, EvalValue, Evaluation, Event, ModuleState, Node, NodeError,
    NodeListener, Question, Refusal, VariableKind,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

struct Fixture {
    _dir: TempDir,
    node: Node,
    events: Arc<Mutex<Vec<Event>>>,
    log: Arc<Mutex<Vec<String>>>,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let listener = NodeListener::bind(&dir.path().join("n/node.sock")).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let starter = FakeNode::default();
    let log = starter.log.clone();
    let on_event = Arc::new(move |event| sink.lock().unwrap().push(event));
    let node = Node::supervise(listener, starter, None, on_event).unwrap();
    Fixture { _dir: dir, node, events, log }
}

fn module(name: &str, script: &str) -> CodeModule {
    CodeModule { name: name.into(), file: "f.bt".into(), beam: script.as_bytes().to_vec() }
}

async fn eval(node: &Node, script: &str) -> Result<EvalValue, NodeError> {
    let code = module("bt@eval@1", script);
    node.eval(Evaluation { session: "s".into(), code }).await
}

#[tokio::test]
async fn an_evaluation_answers_value_variables_and_module() {
    let it = fixture();
    it.node.open_session("s").await.unwrap();
    let answer = eval(&it.node, "set x\nhold\ninteger 7").await.unwrap();
    assert_eq!(answer.value, Display::Integer(7.into()));
    assert_eq!(answer.bindings, [("x".to_owned(), VariableKind::Value)]);
    assert_eq!(answer.module, ModuleState::Held);
}

#[tokio::test]
async fn output_arrives_before_the_answer() {
    let it = fixture();
    it.node.open_session("s").await.unwrap();
    eval(&it.node, "print a\nprint b").await.unwrap();
    let events = it.events.lock().unwrap();
    let output: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Output { bytes, .. } => Some(bytes.as_slice()),
            _ => None,
        })
        .collect();
    assert_eq!(output, [b"a", b"b"]);
}

#[tokio::test]
async fn an_interrupt_reaches_a_running_evaluation() {
    let it = fixture();
    it.node.open_session("s").await.unwrap();
    let node = it.node.clone();
    let running = tokio::spawn(async move { eval(&node, "sleep").await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    it.node.interrupt("s").await.unwrap();
    let Err(NodeError::Raised(raised)) = running.await.unwrap() else { panic!() };
    assert_eq!(raised.kind, "interrupted");
}

#[tokio::test]
async fn a_value_nested_too_deep_is_cut() {
    let it = fixture();
    it.node.open_session("s").await.unwrap();
    let mut value = eval(&it.node, "deep 1000").await.unwrap().value;
    let mut depth = 0;
    while let Display::List(mut elements) = value {
        depth += 1;
        value = elements.remove(0);
    }
    assert_eq!(value, Display::Text("…".into()));
    assert!(depth < 100);
}

#[tokio::test]
async fn a_dead_node_is_reported_and_followed_by_one_with_the_same_classes() {
    let it = fixture();
    it.node.open_session("s").await.unwrap();
    it.node.load(vec![module("bt@user@A", ""), module("bt@user@B", "")]).await.unwrap();
    it.node.unload(vec!["bt@user@B".into()]).await.unwrap();
    let error = eval(&it.node, "crash").await.unwrap_err();
    assert_eq!(error.code(), "N0006");
    let classes: Vec<_> = it.node.modules().await.unwrap().into_iter().map(|m| m.name).collect();
    assert_eq!(classes, ["A"]);
    assert_eq!(it.node.sessions().await.unwrap(), ["s"]);
    let events = it.events.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Down { .. })));
    let ups = events.iter().filter(|event| matches!(event, Event::Up { fresh: true, .. })).count();
    assert_eq!(ups, 2);
}

#[tokio::test]
async fn every_waiting_request_fails_when_the_node_dies() {
    let it = fixture();
    it.node.open_session("s").await.unwrap();
    it.node.open_session("t").await.unwrap();
    let node = it.node.clone();
    let waiting = tokio::spawn(async move {
        node.eval(Evaluation { session: "t".into(), code: module("bt@eval@2", "sleep") }).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    eval(&it.node, "crash").await.unwrap_err();
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), "N0006");
}

#[tokio::test]
async fn a_stopped_node_answers_nothing_more() {
    let it = fixture();
    it.node.ping().await.unwrap();
    it.node.stop().await;
    assert_eq!(it.node.ping().await.unwrap_err().code(), "N0007");
    assert_eq!(it.log.lock().unwrap().last().unwrap(), "stop");
}

async fn asked(it: &Fixture, question: &str) -> Display {
    it.node.open_session("s").await.unwrap();
    eval(&it.node, question).await.unwrap().value
}

#[tokio::test]
async fn a_question_of_the_node_is_answered_while_its_evaluation_waits() {
    let it = fixture();
    it.node.answer_calls(Arc::new(|call: Call| {
        // From another task, after other work with the node.
        tokio::spawn(async move {
            let answer = match &call.question {
                Question::LoadPath(path) => Ok(Answer::Text(format!("loaded {path}"))),
                other => {
                    let message = format!("{other:?}");
                    Err(Refusal { kind: "runtime_error", message, hint: None })
                }
            };
            call.answer(answer);
        });
    }));
    assert_eq!(asked(&it, "call load_path A.bt").await, Display::Text("ok loaded A.bt".into()));
    let Display::Text(refused) = asked(&it, "call weather fine").await else { panic!() };
    assert!(refused.starts_with("error runtime_error: Unknown("), "{refused}");
}

#[tokio::test]
async fn a_question_that_nobody_answers_is_refused_at_once() {
    let it = fixture();
    let refused = Display::Text("error unsupported: The workspace cannot do this".into());
    assert_eq!(asked(&it, "call load_path A.bt").await, refused);
    it.node.answer_calls(Arc::new(drop::<Call>));
    assert_eq!(asked(&it, "call load_path A.bt").await, refused);
}

#[tokio::test]
async fn a_malformed_message_does_not_end_the_connection() {
    let it = fixture();
    assert_eq!(
        asked(&it, "utter call\nutter event\nutter weather\ninteger 3").await,
        Display::Integer(3.into())
    );
    let events = it.events.lock().unwrap();
    assert!(!events.iter().any(|event| matches!(event, Event::Down { .. })));
}
