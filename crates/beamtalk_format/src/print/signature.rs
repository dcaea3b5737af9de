//! Heads and annotations: never broken into lines (spec 01b section 24.2).

use std::fmt::Write as _;

use beamtalk_syntax::ast::{
    ClassModifier, ClassName, Expect, Method, MethodModifier, Parameter, Signature, TypeExpr, TypeKind,
    TypeParameter,
};

use super::Printer;
use crate::spelling;

impl Printer<'_> {
    /// `modifiers signature -> Type =>`
    pub(super) fn method_head(&self, method: &Method) -> String {
        let mut out = String::new();
        for (modifier, _) in &method.modifiers {
            out.push_str(match modifier {
                MethodModifier::Class => "class ",
                MethodModifier::Sealed => "sealed ",
                MethodModifier::Internal => "internal ",
            });
        }
        self.push_signature(&method.signature, method.return_type.as_ref(), &mut out);
        out.push_str(" =>");
        out
    }

    /// `signature -> Type`
    pub(super) fn push_signature(&self, signature: &Signature, answer: Option<&TypeExpr>, out: &mut String) {
        match signature {
            Signature::Unary(name) => out.push_str(&name.name),
            Signature::Binary(name, parameter) => {
                out.push_str(&name.name);
                out.push(' ');
                self.push_parameter(parameter, out);
            }
            Signature::Keyword(parts) => {
                for (index, (part, parameter)) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    out.push_str(&part.name);
                    out.push(' ');
                    self.push_parameter(parameter, out);
                }
            }
        }
        if let Some(answer) = answer {
            out.push_str(" -> ");
            self.push_type(answer, out);
        }
    }

    pub(super) fn push_parameter(&self, parameter: &Parameter, out: &mut String) {
        out.push_str(&parameter.name.name);
        self.push_annotation(parameter.annotation.as_ref(), out);
    }

    /// ` :: Type`
    pub(super) fn push_annotation(&self, annotation: Option<&TypeExpr>, out: &mut String) {
        if let Some(annotation) = annotation {
            out.push_str(" :: ");
            self.push_type(annotation, out);
        }
    }

    pub(super) fn type_text(&self, annotation: &TypeExpr) -> String {
        let mut out = String::new();
        self.push_type(annotation, &mut out);
        out
    }

    fn push_type(&self, annotation: &TypeExpr, out: &mut String) {
        match &annotation.kind {
            TypeKind::Name { name, arguments } => {
                out.push_str(&class_name(name));
                self.push_type_arguments(arguments, out);
            }
            TypeKind::SelfType => out.push_str("Self"),
            TypeKind::SelfClass => out.push_str("Self class"),
            TypeKind::ClassOf(name) => {
                out.push_str(&class_name(name));
                out.push_str(" class");
            }
            TypeKind::Singleton(_) => out.push_str(&spelling::symbol(self.slice(annotation.span))),
            TypeKind::Union(members) => {
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push_str(" | ");
                    }
                    self.push_type(member, out);
                }
            }
            TypeKind::Intersection(left, right) => self.push_types(left, " & ", right, out),
            TypeKind::Difference(left, right) => self.push_types(left, " \\ ", right, out),
            TypeKind::Paren(inner) => {
                out.push('(');
                self.push_type(inner, out);
                out.push(')');
            }
            TypeKind::Error => out.push_str(self.slice(annotation.span)),
        }
    }

    fn push_types(&self, left: &TypeExpr, sign: &str, right: &TypeExpr, out: &mut String) {
        self.push_type(left, out);
        out.push_str(sign);
        self.push_type(right, out);
    }

    /// `(T, Integer)`
    pub(super) fn push_type_arguments(&self, arguments: &[TypeExpr], out: &mut String) {
        for (index, argument) in arguments.iter().enumerate() {
            out.push_str(if index == 0 { "(" } else { ", " });
            self.push_type(argument, out);
        }
        if !arguments.is_empty() {
            out.push(')');
        }
    }

    /// `@expect category "reason"`
    pub(super) fn expect_text(&self, expect: &Expect) -> String {
        let mut out = format!("@expect {}", expect.category.name);
        if expect.reason.is_some()
            && let Some(reason) = self.last_token(expect.span)
        {
            out.push(' ');
            out.push_str(self.slice(reason.span));
        }
        out
    }
}

/// `Counter`, `json@Reader`
pub(super) fn class_name(name: &ClassName) -> String {
    match &name.package {
        Some(package) => format!("{}@{}", package.name, name.name.name),
        None => name.name.name.to_string(),
    }
}

/// `(T, K :: Printable)`
pub(super) fn push_type_parameters(parameters: &[TypeParameter], out: &mut String) {
    for (index, parameter) in parameters.iter().enumerate() {
        let before = if index == 0 { "(" } else { ", " };
        let _ = write!(out, "{before}{}", parameter.name.name);
        if let Some(bound) = &parameter.bound {
            let _ = write!(out, " :: {}", bound.name);
        }
    }
    if !parameters.is_empty() {
        out.push(')');
    }
}

/// The word, with a space.
pub(super) const fn class_modifier(modifier: ClassModifier) -> &'static str {
    match modifier {
        ClassModifier::Abstract => "abstract ",
        ClassModifier::Sealed => "sealed ",
        ClassModifier::Typed => "typed ",
        ClassModifier::Internal => "internal ",
    }
}
