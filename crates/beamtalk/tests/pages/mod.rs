//! The pages of the repository, their `beamtalk` fences, and the inputs of a fence with what they promise.

use crate::served::root;
use beamtalk_syntax::{Completeness, completeness};
use std::fs;
use std::path::{Path, PathBuf};

/// The entries of a folder, by name.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The pages at the root and every page below `docs` and `tests/conformance`, with its text.
pub fn pages() -> Vec<(String, String)> {
    let root = root();
    let mut paths = entries(&root);
    let mut folders = vec![root.join("docs"), root.join("tests/conformance")];
    while let Some(folder) = folders.pop() {
        let found = entries(&folder);
        folders.extend(found.iter().filter(|path| path.is_dir()).cloned());
        paths.extend(found);
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let named = |path: &PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
    paths.iter().map(|path| (named(path), fs::read_to_string(path).unwrap())).collect()
}

/// A fenced code block of a page.
#[derive(Debug)]
pub struct Fence {
    /// The words after the backticks.
    pub info: String,
    /// The line of its first line, from 1.
    pub line: usize,
    pub body: String,
}

/// The `beamtalk` fences of a page, indented ones included.
pub fn fences(page: &str) -> Vec<Fence> {
    let mut found: Vec<Fence> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let info = line.trim_start().trim_start_matches('`');
        let marker = &line[indent..line.len() - info.len()];
        if marker.len() < 3 {
            continue;
        }
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| line.trim() != marker)
            .map(|line| line.get(indent..).unwrap_or_default())
            .collect();
        if info.split_whitespace().next() == Some("beamtalk") {
            found.push(Fence { info: info.trim().into(), line: number + 2, body: body.join("\n") });
        }
    }
    found
}

/// What the page says about an input.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Promise {
    pub value: Option<String>,
    pub error: Option<String>,
    pub warning: Option<String>,
}

/// An input of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    pub line: usize,
    pub source: String,
    pub promise: Promise,
}

impl Example {
    pub fn is_promising(&self) -> bool {
        self.promise != Promise::default()
    }

    /// The next line belongs to it, wherever that begins.
    pub fn is_open(&self) -> bool {
        let documents = |line: &str| line.is_empty() || line.starts_with("///");
        self.source.lines().all(documents) || completeness(&self.source) == Completeness::Incomplete
    }
}

/// Splits a fence into its inputs.
pub fn examples(fence: &Fence) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for (offset, line) in fence.body.lines().enumerate() {
        let (code, promise) = split_promise(line);
        let begins = !line.starts_with(char::is_whitespace) && !line.is_empty();
        match found.last_mut() {
            Some(last) if !begins || last.is_open() => {
                last.source.push('\n');
                last.source.push_str(code);
            }
            _ if code.trim().is_empty() => {}
            _ if code.starts_with("//") && !code.starts_with("///") => {}
            _ => found.push(Example {
                line: fence.line + offset,
                source: code.to_owned(),
                promise: Promise::default(),
            }),
        }
        if let Some((kind, text)) = promise {
            found.last_mut().expect("a promise has an input before it").promise.add(kind, text);
        }
    }
    found
}

impl Promise {
    pub fn add(&mut self, kind: char, text: &str) {
        let part = match kind {
            '=' => &mut self.value,
            '!' => &mut self.error,
            _ => &mut self.warning,
        };
        match part {
            Some(known) => {
                known.push('\n');
                known.push_str(text);
            }
            None => *part = Some(text.to_owned()),
        }
    }
}

/// The code of a line, and the promise behind it: its kind and text.
pub fn split_promise(line: &str) -> (&str, Option<(char, &str)>) {
    for (mark, kind) in [("// =>", '='), ("// !", '!'), ("// ?", '?')] {
        if let Some((code, text)) = line.rsplit_once(mark) {
            return (code.trim_end(), Some((kind, text.strip_prefix(' ').unwrap_or(text))));
        }
    }
    (line, None)
}
