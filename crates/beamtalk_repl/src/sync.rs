//! Loading a project: what has changed in its files since the last time (spec 06 section 12).
//!
//! A file that does not compile costs its own classes and those that need them; the others are loaded. What was loaded is
//! remembered by the time and size of each file, for as long as the host lives.

use crate::calls::DURABLE;
use crate::calls::located;
use crate::compiler::{Problem, SourceFile};
use crate::files;
use crate::image::Image;
use crate::journal::Entry;
use crate::reply::{Failure, Frame};
use beamtalk_node::{CodeModule, SyncError, Synced};
use beamtalk_project::{
    CLASS_HEADER, MANIFEST, Manifest, Package, ProjectError, class_header, compile_native,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is known of the files of projects that were loaded.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    files: BTreeMap<PathBuf, Loaded>,
    /// Projects that were loaded at least once.
    projects: BTreeSet<PathBuf>,
}

impl Memory {
    /// The node has the project's classes from the time of an earlier host, with what was changed in them since.
    pub(crate) fn found(&mut self, project: &Path) {
        self.projects.insert(project.to_path_buf());
    }
}

/// A file as it was when it was loaded.
#[derive(Debug, Clone)]
struct Loaded {
    modified: Option<SystemTime>,
    bytes: u64,
    is_good: bool,
    /// The classes that it defines.
    names: Vec<String>,
}

impl Loaded {
    fn is_as(&self, now: &Self) -> bool {
        self.is_good && (self.modified, self.bytes) == (now.modified, now.bytes)
    }
}

/// A file to load, and how it is now.
type Wish = (PathBuf, Loaded);

/// What to load.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// The tests, too.
    pub(crate) tests: bool,
    /// Files that have not changed, too.
    pub(crate) all: bool,
    /// Nothing, if the project was loaded before.
    pub(crate) first: bool,
}

/// The files of a project and of the packages that it uses.
struct Sources {
    beamtalk: Vec<PathBuf>,
    erlang: Vec<PathBuf>,
    /// Folders of which it is known that they hold nothing else.
    folders: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    /// The names of the packages.
    packages: Vec<String>,
}

impl Sources {
    /// Whether the compiler only does not know the package that the project is or uses: it takes all classes for those of the
    /// prompt.
    fn has_package(&self, problem: &Problem) -> bool {
        let named = problem.message.split('\'').nth(1).unwrap_or_default();
        problem.code == UNKNOWN_CLASS && self.packages.iter().any(|package| package == named)
    }
}

/// The compiler's warning of a class, or the package of one, that it does not know.
const UNKNOWN_CLASS: &str = "E0320";

/// Loads what has changed in the project at `root`.
pub(crate) async fn sync(image: &Image, root: &Path, wanted: Wanted) -> Result<Synced, Failure> {
    let mut memory = image.synced.lock().await;
    if wanted.first && (memory.projects.contains(root) || !root.join(MANIFEST).is_file()) {
        return Ok(Synced::default());
    }
    let folder = root.to_path_buf();
    let found = tokio::task::spawn_blocking(move || sources(&folder, wanted.tests)).await;
    let found = found.map_err(|error| Failure::new(error.to_string()))??;
    let Memory { files: known, projects } = &mut *memory;
    projects.insert(root.to_path_buf());
    let mut synced = Synced::default();
    let gone = gone(&found, known);
    let lost = lost(image, &found, known, &gone).await?;
    let mut natives = changed(&found.erlang, known, |_| wanted.all);
    let mut sources = changed(&found.beamtalk, known, |path| wanted.all || lost.contains(path));
    let total = found.erlang.len() + found.beamtalk.len();
    synced.unchanged = total - natives.len() - sources.len();
    let name = |path: &PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let modules: Vec<String> = found.erlang.iter().filter_map(name).collect();
    image.compiler.run(move |compiler| compiler.know_natives(modules)).await?;
    if !natives.is_empty() {
        load_natives(image, &found, &mut natives, &mut synced).await?;
    }
    let unwritten = image.with_log(|log, compiler| log.unwritten(compiler)).await?;
    load_sources(image, &found, &mut sources, &gone, &mut synced).await?;
    let replaced = unwritten.into_iter().filter(|(class, _)| synced.classes.contains(class));
    let said: Vec<String> = replaced
        .map(|(_, method)| {
            format!(
                "The unsaved change of {method} is replaced by its file. `Workspace changes` still has it."
            )
        })
        .collect();
    synced.warnings.extend(said);
    synced.changed = natives.iter().chain(&sources).filter(|(_, loaded)| loaded.is_good).count();
    let good = sources.iter().filter(|(_, loaded)| loaded.is_good).map(|(path, _)| path.clone());
    let emptied: Vec<PathBuf> = good.chain(gone.iter().cloned()).collect();
    known.extend(natives.into_iter().chain(sources));
    unload_left(image, &emptied, &mut synced).await?;
    synced.deleted = gone.len();
    let failed = |path: &PathBuf| synced.errors.iter().any(|error| path.as_os_str() == error.path.as_str());
    // What could not be taken out is tried again the next time.
    known.retain(|path, _| !gone.contains(path) || failed(path));
    synced.warnings.extend(redefined(known, &emptied));
    synced.summary = summary(&synced, total);
    Ok(synced)
}

/// What `Workspace sync` and the client say of it.
fn summary(synced: &Synced, total: usize) -> String {
    let mut parts = Vec::new();
    if synced.unchanged > 0 {
        parts.push(format!("{} unchanged", synced.unchanged));
    }
    if synced.deleted > 0 {
        parts.push(format!("{} deleted", synced.deleted));
    }
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    format!("Reloaded {} of {total} files{parts}", synced.changed)
}

/// The reply of the operation `load-project`.
pub(crate) fn frame(synced: Synced) -> Frame {
    let Synced { summary, classes, errors, warnings, changed, unchanged, deleted } = synced;
    let errors: Vec<Value> = errors.into_iter().map(described).collect();
    let counts = json!({"changed": changed, "unchanged": unchanged, "deleted": deleted});
    let frame = Frame::new().with("classes", classes).with("errors", errors).with("summary", summary);
    let frame = frame.with("counts", counts);
    if warnings.is_empty() { frame } else { frame.with("warnings", warnings) }
}

fn described(error: SyncError) -> Value {
    let SyncError { path, kind, message, line, hint } = error;
    let mut fields = json!({"path": path, "kind": kind, "message": message});
    if let Some(line) = line {
        fields["line"] = line.into();
    }
    if let Some(hint) = hint {
        fields["hint"] = hint.into();
    }
    fields
}

/// Finds the files of a project; those of packages that it uses come first.
fn sources(root: &Path, tests: bool) -> Result<Sources, Failure> {
    let path = root.join(MANIFEST);
    let absent = |_| Failure {
        details: Frame::new().with("kind", "file_not_found"),
        ..Failure::new(format!("No {MANIFEST} found in: {}", root.display()))
            .hint(format!("Provide a directory path containing {MANIFEST}"))
    };
    let text = fs::read_to_string(&path).map_err(absent)?;
    let refused = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let manifest = Manifest::parse(&text, &path).map_err(|error| refused(&error))?;
    let used = Package::used_by(root, &manifest).map_err(|error| refused(&error))?;
    let names = used.iter().map(|package| package.manifest.name.clone());
    let packages = names.chain([manifest.name.clone()]).collect();
    let roots: Vec<PathBuf> =
        used.into_iter().map(|package| package.root).chain([root.to_path_buf()]).collect();
    let mut folders: Vec<PathBuf> = roots.iter().map(|root| root.join("src")).collect();
    folders.extend(tests.then(|| root.join("test")));
    let mut beamtalk = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        beamtalk.extend(files::below(folder, "bt").map_err(Failure::new)?);
    }
    let natives: Vec<PathBuf> = roots.iter().map(|root| root.join("native")).collect();
    let mut erlang = Vec::new();
    for folder in natives.iter().filter(|folder| folder.is_dir()) {
        let found = files::below(folder, "erl").map_err(Failure::new)?;
        // Tests of Erlang modules are none of the program's.
        erlang.extend(found.into_iter().filter(|path| path.parent() == Some(folder.as_path())));
    }
    let includes = natives.iter().map(|folder| folder.join("include")).collect();
    folders.extend(natives);
    Ok(Sources { beamtalk, erlang, folders, includes, packages })
}

/// The files that are not as they were when they were loaded, and how they are now.
fn changed(
    paths: &[PathBuf],
    known: &BTreeMap<PathBuf, Loaded>,
    again: impl Fn(&PathBuf) -> bool,
) -> Vec<Wish> {
    let now = |path: &PathBuf| {
        let found = fs::metadata(path).ok();
        let modified = found.as_ref().and_then(|found| found.modified().ok());
        Loaded { modified, bytes: found.map_or(0, |found| found.len()), is_good: true, names: Vec::new() }
    };
    let read = paths.iter().map(|path| (path.clone(), now(path)));
    read.filter(|(path, now)| again(path) || known.get(path).is_none_or(|old| !old.is_as(now))).collect()
}

/// The files that were loaded and are not there any more.
fn gone(found: &Sources, known: &BTreeMap<PathBuf, Loaded>) -> Vec<PathBuf> {
    let here: HashSet<&PathBuf> = found.beamtalk.iter().chain(&found.erlang).collect();
    let is_gone = |path: &&PathBuf| {
        !here.contains(path) && found.folders.iter().any(|folder| path.starts_with(folder)) && !path.exists()
    };
    known.keys().filter(is_gone).cloned().collect()
}

/// The files with a class that is not loaded from any of the project's files now: it was removed, or defined otherwise, or
/// another file that is gone defined it too.
async fn lost(
    image: &Image,
    found: &Sources,
    known: &BTreeMap<PathBuf, Loaded>,
    gone: &[PathBuf],
) -> Result<HashSet<PathBuf>, Failure> {
    if known.is_empty() {
        return Ok(HashSet::new());
    }
    let paths: Vec<PathBuf> = found.beamtalk.clone();
    let loaded = image.compiler.run(move |compiler| compiler.classes_in(&paths)).await?;
    let there: HashSet<String> = loaded.into_iter().map(|(class, _)| class).collect();
    let is_lost = |loaded: &Loaded| loaded.is_good && loaded.names.iter().any(|name| !there.contains(name));
    let lost = known.iter().filter(|(path, loaded)| !gone.contains(path) && is_lost(loaded));
    Ok(lost.map(|(path, _)| path.clone()).collect())
}

/// What is to be said of classes of several files, the last of which was loaded now.
fn redefined(known: &BTreeMap<PathBuf, Loaded>, loaded: &[PathBuf]) -> Vec<String> {
    let mut first: BTreeMap<&str, &PathBuf> = BTreeMap::new();
    let mut said = Vec::new();
    for (path, file) in known {
        for name in &file.names {
            match first.get(name.as_str()) {
                Some(other) if loaded.contains(path) || loaded.contains(other) => said.push(format!(
                    "Class '{name}' redefined (was {}, now {}). Remove or rename one of them.",
                    other.display(),
                    path.display()
                )),
                Some(_) => {}
                None => {
                    first.insert(name, path);
                }
            }
        }
    }
    said
}

/// Compiles and loads the files; those that fail are marked, and told of.
async fn load_sources(
    image: &Image,
    found: &Sources,
    wanted: &mut [Wish],
    gone: &[PathBuf],
    synced: &mut Synced,
) -> Result<(), Failure> {
    // A file that is gone is empty: so it takes its methods for other classes along.
    let emptied = gone.iter().filter(|path| path.extension().is_some_and(|extension| extension == "bt"));
    let mut left: Vec<SourceFile> =
        emptied.map(|path| SourceFile { path: path.clone(), text: String::new() }).collect();
    for (path, loaded) in wanted.iter_mut() {
        match files::read_one(path, &path.to_string_lossy()) {
            Ok(source) => {
                loaded.names = defined_names(&source.text);
                left.push(source);
            }
            Err(message) => {
                loaded.is_good = false;
                synced.errors.push(failed(path, "io_error", message));
            }
        }
    }
    while !left.is_empty() {
        let attempt = left.clone();
        let entry = Entry::files(&attempt);
        let compiled = image.change(entry, DURABLE, move |compiler| compiler.compile_files(&attempt)).await?;
        if compiled.errors.is_empty() {
            let mut known = HashSet::new();
            let classes = compiled.classes.into_iter();
            synced.classes = classes.filter(|class| known.insert(class.clone())).collect();
            synced
                .warnings
                .extend(compiled.warnings.iter().filter(|problem| !found.has_package(problem)).map(located));
            return Ok(());
        }
        let mut failing: HashSet<PathBuf> =
            compiled.errors.iter().filter_map(|problem| problem.path.clone()).collect();
        if left.iter().all(|source| !failing.contains(&source.path)) {
            // The error is of none of them, so it is of all.
            failing.extend(left.iter().map(|source| source.path.clone()));
        }
        synced.errors.extend(compiled.errors.iter().map(refused));
        left.retain(|source| !failing.contains(&source.path));
        for (path, loaded) in wanted.iter_mut().filter(|(path, _)| failing.contains(path)) {
            tracing::debug!(path = %path.display(), "does not compile");
            loaded.is_good = false;
        }
    }
    Ok(())
}

fn failed(path: &Path, kind: &str, message: String) -> SyncError {
    SyncError {
        path: path.to_string_lossy().into_owned(),
        kind: kind.to_owned(),
        message,
        line: None,
        hint: None,
    }
}

fn refused(problem: &Problem) -> SyncError {
    SyncError {
        path: problem.path.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default(),
        kind: "compile_failed".into(),
        message: problem.message.clone(),
        line: Some(problem.line),
        hint: problem.help.clone(),
    }
}

/// Compiles and loads Erlang modules, all or none of them.
async fn load_natives(
    image: &Image,
    found: &Sources,
    wanted: &mut [Wish],
    synced: &mut Synced,
) -> Result<(), Failure> {
    let sources: Vec<PathBuf> = wanted.iter().map(|(path, _)| path.clone()).collect();
    let includes = found.includes.clone();
    let known = image.node.modules().await?;
    let classes: Vec<(String, String)> =
        known.into_iter().map(|module| (module.name, module.module)).collect();
    let compile = move || compile_natives(&sources, &includes, &classes);
    let compiled =
        tokio::task::spawn_blocking(compile).await.map_err(|error| Failure::new(error.to_string()))?;
    match compiled {
        Ok(modules) => {
            image.node.load(modules).await?;
            Ok(())
        }
        Err(said) => {
            let path = wanted.first().map(|(path, _)| path.clone()).unwrap_or_default();
            synced.errors.push(failed(&path, "compile_failed", said));
            for (_, loaded) in wanted {
                loaded.is_good = false;
            }
            Ok(())
        }
    }
}

/// The modules, or what Erlang's compiler says against them.
fn compile_natives(
    sources: &[PathBuf],
    includes: &[PathBuf],
    classes: &[(String, String)],
) -> Result<Vec<CodeModule>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a folder for modules: {error}"))?;
    let names = classes.iter().map(|(name, module)| (name.as_str(), module.as_str()));
    let header = folder.path().join(CLASS_HEADER);
    fs::write(&header, class_header(names)).map_err(|error| format!("{}: {error}", header.display()))?;
    compile_native(sources, includes, folder.path(), folder.path()).map_err(|error| match error {
        ProjectError::Native { said } => said,
        other => other.to_string(),
    })?;
    let module = |source: &PathBuf| {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = folder.path().join(format!("{name}.beam"));
        let beam = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(CodeModule { name, file: source.to_string_lossy().into_owned(), beam })
    };
    sources.iter().map(module).collect()
}

fn defined_names(text: &str) -> Vec<String> {
    beamtalk_project::Source::new("", text).defined_names().iter().map(ToString::to_string).collect()
}

/// Removes the classes that their files do not define any more, those that others inherit from last.
async fn unload_left(image: &Image, files: &[PathBuf], synced: &mut Synced) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    let paths = files.to_vec();
    let classes = image.compiler.run(move |compiler| compiler.classes_in(&paths)).await?;
    let mut left: Vec<_> = classes.into_iter().filter(|(class, _)| !synced.classes.contains(class)).collect();
    loop {
        let before = left.len();
        let mut kept = Vec::new();
        for (class, path) in left {
            if let Err(failure) = image.unload(class.clone()).await {
                kept.push((class, path, failure));
            }
        }
        if kept.is_empty() || kept.len() == before {
            let errors =
                kept.into_iter().map(|(_, path, failure)| failed(&path, "unload_failed", failure.message));
            synced.errors.extend(errors);
            return Ok(());
        }
        left = kept.into_iter().map(|(class, path, _)| (class, path)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_only_what_there_is() {
        let synced =
            |changed, unchanged, deleted| Synced { changed, unchanged, deleted, ..Synced::default() };
        assert_eq!(summary(&synced(2, 0, 0), 2), "Reloaded 2 of 2 files");
        assert_eq!(summary(&synced(2, 3, 0), 5), "Reloaded 2 of 5 files (3 unchanged)");
        assert_eq!(summary(&synced(0, 4, 1), 4), "Reloaded 0 of 4 files (4 unchanged, 1 deleted)");
    }
}
