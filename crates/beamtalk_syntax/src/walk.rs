//! Walking over expressions and types without naming every form.

use std::fmt;

use smol_str::SmolStr;

use crate::ast::{ClassName, Expr, ExprKind, Segment, TypeExpr, TypeKind};

impl TypeExpr {
    /// Call `visit` with each name in the type, those of type arguments included, in source order.
    pub fn for_each_name<'a>(&'a self, visit: &mut dyn FnMut(&'a ClassName)) {
        match &self.kind {
            TypeKind::Name { name, arguments } => {
                visit(name);
                for argument in arguments {
                    argument.for_each_name(visit);
                }
            }
            TypeKind::ClassOf(name) => visit(name),
            TypeKind::Union(members) => {
                for member in members {
                    member.for_each_name(visit);
                }
            }
            TypeKind::Intersection(a, b) | TypeKind::Difference(a, b) => {
                a.for_each_name(visit);
                b.for_each_name(visit);
            }
            TypeKind::Paren(inner) => inner.for_each_name(visit),
            TypeKind::SelfType | TypeKind::SelfClass | TypeKind::Singleton(_) | TypeKind::Error => {}
        }
    }

    /// What the type says of blocks: the types of their parameters, then that of their answer. A union may have one
    /// arm for blocks.
    #[must_use]
    pub fn block_types(&self) -> Option<&[Self]> {
        match &self.kind {
            TypeKind::Name { name, arguments } if name.name.name == "Block" => {
                (!arguments.is_empty()).then_some(arguments)
            }
            TypeKind::Union(members) => members.iter().find_map(Self::block_types),
            TypeKind::Paren(inner) => inner.block_types(),
            _ => None,
        }
    }

    /// The name, if the type is nothing but a single capital letter.
    #[must_use]
    pub fn variable(&self) -> Option<&SmolStr> {
        match &self.kind {
            TypeKind::Name { name, arguments } if arguments.is_empty() && name.package.is_none() => {
                let name = &name.name.name;
                (name.len() == 1 && name.as_bytes()[0].is_ascii_uppercase()).then_some(name)
            }
            _ => None,
        }
    }
}

impl fmt::Display for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(package) = &self.package {
            write!(f, "{}@", package.name)?;
        }
        f.write_str(&self.name.name)
    }
}

/// As it would be written, with plain spacing.
impl fmt::Display for TypeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separated = |f: &mut fmt::Formatter<'_>, types: &[Self], separator: &str| {
            types.iter().enumerate().try_for_each(|(index, each)| {
                if index > 0 {
                    f.write_str(separator)?;
                }
                each.fmt(f)
            })
        };
        match &self.kind {
            TypeKind::Name { name, arguments } if arguments.is_empty() => name.fmt(f),
            TypeKind::Name { name, arguments } => {
                write!(f, "{name}(")?;
                separated(f, arguments, ", ")?;
                f.write_str(")")
            }
            TypeKind::SelfType => f.write_str("Self"),
            TypeKind::SelfClass => f.write_str("Self class"),
            TypeKind::ClassOf(name) => write!(f, "{name} class"),
            TypeKind::Singleton(name) => write!(f, "#{name}"),
            TypeKind::Union(members) => separated(f, members, " | "),
            TypeKind::Intersection(a, b) => write!(f, "{a} & {b}"),
            TypeKind::Difference(a, b) => write!(f, "{a} \\ {b}"),
            TypeKind::Paren(inner) => write!(f, "({inner})"),
            TypeKind::Error => Ok(()),
        }
    }
}

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
    fn every_name_of_a_type_is_reached() {
        let parsed = parse("type All = A | (B(C, D class) | #e) | (F & G) | (H \\ I) | nil");
        assert!(parsed.is_ok(), "{:?}", parsed.diagnostics);
        let Item::TypeAlias(alias) = &parsed.file.items[0] else { panic!() };
        assert_eq!(alias.definition.to_string(), "A | (B(C, D class) | #e) | (F & G) | (H \\ I) | nil");
        let mut found = Vec::new();
        alias.definition.for_each_name(&mut |name| found.push(name.name.name.as_str()));
        assert_eq!(found, ["A", "B", "C", "D", "F", "G", "H", "I", "nil"]);
    }

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
