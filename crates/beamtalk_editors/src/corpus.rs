//! Every Beamtalk source of the repository: its files, and the examples of its documentation.

use std::fs;
use std::path::{Path, PathBuf};

/// A piece of Beamtalk.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is from: a path below the root, and for an example the number of its fence.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of which the compiler's parser has nothing bad to say, by name.
#[must_use]
pub fn valid_sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["stdlib", "examples", "bench", "crates", "docs", "tests"] {
        collect(&root().join(folder), &mut sources);
    }
    sources.retain(|source| beamtalk_syntax::parse(&source.text).diagnostics.is_empty());
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    sources
}

/// The sources in a folder that can be read, and in the folders below it.
fn collect(folder: &Path, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, sources);
            continue;
        }
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("bt") => sources.extend(fs::read_to_string(&path).ok().map(|text| Source { name, text })),
            Some("md") => {
                let page = fs::read_to_string(&path).unwrap_or_default();
                let numbered = fences(&page).into_iter().enumerate();
                sources.extend(numbered.map(|(at, text)| Source { name: format!("{name} {at}"), text }));
            }
            _ => {}
        }
    }
}

/// The `beamtalk` examples of a page; one behind a margin is none of a file's layout and left out.
fn fences(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            if line.trim_start_matches('`').split_whitespace().next() == Some("beamtalk") {
                found.push(body.join("\n") + "\n");
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_of_other_languages_are_passed_over() {
        assert_eq!(fences("```text\nx\n```\n```beamtalk E0101\nx := 1\ny\n```\n"), ["x := 1\ny\n"]);
    }

    #[test]
    fn library_and_documentation_are_in_the_corpus() {
        let sources = valid_sources();
        for part in ["stdlib/src/", "docs/language/", "examples/"] {
            assert!(sources.iter().filter(|source| source.name.starts_with(part)).count() > 3, "{part}");
        }
    }
}
