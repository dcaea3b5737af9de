//! `beamtalk test`, `test-script` and `test-docs`: tests on a node of their own.

use crate::cli::{TestDocsOptions, TestFormat, TestOptions, TestScriptOptions};
use crate::failure::{Failure, Outcome};
use crate::installation::InstalledNode;
use beamtalk_home::Home;
use beamtalk_node::Starter;
use beamtalk_project::Finding;
use beamtalk_repl::Written;
use beamtalk_test::cases::Rules;
use beamtalk_test::environment::Environment;
use beamtalk_test::report::{self, Report};
use beamtalk_test::script::Mistake;
use beamtalk_test::script_run::{Kind, ScriptRun};
use beamtalk_test::target::Request;
use beamtalk_test::test_run::{Progress, TestRun};
use beamtalk_test::{Coverage, Status, Tally, TestError};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// `beamtalk test`
pub fn run(options: &TestOptions) -> Outcome {
    let json = options.json || options.format == TestFormat::Json;
    let printed = Printed::default();
    let environment = environment(json, true, &printed)?;
    let test_run = TestRun {
        request: Request::new(&options.targets),
        filter: options.filter.clone(),
        jobs: options.jobs,
        limit: limit(options.timeout),
        warnings_as_errors: options.warnings_as_errors,
        look: crate::screen::look(&io::stderr(), false),
        coverage: coverage("BUNIT_COVER", "bunit.coverdata"),
    };
    let mut screen = Screen { quiet: options.quiet, silent: json, begun: false };
    let tally = test_run.perform(&environment, &mut screen)?;
    printed.end_line(json)?;
    if json {
        writeln!(io::stdout(), "{}", report::json(&tally))?;
    } else if tally.outcomes.is_empty() {
        writeln!(io::stdout(), "No tests found")?;
    } else {
        print(&report::of_classes(&tally, options.quiet))?;
    }
    verdict(&tally, json)
}

/// `beamtalk test-script`
pub fn scripts(options: &TestScriptOptions) -> Outcome {
    let rules = Rules { limit: limit(options.timeout), warnings_as_errors: options.warnings_as_errors };
    let coverage = coverage("STDLIB_COVER", "stdlib.coverdata");
    let run = ScriptRun { path: options.path.clone(), kind: Kind::Script, rules, coverage };
    let files = run.files()?;
    if files.is_empty() {
        writeln!(io::stdout(), "No tests found")?;
        return Ok(());
    }
    writeln!(io::stderr(), "Compiling {} test file(s)...", files.len())?;
    let mut unasserted = Vec::new();
    for file in &files {
        for (line, mistake) in &file.script.mistakes {
            writeln!(io::stderr(), "⚠️  {}: Line {line}: {mistake}", file.shown)?;
        }
        let is_unasserted = |(_, mistake): &&(u32, Mistake)| matches!(mistake, Mistake::Unasserted(_));
        let count = file.script.mistakes.iter().filter(is_unasserted).count();
        if count > 0 {
            unasserted.push(format!("{} has {count} expression(s) without assertions", file.shown));
        }
    }
    let printed = Printed::default();
    let tally = run.perform(&environment(false, options.show_output, &printed)?, &files)?;
    printed.end_line(false)?;
    print(&report::of_scripts(&tally, options.quiet))?;
    for file in unasserted {
        writeln!(io::stderr(), "  × {file}")?;
    }
    verdict(&tally, false)
}

/// `beamtalk test-docs`
pub fn docs(options: &TestDocsOptions) -> Outcome {
    let rules = Rules { limit: limit(options.timeout), ..Rules::default() };
    let run = ScriptRun { path: options.path.clone(), kind: Kind::Markdown, rules, coverage: None };
    let files = run.files()?;
    if files.is_empty() {
        writeln!(io::stdout(), "No tests found")?;
        return Ok(());
    }
    writeln!(io::stderr(), "Compiling doctests from {} file(s)...", files.len())?;
    let tally = run.perform(&environment(false, false, &Printed::default())?, &files)?;
    print(&report::of_scripts(&tally, options.quiet))?;
    verdict(&tally, false)
}

/// Whether the variable asks for the lines that are reached, and where to.
fn coverage(variable: &str, file: &str) -> Option<Coverage> {
    std::env::var_os(variable).map(|_| Coverage { file: file.into() })
}

/// Without a limit where 0 seconds are asked for.
fn limit(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero())
}

/// What programs print goes to standard output, or to standard error where that is for a report in JSON.
pub fn environment(apart: bool, show: bool, printed: &Printed) -> Outcome<Environment> {
    environment_of(None, apart, show, printed)
}

/// The same, where the node is there for one program, which may end it.
pub fn environment_of(
    program: Option<&'static str>,
    apart: bool,
    show: bool,
    printed: &Printed,
) -> Outcome<Environment> {
    let home = Home::from_env()?;
    let here = std::env::current_dir()?;
    // Made here, where a first use can say that it takes a while.
    crate::installation::prepare(&home, &mut |step| {
        let _ = writeln!(io::stderr(), "{step}...");
    })?;
    let (for_nodes, folder) = (home.clone(), here.clone());
    let make_starter = move |run: &beamtalk_home::RunFolder| -> Box<dyn Starter> {
        let log = run.path().join("node.log");
        let node = InstalledNode::in_folder(for_nodes.clone(), log, &folder, IDLE);
        Box::new(match program {
            Some(program) => node.for_program(program),
            None => node,
        })
    };
    let printed = printed.clone();
    let on_output = move |written: Written<'_>| {
        let bytes = match written {
            Written::Output(bytes) => bytes,
            Written::Error(text) | Written::Transcript(text) => text.as_bytes(),
        };
        let apart = apart || matches!(written, Written::Error(_));
        if let Some(last) = bytes.last().filter(|_| show) {
            printed.0.store(*last != b'\n', Ordering::Relaxed);
        }
        // A reader that went away costs the output, not the tests.
        let _ = match (show, apart) {
            (false, _) => Ok(()),
            (true, true) => io::stderr().write_all(bytes),
            (true, false) => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
        };
    };
    Ok(Environment::new(home, here, Arc::new(make_starter), Arc::new(on_output)))
}

/// Whether programs have left a line unfinished.
#[derive(Clone, Default)]
pub struct Printed(Arc<AtomicBool>);

impl Printed {
    /// Finishes it, so that what follows begins a line of its own.
    fn end_line(&self, apart: bool) -> io::Result<()> {
        match (self.0.load(Ordering::Relaxed), apart) {
            (false, _) => Ok(()),
            (true, true) => writeln!(io::stderr()),
            (true, false) => writeln!(io::stdout()),
        }
    }
}

/// A node whose command was killed ends so soon.
const IDLE: Duration = Duration::from_secs(5);

fn print(report: &Report) -> Outcome {
    io::stdout().write_all(report.out.as_bytes())?;
    io::stdout().flush()?;
    io::stderr().write_all(report.err.as_bytes())?;
    Ok(())
}

fn verdict(tally: &Tally, silent: bool) -> Outcome {
    match tally.count(Status::Failed) {
        0 => Ok(()),
        _ if silent => Err(Failure::reported()),
        failed => Err(Failure::new(format!("{failed} test(s) failed"))),
    }
}

/// Where a run tells of its steps.
struct Screen {
    quiet: bool,
    /// Only what is wrong is worth a word.
    silent: bool,
    begun: bool,
}

impl Screen {
    fn say(text: &str) {
        // Progress that nobody can read is no loss.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Progress for Screen {
    fn building(&mut self, package: &str) {
        if !self.silent {
            Self::say(&format!("Building package '{package}'...\n"));
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings.iter().filter(|finding| finding.is_error() || !self.quiet && !self.silent) {
            Self::say(&format!("{}\n\n", finding.rendered.trim_end()));
        }
    }

    fn running(&mut self) {
        if !self.silent && !std::mem::replace(&mut self.begun, true) {
            Self::say("Running tests...\n\n");
        }
    }

    fn note(&mut self, text: &str) {
        if !self.quiet && !self.silent {
            Self::say(&format!("{text}\n"));
        }
    }
}

impl From<TestError> for Failure {
    fn from(error: TestError) -> Self {
        match error {
            TestError::Interrupted => Self::interrupted(),
            error => crate::compiler::failure(&error, error.help()),
        }
    }
}
