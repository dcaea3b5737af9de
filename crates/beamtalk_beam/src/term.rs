//! Erlang terms as literals of a module.

use num_bigint::BigInt;
use smol_str::SmolStr;

use crate::ExternalFunction;

/// How deep terms may nest, so that neither reading nor writing one can overflow the stack.
pub const MAX_TERM_DEPTH: usize = 512;

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
    /// A bitstring that is no binary: of the last byte only the upper `last_bits` (1 to 7) count.
    Bitstring {
        /// Its bytes, at least one.
        bytes: Vec<u8>,
        /// How many bits of the last byte belong to it.
        last_bits: u8,
    },
    /// A proper list; empty is `[]`.
    List(Vec<Term>),
    /// `[a, b | tail]`; the head is not empty.
    ImproperList(Vec<Term>, Box<Term>),
    /// A tuple.
    Tuple(Vec<Term>),
    /// A map; keys are distinct.
    Map(Vec<(Term, Term)>),
    /// `fun module:function/arity`.
    ExternalFunction(ExternalFunction),
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
