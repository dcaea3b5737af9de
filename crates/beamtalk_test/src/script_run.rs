//! A run of `.btscript` files or of Markdown pages.

use crate::cases::{self, Rules};
use crate::classes::{self, Pace, Plan};
use crate::environment::{Environment, SESSION};
use crate::outcome::{Outcome, Status, Tally};
use crate::script::{Load, Script};
use crate::{Coverage, TestError, markdown};
use beamtalk_node::Node;
use beamtalk_project::{Image, MANIFEST};
use beamtalk_repl::{Program, Unevaluated};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

const SKIPPED: [&str; 4] = ["target", "node_modules", "_build", "fixtures"];

/// What kind of files are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.btscript`
    Script,
    /// `.md`
    Markdown,
}

/// Which files are run, and how.
#[derive(Debug, Clone)]
pub struct ScriptRun {
    /// A file, or a folder of them.
    pub path: PathBuf,
    /// What to look for in a folder.
    pub kind: Kind,
    /// How strictly.
    pub rules: Rules,
    /// Count the lines of the runtime that scripts reach.
    pub coverage: Option<Coverage>,
}

/// A file with examples.
#[derive(Debug)]
pub struct ScriptFile {
    /// How it is shown.
    pub shown: String,
    path: PathBuf,
    /// What it holds.
    pub script: Script,
}

impl ScriptRun {
    /// Finds and reads the files; pages without promises are left out.
    ///
    /// # Errors
    /// Nothing is at the path, or something there cannot be read.
    pub fn files(&self) -> Result<Vec<ScriptFile>, TestError> {
        if !self.path.exists() {
            return Err(TestError::Missing { shown: self.path.display().to_string() });
        }
        let mut paths = Vec::new();
        collect(&self.path, self.kind, &mut paths)?;
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let bytes = fs::read(&path).map_err(TestError::unreadable(&path))?;
            let text = String::from_utf8_lossy(&bytes);
            let script = match self.kind {
                Kind::Script => Script::parse(&text),
                Kind::Markdown => markdown::parse(&text),
            };
            if self.kind == Kind::Script || script.cases.iter().any(cases::Case::is_test) {
                let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
                files.push(ScriptFile { shown, path, script });
            }
        }
        Ok(files)
    }

    /// Runs the files, each with classes and variables of its own. To be called while the process has one thread.
    ///
    /// # Errors
    /// Nothing could be run.
    pub fn perform(&self, environment: &Environment, files: &[ScriptFile]) -> Result<Tally, TestError> {
        let begun = Instant::now();
        let place = environment.place()?;
        let outcomes = environment.perform(async {
            let mut node = environment.start(place)?;
            node.set_image(Image::new());
            let _output = cases::open(&node.program, SESSION).await?;
            if let Some(coverage) = &self.coverage {
                coverage.begin(&node).await?;
            }
            let mut outcomes = self.package(&node.program, &environment.here).await;
            for file in files {
                outcomes.extend(self.file(file, &node.program, &environment.here).await?);
            }
            if let Some(coverage) = &self.coverage {
                coverage.end(&node, false).await?;
            }
            Ok(outcomes)
        })?;
        Ok(Tally { outcomes, duration: begun.elapsed() })
    }

    /// Loads the package around the files, if there is one; answers what of it does not compile.
    async fn package(&self, program: &Program, here: &Path) -> Vec<Outcome> {
        let path = here.join(&self.path);
        let path = path.canonicalize().unwrap_or(path);
        let Some(root) = path.ancestors().find(|folder| folder.join(MANIFEST).is_file()) else {
            return Vec::new();
        };
        let failed = |file: String, message: String, line: Option<u64>| Outcome {
            file,
            class: "package".into(),
            name: "load".into(),
            status: Status::Failed,
            message,
            line,
        };
        match program.load_project(root).await {
            Ok(synced) => {
                let errors = synced.errors.into_iter();
                errors.map(|error| failed(error.path, error.message, error.line.map(u64::from))).collect()
            }
            Err(refused) => vec![failed(root.join(MANIFEST).display().to_string(), refused.message, None)],
        }
    }

    async fn file(
        &self,
        file: &ScriptFile,
        program: &Program,
        here: &Path,
    ) -> Result<Vec<Outcome>, TestError> {
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let outcome = |name: String, line: u32, failure: Option<String>| Outcome {
            file: file.shown.clone(),
            class: stem.clone(),
            name,
            status: if failure.is_none() { Status::Passed } else { Status::Failed },
            message: failure.unwrap_or_default(),
            line: Some(line.into()),
        };
        let mut outcomes = Vec::new();
        for (line, mistake) in &file.script.mistakes {
            outcomes.push(outcome("script".into(), *line, Some(format!("  {mistake}"))));
        }
        let mut fixtures: Vec<(String, Vec<String>)> = Vec::new();
        let loads = &file.script.loads;
        for batch in loads.chunk_by(|a, b| a.error.is_none() && b.error.is_none()) {
            for (load, loaded) in self.load(batch, file, program, here).await {
                let failure = match (loaded, &load.error) {
                    (Ok(classes), None) => {
                        fixtures.push((load.path.clone(), classes));
                        continue;
                    }
                    (Err(error), None) => Some(format!("  cannot load: {}", error.message)),
                    (Ok(_), Some(wanted)) => {
                        Some(format!("  expected: an error with {wanted}\n  got:      it was loaded"))
                    }
                    (Err(error), Some(wanted)) => (!error.message.contains(wanted.as_str())).then(|| {
                        format!("  expected: an error with {wanted}\n  got:      {}", error.message)
                    }),
                };
                let name = if load.error.is_some() { "@load-error" } else { "@load" };
                outcomes.push(outcome(format!("{name} {}", load.path), load.line, failure));
            }
        }
        let verdicts = cases::run(program, &file.shown, &file.script.cases, self.rules).await?;
        let counted = verdicts.into_iter().filter(|it| it.case.is_test() || it.failure.is_some());
        outcomes.extend(counted.map(|it| outcome(it.case.code.clone(), it.case.line, it.failure)));
        if self.kind == Kind::Markdown {
            outcomes.extend(self.fixtures(&fixtures, program.node()).await?);
        }
        Ok(outcomes)
    }

    /// Loads what lines that follow each other ask for, in whatever order they name it. Answers the classes that each
    /// brought; of several that were compiled together the first brought all.
    async fn load<'l>(
        &self,
        batch: &'l [Load],
        file: &ScriptFile,
        program: &Program,
        here: &Path,
    ) -> Vec<(&'l Load, Result<Vec<String>, Unevaluated>)> {
        let path_of = |load: &Load| {
            let beside = file.path.parent().map(|folder| folder.join(&load.path));
            let from_file = beside.filter(|path| {
                self.kind == Kind::Markdown || !here.join(&load.path).exists() && path.exists()
            });
            from_file.map_or_else(|| load.path.clone(), |path| path.to_string_lossy().into_owned())
        };
        // Of a page it matters which file brought which class.
        if batch.len() > 1 && self.kind == Kind::Script {
            let paths: Vec<String> = batch.iter().map(path_of).collect();
            if let Ok(classes) = program.load(&paths, here).await {
                let rest = batch[1..].iter().map(|load| (load, Ok(Vec::new())));
                return [(&batch[0], Ok(classes))].into_iter().chain(rest).collect();
            }
        }
        // One by one, to tell which cannot be loaded; again as long as that brings what another one missed.
        let mut done = Vec::with_capacity(batch.len());
        let mut left: Vec<&Load> = batch.iter().collect();
        loop {
            let (mut failed, before) = (Vec::new(), left.len());
            for load in left {
                match program.load(&[path_of(load)], here).await {
                    Ok(classes) => done.push((load, Ok(classes))),
                    Err(error) => failed.push((load, error)),
                }
            }
            if failed.is_empty() || failed.len() == before {
                done.extend(failed.into_iter().map(|(load, error)| (load, Err(error))));
                return done;
            }
            left = failed.into_iter().map(|(load, _)| load).collect();
        }
    }

    /// Runs the test classes among the fixtures of a page: paths, each with the classes that it brought.
    async fn fixtures(
        &self,
        fixtures: &[(String, Vec<String>)],
        node: &Node,
    ) -> Result<Vec<Outcome>, TestError> {
        if fixtures.is_empty() {
            return Ok(Vec::new());
        }
        let loaded = node.tests(None).await?;
        let plans = loaded.into_iter().filter(|class| !class.tests.is_empty()).filter_map(|class| {
            let file = fixtures.iter().find(|(_, classes)| classes.contains(&class.class))?.0.clone();
            Some(Plan { class, file })
        });
        let pace = Pace { jobs: 1, limit: self.rules.limit };
        Ok(classes::run(node, plans.collect(), pace).await.into_iter().flatten().collect())
    }
}

fn collect(path: &Path, kind: Kind, found: &mut Vec<PathBuf>) -> Result<(), TestError> {
    if !path.is_dir() {
        found.push(path.to_path_buf());
        return Ok(());
    }
    let extension = match kind {
        Kind::Script => "btscript",
        Kind::Markdown => "md",
    };
    for entry in fs::read_dir(path).map_err(TestError::unreadable(path))? {
        let entry = entry.map_err(TestError::unreadable(path))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind_of_entry = entry.file_type().map_err(TestError::unreadable(&path))?;
        if kind_of_entry.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            collect(&path, kind, found)?;
        } else if kind_of_entry.is_file() && path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    Ok(())
}
