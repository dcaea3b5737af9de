//! Answering the node's questions about the log of changes.

use crate::calls::{change, changed, refusal};
use crate::change_log::{Intent, NewClass, REMOVE_METHOD};
use crate::compiler::SourceFile;
use crate::image::Image;
use crate::journal::Entry;
use crate::reply::Failure;
use crate::saving::Logging;
use beamtalk_home::Change;
use beamtalk_node::{Answer, ChangeQuestion, MethodName, Refusal};
use beamtalk_project::{MANIFEST, Source, in_source_tree};
use std::path::{Path, PathBuf};

/// Answers one of them.
pub(crate) async fn answer(image: &Image, question: ChangeQuestion) -> Result<Answer, Refusal> {
    let failed = |error| refusal("internal_error", Failure::from(error));
    match question {
        ChangeQuestion::All => {
            let facts = image.with_log(|log, compiler| log.facts(compiler)).await;
            facts.map(Answer::Changes).map_err(failed)
        }
        ChangeQuestion::NewClass { source, path } => new_class(image, source, path).await,
        ChangeQuestion::Flush { filter, destructive } => {
            image.flush(filter, destructive).await.map(Answer::Flushed).map_err(failed)
        }
        ChangeQuestion::Revert { seq } => revert(image, seq).await,
        ChangeQuestion::Clear => {
            image.with_log(|log, _| log.clear()).await.map_err(failed)?;
            Ok(Answer::Done)
        }
        ChangeQuestion::Autoflush => Ok(Answer::Flag(image.changes.autoflush())),
        ChangeQuestion::SetAutoflush(on) => {
            image.set_autoflush(on);
            Ok(Answer::Flag(on))
        }
    }
}

/// Loads a class whose file is written with the next flush.
async fn new_class(image: &Image, source: String, path: String) -> Result<Answer, Refusal> {
    let root = image.changes.log().root.clone();
    let target = new_file(&root, &path)?;
    let text = source.clone();
    let found = image
        .compiler
        .run(move |compiler| {
            let names = Source::new("", text).defined_names();
            let known = names.iter().any(|name| compiler.kind_of(name).is_some());
            (names, known)
        })
        .await;
    let (names, known) = found.map_err(|error| refusal("internal_error", Failure::from(error)))?;
    let [class] = names.as_slice() else {
        let what = if names.is_empty() { "does not define a class" } else { "defines more than one class" };
        let hint = "Give it one class, such as `Object subclass: Gadget`.";
        return Err(refused("compile_failed", format!("newClass:at: the source {what}"), hint));
    };
    let name = Path::new(&path).file_name().unwrap_or_default().to_string_lossy();
    let base = name.strip_suffix(".bt").unwrap_or(&name);
    if !name.ends_with(".bt") || !file_names(class).iter().any(|allowed| allowed == base) {
        let message = format!(
            "newClass:at: declared class {class} does not match basename '{base}' of {path}; name the file {class}.bt"
        );
        return Err(refused("class_name_mismatch", message, "The file bears the name of its class."));
    }
    if known {
        let message =
            format!("newClass:at: class {class} is already loaded; remove it first, or change its methods");
        return Err(refused("class_already_loaded", message, "Use compile:source: to change a class."));
    }
    let new = NewClass { class: class.to_string(), path: target.clone(), source: source.clone() };
    let sources = vec![SourceFile { path: target, text: source }];
    let entry = Entry::files(&sources);
    let compile = move |compiler: &mut dyn crate::Compiler| compiler.compile_files(&sources);
    let compiled = changed(image, entry, Logging::NewClass(new), compile).await?;
    Ok(Answer::Names(compiled.classes))
}

/// Where the file of a new class will be.
fn new_file(root: &Path, path: &str) -> Result<PathBuf, Refusal> {
    if std::fs::symlink_metadata(root.join(path)).is_ok() {
        let message = format!("newClass:at: {path} already exists");
        return Err(refused(
            "file_exists",
            message,
            "Load it with `Workspace load:`, or choose another name.",
        ));
    }
    in_source_tree(root, Path::new(path)).ok_or_else(|| {
        let hint = if root.join(MANIFEST).is_file() {
            format!("Choose a place below {}, such as src.", root.display())
        } else {
            format!("There is no project: {} has no {MANIFEST}.", root.display())
        };
        refused(
            "invalid_path",
            format!("newClass:at: target is outside the project source tree: {path}"),
            &hint,
        )
    })
}

/// `MyGiz`, `myGiz` and `my_giz`.
fn file_names(class: &str) -> [String; 3] {
    let mut characters = class.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_lowercase).collect();
    let snake = class.chars().enumerate().fold(String::new(), |mut name, (at, each)| {
        if at > 0 && each.is_uppercase() {
            name.push('_');
        }
        name.extend(each.to_lowercase());
        name
    });
    [class.to_owned(), first + characters.as_str(), snake]
}

/// Gives a method the text that it had before a change.
async fn revert(image: &Image, seq: u64) -> Result<Answer, Refusal> {
    let found = image
        .with_log(move |log, compiler| {
            let change = log.active(seq, compiler).cloned()?;
            let module = compiler.module_of(&change.stored.class)?;
            Some((change, module))
        })
        .await
        .map_err(|error| refusal("internal_error", Failure::from(error)))?;
    let impossible = |why: &str| {
        refused(
            "revert_not_possible",
            format!("revert: {why}"),
            "See `Workspace changes` for what can be reverted.",
        )
    };
    let Some((Change { stored, previous, .. }, module)) = found else {
        return Err(impossible("there is no active entry of this number"));
    };
    let (Some(selector), Some(side)) = (stored.selector, stored.side) else {
        let message = format!("revert: a change of kind {} cannot be reverted", stored.kind);
        return Err(refused("unsupported_revert_kind", message, "Only changes of methods can."));
    };
    let Some(source) = previous else {
        let what = if stored.kind == REMOVE_METHOD {
            "the method had no text"
        } else {
            "there was no method before"
        };
        return Err(impossible(&format!("{what}; use removeSelector: to remove it")));
    };
    let method = MethodName { module, class_side: side == "class", selector };
    change(image, method, Some(source), Intent::Durable)
        .await
        .map_err(|refused| Refusal { kind: "revert_install_failed", ..refused })?;
    Ok(Answer::Text(stored.class))
}

fn refused(kind: &'static str, message: String, hint: &str) -> Refusal {
    Refusal { kind, message, hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_bear_its_class_in_three_ways() {
        assert_eq!(file_names("MyGiz"), ["MyGiz", "myGiz", "my_giz"]);
        assert_eq!(file_names("Tally"), ["Tally", "tally", "tally"]);
    }

    #[test]
    fn a_new_file_is_new_and_in_the_source_tree() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        let kind = |path: &str| new_file(&root, path).map_err(|refused| refused.kind);
        assert_eq!(kind("src/A.bt"), Err("invalid_path"), "there is no project");
        std::fs::write(root.join(MANIFEST), "").unwrap();
        assert_eq!(kind("src/A.bt"), Ok(root.join("src/A.bt")));
        assert_eq!(kind("../A.bt"), Err("invalid_path"));
        assert_eq!(kind(MANIFEST), Err("file_exists"));
    }
}
