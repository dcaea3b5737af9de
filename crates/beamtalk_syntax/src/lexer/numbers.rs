//! Number and character literals (spec 01 sections 4.1 and 4.2).

use super::Lexer;
use super::cursor::is_identifier_part;
use crate::codes;
use crate::token::TokenKind;

/// Longer literals are refused: converting decimals takes quadratic time.
const MAX_INTEGER_DIGITS: usize = 10_000;

impl Lexer<'_> {
    /// A number whose first digit is next; `start` is that digit or the sign before it.
    pub(super) fn number(&mut self, start: usize) -> TokenKind {
        let digits = self.cursor.offset;
        self.cursor.eat_while(|byte| byte.is_ascii_digit());
        match self.cursor.peek() {
            Some(b'r') => return self.radix_number(start, digits),
            Some(b'.') if self.cursor.second().is_some_and(|byte| byte.is_ascii_digit()) => {
                self.cursor.offset += 1;
                self.cursor.eat_while(|byte| byte.is_ascii_digit());
                self.exponent(start);
                return self.float(start);
            }
            Some(b'e' | b'E') => match self.exponent(start) {
                Exponent::Read => return self.float(start),
                Exponent::Broken => return TokenKind::Error,
                Exponent::Absent => {}
            },
            _ => {}
        }
        self.sized_integer(start, digits)
    }

    fn sized_integer(&mut self, start: usize, digits: usize) -> TokenKind {
        if self.cursor.offset - digits > MAX_INTEGER_DIGITS {
            self.error(
                codes::INVALID_INTEGER,
                start,
                &format!("Invalid integer: more than {MAX_INTEGER_DIGITS} digits"),
                "compute such a number, or read it from a string",
            );
            return TokenKind::Error;
        }
        TokenKind::Integer
    }

    fn float(&mut self, start: usize) -> TokenKind {
        let in_range = self.cursor.text(start).parse::<f64>().is_ok_and(f64::is_finite);
        if in_range {
            return TokenKind::Float;
        }
        self.error(
            codes::FLOAT_RANGE,
            start,
            "Float literal out of range",
            "the largest float is about 1.8e308",
        );
        TokenKind::Error
    }

    fn exponent(&mut self, start: usize) -> Exponent {
        if !matches!(self.cursor.peek(), Some(b'e' | b'E')) {
            return Exponent::Absent;
        }
        let signed = matches!(self.cursor.second(), Some(b'+' | b'-'));
        let digit = if signed { self.cursor.nth(2) } else { self.cursor.second() };
        if digit.is_some_and(|byte| byte.is_ascii_digit()) {
            self.cursor.offset += 1 + usize::from(signed);
            self.cursor.eat_while(|byte| byte.is_ascii_digit());
            return Exponent::Read;
        }
        if self.cursor.second().is_some_and(is_identifier_part) {
            // `7each` is 7 and the unary message `each`.
            return Exponent::Absent;
        }
        self.cursor.offset += 1 + usize::from(signed);
        self.error(
            codes::INVALID_FLOAT,
            start,
            "Invalid float literal: the exponent has no digits",
            "write digits after the exponent, as in `3e2`",
        );
        Exponent::Broken
    }

    fn radix_number(&mut self, start: usize, digits: usize) -> TokenKind {
        let radix_text = self.cursor.text(digits);
        let radix = radix_text.parse::<u32>().unwrap_or(u32::MAX);
        self.cursor.offset += 1;
        let body = self.cursor.offset;
        self.cursor.eat_while(|byte| byte.is_ascii_alphanumeric());
        let text = self.cursor.text(body);
        if !(2..=36).contains(&radix) {
            let shown = radix_text.get(..12).unwrap_or(radix_text);
            self.error(
                codes::RADIX_RANGE,
                start,
                &format!("Radix must be between 2 and 36, got {shown}"),
                "the number before `r` is the base, as in `16rFF`",
            );
            return TokenKind::Error;
        }
        if let Some(bad) = text.chars().find(|digit| !digit.is_digit(radix)) {
            self.error(
                codes::RADIX_DIGIT,
                start,
                &format!("Invalid digit for radix {radix}: '{bad}'"),
                "the digits are 0-9 and then letters, each smaller than the radix",
            );
            return TokenKind::Error;
        }
        if text.is_empty() {
            self.error(
                codes::RADIX_DIGIT,
                start,
                &format!("Invalid digit for radix {radix}: no digits after 'r'"),
                "write digits after `r`, as in `16rFF`",
            );
            return TokenKind::Error;
        }
        self.sized_integer(start, body)
    }

    /// `$a`, `$\n`
    pub(super) fn character(&mut self, start: usize) -> TokenKind {
        self.cursor.offset += 1;
        let first = self.cursor.bump_char();
        let complete = match first {
            Some('\\') => self.cursor.bump_char().is_some(),
            first => first.is_some(),
        };
        if complete {
            return TokenKind::Character;
        }
        self.error(
            codes::INVALID_CHARACTER,
            start,
            "Expected a character after '$'",
            "a character literal is `$a`, or `$\\n` with an escape",
        );
        TokenKind::Error
    }
}

enum Exponent {
    Absent,
    Read,
    Broken,
}
