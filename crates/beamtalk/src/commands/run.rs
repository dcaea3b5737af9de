//! `beamtalk run`: a file, in a workspace of its own which ends with it; or a program of the package here (spec 07 section 8).

use super::version::read_manifest;
use super::{StartOptions, enter, test};
use crate::cli::{ReportOptions, RunOptions};
use crate::compiler::Request;
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use crate::prompt::show::Screen;
use crate::prompt::{Conversation, End, frame_line, script};
use beamtalk_home::WorkspaceId;
use beamtalk_project::{MANIFEST, Manifest, Task};
use beamtalk_test::ProgramRun;
use beamtalk_test::target::is_class_name;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::Arc;

const USAGE: &str = "beamtalk run CLASS SELECTOR [ARGUMENTS]";

/// Performs the subcommand.
pub fn run(options: &RunOptions) -> Outcome {
    let target = Path::new(&options.target);
    if target.is_file() || target.extension().is_some_and(|extension| extension == "bt") {
        return file(target);
    }
    let text = read_manifest(Path::new(MANIFEST))?;
    let manifest = Manifest::parse(&text, Path::new(MANIFEST))?;
    if options.target == "." {
        return Err(match manifest.supervisor {
            None => Failure::new("No entry point defined for `beamtalk run .`").help(format!(
                "run a program with `{USAGE}`, or name the root supervisor:\n\n  [application]\n  supervisor = \"AppSup\""
            )),
            Some(supervisor) => Failure::new("Packages cannot be started as services yet").help(format!(
                "start {supervisor} in a workspace: `beamtalk repl`, then `Workspace load: \"src\"` and `{supervisor} supervise`"
            )),
        });
    }
    let program = program(options)?;
    writeln!(io::stderr(), "Building...")?;
    let report = ReportOptions::default();
    Request { quiet: true, ..Request::new(Task::Build, Path::new("."), &report) }.perform()?;
    let environment = test::environment_of(Some(NAME), false, true, &test::Printed::default())?
        .with_input(Arc::new(read_line));
    writeln!(io::stderr(), "\nRunning {}>>{}...", program.class, program.selector)?;
    match program.perform(&environment)? {
        Ok(0) => Ok(()),
        Ok(status) => Err(Failure::exited(status)),
        Err(error) => {
            let hint = error.hint.map(|hint| format!("\nHint: {hint}")).unwrap_or_default();
            // The program's own words, without ornament.
            let _ = writeln!(io::stderr(), "Error: {}{hint}", error.message);
            // Our own message to the class is none of the program's.
            for frame in error.trace.iter().filter(|frame| !frame.starts_with('?')) {
                let _ = writeln!(io::stderr(), "{}", frame_line(frame, None));
            }
            Err(Failure::reported())
        }
    }
}

/// What was asked for, if a program can be asked so.
fn program(options: &RunOptions) -> Outcome<ProgramRun> {
    let class = &options.target;
    if !is_class_name(class) {
        let said = format!("'{class}' is neither a file nor the name of a class");
        return Err(Failure::new(said).help(format!("usage: {USAGE}")));
    }
    let Some(selector) = &options.selector else {
        return Err(Failure::new(format!("Missing selector for script mode. Usage: {USAGE}")));
    };
    let name = selector.strip_suffix(':').unwrap_or(selector);
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !is_word {
        let said = format!(
            "'{selector}' cannot be run: a program is a unary message, or one with a single argument"
        );
        return Err(Failure::new(said).help(format!("usage: {USAGE}, as in `beamtalk run Main main: a b c`")));
    }
    let count = options.arguments.len();
    if name == selector && count > 0 {
        let said = format!(
            "The unary entry '{name}' takes no arguments, but {count} were given ({:?}).",
            options.arguments
        );
        return Err(Failure::new(said).help(format!("a method that takes them is named '{name}:'")));
    }
    Ok(ProgramRun {
        root: ".".into(),
        class: class.clone(),
        selector: selector.clone(),
        arguments: options.arguments.clone(),
    })
}

fn read_line(prompt: &str) -> Option<Vec<u8>> {
    // A prompt that nobody can read is no reason not to wait.
    let _ = io::stdout().write_all(prompt.as_bytes()).and_then(|()| io::stdout().flush());
    let mut line = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut line);
    read.is_ok_and(|length| length > 0).then_some(line)
}

/// What `Program commandName` answers.
const NAME: &str = "beamtalk";

/// Runs the file; what it evaluates to is not printed.
fn file(path: &Path) -> Outcome {
    let shown = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {shown}: {error}")))?;
    let mut place = Place::find(None)?;
    let id = WorkspaceId::named(&format!("run-{}", std::process::id()))?;
    place.workspace = place.home.workspace(&id);
    let attached = enter(
        &place,
        &StartOptions { port: Some(0), idle: Some(60), program: Some(NAME), ..StartOptions::default() },
    )?;
    let conversation = Conversation::new(attached.client, Screen::new(true), true);
    let mut conversation = Conversation { file: Some(shown.to_string()), ..conversation };
    let ran = conversation
        .follow_transcript()
        .and_then(|()| script::interrupt_on_signal(&conversation))
        .and_then(|()| conversation.run(&text));
    drop(conversation);
    super::workspace::stop_quietly(&place.workspace)?;
    {
        let _lock = place.workspace.lock()?;
        place.workspace.remove()?;
    }
    match ran?.0 {
        End::Done | End::Leave => Ok(()),
        End::Failed => Err(Failure::reported()),
        End::Interrupted => Err(Failure::interrupted()),
        End::Exit(status) => Err(Failure::exited(status)),
    }
}
