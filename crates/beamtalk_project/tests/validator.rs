//! OTP's `beam_validator` accepts the code of every construct, alone and in combination.

use std::fmt::Write as _;

use beamtalk_project::{Image, InputHome, Variable, render};

/// Class definitions that the expressions below use, and that are validated themselves.
const CLASSES: &[&str] = &[
    "Value subclass: Point\n  field: x = 0\n  field: y = 3 * 4\n  + other => Point x: self.x + other x y: self.y + other y\n  < other => self.x < other x\n  class origin => self new\n  class at: n => self x: n y: n",
    "Point subclass: Point3\n  field: z :: Integer | Nil\n  + other => (super + other) withX: self.z\n  printString => \"P{self.x}/{self.y}/{self.z}\"",
    "Actor subclass: Counter\n  state: n = 0\n  state: log :: List = #()\n  inc => self.n := self.n + 1\n  add: k => k timesRepeat: [self.n := self.n + 1]. self.n\n  note: s => self.log := #(s | self.log). s ifNil: [^0]. self inc\n  later =>\n    self inc!\n    self\n  each: xs => xs do: [:e | e > 9 ifTrue: [^e]. self.n := self.n + e]. #none",
    "Object subclass: Tool\n  classState: count = 0\n  classState: names = #{}\n  class hit => self.count := self.count + 1\n  class hitAll: xs => xs do: [:x | self.count := self.count + x]. self.count\n  class first: xs over: k => xs do: [:x | x > k ifTrue: [^x]]. nil\n  class make => n := 0. [n := n + 1]\n  class run: b => [b value] ensure: [self hit]\n  class fib: k => k < 2 ifTrue: [^k]. (self fib: k - 1) + (self fib: k - 2)",
    "sealed Value subclass: Fast\n  field: v = 1\n  twice => self add: self.v\n  add: k => self.v + k\n  loop: n =>\n    s := 0\n    1 to: n do: [:i | 1 to: i do: [:j | (i + j) % 3 =:= 0 ifTrue: [s := s + 1] ifFalse: [s := s - 1]]]\n    s",
];

/// Inputs; each stands for a rule of code generation.
const INPUTS: &[&str] = &[
    "1 + 2 * 3 - 4 / 5 % 6",
    "x := 3. y := x + x * x - x. x < y and: [y > x or: [x =:= y]]",
    "a := b := 4. (c := 5) + c. a",
    "\"n {1 + 2} and {\"in {3} side\"} {#(1, 2)}\"",
    "n := 0. add := [:k | n := n + k]. add value: 4. n",
    "n := 0. 5 timesRepeat: [n := n + 1]. n",
    "s := 0. 1 to: 10 do: [:i | s := s + i]. 10 to: 1 by: -3 do: [:i | s := s - i]. s",
    "i := 0. [i < 10] whileTrue: [i := i + 1. i =:= 5 ifTrue: [^i]]. i",
    "i := 0. [i >= 3] whileFalse: [i := i + 1]. [i := i + 1. i > 9 ifTrue: [^i]] repeat",
    "bs := (1 to: 3) collect: [:k | [k := k + 1. k]]. bs",
    "f := [:p | p > 3 ifTrue: [^p]. p]. f value: 2. f value: 5. 99",
    "m := 0. o := [q := m. [m := m + q + 1]]. (o value) value. m",
    "[1 / 0] on: Error do: [:e | e message]",
    "r := 0. [r := 1. nil foo] on: Error do: [:e | r := r + 10]. r",
    "[r := 5. ^r] ensure: [r := 6]",
    "3 match: [0 -> #zero; k when: [k > 2 and: [k < 9]] -> k * 2; _ -> #other]",
    "(Tuple withAll: #(1, 2)) match: [{a, _} -> a; {1, b} -> b; {_, _, _} -> nil; t :: Tuple -> t]",
    "#[1, #[2, 3]] match: [#[a, #[b, c]] -> a + b + c; #[h, ...t] -> t; _ -> 0]",
    "#(1, 2, 3) match: [#(a, b) -> a; #(a, ...t) -> t; #() -> nil]",
    "#{#k => 1, \"s\" => 2} match: [#{#k => v, \"s\" => w} -> v + w; d :: Dictionary -> d; _ -> 0]",
    "(Result ok: 3) match: [Result ok: v -> v; Result error: e -> e]",
    "\"ab\" match: [<<a:8, rest/binary>> -> a; _ -> 0]",
    "nil match: [nil -> 1; s :: String -> s; i :: Integer -> i; b :: Boolean -> b; y :: Symbol -> y; p :: Point3 -> p x]",
    "{p1, {q1, _}} := Tuple withAll: #(1, Tuple withAll: #(2, 3)). p1 + q1",
    "#[h1, ...t1] := #[1, 2, 3]. #(h2, i2, ...t2) := #(4, 5, 6). #{#k => v1} := #{#k => 7}. h1 + h2 + v1",
    "#(1, 2 | #(3)) size",
    "#{#a => 1, (1 + 1) => (x := 5), \"k\" => x}",
    "#[1 + 1, 2, #sym, 3.5, nil, true, $a]",
    "Transcript show: \"a\"; show: 3; cr",
    "#(3, 1, 2) sort; size",
    "x isNil ifTrue: [1] ifFalse: [2]",
    "(nil ifNil: [3]) + (4 ifNotNil: [:v | v * 2]) + (nil ifNil: [1] ifNotNil: [:v | v])",
    "(3 > 2) & 1",
    "x := 7. (x := x + 1) + (x := x * 2) + x",
    "#((x := 1), (x := x + 1), x)",
    "Erlang lists seq: 1 to: 4",
    "Erlang erlang node",
    "(Point x: 1 y: 2) + Point origin",
    "p := Point3 new. p withX: 3",
    "c := Counter spawn. c inc!\nc add: 3",
    "Tool hit. Tool hitAll: #(1, 2)",
    "[:a1 :b1 :c1 | a1 + b1 + c1] value: 1 value: 2 value: 3",
    "[[[1] value] value] value",
    "true xor: false",
    "x := 2 ** 70. x bitAnd: 16rFFFF",
    "9223372036854775807 + 1152921504606846976 - 576460752303423488",
    "-0.0 + 1.5e300 * 1.0e-5",
    "x := nil. [x isNil] whileTrue: [x := 3]. x",
    "t := 0. 1 to: 3 do: [:i | u := i * 2. b := [u := u + 1. t := t + u]. b value. b value]. t",
    "k := 0. [:z | z > 0 ifTrue: [k := k + z]] value: 3. k",
    "w := #(1, 2, 3) inject: 0 into: [:acc :e | acc + e]. w max: 3",
    "Zork new",
    "d := #{}. d := d at: #a put: 1. d at: #a ifAbsent: [0]",
];

fn problems(failure: &beamtalk_project::Failure, text: &str) -> String {
    failure.diagnostics.iter().map(|(path, diagnostic)| render(diagnostic, path, text)).collect()
}

/// The listings of everything above, over sessions whose variables are new, values, or cells.
fn listings() -> Vec<(String, String)> {
    let mut image = Image::new();
    let mut texts = Vec::new();
    for class in CLASSES {
        let text =
            image.listing(&[], class).unwrap_or_else(|failure| panic!("{}", problems(&failure, class)));
        texts.push((format!("class {}", texts.len()), text));
        let compiled = image
            .compile_input(&[], class, "unused")
            .unwrap_or_else(|failure| panic!("{}", problems(&failure, class)));
        image.commit(&compiled);
    }
    let names = ["x", "y", "n", "s", "i", "r", "m", "t", "k", "d"];
    let sessions: [Vec<Variable>; 3] = [
        vec![Variable { name: "x".into(), home: InputHome::Value }],
        names.iter().map(|name| Variable { name: (*name).into(), home: InputHome::Value }).collect(),
        names.iter().map(|name| Variable { name: (*name).into(), home: InputHome::Cell }).collect(),
    ];
    for (kind, session) in sessions.iter().enumerate() {
        for (index, input) in INPUTS.iter().enumerate() {
            match image.listing(session, input) {
                Ok(text) => texts.push((format!("input {index} session {kind}"), text)),
                // Two inputs are wrong on purpose.
                Err(failure) => assert!(input.contains('&'), "{input}: {}", problems(&failure, input)),
            }
        }
    }
    texts
}

#[test]
fn the_validator_accepts_every_construct() {
    let texts = listings();
    let borrowed: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    if let Err(error) = beamtalk_beam::testing::validate_all(&borrowed) {
        panic!("{error}");
    }
}

/// A method that keeps overwriting fifty variables over many statements.
fn long_method(statements: usize) -> String {
    let mut code = String::from("Object subclass: Long\n  class run =>\n    x0 := 0\n");
    for line in 1..statements {
        let previous = (line + 49) % 50;
        let _ = writeln!(code, "    x{} := x{previous} + (self step: {line})", line % 50);
    }
    code.push_str("    x1\n  class step: n => n\n");
    code
}

#[test]
fn a_method_of_thousands_of_statements_compiles() {
    let image = Image::new();
    let (short, long) = (long_method(300), long_method(5000));
    let text = image.listing(&[], &short).unwrap_or_else(|failure| panic!("{}", problems(&failure, &short)));
    if let Err(error) = beamtalk_beam::testing::validate_all(&[("long", &text)]) {
        panic!("{error}");
    }
    let compiled = image
        .compile_input(&[], &long, "unused")
        .unwrap_or_else(|failure| panic!("{}", problems(&failure, &long)));
    assert_eq!(compiled.modules.len(), 1);
}

#[test]
fn a_message_of_hundreds_of_arguments_is_an_error() {
    let mut message = String::new();
    for argument in 0..300 {
        write!(message, "k{argument}: 1 ").expect("a string takes it");
    }
    let image = Image::new();
    for code in [format!("3 {message}"), format!("Object subclass: A\n  run => 3 {message}")] {
        let failure = image.compile_input(&[], &code, "bt@eval@1").expect_err("too many arguments");
        assert!(failure.diagnostics.iter().any(|(_, diagnostic)| diagnostic.code == "E0620"));
    }
}
