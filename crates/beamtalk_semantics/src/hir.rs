//! The resolved form of a method body or prompt input: names are bound, control flow on literal blocks is
//! explicit, and every variable knows where it lives.
//!
//! An [`Activation`] is one run of a method, of an input, or of a real block (a closure). Control flow that
//! the compiler inlines ([`Kind::If`], [`Kind::While`] …) is no activation of its own.

use beamtalk_syntax::ast::BinarySegment;
use beamtalk_text::Span;
use num_bigint::BigInt;
use smol_str::SmolStr;

/// A variable of one [`Unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

/// An activation of one [`Unit`]; 0 is the method or input itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActivationId(pub u32);

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In a register; closures capture its value.
    Register,
    /// In a process-dictionary cell; closures capture the cell's key.
    Cell,
}

/// What is known of a variable.
#[derive(Clone, Debug)]
pub struct Var {
    /// Its name; `self` for the receiver.
    pub name: SmolStr,
    /// The activation that declares it.
    pub activation: ActivationId,
    /// Where it lives.
    pub storage: Storage,
    /// Where it is declared.
    pub span: Span,
    /// Whether it is a session variable (an input's top level).
    pub session: bool,
}

/// What is known of an activation.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The hidden variable that holds its frame token while it has cells or is a home.
    pub frame: VarId,
    /// How many activations it stands in.
    pub depth: u32,
    /// Declares at least one cell that dies with it.
    pub cells: bool,
    /// A closure that carries its cells escapes, or is held by a variable from outside, so they outlive it.
    pub keep_cells: bool,
    /// A closure that carries its cells is given to a method that may store it, so they may outlive it.
    pub watched: bool,
    /// A block returns from it by `^`.
    pub home: bool,
    /// No block but a message that is sent apart; its cells always die with it.
    pub apart: bool,
}

/// One compiled body.
#[derive(Clone, Debug)]
pub struct Unit {
    /// All variables; [`VarId`] indexes it. Where there is a receiver, it is variable 0.
    pub vars: Vec<Var>,
    /// All activations; [`ActivationId`] indexes it.
    pub activations: Vec<Activation>,
    /// Parameters, the receiver first where there is one.
    pub parameters: Vec<VarId>,
    /// The statements.
    pub body: Vec<Expr>,
    /// Whether a class method assigns class state and so runs in a transaction.
    pub writes_class_state: bool,
}

impl Unit {
    /// The variable `id`.
    #[must_use]
    pub fn var(&self, id: VarId) -> &Var {
        &self.vars[id.0 as usize]
    }
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which form.
    pub kind: Kind,
    /// Its place; the selector's for sends.
    pub span: Span,
    /// Whether evaluating it may assign a variable that lives in a register.
    pub assigns: bool,
}

/// Statements compiled in place. The value is that of the last; empty is nil.
#[derive(Clone, Debug)]
pub struct Inline {
    /// Parameters, bound by the construct.
    pub parameters: Vec<VarId>,
    /// Statements.
    pub body: Vec<Expr>,
}

/// A message sent as it is written, by a function of its own that is called in place: where control flow in place meets a
/// receiver that it is not made for. It gets the receiver, the message's values, and copies of the variables that the
/// message's blocks use; it answers the tuple of its value and the variables that they assign, or `[Value]` when a block returns.
/// The copies end with it, so a block that is used later says that it misses them; what is a cell already is shared.
#[derive(Clone, Debug)]
pub struct Apart {
    /// Its activation.
    pub activation: ActivationId,
    /// The receiver, the message's values, and the copies.
    pub parameters: Vec<VarId>,
    /// The variables that are copied, in the order of their copies.
    pub copied: Vec<VarId>,
    /// How many of them the blocks assign; they come first.
    pub assigned: usize,
    /// Other variables of enclosing activations that it uses, ascending.
    pub captures: Vec<VarId>,
    /// Answers the tuple.
    pub body: Vec<Expr>,
    /// The activation that `^` in a block unwinds to; `None` if that is the running one.
    pub home: Option<ActivationId>,
}

/// How an inlined conditional treats its branches.
#[derive(Clone, Debug)]
pub enum Branch {
    /// Run these statements.
    Inline(Inline),
    /// Answer the receiver itself.
    Receiver,
}

/// A closure.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Its activation.
    pub activation: ActivationId,
    /// Its parameters.
    pub parameters: Vec<VarId>,
    /// Variables of enclosing activations that it uses, ascending.
    pub captures: Vec<VarId>,
    /// Its statements.
    pub body: Vec<Expr>,
}

/// The forms of an expression.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "fields are named after the parts of the construct")]
pub enum Kind {
    Integer(BigInt),
    Float(f64),
    /// A code point; statically a Character.
    Character(char),
    String(String),
    /// Pieces to be joined; expressions are shown with `displayString`.
    Interpolation(Vec<Piece>),
    /// A symbol, `nil`, `true` or `false`: an atom.
    Atom(SmolStr),
    List {
        elements: Vec<Expr>,
        tail: Option<Box<Expr>>,
    },
    Array(Vec<Expr>),
    Dictionary(Vec<(Expr, Expr)>),
    Local(VarId),
    SetLocal(VarId, Box<Expr>),
    /// The assignment that brings the variable into being.
    Declare(VarId, Box<Expr>),
    /// A slot of self: instance field, actor state, or class variable by context.
    Field(SmolStr),
    SetField(SmolStr, Box<Expr>),
    /// A class known at compile time, by module.
    Class {
        module: SmolStr,
        name: SmolStr,
    },
    /// A capitalised name to be resolved at run time.
    Global(SmolStr),
    Send {
        receiver: Box<Expr>,
        selector: SmolStr,
        arguments: Vec<Expr>,
    },
    /// Starts above the class that defines the method; self is the receiver.
    SuperSend {
        selector: SmolStr,
        arguments: Vec<Expr>,
    },
    Cascade {
        receiver: Box<Expr>,
        messages: Vec<CascadeMessage>,
    },
    /// `Erlang module function: …`
    ErlangCall {
        module: SmolStr,
        function: SmolStr,
        arguments: Vec<Expr>,
    },
    Cast {
        receiver: Box<Expr>,
        selector: SmolStr,
        arguments: Vec<Expr>,
    },
    Closure(Box<Closure>),
    /// Statements in place, such as a block that is evaluated where it stands.
    Sequence(Inline),
    /// `ifTrue:` and relatives, `and:`, `or:`. `other` is for receivers that are no Booleans, if they may understand it.
    If {
        selector: SmolStr,
        condition: Box<Expr>,
        on_true: Branch,
        on_false: Branch,
        other: Option<Box<Apart>>,
    },
    /// `ifNil:` and relatives. `not_nil` has at most one parameter.
    IfNil {
        receiver: Box<Expr>,
        on_nil: Branch,
        not_nil: Branch,
    },
    /// Runs `body` as long as `condition` is `when`. Value nil.
    While {
        condition: Inline,
        when: bool,
        body: Inline,
    },
    /// Runs `body` for ever.
    Repeat(Inline),
    /// `n timesRepeat: [...]`. Value nil.
    Times {
        count: Box<Expr>,
        body: Inline,
        other: Option<Box<Apart>>,
    },
    /// `a to: z by: step do: [:i | ...]`. Value nil.
    ToDo {
        selector: SmolStr,
        from: Box<Expr>,
        to: Box<Expr>,
        step: Option<Box<Expr>>,
        body: Inline,
        other: Option<Box<Apart>>,
    },
    Match {
        scrutinee: Box<Expr>,
        arms: Vec<Arm>,
    },
    Destructure {
        pattern: Box<Pattern>,
        value: Box<Expr>,
    },
    /// `^ value` of the running activation.
    Return(Box<Expr>),
    /// `^ value` inside a closure: unwinds to that activation, the method or what stands apart in it.
    ReturnHome(ActivationId, Box<Expr>),
    /// A call of an Erlang function by a library method.
    Primitive {
        module: SmolStr,
        function: SmolStr,
        arguments: Vec<Expr>,
    },
    /// Tuple construction; only from primitives' arguments and patterns' tests.
    Tuple(Vec<Expr>),
}

/// A piece of an interpolated string.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// A value.
    Value(Expr),
}

/// One message of a cascade.
#[derive(Clone, Debug)]
pub struct CascadeMessage {
    /// Its selector.
    pub selector: SmolStr,
    /// Its arguments.
    pub arguments: Vec<Expr>,
    /// Its place.
    pub span: Span,
}

/// An arm of `match:`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it matches.
    pub pattern: Pattern,
    /// The guard.
    pub guard: Option<Expr>,
    /// The value.
    pub body: Expr,
}

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Which form.
    pub kind: PatternKind,
    /// Its place.
    pub span: Span,
}

/// What follows the listed elements of a sequence pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing may follow.
    None,
    /// `..._`
    Ignored,
    /// `...name`
    Bound(VarId),
}

/// The forms of a pattern.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named after the syntax tree's forms")]
pub enum PatternKind {
    Wildcard,
    Bind(VarId),
    /// Must be `=:=` to a variable bound earlier in the same pattern.
    Same(VarId),
    Typed {
        var: VarId,
        module: Option<SmolStr>,
        class: SmolStr,
    },
    Literal(Box<Expr>),
    Tuple(Vec<Pattern>),
    Array {
        elements: Vec<Pattern>,
        rest: Rest,
    },
    List {
        elements: Vec<Pattern>,
        rest: Rest,
    },
    Dictionary(Vec<(Expr, Pattern)>),
    /// `Result ok:` (true) or `Result error:` (false).
    Result {
        ok: bool,
        pattern: Box<Pattern>,
    },
    Binary(Vec<(BinarySegment, Option<VarId>)>),
}
