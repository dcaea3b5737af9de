//! Which variables a piece of a body uses and assigns.

use std::collections::BTreeSet;

use beamtalk_semantics::hir::{
    ActivationId, Apart, Branch, Closure, Expr, Inline, Kind, Pattern, PatternKind, Piece, Rest, Storage,
    Unit, VarId,
};

/// What was found.
#[derive(Debug, Default)]
pub struct Uses {
    /// Variables read, assigned or captured, the receiver and frames included.
    pub used: BTreeSet<VarId>,
    /// Variables assigned (not brought into being) that live in registers.
    pub assigned: BTreeSet<VarId>,
    /// Variables brought into being.
    pub declared: BTreeSet<VarId>,
    /// Whether there is a `^` of the running activation.
    pub returns: bool,
}

impl Uses {
    /// Of statements.
    pub fn of(unit: &Unit, body: &[Expr]) -> Self {
        let mut walk = Walk { unit, uses: Self::default() };
        walk.exprs(body);
        walk.uses
    }

    /// Of a loop's parts; the body's parameters are its own.
    pub fn of_loop(unit: &Unit, parts: &[&Inline]) -> Self {
        let mut walk = Walk { unit, uses: Self::default() };
        for part in parts {
            walk.inline(part);
        }
        walk.uses
    }

    /// Variables that come from outside: used, but not brought into being within. Ascending.
    pub fn free(&self) -> Vec<VarId> {
        self.used.difference(&self.declared).copied().collect()
    }

    /// Outside variables in registers that are assigned within. Ascending.
    pub fn changed(&self) -> Vec<VarId> {
        self.assigned.difference(&self.declared).copied().collect()
    }
}

struct Walk<'u> {
    unit: &'u Unit,
    uses: Uses,
}

impl Walk<'_> {
    fn exprs(&mut self, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn inline(&mut self, inline: &Inline) {
        for parameter in &inline.parameters {
            self.declare(*parameter);
        }
        self.exprs(&inline.body);
    }

    fn branch(&mut self, branch: &Branch) {
        if let Branch::Inline(inline) = branch {
            self.inline(inline);
        }
    }

    fn declare(&mut self, var: VarId) {
        self.uses.declared.insert(var);
        self.uses.used.insert(var);
        let info = self.unit.var(var);
        if info.storage == Storage::Cell && !info.session {
            self.frame(info.activation);
        }
    }

    fn frame(&mut self, activation: ActivationId) {
        self.uses.used.insert(self.unit.activations[activation.0 as usize].frame);
    }

    fn receiver(&mut self) {
        if let Some(receiver) = self.unit.parameters.first() {
            self.uses.used.insert(*receiver);
        }
    }

    fn apart(&mut self, apart: Option<&Apart>) {
        let Some(apart) = apart else { return };
        self.uses.used.extend(&apart.captures);
        self.uses.used.extend(&apart.copied);
        let in_registers = |var: &&VarId| self.unit.var(**var).storage == Storage::Register;
        let assigned = apart.copied[..apart.assigned].iter();
        self.uses.assigned.extend(assigned.filter(in_registers));
        if self.unit.activations[apart.activation.0 as usize].home {
            match apart.home {
                Some(home) => self.frame(home),
                None => self.uses.returns = true,
            }
        }
    }

    fn closure(&mut self, closure: &Closure) {
        self.uses.used.extend(&closure.captures);
    }

    #[allow(clippy::too_many_lines, reason = "one arm a form")]
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Character(_)
            | Kind::String(_)
            | Kind::Atom(_)
            | Kind::Class { .. }
            | Kind::Global(_) => {}
            Kind::Interpolation(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value) = piece {
                        self.expr(value);
                    }
                }
            }
            Kind::List { elements, tail } => {
                self.exprs(elements);
                if let Some(tail) = tail {
                    self.expr(tail);
                }
            }
            Kind::Array(elements) | Kind::Tuple(elements) => self.exprs(elements),
            Kind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Kind::Local(var) => {
                self.uses.used.insert(*var);
            }
            Kind::SetLocal(var, value) => {
                self.expr(value);
                self.uses.used.insert(*var);
                if self.unit.var(*var).storage == Storage::Register {
                    self.uses.assigned.insert(*var);
                }
            }
            Kind::Declare(var, value) => {
                self.expr(value);
                self.declare(*var);
            }
            Kind::Field(_) => self.receiver(),
            Kind::SetField(_, value) => {
                self.receiver();
                self.expr(value);
            }
            Kind::Send { receiver, arguments, .. } | Kind::Cast { receiver, arguments, .. } => {
                self.expr(receiver);
                self.exprs(arguments);
            }
            Kind::SuperSend { arguments, .. } => {
                self.receiver();
                self.exprs(arguments);
            }
            Kind::ErlangCall { arguments, .. } | Kind::Primitive { arguments, .. } => {
                self.exprs(arguments);
            }
            Kind::Cascade { receiver, messages } => {
                self.expr(receiver);
                for message in messages {
                    self.exprs(&message.arguments);
                }
            }
            Kind::Closure(closure) => self.closure(closure),
            Kind::Sequence(inline) | Kind::Repeat(inline) => self.inline(inline),
            Kind::If { condition, on_true, on_false, other, .. } => {
                self.expr(condition);
                self.branch(on_true);
                self.branch(on_false);
                self.apart(other.as_deref());
            }
            Kind::IfNil { receiver, on_nil, not_nil } => {
                self.expr(receiver);
                self.branch(on_nil);
                self.branch(not_nil);
            }
            Kind::While { condition, body, .. } => {
                self.inline(condition);
                self.inline(body);
            }
            Kind::Times { count, body, other } => {
                self.expr(count);
                self.inline(body);
                self.apart(other.as_deref());
            }
            Kind::ToDo { from, to, step, body, other, .. } => {
                self.apart(other.as_deref());
                self.expr(from);
                self.expr(to);
                if let Some(step) = step {
                    self.expr(step);
                }
                self.inline(body);
            }
            Kind::Match { scrutinee, arms } => {
                self.expr(scrutinee);
                for arm in arms {
                    self.pattern(&arm.pattern);
                    if let Some(guard) = &arm.guard {
                        self.expr(guard);
                    }
                    self.expr(&arm.body);
                }
            }
            Kind::Destructure { pattern, value } => {
                self.expr(value);
                self.pattern(pattern);
            }
            Kind::Return(value) => {
                self.uses.returns = true;
                self.expr(value);
            }
            Kind::ReturnHome(home, value) => {
                self.frame(*home);
                self.expr(value);
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Wildcard => {}
            PatternKind::Literal(literal) => self.expr(literal),
            PatternKind::Bind(var) | PatternKind::Typed { var, .. } => self.declare(*var),
            PatternKind::Same(var) => {
                self.uses.used.insert(*var);
            }
            PatternKind::Tuple(elements) => self.patterns(elements),
            PatternKind::Array { elements, rest } | PatternKind::List { elements, rest } => {
                self.patterns(elements);
                if let Rest::Bound(var) = rest {
                    self.declare(*var);
                }
            }
            PatternKind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    self.expr(key);
                    self.pattern(value);
                }
            }
            PatternKind::Result { pattern, .. } => self.pattern(pattern),
            PatternKind::Binary(segments) => {
                for (_, var) in segments {
                    if let Some(var) = var {
                        self.declare(*var);
                    }
                }
            }
        }
    }

    fn patterns(&mut self, patterns: &[Pattern]) {
        for pattern in patterns {
            self.pattern(pattern);
        }
    }
}
