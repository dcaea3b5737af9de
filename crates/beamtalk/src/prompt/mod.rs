//! A conversation with a session.
//!
//! [`Conversation`] evaluates and prints; [`script`] feeds it lines from a pipe, [`terminal`] from a person.

pub mod group;
pub mod help;
pub mod meta;
pub mod script;
pub mod show;
pub mod terminal;

use crate::failure::Outcome;
use beamtalk_repl::Client;
use beamtalk_repl::client::{Interrupter, Update};
use serde_json::{Value, json};
use show::Screen;
use std::io::{self, BufRead};

/// A session of a workspace, and where its answers are printed.
#[derive(Debug)]
pub struct Conversation {
    pub(crate) client: Client,
    pub(crate) screen: Screen,
    /// The path that `:reload` loads again.
    pub(crate) last_loaded: Option<String>,
    /// Programs may read from our standard input; otherwise they find its end.
    pub(crate) input_allowed: bool,
    /// What the next question of a command is answered with, where that is known beforehand.
    pub(crate) answer: Option<String>,
    /// The file whose text is evaluated, if errors are to say where they happened.
    pub(crate) file: Option<String>,
}

/// Frames of a stack that are shown.
const MOST_FRAMES: usize = 10;

/// A frame as a line of a stack trace; `file` is what the input was read from.
pub fn frame_line(frame: &str, file: Option<&str>) -> String {
    let (method, place) = frame.split_once(" (").unwrap_or((frame, ""));
    let place = place.trim_end_matches(')').replace("<input>", file.unwrap_or("<input>"));
    let method = method.rsplit_once('/').map_or(method, |(method, _)| method);
    match (method.starts_with('?'), place.is_empty()) {
        (true, _) => format!("  at {place}"),
        (false, true) => format!("  at {method}"),
        (false, false) => format!("  at {method} ({place})"),
    }
}

/// How an input ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a value.
    Done,
    /// With an error, which was printed.
    Failed,
    /// By an interrupt.
    Interrupted,
    /// The conversation is over.
    Leave,
    /// The program ended itself and the session, with this status.
    Exit(u8),
}

impl Conversation {
    /// Begins.
    pub fn new(client: Client, screen: Screen, input_allowed: bool) -> Self {
        Self { client, screen, last_loaded: None, input_allowed, answer: None, file: None }
    }

    /// Something with which another thread can interrupt an evaluation.
    pub fn interrupter(&self) -> Outcome<Interrupter> {
        Ok(self.client.interrupter()?)
    }

    /// Has Transcript text printed as it comes.
    pub fn follow_transcript(&mut self) -> Outcome {
        // Its reply is passed over by whoever waits for another one.
        self.client.send("subscribe", json!({"channel": "transcript"}))?;
        Ok(())
    }

    /// Evaluates code and prints what comes of it.
    pub fn evaluate(&mut self, code: &str) -> Outcome<End> {
        let (end, value) = self.run(code)?;
        if let Some(value) = value {
            self.screen.value(&value)?;
        }
        Ok(end)
    }

    /// Evaluates code and prints all but its value.
    pub fn run(&mut self, code: &str) -> Outcome<(End, Option<Value>)> {
        let id = self.client.send("eval", json!({"code": code, "stream": true}))?;
        let Self { client, screen, input_allowed, .. } = self;
        let reply = client.wait(&id, &mut |update, sender| match update {
            Update::Output(text) => screen.output(text),
            Update::ErrorOutput(text) => screen.error_output(text),
            Update::Push(push) => screen.push(push),
            Update::Input(prompt) => {
                screen.output(prompt)?;
                sender.input(if *input_allowed { read_line()? } else { None }.as_deref())
            }
        })?;
        screen.end_output()?;
        screen.warnings(&reply)?;
        let status = reply.get("exit_code").and_then(Value::as_u64);
        if let Some(status) = status.and_then(|status| u8::try_from(status).ok()) {
            return Ok((End::Exit(status), None));
        }
        match reply.error() {
            None => Ok((End::Done, reply.get("value").cloned())),
            Some(_) if reply.text("kind") == Some("interrupted") => {
                screen.interrupted()?;
                Ok((End::Interrupted, None))
            }
            Some(error) => {
                screen.error(error, reply.text("hint"))?;
                if let Some(file) = &self.file {
                    screen.trace(reply.texts("trace").into_iter().take(MOST_FRAMES), file)?;
                }
                Ok((End::Failed, None))
            }
        }
    }
}

fn read_line() -> io::Result<Option<String>> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok((!line.is_empty()).then_some(line))
}
