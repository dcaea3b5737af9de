//! `match:` and destructuring assignment.

use beamtalk_syntax::ast::{self, PatternKind as Ast};
use beamtalk_text::{Category, Diagnostic, Span};
use smol_str::SmolStr;

use crate::captures::Use;
use crate::expressions::finish;
use crate::hir::{Arm, Expr, Inline, Kind, Pattern, PatternKind, Rest, VarId};
use crate::lower::Lowerer;

/// The names that a pattern has bound so far.
#[derive(Default)]
struct Bound {
    names: Vec<(SmolStr, VarId)>,
    /// Whether it is a pattern of `match:`, not of an assignment.
    of_match: bool,
    /// Whether the part at hand is an element of a list or array.
    in_sequence: bool,
}

impl Bound {
    fn find(&self, name: &str) -> Option<VarId> {
        self.names.iter().find(|(each, _)| each == name).map(|(_, id)| *id)
    }
}

impl Lowerer<'_> {
    pub(crate) fn match_(&mut self, match_: &ast::Match, span: Span, usage: Use) -> Expr {
        let scrutinee = Box::new(self.expr(&match_.scrutinee, Use::Escapes));
        let arms: Vec<Arm> = match_.arms.iter().map(|arm| self.arm(arm, usage)).collect();
        self.check_result_arms(match_);
        finish(
            Kind::Match { scrutinee, arms },
            match_.keyword_span.to(Span::empty(span.end.min(match_.keyword_span.end))),
        )
    }

    fn arm(&mut self, arm: &ast::Arm, usage: Use) -> Arm {
        self.scoped(|this| {
            let mut bound = Bound { of_match: true, ..Bound::default() };
            let pattern = this.pattern(&arm.pattern, &mut bound);
            let guard = arm.guard.as_ref().map(|guard| this.expr(guard, Use::Local));
            if let ast::ExprKind::Assign(assign) = &arm.body.kind
                && let ast::ExprKind::Variable(name) = &assign.target.kind
                && this.find(name).is_none()
            {
                let said = format!("Assignment to new variable `{name}` inside a match arm has no effect");
                this.diagnostics.push(
                    Diagnostic::warning("E0357", assign.target.span, said)
                        .in_category(Category::Lint)
                        .with_help(format!("It ends with the arm; write `{name} := … match: […]`.")),
                );
            }
            let body = this.expr(&arm.body, usage);
            Arm { pattern, guard, body }
        })
    }

    fn pattern(&mut self, pattern: &ast::Pattern, bound: &mut Bound) -> Pattern {
        let span = pattern.span;
        let kind = match &pattern.kind {
            Ast::Wildcard | Ast::Error => PatternKind::Wildcard,
            Ast::Variable(name) => match bound.find(name) {
                Some(id) => {
                    if !(bound.of_match && bound.in_sequence) {
                        self.bound_twice(name, span, id);
                    }
                    PatternKind::Same(id)
                }
                None => PatternKind::Bind(self.bind(name, span, bound)),
            },
            Ast::Typed { name, class } => self.typed(name, class, bound),
            Ast::Literal(literal) => PatternKind::Literal(Box::new(self.expr(literal, Use::Local))),
            Ast::Tuple(elements) => PatternKind::Tuple(self.patterns(elements, bound)),
            Ast::Array { elements, rest } => PatternKind::Array {
                elements: self.sequence(elements, bound),
                rest: self.rest(rest.as_ref(), bound),
            },
            Ast::List { elements, rest } => PatternKind::List {
                elements: self.sequence(elements, bound),
                rest: self.rest(rest.as_ref(), bound),
            },
            Ast::Dictionary(pairs) => PatternKind::Dictionary(
                pairs
                    .iter()
                    .map(|(key, value)| (self.expr(key, Use::Local), self.pattern(value, bound)))
                    .collect(),
            ),
            Ast::Constructor { class, parts } => self.constructor(class, parts, span, bound),
            Ast::Binary(segments) => PatternKind::Binary(
                segments
                    .iter()
                    .map(|segment| {
                        (
                            segment.clone(),
                            segment.name.as_ref().map(|name| self.bind(&name.name, name.span, bound)),
                        )
                    })
                    .collect(),
            ),
        };
        Pattern { kind, span }
    }

    fn patterns(&mut self, patterns: &[ast::Pattern], bound: &mut Bound) -> Vec<Pattern> {
        patterns.iter().map(|pattern| self.pattern(pattern, bound)).collect()
    }

    fn bind(&mut self, name: &SmolStr, span: Span, bound: &mut Bound) -> VarId {
        if let Some(first) = bound.find(name) {
            self.bound_twice(name, span, first);
        }
        let id = self.declare_local(name.clone(), span);
        bound.names.push((name.clone(), id));
        id
    }

    /// Elements of `#[ ]` and `#( )`: in a `match:` a name that stands there twice must be equal both times.
    fn sequence(&mut self, elements: &[ast::Pattern], bound: &mut Bound) -> Vec<Pattern> {
        let outer = std::mem::replace(&mut bound.in_sequence, true);
        let elements = self.patterns(elements, bound);
        bound.in_sequence = outer;
        elements
    }

    fn bound_twice(&mut self, name: &SmolStr, span: Span, first: VarId) {
        let first = self.span_of(first);
        self.diagnostics.push(
            Diagnostic::error("E0304", span, format!("`{name}` is bound twice in one pattern"))
                .with_help("Rename one of them, and compare in a guard: `when: [a =:= b]`.")
                .with_label(first, "first bound here"),
        );
    }

    fn rest(&mut self, rest: Option<&ast::RestPattern>, bound: &mut Bound) -> Rest {
        match rest {
            None => Rest::None,
            Some(ast::RestPattern { name: None, .. }) => Rest::Ignored,
            Some(ast::RestPattern { name: Some(name), .. }) => {
                Rest::Bound(self.bind(&name.name, name.span, bound))
            }
        }
    }

    fn typed(&mut self, name: &ast::Ident, class: &ast::ClassName, bound: &mut Bound) -> PatternKind {
        let class_name = &class.name.name;
        if class_name == "Character" {
            self.error(
                "E0350",
                class.span,
                "`Character` is not supported in a type pattern: a character is an Integer at run time",
                "Match `x :: Integer`.",
            );
            self.categorise(Category::Type);
        }
        self.check_leaf(class);
        let kind = self.class_ref(class);
        let module = match kind {
            Kind::Class { module, .. } => Some(module),
            _ => None,
        };
        let var = self.bind(&name.name, name.span, bound);
        PatternKind::Typed {
            var,
            module,
            class: if class_name == "Nil" { "UndefinedObject".into() } else { class_name.clone() },
        }
    }

    /// Only a class without subclasses can be told by its instances' tag (spec 05 section 22).
    fn check_leaf(&mut self, class: &ast::ClassName) {
        const ALWAYS: [&str; 8] =
            ["String", "Integer", "Float", "List", "Dictionary", "Boolean", "Symbol", "Nil"];
        let name = &class.name.name;
        let Some(known) = self.cx.table.get(name).filter(|_| !ALWAYS.contains(&name.as_str())) else {
            return;
        };
        let (code, said) = if known.is_abstract {
            ("E0353", format!("`{name}` is abstract; type patterns require a concrete subclass"))
        } else if !known.sealed && !self.cx.table.subclasses(name).is_empty() {
            (
                "E0354",
                format!("`{name}` has subclasses; type patterns are not yet supported for non-leaf classes"),
            )
        } else {
            return;
        };
        let help = format!("Name a class without subclasses, or write `x when: [x isKindOf: {name}] -> …`.");
        self.diagnostics
            .push(Diagnostic::error(code, class.span, said).in_category(Category::Type).with_help(help));
    }

    fn constructor(
        &mut self,
        class: &ast::ClassName,
        parts: &[(ast::Ident, ast::Pattern)],
        span: Span,
        bound: &mut Bound,
    ) -> PatternKind {
        match (class.name.name.as_str(), parts) {
            ("Result", [(keyword, pattern)]) if matches!(keyword.name.as_str(), "ok:" | "error:") => {
                PatternKind::Result {
                    ok: keyword.name == "ok:",
                    pattern: Box::new(self.pattern(pattern, bound)),
                }
            }
            _ => {
                self.error(
                    "E0351",
                    span,
                    format!("`{}` has no such constructor pattern", class.name.name),
                    "Constructor patterns are `Result ok: x` and `Result error: e`; test other classes with `x :: ClassName`.",
                );
                PatternKind::Wildcard
            }
        }
    }

    /// Constructor patterns on the sealed `Result` must cover both sides (spec 01 section 9.3).
    fn check_result_arms(&mut self, match_: &ast::Match) {
        let (mut any, mut ok, mut error, mut rest) = (false, false, false, false);
        for arm in &match_.arms {
            match &arm.pattern.kind {
                Ast::Constructor { parts, .. } => {
                    any = true;
                    let irrefutable = parts
                        .first()
                        .is_some_and(|(_, pattern)| matches!(pattern.kind, Ast::Variable(_) | Ast::Wildcard));
                    if arm.guard.is_none() && irrefutable {
                        let is_ok = parts.first().is_some_and(|(keyword, _)| keyword.name == "ok:");
                        ok |= is_ok;
                        error |= !is_ok;
                    }
                }
                Ast::Wildcard | Ast::Variable(_) => rest |= arm.guard.is_none(),
                _ => {}
            }
        }
        if any && !rest && !(ok && error) {
            let missing = match (ok, error) {
                (true, _) => "error:",
                (_, true) => "ok:",
                _ => "ok:, error:",
            };
            self.diagnostics.push(
                Diagnostic::error(
                    "E0352",
                    match_.keyword_span,
                    format!("Non-exhaustive match: on sealed type `Result` — missing arm: {missing}."),
                )
                .with_help("Add the arm, or end with `_ -> …`."),
            );
        }
    }

    /// `pattern := value`: bind fresh names, then assign them to the variables meant.
    pub(crate) fn destructure(
        &mut self,
        pattern: &ast::Pattern,
        value: &ast::Expr,
        span: Span,
        usage: Use,
    ) -> Expr {
        let value = self.expr(value, Use::Escapes);
        let whole = self.declare_hidden("value", span);
        let mut body = vec![finish(Kind::Declare(whole, Box::new(value)), span)];
        let mut bound = Bound::default();
        let lowered = self.scoped(|this| this.pattern(pattern, &mut bound));
        let subject = self.local(whole, span, Use::Local);
        body.push(finish(Kind::Destructure { pattern: Box::new(lowered), value: Box::new(subject) }, span));
        for (name, id) in bound.names {
            let part = self.local(id, span, Use::Escapes);
            let at = self.span_of(id);
            body.push(self.assign(&ast::Ident { name, span: at }, part));
        }
        body.push(self.local(whole, span, usage));
        finish(Kind::Sequence(Inline { parameters: Vec::new(), body }), span)
    }
}
