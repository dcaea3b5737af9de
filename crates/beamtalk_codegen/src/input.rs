//! A prompt input as a module.

use beamtalk_beam::Module;
use beamtalk_semantics::hir::{ActivationId, Storage};
use beamtalk_semantics::{ClassKind, ClassTable, InputHome, InputVariable, Side, lower_input};
use beamtalk_syntax::ast;
use beamtalk_text::{Diagnostic, Span};
use smol_str::SmolStr;

use crate::body::BodyContext;
use crate::builder::{ModuleBuilder, SourceRef, TooComplex};
use crate::closures::{Body, Was, input};

/// What compiling an input answers.
pub struct InputCode {
    /// The module; its one export is `eval/1`.
    pub module: Module,
    /// Session variables after the input, should it succeed.
    pub variables: Vec<InputVariable>,
    /// What is to be said.
    pub diagnostics: Vec<Diagnostic>,
    /// Functions that are too complex for the VM.
    pub errors: Vec<TooComplex>,
}

/// Compile the statements of an input over the session's variables. The module is empty where there is an error that
/// is not `expected`.
#[must_use]
pub fn compile_input(
    table: &ClassTable,
    variables: &[InputVariable],
    statements: &[&ast::Statement],
    source: SourceRef<'_>,
    module: &str,
    expected: impl Fn(&Diagnostic) -> bool,
) -> InputCode {
    let lowered = lower_input(table, variables, statements);
    let unit = &lowered.unit;
    let old = variables.iter().filter_map(|variable| match variable.home {
        InputHome::Cell => Some(Was::Cell),
        InputHome::Value => Some(Was::Value),
        InputHome::Workspace => None,
    });
    let session: Vec<_> =
        lowered.session.iter().copied().zip(old.chain(std::iter::repeat(Was::New))).collect();
    let mut m = ModuleBuilder::new(table, module, source.path);
    if lowered.diagnostics.iter().all(|diagnostic| !diagnostic.is_error() || expected(diagnostic)) {
        let labels = m.declare();
        let span = statements.first().map_or(Span::default(), |statement| statement.span);
        let line = m.line(source, span);
        let cx = BodyContext {
            unit,
            source,
            class: None,
            side: Side::Instance,
            kind: ClassKind::Object,
            name: "eval/1",
        };
        let body = Body {
            name: "eval".into(),
            line,
            labels,
            exported: true,
            parameters: &[],
            own: &[],
            activation: ActivationId(0),
            apart: false,
            statements: &unit.body,
            span,
        };
        input(&mut m, cx, &session, &body);
    }
    let after = lowered
        .session
        .iter()
        .map(|var| InputVariable {
            name: SmolStr::clone(&unit.var(*var).name),
            home: match unit.var(*var).storage {
                Storage::Cell => InputHome::Cell,
                Storage::Register => InputHome::Value,
            },
        })
        .collect();
    InputCode { module: m.module, variables: after, diagnostics: lowered.diagnostics, errors: m.errors }
}
