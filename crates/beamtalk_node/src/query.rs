//! Questions of a node about all methods, and what they are answered with: places in methods.

use crate::question::{MethodName, count};
use crate::term::{as_atom, as_text, as_u64, atom, binary, into_list, tuple};
use eetf::Term;

/// What is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Where a message is sent.
    Senders {
        /// Its selector.
        selector: String,
    },
    /// Where a class is named.
    References {
        /// The class's module.
        module: String,
    },
    /// Where a field is read in a class and below it.
    FieldReaders {
        /// The class's module.
        module: String,
        /// The field.
        field: String,
    },
    /// Where a field is assigned to in a class and below it.
    FieldWriters {
        /// The class's module.
        module: String,
        /// The field.
        field: String,
    },
    /// Where an Erlang function is called.
    ErlangCalls {
        /// Its module.
        module: String,
        /// Its name.
        function: String,
        /// How many arguments it is called with; any number, if none is given.
        arguments: Option<usize>,
    },
    /// What a class announces; each site is marked with the name of a class of announcements.
    Announcements {
        /// The class's module.
        module: String,
    },
    /// The messages that a text of a method sends; sites of no method, marked with a selector.
    Messages {
        /// The text.
        source: String,
    },
    /// What is sent somewhere and defined nowhere; sites are marked with the selector.
    Unimplemented,
    /// Methods that are sent nowhere.
    Unused,
    /// The methods of some classes; each is marked with its text.
    Texts {
        /// The classes' modules.
        modules: Vec<String>,
    },
    /// The methods that are added to classes from outside; each is marked with its package, or with the path of its source.
    Extensions,
}

/// A place in a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The method; of a text without a class its names are empty.
    pub method: MethodName,
    /// The line in its text, from 1; 0 for the method as a whole.
    pub line: u32,
    /// What else there is to say of it; empty for most queries.
    pub mark: String,
}

impl Query {
    pub(crate) fn read(name: &str, arguments: &[Term]) -> Option<Self> {
        let query = match (name, arguments) {
            ("senders", [selector]) => Self::Senders { selector: as_text(selector)? },
            ("references", [module]) => Self::References { module: as_text(module)? },
            ("field_readers", [module, field]) => {
                Self::FieldReaders { module: as_text(module)?, field: as_text(field)? }
            }
            ("field_writers", [module, field]) => {
                Self::FieldWriters { module: as_text(module)?, field: as_text(field)? }
            }
            ("erlang_calls", [module, function, arguments]) => Self::ErlangCalls {
                module: as_text(module)?,
                function: as_text(function)?,
                arguments: match as_atom(arguments) {
                    Some("nil") => None,
                    _ => Some(usize::try_from(as_u64(arguments)?).ok()?),
                },
            },
            ("announcements", [module]) => Self::Announcements { module: as_text(module)? },
            ("messages", [source]) => Self::Messages { source: as_text(source)? },
            ("unimplemented", []) => Self::Unimplemented,
            ("unused", []) => Self::Unused,
            ("texts", [modules]) => {
                let modules = into_list(modules.clone())?;
                Self::Texts { modules: modules.iter().map(as_text).collect::<Option<_>>()? }
            }
            ("extensions", []) => Self::Extensions,
            _ => return None,
        };
        Some(query)
    }
}

impl Site {
    pub(crate) fn into_term(self) -> Term {
        let Self { method: MethodName { module, class_side, selector }, line, mark } = self;
        let side = if class_side { "class" } else { "instance" };
        tuple([binary(module), atom(side), binary(selector), count(line as usize), binary(mark)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::{integer, list};

    fn read(name: &str, arguments: &[Term]) -> Option<Query> {
        Query::read(name, arguments)
    }

    #[test]
    fn a_query_has_all_its_arguments() {
        let calls = |arguments| Query::ErlangCalls { module: "m".into(), function: "f".into(), arguments };
        let asked = |third| read("erlang_calls", &[binary("m"), binary("f"), third]);
        assert_eq!(asked(atom("nil")), Some(calls(None)));
        assert_eq!(asked(integer(2)), Some(calls(Some(2))));
        assert_eq!(asked(integer(-2)), None);
        let texts = read("texts", &[list([binary("a"), binary("b")])]);
        assert_eq!(texts, Some(Query::Texts { modules: vec!["a".into(), "b".into()] }));
        assert_eq!(read("texts", &[list([integer(3)])]), None);
        assert_eq!(read("senders", &[]), None);
        assert_eq!(read("unused", &[]), Some(Query::Unused));
    }
}
