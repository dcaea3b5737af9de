//! `self` in a test case.
//!
//! A running test may assign its fields. They are kept beside its instance, which itself carries none, so that every part of the
//! test reads them as they are now. Whoever else gets the instance must see the fields in it.

use beamtalk_syntax::ast::{Expr as Syntax, ExprKind};
use smol_str::SmolStr;

use crate::captures::Use;
use crate::classes::Side;
use crate::hir::{Expr, Kind};
use crate::lower::Lowerer;

/// The classes whose methods know nothing of tests.
const ABOVE: [&str; 3] = ["ProtoObject", "Object", "Value"];

impl Lowerer<'_> {
    /// A value that is handed over: an argument, a part of a text.
    pub(crate) fn handed_over(&mut self, expr: &Syntax, usage: Use) -> Expr {
        let value = self.expr(expr, usage);
        if self.is_test(expr) { whole(value) } else { value }
    }

    /// A receiver, which is handed over to the methods of classes that know nothing of tests.
    pub(crate) fn receiver_of(&mut self, selector: &SmolStr, expr: &Syntax, usage: Use) -> Expr {
        let value = self.expr(expr, usage);
        let class = self.cx.class.filter(|_| self.is_test(expr));
        let found = class.and_then(|class| self.cx.table.find_method(&class.name, Side::Instance, selector));
        match found {
            Some((owner, _)) if ABOVE.contains(&owner.name.as_str()) => whole(value),
            _ => value,
        }
    }

    fn is_test(&self, expr: &Syntax) -> bool {
        matches!(expr.unparenthesised().kind, ExprKind::SelfRef)
            && self.cx.side == Side::Instance
            && self.cx.class.is_some_and(|class| self.cx.table.inherits(&class.name, "TestCase"))
            && self.is_own_self()
    }
}

fn whole(value: Expr) -> Expr {
    let (span, assigns) = (value.span, value.assigns);
    let (module, function) = ("beamtalk_test".into(), "whole".into());
    Expr { kind: Kind::Primitive { module, function, arguments: vec![value] }, span, assigns }
}
