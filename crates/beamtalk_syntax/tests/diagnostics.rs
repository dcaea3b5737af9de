//! Every mistake is reported once, with the words of spec 01, and with a help that names the fix.

use beamtalk_syntax::{codes, dump, parse};
use beamtalk_text::Severity;

/// Source, code, words of the message, words of the help.
type Case = (&'static str, &'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    let mut failures = Vec::new();
    for (source, code, message, help) in cases {
        let parsed = parse(source);
        let fits = match parsed.diagnostics.as_slice() {
            [only] => {
                only.code == *code
                    && only.message.contains(message)
                    && only.help.as_deref().is_some_and(|text| !text.is_empty() && text.contains(help))
            }
            _ => false,
        };
        if !fits {
            failures.push(format!(
                "{source:?}\n  wanted {code} {message:?} ({help:?})\n  got {:#?}",
                parsed.diagnostics
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[rustfmt::skip]
const LEXICAL: &[Case] = &[
    ("é := 1", codes::STRAY_CHARACTER, "Unexpected character 'é'", "strings"),
    ("x := a é b", codes::STRAY_CHARACTER, "'é'", "strings"),
    ("x := a \u{201d}", codes::STRAY_CHARACTER, "'\u{201d}'", "straight double quotes"),
    ("x := 'abc' size", codes::SINGLE_QUOTES, "single-quoted strings are no longer supported, use double quotes", "double quotes"),
    ("x := 'don''t'\ny := 2", codes::SINGLE_QUOTES, "single-quoted", "double quotes"),
    ("x := \"abc\ny := 1\nz := 2", codes::UNTERMINATED_STRING, "Unterminated string: \"abc", "double quote"),
    ("x := 1 /* open", codes::UNTERMINATED_COMMENT, "Unterminated block comment", "*/"),
    ("x := #'open\ny := 1", codes::UNTERMINATED_SYMBOL, "Unterminated quoted symbol", "single quote"),
    ("\"a {} b\"", codes::BAD_INTERPOLATION, "empty interpolation {} is not allowed", "\\{"),
    ("\"a {  } b\"", codes::BAD_INTERPOLATION, "empty interpolation {} is not allowed", "\\{"),
    ("\"a {/* */} b\"", codes::INTERPOLATION, "empty interpolation {} is not allowed", "\\{"),
    ("\"{{a}}\"", codes::BAD_INTERPOLATION, "doubled {{ }} in string literal is not interpolation", "\\{"),
    ("x := \"a { b\"\ny := 2", codes::BAD_INTERPOLATION, "unescaped { in string literal", "\\{"),
    ("\"{a b: 1 )}\"", codes::INTERPOLATION, "Unterminated string interpolation", "\\{"),
    ("\"{x := 1}\"", codes::INTERPOLATION, "Unterminated string interpolation", "parentheses"),
    ("\"{x foo; bar}\"", codes::INTERPOLATION, "Unterminated string interpolation", "parentheses"),
    ("1r0", codes::RADIX_RANGE, "Radix must be between 2 and 36, got 1", "base"),
    ("37rA", codes::RADIX_RANGE, "Radix must be between 2 and 36, got 37", "base"),
    ("2r102", codes::RADIX_DIGIT, "Invalid digit for radix 2: '2'", "digits"),
    ("16r", codes::RADIX_DIGIT, "Invalid digit for radix 16", "16rFF"),
    ("x := 3e", codes::INVALID_FLOAT, "Invalid float literal", "digits"),
    ("3e+", codes::INVALID_FLOAT, "Invalid float literal", "digits"),
    ("1e400", codes::FLOAT_RANGE, "Float literal out of range", "1.8e308"),
    ("x := $", codes::INVALID_CHARACTER, "after '$'", "$a"),
    ("x := # foo", codes::LONE_HASH, "Unexpected '#'", "#(1, 2)"),
    ("x := 1 # comment", codes::LONE_HASH, "Unexpected '#'", "comment starts with `//`"),
    ("# comment about things", codes::LONE_HASH, "Unexpected '#'", "comment starts with `//`"),
    ("@foo bar", codes::BAD_DIRECTIVE, "unknown directive '@foo'", "@expect"),
    ("@Foo", codes::BAD_DIRECTIVE, "missing package name before '@'", "package@Foo"),
    ("x := @", codes::BAD_DIRECTIVE, "expected directive name after '@'", "@expect"),
    ("pkg @Foo new", codes::BAD_DIRECTIVE, "missing package name before '@'", "without spaces"),
];

#[test]
fn lexical_mistakes() {
    check(LEXICAL);
}

#[rustfmt::skip]
const EXPRESSIONS: &[Case] = &[
    ("x := ", codes::UNEXPECTED_TOKEN, "Unexpected token: expected expression, found <eof>", ""),
    ("x := )", codes::UNEXPECTED_TOKEN, "Unexpected token: expected expression, found )", "nothing here is open"),
    ("1 + ]\ny := 2", codes::UNEXPECTED_TOKEN, "Unexpected token: expected expression, found ]", ""),
    ("foo: 1", codes::UNEXPECTED_TOKEN, "expected expression, found foo:", "receiver"),
    ("a := -x", codes::UNEXPECTED_TOKEN, "expected expression, found -", "negated"),
    ("a. . b", codes::UNEXPECTED_TOKEN, "expected expression, found .", ""),
    ("x = 3", codes::UNEXPECTED_TOKEN, "expected expression, found =", "'=' is not an operator"),
    ("(x = 3) foo", codes::UNEXPECTED_TOKEN, "expected expression, found =", "=:="),
    ("a foo. b bar baz 3", codes::END_OF_STATEMENT, "expected end of statement", "newline"),
    ("a b; c d", codes::CASCADE, "expected end of statement", "same receiver"),
    ("x := f a: (1 + equals: 2\ny := 1", codes::UNEXPECTED_TOKEN, "found equals:", "receiver"),
    ("(1 + 2", codes::UNCLOSED_PAREN, "Expected ')' to close parentheses", ""),
    ("x := (a\n  foo)", codes::UNCLOSED_PAREN, "Expected ')' to close parentheses", ""),
    ("[1 + 2", codes::UNCLOSED_BLOCK, "Expected ']' to close block", ""),
    ("(a foo: [b) bar", codes::UNCLOSED_BLOCK, "Expected ']' to close block", ""),
    ("[:a b]", codes::BLOCK_PARAMETERS, "Expected '|' after block parameters", "[:a :b |"),
    ("[: a | 1]\n[: 3 | 1]", codes::BLOCK_PARAMETERS, "Expected parameter name after ':'", "[:a :b |"),
    ("[:a:b | a + b]", codes::BLOCK_PARAMETERS, "Expected parameter name after ':'", "put a space"),
    ("#(1 2)", codes::LIST_LITERAL, "Expected ',', '|', or ')' in list literal, found 2", "commas"),
    ("#(1, 2", codes::LIST_LITERAL, "Expected ')' to close list literal", ""),
    ("#(1 | 2 | 3)", codes::LIST_LITERAL, "Expected ')' to close list literal", ""),
    ("#[1 2]", codes::ARRAY_LITERAL, "Expected ',' or ']' in array literal, found 2", "commas"),
    ("#[1, 2", codes::ARRAY_LITERAL, "Expected ']' to close array literal", ""),
    ("#{#a 1}", codes::MAP_LITERAL, "Expected '=>' after map key", "=>"),
    ("#{#a => 1 #b => 2}", codes::MAP_LITERAL, "Expected ',' or '}' in map literal", ""),
    ("#{#a => 1", codes::MAP_LITERAL, "Expected '}' to close map literal", ""),
    ("#{a => 1}", codes::BARE_KEY, "bare word 'a' is not a valid map key; did you mean '#a'?", "did you mean '#a'?"),
    ("a b;", codes::CASCADE, "Expected message selector in cascade", ""),
    ("a b;; c", codes::CASCADE, "Expected message selector in cascade", ""),
    ("1; 2", codes::CASCADE, "Expected message selector in cascade", ""),
    ("x; foo", codes::CASCADE, "Expected message selector in cascade", ""),
    ("3 := 4", codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", ""),
    ("Foo := 4", codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", "class"),
    ("super := 4", codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", ""),
    ("self := 4", codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", "self"),
    ("nil := 4", codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", "nil"),
    ("a foo := 4", codes::ASSIGNMENT_TARGET, "Assignment target must be an identifier or field access", "message"),
    ("x := ^ 3", codes::UNEXPECTED_TOKEN, "expected expression, found ^", "returns"),
    ("x := a foo!", codes::CAST, "Cast (!) has no return value and cannot be used in an expression", "."),
    ("(a foo!)", codes::CAST, "Cast (!) has no return value and cannot be used in an expression", "."),
    ("^a foo!", codes::CAST, "Cast (!) has no return value and cannot be used in an expression", "."),
    ("3!", codes::CAST, "Cast (!) has no return value and cannot be used in an expression", "."),
    ("a b; c!", codes::CAST, "Cast (!) has no return value and cannot be used in an expression", "."),
    ("#(a foo!)", codes::CAST, "Cast (!) has no return value and cannot be used in an expression", "."),
    ("{1, 2}", codes::TUPLE_EXPRESSION, "Tuple literals are not valid expressions", "{a, b} := expr"),
    ("x := {1, 2}", codes::TUPLE_EXPRESSION, "Tuple literals are not valid expressions", "{a, b} := expr"),
    ("x := #({1, 2})", codes::TUPLE_EXPRESSION, "Tuple literals are not valid expressions", "{a, b} := expr"),
    ("#[1, ...r]", codes::DESTRUCTURING, "Rest pattern", "++"),
    ("x := super", codes::SUPER, "'super' must be used with a message send", "super initialize"),
    ("a foo: super bar: 1", codes::SUPER, "'super' must be used with a message send", "super initialize"),
    ("other.name", codes::FIELD_ACCESS, "field access on a non-self receiver", "other name"),
    ("a.b.c", codes::FIELD_ACCESS, "field access on a non-self receiver", "getter"),
    ("x :: Integer", codes::ANNOTATED_ASSIGNMENT, "Expected ':=' after type annotation in assignment", ":="),
    ("x : Integer := 3", codes::COLON_ANNOTATION, "Use `::` for type annotations, not `:`", "Replace `:` with `::`"),
    ("x: Integer := 3", codes::COLON_ANNOTATION, "Use `::` for type annotations, not `:`", "Replace `:` with `::`"),
    ("{a, b} :: T := c", codes::ANNOTATED_ASSIGNMENT, "Type annotations on destructuring assignments are not yet supported", "remove"),
    ("#[a, b] :: T := c", codes::ANNOTATED_ASSIGNMENT, "Type annotations on destructuring assignments are not yet supported", "remove"),
    ("x := pkg@lower", codes::QUALIFIED_NAME, "expected class name after '@' in qualified reference", "capital"),
    ("x := pkg@", codes::QUALIFIED_NAME, "Expected class name after '@'", "package@Class"),
    ("@primitive", codes::DIRECTIVE, "can only appear inside a method body", ""),
    ("Foo >> x => @intrinsic", codes::DIRECTIVE, "must be followed by a quoted selector or identifier", ""),
    ("@expect nothing\nx", codes::DIRECTIVE, "unknown @expect category 'nothing', valid categories are: dnu", ""),
    ("@expect\nx", codes::DIRECTIVE, "@expect must be followed by a category name", ""),
    ("@expect \"why\"\nx", codes::DIRECTIVE, "@expect must be followed by a category name", ""),
    ("x\n@expect dnu", codes::STALE_EXPECT, "stale @expect dnu", "remove"),
];

#[test]
fn broken_expressions() {
    check(EXPRESSIONS);
}

#[rustfmt::skip]
const PATTERNS: &[Case] = &[
    ("x match: [1 2]", codes::MATCH, "Expected '->' after pattern in match arm", "->"),
    ("x match: [1 => 2]", codes::MATCH, "Expected '->' after pattern in match arm", "`->`"),
    ("x match: [1 -> 2", codes::MATCH, "Expected ']' to close match", ""),
    ("x match: []", codes::MATCH, "at least one arm", "_ ->"),
    ("x match: [y when: (y) -> 2]", codes::MATCH, "Expected '[' after when:", "when: ["),
    ("x match: [1 -> 2] foo: 3", codes::MATCH, "nothing may follow", "parentheses"),
    ("x match: [1 -> a. 2 -> b]", codes::MATCH, "Expected ']' to close match", "';'"),
    ("x match: [( -> 2; _ -> 3]", codes::PATTERN, "Unexpected token in pattern", ""),
    ("x match: [\"a{b}\" -> 2; _ -> 3]", codes::PATTERN, "Unexpected token in pattern", "interpolated"),
    ("x match: [Foo -> 2]", codes::PATTERN, "Foo is a class", "x :: Foo"),
    ("x match: [true -> 2; _ -> 3]", codes::BOOLEAN_PATTERN, "bare 'true' in a match: pattern always matches", "x :: True"),
    ("x match: [false -> 2]", codes::BOOLEAN_PATTERN, "bare 'false' in a match: pattern always matches", "x :: Boolean"),
    ("x match: [Result ok: true -> 2]", codes::BOOLEAN_PATTERN, "bare 'true' in a constructor pattern binding always matches", "when: [v =:= true]"),
    ("x match: [_ :: Foo -> 2]", codes::TYPE_PATTERN, "a '_' pattern cannot have a type annotation", ""),
    ("x match: [nil :: Foo -> 2]", codes::TYPE_PATTERN, "a 'nil' pattern cannot have a type annotation", ""),
    ("x match: [y :: List(T) -> 2]", codes::TYPE_PATTERN, "generic type arguments are not supported in a type pattern yet", ""),
    ("x match: [y :: 5 -> 2]", codes::TYPE_PATTERN, "Expected a class name after '::' in a type pattern", ""),
    ("x match: [y :: -> 2]", codes::TYPE_PATTERN, "Expected a class name after '::' in a type pattern", ""),
    ("x match: [Result ok: y :: T -> 2]", codes::TYPE_PATTERN, "type annotations are not supported in a constructor pattern binding position", ""),
    ("x match: [#{a => b} -> 2]", codes::BARE_KEY, "bare word 'a' is not a valid map key", "#a"),
    ("#[a, b c] := d", codes::DESTRUCTURING, "Destructuring patterns may only contain identifiers, '_', or literals", ""),
    ("#[...a, b] := d", codes::DESTRUCTURING, "Rest pattern `...` must be the last element", "end"),
    ("x match: [#[...a, b] -> 1]", codes::DESTRUCTURING, "Rest pattern `...` must be the last element", "end"),
    ("#(h | t) := d", codes::DESTRUCTURING, "Cons syntax `#(head | tail)` is not supported in destructuring patterns", "...tail"),
    ("x match: [<<a:8,>> -> 2]", codes::BINARY_PATTERN, "Trailing comma is not allowed before '>>' in binary pattern", ""),
    ("x match: [<<a/foo>> -> 2]", codes::BINARY_PATTERN, "Unknown binary segment specifier", "integer"),
    ("x match: [<<a/integer-float>> -> 2]", codes::BINARY_PATTERN, "Conflicting binary segment type specifier", ""),
    ("x match: [<<a/big-little>> -> 2]", codes::BINARY_PATTERN, "Conflicting binary segment endianness specifier", ""),
    ("x match: [<<a/signed-unsigned>> -> 2]", codes::BINARY_PATTERN, "Conflicting binary segment signedness specifier", ""),
    ("x match: [<<a:8 -> 2; _ -> 3]", codes::BINARY_PATTERN, "Expected '>>' to close binary pattern", ""),
    ("x match: [<<a:\"x\">> -> 2; _ -> 3]", codes::BINARY_PATTERN, "Binary segment size must be an integer literal or variable name", ""),
];

#[test]
fn broken_patterns() {
    check(PATTERNS);
}

#[rustfmt::skip]
const DEFINITIONS: &[Case] = &[
    ("abstract subclass: Foo", codes::CLASS_HEADER, "Expected superclass name", "Object subclass: Name"),
    ("object subclass: Foo", codes::CLASS_HEADER, "Expected superclass name", "capital"),
    ("Object subclass: #Foo\n  a => 1", codes::CLASS_HEADER, "Expected class name", "without `#`"),
    ("Object subclass: foo\n  a => 1", codes::CLASS_HEADER, "Expected class name", "capital"),
    ("Object subclass:\n  a => 1", codes::CLASS_HEADER, "Expected class name", ""),
    ("Object subclass: Foo(A\n  a => 1", codes::CLASS_HEADER, "Expected ')' after type parameters", ""),
    ("List(T subclass: Foo\n  a => 1", codes::CLASS_HEADER, "Expected ')' after superclass type arguments", ""),
    ("pkg@ subclass: Foo\n  a => 1", codes::QUALIFIED_NAME, "Expected class name after '@'", ""),
    ("Object subclass: Foo native:\n  a => 1", codes::CLASS_HEADER, "Expected Erlang module name after 'native:'", "same line"),
    ("Object subclass: Foo handleScope: process\n  a => 1", codes::CLASS_HEADER, "Expected a symbol", "#process"),
    ("Object subclass: Foo\n  a => 1\n  handleScope: #process\n  b => 2", codes::CLASS_HEADER, "'handleScope:' must appear in the class header", ""),
    ("Object subclass: Foo\n  field: = 1\n  b => 2", codes::DATA_DECLARATION, "Expected field name after 'field:'", ""),
    ("Object subclass: Foo\n  state:\n  b => 2", codes::DATA_DECLARATION, "Expected field name after 'state:'", ""),
    ("Object subclass: Foo\n  classState: 3\n  b => 2", codes::DATA_DECLARATION, "Expected variable name after 'classState:'", ""),
    ("Object subclass: Foo\n  field: a := 1\n  b => 2", codes::DATA_DECLARATION, "Expected '='", "`=`"),
    ("Object subclass: Foo\n  field: a : T = 1\n  b => 2", codes::COLON_ANNOTATION, "Use `::` for type annotations, not `:`", "Replace `:` with `::`"),
    ("Object subclass: Foo\n  field: a: T = 1\n  b => 2", codes::COLON_ANNOTATION, "Use `::` for type annotations, not `:`", "Replace `:` with `::`"),
    ("Object subclass: Foo\n  @expect dnu\n\nFoo new", codes::DIRECTIVE, "@expect in a class body must precede a state/field or method declaration", ""),
    ("Object subclass: Foo\n  a => @expect dnu\n    self b", codes::DIRECTIVE, "@expect in a class body must precede", ""),
    ("Object subclass: Foo\n  area\n    self b\n  c => 1", codes::METHOD_HEAD, "Expected '=>' after method selector", "selector => body"),
    ("Object subclass: Foo\n  at: 3 put: x => 1\n  c => 1", codes::METHOD_HEAD, "Expected parameter name after keyword", ""),
    ("Object subclass: Foo\n  + 3 => 1\n  c => 1", codes::METHOD_HEAD, "Expected parameter name after binary selector", ""),
    ("Object subclass: Foo\n  + 3\n  c => 1", codes::MEMBER, "found +", ""),
    ("Foo >> at: i : T => 1", codes::COLON_ANNOTATION, "Use `::` for type annotations, not `:`", "Replace `:` with `::`"),
    ("Object subclass: Foo\n  at: i: Integer => 1", codes::COLON_ANNOTATION, "Use `::` for type annotations, not `:`", "Replace `:` with `::`"),
    ("Object subclass: Foo\n  Bar => 1", codes::METHOD_HEAD, "Expected method selector", "small letter"),
    ("Object subclass: Foo\n  3 + 4\n  c => 1", codes::MEMBER, "Unexpected text in class body", "=>"),
    ("Object subclass: Foo\n  a -> => 1", codes::TYPE_ANNOTATION, "Expected type name", ""),
    ("x :: A & B \\ C := 1", codes::TYPE_ANNOTATION, "Cannot mix `&` and `\\` in a type annotation without parentheses", "parentheses"),
    ("x :: A \\\\ B := 1", codes::TYPE_ANNOTATION, "Unexpected `\\\\` in type annotation; did you mean `\\`", "one backslash"),
    ("x :: 3 := 1", codes::TYPE_ANNOTATION, "Expected type name", ""),
    ("Object subclass: A\n  a => x\n      p: 1\n   b: c => 2\n  d => 3", codes::UNEXPECTED_TOKEN, "found b:", "no further right"),
    ("Object subclass: A\n  a => 1\n   b => 2\n  d => 3", codes::FOREIGN_SYNTAX, "found =>", "no further right"),
    ("Foo >> class bar => 1", codes::METHOD_HEAD, "found class", "Foo class >>"),
    ("Object subclass: A\n  sealed => 1\n  b => 2", codes::METHOD_HEAD, "Expected method selector", ""),
    ("type T = Integer", codes::TYPE_ALIAS, "single-letter type names are reserved for type parameters", "longer"),
    ("type Opt(T) = T | nil", codes::TYPE_ALIAS, "Parametric type aliases are not supported", ""),
    ("Protocol define: P\n  a => 1\n  b", codes::PROTOCOL, "Protocol method signatures cannot have implementations", "remove"),
    ("Protocol define: P\n  extending:\n  b", codes::PROTOCOL, "Expected protocol name after 'extending:'", ""),
    ("Protocol define: #P\n  a", codes::PROTOCOL, "Expected protocol name after 'define:'", ""),
    ("Object subclass: A\nObject subclass: B\nObject subclass: A", codes::DEFINED_TWICE, "Class `A` is defined twice in this source", "rename"),
];

#[test]
fn broken_definitions() {
    check(DEFINITIONS);
}

#[rustfmt::skip]
const HABITS: &[Case] = &[
    ("x = 3", codes::UNEXPECTED_TOKEN, "found =", "assign with `:=`"),
    ("self.x = 3", codes::UNEXPECTED_TOKEN, "found =", "assign with `:=`"),
    ("x foo = 3", codes::UNEXPECTED_TOKEN, "found =", "=:="),
    ("x != 3", codes::FOREIGN_SYNTAX, "'!=' is not an operator", "=/="),
    ("(x != 3) foo", codes::FOREIGN_SYNTAX, "'!=' is not an operator", "=/="),
    ("x === 3", codes::UNEXPECTED_TOKEN, "found ===", "=:="),
    ("x <> 3", codes::UNEXPECTED_TOKEN, "found <>", "=/="),
    ("x ~= 3", codes::UNEXPECTED_TOKEN, "found ~=", "=/="),
    ("a && b", codes::UNEXPECTED_TOKEN, "found &&", "a and: [b]"),
    ("(a && b) foo", codes::UNEXPECTED_TOKEN, "found &&", "a and: [b]"),
    ("a || b", codes::FOREIGN_SYNTAX, "found |", "a or: [b]"),
    ("!a", codes::UNEXPECTED_TOKEN, "found !", "x not"),
    ("x += 1", codes::UNEXPECTED_TOKEN, "found +=", "x := x + 1"),
    ("x++", codes::UNEXPECTED_TOKEN, "found <eof>", "x := x + 1"),
    ("x--", codes::UNEXPECTED_TOKEN, "found --", "x := x - 1"),
    ("x ? 1 : 2", codes::UNEXPECTED_TOKEN, "found ?", "ifTrue:"),
    ("a, b = b, a", codes::UNEXPECTED_TOKEN, "found ,", "{a, b} :="),
    ("[1, 2, 3]", codes::UNEXPECTED_TOKEN, "found ,", "#[a, b]"),
    ("\"a\", \"b\"", codes::UNEXPECTED_TOKEN, "found ,", "++"),
    ("7 \\\\ 3", codes::UNEXPECTED_TOKEN, "found \\\\", "`%`"),
    ("2 ^ 3", codes::FOREIGN_SYNTAX, "found ^", "`**`"),
    ("1..10", codes::UNEXPECTED_TOKEN, "found .", "1 to: 10"),
    ("%{a: 1}", codes::UNEXPECTED_TOKEN, "found %", "#{#key => value}"),
    ("f := \\x -> x + 1", codes::UNEXPECTED_TOKEN, "found \\", "[:x |"),
    ("f := (x) => x + 1", codes::FOREIGN_SYNTAX, "found =>", "[:x |"),
    ("self.foo()", codes::FOREIGN_SYNTAX, "found (", "object message"),
    ("foo(1, 2)", codes::FOREIGN_SYNTAX, "found (", "object message: argument"),
    ("Foo.new(1)", codes::FIELD_ACCESS, "field access", "Foo new"),
    ("xs.each do |x|", codes::FIELD_ACCESS, "field access", "xs each"),
    ("a[0]", codes::FOREIGN_SYNTAX, "found [", "collection at: index"),
    ("x |> foo", codes::FOREIGN_SYNTAX, "found |", "one after another"),
    ("s := :name", codes::UNEXPECTED_TOKEN, "found :", "#name"),
    ("-- a comment", codes::UNEXPECTED_TOKEN, "found --", "//"),
    ("x := 1;", codes::CASCADE, "cascade", "newline or '.'"),
    ("x foo;", codes::CASCADE, "cascade", "newline or '.'"),
    ("{k: 1}", codes::FOREIGN_SYNTAX, "Tuple literals are not valid expressions", "#{#k => value}"),
    ("d := {\"k\": 1}", codes::FOREIGN_SYNTAX, "Tuple literals are not valid expressions", "#{#key => value}"),
    ("d := {#k => 1}", codes::FOREIGN_SYNTAX, "Tuple literals are not valid expressions", "#{#key => value}"),
    ("#{k: 1}", codes::FOREIGN_SYNTAX, "Expected '=>' after map key", "#k => value"),
    ("#{\"k\": 1}", codes::FOREIGN_SYNTAX, "Expected '=>' after map key", "=> value"),
    ("xs do: { x foo }", codes::TUPLE_EXPRESSION, "Tuple literals are not valid expressions", "a block is written"),
    ("[| a b | a]", codes::FOREIGN_SYNTAX, "| |", "first assignment"),
    ("| a b |\na := 1", codes::FOREIGN_SYNTAX, "| |", "first assignment"),
    ("return 3", codes::FOREIGN_SYNTAX, "expected end of statement", "^ value"),
    ("if (x > 3) { y } else { z }", codes::FOREIGN_SYNTAX, "expected end of statement", "ifTrue:"),
    ("while (x) { y }", codes::FOREIGN_SYNTAX, "expected end of statement", "whileTrue:"),
    ("for (i = 0) { y }", codes::FOREIGN_SYNTAX, "expected end of statement", "do: [:each"),
    ("for x in xs { y }", codes::FOREIGN_SYNTAX, "expected end of statement", "do: [:each"),
    ("switch (x) { }", codes::FOREIGN_SYNTAX, "expected end of statement", "match:"),
    ("try { x }", codes::FOREIGN_SYNTAX, "expected end of statement", "on: Error do:"),
    ("throw \"x\"", codes::FOREIGN_SYNTAX, "expected end of statement", "self error:"),
    ("var x = 1", codes::FOREIGN_SYNTAX, "expected end of statement", "x := value"),
    ("let x := 1", codes::ASSIGNMENT_TARGET, "Assignment target", "without a word"),
    ("def foo(x)", codes::FOREIGN_SYNTAX, "expected end of statement", "selector => body"),
    ("function(x) { y }", codes::FOREIGN_SYNTAX, "expected end of statement", "[:x | body]"),
    ("class Foo < Bar", codes::FOREIGN_SYNTAX, "expected end of statement", "Object subclass: Name"),
    ("import Foo", codes::FOREIGN_SYNTAX, "expected end of statement", "found by name"),
    ("new Foo(1)", codes::FOREIGN_SYNTAX, "expected end of statement", "Name new"),
    ("print(x)", codes::FOREIGN_SYNTAX, "expected end of statement", "Transcript"),
    ("super()", codes::SUPER, "'super' must be used with a message send", ""),
    ("@count := 1", codes::BAD_DIRECTIVE, "unknown directive '@count'", "self.count"),
    ("Object subclass: A\n  def foo\n    1\n  b => 1", codes::FOREIGN_SYNTAX, "'def' is not part of a class body", "selector => body"),
    ("Object subclass: A\n  def foo(self):\n    return 1\n  b => 1", codes::FOREIGN_SYNTAX, "'def' is not part of a class body", "selector => body"),
    ("Object subclass: A\n  def foo\n    1\n  end\n  b => 1", codes::FOREIGN_SYNTAX, "'def' is not part of a class body", "selector => body"),
    ("Object subclass: A\n  foo() {\n    return 1;\n  }\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "at: index put: value"),
    ("if (x > 3) {\n  y\n} else {\n  z\n}\nw", codes::FOREIGN_SYNTAX, "expected end of statement", "ifTrue:"),
    ("Object subclass: A\n  var x = 1\n  b => 1", codes::FOREIGN_SYNTAX, "'var' is not part of a class body", "field:"),
    ("Object subclass: A\n  private foo => 1\n  b => 1", codes::FOREIGN_SYNTAX, "'private' is not part of a class body", "internal"),
    ("Object subclass: A\n  count := 0\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "field: name = value"),
    ("Object subclass: A\n  foo(x) => 1\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "at: index put: value"),
    ("Object subclass: A\n  foo { ^1 }\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "selector => body"),
    ("x := new Foo()", codes::FOREIGN_SYNTAX, "expected end of statement", "Name new"),
    ("x ::= 3", codes::FOREIGN_SYNTAX, "'::=' is not an operator", "`:=`"),
    ("x: Integer = 3", codes::UNEXPECTED_TOKEN, "found x:", "name :: Type := value"),
    ("int x = 3", codes::FOREIGN_SYNTAX, "expected end of statement", "x :: Integer := value"),
    ("x <- 3", codes::UNEXPECTED_TOKEN, "found <-", "`:=`"),
    ("x =< 3", codes::UNEXPECTED_TOKEN, "found =<", "`<=`"),
    ("x <=> y", codes::UNEXPECTED_TOKEN, "found <=>", "`=:=`"),
    ("x =~ y", codes::UNEXPECTED_TOKEN, "found =~", "matchesRegex:"),
    ("x ?? y", codes::UNEXPECTED_TOKEN, "found ??", "ifNil:"),
    ("x ||= y", codes::FOREIGN_SYNTAX, "found |", "or:"),
    ("x << y", codes::FOREIGN_SYNTAX, "found <<", "list add: value"),
    ("x nil?", codes::UNEXPECTED_TOKEN, "found ?", "x isNil"),
    ("x empty? foo", codes::UNEXPECTED_TOKEN, "found ?", "x isEmpty"),
    ("x foo 3", codes::END_OF_STATEMENT, "expected end of statement", "list add: 3"),
    ("x match [1 -> 2]", codes::END_OF_STATEMENT, "expected end of statement", "behind a colon"),
    ("f\"abc\"", codes::FOREIGN_SYNTAX, "expected end of statement", "interpolates"),
    ("Foo >> bar ^3", codes::FOREIGN_SYNTAX, "found ^", "`=>` before the body"),
    ("Foo >> at: x\n  ^x", codes::UNEXPECTED_TOKEN, "found at:", "`=>` before the body"),
    ("\u{201c}abc\u{201d}", codes::STRAY_CHARACTER, "'\u{201c}'", "straight double quotes"),
    ("x := `abc`", codes::STRAY_CHARACTER, "'`'", "double quotes"),
    ("(x + ) foo", codes::UNEXPECTED_TOKEN, "found )", "something is missing before it"),
    ("for i in 1..10 do\n  y\nend", codes::FOREIGN_SYNTAX, "expected end of statement", "do: [:each"),
    ("class Foo(Bar):\n  def baz(self):\n    pass", codes::FOREIGN_SYNTAX, "found Foo", "Object subclass: Name"),
    ("defmodule Foo do\n  def bar(x), do: x\nend", codes::FOREIGN_SYNTAX, "found Foo", "Object subclass: Name"),
    ("class Foo\n  def bar(x)\n    x\n  end\nend", codes::FOREIGN_SYNTAX, "found Foo", "Object subclass: Name"),
    ("try {\n  x foo()\n} catch (e) {\n  y()\n}", codes::FOREIGN_SYNTAX, "found {", "on: Error do:"),
    ("public static void main(String[] args) {\n  x()\n}", codes::FOREIGN_SYNTAX, "found (", "selector => body"),
    ("switch (x) {\n  case 1: y;\n}", codes::FOREIGN_SYNTAX, "found (", "match:"),
    ("Object subclass: #Foo\n  instanceVariableNames: 'a b'\n  classVariableNames: ''\n  package: 'X'", codes::CLASS_HEADER, "Expected class name", "without `#`"),
    ("Object subclass: Foo\n  instanceVariableNames: 'a b'\n  package: 'X'\n  b => 1", codes::FOREIGN_SYNTAX, "'instanceVariableNames:' is not part of a class header", "field: name = value"),
    ("Object subclass: A {\n  b => 1\n}", codes::FOREIGN_SYNTAX, "'{' is not part of a class header", "indented"),
    ("Object subclass: A do\n  b => 1\nend", codes::FOREIGN_SYNTAX, "'do' is not part of a class header", "indented"),
    ("Object subclass: A extends B\n  b => 1", codes::FOREIGN_SYNTAX, "'extends' is not part of a class header", "Superclass subclass: Name"),
    ("Object subclass: A\n  foo:\n    1\n  b => 1", codes::METHOD_HEAD, "Expected parameter name after keyword", "at: index"),
    ("Object subclass: A\n  foo x => 1\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "behind a keyword"),
    ("Object subclass: A\n  foo: x, y => 1\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "a keyword of its own"),
    ("Object subclass: A\n  field x = 1\n  b => 1", codes::METHOD_HEAD, "Expected '=>'", "field: name = value"),
    ("x match: [y if y > 3 -> 4]", codes::MATCH, "Expected '->'", "when: [condition]"),
    ("x match: [1 | 2 -> 3]", codes::MATCH, "Expected '->'", "arms of their own"),
    ("x match: [[h | t] -> 3]", codes::PATTERN, "Unexpected token in pattern", "#(head, ...tail)"),
];

#[test]
fn habits_of_other_languages_get_their_own_help() {
    check(HABITS);
}

/// A mistake in one method costs neither the methods around it nor what follows the class.
#[test]
fn the_rest_of_a_class_survives_every_habit() {
    let mut lost = Vec::new();
    for (source, ..) in HABITS.iter().filter(|(source, ..)| !source.starts_with("Object subclass:")) {
        let body = source.replace('\n', "\n    ");
        let text =
            format!("Object subclass: A\n  one => 1\n  bad =>\n    {body}\n  two => 2\n\nA >> three => 3\n");
        let parsed = parse(&text);
        let tree = dump(&parsed.file);
        let whole = ["(method one => 1)", "(method bad =>", "(method two => 2)", "three => 3"];
        if parsed.diagnostics.len() != 1 || !whole.iter().all(|part| tree.contains(part)) {
            lost.push(format!("{source:?}\n  {tree}  {:?}", parsed.diagnostics));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn detached_doc_comments_are_warnings() {
    let breaks = "blank line or // comment breaks attachment";
    let only = "/// only attaches to class, method, or state declarations";
    check(&[
        ("/// a\n\nObject subclass: A", codes::DETACHED_DOC, breaks, ""),
        ("/// a\n// b\nObject subclass: A", codes::DETACHED_DOC, breaks, ""),
        ("/// a\nx := 1", codes::DETACHED_DOC, only, "//"),
        ("x := 1\n/// a", codes::DETACHED_DOC, only, "//"),
        ("x := [\n  /// a\n  1]", codes::DETACHED_DOC, only, "//"),
    ]);
    assert_eq!(parse("/// a\nx").diagnostics[0].severity, Severity::Warning);
    assert!(
        parse("/// a\n\n/// b\nObject subclass: A\n  /// c\n  d => 1\n  /// e\n  field: f\n")
            .diagnostics
            .is_empty()
    );
    assert!(parse("/// a\nFoo >> bar => 1\n/// b\ntype Baz = Foo\n").diagnostics.is_empty());
    assert!(parse("/// a\nProtocol define: P\n  /// b\n  c -> D\n").diagnostics.is_empty());
    assert!(parse("//// ruler\nx := 1").diagnostics.is_empty());
}

#[test]
fn codes_are_unique() {
    let mut seen: Vec<&str> = codes::ALL.iter().map(|(code, _)| *code).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), codes::ALL.len());
}
