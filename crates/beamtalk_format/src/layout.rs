//! Laying out a document: which groups stay on one line.

use crate::document::{Doc, Documents, Kind};

/// Target width of a line, in characters (spec 01b section 24.1).
pub(crate) const WIDTH: u32 = 80;

/// Spaces of one level.
pub(crate) const INDENT: u32 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

struct Layout<'d, 's> {
    documents: &'d Documents<'s>,
    stack: Vec<(u32, Mode, Doc)>,
    /// Used by `fits`, kept to save allocations.
    ahead: Vec<(Mode, Doc)>,
    column: u32,
    /// Indentation to write before the next text of a line.
    pending: Option<u32>,
}

/// Append `doc` to `out` at the start of a line that is indented by `indent` spaces.
pub(crate) fn lay_out(documents: &Documents<'_>, doc: Doc, indent: u32, out: &mut String) {
    let mut layout = Layout {
        documents,
        stack: vec![(indent, Mode::Broken, doc)],
        ahead: Vec::new(),
        column: indent,
        pending: Some(indent),
    };
    while let Some((indent, mode, doc)) = layout.stack.pop() {
        layout.step(indent, mode, doc, out);
    }
}

impl Layout<'_, '_> {
    fn step(&mut self, indent: u32, mode: Mode, doc: Doc, out: &mut String) {
        match self.documents.kind(doc) {
            Kind::Text(text) => self.write(text, out),
            Kind::Trailing(text) => {
                self.write("  ", out);
                self.write(text, out);
            }
            Kind::Line if mode == Mode::Flat => self.write(" ", out),
            Kind::Soft if mode == Mode::Flat => {}
            Kind::Line | Kind::Soft | Kind::Hard => {
                out.push('\n');
                self.column = indent;
                self.pending = Some(indent);
            }
            Kind::Concat(start, end) => {
                let children = self.documents.children(*start, *end);
                self.stack.extend(children.iter().rev().map(|child| (indent, mode, *child)));
            }
            Kind::Nest(inner) => self.stack.push((indent + INDENT, mode, *inner)),
            Kind::Group(inner) => {
                let flat = mode == Mode::Flat || self.fits(doc);
                self.stack.push((indent, if flat { Mode::Flat } else { Mode::Broken }, *inner));
            }
            Kind::Flat(inner) => self.stack.push((indent, Mode::Flat, *inner)),
            Kind::Seam => {}
        }
    }

    fn write(&mut self, text: &str, out: &mut String) {
        if text.is_empty() {
            return;
        }
        if let Some(indent) = self.pending.take() {
            out.extend(std::iter::repeat_n(' ', indent as usize));
        }
        out.push_str(text);
        let last = text.rsplit('\n').next().unwrap_or(text);
        let count = if last.is_ascii() { last.len() } else { last.chars().count() };
        let width = u32::try_from(count).unwrap_or(u32::MAX);
        self.column = if last.len() == text.len() { self.column.saturating_add(width) } else { width };
    }

    /// Whether `group` on one line leaves room for what follows it on that line.
    fn fits(&mut self, group: Doc) -> bool {
        if self.documents.is_forced(group) {
            return false;
        }
        let Some(room) = WIDTH.checked_sub(self.column) else { return false };
        let Some(mut room) = room.checked_sub(self.documents.width(group)) else { return false };
        // Until a seam is passed, groups that follow are taken to be on one line: of two blocks that
        // do not fit together the first is opened.
        let mut yielding = false;
        for (_, mode, doc) in self.stack.iter().rev() {
            self.ahead.clear();
            self.ahead.push((*mode, *doc));
            while let Some((mode, doc)) = self.ahead.pop() {
                if mode == Mode::Flat {
                    match room.checked_sub(self.documents.width(doc)) {
                        Some(rest) => room = rest,
                        None => return false,
                    }
                    continue;
                }
                match self.documents.kind(doc) {
                    Kind::Line | Kind::Soft | Kind::Hard => return true,
                    Kind::Text(_) => {
                        match room.checked_sub(self.documents.width(doc)) {
                            Some(rest) => room = rest,
                            None => return false,
                        }
                        if self.documents.is_forced(doc) {
                            return true;
                        }
                    }
                    Kind::Concat(start, end) => {
                        let children = self.documents.children(*start, *end);
                        self.ahead.extend(children.iter().rev().map(|child| (mode, *child)));
                    }
                    Kind::Nest(inner) => self.ahead.push((mode, *inner)),
                    Kind::Group(inner) => {
                        let broken = yielding || self.documents.is_forced(doc);
                        self.ahead.push((if broken { Mode::Broken } else { Mode::Flat }, *inner));
                    }
                    Kind::Flat(inner) => self.ahead.push((Mode::Flat, *inner)),
                    Kind::Seam => yielding = true,
                    Kind::Trailing(_) => {}
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(build: impl FnOnce(&mut Documents<'static>) -> Doc) -> String {
        let mut documents = Documents::default();
        let doc = build(&mut documents);
        let mut out = String::new();
        lay_out(&documents, doc, 0, &mut out);
        out
    }

    #[test]
    fn a_group_is_broken_only_if_it_does_not_fit() {
        let group = |width: usize| {
            shown(|documents| {
                let parts = [documents.text("x".repeat(width)), documents.line(), documents.text("y")];
                let inner = documents.concat(&parts);
                let inner = documents.nest(inner);
                documents.group(inner)
            })
        };
        assert!(group(78).ends_with("x y"));
        assert!(group(79).ends_with("x\n  y"));
    }

    #[test]
    fn blank_lines_have_no_spaces() {
        let out = shown(|documents| {
            let parts = [documents.hard(), documents.hard(), documents.text("x")];
            let inner = documents.concat(&parts);
            documents.nest(inner)
        });
        assert_eq!(out, "\n\n  x");
    }
}
