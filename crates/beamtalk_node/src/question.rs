//! What a node asks of its host, and how it is answered.
//!
//! Something in the node waits for each answer, so a [`Call`] that is dropped is answered as well: with kind `unsupported`.

use crate::changes::{ChangeFacts, ChangeQuestion, FlushFacts};
use crate::packet::encoded;
use crate::query::{Query, Site};
use crate::requests::CodeModule;
use crate::term::{as_atom, as_text, atom, binary, integer, list, tuple};
use eetf::Term;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// What is told of every question. It is called in the order of the packets and must not wait; the answer may be given
/// later and from any task.
pub type OnCall = Arc<dyn Fn(Call) + Send + Sync>;

/// A method of a module's class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodName {
    /// The class's module, such as `bt@user@Counter`.
    pub module: String,
    /// Of the class itself, not of its instances.
    pub class_side: bool,
    /// Its selector.
    pub selector: String,
}

/// Something that only the host can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The text of a method.
    MethodSource(MethodName),
    /// Compile a method and load its class.
    Compile {
        /// Which one.
        method: MethodName,
        /// Its text.
        source: String,
        /// To be kept in the record of changes.
        durable: bool,
    },
    /// Compile and load a class that the program describes.
    Define {
        /// The class as a text.
        source: String,
    },
    /// Look at what a new text of a method would mean for its senders.
    Precheck {
        /// Which one.
        method: MethodName,
        /// Its text.
        source: String,
    },
    /// Look at all classes as they are.
    Recheck,
    /// Compile an expression that the program runs itself, with a value for `self`.
    Expression {
        /// Its text.
        source: String,
    },
    /// Something about all methods, which changes nothing.
    Query(Query),
    /// Something about the log of changes and the files that they are written to.
    Changes(ChangeQuestion),
    /// Load a method's class without it.
    RemoveSelector(MethodName),
    /// Forget a class; the node unloads it.
    RemoveClass {
        /// Its module.
        module: String,
    },
    /// Compile a class's file again.
    Reload {
        /// Its module.
        module: String,
    },
    /// Compile and load a file.
    LoadPath(String),
    /// Compile and load what has changed in the project.
    SyncProject,
    /// Which packages there are.
    Packages,
    /// Which class supervises the project's application.
    Application,
    /// Where log lines end, and in which form.
    LogFile,
    /// Write log lines in another form.
    LogFormat(LogFormat),
    /// A question of a newer runtime, or one that makes no sense: the beginning of its text.
    Unknown(String),
}

/// The form of lines in the log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// JSON objects.
    Json,
    /// Text for people.
    Text,
}

/// What a question is answered with when all went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// A text.
    Text(String),
    /// Names of classes.
    Names(Vec<String>),
    /// An expression's module.
    Code(CodeModule),
    /// What has changed in the project.
    Synced(Synced),
    /// The project's package, and behind it those that it uses.
    Packages(Vec<PackageFacts>),
    /// What a query has found.
    Sites(Vec<Site>),
    /// The log of changes.
    Changes(Vec<ChangeFacts>),
    /// What became of changes that were to be written.
    Flushed(FlushFacts),
    /// Yes or no.
    Flag(bool),
    /// The log file, and the form of its lines.
    LogFile(String, LogFormat),
    /// What the senders of a method would be told.
    Callers {
        /// What would be new, by class.
        findings: Vec<CallerFinding>,
        /// The classes looked at, by name.
        checked: Vec<String>,
        /// How many classes send it.
        candidates: usize,
    },
}

/// What loading a project came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synced {
    /// A line about it.
    pub summary: String,
    /// The names of the classes that were loaded.
    pub classes: Vec<String>,
    /// What was not.
    pub errors: Vec<SyncError>,
    /// What should be looked at.
    pub warnings: Vec<String>,
    /// How many files were loaded.
    pub changed: usize,
    /// How many files are as they were.
    pub unchanged: usize,
    /// How many files are gone.
    pub deleted: usize,
}

/// Why a file was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncError {
    /// The file.
    pub path: String,
    /// The kind of the error.
    pub kind: String,
    /// The sentence.
    pub message: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What a package's manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is.
    pub description: String,
    /// The names of the packages that it uses.
    pub dependencies: Vec<String>,
    /// Its folder.
    pub root: PathBuf,
}

/// What the checker would say of a class that sends a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerFinding {
    /// The class's name.
    pub owner: String,
    /// The selector of the method it is in; empty outside of methods.
    pub method: String,
    /// Its line, from 1.
    pub line: u32,
    /// `warning` or `hint`.
    pub severity: String,
    /// The family, such as `Dnu`.
    pub category: String,
    /// The sentence.
    pub message: String,
    /// The place in its source, in bytes.
    pub start: u32,
    /// Where that ends.
    pub end: u32,
}

/// Why a question is not answered. The asker's program gets it as an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error's kind, such as `compile_failed`.
    pub kind: &'static str,
    /// The sentence for people.
    pub message: String,
    /// What to try instead.
    pub hint: Option<String>,
}

/// A question and the right to answer it, once.
pub struct Call {
    /// What is asked.
    pub question: Question,
    id: Option<Term>,
    packets: UnboundedSender<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(id: Term, question: Question, packets: UnboundedSender<Vec<u8>>) -> Self {
        Self { question, id: Some(id), packets }
    }

    /// Answers. An asker that is gone, or whose connection has ended, costs nothing.
    pub fn answer(mut self, answer: Result<Answer, Refusal>) {
        self.send(answer);
    }

    fn send(&mut self, answer: Result<Answer, Refusal>) {
        let Some(id) = self.id.take() else { return };
        let (status, payload) = match answer {
            Ok(answer) => ("ok", answer.into_term()),
            Err(refusal) => ("error", refusal.into_term()),
        };
        match encoded(&tuple([atom("answer"), id, atom(status), payload])) {
            // The link has ended if nobody receives, and with it the wait of the asker.
            Ok(packet) => drop(self.packets.send(packet)),
            Err(reason) => tracing::error!(reason, "an answer cannot be sent"),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.send(Err(Refusal {
            kind: "unsupported",
            message: "The workspace cannot do this".into(),
            hint: None,
        }));
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Call").field(&self.question).finish()
    }
}

impl Answer {
    fn into_term(self) -> Term {
        match self {
            Self::Done => atom("ok"),
            Self::Text(text) => binary(text),
            Self::Names(names) => list(names.into_iter().map(binary)),
            Self::Callers { findings, checked, candidates } => tuple([
                list(findings.into_iter().map(CallerFinding::into_term)),
                list(checked.into_iter().map(binary)),
                count(candidates),
            ]),
            Self::Synced(synced) => synced.into_term(),
            Self::Packages(packages) => list(packages.into_iter().map(PackageFacts::into_term)),
            Self::Changes(changes) => list(changes.into_iter().map(ChangeFacts::into_term)),
            Self::Flushed(facts) => facts.into_term(),
            Self::Flag(flag) => atom(if flag { "true" } else { "false" }),
            Self::Sites(sites) => list(sites.into_iter().map(Site::into_term)),
            Self::Code(code) => tuple([binary(code.name), binary(code.beam)]),
            Self::LogFile(path, format) => tuple([binary(path), atom(format.name())]),
        }
    }
}

impl LogFormat {
    const ALL: [Self; 2] = [Self::Json, Self::Text];

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

impl Synced {
    fn into_term(self) -> Term {
        tuple([
            binary(self.summary),
            list(self.classes.into_iter().map(binary)),
            list(self.errors.into_iter().map(SyncError::into_term)),
            tuple([count(self.changed), count(self.unchanged), count(self.deleted)]),
        ])
    }
}

impl SyncError {
    fn into_term(self) -> Term {
        let text = |text: Option<String>| text.map_or_else(|| atom("nil"), binary);
        let line = self.line.map_or_else(|| atom("nil"), |line| count(line as usize));
        tuple([binary(self.path), binary(self.kind), binary(self.message), line, text(self.hint)])
    }
}

impl PackageFacts {
    fn into_term(self) -> Term {
        tuple([
            binary(self.name),
            binary(self.version),
            binary(self.description),
            list(self.dependencies.into_iter().map(binary)),
            binary(self.root.to_string_lossy().as_bytes()),
        ])
    }
}

impl CallerFinding {
    fn into_term(self) -> Term {
        tuple([
            binary(self.owner),
            binary(self.method),
            count(self.line as usize),
            binary(self.severity),
            binary(self.category),
            binary(self.message),
            count(self.start as usize),
            count(self.end as usize),
        ])
    }
}

/// Counts that no source reaches are cut.
pub(crate) fn count(number: usize) -> Term {
    integer(i32::try_from(number).unwrap_or(i32::MAX))
}

impl Refusal {
    fn into_term(self) -> Term {
        let mut entries = vec![(atom("kind"), binary(self.kind)), (atom("message"), binary(self.message))];
        entries.extend(self.hint.map(|hint| (atom("hint"), binary(hint))));
        Term::from(eetf::Map { map: entries.into_iter().collect() })
    }
}

/// Reads a question; one that is malformed is as unknown as a new one.
pub(crate) fn question(term: &Term) -> Question {
    known(term).unwrap_or_else(|| Question::Unknown(crate::packet::bounded_text(term)))
}

fn known(term: &Term) -> Option<Question> {
    let elements = match term {
        Term::Tuple(tuple) => tuple.elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    let (name, arguments) = elements.split_first()?;
    match (as_atom(name)?, arguments) {
        ("method_source", [module, side, selector]) => {
            Some(Question::MethodSource(method(module, side, selector)?))
        }
        ("compile", [module, side, selector, source, durability]) => Some(Question::Compile {
            method: method(module, side, selector)?,
            source: as_text(source)?,
            durable: match as_atom(durability)? {
                "durable" => true,
                "ephemeral" => false,
                _ => return None,
            },
        }),
        ("define", [source]) => Some(Question::Define { source: as_text(source)? }),
        ("precheck", [module, side, selector, source]) => {
            Some(Question::Precheck { method: method(module, side, selector)?, source: as_text(source)? })
        }
        ("recheck", []) => Some(Question::Recheck),
        ("expression", [source]) => Some(Question::Expression { source: as_text(source)? }),
        ("remove_selector", [module, side, selector]) => {
            Some(Question::RemoveSelector(method(module, side, selector)?))
        }
        ("remove_class", [module, _side]) => Some(Question::RemoveClass { module: as_text(module)? }),
        ("reload", [module, _side]) => Some(Question::Reload { module: as_text(module)? }),
        ("load_path", [path]) => Some(Question::LoadPath(as_text(path)?)),
        ("sync_project", []) => Some(Question::SyncProject),
        ("packages", []) => Some(Question::Packages),
        ("application", []) => Some(Question::Application),
        ("log_file", []) => Some(Question::LogFile),
        ("log_format", [format]) => {
            let name = as_atom(format)?;
            let known = LogFormat::ALL.into_iter().find(|known| known.name() == name);
            known.map(Question::LogFormat)
        }
        (name, arguments) => Query::read(name, arguments)
            .map(Question::Query)
            .or_else(|| ChangeQuestion::read(name, arguments).map(Question::Changes)),
    }
}

fn method(module: &Term, side: &Term, selector: &Term) -> Option<MethodName> {
    Some(MethodName {
        module: as_text(module)?,
        class_side: match as_atom(side)? {
            "instance" => false,
            "class" => true,
            _ => return None,
        },
        selector: as_text(selector)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_method_side_and_source() {
        let term = tuple([
            atom("compile"),
            binary("bt@user@C"),
            atom("class"),
            binary("at:"),
            binary("at: x => x"),
            atom("ephemeral"),
        ]);
        let method = MethodName { module: "bt@user@C".into(), class_side: true, selector: "at:".into() };
        let expected = Question::Compile { method, source: "at: x => x".into(), durable: false };
        assert_eq!(question(&term), expected);
        assert_eq!(question(&atom("sync_project")), Question::SyncProject);
        assert_eq!(question(&atom("log_file")), Question::LogFile);
        let format = tuple([atom("log_format"), atom("text")]);
        assert_eq!(question(&format), Question::LogFormat(LogFormat::Text));
    }

    #[test]
    fn a_malformed_question_is_an_unknown_one() {
        let sideways = tuple([atom("method_source"), binary("m"), atom("left"), binary("s")]);
        let formless = tuple([atom("log_format"), atom("xml")]);
        for term in [sideways, tuple([atom("load_path"), integer(3)]), formless, integer(1), tuple([])] {
            assert!(matches!(question(&term), Question::Unknown(_)), "{term}");
        }
    }
}
