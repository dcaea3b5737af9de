//! Writing methods into the text of a file, whose other bytes stay as they are.

use beamtalk_semantics::Side;
use beamtalk_syntax::{ast, lexer};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::edit::{body_end, digest, extent, member};
use crate::unit::Source;

/// What is to become of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Its class.
    pub class: SmolStr,
    /// Of the class itself, not of its instances.
    pub class_side: bool,
    /// Its selector.
    pub selector: SmolStr,
    /// Its new text, at the margin; nothing to remove it.
    pub text: Option<String>,
    /// Where it was when it was changed; empty for a new one.
    pub span: Span,
    /// Of what was there.
    pub digest: String,
}

/// A text with its methods spliced in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spliced {
    /// The text.
    pub text: String,
    /// What was replaced, in order, and how many bytes are there now.
    pub moves: Vec<(Span, u32)>,
}

/// Why a splice does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// The text has other bytes at its place.
    ExternalEdit,
    /// The text is too short.
    OutOfRange,
}

/// A splice that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which one.
    pub index: usize,
    /// Why.
    pub misfit: Misfit,
    /// The sentence.
    pub detail: String,
}

/// Splices methods into a text.
///
/// # Errors
/// All that do not fit; then nothing is spliced.
pub fn spliced(text: &str, splices: &[Splice]) -> Result<Spliced, Vec<Refusal>> {
    let source = Source::new("", text);
    let (mut pieces, mut refused) = (Vec::new(), Vec::new());
    for (index, splice) in splices.iter().enumerate() {
        match splice.piece(&source) {
            Ok(piece) => pieces.extend(piece.map(|(span, new)| (span, new, index))),
            Err((misfit, detail)) => refused.push(Refusal { index, misfit, detail }),
        }
    }
    pieces.sort_by_key(|(span, _, index)| (span.start, span.end, *index));
    for pair in pieces.windows(2) {
        if pair[1].0.start < pair[0].0.end {
            let detail = splices[pair[1].2].lost("overlaps another change");
            refused.push(Refusal { index: pair[1].2, misfit: Misfit::ExternalEdit, detail });
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let mut out = String::with_capacity(text.len() + 256);
    let (mut done, mut moves) = (0, Vec::new());
    for (span, new, _) in pieces {
        out.push_str(&text[done..span.start as usize]);
        out.push_str(&new);
        done = span.end as usize;
        moves.push((span, u32::try_from(new.len()).unwrap_or(u32::MAX)));
    }
    out.push_str(&text[done..]);
    verify(&source, &out, splices)?;
    Ok(Spliced { text: out, moves })
}

/// Where a span is after these moves. One that was replaced is what stands there now.
#[must_use]
pub fn moved(span: Span, moves: &[(Span, u32)]) -> Span {
    let mut by = 0i64;
    for (old, length) in moves {
        if old.end <= span.start {
            by += i64::from(*length) - i64::from(old.len());
        } else if old.start < span.end {
            let start = shifted(old.start, by);
            return Span::new(start, start.saturating_add(*length));
        }
    }
    Span::new(shifted(span.start, by), shifted(span.end, by))
}

fn shifted(offset: u32, by: i64) -> u32 {
    u32::try_from(i64::from(offset) + by).unwrap_or(0)
}

type Piece = (Span, String);

impl Splice {
    fn side(&self) -> Side {
        if self.class_side { Side::Class } else { Side::Instance }
    }

    fn lost(&self, what: &str) -> String {
        let side = if self.class_side { " class" } else { "" };
        format!("{}{side}>>{} {what}", self.class, self.selector)
    }

    /// What to put where; nothing if all is as it should be.
    fn piece(&self, source: &Source) -> Result<Option<Piece>, (Misfit, String)> {
        let text = &source.text;
        let end = self.span.end as usize;
        if end > text.len() {
            return Err((
                Misfit::OutOfRange,
                self.lost("was beyond the end that the file has now; load the file and change it again"),
            ));
        }
        let there = text.get(self.span.start as usize..end);
        if there.is_none_or(|there| digest(there.as_bytes()) != self.digest) {
            let detail = self.lost("is not in the file as it was loaded; load the file and change it again");
            return Err((Misfit::ExternalEdit, detail));
        }
        let Some(class) = source.class(&self.class) else {
            let detail = format!("the file does not define {} any more", self.class);
            return Err((Misfit::ExternalEdit, detail));
        };
        // The same bytes may go on differently: what was `v => 1` may be `v => 1 + 100` now.
        let whole = || member(class, self.side(), &self.selector).map(extent);
        if !self.span.is_empty() && whole() != Some(self.span) {
            let detail = self.lost("goes on differently in the file; load the file and change it again");
            return Err((Misfit::ExternalEdit, detail));
        }
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let indentation = indentation(class, text);
        match (&self.text, self.span.is_empty()) {
            (Some(new), false) => Ok(Some((self.span, indented(new, indentation, line_end)))),
            (None, false) => Ok(Some((cut(text, self.span), String::new()))),
            (None, true) => Ok(None),
            (Some(_), true) if member(class, self.side(), &self.selector).is_some() => {
                let detail = self.lost("was added to the file as well; load the file and change it again");
                Err((Misfit::ExternalEdit, detail))
            }
            (Some(new), true) => {
                let at = Span::empty(body_end(class, text));
                let new = indented(new, indentation, line_end);
                Ok(Some((at, format!("{line_end}{line_end}{indentation}{new}"))))
            }
        }
    }
}

/// The new text must hold the methods, and no error that the old one has not.
fn verify(old: &Source, new: &str, splices: &[Splice]) -> Result<(), Vec<Refusal>> {
    let new = Source::new("", new);
    let fails = old.parsed.is_ok() && !new.parsed.is_ok();
    let wrong = |splice: &Splice| {
        let found = new.class(&splice.class).and_then(|class| member(class, splice.side(), &splice.selector));
        fails || found.is_some() != splice.text.is_some()
    };
    let refused: Vec<Refusal> = splices
        .iter()
        .enumerate()
        .filter(|(_, splice)| wrong(splice))
        .map(|(index, splice)| Refusal {
            index,
            misfit: Misfit::ExternalEdit,
            detail: splice.lost("cannot be written into the file as it is"),
        })
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

/// How far the members of a class are indented.
fn indentation<'t>(class: &ast::ClassDef, text: &'t str) -> &'t str {
    let starts = class.members.iter().map(|member| match member {
        ast::Member::Data(data) => data.span.start as usize,
        ast::Member::Method(method) => method.span.start as usize,
    });
    let mut before = starts.map(|start| text[..start].rsplit('\n').next().unwrap_or_default());
    before.find(|space| !space.is_empty() && space.trim().is_empty()).unwrap_or("  ")
}

/// The text with the lines behind its first one further right. Lines inside a string stay as they are.
fn indented(text: &str, by: &str, line_end: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for token in lexer::lex(text).tokens {
        let start = token.span.start as usize;
        if token.starts_line && start > 0 {
            let line = text[..start].rfind('\n').map_or(start, |at| at + 1);
            out.push_str(&text[done..line]);
            out.push_str(by);
            done = line;
        }
    }
    out.push_str(&text[done..]);
    if line_end == "\n" { out } else { out.replace("\r\n", "\n").replace('\n', line_end) }
}

/// A method with its whole lines, and one of the empty lines around it if there are two.
fn cut(text: &str, span: Span) -> Span {
    let (mut start, mut end) = (span.start as usize, span.end as usize);
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let rest = &text[end..];
    let behind = rest.find('\n').map_or(rest.len(), |at| at + 1);
    if text[line..start].trim().is_empty() && rest[..behind].trim().is_empty() {
        (start, end) = (line, end + behind);
        let is_blank = |line: &str| line.trim_end_matches(['\r', '\n']).trim().is_empty();
        let before = text[..start].split_inclusive('\n').next_back().unwrap_or_default();
        let after = text[end..].split_inclusive('\n').next().unwrap_or_default();
        if !before.is_empty() && is_blank(before) && is_blank(after) {
            start -= before.len();
        }
    }
    let at = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(at(start), at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "// Doors.\nObject subclass: Door\n\n  /// How tall.\n  height =>\n    2\n\n  // The width.\n  width => 1 // metres\n\n  class made => \"a\n b\"\n\nObject subclass: Gate\n  open => 1\n";

    fn at(text: &str, there: &str) -> Span {
        let start = text.find(there).expect("is there");
        Span::new(u32::try_from(start).unwrap(), u32::try_from(start + there.len()).unwrap())
    }

    fn splice(selector: &str, new: Option<&str>, there: &str) -> Splice {
        let class = if selector == "open" { "Gate" } else { "Door" };
        Splice {
            class: class.into(),
            class_side: selector == "made",
            selector: selector.into(),
            text: new.map(str::to_owned),
            span: if there.is_empty() { Span::default() } else { at(FILE, there) },
            digest: digest(there.as_bytes()),
        }
    }

    fn text(splices: &[Splice]) -> String {
        spliced(FILE, splices).expect("fits").text
    }

    #[test]
    fn a_method_takes_the_place_of_the_old_one_and_its_documentation() {
        let height = splice(
            "height",
            Some("/// New.\nheight =>\n  // metres\n  \"a\nb\" size"),
            "/// How tall.\n  height =>\n    2",
        );
        assert_eq!(
            text(&[height]),
            FILE.replace(
                "/// How tall.\n  height =>\n    2",
                "/// New.\n  height =>\n    // metres\n    \"a\nb\" size"
            )
        );
        let width = splice("width", Some("width => 2"), "width => 1");
        assert_eq!(text(&[width]), FILE.replace("width => 1", "width => 2"));
    }

    #[test]
    fn new_methods_follow_the_last_one_in_their_order() {
        let new = [splice("two", Some("two => 2"), ""), splice("three", Some("three =>\n  3"), "")];
        assert_eq!(text(&new), FILE.replace(" b\"\n", " b\"\n\n  two => 2\n\n  three =>\n    3\n"));
        let last = splice("open", Some("open => 2"), "open => 1");
        let more = Splice { class: "Gate".into(), ..splice("shut", Some("shut => 3"), "") };
        assert_eq!(text(&[more, last]), FILE.replace("open => 1\n", "open => 2\n\n  shut => 3\n"));
    }

    #[test]
    fn a_class_without_members_gets_its_first_one() {
        for (file, expected) in [
            ("Object subclass: A", "Object subclass: A\n\n  one => 1"),
            ("Object subclass: A\r\n", "Object subclass: A\r\n\r\n  one => 1\r\n"),
            ("Object subclass: A\n\tb => 1\n", "Object subclass: A\n\tb => 1\n\n\tone => 1\n"),
        ] {
            let one = Splice { class: "A".into(), ..splice("one", Some("one => 1"), "") };
            assert_eq!(spliced(file, &[one]).expect("fits").text, expected);
        }
    }

    #[test]
    fn a_removed_method_leaves_no_gap() {
        let height = splice("height", None, "/// How tall.\n  height =>\n    2");
        assert_eq!(text(&[height]), FILE.replace("\n  /// How tall.\n  height =>\n    2\n", ""));
        let made = splice("made", None, "class made => \"a\n b\"");
        assert_eq!(text(&[made]), FILE.replace("\n  class made => \"a\n b\"\n", ""));
        let width = splice("width", None, "width => 1");
        assert_eq!(text(&[width]), FILE.replace("width => 1", ""), "a comment behind it stays");
        let open = splice("open", None, "open => 1");
        assert_eq!(text(&[open]), FILE.replace("  open => 1\n", ""));
        let absent = splice("no", None, "");
        assert_eq!(text(&[absent]), FILE);
    }

    #[test]
    fn what_was_edited_outside_is_not_written_over() {
        let width = splice("width", Some("width => 2"), "width => 1");
        let misfits = |file: &str, splice: &Splice| {
            let refused = spliced(file, std::slice::from_ref(splice)).expect_err("does not fit");
            refused.into_iter().map(|each| each.misfit).collect::<Vec<_>>()
        };
        assert_eq!(misfits(&FILE.replace("width => 1", "width => 3"), &width), [Misfit::ExternalEdit]);
        for longer in [
            "width => 1 + 100",
            "width => 13",
            "width => 1\n    + 100",
            "width => 1\n    // why\n    self open",
        ] {
            assert_eq!(
                misfits(&FILE.replace("width => 1", longer), &width),
                [Misfit::ExternalEdit],
                "{longer}"
            );
        }
        assert_eq!(misfits(&format!("\n{FILE}"), &width), [Misfit::ExternalEdit]);
        assert_eq!(misfits("Object subclass: Door\n", &width), [Misfit::OutOfRange]);
        assert_eq!(
            misfits(&FILE.replace("metres", "mètres ää"), &splice("open", Some("open => 2"), "open => 1")),
            [Misfit::ExternalEdit]
        );
        let new = splice("two", Some("two => 2"), "");
        assert_eq!(misfits(&FILE.replace("width", "two"), &new), [Misfit::ExternalEdit]);
        assert_eq!(misfits("Object subclass: Window\n", &new), [Misfit::ExternalEdit]);
        let broken = splice("width", Some("width => (1"), "width => 1");
        assert_eq!(misfits(FILE, &broken), [Misfit::ExternalEdit]);
        // Elsewhere in the file everything may have changed.
        assert!(spliced(&FILE.replace("open => 1", "open => 7"), &[width]).is_ok());
    }

    #[test]
    fn what_is_behind_a_splice_moves_with_it() {
        let (width, open) = (at(FILE, "width => 1"), at(FILE, "open => 1"));
        let there = "/// How tall.\n  height =>\n    2";
        let done = spliced(
            FILE,
            &[
                splice("height", Some("height => 12345"), there),
                splice("width", Some("width => 22"), "width => 1"),
            ],
        )
        .expect("fits");
        assert_eq!(moved(open, &done.moves).text(&done.text), "open => 1");
        assert_eq!(moved(width, &done.moves).text(&done.text), "width => 22");
        assert_eq!(moved(at(FILE, "// Doors."), &done.moves).text(&done.text), "// Doors.");
    }
}
