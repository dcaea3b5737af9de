//! Examples in doc comments (spec 01b section 21).
//!
//! A fence `beamtalk` in the `///` lines of a class or its methods holds examples, one a line. What one promises stands
//! behind it or on the next line.

use crate::cases::Case;
use crate::expectation::Expectation;
use beamtalk_project::SuiteFile;
use beamtalk_syntax::{TokenKind, lexer};

/// What marks a promise.
pub const MARK: &str = "// =>";

/// The examples of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples {
    /// The class.
    pub class: String,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// The examples of a file's classes that promise something.
#[must_use]
pub fn examples(file: &SuiteFile) -> Vec<Examples> {
    let mut found: Vec<Examples> = Vec::new();
    let mut offset = 0;
    let mut fence = Fence::default();
    for (index, line) in file.text().split_inclusive('\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        match line.trim().strip_prefix("///") {
            Some(text) => fence.line(text.trim(), number),
            None => fence.end(),
        }
        for case in fence.take() {
            let Some(class) = owner(file, offset) else { continue };
            match found.iter_mut().find(|examples| examples.class == class) {
                Some(examples) => examples.cases.push(case),
                None => found.push(Examples { class, cases: vec![case] }),
            }
        }
        offset += line.len();
    }
    // The promise of the last example is known when the next line is read; the text may end before.
    found.retain(|examples| examples.cases.iter().any(Case::is_test));
    found
}

/// The class whose definition a place is in, or before.
fn owner(file: &SuiteFile, offset: usize) -> Option<String> {
    let classes = file.classes().map(|class| (class.name, class.span));
    let mut places: Vec<_> = classes.chain(file.extended()).collect();
    places.sort_by_key(|(_, span)| span.start);
    let after = places.iter().find(|(_, span)| span.end as usize > offset);
    after.or(places.last()).map(|(name, _)| name.to_string())
}

/// Reads fences line by line; an example waits for the line after it.
#[derive(Debug, Default)]
pub(crate) struct Fence {
    open: Option<Kind>,
    waiting: Option<Case>,
    done: Vec<Case>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Examples,
    Other,
}

impl Fence {
    fn line(&mut self, text: &str, number: u32) {
        if let Some(info) = text.strip_prefix("```") {
            self.finish();
            self.open = match self.open {
                Some(_) => None,
                None if info.trim() == "beamtalk" => Some(Kind::Examples),
                None => Some(Kind::Other),
            };
        } else if self.open == Some(Kind::Examples) {
            self.example(text, number);
        }
    }

    /// A line within a fence.
    fn example(&mut self, text: &str, number: u32) {
        if let Some(promise) = text.strip_prefix(MARK) {
            if let Some(case) = self.waiting.as_mut().filter(|case| case.promise.is_none()) {
                // A promise of nothing is one that only success keeps.
                case.promise = Some(Expectation::parse(promise).unwrap_or(Expectation::Success));
            }
            return self.finish();
        }
        self.finish();
        let (code, promise) = split_promise(text);
        if code.is_empty() || code.starts_with("//") {
            return;
        }
        let promise = promise.map(|text| Expectation::parse(text).unwrap_or(Expectation::Success));
        let is_whole = promise.is_some();
        self.waiting = Some(Case { line: number, code: code.to_owned(), promise });
        if is_whole {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.done.extend(self.waiting.take());
    }

    /// The comment ends, and with it a fence that was left open.
    fn end(&mut self) {
        self.finish();
        self.open = None;
    }

    fn take(&mut self) -> Vec<Case> {
        std::mem::take(&mut self.done)
    }
}

/// The code of a line and the promise behind it; a mark inside of a string is none.
#[must_use]
pub fn split_promise(line: &str) -> (&str, Option<&str>) {
    if !line.contains(MARK) {
        return (line.trim(), None);
    }
    let comments = lexer::lex(line).tokens.into_iter().filter(|token| token.kind == TokenKind::LineComment);
    for token in comments {
        let start = token.span.start as usize;
        if let Some(promise) = line.get(start..).and_then(|rest| rest.strip_prefix(MARK)) {
            return (line[..start].trim(), Some(promise.trim()));
        }
    }
    (line.trim(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use beamtalk_project::read_files;

    fn of(text: &str) -> Vec<Examples> {
        examples(&read_files(&[("A.bt".into(), text.as_bytes().to_vec())])[0])
    }

    #[test]
    fn fences_of_a_class_and_its_methods_are_its_examples() {
        let found = of(
            "/// A thing.\n///\n/// ```beamtalk\n/// x := A new\n/// x m   // => 3\n/// ```\nObject subclass: A\n\n  /// ``` beamtalk\n  /// x m + 1\n  /// // => 4\n  /// ```\n  m => 3\n",
        );
        assert_eq!(found.len(), 1);
        let lines: Vec<_> =
            found[0].cases.iter().map(|case| (case.line, case.code.as_str(), case.is_test())).collect();
        assert_eq!(lines, [(4, "x := A new", false), (5, "x m", true), (10, "x m + 1", true)]);
        assert_eq!(found[0].class, "A");
    }

    #[test]
    fn other_fences_and_those_without_promises_are_no_tests() {
        assert_eq!(
            of(
                "/// ```erlang\n/// 1 + 1 // => 2\n/// ```\n/// ```beamtalk\n/// 1 + 1\n/// ```\nObject subclass: A\n"
            ),
            []
        );
    }

    #[test]
    fn each_class_of_a_file_has_its_own() {
        let found = of(
            "/// ```beamtalk\n/// 1 // => 1\n/// ```\nObject subclass: A\n\n/// ```beamtalk\n/// 2 // => 2\n/// ```\nObject subclass: B\n",
        );
        assert_eq!(found.iter().map(|examples| examples.class.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn a_mark_inside_of_a_string_is_text() {
        assert_eq!(split_promise("\"// => no\" size // => 7"), ("\"// => no\" size", Some("7")));
        assert_eq!(split_promise("\"// => no\""), ("\"// => no\"", None));
    }
}
