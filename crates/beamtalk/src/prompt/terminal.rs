//! A person at a terminal: line editing, history, completion, interrupts.

use super::group::{is_definition, is_open_patch};
use super::help::WORDS;
use super::{Conversation, End, script};
use crate::failure::{Failure, Outcome};
use beamtalk_home::file;
use beamtalk_repl::Client;
use beamtalk_repl::client::Interrupter;
use beamtalk_syntax::{Completeness, completeness};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use serde_json::{Value, json};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

const PROMPT: &str = "> ";
const CONTINUATION: &str = "..> ";
/// Transcript text that waits for the next prompt, in bytes.
const MOST_WAITING: usize = 1 << 20;

/// What a terminal conversation needs besides its own connection.
#[derive(Debug)]
pub struct Connections {
    /// For completions, which are asked for while a line is edited.
    pub completion: Client,
    /// For Transcript text, which comes at any time.
    pub transcript: Client,
}

/// Reads and handles inputs until the person leaves.
pub fn run(conversation: &mut Conversation, connections: Connections, history: &Path) -> Outcome {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(false).build();
    let mut editor: Editor<Assistant, DefaultHistory> =
        Editor::with_config(config).map_err(|error| reading(&error))?;
    editor.set_helper(Some(Assistant { client: RefCell::new(connections.completion) }));
    load_history(&mut editor, history);
    let running = Arc::new(AtomicBool::new(false));
    let transcript = Transcript::follow(connections.transcript, running.clone());
    interrupt_when_running(conversation.interrupter()?, running.clone())?;

    let mut reader = Reader { editor, last_class: None };
    loop {
        transcript.print_waiting()?;
        match reader.input()? {
            Input::Nothing => {}
            Input::End => {
                conversation.screen.line("Goodbye!")?;
                break;
            }
            Input::Text(text) => {
                let _ = reader.editor.add_history_entry(text.as_str());
                let _ = reader.editor.append_history(history);
                running.store(true, Ordering::SeqCst);
                let end = script::handle(conversation, &reader.completed(&text));
                running.store(false, Ordering::SeqCst);
                match end? {
                    End::Leave => break,
                    End::Exit(status) => return Err(Failure::exited(status)),
                    End::Done => reader.remember_class(&text),
                    End::Failed | End::Interrupted => {}
                }
            }
        }
    }
    Ok(())
}

enum Input {
    Text(String),
    /// A blank line, or one that was given up.
    Nothing,
    End,
}

struct Reader {
    editor: Editor<Assistant, DefaultHistory>,
    /// The class that the last input defined: indented methods that follow belong to it.
    last_class: Option<String>,
}

impl Reader {
    fn input(&mut self) -> Outcome<Input> {
        let mut input = String::new();
        loop {
            let prompt = if input.is_empty() { PROMPT } else { CONTINUATION };
            let line = match self.editor.readline(prompt) {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => {
                    if !input.is_empty() {
                        writeln!(std::io::stdout(), "Cancelled")?;
                    }
                    return Ok(Input::Nothing);
                }
                Err(ReadlineError::Eof) => return Ok(Input::End),
                Err(error) => return Err(reading(&error)),
            };
            let blank = line.trim().is_empty();
            if input.is_empty() {
                if blank {
                    return Ok(Input::Nothing);
                }
                if line.starts_with(':') {
                    return Ok(Input::Text(line));
                }
            } else {
                input.push('\n');
            }
            input.push_str(&line);
            let waits = self.is_open_definition(&input);
            match completeness(&input) {
                Completeness::Complete if blank || !waits => return Ok(Input::Text(input)),
                Completeness::AwaitsBlankLine | Completeness::Documentation if blank => {
                    return Ok(Input::Text(input));
                }
                Completeness::Complete
                | Completeness::AwaitsBlankLine
                | Completeness::Documentation
                | Completeness::Incomplete => {}
            }
        }
    }

    /// More lines may belong to a definition that could end here: a blank line says that it does.
    fn is_open_definition(&self, input: &str) -> bool {
        let first = input.lines().find(|line| !line.starts_with("///")).unwrap_or_default();
        let goes_on = self.last_class.is_some() && first.starts_with([' ', '\t']) && first.contains("=>");
        is_definition(input) || goes_on || is_open_patch(input)
    }

    /// An indented method after a class is another method of that class.
    fn completed(&mut self, text: &str) -> String {
        let indented = text.starts_with([' ', '\t']) && text.contains("=>");
        match (&self.last_class, indented) {
            (Some(class), true) => {
                let method = text.trim_start();
                match method.strip_prefix("class ") {
                    Some(method) => format!("{class} class >> {method}"),
                    None => format!("{class} >> {method}"),
                }
            }
            _ => text.to_owned(),
        }
    }

    fn remember_class(&mut self, text: &str) {
        let indented = text.starts_with([' ', '\t']) && text.contains("=>");
        if !indented {
            self.last_class = defined_class(text);
        }
    }
}

/// The name after `subclass:` of an input that is a class definition and nothing else.
fn defined_class(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("subclass:")?;
    let name = rest.trim_start();
    let end = name.find(|character: char| !character.is_alphanumeric() && character != '_');
    let name = &name[..end.unwrap_or(name.len())];
    let alone = text.lines().skip(1).all(|line| line.trim().is_empty() || line.starts_with([' ', '\t']));
    (alone && name.starts_with(char::is_uppercase)).then(|| name.to_owned())
}

/// Completes command words here and everything else at the host.
struct Assistant {
    client: RefCell<Client>,
}

impl Helper for Assistant {}
impl Highlighter for Assistant {}
impl Validator for Assistant {}
impl Hinter for Assistant {
    type Hint = String;
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..position];
        let start = before
            .rfind(|character: char| !character.is_alphanumeric() && !matches!(character, '_' | ':' | '@'))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let words: Vec<String> = if before.starts_with(':') && start == 0 {
            WORDS.iter().filter(|word| word.starts_with(before)).map(|word| (*word).to_owned()).collect()
        } else {
            let asked = self.client.borrow_mut().request("complete", json!({"code": before}));
            // Without an answer there is nothing to offer.
            asked
                .map(|reply| reply.texts("completions").into_iter().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let pair = |word: String| Pair { display: word.clone(), replacement: word };
        Ok((start, words.into_iter().map(pair).collect()))
    }
}

/// Transcript text: printed at once while an evaluation runs, before the next prompt while a line is edited.
#[derive(Clone)]
struct Transcript {
    waiting: Arc<Mutex<String>>,
}

impl Transcript {
    fn follow(mut client: Client, running: Arc<AtomicBool>) -> Self {
        let this = Self { waiting: Arc::default() };
        let follower = this.clone();
        thread::spawn(move || {
            if client.request("subscribe", json!({"channel": "transcript"})).is_err() {
                return;
            }
            while let Ok(push) = client.next_push() {
                if let Some(text) = push.get("text").and_then(Value::as_str) {
                    follower.take(text);
                    if running.load(Ordering::SeqCst) && follower.print_lines().is_err() {
                        return;
                    }
                }
            }
        });
        this
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps text for the next occasion to print it. Of a flood that comes while nobody looks, the end is kept.
    fn take(&self, text: &str) {
        let mut waiting = self.lock();
        waiting.push_str(text);
        if waiting.len() > MOST_WAITING {
            let cut = waiting.len() - MOST_WAITING / 2;
            let line = waiting.as_bytes()[cut..].iter().position(|byte| *byte == b'\n');
            let start = line.map_or(waiting.len(), |line| cut + line + 1);
            waiting.replace_range(..start, "[Transcript text dropped]\n");
        }
    }

    /// Prints whole lines; the rest waits for its end.
    fn print_lines(&self) -> std::io::Result<()> {
        let mut waiting = self.lock();
        let Some(end) = waiting.rfind('\n') else { return Ok(()) };
        let lines: String = waiting.drain(..=end).collect();
        print_barred(&lines)
    }

    /// Prints everything.
    fn print_waiting(&self) -> std::io::Result<()> {
        let mut waiting = self.lock();
        let text = std::mem::take(&mut *waiting);
        print_barred(&text)
    }
}

fn print_barred(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in text.lines() {
        writeln!(out, "│ {line}")?;
    }
    out.flush()
}

/// While a line is edited, Ctrl-C is a key; while an evaluation runs, it is a signal.
fn interrupt_when_running(mut interrupter: Interrupter, running: Arc<AtomicBool>) -> Outcome {
    let mut signals = Signals::new([SIGINT])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if running.load(Ordering::SeqCst) {
                // A lost connection ends the conversation by itself.
                let _ = interrupter.interrupt();
            }
        }
    });
    Ok(())
}

fn load_history(editor: &mut Editor<Assistant, DefaultHistory>, path: &Path) {
    // Made by us first, so that nobody else can read it. Without history one can still type.
    if file::append_private(path).is_ok() {
        let _ = editor.load_history(path);
    }
}

fn reading(error: &ReadlineError) -> Failure {
    Failure::new(format!("cannot read from the terminal: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_definition_is_known() {
        assert_eq!(defined_class("Object subclass: A\n  x => 1").as_deref(), Some("A"));
        assert_eq!(defined_class("Actor subclass: Foo_2").as_deref(), Some("Foo_2"));
        assert_eq!(defined_class("Object subclass: A\n  x => 1\nA new"), None);
        assert_eq!(defined_class("3 + 4"), None);
    }
}
