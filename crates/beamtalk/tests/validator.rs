//! OTP's `beam_validator` accepts every module of the repository's Beamtalk: the library and its tests, the inputs of all pages,
//! the examples, the benchmarks, and generated programs.

#[path = "differential/generator.rs"]
mod generator;
#[allow(dead_code, reason = "the test of the documentation uses the rest")]
mod pages;
#[allow(dead_code, reason = "other tests use the rest")]
mod served;

use beamtalk_project::{Image, Source, Variable, library};
use pages::{Fence, entries, examples, fences, pages};
use served::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Classes of generated programs, and the programs of each.
const CLASSES: u64 = 40;
const IN_A_CLASS: usize = 25;

/// What is validated: a name for people, and the listing.
type Listings = Vec<(String, String)>;

/// The inputs of a text one after the other, as a session has them. Those that are wrong on purpose are left out.
fn inputs(image: &mut Image, name: &str, fence: &Fence, variables: &mut Vec<Variable>, found: &mut Listings) {
    for example in examples(fence) {
        let Ok(compiled) = image.compile_input(variables, &example.source, "bt@eval@1") else { continue };
        // A patch of a class of the library makes no new module.
        if let Ok(text) = image.listing(variables, &example.source)
            && !text.is_empty()
        {
            found.push((format!("{name}:{}", example.line), text));
        }
        image.commit(&compiled);
        if compiled.eval.is_some() {
            *variables = compiled.variables;
        }
    }
}

fn of_pages(found: &mut Listings) {
    for (name, page) in pages() {
        let (mut image, mut variables) = (Image::new(), Vec::new());
        for fence in fences(&page) {
            inputs(&mut image, &name, &fence, &mut variables, found);
        }
    }
}

/// The `.bt` files at any depth below a folder.
fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let (files, folders): (Vec<_>, Vec<_>) = entries(folder).into_iter().partition(|path| path.is_file());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "bt"));
    here.chain(folders.iter().flat_map(|folder| sources_below(folder))).collect()
}

/// The classes of files that belong together; the image knows them afterwards.
fn classes(image: &mut Image, paths: &[PathBuf], found: &mut Listings) {
    let texts: Vec<(String, String)> = paths
        .iter()
        .map(|path| (path.display().to_string(), fs::read_to_string(path).expect("a source")))
        .collect();
    let sources: Vec<Arc<Source>> =
        texts.iter().map(|(name, text)| Arc::new(Source::new(name.as_str(), text.as_str()))).collect();
    let Ok(compiled) = image.compile_files(&sources) else { return };
    image.commit(&compiled);
    for (name, text) in texts {
        if let Ok(listing) = image.listing(&[], &text) {
            found.push((name, listing));
        }
    }
}

fn of_library(found: &mut Listings) {
    let modules = library::modules();
    found.extend(modules.map(|module| (module.name.to_string(), beamtalk_beam::print(&module))));
    let folder = root().join("stdlib/test");
    let mut image = Image::new();
    // One by one: fixtures that are wrong on purpose take no others along; a second pass knows all superclasses.
    for _ in 0..2 {
        for path in sources_below(&folder) {
            classes(&mut image, &[path], found);
        }
    }
    for path in entries(&folder) {
        if path.extension().is_some_and(|extension| extension == "btscript") {
            let body = fs::read_to_string(&path).expect("a script");
            let fence = Fence { info: String::new(), line: 1, body };
            inputs(&mut image.clone(), &path.display().to_string(), &fence, &mut Vec::new(), found);
        }
    }
}

fn of_generator(found: &mut Listings) {
    const HEAD: &str = "Object subclass: Diff\n  classState: s = 0\n";
    let image = Image::new();
    for class in 0..CLASSES {
        let first = class * 1000;
        let methods: String =
            (first..).zip(0..IN_A_CLASS).map(|(seed, program)| generator::methods(seed, program)).collect();
        if let Ok(text) = image.listing(&[], &format!("{HEAD}{methods}")) {
            found.push((format!("generated from {first}"), text));
        }
    }
}

#[test]
fn the_validator_accepts_every_module_of_the_repository() {
    let mut found = Listings::new();
    let mut counted = |what: &str, least: usize, add: &dyn Fn(&mut Listings)| {
        let before = found.len();
        add(&mut found);
        let count = found.len() - before;
        eprintln!("{what}: {count} modules");
        assert!(count >= least, "only {count} modules of {what}");
    };
    counted("the pages", 1000, &of_pages);
    counted("the library and its tests", 150, &of_library);
    for folder in ["examples", "bench"] {
        counted(folder, 5, &|found| classes(&mut Image::new(), &sources_below(&root().join(folder)), found));
    }
    counted("generated programs", 40, &of_generator);
    let borrowed: Vec<(&str, &str)> =
        found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    if let Err(complaints) = beamtalk_beam::testing::validate_all(&borrowed) {
        panic!("{complaints}");
    }
}
