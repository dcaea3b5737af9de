//! The `:` commands (spec 06 section 5).

use super::help::COMMANDS;
use super::{Conversation, End};
use crate::failure::{Failure, Outcome};
use beamtalk_project::MANIFEST;
use beamtalk_repl::{Reply, display};
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use std::path::Path;

/// A command and its argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Meta {
    word: Word,
    argument: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Help,
    Exit,
    Clear,
    Bindings,
    Load,
    Reload,
    Modules,
    Unload,
    Actors,
    Inspect,
    Kill,
    Sessions,
    Sync,
    Test,
    ShowCodegen,
    Changes,
    Dirty,
    Flush,
    FlushDestructive,
    Recheck,
    RemoveMethod,
    RemoveClass,
    Interrupt,
}

/// Reads a command; `None` for an input that is code.
pub fn parse(input: &str) -> Option<Outcome<Meta>> {
    let text = input.strip_prefix(':')?.trim_end();
    let (word, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let word = match word {
        "help" | "h" | "?" => Word::Help,
        "exit" | "quit" | "q" => Word::Exit,
        "clear" => Word::Clear,
        "bindings" | "b" => Word::Bindings,
        "load" | "l" => Word::Load,
        "reload" | "r" => Word::Reload,
        "modules" | "m" => Word::Modules,
        "unload" => Word::Unload,
        "actors" | "a" => Word::Actors,
        "inspect" => Word::Inspect,
        "kill" => Word::Kill,
        "sessions" => Word::Sessions,
        "sync" | "s" => Word::Sync,
        "test" | "t" => Word::Test,
        "show-codegen" | "sc" => Word::ShowCodegen,
        "changes" => Word::Changes,
        "dirty" => Word::Dirty,
        "flush" => Word::Flush,
        "flush-destructive" => Word::FlushDestructive,
        "recheck" => Word::Recheck,
        "remove-method" => Word::RemoveMethod,
        "remove-class" => Word::RemoveClass,
        "interrupt" | "int" => Word::Interrupt,
        other => {
            return Some(Err(Failure::new(format!("Unknown command: :{other}"))
                .help("Type :help for the list of commands.")));
        }
    };
    Some(Ok(Meta { word, argument: argument.trim().to_owned() }))
}

impl Conversation {
    /// Performs a command.
    pub fn command(&mut self, command: &Meta) -> Outcome<End> {
        let argument = command.argument.as_str();
        match command.word {
            Word::Help => self.help(argument),
            Word::Exit => {
                self.screen.line("Goodbye!")?;
                Ok(End::Leave)
            }
            Word::Clear => self.ask("clear", json!({}), |_| Some("Bindings cleared.".into())),
            Word::Bindings => self.ask("bindings", json!({}), bindings),
            Word::Load if argument.is_empty() => self.usage(":load <path>"),
            Word::Load => self.load(argument),
            Word::Reload if argument.is_empty() => match self.last_loaded.clone() {
                Some(path) => self.reload(&path),
                None => self.fail("No file has been loaded yet"),
            },
            Word::Reload => self.ask("reload", json!({"module": argument}), |reply| {
                Some(named("Reloaded", &reply.texts("classes"), ""))
            }),
            Word::Modules => self.ask("modules", json!({}), |reply| Some(modules(reply))),
            Word::Unload if argument.is_empty() => self.usage(":unload <ClassName>"),
            Word::Unload => {
                let shown = format!("Module {argument} unloaded.");
                self.ask("unload", json!({"module": argument}), |_| Some(shown))
            }
            Word::Actors => self.ask("actors", json!({}), |reply| Some(actors(reply))),
            Word::Inspect if argument.is_empty() => self.usage(":inspect <pid>"),
            Word::Inspect => self.ask("inspect", json!({"actor": argument}), state),
            Word::Kill if argument.is_empty() => self.usage(":kill <pid>"),
            Word::Kill => {
                let shown = format!("Actor {argument} killed.");
                self.ask("kill", json!({"actor": argument}), |_| Some(shown))
            }
            Word::Sessions => self.ask("sessions", json!({}), |reply| Some(sessions(reply))),
            Word::Sync if !argument.is_empty() => {
                self.fail(":sync takes no arguments — it syncs the project from beamtalk.toml")
            }
            Word::Sync => self.sync(),
            Word::Test => self.test(argument),
            Word::ShowCodegen if argument.is_empty() => self.usage(":show-codegen <expression>"),
            Word::ShowCodegen => self.ask("show-codegen", json!({"code": argument}), |reply| {
                reply.text("value").map(|text| text.trim_end().to_owned())
            }),
            Word::Changes => self.evaluate("Workspace changes"),
            Word::Dirty => self.evaluate("Workspace changes dirtyMethods"),
            Word::Flush if argument.is_empty() => self.evaluate("Workspace flush"),
            Word::Flush => self.evaluate(&format!("Workspace flush: {}", named_class(argument))),
            Word::FlushDestructive => self.flush_destructive(argument),
            Word::Recheck if argument == "image" => self.evaluate("Workspace recheckImage"),
            Word::Recheck => self.usage(":recheck image"),
            Word::RemoveMethod => self.remove_method(argument),
            Word::RemoveClass if argument.is_empty() => self.usage(":remove-class <ClassName>"),
            Word::RemoveClass => self.remove_class(argument),
            Word::Interrupt => self.ask("interrupt", json!({}), |_| Some("Interrupt sent.".into())),
        }
    }

    /// Performs an operation and prints what `show` makes of its reply.
    fn ask(&mut self, op: &str, params: Value, show: impl FnOnce(&Reply) -> Option<String>) -> Outcome<End> {
        let reply = self.client.request(op, params)?;
        self.screen.warnings(&reply)?;
        if let Some(error) = reply.error() {
            self.screen.error(error, reply.text("hint"))?;
            return Ok(End::Failed);
        }
        if let Some(text) = show(&reply) {
            self.screen.line(&text)?;
        }
        Ok(End::Done)
    }

    fn usage(&mut self, usage: &str) -> Outcome<End> {
        self.screen.line(&format!("Usage: {usage}"))?;
        Ok(End::Done)
    }

    fn fail(&mut self, message: &str) -> Outcome<End> {
        self.screen.error(message, None)?;
        Ok(End::Failed)
    }

    fn help(&mut self, topic: &str) -> Outcome<End> {
        let words: Vec<&str> = topic.split_whitespace().collect();
        let question = match words.as_slice() {
            [] => {
                self.screen.line(COMMANDS)?;
                return Ok(End::Done);
            }
            ["Erlang", module] => format!("Beamtalk erlangHelp: {}", quoted_text(module)),
            ["Erlang", module, function, ..] => {
                format!("Beamtalk erlangHelp: {} selector: {}", quoted_text(module), quoted(function))
            }
            [class] => format!("Beamtalk help: {}", quoted(class)),
            [class, "class"] => format!("Beamtalk help: {}", quoted(&format!("{class} class"))),
            [class, "class", selector, ..] => {
                let class = quoted(&format!("{class} class"));
                format!("Beamtalk help: {class} selector: {}", quoted(selector))
            }
            [class, selector, ..] => {
                format!("Beamtalk help: {} selector: {}", quoted(class), quoted(selector))
            }
        };
        self.evaluate(&question)
    }

    /// A path is the client's: the host may work in another folder.
    fn load(&mut self, path: &str) -> Outcome<End> {
        // As one writes it in a program.
        let path = path.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(path);
        let end = self.load_again("Loaded", path)?;
        if end == End::Done {
            self.last_loaded = Some(path.to_owned());
        }
        Ok(end)
    }

    fn reload(&mut self, path: &str) -> Outcome<End> {
        self.load_again("Reloaded", path)
    }

    fn load_again(&mut self, verb: &str, path: &str) -> Outcome<End> {
        let full = std::path::absolute(Path::new(path))?;
        let verb = verb.to_owned();
        self.ask("load-file", json!({"path": full}), |reply| {
            let shown = path.trim_end_matches('/');
            Some(match reply.get("files") {
                Some(count) => format!("{verb} {count} files from {shown}"),
                None => named(&verb, &reply.texts("classes"), path),
            })
        })
    }

    /// Loads what has changed in the project, tells of it, and answers whether all was well.
    fn sync(&mut self) -> Outcome<End> {
        let root = beamtalk_home::project_root(&std::env::current_dir()?);
        let reply = self.client.request("load-project", json!({"path": root}))?;
        if let Some(error) = reply.error() {
            self.screen.error(error, reply.text("hint"))?;
            return Ok(End::Failed);
        }
        let is_whole = self.screen.sync(&reply)?;
        Ok(if is_whole { End::Done } else { End::Failed })
    }

    /// Loads the workspace's project, if it is one and nobody has, so that its classes are there from the start.
    pub fn load_project(&mut self) -> Outcome<()> {
        self.load_quietly(json!({"first": true}))
    }

    /// Loads what has changed in a project, and tells only of what is wrong.
    fn load_quietly(&mut self, wanted: Value) -> Outcome<()> {
        let reply = self.client.request("load-project", wanted)?;
        match reply.error() {
            Some(error) => self.screen.error(error, reply.text("hint"))?,
            None => self.screen.sync_errors(&reply)?,
        }
        Ok(())
    }

    /// Loads the sources and tests of the project around, if there is one; runs the tests that are loaded.
    fn test(&mut self, class: &str) -> Outcome<End> {
        let root = beamtalk_home::project_root(&std::env::current_dir()?);
        if root.join(MANIFEST).is_file() {
            self.load_quietly(json!({"path": root, "include_tests": true}))?;
        }
        match class {
            "" => self.evaluate("Workspace test"),
            class => self.evaluate(&format!("Workspace test: {class}")),
        }
    }

    fn remove_method(&mut self, argument: &str) -> Outcome<End> {
        let words: Vec<&str> = argument.split_whitespace().collect();
        match words.as_slice() {
            [class, selector] => {
                let selector = selector.trim_start_matches('#');
                self.evaluate(&format!("{class} removeSelector: #{selector}"))
            }
            [class, "class", selector] => {
                let selector = selector.trim_start_matches('#');
                self.evaluate(&format!("{class} class removeSelector: #{selector}"))
            }
            _ => self.usage(":remove-method <ClassName> <selector>"),
        }
    }

    fn remove_class(&mut self, class: &str) -> Outcome<End> {
        if self.confirmed(&format!("Remove class {class}?"))? {
            self.evaluate(&format!("{class} removeFromSystem"))
        } else {
            self.screen.line(&format!("Aborted: {class} was not removed."))?;
            Ok(End::Done)
        }
    }

    fn flush_destructive(&mut self, filter: &str) -> Outcome<End> {
        if !self.confirmed("Write all changes, and delete the files of removed classes?")? {
            self.screen.line("Aborted: no files were deleted.")?;
            return Ok(End::Done);
        }
        if filter.is_empty() {
            self.evaluate("Workspace flushIncludingDestructive")
        } else {
            self.evaluate(&format!("Workspace flush: {} confirmDestructive: true", named_class(filter)))
        }
    }

    fn confirmed(&mut self, question: &str) -> Outcome<bool> {
        let mut stdout = io::stdout();
        write!(stdout, "{question} [y/N] ")?;
        stdout.flush()?;
        let answer = if let Some(known) = self.answer.take() {
            writeln!(stdout, "{known}")?;
            known
        } else {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer)?;
            answer
        };
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

/// A word as a symbol, whatever is in it.
fn quoted(word: &str) -> String {
    format!("#'{}'", word.replace('\'', "''"))
}

fn quoted_text(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('{', "\\{"))
}

/// The name of a class as a symbol, since a class that was removed has only its name left.
fn named_class(filter: &str) -> String {
    let is_name = filter.starts_with(char::is_uppercase) && filter.chars().all(char::is_alphanumeric);
    if is_name { format!("#{filter}") } else { filter.to_owned() }
}

/// Whether an input is a command that asks before it does something.
pub fn asks(input: &str) -> bool {
    matches!(parse(input), Some(Ok(Meta { word: Word::RemoveClass | Word::FlushDestructive, .. })))
}

/// Whether an input answers such a question.
pub fn is_answer(input: &str) -> bool {
    matches!(input.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "n" | "no")
}

fn named(verb: &str, classes: &[&str], otherwise: &str) -> String {
    let what = if classes.is_empty() { otherwise.to_owned() } else { classes.join(", ") };
    format!("{verb} {what}").trim_end().to_owned()
}

fn bindings(reply: &Reply) -> Option<String> {
    let bindings = reply.get("bindings")?.as_object()?;
    if bindings.is_empty() {
        return Some("No bindings.".into());
    }
    let line = |(name, value): (&String, &Value)| format!("  {name} = {}", display::to_text(value));
    Some(bindings.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn state(reply: &Reply) -> Option<String> {
    let state = reply.get("state")?.as_object()?;
    let line = |(name, value): (&String, &Value)| format!("  {name}: {}", display::to_text(value));
    Some(state.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn actors(reply: &Reply) -> String {
    listed(reply.list("actors"), "Running actors:", "No running actors.", |actor| {
        format!("  {} - {} ({})", field(actor, "pid"), field(actor, "class"), field(actor, "module"))
    })
}

fn modules(reply: &Reply) -> String {
    listed(reply.list("modules"), "Loaded modules:", "No modules loaded.", |module| {
        let count = module.get("actor_count").and_then(Value::as_u64).unwrap_or(0);
        let plural = if count == 1 { "" } else { "s" };
        format!(
            "  {} ({}) - {count} actor{plural} - loaded {}",
            field(module, "name"),
            field(module, "source_file"),
            field(module, "time_ago")
        )
    })
}

fn sessions(reply: &Reply) -> String {
    listed(reply.list("sessions"), "Active sessions:", "No active sessions.", |session| {
        format!("  {}", field(session, "id"))
    })
}

fn listed(rows: &[Value], title: &str, none: &str, line: impl Fn(&Value) -> String) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let lines = std::iter::once(title.to_owned()).chain(rows.iter().map(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: &str) -> Meta {
        parse(input).unwrap().unwrap()
    }

    #[test]
    fn aliases_match_as_whole_words() {
        assert_eq!(parsed(":q").word, Word::Exit);
        assert_eq!(parsed(":l  a b.bt ").argument, "a b.bt");
        assert!(parse(":quitt").unwrap().is_err());
    }

    #[test]
    fn a_class_to_flush_may_be_gone() {
        assert_eq!(named_class("Tally"), "#Tally");
        for other in ["#instance", "#{#file => \"a.bt\"}", "Tally class", "filter"] {
            assert_eq!(named_class(other), other);
        }
        assert!(asks(":flush-destructive Tally") && asks(":remove-class Tally") && !asks(":flush"));
        assert!(is_answer("Y") && !is_answer("yesterday"));
    }

    #[test]
    fn code_is_no_command() {
        assert!(parse("x := 1").is_none());
        assert!(parse(" :q").is_none());
    }
}
