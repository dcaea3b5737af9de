//! Objects and their slots: keys of `new:` and `spawnWith:`, assignments to slots, values that never change (spec 05b
//! sections 7.4 and 7.5).

use beamtalk_syntax::ast::{Assign, ClassName, Expr, ExprKind, Message};
use beamtalk_text::Span;
use smol_str::SmolStr;

use super::known::literal_class;
use super::{Checker, head};
use crate::classes::{ClassKind, Side, setter_selector};

impl Checker<'_> {
    /// `C new: #{#k => v}`, `C spawnWith: #{#k => v}`, `C classState: #v`.
    pub(super) fn instance_keys(&mut self, class: &ClassName, message: &Message, selector: &str) {
        let table = self.cx.table;
        let name = &class.name.name;
        let Some(first) = message.arguments.first() else { return };
        if class.package.is_some() || !table.is_complete(name) {
            return;
        }
        match selector {
            "new:" | "spawnWith:" | "spawnWith:as:" => {
                let of_library = table
                    .find_method(name, Side::Class, selector)
                    .is_none_or(|(owner, _)| owner.is_library());
                if let ExprKind::Dictionary(pairs) = &first.unparenthesised().kind
                    && of_library
                {
                    self.keys(name, pairs, selector == "new:");
                }
            }
            "classState:" | "classState:put:" => self.class_variable(name, first),
            _ => {}
        }
    }

    fn keys(&mut self, class: &SmolStr, pairs: &[(Expr, Expr)], is_new: bool) {
        let fields: Vec<SmolStr> =
            self.cx.table.all_fields(class).into_iter().map(|(field, _)| field).collect();
        if fields.is_empty() {
            return;
        }
        for (key, _) in pairs {
            let ExprKind::Symbol(written) = &key.unparenthesised().kind else { continue };
            if fields.contains(written) {
                continue;
            }
            let close = crate::closest(written, fields.iter().map(SmolStr::as_str));
            let declared = format!("Declared: {}.", fields.join(", "));
            if is_new {
                let message = format!("Unknown field `{written}` for class `{class}`");
                let help = close
                    .map_or_else(|| declared.clone(), |close| format!("Did you mean `{close}`? {declared}"));
                self.warning("E0334", key.span, message, help);
            } else {
                let suggestion = close.map(|close| format!(" — did you mean `{close}`?")).unwrap_or_default();
                let message = format!("unknown state key `{written}` for `{class}`{suggestion}");
                self.warning("E0335", key.span, message, declared);
            }
        }
    }

    fn class_variable(&mut self, class: &SmolStr, argument: &Expr) {
        let ExprKind::Symbol(written) = &argument.unparenthesised().kind else { return };
        let declared: Vec<&str> = self
            .cx
            .table
            .chain(class)
            .flat_map(|class| class.class_state.iter().map(|field| field.name.as_str()))
            .collect();
        if declared.contains(&written.as_str()) {
            return;
        }
        let help = if declared.is_empty() {
            format!("`{class}` declares no `classState:`.")
        } else {
            format!("Declared: {}.", declared.join(", "))
        };
        let message = format!("Undefined class variable `{written}` on class `{class}`");
        self.warning("E0336", argument.span, message, help);
    }

    /// `self.x := v` in an actor that has `withX:`.
    pub(super) fn slot_assignment(&mut self, assign: &Assign, span: Span) {
        let (ExprKind::Field { receiver, name }, Some(class)) = (&assign.target.kind, self.cx.class) else {
            return;
        };
        if !matches!(receiver.kind, ExprKind::SelfRef)
            || self.cx.side == Side::Class
            || self.cx.table.kind(&class.name) != ClassKind::Actor
        {
            return;
        }
        let setter = setter_selector(&name.name);
        let inside = self.selector.as_ref() == Some(&setter);
        if inside || self.cx.table.find_method(&class.name, Side::Instance, &setter).is_none() {
            return;
        }
        self.warning(
            "E0309",
            span,
            format!("assigning `{}` bypasses `{setter}` of `{}`", name.name, class.name),
            format!("Write `self {setter} value`."),
        );
    }

    /// `3 fieldAt: #x put: 4`.
    pub(super) fn change_of_literal(&mut self, receiver: &Expr, message: &Message, selector: &str) {
        if selector != "fieldAt:put:" {
            return;
        }
        if let Some(class) = literal_class(receiver) {
            self.warning(
                "E0315",
                head(message),
                format!("'{selector}' cannot change a literal: {class} is immutable"),
                "Values never change; answer a changed copy.",
            );
        }
    }

    /// `#(1 | 2)`.
    pub(super) fn list_tail(&mut self, tail: &Expr) {
        if let Some(class) = literal_class(tail).filter(|class| *class != "List") {
            self.warning(
                "E0317",
                tail.span,
                format!("the tail of a list must be a list, got {class}"),
                "After `|` comes the rest of the list; write `#(a, b)` for a list of two.",
            );
        }
    }
}
