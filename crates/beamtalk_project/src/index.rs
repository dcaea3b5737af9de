//! All classes of a project: from its files to units, their table, and what is wrong before any body is looked at.

use std::sync::Arc;

use beamtalk_semantics::{AliasInfo, ClassTable, Side, check_alias, closest, hidden};
use beamtalk_syntax::ast;
use beamtalk_text::{Category, Diagnostic, LineIndex, Span};
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::library::LIBRARY;
use crate::order::superclass_first;
use crate::trace::{Digest, text};
use crate::unit::{ClassUnit, Definition, Source, extended_twice};

/// A source with its digest.
#[derive(Debug, Clone)]
pub struct FileSource {
    /// Its text and tree.
    pub source: Arc<Source>,
    /// Of the text.
    pub digest: Digest,
    /// Why it was not read, though it is there; then the text is empty.
    pub broken: Option<Diagnostic>,
    /// What is to be said of its style.
    pub style: Vec<Diagnostic>,
    /// The package that it belongs to, where that is another than the one which all is about.
    pub package: Option<SmolStr>,
}

/// A class whose module the project makes: its own, or the library's with extensions.
#[derive(Debug)]
pub struct IndexedClass {
    /// Its name.
    pub name: SmolStr,
    /// Its module.
    pub module: SmolStr,
    /// What the module is made from.
    pub unit: ClassUnit,
    /// The digest of that.
    pub own: Digest,
    /// Whether it may not be compiled: the library has a class of that name.
    pub is_clash: bool,
}

/// The classes of a project.
pub struct Index {
    /// The library with the project's classes.
    pub table: ClassTable,
    /// The classes to make, superclasses first.
    pub classes: Vec<IndexedClass>,
    /// Diagnostics of files as wholes, by file.
    pub diagnostics: Vec<(SmolStr, Diagnostic)>,
}

impl Index {
    /// The classes of `files`, which are sorted by name. `salt` is part of every digest.
    pub fn new<'f>(files: impl Iterator<Item = &'f FileSource>, package: &str, salt: &Digest) -> Self {
        let files: Vec<&FileSource> = files.collect();
        let package_of = |file: &'f FileSource| file.package.as_deref().unwrap_or(package);
        let mut work = Work {
            digests: files.iter().map(|file| (file.source.path.clone(), file.digest)).collect(),
            units: FxHashMap::default(),
            names: Vec::new(),
            extensions: FxHashMap::default(),
            diagnostics: Vec::new(),
        };
        for file in &files {
            work.diagnostics.extend(file.broken.iter().map(|each| (file.source.path.clone(), each.clone())));
            work.file(&file.source, package_of(file));
            work.diagnostics.extend(file.style.iter().map(|each| (file.source.path.clone(), each.clone())));
        }
        for file in &files {
            for (item, extension) in file.source.extensions() {
                work.extension(package_of(file), &file.source, item, extension);
            }
        }
        let mut table = LIBRARY.table.clone();
        let mut aliases: Vec<(&Arc<Source>, &ast::TypeAlias, &str)> = Vec::new();
        for file in &files {
            aliases.extend(file.source.aliases().map(|alias| (&file.source, alias, package_of(file))));
        }
        for (source, alias, package) in &aliases {
            let said = Work::alias(&table, source, package, alias);
            work.diagnostics.extend(said.map(|said| (source.path.clone(), said)));
            table.insert_alias(AliasInfo::from_definition(alias, &source.text, package, Some(&source.path)));
        }
        let mut index = work.finish(table, salt);
        for (source, alias, package) in aliases {
            let said = check_alias(&index.table, alias, package);
            index.diagnostics.extend(said.into_iter().map(|said| (source.path.clone(), said)));
        }
        index
    }
}

struct Work {
    digests: FxHashMap<SmolStr, Digest>,
    units: FxHashMap<SmolStr, ClassUnit>,
    names: Vec<SmolStr>,
    /// Where each standalone method is defined: file and place.
    extensions: FxHashMap<(SmolStr, Side, SmolStr), (Arc<Source>, Span)>,
    diagnostics: Vec<(SmolStr, Diagnostic)>,
}

impl Work {
    fn file(&mut self, source: &Arc<Source>, package: &str) {
        let path = &source.path;
        self.diagnostics.extend(source.parsed.diagnostics.iter().map(|each| (path.clone(), each.clone())));
        for (item, definition) in source.definitions() {
            let name = &definition.name().name;
            let unit = ClassUnit::new(package, source.clone(), item);
            match self.units.insert(name.clone(), unit) {
                Some(other) => {
                    let said = in_two_packages(definition, package, &other)
                        .or_else(|| clash(definition, &other))
                        .or_else(|| twice(definition, path, &other));
                    self.diagnostics.extend(said.map(|said| (path.clone(), said)));
                }
                None => self.names.push(name.clone()),
            }
        }
    }

    fn extension(&mut self, package: &str, source: &Arc<Source>, item: usize, extension: &ast::Extension) {
        let name = &extension.target.name.name;
        if self.is_refused(source, extension) {
            return;
        }
        if let Some(unit) = self.units.get_mut(name) {
            let internal = unit.class().is_some_and(|class| {
                class.modifiers.iter().any(|(modifier, _)| *modifier == ast::ClassModifier::Internal)
            });
            let span = extension.target.span;
            let hidden = Some(hidden("Class", name, &unit.package, package, span)).filter(|_| internal);
            self.diagnostics.extend(hidden.flatten().map(|said| (source.path.clone(), said)));
            unit.patch(package, source, item, extension);
            return;
        }
        if let Some((_, unit)) = LIBRARY.units.iter().find(|(each, _)| each == name) {
            let mut unit = unit.clone();
            unit.patch(package, source, item, extension);
            self.units.insert(name.clone(), unit);
            return self.names.push(name.clone());
        }
        let known = self.names.iter().map(SmolStr::as_str);
        let close = closest(name, known.chain(LIBRARY.units.iter().map(|(name, _)| name.as_str())));
        let help = close.map_or_else(
            || format!("Define {name} with: Object subclass: {name}"),
            |close| format!("Did you mean `{close}`?"),
        );
        let said = format!("Class '{name}' not found");
        let diagnostic = Diagnostic::error("E0604", extension.target.span, said).with_help(help);
        self.diagnostics.push((source.path.clone(), diagnostic.in_category(Category::UnresolvedClass)));
    }

    /// What is to be said of an alias whose name is taken. An equal one of another package does no harm.
    fn alias(
        table: &ClassTable,
        source: &Source,
        package: &str,
        alias: &ast::TypeAlias,
    ) -> Option<Diagnostic> {
        let name = &alias.name.name;
        let known = table.alias(name)?;
        if known.text == alias.definition.span.text(&source.text) && known.package != package {
            return None;
        }
        let said = format!("Type alias `{name}` is already defined in package '{}'", known.package);
        let said = Diagnostic::error("E0545", alias.name.span, said);
        Some(said.with_help("Remove or rename one of them.").in_category(Category::Type))
    }

    /// Whether the class has the method in its body, or another file gives it the same one; both are reported.
    fn is_refused(&mut self, source: &Arc<Source>, extension: &ast::Extension) -> bool {
        let name = &extension.target.name.name;
        let side = if extension.class_side { Side::Class } else { Side::Instance };
        let (selector, span) = (extension.method.signature.selector(), extension.method.signature.span());
        let shown = if extension.class_side { format!("{name} class") } else { name.to_string() };
        let library = || LIBRARY.units.iter().find(|(each, _)| each == name).map(|(_, unit)| unit);
        let in_body = self
            .units
            .get(name)
            .or_else(library)
            .is_some_and(|unit| unit.own_method(side, &selector).is_some());
        let (diagnostic, refused) = if in_body {
            let said = format!("extension '{selector}' is shadowed by the method of class `{shown}` itself");
            let help = "The class's own method wins; remove the extension, or give it another name.";
            (Diagnostic::warning("E0452", span, said).with_help(help), true)
        } else {
            let key = (name.clone(), side, selector.clone());
            let Some((first, at)) = self.extensions.insert(key, (source.clone(), span)) else { return false };
            let line = LineIndex::new(&first.text).line(at.start);
            (extended_twice(extension, &format!("{}:{line}", first.path)), false)
        };
        self.diagnostics.push((source.path.clone(), diagnostic.in_category(Category::ExtensionConflict)));
        refused
    }

    fn finish(mut self, mut table: ClassTable, salt: &Digest) -> Index {
        let superclass =
            |name: &SmolStr| self.units.get(name).and_then(|unit| unit.definition()?.parent().cloned());
        let keys: Vec<_> = self.names.iter().map(|name| (name.clone(), superclass(name))).collect();
        let mut classes = Vec::with_capacity(keys.len());
        for index in superclass_first(&keys) {
            let name = &keys[index].0;
            let Some(unit) = self.units.remove(name) else { continue };
            let Some(info) = unit.info() else { continue };
            let is_clash = !info.is_library() && LIBRARY.table.get(name).is_some();
            let (module, own) = (info.module.clone(), self.own_digest(&unit, salt));
            if !is_clash {
                table.insert(info);
            }
            classes.push(IndexedClass { name: name.clone(), module, unit, own, is_clash });
        }
        Index { table, classes, diagnostics: self.diagnostics }
    }

    fn own_digest(&self, unit: &ClassUnit, salt: &Digest) -> Digest {
        let mut hash = Sha256::new();
        hash.update(salt);
        let sources = std::iter::once((&unit.package, &unit.source, unit.item))
            .chain(unit.patches.iter().map(|patch| (&patch.package, &patch.source, patch.item)));
        for (package, source, item) in sources {
            text(&mut hash, package);
            text(&mut hash, &source.path);
            hash.update(item.to_le_bytes());
            // A source of the library is known by its path, as the compiler's fingerprint is part of every record.
            hash.update(self.digests.get(&source.path).unwrap_or(&[0; 32]));
        }
        hash.finalize().into()
    }
}

/// What is wrong when two packages define one name.
fn in_two_packages(definition: Definition<'_>, package: &str, other: &ClassUnit) -> Option<Diagnostic> {
    let name = definition.name();
    let said =
        format!("Class name '{}' is defined by the packages '{}' and '{package}'", name.name, other.package);
    let help = format!("The other definition is in {}; rename one of them.", other.source.path);
    (other.package != package).then(|| Diagnostic::error("E0632", name.span, said).with_help(help))
}

/// What is wrong when two files define one name and a protocol is among them.
fn clash(definition: Definition<'_>, other: &ClassUnit) -> Option<Diagnostic> {
    let (name, span) = (&definition.name().name, definition.name().span);
    let (code, said) = match (definition, other.definition()?) {
        (Definition::Class(_), Definition::Class(_)) => return None,
        (Definition::Class(_), Definition::Protocol(_)) => {
            ("E0540", format!("`{name}` is already defined as a protocol"))
        }
        (Definition::Protocol(_), Definition::Class(_)) => {
            ("E0541", format!("`{name}` is already defined as a class"))
        }
        (Definition::Protocol(_), Definition::Protocol(_)) => {
            ("E0542", format!("Protocol `{name}` is already defined"))
        }
    };
    let help = format!("The other definition is in {}; rename one of them.", other.source.path);
    Some(Diagnostic::error(code, span, said).with_help(help).in_category(Category::Type))
}

/// What is to be said of a class of two files. The parser speaks of those that are twice in one.
fn twice(definition: Definition<'_>, path: &SmolStr, other: &ClassUnit) -> Option<Diagnostic> {
    let (name, first) = (definition.name(), &other.source.path);
    let said = format!("class '{}' is defined in both '{first}' and '{path}'; using '{path}'", name.name);
    let said = Diagnostic::warning("E0631", name.span, said).with_help("Remove or rename one of them.");
    (first != path).then_some(said)
}
