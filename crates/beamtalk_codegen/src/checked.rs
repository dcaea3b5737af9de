//! Operations that are native where their operands allow it, and go to a slow path where not.

use beamtalk_beam::{Instr, Label, Src, TestOp};
use smol_str::SmolStr;

use crate::emit::{Defined, Emitter, external};
use crate::ir::{Callee, L, LineId, NotBoolean, Op, V, Val};
use crate::slow::{SlowKind, SlowPath};

impl Emitter<'_> {
    #[allow(clippy::too_many_arguments, reason = "the operation's own operands")]
    pub(super) fn arith(
        &mut self,
        index: usize,
        op: &Op,
        dst: V,
        name: &str,
        args: &[Val],
        send: Label,
        line: LineId,
    ) {
        let live = self.live(index, op);
        let sources: Vec<Src> = args.iter().map(|arg| self.src(arg)).collect();
        let dst = self.dst(dst);
        let saved = self.saved(index, dst);
        let (entry, join) = (self.module.label(), self.module.label());
        if matches!(name, "<" | ">" | "=<" | ">=") {
            // The VM orders all terms; only numbers are ordered without asking their class.
            self.push(Instr::Test { op: TestOp::IsNumber, fail: entry, args: vec![sources[0].clone()] });
            self.push(Instr::Bif { fail: None, name: name.into(), args: sources.clone(), dst });
        } else {
            self.push(Instr::GcBif {
                fail: Some(entry),
                name: name.into(),
                live,
                args: sources.clone(),
                dst,
            });
        }
        self.push(Instr::Label(join));
        self.slow.push(SlowPath {
            entry,
            kind: SlowKind::Call { callee: Callee::Local(send), args: sources, dst, join },
            saved: saved.clone(),
            defined: self.defined.clone(),
            line,
        });
        self.keep_only(&saved);
        self.define(dst);
    }

    /// After a join with a slow path only saved registers are certain.
    pub(super) fn keep_only(&mut self, saved: &[u16]) {
        self.defined = Defined::default();
        for x in saved {
            self.defined.set(*x);
        }
    }

    pub(super) fn compare(&mut self, index: usize, op: &Op) {
        let Op::Compare { op: test, args, swapped, target, when, send, not_boolean, line } = op else {
            return;
        };
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
        let kind = SlowKind::Decide {
            send: *send,
            args: sources,
            on_true,
            on_false,
            not_boolean: not_boolean.clone(),
        };
        self.slow.push(SlowPath { entry, kind, saved, defined, line: *line });
    }

    pub(super) fn branch(
        &mut self,
        value: &Val,
        target: L,
        when: bool,
        not_boolean: &NotBoolean,
        line: LineId,
    ) {
        let src = self.src(value);
        self.jump_to(target);
        let target = self.label(target);
        let (bad, next) = (self.module.label(), self.module.label());
        let (on_true, on_false) = if when { (target, next) } else { (next, target) };
        self.push(Instr::SelectVal {
            src: src.clone(),
            fail: bad,
            cases: vec![(Src::Atom("true".into()), on_true), (Src::Atom("false".into()), on_false)],
        });
        self.push(Instr::Label(next));
        self.slow.push(SlowPath {
            entry: bad,
            kind: SlowKind::NotBoolean { value: src, not_boolean: not_boolean.clone() },
            saved: Vec::new(),
            defined: self.defined.clone(),
            line,
        });
    }

    pub(super) fn value_field(&mut self, index: usize, dst: V, object: V, name: &SmolStr, line: LineId) {
        let (entry, join) = (self.module.label(), self.module.label());
        let (object, dst) = (self.reg(object), self.dst(dst));
        let saved = self.saved(index, dst);
        self.push(Instr::Test { op: TestOp::IsMap, fail: entry, args: vec![Src::Reg(object)] });
        self.push(Instr::GetMapElements {
            fail: entry,
            src: object,
            pairs: vec![(Src::Atom(name.clone()), dst)],
        });
        self.push(Instr::Label(join));
        let callee = Callee::External(external("beamtalk_object", "missing_field", 2));
        let args = vec![Src::Reg(object), Src::Atom(name.clone())];
        self.slow.push(SlowPath {
            entry,
            kind: SlowKind::Call { callee, args, dst, join },
            saved: saved.clone(),
            defined: self.defined.clone(),
            line,
        });
        self.keep_only(&saved);
        self.define(dst);
    }

    pub(super) fn actor_field(&mut self, index: usize, dst: V, actor: V, name: &SmolStr, line: LineId) {
        let (entry, join) = (self.module.label(), self.module.label());
        let (actor, dst) = (self.reg(actor), self.dst(dst));
        let saved = self.saved(index, dst);
        let defined = self.defined.clone();
        self.push(Instr::IsTaggedTuple { fail: entry, src: actor, arity: 3, tag: "$actor".into() });
        self.push(Instr::GetTupleElement { src: actor, index: 2, dst });
        self.push(Instr::Bif { fail: None, name: "get".into(), args: vec![Src::Reg(dst)], dst });
        self.push(Instr::Test { op: TestOp::IsMap, fail: entry, args: vec![Src::Reg(dst)] });
        self.push(Instr::GetMapElements {
            fail: entry,
            src: dst,
            pairs: vec![(Src::Atom(name.clone()), dst)],
        });
        self.push(Instr::Label(join));
        let callee = Callee::External(external("beamtalk_actor", "get_field", 2));
        let args = vec![Src::Reg(actor), Src::Atom(name.clone())];
        self.slow.push(SlowPath {
            entry,
            kind: SlowKind::Call { callee, args, dst, join },
            saved: saved.clone(),
            defined,
            line,
        });
        self.keep_only(&saved);
        self.define(dst);
    }

    pub(super) fn cell_get(&mut self, index: usize, dst: V, cell: V, line: LineId) {
        let (entry, join) = (self.module.label(), self.module.label());
        let (cell, dst) = (self.reg(cell), self.dst(dst));
        let saved = self.saved(index, dst);
        let defined = self.defined.clone();
        self.push(Instr::Bif { fail: None, name: "get".into(), args: vec![Src::Reg(cell)], dst });
        self.push(Instr::Test {
            op: TestOp::IsNeExact,
            fail: entry,
            args: vec![Src::Reg(dst), Src::Atom("undefined".into())],
        });
        self.push(Instr::Label(join));
        let callee = Callee::External(external("beamtalk_frame", "read_lost", 1));
        self.slow.push(SlowPath {
            entry,
            kind: SlowKind::Call { callee, args: vec![Src::Reg(cell)], dst, join },
            saved: saved.clone(),
            defined,
            line,
        });
        self.keep_only(&saved);
        self.define(dst);
    }
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
