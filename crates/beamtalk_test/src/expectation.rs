//! What an example promises (spec 01b section 20.2).

use beamtalk_repl::{Evaluated, Unevaluated};
use serde_json::Value;

/// The text after `// =>`, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// It is only to succeed.
    Success,
    /// The value is shown as this; `_` stands for any text.
    Text(String),
    /// It fails with this kind, or a text that contains this.
    Error(String),
    /// It succeeds, with a warning that contains this.
    Warning(String),
    /// It succeeds, with no such warning.
    NoWarning(String),
    /// The value is a text with this among its parts between commas.
    Includes(String),
}

impl Expectation {
    /// Understands the text after the mark.
    ///
    /// # Errors
    /// An error is to be expected that is not named.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let named = |rest: &str| rest.trim().to_owned();
        if let Some(rest) = text.strip_prefix("ERROR:") {
            return match named(rest).as_str() {
                "" => Err("`// => ERROR:` names no error".into()),
                kind => Ok(Self::Error(kind.to_owned())),
            };
        }
        Ok(if let Some(rest) = text.strip_prefix("NO-WARNING:") {
            Self::NoWarning(named(rest))
        } else if let Some(rest) = text.strip_prefix("WARNING:") {
            Self::Warning(named(rest))
        } else if let Some(rest) = text.strip_prefix("INCLUDES:") {
            Self::Includes(named(rest))
        } else if text == "_" {
            Self::Success
        } else {
            Self::Text(text.to_owned())
        })
    }

    /// Why the outcome is not the promised one: `expected: …` and `got: …` on lines of their own.
    #[must_use]
    pub fn refuted_by(&self, outcome: &Result<Evaluated, Unevaluated>) -> Option<String> {
        match (self, outcome) {
            (Self::Error(wanted), Err(error)) => {
                let told = |text: Option<&String>| text.is_some_and(|text| text.contains(wanted.as_str()));
                let met = error.kind.as_deref() == Some(wanted)
                    || vm_name(error) == Some(wanted)
                    || told(Some(&error.message))
                    || told(error.hint.as_ref());
                (!met).then(|| contrast(&format!("ERROR: {wanted}"), &shown_error(error)))
            }
            (Self::Error(wanted), Ok(_)) => Some(contrast(&format!("ERROR: {wanted}"), "no error raised")),
            (_, Err(error)) => Some(contrast(&self.shown(), &shown_error(error))),
            (Self::Success, Ok(_)) => None,
            (Self::Text(pattern), Ok(value)) => {
                let met = forms(value).iter().any(|text| matches(pattern, text));
                (!met).then(|| contrast(pattern, &value.text()))
            }
            (Self::Warning(part), Ok(value)) => {
                let met = value.warnings.iter().any(|warning| warning.contains(part.as_str()));
                (!met).then(|| contrast(&self.shown(), &warnings(value)))
            }
            (Self::NoWarning(part), Ok(value)) => {
                let met = value.warnings.iter().all(|warning| !warning.contains(part.as_str()));
                (!met).then(|| contrast(&self.shown(), &warnings(value)))
            }
            (Self::Includes(item), Ok(value)) => {
                let met = value.text().split(',').any(|part| part.trim() == item);
                (!met).then(|| contrast(&self.shown(), &value.text()))
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Success => "_".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Error(kind) => format!("ERROR: {kind}"),
            Self::Warning(part) => format!("WARNING: {part}"),
            Self::NoWarning(part) => format!("NO-WARNING: {part}"),
            Self::Includes(item) => format!("INCLUDES: {item}"),
        }
    }
}

/// A list is shown as it is at the prompt, or in JSON as on the wire, or as the text that its code points make (spec 02
/// section 17.1).
fn forms(value: &Evaluated) -> Vec<String> {
    let mut forms = vec![value.text()];
    if let Value::Array(elements) = &value.value {
        forms.push(value.value.to_string());
        let text: Option<String> = elements.iter().map(printable).collect();
        forms.extend(text.filter(|text| !text.is_empty()));
    }
    forms
}

fn printable(element: &Value) -> Option<char> {
    let character = char::from_u32(u32::try_from(element.as_u64()?).ok()?)?;
    (!character.is_control() || character.is_whitespace()).then_some(character)
}

fn warnings(value: &Evaluated) -> String {
    if value.warnings.is_empty() { "no warning".to_owned() } else { value.warnings.join("; ") }
}

fn shown_error(error: &Unevaluated) -> String {
    match &error.kind {
        Some(kind) => format!("ERROR: {} ({kind})", error.message),
        None => format!("ERROR: {}", error.message),
    }
}

/// What the VM calls its own errors, by which they go as well (spec 01b section 20.2).
fn vm_name(error: &Unevaluated) -> Option<&'static str> {
    let names = [
        ("type_error", "bad arithmetic operation", "badarith"),
        ("argument_error", "invalid argument", "badarg"),
        ("key_error", "key not found: ", "badkey"),
    ];
    let is_its = |(kind, text, _): &&(&str, &str, &str)| {
        error.kind.as_deref() == Some(*kind) && error.message.contains(text)
    };
    names.iter().find(is_its).map(|(_, _, name)| *name)
}

fn contrast(expected: &str, got: &str) -> String {
    format!("  expected: {expected}\n  got:      {got}")
}

/// Whether the text is what the pattern says. A `_` that is not between two letters or digits stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let text = text.trim();
    let plain = unescaped(pattern);
    if pattern == text || plain == text {
        return true;
    }
    let pieces = pieces(&plain);
    let Some(((first, last), middle)) = ends(&pieces) else { return false };
    let Some(rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    let mut rest = rest;
    middle.iter().all(|piece| match rest.find(piece.as_str()) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// The first and the last piece of several, and those between.
fn ends(pieces: &[String]) -> Option<((&str, &str), &[String])> {
    let (first, others) = pieces.split_first()?;
    let (last, middle) = others.split_last()?;
    Some(((first, last), middle))
}

/// The text between the wildcards.
fn pieces(pattern: &str) -> Vec<String> {
    let characters: Vec<char> = pattern.chars().collect();
    let word = |index: Option<usize>| {
        index.and_then(|index| characters.get(index)).is_some_and(char::is_ascii_alphanumeric)
    };
    let mut pieces = vec![String::new()];
    for (index, character) in characters.iter().enumerate() {
        if *character == '_' && !(word(index.checked_sub(1)) && word(Some(index + 1))) {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(*character);
        }
    }
    pieces
}

/// `\n`, `\t`, `\\` and `\"` stand for a character; other backslashes for themselves.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let escaped = match (character, rest.peek()) {
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('\\')) => Some('\\'),
            ('\\', Some('"')) => Some('"'),
            _ => None,
        };
        plain.push(escaped.unwrap_or(character));
        if escaped.is_some() {
            rest.next();
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    type Outcome = Result<Evaluated, Unevaluated>;

    #[allow(clippy::unnecessary_wraps, reason = "an outcome that happens to be a value")]
    fn value(value: Value) -> Outcome {
        Outcome::Ok(Evaluated { value, warnings: vec!["unused variable `x`".into()], exit: None })
    }

    #[allow(clippy::unnecessary_wraps, reason = "an outcome that happens to be an error")]
    fn error() -> Outcome {
        Outcome::Err(Unevaluated {
            kind: Some("does_not_understand".into()),
            message: "Lamp does not understand 'explode'".into(),
            hint: None,
            trace: Vec::new(),
        })
    }

    fn holds(promise: &str, outcome: &Result<Evaluated, Unevaluated>) -> bool {
        Expectation::parse(promise).unwrap().refuted_by(outcome).is_none()
    }

    #[test]
    fn a_text_is_what_is_shown() {
        for (promise, shown) in [
            ("42", json!(42)),
            ("abc", json!("abc")),
            ("", json!("")),
            ("[1,2,3]", json!([1, 2, 3])),
            ("#(1, 2, 3)", json!([1, 2, 3])),
            ("AB", json!([65, 66])),
            ("#(65, 66)", json!([65, 66])),
            ("a\\nb", json!("a\nb")),
            ("say \\\"x\\\"", json!("say \"x\"")),
        ] {
            assert!(holds(promise, &value(shown)), "{promise}");
        }
        assert!(!holds("43", &value(json!(42))));
        assert!(!holds("42", &error()));
    }

    #[test]
    fn an_underscore_outside_of_words_stands_for_any_text() {
        let actor = value(json!("Actor(Counter, 0.120.0)"));
        assert!(holds("Actor(Counter, _)", &actor) && holds("_Counter_", &actor) && holds("_", &actor));
        assert!(!holds("Actor(Meter, _)", &actor));
        assert!(holds("does_not_understand", &value(json!("does_not_understand"))));
        assert!(!holds("a_b", &value(json!("aXb"))));
        assert!(!holds("ab_ba", &value(json!("aba"))), "a text is not used twice");
        assert!(!holds("a _ b _", &value(json!("b a "))));
    }

    #[test]
    fn an_error_goes_by_its_kind_or_a_part_of_its_text() {
        assert!(holds("ERROR: does_not_understand", &error()));
        assert!(holds("ERROR: does not understand", &error()));
        assert!(!holds("ERROR: type_error", &error()));
        assert!(!holds("ERROR: x", &value(json!(1))));
        assert!(Expectation::parse("ERROR:  ").is_err());
    }

    #[test]
    fn an_error_of_the_vm_goes_by_its_own_name_too() {
        let arithmetic = Outcome::Err(Unevaluated {
            kind: Some("type_error".into()),
            message: "bad arithmetic operation".into(),
            hint: None,
            trace: Vec::new(),
        });
        assert!(holds("ERROR: badarith", &arithmetic) && holds("ERROR: type_error", &arithmetic));
        assert!(!holds("ERROR: badarg", &arithmetic) && !holds("ERROR: badarith", &error()));
    }

    #[test]
    fn warnings_and_parts_of_lists() {
        let outcome = value(json!("a, b,c"));
        assert!(holds("WARNING: unused", &outcome) && !holds("WARNING: other", &outcome));
        assert!(!holds("NO-WARNING: unused", &outcome) && holds("NO-WARNING: other", &outcome));
        assert!(holds("INCLUDES: b", &outcome) && !holds("INCLUDES: d", &outcome));
    }

    #[test]
    fn a_failure_contrasts_what_was_promised_with_what_came() {
        let failure = Expectation::parse("4").unwrap().refuted_by(&value(json!(3)));
        assert_eq!(failure.unwrap(), "  expected: 4\n  got:      3");
        let failure = Expectation::parse("ERROR: boom").unwrap().refuted_by(&value(json!(3)));
        assert_eq!(failure.unwrap(), "  expected: ERROR: boom\n  got:      no error raised");
    }
}
