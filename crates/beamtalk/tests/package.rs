//! `new` and `clean`: what a package begins with, and what is left of its builds.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn beamtalk(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
    command.args(arguments).current_dir(folder).env("BEAMTALK_NO_DAEMON", "1");
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_new_library_builds_and_is_in_style() {
    let dir = tempfile::tempdir().unwrap();
    let made = beamtalk(dir.path(), &["new", "tally_box"]);
    let expected =
        "Created library package 'tally_box'\n\nNext steps:\n  cd tally_box\n  just build\n  just test\n";
    assert_eq!(out(&made), expected, "{}", err(&made));
    let root = dir.path().join("tally_box");
    for file in ["README.md", ".gitignore", "Justfile", ".github/workflows/ci.yml", "AGENTS.md", ".mcp.json"]
    {
        assert!(root.join(file).exists(), "{file}");
    }
    assert!(beamtalk(&root, &["fmt-check"]).status.success());
    let built = beamtalk(&root, &["build", "--warnings-as-errors"]);
    assert_eq!((built.status.code(), err(&built).as_str()), (Some(0), "Compiling 1 files\n"));
    assert!(root.join("_build/dev/ebin/bt@tally_box@TallyBox.beam").exists());
    let linted = beamtalk(&root, &["lint"]);
    assert_eq!((linted.status.code(), err(&linted).as_str()), (Some(0), ""));
}

#[test]
fn a_new_application_has_a_supervisor_and_a_program() {
    let dir = tempfile::tempdir().unwrap();
    let made = beamtalk(dir.path(), &["new", "shop", "--app"]);
    assert!(
        out(&made).starts_with("Created application package 'shop'\n")
            && out(&made).ends_with("  just run\n")
    );
    let root = dir.path().join("shop");
    let manifest = fs::read_to_string(root.join("beamtalk.toml")).unwrap();
    assert!(manifest.contains("[application]\nsupervisor = \"ShopAppSup\"\n"), "{manifest}");
    for file in ["src/ShopAppSup.bt", "src/Main.bt", "test/MainTest.bt"] {
        assert!(root.join(file).exists(), "{file}");
    }
    assert!(beamtalk(&root, &["fmt-check"]).status.success());
}

#[test]
fn a_bad_name_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    for (name, said) in [
        (
            "My-App",
            "Invalid package name 'My-App': must start with a lowercase letter, found 'M' (try 'my_app')",
        ),
        ("stdlib", "is a reserved package name"),
        ("../x", "Invalid package name '../x'"),
        ("", "must not be empty"),
    ] {
        let refused = beamtalk(dir.path(), &["new", name]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(err(&refused).contains(said), "{}", err(&refused));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    fs::create_dir(dir.path().join("there")).unwrap();
    assert_eq!(err(&beamtalk(dir.path(), &["new", "there"])), "  × Directory 'there' already exists\n");
}

#[test]
fn clean_removes_what_was_built_and_says_what() {
    let dir = tempfile::tempdir().unwrap();
    let refused = beamtalk(dir.path(), &["clean"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).starts_with("  × No beamtalk.toml found in the current directory.\n"));
    beamtalk(dir.path(), &["new", "box"]);
    let root = dir.path().join("box");
    let clean = |arguments: &[&str]| out(&beamtalk(&root, &[&["clean"], arguments].concat()));
    assert_eq!(clean(&[]), "Nothing to clean (no build artifacts found under _build).\n");
    beamtalk(&root, &["build"]);
    fs::create_dir_all(root.join("_build/deps/x")).unwrap();
    let told = "Would remove the following build artifacts:\n  _build/dev\n(dry run — nothing was deleted)\n";
    assert_eq!(clean(&["--dry-run"]), told);
    assert_eq!(clean(&[]), "Removed _build/dev\n");
    assert_eq!(clean(&["--deps"]), "Removed _build/deps\n");
    assert_eq!(clean(&["--all"]), "Removed _build\n");
    assert!(root.join("src/Box.bt").exists());
}

#[test]
fn clean_does_not_follow_a_link() {
    let dir = tempfile::tempdir().unwrap();
    beamtalk(dir.path(), &["new", "box"]);
    let root = dir.path().join("box");
    fs::create_dir_all(dir.path().join("elsewhere/dev")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", root.join("_build")).unwrap();
    assert_eq!(beamtalk(&root, &["clean"]).status.code(), Some(1));
    assert_eq!(out(&beamtalk(&root, &["clean", "--all"])), "Removed _build\n");
    assert!(dir.path().join("elsewhere/dev").exists());
}
