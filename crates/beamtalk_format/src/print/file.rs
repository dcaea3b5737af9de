//! Files: items, the comments between them, standalone methods, aliases (spec 01b section 24.3).

use beamtalk_syntax::Token;
use beamtalk_syntax::ast::{Doc as DocComment, Expect, Extension, Item, SourceFile, TypeAlias};
use beamtalk_text::Span;

use super::{Chunk, Printer};
use crate::canonical::item_rank;
use crate::comments::{Comment, Comments};
use crate::document::Documents;

/// Print a file whose tree has been normalized.
pub(crate) fn print(source: &str, tokens: &[Token], file: &SourceFile) -> String {
    let mut printer = Printer {
        source,
        tokens,
        comments: Comments::new(source, tokens),
        documents: Documents::default(),
        interpolations: 0,
    };
    let mut out = String::with_capacity(source.len() + source.len() / 8);
    let end = file.span.end;
    let mut chunks = Vec::new();
    let mut from = 0;
    for (index, item) in file.items.iter().enumerate() {
        let start = start_of(item);
        let limit = file.items.get(index + 1).map_or(end, start_of);
        let mut above = printer.comments.claim(from, start);
        if index == 0 {
            printer.file_header(&mut above, start, &mut out);
        }
        chunks.push((index, printer.item(item, &above, limit)));
        from = span_of(item).end;
    }
    let rest = printer.comments.claim(0, end + 1);
    chunks.sort_by_key(|(_, chunk)| chunk.rank);
    let mut previous = None;
    for (index, chunk) in &chunks {
        // Items that were not neighbours are set apart.
        let moved = previous.is_some_and(|previous| previous + 1 != *index);
        if previous.is_some() && (chunk.blank || moved) {
            out.push('\n');
        }
        out.push_str(&chunk.text);
        previous = Some(*index);
    }
    if rest.first().is_some_and(|first| !out.is_empty() && printer.comments.blank_before(first.span.start)) {
        out.push('\n');
    }
    // Nothing follows, so no blank line does.
    let mut tail = String::new();
    printer.comment_lines(&rest, 0, 0, &mut tail);
    out.push_str(tail.trim_end());
    if !tail.is_empty() {
        out.push('\n');
    }
    out
}

/// Where an item begins, its doc comment and directives included.
fn start_of(item: &Item) -> u32 {
    let (doc, expects, span): (Option<&DocComment>, &[Expect], Span) = match item {
        Item::Class(class) => (class.doc.as_ref(), &class.expects, class.span),
        Item::Protocol(protocol) => (protocol.doc.as_ref(), &protocol.expects, protocol.span),
        Item::TypeAlias(alias) => (alias.doc.as_ref(), &alias.expects, alias.span),
        Item::Extension(extension) => {
            (extension.method.doc.as_ref(), &extension.method.expects, extension.span)
        }
        Item::Statement(statement) => (None, &statement.expects, statement.span),
    };
    start(doc, expects, span)
}

/// Where a declaration begins, its doc comment and directives included.
pub(super) fn start(doc: Option<&DocComment>, expects: &[Expect], span: Span) -> u32 {
    let doc = doc.map(|doc| doc.span.start);
    let expect = expects.first().map(|expect| expect.span.start);
    doc.into_iter().chain(expect).fold(span.start, u32::min)
}

fn span_of(item: &Item) -> Span {
    match item {
        Item::Class(class) => class.span,
        Item::Protocol(protocol) => protocol.span,
        Item::TypeAlias(alias) => alias.span,
        Item::Extension(extension) => extension.span,
        Item::Statement(statement) => {
            statement.period.map_or(statement.span, |period| statement.span.to(period))
        }
    }
}

impl Printer<'_> {
    /// Comments at the top that a blank line separates from the first item stay at the top. Takes
    /// them from `above` and writes them.
    fn file_header(&mut self, above: &mut Vec<Comment>, start: u32, out: &mut String) {
        let ends = (0..above.len()).rev().find(|index| self.gap_after(above, *index, start));
        if let Some(last) = ends {
            let rest = above.split_off(last + 1);
            let header = std::mem::replace(above, rest);
            let below = above.first().map_or(start, |comment| comment.span.start);
            self.comment_lines(&header, below, 0, out);
        }
    }

    /// An item with the comments above it. What follows it begins at `limit`.
    fn item(&mut self, item: &Item, above: &[Comment], limit: u32) -> Chunk {
        let start = start_of(item);
        let first = above.first().map_or(start, |comment| comment.span.start);
        let blank = self.comments.blank_before(first);
        let (doc, expects, mut text) = match item {
            Item::Class(class) => (class.doc.as_ref(), class.expects.as_slice(), self.class(class, limit)),
            Item::Protocol(protocol) => {
                (protocol.doc.as_ref(), protocol.expects.as_slice(), self.protocol(protocol, limit))
            }
            Item::TypeAlias(alias) => {
                (alias.doc.as_ref(), alias.expects.as_slice(), self.alias(alias, limit))
            }
            Item::Extension(extension) => (
                extension.method.doc.as_ref(),
                extension.method.expects.as_slice(),
                self.extension(extension, limit),
            ),
            Item::Statement(statement) => {
                // Directives and all belong to the body.
                let mut text = String::new();
                let body = self.body(std::slice::from_ref(statement), start, limit, Some(usize::MAX));
                self.flush(body.lines, 0, &mut text);
                (None, [].as_slice(), text)
            }
        };
        let apart = matches!(item, Item::Extension(_));
        let head = self.declaration_head(above, doc, expects, span_of(item).to(Span::empty(start)), apart, 0);
        text.insert_str(0, &head);
        Chunk { text, blank, rank: item_rank(item) }
    }

    /// What stands above a declaration: comments, those inside it that have no place there, its doc
    /// comment and its directives. With `apart` a blank line goes between comments and doc comment.
    pub(super) fn declaration_head(
        &mut self,
        above: &[Comment],
        doc: Option<&DocComment>,
        expects: &[Expect],
        span: Span,
        apart: bool,
        indent: u32,
    ) -> String {
        let mut lines = String::new();
        let mut below = expects.first().map_or(span.start, |expect| expect.span.start);
        if let Some(doc) = doc {
            self.doc_lines(doc.span, indent, &mut lines);
            below = doc.span.start;
        }
        let strays = self.comments.claim(span.start, span.end);
        for expect in expects {
            super::push_indented(&self.expect_text(expect), indent, &mut lines);
        }
        let mut out = String::new();
        self.comment_lines(above, below, indent, &mut out);
        for (index, comment) in strays.iter().enumerate() {
            super::push_indented(&self.spell(*comment), indent, &mut out);
            if super::ends_doc_run(&strays, index) {
                out.push('\n');
            }
        }
        if apart && doc.is_some() && !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        out.push_str(&lines);
        out
    }

    fn alias(&mut self, alias: &TypeAlias, limit: u32) -> String {
        let internal = if alias.internal { "internal " } else { "" };
        let definition = self.type_text(&alias.definition);
        let mut out = format!("{internal}type {} = {definition}", alias.name.name);
        self.line_end(alias.span.end, limit, &mut out);
        out
    }

    /// The comments behind what ends at `end`, and the line feed.
    pub(super) fn line_end(&mut self, end: u32, limit: u32, out: &mut String) {
        let next = self.comments.next_line(end, limit);
        let found = self.comments.claim(end, next);
        let closing = limit as usize >= self.source.len();
        let (trailing, rest) = self.comments.split(found, end, limit, closing);
        for (index, comment) in trailing.iter().enumerate() {
            out.push_str(if index == 0 { "  " } else { " " });
            out.push_str(&self.spell(*comment));
        }
        out.push('\n');
        self.comments.release(&rest);
    }

    fn extension(&mut self, extension: &Extension, limit: u32) -> String {
        let target = super::signature::class_name(&extension.target);
        let side = if extension.class_side { " class" } else { "" };
        let head = format!("{target}{side} >> {}", self.method_head(&extension.method));
        let mut out = String::new();
        self.method_body(&extension.method, head, limit, 0, &mut out);
        out
    }
}
