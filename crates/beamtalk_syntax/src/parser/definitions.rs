//! File level: items, protocols, type aliases, the rules of spec 01 section 17.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use beamtalk_text::{Diagnostic, Span};

use super::statement::is_nothing;
use super::{Body, Parser, Within};
use crate::ast::{Doc, Expect, Ident, Item, ProtocolDef, Requirement, SourceFile, TypeAlias};
use crate::codes;
use crate::token::{BINARY_SELECTORS, TokenKind};

impl Parser<'_> {
    pub(super) fn file(&mut self) -> SourceFile {
        let mut items: Vec<Item> = Vec::new();
        while !self.at(TokenKind::Eof) {
            let position = self.position;
            if let Some(item) = self.item()
                && !matches!(&item, Item::Statement(statement) if is_nothing(statement))
            {
                items.push(item);
            }
            if self.position == position {
                self.bump();
            }
        }
        self.check_structure(&items);
        SourceFile { items, span: Span::new(0, u32::try_from(self.source.len()).unwrap_or(u32::MAX)) }
    }

    fn item(&mut self) -> Option<Item> {
        let declaration = self.position;
        if self.at(TokenKind::Expect) {
            let mut index = declaration;
            while self.tokens[index].kind == TokenKind::Expect {
                // Category and reason stand on the line of the directive.
                index = self.after(index);
                while !self.tokens[index].starts_line && self.tokens[index].kind != TokenKind::Eof {
                    index = self.after(index);
                }
            }
            if !self.is_definition(index) && !self.is_alias(index) {
                return self.statement().map(Item::Statement);
            }
            let doc = self.declare(declaration);
            let expects = self.expects();
            return self.definition(doc, expects);
        }
        if self.is_definition(declaration) || self.is_alias(declaration) {
            let doc = self.declare(declaration);
            return self.definition(doc, Vec::new());
        }
        self.statement().map(Item::Statement)
    }

    fn declare(&mut self, declaration: usize) -> Option<Doc> {
        self.declarations.push(declaration);
        self.doc_of(declaration)
    }

    fn definition(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> Option<Item> {
        let index = self.position;
        let item = if self.is_class(index) {
            Item::Class(self.class(doc, expects))
        } else if self.is_protocol(index) {
            Item::Protocol(self.protocol(doc, expects))
        } else if self.is_extension(index) {
            Item::Extension(self.extension(doc, expects))
        } else if self.is_alias(index) {
            Item::TypeAlias(self.type_alias(doc, expects))
        } else {
            return None;
        };
        Some(item)
    }

    fn protocol(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> ProtocolDef {
        let start = self.span().start;
        self.bump();
        self.bump();
        let name = if self.at(TokenKind::Name) {
            self.bump_ident()
        } else {
            let found = self.found();
            self.error(
                codes::PROTOCOL,
                format!("Expected protocol name after 'define:', found {found}"),
                "a protocol is written `Protocol define: Name`; names start with a capital letter",
            );
            if !self.starts_line()
                && matches!(self.kind(), TokenKind::Symbol | TokenKind::String | TokenKind::Identifier)
            {
                self.bump();
            }
            Ident { name: "".into(), span: Span::empty(self.previous_end) }
        };
        let type_parameters = self.type_parameters();
        let extending = self.extending();
        let requirements = self.requirements();
        ProtocolDef {
            doc,
            expects,
            name,
            type_parameters,
            extending,
            requirements,
            span: self.span_from(start),
        }
    }

    fn extending(&mut self) -> Option<Ident> {
        if !self.at(TokenKind::Keyword) || self.text() != "extending:" {
            return None;
        }
        let next = self.next();
        if next.kind == TokenKind::Identifier && !next.starts_line {
            // A required method `extending: x`.
            return None;
        }
        self.bump();
        if self.at(TokenKind::Name) {
            return Some(self.bump_ident());
        }
        self.error(
            codes::PROTOCOL,
            "Expected protocol name after 'extending:'",
            "name one protocol, as in `extending: Printable`",
        );
        None
    }

    fn requirements(&mut self) -> Vec<Requirement> {
        let mut requirements = Vec::new();
        let body = Body { within: Within::Default, header_column: u16::MAX, brackets: 0 };
        let outer = std::mem::replace(&mut self.body, body);
        loop {
            while self.eat(TokenKind::Period).is_some() {}
            if !self.at_requirement() {
                break;
            }
            let declaration = self.position;
            let doc = self.declare(declaration);
            requirements.push(self.requirement(doc));
            if self.position == declaration {
                self.bump();
            }
        }
        self.body = outer;
        self.boundary = None;
        requirements
    }

    fn at_requirement(&mut self) -> bool {
        let kind = self.kind();
        let selector =
            matches!(kind, TokenKind::Identifier | TokenKind::Keyword) || BINARY_SELECTORS.contains(kind);
        selector
            && !(kind == TokenKind::Identifier
                && matches!(self.text(), "abstract" | "sealed" | "typed" | "internal"))
            && !(self.starts_line() && self.token().column == 0 && !self.column_zero_requirement())
            && !self.is_definition(self.position)
            && !self.is_alias(self.position)
    }

    /// At the left margin only a signature that ends its line belongs to the protocol; anything
    /// else there is a statement.
    fn column_zero_requirement(&self) -> bool {
        let mut index = self.position;
        let kind = self.tokens[index].kind;
        if kind == TokenKind::Identifier {
            let next = self.tokens[self.after(index)];
            return next.kind == TokenKind::Arrow;
        }
        // A parameter, and then the end of the line, a type or a next part.
        index = self.after(index);
        let parameter = self.tokens[index];
        let next = self.tokens[self.after(index)];
        parameter.kind == TokenKind::Identifier
            && (next.starts_line
                || matches!(next.kind, TokenKind::Eof | TokenKind::ColonColon | TokenKind::Arrow))
    }

    fn requirement(&mut self, doc: Option<Doc>) -> Requirement {
        let start = self.span().start;
        let next = self.next();
        let class_side = self.at_word("class")
            && !next.starts_line
            && !matches!(
                next.kind,
                TokenKind::Arrow | TokenKind::ColonColon | TokenKind::FatArrow | TokenKind::Eof
            );
        if class_side {
            self.bump();
        }
        self.one_line_signature = true;
        let signature = self.signature();
        let return_type = if self.starts_line() { None } else { self.return_type() };
        self.one_line_signature = false;
        let span = self.span_from(start);
        if self.at(TokenKind::FatArrow) {
            self.error(
                codes::PROTOCOL,
                "Protocol method signatures cannot have implementations",
                "remove `=>` and the body; a protocol lists what a class must understand",
            );
            self.skip_line();
            self.error_position = usize::MAX;
        } else if !self.starts_line() && !matches!(self.kind(), TokenKind::Eof | TokenKind::Period) {
            let found = self.found();
            self.error(
                codes::PROTOCOL,
                format!("Expected end of the signature, found {found}"),
                "write one signature per line, as in `at: index -> Object`",
            );
            self.skip_line();
            self.error_position = usize::MAX;
        }
        Requirement { doc, class_side, signature, return_type, span }
    }

    /// Whether a line-starting keyword begins the next signature of a protocol.
    pub(super) fn ends_keyword_signature(&self) -> bool {
        self.one_line_signature && self.starts_line()
    }

    fn type_alias(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> TypeAlias {
        let start = self.span().start;
        let internal = self.at_word("internal");
        if internal {
            self.bump();
        }
        self.bump();
        let name = self.bump_ident();
        if name.name.len() == 1 {
            self.error_at(
                codes::TYPE_ALIAS,
                name.span,
                "single-letter type names are reserved for type parameters",
                "choose a longer name",
            );
        }
        if self.at(TokenKind::LeftParen) {
            self.error(
                codes::TYPE_ALIAS,
                "Parametric type aliases are not supported",
                "write the type out where it is used, or define a class with type parameters",
            );
            self.skip_group();
        }
        self.eat(TokenKind::Equals);
        let definition = self.type_annotation();
        let span = self.span_from(start);
        if !self.starts_line() && !matches!(self.kind(), TokenKind::Eof | TokenKind::Period) {
            let found = self.found();
            self.error(
                codes::END_OF_STATEMENT,
                format!("expected end of statement, found {found}"),
                "put each declaration on a line of its own",
            );
            self.skip_statement();
        }
        self.eat(TokenKind::Period);
        TypeAlias { doc, expects, internal, name, definition, span }
    }

    /// A file may define several classes and protocols, and each class once.
    fn check_structure(&mut self, items: &[Item]) {
        let classes = items.iter().filter_map(|item| match item {
            Item::Class(class) => Some(&class.name),
            Item::Protocol(_) | Item::TypeAlias(_) | Item::Extension(_) | Item::Statement(_) => None,
        });
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        for Ident { name, span } in classes.filter(|class| !class.name.is_empty()) {
            match first.entry(name.as_str()) {
                Entry::Vacant(entry) => {
                    entry.insert(*span);
                }
                Entry::Occupied(entry) => self.diagnostics.push(
                    Diagnostic::error(
                        codes::DEFINED_TWICE,
                        *span,
                        format!("Class `{name}` is defined twice in this source"),
                    )
                    .with_help("remove or rename one of them")
                    .with_label(*entry.get(), "the first is here"),
                ),
            }
        }
    }
}
