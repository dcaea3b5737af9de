//! Calls of Erlang: modules and functions that no OTP has (spec 05b section 7.10).

use std::sync::LazyLock;

use beamtalk_syntax::ast::{Expr, ExprKind, Message};
use beamtalk_text::{Category, Severity, Span};
use rustc_hash::FxHashMap;

use super::{Checker, head};
use crate::classes::Side;

/// The modules of OTP 25, made by `tools/otp-functions.escript`: a module a line, of the most used ones with functions
/// and arities.
const OTP: &str = include_str!("../otp.txt");

static MODULES: LazyLock<FxHashMap<&'static str, &'static str>> =
    LazyLock::new(|| OTP.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).collect());

/// Beginnings of the names of modules that installations may lack, and of our own runtime's and classes'.
const FAMILIES: [&str; 22] = [
    "beamtalk_",
    "bt@",
    "ssl_",
    "tls_",
    "dtls_",
    "ssh_",
    "public_key",
    "pubkey_",
    "inets",
    "http",
    "ftp",
    "xmerl",
    "snmp",
    "megaco",
    "diameter",
    "mnesia",
    "ct_",
    "wx",
    "observer",
    "eldap",
    "odbc",
    "Elixir",
];

impl Checker<'_> {
    pub(super) fn erlang(&mut self, receiver: &Expr, message: &Message, span: Span) {
        if let Some(module) = self.gateway(receiver, message) {
            if !self.is_module(module) {
                self.report(
                    Severity::Warning,
                    "E0322",
                    Category::UnresolvedFfi,
                    span,
                    format!("unknown Erlang module `{module}`"),
                    "If it exists when the code runs, write `@expect unresolved_ffi` above.",
                );
            }
            return;
        }
        let ExprKind::Send(inner) = &receiver.unparenthesised().kind else { return };
        let Some(module) = self.gateway(&inner.receiver, &inner.message) else { return };
        let selector = message.selector();
        if self.cx.table.find_method("ErlangModule", Side::Instance, &selector).is_some() {
            return;
        }
        let Some(part) = message.parts.first() else { return };
        let function = part.name.trim_end_matches(':');
        let got = message.arguments.len();
        let functions = MODULES.get(module).copied().unwrap_or_default();
        let arities = functions.split(' ').find_map(|each| {
            let (name, arities) = each.rsplit_once('/')?;
            (name == function).then_some(arities)
        });
        let Some(arities) = arities else { return };
        let expected: Vec<&str> = arities.split(',').collect();
        if expected.iter().any(|arity| arity.parse() == Ok(got)) {
            return;
        }
        self.report(
            Severity::Warning,
            "E0323",
            Category::ArityMismatch,
            head(message),
            format!("`{module}:{function}` expects arity {}, but got {got}", expected.join(" or ")),
            "Each keyword of the message gives one argument.",
        );
    }

    /// The module of `Erlang module`.
    fn gateway<'e>(&self, receiver: &Expr, message: &'e Message) -> Option<&'e str> {
        let ExprKind::Class(name) = &receiver.unparenthesised().kind else { return None };
        let [part] = message.parts.as_slice() else { return None };
        let is_gateway = name.name.name == "Erlang" && name.package.is_none() && message.arguments.is_empty();
        let table = self.cx.table;
        let is_message = table.find_method("Erlang", Side::Class, &part.name).is_some()
            || table.find_method("Class", Side::Instance, &part.name).is_some();
        (is_gateway && !is_message).then_some(part.name.as_str())
    }

    fn is_module(&self, module: &str) -> bool {
        MODULES.contains_key(module)
            || FAMILIES.iter().any(|family| module.starts_with(family))
            || self.cx.class.is_some_and(|class| class.native.as_deref() == Some(module))
    }
}

#[cfg(test)]
mod tests {
    use super::MODULES;

    #[test]
    fn the_list_knows_modules_and_arities() {
        let lists = MODULES.get("lists").expect("is there");
        assert!(lists.split(' ').any(|function| function == "seq/2,3"), "{lists}");
        assert!(MODULES.contains_key("ssl") && !MODULES.contains_key("zork"));
    }
}
