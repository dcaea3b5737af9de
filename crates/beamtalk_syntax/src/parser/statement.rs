//! Statements: separators, assignment, return, cast (spec 01 sections 5.1, 7 and 8).

use beamtalk_text::{Diagnostic, Span};

use super::expression::error_expr;
use super::hints::declaration_word;
use super::{Parser, Within};
use crate::ast::{Assign, Expr, ExprKind, Statement};
use crate::codes;
use crate::token::TokenKind;

impl Parser<'_> {
    /// Statements up to a closer, a boundary or the end. Sets the height of the tallest.
    pub(super) fn statements(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut tallest = 0;
        while !self.ends_statements() {
            let position = self.position;
            if let Some(statement) = self.statement()
                && !(is_nothing(&statement) && statements.last().is_some_and(is_nothing))
            {
                statements.push(statement);
            }
            tallest = tallest.max(self.height);
            if self.position == position {
                self.bump();
            }
        }
        self.height = tallest;
        statements
    }

    fn ends_statements(&mut self) -> bool {
        if self.at(TokenKind::Eof) || self.at_open_closer() || self.at_boundary() {
            return true;
        }
        self.at(TokenKind::Keyword)
            && self.starts_line()
            && self.body.brackets == 0
            && self.body.within != Within::File
            && self.is_data_declaration(self.position)
    }

    /// A statement with its directives and separator; `None` if only directives stand here.
    pub(super) fn statement(&mut self) -> Option<Statement> {
        if self.depth == 0 {
            self.too_deep = false;
        }
        let expects = self.expects();
        if !expects.is_empty() && self.ends_statements() {
            for expect in expects {
                self.stale_expect(&expect);
            }
            return None;
        }
        if self.at(TokenKind::Pipe) {
            self.declared_temporaries();
            self.error_position = usize::MAX;
            return None;
        }
        let broken_before = std::mem::replace(&mut self.broken, false);
        let column = self.starts_line().then(|| self.token().column);
        let mut expr = self.statement_expression();
        let mut period = None;
        match self.kind() {
            TokenKind::Eof => {}
            _ if self.starts_line() && self.at_boundary() => {}
            TokenKind::Period => period = Some(self.bump().span),
            TokenKind::Bang if !self.foreign_inequality() => expr = self.cast(expr),
            _ if self.starts_line() || self.at_open_closer() => {}
            _ => {
                let foreign = !self.broken && self.unseparated(&expr);
                // The `!` of a `!=` ends no statement.
                self.eat(TokenKind::Bang);
                if foreign {
                    self.skip_foreign(column);
                } else {
                    self.skip_statement();
                }
                match self.kind() {
                    TokenKind::Period => period = Some(self.bump().span),
                    TokenKind::Bang => {
                        self.bump();
                    }
                    _ => {}
                }
            }
        }
        self.broken |= broken_before;
        let span = expr.span;
        Some(Statement { expects, expr, period, span })
    }

    /// What a statement says, without separator; what is legal only in patterns has been reported.
    pub(super) fn statement_expression(&mut self) -> Expr {
        let mark = self.deferred.len();
        let expr = if self.at(TokenKind::Caret) { self.return_value() } else { self.assignment() };
        if self.deferred.len() > mark {
            self.reject_deferred(mark);
        }
        expr
    }

    /// The one statement of a group: parentheses, a guard.
    pub(super) fn group_statement(&mut self) -> Expr {
        self.statement_expression()
    }

    fn return_value(&mut self) -> Expr {
        let start = self.bump().span.start;
        let value = if self.ends_statements() {
            self.unexpected();
            error_expr(Span::empty(self.previous_end))
        } else {
            self.assignment()
        };
        self.height += 1;
        Expr { span: self.span_from(start), kind: ExprKind::Return(Box::new(value)) }
    }

    /// `assignment` of the grammar.
    fn assignment(&mut self) -> Expr {
        match self.kind() {
            TokenKind::LeftBrace => return self.tuple_assignment(),
            TokenKind::Identifier => match self.next().kind {
                TokenKind::ColonColon | TokenKind::Colon => {
                    if let Some(name) = self.foreign_assign() {
                        return self.assign(Self::name_expr(&name), None);
                    }
                    return self.annotated_assignment();
                }
                _ => {}
            },
            TokenKind::Keyword if self.legacy_annotated_local() => return self.annotated_assignment(),
            _ => {}
        }
        let mark = self.deferred.len();
        let target = self.cascade();
        if self.at(TokenKind::ColonColon)
            && matches!(target.kind, ExprKind::List { .. } | ExprKind::Array(_) | ExprKind::Dictionary(_))
        {
            self.annotated_pattern();
        }
        if !self.at(TokenKind::Assign) || self.ends_expression() {
            return target;
        }
        match target.kind {
            ExprKind::List { .. } | ExprKind::Array(_) | ExprKind::Dictionary(_) => {
                let deferred = self.deferred.split_off(mark);
                let pattern = self.reinterpret(target, deferred);
                self.destructure(pattern)
            }
            _ => {
                self.check_target(&target);
                self.assign(target, None)
            }
        }
    }

    fn assign(&mut self, target: Expr, annotation: Option<crate::ast::TypeExpr>) -> Expr {
        self.bump();
        let value = self.assigned_value();
        let span = target.span.to(value.span);
        self.height += 1;
        Expr { kind: ExprKind::Assign(Box::new(Assign { target, annotation, value })), span }
    }

    fn destructure(&mut self, pattern: crate::ast::Pattern) -> Expr {
        self.bump();
        let value = self.assigned_value();
        let span = pattern.span.to(value.span);
        self.height += 1;
        let kind = ExprKind::Destructure { pattern: Box::new(pattern), value: Box::new(value) };
        Expr { kind, span }
    }

    /// Right of `:=`; assignments nest to the right.
    fn assigned_value(&mut self) -> Expr {
        if self.at(TokenKind::Caret) {
            self.error(
                codes::UNEXPECTED_TOKEN,
                "Unexpected token: expected expression, found ^",
                "`^` returns from the method; write `^ x := value` to assign and return",
            );
            return error_expr(Span::empty(self.previous_end));
        }
        self.nested(Self::assignment).unwrap_or_else(|| {
            self.height = 1;
            error_expr(Span::empty(self.previous_end))
        })
    }

    /// Whether `target` can be assigned to; reports it if not.
    pub(super) fn check_target(&mut self, target: &Expr) {
        let help = match &target.kind {
            ExprKind::Variable(_) | ExprKind::Field { .. } | ExprKind::Error => return,
            ExprKind::SelfRef | ExprKind::Super | ExprKind::Nil | ExprKind::True | ExprKind::False => {
                "self, super, nil, true and false cannot be assigned to"
            }
            ExprKind::Class(_) => {
                "a name with a capital letter is a class; variables start with a small letter"
            }
            ExprKind::Send(_) if declaration_word(target) => {
                "a variable exists from its first assignment on: write `x := value` without a word before it"
            }
            ExprKind::Send(_) => "to change another object send it a message, as in `point x: 3`",
            _ => "only variables and fields of self can be assigned to",
        };
        let before = self.error_position;
        self.error(codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", help);
        if let Some(last) = self.diagnostics.last_mut()
            && before != self.error_position
            && last.code == codes::ASSIGNMENT_TARGET
        {
            last.span = target.span;
        }
    }

    /// `x :: Type := value`; the current token is the name, perhaps with a legacy colon glued to it.
    fn annotated_assignment(&mut self) -> Expr {
        let name = if self.at(TokenKind::Keyword) { self.legacy_annotated_name() } else { self.bump_ident() };
        let target = Self::name_expr(&name);
        let annotation = match self.annotation(Self::type_annotation) {
            Some(annotation) => annotation,
            None => self.type_annotation(),
        };
        if self.at(TokenKind::Assign) {
            self.check_target(&target);
            return self.assign(target, Some(annotation));
        }
        self.error(
            codes::ANNOTATED_ASSIGNMENT,
            "Expected ':=' after type annotation in assignment",
            "write `name :: Type := value`; a variable exists from its first assignment on",
        );
        let span = target.span.to(annotation.span);
        let value = error_expr(Span::empty(span.end));
        Expr {
            kind: ExprKind::Assign(Box::new(Assign { target, annotation: Some(annotation), value })),
            span,
        }
    }

    fn name_expr(name: &crate::ast::Ident) -> Expr {
        let kind = match name.name.as_str() {
            "self" => ExprKind::SelfRef,
            "super" => ExprKind::Super,
            "nil" => ExprKind::Nil,
            "true" => ExprKind::True,
            "false" => ExprKind::False,
            _ => ExprKind::Variable(name.name.clone()),
        };
        Expr { kind, span: name.span }
    }

    /// `{a, b} := value`, or a tuple that is no pattern.
    fn tuple_assignment(&mut self) -> Expr {
        self.height = 1;
        if self.is_tuple_pattern() {
            let pattern = self.pattern();
            if self.at(TokenKind::Assign) {
                return self.destructure(pattern);
            }
            if matches!(self.kind(), TokenKind::ColonColon) {
                self.annotated_pattern();
                if self.at(TokenKind::Assign) {
                    return self.destructure(pattern);
                }
            }
            return error_expr(pattern.span);
        }
        let start = self.span().start;
        if self.foreign_braces() {
            self.skip_group();
        } else {
            self.skip_group();
            self.tuple_error(self.span_from(start));
        }
        self.error_position = self.position;
        error_expr(self.span_from(start))
    }

    /// Report the annotation of a destructuring pattern and step over it.
    fn annotated_pattern(&mut self) {
        self.error(
            codes::ANNOTATED_ASSIGNMENT,
            "Type annotations on destructuring assignments are not yet supported",
            "remove the annotation",
        );
        self.bump();
        self.type_annotation();
    }

    /// Whether the group that `{` opens is followed by `:=` or `::`.
    fn is_tuple_pattern(&mut self) -> bool {
        let (position, end, reported) = (self.position, self.previous_end, self.error_position);
        self.skip_group();
        let answer = matches!(self.kind(), TokenKind::Assign | TokenKind::ColonColon);
        (self.position, self.previous_end, self.error_position) = (position, end, reported);
        answer
    }

    /// `!` after a statement: the send becomes a cast.
    fn cast(&mut self, expr: Expr) -> Expr {
        if matches!(expr.kind, ExprKind::Send(_)) {
            let bang = self.bump().span;
            self.height += 1;
            let span = expr.span.to(bang);
            return Expr { kind: ExprKind::Cast(Box::new(expr)), span };
        }
        if !matches!(expr.kind, ExprKind::Error) {
            self.report_cast();
        }
        self.bump();
        self.error_position = usize::MAX;
        expr
    }

    /// `!` inside an expression.
    pub(super) fn cast_in_expression(&mut self) {
        if self.at(TokenKind::Bang) && !self.foreign_inequality() {
            self.report_cast();
            self.bump();
        }
    }

    fn report_cast(&mut self) {
        self.error(
            codes::CAST,
            "Cast (!) has no return value and cannot be used in an expression. Use . for a synchronous call.",
            "write '.' in place of '!', or make the message send a statement of its own",
        );
    }

    pub(super) fn stale_expect(&mut self, expect: &crate::ast::Expect) {
        let message =
            format!("stale @expect {}: no matching diagnostic, nothing follows it", expect.category.name);
        self.diagnostics.push(
            Diagnostic::warning(codes::STALE_EXPECT, expect.span, message).with_help("remove the directive"),
        );
    }
}

/// Whether no text at all was made into a statement, only a diagnostic: of several such in a row one
/// is kept.
pub(super) fn is_nothing(statement: &Statement) -> bool {
    matches!(statement.expr.kind, ExprKind::Error) && statement.expr.span.is_empty()
}
