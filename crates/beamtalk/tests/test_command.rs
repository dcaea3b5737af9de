//! `beamtalk test` and its kin, run as a user runs them: the real binary on real files.

use assert_cmd::Command;
use beamtalk_home::{Home, WorkspaceId};
use beamtalk_repl::{Client, LoopbackAddr};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// One home for all: the runtime is compiled once.
static HOME: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

struct Answer {
    status: i32,
    out: String,
    err: String,
}

fn beamtalk(dir: &Path, arguments: &[&str]) -> Answer {
    let mut command = Command::cargo_bin("beamtalk").unwrap();
    command
        .current_dir(dir)
        .args(arguments)
        .env("BEAMTALK_HOME", HOME.path())
        .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .timeout(Duration::from_secs(120));
    let output = command.output().unwrap();
    Answer {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        // Whichever test is first has the runtime compiled.
        err: String::from_utf8_lossy(&output.stderr).replace("Preparing the runtime (first use)...\n", ""),
    }
}

/// The status of each test, as `Class>>test status`.
fn statuses(dir: &Path, arguments: &[&str]) -> Vec<String> {
    let answer = beamtalk(dir, &[&["test", "--format", "json"], arguments].concat());
    let json: Value =
        serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{}{}", answer.out, answer.err));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tests = json["tests"].as_array().unwrap();
    assert_eq!(json["total"].as_u64().unwrap(), tests.len() as u64);
    assert_eq!(answer.status, i32::from(json["failed"].as_u64().unwrap() > 0));
    tests
        .iter()
        .map(|test| format!("{}>>{} {}", text(&test["class"]), text(&test["name"]), text(&test["status"])))
        .collect()
}

const COUNTER: &str =
    "Actor subclass: Counter\n  state: value = 0\n\n  increment => self.value := self.value + 1\n";

#[test]
fn a_bare_folder_is_reported_as_the_reference_says() {
    let dir = folder(&[
        ("fixtures/Counter.bt", COUNTER),
        (
            "CounterTest.bt",
            "CountingTest subclass: CounterTest\n  testIncrement => self assert: Counter spawn increment equals: 1\n",
        ),
        (
            "CountingTest.bt",
            "abstract TestCase subclass: CountingTest\n  testInherited => self assert: true\n",
        ),
        (
            "SumTest.bt",
            "TestCase subclass: SumTest\n  testSkip => self skip: \"later\"\n  testSum =>\n    self assert: 1 + 2\n      equals: 4\n",
        ),
    ]);
    let answer = beamtalk(dir.path(), &["test", "."]);
    assert_eq!(answer.status, 1, "{}", answer.err);
    assert_eq!(
        answer.out,
        "  CounterTest: 2 tests, 2 passed ✓\n  SumTest: 2 tests, 0 passed, 1 skipped, 1 failed ✗\n\n"
    );
    assert!(answer.err.contains("Running tests...\n\n"), "{}", answer.err);
    assert!(
        answer.err.contains("FAIL SumTest testSum: Expected 4, got 3\n  at SumTest>>testSum (SumTest.bt:4)\n\n2 file(s), 4 tests, 2 passed, 1 skipped, 1 failed ("),
        "{}",
        answer.err
    );
    assert!(answer.err.ends_with("  × 1 test(s) failed\n"), "{}", answer.err);
}

#[test]
fn a_file_may_hold_tests_and_what_they_test() {
    let text = "CountTest subclass: MoreTest\n  testTwo => self assert: Counter spawn twice equals: 2\n\nProtocol define: Counting\n  increment -> Integer\n\n/// ```beamtalk\n/// 1 + 1 // => 2\n/// ```\nActor subclass: Counter\n  state: value = 0\n  increment => self.value := self.value + 1\n\nTestCase subclass: CountTest\n  testOne => self assert: (Counter conformsTo: #Counting)\n\nCounter >> twice =>\n  self increment\n  self increment\n";
    let dir = folder(&[("All.bt", text)]);
    let expected = [
        "MoreTest>>testOne pass",
        "MoreTest>>testTwo pass",
        "CountTest>>testOne pass",
        "CounterDocTest>>line 8 pass",
    ];
    assert_eq!(statuses(dir.path(), &["."]), expected);
    let twice = format!("{text}\nTestCase subclass: CountTest\n  testOne => self assert: true\n");
    let dir = folder(&[("All.bt", &twice)]);
    let answer = beamtalk(dir.path(), &["test", "."]);
    assert_eq!(answer.status, 1);
    assert!(answer.err.contains("Class `CountTest` is defined twice in this source"), "{}", answer.err);
}

#[test]
fn programs_get_one_object_and_nothing_that_tests_print() {
    let dir = folder(&[(
        "LoudTest.bt",
        "TestCase subclass: LoudTest\n  testLoud =>\n    Transcript showCr: \"loud\"\n    self assert: 1 equals: 2\n  testRead => self assert: (Erlang io get_line: \"\") equals: #eof\n",
    )]);
    let answer = beamtalk(dir.path(), &["test", ".", "--json"]);
    let json: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(answer.err, "loud\n");
    assert_eq!(json["passed"], 1, "there is nothing to read");
    let test = &json["tests"][0];
    assert_eq!(
        (&test["class"], &test["name"], &test["line"]),
        (&"LoudTest".into(), &"testLoud".into(), &4.into())
    );
    assert_eq!(test["error"], "Expected 2, got 1\n  at LoudTest>>testLoud (LoudTest.bt:4)");
    assert!(json["duration"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_file_that_does_not_compile_fails_its_own_tests_and_no_others() {
    let dir = folder(&[
        ("BadTest.bt", "TestCase subclass: BadTest\n  testOne => self assert: 1 + )\n  testTwo => nil\n"),
        ("HeirTest.bt", "BadTest subclass: HeirTest\n  testMine => nil\n"),
        ("NoTest.bt", "this is ( no class\n"),
        ("OrphanTest.bt", "NoSuchBase subclass: OrphanTest\n  testMine => nil\n"),
        ("GoodTest.bt", "\u{feff}TestCase subclass: GoodTest\n  testOne => self assert: true\n"),
        ("Empty.bt", ""),
        ("Broken.bt", "Value subclass: Broken\n  x => (\n"),
        ("UserTest.bt", "TestCase subclass: UserTest\n  testOne => Broken new x\n  testTwo => nil\n"),
    ]);
    let found = statuses(dir.path(), &["."]);
    let expected = [
        "BadTest>>testOne fail",
        "BadTest>>testTwo fail",
        "Broken>>compile fail",
        "GoodTest>>testOne pass",
        "HeirTest>>testMine fail",
        "HeirTest>>testOne fail",
        "HeirTest>>testTwo fail",
        "NoTest>>compile fail",
        "OrphanTest>>testMine fail",
        "UserTest>>testOne fail",
        "UserTest>>testTwo pass",
    ];
    assert_eq!(found, expected);
    let told = beamtalk(dir.path(), &["test", "."]).err;
    assert!(told.contains("BadTest.bt:2"), "{told}");
    assert!(told.contains("FAIL UserTest testOne: Class 'Broken' not found"), "{told}");
}

#[test]
fn a_test_that_hangs_or_dies_or_ends_the_node_is_one_failure() {
    let dir = folder(&[
        (
            "EvilTest.bt",
            "TestCase subclass: EvilTest\n  testA => self assert: true\n  testHalt => Erlang erlang halt: 3\n  testKill => Erlang erlang exit: Erlang erlang self with: #kill\n  testLoop => [true] whileTrue: [nil]\n  testZ => self assert: true\n",
        ),
        ("GoodTest.bt", "TestCase subclass: GoodTest\n  testOne => self assert: true\n"),
    ]);
    let begun = Instant::now();
    let expected = [
        "EvilTest>>testA pass",
        "EvilTest>>testHalt fail",
        "EvilTest>>testKill fail",
        "EvilTest>>testLoop fail",
        "EvilTest>>testZ pass",
        "GoodTest>>testOne pass",
    ];
    assert_eq!(statuses(dir.path(), &[".", "--timeout", "2"]), expected);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn hooks_run_in_their_order() {
    let dir = folder(&[(
        "HookTest.bt",
        "TestCase subclass: HookTest\n  field: n = 0\n  setUpOnce => 42\n  setUp => self withN: 7\n  tearDown => 1 / 0\n  tearDownOnce => nil foo\n  testFixture => self assert: self suiteFixture equals: 42\n  testN => self assert: self.n equals: 7\n  testAssign =>\n    self.n := 8\n    self assert: self.n equals: 8\n  testWith: ignored => self fail: ignored\n\nTestCase subclass: OtherAnswerTest\n  setUp => 5\n  testOne => self assert: self class name equals: #OtherAnswerTest\n\nTestCase subclass: SkipTest\n  setUp => self skip: \"no database\"\n  testOne => self fail: \"never\"\n\nTestCase subclass: OnceTest\n  setUpOnce => 1 / 0\n  testA => nil\n  testB => nil\n",
    )]);
    let expected = [
        "HookTest>>testAssign pass",
        "HookTest>>testFixture pass",
        "HookTest>>testN pass",
        "OtherAnswerTest>>testOne pass",
        "SkipTest>>testOne skip",
        "OnceTest>>testA fail",
        "OnceTest>>testB fail",
    ];
    assert_eq!(statuses(dir.path(), &["."]), expected);
}

#[test]
fn a_test_that_hangs_or_dies_is_cleaned_up_after() {
    let dir = folder(&[(
        "CleanTest.bt",
        "TestCase subclass: CleanTest\n  field: n = 0\n  setUpOnce => 1\n  setUp => self withN: 7\n  tearDown => Transcript show: \"down {self.n} {self suiteFixture};\"\n  testDie => Erlang erlang exit: Erlang erlang self with: #kill\n  testHang => Erlang timer sleep: 60000\n\nTestCase subclass: StuckTest\n  setUp => Erlang timer sleep: 60000\n  tearDown =>\n    Transcript show: \"unstuck;\"\n    Erlang timer sleep: 60000\n  testOne => nil\n",
    )]);
    let answer = beamtalk(dir.path(), &["test", ".", "--timeout", "1", "-j", "1"]);
    assert_eq!(
        answer.out,
        "down 7 1;down 7 1;unstuck;\n  CleanTest: 2 tests, 0 passed, 2 failed ✗\n  StuckTest: 1 tests, 0 passed, 1 failed ✗\n\n",
        "{}",
        answer.err
    );
    assert!(
        answer.err.contains(
            "FAIL CleanTest testHang: Test timed out after 1s\n  at CleanTest>>testHang\nFAIL StuckTest"
        ),
        "{}",
        answer.err
    );
}

#[test]
fn a_folder_and_its_files_find_the_same_classes_above_them() {
    let dir = folder(&[
        ("fixtures/Twice.bt", "Object subclass: Twice\n  class of: n => n twice\n"),
        ("fixtures/Integer.bt", "Integer >> twice => self * 2\n"),
        ("a/ATest.bt", "TestCase subclass: ATest\n  testTwo => self assert: (Twice of: 1) equals: 2\n"),
    ]);
    std::os::unix::fs::symlink("nowhere.bt", dir.path().join("Link.bt")).unwrap();
    for target in [".", "a", "a/ATest.bt"] {
        assert_eq!(statuses(dir.path(), &[target]), ["ATest>>testTwo pass"], "{target}");
    }
}

#[test]
fn classes_of_one_name_in_different_folders_do_not_meet() {
    let test = |answer: &str| {
        format!("TestCase subclass: FixTest\n  testFix => self assert: Fix id equals: #{answer}\n")
    };
    let fix = |answer: &str| format!("Object subclass: Fix\n  class id => #{answer}\n");
    let dir = folder(&[
        ("a/FixTest.bt", &test("a")),
        ("a/fixtures/Fix.bt", &fix("a")),
        ("b/FixTest.bt", &test("b")),
        ("b/fixtures/Fix.bt", &fix("b")),
    ]);
    assert_eq!(statuses(dir.path(), &["."]), ["FixTest>>testFix pass", "FixTest>>testFix pass"]);
}

#[test]
fn files_classes_and_single_tests_can_be_asked_for() {
    let dir = folder(&[
        ("A.bt", "Object subclass: A\n  class one => 1\n"),
        (
            "ATest.bt",
            "TestCase subclass: ATest\n  testOne => self assert: A one equals: 1\n  testTwo => self assert: true\n",
        ),
        ("BTest.bt", "TestCase subclass: BTest\n  testOne => self assert: false\n"),
    ]);
    assert_eq!(statuses(dir.path(), &["ATest.bt"]), ["ATest>>testOne pass", "ATest>>testTwo pass"]);
    assert_eq!(statuses(dir.path(), &["ATest"]), ["ATest>>testOne pass", "ATest>>testTwo pass"]);
    assert_eq!(statuses(dir.path(), &["ATest>>testTwo"]), ["ATest>>testTwo pass"]);
    assert_eq!(statuses(dir.path(), &[".", "--filter", "ATest>>testO"]), ["ATest>>testOne pass"]);
    let unknown = beamtalk(dir.path(), &["test", "CTest"]);
    assert!(unknown.status == 1 && unknown.err.contains("Unknown class: CTest"), "{}", unknown.err);
    let unknown = beamtalk(dir.path(), &["test", "ATest>>testThree"]);
    assert!(
        unknown.status == 1 && unknown.err.contains("Method 'testThree' not found in ATest"),
        "{}",
        unknown.err
    );
    let missing = beamtalk(dir.path(), &["test"]);
    assert!(missing.status == 1 && missing.err.contains("Test path 'test' not found"), "{}", missing.err);
}

#[test]
fn a_folder_without_tests_is_no_failure() {
    let dir = folder(&[("A.bt", "Object subclass: A\n")]);
    let answer = beamtalk(dir.path(), &["test", "."]);
    assert_eq!((answer.status, answer.out.as_str()), (0, "No tests found\n"));
}

#[test]
fn a_package_is_tested_with_its_sources_and_their_examples() {
    let dir = folder(&[
        ("beamtalk.toml", "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n"),
        (
            "src/Shape.bt",
            "/// ```beamtalk\n/// Shape sides   // => 4\n/// x := 2\n/// x + Shape sides\n/// // => 7\n/// ```\nObject subclass: Shape\n  class sides => 4\n  class native => Erlang geo_native answer\n",
        ),
        ("native/geo_native.erl", "-module(geo_native).\n-export([answer/0]).\nanswer() -> 42.\n"),
        (
            "native/test/geo_native_tests.erl",
            "-module(geo_native_tests).\n-include_lib(\"eunit/include/eunit.hrl\").\nanswer_test() -> 42 = geo_native:answer().\n",
        ),
        (
            "test/ShapeTest.bt",
            "TestCase subclass: ShapeTest\n  testSides => self assert: Shape sides equals: 4\n  testNative => self assert: Shape native equals: 42\n",
        ),
    ]);
    let expected = [
        "ShapeDocTest>>line 2 pass",
        "ShapeDocTest>>line 4 fail",
        "ShapeTest>>testNative pass",
        "ShapeTest>>testSides pass",
        "geo_native_tests (native)>>eunit pass",
    ];
    assert_eq!(statuses(dir.path(), &[]), expected);
    let told = beamtalk(dir.path(), &["test"]).err;
    assert!(told.starts_with("Building package 'geo'...\n"), "{told}");
    assert!(told.contains("  expected: 7\n  got:      6\n  at src/Shape.bt:4"), "{told}");
}

#[test]
fn scripts_are_run_line_by_line() {
    let dir = folder(&[
        ("fixtures/Counter.bt", COUNTER),
        (
            "good.btscript",
            "// @load fixtures/Counter.bt\nc := Counter spawn\n// => Actor(Counter, _)\n\nc increment; increment\n// => 2\n#{\n  #a => 1\n} at: #a\n// => 1\n1 / 0\n// => ERROR: badarith\nc explode\n// => ERROR: does not understand\n",
        ),
    ]);
    let answer = beamtalk(dir.path(), &["test-script", "."]);
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    assert_eq!(answer.out, "  good: 5 tests, 5 passed ✓\n\n1 file(s), 5 tests, 5 passed, 0 failed\n");
    assert!(answer.err.contains("Compiling 1 test file(s)...\n"), "{}", answer.err);

    fs::write(dir.path().join("t.btscript"), "x := 1\n// => 1\n3\n// => 4\nx\n1\n// => ERROR:\n").unwrap();
    let answer = beamtalk(dir.path(), &["test-stdlib", "t.btscript"]);
    assert_eq!(answer.status, 1);
    assert!(answer.err.contains("FAIL t.btscript:3 `3`\n  expected: 4\n  got:      3\n"), "{}", answer.err);
    assert!(answer.err.contains("t.btscript has 1 expression(s) without assertions"), "{}", answer.err);
}

#[test]
fn pages_are_run_fence_by_fence() {
    let dir = folder(&[
        (
            "page.md",
            "# Page\n\n<!-- btfixture: fix/Counter.bt -->\n\n```beamtalk\nx := 3\nx + 4   // => 7\n```\n\n```beamtalk\nCounter spawn increment\n// => 1\n```\n",
        ),
        ("fix/Counter.bt", COUNTER),
        ("plain.md", "```beamtalk\n1 / 0\n```\n"),
    ]);
    let answer = beamtalk(dir.path(), &["test-docs"]);
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    assert_eq!(answer.err, "Compiling doctests from 1 file(s)...\n");
    assert!(answer.out.ends_with("1 file(s), 2 tests, 2 passed, 0 failed\n"), "{}", answer.out);

    let test = "TestCase subclass: PageTest\n  testGood => nil\n  testBad => self fail: \"no\"\n";
    fs::write(dir.path().join("fix/Counter.bt"), format!("{COUNTER}\n{test}")).unwrap();
    let answer = beamtalk(dir.path(), &["test-docs", "page.md"]);
    assert_eq!(answer.status, 1);
    assert!(answer.out.contains("  PageTest: 2 tests, 1 passed, 1 failed ✗\n"), "{}", answer.out);
    assert!(answer.err.contains("FAIL fix/Counter.bt:8 `testBad`\nno\n"), "{}", answer.err);
}

/// Spec 07 section 12.4: the variables may be set to anything.
#[test]
fn the_lines_that_tests_reach_are_counted_when_that_is_asked_for() {
    let test = |name: &str| {
        format!(
            "Object subclass: Rival\n\nTestCase subclass: {name}\n  testSort => self assert: (#(2, 1) sort: [:a :b | a < b]) equals: #(1, 2)\n"
        )
    };
    let dir = folder(&[
        ("ATest.bt", &test("ATest")),
        ("BTest.bt", &test("BTest")),
        ("a.btscript", "1 + 1\n// => 2\n"),
    ]);
    let run = |variable: &str, arguments: &[&str]| {
        let mut command = Command::cargo_bin("beamtalk").unwrap();
        command.current_dir(dir.path()).args(arguments).env(variable, "").env("BEAMTALK_HOME", HOME.path());
        command.env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        command.timeout(Duration::from_secs(120)).assert().success();
    };
    for (variable, arguments, file) in [
        ("BUNIT_COVER", &["test", "."][..], "bunit.coverdata"),
        ("STDLIB_COVER", &["test-script", "a.btscript"], "stdlib.coverdata"),
    ] {
        run(variable, arguments);
        let data = fs::read(dir.path().join(file)).unwrap();
        let counted = data.windows(14).any(|bytes| bytes == b"beamtalk_print");
        assert!(counted && !data.is_empty(), "{file}: {} bytes", data.len());
    }
}

#[test]
fn warnings_count_as_errors_when_they_are_to() {
    let dir = folder(&[(
        "ATest.bt",
        "TestCase subclass: ATest\n  testOne => self with: 3\n  with: unused => nil\n",
    )]);
    assert_eq!(statuses(dir.path(), &["."]), ["ATest>>testOne pass"]);
    assert_eq!(statuses(dir.path(), &[".", "--warnings-as-errors"]), ["ATest>>testOne fail"]);
}

#[test]
fn the_library_passes_its_own_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let answer = beamtalk(&root, &["test", "stdlib/test"]);
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("  TestCaseTest: "), "{}", answer.out);
}

/// A workspace of a home of its own, stopped in the end.
struct Workspace {
    home: TempDir,
    project: TempDir,
}

impl Workspace {
    fn prompt(&self, input: &str) -> Answer {
        let mut command = Command::cargo_bin("beamtalk").unwrap();
        command
            .current_dir(self.project.path())
            .env("BEAMTALK_HOME", self.home.path())
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        let output = command.args(["repl", "--port", "0", "--no-color"]).write_stdin(input).output().unwrap();
        Answer {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let mut command = Command::cargo_bin("beamtalk").unwrap();
        command
            .current_dir(self.project.path())
            .env("BEAMTALK_HOME", self.home.path())
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        let _ = command.args(["workspace", "stop"]).output();
    }
}

#[test]
fn the_prompt_loads_and_runs_the_tests_of_its_package() {
    let project = folder(&[
        ("beamtalk.toml", "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n"),
        ("src/Shape.bt", "Object subclass: Shape\n  class sides => 4\n"),
        (
            "test/ShapeTest.bt",
            "TestCase subclass: ShapeTest\n  testA => self assert: Shape sides equals: 4\n  testB => self assert: Shape sides equals: 5\n",
        ),
        ("test/OtherTest.bt", "TestCase subclass: OtherTest\n  testC => self skip\n"),
    ]);
    let workspace = Workspace { home: TempDir::new().unwrap(), project };
    let answer = workspace.prompt(":test\n:test OtherTest\nWorkspace testClasses\n");
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(lines[0], "  ✗ ShapeTest>>testB", "{}{}", answer.out, answer.err);
    assert_eq!(lines[1], "    Expected 5, got 4");
    assert!(lines[3].starts_with("TestResult(3 tests, 1 passed, 1 skipped, 1 failed ("), "{}", answer.out);
    assert!(lines[4].starts_with("TestResult(1 tests, 0 passed, 1 skipped ("), "{}", answer.out);
    assert_eq!(lines[5], "#(OtherTest, ShapeTest)");

    let place = WorkspaceId::from_root(&fs::canonicalize(workspace.project.path()).unwrap());
    let place = Home::at(workspace.home.path()).workspace(&place);
    let port = place.metadata().unwrap().unwrap().repl_port.unwrap();
    let mut client = Client::connect(LoopbackAddr::new(port)).unwrap();
    let listed = client.request("list-tests", json!({})).unwrap();
    let expected = json!({"classes": [
        {"class": "OtherTest", "selectors": ["testC"]},
        {"class": "ShapeTest", "selectors": ["testA", "testB"]},
    ]});
    assert_eq!(listed.get("value"), Some(&expected));
    let all = client.request("test-all", json!({})).unwrap();
    assert_eq!(all.get("status"), Some(&json!(["done", "test-error"])));
    let results = all.get("results").unwrap();
    assert_eq!(
        (&results["total"], &results["failed"], &results["skipped"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert!(results["tests"][2]["error"].as_str().unwrap().starts_with("Expected 5, got 4"));
    let one = client.request("test", json!({"class": "ShapeTest", "method": "testA"})).unwrap();
    assert_eq!(
        one.get("results").unwrap()["tests"],
        json!([{"class": "ShapeTest", "name": "testA", "status": "pass"}])
    );
    assert_eq!(one.get("status"), Some(&json!(["done"])));
    let unknown = client.request("test", json!({"class": "Zed"})).unwrap();
    assert_eq!(unknown.error(), Some("Unknown class: Zed"));
}

#[test]
fn the_library_answers_as_its_tables_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let answer = beamtalk(&root, &["test-script", "stdlib/test"]);
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("  supervisor: "), "{}", answer.out);
}

#[test]
fn nothing_is_left_of_a_run() {
    let dir = folder(&[("ATest.bt", "TestCase subclass: ATest\n  testOne => nil\n")]);
    let home = TempDir::new().unwrap();
    let mut command = Command::cargo_bin("beamtalk").unwrap();
    command
        .current_dir(dir.path())
        .args(["test", "."])
        .env("BEAMTALK_HOME", home.path())
        .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .assert()
        .success();
    assert_eq!(fs::read_dir(home.path().join("runs")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is written beside the tests");
}
