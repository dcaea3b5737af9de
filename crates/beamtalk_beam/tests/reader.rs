//! Reading `.beam` files: our own, OTP's, and broken ones.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use beamtalk_beam::testing::run;
use beamtalk_beam::{Opcode, Operand, ReadError, ReadModule, assemble, listing, read};
use proptest::collection::vec;
use proptest::prelude::*;
use support::samples;

/// What a module's tables promise must be what its code has.
fn check_counts(module: &ReadModule) {
    let name = &module.name;
    let count = |opcode| module.code.iter().filter(|op| op.opcode == opcode).count();
    assert_eq!(count(Opcode::FuncInfo), module.functions as usize, "{name}: functions");
    assert_eq!(count(Opcode::Line), module.line_instructions as usize, "{name}: lines");
    assert_eq!(
        module.exports.len() + module.locals.len(),
        module.functions as usize,
        "{name}: exports and locals"
    );
    assert_eq!(module.code.last().map(|op| op.opcode), Some(Opcode::IntCodeEnd), "{name}: end");
    for op in &module.code {
        assert_eq!(op.operands.len(), usize::from(op.opcode.arity()), "{name}: {op:?}");
        assert!(u32::from(op.opcode.number()) <= module.highest_opcode, "{name}: {op:?}");
        match (op.opcode, &op.operands[..]) {
            (Opcode::Label, [Operand::Unsigned(label)]) => {
                assert!(*label < module.labels, "{name}: label {label}");
            }
            (Opcode::Line, [Operand::Unsigned(line)]) => {
                assert!(*line as usize <= module.lines.len(), "{name}: line {line}");
            }
            (Opcode::CallExt, [_, Operand::Unsigned(import)]) => {
                assert!((*import as usize) < module.imports.len(), "{name}: import {import}");
            }
            _ => {}
        }
    }
}

/// The modules of OTP's libraries on this machine.
fn otp_modules() -> Vec<PathBuf> {
    let expression = "[filename:join(code:lib_dir(App), \"ebin\") || App <- [stdlib, kernel, compiler]]";
    let dirs = run(&[], expression).expect("library folders");
    let dirs = dirs.split('"').filter(|part| part.starts_with('/'));
    let files = dirs.flat_map(|dir| fs::read_dir(dir).expect("a folder"));
    let paths = files.map(|file| file.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "beam")).collect()
}

#[test]
fn all_modules_of_otp_can_be_read_and_printed() {
    let files = otp_modules();
    assert!(files.len() > 200, "only {} modules", files.len());
    for file in files {
        let bytes = fs::read(&file).expect("a module");
        let module = read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(Some(module.name.as_str()), file.file_stem().and_then(|stem| stem.to_str()));
        check_counts(&module);
        assert!(listing(&module).contains("int_code_end"));
    }
}

/// The instructions that none of `Instr` stands for.
const NOT_OURS: &str = "
    allocate_heap allocate_zero allocate_heap_zero init send remove_message timeout loop_rec
    loop_rec_end wait wait_timeout m_plus m_minus m_times m_div int_div int_rem int_band
    int_bor int_bxor int_bsl int_bsr int_bnot is_constant catch catch_end set_tuple_element
    put_string put_tuple put make_fun bs_start_match bs_get_integer bs_get_float bs_get_binary
    bs_skip_bits bs_test_tail bs_save bs_restore bs_init bs_final bs_put_integer bs_put_binary
    bs_put_float bs_put_string bs_need_buf fclearerror fcheckerror fmove fconv fadd fsub fmul
    fdiv fnegate make_fun2 raise bs_init2 bs_bits_to_bytes bs_add bs_start_match2 bs_save2
    bs_restore2 bs_final2 bs_bits_to_bytes2 put_literal bs_context_to_binary bs_init_writable
    bs_append bs_private_append trim bs_init_bits bs_skip_utf8 bs_get_utf16 bs_skip_utf16
    bs_get_utf32 bs_skip_utf32 bs_utf8_size bs_put_utf8 bs_utf16_size bs_put_utf16
    bs_put_utf32 on_load recv_mark recv_set bs_start_match3 bs_get_position bs_set_position
    recv_marker_bind recv_marker_clear recv_marker_reserve recv_marker_use call_fun2 nif_start
    badrecord
";

#[test]
fn what_we_assemble_reads_back() {
    let mut emitted = BTreeSet::new();
    for sample in samples::all() {
        let ours = &sample.module;
        let module = read(&assemble(ours).expect("bytes")).expect("a module");
        check_counts(&module);
        assert_eq!(module.name, ours.name);
        assert_eq!(module.labels, ours.next_label + 4);
        assert_eq!(module.files[1..], ours.files);
        let lines: Vec<_> = module.lines.iter().map(|line| line.line).collect();
        assert_eq!(lines, ours.lines.iter().map(|line| line.line).collect::<Vec<_>>());
        let exported: Vec<_> = module.exports.iter().map(|entry| (&entry.name, entry.arity)).collect();
        let functions = ours.functions.iter().filter(|function| function.exported);
        let mut expected: Vec<_> =
            functions.map(|function| (&function.name, u32::from(function.arity))).collect();
        let module_info = "module_info".into();
        expected.extend([(&module_info, 0), (&module_info, 1)]);
        assert_eq!(exported, expected);
        // Four instructions before each function's code, and five in both `module_info`.
        let own: usize = ours.functions.iter().map(|function| function.code.len() + 4).sum();
        assert_eq!(module.code.len(), own + 4 + 2 + 4 + 3 + 1);
        emitted.extend(module.code.iter().map(|op| op.opcode));
    }
    // All that the instructions of `Instr` stand for.
    let not_ours: Vec<_> = NOT_OURS.split_whitespace().collect();
    let ours = Opcode::ALL.iter().filter(|opcode| !not_ours.contains(&opcode.name()));
    assert_eq!(emitted.into_iter().collect::<Vec<_>>(), ours.copied().collect::<Vec<_>>());
}

#[test]
fn a_listing_resolves_imports_lines_and_atoms() {
    let sample = samples::all().into_iter().find(|sample| sample.module.name == "calls");
    let module = read(&assemble(&sample.expect("the sample").module).expect("bytes")).expect("a module");
    let text = listing(&module);
    assert!(text.contains("    call_ext_only 1, lists:reverse/1\n"), "{text}");
    assert!(text.contains("    line file 1 line 100\n"), "{text}");
    assert!(text.contains("    func_info {atom,calls}, {atom,body}, 1\n"), "{text}");
    assert!(text.contains("    test_heap {alloc,[{words,4},{floats,0},{funs,2}]}, 1\n"), "{text}");
}

#[test]
fn what_is_no_module_is_refused() {
    assert_eq!(read(b""), Err(ReadError::NotBeam));
    assert_eq!(read(b"FOR1\0\0\0\x04BEAM"), Err(ReadError::MissingChunk("AtU8")));
    assert_eq!(read(b"FOR1\xff\xff\xff\xffBEAM"), Err(ReadError::NotBeam));
    assert_eq!(read(&[0x1f; 100]), Err(ReadError::NotBeam));
}

#[test]
fn a_literal_pool_that_promises_too_much_is_refused() {
    let sample = &samples::all()[7].module;
    let mut bytes = assemble(sample).expect("bytes");
    let at = bytes.windows(4).position(|window| window == b"LitT").expect("literals") + 8;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    let problem = "too large";
    assert_eq!(read(&bytes), Err(ReadError::Malformed { chunk: "LitT", problem }));
}

/// Reads, and prints what could be read.
fn digest(bytes: &[u8]) {
    if let Ok(module) = read(bytes) {
        let _ = listing(&module);
    }
}

fn assembled() -> Vec<Vec<u8>> {
    samples::all().iter().map(|sample| assemble(&sample.module).expect("bytes")).collect()
}

proptest! {
    #[test]
    fn mutated_modules_never_panic(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut all = assembled();
        let bytes = &mut all[which.index(9)];
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        digest(bytes);
    }

    #[test]
    fn any_code_never_panics(code in vec(any::<u8>(), 0..200)) {
        digest(&with_chunk(*b"Code", &[&[0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 180, 0, 0, 1, 0, 0, 0, 0, 1], &code[..]].concat()));
    }

    #[test]
    fn any_term_never_panics(term in vec(any::<u8>(), 0..200), tag in 97_u8..120) {
        digest(&with_chunk(*b"Attr", &[&[131, tag], &term[..]].concat()));
    }

    #[test]
    fn any_lines_never_panic(lines in vec(any::<u8>(), 0..100)) {
        digest(&with_chunk(*b"Line", &[&[0; 8], &lines[..]].concat()));
    }
}

/// A module of which one chunk has been replaced.
fn with_chunk(id: [u8; 4], contents: &[u8]) -> Vec<u8> {
    let module = beamtalk_beam::Module::new("fuzzed");
    let bytes = assemble(&module).expect("bytes");
    let mut out = b"FOR1\0\0\0\0BEAM".to_vec();
    let mut put = |id: &[u8], contents: &[u8]| {
        out.extend_from_slice(id);
        out.extend_from_slice(&u32::try_from(contents.len()).expect("a size").to_be_bytes());
        out.extend_from_slice(contents);
        out.resize(out.len().next_multiple_of(4), 0);
    };
    put(&id, contents);
    let mut rest = &bytes[12..];
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let size = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if head[..4] != id {
            put(&head[..4], &tail[..size]);
        }
        rest = &tail[size.next_multiple_of(4)..];
    }
    let size = u32::try_from(out.len() - 8).expect("a size");
    out[4..8].copy_from_slice(&size.to_be_bytes());
    out
}

#[test]
fn replacing_a_chunk_leaves_a_readable_module() {
    let code = [&[0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 180, 0, 0, 1, 0, 0, 0, 0, 1][..], &[3]].concat();
    let module = read(&with_chunk(*b"Code", &code)).expect("a module");
    assert_eq!(module.code.len(), 1);
}
