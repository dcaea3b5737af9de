//! What is wrong with a body, apart from its names: checks that need the classes but no inference of types.
//!
//! A walk over the tree of one body. Each submodule knows one family of rules of spec 05b sections 7.3 to 7.12;
//! what is known of an expression without inference is in `known.rs`, with inference in `infer.rs`.

mod arguments;
mod erlang;
mod exhaustive;
mod fits;
mod infer;
mod instances;
mod known;
mod method;
mod selectors;
mod visibility;

use std::cell::Cell;

use beamtalk_syntax::ast::{self, Expr, ExprKind, Message};
use beamtalk_text::{Category, Diagnostic, Severity, Span};
use smol_str::SmolStr;

use crate::lower::MethodContext;
use crate::types::Type;
pub(crate) use exhaustive::names as names_of;
pub(crate) use fits::of_default;
pub use visibility::hidden;
pub(crate) use visibility::{of_alias, of_class, of_method, of_protocol};

/// Everything that is wrong with a method, its head included.
pub(crate) fn method(cx: MethodContext<'_>, method: &ast::Method) -> Vec<Diagnostic> {
    let mut checker = Checker::new(cx);
    checker.selector = Some(method.signature.selector());
    checker.method(method);
    checker.fitting_answer(method);
    for statement in &method.body {
        checker.expr(&statement.expr);
    }
    checker.matches_of(method);
    checker.diagnostics
}

/// Everything that is wrong with an expression outside of methods.
pub(crate) fn expression(cx: MethodContext<'_>, expr: &Expr) -> Vec<Diagnostic> {
    let mut checker = Checker::new(cx);
    checker.expr(expr);
    checker.matches(expr, &mut Vec::new());
    checker.diagnostics
}

/// Everything that is wrong with the statements of an input.
pub(crate) fn statements(cx: MethodContext<'_>, statements: &[&ast::Statement]) -> Vec<Diagnostic> {
    let mut checker = Checker::new(cx);
    for statement in statements {
        checker.expr(&statement.expr);
    }
    if statements.iter().any(|statement| checker.wants_types(&statement.expr)) {
        checker.matches_in(statements.iter().copied(), &mut Vec::new());
    }
    checker.diagnostics
}

struct Checker<'a> {
    cx: MethodContext<'a>,
    /// Of the method that is checked.
    selector: Option<SmolStr>,
    /// Type parameters of the class, of which nothing is known.
    parameters: Vec<(SmolStr, Type)>,
    /// How much more may be inferred.
    steps: Cell<u32>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn new(cx: MethodContext<'a>) -> Self {
        let parameters = cx.class.map_or(&[][..], |class| &class.type_parameters);
        Self {
            cx,
            selector: None,
            parameters: parameters.iter().map(|name| (name.clone(), Type::Dynamic(None))).collect(),
            steps: Cell::new(infer::MOST_STEPS),
            diagnostics: Vec::new(),
        }
    }

    fn report(
        &mut self,
        severity: Severity,
        code: &'static str,
        category: impl Into<Option<Category>>,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut diagnostic = Diagnostic::error(code, span, message).with_help(help);
        diagnostic.severity = severity;
        diagnostic.category = category.into();
        self.diagnostics.push(diagnostic);
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report(Severity::Error, code, Category::Type, span, message, help);
    }

    fn warning(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Severity::Warning, code, Category::Type, span, message, help);
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Send(send) => self.send(&send.receiver, &send.message, expr.span),
            ExprKind::Cascade { receiver, messages } => {
                for message in messages {
                    self.send(receiver, message, message.span);
                }
            }
            ExprKind::Assign(assign) => {
                self.slot_assignment(assign, expr.span);
                assign.annotation.iter().for_each(|annotation| self.visible_type(annotation));
                self.redundant_annotation(assign);
                self.fitting_value(assign);
            }
            ExprKind::List { tail: Some(tail), .. } => self.list_tail(tail),
            ExprKind::Class(name) => self.visible_class(name),
            ExprKind::Block(block) => {
                self.distinct_parameters(block.parameters.iter());
                let annotations = block.parameters.iter().filter_map(|each| each.annotation.as_ref());
                annotations.for_each(|annotation| self.visible_type(annotation));
            }
            ExprKind::Match(matching) => {
                matching.arms.iter().for_each(|arm| self.visible_pattern(&arm.pattern));
            }
            _ => {}
        }
        expr.for_each_child(&mut |child| self.expr(child));
    }

    fn send(&mut self, receiver: &Expr, message: &Message, span: Span) {
        let selector = message.selector();
        let known = self.known(receiver);
        self.understood(receiver, known, message, &selector);
        self.visible_method(known, message, &selector);
        let before = self.diagnostics.len();
        self.arguments(known, message, &selector);
        if self.diagnostics.len() == before {
            self.fitting_arguments(known, message, &selector);
        }
        if let ExprKind::Class(class) = &receiver.unparenthesised().kind {
            self.instance_keys(class, message, &selector);
        }
        self.change_of_literal(receiver, message, &selector);
        self.erlang(receiver, message, span);
    }
}

/// Where a message is said to be wrong: its selector's first part.
fn head(message: &Message) -> Span {
    message.parts.first().map_or(message.span, |part| part.span)
}
