//! Tests and jumps by value.

use beamtalk_beam::{Instr, Src, Term, TestOp};

use super::super::{Builder, atom, int, literal, put, x, xs};
use super::{Sample, sample};

const ONE: &[TestOp] = &[
    TestOp::IsInteger,
    TestOp::IsFloat,
    TestOp::IsNumber,
    TestOp::IsAtom,
    TestOp::IsPid,
    TestOp::IsReference,
    TestOp::IsPort,
    TestOp::IsNil,
    TestOp::IsBinary,
    TestOp::IsBitstr,
    TestOp::IsList,
    TestOp::IsNonemptyList,
    TestOp::IsTuple,
    TestOp::IsBoolean,
    TestOp::IsFunction,
    TestOp::IsMap,
];

const TWO: &[TestOp] = &[
    TestOp::IsLt,
    TestOp::IsGe,
    TestOp::IsEq,
    TestOp::IsNe,
    TestOp::IsEqExact,
    TestOp::IsNeExact,
    TestOp::IsFunction2,
];

/// Every test as a function that answers a Boolean.
pub fn tests() -> Sample {
    let mut b = Builder::new("tests");
    for (arity, op) in ONE.iter().map(|op| (1, *op)).chain(TWO.iter().map(|op| (2, *op))) {
        b.function(op.opcode().name(), arity, |b, _| {
            let fail = b.label();
            vec![
                Instr::Test { op, fail, args: (0..u16::from(arity)).map(xs).collect() },
                put(atom("true"), x(0)),
                Instr::Return,
                Instr::Label(fail),
                put(atom("false"), x(0)),
                Instr::Return,
            ]
        });
    }
    // For each test of one argument: the values that pass, by negated number.
    sample(
        b,
        "begin Port = hd(erlang:ports()), \
         Values = [1, 2.5, a, self(), make_ref(), Port, [], <<1>>, <<1:3>>, [1], {}, true, fun() -> 1 end, #{}], \
         Ones = [is_integer, is_float, is_number, is_atom, is_pid, is_reference, is_port, is_nil, is_binary, is_bitstr, \
                 is_list, is_nonempty_list, is_tuple, is_boolean, is_function, is_map], \
         {[[-I || {I, V} <- lists:zip(lists:seq(1, 14), Values), tests:T(V)] || T <- Ones], \
          [[tests:T(A, B) || {A, B} <- [{1, 2}, {2, 1}, {1, 1.0}, {1, 1}]] \
           || T <- [is_lt, is_ge, is_eq, is_ne, is_eq_exact, is_ne_exact]], \
          [tests:is_function2(F, 1) || F <- [fun(A) -> A end, fun() -> 1 end, 1]]} end",
        "{[[-1],[-2],[-1,-2],[-3,-12],[-4],[-5],[-6],[-7],[-8],[-8,-9],[-7,-10],[-10],[-11],[-12],[-13],[-14]],\
         [[true,false,false,false],[false,true,true,true],[false,false,true,true],[true,true,false,false],\
         [false,false,false,true],[true,true,true,false]],[true,false,false]}",
    )
}

/// Jumps by value, arity and tag.
pub fn selection() -> Sample {
    let mut b = Builder::new("selection");
    let values: [(&str, Vec<Src>); 4] = [
        ("atoms", vec![atom("a"), atom("b"), atom("é c")]),
        (
            "integers",
            vec![
                int(-5),
                int(1),
                int(1 << 40),
                literal(Term::BigInteger(num_bigint::BigInt::from(7) << 100)),
            ],
        ),
        ("dense", (0..20).map(int).collect()),
        ("floats", vec![literal(Term::Float(2.5)), literal(Term::Float(-1e300))]),
    ];
    for (name, values) in values {
        b.function(name, 1, |b, info| {
            let cases: Vec<_> = values.into_iter().map(|value| (value, b.label())).collect();
            let labels: Vec<_> = cases.iter().map(|(_, label)| *label).collect();
            let mut code = vec![Instr::SelectVal { src: xs(0), fail: info, cases }];
            for (label, number) in labels.into_iter().zip(1..) {
                code.extend([Instr::Label(label), put(int(number), x(0)), Instr::Return]);
            }
            code
        });
    }
    b.function("arity", 1, |b, info| {
        let (one, three, end) = (b.label(), b.label(), b.label());
        vec![
            Instr::Test { op: TestOp::IsTuple, fail: info, args: vec![xs(0)] },
            Instr::SelectTupleArity { src: x(0), fail: info, cases: vec![(1, one), (3, three)] },
            Instr::Label(one),
            put(atom("one"), x(0)),
            Instr::Jump(end),
            Instr::Label(three),
            put(atom("three"), x(0)),
            Instr::Label(end),
            Instr::Return,
        ]
    });
    b.function("tagged", 1, |_, info| {
        vec![
            Instr::IsTaggedTuple { fail: info, src: x(0), arity: 2, tag: "$class".into() },
            Instr::GetTupleElement { src: x(0), index: 1, dst: x(0) },
            Instr::Return,
        ]
    });
    sample(
        b,
        "{[selection:atoms(A) || A <- [a, b, 'é c']], [selection:integers(I) || I <- [-5, 1, 1 bsl 40, 7 bsl 100]], \
         [selection:dense(I) || I <- lists:seq(0, 19)] =:= lists:seq(1, 20), \
         [selection:floats(F) || F <- [2.5, -1.0e300]], [selection:arity(T) || T <- [{x}, {x, y, z}]], \
         selection:tagged({'$class', here}), \
         [try selection:F(V) catch error:function_clause -> none end || {F, V} <- \
          [{atoms, c}, {integers, 2}, {integers, 7 bsl 101}, {dense, 20}, {floats, 2}, {arity, {}}, {tagged, {'$class'}}]]}",
        "{[1,2,3],[1,2,3,4],true,[1,2],[one,three],here,[none,none,none,none,none,none,none]}",
    )
}
