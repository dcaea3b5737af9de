//! Erlang terms as literals of a module.

use num_bigint::BigInt;
use smol_str::SmolStr;

/// A constant Erlang term, as it can stand in a module's literal pool.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An atom, at most 255 characters.
    Atom(SmolStr),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// Any integer.
    BigInteger(BigInt),
    /// A float; must be finite.
    Float(f64),
    /// A binary.
    Binary(Vec<u8>),
    /// A proper list; empty is `[]`.
    List(Vec<Term>),
    /// `[a, b | tail]`; the head is not empty.
    ImproperList(Vec<Term>, Box<Term>),
    /// A tuple.
    Tuple(Vec<Term>),
    /// A map; keys are distinct.
    Map(Vec<(Term, Term)>),
}

impl Term {
    /// An atom.
    pub fn atom(name: impl Into<SmolStr>) -> Self {
        Self::Atom(name.into())
    }

    /// A UTF-8 binary.
    pub fn text(text: &str) -> Self {
        Self::Binary(text.as_bytes().to_vec())
    }
}
