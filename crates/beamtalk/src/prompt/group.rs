//! From lines to inputs, for text that comes all at once.
//!
//! A person at a terminal ends a class with a blank line; a file goes on indented. So a definition takes in
//! the indented lines that follow it, and blank lines between them.

use beamtalk_syntax::{Completeness, completeness};

/// Splits a text into inputs, each of which can be evaluated. The last may be incomplete, which its evaluation
/// will say.
pub fn inputs(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut inputs = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let end = end_of_input(&lines, at);
        let input = lines[at..end].join("\n");
        // A file may say something of what follows.
        if !is_comment(&input) {
            inputs.push(input);
        }
        at = end;
    }
    inputs
}

/// The number of the line after the input that begins at `start`.
fn end_of_input(lines: &[&str], start: usize) -> usize {
    if lines[start].trim().is_empty() || lines[start].starts_with(':') {
        return start + 1;
    }
    let mut input = String::new();
    let mut at = start;
    while at < lines.len() {
        if at > start {
            input.push('\n');
        }
        input.push_str(lines[at]);
        at += 1;
        match completeness(&input) {
            Completeness::Incomplete => {}
            Completeness::Documentation if lines.get(at).is_some_and(|next| belongs_together(next)) => {}
            Completeness::Documentation => return at,
            Completeness::Complete if !is_definition(&input) && !is_open_patch(&input) => return at,
            Completeness::Complete | Completeness::AwaitsBlankLine => match next_indented(lines, at) {
                Some(next) => {
                    for line in &lines[at..next] {
                        input.push('\n');
                        input.push_str(line);
                    }
                    at = next;
                }
                None => return at,
            },
        }
    }
    at
}

/// Whether documentation that ends on the line before may be about this one.
fn belongs_together(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with(':')
}

/// The next line that is not blank, if it is indented.
fn next_indented(lines: &[&str], from: usize) -> Option<usize> {
    let next = (from..lines.len()).find(|at| !lines[*at].trim().is_empty())?;
    lines[next].starts_with([' ', '\t']).then_some(next)
}

/// Whether the text is the head of a method for a class, whose body begins on the next line.
pub fn is_open_patch(input: &str) -> bool {
    let first = input.lines().find(|line| !line.starts_with("///")).unwrap_or_default();
    first.contains(">>") && first.trim_end().ends_with("=>")
}

/// Whether the text is nothing but comments that document nothing.
fn is_comment(input: &str) -> bool {
    input.lines().all(|line| line.trim().is_empty() || (line.starts_with("//") && !line.starts_with("///")))
}

/// Whether the text defines a class or a protocol.
pub fn is_definition(input: &str) -> bool {
    input.contains("subclass:") || input.contains("Protocol define:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_complete_line_is_an_input() {
        assert_eq!(inputs("2 + 3\n\nx := 4\n"), ["2 + 3", "x := 4"]);
    }

    #[test]
    fn an_open_bracket_takes_in_lines() {
        assert_eq!(inputs("x := [\n1\n\n] value\nx"), ["x := [\n1\n\n] value", "x"]);
    }

    #[test]
    fn a_class_takes_in_its_indented_lines() {
        let class =
            "Object subclass: Counter\n  state: n = 0\n\n  inc => self.n := self.n + 1\n  n => self.n";
        assert_eq!(inputs(&format!("{class}\nCounter new n\n")), [class, "Counter new n"]);
    }

    #[test]
    fn documentation_belongs_to_the_definition_below_it() {
        let class = "/// Counts.\n/// Up.\nObject subclass: Counter\n  inc => 1";
        assert_eq!(inputs(&format!("{class}\nCounter new\n")), [class, "Counter new"]);
        assert_eq!(inputs("/// Of nothing.\n\n3\n"), ["/// Of nothing.", "3"]);
        assert_eq!(inputs("/// Of nothing.\n:actors\n"), ["/// Of nothing.", ":actors"]);
    }

    #[test]
    fn a_method_for_a_class_takes_in_its_body() {
        let method = "Till >> twice =>\n  x := 3\n\n  x + x";
        assert_eq!(inputs(&format!("{method}\nTill new twice\n")), [method, "Till new twice"]);
        assert_eq!(inputs("Till >> one => 1\nTill new one"), ["Till >> one => 1", "Till new one"]);
    }

    #[test]
    fn comments_alone_are_no_inputs() {
        assert_eq!(inputs("// Why.\n\n1\n// The end."), ["1"]);
        assert_eq!(inputs("// Why.\n1"), ["1"]);
    }

    #[test]
    fn a_class_without_methods_ends_at_the_next_line() {
        assert_eq!(inputs("Object subclass: A\nA new"), ["Object subclass: A", "A new"]);
    }

    #[test]
    fn a_command_is_an_input_of_its_own() {
        assert_eq!(inputs(":load a.bt\n1 +\n2"), [":load a.bt", "1 +\n2"]);
    }

    #[test]
    fn what_is_never_finished_is_the_last_input() {
        assert_eq!(inputs("1\n(2 +\n3"), ["1", "(2 +\n3"]);
    }
}
