//! Binding names: from the syntax tree of one body to its resolved form.

use std::collections::BTreeSet;

use beamtalk_syntax::ast::{self, ExprKind};
use beamtalk_text::{Category, Diagnostic, Severity, Span};
use smol_str::SmolStr;

use crate::captures::{Captures, Use, new_var};
use crate::classes::{ClassInfo, ClassKind, ClassTable, Side, setter_selector};
use crate::hir::{Activation, ActivationId, CascadeMessage, Closure, Expr, Inline, Kind, Piece, Unit, Var, VarId};

/// Where a body stands.
#[derive(Clone, Copy)]
pub struct MethodContext<'a> {
    /// All classes.
    pub table: &'a ClassTable,
    /// The class that defines the method; `None` at the prompt.
    pub class: Option<&'a ClassInfo>,
    /// Which side of the class.
    pub side: Side,
    /// Whether the code belongs to the standard library (primitives are allowed there).
    pub library: bool,
}

/// A session variable that exists before an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputVariable {
    /// Its name.
    pub name: SmolStr,
    /// Whether it is a cell already.
    pub cell: bool,
}

/// A resolved body and what is to be said about it.
#[derive(Debug)]
pub struct Lowered {
    /// The body.
    pub unit: Unit,
    /// For inputs: the session variables that exist when it ends, old ones first.
    pub session: Vec<VarId>,
    /// Errors, warnings, hints.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolve a method.
#[must_use]
pub fn lower_method(cx: MethodContext<'_>, method: &ast::Method) -> Lowered {
    let mut lowerer = Lowerer::new(cx);
    let receiver = lowerer.declare_hidden("self", method.signature.span());
    lowerer.receiver = Some(receiver);
    let mut parameters = vec![receiver];
    for parameter in method.signature.parameters() {
        parameters.push(lowerer.declare_parameter(parameter, true));
    }
    let body = lowerer.statements(&method.body, Use::Escapes);
    let exempt = matches!(method.body.as_slice(), [one] if is_exempt_from_unused(&one.expr));
    if !exempt && !cx.library {
        lowerer.report_unused();
    }
    lowerer.finish(parameters, body)
}

/// Resolve the statements of a prompt input over the session's variables.
#[must_use]
pub fn lower_input(table: &ClassTable, variables: &[InputVariable], statements: &[&ast::Statement]) -> Lowered {
    let cx = MethodContext { table, class: None, side: Side::Instance, library: false };
    let mut lowerer = Lowerer::new(cx);
    lowerer.session_scope = true;
    for variable in variables {
        let id = lowerer.declare(variable.name.clone(), Span::default());
        if variable.cell {
            lowerer.captures.force_cells(std::iter::once(id));
        }
    }
    let body = lowerer.statement_list(statements.iter().copied(), Use::Escapes);
    let session: Vec<VarId> = lowerer.scopes[0].names.iter().map(|(_, id)| *id).collect();
    if lowerer.activations[0].home {
        let assigned: Vec<VarId> = session.iter().copied().filter(|id| lowerer.assigned[id.0 as usize]).collect();
        lowerer.captures.force_cells(assigned.into_iter());
    }
    let mut lowered = lowerer.finish(Vec::new(), body);
    lowered.session = session;
    lowered
}

/// Resolve a field's default expression, which has no receiver and no locals around it.
#[must_use]
pub fn lower_expression(cx: MethodContext<'_>, expression: &ast::Expr) -> Lowered {
    let mut lowerer = Lowerer::new(cx);
    let body = vec![lowerer.expr(expression, Use::Escapes)];
    lowerer.finish(Vec::new(), body)
}

fn is_exempt_from_unused(body: &ast::Expr) -> bool {
    match &body.kind {
        ExprKind::Primitive { .. } => true,
        ExprKind::Send(send) => matches!(send.receiver.kind, ExprKind::SelfRef) && send.message.selector() == "delegate",
        _ => false,
    }
}

pub(crate) struct Scope {
    pub names: Vec<(SmolStr, VarId)>,
}

struct ClosureContext {
    activation: ActivationId,
    captures: BTreeSet<VarId>,
}

pub(crate) struct Lowerer<'a> {
    pub cx: MethodContext<'a>,
    pub diagnostics: Vec<Diagnostic>,
    pub captures: Captures,
    vars: Vec<Var>,
    read: Vec<bool>,
    assigned: Vec<bool>,
    reported: Vec<VarId>,
    activations: Vec<Activation>,
    scopes: Vec<Scope>,
    closures: Vec<ClosureContext>,
    receiver: Option<VarId>,
    session_scope: bool,
    writes_class_state: bool,
}

impl<'a> Lowerer<'a> {
    fn new(cx: MethodContext<'a>) -> Self {
        let mut lowerer = Self {
            cx,
            diagnostics: Vec::new(),
            captures: Captures::default(),
            vars: Vec::new(),
            read: Vec::new(),
            assigned: Vec::new(),
            reported: Vec::new(),
            activations: Vec::new(),
            scopes: vec![Scope { names: Vec::new() }],
            closures: Vec::new(),
            receiver: None,
            session_scope: false,
            writes_class_state: false,
        };
        lowerer.new_activation(Span::default());
        lowerer
    }

    fn finish(mut self, parameters: Vec<VarId>, body: Vec<Expr>) -> Lowered {
        self.captures.finish(&mut self.vars, &mut self.activations);
        let unit = Unit { vars: self.vars, activations: self.activations, parameters, body, writes_class_state: self.writes_class_state };
        Lowered { unit, session: Vec::new(), diagnostics: self.diagnostics }
    }

    // ---- variables -------------------------------------------------------------------------------------

    fn new_activation(&mut self, span: Span) -> ActivationId {
        let id = ActivationId(u32::try_from(self.activations.len()).unwrap_or(u32::MAX));
        // The frame variable is declared before the activation is pushed, so give it its id by hand.
        let frame = self.new_var("^".into(), id, span);
        self.activations.push(Activation { frame, cells: false, keep_cells: false, home: false });
        id
    }

    fn new_var(&mut self, name: SmolStr, activation: ActivationId, span: Span) -> VarId {
        let id = VarId(u32::try_from(self.vars.len()).unwrap_or(u32::MAX));
        self.vars.push(new_var(name, activation, span));
        self.read.push(false);
        self.assigned.push(false);
        self.captures.declared();
        id
    }

    pub fn activation(&self) -> ActivationId {
        self.closures.last().map_or(ActivationId(0), |closure| closure.activation)
    }

    /// A variable without a name that code could use.
    pub fn declare_hidden(&mut self, name: &str, span: Span) -> VarId {
        self.new_var(name.into(), self.activation(), span)
    }

    pub fn declare(&mut self, name: SmolStr, span: Span) -> VarId {
        if name.starts_with("__") {
            self.diagnostics.push(
                Diagnostic::error("E0305", span, format!("`{name}` uses the reserved `__` prefix"))
                    .with_help("Choose a name with at most one leading underscore."),
            );
        }
        let id = self.new_var(name.clone(), self.activation(), span);
        let session = self.session_scope && self.scopes.len() == 1;
        self.vars[id.0 as usize].session = session;
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.push((name, id));
        }
        id
    }

    /// A named variable of the innermost scope that is never a session variable.
    pub fn declare_local(&mut self, name: SmolStr, span: Span) -> VarId {
        let id = self.declare(name, span);
        self.vars[id.0 as usize].session = false;
        id
    }

    pub fn span_of(&self, var: VarId) -> Span {
        self.vars[var.0 as usize].span
    }

    pub fn lookup(&self, name: &str) -> Option<VarId> {
        self.find(name)
    }

    /// The receiver and the method's parameters.
    pub fn parameters_in_scope(&self) -> Vec<VarId> {
        self.receiver.into_iter().chain(self.scopes[0].names.iter().map(|(_, id)| *id)).collect()
    }

    pub fn declare_parameter(&mut self, parameter: &ast::Parameter, of_method: bool) -> VarId {
        let name = &parameter.name;
        if !of_method && !name.name.starts_with('_') && self.find(&name.name).is_some() {
            self.diagnostics.push(
                Diagnostic::warning("E0311", name.span, format!("block parameter `{}` shadows an outer variable", name.name))
                    .in_category(Category::Lint)
                    .with_help("Rename the parameter."),
            );
        }
        let id = self.declare(name.name.clone(), name.span);
        if of_method {
            self.reported.push(id);
        }
        id
    }

    fn find(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().rev().find_map(|scope| scope.names.iter().rev().find(|(each, _)| each == name).map(|(_, id)| *id))
    }

    /// Note that the running activation uses `var`; closures between capture it.
    pub fn touch(&mut self, var: VarId) -> bool {
        let home = self.vars[var.0 as usize].activation;
        let mut captured = false;
        for closure in self.closures.iter_mut().rev() {
            if closure.activation == home {
                break;
            }
            closure.captures.insert(var);
            captured = true;
        }
        if captured {
            self.captures.captured(var);
        }
        captured
    }

    pub fn local(&mut self, var: VarId, span: Span, usage: Use) -> Expr {
        self.touch(var);
        self.read[var.0 as usize] = true;
        if usage != Use::Local {
            self.captures.escapes(var);
        }
        Expr { kind: Kind::Local(var), span, assigns: false }
    }

    /// `name := value`: declares the name where no scope knows it.
    pub fn assign(&mut self, name: &ast::Ident, value: Expr) -> Expr {
        let (kind, id) = match self.find(&name.name) {
            Some(id) => {
                let captured = self.touch(id);
                self.captures.assigned(id, captured);
                (Kind::SetLocal(id, Box::new(value)), id)
            }
            None => {
                let id = self.declare(name.name.clone(), name.span);
                if !self.vars[id.0 as usize].session {
                    self.reported.push(id);
                }
                (Kind::Declare(id, Box::new(value)), id)
            }
        };
        self.assigned[id.0 as usize] = true;
        Expr { kind, span: name.span, assigns: true }
    }

    fn report_unused(&mut self) {
        for id in &self.reported {
            let var = &self.vars[id.0 as usize];
            if self.read[id.0 as usize] || var.name.starts_with('_') {
                continue;
            }
            self.diagnostics.push(
                Diagnostic::warning("E0310", var.span, format!("unused variable `{}`", var.name))
                    .in_category(Category::Unused)
                    .with_help(format!("Remove it, or write `_{}` to say that it is meant.", var.name)),
            );
        }
    }

    pub fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(Scope { names: Vec::new() });
        let result = work(self);
        self.scopes.pop();
        result
    }

    // ---- statements ------------------------------------------------------------------------------------

    fn statements(&mut self, statements: &[ast::Statement], usage: Use) -> Vec<Expr> {
        self.statement_list(statements.iter(), usage)
    }

    fn statement_list<'s>(&mut self, statements: impl ExactSizeIterator<Item = &'s ast::Statement>, usage: Use) -> Vec<Expr> {
        let last = statements.len().saturating_sub(1);
        let mut lowered = Vec::with_capacity(statements.len());
        let mut unreachable = false;
        for (index, statement) in statements.enumerate() {
            if unreachable {
                self.diagnostics.push(
                    Diagnostic::warning("E0312", statement.span, "unreachable code after `^`")
                        .in_category(Category::Lint)
                        .with_help("Remove it, or return later."),
                );
                unreachable = false;
            }
            let before = self.diagnostics.len();
            lowered.push(self.expr(&statement.expr, if index == last { usage } else { Use::Local }));
            self.suppress(&statement.expects, before);
            if index != last && matches!(statement.expr.kind, ExprKind::Return(_)) {
                unreachable = true;
            }
        }
        lowered
    }

    /// Drop the diagnostics after `before` that an `@expect` names (spec 05b section 5).
    fn suppress(&mut self, expects: &[ast::Expect], before: usize) {
        for expect in expects {
            let category = expect.category.name.as_str();
            let kept = self.diagnostics.split_off(before);
            self.diagnostics.extend(kept.into_iter().filter(|diagnostic| !matches_expectation(category, diagnostic)));
        }
    }

    /// The statements of a literal block, in place.
    pub fn inline(&mut self, block: &ast::Block, usage: Use) -> Inline {
        self.scoped(|this| {
            let parameters = block.parameters.iter().map(|parameter| this.declare_parameter(parameter, false)).collect();
            let body = this.statements(&block.body, usage);
            Inline { parameters, body }
        })
    }

    // ---- expressions -----------------------------------------------------------------------------------

    pub fn expr(&mut self, expr: &ast::Expr, usage: Use) -> Expr {
        let span = expr.span;
        let kind = match &expr.kind {
            ExprKind::Paren(inner) => return self.expr(inner, usage),
            ExprKind::Integer(value) => Kind::Integer(value.clone()),
            ExprKind::Float(value) => Kind::Float(*value),
            ExprKind::Character(value) => Kind::Character(*value),
            ExprKind::String(value) => Kind::String(value.clone()),
            ExprKind::Symbol(name) => Kind::Atom(name.clone()),
            ExprKind::Nil => Kind::Atom("nil".into()),
            ExprKind::True => Kind::Atom("true".into()),
            ExprKind::False => Kind::Atom("false".into()),
            ExprKind::Interpolation(segments) => return self.interpolation(segments, span),
            ExprKind::Variable(name) => return self.variable(name, span, usage),
            ExprKind::SelfRef => return self.self_ref(span, usage),
            ExprKind::Super => return self.error("E0304", span, "'super' must be used with a message send", "Send it a message, such as `super printString`."),
            ExprKind::Class(name) => self.class_ref(name),
            ExprKind::Field { receiver, name } => return self.field(receiver, name, span),
            ExprKind::Block(block) => return self.closure(block, span, usage),
            ExprKind::List { elements, tail } => {
                let elements = self.exprs(elements, Use::Escapes);
                Kind::List { elements, tail: tail.as_ref().map(|tail| Box::new(self.expr(tail, Use::Escapes))) }
            }
            ExprKind::Array(elements) => Kind::Array(self.exprs(elements, Use::Escapes)),
            ExprKind::Dictionary(pairs) => {
                Kind::Dictionary(pairs.iter().map(|(key, value)| (self.expr(key, Use::Escapes), self.expr(value, Use::Escapes))).collect())
            }
            ExprKind::Send(send) => return self.send(send, span, usage),
            ExprKind::Cascade { receiver, messages } => return self.cascade(receiver, messages, span),
            ExprKind::Assign(assign) => return self.assignment(assign, span, usage),
            ExprKind::Destructure { pattern, value } => return self.destructure(pattern, value, span, usage),
            ExprKind::Return(value) => return self.return_(value, span),
            ExprKind::Cast(inner) => return self.cast(inner, span),
            ExprKind::Match(match_) => return self.match_(match_, span, usage),
            ExprKind::Primitive { intrinsic, name } => return self.primitive(*intrinsic, name.as_deref(), span),
            ExprKind::Error => Kind::Atom("nil".into()),
        };
        finish(kind, span)
    }

    pub fn exprs(&mut self, exprs: &[ast::Expr], usage: Use) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr, usage)).collect()
    }

    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) -> Expr {
        self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
        Expr { kind: Kind::Atom("nil".into()), span, assigns: false }
    }

    fn interpolation(&mut self, segments: &[ast::Segment], span: Span) -> Expr {
        let pieces = segments
            .iter()
            .map(|segment| match segment {
                ast::Segment::Text(text) => Piece::Text(text.clone()),
                ast::Segment::Expr(expr) => Piece::Value(self.expr(expr, Use::Local)),
            })
            .collect();
        finish(Kind::Interpolation(pieces), span)
    }

    fn variable(&mut self, name: &SmolStr, span: Span, usage: Use) -> Expr {
        if let Some(id) = self.find(name) {
            return self.local(id, span, usage);
        }
        let mut help = format!("Check the spelling of `{name}`, or assign it with `:=` before use");
        let is_field = self.cx.class.is_some_and(|class| match self.cx.side {
            Side::Instance => self.cx.table.all_fields(&class.name).iter().any(|(field, _)| field == name),
            Side::Class => class.class_state.iter().any(|field| field.name == *name),
        });
        if is_field {
            help = format!("Write `self.{name}`: the slots of an object are reached through `self`.");
        } else if let Some(close) = self.closest_variable(name) {
            help.push_str(&format!(". Did you mean `{close}`?"));
        }
        self.error("E0301", span, format!("Undefined variable: {name}"), help)
    }

    fn closest_variable(&self, name: &str) -> Option<SmolStr> {
        let names = self.scopes.iter().rev().flat_map(|scope| scope.names.iter().map(|(name, _)| name.as_str()));
        crate::closest(name, names).map(SmolStr::from)
    }

    pub fn self_ref(&mut self, span: Span, usage: Use) -> Expr {
        match self.receiver {
            Some(receiver) => self.local(receiver, span, usage),
            None => self.error("E0302", span, "self can only be used inside a method body", "Send the message to an object, or move the code into a method."),
        }
    }

    pub fn class_ref(&mut self, name: &ast::ClassName) -> Kind {
        let known = self.cx.table.get(&name.name.name).filter(|class| name.package.as_ref().is_none_or(|package| package.name == class.package));
        if let Some(class) = known {
            return Kind::Class { module: class.module.clone(), name: class.name.clone() };
        }
        if !matches!(name.name.name.as_str(), "Transcript" | "Beamtalk" | "Workspace") {
            self.diagnostics.push(
                Diagnostic::warning("E0320", name.span, format!("Unresolved class `{}`", name.name.name))
                    .in_category(Category::UnresolvedClass)
                    .with_help("It is looked up when the code runs. Check the spelling, or define the class first."),
            );
        }
        Kind::Global(name.name.name.clone())
    }

    fn field(&mut self, receiver: &ast::Expr, name: &ast::Ident, span: Span) -> Expr {
        if !self.check_field_receiver(receiver, name) {
            return Expr { kind: Kind::Atom("nil".into()), span, assigns: false };
        }
        let this = self.self_ref(receiver.span, Use::Local);
        if self.receiver.is_none() {
            return this;
        }
        self.check_field_exists(name);
        Expr { kind: Kind::Field(name.name.clone()), span, assigns: false }
    }

    fn check_field_receiver(&mut self, receiver: &ast::Expr, name: &ast::Ident) -> bool {
        if matches!(receiver.kind, ExprKind::SelfRef) {
            return true;
        }
        self.diagnostics.push(
            Diagnostic::error("E0306", name.span, format!("field access on a non-self receiver: `.{}`", name.name))
                .with_help(format!("Only `self.{0}` reads a slot. Send the message `{0}` instead, or put a space after a `.` that ends a statement.", name.name)),
        );
        false
    }

    fn check_field_exists(&mut self, name: &ast::Ident) {
        let Some(class) = self.cx.class else { return };
        if !self.cx.table.is_complete(&class.name) || class.native.is_some() || class.is_library() {
            return;
        }
        let (known, what): (Vec<SmolStr>, &str) = match self.cx.side {
            Side::Instance => (self.cx.table.all_fields(&class.name).into_iter().map(|(field, _)| field).collect(), "field"),
            Side::Class => {
                (self.cx.table.chain(&class.name).flat_map(|each| each.class_state.iter().map(|field| field.name.clone())).collect(), "class variable")
            }
        };
        if known.contains(&name.name) {
            return;
        }
        let mut diagnostic = Diagnostic::warning("E0307", name.span, format!("Undefined {what} `{}` on class `{}`", name.name, class.name)).in_category(Category::Type);
        diagnostic.help = Some(match crate::closest(&name.name, known.iter().map(SmolStr::as_str)) {
            Some(close) => format!("Did you mean `self.{close}`?"),
            None => format!("Declare it in the class body of `{}`.", class.name),
        });
        self.diagnostics.push(diagnostic);
    }

    fn assignment(&mut self, assign: &ast::Assign, span: Span, usage: Use) -> Expr {
        match &assign.target.kind {
            ExprKind::Variable(name) => {
                let target = ast::Ident { name: name.clone(), span: assign.target.span };
                if let ExprKind::Variable(same) = &assign.value.kind
                    && same == name
                {
                    self.diagnostics.push(
                        Diagnostic::warning("E0313", span, format!("Redundant assignment of `{name}` to itself"))
                            .in_category(Category::Lint)
                            .with_help("Remove it."),
                    );
                }
                let into = self.find(name);
                if usage != Use::Local
                    && let Some(id) = into
                {
                    self.captures.escapes(id);
                }
                // A new variable has no id before its value is lowered; a closure in that value cannot mention it.
                let sites_before = self.captures.site_count();
                let value = self.expr(&assign.value, into.map_or(Use::Escapes, Use::Into));
                let result = self.assign(&target, value);
                if into.is_none()
                    && let Kind::Declare(id, _) = &result.kind
                {
                    let maker = self.activation();
                    self.captures.redirect(sites_before, maker, *id);
                    if usage != Use::Local {
                        self.captures.escapes(*id);
                    }
                }
                result
            }
            ExprKind::Field { receiver, name } => self.set_field(receiver, name, &assign.value, span),
            _ => {
                // The parser reported the target; the value is still worth checking.
                self.expr(&assign.value, Use::Local)
            }
        }
    }

    fn set_field(&mut self, receiver: &ast::Expr, name: &ast::Ident, value: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(value, Use::Escapes);
        if !self.check_field_receiver(receiver, name) {
            return value;
        }
        let this = self.self_ref(receiver.span, Use::Local);
        let Some(class) = self.cx.class else { return this };
        self.check_field_exists(name);
        if self.cx.side == Side::Class {
            self.writes_class_state = true;
        } else if self.cx.table.kind(&class.name) == ClassKind::Value && !self.cx.table.inherits(&class.name, "TestCase") {
            return self.error(
                "E0308",
                span,
                format!("Cannot assign to slot `{}` on value type — use `self {} newValue` to create a new instance", name.name, setter_selector(&name.name)),
                format!("Values never change. Answer `self {} …` instead.", setter_selector(&name.name)),
            );
        }
        Expr { kind: Kind::SetField(name.name.clone(), Box::new(value)), span, assigns: true }
    }

    fn closure(&mut self, block: &ast::Block, span: Span, usage: Use) -> Expr {
        let activation = self.new_activation(span);
        self.closures.push(ClosureContext { activation, captures: BTreeSet::new() });
        let inline = self.inline(block, Use::Escapes);
        let captures: Vec<VarId> = self.closures.pop().map(|closure| closure.captures.into_iter().collect()).unwrap_or_default();
        self.captures.closure(self.activation(), captures.clone(), usage);
        let closure = Closure { activation, parameters: inline.parameters, captures, body: inline.body };
        Expr { kind: Kind::Closure(Box::new(closure)), span, assigns: false }
    }

    fn return_(&mut self, value: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(value, Use::Escapes);
        let assigns = value.assigns;
        if self.closures.is_empty() {
            return Expr { kind: Kind::Return(Box::new(value)), span, assigns };
        }
        self.activations[0].home = true;
        let frame = self.activations[0].frame;
        self.touch(frame);
        Expr { kind: Kind::ReturnHome(Box::new(value)), span, assigns }
    }

    // ---- sends -----------------------------------------------------------------------------------------

    fn send(&mut self, send: &ast::Send, span: Span, usage: Use) -> Expr {
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
        let receiver = self.expr(&send.receiver, Use::Local);
        self.check_instantiation(&receiver, &selector, span);
        let arguments = self.exprs(&send.message.arguments, Use::Local);
        // Errors point at the message, which is what a stack frame's line must name too.
        let at = send.message.parts.first().map_or(span, |part| part.span);
        finish_at(Kind::Send { receiver: Box::new(receiver), selector, arguments }, at)
    }

    fn super_send(&mut self, send: &ast::Send, selector: SmolStr, span: Span) -> Expr {
        let Some(receiver) = self.receiver else {
            return self.error("E0303", span, "super can only be used inside a method body", "Send the message to an object, or move the code into a method.");
        };
        self.touch(receiver);
        self.read[receiver.0 as usize] = true;
        let arguments = self.exprs(&send.message.arguments, Use::Local);
        let at = send.message.parts.first().map_or(span, |part| part.span);
        finish_at(Kind::SuperSend { selector, arguments }, at)
    }

    /// `Erlang module function: argument`.
    fn erlang_call(&mut self, send: &ast::Send, selector: &SmolStr, span: Span) -> Option<Expr> {
        let mut receiver = &send.receiver;
        while let ExprKind::Paren(inner) = &receiver.kind {
            receiver = inner;
        }
        let ExprKind::Send(inner) = &receiver.kind else { return None };
        let ExprKind::Class(name) = &inner.receiver.kind else { return None };
        let module = inner.message.selector();
        let is_gateway = name.name.name == "Erlang" && name.package.is_none() && inner.message.arguments.is_empty();
        let table = self.cx.table;
        let is_protocol = |class: &str, side, selector: &str| table.find_method(class, side, selector).is_some();
        if !is_gateway || is_protocol("Erlang", Side::Class, &module) || is_protocol("Class", Side::Instance, &module) || is_protocol("ErlangModule", Side::Instance, selector) {
            return None;
        }
        if send.message.parts.iter().any(|part| !part.name.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
            return None;
        }
        let function = send.message.parts.first()?.name.trim_end_matches(':').into();
        let arguments = self.exprs(&send.message.arguments, Use::Local);
        let at = send.message.parts.first().map_or(span, |part| part.span);
        Some(finish_at(Kind::ErlangCall { module, function, arguments }, at))
    }

    fn cascade(&mut self, receiver: &ast::Expr, messages: &[ast::Message], span: Span) -> Expr {
        if matches!(receiver.kind, ExprKind::Super) {
            // Every message of the cascade starts above the class.
            let mut body = Vec::new();
            for message in messages {
                let send = ast::Send { receiver: receiver.clone(), message: message.clone() };
                body.push(self.super_send(&send, message.selector(), message.span));
            }
            return finish(Kind::Sequence(Inline { parameters: Vec::new(), body }), span);
        }
        let receiver = self.expr(receiver, Use::Local);
        let mut lowered = Vec::with_capacity(messages.len());
        for message in messages {
            let selector = message.selector();
            self.check_instantiation(&receiver, &selector, message.span);
            let arguments = self.exprs(&message.arguments, Use::Local);
            let at = message.parts.first().map_or(message.span, |part| part.span);
            lowered.push(CascadeMessage { selector, arguments, span: at });
        }
        finish(Kind::Cascade { receiver: Box::new(receiver), messages: lowered }, span)
    }

    fn cast(&mut self, inner: &ast::Expr, span: Span) -> Expr {
        let ExprKind::Send(send) = &inner.kind else {
            return self.expr(inner, Use::Local);
        };
        let receiver = if matches!(send.receiver.kind, ExprKind::Super) { self.self_ref(send.receiver.span, Use::Local) } else { self.expr(&send.receiver, Use::Local) };
        if self.is_value_literal(&receiver) {
            return self.error("E0321", span, "Cannot use ! (cast) on value type: values are not actors", "End the statement with `.` for an ordinary send.");
        }
        let arguments = self.exprs(&send.message.arguments, Use::Local);
        finish(Kind::Cast { receiver: Box::new(receiver), selector: send.message.selector(), arguments }, span)
    }

    fn is_value_literal(&self, receiver: &Expr) -> bool {
        match &receiver.kind {
            Kind::String(_) | Kind::Float(_) | Kind::Array(_) | Kind::Dictionary(_) | Kind::List { .. } => true,
            Kind::Class { name, .. } => self.cx.table.kind(name) == ClassKind::Value,
            _ => false,
        }
    }

    /// `Counter new` on an actor class and other instantiations that cannot work (spec 05b section 7.5).
    fn check_instantiation(&mut self, receiver: &Expr, selector: &str, span: Span) {
        let Kind::Class { name, .. } = &receiver.kind else { return };
        if !matches!(selector, "new" | "new:" | "spawn" | "spawnWith:") || self.cx.library {
            return;
        }
        let table = self.cx.table;
        let Some(class) = table.get(name) else { return };
        let instantiates = matches!(selector, "new" | "new:");
        let found = if instantiates && table.kind(name) == ClassKind::Actor && name != "Actor" {
            Some(("E0330", format!("Actor subclass `{name}` must use `spawn` instead of `new`"), "Actors are processes: write `spawn`, or `spawnWith:` with a Dictionary.".to_owned(), Category::ActorNew))
        } else if class.is_abstract {
            Some(("E0331", format!("Cannot instantiate abstract class `{name}`. Subclass it first."), format!("Define a concrete class: `{name} subclass: …`."), Category::Type))
        } else if instantiates && PRIMITIVE_CLASSES.contains(&name.as_str()) {
            Some(("E0332", format!("Cannot instantiate primitive class `{name}`"), literal_help(name), Category::Type))
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
            self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help).in_category(category));
        }
    }

    fn lacks_constructor(&self, class: &ClassInfo, selector: &str) -> bool {
        let table = self.cx.table;
        table.is_complete(&class.name)
            && table.kind(&class.name) == ClassKind::Object
            && !table.inherits(&class.name, "Exception")
            && table.find_method(&class.name, Side::Class, selector).is_none_or(|(owner, _)| matches!(owner.name.as_str(), "Object" | "ProtoObject" | "Value"))
            && table.find_method("Class", Side::Instance, selector).is_none_or(|_| !matches!(class.name.as_str(), "Class" | "Metaclass" | "Behaviour"))
    }
}

const PRIMITIVE_CLASSES: [&str; 9] = ["Integer", "String", "Float", "True", "False", "UndefinedObject", "Symbol", "Block", "CompiledMethod"];

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

pub(crate) fn finish(kind: Kind, span: Span) -> Expr {
    finish_at(kind, span)
}

/// The expression with its `assigns` flag derived from its parts.
pub(crate) fn finish_at(kind: Kind, span: Span) -> Expr {
    let any = |exprs: &[Expr]| exprs.iter().any(|expr| expr.assigns);
    let assigns = match &kind {
        Kind::SetLocal(..) | Kind::Declare(..) | Kind::SetField(..) | Kind::Destructure { .. } => true,
        Kind::Interpolation(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Value(value) if value.assigns)),
        Kind::List { elements, tail } => any(elements) || tail.as_ref().is_some_and(|tail| tail.assigns),
        Kind::Array(elements) | Kind::Tuple(elements) => any(elements),
        Kind::Dictionary(pairs) => pairs.iter().any(|(key, value)| key.assigns || value.assigns),
        Kind::Send { receiver, arguments, .. } | Kind::Cast { receiver, arguments, .. } => receiver.assigns || any(arguments),
        Kind::SuperSend { arguments, .. } | Kind::ErlangCall { arguments, .. } | Kind::Primitive { arguments, .. } => any(arguments),
        Kind::Cascade { receiver, messages } => receiver.assigns || messages.iter().any(|message| any(&message.arguments)),
        // Control flow compiled in place: assume the worst, it holds statements.
        Kind::Sequence(_) | Kind::If { .. } | Kind::IfNil { .. } | Kind::While { .. } | Kind::Repeat(_) | Kind::Times { .. } | Kind::ToDo { .. } | Kind::Match { .. } => true,
        Kind::Return(value) | Kind::ReturnHome(value) => value.assigns,
        Kind::Integer(_) | Kind::Float(_) | Kind::Character(_) | Kind::String(_) | Kind::Atom(_) | Kind::Local(_) | Kind::Field(_) | Kind::Class { .. } | Kind::Global(_) | Kind::Closure(_) => false,
    };
    Expr { kind, span, assigns }
}

fn matches_expectation(category: &str, diagnostic: &Diagnostic) -> bool {
    if category == "all" {
        return true;
    }
    let Some(of) = diagnostic.category else { return false };
    let name = match of {
        Category::Dnu => "dnu",
        Category::Type => "type",
        Category::Unused => "unused",
        Category::DeadAssignment => "dead_assignment",
        Category::Deprecation => "deprecation",
        Category::ActorNew => "actor_new",
        Category::Visibility => "visibility",
        Category::UnresolvedClass => "unresolved_class",
        Category::UnresolvedFfi => "unresolved_ffi",
        Category::ArityMismatch => "arity_mismatch",
        Category::ShadowedClass => "shadowed_class",
        Category::TypeAnnotation => "type_annotation",
        Category::Inheritance => "inheritance",
        Category::Sendability => "sendability",
        Category::EmptyBody | Category::Lint | Category::ExtensionConflict => return false,
    };
    category == name || (category == "type" && matches!(of, Category::Dnu | Category::TypeAnnotation)) && diagnostic.severity <= Severity::Lint
}
