//! Answering the node's questions: what a program does to its own classes.
//!
//! A program waits for each answer, in an evaluation or an actor. An evaluation holds no lock of ours while it runs, so an
//! answer may take [`Image`]'s turn of changes like every other load.

use crate::change_calls;
use crate::change_log::Intent;
use crate::compiler::{BUILT, Compiled, Compiler, Problem, SourceFile};
use crate::files;
use crate::host::LogFile;
use crate::image::Image;
use crate::journal::Entry;
use crate::reply::Failure;
use crate::saving::Logging;
use crate::sync;
use beamtalk_node::{
    Answer, Call, CodeModule, MethodName, PackageFacts, Query, Question, Refusal, VariableKind,
};
use beamtalk_project::{Manifest, Package};
use serde_json::json;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is changed stays.
pub(crate) const DURABLE: Logging = Logging::Edits(Intent::Durable);

/// Answers one question.
pub(crate) async fn answer(image: Arc<Image>, project: PathBuf, log: Option<LogFile>, call: Call) {
    let answer = match call.question.clone() {
        Question::MethodSource(method) => method_source(&image, method).await,
        Question::Compile { method, source, durable } => {
            let intent = if durable { Intent::Durable } else { Intent::Ephemeral };
            change(&image, method, Some(source), intent).await
        }
        Question::Define { source } => define(&image, source).await,
        Question::Precheck { method, source } => precheck(&image, method, source).await,
        Question::Recheck => recheck(&image).await,
        Question::Query(query) => self::query(&image, query).await,
        Question::Expression { source } => expression(&image, source).await,
        Question::RemoveSelector(method) => change(&image, method, None, Intent::Durable).await,
        Question::Changes(question) => change_calls::answer(&image, question).await,
        Question::RemoveClass { module } => remove_class(&image, module).await,
        Question::Reload { module } => reload(&image, &project, module).await,
        Question::LoadPath(path) => load_path(&image, &project, &path).await,
        Question::SyncProject => match sync::sync(&image, &project, sync::Wanted::default()).await {
            Ok(synced) => Ok(Answer::Synced(synced)),
            Err(failure) => Err(refusal("file_not_found", failure)),
        },
        Question::Packages => packages(project).await,
        Question::Application => application(project).await,
        Question::LogFile => match log {
            Some(log) => Ok(Answer::LogFile(log.path.to_string_lossy().into_owned(), log.format())),
            // There is none.
            None => return,
        },
        Question::LogFormat(format) => {
            if let Some(log) = log {
                log.set_format(format);
            }
            Ok(Answer::Done)
        }
        // Dropping it says that it is unsupported.
        Question::Unknown(what) => return tracing::warn!(what, "the node asks something that is not known"),
    };
    call.answer(answer);
}

async fn method_source(image: &Image, method: MethodName) -> Result<Answer, Refusal> {
    let text = image.compiler.run(move |compiler| compiler.method_source(&method)).await;
    let text = text.map_err(|error| refusal("internal_error", Failure::from(error)))?;
    Ok(Answer::Text(text.unwrap_or_default()))
}

/// Compiles a class with a new text for one method, or without it.
pub(crate) async fn change(
    image: &Image,
    method: MethodName,
    source: Option<String>,
    intent: Intent,
) -> Result<Answer, Refusal> {
    let class = class_of(image, &method.module).await?;
    let entry = Entry::Method {
        module: method.module.clone(),
        class_side: method.class_side,
        selector: method.selector.clone(),
        source: source.clone(),
    };
    changed(image, entry, Logging::Edits(intent), move |compiler| match &source {
        Some(source) => compiler.compile_method(&method, source),
        None => compiler.remove_method(&method),
    })
    .await?;
    image.router.push("classes", "loaded", json!({"class": class}));
    Ok(Answer::Done)
}

/// Compiles a class that a program has built.
async fn define(image: &Image, text: String) -> Result<Answer, Refusal> {
    let sources = vec![SourceFile { path: BUILT.into(), text }];
    let entry = Entry::files(&sources);
    let compiled = changed(image, entry, DURABLE, move |compiler| compiler.compile_files(&sources)).await?;
    for class in &compiled.classes {
        image.router.push("classes", "loaded", json!({"class": class}));
    }
    Ok(Answer::Done)
}

async fn precheck(image: &Image, method: MethodName, source: String) -> Result<Answer, Refusal> {
    let found = image.compiler.run(move |compiler| compiler.precheck(&method, &source)).await;
    let found = found.map_err(|error| refusal("internal_error", Failure::from(error)))?;
    found.map_err(|errors| rejected(&errors))
}

async fn recheck(image: &Image) -> Result<Answer, Refusal> {
    let found = image.compiler.run(|compiler| compiler.recheck()).await;
    found.map_err(|error| refusal("internal_error", Failure::from(error)))
}

async fn query(image: &Image, query: Query) -> Result<Answer, Refusal> {
    let found = image.compiler.run(move |compiler| compiler.query(&query)).await;
    found.map(Answer::Sites).map_err(|error| refusal("internal_error", Failure::from(error)))
}

/// Compiles an expression for the program that asks. The node gives the module's name back like that of an input.
async fn expression(image: &Image, source: String) -> Result<Answer, Refusal> {
    let failed = |failure| refusal("eval_failed", failure);
    let name = image.take_name().await.map_err(failed)?;
    let variables = vec![("self".to_owned(), VariableKind::Value)];
    let compiled = image.compile(source, variables, name.clone()).await;
    match compiled {
        Ok(Compiled { eval: Some(beam), modules, .. }) if modules.is_empty() => {
            image.hold(&name);
            Ok(Answer::Code(CodeModule { name, file: "repl".into(), beam }))
        }
        outcome => {
            image.router.names().give_back(&name);
            let compiled = outcome.map_err(failed)?;
            if !compiled.errors.is_empty() {
                return Err(Refusal { kind: "eval_failed", ..rejected(&compiled.errors) });
            }
            Err(Refusal {
                kind: "eval_failed",
                message: "The source is not an expression".into(),
                hint: Some("Definitions belong into a file or an input of their own.".into()),
            })
        }
    }
}

pub(crate) async fn changed(
    image: &Image,
    entry: Entry,
    logging: Logging,
    work: impl FnOnce(&mut dyn Compiler) -> Compiled + Send + 'static,
) -> Result<Compiled, Refusal> {
    let compiled =
        image.change(entry, logging, work).await.map_err(|failure| refusal("load_failed", failure))?;
    if compiled.errors.is_empty() { Ok(compiled) } else { Err(rejected(&compiled.errors)) }
}

async fn remove_class(image: &Image, module: String) -> Result<Answer, Refusal> {
    let class = class_of(image, &module).await?;
    image.forget(class).await.map_err(|failure| refusal("runtime_error", failure))?;
    Ok(Answer::Done)
}

async fn reload(image: &Image, project: &Path, module: String) -> Result<Answer, Refusal> {
    let class = class_of(image, &module).await?;
    let found = image.compiler.run(move |compiler| compiler.source_file(&module)).await;
    let Ok(Some(path)) = found else {
        return Err(Refusal {
            kind: "no_source_file",
            message: format!("{class} has no source file; stdlib classes cannot be reloaded"),
            hint: None,
        });
    };
    let shown = path.to_string_lossy().into_owned();
    let classes = load(image, project, std::slice::from_ref(&shown))
        .await
        .map_err(|refused| Refusal { kind: "reload_failed", ..refused })?;
    if classes.contains(&class) {
        return Ok(Answer::Done);
    }
    Err(Refusal {
        kind: "reload_failed",
        message: format!("{shown} does not define {class} any more"),
        hint: Some(format!("Remove the old class with `{class} removeFromSystem`.")),
    })
}

async fn load_path(image: &Image, project: &Path, path: &str) -> Result<Answer, Refusal> {
    load(image, project, &[path.to_owned()]).await.map(Answer::Names)
}

/// The package of the project and those that it uses.
async fn packages(project: PathBuf) -> Result<Answer, Refusal> {
    Ok(Answer::Packages(packages_around(project).await?.into_iter().map(facts).collect()))
}

/// The class that supervises the project's application; no name where there is none.
async fn application(project: PathBuf) -> Result<Answer, Refusal> {
    let package = packages_around(project).await?.into_iter().next();
    Ok(Answer::Text(package.and_then(|package| package.manifest.supervisor).unwrap_or_default()))
}

/// A manifest that cannot be read describes nothing.
async fn packages_around(project: PathBuf) -> Result<Vec<Package>, Refusal> {
    let read = tokio::task::spawn_blocking(move || Package::around(&project)).await;
    let found = read.map_err(|error| refusal("internal_error", Failure::new(error.to_string())))?;
    Ok(found.unwrap_or_else(|error| {
        tracing::warn!(%error, "the project's manifest describes no package");
        Vec::new()
    }))
}

fn facts(package: Package) -> PackageFacts {
    let Manifest { name, version, description, dependencies, .. } = package.manifest;
    let dependencies = dependencies.into_iter().map(|each| each.name).collect();
    let description = description.unwrap_or_default();
    PackageFacts { name, version, description, dependencies, root: package.root }
}

/// Compiles the files at all of these paths together.
pub(crate) async fn load(image: &Image, project: &Path, paths: &[String]) -> Result<Vec<String>, Refusal> {
    let (mut sources, mut known) = (Vec::new(), HashSet::new());
    for path in paths {
        let (base, wanted) = (project.to_path_buf(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || files::read(&base, &wanted)).await;
        let read = read.unwrap_or_else(|error| Err(error.to_string()));
        let (found, _) = read.map_err(|message| {
            let there = std::fs::metadata(project.join(path));
            let gone = there.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
            Refusal { kind: if gone { "file_not_found" } else { "io_error" }, message, hint: None }
        })?;
        sources.extend(found.into_iter().filter(|source| known.insert(source.path.clone())));
    }
    let entry = Entry::files(&sources);
    Ok(changed(image, entry, DURABLE, move |compiler| compiler.compile_files(&sources)).await?.classes)
}

async fn class_of(image: &Image, module: &str) -> Result<String, Refusal> {
    let asked = module.to_owned();
    let class = image.compiler.run(move |compiler| compiler.class_of(&asked)).await;
    class.ok().flatten().ok_or_else(|| Refusal {
        kind: "compile_failed",
        message: format!("Class source not available for {module}"),
        hint: Some("Load the class again.".into()),
    })
}

/// What the compiler did not take.
fn rejected(errors: &[Problem]) -> Refusal {
    let absent = errors.iter().any(|problem| problem.code == ABSENT_METHOD);
    let messages: Vec<_> = errors.iter().map(located).collect();
    Refusal {
        kind: if absent { "selector_not_found" } else { "compile_failed" },
        message: messages.join("\n"),
        hint: errors.iter().find_map(|problem| problem.help.clone()),
    }
}

/// The code of the compiler's word that there is no such method.
const ABSENT_METHOD: &str = "E0613";

pub(crate) fn located(problem: &Problem) -> String {
    match &problem.path {
        Some(path) => format!("{} in {} at line {}", problem.message, path.display(), problem.line),
        None => problem.message.clone(),
    }
}

pub(crate) fn refusal(kind: &'static str, failure: Failure) -> Refusal {
    Refusal { kind, message: failure.message, hint: failure.hint }
}
