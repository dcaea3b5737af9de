//! Code generation: from resolved bodies to BEAM instructions.
//!
//! [`compile_class`] makes a class's module, [`compile_input`] a prompt input's. Neither touches files or a node, and
//! neither needs OTP's compiler. The shape of the generated code is `docs/internals/abi.md`.
//!
//! Invariants: a module is made also where there are errors, so that all are reported at once, but must not be
//! loaded then; the same input gives the same bytes; the intermediate form jumps forward only (`ir.rs`), and every
//! emitted module passes OTP's `beam_validator` (tests feed it all).
//!
//! Source code layout: `class.rs` and `input.rs` modules; `body.rs` statements and variables, `values.rs` expressions,
//! `sends.rs` messages, `native.rs` native operations and conditions, `loops.rs` loops, `closures.rs` blocks and
//! activations, `apart.rs` messages to what control flow is not made for, `matching.rs` patterns, `literals.rs` constants, `uses.rs` free variables; `ir.rs` the intermediate form,
//! `allocate.rs` registers, `emit.rs`, `checked.rs` and `slow.rs` instructions; `builder.rs` the module and its send
//! stubs, `dispatch.rs` what these share.

mod allocate;
mod apart;
mod body;
mod builder;
mod checked;
mod class;
mod closures;
mod dispatch;
mod emit;
mod input;
mod ir;
mod literals;
mod loops;
mod matching;
mod native;
mod sends;
mod slow;
mod uses;
mod values;

pub use builder::{SourceRef, TooComplex, function_name};
pub use class::{ClassCode, ClassSource, DataSource, MethodSource, compile_class};
pub use dispatch::dispatchers;
pub use input::{InputCode, compile_input};
