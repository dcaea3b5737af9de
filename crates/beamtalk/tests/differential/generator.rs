//! Programs by chance: a main method without arguments and a few methods that it calls, well-typed for the most part, with
//! loops that end. Every new variable has a new name.

use std::fmt::Write;

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Integer,
    Boolean,
    Text,
    List,
    /// A block without parameters that answers an Integer.
    Block,
    /// A block of one parameter that answers an Integer.
    Function,
}

struct Variable {
    name: String,
    of: Type,
    /// Whether a loop counts with it, so that nothing else may assign it.
    counts: bool,
}

struct Generator {
    chance: Chance,
    program: usize,
    helpers: usize,
    fresh: usize,
    scopes: Vec<Vec<Variable>>,
    /// Statements that may still be made.
    left: usize,
    depth: usize,
}

/// The methods of program number `program`.
pub fn methods(seed: u64, program: usize) -> String {
    let mut chance = Chance::new(seed);
    let left = 3 + chance.below(14);
    let mut generator =
        Generator { chance, program, helpers: 0, fresh: 0, scopes: Vec::new(), left, depth: 0 };
    let mut text = String::new();
    let helpers = generator.chance.below(4);
    for helper in 0..helpers {
        let scope = vec![
            Variable { name: "n".into(), of: Type::Integer, counts: false },
            Variable { name: "b".into(), of: Type::Function, counts: false },
        ];
        // It may call those before it, so no recursion is without end.
        generator.helpers = helper;
        let body = generator.body(scope);
        let _ = write!(text, "  class p{program}h{helper}: n with: b =>\n{body}");
    }
    generator.helpers = helpers;
    let body = generator.body(Vec::new());
    let _ = write!(text, "  class p{program} =>\n{body}");
    text
}

impl Generator {
    fn body(&mut self, scope: Vec<Variable>) -> String {
        self.scopes.push(scope);
        let log = self.name();
        let mut lines = vec![format!("{log} := #()")];
        self.scopes[0].push(Variable { name: log, of: Type::List, counts: false });
        self.left += 4;
        let count = 2 + self.chance.below(6);
        for _ in 0..count {
            lines.push(self.statement());
        }
        let last = match self.chance.below(3) {
            0 => self.expr(Type::Block, 2),
            1 => self.expr(Type::Integer, 2),
            _ => {
                let all: Vec<String> = self.scopes[0].iter().map(|variable| variable.name.clone()).collect();
                format!("#({})", all.join(", "))
            }
        };
        lines.push(last);
        self.scopes.pop();
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "    {line}");
            text
        })
    }

    fn name(&mut self) -> String {
        self.fresh += 1;
        format!("v{}", self.fresh)
    }

    fn declare(&mut self, of: Type, counts: bool) -> String {
        let name = self.name();
        let scope = self.scopes.last_mut().expect("inside a body");
        scope.push(Variable { name: name.clone(), of, counts });
        name
    }

    fn variable(&mut self, of: Type, to_assign: bool) -> Option<String> {
        let fitting: Vec<&Variable> = self
            .scopes
            .iter()
            .flatten()
            .filter(|variable| variable.of == of && !(to_assign && variable.counts))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let index = self.chance.below(fitting.len());
        Some(fitting[index].name.clone())
    }

    fn any_type(&mut self) -> Type {
        match self.chance.below(8) {
            0 => Type::Boolean,
            1 => Type::Text,
            2 | 3 => Type::List,
            4 => Type::Block,
            5 => Type::Function,
            _ => Type::Integer,
        }
    }

    // ---- statements ------------------------------------------------------------------------------------

    /// One to three statements with a scope of their own; parameters have been declared in it already.
    fn statements(&mut self, scope: Vec<Variable>, last: Option<Type>) -> String {
        self.scopes.push(scope);
        self.depth += 1;
        let mut parts = Vec::new();
        if self.depth < 4 {
            for _ in 0..self.chance.below(3) {
                if self.left > 0 {
                    parts.push(self.statement());
                }
            }
        }
        if let Some(of) = last {
            parts.push(self.expr(of, 1));
        } else if parts.is_empty() {
            parts.push(self.assignment());
        }
        self.depth -= 1;
        self.scopes.pop();
        parts.join(". ")
    }

    fn statement(&mut self) -> String {
        self.left = self.left.saturating_sub(1);
        let deep = self.depth >= 3;
        match self.chance.below(if deep { 6 } else { 20 }) {
            0 | 1 => {
                let of = self.any_type();
                let value = self.expr(of, 2);
                let name = self.declare(of, false);
                format!("{name} := {value}")
            }
            2..=4 => self.assignment(),
            5 => self.raising(),
            6 | 7 => self.conditional(),
            8 | 9 => self.repetition(),
            10 => {
                let body = self.statements(Vec::new(), None);
                let class = self.chance.pick(&["Error", "TypeError", "RuntimeError", "Exception", "nil"]);
                let handler = self.handler();
                format!("[{body}] on: {class} do: {handler}")
            }
            11 => {
                let (body, cleanup) = (self.statements(Vec::new(), None), self.statements(Vec::new(), None));
                format!("[{body}] ensure: [{cleanup}]")
            }
            12 => {
                let value = self.expr(Type::Integer, 2);
                let condition = self.expr(Type::Boolean, 1);
                format!("{condition} ifTrue: [^{value}]")
            }
            13 => {
                let value = self.expr(Type::Integer, 2);
                format!("self.s := self.s + ({value})")
            }
            14 => {
                let list = self.expr(Type::List, 1);
                let (a, rest) = (self.name(), self.name());
                let scope = self.scopes.last_mut().expect("inside a body");
                scope.push(Variable { name: a.clone(), of: Type::Integer, counts: false });
                scope.push(Variable { name: rest.clone(), of: Type::List, counts: false });
                format!("#({a}, ...{rest}) := {list}")
            }
            15 => {
                let block = self.expr(Type::Block, 1);
                format!("({block}) value")
            }
            16 => {
                let of = self.any_type();
                let body = self.statements(Vec::new(), Some(of));
                let name = self.declare(of, false);
                format!("{name} := [{body}] value")
            }
            17 => {
                // A loop that ends by `^` or by an error.
                let counter = self.declare(Type::Integer, true);
                let limit = self.chance.below(5);
                let body = self.statements(Vec::new(), None);
                let end = self.chance.pick(&["^#out", "nil stop", "Error signal: \"end\""]);
                format!(
                    "{counter} := 0. [{counter} := {counter} + 1. {counter} > {limit} ifTrue: [{end}]. {body}] repeat"
                )
            }
            _ => self.matching_statement(),
        }
    }

    fn assignment(&mut self) -> String {
        let of = self.any_type();
        if let Some(name) = self.variable(of, true) {
            let value = self.expr(of, 2);
            return format!("{name} := {value}");
        }
        let value = self.expr(Type::Integer, 2);
        match self.variable(Type::List, true) {
            Some(log) => format!("{log} := {log} ++ #({value})"),
            None => value,
        }
    }

    fn raising(&mut self) -> String {
        if self.chance.one_in(3) {
            let class =
                self.chance.pick(&["Error", "TypeError", "RuntimeError", "Exception", "InstantiationError"]);
            return format!("{class} signal: \"e{}\"", self.chance.below(10));
        }
        if self.chance.one_in(4) {
            let list = self.expr(Type::List, 1);
            return format!("({list}) at: {}", self.chance.below(4));
        }
        self.assignment()
    }

    fn conditional(&mut self) -> String {
        let condition = self.expr(Type::Boolean, 2);
        let (yes, no) = (self.statements(Vec::new(), None), self.statements(Vec::new(), None));
        match self.chance.below(4) {
            0 => format!("{condition} ifTrue: [{yes}]"),
            1 => format!("{condition} ifFalse: [{no}]"),
            2 => format!("({condition} and: [{yes}. true]) or: [{no}. false]"),
            _ => format!("{condition} ifTrue: [{yes}] ifFalse: [{no}]"),
        }
    }

    fn repetition(&mut self) -> String {
        let (count, step) = (self.chance.below(5), 1 + self.chance.below(3));
        let parameter = self.name();
        let with_parameter = || vec![Variable { name: parameter.clone(), of: Type::Integer, counts: false }];
        match self.chance.below(8) {
            0 => {
                let body = self.statements(Vec::new(), None);
                format!("{count} timesRepeat: [{body}]")
            }
            1 => {
                let body = self.statements(with_parameter(), None);
                format!("1 to: {count} do: [:{parameter} | {body}]")
            }
            2 => {
                let body = self.statements(with_parameter(), None);
                format!("{count} to: -2 by: -{step} do: [:{parameter} | {body}]")
            }
            3 | 4 => {
                let list = self.expr(Type::List, 1);
                let body = self.statements(with_parameter(), None);
                format!("({list}) do: [:{parameter} | {body}]")
            }
            5 => {
                let block = self.expr(Type::Function, 1);
                let list = self.expr(Type::List, 1);
                format!("({list}) do: ({block})")
            }
            6 => {
                let block = self.expr(Type::Block, 1);
                format!("{count} timesRepeat: ({block})")
            }
            _ => {
                let counter = self.declare(Type::Integer, true);
                let body = self.statements(Vec::new(), None);
                let (test, selector) = if self.chance.one_in(2) {
                    (format!("{counter} < {count}"), "whileTrue:")
                } else {
                    (format!("{counter} >= {count}"), "whileFalse:")
                };
                format!("{counter} := 0. [{test}] {selector} [{counter} := {counter} + 1. {body}]")
            }
        }
    }

    fn handler(&mut self) -> String {
        if self.chance.one_in(4) {
            let body = self.statements(Vec::new(), Some(Type::Integer));
            return format!("[{body}]");
        }
        let parameter = self.name();
        let body = self.statements(Vec::new(), None);
        let log = self.variable(Type::List, true);
        let noted = match (self.chance.below(4), log) {
            (0, _) => format!("{parameter} signal"),
            (1, Some(log)) => format!("{log} := {log} ++ #({parameter} kind, {parameter} message)"),
            (2, Some(log)) => format!("{log} := {log} ++ #({parameter} class)"),
            _ => "3".to_owned(),
        };
        format!("[:{parameter} | {body}. {noted}]")
    }

    fn matching_statement(&mut self) -> String {
        let arms = self.arms(Type::Integer, true);
        let scrutinee = self.scrutinee();
        format!("({scrutinee}) match: [{arms}]")
    }

    fn scrutinee(&mut self) -> String {
        match self.chance.below(4) {
            0 => {
                let (a, b) = (self.expr(Type::Integer, 1), self.expr(Type::Integer, 1));
                format!("Tuple withAll: #({a}, {b})")
            }
            1 => {
                let (a, b) = (self.expr(Type::Integer, 1), self.expr(Type::Text, 1));
                format!("#[{a}, {b}]")
            }
            _ => {
                let of = self.any_type();
                self.expr(of, 1)
            }
        }
    }

    fn arms(&mut self, of: Type, effects: bool) -> String {
        let mut arms = Vec::new();
        for _ in 0..=self.chance.below(4) {
            let (a, b) = (self.name(), self.name());
            let integer = |name: &String| Variable { name: name.clone(), of: Type::Integer, counts: true };
            let (pattern, scope) = match self.chance.below(8) {
                0 => (self.chance.below(4).to_string(), Vec::new()),
                1 => ("true1".to_owned(), Vec::new()),
                2 => (format!("{a} :: Integer"), vec![integer(&a)]),
                3 => (format!("{{{a}, {b}}}"), vec![integer(&a), integer(&b)]),
                4 => (format!("#[{a}, _]"), vec![integer(&a)]),
                5 => (format!("#({a}, {b})"), vec![integer(&a), integer(&b)]),
                6 => (format!("#[{a}, {a}]"), vec![integer(&a)]),
                _ => (
                    format!("{a} :: {}", self.chance.pick(&["String", "Boolean", "List", "Block", "Nil"])),
                    Vec::new(),
                ),
            };
            let pattern = if pattern == "true1" { "\"ab\"".to_owned() } else { pattern };
            let guarded = scope.len() == 1 && self.chance.one_in(3);
            self.scopes.push(scope);
            let guard =
                if guarded { format!(" when: [{a} > {}]", self.chance.below(5)) } else { String::new() };
            let body = match (effects, self.chance.below(6)) {
                (true, 0) => format!("^{}", self.expr(of, 1)),
                (true, 1) => match self.variable(Type::Integer, true) {
                    Some(name) => {
                        let value = self.expr(Type::Integer, 1);
                        format!("{name} := {value}")
                    }
                    None => self.expr(of, 1),
                },
                _ => self.expr(of, 1),
            };
            self.scopes.pop();
            arms.push(format!("{pattern}{guard} -> {body}"));
        }
        if !self.chance.one_in(8) {
            let body = self.expr(of, 1);
            arms.push(format!("_ -> {body}"));
        }
        arms.join("; ")
    }

    // ---- expressions -----------------------------------------------------------------------------------

    /// An expression that can stand as an operand.
    fn expr(&mut self, of: Type, depth: usize) -> String {
        if self.chance.one_in(60) {
            // Not what is expected.
            return self.chance.pick(&["nil", "(nil zork)", "#sym", "true", "\"t\"", "#()"]).to_owned();
        }
        if self.chance.one_in(3)
            && let Some(name) = self.variable(of, false)
        {
            return name;
        }
        let depth = depth.saturating_sub(1);
        match of {
            Type::Integer => self.integer(depth),
            Type::Boolean => self.boolean(depth),
            Type::Text => self.text(depth),
            Type::List => self.list(depth),
            Type::Block => {
                let body = self.statements(Vec::new(), Some(Type::Integer));
                format!("[{body}]")
            }
            Type::Function => {
                let parameter = self.name();
                let scope = vec![Variable { name: parameter.clone(), of: Type::Integer, counts: false }];
                let body = self.statements(scope, Some(Type::Integer));
                let early = if self.chance.one_in(6) {
                    format!("{parameter} > {} ifTrue: [^{parameter}]. ", self.chance.below(4))
                } else {
                    String::new()
                };
                format!("[:{parameter} | {early}{body}]")
            }
        }
    }

    fn integer(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.chance.below(12) {
                0 => "1152921504606846975".to_owned(),
                1 => "(-9223372036854775808)".to_owned(),
                2 => format!("(-{})", self.chance.below(9)),
                _ => self.chance.below(10).to_string(),
            };
        }
        match self.chance.below(16) {
            0..=4 => {
                let (a, b) = (self.expr(Type::Integer, depth), self.expr(Type::Integer, depth));
                let op = self.chance.pick(&["+", "-", "*", "+", "-", "div:", "%", "max:", "min:"]);
                format!("({a} {op} {b})")
            }
            5 => {
                let (a, b, c) = (
                    self.expr(Type::Integer, depth),
                    self.expr(Type::Integer, depth),
                    self.expr(Type::Integer, depth),
                );
                format!("({a} + {b} * {c})")
            }
            6 => {
                let (condition, a, b) = (
                    self.expr(Type::Boolean, depth),
                    self.expr(Type::Integer, depth),
                    self.expr(Type::Integer, depth),
                );
                format!("({condition} ifTrue: [{a}] ifFalse: [{b}])")
            }
            7 => {
                let block = self.expr(Type::Block, depth);
                let form = self.chance.pick(&["value", "perform: #value"]);
                format!("({block} {form})")
            }
            8 => {
                let (block, argument) = (self.expr(Type::Function, depth), self.expr(Type::Integer, depth));
                if self.chance.one_in(3) {
                    format!("({block} perform: #value: withArguments: #({argument}))")
                } else {
                    format!("({block} value: {argument})")
                }
            }
            9 | 10 if self.helpers > 0 => {
                let helper = self.chance.below(self.helpers);
                let (argument, block) = (self.expr(Type::Integer, depth), self.expr(Type::Function, depth));
                format!("(self p{}h{helper}: {argument} with: {block})", self.program)
            }
            11 => {
                let list = self.expr(Type::List, depth);
                let selector = self.chance.pick(&["size", "first", "size"]);
                format!("({list} {selector})")
            }
            12 => {
                let (list, sum, each) = (self.expr(Type::List, depth), self.name(), self.name());
                let scope = vec![
                    Variable { name: sum.clone(), of: Type::Integer, counts: false },
                    Variable { name: each.clone(), of: Type::Integer, counts: false },
                ];
                let body = self.statements(scope, Some(Type::Integer));
                format!("({list} inject: 0 into: [:{sum} :{each} | {body}])")
            }
            13 => {
                let (scrutinee, arms) = (self.scrutinee(), self.arms(Type::Integer, false));
                format!("(({scrutinee}) match: [{arms}])")
            }
            14 => match self.variable(Type::Integer, true) {
                Some(name) => {
                    let value = self.expr(Type::Integer, depth);
                    format!("({name} := {value})")
                }
                None => "self.s".to_owned(),
            },
            _ => {
                let value = self.expr(Type::Integer, depth);
                let form = self.chance.pick(&["negated", "abs", "ifNil: [3]", "ifNotNil: [4]", "yourself"]);
                format!("({value} {form})")
            }
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.chance.pick(&["true", "false"]).to_owned();
        }
        match self.chance.below(7) {
            0..=2 => {
                let (a, b) = (self.expr(Type::Integer, depth), self.expr(Type::Integer, depth));
                let op = self.chance.pick(&["<", ">", "<=", ">=", "=:=", "=/=", "=="]);
                format!("({a} {op} {b})")
            }
            3 => {
                let (a, b) = (self.expr(Type::Boolean, depth), self.expr(Type::Boolean, depth));
                let op = self.chance.pick(&["and:", "or:"]);
                format!("({a} {op} [{b}])")
            }
            4 => {
                let value = self.expr(Type::Boolean, depth);
                format!("({value} not)")
            }
            5 => {
                let value = self.expr(Type::Integer, depth);
                let test = self.chance.pick(&["isEven", "isOdd", "isNil", "notNil"]);
                format!("({value} {test})")
            }
            _ => {
                let list = self.expr(Type::List, depth);
                format!("({list} isEmpty)")
            }
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.chance.pick(&["\"\"", "\"ab\"", "\"xyz\""]).to_owned();
        }
        match self.chance.below(3) {
            0 => {
                let (a, b) = (self.expr(Type::Text, depth), self.expr(Type::Text, depth));
                format!("({a} ++ {b})")
            }
            1 => {
                let (a, b) = (self.expr(Type::Integer, 0), self.expr(Type::Text, 0));
                format!("\"<{{{a}}}-{{{b} size}}>\"")
            }
            _ => {
                let value = self.expr(Type::Integer, depth);
                format!("({value} printString)")
            }
        }
    }

    fn list(&mut self, depth: usize) -> String {
        let each = self.name();
        let with_each = || vec![Variable { name: each.clone(), of: Type::Integer, counts: false }];
        match self.chance.below(if depth == 0 { 1 } else { 6 }) {
            0 | 1 => {
                let values: Vec<String> =
                    (0..self.chance.below(5)).map(|_| self.expr(Type::Integer, depth)).collect();
                format!("#({})", values.join(", "))
            }
            2 => {
                let (a, b) = (self.expr(Type::List, depth), self.expr(Type::List, depth));
                format!("({a} ++ {b})")
            }
            3 => {
                let list = self.expr(Type::List, depth);
                let body = self.statements(with_each(), Some(Type::Integer));
                format!("({list} collect: [:{each} | {body}])")
            }
            4 => {
                let list = self.expr(Type::List, depth);
                let body = self.statements(with_each(), Some(Type::Boolean));
                let selector = self.chance.pick(&["select:", "reject:"]);
                format!("({list} {selector} [:{each} | {body}])")
            }
            _ => {
                let (list, block) = (self.expr(Type::List, depth), self.expr(Type::Function, depth));
                format!("({list} collect: {block})")
            }
        }
    }
}
