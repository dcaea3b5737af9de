//! The documentation is true: its examples are run, and what they promise is what happens.
//!
//! Each `beamtalk` fence of `README.md`, of the other pages beside it, of `docs/**/*.md` and of `tests/conformance/**/*.md` is a
//! test. All fences of a page make one session of one
//! workspace, served by the real binary. An input is a line that begins at the margin, with the indented lines
//! below it. What it promises stands behind it, or on the lines after it:
//!
//! | comment | promise |
//! |---|---|
//! | `// => 42` | the value that the prompt shows; `…` stands for any text, a second `// =>` for a second line |
//! | `// ! text` | an error whose message or hint contains the text |
//! | `// ? text` | a warning that contains the text; the input runs all the same |
//!
//! An input without a promise must succeed. A fence `beamtalk no-run` must parse; a fence `beamtalk E0102` must be
//! refused, or warned of, with that very code. A page with examples to run but without a promise fails.

mod pages;
mod served;

use beamtalk_project::{Failure, Image};
use beamtalk_repl::display::to_text;
use beamtalk_repl::{Client, Reply};
use pages::{Example, Fence, Promise, entries, examples, fences, pages};
use serde_json::{Value, json};
use served::{Workspace, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// Codes whose mistake does not fit into an example.
const WITHOUT_EXAMPLE: &[&str] = &[
    "E0100", // four gigabytes
    "E0107", // tens of thousands of digits
    "E0216", // hundreds of brackets
    "E0525", // the parser is faster
    "E0341", // only in the standard library
    "E0319", "E0324", // two inputs
    "E0401", "E0402", "E0403", "E0404", "E0405", "E0514", "E0632", // two packages
    "E0451", "E0452", "E0453", // several files; at the prompt the later one wins
    "E0511", "E0544", // two inputs
    "E0600", // no text at all
    "E0605", "E0606", "E0607", "E0613", "E0614", // of reflection, at run time
    "E0610", "E0611", "E0612", // of `:unload`
    "E0620", "E0621", // thousands of values
    "E0630", "E0631", // of files
    "W0308", // a lint of a whole class
    "P0001", "P0002", "P0003", "P0004", "P0005", "P0006", "P0007", "P0008", // of projects
];

/// A page that takes longer hangs.
const LONGEST_PAGE: Duration = Duration::from_secs(20);

/// Whether the text is the pattern, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            match rest.split_once(middle) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

/// What is wrong with an example, given the reply to it.
fn judge(promise: &Promise, reply: &Reply) -> Option<String> {
    let warnings = reply.texts("warnings").join("\n");
    if let Some(expected) = &promise.warning
        && !warnings.contains(expected)
    {
        return Some(format!("expected the warning: {expected}\n  got: {warnings}"));
    }
    if let Some(error) = reply.error() {
        let told = format!("{error}\n{}", reply.text("hint").unwrap_or_default());
        return match &promise.error {
            Some(expected) if told.contains(expected) => None,
            Some(expected) => Some(format!("expected the error: {expected}\n  got: {told}")),
            None => Some(format!("error: {told}")),
        };
    }
    let shown = to_text(reply.get("value").unwrap_or(&Value::Null));
    match promise {
        Promise { error: Some(expected), .. } => {
            Some(format!("expected the error: {expected}\n  got the value: {shown}"))
        }
        Promise { value: Some(expected), .. } if !matches(expected, &shown) => {
            Some(format!("expected: {expected}\n  got: {shown}"))
        }
        _ => None,
    }
}

/// Runs one page in a session of its own. What takes too long is interrupted, and is wrong.
fn run_page(client: &mut Client, page: &str, examples: &[Example], wrong: &mut Vec<String>) {
    let mut interrupter = client.interrupter().unwrap();
    let (done, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        while ended.recv_timeout(LONGEST_PAGE) == Err(mpsc::RecvTimeoutError::Timeout) {
            // The connection may have ended as well; then there is nothing left to interrupt.
            let _ = interrupter.interrupt();
        }
    });
    for example in examples {
        let at = format!("{page}:{}: {}", example.line, example.source);
        match client.request("eval", json!({"code": example.source})) {
            Ok(reply) => {
                let found = judge(&example.promise, &reply);
                wrong.extend(found.map(|problem| format!("{at}\n  {problem}")));
            }
            Err(error) => wrong.push(format!("{at}\n  {error}")),
        }
    }
    drop(done);
}

/// All runnable examples of a page, or what is wrong with the page.
fn runnable(page: &str, text: &str) -> Result<Vec<Example>, String> {
    let fences = fences(text);
    let all: Vec<Example> =
        fences.iter().filter(|fence| fence.info == "beamtalk").flat_map(examples).collect();
    if let Some(example) = all.iter().find(|example| example.source.trim_end().contains("\n\n")) {
        return Err(format!("{page}:{}: at the prompt an empty line would end this", example.line));
    }
    if !all.is_empty() && !all.iter().any(Example::is_promising) {
        return Err(format!("{page}: has examples but promises nothing"));
    }
    Ok(all)
}

/// The code that a fence such as `beamtalk E0102` is about.
fn code_of(fence: &Fence) -> Option<&str> {
    fence.info.split_whitespace().nth(1).filter(|word| *word != "no-run")
}

#[test]
fn every_example_does_what_its_page_says() {
    let mut wrong = Vec::new();
    let mut run = 0;
    let mut workspace = Workspace::start("documentation");
    for (page, text) in pages() {
        match runnable(&page, &text) {
            Ok(examples) => {
                run_page(&mut workspace.session(), &page, &examples, &mut wrong);
                run += examples.len();
            }
            Err(problem) => wrong.push(problem),
        }
        wrong.extend(workspace.clean().err().map(|problem| format!("{page}: {problem}")));
    }
    for path in entries(&root().join("examples")) {
        let page = path.file_name().unwrap().to_string_lossy().into_owned();
        run += run_example_file(&mut workspace, &path, &page, &mut wrong);
        wrong.extend(workspace.clean().err().map(|problem| format!("{page}: {problem}")));
    }
    workspace.stop();
    assert!(wrong.is_empty(), "{} of {run} examples:\n{}", wrong.len(), wrong.join("\n"));
    assert!(run > 100, "only {run} examples were found");
}

/// Loads a file of `examples/`, then runs the examples in its doc comments.
fn run_example_file(workspace: &mut Workspace, path: &Path, page: &str, wrong: &mut Vec<String>) -> usize {
    let loaded = workspace.client.request("load-file", json!({"path": path})).unwrap();
    if let Some(error) = loaded.error() {
        wrong.push(format!("{page}: {error}"));
    }
    if !loaded.list("warnings").is_empty() {
        wrong.push(format!("{page}: {:?}", loaded.texts("warnings")));
    }
    let documented: Vec<String> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| line.trim_start().strip_prefix("///").unwrap_or_default())
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
        .collect();
    match runnable(page, &documented.join("\n")) {
        Ok(examples) if examples.is_empty() => wrong.push(format!("{page}: shows no use of itself")),
        Ok(examples) => {
            run_page(&mut workspace.session(), page, &examples, wrong);
            return examples.len();
        }
        Err(problem) => wrong.push(problem),
    }
    0
}

#[test]
fn examples_that_are_not_run_parse() {
    for (page, text) in pages() {
        for fence in fences(&text).iter().filter(|fence| fence.info == "beamtalk no-run") {
            let parsed = beamtalk_syntax::parse(&fence.body);
            assert!(parsed.is_ok(), "{page}:{}: {:?}", fence.line, parsed.diagnostics);
        }
    }
}

#[test]
fn each_example_of_an_error_has_its_code() {
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        for fence in &fences(&text) {
            let Some(code) = code_of(fence) else { continue };
            let found = codes_of(&fence.body);
            if !found.contains(&code) {
                wrong.push(format!("{page}:{}: expected {code}, got {found:?}", fence.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes of all that the compiler says about an input.
fn codes_of(source: &str) -> Vec<&'static str> {
    let compiled = Image::default().compile_input(&[], source, "bt@eval@1");
    let diagnostics = match compiled {
        Ok(compiled) => compiled.warnings,
        Err(Failure { diagnostics }) => diagnostics,
    };
    let parsed = beamtalk_syntax::parse(source);
    let style = beamtalk_project::lint(&parsed.file, source);
    diagnostics.iter().map(|(_, diagnostic)| diagnostic).chain(&style).map(|each| each.code).collect()
}

#[test]
fn every_code_is_explained_once_and_shown() {
    let text = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let explained: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("### ")?.split_whitespace().next()).collect();
    let mut sorted = explained.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(explained, sorted, "each code has one section, in order");
    let fences = fences(&text);
    let shown: BTreeSet<&str> = fences.iter().filter_map(code_of).collect();
    let known = codes_in_sources();
    let unexplained: Vec<_> = known.iter().filter(|code| !explained.contains(&code.as_str())).collect();
    assert!(unexplained.is_empty(), "not in docs/errors.md: {unexplained:?}");
    let obsolete: Vec<_> = explained.iter().filter(|code| !known.contains(**code)).collect();
    assert!(obsolete.is_empty(), "no diagnostic has these codes: {obsolete:?}");
    let unclear: Vec<_> = known
        .iter()
        .map(String::as_str)
        .filter(|code| shown.contains(code) == WITHOUT_EXAMPLE.contains(code))
        .collect();
    assert!(unclear.is_empty(), "need an example, or a place among those without: {unclear:?}");
}

/// Every diagnostic code that the compiler's sources name.
fn codes_in_sources() -> BTreeSet<String> {
    let mut codes: BTreeSet<String> =
        beamtalk_syntax::codes::ALL.iter().map(|(code, _)| (*code).to_owned()).collect();
    for krate in ["beamtalk_semantics", "beamtalk_codegen", "beamtalk_project"] {
        let source = root().join("crates").join(krate).join("src");
        let (folders, mut files): (Vec<_>, Vec<_>) =
            entries(&source).into_iter().partition(|path| path.is_dir());
        files.extend(folders.iter().flat_map(|folder| entries(folder)));
        for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            codes.extend(code.split('"').filter(|word| is_code(word)).map(str::to_owned));
        }
    }
    codes
}

fn is_code(word: &str) -> bool {
    word.len() == 5
        && word.starts_with(['E', 'P', 'W'])
        && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    for (page, text) in pages() {
        let folder = root.join(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if link.starts_with("http") || path.is_empty() {
                continue;
            }
            assert!(folder.with_file_name(path).exists(), "{page} links to {link}");
        }
    }
}

#[test]
fn the_architecture_names_every_crate_and_dependency() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let named = |prefix: &str| -> BTreeSet<String> {
        let lines = page.lines().filter_map(|line| line.strip_prefix(prefix));
        lines.filter_map(|line| line.split('`').next()).map(str::to_owned).collect()
    };
    let mut folders = entries(&root().join("crates"));
    folders.retain(|folder| folder.join("Cargo.toml").exists());
    let crates: BTreeSet<String> =
        folders.iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect();
    let nameless: Vec<_> = crates.difference(&named("### `")).cloned().collect();
    assert!(nameless.is_empty(), "crates that ARCHITECTURE.md does not know: {nameless:?}");
    let used: BTreeSet<String> = folders.iter().flat_map(|folder| dependencies(folder)).collect();
    let unexplained: Vec<_> = used.difference(&named("| `")).cloned().collect();
    assert!(unexplained.is_empty(), "dependencies without a reason in ARCHITECTURE.md: {unexplained:?}");
}

/// The crates of others that a crate's manifest names.
fn dependencies(folder: &Path) -> BTreeSet<String> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once(['.', ' ', '='])
            && !name.is_empty()
            && !name.starts_with(['#', ' '])
            && !name.starts_with("beamtalk")
        {
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn a_fence_falls_into_inputs_with_their_promises() {
    let fence = Fence {
        info: "beamtalk".into(),
        line: 10,
        body: "// A remark.\nx := 1 // => 1\n/// Doc.\nObject subclass: A\n\n  m => 2\n\nA\n  m: [\n]\n// ! no\n// ! way"
            .into(),
    };
    let found = examples(&fence);
    let lines: Vec<_> = found.iter().map(|example| (example.line, example.source.as_str())).collect();
    let class = "/// Doc.\nObject subclass: A\n\n  m => 2\n";
    assert_eq!(lines, [(11, "x := 1"), (12, class), (17, "A\n  m: [\n]")]);
    assert_eq!(found[0].promise.value.as_deref(), Some("1"));
    assert!(!found[1].is_promising());
    assert_eq!(found[2].promise.error.as_deref(), Some("no\nway"));
}

#[test]
fn a_page_that_promises_nothing_is_refused() {
    assert!(runnable("page", "```beamtalk\n1 + 1\n```\n").is_err());
    assert!(runnable("page", "```beamtalk\n1 + 1 // => 2\n```\n").is_ok());
    assert!(runnable("page", "No examples at all.\n").is_ok());
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(matches("Actor(Tick, …)", "Actor(Tick, 0.91.0)"));
    assert!(matches("…b…", "abc"));
    assert!(!matches("a…", "ba"));
    assert!(!matches("a…c", "ab"));
    assert!(matches("same", "same"));
    assert!(!matches("same", "samer"));
}
