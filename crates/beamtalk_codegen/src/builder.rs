//! A module under construction: functions, lines, lambdas and the send stubs that its code needs.

use std::sync::Arc;

use beamtalk_beam::{Function, Instr, Label, Lambda, Line, Module, Reg, Src, Term, TestOp};
use beamtalk_semantics::{ClassTable, Side};
use beamtalk_text::{LineIndex, Span};
use rustc_hash::FxHashMap;
use smol_str::{SmolStr, format_smolstr};

use crate::emit::{emit, external};
use crate::ir::{FunctionIr, LineId};

/// The source that spans refer to.
#[derive(Clone, Copy)]
pub struct SourceRef<'a> {
    /// The file's name in stack traces.
    pub path: &'a str,
    /// Its lines.
    pub lines: &'a LineIndex<'a>,
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
        let Some(code) = (if ir.parameters > 200 { None } else { emit(&mut self.module, ir) }) else {
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

    #[allow(clippy::too_many_lines, reason = "one straight list of tests")]
    fn stub_code(&mut self, selector: &SmolStr, arguments: u8) -> Vec<Instr> {
        let arity = arguments + 1;
        let function = function_name(Side::Instance, selector);
        let this = Reg::X(0);
        let (module, name, scratch) =
            (Reg::X(u16::from(arity)), Reg::X(u16::from(arity) + 1), Reg::X(u16::from(arity) + 2));
        let mut code = Vec::with_capacity(64);
        let to = |class: &str| Instr::CallExtOnly(external(&format!("bt@stdlib@{class}"), &function, arity));
        let test = |op, fail| Instr::Test { op, fail, args: vec![Src::Reg(this)] };

        // Value objects, most sends by far beside integers.
        let (not_map, plain_map) = (self.module.label(), self.module.label());
        code.push(test(TestOp::IsMap, not_map));
        code.push(Instr::GetMapElements {
            fail: plain_map,
            src: this,
            pairs: vec![(Src::Atom("$class".into()), module)],
        });
        self.known_receivers(selector, &function, arity, module, &mut code);
        code.push(Instr::Move { src: Src::Atom(function.clone()), dst: name });
        code.push(Instr::Allocate { stack: 0, live: u16::from(arity) + 2 });
        code.push(Instr::ApplyLast { arity, deallocate: 0 });
        code.push(Instr::Label(plain_map));
        code.push(to("Dictionary"));

        code.push(Instr::Label(not_map));
        let mut next = self.module.label();
        code.push(test(TestOp::IsInteger, next));
        code.push(to("Integer"));
        code.push(Instr::Label(next));

        // Class objects, actors and plain tuples.
        let (not_tuple, not_class, not_actor, not_meta) =
            (self.module.label(), self.module.label(), self.module.label(), self.module.label());
        code.push(test(TestOp::IsTuple, not_tuple));
        code.push(Instr::IsTaggedTuple { fail: not_class, src: this, arity: 2, tag: "$class".into() });
        code.push(Instr::GetTupleElement { src: this, index: 1, dst: module });
        code.push(Instr::Move { src: Src::Atom(function_name(Side::Class, selector)), dst: name });
        code.push(Instr::Allocate { stack: 0, live: u16::from(arity) + 2 });
        code.push(Instr::ApplyLast { arity, deallocate: 0 });
        code.push(Instr::Label(not_class));
        code.push(Instr::IsTaggedTuple { fail: not_actor, src: this, arity: 3, tag: "$actor".into() });
        self.actor_send(selector, &function, arity, scratch, &mut code);
        code.push(Instr::Label(not_actor));
        code.push(Instr::IsTaggedTuple { fail: not_meta, src: this, arity: 2, tag: "$metaclass".into() });
        code.push(to("Metaclass"));
        code.push(Instr::Label(not_meta));
        code.push(to("Tuple"));
        code.push(Instr::Label(not_tuple));

        for (op, class) in [(TestOp::IsBinary, "String"), (TestOp::IsList, "List")] {
            next = self.module.label();
            code.push(test(op, next));
            code.push(to(class));
            code.push(Instr::Label(next));
        }
        let not_atom = self.module.label();
        code.push(test(TestOp::IsAtom, not_atom));
        for (atom, class) in [("nil", "UndefinedObject"), ("true", "True"), ("false", "False")] {
            next = self.module.label();
            code.push(Instr::Test {
                op: TestOp::IsEqExact,
                fail: next,
                args: vec![Src::Reg(this), Src::Atom(atom.into())],
            });
            code.push(to(class));
            code.push(Instr::Label(next));
        }
        code.push(to("Symbol"));
        code.push(Instr::Label(not_atom));
        for (op, class) in [
            (TestOp::IsFloat, "Float"),
            (TestOp::IsFunction, "Block"),
            (TestOp::IsPid, "Pid"),
            (TestOp::IsReference, "Reference"),
            (TestOp::IsPort, "Port"),
        ] {
            next = self.module.label();
            code.push(test(op, next));
            code.push(to(class));
            code.push(Instr::Label(next));
        }
        // What is left is a bitstring.
        code.push(to("Binary"));
        code
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
        const MOST: usize = 4;
        let own = self.module.name.clone();
        let others = self.table.implementors(selector).iter().filter(|module| **module != own).take(MOST - 1);
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

    /// To an actor: a plain call when it is the running process, else a request.
    fn actor_send(
        &mut self,
        selector: &SmolStr,
        function: &SmolStr,
        arity: u8,
        scratch: Reg,
        code: &mut Vec<Instr>,
    ) {
        let this = Reg::X(0);
        let (module, name) = (Reg::X(u16::from(arity)), Reg::X(u16::from(arity) + 1));
        let remote = self.module.label();
        code.push(Instr::GetTupleElement { src: this, index: 2, dst: module });
        code.push(Instr::Bif { fail: None, name: "self".into(), args: Vec::new(), dst: name });
        code.push(Instr::Test {
            op: TestOp::IsEqExact,
            fail: remote,
            args: vec![Src::Reg(module), Src::Reg(name)],
        });
        code.push(Instr::GetTupleElement { src: this, index: 1, dst: module });
        code.push(Instr::Move { src: Src::Atom(function.clone()), dst: name });
        code.push(Instr::Allocate { stack: 0, live: u16::from(arity) + 2 });
        code.push(Instr::ApplyLast { arity, deallocate: 0 });
        code.push(Instr::Label(remote));
        let list = scratch;
        code.push(Instr::Move { src: Src::Nil, dst: list });
        if arity > 1 {
            code.push(Instr::TestHeap {
                words: 2 * u32::from(arity - 1),
                funs: 0,
                live: u16::from(arity) + 3,
            });
        }
        for x in (1..u16::from(arity)).rev() {
            code.push(Instr::PutList { head: Src::Reg(Reg::X(x)), tail: Src::Reg(list), dst: list });
        }
        code.push(Instr::Move { src: Src::Reg(list), dst: Reg::X(2) });
        code.push(Instr::Move { src: Src::Atom(selector.clone()), dst: Reg::X(1) });
        code.push(Instr::CallExtOnly(external("beamtalk_actor", "send", 3)));
    }
}
