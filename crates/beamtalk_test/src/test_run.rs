//! A run of test classes and of the examples in doc comments.

use crate::Coverage;
use crate::cases::{self, Rules};
use crate::classes::{self, Pace, Plan};
use crate::discover::{self, Group, Role};
use crate::doctest::{self, Examples};
use crate::environment::{Environment, Place, TestNode};
use crate::loading::{self, Loaded};
use crate::outcome::{Outcome, Status, Tally};
use crate::target::Request;
use crate::worlds::{Member, World, divide};
use crate::{TestError, native};
use beamtalk_node::TestClass;
use beamtalk_project::{Finding, Look, Name, SuiteClass, read_files};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// A node that waits costs some 40 MB.
const MOST_AHEAD: usize = 4;

/// A longer source is not read; the compiler says so.
const LONGEST_SOURCE: u64 = (16 << 20) + 1;

/// What is tested, and how.
#[derive(Debug, Clone, Default)]
pub struct TestRun {
    /// What was asked for.
    pub request: Request,
    /// Only tests whose `Class>>selector` contains this.
    pub filter: Option<String>,
    /// How many classes at once; 0 for one a core.
    pub jobs: usize,
    /// How long each test may take.
    pub limit: Option<Duration>,
    /// Count warnings and hints as errors.
    pub warnings_as_errors: bool,
    /// How diagnostics are drawn.
    pub look: Look,
    /// Count the lines of the runtime that tests reach.
    pub coverage: Option<Coverage>,
}

/// Who hears what happens on the way.
pub trait Progress {
    /// A package is being compiled.
    fn building(&mut self, package: &str);
    /// What the compiler found.
    fn findings(&mut self, findings: &[Finding]);
    /// Tests begin.
    fn running(&mut self);
    /// A remark.
    fn note(&mut self, text: &str);
}

/// Files of a group, read and divided.
struct Batch {
    group: Group,
    members: Vec<Member>,
    worlds: Vec<World>,
}

impl TestRun {
    /// Runs everything. To be called while the process has one thread.
    ///
    /// # Errors
    /// Nothing could be run; what is wrong with tests and their files is in the tally.
    pub fn perform(
        &self,
        environment: &Environment,
        progress: &mut dyn Progress,
    ) -> Result<Tally, TestError> {
        let begun = Instant::now();
        let batches: Vec<Batch> = discover::find(&self.request.paths, &environment.here)?
            .into_iter()
            .map(|group| Batch::read(group, &environment.here))
            .collect::<Result<_, _>>()?;
        let worlds: usize = batches.iter().map(|batch| batch.worlds.len()).sum();
        let mut places: Vec<Place> = (0..worlds).map(|_| environment.place()).collect::<Result<_, _>>()?;
        // While one world is tested, the nodes of the next ones start.
        let ahead = self.jobs().min(MOST_AHEAD);
        let outcomes = environment.perform(async {
            let mut outcomes = Vec::new();
            let mut nodes: VecDeque<TestNode> = VecDeque::new();
            let mut counted = false;
            for batch in &batches {
                if let Some(package) = &batch.group.package {
                    progress.building(&package.name);
                }
                for note in batch.loads() {
                    progress.note(&note);
                }
                let mut of_batch = Vec::new();
                let mut said = BTreeSet::new();
                for world in &batch.worlds {
                    while nodes.len() <= ahead
                        && let Some(place) = places.pop()
                    {
                        nodes.push_back(environment.start(place)?);
                    }
                    let Some(mut node) = nodes.pop_front() else { break };
                    of_batch.extend(self.world(batch, world, &mut node, &mut said, progress).await?);
                    if let Some(coverage) = &self.coverage {
                        coverage.end(&node, counted).await?;
                        counted = true;
                    }
                    node.close().await;
                }
                // Worlds are an affair of ours; the report is in the order of files, with Erlang's at the end.
                of_batch.sort_by_key(|outcome: &Outcome| (native::is_native(outcome), outcome.file.clone()));
                outcomes.extend(of_batch);
            }
            Ok(outcomes)
        })?;
        self.check_wanted(&outcomes)?;
        Ok(Tally { outcomes, duration: begun.elapsed() })
    }

    async fn world(
        &self,
        batch: &Batch,
        world: &World,
        node: &mut TestNode,
        said: &mut BTreeSet<String>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Outcome>, TestError> {
        let package = batch.group.package.as_ref();
        let files: Vec<_> = world.files.iter().map(|index| &batch.members[*index].file).collect();
        let loaded = loading::load(node, &files, package, self.warnings_as_errors, self.look).await?;
        let Loaded { classes, mut findings, native_tests, session: _session } = loaded;
        // What files have in all worlds is worth saying once.
        findings.retain(|finding| said.insert(finding.rendered.clone()));
        progress.findings(&findings);
        if let Some(coverage) = &self.coverage {
            coverage.begin(node).await?;
        }
        progress.running();

        let runs = |role: Role| -> BTreeSet<&str> {
            let of_role = |index: &&usize| batch.members[**index].role >= role;
            world.runs.iter().filter(of_role).map(|index| batch.members[*index].file.path.as_str()).collect()
        };
        let tested = runs(Role::Tests);
        // The mistakes in a file that is tested in another world are counted there.
        let elsewhere = |file: &str| {
            batch.members.iter().any(|it| it.file.path == file && it.role >= Role::Examples)
                && !runs(Role::Examples).contains(file)
        };
        findings.retain(|finding| !elsewhere(&finding.path));
        let mut found = self.broken(&classes, &findings, &tested);
        found.extend(self.classes(&classes, &tested, node).await?);
        for index in &world.runs {
            let file = &batch.members[*index].file;
            for examples in doctest::examples(file) {
                found.extend(self.examples(&examples, &file.path, node).await?);
            }
        }
        if tested.is_empty() {
            return Ok(found);
        }
        for module in &native_tests {
            found.extend(
                native::run(module, node, self.rules()).await?.filter(|it| self.wants(&it.class, &it.name)),
            );
        }
        Ok(found)
    }

    /// The tests of classes that did not compile; of a file without any, the file itself.
    fn broken(&self, classes: &[SuiteClass], findings: &[Finding], tested: &BTreeSet<&str>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for class in classes.iter().filter(|class| tested.contains(class.file.as_str())) {
            let Err(why) = &class.beam else { continue };
            for test in &class.tests {
                told.insert(&class.file);
                outcomes.push(Outcome {
                    file: class.file.to_string(),
                    class: class.name.to_string(),
                    name: test.selector.to_string(),
                    status: Status::Failed,
                    message: format!("does not compile: {why}"),
                    line: test.line.or(Some(class.line)).map(u64::from),
                });
            }
        }
        let mut files: BTreeMap<&str, &Finding> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.is_error()) {
            files.entry(&finding.path).or_insert(finding);
        }
        for (file, finding) in files.into_iter().filter(|(file, _)| !told.contains(file)) {
            let named = classes.iter().find(|class| class.file == *file).map(|class| class.name.to_string());
            let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            outcomes.push(Outcome {
                file: file.to_owned(),
                class: named.unwrap_or(stem),
                name: "compile".to_owned(),
                status: Status::Failed,
                message: format!("does not compile: {} ({file}:{})", finding.message, finding.line),
                line: Some(finding.line.into()),
            });
        }
        outcomes.retain(|outcome| self.wants(&outcome.class, &outcome.name));
        outcomes
    }

    async fn classes(
        &self,
        classes: &[SuiteClass],
        tested: &BTreeSet<&str>,
        node: &TestNode,
    ) -> Result<Vec<Outcome>, TestError> {
        let runnable: BTreeMap<&str, &SuiteClass> = classes
            .iter()
            .filter(|class| class.beam.is_ok() && tested.contains(class.file.as_str()))
            .map(|class| (class.module.as_str(), class))
            .collect();
        let modules = runnable.keys().map(|module| (*module).to_owned()).collect();
        let mut plans: Vec<Plan> = Vec::new();
        for class in node.program.node().tests(Some(modules)).await? {
            let Some(known) = runnable.get(class.module.as_str()) else { continue };
            let tests = class.tests.iter().filter(|test| self.wants(&class.class, test)).cloned().collect();
            plans.push(Plan { class: TestClass { tests, ..class }, file: known.file.to_string() });
        }
        plans.retain(|plan| !plan.class.tests.is_empty());
        let place = |plan: &Plan| {
            runnable.get(plan.class.module.as_str()).map(|class| (class.file.clone(), class.line))
        };
        plans.sort_by_key(place);
        let pace = Pace { jobs: self.jobs(), limit: self.limit };
        let mut outcomes: Vec<Outcome> =
            classes::run(node.program.node(), plans, pace).await.into_iter().flatten().collect();
        // A test without a line of failure is to be found where it begins.
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.line.is_none()) {
            let class = classes.iter().find(|class| class.name == outcome.class.as_str());
            let test = class
                .and_then(|class| class.tests.iter().find(|test| test.selector == outcome.name.as_str()));
            outcome.line = test.and_then(|test| test.line).map(u64::from);
        }
        Ok(outcomes)
    }

    async fn examples(
        &self,
        examples: &Examples,
        file: &Name,
        node: &TestNode,
    ) -> Result<Vec<Outcome>, TestError> {
        let class = format!("{}DocTest", examples.class);
        if !examples.cases.iter().any(|case| self.wants(&class, &case.name())) {
            return Ok(Vec::new());
        }
        let tried = cases::run(&node.program, &class, &examples.cases, self.rules()).await?;
        let outcome = |verdict: cases::Verdict| Outcome {
            file: file.to_string(),
            class: class.clone(),
            name: verdict.case.name(),
            status: if verdict.failure.is_none() { Status::Passed } else { Status::Failed },
            message: verdict.failure.map_or_else(String::new, |failure| {
                format!("`{}`\n{failure}\n  at {file}:{}", verdict.case.code, verdict.case.line)
            }),
            line: Some(verdict.case.line.into()),
        };
        // What only prepares is no test, unless it fails.
        let counted = |verdict: &cases::Verdict| verdict.case.is_test() || verdict.failure.is_some();
        let outcomes = tried.into_iter().filter(counted).map(outcome);
        Ok(outcomes.filter(|outcome| self.wants(&outcome.class, &outcome.name)).collect())
    }

    fn rules(&self) -> Rules {
        Rules { limit: self.limit, warnings_as_errors: self.warnings_as_errors }
    }

    fn jobs(&self) -> usize {
        match self.jobs {
            0 => thread::available_parallelism().map_or(1, usize::from),
            jobs => jobs,
        }
    }

    fn wants(&self, class: &str, selector: &str) -> bool {
        let filtered =
            self.filter.as_ref().is_none_or(|text| format!("{class}>>{selector}").contains(text.as_str()));
        filtered && self.request.wants(class, selector)
    }

    /// What was asked for by name must be there.
    fn check_wanted(&self, outcomes: &[Outcome]) -> Result<(), TestError> {
        for (class, selector) in &self.request.only {
            let mut of_class = outcomes.iter().filter(|outcome| outcome.class == *class).peekable();
            match selector {
                None if of_class.peek().is_none() && self.filter.is_none() => {
                    return Err(TestError::UnknownClass { class: class.clone() });
                }
                Some(selector) if self.filter.is_none() && !of_class.any(|it| it.name == *selector) => {
                    return Err(TestError::UnknownTest { class: class.clone(), selector: selector.clone() });
                }
                None | Some(_) => {}
            }
        }
        Ok(())
    }
}

impl Batch {
    fn read(group: Group, here: &Path) -> Result<Self, TestError> {
        let mut members = read_members(&group)?;
        members.extend(loaded(&group, &members, here)?);
        let worlds = divide(&members);
        Ok(Self { group, members, worlds })
    }

    /// A word to the files that load others by name: they need not.
    fn loads(&self) -> Vec<String> {
        let asking = self.members.iter().filter(|member| loads_of(member).next().is_some());
        asking.map(|member| format!("{}: {LOAD_NOTICE}", member.file.path)).collect()
    }
}

/// Reads the files of a group.
///
/// # Errors
/// One cannot be read.
pub(crate) fn read_members(group: &Group) -> Result<Vec<Member>, TestError> {
    let mut texts: Vec<(Name, Vec<u8>)> = Vec::with_capacity(group.files.len());
    for file in &group.files {
        let bytes = read_source(&file.path).map_err(TestError::unreadable(&file.path))?;
        texts.push((file.shown.as_str().into(), bytes));
    }
    let files = group.files.iter().zip(read_files(&texts)).map(|(found, file)| Member {
        role: found.role,
        file: match &found.package {
            Some(package) => file.of_package(package),
            None => file,
        },
    });
    Ok(files.collect())
}

const LOAD_NOTICE: &str =
    "`// @load` is deprecated: fixtures and the classes beside a test are there without it";

/// The paths that a file with tests names by `// @load PATH`.
fn loads_of(member: &Member) -> impl Iterator<Item = &str> {
    let lines = member.file.text().lines().filter(|_| member.role == Role::Tests);
    let path = |line| str::trim_start(line).strip_prefix("//")?.trim_start().strip_prefix("@load ");
    lines.filter_map(path).map(str::trim)
}

/// The files that others load by name and that are not there already. A path begins at the working folder, at the package's,
/// or at that of the file.
fn loaded(group: &Group, members: &[Member], here: &Path) -> Result<Vec<Member>, TestError> {
    let mut paths: BTreeSet<PathBuf> = BTreeSet::new();
    for (found, member) in group.files.iter().zip(members) {
        let package = group.package.as_ref().map(|package| package.root.as_path());
        let bases = [Some(here), package, found.path.parent()];
        for wanted in loads_of(member) {
            let path = bases.iter().flatten().find_map(|base| fs::canonicalize(base.join(wanted)).ok());
            paths.extend(path.filter(|path| group.files.iter().all(|file| file.path != *path)));
        }
    }
    let mut texts: Vec<(Name, Vec<u8>)> = Vec::new();
    for path in paths {
        let bytes = read_source(&path).map_err(TestError::unreadable(&path))?;
        texts.push((path.display().to_string().into(), bytes));
    }
    Ok(read_files(&texts).into_iter().map(|file| Member { role: Role::Support, file }).collect())
}

/// At most so much that the compiler can say that it is too long.
fn read_source(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LONGEST_SOURCE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
