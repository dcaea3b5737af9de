//! `beamtalk host`: the workspace's own process, started by whoever needs it first.

use super::filter;
use crate::background::detach;
use crate::cli::HostOptions as Arguments;
use crate::failure::Outcome;
use crate::installation::InstalledNode;
use beamtalk_home::{Home, WorkspaceFolder, WorkspaceId, file};
use beamtalk_project::{Image, Policy};
use beamtalk_repl::launch::READY;
use beamtalk_repl::{BoundHost, DEFAULT_PORT, HostOptions, ImageCompiler};
use std::fs;
use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

/// A log that is longer when a host starts becomes `workspace.log.1`.
const LONG_LOG: u64 = 5 << 20;

/// A workspace stops after four hours without clients and work, unless told otherwise.
const IDLE_SECONDS: u64 = 4 * 3600;

/// A node lives so long without a host even when its workspace would not stop.
const LONGEST_ORPHAN_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Serves until the workspace is stopped.
pub fn run(arguments: &Arguments, verbosity: u8) -> Outcome {
    detach();
    let home = Home::from_env()?;
    let workspace = home.workspace(&WorkspaceId::named(&arguments.workspace)?);
    let mut options = HostOptions::new(workspace.clone(), &arguments.project);
    options.port = arguments.port;
    options.preferred_port = number_from_env("BEAMTALK_REPL_PORT").unwrap_or(DEFAULT_PORT);
    let idle = arguments.idle.or_else(|| number_from_env("BEAMTALK_WORKSPACE_TIMEOUT"));
    let idle = idle.unwrap_or(IDLE_SECONDS);
    options.idle = (idle > 0).then(|| Duration::from_secs(idle));
    let orphan_life = options.idle.unwrap_or(LONGEST_ORPHAN_LIFE);

    options.limits.require_cookie = arguments.require_cookie;
    let host = BoundHost::bind(options)?;
    log_to_file(&workspace, verbosity)?;
    tracing::info!(workspace = arguments.workspace, port = host.address().port(), "the host is up");
    let mut node = InstalledNode::new(home, &workspace, &arguments.project, orphan_life);
    if let Some(program) = &arguments.program {
        node = node.for_program(program);
    }
    let policy = Policy::of_folder(&arguments.project).unwrap_or_else(|error| {
        tracing::warn!(%error, "diagnostics are as built in");
        Policy::default()
    });
    host.serve(
        move || ImageCompiler::with_image(Image::with_policy(policy)),
        node,
        || {
            // Whoever started us may have given up; the workspace is there all the same.
            let mut stdout = io::stdout();
            let _ = writeln!(stdout, "{READY}").and_then(|()| stdout.flush());
        },
    )?;
    tracing::info!("the host is down");
    Ok(())
}

/// JSON lines in `workspace.log`, which only its owner can read.
fn log_to_file(workspace: &WorkspaceFolder, verbosity: u8) -> Outcome {
    if std::env::var_os("BEAMTALK_NO_FILE_LOG").is_some() {
        return Ok(());
    }
    let path = workspace.log_path();
    if fs::metadata(&path).is_ok_and(|found| found.len() > LONG_LOG) {
        let _ = fs::rename(&path, path.with_extension("log.1"));
    }
    let log = file::append_private(&path)?;
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter(verbosity, LevelFilter::INFO))
        .with_writer(Mutex::new(log));
    // Another subscriber can only be there in a test.
    let _ = subscriber.try_init();
    Ok(())
}

fn number_from_env<N: std::str::FromStr>(name: &str) -> Option<N> {
    std::env::var(name).ok()?.trim().parse().ok()
}
