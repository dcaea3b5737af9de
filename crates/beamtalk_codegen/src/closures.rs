//! Closures, and activations that own cells or are returned from.

use std::sync::Arc;

use beamtalk_beam::{Label, Term, TestOp};
use beamtalk_semantics::hir::{Activation, ActivationId, Closure, Expr, Storage, VarId};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::body::{BodyContext, Exit, FnBuilder};
use crate::builder::ModuleBuilder;
use crate::emit::external;
use crate::ir::{Callee, L, LineId, Op, V, Val};
use crate::uses::Uses;

impl FnBuilder<'_, '_> {
    /// A fun over the closure's captured variables (their values, or their cells).
    pub fn closure(&mut self, closure: &Closure, span: Span) -> Val {
        let name = self.derived("fun");
        let line = self.line(span);
        let labels = self.m.declare();
        // A fun without free variables is a literal of its module, and the VM does not count who holds it. Prompt modules
        // come and go, so their blocks always capture something: then the node sees when the last one is gone.
        let unused = (self.cx.class.is_none() && closure.captures.is_empty())
            .then(|| self.cx.unit.activations[0].frame);
        let captures: Vec<VarId> = closure.captures.iter().copied().chain(unused).collect();
        let parameters: Vec<VarId> = closure.parameters.iter().chain(&captures).copied().collect();
        let arity = u8::try_from(parameters.len()).unwrap_or(u8::MAX);
        let free = u8::try_from(captures.len()).unwrap_or(u8::MAX);
        let lambda = self.m.lambda(name.clone(), arity, free, labels.1);
        let body = Body {
            name,
            line,
            labels,
            exported: false,
            parameters: &parameters,
            own: &closure.parameters,
            activation: closure.activation,
            apart: false,
            statements: &closure.body,
            span,
        };
        activation(self.m, self.cx, self.counter, &body);
        let captured = match unused {
            Some(_) => vec![Val::atom("nil")],
            None => captures.iter().map(|var| Val::V(self.register(*var))).collect(),
        };
        let dst = self.fresh();
        self.push(Op::MakeFun { dst, lambda, free: captured });
        Val::V(dst)
    }
}

/// The function of one activation.
pub struct Body<'b> {
    pub name: SmolStr,
    pub line: LineId,
    pub labels: (Label, Label),
    pub exported: bool,
    /// The function's parameters.
    pub parameters: &'b [VarId],
    /// Those of them that belong to the activation; the others are captures.
    pub own: &'b [VarId],
    pub activation: ActivationId,
    /// Whether it answers a tuple, and what a block returns in a list.
    pub apart: bool,
    pub statements: &'b [Expr],
    pub span: Span,
}

/// Emit the function of an activation. One that has cells or is returned from by blocks becomes two: the outer enters a
/// frame, runs the inner, and leaves the frame however that ends.
pub fn activation(m: &mut ModuleBuilder<'_>, cx: BodyContext<'_>, counter: &mut u32, body: &Body<'_>) {
    let info = &cx.unit.activations[body.activation.0 as usize];
    if !info.cells && !info.home {
        let mut f = FnBuilder::new(m, cx, counter);
        f.bind_parameters(body.parameters);
        f.tail_body(body.statements);
        let ir = f.ir;
        return m.define(body.name.clone(), body.exported, body.line, body.labels, &ir);
    }
    let frame = info.frame;
    let inner_labels = m.declare();
    let mut f = FnBuilder::new(m, cx, counter);
    let inner_name = f.derived("body");
    let inner_parameters: Vec<VarId> = body.parameters.iter().copied().chain([frame]).collect();
    f.bind_parameters(&inner_parameters);
    f.cell_parameters(body.own, body.span);
    f.tail_body(body.statements);
    let ir = f.ir;
    m.define(inner_name, false, body.line, inner_labels, &ir);
    let (home, frame) = (info.home, Frame::of(info));
    let mut f = FnBuilder::new(m, cx, counter);
    guarded(&mut f, body, inner_labels.1, home, frame);
    let ir = f.ir;
    m.define(body.name.clone(), body.exported, body.line, body.labels, &ir);
}

/// What becomes of an activation's cells when it ends.
#[derive(Clone, Copy, Debug)]
enum Frame {
    /// They go with it.
    Plain,
    /// They stay.
    Keeping,
    /// Whether they stay depends on what it answers, and on what was stored while it ran.
    Watched,
}

impl Frame {
    const fn of(activation: &Activation) -> Self {
        match (activation.cells, activation.keep_cells, activation.watched) {
            (_, true, _) => Self::Keeping,
            (true, false, true) => Self::Watched,
            (_, false, _) => Self::Plain,
        }
    }

    const fn enter(self) -> &'static str {
        match self {
            Self::Plain | Self::Keeping => "enter",
            Self::Watched => "watch",
        }
    }

    /// The activation ends, with a value or with what was raised.
    fn leave(self, f: &mut FnBuilder<'_, '_>, frame: V, with: V, span: Span) {
        let frame = Val::V(frame);
        match self {
            Self::Plain => f.call("beamtalk_frame", "leave", vec![frame], span),
            Self::Keeping => f.call("beamtalk_frame", "leave_keeping", vec![frame], span),
            Self::Watched => f.call("beamtalk_frame", "leave", vec![frame, Val::V(with)], span),
        };
    }
}

/// `Frame = enter(), try inner(…, Frame) of V -> leave(Frame), V catch … -> leave(Frame), … end`
fn guarded(f: &mut FnBuilder<'_, '_>, body: &Body<'_>, inner: Label, home: bool, kind: Frame) {
    let parameters = f.bind_parameters(body.parameters);
    let frame = f.call("beamtalk_frame", kind.enter(), Vec::new(), body.span);
    let frame = f.in_register(frame);
    let (tag, handler) = (f.fresh(), f.new_label());
    f.push(Op::Try { tag, handler });
    let mut args: Vec<Val> = parameters.into_iter().map(Val::V).collect();
    args.push(Val::V(frame));
    let answer = f.fresh();
    f.push(Op::Call { dst: answer, callee: Callee::Local(inner), args, line: body.line });
    f.push(Op::TryEnd { tag });
    kind.leave(f, frame, answer, body.span);
    f.push(Op::Return(Val::V(answer)));
    f.label(handler);
    let (class, reason, trace) = (f.fresh(), f.fresh(), f.fresh());
    f.push(Op::Catch { tag, class, reason, trace });
    kind.leave(f, frame, reason, body.span);
    if home {
        let raise = f.new_label();
        let value = Val::V(f.returned(class, reason, frame, raise));
        let value = if body.apart { f.list(vec![value], Val::Nil) } else { value };
        f.push(Op::Return(value));
        f.label(raise);
    }
    f.push(Op::Reraise { class, reason, trace });
}

/// A class method that assigns class variables: the body runs in a transaction.
pub fn transaction(m: &mut ModuleBuilder<'_>, cx: BodyContext<'_>, counter: &mut u32, body: &Body<'_>) {
    let inner_labels = m.declare();
    let mut f = FnBuilder::new(m, cx, counter);
    let name = f.derived("transaction");
    let arity = u8::try_from(body.parameters.len()).unwrap_or(u8::MAX);
    let lambda = f.m.lambda(name.clone(), arity, arity, inner_labels.1);
    let parameters = f.bind_parameters(body.parameters);
    let fun = f.fresh();
    let free: Vec<Val> = parameters.iter().copied().map(Val::V).collect();
    f.push(Op::MakeFun { dst: fun, lambda, free });
    let class = parameters.first().map_or(Val::Nil, |class| Val::V(*class));
    f.push(Op::TailCall {
        callee: Callee::External(external("beamtalk_class_state", "transaction", 2)),
        args: vec![class, Val::V(fun)],
        line: body.line,
    });
    let ir = f.ir;
    m.define(body.name.clone(), body.exported, body.line, body.labels, &ir);
    let inner = Body { name, labels: inner_labels, exported: false, ..*body };
    activation(m, cx, counter, &inner);
}

impl Clone for Body<'_> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), ..*self }
    }
}

/// What a session variable was before the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    /// Not there.
    New,
    /// A plain value.
    Value,
    /// A cell.
    Cell,
}

/// The eval function of a prompt input: session variables come out of a map, and go back as one.
pub fn input(m: &mut ModuleBuilder<'_>, cx: BodyContext<'_>, session: &[(VarId, Was)], body: &Body<'_>) {
    let mut counter = 0;
    let activation = &cx.unit.activations[0];
    let used = Uses::of(cx.unit, body.statements);
    let used: Vec<(VarId, Was)> =
        session.iter().copied().filter(|(var, _)| used.used.contains(var)).collect();
    let is_cell = |var: VarId| cx.unit.var(var).storage == Storage::Cell;
    if !activation.home && !activation.cells {
        let mut f = FnBuilder::new(m, cx, &mut counter);
        let bindings = f.parameter();
        f.exit = Exit::Input(Vec::new());
        for (var, was) in used {
            f.load(bindings, var, was, body.span);
        }
        f.tail_body(body.statements);
        let ir = f.ir;
        return m.define(body.name.clone(), true, body.line, body.labels, &ir);
    }
    // Cells are made outside, so that they are known also when a block returns from the input.
    let cells: Vec<(VarId, Was)> = used.iter().copied().filter(|(var, _)| is_cell(*var)).collect();
    let inner_labels = m.declare();
    let mut f = FnBuilder::new(m, cx, &mut counter);
    let inner_name = f.derived("body");
    let bindings = f.parameter();
    f.bind_parameters(&[activation.frame]);
    let cell_vars: Vec<VarId> = cells.iter().map(|(var, _)| *var).collect();
    f.bind_parameters(&cell_vars);
    f.cells_exist = true;
    f.exit = Exit::Input(cells.iter().filter(|(_, was)| *was == Was::Value).map(|(var, _)| *var).collect());
    for (var, was) in used.iter().filter(|(var, _)| !is_cell(*var)) {
        f.load(bindings, *var, *was, body.span);
    }
    f.tail_body(body.statements);
    let ir = f.ir;
    m.define(inner_name, false, body.line, inner_labels, &ir);

    let mut f = FnBuilder::new(m, cx, &mut counter);
    guarded_input(&mut f, body, inner_labels.1, &cells);
    let ir = f.ir;
    m.define(body.name.clone(), true, body.line, body.labels, &ir);
}

fn guarded_input(f: &mut FnBuilder<'_, '_>, body: &Body<'_>, inner: Label, cells: &[(VarId, Was)]) {
    let activation = &f.cx.unit.activations[0];
    let (kind, home) = (Frame::of(activation), activation.home);
    let bindings = f.parameter();
    for (var, was) in cells {
        if *was == Was::New {
            let cell = f.call("beamtalk_frame", "session_cell", vec![Val::atom("nil")], body.span);
            let dst = f.register(*var);
            f.push(Op::Move { dst, src: cell });
        } else {
            f.load(bindings, *var, *was, body.span);
        }
    }
    let frame = f.call("beamtalk_frame", kind.enter(), Vec::new(), body.span);
    let frame = f.in_register(frame);
    let (tag, handler) = (f.fresh(), f.new_label());
    f.push(Op::Try { tag, handler });
    let mut args = vec![Val::V(bindings), Val::V(frame)];
    args.extend(cells.iter().map(|(var, _)| Val::V(f.register(*var))));
    let answer = f.fresh();
    f.push(Op::Call { dst: answer, callee: Callee::Local(inner), args, line: body.line });
    f.push(Op::TryEnd { tag });
    kind.leave(f, frame, answer, body.span);
    f.push(Op::Return(Val::V(answer)));
    f.label(handler);
    let (class, reason, trace) = (f.fresh(), f.fresh(), f.fresh());
    f.push(Op::Catch { tag, class, reason, trace });
    kind.leave(f, frame, reason, body.span);
    if home {
        let raise = f.new_label();
        let value = f.returned(class, reason, frame, raise);
        let made: Vec<VarId> =
            cells.iter().filter(|(_, was)| *was != Was::Cell).map(|(var, _)| *var).collect();
        f.exit = Exit::Input(made);
        f.ret(Val::V(value));
        f.label(raise);
    }
    f.push(Op::Reraise { class, reason, trace });
}

impl FnBuilder<'_, '_> {
    /// Take a session variable out of the bindings; a plain one that has become a cell moves into one.
    fn load(&mut self, bindings: V, var: VarId, was: Was, span: Span) {
        if was == Was::New {
            return;
        }
        let dst = self.register(var);
        let (absent, name) = (self.new_label(), self.cx.unit.var(var).name.clone());
        self.push(Op::Move { dst, src: Val::atom("nil") });
        self.push(Op::Test { op: TestOp::IsMap, args: vec![Val::V(bindings)], fail: absent });
        let key = Val::Lit(Arc::new(Term::text(&name)));
        let found = self.fresh();
        self.push(Op::MapGet { dst: found, src: bindings, key, fail: absent });
        self.push(Op::Move { dst, src: Val::V(found) });
        self.label(absent);
        if was == Was::Value && self.storage(var) == Storage::Cell {
            let cell = self.call("beamtalk_frame", "session_cell", vec![Val::V(dst)], span);
            self.push(Op::Move { dst, src: cell });
            if let Exit::Input(assigned) = &mut self.exit {
                assigned.push(var);
            }
        }
    }

    /// The value that a block returned to `frame` by a throw; anything else goes to `otherwise`.
    fn returned(&mut self, class: V, reason: V, frame: V, otherwise: L) -> V {
        self.push(Op::Test {
            op: TestOp::IsEqExact,
            args: vec![Val::V(class), Val::atom("throw")],
            fail: otherwise,
        });
        self.push(Op::TaggedTuple { src: reason, arity: 3, tag: "$return".into(), fail: otherwise });
        let (token, value) = (self.fresh(), self.fresh());
        self.push(Op::Element { dst: token, src: reason, index: 1 });
        self.push(Op::Test {
            op: TestOp::IsEqExact,
            args: vec![Val::V(token), Val::V(frame)],
            fail: otherwise,
        });
        self.push(Op::Element { dst: value, src: reason, index: 2 });
        value
    }
}
