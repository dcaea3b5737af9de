//! The instructions a compiler emits: a typed subset of OTP 25's generic instructions.
//!
//! Source of names, operands and rules: OTP 25 `lib/compiler/src/genop.tab`, `beam_asm.erl`,
//! `beam_validator.erl`.

use smol_str::SmolStr;
use std::sync::Arc;

use crate::Term;

/// A position in a module's code; unique within the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

/// A register: `X` are scratch and arguments (die at every call), `Y` live in the stack frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reg {
    /// Argument and scratch register.
    X(u16),
    /// Stack slot.
    Y(u16),
}

/// An operand that is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Src {
    /// A register.
    Reg(Reg),
    /// An atom.
    Atom(SmolStr),
    /// An integer; ones that do not fit a small operand are put into the literal pool by the assembler.
    Integer(i64),
    /// `[]`
    Nil,
    /// Any other constant; equal literals share a pool entry.
    Literal(Arc<Term>),
}

impl From<Reg> for Src {
    fn from(reg: Reg) -> Self {
        Self::Reg(reg)
    }
}

/// `module:function/arity` of another module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalFunction {
    /// Module.
    pub module: SmolStr,
    /// Function.
    pub function: SmolStr,
    /// Number of arguments.
    pub arity: u8,
}

/// A test that falls through when it holds and jumps when it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named after the instructions of genop.tab")]
pub enum TestOp {
    IsLt,
    IsGe,
    IsEq,
    IsNe,
    IsEqExact,
    IsNeExact,
    IsInteger,
    IsFloat,
    IsNumber,
    IsAtom,
    IsPid,
    IsReference,
    IsPort,
    IsNil,
    IsBinary,
    IsBitstr,
    IsList,
    IsNonemptyList,
    IsTuple,
    IsBoolean,
    IsFunction,
    /// Arguments: the term, the arity.
    IsFunction2,
    IsMap,
}

/// Type of a binary segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the types of the bit syntax")]
pub enum SegmentType {
    Integer,
    Float,
    Binary,
    Utf8,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named after the instructions of genop.tab; operands as there")]
pub enum Instr {
    Label(Label),
    /// A place for stack traces: index into [`crate::Module::lines`], from 1.
    Line(u32),
    Move {
        src: Src,
        dst: Reg,
    },
    Swap {
        a: Reg,
        b: Reg,
    },
    InitYregs(Vec<u16>),
    Allocate {
        stack: u16,
        live: u16,
    },
    Deallocate(u16),
    /// Guarantees heap space for the constructors that follow: words for tuples and conses, and funs.
    TestHeap {
        words: u32,
        funs: u32,
        live: u16,
    },
    Call {
        arity: u8,
        target: Label,
    },
    CallOnly {
        arity: u8,
        target: Label,
    },
    CallLast {
        arity: u8,
        target: Label,
        deallocate: u16,
    },
    CallExt(ExternalFunction),
    CallExtOnly(ExternalFunction),
    CallExtLast {
        function: ExternalFunction,
        deallocate: u16,
    },
    /// Arguments in `x0..`, module in `x(arity)`, function in `x(arity+1)`.
    Apply {
        arity: u8,
    },
    ApplyLast {
        arity: u8,
        deallocate: u16,
    },
    /// Fun in `x(arity)`.
    CallFun {
        arity: u8,
    },
    Return,
    Jump(Label),
    Test {
        op: TestOp,
        fail: Label,
        args: Vec<Src>,
    },
    /// `src` is a tuple of `arity` elements whose first is the atom `tag`.
    IsTaggedTuple {
        fail: Label,
        src: Reg,
        arity: u32,
        tag: SmolStr,
    },
    TestArity {
        fail: Label,
        src: Reg,
        arity: u32,
    },
    SelectVal {
        src: Src,
        fail: Label,
        cases: Vec<(Src, Label)>,
    },
    SelectTupleArity {
        src: Reg,
        fail: Label,
        cases: Vec<(u32, Label)>,
    },
    GetTupleElement {
        src: Reg,
        index: u32,
        dst: Reg,
    },
    GetList {
        src: Reg,
        head: Reg,
        tail: Reg,
    },
    GetHd {
        src: Reg,
        dst: Reg,
    },
    GetTl {
        src: Reg,
        dst: Reg,
    },
    PutList {
        head: Src,
        tail: Src,
        dst: Reg,
    },
    PutTuple2 {
        dst: Reg,
        elements: Vec<Src>,
    },
    /// `fail` is label 0 (raise `badmap`) when `None`.
    PutMapAssoc {
        fail: Option<Label>,
        src: Src,
        dst: Reg,
        live: u16,
        pairs: Vec<(Src, Src)>,
    },
    PutMapExact {
        fail: Option<Label>,
        src: Src,
        dst: Reg,
        live: u16,
        pairs: Vec<(Src, Src)>,
    },
    GetMapElements {
        fail: Label,
        src: Reg,
        pairs: Vec<(Src, Reg)>,
    },
    HasMapFields {
        fail: Label,
        src: Reg,
        keys: Vec<Src>,
    },
    /// Index into [`crate::Module::lambdas`].
    MakeFun3 {
        lambda: u32,
        dst: Reg,
        free: Vec<Src>,
    },
    /// A guard BIF that does not build terms: `element/2`, `get/1`, `self/0`, `hd/1`, comparisons as values …
    Bif {
        fail: Option<Label>,
        name: SmolStr,
        args: Vec<Src>,
        dst: Reg,
    },
    /// A guard BIF that may build terms: arithmetic, `length/1`, `map_size/1` …
    GcBif {
        fail: Option<Label>,
        name: SmolStr,
        live: u16,
        args: Vec<Src>,
        dst: Reg,
    },
    /// Starts a protected region; `y` holds the tag.
    Try {
        y: u16,
        handler: Label,
    },
    TryEnd(u16),
    /// First instruction of a handler: class, reason, raw trace arrive in `x0`, `x1`, `x2`.
    TryCase(u16),
    TryCaseEnd(Src),
    /// `x0` class, `x1` reason, `x2` raw trace: raises again.
    RawRaise,
    /// Turns the raw trace in `x0` into a stack trace list in `x0`.
    BuildStacktrace,
    Badmatch(Src),
    CaseEnd(Src),
    IfEnd,
    /// Builds a binary from whole-byte pieces: each an integer segment of 8 bits, or a whole binary.
    BsCreateBin {
        fail: Option<Label>,
        live: u16,
        unit: u8,
        dst: Reg,
        segments: Vec<BinSegment>,
    },
    /// Starts matching; `dst` is a match context. Fails on non-bitstrings.
    BsStartMatch4 {
        fail: Label,
        live: u16,
        src: Src,
        dst: Reg,
    },
    BsGetInteger2 {
        fail: Label,
        context: Reg,
        live: u16,
        size: Src,
        unit: u8,
        flags: u8,
        dst: Reg,
    },
    BsGetFloat2 {
        fail: Label,
        context: Reg,
        live: u16,
        size: Src,
        unit: u8,
        flags: u8,
        dst: Reg,
    },
    BsGetBinary2 {
        fail: Label,
        context: Reg,
        live: u16,
        size: Src,
        unit: u8,
        flags: u8,
        dst: Reg,
    },
    BsGetUtf8 {
        fail: Label,
        context: Reg,
        live: u16,
        flags: u8,
        dst: Reg,
    },
    BsSkipBits2 {
        fail: Label,
        context: Reg,
        size: Src,
        unit: u8,
        flags: u8,
    },
    BsTestTail2 {
        fail: Label,
        context: Reg,
        bits: u32,
    },
    BsTestUnit {
        fail: Label,
        context: Reg,
        unit: u8,
    },
    BsGetTail {
        context: Reg,
        dst: Reg,
        live: u16,
    },
    BsMatchString {
        fail: Label,
        context: Reg,
        bytes: Vec<u8>,
    },
}

/// A segment of [`Instr::BsCreateBin`].
#[derive(Clone, Debug, PartialEq)]
pub struct BinSegment {
    /// How the value is encoded.
    pub kind: SegmentType,
    /// The value.
    pub value: Src,
    /// Size in units; `None` is `all` (binaries) or unused (utf8).
    pub size: Option<Src>,
    /// Unit of the size in bits.
    pub unit: u8,
}
