//! Reading requests: one line of bytes to one checked [`Request`].
//!
//! Everything that a client sends passes through here. A line that is no request becomes a [`Rejected`],
//! which carries the request's id wherever the line had one.

use crate::reply::{Failure, Frame, Outcome, done, failed};
use serde_json::{Map, Value};

/// A request, checked as far as its form goes.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) envelope: Envelope,
    pub(crate) op: String,
    params: Map<String, Value>,
}

/// What a reply repeats of its request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    id: Option<Value>,
    session: Option<String>,
    /// The oldest form: `type` instead of `op`, also in the reply.
    legacy: Option<&'static str>,
}

/// A line that is no request.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) envelope: Envelope,
    pub(crate) failure: Failure,
    /// The line was not even a JSON object.
    pub(crate) foreign: bool,
}

impl Request {
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Box<Rejected>> {
        let reject = |envelope: Envelope, message: String, foreign: bool| {
            Box::new(Rejected { envelope, failure: Failure::new(message), foreign })
        };
        let legacy = || Envelope { legacy: Some("error"), ..Envelope::default() };
        if line.iter().all(u8::is_ascii_whitespace) {
            return Err(reject(legacy(), "Empty expression".into(), true));
        }
        let params = match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(params)) => params,
            Ok(_) => {
                return Err(reject(legacy(), "Invalid request: not a JSON object".into(), true));
            }
            Err(error) => return Err(reject(legacy(), format!("Invalid request: {error}"), true)),
        };
        let mut envelope = Envelope { id: params.get("id").cloned(), ..Envelope::default() };
        match params.get("session") {
            None | Some(Value::Null) => {}
            Some(Value::String(session)) if is_session_name(session) => {
                envelope.session = Some(session.clone());
            }
            Some(_) => {
                let message = "Invalid request: session must be a string of 1 to 128 characters";
                return Err(reject(envelope, message.into(), false));
            }
        }
        match (params.get("op"), params.get("type")) {
            (Some(Value::String(op)), _) => {
                let op = op.clone();
                Ok(Self { envelope, op, params })
            }
            (None, Some(Value::String(kind))) => {
                let (op, shape) = legacy_op(kind);
                let op = op.to_owned();
                envelope.legacy = Some(shape);
                Ok(Self { envelope, op, params: with_modern_names(params) })
            }
            (None, None) => Err(reject(
                Envelope { legacy: Some("error"), ..envelope },
                "Invalid request: missing_op".into(),
                false,
            )),
            _ => Err(reject(envelope, "Invalid request: op must be a string".into(), false)),
        }
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.envelope.session.as_deref()
    }

    /// A parameter that must be there and be a string.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        self.optional_text(name)?
            .ok_or_else(|| Failure::new(format!("Invalid request: missing parameter {name}")))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.params.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::new(format!("Invalid request: {name} must be a string"))),
        }
    }

    /// A parameter that is false when it is not there.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.params.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Failure::new(format!("Invalid request: {name} must be true or false"))),
        }
    }
}

impl Envelope {
    /// The beginning of every frame that belongs to the request.
    pub(crate) fn frame(&self) -> Frame {
        Frame::new().with_some("id", self.id.clone()).with_some("session", self.session.clone())
    }

    /// The final reply.
    pub(crate) fn reply(&self, outcome: Outcome) -> Frame {
        match (self.legacy, outcome) {
            (None, Ok(fields)) if fields.get("status").is_some() => self.frame().and(fields),
            (None, Ok(fields)) => self.frame().and(fields).with("status", done()),
            (None, Err(failure)) => self
                .frame()
                .with("error", failure.message)
                .with_some("hint", failure.hint)
                .and(failure.details)
                .with("status", failed()),
            (Some(shape), Ok(fields)) => self.frame().with("type", shape).and(fields),
            (Some(_), Err(failure)) => self.frame().with("type", "error").with("message", failure.message),
        }
    }
}

impl Rejected {
    pub(crate) fn line(self) -> String {
        self.envelope.reply(Err(self.failure)).line()
    }
}

fn is_session_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128
}

/// The operation behind an old request type, and the type of its reply.
fn legacy_op(kind: &str) -> (&str, &'static str) {
    match kind {
        "load" => ("load-file", "loaded"),
        "bindings" => ("bindings", "bindings"),
        "actors" => ("actors", "actors"),
        "modules" => ("modules", "modules"),
        other => (other, "result"),
    }
}

fn with_modern_names(mut params: Map<String, Value>) -> Map<String, Value> {
    for (old, new) in [("expression", "code"), ("pid", "actor")] {
        if let Some(value) = params.remove(old) {
            params.entry(new).or_insert(value);
        }
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply_to(line: &str) -> String {
        match Request::parse(line.as_bytes()) {
            Ok(request) => request.envelope.reply(Ok(Frame::new().with("value", 42))).line(),
            Err(rejected) => rejected.line(),
        }
    }

    #[test]
    fn a_reply_repeats_id_and_session_in_the_order_of_the_reference() {
        assert_eq!(
            reply_to(r#"{"op":"eval","id":"a1","session":"s"}"#),
            "{\"id\":\"a1\",\"session\":\"s\",\"value\":42,\"status\":[\"done\"]}\n"
        );
    }

    #[test]
    fn the_old_form_gets_the_old_reply() {
        assert_eq!(reply_to(r#"{"type":"eval","expression":"1"}"#), "{\"type\":\"result\",\"value\":42}\n");
        let request = Request::parse(br#"{"type":"eval","expression":"1"}"#).unwrap();
        assert_eq!(request.text("code").unwrap(), "1");
    }

    #[test]
    fn l5_a_wrong_type_is_an_error_with_the_id() {
        for line in
            [r#"{"id":7,"op":12}"#, r#"{"id":7,"op":"eval","session":[]}"#, r#"{"id":7,"type":false}"#]
        {
            let reply: Value = serde_json::from_str(&reply_to(line)).unwrap();
            assert_eq!(reply["id"], 7, "{line}");
            assert_eq!(reply["status"], serde_json::json!(["done", "error"]), "{line}");
        }
    }

    #[test]
    fn what_is_no_object_is_foreign() {
        for line in ["", "  ", "GET / HTTP/1.1", "[1]", "3", "{", "\u{feff}{}"] {
            assert!(Request::parse(line.as_bytes()).unwrap_err().foreign, "{line:?}");
        }
        assert!(!Request::parse(b"{}").unwrap_err().foreign);
    }

    proptest! {
        #[test]
        fn l5_any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Err(rejected) = Request::parse(&bytes) {
                let reply: Value = serde_json::from_str(&rejected.line()).unwrap();
                prop_assert!(reply.is_object());
            }
        }

        #[test]
        fn l5_deep_nesting_is_an_error(depth in 200usize..5000) {
            let line = format!(r#"{{"op":"eval","code":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
            prop_assert!(Request::parse(line.as_bytes()).is_err());
        }
    }
}
