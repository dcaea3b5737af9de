//! The real compiler: an image of classes behind the host's [`Compiler`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use beamtalk_node::{Answer, CallerFinding, CodeModule, MethodName, Query, Site, VariableKind};
use beamtalk_project::{
    self as project, Diagnostic, Failure, Image, InputHome, LineIndex, MethodRef, ModuleCode, Name, Precheck,
    Source, Variable, render,
};

use crate::compiler::{Compiled, Compiler, Input, Problem, SourceFile, Unloading};

/// The path that diagnostics of an input carry.
const INPUT: &str = "<input>";
/// Results that may still be committed; older ones were never loaded.
const PENDING: usize = 64;

/// Compiles for one workspace.
#[derive(Default)]
pub struct ImageCompiler {
    image: Image,
    next_token: u64,
    pending: Vec<(u64, beamtalk_project::Compiled)>,
}

impl ImageCompiler {
    /// A compiler whose image holds the standard library.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A compiler of this image.
    #[must_use]
    pub fn with_image(image: Image) -> Self {
        Self { image, ..Self::default() }
    }

    fn keep(&mut self, compiled: beamtalk_project::Compiled) -> u64 {
        self.next_token += 1;
        if compiled.changes_classes() {
            self.pending.push((self.next_token, compiled));
            if self.pending.len() > PENDING {
                self.pending.remove(0);
            }
        }
        self.next_token
    }

    fn finish(
        &mut self,
        result: Result<beamtalk_project::Compiled, Failure>,
        text_of: &dyn Fn(&str) -> Option<String>,
    ) -> Compiled {
        match result {
            Err(failure) => {
                let (errors, warnings): (Vec<_>, Vec<_>) =
                    failure.diagnostics.iter().partition(|(_, diagnostic)| diagnostic.is_error());
                let shown = |found: Vec<&(Name, Diagnostic)>| {
                    found.into_iter().map(|(path, diagnostic)| problem(path, diagnostic, text_of)).collect()
                };
                Compiled { errors: shown(errors), warnings: shown(warnings), ..Compiled::default() }
            }
            Ok(compiled) => {
                let answer = Compiled {
                    errors: Vec::new(),
                    warnings: compiled
                        .warnings
                        .iter()
                        .map(|(path, diagnostic)| problem(path, diagnostic, text_of))
                        .collect(),
                    modules: compiled.modules.iter().map(code_module).collect(),
                    eval: compiled.eval.as_ref().map(|module| module.beam.clone()),
                    display: compiled.display.clone(),
                    classes: compiled.classes.iter().map(ToString::to_string).collect(),
                    edits: compiled.edits.clone(),
                    token: 0,
                };
                Compiled { token: self.keep(compiled), ..answer }
            }
        }
    }
}

fn method_ref(method: &MethodName) -> MethodRef<'_> {
    MethodRef { module: &method.module, class_side: method.class_side, selector: &method.selector }
}

fn callers(found: Precheck) -> Answer {
    let Precheck { findings, checked, candidates } = found;
    Answer::Callers {
        findings: findings.into_iter().map(caller_finding).collect(),
        checked: checked.iter().map(ToString::to_string).collect(),
        candidates,
    }
}

fn caller_finding(found: project::CallerFinding) -> CallerFinding {
    let project::CallerFinding { owner, method, line, diagnostic } = found;
    CallerFinding {
        owner: owner.to_string(),
        method: method.map(|selector| selector.to_string()).unwrap_or_default(),
        line,
        severity: format!("{:?}", diagnostic.severity).to_lowercase(),
        category: diagnostic.category.map(|category| format!("{category:?}")).unwrap_or_default(),
        message: diagnostic.message,
        start: diagnostic.span.start,
        end: diagnostic.span.end,
    }
}

fn site(site: project::Site, mark: &str) -> Site {
    let project::Site { module, class_side, selector, line } = site;
    let method = MethodName { module: module.to_string(), class_side, selector: selector.to_string() };
    Site { method, line, mark: mark.to_owned() }
}

/// A message of a text that is no class's.
fn message((selector, line): (Name, u32)) -> Site {
    let method = MethodName { module: String::new(), class_side: false, selector: String::new() };
    Site { method, line, mark: selector.to_string() }
}

fn code_module(module: &ModuleCode) -> CodeModule {
    CodeModule { name: module.name.to_string(), file: module.path.to_string(), beam: module.beam.clone() }
}

fn variables(input: &Input<'_>) -> Vec<Variable> {
    let of_session = input.variables.iter().map(|(name, kind)| {
        let home = match kind {
            VariableKind::Value => InputHome::Value,
            VariableKind::Cell => InputHome::Cell,
        };
        Variable { name: name.as_str().into(), home }
    });
    let of_workspace =
        input.globals.iter().map(|name| Variable { name: name.as_str().into(), home: InputHome::Workspace });
    of_session.chain(of_workspace).collect()
}

fn problem(path: &str, diagnostic: &Diagnostic, text_of: &dyn Fn(&str) -> Option<String>) -> Problem {
    let text = text_of(path).unwrap_or_default();
    let at = LineIndex::new(&text).position(diagnostic.span.start);
    Problem {
        code: diagnostic.code.to_owned(),
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
        path: (path != INPUT).then(|| PathBuf::from(path)),
        line: at.line,
        column: at.column,
        rendered: render(diagnostic, path, &text),
    }
}

impl Compiler for ImageCompiler {
    fn compile_input(&mut self, input: &Input<'_>) -> Compiled {
        let result = self.image.compile_input(&variables(input), input.code, input.eval_module);
        self.finish(result, &|path| (path == INPUT).then(|| input.code.to_owned()))
    }

    fn compile_files(&mut self, files: &[SourceFile]) -> Compiled {
        let sources: Vec<Arc<Source>> = files
            .iter()
            .map(|file| Arc::new(Source::new(file.path.to_string_lossy(), file.text.as_str())))
            .collect();
        let result = self.image.compile_files(&sources);
        self.finish(result, &|path| {
            sources.iter().find(|source| source.path == path).map(|source| source.text.clone())
        })
    }

    fn loaded(&mut self, token: u64) {
        if let Some(index) = self.pending.iter().position(|(each, _)| *each == token) {
            let (_, compiled) = self.pending.remove(index);
            self.image.commit(&compiled);
        }
    }

    fn unload(&mut self, name: &str) -> Result<Unloading, Box<Problem>> {
        match self.image.remove(name) {
            Ok((module, compiled)) => Ok(Unloading {
                class: self
                    .image
                    .class_of(&module)
                    .map_or_else(|| name.to_owned(), |class| class.to_string()),
                modules: vec![module.to_string()],
                replacements: Vec::new(),
                place: self.image.class_place(name),
                token: self.keep(compiled),
            }),
            Err(diagnostic) => Err(Box::new(problem(INPUT, &diagnostic, &|_| None))),
        }
    }

    fn module_of(&self, class: &str) -> Option<String> {
        self.image.module_of(class).map(|module| module.to_string())
    }

    fn source_text(&self, path: &Path) -> Option<String> {
        self.image.source_text(&path.to_string_lossy()).map(str::to_owned)
    }

    fn rewritten(&mut self, path: &Path, text: &str) {
        self.image.rewritten(&path.to_string_lossy(), text);
    }

    fn class_of(&self, module: &str) -> Option<String> {
        self.image.class_of(module).map(|class| class.to_string())
    }

    fn source_file(&self, module: &str) -> Option<PathBuf> {
        self.image.source_file(module)
    }

    fn know_natives(&mut self, modules: Vec<String>) {
        self.image.know_natives(modules);
    }

    fn classes_in(&self, files: &[PathBuf]) -> Vec<(String, PathBuf)> {
        self.image.classes_in(files)
    }

    fn method_source(&self, method: &MethodName) -> Option<String> {
        self.image.method_source(method_ref(method))
    }

    fn compile_method(&mut self, method: &MethodName, source: &str) -> Compiled {
        let result = self.image.compile_method(method_ref(method), source);
        self.finish(result, &|path| (path == INPUT).then(|| source.to_owned()))
    }

    fn precheck(&self, method: &MethodName, source: &str) -> Result<Answer, Vec<Problem>> {
        match self.image.precheck(method_ref(method), source) {
            Ok(found) => Ok(callers(found)),
            Err(failure) => Err(failure
                .diagnostics
                .iter()
                .map(|(path, diagnostic)| {
                    problem(path, diagnostic, &|path| (path == INPUT).then(|| source.to_owned()))
                })
                .collect()),
        }
    }

    fn recheck(&self) -> Answer {
        callers(self.image.recheck())
    }

    fn query(&self, query: &Query) -> Vec<Site> {
        let image = &self.image;
        let plain =
            |found: Vec<project::Site>| found.into_iter().map(|each| site(each, "")).collect::<Vec<_>>();
        let marked = |found: Vec<(project::Site, Name)>| {
            found.into_iter().map(|(each, mark)| site(each, &mark)).collect()
        };
        match query {
            Query::Senders { selector } => plain(image.senders(selector)),
            Query::References { module } => plain(image.references(module)),
            Query::FieldReaders { module, field } => plain(image.field_uses(module, field, false)),
            Query::FieldWriters { module, field } => plain(image.field_uses(module, field, true)),
            Query::ErlangCalls { module, function, arguments } => {
                plain(image.erlang_calls(module, function, *arguments))
            }
            Query::Announcements { module } => marked(image.announcements(module)),
            Query::Messages { source } => project::messages(source).into_iter().map(message).collect(),
            Query::Unimplemented => marked(image.unimplemented()),
            Query::Unused => plain(image.unused()),
            Query::Texts { modules } => {
                let found = image.method_texts(modules);
                found.into_iter().map(|(each, text)| site(each, &text)).collect()
            }
            Query::Extensions => marked(image.extensions()),
        }
    }

    fn remove_method(&mut self, method: &MethodName) -> Compiled {
        let result = self.image.remove_method(method_ref(method));
        self.finish(result, &|_| None)
    }

    fn complete(&self, prefix: &str, variables: &[String]) -> Vec<String> {
        self.image.complete(prefix, variables)
    }

    fn kind_of(&self, name: &str) -> Option<&'static str> {
        self.image.table().get(name).map(|_| "class")
    }

    fn did_you_mean(&self, class: &str, selector: &str) -> Option<String> {
        self.image.did_you_mean(class, selector).map(|selector| selector.to_string())
    }

    fn listing(&mut self, input: &Input<'_>) -> Result<String, Vec<Problem>> {
        self.image.listing(&variables(input), input.code).map_err(|failure| {
            failure
                .diagnostics
                .iter()
                .map(|(path, diagnostic)| problem(path, diagnostic, &|_| Some(input.code.to_owned())))
                .collect()
        })
    }
}
