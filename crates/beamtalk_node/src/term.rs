//! Making and reading terms of the protocol.

use eetf::{Atom, Binary, FixInteger, List, Term, Tuple};
use num_bigint::BigInt;

/// An atom.
pub fn atom(name: &str) -> Term {
    Term::from(Atom::from(name))
}

/// A binary.
pub fn binary(bytes: impl AsRef<[u8]>) -> Term {
    Term::from(Binary::from(bytes.as_ref()))
}

/// A small integer.
pub fn integer(value: i32) -> Term {
    Term::from(FixInteger::from(value))
}

/// A tuple.
pub fn tuple<const N: usize>(elements: [Term; N]) -> Term {
    Term::from(Tuple::from(Vec::from(elements)))
}

/// A proper list.
pub fn list(elements: impl IntoIterator<Item = Term>) -> Term {
    Term::from(List::from(elements.into_iter().collect::<Vec<_>>()))
}

/// A map with atoms as keys.
pub fn map<const N: usize>(entries: [(&str, Term); N]) -> Term {
    let entries = entries.map(|(key, value)| (atom(key), value));
    Term::from(eetf::Map { map: entries.into_iter().collect() })
}

/// The elements of a tuple of this size.
pub fn as_tuple<const N: usize>(term: &Term) -> Option<&[Term; N]> {
    match term {
        Term::Tuple(tuple) => tuple.elements.as_slice().try_into().ok(),
        _ => None,
    }
}

/// An atom's name.
pub fn as_atom(term: &Term) -> Option<&str> {
    match term {
        Term::Atom(atom) => Some(&atom.name),
        _ => None,
    }
}

/// A binary's bytes.
pub fn as_bytes(term: &Term) -> Option<&[u8]> {
    match term {
        Term::Binary(binary) => Some(&binary.bytes),
        _ => None,
    }
}

/// The text of a binary or an atom; bytes that are no UTF-8 become the replacement character.
pub fn as_text(term: &Term) -> Option<String> {
    match term {
        Term::Binary(binary) => Some(String::from_utf8_lossy(&binary.bytes).into_owned()),
        Term::Atom(atom) => Some(atom.name.clone()),
        _ => None,
    }
}

/// The text of a binary or an atom; nothing for `nil` and `undefined`.
pub fn as_optional_text(term: &Term) -> Option<String> {
    match as_atom(term) {
        Some("nil" | "undefined") => None,
        _ => as_text(term),
    }
}

/// An integer of any size.
pub fn as_integer(term: &Term) -> Option<BigInt> {
    match term {
        Term::FixInteger(small) => Some(BigInt::from(small.value)),
        Term::BigInteger(big) => Some(big.value.clone()),
        _ => None,
    }
}

/// An integer that is a count, a time or a process id.
pub fn as_u64(term: &Term) -> Option<u64> {
    match term {
        Term::FixInteger(small) => u64::try_from(small.value).ok(),
        Term::BigInteger(big) => u64::try_from(&big.value).ok(),
        _ => None,
    }
}

/// The elements of a proper list. The format packs a list of bytes as a string.
pub fn into_list(term: Term) -> Option<Vec<Term>> {
    match term {
        Term::List(list) => Some(list.elements),
        Term::ByteList(bytes) => Some(bytes.bytes.into_iter().map(|byte| integer(byte.into())).collect()),
        _ => None,
    }
}

/// The elements of a tuple.
pub fn into_tuple<const N: usize>(term: Term) -> Option<[Term; N]> {
    match term {
        Term::Tuple(tuple) => tuple.elements.try_into().ok(),
        _ => None,
    }
}

/// What a map holds under an atom.
pub fn entry<'a>(term: &'a Term, key: &str) -> Option<&'a Term> {
    match term {
        Term::Map(map) => map.map.get(&atom(key)),
        _ => None,
    }
}

/// Takes what a map holds under an atom.
pub fn take(term: &mut Term, key: &str) -> Option<Term> {
    match term {
        Term::Map(map) => map.map.remove(&atom(key)),
        _ => None,
    }
}
