//! Messages that are native operations, and conditions.

use beamtalk_beam::{Label, TestOp};
use beamtalk_semantics::hir::{Branch, Expr, Kind};
use beamtalk_semantics::is_nil_test;
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::body::FnBuilder;
use crate::ir::{L, NotBoolean, Op, V, Val};

/// The native operation of an arithmetic message, as named by the VM.
pub(crate) fn arithmetic(selector: &str) -> Option<&'static str> {
    Some(match selector {
        "+" => "+",
        "-" => "-",
        "*" => "*",
        "/" => "/",
        "%" => "rem",
        "div:" => "div",
        "bitAnd:" => "band",
        "bitOr:" => "bor",
        "bitXor:" => "bxor",
        _ => return None,
    })
}

/// A comparison message as a test and whether its operands are swapped.
pub(crate) fn comparison(selector: &str) -> Option<(TestOp, bool)> {
    Some(match selector {
        "<" => (TestOp::IsLt, false),
        ">=" => (TestOp::IsGe, false),
        ">" => (TestOp::IsLt, true),
        "<=" => (TestOp::IsGe, true),
        _ => return None,
    })
}

/// A comparison message as the VM's function of two numbers.
pub(crate) fn order_bif(selector: &str) -> Option<&'static str> {
    Some(match selector {
        "<" => "<",
        ">=" => ">=",
        ">" => ">",
        "<=" => "=<",
        _ => return None,
    })
}

/// The four equality operators are tests, never messages.
pub(crate) fn equality(selector: &str) -> Option<TestOp> {
    Some(match selector {
        "=:=" => TestOp::IsEqExact,
        "=/=" => TestOp::IsNeExact,
        "==" => TestOp::IsEq,
        "/=" => TestOp::IsNe,
        _ => return None,
    })
}

pub(crate) fn opposite(test: TestOp) -> TestOp {
    match test {
        TestOp::IsEqExact => TestOp::IsNeExact,
        TestOp::IsNeExact => TestOp::IsEqExact,
        TestOp::IsEq => TestOp::IsNe,
        TestOp::IsNe => TestOp::IsEq,
        other => other,
    }
}

impl FnBuilder<'_, '_> {
    /// A test with at least one register operand, as the VM wants.
    pub(crate) fn test(&mut self, op: TestOp, mut args: Vec<Val>, fail: L) {
        if !args.iter().any(|arg| matches!(arg, Val::V(_)))
            && let Some(first) = args.first_mut()
        {
            let v = self.in_register(first.clone());
            *first = Val::V(v);
        }
        self.push(Op::Test { op, args, fail });
    }

    /// `true` here, `false` at `no`.
    pub(crate) fn truth(&mut self, dst: V, no: L, end: L) {
        self.push(Op::Move { dst, src: Val::atom("true") });
        self.push(Op::Jump(end));
        self.label(no);
        self.push(Op::Move { dst, src: Val::atom("false") });
        self.label(end);
    }

    /// Arithmetic, comparison, equality and nil tests without a send.
    pub(crate) fn native(
        &mut self,
        receiver: &Expr,
        selector: &SmolStr,
        arguments: &[Expr],
        span: Span,
    ) -> Option<Val> {
        match arguments {
            [other] => {
                if let Some(name) = arithmetic(selector) {
                    // A receiver of another kind is sent the message at once.
                    if self
                        .static_class(receiver)
                        .is_some_and(|class| !matches!(class.as_str(), "Integer" | "Float" | "Character"))
                    {
                        return None;
                    }
                    return Some(self.arithmetic(name, receiver, selector, other, span));
                }
                if let Some(name) = order_bif(selector)
                    && !self
                        .static_class(receiver)
                        .is_some_and(|class| class == "Integer" || class == "Float")
                {
                    // Outside a condition a user's class may answer anything.
                    return Some(self.order(name, receiver, selector, other, span));
                }
                if comparison(selector).is_some() || equality(selector).is_some() {
                    let (dst, no, end) = (self.fresh(), self.new_label(), self.new_label());
                    self.decide(receiver, selector, other, no, false, span);
                    self.truth(dst, no, end);
                    return Some(Val::V(dst));
                }
                None
            }
            [] if self.is_nil_test(selector) => {
                let (dst, no, end) = (self.fresh(), self.new_label(), self.new_label());
                let value = self.value(receiver);
                let op = if selector == "isNil" { TestOp::IsEqExact } else { TestOp::IsNeExact };
                self.test(op, vec![value, Val::atom("nil")], no);
                self.truth(dst, no, end);
                Some(Val::V(dst))
            }
            _ => None,
        }
    }

    fn is_nil_test(&self, selector: &str) -> bool {
        is_nil_test(selector) && !self.m.table.is_reimplemented(selector)
    }

    pub(crate) fn arithmetic(
        &mut self,
        name: &'static str,
        receiver: &Expr,
        selector: &SmolStr,
        other: &Expr,
        span: Span,
    ) -> Val {
        let a = self.stable(receiver, other.assigns);
        let b = self.value(other);
        let integers = self.is_integer(&a) && self.is_integer(&b) && name != "/";
        let dst = self.numeric(name, [a, b], selector, span);
        if integers && matches!(name, "+" | "-" | "*") {
            self.integers.push(dst);
        }
        Val::V(dst)
    }

    /// A comparison as a value: the VM's own for numbers, a send for all else.
    fn order(
        &mut self,
        name: &'static str,
        receiver: &Expr,
        selector: &SmolStr,
        other: &Expr,
        span: Span,
    ) -> Val {
        let a = self.stable(receiver, other.assigns);
        let b = self.value(other);
        let a = Val::V(self.in_register(a));
        Val::V(self.numeric(name, [a, b], selector, span))
    }

    /// The VM's function of two numbers, or a send where they are none.
    fn numeric(&mut self, name: &'static str, args: [Val; 2], selector: &SmolStr, span: Span) -> V {
        let (line, dst) = (self.line(span), self.fresh());
        let send = self.m.send_stub(selector, 1);
        self.push(Op::Arith { dst, name, args: args.into(), send, line });
        dst
    }

    pub(crate) fn is_integer(&self, val: &Val) -> bool {
        match val {
            Val::Int(_) => true,
            Val::V(v) => self.integers.contains(v),
            _ => false,
        }
    }

    /// Jump to `target` when the comparison's outcome is `when`.
    pub(crate) fn decide(
        &mut self,
        receiver: &Expr,
        selector: &SmolStr,
        other: &Expr,
        target: L,
        when: bool,
        span: Span,
    ) {
        let a = self.stable(receiver, other.assigns);
        let b = self.value(other);
        if let Some(test) = equality(selector) {
            let test = if when { opposite(test) } else { test };
            return self.test(test, vec![a, b], target);
        }
        let Some((op, swapped)) = comparison(selector) else {
            return;
        };
        let line = self.line(span);
        let checked = self.is_integer(&a)
            || matches!(&a, Val::Lit(term) if matches!(**term, beamtalk_beam::Term::Float(_) | beamtalk_beam::Term::BigInteger(_) | beamtalk_beam::Term::Integer(_)));
        if checked && !swapped {
            let op = if when { opposite_order(op) } else { op };
            return self.test(op, vec![a, b], target);
        }
        if checked {
            let op = if when { opposite_order(op) } else { op };
            return self.test(op, vec![b, a], target);
        }
        let send: Label = self.m.send_stub(selector, 1);
        let a = Val::V(self.in_register(a));
        let not_boolean = NotBoolean::NotUnderstood("ifTrue:".into(), 1);
        self.push(Op::Compare { op, args: [a, b], swapped, target, when, send, not_boolean, line });
    }

    // ---- conditions ------------------------------------------------------------------------------------

    /// Go on when the condition is true, jump when it is false.
    pub fn jump_unless(&mut self, condition: &Expr, target: L, not_boolean: &NotBoolean, span: Span) {
        self.jump_when(condition, target, false, not_boolean, span);
    }

    /// Jump to `target` when the condition is `when`, go on when it is the other Boolean.
    pub fn jump_when(
        &mut self,
        condition: &Expr,
        target: L,
        when: bool,
        not_boolean: &NotBoolean,
        span: Span,
    ) {
        match &condition.kind {
            Kind::Atom(name) if name == "true" || name == "false" => {
                if (name == "true") == when {
                    self.push(Op::Jump(target));
                }
            }
            Kind::Send { receiver, selector, arguments } => match arguments.as_slice() {
                [other] if equality(selector).is_some() || comparison(selector).is_some() => {
                    self.decide(receiver, selector, other, target, when, condition.span);
                }
                [] if self.is_nil_test(selector) => {
                    let value = self.value(receiver);
                    let nil_continues = (selector == "isNil") != when;
                    let op = if nil_continues { TestOp::IsEqExact } else { TestOp::IsNeExact };
                    self.test(op, vec![value, Val::atom("nil")], target);
                }
                _ => self.branch(condition, target, when, not_boolean, span),
            },
            Kind::If { selector, condition: first, on_true, on_false, other: None }
                if matches!(selector.as_str(), "and:" | "or:") =>
            {
                let (Branch::Inline(rest), is_and) = (match selector.as_str() {
                    "and:" => (on_true, true),
                    _ => (on_false, false),
                }) else {
                    return self.branch(condition, target, when, not_boolean, span);
                };
                let own = crate::body::if_not_boolean(selector);
                let Some((last, before)) = rest.body.split_last() else {
                    return self.branch(condition, target, when, not_boolean, span);
                };
                // `and:` is decided early by false, `or:` by true.
                if is_and == when {
                    let end = self.new_label();
                    self.jump_when(first, end, !is_and, &own, condition.span);
                    for expr in before {
                        self.effect(expr);
                    }
                    self.jump_when(last, target, when, not_boolean, span);
                    self.label(end);
                } else {
                    self.jump_when(first, target, when, &own, condition.span);
                    for expr in before {
                        self.effect(expr);
                    }
                    self.jump_when(last, target, when, not_boolean, span);
                }
            }
            _ => self.branch(condition, target, when, not_boolean, span),
        }
    }

    pub(crate) fn branch(
        &mut self,
        condition: &Expr,
        target: L,
        when: bool,
        not_boolean: &NotBoolean,
        span: Span,
    ) {
        let value = self.value(condition);
        let value = Val::V(self.in_register(value));
        let line = self.line(span);
        self.push(Op::Branch { value, target, when, not_boolean: not_boolean.clone(), line });
    }
}

fn opposite_order(op: TestOp) -> TestOp {
    match op {
        TestOp::IsLt => TestOp::IsGe,
        TestOp::IsGe => TestOp::IsLt,
        other => other,
    }
}
