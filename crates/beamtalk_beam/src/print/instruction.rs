//! Instructions in the notation of `.S` files.
//!
//! Operand order: OTP 25 `beam_ssa_codegen.erl`, as `beam_listing` prints it.

use std::fmt::{self, Write};

use super::operand::{Fail, Flags, HeapNeed, Pairs, Segments, Sequence};
use super::term::{Atom, Quoted};
use crate::{Instr, Label, Module, Reg, Src};

/// Writes one instruction without the full stop.
#[allow(clippy::too_many_lines, reason = "one arm for each instruction")]
pub(super) fn instruction(out: &mut String, module: &Module, instr: &Instr) -> fmt::Result {
    match instr {
        Instr::Label(label) => write!(out, "{{label,{}}}", label.0),
        Instr::Line(index) => line(out, module, *index),
        Instr::Move { src, dst } => write!(out, "{{move,{src},{dst}}}"),
        Instr::Swap { a, b } => write!(out, "{{swap,{a},{b}}}"),
        Instr::InitYregs(registers) => {
            let registers: Vec<_> = registers.iter().map(|y| Reg::Y(*y)).collect();
            write!(out, "{{init_yregs,{{list,[{}]}}}}", Sequence(&registers))
        }
        Instr::Allocate { stack, live } => write!(out, "{{allocate,{stack},{live}}}"),
        Instr::Deallocate(stack) => write!(out, "{{deallocate,{stack}}}"),
        Instr::TestHeap { words, funs, live } => {
            write!(out, "{{test_heap,{},{live}}}", HeapNeed(*words, *funs))
        }
        Instr::Call { arity, target } => write!(out, "{{call,{arity},{target}}}"),
        Instr::CallOnly { arity, target } => write!(out, "{{call_only,{arity},{target}}}"),
        Instr::CallLast { arity, target, deallocate } => {
            write!(out, "{{call_last,{arity},{target},{deallocate}}}")
        }
        Instr::CallExt(function) => write!(out, "{{call_ext,{function}}}"),
        Instr::CallExtOnly(function) => write!(out, "{{call_ext_only,{function}}}"),
        Instr::CallExtLast { function, deallocate } => {
            write!(out, "{{call_ext_last,{function},{deallocate}}}")
        }
        Instr::Apply { arity } => write!(out, "{{apply,{arity}}}"),
        Instr::ApplyLast { arity, deallocate } => {
            write!(out, "{{apply_last,{arity},{deallocate}}}")
        }
        Instr::CallFun { arity } => write!(out, "{{call_fun,{arity}}}"),
        Instr::Return => out.write_str("return"),
        Instr::Jump(target) => write!(out, "{{jump,{target}}}"),
        Instr::Test { op, fail, args } => {
            write!(out, "{{test,{},{fail},[{}]}}", op.opcode().name(), Sequence(args))
        }
        Instr::IsTaggedTuple { fail, src, arity, tag } => {
            write!(out, "{{test,is_tagged_tuple,{fail},[{src},{arity},{{atom,{}}}]}}", Atom(tag))
        }
        Instr::TestArity { fail, src, arity } => {
            write!(out, "{{test,test_arity,{fail},[{src},{arity}]}}")
        }
        Instr::SelectVal { src, fail, cases } => {
            write!(out, "{{select_val,{src},{fail},{{list,[{}]}}}}", Pairs(cases))
        }
        Instr::SelectTupleArity { src, fail, cases } => {
            write!(out, "{{select_tuple_arity,{src},{fail},{{list,[{}]}}}}", Pairs(cases))
        }
        Instr::GetTupleElement { src, index, dst } => {
            write!(out, "{{get_tuple_element,{src},{index},{dst}}}")
        }
        Instr::GetList { src, head, tail } => write!(out, "{{get_list,{src},{head},{tail}}}"),
        Instr::GetHd { src, dst } => write!(out, "{{get_hd,{src},{dst}}}"),
        Instr::GetTl { src, dst } => write!(out, "{{get_tl,{src},{dst}}}"),
        Instr::PutList { head, tail, dst } => write!(out, "{{put_list,{head},{tail},{dst}}}"),
        Instr::PutTuple2 { dst, elements } => {
            write!(out, "{{put_tuple2,{dst},{{list,[{}]}}}}", Sequence(elements))
        }
        Instr::PutMapAssoc { fail, src, dst, live, pairs } => {
            let (fail, pairs) = (Fail(*fail), Pairs(pairs));
            write!(out, "{{put_map_assoc,{fail},{src},{dst},{live},{{list,[{pairs}]}}}}")
        }
        Instr::PutMapExact { fail, src, dst, live, pairs } => {
            let (fail, pairs) = (Fail(*fail), Pairs(pairs));
            write!(out, "{{put_map_exact,{fail},{src},{dst},{live},{{list,[{pairs}]}}}}")
        }
        Instr::GetMapElements { fail, src, pairs } => {
            write!(out, "{{get_map_elements,{fail},{src},{{list,[{}]}}}}", Pairs(pairs))
        }
        Instr::HasMapFields { fail, src, keys } => {
            write!(out, "{{test,has_map_fields,{fail},{src},{{list,[{}]}}}}", Sequence(keys))
        }
        Instr::MakeFun3 { lambda, dst, free } => {
            let entry = module.lambdas.get(*lambda as usize).map(|lambda| lambda.entry);
            let (entry, free) = (Fail(entry), Sequence(free));
            write!(out, "{{make_fun3,{entry},{lambda},0,{dst},{{list,[{free}]}}}}")
        }
        Instr::Bif { fail, name, args, dst } => {
            let (name, fail, args) = (Atom(name), Fail(*fail), Sequence(args));
            write!(out, "{{bif,{name},{fail},[{args}],{dst}}}")
        }
        Instr::GcBif { fail, name, live, args, dst } => {
            let (name, fail, args) = (Atom(name), Fail(*fail), Sequence(args));
            write!(out, "{{gc_bif,{name},{fail},{live},[{args}],{dst}}}")
        }
        Instr::Try { y, handler } => write!(out, "{{'try',{{y,{y}}},{handler}}}"),
        Instr::TryEnd(y) => write!(out, "{{try_end,{{y,{y}}}}}"),
        Instr::TryCase(y) => write!(out, "{{try_case,{{y,{y}}}}}"),
        Instr::TryCaseEnd(src) => write!(out, "{{try_case_end,{src}}}"),
        Instr::RawRaise => out.write_str("raw_raise"),
        Instr::BuildStacktrace => out.write_str("build_stacktrace"),
        Instr::Badmatch(src) => write!(out, "{{badmatch,{src}}}"),
        Instr::CaseEnd(src) => write!(out, "{{case_end,{src}}}"),
        Instr::IfEnd => out.write_str("if_end"),
        Instr::BsCreateBin { fail, live, unit, dst, segments } => {
            let (fail, segments) = (Fail(*fail), Segments(segments));
            write!(out, "{{bs_create_bin,{fail},0,{live},{unit},{dst},{{list,[{segments}]}}}}")
        }
        Instr::BsStartMatch4 { fail, live, src, dst } => {
            write!(out, "{{bs_start_match4,{fail},{live},{src},{dst}}}")
        }
        Instr::BsGetInteger2 { fail, context, live, size, unit, flags, dst } => {
            bs_get(out, "bs_get_integer2", *fail, *live, (*context, size, *unit, *flags), *dst)
        }
        Instr::BsGetFloat2 { fail, context, live, size, unit, flags, dst } => {
            bs_get(out, "bs_get_float2", *fail, *live, (*context, size, *unit, *flags), *dst)
        }
        Instr::BsGetBinary2 { fail, context, live, size, unit, flags, dst } => {
            bs_get(out, "bs_get_binary2", *fail, *live, (*context, size, *unit, *flags), *dst)
        }
        Instr::BsGetUtf8 { fail, context, live, flags, dst } => {
            write!(out, "{{test,bs_get_utf8,{fail},{live},[{context},{}],{dst}}}", Flags(*flags))
        }
        Instr::BsSkipBits2 { fail, context, size, unit, flags } => {
            let flags = Flags(*flags);
            write!(out, "{{test,bs_skip_bits2,{fail},[{context},{size},{unit},{flags}]}}")
        }
        Instr::BsTestTail2 { fail, context, bits } => {
            write!(out, "{{test,bs_test_tail2,{fail},[{context},{bits}]}}")
        }
        Instr::BsTestUnit { fail, context, unit } => {
            write!(out, "{{test,bs_test_unit,{fail},[{context},{unit}]}}")
        }
        Instr::BsGetTail { context, dst, live } => {
            write!(out, "{{bs_get_tail,{context},{dst},{live}}}")
        }
        Instr::BsMatchString { fail, context, bytes } => {
            let bits = bytes.len() * 8;
            write!(out, "{{test,bs_match_string,{fail},[{context},{bits},{{string,<<")?;
            write!(out, "{}>>}}]}}", Sequence(bytes))
        }
    }
}

/// A place in a source file.
pub(super) fn line(out: &mut String, module: &Module, index: u32) -> fmt::Result {
    let line = (index as usize).checked_sub(1).and_then(|at| module.lines.get(at));
    let file = line.and_then(|line| Some((line, module.files.get(line.file as usize)?)));
    match file {
        Some((line, file)) => {
            write!(out, "{{line,[{{location,{},{}}}]}}", Quoted(file), line.line)
        }
        None => out.write_str("{line,[]}"),
    }
}

fn bs_get(
    out: &mut String,
    name: &str,
    fail: Label,
    live: u16,
    (context, size, unit, flags): (Reg, &Src, u8, u8),
    dst: Reg,
) -> fmt::Result {
    let flags = Flags(flags);
    write!(out, "{{test,{name},{fail},{live},[{context},{size},{unit},{flags}],{dst}}}")
}
