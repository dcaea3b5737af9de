//! What the server writes: one JSON object a line, its fields in the order of the reference.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// An object under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    fields: Vec<(&'static str, Value)>,
}

impl Frame {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A field's value.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(each, _)| *each == name).map(|(_, value)| value)
    }

    /// Appends fields, as those of an operation to those of every reply.
    pub(crate) fn and(mut self, more: Frame) -> Self {
        self.fields.extend(more.fields);
        self
    }

    /// The line, newline included.
    pub(crate) fn line(&self) -> String {
        // Strings, numbers, lists and objects with string keys always serialise.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

impl Serialize for Frame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().map(|(name, value)| (name, value)))
    }
}

/// Why a request failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// More fields: `kind`, `class`, `problems`.
    pub(crate) details: Frame,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<beamtalk_node::NodeError> for Failure {
    fn from(error: beamtalk_node::NodeError) -> Self {
        use beamtalk_node::NodeError;
        match error {
            NodeError::Raised(raised) => Self {
                details: Frame::new()
                    .with("kind", raised.kind)
                    .with("class", raised.class)
                    .with("trace", raised.trace),
                message: raised.message,
                hint: raised.hint,
            },
            other => Self {
                details: Frame::new().with("code", other.code()),
                message: sentence(&other.to_string()),
                hint: other.help(),
            },
        }
    }
}

impl From<crate::compiler_thread::CompilerFailed> for Failure {
    fn from(error: crate::compiler_thread::CompilerFailed) -> Self {
        Self::new(sentence(&error.to_string()))
    }
}

/// The result of an operation: its fields, or why there are none.
pub(crate) type Outcome = Result<Frame, Failure>;

/// The final status of a reply.
pub(crate) fn done() -> Value {
    json!(["done"])
}

/// The final status of a reply that tells of a failure.
pub(crate) fn failed() -> Value {
    json!(["done", "error"])
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
