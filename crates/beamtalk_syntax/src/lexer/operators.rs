//! Operators, in the order of the exceptions of spec 01 section 3.

use super::Lexer;
use crate::token::{OPERAND_ENDS, TokenKind};

/// Whether `byte` can be part of a binary selector. The comma stands alone: it separates elements.
pub(super) const fn is_operator(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'%' | b'&' | b'?' | b'\\')
}

impl Lexer<'_> {
    pub(super) fn operator(&mut self, byte: u8, start: usize) -> TokenKind {
        let rest = &self.cursor.bytes[start..];
        match byte {
            b'=' if rest.starts_with(b"=>") => return self.fixed(2, TokenKind::FatArrow),
            b'=' if rest.starts_with(b"=:=") || rest.starts_with(b"=/=") => {
                return self.fixed(3, TokenKind::Operator);
            }
            b'-' if rest.starts_with(b"->") => return self.fixed(2, TokenKind::Arrow),
            b'<' if rest.starts_with(b"<<") => return self.fixed(2, TokenKind::LeftAngles),
            b'>' if rest.starts_with(b">>") => return self.fixed(2, TokenKind::RightAngles),
            b'-' if rest.get(1).is_some_and(u8::is_ascii_digit)
                && (self.newline || !OPERAND_ENDS.contains(self.previous)) =>
            {
                self.cursor.offset += 1;
                return self.number(start);
            }
            _ => {}
        }
        self.eat_operator();
        if self.cursor.offset == start + 1 && byte == b'=' { TokenKind::Equals } else { TokenKind::Operator }
    }

    /// Consume a run of operator characters up to a comment.
    pub(super) fn eat_operator(&mut self) {
        while let Some(byte) = self.cursor.peek() {
            let comment = byte == b'/' && matches!(self.cursor.second(), Some(b'/' | b'*'));
            if comment || !is_operator(byte) {
                break;
            }
            self.cursor.offset += 1;
        }
    }
}
