//! Heads of methods, and bodies of a certain form (spec 05b sections 7.3 and 7.12).

use beamtalk_syntax::ast::{self, Expr, ExprKind, Method, Parameter, TypeExpr, TypeKind};
use beamtalk_text::{Category, Severity};

use super::Checker;
use crate::classes::{ClassInfo, ClassKind, Origin, Side};

impl Checker<'_> {
    pub(super) fn method(&mut self, method: &Method) {
        self.distinct_parameters(method.signature.parameters());
        for parameter in method.signature.parameters() {
            self.self_parameter(parameter);
        }
        let Some(class) = self.cx.class else { return };
        self.annotations(class, method);
        self.nil_answer(class, method);
        if self.cx.side == Side::Instance && self.selector.as_deref() == Some("initialize") {
            self.super_initialize(class, method);
        }
        match (self.cx.side, self.selector.as_deref()) {
            (Side::Class, Some("supervisionPolicy")) => self.supervision_policy(method),
            (_, Some("children")) => self.children(class, method),
            _ => {}
        }
    }

    /// Of a method or a block.
    pub(super) fn distinct_parameters<'p>(&mut self, parameters: impl Iterator<Item = &'p Parameter>) {
        let mut seen: Vec<&str> = Vec::new();
        for parameter in parameters {
            let name = parameter.name.name.as_str();
            if name != "_" && seen.contains(&name) {
                let message = format!("duplicate parameter `{name}`");
                self.report(
                    Severity::Error,
                    "E0306",
                    None,
                    parameter.name.span,
                    message,
                    "Rename one of them.",
                );
            }
            seen.push(name);
        }
    }

    fn self_parameter(&mut self, parameter: &Parameter) {
        if let Some(annotation) = parameter.annotation.as_ref().filter(|annotation| mentions_self(annotation))
        {
            let class = self.cx.class.map_or("Object", |class| class.name.as_str()).to_owned();
            self.error(
                "E0537",
                annotation.span,
                format!("`Self` cannot be the type of parameter `{}`", parameter.name.name),
                format!("`Self` is for answers; write the class: `{class}`."),
            );
        }
    }

    /// A typed class annotates everything that others see.
    fn annotations(&mut self, class: &ClassInfo, method: &Method) {
        let selector = method.signature.selector();
        let is_extension =
            class.method(self.cx.side, &selector).is_some_and(|known| known.origin == Origin::Extension);
        if is_extension || !self.cx.table.chain(&class.name).any(|each| each.typed) {
            return;
        }
        let primitive =
            method.body.iter().any(|statement| matches!(statement.expr.kind, ExprKind::Primitive { .. }));
        if primitive {
            return;
        }
        let name = &class.name;
        for parameter in method.signature.parameters().filter(|parameter| parameter.annotation.is_none()) {
            let parameter = &parameter.name;
            self.report(
                Severity::Warning,
                "E0536",
                Category::TypeAnnotation,
                parameter.span,
                format!("parameter `{}` of '{selector}' has no type in typed class `{name}`", parameter.name),
                format!("Write `{} :: Type`.", parameter.name),
            );
        }
        if method.return_type.is_none() {
            self.report(
                Severity::Warning,
                "E0536",
                Category::TypeAnnotation,
                method.signature.span(),
                format!("method '{selector}' has no return type in typed class `{name}`"),
                "Write `-> Type` before `=>`.",
            );
        }
    }

    /// A method of a value that answers nothing has no purpose: values cannot change.
    fn nil_answer(&mut self, class: &ClassInfo, method: &Method) {
        let answers_nil = method.return_type.as_ref().is_some_and(|annotation| {
            matches!(&annotation.kind, TypeKind::Name { name, arguments }
                if arguments.is_empty() && matches!(name.name.name.as_str(), "Nil" | "nil"))
        });
        let takes_block = method.signature.parameters().any(|parameter| {
            parameter.annotation.as_ref().is_some_and(|annotation| {
                matches!(&annotation.kind, TypeKind::Name { name, .. } if name.name.name == "Block")
            })
        });
        let table = self.cx.table;
        if !answers_nil
            || takes_block
            || self.cx.side == Side::Class
            || table.kind(&class.name) != ClassKind::Value
            || table.inherits(&class.name, "TestCase")
            || method.body.iter().any(|statement| sends_to_self(&statement.expr, "subclassResponsibility"))
        {
            return;
        }
        let selector = method.signature.selector();
        self.error(
            "E0538",
            method.signature.span(),
            format!(
                "method `{selector}` returns Nil on a Value type: value types should not have void methods"
            ),
            "Answer a changed copy, or inherit from `Object`.",
        );
    }

    fn super_initialize(&mut self, class: &ClassInfo, method: &Method) {
        if self.cx.table.kind(&class.name) != ClassKind::Actor {
            return;
        }
        for statement in &method.body {
            if let ExprKind::Send(send) = &statement.expr.kind
                && matches!(send.receiver.kind, ExprKind::Super)
                && send.message.selector() == "initialize"
            {
                self.report(
                    Severity::Warning,
                    "E0316",
                    Category::Lint,
                    statement.span,
                    "explicit `super initialize` is unnecessary",
                    "The parents' `initialize` runs by itself before this one; remove the line.",
                );
            }
        }
    }

    fn supervision_policy(&mut self, method: &Method) {
        if let [only] = method.body.as_slice()
            && let ExprKind::Symbol(policy) = &answer(&only.expr).kind
            && !matches!(policy.as_str(), "permanent" | "transient" | "temporary")
        {
            self.report(
                Severity::Error,
                "E0318",
                None,
                only.expr.span,
                format!("`#{policy}` is no supervision policy"),
                "The policies are #permanent, #transient and #temporary.",
            );
        }
    }

    /// A child that says nothing of itself is not started again.
    fn children(&mut self, class: &ClassInfo, method: &Method) {
        let is_supervisor = self.cx.table.chain(&class.name).any(|each| each.name.contains("Supervisor"));
        let Some(last) = method.body.last().filter(|_| is_supervisor) else { return };
        let (ExprKind::List { elements, .. } | ExprKind::Array(elements)) = &answer(&last.expr).kind else {
            return;
        };
        for element in elements {
            let ExprKind::Class(name) = &element.unparenthesised().kind else { continue };
            let child = &name.name.name;
            let table = self.cx.table;
            let own = table
                .find_method(child, Side::Class, "supervisionPolicy")
                .is_some_and(|(owner, _)| !owner.is_library());
            if table.kind(child) == ClassKind::Actor && table.get(child).is_some() && !own {
                self.warning(
                    "E0319",
                    element.span,
                    format!("`{child}` has no `class supervisionPolicy`; the default is #temporary"),
                    "Such a child is not started again; define `class supervisionPolicy => #permanent`.",
                );
            }
        }
    }
}

/// What a statement answers: without `^`.
fn answer(expr: &Expr) -> &Expr {
    match &expr.unparenthesised().kind {
        ExprKind::Return(value) => value.unparenthesised(),
        _ => expr.unparenthesised(),
    }
}

fn sends_to_self(expr: &ast::Expr, selector: &str) -> bool {
    if let ExprKind::Send(send) = &expr.kind
        && matches!(send.receiver.kind, ExprKind::SelfRef)
        && send.message.selector() == selector
    {
        return true;
    }
    let mut found = false;
    expr.for_each_child(&mut |child| found |= sends_to_self(child, selector));
    found
}

fn mentions_self(annotation: &TypeExpr) -> bool {
    match &annotation.kind {
        TypeKind::SelfType | TypeKind::SelfClass => true,
        TypeKind::Union(members) => members.iter().any(mentions_self),
        TypeKind::Paren(inner) => mentions_self(inner),
        TypeKind::Intersection(a, b) | TypeKind::Difference(a, b) => mentions_self(a) || mentions_self(b),
        TypeKind::Name { .. } | TypeKind::ClassOf(_) | TypeKind::Singleton(_) | TypeKind::Error => false,
    }
}
