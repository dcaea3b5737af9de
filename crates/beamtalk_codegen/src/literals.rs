//! Constant expressions as terms of the literal pool.

use std::sync::Arc;

use beamtalk_beam::Term;
use beamtalk_semantics::hir::{Expr, Kind};
use num_bigint::BigInt;
use num_traits::ToPrimitive;

use crate::builder::class_term;
use crate::ir::Val;

/// Small enough to stand in an instruction on every 64-bit VM (60 bits signed).
const SMALL: i64 = 1 << 59;

/// An integer as operand.
pub fn integer(value: &BigInt) -> Val {
    match value.to_i64() {
        Some(small) if (-SMALL..SMALL).contains(&small) => Val::Int(small),
        Some(large) => Val::Lit(Arc::new(Term::Integer(large))),
        None => Val::Lit(Arc::new(Term::BigInteger(value.clone()))),
    }
}

/// The operand for a constant expression; `None` where it has to be computed.
pub fn constant(expr: &Expr) -> Option<Val> {
    match &expr.kind {
        Kind::Integer(value) => Some(integer(value)),
        Kind::Character(value) => Some(Val::Int(i64::from(u32::from(*value)))),
        Kind::Atom(name) => Some(Val::Atom(name.clone())),
        Kind::Class { module, .. } => Some(Val::Lit(class_term(module))),
        Kind::List { elements, tail: None } if elements.is_empty() => Some(Val::Nil),
        _ => term(expr).map(|term| Val::Lit(Arc::new(term))),
    }
}

/// The term of a constant expression.
pub fn term(expr: &Expr) -> Option<Term> {
    match &expr.kind {
        Kind::Integer(value) => {
            Some(value.to_i64().map_or_else(|| Term::BigInteger(value.clone()), Term::Integer))
        }
        Kind::Float(value) => Some(Term::Float(*value)),
        Kind::Character(value) => Some(Term::Integer(i64::from(u32::from(*value)))),
        Kind::String(value) => Some(Term::text(value)),
        Kind::Atom(name) => Some(Term::Atom(name.clone())),
        Kind::Class { module, .. } => Some((*class_term(module)).clone()),
        Kind::List { elements, tail: None } => terms(elements).map(Term::List),
        Kind::Tuple(elements) => terms(elements).map(Term::Tuple),
        Kind::Array(elements) => terms(elements).map(array),
        Kind::Dictionary(pairs) => {
            let mut map: Vec<(Term, Term)> = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                let (key, value) = (term(key)?, term(value)?);
                // Floats and duplicate keys are left to the VM, which knows how to compare them.
                if matches!(key, Term::Float(_)) || map.len() > 32 || map.iter().any(|(each, _)| *each == key)
                {
                    return None;
                }
                map.push((key, value));
            }
            Some(Term::Map(map))
        }
        _ => None,
    }
}

fn terms(exprs: &[Expr]) -> Option<Vec<Term>> {
    exprs.iter().map(term).collect()
}

fn array(elements: Vec<Term>) -> Term {
    let data =
        elements.into_iter().zip(0..).map(|(element, index)| (Term::Integer(index), element)).collect();
    Term::Map(vec![
        (Term::atom("$class"), Term::atom("bt@stdlib@Array")),
        (Term::atom("data"), Term::Map(data)),
    ])
}
