//! Modules that break a rule are refused with the error that says which.

mod support;

use beamtalk_beam::{AssembleError, Instr, Label, Lambda, Line, Module, Reg, Src, Term, TestOp, assemble};
use support::{Builder, atom, int, literal, put, x, xs};

fn refused(module: &Module) -> AssembleError {
    assemble(module).expect_err("a refusal")
}

/// The error of a function `f/1` with this code.
fn refused_code(code: Vec<Instr>) -> AssembleError {
    let mut b = Builder::new("limits");
    b.function("f", 1, |_, _| code);
    refused(&b.module)
}

fn refused_literal(term: Term) -> AssembleError {
    refused_code(vec![put(literal(term), x(0))])
}

fn operands(error: &AssembleError) -> &'static str {
    match error {
        AssembleError::Operands { instruction, .. } => instruction,
        other => panic!("{other}"),
    }
}

#[test]
fn atoms_have_at_most_255_bytes_in_code_and_255_characters_in_literals() {
    let long = "é".repeat(128);
    assert_eq!(refused(&Module::new(long.as_str())), AssembleError::AtomTooLong(long.clone()));
    assert_eq!(refused_code(vec![put(atom(&long), x(0))]), AssembleError::AtomTooLong(long));
    let long = "a".repeat(256);
    let nested = Term::Tuple(vec![Term::atom(long.as_str())]);
    assert_eq!(refused_literal(nested), AssembleError::AtomTooLong(long));
}

#[test]
fn literals_are_finite_shallow_and_without_duplicate_keys() {
    assert_eq!(refused_literal(Term::Float(f64::NAN)), AssembleError::FloatNotFinite);
    let deep = (0..1000).fold(Term::Integer(1), |term, _| Term::Tuple(vec![term]));
    assert_eq!(refused_literal(deep), AssembleError::TermTooDeep);
    for size in [2, 40] {
        let mut pairs: Vec<_> = (1..size).map(|key| (Term::Integer(key), Term::Integer(0))).collect();
        pairs.push((Term::BigInteger(1.into()), Term::Integer(0)));
        assert_eq!(refused_literal(Term::Map(pairs)), AssembleError::DuplicateKey);
    }
    let improper = Term::ImproperList(vec![], Box::new(Term::Integer(1)));
    assert_eq!(operands(&refused_literal(improper)), "literal");
}

#[test]
fn labels_are_defined_once_and_in_range() {
    assert_eq!(refused_code(vec![Instr::Jump(Label(0))]), AssembleError::LabelOutOfRange(0));
    assert_eq!(refused_code(vec![Instr::Jump(Label(99))]), AssembleError::LabelOutOfRange(99));
    assert_eq!(refused_code(vec![Instr::Label(Label(1))]), AssembleError::DuplicateLabel(1));
    let mut b = Builder::new("limits");
    b.function("f", 0, |b, _| vec![Instr::Jump(b.label())]);
    assert_eq!(refused(&b.module), AssembleError::UndefinedLabel(3));
    let mut module = Module::new("limits");
    module.next_label = u32::MAX;
    assert_eq!(refused(&module), AssembleError::TooLarge("labels"));
}

#[test]
fn registers_go_up_to_1022() {
    let error = AssembleError::RegisterOutOfRange(1023);
    assert_eq!(refused_code(vec![put(int(1), Reg::X(1023))]), error);
    assert_eq!(refused_code(vec![put(int(1), Reg::Y(1023))]), error);
    let error = AssembleError::RegisterOutOfRange(1024);
    assert_eq!(refused_code(vec![Instr::Deallocate(1024)]), error);
}

#[test]
fn sizes_are_what_the_machine_can_take() {
    let fail = Label(1);
    let cases = [
        (Instr::TestArity { fail, src: x(0), arity: 1 << 24 }, 1 << 24),
        (Instr::GetTupleElement { src: x(0), index: 1 << 24, dst: x(0) }, 1 << 24),
        (Instr::TestHeap { words: 1 << 26, funs: 0, live: 0 }, 1 << 26),
        (Instr::TestHeap { words: 0, funs: 1 << 23, live: 0 }, 1 << 23),
        (Instr::BsTestTail2 { fail, context: x(0), bits: 1 << 31 }, 1 << 31),
    ];
    for (instr, number) in cases {
        assert_eq!(refused_code(vec![instr]), AssembleError::NumberOutOfRange(number));
    }
}

#[test]
fn chunks_of_the_assembler_cannot_be_given() {
    let mut module = Module::new("limits");
    module.chunks.push((*b"Docs", vec![1, 2, 3]));
    assert!(assemble(&module).is_ok());
    module.chunks.push((*b"Code", vec![]));
    assert_eq!(refused(&module), AssembleError::ReservedChunk("Code".into()));
}

#[test]
fn instructions_have_the_operands_they_need() {
    let fail = Label(1);
    let cases = [
        Instr::Test { op: TestOp::IsLt, fail, args: vec![xs(0)] },
        Instr::Test { op: TestOp::IsMap, fail, args: vec![xs(0), xs(0)] },
        Instr::SelectVal { src: xs(0), fail, cases: vec![] },
        Instr::SelectVal { src: xs(0), fail, cases: vec![(int(1), fail), (atom("a"), fail)] },
        Instr::SelectVal { src: xs(0), fail, cases: vec![(Src::Nil, fail)] },
        Instr::PutTuple2 { dst: x(0), elements: vec![] },
        Instr::InitYregs(vec![]),
        Instr::BsMatchString { fail, context: x(0), bytes: vec![] },
        Instr::Bif { fail: None, name: "f".into(), args: vec![int(1); 3], dst: x(0) },
        Instr::GcBif { fail: None, name: "f".into(), live: 0, args: vec![], dst: x(0) },
    ];
    let names = [
        "is_lt",
        "is_map",
        "select_val",
        "select_val",
        "select_val",
        "put_tuple2",
        "init_yregs",
        "bs_match_string",
        "bif",
        "gc_bif",
    ];
    for (instr, name) in cases.into_iter().zip(names) {
        assert_eq!(operands(&refused_code(vec![instr])), name);
    }
}

#[test]
fn lines_files_and_lambdas_exist() {
    assert_eq!(refused_code(vec![Instr::Line(9)]), AssembleError::LineOutOfRange(9));
    let mut module = Module::new("limits");
    module.lines.push(Line { file: 0, line: 1 });
    assert_eq!(refused(&module), AssembleError::FileOutOfRange(0));
    let make = Instr::MakeFun3 { lambda: 0, dst: x(0), free: vec![] };
    assert_eq!(refused_code(vec![make]), AssembleError::LambdaOutOfRange(0));
}

#[test]
fn lambdas_match_their_functions() {
    let mut b = Builder::new("limits");
    let entry = b.function("f", 1, |_, _| vec![Instr::Return]);
    let lambda = |arity, free| Lambda { name: "f".into(), arity, free, entry };
    b.module.lambdas = vec![lambda(2, 0)];
    assert_eq!(refused(&b.module), AssembleError::LambdaMismatch { name: "f".into(), arity: 2 });
    b.module.lambdas = vec![lambda(1, 2)];
    assert_eq!(refused(&b.module), AssembleError::LambdaMismatch { name: "f".into(), arity: 1 });
    b.module.lambdas = vec![lambda(1, 0), lambda(1, 1)];
    assert_eq!(refused(&b.module), AssembleError::DuplicateLambda { name: "f".into(), arity: 1 });
}

#[test]
fn functions_have_distinct_names() {
    for (name, arity) in [("f", 1), ("module_info", 0), ("module_info", 1)] {
        let mut b = Builder::new("limits");
        b.function("f", 1, |_, _| vec![Instr::Return]);
        b.function(name, arity, |_, _| vec![Instr::Return]);
        let error = AssembleError::DuplicateFunction { name: name.into(), arity };
        assert_eq!(refused(&b.module), error);
    }
}
