//! Whatever is parsed: nothing panics, spans nest, every byte is accounted for.

mod support;

use beamtalk_syntax::{completeness, dump, parse};
use proptest::prelude::*;
use support::check_laws;

/// A valid file with most of the grammar in it; mutations of it reach deep into the parser.
const SAMPLE: &str = include_str!("sample.bt");

/// Spellings that token soup is cooked from.
const PIECES: &[&str] = &[
    "a",
    "b",
    "foo",
    "self",
    "super",
    "nil",
    "true",
    "class",
    "sealed",
    "internal",
    "abstract",
    "type",
    "Foo",
    "Protocol",
    "Result",
    "a:",
    "at:",
    "put:",
    "match:",
    "when:",
    "subclass:",
    "define:",
    "extending:",
    "field:",
    "state:",
    "classState:",
    "native:",
    "handleScope:",
    "1",
    "-2",
    "2.5",
    "16rFF",
    "$a",
    "$\\n",
    "#a",
    "#at:put:",
    "#+",
    "#'a b'",
    "\"s\"",
    "\"a{",
    "}b\"",
    "}c{",
    "\"",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#(",
    "#[",
    "#{",
    "<<",
    ">>",
    ":=",
    "^",
    ";",
    ".",
    "...",
    "!",
    "|",
    ":",
    "::",
    "->",
    "=>",
    ",",
    "=",
    "+",
    "-",
    "*",
    "**",
    "==",
    "=:=",
    "&",
    "\\",
    "&&",
    "@",
    "pkg@Foo",
    "@primitive",
    "@intrinsic",
    "@expect dnu",
    "// c\n",
    "/* c */",
    "/// d\n",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    " ",
    " ",
];

fn check(source: &str) {
    let parsed = parse(source);
    check_laws(source, &parsed);
    let _ = dump(&parsed.file);
    let _ = completeness(source);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed(source in "\\PC{0,200}") {
        check(&source);
    }

    #[test]
    fn any_bytes_are_parsed(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens_are_parsed(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        check(&pieces.concat());
        check(&pieces.join(" "));
    }

    #[test]
    fn a_damaged_file_is_parsed(
        start in 0..SAMPLE.len(),
        length in 0..40_usize,
        insert in proptest::collection::vec(proptest::sample::select(PIECES), 0..4),
    ) {
        let start = SAMPLE.floor_char_boundary(start);
        let end = SAMPLE.floor_char_boundary((start + length).min(SAMPLE.len()));
        check(&format!("{}{}{}", &SAMPLE[..start], insert.join(" "), &SAMPLE[end..]));
    }

    #[test]
    fn a_truncated_file_is_parsed(end in 0..SAMPLE.len()) {
        check(&SAMPLE[..SAMPLE.floor_char_boundary(end)]);
    }
}

#[test]
fn the_sample_is_valid() {
    let parsed = parse(SAMPLE);
    assert!(parsed.diagnostics.is_empty(), "{:#?}", parsed.diagnostics);
    check_laws(SAMPLE, &parsed);
}

#[test]
fn a_missing_token_does_not_cost_the_other_methods() {
    // Leave out each token of one method body in turn: the methods around it are still found.
    let source = "Object subclass: A\n  first => 1\n  broken: x =>\n    (x foo: [:y | y + #(1, 2)] bar: #{#k => \"v {x}\"}) baz\n    z := 3\n  last => 2\n";
    let parsed = parse(source);
    assert!(parsed.diagnostics.is_empty());
    let body = source.find("(x").expect("the body is there")
        ..source.find("  last").expect("the last method is there");
    for token in &parsed.tokens {
        if !body.contains(&(token.span.start as usize)) {
            continue;
        }
        let mut damaged = source.to_owned();
        damaged.replace_range(token.span.start as usize..token.span.end as usize, "");
        let parsed = parse(&damaged);
        check_laws(&damaged, &parsed);
        let tree = dump(&parsed.file);
        assert!(
            tree.contains("(method first => 1)") && tree.contains("(method last => 2)"),
            "{damaged}\n{tree}"
        );
        assert!(parsed.diagnostics.len() <= 2, "{damaged}\n{:#?}", parsed.diagnostics);
    }
}
