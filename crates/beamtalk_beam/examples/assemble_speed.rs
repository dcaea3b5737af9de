//! Measures how many instructions a second are assembled, for modules of several sizes.
//!
//! `cargo run --release -p beamtalk_beam --example assemble_speed`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use beamtalk_beam::{
    ExternalFunction, Function, Instr, Line, Module, Reg, Src, Term, TestOp, assemble, print, read,
};

/// How long each size is measured.
const TIME: Duration = Duration::from_millis(700);

fn main() {
    println!("functions  instructions  bytes    assemble/s  print/s    read/s");
    for functions in [1, 10, 100, 1000, 10_000] {
        let module = module(functions);
        let instructions: usize = module.functions.iter().map(|function| function.code.len() + 4).sum();
        let bytes = assemble(&module).expect("a module that assembles");
        let assembling = rate(instructions, || assemble(&module).map(|bytes| bytes.len()));
        let printing = rate(instructions, || print(&module).len());
        let reading = rate(instructions, || read(&bytes).map(|module| module.code.len()));
        println!(
            "{functions:9}  {instructions:12}  {:7}  {assembling:10.2}M {printing:7.2}M  {reading:7.2}M",
            bytes.len()
        );
    }
}

/// Millions of instructions a second in the fastest round; others were disturbed.
fn rate<T>(instructions: usize, work: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    let mut fastest = TIME;
    while start.elapsed() < TIME {
        let round = Instant::now();
        black_box(work());
        fastest = fastest.min(round.elapsed());
    }
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let instructions = instructions as f64;
    instructions / fastest.as_secs_f64() / 1e6
}

/// A module like compiled methods: tests, sends, literals, frames, a line for each send.
fn module(functions: u32) -> Module {
    let mut module = Module::new("bt@bench@Module");
    module.files.push("src/bench.bt".into());
    for number in 0..functions {
        let (info, entry, other, end) = (module.label(), module.label(), module.label(), module.label());
        let line = |module: &mut Module, line: u32| {
            module.lines.push(Line { file: 0, line });
            u32::try_from(module.lines.len()).expect("an index")
        };
        let first = line(&mut module, number * 8 + 1);
        let second = line(&mut module, number * 8 + 3);
        let third = line(&mut module, number * 8 + 5);
        let (x, y) = (Reg::X, Reg::Y);
        let selector = format!("method{}:", number % 700);
        let send = ExternalFunction {
            module: "beamtalk_dispatch".into(),
            function: selector.as_str().into(),
            arity: 3,
        };
        let text = Term::text(&format!("a message of method {number}"));
        let shared = Term::Tuple(vec![Term::atom("$class"), Term::atom("bt@stdlib@Integer")]);
        let code = vec![
            Instr::Allocate { stack: 3, live: 2 },
            Instr::InitYregs(vec![1, 2]),
            Instr::Move { src: x(1).into(), dst: y(0) },
            Instr::Test { op: TestOp::IsInteger, fail: other, args: vec![x(1).into()] },
            Instr::GcBif {
                fail: Some(other),
                name: "+".into(),
                live: 2,
                args: vec![x(1).into(), Src::Integer(i64::from(number))],
                dst: x(0),
            },
            Instr::Jump(end),
            Instr::Label(other),
            Instr::Move { src: Src::Literal(Arc::new(text)), dst: x(1) },
            Instr::Move { src: Src::Atom(selector.as_str().into()), dst: x(2) },
            Instr::Line(second),
            Instr::CallExt(send.clone()),
            Instr::Label(end),
            Instr::Move { src: x(0).into(), dst: y(1) },
            Instr::Move { src: Src::Literal(Arc::new(shared)), dst: x(1) },
            Instr::Move { src: y(0).into(), dst: x(2) },
            Instr::Line(third),
            Instr::CallExt(send),
            Instr::TestHeap { words: 3, funs: 0, live: 1 },
            Instr::PutTuple2 { dst: x(0), elements: vec![x(0).into(), y(1).into()] },
            Instr::Deallocate(3),
            Instr::Return,
        ];
        module.functions.push(Function {
            name: format!("method{number}:").into(),
            arity: 2,
            exported: true,
            line: first,
            info,
            entry,
            code,
        });
    }
    module
}
