//! One compilation of classes and methods over an image: what becomes new, and what is to be said.

use std::sync::Arc;

use beamtalk_semantics::{AliasInfo, ClassInfo, ClassTable, STDLIB, Side, USER, check_alias, closest};
use beamtalk_syntax::ast;
use beamtalk_text::{Category, Diagnostic, LineIndex};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::{Change, Compiled, Failure, INPUT, Image, assemble, too_complex};
use crate::edit::{Edit, body_text};
use crate::order::superclass_first;
use crate::settle::{Settled, Surface, settle};
use crate::unit::{ClassUnit, Definition, Patch, Source, extended_twice};

/// One compilation of classes and patches.
pub(super) struct Work<'i> {
    image: &'i Image,
    /// The table with the changes; made when there is one.
    pub(super) table: Option<ClassTable>,
    pub(super) units: FxHashMap<SmolStr, ClassUnit>,
    /// Classes whose modules must be made, in the order in which that was found, each once.
    dirty: Vec<SmolStr>,
    marked: FxHashSet<SmolStr>,
    /// The sources looked at, and whether for all that can be found in them.
    pub(super) sources: Vec<(Arc<Source>, bool)>,
    pub(super) found: Vec<(SmolStr, Diagnostic)>,
    defined: Vec<SmolStr>,
    edits: Vec<Edit>,
    shown: Vec<String>,
}

impl<'i> Work<'i> {
    pub(super) fn new(image: &'i Image) -> Self {
        Self {
            image,
            table: None,
            units: FxHashMap::default(),
            dirty: Vec::new(),
            marked: FxHashSet::default(),
            sources: Vec::new(),
            found: Vec::new(),
            defined: Vec::new(),
            edits: Vec::new(),
            shown: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, path: &SmolStr, diagnostic: Diagnostic) {
        self.found.push((path.clone(), diagnostic));
    }

    pub(super) fn table(&self) -> &ClassTable {
        self.table.as_ref().unwrap_or(&self.image.table)
    }

    pub(super) fn table_mut(&mut self) -> &mut ClassTable {
        self.table.get_or_insert_with(|| self.image.table.clone())
    }

    fn unit(&self, name: &str) -> Option<&ClassUnit> {
        self.units.get(name).or_else(|| self.image.units.get(name))
    }

    pub(super) fn classes(&mut self, sources: &[Arc<Source>]) {
        let definitions: Vec<(&Arc<Source>, usize, Definition<'_>)> = sources
            .iter()
            .flat_map(|source| source.definitions().map(move |(item, found)| (source, item, found)))
            .collect();
        let keys: Vec<(SmolStr, Option<SmolStr>)> = definitions
            .iter()
            .map(|(_, _, definition)| (definition.name().name.clone(), definition.parent().cloned()))
            .collect();
        self.aliases(sources);
        for index in superclass_first(&keys) {
            let (source, item, definition) = definitions[index];
            self.class(source, item, definition);
        }
        for source in sources {
            for alias in source.aliases() {
                for said in check_alias(self.table(), alias, USER) {
                    self.report(&source.path, said);
                }
                self.shown.push(alias.name.name.to_string());
            }
        }
    }

    /// Names for types come first, as any class may use them. A later source may give one another meaning.
    fn aliases(&mut self, sources: &[Arc<Source>]) {
        let mut own: Vec<&SmolStr> = Vec::new();
        for (source, alias) in
            sources.iter().flat_map(|source| source.aliases().map(move |each| (source, each)))
        {
            let name = &alias.name.name;
            if own.contains(&name) {
                let said = format!("Type alias `{name}` is already defined");
                let said = Diagnostic::error("E0545", alias.name.span, said);
                let said = said.with_help("Remove or rename one of them.").in_category(Category::Type);
                self.report(&source.path, said);
            }
            own.push(name);
            self.table_mut().insert_alias(AliasInfo::from_definition(
                alias,
                &source.text,
                USER,
                source.file().map(SmolStr::as_str),
            ));
        }
    }

    fn class(&mut self, source: &Arc<Source>, item: usize, definition: Definition<'_>) {
        let mut unit = ClassUnit::new(USER, source.clone(), item);
        // Extensions from other files stay; what was patched at the prompt is replaced with the class.
        if let Some(old) = self.unit(&definition.name().name)
            && old.package == USER
        {
            unit.patches = old
                .patches
                .iter()
                .filter(|patch| patch.source.path != INPUT && patch.source.path != source.path)
                .cloned()
                .collect();
        }
        let Some(info) = unit.info() else { return };
        let mut found = definition.check(self.table(), &info);
        found.extend(self.defined_twice(definition));
        // A superclass that is not there stops the class; what hangs on it would only repeat the message.
        found.sort_by_key(|diagnostic| diagnostic.span.start);
        let failed = found.iter().any(|each| each.is_error() && !source.expects(each));
        for diagnostic in found {
            self.report(&source.path, diagnostic);
        }
        if failed {
            return;
        }
        let name = info.name.clone();
        let known = self.table().get(&name).is_some();
        self.table_mut().insert(info);
        self.units.insert(name.clone(), unit);
        self.mark(&name);
        // A class that was not there has nothing below it. Looking would take as long as there are classes.
        let mut below = if known { self.below(&name) } else { Vec::new() };
        while let Some(subclass) = below.pop() {
            if self.marked.contains(&subclass) {
                continue;
            }
            // Generated accessors depend on the ancestry.
            if let Some(info) = self.unit(&subclass).and_then(ClassUnit::info) {
                self.table_mut().insert(info);
            }
            self.mark(&subclass);
            below.extend(self.below(&subclass));
        }
        match definition {
            Definition::Class(_) => self.shown.push(name.to_string()),
            Definition::Protocol(_) => {
                for below in self.extending(&name) {
                    self.mark(&below);
                }
                self.shown.push(format!("Protocol {name} defined"));
            }
        }
        self.defined.push(name);
    }

    /// The names of the direct subclasses.
    fn below(&self, name: &str) -> Vec<SmolStr> {
        self.table().subclasses(name).into_iter().map(|class| class.name.clone()).collect()
    }

    /// A protocol that another source of the same compilation defines.
    fn defined_twice(&self, definition: Definition<'_>) -> Option<Diagnostic> {
        let (Definition::Protocol(protocol), name) = (definition, definition.name()) else {
            return None;
        };
        self.defined.contains(&protocol.name.name).then(|| {
            Diagnostic::error("E0542", name.span, format!("Protocol `{}` is already defined", name.name))
                .with_help("Remove or rename one of them.")
                .in_category(Category::Type)
        })
    }

    /// The protocols that take over the requirements of `name`, directly or not.
    fn extending(&self, name: &str) -> Vec<SmolStr> {
        let mut found = vec![SmolStr::from(name)];
        let mut next = 0;
        while let Some(here) = found.get(next).cloned() {
            let below = self.table().iter().filter(|class| {
                class.protocol.as_ref().is_some_and(|protocol| protocol.extending.as_ref() == Some(&here))
            });
            let below: Vec<SmolStr> =
                below.map(|class| class.name.clone()).filter(|class| !found.contains(class)).collect();
            found.extend(below);
            next += 1;
        }
        found.split_off(1)
    }

    pub(super) fn mark(&mut self, name: &SmolStr) {
        if self.marked.insert(name.clone()) {
            self.dirty.push(name.clone());
        }
    }

    /// A file that is compiled again takes with it the extensions that it has no more.
    fn forget_extensions(&mut self, sources: &[Arc<Source>]) {
        let paths: FxHashSet<&str> =
            sources.iter().filter_map(|source| source.file()).map(SmolStr::as_str).collect();
        // What is typed at the prompt is in no file.
        if paths.is_empty() {
            return;
        }
        let is_old = |patch: &Patch| paths.contains(patch.source.path.as_str());
        let units = self.image.units.iter().filter(|(_, unit)| unit.patches.iter().any(is_old));
        let names: Vec<SmolStr> = units.map(|(name, _)| name.clone()).collect();
        for name in names {
            let Some(mut unit) = self.unit(&name).cloned() else { continue };
            unit.patches.retain(|patch| !is_old(patch));
            if let Some(info) = unit.info() {
                self.table_mut().insert(info);
            }
            self.units.insert(name.clone(), unit);
            self.mark(&name);
        }
    }

    pub(super) fn patches(&mut self, sources: &[Arc<Source>]) {
        self.forget_extensions(sources);
        for source in sources {
            for (item, extension) in source.extensions() {
                self.patch(source, item, extension);
            }
        }
    }

    fn patch(&mut self, source: &Arc<Source>, item: usize, extension: &ast::Extension) {
        let name = extension.target.name.name.clone();
        let Some(unit) = self.unit(&name) else {
            let close =
                closest(&name, self.table().iter().map(|class| class.name.as_str())).map(SmolStr::from);
            let help = close.map_or_else(
                || format!("Define {name} with: Object subclass: {name}"),
                |close| format!("Did you mean `{close}`?"),
            );
            let message = if source.path == INPUT {
                format!("Class source not available for {name}")
            } else {
                format!("Class '{name}' not found")
            };
            return self.report(
                &source.path.clone(),
                Diagnostic::error("E0604", extension.target.span, message).with_help(help),
            );
        };
        let mut unit = unit.clone();
        if source.path == INPUT {
            self.edits.extend(edit(&unit, source, extension));
        }
        if let Some(old) = unit.patch(USER, source, item, extension).filter(|old| !unit.is_of_body(old)) {
            self.extended_twice(source, extension, &old);
        }
        if let Some(info) = unit.info() {
            self.table_mut().insert(info);
        }
        self.units.insert(name.clone(), unit);
        self.mark(&name);
        if let Some(diagnostic) = never_sent(extension) {
            self.report(&source.path, diagnostic);
        }
        self.shown.push(format!("{name}>>{}", extension.method.signature.selector()));
    }

    /// An extension takes the place of another one. Of the sources of one compilation none is the later one.
    fn extended_twice(&mut self, source: &Arc<Source>, extension: &ast::Extension, old: &Patch) {
        let together = self.sources.iter().any(|(each, _)| Arc::ptr_eq(each, &old.source));
        if !together && old.source.path == source.path {
            return;
        }
        let (target, side) = (&extension.target.name.name, if extension.class_side { " class" } else { "" });
        let (selector, span) = (&old.selector, extension.method.signature.span());
        let at = old.extension().map_or(0, |old| old.method.signature.span().start);
        let line = LineIndex::new(&old.source.text).line(at);
        let place = format!("{}:{line}", old.source.path);
        if together {
            return self.report(&source.path, extended_twice(extension, &place));
        }
        let said = format!("extension '{selector}' of `{target}{side}` replaces the one of {place}");
        let earlier = old.replaced.join(", ");
        let help = if earlier.is_empty() {
            "The last definition wins; remove or rename one of them.".to_owned()
        } else {
            format!("The last definition wins; before it was that of {earlier}.")
        };
        let diagnostic = Diagnostic::warning("E0453", span, said).with_help(help);
        self.report(&source.path, diagnostic.in_category(Category::ExtensionConflict));
    }

    /// Code that was compiled before some control flow became a message is compiled again.
    fn mark_outdated(&mut self) {
        if self.table.as_ref().is_some_and(|table| table.reimplements_more(&self.image.table)) {
            let units = self.image.units.iter().filter(|(_, unit)| unit.package == USER);
            let mut names: Vec<SmolStr> = units.map(|(name, _)| name.clone()).collect();
            names.sort();
            for name in names {
                self.mark(&name);
            }
        }
    }

    pub(super) fn finish(mut self) -> Draft<'i> {
        self.mark_outdated();
        let mut modules = Vec::with_capacity(self.dirty.len());
        // Names are looked up only where there is no syntax error: its recovery would be blamed on the user.
        let keys: Vec<(SmolStr, Option<SmolStr>)> = self
            .dirty
            .iter()
            .map(|name| (name.clone(), self.table().get(name).and_then(|class| class.superclass.clone())))
            .collect();
        let mut known: FxHashSet<*const Source> =
            self.sources.iter().map(|(source, _)| Arc::as_ptr(source)).collect();
        let whole = self.sources.iter().filter(|(_, whole)| *whole);
        let new: FxHashSet<SmolStr> = whole.map(|(source, _)| source.path.clone()).collect();
        for index in superclass_first(&keys) {
            let name = &keys[index].0;
            let Some(unit) = self.unit(name) else {
                continue;
            };
            let path = unit.source.path.clone();
            let Some(code) = unit.compile(self.table()) else {
                continue;
            };
            let parts: Vec<Arc<Source>> = unit.sources().cloned().collect();
            for part in parts {
                if known.insert(Arc::as_ptr(&part)) {
                    self.sources.push((part, false));
                }
            }
            let quiet = !self.units.contains_key(name) || unit_is_library(self.table().get(name));
            for (path, diagnostic) in code.diagnostics {
                // What is only made again was checked before.
                if new.contains(&path) && !quiet || diagnostic.is_error() {
                    self.report(&path, diagnostic);
                }
            }
            for error in &code.errors {
                self.report(&path, too_complex(&error.function));
            }
            if !code.errors.is_empty() {
                continue;
            }
            match assemble(&code.module, &path) {
                Ok(module) => modules.push(module),
                Err(diagnostic) => self.report(&path, diagnostic),
            }
        }
        let change =
            self.table.map(|table| Box::new(Change { table, units: self.units, removed: Vec::new() }));
        let display = (!self.shown.is_empty()).then(|| self.shown.join(", "));
        let compiled = Compiled {
            modules,
            display,
            classes: self.defined,
            edits: self.edits,
            change,
            ..Compiled::default()
        };
        Draft { image: self.image, sources: self.sources, found: self.found, compiled }
    }
}

/// A compilation before it is decided what of the diagnostics counts.
pub(super) struct Draft<'i> {
    image: &'i Image,
    pub(super) sources: Vec<(Arc<Source>, bool)>,
    pub(super) found: Vec<(SmolStr, Diagnostic)>,
    pub(super) compiled: Compiled,
}

impl Draft<'_> {
    pub(super) fn table(&self) -> &ClassTable {
        self.compiled.change.as_ref().map_or(&self.image.table, |change| &change.table)
    }

    /// Whether there is an error that no directive knows of.
    pub(super) fn has_failed(&self) -> bool {
        let expected = |path: &SmolStr, each: &Diagnostic| {
            self.sources.iter().any(|(source, _)| source.path == *path && source.expects(each))
        };
        self.found.iter().any(|(path, each)| each.is_error() && !expected(path, each))
    }

    pub(super) fn settle(mut self) -> Result<Compiled, Failure> {
        let sources: Vec<Settled<'_>> =
            self.sources.iter().map(|(source, whole)| Settled { source, whole: *whole }).collect();
        let Image { policy, natives, .. } = self.image;
        let surface = Surface { policy, warnings_as_errors: false, lint: false, natives };
        let found = settle(&sources, self.found, surface);
        let (mut errors, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, each)| each.is_error());
        if errors.is_empty() {
            self.compiled.warnings = others;
            return Ok(self.compiled);
        }
        errors.extend(others);
        Err(Failure { diagnostics: errors })
    }
}

/// The change that a standalone method makes to a class.
fn edit(unit: &ClassUnit, source: &Source, extension: &ast::Extension) -> Option<Edit> {
    let side = if extension.class_side { Side::Class } else { Side::Instance };
    let text = body_text(&extension.method, extension.span.start, &source.text, side);
    unit.edit(side, &extension.method.signature.selector(), Some(text))
}

fn unit_is_library(info: Option<&Arc<ClassInfo>>) -> bool {
    info.is_some_and(|info| info.package == STDLIB)
}

/// Numbers are added and compared where it is written, without a message.
fn never_sent(extension: &ast::Extension) -> Option<Diagnostic> {
    let selector = extension.method.signature.selector();
    let of_numbers = matches!(extension.target.name.name.as_str(), "Integer" | "Float" | "Character");
    let in_place = matches!(selector.as_str(), "+" | "-" | "*" | "/" | "%" | "<" | ">" | "<=" | ">=");
    (of_numbers && in_place && !extension.class_side).then(|| {
        let said = format!(
            "`{selector}` of numbers is compiled in place; this method is not called where it is written"
        );
        Diagnostic::warning("E0454", extension.method.signature.span(), said)
            .with_help("Give the method another name.")
            .in_category(Category::ExtensionConflict)
    })
}
