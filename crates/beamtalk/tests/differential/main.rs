//! Compiled programs do what a reference interpreter says: thousands of generated ones, run both on a real node and by a tree
//! walker that shares nothing with the compiler but the parser.
//!
//! `BEAMTALK_DIFFERENTIAL=1000000` runs that many programs, `BEAMTALK_DIFFERENTIAL_SEED` begins elsewhere. A difference is
//! made small before it is shown.

mod generator;
mod interpreter;
mod value;

use beamtalk_home::{Home, WorkspaceFolder, WorkspaceId};
use beamtalk_repl::launch::attach_or_start;
use beamtalk_repl::{Client, Reply};
use beamtalk_syntax::ast::{Expr, ExprKind, Item, Member, Statement};
use interpreter::Interpreter;
use serde_json::{Value, json};
use std::process::Command;

/// Programs that every run of the tests tries.
const USUAL: usize = 4000;
/// Programs in one class.
const BATCH: usize = 25;

const HEAD: &str = "Object subclass: Diff\n  classState: s = 0\n  class try: program =>\n    Diff reset\n    \
    shown := [(self perform: program) printString] on: nil do: [:e | \"! {e class} {e kind} {e message}\"]\n    \
    \"{shown} / {Diff state printString}\"\n  class reset => self.s := 0\n  class state => self.s\n";

/// A workspace of its own; it ends with the value.
struct Workspace {
    _home: tempfile::TempDir,
    folder: WorkspaceFolder,
    client: Client,
}

impl Workspace {
    fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let id = WorkspaceId::named("differential").expect("a name");
        let folder = Home::at(home.path()).workspace(&id);
        let mut host = Command::new(env!("CARGO_BIN_EXE_beamtalk"));
        host.args(["host", "--workspace", "differential", "--port", "0", "--idle", "20", "--project"]);
        host.arg(home.path())
            .env("BEAMTALK_HOME", home.path())
            .env("BEAMTALK_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        let client = attach_or_start(&folder, home.path(), host, || Ok(())).expect("a workspace").client;
        Self { _home: home, folder, client }
    }

    fn ask(&mut self, op: &str, parameters: Value) -> Result<Reply, String> {
        let reply = self.client.request(op, parameters).map_err(|error| error.to_string())?;
        match reply.error() {
            Some(error) => Err(format!("{error} {}", reply.text("hint").unwrap_or_default())),
            None => Ok(reply),
        }
    }

    /// What the node says that the programs of a class answer.
    fn run(&mut self, source: &str, programs: &[String]) -> Result<Vec<String>, String> {
        // Blocks that outlived the last programs would keep their code, and the next load waiting.
        self.ask("clear", json!({}))?;
        self.ask("load-source", json!({"source": source}))?;
        let names: Vec<String> = programs.iter().map(|name| format!("#{name}")).collect();
        let code = format!("#({}) collect: [:each | Diff try: each]", names.join(", "));
        let reply = self.ask("eval", json!({"code": code}))?;
        Ok(reply.texts("value").into_iter().map(str::to_owned).collect())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let cookie = self.folder.cookie().map(|cookie| cookie.reveal().to_owned());
        // The workspace ends by itself soon after, should it not listen.
        let _ = cookie.map(|cookie| self.client.request("shutdown", json!({"cookie": cookie})));
    }
}

/// What the interpreter says of one program.
fn expected(source: &str, program: &str) -> Option<String> {
    let parsed = beamtalk_syntax::parse(source);
    if !parsed.is_ok() {
        return None;
    }
    Interpreter::new(&parsed.file).run(program)
}

/// The programs of a batch that the interpreter takes on: their methods, names and answers.
fn batch(first: u64) -> (String, Vec<String>, Vec<String>) {
    let (mut methods, mut names, mut answers) = (String::new(), Vec::new(), Vec::new());
    for (program, seed) in (first..).take(BATCH).enumerate() {
        let text = generator::methods(seed, program);
        let source = format!("{HEAD}{text}");
        let parsed = beamtalk_syntax::parse(&source);
        assert!(parsed.is_ok(), "seed {seed}: {:?}\n{text}", parsed.diagnostics);
        let name = format!("p{program}");
        if let Some(answer) = expected(&source, &name) {
            methods.push_str(&text);
            names.push(name);
            answers.push(answer);
        }
    }
    (format!("{HEAD}{methods}"), names, answers)
}

/// Every text that results from leaving out a statement, or from putting a part in the place of an expression.
fn smaller(source: &str) -> Vec<String> {
    let parsed = beamtalk_syntax::parse(source);
    let mut cuts: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for item in &parsed.file.items {
        let Item::Class(class) = item else { continue };
        for member in &class.members {
            let Member::Method(method) = member else { continue };
            if matches!(method.signature.selector().as_str(), "try:" | "reset" | "state") {
                continue;
            }
            cuts.push((range(method.span), String::new()));
            statements(source, &method.body, &mut cuts);
        }
    }
    cuts.into_iter()
        .map(|(range, text)| format!("{}{text}{}", &source[..range.start], &source[range.end..]))
        .collect()
}

fn range(span: beamtalk_text::Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

fn statements(source: &str, body: &[Statement], cuts: &mut Vec<(std::ops::Range<usize>, String)>) {
    for (index, statement) in body.iter().enumerate() {
        let end = statement.period.map_or(statement.span.end, |period| period.end);
        let start = match index.checked_sub(1).and_then(|before| body.get(before)) {
            Some(before) if statement.period.is_none() => before.span.end,
            _ => statement.span.start,
        };
        cuts.push((start as usize..end as usize, String::new()));
        parts(source, &statement.expr, cuts);
    }
}

fn parts(source: &str, expr: &Expr, cuts: &mut Vec<(std::ops::Range<usize>, String)>) {
    let whole = range(expr.span);
    let mut inner: Vec<&Expr> = Vec::new();
    match &expr.kind {
        ExprKind::Paren(one) | ExprKind::Return(one) => inner.push(one),
        ExprKind::Assign(assign) => inner.push(&assign.value),
        ExprKind::Destructure { value, .. } => inner.push(value),
        ExprKind::List { elements, .. } | ExprKind::Array(elements) => inner.extend(elements),
        ExprKind::Send(send) => {
            inner.push(&send.receiver);
            inner.extend(&send.message.arguments);
        }
        ExprKind::Match(match_) => {
            inner.push(&match_.scrutinee);
            inner.extend(match_.arms.iter().map(|arm| &arm.body));
        }
        ExprKind::Block(block) => {
            statements(source, &block.body, cuts);
            if let [only] = block.body.as_slice() {
                inner.push(&only.expr);
            }
        }
        ExprKind::Integer(_) => return,
        _ => {}
    }
    cuts.push((whole.clone(), "1".to_owned()));
    for each in inner {
        cuts.push((whole.clone(), source[range(each.span)].to_owned()));
        parts(source, each, cuts);
    }
}

/// The smallest program found that still differs.
fn shrink(workspace: &mut Workspace, mut source: String, name: &str) -> String {
    let names = [name.to_owned()];
    let mut again = true;
    while again {
        again = false;
        let mut candidates = smaller(&source);
        candidates.sort_by_key(String::len);
        for candidate in candidates {
            let Some(answer) = expected(&candidate, name) else { continue };
            let Ok(got) = workspace.run(&candidate, &names) else { continue };
            if candidate.len() < source.len() && got != [answer] {
                source = candidate;
                again = true;
                break;
            }
        }
    }
    source
}

fn report(workspace: &mut Workspace, first: u64, index: usize) -> String {
    let seed = first + index as u64;
    let name = format!("p{index}");
    let source = format!("{HEAD}{}", generator::methods(seed, index));
    let small = shrink(workspace, source, &name);
    let answer = expected(&small, &name);
    let got = workspace.run(&small, &[name]);
    format!("seed {seed}\n{}\nexpected: {answer:?}\ngot: {got:?}", &small[HEAD.len()..])
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn generated_programs_do_the_same_compiled_and_interpreted() {
    // The interpreter recurses as deeply as the program.
    let tested = std::thread::Builder::new().stack_size(512 << 20).spawn(compare).expect("a thread").join();
    if let Err(panic) = tested {
        std::panic::resume_unwind(panic);
    }
}

fn compare() {
    let wanted =
        number("BEAMTALK_DIFFERENTIAL").map_or(USUAL, |count| usize::try_from(count).unwrap_or(USUAL));
    let mut first = number("BEAMTALK_DIFFERENTIAL_SEED").unwrap_or(1);
    let mut workspace = Workspace::start();
    let mut run = 0;
    let (mut raised, mut tried) = (0, 0);
    while run < wanted {
        let (source, names, answers) = batch(first);
        let got = workspace.run(&source, &names).unwrap_or_else(|error| panic!("from seed {first}: {error}"));
        assert_eq!(got.len(), answers.len());
        for ((name, answer), got) in names.iter().zip(&answers).zip(&got) {
            if answer != got {
                let index = name[1..].parse().expect("a number");
                panic!(
                    "{}\nwhole: expected {answer}\n       got {got}",
                    report(&mut workspace, first, index)
                );
            }
        }
        run += names.len();
        tried += BATCH;
        raised += answers.iter().filter(|answer| answer.starts_with('!')).count();
        first += BATCH as u64;
        if run % 100_000 < names.len() {
            println!("{run} programs, {raised} of them raise");
        }
    }
    assert!(run * 2 > tried, "the interpreter takes on only {run} of {tried} programs");
    assert!(raised * 2 < run, "{raised} of {run} programs end in an error");
}
