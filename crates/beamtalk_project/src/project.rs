//! Building a project: only what changed, as if all had been built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use beamtalk_semantics::{ClassTable, USER, lint, lower_input, watch};
use beamtalk_syntax::ast;
use beamtalk_text::{Diagnostic, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::ProjectError;
use crate::appfile;
use crate::image::{assemble, too_complex};
use crate::index::{FileSource, Index, IndexedClass};
use crate::layout::{Layout, SourceFile};
use crate::manifest::{MANIFEST, Manifest};
use crate::native::{self, NativeBuild, NativeFolder, class_header};
use crate::packages::{Package, native_modules};
use crate::policy::Policy;
use crate::render::Look;
use crate::report::{Finding, Report, Task};
use crate::settle::{Settled, Surface, settle};
use crate::state::{self, BuildLock, Entry, Record};
use crate::trace::{Answers, Digest, Trace};
use crate::unit::Source;

/// The stack of a thread that compiles: room for the deepest tree that the parser lets pass.
pub const STACK: usize = 256 << 20;
/// The longest source, in bytes.
const LONGEST_SOURCE: usize = 16 << 20;

/// How to build.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildOptions {
    /// Make everything again.
    pub force: bool,
    /// Count warnings and hints as errors.
    pub warnings_as_errors: bool,
    /// Threads to compile with; 0 for one a core.
    pub threads: usize,
    /// How diagnostics are drawn.
    pub look: Look,
}

/// A project with what is known of it since the last build.
#[derive(Debug)]
pub struct Project {
    layout: Layout,
    manifest: Option<(Vec<u8>, Manifest)>,
    /// The packages that it uses, directly or not.
    packages: Vec<Package>,
    files: BTreeMap<SmolStr, FileSource>,
    made: FxHashMap<SmolStr, Made>,
    record: (Vec<u8>, Record),
    /// Whether the record's bytes stand for exactly the files in memory.
    settled: bool,
    /// The class header of the last build.
    header: String,
}

/// A class that was compiled.
#[derive(Debug, Clone)]
struct Made {
    own: Digest,
    key: Digest,
    trace: Trace,
    diagnostics: Arc<[(SmolStr, Diagnostic)]>,
    beam: Option<Arc<[u8]>>,
}

impl Project {
    /// A project that nothing is known of yet.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            manifest: None,
            packages: Vec::new(),
            files: BTreeMap::new(),
            made: FxHashMap::default(),
            record: (Vec::new(), Record::default()),
            settled: false,
            header: String::new(),
        }
    }

    /// Compile what changed and write it. `shown` is how the user wrote the path.
    ///
    /// # Errors
    /// When it cannot be built at all; what is wrong with sources is in the report.
    pub fn build(&mut self, shown: &str, options: BuildOptions) -> Result<Report, ProjectError> {
        self.read_manifest(shown)?;
        let sources = self.sources(shown)?;
        let folder = self.layout.state_folder();
        let _lock = BuildLock::acquire(&folder)?;
        self.read_sources(&sources)?;
        let record = Record::read(&folder);
        let present = self.present()?;
        if self.settled && !options.force && record == self.record.0 && self.outputs_are(&present) {
            let natives = self.build_natives(&self.header, options)?;
            return Ok(natives.told(self.unchanged()));
        }
        self.settled = false;
        if record != self.record.0 {
            self.record = (record.clone(), Record::parse(&record));
        }
        let old = if options.force { Record::default() } else { self.record.1.clone() };
        let work = self.analyse(&old, Some(&present), options);
        let classes = work.index.classes.iter().map(|class| (class.name.as_str(), class.module.as_str()));
        self.header = class_header(classes.filter(|(_, module)| !module.starts_with("bt@stdlib@")));
        let natives = self.build_natives(&self.header, options)?;
        let mut report = natives.told(self.report(&work, &old, shown, None, options));
        if report.ok {
            self.check_supervisor(&work)?;
            self.write(&work, &present, &mut report)?;
        }
        Ok(report)
    }

    /// Everything that is to be said of the sources. Writes nothing.
    ///
    /// # Errors
    /// When it cannot be analysed at all.
    pub fn check(&mut self, shown: &str, options: BuildOptions) -> Result<Report, ProjectError> {
        self.read_manifest(shown)?;
        let sources = self.sources(shown)?;
        self.read_sources(&sources)?;
        let nothing = Record::default();
        let work = self.analyse(&nothing, None, options);
        let report = self.report(&work, &nothing, shown, None, options);
        Ok(Report { task: Task::Check, output: String::new(), ..report })
    }

    /// What style and every categorised rule say of the sources below `within`, a path below the root (empty for all).
    /// Writes nothing.
    ///
    /// # Errors
    /// When it cannot be analysed at all.
    pub fn lint(&mut self, shown: &str, within: &str, options: BuildOptions) -> Result<Report, ProjectError> {
        self.read_manifest(shown)?;
        let sources = self.sources(shown)?;
        self.read_sources(&sources)?;
        let nothing = Record::default();
        let work = self.analyse(&nothing, None, options);
        let report = self.report(&work, &nothing, shown, Some(within), options);
        Ok(Report { task: Task::Lint, output: String::new(), ..report })
    }

    // ---- reading ---------------------------------------------------------------------------------

    fn read_manifest(&mut self, shown: &str) -> Result<(), ProjectError> {
        if !self.layout.is_package {
            return Ok(());
        }
        let path = self.layout.root.join(MANIFEST);
        let bytes = fs::read(&path).map_err(ProjectError::io("read", &path))?;
        if self.manifest.as_ref().is_none_or(|(old, _)| *old != bytes) {
            self.settled = false;
            let shown = Path::new(&self.layout.display(shown)).join(MANIFEST);
            let manifest = Manifest::parse(&String::from_utf8_lossy(&bytes), &shown)?;
            self.manifest = Some((bytes, manifest));
        }
        if let Some((_, manifest)) = &self.manifest {
            let packages = Package::used_by(&self.layout.root, manifest)?;
            let identity = |each: &Package| (each.root.clone(), each.text.clone());
            self.settled &= packages.iter().map(identity).eq(self.packages.iter().map(identity));
            self.packages = packages;
        }
        Ok(())
    }

    /// The sources of the project, and of the packages that it uses.
    fn sources(&self, shown: &str) -> Result<Vec<Sourced>, ProjectError> {
        let own = self.layout.sources(shown)?.into_iter().map(|file| Sourced { file, package: None });
        let mut sources: Vec<Sourced> = own.collect();
        for package in &self.packages {
            let files = Layout::find(&package.root, &package.shown)?.sources_if_any(&package.shown)?;
            sources.extend(files.into_iter().map(|SourceFile { name, path }| Sourced {
                file: SourceFile { name: format!("{}/{name}", package.shown).into(), path },
                package: Some(package.name.as_str().into()),
            }));
        }
        Ok(sources)
    }

    /// Take in the sources that came, went or have another text.
    fn read_sources(&mut self, found: &[Sourced]) -> Result<(), ProjectError> {
        let names: FxHashSet<&SmolStr> = found.iter().map(|source| &source.file.name).collect();
        let before = self.files.len();
        self.files.retain(|name, _| names.contains(name));
        self.settled &= self.files.len() == before;
        let mut fresh = Vec::new();
        for Sourced { file, package } in found {
            let bytes = fs::read(&file.path).map_err(ProjectError::io("read", &file.path))?;
            let known = self.files.get(&file.name).filter(|known| known.broken.is_none());
            if known.is_none_or(|known| known.source.text.as_bytes() != bytes || known.package != *package) {
                fresh.push((file.name.clone(), bytes, package.clone()));
            }
        }
        self.settled &= fresh.is_empty();
        let parsed = in_parallel(&fresh, 0, |(name, bytes, package)| FileSource {
            package: package.clone(),
            ..read_source(name, bytes)
        });
        self.files.extend(fresh.into_iter().map(|(name, ..)| name).zip(parsed));
        Ok(())
    }

    // ---- deciding and compiling ------------------------------------------------------------------

    fn package(&self) -> &str {
        self.manifest.as_ref().map_or(USER, |(_, manifest)| &manifest.name)
    }

    /// Compile what the old record does not vouch for. Without outputs to look at (`present`) that is everything.
    fn analyse(
        &mut self,
        old: &Record,
        present: Option<&FxHashMap<String, u64>>,
        options: BuildOptions,
    ) -> Work {
        // What the manifest says may change the meaning of any class.
        let salt: Digest = Sha256::digest(self.manifest.as_ref().map_or(&[][..], |(bytes, _)| bytes)).into();
        let mut index = Index::new(self.files.values(), self.package(), &salt);
        let loose = self.loose_statements(&index.table, options);
        index.diagnostics.extend(loose);
        let answers = Answers::new(&index.table, index.classes.iter().map(|class| &class.name));
        let is_current = |class: &IndexedClass| {
            old.classes.get(&class.name).is_some_and(|entry| {
                let there =
                    present.is_some_and(|present| present.get(entry.module.as_str()) == Some(&entry.size));
                there
                    && entry.module == class.module
                    && entry.key == hex(&answers.key(&class.own, &entry.trace))
            })
        };
        let dirty: Vec<&IndexedClass> = index.classes.iter().filter(|class| !is_current(class)).collect();
        let known = |class: &IndexedClass| {
            let made = self.made.get(&class.name)?;
            (made.own == class.own && answers.key(&class.own, &made.trace) == made.key).then(|| made.clone())
        };
        let todo: Vec<&IndexedClass> =
            dirty.iter().copied().filter(|class| options.force || known(class).is_none()).collect();
        let done = in_parallel(&todo, options.threads, |class| {
            let ((diagnostics, beam), looks) = watch(|| compile(class, &index.table));
            let trace = Trace::from(looks);
            let key = answers.key(&class.own, &trace);
            Made { own: class.own, key, trace, diagnostics: diagnostics.into(), beam: beam.map(Arc::from) }
        });
        let dirty: FxHashSet<SmolStr> = dirty.iter().map(|class| class.name.clone()).collect();
        for (class, made) in todo.iter().zip(done) {
            self.made.insert(class.name.clone(), made);
        }
        let existing: FxHashSet<&SmolStr> = index.classes.iter().map(|class| &class.name).collect();
        self.made.retain(|name, _| existing.contains(name));
        Work { index, dirty }
    }

    /// What is to be said of statements outside of classes; they are not run.
    fn loose_statements(&self, table: &ClassTable, options: BuildOptions) -> Vec<(SmolStr, Diagnostic)> {
        let files: Vec<&Source> = self
            .files
            .values()
            .map(|file| file.source.as_ref())
            .filter(|source| source.parsed.is_ok() && source.statements().next().is_some())
            .collect();
        let said = in_parallel(&files, options.threads, |source| {
            let statements: Vec<&ast::Statement> = source.statements().collect();
            lower_input(table, &[], &statements).diagnostics
        });
        let said = files.iter().zip(said);
        said.flat_map(|(source, said)| said.into_iter().map(|each| (source.path.clone(), each))).collect()
    }

    // ---- telling ---------------------------------------------------------------------------------

    fn unchanged(&self) -> Report {
        let files = self.files.values().filter(|file| file.package.is_none()).count();
        Report { ok: true, files, output: self.output(), ..Report::default() }
    }

    fn output(&self) -> String {
        self.layout.ebin().display().to_string()
    }

    fn report(
        &self,
        work: &Work,
        old: &Record,
        shown: &str,
        lint: Option<&str>,
        options: BuildOptions,
    ) -> Report {
        let mut concerned: FxHashSet<&SmolStr> = self
            .files
            .iter()
            .filter(|(name, file)| old.files.get(*name) != Some(&hex(&file.digest)))
            .filter(|(_, file)| file.package.is_none())
            .map(|(name, _)| name)
            .collect();
        let is_own = |path: &SmolStr| self.files.get(path).is_none_or(|file| file.package.is_none());
        let mut said: Vec<(SmolStr, Diagnostic)> = Vec::new();
        for name in &work.dirty {
            if let Some(made) = self.made.get(name) {
                said.extend(made.diagnostics.iter().cloned());
            }
        }
        for class in work.index.classes.iter().filter(|class| work.dirty.contains(&class.name)) {
            let path = self.files.get_key_value(&class.unit.source.path).map(|(name, _)| name);
            concerned.extend(path.filter(|path| is_own(path)));
        }
        let of_files = work.index.diagnostics.iter();
        said.extend(of_files.filter(|(path, each)| each.is_error() || concerned.contains(path)).cloned());

        let none = Policy::default();
        let policy = self.manifest.as_ref().map_or(&none, |(_, manifest)| &manifest.policy);
        let roots = self.packages.iter().map(|each| each.root.as_path()).chain([self.layout.root.as_path()]);
        let natives: Vec<String> = roots.flat_map(native_modules).collect();
        let surface = Surface {
            policy,
            warnings_as_errors: options.warnings_as_errors,
            lint: lint.is_some(),
            natives: &natives,
        };
        let is_within = |path: &str| lint.is_none_or(|within| is_below(path, within));
        let broken: BTreeSet<SmolStr> = said
            .iter()
            .filter(|(path, each)| lint.is_some() && is_within(path) && each.is_error())
            .map(|(path, _)| path.clone())
            .collect();
        let mut said = settle(&self.settled_sources(work), said, surface);
        // Of packages that this one uses only what keeps it from being built.
        said.retain(|(path, each)| is_within(path) && (is_own(path) || each.is_error()));
        let display = self.layout.display(shown);
        let diagnostics: Vec<Finding> = said
            .iter()
            .map(|(path, each)| {
                let text = self.files.get(path).map_or("", |file| &file.source.text);
                Finding::new(each, path, &format!("{display}/{path}"), text, options.look)
            })
            .collect();
        let failed = diagnostics.iter().find(|finding| finding.is_error());
        Report {
            ok: failed.is_none(),
            files: self.files.keys().filter(|path| is_within(path) && is_own(path)).count(),
            compiled: concerned.len(),
            output: self.output(),
            failed: failed.map(|finding| format!("{display}/{}", finding.path)),
            notes: broken.iter().map(|path| not_linted(&format!("{display}/{path}"))).collect(),
            diagnostics,
            ..Report::default()
        }
    }

    /// The files, each with whether all of its classes were compiled: only then is a directive known to be stale.
    fn settled_sources(&self, work: &Work) -> Vec<Settled<'_>> {
        let mut untouched: FxHashSet<&SmolStr> = FxHashSet::default();
        for class in work.index.classes.iter().filter(|class| !work.dirty.contains(&class.name)) {
            untouched.extend(class.unit.sources().map(|source| &source.path));
        }
        self.files
            .values()
            .map(|file| Settled { source: &file.source, whole: !untouched.contains(&file.source.path) })
            .collect()
    }

    fn check_supervisor(&self, work: &Work) -> Result<(), ProjectError> {
        let supervisor = self.manifest.as_ref().and_then(|(_, manifest)| manifest.supervisor.as_ref());
        match supervisor {
            Some(class) if !work.index.classes.iter().any(|each| each.name == class.as_str()) => {
                Err(ProjectError::NoSupervisor { class: class.clone() })
            }
            _ => Ok(()),
        }
    }

    // ---- writing ---------------------------------------------------------------------------------

    /// Whether the outputs are as the record says.
    fn outputs_are(&self, present: &FxHashMap<String, u64>) -> bool {
        let described = self.descriptions().all(|(_, file)| file.exists());
        described
            && self
                .record
                .1
                .classes
                .values()
                .all(|entry| present.get(entry.module.as_str()) == Some(&entry.size))
    }

    fn write(
        &mut self,
        work: &Work,
        present: &FxHashMap<String, u64>,
        report: &mut Report,
    ) -> Result<(), ProjectError> {
        let folder = self.layout.state_folder();
        for ebin in self.ebins() {
            fs::create_dir_all(&ebin).map_err(ProjectError::io("create", &ebin))?;
        }
        let mut record = self.record.1.clone();
        let owned = self.layout.owns_outputs();
        let current: FxHashSet<&SmolStr> = work.index.classes.iter().map(|class| &class.name).collect();
        record.classes.retain(|name, _| !work.dirty.contains(name) && (!owned || current.contains(name)));
        record.files.retain(|name, _| !owned || self.files.contains_key(name));
        if !work.dirty.is_empty() {
            // A build that is killed half-way must not leave a record that vouches for new files by their old keys.
            self.record = (record.write(&folder)?, record.clone());
        }
        for class in &work.index.classes {
            let Some(made) = self.made.get(&class.name).filter(|_| work.dirty.contains(&class.name)) else {
                continue;
            };
            let Some(beam) = &made.beam else { continue };
            state::replace(&self.module_file(&class.module), beam)?;
            report.modules.push(class.module.to_string());
            let entry = Entry {
                module: class.module.clone(),
                size: beam.len() as u64,
                key: hex(&made.key),
                trace: made.trace.clone(),
            };
            record.classes.insert(class.name.clone(), entry);
        }
        report.modules.sort();
        for (name, file) in &self.files {
            record.files.insert(name.clone(), hex(&file.digest));
        }
        if owned {
            self.remove_orphans(&record, present, report);
            for (manifest, path) in self.descriptions() {
                let classes = work.index.classes.iter().filter_map(|class| work.index.table.get(&class.name));
                let natives = match &self.manifest {
                    Some((_, own)) if own.name == manifest.name => native_modules(&self.layout.root),
                    _ => self
                        .packages
                        .iter()
                        .find(|each| each.name == manifest.name)
                        .map_or_else(Vec::new, |each| native_modules(&each.root)),
                };
                let text = appfile::text(manifest, classes, &natives, &work.index.table);
                if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                    state::replace(&path, text.as_bytes())?;
                }
            }
        }
        if !report.modules.is_empty() {
            state::write_stamp(&folder)?;
        }
        if record != self.record.1 {
            self.record = (record.write(&folder)?, record);
        }
        self.settled = true;
        Ok(())
    }

    /// The Erlang modules of the package and of those that it uses.
    fn build_natives(&self, header: &str, options: BuildOptions) -> Result<NativeBuild, ProjectError> {
        if !self.layout.is_package {
            return Ok(NativeBuild::default());
        }
        let own = self.layout.state_folder().join("native");
        let used = self.packages.iter().map(|each| NativeFolder {
            root: each.root.clone(),
            ebin: self.layout.ebin_of_package(&each.name).with_file_name("native").join("ebin"),
        });
        let all = used.chain([NativeFolder { root: self.layout.root.clone(), ebin: own.join("ebin") }]);
        native::build(&all.collect::<Vec<_>>(), &own.join("include"), header, options.force)
    }

    // ---- where outputs are -----------------------------------------------------------------------

    /// The folder of each package's modules, with its name.
    fn outputs(&self) -> impl Iterator<Item = (&Manifest, PathBuf)> {
        let own = self.manifest.as_ref().map(|(_, manifest)| (manifest, self.layout.ebin()));
        own.into_iter()
            .chain(self.packages.iter().map(|each| (&each.manifest, self.layout.ebin_of_package(&each.name))))
    }

    fn ebins(&self) -> impl Iterator<Item = PathBuf> {
        let used = self.packages.iter().map(|each| self.layout.ebin_of_package(&each.name));
        used.chain([self.layout.ebin()])
    }

    /// A module of another package goes where that package's do.
    fn module_file(&self, module: &str) -> PathBuf {
        let package = module.split('@').nth(1).unwrap_or_default();
        let used = self.packages.iter().find(|each| each.name == package);
        let ebin = used.map_or_else(|| self.layout.ebin(), |each| self.layout.ebin_of_package(&each.name));
        state::module_file(&ebin, module)
    }

    fn present(&self) -> Result<FxHashMap<String, u64>, ProjectError> {
        let mut present = FxHashMap::default();
        for ebin in self.ebins() {
            present.extend(state::modules_in(&ebin)?);
        }
        Ok(present)
    }

    /// The application resource file of each package.
    fn descriptions(&self) -> impl Iterator<Item = (&Manifest, PathBuf)> {
        let outputs = self.outputs().filter(|_| self.layout.owns_outputs());
        outputs.map(|(manifest, ebin)| (manifest, ebin.join(format!("{}.app", manifest.name))))
    }

    fn remove_orphans(&self, record: &Record, present: &FxHashMap<String, u64>, report: &mut Report) {
        let modules: FxHashSet<&str> = record.classes.values().map(|entry| entry.module.as_str()).collect();
        let mut orphans: Vec<&String> = present
            .keys()
            .filter(|name| name.starts_with("bt@") && !modules.contains(name.as_str()))
            .collect();
        orphans.sort();
        for module in orphans {
            report.notes.push(format!(
                "warning: orphaned .beam file {module}.beam has no corresponding .bt source (source may have been deleted)"
            ));
            // What cannot be removed now is tried again by the next build.
            let _ = fs::remove_file(self.module_file(module));
        }
    }
}

impl NativeBuild {
    /// The report with what was done.
    fn told(self, report: Report) -> Report {
        let mut report = Report { natives: self.compiled, ..report };
        report.notes.extend(self.said);
        report
    }
}

/// A source, and the package it belongs to where that is not the project.
struct Sourced {
    file: SourceFile,
    package: Option<SmolStr>,
}

/// Errors are not what a lint is about, but behind them it sees little.
fn not_linted(path: &str) -> String {
    format!("warning: '{path}' has errors; `beamtalk check` shows them")
}

/// Whether a file is at or below `within`, a path without a slash at its end.
fn is_below(path: &str, within: &str) -> bool {
    within.is_empty()
        || path.strip_prefix(within).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The outcome of an analysis.
struct Work {
    index: Index,
    /// Classes whose modules on the disk, if any, are not what a clean build would write.
    dirty: FxHashSet<SmolStr>,
}

/// A source from the bytes of its file.
pub(crate) fn read_source(name: &SmolStr, bytes: &[u8]) -> FileSource {
    let digest = Sha256::digest(bytes).into();
    let refused =
        |said: &str, help: &str| Some(Diagnostic::error("E0630", Span::default(), said).with_help(help));
    let (text, broken) = match std::str::from_utf8(bytes) {
        _ if bytes.len() > LONGEST_SOURCE => {
            ("", refused("The file is longer than 16 MiB", "Split it into several files."))
        }
        Ok(text) => (text, None),
        Err(_) => ("", refused("The file is not UTF-8", "Save it with UTF-8 as its encoding.")),
    };
    let source = Source::new(name.clone(), text);
    // The style of a broken text is that of its recovery.
    let style = if source.parsed.is_ok() { lint(&source.parsed.file, &source.text) } else { Vec::new() };
    FileSource { source: Arc::new(source), digest, broken, style, package: None }
}

pub(crate) type Compiled = (Vec<(SmolStr, Diagnostic)>, Option<Vec<u8>>);

/// Check a class and make its module. Answers what is to be said, and the module where there is no error.
pub(crate) fn compile(class: &IndexedClass, table: &ClassTable) -> Compiled {
    let unit = &class.unit;
    let path = &unit.source.path;
    let is_library = unit.package == beamtalk_semantics::STDLIB;
    let (Some(definition), Some(info)) = (unit.definition(), unit.info()) else {
        return (Vec::new(), None);
    };
    let mut said: Vec<(SmolStr, Diagnostic)> = Vec::new();
    if !is_library {
        said.extend(definition.check(table, &info).into_iter().map(|each| (path.clone(), each)));
    }
    let is_broken = unit.sources().any(|source| source.parsed.diagnostics.iter().any(Diagnostic::is_error));
    // Behind a syntax error or a missing superclass everything else would only be the same mistake again.
    let fails = |said: &[(SmolStr, Diagnostic)]| {
        let expected = |path: &SmolStr, each: &Diagnostic| {
            unit.sources().any(|source| source.path == *path && source.expects(each))
        };
        said.iter().any(|(path, each)| each.is_error() && !expected(path, each))
    };
    if class.is_clash || is_broken || fails(&said) {
        return (said, None);
    }
    let Some(code) = unit.compile(table) else { return (said, None) };
    // The library itself was checked when it was made.
    said.extend(code.diagnostics.into_iter().filter(|(at, _)| !is_library || at != path));
    said.extend(code.errors.iter().map(|error| (path.clone(), too_complex(&error.function))));
    if fails(&said) {
        return (said, None);
    }
    match assemble(&code.module, path) {
        Ok(module) => (said, Some(module.beam)),
        Err(diagnostic) => {
            said.push((path.clone(), diagnostic));
            (said, None)
        }
    }
}

/// The answers of `work` in the order of `items`, from as many threads as pay.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    // A thread costs about as much as compiling a few classes.
    const WORTH_A_THREAD: usize = 8;
    if items.is_empty() {
        return Vec::new();
    }
    let cores = if threads > 0 { threads } else { thread::available_parallelism().map_or(1, usize::from) };
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            done.push((index, work(item)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(items.len().div_ceil(WORTH_A_THREAD)))
            .map_while(|_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, take).ok())
            .collect();
        // Without any thread the system is short of memory; then this one does the work.
        let mut done = if workers.is_empty() { take() } else { Vec::new() };
        for worker in workers {
            match worker.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn hex(digest: &Digest) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
