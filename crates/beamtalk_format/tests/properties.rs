//! Laws of formatting over generated and mutated sources.

mod support;

use proptest::prelude::*;
use proptest::sample::select;
use support::formatted;

const SEEDS: &[&str] = &[
    include_str!("../../beamtalk_syntax/tests/sample.bt"),
    include_str!("meter.bt"),
    include_str!("../../../stdlib/src/Collection.bt"),
    include_str!("../../../stdlib/src/String.bt"),
];

/// Things to put between tokens.
const PIECES: &[&str] = &[
    " ",
    "\n",
    "\n\n",
    "\n\n\n",
    "  ",
    "\t",
    " // c\n",
    " /* c */ ",
    "\n/// d\n",
    "\n// c\n",
    "\n  // c\n",
    ".",
    "(",
    ")",
    "[",
    "]",
    ";",
    "x",
    "1",
    " foo",
    " at: 1",
    "^",
    "!",
    " ++ y",
    "\"s\"",
    "#'q'",
    ",",
    " := ",
    "-1",
    "{x}",
];

/// Source text of an expression, with layout drawn at random.
fn expression() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "x",
        "self",
        "nil",
        "12",
        "-3",
        "16rFF",
        "2.5e3",
        "$a",
        "$ ",
        "\"text\"",
        "\"a {x} b\"",
        "\"two\nlines\"",
        "#name",
        "#'at:put:'",
        "#'two words'",
        "Object",
        "json@Reader",
        "self.field",
        "[]",
        "[:a | ]",
        "#()",
        "aVariableWithAnUncommonlyLongNameSoThatLinesBecomeLong",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let gap = select(vec![" ", "  ", "\n      ", " /* c */ ", " // c\n      "]);
        let space = select(vec!["", " ", "\n        ", " // c\n        "]);
        prop_oneof![
            inner.clone().prop_map(|one| format!("({one})")),
            inner.clone().prop_map(|one| format!("({one}) unary")),
            (inner.clone(), gap.clone(), inner.clone())
                .prop_map(|(one, gap, two)| format!("({one}){gap}++ ({two}) ++ x")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("(({one}) * ({two}))")),
            (inner.clone(), gap.clone(), inner.clone(), inner.clone())
                .prop_map(|(one, gap, two, three)| format!("(({one}){gap}at: ({two}){gap}put: ({three}))")),
            (inner.clone(), gap.clone(), inner.clone())
                .prop_map(|(one, gap, two)| format!("(({one}){gap}a: ({two}) b: [x] c: 3)")),
            (inner.clone(), gap.clone(), inner.clone())
                .prop_map(|(one, gap, two)| format!("(x a: ({one});{gap}b;{gap}c: ({two}))")),
            (inner.clone(), space.clone()).prop_map(|(one, space)| format!("[{space}{one}{space}]")),
            (inner.clone(), inner.clone(), space.clone())
                .prop_map(|(one, two, space)| format!("[:a :b :: (A | B) |{space}{one}. {two}{space}]")),
            (inner.clone(), inner.clone(), space.clone())
                .prop_map(|(one, two, space)| format!("#({space}({one}),{space}({two}){space})")),
            (inner.clone(), inner.clone(), space.clone())
                .prop_map(|(one, two, space)| format!("#{{{space}({one}) => ({two}),{space}#k=>1{space}}}")),
            (inner.clone(), inner.clone(), space).prop_map(|(one, two, space)| format!(
                "(({one}) match: [{space}1 -> ({two});{space}_->x{space}])"
            )),
            inner.prop_map(|one| format!("(y := {one})")),
        ]
    })
}

/// Declarations that a file may hold in any order, but for the class, which may come once.
const DECLARATIONS: &[&str] = &[
    "Protocol define: P( T )\n  extending: Q\n  /// d\n  at: x :: T->B // c\n\n  class make -> Self\n  < o :: P",
    "internal   type Dd=#n|#'s'|(nil)",
    "type Ee = (Aa & Bb)|List( Cc )",
    "A class >> sealed internal m: x :: (A | B) -> C => x foo",
    "/// doc\n@expect all \"why\"\nA >> + other =>\n  // c\n  other",
    "@expect dnu\nx foo",
    "x  bar: 1 baz:2 qux: #( 1,2 |t )",
    "a foo; bar;\n  // c\n  baz: [:e|e . e]",
    "{a, #[b,...c]} := t",
    "// alone",
    "/// detached",
];

/// Members of a class, in any order.
const MEMBERS: &[&str] = &[
    "state: a::Integer=1 // c",
    "classState: b = #{#k=>[:x | x]}",
    "/// d\n  @expect type\n  field: c :: (A|B)",
    "// section",
    "/// detached\n",
    "class make => self new",
    "sealed internal class from: a to: b :: -> C => a. b",
    "/// d\n  @expect unused \"r\"\n  m: x =>\n    @expect dnu\n    x foo\n    // end",
    "== o=>o isNil",
    "n => @primitive \"x\"",
    "k => x match: [1->2; {a, b} when: [a>b] -> ^a // c\n    _ -> nil]",
];

/// Pieces of text, each with the blank lines below it.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = Vec<(&'static str, usize)>> {
    prop::collection::vec((select(of), 1..4_usize), 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_methods_are_formatted_by_the_laws(
        statements in prop::collection::vec((expression(), select(vec!["\n    ", "\n\n\n    ", ". ", " // c\n    "])), 1..5),
    ) {
        let mut source = String::from("Object subclass: A\n  m =>\n    ");
        for (statement, separator) in &statements {
            source.push_str(statement);
            source.push_str(separator);
        }
        source.push_str("x\n\n  n => 1\n");
        // A line break may have made two statements of one expression.
        prop_assume!(beamtalk_syntax::parse(&source).is_ok());
        formatted(&source);
    }

    #[test]
    fn generated_files_are_formatted_by_the_laws(
        before in pieces(DECLARATIONS),
        header in prop::option::of(select(vec![
            "typed  sealed Object subclass: A( T::B )",
            "/// d\n@expect all\nactor@Base( X ) subclass:A native:m handleScope:#s // c",
            "internal Actor subclass: A // c",
        ])),
        members in pieces(MEMBERS),
        after in pieces(DECLARATIONS),
    ) {
        let mut source = String::new();
        let mut push = |indent: &str, text: &str, blanks: usize| {
            source.push_str(indent);
            source.push_str(text);
            source.push_str(&"\n".repeat(blanks));
        };
        for (text, blanks) in &before {
            push("", text, *blanks);
        }
        if let Some(header) = header {
            push("", header, 1);
            for (text, blanks) in &members {
            push("  ", text, *blanks);
        }
        }
        for (text, blanks) in &after {
            push("", text, *blanks);
        }
        prop_assume!(beamtalk_format::format(&source).is_ok());
        formatted(&source);
    }

    #[test]
    fn mutated_sources_are_formatted_by_the_laws(
        seed in select(SEEDS),
        edits in prop::collection::vec((any::<prop::sample::Index>(), select(PIECES), any::<bool>()), 1..4),
    ) {
        let mut source = seed.to_owned();
        for (index, piece, replace) in edits {
            let tokens = beamtalk_syntax::parse(&source).tokens;
            let span = tokens[index.index(tokens.len())].span;
            let end = if replace { span.end } else { span.start };
            source.replace_range(span.start as usize..end as usize, piece);
        }
        if beamtalk_syntax::parse(&source).is_ok() {
            formatted(&source);
        } else {
            prop_assert!(beamtalk_format::format(&source).is_err());
        }
    }
}
