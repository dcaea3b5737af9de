//! Where sends to receivers of the rarer kinds end: class objects, actors, tuples, atoms, floats, blocks and what else is
//! no value object, integer, list or text.
//!
//! That code depends on nothing but the number of arguments, so all modules share one copy of it, [`dispatchers`]: it
//! would otherwise be a quarter of the instructions of an average class. Only messages of very many arguments take one along.

use beamtalk_beam::{ExternalFunction, Function, Instr, Label, Module, Reg, Src, TestOp};
use beamtalk_semantics::{STDLIB, module_name};
use smol_str::SmolStr;

use crate::emit::external;

/// The shared module.
const MODULE: &str = "beamtalk_sends";

/// Its functions are called so; they differ in arity.
const FUNCTION: &str = "dispatch";

/// A message with more arguments, the receiver included, is rare enough to bring its own dispatcher.
const MOST_SHARED: u8 = 8;

/// The module `beamtalk_sends` that compiled code relies on: `dispatch/4` and up, whose arguments are those of the message,
/// the receiver first, then nil, the function's name and its name on the class side.
#[must_use]
pub fn dispatchers() -> Module {
    let mut module = Module::new(MODULE);
    for arity in 1..=MOST_SHARED {
        let (info, entry) = (module.label(), module.label());
        let code = code(&mut module, arity);
        let name = SmolStr::new_static(FUNCTION);
        module.functions.push(Function {
            name,
            arity: arity + 3,
            exported: true,
            line: 0,
            info,
            entry,
            code,
        });
    }
    module
}

/// The shared dispatcher for messages of that many arguments, the receiver included.
pub fn shared(arity: u8) -> Option<ExternalFunction> {
    (arity <= MOST_SHARED).then(|| external(MODULE, FUNCTION, arity + 3))
}

/// The instructions of a dispatcher.
pub fn code(module: &mut Module, arity: u8) -> Vec<Instr> {
    let registers = Registers::of(arity);
    let this = Reg::X(0);
    let mut code = Vec::with_capacity(72);
    let test = |op, fail| Instr::Test { op, fail, args: vec![Src::Reg(this)] };
    let tagged = |fail, arity, tag: &str| Instr::IsTaggedTuple { fail, src: this, arity, tag: tag.into() };
    let class = |name: &str| Instr::Move { src: Src::Atom(module_name(STDLIB, name)), dst: registers.module };
    let apply = module.label();

    // Class objects, actors and plain tuples.
    let not_tuple = module.label();
    let (not_class, not_actor, not_meta) = (module.label(), module.label(), module.label());
    code.push(test(TestOp::IsTuple, not_tuple));
    code.push(tagged(not_class, 2, "$class"));
    code.push(Instr::GetTupleElement { src: this, index: 1, dst: registers.module });
    code.push(Instr::Move { src: Src::Reg(registers.class_function), dst: registers.function });
    code.push(Instr::Jump(apply));
    code.push(Instr::Label(not_class));
    code.push(tagged(not_actor, 3, "$actor"));
    actor_send(module, arity, registers, apply, &mut code);
    code.push(Instr::Label(not_actor));
    code.push(tagged(not_meta, 2, "$metaclass"));
    code.push(class("Metaclass"));
    code.push(Instr::Jump(apply));
    code.push(Instr::Label(not_meta));
    code.push(class("Tuple"));
    code.push(Instr::Jump(apply));
    code.push(Instr::Label(not_tuple));

    let not_atom = module.label();
    code.push(test(TestOp::IsAtom, not_atom));
    for (atom, name) in [("nil", "UndefinedObject"), ("true", "True"), ("false", "False")] {
        let next = module.label();
        let args = vec![Src::Reg(this), Src::Atom(atom.into())];
        code.push(Instr::Test { op: TestOp::IsEqExact, fail: next, args });
        code.push(class(name));
        code.push(Instr::Jump(apply));
        code.push(Instr::Label(next));
    }
    code.push(class("Symbol"));
    code.push(Instr::Jump(apply));
    code.push(Instr::Label(not_atom));
    for (op, name) in [
        (TestOp::IsFloat, "Float"),
        (TestOp::IsFunction, "Block"),
        (TestOp::IsPid, "Pid"),
        (TestOp::IsReference, "Reference"),
        (TestOp::IsPort, "Port"),
    ] {
        let next = module.label();
        code.push(test(op, next));
        code.push(class(name));
        code.push(Instr::Jump(apply));
        code.push(Instr::Label(next));
    }
    // What is left is a bitstring.
    code.push(class("Binary"));
    code.push(Instr::Label(apply));
    code.extend(Registers::apply(arity));
    code
}

/// To an actor: a plain call when it is the running process, else a request.
fn actor_send(module: &mut Module, arity: u8, registers: Registers, apply: Label, code: &mut Vec<Instr>) {
    let this = Reg::X(0);
    let scratch = Reg::X(u16::from(arity) + 3);
    let remote = module.label();
    code.push(Instr::GetTupleElement { src: this, index: 2, dst: registers.module });
    code.push(Instr::Bif { fail: None, name: "self".into(), args: Vec::new(), dst: scratch });
    let args = vec![Src::Reg(registers.module), Src::Reg(scratch)];
    code.push(Instr::Test { op: TestOp::IsEqExact, fail: remote, args });
    code.push(Instr::GetTupleElement { src: this, index: 1, dst: registers.module });
    code.push(Instr::Jump(apply));
    code.push(Instr::Label(remote));
    code.push(Instr::Move { src: Src::Nil, dst: registers.module });
    if arity > 1 {
        let live = u16::from(arity) + 2;
        code.push(Instr::TestHeap { words: 2 * u32::from(arity - 1), funs: 0, live });
    }
    for x in (1..u16::from(arity)).rev() {
        let (head, tail) = (Src::Reg(Reg::X(x)), Src::Reg(registers.module));
        code.push(Instr::PutList { head, tail, dst: registers.module });
    }
    // The order matters: for few arguments the registers are the same ones.
    code.push(Instr::Move { src: Src::Reg(registers.module), dst: scratch });
    code.push(Instr::Move { src: Src::Reg(registers.function), dst: Reg::X(1) });
    code.push(Instr::Move { src: Src::Reg(scratch), dst: Reg::X(2) });
    code.push(Instr::CallExtOnly(external("beamtalk_actor", "send", 3)));
}

/// Where a send keeps what it finds out, above its arguments; the first two are where `apply` wants them.
#[derive(Clone, Copy)]
pub struct Registers {
    pub module: Reg,
    pub function: Reg,
    pub class_function: Reg,
}

impl Registers {
    pub fn of(arity: u8) -> Self {
        let first = u16::from(arity);
        Self { module: Reg::X(first), function: Reg::X(first + 1), class_function: Reg::X(first + 2) }
    }

    /// `Module:Function(…)` as the last call.
    pub fn apply(arity: u8) -> [Instr; 2] {
        let live = u16::from(arity) + 2;
        [Instr::Allocate { stack: 0, live }, Instr::ApplyLast { arity, deallocate: 0 }]
    }
}
