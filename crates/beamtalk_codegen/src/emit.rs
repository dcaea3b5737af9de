//! Register allocation and emission of one function.
//!
//! A virtual register that lives across a call gets a Y register (a slot of the stack frame), any other an X register; both by
//! linear scan over the textual order of the instructions, which is enough as jumps go forward only (`ir.rs`). An operation
//! with a rare slow path (arithmetic on something that is no number, a missing field) does not count as a call: its slow
//! path stands out of line and saves the X registers that live across it. So arithmetic loops need no frame.

use beamtalk_beam::{ExternalFunction, Instr, Label, Module, Reg, Src, TestOp};
use smol_str::SmolStr;

use crate::ir::{Callee, FunctionIr, L, LineId, NotBoolean, Op, V, Val};

/// The highest X register the allocator hands out; above are scratch registers.
const MAX_X: u16 = 240;
/// The highest Y register: the VM's limit is 1023, some are kept for saves.
const MAX_Y: u16 = 700;

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

// ---- allocation ------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
struct Interval {
    start: i64,
    end: i64,
    hint: Option<u16>,
}

#[derive(Debug)]
struct Allocation {
    intervals: Vec<Interval>,
    homes: Vec<Option<Reg>>,
    /// Number of Y registers.
    slots: u16,
    /// Whether the function has a stack frame.
    framed: bool,
    /// Virtual registers that have X homes and live across instruction `i`, for instructions with slow paths.
    scratch: u16,
}

impl Allocation {
    fn new(ir: &FunctionIr) -> Option<Self> {
        let intervals = intervals(ir);
        let mut in_frame = vec![false; ir.registers as usize];
        let mut framed = false;
        let clobbers: Vec<i64> = ir.ops.iter().enumerate().filter(|(_, op)| op.clobbers()).map(|(index, _)| position(index)).collect();
        for (index, interval) in intervals.iter().enumerate() {
            // The first clobbering instruction after the definition; a use at that very instruction is an argument.
            let next = clobbers.partition_point(|at| *at <= interval.start);
            in_frame[index] = clobbers.get(next).is_some_and(|at| *at < interval.end);
        }
        for op in &ir.ops {
            match op {
                Op::Try { tag, .. } => {
                    in_frame[tag.0 as usize] = true;
                    framed = true;
                }
                Op::Call { .. } => framed = true,
                _ => {}
            }
        }
        framed |= in_frame.iter().any(|frame| *frame);
        let mut this = Self { homes: vec![None; intervals.len()], intervals, slots: 0, framed, scratch: 0 };
        this.scan(ir, &mut in_frame)?;
        Some(this)
    }

    fn scan(&mut self, ir: &FunctionIr, in_frame: &mut [bool]) -> Option<()> {
        let mut order: Vec<usize> = (0..self.intervals.len()).filter(|v| self.intervals[*v].end >= self.intervals[*v].start).collect();
        order.sort_by_key(|v| (self.intervals[*v].start, *v));
        let mut active: Vec<(i64, Reg)> = Vec::new();
        let mut x_free = FreeList::default();
        let mut y_free = FreeList::default();
        let parameters = i64::from(ir.parameters);
        // Parameters arrive in the first X registers, used or not.
        for x in 0..u16::try_from(ir.parameters).ok()? {
            x_free.take(x);
        }
        let mut unused: Vec<u16> = (0..u16::try_from(ir.parameters).ok()?).collect();
        let mut entered = false;
        for v in order {
            let interval = self.intervals[v];
            if !entered && interval.start >= 0 {
                entered = true;
                for x in unused.drain(..) {
                    x_free.give(x);
                }
            }
            active.retain(|(end, reg)| {
                let live = *end > interval.start;
                if !live {
                    match reg {
                        Reg::X(x) => x_free.give(*x),
                        Reg::Y(y) => y_free.give(*y),
                    }
                }
                live
            });
            let is_parameter = (v as i64) < parameters && interval.start < 0;
            let home = if in_frame[v] {
                Reg::Y(y_free.first())
            } else if is_parameter {
                unused.retain(|x| usize::from(*x) != v);
                Reg::X(u16::try_from(v).ok()?)
            } else {
                let x = interval.hint.filter(|x| x_free.is_free(*x)).unwrap_or_else(|| x_free.lowest());
                if x > MAX_X { Reg::Y(y_free.first()) } else { Reg::X(x) }
            };
            match home {
                Reg::X(x) => x_free.take(x),
                Reg::Y(y) => {
                    in_frame[v] = true;
                    self.framed = true;
                    y_free.take(y);
                    self.slots = self.slots.max(y + 1);
                    if y > MAX_Y {
                        return None;
                    }
                }
            }
            self.homes[v] = Some(home);
            active.push((interval.end, home));
        }
        self.scratch = x_free.high.max(u16::try_from(ir.parameters).ok()?);
        Some(())
    }

    fn home(&self, v: V) -> Option<Reg> {
        self.homes[v.0 as usize]
    }
}

/// Instructions are numbered by twos, so that "just after" is a position of its own.
fn position(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX / 2) * 2
}

fn intervals(ir: &FunctionIr) -> Vec<Interval> {
    let mut intervals = vec![Interval { start: i64::MAX, end: -2, hint: None }; ir.registers as usize];
    for interval in intervals.iter_mut().take(ir.parameters as usize) {
        interval.start = -1;
    }
    for (index, op) in ir.ops.iter().enumerate() {
        let at = position(index);
        // Where the destination is written before the operands are done with, they must not share a register.
        let late = matches!(op, Op::ActorField { .. } | Op::CellGet { .. } | Op::Catch { .. } | Op::Branch { .. } | Op::Compare { .. });
        op.uses(|v| {
            let interval = &mut intervals[v.0 as usize];
            interval.end = interval.end.max(at + i64::from(late));
        });
        op.defs(|v| {
            let interval = &mut intervals[v.0 as usize];
            interval.start = interval.start.min(at);
            interval.end = interval.end.max(at + 1);
        });
        match op {
            Op::Call { args, dst, .. } => {
                hint(&mut intervals, args);
                intervals[dst.0 as usize].hint.get_or_insert(0);
            }
            Op::TailCall { args, .. } => hint(&mut intervals, args),
            Op::Return(Val::V(v)) => {
                intervals[v.0 as usize].hint.get_or_insert(0);
            }
            Op::Catch { class, reason, trace, .. } => {
                for (x, v) in [class, reason, trace].into_iter().enumerate() {
                    intervals[v.0 as usize].hint = u16::try_from(x).ok();
                }
            }
            _ => {}
        }
    }
    intervals
}

fn hint(intervals: &mut [Interval], args: &[Val]) {
    for (x, arg) in args.iter().enumerate() {
        if let (Val::V(v), Ok(x)) = (arg, u16::try_from(x)) {
            intervals[v.0 as usize].hint.get_or_insert(x);
        }
    }
}

/// Register numbers in use.
#[derive(Debug, Default)]
struct FreeList {
    taken: Vec<bool>,
    high: u16,
}

impl FreeList {
    fn take(&mut self, n: u16) {
        let index = usize::from(n);
        if self.taken.len() <= index {
            self.taken.resize(index + 1, false);
        }
        self.taken[index] = true;
        self.high = self.high.max(n + 1);
    }

    fn give(&mut self, n: u16) {
        if let Some(slot) = self.taken.get_mut(usize::from(n)) {
            *slot = false;
        }
    }

    fn is_free(&self, n: u16) -> bool {
        !self.taken.get(usize::from(n)).copied().unwrap_or(false)
    }

    fn lowest(&self) -> u16 {
        u16::try_from(self.taken.iter().position(|taken| !taken).unwrap_or(self.taken.len())).unwrap_or(u16::MAX)
    }

    fn first(&self) -> u16 {
        self.lowest()
    }
}

// ---- emission --------------------------------------------------------------------------------------------

/// X registers that certainly hold a term.
#[derive(Clone, Debug, Default, PartialEq)]
struct Defined(Vec<bool>);

impl Defined {
    fn set(&mut self, x: u16) {
        let index = usize::from(x);
        if self.0.len() <= index {
            self.0.resize(index + 1, false);
        }
        self.0[index] = true;
    }

    fn has(&self, x: u16) -> bool {
        self.0.get(usize::from(x)).copied().unwrap_or(false)
    }

    fn intersect(&mut self, other: &Self) {
        for (index, defined) in self.0.iter_mut().enumerate() {
            *defined &= other.0.get(index).copied().unwrap_or(false);
        }
    }
}

struct SlowPath {
    entry: Label,
    kind: SlowKind,
    /// X registers to preserve.
    saved: Vec<u16>,
    defined: Defined,
    line: LineId,
}

enum SlowKind {
    /// Call, put the answer into the register, go back.
    Call { callee: Callee, args: Vec<Src>, dst: Reg, join: Label },
    /// Call, decide by the Boolean answer.
    Decide { send: Label, args: Vec<Src>, on_true: Label, on_false: Label, not_boolean: NotBoolean },
    /// The value is no Boolean: raise.
    NotBoolean { value: Src, not_boolean: NotBoolean },
}

struct Emitter<'a> {
    module: &'a mut Module,
    ir: &'a FunctionIr,
    allocation: &'a Allocation,
    code: Vec<Instr>,
    labels: Vec<Label>,
    /// What is defined at labels that were jumped to.
    incoming: Vec<Option<Defined>>,
    defined: Defined,
    reachable: bool,
    slow: Vec<SlowPath>,
    saves: u16,
    allocate_at: Option<usize>,
    deallocations: Vec<usize>,
}

impl<'a> Emitter<'a> {
    fn new(module: &'a mut Module, ir: &'a FunctionIr, allocation: &'a Allocation) -> Self {
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
        }
    }

    fn push(&mut self, instr: Instr) {
        self.code.push(instr);
    }

    fn prologue(&mut self) {
        if !self.allocation.framed {
            return;
        }
        self.allocate_at = Some(self.code.len());
        self.push(Instr::Allocate { stack: 0, live: u16::try_from(self.ir.parameters).unwrap_or(u16::MAX) });
        for parameter in 0..self.ir.parameters {
            if let Some(Reg::Y(y)) = self.allocation.home(V(parameter)) {
                self.push(Instr::Move { src: Src::Reg(Reg::X(u16::try_from(parameter).unwrap_or(u16::MAX))), dst: Reg::Y(y) });
            }
        }
        // Filled in by the epilogue, when the number of slots is known.
        self.push(Instr::InitYregs(Vec::new()));
    }

    fn epilogue(&mut self) {
        let slow = std::mem::take(&mut self.slow);
        // Saved registers go into slots of their own, so a frame must be large enough for the largest save.
        self.saves = slow.iter().map(|path| u16::try_from(path.saved.len()).unwrap_or(u16::MAX)).max().unwrap_or(0);
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
                Instr::Deallocate(slots) | Instr::CallLast { deallocate: slots, .. } | Instr::CallExtLast { deallocate: slots, .. } => *slots = stack,
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

    fn deallocate(&mut self) {
        if self.allocation.framed {
            self.deallocations.push(self.code.len());
            self.push(Instr::Deallocate(0));
        }
    }

    // ---- operands ------------------------------------------------------------------------------------

    fn src(&self, val: &Val) -> Src {
        match val {
            Val::V(v) => self.allocation.home(*v).map_or(Src::Atom("nil".into()), Src::Reg),
            Val::Atom(name) => Src::Atom(name.clone()),
            Val::Int(value) => Src::Integer(*value),
            Val::Nil => Src::Nil,
            Val::Lit(term) => Src::Literal(term.clone()),
        }
    }

    /// The register of a destination; one that is never read gets a scratch register.
    fn dst(&self, v: V) -> Reg {
        self.allocation.home(v).unwrap_or(Reg::X(self.allocation.scratch))
    }

    /// The register of an operand that must be in one.
    fn reg(&self, v: V) -> Reg {
        self.dst(v)
    }

    fn define(&mut self, reg: Reg) {
        if let Reg::X(x) = reg {
            self.defined.set(x);
        }
    }

    fn label(&self, l: L) -> Label {
        self.labels[l.0 as usize]
    }

    fn jump_to(&mut self, l: L) {
        let incoming = &mut self.incoming[l.0 as usize];
        match incoming {
            Some(defined) => defined.intersect(&self.defined),
            None => *incoming = Some(self.defined.clone()),
        }
    }

    /// The number of X registers a garbage collection must preserve at instruction `index`: those that live across it and its operands. Holes are filled.
    fn live(&mut self, index: usize, op: &Op) -> u16 {
        let mut high = 0;
        for x in self.live_across(index) {
            high = high.max(x + 1);
        }
        let allocation = self.allocation;
        op.uses(|v| {
            if let Some(Reg::X(x)) = allocation.home(v) {
                high = high.max(x + 1);
            }
        });
        self.fill(high);
        high
    }

    fn fill(&mut self, high: u16) {
        for x in 0..high {
            if !self.defined.has(x) {
                self.push(Instr::Move { src: Src::Atom("nil".into()), dst: Reg::X(x) });
                self.defined.set(x);
            }
        }
    }

    /// X registers to save around the slow path of instruction `index`, whose answer goes to `dst`.
    fn saved(&self, index: usize, dst: Reg) -> Vec<u16> {
        let mut saved = self.live_across(index);
        saved.retain(|x| Reg::X(*x) != dst);
        saved
    }

    /// X registers that are defined and live across instruction `index`.
    fn live_across(&self, index: usize) -> Vec<u16> {
        let at = position(index);
        let mut live = Vec::new();
        for (v, interval) in self.allocation.intervals.iter().enumerate() {
            if interval.start < at
                && interval.end > at
                && let Some(Reg::X(x)) = self.allocation.homes[v]
                && self.defined.has(x)
            {
                live.push(x);
            }
        }
        live.sort_unstable();
        live.dedup();
        live
    }

    fn line(&mut self, line: LineId) {
        if line != 0 {
            self.push(Instr::Line(line));
        }
    }

    /// Move all arguments into `x0, x1, …` at once.
    fn arguments(&mut self, args: &[Src]) {
        let moves: Vec<(Src, u16)> = args.iter().cloned().zip(0..).collect();
        self.parallel(moves);
    }

    fn parallel(&mut self, moves: Vec<(Src, u16)>) {
        let mut pending: Vec<(Src, u16)> = moves.into_iter().filter(|(src, x)| *src != Src::Reg(Reg::X(*x))).collect();
        let scratch = self.allocation.scratch.max(pending.iter().map(|(_, x)| x + 1).max().unwrap_or(0)) + 1;
        while !pending.is_empty() {
            let free = pending.iter().position(|(_, dst)| !pending.iter().any(|(src, _)| *src == Src::Reg(Reg::X(*dst))));
            if let Some(index) = free {
                let (src, dst) = pending.swap_remove(index);
                self.push(Instr::Move { src, dst: Reg::X(dst) });
                self.defined.set(dst);
            } else {
                // Only cycles are left: free one register.
                let dst = pending[0].1;
                self.push(Instr::Move { src: Src::Reg(Reg::X(dst)), dst: Reg::X(scratch) });
                for (src, _) in &mut pending {
                    if *src == Src::Reg(Reg::X(dst)) {
                        *src = Src::Reg(Reg::X(scratch));
                    }
                }
            }
        }
    }

    fn call(&mut self, callee: &Callee, arity: usize, line: LineId) {
        self.line(line);
        let arity = u8::try_from(arity).unwrap_or(u8::MAX);
        self.push(match callee {
            Callee::Local(target) => Instr::Call { arity, target: *target },
            Callee::External(function) => Instr::CallExt(function.clone()),
            Callee::Fun => Instr::CallFun { arity: arity.saturating_sub(1) },
        });
        self.defined = Defined::default();
        self.defined.set(0);
    }

    // ---- instructions --------------------------------------------------------------------------------

    #[allow(clippy::too_many_lines, reason = "one arm an instruction")]
    fn op(&mut self, index: usize, op: &Op) {
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
                let sources: Vec<Src> = args.iter().map(|arg| self.src(arg)).collect();
                self.arguments(&sources);
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
                let instr = Instr::IsTaggedTuple { fail: self.label(*fail), src: self.reg(*src), arity: *arity, tag: tag.clone() };
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
            Op::Arith { dst, name, args, send, line } => self.arith(index, op, *dst, name, args, *send, *line),
            Op::Compare { .. } => self.compare(index, op),
            Op::Branch { value, target, when, not_boolean, line } => self.branch(value, *target, *when, not_boolean, *line),
            Op::Element { dst, src, index } => {
                let dst = self.dst(*dst);
                let instr = Instr::GetTupleElement { src: self.reg(*src), index: *index, dst };
                self.push(instr);
                self.define(dst);
            }
            Op::MapGet { dst, src, key, fail } => {
                self.jump_to(*fail);
                let dst = self.dst(*dst);
                let instr = Instr::GetMapElements { fail: self.label(*fail), src: self.reg(*src), pairs: vec![(self.src(key), dst)] };
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
                let sources = [self.src(&Val::V(*class)), self.src(&Val::V(*reason)), self.src(&Val::V(*trace))];
                self.arguments(&sources);
                self.push(Instr::RawRaise);
            }
        }
        if op.ends() {
            self.reachable = false;
        }
    }

    fn at_label(&mut self, l: L) {
        let incoming = self.incoming[l.0 as usize].take();
        match (incoming, self.reachable) {
            (Some(incoming), true) => self.defined.intersect(&incoming),
            (Some(incoming), false) => self.defined = incoming,
            (None, true) => return,
            (None, false) => return,
        }
        self.reachable = true;
        let label = self.label(l);
        self.push(Instr::Label(label));
    }

    fn tail_call(&mut self, callee: &Callee, args: &[Val], line: LineId) {
        let sources: Vec<Src> = args.iter().map(|arg| self.src(arg)).collect();
        self.arguments(&sources);
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

    #[allow(clippy::too_many_arguments, reason = "the operation's own operands")]
    fn arith(&mut self, index: usize, op: &Op, dst: V, name: &str, args: &[Val], send: Label, line: LineId) {
        let live = self.live(index, op);
        let sources: Vec<Src> = args.iter().map(|arg| self.src(arg)).collect();
        let dst = self.dst(dst);
        let saved = self.saved(index, dst);
        let (entry, join) = (self.module.label(), self.module.label());
        self.push(Instr::GcBif { fail: Some(entry), name: name.into(), live, args: sources.clone(), dst });
        self.push(Instr::Label(join));
        self.slow.push(SlowPath { entry, kind: SlowKind::Call { callee: Callee::Local(send), args: sources, dst, join }, saved: saved.clone(), defined: self.defined.clone(), line });
        self.keep_only(&saved);
        self.define(dst);
    }

    /// After a join with a slow path only saved registers are certain.
    fn keep_only(&mut self, saved: &[u16]) {
        self.defined = Defined::default();
        for x in saved {
            self.defined.set(*x);
        }
    }

    fn compare(&mut self, index: usize, op: &Op) {
        let Op::Compare { op: test, args, swapped, target, when, send, not_boolean, line } = op else { return };
        let saved = self.live_across(index);
        let sources: Vec<Src> = args.iter().map(|arg| self.src(arg)).collect();
        let (entry, join) = (self.module.label(), self.module.label());
        self.push(Instr::Test { op: TestOp::IsNumber, fail: entry, args: vec![sources[0].clone()] });
        let defined = self.defined.clone();
        self.keep_only(&saved);
        self.jump_to(*target);
        let target = self.label(*target);
        // A test jumps when it fails, so jumping on success needs the opposite test.
        let test = if *when { opposite(*test) } else { *test };
        let mut operands = sources.clone();
        if *swapped {
            operands.reverse();
        }
        self.push(Instr::Test { op: test, fail: target, args: operands });
        self.push(Instr::Label(join));
        let (on_true, on_false) = if *when { (target, join) } else { (join, target) };
        let kind = SlowKind::Decide { send: *send, args: sources, on_true, on_false, not_boolean: not_boolean.clone() };
        self.slow.push(SlowPath { entry, kind, saved, defined, line: *line });
    }

    fn branch(&mut self, value: &Val, target: L, when: bool, not_boolean: &NotBoolean, line: LineId) {
        let src = self.src(value);
        self.jump_to(target);
        let target = self.label(target);
        let (bad, next) = (self.module.label(), self.module.label());
        let (on_true, on_false) = if when { (target, next) } else { (next, target) };
        self.push(Instr::SelectVal { src: src.clone(), fail: bad, cases: vec![(Src::Atom("true".into()), on_true), (Src::Atom("false".into()), on_false)] });
        self.push(Instr::Label(next));
        self.slow.push(SlowPath { entry: bad, kind: SlowKind::NotBoolean { value: src, not_boolean: not_boolean.clone() }, saved: Vec::new(), defined: self.defined.clone(), line });
    }

    fn value_field(&mut self, index: usize, dst: V, object: V, name: &SmolStr, line: LineId) {
        let (entry, join) = (self.module.label(), self.module.label());
        let (object, dst) = (self.reg(object), self.dst(dst));
        let saved = self.saved(index, dst);
        self.push(Instr::Test { op: TestOp::IsMap, fail: entry, args: vec![Src::Reg(object)] });
        self.push(Instr::GetMapElements { fail: entry, src: object, pairs: vec![(Src::Atom(name.clone()), dst)] });
        self.push(Instr::Label(join));
        let callee = Callee::External(external("beamtalk_object", "missing_field", 2));
        let args = vec![Src::Reg(object), Src::Atom(name.clone())];
        self.slow.push(SlowPath { entry, kind: SlowKind::Call { callee, args, dst, join }, saved: saved.clone(), defined: self.defined.clone(), line });
        self.keep_only(&saved);
        self.define(dst);
    }

    fn actor_field(&mut self, index: usize, dst: V, actor: V, name: &SmolStr, line: LineId) {
        let (entry, join) = (self.module.label(), self.module.label());
        let (actor, dst) = (self.reg(actor), self.dst(dst));
        let saved = self.saved(index, dst);
        let defined = self.defined.clone();
        self.push(Instr::IsTaggedTuple { fail: entry, src: actor, arity: 3, tag: "$actor".into() });
        self.push(Instr::GetTupleElement { src: actor, index: 2, dst });
        self.push(Instr::Bif { fail: None, name: "get".into(), args: vec![Src::Reg(dst)], dst });
        self.push(Instr::Test { op: TestOp::IsMap, fail: entry, args: vec![Src::Reg(dst)] });
        self.push(Instr::GetMapElements { fail: entry, src: dst, pairs: vec![(Src::Atom(name.clone()), dst)] });
        self.push(Instr::Label(join));
        let callee = Callee::External(external("beamtalk_actor", "get_field", 2));
        let args = vec![Src::Reg(actor), Src::Atom(name.clone())];
        self.slow.push(SlowPath { entry, kind: SlowKind::Call { callee, args, dst, join }, saved: saved.clone(), defined, line });
        self.keep_only(&saved);
        self.define(dst);
    }

    fn cell_get(&mut self, index: usize, dst: V, cell: V, line: LineId) {
        let (entry, join) = (self.module.label(), self.module.label());
        let (cell, dst) = (self.reg(cell), self.dst(dst));
        let saved = self.saved(index, dst);
        let defined = self.defined.clone();
        self.push(Instr::Bif { fail: None, name: "get".into(), args: vec![Src::Reg(cell)], dst });
        self.push(Instr::Test { op: TestOp::IsNeExact, fail: entry, args: vec![Src::Reg(dst), Src::Atom("undefined".into())] });
        self.push(Instr::Label(join));
        let callee = Callee::External(external("beamtalk_frame", "read_lost", 1));
        self.slow.push(SlowPath { entry, kind: SlowKind::Call { callee, args: vec![Src::Reg(cell)], dst, join }, saved: saved.clone(), defined, line });
        self.keep_only(&saved);
        self.define(dst);
    }

    // ---- slow paths ----------------------------------------------------------------------------------

    fn slow_path(&mut self, path: SlowPath) {
        self.push(Instr::Label(path.entry));
        self.defined = path.defined;
        match path.kind {
            SlowKind::Call { callee, args, dst, join } => {
                let base = self.save(&path.saved, &args);
                self.arguments(&args);
                let arity = args.len();
                self.call(&callee, arity, path.line);
                if dst != Reg::X(0) {
                    self.push(Instr::Move { src: Src::Reg(Reg::X(0)), dst });
                }
                self.restore(&path.saved, base);
                self.push(Instr::Jump(join));
            }
            SlowKind::Decide { send, args, on_true, on_false, not_boolean } => {
                let base = self.save(&path.saved, &args);
                self.arguments(&args);
                self.call(&Callee::Local(send), args.len(), path.line);
                let (not_true, bad) = (self.module.label(), self.module.label());
                self.push(Instr::Test { op: TestOp::IsEqExact, fail: not_true, args: vec![Src::Reg(Reg::X(0)), Src::Atom("true".into())] });
                self.restore(&path.saved, base);
                self.push(Instr::Jump(on_true));
                self.push(Instr::Label(not_true));
                self.push(Instr::Test { op: TestOp::IsEqExact, fail: bad, args: vec![Src::Reg(Reg::X(0)), Src::Atom("false".into())] });
                self.restore(&path.saved, base);
                self.push(Instr::Jump(on_false));
                self.push(Instr::Label(bad));
                self.raise_not_boolean(&Src::Reg(Reg::X(0)), &not_boolean, path.line);
                self.push(Instr::Deallocate(if self.allocation.framed { 0 } else { u16::try_from(path.saved.len()).unwrap_or(0) }));
                if self.allocation.framed {
                    self.deallocations.push(self.code.len() - 1);
                }
                self.push(Instr::Return);
            }
            SlowKind::NotBoolean { value, not_boolean } => {
                let arity = self.not_boolean_arguments(&value, &not_boolean);
                if !self.allocation.framed {
                    self.push(Instr::Allocate { stack: 0, live: arity });
                }
                self.call_not_boolean(&not_boolean, path.line);
                if self.allocation.framed {
                    self.deallocate();
                } else {
                    self.push(Instr::Deallocate(0));
                }
                self.push(Instr::Return);
            }
        }
    }

    /// Put the registers into slots; answers the first slot.
    fn save(&mut self, saved: &[u16], args: &[Src]) -> u16 {
        let base = if self.allocation.framed { self.allocation.slots } else { 0 };
        if !self.allocation.framed {
            let mut live = saved.iter().map(|x| x + 1).max().unwrap_or(0);
            for arg in args {
                if let Src::Reg(Reg::X(x)) = arg {
                    live = live.max(x + 1);
                }
            }
            self.fill(live);
            self.push(Instr::Allocate { stack: u16::try_from(saved.len()).unwrap_or(u16::MAX), live });
        }
        for (x, y) in saved.iter().zip(base..) {
            self.push(Instr::Move { src: Src::Reg(Reg::X(*x)), dst: Reg::Y(y) });
        }
        base
    }

    fn restore(&mut self, saved: &[u16], base: u16) {
        for (x, y) in saved.iter().zip(base..) {
            self.push(Instr::Move { src: Src::Reg(Reg::Y(y)), dst: Reg::X(*x) });
        }
        if !self.allocation.framed {
            self.push(Instr::Deallocate(u16::try_from(saved.len()).unwrap_or(u16::MAX)));
        }
    }

    fn not_boolean_arguments(&mut self, value: &Src, not_boolean: &NotBoolean) -> u16 {
        match not_boolean {
            NotBoolean::NotUnderstood(selector, arguments) => {
                self.arguments(&[value.clone(), Src::Atom(selector.clone()), Src::Integer(i64::from(*arguments))]);
                3
            }
            NotBoolean::Condition => {
                self.arguments(std::slice::from_ref(value));
                1
            }
        }
    }

    fn call_not_boolean(&mut self, not_boolean: &NotBoolean, line: LineId) {
        let function = match not_boolean {
            NotBoolean::NotUnderstood(..) => external("beamtalk_dispatch", "not_understood", 3),
            NotBoolean::Condition => external("beamtalk_dispatch", "non_boolean", 1),
        };
        self.line(line);
        self.push(Instr::CallExt(function));
    }

    fn raise_not_boolean(&mut self, value: &Src, not_boolean: &NotBoolean, line: LineId) {
        self.not_boolean_arguments(value, not_boolean);
        self.call_not_boolean(not_boolean, line);
    }
}

/// A function of another module.
pub fn external(module: &str, function: &str, arity: u8) -> ExternalFunction {
    ExternalFunction { module: module.into(), function: function.into(), arity }
}

fn opposite(test: TestOp) -> TestOp {
    match test {
        TestOp::IsLt => TestOp::IsGe,
        TestOp::IsGe => TestOp::IsLt,
        TestOp::IsEq => TestOp::IsNe,
        TestOp::IsNe => TestOp::IsEq,
        TestOp::IsEqExact => TestOp::IsNeExact,
        TestOp::IsNeExact => TestOp::IsEqExact,
        other => other,
    }
}
