//! Zlib streams (RFC 1950): the form in which OTP 25 wants the literal pool.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Smaller data is stored as it is: setting up the compressor takes some 10 µs, longer than assembling all the rest
/// of a small module, to save a few hundred bytes.
const WORTHWHILE: usize = 4096;

/// Appends the data as one zlib stream.
pub(crate) fn zlib(data: &[u8], out: &mut Vec<u8>) {
    if data.len() < WORTHWHILE {
        return stored(data, out);
    }
    let mut encoder = ZlibEncoder::new(out, Compression::fast());
    encoder.write_all(data).expect("writing to a vector cannot fail");
    encoder.finish().expect("writing to a vector cannot fail");
}

/// A stream of one block that is not compressed (RFC 1951, 3.2.4), of less than 65,536 bytes.
fn stored(data: &[u8], out: &mut Vec<u8>) {
    let [low, high, ..] = data.len().to_le_bytes();
    // Deflate with a window of 32 KiB; last block, stored; its length and the complement of that.
    out.extend_from_slice(&[0x78, 0x01, 1, low, high, !low, !high]);
    out.extend_from_slice(data);
    out.extend_from_slice(&adler32(data).to_be_bytes());
}

/// The checksum of RFC 1950. Less than [`WORTHWHILE`] bytes cannot overflow the sums, so that one division at the
/// end will do.
fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a += u32::from(*byte);
        b += a;
    }
    ((b % MODULUS) << 16) | (a % MODULUS)
}
