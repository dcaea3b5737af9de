//! What every formatting must keep.

use beamtalk_format::format;
use beamtalk_syntax::{TokenKind, parse};

/// The comments of a source, sorted, without the space that formatting may add or drop.
fn comments(source: &str) -> Vec<String> {
    let parsed = parse(source);
    let mut comments: Vec<String> = parsed
        .tokens
        .iter()
        .filter(|token| token.kind.is_comment())
        .map(|token| {
            let text = token.span.text(source);
            let slashes = text.bytes().take_while(|byte| *byte == b'/').count();
            let lines: Vec<&str> = text[slashes..].lines().map(str::trim_end).collect();
            format!("{}{}", &text[..slashes], lines.join("\n").trim_start())
        })
        .collect();
    comments.sort();
    comments
}

/// Words, literals and operators, sorted: what no canonical form may add or drop.
fn words(source: &str) -> Vec<String> {
    let kinds = [
        TokenKind::Identifier,
        TokenKind::Keyword,
        TokenKind::Integer,
        TokenKind::Float,
        TokenKind::Character,
        TokenKind::Caret,
        TokenKind::Bang,
        TokenKind::Assign,
        TokenKind::FatArrow,
        TokenKind::LeftBracket,
        TokenKind::HashParen,
        TokenKind::HashBrace,
        TokenKind::Expect,
        TokenKind::Primitive,
    ];
    let parsed = parse(source);
    let mut words: Vec<String> = parsed
        .tokens
        .iter()
        .filter(|token| kinds.contains(&token.kind))
        // A sign may stand apart from its number, a colon from its name.
        .map(|token| token.span.text(source).trim_start_matches('-').trim_end_matches(':').to_owned())
        .collect();
    words.sort();
    words.dedup();
    words
}

/// Formats a valid source and checks the laws of formatting.
pub fn formatted(source: &str) -> String {
    let once = format(source).unwrap_or_else(|errors| panic!("{errors:?} in {source:?}"));
    let twice = format(&once).unwrap_or_else(|errors| panic!("{errors:?} in {once:?}"));
    assert_eq!(once, twice, "not idempotent for {source:?}");
    // Had formatting given up and answered the source, blank lines at its end would still be there.
    let longer = format(&std::format!("{source}\n\n\n")).expect("blank lines are no errors");
    let stale = |each: &beamtalk_text::Diagnostic| each.code == beamtalk_syntax::codes::STALE_EXPECT;
    if !parse(source).diagnostics.iter().any(stale) {
        assert_eq!(once, longer, "not formatted: {source:?}");
    }
    assert_eq!(comments(source), comments(&once), "comments of {source:?}");
    assert_eq!(words(source), words(&once), "words of {source:?}");
    assert!(
        once == source || once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"),
        "end of {once:?}"
    );
    once
}
