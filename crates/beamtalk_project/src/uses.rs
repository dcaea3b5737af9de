//! What the methods of a source use: messages, classes, fields, Erlang functions, announcements.
//!
//! A source never changes, so it is read once, when the first question comes ([`Source::uses`]); questions about thousands of
//! classes then look at plain lists. Lines are those of a method's own text, from 1.

use beamtalk_semantics::Side;
use beamtalk_syntax::ast::{self, Expr, ExprKind, PatternKind, TypeKind};
use beamtalk_text::{LineIndex, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::library::LIBRARY;
use crate::methods::lines_above;
use crate::unit::Source;

/// What an item of a source uses: a class with all its methods, or one standalone method.
#[derive(Debug, Default)]
pub(crate) struct ItemUses {
    /// By method, in their order.
    pub methods: Vec<MethodUses>,
    /// Messages that initial values of fields send.
    pub initial: Vec<SmolStr>,
}

/// What a method uses. Lists are in the order of the text, except where they say another.
#[derive(Debug)]
pub(crate) struct MethodUses {
    pub side: Side,
    pub selector: SmolStr,
    /// The messages it sends, before those that their receivers and arguments send. Calls of Erlang are none.
    pub sends: Vec<Sent>,
    /// The classes it names, in annotations too.
    pub classes: Vec<Mention>,
    /// The fields of `self`.
    pub fields: Vec<FieldUse>,
    /// The Erlang functions it calls.
    pub calls: Vec<ErlangCall>,
    /// The classes of what it announces, as far as that can be seen.
    pub announced: Vec<Mention>,
    /// Whether its text says that its body is not in it.
    pub is_primitive: bool,
}

/// A message and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub selector: SmolStr,
    pub line: u32,
    /// To `self` or `super`.
    pub to_self: bool,
}

/// A class's name and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub package: Option<SmolStr>,
    pub name: SmolStr,
    pub line: u32,
}

/// A field of `self`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldUse {
    pub name: SmolStr,
    pub line: u32,
    /// Assigned to, not read.
    pub is_write: bool,
}

/// `Erlang module function: a with: b`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ErlangCall {
    pub module: SmolStr,
    pub function: SmolStr,
    /// How many arguments, where that can be seen.
    pub arguments: Option<usize>,
    pub line: u32,
}

impl Source {
    /// What its items use, item by item.
    pub(crate) fn uses(&self) -> &[ItemUses] {
        self.uses.get_or_init(|| {
            let lines = LineIndex::new(&self.text);
            self.parsed.file.items.iter().map(|item| self.item_uses(item, &lines)).collect()
        })
    }

    fn item_uses(&self, item: &ast::Item, lines: &LineIndex<'_>) -> ItemUses {
        let text = &self.text;
        let of = |method: &ast::Method, side, head| {
            let first = lines.line(method.span.start);
            let shift = Shift { first, above: lines_above(method, head, text) };
            let start = method.doc.as_ref().map_or(method.span.start, |doc| doc.span.start);
            let whole = Span::new(start.min(method.span.start), method.span.end).text(text);
            let is_primitive = whole.contains("@primitive") || whole.contains("@intrinsic");
            MethodUses { side, is_primitive, ..read(method, lines, shift) }
        };
        match item {
            ast::Item::Class(class) => {
                let mut uses = ItemUses::default();
                for member in &class.members {
                    match member {
                        ast::Member::Method(method) => {
                            let side = if method.is_class_side() { Side::Class } else { Side::Instance };
                            uses.methods.push(of(method, side, method.span.start));
                        }
                        ast::Member::Data(data) => {
                            let mut reader = Reader::new(lines, Shift::default());
                            data.default.iter().for_each(|default| reader.expr(default));
                            uses.initial.extend(reader.uses.sends.into_iter().map(|sent| sent.selector));
                        }
                    }
                }
                uses
            }
            ast::Item::Extension(extension) => {
                let side = if extension.class_side { Side::Class } else { Side::Instance };
                let method = of(&extension.method, side, extension.span.start);
                ItemUses { methods: vec![method], initial: Vec::new() }
            }
            ast::Item::Protocol(_) | ast::Item::TypeAlias(_) | ast::Item::Statement(_) => ItemUses::default(),
        }
    }
}

/// What a method that stands alone in a source uses; lines are those of the source.
pub(crate) fn of_whole(method: &ast::Method, source: &Source) -> MethodUses {
    read(method, &LineIndex::new(&source.text), Shift::default())
}

fn read(method: &ast::Method, lines: &LineIndex<'_>, shift: Shift) -> MethodUses {
    let mut reader = Reader::new(lines, shift);
    for parameter in method.signature.parameters() {
        reader.parameter(parameter);
    }
    method.return_type.iter().for_each(|each| reader.annotation(each));
    for statement in &method.body {
        reader.variables.note(&statement.expr);
    }
    for statement in &method.body {
        reader.expr(&statement.expr);
    }
    MethodUses { selector: method.signature.selector(), ..reader.uses }
}

/// How lines of the file become lines of the method's text.
#[derive(Clone, Copy)]
struct Shift {
    /// The line of the file that the method begins at.
    first: u32,
    /// How many lines of the method's text are before that.
    above: u32,
}

impl Default for Shift {
    fn default() -> Self {
        Self { first: 1, above: 0 }
    }
}

struct Reader<'a> {
    lines: &'a LineIndex<'a>,
    shift: Shift,
    variables: Variables<'a>,
    uses: MethodUses,
}

impl<'a> Reader<'a> {
    fn new(lines: &'a LineIndex<'a>, shift: Shift) -> Self {
        let uses = MethodUses {
            side: Side::Instance,
            selector: SmolStr::default(),
            sends: Vec::new(),
            classes: Vec::new(),
            fields: Vec::new(),
            calls: Vec::new(),
            announced: Vec::new(),
            is_primitive: false,
        };
        Self { lines, shift, variables: Variables::default(), uses }
    }

    fn line(&self, at: Span) -> u32 {
        (self.lines.line(at.start) + self.shift.above + 1).saturating_sub(self.shift.first)
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Send(send) => self.messages(&send.receiver, std::slice::from_ref(&send.message)),
            ExprKind::Cascade { receiver, messages } => self.messages(receiver, messages),
            ExprKind::Class(name) => self.class(name),
            ExprKind::Field { receiver, name } if receiver.kind == ExprKind::SelfRef => {
                self.field(name, false);
            }
            ExprKind::Assign(assign) => {
                match &assign.target.kind {
                    ExprKind::Field { receiver, name } if receiver.kind == ExprKind::SelfRef => {
                        self.field(name, true);
                    }
                    _ => self.expr(&assign.target),
                }
                assign.annotation.iter().for_each(|each| self.annotation(each));
                self.expr(&assign.value);
            }
            ExprKind::Block(block) => {
                block.parameters.iter().for_each(|each| self.parameter(each));
                block.body.iter().for_each(|statement| self.expr(&statement.expr));
            }
            ExprKind::Destructure { pattern, value } => {
                self.pattern(pattern);
                self.expr(value);
            }
            ExprKind::Match(match_) => {
                self.expr(&match_.scrutinee);
                for arm in &match_.arms {
                    self.pattern(&arm.pattern);
                    arm.guard.iter().for_each(|guard| self.expr(guard));
                    self.expr(&arm.body);
                }
            }
            _ => expr.for_each_child(&mut |child| self.expr(child)),
        }
    }

    /// The messages to one receiver: a send, or a cascade.
    fn messages(&mut self, receiver: &'a Expr, messages: &'a [ast::Message]) {
        let module = self.variables.proxied(receiver);
        let target = &receiver.unparenthesised().kind;
        let to_self = matches!(target, ExprKind::SelfRef | ExprKind::Super);
        for (index, message) in messages.iter().enumerate() {
            let selector = message.selector();
            let line = message.parts.first().map_or(0, |part| self.line(part.span));
            let call = module.as_ref().and_then(|module| erlang_call(module, message, &selector, line));
            let is_call = call.is_some();
            self.uses.calls.extend(call);
            if !is_call && !is_to_gateway(receiver, &selector) {
                self.uses.sends.push(Sent { selector: selector.clone(), line, to_self });
            }
            if ANNOUNCING.contains(&selector.as_str()) {
                let mut made = Vec::new();
                message.arguments.iter().take(1).for_each(|event| self.variables.made(event, 0, &mut made));
                let mentions = made.into_iter().map(|class| mention(class, line));
                self.uses.announced.extend(mentions);
            }
            if index == 0 {
                self.expr(receiver);
            }
            message.arguments.iter().for_each(|argument| self.expr(argument));
        }
    }

    fn class(&mut self, name: &ast::ClassName) {
        let line = self.line(name.span);
        self.uses.classes.push(mention(name, line));
    }

    fn field(&mut self, name: &ast::Ident, is_write: bool) {
        let line = self.line(name.span);
        self.uses.fields.push(FieldUse { name: name.name.clone(), line, is_write });
    }

    fn parameter(&mut self, parameter: &'a ast::Parameter) {
        self.variables.bound.insert(&parameter.name.name);
        parameter.annotation.iter().for_each(|each| self.annotation(each));
    }

    fn annotation(&mut self, annotation: &ast::TypeExpr) {
        match &annotation.kind {
            TypeKind::Name { name, arguments } => {
                self.class(name);
                for each in arguments {
                    self.annotation(each);
                }
            }
            TypeKind::ClassOf(name) => self.class(name),
            TypeKind::Union(members) => {
                for each in members {
                    self.annotation(each);
                }
            }
            TypeKind::Intersection(a, b) | TypeKind::Difference(a, b) => {
                self.annotation(a);
                self.annotation(b);
            }
            TypeKind::Paren(inner) => self.annotation(inner),
            TypeKind::SelfType | TypeKind::SelfClass | TypeKind::Singleton(_) | TypeKind::Error => {}
        }
    }

    fn pattern(&mut self, pattern: &ast::Pattern) {
        each_pattern(pattern, &mut |pattern| match &pattern.kind {
            PatternKind::Typed { class, .. } | PatternKind::Constructor { class, .. } => self.class(class),
            _ => {}
        });
    }
}

fn mention(name: &ast::ClassName, line: u32) -> Mention {
    let package = name.package.as_ref().map(|package| package.name.clone());
    Mention { package, name: name.name.name.clone(), line }
}

/// A pattern and those inside of it.
fn each_pattern<'p>(pattern: &'p ast::Pattern, visit: &mut dyn FnMut(&'p ast::Pattern)) {
    visit(pattern);
    match &pattern.kind {
        PatternKind::Tuple(elements)
        | PatternKind::Array { elements, .. }
        | PatternKind::List { elements, .. } => {
            for each in elements {
                each_pattern(each, visit);
            }
        }
        PatternKind::Dictionary(pairs) => {
            for (_, each) in pairs {
                each_pattern(each, visit);
            }
        }
        PatternKind::Constructor { parts, .. } => {
            for (_, each) in parts {
                each_pattern(each, visit);
            }
        }
        PatternKind::Wildcard
        | PatternKind::Variable(_)
        | PatternKind::Typed { .. }
        | PatternKind::Literal(_)
        | PatternKind::Binary(_)
        | PatternKind::Error => {}
    }
}

// ---- Erlang ------------------------------------------------------------------------------------------------

/// Whether a class of the library answers the message itself.
fn is_understood(class: &str, side: Side, selector: &str) -> bool {
    LIBRARY.table.find_method(class, side, selector).is_some()
}

/// Whether a message goes to the class `Erlang`, to whom every name that it does not know is an Erlang module.
fn is_to_gateway(receiver: &Expr, selector: &str) -> bool {
    let ExprKind::Class(name) = &receiver.unparenthesised().kind else { return false };
    name.name.name == "Erlang"
        && name.package.is_none()
        && !is_understood("Erlang", Side::Class, selector)
        && !is_understood("Class", Side::Instance, selector)
}

/// A message to the proxy of an Erlang module, as a call.
fn erlang_call(module: &SmolStr, message: &ast::Message, selector: &str, line: u32) -> Option<ErlangCall> {
    let call = |function, arguments| Some(ErlangCall { module: module.clone(), function, arguments, line });
    if let ("call:args:", [name, arguments]) = (selector, message.arguments.as_slice()) {
        let ExprKind::Symbol(function) = &name.unparenthesised().kind else { return None };
        let count = match &arguments.unparenthesised().kind {
            ExprKind::List { elements, tail: None } => Some(elements.len()),
            _ => None,
        };
        return call(function.clone(), count);
    }
    let first = message.parts.first()?;
    let is_word = |part: &ast::Ident| part.name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !message.parts.iter().all(is_word) || is_understood("ErlangModule", Side::Instance, selector) {
        return None;
    }
    call(first.name.trim_end_matches(':').into(), Some(message.arguments.len()))
}

// ---- variables ---------------------------------------------------------------------------------------------

/// Messages that send out the event which is their first argument.
const ANNOUNCING: [&str; 3] = ["announce:", "announceAndWait:", "announceAndWait:timeout:"];

/// How many variables and messages deep the making of a value is looked for.
const DEEPEST: usize = 16;

/// What a method's variables stand for, as far as that can be seen.
#[derive(Default)]
struct Variables<'a> {
    assigned: FxHashMap<&'a str, Vec<&'a Expr>>,
    /// Those whose values come from elsewhere: parameters, and parts of other values.
    bound: FxHashSet<&'a str>,
}

impl<'a> Variables<'a> {
    fn note(&mut self, expr: &'a Expr) {
        let bind = |pattern: &'a ast::Pattern, bound: &mut FxHashSet<&'a str>| {
            each_pattern(pattern, &mut |pattern| match &pattern.kind {
                PatternKind::Variable(name) => drop(bound.insert(name)),
                PatternKind::Typed { name, .. } => drop(bound.insert(&name.name)),
                PatternKind::Array { rest, .. } | PatternKind::List { rest, .. } => {
                    bound
                        .extend(rest.iter().filter_map(|rest| rest.name.as_ref()).map(|it| it.name.as_str()));
                }
                PatternKind::Binary(segments) => {
                    bound
                        .extend(segments.iter().filter_map(|it| it.name.as_ref()).map(|it| it.name.as_str()));
                }
                _ => {}
            });
        };
        match &expr.kind {
            ExprKind::Assign(assign) => {
                if let ExprKind::Variable(name) = &assign.target.kind {
                    self.assigned.entry(name).or_default().push(&assign.value);
                }
            }
            ExprKind::Destructure { pattern, .. } => bind(pattern, &mut self.bound),
            ExprKind::Match(match_) => match_.arms.iter().for_each(|arm| bind(&arm.pattern, &mut self.bound)),
            ExprKind::Block(block) => {
                self.bound.extend(block.parameters.iter().map(|each| each.name.name.as_str()));
            }
            _ => {}
        }
        expr.for_each_child(&mut |child| self.note(child));
    }

    fn values(&self, name: &str) -> &[&'a Expr] {
        let known = self.assigned.get(name).filter(|_| !self.bound.contains(name));
        known.map(Vec::as_slice).unwrap_or_default()
    }

    /// The Erlang module that a value stands for: `Erlang lists`, or a variable that is always that.
    fn proxied(&self, expr: &Expr) -> Option<SmolStr> {
        match &expr.unparenthesised().kind {
            ExprKind::Variable(name) => {
                let (first, others) = self.values(name).split_first()?;
                let module = module_of(first)?;
                others.iter().all(|other| module_of(other).as_ref() == Some(&module)).then_some(module)
            }
            _ => module_of(expr),
        }
    }

    /// The classes that a value may be made by: those that the message which makes it goes to.
    fn made(&self, expr: &'a Expr, depth: usize, found: &mut Vec<&'a ast::ClassName>) {
        if depth > DEEPEST {
            return;
        }
        let mut any_of = |values: &mut dyn Iterator<Item = &'a Expr>| {
            values.for_each(|value| self.made(value, depth + 1, found));
        };
        match &expr.unparenthesised().kind {
            ExprKind::Variable(name) => any_of(&mut self.values(name).iter().copied()),
            ExprKind::Assign(assign) => any_of(&mut std::iter::once(&assign.value)),
            ExprKind::Match(match_) => any_of(&mut match_.arms.iter().map(|arm| &arm.body)),
            ExprKind::Send(send) if send.message.selector().starts_with("if") => {
                any_of(&mut send.message.arguments.iter().filter_map(last_of_block));
            }
            ExprKind::Send(send) => self.maker(&send.receiver, depth, found),
            ExprKind::Cascade { receiver, .. } => self.maker(receiver, depth, found),
            _ => {}
        }
    }

    fn maker(&self, receiver: &'a Expr, depth: usize, found: &mut Vec<&'a ast::ClassName>) {
        match &receiver.unparenthesised().kind {
            ExprKind::Class(name) => found.push(name),
            _ => self.made(receiver, depth + 1, found),
        }
    }
}

/// The module of `Erlang module`.
fn module_of(expr: &Expr) -> Option<SmolStr> {
    let ExprKind::Send(send) = &expr.unparenthesised().kind else { return None };
    let module = send.message.selector();
    (send.message.arguments.is_empty() && is_to_gateway(&send.receiver, &module)).then_some(module)
}

fn last_of_block(expr: &Expr) -> Option<&Expr> {
    match &expr.unparenthesised().kind {
        ExprKind::Block(block) => block.body.last().map(|statement| &statement.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(text: &str) -> Vec<MethodUses> {
        let source = Source::new("/p/C.bt", text);
        assert!(source.parsed.is_ok(), "{:?}", source.parsed.diagnostics);
        source.uses();
        source.uses.into_inner().into_iter().flatten().flat_map(|item| item.methods).collect()
    }

    fn one(text: &str) -> MethodUses {
        let method = format!("Actor subclass: C\n  state: x = 0\n  state: y = 0\n  {text}\n");
        uses(&method).remove(0)
    }

    fn sends(uses: &MethodUses) -> Vec<String> {
        uses.sends.iter().map(|sent| format!("{} {}", sent.selector, sent.line)).collect()
    }

    fn classes(mentions: &[Mention]) -> Vec<String> {
        mentions.iter().map(|it| format!("{} {}", it.name, it.line)).collect()
    }

    #[test]
    fn a_message_comes_before_those_of_its_receiver_and_its_arguments() {
        let found = one("m => (self a b: self c) d: [:e | e f; g: \"{self h}\"]");
        assert_eq!(sends(&found), ["d: 1", "b: 1", "a 1", "c 1", "f 1", "g: 1", "h 1"]);
        assert_eq!(found.sends.iter().filter(|sent| sent.to_self).count(), 3);
    }

    #[test]
    fn lines_are_those_of_the_text_of_the_method() {
        let found = one("/// Doc.\n  ///\n  /// More.\n  m =>\n    self a\n      b: 1");
        assert_eq!(sends(&found), ["b: 6", "a 5"]);
        let found = uses("\n/// Doc.\nC >> m => self a\n\nC class >> m =>\n  x := 1\n  self b\n");
        assert_eq!(sends(&found[0]), ["a 2"]);
        assert_eq!(sends(&found[1]), ["b 3"]);
        assert_eq!(found[1].side, Side::Class);
    }

    #[test]
    fn classes_are_named_in_bodies_annotations_and_patterns() {
        let found = one(
            "m: a :: List(Pet | Toy class) -> Set =>\n    b :: Bag := Pet new\n    a match: [c :: Owl when: [Cat ok] -> [:d :: Dog | d]; Result ok: e -> e]",
        );
        let expected =
            ["List 1", "Pet 1", "Toy 1", "Set 1", "Bag 2", "Pet 2", "Owl 3", "Cat 3", "Dog 3", "Result 3"];
        assert_eq!(classes(&found.classes), expected);
    }

    #[test]
    fn an_assigned_field_is_written_and_not_read() {
        let found = one("m => self.x := self.x + 1. [self.y := self y] value");
        let shown: Vec<_> = found.fields.iter().map(|it| format!("{} {}", it.name, it.is_write)).collect();
        assert_eq!(shown, ["x true", "x false", "y true"]);
    }

    #[test]
    fn calls_of_erlang_are_no_messages() {
        let found = one(
            "m: b =>\n    Erlang lists seq: self a to: 3\n    p := Erlang maps\n    p new\n    (Erlang io) nl; format: \"a\"\n    Erlang erlang call: #node args: #()\n    Erlang lists printString\n    b foo",
        );
        let shown: Vec<_> = found
            .calls
            .iter()
            .map(|it| format!("{}:{}/{:?} {}", it.module, it.function, it.arguments, it.line))
            .collect();
        assert_eq!(
            shown,
            [
                "lists:seq/Some(2) 2",
                "maps:new/Some(0) 4",
                "io:nl/Some(0) 5",
                "io:format/Some(1) 5",
                "erlang:node/Some(0) 6",
            ]
        );
        assert_eq!(sends(&found), ["a 2", "printString 7", "foo 8"]);
        let found = one("m: p => q := Erlang maps. q := p. q new. p new. [:r | r := Erlang io. r nl]");
        assert_eq!(found.calls, []);
    }

    #[test]
    fn what_is_announced_is_followed_to_the_class_that_makes_it() {
        let found = one(
            "m: bus =>\n    bus announce: Rose new\n    e := (Tulip size: 3) withSize: 4\n    bus announceAndWait: e timeout: 10; announce: (self.x ifTrue: [Lily new] ifFalse: [Iris new])\n    bus announce: self. bus announce: Fern. bus announce: bus",
        );
        assert_eq!(classes(&found.announced), ["Rose 2", "Tulip 4", "Lily 4", "Iris 4"]);
        assert_eq!(one("m => a := b. b := a. self announce: a").announced, []);
    }

    #[test]
    fn a_primitive_is_known_and_initial_values_send_too() {
        let source =
            Source::new("/p/C.bt", "Object subclass: C\n  state: x = Bag new\n  a => @primitive \"m:f\"\n");
        let uses = &source.uses()[0];
        assert!(uses.methods[0].is_primitive);
        assert_eq!(uses.initial, ["new"]);
    }
}
