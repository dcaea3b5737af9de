//! Code generation: from resolved bodies to BEAM instructions.
//!
//! [`compile_class`] makes a class's module, [`compile_input`] a prompt input's. Neither touches files or a node, and
//! neither needs OTP's compiler. The shape of the generated code is `docs/internals/abi.md`.
//!
//! Invariants: a module is made also where there are errors, so that all are reported at once, but must not be
//! loaded then; the same input gives the same bytes; the intermediate form jumps forward only (`ir.rs`), and every
//! emitted module passes OTP's `beam_validator` (tests feed it all).
//!
//! Source code layout: `class.rs` and `input.rs` modules, `body.rs` expressions, `sends.rs` messages, `loops.rs` loops,
//! `closures.rs` blocks and activations, `matching.rs` patterns, `literals.rs` constants, `uses.rs` free variables,
//! `ir.rs` the intermediate form, `emit.rs` registers and instructions, `builder.rs` the module and its send stubs.

mod body;
mod builder;
mod class;
mod closures;
mod emit;
mod input;
mod ir;
mod literals;
mod loops;
mod matching;
mod sends;
mod uses;

pub use builder::{SourceRef, TooComplex, function_name};
pub use class::{ClassCode, ClassSource, DataSource, MethodSource, compile_class};
pub use input::{InputCode, compile_input};
