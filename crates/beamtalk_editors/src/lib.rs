//! The editors' grammars, tried.
//!
//! Editors read Beamtalk by grammars of their own, which lie in `editors/` at the root of the
//! repository: one for tree-sitter, one for `TextMate`. This crate holds what their tests need, and its
//! tests compare the grammars with the compiler's parser on every source of the repository. Nothing
//! depends on it.
//!
//! Source code layout: `corpus.rs` the sources, `textmate.rs` an interpreter of `TextMate` grammars.

pub mod corpus;
pub mod textmate;
