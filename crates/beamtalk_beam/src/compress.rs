//! Zlib streams: the form in which OTP 25 wants the literal pool.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Appends the parts as one zlib stream.
pub(crate) fn zlib(parts: &[&[u8]], out: &mut Vec<u8>) {
    let mut encoder = ZlibEncoder::new(out, Compression::fast());
    for part in parts {
        encoder
            .write_all(part)
            .expect("writing to a vector cannot fail");
    }
    encoder.finish().expect("writing to a vector cannot fail");
}
