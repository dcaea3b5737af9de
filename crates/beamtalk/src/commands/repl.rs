//! `beamtalk repl`: talk to a workspace.

use super::{StartOptions, enter};
use crate::cli::{ReplOptions, TalkOptions};
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use crate::prompt::show::Screen;
use crate::prompt::terminal::Connections;
use crate::prompt::{Conversation, script, terminal};
use beamtalk_home::{Home, SessionName};
use beamtalk_repl::Client;
use beamtalk_repl::launch::{Attached, attach};
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Read, Write};

/// Connects, to a workspace that is started if need be, and evaluates.
pub fn run(options: &ReplOptions) -> Outcome {
    let place = Place::find(options.workspace.as_deref())?;
    greet(&options.talk)?;
    let idle = if options.persistent { Some(0) } else { options.timeout };
    let attached = enter(
        &place,
        &StartOptions { port: options.port, idle, require_cookie: options.require_cookie, program: None },
    )?;
    let stop_after = options.ephemeral && attached.started;
    let meeting = Meeting {
        home: &place.home,
        introduction: introduction(&place, &attached),
        is_new: attached.started,
        port: attached.metadata.repl_port.unwrap_or_default(),
        again: &|| match attach(&place.workspace)? {
            Some(attached) => Ok(attached.client),
            None => Err(Failure::new("the workspace has just stopped")),
        },
    };
    let talked = talk(&options.talk, &meeting, attached.client);
    if stop_after {
        super::workspace::stop_quietly(&place.workspace)?;
    }
    talked
}

/// A person asks, line by line.
fn is_interactive(options: &TalkOptions) -> bool {
    options.expressions.is_empty() && io::stdin().is_terminal()
}

/// A person reads too.
fn shows_banner(options: &TalkOptions) -> bool {
    is_interactive(options) && io::stdout().is_terminal()
}

/// The first lines that a person sees; what comes next may take a while.
pub fn greet(options: &TalkOptions) -> Outcome {
    if shows_banner(options) {
        writeln!(io::stdout(), "Beamtalk v{}", env!("CARGO_PKG_VERSION"))?;
        writeln!(io::stdout(), "Type :help for available commands, :exit to quit.\n")?;
    }
    Ok(())
}

/// With whom a conversation is, and how it came about.
pub struct Meeting<'a> {
    /// Where the history of inputs is kept.
    pub home: &'a Home,
    /// What a person reads first.
    pub introduction: String,
    /// The workspace was started for it.
    pub is_new: bool,
    /// Where the workspace listens.
    pub port: u16,
    /// Connects once more.
    pub again: &'a dyn Fn() -> Outcome<Client>,
}

/// Evaluates what the command line, a pipe or a person says.
pub fn talk(options: &TalkOptions, meeting: &Meeting<'_>, mut client: Client) -> Outcome {
    if let Some(name) = &options.session {
        let reply = client.request("session", json!({"name": name}))?;
        if let Some(error) = reply.error() {
            return Err(Failure::new(error));
        }
    }
    if shows_banner(options) {
        introduce(meeting, &mut client)?;
    }
    let screen = Screen::new(options.no_color);
    let mut conversation = Conversation::new(client, screen, !options.expressions.is_empty());
    conversation.load_project()?;
    if !options.expressions.is_empty() {
        return script::run(&mut conversation, options.expressions.iter().map(String::as_str));
    }
    if !is_interactive(options) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::new("the input is not UTF-8"))?;
        return script::run_text(&mut conversation, &text);
    }
    let connections = Connections { completion: (meeting.again)()?, transcript: (meeting.again)()? };
    let history = meeting.home.session(&SessionName::from_env())?.join("repl_history");
    let mut conversation = Conversation { input_allowed: true, ..conversation };
    terminal::run(&mut conversation, connections, &history)
}

/// What is said of a workspace that was found or started (spec 06 section 2).
fn introduction(place: &Place, attached: &Attached) -> String {
    let id = place.workspace.id();
    if !attached.started {
        return format!("✓ Connected to existing workspace: {id}");
    }
    let origin =
        if place.named { String::new() } else { format!(" (auto-discovered from {})", place.root.display()) };
    let project = attached.metadata.project_path.display();
    format!("Started new workspace: {id}\n  Workspace: {id}{origin}\n  Project:   {project}")
}

/// The lines between the greeting and the first prompt.
fn introduce(meeting: &Meeting<'_>, client: &mut Client) -> Outcome {
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", meeting.introduction)?;
    writeln!(stdout, "\nConnected to REPL backend on port {}.", meeting.port)?;
    let session = client.request("session", json!({}))?;
    let session = session.get("value").and_then(Value::as_str).unwrap_or_default();
    writeln!(stdout, "[beamtalk] session: {session}")?;
    if !meeting.is_new {
        let reply = client.request("actors", json!({}))?;
        let actors = reply.list("actors");
        if !actors.is_empty() {
            writeln!(stdout, "Available actors:")?;
        }
        for actor in actors {
            let text = |name| actor.get(name).and_then(Value::as_str).unwrap_or_default();
            writeln!(stdout, "  - {} ({})", text("class"), text("pid"))?;
        }
    }
    writeln!(stdout)?;
    Ok(())
}
