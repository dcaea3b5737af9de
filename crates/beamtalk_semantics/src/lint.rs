//! Style: what `beamtalk lint` shows (spec 05b section 8, 01 section 23).
//!
//! These rules look at one file's tree and text and know no classes, so they are found once for each text.

use beamtalk_syntax::ast::{
    ClassDef, Expr, ExprKind, Item, Member, Message, Method, Segment, Send, SourceFile, Statement,
};
use beamtalk_text::{Category, Diagnostic, Span};

/// The style of a file. `text` is what its spans refer to.
#[must_use]
pub fn lint(file: &SourceFile, text: &str) -> Vec<Diagnostic> {
    let mut linter = Linter { text, cascades: false, diagnostics: Vec::new() };
    let mut loose: Vec<&Statement> = Vec::new();
    for item in &file.items {
        match item {
            Item::Class(class) => linter.class(class),
            Item::Extension(extension) => linter.method(&extension.method, true),
            Item::Statement(statement) => loose.push(statement),
            Item::Protocol(_) | Item::TypeAlias(_) => {}
        }
    }
    linter.cascades = false;
    linter.effects(&loose);
    for statement in loose {
        linter.expr(&statement.expr);
    }
    linter.diagnostics
}

struct Linter<'s> {
    text: &'s str,
    /// Whether cascades are proposed here.
    cascades: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Linter<'_> {
    fn report(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        let diagnostic = Diagnostic::lint(code, span, message).with_help(help);
        self.diagnostics.push(diagnostic.in_category(Category::Lint));
    }

    fn class(&mut self, class: &ClassDef) {
        // A test asserts one thing after the other.
        let is_test = class.superclass.as_ref().is_some_and(|name| name.name.name == "TestCase");
        for member in &class.members {
            match member {
                Member::Method(method) => self.method(method, !is_test),
                Member::Data(data) => data.default.iter().for_each(|default| self.expr(default)),
            }
        }
    }

    fn method(&mut self, method: &Method, cascades: bool) {
        self.cascades = cascades;
        if let Some(Statement { expr: Expr { kind: ExprKind::Return(_), span }, .. }) = method.body.last() {
            let selector = method.signature.selector();
            self.report(
                "W0303",
                Span::new(span.start, span.start + 1),
                format!("trailing `^` in method `{selector}` is redundant — the last expression is returned implicitly"),
                "Remove the `^`.",
            );
        }
        self.statements(&method.body, "unnecessary trailing `.` at end of method");
    }

    /// Statements of a method or a block; `at_end` is what a `.` after the last one is called.
    fn statements(&mut self, statements: &[Statement], at_end: &str) {
        let all: Vec<&Statement> = statements.iter().collect();
        self.effects(&all);
        if self.cascades {
            self.repeated_receivers(&all);
        }
        for (index, statement) in statements.iter().enumerate() {
            if let Some(period) = statement.period {
                let rest = self.text.get(period.end as usize..).unwrap_or_default();
                let line = rest.split('\n').next().unwrap_or_default().trim_start();
                if index + 1 == statements.len() {
                    self.report("W0305", period, at_end, "Remove it.");
                } else if line.trim_end().is_empty() || line.starts_with("//") {
                    self.report(
                        "W0305",
                        period,
                        "unnecessary `.` before a newline",
                        "Remove it: a newline ends a statement.",
                    );
                }
            }
            self.expr(&statement.expr);
        }
    }

    /// Statements whose value nobody uses and that do nothing else.
    fn effects(&mut self, statements: &[&Statement]) {
        let Some((_, discarded)) = statements.split_last() else { return };
        for statement in discarded {
            if let Some(what) = effect_free(&statement.expr) {
                let message = format!("this {what} has no effect");
                self.report("W0301", statement.expr.span, message, "Use its value, or remove it.");
            }
        }
    }

    /// Three or more messages in a row to one receiver.
    fn repeated_receivers(&mut self, statements: &[&Statement]) {
        const FEW: usize = 3;
        let mut index = 0;
        while index < statements.len() {
            let Some(receiver) = simple_receiver(&statements[index].expr) else {
                index += 1;
                continue;
            };
            let run = statements[index..]
                .iter()
                .take_while(|statement| simple_receiver(&statement.expr) == Some(receiver))
                .count();
            if run >= FEW {
                let span = statements[index].span.to(statements[index + run - 1].span);
                let message =
                    format!("`{receiver}` receives {run} consecutive messages; consider using a cascade");
                self.report("W0302", span, message, "Write `receiver first; second; third`.");
            }
            index += run;
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Paren(inner) => self.parentheses(expr.span, inner),
            ExprKind::Block(block) => {
                return self.statements(&block.body, "unnecessary trailing `.` before `]`");
            }
            ExprKind::Send(send) => return self.send(send),
            ExprKind::Cascade { receiver, messages } => {
                self.receiver(receiver);
                for message in messages {
                    self.timer(receiver, message);
                    self.message_arguments(message);
                }
                return;
            }
            ExprKind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    // Parentheses make a name a key.
                    self.expr(inside(key));
                    self.expr(value);
                }
                return;
            }
            ExprKind::Interpolation(segments) => {
                for segment in segments {
                    if let Segment::Expr(part) = segment {
                        self.shown(part);
                    }
                }
            }
            _ => {}
        }
        expr.for_each_child(&mut |child| self.expr(child));
    }

    fn send(&mut self, send: &Send) {
        self.receiver(&send.receiver);
        self.timer(&send.receiver, &send.message);
        if send.message.parts.first().is_some_and(|part| part.name == "++") {
            self.shown(&send.receiver);
            send.message.arguments.iter().for_each(|argument| self.shown(argument));
        }
        self.message_arguments(&send.message);
    }

    /// A receiver may stand in parentheses for clarity.
    fn receiver(&mut self, receiver: &Expr) {
        self.expr(inside(receiver));
    }

    fn message_arguments(&mut self, message: &Message) {
        let is_keyword = message.parts.first().is_some_and(|part| part.name.ends_with(':'));
        for argument in &message.arguments {
            let kept =
                is_keyword && matches!(inside(argument).kind, ExprKind::Send(_) | ExprKind::Field { .. });
            self.expr(if kept { inside(argument) } else { argument });
        }
    }

    fn parentheses(&mut self, span: Span, inner: &Expr) {
        let simple = match &inner.kind {
            ExprKind::Send(send) => send.message.arguments.is_empty(),
            ExprKind::Cascade { .. }
            | ExprKind::Assign(_)
            | ExprKind::Destructure { .. }
            | ExprKind::Return(_)
            | ExprKind::Cast(_)
            | ExprKind::Match(_)
            | ExprKind::Primitive { .. }
            | ExprKind::Super
            | ExprKind::Error => false,
            _ => true,
        };
        if simple {
            self.report("W0304", span, "unnecessary parentheses", "Remove them.");
        }
    }

    /// `x inspect` where text is wanted.
    fn shown(&mut self, expr: &Expr) {
        if let ExprKind::Send(send) = &expr.unparenthesised().kind
            && send.message.selector() == "inspect"
        {
            self.report(
                "W0306",
                expr.span,
                "`inspect` in a string position: it returns an Inspector, not text",
                "Use `printString`.",
            );
        }
    }

    /// `Timer every: t do: [self m]`: the actor would wait for itself.
    fn timer(&mut self, receiver: &Expr, message: &Message) {
        let is_timer =
            matches!(&receiver.unparenthesised().kind, ExprKind::Class(name) if name.name.name == "Timer");
        if !is_timer || !matches!(message.selector().as_str(), "every:do:" | "after:do:") {
            return;
        }
        if let Some(ExprKind::Block(block)) = message.arguments.get(1).map(|block| &inside(block).kind) {
            block.body.iter().for_each(|statement| self.waiting_sends(&statement.expr));
        }
    }

    fn waiting_sends(&mut self, expr: &Expr) {
        if let ExprKind::Cast(inner) = &expr.kind {
            return inner.for_each_child(&mut |child| self.waiting_sends(child));
        }
        if let ExprKind::Send(send) = &expr.kind
            && matches!(send.receiver.kind, ExprKind::SelfRef)
        {
            let selector = send.message.selector();
            self.report(
                "W0307",
                expr.span,
                format!("synchronous send `self {selector}` inside a Timer block will deadlock"),
                "End it with `!`, which does not wait.",
            );
        }
        expr.for_each_child(&mut |child| self.waiting_sends(child));
    }
}

/// What stands in one pair of parentheses, or the expression itself.
fn inside(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Paren(inner) => inner,
        _ => expr,
    }
}

/// The variable or class that a plain send goes to.
fn simple_receiver(expr: &Expr) -> Option<&str> {
    let ExprKind::Send(send) = &expr.kind else { return None };
    match &send.receiver.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::Class(name) => Some(&name.name.name),
        _ => None,
    }
}

/// What an expression without effect is called.
fn effect_free(expr: &Expr) -> Option<&'static str> {
    let all = |exprs: &[Expr]| exprs.iter().all(|each| effect_free(each).is_some());
    match &expr.kind {
        ExprKind::Paren(inner) => effect_free(inner),
        ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::Character(_)
        | ExprKind::String(_)
        | ExprKind::Symbol(_)
        | ExprKind::Nil
        | ExprKind::True
        | ExprKind::False => Some("literal"),
        ExprKind::Variable(_) | ExprKind::SelfRef => Some("variable reference"),
        ExprKind::Class(_) => Some("class reference"),
        ExprKind::List { elements, tail } => {
            (all(elements) && tail.iter().all(|tail| effect_free(tail).is_some())).then_some("list literal")
        }
        ExprKind::Array(elements) => all(elements).then_some("array literal"),
        ExprKind::Dictionary(pairs) => pairs
            .iter()
            .all(|(key, value)| effect_free(key).is_some() && effect_free(value).is_some())
            .then_some("map literal"),
        ExprKind::Send(send) => {
            let pure = matches!(
                send.message.selector().as_str(),
                "+" | "-" | "*" | "/" | "%" | "**" | "<" | ">" | "<=" | ">=" | ">>"
            );
            (pure && effect_free(&send.receiver).is_some() && all(&send.message.arguments))
                .then_some("pure expression")
        }
        _ => None,
    }
}
