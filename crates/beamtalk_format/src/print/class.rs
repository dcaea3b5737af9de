//! Classes: header, data declarations, methods (spec 01b section 24.3).

use beamtalk_syntax::ast::{ClassDef, DataDecl, DataKeyword, Member, Method};
use beamtalk_text::Span;

use super::file::start;
use super::signature::{class_modifier, class_name, push_type_parameters};
use super::{Chunk, MEMBER, Printer, in_order};
use crate::canonical::{FIRST_METHOD, member_rank};
use crate::spelling;

fn start_of(member: &Member) -> u32 {
    match member {
        Member::Data(data) => start(data.doc.as_ref(), &data.expects, data.span),
        Member::Method(method) => start(method.doc.as_ref(), &method.expects, method.span),
    }
}

fn span_of(member: &Member) -> Span {
    match member {
        Member::Data(data) => data.span,
        Member::Method(method) => method.span,
    }
}

impl Printer<'_> {
    /// A class without what stands above it. What follows it begins at `limit`.
    pub(super) fn class(&mut self, class: &ClassDef, limit: u32) -> String {
        let mut out = self.class_header(class);
        let end = class.header_span.end;
        if let Some(scope) = &class.handle_scope {
            let before = self.last_token(Span::new(class.header_span.start, scope.span.start));
            let keyword = before.map_or(scope.span, |token| token.span);
            let before = self.last_token(Span::new(class.header_span.start, keyword.start));
            self.line_end(before.map_or(end, |token| token.span.end), keyword.start, &mut out);
            let symbol = spelling::symbol(self.slice(scope.span));
            out.push_str("  handleScope: ");
            out.push_str(&symbol);
        }
        self.line_end(end, class.members.first().map_or(limit, start_of), &mut out);
        let mut chunks = Vec::new();
        let mut from = end;
        for (index, member) in class.members.iter().enumerate() {
            let limit = class.members.get(index + 1).map_or(limit, start_of);
            chunks.push(self.member(member, from, limit));
            from = span_of(member).end;
        }
        for chunk in in_order(chunks) {
            if chunk.rank >= FIRST_METHOD {
                out.push('\n');
            }
            out.push_str(&chunk.text);
        }
        self.members_end(from, limit, &mut out);
        out
    }

    /// The comments between the last member and `limit` that are indented.
    pub(super) fn members_end(&mut self, from: u32, limit: u32, out: &mut String) {
        let end = self.comments.outdented(from, limit, 0);
        let comments = self.comments.claim(from, end);
        let Some(first) = comments.first() else { return };
        if self.comments.blank_before(first.span.start) {
            out.push('\n');
        }
        let mut lines = String::new();
        self.comment_lines(&comments, 0, MEMBER, &mut lines);
        out.push_str(lines.trim_end_matches('\n'));
        out.push('\n');
    }

    fn class_header(&self, class: &ClassDef) -> String {
        let mut out = String::new();
        for (modifier, _) in &class.modifiers {
            out.push_str(class_modifier(*modifier));
        }
        match &class.superclass {
            Some(name) => out.push_str(&class_name(name)),
            None => out.push_str("nil"),
        }
        self.push_type_arguments(&class.superclass_arguments, &mut out);
        out.push_str(" subclass: ");
        out.push_str(&class.name.name);
        push_type_parameters(&class.type_parameters, &mut out);
        if let Some(native) = &class.native {
            out.push_str(" native: ");
            out.push_str(&native.name);
        }
        out
    }

    /// A member with what stands above it. What precedes it ends at `from`, what follows it begins at
    /// `limit`.
    fn member(&mut self, member: &Member, from: u32, limit: u32) -> Chunk {
        let start = start_of(member);
        let above = self.comments.claim(from, start);
        let first = above.first().map_or(start, |comment| comment.span.start);
        let blank = self.comments.blank_before(first);
        let mut text = String::new();
        let (doc, expects) = match member {
            Member::Data(data) => {
                self.data(data, limit, &mut text);
                (data.doc.as_ref(), &data.expects)
            }
            Member::Method(method) => {
                let head = self.method_head(method);
                self.method_body(method, head, limit, MEMBER, &mut text);
                (method.doc.as_ref(), &method.expects)
            }
        };
        let apart = matches!(member, Member::Method(_));
        let span = span_of(member).to(Span::empty(start));
        text.insert_str(0, &self.declaration_head(&above, doc, expects, span, apart, MEMBER));
        Chunk { text, blank, rank: member_rank(member) }
    }

    fn data(&mut self, data: &DataDecl, limit: u32, out: &mut String) {
        let keyword = match data.keyword {
            DataKeyword::Field => "field:",
            DataKeyword::State => "state:",
            DataKeyword::ClassState => "classState:",
        };
        let mut head = format!("{keyword} {}", data.name.name);
        self.push_annotation(data.annotation.as_ref(), &mut head);
        let doc = match &data.default {
            Some(value) => {
                head.push_str(" = ");
                let head = self.text(head);
                let value = self.expr(value);
                self.documents.concat(&[head, value])
            }
            None => self.text(head),
        };
        let mut lines = String::new();
        self.flush(doc, MEMBER, &mut lines);
        out.push_str(lines.trim_end_matches('\n'));
        self.line_end(data.span.end, limit, out);
    }

    /// `head` and the body of `method`, at `indent`. What follows it begins at `limit`.
    pub(super) fn method_body(
        &mut self,
        method: &Method,
        head: String,
        limit: u32,
        indent: u32,
        out: &mut String,
    ) {
        let column = self.comments.column(method.header_span.start);
        let from = method.header_span.end;
        let body = self.body(&method.body, from, limit, Some(column));
        let head = self.text(head);
        let doc = if let Some((statement, trailing)) = body.single {
            let line = self.documents.line();
            let inner = self.documents.concat(&[line, statement]);
            let inner = self.documents.nest(inner);
            let inner = self.documents.group(inner);
            self.documents.concat(&[head, inner, trailing])
        } else if body.bare {
            self.documents.concat(&[head, body.header_trailing])
        } else {
            let hard = self.documents.hard();
            let inner = self.documents.concat(&[hard, body.lines]);
            let inner = self.documents.nest(inner);
            self.documents.concat(&[head, body.header_trailing, inner])
        };
        self.flush(doc, indent, out);
    }
}
