//! `beamtalk workspace attach`.

use crate::cli::TalkOptions;
use crate::commands::repl;
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use beamtalk_repl::launch::attach;

/// Talks to a workspace that runs.
pub fn run(name: Option<&str>, options: &TalkOptions) -> Outcome {
    let place = Place::existing(name)?;
    let Some(attached) = attach(&place.workspace)? else {
        let id = place.workspace.id();
        let start =
            if place.named { format!("beamtalk repl --workspace {id}") } else { "beamtalk repl".into() };
        let failure = Failure::new(format!("Workspace '{id}' is not running"));
        return Err(failure.help(format!("start it: {start}")));
    };
    repl::greet(options)?;
    repl::talk(options, &place, attached)
}
