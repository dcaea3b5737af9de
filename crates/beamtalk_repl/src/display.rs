//! Shown values, as JSON and as text (spec 06 section 4).

use beamtalk_node::Display;
use serde_json::{Number, Value};
use std::str::FromStr;

/// The value as a client receives it.
pub fn to_json(display: &Display) -> Value {
    match display {
        Display::Integer(integer) => {
            let digits = integer.to_string();
            Number::from_str(&digits).map_or(Value::String(digits), Value::Number)
        }
        Display::Boolean(truth) => Value::Bool(*truth),
        Display::Text(text) => Value::String(text.clone()),
        Display::List(elements) => Value::Array(elements.iter().map(to_json).collect()),
    }
}

/// The value as a client prints it.
pub fn to_text(value: &Value) -> String {
    let mut text = String::new();
    write_text(value, &mut text);
    text
}

fn write_text(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("nil"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => text.push_str(string),
        Value::Array(elements) => {
            text.push_str("#(");
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                write_text(element, text);
            }
            text.push(')');
        }
        // No value is sent as an object; should one come, its JSON is the honest text.
        Value::Object(_) => text.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_print_bare() {
        let printed: Vec<_> =
            [json!(42), json!(true), json!("abc"), json!("nil"), json!("3.0")].iter().map(to_text).collect();
        assert_eq!(printed, ["42", "true", "abc", "nil", "3.0"]);
    }

    #[test]
    fn lists_print_with_their_literal_form() {
        assert_eq!(to_text(&json!([1, "a", "b"])), "#(1, a, b)");
        assert_eq!(to_text(&json!([])), "#()");
        assert_eq!(to_text(&json!([65, [66, 67]])), "#(65, #(66, 67))");
    }

    #[test]
    fn an_integer_of_any_size_keeps_its_digits() {
        let digits = "123456789012345678901234567890";
        let display = Display::Integer(digits.parse().unwrap());
        let json = serde_json::to_string(&to_json(&display)).unwrap();
        assert_eq!(json, digits);
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(to_text(&read), digits);
    }
}
