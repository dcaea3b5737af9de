//! The rules of spec 01b section 24, each by an input and its output.

mod support;

use support::formatted;

/// Checks each pair of input and output, and that the output is canonical.
fn rule(pairs: &[(&str, &str)]) {
    for (source, expected) in pairs {
        assert_eq!(formatted(source), *expected, "for {source:?}");
    }
}

/// The lines of a body in a method `m`.
fn in_method(pairs: &[(&str, &str)]) {
    for (source, expected) in pairs {
        let source = format!("Object subclass: A\n  m =>\n    first\n    {source}\n");
        let expected = format!("Object subclass: A\n\n  m =>\n    first\n    {expected}\n");
        assert_eq!(formatted(&source), expected, "for {source:?}");
    }
}

#[test]
fn an_empty_file_stays_empty() {
    rule(&[("", ""), ("\n\n", ""), ("  \n", "")]);
}

#[test]
fn output_ends_with_one_newline() {
    rule(&[("a", "a\n"), ("a\n\n\n", "a\n"), ("\n\na\n", "a\n"), ("a\r\nb\r\n", "a\nb\n")]);
}

#[test]
fn operators_and_signs_have_spaces() {
    rule(&[
        ("a+b", "a + b\n"),
        ("x:=1", "x := 1\n"),
        ("a  ->  b", "a -> b\n"),
        ("x::Integer:=1", "x :: Integer := 1\n"),
        ("#{ #a=>1 ,#b => 2 }", "#{#a => 1, #b => 2}\n"),
        ("#( 1,2 )", "#(1, 2)\n"),
        ("#[1,2]", "#[1, 2]\n"),
        ("#( 1|t )", "#(1 | t)\n"),
        ("^ x", "^x\n"),
        ("a foo ; bar", "a foo; bar\n"),
        ("a foo !", "a foo!\n"),
        ("( a )", "(a)\n"),
        ("self .x", "self.x\n"),
        ("self. x", "self\nx\n"),
        ("n-1", "n - 1\n"),
        ("n - -1", "n - -1\n"),
        ("a at:1 put:2", "a at: 1 put: 2\n"),
    ]);
}

#[test]
fn statements_are_one_a_line_without_periods() {
    rule(&[("a. b.\nc.", "a\nb\nc\n"), ("a\n. b", "a\nb\n"), ("a foo! b", "a foo!\nb\n")]);
}

#[test]
fn parentheses_of_expressions_are_kept() {
    rule(&[("((a))", "((a))\n"), ("(1) + (a foo)", "(1) + (a foo)\n")]);
}

#[test]
fn redundant_parentheses_of_types_go() {
    rule(&[
        ("x :: ((A)) := 1", "x :: A := 1\n"),
        ("x :: (A | B) := 1", "x :: A | B := 1\n"),
        ("x :: (A & B) | C := 1", "x :: A & B | C := 1\n"),
        ("x :: (A | B) & C := 1", "x :: (A | B) & C := 1\n"),
        ("x :: (A \\ B) & C := 1", "x :: (A \\ B) & C := 1\n"),
        ("x :: A & (B & C) := 1", "x :: A & (B & C) := 1\n"),
        ("x :: List((A | B)) := 1", "x :: List(A | B) := 1\n"),
        ("[:x :: (A | B) | x]", "[:x :: (A | B) | x]\n"),
        ("[:x :: (#a) | x]", "[:x :: #a | x]\n"),
    ]);
}

#[test]
fn strings_keep_their_text_but_for_closing_braces() {
    rule(&[
        (r#""a ""b"" \{c\} \n ""#, "\"a \"\"b\"\" \\{c} \\n \"\n"),
        ("\"a\n   b  \"", "\"a\n   b  \"\n"),
        (r#""{ 1+2 }-{a foo:1 bar:2 baz:3}""#, "\"{1 + 2}-{a foo: 1 bar: 2 baz: 3}\"\n"),
        (r#""{ "in{ x }" }""#, "\"{\"in{x}\"}\"\n"),
        ("\"{ /* c */ a }\"", "\"{ /* c */ a }\"\n"),
        ("\"{[a. b]  value}\"", "\"{[a. b]  value}\"\n"),
    ]);
}

#[test]
fn symbols_are_quoted_only_if_they_must_be() {
    rule(&[
        ("#'ready'", "#ready\n"),
        ("#'at:put:'", "#at:put:\n"),
        ("#'two words'", "#'two words'\n"),
        ("#'don''t'", "#'don''t'\n"),
        ("#+", "#+\n"),
        ("#'+'", "#'+'\n"),
    ]);
}

#[test]
fn numbers_and_characters_stay_as_written() {
    rule(&[
        ("16rFF", "16rFF\n"),
        ("1e3", "1e3\n"),
        ("-16rff", "-16rff\n"),
        ("$\\n", "$\\n\n"),
        ("$  foo", "$  foo\n"),
    ]);
}

#[test]
fn trailing_commas_go() {
    rule(&[("#(1,)", "#(1)\n"), ("#[1, 2, ]", "#[1, 2]\n"), ("#{#a => 1, }", "#{#a => 1}\n")]);
}

#[test]
fn a_method_of_one_statement_is_on_one_line() {
    rule(&[
        ("Object subclass: A\n  m =>\n    1", "Object subclass: A\n\n  m => 1\n"),
        ("A >> m:x=>x", "A >> m: x => x\n"),
        ("A class >> sealed internal m => 1", "A class >> internal sealed m => 1\n"),
    ]);
}

#[test]
fn a_method_that_does_not_fit_has_its_body_below() {
    let long = "x".repeat(70);
    rule(&[(&format!("A >> m => {long}"), &format!("A >> m => {long}\n"))]);
    rule(&[(&format!("A >> mm => {long}"), &format!("A >> mm =>\n  {long}\n"))]);
}

#[test]
fn a_method_of_an_expression_that_spans_lines_has_its_body_below() {
    rule(&[("A >> m => x a: 1 b: 2 c: 3", "A >> m =>\n  x\n    a: 1\n    b: 2\n    c: 3\n")]);
}

#[test]
fn a_method_of_several_statements_or_with_a_comment_has_its_body_below() {
    rule(&[
        ("A >> m => 1. 2", "A >> m =>\n  1\n  2\n"),
        ("A >> m =>\n  // c\n  1", "A >> m =>\n  // c\n  1\n"),
    ]);
}

#[test]
fn a_method_head_is_never_broken() {
    let source = format!("A >> from: {0} to: {0} by: {0} => 1", "a".repeat(40));
    rule(&[(&source, &format!("{}\n  1\n", source.trim_end_matches(" 1")))]);
}

#[test]
fn return_types_have_one_spelling() {
    rule(&[("A >> m :: -> B => 1", "A >> m -> B => 1\n"), ("A >> m->B=>1", "A >> m -> B => 1\n")]);
}

#[test]
fn blocks_without_statements() {
    rule(&[("[ ]", "[]\n"), ("[:a|]", "[:a | ]\n"), ("[:a :b|]", "[:a :b | ]\n")]);
}

#[test]
fn blocks_of_one_statement_are_inline_if_they_fit() {
    let long = "x".repeat(80);
    rule(&[
        ("[ a ]", "[a]\n"),
        ("[:a|\n a]", "[:a | a]\n"),
        (&format!("[:a | {long}]"), &format!("[:a |\n  {long}\n]\n")),
        (&format!("[{long}]"), &format!("[\n  {long}\n]\n")),
        ("[a // c\n]", "[\n  a  // c\n]\n"),
    ]);
}

#[test]
fn blocks_of_several_statements_are_broken() {
    rule(&[("[a. b]", "[\n  a\n  b\n]\n"), ("f := [:y | a. b]", "f := [:y |\n  a\n  b\n]\n")]);
}

#[test]
fn keyword_messages_of_three_parts_are_broken() {
    in_method(&[("x a: 1 b: 2 c: 3", "x\n      a: 1\n      b: 2\n      c: 3")]);
}

#[test]
fn keyword_messages_whose_arguments_span_lines_are_broken() {
    in_method(&[
        ("5 timesRepeat: [a. b]", "5\n      timesRepeat: [\n        a\n        b\n      ]"),
        ("r := x do: [:e | a. b]", "r := x\n      do: [:e |\n        a\n        b\n      ]"),
        ("^x do: [:e | a. b]", "^x\n      do: [:e |\n        a\n        b\n      ]"),
    ]);
}

#[test]
fn blocks_of_long_keyword_messages_open_in_place() {
    let long = "x".repeat(60);
    in_method(&[
        (
            &format!("self ok ifTrue: [{long}] ifFalse: [x]"),
            &format!("self ok ifTrue: [\n      {long}\n    ] ifFalse: [x]"),
        ),
        (&format!("items collect: [:e | {long}]"), &format!("items collect: [:e |\n      {long}\n    ]")),
        (
            &format!("(items select: [:e | e]) collect: [:e | {long}]"),
            &format!("(items select: [:e | e]) collect: [:e |\n      {long}\n    ]"),
        ),
    ]);
}

#[test]
fn other_long_keyword_messages_are_broken() {
    let long = "x".repeat(40);
    in_method(&[(&format!("{long} at: {long} put: 1"), &format!("{long}\n      at: {long}\n      put: 1"))]);
}

#[test]
fn keywords_that_would_declare_data_do_not_begin_a_line() {
    in_method(&[("self name: 1 state: 2 field: 3", "self name: 1 state: 2 field: 3")]);
}

#[test]
fn cascades_of_two_messages_are_inline() {
    let long = "x".repeat(60);
    rule(&[
        ("a b;c", "a b; c\n"),
        ("a\n  at: 1 put: 2 with: 3;\n  c", "a at: 1 put: 2 with: 3; c\n"),
        (&format!("a {long}; {long}"), &format!("a {long}; {long}\n")),
    ]);
}

#[test]
fn cascades_of_more_messages_are_broken_if_they_do_not_fit() {
    let long = "x".repeat(65);
    rule(&[
        ("a b;c;\nd: 1", "a b; c; d: 1\n"),
        (&format!("a b; c: {long}; dddddddddd"), &format!("a b;\n  c: {long};\n  dddddddddd\n")),
    ]);
}

#[test]
fn concatenations_are_broken_if_they_do_not_fit() {
    let long = format!("\"{}\"", "x".repeat(40));
    rule(&[
        ("a ++\nb", "a ++ b\n"),
        (&format!("a ++ {long} ++ {long}"), &format!("a\n  ++ {long}\n  ++ {long}\n")),
    ]);
}

#[test]
fn other_binary_and_unary_messages_are_never_broken() {
    let long = "x".repeat(60);
    rule(&[
        (&format!("{long}\n  + {long}"), &format!("{long} + {long}\n")),
        (&format!("{long} {long}"), &format!("{long} {long}\n")),
        ("2 ** 3 ** 4 * 5 - 6 % 7", "2 ** 3 ** 4 * 5 - 6 % 7\n"),
    ]);
}

#[test]
fn collections_have_one_element_a_line_if_they_do_not_fit() {
    let long = "x".repeat(40);
    rule(&[
        (&format!("#{{#a => {long}, #b => {long}}}"), &format!("#{{\n  #a => {long},\n  #b => {long}\n}}\n")),
        (&format!("#({long}, {long})"), &format!("#(\n  {long},\n  {long}\n)\n")),
        (&format!("#({long}, 1 | {long})"), &format!("#(\n  {long},\n  1\n  | {long}\n)\n")),
        ("#{}", "#{}\n"),
        ("#( )", "#()\n"),
    ]);
}

#[test]
fn a_match_of_one_arm_is_inline() {
    rule(&[("x match:[1->2;]", "x match: [1 -> 2]\n")]);
}

#[test]
fn a_match_of_several_arms_has_one_a_line() {
    rule(&[
        ("x match: [1 -> 2\n_ -> 3;]", "x match: [\n  1 -> 2;\n  _ -> 3\n]\n"),
        ("x matchExhaustive: [#a -> 1; #b -> 2]", "x matchExhaustive: [\n  #a -> 1;\n  #b -> 2\n]\n"),
    ]);
}

#[test]
fn patterns_and_guards_are_spaced_like_expressions() {
    rule(&[
        ("x match: [{a,#[b,...c]} when:[a>1] -> ^b]", "x match: [{a, #[b, ...c]} when: [a > 1] -> ^b]\n"),
        ("x match: [n::Integer -> z:=n]", "x match: [n :: Integer -> z := n]\n"),
        ("x match: [#{#'k'=>v} -> v]", "x match: [#{#k => v} -> v]\n"),
        ("x match: [Result  ok:- 1 -> 0]", "x match: [Result ok: -1 -> 0]\n"),
        ("{a,_}:=t", "{a, _} := t\n"),
        ("#[a,...b]:=t", "#[a, ...b] := t\n"),
        ("#(a,..._):=t", "#(a, ..._) := t\n"),
    ]);
}

#[test]
fn binary_specifiers_are_in_the_order_type_signedness_endianness() {
    rule(&[
        (
            "x match: [<<a : 8/little-signed-integer,_:n/big,r/binary>> -> r]",
            "x match: [<<a:8/integer-signed-little, _:n/big, r/binary>> -> r]\n",
        ),
        ("x match: [<<>> -> 1]", "x match: [<<>> -> 1]\n"),
    ]);
}

#[test]
fn the_example_of_the_specification_is_canonical() {
    let source = include_str!("meter.bt");
    rule(&[(source, source)]);
}

#[test]
fn class_modifiers_have_an_order() {
    rule(&[(
        "typed sealed internal abstract typed Object subclass: A",
        "internal abstract sealed typed Object subclass: A\n",
    )]);
}

#[test]
fn a_class_header_is_on_one_line_but_for_its_handle_scope() {
    rule(&[
        (
            "Foo( T,U )\n  subclass:A( K::B ) native:m handleScope:#'x'",
            "Foo(T, U) subclass: A(K :: B) native: m\n  handleScope: #x\n",
        ),
        ("nil subclass: A", "nil subclass: A\n"),
        ("json@Reader subclass: A", "json@Reader subclass: A\n"),
    ]);
}

#[test]
fn members_have_an_order() {
    rule(&[(
        "Object subclass: A\n  b => 1\n  classState: x=1\n  class a => 2\n  field: y::A=2\n  c => 3\n",
        "Object subclass: A\n  field: y :: A = 2\n  classState: x = 1\n\n  class a => 2\n\n  b => 1\n\n  c => 3\n",
    )]);
}

#[test]
fn method_modifiers_have_an_order() {
    rule(&[
        (
            "A subclass: B\n  sealed internal class m => 1",
            "A subclass: B\n\n  class internal sealed m => 1\n",
        ),
        ("A subclass: B\n  sealed class -> C => 1", "A subclass: B\n\n  sealed class -> C => 1\n"),
    ]);
}

#[test]
fn blank_lines_between_members() {
    rule(&[(
        "A subclass: B\n\n  state: x = 1\n\n  state: y\n  m => 1\n\n\n\n  n => 2",
        "A subclass: B\n  state: x = 1\n  state: y\n\n  m => 1\n\n  n => 2\n",
    )]);
}

#[test]
fn protocols() {
    rule(&[(
        "Protocol define: P( T ) extending: Q\n  class make\n\n\n  at:x::T->B\n  < o :: P\n",
        "Protocol define: P(T)\n  extending: Q\n  at: x :: T -> B\n  < o :: P\n  class make\n",
    )]);
}

#[test]
fn aliases() {
    rule(&[("internal   type Dd=#n|#s", "internal type Dd = #n | #s\n")]);
}

#[test]
fn items_have_an_order() {
    rule(&[
        ("a\nA >> m => 1\nObject subclass: B\n", "Object subclass: B\n\nA >> m => 1\n\na\n"),
        ("type Tt = A\ntype Uu = B\n\n\nx\ny\n", "type Tt = A\ntype Uu = B\n\nx\ny\n"),
    ]);
}

#[test]
fn several_definitions_of_a_file_are_formatted() {
    let source = "Object subclass: A\n  m=>1\n\n\nObject subclass: B\n  n=>2\n";
    rule(&[(source, "Object subclass: A\n\n  m => 1\n\nObject subclass: B\n\n  n => 2\n")]);
}

#[test]
fn expressions_go_behind_definitions() {
    rule(&[
        ("foo\n\nProtocol define: P\n  bar\n", "Protocol define: P\n  bar\n\nfoo\n"),
        ("(x) foo\n\ntype Aa = Bb\n", "type Aa = Bb\n\n(x) foo\n"),
        ("(x) foo\nA subclass: B", "A subclass: B\n\n(x) foo\n"),
        ("-1 foo\nA subclass: B\n  field: x = 2", "A subclass: B\n  field: x = 2\n\n-1 foo\n"),
    ]);
}

#[test]
fn blank_lines_between_statements_are_kept_as_one() {
    in_method(&[("a\n\n\n    b\n    c", "a\n\n    b\n    c")]);
    rule(&[("[\n\n  a\n\n\n  b\n\n]", "[\n  a\n\n  b\n]\n")]);
}

#[test]
fn directives_stand_above_what_they_are_about() {
    rule(&[
        ("A >> m =>\n  @expect dnu \"why\"\n  x foo", "A >> m =>\n  @expect dnu \"why\"\n  x foo\n"),
        (
            "A subclass: B\n  /// d\n  @expect type\n  m => 1",
            "A subclass: B\n\n  /// d\n  @expect type\n  m => 1\n",
        ),
        ("A >> m => @primitive   \"x\"", "A >> m => @primitive \"x\"\n"),
        ("A >> m => @intrinsic  x", "A >> m => @intrinsic x\n"),
    ]);
}

#[test]
fn a_source_with_a_directive_that_nothing_follows_stays_as_it_is() {
    let source = "A >> m =>\n  1.\n  @expect dnu\n";
    assert_eq!(beamtalk_format::format(source).as_deref(), Ok(source));
}

#[test]
fn a_source_with_errors_has_no_format() {
    let errors = beamtalk_format::format("x := (\n").expect_err("unclosed");
    assert!(errors.iter().all(beamtalk_text::Diagnostic::is_error) && !errors.is_empty());
}
