//! What an expression answers, as far as literals, declarations and the heads of methods tell (spec 05 sections 6 to 11
//! and 15). No method's body is looked at for the sake of another's.

use beamtalk_syntax::ast::{Assign, Block, Expr, ExprKind, Match, Message, PatternKind, Statement};
use beamtalk_text::{Category, Severity};
use smol_str::{SmolStr, format_smolstr};

use super::Checker;
use super::known::literal_class;
use crate::classes::{ClassInfo, MethodInfo, Origin, Side};
use crate::types::{Meaning, Member, Type};

/// What is known of a name in scope.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Of a variable, or `self.name` of a slot.
    pub name: SmolStr,
    /// What it holds.
    pub ty: Type,
    /// Whether an assignment to a name from further out says so.
    pub assigned: bool,
}

/// Names in scope, the innermost last.
pub(super) type Scope = Vec<Known>;

/// How often an expression of one method is looked at, at most.
pub(super) const MOST_STEPS: u32 = 1_000_000;

/// Why nothing is known of a parameter.
pub(super) const UNANNOTATED: Type = Type::Dynamic(Some("unannotated parameter"));
const DYNAMIC_RECEIVER: Type = Type::Dynamic(Some("dynamic receiver"));

/// What a test tells of a variable or slot.
pub(super) struct Test {
    pub name: SmolStr,
    pub when_true: Type,
    pub when_false: Type,
}

/// What a test can be about: a variable, or a slot of self.
pub(super) fn subject(expr: &Expr) -> Option<SmolStr> {
    match &expr.unparenthesised().kind {
        ExprKind::Variable(name) => Some(name.clone()),
        ExprKind::Field { receiver, name } if matches!(receiver.kind, ExprKind::SelfRef) => {
            Some(format_smolstr!("self.{}", name.name))
        }
        _ => None,
    }
}

/// The block that is written in place of an argument.
pub(super) fn literal_block(argument: &Expr) -> Option<&Block> {
    match &argument.unparenthesised().kind {
        ExprKind::Block(block) => Some(block),
        _ => None,
    }
}

pub(super) fn bind(scope: &mut Scope, name: &str, ty: Type) {
    scope.push(Known { name: name.into(), ty, assigned: false });
}

impl Checker<'_> {
    /// The type of an expression.
    pub(super) fn type_of(&self, expr: &Expr, scope: &mut Scope) -> Type {
        if self.steps.get() == 0 {
            return Type::Dynamic(None);
        }
        self.steps.set(self.steps.get() - 1);
        match &expr.kind {
            ExprKind::Paren(inner) | ExprKind::Return(inner) => self.type_of(inner, scope),
            ExprKind::Symbol(name) if !matches!(name.as_str(), "true" | "false" | "nil") => {
                Type::from(Member::Symbol(name.clone()))
            }
            ExprKind::True | ExprKind::False => Type::boolean(),
            ExprKind::Cast(_) => Type::instance("Nil"),
            ExprKind::List { elements, tail } => {
                let mut types: Vec<Type> = elements.iter().map(|each| self.type_of(each, scope)).collect();
                if let Some(tail) = tail {
                    let of_tail = self.type_of(tail, scope);
                    types.push(match of_tail.single() {
                        Some(Member::Instance(_, arguments)) if arguments.len() == 1 => arguments[0].clone(),
                        _ => Type::Dynamic(None),
                    });
                }
                Type::generic("List", vec![Type::union(types)])
            }
            ExprKind::Array(elements) => {
                let elements: Vec<Type> = elements.iter().map(|each| self.type_of(each, scope)).collect();
                Type::generic("Array", vec![Type::union(elements)])
            }
            ExprKind::Dictionary(pairs) => {
                let keys: Vec<Type> = pairs.iter().map(|(key, _)| self.type_of(key, scope)).collect();
                let values: Vec<Type> = pairs.iter().map(|(_, value)| self.type_of(value, scope)).collect();
                Type::generic("Dictionary", vec![Type::union(keys), Type::union(values)])
            }
            ExprKind::Variable(name) => known_as(name, scope).unwrap_or(Type::Dynamic(None)),
            ExprKind::SelfRef => self.own_type(),
            ExprKind::Super => match self.cx.class.and_then(|class| class.superclass.as_deref()) {
                Some(superclass) if self.cx.side == Side::Instance => Type::instance(superclass),
                Some(superclass) => Type::from(Member::Class(superclass.into())),
                None => Type::Dynamic(None),
            },
            ExprKind::Class(name) => match self.cx.table.get(&name.name.name) {
                Some(_) => Type::from(Member::Class(name.name.name.clone())),
                None => Type::Dynamic(None),
            },
            ExprKind::Field { name, .. } => {
                let narrowed = subject(expr).and_then(|subject| known_as(&subject, scope));
                narrowed.unwrap_or_else(|| self.slot_type(&name.name))
            }
            ExprKind::Send(send) => {
                let receiver = self.type_of(&send.receiver, scope);
                self.answer(&send.receiver, &receiver, &send.message, scope)
            }
            ExprKind::Cascade { receiver, messages } => match messages.first() {
                Some(first) => {
                    let of_receiver = self.type_of(receiver, scope);
                    self.answer(receiver, &of_receiver, first, scope)
                }
                None => Type::Dynamic(None),
            },
            ExprKind::Assign(assign) => match &assign.annotation {
                Some(annotation) => self.meaning().of(annotation),
                None => self.type_of(&assign.value, scope),
            },
            ExprKind::Match(matching) => self.type_of_match(matching, scope),
            ExprKind::Destructure { .. } | ExprKind::Primitive { .. } | ExprKind::Error => {
                Type::Dynamic(None)
            }
            _ => literal_class(expr).map_or(Type::Dynamic(None), Type::instance),
        }
    }

    fn own_type(&self) -> Type {
        match self.cx.class {
            Some(class) if self.cx.side == Side::Instance => Type::instance(&class.name),
            Some(class) => Type::from(Member::Class(class.name.clone())),
            None => Type::Dynamic(None),
        }
    }

    /// What names mean in annotations of the code that is checked. Of its own type parameters nothing is known.
    pub(super) fn meaning(&self) -> Meaning<'_> {
        let receiver = self.cx.class.map_or(Type::Dynamic(None), |class| Type::instance(&class.name));
        Meaning { table: self.cx.table, receiver, variables: &self.parameters }
    }

    /// The declared type of a slot, by the nearest class that has it.
    pub(super) fn slot_type(&self, name: &str) -> Type {
        let Some(class) = self.cx.class else { return Type::Dynamic(None) };
        let slots = |class: &ClassInfo| match self.cx.side {
            Side::Instance => class.fields.clone(),
            Side::Class => class.class_state.clone(),
        };
        let mut declared = self.cx.table.chain(&class.name).flat_map(|class| slots(class));
        let ty = declared.find(|field| field.name == name).and_then(|field| field.ty);
        ty.map_or(Type::Dynamic(None), |ty| self.meaning().of(&ty))
    }

    fn type_of_match(&self, matching: &Match, scope: &mut Scope) -> Type {
        let mut residual = self.type_of(&matching.scrutinee, scope);
        let outer = scope.len();
        let mut types = Vec::with_capacity(matching.arms.len());
        for arm in &matching.arms {
            enter_arm(matching, arm, &mut residual, scope);
            types.push(self.value(&arm.body, scope));
            scope.truncate(outer);
        }
        if types.is_empty() { Type::Dynamic(Some("ambiguous control flow")) } else { Type::union(types) }
    }

    /// The type of what a branch answers: none where it returns from the method.
    fn value(&self, expr: &Expr, scope: &mut Scope) -> Type {
        if matches!(expr.unparenthesised().kind, ExprKind::Return(_)) {
            return Type::Never;
        }
        self.type_of(expr, scope)
    }

    /// The type of a block's answer, its parameters being of these types.
    fn block_answer(&self, block: &Block, parameters: &[Type], scope: &mut Scope) -> Type {
        let outer = scope.len();
        self.enter_block(block, parameters, scope);
        let mut last = Type::instance("Nil");
        for Statement { expr, .. } in &block.body {
            last = self.value(expr, scope);
            self.note_assignment(expr, scope);
            if last == Type::Never {
                break;
            }
        }
        scope.truncate(outer);
        last
    }

    /// The parameters of a block come into scope.
    pub(super) fn enter_block(&self, block: &Block, parameters: &[Type], scope: &mut Scope) {
        for (index, parameter) in block.parameters.iter().enumerate() {
            let ty = match &parameter.annotation {
                Some(annotation) => self.meaning().of(annotation),
                None => parameters.get(index).cloned().unwrap_or(UNANNOTATED),
            };
            bind(scope, &parameter.name.name, ty);
        }
    }

    /// An assignment changes what is known of its variable.
    pub(super) fn note_assignment(&self, expr: &Expr, scope: &mut Scope) {
        let ExprKind::Assign(assign) = &expr.unparenthesised().kind else { return };
        let ty = match &assign.target.kind {
            ExprKind::Field { name, .. } => self.slot_type(&name.name),
            _ => self.type_of(expr, scope),
        };
        if let Some(name) = subject(&assign.target) {
            scope.push(Known { name, ty, assigned: true });
        }
    }

    /// `x :: Integer := 3`: the type would be known without.
    pub(super) fn redundant_annotation(&mut self, assign: &Assign) {
        let Some(annotation) = &assign.annotation else { return };
        let declared = self.meaning().of(annotation);
        let is_simple = matches!(&declared, Type::Union(union)
            if union.alias.is_none() && matches!(union.members.as_slice(), [Member::Instance(..)]));
        if is_simple && self.type_of(&assign.value, &mut Scope::new()) == declared {
            let said = format!("redundant type annotation: the value is `{declared}` anyway");
            let help = "Drop it.";
            self.report(Severity::Lint, "W0308", Category::TypeAnnotation, annotation.span, said, help);
        }
    }

    // ---- messages --------------------------------------------------------------------------------------

    fn answer(&self, receiver: &Expr, of_receiver: &Type, message: &Message, scope: &mut Scope) -> Type {
        let selector = message.selector();
        let block = |index: usize| message.arguments.get(index).and_then(literal_block);
        let narrowed = |this: &Self, index: usize, when: bool, scope: &mut Scope| -> Type {
            let Some(block) = block(index) else { return Type::Dynamic(None) };
            let outer = scope.len();
            this.enter_branch(receiver, when, scope);
            let answer = this.block_answer(block, &[], scope);
            scope.truncate(outer);
            answer
        };
        let without_nil = || of_receiver.only(|member| *member != Member::Nil);
        match selector.as_str() {
            "==" | "=:=" | "/=" | "=/=" | "isNil" | "notNil" | "isKindOf:" | "respondsTo:" | "not" => {
                return Type::boolean();
            }
            "class" => {
                return match of_receiver.single().and_then(Member::class) {
                    Some(class) => Type::from(Member::Class(class.into())),
                    None => Type::Dynamic(None),
                };
            }
            "asType:" => {
                return match message.arguments.first().map(|argument| &argument.unparenthesised().kind) {
                    Some(ExprKind::Class(name)) => Type::instance(&name.name.name),
                    _ => of_receiver.clone(),
                };
            }
            "ifTrue:ifFalse:" | "ifFalse:ifTrue:" if block(0).is_some() && block(1).is_some() => {
                let first = selector == "ifTrue:ifFalse:";
                return Type::union([narrowed(self, 0, first, scope), narrowed(self, 1, !first, scope)]);
            }
            "ifTrue:" | "ifFalse:" if block(0).is_some() => {
                let other = narrowed(self, 0, selector == "ifTrue:", scope);
                return Type::union([Type::boolean(), other]);
            }
            "ifNil:" => {
                if let Some(block) = block(0) {
                    return Type::union([without_nil(), self.block_answer(block, &[], scope)]);
                }
            }
            "ifNotNil:" => {
                if let Some(block) = block(0) {
                    let nil = of_receiver.only(|member| *member == Member::Nil);
                    let other = self.block_answer(block, &[without_nil()], scope);
                    return Type::union([nil, other]);
                }
            }
            "ifNil:ifNotNil:" | "ifNotNil:ifNil:" => {
                let (nil, other) = if selector.starts_with("ifNil:") { (0, 1) } else { (1, 0) };
                if let (Some(nil), Some(other)) = (block(nil), block(other)) {
                    return Type::union([
                        self.block_answer(nil, &[], scope),
                        self.block_answer(other, &[without_nil()], scope),
                    ]);
                }
            }
            _ => {}
        }
        if is_erlang(receiver) {
            return Type::Dynamic(Some("untyped FFI"));
        }
        let Some(members) = of_receiver.members() else { return DYNAMIC_RECEIVER };
        let answers: Vec<Type> = members
            .iter()
            .filter(|member| members.len() == 1 || **member != Member::Nil)
            .map(|member| self.answer_of(member, &selector, message, scope))
            .collect();
        Type::union(answers)
    }

    fn answer_of(&self, member: &Member, selector: &str, message: &Message, scope: &mut Scope) -> Type {
        let Some((owner, method, side)) = self.method_of(member, selector) else {
            return match member {
                Member::Class(class) if is_instantiation(selector) => Type::instance(class),
                _ => DYNAMIC_RECEIVER,
            };
        };
        let receiver = match member {
            Member::Class(class) if side == Side::Class => Type::instance(class),
            Member::Symbol(_) => Type::instance("Symbol"),
            _ => Type::from(member.clone()),
        };
        let mut variables = self.arguments_of(member, owner);
        match method.origin {
            Origin::Getter => {
                let field = owner.fields.iter().find(|field| field.name == selector);
                let ty = field.and_then(|field| field.ty.as_ref());
                let meaning = Meaning { table: self.cx.table, receiver, variables: &variables };
                return ty.map_or(Type::Dynamic(None), |ty| meaning.of(ty));
            }
            Origin::Setter | Origin::Constructor => return receiver,
            Origin::Body | Origin::Extension => {}
        }
        let Some(answer) = &method.types.answer else {
            if side == Side::Class && is_instantiation(selector) {
                return receiver;
            }
            return Type::Dynamic(Some("unannotated return"));
        };
        // A type variable is what an argument declared so is, or what a block declared to answer it does.
        for (argument, declared) in message.arguments.iter().zip(&method.types.parameters) {
            let Some(declared) = declared else { continue };
            let found = match literal_block(argument) {
                Some(block) => declared.block_types().and_then(|types| {
                    let (answer, parameters) = types.split_last()?;
                    let meaning =
                        Meaning { table: self.cx.table, receiver: receiver.clone(), variables: &variables };
                    let parameters: Vec<Type> =
                        parameters.iter().map(|parameter| meaning.of(parameter)).collect();
                    let name = answer.variable()?;
                    Some((name.clone(), self.block_answer(block, &parameters, scope)))
                }),
                None => declared.variable().map(|name| (name.clone(), self.type_of(argument, scope))),
            };
            if let Some((name, ty)) = found
                && self.cx.table.get(&name).is_none()
                && !variables.iter().any(|(known, _)| *known == name)
            {
                variables.push((name, ty));
            }
        }
        Meaning { table: self.cx.table, receiver, variables: &variables }.of(answer)
    }

    /// The method that a message to `member` runs, with the class that defines it and its side.
    fn method_of(&self, member: &Member, selector: &str) -> Option<(&ClassInfo, &MethodInfo, Side)> {
        let table = self.cx.table;
        let find = |class: &str, side: Side| {
            table.find_method(class, side, selector).map(|(owner, method)| (owner.as_ref(), method, side))
        };
        match member {
            Member::Class(class) => find(class, Side::Class).or_else(|| find("Class", Side::Instance)),
            _ => find(member.class()?, Side::Instance),
        }
    }

    /// What the type parameters of `owner` stand for in a receiver of this type, as its class and those between them say.
    fn arguments_of(&self, member: &Member, owner: &ClassInfo) -> Vec<(SmolStr, Type)> {
        let (name, mut arguments) = match member {
            Member::Instance(name, arguments) => (name.as_str(), arguments.clone()),
            _ => return Vec::new(),
        };
        let mut known: Vec<(SmolStr, Type)> = Vec::new();
        for class in self.cx.table.chain(name) {
            arguments.resize(class.type_parameters.len(), Type::Dynamic(None));
            let of_class: Vec<_> = class.type_parameters.iter().cloned().zip(arguments).collect();
            // A parameter of the same name is passed on where the head says nothing else.
            known.retain(|(name, _)| !class.type_parameters.contains(name));
            known.extend(of_class);
            if class.name == owner.name {
                break;
            }
            let meaning =
                Meaning { table: self.cx.table, receiver: Type::instance(&class.name), variables: &known };
            let Some(above) = class.superclass.as_deref().and_then(|above| self.cx.table.get(above)) else {
                break;
            };
            arguments = if class.superclass_arguments.is_empty() {
                let same = |name: &SmolStr| known.iter().find(|(known, _)| known == name);
                let passed = |name| same(name).map_or(Type::Dynamic(None), |(_, ty)| ty.clone());
                above.type_parameters.iter().map(passed).collect()
            } else {
                class.superclass_arguments.iter().map(|argument| meaning.of(argument)).collect()
            };
        }
        known
    }

    /// The types of the parameters of a block that is the argument `index` of a message.
    pub(super) fn block_parameters(&self, receiver: &Type, message: &Message, index: usize) -> Vec<Type> {
        let selector = message.selector();
        if selector == "ifNotNil:" || selector.contains(":ifNotNil:") || selector.starts_with("ifNotNil:") {
            return vec![receiver.only(|member| *member != Member::Nil)];
        }
        if selector == "on:do:" {
            return match message.arguments.first().map(|argument| &argument.unparenthesised().kind) {
                Some(ExprKind::Class(name)) => vec![Type::instance(&name.name.name)],
                _ => Vec::new(),
            };
        }
        let Some(member) = receiver.single() else { return Vec::new() };
        let Some((owner, method, _)) = self.method_of(member, &selector) else { return Vec::new() };
        let declared = method.types.parameters.get(index).and_then(Option::as_ref);
        let Some(types) = declared.and_then(|declared| declared.block_types()) else { return Vec::new() };
        let variables = self.arguments_of(member, owner);
        let meaning =
            Meaning { table: self.cx.table, receiver: Type::from(member.clone()), variables: &variables };
        let parameters = types.split_last().map_or(&[][..], |(_, parameters)| parameters);
        parameters.iter().map(|parameter| meaning.of(parameter)).collect()
    }

    // ---- what tests tell -------------------------------------------------------------------------------

    /// A branch that is taken when `condition` is so.
    pub(super) fn enter_branch(&self, condition: &Expr, when: bool, scope: &mut Scope) {
        if let Some(test) = self.test(condition, scope) {
            bind(scope, &test.name, if when { test.when_true } else { test.when_false });
        }
    }

    /// What a condition tells of the variable or slot that it is about.
    pub(super) fn test(&self, condition: &Expr, scope: &mut Scope) -> Option<Test> {
        let ExprKind::Send(send) = &condition.unparenthesised().kind else { return None };
        let selector = send.message.selector();
        let argument = send.message.arguments.first();
        let split = |this: &Self, expr: &Expr, keep: &dyn Fn(&Member) -> bool, scope: &mut Scope| {
            let name = subject(expr)?;
            let ty = this.type_of(expr, scope);
            ty.members()?;
            Some(Test { name, when_true: ty.only(keep), when_false: ty.only(|member| !keep(member)) })
        };
        let swapped =
            |test: Test| Test { name: test.name, when_true: test.when_false, when_false: test.when_true };
        match selector.as_str() {
            "isNil" => split(self, &send.receiver, &|member| *member == Member::Nil, scope),
            "notNil" => split(self, &send.receiver, &|member| *member == Member::Nil, scope).map(swapped),
            "not" => self.test(&send.receiver, scope).map(swapped),
            "=:=" | "/=" | "=/=" => {
                let symbol = |expr: &Expr| match &expr.unparenthesised().kind {
                    ExprKind::Symbol(name) => Some(Member::Symbol(name.clone())),
                    ExprKind::Nil => Some(Member::Nil),
                    _ => None,
                };
                let (about, wanted) = match (symbol(&send.receiver), symbol(argument?)) {
                    (None, Some(wanted)) => (&send.receiver, wanted),
                    (Some(wanted), None) => (argument?, wanted),
                    _ => return self.test_of_class(&send.receiver, argument?, &selector, scope),
                };
                let test = split(self, about, &|member| *member == wanted, scope)?;
                // Of a class that has the symbol among others, the symbol is left and nothing is taken away.
                if test.when_true == Type::Never {
                    return None;
                }
                Some(if selector == "=:=" { test } else { swapped(test) })
            }
            "isKindOf:" => {
                let ExprKind::Class(class) = &argument?.unparenthesised().kind else { return None };
                let table = self.cx.table;
                let is_one = |member: &Member| {
                    member.class().is_some_and(|name| table.inherits(name, &class.name.name))
                };
                let test = split(self, &send.receiver, &is_one, scope)?;
                (test.when_true != Type::Never).then_some(test)
            }
            _ => None,
        }
    }

    /// `x class =:= C`: an exact test, so that nothing is known when it fails.
    fn test_of_class(&self, tested: &Expr, class: &Expr, selector: &str, scope: &mut Scope) -> Option<Test> {
        let ExprKind::Send(send) = &tested.unparenthesised().kind else { return None };
        let ExprKind::Class(class) = &class.unparenthesised().kind else { return None };
        if send.message.selector() != "class" || selector != "=:=" {
            return None;
        }
        let name = subject(&send.receiver)?;
        let when_false = self.type_of(&send.receiver, scope);
        let when_true = when_false.only(|member| member.class() == Some(class.name.name.as_str()));
        (when_true != Type::Never && when_false.members().is_some()).then_some(Test {
            name,
            when_true,
            when_false,
        })
    }

    /// What is known behind a statement that leaves the method in one of two cases.
    pub(super) fn after_guard(&self, statement: &Expr, scope: &mut Scope) {
        let ExprKind::Send(send) = &statement.unparenthesised().kind else { return };
        let selector = send.message.selector();
        let leaves = match selector.as_str() {
            "ifTrue:" | "ifTrue:ifFalse:" => true,
            "ifFalse:" => false,
            _ => return,
        };
        let Some(block) = send.message.arguments.first().and_then(literal_block) else { return };
        if self.diverges(block, scope) {
            self.enter_branch(&send.receiver, !leaves, scope);
        }
    }

    fn diverges(&self, block: &Block, scope: &mut Scope) -> bool {
        block.body.iter().any(|statement| {
            let expr = &statement.expr;
            matches!(expr.unparenthesised().kind, ExprKind::Return(_))
                || (matches!(expr.kind, ExprKind::Send(_)) && self.type_of(expr, scope) == Type::Never)
        })
    }
}

/// Whether the class message makes an instance.
fn is_instantiation(selector: &str) -> bool {
    matches!(selector, "new" | "new:" | "basicNew" | "spawn" | "spawnWith:")
}

/// `Erlang module`, or a function of one.
fn is_erlang(receiver: &Expr) -> bool {
    match &receiver.unparenthesised().kind {
        ExprKind::Class(name) => name.name.name == "Erlang",
        ExprKind::Send(send) => {
            send.message.arguments.is_empty()
                && matches!(&send.receiver.unparenthesised().kind, ExprKind::Class(name) if name.name.name == "Erlang")
        }
        _ => false,
    }
}

/// What is known of a variable.
fn known_as(name: &str, scope: &Scope) -> Option<Type> {
    scope.iter().rev().find(|known| known.name == name).map(|known| known.ty.clone())
}

/// An arm of a match: what its pattern binds, and what is known of the matched value there. `residual` is what is
/// left for the arms behind it.
pub(super) fn enter_arm(
    matching: &Match,
    arm: &beamtalk_syntax::ast::Arm,
    residual: &mut Type,
    scope: &mut Scope,
) {
    let taken = match &arm.pattern.kind {
        PatternKind::Typed { class, .. } => Some(Member::named(&class.name.name)),
        PatternKind::Literal(literal) if matches!(literal.kind, ExprKind::Nil) => Some(Member::Nil),
        _ => None,
    };
    let here = match &taken {
        Some(taken) => match residual.only(|member| member.class() == taken.class()) {
            Type::Never | Type::Dynamic(_) => Type::from(taken.clone()),
            some @ Type::Union(_) => some,
        },
        None => residual.clone(),
    };
    if let Some(name) = subject(&matching.scrutinee) {
        bind(scope, &name, here.clone());
    }
    super::exhaustive::names(&arm.pattern, &mut |name| bind(scope, name, Type::Dynamic(None)));
    if let PatternKind::Typed { name, .. } = &arm.pattern.kind {
        bind(scope, &name.name, here);
    }
    if let (Some(taken), None) = (&taken, &arm.guard) {
        *residual = residual.only(|member| member.class() != taken.class());
    }
}
