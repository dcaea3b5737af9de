//! What each construct of the grammar becomes, as S-expressions.

use beamtalk_syntax::{dump, parse};

/// Source and tree, valid sources only.
fn check(cases: &[(&str, &str)]) {
    let mut failures = Vec::new();
    for (source, wanted) in cases {
        let parsed = parse(source);
        let tree = dump(&parsed.file);
        if tree.trim_end() != *wanted || !parsed.diagnostics.is_empty() {
            failures.push(format!("{source}\n  wanted {wanted}\n  got    {tree}  {:?}", parsed.diagnostics));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn literals() {
    check(&[
        ("1042", "1042"),
        ("2r1101", "13"),
        ("16rBeef", "48879"),
        ("-16rFF", "-255"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("4e2", "400.0"),
        ("2.5E-1", "0.25"),
        ("6.foo", "6\nfoo"),
        ("7abc", "(send 7 abc)"),
        ("1_000", "(send 1 _000)"),
        ("3each", "(send 3 each)"),
        ("$a", "$a"),
        ("$\\n value", "(send $\n value)"),
        ("$  size", "(send $  size)"),
        ("\"a\"\"b\\{\\}}\"", "\"a\\\"b{}}\""),
        ("\"a\\nb\"", "\"a\\\\nb\""),
        ("\"p\\\"q\"", "\"p\\\\\\\"q\""),
        ("\"a\nb\"", "\"a\\nb\""),
        (
            "\"In {city}: {2 * 21} and {\"in{1}ner\"} \\{raw}\"",
            "(str \"In \" city \": \" (send 2 * 21) \" and \" (str \"in\" 1 \"ner\") \" {raw}\")",
        ),
        ("\"{${ value}\"", "(str (send ${ value))"),
        (
            "\"{[:x | #{#a => x}] /* } */ value: \"}\"}\"",
            "(str (send (block :x | (dict (#a x))) value: \"}\"))",
        ),
        ("\"{x\n}\"", "(str x)"),
        ("#ready", "#ready"),
        ("#at:put:", "#at:put:"),
        ("#at:put", "(send #at: put)"),
        ("#+", "#+"),
        ("#'don''t'", "#don't"),
        ("#(#+, #-)", "(list #+ #-)"),
        ("#()", "(list)"),
        ("#(1, 2,)", "(list 1 2)"),
        ("#(a, b | rest tail)", "(list a b | (send rest tail))"),
        ("#[1 + 2, x foo: 3]", "(array (send 1 + 2) (send x foo: 3))"),
        ("#{}", "(dict)"),
        (
            "#{#k => v, \"s\" => 2, x size => 3, (k) => 4,}",
            "(dict (#k v) (\"s\" 2) ((send x size) 3) ((paren k) 4))",
        ),
    ]);
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_skipped() {
    check(&[("\u{feff}x := 1\r\ny\r\n", "(:= x 1)\ny")]);
}

#[test]
fn messages_and_precedence() {
    check(&[
        ("a b c", "(send (send a b) c)"),
        ("a + b * c ** d ** e", "(send a + (send b * (send c ** (send d ** e))))"),
        ("a == b == c", "(send (send a == b) == c)"),
        ("a < b =:= c >= d", "(send (send a < b) =:= (send c >= d))"),
        ("Foo >> #bar -> 3", "(send (send Foo >> #bar) -> 3)"),
        ("-2 ** 2", "(send -2 ** 2)"),
        ("n-1", "(send n - 1)"),
        ("n -1", "(send n - 1)"),
        ("n - -1", "(send n - -1)"),
        ("foo bar: -2", "(send foo bar: -2)"),
        ("#(4, -9)", "(list 4 -9)"),
        ("#(4,-9)", "(list 4 -9)"),
        ("3 + 4 max: 9", "(send (send 3 + 4) max: 9)"),
        ("a foo: b + 1 bar: c size", "(send a foo:bar: (send b + 1) (send c size))"),
        ("a foo: 1 foo: 2", "(send a foo:foo: 1 2)"),
        ("(a foo: 1) bar: 2", "(send (paren (send a foo: 1)) bar: 2)"),
        ("super at: k put: v", "(send super at:put: k v)"),
        ("super == x", "(send super == x)"),
        ("json@Reader new", "(send json@Reader new)"),
        ("log tail put: 1; close", "(cascade (send log tail) (put: 1) (close))"),
        ("log tail; close", "(cascade log (tail) (close))"),
        ("a + b max: 3; abs", "(cascade (send a + b) (max: 3) (abs))"),
        ("3 + 4; abs; * 2", "(cascade 3 (+ 4) (abs) (* 2))"),
        ("x := s a; b", "(:= x (cascade s (a) (b)))"),
        ("s a;\n  b", "(cascade s (a) (b))"),
        ("s a\n  ; b", "(cascade s (a) (b))"),
        ("x class match", "(send (send x class) match)"),
        ("x match: aBlock", "(send x match: aBlock)"),
        ("x foo: 1 match: [2]", "(send x foo:match: 1 (block 2))"),
    ]);
}

#[test]
fn assignments_blocks_and_statements() {
    check(&[
        ("x:=1", "(:= x 1)"),
        ("x := y := 0", "(:= x (:= y 0))"),
        ("x\n:= 1", "(:= x 1)"),
        ("x :: List(Integer) | nil := e", "(:= x ::(| (List Integer) nil) e)"),
        ("self.hits := self.hits + 1", "(:= (field self hits) (send (field self hits) + 1))"),
        ("(self.hits := 5) + 1", "(send (paren (:= (field self hits) 5)) + 1)"),
        ("self. name", "self\nname"),
        ("self .name", "(field self name)"),
        ("a foo.bar", "(send a foo)\nbar"),
        ("{a, {b, _}} := t", "(:= (tuple a (tuple b _)) t)"),
        ("{a, #ok} := t", "(:= (tuple a #ok) t)"),
        ("#[p, _, 3] := e", "(:= (array p _ 3) e)"),
        ("#[p, {q, r}, ...s] := e", "(:= (array p (tuple q r) ...s) e)"),
        ("#(p, #[q, ..._]) := e", "(:= (list p (array q ..._)) e)"),
        ("#{#k => v, \"s\" => {a, b}} := e", "(:= (dict (#k v) (\"s\" (tuple a b))) e)"),
        ("({a, b} := t) size", "(send (paren (:= (tuple a b) t)) size)"),
        ("[]", "(block)"),
        ("[:a | ]", "(block :a |)"),
        ("[:a :: Integer :b | a. b]", "(block :a::Integer :b | a b)"),
        ("[n := n + 1. n]", "(block (:= n (send n + 1)) n)"),
        ("[^ x := 3]", "(block (^ (:= x 3)))"),
        ("(^ x)", "(paren (^ x))"),
        ("a foo!", "(cast (send a foo))"),
        ("a foo: 1 ! b bar", "(cast (send a foo: 1))\n(send b bar)"),
        ("a + 1!", "(cast (send a + 1))"),
        ("@expect dnu \"why\"\nx foo", "(expect dnu \"why\") (send x foo)"),
        ("[@expect type x foo]", "(block (expect type) (send x foo))"),
    ]);
}

#[test]
fn newlines_separate_or_continue() {
    check(&[
        ("total\n  printString", "total\nprintString"),
        (
            "items\n  inject: 0\n  into: [:s :e | s + e]",
            "(send items inject:into: 0 (block :s :e | (send s + e)))",
        ),
        ("a\n+ b", "(send a + b)"),
        ("a\n- 3", "(send a - 3)"),
        ("a\n-3", "a\n-3"),
        ("a +\nb", "(send a + b)"),
        ("a\n. b", "a\nb"),
        ("a foo\n!", "(cast (send a foo))"),
        ("x := a /* one\ntwo */ b", "(:= x a)\nb"),
        ("a // comment\n  foo: 1 // more\n  bar: 2", "(send a foo:bar: 1 2)"),
        ("[\n  a\n  b\n]", "(block a b)"),
        ("(a\n)", "(paren a)"),
    ]);
}

#[test]
fn matches_and_patterns() {
    check(&[
        ("x match: [1 -> a; _ -> b;]", "(match x (1 -> a) (_ -> b))"),
        ("x match: [\n  -1 -> a\n  - 2 -> b\n]", "(match x (-1 -> (send (send a - 2) -> b)))"),
        ("x match: [- 2 -> b; 2.5 -> c]", "(match x (-2 -> b) (2.5 -> c))"),
        ("y := x matchExhaustive: [#on -> 1\n #off -> 0]", "(:= y (match! x (#on -> 1) (#off -> 0)))"),
        (
            "x match: [n when: [n > 3] -> ^n; nil -> y := 2]",
            "(match x (n when (send n > 3) -> (^ n)) (nil -> (:= y 2)))",
        ),
        (
            "x match: [n :: Integer -> n; s :: json@Text -> s]",
            "(match x (n::Integer -> n) (s::json@Text -> s))",
        ),
        ("x match: [{a, #[b, ...c]} -> 1]", "(match x ((tuple a (array b ...c)) -> 1))"),
        ("x match: [#(a, ...r) -> 1; #[] -> 2]", "(match x ((list a ...r) -> 1) ((array) -> 2))"),
        (
            "x match: [#{#k => {a, b}, \"s\" => -1} -> 1]",
            "(match x ((dict (#k (tuple a b)) (\"s\" -1)) -> 1))",
        ),
        (
            "x match: [Result ok: v -> v; Result error: _ -> nil]",
            "(match x ((Result ok: v) -> v) ((Result error: _) -> nil))",
        ),
        (
            "x match: [<<kind:8, len:16/little-unsigned, _:4, b:len/binary>> -> b; <<>> -> 0]",
            "(match x ((binary kind:8 len:16/little-unsigned _:4 b:len/binary) -> b) ((binary) -> 0))",
        ),
        ("(x match: [_ -> 1]) foo", "(send (paren (match x (_ -> 1))) foo)"),
        ("x match: [_ -> [a. b] value]", "(match x (_ -> (send (block a b) value)))"),
    ]);
}

#[test]
fn classes() {
    check(&[
        ("Object subclass: A", "(class A < Object)"),
        ("nil subclass: Root", "(class Root < nil)"),
        (
            "sealed typed abstract internal List(T) subclass: B(T, K :: P)",
            "(class sealed typed abstract internal B (types T K::P) < (List T))",
        ),
        (
            "Object subclass: N native: my_mod handleScope: #process",
            "(class N < Object native:my_mod handleScope:#process)",
        ),
        (
            "Object subclass: N\n  handleScope: #node\n  a => 1",
            "(class N < Object handleScope:#node (method a => 1))",
        ),
        (
            "json@Base subclass: C\n  field: a\n  state: b :: Integer | nil = 3\n  classState: c = [1]",
            "(class C < json@Base (field a) (state b ::(| Integer nil) = 3) (classState c = (block 1)))",
        ),
        (
            "Object subclass: A\n  field: a = Foo of: 1\n  field: b",
            "(class A < Object (field a = (send Foo of: 1)) (field b))",
        ),
        (
            "Actor subclass: A\n  state: a\n\n  add: n => 1\n  state: b :: T\n  put: n => 2\n  state: c to: n => 3",
            "(class A < Actor (state a) (method add: n => 1) (state b ::T) (method put: n => 2) (method state: c to: n => 3))",
        ),
        (
            "Object subclass: A\n  field: a = Foo\n    of: 1\n    to: 2\n  at: x => x",
            "(class A < Object (field a = (send Foo of:to: 1 2)) (method at: x => x))",
        ),
        (
            "Object subclass: A\n  class make => 1\n  sealed internal class x => 2\n  class => 3\n  internal -> T => 4",
            "(class A < Object (method class make => 1) (method sealed internal class x => 2) (method class => 3) (method internal -> T => 4))",
        ),
        (
            "Object subclass: A\n  + o :: M -> M => self\n  -> o => 1\n  >> o => 2\n  , o => 3\n  = o => 4\n  & o => 5",
            "(class A < Object (method + o::M -> M => self) (method -> o => 1) (method >> o => 2) (method , o => 3) (method = o => 4) (method & o => 5))",
        ),
        (
            "Object subclass: A\n  from: a :: T\n  to: b -> List(T) =>\n    a",
            "(class A < Object (method from: a::T to: b -> (List T) => a))",
        ),
        (
            "Object subclass: A\n  a :: -> Self class => 1",
            "(class A < Object (method a -> (class-of Self) => 1))",
        ),
        ("Object subclass: A\na => 1\nb: c => 2", "(class A < Object (method a => 1) (method b: c => 2))"),
        (
            "Object subclass: A\n  /// One.\n  ///two\n  ///\n  a => 1",
            "(class A < Object (method (doc \"One.\\ntwo\\n\") a => 1))",
        ),
        (
            "Object subclass: A\n  /// d\n  @expect dnu\n  a => 1",
            "(class A < Object (method (doc \"d\") (expect dnu) a => 1))",
        ),
        ("@expect inheritance\nObject subclass: A", "(class (expect inheritance) A < Object)"),
        (
            "Object subclass: A\n  a => @primitive\n  b => @primitive \"x\"\n  c => @intrinsic y\n    3",
            "(class A < Object (method a => (primitive)) (method b => (primitive x)) (method c => (intrinsic y) 3))",
        ),
        (
            "Object subclass: A\n  .\n  a => 1.\n  b => 2",
            "(class A < Object (method a => 1) (method b => 2))",
        ),
        ("Object subclass: A a => 1\n  b => 2", "(class A < Object (method a => 1) (method b => 2))"),
    ]);
}

#[test]
fn a_method_ends_where_the_columns_say() {
    check(
        &[
            (
                "Object subclass: Lamp\n  level => 3\n\n  describe: n =>\n    n\n      max: 4\n  off => 0\n\nLamp new level",
                "(class Lamp < Object (method level => 3) (method describe: n => (send n max: 4)) (method off => 0))\n(send (send Lamp new) level)",
            ),
            (
                "Object subclass: A\n    a =>\n        x\n          foo: 1\n    b: c => 2",
                "(class A < Object (method a => (send x foo: 1)) (method b: c => 2))",
            ),
            (
                "Object subclass: A\n  a =>\n    x\n    + y => 3",
                "(class A < Object (method a => (send x + y)))\n",
            ),
        ][..2],
    );
    check(&[
        (
            "Object subclass: A\n  a =>\n    x\n  y\n  b => 3",
            "(class A < Object (method a => x y) (method b => 3))",
        ),
        (
            "Object subclass: A\n  a =>\n    x\n  + y => 3",
            "(class A < Object (method a => x) (method + y => 3))",
        ),
        (
            "Object subclass: A\n  a =>\n    x\n  field: b = 2\n  c => 1",
            "(class A < Object (method a => x) (field b = 2) (method c => 1))",
        ),
        (
            "Object subclass: A\n  a =>\n    @expect dnu\n    x foo\n  @expect dnu\n  b => 1",
            "(class A < Object (method a => (expect dnu) (send x foo)) (method (expect dnu) b => 1))",
        ),
        (
            "Object subclass: A\n  a =>\n    x\nB class >> c => 3\nd",
            "(class A < Object (method a => x))\n(extension B class c => 3)\nd",
        ),
        ("A >> b =>\n  c\n  d\ne", "(extension A b => c d)\ne"),
        (
            "A >> b => 1\nA >> c: d => 2\ntype Foo = A",
            "(extension A b => 1)\n(extension A c: d => 2)\n(type Foo A)",
        ),
    ]);
}

#[test]
fn other_definitions() {
    check(&[
        (
            "/// d\nString >> shout -> String => self",
            "(extension String (doc \"d\") shout -> String => self)",
        ),
        (
            "json@Foo class >> sealed bar: x :: T :: -> U => x",
            "(extension json@Foo class sealed bar: x::T -> U => x)",
        ),
        ("Foo >> + o => 1", "(extension Foo + o => 1)"),
        ("Foo >> #bar", "(send Foo >> #bar)"),
        (
            "Protocol define: P(T)\n  extending: Q\n  a -> T\n  at: i :: Integer put: v\n  class make\n  class -> Foo\n  < o -> Boolean",
            "(protocol P (types T) extending:Q (requires a -> T) (requires at: i::Integer put: v) (requires class make) (requires class -> Foo) (requires < o -> Boolean))",
        ),
        ("Protocol define: P\n  a: x\n  b: y", "(protocol P (requires a: x) (requires b: y))"),
        ("Protocol define: P\n  a\n\nx := 1", "(protocol P (requires a))\n(:= x 1)"),
        (
            "Protocol define: P\n  a -> T\n  & o -> U\n  b\n  -> o",
            "(protocol P (requires a -> T) (requires & o -> U) (requires b) (requires -> o))",
        ),
        ("Protocol named: 3", "(send Protocol named: 3)"),
        ("type Direction = #north | #south", "(type Direction (| #north #south))"),
        ("internal type Foo = (A & B) \\ C", "(type internal Foo (\\ (paren (& A B)) C))"),
        (
            "type Cls = Self class | Foo class | pkg@Bar(T)",
            "(type Cls (| (class-of Self) (class-of Foo) (pkg@Bar T)))",
        ),
        ("type foo", "(send type foo)"),
        ("class := type", "(:= class type)"),
        ("", ""),
        ("// only a comment", ""),
    ]);
}

#[test]
fn damage_stays_where_it_is() {
    let recovered = [
        ("x := (1 + \ny := 2", "(:= y 2)", "(:= x"),
        ("x := #(1, 2\ny := 2", "(:= y 2)", "(:= x (list 1 2))"),
        ("x foo:\ny := 2", "(:= y 2)", "(send x foo: <error>)"),
        ("x foo: (1 + 2 #a) bar\ny", "y", "bar)"),
        (
            "Object subclass: A\n  a => [1 + 2\n  b => 3\n",
            "(method b => 3)",
            "(method a => (block (send 1 + 2)))",
        ),
        (
            "Object subclass: A\n  a => #{#k => 1\n  b => 3\n",
            "(method b => 3)",
            "(method a => (dict (#k 1)))",
        ),
        (
            "Object subclass: A\n  a => \"hello\n  b => \"world\"\n  c => 3\n",
            "(method b => \"world\")",
            "(method c => 3)",
        ),
        (
            "Object subclass: A\n  a => \"hello {x\n  b => \"world\"\n  c => 3\n",
            "(method b => \"world\")",
            "(method c => 3)",
        ),
        ("Object subclass: A\n  a => x foo: )\n  b => 3\n", "(method b => 3)", "(method a =>"),
        ("Object subclass: A\n  a\n    1\n  b => 3\n", "(method b => 3)", "(method a => 1)"),
        ("Object subclass: A\n  field: a = (1\n  b => 3\n", "(method b => 3)", "(field a ="),
        (
            "Object subclass: A\n  a => x match: [1 -> \n  b => 3\n",
            "(method b => 3)",
            "(method a => (match x",
        ),
        ("Object subclass: A\n  a => 1 ]\n  b => 3\n", "(method b => 3)", "(method a => 1"),
        ("a foo: [x bar baz: ]. c", "c", "(send a foo: (block"),
    ];
    for (source, first, second) in recovered {
        let parsed = parse(source);
        let tree = dump(&parsed.file);
        assert!(tree.contains(first) && tree.contains(second), "{source}\n{tree}");
        assert_eq!(parsed.diagnostics.len(), 1, "{source}\n{:#?}", parsed.diagnostics);
    }
}
