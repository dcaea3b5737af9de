//! `match:` and patterns (spec 01 sections 7.3 and 9).

use beamtalk_text::Span;

use super::expression::error_expr;
use super::{MAX_HEIGHT, Parser};
use crate::ast::{Arm, ClassName, Expr, ExprKind, Match, Pattern, PatternKind, RestPattern};
use crate::codes;
use crate::token::TokenKind;

const BOOLEAN_HELP: &str = "test the class: `x :: True`, `x :: False` or `x :: Boolean`";

impl Parser<'_> {
    /// Whether the keyword here is `match:` or `matchExhaustive:` with its arms.
    pub(super) fn at_match(&self) -> bool {
        matches!(self.text(), "match:" | "matchExhaustive:") && self.next().kind == TokenKind::LeftBracket
    }

    pub(super) fn match_expression(&mut self, scrutinee: Expr) -> Expr {
        let start = scrutinee.span.start;
        let height = self.height;
        let keyword = self.bump();
        let exhaustive = self.text_of(keyword) == "matchExhaustive:";
        let Some(arms) = self.nested(Self::arms) else {
            self.skip_group();
            self.error_position = self.position;
            self.height = 1;
            return error_expr(self.span_from(start));
        };
        self.height = self.height.max(height) + 1;
        let span = self.span_from(start);
        if self.height > MAX_HEIGHT {
            self.report_too_deep();
            self.height = 1;
            return error_expr(span);
        }
        if self.at(TokenKind::Keyword) && !self.ends_expression() {
            self.error(
                codes::MATCH,
                "expected end of statement: nothing may follow the arms of match:",
                "put parentheses around the whole `match:` to send its result a message",
            );
        }
        Expr {
            kind: ExprKind::Match(Box::new(Match {
                scrutinee,
                exhaustive,
                keyword_span: keyword.span,
                arms,
            })),
            span,
        }
    }

    fn arms(&mut self) -> Vec<Arm> {
        self.open();
        let mut arms = Vec::new();
        let mut tallest = 0;
        if self.at(TokenKind::RightBracket) {
            self.error(
                codes::MATCH,
                "match: needs at least one arm",
                "write `[pattern -> value; _ -> other]`",
            );
        }
        while !self.at(TokenKind::Eof) && !self.at_open_closer() && !self.at_boundary() {
            let position = self.position;
            arms.push(self.arm());
            tallest = tallest.max(self.height);
            self.end_of_arm();
            if self.position == position {
                self.bump();
            }
        }
        if !self.at(TokenKind::RightBracket) {
            self.expected_close(TokenKind::RightBracket, codes::MATCH, "Expected ']' to close match");
        }
        self.leave(TokenKind::LeftBracket);
        self.eat(TokenKind::RightBracket);
        self.height = tallest;
        arms
    }

    fn end_of_arm(&mut self) {
        self.cast_in_expression();
        if self.eat(TokenKind::Semicolon).is_some() {
            return;
        }
        if self.starts_line() || self.at_open_closer() || self.at(TokenKind::Eof) {
            return;
        }
        let found = self.found();
        self.error(
            codes::MATCH,
            format!("Expected ']' to close match, or ';' before the next arm, found {found}"),
            "arms are separated by ';' or a newline; several statements need parentheses or a block",
        );
        let start = self.position;
        self.skip_to(|parser| {
            parser.at(TokenKind::Semicolon) || (parser.starts_line() && parser.position != start)
        });
        self.eat(TokenKind::Semicolon);
        self.error_position = usize::MAX;
    }

    fn arm(&mut self) -> Arm {
        let pattern = self.pattern();
        let start = pattern.span.start;
        let mut tallest = 1;
        let mut guard = None;
        if self.at(TokenKind::Keyword) && self.text() == "when:" {
            self.bump();
            guard = Some(self.guard());
            tallest = self.height;
        }
        if self.eat(TokenKind::Arrow).is_none() {
            self.missing_arrow(&pattern);
            let line = self.position;
            self.skip_to(|parser| {
                matches!(parser.kind(), TokenKind::Arrow | TokenKind::Semicolon)
                    || (parser.starts_line() && parser.position != line)
            });
            if self.eat(TokenKind::Arrow).is_none() {
                self.error_position = self.position;
                self.height = tallest;
                let body = error_expr(Span::empty(self.previous_end));
                return Arm { pattern, guard, body, span: self.span_from(start) };
            }
        }
        let body = self.arm_body();
        self.height = self.height.max(tallest);
        Arm { pattern, guard, body, span: self.span_from(start) }
    }

    fn missing_arrow(&mut self, pattern: &Pattern) {
        if matches!(pattern.kind, PatternKind::Error) && self.error_position == self.position {
            return;
        }
        let help = match self.kind() {
            TokenKind::FatArrow => "an arm uses `->`; `=>` belongs to methods and dictionaries",
            TokenKind::Identifier if matches!(self.text(), "if" | "when" | "unless" | "where") => {
                "a guard is written `pattern when: [condition] -> value`"
            }
            TokenKind::Pipe => "alternatives are arms of their own: `1 -> value; 2 -> value`",
            _ => "an arm is written `pattern -> value`",
        };
        let found = self.found();
        self.error(codes::MATCH, format!("Expected '->' after pattern in match arm, found {found}"), help);
    }

    fn guard(&mut self) -> Expr {
        self.height = 1;
        if !self.at(TokenKind::LeftBracket) {
            self.error(codes::MATCH, "Expected '[' after when:", "a guard is written `when: [condition]`");
            return error_expr(Span::empty(self.previous_end));
        }
        let guard = self.nested(|parser| {
            parser.open();
            let guard = parser.group_statement();
            if !parser.at(TokenKind::RightBracket) {
                parser.expected_close(TokenKind::RightBracket, codes::MATCH, "Expected ']' to close guard");
            }
            parser.leave(TokenKind::LeftBracket);
            parser.eat(TokenKind::RightBracket);
            guard
        });
        guard.unwrap_or_else(|| {
            self.skip_group();
            self.error_position = self.position;
            self.height = 1;
            error_expr(Span::empty(self.previous_end))
        })
    }

    /// `^ value`, `value` or `target := value`, without cascade.
    fn arm_body(&mut self) -> Expr {
        let mark = self.deferred.len();
        let expr = if self.at(TokenKind::Caret) {
            let start = self.bump().span.start;
            let value = self.keyword_expression();
            self.height += 1;
            Expr { kind: ExprKind::Return(Box::new(value)), span: self.span_from(start) }
        } else {
            let target = self.keyword_expression();
            if self.at(TokenKind::Assign) && !self.starts_line() {
                self.arm_assignment(target)
            } else {
                target
            }
        };
        self.reject_deferred(mark);
        expr
    }

    fn arm_assignment(&mut self, target: Expr) -> Expr {
        self.check_target(&target);
        self.bump();
        let value = self.keyword_expression();
        let span = target.span.to(value.span);
        self.height += 1;
        let assign = crate::ast::Assign { target, annotation: None, value };
        Expr { kind: ExprKind::Assign(Box::new(assign)), span }
    }

    /// Any pattern.
    pub(super) fn pattern(&mut self) -> Pattern {
        let start = self.span();
        match self.kind() {
            TokenKind::Identifier if self.next().kind == TokenKind::At => self.class_pattern(),
            TokenKind::Identifier => self.name_pattern(),
            TokenKind::Name => self.class_pattern(),
            TokenKind::Integer
            | TokenKind::Float
            | TokenKind::Character
            | TokenKind::String
            | TokenKind::Symbol => literal_pattern(self.literal()),
            TokenKind::Operator if self.text() == "-" => self.negative_pattern(),
            TokenKind::LeftBrace => self.pattern_group(Self::tuple_pattern),
            TokenKind::HashBracket => self.pattern_group(Self::array_pattern),
            TokenKind::HashParen => self.pattern_group(Self::list_pattern),
            TokenKind::HashBrace => self.pattern_group(Self::dictionary_pattern),
            TokenKind::LeftAngles => self.binary_pattern(),
            TokenKind::Error => {
                self.bump();
                pattern(PatternKind::Error, start)
            }
            _ => {
                self.unexpected_in_pattern();
                pattern(PatternKind::Error, Span::empty(self.previous_end))
            }
        }
    }

    fn unexpected_in_pattern(&mut self) {
        let found = self.found();
        let help = match self.kind() {
            TokenKind::StringStart => "a pattern matches a fixed string; test an interpolated one in a guard",
            TokenKind::Ellipsis => "`...rest` is the last element of `#[…]` or `#(…)`",
            TokenKind::LeftBracket => "a list is matched by `#(head, ...tail)`, an array by `#[a, b]`",
            TokenKind::Period | TokenKind::Comma => "arms are separated by ';' or a newline",
            _ => {
                "a pattern is `_`, a name, a literal, `x :: Class`, `{a, b}`, `#[a, b]`, `#{#k => v}` or `Result ok: v`"
            }
        };
        self.error(codes::PATTERN, format!("Unexpected token in pattern: {found}"), help);
    }

    fn pattern_group(&mut self, parse: impl FnOnce(&mut Self) -> Pattern) -> Pattern {
        let start = self.span().start;
        if let Some(parsed) = self.nested(parse) {
            return parsed;
        }
        self.skip_group();
        self.error_position = self.position;
        pattern(PatternKind::Error, self.span_from(start))
    }

    fn name_pattern(&mut self) -> Pattern {
        let name = self.bump_ident();
        let span = name.span;
        match name.name.as_str() {
            "nil" => {
                self.no_type("nil", "write just `nil`, or a name in its place");
                return literal_pattern(Expr { kind: ExprKind::Nil, span });
            }
            word @ ("true" | "false") => {
                let message = format!("bare '{word}' in a match: pattern always matches");
                self.error_at(codes::BOOLEAN_PATTERN, span, message, BOOLEAN_HELP);
                if self.eat(TokenKind::ColonColon).is_some() {
                    self.skip_type_pattern();
                }
                return pattern(PatternKind::Error, span);
            }
            word @ ("self" | "super") => {
                let message = format!("Unexpected token in pattern: {word}");
                self.error_at(codes::PATTERN, span, message, "compare in a guard: `x when: [x =:= self]`");
                return pattern(PatternKind::Error, span);
            }
            "_" => {
                self.no_type("_", "give it a name: `_x :: Integer`");
                return pattern(PatternKind::Wildcard, span);
            }
            _ => {}
        }
        if !self.at(TokenKind::ColonColon) {
            return pattern(PatternKind::Variable(name.name), span);
        }
        self.bump();
        match self.type_pattern_class() {
            Some(class) => {
                let span = self.span_from(span.start);
                pattern(PatternKind::Typed { name, class }, span)
            }
            None => pattern(PatternKind::Error, self.span_from(span.start)),
        }
    }

    /// Reports the type of a pattern that takes none.
    fn no_type(&mut self, word: &str, help: &'static str) {
        if self.at(TokenKind::ColonColon) {
            let message = format!("a '{word}' pattern cannot have a type annotation");
            self.error(codes::TYPE_PATTERN, message, help);
            self.bump();
            self.skip_type_pattern();
        }
    }

    fn type_pattern_class(&mut self) -> Option<ClassName> {
        let qualified = self.at(TokenKind::Identifier) && self.next().kind == TokenKind::At;
        if !self.at(TokenKind::Name) && !qualified {
            self.error(
                codes::TYPE_PATTERN,
                "Expected a class name after '::' in a type pattern",
                "write `x :: Integer`; to compare values use a literal or a guard",
            );
            self.skip_type_pattern();
            return None;
        }
        let class = self.class_name();
        if self.at(TokenKind::LeftParen) {
            self.error(
                codes::TYPE_PATTERN,
                "generic type arguments are not supported in a type pattern yet",
                "write the class alone, as in `x :: List`",
            );
            self.skip_group();
        }
        Some(class)
    }

    /// Skip what stands where a class name should.
    fn skip_type_pattern(&mut self) {
        if matches!(
            self.kind(),
            TokenKind::Identifier
                | TokenKind::Name
                | TokenKind::Integer
                | TokenKind::Float
                | TokenKind::Character
                | TokenKind::String
                | TokenKind::Symbol
        ) {
            self.bump();
            if self.at(TokenKind::LeftParen) && !self.starts_line() {
                self.skip_group();
            }
        }
        self.error_position = self.position;
    }

    /// `Result ok: p`
    fn class_pattern(&mut self) -> Pattern {
        let class = self.class_name();
        let start = class.span.start;
        if !self.at(TokenKind::Keyword) || self.text() == "when:" {
            let name = &class.name.name;
            let help = format!("write `x :: {name}` to match instances of {name}");
            let message = format!("{name} is a class, and a class name alone is no pattern");
            self.error_at(codes::PATTERN, class.span, message, &help);
            return pattern(PatternKind::Error, class.span);
        }
        let mut parts = Vec::new();
        while self.at(TokenKind::Keyword) && self.text() != "when:" {
            let keyword = self.bump_ident();
            let binding = self.constructor_binding();
            parts.push((keyword, binding));
        }
        pattern(PatternKind::Constructor { class, parts }, self.span_from(start))
    }

    fn constructor_binding(&mut self) -> Pattern {
        if matches!(self.text(), "true" | "false") {
            let word = self.bump_ident();
            let message = format!("bare '{}' in a constructor pattern binding always matches", word.name);
            let help = format!("test it in a guard: `Result ok: v when: [v =:= {}]`", word.name);
            self.error_at(codes::BOOLEAN_PATTERN, word.span, message, &help);
            return pattern(PatternKind::Error, word.span);
        }
        if self.at(TokenKind::Identifier) && self.next().kind == TokenKind::ColonColon {
            let name = self.bump();
            self.error(
                codes::TYPE_PATTERN,
                "type annotations are not supported in a constructor pattern binding position",
                "bind the value and test it in a guard or in a `match:` of its own",
            );
            self.bump();
            self.skip_type_pattern();
            return pattern(PatternKind::Error, self.span_from(name.span.start));
        }
        self.pattern()
    }

    /// `- 5`: the minus is not glued to the number.
    fn negative_pattern(&mut self) -> Pattern {
        let start = self.bump().span.start;
        if !matches!(self.kind(), TokenKind::Integer | TokenKind::Float) {
            self.unexpected_in_pattern();
            return pattern(PatternKind::Error, self.span_from(start));
        }
        let number = self.literal();
        let kind = match number.kind {
            ExprKind::Integer(value) => ExprKind::Integer(-value),
            ExprKind::Float(value) => ExprKind::Float(-value),
            other => other,
        };
        literal_pattern(Expr { kind, span: self.span_from(start) })
    }

    fn tuple_pattern(&mut self) -> Pattern {
        let start = self.span().start;
        self.open();
        let (elements, rest) = self.pattern_elements(TokenKind::RightBrace);
        if let Some(rest) = rest {
            self.error_at(
                codes::DESTRUCTURING,
                rest.span,
                "Rest pattern `...` is not allowed in a tuple: its size is fixed",
                "name every element",
            );
        }
        if self.at(TokenKind::RightBrace) && self.source[..self.previous_end as usize].ends_with(',') {
            let message = "Trailing comma is not allowed before '}' in tuple pattern";
            self.error(codes::DESTRUCTURING, message, "remove the comma");
            self.error_position = usize::MAX;
        }
        self.close_pattern(TokenKind::RightBrace, "Expected '}' to close tuple pattern");
        self.leave(TokenKind::LeftBrace);
        self.eat(TokenKind::RightBrace);
        pattern(PatternKind::Tuple(elements), self.span_from(start))
    }

    fn array_pattern(&mut self) -> Pattern {
        let start = self.span().start;
        self.open();
        let (elements, rest) = self.pattern_elements(TokenKind::RightBracket);
        self.close_pattern(TokenKind::RightBracket, "Expected ']' to close array pattern");
        self.leave(TokenKind::HashBracket);
        self.eat(TokenKind::RightBracket);
        pattern(PatternKind::Array { elements, rest }, self.span_from(start))
    }

    fn list_pattern(&mut self) -> Pattern {
        let start = self.span().start;
        self.open();
        let (elements, rest) = self.pattern_elements(TokenKind::RightParen);
        if self.at(TokenKind::Pipe) {
            let span = self.span();
            self.cons_in_pattern(span);
        }
        self.close_pattern(TokenKind::RightParen, "Expected ')' to close list pattern");
        self.leave(TokenKind::HashParen);
        self.eat(TokenKind::RightParen);
        pattern(PatternKind::List { elements, rest }, self.span_from(start))
    }

    fn close_pattern(&mut self, closer: TokenKind, message: &str) {
        if !self.at(closer) {
            self.expected_close(closer, codes::PATTERN, message);
        }
    }

    fn pattern_elements(&mut self, closer: TokenKind) -> (Vec<Pattern>, Option<RestPattern>) {
        let mut elements = Vec::new();
        let mut rest: Option<RestPattern> = None;
        while !self.at(closer) {
            if let Some(rest) = &rest {
                let span = rest.span;
                self.rest_not_last(span);
                self.error_position = self.position;
            }
            if self.at(TokenKind::Ellipsis) {
                rest = Some(self.rest_pattern());
            } else {
                elements.push(self.pattern());
            }
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        (elements, rest)
    }

    /// `...name`; the current token is the ellipsis.
    pub(super) fn rest_pattern(&mut self) -> RestPattern {
        let start = self.bump().span.start;
        let mut name = None;
        if self.at(TokenKind::Identifier) {
            let ident = self.bump_ident();
            name = (ident.name != "_").then_some(ident);
        } else {
            self.error(codes::DESTRUCTURING, "Expected a name after `...`", "write `...rest` or `..._`");
        }
        RestPattern { name, span: self.span_from(start) }
    }

    fn dictionary_pattern(&mut self) -> Pattern {
        let start = self.span().start;
        self.open();
        let mut pairs = Vec::new();
        while !self.at(TokenKind::RightBrace) {
            let Some(key) = self.pattern_key() else { break };
            if self.eat(TokenKind::FatArrow).is_none() {
                self.error(
                    codes::MAP_LITERAL,
                    "Expected '=>' after map key",
                    "a map pattern is written `#{#key => name}`",
                );
                break;
            }
            pairs.push((key, self.pattern()));
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.close_pattern(TokenKind::RightBrace, "Expected '}' to close map pattern");
        self.leave(TokenKind::HashBrace);
        self.eat(TokenKind::RightBrace);
        pattern(PatternKind::Dictionary(pairs), self.span_from(start))
    }

    fn pattern_key(&mut self) -> Option<Expr> {
        match self.kind() {
            TokenKind::Symbol | TokenKind::String => Some(self.literal()),
            TokenKind::Identifier if self.next().kind == TokenKind::FatArrow => {
                self.bare_key();
                let token = self.bump();
                Some(Expr { kind: ExprKind::Symbol(self.text_of(token).into()), span: token.span })
            }
            _ => {
                let found = self.found();
                self.error(
                    codes::PATTERN,
                    format!(
                        "Unexpected token in pattern: map keys must be symbols or strings, found {found}"
                    ),
                    "write `#{#key => name}`",
                );
                None
            }
        }
    }
}

pub(super) const fn pattern(kind: PatternKind, span: Span) -> Pattern {
    Pattern { kind, span }
}

fn literal_pattern(expr: Expr) -> Pattern {
    let span = expr.span;
    Pattern { kind: PatternKind::Literal(Box::new(expr)), span }
}
