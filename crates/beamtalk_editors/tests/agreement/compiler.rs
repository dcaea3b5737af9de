//! Landmarks of the compiler's tree.

use beamtalk_syntax::ast::{
    Arm, ClassDef, DataDecl, Expect, Expr, ExprKind, Item, Member, Message, Method, Parameter, Pattern,
    PatternKind, ProtocolDef, Segment, Signature, SourceFile, Statement, TypeExpr,
};
use beamtalk_text::Span;

use super::Landmarks;

/// Everything in `file` that another parser must find as well.
pub fn landmarks(file: &SourceFile) -> Landmarks {
    let mut walk = Walk::default();
    for item in &file.items {
        walk.item(item);
    }
    walk.0.sort();
    walk.0
}

#[derive(Default)]
struct Walk(Landmarks);

impl Walk {
    fn mark(&mut self, what: impl Into<String>, span: Span) {
        self.0.push((span.start as usize, span.end as usize, what.into()));
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Class(class) => self.class(class),
            Item::Protocol(protocol) => self.protocol(protocol),
            Item::TypeAlias(alias) => {
                self.expects(&alias.expects);
                self.mark(format!("alias {}", alias.name.name), alias.span);
                self.annotation(&alias.definition);
            }
            Item::Extension(extension) => {
                let side = if extension.class_side { " class" } else { "" };
                self.mark(format!("extension of {}{side}", extension.target.name.name), extension.span);
                self.method(&extension.method);
            }
            Item::Statement(statement) => self.statement(statement),
        }
    }

    fn class(&mut self, class: &ClassDef) {
        self.expects(&class.expects);
        let superclass = class.superclass.as_ref().map_or("nil", |name| name.name.name.as_str());
        let modifiers = class.modifiers.len();
        self.mark(format!("class {} < {superclass}, {modifiers} modifiers", class.name.name), class.span);
        for argument in &class.superclass_arguments {
            self.annotation(argument);
        }
        for member in &class.members {
            match member {
                Member::Data(data) => self.data(data),
                Member::Method(method) => {
                    let modifiers = method.modifiers.len();
                    self.mark(format!("method, {modifiers} modifiers"), method.span);
                    self.method(method);
                }
            }
        }
    }

    fn data(&mut self, data: &DataDecl) {
        self.expects(&data.expects);
        self.mark(format!("data {}", data.name.name), data.span);
        if let Some(annotation) = &data.annotation {
            self.annotation(annotation);
        }
        if let Some(value) = &data.default {
            self.expr(value);
        }
    }

    fn method(&mut self, method: &Method) {
        self.expects(&method.expects);
        self.signature(&method.signature, method.return_type.as_ref());
        self.statements(&method.body);
    }

    fn signature(&mut self, signature: &Signature, return_type: Option<&TypeExpr>) {
        let start = signature.span().start;
        self.mark(format!("selector {}", signature.selector()), Span::empty(start));
        signature.parameters().for_each(|parameter| self.parameter(parameter));
        if let Some(annotation) = return_type {
            self.annotation(annotation);
        }
    }

    fn protocol(&mut self, protocol: &ProtocolDef) {
        self.expects(&protocol.expects);
        self.mark(format!("protocol {}", protocol.name.name), protocol.span);
        for requirement in &protocol.requirements {
            self.mark(format!("requirement {}", requirement.class_side), requirement.span);
            self.signature(&requirement.signature, requirement.return_type.as_ref());
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.mark("parameter", parameter.name.span);
        if let Some(annotation) = &parameter.annotation {
            self.annotation(annotation);
        }
    }

    fn annotation(&mut self, annotation: &TypeExpr) {
        self.mark("type", annotation.span);
    }

    fn expects(&mut self, expects: &[Expect]) {
        for expect in expects {
            self.mark("expect", expect.span);
        }
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        self.expects(&statement.expects);
        self.expr(&statement.expr);
    }

    fn expr(&mut self, expr: &Expr) {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Interpolation(segments) => {
                self.mark("string", span);
                for segment in segments {
                    if let Segment::Expr(part) = segment {
                        self.expr(part);
                    }
                }
            }
            ExprKind::String(_) => self.mark("string", span),
            ExprKind::Field { .. } => self.mark("field access", span),
            ExprKind::Paren(inner) => {
                self.mark("group", span);
                self.expr(inner);
            }
            ExprKind::Block(block) => {
                self.mark(format!("block of {}", block.parameters.len()), span);
                for parameter in &block.parameters {
                    self.parameter(parameter);
                }
                self.statements(&block.body);
            }
            ExprKind::List { elements, tail } => {
                self.mark("list", span);
                for element in elements {
                    self.expr(element);
                }
                if let Some(tail) = tail {
                    self.expr(tail);
                }
            }
            ExprKind::Array(elements) => {
                self.mark("array", span);
                for element in elements {
                    self.expr(element);
                }
            }
            ExprKind::Dictionary(pairs) => {
                self.mark("dictionary", span);
                for (key, value) in pairs {
                    self.expr(key);
                    self.expr(value);
                }
            }
            ExprKind::Send(send) => {
                self.mark(format!("send {}", send.message.selector()), span);
                self.expr(&send.receiver);
                self.arguments(&send.message);
            }
            ExprKind::Cascade { receiver, messages } => self.cascade(span, receiver, messages),
            ExprKind::Assign(assign) => {
                self.mark("assignment", span);
                self.expr(&assign.target);
                if let Some(annotation) = &assign.annotation {
                    self.annotation(annotation);
                }
                self.expr(&assign.value);
            }
            ExprKind::Destructure { pattern, value } => {
                self.mark("assignment", span);
                self.pattern(pattern);
                self.expr(value);
            }
            ExprKind::Return(value) => {
                self.mark("return", span);
                self.expr(value);
            }
            ExprKind::Cast(send) => {
                self.mark("cast", span);
                self.expr(send);
            }
            ExprKind::Match(matching) => {
                self.mark(format!("match of {}", matching.arms.len()), span);
                self.expr(&matching.scrutinee);
                for arm in &matching.arms {
                    self.arm(arm);
                }
            }
            ExprKind::Primitive { .. } => self.mark("primitive", span),
            _ => self.mark("leaf", span),
        }
    }

    fn cascade(&mut self, span: Span, receiver: &Expr, messages: &[Message]) {
        self.mark(format!("cascade of {}", messages.len()), span);
        self.expr(receiver);
        for (index, message) in messages.iter().enumerate() {
            let what = format!("send {}", message.selector());
            let span = if index == 0 { receiver.span.to(message.span) } else { message.span };
            self.mark(what, span);
            self.arguments(message);
        }
    }

    fn arguments(&mut self, message: &Message) {
        for argument in &message.arguments {
            self.expr(argument);
        }
    }

    fn arm(&mut self, arm: &Arm) {
        self.mark("arm", arm.span);
        self.pattern(&arm.pattern);
        if let Some(guard) = &arm.guard {
            self.expr(guard);
        }
        self.expr(&arm.body);
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let span = pattern.span;
        match &pattern.kind {
            PatternKind::Typed { .. } => self.mark("typed pattern", span),
            PatternKind::Literal(literal) => self.expr(literal),
            PatternKind::Tuple(elements) => {
                self.mark("tuple", span);
                for element in elements {
                    self.pattern(element);
                }
            }
            PatternKind::Array { elements, rest } | PatternKind::List { elements, rest } => {
                let array = matches!(pattern.kind, PatternKind::Array { .. });
                self.mark(if array { "array" } else { "list" }, span);
                for element in elements {
                    self.pattern(element);
                }
                if let Some(rest) = rest {
                    self.mark("rest", rest.span);
                }
            }
            PatternKind::Dictionary(pairs) => {
                self.mark("dictionary", span);
                for (key, value) in pairs {
                    self.expr(key);
                    self.pattern(value);
                }
            }
            PatternKind::Constructor { parts, .. } => {
                self.mark("constructor", span);
                for (_, part) in parts {
                    self.pattern(part);
                }
            }
            PatternKind::Binary(segments) => {
                self.mark(format!("binary of {}", segments.len()), span);
            }
            PatternKind::Wildcard | PatternKind::Variable(_) | PatternKind::Error => {
                self.mark("leaf", span);
            }
        }
    }
}
