//! Values of the reference interpreter, how they print, and their order.

use beamtalk_syntax::ast::Block;
use num_bigint::BigInt;
use smol_str::SmolStr;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::rc::Rc;

/// A value.
#[derive(Clone)]
pub enum Value<'a> {
    Integer(BigInt),
    /// A symbol, `nil`, `true` or `false`.
    Atom(SmolStr),
    Text(Rc<str>),
    List(Rc<Vec<Value<'a>>>),
    Array(Rc<Vec<Value<'a>>>),
    Tuple(Rc<Vec<Value<'a>>>),
    Block(Rc<Closure<'a>>),
    Class(SmolStr),
    Exception(Rc<Exception>),
}

/// What was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub class: SmolStr,
    pub kind: SmolStr,
    pub message: String,
}

/// A block and what it captured.
pub struct Closure<'a> {
    pub block: &'a Block,
    pub scope: Rc<Scope<'a>>,
    pub home: Rc<Home>,
}

/// The activation of a method, to which `^` returns.
#[derive(Default)]
pub struct Home {
    pub ended: Cell<bool>,
}

/// Variables of one activation of a block or method.
#[derive(Default)]
pub struct Scope<'a> {
    pub names: RefCell<Vec<(SmolStr, Value<'a>)>>,
    pub outer: Option<Rc<Scope<'a>>>,
}

impl<'a> Scope<'a> {
    pub fn inside(outer: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { names: RefCell::default(), outer: Some(Rc::clone(outer)) })
    }

    pub fn declare(&self, name: &SmolStr, value: Value<'a>) {
        self.names.borrow_mut().push((name.clone(), value));
    }

    pub fn read(&self, name: &str) -> Option<Value<'a>> {
        let mut scope = Some(self);
        while let Some(this) = scope {
            if let Some((_, value)) = this.names.borrow().iter().rev().find(|(each, _)| each == name) {
                return Some(value.clone());
            }
            scope = this.outer.as_deref();
        }
        None
    }

    /// Assigns the nearest variable of the name, or makes one here.
    pub fn assign(&self, name: &SmolStr, value: Value<'a>) {
        let mut scope = Some(self);
        while let Some(this) = scope {
            if let Some((_, slot)) = this.names.borrow_mut().iter_mut().rev().find(|(each, _)| each == name) {
                *slot = value;
                return;
            }
            scope = this.outer.as_deref();
        }
        self.declare(name, value);
    }
}

pub fn atom<'a>(name: &str) -> Value<'a> {
    Value::Atom(name.into())
}

pub fn truth<'a>(truth: bool) -> Value<'a> {
    atom(if truth { "true" } else { "false" })
}

impl Value<'_> {
    pub fn class_name(&self) -> SmolStr {
        match self {
            Self::Integer(_) => "Integer".into(),
            Self::Atom(name) => match name.as_str() {
                "nil" => "UndefinedObject".into(),
                "true" => "True".into(),
                "false" => "False".into(),
                _ => "Symbol".into(),
            },
            Self::Text(_) => "String".into(),
            Self::List(_) => "List".into(),
            Self::Array(_) => "Array".into(),
            Self::Tuple(_) => "Tuple".into(),
            Self::Block(_) => "Block".into(),
            Self::Class(name) => name.clone(),
            Self::Exception(exception) => exception.class.clone(),
        }
    }

    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::Atom(atom) if atom == name)
    }

    /// The `printString`; none for what the interpreter does not print.
    pub fn print(&self, nested: bool) -> Option<String> {
        let all = |values: &[Self]| -> Option<String> {
            let printed: Option<Vec<_>> = values.iter().map(|value| value.print(true)).collect();
            Some(printed?.join(", "))
        };
        Some(match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Atom(name) if matches!(name.as_str(), "nil" | "true" | "false") => name.to_string(),
            Self::Atom(name) => format!("#{name}"),
            Self::Text(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            Self::List(values) => format!("#({})", all(values)?),
            Self::Array(values) => format!("#[{}]", all(values)?),
            Self::Tuple(values) => format!("{{{}}}", all(values)?),
            Self::Block(closure) if nested => format!("Block/{}", closure.block.parameters.len()),
            Self::Block(_) => "Block".to_owned(),
            Self::Class(name) => name.to_string(),
            Self::Exception(_) => return None,
        })
    }

    /// The `displayString`.
    pub fn display(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Atom(name) => Some(name.to_string()),
            other => other.print(false),
        }
    }

    /// Erlang's order of terms; none where a message would be sent or the order is nobody's business.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        let rank = |value: &Self| match value {
            Self::Integer(_) => Some(0),
            Self::Atom(_) => Some(1),
            Self::Tuple(_) => Some(2),
            Self::List(_) => Some(3),
            Self::Text(_) => Some(4),
            _ => None,
        };
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Atom(a), Self::Atom(b)) => Some(a.as_str().cmp(b.as_str())),
            (Self::Text(a), Self::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Self::Tuple(a), Self::Tuple(b)) if a.len() != b.len() => Some(a.len().cmp(&b.len())),
            (Self::Tuple(a), Self::Tuple(b)) | (Self::List(a), Self::List(b)) => {
                for (a, b) in a.iter().zip(b.iter()) {
                    match a.order(b)? {
                        Ordering::Equal => {}
                        decided => return Some(decided),
                    }
                }
                Some(a.len().cmp(&b.len()))
            }
            _ => Some(rank(self)?.cmp(&rank(other)?)),
        }
    }

    /// `=:=`; none for blocks and exceptions.
    pub fn same(&self, other: &Self) -> Option<bool> {
        let all = |a: &[Self], b: &[Self]| -> Option<bool> {
            if a.len() != b.len() {
                return Some(false);
            }
            for (a, b) in a.iter().zip(b) {
                if !a.same(b)? {
                    return Some(false);
                }
            }
            Some(true)
        };
        match (self, other) {
            (Self::Block(_) | Self::Exception(_), _) | (_, Self::Block(_) | Self::Exception(_)) => None,
            (Self::Integer(a), Self::Integer(b)) => Some(a == b),
            (Self::Atom(a), Self::Atom(b)) | (Self::Class(a), Self::Class(b)) => Some(a == b),
            (Self::Text(a), Self::Text(b)) => Some(a == b),
            (Self::List(a), Self::List(b))
            | (Self::Array(a), Self::Array(b))
            | (Self::Tuple(a), Self::Tuple(b)) => all(a, b),
            _ => Some(false),
        }
    }
}
