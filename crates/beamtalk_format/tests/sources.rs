//! The sources of this repository: the standard library and the examples are in canonical style.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "bt") {
            let text = fs::read_to_string(&path).expect("a readable source");
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "no sources in {}", root.display());
    found
}

#[test]
fn the_grammars_sample_keeps_its_meaning_and_comments() {
    for (_, source) in sources("crates/beamtalk_syntax/tests") {
        support::formatted(&source);
    }
}

#[test]
fn the_library_and_the_examples_are_in_canonical_style() {
    for (path, source) in sources("stdlib/src").into_iter().chain(sources("examples")) {
        let formatted = support::formatted(&source);
        assert_eq!(formatted, source, "`beamtalk fmt {}` mends it", path.display());
    }
}

/// Deep and long sources on the stack of a thread; formatting takes linear time and little stack.
#[test]
fn deep_and_long_sources_are_formatted() {
    let deep = |open: &str, close: &str| format!("x := {}1{}\n", open.repeat(200), close.repeat(200));
    for source in [
        deep("(", ")"),
        deep("[", "]"),
        deep("#(", ")"),
        deep("#{1 => ", "}"),
        deep("(x foo: ", ")"),
        deep("\"{", "}\""),
        format!("x{}\n", " foo".repeat(500)),
        format!("x{}\n", " + y".repeat(500)),
        format!("x{}\n", " ++ y + z".repeat(200)),
        format!("x{}\n", "; foo".repeat(20_000).replacen(';', "", 1)),
        format!("#({})\n", "1, // c\n".repeat(20_000)),
        "// c\nx foo\n\n".repeat(20_000),
        format!("Object subclass: A\n{}", "  // c\n  m => [:a | a]\n".repeat(20_000)),
    ] {
        support::formatted(&source);
    }
}
