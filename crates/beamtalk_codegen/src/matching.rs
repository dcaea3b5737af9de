//! `match:` and destructuring.

use std::sync::Arc;

use beamtalk_beam::{Term, TestOp};
use beamtalk_semantics::hir::{Arm, Expr, Pattern, PatternKind, Rest, Storage, VarId};
use beamtalk_syntax::ast::{BinarySegment, SegmentSize};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::body::FnBuilder;
use crate::builder::class_term;
use crate::ir::{L, Op, V, Val};
use crate::literals::constant;

impl FnBuilder<'_, '_> {
    /// Arms in order; into `dst`, or as the function's answer.
    pub fn match_(&mut self, scrutinee: &Expr, arms: &[Arm], span: Span, dst: Option<V>) {
        let value = self.value(scrutinee);
        // A copy: an arm may assign the variable that is matched.
        let subject = self.fresh();
        self.push(Op::Move { dst: subject, src: value });
        let end = self.new_label();
        for arm in arms {
            let next = self.new_label();
            self.pattern(&arm.pattern, subject, next);
            if let Some(guard) = &arm.guard {
                let value = self.value(guard);
                let value = self.in_register(value);
                self.push(Op::Test {
                    op: TestOp::IsEqExact,
                    args: vec![Val::V(value), Val::atom("true")],
                    fail: next,
                });
            }
            match dst {
                Some(dst) => {
                    self.into(&arm.body, dst);
                    self.push(Op::Jump(end));
                }
                None => self.tail(&arm.body),
            }
            self.label(next);
        }
        let answer = self.call("beamtalk_error", "no_match", vec![Val::V(subject)], span);
        match dst {
            Some(dst) => self.push(Op::Move { dst, src: answer }),
            None => self.ret(answer),
        }
        self.label(end);
    }

    /// Test `subject` against the pattern and bind its variables; jump to `fail` where it does not match.
    pub fn pattern(&mut self, pattern: &Pattern, subject: V, fail: L) {
        let span = pattern.span;
        match &pattern.kind {
            PatternKind::Wildcard => {}
            PatternKind::Bind(var) => self.declare(*var, Val::V(subject), span),
            PatternKind::Same(var) => {
                let v = self.bound(*var, span);
                self.push(Op::Test { op: TestOp::IsEqExact, args: vec![Val::V(subject), Val::V(v)], fail });
            }
            PatternKind::Typed { var, module, class } => {
                self.type_test(subject, module.as_ref(), class, fail, span);
                self.declare(*var, Val::V(subject), span);
            }
            PatternKind::Literal(literal) => {
                let value = constant(literal).unwrap_or(Val::Nil);
                self.push(Op::Test { op: TestOp::IsEqExact, args: vec![Val::V(subject), value], fail });
            }
            PatternKind::Tuple(elements) => self.tuple_pattern(elements, subject, fail),
            PatternKind::List { elements, rest } => {
                self.list_pattern(elements, *rest, subject, fail, span);
            }
            PatternKind::Array { elements, rest } => {
                self.array_pattern(elements, *rest, subject, fail, span);
            }
            PatternKind::Dictionary(pairs) => self.dictionary_pattern(pairs, subject, fail),
            PatternKind::Result { ok, pattern } => self.result_pattern(*ok, pattern, subject, fail),
            PatternKind::Binary(segments) => self.binary_pattern(segments, subject, fail, span),
        }
    }

    fn bound(&mut self, var: VarId, span: Span) -> V {
        let v = self.register(var);
        if self.storage(var) == Storage::Register {
            return v;
        }
        let line = self.line(span);
        let dst = self.fresh();
        self.push(Op::CellGet { dst, cell: v, line });
        dst
    }

    fn tuple_pattern(&mut self, elements: &[Pattern], subject: V, fail: L) {
        self.push(Op::Test { op: TestOp::IsTuple, args: vec![Val::V(subject)], fail });
        self.push(Op::TupleArity {
            src: subject,
            arity: u32::try_from(elements.len()).unwrap_or(u32::MAX),
            fail,
        });
        for (element, index) in elements.iter().zip(0..) {
            if matches!(element.kind, PatternKind::Wildcard) {
                continue;
            }
            let dst = self.fresh();
            self.push(Op::Element { dst, src: subject, index });
            self.pattern(element, dst, fail);
        }
    }

    fn list_pattern(&mut self, elements: &[Pattern], rest: Rest, subject: V, fail: L, span: Span) {
        let mut list = subject;
        for element in elements {
            self.push(Op::Test { op: TestOp::IsNonemptyList, args: vec![Val::V(list)], fail });
            let (head, tail) = (self.fresh(), self.fresh());
            self.push(Op::Head { dst: head, src: list });
            self.push(Op::Tail { dst: tail, src: list });
            self.pattern(element, head, fail);
            list = tail;
        }
        match rest {
            Rest::None => self.push(Op::Test { op: TestOp::IsNil, args: vec![Val::V(list)], fail }),
            Rest::Ignored | Rest::Bound(_) => {
                self.push(Op::Test { op: TestOp::IsList, args: vec![Val::V(list)], fail });
                if let Rest::Bound(var) = rest {
                    self.declare(var, Val::V(list), span);
                }
            }
        }
    }

    /// A value object of the class.
    fn object_of(&mut self, module: &str, subject: V, fail: L) {
        self.push(Op::Test { op: TestOp::IsMap, args: vec![Val::V(subject)], fail });
        let class = self.fresh();
        self.push(Op::MapGet { dst: class, src: subject, key: Val::atom("$class"), fail });
        self.push(Op::Test { op: TestOp::IsEqExact, args: vec![Val::V(class), Val::atom(module)], fail });
    }

    fn array_pattern(&mut self, elements: &[Pattern], rest: Rest, subject: V, fail: L, span: Span) {
        self.object_of("bt@stdlib@Array", subject, fail);
        let data = self.fresh();
        self.push(Op::MapGet { dst: data, src: subject, key: Val::atom("data"), fail });
        self.push(Op::Test { op: TestOp::IsMap, args: vec![Val::V(data)], fail });
        let size = self.fresh();
        self.push(Op::GcBif { dst: size, name: "map_size".into(), args: vec![Val::V(data)], line: 0 });
        let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let op = if rest == Rest::None { TestOp::IsEqExact } else { TestOp::IsGe };
        self.push(Op::Test { op, args: vec![Val::V(size), Val::Int(count)], fail });
        for (element, index) in elements.iter().zip(0..) {
            let dst = self.fresh();
            self.push(Op::MapGet { dst, src: data, key: Val::Int(index), fail });
            self.pattern(element, dst, fail);
        }
        if let Rest::Bound(var) = rest {
            let tail =
                self.call("beamtalk_match", "array_rest", vec![Val::V(subject), Val::Int(count)], span);
            self.declare(var, tail, span);
        }
    }

    fn dictionary_pattern(&mut self, pairs: &[(Expr, Pattern)], subject: V, fail: L) {
        self.plain_map(subject, fail);
        for (key, value) in pairs {
            let key = constant(key).unwrap_or(Val::Nil);
            let dst = self.fresh();
            self.push(Op::MapGet { dst, src: subject, key, fail });
            self.pattern(value, dst, fail);
        }
    }

    /// A map that is no value object.
    fn plain_map(&mut self, subject: V, fail: L) {
        self.push(Op::Test { op: TestOp::IsMap, args: vec![Val::V(subject)], fail });
        let (class, plain) = (self.fresh(), self.new_label());
        self.push(Op::MapGet { dst: class, src: subject, key: Val::atom("$class"), fail: plain });
        self.push(Op::Jump(fail));
        self.label(plain);
    }

    fn result_pattern(&mut self, ok: bool, pattern: &Pattern, subject: V, fail: L) {
        self.object_of("bt@stdlib@Result", subject, fail);
        let (is_ok, value) = (self.fresh(), self.fresh());
        self.push(Op::MapGet { dst: is_ok, src: subject, key: Val::atom("isOk"), fail });
        self.push(Op::Test {
            op: TestOp::IsEqExact,
            args: vec![Val::V(is_ok), Val::atom(if ok { "true" } else { "false" })],
            fail,
        });
        self.push(Op::MapGet {
            dst: value,
            src: subject,
            key: Val::atom(if ok { "okValue" } else { "errReason" }),
            fail,
        });
        self.pattern(pattern, value, fail);
    }

    fn type_test(&mut self, subject: V, module: Option<&SmolStr>, class: &SmolStr, fail: L, span: Span) {
        let arg = || vec![Val::V(subject)];
        let is = |name: &str| vec![Val::V(subject), Val::atom(name)];
        match class.as_str() {
            "Integer" => self.push(Op::Test { op: TestOp::IsInteger, args: arg(), fail }),
            "Float" => self.push(Op::Test { op: TestOp::IsFloat, args: arg(), fail }),
            "Number" => self.push(Op::Test { op: TestOp::IsNumber, args: arg(), fail }),
            "List" => self.push(Op::Test { op: TestOp::IsList, args: arg(), fail }),
            "Block" => self.push(Op::Test { op: TestOp::IsFunction, args: arg(), fail }),
            "Pid" => self.push(Op::Test { op: TestOp::IsPid, args: arg(), fail }),
            "Port" => self.push(Op::Test { op: TestOp::IsPort, args: arg(), fail }),
            "Reference" => self.push(Op::Test { op: TestOp::IsReference, args: arg(), fail }),
            "Boolean" => self.push(Op::Test { op: TestOp::IsBoolean, args: arg(), fail }),
            "True" => self.push(Op::Test { op: TestOp::IsEqExact, args: is("true"), fail }),
            "False" => self.push(Op::Test { op: TestOp::IsEqExact, args: is("false"), fail }),
            "UndefinedObject" => self.push(Op::Test { op: TestOp::IsEqExact, args: is("nil"), fail }),
            "Symbol" => {
                self.push(Op::Test { op: TestOp::IsAtom, args: arg(), fail });
                for name in ["true", "false", "nil"] {
                    self.push(Op::Test { op: TestOp::IsNeExact, args: is(name), fail });
                }
            }
            "Dictionary" => self.plain_map(subject, fail),
            _ => {
                let class = match module {
                    Some(module) => Val::Lit(class_term(module)),
                    None => Val::Lit(Arc::new(Term::text(class))),
                };
                let answer = self.call("beamtalk_match", "is_a", vec![Val::V(subject), class], span);
                self.push(Op::Test { op: TestOp::IsEqExact, args: vec![answer, Val::atom("true")], fail });
            }
        }
    }

    /// The runtime takes the binary apart after a description of its segments, and answers the list of their values.
    fn binary_pattern(
        &mut self,
        segments: &[(BinarySegment, Option<VarId>)],
        subject: V,
        fail: L,
        span: Span,
    ) {
        let mut descriptions = Vec::with_capacity(segments.len());
        for (segment, _) in segments {
            let size = match &segment.size {
                None => Val::atom("default"),
                Some(SegmentSize::Literal(size, _)) => Val::Int(i64::from(*size)),
                Some(SegmentSize::Variable(name)) => {
                    // A segment of this pattern, by position; any other variable was bound before and has a value now.
                    match segments
                        .iter()
                        .position(|(each, _)| each.name.as_ref().is_some_and(|each| each.name == name.name))
                    {
                        Some(index) => Val::Lit(Arc::new(Term::Tuple(vec![
                            Term::atom("segment"),
                            Term::Integer(i64::try_from(index).unwrap_or(0)),
                        ]))),
                        None => self.named(&name.name, span),
                    }
                }
            };
            let specifiers = segment.specifiers.iter().map(|name| Term::Atom(name.name.clone())).collect();
            descriptions.push(self.tuple(vec![size, Val::Lit(Arc::new(Term::List(specifiers)))]));
        }
        let list = self.list(descriptions, Val::Nil);
        let answer = self.call("beamtalk_match", "binary", vec![Val::V(subject), list], span);
        let mut list = self.in_register(answer);
        self.push(Op::Test { op: TestOp::IsList, args: vec![Val::V(list)], fail });
        for (_, var) in segments {
            self.push(Op::Test { op: TestOp::IsNonemptyList, args: vec![Val::V(list)], fail });
            let (head, tail) = (self.fresh(), self.fresh());
            self.push(Op::Head { dst: head, src: list });
            self.push(Op::Tail { dst: tail, src: list });
            if let Some(var) = var {
                self.declare(*var, Val::V(head), span);
            }
            list = tail;
        }
    }

    /// The value of the nearest variable of that name; nil where there is none.
    fn named(&mut self, name: &str, span: Span) -> Val {
        let unit = self.cx.unit;
        let found = self.vars.keys().copied().filter(|var| unit.var(*var).name == name).max();
        found.map_or(Val::atom("nil"), |var| Val::V(self.bound(var, span)))
    }

    // ---- destructuring ---------------------------------------------------------------------------------

    /// Bind the variables of an assignment's pattern, or raise.
    pub fn destructure(&mut self, pattern: &Pattern, value: Val) {
        let subject = self.in_register(value);
        let span = pattern.span;
        match &pattern.kind {
            PatternKind::Array { elements, rest } | PatternKind::List { elements, rest } => {
                let as_list = matches!(pattern.kind, PatternKind::List { .. });
                self.destructure_sequence(elements, *rest, as_list, subject, span);
            }
            PatternKind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    let key = constant(key).unwrap_or(Val::Nil);
                    let part = self.call("beamtalk_match", "at_key", vec![Val::V(subject), key], span);
                    self.destructure(value, part);
                }
            }
            PatternKind::Tuple(elements) => {
                let (fail, end) = (self.new_label(), self.new_label());
                self.push(Op::Test { op: TestOp::IsTuple, args: vec![Val::V(subject)], fail });
                self.push(Op::TupleArity {
                    src: subject,
                    arity: u32::try_from(elements.len()).unwrap_or(u32::MAX),
                    fail,
                });
                self.push(Op::Jump(end));
                self.label(fail);
                let raised = self.call("beamtalk_error", "bad_tuple", vec![Val::V(subject)], span);
                self.push(Op::Return(raised));
                self.label(end);
                for (element, index) in elements.iter().zip(0..) {
                    let dst = self.fresh();
                    self.push(Op::Element { dst, src: subject, index });
                    self.destructure(element, Val::V(dst));
                }
            }
            _ => {
                let (fail, end) = (self.new_label(), self.new_label());
                self.pattern(pattern, subject, fail);
                self.push(Op::Jump(end));
                self.label(fail);
                let raised = self.call("beamtalk_error", "bad_destructure", vec![Val::V(subject)], span);
                self.push(Op::Return(raised));
                self.label(end);
            }
        }
    }

    /// Positions are read with `at:`; extra elements are ignored (spec 03 section 13).
    fn destructure_sequence(
        &mut self,
        elements: &[Pattern],
        rest: Rest,
        as_list: bool,
        subject: V,
        span: Span,
    ) {
        for (element, index) in elements.iter().zip(1..) {
            let stub = self.m.send_stub(&"at:".into(), 1);
            let (line, dst) = (self.line(element.span), self.fresh());
            self.push(Op::Call {
                dst,
                callee: crate::ir::Callee::Local(stub),
                args: vec![Val::V(subject), Val::Int(index)],
                line,
            });
            self.destructure(element, Val::V(dst));
        }
        if let Rest::Bound(var) = rest {
            let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
            let function = if as_list { "list_rest" } else { "array_rest" };
            let tail = self.call("beamtalk_match", function, vec![Val::V(subject), Val::Int(count)], span);
            self.declare(var, tail, span);
        }
    }
}
