//! The `TextMate` grammar gives every token of every source a scope that fits its kind.

use std::collections::BTreeMap;

use beamtalk_editors::corpus::{root, valid_sources};
use beamtalk_editors::textmate::Grammar;
use beamtalk_syntax::TokenKind;
use serde_json::Value;

fn json(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).expect("the file is there");
    serde_json::from_str(&text).expect("JSON")
}

fn grammar() -> Grammar {
    Grammar::new(&json("editors/textmate/beamtalk.tmLanguage.json")).expect("a valid grammar")
}

/// Scopes of which a token of this kind must have one; `None` for punctuation.
fn fitting(kind: TokenKind) -> Option<&'static [&'static str]> {
    Some(match kind {
        TokenKind::LineComment | TokenKind::BlockComment => &["comment.line.double-slash", "comment.block"],
        TokenKind::DocComment => &["comment.line.documentation"],
        TokenKind::String => &["string.quoted.double"],
        TokenKind::StringStart | TokenKind::StringMiddle | TokenKind::StringEnd => {
            &["string.quoted.double", "meta.embedded"]
        }
        TokenKind::Symbol => &["constant.other.symbol"],
        TokenKind::Integer | TokenKind::Float => &["constant.numeric"],
        TokenKind::Character => &["constant.character"],
        TokenKind::Keyword => &[
            "entity.name.function",
            "keyword.control",
            "storage.type",
            "variable.other",
            "variable.parameter",
        ],
        TokenKind::Name => &[
            "entity.name.type",
            "entity.other.inherited-class",
            "support.class",
            "storage.type",
            "variable.language",
        ],
        TokenKind::Identifier => &[
            "variable",
            "entity.name",
            "storage.",
            "constant.language",
            "support.function.primitive",
            "support.constant",
        ],
        TokenKind::Primitive | TokenKind::Intrinsic | TokenKind::Expect => &["keyword.other.directive"],
        TokenKind::Caret => &["keyword.control.return"],
        TokenKind::Assign => &["keyword.operator.assignment"],
        _ => return None,
    })
}

/// Tokens whose scopes do not fit, with their kinds.
fn misfits(grammar: &Grammar, source: &str) -> Vec<String> {
    let scopes = grammar.scopes(source);
    let mut misfits = Vec::new();
    for token in beamtalk_syntax::parse(source).tokens {
        let Some(fitting) = fitting(token.kind) else { continue };
        let at = token.span.start as usize;
        let given = &scopes[at];
        let code = !matches!(
            token.kind,
            TokenKind::LineComment | TokenKind::BlockComment | TokenKind::DocComment | TokenKind::String
        );
        // The last scope counts, and for what is no string or comment the string around it does not.
        let last = given.split_whitespace().next_back().unwrap_or_default();
        let fits =
            fitting.iter().any(|scope| if code { last.starts_with(scope) } else { given.contains(scope) });
        let punctuation = last.starts_with("punctuation.") && given.contains(fitting[0]);
        if !fits && !punctuation {
            let line = source[..at].matches('\n').count() + 1;
            misfits.push(format!("line {line}: {:?} {:?} is {given:?}", token.kind, token.span.text(source)));
        }
    }
    misfits
}

#[test]
fn every_token_of_every_source_has_a_scope_of_its_kind() {
    let grammar = grammar();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in valid_sources() {
        let misfits = misfits(&grammar, &source.text);
        if !misfits.is_empty() {
            found.insert(source.name, misfits);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The last scope of the first place where `text` stands in `source`.
fn scope_of(source: &str, text: &str) -> String {
    let at = source.find(text).expect("the text is in the source");
    let scopes = grammar().scopes(source);
    scopes[at].split_whitespace().next_back().unwrap_or_default().trim_end_matches(".beamtalk").to_owned()
}

#[test]
fn declarations_stand_out() {
    let class = "sealed Value subclass: Money(T)\n  field: amount = 0\n  class of: n => self new\n  + other => self foo\n  half => 1\n";
    assert_eq!(scope_of(class, "sealed"), "storage.modifier");
    assert_eq!(scope_of(class, "Value"), "entity.other.inherited-class");
    assert_eq!(scope_of(class, "subclass:"), "storage.type.class");
    assert_eq!(scope_of(class, "Money"), "entity.name.type.class");
    assert_eq!(scope_of(class, "field:"), "storage.type.field");
    assert_eq!(scope_of(class, "amount"), "variable.other.member");
    assert_eq!(scope_of(class, "class of"), "storage.modifier");
    assert_eq!(scope_of(class, "of:"), "entity.name.function.method");
    assert_eq!(scope_of(class, "n =>"), "variable.parameter");
    assert_eq!(scope_of(class, "+ other"), "entity.name.function.operator");
    assert_eq!(scope_of(class, "foo"), "entity.name.function.call.unary");
    assert_eq!(scope_of(class, "half"), "entity.name.function.method");
    let extension = "Integer class >> zero -> Integer => 0\nProtocol define: Sized\n  size -> Integer\n";
    assert_eq!(scope_of(extension, "class"), "storage.type.class");
    assert_eq!(scope_of(extension, "zero"), "entity.name.function.method");
    assert_eq!(scope_of(extension, "Integer =>"), "entity.name.type");
    assert_eq!(scope_of(extension, "Sized"), "entity.name.type.protocol");
}

#[test]
fn expressions_nest_in_strings() {
    let source = "x at: 1 put: \"a \"\"b\"\" {#{#k => \"c\"} size} \\{ d\"\ny := #at:put: foo\n";
    assert_eq!(scope_of(source, "at:"), "entity.name.function.call.keyword");
    assert_eq!(scope_of(source, "\"\"b"), "constant.character.escape");
    assert_eq!(scope_of(source, "#k"), "constant.other.symbol");
    assert_eq!(scope_of(source, "size"), "entity.name.function.call.unary");
    assert_eq!(scope_of(source, " d\""), "string.quoted.double");
    assert_eq!(scope_of(source, ":="), "keyword.operator.assignment");
    assert_eq!(scope_of(source, "#at:put:"), "constant.other.symbol");
    assert_eq!(scope_of("n-1", "-"), "keyword.operator");
    assert_eq!(scope_of("(n) -1", "-"), "keyword.operator");
    assert_eq!(scope_of("x at: -1", "-"), "constant.numeric.integer");
    assert_eq!(scope_of("x match: [y when: [y > 1] -> 2]", "when:"), "keyword.control.guard");
    assert_eq!(scope_of("x match: aBlock", "match:"), "entity.name.function.call.keyword");
}

#[test]
fn no_rule_of_the_grammar_is_forgotten() {
    assert_eq!(grammar().unused(), Vec::<&str>::new());
}

#[test]
fn the_extension_points_to_files_that_are_there() {
    let manifest = json("editors/vscode/package.json");
    let folder = root().join("editors/vscode");
    let contributes = &manifest["contributes"];
    let language = &contributes["languages"][0];
    let grammar = &contributes["grammars"][0];
    assert_eq!(language["id"], grammar["language"]);
    assert_eq!(grammar["scopeName"], json("editors/textmate/beamtalk.tmLanguage.json")["scopeName"]);
    let configuration = language["configuration"].as_str().expect("a path");
    assert!(folder.join(configuration).exists());
    assert_eq!(json("editors/vscode/language-configuration.json")["comments"]["lineComment"], "//");
    let copy = folder.join(grammar["path"].as_str().expect("a path"));
    let original = root().join("editors/textmate/beamtalk.tmLanguage.json");
    assert_eq!(std::fs::read(copy).expect("the copy"), std::fs::read(original).expect("the original"));
}
