//! Operands in the notation of `.S` files.

use std::fmt::{self, Display, Formatter};

use super::term::Atom;
use crate::{BinSegment, ExternalFunction, Label, Reg, SegmentType, Src, Term};

impl Display for Reg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::X(number) => write!(f, "{{x,{number}}}"),
            Self::Y(number) => write!(f, "{{y,{number}}}"),
        }
    }
}

impl Display for Label {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{f,{}}}", self.0)
    }
}

impl Display for Src {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reg(register) => register.fmt(f),
            Self::Atom(name) => write!(f, "{{atom,{}}}", Atom(name)),
            Self::Integer(value) => write!(f, "{{integer,{value}}}"),
            Self::Nil => f.write_str("nil"),
            Self::Literal(term) => match term.as_ref() {
                Term::Atom(name) => write!(f, "{{atom,{}}}", Atom(name)),
                Term::List(elements) if elements.is_empty() => f.write_str("nil"),
                term @ (Term::Integer(_) | Term::BigInteger(_)) => {
                    write!(f, "{{integer,{term}}}")
                }
                term @ Term::Float(_) => write!(f, "{{float,{term}}}"),
                term => write!(f, "{{literal,{term}}}"),
            },
        }
    }
}

impl Display for ExternalFunction {
    /// Arity and function, as calls name them.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { module, function, arity } = self;
        write!(f, "{arity},{{extfunc,{},{},{arity}}}", Atom(module), Atom(function))
    }
}

/// `{f,0}` where there is no label.
pub(super) struct Fail(pub Option<Label>);

impl Display for Fail {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.unwrap_or(Label(0)).fmt(f)
    }
}

/// Heap words and funs of `test_heap`.
pub(super) struct HeapNeed(pub u32, pub u32);

impl Display for HeapNeed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self(words, 0) => words.fmt(f),
            Self(words, funs) => {
                write!(f, "{{alloc,[{{words,{words}}},{{floats,0}},{{funs,{funs}}}]}}")
            }
        }
    }
}

/// Flags of the bit syntax (`beam_asm.erl`, `flag_to_bit/1`).
pub(super) struct Flags(pub u8);

impl Display for Flags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(flags) = self;
        let sign = if flags & 4 == 0 { "unsigned" } else { "signed" };
        let order = if flags & 2 == 0 { "big" } else { "little" };
        let native = if flags & 16 == 0 { "" } else { ",native" };
        write!(f, "{{field_flags,[{sign},{order}{native}]}}")
    }
}

/// Elements with commas between them.
pub(super) struct Sequence<'a, T>(pub &'a [T]);

impl<T: Display> Display for Sequence<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, self.0, |f, element| element.fmt(f))
    }
}

/// Pairs, flattened, with commas between them.
pub(super) struct Pairs<'a, A, B>(pub &'a [(A, B)]);

impl<A: Display, B: Display> Display for Pairs<'_, A, B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, self.0, |f, (a, b)| write!(f, "{a},{b}"))
    }
}

/// Segments of `bs_create_bin`, six operands each.
pub(super) struct Segments<'a>(pub &'a [BinSegment]);

impl Display for Segments<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let numbered: Vec<_> = self.0.iter().zip(1..).collect::<Vec<(_, u32)>>();
        separated(f, &numbered, |f, (segment, number)| {
            let BinSegment { kind, value, size, unit } = segment;
            let (kind, no_size) = match kind {
                SegmentType::Integer => ("integer", "undefined"),
                SegmentType::Float => ("float", "undefined"),
                SegmentType::Binary => ("binary", "all"),
                SegmentType::Utf8 => ("utf8", "undefined"),
            };
            write!(f, "{{atom,{kind}}},{number},{unit},nil,{value},")?;
            match size {
                Some(size) => size.fmt(f),
                None => write!(f, "{{atom,{no_size}}}"),
            }
        })
    }
}

fn separated<T>(
    f: &mut Formatter<'_>,
    elements: &[T],
    mut each: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        each(f, element)?;
    }
    Ok(())
}
