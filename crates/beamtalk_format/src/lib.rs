//! The formatter: canonical Beamtalk source (spec 01b section 24).
//!
//! One function does it: [`format`] parses a source, prints its tree in canonical style, and compares
//! what both mean. It reads no files and has no options.
//!
//! ```
//! let formatted = beamtalk_format::format("x:=3+4.\n").unwrap();
//! assert_eq!(formatted, "x := 3 + 4\n");
//! ```
//!
//! # Invariants
//!
//! - **The meaning stays.** The result parses to the same tree but for spans and for what
//!   `canonical.rs` names: the order of members and modifiers, redundant parentheses of types.
//! - **No comment is lost**, and none is made.
//! - **It is idempotent**: what it printed it prints again.
//! - **It takes linear time** and never fails on a source without syntax errors.
//!
//! Source code layout: `canonical.rs` what formatting may change, `comments.rs` who prints which comment,
//! `print/` from the tree to documents, `document.rs` and `layout.rs` from documents to lines,
//! `spelling.rs` symbols, strings and comments.

mod canonical;
mod comments;
mod document;
mod layout;
mod print;
mod spelling;

use beamtalk_syntax::{Parsed, TokenKind, codes, dump, parse};
use beamtalk_text::Diagnostic;

/// `source` in canonical style.
///
/// # Errors
///
/// The errors of a source that cannot be parsed.
pub fn format(source: &str) -> Result<String, Vec<Diagnostic>> {
    let mut parsed = parse(source);
    if !is_readable(&parsed) {
        parsed.diagnostics.retain(Diagnostic::is_error);
        return Err(parsed.diagnostics);
    }
    canonical::normalize(&mut parsed.file);
    let formatted = print::print(source, &parsed.tokens, &parsed.file);
    if means_the_same(parsed, &formatted) {
        return Ok(formatted);
    }
    // Source text that is in no tree, such as a directive that nothing follows: it stays as written.
    Ok(source.to_owned())
}

/// Whether the tree is all of the source. That it defines a class twice is no reason not to format it.
fn is_readable(parsed: &Parsed) -> bool {
    parsed.diagnostics.iter().all(|each| !each.is_error() || each.code == codes::DEFINED_TWICE)
}

/// Whether `formatted` says what `before`, which is normalized, says. Only one tree is there at a time:
/// of a long source a tree is the largest thing.
fn means_the_same(mut before: Parsed, formatted: &str) -> bool {
    let counted = count(&before);
    canonical::reorder(&mut before.file);
    before.tokens = Vec::new();
    let expected = dump(&before.file);
    drop(before);
    let mut after = parse(formatted);
    if !is_readable(&after) || counted != count(&after) {
        return false;
    }
    after.tokens = Vec::new();
    canonical::normalize(&mut after.file);
    expected == dump(&after.file)
}

/// Comments, and directives, which the tree need not have.
fn count(parsed: &Parsed) -> (usize, usize) {
    let count = |is: fn(TokenKind) -> bool| parsed.tokens.iter().filter(|token| is(token.kind)).count();
    (count(TokenKind::is_comment), count(|kind| kind == TokenKind::Expect))
}
