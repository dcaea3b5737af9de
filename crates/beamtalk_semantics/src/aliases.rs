//! Names for types: `type Direction = #north | #south` (spec 05 section 14).
//!
//! A name stands for its definition wherever a type is written. There is no module of it, and nothing at run time.

use beamtalk_syntax::ast::{self, TypeExpr};
use beamtalk_text::{Category, Diagnostic};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use crate::checks::of_alias;
use crate::classes::{ClassTable, STDLIB};

/// What is known of an alias.
#[derive(Clone, Debug, PartialEq)]
pub struct AliasInfo {
    /// Its name.
    pub name: SmolStr,
    /// Its package.
    pub package: SmolStr,
    /// Package-private.
    pub internal: bool,
    /// What it stands for.
    pub definition: TypeExpr,
    /// The same as it is written.
    pub text: SmolStr,
    /// Its `///` text.
    pub doc: Option<SmolStr>,
    /// Its source file as shown to users.
    pub source_file: Option<SmolStr>,
}

impl AliasInfo {
    /// Read an alias from its definition. `source` is the text that the definition's spans refer to.
    #[must_use]
    pub fn from_definition(
        alias: &ast::TypeAlias,
        source: &str,
        package: &str,
        source_file: Option<&str>,
    ) -> Self {
        Self {
            name: alias.name.name.clone(),
            package: package.into(),
            internal: alias.internal,
            definition: alias.definition.clone(),
            text: alias.definition.span.text(source).into(),
            doc: alias.doc.as_ref().map(|doc| doc.text.as_str().into()),
            source_file: source_file.map(SmolStr::from),
        }
    }
}

/// Everything that is wrong with an alias. The table knows all classes and aliases, this one too.
#[must_use]
pub fn check_alias(table: &ClassTable, alias: &ast::TypeAlias, package: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (name, span) = (&alias.name.name, alias.name.span);
    let mut error = |code, span, message: String, help: &str| {
        found.push(Diagnostic::error(code, span, message).with_help(help).in_category(Category::Type));
    };
    if let Some(class) = table.get(name).filter(|_| package != STDLIB) {
        let what = if class.protocol.is_some() { "protocol" } else { "class" };
        error("E0545", span, format!("`{name}` is already defined as a {what}"), "Choose another name.");
    }
    if let Some(cycle) = cycle(table, name, &alias.definition) {
        let path = cycle.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" → ");
        let own = if cycle.len() == 2 { " (it refers to itself)" } else { "" };
        error(
            "E0546",
            span,
            format!("type alias cycle: {path}{own}"),
            "A type cannot be made of itself; write out one of them.",
        );
    }
    alias.definition.for_each_name(&mut |name| {
        let (letter, span) = (&name.name.name, name.span);
        let is_variable = letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_variable && table.get(letter).is_none() {
            error(
                "E0547",
                span,
                format!("type variable `{letter}` is bound to nothing in type alias `{}`", alias.name.name),
                "An alias has no type parameters; write a class or another type.",
            );
        }
    });
    found.extend(of_alias(table, alias, package));
    found
}

/// The way from a type back to its own name, both ends included, if there is one: a shortest.
fn cycle(table: &ClassTable, first: &SmolStr, definition: &TypeExpr) -> Option<Vec<SmolStr>> {
    let mut seen: Vec<(SmolStr, usize)> = vec![(first.clone(), 0)];
    let mut known: FxHashSet<SmolStr> = FxHashSet::default();
    let mut at = 0;
    while at < seen.len() {
        let mut names: Vec<SmolStr> = Vec::new();
        let here = if at == 0 { None } else { Some(table.alias(&seen[at].0)?) };
        let here = here.map_or(definition, |alias| &alias.definition);
        here.for_each_name(&mut |name| names.push(name.name.name.clone()));
        for name in names {
            if name == *first {
                let mut path = vec![first.clone()];
                let mut step = at;
                while step > 0 {
                    path.push(seen[step].0.clone());
                    step = seen[step].1;
                }
                path.push(first.clone());
                path.reverse();
                return Some(path);
            }
            if table.alias(&name).is_some() && known.insert(name.clone()) {
                seen.push((name, at));
            }
        }
        at += 1;
    }
    None
}
