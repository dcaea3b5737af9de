//! From instructions to the bytes of a `.beam` file.
//!
//! Facts: OTP 25 `lib/compiler/src/beam_asm.erl` and `beam_dict.erl`.
//!
//! - `instruction`, `operands`, `compact`: the code, from instructions down to bytes
//! - `pools`, `labels`: what they refer to
//! - `file`: the chunks

mod file;
mod instruction;
mod labels;
mod operands;
mod pools;

pub(crate) mod compact;

use rustc_hash::{FxBuildHasher, FxHashSet};

use self::compact::{Tag, unsigned};
use self::labels::Labels;
use self::pools::{Atoms, Imports, Literals, Strings};
use crate::error::AssembleError;
use crate::{Function, Label, Module, Opcode, Reg};

/// The bytes of the `.beam` file.
///
/// Equal modules give equal bytes.
///
/// # Errors
/// When the module breaks a limit or a rule of the format.
pub fn assemble(module: &Module) -> Result<Vec<u8>, AssembleError> {
    let mut assembler = Assembler::new(module)?;
    for function in &module.functions {
        assembler.function(function)?;
    }
    assembler.module_info()?;
    assembler.op(Opcode::IntCodeEnd);
    assembler.labels.check()?;
    assembler.file()
}

/// An entry of the export table or the table of local functions.
struct Entry {
    name: u32,
    arity: u8,
    label: Label,
    exported: bool,
}

/// A module under assembly.
struct Assembler<'m> {
    module: &'m Module,
    code: Vec<u8>,
    highest_opcode: Opcode,
    labels: Labels,
    atoms: Atoms<'m>,
    imports: Imports,
    literals: Literals,
    strings: Strings<'m>,
    entries: Vec<Entry>,
    names: FxHashSet<(u32, u8)>,
    /// Number of `line` instructions; the loader sizes its table by it.
    line_instructions: u32,
}

impl<'m> Assembler<'m> {
    fn new(module: &'m Module) -> Result<Self, AssembleError> {
        let next_label = module.next_label.max(1).saturating_add(MODULE_INFO_LABELS);
        let instructions = module.functions.iter().map(|function| function.code.len() + 4).sum::<usize>();
        let mut assembler = Self {
            module,
            code: Vec::with_capacity(instructions * 6),
            // OTP's own assembler marks every module so, to keep releases before 23 from loading it.
            highest_opcode: Opcode::Swap,
            labels: Labels::new(next_label)?,
            atoms: Atoms::with_capacity(instructions / 3),
            imports: Imports::with_capacity(module.functions.len()),
            literals: Literals::default(),
            strings: Strings::default(),
            entries: Vec::with_capacity(module.functions.len() + 2),
            names: FxHashSet::with_capacity_and_hasher(module.functions.len() + 2, FxBuildHasher),
            line_instructions: 0,
        };
        assembler.atoms.index(&module.name)?;
        Ok(assembler)
    }

    fn function(&mut self, function: &'m Function) -> Result<(), AssembleError> {
        let Function { name, arity, exported, line, info, entry, code } = function;
        self.head(Head {
            name,
            arity: *arity,
            exported: *exported,
            line: *line,
            info: *info,
            entry: *entry,
        })?;
        code.iter().try_for_each(|instr| self.instruction(instr))
    }

    fn head(&mut self, head: Head<'m>) -> Result<(), AssembleError> {
        let name = self.atoms.index(head.name)?;
        if !self.names.insert((name, head.arity)) {
            return Err(AssembleError::DuplicateFunction { name: head.name.into(), arity: head.arity });
        }
        self.entries.push(Entry { name, arity: head.arity, label: head.entry, exported: head.exported });
        self.define_label(head.info)?;
        self.line(head.line)?;
        self.op(Opcode::FuncInfo);
        unsigned(&mut self.code, Tag::Atom, MODULE_NAME);
        unsigned(&mut self.code, Tag::Atom, name);
        self.number(u32::from(head.arity));
        self.define_label(head.entry)
    }

    /// `module_info/0,1`, which every module has (OTP 25 `sys_pre_attributes`, `v3_core`).
    fn module_info(&mut self) -> Result<(), AssembleError> {
        let first = self.module.next_label.max(1);
        for arity in [0, 1] {
            let info = Label(first + 2 * u32::from(arity));
            let entry = Label(info.0 + 1);
            self.head(Head { name: "module_info", arity, exported: true, line: 0, info, entry })?;
            if arity == 1 {
                self.op(Opcode::Move);
                self.register(Reg::X(0))?;
                self.register(Reg::X(1))?;
            }
            self.op(Opcode::Move);
            unsigned(&mut self.code, Tag::Atom, MODULE_NAME);
            self.register(Reg::X(0))?;
            self.op(Opcode::CallExtOnly);
            self.number(u32::from(arity) + 1);
            self.import("erlang", "get_module_info", arity + 1)?;
        }
        Ok(())
    }
}

/// The loader takes the first atom for the module's name.
const MODULE_NAME: u32 = 1;

/// Labels that `module_info/0,1` take after the module's own.
pub(crate) const MODULE_INFO_LABELS: u32 = 4;

/// What the instructions before a function's code say.
#[derive(Clone, Copy)]
struct Head<'m> {
    name: &'m str,
    arity: u8,
    exported: bool,
    line: u32,
    info: Label,
    entry: Label,
}
