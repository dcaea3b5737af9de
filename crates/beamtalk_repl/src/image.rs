//! The running image: what is compiled, loaded and evaluated, one change at a time.

use crate::change_log::Intent;
use crate::compiler::{Compiled, Input, Problem, SourceFile, Unloading};
use crate::compiler_thread::CompilerThread;
use crate::display;
use crate::journal::{Entry, Journal};
use crate::reply::{Failure, Frame, Outcome};
use crate::router::Router;
use crate::saving::{Changes, Logging};
use crate::session::Session;
use crate::sync::Memory;
use beamtalk_node::{
    CodeModule, EvalValue, Evaluation, MethodName, ModuleState, Node, NodeError, VariableKind,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use tokio::task::block_in_place;

/// Compiler and node, kept in step.
pub(crate) struct Image {
    pub(crate) node: Node,
    pub(crate) compiler: CompilerThread,
    pub(crate) router: Arc<Router>,
    pub(crate) journal: Journal,
    pub(crate) changes: Changes,
    /// Held from a compilation to its [`crate::Compiler::loaded`], so that the class database takes results
    /// in the order in which the node does.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Held by the one evaluation that asks the node for names; those behind it find what it was told.
    pub(crate) asking: tokio::sync::Mutex<()>,
    /// The number of names that the metadata knows of.
    pub(crate) recorded_names: AtomicU32,
    /// What projects were loaded.
    pub(crate) synced: tokio::sync::Mutex<Memory>,
}

/// The code of the compiler's warning that an extension takes the place of somebody else's.
const REPLACED_EXTENSION: &str = "E0453";

/// What an input came to, besides its value.
struct Prepared {
    module: String,
    compiled: Compiled,
}

impl Image {
    pub(crate) fn new(
        node: Node,
        compiler: CompilerThread,
        router: Arc<Router>,
        journal: Journal,
        changes: Changes,
    ) -> Self {
        Self {
            node,
            compiler,
            router,
            journal,
            changes,
            changing: tokio::sync::Mutex::new(()),
            asking: tokio::sync::Mutex::new(()),
            recorded_names: AtomicU32::new(0),
            synced: tokio::sync::Mutex::default(),
        }
    }

    /// Compiles and runs an input in a session that has begun an evaluation.
    pub(crate) async fn evaluate(&self, session: &Session, code: &str) -> Outcome {
        self.open(session).await?;
        let variables = self.variables(session).await?;
        let module = self.take_name().await?;
        let prepared = self.prepare(&module, variables, code).await;
        let outcome = match prepared {
            Ok(mut prepared) => match prepared.compiled.eval.take() {
                Some(beam) => return self.run(session, prepared, beam).await,
                None => Ok(displayed(&prepared.compiled)),
            },
            Err(failure) => Err(failure),
        };
        self.router.names().give_back(&module);
        outcome
    }

    /// Compiles and loads files.
    pub(crate) async fn load_files(&self, files: Vec<SourceFile>) -> Outcome {
        let entry = Entry::files(&files);
        let _changing = self.changing.lock().await;
        let compiled = self.compiler.run(move |compiler| compiler.compile_files(&files)).await?;
        let compiled = self.load(compiled, entry, Logging::Edits(Intent::Durable)).await?;
        let frame = Frame::new().with("classes", compiled.classes.clone());
        Ok(frame.and(warnings(&compiled.warnings)))
    }

    /// Compiles and loads a text without a file.
    pub(crate) async fn load_source(&self, source: String) -> Outcome {
        let entry = Entry::Input { code: source.clone() };
        let _changing = self.changing.lock().await;
        let compiled = self.compile(source, Vec::new(), String::new()).await?;
        if compiled.eval.is_some() {
            return Err(Failure::new("The source holds expressions, not only classes")
                .hint("Use the eval operation to evaluate expressions."));
        }
        let compiled = self.load(compiled, entry, Logging::Edits(Intent::Durable)).await?;
        Ok(Frame::new().with("classes", compiled.classes.clone()).and(warnings(&compiled.warnings)))
    }

    /// Compiles something and loads what comes of it. The result has the compiler's errors, if there are any; then
    /// nothing is changed.
    pub(crate) async fn change(
        &self,
        entry: Entry,
        logging: Logging,
        work: impl FnOnce(&mut dyn crate::Compiler) -> Compiled + Send + 'static,
    ) -> Result<Compiled, Failure> {
        let _changing = self.changing.lock().await;
        let compiled = self.compiler.run(work).await?;
        if compiled.errors.is_empty() { self.load(compiled, entry, logging).await } else { Ok(compiled) }
    }

    /// Removes a class.
    pub(crate) async fn unload(&self, name: String) -> Outcome {
        let _changing = self.changing.lock().await;
        let Unloading { class, modules, replacements, token, .. } = self.find_class(&name).await?;
        self.node.load(replacements).await?;
        self.node.unload(modules).await?;
        self.removed(class, token).await?;
        Ok(Frame::new().with("value", "ok"))
    }

    /// Forgets a class that the node has unloaded by itself.
    pub(crate) async fn forget(&self, name: String) -> Result<(), Failure> {
        let _changing = self.changing.lock().await;
        let Unloading { class, modules, replacements, token, place } = self.find_class(&name).await?;
        self.node.load(replacements).await?;
        self.node.forget(&modules);
        self.removed(class.clone(), token).await?;
        Ok(self.log_removed_class(class, place).await?)
    }

    async fn find_class(&self, name: &str) -> Result<Unloading, Failure> {
        let asked = name.to_owned();
        let found = self.compiler.run(move |compiler| compiler.unload(&asked)).await?;
        found.map_err(|problem| problems(&[*problem]))
    }

    async fn removed(&self, name: String, token: u64) -> Result<(), Failure> {
        self.compiler.run(move |compiler| compiler.loaded(token)).await?;
        self.journal.append(&Entry::Unloaded { name: name.clone() });
        self.router.record.change(|metadata| metadata.loaded_modules.retain(|class| *class != name));
        self.router.push("classes", "removed", json!({"class": name}));
        Ok(())
    }

    /// Teaches the compiler what a living node has loaded, from the journal of the host before us. With a
    /// new node there is nothing to remember, and the journal is removed.
    pub(crate) async fn recall(&self, node_is_new: bool) {
        if node_is_new {
            self.journal.remove();
            self.changes.log().begin_epoch();
            return;
        }
        let journal = self.journal.clone();
        let read = block_in_place(|| journal.read());
        let entries = read.unwrap_or_else(|error| {
            tracing::error!(%error, "the journal cannot be read; the compiler knows no loaded class");
            Vec::new()
        });
        let _changing = self.changing.lock().await;
        for entry in entries {
            let recalled = self.compiler.run(move |compiler| recall_one(compiler, entry)).await;
            match recalled {
                Ok(modules) => self.node.remember(modules),
                Err(error) => tracing::error!(%error, "an entry of the journal was passed over"),
            }
        }
    }

    /// Makes sure that the node has the session.
    pub(crate) async fn open(&self, session: &Session) -> Result<(), Failure> {
        let mut open = session.open().lock().await;
        if !*open {
            self.node.open_session(session.id()).await?;
            *open = true;
        }
        Ok(())
    }

    /// The session's variables and how it holds them. Those of a session from the time of an earlier
    /// host are learnt by evaluating nothing in it.
    pub(crate) async fn variables(&self, session: &Session) -> Result<Vec<(String, VariableKind)>, Failure> {
        if let Some(variables) = session.variables() {
            return Ok(variables);
        }
        let module = self.take_name().await?;
        let nothing = self.compile("nil".into(), Vec::new(), module.clone()).await;
        let beam = match nothing {
            Ok(compiled) => compiled.eval.unwrap_or_default(),
            Err(failure) => {
                self.router.names().give_back(&module);
                return Err(failure);
            }
        };
        let answer = self.call(session, module, beam).await;
        answer.map_err(Failure::from)?;
        Ok(session.variables().unwrap_or_default())
    }

    async fn prepare(
        &self,
        module: &str,
        variables: Vec<(String, VariableKind)>,
        code: &str,
    ) -> Result<Prepared, Failure> {
        let _changing = self.changing.lock().await;
        let compiled = self.compile(code.to_owned(), variables, module.to_owned()).await?;
        let entry = Entry::Input { code: code.to_owned() };
        let compiled = self.load(compiled, entry, Logging::Edits(Intent::Durable)).await?;
        Ok(Prepared { module: module.to_owned(), compiled })
    }

    /// Compiles an input for a module of that name.
    pub(crate) async fn compile(
        &self,
        code: String,
        variables: Vec<(String, VariableKind)>,
        module: String,
    ) -> Result<Compiled, Failure> {
        let globals = self.router.globals();
        let compile = move |compiler: &mut dyn crate::Compiler| {
            let (variables, globals) = (&variables, &globals);
            compiler.compile_input(&Input { code: &code, variables, globals, eval_module: &module })
        };
        Ok(self.compiler.run(compile).await?)
    }

    /// Loads what was compiled and commits it to the class database.
    async fn load(
        &self,
        mut compiled: Compiled,
        entry: Entry,
        logging: Logging,
    ) -> Result<Compiled, Failure> {
        if !compiled.errors.is_empty() {
            return Err(Failure {
                details: problems(&compiled.errors).details.and(warnings(&compiled.warnings)),
                ..problems(&compiled.errors)
            });
        }
        for warning in compiled.warnings.iter().filter(|warning| warning.code == REPLACED_EXTENSION) {
            tracing::warn!("{}", warning.message);
        }
        let modules = std::mem::take(&mut compiled.modules);
        let changes = !modules.is_empty();
        self.node.load(modules).await?;
        let token = compiled.token;
        self.compiler.run(move |compiler| compiler.loaded(token)).await?;
        if changes {
            self.router.record.touch();
            self.journal.append(&entry);
            let classes = compiled.classes.clone();
            self.router.record.change(|metadata| {
                metadata.loaded_modules.extend(classes);
                metadata.loaded_modules.sort();
                metadata.loaded_modules.dedup();
            });
            for class in &compiled.classes {
                self.router.push("classes", "loaded", json!({"class": class}));
            }
            self.log_compiled(&mut compiled, logging).await?;
        }
        Ok(compiled)
    }

    async fn run(&self, session: &Session, prepared: Prepared, beam: Vec<u8>) -> Outcome {
        let Prepared { module, compiled } = prepared;
        let answer = self.call(session, module, beam).await;
        match answer {
            Ok(EvalValue { exit: Some(status), .. }) => {
                let frame = Frame::new().with("value", Value::Null).with("exit_code", status);
                Ok(frame.and(warnings(&compiled.warnings)))
            }
            Ok(EvalValue { value, .. }) => {
                // A long integer takes long to write.
                let value = block_in_place(|| display::to_json(&value));
                Ok(Frame::new().with("value", value).and(warnings(&compiled.warnings)))
            }
            Err(error) => {
                let suggestion = self.suggestion(&error).await;
                let mut failure = Failure::from(error);
                if let Some(selector) = suggestion {
                    let hint = failure.hint.map_or_else(String::new, |hint| format!("{hint}. "));
                    failure.hint = Some(format!("{hint}Did you mean '{selector}'?"));
                }
                Err(Failure { details: failure.details.and(warnings(&compiled.warnings)), ..failure })
            }
        }
    }

    /// What may have been meant by a message that was not understood.
    async fn suggestion(&self, error: &NodeError) -> Option<String> {
        let NodeError::Raised(raised) = error else { return None };
        if raised.kind != "does_not_understand" {
            return None;
        }
        // The text of this error is fixed: `Class does not understand 'selector'`.
        let (class, rest) = raised.message.split_once(" does not understand '")?;
        let (class, selector) = (class.to_owned(), rest.strip_suffix('\'')?.to_owned());
        self.compiler.run(move |compiler| compiler.did_you_mean(&class, &selector)).await.ok()?
    }

    /// Evaluates a module and takes in what its answer says of the session and of the module.
    async fn call(&self, session: &Session, module: String, beam: Vec<u8>) -> Result<EvalValue, NodeError> {
        let code = CodeModule { name: module.clone(), file: "repl".into(), beam };
        let evaluation = Evaluation { session: session.id().to_owned(), code };
        let answer = self.node.eval(evaluation).await;
        let (bindings, state) = match &answer {
            Ok(value) => (Some(value.bindings.clone()), Some(value.module)),
            Err(NodeError::Raised(raised)) => (raised.bindings.clone(), raised.module),
            // The node is a new one, or will be: all its names are free.
            Err(_) => (None, Some(ModuleState::Free)),
        };
        if let Some(bindings) = bindings {
            session.set_variables(bindings);
        }
        match state {
            Some(ModuleState::Free) => self.router.names().give_back(&module),
            // Without a word on it, the name may be in use.
            Some(ModuleState::Held) | None => self.hold(&module),
        }
        answer
    }
}

fn recall_one(compiler: &mut dyn crate::Compiler, entry: Entry) -> Vec<CodeModule> {
    let result = match entry {
        Entry::Input { code } => compiler.compile_input(&Input {
            code: &code,
            variables: &[],
            globals: &[],
            eval_module: "bt@eval@1",
        }),
        Entry::Files { files } => {
            let files: Vec<_> = files.into_iter().map(|(path, text)| SourceFile { path, text }).collect();
            compiler.compile_files(&files)
        }
        Entry::Method { module, class_side, selector, source } => {
            let method = MethodName { module, class_side, selector };
            match source {
                Some(source) => compiler.compile_method(&method, &source),
                None => compiler.remove_method(&method),
            }
        }
        Entry::Rewritten { path, text } => {
            compiler.rewritten(&path, &text);
            return Vec::new();
        }
        Entry::Unloaded { name } => match compiler.unload(&name) {
            Ok(unloading) => {
                compiler.loaded(unloading.token);
                return unloading.replacements;
            }
            Err(_) => return Vec::new(),
        },
    };
    compiler.loaded(result.token);
    result.modules
}

fn displayed(compiled: &Compiled) -> Frame {
    let shown = compiled.display.clone().unwrap_or_else(|| "nil".into());
    Frame::new().with("value", shown).and(warnings(&compiled.warnings))
}

/// The field with the warnings, if there are any.
fn warnings(warnings: &[Problem]) -> Frame {
    if warnings.is_empty() {
        return Frame::new();
    }
    let messages: Vec<_> = warnings.iter().map(|warning| warning.message.clone()).collect();
    Frame::new().with("warnings", messages)
}

/// The failure that errors of the compiler make.
pub(crate) fn problems(problems: &[Problem]) -> Failure {
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let all: Vec<_> = problems.iter().map(problem_json).collect();
    Failure {
        message: messages.join("\n"),
        hint: problems.iter().find_map(|problem| problem.help.clone()),
        details: Frame::new().with("problems", all),
    }
}

fn problem_json(problem: &Problem) -> Value {
    json!({
        "code": problem.code,
        "message": problem.message,
        "help": problem.help,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "rendered": problem.rendered,
    })
}
