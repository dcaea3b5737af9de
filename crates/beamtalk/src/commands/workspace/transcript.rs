//! `beamtalk workspace transcript`.

use super::attached;
use crate::background::end_with_the_reader;
use crate::failure::{Failure, Outcome};
use crate::place::Place;
use beamtalk_repl::client::Update;
use beamtalk_repl::{Client, ClientError};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Prints what is written to the Transcript, for as long as the workspace runs and somebody reads.
pub fn follow(name: Option<&str>, recent: usize) -> Outcome {
    let place = Place::existing(name)?;
    let mut client = attached(&place)?.client;
    if let Some(error) = client.request("subscribe", json!({"channel": "transcript"}))?.error() {
        return Err(Failure::new(error));
    }
    end_with_the_reader();
    if recent > 0 {
        print(&buffered(&mut client, recent)?)?;
    }
    loop {
        match client.next_push() {
            Ok(push) => {
                if let Some(text) = push.get("text").and_then(Value::as_str) {
                    print(&[text.to_owned()])?;
                }
            }
            // The workspace has stopped, and its Transcript with it.
            Err(ClientError::Connection(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The last entries of the Transcript's own buffer, and those that came while it was asked for.
fn buffered(client: &mut Client, most: usize) -> Outcome<Vec<String>> {
    let id = client.send("eval", json!({"code": "Transcript recent"}))?;
    let mut pushed = Vec::new();
    let reply = client.wait(&id, &mut |update, _| {
        if let Update::Push(push) = update {
            pushed.extend(push.get("text").and_then(Value::as_str).map(str::to_owned));
        }
        Ok(())
    })?;
    if let Some(error) = reply.error() {
        return Err(Failure::new(error));
    }
    let entries = reply.list("value").iter().filter_map(Value::as_str);
    let mut entries: Vec<String> = entries.map(str::to_owned).collect();
    // What was pushed may be in the buffer already.
    let longest = pushed.len().min(entries.len());
    let known = (0..=longest).rev().find(|known| entries.ends_with(&pushed[..*known])).unwrap_or(0);
    entries.drain(..entries.len().saturating_sub(most));
    entries.extend_from_slice(&pushed[known..]);
    Ok(entries)
}

fn print(entries: &[String]) -> Outcome {
    let mut stdout = io::stdout().lock();
    for entry in entries {
        stdout.write_all(entry.as_bytes())?;
    }
    stdout.flush()?;
    Ok(())
}
