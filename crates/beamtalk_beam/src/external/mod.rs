//! The external term format, in which literals and attributes are stored.
//!
//! Layout: OTP 25 `erts/doc` "External Term Format", version 131.

mod decode;
mod encode;

pub(crate) use decode::decode;
pub(crate) use encode::encode;

/// First byte of every encoded term.
const VERSION: u8 = 131;

/// The tags of terms that can stand in a module.
mod tag {
    pub const NEW_FLOAT: u8 = 70;
    pub const BIT_BINARY: u8 = 77;
    pub const SMALL_INTEGER: u8 = 97;
    pub const INTEGER: u8 = 98;
    pub const ATOM_LATIN1: u8 = 100;
    pub const SMALL_TUPLE: u8 = 104;
    pub const LARGE_TUPLE: u8 = 105;
    pub const NIL: u8 = 106;
    pub const STRING: u8 = 107;
    pub const LIST: u8 = 108;
    pub const BINARY: u8 = 109;
    pub const SMALL_BIG: u8 = 110;
    pub const LARGE_BIG: u8 = 111;
    pub const EXPORT: u8 = 113;
    pub const SMALL_ATOM_LATIN1: u8 = 115;
    pub const MAP: u8 = 116;
    pub const ATOM_UTF8: u8 = 118;
    pub const SMALL_ATOM_UTF8: u8 = 119;
}
