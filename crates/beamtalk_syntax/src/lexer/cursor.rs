//! A place in the source, moving forward.

/// Bytes of a source and the offset of the next one.
pub(super) struct Cursor<'s> {
    source: &'s str,
    pub(super) bytes: &'s [u8],
    pub(super) offset: usize,
}

impl<'s> Cursor<'s> {
    pub(super) const fn new(source: &'s str) -> Self {
        Self { source, bytes: source.as_bytes(), offset: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    pub(super) fn second(&self) -> Option<u8> {
        self.nth(1)
    }

    pub(super) fn nth(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.offset + ahead).copied()
    }

    pub(super) fn starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes[self.offset..].starts_with(prefix)
    }

    pub(super) fn eat_while(&mut self, accept: impl Fn(u8) -> bool) {
        while let Some(byte) = self.peek() {
            if !accept(byte) {
                break;
            }
            self.offset += 1;
        }
    }

    /// Step over one whole character.
    pub(super) fn bump_char(&mut self) -> Option<char> {
        let character = self.source.get(self.offset..)?.chars().next()?;
        self.offset += character.len_utf8();
        Some(character)
    }

    /// Text from here on.
    pub(super) fn rest(&self) -> &'s str {
        self.source.get(self.offset..).unwrap_or("")
    }

    /// Text from `start` to here.
    pub(super) fn text(&self, start: usize) -> &'s str {
        self.source.get(start..self.offset).unwrap_or("")
    }
}

pub(super) const fn is_identifier_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) const fn is_identifier_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
