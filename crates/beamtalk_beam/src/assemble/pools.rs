//! The tables an assembled module refers to by index: atoms, imports, literals, strings.
//!
//! Each keeps its chunk's bytes as it grows, and finds what it already has without allocating.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::AssembleError;
use crate::{Term, external};

/// Atom table: indices from 1; the first is the module's name.
pub(super) struct Atoms<'m> {
    indices: FxHashMap<&'m str, u32>,
    bytes: Vec<u8>,
}

impl<'m> Atoms<'m> {
    /// Room for about so many.
    pub fn with_capacity(atoms: usize) -> Self {
        Self {
            indices: FxHashMap::with_capacity_and_hasher(atoms, FxBuildHasher),
            bytes: Vec::with_capacity(atoms * 16),
        }
    }

    pub fn index(&mut self, name: &'m str) -> Result<u32, AssembleError> {
        if let Some(index) = self.indices.get(name) {
            return Ok(*index);
        }
        // A length of one byte leaves no room for longer names (`beam_dict:atom_table/1`).
        let length = u8::try_from(name.len()).map_err(|_| AssembleError::AtomTooLong(name.to_owned()))?;
        self.bytes.push(length);
        self.bytes.extend_from_slice(name.as_bytes());
        let index = count(self.indices.len() + 1, "atoms")?;
        self.indices.insert(name, index);
        Ok(index)
    }

    /// Number of atoms, and each with its length before it.
    pub fn table(&self) -> (usize, &[u8]) {
        (self.indices.len(), &self.bytes)
    }
}

/// Imported functions: indices from 0.
pub(super) struct Imports {
    indices: FxHashMap<(u32, u32, u8), u32>,
    bytes: Vec<u8>,
}

impl Imports {
    /// Room for about so many.
    pub fn with_capacity(imports: usize) -> Self {
        Self {
            indices: FxHashMap::with_capacity_and_hasher(imports, FxBuildHasher),
            bytes: Vec::with_capacity(imports * 12),
        }
    }

    pub fn index(&mut self, module: u32, function: u32, arity: u8) -> Result<u32, AssembleError> {
        if let Some(index) = self.indices.get(&(module, function, arity)) {
            return Ok(*index);
        }
        for word in [module, function, u32::from(arity)] {
            self.bytes.extend_from_slice(&word.to_be_bytes());
        }
        let index = count(self.indices.len(), "imports")?;
        self.indices.insert((module, function, arity), index);
        Ok(index)
    }

    /// Number of imports, and three words for each.
    pub fn table(&self) -> (usize, &[u8]) {
        (self.indices.len(), &self.bytes)
    }
}

/// Literal pool: indices from 0.
#[derive(Default)]
pub(super) struct Literals {
    /// Hash of the encoded term to its index and its place in `bytes`. Of two different terms with one hash only
    /// the first is found again: that costs sharing, never correctness.
    found: FxHashMap<u64, (u32, usize, usize)>,
    count: usize,
    bytes: Vec<u8>,
}

impl Literals {
    pub fn index(&mut self, term: &Term) -> Result<u32, AssembleError> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        external::encode(term, &mut self.bytes)?;
        let body = start + 4;
        let end = self.bytes.len();
        let hash = FxBuildHasher.hash_one(&self.bytes[body..end]);
        let known = self.found.get(&hash).copied();
        if let Some((index, from, to)) = known
            && self.bytes[from..to] == self.bytes[body..end]
        {
            self.bytes.truncate(start);
            return Ok(index);
        }
        let length = count(end - body, "literal")?;
        self.bytes[start..body].copy_from_slice(&length.to_be_bytes());
        let index = count(self.count, "literals")?;
        self.count += 1;
        if known.is_none() {
            self.found.insert(hash, (index, body, end));
        }
        Ok(index)
    }

    /// Number of literals, and each with its length before it.
    pub fn table(&self) -> (usize, &[u8]) {
        (self.count, &self.bytes)
    }
}

/// String table of `bs_match_string`: offsets into one run of bytes.
#[derive(Default)]
pub(super) struct Strings<'m> {
    offsets: FxHashMap<&'m [u8], u32>,
    bytes: Vec<u8>,
}

impl<'m> Strings<'m> {
    pub fn offset(&mut self, string: &'m [u8]) -> Result<u32, AssembleError> {
        if let Some(offset) = self.offsets.get(string) {
            return Ok(*offset);
        }
        let offset = count(self.bytes.len(), "string table")?;
        self.bytes.extend_from_slice(string);
        self.offsets.insert(string, offset);
        Ok(offset)
    }

    pub fn table(&self) -> &[u8] {
        &self.bytes
    }
}

/// A length or index as the format's 32 bits.
pub(super) fn count(number: usize, what: &'static str) -> Result<u32, AssembleError> {
    u32::try_from(number).map_err(|_| AssembleError::TooLarge(what))
}
