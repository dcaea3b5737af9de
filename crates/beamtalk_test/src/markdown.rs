//! Examples in Markdown pages: all `beamtalk` fences with promises make one script (spec 01b section 21).

use crate::cases::Case;
use crate::doctest::{MARK, split_promise};
use crate::expectation::Expectation;
use crate::script::{Load, Mistake, Script};
use beamtalk_syntax::{Completeness, completeness};

/// Reads a page.
#[must_use]
pub fn parse(text: &str) -> Script {
    let mut script = Script::default();
    let mut fence: Option<Fence> = None;
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let trimmed = line.trim();
        match &mut fence {
            Some(open) if trimmed.starts_with("```") && trimmed.trim_start_matches('`').is_empty() => {
                open.close(&mut script);
                fence = None;
            }
            Some(open) => open.lines.push((number, line)),
            None => {
                if let Some(info) = trimmed.strip_prefix("```") {
                    let info = info.trim_start_matches('`').trim();
                    fence = Some(Fence { is_beamtalk: info == "beamtalk", lines: Vec::new() });
                } else if let Some(path) = fixture(trimmed) {
                    script.loads.push(Load { line: number, path: path.to_owned(), error: None });
                }
            }
        }
    }
    script
}

/// `<!-- btfixture: path -->`
fn fixture(line: &str) -> Option<&str> {
    Some(line.strip_prefix("<!--")?.strip_suffix("-->")?.trim().strip_prefix("btfixture:")?.trim())
}

struct Fence<'t> {
    is_beamtalk: bool,
    lines: Vec<(u32, &'t str)>,
}

impl Fence<'_> {
    /// Takes the examples of a fence that promises anything into the script.
    fn close(&self, script: &mut Script) {
        if !self.is_beamtalk || !self.lines.iter().any(|(_, line)| line.contains(MARK)) {
            return;
        }
        let mut code: Option<(u32, String)> = None;
        for (number, line) in &self.lines {
            let trimmed = line.trim();
            if let Some(promise) = trimmed.strip_prefix(MARK) {
                if let Some((line, code)) = code.take() {
                    add(script, line, code, Some(promise));
                }
                continue;
            }
            let is_open = code.as_ref().is_some_and(|(_, code)| {
                let goes_on = line.starts_with([' ', '\t']) || trimmed.is_empty();
                completeness(code) != Completeness::Complete && (goes_on || !code.contains("subclass:"))
            });
            if !is_open && let Some((line, code)) = code.take() {
                add(script, line, code, None);
            }
            let (text, promise) = split_promise(line.trim_end());
            let is_remark = trimmed.is_empty() || trimmed.starts_with("//") && !trimmed.starts_with("///");
            match &mut code {
                Some((_, code)) => {
                    code.push('\n');
                    code.push_str(if promise.is_some() { text } else { line });
                }
                None if is_remark => continue,
                None => code = Some((*number, text.to_owned())),
            }
            if let Some(promise) = promise
                && let Some((line, code)) = code.take()
            {
                add(script, line, code, Some(promise));
            }
        }
        if let Some((line, code)) = code {
            add(script, line, code, None);
        }
    }
}

fn add(script: &mut Script, line: u32, code: String, promise: Option<&str>) {
    match promise.map(Expectation::parse).transpose() {
        Ok(promise) => script.cases.push(Case { line, code, promise }),
        Err(mistake) => script.mistakes.push((line, Mistake::Malformed(mistake))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(text: &str) -> Vec<(u32, String, bool)> {
        let script = parse(text);
        assert_eq!(script.mistakes, []);
        script.cases.into_iter().map(|case| (case.line, case.code.clone(), case.is_test())).collect()
    }

    #[test]
    fn fences_with_promises_make_one_script() {
        let page = "# Page\n\n```beamtalk\nx := 3\nx + 4   // => 7\n```\n\n```beamtalk\nignored\n```\n\n```erlang\n1. // => 1\n```\n\n```beamtalk\nx\n// => 3\n```\n";
        let expected = [(4, "x := 3", false), (5, "x + 4", true), (17, "x", true)];
        assert_eq!(cases(page), expected.map(|(line, code, test)| (line, code.to_owned(), test)));
    }

    #[test]
    fn definitions_and_open_brackets_take_the_lines_that_follow() {
        let page = "```beamtalk\nObject subclass: A\n\n  class m => 2\n\nA m // => 2\n#(1,\n  2) size\n// => 2\n```\n";
        let found = cases(page);
        let codes: Vec<_> = found.iter().map(|(_, code, _)| code.trim_end()).collect();
        assert_eq!(codes, ["Object subclass: A\n\n  class m => 2", "A m", "#(1,\n  2) size"]);
    }

    #[test]
    fn fixtures_stand_in_comments() {
        assert_eq!(parse("<!-- btfixture: fix/a.bt -->\n").loads[0].path, "fix/a.bt");
    }
}
