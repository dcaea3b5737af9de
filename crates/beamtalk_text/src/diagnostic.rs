//! Diagnostics as data.

use crate::Span;

/// How serious a diagnostic is, gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The unit cannot be compiled.
    Error,
    /// A probable mistake.
    Warning,
    /// Informational; may be intended.
    Hint,
    /// Style; shown only by `beamtalk lint`.
    Lint,
}

/// The family a diagnostic belongs to; `@expect` and the manifest name these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the specification, 05b section 2")]
pub enum Category {
    Dnu,
    Type,
    Unused,
    EmptyBody,
    Lint,
    DeadAssignment,
    ExtensionConflict,
    Deprecation,
    ActorNew,
    Visibility,
    UnresolvedClass,
    UnresolvedFfi,
    ArityMismatch,
    ShadowedClass,
    TypeAnnotation,
    Inheritance,
    Sendability,
}

/// A second place that explains a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be seen there.
    pub text: String,
}

/// Something to tell the user about a source: a sentence, a place, and where possible the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `E0207`; explained in `docs/errors.md`.
    pub code: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// Its family, where it has one.
    pub category: Option<Category>,
    /// The sentence.
    pub message: String,
    /// The place.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// Further places.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    fn new(severity: Severity, code: &'static str, span: Span, message: String) -> Self {
        Self { code, severity, category: None, message, span, help: None, labels: Vec::new() }
    }

    /// An error at `span`.
    #[must_use]
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    /// A hint at `span`.
    #[must_use]
    pub fn hint(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Hint, code, span, message.into())
    }

    /// A style lint at `span`.
    #[must_use]
    pub fn lint(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Lint, code, span, message.into())
    }

    /// The same diagnostic with the fix.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same diagnostic in a family.
    #[must_use]
    pub const fn in_category(mut self, category: Category) -> Self {
        self.category = Some(category);
        self
    }

    /// The same diagnostic with a further place.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Whether it stops compilation.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}
