//! What is fuzzed, and with what to start.

use std::hint::black_box;

use beamtalk_daemon::Service;
use beamtalk_daemon::rpc::{self, METHOD_NOT_FOUND, Methods, RpcError};
use beamtalk_project::{Image, library};
use serde_json::Value;

/// A function that must bear any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Well-formed inputs to damage.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Eats an input.
    pub eat: fn(&[u8]),
}

/// Everything that faces bytes from outside.
pub const TARGETS: &[Target] = &[
    Target { name: "parser", corpus: sources, eat: parse },
    Target { name: "formatter", corpus: sources, eat: format },
    Target { name: "compiler", corpus: inputs, eat: compile },
    Target { name: "request-line", corpus: requests, eat: request },
    Target { name: "json-rpc", corpus: calls, eat: call },
    Target { name: "node-packet", corpus: packets, eat: packet },
    Target { name: "metadata", corpus: metadata_files, eat: metadata },
    Target { name: "beam-file", corpus: beam_files, eat: beam_file },
];

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn sources() -> Vec<Vec<u8>> {
    library::sources().iter().map(|(_, text)| text.as_bytes().to_vec()).collect()
}

fn parse(bytes: &[u8]) {
    let source = text(bytes);
    let parsed = beamtalk_syntax::parse(&source);
    assert!(parsed.file.span.end as usize <= source.len(), "the tree lies within the source");
    black_box(beamtalk_syntax::completeness(&source));
}

fn format(bytes: &[u8]) {
    let source = text(bytes);
    if let Ok(once) = beamtalk_format::format(&source) {
        assert_eq!(beamtalk_format::format(&once).as_deref(), Ok(once.as_str()), "formatting is idempotent");
    }
}

fn inputs() -> Vec<Vec<u8>> {
    [
        "x := 3 + 4 * 5. y := [:a | x := x + a]. y value: 2",
        "1 to: 10 do: [:i | #(1, 2) do: [:e | i > 3 ifTrue: [^e]]]",
        "3 match: [0 -> #zero; k when: [k > 2] -> k; {a, b} -> a; #[h, ...t] -> t; _ -> nil]",
        "Actor subclass: A\n  state: n = 0\n  inc => self.n := self.n + 1\n  class make => self spawn\n",
        "Value subclass: P\n  field: x :: Integer = 0\n  + o => P x: self.x + o x\n",
        "\"a {1 + 2} b {#k}\" ++ \"c\"; size",
        "{a, {b, _}} := t. #{#k => v} := d",
        "Integer >> double -> Integer => self * 2",
    ]
    .iter()
    .map(|input| input.as_bytes().to_vec())
    .collect()
}

fn compile(bytes: &[u8]) {
    thread_local! {
        static IMAGE: Image = Image::new();
    }
    let source = text(bytes);
    IMAGE.with(|image| {
        // Whatever compiles must also be a module that can be written.
        if let Err(failure) = image.compile_input(&[], &source, "bt@eval@1") {
            assert!(!failure.diagnostics.is_empty(), "a failure says why");
        }
    });
}

fn requests() -> Vec<Vec<u8>> {
    [
        r#"{"op":"eval","id":"a1","code":"6 * 7","session":"s","stream":true}"#,
        r#"{"type":"eval","expression":"1"}"#,
        r#"{"op":"load-file","path":"a.bt"}"#,
        r#"{"op":"stdin","id":1,"value":"x\n"}"#,
        r#"{"op":"complete","code":"Cou","cursor":3}"#,
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect()
}

fn request(bytes: &[u8]) {
    black_box(beamtalk_repl::is_request(bytes));
}

fn calls() -> Vec<Vec<u8>> {
    [
        r#"{"jsonrpc":"2.0","method":"ping","id":1}"#,
        r#"{"jsonrpc":"2.0","method":"version"}"#,
        r#"{"jsonrpc":"2.0","method":"compile","params":{"source":"Object subclass: A\n  run => 42\n"},"id":"c"}"#,
        r#"{"jsonrpc":"2.0","method":"format","params":{"source":"x:=3+4."},"id":2.5}"#,
        r#"[{"jsonrpc":"2.0","method":"status","params":[],"id":null},{"jsonrpc":"2.0","method":"ping"},{"id":1}]"#,
        r#"{"jsonrpc":"2.0","method":"build","params":{"path":"p","shown":"p","force":true},"id":3}"#,
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect()
}

/// A daemon's methods, but for the files of this machine.
struct Harmless(Service);

impl Methods for Harmless {
    fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        if ["path", "output"]
            .iter()
            .any(|name| params[*name].as_str().is_some_and(|path| path.starts_with('/')))
        {
            return Err(RpcError::new(METHOD_NOT_FOUND, "not here"));
        }
        self.0.call(method, params)
    }
}

fn call(bytes: &[u8]) {
    thread_local! {
        static METHODS: Harmless = Harmless(Service::default());
    }
    let answer = METHODS.with(|methods| rpc::answer(bytes, methods));
    let answers = match answer {
        None => Vec::new(),
        Some(Value::Array(answers)) => answers,
        Some(answer) => vec![answer],
    };
    for answer in answers {
        let outcomes = ["result", "error"].iter().filter(|name| answer.get(**name).is_some()).count();
        assert!(outcomes == 1 && answer["jsonrpc"] == "2.0" && answer.get("id").is_some(), "{answer}");
    }
}

/// `{reply, 1, ok, #{value => 5}}` and relatives in External Term Format.
fn packets() -> Vec<Vec<u8>> {
    vec![
        b"\x83h\x04w\x05replya\x01w\x02oka\x05".to_vec(),
        b"\x83h\x02w\x05eventh\x03w\x06outputm\0\0\0\x01sm\0\0\0\x02hi".to_vec(),
        b"\x83h\x04w\x05replya\x02w\x05errort\0\0\0\x01w\x04kindm\0\0\0\x04busy".to_vec(),
        b"\x83h\x02w\x05hellot\0\0\0\x01w\x08protocola\x01".to_vec(),
        b"\x83l\0\0\0\x02a\x01a\x02j".to_vec(),
    ]
}

fn packet(bytes: &[u8]) {
    black_box(beamtalk_node::is_packet(bytes));
}

fn metadata_files() -> Vec<Vec<u8>> {
    vec![br#"{"workspace_id":"0123456789ab","project_path":"/p","created_at":7,"repl_port":49152,"loaded_modules":["A"],"host":{"pid":1,"started":2}}"#.to_vec()]
}

fn metadata(bytes: &[u8]) {
    let _ = serde_json::from_slice::<beamtalk_home::Metadata>(bytes);
}

fn beam_files() -> Vec<Vec<u8>> {
    library::modules().take(4).filter_map(|module| beamtalk_beam::assemble(&module).ok()).collect()
}

fn beam_file(bytes: &[u8]) {
    if let Ok(module) = beamtalk_beam::read(bytes) {
        black_box(beamtalk_beam::listing(&module));
    }
}
