//! All chunks but the code.
//!
//! Layouts: OTP 25 `beam_dict.erl` and `beam_asm.erl`; a count of 32 bits, then the entries.

use std::io::Read;

use flate2::read::ZlibDecoder;
use smol_str::SmolStr;

use super::code::{Operand, operand};
use super::{Cursor, Entry, Fun, MAX_LITERAL_BYTES, ReadError};
use crate::{ExternalFunction, Label, Line, Term, external};

/// Entries of a length byte and UTF-8.
pub(super) fn atoms(mut cursor: Cursor<'_>) -> Result<Vec<SmolStr>, ReadError> {
    let count = cursor.count(1)?;
    let mut atoms = Vec::with_capacity(count);
    for _ in 0..count {
        let length = cursor.u8()?;
        atoms.push(SmolStr::new(cursor.text(usize::from(length))?));
    }
    Ok(atoms)
}

/// The atom of an index, which is from 1.
fn atom(cursor: &mut Cursor<'_>, atoms: &[SmolStr]) -> Result<SmolStr, ReadError> {
    let index = cursor.u32()? as usize;
    let found = index.checked_sub(1).and_then(|index| atoms.get(index));
    found.cloned().ok_or_else(|| cursor.error("an atom is out of range"))
}

pub(super) fn imports(mut cursor: Cursor<'_>, atoms: &[SmolStr]) -> Result<Vec<ExternalFunction>, ReadError> {
    let count = cursor.count(12)?;
    let mut imports = Vec::with_capacity(count);
    for _ in 0..count {
        let (module, function) = (atom(&mut cursor, atoms)?, atom(&mut cursor, atoms)?);
        let arity = u8::try_from(cursor.u32()?).map_err(|_| cursor.error("an arity above 255"))?;
        imports.push(ExternalFunction { module, function, arity });
    }
    Ok(imports)
}

fn entry(cursor: &mut Cursor<'_>, atoms: &[SmolStr]) -> Result<Entry, ReadError> {
    Ok(Entry { name: atom(cursor, atoms)?, arity: cursor.u32()?, label: Label(cursor.u32()?) })
}

pub(super) fn entries(mut cursor: Cursor<'_>, atoms: &[SmolStr]) -> Result<Vec<Entry>, ReadError> {
    let count = cursor.count(12)?;
    (0..count).map(|_| entry(&mut cursor, atoms)).collect()
}

pub(super) fn funs(mut cursor: Cursor<'_>, atoms: &[SmolStr]) -> Result<Vec<Fun>, ReadError> {
    let count = cursor.count(24)?;
    let mut fun = || {
        Ok(Fun {
            entry: entry(&mut cursor, atoms)?,
            index: cursor.u32()?,
            free: cursor.u32()?,
            unique: cursor.u32()?,
        })
    };
    (0..count).map(|_| fun()).collect()
}

/// The unpacked size, then the packed table: a count, then each term with its size before it.
pub(super) fn literals(mut cursor: Cursor<'_>) -> Result<Vec<Term>, ReadError> {
    let size = cursor.u32()? as usize;
    if size > MAX_LITERAL_BYTES {
        return Err(cursor.error("too large"));
    }
    let mut unpacked = Vec::new();
    // One byte more than promised, to notice that there is more.
    let mut decoder = ZlibDecoder::new(cursor.rest()).take(size as u64 + 1);
    decoder.read_to_end(&mut unpacked).map_err(|_| cursor.error("not a zlib stream"))?;
    if unpacked.len() != size {
        return Err(cursor.error("not of the size it promises"));
    }
    let mut cursor = Cursor::new("LitT", &unpacked);
    let count = cursor.count(4)?;
    let mut literals = Vec::with_capacity(count);
    for _ in 0..count {
        let length = cursor.u32()? as usize;
        literals.push(external::decode(Cursor::new("LitT", cursor.take(length)?))?);
    }
    Ok(literals)
}

/// A chunk that is one term.
pub(super) fn term(cursor: Cursor<'_>) -> Result<Term, ReadError> {
    external::decode(cursor)
}

/// The line chunk.
#[derive(Default)]
pub(super) struct Lines {
    pub places: Vec<Line>,
    pub files: Vec<String>,
    pub instructions: u32,
}

pub(super) fn lines(mut cursor: Cursor<'_>, module: &str) -> Result<Lines, ReadError> {
    let (version, _flags) = (cursor.u32()?, cursor.u32()?);
    if version != 0 {
        return Err(cursor.error("unknown version"));
    }
    let instructions = cursor.u32()?;
    let (line_count, file_count) = (cursor.u32()?, cursor.u32()?);
    let mut lines = Vec::new();
    let mut file = 0;
    while lines.len() < line_count as usize {
        match operand(&mut cursor)? {
            Operand::Integer(line) => {
                let line = u32::try_from(line).map_err(|_| cursor.error("a line is out of range"))?;
                lines.push(Line { file, line });
            }
            Operand::Nil => file = 0,
            Operand::Atom(index) if index <= file_count => file = index,
            _ => return Err(cursor.error("neither a line nor a file")),
        }
    }
    let mut files = vec![format!("{module}.erl")];
    for _ in 0..file_count {
        let length = cursor.u16()?;
        files.push(cursor.text(usize::from(length))?.to_owned());
    }
    Ok(Lines { places: lines, files, instructions })
}
