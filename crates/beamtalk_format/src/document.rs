//! Documents: text with the places where it may be broken into lines.
//!
//! The algebra is Wadler's ("A prettier printer", 2003): text, lines, nesting, groups. Nodes live in
//! an arena, so building is cheap and dropping never recurses; each node knows its width on one line
//! and whether it can be on one line at all, so most questions of the layout are one subtraction.

use std::borrow::Cow;

/// A document in a [`Documents`] arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doc(u32);

/// What a document is made of.
#[derive(Debug)]
pub(crate) enum Kind<'s> {
    /// Text; may contain line feeds, which are kept as they are.
    Text(Cow<'s, str>),
    /// A line break, or in a group that fits a space (`Line`) or nothing (`Soft`).
    Line,
    /// See `Line`.
    Soft,
    /// Always a line break. Two in a row make a blank line.
    Hard,
    /// Documents one after the other: a range of the arena's children.
    Concat(u32, u32),
    /// A document whose lines are indented one level deeper.
    Nest(Doc),
    /// A document that is on one line if it fits.
    Group(Doc),
    /// A document that is on one line, fit or not.
    Flat(Doc),
    /// A comment at the end of a line; it does not count for the line's width.
    Trailing(Cow<'s, str>),
    /// What follows may be broken to make room for what precedes.
    Seam,
}

#[derive(Debug)]
struct Node<'s> {
    kind: Kind<'s>,
    /// Characters on one line.
    width: u32,
    /// Whether it cannot be on one line.
    forced: bool,
}

/// An arena of documents.
#[derive(Debug, Default)]
pub(crate) struct Documents<'s> {
    nodes: Vec<Node<'s>>,
    children: Vec<Doc>,
}

impl<'s> Documents<'s> {
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.children.clear();
    }

    fn add(&mut self, kind: Kind<'s>, width: u32, forced: bool) -> Doc {
        // An arena holds the documents of one member, whose source is at most 4 GiB; saturating keeps
        // this a total function all the same.
        let doc = Doc(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node { kind, width, forced });
        doc
    }

    pub(crate) fn text(&mut self, text: impl Into<Cow<'s, str>>) -> Doc {
        let text = text.into();
        let forced = text.contains('\n');
        let width = width_of(&text);
        self.add(Kind::Text(text), width, forced)
    }

    pub(crate) fn nothing(&mut self) -> Doc {
        self.text("")
    }

    pub(crate) fn line(&mut self) -> Doc {
        self.add(Kind::Line, 1, false)
    }

    pub(crate) fn soft(&mut self) -> Doc {
        self.add(Kind::Soft, 0, false)
    }

    pub(crate) fn hard(&mut self) -> Doc {
        self.add(Kind::Hard, 0, true)
    }

    pub(crate) fn seam(&mut self) -> Doc {
        self.add(Kind::Seam, 0, false)
    }

    pub(crate) fn trailing(&mut self, text: impl Into<Cow<'s, str>>) -> Doc {
        self.add(Kind::Trailing(text.into()), 0, true)
    }

    pub(crate) fn concat(&mut self, docs: &[Doc]) -> Doc {
        let start = u32::try_from(self.children.len()).unwrap_or(u32::MAX);
        self.children.extend_from_slice(docs);
        let end = u32::try_from(self.children.len()).unwrap_or(u32::MAX);
        let width = docs.iter().fold(0_u32, |sum, doc| sum.saturating_add(self.width(*doc)));
        let forced = docs.iter().any(|doc| self.is_forced(*doc));
        self.add(Kind::Concat(start, end), width, forced)
    }

    pub(crate) fn nest(&mut self, doc: Doc) -> Doc {
        self.add(Kind::Nest(doc), self.width(doc), self.is_forced(doc))
    }

    pub(crate) fn group(&mut self, doc: Doc) -> Doc {
        self.add(Kind::Group(doc), self.width(doc), self.is_forced(doc))
    }

    /// `doc` on one line; where that is impossible, `doc` itself.
    pub(crate) fn flat(&mut self, doc: Doc) -> Doc {
        if self.is_forced(doc) { doc } else { self.add(Kind::Flat(doc), self.width(doc), false) }
    }

    pub(crate) fn kind(&self, doc: Doc) -> &Kind<'s> {
        &self.nodes[doc.0 as usize].kind
    }

    pub(crate) fn children(&self, start: u32, end: u32) -> &[Doc] {
        &self.children[start as usize..end as usize]
    }

    /// Characters on one line.
    pub(crate) fn width(&self, doc: Doc) -> u32 {
        self.nodes[doc.0 as usize].width
    }

    /// Whether the document spans lines, however much room there is.
    pub(crate) fn is_forced(&self, doc: Doc) -> bool {
        self.nodes[doc.0 as usize].forced
    }
}

/// Characters of the first line of `text`.
fn width_of(text: &str) -> u32 {
    let line = text.split('\n').next().unwrap_or(text);
    let width = if line.is_ascii() { line.len() } else { line.chars().count() };
    u32::try_from(width).unwrap_or(u32::MAX)
}
