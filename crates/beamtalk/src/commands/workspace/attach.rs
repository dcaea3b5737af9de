//! `beamtalk workspace attach`.

use super::{attached, not_running};
use crate::cli::TalkOptions;
use crate::commands::repl::{self, Meeting};
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use beamtalk_home::{Cookie, Home};
use beamtalk_repl::Client;
use beamtalk_repl::launch::{attach, attach_to_port};
use std::io::{self, Read};
use std::path::Path;

/// Nobody's cookie is longer.
const LONGEST_COOKIE: u64 = 1024;

/// Talks to the workspace of this name, or of the project here.
pub fn by_name(name: Option<&str>, options: &TalkOptions) -> Outcome {
    let place = Place::existing(name)?;
    let first = attached(&place)?;
    repl::greet(options)?;
    let meeting = Meeting {
        home: &place.home,
        introduction: introduction(place.workspace.id().as_str()),
        is_new: false,
        port: first.metadata.repl_port.unwrap_or_default(),
        again: &|| match attach(&place.workspace)? {
            Some(again) => Ok(again.client),
            None => Err(not_running(&place)),
        },
    };
    repl::talk(options, &meeting, first.client)
}

/// Talks to the workspace that listens on a port. Its cookie, where it wants one, is in its files, or in those that the
/// user names.
pub fn by_port(port: u16, cookie_file: Option<&Path>, options: &TalkOptions) -> Outcome {
    let home = Home::from_env()?;
    let cookie = match cookie_file {
        Some(file) => Some(read_cookie(file)?),
        None => recorded_cookie(&home, port)?,
    };
    let again = || -> Outcome<(Client, String)> {
        attach_to_port(port, cookie.as_ref()).map_err(|error| {
            Failure::new(format!("No workspace can be reached on port {port}: {error}"))
                .help("`beamtalk workspace list` shows the ports of those that run")
        })
    };
    let (client, id) = again()?;
    repl::greet(options)?;
    let meeting = Meeting {
        home: &home,
        introduction: introduction(&id),
        is_new: false,
        port,
        again: &|| again().map(|(client, _)| client),
    };
    repl::talk(options, &meeting, client)
}

/// A command line is no place for a secret (security W2).
pub fn refuse_cookie() -> Failure {
    Failure::new("A cookie on a command line can be read by every user of this machine")
        .help("leave it out: a workspace of yours needs none. Otherwise: --cookie-file FILE, or --cookie-file - for standard input")
}

fn introduction(id: &str) -> String {
    format!("✓ Connected to existing workspace: {id}")
}

/// The cookie of our own workspace that listens there and wants one.
fn recorded_cookie(home: &Home, port: u16) -> Outcome<Option<Cookie>> {
    for workspace in home.workspaces()?.into_iter().flatten() {
        let metadata = workspace.metadata()?;
        let wants = |found: &beamtalk_home::Metadata| found.repl_port == Some(port) && found.require_cookie;
        if metadata.as_ref().is_some_and(wants) && workspace.has_host() {
            return Ok(Some(workspace.cookie()?));
        }
    }
    Ok(None)
}

fn read_cookie(file: &Path) -> Outcome<Cookie> {
    if file != Path::new("-") {
        return Ok(Cookie::read(file)?);
    }
    let mut text = String::new();
    io::stdin().lock().take(LONGEST_COOKIE).read_to_string(&mut text)?;
    Cookie::parse(&text).ok_or_else(|| Failure::new("Standard input does not hold a workspace cookie"))
}
