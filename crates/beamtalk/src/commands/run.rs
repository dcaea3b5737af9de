//! `beamtalk run FILE`: a program in a workspace of its own, which ends with it.

use super::{StartOptions, enter};
use crate::cli::RunOptions;
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use crate::prompt::show::Screen;
use crate::prompt::{Conversation, End, script};
use beamtalk_home::WorkspaceId;
use std::fs;

/// Runs the file; what it evaluates to is not printed.
pub fn run(options: &RunOptions) -> Outcome {
    let shown = options.file.display();
    let text = fs::read_to_string(&options.file)
        .map_err(|error| Failure::new(format!("cannot read {shown}: {error}")))?;
    let mut place = Place::find(None)?;
    let id = WorkspaceId::named(&format!("run-{}", std::process::id()))?;
    place.workspace = place.home.workspace(&id);
    let attached = enter(&place, &StartOptions { port: Some(0), idle: Some(60), ..StartOptions::default() })?;
    let mut conversation = Conversation::new(attached.client, Screen::new(true), true);
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
    }
}
