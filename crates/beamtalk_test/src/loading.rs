//! Getting the classes of a package, or of loose files, onto a node.

use crate::cases;
use crate::discover::Package;
use crate::environment::{SESSION, TestNode};
use crate::{TestError, native};
use beamtalk_node::{CodeModule, NodeError};
use beamtalk_project::{Finding, Look, Policy, Suite, SuiteClass, SuiteFile, SuiteOptions};
use beamtalk_repl::ProgramSession;
use std::path::Path;
use tokio::task::block_in_place;

/// What is on the node now.
pub struct Loaded {
    /// All classes, superclasses first.
    pub classes: Vec<SuiteClass>,
    /// What the compiler found.
    pub findings: Vec<Finding>,
    /// Names of Erlang modules with tests.
    pub native_tests: Vec<String>,
    /// What programs write to and read from.
    pub session: ProgramSession,
}

/// Compiles files and loads what compiled, with the Erlang modules of the package.
///
/// # Errors
/// There is no node any more, or an Erlang module does not compile.
pub async fn load(
    node: &mut TestNode,
    files: &[&SuiteFile],
    package: Option<&Package>,
    warnings_as_errors: bool,
    look: Look,
) -> Result<Loaded, TestError> {
    let none = Policy::default();
    let used = package.iter().flat_map(|package| &package.uses).map(|each| each.root.as_path());
    let roots: Vec<&Path> = used.chain(package.map(|package| package.root.as_path())).collect();
    let options = SuiteOptions {
        package: package.map(|package| package.name.as_str()),
        roots: &roots,
        policy: package.map_or(&none, |package| &package.policy),
        warnings_as_errors,
        look,
    };
    let Suite { image, mut classes, findings } = block_in_place(|| Suite::compile(files, options));
    node.set_image(image);
    let natives = match package {
        Some(package) => {
            block_in_place(|| native::compile(&package.root, &roots, &classes, node.folder().path()))?
        }
        None => native::Natives::default(),
    };
    let session = cases::open(&node.program, SESSION).await?;
    node.program.node().load(natives.modules).await?;
    load_classes(node, &mut classes).await?;
    Ok(Loaded { classes, findings, native_tests: natives.tests, session })
}

/// Loads what compiled, at once; should the node refuse that, one by one, to find out which class it is.
async fn load_classes(node: &TestNode, classes: &mut [SuiteClass]) -> Result<(), TestError> {
    let module = |class: &SuiteClass| {
        let beam = class.beam.as_ref().ok()?.clone();
        Some(CodeModule { name: class.module.to_string(), file: class.file.to_string(), beam })
    };
    match node.program.node().load(classes.iter().filter_map(module).collect()).await {
        Ok(_) => return Ok(()),
        Err(NodeError::Raised(refused)) => tracing::warn!(refused.message, "loading class by class"),
        Err(error) => return Err(error.into()),
    }
    for class in classes {
        let Some(module) = module(class) else { continue };
        match node.program.node().load(vec![module]).await {
            Ok(_) => {}
            Err(NodeError::Raised(refused)) => {
                class.beam = Err(format!("it cannot be loaded: {}", refused.message));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
