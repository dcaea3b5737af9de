//! The container: IFF chunks, each padded to four bytes.
//!
//! Layout (OTP 25 `beam_asm.erl`, `build_form/2`): `FOR1`, size, `BEAM`, then for each chunk its id, its size and
//! its contents with padding; sizes are 32 bits, big-endian.

use crate::AssembleError;

/// Bytes before the first chunk.
const HEADER: usize = 12;

/// Writes a file chunk by chunk.
pub(crate) struct ChunkWriter {
    out: Vec<u8>,
}

impl ChunkWriter {
    pub fn new(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity);
        out.extend_from_slice(b"FOR1\0\0\0\0BEAM");
        Self { out }
    }

    /// Appends a chunk whose contents are these parts.
    pub fn chunk(&mut self, id: [u8; 4], parts: &[&[u8]]) -> Result<(), AssembleError> {
        let size = parts.iter().map(|part| part.len()).sum::<usize>();
        let size = u32::try_from(size).map_err(|_| AssembleError::TooLarge("chunk"))?;
        self.out.extend_from_slice(&id);
        self.out.extend_from_slice(&size.to_be_bytes());
        for part in parts {
            self.out.extend_from_slice(part);
        }
        self.out.resize(self.out.len().next_multiple_of(4), 0);
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<u8>, AssembleError> {
        let size = u32::try_from(self.out.len() - 8).map_err(|_| AssembleError::TooLarge("file"))?;
        self.out[4..8].copy_from_slice(&size.to_be_bytes());
        Ok(self.out)
    }
}

/// The chunks of a file: id and contents, in order.
pub(crate) type Chunks<'a> = Vec<([u8; 4], &'a [u8])>;

/// Splits a file into chunks; `None` if it is not of this form.
pub(crate) fn split(file: &[u8]) -> Option<Chunks<'_>> {
    let header = file.get(..HEADER)?;
    let size = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
    if &header[..4] != b"FOR1" || &header[8..] != b"BEAM" {
        return None;
    }
    let mut rest = file.get(HEADER..size.checked_add(8)?)?;
    let mut chunks = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, size @ ..] = *head;
        let size = u32::from_be_bytes(size) as usize;
        chunks.push(([a, b, c, d], tail.get(..size)?));
        // Padding after the last chunk may be missing.
        rest = tail.get(size.checked_next_multiple_of(4)?..).unwrap_or_default();
    }
    Some(chunks)
}
