//! A program of a package: one message to one of its classes, on a node of its own.

use crate::TestError;
use crate::discover;
use crate::environment::Environment;
use crate::loading;
use crate::test_run::read_members;
use beamtalk_project::Look;
use beamtalk_repl::Unevaluated;
use std::path::PathBuf;

/// Which package, and which message.
#[derive(Debug, Clone)]
pub struct ProgramRun {
    /// The folder of the package.
    pub root: PathBuf,
    /// The class that is sent the message.
    pub class: String,
    /// The selector, with a colon where it takes the arguments.
    pub selector: String,
    /// What the program gets.
    pub arguments: Vec<String>,
}

impl ProgramRun {
    /// Sends the message; answers the status that the program ends with, 0 unless it says another. To be called while the process has one thread.
    ///
    /// # Errors
    /// Nothing could be run; how a program fails is in the answer.
    pub fn perform(&self, environment: &Environment) -> Result<Result<u8, Unevaluated>, TestError> {
        let group = discover::sources(&self.root, &environment.here)?;
        let members = read_members(&group)?;
        let place = environment.place()?;
        environment.perform(async {
            let mut node = environment.start(place)?;
            let files: Vec<_> = members.iter().map(|member| &member.file).collect();
            let loaded =
                loading::load(&mut node, &files, group.package.as_ref(), false, Look::default()).await?;
            if loaded.classes.iter().all(|class| class.name != self.class.as_str() || class.beam.is_err()) {
                return Ok(Err(Unevaluated {
                    kind: Some("class_not_found".into()),
                    message: format!("class '{}' not found", self.class),
                    hint: None,
                    trace: Vec::new(),
                }));
            }
            let ended = loaded.session.evaluate(&self.code()).await;
            node.close().await;
            Ok(ended.map(|value| value.exit.unwrap_or(0)))
        })
    }

    fn code(&self) -> String {
        let list: Vec<String> = self.arguments.iter().map(|argument| literal(argument)).collect();
        match self.selector.strip_suffix(':') {
            Some(_) => format!("{} {} #({})", self.class, self.selector, list.join(", ")),
            None => format!("{} {}", self.class, self.selector),
        }
    }
}

/// A text as a string literal. Nothing escapes a backslash, which would escape what is behind it.
pub(crate) fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\"\""),
            '{' => literal.push_str("\\{"),
            '\\' => literal.push_str("{$\\\\ asString}"),
            _ => literal.push(character),
        }
    }
    literal.push('"');
    literal
}
