//! The tree in canonical form: what formatting may change, and nothing else.
//!
//! Two trees mean the same where their canonical forms are equal but for spans. Formatting prints the
//! canonical form, so the tree of its output has it.

use beamtalk_syntax::ast::{
    ClassModifier, DataKeyword, Doc, Expr, ExprKind, Item, Member, Message, Method, MethodModifier,
    Parameter, Pattern, PatternKind, Requirement, Segment, Signature, SourceFile, Statement, TypeExpr,
    TypeKind,
};

/// Put modifiers, annotations and doc comments of `file` into canonical form.
pub(crate) fn normalize(file: &mut SourceFile) {
    for item in &mut file.items {
        match item {
            Item::Class(class) => {
                doc(&mut class.doc);
                sort_modifiers(&mut class.modifiers, |modifier| match modifier {
                    ClassModifier::Internal => 0,
                    ClassModifier::Abstract => 1,
                    ClassModifier::Sealed => 2,
                    ClassModifier::Typed => 3,
                });
                class.superclass_arguments.iter_mut().for_each(annotation);
                for member in &mut class.members {
                    match member {
                        Member::Data(data) => {
                            doc(&mut data.doc);
                            data.annotation.iter_mut().for_each(annotation);
                            data.default.iter_mut().for_each(expr);
                        }
                        Member::Method(each) => method(each),
                    }
                }
            }
            Item::Protocol(protocol) => {
                doc(&mut protocol.doc);
                protocol.requirements.iter_mut().for_each(requirement);
            }
            Item::TypeAlias(alias) => {
                doc(&mut alias.doc);
                annotation(&mut alias.definition);
            }
            Item::Extension(extension) => method(&mut extension.method),
            Item::Statement(each) => statement(each),
        }
    }
}

/// Put the items of the file and the members of its classes and protocols into order.
pub(crate) fn reorder(file: &mut SourceFile) {
    for item in &mut file.items {
        match item {
            Item::Class(class) => class.members.sort_by_key(member_rank),
            Item::Protocol(protocol) => protocol.requirements.sort_by_key(|each| each.class_side),
            Item::TypeAlias(_) | Item::Extension(_) | Item::Statement(_) => {}
        }
    }
    file.items.sort_by_key(item_rank);
}

/// Definitions, then standalone methods, then expressions (spec 01b section 24.3).
pub(crate) fn item_rank(item: &Item) -> u8 {
    match item {
        Item::Class(_) | Item::Protocol(_) | Item::TypeAlias(_) => 0,
        Item::Extension(_) => 1,
        Item::Statement(_) => 2,
    }
}

/// The [`member_rank`] of class methods; data declarations have lower ones.
pub(crate) const FIRST_METHOD: u8 = 2;

/// Instance data, class data, class methods, instance methods (spec 01b section 24.3).
pub(crate) fn member_rank(member: &Member) -> u8 {
    match member {
        Member::Data(data) => match data.keyword {
            DataKeyword::Field | DataKeyword::State => 0,
            DataKeyword::ClassState => 1,
        },
        Member::Method(method) if method.is_class_side() => FIRST_METHOD,
        Member::Method(_) => FIRST_METHOD + 1,
    }
}

fn sort_modifiers<M: Copy + PartialEq, S>(modifiers: &mut Vec<(M, S)>, rank: impl Fn(M) -> u8) {
    modifiers.sort_by_key(|(modifier, _)| rank(*modifier));
    modifiers.dedup_by(|(one, _), (other, _)| one == other);
}

fn doc(doc: &mut Option<Doc>) {
    if let Some(doc) = doc {
        let lines: Vec<&str> = doc.text.split('\n').map(str::trim_end).collect();
        doc.text = lines.join("\n");
    }
}

fn method(method: &mut Method) {
    doc(&mut method.doc);
    sort_modifiers(&mut method.modifiers, |modifier| match modifier {
        MethodModifier::Class => 0,
        MethodModifier::Internal => 1,
        MethodModifier::Sealed => 2,
    });
    signature(&mut method.signature);
    method.return_type.iter_mut().for_each(annotation);
    method.body.iter_mut().for_each(statement);
}

fn requirement(requirement: &mut Requirement) {
    doc(&mut requirement.doc);
    signature(&mut requirement.signature);
    requirement.return_type.iter_mut().for_each(annotation);
}

fn signature(signature: &mut Signature) {
    match signature {
        Signature::Unary(_) => {}
        Signature::Binary(_, parameter) => parameter.annotation.iter_mut().for_each(annotation),
        Signature::Keyword(parts) => {
            for (_, parameter) in parts {
                parameter.annotation.iter_mut().for_each(annotation);
            }
        }
    }
}

// Annotations

/// Where an annotation stands, as far as its parentheses are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On its own.
    Alone,
    /// In a union.
    Union,
    /// Left of `&`.
    Intersection,
    /// Left of `\`.
    Difference,
    /// Where only a single type can stand: right of `&` or `\`, in a block parameter.
    Atom,
}

fn annotation(annotation: &mut TypeExpr) {
    unwrap_type(annotation, Place::Alone);
}

/// Drop the parentheses that change nothing.
fn unwrap_type(annotation: &mut TypeExpr, place: Place) {
    while let TypeKind::Paren(inner) = &mut annotation.kind {
        let redundant = match &inner.kind {
            TypeKind::Union(_) => place == Place::Alone,
            TypeKind::Intersection(..) => {
                matches!(place, Place::Alone | Place::Union | Place::Intersection)
            }
            TypeKind::Difference(..) => matches!(place, Place::Alone | Place::Union | Place::Difference),
            TypeKind::Name { .. }
            | TypeKind::SelfType
            | TypeKind::SelfClass
            | TypeKind::ClassOf(_)
            | TypeKind::Singleton(_)
            | TypeKind::Paren(_) => true,
            TypeKind::Error => false,
        };
        if !redundant {
            break;
        }
        let broken = TypeExpr { kind: TypeKind::Error, span: inner.span };
        *annotation = std::mem::replace(&mut **inner, broken);
    }
    match &mut annotation.kind {
        TypeKind::Name { arguments, .. } => arguments.iter_mut().for_each(self::annotation),
        TypeKind::Union(members) => {
            for member in members {
                unwrap_type(member, Place::Union);
            }
        }
        TypeKind::Intersection(left, right) => {
            unwrap_type(left, Place::Intersection);
            unwrap_type(right, Place::Atom);
        }
        TypeKind::Difference(left, right) => {
            unwrap_type(left, Place::Difference);
            unwrap_type(right, Place::Atom);
        }
        TypeKind::Paren(inner) => unwrap_type(inner, Place::Alone),
        TypeKind::SelfType
        | TypeKind::SelfClass
        | TypeKind::ClassOf(_)
        | TypeKind::Singleton(_)
        | TypeKind::Error => {}
    }
}

// Expressions hold annotations in block parameters and annotated locals.

fn statement(statement: &mut Statement) {
    expr(&mut statement.expr);
}

fn expr(expr: &mut Expr) {
    match &mut expr.kind {
        ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::Character(_)
        | ExprKind::String(_)
        | ExprKind::Symbol(_)
        | ExprKind::Variable(_)
        | ExprKind::SelfRef
        | ExprKind::Super
        | ExprKind::Nil
        | ExprKind::True
        | ExprKind::False
        | ExprKind::Class(_)
        | ExprKind::Primitive { .. }
        | ExprKind::Error => {}
        ExprKind::Interpolation(segments) => {
            for segment in segments {
                match segment {
                    Segment::Text(_) => {}
                    Segment::Expr(inner) => self::expr(inner),
                }
            }
        }
        ExprKind::Field { receiver: inner, .. }
        | ExprKind::Paren(inner)
        | ExprKind::Return(inner)
        | ExprKind::Cast(inner) => self::expr(inner),
        ExprKind::Block(block) => {
            block.parameters.iter_mut().for_each(block_parameter);
            block.body.iter_mut().for_each(statement);
        }
        ExprKind::List { elements, tail } => {
            elements.iter_mut().for_each(self::expr);
            if let Some(tail) = tail {
                self::expr(tail);
            }
        }
        ExprKind::Array(elements) => elements.iter_mut().for_each(self::expr),
        ExprKind::Dictionary(pairs) => {
            for (key, value) in pairs {
                self::expr(key);
                self::expr(value);
            }
        }
        ExprKind::Send(send) => {
            self::expr(&mut send.receiver);
            message(&mut send.message);
        }
        ExprKind::Cascade { receiver, messages } => {
            self::expr(receiver);
            messages.iter_mut().for_each(message);
        }
        ExprKind::Assign(assign) => {
            assign.annotation.iter_mut().for_each(annotation);
            self::expr(&mut assign.value);
        }
        ExprKind::Destructure { value, .. } => self::expr(value),
        ExprKind::Match(matching) => {
            self::expr(&mut matching.scrutinee);
            for arm in &mut matching.arms {
                pattern(&mut arm.pattern);
                arm.guard.iter_mut().for_each(self::expr);
                self::expr(&mut arm.body);
            }
        }
    }
}

fn message(message: &mut Message) {
    message.arguments.iter_mut().for_each(expr);
}

fn block_parameter(parameter: &mut Parameter) {
    parameter.annotation.iter_mut().for_each(|annotation| unwrap_type(annotation, Place::Atom));
}

/// Put the specifiers of binary segments in order: type, signedness, endianness.
fn pattern(pattern: &mut Pattern) {
    match &mut pattern.kind {
        PatternKind::Binary(segments) => {
            for segment in segments {
                segment.specifiers.sort_by_key(|specifier| match specifier.name.as_str() {
                    "signed" | "unsigned" => 1,
                    "big" | "little" | "native" => 2,
                    _ => 0,
                });
            }
        }
        PatternKind::Tuple(elements)
        | PatternKind::Array { elements, .. }
        | PatternKind::List { elements, .. } => elements.iter_mut().for_each(self::pattern),
        PatternKind::Dictionary(pairs) => pairs.iter_mut().for_each(|(_, value)| self::pattern(value)),
        PatternKind::Constructor { parts, .. } => {
            for (_, binding) in parts {
                self::pattern(binding);
            }
        }
        PatternKind::Wildcard
        | PatternKind::Variable(_)
        | PatternKind::Typed { .. }
        | PatternKind::Literal(_)
        | PatternKind::Error => {}
    }
}
