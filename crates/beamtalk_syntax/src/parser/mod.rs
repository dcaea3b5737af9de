//! Recursive descent over the tokens, with Pratt's method for binary messages.
//!
//! Each submodule parses one part of the grammar of spec 01 section 18. All of them follow three
//! rules: a mistake is reported once, where it is; a parse function that cannot go on answers an
//! `Error` node and leaves the offending token to its caller; and only the loops over statements,
//! elements, arms and members skip text.

mod class;
mod collections;
mod definitions;
mod destructuring;
mod directives;
mod docs;
mod expression;
mod hints;
mod lookahead;
mod method;
mod operand;
mod pattern;
mod recovery;
mod segments;
mod statement;
mod types;

use beamtalk_text::{Diagnostic, Span};
use smol_str::SmolStr;

use crate::ast::{Ident, Pattern, RestPattern, SourceFile};
use crate::lexer::MAX_DIAGNOSTICS;
use crate::token::{Token, TokenKind};

/// Deepest nesting of brackets, right-nested operators and patterns.
pub(crate) const MAX_DEPTH: u32 = 256;

/// Tallest expression tree: nesting and chains of messages together. A bound on every path from the
/// root keeps recursion over the tree safe for everyone, dropping and comparing included.
pub(crate) const MAX_HEIGHT: u32 = 512;

/// Parse `tokens` of `source` into a tree, with what is wrong with it.
///
/// `lexical` are the lexer's diagnostics; those that are part of a greater mistake are left out.
pub(crate) fn parse_file(
    source: &str,
    tokens: &[Token],
    lexical: Vec<Diagnostic>,
) -> (SourceFile, Vec<Diagnostic>) {
    let mut parser = Parser::new(source, tokens);
    let file = parser.file();
    parser.report_detached_docs();
    let Parser { mut diagnostics, silenced, .. } = parser;
    let is_part = |each: &Diagnostic| {
        // Silenced spans are ascending.
        let index = silenced.partition_point(|span| span.end < each.span.end);
        silenced.get(index).is_some_and(|span| span.start <= each.span.start)
    };
    diagnostics.extend(lexical.into_iter().filter(|each| !is_part(each)));
    (file, diagnostics)
}

/// What kind of body the current statements stand in; decides where it ends (spec 01 section 5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Within {
    /// File level: only brackets end anything.
    File,
    /// A method of a class body.
    Method,
    /// A standalone method.
    Extension,
    /// The default of a data declaration.
    Default,
}

/// The body being parsed.
#[derive(Clone, Copy)]
struct Body {
    within: Within,
    /// Column of the header's first token, *H* of spec 01 section 5.3.
    header_column: u16,
    /// Brackets open since the body began.
    brackets: u32,
}

/// Something that is legal only in a pattern, parsed before it is known whether this is one.
struct Deferred {
    span: Span,
    form: DeferredForm,
}

enum DeferredForm {
    Rest(RestPattern),
    Tuple(Pattern),
}

struct Parser<'s> {
    source: &'s str,
    tokens: &'s [Token],
    /// Index of the current token, never a comment.
    position: usize,
    /// End of the last consumed token.
    previous_end: u32,
    diagnostics: Vec<Diagnostic>,
    /// Where the last error was reported: there is no second one at the same token.
    error_position: usize,
    depth: u32,
    /// Height of the expression parsed last.
    height: u32,
    body: Body,
    /// Open parentheses, brackets and braces: whether a closer has something to close.
    open: [u32; 3],
    deferred: Vec<Deferred>,
    /// Indices of the first tokens of declarations, ascending.
    declarations: Vec<usize>,
    /// The last answer of `at_boundary`.
    boundary: Option<(usize, bool, bool)>,
    /// Keyword tokens before this index are known not to begin a method head.
    no_head_before: usize,
    /// In a protocol the parts of a keyword signature stand on one line.
    one_line_signature: bool,
    /// `&` and `\` so far in the annotation being parsed.
    type_links: Option<u32>,
    /// Something in the current statement was reported: where it ends may be a consequence.
    broken: bool,
    /// Text whose lexical mistakes are part of one that is reported.
    silenced: Vec<Span>,
    /// The limit of nesting was reported for the current outermost statement.
    too_deep: bool,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str, tokens: &'s [Token]) -> Self {
        let mut parser = Self {
            source,
            tokens,
            position: 0,
            previous_end: 0,
            diagnostics: Vec::new(),
            error_position: usize::MAX,
            depth: 0,
            height: 0,
            body: Body { within: Within::File, header_column: 0, brackets: 0 },
            open: [0; 3],
            deferred: Vec::new(),
            declarations: Vec::new(),
            boundary: None,
            no_head_before: 0,
            one_line_signature: false,
            type_links: None,
            broken: false,
            silenced: Vec::new(),
            too_deep: false,
        };
        parser.position = parser.significant(0);
        parser
    }

    // Tokens

    /// Index of the first token from `index` on that is no comment.
    fn significant(&self, mut index: usize) -> usize {
        while self.tokens[index].kind.is_comment() {
            index += 1;
        }
        index
    }

    /// Index of the token after `index`; the end of the source follows itself.
    fn after(&self, index: usize) -> usize {
        if index + 1 < self.tokens.len() { self.significant(index + 1) } else { index }
    }

    fn token(&self) -> Token {
        self.tokens[self.position]
    }

    fn kind(&self) -> TokenKind {
        self.tokens[self.position].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.position].span
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    fn starts_line(&self) -> bool {
        self.tokens[self.position].starts_line
    }

    fn next(&self) -> Token {
        self.tokens[self.after(self.position)]
    }

    fn text_of(&self, token: Token) -> &'s str {
        token.span.text(self.source)
    }

    fn text(&self) -> &'s str {
        self.text_of(self.token())
    }

    /// Whether the current token is the identifier `word`.
    fn at_word(&self, word: &str) -> bool {
        self.at(TokenKind::Identifier) && self.text() == word
    }

    /// Whether nothing lies between the current token and the one before it.
    fn glued(&self) -> bool {
        self.span().start == self.previous_end
    }

    fn bump(&mut self) -> Token {
        let token = self.token();
        self.previous_end = token.span.end;
        self.position = self.after(self.position);
        token
    }

    fn eat(&mut self, kind: TokenKind) -> Option<Token> {
        self.at(kind).then(|| self.bump())
    }

    fn ident_of(&self, token: Token) -> Ident {
        Ident { name: SmolStr::new(self.text_of(token)), span: token.span }
    }

    fn bump_ident(&mut self) -> Ident {
        let token = self.bump();
        self.ident_of(token)
    }

    /// From `start` to the end of the last consumed token.
    fn span_from(&self, start: u32) -> Span {
        Span::new(start, self.previous_end.max(start))
    }

    /// Number of characters before the token on its line.
    fn column_of(&self, token: Token) -> u16 {
        if token.starts_line {
            return token.column;
        }
        let before = &self.source.as_bytes()[..token.span.start as usize];
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or(before);
        u16::try_from(line.len()).unwrap_or(u16::MAX)
    }

    /// What a message calls the current token.
    fn found(&self) -> String {
        match self.kind() {
            TokenKind::Eof => "<eof>".to_owned(),
            TokenKind::StringMiddle | TokenKind::StringEnd => "}".to_owned(),
            _ => shorten(self.text()),
        }
    }

    // Errors

    /// Whether an error here would be news.
    fn is_news(&self) -> bool {
        self.position != self.error_position
            && self.kind() != TokenKind::Error
            && self.diagnostics.len() < MAX_DIAGNOSTICS
    }

    /// Report a mistake at the current token.
    fn error(&mut self, code: &'static str, message: impl Into<String>, help: &str) {
        if self.is_news() {
            let span = self.span();
            self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
        }
        self.broken = true;
        self.error_position = self.position;
    }

    /// Report a mistake in text already consumed; does not silence errors to come.
    fn error_at(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
        }
    }

    /// Run `parse` one level deeper, or report that the limit is reached and answer `None`.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == MAX_DEPTH {
            self.report_too_deep();
            return None;
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        Some(result)
    }

    /// Report it once for a statement, however many of its parts are too deep.
    fn report_too_deep(&mut self) {
        if std::mem::replace(&mut self.too_deep, true) {
            self.error_position = self.position;
            return;
        }
        self.error(
            crate::codes::TOO_DEEP,
            "Expression nesting is too deep",
            "give a part of the expression a name, or move it to a method of its own",
        );
    }
}

/// At most the first few characters of a token.
fn shorten(text: &str) -> String {
    const MOST: usize = 40;
    let line = text.lines().next().unwrap_or("");
    let mut shown: String = line.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
