//! Strings with interpolation, symbols and the quotes of other languages.

use super::cursor::{is_identifier_part, is_identifier_start};
use super::{Lexer, OpenString};
use crate::codes;
use crate::token::TokenKind;

/// How often a broken string may be read again; beyond that the lexer takes what it has.
const MAX_REWINDS: u8 = 4;

const ESCAPE_HELP: &str = "write `\\{` for a literal brace";

/// Where a run of string text ended.
enum TextEnd {
    Quote,
    Interpolation,
    EndOfSource,
}

impl Lexer<'_> {
    /// A string whose quote is next.
    pub(super) fn string(&mut self, start: usize) -> TokenKind {
        self.cursor.offset += 1;
        match self.string_text() {
            TextEnd::Quote => TokenKind::String,
            TextEnd::Interpolation => {
                let token = self.tokens.len();
                self.open_strings.push(OpenString { start, token, braces: 0 });
                TokenKind::StringStart
            }
            TextEnd::EndOfSource => self.unterminated_string(start),
        }
    }

    /// `}` ends a brace, or an interpolation, whose string goes on.
    pub(super) fn right_brace(&mut self) -> TokenKind {
        let Some(open) = self.open_strings.last_mut() else { return self.single(TokenKind::RightBrace) };
        if open.braces > 0 {
            open.braces -= 1;
            return self.single(TokenKind::RightBrace);
        }
        self.cursor.offset += 1;
        match self.string_text() {
            TextEnd::Quote => {
                self.open_strings.pop();
                TokenKind::StringEnd
            }
            TextEnd::Interpolation => TokenKind::StringMiddle,
            // `run` sees the end of the source next and closes what is open.
            TextEnd::EndOfSource => TokenKind::Error,
        }
    }

    pub(super) fn enter_brace(&mut self) {
        if let Some(open) = self.open_strings.last_mut() {
            open.braces += 1;
        }
    }

    /// Read text up to the closing quote or past the `{` of an interpolation.
    fn string_text(&mut self) -> TextEnd {
        let mut reported = false;
        while let Some(byte) = self.cursor.peek() {
            match byte {
                b'"' if self.cursor.second() == Some(b'"') => self.cursor.offset += 2,
                b'"' => {
                    self.cursor.offset += 1;
                    return TextEnd::Quote;
                }
                b'\\' => {
                    self.cursor.offset += 1;
                    self.cursor.bump_char();
                }
                b'{' => match self.brace_mistake() {
                    None => {
                        self.cursor.offset += 1;
                        return TextEnd::Interpolation;
                    }
                    Some((length, message)) => {
                        let at = self.cursor.offset;
                        self.cursor.offset += length;
                        if !reported {
                            reported = true;
                            self.error(codes::BAD_INTERPOLATION, at, message, ESCAPE_HELP);
                        }
                    }
                },
                _ => self.cursor.offset += 1,
            }
        }
        TextEnd::EndOfSource
    }

    /// Whether the brace that is next begins no interpolation: bytes to take as text, and the mistake.
    fn brace_mistake(&self) -> Option<(usize, &'static str)> {
        if self.cursor.second() == Some(b'{') {
            return Some((2, "doubled {{ }} in string literal is not interpolation"));
        }
        let rest = &self.cursor.bytes[self.cursor.offset + 1..];
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        (rest.get(blanks) == Some(&b'}')).then_some((blanks + 2, "empty interpolation {} is not allowed"))
    }

    /// The source ended inside the string that began at `start`. Report the string whose quote is
    /// missing, and let it end with its line so that what follows is read as code.
    fn unterminated_string(&mut self, start: usize) -> TokenKind {
        self.unterminated = true;
        if !self.open_strings.is_empty() {
            return TokenKind::Error;
        }
        let start = match self.string_without_end() {
            Some(culprit) if self.rewinds < MAX_REWINDS => self.rewind_to(culprit),
            _ => start,
        };
        self.cut_at_line_end(start);
        let shown: String = self.cursor.text(start).chars().take(40).collect();
        self.error(
            codes::UNTERMINATED_STRING,
            start,
            &format!("Unterminated string: {shown}"),
            "close the string with a double quote",
        );
        TokenKind::Error
    }

    /// The first string that runs over a line end and stops right before a word: there a quote that
    /// should open a string closed one. Answers the index of its first token.
    fn string_without_end(&self) -> Option<usize> {
        let mut starts: Vec<usize> = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let outermost = match token.kind {
                TokenKind::String if starts.is_empty() => index,
                TokenKind::StringStart => {
                    starts.push(index);
                    continue;
                }
                TokenKind::StringEnd => {
                    let outermost = starts.first().copied();
                    starts.pop();
                    outermost.unwrap_or(index)
                }
                _ => continue,
            };
            let end = token.span.end as usize;
            let stops_before_word = self.cursor.bytes.get(end).is_some_and(|byte| is_identifier_part(*byte));
            if stops_before_word && self.cursor.bytes[token.span.start as usize..end].contains(&b'\n') {
                return Some(outermost);
            }
        }
        None
    }

    /// Forget the tokens from `index` on. Answers where the first of them began.
    fn rewind_to(&mut self, index: usize) -> usize {
        let token = self.tokens[index];
        let start = token.span.start as usize;
        self.start = start;
        self.tokens.truncate(index);
        self.diagnostics.retain(|diagnostic| diagnostic.span.start < token.span.start);
        self.newline = token.starts_line;
        let line = self.cursor.bytes[..start].iter().rposition(|byte| *byte == b'\n');
        self.line_mark = (line.map_or(0, |at| at + 1), 0);
        self.cursor.offset = start;
        start
    }

    fn cut_at_line_end(&mut self, start: usize) {
        if self.rewinds < MAX_REWINDS {
            self.rewinds += 1;
            self.cursor.offset = start;
            self.cursor.eat_while(|byte| byte != b'\n');
        }
    }

    /// At the end of the source: an interpolation that is still open has no `}`. Read its string
    /// again as plain text. Answers whether there is more to lex.
    pub(super) fn close_open_strings(&mut self) -> bool {
        let Some(open) = self.open_strings.first().copied() else { return false };
        self.unterminated = true;
        self.open_strings.clear();
        if self.rewinds == MAX_REWINDS {
            self.brace_error(open.start);
            return false;
        }
        self.rewinds += 1;
        self.rewind_to(open.token);
        self.cursor.offset += 1;
        self.plain_string_text();
        self.brace_error(open.start);
        self.push(TokenKind::Error, open.start);
        true
    }

    fn brace_error(&mut self, start: usize) {
        self.error(codes::BAD_INTERPOLATION, start, "unescaped { in string literal", ESCAPE_HELP);
    }

    /// Read up to the first quote on this line, or to its end.
    fn plain_string_text(&mut self) {
        while let Some(byte) = self.cursor.peek() {
            match byte {
                b'\n' => return,
                b'"' => {
                    self.cursor.offset += 1;
                    return;
                }
                b'\\' if self.cursor.second() != Some(b'\n') => {
                    self.cursor.offset += 1;
                    self.cursor.bump_char();
                }
                _ => self.cursor.offset += 1,
            }
        }
    }

    /// What `#` begins.
    pub(super) fn hash(&mut self, start: usize) -> TokenKind {
        match self.cursor.second() {
            Some(b'(') => self.fixed(2, TokenKind::HashParen),
            Some(b'[') => self.fixed(2, TokenKind::HashBracket),
            Some(b'{') => {
                self.enter_brace();
                self.fixed(2, TokenKind::HashBrace)
            }
            Some(b'\'') => {
                self.cursor.offset += 1;
                self.quoted_symbol(start)
            }
            Some(b',') => self.fixed(2, TokenKind::Symbol),
            Some(byte) if is_identifier_start(byte) => {
                self.cursor.offset += 1;
                self.name_symbol();
                TokenKind::Symbol
            }
            _ => {
                self.cursor.offset += 1;
                self.eat_operator();
                if self.cursor.offset > start + 1 {
                    return TokenKind::Symbol;
                }
                let comment = self.cursor.peek() == Some(b' ') && self.previous_ends_statement();
                let help = if comment {
                    "a comment starts with `//`; the literals are #name #at:put: #+ #'two words' #(1, 2) #[1, 2] #{#k => v}"
                } else {
                    "the literals are #name #at:put: #+ #'two words' #(1, 2) #[1, 2] #{#k => v}"
                };
                self.error(codes::LONE_HASH, start, "Unexpected '#'", help);
                TokenKind::Error
            }
        }
    }

    /// Whether a `#` here could be meant as a comment.
    fn previous_ends_statement(&self) -> bool {
        self.newline || crate::token::OPERAND_ENDS.contains(self.previous)
    }

    /// `name`, `at:`, `at:put:`; a colon before `=` or `:` is left alone, and so is a last word
    /// without a colon after keyword parts.
    fn name_symbol(&mut self) {
        self.cursor.eat_while(is_identifier_part);
        while self.cursor.peek() == Some(b':') && !matches!(self.cursor.second(), Some(b':' | b'=')) {
            self.cursor.offset += 1;
            let end = self.cursor.offset;
            if self.cursor.peek().is_some_and(is_identifier_start) {
                self.cursor.eat_while(is_identifier_part);
                if self.cursor.peek() != Some(b':') || matches!(self.cursor.second(), Some(b':' | b'=')) {
                    self.cursor.offset = end;
                    return;
                }
            }
        }
    }

    fn quoted_symbol(&mut self, start: usize) -> TokenKind {
        if self.quoted_run() {
            return TokenKind::Symbol;
        }
        self.unterminated = true;
        self.cut_at_line_end(start);
        self.error(
            codes::UNTERMINATED_SYMBOL,
            start,
            "Unterminated quoted symbol",
            "close the symbol with a single quote, as in `#'two words'`",
        );
        TokenKind::Error
    }

    pub(super) fn single_quoted(&mut self, start: usize) -> TokenKind {
        if !self.quoted_run() {
            self.cut_at_line_end(start);
        }
        self.error(
            codes::SINGLE_QUOTES,
            start,
            "single-quoted strings are no longer supported, use double quotes",
            "write the string in double quotes; a symbol with spaces is `#'two words'`",
        );
        TokenKind::Error
    }

    /// Step over `'…'` with `''` inside; answers whether it was closed.
    fn quoted_run(&mut self) -> bool {
        self.cursor.offset += 1;
        while let Some(byte) = self.cursor.peek() {
            self.cursor.offset += 1;
            if byte == b'\'' {
                if self.cursor.peek() != Some(b'\'') {
                    return true;
                }
                self.cursor.offset += 1;
            }
        }
        false
    }
}
