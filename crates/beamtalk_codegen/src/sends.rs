//! Message sends, from native operations over direct calls to dispatch (architecture section 4).

use beamtalk_beam::{Label, TestOp};
use beamtalk_semantics::hir::{Branch, Expr, Kind};
use beamtalk_semantics::{ClassKind, Side};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::body::FnBuilder;
use crate::builder::{class_term, function_name};
use crate::emit::external;
use crate::ir::{Callee, L, NotBoolean, Op, V, Val};

/// The native operation of an arithmetic message, as named by the VM.
fn arithmetic(selector: &str) -> Option<&'static str> {
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
fn comparison(selector: &str) -> Option<(TestOp, bool)> {
    Some(match selector {
        "<" => (TestOp::IsLt, false),
        ">=" => (TestOp::IsGe, false),
        ">" => (TestOp::IsLt, true),
        "<=" => (TestOp::IsGe, true),
        _ => return None,
    })
}

/// The four equality operators are tests, never messages.
fn equality(selector: &str) -> Option<TestOp> {
    Some(match selector {
        "=:=" => TestOp::IsEqExact,
        "=/=" => TestOp::IsNeExact,
        "==" => TestOp::IsEq,
        "/=" => TestOp::IsNe,
        _ => return None,
    })
}

fn opposite(test: TestOp) -> TestOp {
    match test {
        TestOp::IsEqExact => TestOp::IsNeExact,
        TestOp::IsNeExact => TestOp::IsEqExact,
        TestOp::IsEq => TestOp::IsNe,
        TestOp::IsNe => TestOp::IsEq,
        other => other,
    }
}

impl FnBuilder<'_, '_> {
    // ---- what is known of receivers --------------------------------------------------------------------

    /// The class that the value certainly has.
    pub fn static_class(&self, expr: &Expr) -> Option<SmolStr> {
        let name = match &expr.kind {
            Kind::Integer(_) => "Integer",
            Kind::Float(_) => "Float",
            Kind::Character(_) => "Character",
            Kind::String(_) | Kind::Interpolation(_) => "String",
            Kind::Atom(name) => match name.as_str() {
                "nil" => "UndefinedObject",
                "true" => "True",
                "false" => "False",
                _ => "Symbol",
            },
            Kind::List { tail: None, .. } => "List",
            Kind::Array(_) => "Array",
            Kind::Dictionary(_) => "Dictionary",
            Kind::Closure(_) => "Block",
            Kind::Local(var) => return self.class_of_local(*var),
            Kind::Send { receiver, selector, arguments } => match (selector.as_str(), arguments.as_slice()) {
                ("+" | "-" | "*", [other]) => {
                    let both = self.static_class(receiver)? == "Integer" && self.static_class(other)? == "Integer";
                    return both.then(|| "Integer".into());
                }
                ("value:", [_]) if matches!(&receiver.kind, Kind::Class { name, .. } if name == "Character") => "Character",
                ("uppercase" | "lowercase", []) if self.static_class(receiver)? == "Character" => "Character",
                _ => return None,
            },
            _ => return None,
        };
        Some(name.into())
    }

    /// `self` in a sealed class of values is of that class.
    fn class_of_local(&self, var: beamtalk_semantics::hir::VarId) -> Option<SmolStr> {
        let class = self.cx.class?;
        let is_self = self.cx.unit.var(var).name == "self";
        let certain = class.sealed && self.cx.side == Side::Instance && self.cx.kind != ClassKind::Actor;
        let shared = matches!(class.name.as_str(), "Integer" | "String" | "Binary");
        // Characters run Integer's methods, and bytes String's, without being of those classes; the integers themselves are.
        (is_self && certain && (!shared || class.name == "Integer")).then(|| class.name.clone())
    }

    // ---- sends -----------------------------------------------------------------------------------------

    pub fn send_value(&mut self, receiver: &Expr, selector: &SmolStr, arguments: &[Expr], span: Span) -> Val {
        if let Some(value) = self.native(receiver, selector, arguments, span) {
            return value;
        }
        let class = self.static_class(receiver);
        let later = arguments.iter().any(|argument| argument.assigns);
        let target = if let Kind::Class { module, .. } = &receiver.kind { Val::Lit(class_term(module)) } else { self.stable(receiver, later) };
        let values = self.values(arguments);
        if let Kind::Class { module, .. } = &receiver.kind {
            return self.class_call(module, selector, target, values, span);
        }
        self.send_to(target, class.as_ref(), selector, values, span)
    }

    /// As the function's answer. Only what recursion is made of, a message to `self` that its class knows, is a tail call:
    /// after any other the method still stands in the stack trace of an error.
    pub fn send_last(&mut self, receiver: &Expr, selector: &SmolStr, arguments: &[Expr], span: Span) {
        if !self.is_known_self_send(receiver, selector) {
            let value = self.send_value(receiver, selector, arguments, span);
            return self.ret(value);
        }
        let class = self.static_class(receiver);
        let later = arguments.iter().any(|argument| argument.assigns);
        let target = self.stable(receiver, later);
        let values = self.values(arguments);
        let (callee, args) = self.callee(target, class.as_ref(), selector, values);
        let line = self.line(span);
        self.push(Op::TailCall { callee, args, line });
    }

    fn is_known_self_send(&self, receiver: &Expr, selector: &str) -> bool {
        let Kind::Local(var) = &receiver.kind else { return false };
        let Some(class) = self.cx.class else { return false };
        self.cx.unit.parameters.first() == Some(var)
            && !is_evaluation(selector, selector.matches(':').count())
            && arithmetic(selector).is_none()
            && comparison(selector).is_none()
            && equality(selector).is_none()
            && self.m.table.find_method(&class.name, self.cx.side, selector).is_some_and(|(owner, _)| !owner.is_library() || class.is_library())
    }

    fn class_call(&mut self, module: &str, selector: &SmolStr, class: Val, values: Vec<Val>, span: Span) -> Val {
        self.call(module, &function_name(Side::Class, selector), prepend(class, values), span)
    }

    /// Send with evaluated operands.
    pub fn send_to(&mut self, target: Val, class: Option<&SmolStr>, selector: &SmolStr, values: Vec<Val>, span: Span) -> Val {
        if is_evaluation(selector, values.len()) && class.is_none() {
            return self.evaluate(target, selector, values, span);
        }
        let (callee, args) = self.callee(target, class, selector, values);
        let (line, dst) = (self.line(span), self.fresh());
        self.push(Op::Call { dst, callee, args, line });
        Val::V(dst)
    }

    fn callee(&mut self, target: Val, class: Option<&SmolStr>, selector: &SmolStr, values: Vec<Val>) -> (Callee, Vec<Val>) {
        let arity = u8::try_from(values.len()).unwrap_or(u8::MAX);
        let args = prepend(target, values);
        if let Some(class) = class
            && let Some(class) = self.m.table.get(class)
            && self.m.table.find_method(&class.name, Side::Instance, selector).is_some()
        {
            // Through the export entry even within the module: old code must reach new methods.
            let function = external(&class.module, &function_name(Side::Instance, selector), arity + 1);
            return (Callee::External(function), args);
        }
        (Callee::Local(self.m.send_stub(selector, arity)), args)
    }

    /// `value`, `value:` … of what is most likely a block.
    fn evaluate(&mut self, target: Val, selector: &SmolStr, values: Vec<Val>, span: Span) -> Val {
        let (dst, otherwise, end) = (self.fresh(), self.new_label(), self.new_label());
        let block = self.in_register(target);
        let line = self.line(span);
        let arity = u8::try_from(values.len()).unwrap_or(u8::MAX);
        self.push(Op::Test { op: TestOp::IsFunction2, args: vec![Val::V(block), Val::Int(i64::from(arity))], fail: otherwise });
        let mut args = values.clone();
        args.push(Val::V(block));
        let answer = self.fresh();
        self.push(Op::Call { dst: answer, callee: Callee::Fun, args, line });
        self.push(Op::Move { dst, src: Val::V(answer) });
        self.push(Op::Jump(end));
        self.label(otherwise);
        let stub = self.m.send_stub(selector, arity);
        let answer = self.fresh();
        self.push(Op::Call { dst: answer, callee: Callee::Local(stub), args: prepend(Val::V(block), values), line });
        self.push(Op::Move { dst, src: Val::V(answer) });
        self.label(end);
        Val::V(dst)
    }

    // ---- super and primitives --------------------------------------------------------------------------

    fn super_callee(&mut self, selector: &SmolStr, arguments: &[Expr]) -> (Callee, Vec<Val>) {
        let this = self.receiver();
        let values = self.values(arguments);
        let arity = u8::try_from(values.len() + 1).unwrap_or(u8::MAX);
        let parent = self.cx.class.and_then(|class| class.superclass.as_ref()).and_then(|parent| self.m.table.get(parent));
        match parent {
            Some(parent) => {
                let function = external(&parent.module, &function_name(self.cx.side, selector), arity);
                (Callee::External(function), prepend(Val::V(this), values))
            }
            None => {
                let class = self.cx.class.map_or_else(|| SmolStr::from("nil"), |class| class.name.clone());
                (Callee::External(external("beamtalk_error", "raise", 3)), vec![Val::atom("no_superclass"), Val::Atom(class), Val::Atom(selector.clone())])
            }
        }
    }

    pub fn super_value(&mut self, selector: &SmolStr, arguments: &[Expr], span: Span) -> Val {
        let (callee, args) = self.super_callee(selector, arguments);
        let (line, dst) = (self.line(span), self.fresh());
        self.push(Op::Call { dst, callee, args, line });
        Val::V(dst)
    }

    pub fn primitive_value(&mut self, module: &SmolStr, function: &SmolStr, arguments: &[Expr], span: Span) -> Val {
        let args = self.values(arguments);
        if let Some(value) = self.guard_bif(module, function, &args, span) {
            return value;
        }
        self.call(module, function, args, span)
    }

    pub fn primitive_last(&mut self, module: &SmolStr, function: &SmolStr, arguments: &[Expr], span: Span) {
        let args = self.values(arguments);
        if let Some(value) = self.guard_bif(module, function, &args, span) {
            return self.ret(value);
        }
        let (line, arity) = (self.line(span), u8::try_from(args.len()).unwrap_or(u8::MAX));
        self.push(Op::TailCall { callee: Callee::External(external(module, function, arity)), args, line });
    }

    /// `erlang:F` as the VM's own instruction, where there is one.
    fn guard_bif(&mut self, module: &str, function: &SmolStr, args: &[Val], span: Span) -> Option<Val> {
        if module != "erlang" {
            return None;
        }
        let line = self.line(span);
        let dst = self.fresh();
        match (function.as_str(), args.len()) {
            ("+" | "-" | "*" | "/" | "div" | "rem" | "band" | "bor" | "bxor" | "bsl" | "bsr", 2)
            | ("-" | "abs" | "bnot" | "length" | "map_size" | "byte_size" | "round" | "trunc" | "float" | "ceil" | "floor", 1) => {
                self.push(Op::GcBif { dst, name: function.clone(), args: args.to_vec(), line });
            }
            ("<" | ">" | "=<" | ">=" | "=:=" | "=/=" | "==" | "/=", 2) => {
                let (op, swapped) = match function.as_str() {
                    "<" => (TestOp::IsLt, false),
                    ">" => (TestOp::IsLt, true),
                    "=<" => (TestOp::IsGe, true),
                    ">=" => (TestOp::IsGe, false),
                    "=:=" => (TestOp::IsEqExact, false),
                    "=/=" => (TestOp::IsNeExact, false),
                    "==" => (TestOp::IsEq, false),
                    _ => (TestOp::IsNe, false),
                };
                let args = if swapped { vec![args[1].clone(), args[0].clone()] } else { args.to_vec() };
                let (no, end) = (self.new_label(), self.new_label());
                self.test(op, args, no);
                self.truth(dst, no, end);
            }
            _ => return None,
        }
        Some(Val::V(dst))
    }

    /// A test with at least one register operand, as the VM wants.
    fn test(&mut self, op: TestOp, mut args: Vec<Val>, fail: L) {
        if !args.iter().any(|arg| matches!(arg, Val::V(_)))
            && let Some(first) = args.first_mut()
        {
            let v = self.in_register(first.clone());
            *first = Val::V(v);
        }
        self.push(Op::Test { op, args, fail });
    }

    /// `true` here, `false` at `no`.
    fn truth(&mut self, dst: V, no: L, end: L) {
        self.push(Op::Move { dst, src: Val::atom("true") });
        self.push(Op::Jump(end));
        self.label(no);
        self.push(Op::Move { dst, src: Val::atom("false") });
        self.label(end);
    }

    // ---- native operations -----------------------------------------------------------------------------

    /// Arithmetic, comparison, equality and nil tests without a send.
    fn native(&mut self, receiver: &Expr, selector: &SmolStr, arguments: &[Expr], span: Span) -> Option<Val> {
        match arguments {
            [other] => {
                if let Some(name) = arithmetic(selector) {
                    // A receiver of another kind is sent the message at once.
                    if self.static_class(receiver).is_some_and(|class| !matches!(class.as_str(), "Integer" | "Float" | "Character")) {
                        return None;
                    }
                    return Some(self.arithmetic(name, receiver, selector, other, span));
                }
                if comparison(selector).is_some() || equality(selector).is_some() {
                    let (dst, no, end) = (self.fresh(), self.new_label(), self.new_label());
                    self.decide(receiver, selector, other, no, false, span);
                    self.truth(dst, no, end);
                    return Some(Val::V(dst));
                }
                None
            }
            [] if matches!(selector.as_str(), "isNil" | "notNil") => {
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

    fn arithmetic(&mut self, name: &'static str, receiver: &Expr, selector: &SmolStr, other: &Expr, span: Span) -> Val {
        let a = self.stable(receiver, other.assigns);
        let b = self.value(other);
        let (line, dst) = (self.line(span), self.fresh());
        let send = self.m.send_stub(selector, 1);
        let integers = self.is_integer(&a) && self.is_integer(&b) && name != "/";
        self.push(Op::Arith { dst, name, args: vec![a, b], send, line });
        if integers && matches!(name, "+" | "-" | "*") {
            self.integers.push(dst);
        }
        Val::V(dst)
    }

    fn is_integer(&self, val: &Val) -> bool {
        match val {
            Val::Int(_) => true,
            Val::V(v) => self.integers.contains(v),
            _ => false,
        }
    }

    /// Jump to `target` when the comparison's outcome is `when`.
    fn decide(&mut self, receiver: &Expr, selector: &SmolStr, other: &Expr, target: L, when: bool, span: Span) {
        let a = self.stable(receiver, other.assigns);
        let b = self.value(other);
        if let Some(test) = equality(selector) {
            let test = if when { opposite(test) } else { test };
            return self.test(test, vec![a, b], target);
        }
        let Some((op, swapped)) = comparison(selector) else { return };
        let line = self.line(span);
        let checked = self.is_integer(&a) || matches!(&a, Val::Lit(term) if matches!(**term, beamtalk_beam::Term::Float(_) | beamtalk_beam::Term::BigInteger(_) | beamtalk_beam::Term::Integer(_)));
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
    pub fn jump_when(&mut self, condition: &Expr, target: L, when: bool, not_boolean: &NotBoolean, span: Span) {
        match &condition.kind {
            Kind::Atom(name) if name == "true" || name == "false" => {
                if (name == "true") == when {
                    self.push(Op::Jump(target));
                }
            }
            Kind::Send { receiver, selector, arguments } => match arguments.as_slice() {
                [other] if equality(selector).is_some() || comparison(selector).is_some() => self.decide(receiver, selector, other, target, when, condition.span),
                [] if matches!(selector.as_str(), "isNil" | "notNil") => {
                    let value = self.value(receiver);
                    let nil_continues = (selector == "isNil") != when;
                    let op = if nil_continues { TestOp::IsEqExact } else { TestOp::IsNeExact };
                    self.test(op, vec![value, Val::atom("nil")], target);
                }
                _ => self.branch(condition, target, when, not_boolean, span),
            },
            Kind::If { selector, condition: first, on_true, on_false } if matches!(selector.as_str(), "and:" | "or:") => {
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
                    before.iter().for_each(|expr| self.effect(expr));
                    self.jump_when(last, target, when, not_boolean, span);
                    self.label(end);
                } else {
                    self.jump_when(first, target, when, &own, condition.span);
                    before.iter().for_each(|expr| self.effect(expr));
                    self.jump_when(last, target, when, not_boolean, span);
                }
            }
            _ => self.branch(condition, target, when, not_boolean, span),
        }
    }

    fn branch(&mut self, condition: &Expr, target: L, when: bool, not_boolean: &NotBoolean, span: Span) {
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

fn prepend(first: Val, rest: Vec<Val>) -> Vec<Val> {
    let mut args = Vec::with_capacity(rest.len() + 1);
    args.push(first);
    args.extend(rest);
    args
}

fn is_evaluation(selector: &str, arguments: usize) -> bool {
    matches!((selector, arguments), ("value", 0) | ("value:", 1) | ("value:value:", 2) | ("value:value:value:", 3))
}
