//! Message sends, from native operations over direct calls to dispatch (architecture section 4).

use beamtalk_beam::TestOp;
use beamtalk_semantics::hir::{Expr, Kind};
use beamtalk_semantics::{ClassKind, Side};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::body::FnBuilder;
use crate::builder::{class_term, function_name};
use crate::emit::external;
use crate::ir::{Callee, Op, Val};
use crate::native::{arithmetic, comparison, equality};

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
                    let both =
                        self.static_class(receiver)? == "Integer" && self.static_class(other)? == "Integer";
                    return both.then(|| "Integer".into());
                }
                ("value:", [_]) if matches!(&receiver.kind, Kind::Class { name, .. } if name == "Character") => {
                    "Character"
                }
                ("uppercase" | "lowercase", []) if self.static_class(receiver)? == "Character" => "Character",
                _ => return None,
            },
            _ => return None,
        };
        Some(name.into())
    }

    /// `self` in a sealed class of values is of that class, unless the library has classes below it.
    fn class_of_local(&self, var: beamtalk_semantics::hir::VarId) -> Option<SmolStr> {
        let class = self.cx.class?;
        let is_self = self.cx.unit.var(var).name == "self";
        let certain = class.sealed && self.cx.side == Side::Instance && self.cx.kind != ClassKind::Actor;
        // Characters run Integer's methods, and bytes String's, without being of those classes; the integers themselves are.
        // `true` is of the class True, and a metaclass runs what Class has.
        let shared = matches!(class.name.as_str(), "Integer" | "String" | "Binary" | "Boolean" | "Class");
        (is_self && certain && (!shared || class.name == "Integer")).then(|| class.name.clone())
    }

    // ---- sends -----------------------------------------------------------------------------------------

    pub fn send_value(&mut self, receiver: &Expr, selector: &SmolStr, arguments: &[Expr], span: Span) -> Val {
        if let Some(value) = self.native(receiver, selector, arguments, span) {
            return value;
        }
        let class = self.static_class(receiver);
        let later = arguments.iter().any(|argument| argument.assigns);
        let target = if let Kind::Class { module, .. } = &receiver.kind {
            Val::Lit(class_term(module))
        } else {
            self.stable(receiver, later)
        };
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
        let Kind::Local(var) = &receiver.kind else {
            return false;
        };
        let Some(class) = self.cx.class else {
            return false;
        };
        self.cx.unit.parameters.first() == Some(var)
            && !is_evaluation(selector, selector.matches(':').count())
            && arithmetic(selector).is_none()
            && comparison(selector).is_none()
            && equality(selector).is_none()
            && self
                .m
                .table
                .find_method(&class.name, self.cx.side, selector)
                .is_some_and(|(owner, _)| !owner.is_library() || class.is_library())
    }

    fn class_call(
        &mut self,
        module: &str,
        selector: &SmolStr,
        class: Val,
        values: Vec<Val>,
        span: Span,
    ) -> Val {
        self.call(module, &function_name(Side::Class, selector), prepend(class, values), span)
    }

    /// Send with evaluated operands.
    pub fn send_to(
        &mut self,
        target: Val,
        class: Option<&SmolStr>,
        selector: &SmolStr,
        values: Vec<Val>,
        span: Span,
    ) -> Val {
        if is_evaluation(selector, values.len()) && class.is_none() {
            return self.evaluate(target, selector, values, span);
        }
        let (callee, args) = self.callee(target, class, selector, values);
        let (line, dst) = (self.line(span), self.fresh());
        self.push(Op::Call { dst, callee, args, line });
        Val::V(dst)
    }

    fn callee(
        &mut self,
        target: Val,
        class: Option<&SmolStr>,
        selector: &SmolStr,
        values: Vec<Val>,
    ) -> (Callee, Vec<Val>) {
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
        self.push(Op::Test {
            op: TestOp::IsFunction2,
            args: vec![Val::V(block), Val::Int(i64::from(arity))],
            fail: otherwise,
        });
        let mut args = values.clone();
        args.push(Val::V(block));
        let answer = self.fresh();
        self.push(Op::Call { dst: answer, callee: Callee::Fun, args, line });
        self.push(Op::Move { dst, src: Val::V(answer) });
        self.push(Op::Jump(end));
        self.label(otherwise);
        let stub = self.m.send_stub(selector, arity);
        let answer = self.fresh();
        self.push(Op::Call {
            dst: answer,
            callee: Callee::Local(stub),
            args: prepend(Val::V(block), values),
            line,
        });
        self.push(Op::Move { dst, src: Val::V(answer) });
        self.label(end);
        Val::V(dst)
    }

    // ---- super and primitives --------------------------------------------------------------------------

    fn super_callee(&mut self, selector: &SmolStr, arguments: &[Expr]) -> (Callee, Vec<Val>) {
        let this = self.receiver();
        let values = self.values(arguments);
        let arity = u8::try_from(values.len() + 1).unwrap_or(u8::MAX);
        let parent = self
            .cx
            .class
            .and_then(|class| class.superclass.as_ref())
            .and_then(|parent| self.m.table.get(parent));
        if let Some(parent) = parent {
            let function = external(&parent.module, &function_name(self.cx.side, selector), arity);
            (Callee::External(function), prepend(Val::V(this), values))
        } else {
            let class = self.cx.class.map_or_else(|| SmolStr::from("nil"), |class| class.name.clone());
            (
                Callee::External(external("beamtalk_error", "raise", 3)),
                vec![Val::atom("no_superclass"), Val::Atom(class), Val::Atom(selector.clone())],
            )
        }
    }

    pub fn super_value(&mut self, selector: &SmolStr, arguments: &[Expr], span: Span) -> Val {
        let (callee, args) = self.super_callee(selector, arguments);
        let (line, dst) = (self.line(span), self.fresh());
        self.push(Op::Call { dst, callee, args, line });
        Val::V(dst)
    }

    pub fn primitive_value(
        &mut self,
        module: &SmolStr,
        function: &SmolStr,
        arguments: &[Expr],
        span: Span,
    ) -> Val {
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
            | (
                "-" | "abs" | "bnot" | "length" | "map_size" | "byte_size" | "round" | "trunc" | "float"
                | "ceil" | "floor",
                1,
            ) => {
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
}

fn prepend(first: Val, rest: Vec<Val>) -> Vec<Val> {
    let mut args = Vec::with_capacity(rest.len() + 1);
    args.push(first);
    args.extend(rest);
    args
}

fn is_evaluation(selector: &str, arguments: usize) -> bool {
    matches!(
        (selector, arguments),
        ("value", 0) | ("value:", 1) | ("value:value:", 2) | ("value:value:value:", 3)
    )
}
