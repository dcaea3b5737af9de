//! The standard library, whose sources the binary carries.

use std::sync::{Arc, LazyLock};

use beamtalk_semantics::{AliasInfo, ClassTable, MethodContext, STDLIB, Side, check_alias, lower_method};
use beamtalk_syntax::ast;
use beamtalk_text::Diagnostic;
use smol_str::SmolStr;

use crate::order::superclass_first;
use crate::unit::{ClassUnit, Source};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));
}

/// The library's files: name and text, sorted by name.
#[must_use]
pub fn sources() -> &'static [(&'static str, &'static str)] {
    embedded::SOURCES
}

/// The library, parsed once for the life of the process.
pub(crate) struct Library {
    pub table: ClassTable,
    pub units: Vec<(SmolStr, ClassUnit)>,
}

pub(crate) static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let mut classes = Vec::new();
    let mut table = ClassTable::default();
    for (path, text) in sources() {
        let source = Arc::new(Source::new(*path, *text));
        for alias in source.aliases() {
            table.insert_alias(AliasInfo::from_definition(alias, text, STDLIB, None));
        }
        for (item, definition) in source.definitions() {
            let (name, parent) = (definition.name().name.clone(), definition.parent().cloned());
            classes.push((name, parent, ClassUnit::new(STDLIB, source.clone(), item)));
        }
    }
    let keys: Vec<(SmolStr, Option<SmolStr>)> =
        classes.iter().map(|(name, superclass, _)| (name.clone(), superclass.clone())).collect();
    let mut units = Vec::with_capacity(classes.len());
    for index in superclass_first(&keys) {
        let (name, _, unit) = &classes[index];
        if let Some(info) = unit.info() {
            table.insert(info);
        }
        units.push((name.clone(), unit.clone()));
    }
    Library { table, units }
});

/// Everything that is wrong with the library; empty in a released binary (a test guards it). Each with its file.
#[must_use]
pub fn check() -> Vec<(SmolStr, Diagnostic)> {
    let library = &*LIBRARY;
    let mut found = Vec::new();
    for (name, unit) in &library.units {
        let path = unit.source.path.clone();
        found.extend(
            unit.source.parsed.diagnostics.iter().map(|diagnostic| (path.clone(), diagnostic.clone())),
        );
        if let (Some(definition), Some(info)) = (unit.definition(), library.table.get(name)) {
            let said = definition.check(&library.table, info);
            found.extend(said.into_iter().map(|diagnostic| (path.clone(), diagnostic)));
        }
        for alias in unit.source.aliases() {
            let said = check_alias(&library.table, alias, STDLIB);
            found.extend(said.into_iter().map(|diagnostic| (path.clone(), diagnostic)));
        }
        if let Some(code) = unit.compile(&library.table) {
            found.extend(code.diagnostics);
        }
        found.extend(
            as_of_users(&library.table, unit).into_iter().map(|diagnostic| (path.clone(), diagnostic)),
        );
    }
    found
}

/// What a class of the library is told where it is held to the rules of everyone; primitives are its privilege.
fn as_of_users(table: &ClassTable, unit: &ClassUnit) -> Vec<Diagnostic> {
    let Some(definition) = unit.class() else { return Vec::new() };
    let info = table.get(&definition.name.name).map(AsRef::as_ref);
    let methods = definition.members.iter().filter_map(|member| match member {
        ast::Member::Method(method) => Some(method),
        ast::Member::Data(_) => None,
    });
    methods
        .flat_map(|method| {
            let side = if method.is_class_side() { Side::Class } else { Side::Instance };
            let cx = MethodContext { table, class: info, side, library: false, package: STDLIB };
            lower_method(cx, method).diagnostics
        })
        .filter(|diagnostic| diagnostic.code != "E0340")
        .collect()
}

/// The library's modules, a class each, and the one that all compiled code shares: name and instructions.
pub fn modules() -> impl Iterator<Item = beamtalk_beam::Module> {
    let library = &*LIBRARY;
    let classes = library.units.iter().filter_map(|(_, unit)| unit.compile(&library.table));
    classes.map(|code| code.module).chain(std::iter::once_with(beamtalk_codegen::dispatchers))
}

/// The library compiled: module names and `.beam` bytes.
///
/// # Errors
/// When a module cannot be assembled, which a test rules out.
pub fn compile() -> Result<Vec<(String, Vec<u8>)>, beamtalk_beam::AssembleError> {
    modules()
        .map(|module| beamtalk_beam::assemble(&module).map(|bytes| (module.name.to_string(), bytes)))
        .collect()
}
