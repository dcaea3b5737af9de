//! Tests: finding them, compiling them, running them on a node of their own, and telling how it went.
//!
//! [`TestRun`] runs test classes and the examples in doc comments; [`ScriptRun`] runs `.btscript` files and Markdown pages. Both
//! end in a [`Tally`] of [`Outcome`]s, which [`report`] makes text or JSON. [`ProgramRun`] sends one message to a class of a package in
//! the same surroundings.
//!
//! # Invariants
//!
//! - A file that does not compile costs its own tests and no others, and so does a test that hangs, dies or takes
//!   the whole node with it.
//! - Nothing is written but a folder of the run, which goes with it; the node listens nowhere.
//! - What tests print never mixes with a report for programs.
//!
//! # Source code layout
//!
//! | module | idea |
//! |---|---|
//! | [`target`] | what was asked for |
//! | [`discover`] | files, and what each is good for |
//! | [`worlds`] | classes of one name in different folders |
//! | [`environment`] | the node, and the folder of a run |
//! | [`loading`] | classes on their way to a node |
//! | [`coverage`] | lines of the runtime that tests reach |
//! | [`program_run`] | one message to a class of a package, for `beamtalk run` |
//! | [`classes`], [`native`] | running test classes; Erlang modules and their tests |
//! | [`expectation`], [`cases`] | what an example promises, and trying it |
//! | [`doctest`], [`script`], [`markdown`] | examples in doc comments, `.btscript` files, Markdown |
//! | [`test_run`], [`script_run`] | whole runs |
//! | [`outcome`], [`report`] | results, and telling them |

pub mod cases;
pub mod classes;
pub mod coverage;
pub mod discover;
pub mod doctest;
pub mod environment;
pub mod error;
pub mod expectation;
pub mod loading;
pub mod markdown;
pub mod native;
pub mod outcome;
pub mod program_run;
pub mod report;
pub mod script;
pub mod script_run;
pub mod target;
pub mod test_run;
pub mod worlds;

pub use coverage::Coverage;
pub use environment::Environment;
pub use error::TestError;
pub use outcome::{Outcome, Status, Tally};
pub use program_run::ProgramRun;
pub use script_run::ScriptRun;
pub use test_run::TestRun;
