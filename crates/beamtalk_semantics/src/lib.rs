//! Meaning: from the syntax tree to classes, resolved bodies and diagnostics.
//!
//! [`ClassTable`] holds what is known of all classes of an image; [`ClassInfo::from_definition`] reads one from
//! its syntax tree; [`lower_method`] and [`lower_input`] bind the names of one body, decide which control
//! flow is compiled in place and where each variable lives, and answer a [`hir::Unit`].
//!
//! Invariants: nothing here knows instructions or files; lowering always answers a unit, with diagnostics
//! beside it; a unit with an error diagnostic is never compiled.
//!
//! Source code layout: `classes.rs` the class table, `aliases.rs` names for types, `check.rs` rules of a class definition, `checks/` those of bodies, `hir.rs` the resolved form,
//! `lower.rs` bodies, variables and scopes, `expressions.rs` and
//! `messages.rs` the rest of binding names, `control.rs` inlined control flow, `patterns.rs` patterns, `captures.rs` where variables
//! live, `primitive.rs` library directives, `test_case.rs` `self` in a test, `suggest.rs` did-you-mean, `types.rs` what is known of types, `looks.rs`
//! which classes a computation asked for, `lint.rs` style.

mod aliases;
mod captures;
mod check;
mod checks;
mod class_writes;
mod classes;
mod control;
mod expressions;
pub mod hir;
mod lint;
mod looks;
mod lower;
mod messages;
mod native;
mod patterns;
mod primitive;
mod suggest;
mod test_case;
mod types;

pub use aliases::{AliasInfo, check_alias};
pub use check::{check_class, check_default, check_method, check_override, check_protocol};
pub use checks::hidden;
pub use class_writes::ClassEffects;
pub use classes::{
    ClassInfo, ClassKind, ClassTable, Declared, FieldInfo, MOST_IMPLEMENTORS, MethodInfo, MethodTypes,
    Origin, ProtocolInfo, RequirementInfo, STDLIB, Side, USER, module_name, setter_selector,
};
pub use control::is_nil_test;
pub use lint::lint;
pub use looks::{Looks, watch};
pub use lower::{
    InputHome, InputVariable, Lowered, MethodContext, lower_expression, lower_input, lower_method,
};
pub use native::is_delegating;
pub use suggest::closest;
