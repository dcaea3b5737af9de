//! Programs that eat memory end with an error that says so, and nobody else notices.
//!
//! The limits are small here, by the environment, so that eating up to them is quick.

use crate::place::{Place, Raw};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const EVALUATION: &str = "the evaluation needed more than its limit of 64 MiB of memory";
/// Also of a text that would be longer, which whoever looks first refuses.
const EITHER: &str = "limit of 64 MiB";
const ACTOR: &str = "it needed more than its limit of 96 MiB of memory";

/// With limits of 64 MiB for an evaluation and 96 MiB for an actor.
fn workspace() -> (Place, Raw) {
    let place = Place::new();
    let arguments = ["repl", "--port", "0", "--workspace", "w", "-e", "1"];
    let mut command = place.command(&arguments);
    let started = command.envs(LIMITS).stdin(Stdio::null()).output().unwrap();
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let asking = place.connect("w");
    (place, asking)
}

const LIMITS: [(&str, &str); 2] = [("BEAMTALK_EVALUATION_MEMORY", "64"), ("BEAMTALK_ACTOR_MEMORY", "96")];

fn load(asking: &mut Raw, source: &str) {
    let loaded = asking.ask(&json!({"op": "load-source", "source": source}));
    assert!(loaded["error"].is_null(), "{loaded}");
}

fn eval(asking: &mut Raw, code: &str) -> Value {
    asking.ask(&json!({"op": "eval", "code": code}))
}

const HOG: &str = r#"
Actor subclass: Hog
  state: kept = nil
  recurse: n => 1 + (self recurse: n + 1)
  list =>
    all := #()
    [all := #(1 | all)] repeat
  keep =>
    self.kept := #()
    [self.kept := #(1 | self.kept)] repeat
  texts =>
    block := "0123456789"
    16 timesRepeat: [block := block ++ block]
    self.kept := #()
    [self.kept := #((block ++ "x") | self.kept)] repeat
"#;

const TALLY: &str = "Actor subclass: Tally\n  state: n = 0\n  inc => self.n := self.n + 1\n";

#[test]
fn evaluations_that_eat_memory_end_and_others_go_on() {
    let (place, mut asking) = workspace();
    let before = place.processes("w");
    load(&mut asking, "Object subclass: Deep\n  class down: n => 1 + (self down: n + 1)\n");
    load(&mut asking, TALLY);
    let mut other = place.connect("w");
    assert_eq!(eval(&mut other, "t := Tally spawn. t inc")["value"], json!(1));
    let mut incs = 1;
    let texts = "b := \"0123456789\". 16 timesRepeat: [b := b ++ b]. all := #(). [all := #((b ++ \"x\") | all)] repeat";
    for (code, limit) in [
        ("Deep down: 1", EVALUATION),
        ("all := #(). [all := #(1 | all)] repeat", EVALUATION),
        ("s := \"0123456789\". [s := s ++ s] repeat", EITHER),
        (texts, EVALUATION),
        ("all := #{}. n := 0. [n := n + 1. all := all at: n put: n] repeat", EVALUATION),
        ("all := #(). [all := #((3 ** 200000) | all)] repeat", EVALUATION),
    ] {
        asking.send(&json!({"op": "eval", "code": code}));
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(100) {
            incs += 1;
            assert_eq!(eval(&mut other, "t inc")["value"], json!(incs), "{code}");
        }
        let reply = asking.hear();
        assert!(reply["error"].as_str().is_some_and(|error| error.contains(limit)), "{code}: {reply}");
        assert_eq!(eval(&mut asking, "6 * 7")["value"], json!(42), "{code}");
    }
    assert_eq!(place.processes("w"), before, "host or node is another process");
}

#[test]
fn a_number_beyond_all_memory_is_an_error() {
    let (place, mut asking) = workspace();
    let before = place.processes("w");
    for code in ["10 ** (10 ** 12)", "n := 3. [n := n ** n] repeat"] {
        let reply = eval(&mut asking, code);
        let error = reply["error"].as_str().unwrap_or_default();
        assert!(error.contains("limit"), "{code}: {reply}");
    }
    assert_eq!(eval(&mut asking, "6 * 7")["value"], json!(42));
    assert_eq!(place.processes("w"), before);
}

#[test]
fn an_actor_that_eats_memory_ends_and_its_caller_learns_why() {
    let (place, mut asking) = workspace();
    let before = place.processes("w");
    load(&mut asking, HOG);
    load(&mut asking, TALLY);
    eval(&mut asking, "t := Tally spawn");
    for (index, message) in ["recurse: 1", "list", "keep", "texts"].into_iter().enumerate() {
        eval(&mut asking, "h := Hog spawn");
        let since = Instant::now();
        let reply = eval(&mut asking, &format!("h {message}"));
        let error = reply["error"].as_str().unwrap_or_default();
        assert!(error.contains("Hog (actor process has terminated)"), "{message}: {reply}");
        assert!(error.contains(ACTOR), "{message}: {reply}");
        assert!(since.elapsed() < Duration::from_millis(4500), "{message}: only the timeout ended it");
        let again = eval(&mut asking, &format!("h {message}"));
        assert!(again["error"].as_str().is_some_and(|error| error.contains(ACTOR)), "{message}: {again}");
        assert_eq!(eval(&mut asking, "t inc")["value"], json!(index + 1));
    }
    let reply = eval(&mut asking, "h := Hog spawn. h kill. h list");
    let error = reply["error"].as_str().unwrap_or_default();
    assert!(error.contains("terminated") && !error.contains("memory"), "{reply}");
    assert_eq!(place.processes("w"), before, "host or node is another process");
}

#[test]
fn a_test_whose_actor_eats_memory_fails_and_stays_within_the_limits() {
    let place = Place::new();
    let folder = place.dir.path().join("project/test");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Hog.bt"), HOG.trim_start()).unwrap();
    let tests = "TestCase subclass: HogTest\n\n  testActor => self assert: Hog spawn texts equals: 1\n\n  \
                 testList => self assert: Hog spawn list equals: 1\n\n  testTexts =>\n    b := \"0123456789\"\n    \
                 16 timesRepeat: [b := b ++ b]\n    all := #()\n    [all := #((b ++ \"x\") | all)] repeat\n\n  testZFine => self assert: 1 equals: 1\n";
    std::fs::write(folder.join("HogTest.bt"), tests).unwrap();
    let mut command = place.command(&["test", "--format", "json"]);
    let child = command.envs(LIMITS).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let pid = child.id();
    let done = AtomicBool::new(false);
    let (output, peak) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(resident(pid));
                std::thread::sleep(Duration::from_millis(20));
            }
            peak
        });
        let output = child.wait_with_output().unwrap();
        done.store(true, Ordering::Relaxed);
        (output, watching.join().unwrap())
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((&report["passed"], &report["failed"]), (&json!(1), &json!(3)), "{text}");
    assert!(text.contains(ACTOR) && text.contains("more than its limit of 64 MiB of memory"), "{text}");
    // The tool itself and its node take some 150 MiB; the actor and the tests may exceed their limits by little.
    assert!(peak < 768 << 20, "{} MiB", peak >> 20);
}

/// Bytes of memory that the processes begun by this one have, and itself.
fn resident(root: u32) -> u64 {
    let stats: Vec<(u32, u32, u64)> = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name, in brackets, may hold anything; state and parent follow it (proc_pid_stat(5)).
            let rest: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
            Some((pid, rest.get(1)?.parse().ok()?, rest.get(21)?.parse().ok()?))
        })
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(stats.iter().filter(|(_, of, _)| *of == parent).map(|(pid, _, _)| *pid));
        next += 1;
    }
    stats.iter().filter(|(pid, _, _)| family.contains(pid)).map(|(_, _, pages)| pages * 4096).sum()
}
