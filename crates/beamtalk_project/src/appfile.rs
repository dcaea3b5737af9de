//! The application resource file, `<package>.app` (spec 07 section 7.2).

use std::fmt::Write as _;
use std::sync::Arc;

use beamtalk_semantics::{AliasInfo, ClassInfo, ClassKind, ClassTable};

use crate::manifest::Manifest;

/// The file's text. Equal packages give equal texts.
pub fn text<'c>(
    manifest: &Manifest,
    classes: impl Iterator<Item = &'c Arc<ClassInfo>>,
    natives: &[String],
    table: &ClassTable,
) -> String {
    let is_own = |class: &&ClassInfo| class.package == manifest.name.as_str();
    let mut classes: Vec<&ClassInfo> = classes.map(Arc::as_ref).filter(is_own).collect();
    classes.sort_by(|a, b| a.module.cmp(&b.module));
    let modules: Vec<String> = classes.iter().map(|class| atom(&class.module)).collect();
    let shown: Vec<String> =
        classes.iter().filter(|class| !class.internal).map(|class| entry(class, table)).collect();
    let mut natives: Vec<String> = natives.iter().map(|module| atom(module)).collect();
    natives.sort();
    let is_of_package = |alias: &&Arc<AliasInfo>| alias.package == manifest.name.as_str();
    let mut aliases: Vec<String> =
        table.aliases().filter(is_of_package).map(|alias| named_type(alias)).collect();
    aliases.sort();
    let mut more = String::new();
    for (key, entries) in [("native_modules", natives), ("type_aliases", aliases)] {
        if !entries.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(more, ",\n        {{{key}, [{}]}}", entries.join(", "));
        }
    }
    let used = manifest.dependencies.iter().map(|each| atom(&each.name));
    let applications: Vec<String> = ["kernel", "stdlib"]
        .map(String::from)
        .into_iter()
        .chain(used)
        .chain(["beamtalk".to_owned()])
        .collect();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{{application, {name},\n [{{description, {description}}},\n  {{vsn, {version}}},\n  {{modules, [{modules}]}},\n  {{registered, []}},\n  {{applications, [{applications}]}},\n  {{env, [{{classes, [{classes}]}}{more}]}}]}}.\n",
        name = atom(&manifest.name),
        description = string(manifest.description.as_deref().unwrap_or("A beamtalk package")),
        version = string(&manifest.version),
        modules = modules.join(", "),
        applications = applications.join(", "),
        classes = shown.join(",\n    "),
    );
    out
}

fn entry(class: &ClassInfo, table: &ClassTable) -> String {
    let kind = match table.kind(&class.name) {
        _ if table.inherits(&class.name, "Supervisor") => "object",
        ClassKind::Value => "value",
        ClassKind::Actor => "actor",
        ClassKind::Object => "object",
    };
    let parameters: Vec<String> = class.type_parameters.iter().map(|name| atom(name)).collect();
    format!(
        "#{{name => {}, module => {}, parent => {}, package => {}, kind => {kind}, type_params => [{}]}}",
        atom(&class.name),
        atom(&class.module),
        class.superclass.as_deref().map_or_else(|| "nil".to_owned(), atom),
        atom(&class.package),
        parameters.join(", "),
    )
}

fn named_type(alias: &AliasInfo) -> String {
    let text = |text: Option<&str>| {
        text.map_or_else(|| "nil".to_owned(), |text| format!("<<{}/utf8>>", string(text)))
    };
    format!(
        "#{{name => {}, expansion => {}, doc => {}, source_file => {}, internal => {}}}",
        atom(&alias.name),
        text(Some(&alias.text)),
        text(alias.doc.as_deref()),
        text(alias.source_file.as_deref()),
        alias.internal,
    )
}

/// An atom, always quoted: what needs no quotes may have them.
fn atom(name: &str) -> String {
    format!("'{}'", escaped(name, '\''))
}

fn string(text: &str) -> String {
    format!("\"{}\"", escaped(text, '"'))
}

/// Everything outside printable ASCII by its number, so that the file needs no encoding.
fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            _ if c == quote => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => {
                let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn odd_characters_are_escaped_and_the_defaults_are_those_of_the_specification() {
        let manifest =
            Manifest::parse("[package]\nname = \"geo\"\nversion = \"1\\\"é\"\n", Path::new("m")).unwrap();
        let text = text(&manifest, std::iter::empty(), &[], &ClassTable::default());
        assert!(
            text.starts_with(
                "{application, 'geo',\n [{description, \"A beamtalk package\"},\n  {vsn, \"1\\\"\\x{e9}\"},"
            ),
            "{text}"
        );
    }
}
