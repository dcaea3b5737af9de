//! Terms in Erlang's notation, as `file:consult/1` reads it.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::Term;

/// An atom, in quotes where they are needed.
pub(crate) struct Atom<'a>(pub &'a str);

/// Words that are no atoms without quotes (OTP 25 `erl_scan:reserved_word/1`, and those to come).
const RESERVED: &[&str] = &[
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try",
    "when", "xor",
];

impl Display for Atom<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@')
            && !RESERVED.contains(name);
        if plain { f.write_str(name) } else { quoted(f, name, '\'') }
    }
}

/// A string: a list of characters.
pub(crate) struct Quoted<'a>(pub &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, self.0, '"')
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\\' => f.write_str("\\\\")?,
            c if c == quote => write!(f, "\\{c}")?,
            c if c.is_control() => write!(f, "\\x{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char(quote)
}

/// What is still to be written; a stack of these instead of recursion, so that any depth can be printed.
enum Todo<'a> {
    Term(&'a Term),
    Text(&'static str),
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut todo = vec![Todo::Term(self)];
        while let Some(next) = todo.pop() {
            match next {
                Todo::Text(text) => f.write_str(text)?,
                Todo::Term(term) => part(f, term, &mut todo)?,
            }
        }
        Ok(())
    }
}

fn part<'a>(f: &mut Formatter<'_>, term: &'a Term, todo: &mut Vec<Todo<'a>>) -> fmt::Result {
    match term {
        Term::Atom(name) => Atom(name).fmt(f),
        Term::Integer(value) => value.fmt(f),
        Term::BigInteger(value) => value.fmt(f),
        Term::Float(value) => float(f, *value),
        Term::Binary(bytes) => binary(f, bytes),
        Term::Bitstring { bytes, last_bits } => bitstring(f, bytes, *last_bits),
        Term::List(elements) => {
            if let Some(text) = as_text(elements) {
                return Quoted(&text).fmt(f);
            }
            todo.push(Todo::Text("]"));
            sequence(elements, todo);
            f.write_char('[')
        }
        Term::ImproperList(elements, tail) => {
            todo.extend([Todo::Text("]"), Todo::Term(tail), Todo::Text("|")]);
            sequence(elements, todo);
            f.write_char('[')
        }
        Term::Tuple(elements) => {
            todo.push(Todo::Text("}"));
            sequence(elements, todo);
            f.write_char('{')
        }
        Term::Map(pairs) => {
            todo.push(Todo::Text("}"));
            for (index, (key, value)) in pairs.iter().enumerate().rev() {
                todo.extend([Todo::Term(value), Todo::Text(" => "), Todo::Term(key)]);
                if index > 0 {
                    todo.push(Todo::Text(","));
                }
            }
            f.write_str("#{")
        }
        Term::ExternalFunction(function) => {
            let (module, name) = (Atom(&function.module), Atom(&function.function));
            write!(f, "fun {module}:{name}/{}", function.arity)
        }
    }
}

fn sequence<'a>(elements: &'a [Term], todo: &mut Vec<Todo<'a>>) {
    for (index, element) in elements.iter().enumerate().rev() {
        todo.push(Todo::Term(element));
        if index > 0 {
            todo.push(Todo::Text(","));
        }
    }
}

/// The text of a list of printable ASCII characters.
fn as_text(elements: &[Term]) -> Option<String> {
    let character = |element: &Term| match element {
        Term::Integer(code) => {
            u8::try_from(*code).ok().map(char::from).filter(|c| matches!(c, ' '..='~' | '\n'))
        }
        _ => None,
    };
    (!elements.is_empty()).then(|| elements.iter().map(character).collect()).flatten()
}

/// Digits that read back to the same float; Erlang wants a point before an exponent.
fn float(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => {
            write!(f, "{mantissa}.0e{exponent}")
        }
        _ => f.write_str(&text),
    }
}

fn binary(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    // The scanner takes no control characters in UTF-8 segments, nor the last two code points of the first plane.
    let printable = |c: char| (!c.is_control() || c == '\n') && !matches!(c, '\u{fffe}'..='\u{ffff}');
    match std::str::from_utf8(bytes) {
        Ok("") => f.write_str("<<>>"),
        Ok(text) if text.chars().all(printable) => {
            let utf8 = if text.is_ascii() { "" } else { "/utf8" };
            write!(f, "<<{}{utf8}>>", Quoted(text))
        }
        _ => bitstring(f, bytes, 8),
    }
}

fn bitstring(f: &mut Formatter<'_>, bytes: &[u8], last_bits: u8) -> fmt::Result {
    f.write_str("<<")?;
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        if index + 1 == bytes.len() && (1..8).contains(&last_bits) {
            write!(f, "{}:{last_bits}", byte >> (8 - last_bits))?;
        } else {
            write!(f, "{byte}")?;
        }
    }
    f.write_str(">>")
}
