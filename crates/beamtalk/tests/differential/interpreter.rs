//! A tree walker for part of the language: integers, text, lists, closures, control flow, exceptions, matching and one class
//! variable. It is written for clarity, and knows nothing of how the compiler works.

use crate::value::{Closure, Exception, Home, Scope, Value, atom, truth};
use beamtalk_syntax::ast::{
    Arm, Expr, ExprKind, Item, Match, Member, Method, Pattern, PatternKind, Segment, SourceFile, Statement,
};
use num_bigint::BigInt;
use smol_str::SmolStr;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Why evaluation left the ordinary path.
pub enum Unwind<'a> {
    /// An exception.
    Raise(Rc<Exception>),
    /// `^`.
    Return(Rc<Home>, Value<'a>),
    /// The program leaves the part of the language that is modelled here, or takes too long.
    Abandon,
}

type Answer<'a> = Result<Value<'a>, Unwind<'a>>;

/// Evaluation steps that a program may take.
const FUEL: u32 = 30_000;
/// Deepest nesting of activations.
const DEPTH: u32 = 150;
/// Longest integer, in bits, and longest list or text.
const LONGEST: u64 = 4000;

/// What the modelled programs send to a List.
const COLLECTION: &[&str] = &[
    "size",
    "isEmpty",
    "reversed",
    "first",
    "at:",
    "++",
    "do:",
    "collect:",
    "select:",
    "reject:",
    "inject:into:",
    "detect:ifNone:",
];

const ARITHMETIC: &str = "bad arithmetic operation";

/// The methods of one class side, and its class variable `s`.
pub struct Interpreter<'a> {
    methods: HashMap<SmolStr, &'a Method>,
    transactions: HashSet<SmolStr>,
    state: Value<'a>,
    fuel: u32,
    depth: u32,
}

/// Where an expression is evaluated.
struct Context<'a> {
    scope: Rc<Scope<'a>>,
    home: Rc<Home>,
}

pub fn raise<'a, T>(class: &str, kind: &str, message: impl Into<String>) -> Result<T, Unwind<'a>> {
    Err(Unwind::Raise(Rc::new(Exception { class: class.into(), kind: kind.into(), message: message.into() })))
}

fn not_understood<'a, T>(receiver: &Value<'a>, selector: &str) -> Result<T, Unwind<'a>> {
    let message = format!("{} does not understand '{selector}'", receiver.class_name());
    raise("RuntimeError", "does_not_understand", message)
}

/// A message that is not modelled: collections other than List understand most of what a List does.
fn unknown<'a, T>(receiver: &Value<'a>, selector: &str) -> Result<T, Unwind<'a>> {
    let is_collection = matches!(receiver, Value::Text(_) | Value::Tuple(_) | Value::Array(_));
    if is_collection && COLLECTION.contains(&selector) {
        return abandon();
    }
    not_understood(receiver, selector)
}

fn arithmetic<'a, T>() -> Result<T, Unwind<'a>> {
    raise("TypeError", "type_error", ARITHMETIC)
}

fn abandon<'a, T>() -> Result<T, Unwind<'a>> {
    Err(Unwind::Abandon)
}

/// Superclasses of the exception classes.
fn inherits(class: &str, ancestor: &str) -> bool {
    let parent = match class {
        "Error" => "Exception",
        "RuntimeError" | "TypeError" | "InstantiationError" => "Error",
        _ => return class == ancestor,
    };
    class == ancestor || inherits(parent, ancestor)
}

fn is_exception_class(name: &str) -> bool {
    inherits(name, "Exception")
}

impl<'a> Interpreter<'a> {
    pub fn new(file: &'a SourceFile) -> Self {
        let mut methods = HashMap::new();
        for item in &file.items {
            let Item::Class(class) = item else { continue };
            for member in &class.members {
                if let Member::Method(method) = member {
                    methods.insert(method.signature.selector(), method);
                }
            }
        }
        let transactions = transactions(&methods);
        Self { methods, transactions, state: atom("nil"), fuel: 0, depth: 0 }
    }

    /// What the program prints, or none if it is not for this interpreter.
    pub fn run(&mut self, program: &str) -> Option<String> {
        self.fuel = FUEL;
        self.depth = 0;
        self.state = Value::Integer(0.into());
        let shown = match self.call(&program.into(), Vec::new()) {
            Ok(value) => value.print(false)?,
            Err(Unwind::Raise(raised)) => format!("! {} {} {}", raised.class, raised.kind, raised.message),
            Err(Unwind::Return(..) | Unwind::Abandon) => return None,
        };
        Some(format!("{shown} / {}", self.state.print(false)?))
    }

    fn call(&mut self, selector: &SmolStr, arguments: Vec<Value<'a>>) -> Answer<'a> {
        let Some(method) = self.methods.get(selector).copied() else {
            return not_understood(&Value::Class("Diff".into()), selector);
        };
        if self.depth > DEPTH {
            return abandon();
        }
        let scope = Rc::new(Scope::default());
        for (parameter, argument) in method.signature.parameters().zip(arguments) {
            scope.declare(&parameter.name.name, argument);
        }
        let context = Context { scope, home: Rc::new(Home::default()) };
        let before = self.transactions.contains(selector).then(|| self.state.clone());
        self.depth += 1;
        let answer = self.statements(&method.body, &context);
        self.depth -= 1;
        context.home.ended.set(true);
        match answer {
            Err(Unwind::Return(home, value)) if Rc::ptr_eq(&home, &context.home) => Ok(value),
            Err(Unwind::Raise(raised)) => {
                if let Some(before) = before {
                    self.state = before;
                }
                Err(Unwind::Raise(raised))
            }
            other => other,
        }
    }

    fn statements(&mut self, statements: &'a [Statement], context: &Context<'a>) -> Answer<'a> {
        let mut value = atom("nil");
        for statement in statements {
            value = self.expr(&statement.expr, context)?;
        }
        Ok(value)
    }

    fn expr(&mut self, expr: &'a Expr, context: &Context<'a>) -> Answer<'a> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Unwind::Abandon)?;
        match &expr.kind {
            ExprKind::Integer(integer) => Ok(Value::Integer(integer.clone())),
            ExprKind::String(text) => Ok(Value::Text(text.as_str().into())),
            ExprKind::Symbol(name) => Ok(Value::Atom(name.clone())),
            ExprKind::Nil => Ok(atom("nil")),
            ExprKind::True => Ok(truth(true)),
            ExprKind::False => Ok(truth(false)),
            ExprKind::Variable(name) => context.scope.read(name).ok_or(Unwind::Abandon),
            ExprKind::SelfRef => Ok(Value::Class("Diff".into())),
            ExprKind::Class(name) => Ok(Value::Class(name.name.name.clone())),
            ExprKind::Field { .. } => Ok(self.state.clone()),
            ExprKind::Paren(inner) => self.expr(inner, context),
            ExprKind::Interpolation(segments) => self.interpolation(segments, context),
            ExprKind::List { elements, tail: None } => {
                Ok(Value::List(Rc::new(self.exprs(elements, context)?)))
            }
            ExprKind::Array(elements) => Ok(Value::Array(Rc::new(self.exprs(elements, context)?))),
            ExprKind::Block(block) => Ok(Value::Block(Rc::new(Closure {
                block,
                scope: Rc::clone(&context.scope),
                home: Rc::clone(&context.home),
            }))),
            ExprKind::Assign(assign) => {
                let value = self.expr(&assign.value, context)?;
                match &assign.target.kind {
                    ExprKind::Variable(name) => context.scope.assign(name, value.clone()),
                    _ => self.state = value.clone(),
                }
                Ok(value)
            }
            ExprKind::Return(value) => {
                let value = self.expr(value, context)?;
                if context.home.ended.get() {
                    let message = "cannot return from a method that has already returned";
                    return raise("RuntimeError", "non_local_return", message);
                }
                Err(Unwind::Return(Rc::clone(&context.home), value))
            }
            ExprKind::Send(send) => {
                let receiver = self.expr(&send.receiver, context)?;
                let arguments = self.exprs(&send.message.arguments, context)?;
                self.send(receiver, &send.message.selector(), arguments)
            }
            ExprKind::Cascade { receiver, messages } => {
                let receiver = self.expr(receiver, context)?;
                let mut value = atom("nil");
                for message in messages {
                    let arguments = self.exprs(&message.arguments, context)?;
                    value = self.send(receiver.clone(), &message.selector(), arguments)?;
                }
                Ok(value)
            }
            ExprKind::Match(match_) => self.match_(match_, context),
            ExprKind::Destructure { pattern, value } => {
                let value = self.expr(value, context)?;
                self.destructure(pattern, &value, context)?;
                Ok(value)
            }
            _ => abandon(),
        }
    }

    fn exprs(&mut self, exprs: &'a [Expr], context: &Context<'a>) -> Result<Vec<Value<'a>>, Unwind<'a>> {
        exprs.iter().map(|expr| self.expr(expr, context)).collect()
    }

    fn interpolation(&mut self, segments: &'a [Segment], context: &Context<'a>) -> Answer<'a> {
        let mut text = String::new();
        for segment in segments {
            match segment {
                Segment::Text(literal) => text.push_str(literal),
                Segment::Expr(expr) => {
                    text.push_str(&self.expr(expr, context)?.display().ok_or(Unwind::Abandon)?);
                }
            }
        }
        Self::bounded(Value::Text(text.into()))
    }

    /// Runs a block.
    pub fn block(&mut self, block: &Value<'a>, arguments: Vec<Value<'a>>) -> Answer<'a> {
        let selector = ["value", "value:", "value:value:"].get(arguments.len()).ok_or(Unwind::Abandon)?;
        let Value::Block(closure) = block else { return not_understood(block, selector) };
        let (expected, given) = (closure.block.parameters.len(), arguments.len());
        if expected != given {
            let message =
                format!("Wrong number of arguments: block expects {expected} but was called with {given}");
            return raise("RuntimeError", "arity_mismatch", message);
        }
        if self.depth > DEPTH {
            return abandon();
        }
        let scope = Scope::inside(&closure.scope);
        for (parameter, argument) in closure.block.parameters.iter().zip(arguments) {
            scope.declare(&parameter.name.name, argument);
        }
        self.depth += 1;
        let answer = self.statements(&closure.block.body, &Context { scope, home: Rc::clone(&closure.home) });
        self.depth -= 1;
        answer
    }

    fn bounded(value: Value<'a>) -> Answer<'a> {
        let size = match &value {
            Value::Integer(integer) => integer.bits(),
            Value::Text(text) => text.len() as u64,
            Value::List(values) => values.len() as u64,
            _ => 0,
        };
        if size > LONGEST { abandon() } else { Ok(value) }
    }

    // ---- messages --------------------------------------------------------------------------------------

    fn send(&mut self, receiver: Value<'a>, selector: &SmolStr, mut arguments: Vec<Value<'a>>) -> Answer<'a> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Unwind::Abandon)?;
        match (selector.as_str(), arguments.as_slice()) {
            ("=:=" | "==", [other]) => return receiver.same(other).map(truth).ok_or(Unwind::Abandon),
            ("=/=" | "/=", [other]) => {
                return receiver.same(other).map(|same| truth(!same)).ok_or(Unwind::Abandon);
            }
            ("yourself", []) => return Ok(receiver),
            ("isNil", []) => return Ok(truth(receiver.is("nil"))),
            ("notNil", []) => return Ok(truth(!receiver.is("nil"))),
            ("printString", []) if !matches!(receiver, Value::Class(_)) => {
                return Ok(Value::Text(receiver.print(false).ok_or(Unwind::Abandon)?.into()));
            }
            ("error:", [Value::Text(text)]) if !matches!(receiver, Value::Class(_)) => {
                return raise("Error", "user_error", text.to_string());
            }
            ("perform:", [Value::Atom(name)]) => {
                let name = name.clone();
                return self.send(receiver, &name, Vec::new());
            }
            ("perform:withArguments:", [Value::Atom(name), Value::List(given)]) => {
                let (name, given) = (name.clone(), given.to_vec());
                return self.send(receiver, &name, given);
            }
            ("ifNil:", [block]) => {
                return if receiver.is("nil") { self.block(block, Vec::new()) } else { Ok(receiver) };
            }
            ("ifNotNil:", [block]) => return self.if_not_nil(receiver, block),
            ("ifNil:ifNotNil:", [on_nil, block]) => {
                return if receiver.is("nil") {
                    self.block(on_nil, Vec::new())
                } else {
                    self.if_not_nil(receiver, block)
                };
            }
            _ => {}
        }
        match &receiver {
            Value::Integer(integer) => self.integer(integer, selector, &arguments),
            Value::Atom(name) if name == "true" || name == "false" => {
                self.boolean(name == "true", selector, &arguments)
            }
            Value::Text(text) => match (selector.as_str(), arguments.as_slice()) {
                ("size", []) => Ok(Value::Integer(text.len().into())),
                ("++", [Value::Text(other)]) => Self::bounded(Value::Text(format!("{text}{other}").into())),
                ("++", [_]) => raise("RuntimeError", "argument_error", "invalid argument"),
                _ => Self::compare(&receiver, selector, &arguments),
            },
            Value::List(values) => self.list(&Rc::clone(values), selector, &arguments),
            Value::Block(_) => self.on_block(&receiver, selector, &arguments),
            Value::Exception(exception) => match (selector.as_str(), arguments.as_slice()) {
                ("message", []) => Ok(Value::Text(exception.message.as_str().into())),
                ("kind", []) => Ok(Value::Atom(exception.kind.clone())),
                ("class", []) => Ok(Value::Class(exception.class.clone())),
                ("signal", []) => Err(Unwind::Raise(Rc::clone(exception))),
                _ => not_understood(&receiver, selector),
            },
            Value::Class(name) if is_exception_class(name) => match (selector.as_str(), arguments.pop()) {
                ("signal", None) => signal(name, name),
                ("signal:", Some(Value::Text(text))) => signal(name, &text),
                _ => abandon(),
            },
            Value::Class(name) if name == "Tuple" && selector == "withAll:" => match arguments.pop() {
                Some(Value::List(values)) => Ok(Value::Tuple(values)),
                _ => abandon(),
            },
            Value::Class(name) if name == "Diff" => self.call(selector, arguments),
            Value::Atom(_) | Value::Tuple(_) => Self::compare(&receiver, selector, &arguments),
            Value::Array(_) | Value::Class(_) => unknown(&receiver, selector),
        }
    }

    fn if_not_nil(&mut self, receiver: Value<'a>, block: &Value<'a>) -> Answer<'a> {
        match block {
            _ if receiver.is("nil") => Ok(receiver),
            Value::Block(closure) if closure.block.parameters.is_empty() => self.block(block, Vec::new()),
            _ => self.block(block, vec![receiver]),
        }
    }

    fn compare(receiver: &Value<'a>, selector: &str, arguments: &[Value<'a>]) -> Answer<'a> {
        match (selector, arguments) {
            ("<" | ">" | "<=" | ">=", [other]) => {
                let order = receiver.order(other).ok_or(Unwind::Abandon)?;
                Ok(truth(match selector {
                    "<" => order.is_lt(),
                    ">" => order.is_gt(),
                    "<=" => order.is_le(),
                    _ => order.is_ge(),
                }))
            }
            _ => unknown(receiver, selector),
        }
    }

    fn integer(&mut self, a: &BigInt, selector: &str, arguments: &[Value<'a>]) -> Answer<'a> {
        let zero = BigInt::from(0);
        let result = match (selector, arguments) {
            ("+", [Value::Integer(b)]) => a + b,
            ("-", [Value::Integer(b)]) => a - b,
            ("*", [Value::Integer(b)]) => a * b,
            ("div:", [Value::Integer(b)]) if *b != zero => a / b,
            ("%", [Value::Integer(b)]) if *b != zero => a % b,
            ("+" | "-" | "*" | "div:" | "%", [_]) => return arithmetic(),
            ("max:", [Value::Integer(b)]) => a.max(b).clone(),
            ("min:", [Value::Integer(b)]) => a.min(b).clone(),
            ("negated", []) => -a,
            ("abs", []) => a.magnitude().clone().into(),
            ("isEven", []) => return Ok(truth(a % 2 == zero)),
            ("isOdd", []) => return Ok(truth(a % 2 != zero)),
            ("timesRepeat:", [block]) => {
                let mut left = a.clone();
                while left > zero {
                    self.block(block, Vec::new())?;
                    left -= 1;
                }
                return Ok(atom("nil"));
            }
            ("to:do:", [Value::Integer(to), block]) => return self.count(a, to, &1.into(), block),
            ("to:by:do:", [Value::Integer(to), Value::Integer(by), block]) => {
                return self.count(a, to, by, block);
            }
            ("to:do:" | "to:by:do:" | "max:" | "min:", _) => return abandon(),
            _ => return Self::compare(&Value::Integer(a.clone()), selector, arguments),
        };
        Self::bounded(Value::Integer(result))
    }

    fn count(&mut self, from: &BigInt, to: &BigInt, by: &BigInt, block: &Value<'a>) -> Answer<'a> {
        let zero = BigInt::from(0);
        let mut at = from.clone();
        while (*by > zero && at <= *to) || (*by < zero && at >= *to) {
            self.block(block, vec![Value::Integer(at.clone())])?;
            at += by;
        }
        Ok(atom("nil"))
    }

    fn boolean(&mut self, is_true: bool, selector: &str, arguments: &[Value<'a>]) -> Answer<'a> {
        let this = truth(is_true);
        match (selector, arguments) {
            ("ifTrue:" | "and:", [block]) => {
                if is_true {
                    self.block(block, Vec::new())
                } else {
                    Ok(this)
                }
            }
            ("ifFalse:" | "or:", [block]) => {
                if is_true {
                    Ok(this)
                } else {
                    self.block(block, Vec::new())
                }
            }
            ("ifTrue:ifFalse:", [yes, no]) => self.block(if is_true { yes } else { no }, Vec::new()),
            ("not", []) => Ok(truth(!is_true)),
            ("xor:", [other]) if is_true => self.send(other.clone(), &"not".into(), Vec::new()),
            ("xor:", [other]) => Ok(other.clone()),
            _ => Self::compare(&this, selector, arguments),
        }
    }

    fn list(&mut self, values: &Rc<Vec<Value<'a>>>, selector: &str, arguments: &[Value<'a>]) -> Answer<'a> {
        let this = Value::List(Rc::clone(values));
        let takes_block = ["do:", "collect:", "select:", "reject:", "inject:into:", "detect:ifNone:"];
        if takes_block.contains(&selector) && !matches!(arguments.last(), Some(Value::Block(_))) {
            // What the library says to that is its own affair.
            return abandon();
        }
        let mut kept = Vec::new();
        match (selector, arguments) {
            ("size", []) => return Ok(Value::Integer(values.len().into())),
            ("isEmpty", []) => return Ok(truth(values.is_empty())),
            ("reversed", []) => kept = values.iter().rev().cloned().collect(),
            ("first", []) => {
                return match values.first() {
                    Some(value) => Ok(value.clone()),
                    None => raise("RuntimeError", "empty_collection", "'first': List is empty"),
                };
            }
            ("at:", [Value::Integer(index)]) if values.is_empty() && *index > BigInt::from(0) => {
                return raise("RuntimeError", "empty_collection", "'at:': List is empty");
            }
            ("at:", [Value::Integer(index)]) => {
                let found = usize::try_from(index).ok().and_then(|index| values.get(index.checked_sub(1)?));
                return match found {
                    Some(value) => Ok(value.clone()),
                    None => {
                        raise("RuntimeError", "index_out_of_bounds", "'at:': index out of bounds for List")
                    }
                };
            }
            ("++", [Value::List(others)]) => kept = values.iter().chain(others.iter()).cloned().collect(),
            ("do:", [block]) => {
                for value in values.iter() {
                    self.block(block, vec![value.clone()])?;
                }
                return Ok(atom("nil"));
            }
            ("collect:", [block]) => {
                for value in values.iter() {
                    kept.push(self.block(block, vec![value.clone()])?);
                }
            }
            ("select:" | "reject:", [block]) => {
                for value in values.iter() {
                    if self.test(block, value)? == (selector == "select:") {
                        kept.push(value.clone());
                    }
                }
            }
            ("inject:into:", [start, block]) => {
                let mut sum = start.clone();
                for value in values.iter() {
                    sum = self.block(block, vec![sum, value.clone()])?;
                }
                return Ok(sum);
            }
            ("detect:ifNone:", [block, otherwise]) => {
                for value in values.iter() {
                    if self.test(block, value)? {
                        return Ok(value.clone());
                    }
                }
                return self.block(otherwise, Vec::new());
            }
            ("++" | "at:", _) => return abandon(),
            _ => return Self::compare(&this, selector, arguments),
        }
        Self::bounded(Value::List(Rc::new(kept)))
    }

    fn test(&mut self, block: &Value<'a>, value: &Value<'a>) -> Result<bool, Unwind<'a>> {
        match self.block(block, vec![value.clone()])? {
            Value::Atom(name) if name == "true" => Ok(true),
            Value::Atom(name) if name == "false" => Ok(false),
            _ => abandon(),
        }
    }

    fn on_block(&mut self, this: &Value<'a>, selector: &str, arguments: &[Value<'a>]) -> Answer<'a> {
        match (selector, arguments) {
            ("value" | "value:" | "value:value:", _) => self.block(this, arguments.to_vec()),
            ("whileTrue:" | "whileFalse:", [body]) => loop {
                let condition = self.block(this, Vec::new())?;
                if !condition.is("true") && !condition.is("false") {
                    return raise("TypeError", "type_error", "Type error in 'whileTrue:' on Block");
                }
                if condition.is("true") != (selector == "whileTrue:") {
                    return Ok(atom("nil"));
                }
                self.block(body, Vec::new())?;
            },
            ("repeat", []) => loop {
                self.block(this, Vec::new())?;
            },
            ("ensure:", [cleanup]) => {
                let answer = self.block(this, Vec::new());
                if !matches!(answer, Err(Unwind::Abandon)) {
                    self.block(cleanup, Vec::new())?;
                }
                answer
            }
            ("on:do:", [filter, handler]) => match self.block(this, Vec::new()) {
                Err(Unwind::Raise(raised)) => {
                    let caught = match filter {
                        Value::Class(name) => inherits(&raised.class, name),
                        other => other.is("nil"),
                    };
                    match handler {
                        _ if !caught => Err(Unwind::Raise(raised)),
                        Value::Block(closure) if closure.block.parameters.is_empty() => {
                            self.block(handler, Vec::new())
                        }
                        _ => self.block(handler, vec![Value::Exception(raised)]),
                    }
                }
                other => other,
            },
            _ => not_understood(this, selector),
        }
    }

    // ---- patterns --------------------------------------------------------------------------------------

    fn match_(&mut self, match_: &'a Match, context: &Context<'a>) -> Answer<'a> {
        let value = self.expr(&match_.scrutinee, context)?;
        for arm in &match_.arms {
            if let Some(answer) = self.arm(arm, &value, context)? {
                return Ok(answer);
            }
        }
        // Errors show long values in short.
        let shown = value.print(false).filter(|shown| shown.len() < 100).ok_or(Unwind::Abandon)?;
        raise("RuntimeError", "internal_error", format!("no match: arm matched {shown} (case_clause)"))
    }

    fn arm(
        &mut self,
        arm: &'a Arm,
        value: &Value<'a>,
        context: &Context<'a>,
    ) -> Result<Option<Value<'a>>, Unwind<'a>> {
        let inner = Context { scope: Scope::inside(&context.scope), home: Rc::clone(&context.home) };
        if !self.fits(&arm.pattern, value, &inner)? {
            return Ok(None);
        }
        if let Some(guard) = &arm.guard
            && !self.expr(guard, &inner)?.is("true")
        {
            return Ok(None);
        }
        self.expr(&arm.body, &inner).map(Some)
    }

    fn fits(
        &mut self,
        pattern: &'a Pattern,
        value: &Value<'a>,
        inner: &Context<'a>,
    ) -> Result<bool, Unwind<'a>> {
        Ok(match (&pattern.kind, value) {
            (PatternKind::Wildcard, _) => true,
            (PatternKind::Variable(name), _) => {
                // The scope is this pattern's own: a name that it has already must be the same value.
                let bound = inner.scope.names.borrow().iter().find(|(each, _)| each == name).cloned();
                if let Some((_, bound)) = bound {
                    bound.same(value).ok_or(Unwind::Abandon)?
                } else {
                    inner.scope.declare(name, value.clone());
                    true
                }
            }
            (PatternKind::Typed { name, class }, _) => {
                let fits = match class.name.name.as_str() {
                    "Boolean" => value.is("true") || value.is("false"),
                    "Nil" => value.is("nil"),
                    class => value.class_name() == class,
                };
                inner.scope.declare(&name.name, value.clone());
                fits
            }
            (PatternKind::Literal(literal), Value::Block(_)) => {
                let _ = literal;
                false
            }
            (PatternKind::Literal(literal), _) => {
                let literal = self.expr(literal, inner)?;
                literal.same(value).ok_or(Unwind::Abandon)?
            }
            (PatternKind::Tuple(patterns), Value::Tuple(values))
            | (PatternKind::Array { elements: patterns, rest: None }, Value::Array(values))
            | (PatternKind::List { elements: patterns, rest: None }, Value::List(values)) => {
                self.all_fit(patterns, values, inner)?
            }
            (PatternKind::Tuple(_) | PatternKind::Array { .. } | PatternKind::List { .. }, _) => false,
            _ => return abandon(),
        })
    }

    fn all_fit(
        &mut self,
        patterns: &'a [Pattern],
        values: &[Value<'a>],
        inner: &Context<'a>,
    ) -> Result<bool, Unwind<'a>> {
        if patterns.len() != values.len() {
            return Ok(false);
        }
        for (pattern, value) in patterns.iter().zip(values) {
            if !self.fits(pattern, value, inner)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `#(a, b, ...rest) := value` with plain names.
    fn destructure(
        &mut self,
        pattern: &'a Pattern,
        value: &Value<'a>,
        context: &Context<'a>,
    ) -> Result<(), Unwind<'a>> {
        let PatternKind::List { elements, rest } = &pattern.kind else { return abandon() };
        let Value::List(values) = value else { return abandon() };
        let mut bound = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let PatternKind::Variable(name) = &element.kind else { return abandon() };
            let position = Value::Integer((index + 1).into());
            bound.push((name, self.list(values, "at:", &[position])?));
        }
        if let Some(name) = rest.as_ref().and_then(|rest| rest.name.as_ref()) {
            let others = values.iter().skip(elements.len()).cloned().collect();
            bound.push((&name.name, Value::List(Rc::new(others))));
        }
        for (name, value) in bound {
            context.scope.assign(name, value);
        }
        Ok(())
    }
}

fn signal<'a>(class: &str, message: &str) -> Answer<'a> {
    let kind = match class {
        "TypeError" => "type_error",
        "InstantiationError" => "instantiation_error",
        _ => "signal",
    };
    raise(class, kind, message)
}

/// The selectors whose methods assign the class variable, by themselves or by a message to `self`, also in their blocks:
/// each such method is a transaction.
fn transactions(methods: &HashMap<SmolStr, &Method>) -> HashSet<SmolStr> {
    let mut found = HashSet::new();
    loop {
        let before = found.len();
        for (selector, method) in methods {
            if method.body.iter().any(|statement| writes(&statement.expr, &found)) {
                found.insert(selector.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn writes(expr: &Expr, writing: &HashSet<SmolStr>) -> bool {
    let to_self = |receiver: &Expr| matches!(receiver.unparenthesised().kind, ExprKind::SelfRef);
    let mut found = match &expr.kind {
        ExprKind::Assign(assign) => matches!(assign.target.kind, ExprKind::Field { .. }),
        ExprKind::Send(send) => to_self(&send.receiver) && writing.contains(&send.message.selector()),
        ExprKind::Cascade { receiver, messages } => {
            to_self(receiver) && messages.iter().any(|message| writing.contains(&message.selector()))
        }
        _ => false,
    };
    expr.for_each_child(&mut |child| found |= writes(child, writing));
    found
}
