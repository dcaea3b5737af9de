//! Walking over expressions without naming every form.

use crate::ast::{Expr, ExprKind, Segment};

impl Expr {
    /// Call `visit` with each expression directly below this one, in source order. Those of patterns are left out.
    pub fn for_each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match &self.kind {
            ExprKind::Interpolation(segments) => {
                for segment in segments {
                    match segment {
                        Segment::Expr(expr) => visit(expr),
                        Segment::Text(_) => {}
                    }
                }
            }
            ExprKind::Field { receiver, .. } => visit(receiver),
            ExprKind::Paren(inner) | ExprKind::Return(inner) | ExprKind::Cast(inner) => visit(inner),
            ExprKind::Block(block) => block.body.iter().for_each(|statement| visit(&statement.expr)),
            ExprKind::List { elements, tail } => {
                elements.iter().for_each(&mut *visit);
                if let Some(tail) = tail {
                    visit(tail);
                }
            }
            ExprKind::Array(elements) => elements.iter().for_each(visit),
            ExprKind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    visit(key);
                    visit(value);
                }
            }
            ExprKind::Send(send) => {
                visit(&send.receiver);
                send.message.arguments.iter().for_each(visit);
            }
            ExprKind::Cascade { receiver, messages } => {
                visit(receiver);
                messages.iter().flat_map(|message| &message.arguments).for_each(visit);
            }
            ExprKind::Assign(assign) => {
                visit(&assign.target);
                visit(&assign.value);
            }
            ExprKind::Destructure { value, .. } => visit(value),
            ExprKind::Match(match_) => {
                visit(&match_.scrutinee);
                for arm in &match_.arms {
                    if let Some(guard) = &arm.guard {
                        visit(guard);
                    }
                    visit(&arm.body);
                }
            }
            ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::Character(_)
            | ExprKind::String(_)
            | ExprKind::Symbol(_)
            | ExprKind::Variable(_)
            | ExprKind::SelfRef
            | ExprKind::Super
            | ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Class(_)
            | ExprKind::Primitive { .. }
            | ExprKind::Error => {}
        }
    }

    /// The expression inside of any parentheses around it.
    #[must_use]
    pub fn unparenthesised(&self) -> &Self {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

#[cfg(test)]
mod tests {
    use crate::ast::{ExprKind, Item};
    use crate::parse;

    #[test]
    fn every_variable_of_every_form_is_reached() {
        let source = "p := (a1 foo: {a2}) \
            bar: [:p | a3. ^a4] baz: #(a5 | a6) qux: #[a7, #{a8 size => a9}] "
            .replace("{a2}", "\"x{a2}y\"")
            + "zip: ((a10 b: a11; c: a12) match: [1 when: [a13] -> a14; _ -> p := a15])";
        let parsed = parse(&source);
        assert!(parsed.is_ok(), "{:?}", parsed.diagnostics);
        let Item::Statement(statement) = &parsed.file.items[0] else { panic!() };
        let mut found = Vec::new();
        let mut stack = vec![&statement.expr];
        while let Some(expr) = stack.pop() {
            if let ExprKind::Variable(name) = &expr.kind
                && let Some(number) = name.strip_prefix('a')
            {
                found.push(number.parse::<u32>().expect("a number"));
            }
            expr.for_each_child(&mut |child| stack.push(child));
        }
        found.sort_unstable();
        assert_eq!(found, (1..=15).collect::<Vec<_>>());
    }
}
