//! Control flow that is compiled in place: messages whose arguments are literal blocks.
//!
//! The meaning stays that of a message: a receiver of another class than the library's gets
//! `does_not_understand`, and a selector that some class outside the library implements is sent, never
//! compiled in place ([`crate::ClassTable::is_reimplemented`]). Where a program has a `doesNotUnderstand:args:` of its own,
//! receivers that are not plainly Booleans or Integers get the message as it is written where they turn out to be neither.

use beamtalk_syntax::ast::{self, ExprKind};
use beamtalk_text::{Category, Diagnostic, Span};
use smol_str::SmolStr;

use crate::captures::{Use, is_trusted};
use crate::expressions::finish;
use crate::hir::{Branch, Expr, Kind};
use crate::lower::Lowerer;

/// The hook for messages that nobody understands.
pub const UNKNOWN_MESSAGE: &str = "doesNotUnderstand:args:";

/// Whether a class that has this method changes what control flow in place may mean, or what becomes of a block.
pub fn is_influential(selector: &str) -> bool {
    is_control_flow(selector) || selector == UNKNOWN_MESSAGE || is_nil_test(selector) || is_trusted(selector)
}

/// Whether the value can be taken for an Integer (or, where none is wanted, a Boolean) as it is written: a literal, a
/// comparison, a nil test.
fn is_plain(receiver: &ast::Expr, integer: bool) -> bool {
    match &receiver.kind {
        ExprKind::Paren(inner) => is_plain(inner, integer),
        ExprKind::Integer(_) => integer,
        ExprKind::True | ExprKind::False => !integer,
        ExprKind::Send(send) if !integer => {
            let selector = send.message.selector();
            match selector.as_str() {
                "=:=" | "=/=" | "==" | "/=" | "<" | ">" | "<=" | ">=" | "isNil" | "notNil" => true,
                "and:" | "or:" | "not" => is_plain(&send.receiver, false),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether the message asks if the receiver is nil. It may be compiled in place, unless some class implements it.
#[must_use]
pub fn is_nil_test(selector: &str) -> bool {
    matches!(selector, "isNil" | "notNil")
}

/// Whether messages of this name may be compiled in place.
pub fn is_control_flow(selector: &str) -> bool {
    matches!(
        selector,
        "ifTrue:"
            | "ifFalse:"
            | "ifTrue:ifFalse:"
            | "and:"
            | "or:"
            | "ifNil:"
            | "ifNotNil:"
            | "ifNil:ifNotNil:"
            | "ifNotNil:ifNil:"
            | "whileTrue:"
            | "whileFalse:"
            | "repeat"
            | "timesRepeat:"
            | "to:do:"
            | "to:by:do:"
            | "value"
    )
}

/// The literal block of `expr`, if it is one with `parameters` parameters.
fn literal_block(expr: &ast::Expr, parameters: std::ops::RangeInclusive<usize>) -> Option<&ast::Block> {
    match &expr.kind {
        ExprKind::Paren(inner) => literal_block(inner, parameters),
        ExprKind::Block(block) if parameters.contains(&block.parameters.len()) => Some(block),
        _ => None,
    }
}

/// Whether a block that stands there gets the message, so that no other class's method is meant. `Block` writes its own
/// loops in this way.
fn is_of_literal_block(send: &ast::Send, selector: &str) -> bool {
    matches!(selector, "whileTrue:" | "whileFalse:" | "repeat" | "value")
        && literal_block(&send.receiver, 0..=0).is_some()
}

impl Lowerer<'_> {
    /// The send as control flow in place, where it qualifies.
    pub(crate) fn control_flow(
        &mut self,
        send: &ast::Send,
        selector: &SmolStr,
        span: Span,
        usage: Use,
    ) -> Option<Expr> {
        if !is_control_flow(selector)
            || !is_of_literal_block(send, selector) && self.cx.table.is_reimplemented(selector)
        {
            return None;
        }
        let is_open = self.may_be_a_proxy(&send.receiver, selector);
        if is_open && self.sends_all {
            return None;
        }
        let arguments = send.message.arguments.as_slice();
        let kind = match (selector.as_str(), arguments) {
            ("ifTrue:" | "ifFalse:" | "and:" | "or:", [one]) => {
                let block = literal_block(one, 0..=0)?;
                let plain = self.conditional(selector, &send.receiver, Some(block), None, usage);
                self.or_apart(plain, is_open, selector, arguments)
            }
            ("ifTrue:ifFalse:", [yes, no]) => {
                let (yes, no) = (literal_block(yes, 0..=0)?, literal_block(no, 0..=0)?);
                let plain = self.conditional(selector, &send.receiver, Some(yes), Some(no), usage);
                self.or_apart(plain, is_open, selector, arguments)
            }
            ("ifNil:", [one]) => self.nil_test(&send.receiver, Some(literal_block(one, 0..=0)?), None, usage),
            ("ifNotNil:", [one]) => {
                self.nil_test(&send.receiver, None, Some(literal_block(one, 0..=1)?), usage)
            }
            ("ifNil:ifNotNil:", [nil, other]) | ("ifNotNil:ifNil:", [other, nil]) => {
                let (nil, other) = (literal_block(nil, 0..=0)?, literal_block(other, 0..=1)?);
                self.nil_test(&send.receiver, Some(nil), Some(other), usage)
            }
            ("whileTrue:" | "whileFalse:", [body]) => {
                let (condition, body) = (literal_block(&send.receiver, 0..=0)?, literal_block(body, 0..=0)?);
                let start = self.captures.loop_start();
                let condition = self.inline(condition, Use::Local);
                let body = self.inline(body, Use::Local);
                self.captures.loop_end(start);
                Kind::While { condition, when: selector == "whileTrue:", body }
            }
            ("repeat", []) => {
                let body = literal_block(&send.receiver, 0..=0)?;
                let start = self.captures.loop_start();
                let body = self.inline(body, Use::Local);
                self.captures.loop_end(start);
                Kind::Repeat(body)
            }
            ("timesRepeat:", [body]) => {
                let body = literal_block(body, 0..=0)?;
                let count = Box::new(self.expr(&send.receiver, Use::Local));
                let start = self.captures.loop_start();
                let body = self.inline(body, Use::Local);
                self.captures.loop_end(start);
                let plain = Kind::Times { count, body, other: None };
                self.or_apart(plain, is_open, selector, arguments)
            }
            ("to:do:", [to, body]) => {
                let body = literal_block(body, 1..=1)?;
                let plain = self.counting_loop(selector, &send.receiver, to, None, body);
                self.or_apart(plain, is_open, selector, arguments)
            }
            ("to:by:do:", [to, step, body]) => {
                let body = literal_block(body, 1..=1)?;
                if !matches!(&step.kind, ExprKind::Integer(step) if *step != num_bigint::BigInt::ZERO) {
                    return None;
                }
                let plain = self.counting_loop(selector, &send.receiver, to, Some(step), body);
                self.or_apart(plain, is_open, selector, arguments)
            }
            ("value", []) => Kind::Sequence(self.inline(literal_block(&send.receiver, 0..=0)?, usage)),
            _ => return None,
        };
        Some(finish(kind, send.message.parts.first().map_or(span, |part| part.span)))
    }

    /// Control flow in place, which sends the message to receivers that may know more than the library.
    fn or_apart(&mut self, plain: Kind, is_open: bool, selector: &SmolStr, arguments: &[ast::Expr]) -> Kind {
        if !is_open {
            return plain;
        }
        let mut plain = plain;
        match &mut plain {
            Kind::If { other, .. } | Kind::Times { other, .. } => {
                *other = Some(Box::new(self.apart(selector, arguments, 0)));
            }
            // All arguments but the block are values.
            Kind::ToDo { other, .. } => {
                *other = Some(Box::new(self.apart(selector, arguments, arguments.len() - 1)));
            }
            _ => {}
        }
        plain
    }

    /// Whether the message may reach a `doesNotUnderstand:args:` of the program's own, which wants its blocks.
    fn may_be_a_proxy(&self, receiver: &ast::Expr, selector: &str) -> bool {
        let of_boolean = matches!(selector, "ifTrue:" | "ifFalse:" | "ifTrue:ifFalse:" | "and:" | "or:");
        let of_integer = matches!(selector, "timesRepeat:" | "to:do:" | "to:by:do:");
        (of_boolean || of_integer)
            && !self.cx.library
            && !is_plain(receiver, of_integer)
            && self.cx.table.is_reimplemented(UNKNOWN_MESSAGE)
    }

    fn conditional(
        &mut self,
        selector: &SmolStr,
        receiver: &ast::Expr,
        first: Option<&ast::Block>,
        second: Option<&ast::Block>,
        usage: Use,
    ) -> Kind {
        if let (ExprKind::True | ExprKind::False, "ifTrue:" | "ifFalse:" | "ifTrue:ifFalse:") =
            (&receiver.kind, selector.as_str())
        {
            let value = matches!(receiver.kind, ExprKind::True);
            self.diagnostics.push(
                Diagnostic::warning("E0314", receiver.span, format!("Condition is always `{value}`"))
                    .in_category(Category::Lint)
                    .with_help("Keep the branch that runs and remove the other."),
            );
        }
        let condition = Box::new(self.expr(receiver, Use::Local));
        let first = first.map_or(Branch::Receiver, |block| Branch::Inline(self.inline(block, usage)));
        let second = second.map_or(Branch::Receiver, |block| Branch::Inline(self.inline(block, usage)));
        let (on_true, on_false) =
            if matches!(selector.as_str(), "ifFalse:" | "or:") { (second, first) } else { (first, second) };
        Kind::If { selector: selector.clone(), condition, on_true, on_false, other: None }
    }

    fn nil_test(
        &mut self,
        receiver: &ast::Expr,
        nil: Option<&ast::Block>,
        other: Option<&ast::Block>,
        usage: Use,
    ) -> Kind {
        let receiver = Box::new(self.expr(receiver, if other.is_none() { usage } else { Use::Local }));
        let on_nil = nil.map_or(Branch::Receiver, |block| Branch::Inline(self.inline(block, usage)));
        let not_nil = other.map_or(Branch::Receiver, |block| Branch::Inline(self.inline(block, usage)));
        Kind::IfNil { receiver, on_nil, not_nil }
    }

    fn counting_loop(
        &mut self,
        selector: &SmolStr,
        from: &ast::Expr,
        to: &ast::Expr,
        step: Option<&ast::Expr>,
        body: &ast::Block,
    ) -> Kind {
        let from = Box::new(self.expr(from, Use::Local));
        let to = Box::new(self.expr(to, Use::Local));
        let step = step.map(|step| Box::new(self.expr(step, Use::Local)));
        let start = self.captures.loop_start();
        let body = self.inline(body, Use::Local);
        self.captures.loop_end(start);
        Kind::ToDo { selector: selector.clone(), from, to, step, body, other: None }
    }
}
