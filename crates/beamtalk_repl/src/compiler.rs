//! What the host needs of a compiler.
//!
//! The host knows no syntax. It hands texts to a [`Compiler`], loads what comes back into the node, and tells
//! the compiler which of its results have become real.

use beamtalk_node::{Answer, CodeModule, MethodName, Query, Site, VariableKind};
use beamtalk_project::{Edit, Place};
use std::path::{Path, PathBuf};

/// The compiler of one workspace, with its class database.
///
/// A compilation changes nothing by itself: the database takes a result in when [`Compiler::loaded`] is called with its
/// token. A token that is never passed on was not loaded.
pub trait Compiler: Send {
    /// Compiles what someone typed, or a request brought.
    fn compile_input(&mut self, input: &Input<'_>) -> Compiled;

    /// Compiles files that belong together; superclasses may come after their subclasses.
    fn compile_files(&mut self, files: &[SourceFile]) -> Compiled;

    /// The modules of this result are loaded: take its classes into the database.
    fn loaded(&mut self, token: u64);

    /// Finds what to remove for a class or module name, and forgets the class when [`Compiler::loaded`] is called.
    fn unload(&mut self, name: &str) -> Result<Unloading, Box<Problem>>;

    /// The module of a class.
    fn module_of(&self, class: &str) -> Option<String>;

    /// The text of a file of classes, as it was loaded.
    fn source_text(&self, path: &Path) -> Option<String>;

    /// Takes in that a file of classes holds this text now; the modules stay as they are.
    fn rewritten(&mut self, path: &Path, text: &str);

    /// The class of a module.
    fn class_of(&self, module: &str) -> Option<String>;

    /// The file that a module's class was loaded from.
    fn source_file(&self, module: &str) -> Option<PathBuf>;

    /// These Erlang modules are there, though they are not OTP's.
    fn know_natives(&mut self, modules: Vec<String>);

    /// The classes whose text is in one of the files, with that file.
    fn classes_in(&self, files: &[PathBuf]) -> Vec<(String, PathBuf)>;

    /// The text of a method of this very class; `None` where it has none.
    fn method_source(&self, method: &MethodName) -> Option<String>;

    /// Compiles a class with a new text for one of its methods.
    fn compile_method(&mut self, method: &MethodName, source: &str) -> Compiled;

    /// Looks at what a new text of a method would mean for its senders; nothing is changed.
    fn precheck(&self, method: &MethodName, source: &str) -> Result<Answer, Vec<Problem>>;

    /// Looks at all classes as they are; nothing is changed.
    fn recheck(&self) -> Answer;

    /// Places in the methods of all classes; nothing is changed.
    fn query(&self, query: &Query) -> Vec<Site>;

    /// Compiles a class without one of its methods.
    fn remove_method(&mut self, method: &MethodName) -> Compiled;

    /// Completions of the word at the end of `prefix`.
    fn complete(&self, prefix: &str, variables: &[String]) -> Vec<String>;

    /// What a name stands for, such as `class`; `None` for an unknown one.
    fn kind_of(&self, name: &str) -> Option<&'static str>;

    /// The selector that somebody who sent `selector` to an instance of `class`, or to the class itself, may have meant.
    fn did_you_mean(&self, class: &str, selector: &str) -> Option<String>;

    /// The instructions that an input compiles to.
    fn listing(&mut self, input: &Input<'_>) -> Result<String, Vec<Problem>>;
}

/// A text to compile, and where it will run.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The text.
    pub code: &'a str,
    /// The session's variables.
    pub variables: &'a [(String, VariableKind)],
    /// Names bound in the workspace.
    pub globals: &'a [String],
    /// The name for the module that evaluates it.
    pub eval_module: &'a str,
}

/// The path of a class that a program has built.
pub const BUILT: &str = "<built>";

/// A file's path, absolute, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// The result of a compilation. With errors, all but the problems is empty.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Why it cannot be used.
    pub errors: Vec<Problem>,
    /// What should be looked at.
    pub warnings: Vec<Problem>,
    /// Classes to load first, as one batch.
    pub modules: Vec<CodeModule>,
    /// The module to evaluate, named as the input asked.
    pub eval: Option<Vec<u8>>,
    /// What to show when nothing is evaluated: `Counter`, `Counter>>inc`.
    pub display: Option<String>,
    /// The names of the classes defined.
    pub classes: Vec<String>,
    /// The methods that it changes, other than by files.
    pub edits: Vec<Edit>,
    /// Identifies this result to [`Compiler::loaded`].
    pub token: u64,
}

/// What removing a class means for the node.
#[derive(Debug, Clone, Default)]
pub struct Unloading {
    /// The class.
    pub class: String,
    /// Modules to remove.
    pub modules: Vec<String>,
    /// Modules to load in their place, such as a class without the extension that went.
    pub replacements: Vec<CodeModule>,
    /// Where the class is written.
    pub place: Option<Place>,
    /// Identifies this result to [`Compiler::loaded`].
    pub token: u64,
}

/// A diagnostic, ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// The stable code, such as `E0207`.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The file, when it is not the input itself.
    pub path: Option<PathBuf>,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The whole diagnostic with its source lines, without colours.
    pub rendered: String,
}
