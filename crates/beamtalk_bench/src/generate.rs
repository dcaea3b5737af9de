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

/// The module that one would write in Erlang for [`class`]'s class.
pub fn module(number: usize) -> String {
    let mut text = format!(
        "%%% A generated account, number {number}.\n-module(account{number}).\n-export([new/0, owner/1, balance/1, history/1, with_owner/2, with_balance/2, with_history/2, total/1]).\n-export([deposit0/3, deposit1/3, deposit2/3, deposit3/3, deposit4/3, deposit5/3]).\n\nnew() -> #{{owner => <<\"nobody\">>, balance => 0, history => []}}.\nowner(#{{owner := Owner}}) -> Owner.\nbalance(#{{balance := Balance}}) -> Balance.\nhistory(#{{history := History}}) -> History.\nwith_owner(Self, Owner) -> Self#{{owner := Owner}}.\nwith_balance(Self, Balance) -> Self#{{balance := Balance}}.\nwith_history(Self, History) -> Self#{{history := History}}.\n\n"
    );
    for method in 0..6 {
        let _ = write!(
            text,
            "%% Deposits and answers the new account.\ndeposit{method}(Self, Amount, Note) ->\n    Amount > 0 orelse error(\"amount must be positive\"),\n    Entry = iolist_to_binary(io_lib:format(\"~ts: ~tp\", [Note, Amount])),\n    Next = with_balance(Self, balance(Self) + Amount * {method}),\n    with_history(Next, history(Self) ++ [Entry]).\n"
        );
    }
    text.push_str(
        "total(Self) -> lists:foldl(fun(Each, Sum) -> Sum + byte_size(Each) end, 0, history(Self)).\n",
    );
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

/// How many kinds of receiver the polymorphic sends meet at most.
const KINDS: usize = 30;

/// The classes whose instances `bench/BenchDispatch.bt` sends messages to.
pub fn receivers() -> String {
    let mut text = String::new();
    for kind in 0..KINDS {
        let _ = write!(text, "Value subclass: BenchKind{kind}\n  one => {kind}\n");
        if kind == 0 {
            let all: Vec<String> = (0..KINDS).map(|kind| format!("BenchKind{kind} new")).collect();
            let _ = write!(text, "  class one => 1\n  class all => #({})\n", all.join(", "));
        }
        text.push('\n');
    }
    text.push_str("Value subclass: BenchLevel0\n  one => 1\n\n");
    for level in 1..=8 {
        let _ = writeln!(
            text,
            "BenchLevel{} subclass: BenchLevel{level}\n  oneOfSuper => super one\n",
            level - 1
        );
    }
    text.push_str("Value subclass: BenchProxy\n  doesNotUnderstand: _selector args: _arguments => 1\n\n");
    text.push_str("Integer >> benchOne => 1\n");
    text
}

/// Their peer in Erlang: a module with a clause for each kind.
pub fn kinds() -> String {
    let clauses: Vec<String> =
        (0..KINDS).map(|kind| format!("one(#{{shape := kind{kind}}}) -> {kind}")).collect();
    let makers: Vec<String> =
        (0..KINDS).map(|kind| format!("new({kind}) -> #{{shape => kind{kind}}}")).collect();
    format!(
        "-module(bench_kinds).\n-export([new/1, one/0, one/1]).\n{}.\none() -> 1.\n{}.\n",
        makers.join(";\n"),
        clauses.join(";\n")
    )
}
