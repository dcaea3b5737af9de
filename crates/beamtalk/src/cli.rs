//! What can be said on the command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A live, Smalltalk-like language on the BEAM.
#[derive(Debug, Parser)]
#[command(name = "beamtalk", version)]
pub struct Arguments {
    /// Log more on standard error (-vv: everything)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Print the installation prefix
    #[arg(long)]
    pub print_sysroot: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Talk to a live workspace; evaluates its standard input when that is no terminal
    Repl(ReplOptions),
    /// Run a file, or a program of the package here
    Run(RunOptions),
    /// Run tests
    Test(TestOptions),
    /// Run scripts that say what they expect
    #[command(hide = true, alias = "test-stdlib")]
    TestScript(TestScriptOptions),
    /// Run the examples of Markdown pages
    #[command(hide = true)]
    TestDocs(TestDocsOptions),
    /// Compile a package, a folder or a file
    Build(BuildOptions),
    /// Tell what is wrong with the sources, and write nothing
    Check(CheckOptions),
    /// Tell what is bad style, besides every categorised diagnostic
    Lint(LintOptions),
    /// Explain an error of the compiler, or list them all
    Explain(ExplainOptions),
    /// Make a package
    New(NewOptions),
    /// Remove what builds have written
    Clean(CleanOptions),
    /// Tell the version of the package here, or change it
    Version(VersionOptions),
    /// The compiler that stays warm between commands
    #[command(subcommand)]
    Daemon(DaemonCommand),
    /// Write sources in canonical style
    Fmt(FmtOptions),
    /// Show what `fmt` would change, and fail if that is anything
    FmtCheck(FmtCheckOptions),
    /// List and manage workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Check that everything Beamtalk needs is there
    Doctor(DoctorOptions),
    /// Serve a workspace (started by the others)
    #[command(hide = true)]
    Host(HostOptions),
    /// Run a process for a node (started by it)
    #[command(hide = true)]
    Launch,
}

/// Options of `repl`.
#[derive(Debug, Args)]
pub struct ReplOptions {
    /// What is said
    #[command(flatten)]
    pub talk: TalkOptions,
    /// Use the workspace of this name instead of the project's
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
    /// Port for a workspace that is started (0: any free one)
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Keep a workspace that is started until it is stopped
    #[arg(long, conflicts_with = "timeout")]
    pub persistent: bool,
    /// Seconds without clients and work after which a workspace that is started stops
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Have a workspace that is started ask every client for its cookie
    #[arg(long)]
    pub require_cookie: bool,
    /// Stop the workspace on leaving if this command started it
    #[arg(long, visible_alias = "foreground")]
    pub ephemeral: bool,
}

/// Options of a conversation, whoever began its workspace.
#[derive(Debug, Args)]
pub struct TalkOptions {
    /// Evaluate this and leave (may be repeated)
    #[arg(short = 'e', long = "eval", value_name = "EXPRESSION", allow_hyphen_values = true)]
    pub expressions: Vec<String>,
    /// Continue the session of this name, or begin it
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
    /// Print without colours
    #[arg(long)]
    pub no_color: bool,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// A file; or a class of the package here
    #[arg(value_name = "FILE|CLASS", default_value = ".")]
    pub target: String,
    /// The message that the class is sent: `run`, or `main:` to get the arguments
    pub selector: Option<String>,
    /// What the program gets, a List of Strings
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

/// Options of `version`.
#[derive(Debug, Args)]
pub struct VersionOptions {
    /// The new version, or `bump`
    #[arg(value_name = "X.Y.Z|bump")]
    pub version: Option<String>,
    /// The part that grows
    pub part: Option<Bump>,
}

/// The part of a version that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Bump {
    /// 1.2.3 becomes 1.2.4
    Patch,
    /// 1.2.3 becomes 1.3.0
    Minor,
    /// 1.2.3 becomes 2.0.0
    Major,
}

/// Options of `test`.
#[derive(Debug, Args)]
pub struct TestOptions {
    /// Files, folders, classes, and single tests as Class>>selector (default: the folder `test`)
    #[arg(value_name = "PATH|CLASS|CLASS>>TEST")]
    pub targets: Vec<String>,
    /// How many classes at once (0: one a core)
    #[arg(short, long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// Only tests whose `Class>>selector` contains this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Seconds that a test may take (0: for ever)
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub timeout: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub format: TestFormat,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Leave out what passed, and warnings
    #[arg(short, long)]
    pub quiet: bool,
    /// Count warnings and hints as errors
    #[arg(long)]
    pub warnings_as_errors: bool,
}

/// How results of tests are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TestFormat {
    /// For people
    Human,
    /// For programs: one object
    Json,
}

/// Options of `test-script`.
#[derive(Debug, Args)]
pub struct TestScriptOptions {
    /// A script, or a folder of them
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Leave out what passed
    #[arg(short, long)]
    pub quiet: bool,
    /// Show what scripts print
    #[arg(long)]
    pub show_output: bool,
    /// Do not show warnings (they are not shown anyhow)
    #[arg(long, hide = true)]
    pub no_warnings: bool,
    /// An expression with a warning that it does not promise fails
    #[arg(long)]
    pub warnings_as_errors: bool,
    /// Seconds that an expression may take (0: for ever)
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub timeout: f64,
}

/// Options of `test-docs`.
#[derive(Debug, Args)]
pub struct TestDocsOptions {
    /// A page, or a folder of them
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Leave out what passed
    #[arg(short, long)]
    pub quiet: bool,
    /// Seconds that an example may take (0: for ever)
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub timeout: f64,
}

/// Options of `build`.
#[derive(Debug, Args)]
pub struct BuildOptions {
    /// The package, folder or file
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show errors only
    #[arg(long)]
    pub no_warnings: bool,
    /// Fail on warnings and hints too
    #[arg(long)]
    pub warnings_as_errors: bool,
    /// Compile everything again
    #[arg(long)]
    pub force: bool,
    /// How the report is printed, and by whom
    #[command(flatten)]
    pub report: ReportOptions,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// The package, folder or file
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show errors only
    #[arg(long)]
    pub no_warnings: bool,
    /// Fail on warnings and hints too
    #[arg(long)]
    pub warnings_as_errors: bool,
    /// How the report is printed, and by whom
    #[command(flatten)]
    pub report: ReportOptions,
}

/// Options of `lint`.
#[derive(Debug, Args)]
pub struct LintOptions {
    /// The package, folder or file
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How the report is printed, and by whom
    #[command(flatten)]
    pub report: ReportOptions,
}

/// Options of all that asks the compiler for a report.
#[derive(Debug, Default, Args)]
pub struct ReportOptions {
    /// How to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print without colours
    #[arg(long)]
    pub no_color: bool,
    /// Compile in this process
    #[arg(long)]
    pub no_daemon: bool,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people, on standard error
    #[default]
    Text,
    /// For programs, on standard output: a JSON object a line
    Json,
    /// For code scanners, on standard output: SARIF 2.1.0
    Sarif,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// The error, such as E0207
    pub code: Option<String>,
    /// Print without colours
    #[arg(long)]
    pub no_color: bool,
}

/// Options of `new`.
#[derive(Debug, Args)]
pub struct NewOptions {
    /// Its name, in small letters
    pub name: String,
    /// Make an application with a supervisor and a program to run, not a library
    #[arg(long)]
    pub app: bool,
}

/// Options of `clean`.
#[derive(Debug, Args)]
pub struct CleanOptions {
    /// Remove dependencies too
    #[arg(long)]
    pub deps: bool,
    /// Remove everything under _build
    #[arg(long)]
    pub all: bool,
    /// Only tell what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// What can be done with the compiler daemon.
#[derive(Debug, Subcommand)]
pub enum DaemonCommand {
    /// Start it, if it is not running
    Start {
        /// Be the daemon, until it is stopped
        #[arg(long)]
        foreground: bool,
    },
    /// Stop it
    Stop,
    /// Show whether it is running, and what it knows
    Status {
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the sessions that have a folder
    List,
    /// Remove the folders of sessions that are over
    Clean {
        /// Also those whose shell is still there
        #[arg(long)]
        all: bool,
    },
    /// Be the daemon of this session, in the foreground
    Run {
        /// Leave the terminal's session
        #[arg(long, hide = true)]
        detached: bool,
        /// Seconds without requests after which it ends (default 3600)
        #[arg(long, value_name = "SECONDS")]
        idle: Option<u64>,
    },
}

/// Options of `fmt`.
#[derive(Debug, Args)]
pub struct FmtOptions {
    /// Files and folders
    #[arg(default_value = ".", conflicts_with = "stdin")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and fail if there are any
    #[arg(long)]
    pub check: bool,
    /// Write nothing; show what would change, and fail if that is anything
    #[arg(long)]
    pub diff: bool,
    /// Format standard input to standard output
    #[arg(long)]
    pub stdin: bool,
}

/// Options of `fmt-check`.
#[derive(Debug, Args)]
pub struct FmtCheckOptions {
    /// Files and folders
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
}

/// What can be done with workspaces.
#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// List all workspaces
    List {
        /// As a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show one workspace
    Status {
        /// The workspace (default: the project's)
        name: Option<String>,
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make a workspace
    Create {
        /// Its name
        name: String,
        /// Start it too
        #[arg(long)]
        background: bool,
        /// Port to listen on (0: any free one)
        #[arg(long, value_name = "PORT")]
        port: Option<u16>,
        /// Keep it running until it is stopped
        #[arg(long, conflicts_with = "idle_timeout")]
        persistent: bool,
        /// Seconds without clients and work after which it stops
        #[arg(long, value_name = "SECONDS")]
        idle_timeout: Option<u64>,
        /// Have it ask every client for its cookie
        #[arg(long)]
        require_cookie: bool,
    },
    /// Talk to a workspace that runs; never start one
    Attach {
        /// The workspace (default: the project's)
        #[arg(conflicts_with = "port")]
        name: Option<String>,
        /// The workspace that listens on this port, whoever started it
        #[arg(long, value_name = "PORT")]
        port: Option<u16>,
        /// Show the cookie in this file (- for standard input), where the workspace wants one and its files are elsewhere
        #[arg(long, value_name = "FILE", requires = "port")]
        cookie_file: Option<PathBuf>,
        /// Refused: every user of the machine can read command lines
        #[arg(long, hide = true)]
        cookie: Option<String>,
        /// What is said
        #[command(flatten)]
        talk: TalkOptions,
    },
    /// Stop a workspace
    Stop {
        /// The workspace (default: the project's)
        name: Option<String>,
        /// Kill it if it does not listen
        #[arg(long)]
        force: bool,
    },
    /// Show what is written to the Transcript, as it comes
    Transcript {
        /// The workspace (default: the project's)
        name: Option<String>,
        /// Begin with so many of the entries that are there already
        #[arg(long, value_name = "N", default_value_t = 0)]
        recent: usize,
    },
    /// Show the log of a workspace
    Logs {
        /// The workspace (default: the project's)
        name: Option<String>,
        /// Same as NAME
        #[arg(long, value_name = "NAME", conflicts_with = "name")]
        workspace: Option<String>,
        /// Go on showing lines as they come
        #[arg(short, long)]
        follow: bool,
        /// Only lines of this level or above: debug, info, notice, warning, error
        #[arg(long, value_name = "LEVEL")]
        level: Option<String>,
        /// How to print
        #[arg(long, value_enum, default_value_t = LogFormat::Text)]
        format: LogFormat,
        /// Same as --format json
        #[arg(long)]
        json: bool,
        /// Print the file's path only
        #[arg(long)]
        path: bool,
    },
    /// Remove a stopped workspace and its files
    Remove {
        /// The workspace
        name: String,
    },
}

/// How log lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// As they are in the file
    Json,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Also check what is needed to build Beamtalk itself
    #[arg(long)]
    pub dev: bool,
}

/// Options of `host`.
#[derive(Debug, Args)]
pub struct HostOptions {
    /// The workspace
    #[arg(long)]
    pub workspace: String,
    /// Its project's root
    #[arg(long)]
    pub project: PathBuf,
    /// The port that was asked for
    #[arg(long)]
    pub port: Option<u16>,
    /// Seconds without clients and work after which it stops; 0 for never
    #[arg(long)]
    pub idle: Option<u64>,
    /// Ask every client for the cookie
    #[arg(long)]
    pub require_cookie: bool,
    /// The workspace is there for one program, called this
    #[arg(long)]
    pub program: Option<String>,
}
