//! Comments: where they go, and that none is lost (spec 01b section 24.4).

mod support;

use support::formatted;

fn rule(pairs: &[(&str, &str)]) {
    for (source, expected) in pairs {
        assert_eq!(formatted(source), *expected, "for {source:?}");
    }
}

#[test]
fn comments_begin_with_a_space() {
    rule(&[("//text  ", "// text\n"), ("//", "//\n"), ("////////", "////////\n"), ("/*x*/", "/*x*/\n")]);
}

#[test]
fn doc_comments_begin_with_a_space() {
    rule(&[("///text\n///\nA >> m => 1", "/// text\n///\nA >> m => 1\n")]);
}

#[test]
fn trailing_comments_are_preceded_by_two_spaces() {
    rule(&[
        ("a//c", "a  // c\n"),
        ("a. // c\nb", "a  // c\nb\n"),
        ("A >> m => 1 // c", "A >> m => 1  // c\n"),
        (
            "A subclass: B// c\n  state: x=1// d\n  m => 1",
            "A subclass: B  // c\n  state: x = 1  // d\n\n  m => 1\n",
        ),
        ("type Aa = Bb // c\nx", "type Aa = Bb  // c\nx\n"),
        ("Protocol define: P // c\n  m // d\n", "Protocol define: P  // c\n  m  // d\n"),
    ]);
}

#[test]
fn own_line_comments_stay_above_what_they_precede() {
    rule(&[(
        "A subclass: B\n // one\n state: x\n\n // two\n\n\n// three\n  m =>\n // four\n   a\n // five\n   b",
        "A subclass: B\n  // one\n  state: x\n\n  // two\n\n  // three\n  m =>\n    // four\n    a\n    // five\n    b\n",
    )]);
}

#[test]
fn a_section_comment_is_set_apart_from_a_doc_comment() {
    rule(&[("A subclass: B\n  // s\n  /// d\n  m => 1", "A subclass: B\n\n  // s\n\n  /// d\n  m => 1\n")]);
}

#[test]
fn the_gap_after_a_header_is_kept() {
    rule(&[
        ("// h\n\n\n/// d\nA subclass: B", "// h\n\n/// d\nA subclass: B\n"),
        ("// h\n/// d\nA subclass: B", "// h\n/// d\nA subclass: B\n"),
    ]);
}

#[test]
fn the_header_of_a_file_stays_at_the_top() {
    rule(&[("// h\n\nx\n\nA subclass: B", "// h\n\nA subclass: B\n\nx\n")]);
}

#[test]
fn a_detached_doc_comment_is_set_apart() {
    rule(&[
        ("A subclass: B\n  /// x\n\n  m => 1", "A subclass: B\n\n  /// x\n\n  m => 1\n"),
        ("/// x\n// y\nA >> m => 1", "/// x\n\n// y\nA >> m => 1\n"),
        ("/// x\na", "/// x\n\na\n"),
    ]);
}

#[test]
fn comments_at_the_end_of_a_file_stay_there() {
    rule(&[
        ("A subclass: B\n  m => 1\n\n\n// end", "A subclass: B\n\n  m => 1\n\n// end\n"),
        ("a\n// end\n\n// more", "a\n// end\n\n// more\n"),
        ("// only\n\n\n/// these", "// only\n\n/// these\n"),
    ]);
}

#[test]
fn comments_after_the_last_method_stay_in_their_class() {
    rule(&[(
        "A subclass: B\n  m =>\n    1\n    // body\n  // class\nx",
        "A subclass: B\n\n  m =>\n    1\n    // body\n  // class\nx\n",
    )]);
}

#[test]
fn comments_in_blocks() {
    rule(&[
        ("[:a | // c\n a]", "[:a |  // c\n  a\n]\n"),
        ("[ // c\n a]", "[  // c\n  a\n]\n"),
        ("[:a |\n // c\n a]", "[:a |\n  // c\n  a\n]\n"),
        ("[a\n// c\n]", "[\n  a\n  // c\n]\n"),
        ("[ /* c */ ]", "[  /* c */\n]\n"),
        ("[\n // c\n\n // d\n]", "[\n  // c\n\n  // d\n]\n"),
    ]);
}

#[test]
fn comments_in_collections() {
    rule(&[
        ("#(1, // one\n // two\n 2 // last\n)", "#(\n  1,  // one\n  // two\n  2  // last\n)\n"),
        ("#{#a => 1\n// end\n}", "#{\n  #a => 1\n  // end\n}\n"),
        ("#[ // c\n]", "#[  // c\n]\n"),
    ]);
}

#[test]
fn comments_between_keyword_parts() {
    rule(&[
        ("x // r\n  a: 1 // one\n  // two\n  b: 2", "x  // r\n  a: 1  // one\n  // two\n  b: 2\n"),
        ("x a: /* c */ 1", "x\n  /* c */\n  a: 1\n"),
    ]);
}

#[test]
fn comments_in_cascades_and_concatenations() {
    rule(&[("x a; // c\n  b", "x a;  // c\n  b\n"), ("x ++ // c\n y", "x  // c\n  ++ y\n")]);
}

#[test]
fn comments_of_match_arms() {
    rule(&[(
        "x match: [\n // a\n 1 -> 2; // b\n // c\n _ -> 3 // d\n // e\n]",
        "x match: [\n  // a\n  1 -> 2;  // b\n  // c\n  _ -> 3  // d\n  // e\n]\n",
    )]);
}

#[test]
fn comments_inside_expressions_go_above_the_statement() {
    rule(&[
        ("a\nx + /* c */ y", "a\n/* c */\nx + y\n"),
        ("A >> m: /* c */ a => 1", "/* c */\nA >> m: a => 1\n"),
        ("/// d\nA >> m: /* c */ a => 1", "/* c */\n\n/// d\nA >> m: a => 1\n"),
        ("A subclass: B\n  m => (a /* c */) foo", "A subclass: B\n\n  m =>\n    /* c */\n    (a) foo\n"),
    ]);
}

/// A comment in every gap between two tokens of a source with every construct.
#[test]
fn a_comment_anywhere_is_kept() {
    let source = include_str!("../../beamtalk_syntax/tests/sample.bt");
    let tokens = beamtalk_syntax::parse(source).tokens;
    let mut tried = 0;
    for token in &tokens {
        for comment in [" /* here */ ", " // here\n"] {
            let at = token.span.start as usize;
            let with = format!("{}{comment}{}", &source[..at], &source[at..]);
            // Not everywhere is a line break or a space legal.
            if beamtalk_syntax::parse(&with).is_ok() {
                formatted(&with);
                tried += 1;
            }
        }
    }
    assert!(tried > tokens.len(), "{tried} of {}", tokens.len());
}
