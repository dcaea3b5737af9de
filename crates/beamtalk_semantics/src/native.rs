//! Classes backed by an Erlang module: what `self delegate` stands for, and the rules of such methods
//! (spec 03 section 17).

use beamtalk_syntax::ast::{ExprKind, Method};
use beamtalk_text::{Category, Diagnostic};
use smol_str::SmolStr;

use crate::captures::Use;
use crate::classes::{ClassInfo, ClassKind, Side};
use crate::expressions::finish;
use crate::hir::{Expr, Kind, VarId};
use crate::lower::Lowerer;

/// Words that Erlang keeps for itself, of which no function is named (OTP's `erl_scan`).
const RESERVED: &[&str] = &[
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try",
    "when", "xor",
];

/// Whether the method's body is `self delegate` and nothing else.
#[must_use]
pub fn is_delegating(method: &Method) -> bool {
    let [statement] = method.body.as_slice() else { return false };
    matches!(&statement.expr.kind, ExprKind::Send(send)
        if matches!(send.receiver.kind, ExprKind::SelfRef) && send.message.selector() == "delegate")
}

/// The Erlang function behind a delegating method: the first keyword without its colon.
fn function_name(selector: &str) -> SmolStr {
    selector.split(':').next().unwrap_or(selector).into()
}

impl Lowerer<'_> {
    /// The body of a delegating method of a class that is backed by a module.
    pub(crate) fn delegation(&mut self, method: &Method, parameters: &[VarId]) -> Option<Expr> {
        let class = self.cx.class.filter(|_| is_delegating(method))?;
        let module = class.native.clone()?;
        let span = method.body.first()?.expr.span;
        let selector = method.signature.selector();
        let atom = |name: SmolStr| finish(Kind::Atom(name), span);
        let is_class_side = self.cx.side == Side::Class;
        let is_request = !is_class_side && self.cx.table.kind(&class.name) == ClassKind::Actor;
        let parameters = if is_class_side || is_request { parameters.get(1..)? } else { parameters };
        let values = parameters.iter().map(|id| self.local(*id, span, Use::Escapes)).collect();
        let arguments = finish(Kind::List { elements: values, tail: None }, span);
        let (runtime, function, arguments) = if is_request {
            ("beamtalk_native", "request", vec![self.self_ref(span, Use::Local), atom(selector), arguments])
        } else {
            let function = atom(function_name(&selector));
            let (name, selector) = (atom(class.name.clone()), atom(selector));
            ("beamtalk_ffi", "delegate", vec![atom(module), function, arguments, name, selector])
        };
        Some(finish(Kind::Primitive { module: runtime.into(), function: function.into(), arguments }, span))
    }
}

/// What is wrong with a delegating method of `info`.
pub(crate) fn check_delegation(info: &ClassInfo, kind: ClassKind, method: &Method) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    if info.native.is_none() || !is_delegating(method) {
        return diagnostics;
    }
    let (selector, span) = (method.signature.selector(), method.signature.span());
    let function = function_name(&selector);
    if (kind != ClassKind::Actor || method.is_class_side()) && RESERVED.contains(&function.as_str()) {
        diagnostics.push(
            Diagnostic::error(
                "E0534",
                span,
                format!("method `{selector}` cannot delegate: `{function}` is a reserved word of Erlang"),
            )
            .with_help("Choose another first keyword; it names the Erlang function."),
        );
    }
    if method.return_type.is_none() {
        diagnostics.push(
            Diagnostic::warning(
                "E0535",
                span,
                format!("delegating method `{selector}` declares no return type"),
            )
            .with_help("Add one, such as `-> Integer`: the checker cannot see into Erlang.")
            .in_category(Category::Type),
        );
    }
    diagnostics
}
