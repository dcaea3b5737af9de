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
    let ran = run(&root, &["Main", "run"]);
    assert_eq!(out(&ran), "Hello from shop!\n", "{}", err(&ran));
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

/// Writes files below a folder.
fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

const APP: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\ngeo = { path = \"../geo\" }\n";
const GEO: &str =
    "[package]\nname = \"geo\"\nversion = \"0.2.0\"\n[dependencies]\nbase = { path = \"../base\" }\n";
const BASE: &str = "[package]\nname = \"base\"\nversion = \"0.3.0\"\n";

/// `app` uses `geo`, and that uses `base`.
fn three_packages() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("base/beamtalk.toml", BASE),
            (
                "base/src/Unit.bt",
                "Integer >> doubled => self * 2\n\nObject subclass: Unit\n  class area => 5\n",
            ),
            ("geo/beamtalk.toml", GEO),
            (
                "geo/src/Shape.bt",
                "Value subclass: Shape\n  field: sides = 4\n  area => self.sides doubled + Unit area\n  class native => Erlang geo_native answer\n  class internal hidden => 5\n  internal secret => 6\n",
            ),
            (
                "geo/src/Hidden.bt",
                "internal type Inside = #a | #b\ninternal Object subclass: Hidden\n  class v => 1\n",
            ),
            ("geo/native/geo_native.erl", "-module(geo_native).\n-export([answer/0]).\nanswer() -> 42.\n"),
            ("app/beamtalk.toml", APP),
            (
                "app/src/Tri.bt",
                "geo@Shape subclass: Tri\n  class make => self sides: 3\n\nShape >> extra => 9\n",
            ),
            (
                "app/src/Main.bt",
                "Object subclass: Main\n  class run => Transcript showCr: \"area {Tri make area}\"\n  class main: args => Transcript showCr: \"{args size} {args last} {Erlang io get_line: \"\"}\"\n  class fail => self error: \"no luck\"\n  class stop: args => System halt: args size\n  class complain =>\n    Console errorLine: \"first\"\n    OS run: \"echo of a shell >&2\"\n    nil\n",
            ),
            (
                "app/test/TriTest.bt",
                "TestCase subclass: TriTest\n  testArea => self assert: Tri make area equals: 11\n  testExtra => self assert: (geo@Shape sides: 1) extra equals: 9\n  testNative => self assert: Shape native equals: 42\n",
            ),
        ],
    );
    dir
}

#[test]
fn a_package_is_built_with_those_that_it_uses() {
    let dir = three_packages();
    let app = dir.path().join("app");
    let built = beamtalk(&app, &["build"]);
    let said = "Compiling 2 files\nCompiled 1 native Erlang file\n";
    assert_eq!((built.status.code(), err(&built).as_str()), (Some(0), said));
    for module in [
        "deps/base/ebin/bt@base@Unit.beam",
        "deps/geo/ebin/bt@geo@Shape.beam",
        "deps/geo/ebin/geo.app",
        "deps/geo/native/ebin/geo_native.beam",
        "dev/ebin/bt@app@Tri.beam",
    ] {
        assert!(app.join("_build").join(module).exists(), "{module}");
    }
    let geo = beamtalk(&dir.path().join("geo"), &["check"]);
    assert!(!err(&geo).contains("unknown Erlang module"), "its own are known: {}", err(&geo));
    let described = fs::read_to_string(app.join("_build/dev/ebin/app.app")).unwrap();
    assert!(described.contains("{applications, [kernel, stdlib, 'geo', beamtalk]}"), "{described}");
    assert!(described.contains("{modules, ['bt@app@Main', 'bt@app@Tri']}"), "{described}");
    assert_eq!(err(&beamtalk(&app, &["build"])), "All 2 files unchanged — nothing to compile\n");

    let stamp = |path: &str| fs::metadata(app.join("_build").join(path)).unwrap().modified().unwrap();
    let before = (stamp("deps/base/ebin/bt@base@Unit.beam"), stamp("deps/geo/ebin/bt@geo@Hidden.beam"));
    write(dir.path(), &[("geo/src/Hidden.bt", "internal Object subclass: Hidden\n  class v => 2\n")]);
    assert_eq!(beamtalk(&app, &["build"]).status.code(), Some(0));
    let after = (stamp("deps/base/ebin/bt@base@Unit.beam"), stamp("deps/geo/ebin/bt@geo@Hidden.beam"));
    assert!(before.0 == after.0 && before.1 != after.1, "only what changed is compiled");

    write(dir.path(), &[("geo/src/Hidden.bt", "internal Object subclass: Hidden\n  class v => )\n")]);
    let broken = beamtalk(&app, &["build"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(err(&broken).contains("[./../geo/src/Hidden.bt:2:14]"), "{}", err(&broken));
}

#[test]
fn the_erlang_modules_of_a_package_are_built_where_they_changed() {
    let dir = three_packages();
    let geo = dir.path().join("geo");
    let answer = "-module(geo_native).\n-include(\"geo.hrl\").\n-export([answer/0]).\nanswer() -> ?ANSWER.\n";
    let shape = "-module(geo_shape).\n-include(\"beamtalk_classes.hrl\").\n-export([module/0]).\nmodule() -> ?BT_CLASS_MODULE_Shape.\n";
    write(
        &geo,
        &[
            ("native/geo_native.erl", answer),
            ("native/geo_shape.erl", shape),
            ("native/include/geo.hrl", "-define(ANSWER, 42).\n"),
            ("native/test/geo_native_tests.erl", "-module(geo_native_tests).\n"),
            ("src/Pair.bt", "/// Two.\ntype Pair = Tuple\ntype Corner = #left | #right\n"),
        ],
    );
    let build = |path: &str| {
        let built = beamtalk(&geo, &["build"]);
        let made = fs::read_dir(geo.join("_build/dev/native/ebin")).unwrap().flatten();
        let mut made: Vec<String> = made
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|it| Path::new(it).extension().is_some_and(|extension| extension == "beam"))
            .collect();
        made.sort();
        (built.status.code(), err(&built).contains(path), made.join(" "))
    };
    let both = "geo_native.beam geo_shape.beam".to_owned();
    assert_eq!(build("Compiled 2 native Erlang files\n"), (Some(0), true, both.clone()));
    assert_eq!(build("native"), (Some(0), false, both.clone()));
    write(&geo, &[("native/include/geo.hrl", "-define(ANSWER, 43).\n")]);
    assert_eq!(build("Compiled 2 native Erlang files\n"), (Some(0), true, both.clone()));
    write(&geo, &[("native/geo_native.erl", &format!("{answer}%% again\n"))]);
    assert_eq!(build("Compiled 1 native Erlang file\n"), (Some(0), true, both.clone()));
    write(&geo, &[("src/Extra.bt", "Object subclass: Extra\n  a => 1\n")]);
    assert_eq!(build("Compiled 1 native Erlang file\n"), (Some(0), true, both));
    let app = fs::read_to_string(geo.join("_build/dev/ebin/geo.app")).unwrap();
    assert!(app.contains("{native_modules, ['geo_native', 'geo_shape']}"), "{app}");
    assert!(
        app.contains("#{name => 'Corner', expansion => <<\"#left | #right\"/utf8>>, doc => nil"),
        "{app}"
    );
    fs::remove_file(geo.join("native/geo_shape.erl")).unwrap();
    assert_eq!(build("native"), (Some(0), false, "geo_native.beam".to_owned()));
    write(&geo, &[("native/geo_native.erl", "-module(geo_native).\nbroken(\n")]);
    let broken = beamtalk(&geo, &["build"]);
    assert!(broken.status.code() == Some(1) && err(&broken).contains("geo_native.erl:2"), "{}", err(&broken));
}

#[test]
fn what_is_internal_stays_in_its_package() {
    let dir = three_packages();
    let app = dir.path().join("app");
    for (source, said) in [
        (
            "class a => Hidden v",
            "Class 'Hidden' is internal to package 'geo' and cannot be referenced from 'app'",
        ),
        (
            "class a => Shape hidden",
            "Method 'hidden' is internal to package 'geo' and cannot be called from 'app'",
        ),
    ] {
        write(&app, &[("src/Bad.bt", &format!("Object subclass: Bad\n  {source}\n"))]);
        let refused = beamtalk(&app, &["build"]);
        assert!(refused.status.code() == Some(1) && err(&refused).contains(said), "{}", err(&refused));
    }
    let elsewhere = "is internal to package 'geo' and cannot be referenced from 'app'";
    let refused = |name: &str, source: &str, said: &str| {
        write(&app, &[(name, source)]);
        let out = beamtalk(&app, &["build"]);
        assert!(out.status.code() == Some(1) && err(&out).contains(said), "{source}\n{}", err(&out));
        fs::remove_file(app.join(name)).unwrap();
    };
    for source in [
        "Hidden subclass: Bad\n  class a => 1\n",
        "Object subclass: Bad\n  class a: x :: Hidden => x\n",
        "Object subclass: Bad\n  class a: x :: Integer | List(Hidden) => x\n",
        "Object subclass: Bad\n  class a -> Hidden => 1\n",
        "Object subclass: Bad\n  class a -> Hidden class => 1\n",
        "Object subclass: Bad\n  class a => [:x :: Hidden | x]\n",
        "Object subclass: Bad\n  class a =>\n    x :: Hidden := 3\n    x\n",
        "Object subclass: Bad\n  class a => 3 match: [x :: Hidden -> x; _ -> 1]\n",
        "Object subclass: Bad\n  classState: a :: Hidden | Nil = nil\n",
        "Value subclass: Bad\n  field: a :: Hidden | Nil = nil\n",
        "Value subclass: Bad(T :: Hidden)\n  field: a = nil\n",
        "Object subclass: Bad\n  class a: x :: Inside => x\n",
        "type Bad = Integer | Hidden\n",
        "type Bad = List(Inside)\n",
        "Protocol define: Bad\n  a: x :: Hidden -> Integer\n",
        "Hidden class >> more => 1\n",
        "Shape >> more: x :: Hidden => x\n",
        "Integer >> more: x :: Hidden => x\n",
    ] {
        refused("src/Bad.bt", source, elsewhere);
    }
    let nowhere = "foo@Shape subclass: Bad\n  class b => 1\n";
    refused("src/Bad.bt", nowhere, "Unknown package 'foo' of the superclass of `Bad`");
    for call in
        ["geo@Shape hidden", "(Shape sides: 2) secret", "Shape new secret; yourself", "(Tri sides: 3) secret"]
    {
        let source = format!("Object subclass: Bad\n  class b => {call}\n");
        refused("src/Bad.bt", &source, "is internal to package 'geo' and cannot be called from 'app'");
    }
    let typed = "Object subclass: Bad\n  class b: x :: Shape | Nil => x secret\n";
    refused("src/Bad.bt", typed, "Method 'secret' is internal");
    let within = |source: &str, said: &str| {
        let helper = "internal Object subclass: Help\n  class v => 1\n";
        write(&app, &[("src/Help.bt", helper)]);
        refused("src/Show.bt", source, said);
    };
    let shown = "Internal class 'Help' appears in";
    for (source, by) in [
        ("Object subclass: Show\n  a: x :: Help => x\n", "public signature of 'Show >> a:'"),
        ("Object subclass: Show\n  class a -> List(Help) => #()\n", "public signature of 'Show class >> a'"),
        ("Value subclass: Show\n  field: a :: Help | Nil = nil\n", "public signature of 'Show >> a'"),
        ("Help subclass: Show\n  class a => 1\n", "the head of public class 'Show'"),
        ("type Show = Help | Nil\n", "public type alias 'Show'"),
        ("Protocol define: Show\n  a -> Help\n", "public signature of 'Show >> a'"),
    ] {
        within(source, &format!("{shown} {by}"));
    }
    let alias = "internal type Inner = #a | #b\nObject subclass: Show\n  a: x :: Inner => x\n";
    within(alias, "Internal type alias 'Inner' appears in public signature of 'Show >> a:'");
    let protocol = "Protocol define: Speaks\n  speak -> String\n";
    write(&app, &[("src/Speaks.bt", protocol)]);
    let mute = "Object subclass: Show\n  internal speak => \"\"\n";
    within(mute, "Internal method 'speak' of class 'Show' is part of public protocol 'Speaks'");
    let fine = "internal type Inner = Help | Nil\ninternal Object subclass: Show\n  a: x :: Help -> Inner => x\n  internal b: x :: Help => x\n";
    write(&app, &[("src/Show.bt", fine)]);
    let shadow = "geo@Shape subclass: Shadow\n  class hidden => 1\n";
    write(&app, &[("src/Shadow.bt", shadow)]);
    let built = beamtalk(&app, &["build"]);
    assert_eq!(built.status.code(), Some(0), "{}", err(&built));
    assert!(err(&built).contains("'hidden' shadows an internal method of class 'Shape' in package 'geo'"));
    assert_eq!(beamtalk(&dir.path().join("geo"), &["build"]).status.code(), Some(0));
}

#[test]
fn a_class_of_two_packages_is_an_error() {
    let dir = three_packages();
    write(dir.path(), &[("app/src/Unit.bt", "Object subclass: Unit\n  class a => 1\n")]);
    let refused = beamtalk(&dir.path().join("app"), &["build"]);
    let said = "Class name 'Unit' is defined by the packages '";
    assert!(refused.status.code() == Some(1) && err(&refused).contains(said), "{}", err(&refused));
}

#[test]
fn a_version_only_grows() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("beamtalk.toml", BASE)]);
    let version = |arguments: &[&str]| beamtalk(dir.path(), &[&["version"], arguments].concat());
    assert_eq!(out(&version(&[])), "0.3.0\n");
    assert_eq!(out(&version(&["0.3.1"])), "0.3.0 -> 0.3.1\n");
    assert_eq!(out(&version(&["bump", "minor"])), "0.3.1 -> 0.4.0\n");
    assert_eq!(
        err(&version(&["0.4.0"])),
        "  × New version '0.4.0' must be greater than the current version '0.4.0'.\n"
    );
    assert_eq!(version(&["0.5"]).status.code(), Some(1));
    let text = fs::read_to_string(dir.path().join("beamtalk.toml")).unwrap();
    assert_eq!(text, BASE.replace("0.3.0", "0.4.0"));
}

/// A program of a package, with a home of its own and something to read.
fn run(app: &Path, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::Command::cargo_bin("beamtalk").unwrap();
    command.args([&["run"], arguments].concat()).current_dir(app).env("BEAMTALK_NO_DAEMON", "1");
    command.env("BEAMTALK_HOME", home.path());
    command.env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command.write_stdin("Ada\n").timeout(std::time::Duration::from_secs(120)).output().unwrap()
}

#[test]
fn a_program_of_a_package_is_run_by_class_and_selector() {
    let dir = three_packages();
    let app = dir.path().join("app");
    let ran = run(&app, &["Main", "run"]);
    assert_eq!((ran.status.code(), out(&ran).as_str()), (Some(0), "area 11\n"), "{}", err(&ran));
    assert!(err(&ran).contains("Building...\n") && err(&ran).ends_with("\nRunning Main>>run...\n"));
    let ran = run(&app, &["Main", "main:", "a", "--b", "\"{c}\" \\"]);
    assert_eq!(out(&ran), "3 \"{c}\" \\ Ada\n\n", "{}", err(&ran));
    let ran = run(&app, &["Main", "complain"]);
    assert_eq!(out(&ran), "", "{}", err(&ran));
    assert!(err(&ran).ends_with("\nRunning Main>>complain...\nfirst\nof a shell\n"), "{}", err(&ran));
    let ran = run(&app, &["Main", "stop:", "a", "b"]);
    assert_eq!(ran.status.code(), Some(2), "{}", err(&ran));
    for (arguments, said) in [
        (&["Main", "fail"][..], "Error: no luck\n"),
        (&["Nobody", "run"], "Error: class 'Nobody' not found\n"),
        (&["Main", "nothing"], "Main does not understand 'nothing'"),
        (&["Main"], "Missing selector for script mode. Usage: beamtalk run CLASS SELECTOR"),
        (&["Main", "run", "x"], "The unary entry 'run' takes no arguments, but 1 were given ([\"x\"])."),
        (&["Main", "at:put:", "x"], "'at:put:' cannot be run"),
        (&["."], "No entry point defined for `beamtalk run .`"),
    ] {
        let refused = run(&app, arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(err(&refused).contains(said), "{arguments:?}: {}", err(&refused));
    }
    let nowhere = run(dir.path(), &["Main", "run"]);
    assert!(err(&nowhere).contains("No beamtalk.toml found in the current directory."), "{}", err(&nowhere));
}

#[test]
fn a_package_is_tested_with_those_that_it_uses() {
    let dir = three_packages();
    let mut command = assert_cmd::Command::cargo_bin("beamtalk").unwrap();
    let home = tempfile::tempdir().unwrap();
    command.args(["test", "--quiet"]).current_dir(dir.path().join("app")).env("BEAMTALK_HOME", home.path());
    command.env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    let tested = command.timeout(std::time::Duration::from_secs(120)).output().unwrap();
    assert!(out(&tested).starts_with("1 file(s), 3 tests, 3 passed ("), "{}{}", out(&tested), err(&tested));

    // The prompt has their Erlang modules, too.
    let mut command = assert_cmd::Command::cargo_bin("beamtalk").unwrap();
    command.args(["repl", "--ephemeral", "--port", "0", "-e", ":test TriTest"]);
    command.current_dir(dir.path().join("app")).env("BEAMTALK_HOME", home.path());
    command.env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    let tested = command.timeout(std::time::Duration::from_secs(120)).output().unwrap();
    let told = out(&tested);
    assert!(told.contains("TestResult(3 tests, 3 passed ("), "{told}{}", err(&tested));
    assert_eq!(err(&tested), "");
}
