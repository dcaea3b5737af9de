//! Slow paths: out of line, they save the X registers that live across the operation, call, and go back.

use beamtalk_beam::{Instr, Label, Reg, Src, TestOp};

use crate::emit::{Defined, Emitter, external};
use crate::ir::{Callee, LineId, NotBoolean};

pub(super) struct SlowPath {
    pub(super) entry: Label,
    pub(super) kind: SlowKind,
    /// X registers to preserve.
    pub(super) saved: Vec<u16>,
    pub(super) defined: Defined,
    pub(super) line: LineId,
}

pub(super) enum SlowKind {
    /// Call, put the answer into the register, go back.
    Call { callee: Callee, args: Vec<Src>, dst: Reg, join: Label },
    /// Call, decide by the Boolean answer.
    Decide { send: Label, args: Vec<Src>, on_true: Label, on_false: Label, not_boolean: NotBoolean },
    /// The value is no Boolean: raise.
    NotBoolean { value: Src, not_boolean: NotBoolean },
}

impl Emitter<'_> {
    pub(super) fn slow_path(&mut self, path: SlowPath) {
        self.push(Instr::Label(path.entry));
        self.defined = path.defined;
        match path.kind {
            SlowKind::Call { callee, args, dst, join } => {
                let base = self.save(&path.saved, &args);
                let arity = args.len();
                self.arguments(args);
                self.call(&callee, arity, path.line);
                if dst != Reg::X(0) {
                    self.push(Instr::Move { src: Src::Reg(Reg::X(0)), dst });
                }
                self.restore(&path.saved, base);
                self.push(Instr::Jump(join));
            }
            SlowKind::Decide { send, args, on_true, on_false, not_boolean } => {
                let base = self.save(&path.saved, &args);
                let arity = args.len();
                self.arguments(args);
                self.call(&Callee::Local(send), arity, path.line);
                let (not_true, bad) = (self.module.label(), self.module.label());
                self.push(Instr::Test {
                    op: TestOp::IsEqExact,
                    fail: not_true,
                    args: vec![Src::Reg(Reg::X(0)), Src::Atom("true".into())],
                });
                self.restore(&path.saved, base);
                self.push(Instr::Jump(on_true));
                self.push(Instr::Label(not_true));
                self.push(Instr::Test {
                    op: TestOp::IsEqExact,
                    fail: bad,
                    args: vec![Src::Reg(Reg::X(0)), Src::Atom("false".into())],
                });
                self.restore(&path.saved, base);
                self.push(Instr::Jump(on_false));
                self.push(Instr::Label(bad));
                self.raise_not_boolean(&Src::Reg(Reg::X(0)), &not_boolean, path.line);
                self.push(Instr::Deallocate(if self.allocation.framed {
                    0
                } else {
                    u16::try_from(path.saved.len()).unwrap_or(0)
                }));
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
    pub(super) fn save(&mut self, saved: &[u16], args: &[Src]) -> u16 {
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

    pub(super) fn restore(&mut self, saved: &[u16], base: u16) {
        for (x, y) in saved.iter().zip(base..) {
            self.push(Instr::Move { src: Src::Reg(Reg::Y(y)), dst: Reg::X(*x) });
        }
        if !self.allocation.framed {
            self.push(Instr::Deallocate(u16::try_from(saved.len()).unwrap_or(u16::MAX)));
        }
    }

    pub(super) fn not_boolean_arguments(&mut self, value: &Src, not_boolean: &NotBoolean) -> u16 {
        match not_boolean {
            NotBoolean::NotUnderstood(selector, arguments) => {
                self.arguments([
                    value.clone(),
                    Src::Atom(selector.clone()),
                    Src::Integer(i64::from(*arguments)),
                ]);
                3
            }
            NotBoolean::Condition => {
                self.arguments([value.clone()]);
                1
            }
        }
    }

    pub(super) fn call_not_boolean(&mut self, not_boolean: &NotBoolean, line: LineId) {
        let function = match not_boolean {
            NotBoolean::NotUnderstood(..) => external("beamtalk_dispatch", "not_understood", 3),
            NotBoolean::Condition => external("beamtalk_dispatch", "non_boolean", 1),
        };
        self.line(line);
        self.push(Instr::CallExt(function));
    }

    pub(super) fn raise_not_boolean(&mut self, value: &Src, not_boolean: &NotBoolean, line: LineId) {
        self.not_boolean_arguments(value, not_boolean);
        self.call_not_boolean(not_boolean, line);
    }
}
