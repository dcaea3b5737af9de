//! Building binaries and taking them apart.

use beamtalk_beam::{BinSegment, Instr, SegmentType, Src, Term};

use super::super::{Builder, atom, int, literal, put, x, xs};
use super::{Sample, sample};

fn segment(kind: SegmentType, value: Src, size: Option<Src>, unit: u8) -> BinSegment {
    BinSegment { kind, value, size, unit }
}

/// Building binaries.
pub fn building() -> Sample {
    let mut b = Builder::new("building");
    b.function("bytes", 2, |_, _| {
        let segments = vec![
            segment(SegmentType::Integer, int(255), Some(int(8)), 1),
            segment(SegmentType::Integer, xs(0), Some(int(2)), 8),
            segment(SegmentType::Binary, xs(1), None, 8),
            segment(SegmentType::Binary, literal(Term::text("héé")), None, 8),
            segment(SegmentType::Binary, xs(1), Some(int(1)), 8),
            segment(SegmentType::Utf8, xs(0), None, 0),
            segment(SegmentType::Float, literal(Term::Float(1.0)), Some(int(64)), 1),
        ];
        vec![Instr::BsCreateBin { fail: None, live: 2, unit: 8, dst: x(0), segments }, Instr::Return]
    });
    b.function("guarded", 1, |b, _| {
        let fail = b.label();
        let segments = vec![segment(SegmentType::Binary, xs(0), None, 8)];
        vec![
            Instr::BsCreateBin { fail: Some(fail), live: 1, unit: 8, dst: x(0), segments },
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
pub fn matching() -> Sample {
    let mut b = Builder::new("matching");
    let tail = |fail| vec![Instr::Label(fail), put(atom("no"), x(0)), Instr::Return];
    b.function("fields", 1, |b, _| {
        let fail = b.label();
        let context = x(1);
        let mut code = vec![
            Instr::BsStartMatch4 { fail, live: 1, src: xs(0), dst: context },
            Instr::BsMatchString { fail, context, bytes: b"PK\xff".to_vec() },
            Instr::BsGetInteger2 { fail, context, live: 2, size: int(16), unit: 1, flags: 2 + 4, dst: x(2) },
            Instr::BsSkipBits2 { fail, context, size: int(1), unit: 8, flags: 0 },
            Instr::BsGetUtf8 { fail, context, live: 3, flags: 0, dst: x(3) },
            Instr::BsGetFloat2 { fail, context, live: 4, size: int(64), unit: 1, flags: 0, dst: x(4) },
            Instr::BsGetBinary2 { fail, context, live: 5, size: int(2), unit: 8, flags: 0, dst: x(5) },
            Instr::BsTestUnit { fail, context, unit: 8 },
            Instr::BsGetTail { context, dst: x(6), live: 6 },
            Instr::TestHeap { words: 6, funs: 0, live: 7 },
            Instr::PutTuple2 { dst: x(0), elements: (2..7).map(xs).collect() },
            Instr::Return,
        ];
        code.extend(tail(fail));
        code
    });
    b.function("all", 1, |b, _| {
        let fail = b.label();
        let context = x(1);
        let mut code = vec![
            Instr::BsStartMatch4 { fail, live: 1, src: xs(0), dst: context },
            Instr::BsGetInteger2 { fail, context, live: 2, size: int(8), unit: 1, flags: 0, dst: x(2) },
            Instr::BsGetBinary2 { fail, context, live: 3, size: xs(2), unit: 8, flags: 0, dst: x(3) },
            Instr::BsGetBinary2 { fail, context, live: 4, size: atom("all"), unit: 8, flags: 0, dst: x(2) },
            Instr::TestHeap { words: 3, funs: 0, live: 4 },
            Instr::PutTuple2 { dst: x(0), elements: vec![xs(3), xs(2)] },
            Instr::Return,
        ];
        code.extend(tail(fail));
        code
    });
    b.function("single", 1, |b, _| {
        let fail = b.label();
        let context = x(1);
        let mut code = vec![
            Instr::BsStartMatch4 { fail, live: 1, src: xs(0), dst: context },
            Instr::BsGetInteger2 { fail, context, live: 2, size: int(8), unit: 1, flags: 0, dst: x(2) },
            Instr::BsTestTail2 { fail, context, bits: 0 },
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
