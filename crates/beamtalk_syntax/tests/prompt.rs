//! When a prompt evaluates and when it asks for more (spec 01 section 19).

use beamtalk_syntax::Completeness::{AwaitsBlankLine, Complete, Documentation, Incomplete};
use beamtalk_syntax::completeness;

#[test]
fn complete_inputs() {
    for input in [
        "",
        "  \n",
        "// only a comment",
        "1 + 2",
        "1 +\n 2",
        "x := 3",
        "a foo!",
        "a foo.",
        "]",
        "1)",
        "@foo",
        "'single'",
        "'open",
        "Foo >> bar => 1",
        "\"a {x} b\"",
        "#'a b'",
        "x match: [1 -> 2]",
        "subclass",
        "Object subclass: A\n  a => 1",
        "Object subclass: A a => [:x | x]",
        "f := #{#a => 1}",
        "@expect dnu\nx",
    ] {
        assert_eq!(completeness(input), Complete, "{input:?}");
    }
}

#[test]
fn documentation_waits_for_what_it_is_about() {
    for input in ["/// Counts.", "/// Counts.\n/// Up.", "// not this\n/// but this\n"] {
        assert_eq!(completeness(input), Documentation, "{input:?}");
    }
    assert_eq!(completeness("/// Counts.\n// no more"), Complete);
    assert_eq!(completeness("/// Counts.\nObject subclass: Counter"), AwaitsBlankLine);
}

#[test]
fn incomplete_inputs() {
    for input in [
        "(",
        "#(1,",
        "#(1",
        "[:x | x",
        "#[",
        "{a",
        "#{#k => 1",
        "x match: [<<a:8",
        "\"open",
        "\"a {x",
        "\"a {x} b",
        "\"a {\"b\"",
        "#'open",
        "/* open",
        "x foo:",
        "x +",
        "x ->",
        "Foo >>",
        "x :=",
        "x foo;",
        "^",
        "x := [\n  y\n",
        "Object subclass:",
        "@expect",
        "@expect dnu",
        "x\n@expect dnu \"why\"",
    ] {
        assert_eq!(completeness(input), Incomplete, "{input:?}");
    }
}

#[test]
fn definitions_that_may_go_on_wait_for_a_blank_line() {
    for input in [
        "Object subclass: A",
        "Object subclass: A\n  field: a = #{#k => 1}",
        "Protocol define: P",
        "Protocol define: P\n  a -> B",
        "Object subclass: A\n  field: a = [:x | x]",
    ] {
        assert_eq!(completeness(input), AwaitsBlankLine, "{input:?}");
    }
}
