//! How fast a project of generated classes is built: cold, unchanged, after one edit; and where compiling spends its time.
//!
//! `cargo run --release -p beamtalk_daemon --example build_speed [CLASSES]`
//!
//! Lines a second are of processor time, so that they tell of one core also where others use the machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use beamtalk_daemon::{Client, Limits, Place, Server};
use beamtalk_project::{BuildOptions, Image, Layout, Project, Source};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// A class of some forty lines as people write them: fields, sends, control flow, blocks, collections, strings.
fn class(number: usize, classes: usize) -> String {
    let parent =
        if number.is_multiple_of(5) { "Value".to_owned() } else { format!("Shape{}", number - number % 5) };
    let other = (number * 7 + 3) % classes;
    let mut text = format!(
        "/// A generated shape.\n{parent} subclass: Shape{number}\n  field: width{number} = {number}\n  field: name{number} :: String = \"shape {number}\"\n\n"
    );
    let _ = write!(
        text,
        "  /// The area.\n  area{number} => self.width{number} * self.width{number}\n\n  grow{number}: amount =>\n    amount > 0 ifFalse: [^self]\n    self withWidth{number}: self.width{number} + amount\n\n  describe{number} => \"{{self.name{number}}} of {{self area{number} printString}}\"\n\n  total{number}: shapes =>\n    sum := 0\n    shapes do: [:each | sum := sum + each area{number}]\n    sum\n\n  best{number}: shapes =>\n    shapes inject: nil into: [:best :each |\n      best isNil ifTrue: [each] ifFalse: [\n        each area{number} > best area{number} ifTrue: [each] ifFalse: [best]]]\n\n  count{number}: limit =>\n    n := 0\n    1 to: limit do: [:i |\n      (i % 3) =:= 0 ifTrue: [n := n + 1] ifFalse: [n := n + 2]]\n    n\n\n  kind{number}: x => x match: [\n    0 -> #none;\n    i :: Integer when: [i > 10] -> #many;\n    s :: String -> s size;\n    _ -> #other\n  ]\n\n  pair{number} => #{{#mine => self area{number}, #other => Shape{other} new area{other}}}\n\n  class of{number}: w => self new withWidth{number}: w\n"
    );
    text
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("beamtalk-build-speed-{}", std::process::id()));
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("beamtalk.toml"), "[package]\nname = \"speed\"\nversion = \"1.0.0\"\n")?;
    let classes = std::env::args().nth(1).map_or(Ok(500), |count| count.parse())?;
    let texts: Vec<String> = (0..classes).map(|number| class(number, classes)).collect();
    for (number, text) in texts.iter().enumerate() {
        fs::write(folder.join(format!("src/Shape{number}.bt")), text)?;
    }
    let lines: usize = texts.iter().map(|text| text.lines().count()).sum();
    println!("{classes} classes, {lines} lines");
    let outcome = builds(&folder, lines).and_then(|()| phases(&texts, lines)).and_then(|()| daemon(&folder));
    fs::remove_dir_all(&folder)?;
    outcome
}

fn builds(folder: &Path, lines: usize) -> Result<(), Box<dyn std::error::Error>> {
    // The library is parsed once a process, which is not a build's cost.
    let (image, took) = time(Image::new);
    println!("library, once a process      {took:>10.2?}");
    drop(image);
    let mut project = Project::new(Layout::find(folder, ".")?);
    let one = BuildOptions { force: true, threads: 1, ..BuildOptions::default() };
    let (report, took) = cpu(|| project.build(".", one));
    let report = report?;
    if !report.ok {
        return Err(report.text(false).into());
    }
    println!("cold build, processor time   {took:>10.2?}  {}", rate(lines, took));
    fs::remove_dir_all(folder.join("_build"))?;
    let mut project = Project::new(Layout::find(folder, ".")?);
    let (_, took) = time(|| project.build(".", BuildOptions::default()));
    println!("cold build, all cores        {took:>10.2?}");
    let mut best = Duration::MAX;
    for _ in 0..20 {
        best = best.min(time(|| project.build(".", BuildOptions::default())).1);
    }
    println!("nothing changed, in memory   {best:>10.2?}");
    let mut fresh = Project::new(Layout::find(folder, ".")?);
    let (_, took) = time(|| fresh.build(".", BuildOptions::default()));
    println!("nothing changed, new process {took:>10.2?}");
    let path = folder.join("src/Shape17.bt");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace("sum := 0", "sum := 1"))?;
    let (report, took) = time(|| project.build(".", BuildOptions::default()));
    println!("one body changed             {took:>10.2?}  {} compiled", report?.compiled);
    fs::write(&path, format!("{text}\n  more => 1\n"))?;
    let (report, took) = time(|| project.build(".", BuildOptions::default()));
    println!("one method added             {took:>10.2?}  {} compiled", report?.compiled);
    Ok(())
}

/// The parts of compiling, one after the other on one thread.
fn phases(texts: &[String], lines: usize) -> Result<(), Box<dyn std::error::Error>> {
    let (sources, parsing) = cpu(|| {
        let parse = |(number, text): (usize, &String)| {
            std::sync::Arc::new(Source::new(format!("src/Shape{number}.bt"), text.clone()))
        };
        texts.iter().enumerate().map(parse).collect::<Vec<_>>()
    });
    let image = Image::new();
    let (compiled, rest) = cpu(|| image.compile_files(&sources));
    let compiled = compiled.map_err(|failure| format!("{} diagnostics", failure.diagnostics.len()))?;
    let bytes: usize = compiled.modules.iter().map(|module| module.beam.len()).sum();
    println!("lexer and parser             {parsing:>10.2?}  {}", rate(lines, parsing));
    println!("semantics, code, assembly    {rest:>10.2?}  {}", rate(lines, rest));
    println!("modules                      {:>10}  {bytes} bytes", compiled.modules.len());
    Ok(())
}

fn daemon(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let place = Place::at(&folder.join("d/daemon.sock"))?;
    let server = Server::bind(place.clone(), Limits::default())?;
    let thread = std::thread::spawn(move || server.run());
    let mut client = Client::connect(&place)?;
    let params = json!({ "path": folder, "shown": "." });
    client.call("build", &params)?;
    let mut times = Vec::new();
    for _ in 0..50 {
        times.push(time(|| client.call("build", &params)).1);
    }
    times.sort();
    println!("nothing changed, by daemon   {:>10.2?}  at most {:.2?} of 50", times[25], times[49]);
    client.call("shutdown", &json!({}))?;
    drop(client);
    thread.join().map_err(|_| "the daemon panicked")??;
    Ok(())
}

fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// The processor time of all threads that `work` needs.
fn cpu<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let now = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let start = now();
    let value = work();
    (value, now().saturating_sub(start))
}

fn rate(lines: usize, took: Duration) -> String {
    // Seven digits of lines a second are exact enough in a double.
    #[allow(clippy::cast_precision_loss)]
    let rate = lines as f64 / took.as_secs_f64();
    format!("{rate:>10.0} lines/s")
}
