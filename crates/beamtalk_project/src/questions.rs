//! What a prompt asks of an image besides compiling: completions, near names, instructions.

use beamtalk_codegen::{SourceRef, compile_input};
use beamtalk_semantics::{InputVariable, Side, USER, closest};
use beamtalk_syntax::ast;
use beamtalk_text::LineIndex;
use smol_str::SmolStr;

use crate::image::{Failure, INPUT, Image};
use crate::unit::Source;

impl Image {
    /// Completions of a word: classes, variables, selectors and pseudo-variables that start with `prefix`.
    #[must_use]
    pub fn complete(&self, prefix: &str, variables: &[String]) -> Vec<String> {
        const WORDS: [&str; 13] = [
            "self",
            "super",
            "true",
            "false",
            "nil",
            "ifTrue:",
            "ifFalse:",
            "ifTrue:ifFalse:",
            "whileTrue:",
            "timesRepeat:",
            "subclass:",
            "spawn",
            "new",
        ];
        if prefix.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<String> = WORDS.iter().map(ToString::to_string).collect();
        found.extend(["Transcript", "Beamtalk", "Workspace"].map(String::from));
        found.extend(variables.iter().cloned());
        for class in self.table().iter() {
            found.push(class.name.to_string());
            found.extend(
                class
                    .methods(Side::Instance)
                    .iter()
                    .chain(class.methods(Side::Class))
                    .map(|method| method.selector.to_string()),
            );
        }
        found.retain(|name| name.starts_with(prefix));
        found.sort();
        found.dedup();
        found
    }

    /// The known selector closest to `selector`, of instances of `class` or of the class itself.
    #[must_use]
    pub fn did_you_mean(&self, class: &str, selector: &str) -> Option<SmolStr> {
        let own = self.table().chain(class).flat_map(|class| {
            let class_side = class.methods(Side::Class).iter();
            class.methods(Side::Instance).iter().chain(class_side).map(|method| method.selector.as_str())
        });
        closest(selector, own).map(SmolStr::from)
    }

    /// The instructions that an input compiles to, as `.S` text.
    ///
    /// # Errors
    /// As [`Self::compile_input`].
    pub fn listing(&self, variables: &[InputVariable], code: &str) -> Result<String, Failure> {
        let compiled = self.compile_input(variables, code, "bt@eval@listing")?;
        let source = Source::new(INPUT, code);
        let statements: Vec<&ast::Statement> = source.statements().collect();
        let lines = LineIndex::new(&source.text);
        let table = compiled.change.as_ref().map_or(self.table(), |change| &change.table);
        let mut text = String::new();
        for name in &compiled.classes {
            let unit = compiled.change.as_ref().and_then(|change| change.units.get(name));
            if let Some(code) = unit.and_then(|unit| unit.compile(table)) {
                text.push_str(&beamtalk_beam::print(&code.module));
            }
        }
        if !statements.is_empty() {
            let code = compile_input(
                table,
                variables,
                &statements,
                SourceRef { path: INPUT, lines: &lines, package: USER },
                "bt@eval@listing",
                |diagnostic| source.expects(diagnostic),
            );
            text.push_str(&beamtalk_beam::print(&code.module));
        }
        Ok(text)
    }

    /// The module of a class.
    #[must_use]
    pub fn module_of(&self, class: &str) -> Option<SmolStr> {
        self.table().get(class).map(|class| class.module.clone())
    }
}
