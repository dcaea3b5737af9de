//! Whether the arms of a `match:` cover all that the matched value may be (spec 05 section 22).
//!
//! The value's type is known when it is declared, of a parameter or a variable. A closed type is a union of
//! symbols, or of nil and classes without subclasses.

use beamtalk_syntax::ast::{self, Expr, ExprKind, Match, Pattern, PatternKind, TypeExpr, TypeKind};
use smol_str::SmolStr;

use super::Checker;

/// Names in scope and what was declared of them, the innermost last.
pub(super) type Scope<'e> = Vec<(&'e str, Option<&'e TypeExpr>)>;

/// One of the types that make a union.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Nil,
    Symbol(SmolStr),
    Class(SmolStr),
}

impl Member {
    fn named(name: &str) -> Self {
        match name {
            "Nil" | "nil" | "UndefinedObject" => Self::Nil,
            _ => Self::Class(name.into()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Nil => "Nil".to_owned(),
            Self::Symbol(name) => format!("#{name}"),
            Self::Class(name) => name.to_string(),
        }
    }
}

impl Checker<'_> {
    /// Each match in a method, whose parameters are in scope.
    pub(super) fn matches_of<'e>(&mut self, method: &'e ast::Method) {
        let mut scope: Scope<'e> = method
            .signature
            .parameters()
            .map(|parameter| (parameter.name.name.as_str(), parameter.annotation.as_ref()))
            .collect();
        for statement in &method.body {
            self.matches(&statement.expr, &mut scope);
        }
    }

    /// Each match in an expression.
    pub(super) fn matches<'e>(&mut self, expr: &'e Expr, scope: &mut Scope<'e>) {
        let outer = scope.len();
        match &expr.kind {
            ExprKind::Block(block) => {
                scope.extend(
                    block
                        .parameters
                        .iter()
                        .map(|parameter| (parameter.name.name.as_str(), parameter.annotation.as_ref())),
                );
                for statement in &block.body {
                    self.matches(&statement.expr, scope);
                }
                scope.truncate(outer);
            }
            ExprKind::Match(matching) => {
                self.covered(matching, scope);
                self.matches(&matching.scrutinee, scope);
                for arm in &matching.arms {
                    names(&arm.pattern, &mut |name| scope.push((name, None)));
                    self.matches(&arm.body, scope);
                    scope.truncate(outer);
                }
            }
            ExprKind::Assign(assign) => {
                self.matches(&assign.value, scope);
                if let (ExprKind::Variable(name), Some(annotation)) =
                    (&assign.target.kind, &assign.annotation)
                {
                    scope.push((name.as_str(), Some(annotation)));
                }
            }
            _ => expr.for_each_child(&mut |child| self.matches(child, scope)),
        }
    }

    fn covered(&mut self, matching: &Match, scope: &Scope<'_>) {
        let Some(members) = self.declared(&matching.scrutinee, scope) else { return };
        let unguarded =
            || matching.arms.iter().filter(|arm| arm.guard.is_none()).map(|arm| &arm.pattern.kind);
        if unguarded().any(|pattern| matches!(pattern, PatternKind::Wildcard | PatternKind::Variable(_)))
            || unguarded().any(|pattern| matches!(pattern, PatternKind::Constructor { .. }))
        {
            return;
        }
        let texts = |members: &[Member]| members.iter().map(Member::text).collect::<Vec<_>>().join(" | ");
        if !self.is_closed(&members, &matching.arms) {
            if matching.exhaustive {
                let message = format!(
                    "cannot verify `matchExhaustive:` is exhaustive — scrutinee type `{}` is not a closed union",
                    texts(&members)
                );
                let help = "A closed union is of symbols, or of nil and classes without subclasses; otherwise write `match:`.";
                self.error("E0356", matching.keyword_span, message, help);
            }
            return;
        }
        let missing: Vec<Member> = members
            .into_iter()
            .filter(|member| !unguarded().any(|pattern| covers(pattern, member)))
            .collect();
        if missing.is_empty() {
            return;
        }
        let keyword = if matching.exhaustive { "matchExhaustive:" } else { "match:" };
        let message = format!("non-exhaustive {keyword} `{}` is not handled", texts(&missing));
        let help = "Add an arm for it, or `_ -> …` as the last arm.";
        if matching.exhaustive {
            self.error("E0356", matching.keyword_span, message, help);
        } else {
            self.warning("E0355", matching.keyword_span, message, help);
        }
    }

    /// The members of the value's declared type, if it has one that names classes and symbols only.
    fn declared(&self, scrutinee: &Expr, scope: &Scope<'_>) -> Option<Vec<Member>> {
        let ExprKind::Variable(name) = &scrutinee.unparenthesised().kind else { return None };
        let (_, annotation) = scope.iter().rev().find(|(known, _)| *known == name.as_str())?;
        let mut members = Vec::new();
        add((*annotation)?, &mut members)?;
        // A name that is no class may stand for any type.
        let known = |member: &Member| match member {
            Member::Class(name) => self.cx.table.get(name).is_some(),
            Member::Nil | Member::Symbol(_) => true,
        };
        members.iter().all(known).then_some(members)
    }

    fn is_closed(&self, members: &[Member], arms: &[ast::Arm]) -> bool {
        let symbols = members.iter().all(|member| matches!(member, Member::Symbol(_)));
        let of_classes = members.len() > 1
            && members.iter().all(|member| match member {
                Member::Nil => true,
                Member::Symbol(_) => false,
                Member::Class(name) => self.is_leaf(name),
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

/// `None` for a type that is more than names and symbols.
fn add(annotation: &TypeExpr, members: &mut Vec<Member>) -> Option<()> {
    match &annotation.kind {
        TypeKind::Singleton(name) => members.push(Member::Symbol(name.clone())),
        TypeKind::Name { name, arguments } if arguments.is_empty() && name.package.is_none() => {
            members.push(Member::named(&name.name.name));
        }
        TypeKind::Union(parts) => return parts.iter().try_for_each(|part| add(part, members)),
        TypeKind::Paren(inner) => return add(inner, members),
        _ => return None,
    }
    Some(())
}

/// The names that a pattern binds.
fn names<'p>(pattern: &'p Pattern, bind: &mut impl FnMut(&'p str)) {
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
