//! Encoding operands, and the checks that keep the loader from meeting wrong ones.

use num_traits::ToPrimitive;

use super::compact::{Tag, extended, signed, unsigned};
use super::{AssembleError, Assembler, pools::count};
use crate::{ExternalFunction, Label, Opcode, Reg, Src, Term};

pub(super) type Done = Result<(), AssembleError>;

/// Registers go from 0 to here; the machine keeps x1023 for itself (`beam_validator.erl`).
const LAST_REGISTER: u16 = 1022;

/// Elements of the largest tuple (`MAX_ARITYVAL`).
pub(super) const MOST_ELEMENTS: u32 = (1 << 24) - 1;

/// Numbers that become a constant of signed 32 bits in machine code.
pub(super) const MOST_BITS: u32 = i32::MAX.unsigned_abs();

/// Heap words one instruction may ask for: their number of bytes must be such a constant, too.
const MOST_WORDS: u32 = 1 << 25;

impl<'m> Assembler<'m> {
    pub(super) fn op(&mut self, opcode: Opcode) {
        self.highest_opcode = self.highest_opcode.max(opcode);
        self.code.push(opcode.number());
    }

    pub(super) fn number(&mut self, number: u32) {
        unsigned(&mut self.code, Tag::Unsigned, number);
    }

    /// A number that the loader trusts to have this bound.
    pub(super) fn bounded(&mut self, number: u32, bound: u32) -> Done {
        if number > bound {
            return Err(AssembleError::NumberOutOfRange(number));
        }
        self.number(number);
        Ok(())
    }

    /// A number of registers.
    pub(super) fn size(&mut self, size: u16) -> Done {
        if size > LAST_REGISTER + 1 {
            return Err(AssembleError::RegisterOutOfRange(size));
        }
        self.number(u32::from(size));
        Ok(())
    }

    pub(super) fn flags(&mut self, flags: u8) -> Done {
        // little 2, signed 4, native 16 (`beam_asm.erl`, `flag_to_bit/1`).
        if flags & !0x16 != 0 {
            return wrong("bit syntax", "unknown flags");
        }
        self.number(u32::from(flags));
        Ok(())
    }

    pub(super) fn register(&mut self, register: Reg) -> Done {
        let (tag, number) = match register {
            Reg::X(number) => (Tag::X, number),
            Reg::Y(number) => (Tag::Y, number),
        };
        if number > LAST_REGISTER {
            return Err(AssembleError::RegisterOutOfRange(number));
        }
        unsigned(&mut self.code, tag, u32::from(number));
        Ok(())
    }

    pub(super) fn label(&mut self, label: Label) -> Done {
        self.labels.refer(label)?;
        unsigned(&mut self.code, Tag::Label, label.0);
        Ok(())
    }

    pub(super) fn fail(&mut self, fail: Option<Label>) -> Done {
        if let Some(label) = fail {
            return self.label(label);
        }
        unsigned(&mut self.code, Tag::Label, 0);
        Ok(())
    }

    pub(super) fn define_label(&mut self, label: Label) -> Done {
        self.labels.define(label)?;
        self.op(Opcode::Label);
        self.number(label.0);
        Ok(())
    }

    pub(super) fn atom(&mut self, name: &'m str) -> Done {
        let index = self.atoms.index(name)?;
        unsigned(&mut self.code, Tag::Atom, index);
        Ok(())
    }

    pub(super) fn source(&mut self, src: &'m Src) -> Done {
        match src {
            Src::Reg(register) => self.register(*register),
            Src::Atom(name) => self.atom(name),
            Src::Integer(value) => {
                signed(&mut self.code, Tag::Integer, *value);
                Ok(())
            }
            Src::Nil => {
                unsigned(&mut self.code, Tag::Atom, 0);
                Ok(())
            }
            Src::Literal(term) => self.literal(term),
        }
    }

    pub(super) fn sources(&mut self, sources: &'m [Src]) -> Done {
        sources.iter().try_for_each(|src| self.source(src))
    }

    /// Terms without heap parts must not come out of the pool (`beam_asm.erl`, `encode_arg/2`).
    pub(super) fn literal(&mut self, term: &'m Term) -> Done {
        match term {
            Term::Atom(name) => return self.atom(name),
            Term::List(elements) if elements.is_empty() => {
                unsigned(&mut self.code, Tag::Atom, 0);
                return Ok(());
            }
            Term::Integer(_) | Term::BigInteger(_) => {
                if let Some(value) = small_integer(term) {
                    signed(&mut self.code, Tag::Integer, value);
                    return Ok(());
                }
            }
            Term::ImproperList(elements, _) if elements.is_empty() => {
                return wrong("literal", "an improper list without elements");
            }
            _ => {}
        }
        let index = self.literals.index(term)?;
        self.extended(extended::LITERAL);
        self.number(index);
        Ok(())
    }

    pub(super) fn external(&mut self, function: &'m ExternalFunction) -> Done {
        self.number(u32::from(function.arity));
        self.import(&function.module, &function.function, function.arity)
    }

    pub(super) fn import(&mut self, module: &'m str, function: &'m str, arity: u8) -> Done {
        let module = self.atoms.index(module)?;
        let function = self.atoms.index(function)?;
        let index = self.imports.index(module, function, arity)?;
        self.number(index);
        Ok(())
    }

    pub(super) fn guard_function(&mut self, name: &'m str, arity: usize) -> Done {
        let arity = u8::try_from(arity).map_err(|_| AssembleError::TooLarge("argument list"))?;
        self.import("erlang", name, arity)
    }

    pub(super) fn extended(&mut self, kind: u32) {
        unsigned(&mut self.code, Tag::Extended, kind);
    }

    /// The head of an operand list, which must not be empty.
    pub(super) fn list(&mut self, instruction: &'static str, length: usize) -> Done {
        if length == 0 {
            return wrong(instruction, "empty operand list");
        }
        self.extended(extended::LIST);
        self.number(count(length, "operand list")?);
        Ok(())
    }

    pub(super) fn heap_need(&mut self, words: u32, funs: u32) -> Done {
        if funs == 0 {
            return self.bounded(words, MOST_WORDS);
        }
        self.extended(extended::ALLOCATION);
        // Three pairs of kind (words, floats, funs) and number.
        self.number(3);
        self.number(0);
        self.bounded(words, MOST_WORDS)?;
        self.number(1);
        self.number(0);
        self.number(2);
        // A fun takes 7 words and a pointer.
        self.bounded(funs, MOST_WORDS / 8)
    }
}

/// An instruction that breaks a rule.
pub(super) fn wrong<T>(instruction: &'static str, problem: &'static str) -> Result<T, AssembleError> {
    Err(AssembleError::Operands { instruction, problem })
}

/// The value of an integer that fits an operand of eight bytes.
fn small_integer(term: &Term) -> Option<i64> {
    match term {
        Term::Integer(value) => Some(*value),
        Term::BigInteger(value) => value.to_i64(),
        _ => None,
    }
}
