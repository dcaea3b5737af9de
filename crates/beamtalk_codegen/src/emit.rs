//! Emission of one function: instructions over the registers that `allocate.rs` chose.
//!
//! An operation with a rare slow path (arithmetic on something that is no number, a missing field: `checked.rs`) does not
//! count as a call: its slow path stands out of line and saves the X registers that live across it (`slow.rs`). So
//! arithmetic loops need no stack frame.

use beamtalk_beam::{ExternalFunction, Instr, Label, Module, Reg, Src};

use crate::allocate::{Allocation, position};
use crate::ir::{Callee, FunctionIr, L, LineId, Op, V, Val};
use crate::slow::SlowPath;

/// Emit `ir` into instructions. `None` when the function needs more registers than the VM has.
pub fn emit(module: &mut Module, ir: &FunctionIr) -> Option<Vec<Instr>> {
    let allocation = Allocation::new(ir)?;
    let mut emitter = Emitter::new(module, ir, &allocation);
    emitter.prologue();
    for (index, op) in ir.ops.iter().enumerate() {
        emitter.op(index, op);
    }
    emitter.epilogue();
    Some(emitter.code)
}

/// X registers that certainly hold a term: a bit each. Few functions use more than the first word holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Defined {
    first: u64,
    more: Vec<u64>,
}

impl Defined {
    pub(super) fn set(&mut self, x: u16) {
        let (index, bit) = (usize::from(x / 64), 1 << (x % 64));
        if index == 0 {
            self.first |= bit;
            return;
        }
        if self.more.len() < index {
            self.more.resize(index, 0);
        }
        self.more[index - 1] |= bit;
    }

    pub(super) fn has(&self, x: u16) -> bool {
        let word = match usize::from(x / 64) {
            0 => self.first,
            index => self.more.get(index - 1).copied().unwrap_or(0),
        };
        word & (1 << (x % 64)) != 0
    }

    /// Those from `x` on hold nothing any more.
    pub(super) fn forget_from(&mut self, x: u16) {
        let below = (1 << (x % 64)) - 1;
        match usize::from(x / 64) {
            0 => {
                self.first &= below;
                self.more.clear();
            }
            index => {
                self.more.truncate(index);
                if let Some(word) = self.more.get_mut(index - 1) {
                    *word &= below;
                }
            }
        }
    }

    pub(super) fn intersect(&mut self, other: &Self) {
        self.first &= other.first;
        self.more.truncate(other.more.len());
        for (word, others) in self.more.iter_mut().zip(&other.more) {
            *word &= others;
        }
    }

    /// Only `x0`, as after a call.
    pub(super) fn only_answer(&mut self) {
        self.first = 1;
        self.more.clear();
    }
}

pub(super) struct Emitter<'a> {
    pub(super) module: &'a mut Module,
    pub(super) ir: &'a FunctionIr,
    pub(super) allocation: &'a Allocation,
    pub(super) code: Vec<Instr>,
    pub(super) labels: Vec<Label>,
    /// What is defined at labels that were jumped to.
    pub(super) incoming: Vec<Option<Defined>>,
    pub(super) defined: Defined,
    pub(super) reachable: bool,
    pub(super) slow: Vec<SlowPath>,
    pub(super) saves: u16,
    pub(super) allocate_at: Option<usize>,
    pub(super) deallocations: Vec<usize>,
    /// Empty between two calls; kept for its memory.
    moves: Vec<(Src, u16)>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(module: &'a mut Module, ir: &'a FunctionIr, allocation: &'a Allocation) -> Self {
        let labels = (0..ir.labels).map(|_| module.label()).collect();
        let mut defined = Defined::default();
        for x in 0..ir.parameters {
            defined.set(u16::try_from(x).unwrap_or(u16::MAX));
        }
        Self {
            module,
            ir,
            allocation,
            code: Vec::with_capacity(ir.ops.len() * 2),
            labels,
            incoming: vec![None; ir.labels as usize],
            defined,
            reachable: true,
            slow: Vec::new(),
            saves: 0,
            allocate_at: None,
            deallocations: Vec::new(),
            moves: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, instr: Instr) {
        self.code.push(instr);
    }

    pub(super) fn prologue(&mut self) {
        if !self.allocation.framed {
            return;
        }
        self.allocate_at = Some(self.code.len());
        self.push(Instr::Allocate { stack: 0, live: u16::try_from(self.ir.parameters).unwrap_or(u16::MAX) });
        for parameter in 0..self.ir.parameters {
            if let Some(Reg::Y(y)) = self.allocation.home(V(parameter)) {
                self.push(Instr::Move {
                    src: Src::Reg(Reg::X(u16::try_from(parameter).unwrap_or(u16::MAX))),
                    dst: Reg::Y(y),
                });
            }
        }
        // Filled in by the epilogue, when the number of slots is known.
        self.push(Instr::InitYregs(Vec::new()));
    }

    pub(super) fn epilogue(&mut self) {
        let slow = std::mem::take(&mut self.slow);
        // Saved registers go into slots of their own, so a frame must be large enough for the largest save.
        self.saves =
            slow.iter().map(|path| u16::try_from(path.saved.len()).unwrap_or(u16::MAX)).max().unwrap_or(0);
        for path in slow {
            self.slow_path(path);
        }
        let Some(at) = self.allocate_at else { return };
        let stack = self.allocation.slots + self.saves;
        if let Instr::Allocate { stack: slots, .. } = &mut self.code[at] {
            *slots = stack;
        }
        let mut next = at + 1;
        let mut uninitialised: Vec<bool> = vec![true; usize::from(stack)];
        while let Some(Instr::Move { dst: Reg::Y(y), .. }) = self.code.get(next) {
            uninitialised[usize::from(*y)] = false;
            next += 1;
        }
        let list: Vec<u16> = (0..stack).filter(|y| uninitialised[usize::from(*y)]).collect();
        for index in &self.deallocations {
            match &mut self.code[*index] {
                Instr::Deallocate(slots)
                | Instr::CallLast { deallocate: slots, .. }
                | Instr::CallExtLast { deallocate: slots, .. } => *slots = stack,
                _ => {}
            }
        }
        if list.is_empty() {
            // Keep the positions of what follows: an empty list is not allowed, a label is free.
            let label = self.module.label();
            self.code[next] = Instr::Label(label);
        } else {
            self.code[next] = Instr::InitYregs(list);
        }
    }

    pub(super) fn deallocate(&mut self) {
        if self.allocation.framed {
            self.deallocations.push(self.code.len());
            self.push(Instr::Deallocate(0));
        }
    }

    // ---- operands ------------------------------------------------------------------------------------

    pub(super) fn src(&self, val: &Val) -> Src {
        operand(self.allocation, val)
    }

    /// The register of a destination; one that is never read gets a scratch register.
    pub(super) fn dst(&self, v: V) -> Reg {
        self.allocation.home(v).unwrap_or(Reg::X(self.allocation.scratch))
    }

    /// The register of an operand that must be in one.
    pub(super) fn reg(&self, v: V) -> Reg {
        self.dst(v)
    }

    pub(super) fn define(&mut self, reg: Reg) {
        if let Reg::X(x) = reg {
            self.defined.set(x);
        }
    }

    pub(super) fn label(&self, l: L) -> Label {
        self.labels[l.0 as usize]
    }

    pub(super) fn jump_to(&mut self, l: L) {
        let incoming = &mut self.incoming[l.0 as usize];
        match incoming {
            Some(defined) => defined.intersect(&self.defined),
            None => *incoming = Some(self.defined.clone()),
        }
    }

    /// The number of X registers a garbage collection must preserve at instruction `index`: those that live across it
    /// and its operands. Holes are filled. The collection leaves what lies above as it was, pointing to where terms no
    /// longer are.
    pub(super) fn live(&mut self, index: usize, op: &Op) -> u16 {
        let mut high = self.across(index).map(|x| x + 1).max().unwrap_or(0);
        let allocation = self.allocation;
        op.uses(|v| {
            if let Some(Reg::X(x)) = allocation.home(v) {
                high = high.max(x + 1);
            }
        });
        self.fill(high);
        self.defined.forget_from(high);
        high
    }

    pub(super) fn fill(&mut self, high: u16) {
        for x in 0..high {
            if !self.defined.has(x) {
                self.push(Instr::Move { src: Src::Atom("nil".into()), dst: Reg::X(x) });
                self.defined.set(x);
            }
        }
    }

    /// X registers to save around the slow path of instruction `index`, whose answer goes to `dst`.
    pub(super) fn saved(&self, index: usize, dst: Reg) -> Vec<u16> {
        let mut saved = self.live_across(index);
        saved.retain(|x| Reg::X(*x) != dst);
        saved
    }

    /// X registers that are defined and live across instruction `index`.
    pub(super) fn live_across(&self, index: usize) -> Vec<u16> {
        let mut live: Vec<u16> = self.across(index).collect();
        live.sort_unstable();
        live.dedup();
        live
    }

    /// The same in no order, and one more than once if several values share it.
    fn across(&self, index: usize) -> impl Iterator<Item = u16> {
        let at = position(index);
        let allocation = self.allocation;
        allocation.intervals.iter().zip(&allocation.homes).filter_map(move |(interval, home)| match home {
            Some(Reg::X(x)) if interval.start < at && interval.end > at && self.defined.has(*x) => Some(*x),
            _ => None,
        })
    }

    pub(super) fn line(&mut self, line: LineId) {
        if line != 0 {
            self.push(Instr::Line(line));
        }
    }

    /// Move all arguments into `x0, x1, …` at once.
    pub(super) fn arguments(&mut self, args: impl IntoIterator<Item = Src>) {
        let mut moves = std::mem::take(&mut self.moves);
        moves.extend(args.into_iter().zip(0..));
        self.parallel(&mut moves);
        self.moves = moves;
    }

    fn values(&mut self, args: &[Val]) {
        let allocation = self.allocation;
        self.arguments(args.iter().map(|arg| operand(allocation, arg)));
    }

    /// Makes the moves as if all at once, and takes them out of the list.
    pub(super) fn parallel(&mut self, pending: &mut Vec<(Src, u16)>) {
        pending.retain(|(src, x)| *src != Src::Reg(Reg::X(*x)));
        let scratch = self.allocation.scratch.max(pending.iter().map(|(_, x)| x + 1).max().unwrap_or(0)) + 1;
        while !pending.is_empty() {
            let free = pending
                .iter()
                .position(|(_, dst)| !pending.iter().any(|(src, _)| *src == Src::Reg(Reg::X(*dst))));
            if let Some(index) = free {
                let (src, dst) = pending.swap_remove(index);
                self.push(Instr::Move { src, dst: Reg::X(dst) });
                self.defined.set(dst);
            } else {
                // Only cycles are left: free one register.
                let dst = pending[0].1;
                self.push(Instr::Move { src: Src::Reg(Reg::X(dst)), dst: Reg::X(scratch) });
                for (src, _) in pending.iter_mut() {
                    if *src == Src::Reg(Reg::X(dst)) {
                        *src = Src::Reg(Reg::X(scratch));
                    }
                }
            }
        }
    }

    pub(super) fn call(&mut self, callee: &Callee, arity: usize, line: LineId) {
        self.line(line);
        let arity = u8::try_from(arity).unwrap_or(u8::MAX);
        self.push(match callee {
            Callee::Local(target) => Instr::Call { arity, target: *target },
            Callee::External(function) => Instr::CallExt(function.clone()),
            Callee::Fun => Instr::CallFun { arity: arity.saturating_sub(1) },
        });
        self.defined.only_answer();
    }

    // ---- instructions --------------------------------------------------------------------------------

    #[allow(clippy::too_many_lines, reason = "one arm an instruction")]
    pub(super) fn op(&mut self, index: usize, op: &Op) {
        if let Op::Label(l) = op {
            self.at_label(*l);
            return;
        }
        if !self.reachable {
            return;
        }
        match op {
            Op::Label(_) => {}
            Op::Jump(l) => {
                self.jump_to(*l);
                let label = self.label(*l);
                self.push(Instr::Jump(label));
            }
            Op::Move { dst, src } => {
                if let Some(dst) = self.allocation.home(*dst) {
                    let src = self.src(src);
                    if src != Src::Reg(dst) {
                        self.push(Instr::Move { src, dst });
                    }
                    self.define(dst);
                }
            }
            Op::Call { dst, callee, args, line } => {
                self.values(args);
                self.call(callee, args.len(), *line);
                if let Some(dst) = self.allocation.home(*dst) {
                    if dst != Reg::X(0) {
                        self.push(Instr::Move { src: Src::Reg(Reg::X(0)), dst });
                    }
                    self.define(dst);
                }
            }
            Op::TailCall { callee, args, line } => self.tail_call(callee, args, *line),
            Op::Return(value) => {
                let src = self.src(value);
                if src != Src::Reg(Reg::X(0)) {
                    self.push(Instr::Move { src, dst: Reg::X(0) });
                }
                self.deallocate();
                self.push(Instr::Return);
            }
            Op::Test { op, args, fail } => {
                self.jump_to(*fail);
                let args = args.iter().map(|arg| self.src(arg)).collect();
                let fail = self.label(*fail);
                self.push(Instr::Test { op: *op, fail, args });
            }
            Op::TaggedTuple { src, arity, tag, fail } => {
                self.jump_to(*fail);
                let instr = Instr::IsTaggedTuple {
                    fail: self.label(*fail),
                    src: self.reg(*src),
                    arity: *arity,
                    tag: tag.clone(),
                };
                self.push(instr);
            }
            Op::TupleArity { src, arity, fail } => {
                self.jump_to(*fail);
                let instr = Instr::TestArity { fail: self.label(*fail), src: self.reg(*src), arity: *arity };
                self.push(instr);
            }
            Op::Bif { dst, name, args, line } => {
                self.line(*line);
                let args = args.iter().map(|arg| self.src(arg)).collect();
                let dst = self.dst(*dst);
                self.push(Instr::Bif { fail: None, name: (*name).into(), args, dst });
                self.define(dst);
            }
            Op::GcBif { dst, name, args, line } => {
                self.line(*line);
                let live = self.live(index, op);
                let args = args.iter().map(|arg| self.src(arg)).collect();
                let dst = self.dst(*dst);
                self.push(Instr::GcBif { fail: None, name: name.clone(), live, args, dst });
                self.define(dst);
            }
            Op::Arith { dst, name, args, send, line } => {
                self.arith(index, op, *dst, name, args, *send, *line);
            }
            Op::Compare { .. } => self.compare(index, op),
            Op::Branch { value, target, when, not_boolean, line } => {
                self.branch(value, *target, *when, not_boolean, *line);
            }
            Op::Element { dst, src, index } => {
                let dst = self.dst(*dst);
                let instr = Instr::GetTupleElement { src: self.reg(*src), index: *index, dst };
                self.push(instr);
                self.define(dst);
            }
            Op::MapGet { dst, src, key, fail } => {
                self.jump_to(*fail);
                let dst = self.dst(*dst);
                let instr = Instr::GetMapElements {
                    fail: self.label(*fail),
                    src: self.reg(*src),
                    pairs: vec![(self.src(key), dst)],
                };
                self.push(instr);
                self.define(dst);
            }
            Op::MapPut { dst, src, pairs } => {
                let live = self.live(index, op);
                let pairs = pairs.iter().map(|(key, value)| (self.src(key), self.src(value))).collect();
                let (src, dst) = (self.src(src), self.dst(*dst));
                self.push(Instr::PutMapAssoc { fail: None, src, dst, live, pairs });
                self.define(dst);
            }
            Op::ValueField { dst, object, name, line } => self.value_field(index, *dst, *object, name, *line),
            Op::ActorField { dst, actor, name, line } => self.actor_field(index, *dst, *actor, name, *line),
            Op::CellGet { dst, cell, line } => self.cell_get(index, *dst, *cell, *line),
            Op::Cons { dst, head, tail } => {
                let live = self.live(index, op);
                self.push(Instr::TestHeap { words: 2, funs: 0, live });
                let (head, tail, dst) = (self.src(head), self.src(tail), self.dst(*dst));
                self.push(Instr::PutList { head, tail, dst });
                self.define(dst);
            }
            Op::Head { dst, src } => {
                let dst = self.dst(*dst);
                let instr = Instr::GetHd { src: self.reg(*src), dst };
                self.push(instr);
                self.define(dst);
            }
            Op::Tail { dst, src } => {
                let dst = self.dst(*dst);
                let instr = Instr::GetTl { src: self.reg(*src), dst };
                self.push(instr);
                self.define(dst);
            }
            Op::Tuple { dst, elements } => {
                let live = self.live(index, op);
                let words = u32::try_from(elements.len()).unwrap_or(u32::MAX).saturating_add(1);
                self.push(Instr::TestHeap { words, funs: 0, live });
                let elements = elements.iter().map(|element| self.src(element)).collect();
                let dst = self.dst(*dst);
                self.push(Instr::PutTuple2 { dst, elements });
                self.define(dst);
            }
            Op::MakeFun { dst, lambda, free } => {
                let live = self.live(index, op);
                let words = u32::try_from(free.len()).unwrap_or(u32::MAX);
                self.push(Instr::TestHeap { words, funs: 1, live });
                let free = free.iter().map(|val| self.src(val)).collect();
                let dst = self.dst(*dst);
                self.push(Instr::MakeFun3 { lambda: *lambda, dst, free });
                self.define(dst);
            }
            Op::Try { tag, handler } => {
                let incoming = &mut self.incoming[handler.0 as usize];
                *incoming = Some(Defined::default());
                if let Reg::Y(y) = self.reg(*tag) {
                    let handler = self.label(*handler);
                    self.push(Instr::Try { y, handler });
                }
            }
            Op::TryEnd { tag } => {
                if let Reg::Y(y) = self.reg(*tag) {
                    self.push(Instr::TryEnd(y));
                }
            }
            Op::Catch { tag, class, reason, trace } => {
                if let Reg::Y(y) = self.reg(*tag) {
                    self.push(Instr::TryCase(y));
                }
                self.defined = Defined::default();
                for x in 0..3 {
                    self.defined.set(x);
                }
                for (x, v) in [class, reason, trace].into_iter().zip(0..).map(|(v, x)| (x, v)) {
                    if let Some(dst) = self.allocation.home(*v)
                        && dst != Reg::X(x)
                    {
                        self.push(Instr::Move { src: Src::Reg(Reg::X(x)), dst });
                        self.define(dst);
                    }
                }
            }
            Op::Reraise { class, reason, trace } => {
                self.values(&[Val::V(*class), Val::V(*reason), Val::V(*trace)]);
                self.push(Instr::RawRaise);
            }
        }
        if op.ends() {
            self.reachable = false;
        }
    }

    pub(super) fn at_label(&mut self, l: L) {
        let incoming = self.incoming[l.0 as usize].take();
        match (incoming, self.reachable) {
            (Some(incoming), true) => self.defined.intersect(&incoming),
            (Some(incoming), false) => self.defined = incoming,
            (None, _) => return,
        }
        self.reachable = true;
        let label = self.label(l);
        self.push(Instr::Label(label));
    }

    pub(super) fn tail_call(&mut self, callee: &Callee, args: &[Val], line: LineId) {
        self.values(args);
        let arity = u8::try_from(args.len()).unwrap_or(u8::MAX);
        self.line(line);
        match (callee, self.allocation.framed) {
            (Callee::Local(target), false) => self.push(Instr::CallOnly { arity, target: *target }),
            (Callee::External(function), false) => self.push(Instr::CallExtOnly(function.clone())),
            (Callee::Local(target), true) => {
                self.deallocations.push(self.code.len());
                self.push(Instr::CallLast { arity, target: *target, deallocate: 0 });
            }
            (Callee::External(function), true) => {
                self.deallocations.push(self.code.len());
                self.push(Instr::CallExtLast { function: function.clone(), deallocate: 0 });
            }
            (Callee::Fun, framed) => {
                if !framed {
                    self.push(Instr::Allocate { stack: 0, live: u16::from(arity) });
                }
                self.push(Instr::CallFun { arity: arity.saturating_sub(1) });
                if framed {
                    self.deallocate();
                } else {
                    self.push(Instr::Deallocate(0));
                }
                self.push(Instr::Return);
            }
        }
    }
}

/// Where a value is, or what it is.
fn operand(allocation: &Allocation, val: &Val) -> Src {
    match val {
        Val::V(v) => allocation.home(*v).map_or(Src::Atom("nil".into()), Src::Reg),
        Val::Atom(name) => Src::Atom(name.clone()),
        Val::Int(value) => Src::Integer(*value),
        Val::Nil => Src::Nil,
        Val::Lit(term) => Src::Literal(term.clone()),
    }
}

/// A function of another module.
pub fn external(module: &str, function: &str, arity: u8) -> ExternalFunction {
    ExternalFunction { module: module.into(), function: function.into(), arity }
}
