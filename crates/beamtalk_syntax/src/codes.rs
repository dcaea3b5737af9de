//! Stable codes of all diagnostics of this crate: `E01xx` lexical, `E02xx` syntactic, `W02xx` warnings.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = $code;)+

        /// Every code with what it is about.
        pub const ALL: &[(&str, &str)] = &[$(($code, concat!($($doc),+))),+];
    };
}

codes! {
    /// The source is too long.
    SOURCE_TOO_LONG = "E0100";
    /// A character that begins no token.
    STRAY_CHARACTER = "E0101";
    /// Strings in single quotes.
    SINGLE_QUOTES = "E0102";
    /// A string without closing quote.
    UNTERMINATED_STRING = "E0103";
    /// A block comment without end.
    UNTERMINATED_COMMENT = "E0104";
    /// A quoted symbol without closing quote.
    UNTERMINATED_SYMBOL = "E0105";
    /// Braces in a string that begin no interpolation.
    BAD_INTERPOLATION = "E0106";
    /// An integer that cannot be read.
    INVALID_INTEGER = "E0107";
    /// A radix outside 2 to 36.
    RADIX_RANGE = "E0108";
    /// A digit too large for its radix.
    RADIX_DIGIT = "E0109";
    /// A float without exponent digits.
    INVALID_FLOAT = "E0110";
    /// A float too large to represent.
    FLOAT_RANGE = "E0111";
    /// `$` at the end of the source.
    INVALID_CHARACTER = "E0112";
    /// `#` that begins nothing.
    LONE_HASH = "E0113";
    /// `@` with no or an unknown word.
    BAD_DIRECTIVE = "E0114";

    /// A token that cannot start an expression.
    UNEXPECTED_TOKEN = "E0201";
    /// Two statements without separator.
    END_OF_STATEMENT = "E0202";
    /// A missing `)`.
    UNCLOSED_PAREN = "E0203";
    /// A missing `]`.
    UNCLOSED_BLOCK = "E0204";
    /// Broken block parameters.
    BLOCK_PARAMETERS = "E0205";
    /// A broken list literal.
    LIST_LITERAL = "E0206";
    /// A broken array literal.
    ARRAY_LITERAL = "E0207";
    /// A broken dictionary literal.
    MAP_LITERAL = "E0208";
    /// A lower-case word as dictionary key.
    BARE_KEY = "E0209";
    /// A cascade without message.
    CASCADE = "E0210";
    /// Something that cannot be assigned to.
    ASSIGNMENT_TARGET = "E0211";
    /// A cast inside an expression.
    CAST = "E0212";
    /// A tuple outside a pattern.
    TUPLE_EXPRESSION = "E0213";
    /// `super` without message.
    SUPER = "E0214";
    /// Field access on something other than `self`.
    FIELD_ACCESS = "E0215";
    /// Nesting beyond the limit.
    TOO_DEEP = "E0216";
    /// A broken interpolation.
    INTERPOLATION = "E0217";
    /// An annotated assignment that is incomplete.
    ANNOTATED_ASSIGNMENT = "E0218";
    /// A broken qualified name.
    QUALIFIED_NAME = "E0219";
    /// A broken `match:`.
    MATCH = "E0220";
    /// A token that cannot start a pattern.
    PATTERN = "E0221";
    /// `true` or `false` as pattern.
    BOOLEAN_PATTERN = "E0222";
    /// A broken type pattern.
    TYPE_PATTERN = "E0223";
    /// A broken destructuring pattern.
    DESTRUCTURING = "E0224";
    /// A broken binary pattern.
    BINARY_PATTERN = "E0225";
    /// A broken class header.
    CLASS_HEADER = "E0230";
    /// A broken data declaration.
    DATA_DECLARATION = "E0231";
    /// Text in a class body that is no member.
    MEMBER = "E0232";
    /// A broken method head.
    METHOD_HEAD = "E0233";
    /// `:` in place of `::`.
    COLON_ANNOTATION = "E0234";
    /// A broken type annotation.
    TYPE_ANNOTATION = "E0235";
    /// A broken protocol.
    PROTOCOL = "E0236";
    /// A broken type alias.
    TYPE_ALIAS = "E0237";
    /// A broken or misplaced directive.
    DIRECTIVE = "E0238";
    /// A class that one source defines twice.
    DEFINED_TWICE = "E0239";
    /// The syntax of another language.
    FOREIGN_SYNTAX = "E0250";

    /// A doc comment that documents nothing.
    DETACHED_DOC = "W0201";
    /// An `@expect` that nothing follows.
    STALE_EXPECT = "W0202";
}
