//! Why a module cannot be assembled.

use smol_str::SmolStr;

/// A module breaks a limit or a rule of the `.beam` format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// An atom longer than 255 characters, or one of the atom table longer than 255 bytes.
    #[error("the atom `{0}` is longer than 255 characters")]
    AtomTooLong(String),
    /// A float that is infinite or no number.
    #[error("a literal float is not finite")]
    FloatNotFinite,
    /// A literal nested deeper than [`crate::MAX_TERM_DEPTH`].
    #[error("a literal is nested too deeply")]
    TermTooDeep,
    /// A literal map has a key twice.
    #[error("a literal map has the same key twice")]
    DuplicateKey,
    /// Something is longer than its length field can say.
    #[error("too large for a .beam file: {0}")]
    TooLarge(&'static str),
    /// A label that no instruction defines.
    #[error("label {0} is used but not defined")]
    UndefinedLabel(u32),
    /// A label that two instructions define.
    #[error("label {0} is defined twice")]
    DuplicateLabel(u32),
    /// A label that is 0 or not below [`crate::Module::next_label`].
    #[error("label {0} is out of range")]
    LabelOutOfRange(u32),
    /// A register, or a number of registers, above 1023.
    #[error("register number {0} is out of range")]
    RegisterOutOfRange(u16),
    /// An index, arity or size that the machine cannot take.
    #[error("the number {0} is out of range")]
    NumberOutOfRange(u32),
    /// A chunk of [`crate::Module::chunks`] that the assembler writes itself.
    #[error("the chunk `{0}` belongs to the assembler")]
    ReservedChunk(String),
    /// An instruction's operands break its rules.
    #[error("{instruction}: {problem}")]
    Operands {
        /// The instruction.
        instruction: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A line number that is not an index into [`crate::Module::lines`].
    #[error("line index {0} is out of range")]
    LineOutOfRange(u32),
    /// A line whose file is not an index into [`crate::Module::files`].
    #[error("file index {0} is out of range")]
    FileOutOfRange(u32),
    /// An index that is not one of [`crate::Module::lambdas`].
    #[error("lambda index {0} is out of range")]
    LambdaOutOfRange(u32),
    /// A lambda that does not match the function at its entry.
    #[error("lambda `{name}`/{arity} does not match the function at its entry")]
    LambdaMismatch {
        /// The lambda's function.
        name: SmolStr,
        /// Its arity.
        arity: u8,
    },
    /// Two lambdas of one function; the loader takes only one.
    #[error("the function `{name}`/{arity} is made into two lambdas")]
    DuplicateLambda {
        /// The lambda's function.
        name: SmolStr,
        /// Its arity.
        arity: u8,
    },
    /// Two functions of the same name and arity (`module_info/0,1` are always there).
    #[error("the function `{name}`/{arity} is defined twice")]
    DuplicateFunction {
        /// Its name.
        name: SmolStr,
        /// Its arity.
        arity: u8,
    },
}
