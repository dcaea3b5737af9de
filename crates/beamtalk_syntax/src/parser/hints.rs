//! Mistakes of people who come from other languages, told apart with certainty.

use super::{Parser, Within, shorten};
use crate::ast::{Expr, ExprKind};
use crate::codes;
use crate::token::{Token, TokenKind};

/// A method head where only statements can be.
const DEEP_HEAD: &str = "a method begins no further right than the method before it";

/// What an operator of another language is called here.
fn operator_help(operator: &str) -> &'static str {
    match operator {
        "=" => {
            "'=' is not an operator in Beamtalk; use '=:=' for value equality or '==' for reference equality"
        }
        "!=" | "~=" | "<>" | "~~" => "inequality is `=/=` (or `/=`), and strings are joined with `++`",
        "===" => "equality is `=:=` (or `==`)",
        "&&" | "&" => "write `a and: [b]`",
        "||" => "write `a or: [b]`",
        "+=" | "-=" | "*=" | "/=" | "++=" => "there is no compound assignment; write `x := x + 1`",
        "--" => "write `x := x - 1`",
        "," => {
            "commas separate elements of `#(a, b)` and `#[a, b]`; to take a tuple apart write `{a, b} := pair`; strings are joined with `++`"
        }
        "\\\\" | "%%" => "the remainder is `%`",
        "?" => "write `condition ifTrue: [a] ifFalse: [b]`",
        _ => "the operators are ** * / % + - ++ < > <= >= == /= =:= =/= >> and ->; put spaces around them",
    }
}

/// What a statement that begins with a word of another language should be here.
fn word_help(word: &str) -> Option<&'static str> {
    Some(match word {
        "return" => "write `^ value`; the last value of a method is its answer anyway",
        "if" | "unless" | "elsif" | "elseif" | "elif" | "else" => {
            "write `condition ifTrue: [a] ifFalse: [b]`; conditions are messages"
        }
        "while" | "until" => "write `[condition] whileTrue: [body]`",
        "for" | "foreach" | "loop" => "write `collection do: [:each | body]` or `1 to: 10 do: [:i | body]`",
        "switch" | "case" | "when" | "cond" | "with" => {
            "write `value match: [pattern -> result; _ -> other]`"
        }
        "try" | "begin" | "catch" | "rescue" | "except" => "write `[body] on: Error do: [:error | handler]`",
        "throw" | "raise" => "write `self error: \"text\"`, or send `signal` to an exception",
        "var" | "let" | "val" | "const" | "my" | "local" => {
            "a variable exists from its first assignment on: write `x := value` without a word before it"
        }
        "def" | "defp" | "fn" | "fun" | "func" | "function" | "sub" => {
            "write a method as `selector => body` in a class or `Class >> selector => body`, a block as `[:x | body]`"
        }
        "lambda" | "proc" => "write a block: `[:x | body]`",
        "class" | "interface" | "struct" | "trait" | "enum" | "module" | "defmodule" | "object" => {
            "write `Object subclass: Name` (or `Value`, `Actor`), and the members indented below"
        }
        "import" | "require" | "include" | "use" | "from" | "using" | "alias" => {
            "nothing is imported: classes are found by name, those of another package as `package@Class`"
        }
        "new" => "write `Name new`",
        "not" => "write `value not`",
        "print" | "println" | "puts" | "echo" | "printf" => "write `Transcript show: value printString`",
        "await" | "async" | "yield" => {
            "messages to actors wait for their answer; write `actor message!` to not wait"
        }
        "assert" => "write `self assert: condition` in a test",
        "delete" | "del" => "there is nothing to delete; memory is freed by itself",
        _ => return None,
    })
}

/// The first word of an expression, where it is a variable.
fn first_word(expr: &Expr) -> Option<&str> {
    let mut expr = expr;
    loop {
        match &expr.kind {
            ExprKind::Variable(name) => return Some(name),
            ExprKind::Send(send) => expr = &send.receiver,
            _ => return None,
        }
    }
}

/// Whether `target` reads `let x` or the like.
pub(super) fn declaration_word(target: &Expr) -> bool {
    matches!(first_word(target), Some("var" | "let" | "val" | "const" | "my" | "local"))
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
            TokenKind::Period if self.glued() => "an interval is written `1 to: 10`",
            TokenKind::Equals | TokenKind::Operator | TokenKind::Comma => operator_help(self.text()),
            TokenKind::Eof => "something is missing at the end; to count up write `x := x + 1`",
            TokenKind::Keyword
                if self.body.within == Within::Method && self.is_method_head(self.position) =>
            {
                DEEP_HEAD
            }
            TokenKind::Keyword => {
                "a keyword message needs a receiver before it; inside a method write `self`"
            }
            TokenKind::Bang => "negation is `x not`; `!` ends a cast",
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

    /// Report that a statement goes on where it should end.
    pub(super) fn unseparated(&mut self, before: &Expr) {
        if !self.is_news() {
            self.error_position = self.position;
            return;
        }
        let found = self.found();
        let next = self.next();
        let glued_to_next = next.span.start == self.span().end;
        if let Some(help) = first_word(before).and_then(word_help) {
            self.error(codes::FOREIGN_SYNTAX, format!("expected end of statement, found {found}"), help);
            return;
        }
        let help = match self.kind() {
            TokenKind::Equals => {
                let help = if matches!(before.kind, ExprKind::Variable(_) | ExprKind::Field { .. }) {
                    "'=' is not an operator in Beamtalk; use '=:=' for value equality or '==' for reference equality; assign with `:=`"
                } else {
                    operator_help("=")
                };
                self.error(codes::UNEXPECTED_TOKEN, "Unexpected token: expected expression, found =", help);
                return;
            }
            TokenKind::Operator | TokenKind::Comma => {
                let help = operator_help(self.text());
                let message = format!("Unexpected token: expected expression, found {found}");
                self.error(codes::UNEXPECTED_TOKEN, message, help);
                return;
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
                    return;
                }
                self.error(codes::END_OF_STATEMENT, message, "separate statements by '.' or a newline");
                return;
            }
        };
        self.error(codes::FOREIGN_SYNTAX, format!("expected end of statement, found {found}"), help);
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
