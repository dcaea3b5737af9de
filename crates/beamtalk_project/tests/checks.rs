//! The catalogue of checks (spec 05b section 7): each rule with a source that breaks it, all that is said of that source,
//! and sources close to it of which nothing is said.

use std::fs;

use beamtalk_project::{BuildOptions, Image, Layout, Project, Report};

/// What is said of files, each line `severity code category message`, sorted by file and place.
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let shown = report(files).diagnostics;
    let shown = shown.iter().map(|each| {
        let category = each.category.as_deref().unwrap_or("-");
        format!("{} {} {category} {}", each.severity, each.code, each.message)
    });
    shown.collect()
}

fn report(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("beamtalk.toml"), "[package]\nname = \"geo\"\nversion = \"0.1.0\"\n")
        .unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("src").join(name), text).unwrap();
    }
    let mut project = Project::new(Layout::find(folder.path(), ".").unwrap());
    project.check(".", BuildOptions::default()).unwrap()
}

/// The helps of what is said of a file.
fn helps(source: &str) -> Vec<String> {
    report(&[("a.bt", source)]).diagnostics.into_iter().filter_map(|each| each.help).collect()
}

/// Sources and what is said of each.
fn check(cases: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (source, expected) in cases {
        let found = findings(&[("a.bt", source)]);
        let fits = found.len() == expected.len()
            && found.iter().zip(*expected).all(|(found, expected)| found.starts_with(expected));
        if !fits {
            wrong.push(format!("{source}\n  wanted {expected:#?}\n  got {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_and_scopes() {
    check(&[
        (
            "Object subclass: T\n  m => totla := 1. total\n",
            &["warning E0310 unused unused variable `totla`", "error E0301 - Undefined variable: total"],
        ),
        ("Value subclass: T\n  field: size = 1\n  m => size\n", &["error E0301 - Undefined variable: size"]),
        (
            "self size\nsuper size\n",
            &[
                "error E0302 - self can only be used inside a method body",
                "error E0303 - super can only be used inside a method body",
            ],
        ),
        (
            "Object subclass: T\n  at: i put: _v => x := 3. 4\n",
            &["warning E0310 unused unused parameter `i`", "warning E0310 unused unused variable `x`"],
        ),
        // Assigning is not reading; a block's parameters and what begins with `_` need no reader.
        (
            "Object subclass: T\n  m => x := 1. x := 2. [:a | 3]\n",
            &["warning E0310 unused unused variable `x`"],
        ),
        ("Object subclass: T\n  m: _a => _x := 3. 4 match: [y -> 5]\n", &[]),
        // A stub is no excuse.
        (
            "abstract Object subclass: T\n  m: a => self subclassResponsibility\n",
            &["warning E0310 unused unused parameter `a`"],
        ),
        (
            "Value subclass: T\n  field: size = 1\n  m: a => [:a :size | a + size]\n",
            &[
                "warning E0310 unused unused parameter `a`",
                "warning E0311 lint block parameter `a` shadows",
                "warning E0311 lint block parameter `size` shadows",
            ],
        ),
        ("Object subclass: T\n  m => ^1. 2. ^3. 4\n", &["warning E0312 lint unreachable code"]),
        ("Object subclass: T\n  m: a => a foo ifTrue: [^1]. 2\n", &[]),
        (
            "Object subclass: T\n  m: v => v match: [{a, a} -> a; _ -> 1]\n",
            &["error E0304 - `a` is bound twice in one pattern"],
        ),
        ("Object subclass: T\n  m: v =>\n    {a, a} := v\n    a\n", &["error E0304 - `a` is bound twice"]),
        (
            "Object subclass: T\n  m: v => v match: [#[a, ...a] -> a; _ -> 1]\n",
            &["error E0304 - `a` is bound twice"],
        ),
        ("Object subclass: T\n  m: v => v match: [#[a, a] -> a; {#[b, b], c} -> c + b; _ -> 1]\n", &[]),
        ("Value subclass: T\n  field: __a = 1\n", &["error E0305 - `__a` uses the reserved `__` prefix"]),
        (
            "Object subclass: T\n  classState: __a = 1\n",
            &["error E0305 - `__a` uses the reserved `__` prefix"],
        ),
        (
            "Object subclass: T\n  m: __a => [:__b | __c := __a + __b]\n",
            &["error E0305 - `__a`", "error E0305 - `__b`", "error E0305 - `__c`"],
        ),
        ("Object subclass: T\n  m => x := 1. x := x. x\n", &["warning E0313 lint Redundant assignment"]),
        (
            "Object subclass: T\n  m: a and: a => [:b :b | a + b]\n",
            &["error E0306 - duplicate parameter `a`", "error E0306 - duplicate parameter `b`"],
        ),
        ("Object subclass: T\n  m => [:_ :_ | 3]\n", &[]),
        ("Object subclass: T\n  m: a => a := a + 1. a\n", &[]),
    ]);
}

#[test]
fn methods() {
    check(&[
        (
            "Object subclass: T\n  m => 1\n  m => 2\n  class m => 3\n",
            &["error E0530 type duplicate method `m` in class `T`"],
        ),
        (
            "Object subclass: T\n  class m => 1\n  class m => 2\n",
            &["error E0530 type duplicate class method `m` in class `T`"],
        ),
        ("Object subclass: T\n  m =>\n", &["error E0531 empty-body method `m` has an empty body"]),
        (
            "Object subclass: T\n  m: a :: Self -> Self => a\n",
            &["error E0537 type `Self` cannot be the type of parameter `a`"],
        ),
        ("Object subclass: T\n  m: a :: Self class => a\n", &["error E0537 type `Self` cannot"]),
        ("Object subclass: T\n  =:= other => other foo\n", &["error E0532 type `=:=` cannot be overridden"]),
        ("Integer >> == other => other foo\n", &["error E0532 type `==` cannot be overridden"]),
        (
            "typed Value subclass: T\n  field: x = 1\n  m: a => a\n",
            &[
                "warning E0536 type-annotation `x` has no type in typed class `T`",
                "warning E0536 type-annotation method 'm:' has no return type in typed class `T`",
                "warning E0536 type-annotation parameter `a` of 'm:' has no type in typed class `T`",
            ],
        ),
        (
            "typed Value subclass: T\n  field: x :: Integer = 1\n  m: a :: Integer -> Integer => a\nT >> n: b => b\n",
            &[],
        ),
        (
            "Value subclass: T\n  field: x = 1\n  m -> Nil => self.x foo\n",
            &["error E0538 type method `m` returns Nil on a Value type"],
        ),
        (
            "Value subclass: T\n  m: b :: Block -> Nil => b value\n  n -> Nil => self subclassResponsibility\n",
            &[],
        ),
        ("Object subclass: T\n  m -> Nil => nil\n", &[]),
        ("TestCase subclass: T\n  testIt -> Nil => nil\n", &[]),
        (
            "Actor subclass: T\n  initialize =>\n    super initialize\n    nil\n",
            &["warning E0316 lint explicit `super initialize` is unnecessary"],
        ),
        (
            "Actor subclass: T native: t\n  m => self delegate\n",
            &["warning E0535 type delegating method `m` declares no return type"],
        ),
        (
            "Object subclass: T native: t handleScope: #process\n  receive: x -> Object => self delegate\n",
            &["error E0534 - method `receive:` cannot delegate: `receive`"],
        ),
        (
            "Object subclass: T\n  m => @primitive \"lists:reverse(self)\"\n",
            &["error E0340 - Primitives can only be declared in the standard library"],
        ),
    ]);
}

#[test]
fn slots_and_kinds() {
    check(&[
        ("Value subclass: T\n  state: x = 1\n", &["error E0520 type Use 'field:' for Value subclass"]),
        ("Actor subclass: T\n  field: x = 1\n", &["error E0521 type Use 'state:' for Actor subclass"]),
        (
            "Object subclass: T\n  field: x = 1\n",
            &["error E0522 type Object subclass `T` cannot have instance data declarations"],
        ),
        (
            "Value subclass: T\n  field: x = 1\n  field: x = 2\n",
            &["error E0524 type duplicate declaration of `x`"],
        ),
        (
            "Value subclass: T\n  field: x = 1\n  m => self.x := 2\n",
            &["error E0308 type Cannot assign to slot `x` on value type"],
        ),
        (
            "Value subclass: T\n  field: x = 1\n  m => self.y\n",
            &["warning E0307 type Undefined field `y` on class `T`"],
        ),
        (
            "Object subclass: T\n  classState: x = 1\n  class m => self.y := self.x\n",
            &["warning E0307 type Undefined class variable `y` on class `T`"],
        ),
        (
            "Actor subclass: T\n  state: x = 1\n  withX: v => self.x := v\n  m => self.x := 2\n",
            &["warning E0309 type assigning `x` bypasses `withX:` of `T`"],
        ),
        (
            "Object subclass: T\n  m: other => other.x := 1\n",
            &["error E0215 - field access on a non-self receiver"],
        ),
        (
            "Value subclass: T\n  field: size = 1\n  class m => T new: #{#sise => 3, #size => 2}\n",
            &["warning E0334 type Unknown field `sise` for class `T`"],
        ),
        (
            "Actor subclass: T\n  state: size = 1\n  class m => T spawnWith: #{#sise => 3}\n",
            &["warning E0335 type unknown state key `sise` for `T` — did you mean `size`?"],
        ),
        ("Actor subclass: T\n  class m => T spawnWith: #{#sise => 3}\n", &[]),
        (
            "Actor subclass: T native: t\n  state: x = 1\n",
            &["error E0523 type native actor `T` cannot declare state fields"],
        ),
        (
            "Value subclass: T handleScope: #process\n  m => 1\n",
            &["warning E0513 sendability 'handleScope:' has no effect"],
        ),
        ("Object subclass: Self\n  m => 1\n", &["error E0501 type A class cannot be named `Self`"]),
    ]);
}

#[test]
fn instances_and_literals() {
    check(&[
        (
            "Actor subclass: T\n  class m => T new\n  class n => T new; new: #{}\n",
            &[
                "error E0330 actor-new Actor subclass `T` must use `spawn`",
                "error E0330 actor-new Actor subclass `T` must use `spawn`",
                "error E0330 actor-new Actor subclass `T` must use `spawn`",
            ],
        ),
        ("Collection new\n", &["error E0331 type Cannot instantiate abstract class `Collection`"]),
        (
            "abstract Actor subclass: T\n  class m => T spawn\n",
            &["error E0331 type Cannot instantiate abstract class `T`"],
        ),
        ("Object new\n", &["error E0333 type Object-kind class `Object` cannot be instantiated"]),
        ("Exception new\n", &[]),
        ("Object subclass: T\n  class new => 1\n  class m => T new\n", &[]),
        (
            "Value subclass: T native: t\n  class from: x -> T => self delegate\n  class m => T new\n",
            &["error E0337 type Native Value class `T` has no slots"],
        ),
        (
            "Integer new\nBlock new: 3\n",
            &[
                "error E0332 type Cannot instantiate primitive class `Integer`",
                "error E0332 type Cannot instantiate primitive class `Block`",
            ],
        ),
        (
            "#(1) fieldAt: #x put: 2\n",
            &["warning E0315 type 'fieldAt:put:' cannot change a literal: List is immutable"],
        ),
        ("\"abc\" size!\n", &["error E0321 type Cannot use ! (cast) on value type"]),
        (
            "x := #()\nx do: [3]. x inject: 0 into: [:a | a]. x collect: [:a :b | a]. 3 timesRepeat: [:i | i]\n",
            &[
                "error E0361 type do: expects a block with 1 parameter, but got 0",
                "error E0361 type inject:into: expects a block with 2 parameters, but got 1",
                "error E0361 type collect: expects a block with 1 parameter, but got 2",
                "error E0361 type timesRepeat: expects a block with 0 parameters, but got 1",
            ],
        ),
        ("Value subclass: T\n  do: block => block value\n  m: x => x do: [3]\n  n => self do: [4]\n", &[]),
        (
            "3 respondsTo: \"foo\". 3 fieldAt: Integer. Beamtalk classNamed: nil\n",
            &[
                "error E0362 type respondsTo: expects a symbol literal",
                "error E0362 type fieldAt: expects a symbol literal",
                "error E0362 type classNamed: expects a symbol literal",
            ],
        ),
        ("x := #foo\n3 respondsTo: x. 3 respondsTo: #foo\n", &[]),
        (
            "#(1, 2) take: \"1\". \"abc\" drop: 1.5\n",
            &[
                "warning E0363 type take: expects an Integer argument, got String",
                "warning E0363 type drop: expects an Integer argument, got Float",
            ],
        ),
        (
            "#(1, 2) at: #a\n\"abc\" at: \"b\"\n",
            &[
                "error E0364 type at: on List expects an Integer index, got Symbol",
                "error E0364 type at: on String expects an Integer index, got String",
            ],
        ),
        ("#{#a => 1} at: #a\n", &[]),
        (
            "x := \"a\"\nx startsWith: #a. \"abc\" includes: 3. #(1, 2) includes: 3\n",
            &[
                "error E0365 type startsWith: expects a String argument, got Symbol",
                "error E0365 type includes: expects a String argument, got Integer",
            ],
        ),
        ("false ifTrue: [1]\n", &["warning E0314 lint Condition is always `false`"]),
        ("#(1 | 2). #(1 | #(2))\n", &["warning E0317 type the tail of a list must be a list, got Integer"]),
    ]);
}

#[test]
fn inheritance() {
    check(&[
        (
            "Integer subclass: T\n  m => 1\n",
            &["error E0510 inheritance Cannot subclass sealed class `Integer`"],
        ),
        (
            "Value subclass: T\n  respondsTo: _x => true\n",
            &["error E0533 inheritance Cannot override sealed method `respondsTo:` from class `Object`"],
        ),
        ("Integr subclass: T\n  m => 1\n", &["error E0512 unresolved-class Unresolved class `Integr`"]),
        (
            "Integer >> double => self * 2\nInteger >> double => self + self\n",
            &["error E0451 extension-conflict extension 'double' of `Integer` is defined twice"],
        ),
        ("Integer >> double => self * 2\nInteger class >> double => 2\n", &[]),
        (
            "Object subclass: T\n  m => 1\nT >> m => 2\nInteger >> abs => 3\n",
            &[
                "warning E0452 extension-conflict extension 'm' is shadowed by the method of class `T` itself",
                "warning E0452 extension-conflict extension 'abs' is shadowed",
            ],
        ),
    ]);
    let twice =
        findings(&[("a.bt", "Integer >> double => self * 2\n"), ("b.bt", "Integer >> double => 2\n")]);
    assert_eq!(twice, ["error E0451 extension-conflict extension 'double' of `Integer` is defined twice"]);
}

#[test]
fn messages_that_are_not_understood() {
    check(&[
        (
            "3 fooo. \"a\" sizee. #a fooo. [1] fooo. nil fooo. true fooo. #() fooo. #[] fooo. #{} fooo. 1.5 fooo\n",
            &[
                "hint E0360 dnu Integer does not understand 'fooo'",
                "hint E0360 dnu String does not understand 'sizee'",
                "hint E0360 dnu Symbol does not understand 'fooo'",
                "hint E0360 dnu Block does not understand 'fooo'",
                "hint E0360 dnu UndefinedObject does not understand 'fooo'",
                "hint E0360 dnu True does not understand 'fooo'",
                "hint E0360 dnu List does not understand 'fooo'",
                "hint E0360 dnu Array does not understand 'fooo'",
                "hint E0360 dnu Dictionary does not understand 'fooo'",
                "hint E0360 dnu Float does not understand 'fooo'",
            ],
        ),
        (
            "Integer fooo\n3 abs; fooo; bar: 1\n",
            &[
                "hint E0360 dnu Integer class does not understand 'fooo'",
                "hint E0360 dnu Integer does not understand 'fooo'",
                "hint E0360 dnu Integer does not understand 'bar:'",
            ],
        ),
        (
            "Object subclass: T\n  m => self n; o\n  n => super fooo\n  class p => self fooo\n",
            &[
                "hint E0360 dnu T does not understand 'o'",
                "hint E0360 dnu Object does not understand 'fooo'",
                "hint E0360 dnu T class does not understand 'fooo'",
            ],
        ),
        ("abstract Object subclass: T\n  class p => self fooo\n", &[]),
        // Open classes understand more than is known.
        ("Object subclass: T\n  doesNotUnderstand: s args: _a => s\n  m => self fooo\n", &[]),
        ("Object subclass: T\n  class doesNotUnderstand: s args: _a => s\n  class m => T fooo\n", &[]),
        ("Object subclass: T\n  m => self fooo\nT >> fooo => 3\nInteger >> bar => self\n1 bar\n", &[]),
        (
            "Actor subclass: T\n  state: size = 1\n  m => self size\n",
            &["hint E0360 dnu T does not understand 'size'"],
        ),
        (
            "Value subclass: T\n  field: size = 1\n  m => self size + (self withSize: 3) size + (T size: 4) size\n",
            &[],
        ),
        ("Object subclass: T\n  m: x => x fooo\n  class methods2 => T methods\n", &[]),
        ("3 =:= 4. 3 /= 4. 3 == 4. 3 =/= 4\n", &[]),
    ]);
}

#[test]
fn patterns() {
    check(&[
        (
            "(Result ok: 1) match: [Result ok: x -> x]\n",
            &["error E0352 - Non-exhaustive match: on sealed type `Result`"],
        ),
        ("(Result ok: 1) match: [Result ok: x -> x; _ -> 2]\n", &[]),
        ("3 match: [_n :: Integer -> 1; _ -> 2]\n", &[]),
        (
            "3 match: [n -> twice := n * 2]\n",
            &["warning E0357 lint Assignment to new variable `twice` inside a match arm has no effect"],
        ),
        ("y := 1. 3 match: [n -> y := n * 2]\n", &[]),
        (
            "3 match: [x :: Character -> x; _ -> 2]\n",
            &["error E0350 type `Character` is not supported in a type pattern"],
        ),
        (
            "3 match: [x :: Collection -> x; _ -> 2]\n",
            &["error E0353 type `Collection` is abstract; type patterns require a concrete subclass"],
        ),
        (
            "Value subclass: T\n  m => 3 match: [x :: Exception -> x; _ -> 2]\n",
            &["error E0354 type `Exception` has subclasses"],
        ),
        ("3 match: [x :: Zork -> x; _ -> 2]\n", &["warning E0320 unresolved-class Unresolved class `Zork`"]),
        (
            "3 match: [a :: Integer -> a; b :: Boolean -> b; c :: Symbol -> c; d :: Nil -> d; e :: Array -> e; _ -> 2]\n",
            &[],
        ),
    ]);
}

#[test]
fn classes_and_erlang() {
    check(&[
        (
            "Zork new. Integr foo\n",
            &[
                "warning E0320 unresolved-class Unresolved class `Zork`",
                "warning E0320 unresolved-class Unresolved class `Integr`",
            ],
        ),
        (
            "Erlang zork foo: 1. Erlang lists reverse: #(). Erlang ssl start\n",
            &["warning E0322 unresolved-ffi unknown Erlang module `zork`"],
        ),
        (
            "Erlang lists reverse: 1 with: 2 and: 3. Erlang lists seq: 1 to: 3. Erlang erlang node. Erlang lists fooo: 3\n",
            &["warning E0323 arity-mismatch `lists:reverse` expects arity 1 or 2, but got 3"],
        ),
    ]);
}

#[test]
fn supervision() {
    check(&[
        (
            "Actor subclass: T\n  class supervisionPolicy => #always\n",
            &["error E0318 - `#always` is no supervision policy"],
        ),
        ("Actor subclass: T\n  class supervisionPolicy => #transient\n", &[]),
    ]);
}

/// Habits of other languages that are well-formed here, so that only their names betray them: source and words of the help.
#[test]
fn words_of_other_languages_get_their_own_help() {
    let habits = [
        ("x := 3\nreturn x\n", "`^ value`"),
        ("x := 3\nif x then x else x end\n", "ifTrue:"),
        ("x := 3\nunless x\n", "ifTrue:"),
        ("x := 3\nwhile x do\n", "whileTrue:"),
        ("x := null\n", "`nil`"),
        ("x := undefined\n", "`nil`"),
        ("x := None\n", "`nil`"),
        ("this foo\n", "`self`"),
        ("x := 3\nputs x\n", "Transcript show:"),
        ("x := 3\ny := not x\n", "`value not`"),
        ("x := 3\nlambda x: x\n", "[:x | body]"),
        ("[:x | x]. end\n", "`[ … ]`"),
        ("pass\n", "self notImplemented"),
        ("x := 0x1F\n", "16rFF"),
        ("x := 1_000\n", "without separators"),
    ];
    for (source, words) in habits {
        let found = helps(source);
        assert!(found.len() == 1 && found[0].contains(words), "{source} {words}: {found:?}");
    }
}

#[test]
fn literals_that_do_not_fit() {
    check(&[
        (
            "1 < \"a\"\n1 + $a\n2 * 3.5\n\"a\" ++ #b\n",
            &["warning E0367 type `<` on Integer expects a numeric argument, got String"],
        ),
        ("\"a\" ++ 3\n", &["warning E0367 type `++` on String expects a String argument, got Integer"]),
        (
            "5 max: \"a\"\n5 max: 2.5\n1 to: 2.5 do: [:i | i]\n",
            &[
                "warning E0366 type Argument 1 of 'max:' on Integer expects Number, got String",
                "warning E0366 type Argument 1 of 'to:do:' on Integer expects Integer, got Float",
            ],
        ),
        (
            "x :: Integer := \"a\"\ny :: Integer | Nil := nil\nz :: Printable := 3\n",
            &["warning E0368 type Type mismatch: declared as Integer, got String"],
        ),
        (
            "Actor subclass: T\n  state: n :: Integer = \"a\"\n  state: m :: Integer = 0\n  bump => self.m := #none\n",
            &[
                "warning E0368 type Type mismatch: state `n` declared as Integer, default is String",
                "warning E0368 type Type mismatch: field `m` declared as Integer, got #none",
            ],
        ),
        (
            "Object subclass: T\n  class a -> Integer => \"s\"\n  class b -> #up | #down => ^#left\n  class c -> Boolean => true\n",
            &[
                "warning E0369 type Method 'a' in T class declares return type Integer, but body returns String",
                "warning E0369 type Method 'b' in T class declares return type #up | #down, but body returns #left",
            ],
        ),
    ]);
}

#[test]
fn completions_fit_the_receiver() {
    let image = Image::new();
    let complete = |code: &str| image.complete(code, &["counter".to_owned()]);
    assert_eq!(complete("\"abc\" upp"), ["uppercase"]);
    assert_eq!(complete("3 isE"), ["isEven"]);
    assert_eq!(complete("Timer aft"), ["after:do:"]);
    assert_eq!(complete("counter"), ["counter"]);
    assert_eq!(complete("x := cou"), complete("cou"));
    assert_eq!(complete("Integ"), ["Integer"]);
    assert!(complete("counter Integ").is_empty() && complete("3 ").is_empty() && complete("").is_empty());
}
