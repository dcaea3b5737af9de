//! Building small modules, and the modules that together contain every instruction.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::too_many_lines, reason = "code in instructions is long, not intricate")]

use std::sync::Arc;

use beamtalk_beam::{ExternalFunction, Function, Instr, Label, Line, Module, Reg, Src, Term};

pub mod samples;

/// A module with one source file, whose functions are each on the line of their number.
pub struct Builder {
    pub module: Module,
}

impl Builder {
    pub fn new(name: &str) -> Self {
        let mut module = Module::new(name);
        module.files.push("src/sample.bt".into());
        Self { module }
    }

    pub fn label(&mut self) -> Label {
        self.module.label()
    }

    /// Adds an exported function; `code` is given the label of its `func_info`.
    pub fn function(
        &mut self,
        name: &str,
        arity: u8,
        code: impl FnOnce(&mut Self, Label) -> Vec<Instr>,
    ) -> Label {
        let (info, entry) = (self.label(), self.label());
        let line = self.line(self.module.functions.len() + 1);
        let code = code(self, info);
        self.module.functions.push(Function {
            name: name.into(),
            arity,
            exported: true,
            line,
            info,
            entry,
            code,
        });
        entry
    }

    /// The index of a line, for `Instr::Line`.
    pub fn line(&mut self, line: usize) -> u32 {
        let line = u32::try_from(line).expect("a line number");
        self.module.lines.push(Line { file: 0, line });
        u32::try_from(self.module.lines.len()).expect("a line index")
    }
}

pub fn x(number: u16) -> Reg {
    Reg::X(number)
}

pub fn y(number: u16) -> Reg {
    Reg::Y(number)
}

pub fn xs(number: u16) -> Src {
    Src::Reg(x(number))
}

pub fn ys(number: u16) -> Src {
    Src::Reg(y(number))
}

pub fn int(value: i64) -> Src {
    Src::Integer(value)
}

pub fn atom(name: &str) -> Src {
    Src::Atom(name.into())
}

pub fn literal(term: Term) -> Src {
    Src::Literal(Arc::new(term))
}

pub fn external(module: &str, function: &str, arity: u8) -> ExternalFunction {
    ExternalFunction { module: module.into(), function: function.into(), arity }
}

pub fn put(src: Src, dst: Reg) -> Instr {
    Instr::Move { src, dst }
}
