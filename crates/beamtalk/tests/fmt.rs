//! `beamtalk fmt` and `fmt-check` on real folders.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// Runs the program there; answers status, standard output and standard error.
fn beamtalk(at: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("beamtalk").expect("the program");
    command.current_dir(at).env("BEAMTALK_HOME", at.join("home")).env("PATH", "");
    let output = command.args(arguments).write_stdin(input).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("a status"), text(output.stdout), text(output.stderr))
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

#[test]
fn fmt_rewrites_sources_in_folders_and_says_nothing() {
    let folder = folder(&[("a.bt", "x:=1"), ("src/deep/b.bt", "y:=1. z"), ("c.txt", "x:=1")]);
    assert_eq!(beamtalk(folder.path(), &["fmt"], ""), (0, String::new(), String::new()));
    assert_eq!(read(&folder, "a.bt"), "x := 1\n");
    assert_eq!(read(&folder, "src/deep/b.bt"), "y := 1\nz\n");
    assert_eq!(read(&folder, "c.txt"), "x:=1");
}

#[test]
fn every_class_of_a_file_is_formatted_and_none_moved() {
    let folder = folder(&[(
        "a.bt",
        "B subclass: A\n  x=>1\n\nProtocol define: P\n  x\n\nObject subclass: B\n  y=>2\n",
    )]);
    assert_eq!(beamtalk(folder.path(), &["fmt"], ""), (0, String::new(), String::new()));
    let expected = "B subclass: A\n\n  x => 1\n\nProtocol define: P\n  x\n\nObject subclass: B\n\n  y => 2\n";
    assert_eq!(read(&folder, "a.bt"), expected);
}

#[test]
fn ignored_files_are_left_alone_unless_named() {
    let files = [
        (".gitignore", "made/\n"),
        (".btignore", "old.bt\n"),
        ("made/a.bt", "x:=1"),
        ("old.bt", "x:=1"),
        ("_build/b.bt", "x:=1"),
    ];
    let folder = folder(&files);
    assert_eq!(beamtalk(folder.path(), &["fmt", "."], "").0, 0);
    for name in ["made/a.bt", "old.bt", "_build/b.bt"] {
        assert_eq!(read(&folder, name), "x:=1", "{name}");
    }
    assert_eq!(beamtalk(folder.path(), &["fmt", "old.bt"], "").0, 0);
    assert_eq!(read(&folder, "old.bt"), "x := 1\n");
}

#[test]
fn fmt_skips_broken_files_and_shows_what_is_wrong() {
    let folder = folder(&[("a.bt", "x := (\n"), ("b.bt", "x:=1")]);
    let (status, _, said) = beamtalk(folder.path(), &["fmt"], "");
    assert_eq!(status, 0);
    assert!(said.contains("warning: skipping 'a.bt' (has parse errors)"), "{said}");
    assert!(said.contains("[a.bt:"), "{said}");
    assert_eq!((read(&folder, "a.bt"), read(&folder, "b.bt")), ("x := (\n".into(), "x := 1\n".into()));
}

#[test]
fn fmt_check_shows_diffs_and_changes_nothing() {
    let folder = folder(&[("a.bt", "x:=1\n"), ("b.bt", "x := (\n"), ("c.bt", "x := 1\n")]);
    for arguments in [&["fmt-check"][..], &["fmt", "--diff"], &["fmt", "--check", "--diff"]] {
        let (status, shown, said) = beamtalk(folder.path(), arguments, "");
        assert_eq!(status, 1);
        assert_eq!(shown, "--- a/a.bt\n+++ b/a.bt\n@@ -1 +1 @@\n-x:=1\n+x := 1\n");
        assert!(said.contains("× 1 file would be reformatted, 1 file could not be checked (parse errors)"));
    }
    assert_eq!(read(&folder, "a.bt"), "x:=1\n");
    assert_eq!(beamtalk(folder.path(), &["fmt-check", "c.bt"], ""), (0, String::new(), String::new()));
}

#[test]
fn check_names_the_files() {
    let folder = folder(&[("a.bt", "x:=1"), ("b.bt", "y:=1"), ("c.bt", "z\n")]);
    let (status, shown, said) = beamtalk(folder.path(), &["fmt", "--check"], "");
    assert_eq!((status, shown.as_str()), (1, "would reformat a.bt\nwould reformat b.bt\n"));
    assert!(said.contains("× 2 files would be reformatted"), "{said}");
}

#[test]
fn scripts_are_checked_and_never_changed() {
    let folder = folder(&[("a.btscript", "1+1\n// => 2\n"), ("b.btscript", "(\n")]);
    let (status, _, said) = beamtalk(folder.path(), &["fmt-check"], "");
    assert_eq!(status, 1);
    assert!(said.contains("skipping 'b.btscript'") && !said.contains("a.btscript"), "{said}");
    assert_eq!(beamtalk(folder.path(), &["fmt"], "").0, 0);
    assert_eq!(read(&folder, "a.btscript"), "1+1\n// => 2\n");
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let folder = folder(&[]);
    let run = |arguments: &[&str], input: &str| beamtalk(folder.path(), arguments, input);
    assert_eq!(run(&["fmt", "--stdin"], "x:=1"), (0, "x := 1\n".into(), String::new()));
    assert_eq!(run(&["fmt", "--stdin", "--check"], "x:=1").0, 1);
    assert_eq!(run(&["fmt", "--stdin", "--check"], "x := 1\n").0, 0);
    let (status, shown, said) = run(&["fmt", "--stdin"], "x := (");
    assert_eq!((status, shown.as_str()), (1, ""));
    assert!(said.contains("<stdin>"), "{said}");
}

#[test]
fn a_missing_file_is_an_error() {
    let folder = folder(&[]);
    let (status, _, said) = beamtalk(folder.path(), &["fmt", "nowhere.bt"], "");
    assert_eq!(status, 1);
    assert!(said.contains("No such file or folder: 'nowhere.bt'"), "{said}");
}

#[test]
fn erlang_sources_are_left_to_erlfmt() {
    let folder = folder(&[("native/a.erl", "-module(a)."), ("b.erl", "-module(b).")]);
    let (status, _, said) = beamtalk(folder.path(), &["fmt"], "");
    assert_eq!(status, 0);
    assert_eq!(said, "warning: skipping .erl files (erlfmt is not installed)\n");
}
