//! Modules as `.S` text, the form in which `erlc +from_asm` takes them.
//!
//! - `instruction`: instructions
//! - `operand`: their operands
//! - `term`: terms

mod instruction;
mod operand;
pub(crate) mod term;

use std::fmt::{self, Write};

use rustc_hash::FxHashMap;

use self::operand::Sequence;
use self::term::Atom;
use crate::assemble::MODULE_INFO_LABELS;
use crate::{Function, Instr, Label, Module, Term};

/// The module as `.S` text that `erlc +from_asm` of OTP 25 accepts. What is out of range in a wrong module is printed
/// as absent.
#[must_use]
pub fn print(module: &Module) -> String {
    let mut out = String::new();
    let written = write_module(&mut out, module);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    out
}

fn write_module(out: &mut String, module: &Module) -> fmt::Result {
    let name = Atom(&module.name);
    let exported = module.functions.iter().filter(|function| function.exported);
    let mut exports: Vec<_> =
        exported.map(|function| format!("{{{},{}}}", Atom(&function.name), function.arity)).collect();
    exports.extend(["{module_info,0}".into(), "{module_info,1}".into()]);
    let attributes: Vec<_> = module.attributes.iter().map(attribute).collect();
    let first = module.next_label.max(1);

    writeln!(out, "%% -*- coding: utf-8 -*-")?;
    writeln!(out, "{{module, {name}}}.\n")?;
    writeln!(out, "{{exports, [{}]}}.\n", Sequence(&exports))?;
    writeln!(out, "{{attributes, [{}]}}.\n", Sequence(&attributes))?;
    writeln!(out, "{{labels, {}}}.", first.saturating_add(MODULE_INFO_LABELS))?;
    let callees: FxHashMap<Label, &Function> =
        module.functions.iter().map(|function| (function.entry, function)).collect();
    for function in &module.functions {
        head(out, module, function)?;
        for instr in &function.code {
            out.push_str(if matches!(instr, Instr::Label(_)) { "  " } else { "    " });
            instruction::instruction(out, module, instr)?;
            out.push('.');
            if let Some(callee) = call_target(instr).and_then(|target| callees.get(&target)) {
                // A comment must not spill over into the next line.
                let callee = format!(" % {}/{}", Atom(&callee.name), callee.arity);
                out.push_str(&callee.replace(['\n', '\r'], " "));
            }
            out.push('\n');
        }
    }
    for arity in [0, 1] {
        let info = Label(first.saturating_add(2 * u32::from(arity)));
        let entry = Label(info.0.saturating_add(1));
        let code = Vec::new();
        let function =
            Function { name: "module_info".into(), arity, exported: true, line: 0, info, entry, code };
        head(out, module, &function)?;
        if arity == 1 {
            writeln!(out, "    {{move,{{x,0}},{{x,1}}}}.")?;
        }
        writeln!(out, "    {{move,{{atom,{name}}},{{x,0}}}}.")?;
        let arity = arity + 1;
        writeln!(out, "    {{call_ext_only,{arity},{{extfunc,erlang,get_module_info,{arity}}}}}.")?;
    }
    Ok(())
}

fn attribute((name, value): &(smol_str::SmolStr, Term)) -> String {
    match value {
        Term::List(_) => format!("{{{},{value}}}", Atom(name)),
        value => format!("{{{},[{value}]}}", Atom(name)),
    }
}

fn head(out: &mut String, module: &Module, function: &Function) -> fmt::Result {
    let Function { name, arity, line, info, entry, .. } = function;
    let name = Atom(name);
    writeln!(out, "\n\n{{function, {name}, {arity}, {}}}.", entry.0)?;
    write!(out, "  {{label,{}}}.\n    ", info.0)?;
    instruction::line(out, module, *line)?;
    writeln!(out, ".\n    {{func_info,{{atom,{}}},{{atom,{name}}},{arity}}}.", Atom(&module.name))?;
    writeln!(out, "  {{label,{}}}.", entry.0)
}

fn call_target(instr: &Instr) -> Option<Label> {
    match instr {
        Instr::Call { target, .. } | Instr::CallOnly { target, .. } | Instr::CallLast { target, .. } => {
            Some(*target)
        }
        _ => None,
    }
}
