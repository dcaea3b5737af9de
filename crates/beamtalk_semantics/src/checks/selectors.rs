//! Messages that a receiver does not understand, under the open-world rule (spec 05b sections 3 and 7.7).

use beamtalk_syntax::ast::{Expr, ExprKind, Message};
use beamtalk_text::{Category, Severity};
use smol_str::SmolStr;

use super::known::Known;
use super::{Checker, head};
use crate::classes::Side;

/// The hook that makes a class open.
const HOOK: &str = "doesNotUnderstand:args:";

impl Checker<'_> {
    pub(super) fn understood(
        &mut self,
        receiver: &Expr,
        known: Option<Known<'_>>,
        message: &Message,
        selector: &SmolStr,
    ) {
        let Some(known) = known else { return };
        // The equality operators are no messages.
        if matches!(selector.as_str(), "==" | "=:=" | "/=" | "=/=") {
            return;
        }
        if self.responds(known, selector) || self.is_open(known) {
            return;
        }
        // An abstract class may send what only its concrete subclasses have.
        let of_self = matches!(receiver.unparenthesised().kind, ExprKind::SelfRef);
        let (class, side) = (known.class(), known.side());
        if of_self && side == Side::Class && self.cx.class.is_some_and(|class| class.is_abstract) {
            return;
        }
        let slot = of_self && self.cx.table.all_fields(class).iter().any(|(field, _)| field == selector);
        let number =
            matches!(receiver.kind, ExprKind::Integer(_)) && receiver.span.end == head(message).start;
        let help = if number && selector.starts_with('_') {
            "Digits are written without separators: `1000`.".to_owned()
        } else if number && selector.starts_with(['x', 'b', 'o']) {
            "Numbers of another radix are written with `r`: `16rFF`, `2r101`.".to_owned()
        } else if slot {
            format!("Write `self.{selector}` to read the slot.")
        } else if let Some(close) = self.closest_selector(known, selector) {
            format!("Did you mean '{close}'?")
        } else {
            format!("Check the spelling, or define '{selector}'.")
        };
        let side = if side == Side::Class { " class" } else { "" };
        self.report(
            Severity::Hint,
            "E0360",
            Category::Dnu,
            head(message),
            format!("{class}{side} does not understand '{selector}'"),
            help,
        );
    }

    fn responds(&self, known: Known<'_>, selector: &str) -> bool {
        let table = self.cx.table;
        let own = table.find_method(known.class(), known.side(), selector).is_some();
        own || (known.side() == Side::Class && table.find_method("Class", Side::Instance, selector).is_some())
    }

    /// Whether the class may understand more than is known.
    fn is_open(&self, known: Known<'_>) -> bool {
        let table = self.cx.table;
        let hooked = table
            .find_method(known.class(), known.side(), HOOK)
            .is_some_and(|(owner, _)| owner.name != "ProtoObject");
        hooked || !table.is_complete(known.class())
    }

    fn closest_selector(&self, known: Known<'_>, selector: &str) -> Option<SmolStr> {
        let table = self.cx.table;
        let own = table.chain(known.class()).flat_map(|class| class.methods(known.side()));
        let of_classes = (known.side() == Side::Class)
            .then(|| table.chain("Class").flat_map(|class| class.methods(Side::Instance)));
        let names = own.chain(of_classes.into_iter().flatten()).map(|method| method.selector.as_str());
        crate::closest(selector, names).map(SmolStr::from)
    }
}
