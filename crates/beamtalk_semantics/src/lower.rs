//! Binding names: from the syntax tree of one body to its resolved form.

use std::collections::BTreeSet;

use beamtalk_syntax::ast::{self, ExprKind};
use beamtalk_text::{Category, Diagnostic, Span};
use smol_str::SmolStr;

use crate::captures::{Captures, Use, new_var};
use crate::checks;
use crate::class_writes::ClassEffects;
use crate::classes::{ClassInfo, ClassTable, Side, USER};
use crate::hir::{Activation, ActivationId, Expr, Inline, Kind, Unit, Var, VarId};
use crate::native::is_delegating;

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
    /// The package whose code it is: of an extension, not that of the class.
    pub package: &'a str,
}

/// A name that exists before an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputVariable {
    /// The name.
    pub name: SmolStr,
    /// Where its value is.
    pub home: InputHome,
}

/// Where the value of a name is that exists before an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputHome {
    /// It is a variable of the session.
    Value,
    /// It is a variable of the session, and a cell already.
    Cell,
    /// It is bound in the workspace, where it is looked up when the code runs.
    Workspace,
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
        lowerer.parameters += 1;
    }
    let body = match lowerer.delegation(method, &parameters) {
        Some(call) => vec![call],
        None => lowerer.statements(&method.body, Use::Escapes),
    };
    let exempt = is_delegating(method)
        || matches!(method.body.as_slice(), [one] if matches!(one.expr.kind, ExprKind::Primitive { .. }));
    if !cx.library {
        if !exempt {
            lowerer.report_unused();
        }
        lowerer.diagnostics.extend(checks::method(cx, method));
        lowerer.writes_class_state |= writes_by_messages(cx, method);
    }
    lowerer.finish(parameters, body)
}

/// Whether the method's messages to its own class write class variables.
fn writes_by_messages(cx: MethodContext<'_>, method: &ast::Method) -> bool {
    cx.side == Side::Class
        && cx.class.is_some_and(|class| {
            cx.table.writes_class_state(&class.name, class.superclass.as_deref(), &ClassEffects::of(method))
        })
}

/// Resolve the statements of a prompt input over the session's variables.
#[must_use]
pub fn lower_input(
    table: &ClassTable,
    variables: &[InputVariable],
    statements: &[&ast::Statement],
) -> Lowered {
    let cx = MethodContext { table, class: None, side: Side::Instance, library: false, package: USER };
    let mut lowerer = Lowerer::new(cx);
    lowerer.session_scope = true;
    for InputVariable { name, home } in variables {
        if *home == InputHome::Workspace {
            lowerer.globals.push(name.clone());
            continue;
        }
        let id = lowerer.declare(name.clone(), Span::default());
        if *home == InputHome::Cell {
            lowerer.captures.force_cells(std::iter::once(id));
        }
    }
    let body = lowerer.statement_list(statements.iter().copied(), Use::Escapes);
    let session: Vec<VarId> = lowerer.scopes[0].names.iter().map(|(_, id)| *id).collect();
    if lowerer.activations[0].home {
        let assigned: Vec<VarId> =
            session.iter().copied().filter(|id| lowerer.assigned[id.0 as usize]).collect();
        lowerer.captures.force_cells(assigned.into_iter());
    }
    lowerer.diagnostics.extend(checks::statements(cx, statements));
    let mut lowered = lowerer.finish(Vec::new(), body);
    lowered.session = session;
    lowered
}

/// Resolve a field's default expression, which has no receiver and no locals around it.
#[must_use]
pub fn lower_expression(cx: MethodContext<'_>, expression: &ast::Expr) -> Lowered {
    let mut lowerer = Lowerer::new(cx);
    let body = vec![lowerer.expr(expression, Use::Escapes)];
    if !cx.library {
        lowerer.diagnostics.extend(checks::expression(cx, expression));
    }
    lowerer.finish(Vec::new(), body)
}

pub(crate) struct Scope {
    pub names: Vec<(SmolStr, VarId)>,
}

pub(crate) struct ClosureContext {
    pub(crate) activation: ActivationId,
    pub(crate) captures: BTreeSet<VarId>,
    /// Not a block, but a message that is sent apart: it is called where it stands, with values.
    pub(crate) apart: bool,
    /// The receiver, if it is given to a `ClassBuilder` as a method.
    pub(crate) receiver: Option<VarId>,
    /// Where `super` starts, if the block is such a method and uses it: a variable that is set when it begins.
    pub(crate) home: Option<VarId>,
}

pub(crate) struct Lowerer<'a> {
    pub(crate) cx: MethodContext<'a>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) captures: Captures,
    pub(crate) vars: Vec<Var>,
    pub(crate) read: Vec<bool>,
    pub(crate) assigned: Vec<bool>,
    pub(crate) reported: Vec<VarId>,
    /// How many parameters the method has.
    pub(crate) parameters: u32,
    pub(crate) activations: Vec<Activation>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) closures: Vec<ClosureContext>,
    pub(crate) receiver: Option<VarId>,
    pub(crate) session_scope: bool,
    /// Names bound in the workspace.
    pub(crate) globals: Vec<SmolStr>,
    /// Within a message that is sent apart, where no control flow is compiled in place for any receiver.
    pub(crate) sends_all: bool,
    pub(crate) writes_class_state: bool,
}

impl<'a> Lowerer<'a> {
    pub(crate) fn new(cx: MethodContext<'a>) -> Self {
        let mut lowerer = Self {
            cx,
            diagnostics: Vec::new(),
            captures: Captures::default(),
            vars: Vec::new(),
            read: Vec::new(),
            assigned: Vec::new(),
            reported: Vec::new(),
            parameters: 0,
            activations: Vec::new(),
            scopes: vec![Scope { names: Vec::new() }],
            closures: Vec::new(),
            receiver: None,
            session_scope: false,
            globals: Vec::new(),
            sends_all: false,
            writes_class_state: false,
        };
        lowerer.new_activation(0, Span::default());
        lowerer
    }

    pub(crate) fn finish(mut self, parameters: Vec<VarId>, body: Vec<Expr>) -> Lowered {
        self.captures.finish(&mut self.vars, &mut self.activations);
        let unit = Unit {
            vars: self.vars,
            activations: self.activations,
            parameters,
            body,
            writes_class_state: self.writes_class_state,
        };
        Lowered { unit, session: Vec::new(), diagnostics: self.diagnostics }
    }

    // ---- variables -------------------------------------------------------------------------------------

    pub(crate) fn new_activation(&mut self, depth: u32, span: Span) -> ActivationId {
        let id = ActivationId(u32::try_from(self.activations.len()).unwrap_or(u32::MAX));
        // The frame variable is declared before the activation is pushed, so give it its id by hand.
        let frame = self.new_var("^".into(), id, span);
        self.activations.push(Activation {
            frame,
            depth,
            cells: false,
            keep_cells: false,
            watched: false,
            home: false,
            apart: false,
        });
        id
    }

    pub(crate) fn new_var(&mut self, name: SmolStr, activation: ActivationId, span: Span) -> VarId {
        let id = VarId(u32::try_from(self.vars.len()).unwrap_or(u32::MAX));
        self.vars.push(new_var(name, activation, span));
        self.read.push(false);
        self.assigned.push(false);
        self.captures.declared();
        id
    }

    pub(crate) fn activation(&self) -> ActivationId {
        self.closures.last().map_or(ActivationId(0), |closure| closure.activation)
    }

    /// A variable without a name that code could use.
    pub(crate) fn declare_hidden(&mut self, name: &str, span: Span) -> VarId {
        self.new_var(name.into(), self.activation(), span)
    }

    pub(crate) fn declare(&mut self, name: SmolStr, span: Span) -> VarId {
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
    pub(crate) fn declare_local(&mut self, name: SmolStr, span: Span) -> VarId {
        let id = self.declare(name, span);
        self.vars[id.0 as usize].session = false;
        id
    }

    pub(crate) fn span_of(&self, var: VarId) -> Span {
        self.vars[var.0 as usize].span
    }

    pub(crate) fn lookup(&self, name: &str) -> Option<VarId> {
        self.find(name)
    }

    /// The receiver and the method's parameters.
    pub(crate) fn parameters_in_scope(&self) -> Vec<VarId> {
        self.receiver.into_iter().chain(self.scopes[0].names.iter().map(|(_, id)| *id)).collect()
    }

    pub(crate) fn declare_parameter(&mut self, parameter: &ast::Parameter, of_method: bool) -> VarId {
        let name = &parameter.name;
        let outer = || {
            self.scopes
                .iter()
                .rev()
                .skip(1)
                .any(|scope| scope.names.iter().any(|(each, _)| *each == name.name))
        };
        let hides = || outer() || self.is_slot(&name.name);
        if !of_method && !name.name.starts_with('_') && hides() {
            self.diagnostics.push(
                Diagnostic::warning(
                    "E0311",
                    name.span,
                    format!("block parameter `{}` shadows an outer variable", name.name),
                )
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

    /// Whether a variable is a parameter of the method.
    fn is_parameter(&self, id: VarId) -> bool {
        // Those are declared right after the receiver, each with nothing in between.
        self.receiver.is_some_and(|receiver| id.0 - receiver.0 <= self.parameters)
    }

    /// Whether `name` is a slot that `self.name` reads here.
    pub(crate) fn is_slot(&self, name: &str) -> bool {
        self.cx.class.is_some_and(|class| match self.cx.side {
            Side::Instance => self.cx.table.all_fields(&class.name).iter().any(|(field, _)| field == name),
            Side::Class => class.class_state.iter().any(|field| field.name == *name),
        })
    }

    pub(crate) fn find(&self, name: &str) -> Option<VarId> {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.names.iter().rev().find(|(each, _)| each == name).map(|(_, id)| *id))
    }

    /// Note that the running activation uses `var`; closures between capture it.
    pub(crate) fn touch(&mut self, var: VarId) -> bool {
        let home = self.vars[var.0 as usize].activation;
        let mut captured = false;
        for closure in self.closures.iter_mut().rev() {
            if closure.activation == home {
                break;
            }
            closure.captures.insert(var);
            // What is called in place gets the value as it is then, and so do the blocks in it. Variables of a session are shared.
            captured = !closure.apart || self.vars[var.0 as usize].session;
        }
        if captured {
            self.captures.captured(var);
        }
        captured
    }

    pub(crate) fn local(&mut self, var: VarId, span: Span, usage: Use) -> Expr {
        self.touch(var);
        self.read[var.0 as usize] = true;
        self.noted(var, usage);
        Expr { kind: Kind::Local(var), span, assigns: false }
    }

    /// Note what happens to a variable's value.
    pub(crate) fn noted(&mut self, var: VarId, usage: Use) {
        match usage {
            Use::Local => {}
            Use::Given => self.captures.given(var),
            Use::Escapes | Use::Into(_) => self.captures.escapes(var),
        }
    }

    /// `name := value`: declares the name where no scope knows it.
    pub(crate) fn assign(&mut self, name: &ast::Ident, value: Expr) -> Expr {
        let (kind, id) = if let Some(id) = self.find(&name.name) {
            let captured = self.touch(id);
            self.captures.assigned(id, captured);
            (Kind::SetLocal(id, Box::new(value)), id)
        } else {
            let id = self.declare(name.name.clone(), name.span);
            if !self.vars[id.0 as usize].session {
                self.reported.push(id);
            }
            (Kind::Declare(id, Box::new(value)), id)
        };
        self.assigned[id.0 as usize] = true;
        Expr { kind, span: name.span, assigns: true }
    }

    pub(crate) fn report_unused(&mut self) {
        for id in &self.reported {
            let var = &self.vars[id.0 as usize];
            // Of two parameters of one name the first cannot be read; that they are two is said already.
            let hidden = || {
                let mut later = self.reported.iter().skip_while(|each| *each != id).skip(1);
                self.is_parameter(*id)
                    && later
                        .any(|each| self.is_parameter(*each) && self.vars[each.0 as usize].name == var.name)
            };
            if self.read[id.0 as usize] || var.name.starts_with('_') || hidden() {
                continue;
            }
            let what = if self.is_parameter(*id) { "parameter" } else { "variable" };
            self.diagnostics.push(
                Diagnostic::warning("E0310", var.span, format!("unused {what} `{}`", var.name))
                    .in_category(Category::Unused)
                    .with_help(format!("Remove it, or write `_{}` to say that it is meant.", var.name)),
            );
        }
    }

    pub(crate) fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(Scope { names: Vec::new() });
        let result = work(self);
        self.scopes.pop();
        result
    }

    // ---- statements ------------------------------------------------------------------------------------

    pub(crate) fn statements(&mut self, statements: &[ast::Statement], usage: Use) -> Vec<Expr> {
        self.statement_list(statements.iter(), usage)
    }

    pub(crate) fn statement_list<'s>(
        &mut self,
        statements: impl ExactSizeIterator<Item = &'s ast::Statement>,
        usage: Use,
    ) -> Vec<Expr> {
        let last = statements.len().saturating_sub(1);
        let mut lowered = Vec::with_capacity(statements.len());
        let mut returned = None;
        for (index, statement) in statements.enumerate() {
            if returned == Some(index) {
                self.diagnostics.push(
                    Diagnostic::warning("E0312", statement.span, "unreachable code after `^`")
                        .in_category(Category::Lint)
                        .with_help("Remove it, or return later."),
                );
            }
            lowered.push(self.expr(&statement.expr, if index == last { usage } else { Use::Local }));
            if matches!(statement.expr.kind, ExprKind::Return(_)) {
                // Said once: at the statement after the first return.
                returned.get_or_insert(index + 1);
            }
        }
        lowered
    }

    /// The statements of a literal block, in place.
    pub(crate) fn inline(&mut self, block: &ast::Block, usage: Use) -> Inline {
        self.scoped(|this| {
            let parameters =
                block.parameters.iter().map(|parameter| this.declare_parameter(parameter, false)).collect();
            let body = this.statements(&block.body, usage);
            Inline { parameters, body }
        })
    }
}
