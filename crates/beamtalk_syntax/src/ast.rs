//! The syntax tree of one source.
//!
//! Plain data with a span on every node. Spans nest (a child's span lies within its parent's) and
//! cover source text exactly: from the first to the last token of the construct. The tree keeps what a
//! formatter needs (parentheses, spellings); comments and blank lines live in [`crate::Parsed::tokens`].
//! Where the source is broken there is an `Error` node and a diagnostic, never a missing tree.

use beamtalk_text::Span;
use num_bigint::BigInt;
use smol_str::{SmolStr, SmolStrBuilder};

/// A name with its place: identifier, class name, keyword part (with its colon) or operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// Its spelling.
    pub name: SmolStr,
    /// Its place.
    pub span: Span,
}

/// A class name, `Counter` or `json@Reader`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassName {
    /// The package before `@`.
    pub package: Option<Ident>,
    /// The class.
    pub name: Ident,
    /// The whole name.
    pub span: Span,
}

/// Text of the `///` lines that belong to a declaration (spec 01 section 2), joined with LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    /// The text, `/// ` stripped.
    pub text: String,
    /// From the first to the last line of the run.
    pub span: Span,
}

/// A whole source.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SourceFile {
    /// Its items in source order.
    pub items: Vec<Item>,
    /// All of it, `0..len`.
    pub span: Span,
}

/// What can stand at file level.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant holds the node of its name")]
pub enum Item {
    Class(ClassDef),
    Protocol(ProtocolDef),
    TypeAlias(TypeAlias),
    Extension(Extension),
    Statement(Statement),
}

/// A word before `Super subclass: Name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum ClassModifier {
    Abstract,
    Sealed,
    Typed,
    Internal,
}

/// `[modifiers] Super subclass: Name …` and its members.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassDef {
    /// Its `///` text.
    pub doc: Option<Doc>,
    /// `@expect` directives above it.
    pub expects: Vec<Expect>,
    /// Modifiers in source order, repeats included.
    pub modifiers: Vec<(ClassModifier, Span)>,
    /// The superclass; `None` is `nil subclass:` (a root class).
    pub superclass: Option<ClassName>,
    /// `Super(T, Integer)`.
    pub superclass_arguments: Vec<TypeExpr>,
    /// The class's name.
    pub name: Ident,
    /// `Name(K, V :: Printable)`.
    pub type_parameters: Vec<TypeParameter>,
    /// `native: module`.
    pub native: Option<Ident>,
    /// `handleScope: #symbol`.
    pub handle_scope: Option<Ident>,
    /// Data declarations and methods in source order.
    pub members: Vec<Member>,
    /// From the first modifier to the end of the header line's last token.
    pub header_span: Span,
    /// The whole definition, without the doc comment.
    pub span: Span,
}

/// A type parameter with its optional bound.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeParameter {
    /// The parameter.
    pub name: Ident,
    /// `T :: Bound`.
    pub bound: Option<Ident>,
}

/// What a class body holds.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant holds the node of its name")]
pub enum Member {
    Data(DataDecl),
    Method(Method),
}

/// The keyword of a data declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum DataKeyword {
    Field,
    State,
    ClassState,
}

/// `field: name :: Type = default` and its siblings.
#[derive(Clone, Debug, PartialEq)]
pub struct DataDecl {
    /// Its `///` text.
    pub doc: Option<Doc>,
    /// `@expect` directives above it.
    pub expects: Vec<Expect>,
    /// Which keyword.
    pub keyword: DataKeyword,
    /// The keyword's place.
    pub keyword_span: Span,
    /// The declared name.
    pub name: Ident,
    /// `:: Type`.
    pub annotation: Option<TypeExpr>,
    /// `= default`.
    pub default: Option<Expr>,
    /// The declaration, without doc and directives.
    pub span: Span,
}

/// A word before a method signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words themselves")]
pub enum MethodModifier {
    Class,
    Sealed,
    Internal,
}

/// `[modifiers] signature [-> Type] => body`.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// Its `///` text.
    pub doc: Option<Doc>,
    /// `@expect` directives above it.
    pub expects: Vec<Expect>,
    /// Modifiers in source order.
    pub modifiers: Vec<(MethodModifier, Span)>,
    /// Selector and parameters.
    pub signature: Signature,
    /// `-> Type`.
    pub return_type: Option<TypeExpr>,
    /// Statements; empty is an error that semantics reports.
    pub body: Vec<Statement>,
    /// From the first modifier or selector to `=>`.
    pub header_span: Span,
    /// The whole method, without doc and directives.
    pub span: Span,
}

impl Method {
    /// Whether the `class` modifier is present.
    #[must_use]
    pub fn is_class_side(&self) -> bool {
        self.has(MethodModifier::Class)
    }

    /// Whether `modifier` is present.
    #[must_use]
    pub fn has(&self, modifier: MethodModifier) -> bool {
        self.modifiers.iter().any(|(each, _)| *each == modifier)
    }
}

/// Selector and parameters of a method head.
#[derive(Clone, Debug, PartialEq)]
pub enum Signature {
    /// `area`
    Unary(Ident),
    /// `+ other`
    Binary(Ident, Parameter),
    /// `from: a to: b`; keyword parts keep their colon.
    Keyword(Vec<(Ident, Parameter)>),
}

impl Signature {
    /// The selector, `from:to:`.
    #[must_use]
    pub fn selector(&self) -> SmolStr {
        match self {
            Self::Unary(name) | Self::Binary(name, _) => name.name.clone(),
            Self::Keyword(parts) => join(parts.iter().map(|(part, _)| part)),
        }
    }

    /// Parameters in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        let (one, many): (Option<&Parameter>, &[(Ident, Parameter)]) = match self {
            Self::Unary(_) => (None, &[]),
            Self::Binary(_, parameter) => (Some(parameter), &[]),
            Self::Keyword(parts) => (None, parts),
        };
        one.into_iter().chain(many.iter().map(|(_, parameter)| parameter))
    }

    /// Place of the selector's first part.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Unary(name) | Self::Binary(name, _) => name.span,
            Self::Keyword(parts) => parts.first().map_or(Span::default(), |(part, _)| part.span),
        }
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a Ident>) -> SmolStr {
    let mut selector = SmolStrBuilder::new();
    for part in parts {
        selector.push_str(&part.name);
    }
    selector.finish()
}

/// A method or block parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Ident,
    /// `:: Type`.
    pub annotation: Option<TypeExpr>,
}

/// `Target >> signature => body`, `Target class >> …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// The extended class.
    pub target: ClassName,
    /// Whether `class` stands before `>>`.
    pub class_side: bool,
    /// The method; its doc is the extension's. Its `modifiers` never contain `Class`.
    pub method: Method,
    /// The whole definition, without doc.
    pub span: Span,
}

/// `Protocol define: Name …`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProtocolDef {
    /// Its `///` text.
    pub doc: Option<Doc>,
    /// `@expect` directives above it.
    pub expects: Vec<Expect>,
    /// The protocol's name.
    pub name: Ident,
    /// `Name(T)`.
    pub type_parameters: Vec<TypeParameter>,
    /// `extending: Other`.
    pub extending: Option<Ident>,
    /// Required methods.
    pub requirements: Vec<Requirement>,
    /// The whole definition.
    pub span: Span,
}

/// One required method of a protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// Its `///` text.
    pub doc: Option<Doc>,
    /// Whether the class side must have it.
    pub class_side: bool,
    /// Selector and parameters.
    pub signature: Signature,
    /// `-> Type`.
    pub return_type: Option<TypeExpr>,
    /// The whole signature.
    pub span: Span,
}

/// `[internal] type Name = annotation`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeAlias {
    /// Its `///` text.
    pub doc: Option<Doc>,
    /// `@expect` directives above it.
    pub expects: Vec<Expect>,
    /// Whether `internal` stands before it.
    pub internal: bool,
    /// The alias.
    pub name: Ident,
    /// What it stands for.
    pub definition: TypeExpr,
    /// The whole declaration.
    pub span: Span,
}

/// A type annotation (spec 01 section 14). Erased at run time.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// Which form.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a type annotation.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `Integer`, `json@Reader`, `nil`, `List(Integer)`.
    Name {
        /// The type's name.
        name: ClassName,
        /// Its arguments.
        arguments: Vec<TypeExpr>,
    },
    /// `Self`
    SelfType,
    /// `Self class`
    SelfClass,
    /// `Foo class`
    ClassOf(ClassName),
    /// `#north`
    Singleton(SmolStr),
    /// `A | B | C`
    Union(Vec<TypeExpr>),
    /// `A & B`
    Intersection(Box<TypeExpr>, Box<TypeExpr>),
    /// `A \ B`
    Difference(Box<TypeExpr>, Box<TypeExpr>),
    /// `(T)`
    Paren(Box<TypeExpr>),
    /// A broken annotation, already reported.
    Error,
}

/// `@expect category "reason"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The category as written.
    pub category: Ident,
    /// The reason.
    pub reason: Option<String>,
    /// The whole directive.
    pub span: Span,
}

/// One statement of a body, block or file.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// `@expect` directives above it.
    pub expects: Vec<Expect>,
    /// What it does. A cast (`!`) is an [`ExprKind::Cast`].
    pub expr: Expr,
    /// The `.` that ends it, where one was written.
    pub period: Option<Span>,
    /// The statement without directives and period.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which form.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Integer literal of any size and radix; the spelling is `span`'s text.
    Integer(BigInt),
    /// Float literal.
    Float(f64),
    /// `$a`
    Character(char),
    /// String literal without interpolation, escapes decoded.
    String(String),
    /// `"a {b} c"`: alternating text (decoded, never empty) and expressions.
    Interpolation(Vec<Segment>),
    /// `#at:put:`, decoded.
    Symbol(SmolStr),
    /// Variable reference (lower-case identifier that is no pseudo-variable).
    Variable(SmolStr),
    /// `self`
    SelfRef,
    /// `super`; legal only as the receiver of a send.
    Super,
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// `Counter`, `json@Reader`
    Class(ClassName),
    /// `receiver.name`; only `self` is legal as receiver.
    Field {
        /// Before the dot.
        receiver: Box<Expr>,
        /// After the dot.
        name: Ident,
    },
    /// `( … )`, kept for the formatter.
    Paren(Box<Expr>),
    /// `[:a :b | …]`
    Block(Block),
    /// `#(1, 2)`, `#(h | t)`
    List {
        /// Elements.
        elements: Vec<Expr>,
        /// After `|`.
        tail: Option<Box<Expr>>,
    },
    /// `#[1, 2]`
    Array(Vec<Expr>),
    /// `#{#k => v}`
    Dictionary(Vec<(Expr, Expr)>),
    /// A message send.
    Send(Box<Send>),
    /// `r m1; m2; m3`: all messages go to `receiver`.
    Cascade {
        /// Evaluated once.
        receiver: Box<Expr>,
        /// At least two.
        messages: Vec<Message>,
    },
    /// `target := value`
    Assign(Box<Assign>),
    /// `{a, b} := value` and siblings.
    Destructure {
        /// Left of `:=`.
        pattern: Box<Pattern>,
        /// Right of `:=`.
        value: Box<Expr>,
    },
    /// `^ value`
    Return(Box<Expr>),
    /// `actor message!`; always holds a `Send`.
    Cast(Box<Expr>),
    /// `value match: [ … ]`
    Match(Box<Match>),
    /// `@primitive`, `@primitive "name"`, `@intrinsic name`
    Primitive {
        /// `@intrinsic` rather than `@primitive`.
        intrinsic: bool,
        /// The name, if given.
        name: Option<String>,
    },
    /// Broken source, already reported.
    Error,
}

/// A piece of an interpolated string.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// Literal text, decoded.
    Text(String),
    /// `{expr}`
    Expr(Expr),
}

/// `[:a :b | statements]`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// Statements; an empty block answers nil.
    pub body: Vec<Statement>,
}

/// `receiver message`
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// Who gets it; [`ExprKind::Super`] for super sends.
    pub receiver: Expr,
    /// What it gets.
    pub message: Message,
}

/// A selector with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Selector parts as written: one name or operator, or keyword parts with their colons.
    pub parts: Vec<Ident>,
    /// Arguments; as many as the selector takes.
    pub arguments: Vec<Expr>,
    /// From the first part to the last argument.
    pub span: Span,
}

impl Message {
    /// The selector, `at:put:`.
    #[must_use]
    pub fn selector(&self) -> SmolStr {
        match self.parts.as_slice() {
            [one] => one.name.clone(),
            parts => join(parts.iter()),
        }
    }
}

/// `target [:: Type] := value`
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// An [`ExprKind::Variable`] or [`ExprKind::Field`]; anything else was reported.
    pub target: Expr,
    /// `x :: Type := …`
    pub annotation: Option<TypeExpr>,
    /// The assigned value.
    pub value: Expr,
}

/// `scrutinee match: [arms]`
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The value that is matched.
    pub scrutinee: Expr,
    /// `matchExhaustive:`
    pub exhaustive: bool,
    /// The keyword's place.
    pub keyword_span: Span,
    /// Arms in order.
    pub arms: Vec<Arm>,
}

/// `pattern when: [guard] -> body`
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// What it matches.
    pub pattern: Pattern,
    /// `when: [ … ]`
    pub guard: Option<Expr>,
    /// The value; may be a `Return` or an `Assign`.
    pub body: Expr,
    /// The whole arm.
    pub span: Span,
}

/// A pattern of `match:` or of a destructuring assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Which form.
    pub kind: PatternKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// `name`
    Variable(SmolStr),
    /// `name :: Class`
    Typed {
        /// The bound name.
        name: Ident,
        /// The class it must be of.
        class: ClassName,
    },
    /// Integer, float, string (no interpolation), character, symbol or `nil`: an [`ExprKind`] of
    /// `Integer` (negated already), `Float`, `String`, `Character`, `Symbol` or `Nil`.
    Literal(Box<Expr>),
    /// `{p, q}`
    Tuple(Vec<Pattern>),
    /// `#[p, q, ...rest]`
    Array {
        /// Elements.
        elements: Vec<Pattern>,
        /// `...name` or `..._`.
        rest: Option<RestPattern>,
    },
    /// `#(p, q, ...rest)`
    List {
        /// Elements.
        elements: Vec<Pattern>,
        /// `...name` or `..._`.
        rest: Option<RestPattern>,
    },
    /// `#{#k => p}`; keys are symbol or string literals.
    Dictionary(Vec<(Expr, Pattern)>),
    /// `Result ok: p`
    Constructor {
        /// The class.
        class: ClassName,
        /// Keyword parts with colons, and what each binds.
        parts: Vec<(Ident, Pattern)>,
    },
    /// `<<a:8, rest/binary>>`
    Binary(Vec<BinarySegment>),
    /// Broken source, already reported.
    Error,
}

/// `...name` or `..._`
#[derive(Clone, Debug, PartialEq)]
pub struct RestPattern {
    /// The bound name; `None` for `_`.
    pub name: Option<Ident>,
    /// The whole `...name`.
    pub span: Span,
}

/// `name:size/spec-spec`
#[derive(Clone, Debug, PartialEq)]
pub struct BinarySegment {
    /// The bound name; `None` for `_`.
    pub name: Option<Ident>,
    /// After the colon.
    pub size: Option<SegmentSize>,
    /// After the slash.
    pub specifiers: Vec<Ident>,
    /// The whole segment.
    pub span: Span,
}

/// The size of a binary segment.
#[derive(Clone, Debug, PartialEq)]
pub enum SegmentSize {
    /// A number of bits (integers, floats) or bytes (binaries).
    Literal(u32, Span),
    /// A variable bound earlier.
    Variable(Ident),
}
