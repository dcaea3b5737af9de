//! Questions of a node about the log of changes, and what they are answered with.

use crate::question::count;
use crate::term::{as_atom, as_optional_text, as_text, as_u64, atom, binary, into_list, list, tuple};
use eetf::Term;
use std::path::{Path, PathBuf};

/// What a program wants of the log, or of the files that changes are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeQuestion {
    /// All changes.
    All,
    /// Load a class of this text, to be written to a new file.
    NewClass {
        /// The class.
        source: String,
        /// Where it will be.
        path: String,
    },
    /// Write changes to their files.
    Flush {
        /// Which ones.
        filter: ChangeFilter,
        /// Delete the files of removed classes too.
        destructive: bool,
    },
    /// Give a method the text that it had before a change.
    Revert {
        /// The number of the change.
        seq: u64,
    },
    /// Forget all changes.
    Clear,
    /// Whether changes are written at once.
    Autoflush,
    /// Write changes at once, or do not.
    SetAutoflush(bool),
}

/// Which changes are meant; what is empty leaves none out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Those of a class.
    pub class: Option<String>,
    /// Those of these kinds.
    pub kinds: Vec<String>,
    /// Those of these kinds of authors.
    pub authors: Vec<String>,
    /// Those of a file.
    pub file: Option<String>,
}

/// What there is to know of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFacts {
    /// Its number.
    pub seq: u64,
    /// The class.
    pub class: String,
    /// The method, if it is about one.
    pub selector: Option<String>,
    /// Such as `instance` or `new-class`.
    pub kind: String,
    /// `instance` or `class`, if it is about a method.
    pub side: Option<String>,
    /// `durable` or `ephemeral`.
    pub intent: String,
    /// `human` or `agent`.
    pub author_kind: String,
    /// The file of the class.
    pub file: Option<PathBuf>,
    /// The lines that went, came and stayed.
    pub diff: Option<String>,
    /// What else is true of it, of `flushable`, `orphan`, `prior_epoch`, `active`, `shadowed` and `clean`.
    pub marks: Vec<&'static str>,
}

/// What became of changes that were to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlushFacts {
    /// How many were written.
    pub flushed: usize,
    /// The files that were changed.
    pub files: Vec<PathBuf>,
    /// How many files were made.
    pub new_classes: usize,
    /// How many files of classes went.
    pub removed_classes: usize,
    /// What was left out.
    pub skipped: Vec<SkippedChange>,
    /// What could not be written.
    pub conflicts: Vec<FlushConflict>,
}

/// A change that was not to be written now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedChange {
    /// The class.
    pub class: String,
    /// Why.
    pub reason: &'static str,
    /// The number of the change.
    pub seq: u64,
}

/// Changes that stay, because their file cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlushConflict {
    /// The file.
    pub file: PathBuf,
    /// Why, in a word.
    pub reason: &'static str,
    /// The numbers of the changes.
    pub seqs: Vec<u64>,
    /// Why, in a sentence.
    pub detail: String,
}

impl ChangeQuestion {
    pub(crate) fn read(name: &str, arguments: &[Term]) -> Option<Self> {
        let question = match (name, arguments) {
            ("changes", []) => Self::All,
            ("new_class", [source, path]) => {
                Self::NewClass { source: as_text(source)?, path: as_text(path)? }
            }
            ("flush", [class, kinds, authors, file, destructive]) => Self::Flush {
                filter: ChangeFilter {
                    class: as_optional_text(class),
                    kinds: texts(kinds)?,
                    authors: texts(authors)?,
                    file: as_optional_text(file),
                },
                destructive: flag(destructive)?,
            },
            ("revert", [seq]) => Self::Revert { seq: as_u64(seq)? },
            ("clear_changes", []) => Self::Clear,
            ("autoflush", []) => Self::Autoflush,
            ("autoflush", [on]) => Self::SetAutoflush(flag(on)?),
            _ => return None,
        };
        Some(question)
    }
}

fn flag(term: &Term) -> Option<bool> {
    match as_atom(term)? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn texts(term: &Term) -> Option<Vec<String>> {
    into_list(term.clone())?.iter().map(as_text).collect()
}

impl ChangeFacts {
    pub(crate) fn into_term(self) -> Term {
        tuple([
            number(self.seq),
            binary(self.class),
            optional(self.selector),
            binary(self.kind),
            optional(self.side),
            binary(self.intent),
            binary(self.author_kind),
            optional(self.file.map(|file| file.to_string_lossy().into_owned())),
            optional(self.diff),
            list(self.marks.into_iter().map(binary)),
        ])
    }
}

impl FlushFacts {
    pub(crate) fn into_term(self) -> Term {
        let skipped =
            |each: SkippedChange| tuple([binary(each.class), binary(each.reason), number(each.seq)]);
        let conflict = |each: FlushConflict| {
            tuple([
                path(&each.file),
                binary(each.reason),
                list(each.seqs.into_iter().map(number)),
                binary(each.detail),
            ])
        };
        tuple([
            count(self.flushed),
            list(self.files.iter().map(|file| path(file))),
            count(self.new_classes),
            count(self.removed_classes),
            list(self.skipped.into_iter().map(skipped)),
            list(self.conflicts.into_iter().map(conflict)),
        ])
    }
}

fn path(path: &Path) -> Term {
    binary(path.to_string_lossy().as_bytes())
}

fn number(number: u64) -> Term {
    count(usize::try_from(number).unwrap_or(usize::MAX))
}

fn optional(text: Option<String>) -> Term {
    text.map_or_else(|| atom("nil"), binary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::integer;

    #[test]
    fn a_filter_names_what_it_leaves_in() {
        let nil = || atom("nil");
        let asked = |arguments: [Term; 5]| ChangeQuestion::read("flush", &arguments);
        let kinds = || list([binary("instance"), binary("class")]);
        let filter = ChangeFilter {
            class: Some("Tally".into()),
            kinds: vec!["instance".into(), "class".into()],
            ..ChangeFilter::default()
        };
        assert_eq!(
            asked([binary("Tally"), kinds(), list([]), nil(), atom("true")]),
            Some(ChangeQuestion::Flush { filter, destructive: true })
        );
        let everything = ChangeQuestion::Flush { filter: ChangeFilter::default(), destructive: false };
        assert_eq!(asked([nil(), list([]), list([]), nil(), atom("false")]), Some(everything));
        assert_eq!(asked([nil(), nil(), list([]), nil(), atom("false")]), None);
        assert_eq!(asked([nil(), list([]), list([]), nil(), integer(1)]), None);
        assert_eq!(ChangeQuestion::read("revert", &[integer(-1)]), None);
    }
}
