//! Whatever a program does, no shared variable, no class lock and no process of it stays behind.

use crate::place::{Place, Raw, eventually};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Methods that need cells, write class variables, or both, and end in every way there is.
const HOSTILE: &str = r#"
Object subclass: Hostile
  classState: n = 0

  /// How many entries there are while a method with one shared variable runs.
  class during =>
    x := 0
    add := [x := x + 1]
    add value
    counted := Erlang leftovers cells
    add value
    counted

  class raise =>
    x := 0
    add := [x := x + 1]
    add value
    self error: "raised with {x}"

  class deeper: depth =>
    x := 0
    add := [x := x + depth]
    add value
    depth =:= 0 ifTrue: [self raise]
    self deeper: depth - 1

  class divide =>
    x := 0
    add := [x := x / 0]
    add value

  class exit: reason =>
    x := 0
    add := [x := x + 1]
    add value
    Erlang erlang exit: reason

  class throw: reason =>
    x := 0
    add := [x := x + 1]
    add value
    Erlang erlang throw: reason

  class die =>
    x := 0
    add := [x := x + 1]
    add value
    self.n := 100
    Erlang leftovers carry_on

  class find: wanted in: list =>
    x := 0
    list do: [:each | add := [x := x + each]. add value. each =:= wanted ifTrue: [^add]]
    nil

  class answer: wanted in: list =>
    x := 0
    list do: [:each | add := [x := x + each]. add value. each =:= wanted ifTrue: [^x]]
    nil

  class out: blk =>
    x := 0
    add := [x := x + 1]
    add value
    blk value
    x

  class through => self out: [self out: [self out: [^#through]]]

  class ensured =>
    x := 0
    add := [x := x + 1]
    [add value. self error: "first"] ensure: [add value. self error: "second"]

  class ensuredReturn =>
    x := 0
    add := [x := x + 1]
    [add value. ^x] ensure: [add value. self error: "instead"]

  class rescued =>
    x := 0
    add := [x := x + 1]
    [add value. self raise] on: Error do: [:_e | add value]
    x

  class counter =>
    x := 0
    [x := x + 1]

  class wait =>
    x := 0
    add := [x := x + 1]
    add value
    Erlang timer sleep: 60000
    x

  /// Class variables.
  class n => self.n
  class bump => self.n := self.n + 1
  class boom =>
    self bump
    self.n := 100
    self error: "undone"
  class with: blk =>
    self.n := self.n + 1
    blk value
  class escape => self with: [^#escaped]
  class nested => self with: [self with: [self boom]]
  class hold =>
    self.n := 100
    Erlang timer sleep: 60000
  class holdEnsured =>
    self.n := 100
    [Erlang timer sleep: 60000] ensure: [self.n := 200]
"#;

const HOLDER: &str = r#"
Actor subclass: HostileActor
  state: kept = nil
  hold => Hostile hold
  boom => Hostile boom
  raise => Hostile raise
  run: blk => blk value
  keep: blk =>
    self.kept := blk
    #kept
  callKept => self.kept value
  runAndRaise: blk =>
    blk value
    self error: "after the block"
  die => Hostile die
"#;

/// Inputs that end in an error, and those that do not.
const RAISING: &[&str] = &[
    "Hostile raise",
    "Hostile deeper: 50",
    "Hostile divide",
    "Hostile exit: #out",
    "Hostile throw: #out",
    "Hostile die",
    "Hostile ensured",
    "Hostile ensuredReturn",
    "Hostile boom",
    "Hostile nested",
    "Hostile with: [Hostile raise]",
    "Hostile with: [Erlang erlang exit: #out]",
    "Hostile out: [Hostile nested]",
    "y := 0. add := [y := y + 1]. add value. Hostile raise",
    "#(1, 2, 3) do: [:each | Hostile out: [each =:= 2 ifTrue: [Hostile raise]]]",
    "h := HostileActor spawn. h raise",
    "h := HostileActor spawn. h boom",
    "h := HostileActor spawn. h die",
    "h := HostileActor spawn. z := 0. h runAndRaise: [z := z + 1]",
    "h := HostileActor spawn. h run: [Hostile nested]",
];
const RETURNING: &[(&str, &str)] = &[
    ("Hostile answer: 2 in: #(1, 2, 3)", "3"),
    ("Hostile through", "through"),
    ("Hostile rescued", "2"),
    ("Hostile escape", "escaped"),
    ("[Hostile raise] on: Error do: [:e | e message]", "raised with 1"),
    ("[Hostile nested] on: Error do: [:_e | Hostile n]", "0"),
    ("[Hostile ensured] on: Error do: [:e | e message]", "second"),
];

struct Workspace {
    place: Place,
    asking: Raw,
}

impl Workspace {
    /// With the classes, and the counting module in the node.
    fn new() -> Self {
        let place = Place::new();
        place.eval("w", "1");
        let mut asking = place.connect("w");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/robustness/leftovers.erl");
        assert!(Command::new("erlc").arg("-o").arg(place.dir.path()).arg(source).status().unwrap().success());
        let path = format!("Erlang code add_patha: \"{}\" toBytes", place.dir.path().display());
        asking.ask(&json!({"op": "eval", "code": path}));
        for source in [HOSTILE, HOLDER] {
            let loaded = asking.ask(&json!({"op": "load-source", "source": source}));
            assert!(loaded["error"].is_null(), "{loaded}");
        }
        let mut workspace = Self { place, asking };
        // What is loaded when first used is loaded now.
        workspace.count();
        workspace
    }

    fn eval(&mut self, code: &str) -> Value {
        self.asking.ask(&json!({"op": "eval", "code": code}))
    }

    fn number(&mut self, code: &str) -> u64 {
        let reply = self.eval(code);
        reply["value"].as_u64().unwrap_or_else(|| panic!("{code}: {reply}"))
    }

    fn interrupt(&mut self, session: &str) {
        let reply = self.asking.ask(&json!({"op": "interrupt", "session": session}));
        assert!(reply["error"].is_null(), "{reply}");
    }

    /// Entries in process dictionaries and class locks.
    fn count(&mut self) -> [u64; 2] {
        [self.number("Erlang leftovers cells"), self.number("Erlang leftovers locks")]
    }

    /// Begins an evaluation in a session of this name, which the connection is for.
    fn begin(&self, session: &str, code: &str) -> Raw {
        let mut busy = self.place.connect("w");
        busy.ask(&json!({"op": "session", "name": session}));
        busy.send(&json!({"op": "eval", "code": code}));
        busy
    }
}

#[test]
fn programs_that_end_in_any_way_leave_no_cell_and_no_lock() {
    let mut workspace = Workspace::new();
    let clean = workspace.count();
    assert_eq!(clean, [0, 0], "a new workspace");
    // The count sees what it is about: a cell and the activation that lists it.
    assert_eq!(workspace.number("Hostile during"), 2);
    for code in RAISING {
        let reply = workspace.eval(code);
        assert!(!reply["error"].is_null(), "{code}: {reply}");
        assert_eq!(workspace.count(), clean, "{code}: {reply}");
        assert!(workspace.number("Hostile n") <= 1, "{code} kept what it wrote");
    }
    for (code, answer) in RETURNING {
        workspace.eval("Erlang beamtalk_class_state forget: #'bt@user@Hostile'");
        let reply = workspace.eval(code);
        let told = reply["value"].as_str().map_or_else(|| reply["value"].to_string(), str::to_owned);
        assert_eq!(told, *answer, "{code}: {reply}");
        assert_eq!(workspace.count(), clean, "{code}: {reply}");
    }
}

/// Architecture: a session of a million evaluations leaks neither atoms nor modules.
#[test]
fn ten_thousand_programs_leave_no_module_and_no_atom() {
    const PATCHING: &[&str] = &[
        "Integer >> hostile => self + 1. 3 hostile. (3 hostile) raiseHere",
        "Object subclass: HostileClass\n  class m => 1 / 0",
        "HostileClass m",
        "[:each | HostileClass m. each] value: 3",
        "HostileClass removeFromSystem",
        "1 +",
        "{1, 2} := #(3)",
        "\"no such number\" asInteger + nil",
    ];
    const COMFORTABLE_NAMES: u32 = 512;
    let mut workspace = Workspace::new();
    let mut earlier: Option<u64> = None;
    let returning = RETURNING.iter().map(|(code, _)| *code);
    let codes: Vec<&str> = RAISING.iter().copied().chain(returning).chain(PATCHING.iter().copied()).collect();
    // Who dies without a word makes the host wait for one.
    let codes: Vec<&str> = codes.into_iter().filter(|code| !code.contains("die")).collect();
    let mut run = |count: usize| {
        for code in codes.iter().cycle().take(count) {
            workspace.eval(code);
            // Actors live as long as nobody ends them, and keep what they were sent until their next collection.
            if code.contains("spawn") {
                workspace.eval("Workspace actors do: [:each | each kill]");
            }
        }
        let atoms = workspace.number("Erlang erlang system_info: #atom_count");
        let since = earlier.replace(atoms).unwrap_or(atoms);
        let new = workspace.eval(&format!("Erlang leftovers atoms_from: {since}"));
        let others = eventually("the modules of inputs go", || {
            let modules = workspace.eval("Erlang leftovers modules")["value"].clone();
            modules[0].as_u64().filter(|inputs| *inputs < 20).and(modules[1].as_u64())
        });
        (others, new["value"].as_str().unwrap_or_default().to_owned())
    };
    let (modules, _) = run(3000);
    let (later_modules, new) = run(10_000);
    assert_eq!(later_modules, modules);
    // How many names inputs take before old ones are asked back is a matter of speed; there is a limit.
    let is_name = |atom: &&str| {
        let number = atom.strip_prefix("bt@eval@").and_then(|number| number.parse::<u32>().ok());
        number.is_some_and(|number| number <= COMFORTABLE_NAMES)
    };
    let others: Vec<&str> = new.split_whitespace().filter(|atom| !is_name(atom)).collect();
    assert!(others.len() <= 20, "{others:?}");
}

/// Architecture: a block that is returned or stored keeps its cells as long as the process lives.
#[test]
fn blocks_that_outlive_their_method_keep_their_cells_and_nothing_else() {
    let mut workspace = Workspace::new();
    workspace.eval("counter := Hostile counter");
    // The cell, and the list that it is on.
    assert_eq!(workspace.count(), [2, 0]);
    workspace.eval("other := Hostile find: 2 in: #(1, 2, 3)");
    assert_eq!(workspace.count(), [4, 0]);
    assert_eq!(workspace.number("counter value. counter value"), 2);
    assert!(!workspace.eval("Hostile raise")["error"].is_null());
    assert!(!workspace.eval("Hostile die")["error"].is_null());
    assert_eq!(workspace.number("counter value"), 3, "a lost evaluator takes no committed cell along");
    workspace.asking.ask(&json!({"op": "clear"}));
    assert_eq!(workspace.count(), [0, 0]);

    workspace.eval("h := HostileActor spawn");
    workspace.eval("h keep: (Hostile counter)");
    assert_eq!(workspace.number("h callKept. h callKept"), 2);
    assert_eq!(workspace.count(), [4, 0], "the actor's copy, and the evaluator's");
    workspace.eval("h kill");
    assert_eq!(workspace.count(), [2, 0]);
    workspace.asking.ask(&json!({"op": "clear"}));
    assert_eq!(workspace.count(), [0, 0]);
}

#[test]
fn interrupted_evaluations_and_killed_actors_release_their_class_at_once() {
    let mut workspace = Workspace::new();
    let processes = workspace.number(PROCESSES);
    for code in ["Hostile wait", "Hostile hold", "Hostile holdEnsured", "Hostile with: [Hostile wait]"] {
        let mut busy = workspace.begin("first", code);
        eventually("the program runs", || (workspace.count() != [0, 0]).then_some(()));
        let mut waiting = workspace.begin("second", "Hostile bump. Hostile hold");
        // An interruption of what has not begun would do nothing.
        eventually("both evaluate", || (workspace.number("Erlang leftovers busy") == 3).then_some(()));
        for (session, connection) in [("first", &mut busy), ("second", &mut waiting)] {
            workspace.interrupt(session);
            let reply = connection.hear();
            assert_eq!(reply["error"].as_str(), Some("Interrupted"), "{code}: {reply}");
            connection.ask(&json!({"op": "close"}));
        }
        eventually("nothing is left", || (workspace.count() == [0, 0]).then_some(()));
        assert!(workspace.number("Hostile n") < 100, "{code} kept what it wrote");
    }
    let before = workspace.number("Hostile n");
    workspace.eval("h := HostileActor spawn. h hold!");
    eventually("the actor has the class", || (workspace.count()[1] == 1).then_some(()));
    workspace.eval("h kill");
    assert_eq!(workspace.number("Hostile bump. Hostile n"), before + 1);
    assert_eq!(workspace.count(), [0, 0]);
    eventually("their processes are gone", || (workspace.number(PROCESSES) <= processes).then_some(()));
    let sessions = workspace.asking.ask(&json!({"op": "sessions"}));
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
}

const PROCESSES: &str = "Erlang erlang system_info: #process_count";
