//! Encoding one instruction: its number, then its operands.
//!
//! Operand order is that of OTP 25 `beam_asm.erl` (`make_op/2`), which differs from the `.S` text for tests that
//! have a destination: fail, source, live, the rest, destination.

use smol_str::SmolStr;

use super::compact::{Tag, extended, unsigned};
use super::operands::{Done, MOST_BITS, MOST_ELEMENTS, wrong};
use super::{AssembleError, Assembler, pools::count};
use crate::{BinSegment, Instr, Label, Opcode, Reg, SegmentType, Src, Term, TestOp};

impl<'m> Assembler<'m> {
    #[allow(clippy::too_many_lines, reason = "one arm for each instruction")]
    pub(super) fn instruction(&mut self, instr: &'m Instr) -> Done {
        match instr {
            Instr::Label(label) => self.define_label(*label),
            Instr::Line(line) => self.line(*line),
            Instr::Move { src, dst } => {
                self.op(Opcode::Move);
                self.source(src)?;
                self.register(*dst)
            }
            Instr::Swap { a, b } => {
                self.op(Opcode::Swap);
                self.register(*a)?;
                self.register(*b)
            }
            Instr::InitYregs(registers) => {
                self.op(Opcode::InitYregs);
                self.list("init_yregs", registers.len())?;
                registers.iter().try_for_each(|y| self.register(Reg::Y(*y)))
            }
            Instr::Allocate { stack, live } => {
                self.op(Opcode::Allocate);
                self.size(*stack)?;
                self.size(*live)
            }
            Instr::Deallocate(stack) => {
                self.op(Opcode::Deallocate);
                self.size(*stack)
            }
            Instr::TestHeap { words, funs, live } => {
                self.op(Opcode::TestHeap);
                self.heap_need(*words, *funs)?;
                self.size(*live)
            }
            Instr::Call { arity, target } => {
                self.op(Opcode::Call);
                self.number(u32::from(*arity));
                self.label(*target)
            }
            Instr::CallOnly { arity, target } => {
                self.op(Opcode::CallOnly);
                self.number(u32::from(*arity));
                self.label(*target)
            }
            Instr::CallLast { arity, target, deallocate } => {
                self.op(Opcode::CallLast);
                self.number(u32::from(*arity));
                self.label(*target)?;
                self.size(*deallocate)
            }
            Instr::CallExt(function) => {
                self.op(Opcode::CallExt);
                self.external(function)
            }
            Instr::CallExtOnly(function) => {
                self.op(Opcode::CallExtOnly);
                self.external(function)
            }
            Instr::CallExtLast { function, deallocate } => {
                self.op(Opcode::CallExtLast);
                self.external(function)?;
                self.size(*deallocate)
            }
            Instr::Apply { arity } => {
                self.op(Opcode::Apply);
                self.number(u32::from(*arity));
                Ok(())
            }
            Instr::ApplyLast { arity, deallocate } => {
                self.op(Opcode::ApplyLast);
                self.number(u32::from(*arity));
                self.size(*deallocate)
            }
            Instr::CallFun { arity } => {
                self.op(Opcode::CallFun);
                self.number(u32::from(*arity));
                Ok(())
            }
            Instr::Return => {
                self.op(Opcode::Return);
                Ok(())
            }
            Instr::Jump(target) => {
                self.op(Opcode::Jump);
                self.label(*target)
            }
            Instr::Test { op, fail, args } => self.test(*op, *fail, args),
            Instr::IsTaggedTuple { fail, src, arity, tag } => {
                self.op(Opcode::IsTaggedTuple);
                self.label(*fail)?;
                self.register(*src)?;
                self.bounded(*arity, MOST_ELEMENTS)?;
                self.atom(tag)
            }
            Instr::TestArity { fail, src, arity } => {
                self.op(Opcode::TestArity);
                self.label(*fail)?;
                self.register(*src)?;
                self.bounded(*arity, MOST_ELEMENTS)?;
                Ok(())
            }
            Instr::SelectVal { src, fail, cases } => self.select_val(src, *fail, cases),
            Instr::SelectTupleArity { src, fail, cases } => {
                self.op(Opcode::SelectTupleArity);
                self.register(*src)?;
                self.label(*fail)?;
                self.list("select_tuple_arity", cases.len() * 2)?;
                cases.iter().try_for_each(|(arity, target)| {
                    self.bounded(*arity, MOST_ELEMENTS)?;
                    self.label(*target)
                })
            }
            Instr::GetTupleElement { src, index, dst } => {
                self.op(Opcode::GetTupleElement);
                self.register(*src)?;
                self.bounded(*index, MOST_ELEMENTS)?;
                self.register(*dst)
            }
            Instr::GetList { src, head, tail } => {
                self.op(Opcode::GetList);
                self.register(*src)?;
                self.register(*head)?;
                self.register(*tail)
            }
            Instr::GetHd { src, dst } => {
                self.op(Opcode::GetHd);
                self.register(*src)?;
                self.register(*dst)
            }
            Instr::GetTl { src, dst } => {
                self.op(Opcode::GetTl);
                self.register(*src)?;
                self.register(*dst)
            }
            Instr::PutList { head, tail, dst } => {
                self.op(Opcode::PutList);
                self.source(head)?;
                self.source(tail)?;
                self.register(*dst)
            }
            Instr::PutTuple2 { dst, elements } => {
                self.op(Opcode::PutTuple2);
                self.register(*dst)?;
                self.list("put_tuple2", elements.len())?;
                self.sources(elements)
            }
            Instr::PutMapAssoc { fail, src, dst, live, pairs } => {
                self.op(Opcode::PutMapAssoc);
                self.put_map("put_map_assoc", *fail, src, *dst, *live, pairs)
            }
            Instr::PutMapExact { fail, src, dst, live, pairs } => {
                self.op(Opcode::PutMapExact);
                self.put_map("put_map_exact", *fail, src, *dst, *live, pairs)
            }
            Instr::GetMapElements { fail, src, pairs } => {
                self.op(Opcode::GetMapElements);
                self.label(*fail)?;
                self.register(*src)?;
                self.list("get_map_elements", pairs.len() * 2)?;
                pairs.iter().try_for_each(|(key, dst)| {
                    self.source(key)?;
                    self.register(*dst)
                })
            }
            Instr::HasMapFields { fail, src, keys } => {
                self.op(Opcode::HasMapFields);
                self.label(*fail)?;
                self.register(*src)?;
                self.list("has_map_fields", keys.len())?;
                self.sources(keys)
            }
            Instr::MakeFun3 { lambda, dst, free } => self.make_fun(*lambda, *dst, free),
            Instr::Bif { fail, name, args, dst } => self.bif(*fail, name, args, *dst),
            Instr::GcBif { fail, name, live, args, dst } => self.gc_bif(*fail, name, *live, args, *dst),
            Instr::Try { y, handler } => {
                self.op(Opcode::Try);
                self.register(Reg::Y(*y))?;
                self.label(*handler)
            }
            Instr::TryEnd(y) => {
                self.op(Opcode::TryEnd);
                self.register(Reg::Y(*y))
            }
            Instr::TryCase(y) => {
                self.op(Opcode::TryCase);
                self.register(Reg::Y(*y))
            }
            Instr::TryCaseEnd(src) => {
                self.op(Opcode::TryCaseEnd);
                self.source(src)
            }
            Instr::RawRaise => {
                self.op(Opcode::RawRaise);
                Ok(())
            }
            Instr::BuildStacktrace => {
                self.op(Opcode::BuildStacktrace);
                Ok(())
            }
            Instr::Badmatch(src) => {
                self.op(Opcode::Badmatch);
                self.source(src)
            }
            Instr::CaseEnd(src) => {
                self.op(Opcode::CaseEnd);
                self.source(src)
            }
            Instr::IfEnd => {
                self.op(Opcode::IfEnd);
                Ok(())
            }
            Instr::BsCreateBin { fail, live, unit, dst, segments } => {
                self.op(Opcode::BsCreateBin);
                self.fail(*fail)?;
                self.number(0);
                self.size(*live)?;
                self.number(u32::from(*unit));
                self.register(*dst)?;
                self.list("bs_create_bin", segments.len() * 6)?;
                segments.iter().zip(1..).try_for_each(|(segment, number)| self.segment(segment, number))
            }
            Instr::BsStartMatch4 { fail, live, src, dst } => {
                self.op(Opcode::BsStartMatch4);
                self.label(*fail)?;
                self.size(*live)?;
                self.source(src)?;
                self.register(*dst)
            }
            Instr::BsGetInteger2 { fail, context, live, size, unit, flags, dst } => {
                self.op(Opcode::BsGetInteger2);
                self.bs_get(*fail, *context, *live, size, (*unit, *flags), *dst)
            }
            Instr::BsGetFloat2 { fail, context, live, size, unit, flags, dst } => {
                self.op(Opcode::BsGetFloat2);
                self.bs_get(*fail, *context, *live, size, (*unit, *flags), *dst)
            }
            Instr::BsGetBinary2 { fail, context, live, size, unit, flags, dst } => {
                self.op(Opcode::BsGetBinary2);
                self.bs_get(*fail, *context, *live, size, (*unit, *flags), *dst)
            }
            Instr::BsGetUtf8 { fail, context, live, flags, dst } => {
                self.op(Opcode::BsGetUtf8);
                self.label(*fail)?;
                self.register(*context)?;
                self.size(*live)?;
                self.flags(*flags)?;
                self.register(*dst)
            }
            Instr::BsSkipBits2 { fail, context, size, unit, flags } => {
                self.op(Opcode::BsSkipBits2);
                self.label(*fail)?;
                self.register(*context)?;
                self.source(size)?;
                self.number(u32::from(*unit));
                self.flags(*flags)
            }
            Instr::BsTestTail2 { fail, context, bits } => {
                self.op(Opcode::BsTestTail2);
                self.label(*fail)?;
                self.register(*context)?;
                self.bounded(*bits, MOST_BITS)?;
                Ok(())
            }
            Instr::BsTestUnit { fail, context, unit } => {
                self.op(Opcode::BsTestUnit);
                self.label(*fail)?;
                self.register(*context)?;
                self.number(u32::from(*unit));
                Ok(())
            }
            Instr::BsGetTail { context, dst, live } => {
                self.op(Opcode::BsGetTail);
                self.register(*context)?;
                self.register(*dst)?;
                self.size(*live)
            }
            Instr::BsMatchString { fail, context, bytes } => {
                if bytes.is_empty() {
                    return wrong("bs_match_string", "nothing to match");
                }
                self.op(Opcode::BsMatchString);
                self.label(*fail)?;
                self.register(*context)?;
                self.bounded(count(bytes.len().saturating_mul(8), "matched string")?, MOST_BITS)?;
                let offset = self.strings.offset(bytes)?;
                self.number(offset);
                Ok(())
            }
        }
    }

    // Instructions with rules of their own.

    fn test(&mut self, op: TestOp, fail: Label, args: &'m [Src]) -> Done {
        let opcode = op.opcode();
        if args.len() + 1 != usize::from(opcode.arity()) {
            return wrong(opcode.name(), "wrong number of arguments");
        }
        self.op(opcode);
        self.label(fail)?;
        self.sources(args)
    }

    fn select_val(&mut self, src: &'m Src, fail: Label, cases: &'m [(Src, Label)]) -> Done {
        let mut kinds = cases.iter().map(|(value, _)| case_kind(value));
        let first = kinds.next().flatten();
        if first.is_none() || kinds.any(|kind| kind != first) {
            return wrong("select_val", "cases must be all atoms, all integers or all floats");
        }
        self.op(Opcode::SelectVal);
        self.source(src)?;
        self.label(fail)?;
        self.list("select_val", cases.len() * 2)?;
        cases.iter().try_for_each(|(value, target)| {
            self.source(value)?;
            self.label(*target)
        })
    }

    fn put_map(
        &mut self,
        name: &'static str,
        fail: Option<Label>,
        src: &'m Src,
        dst: Reg,
        live: u16,
        pairs: &'m [(Src, Src)],
    ) -> Done {
        self.fail(fail)?;
        self.source(src)?;
        self.register(dst)?;
        self.size(live)?;
        self.list(name, pairs.len() * 2)?;
        pairs.iter().try_for_each(|(key, value)| {
            self.source(key)?;
            self.source(value)
        })
    }

    fn make_fun(&mut self, index: u32, dst: Reg, free: &'m [Src]) -> Done {
        let lambda = self.module.lambdas.get(index as usize).ok_or(AssembleError::LambdaOutOfRange(index))?;
        if usize::from(lambda.free) != free.len() {
            return wrong("make_fun3", "wrong number of free variables");
        }
        self.op(Opcode::MakeFun3);
        self.number(index);
        self.register(dst)?;
        // An empty environment is a list of none, not an error as elsewhere.
        self.extended(extended::LIST);
        self.number(u32::from(lambda.free));
        self.sources(free)
    }

    fn bif(&mut self, fail: Option<Label>, name: &'m SmolStr, args: &'m [Src], dst: Reg) -> Done {
        let arity = args.len();
        let opcode = match arity {
            0 => Opcode::Bif0,
            1 => Opcode::Bif1,
            2 => Opcode::Bif2,
            _ => return wrong("bif", "more than two arguments"),
        };
        self.op(opcode);
        // Functions without arguments cannot fail.
        if arity > 0 {
            self.fail(fail)?;
        }
        self.guard_function(name, arity)?;
        self.sources(args)?;
        self.register(dst)
    }

    fn gc_bif(
        &mut self,
        fail: Option<Label>,
        name: &'m SmolStr,
        live: u16,
        args: &'m [Src],
        dst: Reg,
    ) -> Done {
        let opcode = match args.len() {
            1 => Opcode::GcBif1,
            2 => Opcode::GcBif2,
            3 => Opcode::GcBif3,
            _ => return wrong("gc_bif", "not one to three arguments"),
        };
        self.op(opcode);
        self.fail(fail)?;
        self.size(live)?;
        self.guard_function(name, args.len())?;
        self.sources(args)?;
        self.register(dst)
    }

    /// Six operands in one list: type, number, unit, flags, value, size.
    fn segment(&mut self, segment: &'m BinSegment, number: u32) -> Done {
        let (kind, no_size) = match segment.kind {
            SegmentType::Integer => ("integer", None),
            SegmentType::Float => ("float", None),
            SegmentType::Binary => ("binary", Some("all")),
            SegmentType::Utf8 => ("utf8", Some("undefined")),
        };
        // A size in units of 0 bits makes the loader divide by zero; utf8 has no size.
        if (segment.unit == 0) != (segment.kind == SegmentType::Utf8) {
            return wrong("bs_create_bin", "wrong unit");
        }
        self.atom(kind)?;
        self.number(number);
        self.number(u32::from(segment.unit));
        unsigned(&mut self.code, Tag::Atom, 0);
        self.source(&segment.value)?;
        match (&segment.size, no_size) {
            (Some(size), _) => self.source(size),
            (None, Some(atom)) => self.atom(atom),
            (None, None) => wrong("bs_create_bin", "a segment lacks its size"),
        }
    }

    fn bs_get(
        &mut self,
        fail: Label,
        context: Reg,
        live: u16,
        size: &'m Src,
        (unit, flags): (u8, u8),
        dst: Reg,
    ) -> Done {
        self.label(fail)?;
        self.register(context)?;
        self.size(live)?;
        self.source(size)?;
        self.number(u32::from(unit));
        self.flags(flags)?;
        self.register(dst)
    }

    pub(super) fn line(&mut self, line: u32) -> Done {
        if line as usize > self.module.lines.len() {
            return Err(AssembleError::LineOutOfRange(line));
        }
        self.op(Opcode::Line);
        self.number(line);
        self.line_instructions += 1;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CaseKind {
    Atom,
    Integer,
    Float,
}

fn case_kind(value: &Src) -> Option<CaseKind> {
    match value {
        Src::Atom(_) => Some(CaseKind::Atom),
        Src::Integer(_) => Some(CaseKind::Integer),
        Src::Literal(term) => match term.as_ref() {
            Term::Atom(_) => Some(CaseKind::Atom),
            Term::Integer(_) | Term::BigInteger(_) => Some(CaseKind::Integer),
            Term::Float(_) => Some(CaseKind::Float),
            _ => None,
        },
        Src::Reg(_) | Src::Nil => None,
    }
}
