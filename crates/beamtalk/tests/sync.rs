//! The prompt in the folder of a package: its classes are there, and `:sync` loads what changes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A package with a home of its own; its workspace ends with the value.
struct Package {
    dir: TempDir,
}

impl Package {
    fn new(files: &[(&str, &str)]) -> Self {
        let this = Self { dir: tempfile::tempdir().unwrap() };
        this.write("beamtalk.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
        for (name, text) in files {
            this.write(name, text);
        }
        this
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join("shop").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn beamtalk(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        command.args(arguments).current_dir(self.path("")).stdin(Stdio::null());
        command.env("BEAMTALK_HOME", self.dir.path().join("home")).env_remove("BEAMTALK_WORKSPACE");
        command.env("BEAMTALK_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command.output().unwrap()
    }

    /// What inputs at the prompt print, and what they complain of.
    fn says(&self, inputs: &[&str]) -> (String, String) {
        let mut arguments = vec!["repl", "--port", "0"];
        arguments.extend(inputs.iter().flat_map(|input| ["-e", input]));
        let output = self.beamtalk(&arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        self.beamtalk(&["workspace", "stop", "--force"]);
    }
}

#[test]
fn classes_of_a_package_are_at_its_prompt_and_follow_its_files() {
    let shop = Package::new(&[
        ("src/a/Cake.bt", "Good subclass: Cake\n  price => Erlang shop_tax on: 10\n"),
        ("src/Good.bt", "Object subclass: Good\n  class kinds => 1\n"),
        ("native/shop_tax.erl", "-module(shop_tax).\n-export([on/1]).\non(X) -> X * 2.\n"),
        (
            "test/CakeTest.bt",
            "TestCase subclass: CakeTest\n  testKinds => self assert: Good kinds equals: 1\n",
        ),
    ]);
    let (said, complaints) =
        shop.says(&["Workspace classes", "Cake kinds", "Erlang shop_tax on: 10", ":sync"]);
    assert_eq!(
        (said.as_str(), complaints.as_str()),
        ("#(Cake, Good)\n1\n20\nReloaded 0 of 3 files (3 unchanged)\n", "")
    );
    // The next prompt takes nothing by itself; what is asked for is only what has changed.
    shop.write("src/Good.bt", "Object subclass: Good\n  class kinds => 20\n");
    shop.write("native/shop_tax.erl", "-module(shop_tax).\n-export([on/1]).\non(X) -> X * 30.\n");
    fs::remove_file(shop.path("src/a/Cake.bt")).unwrap();
    let inputs = ["Good kinds", ":sync", "Good kinds", "Erlang shop_tax on: 1", "Workspace classes", ":test"];
    let (said, complaints) = shop.says(&inputs);
    let told = "1\nReloaded 2 of 2 files (1 deleted)\nClasses: Good\n20\n30\n#(Good)\n";
    assert!(said.starts_with(told), "{said}{complaints}");
    assert!(said.contains("CakeTest>>testKinds\n") && said.contains("Expected 1, got 20"), "{said}");
    // Tests stay where only the sources are loaded.
    let (said, complaints) = shop.says(&["(Workspace sync) at: #summary", "Workspace testClasses"]);
    assert_eq!(
        (said.as_str(), complaints.as_str()),
        ("Reloaded 0 of 2 files (2 unchanged)\n#(CakeTest)\n", "")
    );
}

#[test]
fn a_file_that_fails_costs_its_own_classes_and_is_tried_again() {
    let shop = Package::new(&[
        ("src/Bad.bt", "Object subclass: Bad\n  class x => (\n"),
        ("src/Child.bt", "Bad subclass: Child\n"),
        ("src/Fine.bt", "Object subclass: Fine\n"),
    ]);
    let (said, complaints) = shop.says(&["Workspace classes", "3"]);
    assert_eq!(said, "#(Fine)\n3\n");
    assert!(complaints.contains("  Error: Unexpected token") && complaints.contains("Bad.bt at line "));
    assert!(complaints.contains("  Error: Unresolved class `Bad` in "), "{complaints}");
    assert!(complaints.contains("2 file(s) failed to load: "), "{complaints}");
    let asked = ["((Workspace sync) at: #errors) collect: [:each | each at: #kind]"];
    assert_eq!(shop.says(&asked).0, "#(compile_failed, compile_failed)\n");
    shop.write("src/Bad.bt", "Object subclass: Bad\n  class x => 1\n");
    let (said, complaints) = shop.says(&[":sync", "Child x"]);
    assert_eq!(said, "Reloaded 2 of 3 files (1 unchanged)\nClasses: Bad, Child\n1\n", "{complaints}");
}

#[test]
fn without_a_package_there_is_nothing_to_load() {
    let shop = Package::new(&[]);
    fs::remove_file(shop.path("beamtalk.toml")).unwrap();
    fs::create_dir_all(shop.path(".beamtalk")).unwrap();
    let (said, complaints) =
        shop.says(&["1", ":sync", ":sync now", "[Workspace sync] on: Error do: [:e | e kind]"]);
    assert_eq!(said, "1\nfile_not_found\n");
    assert!(
        complaints.contains("Error: No beamtalk.toml found in: ")
            && complaints.contains(":sync takes no arguments")
    );
}

#[test]
fn what_files_do_not_hold_any_more_goes() {
    let shop = Package::new(&[
        ("src/More.bt", "Integer >> dozen => self * 12\nInteger >> score => self * 20\n"),
        ("src/Two.bt", "Object subclass: One\n\nObject subclass: Other\n"),
    ]);
    assert_eq!(
        shop.says(&["2 dozen + 2 score", "Workspace classes"]),
        ("64\n#(One, Other)\n".into(), String::new())
    );
    shop.write("src/More.bt", "Integer >> dozen => self * 12 // twelve\n");
    shop.write("src/Two.bt", "Object subclass: Renamed\n\nObject subclass: Other\n");
    let (said, complaints) =
        shop.says(&["(Workspace sync) at: #changedCount", "2 dozen", "Workspace classes", "2 score"]);
    assert_eq!(said, "2\n24\n#(Other, Renamed)\n", "{complaints}");
    assert!(complaints.contains("Integer does not understand 'score'"), "{complaints}");
    fs::remove_file(shop.path("src/More.bt")).unwrap();
    let (said, complaints) = shop.says(&[":sync", "2 dozen"]);
    assert_eq!(said, "Reloaded 0 of 1 files (1 unchanged, 1 deleted)\n");
    assert!(complaints.contains("Integer does not understand 'dozen'"), "{complaints}");
    // What was removed, or defined otherwise, is as the file says again.
    shop.says(&["Other removeFromSystem", "Object subclass: Renamed\n  class new => 3\n"]);
    let (said, complaints) = shop.says(&["Workspace classes", ":sync", "Workspace classes"]);
    assert_eq!(
        said, "#()\nReloaded 1 of 1 files\nClasses: Renamed, Other\n#(Other, Renamed)\n",
        "{complaints}"
    );
}

#[test]
fn of_two_files_with_a_class_the_other_counts_when_one_is_gone() {
    let shop = Package::new(&[
        ("src/A.bt", "Object subclass: Same\n  class which => #a\n"),
        ("src/B.bt", "Object subclass: Same\n  class which => #b\n"),
    ]);
    let (said, complaints) = shop.says(&["Same which"]);
    assert_eq!(said, "b\n");
    assert!(
        complaints.starts_with("Warning: Class 'Same' redefined (was ") && complaints.contains("B.bt). ")
    );
    fs::remove_file(shop.path("src/B.bt")).unwrap();
    let (said, complaints) = shop.says(&[":sync", "Same which"]);
    assert_eq!(
        (said.as_str(), complaints.as_str()),
        ("Reloaded 1 of 1 files (1 deleted)\nClasses: Same\na\n", "")
    );
}

#[test]
fn a_file_that_replaces_an_unsaved_change_says_so() {
    let shop = Package::new(&[("src/Till.bt", "Object subclass: Till\n  class open => 1\n")]);
    assert_eq!(
        shop.says(&["Till class >> open => 2", ":sync", "Till open"]).0,
        "Till>>open\nReloaded 0 of 1 files (1 unchanged)\n2\n"
    );
    shop.write("src/Till.bt", "Object subclass: Till\n  class open => 30\n");
    let (said, complaints) = shop.says(&[":sync", "Till open", "Workspace changes size"]);
    assert_eq!(said, "Reloaded 1 of 1 files\nClasses: Till\n30\n1\n");
    assert!(
        complaints.starts_with("Warning: The unsaved change of Till class>>open is replaced by its file."),
        "{complaints}"
    );
}
