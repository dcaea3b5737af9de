//! Library directives: `@primitive "module:function(argument, …)"`.

use beamtalk_text::Span;
use num_bigint::BigInt;
use smol_str::SmolStr;

use crate::captures::Use;
use crate::expressions::finish;
use crate::hir::{Expr, Kind};
use crate::lower::Lowerer;

impl Lowerer<'_> {
    /// The directive as a call of an Erlang function.
    pub(crate) fn primitive(&mut self, intrinsic: bool, name: Option<&str>, span: Span) -> Expr {
        if !self.cx.library {
            return self.error(
                "E0340",
                span,
                "Primitives can only be declared in the standard library",
                "Call Erlang with `Erlang module function: argument`.",
            );
        }
        let Some(name) = name.filter(|_| !intrinsic) else {
            let message =
                if intrinsic { "Unknown intrinsic" } else { "A primitive names its Erlang function" };
            return self.error(
                "E0341",
                span,
                message,
                "Write `@primitive \"module:function(self, argument)\"`.",
            );
        };
        let (call, arguments) = match name.strip_suffix(')').and_then(|name| name.split_once('(')) {
            Some((call, arguments)) => (call, Some(arguments)),
            None => (name, None),
        };
        let Some((module, function)) = call.split_once(':') else {
            return self.error(
                "E0341",
                span,
                format!("The primitive `{name}` names no module"),
                "Write `@primitive \"module:function(self, argument)\"`.",
            );
        };
        let arguments: Vec<Expr> = match arguments {
            None => {
                let parameters: Vec<_> = self.parameters_in_scope();
                parameters.into_iter().map(|id| self.local(id, span, Use::Local)).collect()
            }
            Some(text) => text
                .split(',')
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| self.primitive_argument(text, span))
                .collect(),
        };
        finish(
            Kind::Primitive { module: module.trim().into(), function: function.trim().into(), arguments },
            span,
        )
    }

    fn primitive_argument(&mut self, text: &str, span: Span) -> Expr {
        if text == "self" {
            return self.self_ref(span, Use::Local);
        }
        if let Some(id) = self.lookup(text) {
            return self.local(id, span, Use::Local);
        }
        if let Ok(value) = text.parse::<BigInt>() {
            return finish(Kind::Integer(value), span);
        }
        if text == "[]" {
            return finish(Kind::List { elements: Vec::new(), tail: None }, span);
        }
        if text == "#{}" {
            return finish(Kind::Dictionary(Vec::new()), span);
        }
        let atom: SmolStr =
            text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text).into();
        finish(Kind::Atom(atom), span)
    }
}
