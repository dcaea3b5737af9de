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
