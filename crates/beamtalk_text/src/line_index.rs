//! From byte offsets to lines and columns.

/// A place in a source as people count it: both from 1, the column in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Offsets of all line starts of one source. LF is the only line terminator.
#[derive(Clone, Debug)]
pub struct LineIndex<'s> {
    source: &'s str,
    starts: Vec<u32>,
}

impl<'s> LineIndex<'s> {
    /// Index the lines of `source`.
    #[must_use]
    pub fn new(source: &'s str) -> Self {
        let after =
            source.match_indices('\n').map(|(offset, _)| u32::try_from(offset + 1).unwrap_or(u32::MAX));
        Self { source, starts: std::iter::once(0).chain(after).collect() }
    }

    /// Line of `offset`, from 1. Offsets past the end are on the last line.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// Where the 1-based `line` starts; the end of the source past the last one.
    #[must_use]
    pub fn start(&self, line: u32) -> u32 {
        let end = u32::try_from(self.source.len()).unwrap_or(u32::MAX);
        self.starts.get(line.saturating_sub(1) as usize).copied().unwrap_or(end)
    }

    /// Line and column of `offset`.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line(offset);
        let start = self.starts[line as usize - 1];
        let text = self.source.get(start as usize..(offset as usize).min(self.source.len())).unwrap_or("");
        Position { line, column: u32::try_from(text.chars().count()).unwrap_or(u32::MAX).saturating_add(1) }
    }

    /// Text of the 1-based `line` without its terminator; `None` past the end.
    #[must_use]
    pub fn line_text(&self, line: u32) -> Option<&'s str> {
        let start = *self.starts.get(line.checked_sub(1)? as usize)? as usize;
        let end = self.starts.get(line as usize).map_or(self.source.len(), |next| *next as usize);
        Some(self.source[start..end].trim_end_matches(['\n', '\r']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let index = LineIndex::new("é x\ny");
        assert_eq!(index.position(3), Position { line: 1, column: 3 });
        assert_eq!(index.position(5), Position { line: 2, column: 1 });
        assert_eq!(index.position(99), Position { line: 2, column: 2 });
        assert_eq!(index.line_text(1), Some("é x"));
        assert_eq!(index.line_text(3), None);
    }
}
