//! Calls, built-in functions, exceptions.

use beamtalk_beam::{Instr, Lambda};

use super::super::{Builder, external, int, put, x, xs, y, ys};
use super::{Sample, sample};

/// Calls of all kinds, funs, stack frames.
pub fn calls() -> Sample {
    let mut b = Builder::new("calls");
    let inner = b.function("inner", 3, |_, _| {
        vec![
            Instr::TestHeap { words: 4, funs: 0, live: 3 },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(0), xs(1), xs(2)] },
            Instr::Return,
        ]
    });
    let outer = b.function("outer", 3, |_, _| vec![Instr::CallOnly { arity: 3, target: inner }]);
    b.function("body", 1, |b, _| {
        let line = b.line(100);
        vec![
            Instr::Allocate { stack: 2, live: 1 },
            Instr::InitYregs(vec![1]),
            put(xs(0), y(0)),
            put(int(2), x(1)),
            put(int(3), x(2)),
            Instr::Line(line),
            Instr::Call { arity: 3, target: inner },
            put(xs(0), y(1)),
            put(ys(0), x(0)),
            Instr::CallExt(external("erlang", "is_atom", 1)),
            Instr::TestHeap { words: 3, funs: 0, live: 1 },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(0), ys(1)] },
            Instr::Deallocate(2),
            Instr::Return,
        ]
    });
    b.function("only", 3, |_, _| vec![Instr::CallOnly { arity: 3, target: inner }]);
    b.function("last", 3, |_, _| {
        vec![
            Instr::Allocate { stack: 1, live: 3 },
            Instr::InitYregs(vec![0]),
            Instr::CallLast { arity: 3, target: inner, deallocate: 1 },
        ]
    });
    b.function("ext_only", 1, |_, _| vec![Instr::CallExtOnly(external("lists", "reverse", 1))]);
    b.function("ext_last", 1, |_, _| {
        vec![
            Instr::Allocate { stack: 0, live: 1 },
            Instr::CallExtLast { function: external("lists", "reverse", 1), deallocate: 0 },
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
        vec![Instr::Allocate { stack: 0, live: 3 }, Instr::ApplyLast { arity: 1, deallocate: 0 }]
    });
    // A fun of two arguments with one free variable, and one without any.
    b.module.lambdas.push(Lambda { name: "inner".into(), arity: 3, free: 1, entry: inner });
    b.module.lambdas.push(Lambda { name: "outer".into(), arity: 3, free: 0, entry: outer });
    b.function("funs", 1, |_, _| {
        vec![
            Instr::TestHeap { words: 4, funs: 2, live: 1 },
            Instr::MakeFun3 { lambda: 0, dst: x(1), free: vec![xs(0)] },
            Instr::MakeFun3 { lambda: 1, dst: x(2), free: vec![] },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(1), xs(2)] },
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

pub fn bifs() -> Sample {
    let mut b = Builder::new("bifs");
    let bif = |fail, name: &str, args| Instr::Bif { fail, name: name.into(), args, dst: x(0) };
    b.function("self", 0, |_, _| vec![bif(None, "self", vec![]), Instr::Return]);
    b.function("hd", 1, |_, _| vec![bif(None, "hd", vec![xs(0)]), Instr::Return]);
    b.function("get", 1, |_, _| vec![bif(None, "get", vec![xs(0)]), Instr::Return]);
    b.function("element", 2, |_, _| vec![bif(None, "element", vec![xs(0), xs(1)]), Instr::Return]);
    b.function("equal", 2, |_, _| vec![bif(None, "=:=", vec![xs(0), xs(1)]), Instr::Return]);
    b.function("guarded", 2, |b, info| {
        let line = b.line(77);
        let (args, name) = (vec![xs(0), xs(1)], "+".into());
        vec![
            Instr::Line(line),
            Instr::GcBif { fail: Some(info), name, live: 2, args, dst: x(0) },
            Instr::Return,
        ]
    });
    b.function("part", 3, |_, _| {
        let args = vec![xs(0), xs(1), xs(2)];
        vec![Instr::GcBif { fail: None, name: "binary_part".into(), live: 3, args, dst: x(0) }, Instr::Return]
    });
    b.function("length", 1, |_, _| {
        vec![
            Instr::GcBif { fail: None, name: "length".into(), live: 1, args: vec![xs(0)], dst: x(0) },
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
pub fn exceptions() -> Sample {
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
            Instr::TestHeap { words: 3, funs: 0, live: 2 },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(0), xs(1)] },
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
