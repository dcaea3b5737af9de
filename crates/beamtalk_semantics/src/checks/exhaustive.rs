//! Whether the arms of a `match:` cover all that the matched value may be (spec 05 section 22).
//!
//! A closed type is a union of symbols, or of nil and classes without subclasses.

use beamtalk_syntax::ast::{self, Expr, ExprKind, Match, Message, Pattern, PatternKind, Statement};

use super::Checker;
use super::infer::{Scope, UNANNOTATED, bind, enter_arm, literal_block};
use crate::types::{Member, Type, joined};

impl Checker<'_> {
    /// Each match in a method, and each message that is not for everyone. Its parameters are in scope.
    pub(super) fn matches_of(&mut self, method: &ast::Method) {
        if !method.body.iter().any(|statement| self.wants_types(&statement.expr)) {
            return;
        }
        let mut scope = Scope::new();
        for parameter in method.signature.parameters() {
            let annotation = parameter.annotation.as_ref();
            let ty = annotation.map_or(UNANNOTATED, |annotation| self.meaning().of(annotation));
            bind(&mut scope, &parameter.name.name, ty);
        }
        self.matches_in(&method.body, &mut scope);
    }

    /// Each match in statements.
    pub(super) fn matches_in<'s>(
        &mut self,
        statements: impl IntoIterator<Item = &'s Statement>,
        scope: &mut Scope,
    ) {
        for statement in statements {
            self.matches(&statement.expr, scope);
            self.after_guard(&statement.expr, scope);
        }
    }

    /// Each match in an expression.
    pub(super) fn matches(&mut self, expr: &Expr, scope: &mut Scope) {
        match &expr.kind {
            ExprKind::Block(block) => self.matches_in_block(block, &[], None, scope),
            ExprKind::Match(matching) => {
                self.covered(matching, scope);
                self.matches(&matching.scrutinee, scope);
                let mut residual = self.type_of(&matching.scrutinee, scope);
                for arm in &matching.arms {
                    let outer = scope.len();
                    enter_arm(matching, arm, &mut residual, scope);
                    self.matches(&arm.body, scope);
                    leave(scope, outer);
                }
            }
            ExprKind::Assign(assign) => {
                self.matches(&assign.value, scope);
                self.note_assignment(expr, scope);
            }
            ExprKind::Send(send) => {
                self.matches(&send.receiver, scope);
                if self.may_be_hidden(&send.message.selector()) {
                    let receiver = self.type_of(&send.receiver, scope);
                    self.visible_message(&receiver, &send.message);
                }
                self.matches_in_arguments(&send.receiver, &send.message, scope);
            }
            ExprKind::Cascade { receiver, messages } => {
                self.matches(receiver, scope);
                for message in messages {
                    if self.may_be_hidden(&message.selector()) {
                        let receiver = self.type_of(receiver, scope);
                        self.visible_message(&receiver, message);
                    }
                    self.matches_in_arguments(receiver, message, scope);
                }
            }
            _ => expr.for_each_child(&mut |child| self.matches(child, scope)),
        }
    }

    /// Blocks learn from the receiver what their parameters are, and from its test what they may rely on.
    fn matches_in_arguments(&mut self, receiver: &Expr, message: &Message, scope: &mut Scope) {
        let selector = message.selector();
        for (index, argument) in message.arguments.iter().enumerate() {
            let Some(block) = literal_block(argument) else {
                self.matches(argument, scope);
                continue;
            };
            let when = match (selector.as_str(), index) {
                ("ifTrue:" | "ifTrue:ifFalse:" | "and:", 0) | ("ifFalse:ifTrue:", 1) => Some(true),
                ("ifFalse:" | "ifFalse:ifTrue:" | "or:", 0) | ("ifTrue:ifFalse:", 1) => Some(false),
                _ => None,
            };
            let parameters = if block.parameters.is_empty() {
                Vec::new()
            } else {
                let of_receiver = self.type_of(receiver, scope);
                self.block_parameters(&of_receiver, message, index)
            };
            self.matches_in_block(block, &parameters, when.map(|when| (receiver, when)), scope);
        }
    }

    fn matches_in_block(
        &mut self,
        block: &ast::Block,
        parameters: &[Type],
        test: Option<(&Expr, bool)>,
        scope: &mut Scope,
    ) {
        let outer = scope.len();
        if let Some((condition, when)) = test {
            self.enter_branch(condition, when, scope);
        }
        self.enter_block(block, parameters, scope);
        self.matches_in(&block.body, scope);
        leave(scope, outer);
    }

    /// Whether something can be said of the expression that needs types.
    pub(super) fn wants_types(&self, expr: &Expr) -> bool {
        let mut found = match &expr.kind {
            ExprKind::Match(_) => true,
            ExprKind::Send(send) => self.may_be_hidden(&send.message.selector()),
            ExprKind::Cascade { messages, .. } => {
                messages.iter().any(|message| self.may_be_hidden(&message.selector()))
            }
            _ => false,
        };
        expr.for_each_child(&mut |child| found = found || self.wants_types(child));
        found
    }

    fn covered(&mut self, matching: &Match, scope: &mut Scope) {
        let unguarded =
            || matching.arms.iter().filter(|arm| arm.guard.is_none()).map(|arm| &arm.pattern.kind);
        if unguarded().any(|pattern| matches!(pattern, PatternKind::Wildcard | PatternKind::Variable(_)))
            || unguarded().any(|pattern| matches!(pattern, PatternKind::Constructor { .. }))
        {
            return;
        }
        let ty = self.type_of(&matching.scrutinee, scope);
        if self.steps.get() == 0 {
            return;
        }
        let closed = ty.members().filter(|members| self.is_closed(members, &matching.arms));
        let Some(members) = closed else {
            if matching.exhaustive {
                let message = format!(
                    "cannot verify `matchExhaustive:` is exhaustive — scrutinee type `{ty}` is not a closed union"
                );
                let help = "A closed union is of symbols, or of nil and classes without subclasses; otherwise write `match:`.";
                self.error("E0356", matching.keyword_span, message, help);
            }
            return;
        };
        let missing: Vec<Member> = members
            .iter()
            .filter(|member| !unguarded().any(|pattern| covers(pattern, member)))
            .cloned()
            .collect();
        if missing.is_empty() {
            return;
        }
        let keyword = if matching.exhaustive { "matchExhaustive:" } else { "match:" };
        let message = format!("non-exhaustive {keyword} `{}` is not handled", joined(&missing));
        let help = "Add an arm for it, or `_ -> …` as the last arm.";
        if matching.exhaustive {
            self.error("E0356", matching.keyword_span, message, help);
        } else {
            self.warning("E0355", matching.keyword_span, message, help);
        }
    }

    fn is_closed(&self, members: &[Member], arms: &[ast::Arm]) -> bool {
        let symbols = members.iter().all(|member| matches!(member, Member::Symbol(_)));
        let of_classes = members.len() > 1
            && members.iter().all(|member| match member {
                Member::Nil => true,
                Member::Instance(name, arguments) => arguments.is_empty() && self.is_leaf(name),
                Member::Symbol(_) | Member::Class(_) | Member::Other(_) => false,
            });
        let by_class = arms.iter().any(|arm| match &arm.pattern.kind {
            PatternKind::Typed { .. } => true,
            PatternKind::Literal(literal) => matches!(literal.kind, ExprKind::Nil),
            _ => false,
        });
        symbols || (of_classes && by_class)
    }

    fn is_leaf(&self, name: &str) -> bool {
        let table = self.cx.table;
        let listed =
            matches!(name, "String" | "Integer" | "Float" | "List" | "Dictionary" | "Boolean" | "Symbol");
        let supervises = || {
            table.chain(name).any(|class| matches!(class.name.as_str(), "Supervisor" | "DynamicSupervisor"))
        };
        listed
            || table
                .get(name)
                .is_some_and(|class| !class.is_abstract && !supervises() && table.subclasses(name).is_empty())
    }
}

/// Names that a block or an arm brought into scope go. What it assigned to others may be so or as before.
fn leave(scope: &mut Scope, outer: usize) {
    let inner = scope.split_off(outer);
    for known in inner.into_iter().filter(|known| known.assigned) {
        let before = scope.iter().rev().find(|each| each.name == known.name);
        if let Some(ty) = before.map(|before| Type::union([before.ty.clone(), known.ty.clone()])) {
            scope.push(super::infer::Known { ty, ..known });
        }
    }
}

fn covers(pattern: &PatternKind, member: &Member) -> bool {
    match (pattern, member) {
        (PatternKind::Typed { class, .. }, Member::Symbol(_)) => class.name.name == "Symbol",
        (PatternKind::Typed { class, .. }, member) => Member::named(&class.name.name) == *member,
        (PatternKind::Literal(literal), Member::Nil) => matches!(literal.kind, ExprKind::Nil),
        (PatternKind::Literal(literal), Member::Symbol(name)) => {
            matches!(&literal.kind, ExprKind::Symbol(symbol) if symbol == name)
        }
        _ => false,
    }
}

/// The names that a pattern binds.
pub(crate) fn names<'p>(pattern: &'p Pattern, bind: &mut impl FnMut(&'p str)) {
    match &pattern.kind {
        PatternKind::Variable(name) => bind(name.as_str()),
        PatternKind::Typed { name, .. } => bind(name.name.as_str()),
        PatternKind::Tuple(elements) => elements.iter().for_each(|element| names(element, bind)),
        PatternKind::Array { elements, rest } | PatternKind::List { elements, rest } => {
            for element in elements {
                names(element, bind);
            }
            if let Some(name) = rest.as_ref().and_then(|rest| rest.name.as_ref()) {
                bind(name.name.as_str());
            }
        }
        PatternKind::Dictionary(entries) => entries.iter().for_each(|(_, value)| names(value, bind)),
        PatternKind::Constructor { parts, .. } => parts.iter().for_each(|(_, part)| names(part, bind)),
        PatternKind::Binary(segments) => {
            segments
                .iter()
                .filter_map(|segment| segment.name.as_ref())
                .for_each(|name| bind(name.name.as_str()));
        }
        PatternKind::Wildcard | PatternKind::Literal(_) | PatternKind::Error => {}
    }
}
