//! Modules that together contain every instruction, with expressions that call them and the answers.

use beamtalk_beam::Module;

use super::Builder;

mod binaries;
mod calls;
mod choices;
mod values;

/// A module, an Erlang expression and its value as `~0tp` prints it.
pub struct Sample {
    pub module: Module,
    pub expression: &'static str,
    pub answer: &'static str,
}

pub fn all() -> Vec<Sample> {
    vec![
        values::data(),
        calls::calls(),
        choices::tests(),
        choices::selection(),
        values::maps(),
        calls::bifs(),
        calls::exceptions(),
        binaries::building(),
        binaries::matching(),
    ]
}

fn sample(builder: Builder, expression: &'static str, answer: &'static str) -> Sample {
    Sample { module: builder.module, expression, answer }
}
