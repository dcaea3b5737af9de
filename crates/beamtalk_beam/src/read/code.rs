//! The code chunk: a header, then instructions, each a number and operands in the compact encoding.

use num_bigint::BigInt;

use super::{Cursor, ReadError};
use crate::assemble::compact::{Tag, extended};
use crate::{Label, Opcode, Reg};

/// A generic instruction.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Which.
    pub opcode: Opcode,
    /// As many as [`Opcode::arity`] says.
    pub operands: Vec<Operand>,
}

/// An operand as the compact encoding has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// An untyped number.
    Unsigned(u32),
    /// An integer term.
    Integer(i64),
    /// An integer term of more than 64 bits.
    BigInteger(BigInt),
    /// `[]`
    Nil,
    /// Index into the atom table, from 1.
    Atom(u32),
    /// A register.
    Reg(Reg),
    /// A register, and an index into the type table.
    TypedReg(Reg, u32),
    /// A floating-point register.
    FloatReg(u32),
    /// A label; 0 is none.
    Label(Label),
    /// Index into the literal pool.
    Literal(u32),
    /// What `test_heap` wants.
    Allocation {
        /// Heap words.
        words: u32,
        /// Floats.
        floats: u32,
        /// Funs.
        funs: u32,
    },
    /// A list of operands that are not lists.
    List(Vec<Operand>),
}

/// What the header says.
pub(super) struct Header {
    pub highest_opcode: u32,
    pub labels: u32,
    pub functions: u32,
}

/// Reads the chunk, of which atoms and literals must be in range.
pub(super) fn code(
    mut cursor: Cursor<'_>,
    atoms: usize,
    literals: usize,
) -> Result<(Header, Vec<Op>), ReadError> {
    let header_size = cursor.u32()? as usize;
    let mut header = Cursor::new("Code", cursor.take(header_size)?);
    if header.u32()? != 0 {
        return Err(cursor.error("unknown instruction set"));
    }
    let header = Header { highest_opcode: header.u32()?, labels: header.u32()?, functions: header.u32()? };
    let mut code = Vec::new();
    while !cursor.is_empty() {
        let number = cursor.u8()?;
        let opcode = Opcode::from_number(number).ok_or(ReadError::UnknownInstruction(number))?;
        let mut operands = Vec::with_capacity(usize::from(opcode.arity()));
        for _ in 0..opcode.arity() {
            let operand = operand(&mut cursor)?;
            check(&cursor, &operand, atoms, literals)?;
            operands.push(operand);
        }
        code.push(Op { opcode, operands });
    }
    Ok((header, code))
}

fn check(cursor: &Cursor<'_>, operand: &Operand, atoms: usize, literals: usize) -> Result<(), ReadError> {
    match operand {
        Operand::Atom(index) if *index as usize > atoms => Err(cursor.error("an atom is out of range")),
        Operand::Literal(index) if *index as usize >= literals => {
            Err(cursor.error("a literal is out of range"))
        }
        Operand::List(operands) => {
            operands.iter().try_for_each(|operand| check(cursor, operand, atoms, literals))
        }
        _ => Ok(()),
    }
}

/// First byte of a list, which is [`extended::LIST`] with the tag for extended kinds.
const LIST: u8 = 1 << 4 | Tag::Extended as u8;

/// Reads one operand.
pub(super) fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, ReadError> {
    let first = cursor.u8()?;
    if first == LIST {
        let length = unsigned(cursor)?;
        let mut operands = Vec::new();
        for _ in 0..length {
            let first = cursor.u8()?;
            operands.push(simple(cursor, first)?);
        }
        return Ok(Operand::List(operands));
    }
    simple(cursor, first)
}

/// An operand that is no list.
fn simple(cursor: &mut Cursor<'_>, first: u8) -> Result<Operand, ReadError> {
    let tag = first & 7;
    let value = value(cursor, first)?;
    if tag == Tag::Integer as u8 {
        return Ok(match value {
            Value::Small(value) => Operand::Integer(value),
            Value::Big(value) => Operand::BigInteger(value),
        });
    }
    let Value::Small(value) = value else {
        return Err(cursor.error("a number is too large"));
    };
    let value = u32::try_from(value).map_err(|_| cursor.error("a number is out of range"))?;
    match tag {
        tag if tag == Tag::Unsigned as u8 => Ok(Operand::Unsigned(value)),
        tag if tag == Tag::Atom as u8 && value == 0 => Ok(Operand::Nil),
        tag if tag == Tag::Atom as u8 => Ok(Operand::Atom(value)),
        tag if tag == Tag::X as u8 => Ok(Operand::Reg(Reg::X(register(cursor, value)?))),
        tag if tag == Tag::Y as u8 => Ok(Operand::Reg(Reg::Y(register(cursor, value)?))),
        tag if tag == Tag::Label as u8 => Ok(Operand::Label(Label(value))),
        tag if tag == Tag::Extended as u8 => extended(cursor, value),
        _ => Err(cursor.error("unknown kind of operand")),
    }
}

fn extended(cursor: &mut Cursor<'_>, kind: u32) -> Result<Operand, ReadError> {
    match kind {
        extended::FLOAT_REGISTER => unsigned(cursor).map(Operand::FloatReg),
        extended::LITERAL => unsigned(cursor).map(Operand::Literal),
        extended::ALLOCATION => allocation(cursor),
        extended::TYPED_REGISTER => {
            let first = cursor.u8()?;
            // Not another extended operand: that would nest without bound.
            let register = match first & 7 {
                tag if tag == Tag::X as u8 || tag == Tag::Y as u8 => simple(cursor, first)?,
                _ => return Err(cursor.error("a type without a register")),
            };
            match register {
                Operand::Reg(register) => Ok(Operand::TypedReg(register, unsigned(cursor)?)),
                _ => Err(cursor.error("a type without a register")),
            }
        }
        _ => Err(cursor.error("unknown kind of operand")),
    }
}

fn allocation(cursor: &mut Cursor<'_>) -> Result<Operand, ReadError> {
    let (mut words, mut floats, mut funs) = (0, 0, 0);
    for _ in 0..unsigned(cursor)? {
        let (kind, number) = (unsigned(cursor)?, unsigned(cursor)?);
        match kind {
            0 => words = number,
            1 => floats = number,
            2 => funs = number,
            _ => return Err(cursor.error("unknown kind of allocation")),
        }
    }
    Ok(Operand::Allocation { words, floats, funs })
}

fn register(cursor: &Cursor<'_>, number: u32) -> Result<u16, ReadError> {
    u16::try_from(number).map_err(|_| cursor.error("a register is out of range"))
}

/// A number with the tag for untyped numbers.
fn unsigned(cursor: &mut Cursor<'_>) -> Result<u32, ReadError> {
    let first = cursor.u8()?;
    match (first & 7 == Tag::Unsigned as u8, value(cursor, first)?) {
        (true, Value::Small(value)) => {
            u32::try_from(value).map_err(|_| cursor.error("a number is out of range"))
        }
        _ => Err(cursor.error("not a number")),
    }
}

enum Value {
    Small(i64),
    Big(BigInt),
}

/// The value behind a first byte; see `assemble::compact`.
fn value(cursor: &mut Cursor<'_>, first: u8) -> Result<Value, ReadError> {
    if first & 0b1000 == 0 {
        return Ok(Value::Small(i64::from(first >> 4)));
    }
    if first & 0b1_0000 == 0 {
        let low = cursor.u8()?;
        return Ok(Value::Small(i64::from(first & 0b1110_0000) << 3 | i64::from(low)));
    }
    let length = match first >> 5 {
        // The length itself follows, less 9. It is a number of the short forms, or else absurd.
        7 => {
            let first = cursor.u8()?;
            let length = match first & 0b1_1000 {
                0b1_1000 => return Err(cursor.error("a number is too large")),
                0b0_1000 => usize::from(first & 0b1110_0000) << 3 | usize::from(cursor.u8()?),
                _ => usize::from(first >> 4),
            };
            length + 9
        }
        short => usize::from(short) + 2,
    };
    let bytes = cursor.take(length)?;
    if length > 8 {
        return Ok(Value::Big(BigInt::from_signed_bytes_be(bytes)));
    }
    let start = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
    Ok(Value::Small(bytes.iter().fold(start, |value, byte| value << 8 | i64::from(*byte))))
}
