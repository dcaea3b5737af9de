//! JSON-RPC 2.0, one object or batch a line (<https://www.jsonrpc.org/specification>).

use serde_json::{Map, Value, json};

/// The line is not JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The line is JSON but no request.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are not the method's.
pub const INVALID_PARAMS: i64 = -32602;
/// The method failed in a way that is our fault.
pub const INTERNAL_ERROR: i64 = -32603;
/// The request is fine and cannot be done; `data` has a code and a help.
pub const FAILED: i64 = -32000;
/// A source file cannot be read.
pub const UNREADABLE: i64 = -32001;
/// Too many connections, or a line that is too long.
pub const OVER_LIMIT: i64 = -32002;

/// The most requests in one batch.
const LARGEST_BATCH: usize = 1000;

/// An error object.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    /// One of the numbers above.
    pub code: i64,
    /// The sentence.
    pub message: String,
    /// More, for programs.
    pub data: Option<Value>,
}

impl RpcError {
    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The response that carries it.
    #[must_use]
    pub fn response(self, id: &Value) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), self.code.into());
        error.insert("message".into(), self.message.into());
        if let Some(data) = self.data {
            error.insert("data".into(), data);
        }
        json!({ "jsonrpc": "2.0", "error": error, "id": id })
    }
}

/// What calls methods: a name and its parameters, an object or array (an empty object where there were none).
pub trait Methods {
    /// Call a method.
    ///
    /// # Errors
    /// Whatever the caller is to be told.
    fn call(&self, method: &str, params: Value) -> Result<Value, RpcError>;
}

/// The answer to a line, if it gets one: notifications do not.
pub fn answer(line: &[u8], methods: &dyn Methods) -> Option<Value> {
    match serde_json::from_slice(line) {
        Err(error) => {
            let said = format!("Parse error: {error}");
            Some(RpcError::new(PARSE_ERROR, said).response(&Value::Null))
        }
        Ok(Value::Array(batch)) if batch.is_empty() || batch.len() > LARGEST_BATCH => {
            Some(invalid(&Value::Null))
        }
        Ok(Value::Array(batch)) => {
            let answers: Vec<Value> =
                batch.into_iter().filter_map(|request| answer_one(request, methods)).collect();
            (!answers.is_empty()).then_some(Value::Array(answers))
        }
        Ok(request) => answer_one(request, methods),
    }
}

fn invalid(id: &Value) -> Value {
    RpcError::new(INVALID_REQUEST, "Invalid Request").response(id)
}

fn answer_one(request: Value, methods: &dyn Methods) -> Option<Value> {
    let Value::Object(mut request) = request else { return Some(invalid(&Value::Null)) };
    let id = request.remove("id");
    // An id of another kind cannot be told from none: the answer is to nobody in particular.
    let known = id.as_ref().is_none_or(|id| id.is_string() || id.is_number() || id.is_null());
    if !known {
        return Some(invalid(&Value::Null));
    }
    let reply_to = id.clone().unwrap_or(Value::Null);
    let params = request.remove("params").unwrap_or_else(|| json!({}));
    let version = request.get("jsonrpc");
    if version.is_some_and(|version| version != "2.0") {
        return Some(RpcError::new(INVALID_REQUEST, "Invalid JSON-RPC version").response(&reply_to));
    }
    let method = match request.get("method") {
        Some(Value::String(method)) if version.is_some() && (params.is_object() || params.is_array()) => {
            method
        }
        _ => return Some(invalid(&reply_to)),
    };
    let result = methods.call(method, params);
    // A notification is never answered, not even when it fails.
    let id = id?;
    Some(match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "result": result, "id": id }),
        Err(error) => error.response(&id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// `subtract` of the specification's examples, and a record of what was called.
    #[derive(Default)]
    struct Examples {
        called: RefCell<Vec<String>>,
    }

    impl Methods for Examples {
        fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
            self.called.borrow_mut().push(method.to_owned());
            match method {
                "subtract" => {
                    let number = |name: &str, at: usize| {
                        params.get(name).or_else(|| params.get(at)).and_then(Value::as_i64)
                    };
                    let both = number("minuend", 0).zip(number("subtrahend", 1));
                    both.map(|(a, b)| json!(a - b))
                        .ok_or_else(|| RpcError::new(INVALID_PARAMS, "Invalid params"))
                }
                "get_data" => Ok(json!(["hello", 5])),
                "update" | "notify_hello" => Ok(Value::Null),
                _ => Err(RpcError::new(METHOD_NOT_FOUND, "Method not found")),
            }
        }
    }

    fn reply(line: &str) -> Option<Value> {
        answer(line.as_bytes(), &Examples::default())
    }

    fn error(code: i64, message: &str, id: impl Into<Value>) -> Value {
        json!({ "jsonrpc": "2.0", "error": { "code": code, "message": message }, "id": id.into() })
    }

    /// Section 7 of the specification, example by example.
    #[test]
    fn the_examples_of_the_specification_hold() {
        let result = |result: Value, id: Value| Some(json!({ "jsonrpc": "2.0", "result": result, "id": id }));
        assert_eq!(
            reply(r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#),
            result(json!(19), json!(1))
        );
        assert_eq!(
            reply(
                r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": "x"}"#
            ),
            result(json!(19), json!("x"))
        );
        assert_eq!(reply(r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#), None);
        assert_eq!(reply(r#"{"jsonrpc": "2.0", "method": "foobar"}"#), None);
        let not_found = error(METHOD_NOT_FOUND, "Method not found", json!("1"));
        assert_eq!(reply(r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#), Some(not_found));
        let is_parse_error = |line: &str| {
            let answer = reply(line).unwrap();
            let message = answer["error"]["message"].as_str().unwrap();
            message.starts_with("Parse error: ") && answer == error(PARSE_ERROR, message, Value::Null)
        };
        assert!(is_parse_error(r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#));
        let invalid = error(INVALID_REQUEST, "Invalid Request", Value::Null);
        assert_eq!(reply(r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#), Some(invalid.clone()));
        assert!(is_parse_error(
            r#"[{"jsonrpc": "2.0", "method": "sum", "id": "1"}, {"jsonrpc": "2.0", "method""#
        ));
        assert_eq!(reply("[]"), Some(invalid.clone()));
        assert_eq!(reply("[1]"), Some(json!([invalid])));
        assert_eq!(reply("[1,2,3]"), Some(json!([invalid, invalid, invalid])));
        let batch = r#"[{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]"#;
        let expected = json!([
            { "jsonrpc": "2.0", "result": 19, "id": "2" },
            invalid,
            error(METHOD_NOT_FOUND, "Method not found", json!("5")),
            { "jsonrpc": "2.0", "result": ["hello", 5], "id": "9" }
        ]);
        assert_eq!(reply(batch), Some(expected));
        assert_eq!(
            reply(r#"[{"jsonrpc": "2.0", "method": "update"}, {"jsonrpc": "2.0", "method": "update"}]"#),
            None
        );
    }

    #[test]
    fn what_only_looks_like_a_request_is_invalid_and_nothing_is_called() {
        let methods = Examples::default();
        for line in [
            r#"{"method": "update", "id": 1}"#,
            r#"{"jsonrpc": "1.0", "method": "update", "id": 1}"#,
            r#"{"jsonrpc": 2.0, "method": "update", "id": 1}"#,
            r#"{"jsonrpc": "2.0", "id": 1}"#,
            r#"{"jsonrpc": "2.0", "method": "update", "params": "x", "id": 1}"#,
            r#"{"jsonrpc": "2.0", "method": "update", "params": null, "id": 1}"#,
        ] {
            let answer = answer(line.as_bytes(), &methods).unwrap();
            assert_eq!(
                (&answer["error"]["code"], &answer["id"]),
                (&json!(INVALID_REQUEST), &json!(1)),
                "{line}"
            );
        }
        for line in [r#"{"jsonrpc": "2.0", "method": "update", "id": []}"#, "3", "null", "\"x\"", "true"] {
            let answer = answer(line.as_bytes(), &methods).unwrap();
            assert_eq!(
                (&answer["error"]["code"], &answer["id"]),
                (&json!(INVALID_REQUEST), &Value::Null),
                "{line}"
            );
        }
        assert!(methods.called.borrow().is_empty());
    }

    #[test]
    fn bad_utf8_and_deep_nesting_are_parse_errors() {
        for line in
            [&b"{\"jsonrpc\": \"2.0\", \"method\": \"\xff\"}"[..], "[".repeat(100_000).as_bytes(), b"", b"\0"]
        {
            assert_eq!(answer(line, &Examples::default()).unwrap()["error"]["code"], json!(PARSE_ERROR));
        }
    }

    #[test]
    fn a_null_id_is_an_id() {
        let answer = reply(r#"{"jsonrpc": "2.0", "method": "get_data", "id": null}"#).unwrap();
        assert_eq!((&answer["id"], &answer["result"][1]), (&Value::Null, &json!(5)));
        assert!(reply(r#"{"jsonrpc": "2.0", "method": "get_data"}"#).is_none());
    }
}
