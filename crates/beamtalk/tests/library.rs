//! The standard library does what its reference says: the tables in `stdlib/test`.
//!
//! A `.btscript` file is a session: each input stands at the margin and its promise on the line below it.
//!
//! | promise | meaning |
//! |---|---|
//! | `// => text` | the value as the prompt shows it; `_` stands for any text, `\n` for a newline |
//! | `// => ERROR: text` | an error of this kind, or whose message contains the text |
//!
//! `// @load file` loads a class file first; its path begins at the root of the repository.

mod served;

use beamtalk_repl::Client;
use beamtalk_repl::display::to_text;
use beamtalk_syntax::{Completeness, completeness};
use serde_json::{Value, json};
use served::{Workspace, root};
use std::fs;
use std::path::{Path, PathBuf};

/// An input and what it promises.
struct Case {
    line: usize,
    source: String,
    promise: String,
}

/// The files that a script loads, and its cases.
fn read(path: &Path) -> (Vec<PathBuf>, Vec<Case>) {
    let text = fs::read_to_string(path).unwrap();
    let (mut loads, mut cases, mut open) = (Vec::new(), Vec::new(), None::<(usize, String)>);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if let Some(file) = line.strip_prefix("// @load ") {
            loads.push(root().join(file));
        } else if let Some(promise) = line.strip_prefix("// =>") {
            let (line, source) = open.take().expect("a promise has an input before it");
            cases.push(Case { line, source, promise: promise.trim_start().to_owned() });
        } else if let Some((_, source)) =
            open.as_mut().filter(|(_, source)| completeness(source) == Completeness::Incomplete)
        {
            source.push('\n');
            source.push_str(line);
        } else if !line.is_empty() && !line.starts_with("//") {
            assert!(open.is_none(), "{}:{number}: an input without a promise", path.display());
            open = Some((number + 1, line.to_owned()));
        }
    }
    assert!(open.is_none(), "{}: the last input has no promise", path.display());
    (loads, cases)
}

/// Whether the text is the pattern, in which a `_` that is not inside a word stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = pattern.as_bytes();
    let blank = |at: usize| {
        bytes[at] == b'_' && !(at > 0 && is_word(bytes.get(at - 1)) && is_word(bytes.get(at + 1)))
    };
    let mut parts = Vec::new();
    let mut begin = 0;
    for at in (0..bytes.len()).filter(|at| blank(*at)) {
        parts.push(&pattern[begin..at]);
        begin = at + 1;
    }
    let last = &pattern[begin..];
    let Some((first, middle)) = parts.split_first() else { return text == pattern };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What is wrong with a case.
fn judge(client: &mut Client, case: &Case) -> Result<(), String> {
    let mut evaluate =
        |code: &str| client.request("eval", json!({"code": code})).map_err(|error| error.to_string());
    let reply = evaluate(&case.source)?;
    let expected_error = case.promise.strip_prefix("ERROR: ");
    let Some(error) = reply.error() else {
        let shown = to_text(reply.get("value").unwrap_or(&Value::Null));
        let expected = case.promise.replace("\\n", "\n");
        return match expected_error {
            None if shown == expected || matches(&expected, &shown) => Ok(()),
            _ => Err(format!("expected: {expected}\n  got: {shown}")),
        };
    };
    let kind = to_text(evaluate("_error kind")?.get("value").unwrap_or(&Value::Null));
    match expected_error {
        Some(expected) if kind == expected || error.contains(expected) => Ok(()),
        _ => Err(format!("expected: {}\n  got the error {kind}: {error}", case.promise)),
    }
}

#[test]
fn the_library_answers_as_its_tables_say() {
    let mut workspace = Workspace::start("library");
    let (mut wrong, mut run) = (Vec::new(), 0);
    let mut scripts: Vec<PathBuf> =
        fs::read_dir(root().join("stdlib/test")).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "btscript"));
    scripts.sort();
    for script in scripts {
        let (loads, cases) = read(&script);
        let mut client = workspace.session();
        for file in loads {
            let reply = client.request("load-file", json!({"path": file})).unwrap();
            assert_eq!(reply.error(), None, "{}", file.display());
        }
        let name = script.file_name().unwrap().to_string_lossy().into_owned();
        for case in &cases {
            let found = judge(&mut client, case).err();
            wrong.extend(found.map(|problem| format!("{name}:{}: {}\n  {problem}", case.line, case.source)));
        }
        run += cases.len();
        drop(client);
        workspace.clean().unwrap();
    }
    workspace.stop();
    assert!(wrong.is_empty(), "{} of {run} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(run > 1000, "only {run} cases were found");
}

#[test]
fn a_blank_stands_for_anything_and_an_underscore_in_a_word_does_not() {
    assert!(matches("Actor(Counter, _)", "Actor(Counter, 0.1.2)"));
    assert!(matches("_", ""));
    assert!(matches("does_not", "does_not"));
    assert!(!matches("does_not", "does.not"));
    assert!(!matches("a_ b", "a_ c"));
}
