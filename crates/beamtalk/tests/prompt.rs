//! What must work at the prompt: each test is one session's input and what it prints.

mod place;

use place::Place;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the lines and compares standard output.
fn prints(input: &str, expected: &str) {
    Place::new().prints(input, expected);
}

#[test]
fn piped_input_prints_values_and_nothing_else() {
    prints("2 + 3 * 4\n", "14");
}

#[test]
fn integers_are_exact_and_strings_are_text() {
    prints(
        "2 ** 100\n(3 ** 40) - (3 ** 40)\n\"Grüße {1 + 2} ⚡\"\n\"Grüße\" size\n",
        "1267650600228229401496703205376\n0\nGrüße 3 ⚡\n5",
    );
}

#[test]
fn blocks_count_in_captured_variables_however_they_are_called() {
    prints(
        "n := 0\nadd := [:k | n := n + k]\nadd value: 4\n#(1, 2) do: add\nErlang lists foreach: add over: #(10, 20)\nn\n\
         Object subclass: Runner\n  class run: aBlock times: k => k timesRepeat: [aBlock value]\n\n\
         Runner run: [n := n + 1] times: 3\nn\n",
        "0\nBlock/1\n4\nnil\nResult ok: nil\n37\nRunner\nnil\n40",
    );
}

#[test]
fn errors_are_caught_and_cleanups_run() {
    prints(
        "[1 / 0] on: Error do: [:e | e message]\ndone := 0\n[3] ensure: [done := 1]\ndone\n[nil foo. 1] on: Error do: [:e | e kind]\n",
        "bad arithmetic operation\n0\n3\n1\ndoes_not_understand",
    );
}

#[test]
fn an_input_that_raises_changes_no_variable() {
    prints(
        "x := 1\ny := [:k | x := x + k]\ny value: 1\nx := 50. nil foo\ny value: 1. nil foo\nx\n_error kind\n",
        "1\nBlock/1\n2\n2\ndoes_not_understand",
    );
}

#[test]
fn an_actor_crashes_without_its_session_and_keeps_its_state_over_a_redefinition() {
    prints(
        "Actor subclass: Counter\n  state: n = 0\n  inc => self.n := self.n + 1\n  get => self.n\n  crash => self.n := 99. nil foo\n\n\
         c := Counter spawn. c inc\nc inc!\nc get\nc crash\nc get\n\
         Actor subclass: Counter\n  state: n = 0\n  state: name = \"fresh\"\n  inc => self.n := self.n + 10\n  get => self.n\n  name => self.name\n\n\
         c get\nc name\nc inc\nCounter >> double => self.n * 2\nc double\n",
        "Counter\n1\nnil\n2\n2\nCounter\n2\nfresh\n12\nCounter>>double\n24",
    );
}

#[test]
fn value_classes_have_constructors_and_copiers() {
    prints(
        "Value subclass: Coin\n  field: cents = 5\n  field: tag = \"c\"\n\nCoin new\nCoin new: #{#cents => 9}\n(Coin cents: 1 tag: \"z\") withCents: 2\n(Coin new) =:= (Coin cents: 5 tag: \"c\")\n",
        "Coin\nCoin(cents: 5, tag: \"c\")\nCoin(cents: 9, tag: \"c\")\nCoin(cents: 2, tag: \"z\")\ntrue",
    );
}

#[test]
fn a_syntax_error_shows_the_place_and_a_help_and_the_session_goes_on() {
    let place = Place::new();
    let (out, err) = place.session("x = 3\n4\n");
    assert_eq!(out, "4\n");
    assert!(err.contains("Error:") && err.contains("Hint:") && err.contains(":="), "{err}");
}

#[test]
fn help_says_what_the_message_says() {
    let definition = "Value subclass: Coin\n  field: cents = 5\n  /// Twice as much.\n  double -> Integer => self.cents * 2\n  class one => self new\n\n";
    let (out, err) = Place::new().session(&format!(
        "{definition}:help Coin\nBeamtalk help: Coin\n:help Coin double\nBeamtalk help: Coin selector: #double\n:help Coin class one\n:help Zork\n:help Coin zork\n:help Co'in\n"
    ));
    let shown: Vec<&str> = out.split("== Coin ").collect();
    assert_eq!((shown.len(), shown[1], shown[3]), (6, shown[2], shown[4]), "{out}");
    assert!(shown[1].starts_with("< Value ==\n\nInstance methods:\n  cents\n  double\n"), "{out}");
    assert_eq!(shown[3], ">> double ==\n  double -> Integer\n\nTwice as much.\n", "{out}");
    assert!(shown[5].starts_with("class >> one ==\n"), "{out}");
    for told in ["Class 'Zork' not found", "Coin does not understand 'zork'", "Class 'Co'in' not found"] {
        assert!(err.contains(told), "{err}");
    }
}

#[test]
fn an_unknown_message_suggests_a_known_one() {
    let place = Place::new();
    let (_, err) =
        place.session("Object subclass: Shop\n  class openDoors => 1\n\nShop openDors\n\"abc\" reverze\n");
    assert!(err.contains("Shop does not understand 'openDors'") && err.contains("openDoors"), "{err}");
    assert!(err.contains("String does not understand 'reverze'") && err.contains("'reverse'"), "{err}");
}

#[test]
fn files_are_loaded_and_loaded_again() {
    let place = Place::new();
    let file = place.project().join("Tally.bt");
    place.write("Tally.bt", "Object subclass: Tally\n  class now => 1\n");
    let (out, err) = place.session(":load Tally.bt\nTally now\n");
    assert_eq!(out, "Loaded Tally\n1\n", "{err}");
    place.write("Tally.bt", "Object subclass: Tally\n  class now => 2\n");
    assert_eq!(place.session(":load Tally.bt\nTally now\n").0, "Loaded Tally\n2\n");
    assert!(Path::new(&file).exists());
}

const SHAPES: &str = "type Length = Integer | Float\n\nShape subclass: Square\n  area => self.side * self.side\n\nProtocol define: Flat\n  area -> Integer\n\nValue subclass: Shape\n  field: side = 2\n  area => 0\n\nInteger >> boxed => (Square side: self) area\n";

#[test]
fn a_file_of_several_classes_is_loaded_and_loaded_again() {
    let place = Place::new();
    place.write("Shapes.bt", SHAPES);
    let input = ":load Shapes.bt\nSquare new area\n3 boxed\nShape conformsTo: #Flat\nSquare superclass\ns := Square side: 3\n";
    let (out, err) = place.session(input);
    assert_eq!(out, "Loaded Shape, Square, Flat\n4\n9\ntrue\nShape\nSquare(side: 3)\n", "{err}");
    // One class leaves and stays in the workspace until it is removed; the others are new.
    let rest = SHAPES.replace("Protocol define: Flat\n  area -> Integer\n", "").replace("=> 0", "=> 1");
    place.write("Shapes.bt", &rest);
    let input = "Workspace load: \"Shapes.bt\"\nShape new area\nFlat\n[Flat reload] on: Error do: [:e | e message]\nSquare reload\nSquare new area\n";
    let (out, err) = place.session(input);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[..3], ["#(Shape, Square)", "1", "Flat"], "{out}{err}");
    assert!(lines[3].ends_with("does not define Flat any more"), "{out}{err}");
    assert_eq!(lines[4..], ["Square", "4"], "{out}{err}");
    // An error in one of them changes none.
    place.write("Shapes.bt", &SHAPES.replace("area => 0", "area => ("));
    let (out, err) = place.session(":load Shapes.bt\nShape new area\n");
    assert!(out.ends_with("1\n") && !out.contains("Loaded"), "{out}{err}");
}

#[test]
fn hostile_input_ends_in_an_error_and_the_session_goes_on() {
    let place = Place::new();
    let nested = format!("{}1{}\n", "(".repeat(10_000), ")".repeat(10_000));
    let long = format!("\"{}\" size\n", "a".repeat(10_000_000));
    let chain = format!("1{}\n", " + 1".repeat(100_000));
    let (out, err) = place.session(&format!("{nested}{chain}{long}\"never closed {{1\n"));
    assert_eq!(out, "10000000\n");
    assert_eq!(err.matches("nesting is too deep").count(), 2, "{err}");
    let (out, _) = place.session("#(1\n");
    assert_eq!(out, "");
    assert_eq!(place.session("7\n").0, "7\n");
}

#[test]
fn a_method_of_five_thousand_statements_runs() {
    use std::fmt::Write as _;
    let mut code = String::from("Object subclass: Long\n  class run =>\n    x0 := 0\n");
    for line in 1..5000 {
        let _ = writeln!(code, "    x{line} := x{} + (self step: {line})", line - 1);
    }
    code.push_str("    x4999\n  class step: n => n\n\nLong run\n");
    prints(&code, "Long\n12497500");
}

#[test]
fn a_session_changes_its_variables_through_its_bindings() {
    let code = "\
x := 5
Session current bindings at: #y put: x + 3
y
Session current bindings removeKey: #x
Session current bindings
Session current clear
Session current bindings
";
    prints(code, "5\n8\n8\nnil\n#{#y => 8}\nnil\n#{}");
}

#[test]
fn looking_for_erlang_leaves_the_input_to_the_prompt() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/install-erlang.sh");
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("'{}' run && cat", script.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(b"2 + 3 * 4\n")
        .expect("the script does not close its input");
    let output = child.wait_with_output().expect("the script ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 + 3 * 4\n");
}
