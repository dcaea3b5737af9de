//! BEAM modules from Rust: instructions, assembly to `.beam`, text form, and reading back.
//!
//! Knows OTP 25's file format and instruction set, and nothing of the language compiled to it.
//!
//! ```
//! use beamtalk_beam::{Function, Instr, Module, Reg, Src, assemble, print, read};
//!
//! let mut module = Module::new("answer");
//! let (info, entry) = (module.label(), module.label());
//! module.functions.push(Function {
//!     name: "get".into(),
//!     arity: 0,
//!     exported: true,
//!     line: 0,
//!     info,
//!     entry,
//!     code: vec![Instr::Move { src: Src::Integer(42), dst: Reg::X(0) }, Instr::Return],
//! });
//! assert!(print(&module).contains("{move,{integer,42},{x,0}}."));
//! let beam = assemble(&module)?;
//! assert_eq!(read(&beam)?.exports[0].name, "get");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Module`], [`Instr`], [`Term`]: a module as data
//! - [`assemble`]: to the bytes of a `.beam` file
//! - [`print`]: to the `.S` text of Erlang's compiler
//! - [`read`], [`listing`]: back from the bytes of any `.beam` file of OTP 25
//! - `testing` (a feature): run and validate modules with an installed Erlang

mod assemble;
mod chunk;
mod compress;
mod error;
mod external;
mod instr;
mod module;
mod opcode;
mod print;
mod read;
mod term;

#[cfg(feature = "testing")]
pub mod testing;

pub use assemble::assemble;
pub use error::AssembleError;
pub use instr::{BinSegment, ExternalFunction, Instr, Label, Reg, SegmentType, Src, TestOp};
pub use module::{Function, Lambda, Line, Module};
pub use opcode::Opcode;
pub use print::print;
pub use read::{Entry, Fun, MAX_LITERAL_BYTES, Op, Operand, ReadError, ReadModule, listing, read};
pub use term::{MAX_TERM_DEPTH, Term};
