//! What the signs and words of other languages are in Beamtalk.

/// What an operator of another language is called here.
pub(crate) fn operator_help(operator: &str) -> &'static str {
    match operator {
        "=" => {
            "'=' is not an operator in Beamtalk; use '=:=' for value equality or '==' for reference equality"
        }
        "<-" => "assign with `:=`",
        "=<" => "write `<=`",
        "<=>" => "compare with `<`, `>` or `=:=`",
        "=~" => "write `text matchesRegex: pattern`",
        "??" => "write `a ifNil: [b]`",
        "||=" => "write `x := x ifNil: [value]`",
        "!=" | "~=" | "<>" | "~~" => "inequality is `=/=` (or `/=`), and strings are joined with `++`",
        "===" => "equality is `=:=` (or `==`)",
        "&&" | "&" => "write `a and: [b]`",
        "||" => "write `a or: [b]`",
        "+=" | "-=" | "*=" | "/=" | "++=" => "there is no compound assignment; write `x := x + 1`",
        "--" => "write `x := x - 1`",
        "," => {
            "commas separate elements of `#(a, b)` and `#[a, b]`; to take a tuple apart write `{a, b} := pair`; strings are joined with `++`"
        }
        "\\\\" | "%%" => "the remainder is `%`",
        "?" => "write `condition ifTrue: [a] ifFalse: [b]`",
        _ => "the operators are ** * / % + - ++ < > <= >= == /= =:= =/= >> and ->; put spaces around them",
    }
}

/// What a word of another language is here.
#[must_use]
pub fn foreign_word_help(word: &str) -> Option<&'static str> {
    Some(match word {
        "return" => "write `^ value`; the last value of a method is its answer anyway",
        "if" | "unless" | "elsif" | "elseif" | "elif" | "else" => {
            "write `condition ifTrue: [a] ifFalse: [b]`; conditions are messages"
        }
        "while" | "until" => "write `[condition] whileTrue: [body]`",
        "for" | "foreach" | "loop" => "write `collection do: [:each | body]` or `1 to: 10 do: [:i | body]`",
        "switch" | "case" | "when" | "cond" | "with" => {
            "write `value match: [pattern -> result; _ -> other]`"
        }
        "try" | "begin" | "catch" | "rescue" | "except" => "write `[body] on: Error do: [:error | handler]`",
        "throw" | "raise" => "write `self error: \"text\"`, or send `signal` to an exception",
        "var" | "let" | "val" | "const" | "my" | "local" => {
            "a variable exists from its first assignment on: write `x := value` without a word before it"
        }
        "def" | "defp" | "fn" | "fun" | "func" | "function" | "sub" => {
            "write a method as `selector => body` in a class or `Class >> selector => body`, a block as `[:x | body]`"
        }
        "lambda" | "proc" => "write a block: `[:x | body]`",
        "public" | "private" | "protected" | "static" | "final" => {
            "write `Object subclass: Name`, and methods as `selector => body`; `internal` keeps one in its package"
        }
        "int" | "float" | "double" | "bool" | "boolean" | "char" | "string" | "void" | "auto" | "dim" => {
            "a type stands behind the name, and may be left out: `x :: Integer := value`"
        }
        "class" | "interface" | "struct" | "trait" | "enum" | "module" | "defmodule" | "object" => {
            "write `Object subclass: Name` (or `Value`, `Actor`), and the members indented below"
        }
        "import" | "require" | "include" | "use" | "from" | "using" | "alias" => {
            "nothing is imported: classes are found by name, those of another package as `package@Class`"
        }
        "new" => "write `Name new`",
        "not" => "write `value not`",
        "print" | "println" | "puts" | "echo" | "printf" | "console" => {
            "write `Transcript show: value printString`"
        }
        "await" | "async" | "yield" => {
            "messages to actors wait for their answer; write `actor message!` to not wait"
        }
        "assert" => "write `self assert: condition` in a test",
        "null" | "None" | "undefined" | "nullptr" | "NULL" | "Null" => "nothing is `nil`",
        "this" | "me" => "the receiver is `self`",
        "then" | "do" | "end" | "endif" | "done" | "fi" => "a body is a block in brackets: `[ … ]`",
        "otherwise" | "default" => "the last arm of a `match:` is `_ -> value`",
        "pass" => "a block without statements is `[]`; a method without a body is `self notImplemented`",
        "and" | "or" => "write `a and: [b]` or `a or: [b]`",
        "is" => "write `a =:= b`, or `a isNil`",
        "thisContext" => "there is no context object; see `error stackTrace` for where an error came from",
        "delete" | "del" => "there is nothing to delete; memory is freed by itself",
        _ => return None,
    })
}

/// Whether a word begins what spans lines, with a body: all of it is one mistake.
pub(crate) fn begins_body(word: &str) -> bool {
    matches!(
        word,
        "if" | "unless"
            | "while"
            | "until"
            | "for"
            | "foreach"
            | "loop"
            | "switch"
            | "case"
            | "cond"
            | "try"
            | "begin"
            | "def"
            | "defp"
            | "fn"
            | "fun"
            | "func"
            | "function"
            | "sub"
            | "public"
            | "private"
            | "protected"
            | "static"
            | "class"
            | "interface"
            | "struct"
            | "trait"
            | "enum"
            | "module"
            | "defmodule"
            | "object"
            | "void"
    )
}

/// Whether a word goes on with or ends such a body.
pub(crate) fn closes_body(word: &str) -> bool {
    matches!(
        word,
        "end"
            | "else"
            | "elsif"
            | "elseif"
            | "elif"
            | "endif"
            | "fi"
            | "done"
            | "rescue"
            | "catch"
            | "except"
            | "ensure"
            | "finally"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_with_a_body_has_a_help() {
        for word in ["if", "while", "for", "try", "def", "class", "module", "void", "public"] {
            assert!(begins_body(word) && foreign_word_help(word).is_some(), "{word}");
        }
        assert!(foreign_word_help("each").is_none());
    }
}
