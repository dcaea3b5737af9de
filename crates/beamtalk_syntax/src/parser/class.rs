//! Class definitions: header, data declarations, members (spec 01 section 10).

use beamtalk_text::Span;

use super::{Body, Parser, Within};
use crate::ast::{
    ClassDef, ClassModifier, ClassName, DataDecl, DataKeyword, Doc, Expect, Ident, Member, TypeExpr,
};
use crate::codes;
use crate::literal;
use crate::token::{BINARY_SELECTORS, TokenKind};

impl Parser<'_> {
    /// A class; lookahead has seen `subclass:`.
    pub(super) fn class(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> ClassDef {
        let start = self.span().start;
        let modifiers = self.class_modifiers();
        let (superclass, superclass_arguments) = self.superclass();
        self.eat(TokenKind::Keyword);
        let name = self.new_class_name();
        let type_parameters = self.type_parameters();
        let mut class = ClassDef {
            doc,
            expects,
            modifiers,
            superclass,
            superclass_arguments,
            name,
            type_parameters,
            native: None,
            handle_scope: None,
            members: Vec::new(),
            header_span: Span::default(),
            span: Span::default(),
        };
        self.header_options(&mut class);
        class.header_span = self.span_from(start);
        let closer = self.foreign_class_opener();
        self.members(&mut class.members);
        if closer.is_some_and(|closer| self.text() == closer) {
            self.bump();
        }
        class.span = self.span_from(start);
        class
    }

    fn class_modifiers(&mut self) -> Vec<(ClassModifier, Span)> {
        let mut modifiers = Vec::new();
        while self.at(TokenKind::Identifier) {
            let modifier = match self.text() {
                "abstract" => ClassModifier::Abstract,
                "sealed" => ClassModifier::Sealed,
                "typed" => ClassModifier::Typed,
                "internal" => ClassModifier::Internal,
                _ => break,
            };
            modifiers.push((modifier, self.bump().span));
        }
        modifiers
    }

    fn superclass(&mut self) -> (Option<ClassName>, Vec<TypeExpr>) {
        let qualified = self.next().kind == TokenKind::At;
        if self.at(TokenKind::Keyword) || (self.at(TokenKind::Identifier) && !qualified) {
            if self.at_word("nil") {
                self.bump();
                return (None, Vec::new());
            }
            let found = self.found();
            self.error(
                codes::CLASS_HEADER,
                format!("Expected superclass name, found {found}"),
                "a class is written `Object subclass: Name`; class names start with a capital letter",
            );
            if self.at(TokenKind::Identifier) {
                self.bump();
            }
            return (None, Vec::new());
        }
        let name = self.class_name();
        let mut arguments = Vec::new();
        if self.at(TokenKind::LeftParen) {
            arguments =
                self.type_arguments(codes::CLASS_HEADER, "Expected ')' after superclass type arguments");
        }
        (Some(name), arguments)
    }

    fn new_class_name(&mut self) -> Ident {
        if self.at(TokenKind::Name) {
            return self.bump_ident();
        }
        let found = self.found();
        let help = match self.kind() {
            TokenKind::Symbol => "write the name itself, without `#`: `Object subclass: Name`",
            TokenKind::String => "write the name itself, without quotes: `Object subclass: Name`",
            TokenKind::Identifier => "class names start with a capital letter",
            _ => "a class is written `Object subclass: Name`",
        };
        self.error(codes::CLASS_HEADER, format!("Expected class name, found {found}"), help);
        let here = Ident { name: "".into(), span: Span::empty(self.previous_end) };
        match self.kind() {
            TokenKind::Identifier if !self.starts_line() => self.bump_ident(),
            TokenKind::Symbol | TokenKind::String | TokenKind::Error if !self.starts_line() => {
                let start = self.bump().span.start;
                self.silence_smalltalk_header(start);
                here
            }
            _ => here,
        }
    }

    /// `native: module` and `handleScope: #symbol`, in either order.
    fn header_options(&mut self, class: &mut ClassDef) {
        while self.at(TokenKind::Keyword) && !(self.starts_line() && self.token().column == 0) {
            match self.text() {
                "native:" if !self.starts_line() || !self.is_method_head(self.position) => {
                    self.bump();
                    if self.at(TokenKind::Identifier) && !self.starts_line() {
                        class.native = Some(self.bump_ident());
                    } else {
                        self.error(
                            codes::CLASS_HEADER,
                            "Expected Erlang module name after 'native:'",
                            "write the module on the same line, as in `native: my_module`",
                        );
                        self.skip_header_value();
                    }
                }
                "handleScope:" if !self.is_method_head(self.position) => {
                    self.bump();
                    if self.at(TokenKind::Symbol) && !self.starts_line() {
                        let token = self.bump();
                        let name = literal::symbol(self.text_of(token));
                        class.handle_scope = Some(Ident { name, span: token.span });
                    } else {
                        self.error(
                            codes::CLASS_HEADER,
                            "Expected a symbol after 'handleScope:'",
                            "write `handleScope: #process` or `handleScope: #node`",
                        );
                        self.skip_header_value();
                    }
                }
                _ => break,
            }
        }
    }

    fn skip_header_value(&mut self) {
        if !self.starts_line() && !matches!(self.kind(), TokenKind::Keyword | TokenKind::Eof) {
            self.bump();
        }
    }

    fn members(&mut self, members: &mut Vec<Member>) {
        loop {
            while self.eat(TokenKind::Period).is_some() {}
            if self.at(TokenKind::Eof) || self.is_definition(self.position) || self.is_alias(self.position) {
                break;
            }
            let margin = self.starts_line() && self.token().column == 0;
            if self.at(TokenKind::Expect) && margin && !self.expects_member() {
                break;
            }
            let declaration = self.position;
            let doc = self.doc_of(declaration);
            let expects = self.expects();
            if self.is_data_declaration(self.position) {
                self.declarations.push(declaration);
                members.push(Member::Data(self.data_declaration(doc, expects)));
            } else if self.is_method_head(self.position) {
                self.declarations.push(declaration);
                members.push(Member::Method(self.method(doc, expects)));
            } else if !expects.is_empty() {
                self.error_at(
                    codes::DIRECTIVE,
                    expects[0].span,
                    "@expect in a class body must precede a state/field or method declaration",
                    "put the directive directly above a member",
                );
            } else if self.starts_line() && self.token().column == 0 {
                break;
            } else {
                self.stray_member(doc, members);
            }
        }
    }

    /// Whether the directives here are followed by a member.
    fn expects_member(&mut self) -> bool {
        let mut index = self.position;
        while self.tokens[index].kind == TokenKind::Expect {
            index = self.after(index);
            let line = |parser: &Self, index: usize| parser.tokens[index].starts_line;
            while !line(self, index) && self.tokens[index].kind != TokenKind::Eof {
                index = self.after(index);
            }
        }
        self.is_data_declaration(index) || self.is_method_head(index)
    }

    /// Text in a class body that is no member: a method without `=>`, or anything else.
    fn stray_member(&mut self, doc: Option<Doc>, members: &mut Vec<Member>) {
        let kind = self.kind();
        if kind == TokenKind::Keyword && self.text() == "handleScope:" {
            self.error(
                codes::CLASS_HEADER,
                "'handleScope:' must appear in the class header",
                "put it behind the class name, before every member",
            );
            self.skip_line();
            return;
        }
        if self.starts_line() && self.foreign_member() {
            self.skip_member();
            return;
        }
        let looks_like_head = matches!(kind, TokenKind::Identifier | TokenKind::Keyword)
            || (BINARY_SELECTORS.contains(kind)
                && (self.next().kind == TokenKind::Identifier
                    || self.on_line_of(self.position, TokenKind::FatArrow, "=>")));
        if self.starts_line() && looks_like_head {
            self.declarations.push(self.position);
            members.push(Member::Method(self.method(doc, Vec::new())));
            return;
        }
        let found = self.found();
        self.error(
            codes::MEMBER,
            format!("Unexpected text in class body: expected a method or a declaration, found {found}"),
            "a method is written `selector => body`; code at the left margin is outside the class",
        );
        self.skip_member();
    }

    /// Skip a line that is no member, and the lines below it that are indented deeper.
    fn skip_member(&mut self) {
        let header_column = self.column_of(self.token());
        let body = Body { within: Within::Default, header_column, brackets: 0 };
        let outer = std::mem::replace(&mut self.body, body);
        self.boundary = None;
        self.bump();
        loop {
            let position = self.position;
            self.skip_line();
            let deeper = self.starts_line() && self.token().column > header_column;
            if self.at(TokenKind::Eof) || !deeper || self.at_boundary() || self.position == position {
                break;
            }
        }
        // What closes the member in the language it comes from.
        if (self.at_word("end") || self.at(TokenKind::RightBrace)) && self.next().starts_line {
            self.bump();
        }
        self.body = outer;
        self.boundary = None;
        self.error_position = self.position;
    }

    fn data_declaration(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> DataDecl {
        let keyword_token = self.token();
        let header_column = self.column_of(keyword_token);
        let text = self.text();
        let keyword = match text {
            "state:" => DataKeyword::State,
            "classState:" => DataKeyword::ClassState,
            _ => DataKeyword::Field,
        };
        self.bump();
        let body = Body { within: Within::Default, header_column, brackets: 0 };
        let outer = std::mem::replace(&mut self.body, body);
        self.boundary = None;
        let (name, legacy) = self.data_name(keyword, text);
        let annotation =
            if legacy { Some(self.type_annotation()) } else { self.annotation(Self::type_annotation) };
        let default = self.data_default();
        let span = self.span_from(keyword_token.span.start);
        self.end_of_declaration();
        self.body = outer;
        self.boundary = None;
        DataDecl { doc, expects, keyword, keyword_span: keyword_token.span, name, annotation, default, span }
    }

    /// The declared name, and whether a single colon is glued to it.
    fn data_name(&mut self, keyword: DataKeyword, text: &str) -> (Ident, bool) {
        match self.kind() {
            TokenKind::Identifier if !self.ends_expression() => return (self.bump_ident(), false),
            TokenKind::Keyword if !self.starts_line() => return (self.legacy_annotated_name(), true),
            _ => {}
        }
        let what = if keyword == DataKeyword::ClassState { "variable" } else { "field" };
        self.error(
            codes::DATA_DECLARATION,
            format!("Expected {what} name after '{text}'"),
            &format!("write `{text} name = value`; names start with a small letter"),
        );
        if !self.starts_line() && !matches!(self.kind(), TokenKind::Eof | TokenKind::Equals) {
            self.bump();
        }
        (Ident { name: "".into(), span: Span::empty(self.previous_end) }, false)
    }

    fn data_default(&mut self) -> Option<crate::ast::Expr> {
        if self.ends_expression() {
            return None;
        }
        if self.at(TokenKind::Assign) {
            self.error(
                codes::DATA_DECLARATION,
                "Expected '=' before the default value, found :=",
                "a declaration uses `=`, as in `field: count = 0`; `:=` assigns",
            );
        } else if !self.at(TokenKind::Equals) {
            return None;
        }
        self.bump();
        Some(self.statement_expression())
    }

    fn end_of_declaration(&mut self) {
        if self.starts_line() || matches!(self.kind(), TokenKind::Eof | TokenKind::Period) {
            return;
        }
        let found = self.found();
        self.error(
            codes::DATA_DECLARATION,
            format!("Unexpected {found} after declaration: expected end of statement"),
            "a declaration is written `field: name :: Type = value` on a line of its own",
        );
        self.skip_line();
        self.error_position = self.position;
    }
}
