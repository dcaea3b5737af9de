//! Inputs that are known beforehand: `-e`, or a pipe.

use super::{Conversation, End, group, meta};
use crate::failure::{Failure, Outcome};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use std::thread;

/// Handles each input. One that fails does not keep the next from its turn, but is remembered in the answer.
pub fn run<'a>(conversation: &mut Conversation, inputs: impl IntoIterator<Item = &'a str>) -> Outcome {
    interrupt_on_signal(conversation)?;
    conversation.follow_transcript()?;
    let mut failed = false;
    let mut inputs = inputs.into_iter().peekable();
    while let Some(input) = inputs.next() {
        // A line that answers the command before it is no input of its own.
        conversation.answer =
            inputs.next_if(|next| meta::asks(input) && meta::is_answer(next)).map(str::to_owned);
        match handle(conversation, input)? {
            End::Done => {}
            End::Failed => failed = true,
            End::Interrupted => return Err(Failure::interrupted()),
            End::Leave => break,
            End::Exit(status) => return Err(Failure::exited(status)),
        }
    }
    if failed { Err(Failure::reported()) } else { Ok(()) }
}

/// A command that is not known is an input that fails, as any other would.
pub fn handle(conversation: &mut Conversation, input: &str) -> Outcome<End> {
    match meta::parse(input) {
        Some(Err(failure)) => {
            conversation.screen.error(&failure.to_string(), failure.hint())?;
            Ok(End::Failed)
        }
        Some(Ok(command)) => conversation.command(&command),
        None => conversation.evaluate(input),
    }
}

/// Handles a text from a pipe.
pub fn run_text(conversation: &mut Conversation, text: &str) -> Outcome {
    let inputs = group::inputs(text);
    run(conversation, inputs.iter().map(String::as_str))
}

/// An interrupt from the keyboard ends the evaluation, and with it this command; a second ends it at once.
pub fn interrupt_on_signal(conversation: &Conversation) -> Outcome {
    let mut interrupter = conversation.interrupter()?;
    let mut signals = Signals::new([SIGINT])?;
    thread::spawn(move || {
        for (count, _) in signals.forever().enumerate() {
            if count > 0 || interrupter.interrupt().is_err() {
                std::process::exit(130);
            }
        }
    });
    Ok(())
}
