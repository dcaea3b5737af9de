//! One method for each request of the node protocol.

use crate::packet::{self, Display, ModuleState, Request, VariableKind, bounded_text};
use crate::term::{as_atom, as_text, as_u64, binary, entry, into_list, into_tuple, take, tuple};
use crate::{Node, NodeError};
use eetf::Term;
use std::time::Duration;

/// A module to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeModule {
    /// Its name, such as `bt@user@Counter`.
    pub name: String,
    /// The source file to name in stack traces.
    pub file: String,
    /// The contents of its `.beam` file.
    pub beam: Vec<u8>,
}

/// A module whose `eval/1` is to be called in a session.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The session.
    pub session: String,
    /// The module.
    pub code: CodeModule,
}

/// What an evaluation answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalValue {
    /// The value, as it is shown.
    pub value: Display,
    /// The session's variables.
    pub bindings: Vec<(String, VariableKind)>,
    /// Whether the module may be used again.
    pub module: ModuleState,
    /// The program has ended itself, with this status for its client.
    pub exit: Option<u8>,
}

/// A living actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorInfo {
    /// Its process, such as `<0.120.0>`.
    pub pid: String,
    /// Its class.
    pub class: String,
    /// The class's module.
    pub module: String,
    /// Seconds since 1970.
    pub spawned_at: u64,
}

/// A loaded class of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleInfo {
    /// The class.
    pub name: String,
    /// Its module.
    pub module: String,
    /// Where it was defined.
    pub source_file: Option<String>,
    /// How many actors of it live.
    pub actor_count: u64,
    /// Seconds since 1970.
    pub load_time: u64,
}

/// A loaded test class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestClass {
    /// Its module.
    pub module: String,
    /// Its name.
    pub class: String,
    /// The selectors of its tests, in the order in which they run.
    pub tests: Vec<String>,
    /// It wants to run alone.
    pub serial: bool,
    /// Where it was defined.
    pub file: Option<String>,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestStatus {
    /// As it should.
    Passed,
    /// Not so.
    Failed,
    /// It did not want to run.
    Skipped,
}

/// What a test came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// Its class.
    pub class: String,
    /// Its selector.
    pub name: String,
    /// How it ended.
    pub status: TestStatus,
    /// Why it failed or was skipped.
    pub message: String,
    /// The line of the class's file where it failed.
    pub line: Option<u64>,
}

impl Node {
    /// Asks for a sign of life.
    pub async fn ping(&self) -> Result<(), NodeError> {
        self.request(Request::Ping).await.map(|_| ())
    }

    /// Loads modules as one batch and answers the names of their classes. The node's successor after a crash gets them too.
    pub async fn load(&self, modules: Vec<CodeModule>) -> Result<Vec<String>, NodeError> {
        if modules.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.request(Request::Load(load_terms(&modules))).await?;
        self.remember(modules);
        texts(answer)
    }

    /// Removes modules.
    pub async fn unload(&self, modules: Vec<String>) -> Result<(), NodeError> {
        self.request(Request::Unload(modules.clone())).await?;
        self.forget(&modules);
        Ok(())
    }

    /// Makes a session; one that is there keeps its variables.
    pub async fn open_session(&self, session: &str) -> Result<(), NodeError> {
        self.request(Request::OpenSession(session.to_owned())).await?;
        self.remember_session(session);
        Ok(())
    }

    /// Ends a session and its process.
    pub async fn close_session(&self, session: &str) -> Result<(), NodeError> {
        self.forget_session(session);
        self.request(Request::CloseSession(session.to_owned())).await.map(|_| ())
    }

    /// Evaluates. The answer comes after the last of the evaluation's output events.
    pub async fn eval(&self, evaluation: Evaluation) -> Result<EvalValue, NodeError> {
        let Evaluation { session, code: CodeModule { name: module, file, beam } } = evaluation;
        let mut answer = self.request(Request::Eval { session, module, file, beam }).await?;
        let parts = (take(&mut answer, "value"), take(&mut answer, "bindings"), take(&mut answer, "module"));
        let (Some(value), Some(bindings), Some(module)) = parts else {
            return Err(surprise(&answer));
        };
        Ok(EvalValue {
            value: packet::display(value),
            bindings: packet::variables(bindings).ok_or_else(|| surprise(&answer))?,
            module: packet::module_state(&module).ok_or_else(|| surprise(&module))?,
            exit: entry(&answer, "exit").and_then(as_u64).and_then(|status| u8::try_from(status).ok()),
        })
    }

    /// Ends what a session is evaluating, if anything.
    pub async fn interrupt(&self, session: &str) -> Result<(), NodeError> {
        self.request(Request::Interrupt(session.to_owned())).await.map(|_| ())
    }

    /// Gives a waiting program its input; `None` is the end of it.
    pub async fn stdin(&self, session: &str, data: Option<Vec<u8>>) -> Result<(), NodeError> {
        self.request(Request::Stdin(session.to_owned(), data)).await.map(|_| ())
    }

    /// The session's variables, by name.
    pub async fn bindings(&self, session: &str) -> Result<Vec<(String, Display)>, NodeError> {
        shown_pairs(self.request(Request::Bindings(session.to_owned())).await?)
    }

    /// Forgets the session's variables.
    pub async fn clear(&self, session: &str) -> Result<(), NodeError> {
        self.request(Request::Clear(session.to_owned())).await.map(|_| ())
    }

    /// The sessions that the node knows.
    pub async fn sessions(&self) -> Result<Vec<String>, NodeError> {
        texts(self.request(Request::Sessions).await?)
    }

    /// The living actors.
    pub async fn actors(&self) -> Result<Vec<ActorInfo>, NodeError> {
        rows(self.request(Request::Actors).await?, |row| {
            Some(ActorInfo {
                pid: text(row, "pid")?,
                class: text(row, "class")?,
                module: text(row, "module")?,
                spawned_at: number(row, "spawned_at")?,
            })
        })
    }

    /// The fields of an actor.
    pub async fn inspect(&self, pid: &str) -> Result<Vec<(String, Display)>, NodeError> {
        shown_pairs(self.request(Request::Inspect(pid.to_owned())).await?)
    }

    /// Help for a class (`C class` is one too), or for one of its methods.
    pub async fn help(&self, class: &str, selector: Option<&str>) -> Result<String, NodeError> {
        let request = Request::Help(class.to_owned(), selector.map(str::to_owned));
        let term = self.request(request).await?;
        as_text(&term).ok_or_else(|| NodeError::Protocol("no text".into()))
    }

    /// Ends an actor.
    pub async fn kill(&self, pid: &str) -> Result<(), NodeError> {
        self.request(Request::Kill(pid.to_owned())).await.map(|_| ())
    }

    /// The user's classes.
    pub async fn modules(&self) -> Result<Vec<ModuleInfo>, NodeError> {
        rows(self.request(Request::Modules).await?, |row| {
            Some(ModuleInfo {
                name: text(row, "name")?,
                module: text(row, "module")?,
                source_file: entry(row, "source_file").and_then(crate::term::as_optional_text),
                actor_count: number(row, "actor_count")?,
                load_time: number(row, "load_time")?,
            })
        })
    }

    /// The test classes among the modules, or all that are loaded.
    pub async fn tests(&self, modules: Option<Vec<String>>) -> Result<Vec<TestClass>, NodeError> {
        rows(self.request(Request::Tests(modules)).await?, |row| {
            Some(TestClass {
                module: text(row, "module")?,
                class: text(row, "class")?,
                tests: into_list(entry(row, "tests")?.clone())?.iter().filter_map(as_text).collect(),
                serial: as_atom(entry(row, "serial")?)? == "true",
                file: entry(row, "file").and_then(crate::term::as_optional_text),
            })
        })
    }

    /// Runs tests of a class under the session's standard output, each for at most so long; `None` for as long as it takes.
    pub async fn test(
        &self,
        session: &str,
        module: &str,
        tests: Vec<String>,
        limit: Option<Duration>,
    ) -> Result<Vec<TestOutcome>, NodeError> {
        let request = Request::Test {
            session: session.to_owned(),
            module: module.to_owned(),
            tests,
            limit: limit.map_or(0, |limit| i32::try_from(limit.as_millis().max(1)).unwrap_or(i32::MAX)),
        };
        rows(self.request(request).await?, |row| {
            Some(TestOutcome {
                class: text(row, "class")?,
                name: text(row, "name")?,
                status: match as_atom(entry(row, "status")?)? {
                    "pass" => TestStatus::Passed,
                    "fail" => TestStatus::Failed,
                    "skip" => TestStatus::Skipped,
                    _ => return None,
                },
                message: text(row, "message")?,
                line: entry(row, "line").and_then(as_u64),
            })
        })
    }

    /// Tells programs that changes were written to these files.
    pub async fn flushed(&self, files: Vec<String>) -> Result<(), NodeError> {
        self.request(Request::Flushed(files)).await.map(|_| ())
    }

    /// Which of these modules of evaluations no block holds any more.
    pub async fn release(&self, modules: Vec<String>) -> Result<Vec<String>, NodeError> {
        texts(self.request(Request::Release(modules)).await?)
    }
}

pub(crate) fn load_terms(modules: &[CodeModule]) -> Vec<Term> {
    let term =
        |module: &CodeModule| tuple([binary(&module.name), binary(&module.file), binary(&module.beam)]);
    modules.iter().map(term).collect()
}

fn texts(answer: Term) -> Result<Vec<String>, NodeError> {
    rows(answer, as_text)
}

fn shown_pairs(answer: Term) -> Result<Vec<(String, Display)>, NodeError> {
    let pair = |row: Term| {
        let [name, value] = into_tuple(row)?;
        Some((as_text(&name)?, packet::display(value)))
    };
    into_list(answer)
        .and_then(|rows| rows.into_iter().map(pair).collect())
        .ok_or_else(|| NodeError::Protocol("no list of names and values".into()))
}

fn rows<T>(answer: Term, read: impl Fn(&Term) -> Option<T>) -> Result<Vec<T>, NodeError> {
    let rows = into_list(answer).ok_or_else(|| NodeError::Protocol("no list".into()))?;
    rows.iter().map(|row| read(row).ok_or_else(|| surprise(row))).collect()
}

fn text(row: &Term, key: &str) -> Option<String> {
    as_text(entry(row, key)?)
}

fn number(row: &Term, key: &str) -> Option<u64> {
    as_u64(entry(row, key)?)
}

fn surprise(term: &Term) -> NodeError {
    NodeError::Protocol(bounded_text(term))
}
