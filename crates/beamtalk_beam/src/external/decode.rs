//! Reading terms, from any bytes.

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;
use smol_str::SmolStr;

use super::{VERSION, tag};
use crate::read::{Cursor, ReadError};
use crate::{ExternalFunction, MAX_TERM_DEPTH, Term};

/// Reads a term with its version byte; nothing may follow.
pub(crate) fn decode(mut cursor: Cursor<'_>) -> Result<Term, ReadError> {
    if cursor.u8()? != VERSION {
        return Err(cursor.error("unknown version of a term"));
    }
    let term = read_term(&mut cursor, 0)?;
    if cursor.is_empty() { Ok(term) } else { Err(cursor.error("something follows a term")) }
}

fn read_term(cursor: &mut Cursor<'_>, depth: usize) -> Result<Term, ReadError> {
    if depth > MAX_TERM_DEPTH {
        return Err(cursor.error("a term is nested too deeply"));
    }
    let tag = cursor.u8()?;
    match tag {
        tag::SMALL_INTEGER => Ok(Term::Integer(cursor.u8()?.into())),
        tag::INTEGER => cursor.array().map(|bytes| Term::Integer(i32::from_be_bytes(bytes).into())),
        tag::SMALL_BIG => {
            let length = cursor.u8()?;
            read_big(cursor, usize::from(length))
        }
        tag::LARGE_BIG => {
            let length = cursor.count(1)?;
            read_big(cursor, length)
        }
        tag::NEW_FLOAT => {
            let value = f64::from_be_bytes(cursor.array()?);
            if value.is_finite() {
                Ok(Term::Float(value))
            } else {
                Err(cursor.error("a float is not finite"))
            }
        }
        tag::BINARY => {
            let length = cursor.count(1)?;
            Ok(Term::Binary(cursor.take(length)?.to_vec()))
        }
        tag::BIT_BINARY => read_bitstring(cursor),
        tag::NIL => Ok(Term::List(Vec::new())),
        tag::STRING => {
            let length = cursor.u16()?;
            let bytes = cursor.take(usize::from(length))?;
            Ok(Term::List(bytes.iter().map(|byte| Term::Integer((*byte).into())).collect()))
        }
        tag::LIST => {
            let length = cursor.count(1)?;
            let elements = read_terms(cursor, length, depth)?;
            Ok(match read_term(cursor, depth + 1)? {
                Term::List(tail) if tail.is_empty() => Term::List(elements),
                tail if elements.is_empty() => tail,
                tail => Term::ImproperList(elements, Box::new(tail)),
            })
        }
        tag::SMALL_TUPLE => {
            let length = cursor.u8()?;
            read_terms(cursor, usize::from(length), depth).map(Term::Tuple)
        }
        tag::LARGE_TUPLE => {
            let length = cursor.count(1)?;
            read_terms(cursor, length, depth).map(Term::Tuple)
        }
        tag::MAP => {
            let length = cursor.count(2)?;
            let mut pairs = Vec::new();
            for _ in 0..length {
                pairs.push((read_term(cursor, depth + 1)?, read_term(cursor, depth + 1)?));
            }
            Ok(Term::Map(pairs))
        }
        tag::EXPORT => {
            let (module, function) = (read_atom(cursor)?, read_atom(cursor)?);
            match (cursor.u8()?, cursor.u8()?) {
                (tag::SMALL_INTEGER, arity) => {
                    Ok(Term::ExternalFunction(ExternalFunction { module, function, arity }))
                }
                _ => Err(cursor.error("not an arity")),
            }
        }
        tag => read_atom_after(cursor, tag).map(Term::Atom),
    }
}

/// Grows as elements come: a wrong length inside another must not multiply what is reserved.
fn read_terms(cursor: &mut Cursor<'_>, length: usize, depth: usize) -> Result<Vec<Term>, ReadError> {
    let mut terms = Vec::new();
    for _ in 0..length {
        terms.push(read_term(cursor, depth + 1)?);
    }
    Ok(terms)
}

/// Larger integers are refused: to print one takes time with the square of its length.
const MOST_DIGITS: usize = 8192;

fn read_big(cursor: &mut Cursor<'_>, length: usize) -> Result<Term, ReadError> {
    if length > MOST_DIGITS {
        return Err(cursor.error("an integer is too large"));
    }
    let sign = if cursor.u8()? == 0 { Sign::Plus } else { Sign::Minus };
    let value = BigInt::from_bytes_le(sign, cursor.take(length)?);
    Ok(match value.to_i64() {
        Some(value) => Term::Integer(value),
        None => Term::BigInteger(value),
    })
}

fn read_bitstring(cursor: &mut Cursor<'_>) -> Result<Term, ReadError> {
    let length = cursor.count(1)?;
    let last_bits = cursor.u8()?;
    let bytes = cursor.take(length)?.to_vec();
    match last_bits {
        8 => Ok(Term::Binary(bytes)),
        1..=7 if !bytes.is_empty() => Ok(Term::Bitstring { bytes, last_bits }),
        _ => Err(cursor.error("not a bitstring")),
    }
}

fn read_atom(cursor: &mut Cursor<'_>) -> Result<SmolStr, ReadError> {
    let tag = cursor.u8()?;
    read_atom_after(cursor, tag)
}

fn read_atom_after(cursor: &mut Cursor<'_>, tag: u8) -> Result<SmolStr, ReadError> {
    let length = match tag {
        tag::SMALL_ATOM_UTF8 | tag::SMALL_ATOM_LATIN1 => usize::from(cursor.u8()?),
        tag::ATOM_UTF8 | tag::ATOM_LATIN1 => usize::from(cursor.u16()?),
        _ => return Err(cursor.error("unknown kind of term")),
    };
    let name: SmolStr = if matches!(tag, tag::SMALL_ATOM_UTF8 | tag::ATOM_UTF8) {
        cursor.text(length)?.into()
    } else {
        cursor.take(length)?.iter().copied().map(char::from).collect()
    };
    if name.chars().count() > 255 {
        return Err(cursor.error("an atom is too long"));
    }
    Ok(name)
}
