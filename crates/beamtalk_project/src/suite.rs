//! Files compiled together in memory, each class on its own account.
//!
//! Tests are compiled so: a file with a mistake costs its own classes and what inherits from them, and nothing is written.

use std::path::Path;

use beamtalk_semantics::{ClassTable, MethodInfo, Side, USER};
use beamtalk_text::{Diagnostic, LineIndex, Severity, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::image::Image;
use crate::index::{FileSource, Index, IndexedClass};
use crate::packages::native_modules;
use crate::policy::Policy;
use crate::project::{compile, in_parallel, read_source};
use crate::render::Look;
use crate::report::Finding;
use crate::settle::{Settled, Surface, settle};
use crate::unit::Definition;

/// The class whose descendants hold tests.
pub const TEST_CASE: &str = "TestCase";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that was read.
#[derive(Debug, Clone)]
pub struct SuiteFile {
    /// How it is shown.
    pub path: SmolStr,
    file: FileSource,
}

/// The head of a class or protocol in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassHead {
    /// Its name.
    pub name: SmolStr,
    /// Its superclass, or the protocol it extends.
    pub superclass: Option<SmolStr>,
    /// Where its definition is in the file.
    pub span: Span,
}

/// A test of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestMethod {
    /// Its selector.
    pub selector: SmolStr,
    /// The line of its definition, where that is in the class's own file.
    pub line: Option<u32>,
}

/// A class of the suite.
#[derive(Debug, Clone)]
pub struct SuiteClass {
    /// Its name.
    pub name: SmolStr,
    /// The file that defines it; of a library class with extensions, the library's.
    pub file: SmolStr,
    /// Its module.
    pub module: SmolStr,
    /// Its `.beam` bytes, or why there are none: a sentence that names the place.
    pub beam: Result<Vec<u8>, String>,
    /// The line of its definition.
    pub line: u32,
    /// Its tests, inherited ones too, in the order in which they run; none of an abstract class.
    pub tests: Vec<TestMethod>,
}

/// What the files came to.
#[derive(Debug)]
pub struct Suite {
    /// The classes that compiled, to evaluate more code among them.
    pub image: Image,
    /// All classes, superclasses first.
    pub classes: Vec<SuiteClass>,
    /// What is to be said of the files, by file and place.
    pub findings: Vec<Finding>,
}

/// Who wants the suite, and how strictly.
#[derive(Debug, Clone, Copy)]
pub struct SuiteOptions<'a> {
    /// The package that the classes belong to.
    pub package: Option<&'a str>,
    /// The folders of the package and of those that it uses.
    pub roots: &'a [&'a Path],
    /// What its manifest says of diagnostics.
    pub policy: &'a Policy,
    /// Count warnings and hints as errors.
    pub warnings_as_errors: bool,
    /// How diagnostics are drawn.
    pub look: Look,
}

/// Reads files, each given with its shown path and its bytes.
#[must_use]
pub fn read_files(files: &[(SmolStr, Vec<u8>)]) -> Vec<SuiteFile> {
    in_parallel(files, 0, |(path, bytes)| SuiteFile::new(path, bytes))
}

impl SuiteFile {
    fn new(path: &SmolStr, bytes: &[u8]) -> Self {
        // Blanks in place of the mark keep every position.
        let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK).map(|rest| [b"   ", rest].concat());
        let bytes = unmarked.as_deref().unwrap_or(bytes);
        Self { path: path.clone(), file: read_source(path, bytes) }
    }

    /// The same file as one of another package than the suite's.
    #[must_use]
    pub fn of_package(mut self, package: &str) -> Self {
        self.file.package = Some(package.into());
        self
    }

    /// Its text; empty when it cannot be read as one.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.file.source.text
    }

    /// The classes and protocols that it defines.
    pub fn classes(&self) -> impl Iterator<Item = ClassHead> {
        self.file.source.definitions().map(|(_, definition)| ClassHead {
            name: definition.name().name.clone(),
            superclass: definition.parent().cloned(),
            span: definition.span(),
        })
    }

    /// The classes that it adds methods to.
    pub fn extended(&self) -> impl Iterator<Item = (SmolStr, Span)> {
        let extensions = self.file.source.extensions();
        extensions.map(|(_, extension)| (extension.target.name.name.clone(), extension.span))
    }

    /// The names, or the first words of them, of the methods that it adds to classes.
    pub fn added(&self) -> impl Iterator<Item = SmolStr> {
        let selectors =
            self.file.source.extensions().map(|(_, extension)| extension.method.signature.selector());
        selectors.map(|selector| selector.split(':').next().unwrap_or_default().into())
    }

    /// The words in it that may be names of classes or methods.
    #[must_use]
    pub fn mentions(&self) -> FxHashSet<&str> {
        let words = self.text().split(|character: char| !character.is_alphanumeric() && character != '_');
        words.filter(|word| !word.is_empty()).collect()
    }
}

impl Suite {
    /// Compiles files. Of two classes of one name the one of the later file counts.
    #[must_use]
    pub fn compile(files: &[&SuiteFile], options: SuiteOptions<'_>) -> Self {
        let sources = files.iter().map(|file| &file.file);
        let index = Index::new(sources, options.package.unwrap_or(USER), &[0; 32]);
        let made = in_parallel(&index.classes, 0, |class| compile(class, &index.table));
        let mut said = index.diagnostics.clone();
        said.extend(made.iter().flat_map(|(diagnostics, _)| diagnostics.iter().cloned()));
        let texts: FxHashMap<&str, &str> =
            files.iter().map(|file| (file.path.as_str(), file.text())).collect();
        let findings = findings(files, said, &texts, options);
        let mut work = Verdicts { broken: FxHashMap::default(), files: FxHashMap::default() };
        for finding in findings.iter().filter(|finding| finding.is_error()) {
            let why = format!("{} ({}:{})", finding.message, finding.path, finding.line);
            work.files.entry(finding.path.clone().into()).or_insert(why);
        }
        let beams = made.into_iter().map(|(_, beam)| beam);
        let classes: Vec<SuiteClass> = index
            .classes
            .iter()
            .zip(beams)
            .map(|(class, beam)| work.class(class, beam, &index.table))
            .collect();
        let image = image(index, &classes);
        Self { image, classes, findings }
    }
}

/// What is to be said of the files.
fn findings(
    files: &[&SuiteFile],
    said: Vec<(SmolStr, Diagnostic)>,
    texts: &FxHashMap<&str, &str>,
    options: SuiteOptions<'_>,
) -> Vec<Finding> {
    let sources: Vec<Settled<'_>> =
        files.iter().map(|file| Settled { source: &file.file.source, whole: true }).collect();
    let said = said.into_iter().map(|(path, each)| (path, clash_refused(each))).collect();
    let natives: Vec<String> = options.roots.iter().flat_map(|root| native_modules(root)).collect();
    let surface = Surface {
        policy: options.policy,
        warnings_as_errors: options.warnings_as_errors,
        lint: false,
        natives: &natives,
    };
    // Of packages that this one uses only what keeps it from being compiled.
    let foreign: FxHashSet<&str> =
        files.iter().filter(|file| file.file.package.is_some()).map(|file| file.path.as_str()).collect();
    settle(&sources, said, surface)
        .into_iter()
        .filter(|(path, each)| each.is_error() || !foreign.contains(path.as_str()))
        .map(|(path, each)| {
            let text = texts.get(path.as_str()).copied().unwrap_or_default();
            Finding::new(&each, &path, &path, text, options.look)
        })
        .collect()
}

/// The code of the word that a class is defined twice.
const DEFINED_TWICE: &str = "E0631";

/// Tests of a class that is there twice would test one of them by chance.
fn clash_refused(mut diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.code == DEFINED_TWICE {
        diagnostic.severity = Severity::Error;
    }
    diagnostic
}

/// Why classes have no module.
struct Verdicts {
    broken: FxHashMap<SmolStr, String>,
    files: FxHashMap<SmolStr, String>,
}

impl Verdicts {
    fn class(&mut self, class: &IndexedClass, beam: Option<Vec<u8>>, table: &ClassTable) -> SuiteClass {
        let source = &class.unit.source;
        let info = table.get(&class.name);
        let superclass = info.and_then(|info| info.superclass.clone());
        let inherited = superclass.and_then(|name| Some((name.clone(), self.broken.get(&name)?)));
        let why = match (self.files.get(&source.path), inherited) {
            (Some(why), _) => Some(why.clone()),
            (None, Some((name, why))) => Some(format!("its superclass {name} does not compile: {why}")),
            (None, None) => beam.is_none().then(|| "it does not compile".to_owned()),
        };
        let beam = match (why, beam) {
            (None, Some(beam)) => Ok(beam),
            (why, _) => {
                let why = why.unwrap_or_default();
                self.broken.insert(class.name.clone(), why.clone());
                Err(why)
            }
        };
        let span = class.unit.definition().map_or(Span::default(), Definition::span);
        SuiteClass {
            name: class.name.clone(),
            file: source.path.clone(),
            module: class.module.clone(),
            beam,
            line: LineIndex::new(&source.text).position(span.start).line,
            tests: tests(&class.name, table),
        }
    }
}

/// The unary methods that begin with `test`, by selector.
fn tests(class: &str, table: &ClassTable) -> Vec<TestMethod> {
    let Some(info) = table.get(class) else { return Vec::new() };
    // Of a class whose ancestors are not all there, what looks like a test is taken for one.
    let is_rooted = table.chain(class).last().is_some_and(|root| root.superclass.is_none());
    if info.is_abstract || class == TEST_CASE || is_rooted && !table.inherits(class, TEST_CASE) {
        return Vec::new();
    }
    let mut tests: Vec<TestMethod> = Vec::new();
    for ancestor in table.chain(class).take_while(|ancestor| ancestor.name != TEST_CASE) {
        for method in ancestor.methods(Side::Instance).iter().filter(|method| is_test(method)) {
            if tests.iter().all(|test| test.selector != method.selector) {
                let line = (ancestor.name == class).then_some(method.line);
                tests.push(TestMethod { selector: method.selector.clone(), line });
            }
        }
    }
    tests.sort_by(|a, b| a.selector.cmp(&b.selector));
    tests
}

fn is_test(method: &MethodInfo) -> bool {
    method.selector.starts_with("test") && method.arguments == 0
}

/// The image of the classes that compiled.
fn image(index: Index, classes: &[SuiteClass]) -> Image {
    let mut table = index.table;
    for class in classes.iter().filter(|class| class.beam.is_err()) {
        table.remove(&class.name);
    }
    let good: FxHashSet<&str> =
        classes.iter().filter(|class| class.beam.is_ok()).map(|class| class.name.as_str()).collect();
    let units = index.classes.into_iter().filter(|class| good.contains(class.name.as_str()));
    Image::with_classes(table, units.map(|class| (class.name, class.unit)))
}
