//! Constants: what Erlang sees must be what was meant, in the `.beam` file and in the text.

mod support;

use std::fmt::Write as _;

use beamtalk_beam::testing::{run, validate_all};
use beamtalk_beam::{Instr, MAX_TERM_DEPTH, Module, Src, Term, TestOp, assemble, print, read};
use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::{Builder, external, literal, put, x, xs};

/// A module whose function `t<N>/0` answers the N-th source.
fn constants(name: &str, sources: &[Src]) -> Module {
    let mut b = Builder::new(name);
    for (index, src) in sources.iter().enumerate() {
        b.function(&format!("t{index}"), 0, |_, _| vec![put(src.clone(), x(0)), Instr::Return]);
    }
    b.module
}

/// Erlang's opinion on which functions of the module do not answer the term with that text.
fn differences(module: &Module, texts: &[String]) -> String {
    let mut expression = String::from("[N || {N, Is, Should} <- [");
    for (index, text) in texts.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(expression, "{comma}{{{index}, {}:t{index}(), {text}}}", module.name);
    }
    expression.push_str("], Is =/= Should orelse term_to_binary(Is) =/= term_to_binary(Should)]");
    let beam = assemble(module).expect("bytes");
    run(&[(&module.name, &beam)], &expression).expect("an answer")
}

fn terms() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Term::Integer),
        (-40_i64..300).prop_map(Term::Integer),
        vec(any::<u8>(), 9..300).prop_map(|bytes| Term::BigInteger(BigInt::from_signed_bytes_be(&bytes))),
        prop::num::f64::NORMAL.prop_map(Term::Float),
        (-1e6..1e6).prop_map(Term::Float),
        vec(any::<u8>(), 0..20).prop_map(Term::Binary),
        any::<String>().prop_map(|text| Term::text(&text)),
        "\\PC{0,60}".prop_map(Term::atom),
        "[a-z@_A-Z0-9]{0,6}".prop_map(Term::atom),
        "[ -~\n]{0,9}"
            .prop_map(|text| Term::List(text.bytes().map(|byte| Term::Integer(byte.into())).collect())),
        (vec(any::<u8>(), 0..4), any::<u8>(), 1_u8..8).prop_map(|(mut bytes, last, last_bits)| {
            bytes.push(last & (0xff << (8 - last_bits)));
            Term::Bitstring { bytes, last_bits }
        }),
        Just(Term::ExternalFunction(external("lists", "it's", 7))),
    ];
    leaf.prop_recursive(4, 60, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Term::List),
            vec(inner.clone(), 0..8).prop_map(Term::Tuple),
            (vec(inner.clone(), 1..4), any::<i64>())
                .prop_map(|(head, tail)| Term::ImproperList(head, Box::new(Term::Integer(tail)))),
            vec((any::<i64>(), inner), 0..12).prop_map(|mut pairs| {
                pairs.sort_by_key(|(key, _)| *key);
                pairs.dedup_by_key(|(key, _)| *key);
                Term::Map(pairs.into_iter().map(|(key, value)| (Term::Integer(key), value)).collect())
            }),
        ]
    })
}

/// The same random terms every time.
fn some_terms(count: usize) -> Vec<Term> {
    let mut runner = TestRunner::deterministic();
    let strategy = terms();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a term").current()).collect()
}

#[test]
fn integers_of_every_size_arrive() {
    let edges = (0..63).flat_map(|bit| {
        let power = 1_i64 << bit;
        [power - 1, power, power + 1, -power - 1, -power, 1 - power]
    });
    let values: Vec<i64> = edges.chain([i64::MAX, i64::MIN, i64::MIN + 1]).collect();
    let sources: Vec<_> = values.iter().map(|value| Src::Integer(*value)).collect();
    let texts: Vec<_> = values.iter().map(i64::to_string).collect();
    assert_eq!(differences(&constants("integers", &sources), &texts), "[]");
}

#[test]
fn terms_of_every_kind_arrive_and_print_as_erlang_reads_them() {
    let mut terms = some_terms(400);
    terms.extend([
        Term::Float(0.0),
        Term::Float(-0.0),
        Term::Float(f64::MAX),
        Term::Float(5e-324),
        Term::Float(1e22),
        Term::atom(""),
        Term::atom("é".repeat(127)),
        Term::Tuple(vec![Term::atom("日".repeat(255))]),
        Term::Tuple(vec![Term::Integer(1); 300]),
        Term::List(vec![Term::List(vec![]); 70_000]),
        Term::Map((0..40).map(|key| (Term::Integer(key), Term::text("v"))).collect()),
    ]);
    let sources: Vec<_> = terms.iter().cloned().map(literal).collect();
    let texts: Vec<_> = terms.iter().map(Term::to_string).collect();
    assert_eq!(differences(&constants("terms", &sources), &texts), "[]");
}

#[test]
fn text_with_any_term_passes_the_validator() {
    let sources: Vec<_> = some_terms(200).into_iter().map(literal).collect();
    let text = print(&constants("printed", &sources));
    validate_all(&[("printed", &text)]).expect("no complaints");
}

#[test]
fn the_validator_complains_about_wrong_code() {
    let mut b = Builder::new("wrong");
    b.function("wrong", 1, |_, info| {
        vec![Instr::Test { op: TestOp::IsLt, fail: info, args: vec![xs(0), xs(1)] }, Instr::Return]
    });
    let complaints = validate_all(&[("wrong", &print(&b.module))]).expect_err("complaints");
    assert!(complaints.contains("uninitialized_reg"), "{complaints}");
    assert!(validate_all(&[("no text", "{module")]).expect_err("complaints").contains("parse"));
}

#[test]
fn run_tells_what_went_wrong() {
    assert!(run(&[], "error(on_purpose)").expect_err("an error").contains("on_purpose"));
    assert!(run(&[("none", b"junk")], "1").expect_err("an error").contains("not_loaded"));
}

#[test]
fn equal_literals_share_a_pool_entry() {
    let text = || literal(Term::text("the same"));
    let module = constants("sharing", &[text(), literal(Term::text("another")), text()]);
    let module = read(&assemble(&module).expect("bytes")).expect("a module");
    assert_eq!(module.literals, [Term::text("the same"), Term::text("another")]);
}

#[test]
fn literal_pools_of_any_size_unpack() {
    for size in (0..9000).step_by(500).chain(4000..4100).chain([70_000]) {
        let term = Term::Binary(vec![0xff; size]);
        let module = constants("sized", &[literal(term.clone())]);
        let module = read(&assemble(&module).expect("bytes")).expect("a module");
        assert_eq!(module.literals, [term]);
    }
}

#[test]
fn zeros_of_both_signs_are_different_literals() {
    let module = constants("zeros", &[literal(Term::Float(0.0)), literal(Term::Float(-0.0))]);
    let module = read(&assemble(&module).expect("bytes")).expect("a module");
    assert_eq!(module.literals.len(), 2);
}

#[test]
fn the_deepest_literal_can_be_written_and_read() {
    let deepest = (0..MAX_TERM_DEPTH).fold(Term::Integer(1), |term, _| Term::Tuple(vec![term]));
    let bytes = assemble(&constants("deep", &[literal(deepest.clone())])).expect("bytes");
    assert_eq!(read(&bytes).expect("a module").literals, [deepest]);
}

#[test]
fn assembling_twice_gives_equal_bytes() {
    let sources: Vec<_> = some_terms(50).into_iter().map(literal).collect();
    let module = constants("again", &sources);
    assert_eq!(assemble(&module).expect("bytes"), assemble(&module).expect("bytes"));
}

proptest! {
    #[test]
    fn literals_read_back_as_they_were(term in terms()) {
        // A proper tail makes a proper list, and 64 bits are no big integer.
        let module = constants("round", &[literal(Term::Tuple(vec![term.clone()]))]);
        let module = read(&assemble(&module).expect("bytes")).expect("a module");
        prop_assert_eq!(&module.literals, &[Term::Tuple(vec![term])]);
    }
}
