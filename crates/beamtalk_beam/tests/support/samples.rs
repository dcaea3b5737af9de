//! Modules that together contain every instruction, with expressions that call them and the answers.

use beamtalk_beam::{BinSegment, Instr, Lambda, Module, SegmentType, Src, Term, TestOp};

use super::{Builder, atom, external, int, literal, put, x, xs, y, ys};

/// A module, an Erlang expression and its value as `~0tp` prints it.
pub struct Sample {
    pub module: Module,
    pub expression: &'static str,
    pub answer: &'static str,
}

pub fn all() -> Vec<Sample> {
    vec![
        data(),
        calls(),
        tests(),
        selection(),
        maps(),
        bifs(),
        exceptions(),
        building(),
        matching(),
    ]
}

fn sample(builder: Builder, expression: &'static str, answer: &'static str) -> Sample {
    Sample {
        module: builder.module,
        expression,
        answer,
    }
}

/// Moves, tuples, lists.
fn data() -> Sample {
    let mut b = Builder::new("data");
    b.function("swapped", 2, |_, _| {
        vec![
            Instr::Swap { a: x(0), b: x(1) },
            Instr::TestHeap {
                words: 3,
                funs: 0,
                live: 2,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(0), xs(1)],
            },
            Instr::Return,
        ]
    });
    b.function("lists", 1, |_, info| {
        vec![
            Instr::Test {
                op: TestOp::IsNonemptyList,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::GetHd {
                src: x(0),
                dst: x(1),
            },
            Instr::GetTl {
                src: x(0),
                dst: x(2),
            },
            Instr::GetList {
                src: x(0),
                head: x(3),
                tail: x(4),
            },
            Instr::TestHeap {
                words: 9,
                funs: 0,
                live: 5,
            },
            Instr::PutList {
                head: int(7),
                tail: xs(2),
                dst: x(2),
            },
            Instr::PutList {
                head: atom("a b"),
                tail: Src::Nil,
                dst: x(5),
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(1), xs(2), xs(4), xs(5)],
            },
            Instr::Return,
        ]
    });
    b.function("second", 1, |_, info| {
        vec![
            Instr::Test {
                op: TestOp::IsTuple,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::TestArity {
                fail: info,
                src: x(0),
                arity: 3,
            },
            Instr::GetTupleElement {
                src: x(0),
                index: 1,
                dst: x(0),
            },
            Instr::Return,
        ]
    });
    // Registers whose numbers need more than one byte.
    b.function("far", 1, |_, _| {
        let mut code = vec![Instr::Allocate {
            stack: 300,
            live: 1,
        }];
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

/// Calls of all kinds, funs, stack frames.
fn calls() -> Sample {
    let mut b = Builder::new("calls");
    let inner = b.function("inner", 3, |_, _| {
        vec![
            Instr::TestHeap {
                words: 4,
                funs: 0,
                live: 3,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(0), xs(1), xs(2)],
            },
            Instr::Return,
        ]
    });
    let outer = b.function("outer", 3, |_, _| {
        vec![Instr::CallOnly {
            arity: 3,
            target: inner,
        }]
    });
    b.function("body", 1, |b, _| {
        let line = b.line(100);
        vec![
            Instr::Allocate { stack: 2, live: 1 },
            Instr::InitYregs(vec![1]),
            put(xs(0), y(0)),
            put(int(2), x(1)),
            put(int(3), x(2)),
            Instr::Line(line),
            Instr::Call {
                arity: 3,
                target: inner,
            },
            put(xs(0), y(1)),
            put(ys(0), x(0)),
            Instr::CallExt(external("erlang", "is_atom", 1)),
            Instr::TestHeap {
                words: 3,
                funs: 0,
                live: 1,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(0), ys(1)],
            },
            Instr::Deallocate(2),
            Instr::Return,
        ]
    });
    b.function("only", 3, |_, _| {
        vec![Instr::CallOnly {
            arity: 3,
            target: inner,
        }]
    });
    b.function("last", 3, |_, _| {
        vec![
            Instr::Allocate { stack: 1, live: 3 },
            Instr::InitYregs(vec![0]),
            Instr::CallLast {
                arity: 3,
                target: inner,
                deallocate: 1,
            },
        ]
    });
    b.function("ext_only", 1, |_, _| {
        vec![Instr::CallExtOnly(external("lists", "reverse", 1))]
    });
    b.function("ext_last", 1, |_, _| {
        vec![
            Instr::Allocate { stack: 0, live: 1 },
            Instr::CallExtLast {
                function: external("lists", "reverse", 1),
                deallocate: 0,
            },
        ]
    });
    b.function("apply_", 3, |_, _| {
        vec![
            Instr::Allocate { stack: 0, live: 3 },
            Instr::Apply { arity: 1 },
            Instr::Deallocate(0),
            Instr::Return,
        ]
    });
    b.function("apply_last", 3, |_, _| {
        vec![
            Instr::Allocate { stack: 0, live: 3 },
            Instr::ApplyLast {
                arity: 1,
                deallocate: 0,
            },
        ]
    });
    // A fun of two arguments with one free variable, and one without any.
    b.module.lambdas.push(Lambda {
        name: "inner".into(),
        arity: 3,
        free: 1,
        entry: inner,
    });
    b.module.lambdas.push(Lambda {
        name: "outer".into(),
        arity: 3,
        free: 0,
        entry: outer,
    });
    b.function("funs", 1, |_, _| {
        vec![
            Instr::TestHeap {
                words: 4,
                funs: 2,
                live: 1,
            },
            Instr::MakeFun3 {
                lambda: 0,
                dst: x(1),
                free: vec![xs(0)],
            },
            Instr::MakeFun3 {
                lambda: 1,
                dst: x(2),
                free: vec![],
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(1), xs(2)],
            },
            Instr::Return,
        ]
    });
    b.function("call_fun", 2, |_, _| {
        vec![
            Instr::Allocate { stack: 0, live: 2 },
            Instr::CallFun { arity: 1 },
            Instr::Deallocate(0),
            Instr::Return,
        ]
    });
    sample(
        b,
        "begin {F, G} = calls:funs(free), {calls:body(a), calls:only(1, 2, 3), calls:last(1, 2, 3), \
         calls:ext_only([1, 2]), calls:ext_last([1, 2]), calls:apply_([1, 2], lists, reverse), \
         calls:apply_last([1, 2], lists, reverse), F(1, 2), G(1, 2, 3), calls:call_fun(5, fun(A) -> A + 1 end)} end",
        "{{true,{a,2,3}},{1,2,3},{1,2,3},[2,1],[2,1],[2,1],[2,1],{1,2,free},{1,2,3},6}",
    )
}

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
fn tests() -> Sample {
    let mut b = Builder::new("tests");
    for (arity, op) in ONE
        .iter()
        .map(|op| (1, *op))
        .chain(TWO.iter().map(|op| (2, *op)))
    {
        b.function(op.opcode().name(), arity, |b, _| {
            let fail = b.label();
            vec![
                Instr::Test {
                    op,
                    fail,
                    args: (0..u16::from(arity)).map(xs).collect(),
                },
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
fn selection() -> Sample {
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
        (
            "floats",
            vec![literal(Term::Float(2.5)), literal(Term::Float(-1e300))],
        ),
    ];
    for (name, values) in values {
        b.function(name, 1, |b, info| {
            let cases: Vec<_> = values.into_iter().map(|value| (value, b.label())).collect();
            let labels: Vec<_> = cases.iter().map(|(_, label)| *label).collect();
            let mut code = vec![Instr::SelectVal {
                src: xs(0),
                fail: info,
                cases,
            }];
            for (label, number) in labels.into_iter().zip(1..) {
                code.extend([Instr::Label(label), put(int(number), x(0)), Instr::Return]);
            }
            code
        });
    }
    b.function("arity", 1, |b, info| {
        let (one, three, end) = (b.label(), b.label(), b.label());
        vec![
            Instr::Test {
                op: TestOp::IsTuple,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::SelectTupleArity {
                src: x(0),
                fail: info,
                cases: vec![(1, one), (3, three)],
            },
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
            Instr::IsTaggedTuple {
                fail: info,
                src: x(0),
                arity: 2,
                tag: "$class".into(),
            },
            Instr::GetTupleElement {
                src: x(0),
                index: 1,
                dst: x(0),
            },
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

fn maps() -> Sample {
    let mut b = Builder::new("maps_");
    let pairs = || vec![(atom("a"), int(1)), (literal(Term::text("key")), xs(1))];
    b.function("assoc", 2, |_, info| {
        vec![
            Instr::Test {
                op: TestOp::IsMap,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::PutMapAssoc {
                fail: None,
                src: xs(0),
                dst: x(0),
                live: 2,
                pairs: pairs(),
            },
            Instr::Return,
        ]
    });
    b.function("exact", 2, |b, info| {
        let fail = b.label();
        vec![
            Instr::Test {
                op: TestOp::IsMap,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::PutMapExact {
                fail: Some(fail),
                src: xs(0),
                dst: x(0),
                live: 2,
                pairs: pairs(),
            },
            Instr::Return,
            Instr::Label(fail),
            put(atom("missing"), x(0)),
            Instr::Return,
        ]
    });
    b.function("raising", 2, |_, info| {
        vec![
            Instr::Test {
                op: TestOp::IsMap,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::PutMapExact {
                fail: None,
                src: xs(0),
                dst: x(0),
                live: 2,
                pairs: pairs(),
            },
            Instr::Return,
        ]
    });
    b.function("fresh", 1, |_, _| {
        let src = literal(Term::Map(vec![]));
        let pairs = vec![(xs(0), int(1))];
        vec![
            Instr::PutMapAssoc {
                fail: None,
                src,
                dst: x(0),
                live: 1,
                pairs,
            },
            Instr::Return,
        ]
    });
    b.function("get", 1, |b, info| {
        let fail = b.label();
        let pairs = vec![(atom("z"), x(1)), (atom("a"), x(2)), (int(3), x(3))];
        vec![
            Instr::Test {
                op: TestOp::IsMap,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::GetMapElements {
                fail,
                src: x(0),
                pairs,
            },
            Instr::TestHeap {
                words: 4,
                funs: 0,
                live: 4,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(1), xs(2), xs(3)],
            },
            Instr::Return,
            Instr::Label(fail),
            put(atom("missing"), x(0)),
            Instr::Return,
        ]
    });
    b.function("has", 1, |b, info| {
        let fail = b.label();
        vec![
            Instr::Test {
                op: TestOp::IsMap,
                fail: info,
                args: vec![xs(0)],
            },
            Instr::HasMapFields {
                fail,
                src: x(0),
                keys: vec![atom("a"), int(3)],
            },
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

fn bifs() -> Sample {
    let mut b = Builder::new("bifs");
    let bif = |fail, name: &str, args| Instr::Bif {
        fail,
        name: name.into(),
        args,
        dst: x(0),
    };
    b.function("self", 0, |_, _| {
        vec![bif(None, "self", vec![]), Instr::Return]
    });
    b.function("hd", 1, |_, _| {
        vec![bif(None, "hd", vec![xs(0)]), Instr::Return]
    });
    b.function("get", 1, |_, _| {
        vec![bif(None, "get", vec![xs(0)]), Instr::Return]
    });
    b.function("element", 2, |_, _| {
        vec![bif(None, "element", vec![xs(0), xs(1)]), Instr::Return]
    });
    b.function("equal", 2, |_, _| {
        vec![bif(None, "=:=", vec![xs(0), xs(1)]), Instr::Return]
    });
    b.function("guarded", 2, |b, info| {
        let line = b.line(77);
        let (args, name) = (vec![xs(0), xs(1)], "+".into());
        vec![
            Instr::Line(line),
            Instr::GcBif {
                fail: Some(info),
                name,
                live: 2,
                args,
                dst: x(0),
            },
            Instr::Return,
        ]
    });
    b.function("part", 3, |_, _| {
        let args = vec![xs(0), xs(1), xs(2)];
        vec![
            Instr::GcBif {
                fail: None,
                name: "binary_part".into(),
                live: 3,
                args,
                dst: x(0),
            },
            Instr::Return,
        ]
    });
    b.function("length", 1, |_, _| {
        vec![
            Instr::GcBif {
                fail: None,
                name: "length".into(),
                live: 1,
                args: vec![xs(0)],
                dst: x(0),
            },
            Instr::Return,
        ]
    });
    sample(
        b,
        "begin put(bifs, 9), {bifs:self() =:= self(), bifs:hd([1]), bifs:get(bifs), bifs:element(2, {a, b}), \
         bifs:equal(1, 1.0), bifs:guarded(1 bsl 60, 1), bifs:part(<<\"abcd\">>, 1, 2), bifs:length([a, b]), \
         try bifs:guarded(a, 1) catch error:R -> R end, try bifs:hd([]) catch error:E -> E end} end",
        "{true,1,9,b,false,1152921504606846977,<<\"bc\">>,2,function_clause,badarg}",
    )
}

/// Protected regions, and the instructions that raise.
fn exceptions() -> Sample {
    let mut b = Builder::new("exceptions");
    b.function("guard", 1, |b, _| {
        let (handler, line) = (b.label(), b.line(55));
        vec![
            Instr::Allocate { stack: 1, live: 1 },
            Instr::Try { y: 0, handler },
            Instr::Line(line),
            Instr::CallFun { arity: 0 },
            Instr::TryEnd(0),
            Instr::Deallocate(1),
            Instr::Return,
            Instr::Label(handler),
            Instr::TryCase(0),
            Instr::TestHeap {
                words: 3,
                funs: 0,
                live: 2,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(0), xs(1)],
            },
            Instr::Deallocate(1),
            Instr::Return,
        ]
    });
    b.function("reraise", 1, |b, _| {
        let handler = b.label();
        vec![
            Instr::Allocate { stack: 1, live: 1 },
            Instr::Try { y: 0, handler },
            Instr::CallFun { arity: 0 },
            Instr::TryEnd(0),
            Instr::Deallocate(1),
            Instr::Return,
            Instr::Label(handler),
            Instr::TryCase(0),
            Instr::RawRaise,
            Instr::Deallocate(1),
            Instr::Return,
        ]
    });
    b.function("trace", 1, |b, _| {
        let handler = b.label();
        vec![
            Instr::Allocate { stack: 1, live: 1 },
            Instr::Try { y: 0, handler },
            Instr::CallFun { arity: 0 },
            Instr::TryEnd(0),
            Instr::Deallocate(1),
            Instr::Return,
            Instr::Label(handler),
            Instr::TryCase(0),
            put(xs(2), x(0)),
            Instr::BuildStacktrace,
            Instr::Deallocate(1),
            Instr::Return,
        ]
    });
    b.function("badmatch", 1, |_, _| vec![Instr::Badmatch(xs(0))]);
    b.function("case_end", 1, |_, _| vec![Instr::CaseEnd(xs(0))]);
    b.function("try_case_end", 1, |_, _| vec![Instr::TryCaseEnd(xs(0))]);
    b.function("if_end", 0, |_, _| vec![Instr::IfEnd]);
    sample(
        b,
        "{exceptions:guard(fun() -> 1 end), exceptions:guard(fun() -> throw(x) end), \
         try exceptions:reraise(fun() -> exit(y) end) catch C:R -> {C, R} end, \
         element(1, hd(exceptions:trace(fun() -> lists:reverse(1, 2, 3) end))), \
         [try Raise() catch error:E:Stack -> {E, hd(Stack)} end || Raise <- \
          [fun() -> exceptions:badmatch(1) end, fun() -> exceptions:case_end(2) end, \
           fun() -> exceptions:try_case_end(3) end, fun exceptions:if_end/0]]}",
        "{1,{throw,x},{exit,y},lists,[\
         {{badmatch,1},{exceptions,badmatch,1,[{file,\"src/sample.bt\"},{line,4}]}},\
         {{case_clause,2},{exceptions,case_end,1,[{file,\"src/sample.bt\"},{line,5}]}},\
         {{try_clause,3},{exceptions,try_case_end,1,[{file,\"src/sample.bt\"},{line,6}]}},\
         {if_clause,{exceptions,if_end,0,[{file,\"src/sample.bt\"},{line,7}]}}]}",
    )
}

fn segment(kind: SegmentType, value: Src, size: Option<Src>, unit: u8) -> BinSegment {
    BinSegment {
        kind,
        value,
        size,
        unit,
    }
}

/// Building binaries.
fn building() -> Sample {
    let mut b = Builder::new("building");
    b.function("bytes", 2, |_, _| {
        let segments = vec![
            segment(SegmentType::Integer, int(255), Some(int(8)), 1),
            segment(SegmentType::Integer, xs(0), Some(int(2)), 8),
            segment(SegmentType::Binary, xs(1), None, 8),
            segment(SegmentType::Binary, literal(Term::text("héé")), None, 8),
            segment(SegmentType::Binary, xs(1), Some(int(1)), 8),
            segment(SegmentType::Utf8, xs(0), None, 0),
            segment(
                SegmentType::Float,
                literal(Term::Float(1.0)),
                Some(int(64)),
                1,
            ),
        ];
        vec![
            Instr::BsCreateBin {
                fail: None,
                live: 2,
                unit: 8,
                dst: x(0),
                segments,
            },
            Instr::Return,
        ]
    });
    b.function("guarded", 1, |b, _| {
        let fail = b.label();
        let segments = vec![segment(SegmentType::Binary, xs(0), None, 8)];
        vec![
            Instr::BsCreateBin {
                fail: Some(fail),
                live: 1,
                unit: 8,
                dst: x(0),
                segments,
            },
            Instr::Return,
            Instr::Label(fail),
            put(atom("not_binary"), x(0)),
            Instr::Return,
        ]
    });
    sample(
        b,
        "{binary_to_list(building:bytes(233, <<\"ab\">>)), building:guarded(<<1>>), building:guarded(1), \
         try building:bytes(a, <<>>) catch error:R -> R end}",
        "{[255,0,233,97,98,104,195,169,195,169,97,195,169,63,240,0,0,0,0,0,0],<<1>>,not_binary,badarg}",
    )
}

/// Taking binaries apart.
fn matching() -> Sample {
    let mut b = Builder::new("matching");
    let tail = |fail| vec![Instr::Label(fail), put(atom("no"), x(0)), Instr::Return];
    b.function("fields", 1, |b, _| {
        let fail = b.label();
        let context = x(1);
        let mut code = vec![
            Instr::BsStartMatch4 {
                fail,
                live: 1,
                src: xs(0),
                dst: context,
            },
            Instr::BsMatchString {
                fail,
                context,
                bytes: b"PK\xff".to_vec(),
            },
            Instr::BsGetInteger2 {
                fail,
                context,
                live: 2,
                size: int(16),
                unit: 1,
                flags: 2 + 4,
                dst: x(2),
            },
            Instr::BsSkipBits2 {
                fail,
                context,
                size: int(1),
                unit: 8,
                flags: 0,
            },
            Instr::BsGetUtf8 {
                fail,
                context,
                live: 3,
                flags: 0,
                dst: x(3),
            },
            Instr::BsGetFloat2 {
                fail,
                context,
                live: 4,
                size: int(64),
                unit: 1,
                flags: 0,
                dst: x(4),
            },
            Instr::BsGetBinary2 {
                fail,
                context,
                live: 5,
                size: int(2),
                unit: 8,
                flags: 0,
                dst: x(5),
            },
            Instr::BsTestUnit {
                fail,
                context,
                unit: 8,
            },
            Instr::BsGetTail {
                context,
                dst: x(6),
                live: 6,
            },
            Instr::TestHeap {
                words: 6,
                funs: 0,
                live: 7,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: (2..7).map(xs).collect(),
            },
            Instr::Return,
        ];
        code.extend(tail(fail));
        code
    });
    b.function("all", 1, |b, _| {
        let fail = b.label();
        let context = x(1);
        let mut code = vec![
            Instr::BsStartMatch4 {
                fail,
                live: 1,
                src: xs(0),
                dst: context,
            },
            Instr::BsGetInteger2 {
                fail,
                context,
                live: 2,
                size: int(8),
                unit: 1,
                flags: 0,
                dst: x(2),
            },
            Instr::BsGetBinary2 {
                fail,
                context,
                live: 3,
                size: xs(2),
                unit: 8,
                flags: 0,
                dst: x(3),
            },
            Instr::BsGetBinary2 {
                fail,
                context,
                live: 4,
                size: atom("all"),
                unit: 8,
                flags: 0,
                dst: x(2),
            },
            Instr::TestHeap {
                words: 3,
                funs: 0,
                live: 4,
            },
            Instr::PutTuple2 {
                dst: x(0),
                elements: vec![xs(3), xs(2)],
            },
            Instr::Return,
        ];
        code.extend(tail(fail));
        code
    });
    b.function("single", 1, |b, _| {
        let fail = b.label();
        let context = x(1);
        let mut code = vec![
            Instr::BsStartMatch4 {
                fail,
                live: 1,
                src: xs(0),
                dst: context,
            },
            Instr::BsGetInteger2 {
                fail,
                context,
                live: 2,
                size: int(8),
                unit: 1,
                flags: 0,
                dst: x(2),
            },
            Instr::BsTestTail2 {
                fail,
                context,
                bits: 0,
            },
            put(xs(2), x(0)),
            Instr::Return,
        ];
        code.extend(tail(fail));
        code
    });
    sample(
        b,
        "{matching:fields(<<\"PK\", 255, -2:16/little, 7, 233/utf8, 2.5/float, \"abtail\">>), \
         matching:fields(<<\"PX\", 255, 0:200>>), matching:fields(a), matching:all(<<1, \"abc\">>), \
         matching:all(<<9, \"abc\">>), matching:single(<<5>>), matching:single(<<5, 6>>)}",
        "{{-2,233,2.5,<<\"ab\">>,<<\"tail\">>},no,no,{<<\"a\">>,<<\"bc\">>},no,5,no}",
    )
}
