//! What is known of an expression without inference: literals, `self`, `super` and names of classes.

use beamtalk_syntax::ast::{Expr, ExprKind};

use super::Checker;
use crate::classes::Side;

/// What an expression answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known<'a> {
    /// An instance of the class, or of one below it.
    Instance(&'a str),
    /// The class itself.
    Class(&'a str),
}

impl<'a> Known<'a> {
    pub(super) const fn class(self) -> &'a str {
        match self {
            Self::Instance(class) | Self::Class(class) => class,
        }
    }

    pub(super) const fn side(self) -> Side {
        match self {
            Self::Instance(_) => Side::Instance,
            Self::Class(_) => Side::Class,
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn known<'e>(&self, expr: &'e Expr) -> Option<Known<'e>>
    where
        'a: 'e,
    {
        if let Some(class) = literal_class(expr) {
            return Some(Known::Instance(class));
        }
        let cx = self.cx;
        let of_side = |class: &'e str| match cx.side {
            Side::Instance => Known::Instance(class),
            Side::Class => Known::Class(class),
        };
        match &expr.unparenthesised().kind {
            ExprKind::SelfRef => Some(of_side(&cx.class?.name)),
            ExprKind::Super => Some(of_side(cx.class?.superclass.as_deref()?)),
            ExprKind::Class(name) => {
                let is_meant = |package: &str| name.package.as_ref().is_none_or(|own| own.name == package);
                let found = cx.table.get(&name.name.name).filter(|class| is_meant(&class.package));
                found.map(|_| Known::Class(&name.name.name))
            }
            _ => None,
        }
    }
}

/// The class of a literal.
pub(super) fn literal_class(expr: &Expr) -> Option<&'static str> {
    Some(match &expr.unparenthesised().kind {
        ExprKind::Integer(_) => "Integer",
        ExprKind::Float(_) => "Float",
        ExprKind::Character(_) => "Character",
        ExprKind::String(_) | ExprKind::Interpolation(_) => "String",
        ExprKind::Symbol(name) => match name.as_str() {
            "true" => "True",
            "false" => "False",
            "nil" => "UndefinedObject",
            _ => "Symbol",
        },
        ExprKind::True => "True",
        ExprKind::False => "False",
        ExprKind::Nil => "UndefinedObject",
        ExprKind::Block(_) => "Block",
        ExprKind::List { .. } => "List",
        ExprKind::Array(_) => "Array",
        ExprKind::Dictionary(_) => "Dictionary",
        _ => return None,
    })
}
