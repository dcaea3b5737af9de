//! Terms in registers: moves, tuples, lists, maps.

use beamtalk_beam::{Instr, Src, Term, TestOp};

use super::super::{Builder, atom, int, literal, put, x, xs, y, ys};
use super::{Sample, sample};

/// Moves, tuples, lists.
pub fn data() -> Sample {
    let mut b = Builder::new("data");
    b.function("swapped", 2, |_, _| {
        vec![
            Instr::Swap { a: x(0), b: x(1) },
            Instr::TestHeap { words: 3, funs: 0, live: 2 },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(0), xs(1)] },
            Instr::Return,
        ]
    });
    b.function("lists", 1, |_, info| {
        vec![
            Instr::Test { op: TestOp::IsNonemptyList, fail: info, args: vec![xs(0)] },
            Instr::GetHd { src: x(0), dst: x(1) },
            Instr::GetTl { src: x(0), dst: x(2) },
            Instr::GetList { src: x(0), head: x(3), tail: x(4) },
            Instr::TestHeap { words: 9, funs: 0, live: 5 },
            Instr::PutList { head: int(7), tail: xs(2), dst: x(2) },
            Instr::PutList { head: atom("a b"), tail: Src::Nil, dst: x(5) },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(1), xs(2), xs(4), xs(5)] },
            Instr::Return,
        ]
    });
    b.function("second", 1, |_, info| {
        vec![
            Instr::Test { op: TestOp::IsTuple, fail: info, args: vec![xs(0)] },
            Instr::TestArity { fail: info, src: x(0), arity: 3 },
            Instr::GetTupleElement { src: x(0), index: 1, dst: x(0) },
            Instr::Return,
        ]
    });
    // Registers whose numbers need more than one byte.
    b.function("far", 1, |_, _| {
        let mut code = vec![Instr::Allocate { stack: 300, live: 1 }];
        code.push(Instr::InitYregs((0..300).collect()));
        code.extend([put(xs(0), y(299)), put(ys(299), x(900)), put(xs(900), x(0))]);
        code.extend([Instr::Deallocate(300), Instr::Return]);
        code
    });
    sample(
        b,
        "{data:swapped(1, 2), data:lists([1, 2]), data:second({a, b, c}), data:far(z), \
         element(1, catch data:second({a})), element(1, catch data:lists([]))}",
        "{{2,1},{1,[7,2],[2],['a b']},b,z,'EXIT','EXIT'}",
    )
}

pub fn maps() -> Sample {
    let mut b = Builder::new("maps_");
    let pairs = || vec![(atom("a"), int(1)), (literal(Term::text("key")), xs(1))];
    b.function("assoc", 2, |_, info| {
        vec![
            Instr::Test { op: TestOp::IsMap, fail: info, args: vec![xs(0)] },
            Instr::PutMapAssoc { fail: None, src: xs(0), dst: x(0), live: 2, pairs: pairs() },
            Instr::Return,
        ]
    });
    b.function("exact", 2, |b, info| {
        let fail = b.label();
        vec![
            Instr::Test { op: TestOp::IsMap, fail: info, args: vec![xs(0)] },
            Instr::PutMapExact { fail: Some(fail), src: xs(0), dst: x(0), live: 2, pairs: pairs() },
            Instr::Return,
            Instr::Label(fail),
            put(atom("missing"), x(0)),
            Instr::Return,
        ]
    });
    b.function("raising", 2, |_, info| {
        vec![
            Instr::Test { op: TestOp::IsMap, fail: info, args: vec![xs(0)] },
            Instr::PutMapExact { fail: None, src: xs(0), dst: x(0), live: 2, pairs: pairs() },
            Instr::Return,
        ]
    });
    b.function("fresh", 1, |_, _| {
        let src = literal(Term::Map(vec![]));
        let pairs = vec![(xs(0), int(1))];
        vec![Instr::PutMapAssoc { fail: None, src, dst: x(0), live: 1, pairs }, Instr::Return]
    });
    b.function("get", 1, |b, info| {
        let fail = b.label();
        let pairs = vec![(atom("z"), x(1)), (atom("a"), x(2)), (int(3), x(3))];
        vec![
            Instr::Test { op: TestOp::IsMap, fail: info, args: vec![xs(0)] },
            Instr::GetMapElements { fail, src: x(0), pairs },
            Instr::TestHeap { words: 4, funs: 0, live: 4 },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(1), xs(2), xs(3)] },
            Instr::Return,
            Instr::Label(fail),
            put(atom("missing"), x(0)),
            Instr::Return,
        ]
    });
    b.function("has", 1, |b, info| {
        let fail = b.label();
        vec![
            Instr::Test { op: TestOp::IsMap, fail: info, args: vec![xs(0)] },
            Instr::HasMapFields { fail, src: x(0), keys: vec![atom("a"), int(3)] },
            put(atom("true"), x(0)),
            Instr::Return,
            Instr::Label(fail),
            put(atom("false"), x(0)),
            Instr::Return,
        ]
    });
    sample(
        b,
        "{maps_:assoc(#{b => 2}, v), maps_:exact(#{a => 2, <<\"key\">> => 3}, v), maps_:exact(#{a => 2}, v), \
         try maps_:raising(#{}, v) catch error:R -> R end, maps_:fresh(k), \
         maps_:get(#{a => 1, z => 2, 3 => 4, b => 0}), maps_:get(#{a => 1}), maps_:has(#{a => 1, 3 => 4}), maps_:has(#{a => 1})}",
        "{#{a => 1,b => 2,<<\"key\">> => v},#{a => 1,<<\"key\">> => v},missing,{badkey,a},#{k => 1},\
         {2,1,4},missing,true,false}",
    )
}
