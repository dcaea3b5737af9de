//! Mistakes of people who come from other languages, told apart with certainty.

use super::Parser;
use crate::ast::{Expr, ExprKind};
use crate::codes;
use crate::token::{Token, TokenKind};

/// What an operator of another language is called here.
fn operator_help(operator: &str) -> &'static str {
    match operator {
        "=" => "'=' is not an operator; use `=:=` or `==` to compare and `:=` to assign",
        "!=" | "~=" | "<>" | "~~" => "inequality is `=/=` (or `/=`)",
        "===" => "equality is `=:=` (or `==`)",
        "&&" | "&" => "write `a and: [b]`",
        "||" => "write `a or: [b]`",
        "+=" | "-=" | "*=" | "/=" | "++=" => "there is no compound assignment; write `x := x + 1`",
        "--" => "write `x := x - 1`",
        "," => "strings are joined with `++`; commas only separate elements of literals",
        "\\\\" | "%%" => "the remainder is `%`",
        "?" => "write `condition ifTrue: [a] ifFalse: [b]`",
        _ => "the operators are ** * / % + - ++ < > <= >= == /= =:= =/= >> and ->; put spaces around them",
    }
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
            TokenKind::Equals | TokenKind::Operator if self.text() == "-" => {
                "there is no unary minus; write `x negated` or `0 - x`"
            }
            TokenKind::Equals | TokenKind::Operator | TokenKind::Comma => operator_help(self.text()),
            TokenKind::Eof => "something is missing at the end",
            TokenKind::Keyword => "a keyword message needs a receiver before it; inside a method write `self`",
            TokenKind::Bang => "negation is `x not`; `!` ends a cast",
            TokenKind::Pipe => "variables need no declaration; assign with `:=`",
            TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace => "nothing here is open to be closed",
            TokenKind::Expect => "@expect stands on a line of its own above a statement",
            TokenKind::LeftAngles => "`<<…>>` is a pattern; build binaries with messages to Binary",
            TokenKind::Period => "a statement is missing before the '.'",
            _ => "an expression begins with a name, a literal, `(` or `[`",
        };
        self.error(codes::UNEXPECTED_TOKEN, format!("Unexpected token: expected expression, found {found}"), help);
    }

    /// Report that a statement goes on where it should end.
    pub(super) fn unseparated(&mut self, before: &Expr) {
        if !self.is_news() {
            self.error_position = self.position;
            return;
        }
        let found = self.found();
        match self.kind() {
            TokenKind::Equals => {
                let help = if matches!(before.kind, ExprKind::Variable(_) | ExprKind::Field { .. }) {
                    "'=' is not an operator; assign with `:=`, compare with `=:=` or `==`"
                } else {
                    operator_help("=")
                };
                self.error(codes::UNEXPECTED_TOKEN, "Unexpected token: expected expression, found =", help);
            }
            TokenKind::Operator | TokenKind::Comma => {
                let help = operator_help(self.text());
                self.error(codes::UNEXPECTED_TOKEN, format!("Unexpected token: expected expression, found {found}"), help);
            }
            TokenKind::LeftParen if matches!(before.kind, ExprKind::Send(_) | ExprKind::Field { .. } | ExprKind::Variable(_)) => {
                self.error(
                    codes::FOREIGN_SYNTAX,
                    "expected end of statement, found (: messages take no parentheses",
                    "write `object message`, or `object message: argument`",
                );
            }
            _ => self.error(
                codes::END_OF_STATEMENT,
                format!("expected end of statement, found {found}"),
                "separate statements by '.' or a newline",
            ),
        }
    }

    /// `!=`, which lexes as `!` and `=`.
    pub(super) fn foreign_inequality(&mut self) -> bool {
        let next = self.next();
        let glued = next.span.start == self.span().end;
        let equals = next.kind == TokenKind::Equals || (next.kind == TokenKind::Operator && self.text_of(next).starts_with('='));
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
            self.error(codes::UNEXPECTED_TOKEN, format!("Unexpected token: expected expression, found {found}"), help);
            return true;
        }
        false
    }

    /// `key: value` in a dictionary. Answers whether it was reported.
    pub(super) fn foreign_pair(&mut self, _key: &Expr) -> bool {
        if !self.at(TokenKind::Keyword) {
            return false;
        }
        let word = self.text().trim_end_matches(':');
        let help = format!("write `#{word} => value`");
        self.error(codes::FOREIGN_SYNTAX, "Expected '=>' after map key", &help);
        true
    }

    /// A block or a dictionary in plain braces. Answers whether it was reported.
    pub(super) fn foreign_braces(&mut self) -> bool {
        let next = self.next();
        if next.kind == TokenKind::Keyword {
            let word = self.text_of(next).trim_end_matches(':');
            let help = format!("a dictionary is written `#{{#{word} => value}}`");
            self.error(
                codes::FOREIGN_SYNTAX,
                "Tuple literals are not valid expressions, and braces make no dictionary",
                &help,
            );
            return true;
        }
        false
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
            "var" | "let" | "val" | "const" | "attr_accessor" => "declare data with `field: name = value` or `state: name = value`",
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
        name.kind == TokenKind::Name && self.tokens[self.after(self.after(self.position))].kind == TokenKind::Assign
    }
}
