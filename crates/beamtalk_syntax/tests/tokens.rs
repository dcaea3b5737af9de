//! Where one token ends and the next begins (spec 01 section 3), and what tokens know of layout.

use beamtalk_syntax::TokenKind::{self, *};
use beamtalk_syntax::lexer::lex;

fn tokens(source: &str) -> Vec<(TokenKind, &str)> {
    let lexed = lex(source);
    assert!(lexed.diagnostics.is_empty(), "{source:?} {:?}", lexed.diagnostics);
    let mut tokens: Vec<_> = lexed.tokens.iter().map(|token| (token.kind, token.span.text(source))).collect();
    assert_eq!(tokens.pop(), Some((Eof, "")));
    tokens
}

#[test]
fn colons_belong_to_keywords_unless_another_sign_needs_them() {
    assert_eq!(tokens("x:=1"), [(Identifier, "x"), (Assign, ":="), (Integer, "1")]);
    assert_eq!(tokens("x::T"), [(Identifier, "x"), (ColonColon, "::"), (Name, "T")]);
    assert_eq!(tokens("x:T"), [(Keyword, "x:"), (Name, "T")]);
    assert_eq!(tokens(":a"), [(Colon, ":"), (Identifier, "a")]);
    assert_eq!(tokens("#a:="), [(Symbol, "#a"), (Assign, ":=")]);
    assert_eq!(tokens("#at:put:x"), [(Symbol, "#at:put:"), (Identifier, "x")]);
    assert_eq!(tokens("#x::T"), [(Symbol, "#x"), (ColonColon, "::"), (Name, "T")]);
}

#[test]
fn operators_are_as_long_as_they_can_be() {
    assert_eq!(tokens("a*-b"), [(Identifier, "a"), (Operator, "*-"), (Identifier, "b")]);
    assert_eq!(
        tokens("=:= =/= == = => ==="),
        [
            (Operator, "=:="),
            (Operator, "=/="),
            (Operator, "=="),
            (Equals, "="),
            (FatArrow, "=>"),
            (Operator, "===")
        ]
    );
    assert_eq!(tokens("->>><<"), [(Arrow, "->"), (RightAngles, ">>"), (LeftAngles, "<<")]);
    assert_eq!(tokens("a +// b"), [(Identifier, "a"), (Operator, "+"), (LineComment, "// b")]);
    assert_eq!(
        tokens("a-1,-1"),
        [(Identifier, "a"), (Operator, "-"), (Integer, "1"), (Comma, ","), (Integer, "-1")]
    );
    assert_eq!(tokens("....x"), [(Ellipsis, "..."), (Period, "."), (Identifier, "x")]);
}

#[test]
fn a_glued_minus_is_a_sign_where_an_operand_is_expected() {
    for (source, negative) in [
        ("-1", true),
        ("(-1", true),
        ("foo: -1", true),
        ("x := -1", true),
        ("n\n-1", true),
        ("n -1", false),
        ("n-1", false),
        (")-1", false),
        ("\"a\"-1", false),
        ("\"{-1}\"", true),
    ] {
        let has = lex(source).tokens.iter().any(|token| token.span.text(source) == "-1");
        assert_eq!(has, negative, "{source:?}");
    }
}

#[test]
fn comments_are_tokens_of_three_kinds() {
    assert_eq!(
        tokens("// a\n/// b\n//// c\n/* d\n */"),
        [(LineComment, "// a"), (DocComment, "/// b"), (LineComment, "//// c"), (BlockComment, "/* d\n */")]
    );
}

#[test]
fn interpolated_strings_come_in_pieces() {
    assert_eq!(
        tokens("\"a{b}c{#{#d => \"{e}\"}}\""),
        [
            (StringStart, "\"a{"),
            (Identifier, "b"),
            (StringMiddle, "}c{"),
            (HashBrace, "#{"),
            (Symbol, "#d"),
            (FatArrow, "=>"),
            (StringStart, "\"{"),
            (Identifier, "e"),
            (StringEnd, "}\""),
            (RightBrace, "}"),
            (StringEnd, "}\""),
        ]
    );
}

#[test]
fn columns_count_characters_and_comments() {
    let source = "a b\n  c /* é\n */ /* é */ d\n\te";
    let lines: Vec<(&str, u16)> = lex(source)
        .tokens
        .iter()
        .filter(|token| token.starts_line && !token.kind.is_comment())
        .map(|token| (token.span.text(source), token.column))
        .collect();
    assert_eq!(lines, [("a", 0), ("c", 2), ("d", 12), ("e", 1)]);
}
