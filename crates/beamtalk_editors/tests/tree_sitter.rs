//! The tree-sitter grammar finds in valid sources what the compiler's parser finds, and goes on behind
//! mistakes. Its parser is compiled from the generated C, as an editor does it.

#[path = "agreement/compiler.rs"]
mod compiler;
#[path = "agreement/tree.rs"]
mod tree;

use std::sync::LazyLock;

use beamtalk_editors::corpus::{Source, root, valid_sources};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use tree_sitter::{Language, Node, Parser, Query, QueryCursor, StreamingIterator, Tree};
use tree_sitter_loader::{CompileConfig, Loader};

/// What is where in a source: first byte, end, description.
type Landmarks = Vec<(usize, usize, String)>;

/// The language, compiled once. The library stays loaded after its file is gone.
static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for the library");
    let source = root().join("editors/tree-sitter-beamtalk/src");
    let library = folder.path().join("beamtalk.so");
    let loader = Loader::with_parser_lib_path(folder.path().to_owned());
    let config = CompileConfig::new(&source, None, Some(library));
    loader.load_language_at_path(config).expect("the generated parser compiles")
});

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(valid_sources);

fn parse(source: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE).expect("the version of the language is known");
    parser.parse(source, None).expect("a language is set")
}

/// The first node that is an error.
fn first_error(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut cursor = node.walk();
    node.children(&mut cursor).filter(Node::has_error).find_map(first_error)
}

/// What the compiler's parser and the grammar see differently in a valid source.
fn disagreement(source: &str) -> Option<String> {
    let tree = parse(source);
    if tree.root_node().has_error() {
        let place = first_error(tree.root_node()).map(|node| node.start_position());
        return Some(format!("an error at {place:?}"));
    }
    let expected = compiler::landmarks(&beamtalk_syntax::parse(source).file);
    let found = tree::landmarks(tree.root_node(), source);
    let lost = expected.iter().find(|landmark| !found.contains(landmark));
    let invented = found.iter().find(|landmark| !expected.contains(landmark));
    (expected != found).then(|| format!("lost {lost:?}, invented {invented:?}"))
}

#[test]
fn the_grammar_agrees_with_the_compiler_on_every_source() {
    let mut differing = Vec::new();
    for source in SOURCES.iter() {
        differing.extend(disagreement(&source.text).map(|what| format!("{}: {what}", source.name)));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// What may be put between two tokens without changing them.
const LAYOUT: &[&str] =
    &[" ", "\n", "\n    ", "\n            ", " // c\n", " /* c */ ", " /* c\n */\n", "\r\n\t", ""];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_grammar_agrees_with_the_compiler_on_sources_of_another_layout(
        file in any::<Index>(),
        edits in prop::collection::vec((any::<Index>(), select(LAYOUT)), 1..4),
    ) {
        let mut source = SOURCES[file.index(SOURCES.len())].text.clone();
        for (index, layout) in edits {
            let tokens = beamtalk_syntax::parse(&source).tokens;
            let after = index.index(tokens.len());
            let start = if after == 0 { 0 } else { tokens[after - 1].span.end as usize };
            source.replace_range(start..tokens[after].span.start as usize, layout);
        }
        // A scanner that has passed a comment does not know whether a line ended before it, and takes
        // the period of another statement for the dot of a field. A protocol's member ends for it where the line does, so
        // that an annotation on the next line is nobody's.
        let beyond = source.contains("*/ .")
            || source.contains("*/.")
            || source.contains("Protocol define:")
                && source.lines().any(|line| line.trim_start().starts_with("::"));
        if beyond || !beamtalk_syntax::parse(&source).diagnostics.is_empty() {
            return Ok(());
        }
        let difference = disagreement(&source);
        prop_assert!(difference.is_none(), "{difference:?} in\n{source}");
    }
}

/// The queries that editors load.
const QUERIES: &[&str] = &["highlights", "locals", "tags", "folds", "indents", "textobjects"];

#[test]
fn queries_fit_the_grammar() {
    for name in QUERIES {
        let path = root().join(format!("editors/tree-sitter-beamtalk/queries/{name}.scm"));
        let text = std::fs::read_to_string(&path).expect("the query is there");
        let query = Query::new(&LANGUAGE, &text);
        assert!(query.as_ref().is_ok_and(|query| query.pattern_count() > 0), "{name}: {query:?}");
    }
}

/// The cases of a corpus file of tree-sitter: a title between two rules, a source, dashes, a tree.
fn cases(text: &str) -> Vec<(String, String, String)> {
    let mut parts = text.split("====================\n").skip(1);
    let mut cases = Vec::new();
    while let (Some(title), Some(body)) = (parts.next(), parts.next()) {
        let (source, tree) = body.split_once("\n---\n").expect("dashes end the source");
        cases.push((title.trim().to_owned(), source.trim_start().to_owned(), tree.to_owned()));
    }
    cases
}

/// A tree without its layout.
fn flat(tree: &str) -> String {
    tree.split_whitespace().collect::<Vec<_>>().join(" ").replace(" )", ")")
}

#[test]
fn the_corpus_of_trees_is_kept() {
    let folder = root().join("editors/tree-sitter-beamtalk/test/corpus");
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus is there") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
        for (title, source, expected) in cases(&text) {
            let tree = parse(&source).root_node().to_sexp();
            assert_eq!(flat(&tree), flat(&expected), "{title}");
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried} cases");
}

#[test]
fn a_mistake_costs_no_other_method() {
    let mistakes = ["self foo: )", "(1", "#(a", "x := := 1", "[x", "\"{x", "]", "2 match: [1 -> 2"];
    let names = Query::new(&LANGUAGE, "(method_definition selector: (unary_selector) @name)").expect("valid");
    for mistake in mistakes {
        let source = format!("Object subclass: A\n  one => 1\n\n  two => {mistake}\n\n  three => 3\n");
        let tree = parse(&source);
        let mut cursor = QueryCursor::new();
        let mut found = cursor.matches(&names, tree.root_node(), source.as_bytes());
        let mut selectors = Vec::new();
        while let Some(each) = found.next() {
            selectors.push(&source[each.captures[0].node.byte_range()]);
        }
        assert!(tree.root_node().has_error(), "{mistake}");
        assert!(selectors.contains(&"one") && selectors.contains(&"three"), "{mistake}: {selectors:?}");
    }
}
