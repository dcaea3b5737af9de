//! Binding names: expressions, slots, closures.

use std::collections::BTreeSet;

use beamtalk_syntax::ast::{self, ExprKind};
use beamtalk_text::{Category, Diagnostic, Span};
use rustc_hash::FxHashSet;
use smol_str::{SmolStr, format_smolstr};

use crate::captures::{Use, runs_argument, runs_receiver};
use crate::checks::names_of;
use crate::classes::{ClassKind, Origin, Side, setter_selector};
use crate::control::UNKNOWN_MESSAGE;
use crate::hir::{ActivationId, Apart, Closure, Expr, Inline, Kind, Piece, VarId};
use crate::lower::{ClosureContext, Lowerer};

/// The receiver's name.
const SELF: &str = "self";

/// A slot of a block parameter that is called `self`. What kind of object it is, only the running program knows.
fn slot_of_parameter(function: &str, mut arguments: Vec<Expr>, name: &ast::Ident, span: Span) -> Expr {
    arguments.push(finish(Kind::Atom(name.name.clone()), name.span));
    builder_call(function, arguments, span)
}

/// What a block that is a method needs of the builder of its class.
fn builder_call(function: &str, arguments: Vec<Expr>, span: Span) -> Expr {
    let module = "beamtalk_class_builder".into();
    finish(Kind::Primitive { module, function: function.into(), arguments }, span)
}

impl Lowerer<'_> {
    pub(crate) fn expr(&mut self, expr: &ast::Expr, usage: Use) -> Expr {
        let span = expr.span;
        let kind = match &expr.kind {
            ExprKind::Paren(inner) => return self.expr(inner, usage),
            ExprKind::Integer(value) => Kind::Integer(value.clone()),
            ExprKind::Float(value) => Kind::Float(*value),
            ExprKind::Character(value) => Kind::Character(*value),
            ExprKind::String(value) => Kind::String(value.clone()),
            ExprKind::Symbol(name) => Kind::Atom(name.clone()),
            ExprKind::True => Kind::Atom("true".into()),
            ExprKind::False => Kind::Atom("false".into()),
            ExprKind::Interpolation(segments) => return self.interpolation(segments, span),
            ExprKind::Variable(name) => return self.variable(name, span, usage),
            ExprKind::SelfRef => return self.self_ref(span, usage),
            ExprKind::Class(name) => self.class_ref(name),
            ExprKind::Field { receiver, name } => return self.field(receiver, name, span),
            ExprKind::Block(block) => return self.closure(block, span, usage),
            ExprKind::List { elements, tail } => {
                let elements = self.exprs(elements, Use::Escapes);
                Kind::List {
                    elements,
                    tail: tail.as_ref().map(|tail| Box::new(self.expr(tail, Use::Escapes))),
                }
            }
            ExprKind::Array(elements) => Kind::Array(self.exprs(elements, Use::Escapes)),
            ExprKind::Dictionary(pairs) => Kind::Dictionary(
                pairs
                    .iter()
                    .map(|(key, value)| (self.expr(key, Use::Escapes), self.expr(value, Use::Escapes)))
                    .collect(),
            ),
            ExprKind::Send(send) => return self.send(send, span, usage),
            ExprKind::Cascade { receiver, messages } => {
                return self.cascade(receiver, messages, span);
            }
            ExprKind::Assign(assign) => return self.assignment(assign, span, usage),
            ExprKind::Destructure { pattern, value } => {
                return self.destructure(pattern, value, span, usage);
            }
            ExprKind::Return(value) => return self.return_(value, span),
            ExprKind::Cast(inner) => return self.cast(inner, span),
            ExprKind::Match(match_) => return self.match_(match_, span, usage),
            ExprKind::Primitive { intrinsic, name } => {
                return self.primitive(*intrinsic, name.as_deref(), span);
            }
            // The parser reported what is broken, and `super` that is no receiver.
            ExprKind::Nil | ExprKind::Error | ExprKind::Super => Kind::Atom("nil".into()),
        };
        finish(kind, span)
    }

    pub(crate) fn exprs(&mut self, exprs: &[ast::Expr], usage: Use) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr, usage)).collect()
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Expr {
        self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
        Expr { kind: Kind::Atom("nil".into()), span, assigns: false }
    }

    /// The family of the diagnostic reported last.
    pub(crate) fn categorise(&mut self, category: Category) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.category = Some(category);
        }
    }

    pub(crate) fn interpolation(&mut self, segments: &[ast::Segment], span: Span) -> Expr {
        let pieces = segments
            .iter()
            .map(|segment| match segment {
                ast::Segment::Text(text) => Piece::Text(text.clone()),
                ast::Segment::Expr(expr) => Piece::Value(self.handed_over(expr, Use::Local)),
            })
            .collect();
        finish(Kind::Interpolation(pieces), span)
    }

    pub(crate) fn variable(&mut self, name: &SmolStr, span: Span, usage: Use) -> Expr {
        if let Some(id) = self.find(name) {
            return self.local(id, span, usage);
        }
        if self.globals.contains(name) {
            return finish(Kind::Global(name.clone()), span);
        }
        let mut help = format!("Check the spelling of `{name}`, or assign it with `:=` before use");
        if self.is_slot(name) {
            help = format!("Write `self.{name}`: the slots of an object are reached through `self`.");
        } else if let Some(foreign) = beamtalk_syntax::foreign_word_help(name) {
            help = format!("{help}. For what `{name}` is elsewhere: {foreign}.");
        } else if let Some(close) = self.closest_variable(name) {
            help = format!("{help}. Did you mean `{close}`?");
        } else if self.cx.table.iter().any(|class| class.method(Side::Instance, name).is_some()) {
            help = format!(
                "{help}. If it is a message, write it behind its receiver, on the same line and without a dot."
            );
        }
        self.error("E0301", span, format!("Undefined variable: {name}"), help)
    }

    pub(crate) fn closest_variable(&self, name: &str) -> Option<SmolStr> {
        let names =
            self.scopes.iter().rev().flat_map(|scope| scope.names.iter().map(|(name, _)| name.as_str()));
        crate::closest(name, names).map(SmolStr::from)
    }

    pub(crate) fn self_ref(&mut self, span: Span, usage: Use) -> Expr {
        // A block may call its parameter `self`: that of a method for a ClassBuilder.
        match self.find(SELF).or(self.receiver) {
            Some(receiver) => self.local(receiver, span, usage),
            None => self.error(
                "E0302",
                span,
                "self can only be used inside a method body",
                "Send the message to an object, or move the code into a method.",
            ),
        }
    }

    /// Whether `self` is the receiver of the method.
    pub(crate) fn is_own_self(&self) -> bool {
        self.find(SELF).is_none()
    }

    /// `super` in a block that a `ClassBuilder` gets as a method, or in a block inside it: it is given to one as it is
    /// written, or calls its first parameter `self`. Which class it becomes a method of, it learns from its builder when it
    /// begins. `None` anywhere else.
    pub(crate) fn super_of_parameter(
        &mut self,
        selector: &SmolStr,
        arguments: &[ast::Expr],
        span: Span,
    ) -> Option<Expr> {
        let called_self = self.find(SELF).and_then(|this| {
            let activation = self.vars[this.0 as usize].activation;
            Some((self.closures.iter().position(|closure| closure.activation == activation)?, this))
        });
        let methods = self.closures.iter().enumerate();
        let given = methods.filter_map(|(index, closure)| Some((index, closure.receiver?))).next_back();
        let (owner, this) = called_self.into_iter().chain(given).max_by_key(|(index, _)| *index)?;
        let activation = self.closures[owner].activation;
        let home =
            self.closures[owner].home.unwrap_or_else(|| self.new_var("super".into(), activation, span));
        self.closures[owner].home = Some(home);
        let this = self.local(this, span, Use::Local);
        let home = self.local(home, span, Use::Local);
        let selector = finish(Kind::Atom(selector.clone()), span);
        let arguments = self.exprs(arguments, Use::Escapes);
        let arguments = finish(Kind::List { elements: arguments, tail: None }, span);
        Some(builder_call("super_send", vec![this, home, selector, arguments], span))
    }

    /// What a message does with its receiver, as far as that may be a block.
    pub(crate) fn use_of_receiver(&self, selector: &str) -> Use {
        let is_librarys = || {
            let found = self.cx.table.find_method("Block", Side::Instance, selector);
            found.is_some_and(|(owner, method)| owner.is_library() && method.origin == Origin::Body)
        };
        if runs_receiver(selector) && is_librarys() { Use::Local } else { Use::Given }
    }

    /// What a message does with an argument, as far as that may be a block.
    fn use_of_argument(&self, selector: &str, index: usize) -> Use {
        let table = self.cx.table;
        let is_librarys = || {
            let others = [selector, &format_smolstr!("class {selector}"), UNKNOWN_MESSAGE];
            !others.into_iter().any(|selector| table.is_reimplemented(selector))
        };
        if runs_argument(selector, index) && is_librarys() { Use::Local } else { Use::Given }
    }

    /// The arguments of a message. Blocks that are written where a `ClassBuilder` takes methods are methods.
    pub(crate) fn arguments(&mut self, selector: &str, arguments: &[ast::Expr]) -> Vec<Expr> {
        let is_builders = |this: &Self| this.cx.table.implementors(selector).next().is_none();
        match (selector, arguments) {
            ("addMethod:body:" | "addClassMethod:body:", [name, body]) if is_builders(self) => {
                vec![self.expr(name, Use::Local), self.method_block(body, Use::Given)]
            }
            ("methods:" | "classMethods:", [all]) if is_builders(self) => {
                let ExprKind::Dictionary(pairs) = &all.unparenthesised().kind else {
                    return self.exprs(arguments, Use::Given);
                };
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| {
                        (self.expr(key, Use::Escapes), self.method_block(value, Use::Escapes))
                    })
                    .collect();
                vec![finish(Kind::Dictionary(pairs), all.span)]
            }
            _ => {
                let mut lowered = Vec::with_capacity(arguments.len());
                for (index, argument) in arguments.iter().enumerate() {
                    let usage = self.use_of_argument(selector, index);
                    lowered.push(self.handed_over(argument, usage));
                }
                lowered
            }
        }
    }

    fn method_block(&mut self, expr: &ast::Expr, usage: Use) -> Expr {
        let inner = expr.unparenthesised();
        match &inner.kind {
            ExprKind::Block(block) if !block.parameters.is_empty() => {
                self.closure_of(block, true, inner.span, usage)
            }
            _ => self.expr(expr, usage),
        }
    }

    pub(crate) fn class_ref(&mut self, name: &ast::ClassName) -> Kind {
        let known = self
            .cx
            .table
            .get(&name.name.name)
            .filter(|class| name.package.as_ref().is_none_or(|package| package.name == class.package));
        if name.package.is_none() && self.globals.contains(&name.name.name) {
            if known.is_some() {
                self.diagnostics.push(
                    Diagnostic::warning(
                        "E0324",
                        name.span,
                        format!("Workspace binding `{0}` shadows class `{0}`", name.name.name),
                    )
                    .in_category(Category::ShadowedClass)
                    .with_help(format!(
                        "`Workspace unbind: #{}` makes the class visible again.",
                        name.name.name
                    )),
                );
            }
            return Kind::Global(name.name.name.clone());
        }
        if let Some(class) = known {
            return Kind::Class { module: class.module.clone(), name: class.name.clone() };
        }
        if !matches!(name.name.name.as_str(), "Transcript" | "Beamtalk" | "Workspace" | "Self" | "Nil") {
            let known = self.cx.table.iter().map(|class| class.name.as_str());
            let foreign = beamtalk_syntax::foreign_word_help(&name.name.name);
            let help = match foreign.or_else(|| crate::closest(&name.name.name, known)) {
                Some(said) if foreign.is_some() => {
                    format!("For what `{}` is elsewhere: {said}.", name.name.name)
                }
                Some(close) => {
                    format!("Did you mean `{close}`? Otherwise it is looked up when the code runs.")
                }
                None => "It is looked up when the code runs. Check the spelling, or define the class first."
                    .to_owned(),
            };
            let package = name.package.as_ref();
            let unknown =
                package.filter(|package| self.cx.table.iter().all(|class| class.package != package.name));
            let said = match unknown {
                Some(package) => format!("Unknown package '{}' of class `{}`", package.name, name.name.name),
                None => format!("Unresolved class `{}`", name.name.name),
            };
            self.diagnostics.push(
                Diagnostic::warning("E0320", name.span, said)
                    .in_category(Category::UnresolvedClass)
                    .with_help(help),
            );
        }
        Kind::Global(name.name.name.clone())
    }

    pub(crate) fn field(&mut self, receiver: &ast::Expr, name: &ast::Ident, span: Span) -> Expr {
        // The parser reported any other receiver.
        if !matches!(receiver.kind, ExprKind::SelfRef) {
            return Expr { kind: Kind::Atom("nil".into()), span, assigns: false };
        }
        let this = self.self_ref(receiver.span, Use::Local);
        if self.find(SELF).is_some() {
            return slot_of_parameter("slot", vec![this], name, span);
        }
        if self.receiver.is_none() {
            return this;
        }
        self.check_field_exists(name);
        Expr { kind: Kind::Field(name.name.clone()), span, assigns: false }
    }

    pub(crate) fn check_field_exists(&mut self, name: &ast::Ident) {
        let Some(class) = self.cx.class else { return };
        if !self.cx.table.is_complete(&class.name) || class.native.is_some() || class.is_library() {
            return;
        }
        let (known, what): (Vec<SmolStr>, &str) = match self.cx.side {
            Side::Instance => {
                (self.cx.table.all_fields(&class.name).into_iter().map(|(field, _)| field).collect(), "field")
            }
            Side::Class => (
                self.cx
                    .table
                    .chain(&class.name)
                    .flat_map(|each| each.class_state.iter().map(|field| field.name.clone()))
                    .collect(),
                "class variable",
            ),
        };
        if known.contains(&name.name) {
            return;
        }
        let mut diagnostic = Diagnostic::warning(
            "E0307",
            name.span,
            format!("Undefined {what} `{}` on class `{}`", name.name, class.name),
        )
        .in_category(Category::Type);
        diagnostic.help = Some(match crate::closest(&name.name, known.iter().map(SmolStr::as_str)) {
            Some(close) => format!("Did you mean `self.{close}`?"),
            None => format!("Declare it in the class body of `{}`.", class.name),
        });
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn assignment(&mut self, assign: &ast::Assign, span: Span, usage: Use) -> Expr {
        match &assign.target.kind {
            ExprKind::Variable(name) => {
                let target = ast::Ident { name: name.clone(), span: assign.target.span };
                if let ExprKind::Variable(same) = &assign.value.kind
                    && same == name
                {
                    self.diagnostics.push(
                        Diagnostic::warning(
                            "E0313",
                            span,
                            format!("Redundant assignment of `{name}` to itself"),
                        )
                        .in_category(Category::Lint)
                        .with_help("Remove it."),
                    );
                }
                let into = self.find(name);
                if let Some(id) = into {
                    self.noted(id, usage);
                }
                // A new variable has no id before its value is lowered; a closure in that value cannot mention it.
                let sites_before = self.captures.site_count();
                let value = self.expr(&assign.value, into.map_or(Use::Escapes, Use::Into));
                let result = self.assign(&target, value);
                if into.is_none()
                    && let Kind::Declare(id, _) = &result.kind
                {
                    let maker = self.activation();
                    self.captures.redirect(sites_before, maker, *id);
                    self.noted(*id, usage);
                }
                result
            }
            ExprKind::Field { receiver, name } => self.set_field(receiver, name, &assign.value, span),
            _ => {
                // The parser reported the target; the value is still worth checking.
                self.expr(&assign.value, Use::Local)
            }
        }
    }

    pub(crate) fn set_field(
        &mut self,
        receiver: &ast::Expr,
        name: &ast::Ident,
        value: &ast::Expr,
        span: Span,
    ) -> Expr {
        let value = self.expr(value, Use::Escapes);
        // The parser reported any other receiver.
        if !matches!(receiver.kind, ExprKind::SelfRef) {
            return value;
        }
        let this = self.self_ref(receiver.span, Use::Local);
        if self.find(SELF).is_some() {
            return slot_of_parameter("set_slot", vec![value, this], name, span);
        }
        let Some(class) = self.cx.class else {
            return this;
        };
        self.check_field_exists(name);
        if self.cx.side == Side::Class {
            self.writes_class_state = true;
        } else if self.cx.table.kind(&class.name) == ClassKind::Value
            && !self.cx.table.inherits(&class.name, "TestCase")
        {
            let (name, setter) = (&name.name, setter_selector(&name.name));
            let said = format!(
                "Cannot assign to slot `{name}` on value type — use `self {setter} newValue` to create a new instance"
            );
            let diagnostic = Diagnostic::error("E0308", span, said).in_category(Category::Type);
            self.diagnostics.push(
                diagnostic.with_help(format!("Values never change. Answer `self {setter} …` instead.")),
            );
            return this;
        }
        Expr { kind: Kind::SetField(name.name.clone(), Box::new(value)), span, assigns: true }
    }

    pub(crate) fn closure(&mut self, block: &ast::Block, span: Span, usage: Use) -> Expr {
        self.closure_of(block, false, span, usage)
    }

    /// A closure; that of a method has its receiver as its first parameter.
    fn closure_of(&mut self, block: &ast::Block, is_method: bool, span: Span, usage: Use) -> Expr {
        let depth = u32::try_from(self.closures.len()).unwrap_or(u32::MAX).saturating_add(1);
        let activation = self.new_activation(depth, span);
        self.closures.push(ClosureContext {
            activation,
            captures: BTreeSet::new(),
            apart: false,
            receiver: None,
            home: None,
        });
        let mut inline = self.scoped(|this| {
            let parameters: Vec<VarId> =
                block.parameters.iter().map(|parameter| this.declare_parameter(parameter, false)).collect();
            if let Some(context) = this.closures.last_mut() {
                context.receiver = parameters.first().copied().filter(|_| is_method);
            }
            Inline { parameters, body: this.statements(&block.body, Use::Escapes) }
        });
        let context = self.closures.pop();
        let home = context.as_ref().and_then(|context| context.home);
        let captures: Vec<VarId> =
            context.map(|context| context.captures.into_iter().collect()).unwrap_or_default();
        if let Some(home) = home {
            let found = builder_call("home", Vec::new(), span);
            inline.body.insert(0, finish(Kind::Declare(home, Box::new(found)), span));
        }
        self.captures.closure(self.activation(), captures.clone(), usage);
        let closure = Closure { activation, parameters: inline.parameters, captures, body: inline.body };
        Expr { kind: Kind::Closure(Box::new(closure)), span, assigns: false }
    }

    pub(crate) fn return_(&mut self, value: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(value, Use::Escapes);
        let assigns = value.assigns;
        if self.closures.is_empty() {
            return Expr { kind: Kind::Return(Box::new(value)), span, assigns };
        }
        let home = self.home();
        self.activations[home.0 as usize].home = true;
        let frame = self.activations[home.0 as usize].frame;
        self.touch(frame);
        Expr { kind: Kind::ReturnHome(home, Box::new(value)), span, assigns }
    }

    /// What `^` in a closure unwinds to: the method, or what is sent apart and will tell it.
    fn home(&self) -> ActivationId {
        let apart = self.closures.iter().rev().find(|closure| closure.apart);
        apart.map_or(ActivationId(0), |closure| closure.activation)
    }

    /// The message sent as it is written: the receiver and the arguments that are `values` are given to it.
    pub(crate) fn apart(&mut self, selector: &SmolStr, arguments: &[ast::Expr], values: usize) -> Apart {
        let span = arguments.first().map_or(Span::default(), |argument| argument.span);
        let depth = u32::try_from(self.closures.len()).unwrap_or(u32::MAX).saturating_add(1);
        let home = (!self.closures.is_empty()).then(|| self.home());
        let activation = self.new_activation(depth, span);
        self.activations[activation.0 as usize].apart = true;
        self.closures.push(ClosureContext {
            activation,
            captures: BTreeSet::new(),
            apart: true,
            receiver: None,
            home: None,
        });
        // All that can be said was said of the blocks in place.
        let (said, reported) = (self.diagnostics.len(), self.reported.len());
        let outer = std::mem::replace(&mut self.sends_all, true);
        let (parameters, copied, assigned, body) = self.scoped(|this| {
            let mut parameters: Vec<VarId> =
                (0..=values).map(|_| this.declare_hidden("value", span)).collect();
            let (mut copied, mut copies) = (Vec::new(), Vec::new());
            let (names, assigning) = names_in(&arguments[values..]);
            let mut assigned = 0;
            for (index, name) in names.into_iter().enumerate() {
                let found = this.find(&name).filter(|of| !this.vars[of.0 as usize].session);
                let Some(of) = found else { continue };
                assigned += usize::from(index < assigning);
                let copy = this.declare_hidden(&name, span);
                this.captures.copied(of, copy);
                this.scopes.last_mut().into_iter().for_each(|scope| scope.names.push((name.clone(), copy)));
                copied.push(of);
                copies.push(copy);
            }
            let given: Vec<Expr> =
                parameters.iter().map(|parameter| this.local(*parameter, span, Use::Local)).collect();
            let mut given = given.into_iter();
            let receiver = given.next().unwrap_or_else(|| finish(Kind::Atom("nil".into()), span));
            let blocks = this.exprs(&arguments[values..], Use::Given);
            let arguments = given.chain(blocks).collect();
            let receiver = Box::new(receiver);
            let send = finish(Kind::Send { receiver, selector: selector.clone(), arguments }, span);
            let after = copies[..assigned].iter().map(|copy| this.local(*copy, span, Use::Local));
            let answer: Vec<Expr> = std::iter::once(send).chain(after).collect();
            parameters.extend(copies);
            (parameters, copied, assigned, vec![finish(Kind::Tuple(answer), span)])
        });
        self.sends_all = outer;
        self.diagnostics.truncate(said);
        self.reported.truncate(reported);
        let captures = self.closures.pop().map(|context| context.captures.into_iter().collect());
        let captures = captures.unwrap_or_default();
        Apart { activation, parameters, copied, assigned, captures, body, home }
    }
}

/// The names of variables in blocks, each once: those that the blocks assign, and how many these are, then the others.
fn names_in(blocks: &[ast::Expr]) -> (Vec<SmolStr>, usize) {
    fn within(expr: &ast::Expr, assigned: &mut Vec<SmolStr>, used: &mut Vec<SmolStr>) {
        match &expr.kind {
            ExprKind::Assign(assign) => {
                if let ExprKind::Variable(name) = &assign.target.kind {
                    assigned.push(name.clone());
                }
            }
            ExprKind::Destructure { pattern, .. } => {
                names_of(pattern, &mut |name| assigned.push(name.into()));
            }
            ExprKind::Variable(name) => used.push(name.clone()),
            _ => {}
        }
        expr.for_each_child(&mut |child| within(child, assigned, used));
    }
    let (mut names, mut used) = (Vec::new(), Vec::new());
    for block in blocks {
        within(block, &mut names, &mut used);
    }
    let mut seen: FxHashSet<SmolStr> = FxHashSet::default();
    names.retain(|name| seen.insert(name.clone()));
    let assigned = names.len();
    names.extend(used.into_iter().filter(|name| seen.insert(name.clone())));
    (names, assigned)
}

pub(crate) fn finish(kind: Kind, span: Span) -> Expr {
    finish_at(kind, span)
}

/// The expression with its `assigns` flag derived from its parts.
pub(crate) fn finish_at(kind: Kind, span: Span) -> Expr {
    let any = |exprs: &[Expr]| exprs.iter().any(|expr| expr.assigns);
    let assigns = match &kind {
        Kind::Interpolation(pieces) => {
            pieces.iter().any(|piece| matches!(piece, Piece::Value(value) if value.assigns))
        }
        Kind::List { elements, tail } => any(elements) || tail.as_ref().is_some_and(|tail| tail.assigns),
        Kind::Array(elements) | Kind::Tuple(elements) => any(elements),
        Kind::Dictionary(pairs) => pairs.iter().any(|(key, value)| key.assigns || value.assigns),
        Kind::Send { receiver, arguments, .. } | Kind::Cast { receiver, arguments, .. } => {
            receiver.assigns || any(arguments)
        }
        Kind::SuperSend { arguments, .. }
        | Kind::ErlangCall { arguments, .. }
        | Kind::Primitive { arguments, .. } => any(arguments),
        Kind::Cascade { receiver, messages } => {
            receiver.assigns || messages.iter().any(|message| any(&message.arguments))
        }
        // Control flow compiled in place: assume the worst, it holds statements.
        Kind::SetLocal(..)
        | Kind::Declare(..)
        | Kind::SetField(..)
        | Kind::Destructure { .. }
        | Kind::Sequence(_)
        | Kind::If { .. }
        | Kind::IfNil { .. }
        | Kind::While { .. }
        | Kind::Repeat(_)
        | Kind::Times { .. }
        | Kind::ToDo { .. }
        | Kind::Match { .. } => true,
        Kind::Return(value) | Kind::ReturnHome(_, value) => value.assigns,
        Kind::Integer(_)
        | Kind::Float(_)
        | Kind::Character(_)
        | Kind::String(_)
        | Kind::Atom(_)
        | Kind::Local(_)
        | Kind::Field(_)
        | Kind::Class { .. }
        | Kind::Global(_)
        | Kind::Closure(_) => false,
    };
    Expr { kind, span, assigns }
}
