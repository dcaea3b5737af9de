//! Messages sent apart: what control flow in place does with a receiver that it is not made for.

use beamtalk_beam::TestOp;
use beamtalk_semantics::hir::{Apart, Expr, Storage, VarId};
use beamtalk_text::Span;

use crate::body::FnBuilder;
use crate::closures::{Body, activation};
use crate::ir::{Callee, L, Op, V, Val};

impl FnBuilder<'_, '_> {
    /// Evaluate a condition and go on if it is true. Answers its value, and where the other Boolean and what is none go on.
    pub fn two_ways(&mut self, condition: &Expr) -> (V, L, L) {
        let value = self.value(condition);
        let value = self.in_register(value);
        let (otherwise, other) = (self.new_label(), self.new_label());
        let args = vec![Val::V(value), Val::atom("true")];
        self.push(Op::Test { op: TestOp::IsEqExact, args, fail: otherwise });
        (value, otherwise, other)
    }

    /// The condition is not true: go on if it is false.
    pub fn not_true(&mut self, value: V, otherwise: L, other: L) {
        self.label(otherwise);
        let args = vec![Val::V(value), Val::atom("false")];
        self.push(Op::Test { op: TestOp::IsEqExact, args, fail: other });
    }

    /// Send the message; `given` are its receiver and values. Answers its value.
    pub fn apart(&mut self, apart: &Apart, given: Vec<Val>, span: Span) -> Val {
        let returns = self.cx.unit.activations[apart.activation.0 as usize].home;
        let (values, copies) = apart.parameters.split_at(given.len());
        // A cell is given as it is, and is none of the activation's own.
        let copied = copies.iter().zip(&apart.copied);
        let unshared = copied.filter(|(_, of)| self.storage(**of) == Storage::Register);
        let own: Vec<VarId> = values.iter().chain(unshared.map(|(copy, _)| copy)).copied().collect();
        let parameters: Vec<VarId> = apart.parameters.iter().chain(&apart.captures).copied().collect();
        let (name, line, labels) = (self.derived("send"), self.line(span), self.m.declare());
        let body = Body {
            name,
            line,
            labels,
            exported: false,
            parameters: &parameters,
            own: &own,
            activation: apart.activation,
            apart: true,
            statements: &apart.body,
            span,
        };
        activation(self.m, self.cx, self.counter, &body);

        let outside = apart.copied.iter().chain(&apart.captures);
        let args: Vec<Val> =
            given.into_iter().chain(outside.map(|var| Val::V(self.register(*var)))).collect();
        let answer = self.fresh();
        self.push(Op::Call { dst: answer, callee: Callee::Local(labels.1), args, line });
        if returns {
            let ended = self.new_label();
            self.push(Op::Test { op: TestOp::IsNonemptyList, args: vec![Val::V(answer)], fail: ended });
            let value = self.fresh();
            self.push(Op::Head { dst: value, src: answer });
            match apart.home {
                None => self.ret(Val::V(value)),
                Some(home) => {
                    let frame = self.frame(home);
                    let never =
                        self.call("beamtalk_frame", "return", vec![Val::V(frame), Val::V(value)], span);
                    self.ret(never);
                }
            }
            self.label(ended);
        }
        self.answered(answer, apart)
    }

    /// Take the message's value and the variables out of the tuple.
    fn answered(&mut self, answer: V, apart: &Apart) -> Val {
        let (fail, done, value) = (self.new_label(), self.new_label(), self.fresh());
        let arity = u32::try_from(apart.assigned + 1).unwrap_or(u32::MAX);
        // The validator wants to see that it is a tuple; it always is.
        self.push(Op::Test { op: TestOp::IsTuple, args: vec![Val::V(answer)], fail });
        self.push(Op::TupleArity { src: answer, arity, fail });
        self.push(Op::Element { dst: value, src: answer, index: 0 });
        for (var, index) in apart.copied[..apart.assigned].iter().zip(1..) {
            if self.storage(*var) == Storage::Register {
                let dst = self.fresh();
                self.push(Op::Element { dst, src: answer, index });
                let v = self.register(*var);
                self.push(Op::Move { dst: v, src: Val::V(dst) });
                self.note_assigned(*var);
            }
        }
        self.push(Op::Jump(done));
        self.label(fail);
        self.push(Op::Return(Val::V(answer)));
        self.label(done);
        Val::V(value)
    }
}
