//! From the resolved form of a body to the intermediate form.

use std::collections::BTreeSet;
use std::sync::Arc;

use beamtalk_beam::{Term, TestOp};
use beamtalk_semantics::hir::{ActivationId, Branch, Expr, Kind, Storage, Unit, VarId};
use beamtalk_semantics::{ClassInfo, ClassKind, Side};
use beamtalk_text::Span;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::builder::{ModuleBuilder, SourceRef};
use crate::emit::external;
use crate::ir::{Callee, FunctionIr, L, LineId, NotBoolean, Op, V, Val};

/// What a body belongs to.
#[derive(Clone, Copy)]
pub struct BodyContext<'a> {
    pub unit: &'a Unit,
    pub source: SourceRef<'a>,
    /// The class that defines the method; `None` for inputs.
    pub class: Option<&'a ClassInfo>,
    pub side: Side,
    pub kind: ClassKind,
    /// Names derived functions, as in `-area-fun-0-`.
    pub name: &'a str,
}

/// How the function that is being written answers.
#[derive(Clone, Debug)]
pub enum Exit {
    /// A method or block: by returning the value.
    Plain,
    /// A loop: its end answers the assigned variables, a `^` in it `[Value | Variables]`.
    Loop(Vec<VarId>),
    /// A prompt input: by `{Value, Changed}`; the session variables assigned so far.
    Input(Vec<VarId>),
}

/// Writes one function.
pub struct FnBuilder<'m, 'a> {
    pub m: &'m mut ModuleBuilder<'a>,
    pub cx: BodyContext<'m>,
    pub ir: FunctionIr,
    pub vars: FxHashMap<VarId, V>,
    pub exit: Exit,
    /// Registers known to hold integers.
    pub integers: Vec<V>,
    /// Session cells were made by the caller: bringing such a variable into being only writes it.
    pub cells_exist: bool,
    /// Variables that are assigned somewhere in the loop that this function is.
    pub reassigned: BTreeSet<VarId>,
    reachable: bool,
    jumped: Vec<bool>,
    pub counter: &'m mut u32,
}

impl<'m, 'a> FnBuilder<'m, 'a> {
    pub fn new(m: &'m mut ModuleBuilder<'a>, cx: BodyContext<'m>, counter: &'m mut u32) -> Self {
        Self {
            m,
            cx,
            ir: FunctionIr { ops: Vec::with_capacity(32), ..FunctionIr::default() },
            vars: FxHashMap::default(),
            exit: Exit::Plain,
            integers: Vec::new(),
            cells_exist: false,
            reassigned: BTreeSet::new(),
            reachable: true,
            jumped: Vec::new(),
            counter,
        }
    }

    // ---- emission ------------------------------------------------------------------------------------

    pub fn push(&mut self, op: Op) {
        if let Op::Label(l) = op {
            if !self.reachable && !self.jumped[l.0 as usize] {
                return;
            }
            self.reachable = true;
            self.ir.ops.push(op);
            return;
        }
        if !self.reachable {
            return;
        }
        if let Some(target) = op.target() {
            self.jumped[target.0 as usize] = true;
        }
        self.reachable = !op.ends();
        self.ir.ops.push(op);
    }

    /// Whether code at this point can run.
    pub fn is_reachable(&self) -> bool {
        self.reachable
    }

    pub fn fresh(&mut self) -> V {
        self.ir.registers += 1;
        V(self.ir.registers - 1)
    }

    /// A parameter; all must be made before any other register.
    pub fn parameter(&mut self) -> V {
        self.ir.parameters += 1;
        self.fresh()
    }

    pub fn new_label(&mut self) -> L {
        self.ir.labels += 1;
        self.jumped.push(false);
        L(self.ir.labels - 1)
    }

    pub fn label(&mut self, l: L) {
        self.push(Op::Label(l));
    }

    pub fn line(&mut self, span: Span) -> LineId {
        self.m.line(self.cx.source, span)
    }

    pub fn call(&mut self, module: &str, function: &str, args: Vec<Val>, span: Span) -> Val {
        let line = self.line(span);
        let dst = self.fresh();
        let arity = u8::try_from(args.len()).unwrap_or(u8::MAX);
        self.push(Op::Call { dst, callee: Callee::External(external(module, function, arity)), args, line });
        Val::V(dst)
    }

    /// The operand in a register.
    pub fn in_register(&mut self, val: Val) -> V {
        match val {
            Val::V(v) => v,
            other => {
                let dst = self.fresh();
                self.push(Op::Move { dst, src: other });
                dst
            }
        }
    }

    /// A derived name, `-area-fun-0-`.
    pub fn derived(&mut self, what: &str) -> SmolStr {
        *self.counter += 1;
        smol_str::format_smolstr!("-{}-{what}-{}-", self.cx.name, *self.counter - 1)
    }

    /// A list of operands.
    pub fn list(&mut self, elements: Vec<Val>, tail: Val) -> Val {
        let mut list = tail;
        for head in elements.into_iter().rev() {
            let dst = self.fresh();
            self.push(Op::Cons { dst, head, tail: list });
            list = Val::V(dst);
        }
        list
    }

    pub fn tuple(&mut self, elements: Vec<Val>) -> Val {
        if elements.is_empty() {
            return Val::Lit(Arc::new(Term::Tuple(Vec::new())));
        }
        let dst = self.fresh();
        self.push(Op::Tuple { dst, elements });
        Val::V(dst)
    }

    /// Answer the map with these entries put in. That it is a map the VM wants to see tested.
    pub fn return_with(&mut self, map: Val, pairs: Vec<(Val, Val)>) {
        let map = self.in_register(map);
        let (other, dst) = (self.new_label(), self.fresh());
        self.push(Op::Test { op: TestOp::IsMap, args: vec![Val::V(map)], fail: other });
        self.push(Op::MapPut { dst, src: Val::V(map), pairs });
        self.push(Op::Return(Val::V(dst)));
        self.label(other);
        self.push(Op::TailCall {
            callee: Callee::External(external("erlang", "error", 1)),
            args: vec![Val::atom("badmap")],
            line: 0,
        });
    }

    // ---- variables -----------------------------------------------------------------------------------

    pub fn storage(&self, var: VarId) -> Storage {
        self.cx.unit.var(var).storage
    }

    /// The register of a variable: its value, or its cell.
    pub fn register(&mut self, var: VarId) -> V {
        if let Some(v) = self.vars.get(&var) {
            return *v;
        }
        let v = self.fresh();
        self.vars.insert(var, v);
        v
    }

    pub fn receiver(&mut self) -> V {
        let receiver = self.cx.unit.parameters.first().copied().unwrap_or(VarId(0));
        self.register(receiver)
    }

    pub fn frame(&mut self, activation: ActivationId) -> V {
        let frame = self.cx.unit.activations[activation.0 as usize].frame;
        self.register(frame)
    }

    /// Bring a variable into being with a value.
    pub fn declare(&mut self, var: VarId, value: Val, span: Span) {
        match self.storage(var) {
            Storage::Register => {
                let dst = self.register(var);
                self.push(Op::Move { dst, src: value });
            }
            Storage::Cell if self.cells_exist && self.cx.unit.var(var).session => {
                self.write(var, value, span);
            }
            Storage::Cell => {
                let cell = if self.cx.unit.var(var).session {
                    self.call("beamtalk_frame", "session_cell", vec![value], span)
                } else {
                    let frame = self.frame(self.cx.unit.var(var).activation);
                    self.call("beamtalk_frame", "new_cell", vec![Val::V(frame), value], span)
                };
                let dst = self.register(var);
                self.push(Op::Move { dst, src: cell });
            }
        }
        self.note_assigned(var);
    }

    /// A session variable has a new value, which the input must hand back.
    pub fn note_assigned(&mut self, var: VarId) {
        if self.cx.unit.var(var).session
            && let Exit::Input(assigned) = &mut self.exit
            && !assigned.contains(&var)
        {
            assigned.push(var);
        }
    }

    pub(crate) fn read(&mut self, var: VarId, span: Span) -> Val {
        let v = self.register(var);
        match self.storage(var) {
            Storage::Register => Val::V(v),
            Storage::Cell => {
                let line = self.line(span);
                let dst = self.fresh();
                self.push(Op::CellGet { dst, cell: v, line });
                Val::V(dst)
            }
        }
    }

    pub(crate) fn write(&mut self, var: VarId, value: Val, span: Span) -> Val {
        let v = self.register(var);
        match self.storage(var) {
            Storage::Register => {
                self.push(Op::Move { dst: v, src: value.clone() });
                self.note_assigned(var);
                value
            }
            Storage::Cell => {
                let is_plain = matches!(value, Val::Int(_) | Val::Atom(_));
                let (kept, fine) = (self.in_register(value), self.new_label());
                if !is_plain {
                    // Whatever may hold a block is written by the runtime, which then knows where the block is.
                    let (other, number) = (self.new_label(), self.new_label());
                    self.push(Op::Test { op: TestOp::IsNumber, args: vec![Val::V(kept)], fail: other });
                    self.push(Op::Jump(number));
                    self.label(other);
                    self.call("beamtalk_frame", "write", vec![Val::V(v), Val::V(kept)], span);
                    self.push(Op::Jump(fine));
                    self.label(number);
                }
                // The old value is never `undefined` while the cell lives, unless it holds just that.
                let old = self.call("erlang", "put", vec![Val::V(v), Val::V(kept)], span);
                let lost = self.new_label();
                self.push(Op::Test {
                    op: TestOp::IsNeExact,
                    args: vec![old, Val::atom("undefined")],
                    fail: lost,
                });
                self.push(Op::Jump(fine));
                self.label(lost);
                self.call("beamtalk_frame", "write_lost", vec![Val::V(v), Val::V(kept)], span);
                self.label(fine);
                Val::V(kept)
            }
        }
    }

    // ---- statements ----------------------------------------------------------------------------------

    /// All statements; the last one's value is the function's.
    pub fn tail_body(&mut self, body: &[Expr]) {
        let Some((last, first)) = body.split_last() else {
            return self.ret(Val::atom("nil"));
        };
        for expr in first {
            self.effect(expr);
        }
        self.tail(last);
    }

    /// End the function with this value.
    pub fn ret(&mut self, value: Val) {
        if !self.reachable {
            return;
        }
        match self.exit.clone() {
            Exit::Plain => self.push(Op::Return(value)),
            Exit::Loop(assigned) => {
                let kept = self.in_register(value);
                let variables = self.loop_variables(&assigned);
                let answer = self.list(vec![Val::V(kept)], variables);
                self.push(Op::Return(answer));
            }
            Exit::Input(assigned) => self.input_exit(value, &assigned),
        }
    }

    /// `{V1, V2, …}` of a loop's assigned variables.
    pub fn loop_variables(&mut self, assigned: &[VarId]) -> Val {
        let values = assigned.iter().map(|var| Val::V(self.register(*var))).collect();
        self.tuple(values)
    }

    pub(crate) fn input_exit(&mut self, value: Val, assigned: &[VarId]) {
        let mut changed = Val::Lit(Arc::new(Term::Map(Vec::new())));
        let pairs: Vec<(Val, Val)> = assigned
            .iter()
            .map(|var| {
                let name = self.cx.unit.var(*var).name.clone();
                (Val::Lit(Arc::new(Term::text(&name))), Val::V(self.register(*var)))
            })
            .collect();
        if !pairs.is_empty() {
            let dst = self.fresh();
            self.push(Op::MapPut { dst, src: changed, pairs });
            changed = Val::V(dst);
        }
        let answer = self.tuple(vec![value, changed]);
        self.push(Op::Return(answer));
    }

    /// Evaluate for its effect.
    pub fn effect(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::If { .. } | Kind::IfNil { .. } | Kind::Match { .. } | Kind::Sequence(_) => {
                let unused = self.fresh();
                self.into(expr, unused);
            }
            Kind::Atom(_) | Kind::Integer(_) | Kind::Float(_) | Kind::String(_) | Kind::Closure(_) => {}
            _ => {
                self.value(expr);
            }
        }
    }

    /// Evaluate as the function's answer.
    pub fn tail(&mut self, expr: &Expr) {
        if !matches!(self.exit, Exit::Plain) {
            let value = self.value(expr);
            return self.ret(value);
        }
        match &expr.kind {
            Kind::Send { receiver, selector, arguments } => {
                self.send_last(receiver, selector, arguments, expr.span);
            }
            Kind::Primitive { module, function, arguments } => {
                self.primitive_last(module, function, arguments, expr.span);
            }
            Kind::If { condition, on_true, on_false, other: Some(apart), .. } => {
                let (value, otherwise, other) = self.two_ways(condition);
                self.tail_branch(on_true, Val::atom("true"));
                self.not_true(value, otherwise, other);
                self.tail_branch(on_false, Val::atom("false"));
                self.label(other);
                let answer = self.apart(apart, vec![Val::V(value)], expr.span);
                self.ret(answer);
            }
            Kind::If { selector, condition, on_true, on_false, other: None } => {
                let otherwise = self.new_label();
                self.jump_unless(condition, otherwise, &if_not_boolean(selector), expr.span);
                self.tail_branch(on_true, Val::atom("true"));
                self.label(otherwise);
                self.tail_branch(on_false, Val::atom("false"));
            }
            Kind::IfNil { receiver, on_nil, not_nil } => {
                let value = self.value(receiver);
                let kept = self.in_register(value);
                let otherwise = self.new_label();
                self.push(Op::Test {
                    op: TestOp::IsEqExact,
                    args: vec![Val::V(kept), Val::atom("nil")],
                    fail: otherwise,
                });
                self.tail_branch(on_nil, Val::atom("nil"));
                self.label(otherwise);
                self.bind_not_nil(not_nil, kept, expr.span);
                self.tail_branch(not_nil, Val::V(kept));
            }
            Kind::Sequence(inline) => self.tail_body(&inline.body),
            Kind::Match { scrutinee, arms } => {
                self.match_(scrutinee, arms, expr.span, None);
            }
            Kind::Return(value) => self.tail(value),
            _ => {
                let value = self.value(expr);
                self.ret(value);
            }
        }
    }

    pub(crate) fn tail_branch(&mut self, branch: &Branch, receiver: Val) {
        match branch {
            Branch::Inline(inline) => self.tail_body(&inline.body),
            Branch::Receiver => self.ret(receiver),
        }
    }
}

pub fn if_not_boolean(selector: &SmolStr) -> NotBoolean {
    NotBoolean::NotUnderstood(selector.clone(), u8::try_from(selector.matches(':').count()).unwrap_or(1))
}
