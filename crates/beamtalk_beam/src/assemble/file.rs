//! The chunks of the file.
//!
//! Order and contents: OTP 25 `beam_asm.erl`, `build_file/8`.

use num_bigint::BigInt;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3Default;

use super::compact::{Tag, unsigned};
use super::pools::count;
use super::{AssembleError, Assembler, MODULE_INFO_LABELS};
use crate::chunk::ChunkWriter;
use crate::{Label, Lambda, Term, compress, external};

/// Of the code chunk: bytes of its header after this number, and the instruction set's version.
const CODE_HEADER: u32 = 16;
const INSTRUCTION_SET: u32 = 0;

/// The chunks that are made of the module's other parts, and the type table, which refers to the code.
const RESERVED: [&[u8; 4]; 13] = [
    b"Atom", b"AtU8", b"Attr", b"CInf", b"Code", b"ExpT", b"FunT", b"ImpT", b"Line", b"LitT", b"LocT",
    b"StrT", b"Type",
];

impl Assembler<'_> {
    /// Puts the file together; the code is complete.
    pub(super) fn file(&self) -> Result<Vec<u8>, AssembleError> {
        let code_header = words([
            CODE_HEADER,
            INSTRUCTION_SET,
            u32::from(self.highest_opcode.number()),
            self.module.next_label.max(1) + MODULE_INFO_LABELS,
            count(self.entries.len(), "functions")?,
        ]);
        let (atoms, atom_bytes) = self.atoms.table();
        let atom_head = count(atoms, "atoms")?.to_be_bytes();
        let (imports, import_bytes) = self.imports.table();
        let import_head = count(imports, "imports")?.to_be_bytes();
        let exports = self.entry_table(true)?;
        let locals = self.entry_table(false)?;
        let mut lambdas = self.lambda_table()?;
        let literals = self.literal_table()?;
        if let Some((id, _)) = self.module.chunks.iter().find(|(id, _)| RESERVED.contains(&id)) {
            return Err(AssembleError::ReservedChunk(id.escape_ascii().to_string()));
        }
        let is_meta = |id: &[u8; 4]| id == b"Meta";
        let meta = self.module.chunks.iter().find(|(id, _)| is_meta(id)).map(|(_, contents)| &contents[..]);

        // What tells two versions of the module apart. OTP's compiler takes an MD5 of the same contents, which would be an
        // eighth of our time.
        let mut hash = Xxh3Default::new();
        hash.update(&atom_head);
        hash.update(atom_bytes);
        hash.update(&code_header);
        hash.update(&self.code);
        hash.update(self.strings.table());
        hash.update(&import_head);
        hash.update(import_bytes);
        hash.update(&exports);
        hash.update(&lambdas);
        hash.update(&literals);
        hash.update(meta.unwrap_or_default());
        let hash = hash.digest128();
        sign_lambdas(&mut lambdas, hash);
        let attributes = self.attributes(hash)?;
        let compile_info = self.compile_info()?;
        let lines = self.line_table()?;

        let extra = self.module.chunks.iter().map(|(_, contents)| contents.len() + 11).sum::<usize>();
        let sizes =
            [atom_bytes, &self.code, self.strings.table(), import_bytes, &exports, &lambdas, &literals];
        let size = sizes.iter().map(|part| part.len()).sum::<usize>();
        let rest = locals.len() + attributes.len() + compile_info.len() + lines.len();
        let mut file = ChunkWriter::new(size + rest + extra + 256);
        file.chunk(*b"AtU8", &[&atom_head, atom_bytes])?;
        file.chunk(*b"Code", &[&code_header, &self.code])?;
        file.chunk(*b"StrT", &[self.strings.table()])?;
        file.chunk(*b"ImpT", &[&import_head, import_bytes])?;
        file.chunk(*b"ExpT", &[&exports])?;
        if !lambdas.is_empty() {
            file.chunk(*b"FunT", &[&lambdas])?;
        }
        if !literals.is_empty() {
            file.chunk(*b"LitT", &[&literals])?;
        }
        if let Some(meta) = meta {
            file.chunk(*b"Meta", &[meta])?;
        }
        file.chunk(*b"LocT", &[&locals])?;
        file.chunk(*b"Attr", &[&attributes])?;
        file.chunk(*b"CInf", &[&compile_info])?;
        for (id, contents) in self.module.chunks.iter().filter(|(id, _)| !is_meta(id)) {
            file.chunk(*id, &[contents])?;
        }
        file.chunk(*b"Line", &[&lines])?;
        file.finish()
    }

    /// Exported or local functions: name, arity, entry.
    fn entry_table(&self, exported: bool) -> Result<Vec<u8>, AssembleError> {
        let entries = || self.entries.iter().filter(|entry| entry.exported == exported);
        let mut table = count(entries().count(), "functions")?.to_be_bytes().to_vec();
        for entry in entries() {
            table.extend_from_slice(&words([entry.name, u32::from(entry.arity), entry.label.0]));
        }
        Ok(table)
    }

    /// Funs: name, arity, entry, index, number of free variables, hash (0 until it is known). Empty without funs.
    fn lambda_table(&self) -> Result<Vec<u8>, AssembleError> {
        let lambdas = &self.module.lambdas;
        if lambdas.is_empty() {
            return Ok(Vec::new());
        }
        let functions = self.module.functions.iter().zip(&self.entries);
        let mut functions: FxHashMap<Label, _> =
            functions.map(|(function, entry)| (function.entry, (function, entry.name, false))).collect();
        let mut table = count(lambdas.len(), "funs")?.to_be_bytes().to_vec();
        for (lambda, index) in lambdas.iter().zip(0..) {
            let Lambda { name, arity, free, entry } = lambda;
            let found = functions
                .get_mut(entry)
                .filter(|(function, ..)| function.name == *name && function.arity == *arity && free <= arity);
            let Some((_, atom, taken)) = found else {
                return Err(AssembleError::LambdaMismatch { name: name.clone(), arity: *arity });
            };
            // The loader keeps one lambda for each label.
            if std::mem::replace(taken, true) {
                return Err(AssembleError::DuplicateLambda { name: name.clone(), arity: *arity });
            }
            let (arity, free) = (u32::from(*arity), u32::from(*free));
            table.extend_from_slice(&words([*atom, arity, entry.0, index, free, 0]));
        }
        Ok(table)
    }

    /// Size before compression, then the compressed number of literals and the literals. Empty without any.
    fn literal_table(&self) -> Result<Vec<u8>, AssembleError> {
        let (number, literals) = self.literals.table();
        if number == 0 {
            return Ok(Vec::new());
        }
        let data = [&count(number, "literals")?.to_be_bytes(), literals].concat();
        let mut table = count(data.len(), "literals")?.to_be_bytes().to_vec();
        compress::zlib(&data, &mut table);
        Ok(table)
    }

    /// The attributes, with a `vsn` made of the hash if there is none of its own.
    fn attributes(&self, hash: u128) -> Result<Vec<u8>, AssembleError> {
        let own = &self.module.attributes;
        let mut attributes = Vec::with_capacity(own.len() + 1);
        if !own.iter().any(|(name, _)| name == "vsn") {
            let version = Term::List(vec![Term::BigInteger(BigInt::from(hash))]);
            attributes.push(Term::Tuple(vec![Term::atom("vsn"), version]));
        }
        for (name, value) in own {
            // `module_info(attributes)` has lists as values (OTP 25 `v3_core`).
            let value = match value {
                Term::List(_) => value.clone(),
                value => Term::List(vec![value.clone()]),
            };
            attributes.push(Term::Tuple(vec![Term::Atom(name.clone()), value]));
        }
        encoded(&Term::List(attributes))
    }

    /// What `module_info(compile)` answers.
    fn compile_info(&self) -> Result<Vec<u8>, AssembleError> {
        let mut items = vec![
            Term::Tuple(vec![Term::atom("version"), string(env!("CARGO_PKG_VERSION"))]),
            Term::Tuple(vec![Term::atom("options"), Term::List(Vec::new())]),
        ];
        if let Some(source) = self.module.files.first() {
            items.push(Term::Tuple(vec![Term::atom("source"), string(source)]));
        }
        encoded(&Term::List(items))
    }

    /// Version, flags, counts, then for each line its number, after the file's number where that changes; then the
    /// files. File 0 is always `Module.erl`, so ours start at 1.
    fn line_table(&self) -> Result<Vec<u8>, AssembleError> {
        let files = &self.module.files;
        let lines = &self.module.lines;
        let mut table = words([
            0,
            0,
            self.line_instructions,
            count(lines.len(), "lines")?,
            count(files.len(), "source files")?,
        ]);
        table.reserve(lines.len() * 3);
        let mut current = 0;
        for line in lines {
            if line.file as usize >= files.len() {
                return Err(AssembleError::FileOutOfRange(line.file));
            }
            let file = line.file + 1;
            if file != current {
                unsigned(&mut table, Tag::Atom, file);
                current = file;
            }
            unsigned(&mut table, Tag::Integer, line.line);
        }
        for file in files {
            let length = u16::try_from(file.len()).map_err(|_| AssembleError::TooLarge("file name"))?;
            table.extend_from_slice(&length.to_be_bytes());
            table.extend_from_slice(file.as_bytes());
        }
        Ok(table)
    }
}

/// Each fun carries 27 bits of the module's hash (`beam_asm.erl`, `finalize_fun_table/2`): they tell the funs of two
/// versions apart.
fn sign_lambdas(table: &mut [u8], hash: u128) {
    let [a, b, c, d, ..] = hash.to_be_bytes();
    let unique = (u32::from_be_bytes([a, b, c, d]) >> 5).to_be_bytes();
    for lambda in table.get_mut(4..).unwrap_or_default().chunks_exact_mut(24) {
        lambda[20..].copy_from_slice(&unique);
    }
}

fn words<const N: usize>(words: [u32; N]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn string(text: &str) -> Term {
    Term::List(text.chars().map(|character| Term::Integer(i64::from(u32::from(character)))).collect())
}

fn encoded(term: &Term) -> Result<Vec<u8>, AssembleError> {
    let mut out = Vec::new();
    external::encode(term, &mut out)?;
    Ok(out)
}
