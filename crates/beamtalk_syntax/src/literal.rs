//! From the spelling of a literal to its value.

use num_bigint::BigInt;
use num_traits::Num;
use smol_str::SmolStr;

/// Value of an integer token, sign and radix included.
pub(crate) fn integer(text: &str) -> BigInt {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (radix, digits) = digits
        .split_once('r')
        .and_then(|(radix, digits)| Some((radix.parse::<u32>().ok()?, digits)))
        .unwrap_or((10, digits));
    // Most literals are small; the general conversion is an order of magnitude slower.
    let value = u64::from_str_radix(digits, radix)
        .map(BigInt::from)
        .or_else(|_| BigInt::from_str_radix(digits, radix))
        // The lexer has checked radix and digits.
        .unwrap_or_default();
    if negative { -value } else { value }
}

/// Value of a float token; the lexer has checked that it is one.
pub(crate) fn float(text: &str) -> f64 {
    text.parse().unwrap_or_default()
}

/// Value of a character token, `$a` or `$\n`.
pub(crate) fn character(text: &str) -> char {
    let mut characters = text.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), Some('n')) => '\n',
        (Some('\\'), Some('t')) => '\t',
        (Some('\\'), Some('r')) => '\r',
        (Some('\\'), Some(other)) | (Some(other), _) => other,
        (None, _) => '\0',
    }
}

/// Name of a symbol token.
pub(crate) fn symbol(text: &str) -> SmolStr {
    let name = text.strip_prefix('#').unwrap_or(text);
    match name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')) {
        Some(quoted) if quoted.contains('\'') => SmolStr::from(quoted.replace("''", "'")),
        Some(quoted) => SmolStr::new(quoted),
        None => SmolStr::new(name),
    }
}

/// Text of a string token or of a piece of one, its delimiters stripped: `""`, `\{` and `\}` are the
/// only escapes (spec 01 section 4.3).
pub(crate) fn string(raw: &str) -> String {
    if !raw.bytes().any(|byte| matches!(byte, b'"' | b'\\')) {
        return raw.to_owned();
    }
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                characters.next();
                text.push('"');
            }
            '\\' => match characters.next() {
                Some(brace @ ('{' | '}')) => text.push(brace),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_any_size_radix_and_sign() {
        assert_eq!(integer("1042"), BigInt::from(1042));
        assert_eq!(integer("-16rFF"), BigInt::from(-255));
        assert_eq!(integer("36rZ9"), BigInt::from(1269));
        assert_eq!(integer("123456789012345678901234567890").to_string(), "123456789012345678901234567890");
    }

    #[test]
    fn strings_decode_three_escapes_and_keep_other_backslashes() {
        assert_eq!(string(r#"say ""hi"""#), r#"say "hi""#);
        assert_eq!(string(r"\{raw\}"), "{raw}");
        assert_eq!(string(r#"a\nb\\p\"q"#), r#"a\nb\\p\"q"#);
    }

    #[test]
    fn symbols_may_be_quoted() {
        assert_eq!(symbol("#at:put:"), "at:put:");
        assert_eq!(symbol("#'don''t'"), "don't");
        assert_eq!(symbol("#'+'"), symbol("#+"));
    }

    #[test]
    fn characters_may_be_escaped() {
        assert_eq!(
            (character("$a"), character("$\\n"), character("$\\q"), character("$é")),
            ('a', '\n', 'q', 'é')
        );
    }
}
