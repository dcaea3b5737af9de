//! The Erlang modules of a package: compiled for the run, and their `eunit` tests (spec 07 section 11.4).

use crate::TestError;
use crate::cases::{self, Case, Rules};
use crate::environment::TestNode;
use crate::expectation::Expectation;
use crate::outcome::{Outcome, Status};
use beamtalk_node::CodeModule;
use beamtalk_project::{CLASS_HEADER, ProjectError, SuiteClass, class_header, compile_native};
use std::fs;
use std::path::{Path, PathBuf};

/// What a package has in Erlang.
#[derive(Debug, Default)]
pub struct Natives {
    /// To be loaded before its classes.
    pub modules: Vec<CodeModule>,
    /// Names of modules with `eunit` tests.
    pub tests: Vec<String>,
}

/// Compiles `native/*.erl` of all packages, which are in `roots`, and `native/test/*.erl` of the one in `root` into a folder of
/// the run.
///
/// # Errors
/// The compiler cannot be run, or refuses a module.
pub fn compile(
    root: &Path,
    roots: &[&Path],
    classes: &[SuiteClass],
    folder: &Path,
) -> Result<Natives, TestError> {
    let folders: Vec<PathBuf> = roots.iter().map(|root| root.join("native")).collect();
    let mut sources: Vec<PathBuf> = folders.iter().flat_map(|folder| erlang_files(folder)).collect();
    let tests = erlang_files(&root.join("native/test"));
    let is_test = |path: &&PathBuf| {
        path.file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| stem.ends_with("_test") || stem.ends_with("_tests"))
    };
    let names = tests.iter().filter(is_test).filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let tested: Vec<String> = names.collect();
    sources.extend(tests);
    if sources.is_empty() {
        return Ok(Natives::default());
    }
    let ebin = folder.join("native");
    fs::create_dir_all(&ebin).map_err(TestError::unreadable(&ebin))?;
    let header = ebin.join(CLASS_HEADER);
    let names = classes.iter().map(|class| (class.name.as_str(), class.module.as_str()));
    fs::write(&header, class_header(names)).map_err(TestError::unreadable(&header))?;
    let includes: Vec<PathBuf> = folders.iter().map(|folder| folder.join("include")).collect();
    compile_native(&sources, &includes, &ebin, &ebin).map_err(|error| match error {
        ProjectError::Native { said } => TestError::Native { said },
        other => other.into(),
    })?;
    let mut modules = Vec::new();
    for source in &sources {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let beam = ebin.join(format!("{name}.beam"));
        let bytes = fs::read(&beam).map_err(TestError::unreadable(&beam))?;
        modules.push(CodeModule { name, file: source.display().to_string(), beam: bytes });
    }
    Ok(Natives { modules, tests: tested })
}

fn erlang_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "erl"))
        .collect();
    files.sort();
    files
}

/// Whether it is of an Erlang module.
#[must_use]
pub fn is_native(outcome: &Outcome) -> bool {
    outcome.class.ends_with(LABEL)
}

/// What marks the classes of a report that are Erlang modules.
const LABEL: &str = " (native)";

/// Runs the `eunit` tests of a module, which are one test here.
///
/// # Errors
/// There is no node any more.
pub async fn run(
    module: &str,
    node: &TestNode,
    rules: Rules,
) -> Result<impl Iterator<Item = Outcome> + use<>, TestError> {
    let code = format!("Erlang eunit test: #'{module}'");
    let case = [Case { line: 1, code, promise: Some(Expectation::Text("Result ok: nil".into())) }];
    let label = format!("{module}{LABEL}");
    let verdicts = cases::run(&node.program, &label, &case, rules).await?;
    let outcomes: Vec<Outcome> = verdicts
        .into_iter()
        .map(|verdict| Outcome {
            file: format!("native/test/{module}.erl"),
            class: label.clone(),
            name: "eunit".into(),
            status: if verdict.failure.is_none() { Status::Passed } else { Status::Failed },
            message: verdict.failure.unwrap_or_default(),
            line: None,
        })
        .collect();
    Ok(outcomes.into_iter())
}
