//! Loops compiled in place: each is a function of its own that calls itself, its variables in registers.
//!
//! The function's parameters are the loop's own counters and every outside variable that it uses. Its end answers
//! the tuple of the outside variables it assigned, which the code around the loop takes apart; a `^` in the loop
//! answers `[Value | Tuple]` instead.

use beamtalk_beam::{Label, TestOp};
use beamtalk_semantics::hir::{Apart, Expr, Inline, Kind, VarId};
use beamtalk_text::Span;
use num_traits::Signed;
use smol_str::SmolStr;

use crate::body::{Exit, FnBuilder};
use crate::ir::{Callee, L, NotBoolean, Op, V, Val};
use crate::uses::Uses;

/// What a loop's function needs to call itself.
struct Loop {
    entry: Label,
    free: Vec<VarId>,
}

/// What is sent to a receiver that does not loop like an Integer.
struct Message<'a> {
    selector: &'a SmolStr,
    apart: Option<&'a Apart>,
    receiver: Val,
    /// Its arguments that are no blocks.
    values: Vec<Val>,
}

impl FnBuilder<'_, '_> {
    pub fn while_(&mut self, condition: &Inline, when: bool, body: &Inline, span: Span) -> Val {
        self.loop_function(&[condition, body], Vec::new(), span, |f, this, _| {
            let end = f.new_label();
            if let Some((last, before)) = condition.body.split_last() {
                for expr in before {
                    f.effect(expr);
                }
                f.jump_when(last, end, !when, &NotBoolean::Condition, span);
            } else {
                let nil = f.in_register(Val::atom("nil"));
                let line = f.line(span);
                f.push(Op::Branch {
                    value: Val::V(nil),
                    target: end,
                    when: !when,
                    not_boolean: NotBoolean::Condition,
                    line,
                });
            }
            f.run(body);
            f.again(this, Vec::new());
            f.label(end);
        })
    }

    pub fn repeat(&mut self, body: &Inline, span: Span) -> Val {
        self.loop_function(&[body], Vec::new(), span, |f, this, _| {
            f.run(body);
            f.again(this, Vec::new());
        })
    }

    pub fn times(&mut self, count: &Expr, body: &Inline, apart: Option<&Apart>, span: Span) -> Val {
        let count = self.value(count);
        let (count, other) = self.integer_or_other(count);
        let value = self.loop_function(&[body], vec![count.clone()], span, |f, this, counters| {
            let end = f.new_label();
            let left = counters[0];
            f.push(Op::Test { op: TestOp::IsLt, args: vec![Val::Int(0), Val::V(left)], fail: end });
            f.run(body);
            let next = f.fresh();
            f.push(Op::GcBif { dst: next, name: "-".into(), args: vec![Val::V(left), Val::Int(1)], line: 0 });
            f.again(this, vec![Val::V(next)]);
            f.label(end);
        });
        let message =
            Message { selector: &"timesRepeat:".into(), apart, receiver: count, values: Vec::new() };
        self.or_sent(value, other, message, span)
    }

    pub fn counting_loop(
        &mut self,
        selector: &SmolStr,
        (from, to, step): (&Expr, &Expr, Option<&Expr>),
        body: &Inline,
        apart: Option<&Apart>,
        span: Span,
    ) -> Val {
        let later = to.assigns;
        let from = self.stable(from, later);
        let to = self.value(to);
        let (from, other) = self.integer_or_other(from);
        let values = vec![to.clone()];
        let to = self.number_or_raise(to, selector, span);
        let stepped = step.is_some();
        let (step, down) = match step.map(|step| &step.kind) {
            Some(Kind::Integer(step)) => (crate::literals::integer(step), step.is_negative()),
            _ => (Val::Int(1), false),
        };
        let values = values.into_iter().chain(stepped.then(|| step.clone())).collect();
        let value = self.loop_function(&[body], vec![from.clone(), to], span, |f, this, counters| {
            let end = f.new_label();
            let (index, limit) = (counters[0], counters[1]);
            let args =
                if down { vec![Val::V(index), Val::V(limit)] } else { vec![Val::V(limit), Val::V(index)] };
            f.push(Op::Test { op: TestOp::IsGe, args, fail: end });
            if let Some(parameter) = body.parameters.first() {
                f.integers.push(index);
                f.declare_counter(*parameter, index, span);
            }
            f.run(body);
            let next = f.fresh();
            f.push(Op::GcBif { dst: next, name: "+".into(), args: vec![Val::V(index), step], line: 0 });
            f.again(this, vec![Val::V(next), Val::V(limit)]);
            f.label(end);
        });
        let message = Message { selector, apart, receiver: from, values };
        self.or_sent(value, other, message, span)
    }

    /// The body's parameter: the counter's own register where nothing assigns it.
    fn declare_counter(&mut self, parameter: VarId, index: V, span: Span) {
        self.declare(parameter, Val::V(index), span);
        if let Some(v) = self.vars.get(&parameter)
            && self.storage(parameter) == beamtalk_semantics::hir::Storage::Register
            && !self.reassigned.contains(&parameter)
        {
            self.integers.push(*v);
        }
    }

    fn run(&mut self, body: &Inline) {
        for expr in &body.body {
            self.effect(expr);
        }
    }

    /// The next turn: a tail call with the counters and the variables as they are now.
    fn again(&mut self, this: &Loop, counters: Vec<Val>) {
        let mut args = counters;
        args.extend(this.free.iter().map(|var| Val::V(self.register(*var))));
        self.push(Op::TailCall { callee: Callee::Local(this.entry), args, line: 0 });
    }

    /// Write a loop's function with `body` and call it here. `body` leaves the loop by falling through. Answers nil, a loop's value.
    fn loop_function(
        &mut self,
        parts: &[&Inline],
        counters: Vec<Val>,
        span: Span,
        body: impl FnOnce(&mut FnBuilder<'_, '_>, &Loop, &[V]),
    ) -> Val {
        let uses = Uses::of_loop(self.cx.unit, parts);
        let (free, changed) = (uses.free(), uses.changed());
        let name = self.derived("loop");
        let labels = self.m.declare();
        let line = self.line(span);
        let this = Loop { entry: labels.1, free };
        let ir = {
            let mut f = FnBuilder::new(self.m, self.cx, self.counter);
            f.cells_exist = self.cells_exist;
            let own: Vec<V> = counters.iter().map(|_| f.parameter()).collect();
            f.bind_parameters(&this.free);
            f.exit = Exit::Loop(changed.clone());
            f.reassigned.clone_from(&uses.assigned);
            body(&mut f, &this, &own);
            if f.is_reachable() {
                let variables = f.loop_variables(&changed);
                f.push(Op::Return(variables));
            }
            f.ir
        };
        self.m.define(name, false, line, labels, &ir);

        let mut args = counters;
        args.extend(this.free.iter().map(|var| Val::V(self.register(*var))));
        let answer = self.fresh();
        self.push(Op::Call { dst: answer, callee: Callee::Local(labels.1), args, line });
        if uses.returns {
            let ended = self.new_label();
            self.push(Op::Test { op: TestOp::IsNonemptyList, args: vec![Val::V(answer)], fail: ended });
            let (value, variables) = (self.fresh(), self.fresh());
            self.push(Op::Head { dst: value, src: answer });
            self.push(Op::Tail { dst: variables, src: answer });
            self.unpack(variables, &changed);
            self.ret(Val::V(value));
            self.label(ended);
        }
        self.unpack(answer, &changed);
        Val::atom("nil")
    }

    pub(crate) fn unpack(&mut self, variables: V, changed: &[VarId]) {
        if changed.is_empty() {
            return;
        }
        let fail = self.new_label();
        let arity = u32::try_from(changed.len()).unwrap_or(u32::MAX);
        // The validator wants to see that it is a tuple; it always is.
        self.push(Op::Test { op: TestOp::IsTuple, args: vec![Val::V(variables)], fail });
        self.push(Op::TupleArity { src: variables, arity, fail });
        for (var, index) in changed.iter().zip(0..) {
            let dst = self.fresh();
            self.push(Op::Element { dst, src: variables, index });
            let v = self.register(*var);
            self.push(Op::Move { dst: v, src: Val::V(dst) });
            self.note_assigned(*var);
        }
        let done = self.new_label();
        self.push(Op::Jump(done));
        self.label(fail);
        self.push(Op::Return(Val::V(variables)));
        self.label(done);
    }

    /// The value as an Integer, and where another receiver goes on.
    fn integer_or_other(&mut self, value: Val) -> (Val, Option<L>) {
        if matches!(value, Val::Int(_)) {
            return (value, None);
        }
        let v = self.in_register(value);
        let other = self.new_label();
        self.push(Op::Test { op: TestOp::IsInteger, args: vec![Val::V(v)], fail: other });
        (Val::V(v), Some(other))
    }

    /// The loop's value, or what a receiver that does not loop like an Integer answers to the message.
    fn or_sent(&mut self, value: Val, other: Option<L>, message: Message<'_>, span: Span) -> Val {
        let Some(other) = other else { return value };
        let (dst, end) = (self.fresh(), self.new_label());
        self.push(Op::Move { dst, src: value });
        self.push(Op::Jump(end));
        self.label(other);
        let Message { selector, apart, receiver, values } = message;
        let answer = if let Some(apart) = apart {
            self.apart(apart, std::iter::once(receiver).chain(values).collect(), span)
        } else {
            let arguments = i64::try_from(selector.matches(':').count()).unwrap_or(0);
            let args = vec![receiver, Val::Atom(selector.clone()), Val::Int(arguments)];
            self.call("beamtalk_dispatch", "not_understood", args, span)
        };
        self.push(Op::Move { dst, src: answer });
        self.label(end);
        Val::V(dst)
    }

    fn number_or_raise(&mut self, value: Val, selector: &SmolStr, span: Span) -> Val {
        if matches!(value, Val::Int(_)) {
            return value;
        }
        let v = self.in_register(value);
        let (other, fine) = (self.new_label(), self.new_label());
        self.push(Op::Test { op: TestOp::IsNumber, args: vec![Val::V(v)], fail: other });
        self.push(Op::Jump(fine));
        self.label(other);
        self.call("beamtalk_integer", "no_limit", vec![Val::Atom(selector.clone())], span);
        self.label(fine);
        Val::V(v)
    }
}
