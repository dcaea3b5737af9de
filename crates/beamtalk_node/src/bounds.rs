//! Checking a packet's bytes before a term is built from them.
//!
//! The decoder trusts lengths and recurses as deep as the term does. So a packet is walked first, without
//! recursion: every tag must be one that the protocol uses, every length must fit into what is there, and
//! whatever is nested deeper than [`DEEPEST`] is replaced by the text [`ELLIPSIS`]. The layout of each tag
//! is in the External Term Format chapter of Erlang's ERTS guide.

/// Terms nested deeper than this are cut.
pub const DEEPEST: usize = 100;

/// What a reader sees in the place of something nested too deep.
pub const ELLIPSIS: &str = "…";

const VERSION: u8 = 131;

/// Why a packet was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// The bytes end inside a term.
    #[error("it ends in the middle")]
    Truncated,
    /// Bytes follow the term.
    #[error("it has bytes after its end")]
    TooLong,
    /// The first byte is not the format's version.
    #[error("it is not in external term format")]
    NotEtf,
    /// A kind of term that the protocol does not use.
    #[error("it holds a term with tag {0}")]
    Tag(u8),
    /// A float that is no number.
    #[error("it holds a float that is not a number")]
    Float,
    /// An atom's name is no UTF-8.
    #[error("it holds an atom whose name is not UTF-8")]
    Atom,
}

/// Answers the packet if it is well formed, with whatever is too deep cut away.
pub fn checked(packet: &[u8]) -> Result<Vec<u8>, BadPacket> {
    let mut walk = Walk { input: packet, output: Vec::with_capacity(packet.len()), cut_at: None };
    if walk.byte()? != VERSION {
        return Err(BadPacket::NotEtf);
    }
    walk.term()?;
    if walk.input.is_empty() { Ok(walk.output) } else { Err(BadPacket::TooLong) }
}

struct Walk<'a> {
    input: &'a [u8],
    output: Vec<u8>,
    /// Set while walking something too deep: the number of open containers at which it began.
    cut_at: Option<usize>,
}

impl Walk<'_> {
    /// Walks one term. The stack holds how many subterms each open container still has to come.
    fn term(&mut self) -> Result<(), BadPacket> {
        let mut open: Vec<usize> = vec![1];
        while let Some(rest) = open.last_mut() {
            if *rest == 0 {
                open.pop();
                if self.cut_at.is_some_and(|depth| open.len() < depth) {
                    self.cut_at = None;
                }
                continue;
            }
            *rest -= 1;
            let mark = self.output.len();
            let children = self.head()?;
            if children == 0 {
                continue;
            }
            open.push(children);
            if self.cut_at.is_none() && open.len() > DEEPEST {
                self.output.truncate(mark);
                self.write_ellipsis();
                self.cut_at = Some(open.len());
            }
        }
        Ok(())
    }

    /// Copies a term's tag, lengths and own bytes; answers how many subterms follow.
    fn head(&mut self) -> Result<usize, BadPacket> {
        match self.byte()? {
            // SMALL_INTEGER, INTEGER, NIL
            97 => self.copy(1),
            98 => self.copy(4),
            106 => Ok(0),
            // NEW_FLOAT
            70 => {
                let bytes: [u8; 8] = self.take(8)?.try_into().map_err(|_| BadPacket::Truncated)?;
                if f64::from_be_bytes(bytes).is_finite() { Ok(0) } else { Err(BadPacket::Float) }
            }
            // ATOM_UTF8 and SMALL_ATOM_UTF8; ATOM and SMALL_ATOM are the same in Latin-1, of which the
            // decoder takes plain ASCII
            118 | 100 => {
                let length = self.u16()?;
                self.atom(length)
            }
            119 | 115 => {
                let length = usize::from(self.byte()?);
                self.atom(length)
            }
            // STRING
            107 => {
                let length = self.u16()?;
                self.copy(length)
            }
            // BINARY
            109 => {
                let length = self.u32()?;
                self.copy(length)
            }
            // SMALL_BIG, LARGE_BIG: length, sign, digits
            110 => {
                let length = usize::from(self.byte()?);
                self.copy(length + 1)
            }
            111 => {
                let length = self.u32()?;
                self.copy(length.saturating_add(1))
            }
            // SMALL_TUPLE, LARGE_TUPLE, LIST (and its tail), MAP
            104 => {
                let count = usize::from(self.byte()?);
                self.children(count)
            }
            105 => {
                let count = self.u32()?;
                self.children(count)
            }
            108 => {
                let count = self.u32()?;
                self.children(count.saturating_add(1))
            }
            116 => {
                let count = self.u32()?;
                self.children(count.saturating_mul(2))
            }
            tag => Err(BadPacket::Tag(tag)),
        }
    }

    /// Every subterm has at least its tag.
    fn children(&mut self, count: usize) -> Result<usize, BadPacket> {
        if count <= self.input.len() { Ok(count) } else { Err(BadPacket::Truncated) }
    }

    fn atom(&mut self, length: usize) -> Result<usize, BadPacket> {
        let name = self.take(length)?;
        if std::str::from_utf8(name).is_ok() { Ok(0) } else { Err(BadPacket::Atom) }
    }

    fn copy(&mut self, length: usize) -> Result<usize, BadPacket> {
        self.take(length).map(|_| 0)
    }

    fn byte(&mut self) -> Result<u8, BadPacket> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<usize, BadPacket> {
        let bytes = self.take(2)?;
        Ok(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    }

    fn u32(&mut self) -> Result<usize, BadPacket> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], BadPacket> {
        let (taken, rest) = self.input.split_at_checked(length).ok_or(BadPacket::Truncated)?;
        if self.cut_at.is_none() {
            self.output.extend_from_slice(taken);
        }
        self.input = rest;
        Ok(taken)
    }

    fn write_ellipsis(&mut self) {
        // `{text, <<"…">>}`, the form of a shown value
        self.output.extend_from_slice(&[104, 2, 119, 4]);
        self.output.extend_from_slice(b"text");
        self.output.extend_from_slice(&[109, 0, 0, 0]);
        // The text's length is 3.
        self.output.push(u8::try_from(ELLIPSIS.len()).unwrap_or(0));
        self.output.extend_from_slice(ELLIPSIS.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::{atom, binary, list, tuple};
    use eetf::Term;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn encoded(term: &Term) -> Vec<u8> {
        let mut bytes = Vec::new();
        term.encode(&mut bytes).unwrap();
        bytes
    }

    fn nested(depth: usize) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for _ in 0..depth {
            bytes.extend([108, 0, 0, 0, 1]);
        }
        bytes.push(106);
        bytes.extend(std::iter::repeat_n(106, depth));
        bytes
    }

    #[test]
    fn an_honest_packet_passes_unchanged() {
        let term = tuple([atom("reply"), Term::from(eetf::FixInteger::from(7)), list([binary("a")])]);
        assert_eq!(checked(&encoded(&term)).unwrap(), encoded(&term));
    }

    #[test]
    fn what_is_too_deep_is_cut_and_what_follows_it_stays() {
        let deep = nested(1_000_000);
        let mut packet = vec![VERSION, 104, 2];
        packet.extend_from_slice(&deep[1..]);
        packet.extend([97, 5]);
        let cut = checked(&packet).unwrap();
        assert!(cut.len() < 1000);
        let Term::Tuple(outer) = Term::decode(Cursor::new(cut)).unwrap() else { panic!() };
        assert_eq!(outer.elements[1], Term::from(eetf::FixInteger::from(5)));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for tag in [105, 108, 109, 111, 116] {
            let packet = [VERSION, tag, 0xff, 0xff, 0xff, 0xff, 0];
            assert_eq!(checked(&packet), Err(BadPacket::Truncated));
        }
    }

    #[test]
    fn tags_outside_the_protocol_are_refused() {
        for tag in [68, 77, 80, 82, 88, 103, 112, 113, 121] {
            assert_eq!(checked(&[VERSION, tag, 0, 0]), Err(BadPacket::Tag(tag)));
        }
    }

    proptest! {
        #[test]
        fn checked_bytes_decode_and_no_bytes_panic(
            bytes in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(&[97u8, 98, 104, 105, 106, 107, 108, 109, 110, 116, 119, 0, 1, 2][..]),
                    any::<u8>()
                ],
                0..64,
            )
        ) {
            let mut packet = vec![VERSION];
            packet.extend(bytes);
            if let Ok(fine) = checked(&packet) {
                prop_assert!(Term::decode(Cursor::new(fine)).is_ok());
            }
        }
    }
}
