//! A class with its patches: everything needed to make its module again.

use std::sync::{Arc, OnceLock};

use beamtalk_codegen::{ClassCode, ClassSource, DataSource, MethodSource, SourceRef, compile_class};
use beamtalk_semantics::{ClassInfo, ClassTable, MethodInfo, Origin, Side, check_class, check_protocol};
use beamtalk_syntax::{Parsed, TokenKind, ast};
use beamtalk_text::{Category, Diagnostic, LineIndex, Span};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use crate::expect::{Expectation, expectations};
use crate::image::{BUILT, INPUT};
use crate::uses::ItemUses;

/// A parsed text.
#[derive(Debug)]
pub struct Source {
    /// How it is shown to users; the prompt is `<input>`.
    pub path: SmolStr,
    /// The text.
    pub text: String,
    /// Its tree and syntax errors.
    pub parsed: Parsed,
    /// Its `@expect` directives.
    pub(crate) expectations: Vec<Expectation>,
    /// What its items use, once somebody has asked.
    pub(crate) uses: OnceLock<Vec<ItemUses>>,
}

impl Source {
    /// Parse a text.
    #[must_use]
    pub fn new(path: impl Into<SmolStr>, text: impl Into<String>) -> Self {
        let text = text.into();
        let parsed = beamtalk_syntax::parse(&text);
        let has_directives = parsed.tokens.iter().any(|token| token.kind == TokenKind::Expect);
        let expectations = if has_directives { expectations(&parsed.file) } else { Vec::new() };
        Self { path: path.into(), text, parsed, expectations, uses: OnceLock::new() }
    }

    /// Whether a directive of the source knows of the diagnostic.
    pub(crate) fn expects(&self, diagnostic: &Diagnostic) -> bool {
        !self.refuses(diagnostic) && self.expectations.iter().any(|each| each.matches(diagnostic))
    }

    /// Whether no directive can help: what cannot be read cannot be compiled either.
    pub(crate) fn refuses(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.is_error() && self.parsed.diagnostics.contains(diagnostic)
    }

    /// The file it was read from, if it was.
    pub fn file(&self) -> Option<&SmolStr> {
        Some(&self.path).filter(|path| *path != INPUT && *path != BUILT)
    }

    /// Its standalone methods, with their item numbers.
    pub fn extensions(&self) -> impl Iterator<Item = (usize, &ast::Extension)> {
        self.parsed.file.items.iter().enumerate().filter_map(|(index, item)| match item {
            ast::Item::Extension(extension) => Some((index, extension)),
            _ => None,
        })
    }

    /// Its statements outside of definitions.
    pub fn statements(&self) -> impl Iterator<Item = &ast::Statement> {
        self.parsed.file.items.iter().filter_map(|item| match item {
            ast::Item::Statement(statement) => Some(statement),
            _ => None,
        })
    }

    /// The classes and protocols it defines, with their item numbers.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (usize, Definition<'_>)> {
        let items = self.parsed.file.items.iter().enumerate();
        items.filter_map(|(index, item)| Some((index, Definition::of(item)?)))
    }

    /// The names for types that it defines.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &ast::TypeAlias> {
        self.parsed.file.items.iter().filter_map(|item| match item {
            ast::Item::TypeAlias(alias) => Some(alias),
            _ => None,
        })
    }

    fn extension(&self, index: usize) -> Option<&ast::Extension> {
        match self.parsed.file.items.get(index) {
            Some(ast::Item::Extension(extension)) => Some(extension),
            _ => None,
        }
    }
}

/// Something that a source defines and that becomes a module.
#[derive(Debug, Clone, Copy)]
pub enum Definition<'s> {
    /// A class.
    Class(&'s ast::ClassDef),
    /// A protocol, which is a class as well.
    Protocol(&'s ast::ProtocolDef),
}

impl<'s> Definition<'s> {
    fn of(item: &'s ast::Item) -> Option<Self> {
        match item {
            ast::Item::Class(class) => Some(Self::Class(class)),
            ast::Item::Protocol(protocol) => Some(Self::Protocol(protocol)),
            ast::Item::TypeAlias(_) | ast::Item::Extension(_) | ast::Item::Statement(_) => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'s ast::Ident {
        match self {
            Self::Class(class) => &class.name,
            Self::Protocol(protocol) => &protocol.name,
        }
    }

    /// All of it but its documentation.
    pub fn span(self) -> Span {
        match self {
            Self::Class(class) => class.span,
            Self::Protocol(protocol) => protocol.span,
        }
    }

    /// What has to be there before it: the superclass, or the protocol it extends.
    pub fn parent(self) -> Option<&'s SmolStr> {
        match self {
            Self::Class(class) => class.superclass.as_ref().map(|parent| &parent.name.name),
            Self::Protocol(protocol) => protocol.extending.as_ref().map(|parent| &parent.name),
        }
    }

    /// What is wrong with it as a whole.
    pub fn check(self, table: &ClassTable, info: &ClassInfo) -> Vec<Diagnostic> {
        match self {
            Self::Class(class) => check_class(table, class, info),
            Self::Protocol(protocol) => check_protocol(table, protocol, &info.package),
        }
    }
}

/// `Class >> selector => body` from somewhere.
#[derive(Debug, Clone)]
pub struct Patch {
    pub source: Arc<Source>,
    /// Which item of the source.
    pub item: usize,
    pub side: Side,
    pub selector: SmolStr,
    /// Whose source it is.
    pub package: SmolStr,
    /// Where it was defined before, by others: the latest last.
    pub replaced: Vec<SmolStr>,
}

impl Patch {
    /// Its definition.
    pub fn extension(&self) -> Option<&ast::Extension> {
        self.source.extension(self.item)
    }
}

/// What is to be said of an extension that another one of the same compilation defines too, at `place`.
pub(crate) fn extended_twice(extension: &ast::Extension, place: &str) -> Diagnostic {
    let (selector, span) = (extension.method.signature.selector(), extension.method.signature.span());
    let (target, side) = (&extension.target.name.name, if extension.class_side { " class" } else { "" });
    let said = format!("extension '{selector}' of `{target}{side}` is defined twice");
    let help = format!("It is also defined at {place}; remove or rename one of them.");
    Diagnostic::error("E0451", span, said).with_help(help).in_category(Category::ExtensionConflict)
}

/// A class, the text that defines it, and its patches.
#[derive(Debug, Clone)]
pub struct ClassUnit {
    pub package: SmolStr,
    pub source: Arc<Source>,
    /// Which item of the source.
    pub item: usize,
    pub patches: Vec<Patch>,
    /// Methods that were removed: side and selector.
    pub removed: Vec<(Side, SmolStr)>,
}

impl ClassUnit {
    pub fn new(package: &str, source: Arc<Source>, item: usize) -> Self {
        Self { package: package.into(), source, item, patches: Vec::new(), removed: Vec::new() }
    }

    /// Whether it belongs to the standard library.
    pub fn is_library(&self) -> bool {
        self.package == beamtalk_semantics::STDLIB
    }

    /// What defines it.
    pub fn definition(&self) -> Option<Definition<'_>> {
        self.source.parsed.file.items.get(self.item).and_then(Definition::of)
    }

    /// The same where that is a class.
    pub fn class(&self) -> Option<&ast::ClassDef> {
        match self.definition()? {
            Definition::Class(class) => Some(class),
            Definition::Protocol(_) => None,
        }
    }

    /// The source of the class and those of its patches.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        std::iter::once(&self.source).chain(self.patches.iter().map(|patch| &patch.source))
    }

    /// Add a method, or replace the one of its side and selector, which is answered.
    pub fn patch(
        &mut self,
        package: &str,
        source: &Arc<Source>,
        item: usize,
        extension: &ast::Extension,
    ) -> Option<Patch> {
        let side = if extension.class_side { Side::Class } else { Side::Instance };
        let selector = extension.method.signature.selector();
        let known = self.patches.iter().position(|patch| patch.side == side && patch.selector == selector);
        let old = known.map(|index| self.patches.remove(index));
        let mut replaced = old.as_ref().map(|old| old.replaced.clone()).unwrap_or_default();
        if let Some(old) = old.as_ref().filter(|old| old.source.path != source.path) {
            replaced.retain(|path| *path != old.source.path);
            replaced.push(old.source.path.clone());
        }
        self.removed.retain(|removed| *removed != (side, selector.clone()));
        let package = package.into();
        self.patches.push(Patch { source: source.clone(), item, side, selector, package, replaced });
        old
    }

    /// Whether the method of a patch belongs to the class's own body, which it changes.
    pub fn is_of_body(&self, patch: &Patch) -> bool {
        self.own_method(patch.side, &patch.selector).is_some()
    }

    /// What the class table is to know.
    pub fn info(&self) -> Option<ClassInfo> {
        let path =
            self.source.file().filter(|_| self.package != beamtalk_semantics::STDLIB).map(SmolStr::as_str);
        let mut info = match self.definition()? {
            Definition::Class(class) => {
                ClassInfo::from_definition(class, &self.source.text, &self.package, path)
            }
            Definition::Protocol(protocol) => {
                ClassInfo::from_protocol(protocol, &self.source.text, &self.package, path)
            }
        };
        info.built = self.source.path == BUILT;
        for (side, selector) in &self.removed {
            info.methods_mut(*side).retain(|method| method.selector != *selector);
        }
        for patch in &self.patches {
            if let Some(extension) = patch.source.extension(patch.item) {
                let lines = LineIndex::new(&patch.source.text);
                let replaces = info
                    .method(patch.side, &patch.selector)
                    .is_some_and(|method| method.origin == Origin::Body);
                let origin = if replaces { Origin::Body } else { Origin::Extension };
                info.put_method(
                    patch.side,
                    MethodInfo::from_method(
                        &extension.method,
                        patch.side,
                        &patch.source.text,
                        &lines,
                        origin,
                    ),
                );
            }
        }
        Some(info)
    }

    /// Make the module. The table knows the class and its ancestors.
    pub fn compile(&self, table: &ClassTable) -> Option<ClassCode> {
        let definition = self.definition()?;
        let info = table.get(&definition.name().name)?;
        let own_lines = LineIndex::new(&self.source.text);
        let own = SourceRef { path: &self.source.path, lines: &own_lines, package: &self.package };
        let patch_lines: Vec<LineIndex<'_>> =
            self.patches.iter().map(|patch| LineIndex::new(&patch.source.text)).collect();
        let mut class = ClassSource { info, data: Vec::new(), methods: Vec::new(), path: &self.source.path };
        let members = match definition {
            Definition::Class(class) => class.members.as_slice(),
            Definition::Protocol(_) => &[],
        };
        let mut seen: FxHashSet<(Side, SmolStr)> =
            self.patches.iter().map(|patch| (patch.side, patch.selector.clone())).collect();
        for member in members {
            match member {
                ast::Member::Data(data) => class.data.push(DataSource { data, source: own }),
                ast::Member::Method(method) => {
                    let side = if method.is_class_side() { Side::Class } else { Side::Instance };
                    let key = (side, method.signature.selector());
                    // Of two methods of one selector only the first is compiled; the other is an error already.
                    if !self.removed.contains(&key) && seen.insert(key) {
                        class.methods.push(MethodSource { method, side, source: own, added: false });
                    }
                }
            }
        }
        for (patch, lines) in self.patches.iter().zip(&patch_lines) {
            if let Some(extension) = patch.source.extension(patch.item) {
                class.methods.push(MethodSource {
                    method: &extension.method,
                    side: patch.side,
                    source: SourceRef { path: &patch.source.path, lines, package: &patch.package },
                    added: patch.source.file().is_none(),
                });
            }
        }
        Some(compile_class(table, &class))
    }
}
