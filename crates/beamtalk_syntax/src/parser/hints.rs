//! Mistakes of people who come from other languages, told apart with certainty.

use super::{Parser, Within, shorten};
use crate::ast::{Expr, ExprKind};
use crate::codes;
use crate::foreign::{begins_body, closes_body, foreign_word_help, operator_help};
use crate::token::{Token, TokenKind};

/// `empty?` and the like.
const QUESTION_HELP: &str =
    "names hold no `?`: write `x isNil`, `x isEmpty`; a choice is `condition ifTrue: [a] ifFalse: [b]`";

/// A method head where only statements can be.
const DEEP_HEAD: &str = "a method begins no further right than the method before it";

/// The first word of an expression or of an assigned value, where it is a name.
fn first_word(expr: &Expr) -> Option<&str> {
    let mut expr = expr;
    loop {
        match &expr.kind {
            ExprKind::Variable(name) => return Some(name),
            ExprKind::Send(send) => expr = &send.receiver,
            ExprKind::Assign(assign) => expr = &assign.value,
            ExprKind::Class(name) if name.package.is_none() => return Some(&name.name.name),
            _ => return None,
        }
    }
}

/// Whether `target` reads `let x` or the like.
pub(super) fn declaration_word(target: &Expr) -> bool {
    matches!(first_word(target), Some("var" | "let" | "val" | "const" | "my" | "local"))
}

/// Whether an expression reads `Class >> selector`.
fn is_method_lookup(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Send(send) if send.message.parts.first().is_some_and(|part| part.name == ">>"))
}

/// Keywords of a class definition in Smalltalk.
fn is_smalltalk_header(keyword: &str) -> bool {
    matches!(
        keyword,
        "instanceVariableNames:"
            | "classVariableNames:"
            | "poolDictionaries:"
            | "category:"
            | "package:"
            | "slots:"
            | "classVariables:"
            | "classInstanceVariableNames:"
    )
}

impl Parser<'_> {
    /// Report that the current token cannot start an expression.
    pub(super) fn unexpected(&mut self) {
        if !self.is_news() {
            self.error_position = self.position;
            return;
        }
        let found = self.found();
        let help = match self.kind() {
            TokenKind::Operator if self.text() == "-" => {
                "there is no unary minus; write `x negated` or `0 - x`"
            }
            TokenKind::Operator if self.text() == "--" && self.starts_line() => "a comment starts with `//`",
            TokenKind::Operator if self.text() == "%" && self.next().kind == TokenKind::LeftBrace => {
                "a dictionary is written `#{#key => value}`"
            }
            TokenKind::Operator if self.text() == "\\" => "a block is written `[:x | …]`",
            TokenKind::Colon => "a symbol is written `#name`",
            TokenKind::FatArrow => "a method is written `selector => body`",
            TokenKind::Operator if self.text().starts_with('?') && self.glued() => QUESTION_HELP,
            TokenKind::Period if self.source[..self.previous_end as usize].ends_with('!') => {
                "`!` ends the statement; leave out the `.`"
            }
            TokenKind::Period if self.glued() => "an interval is written `1 to: 10`",
            TokenKind::Equals | TokenKind::Operator | TokenKind::Comma => operator_help(self.text()),
            TokenKind::Eof if self.source[..self.previous_end as usize].ends_with("++") => {
                "something is missing at the end; to count up write `x := x + 1`"
            }
            TokenKind::Eof => "something is missing at the end",
            TokenKind::Keyword
                if self.body.within == Within::Method && self.is_method_head(self.position) =>
            {
                DEEP_HEAD
            }
            TokenKind::Keyword if self.source[..self.previous_end as usize].ends_with(">>") => {
                "a method is written `Class >> at: index => body`, with `=>` before the body"
            }
            TokenKind::Keyword if self.next().kind == TokenKind::Name => {
                "an annotated assignment is written `name :: Type := value`; a keyword message needs a receiver before it"
            }
            TokenKind::Keyword => {
                "a keyword message needs a receiver before it; inside a method write `self`"
            }
            TokenKind::Bang => "negation is `x not`; `!` ends a cast",
            TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace
                if self.at_open_closer() =>
            {
                "something is missing before it"
            }
            TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace => {
                "nothing here is open to be closed"
            }
            TokenKind::Expect => "@expect stands on a line of its own above a statement",
            TokenKind::LeftAngles => "`<<…>>` is a pattern; build binaries with messages to Binary",
            TokenKind::Period => "a statement is missing before the '.'",
            _ => "an expression begins with a name, a literal, `(` or `[`",
        };
        self.error(
            codes::UNEXPECTED_TOKEN,
            format!("Unexpected token: expected expression, found {found}"),
            help,
        );
    }

    /// Report that a statement goes on where it should end. Answers whether it is of another language and has a body.
    pub(super) fn unseparated(&mut self, before: &Expr) -> bool {
        if !self.is_news() {
            self.error_position = self.position;
            return false;
        }
        let found = self.found();
        let next = self.next();
        let glued_to_next = next.span.start == self.span().end;
        let word = first_word(before);
        if let Some(help) = word.and_then(foreign_word_help) {
            self.error(codes::FOREIGN_SYNTAX, format!("expected end of statement, found {found}"), help);
            return word.is_some_and(begins_body);
        }
        let help = match self.kind() {
            TokenKind::Equals => {
                let help = if matches!(before.kind, ExprKind::Variable(_) | ExprKind::Field { .. }) {
                    "'=' is not an operator in Beamtalk; use '=:=' for value equality or '==' for reference equality; assign with `:=`"
                } else {
                    operator_help("=")
                };
                self.error(codes::UNEXPECTED_TOKEN, "Unexpected token: expected expression, found =", help);
                return false;
            }
            TokenKind::Operator | TokenKind::Comma => {
                let asks = self.text().starts_with('?') && self.glued();
                let help = if asks { QUESTION_HELP } else { operator_help(self.text()) };
                let message = format!("Unexpected token: expected expression, found {found}");
                self.error(codes::UNEXPECTED_TOKEN, message, help);
                return false;
            }
            TokenKind::LeftAngles => {
                "a collection is added to with a message: `list add: value`; strings are joined with `++`"
            }
            TokenKind::String | TokenKind::StringStart if self.glued() => {
                "every string interpolates: write `\"{value}\"` without a letter before it"
            }
            TokenKind::Caret if is_method_lookup(before) => {
                "a method is written `Class >> selector => body`, with `=>` before the body"
            }
            TokenKind::LeftParen => {
                "messages take no parentheses: write `object message` or `object message: argument`"
            }
            TokenKind::LeftBracket if self.glued() => {
                "elements are reached with messages: write `collection at: index`"
            }
            TokenKind::LeftBrace => "a block is written `[ … ]`, a dictionary `#{#key => value}`",
            TokenKind::Pipe if next.kind == TokenKind::Pipe && glued_to_next => operator_help("||"),
            TokenKind::Pipe if next.kind == TokenKind::Operator && glued_to_next => {
                "messages are sent one after another: `value first second: argument`"
            }
            TokenKind::Pipe => {
                "block parameters are written `[:x | …]`, and types are joined with `|` only behind `::`"
            }
            TokenKind::Caret => {
                "`^` returns from the method and begins a statement; the power of a number is `**`"
            }
            TokenKind::FatArrow if self.body.within == Within::Method => DEEP_HEAD,
            TokenKind::FatArrow => "a method is written `Class >> selector => body`, a block `[:x | body]`",
            TokenKind::Colon | TokenKind::ColonColon => {
                "an annotated assignment is written `name :: Type := value`"
            }
            _ => {
                let message = format!("expected end of statement, found {found}");
                if matches!(before.kind, ExprKind::Cascade { .. }) {
                    let help = "`;` begins one more message to the same receiver; statements end with a newline or '.'";
                    self.error(codes::CASCADE, message, help);
                    return false;
                }
                let takes_none = match &before.kind {
                    ExprKind::Send(send) => send.message.arguments.is_empty(),
                    kind => matches!(kind, ExprKind::Variable(_)),
                };
                let help = if takes_none && !self.at(TokenKind::Keyword) {
                    "an argument stands behind a colon, as in `list add: 3`; statements are separated by '.' or a newline"
                } else {
                    "separate statements by '.' or a newline"
                };
                self.error(codes::END_OF_STATEMENT, message, help);
                return false;
            }
        };
        self.error(codes::FOREIGN_SYNTAX, format!("expected end of statement, found {found}"), help);
        false
    }

    /// Skip the rest of a construct of another language that begins in `column`: its line, the lines below that are
    /// indented deeper, and what ends it there.
    pub(super) fn skip_foreign(&mut self, column: Option<u16>) {
        loop {
            self.skip_line();
            let Some(column) = column else { break };
            if !self.starts_line() || self.at(TokenKind::Eof) || self.at_open_closer() || self.at_boundary() {
                break;
            }
            let here = self.token().column;
            let ends = self.at(TokenKind::RightBrace)
                || (self.at(TokenKind::Identifier) && closes_body(self.text()))
                || (self.at(TokenKind::Keyword) && closes_body(self.text().trim_end_matches(':')));
            if here < column || (here == column && !ends) {
                break;
            }
        }
        self.error_position = usize::MAX;
    }

    /// `x ::= value`. Answers whether it was reported; then the current token stands for the `:=`.
    pub(super) fn foreign_assign(&mut self) -> Option<crate::ast::Ident> {
        let colons = self.next();
        let sign = self.tokens[self.after(self.after(self.position))];
        if colons.kind != TokenKind::ColonColon
            || sign.kind != TokenKind::Equals
            || sign.span.start != colons.span.end
        {
            return None;
        }
        let name = self.bump_ident();
        self.error(codes::FOREIGN_SYNTAX, "'::=' is not an operator", "assign with `:=`");
        self.bump();
        Some(name)
    }

    /// What other languages write behind the name of a class. Answers what will close the body.
    pub(super) fn foreign_class_opener(&mut self) -> Option<&'static str> {
        // A brace that has something behind it begins a destructuring below the class.
        let may_follow = (self.at(TokenKind::LeftBrace) && self.next().starts_line)
            || (self.at(TokenKind::Keyword) && !self.is_method_head(self.position));
        if self.starts_line() && !may_follow {
            return None;
        }
        let (help, closer) = match self.kind() {
            TokenKind::LeftBrace => {
                ("a class body has no braces: its members stand indented below", Some("}"))
            }
            TokenKind::Colon => ("remove it; the members stand indented below", None),
            TokenKind::Identifier if self.text() == "do" => {
                ("remove it; the members stand indented below", Some("end"))
            }
            TokenKind::Identifier if matches!(self.text(), "extends" | "implements" | "with" | "is") => {
                ("the superclass stands first: `Superclass subclass: Name`", None)
            }
            TokenKind::Keyword if is_smalltalk_header(self.text()) => {
                self.smalltalk_header();
                return None;
            }
            _ => return None,
        };
        let found = self.found();
        let message = format!("'{found}' is not part of a class header");
        self.error(codes::FOREIGN_SYNTAX, message, help);
        if closer.is_some() || self.at(TokenKind::Colon) {
            self.bump();
        } else {
            self.skip_line();
        }
        self.error_position = usize::MAX;
        closer
    }

    /// `instanceVariableNames: 'a b' package: 'P'`.
    fn smalltalk_header(&mut self) {
        let start = self.span().start;
        let found = self.found();
        self.error(
            codes::FOREIGN_SYNTAX,
            format!("'{found}' is not part of a class header"),
            "declare data below the header, one a line: `field: name = value` in a Value, `state: name = value` in an Actor",
        );
        self.silence_smalltalk_header(start);
    }

    /// Step over the keywords of a class definition of Smalltalk; its strings in single quotes are part of one mistake.
    pub(super) fn silence_smalltalk_header(&mut self, start: u32) {
        while self.at(TokenKind::Keyword) && is_smalltalk_header(self.text()) {
            self.bump();
            if matches!(
                self.kind(),
                TokenKind::Error | TokenKind::String | TokenKind::Symbol | TokenKind::Name
            ) {
                self.bump();
            }
        }
        self.silenced.push(self.span_from(start));
        self.error_position = usize::MAX;
    }

    /// `!=`, which lexes as `!` and `=`.
    pub(super) fn foreign_inequality(&mut self) -> bool {
        let next = self.next();
        let glued = next.span.start == self.span().end;
        let equals = next.kind == TokenKind::Equals
            || (next.kind == TokenKind::Operator && self.text_of(next).starts_with('='));
        if !(glued && equals) {
            return false;
        }
        self.error(codes::FOREIGN_SYNTAX, "'!=' is not an operator", operator_help("!="));
        true
    }

    /// `| a b |` at the start of a block.
    pub(super) fn declared_temporaries(&mut self) {
        self.error(
            codes::FOREIGN_SYNTAX,
            "Variables are not declared with | |",
            "a variable exists from its first assignment on; remove the declaration",
        );
        self.bump();
        while self.at(TokenKind::Identifier) {
            self.bump();
        }
        self.eat(TokenKind::Pipe);
    }

    /// Foreign syntax where a group should close. Answers whether it was reported.
    pub(super) fn foreign_in_group(&mut self, closer: TokenKind) -> bool {
        if self.at(TokenKind::Bang) {
            return self.foreign_inequality();
        }
        if matches!(self.kind(), TokenKind::Operator | TokenKind::Equals)
            || (self.at(TokenKind::Comma) && closer == TokenKind::RightBracket)
        {
            let found = self.found();
            let help = operator_help(self.text());
            self.error(
                codes::UNEXPECTED_TOKEN,
                format!("Unexpected token: expected expression, found {found}"),
                help,
            );
            return true;
        }
        false
    }

    /// `key: value` in a dictionary. Answers whether it was reported.
    pub(super) fn foreign_pair(&mut self, key: &Expr) -> bool {
        let glued_key = matches!(key.kind, ExprKind::Error) && self.at(TokenKind::Keyword);
        if !glued_key && !self.at(TokenKind::Colon) {
            return false;
        }
        let key = if glued_key {
            format!("#{}", self.text().trim_end_matches(':'))
        } else {
            shorten(key.span.text(self.source))
        };
        // The key itself was no expression; this message is the better one.
        if glued_key && self.diagnostics.last().is_some_and(|last| last.span == self.span()) {
            self.diagnostics.pop();
        }
        self.error_position = usize::MAX;
        self.error(codes::FOREIGN_SYNTAX, "Expected '=>' after map key", &format!("write `{key} => value`"));
        true
    }

    /// A block or a dictionary in plain braces. Answers whether it was reported.
    pub(super) fn foreign_braces(&mut self) -> bool {
        let key = self.next();
        let sign = self.tokens[self.after(self.after(self.position))].kind;
        let help = if key.kind == TokenKind::Keyword {
            let word = self.text_of(key).trim_end_matches(':');
            format!("a dictionary is written `#{{#{word} => value}}`")
        } else if matches!(sign, TokenKind::Colon | TokenKind::FatArrow) {
            "a dictionary is written `#{#key => value}`".to_owned()
        } else {
            return false;
        };
        let message = "Tuple literals are not valid expressions, and braces alone make no dictionary";
        self.error(codes::FOREIGN_SYNTAX, message, &help);
        true
    }

    /// A method head of another language, reported where `=>` should be.
    pub(super) fn foreign_method_head(&mut self) -> bool {
        match self.kind() {
            TokenKind::Assign | TokenKind::Equals => self.error(
                codes::METHOD_HEAD,
                "Expected '=>' after method selector",
                "declare data with `field: name = value` or `state: name = value`; a method is written `selector => body`",
            ),
            TokenKind::LeftParen => self.error(
                codes::METHOD_HEAD,
                "Expected '=>' after method selector: parameters are not written in parentheses",
                "a method is written `name => …`, or `at: index put: value => …`",
            ),
            _ => return false,
        }
        true
    }

    /// A member of another language. Answers whether it was reported.
    pub(super) fn foreign_member(&mut self) -> bool {
        if !self.at(TokenKind::Identifier) || self.next().starts_line {
            return false;
        }
        let help = match self.text() {
            "def" | "defp" | "fn" | "fun" | "func" | "function" | "method" => {
                "a method is written `selector => body`, without a word before it"
            }
            "var" | "let" | "val" | "const" | "attr_accessor" => {
                "declare data with `field: name = value` or `state: name = value`"
            }
            "public" | "private" | "protected" | "static" => {
                "a class method is written `class name => …`, and `internal` keeps a method in its package"
            }
            _ => return false,
        };
        let word = self.text();
        self.error(codes::FOREIGN_SYNTAX, format!("'{word}' is not part of a class body"), help);
        true
    }

    /// `x: Type := value`, a single colon glued to the name.
    pub(super) fn legacy_annotated_local(&self) -> bool {
        let name: Token = self.next();
        name.kind == TokenKind::Name
            && self.tokens[self.after(self.after(self.position))].kind == TokenKind::Assign
    }
}
