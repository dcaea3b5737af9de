//! What a command line asks to test: paths, classes, single tests.

use std::path::{Path, PathBuf};

/// The folder that is meant when no path is given.
pub const DEFAULT_PATH: &str = "test";

/// One argument of `beamtalk test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file or folder.
    Path(PathBuf),
    /// A class by name.
    Class(String),
    /// One test of a class.
    Test(String, String),
}

impl Target {
    /// What exists is a path; so is what can be nothing else.
    #[must_use]
    pub fn parse(argument: &str) -> Self {
        if Path::new(argument).exists() {
            return Self::Path(argument.into());
        }
        if let Some((class, selector)) = argument.split_once(">>")
            && is_class_name(class.trim())
        {
            let selector = selector.trim().trim_start_matches('#');
            return Self::Test(class.trim().to_owned(), selector.to_owned());
        }
        if is_class_name(argument) { Self::Class(argument.to_owned()) } else { Self::Path(argument.into()) }
    }
}

/// Whether the text looks like the name of a class.
pub fn is_class_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// What was asked for, sorted out.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Where to look.
    pub paths: Vec<PathBuf>,
    /// Only these classes and tests, where there are any.
    pub only: Vec<(String, Option<String>)>,
}

impl Request {
    /// Sorts arguments. Without a path, tests are looked for where they usually are.
    #[must_use]
    pub fn new(arguments: &[String]) -> Self {
        let mut request = Self::default();
        for argument in arguments {
            match Target::parse(argument) {
                Target::Path(path) => request.paths.push(path),
                Target::Class(class) => request.only.push((class, None)),
                Target::Test(class, selector) => request.only.push((class, Some(selector))),
            }
        }
        if request.paths.is_empty() {
            let nowhere = !Path::new(DEFAULT_PATH).exists() && !request.only.is_empty();
            request.paths.push(if nowhere { ".".into() } else { DEFAULT_PATH.into() });
        }
        request
    }

    /// Whether the test is among those asked for.
    #[must_use]
    pub fn wants(&self, class: &str, selector: &str) -> bool {
        let wanted = |(name, test): &(String, Option<String>)| {
            name == class && test.as_deref().is_none_or(|test| test == selector)
        };
        self.only.is_empty() || self.only.iter().any(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_a_path_and_what_looks_like_a_class_is_one() {
        assert_eq!(Target::parse("src"), Target::Path("src".into()));
        assert_eq!(Target::parse("NoSuchTest"), Target::Class("NoSuchTest".into()));
        assert_eq!(Target::parse("ATest>>testOne"), Target::Test("ATest".into(), "testOne".into()));
        assert_eq!(Target::parse("ATest >> #testOne"), Target::Test("ATest".into(), "testOne".into()));
        assert_eq!(Target::parse("no/such"), Target::Path("no/such".into()));
    }

    #[test]
    fn classes_narrow_what_paths_find() {
        let request = Request::new(&["src".into(), "ATest".into(), "BTest>>testOne".into()]);
        assert_eq!(request.paths, [PathBuf::from("src")]);
        assert!(request.wants("ATest", "testAny") && request.wants("BTest", "testOne"));
        assert!(!request.wants("BTest", "testTwo") && !request.wants("CTest", "testOne"));
    }
}
