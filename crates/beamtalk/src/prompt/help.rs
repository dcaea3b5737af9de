//! The text of `:help`.

/// All commands.
pub const COMMANDS: &str = "\
Beamtalk REPL Commands:

  :help, :h, :?            This text; with a class, or a class and a selector, their help
  :exit, :quit, :q         Leave (the workspace keeps running)
  :clear                   Forget the session's variables
  :bindings, :b            Show the session's variables
  :load PATH, :l PATH      Load a file, or all .bt files below a folder
  :reload, :r [CLASS]      Load the last path, or a class's file, again
  :modules, :m             Show the classes that were loaded
  :unload CLASS            Remove a class
  :actors, :a              Show the running actors
  :inspect PID             Show an actor's state
  :kill PID                Stop an actor
  :sessions                Show the sessions of the workspace
  :sync, :s                Load what changed in the project
  :test, :t [CLASS]        Run tests
  :show-codegen, :sc EXPR  Show the code that an expression compiles to
  :changes, :dirty         Show the change log; the changed methods
  :flush [FILTER]          Write changes to their files
  :flush-destructive [F]   The same, removals of classes included
  :recheck image           Check all classes again
  :remove-method C SEL     Remove a method
  :remove-class C          Remove a class from the system
  :interrupt, :int         Interrupt what the session evaluates

An input goes on over several lines while brackets or strings are open, or after a binary
operator. A blank line ends a class or protocol definition. Ctrl-C interrupts, Ctrl-D leaves.";

/// The command words, for completion.
pub const WORDS: &[&str] = &[
    ":actors",
    ":bindings",
    ":changes",
    ":clear",
    ":dirty",
    ":exit",
    ":flush",
    ":flush-destructive",
    ":help",
    ":inspect",
    ":interrupt",
    ":kill",
    ":load",
    ":modules",
    ":quit",
    ":recheck",
    ":reload",
    ":remove-class",
    ":remove-method",
    ":sessions",
    ":show-codegen",
    ":sync",
    ":test",
    ":unload",
];
