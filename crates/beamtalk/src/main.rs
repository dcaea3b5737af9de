//! The command line of Beamtalk.
//!
//! This crate parses arguments, prints, and asks others to do the work: one file a subcommand, nothing that a library
//! would be needed for. It is the only place that knows both the compiler and the node.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`cli`] | what can be said on the command line |
//! | [`commands`] | one file a subcommand |
//! | [`prompt`] | talking to a session: evaluating, showing, `:` commands, line editing |
//! | [`compiler`] | the daemon, or this process in its stead |
//! | [`background`] | leaving the terminal, and ending with whoever reads |
//! | [`place`] | which home, project and workspace a command is about |
//! | [`installation`] | the node that this binary carries |
//! | [`screen`] | what a stream can show |
//! | [`failure`] | errors, as people see them |

mod background;
mod cli;
mod commands;
mod compiler;
mod failure;
mod installation;
mod place;
mod prompt;
mod screen;

use clap::Parser;
use cli::{Arguments, Command};
use std::process::ExitCode;

/// Compiling makes and drops many small things; the C library's allocator takes a quarter of the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.print_sysroot {
        return failure::exit_code(commands::print_sysroot());
    }
    let Some(command) = arguments.command else {
        return failure::exit_code(Err(failure::no_subcommand()));
    };
    if !matches!(command, Command::Host(_) | Command::Launch) {
        commands::log_to_stderr(arguments.verbose);
    }
    failure::exit_code(match command {
        Command::Repl(options) => commands::repl::run(&options),
        Command::Run(options) => commands::run::run(&options),
        Command::Test(options) => commands::test::run(&options),
        Command::TestScript(options) => commands::test::scripts(&options),
        Command::TestDocs(options) => commands::test::docs(&options),
        Command::Build(options) => commands::build::run(&options),
        Command::Check(options) => commands::check::run(&options),
        Command::Lint(options) => commands::lint::run(&options),
        Command::Explain(options) => commands::explain::run(&options),
        Command::New(options) => commands::new::run(&options),
        Command::Clean(options) => commands::clean::run(&options),
        Command::Version(options) => commands::version::run(&options),
        Command::Daemon(command) => commands::daemon::run(&command),
        Command::Fmt(options) => commands::fmt::run(&options),
        Command::FmtCheck(options) => commands::fmt::check(&options),
        Command::Workspace(command) => commands::workspace::run(&command),
        Command::Doctor(options) => commands::doctor::run(&options),
        Command::Host(options) => commands::host::run(&options, arguments.verbose),
        Command::Launch => commands::launch::run(),
    })
}
