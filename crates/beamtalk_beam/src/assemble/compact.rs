//! The compact encoding of operands: three bits of tag, then a value of any size.
//!
//! Layout (OTP 25 `beam_asm.erl`, `encode/2`): values below 16 in one byte `vvvv0ttt`; below 2048 in two,
//! `vvv01ttt vvvvvvvv`; else a byte `nnn11ttt` and n + 2 bytes of big-endian two's complement.

/// The tags of operands (`beam_opcodes.hrl`; 6, for characters, is out of use).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// An untyped number: arity, index, live count.
    Unsigned = 0,
    /// An integer term.
    Integer = 1,
    /// Index into the atom table; 0 is nil.
    Atom = 2,
    /// X register.
    X = 3,
    /// Y register.
    Y = 4,
    /// Label; 0 is none.
    Label = 5,
    /// What follows is of an extended kind.
    Extended = 7,
}

/// Kinds behind [`Tag::Extended`].
pub(crate) mod extended {
    pub const LIST: u32 = 1;
    pub const FLOAT_REGISTER: u32 = 2;
    pub const ALLOCATION: u32 = 3;
    pub const LITERAL: u32 = 4;
    pub const TYPED_REGISTER: u32 = 5;
}

/// Appends an unsigned value.
#[inline]
pub(crate) fn unsigned(out: &mut Vec<u8>, tag: Tag, value: u32) {
    let tag = tag as u8;
    let [_, _, high, low] = value.to_be_bytes();
    if value < 16 {
        out.push(low << 4 | tag);
    } else if value < 0x800 {
        out.extend_from_slice(&[high << 5 | 0b0000_1000 | tag, low]);
    } else {
        long(out, tag, i64::from(value));
    }
}

/// Appends a signed value.
#[inline]
pub(crate) fn signed(out: &mut Vec<u8>, tag: Tag, value: i64) {
    match u32::try_from(value) {
        Ok(value) => unsigned(out, tag, value),
        Err(_) => long(out, tag as u8, value),
    }
}

fn long(out: &mut Vec<u8>, tag: u8, value: i64) {
    // Bits without copies of the sign, plus one sign bit; at least two bytes.
    let bits = 65 - (value ^ (value >> 63)).leading_zeros();
    let bytes = (bits as usize).div_ceil(8).max(2);
    #[allow(clippy::cast_possible_truncation, reason = "2 to 8 bytes")]
    out.push((bytes as u8 - 2) << 5 | 0b0001_1000 | tag);
    out.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
}
