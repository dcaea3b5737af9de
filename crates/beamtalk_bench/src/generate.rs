//! Generated sources: typical code, as much as is wanted.

use std::fmt::Write as _;

/// A class of typical methods; 37 lines.
pub fn class(number: usize) -> String {
    let mut text = format!(
        "/// A generated account, number {number}.\nValue subclass: Account{number}\n  field: owner = \"nobody\"\n  field: balance = 0\n  field: history = #()\n\n"
    );
    for method in 0..6 {
        let _ = write!(
            text,
            "  /// Deposits and answers the new account.\n  deposit{method}: amount note: text =>\n    amount > 0 ifFalse: [^self error: \"amount must be positive\"]\n    entry := \"{{text}}: {{amount}}\"\n    next := self withBalance: self balance + amount * {method}\n    next withHistory: (self history add: entry)\n"
        );
    }
    text.push_str("  total => self history inject: 0 into: [:sum :each | sum + each size]\n");
    text
}

/// One class of at least `lines` lines, in the canonical layout, with something of everything.
pub fn long_class(lines: usize) -> String {
    let mut text = String::from("/// A long one.\nObject subclass: Long\n");
    for method in 0..lines.div_ceil(20) {
        let _ = write!(
            text,
            r#"
  /// Looks up and adds, step {method}.
  lookUp{method}: key :: Symbol in: table -> Integer | Nil =>
    // A remark that explains it.
    found := table at: key ifAbsent: [^nil]
    total := found * {method} + (table size - 1) abs
    log := Transcript show: "{{key}} is {{found printString}}"; cr; show: #done
    pairs := #{{#key => key, #total => total, "count" => 16rFF}}
    found > 100 and: [
      table isEmpty not
    ] ifTrue: [
      self lookUp{method}: #other in: #[1, 2.5, $a, #at:put:]
    ] ifFalse: [:each :index |
      each foo: index bar: -3
    ]
    total match: [
      0 -> pairs at: #key
      n :: Integer when: [n > 3] -> n + log size
      _ -> #(1, 2, 3) first
    ]
"#
        );
    }
    text
}
