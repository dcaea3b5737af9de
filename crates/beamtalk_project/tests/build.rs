//! Building projects: what is written, what is said, and that a build after any edits equals a clean one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use beamtalk_project::{BuildOptions, Layout, Project, Report};
use proptest::prelude::*;
use tempfile::TempDir;

const MANIFEST: &str = "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n";

fn package(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "beamtalk.toml", MANIFEST);
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn open(folder: &Path) -> Project {
    Project::new(Layout::find(folder, ".").unwrap())
}

fn build(project: &mut Project) -> Report {
    project.build(".", BuildOptions::default()).unwrap()
}

/// All outputs that are the same for the same sources: modules and the application file.
fn outputs(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder.join("_build/dev/ebin")) else { return BTreeMap::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

const SHAPE: &str = "Value subclass: Shape\n  area => 0\n  describe => \"area {self area}\"\n";
const SQUARE: &str = "Shape subclass: Square\n  area => 4\n";
const USER: &str = "Object subclass: Painter\n  paint: n => Square new area + n\n";
const ALONE: &str = "Object subclass: Alone\n  run => 42\n";

#[test]
fn a_package_is_written_to_its_ebin_under_names_of_package_and_class() {
    let folder = package(&[("src/shape.bt", SHAPE), ("src/deep/square.bt", SQUARE)]);
    let report = build(&mut open(folder.path()));
    assert!(report.ok, "{}", report.text(false));
    assert_eq!(report.modules, ["bt@geo@Shape", "bt@geo@Square"]);
    assert_eq!(report.text(false), "Compiling 2 files\n");
    let outputs = outputs(folder.path());
    let names: Vec<&String> = outputs.keys().collect();
    assert_eq!(names, ["bt@geo@Shape.beam", "bt@geo@Square.beam", "geo.app"]);
    let app = String::from_utf8_lossy(&outputs["geo.app"]);
    assert!(app.contains("{modules, ['bt@geo@Shape', 'bt@geo@Square']}"), "{app}");
    assert!(app.contains("#{name => 'Square', module => 'bt@geo@Square', parent => 'Shape'"), "{app}");
}

#[test]
fn a_single_file_is_built_beside_itself_and_its_neighbours_stay() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.bt", SHAPE);
    write(folder.path(), "b.bt", ALONE);
    for file in ["a.bt", "b.bt"] {
        let layout = Layout::find(&folder.path().join(file), file).unwrap();
        assert!(Project::new(layout).build(file, BuildOptions::default()).unwrap().ok);
    }
    assert!(folder.path().join("build/bt@user@Shape.beam").exists());
    assert!(folder.path().join("build/bt@user@Alone.beam").exists());
    let layout = Layout::find(&folder.path().join("a.bt"), "a.bt").unwrap();
    let again = Project::new(layout).build("a.bt", BuildOptions::default()).unwrap();
    assert_eq!(again.text(false), "All 1 files unchanged — nothing to compile\n");
}

#[test]
fn an_edit_recompiles_the_class_and_what_looked_at_it_and_nothing_else() {
    let files =
        [("src/shape.bt", SHAPE), ("src/square.bt", SQUARE), ("src/user.bt", USER), ("src/alone.bt", ALONE)];
    let folder = package(&files);
    let mut project = open(folder.path());
    build(&mut project);
    assert_eq!(build(&mut project).text(false), "All 4 files unchanged — nothing to compile\n");
    write(folder.path(), "src/shape.bt", &format!("{SHAPE}  fresh => 1\n"));
    let report = build(&mut project);
    assert_eq!(report.modules, ["bt@geo@Painter", "bt@geo@Shape", "bt@geo@Square"]);
    assert_eq!(report.text(false), "Compiling 3 of 4 files (1 unchanged)\n");
    write(folder.path(), "src/alone.bt", &ALONE.replace("42", "43"));
    assert_eq!(build(&mut project).modules, ["bt@geo@Alone"]);
}

#[test]
fn a_project_opened_again_knows_what_is_built() {
    let folder = package(&[("src/shape.bt", SHAPE), ("src/alone.bt", ALONE)]);
    build(&mut open(folder.path()));
    let again = build(&mut open(folder.path()));
    assert_eq!((again.compiled, again.modules.len()), (0, 0));
    fs::remove_file(folder.path().join("_build/dev/ebin/bt@geo@Alone.beam")).unwrap();
    assert_eq!(build(&mut open(folder.path())).modules, ["bt@geo@Alone"]);
    fs::write(folder.path().join("_build/dev/.beamtalk-build.json"), "{\"schema\":1").unwrap();
    assert_eq!(build(&mut open(folder.path())).modules.len(), 2);
}

#[test]
fn a_module_without_a_source_is_removed_with_a_word() {
    let folder = package(&[("src/shape.bt", SHAPE), ("src/alone.bt", ALONE)]);
    let mut project = open(folder.path());
    build(&mut project);
    fs::remove_file(folder.path().join("src/alone.bt")).unwrap();
    let report = build(&mut project);
    let note = "orphaned .beam file bt@geo@Alone.beam has no corresponding .bt source (source may have been deleted)";
    assert!(report.notes[0].contains(note), "{:?}", report.notes);
    assert!(!outputs(folder.path()).contains_key("bt@geo@Alone.beam"));
}

/// A file of classes, a protocol, an alias and a method for all; superclasses come later.
const SOLIDS: &str = "type Length = Integer | Float\n\n/// A solid.\nShape subclass: Cube\n  volume => 8\n\nProtocol define: Solid\n  volume -> Integer\n\nValue subclass: Shape\n  area => 0\n\nInteger >> cubes => self * Cube new volume\n";

#[test]
fn a_file_may_define_several_classes_each_in_a_module_of_its_own() {
    let folder = package(&[("src/solids.bt", SOLIDS), ("src/square.bt", SQUARE), ("src/alone.bt", ALONE)]);
    let mut project = open(folder.path());
    let report = build(&mut project);
    assert!(report.diagnostics.is_empty(), "{}", report.text(false));
    let all = ["bt@geo@Alone", "bt@geo@Cube", "bt@geo@Shape", "bt@geo@Solid", "bt@geo@Square"];
    assert_eq!(report.modules[..5], all);
    let app = String::from_utf8_lossy(&outputs(folder.path())["geo.app"]).into_owned();
    assert!(all.iter().all(|module| app.contains(&format!("'{module}'"))), "{app}");
    let settled = "All 3 files unchanged — nothing to compile\n";
    assert_eq!(build(&mut open(folder.path())).text(false), settled);

    write(folder.path(), "src/solids.bt", &SOLIDS.replace("area => 0", "area => 0\n  fresh => 1"));
    let report = build(&mut project);
    assert!(!report.modules.contains(&"bt@geo@Alone".to_owned()), "{:?}", report.modules);
    assert!(report.modules.contains(&"bt@geo@Square".to_owned()), "its superclass has another method");
    assert_eq!(report.text(false), "Compiling 2 of 3 files (1 unchanged)\n");

    write(folder.path(), "src/square.bt", &SQUARE.replace('4', "5"));
    assert_eq!(build(&mut project).modules, ["bt@geo@Square"]);
}

#[test]
fn a_class_that_leaves_its_file_leaves_the_outputs() {
    let two = format!("{SHAPE}\n{SQUARE}");
    let folder = package(&[("src/shape.bt", &two)]);
    let mut project = open(folder.path());
    build(&mut project);
    write(folder.path(), "src/shape.bt", SHAPE);
    let report = build(&mut project);
    assert!(report.notes[0].contains("orphaned .beam file bt@geo@Square.beam"), "{:?}", report.notes);
    let names: Vec<String> = outputs(folder.path()).into_keys().collect();
    assert_eq!(names, ["bt@geo@Shape.beam", "geo.app"]);
    assert!(!String::from_utf8_lossy(&outputs(folder.path())["geo.app"]).contains("Square"));
}

#[test]
fn a_mistake_in_one_class_of_a_file_is_told_with_its_place_and_stops_the_build() {
    let two = format!("{SHAPE}\nShape subclass: Square\n  area => 1\n  area => 2\n");
    let folder = package(&[("src/shape.bt", &two)]);
    let report = build(&mut open(folder.path()));
    let told: Vec<(u32, bool)> = report.diagnostics.iter().map(|each| (each.line, each.is_error())).collect();
    assert_eq!(told, [(7, true)], "{}", report.text(false));
    assert!(report.modules.is_empty() && outputs(folder.path()).is_empty());
}

#[test]
fn a_class_that_one_file_defines_twice_is_an_error_and_one_of_two_files_a_warning() {
    let folder = package(&[("src/twice.bt", &format!("{ALONE}\n{ALONE}"))]);
    let report = build(&mut open(folder.path()));
    let codes: Vec<&str> = report.diagnostics.iter().map(|each| each.code.as_str()).collect();
    assert_eq!((report.ok, codes), (false, vec!["E0239"]));
    let folder = package(&[("src/a.bt", ALONE), ("src/b.bt", &format!("{SHAPE}\n{ALONE}"))]);
    let report = build(&mut open(folder.path()));
    let said = "class 'Alone' is defined in both 'src/a.bt' and 'src/b.bt'; using 'src/b.bt'";
    assert_eq!((report.ok, report.diagnostics[0].message.as_str()), (true, said));
}

#[test]
fn an_error_is_shown_and_nothing_is_written() {
    let folder = package(&[("src/shape.bt", SHAPE), ("src/bad.bt", "Shape subclass: Bad\n  run => (1 + \n")]);
    let mut project = open(folder.path());
    for _ in 0..2 {
        let report = build(&mut project);
        assert!(!report.ok);
        let text = report.text(false);
        assert!(text.contains("╭─[./src/bad.bt:"), "{text}");
        assert!(text.contains("  × Failed to compile './src/bad.bt'\n"), "{text}");
        assert!(outputs(folder.path()).is_empty());
    }
}

#[test]
fn a_check_says_everything_each_time_and_writes_nothing() {
    let source = "Object subclass: A\n  run => Zork new\n";
    let folder = package(&[("src/a.bt", source)]);
    let mut project = open(folder.path());
    build(&mut project);
    let before = outputs(folder.path());
    assert_eq!(build(&mut project).diagnostics, [], "warnings are not repeated by a build");
    for _ in 0..2 {
        let report = project.check(".", BuildOptions::default()).unwrap();
        assert!(report.ok && report.text(false).contains("Zork"), "{}", report.text(false));
    }
    assert_eq!(outputs(folder.path()), before);
}

#[test]
fn the_manifest_decides_how_loud_a_category_is() {
    let source = "Object subclass: A\n  run => Zork new\n";
    let folder = package(&[("src/a.bt", source)]);
    let mut project = open(folder.path());
    assert!(build(&mut project).ok);
    write(
        folder.path(),
        "beamtalk.toml",
        &format!("{MANIFEST}[diagnostics]\nunresolved-class = \"error\"\n"),
    );
    assert!(!build(&mut project).ok);
    write(folder.path(), "beamtalk.toml", &format!("{MANIFEST}[diagnostics]\nunresolved-class = \"off\"\n"));
    assert_eq!(build(&mut project).diagnostics, []);
}

#[test]
fn what_cannot_be_built_is_said_in_the_words_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let error = Layout::find(&folder.path().join("none"), "none").unwrap_err();
    assert_eq!(error.to_string(), "Path 'none' does not exist");
    let error = open(folder.path()).build("x", BuildOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "No .bt source files found in 'x'");
    let folder = package(&[("src/a-b/x.bt", ALONE)]);
    let error = open(folder.path()).build(".", BuildOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid directory name 'a-b' in source path 'src/a-b/x.bt': must contain only alphanumeric characters and underscores"
    );
    let folder = package(&[("src/a.bt", ALONE)]);
    write(folder.path(), "beamtalk.toml", &format!("{MANIFEST}[application]\nsupervisor = \"GeoSup\"\n"));
    let error = open(folder.path()).build(".", BuildOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("Cannot find compiled module for supervisor class 'GeoSup'."));
}

#[test]
fn sources_are_found_where_the_specification_says() {
    let folder = package(&[
        ("src/a.bt", ALONE),
        ("src/node_modules/b.bt", SHAPE),
        ("test/c.bt", SHAPE),
        ("src/d.txt", ""),
    ]);
    std::os::unix::fs::symlink(folder.path().join("test/c.bt"), folder.path().join("src/link.bt")).unwrap();
    assert_eq!(build(&mut open(folder.path())).files, 1);
}

#[test]
fn bytes_that_are_no_text_are_an_error_of_that_file() {
    let folder = package(&[("src/a.bt", ALONE)]);
    fs::write(folder.path().join("src/b.bt"), [0xff, 0xfe, b'x']).unwrap();
    let report = build(&mut open(folder.path()));
    assert_eq!(report.diagnostics.iter().map(|each| each.code.as_str()).collect::<Vec<_>>(), ["E0630"]);
}

#[test]
fn hostile_sources_neither_panic_nor_overflow() {
    let deep = format!("Object subclass: A\n  run => {}1{}\n", "(".repeat(50_000), ")".repeat(50_000));
    let chain = format!("Object subclass: B\n  run => 1{}\n", " + 1".repeat(20_000));
    let folder = package(&[
        ("src/a.bt", &deep),
        ("src/b.bt", &chain),
        ("src/c.bt", "\0\0"),
        ("src/d.bt", "C subclass: D\n"),
        ("src/e.bt", "D subclass: C\n"),
    ]);
    build(&mut open(folder.path()));
}

// ---- the law of incremental builds -------------------------------------------------------------------

/// What a class of the random project looks like.
#[derive(Debug, Clone)]
struct Shape {
    superclass: usize,
    fields: usize,
    methods: Vec<(usize, usize, usize)>,
    extends: Option<usize>,
    control: bool,
}

const CLASSES: usize = 6;

impl Shape {
    fn source(&self, number: usize) -> String {
        let parents = ["Object", "Value", "Actor", "C0", "C1", "C2"];
        let parent = parents[self.superclass % parents.len()];
        let parent = if parent == format!("C{number}") { "Object" } else { parent };
        let mut text = format!("{parent} subclass: C{number}\n");
        if parent == "Value" {
            (0..self.fields).for_each(|field| text.push_str(&format!("  field: f{field} = {field}\n")));
        }
        for (index, (selector, class, body)) in self.methods.iter().enumerate() {
            let body = match body % 6 {
                0 => format!("{index}"),
                1 => format!("C{class} name m{selector}"),
                2 => format!("self m{}", selector + 1),
                3 => "self foo: 3".to_owned(),
                4 => "true ifTrue: [1] ifFalse: [self m0]".to_owned(),
                _ => format!("C{class} f0: 1"),
            };
            text.push_str(&format!("  m{} => {body}\n", selector + 4 * index));
        }
        if self.control {
            text.push_str("  ifTrue: a ifFalse: b => a value\n");
        }
        if let Some(target) = self.extends {
            let target = if target == CLASSES { "Integer".to_owned() } else { format!("C{target}") };
            text.push_str(&format!("\n{target} >> foo: x => x + {number}\n"));
        }
        text
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let method = (0..4usize, 0..CLASSES + 1, 0..6usize);
    let extends = prop::option::weighted(0.3, 0..=CLASSES);
    (0..6usize, 0..3usize, prop::collection::vec(method, 1..4), extends, prop::bool::weighted(0.15)).prop_map(
        |(superclass, fields, methods, extends, control)| Shape {
            superclass,
            fields,
            methods,
            extends,
            control,
        },
    )
}

/// An edit: of a class (or its removal), two of which share a file, then a build, sometimes by a project opened anew.
fn edit() -> impl Strategy<Value = (usize, Option<Shape>, bool)> {
    (0..CLASSES, prop::option::weighted(0.85, shape()), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_build_after_any_edits_equals_a_clean_build(edits in prop::collection::vec(edit(), 1..12)) {
        let folder = package(&[("src/base.bt", ALONE)]);
        let mut project = open(folder.path());
        let mut classes: Vec<Option<Shape>> = vec![None; CLASSES];
        for (number, class, reopen) in edits {
            classes[number] = class;
            let file = number / 2;
            let name = format!("src/c{file}.bt");
            let pair = (2 * file..CLASSES).take(2);
            let text: String = pair.filter_map(|each| Some(classes[each].as_ref()?.source(each))).collect();
            match text.as_str() {
                "" => drop(fs::remove_file(folder.path().join(&name))),
                text => write(folder.path(), &name, text),
            }
            if reopen {
                project = open(folder.path());
            }
            let report = build(&mut project);
            let clean = tempfile::tempdir().unwrap();
            write(clean.path(), "beamtalk.toml", MANIFEST);
            for entry in fs::read_dir(folder.path().join("src")).unwrap() {
                let entry = entry.unwrap();
                let text = fs::read_to_string(entry.path()).unwrap();
                write(clean.path(), &format!("src/{}", entry.file_name().to_string_lossy()), &text);
            }
            let expected = open(clean.path()).build(".", BuildOptions { threads: 1, ..BuildOptions::default() }).unwrap();
            prop_assert_eq!(report.ok, expected.ok, "{}\n{}", report.text(false), expected.text(false));
            if report.ok {
                prop_assert_eq!(outputs(folder.path()), outputs(clean.path()));
            }
            let (mut here, mut there) = (project.check(".", BuildOptions::default()).unwrap(), open(clean.path()).check(".", BuildOptions::default()).unwrap());
            here.output.clear();
            there.output.clear();
            prop_assert_eq!(here, there);
        }
    }
}
