//! Every instruction, run by a real Erlang and checked by OTP's validator.

mod support;

use beamtalk_beam::testing::{run, validate_all};
use beamtalk_beam::{Instr, Lambda, Term, assemble, print};
use support::{Builder, int, put, samples, x};

#[test]
fn assembled_modules_load_and_answer_as_expected() {
    let samples = samples::all();
    let beams: Vec<_> =
        samples.iter().map(|sample| assemble(&sample.module).expect("a module that assembles")).collect();
    let modules: Vec<_> =
        samples.iter().zip(&beams).map(|(sample, beam)| (sample.module.name.as_str(), &beam[..])).collect();
    // One by one in funs, so that their variables do not meet.
    let expressions: Vec<_> =
        samples.iter().map(|sample| format!("(fun() -> {} end)()", sample.expression)).collect();
    let answers: Vec<_> = samples.iter().map(|sample| sample.answer).collect();
    let answer = run(&modules, &format!("{{{}}}", expressions.join(","))).expect("an answer");
    assert_eq!(answer, format!("{{{}}}", answers.join(",")));
}

#[test]
fn printed_modules_pass_the_validator() {
    let samples = samples::all();
    let texts: Vec<_> = samples.iter().map(|sample| print(&sample.module)).collect();
    let named: Vec<_> = samples
        .iter()
        .zip(&texts)
        .map(|(sample, text)| (sample.module.name.as_str(), text.as_str()))
        .collect();
    if let Err(complaints) = validate_all(&named) {
        panic!("{complaints}");
    }
}

#[test]
fn attributes_chunks_and_versions_are_where_erlang_looks_for_them() {
    let mut module = samples::all().swap_remove(0).module;
    module.attributes.push(("behaviour".into(), Term::List(vec![Term::atom("gen_server")])));
    module.attributes.push(("wrapped".into(), Term::Integer(1)));
    module.chunks.push((*b"Docs", b"text".to_vec()));
    // OTP decodes this one when it loads the module: an empty list.
    module.chunks.push((*b"Meta", vec![131, 106]));
    let beam = assemble(&module).expect("bytes");
    // The version is made of the contents, and the loader finds what `beam_lib` finds.
    let expression = format!(
        "begin Beam = list_to_binary({beam:?}), {{ok, {{_, Md5}}}} = beam_lib:md5(Beam), \
         [{{vsn, [Version]}} | Attributes] = data:module_info(attributes), \
         {{ok, {{_, Chunks}}}} = beam_lib:chunks(Beam, [\"Docs\", \"Meta\", exports]), \
         {{Version =/= 0 andalso beam_lib:version(Beam) =:= {{ok, {{data, [Version]}}}}, data:module_info(md5) =:= Md5, Attributes, Chunks, \
          proplists:get_value(source, data:module_info(compile))}} end"
    );
    let exports = "{exports,[{far,1},{lists,1},{module_info,0},{module_info,1},{second,1},{swapped,2}]}";
    assert_eq!(
        run(&[("data", &beam)], &expression).expect("an answer"),
        format!(
            "{{true,true,[{{behaviour,[gen_server]}},{{wrapped,[1]}}],\
             [{{\"Docs\",<<\"text\">>}},{{\"Meta\",<<131,106>>}},{exports}],\"src/sample.bt\"}}"
        )
    );
}

/// Funs of two versions of a module must not be mixed up: an old fun runs the old code.
#[test]
fn funs_survive_the_loading_of_a_new_version() {
    let version = |number: i64| {
        let mut b = Builder::new("versions");
        let inner = b.function("inner", 0, |_, _| vec![put(int(number), x(0)), Instr::Return]);
        b.module.lambdas.push(Lambda { name: "inner".into(), arity: 0, free: 0, entry: inner });
        b.function("make", 0, |_, _| {
            vec![
                Instr::TestHeap { words: 0, funs: 1, live: 0 },
                Instr::MakeFun3 { lambda: 0, dst: x(0), free: vec![] },
                Instr::Return,
            ]
        });
        assemble(&b.module).expect("bytes")
    };
    let expression = format!(
        "begin Old = versions:make(), {{module, _}} = code:load_binary(versions, \"\", list_to_binary({:?})), \
         {{Old(), (versions:make())()}} end",
        version(2)
    );
    assert_eq!(run(&[("versions", &version(1))], &expression).as_deref(), Ok("{1,2}"));
}
