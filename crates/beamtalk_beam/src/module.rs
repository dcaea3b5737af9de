//! A module before assembly.

use smol_str::SmolStr;

use crate::{Instr, Label, Term};

/// A BEAM module: functions in order, and what the loader and tools need beside them.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its name.
    pub name: SmolStr,
    /// Its functions. `module_info/0,1` are added by the assembler.
    pub functions: Vec<Function>,
    /// Funs made by `make_fun3`.
    pub lambdas: Vec<Lambda>,
    /// Places for stack traces, referred to by `Instr::Line(index + 1)`.
    pub lines: Vec<Line>,
    /// Source files; `Line::file` is an index into them. The first is the module's own.
    pub files: Vec<String>,
    /// `-attribute(value)`; the assembler adds `vsn` (a hash of the code).
    pub attributes: Vec<(SmolStr, Term)>,
    /// Further chunks, such as `Docs`: four-letter id and contents.
    pub chunks: Vec<([u8; 4], Vec<u8>)>,
    /// Next free label; labels start at 1.
    pub next_label: u32,
}

impl Module {
    /// An empty module.
    #[must_use]
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), next_label: 1, ..Self::default() }
    }

    /// A fresh label.
    pub fn label(&mut self) -> Label {
        let label = Label(self.next_label);
        self.next_label += 1;
        label
    }
}

/// A function. The assembler emits its head: `label info; line; func_info; label entry`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: SmolStr,
    /// Number of arguments, at most 255.
    pub arity: u8,
    /// Whether other modules may call it.
    pub exported: bool,
    /// Place of the head, an index into [`Module::lines`] from 1; 0 is none.
    pub line: u32,
    /// Label of `func_info` (raises `function_clause`); a jump target for failing heads.
    pub info: Label,
    /// Label calls go to.
    pub entry: Label,
    /// Instructions after the entry label.
    pub code: Vec<Instr>,
}

/// A fun: its function takes the fun's own arguments first, then the free variables.
#[derive(Clone, Debug)]
pub struct Lambda {
    /// Name of the function that implements it.
    pub name: SmolStr,
    /// That function's arity: own arguments plus free variables.
    pub arity: u8,
    /// Number of free variables.
    pub free: u8,
    /// That function's entry.
    pub entry: Label,
}

/// A source line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Index into [`Module::files`].
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
}
