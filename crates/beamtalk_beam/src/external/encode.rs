//! Writing terms.

use std::ops::Range;

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;
use rustc_hash::FxHashSet;

use super::{VERSION, tag};
use crate::{AssembleError, MAX_TERM_DEPTH, Term};

/// Appends a term with its version byte. On an error the buffer holds part of it.
pub(crate) fn encode(term: &Term, out: &mut Vec<u8>) -> Result<(), AssembleError> {
    out.push(VERSION);
    write_term(term, out, 0)
}

fn write_term(term: &Term, out: &mut Vec<u8>, depth: usize) -> Result<(), AssembleError> {
    if depth > MAX_TERM_DEPTH {
        return Err(AssembleError::TermTooDeep);
    }
    match term {
        Term::Atom(name) => write_atom(name, out),
        Term::Integer(value) => write_integer(*value, out),
        Term::BigInteger(value) => match value.to_i64() {
            Some(value) => write_integer(value, out),
            None => write_big(value, out),
        },
        Term::Float(value) if !value.is_finite() => Err(AssembleError::FloatNotFinite),
        Term::Float(value) => {
            out.push(tag::NEW_FLOAT);
            out.extend_from_slice(&value.to_bits().to_be_bytes());
            Ok(())
        }
        Term::Binary(bytes) => {
            out.push(tag::BINARY);
            write_length(bytes.len(), out)?;
            out.extend_from_slice(bytes);
            Ok(())
        }
        Term::Bitstring { bytes, last_bits } => {
            if bytes.is_empty() || !(1..=7).contains(last_bits) {
                return Err(AssembleError::Operands { instruction: "literal", problem: "not a bitstring" });
            }
            out.push(tag::BIT_BINARY);
            write_length(bytes.len(), out)?;
            out.push(*last_bits);
            out.extend_from_slice(bytes);
            Ok(())
        }
        Term::List(elements) => write_list(elements, None, out, depth),
        Term::ImproperList(elements, tail) => write_list(elements, Some(tail), out, depth),
        Term::Tuple(elements) => {
            if let Ok(length) = u8::try_from(elements.len()) {
                out.extend_from_slice(&[tag::SMALL_TUPLE, length]);
            } else {
                out.push(tag::LARGE_TUPLE);
                write_length(elements.len(), out)?;
            }
            elements.iter().try_for_each(|element| write_term(element, out, depth + 1))
        }
        Term::Map(pairs) => write_map(pairs, out, depth),
        Term::ExternalFunction(function) => {
            out.push(tag::EXPORT);
            write_atom(&function.module, out)?;
            write_atom(&function.function, out)?;
            out.extend_from_slice(&[tag::SMALL_INTEGER, function.arity]);
            Ok(())
        }
    }
}

fn write_length(length: usize, out: &mut Vec<u8>) -> Result<(), AssembleError> {
    let length = u32::try_from(length).map_err(|_| AssembleError::TooLarge("literal"))?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

fn write_atom(name: &str, out: &mut Vec<u8>) -> Result<(), AssembleError> {
    if let Ok(length) = u8::try_from(name.len()) {
        out.extend_from_slice(&[tag::SMALL_ATOM_UTF8, length]);
    } else {
        // The limit is 255 characters, each of up to four bytes.
        let length = u16::try_from(name.len()).ok().filter(|_| name.chars().count() <= 255);
        let length = length.ok_or_else(|| AssembleError::AtomTooLong(name.to_owned()))?;
        out.push(tag::ATOM_UTF8);
        out.extend_from_slice(&length.to_be_bytes());
    }
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

fn write_integer(value: i64, out: &mut Vec<u8>) -> Result<(), AssembleError> {
    if let Ok(value) = u8::try_from(value) {
        out.extend_from_slice(&[tag::SMALL_INTEGER, value]);
    } else if let Ok(value) = i32::try_from(value) {
        out.push(tag::INTEGER);
        out.extend_from_slice(&value.to_be_bytes());
    } else {
        let digits = value.unsigned_abs().to_le_bytes();
        let length = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
        write_digits(value < 0, &digits[..length], out)?;
    }
    Ok(())
}

fn write_big(value: &BigInt, out: &mut Vec<u8>) -> Result<(), AssembleError> {
    let (sign, digits) = value.to_bytes_le();
    write_digits(sign == Sign::Minus, &digits, out)
}

fn write_digits(negative: bool, digits: &[u8], out: &mut Vec<u8>) -> Result<(), AssembleError> {
    if let Ok(length) = u8::try_from(digits.len()) {
        out.extend_from_slice(&[tag::SMALL_BIG, length]);
    } else {
        out.push(tag::LARGE_BIG);
        write_length(digits.len(), out)?;
    }
    out.push(u8::from(negative));
    out.extend_from_slice(digits);
    Ok(())
}

fn write_list(
    elements: &[Term],
    tail: Option<&Term>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), AssembleError> {
    if elements.is_empty() {
        return match tail {
            None => {
                out.push(tag::NIL);
                Ok(())
            }
            Some(tail) => write_term(tail, out, depth + 1),
        };
    }
    out.push(tag::LIST);
    write_length(elements.len(), out)?;
    elements.iter().try_for_each(|element| write_term(element, out, depth + 1))?;
    match tail {
        None => {
            out.push(tag::NIL);
            Ok(())
        }
        Some(tail) => write_term(tail, out, depth + 1),
    }
}

fn write_map(pairs: &[(Term, Term)], out: &mut Vec<u8>, depth: usize) -> Result<(), AssembleError> {
    out.push(tag::MAP);
    write_length(pairs.len(), out)?;
    let mut keys = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let start = out.len();
        write_term(key, out, depth + 1)?;
        keys.push(start..out.len());
        write_term(value, out, depth + 1)?;
    }
    if has_duplicate(&keys, out) { Err(AssembleError::DuplicateKey) } else { Ok(()) }
}

/// Whether two keys have the same encoding; the loader refuses such maps.
fn has_duplicate(keys: &[Range<usize>], encoded: &[u8]) -> bool {
    if keys.len() <= 8 {
        let equal = |a: &Range<usize>, b: &Range<usize>| encoded[a.clone()] == encoded[b.clone()];
        keys.iter().enumerate().any(|(at, key)| keys[..at].iter().any(|other| equal(key, other)))
    } else {
        let mut seen = FxHashSet::default();
        keys.iter().any(|key| !seen.insert(&encoded[key.clone()]))
    }
}
