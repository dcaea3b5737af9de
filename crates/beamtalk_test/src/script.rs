//! `.btscript` files: expressions at the margin, and on the line after each what it promises (spec 01b section 20.1).

use crate::cases::Case;
use crate::doctest::MARK;
use crate::expectation::Expectation;
use beamtalk_syntax::{Completeness, completeness};
use std::fmt;

/// A script, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Files to load before anything is evaluated.
    pub loads: Vec<Load>,
    /// What is evaluated.
    pub cases: Vec<Case>,
    /// Why parts of it are not run, each with its line.
    pub mistakes: Vec<(u32, Mistake)>,
}

/// Why a part of a script is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// This expression promises nothing.
    Unasserted(String),
    /// Whatever else; a sentence.
    Malformed(String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unasserted(code) => {
                write!(f, "Expression will not be executed (missing // => assertion): {code}")
            }
            Self::Malformed(said) => f.write_str(said),
        }
    }
}

/// A file that a script loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// The line that asks for it.
    pub line: u32,
    /// Its path.
    pub path: String,
    /// Loading it must fail, with an error that contains this.
    pub error: Option<String>,
}

impl Script {
    /// Reads a script.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::trim).collect();
        let mut script = Self::default();
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            if line.is_empty() {
                at += 1;
            } else if line.starts_with("//") {
                script.comment(line, number(at));
                at += 1;
            } else {
                at = script.expression(&lines, at);
            }
        }
        script
    }

    fn comment(&mut self, line: &str, number: u32) {
        let text = line.trim_start_matches('/').trim();
        if let Some(rest) = text.strip_prefix("@load-error") {
            match rest.split_once("=>").map(|(path, error)| (path.trim(), error.trim())) {
                Some((path, error)) if !path.is_empty() && !error.is_empty() => {
                    self.loads.push(Load { line: number, path: path.into(), error: Some(error.into()) });
                }
                _ => self.mistakes.push((number, Mistake::Malformed("Malformed @load-error".to_owned()))),
            }
        } else if let Some(path) = text.strip_prefix("@load").filter(|rest| rest.starts_with([' ', '\t'])) {
            self.loads.push(Load { line: number, path: path.trim().into(), error: None });
        }
    }

    /// Takes in an expression and its promise; answers where to go on.
    fn expression(&mut self, lines: &[&str], start: usize) -> usize {
        let mut code = lines[start].to_owned();
        let mut at = start + 1;
        while completeness(&code) != Completeness::Complete
            && let Some(next) = lines.get(at).filter(|next| !next.is_empty() && !next.starts_with("//"))
        {
            code.push('\n');
            code.push_str(next);
            at += 1;
        }
        let shown = number(start);
        if code.starts_with(':') {
            let said = format!("Commands of the prompt cannot be used here: {code}");
            self.mistakes.push((shown, Mistake::Malformed(said)));
            return at;
        }
        let Some(promise) = lines.get(at).and_then(|line| line.strip_prefix(MARK)) else {
            let first = code.lines().next().unwrap_or_default();
            self.mistakes.push((shown, Mistake::Unasserted(first.to_owned())));
            return at;
        };
        match Expectation::parse(promise) {
            Ok(promise) => self.cases.push(Case { line: shown, code, promise: Some(promise) }),
            Err(mistake) => self.mistakes.push((number(at), Mistake::Malformed(mistake))),
        }
        at + 1
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(text: &str) -> Vec<(u32, String)> {
        let script = Script::parse(text);
        assert_eq!(script.mistakes, []);
        script.cases.into_iter().map(|case| (case.line, case.code)).collect()
    }

    #[test]
    fn an_expression_has_its_promise_on_the_next_line() {
        let text = "// A remark.\n\nx := 1. x + 1\n// => 2\n// => orphan\n\n  x\n  // => 1\n";
        assert_eq!(cases(text), [(3, "x := 1. x + 1".to_owned()), (7, "x".to_owned())]);
    }

    #[test]
    fn an_incomplete_expression_goes_on() {
        let text = "#{\n  #a => 1\n} at: #a\n// => 1\n";
        assert_eq!(cases(text), [(1, "#{\n#a => 1\n} at: #a".to_owned())]);
    }

    #[test]
    fn files_are_loaded_wherever_the_script_says_so() {
        let script =
            Script::parse("1\n// => 1\n// @load fixtures/lamp.bt\n// @load-error bad.bt => Unexpected\n");
        let expected = [
            Load { line: 3, path: "fixtures/lamp.bt".into(), error: None },
            Load { line: 4, path: "bad.bt".into(), error: Some("Unexpected".into()) },
        ];
        assert_eq!(script.loads, expected);
    }

    #[test]
    fn what_promises_nothing_is_a_mistake() {
        let mistakes = |text| Script::parse(text).mistakes;
        assert_eq!(mistakes("1 + 1\n\n// => 2\n"), [(1, Mistake::Unasserted("1 + 1".to_owned()))]);
        assert_eq!(mistakes("1 + 1 // => 2\n")[0].0, 1, "not on the same line");
        assert_eq!(
            mistakes("// @load-error x.bt\n"),
            [(1, Mistake::Malformed("Malformed @load-error".to_owned()))]
        );
        assert_eq!(mistakes("1\n// => ERROR:\n")[0].0, 2);
        assert_eq!(mistakes(":help\n// => _\n")[0].0, 1);
    }
}
