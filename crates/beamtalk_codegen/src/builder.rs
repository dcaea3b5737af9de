//! A module under construction: functions, lines, lambdas and the send stubs that its code needs.

use std::sync::Arc;

use beamtalk_beam::{ExternalFunction, Function, Instr, Label, Lambda, Line, Module, Reg, Src, Term, TestOp};
use beamtalk_semantics::{ClassTable, MOST_IMPLEMENTORS, STDLIB, Side, module_name};
use beamtalk_text::{LineIndex, Span};
use rustc_hash::FxHashMap;
use smol_str::{SmolStr, format_smolstr};

use crate::dispatch::{self, Registers};
use crate::emit::{emit, external};
use crate::ir::{FunctionIr, LineId};

/// The VM allows 255 arguments; a few are ours.
const MOST_ARGUMENTS: u8 = 200;

/// The source that spans refer to.
#[derive(Clone, Copy)]
pub struct SourceRef<'a> {
    /// The file's name in stack traces.
    pub path: &'a str,
    /// Its lines.
    pub lines: &'a LineIndex<'a>,
    /// The package whose code it is.
    pub package: &'a str,
}

/// Why code cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooComplex {
    /// The function that needs more registers than the VM has.
    pub function: SmolStr,
}

/// The name of the function that implements a selector.
pub fn function_name(side: Side, selector: &str) -> SmolStr {
    match side {
        Side::Class => format_smolstr!("class {selector}"),
        Side::Instance if selector == "module_info" => "$module_info".into(),
        Side::Instance => selector.into(),
    }
}

/// `{'$class', Module}`
pub fn class_term(module: &str) -> Arc<Term> {
    Arc::new(Term::Tuple(vec![Term::atom("$class"), Term::atom(module)]))
}

/// A module under construction.
pub struct ModuleBuilder<'a> {
    pub table: &'a ClassTable,
    pub module: Module,
    files: FxHashMap<SmolStr, u32>,
    lines: FxHashMap<(u32, u32), LineId>,
    stubs: FxHashMap<(SmolStr, u8), Label>,
    /// By the number of arguments, the receiver included.
    dispatchers: FxHashMap<u8, Label>,
    atoms: Atoms,
    /// Own functions that other functions of the module may call directly.
    pub functions: FxHashMap<(SmolStr, u8), Label>,
    pub errors: Vec<TooComplex>,
}

impl<'a> ModuleBuilder<'a> {
    pub fn new(table: &'a ClassTable, name: &str, file: &str) -> Self {
        let mut module = Module::new(name);
        module.files.push(file.to_owned());
        let mut files = FxHashMap::default();
        files.insert(SmolStr::from(file), 0);
        Self {
            table,
            module,
            files,
            lines: FxHashMap::default(),
            stubs: FxHashMap::default(),
            dispatchers: FxHashMap::default(),
            atoms: Atoms::default(),
            functions: FxHashMap::default(),
            errors: Vec::new(),
        }
    }

    /// The line of `span` in `source`.
    pub fn line(&mut self, source: SourceRef<'_>, span: Span) -> LineId {
        let file = if let Some(file) = self.files.get(source.path) {
            *file
        } else {
            let file = u32::try_from(self.module.files.len()).unwrap_or(u32::MAX);
            self.module.files.push(source.path.to_owned());
            self.files.insert(source.path.into(), file);
            file
        };
        let line = source.lines.line(span.start);
        let lines = &mut self.module.lines;
        *self.lines.entry((file, line)).or_insert_with(|| {
            lines.push(Line { file, line });
            u32::try_from(lines.len()).unwrap_or(0)
        })
    }

    /// Reserve the labels of a function.
    pub fn declare(&mut self) -> (Label, Label) {
        (self.module.label(), self.module.label())
    }

    /// Emit a function whose labels were reserved.
    pub fn define(
        &mut self,
        name: SmolStr,
        exported: bool,
        line: LineId,
        (info, entry): (Label, Label),
        ir: &FunctionIr,
    ) {
        let arity = u8::try_from(ir.parameters).unwrap_or(u8::MAX);
        let Some(code) =
            (if ir.parameters > u32::from(MOST_ARGUMENTS) { None } else { emit(&mut self.module, ir) })
        else {
            self.errors.push(TooComplex { function: name });
            return;
        };
        self.module.functions.push(Function { name, arity, exported, line, info, entry, code });
    }

    /// Emit a function that is written in instructions.
    pub fn define_raw(&mut self, name: SmolStr, arity: u8, exported: bool, code: Vec<Instr>) {
        let (info, entry) = self.declare();
        self.module.functions.push(Function { name, arity, exported, line: 0, info, entry, code });
    }

    /// A fun's entry in the lambda table.
    pub fn lambda(&mut self, name: SmolStr, arity: u8, free: u8, entry: Label) -> u32 {
        self.module.lambdas.push(Lambda { name, arity, free, entry });
        u32::try_from(self.module.lambdas.len() - 1).unwrap_or(u32::MAX)
    }

    /// The local function that sends `selector`: it tests the receiver and ends in a call of its module.
    pub fn send_stub(&mut self, selector: &SmolStr, arguments: u8) -> Label {
        if arguments > MOST_ARGUMENTS {
            self.errors.push(TooComplex { function: selector.clone() });
            return self.send_stub(selector, 0);
        }
        if let Some(label) = self.stubs.get(&(selector.clone(), arguments)) {
            return *label;
        }
        let (info, entry) = self.declare();
        self.stubs.insert((selector.clone(), arguments), entry);
        let code = self.stub_code(selector, arguments);
        let name = format_smolstr!("-send {selector}-");
        self.module.functions.push(Function {
            name,
            arity: arguments + 1,
            exported: false,
            line: 0,
            info,
            entry,
            code,
        });
        entry
    }

    /// Value objects, integers, lists and strings go straight to their class; the rest to the dispatcher for that number of
    /// arguments.
    fn stub_code(&mut self, selector: &SmolStr, arguments: u8) -> Vec<Instr> {
        let arity = arguments + 1;
        let function = function_name(Side::Instance, selector);
        let registers = Registers::of(arity);
        let this = Reg::X(0);
        let mut code = Vec::with_capacity(24);
        let to = |class: &SmolStr| {
            Instr::CallExtOnly(ExternalFunction { module: class.clone(), function: function.clone(), arity })
        };
        let test = |op, fail| Instr::Test { op, fail, args: vec![Src::Reg(this)] };

        let (not_map, plain_map) = (self.module.label(), self.module.label());
        code.push(test(TestOp::IsMap, not_map));
        let pairs = vec![(Src::Atom(self.atoms.class_key.clone()), registers.module)];
        code.push(Instr::GetMapElements { fail: plain_map, src: this, pairs });
        self.known_receivers(selector, &function, arity, registers.module, &mut code);
        code.push(Instr::Move { src: Src::Atom(function.clone()), dst: registers.function });
        code.extend(Registers::apply(arity));
        code.push(Instr::Label(plain_map));
        code.push(to(&self.atoms.dictionary));
        code.push(Instr::Label(not_map));
        for (op, class) in [
            (TestOp::IsInteger, &self.atoms.integer),
            (TestOp::IsList, &self.atoms.list),
            (TestOp::IsBinary, &self.atoms.string),
        ] {
            let next = self.module.label();
            code.push(test(op, next));
            code.push(to(class));
            code.push(Instr::Label(next));
        }
        let class_function = function_name(Side::Class, selector);
        code.push(Instr::Move { src: Src::Nil, dst: registers.module });
        code.push(Instr::Move { src: Src::Atom(function), dst: registers.function });
        code.push(Instr::Move { src: Src::Atom(class_function), dst: registers.class_function });
        code.push(match dispatch::shared(arity) {
            Some(dispatcher) => Instr::CallExtOnly(dispatcher),
            None => Instr::CallOnly { arity: arity + 3, target: self.dispatcher(arity) },
        });
        code
    }

    /// The module's own dispatcher for so many arguments that there is no shared one.
    fn dispatcher(&mut self, arity: u8) -> Label {
        if let Some(label) = self.dispatchers.get(&arity) {
            return *label;
        }
        let (info, entry) = self.declare();
        self.dispatchers.insert(arity, entry);
        let code = dispatch::code(&mut self.module, arity);
        let name = format_smolstr!("-dispatch {arity}-");
        self.module.functions.push(Function {
            name,
            arity: arity + 3,
            exported: false,
            line: 0,
            info,
            entry,
            code,
        });
        entry
    }

    /// Direct calls for a few classes known to implement the selector: the same call, only that its target is
    /// an export entry fixed at load time instead of a look-up.
    fn known_receivers(
        &mut self,
        selector: &SmolStr,
        function: &SmolStr,
        arity: u8,
        module: Reg,
        code: &mut Vec<Instr>,
    ) {
        let own = self.module.name.clone();
        let others =
            self.table.implementors(selector).filter(|module| **module != own).take(MOST_IMPLEMENTORS - 1);
        let is_class = self.functions.contains_key(&(function.clone(), arity));
        let known: Vec<SmolStr> =
            is_class.then_some(own.clone()).into_iter().chain(others.cloned()).collect();
        for class in known {
            let next = self.module.label();
            code.push(Instr::Test {
                op: TestOp::IsEqExact,
                fail: next,
                args: vec![Src::Reg(module), Src::Atom(class.clone())],
            });
            code.push(Instr::CallExtOnly(external(&class, function, arity)));
            code.push(Instr::Label(next));
        }
    }
}

/// Atoms that every stub names.
struct Atoms {
    class_key: SmolStr,
    dictionary: SmolStr,
    integer: SmolStr,
    list: SmolStr,
    string: SmolStr,
}

impl Default for Atoms {
    fn default() -> Self {
        let class = |name| module_name(STDLIB, name);
        Self {
            class_key: "$class".into(),
            dictionary: class("Dictionary"),
            integer: class("Integer"),
            list: class("List"),
            string: class("String"),
        }
    }
}
