//! Projects and images: from sources to loadable modules, with the classes of an image in a database.
//!
//! [`Image`] is what a workspace's compiler knows: the standard library, the classes defined since, and their sources, so
//! that a method can be patched and its class made again. [`Project`] builds the sources of a folder into `.beam` files,
//! only what changed. [`library`] compiles the standard library itself. [`render`] shows a diagnostic with its source
//! lines.
//!
//! Invariants: compiling changes nothing; [`Image::commit`] does, when the node has loaded the result. The same
//! sources give the same bytes, whether built at once or edit by edit. A project's outputs are replaced only when
//! nothing is wrong with any source.
//!
//! Source code layout: `image.rs` the image, `image/draft.rs` one compilation over it, `methods.rs` changes of one method, `edit.rs` what one means for its file, `splice.rs` methods written into a text, `save.rs` files written together, `precheck.rs` what one would mean for its senders, `questions.rs` completions and listings, `uses.rs` what the methods of a source use and `navigate.rs` questions about it, `unit.rs` a class with its patches, `library.rs` the standard library,
//! `order.rs` superclasses first, `render.rs` diagnostics for people, `excerpt.rs` the lines that they show. Of projects: `project.rs`
//! building, `layout.rs` where files are, `manifest.rs`, `dependency.rs`, `package_name.rs` and `policy.rs` what the manifest says, `packages.rs` the packages that it uses, `native.rs` their Erlang modules, `version.rs` versions,
//! `index.rs` all classes, `trace.rs` when a class may be used again, `state.rs` the record of the last build,
//! `suite.rs` files compiled together in memory, for tests, `appfile.rs` the application resource file, `error.rs` errors. Of diagnostics: `expect.rs` what sources know of
//! themselves, `settle.rs` what a surface shows, `report.rs` what a build answers and its text, `json_lines.rs` and
//! `sarif.rs` the same for programs.

mod appfile;
mod dependency;
mod edit;
mod error;
mod excerpt;
mod expect;
mod image;
mod index;
mod json_lines;
mod layout;
pub mod library;
mod manifest;
mod methods;
mod native;
mod navigate;
mod order;
mod package_name;
mod packages;
mod policy;
mod precheck;
mod project;
mod questions;
mod render;
mod report;
mod sarif;
mod save;
mod settle;
mod splice;
mod state;
mod suite;
mod trace;
mod unit;
mod uses;
mod version;

pub use beamtalk_semantics::{InputHome, InputVariable as Variable, closest, lint};
pub use beamtalk_text::{Diagnostic, LineIndex, Span};
/// Names of classes, modules, selectors and paths.
pub use smol_str::SmolStr as Name;

pub use edit::{Edit, Place, digest};
pub use error::ProjectError;
pub use image::{Compiled, Failure, Image, ModuleCode, Sources};
pub use json_lines::refusal_lines;
pub use layout::{Layout, SKIPPED};
pub use manifest::{MANIFEST, Manifest, with_version};
pub use methods::MethodRef;
pub use native::{CLASS_HEADER, class_header, compile_native};
pub use navigate::{Site, messages};
pub use package_name::check_package_name;
pub use packages::Package;
pub use policy::{CATEGORIES, Level, Policy};
pub use precheck::{CallerFinding, Precheck};
pub use project::{BuildOptions, Project, STACK};
pub use render::{Look, render, render_for};
pub use report::{Finding, Note, Report, Task};
pub use save::{FileChange, SaveError, Saving, in_source_tree, read as read_source};
pub use splice::{Misfit, Splice, Spliced, moved, spliced};
pub use suite::{ClassHead, Suite, SuiteClass, SuiteFile, SuiteOptions, TEST_CASE, TestMethod, read_files};
pub use trace::FINGERPRINT;
pub use unit::Source;
pub use version::{Part, Version};
