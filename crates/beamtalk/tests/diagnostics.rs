//! What users see of diagnostics: `build`, `check`, `lint` and `explain` by the real binary.

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A package in a folder of its own, compiled without a daemon.
struct Package {
    dir: TempDir,
}

impl Package {
    fn new(files: &[(&str, &str)]) -> Self {
        let package = Self { dir: tempfile::tempdir().unwrap() };
        package.write("beamtalk.toml", "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n");
        for (path, text) in files {
            package.write(path, text);
        }
        package
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_in("", arguments)
    }

    fn run_in(&self, folder: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        command.args(arguments).current_dir(self.dir.path().join(folder));
        command.env("BEAMTALK_NO_DAEMON", "1").output().unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lines(output: &Output) -> Vec<Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A class with a warning of two categories.
const LOOSE: &str = "Object subclass: Loose\n\n  run: x => Zork new\n";
const SOUND: &str = "Value subclass: Sound\n\n  run => 1\n";

#[test]
fn a_warning_is_shown_with_its_place_its_mark_and_the_help() {
    let package = Package::new(&[("src/Loose.bt", LOOSE)]);
    let output = package.run(&["build"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    let text = err(&output);
    let shown = "beamtalk::compile::E0320\n\n  × Unresolved class `Zork`\n   ╭─[./src/Loose.bt:3:13]\n";
    assert!(text.starts_with("Compiling 1 files\nbeamtalk::compile::"), "{text}");
    assert!(
        text.contains(shown) && text.contains("╰── warning here\n") && text.contains("\n  help: "),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
    let summary = "Diagnostic summary (1 file):\n  UnresolvedClass       1 warning      (excluded from --warnings-as-errors)\n  Unused                1 warning\n  Total              2  (2 warning)\n";
    assert!(text.ends_with(summary), "{text}");
}

#[test]
fn warnings_can_be_hidden_and_can_be_errors_but_not_both() {
    let package = Package::new(&[("src/Loose.bt", LOOSE)]);
    let hidden = package.run(&["check", "--no-warnings"]);
    assert_eq!((hidden.status.code(), err(&hidden).as_str()), (Some(0), "Checking 1 files\n"));
    for command in ["check", "build"] {
        let promoted = package.run(&[command, "--warnings-as-errors", "--no-warnings"]);
        assert_eq!(promoted.status.code(), Some(1));
        assert!(err(&promoted).contains("× unused parameter `x`"), "{}", err(&promoted));
        assert!(err(&promoted).contains("  × Failed to compile './src/Loose.bt'\n"));
    }
    assert!(!package.dir.path().join("_build/dev/ebin/bt@geo@Loose.beam").exists());
}

#[test]
fn json_has_an_object_a_line_and_a_summary() {
    let package = Package::new(&[("src/Loose.bt", LOOSE), ("src/Sound.bt", SOUND)]);
    for arguments in
        [["check", "--json"], ["check", "--format=json"], ["lint", "--format=json"], ["build", "--json"]]
    {
        let output = package.run(&arguments);
        assert_eq!(err(&output), "", "{arguments:?}");
        let lines = lines(&output);
        let [first, second, summary] = lines.as_slice() else { panic!("{arguments:?}: {}", out(&output)) };
        for (finding, code) in [(first, "E0310"), (second, "E0320")] {
            assert_eq!((&finding["file"], &finding["severity"]), (&"src/Loose.bt".into(), &"warning".into()));
            assert_eq!((&finding["code"], &finding["line"]), (&code.into(), &3.into()));
            let span = [&finding["span_start"], &finding["span_end"]]
                .map(|at| usize::try_from(at.as_u64().unwrap()).unwrap());
            assert!(["x", "Zork"].contains(&&LOOSE[span[0]..span[1]]));
            assert!(
                finding["hint"].is_string() && finding["notes"].is_array() && finding["message"].is_string()
            );
        }
        assert_eq!((&summary["type"], &summary["total"]), (&"summary".into(), &2.into()));
        assert_eq!((&summary["files_checked"], &summary["ok"]), (&2.into(), &true.into()));
        assert_eq!(summary["totals_by_severity"]["warning"], 2);
        assert_eq!(summary["totals_by_category"]["Unused"]["total"], 1);
    }
    let refused = package.run(&["check", "nowhere", "--json"]);
    assert_eq!((refused.status.code(), lines(&refused)[0]["code"].as_str()), (Some(1), Some("P0001")));
    assert_eq!(lines(&refused)[1]["ok"], false);
}

#[test]
fn sarif_is_one_log_for_every_command() {
    let package = Package::new(&[("src/Loose.bt", LOOSE)]);
    for command in ["check", "lint", "build"] {
        let log: Value =
            serde_json::from_slice(&package.run(&[command, "--format", "sarif"]).stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!((log["version"].as_str(), results.len()), (Some("2.1.0"), 2));
        assert_eq!(results[1]["ruleId"], "E0320");
    }
}

#[test]
fn an_expected_error_compiles_and_an_unexpected_one_does_not() {
    let text = "Object subclass: Odd\n\n  run =>\n    @expect all \"on purpose\"\n    nowhere foo\n";
    let package = Package::new(&[("src/Odd.bt", text)]);
    let output = package.run(&["build"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), "Compiling 1 files\n"));
    assert!(package.dir.path().join("_build/dev/ebin/bt@geo@Odd.beam").exists());
    package.write("src/Odd.bt", &text.replace("all", "dnu"));
    assert_eq!(package.run(&["build"]).status.code(), Some(1));
}

#[test]
fn a_stale_directive_is_told_of_once() {
    let text = "Object subclass: Odd\n\n  @expect unused \"once\"\n  run => 1\n";
    let package = Package::new(&[("src/Odd.bt", text)]);
    let told = "× stale @expect unused “once”: no matching diagnostic here";
    assert!(err(&package.run(&["build"])).contains(told));
    assert_eq!(err(&package.run(&["build"])), "All 1 files unchanged — nothing to compile\n");
    for command in ["check", "lint"] {
        let output = package.run(&[command]);
        assert_eq!((output.status.code(), err(&output).matches(told).count()), (Some(0), 1), "{command}");
    }
}

#[test]
fn the_manifest_says_how_loud_a_category_is() {
    let package = Package::new(&[("src/Loose.bt", LOOSE)]);
    let manifest = "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n[diagnostics]\n";
    for (table, status, told) in [
        ("unused = \"off\"", 0, "Total              1  (1 warning)"),
        ("unused = \"error\"", 1, "Total              2  (1 error, 1 warning)"),
        ("unused = \"hint\"", 0, "Total              2  (1 warning, 1 hint)"),
        ("unused = \"lint\"", 0, "Total              1  (1 warning)"),
        ("unused = \"loud\"", 1, "[diagnostics] 'unused': invalid diagnostic severity 'loud'"),
        (
            "nonsense = \"off\"",
            1,
            "[diagnostics] has unknown category 'nonsense' — expected one of: dnu, type, ",
        ),
        ("unused = 3", 1, "[diagnostics] 'unused' must be a severity string, not an integer"),
    ] {
        package.write("beamtalk.toml", &format!("{manifest}{table}\n"));
        let output = package.run(&["check"]);
        assert!(err(&output).contains(told), "{table}: {}", err(&output));
        assert_eq!(output.status.code(), Some(status), "{table}");
    }
    package.write("beamtalk.toml", &format!("{manifest}unresolved-class = \"warn\"\nunused = \"off\"\n"));
    assert_eq!(package.run(&["check", "--warnings-as-errors"]).status.code(), Some(1));
}

#[test]
fn lint_is_about_the_path_and_knows_the_package_around_it() {
    let user = "Object subclass: Painter\n\n  run: x => Sound new\n";
    let package = Package::new(&[
        ("src/Loose.bt", LOOSE),
        ("src/deep/Painter.bt", user),
        ("src/Sound.bt", SOUND),
        ("test/SoundTest.bt", "TestCase subclass: SoundTest\n\n  testRun: y => Sound new run\n"),
    ]);
    let files = |output: &Output| -> Vec<String> {
        let found = lines(output).into_iter();
        found.filter_map(|line| line["file"].as_str().map(str::to_owned)).collect()
    };
    let all = files(&package.run(&["lint", "--json"]));
    assert_eq!(all, ["src/Loose.bt", "src/Loose.bt", "src/deep/Painter.bt", "test/SoundTest.bt"]);
    assert_eq!(files(&package.run(&["lint", "src/deep", "--json"])), ["src/deep/Painter.bt"]);
    assert_eq!(files(&package.run(&["lint", "src/deep/Painter.bt", "--json"])), ["src/deep/Painter.bt"]);
    assert_eq!(files(&package.run_in("src", &["lint", "deep", "--json"])), ["../src/deep/Painter.bt"]);
    assert_eq!(package.run(&["lint"]).status.code(), Some(0), "warnings alone are no failure");
}

#[test]
fn lint_looks_at_every_class_of_a_file() {
    let unused = |name: &str| format!("Object subclass: {name}\n\n  run: x => 1\n\n");
    let package = Package::new(&[("src/All.bt", &format!("{}{}", unused("One"), unused("Two")))]);
    let found = lines(&package.run(&["lint", "--json"]));
    let places: Vec<u64> = found.iter().filter_map(|line| line["line"].as_u64()).collect();
    assert_eq!(places, [3, 7], "{found:?}");
}

#[test]
fn lint_says_where_it_could_not_look() {
    let package = Package::new(&[("src/Bad.bt", "Object subclass: Bad\n  m => (1 +\n")]);
    let output = package.run(&["lint"]);
    let note = "warning: './src/Bad.bt' has errors; `beamtalk check` shows them\n";
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), note));
}

#[test]
fn a_wrong_manifest_is_named_and_told_before_anything_else() {
    let package = Package::new(&[]);
    package.write("beamtalk.toml", "[package]\nname = \"geo\"\n");
    for command in ["build", "check", "lint"] {
        let output = package.run(&[command]);
        let said = "  × Failed to parse manifest './beamtalk.toml'\n  │ missing field `version`\n";
        assert_eq!((output.status.code(), err(&output).as_str()), (Some(1), said), "{command}");
    }
}

#[test]
fn explain_shows_the_page_and_finds_near_codes() {
    let package = Package::new(&[]);
    let shown = package.run(&["explain", "e0102"]);
    assert!(out(&shown).starts_with("E0102 A string in single quotes\n\n"), "{}", out(&shown));
    assert!(out(&shown).contains("\n    name := 'Ada'\n"));
    let list = out(&package.run(&["explain"]));
    assert!(list.contains("\n  E0102  A string in single quotes\n") && list.contains("  W0640  "), "{list}");
    let unknown = package.run(&["explain", "E0198"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        err(&unknown).starts_with("  × No error has the code 'E0198'\n  help: Did you mean E010"),
        "{}",
        err(&unknown)
    );
}
