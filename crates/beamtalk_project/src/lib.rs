//! Projects and images: from sources to loadable modules, with the classes of an image in a database.
//!
//! [`Image`] is what a workspace's compiler knows: the standard library, the classes defined since, and their sources, so
//! that a method can be patched and its class made again. [`library`] compiles the standard library itself. [`render`]
//! shows a diagnostic with its source lines.
//!
//! Invariants: compiling changes nothing; [`Image::commit`] does, when the node has loaded the result. The same
//! sources give the same bytes.
//!
//! Source code layout: `image.rs` the image, `unit.rs` a class with its patches, `library.rs` the standard library,
//! `order.rs` superclasses first, `render.rs` diagnostics for people, `docs.rs` help texts.

mod docs;
mod image;
pub mod library;
mod order;
mod render;
mod unit;

pub use beamtalk_semantics::InputVariable as Variable;
pub use beamtalk_text::{Diagnostic, LineIndex};
/// Names of classes, modules, selectors and paths.
pub use smol_str::SmolStr as Name;

pub use image::{Compiled, Failure, Image, ModuleCode, Sources};
pub use render::render;
pub use unit::Source;
