//! `@expect`: what a source says it knows of itself (spec 05b section 5).

use beamtalk_syntax::ast::{Expect, Expr, ExprKind, Item, Member, SourceFile, Statement};
use beamtalk_text::{Category, Diagnostic, Span};

use crate::policy::CATEGORIES;

/// A directive and the code it is about.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    wanted: Wanted,
    /// `@expect dnu “why”`
    text: String,
    span: Span,
    covers: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// `type`: with the families that speak of types too.
    Types,
    One(Category),
    /// No category: the parser has said so.
    Unknown,
}

impl Expectation {
    /// Whether the diagnostic is one that the directive knows of.
    pub(crate) fn matches(&self, diagnostic: &Diagnostic) -> bool {
        let of_kind = match self.wanted {
            Wanted::All => true,
            Wanted::Types => {
                matches!(diagnostic.category, Some(Category::Type | Category::Dnu | Category::TypeAnnotation))
            }
            Wanted::One(category) => diagnostic.category == Some(category),
            Wanted::Unknown => false,
        };
        of_kind && self.covers.contains(diagnostic.span)
    }

    /// What is said of a directive that nothing matched.
    pub(crate) fn stale(&self) -> Option<Diagnostic> {
        (self.wanted != Wanted::Unknown).then(|| {
            let said = format!("stale {}: no matching diagnostic here", self.text);
            Diagnostic::warning("W0640", self.span, said).with_help("Remove it.")
        })
    }

    fn new(expect: &Expect, covers: Span) -> Self {
        let name = expect.category.name.as_str();
        let reason = expect.reason.as_ref().map(|reason| format!(" “{reason}”")).unwrap_or_default();
        Self { wanted: wanted(name), text: format!("@expect {name}{reason}"), span: expect.span, covers }
    }
}

/// What a category's name in a directive means.
fn wanted(name: &str) -> Wanted {
    match name {
        "all" => Wanted::All,
        "type" => Wanted::Types,
        _ => CATEGORIES
            .iter()
            .filter(|(_, category)| !is_beyond_expectation(*category))
            .find(|(key, _)| key.replace('-', "_") == name)
            .map_or(Wanted::Unknown, |(_, category)| Wanted::One(*category)),
    }
}

/// Whether only `all` reaches the category.
fn is_beyond_expectation(category: Category) -> bool {
    matches!(category, Category::EmptyBody | Category::Lint | Category::ExtensionConflict)
}

/// All directives of a source, in no order.
pub(crate) fn expectations(file: &SourceFile) -> Vec<Expectation> {
    let mut found = Collector { found: Vec::new(), ahead: Vec::new() };
    for item in &file.items {
        match item {
            Item::Class(class) => {
                found.directives(&class.expects, class.span);
                for member in &class.members {
                    match member {
                        Member::Data(data) => {
                            found.directives(&data.expects, data.span);
                            found.ahead.extend(data.default.as_ref());
                        }
                        Member::Method(method) => {
                            found.directives(&method.expects, method.span);
                            found.statements(&method.body);
                        }
                    }
                }
            }
            Item::Protocol(protocol) => found.directives(&protocol.expects, protocol.span),
            Item::TypeAlias(alias) => found.directives(&alias.expects, alias.span),
            Item::Extension(extension) => {
                found.directives(&extension.method.expects, extension.span);
                found.statements(&extension.method.body);
            }
            Item::Statement(statement) => found.statements(std::slice::from_ref(statement)),
        }
        found.expressions();
    }
    found.found
}

struct Collector<'t> {
    found: Vec<Expectation>,
    /// Still to be looked at. A list rather than recursion: chains of messages are long.
    ahead: Vec<&'t Expr>,
}

impl<'t> Collector<'t> {
    fn directives(&mut self, expects: &[Expect], covers: Span) {
        self.found.extend(expects.iter().map(|expect| Expectation::new(expect, covers)));
    }

    fn statements(&mut self, statements: &'t [Statement]) {
        for statement in statements {
            self.directives(&statement.expects, statement.span);
            self.ahead.push(&statement.expr);
        }
    }

    fn expressions(&mut self) {
        while let Some(expr) = self.ahead.pop() {
            if let ExprKind::Block(block) = &expr.kind {
                self.statements(&block.body);
            } else {
                expr.for_each_child(&mut |child| self.ahead.push(child));
            }
        }
    }
}
