//! Facts about selectors that follow from their spelling.

/// Whether `selector` is made of keyword parts: `at:`, `at:put:`.
#[must_use]
pub fn is_keyword_selector(selector: &str) -> bool {
    selector.ends_with(':')
}

/// Whether `selector` is made of operator characters: `+`, `->`.
#[must_use]
pub fn is_binary_selector(selector: &str) -> bool {
    !selector.is_empty()
        && !selector.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && selector != ":"
}

/// How many arguments a message with this selector takes.
#[must_use]
pub fn selector_arity(selector: &str) -> usize {
    if is_keyword_selector(selector) {
        selector.bytes().filter(|byte| *byte == b':').count()
    } else {
        usize::from(is_binary_selector(selector))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arity_follows_from_the_spelling() {
        assert_eq!(
            ["size", "_x", "+", "=:=", "->", ",", "at:", "at:put:"].map(selector_arity),
            [0, 0, 1, 1, 1, 1, 1, 2]
        );
    }
}
