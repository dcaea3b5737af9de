//! Every fuzz target for a moment; `make fuzz` gives them longer.

use std::time::Duration;

use beamtalk_fuzz::{TARGETS, run};

fn bears_damaged_input(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    let mut last = Vec::new();
    let eaten = run(target, 42, Duration::from_secs(3), &mut last);
    assert!(eaten > 100, "{name} ate only {eaten} inputs");
}

#[test]
fn the_parser_bears_damaged_sources() {
    bears_damaged_input("parser");
}

#[test]
fn the_formatter_bears_damaged_sources() {
    bears_damaged_input("formatter");
}

#[test]
fn the_compiler_bears_damaged_inputs() {
    bears_damaged_input("compiler");
}

#[test]
fn the_host_bears_damaged_request_lines() {
    bears_damaged_input("request-line");
}

#[test]
fn the_daemon_bears_damaged_calls() {
    bears_damaged_input("json-rpc");
}

#[test]
fn the_host_bears_damaged_node_packets() {
    bears_damaged_input("node-packet");
}

#[test]
fn damaged_metadata_is_an_error() {
    bears_damaged_input("metadata");
}

#[test]
fn the_beam_reader_bears_damaged_files() {
    bears_damaged_input("beam-file");
}
