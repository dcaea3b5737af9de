//! Many clients for a long time, on the real binary and a real node: nobody gets another's answer, and when they are
//! gone the workspace holds what it held before.
//!
//! The usual run is short. `BEAMTALK_SOAK=full` has 50 clients evaluate 1000 times each, `BEAMTALK_SOAK=20x300` what it
//! says.

mod client;
mod level;
#[path = "../security/place.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod place;
mod random;

use client::{Figures, Soaker};
use level::Level;
use place::{Place, eventually};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Changes with the time of day by so much: a timer's process, the node's log, a connection about to go.
const SLACK: u64 = 3;

/// Atoms that calls of Erlang functions make when first used, which may be later than the warming up.
const FEW_ATOMS: u64 = 200;

#[test]
fn many_clients_get_their_own_answers_and_leave_nothing_behind() {
    let (clients, evaluations) = size();
    let place = Place::new();
    place.eval("w", "1");
    let [host, node] = place.processes("w");
    let port = place.port("w");

    soak(port, clients, 40, 1);
    let before = settled(&place, host, node);
    let since = Instant::now();
    let figures = soak(port, clients, evaluations, 2);
    let took = since.elapsed();
    eprintln!(
        "{clients} clients, {evaluations} evaluations each, {took:.1?}: {figures:?}\nbefore: {before:?}"
    );
    let mut after = Level::of(&place, host, node);
    let settling = Instant::now();
    while !after.is_about(&before, SLACK, FEW_ATOMS) && settling.elapsed() < SETTLING {
        sleep(Duration::from_millis(200));
        after = Level::of(&place, host, node);
    }
    eprintln!("after:  {after:?}, {:.1?} later", settling.elapsed());
    assert!(after.is_about(&before, SLACK, FEW_ATOMS), "before: {before:?}\nafter:  {after:?}");
    assert!(after.names <= MOST_NAMES, "{} names of evaluations", after.names);
    assert!(figures.answered >= u64::from(clients * evaluations));
    assert!(figures.departures > 0, "nobody left in the middle of a request");
    assert_eq!(place.processes("w"), [host, node], "host or node is another process");
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

/// The host asks the node for free names when 512 are held. More are made only when blocks live in all of those.
const MOST_NAMES: u64 = 1024;

/// What is no longer used goes in quiet moments.
const SETTLING: Duration = Duration::from_secs(30);

/// How many clients, and how many evaluations each.
fn size() -> (u32, u32) {
    let asked = std::env::var("BEAMTALK_SOAK").unwrap_or_else(|_| "10x100".into());
    let asked = if asked == "full" { "50x1000" } else { asked.as_str() };
    let (clients, evaluations) = asked.split_once('x').expect("BEAMTALK_SOAK is `full` or like 10x100");
    (clients.parse().expect("a number of clients"), evaluations.parse().expect("a number of evaluations"))
}

/// All clients at once; a client that gets a wrong answer fails the test.
fn soak(port: u16, clients: u32, evaluations: u32, seed: u64) -> Figures {
    let soaking: Vec<_> = (1..=clients)
        .map(|number| std::thread::spawn(move || Soaker::new(port, number, seed).run(evaluations)))
        .collect();
    let mut total = Figures::default();
    // All are waited for before the first failure is told: nobody soaks on while the workspace stops.
    let ended: Vec<_> = soaking.into_iter().map(std::thread::JoinHandle::join).collect();
    for figures in ended {
        total.add(&figures.unwrap_or_else(|failure| std::panic::resume_unwind(failure)));
    }
    total
}

/// The level once it stays the same, also over the two seconds in which the metadata is written.
fn settled(place: &Place, host: u32, node: u32) -> Level {
    let mut last = Level::of(place, host, node);
    eventually("the workspace is quiet", || {
        sleep(Duration::from_millis(2500));
        let now = Level::of(place, host, node);
        let quiet = now.is_about(&last, 0, 0) && last.is_about(&now, 0, 0) && now.sessions == 1;
        last = now;
        quiet.then(|| last.clone())
    })
}
