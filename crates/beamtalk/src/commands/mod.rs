//! One file a subcommand.

pub mod build;
pub mod check;
pub mod clean;
pub mod daemon;
pub mod doctor;
pub mod explain;
pub mod fmt;
pub mod host;
pub mod launch;
pub mod lint;
pub mod new;
pub mod repl;
pub mod run;
pub mod test;
pub mod version;
pub mod workspace;

use crate::failure::Outcome;
use crate::place::Place;
use beamtalk_repl::launch::{Attached, LaunchError, attach_or_start};
use std::io::{self, IsTerminal, Write};
use std::process::Command as Process;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How a workspace is started, where it must be.
#[derive(Debug, Default)]
pub struct StartOptions {
    /// The port asked for.
    pub port: Option<u16>,
    /// Seconds without clients and work after which it stops; 0 for never.
    pub idle: Option<u64>,
    /// Ask every client for the cookie.
    pub require_cookie: bool,
    /// The workspace is there for this program only.
    pub program: Option<&'static str>,
}

/// Connects to a workspace, starting it if need be.
pub fn enter(place: &Place, options: &StartOptions) -> Outcome<Attached> {
    let mut host = Process::new(std::env::current_exe()?);
    host.arg("host").arg("--workspace").arg(place.workspace.id().as_str());
    host.arg("--project").arg(&place.root);
    if let Some(port) = options.port {
        host.arg("--port").arg(port.to_string());
    }
    if let Some(idle) = options.idle {
        host.arg("--idle").arg(idle.to_string());
    }
    if options.require_cookie {
        host.arg("--require-cookie");
    }
    if let Some(program) = options.program {
        host.arg("--program").arg(program);
    }
    let prepare = || {
        let mut progress = |step: &str| {
            let mut stderr = io::stderr();
            if stderr.is_terminal() {
                let _ = writeln!(stderr, "{step}...");
            }
        };
        let prepared = crate::installation::prepare(&place.home, &mut progress);
        prepared
            .map(|_| ())
            .map_err(|error| LaunchError::Node { message: error.to_string(), help: error.help() })
    };
    let attached = attach_or_start(&place.workspace, &place.root, host, prepare)?;
    if let Some(notice) = &attached.notice {
        writeln!(io::stderr(), "⚠ {notice}")?;
    }
    Ok(attached)
}

/// `--print-sysroot`: the grandparent of the program's file.
pub fn print_sysroot() -> Outcome {
    let program = std::env::current_exe()?;
    let prefix = program.ancestors().nth(2).unwrap_or(&program);
    writeln!(io::stdout(), "{}", prefix.display())?;
    Ok(())
}

/// Log lines for the person at the terminal. `RUST_LOG` overrides `-v`.
pub fn log_to_stderr(verbosity: u8) {
    if verbosity == 0 && std::env::var_os("RUST_LOG").is_none() {
        return;
    }
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(verbosity, LevelFilter::WARN))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // Another subscriber can only be there in a test.
    let _ = subscriber.try_init();
}

fn filter(verbosity: u8, quiet: LevelFilter) -> EnvFilter {
    let level = match verbosity {
        0 => quiet,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    EnvFilter::builder().with_default_directive(level.into()).from_env_lossy()
}
