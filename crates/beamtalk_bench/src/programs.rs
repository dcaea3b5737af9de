//! The programs that run on a node, in Beamtalk and in Erlang.

/// Selector, the baseline's function, and the argument.
pub const PROGRAMS: &[(&str, &str, u64)] = &[
    ("fib:", "fib", 27),
    ("loop:", "loop", 10_000_000),
    ("while:", "while", 10_000_000),
    ("closures:", "closures", 1_000_000),
    ("fold:", "fold", 300_000),
    ("poly:", "poly", 300_000),
    ("maps:", "maps", 300_000),
    ("strings:", "strings", 200_000),
    ("calls:", "calls", 200_000),
];

/// The sends of `bench/BenchDispatch.bt`: selector, the peer's function, and what they are.
pub const SENDS: &[(&str, &str, &str)] = &[
    ("monomorphic:", "monomorphic", "one class"),
    ("three:", "three", "three classes"),
    ("thirty:", "thirty", "thirty classes"),
    ("inherited:", "inherited", "inherited through eight classes"),
    ("classSide:", "class_side", "class side"),
    ("extension:", "extension", "extension of Integer"),
    ("super:", "super", "super"),
    ("doesNotUnderstand:", "does_not_understand", "doesNotUnderstand:args:"),
    ("performed:", "perform", "perform:"),
];

/// How many of each are timed.
pub const SEND_COUNT: u32 = 3_000_000;
