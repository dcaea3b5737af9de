//! What is `internal` stays in its package (spec 02 section 7, 05b section 7.11): nobody else names it, and nothing
//! public shows it. The library, the prompt and what is in no package may see and show everything.

use beamtalk_syntax::ast::{
    ClassDef, ClassModifier, ClassName, Member, Message, Method, MethodModifier, Pattern, PatternKind,
    ProtocolDef, Signature, TypeAlias, TypeExpr,
};
use beamtalk_text::{Category, Diagnostic, Severity, Span};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::known::Known;
use super::{Checker, head};
use crate::classes::{ClassTable, STDLIB, Side, USER};
use crate::lower::MethodContext;
use crate::types::{self, Type};

/// What is to be said when code of `package` names what is internal to the package `owner`.
#[must_use]
pub fn hidden(what: &str, name: &str, owner: &str, package: &str, span: Span) -> Option<Diagnostic> {
    if owner == package || is_free(package) {
        return None;
    }
    let said =
        format!("{what} '{name}' is internal to package '{owner}' and cannot be referenced from '{package}'");
    let help = format!("'{name}' is declared 'internal' in package '{owner}'");
    Some(Diagnostic::error("E0401", span, said).with_help(help).in_category(Category::Visibility))
}

/// The same of a name that may be that of a class or of a type.
fn hidden_name(table: &ClassTable, name: &str, span: Span, package: &str) -> Option<Diagnostic> {
    let (what, owner) = internal(table, name)?;
    hidden(what, name, &owner, package, span)
}

/// Whether visibility is nothing to code of this package.
fn is_free(package: &str) -> bool {
    package == STDLIB || package == USER
}

/// What kind of thing the name is, and its package, where it is internal.
fn internal(table: &ClassTable, name: &str) -> Option<(&'static str, SmolStr)> {
    if let Some(class) = table.get(name) {
        return class.internal.then(|| ("Class", class.package.clone()));
    }
    let alias = table.alias(name)?;
    alias.internal.then(|| ("Type alias", alias.package.clone()))
}

/// A type that others may or may not see.
struct Shown<'a> {
    table: &'a ClassTable,
    package: &'a str,
    /// What shows it, as the error calls it; `None` where it is as hidden as its parts.
    by: Option<String>,
}

impl Shown<'_> {
    fn check(&self, annotation: &TypeExpr, found: &mut Vec<Diagnostic>) {
        annotation.for_each_name(&mut |name| self.check_name(&name.name.name, name.span, found));
    }

    fn check_name(&self, name: &str, span: Span, found: &mut Vec<Diagnostic>) {
        found.extend(hidden_name(self.table, name, span, self.package));
        let (Some(by), Some((what, owner))) = (&self.by, internal(self.table, name)) else {
            return;
        };
        if owner != self.package || is_free(self.package) {
            return;
        }
        let said = format!("Internal {} '{name}' appears in {by}", what.to_lowercase());
        let help = format!("Make '{name}' public, or declare 'internal' what shows it.");
        found.push(Diagnostic::error("E0402", span, said).with_help(help).in_category(Category::Visibility));
    }
}

/// The head of a class and its data. Its methods are looked at one by one.
pub(crate) fn of_class(table: &ClassTable, class: &ClassDef, package: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let name = &class.name.name;
    let public = !class.modifiers.iter().any(|(each, _)| *each == ClassModifier::Internal);
    let shown = |by: String| Shown { table, package, by: public.then_some(by) };
    let head = shown(format!("the head of public class '{name}'"));
    if let Some(superclass) = &class.superclass {
        head.check_name(&superclass.name.name, superclass.span, &mut found);
    }
    for argument in &class.superclass_arguments {
        head.check(argument, &mut found);
    }
    for bound in class.type_parameters.iter().filter_map(|parameter| parameter.bound.as_ref()) {
        head.check_name(&bound.name, bound.span, &mut found);
    }
    for member in &class.members {
        if let Member::Data(data) = member
            && let Some(annotation) = &data.annotation
        {
            let field = &data.name.name;
            shown(format!("public signature of '{name} >> {field}'")).check(annotation, &mut found);
        }
    }
    found
}

/// What a protocol asks for, which is public.
pub(crate) fn of_protocol(table: &ClassTable, protocol: &ProtocolDef, package: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for requirement in &protocol.requirements {
        let (class, selector) = (&protocol.name.name, requirement.signature.selector());
        let by = Some(format!("public signature of '{class} >> {selector}'"));
        let shown = Shown { table, package, by };
        signature(&shown, &requirement.signature, requirement.return_type.as_ref(), &mut found);
    }
    found
}

/// What an alias stands for.
pub(crate) fn of_alias(table: &ClassTable, alias: &TypeAlias, package: &str) -> Vec<Diagnostic> {
    let by = (!alias.internal).then(|| format!("public type alias '{}'", alias.name.name));
    let mut found = Vec::new();
    Shown { table, package, by }.check(&alias.definition, &mut found);
    found
}

/// The head of a method, and how it stands to what is above it and to protocols.
pub(crate) fn of_method(cx: MethodContext<'_>, method: &Method) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (Some(class), false) = (cx.class, is_free(cx.package)) else { return found };
    let selector = method.signature.selector();
    let is_internal = class.internal || method.has(MethodModifier::Internal);
    let side = if cx.side == Side::Class { " class" } else { "" };
    let by = (!is_internal).then(|| format!("public signature of '{}{side} >> {selector}'", class.name));
    let shown = Shown { table: cx.table, package: cx.package, by };
    signature(&shown, &method.signature, method.return_type.as_ref(), &mut found);
    found.extend(shadowing(cx, method, &selector));
    if is_internal && !class.internal {
        found.extend(satisfying(cx, method, &selector));
    }
    found
}

fn signature(
    shown: &Shown<'_>,
    signature: &Signature,
    answer: Option<&TypeExpr>,
    found: &mut Vec<Diagnostic>,
) {
    for annotation in
        signature.parameters().filter_map(|parameter| parameter.annotation.as_ref()).chain(answer)
    {
        shown.check(annotation, found);
    }
}

/// A method under the name of one that only another package knows: its callers there get this one.
fn shadowing(cx: MethodContext<'_>, method: &Method, selector: &str) -> Option<Diagnostic> {
    let superclass = cx.class?.superclass.as_deref()?;
    let (owner, inherited) = cx.table.find_method(superclass, cx.side, selector)?;
    if !(inherited.internal || owner.internal) || owner.package == cx.package {
        return None;
    }
    let said = format!(
        "Method '{selector}' shadows an internal method of class '{}' in package '{}'",
        owner.name, owner.package
    );
    let diagnostic = Diagnostic::warning("E0404", method.signature.span(), said)
        .with_help("That package calls it without knowing of this one; give the method another name.");
    Some(diagnostic.in_category(Category::Visibility))
}

/// An internal method that is needed for a protocol which everybody may ask for.
fn satisfying(cx: MethodContext<'_>, method: &Method, selector: &str) -> Option<Diagnostic> {
    let class = cx.class?;
    let function = |side: Side, selector: &str| match side {
        Side::Instance => SmolStr::from(selector),
        Side::Class => smol_str::format_smolstr!("class {selector}"),
    };
    let own = function(cx.side, selector);
    let mut understood: Option<FxHashSet<SmolStr>> = None;
    let mut protocols: Vec<&SmolStr> = Vec::new();
    for protocol in cx.table.iter().filter(|each| each.protocol.is_some()) {
        let Some(needed) = cx.table.requirements(&protocol.name).filter(|needed| needed.contains(&own))
        else {
            continue;
        };
        let understood = understood.get_or_insert_with(|| {
            let of = |side: Side| {
                cx.table.chain(&class.name).flat_map(move |each| {
                    each.methods(side).iter().map(move |method| function(side, &method.selector))
                })
            };
            of(Side::Instance).chain(of(Side::Class)).collect()
        });
        if needed.iter().all(|function| understood.contains(function)) {
            protocols.push(&protocol.name);
        }
    }
    let protocol = protocols.into_iter().min()?;
    let said = format!(
        "Internal method '{selector}' of class '{}' is part of public protocol '{protocol}'",
        class.name
    );
    let diagnostic = Diagnostic::error("E0405", method.signature.span(), said)
        .with_help("Make the method public: who knows the protocol may send it.");
    Some(diagnostic.in_category(Category::Visibility))
}

impl Checker<'_> {
    pub(super) fn visible_class(&mut self, name: &ClassName) {
        self.diagnostics.extend(hidden_name(self.cx.table, &name.name.name, name.span, self.cx.package));
    }

    /// The classes in a type inside of a body, which nobody else sees.
    pub(super) fn visible_type(&mut self, annotation: &TypeExpr) {
        annotation.for_each_name(&mut |name| self.visible_class(name));
    }

    pub(super) fn visible_pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Typed { class, .. } => self.visible_class(class),
            PatternKind::Constructor { class, parts } => {
                self.visible_class(class);
                for (_, part) in parts {
                    self.visible_pattern(part);
                }
            }
            PatternKind::Tuple(elements)
            | PatternKind::Array { elements, .. }
            | PatternKind::List { elements, .. } => {
                for element in elements {
                    self.visible_pattern(element);
                }
            }
            PatternKind::Dictionary(entries) => {
                for (_, value) in entries {
                    self.visible_pattern(value);
                }
            }
            PatternKind::Wildcard
            | PatternKind::Variable(_)
            | PatternKind::Literal(_)
            | PatternKind::Binary(_)
            | PatternKind::Error => {}
        }
    }

    /// Whether a message may be internal to a package that this code is not of.
    pub(super) fn may_be_hidden(&self, selector: &str) -> bool {
        !is_free(self.cx.package) && self.cx.table.is_internal(selector)
    }

    /// A message to a receiver of a known type.
    pub(super) fn visible_message(&mut self, receiver: &Type, message: &Message) {
        let selector = message.selector();
        for member in receiver.members().unwrap_or_default() {
            let known = match member {
                types::Member::Class(class) => Some(Known::Class(class)),
                _ => member.class().map(Known::Instance),
            };
            self.visible_method(known, message, &selector);
        }
    }

    pub(super) fn visible_method(&mut self, known: Option<Known<'_>>, message: &Message, selector: &str) {
        let Some(known) = known.filter(|_| self.may_be_hidden(selector)) else { return };
        let Some((owner, method)) = self.cx.table.find_method(known.class(), known.side(), selector) else {
            return;
        };
        if !(method.internal || owner.internal) || owner.package == self.cx.package {
            return;
        }
        let said = format!(
            "Method '{selector}' is internal to package '{}' and cannot be called from '{}'",
            owner.package, self.cx.package
        );
        let help = format!("'{selector}' is declared 'internal' in class '{}'", owner.name);
        self.report(Severity::Error, "E0403", Category::Visibility, head(message), said, help);
    }
}
