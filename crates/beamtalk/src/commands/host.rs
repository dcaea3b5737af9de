//! `beamtalk host`: the workspace's own process, started by whoever needs it first.
//!
//! Its log is a file of lines, in JSON or as text; which of both, programs may choose while it runs.

use super::filter;
use crate::background::detach;
use crate::cli::HostOptions as Arguments;
use crate::failure::Outcome;
use crate::installation::InstalledNode;
use beamtalk_home::{Home, WorkspaceFolder, WorkspaceId, file};
use beamtalk_project::{Image, Policy};
use beamtalk_repl::launch::READY;
use beamtalk_repl::{BoundHost, DEFAULT_PORT, HostOptions, ImageCompiler, LOG_TARGET, LogFile};
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{DefaultFields, Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

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
    options.log = log_file(&workspace);
    let log = options.log.clone();
    let host = BoundHost::bind(options)?;
    if let Some(log) = log {
        log_to_file(&log, verbosity)?;
    }
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

/// `workspace.log`, unless the environment says that there shall be none.
fn log_file(workspace: &WorkspaceFolder) -> Option<LogFile> {
    let wanted = std::env::var_os("BEAMTALK_NO_FILE_LOG").is_none();
    wanted.then(|| LogFile { path: workspace.log_path(), as_text: Arc::new(AtomicBool::new(false)) })
}

/// Writes log lines to the file, which only its owner can read. What the node sends is what it was told to.
fn log_to_file(log: &LogFile, verbosity: u8) -> Outcome {
    let path = &log.path;
    if fs::metadata(path).is_ok_and(|found| found.len() > LONG_LOG) {
        let _ = fs::rename(path, path.with_extension("log.1"));
    }
    let file = file::append_private(path)?;
    let mut filter = filter(verbosity, LevelFilter::INFO);
    if let Ok(all_of_node) = format!("{LOG_TARGET}=trace").parse() {
        filter = filter.add_directive(all_of_node);
    }
    let lines = Lines {
        json: Format::default().json().flatten_event(true),
        text: Format::default().with_ansi(false),
        as_text: log.as_text.clone(),
    };
    let subscriber = tracing_subscriber::fmt()
        .event_format(lines)
        .fmt_fields(DefaultFields::new())
        .with_env_filter(filter)
        .with_writer(Mutex::new(file));
    // Another subscriber can only be there in a test.
    let _ = subscriber.try_init();
    Ok(())
}

/// Log lines in the form that is wanted at the moment.
struct Lines {
    json: Format<Json>,
    text: Format,
    as_text: Arc<AtomicBool>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.as_text.load(Ordering::Relaxed) {
            self.text.format_event(context, line, event)
        } else {
            self.json.format_event(context, line, event)
        }
    }
}

fn number_from_env<N: std::str::FromStr>(name: &str) -> Option<N> {
    std::env::var(name).ok()?.trim().parse().ok()
}
