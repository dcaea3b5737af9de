//! What was read, as text for people: tables first, then the code, one instruction a line.

use std::fmt::{self, Write};

use super::{Entry, Op, Operand, ReadModule};
use crate::Opcode;
use crate::print::term::Atom;

/// The module as text: tables, literals by number, code in the manner of `.S` files. Its length is proportional to
/// the module's.
#[must_use]
pub fn listing(module: &ReadModule) -> String {
    let mut out = String::new();
    let written = Listing { module, out: &mut out }.module();
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    out
}

struct Listing<'a> {
    module: &'a ReadModule,
    out: &'a mut String,
}

impl Listing<'_> {
    fn module(&mut self) -> fmt::Result {
        let module = self.module;
        writeln!(self.out, "module {}", Atom(&module.name))?;
        writeln!(
            self.out,
            "functions {}, labels {}, highest instruction {}, line instructions {}",
            module.functions, module.labels, module.highest_opcode, module.line_instructions
        )?;
        for (id, size) in &module.chunks {
            writeln!(self.out, "chunk {} {size}", id.escape_ascii())?;
        }
        self.entries("export", &module.exports)?;
        self.entries("local", &module.locals)?;
        for fun in &module.funs {
            let Entry { name, arity, label } = &fun.entry;
            write!(self.out, "fun {} {}/{arity} at {}", fun.index, Atom(name), label.0)?;
            writeln!(self.out, ", free {}, unique {}", fun.free, fun.unique)?;
        }
        for (what, term) in [("attributes", &module.attributes), ("compile_info", &module.compile_info)] {
            if let Some(term) = term {
                writeln!(self.out, "{what} {term}")?;
            }
        }
        for (index, literal) in module.literals.iter().enumerate() {
            writeln!(self.out, "literal {index} {literal}")?;
        }
        for op in &module.code {
            self.op(op)?;
        }
        Ok(())
    }

    fn entries(&mut self, what: &str, entries: &[Entry]) -> fmt::Result {
        for Entry { name, arity, label } in entries {
            writeln!(self.out, "{what} {}/{arity} at {}", Atom(name), label.0)?;
        }
        Ok(())
    }

    fn op(&mut self, op: &Op) -> fmt::Result {
        let Op { opcode, operands } = op;
        if *opcode == Opcode::FuncInfo {
            self.out.push('\n');
        }
        let indent = if *opcode == Opcode::Label { "  " } else { "    " };
        write!(self.out, "{indent}{}", opcode.name())?;
        for (index, operand) in operands.iter().enumerate() {
            self.out.push_str(if index == 0 { " " } else { ", " });
            match (operand, meaning(*opcode, index)) {
                (Operand::Unsigned(index), Meaning::Import) => self.import(*index)?,
                (Operand::Unsigned(index), Meaning::Line) => self.line(*index)?,
                (operand, _) => self.operand(operand)?,
            }
        }
        self.out.push('\n');
        Ok(())
    }

    fn import(&mut self, index: u32) -> fmt::Result {
        match self.module.imports.get(index as usize) {
            Some(import) => {
                let (module, function) = (Atom(&import.module), Atom(&import.function));
                write!(self.out, "{module}:{function}/{}", import.arity)
            }
            None => write!(self.out, "import {index}"),
        }
    }

    fn line(&mut self, index: u32) -> fmt::Result {
        let lines = &self.module.lines;
        let Some(line) = (index as usize).checked_sub(1).and_then(|at| lines.get(at)) else {
            return write!(self.out, "{index}");
        };
        // Names only by number: repeated, long ones would multiply the text.
        write!(self.out, "file {} line {}", line.file, line.line)
    }

    fn operand(&mut self, operand: &Operand) -> fmt::Result {
        match operand {
            Operand::Unsigned(number) => write!(self.out, "{number}"),
            Operand::Integer(value) => write!(self.out, "{{integer,{value}}}"),
            Operand::BigInteger(value) => write!(self.out, "{{integer,{value}}}"),
            Operand::Nil => self.out.write_str("nil"),
            Operand::Atom(index) => {
                let name = (*index as usize).checked_sub(1).and_then(|at| self.module.atoms.get(at));
                write!(self.out, "{{atom,{}}}", Atom(name.map_or("", |name| name.as_str())))
            }
            Operand::Reg(register) => write!(self.out, "{register}"),
            Operand::TypedReg(register, index) => write!(self.out, "{{tr,{register},{index}}}"),
            Operand::FloatReg(number) => write!(self.out, "{{fr,{number}}}"),
            Operand::Label(label) => write!(self.out, "{label}"),
            Operand::Literal(index) => write!(self.out, "{{literal,{index}}}"),
            Operand::Allocation { words, floats, funs } => {
                write!(self.out, "{{alloc,[{{words,{words}}},{{floats,{floats}}},{{funs,{funs}}}]}}")
            }
            Operand::List(operands) => {
                self.out.push('[');
                for (index, operand) in operands.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.operand(operand)?;
                }
                self.out.push(']');
                Ok(())
            }
        }
    }
}

/// What an untyped number is an index of.
enum Meaning {
    Number,
    Import,
    Line,
}

fn meaning(opcode: Opcode, operand: usize) -> Meaning {
    match (operand, opcode) {
        (0, Opcode::Line) => Meaning::Line,
        (0, Opcode::Bif0)
        | (1, Opcode::CallExt | Opcode::CallExtLast | Opcode::CallExtOnly | Opcode::Bif1 | Opcode::Bif2)
        | (2, Opcode::GcBif1 | Opcode::GcBif2 | Opcode::GcBif3) => Meaning::Import,
        _ => Meaning::Number,
    }
}
