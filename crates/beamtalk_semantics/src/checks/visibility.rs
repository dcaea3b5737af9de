//! What is `internal` stays in its package (spec 02 section 7).

use std::sync::Arc;

use beamtalk_syntax::ast::{ClassName, Message};
use beamtalk_text::{Category, Diagnostic, Span};

use super::known::Known;
use super::{Checker, head};
use crate::classes::{ClassInfo, ClassTable, USER};

/// What is to be said when a class of `package` names the internal class of another one.
pub(crate) fn hidden_class(table: &ClassTable, name: &str, span: Span, package: &str) -> Option<Diagnostic> {
    let is_hidden = |class: &&Arc<ClassInfo>| class.internal && class.package != package && package != USER;
    let class = table.get(name).filter(is_hidden)?;
    let owner = &class.package;
    let said =
        format!("Class '{name}' is internal to package '{owner}' and cannot be referenced from '{package}'");
    let help = format!("'{name}' is declared 'internal' in package '{owner}'");
    Some(Diagnostic::error("E0401", span, said).with_help(help).in_category(Category::Visibility))
}

impl Checker<'_> {
    /// The class whose package the code belongs to. Methods that a package adds to a class of the library count as the
    /// library's, which may see everything; so may the prompt, and what is in no package.
    fn insider(&self) -> Option<&ClassInfo> {
        self.cx.class.filter(|class| !class.is_library() && class.package != USER)
    }

    pub(super) fn visible_class(&mut self, name: &ClassName) {
        let Some(own) = self.insider() else { return };
        self.diagnostics.extend(hidden_class(self.cx.table, &name.name.name, name.span, &own.package));
    }

    pub(super) fn visible_method(&mut self, known: Option<Known<'_>>, message: &Message, selector: &str) {
        let (Some(own), Some(known)) = (self.insider(), known) else { return };
        let Some((owner, method)) = self.cx.table.find_method(known.class(), known.side(), selector) else {
            return;
        };
        if !method.internal || owner.package == own.package {
            return;
        }
        let said = format!(
            "Method '{selector}' is internal to package '{}' and cannot be called from '{}'",
            owner.package, own.package
        );
        let help = format!("'{selector}' is declared 'internal' in class '{}'", owner.name);
        let diagnostic = Diagnostic::error("E0403", head(message), said).with_help(help);
        self.diagnostics.push(diagnostic.in_category(Category::Visibility));
    }
}
