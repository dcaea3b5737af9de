//! Types as far as they can be told cheaply: unions of symbols, nil and instances of classes (spec 05 sections 3 and 4).
//!
//! Types are erased: they only decide what is said of a program. What is not understood here is [`Type::Dynamic`] or
//! [`Member::Other`], of which nothing is concluded.

use std::fmt;

use beamtalk_syntax::ast::{TypeExpr, TypeKind};
use smol_str::SmolStr;

use crate::classes::ClassTable;

/// What an expression may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Anything; why no more is known, if it can be said.
    Dynamic(Option<&'static str>),
    /// Nothing: it never answers.
    Never,
    /// Something that is of one of these.
    Union(Union),
}

/// Types of which a value has one; never empty, without repetitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Union {
    /// In the order in which they were first named.
    pub members: Vec<Member>,
    /// The name under which it was written, if it has one.
    pub alias: Option<SmolStr>,
}

/// One of the types that make a union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Nil,
    Symbol(SmolStr),
    /// Instances of a class, or of one below it, with its type arguments.
    Instance(SmolStr, Vec<Type>),
    /// The class itself, or one below it.
    Class(SmolStr),
    /// Something else, as it is written.
    Other(SmolStr),
}

/// Larger unions are not followed.
const MOST_MEMBERS: usize = 64;
/// Deeper type arguments are not followed.
const DEEPEST: usize = 6;
/// How many names one type may be made of, its aliases written out.
const MOST_NAMES: usize = 500;

impl Member {
    /// Instances of the class of that name.
    pub fn named(name: &str) -> Self {
        match name {
            "Nil" | "nil" | "UndefinedObject" => Self::Nil,
            "true" => Self::Instance("True".into(), Vec::new()),
            "false" => Self::Instance("False".into(), Vec::new()),
            _ => Self::Instance(name.into(), Vec::new()),
        }
    }

    /// The class whose instances it is.
    pub fn class(&self) -> Option<&str> {
        match self {
            Self::Nil => Some("UndefinedObject"),
            Self::Symbol(_) => Some("Symbol"),
            Self::Instance(name, _) => Some(name),
            Self::Class(_) | Self::Other(_) => None,
        }
    }
}

impl Type {
    /// Instances of the class of that name.
    pub fn instance(name: &str) -> Self {
        Self::from(Member::named(name))
    }

    /// Instances of a class with these type arguments.
    pub fn generic(name: &str, arguments: Vec<Self>) -> Self {
        let deep = arguments.iter().any(|argument| argument.depth() >= DEEPEST);
        Self::from(Member::Instance(name.into(), if deep { Vec::new() } else { arguments }))
    }

    /// `true` or `false`.
    pub fn boolean() -> Self {
        Self::instance("Boolean")
    }

    fn depth(&self) -> usize {
        let of_member = |member: &Member| match member {
            Member::Instance(_, arguments) => 1 + arguments.iter().map(Self::depth).max().unwrap_or_default(),
            _ => 1,
        };
        match self {
            Self::Union(union) => union.members.iter().map(of_member).max().unwrap_or_default(),
            Self::Dynamic(_) | Self::Never => 1,
        }
    }

    /// The members, where they are known.
    pub fn members(&self) -> Option<&[Member]> {
        match self {
            Self::Union(union) => Some(&union.members),
            Self::Dynamic(_) | Self::Never => None,
        }
    }

    /// The only member.
    pub fn single(&self) -> Option<&Member> {
        match self.members()? {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The union of types.
    pub fn union(types: impl IntoIterator<Item = Self>) -> Self {
        let mut members: Vec<Member> = Vec::new();
        let mut only: Option<Self> = None;
        let mut any = false;
        for each in types {
            any = true;
            match each {
                Self::Never => continue,
                Self::Dynamic(_) => return each,
                Self::Union(ref union) => {
                    for member in &union.members {
                        if !members.contains(member) {
                            members.push(member.clone());
                        }
                    }
                    let same = only.as_ref().is_none_or(|only| *only == each) && members == union.members;
                    only = Some(if same { each } else { Self::Dynamic(None) });
                }
            }
            if members.len() > MOST_MEMBERS {
                return Self::Dynamic(None);
            }
        }
        let symbol = Member::named("Symbol");
        if members.contains(&symbol) {
            members.retain(|member| !matches!(member, Member::Symbol(_)));
        }
        match only {
            Some(only @ Self::Union(_)) => only,
            _ if members.is_empty() => {
                if any {
                    Self::Never
                } else {
                    Self::Dynamic(None)
                }
            }
            _ => Self::Union(Union { members, alias: None }),
        }
    }

    /// Only the members that `keep` says, as a type without a name.
    pub fn only(&self, keep: impl Fn(&Member) -> bool) -> Self {
        let Self::Union(union) = self else { return self.clone() };
        let kept: Vec<Member> = union.members.iter().filter(|member| keep(member)).cloned().collect();
        if kept.len() == union.members.len() {
            self.clone()
        } else if kept.is_empty() {
            Self::Never
        } else {
            Self::Union(Union { members: kept, alias: None })
        }
    }
}

impl From<Member> for Type {
    fn from(member: Member) -> Self {
        Self::Union(Union { members: vec![member], alias: None })
    }
}

/// What the names in an annotation stand for besides classes and aliases.
pub(crate) struct Meaning<'a> {
    pub table: &'a ClassTable,
    /// Of `Self`.
    pub receiver: Type,
    /// Of type parameters and variables.
    pub variables: &'a [(SmolStr, Type)],
}

impl Meaning<'_> {
    /// The type that an annotation means.
    pub fn of(&self, annotation: &TypeExpr) -> Type {
        self.resolve(annotation, &mut MOST_NAMES.clone())
    }

    fn resolve(&self, annotation: &TypeExpr, left: &mut usize) -> Type {
        match &annotation.kind {
            TypeKind::Name { name, arguments } => {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Type::Dynamic(None);
                }
                self.name(&name.name.name, arguments, left)
            }
            TypeKind::SelfType => self.receiver.clone(),
            TypeKind::SelfClass => match self.receiver.single() {
                Some(Member::Instance(name, _)) => Type::from(Member::Class(name.clone())),
                _ => Type::Dynamic(None),
            },
            TypeKind::ClassOf(name) => Type::from(Member::Class(name.name.name.clone())),
            TypeKind::Singleton(name) => Type::from(Member::Symbol(name.clone())),
            TypeKind::Union(members) => Type::union(members.iter().map(|member| self.resolve(member, left))),
            TypeKind::Paren(inner) => self.resolve(inner, left),
            TypeKind::Difference(from, without) => {
                let (from, without) = (self.resolve(from, left), self.resolve(without, left));
                let parts = without.members().unwrap_or_default();
                let is_simple = from.members().is_some_and(|members| {
                    members.iter().all(|member| matches!(member, Member::Symbol(_) | Member::Nil))
                });
                if is_simple {
                    from.only(|member| !parts.contains(member))
                } else {
                    Type::from(Member::Other(annotation.to_string().into()))
                }
            }
            TypeKind::Intersection(..) => Type::from(Member::Other(annotation.to_string().into())),
            TypeKind::Error => Type::Dynamic(None),
        }
    }

    fn name(&self, name: &SmolStr, arguments: &[TypeExpr], left: &mut usize) -> Type {
        if let Some((_, meaning)) = self.variables.iter().find(|(variable, _)| variable == name) {
            return meaning.clone();
        }
        let is_letter = name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_uppercase());
        match name.as_str() {
            "Dynamic" => return Type::Dynamic(Some("explicitly declared Dynamic")),
            "Never" => return Type::Never,
            _ => {}
        }
        if self.table.get(name).is_some() {
            if arguments.is_empty() {
                return Type::instance(name);
            }
            let arguments = arguments.iter().map(|argument| self.resolve(argument, left)).collect();
            return Type::generic(name, arguments);
        }
        if let Some(alias) = self.table.alias(name) {
            return match self.resolve(&alias.definition, left) {
                Type::Union(union) => Type::Union(Union { alias: Some(name.clone()), ..union }),
                other => other,
            };
        }
        if is_letter {
            return Type::Dynamic(None);
        }
        Type::instance(name)
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("Nil"),
            Self::Symbol(name) => write!(f, "#{name}"),
            Self::Instance(name, arguments) if arguments.is_empty() => f.write_str(name),
            Self::Instance(name, arguments) => {
                write!(f, "{name}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    argument.fmt(f)?;
                }
                f.write_str(")")
            }
            Self::Class(name) => write!(f, "{name} class"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// `#a | #b`, as the members of a type are named in diagnostics.
pub(crate) fn joined(members: &[Member]) -> String {
    members.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dynamic(None) => f.write_str("Dynamic"),
            Self::Dynamic(Some(reason)) => write!(f, "Dynamic ({reason})"),
            Self::Never => f.write_str("Never"),
            Self::Union(Union { members, alias: Some(alias) }) => write!(f, "{alias} ({})", joined(members)),
            Self::Union(Union { members, alias: None }) => f.write_str(&joined(members)),
        }
    }
}
