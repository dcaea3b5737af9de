//! Every instruction, run by a real Erlang and checked by OTP's validator.

mod support;

use beamtalk_beam::testing::{run, validate_all};
use beamtalk_beam::{assemble, print};
use support::samples;

#[test]
fn assembled_modules_load_and_answer_as_expected() {
    let samples = samples::all();
    let beams: Vec<_> = samples
        .iter()
        .map(|sample| assemble(&sample.module).expect("a module that assembles"))
        .collect();
    let modules: Vec<_> = samples
        .iter()
        .zip(&beams)
        .map(|(sample, beam)| (sample.module.name.as_str(), &beam[..]))
        .collect();
    // One by one in funs, so that their variables do not meet.
    let expressions: Vec<_> = samples
        .iter()
        .map(|sample| format!("(fun() -> {} end)()", sample.expression))
        .collect();
    let answers: Vec<_> = samples.iter().map(|sample| sample.answer).collect();
    let answer = run(&modules, &format!("{{{}}}", expressions.join(","))).expect("an answer");
    assert_eq!(answer, format!("{{{}}}", answers.join(",")));
}

#[test]
fn printed_modules_pass_the_validator() {
    let samples = samples::all();
    let texts: Vec<_> = samples.iter().map(|sample| print(&sample.module)).collect();
    let named: Vec<_> = samples
        .iter()
        .zip(&texts)
        .map(|(sample, text)| (sample.module.name.as_str(), text.as_str()))
        .collect();
    if let Err(complaints) = validate_all(&named) {
        panic!("{complaints}");
    }
}
