//! Source text: spans, line index and diagnostics as data.
//!
//! The bottom of the tree: it knows nothing of Beamtalk's grammar. A [`Span`] is a pair of byte
//! offsets into one source; a [`LineIndex`] turns offsets into lines and columns; a [`Diagnostic`]
//! is an error, warning, lint or hint *as a value*. Rendering happens once, at the edge.
//!
//! ```
//! use beamtalk_text::{LineIndex, Span};
//! let index = LineIndex::new("a\nbc\n");
//! let at = index.position(Span::new(3, 4).start);
//! assert_eq!((at.line, at.column), (2, 2));
//! ```
//!
//! Source code layout: `span.rs` spans, `line_index.rs` lines and columns, `diagnostic.rs` diagnostics.

mod diagnostic;
mod line_index;
mod span;

pub use diagnostic::{Category, Diagnostic, Label, Severity};
pub use line_index::{LineIndex, Position};
pub use span::Span;
