//! What a prompt asks of an image besides compiling: completions, near names, instructions.

use beamtalk_codegen::{SourceRef, compile_input};
use beamtalk_semantics::{ClassInfo, InputVariable, Side, USER, closest};
use beamtalk_syntax::token::TokenKind;
use beamtalk_syntax::{ast, lexer};
use beamtalk_text::LineIndex;
use smol_str::SmolStr;

use crate::image::{Failure, INPUT, Image};
use crate::unit::Source;

/// What stands before a word.
enum Receiver {
    /// Nothing that messages are sent to.
    None,
    /// Something.
    Unknown,
    /// An instance of the class, or the class itself.
    Known(SmolStr, Side),
}

impl Image {
    /// Completions of the word at the end of `code`: behind a receiver the messages that it may understand, elsewhere classes,
    /// variables, selectors and pseudo-variables.
    #[must_use]
    pub fn complete(&self, code: &str, variables: &[String]) -> Vec<String> {
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
        let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':' | '@');
        let (before, word) = code.split_at(code.trim_end_matches(is_part).len());
        if word.is_empty() {
            return Vec::new();
        }
        let receiver = self.receiver(before);
        let mut found: Vec<String> = Vec::new();
        match &receiver {
            Receiver::None => {
                found.extend(WORDS.iter().map(ToString::to_string));
                found.extend(["Transcript", "Beamtalk", "Workspace"].map(String::from));
                found.extend(variables.iter().cloned());
                found.extend(self.table().iter().map(|class| class.name.to_string()));
                found.extend(self.selectors());
            }
            Receiver::Unknown => found.extend(self.selectors()),
            Receiver::Known(class, side) => {
                let of_classes = (*side == Side::Class).then_some(("Class", Side::Instance));
                for (class, side) in std::iter::once((class.as_str(), *side)).chain(of_classes) {
                    let methods = self.table().chain(class).flat_map(|class| class.methods(side));
                    found.extend(methods.map(|method| method.selector.to_string()));
                }
            }
        }
        found.retain(|name| name.starts_with(word));
        found.sort();
        found.dedup();
        found
    }

    /// All selectors of all classes.
    fn selectors(&self) -> impl Iterator<Item = String> {
        let methods = |class: &ClassInfo| {
            let methods = class.methods(Side::Instance).iter().chain(class.methods(Side::Class));
            methods.map(|method| method.selector.to_string()).collect::<Vec<_>>()
        };
        self.table().iter().flat_map(move |class| methods(class))
    }

    /// What a word behind this code is sent to.
    fn receiver(&self, before: &str) -> Receiver {
        let tokens = lexer::lex(before).tokens;
        let last = tokens.iter().rev().find(|token| !token.kind.is_comment() && token.kind != TokenKind::Eof);
        let Some(last) = last else { return Receiver::None };
        let instance = |class: &str| Receiver::Known(class.into(), Side::Instance);
        match last.kind {
            TokenKind::String | TokenKind::StringEnd => instance("String"),
            TokenKind::Integer => instance("Integer"),
            TokenKind::Float => instance("Float"),
            TokenKind::Symbol => instance("Symbol"),
            TokenKind::Character => instance("Character"),
            TokenKind::Name => match self.table().get(last.span.text(before)) {
                Some(class) => Receiver::Known(class.name.clone(), Side::Class),
                None => Receiver::Unknown,
            },
            TokenKind::Identifier
            | TokenKind::RightParen
            | TokenKind::RightBracket
            | TokenKind::RightBrace
            | TokenKind::Semicolon => Receiver::Unknown,
            _ => Receiver::None,
        }
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
