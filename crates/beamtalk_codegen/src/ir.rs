//! The intermediate form of one function: instructions on virtual registers in A-normal form.
//!
//! Jumps go forward only; loops are functions of their own. So the place of a virtual register's first definition and of
//! its last use, in textual order, enclose its life, and one pass allocates registers (`emit.rs`).

use std::sync::Arc;

use beamtalk_beam::{ExternalFunction, Label, Term, TestOp};
use smol_str::SmolStr;

/// A virtual register. It may be assigned more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct V(pub u32);

/// A label of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct L(pub u32);

/// An operand.
#[derive(Clone, Debug)]
pub enum Val {
    /// A virtual register.
    V(V),
    /// An atom.
    Atom(SmolStr),
    /// A small integer.
    Int(i64),
    /// `[]`
    Nil,
    /// Any other constant.
    Lit(Arc<Term>),
}

impl From<V> for Val {
    fn from(v: V) -> Self {
        Self::V(v)
    }
}

impl Val {
    pub fn atom(name: &str) -> Self {
        Self::Atom(name.into())
    }
}

/// What a call goes to.
#[derive(Clone, Debug)]
pub enum Callee {
    /// A function of this module.
    Local(Label),
    /// A function of another module.
    External(ExternalFunction),
    /// The fun in the last argument.
    Fun,
}

/// What happens when a condition is no Boolean.
#[derive(Clone, Debug)]
pub enum NotBoolean {
    /// The receiver of this message does not understand it: selector, argument count.
    NotUnderstood(SmolStr, u8),
    /// A loop condition: `TypeError`.
    Condition,
}

/// A place for stack traces: index into the module's lines from 1; 0 is none.
pub type LineId = u32;

/// One instruction.
#[derive(Clone, Debug)]
pub enum Op {
    Label(L),
    Jump(L),
    Move {
        dst: V,
        src: Val,
    },
    Call {
        dst: V,
        callee: Callee,
        args: Vec<Val>,
        line: LineId,
    },
    TailCall {
        callee: Callee,
        args: Vec<Val>,
        line: LineId,
    },
    Return(Val),
    /// Falls through when the test holds.
    Test {
        op: TestOp,
        args: Vec<Val>,
        fail: L,
    },
    TaggedTuple {
        src: V,
        arity: u32,
        tag: SmolStr,
        fail: L,
    },
    TupleArity {
        src: V,
        arity: u32,
        fail: L,
    },
    /// A guard BIF that cannot fail, or raises.
    Bif {
        dst: V,
        name: &'static str,
        args: Vec<Val>,
        line: LineId,
    },
    /// A guard BIF that may build terms and cannot fail, or raises.
    GcBif {
        dst: V,
        name: SmolStr,
        args: Vec<Val>,
        line: LineId,
    },
    /// Native arithmetic; where it fails, the message.
    Arith {
        dst: V,
        name: &'static str,
        args: Vec<Val>,
        send: Label,
        line: LineId,
    },
    /// Numbers: jumps to `target` when the comparison's outcome is `when`; other receivers (the first operand): the
    /// message decides. The test gets its operands in the other order when `swapped`.
    Compare {
        op: TestOp,
        args: [Val; 2],
        swapped: bool,
        target: L,
        when: bool,
        send: Label,
        not_boolean: NotBoolean,
        line: LineId,
    },
    /// Jumps to `target` when the value is `when`, falls through when it is the other Boolean.
    Branch {
        value: Val,
        target: L,
        when: bool,
        not_boolean: NotBoolean,
        line: LineId,
    },
    Element {
        dst: V,
        src: V,
        index: u32,
    },
    /// A map's value; `src` must be known to be a map.
    MapGet {
        dst: V,
        src: V,
        key: Val,
        fail: L,
    },
    MapPut {
        dst: V,
        src: Val,
        pairs: Vec<(Val, Val)>,
    },
    /// A slot of a value object, inline, with the runtime's help where it is absent.
    ValueField {
        dst: V,
        object: V,
        name: SmolStr,
        line: LineId,
    },
    /// A slot of the actor that runs here.
    ActorField {
        dst: V,
        actor: V,
        name: SmolStr,
        line: LineId,
    },
    /// The value of a cell.
    CellGet {
        dst: V,
        cell: V,
        line: LineId,
    },
    Cons {
        dst: V,
        head: Val,
        tail: Val,
    },
    Head {
        dst: V,
        src: V,
    },
    Tail {
        dst: V,
        src: V,
    },
    Tuple {
        dst: V,
        elements: Vec<Val>,
    },
    MakeFun {
        dst: V,
        lambda: u32,
        free: Vec<Val>,
    },
    /// Starts a protected region.
    Try {
        tag: V,
        handler: L,
    },
    TryEnd {
        tag: V,
    },
    /// Start of the handler.
    Catch {
        tag: V,
        class: V,
        reason: V,
        trace: V,
    },
    Reraise {
        class: V,
        reason: V,
        trace: V,
    },
}

impl Op {
    /// The label it may jump to, if any.
    pub fn target(&self) -> Option<L> {
        match self {
            Self::Jump(l) => Some(*l),
            Self::Test { fail, .. }
            | Self::TaggedTuple { fail, .. }
            | Self::TupleArity { fail, .. }
            | Self::MapGet { fail, .. } => Some(*fail),
            Self::Compare { target, .. } | Self::Branch { target, .. } => Some(*target),
            Self::Try { handler, .. } => Some(*handler),
            _ => None,
        }
    }

    /// Whether control does not go on to the next instruction.
    pub fn ends(&self) -> bool {
        matches!(self, Self::Jump(_) | Self::TailCall { .. } | Self::Return(_) | Self::Reraise { .. })
    }

    /// Whether all X registers die here.
    pub fn clobbers(&self) -> bool {
        matches!(self, Self::Call { .. } | Self::TailCall { .. } | Self::Catch { .. })
    }

    /// Visit the registers that it defines.
    pub fn defs(&self, mut visit: impl FnMut(V)) {
        match self {
            Self::Move { dst, .. }
            | Self::Call { dst, .. }
            | Self::Bif { dst, .. }
            | Self::GcBif { dst, .. }
            | Self::Arith { dst, .. }
            | Self::Element { dst, .. }
            | Self::MapGet { dst, .. }
            | Self::MapPut { dst, .. }
            | Self::ValueField { dst, .. }
            | Self::ActorField { dst, .. }
            | Self::CellGet { dst, .. }
            | Self::Cons { dst, .. }
            | Self::Head { dst, .. }
            | Self::Tail { dst, .. }
            | Self::Tuple { dst, .. }
            | Self::MakeFun { dst, .. } => visit(*dst),
            Self::Try { tag, .. } => visit(*tag),
            Self::Catch { class, reason, trace, .. } => {
                visit(*class);
                visit(*reason);
                visit(*trace);
            }
            Self::Label(_)
            | Self::Jump(_)
            | Self::TailCall { .. }
            | Self::Return(_)
            | Self::Test { .. }
            | Self::TaggedTuple { .. }
            | Self::TupleArity { .. }
            | Self::Compare { .. }
            | Self::Branch { .. }
            | Self::TryEnd { .. }
            | Self::Reraise { .. } => {}
        }
    }

    /// Visit the registers that it uses.
    pub fn uses(&self, mut visit: impl FnMut(V)) {
        let mut val = |val: &Val| {
            if let Val::V(v) = val {
                visit(*v);
            }
        };
        match self {
            Self::Label(_) | Self::Jump(_) | Self::Try { .. } => {}
            Self::Move { src, .. } | Self::Return(src) => val(src),
            Self::Call { args, .. }
            | Self::TailCall { args, .. }
            | Self::Test { args, .. }
            | Self::Bif { args, .. }
            | Self::GcBif { args, .. }
            | Self::Arith { args, .. } => {
                args.iter().for_each(val);
            }
            Self::Compare { args, .. } => args.iter().for_each(val),
            Self::Branch { value, .. } => val(value),
            Self::TaggedTuple { src, .. }
            | Self::TupleArity { src, .. }
            | Self::Element { src, .. }
            | Self::Head { src, .. }
            | Self::Tail { src, .. } => visit(*src),
            Self::MapGet { src, key, .. } => {
                val(key);
                visit(*src);
            }
            Self::MapPut { src, pairs, .. } => {
                val(src);
                for (key, value) in pairs {
                    val(key);
                    val(value);
                }
            }
            Self::ValueField { object, .. } => visit(*object),
            Self::ActorField { actor, .. } => visit(*actor),
            Self::CellGet { cell, .. } => visit(*cell),
            Self::Cons { head, tail, .. } => {
                val(head);
                val(tail);
            }
            Self::Tuple { elements, .. } => elements.iter().for_each(val),
            Self::MakeFun { free, .. } => free.iter().for_each(val),
            Self::TryEnd { tag } | Self::Catch { tag, .. } => visit(*tag),
            Self::Reraise { class, reason, trace } => {
                visit(*class);
                visit(*reason);
                visit(*trace);
            }
        }
    }
}

/// A function to be emitted.
#[derive(Debug, Default)]
pub struct FunctionIr {
    /// Its instructions.
    pub ops: Vec<Op>,
    /// Number of virtual registers; the first are the parameters.
    pub registers: u32,
    /// Number of parameters.
    pub parameters: u32,
    /// Number of labels.
    pub labels: u32,
}
