//! The bytes of a chunk, read from front to back.

use super::ReadError;

/// What is left of a chunk.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    chunk: &'static str,
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(chunk: &'static str, bytes: &'a [u8]) -> Self {
        Self { chunk, bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The error that something in this chunk is wrong.
    pub fn error(&self, problem: &'static str) -> ReadError {
        ReadError::Malformed { chunk: self.chunk, problem }
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], ReadError> {
        let (taken, rest) =
            self.bytes.split_at_checked(length).ok_or_else(|| self.error("it ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(|| self.error("it ends too early"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A length of 32 bits, which promises at least so many bytes (of `size` each) to follow: a lie about it cannot
    /// make us allocate.
    pub fn count(&mut self, size: usize) -> Result<usize, ReadError> {
        let count = self.u32()? as usize;
        match count.checked_mul(size) {
            Some(bytes) if bytes <= self.bytes.len() => Ok(count),
            _ => Err(self.error("a count is larger than the chunk")),
        }
    }

    /// UTF-8 text.
    pub fn text(&mut self, length: usize) -> Result<&'a str, ReadError> {
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.error("text is not UTF-8"))
    }
}
