//! Which class methods may write class variables, by themselves or by a message to `self` or `super`. Such a message is
//! one transaction. What a subclass overrides is not looked at: its own methods are.

use beamtalk_syntax::ast::{self, ExprKind, Message};
use smol_str::SmolStr;

use crate::{ClassTable, Side};

/// What a class method does to class variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassEffects {
    /// It assigns one itself.
    pub assigns: bool,
    /// Selectors that it sends to `self`.
    pub own_sends: Vec<SmolStr>,
    /// Selectors that it sends to `super`.
    pub super_sends: Vec<SmolStr>,
}

impl ClassEffects {
    /// Read them from the body of a class method.
    #[must_use]
    pub fn of(method: &ast::Method) -> Self {
        let mut effects = Self::default();
        for statement in &method.body {
            effects.expr(&statement.expr);
        }
        effects
    }

    fn expr(&mut self, expr: &ast::Expr) {
        match &expr.kind {
            ExprKind::Assign(assign) => {
                self.assigns |= matches!(assign.target.kind, ExprKind::Field { .. });
            }
            ExprKind::Send(send) => self.message(&send.receiver, &send.message),
            ExprKind::Cascade { receiver, messages } => {
                for message in messages {
                    self.message(receiver, message);
                }
            }
            _ => {}
        }
        expr.for_each_child(&mut |child| self.expr(child));
    }

    fn message(&mut self, receiver: &ast::Expr, message: &Message) {
        let sends = match receiver.unparenthesised().kind {
            ExprKind::SelfRef => &mut self.own_sends,
            ExprKind::Super => &mut self.super_sends,
            _ => return,
        };
        let selector = message.selector();
        if !sends.contains(&selector) {
            sends.push(selector);
        }
    }
}

impl ClassTable {
    /// Whether a class method of `class`, whose superclass is `parent`, may write class variables.
    #[must_use]
    pub fn writes_class_state(&self, class: &str, parent: Option<&str>, effects: &ClassEffects) -> bool {
        if effects.assigns {
            return true;
        }
        let quiet = effects.own_sends.is_empty() && effects.super_sends.is_empty();
        if quiet || self.chain(class).all(|each| each.class_state.is_empty()) {
            return false;
        }
        let mut seen: Vec<(SmolStr, SmolStr)> = Vec::new();
        let mut open: Vec<(&ClassEffects, Option<&str>)> = vec![(effects, parent)];
        while let Some((effects, parent)) = open.pop() {
            if effects.assigns {
                return true;
            }
            let own = effects.own_sends.iter().map(|selector| (Some(class), selector));
            let above = effects.super_sends.iter().map(|selector| (parent, selector));
            for (start, selector) in own.chain(above) {
                let Some((owner, method)) =
                    start.and_then(|start| self.find_method(start, Side::Class, selector))
                else {
                    continue;
                };
                let place = (owner.name.clone(), selector.clone());
                if owner.is_library() || seen.contains(&place) {
                    continue;
                }
                seen.push(place);
                open.push((&method.class_effects, owner.superclass.as_deref()));
            }
        }
        false
    }
}
