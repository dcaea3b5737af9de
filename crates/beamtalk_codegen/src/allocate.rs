//! Register allocation of one function by linear scan.
//!
//! A virtual register that lives across a call gets a Y register (a slot of the stack frame), any other an X register. The
//! textual order of the instructions is enough to go by, as jumps go forward only (`ir.rs`).

use beamtalk_beam::Reg;

use crate::ir::{FunctionIr, Op, V, Val};

/// The highest X register the allocator hands out; above are scratch registers.
const MAX_X: u16 = 240;
/// The highest Y register: the VM's limit is 1023, some are kept for saves.
const MAX_Y: u16 = 700;

#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) hint: Option<u16>,
}

#[derive(Debug)]
pub(super) struct Allocation {
    pub(super) intervals: Vec<Interval>,
    pub(super) homes: Vec<Option<Reg>>,
    /// Number of Y registers.
    pub(super) slots: u16,
    /// Whether the function has a stack frame.
    pub(super) framed: bool,
    /// Virtual registers that have X homes and live across instruction `i`, for instructions with slow paths.
    pub(super) scratch: u16,
}

impl Allocation {
    pub(super) fn new(ir: &FunctionIr) -> Option<Self> {
        let intervals = intervals(ir);
        let mut in_frame = vec![false; ir.registers as usize];
        let mut framed = false;
        let clobbers: Vec<i64> = ir
            .ops
            .iter()
            .enumerate()
            .filter(|(_, op)| op.clobbers())
            .map(|(index, _)| position(index))
            .collect();
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

    pub(super) fn scan(&mut self, ir: &FunctionIr, in_frame: &mut [bool]) -> Option<()> {
        let mut order: Vec<usize> = (0..self.intervals.len())
            .filter(|v| self.intervals[*v].end >= self.intervals[*v].start)
            .collect();
        order.sort_by_key(|v| (self.intervals[*v].start, *v));
        let mut active: Vec<(i64, Reg)> = Vec::new();
        let mut x_free = FreeList::default();
        let mut y_free = FreeList::default();
        let parameters = ir.parameters as usize;
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
            let is_parameter = v < parameters && interval.start < 0;
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

    pub(super) fn home(&self, v: V) -> Option<Reg> {
        self.homes[v.0 as usize]
    }
}

/// Instructions are numbered by twos, so that "just after" is a position of its own.
pub(super) fn position(index: usize) -> i64 {
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
        let late = matches!(
            op,
            Op::ActorField { .. }
                | Op::CellGet { .. }
                | Op::Catch { .. }
                | Op::Branch { .. }
                | Op::Compare { .. }
        );
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
pub(super) struct FreeList {
    pub(super) taken: Vec<bool>,
    pub(super) high: u16,
}

impl FreeList {
    pub(super) fn take(&mut self, n: u16) {
        let index = usize::from(n);
        if self.taken.len() <= index {
            self.taken.resize(index + 1, false);
        }
        self.taken[index] = true;
        self.high = self.high.max(n + 1);
    }

    pub(super) fn give(&mut self, n: u16) {
        if let Some(slot) = self.taken.get_mut(usize::from(n)) {
            *slot = false;
        }
    }

    pub(super) fn is_free(&self, n: u16) -> bool {
        !self.taken.get(usize::from(n)).copied().unwrap_or(false)
    }

    pub(super) fn lowest(&self) -> u16 {
        u16::try_from(self.taken.iter().position(|taken| !taken).unwrap_or(self.taken.len()))
            .unwrap_or(u16::MAX)
    }

    pub(super) fn first(&self) -> u16 {
        self.lowest()
    }
}
