//! Canonical spellings of comments, symbols and strings (spec 01b sections 24.1 and 24.4).

use std::borrow::Cow;

use beamtalk_syntax::TokenKind;

/// A comment: `// text`, `/// text`, `/* text */`. Rulers (`////`) stay as they are.
pub(crate) fn comment(kind: TokenKind, text: &str) -> Cow<'_, str> {
    if kind == TokenKind::BlockComment {
        let ragged = text.lines().any(|line| line.ends_with(char::is_whitespace)) || text.contains('\r');
        if !ragged {
            return Cow::Borrowed(text);
        }
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        return Cow::Owned(lines.join("\n"));
    }
    let text = text.trim_end();
    let slashes = if kind == TokenKind::DocComment { "///" } else { "//" };
    let rest = text.strip_prefix(slashes).unwrap_or(text);
    let spaced = match kind {
        TokenKind::DocComment => rest.is_empty() || rest.starts_with(' '),
        _ => rest.is_empty() || rest.starts_with('/') || rest.starts_with(char::is_whitespace),
    };
    if spaced { Cow::Borrowed(text) } else { Cow::Owned(format!("{slashes} {rest}")) }
}

/// A symbol without its quotes, where it is a plain name or keyword selector. Operators stay as
/// written (spec 01 section 25).
pub(crate) fn symbol(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("#'").and_then(|rest| rest.strip_suffix('\'')) {
        Some(name) if is_plain(name) => Cow::Owned(format!("#{name}")),
        _ => Cow::Borrowed(text),
    }
}

/// A name, or keyword parts.
fn is_plain(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
    };
    match text.strip_suffix(':') {
        Some(parts) => parts.split(':').all(is_name),
        None => is_name(text),
    }
}

/// The text between the quotes of a string: `\}` needs no backslash.
pub(crate) fn string_text(text: &str) -> Cow<'_, str> {
    if !text.contains("\\}") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(each) = rest.next() {
        if each != '\\' {
            out.push(each);
            continue;
        }
        match rest.next() {
            Some('}') => out.push('}'),
            Some(escaped) => out.extend([each, escaped]),
            None => out.push(each),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_lose_quotes_they_do_not_need() {
        assert_eq!(symbol("#'at:put:'"), "#at:put:");
        assert_eq!(symbol("#'name'"), "#name");
        for kept in ["#'two words'", "#'don''t'", "#'+'", "#+", "#'a:b'", "#''", "#':'", "#'1a'"] {
            assert_eq!(symbol(kept), kept);
        }
    }

    #[test]
    fn closing_braces_lose_their_backslash() {
        assert_eq!(string_text(r"\{a\}"), r"\{a}");
        assert_eq!(string_text(r"\\}"), r"\\}");
        assert_eq!(string_text(r"\}\}"), "}}");
    }

    #[test]
    fn comments_get_a_space() {
        assert_eq!(comment(TokenKind::LineComment, "//a "), "// a");
        assert_eq!(comment(TokenKind::LineComment, "//"), "//");
        assert_eq!(comment(TokenKind::LineComment, "//// a"), "//// a");
        assert_eq!(comment(TokenKind::DocComment, "///\ta"), "/// \ta");
        assert_eq!(comment(TokenKind::BlockComment, "/* a \r\n b */"), "/* a\n b */");
    }
}
