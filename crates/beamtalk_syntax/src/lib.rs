//! Lexer, parser and syntax tree of Beamtalk.
//!
//! One function does it: [`parse`] turns a source, be it a file or an input at the prompt, into a
//! tree, its tokens with comments, and what is wrong with it. This crate knows the grammar and
//! nothing else: no scopes, no class kinds, no types.
//!
//! ```
//! let parsed = beamtalk_syntax::parse("total := 3 + 4\n");
//! assert!(parsed.diagnostics.is_empty());
//! assert_eq!(parsed.file.items.len(), 1);
//! ```
//!
//! # Invariants
//!
//! - **Parsing never fails.** Broken source gives `Error` nodes and diagnostics, and the rest of the
//!   file still has its classes and methods. One mistake gives one error.
//! - **It never overflows the stack**, on a thread of 2 MiB: nesting is limited to 256 levels,
//!   messages sent to one another's results to 512, and no tree is taller than a thousand
//!   expressions, so that walking, comparing and dropping it by recursion is safe as well. Cascades,
//!   statements, elements and keyword parts are flat and have no limit.
//! - **It takes linear time.** Lookahead is bounded or remembered, a broken string is read again at
//!   most four times, and at most a thousand diagnostics of each kind are kept.
//! - **Spans are exact and nest.** Every byte is in a token or is whitespace between two tokens.
//!
//! Source code layout: `ast.rs` the tree, `token.rs` tokens, `lexer/` and `parser/` how they are
//! made, `literal.rs` values of literals, `codes.rs` diagnostic codes, `completeness.rs` whether an
//! input at the prompt is finished, `dump.rs` the tree as text, `foreign.rs` words of other languages, `selector.rs` facts about selectors,
//! `walk.rs` an expression's parts.

pub mod ast;
pub mod codes;
mod completeness;
pub mod dump;
mod foreign;
pub mod lexer;
mod literal;
mod parser;
mod selector;
pub mod token;
mod walk;

use beamtalk_text::{Diagnostic, Span};

pub use completeness::{Completeness, completeness};
pub use dump::dump;
pub use foreign::foreign_word_help;
pub use selector::{is_binary_selector, is_keyword_selector, selector_arity};
pub use token::{Token, TokenKind};

/// What a source is made of.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree.
    pub file: ast::SourceFile,
    /// All tokens in order, comments included; the last one is [`TokenKind::Eof`].
    pub tokens: Vec<Token>,
    /// Errors and warnings in source order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether nothing stops compilation.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Parse a file or an input at the prompt.
#[must_use]
pub fn parse(source: &str) -> Parsed {
    if u32::try_from(source.len()).is_err() {
        let diagnostic =
            Diagnostic::error(codes::SOURCE_TOO_LONG, Span::default(), "Source is longer than 4 GiB")
                .with_help("split it into several files");
        return Parsed {
            file: ast::SourceFile::default(),
            tokens: Vec::new(),
            diagnostics: vec![diagnostic],
        };
    }
    let lexed = lexer::lex(source);
    let (file, mut diagnostics) = parser::parse_file(source, &lexed.tokens, lexed.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    Parsed { file, tokens: lexed.tokens, diagnostics }
}
