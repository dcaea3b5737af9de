//! The classes of a running image, as its compiler knows them.

mod draft;

use std::sync::Arc;

use beamtalk_beam::Module;
use beamtalk_codegen::{SourceRef, compile_input};
use beamtalk_semantics::{ClassTable, InputVariable, USER};
use beamtalk_syntax::ast;
use beamtalk_text::{Diagnostic, LineIndex, Span};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use self::draft::{Draft, Work};
use crate::edit::Edit;
use crate::library::LIBRARY;
use crate::policy::Policy;
use crate::unit::{ClassUnit, Source};

/// The path of what is typed at a prompt.
pub const INPUT: &str = "<input>";
/// The path of a class that a program has built.
pub const BUILT: &str = "<built>";

/// A module ready to be loaded.
#[derive(Debug, Clone)]
pub struct ModuleCode {
    /// Its name.
    pub name: SmolStr,
    /// The source shown for it.
    pub path: SmolStr,
    /// Its `.beam` bytes.
    pub beam: Vec<u8>,
}

/// Why nothing was compiled: at least one error, each with the path of its source.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Errors and warnings.
    pub diagnostics: Vec<(SmolStr, Diagnostic)>,
}

/// The texts that diagnostics refer to, by path.
pub type Sources = FxHashMap<SmolStr, String>;

/// The result of a compilation; the image is as before until [`Image::commit`].
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Classes to load first, superclasses before subclasses.
    pub modules: Vec<ModuleCode>,
    /// The module that evaluates the input's expressions.
    pub eval: Option<ModuleCode>,
    /// Session variables after a successful evaluation.
    pub variables: Vec<InputVariable>,
    /// What to show when nothing is evaluated.
    pub display: Option<String>,
    /// Classes defined, in order.
    pub classes: Vec<SmolStr>,
    /// Methods that an input changes, in order.
    pub edits: Vec<Edit>,
    /// Warnings, with the path of their source.
    pub warnings: Vec<(SmolStr, Diagnostic)>,
    pub(crate) change: Option<Box<Change>>,
}

impl Compiled {
    /// Whether it changes the image's classes.
    #[must_use]
    pub fn changes_classes(&self) -> bool {
        self.change.is_some()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub table: ClassTable,
    pub units: FxHashMap<SmolStr, ClassUnit>,
    removed: Vec<SmolStr>,
}

/// The classes of an image and their sources.
#[derive(Debug, Clone)]
pub struct Image {
    table: ClassTable,
    units: FxHashMap<SmolStr, ClassUnit>,
    policy: Policy,
    /// Erlang modules of the project's own.
    natives: Vec<String>,
}

impl Default for Image {
    fn default() -> Self {
        Self::new()
    }
}

impl Image {
    /// An image that holds the standard library.
    #[must_use]
    pub fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    /// An image that holds the standard library, of a package with a policy for diagnostics.
    #[must_use]
    pub fn with_policy(policy: Policy) -> Self {
        let units = LIBRARY.units.iter().cloned().collect();
        Self { table: LIBRARY.table.clone(), units, policy, natives: Vec::new() }
    }

    /// An image that holds the standard library and these classes; the table knows all of them.
    pub(crate) fn with_classes(
        table: ClassTable,
        classes: impl IntoIterator<Item = (SmolStr, ClassUnit)>,
    ) -> Self {
        let units = LIBRARY.units.iter().cloned().chain(classes).collect();
        Self { table, units, policy: Policy::default(), natives: Vec::new() }
    }

    /// All that is known of classes.
    #[must_use]
    pub fn table(&self) -> &ClassTable {
        &self.table
    }

    /// Take a compilation's classes in. To be called once its modules are loaded.
    pub fn commit(&mut self, compiled: &Compiled) {
        if let Some(change) = &compiled.change {
            self.table = change.table.clone();
            for name in &change.removed {
                self.units.remove(name);
            }
            for (name, unit) in &change.units {
                self.units.insert(name.clone(), unit.clone());
            }
        }
    }

    /// These Erlang modules are there, though they are not OTP's.
    pub fn know_natives(&mut self, modules: impl IntoIterator<Item = String>) {
        for module in modules {
            if !self.natives.contains(&module) {
                self.natives.push(module);
            }
        }
    }

    /// Compile what was typed: class definitions and patches, then expressions.
    ///
    /// # Errors
    /// When there is an error anywhere in it; then nothing of it may run.
    pub fn compile_input(
        &self,
        variables: &[InputVariable],
        code: &str,
        module: &str,
    ) -> Result<Compiled, Failure> {
        if code.trim().is_empty() {
            return Err(failure("E0600", "Empty expression", "Enter an expression to evaluate."));
        }
        let source = Arc::new(Source::new(INPUT, code));
        if source.parsed.file.items.is_empty()
            && source.parsed.diagnostics.iter().all(|diagnostic| !diagnostic.is_error())
        {
            return Err(failure(
                "E0601",
                "No expressions to compile",
                "Type an expression after the comment.",
            ));
        }
        let patches = source.extensions().count();
        if patches > 1 && source.definitions().next().is_none() {
            return Err(failure(
                "E0602",
                "An input can define only one standalone method",
                "Define each separately, or use a class definition.",
            ));
        }
        let statements: Vec<&ast::Statement> = source.statements().collect();
        let mut draft = self.draft(std::slice::from_ref(&source));
        if statements.is_empty() || draft.has_failed() {
            return draft.settle();
        }
        let lines = LineIndex::new(&source.text);
        let code = compile_input(
            draft.table(),
            variables,
            &statements,
            SourceRef { path: INPUT, lines: &lines, package: USER },
            module,
            |diagnostic| source.expects(diagnostic),
        );
        draft.found.extend(code.diagnostics.into_iter().map(|diagnostic| (INPUT.into(), diagnostic)));
        draft.found.extend(code.errors.iter().map(|error| (INPUT.into(), too_complex(&error.function))));
        if !draft.has_failed() {
            match assemble(&code.module, INPUT) {
                Ok(module) => draft.compiled.eval = Some(module),
                Err(diagnostic) => draft.found.push((INPUT.into(), diagnostic)),
            }
        }
        draft.compiled.variables = code.variables;
        draft.compiled.display = None;
        draft.settle()
    }

    /// Compile files that belong together. Their expressions are not run.
    ///
    /// # Errors
    /// When there is an error in any of them.
    pub fn compile_files(&self, sources: &[Arc<Source>]) -> Result<Compiled, Failure> {
        let mut draft = self.draft(sources);
        draft.compiled.display = None;
        draft.settle()
    }

    /// What removing a class needs.
    ///
    /// # Errors
    /// A sentence for people: unknown, of the library, or with subclasses.
    pub fn remove(&self, name: &str) -> Result<(SmolStr, Compiled), Diagnostic> {
        let span = Span::default();
        let found = self.table.get(name).or_else(|| self.table.iter().find(|class| class.module == name));
        let Some(class) = found else {
            return Err(Diagnostic::error("E0610", span, format!("Class '{name}' not found"))
                .with_help("Use :modules to see loaded classes."));
        };
        if class.is_library() {
            return Err(Diagnostic::error("E0611", span, format!("Cannot remove stdlib class '{name}'"))
                .with_help("Classes of the standard library stay."));
        }
        let subclasses = self.table.subclasses(&class.name);
        if !subclasses.is_empty() {
            let names: Vec<&str> = subclasses.iter().map(|class| class.name.as_str()).collect();
            return Err(Diagnostic::error(
                "E0612",
                span,
                format!("Cannot remove class '{}'; it has subclasses", class.name),
            )
            .with_help(format!("Remove subclasses first: {}", names.join(", "))));
        }
        let module = class.module.clone();
        let mut table = self.table.clone();
        table.remove(&class.name.clone());
        let change = Change { table, units: FxHashMap::default(), removed: vec![class.name.clone()] };
        Ok((module, Compiled { change: Some(Box::new(change)), ..Compiled::default() }))
    }

    // ---- classes and patches ---------------------------------------------------------------------------

    pub(crate) fn unit(&self, class: &str) -> Option<&ClassUnit> {
        self.units.get(class)
    }

    pub(crate) fn units(&self) -> impl Iterator<Item = (&SmolStr, &ClassUnit)> {
        self.units.iter()
    }

    /// Lets `update` change units, and takes the classes of those that it says it has changed into the table.
    pub(crate) fn update_units(&mut self, update: impl Fn(&str, &mut ClassUnit) -> bool) {
        for (name, unit) in &mut self.units {
            if update(name, unit)
                && let Some(info) = unit.info()
            {
                self.table.insert(info);
            }
        }
    }

    /// Compile a class that has been changed in another way than by a source.
    pub(crate) fn compile_unit(&self, name: &SmolStr, unit: ClassUnit) -> Result<Compiled, Failure> {
        let mut work = Work::new(self);
        if let Some(info) = unit.info() {
            work.table_mut().insert(info);
        }
        work.units.insert(name.clone(), unit);
        work.mark(name);
        work.finish().settle()
    }

    fn draft(&self, sources: &[Arc<Source>]) -> Draft<'_> {
        let mut work = Work::new(self);
        work.sources = sources.iter().map(|source| (source.clone(), true)).collect();
        for source in sources {
            for diagnostic in &source.parsed.diagnostics {
                work.report(&source.path, diagnostic.clone());
            }
        }
        work.classes(sources);
        work.patches(sources);
        work.finish()
    }
}

pub(crate) fn failure(code: &'static str, message: &str, help: &str) -> Failure {
    Failure {
        diagnostics: vec![(INPUT.into(), Diagnostic::error(code, Span::default(), message).with_help(help))],
    }
}

pub(crate) fn too_complex(function: &str) -> Diagnostic {
    Diagnostic::error("E0620", Span::default(), format!("`{function}` is too complex to compile")).with_help("Split it: it keeps more values at once than the VM has registers for, or takes more than 200 arguments.")
}

pub(crate) fn assemble(module: &Module, path: &str) -> Result<ModuleCode, Diagnostic> {
    match beamtalk_beam::assemble(module) {
        Ok(beam) => Ok(ModuleCode { name: module.name.clone(), path: path.into(), beam }),
        Err(error) => Err(Diagnostic::error(
            "E0621",
            Span::default(),
            format!("The code exceeds a limit of the VM: {error}"),
        )
        .with_help("Shorten the name, or split the method.")),
    }
}
