//! Expressions: their value in an operand, or in a given register.

use std::sync::Arc;

use beamtalk_beam::{Term, TestOp};
use beamtalk_semantics::hir::{Branch, CascadeMessage, Expr, Inline, Kind, Piece, Storage, VarId};
use beamtalk_semantics::{ClassKind, Side};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::body::{FnBuilder, if_not_boolean};
use crate::ir::{Op, V, Val};
use crate::literals::constant;

impl FnBuilder<'_, '_> {
    /// Evaluate; an operand that later assignments do not change.
    pub fn stable(&mut self, expr: &Expr, later_assigns: bool) -> Val {
        let value = self.value(expr);
        match value {
            Val::V(v) if later_assigns => {
                let dst = self.fresh();
                self.push(Op::Move { dst, src: Val::V(v) });
                Val::V(dst)
            }
            other => other,
        }
    }

    /// Evaluate left to right.
    pub fn values(&mut self, exprs: &[Expr]) -> Vec<Val> {
        let mut values = Vec::with_capacity(exprs.len());
        for (index, expr) in exprs.iter().enumerate() {
            let later = exprs[index + 1..].iter().any(|later| later.assigns);
            values.push(self.stable(expr, later));
        }
        values
    }

    /// Evaluate; the operand is valid until the next assignment.
    #[allow(clippy::too_many_lines, reason = "one arm a form")]
    pub fn value(&mut self, expr: &Expr) -> Val {
        if let Some(value) = constant(expr) {
            return value;
        }
        match &expr.kind {
            Kind::Interpolation(pieces) => self.interpolation(pieces, expr.span),
            Kind::List { elements, tail } => {
                let later = tail.as_ref().is_some_and(|tail| tail.assigns);
                let mut values = self.values(elements);
                if later {
                    values = values.into_iter().map(|value| self.copy(value)).collect();
                }
                let tail = match tail {
                    Some(tail) => self.value(tail),
                    None => Val::Nil,
                };
                self.list(values, tail)
            }
            Kind::Array(elements) => {
                let values = self.values(elements);
                let list = self.list(values, Val::Nil);
                self.call("beamtalk_array", "from_list", vec![list], expr.span)
            }
            Kind::Dictionary(pairs) => self.dictionary(pairs),
            Kind::Tuple(elements) => {
                let values = self.values(elements);
                self.tuple(values)
            }
            Kind::Local(var) => self.read(*var, expr.span),
            Kind::SetLocal(var, value) => {
                let value = self.value(value);
                self.write(*var, value, expr.span)
            }
            Kind::Declare(var, value) => {
                let value = self.value(value);
                self.declare(*var, value.clone(), expr.span);
                value
            }
            Kind::Field(name) => self.field(name, expr.span),
            Kind::SetField(name, value) => self.set_field(name, value, expr.span),
            Kind::Global(name) => {
                self.call("beamtalk_class", "resolve", vec![Val::Lit(Arc::new(Term::text(name)))], expr.span)
            }
            Kind::Send { receiver, selector, arguments } => {
                self.send_value(receiver, selector, arguments, expr.span)
            }
            Kind::SuperSend { selector, arguments } => self.super_value(selector, arguments, expr.span),
            Kind::Cascade { receiver, messages } => self.cascade(receiver, messages),
            Kind::ErlangCall { module, function, arguments } => {
                let values = self.values(arguments);
                let list = self.list(values, Val::Nil);
                self.call(
                    "beamtalk_ffi",
                    "call",
                    vec![Val::Atom(module.clone()), Val::Atom(function.clone()), list],
                    expr.span,
                )
            }
            Kind::Cast { receiver, selector, arguments } => {
                let later = arguments.iter().any(|argument| argument.assigns);
                let receiver = self.stable(receiver, later);
                let values = self.values(arguments);
                let list = self.list(values, Val::Nil);
                self.call(
                    "beamtalk_actor",
                    "cast",
                    vec![receiver, Val::Atom(selector.clone()), list],
                    expr.span,
                )
            }
            Kind::Closure(closure) => self.closure(closure, expr.span),
            Kind::While { condition, when, body } => self.while_(condition, *when, body, expr.span),
            Kind::Repeat(body) => self.repeat(body, expr.span),
            Kind::Times { count, body, other } => self.times(count, body, other.as_deref(), expr.span),
            Kind::ToDo { selector, from, to, step, body, other } => {
                let ends = (from.as_ref(), to.as_ref(), step.as_deref());
                self.counting_loop(selector, ends, body, other.as_deref(), expr.span)
            }
            Kind::If { .. } | Kind::IfNil { .. } | Kind::Match { .. } | Kind::Sequence(_) => {
                let dst = self.fresh();
                self.into(expr, dst);
                Val::V(dst)
            }
            Kind::Destructure { pattern, value } => {
                let value = self.value(value);
                self.destructure(pattern, value.clone());
                value
            }
            Kind::Return(value) => {
                self.tail(value);
                Val::atom("nil")
            }
            Kind::ReturnHome(home, value) => {
                let value = self.value(value);
                let frame = self.frame(*home);
                self.call("beamtalk_frame", "return", vec![Val::V(frame), value], expr.span)
            }
            Kind::Primitive { module, function, arguments } => {
                self.primitive_value(module, function, arguments, expr.span)
            }
            // Constants were dealt with above; floats and strings always are.
            Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Character(_)
            | Kind::String(_)
            | Kind::Atom(_)
            | Kind::Class { .. } => Val::atom("nil"),
        }
    }

    pub(crate) fn copy(&mut self, value: Val) -> Val {
        match value {
            Val::V(v) => {
                let dst = self.fresh();
                self.push(Op::Move { dst, src: Val::V(v) });
                Val::V(dst)
            }
            other => other,
        }
    }

    /// Evaluate into a register.
    pub fn into(&mut self, expr: &Expr, dst: V) {
        match &expr.kind {
            Kind::If { condition, on_true, on_false, other: Some(apart), .. } => {
                let end = self.new_label();
                let (value, otherwise, other) = self.two_ways(condition);
                self.branch_into(on_true, Val::atom("true"), dst);
                self.push(Op::Jump(end));
                self.not_true(value, otherwise, other);
                self.branch_into(on_false, Val::atom("false"), dst);
                self.push(Op::Jump(end));
                self.label(other);
                let src = self.apart(apart, vec![Val::V(value)], expr.span);
                self.push(Op::Move { dst, src });
                self.label(end);
            }
            Kind::If { selector, condition, on_true, on_false, other: None } => {
                let (otherwise, end) = (self.new_label(), self.new_label());
                self.jump_unless(condition, otherwise, &if_not_boolean(selector), expr.span);
                self.branch_into(on_true, Val::atom("true"), dst);
                self.push(Op::Jump(end));
                self.label(otherwise);
                self.branch_into(on_false, Val::atom("false"), dst);
                self.label(end);
            }
            Kind::IfNil { receiver, on_nil, not_nil } => {
                let value = self.value(receiver);
                let kept = self.in_register(value);
                let (otherwise, end) = (self.new_label(), self.new_label());
                self.push(Op::Test {
                    op: TestOp::IsEqExact,
                    args: vec![Val::V(kept), Val::atom("nil")],
                    fail: otherwise,
                });
                self.branch_into(on_nil, Val::atom("nil"), dst);
                self.push(Op::Jump(end));
                self.label(otherwise);
                self.bind_not_nil(not_nil, kept, expr.span);
                self.branch_into(not_nil, Val::V(kept), dst);
                self.label(end);
            }
            Kind::Sequence(inline) => self.inline_into(inline, dst),
            Kind::Match { scrutinee, arms } => self.match_(scrutinee, arms, expr.span, Some(dst)),
            _ => {
                let src = self.value(expr);
                self.push(Op::Move { dst, src });
            }
        }
    }

    pub fn inline_into(&mut self, inline: &Inline, dst: V) {
        let Some((last, first)) = inline.body.split_last() else {
            return self.push(Op::Move { dst, src: Val::atom("nil") });
        };
        for expr in first {
            self.effect(expr);
        }
        self.into(last, dst);
    }

    pub(crate) fn branch_into(&mut self, branch: &Branch, receiver: Val, dst: V) {
        match branch {
            Branch::Inline(inline) => self.inline_into(inline, dst),
            Branch::Receiver => self.push(Op::Move { dst, src: receiver }),
        }
    }

    pub(crate) fn bind_not_nil(&mut self, branch: &Branch, value: V, span: Span) {
        if let Branch::Inline(inline) = branch
            && let Some(parameter) = inline.parameters.first()
        {
            self.declare(*parameter, Val::V(value), span);
        }
    }

    pub(crate) fn interpolation(&mut self, pieces: &[Piece], span: Span) -> Val {
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(text) => Val::Lit(Arc::new(Term::text(text))),
                Piece::Value(expr) => {
                    let value = self.value(expr);
                    self.call("beamtalk_print", "display_string", vec![value], expr.span)
                }
            });
        }
        let list = self.list(parts, Val::Nil);
        self.call("beamtalk_string", "interpolate", vec![list], span)
    }

    pub(crate) fn dictionary(&mut self, pairs: &[(Expr, Expr)]) -> Val {
        // One put a pair: later pairs win where keys are equal, and evaluation goes left to right.
        let flat: Vec<(Val, Val)> = {
            let mut flat = Vec::with_capacity(pairs.len());
            for (index, (key, value)) in pairs.iter().enumerate() {
                let later = pairs[index + 1..].iter().any(|(key, value)| key.assigns || value.assigns);
                let key = self.stable(key, value.assigns || later);
                let value = self.stable(value, later);
                flat.push((key, value));
            }
            flat
        };
        let mut map = Val::Lit(Arc::new(Term::Map(Vec::new())));
        for pair in flat {
            let dst = self.fresh();
            self.push(Op::MapPut { dst, src: map, pairs: vec![pair] });
            map = Val::V(dst);
        }
        map
    }

    pub(crate) fn field(&mut self, name: &SmolStr, span: Span) -> Val {
        let line = self.line(span);
        let this = self.receiver();
        if self.cx.side == Side::Class {
            return self.call(
                "beamtalk_class_state",
                "get",
                vec![Val::V(this), Val::Atom(name.clone())],
                span,
            );
        }
        let dst = self.fresh();
        match self.cx.kind {
            ClassKind::Actor => self.push(Op::ActorField { dst, actor: this, name: name.clone(), line }),
            ClassKind::Value | ClassKind::Object => {
                self.push(Op::ValueField { dst, object: this, name: name.clone(), line });
            }
        }
        Val::V(dst)
    }

    pub(crate) fn set_field(&mut self, name: &SmolStr, value: &Expr, span: Span) -> Val {
        let value = self.value(value);
        let this = self.receiver();
        let args = vec![Val::V(this), Val::Atom(name.clone()), value];
        let (module, function) = match (self.cx.side, self.cx.kind) {
            (Side::Class, _) => ("beamtalk_class_state", "put"),
            (Side::Instance, ClassKind::Actor) => ("beamtalk_actor", "put_field"),
            (Side::Instance, _) => ("beamtalk_object", "put_field"),
        };
        self.call(module, function, args, span)
    }

    pub(crate) fn cascade(&mut self, receiver: &Expr, messages: &[CascadeMessage]) -> Val {
        let assigns =
            messages.iter().any(|message| message.arguments.iter().any(|argument| argument.assigns));
        let class = self.static_class(receiver);
        let target = self.stable(receiver, assigns);
        let mut value = Val::atom("nil");
        for message in messages {
            let arguments = self.values(&message.arguments);
            value = self.send_to(target.clone(), class.as_ref(), &message.selector, arguments, message.span);
        }
        value
    }

    /// The registers that hold the unit's parameters, made as the function's.
    pub fn bind_parameters(&mut self, parameters: &[VarId]) -> Vec<V> {
        parameters
            .iter()
            .map(|var| {
                let v = self.parameter();
                self.vars.insert(*var, v);
                v
            })
            .collect()
    }

    /// Parameters that closures assign move into cells.
    pub fn cell_parameters(&mut self, parameters: &[VarId], span: Span) {
        for var in parameters {
            if self.storage(*var) == Storage::Cell {
                let v = self.register(*var);
                let value = self.fresh();
                self.push(Op::Move { dst: value, src: Val::V(v) });
                self.declare(*var, Val::V(value), span);
            }
        }
    }
}
