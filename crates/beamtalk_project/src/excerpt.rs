//! The lines around a place, as much of them as can be read.
//!
//! A renderer reads a source from its first byte for each place, and counts columns in 16 bits; what is drawn needs only the lines
//! around, and of a line that is thousands of characters long only what is near the place.

use std::ops::Range;

use beamtalk_text::LineIndex;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A longer line is cut, in bytes.
const LONGEST_LINE: usize = 1000;
/// What is left of a cut line before and behind the marked places, in bytes.
const MARGIN: usize = 80;
/// What is left of a place in a cut line, in bytes.
const LONGEST_PLACE: usize = 240;
/// What stands for what was cut away.
const CUT: &str = "…";

/// Lines of a source, and what stands before them.
pub struct Excerpt {
    text: String,
    /// Where `text` begins in the source; 0 if it is cut, and so are the places in it.
    offset: usize,
    /// How many lines precede it.
    lines: usize,
    /// How many bytes are cut away before the first place in its line.
    cut: usize,
}

impl Excerpt {
    /// The lines from `first` to `last` and `context` more on both sides. The `places` move with the text; the first one is the
    /// place whose line and column are named.
    pub fn new(
        text: &str,
        lines: &LineIndex<'_>,
        (first, last, context): (u32, u32, u32),
        places: &mut [Range<usize>],
    ) -> Self {
        let first = first.saturating_sub(context + 1).max(1);
        let offset = lines.start(first) as usize;
        let end = lines.start(last.saturating_add(context + 2)) as usize;
        let shown = &text[offset..end];
        let lines = first as usize - 1;
        if shown.lines().all(|line| line.len() <= LONGEST_LINE) {
            // What is missing at the end of a source is drawn behind it.
            return Self { text: format!("{shown}\n"), offset, lines, cut: 0 };
        }
        let mut excerpt = Self { text: String::new(), offset: 0, lines, cut: 0 };
        let old = places.to_vec();
        let mut start = offset;
        for line in shown.split_inclusive('\n') {
            excerpt.line(line, start, &old, places);
            start += line.len();
        }
        excerpt.text.push('\n');
        excerpt
    }

    /// Takes a line that begins at `start`, and moves the ends of places that are in it.
    fn line(&mut self, line: &str, start: usize, old: &[Range<usize>], places: &mut [Range<usize>]) {
        let content = line.trim_end_matches(['\n', '\r']);
        let within = start..=start + content.len();
        let ends = old.iter().flat_map(|place| [place.start, place.end.min(place.start + LONGEST_PLACE)]);
        let here: Vec<usize> = ends.filter(|at| within.contains(at)).map(|at| at - start).collect();
        let kept = if content.len() <= LONGEST_LINE {
            0..content.len()
        } else {
            let from = here.iter().min().map_or(0, |at| at.saturating_sub(MARGIN));
            let to = here.iter().max().copied().unwrap_or(from) + MARGIN;
            // Places that are far apart are not all shown.
            let to = to.min(from + LONGEST_LINE);
            boundary(content, from)..boundary(content, to)
        };
        let is_cut = kept.start > 0;
        let begins = self.text.len() + if is_cut { CUT.len() } else { 0 };
        let moved = |at: usize| begins + (at - start).clamp(kept.start, kept.end) - kept.start;
        for (place, old) in places.iter_mut().zip(old) {
            if within.contains(&old.start) {
                place.start = moved(old.start);
            }
            if within.contains(&old.end) {
                place.end = moved(old.end);
            }
        }
        if old.first().is_some_and(|first| within.contains(&first.start)) && is_cut {
            self.cut = kept.start - CUT.len();
        }
        if is_cut {
            self.text.push_str(CUT);
        }
        self.text.push_str(&content[kept.clone()]);
        if kept.end < content.len() {
            self.text.push_str(CUT);
        }
        self.text.push('\n');
    }
}

/// The last boundary between characters up to there.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let start = span.offset().checked_sub(self.offset).ok_or(MietteError::OutOfBounds)?;
        let contents = self.text.read_span(&SourceSpan::new(start.into(), span.len()), before, after)?;
        let shown = SourceSpan::new((contents.span().offset() + self.offset).into(), contents.span().len());
        // Without lines around it is only asked where the place is.
        let cut = if before == 0 && after == 0 { self.cut } else { 0 };
        Ok(Box::new(MietteSpanContents::new(
            contents.data(),
            shown,
            contents.line() + self.lines,
            contents.column() + cut,
            contents.line_count(),
        )))
    }
}
