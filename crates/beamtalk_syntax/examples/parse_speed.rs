//! How fast sources are lexed and parsed: `cargo run --release --example parse_speed [lines]`.
//!
//! Prints lines per second of lexing and of lexing with parsing, and how many bytes the tree and the
//! tokens take for each byte of source.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::time::{Duration, Instant};

/// One class of typical code; `@` stands for a number.
const CLASS: &str = r#"/// Keeps a running total, number @.
Actor subclass: Meter@
  state: total :: Integer = 0
  state: history = #()
  classState: built = 0

  /// A new meter that counts itself.
  class build -> Meter@ =>
    self.built := self.built + 1
    self new

  /// Add n and answer the total.
  add: n :: Integer -> Integer =>
    n > 100
      ifTrue: [
        self log: "big: {n} of {self.total}"
        ^self.total
      ]
      ifFalse: [nil]
    // remember what was added
    self.history := #(n | self.history)
    self.total := self.total + n * 2

  average =>
    count := self.history size
    count =:= 0 ifTrue: [^0]
    sum := self.history inject: 0 into: [:acc :each | acc + each]
    sum / count

  describe: value =>
    value match: [
      nil -> "nothing";
      x :: Integer when: [x > 10] -> "many";
      #[a, b] -> a printString ++ ", " ++ b printString;
      _ -> "something"
    ]

  total -> Integer => self.total

"#;

fn main() {
    let lines: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300_000);
    let files: Vec<String> = sources(lines, 1000);
    let count: usize = files.iter().map(|file| file.lines().count()).sum();
    let bytes: usize = files.iter().map(String::len).sum();

    let lexing =
        fastest(|| files.iter().map(|file| beamtalk_syntax::lexer::lex(file).tokens.len()).sum::<usize>());
    let parsing =
        fastest(|| files.iter().map(|file| beamtalk_syntax::parse(file).file.items.len()).sum::<usize>());
    println!("{count} lines, {bytes} bytes, {} files", files.len());
    println!("lex:         {:>6.2} million lines/s", count as f64 / lexing.as_secs_f64() / 1e6);
    println!("lex + parse: {:>6.2} million lines/s", count as f64 / parsing.as_secs_f64() / 1e6);
    println!("             {:>6.1} MB/s", bytes as f64 / parsing.as_secs_f64() / 1e6);

    let before = resident();
    let parsed: Vec<_> = files.iter().map(|file| beamtalk_syntax::parse(file)).collect();
    let used = resident().saturating_sub(before);
    println!("memory:      {:>6.1} bytes for each byte of source", used as f64 / bytes as f64);
    assert!(parsed.iter().all(|each| each.diagnostics.is_empty()), "nothing is wrong with the sources");
}

/// About `lines` lines in files of `per_file` lines.
fn sources(lines: usize, per_file: usize) -> Vec<String> {
    let class_lines = CLASS.lines().count();
    let mut files = Vec::new();
    let mut number = 0;
    while files.len() * per_file < lines {
        let mut file = String::new();
        for _ in 0..(per_file / class_lines).max(1) {
            number += 1;
            file.push_str(&CLASS.replace('@', &number.to_string()));
        }
        files.push(file);
    }
    files
}

fn fastest(run: impl Fn() -> usize) -> Duration {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            assert!(std::hint::black_box(run()) > 0);
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

/// Bytes of memory in use by this process, 0 where the system does not tell.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
