//! What programs change in their classes, and how it gets into files: each test is a session's input and what is on disk.

mod place;

use beamtalk_home::{Home, Metadata};
use place::Place;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

const TALLY: &str = "// Counting.\nObject subclass: Tally\n\n  /// How many.\n  class count => 1 // so far\n\n  class text => \"a\n b\"\n";

/// A package with this class, loaded by each session first.
fn shop() -> Place {
    let place = Place::new();
    fs::create_dir(place.project().join("src")).unwrap();
    place.write("beamtalk.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
    place.write("src/Tally.bt", TALLY);
    place
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.project().join(name)).unwrap()
}

fn files(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.project().join("src")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The folder of the one workspace.
fn workspace(place: &Place) -> PathBuf {
    let folders = place.home().join("workspaces");
    let found = fs::read_dir(folders).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir());
    found.expect("a workspace")
}

/// A result as it is shown, without conflicts.
fn result(place: &Place, names: &[&str], [flushed, new, removed]: [u8; 3]) -> String {
    let root = fs::canonicalize(place.project()).unwrap();
    let paths: Vec<_> = names.iter().map(|name| format!("\"{}\"", root.join(name).display())).collect();
    format!(
        "FlushResult(conflicts: #(), files: #({}), flushed: {flushed}, newClasses: {new}, removedClasses: {removed}, skipped: #())\n",
        paths.join(", ")
    )
}

fn caught(expression: &str) -> String {
    format!("[{expression}] on: Error do: [:e | \"{{e kind}}: {{e message}}\"]\n")
}

const LOAD: &str = "Workspace load: \"src\"\n";

#[test]
fn a_flush_writes_methods_and_leaves_all_other_bytes() {
    let place = shop();
    place.prints(
        &format!(
            "{LOAD}Workspace changes\nTally class >> count => 2\nTally class compile: #more source: \"/// More.\nmore =>\n  // much\n  3\"\n\
             Tally >> own => 4\nWorkspace changes\nWorkspace changes dirtyMethods\nWorkspace changes activeEntries\nWorkspace flush\n\
             Workspace changes\nWorkspace changes allEntries\nWorkspace flush\n(Tally class >> #more) source\n"
        ),
        &format!(
            "#(Tally)\nChangeLog with 0 entries\nTally>>count\nTally class\nTally>>own\nChangeLog with 3 entries\n\
             #{{#Tally => Set(#count, #more, #own)}}\n#(Tally class>>count, Tally class>>more, Tally>>own)\n{}\
             ChangeLog with 0 entries\n#(Tally class>>count, Tally class>>more, Tally>>own)\n{}/// More.\nclass more =>\n  // much\n  3",
            result(&place, &["src/Tally.bt"], [3, 0, 0]),
            result(&place, &[], [0, 0, 0]),
        ),
    );
    let expected = TALLY.replace("/// How many.\n  class count => 1", "class count => 2");
    let more = "\n  /// More.\n  class more =>\n    // much\n    3\n\n  own => 4\n";
    assert_eq!(read(&place, "src/Tally.bt"), expected + more);
    assert_eq!(files(&place), ["Tally.bt"], "nothing is left behind");
}

#[test]
fn changes_after_a_flush_know_where_the_text_is_now() {
    let place = shop();
    place.prints(
        &format!(
            "{LOAD}Tally class >> count => 1000000\nTally class >> text => \"t\"\nWorkspace flush: #{{#file => \"src/Tally.bt\"}}\n\
             Tally class removeSelector: #count\nTally class >> text => \"tt\"\nTally class >> two => 2\n(Workspace flush) flushed\n\
             Tally class removeSelector: #two\n(Workspace flush) flushed\nTally text\n"
        ),
        &format!(
            "#(Tally)\nTally>>count\nTally>>text\n{}Tally class\nTally>>text\nTally>>two\n3\nTally class\n1\ntt",
            result(&place, &["src/Tally.bt"], [2, 0, 0])
        ),
    );
    let kept = "// Counting.\nObject subclass: Tally\n\n  // so far\n\n  class text => \"tt\"\n";
    // The comment behind the removed method is no part of it.
    assert_eq!(read(&place, "src/Tally.bt").replace("   //", "  //"), kept);
}

#[test]
fn a_file_that_was_edited_outside_is_a_conflict_and_nothing_is_written() {
    let place = shop();
    place.write("src/Other.bt", "Object subclass: Other\n  class one => 1\n");
    place.prints(
        &format!("{LOAD}Tally class >> count => 2\nTally class >> text => \"t\"\nOther class >> one => 2\n"),
        "#(Other, Tally)\nTally>>count\nTally>>text\nOther>>one",
    );
    let edited = TALLY.replace("count => 1", "count => 7");
    place.write("src/Tally.bt", &edited);
    let told = "c := (r := Workspace flush) conflicts\n(c collect: [:each | #(each at: #reason, each at: #seqs)])\n\
                #(r flushed, r files)\nWorkspace changes\n";
    let input = told.replace(
        "c := (r := Workspace flush) conflicts\n",
        "r := Workspace flush. c := r conflicts. c size\n",
    );
    place.prints(&input, "1\n#(#(external_edit, #(0)))\n#(0, #())\nChangeLog with 3 entries");
    assert_eq!(
        (read(&place, "src/Tally.bt"), read(&place, "src/Other.bt").contains("=> 2")),
        (edited, false)
    );
    // What does not conflict can be written by itself.
    place.prints("(Workspace flush: Other) flushed\nWorkspace changes\n", "1\nChangeLog with 2 entries");
    place.write("src/Tally.bt", "Object subclass: Tally\n");
    let reasons = "(Workspace flush) conflicts collect: [:each | each at: #reason]\n";
    place.prints(reasons, "#(span_out_of_range)");
    fs::remove_file(place.project().join("src/Tally.bt")).unwrap();
    place.prints(reasons, "#(source_file_unreadable)");
    // The changes fit again when the file has the text that they were made to.
    place.write("src/Tally.bt", TALLY);
    place.prints("(Workspace flush) flushed\n", "2");
    assert_eq!(files(&place), ["Other.bt", "Tally.bt"]);
}

#[test]
fn a_flush_of_other_methods_does_not_hide_an_edit_outside() {
    let place = shop();
    place.prints(
        &format!("{LOAD}Tally class >> count => 2\nTally class >> text => \"t\"\n"),
        "#(Tally)\nTally>>count\nTally>>text",
    );
    place.write("src/Tally.bt", &TALLY.replace(" b\"", " c\""));
    let input = "(Workspace flush) conflicts size\nTally class >> own => 1\nTally >> own => 1\n(Workspace flush: #instance) flushed\n\
                 (Workspace flush) conflicts collect: [:each | each at: #seqs]\nTally text\n";
    place.prints(input, "1\nTally>>own\nTally>>own\n1\n#(#(1))\nt");
    assert_eq!(read(&place, "src/Tally.bt"), TALLY.replace(" b\"", " c\"") + "\n  own => 1\n");
    // What somebody wrote into the file is loaded when it is asked for, not before.
    place.prints(
        &format!("(Tally class >> #text) source\n{LOAD}Tally text\nTally class >> text => \"u\"\n(Workspace flush: Tally) flushed\n"),
        "text => \"t\"\n#(Tally)\na\n c\nTally>>text\n3",
    );
}

#[test]
fn a_change_that_was_only_tried_is_never_written() {
    let place = shop();
    place.prints(
        &format!(
            "{LOAD}Tally class >> count => 2\nTally class tryCompile: #count source: \"3\"\nTally tryCompile: #tried source: \"3\"\n\
             Tally count\n(Workspace changes activeEntries collect: [:each | #(each intent, each isEphemeral)])\n(Workspace flush) flushed\n\
             Tally count\n"
        ),
        "#(Tally)\nTally>>count\nTally class\nTally\n3\n#(#(ephemeral, true), #(ephemeral, true))\n1\n3",
    );
    assert_eq!(
        read(&place, "src/Tally.bt"),
        TALLY.replace("/// How many.\n  class count => 1", "class count => 2")
    );
}

#[test]
fn what_has_no_file_in_the_project_is_logged_and_not_written() {
    let place = shop();
    fs::create_dir_all(place.project().join("geo/src")).unwrap();
    place.write("geo/beamtalk.toml", "[package]\nname = \"geo\"\nversion = \"1.0.0\"\n");
    place.write("geo/src/Shape.bt", "Object subclass: Shape\n  class one => 1\n");
    place.write("src/More.bt", "Tally class >> added => 1\n");
    place.prints(
        &format!(
            "{LOAD}Workspace load: \"geo/src\"\nInteger >> tripled => self * 3\nObject subclass: Loose\n  one => 1\n\nLoose >> one => 2\n\
             Shape class >> one => 2\nTally class >> added => 2\nWorkspace changes\n\
             (Workspace changes activeEntries collect: [:each | each isFlushable])\n{}Tally added\n4 tripled\n",
            "(Workspace flush) flushed\n"
        ),
        "#(Tally)\n#(Shape)\nInteger>>tripled\nLoose\nLoose>>one\nShape>>one\nTally>>added\nChangeLog with 4 entries\n\
         #(false, false, false, false)\n0\n2\n12",
    );
    let log = fs::read_to_string(workspace(&place).join("changes/changes.jsonl")).unwrap();
    for reason in ["stdlib", "dynamic", "dependency", "extension"] {
        assert!(log.contains(&format!("\"not_flushable_reason\":\"{reason}\"")), "{reason}: {log}");
    }
}

#[test]
fn without_a_project_nothing_is_written() {
    let place = Place::new();
    place.write("Tally.bt", TALLY);
    place.prints(
        "Workspace load: \"Tally.bt\"\nTally class >> count => 2\nWorkspace changes\nWorkspace changes activeEntries first isFlushable\n(Workspace flush) flushed\n",
        "#(Tally)\nTally>>count\nChangeLog with 1 entry\nfalse\n0",
    );
    assert_eq!(read(&place, "Tally.bt"), TALLY);
    place.prints(
        &caught("Workspace newClass: \"Object subclass: Giz\" at: \"Giz.bt\""),
        "invalid_path: newClass:at: target is outside the project source tree: Giz.bt",
    );
}

#[test]
fn a_new_class_gets_its_file_with_the_next_flush() {
    let place = shop();
    let source = "Object subclass: MyGiz\n  class now => 1\n";
    place.prints(
        &format!(
            "Workspace newClass: \"{source}\" at: \"src/deep/my_giz.bt\"\nMyGiz now\nWorkspace changes\nWorkspace changes activeEntries\n\
             Workspace changes dirtyMethods\n"
        ),
        "#(MyGiz)\n1\nChangeLog with 1 entry\n#(MyGiz (new-class))\n#{#MyGiz => Set(#new-class)}",
    );
    assert_eq!(files(&place), ["Tally.bt"]);
    // Its methods have no text to be written into before it has a file.
    place.prints(
        "MyGiz class >> now => 2\n(Workspace flush) conflicts collect: [:each | #(each at: #reason, each at: #seqs)]\n",
        "MyGiz>>now\n#(#(mixed_new_class_and_splice, #(0, 1)))",
    );
    place.prints(
        "Workspace changes flushKinds: #(#'new-class')\n(Workspace flush) flushed\nWorkspace changes\n",
        &format!("{}1\nChangeLog with 0 entries", result(&place, &["src/deep/my_giz.bt"], [1, 1, 0])),
    );
    assert_eq!(read(&place, "src/deep/my_giz.bt"), source.replace("now => 1", "now => 2"));
}

#[test]
fn a_new_class_is_refused_for_what_is_wrong_with_it_first() {
    let place = shop();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), place.project().join("src/out")).unwrap();
    symlink(outside.path().join("Dangling.bt"), place.project().join("src/Dangling.bt")).unwrap();
    let new = |source: &str, path: &str| caught(&format!("Workspace newClass: {source} at: {path}"));
    let giz = "\"Object subclass: Giz\"";
    let input = [
        LOAD.to_owned(),
        new("3", "\"src/Giz.bt\""),
        new(giz, "#giz"),
        new(giz, "\"src/Tally.bt\""),
        new(giz, "\"src/Dangling.bt\""),
        new(giz, "\"../Giz.bt\""),
        new(giz, "\"src/out/Giz.bt\""),
        new(giz, "\"src/no/../../../Giz.bt\""),
        new(giz, "\"/tmp/Giz.bt\""),
        new(giz, "\".git/Giz.bt\""),
        new("\"1 + 2\"", "\"src/Giz.bt\""),
        new(giz, "\"src/Other.bt\""),
        new(giz, "\"src/Giz.txt\""),
        new("\"Object subclass: Tally\"", "\"src/tally.bt\""),
        "[Workspace newClass: \"Object subclass: Giz\n  x => (\" at: \"src/Giz.bt\"] on: Error do: [:e | e kind]\n".into(),
        "Workspace changes\nBeamtalk classNamed: #Giz\n".into(),
    ]
    .concat();
    let astray = |path: &str| {
        format!("invalid_path: newClass:at: target is outside the project source tree: {path}\n")
    };
    place.prints(
        &input,
        &[
            "#(Tally)\ntype_error: newClass:at: expects a String source, got Integer\n\
             type_error: newClass:at: expects a String path, got Symbol\n\
             file_exists: newClass:at: src/Tally.bt already exists\nfile_exists: newClass:at: src/Dangling.bt already exists\n"
                .into(),
            ["../Giz.bt", "src/out/Giz.bt", "src/no/../../../Giz.bt", "/tmp/Giz.bt", ".git/Giz.bt"].map(astray).concat(),
            "compile_failed: newClass:at: the source does not define a class\n\
             class_name_mismatch: newClass:at: declared class Giz does not match basename 'Other' of src/Other.bt; name the file Giz.bt\n\
             class_name_mismatch: newClass:at: declared class Giz does not match basename 'Giz.txt' of src/Giz.txt; name the file Giz.bt\n\
             class_already_loaded: newClass:at: class Tally is already loaded; remove it first, or change its methods\n\
             compile_failed\nChangeLog with 0 entries\nnil"
                .into(),
        ]
        .concat(),
    );
    assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
}

#[test]
fn a_file_that_appears_where_a_class_was_to_go_is_a_conflict() {
    let place = shop();
    place.prints("Workspace newClass: \"Object subclass: Giz\" at: \"src/Giz.bt\"\n", "#(Giz)");
    place.write("src/Giz.bt", "theirs");
    place.prints("(Workspace flush) conflicts collect: [:each | each at: #reason]\n", "#(target_exists)");
    assert_eq!(read(&place, "src/Giz.bt"), "theirs");
    // Nor does a link lead it away.
    fs::rename(place.project().join("src"), place.project().join("elsewhere")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), place.project().join("src")).unwrap();
    place.prints("(Workspace flush) conflicts collect: [:each | each at: #reason]\n", "#(external_edit)");
    assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
}

#[test]
fn the_file_of_a_removed_class_goes_only_when_that_is_confirmed() {
    let place = shop();
    place.write("src/Pair.bt", "Object subclass: One\n\nObject subclass: Two\n  class two => 2\n");
    let skipped = "skipped: #(#{#class => #Tally, #reason => \"destructive\", #seq => 0}))";
    place.prints(
        &format!("{LOAD}Tally removeFromSystem\nWorkspace changes activeEntries\nWorkspace flush\n(Workspace flush: #'remove-class') skipped size\n"),
        &format!(
            "#(One, Two, Tally)\nnil\n#(Tally (remove-class))\nFlushResult(conflicts: #(), files: #(), flushed: 0, newClasses: 0, removedClasses: 0, {skipped}\n1"
        ),
    );
    assert_eq!(read(&place, "src/Tally.bt"), TALLY);
    let reasons = "collect: [:each | each at: #reason]\n";
    // A class that shares its file takes nobody along.
    place.prints(
        &format!(
            "One removeFromSystem\n(Workspace flush: #One confirmDestructive: true) conflicts {reasons}Two class >> two => 3\n\
             (Workspace flushIncludingDestructive) conflicts {reasons}Workspace flush: #Tally confirmDestructive: true\n"
        ),
        &format!("nil\n#(shared_file)\nTwo>>two\n#(mixed_remove_class_and_splice)\n{}", result(&place, &["src/Tally.bt"], [1, 0, 1])),
    );
    assert_eq!(files(&place), ["Pair.bt"]);
}

#[test]
fn a_removed_class_that_is_loaded_again_keeps_its_file() {
    let place = shop();
    place.prints(
        &format!("{LOAD}Tally removeFromSystem\n{LOAD}Workspace changes\n(Workspace flushIncludingDestructive) removedClasses\nTally class >> count => 5\n(Workspace flush) flushed\n"),
        "#(Tally)\nnil\n#(Tally)\nChangeLog with 0 entries\n0\nTally>>count\n1",
    );
    assert!(read(&place, "src/Tally.bt").contains("class count => 5"));
    place.prints("Tally removeFromSystem\n", "nil");
    fs::remove_file(place.project().join("src/Tally.bt")).unwrap();
    place.prints("(Workspace flushIncludingDestructive) removedClasses\n", "1");
}

#[test]
fn a_change_can_be_taken_back_which_is_a_change_too() {
    let place = shop();
    let input = [
        format!("{LOAD}Tally class >> count => 2\nlog := Workspace changes\n"),
        "log revert: log entries first\nTally count\nWorkspace changes\nWorkspace changes allEntries size\n".into(),
        "Tally class removeSelector: #count\n(log := Workspace changes) dirtyMethods\nlog revert: log entries last\nTally count\n".into(),
        "Tally >> fresh => 1\nTally removeFromSystem\n".into(),
        caught("Workspace changes revert: 3"),
        caught("Workspace changes revert: Workspace changes entries first"),
        caught("Workspace changes revert: Workspace changes entries last"),
    ]
    .concat()
    .replace("(log := Workspace changes) dirtyMethods", "log := Workspace changes. log dirtyMethods");
    place.prints(
        &input,
        "#(Tally)\nTally>>count\nChangeLog with 1 entry\nTally\n1\nChangeLog with 0 entries\n2\nTally class\n\
         #{#Tally => Set(#count)}\nTally\n1\nTally>>fresh\nnil\ntype_error: revert: expects a ChangeEntry, got Integer\n\
         revert_not_possible: revert: there is no active entry of this number\n\
         revert_not_possible: revert: there is no active entry of this number",
    );
}

#[test]
fn filters_are_checked() {
    let place = shop();
    let input = [
        LOAD.to_owned(),
        "Tally class >> count => 2\nTally >> own => 3\n".into(),
        caught("Workspace flush: 3"),
        caught("Workspace flush: #{#path => \"x\"}"),
        caught("Workspace flush: Tally confirmDestructive: 3"),
        caught("Workspace changes flushKinds: #()"),
        caught("Workspace changes flushKinds: #(#zork, #instance)"),
        caught("Workspace changes flushKinds: 3"),
        "(Workspace changes flushKinds: #(#agent)) flushed\n(Workspace changes flushKinds: (Set new add: #instance)) flushed\n".into(),
        "(Workspace flush: #instance) flushed\n(Workspace flush: #class) flushed\nWorkspace changes clear\nWorkspace changes allEntries\nTally count\n".into(),
    ]
    .concat();
    place.prints(
        &input,
        "#(Tally)\nTally>>count\nTally>>own\n\
         type_error: flush: expects a Class, a Symbol or a Dictionary with #file, got Integer\n\
         type_error: flush: expects a Dictionary with a String path at #file\n\
         type_error: flush:confirmDestructive: expects a Boolean, got Integer\n\
         type_error: flushKinds: requires at least one kind Symbol; allowed: instance, class, new-class, remove-method, remove-class, human, agent\n\
         type_error: flushKinds: unrecognised kind symbol(s): zork. Allowed: instance, class, new-class, remove-method, remove-class, human, agent\n\
         type_error: flushKinds: expects a Set or List of Symbols, got Integer\n0\n1\n0\n1\nChangeLog with 0 entries\n#()\n2",
    );
}

#[test]
fn the_log_outlives_the_workspace_and_is_private() {
    let place = shop();
    place.prints(
        &format!("{LOAD}Tally class >> count => 2\nWorkspace autoflush\n"),
        "#(Tally)\nTally>>count\nfalse",
    );
    let folder = workspace(&place).join("changes");
    for (path, mode) in
        [(".", 0o700), ("sources", 0o700), ("changes.jsonl", 0o600), ("sources/000000-source.bt", 0o600)]
    {
        assert_eq!(fs::metadata(folder.join(path)).unwrap().mode() & 0o777, mode, "{path}");
    }
    place.beamtalk(&["workspace", "stop"], "");
    place.prints(
        &format!(
            "{LOAD}Workspace changes\n(Workspace changes select: [:each | each isPriorEpoch]) size\n(Workspace flush) flushed\nTally count\n\
             Tally class >> count => 3\nWorkspace changes activeEntries first seq\n"
        ),
        "#(Tally)\nChangeLog with 0 entries\n1\n0\n1\nTally>>count\n1",
    );
}

#[test]
fn changes_are_written_at_once_when_that_is_wanted() {
    let place = shop();
    place.prints(
        &format!(
            "{LOAD}Workspace autoflush: true\n{}Tally class >> count => 2\n",
            caught("Workspace autoflush: 3")
        ),
        "#(Tally)\ntrue\ntype_error: autoflush: expects a Boolean, got Integer\nTally>>count",
    );
    let flushed = TALLY.replace("/// How many.\n  class count => 1", "class count => 2");
    assert_eq!(read(&place, "src/Tally.bt"), flushed);
    place.beamtalk(&["workspace", "stop"], "");
    place.prints(
        &format!("{LOAD}Workspace autoflush\nTally class tryCompile: #count source: \"9\"\nTally class compile: #count source: \"3\"\n"),
        "#(Tally)\ntrue\nTally class\nTally class",
    );
    let flushed = flushed.replace("count => 2", "count =>\n    3");
    assert_eq!(read(&place, "src/Tally.bt"), flushed);
    place.write("src/Tally.bt", "// mine\n");
    let output = place.beamtalk(&["repl", "--port", "0"], "Tally class >> count => 4\nTally count\n");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("The change is in memory only: "), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Tally>>count\n4\n");
    assert_eq!(read(&place, "src/Tally.bt"), "// mine\n");
}

#[test]
fn who_listens_hears_which_files_were_written() {
    let place = shop();
    let path = fs::canonicalize(place.project().join("src/Tally.bt")).unwrap();
    place.prints(
        &format!(
            "{LOAD}heard := Array new: 1\nSystemAnnouncer current when: FlushCompleted do: [:each | Workspace bind: each files as: #heard]\n\
             Tally class >> count => 2\n(Workspace flush) flushed\nTimer sleep: 300\n(Workspace globals at: #heard) first\n"
        )
        .replace("heard := Array new: 1\n", ""),
        &format!("#(Tally)\nSubscription\nTally>>count\n1\nnil\n{}", path.display()),
    );
}

#[test]
fn the_prompt_has_commands_for_it() {
    let place = shop();
    place.prints(
        &format!("{LOAD}Tally class >> count => 2\n:changes\n:dirty\n:flush Tally\n:flush\n:remove-method Tally class #text\n:changes\n"),
        &format!(
            "#(Tally)\nTally>>count\nChangeLog with 1 entry\n#{{#Tally => Set(#count)}}\n{}{}Tally class\nChangeLog with 1 entry",
            result(&place, &["src/Tally.bt"], [1, 0, 0]),
            result(&place, &[], [0, 0, 0])
        ),
    );
}

#[test]
fn the_prompt_asks_before_it_deletes_files() {
    let place = shop();
    let question = "Write all changes, and delete the files of removed classes? [y/N] ";
    place.prints(
        &format!(
            "{LOAD}:remove-class Tally\ny\n:flush-destructive Tally\nn\n:flush-destructive\n1 + 1\n:changes\n"
        ),
        &format!(
            "#(Tally)\nRemove class Tally? [y/N] y\nnil\n{question}n\nAborted: no files were deleted.\n\
             {question}Aborted: no files were deleted.\n2\nChangeLog with 1 entry"
        ),
    );
    assert_eq!(files(&place), ["Tally.bt"]);
    place.prints(
        ":flush-destructive Tally\nyes\n",
        &format!("{question}yes\n{}", result(&place, &["src/Tally.bt"], [1, 0, 1])),
    );
    assert!(files(&place).is_empty());
}

/// The host ends without a word; the node and its classes live on, and the next host knows what is not written yet.
#[test]
fn a_host_that_died_costs_no_change() {
    let place = shop();
    place.prints(
        &format!(
            "{LOAD}Tally class >> count => 2\n(Workspace flush) flushed\nTally class >> text => \"t\"\n"
        ),
        "#(Tally)\nTally>>count\n1\nTally>>text",
    );
    let host = metadata(&place).host.expect("runs").pid;
    let killed = std::process::Command::new("kill").args(["-9", &host.to_string()]).status().unwrap();
    assert!(killed.success());
    place.prints(
        "Workspace changes activeEntries\nTally class >> count => 3\n(Workspace flush) flushed\nTally text\n",
        "#(Tally class>>text)\nTally>>count\n2\nt",
    );
    let expected = TALLY.replace("/// How many.\n  class count => 1", "class count => 3");
    assert_eq!(read(&place, "src/Tally.bt"), expected.replace("\"a\n b\"", "\"t\""));
}

fn metadata(place: &Place) -> Metadata {
    let id = workspace(place).file_name().unwrap().to_string_lossy().into_owned();
    let home = Home::at(Path::new(&place.home()));
    let id = beamtalk_home::WorkspaceId::named(&id).unwrap();
    home.workspace(&id).metadata().unwrap().expect("has metadata")
}
