//! Reading a `.beam` file: its tables, its literals, its code as generic instructions.
//!
//! Takes any bytes: it never panics, and the memory it needs is bounded by the file's size and
//! [`MAX_LITERAL_BYTES`].
//!
//! - `cursor`: bytes of a chunk
//! - `code`: instructions and operands
//! - `tables`: everything else
//! - `listing`: what was read, as text

mod code;
mod cursor;
mod listing;
mod tables;

use smol_str::SmolStr;

pub use self::code::{Op, Operand};
pub(crate) use self::cursor::Cursor;
pub use self::listing::listing;
use crate::chunk::split;
use crate::{ExternalFunction, Label, Line, Term};

/// Literal pools larger than this are not unpacked.
pub const MAX_LITERAL_BYTES: usize = 16 << 20;

/// Why bytes are not a `.beam` file that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not the chunks of a BEAM module.
    #[error("not a .beam file")]
    NotBeam,
    /// A chunk without which there is no module.
    #[error("the chunk {0} is missing")]
    MissingChunk(&'static str),
    /// A chunk breaks its format.
    #[error("chunk {chunk}: {problem}")]
    Malformed {
        /// The chunk.
        chunk: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// An instruction that OTP 25 does not have.
    #[error("unknown instruction {0}")]
    UnknownInstruction(u8),
}

/// A module as it stands in a `.beam` file. Indices of atoms and literals in `code` are in range.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadModule {
    /// Its name.
    pub name: SmolStr,
    /// All chunks in order: id and size.
    pub chunks: Vec<([u8; 4], usize)>,
    /// Atoms; index 1 of the file is element 0.
    pub atoms: Vec<SmolStr>,
    /// Functions of other modules.
    pub imports: Vec<ExternalFunction>,
    /// Functions that other modules may call.
    pub exports: Vec<Entry>,
    /// The other functions.
    pub locals: Vec<Entry>,
    /// Funs.
    pub funs: Vec<Fun>,
    /// The literal pool.
    pub literals: Vec<Term>,
    /// The string table.
    pub strings: Vec<u8>,
    /// Lines, from index 1 of the file; `Line::file` is an index into `files`.
    pub lines: Vec<Line>,
    /// Source files; the first is the one the loader adds, `<module>.erl`.
    pub files: Vec<String>,
    /// Number of `line` instructions that the file promises.
    pub line_instructions: u32,
    /// Attributes, if there are any: a list of pairs.
    pub attributes: Option<Term>,
    /// What `module_info(compile)` answers.
    pub compile_info: Option<Term>,
    /// Highest instruction number the code needs.
    pub highest_opcode: u32,
    /// One more than the highest label.
    pub labels: u32,
    /// Number of functions that the file promises.
    pub functions: u32,
    /// The code.
    pub code: Vec<Op>,
}

/// A function in the export table or the table of local functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: SmolStr,
    /// Its arity.
    pub arity: u32,
    /// Where it starts.
    pub label: Label,
}

/// A fun in the fun table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fun {
    /// The function that implements it.
    pub entry: Entry,
    /// Its index.
    pub index: u32,
    /// Number of free variables.
    pub free: u32,
    /// Part of the module's hash.
    pub unique: u32,
}

/// Reads a `.beam` file (not one compressed as a whole).
///
/// # Errors
/// When it is no such file, or of another form than OTP 25 writes.
pub fn read(file: &[u8]) -> Result<ReadModule, ReadError> {
    let chunks = split(file).ok_or(ReadError::NotBeam)?;
    let find = |id: &'static str| {
        let found = chunks.iter().find(|(name, _)| name == id.as_bytes());
        found.map(|(_, contents)| Cursor::new(id, contents))
    };
    let need = |id| find(id).ok_or(ReadError::MissingChunk(id));

    let atoms = tables::atoms(need("AtU8")?)?;
    let name = atoms.first().cloned().ok_or(ReadError::MissingChunk("AtU8"))?;
    let imports = tables::imports(need("ImpT")?, &atoms)?;
    let exports = tables::entries(need("ExpT")?, &atoms)?;
    let locals = optional(find("LocT"), |cursor| tables::entries(cursor, &atoms))?;
    let funs = optional(find("FunT"), |cursor| tables::funs(cursor, &atoms))?;
    let literals = optional(find("LitT"), tables::literals)?;
    let lines = match find("Line") {
        Some(cursor) => tables::lines(cursor, &name)?,
        None => tables::Lines::default(),
    };
    let (header, code) = code::code(need("Code")?, atoms.len(), literals.len())?;
    Ok(ReadModule {
        chunks: chunks.iter().map(|(id, contents)| (*id, contents.len())).collect(),
        strings: find("StrT").map(|cursor| cursor.rest().to_vec()).unwrap_or_default(),
        attributes: find("Attr").map(tables::term).transpose()?,
        compile_info: find("CInf").map(tables::term).transpose()?,
        lines: lines.places,
        files: lines.files,
        line_instructions: lines.instructions,
        highest_opcode: header.highest_opcode,
        labels: header.labels,
        functions: header.functions,
        name,
        atoms,
        imports,
        exports,
        locals,
        funs,
        literals,
        code,
    })
}

fn optional<T>(
    cursor: Option<Cursor<'_>>,
    read: impl FnOnce(Cursor<'_>) -> Result<Vec<T>, ReadError>,
) -> Result<Vec<T>, ReadError> {
    cursor.map(read).transpose().map(Option::unwrap_or_default)
}
