//! Hostile input: no panic, no overflow of a small stack, no quadratic time.

use std::time::{Duration, Instant};

use beamtalk_syntax::{Parsed, codes, parse};

/// The smallest stack this crate promises to be content with.
const STACK: usize = 2 * 1024 * 1024;

/// Generous for a loaded machine and a debug build; quadratic time takes minutes.
const LIMIT: Duration = Duration::from_secs(30);

/// Parse, clone, compare and drop on a thread with a small stack.
fn parse_on_small_stack(source: String) -> Parsed {
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let parsed = parse(&source);
        let copy = parsed.file.clone();
        assert!(copy == parsed.file || source.contains("NaN"));
        drop(copy);
        parsed
    });
    let parsed = thread.expect("a thread can be started").join().expect("the parser does not panic");
    assert!(start.elapsed() < LIMIT, "took {:?}", start.elapsed());
    parsed
}

fn codes_of(parsed: &Parsed) -> Vec<&'static str> {
    parsed.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn sixty_four_levels_of_everything_parse() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("#(", ")"), ("#[", "]"), ("#{#k => ", "}"), ("\"{", "}\""), ("x := ", "")]
    {
        let source = format!("{}1{}", open.repeat(64), close.repeat(64));
        assert!(parse_on_small_stack(source).diagnostics.is_empty(), "{open}");
    }
    let tuples = format!("{}a{} := 1", "{".repeat(64), "}".repeat(64));
    assert!(parse_on_small_stack(tuples).diagnostics.is_empty());
}

#[test]
fn deeper_nesting_is_one_error_and_the_rest_of_the_file_is_parsed() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("[:x | x foo: ", "]"),
        ("#(", ")"),
        ("#[", "]"),
        ("#{#k => ", "}"),
        ("\"{", "}\""),
        ("x match: [_ -> ", "]"),
        ("x match: [y when: [", "] -> 1]"),
    ] {
        let source = format!(
            "{}1{}\nfine := 3\nObject subclass: A\n  b => 1\n",
            open.repeat(5000),
            close.repeat(5000)
        );
        let parsed = parse_on_small_stack(source);
        assert_eq!(codes_of(&parsed), [codes::TOO_DEEP], "{open}");
        assert_eq!(parsed.file.items.len(), 3, "{open}");
    }
    for (open, close, end) in [("{", "}", " := 1"), ("x := ", "", ""), ("2 ** ", "", "")] {
        let source = format!("{}1{}{end}\nfine := 3\n", open.repeat(5000), close.repeat(5000));
        let parsed = parse_on_small_stack(source);
        assert!(codes_of(&parsed).contains(&codes::TOO_DEEP), "{open}");
        assert_eq!(parsed.file.items.len(), 2, "{open}");
    }
    let types = format!("y :: {}A{} := 1\nfine := 3\n", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(codes_of(&parse_on_small_stack(types)), [codes::TOO_DEEP]);
}

#[test]
fn long_chains_are_an_error_or_fine_but_never_an_overflow() {
    const COUNT: usize = 100_000;
    for chain in [
        "1".to_owned() + &" + 1".repeat(COUNT),
        "a".to_owned() + &" b".repeat(COUNT),
        "a".to_owned() + &" -> b c".repeat(COUNT),
    ] {
        assert_eq!(codes_of(&parse_on_small_stack(chain)), [codes::TOO_DEEP]);
    }
    for flat in [
        "a b".to_owned() + &"; c".repeat(COUNT),
        "a b".to_owned() + &"; c: 1 + 2".repeat(COUNT),
        "a".to_owned() + &" b: 1".repeat(COUNT),
        "a b. ".repeat(COUNT),
        "a b\n".repeat(COUNT),
        format!("#({})", "1, ".repeat(COUNT)),
        format!("x match: [{}]", "1 -> 2; ".repeat(COUNT)),
        format!("\"{}\"", "a{b}".repeat(COUNT)),
        format!("[{}|]", ":a ".repeat(COUNT)),
        format!("x :: {} := 1", vec!["A"; COUNT].join(" | ")),
        format!("Object subclass: A\n{}", "  b => 1\n".repeat(COUNT)),
    ] {
        let parsed = parse_on_small_stack(flat);
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics.first());
    }
    let fields = "a".to_owned() + &".b".repeat(COUNT);
    assert_eq!(codes_of(&parse_on_small_stack(fields)), [codes::FIELD_ACCESS]);
    let types = format!("x :: {} := 1", vec!["A"; COUNT].join(" & "));
    assert!(codes_of(&parse_on_small_stack(types)).contains(&codes::TOO_DEEP));
    let nested = format!("x :: {}A{} := 1", "(".repeat(200), format!("{})", " & A".repeat(300)).repeat(200));
    assert_eq!(codes_of(&parse_on_small_stack(nested)), [codes::TOO_DEEP]);
}

#[test]
fn no_tree_is_taller_than_a_thousand_nodes() {
    let level = format!("({}", "1 + ".repeat(400));
    let leading = format!("{}1{}", level.repeat(200), ")".repeat(200));
    let trailing = format!("{}1{}", "(".repeat(200), format!("{})", " a".repeat(400)).repeat(200));
    let arguments = format!("{}1{}", "x foo: (".repeat(200), format!("){}", " a".repeat(400)).repeat(200));
    let blocks = format!("{}1{}", "[x := ".repeat(120), format!("{}]", " + 1".repeat(300)).repeat(120));
    let matches =
        format!("{}1{}", "(x match: [_ -> ".repeat(120), format!("{}])", " a".repeat(300)).repeat(120));
    let scrutinee = format!("{}1{}", "(".repeat(100), " match: [_ -> 1])".repeat(100));
    for source in [leading, trailing, arguments, blocks, matches, scrutinee] {
        let parsed = parse_on_small_stack(source);
        assert!(codes_of(&parsed).iter().all(|code| *code == codes::TOO_DEEP), "{:?}", parsed.diagnostics);
        let height = nesting(&format!("{:?}", parsed.file));
        assert!(height < 6000, "{height}");
    }
}

/// Deepest nesting of braces and parentheses in the debug text: a few for each node of a tree.
fn nesting(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'{' | b'(' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Repeated, each of these once made some parser quadratic, or could.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "#(", "#[", "#{", "\"", "\"{", "\"{\"", "}", "'", "$", "#", "@", "\\", "\\\"", "é", "\0",
    ".", "!", ";", ":", "::", ":=", "^", "|", "->", "=>", ">>", "<<", "...", ",", "=", "+", "-", "-1", "1", "1.", "1e", "1r",
    "16r", "9", "a", "a ", "a:", "a: ", "A", "A ", "A(", "A(\n", "A >> ", "A\n>> ", "a => ", "a =>\n", "a: b\n", "a: b ",
    "a: b :: (\n", "a -> (\n", "class ", "class\n", "sealed ", "type A =", "@expect ", "@expect dnu\n", "@primitive ",
    "/*", "/**/", "//", "///\n", "/// a\n\n", "Object subclass: A\n", "Object subclass: A\n  a\n", "Protocol define: A\n  a\n",
    "field: a\n", "  field: a\n", "x match: [", "x match: [a -> ", "[:a", "[:a |", "{a, ", "{a} := ", "#[{a}, ", "#[...a, ",
    "<<a:8, ", "#'", "#'a''", "\"{{", "\"{}\"", "\"{ ", "x := ", "x :: ", "x :: (", "x :: A & ", "a.b", "a.b ", "super ",
    "\n", "\r", " ", "\t", "Foo class >> bar => (\n", "  + a\n", "  foo => [\n", "  foo\n", "( (", "[ ( ", "(]", "[)", "[\n)",
    "\"{(", "\"{a} ", "\"a\n", "a := \"b\n", "{(", "#{a => ", "#{ {a} => ", "Actor(A(B)) subclass: X\n", "a b; ", "a foo! ",
];

#[test]
fn half_a_megabyte_of_one_piece_takes_linear_time() {
    const SIZE: usize = 500_000;
    for piece in PIECES {
        let source = piece.repeat(SIZE / piece.len());
        let start = Instant::now();
        parse_on_small_stack(source);
        assert!(start.elapsed() < Duration::from_secs(15), "{piece:?} took {:?}", start.elapsed());
    }
}

#[test]
fn an_integer_of_a_million_digits_is_refused_quickly() {
    for source in [
        "9".repeat(1_000_000),
        "16r".to_owned() + &"F".repeat(1_000_000),
        format!("-{}", "7".repeat(1_000_000)),
    ] {
        assert_eq!(codes_of(&parse_on_small_stack(source)), [codes::INVALID_INTEGER]);
    }
    assert!(parse_on_small_stack("9".repeat(10_000)).diagnostics.is_empty());
}
