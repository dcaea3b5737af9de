//! What a user waits for: starting, attaching, evaluating; and programs on the node.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::programs::{PROGRAMS, SEND_COUNT, SENDS};
use crate::{Figure, generate, median, percentile};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Bench {
    binary: PathBuf,
    home: tempfile::TempDir,
    project: PathBuf,
}

impl Bench {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env("BEAMTALK_HOME", self.home.path())
            .current_dir(&self.project)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn eval(&self, code: &str) -> Outcome<(String, f64)> {
        let start = Instant::now();
        let output = self.command().args(["repl", "--port", "0", "-e", code]).output()?;
        let time = start.elapsed().as_secs_f64() * 1e3;
        if !output.status.success() {
            return Err(format!("`{code}` failed").into());
        }
        Ok((String::from_utf8_lossy(&output.stdout).trim().to_owned(), time))
    }

    fn stop(&self) -> Outcome<()> {
        self.command().args(["workspace", "stop"]).stdout(Stdio::null()).status()?;
        Ok(())
    }
}

/// A connection of the wire protocol.
struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Connection {
    fn open(port: u16) -> Outcome<Self> {
        let writer = TcpStream::connect(("127.0.0.1", port))?;
        writer.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(writer.try_clone()?), writer })
    }

    fn request(&mut self, request: &Value) -> Outcome<Value> {
        let mut line = request.to_string();
        line.push('\n');
        self.writer.write_all(line.as_bytes())?;
        let mut reply = String::new();
        self.reader.read_line(&mut reply)?;
        Ok(serde_json::from_str(&reply)?)
    }

    fn eval(&mut self, code: &str) -> Outcome<Value> {
        let reply = self.request(&json!({"op": "eval", "code": code}))?;
        match reply.get("value") {
            Some(value) if reply.get("error").is_none() => Ok(value.clone()),
            _ => Err(format!("`{code}`: {reply}").into()),
        }
    }

    fn number(&mut self, code: &str) -> Outcome<f64> {
        let value = self.eval(code)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(text.parse()?)
    }
}

fn port_of(home: &Path) -> Outcome<u16> {
    for entry in std::fs::read_dir(home.join("workspaces"))? {
        let metadata = entry?.path().join("metadata.json");
        let Ok(text) = std::fs::read_to_string(metadata) else {
            continue;
        };
        let value: Value = serde_json::from_str(&text)?;
        for key in ["port", "repl_port"] {
            if let Some(port) = value.get(key).and_then(Value::as_u64) {
                return Ok(u16::try_from(port)?);
            }
        }
    }
    Err("no running workspace".into())
}

/// Everything that needs a node.
pub fn measure(binary: &Path, root: &Path) -> Outcome<Vec<Figure>> {
    let home = tempfile::tempdir()?;
    let project = home.path().join("project");
    std::fs::create_dir_all(project.join(".beamtalk"))?;
    let bench = Bench { binary: binary.to_owned(), home, project };
    let mut figures = starting(&bench)?;
    let found = running(&bench, root);
    bench.stop()?;
    figures.extend(found?);
    Ok(figures)
}

fn starting(bench: &Bench) -> Outcome<Vec<Figure>> {
    let first = bench.eval("2 + 3 * 4")?.1;
    bench.stop()?;
    let (mut bare, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let start = Instant::now();
        Command::new("erl").args(["-noshell", "-eval", "halt()."]).stdin(Stdio::null()).status()?;
        bare.push(start.elapsed().as_secs_f64() * 1e3);
        cold.push(bench.eval("2 + 3 * 4")?.1);
        bench.stop()?;
    }
    bench.eval("1")?;
    let mut attach = Vec::new();
    for _ in 0..20 {
        attach.push(bench.eval("2 + 3 * 4")?.1);
    }
    let (bare, cold) = (median(bare), median(cold));
    Ok(vec![
        Figure::new("very first start (builds the image)", format!("{first:.0} ms"), ""),
        Figure::new(
            "cold start to first result",
            format!("{cold:.0} ms (erl {bare:.0} ms)"),
            "<= 1.5 x erl + 50 ms",
        ),
        Figure::new("attach to a running workspace", format!("{:.1} ms", median(attach)), "<= 30 ms"),
    ])
}

fn running(bench: &Bench, root: &Path) -> Outcome<Vec<Figure>> {
    let mut connection = Connection::open(port_of(bench.home.path())?)?;
    let mut figures = vec![memory(&mut connection)?];
    for _ in 0..200 {
        connection.eval("2 + 3 * 4")?;
    }
    let mut times = Vec::new();
    for _ in 0..3000 {
        let start = Instant::now();
        connection.eval("2 + 3 * 4")?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (p50, p99) = (percentile(&mut times, 50.0), percentile(&mut times, 99.0));
    figures.push(Figure::new(
        "eval round trip, warm, over TCP",
        format!("p50 {p50:.2} p99 {p99:.2} ms"),
        "p50 <= 1, p99 <= 5 ms",
    ));
    baseline(&mut connection, bench, root)?;
    let (mut product, mut count) = (0.0, 0);
    for (selector, function, argument) in PROGRAMS {
        let own = connection.number(&format!("b time: #{selector} with: {argument}"))?;
        let peer = connection.number(&format!("Erlang bench_baseline time: #{function} with: {argument}"))?;
        let ratio = own / peer;
        let budget = if *function == "calls" { "<= 1.1 x gen_server:call" } else { "" };
        if *function != "calls" {
            product += ratio.ln();
            count += 1;
        }
        figures.push(Figure::new(
            format!("{function}: {argument}, against Erlang"),
            format!("{:.1} / {:.1} ms = {ratio:.2} x", own / 1e3, peer / 1e3),
            budget,
        ));
    }
    figures.push(Figure::new(
        "geometric mean of the programs",
        format!("{:.2} x", (product / f64::from(count)).exp()),
        "<= 2 x",
    ));
    figures.extend(sends(&mut connection)?);
    let (own, peer) =
        (connection.number("b idle: 10000")?, connection.number("Erlang bench_baseline idle: 10000")?);
    figures.push(Figure::new(
        "memory of an idle actor, against gen_server",
        format!("{own:.0} / {peer:.0} bytes = {:.2} x", own / peer),
        "<= 1.1 x",
    ));
    Ok(figures)
}

/// What a node that has hardly done anything allocates, beside an emulator that does nothing.
fn memory(connection: &mut Connection) -> Outcome<Figure> {
    let own = connection.number("Erlang erlang memory: #total")?;
    let program = "io:format(\"~b\", [erlang:memory(total)]), halt().";
    let output = Command::new("erl").args(["-noshell", "-eval", program]).stdin(Stdio::null()).output()?;
    let bare: f64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(Figure::new(
        "memory a fresh node allocates, and bare erl",
        format!("{:.1} / {:.1} MB", own / 1e6, bare / 1e6),
        "<= 15 MB over bare erl",
    ))
}

/// What a send of each sort costs, beside the call that one would write in Erlang; both with their loop.
fn sends(connection: &mut Connection) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for (selector, function, what) in SENDS {
        let own =
            connection.number(&format!("b time: #{selector} of: BenchDispatch new with: {SEND_COUNT}"))?;
        let peer =
            connection.number(&format!("Erlang bench_dispatch time: #{function} with: {SEND_COUNT}"))?;
        let nanoseconds = |time: f64| time * 1e3 / f64::from(SEND_COUNT);
        figures.push(Figure::new(
            format!("send: {what}, against Erlang"),
            format!("{:.1} / {:.1} ns = {:.2} x", nanoseconds(own), nanoseconds(peer), own / peer),
            "",
        ));
    }
    Ok(figures)
}

/// Loads the Beamtalk programs, and the Erlang ones compiled by `erlc`.
fn baseline(connection: &mut Connection, bench: &Bench, root: &Path) -> Outcome<()> {
    let out = bench.home.path().join("baseline");
    std::fs::create_dir_all(&out)?;
    let kinds = out.join("bench_kinds.erl");
    std::fs::write(&kinds, generate::kinds())?;
    let status = Command::new("erlc")
        .arg("-o")
        .arg(&out)
        .args([root.join("bench/bench_baseline.erl"), root.join("bench/bench_dispatch.erl"), kinds])
        .status()?;
    if !status.success() {
        return Err("erlc failed".into());
    }
    connection.eval(&format!("Erlang code add_patha: \"{}\" toBytes", out.display()))?;
    for class in ["BenchSquare", "BenchCircle", "BenchRect", "BenchCounter", "Bench"] {
        load(connection, root, class)?;
    }
    // Last, as one of them is a proxy, in whose presence control flow is compiled with more care.
    let reply = connection.request(&json!({"op": "load-source", "source": generate::receivers()}))?;
    if reply.get("error").is_some() {
        return Err(format!("the receivers: {reply}").into());
    }
    load(connection, root, "BenchDispatch")?;
    connection.eval("b := Bench new")?;
    Ok(())
}

fn load(connection: &mut Connection, root: &Path, class: &str) -> Outcome<()> {
    let path = root.join(format!("bench/{class}.bt")).canonicalize()?;
    let reply = connection.request(&json!({"op": "load-file", "path": path}))?;
    if reply.get("error").is_some() {
        return Err(format!("{class}: {reply}").into());
    }
    Ok(())
}
