//! Binding names: sends, cascades, casts, and instantiations that cannot work.

use beamtalk_syntax::ast::{self, ExprKind};
use beamtalk_text::{Category, Diagnostic, Span};
use smol_str::SmolStr;

use crate::captures::Use;
use crate::classes::{ClassInfo, ClassKind, Side};
use crate::expressions::{finish, finish_at};
use crate::hir::{CascadeMessage, Expr, Inline, Kind};
use crate::lower::Lowerer;

impl Lowerer<'_> {
    pub(crate) fn send(&mut self, send: &ast::Send, span: Span, usage: Use) -> Expr {
        let selector = send.message.selector();
        if matches!(send.receiver.kind, ExprKind::Super) {
            return self.super_send(send, selector, span);
        }
        if let Some(inlined) = self.control_flow(send, &selector, span, usage) {
            return inlined;
        }
        if let Some(call) = self.erlang_call(send, &selector, span) {
            return call;
        }
        let usage = self.use_of_receiver(&selector);
        let receiver = self.receiver_of(&selector, &send.receiver, usage);
        self.check_instantiation(&receiver, &selector, span);
        let arguments = self.arguments(&selector, &send.message.arguments);
        // Errors point at the message, which is what a stack frame's line must name too.
        let at = send.message.parts.first().map_or(span, |part| part.span);
        finish_at(Kind::Send { receiver: Box::new(receiver), selector, arguments }, at)
    }

    pub(crate) fn super_send(&mut self, send: &ast::Send, selector: SmolStr, span: Span) -> Expr {
        let at = send.message.parts.first().map_or(span, |part| part.span);
        if let Some(call) = self.super_of_parameter(&selector, &send.message.arguments, at) {
            return call;
        }
        let Some(receiver) = self.receiver else {
            return self.error(
                "E0303",
                span,
                "super can only be used inside a method body",
                "Send the message to an object, or move the code into a method.",
            );
        };
        self.touch(receiver);
        self.read[receiver.0 as usize] = true;
        let arguments = self.arguments(&selector, &send.message.arguments);
        finish_at(Kind::SuperSend { selector, arguments }, at)
    }

    /// `Erlang module function: argument`.
    pub(crate) fn erlang_call(&mut self, send: &ast::Send, selector: &SmolStr, span: Span) -> Option<Expr> {
        let mut receiver = &send.receiver;
        while let ExprKind::Paren(inner) = &receiver.kind {
            receiver = inner;
        }
        let ExprKind::Send(inner) = &receiver.kind else {
            return None;
        };
        let ExprKind::Class(name) = &inner.receiver.kind else {
            return None;
        };
        let module = inner.message.selector();
        let is_gateway =
            name.name.name == "Erlang" && name.package.is_none() && inner.message.arguments.is_empty();
        let table = self.cx.table;
        let is_protocol =
            |class: &str, side, selector: &str| table.find_method(class, side, selector).is_some();
        if !is_gateway
            || is_protocol("Erlang", Side::Class, &module)
            || is_protocol("Class", Side::Instance, &module)
            || is_protocol("ErlangModule", Side::Instance, selector)
        {
            return None;
        }
        if send
            .message
            .parts
            .iter()
            .any(|part| !part.name.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        {
            return None;
        }
        let function = send.message.parts.first()?.name.trim_end_matches(':').into();
        let arguments = self.exprs(&send.message.arguments, Use::Local);
        let at = send.message.parts.first().map_or(span, |part| part.span);
        Some(finish_at(Kind::ErlangCall { module, function, arguments }, at))
    }

    pub(crate) fn cascade(&mut self, receiver: &ast::Expr, messages: &[ast::Message], span: Span) -> Expr {
        if matches!(receiver.kind, ExprKind::Super) {
            // Every message of the cascade starts above the class.
            let mut body = Vec::new();
            for message in messages {
                let send = ast::Send { receiver: receiver.clone(), message: message.clone() };
                body.push(self.super_send(&send, message.selector(), message.span));
            }
            return finish(Kind::Sequence(Inline { parameters: Vec::new(), body }), span);
        }
        let only_runs =
            messages.iter().all(|message| self.use_of_receiver(&message.selector()) == Use::Local);
        let receiver = self.expr(receiver, if only_runs { Use::Local } else { Use::Given });
        let mut lowered = Vec::with_capacity(messages.len());
        for message in messages {
            let selector = message.selector();
            self.check_instantiation(&receiver, &selector, message.span);
            let arguments = self.arguments(&selector, &message.arguments);
            let at = message.parts.first().map_or(message.span, |part| part.span);
            lowered.push(CascadeMessage { selector, arguments, span: at });
        }
        finish(Kind::Cascade { receiver: Box::new(receiver), messages: lowered }, span)
    }

    pub(crate) fn cast(&mut self, inner: &ast::Expr, span: Span) -> Expr {
        let ExprKind::Send(send) = &inner.kind else {
            return self.expr(inner, Use::Local);
        };
        let receiver = if matches!(send.receiver.kind, ExprKind::Super) {
            self.self_ref(send.receiver.span, Use::Local)
        } else {
            self.expr(&send.receiver, Use::Local)
        };
        if self.is_value_literal(&receiver) {
            let help = "End the statement with `.` for an ordinary send.";
            let nothing =
                self.error("E0321", span, "Cannot use ! (cast) on value type: values are not actors", help);
            self.categorise(Category::Type);
            return nothing;
        }
        let arguments = self.exprs(&send.message.arguments, Use::Local);
        finish(
            Kind::Cast { receiver: Box::new(receiver), selector: send.message.selector(), arguments },
            span,
        )
    }

    pub(crate) fn is_value_literal(&self, receiver: &Expr) -> bool {
        match &receiver.kind {
            Kind::String(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Array(_)
            | Kind::Dictionary(_)
            | Kind::List { .. } => true,
            Kind::Class { name, .. } => self.cx.table.kind(name) == ClassKind::Value,
            _ => false,
        }
    }

    /// `Counter new` on an actor class and other instantiations that cannot work (spec 05b section 7.5).
    pub(crate) fn check_instantiation(&mut self, receiver: &Expr, selector: &str, span: Span) {
        let Kind::Class { name, .. } = &receiver.kind else {
            return;
        };
        if !matches!(selector, "new" | "new:" | "spawn" | "spawnWith:") || self.cx.library {
            return;
        }
        let table = self.cx.table;
        let Some(class) = table.get(name) else { return };
        let instantiates = matches!(selector, "new" | "new:");
        let found = if instantiates && table.kind(name) == ClassKind::Actor && name != "Actor" {
            Some((
                "E0330",
                format!("Actor subclass `{name}` must use `spawn` instead of `new`"),
                "Actors are processes: write `spawn`, or `spawnWith:` with a Dictionary.".to_owned(),
                Category::ActorNew,
            ))
        } else if class.is_abstract {
            Some((
                "E0331",
                format!("Cannot instantiate abstract class `{name}`. Subclass it first."),
                format!("Define a concrete class: `{name} subclass: …`."),
                Category::Type,
            ))
        } else if instantiates && PRIMITIVE_CLASSES.contains(&name.as_str()) {
            Some((
                "E0332",
                format!("Cannot instantiate primitive class `{name}`"),
                literal_help(name),
                Category::Type,
            ))
        } else if instantiates && self.is_bare_native_value(class, selector) {
            Some((
                "E0337",
                format!(
                    "Native Value class `{name}` has no slots and cannot be instantiated with `{selector}`"
                ),
                self.constructors_help(name),
                Category::Type,
            ))
        } else if instantiates && self.lacks_constructor(class, selector) {
            Some((
                "E0333",
                format!("Object-kind class `{name}` cannot be instantiated with `{selector}`"),
                "Object subclasses are not instantiable. Use `Value subclass:` for data types, or a class method of the class.".to_owned(),
                Category::Type,
            ))
        } else {
            None
        };
        if let Some((code, message, help, category)) = found {
            self.diagnostics
                .push(Diagnostic::error(code, span, message).with_help(help).in_category(category));
        }
    }

    /// Whether the class's instances exist only as its Erlang module makes them.
    fn is_bare_native_value(&self, class: &ClassInfo, selector: &str) -> bool {
        let table = self.cx.table;
        class.native.is_some()
            && table.kind(&class.name) == ClassKind::Value
            && table.all_fields(&class.name).is_empty()
            && class.method(Side::Class, selector).is_none()
    }

    fn constructors_help(&self, class: &str) -> String {
        const MOST: usize = 6;
        let methods =
            self.cx.table.get(class).map(|class| class.class_methods.as_slice()).unwrap_or_default();
        let answers_it = |signature: &str| {
            signature
                .rsplit_once("->")
                .is_some_and(|(_, answer)| matches!(answer.trim(), "Self") || answer.trim() == class)
        };
        let names: Vec<&str> = methods
            .iter()
            .filter(|method| answers_it(&method.signature))
            .map(|method| method.selector.as_str())
            .take(MOST)
            .collect();
        if names.is_empty() {
            "Use a class method that makes one.".to_owned()
        } else {
            format!("Use one of its constructors: {}.", names.join(", "))
        }
    }

    pub(crate) fn lacks_constructor(&self, class: &ClassInfo, selector: &str) -> bool {
        let table = self.cx.table;
        table.is_complete(&class.name)
            && table.kind(&class.name) == ClassKind::Object
            && !table.inherits(&class.name, "Exception")
            && table
                .find_method(&class.name, Side::Class, selector)
                .is_none_or(|(owner, _)| matches!(owner.name.as_str(), "Object" | "ProtoObject" | "Value"))
            && table
                .find_method("Class", Side::Instance, selector)
                .is_none_or(|_| !matches!(class.name.as_str(), "Class" | "Metaclass" | "Behaviour"))
    }
}

const PRIMITIVE_CLASSES: [&str; 9] =
    ["Integer", "String", "Float", "True", "False", "UndefinedObject", "Symbol", "Block", "CompiledMethod"];

fn literal_help(class: &str) -> String {
    let literal = match class {
        "Integer" => "42",
        "String" => "\"text\"",
        "Float" => "3.14",
        "True" => "true",
        "False" => "false",
        "UndefinedObject" => "nil",
        "Symbol" => "#name",
        "Block" => "[:x | x]",
        _ => return "Use `Class >> #selector` to obtain one.".to_owned(),
    };
    format!("Write a literal, such as `{literal}`.")
}
