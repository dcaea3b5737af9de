//! The tree as compact S-expressions, for tests and for people.

use std::fmt::Write as _;

use crate::ast::{
    Arm, BinarySegment, Block, ClassDef, ClassName, DataDecl, DataKeyword, Doc, Expect, Expr, ExprKind,
    Extension, Ident, Item, Member, Message, Method, Parameter, Pattern, PatternKind, ProtocolDef,
    RestPattern, Segment, SegmentSize, Signature, SourceFile, Statement, TypeAlias, TypeExpr, TypeKind,
    TypeParameter,
};

/// One line for each item.
#[must_use]
pub fn dump(file: &SourceFile) -> String {
    let mut out = String::new();
    for item in &file.items {
        let text = dump_item(item);
        // Most files hold one class, which need not be there twice.
        if out.is_empty() {
            out = text;
        } else {
            out.push_str(&text);
        }
        out.push('\n');
    }
    out
}

fn dump_item(item: &Item) -> String {
    match item {
        Item::Class(class) => dump_class(class),
        Item::Protocol(protocol) => dump_protocol(protocol),
        Item::TypeAlias(alias) => dump_alias(alias),
        Item::Extension(extension) => dump_extension(extension),
        Item::Statement(statement) => dump_statement(statement),
    }
}

/// `(head part part …)`, empty parts left out.
fn list(head: &str, parts: impl IntoIterator<Item = String>) -> String {
    let mut out = format!("({head}");
    for part in parts {
        if !part.is_empty() {
            let _ = write!(out, " {part}");
        }
    }
    out.push(')');
    out
}

fn each<T>(items: &[T], dump_one: impl Fn(&T) -> String) -> Vec<String> {
    items.iter().map(dump_one).collect()
}

fn optional<T>(item: Option<&T>, dump_one: impl Fn(&T) -> String) -> String {
    item.map(dump_one).unwrap_or_default()
}

fn doc(doc: Option<&Doc>) -> String {
    optional(doc, |doc| format!("(doc {:?})", doc.text))
}

fn expects(expects: &[Expect]) -> String {
    let each: Vec<String> = each(expects, |expect| {
        let reason = optional(expect.reason.as_ref(), |reason| format!("{reason:?}"));
        list("expect", [expect.category.name.to_string(), reason])
    });
    each.join(" ")
}

fn modifiers<M: std::fmt::Debug, S>(modifiers: &[(M, S)]) -> String {
    let words: Vec<String> = each(modifiers, |(modifier, _)| format!("{modifier:?}").to_lowercase());
    words.join(" ")
}

fn class_name(name: &ClassName) -> String {
    name.package
        .as_ref()
        .map_or_else(|| name.name.name.to_string(), |package| format!("{}@{}", package.name, name.name.name))
}

fn type_parameters(parameters: &[TypeParameter]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    list(
        "types",
        each(parameters, |parameter| {
            let bound = optional(parameter.bound.as_ref(), |bound| format!("::{}", bound.name));
            format!("{}{bound}", parameter.name.name)
        }),
    )
}

fn dump_class(class: &ClassDef) -> String {
    let superclass = class.superclass.as_ref().map_or_else(|| "nil".to_owned(), class_name);
    let arguments = each(&class.superclass_arguments, dump_type).join(" ");
    let superclass = if arguments.is_empty() { superclass } else { format!("({superclass} {arguments})") };
    let head = [
        doc(class.doc.as_ref()),
        expects(&class.expects),
        modifiers(&class.modifiers),
        class.name.name.to_string(),
        type_parameters(&class.type_parameters),
        format!("< {superclass}"),
        optional(class.native.as_ref(), |name| format!("native:{}", name.name)),
        optional(class.handle_scope.as_ref(), |name| format!("handleScope:#{}", name.name)),
    ];
    let members = class.members.iter().map(|member| match member {
        Member::Data(data) => dump_data(data),
        Member::Method(method) => dump_method("method", method),
    });
    list("class", head.into_iter().chain(members))
}

fn dump_data(data: &DataDecl) -> String {
    let keyword = match data.keyword {
        DataKeyword::Field => "field",
        DataKeyword::State => "state",
        DataKeyword::ClassState => "classState",
    };
    list(
        keyword,
        [
            doc(data.doc.as_ref()),
            expects(&data.expects),
            data.name.name.to_string(),
            annotation(data.annotation.as_ref()),
            optional(data.default.as_ref(), |value| format!("= {}", dump_expr(value))),
        ],
    )
}

fn annotation(annotation: Option<&TypeExpr>) -> String {
    optional(annotation, |annotation| format!("::{}", dump_type(annotation)))
}

fn dump_method(head: &str, method: &Method) -> String {
    let mut parts = vec![
        doc(method.doc.as_ref()),
        expects(&method.expects),
        modifiers(&method.modifiers),
        signature(&method.signature),
        optional(method.return_type.as_ref(), |answer| format!("-> {}", dump_type(answer))),
        "=>".to_owned(),
    ];
    parts.extend(each(&method.body, dump_statement));
    list(head, parts)
}

fn signature(signature: &Signature) -> String {
    match signature {
        Signature::Unary(name) => name.name.to_string(),
        Signature::Binary(name, parameter) => format!("{} {}", name.name, dump_parameter(parameter)),
        Signature::Keyword(parts) => {
            each(parts, |(part, parameter)| format!("{} {}", part.name, dump_parameter(parameter))).join(" ")
        }
    }
}

fn dump_parameter(parameter: &Parameter) -> String {
    format!("{}{}", parameter.name.name, annotation(parameter.annotation.as_ref()))
}

fn dump_extension(extension: &Extension) -> String {
    let side = if extension.class_side { " class" } else { "" };
    dump_method(&format!("extension {}{side}", class_name(&extension.target)), &extension.method)
}

fn dump_protocol(protocol: &ProtocolDef) -> String {
    let mut parts = vec![
        doc(protocol.doc.as_ref()),
        expects(&protocol.expects),
        protocol.name.name.to_string(),
        type_parameters(&protocol.type_parameters),
        optional(protocol.extending.as_ref(), |name| format!("extending:{}", name.name)),
    ];
    parts.extend(each(&protocol.requirements, |requirement| {
        let side = if requirement.class_side { "class".to_owned() } else { String::new() };
        list(
            "requires",
            [
                doc(requirement.doc.as_ref()),
                side,
                signature(&requirement.signature),
                optional(requirement.return_type.as_ref(), |answer| format!("-> {}", dump_type(answer))),
            ],
        )
    }));
    list("protocol", parts)
}

fn dump_alias(alias: &TypeAlias) -> String {
    let internal = if alias.internal { "internal" } else { "" };
    list(
        "type",
        [
            doc(alias.doc.as_ref()),
            expects(&alias.expects),
            internal.to_owned(),
            alias.name.name.to_string(),
            dump_type(&alias.definition),
        ],
    )
}

fn dump_type(annotation: &TypeExpr) -> String {
    match &annotation.kind {
        TypeKind::Name { name, arguments } if arguments.is_empty() => class_name(name),
        TypeKind::Name { name, arguments } => list(&class_name(name), each(arguments, dump_type)),
        TypeKind::SelfType => "Self".to_owned(),
        TypeKind::SelfClass => "(class-of Self)".to_owned(),
        TypeKind::ClassOf(name) => list("class-of", [class_name(name)]),
        TypeKind::Singleton(name) => format!("#{name}"),
        TypeKind::Union(members) => list("|", each(members, dump_type)),
        TypeKind::Intersection(left, right) => list("&", [dump_type(left), dump_type(right)]),
        TypeKind::Difference(left, right) => list("\\", [dump_type(left), dump_type(right)]),
        TypeKind::Paren(inner) => list("paren", [dump_type(inner)]),
        TypeKind::Error => "<error>".to_owned(),
    }
}

fn dump_statement(statement: &Statement) -> String {
    let expr = dump_expr(&statement.expr);
    if statement.expects.is_empty() { expr } else { format!("{} {expr}", expects(&statement.expects)) }
}

/// One expression.
#[must_use]
pub fn dump_expr(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Integer(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Character(value) => format!("${value}"),
        ExprKind::String(text) => format!("{text:?}"),
        ExprKind::Interpolation(segments) => list(
            "str",
            each(segments, |segment| match segment {
                Segment::Text(text) => format!("{text:?}"),
                Segment::Expr(expr) => dump_expr(expr),
            }),
        ),
        ExprKind::Symbol(name) => format!("#{name}"),
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::SelfRef => "self".to_owned(),
        ExprKind::Super => "super".to_owned(),
        ExprKind::Nil => "nil".to_owned(),
        ExprKind::True => "true".to_owned(),
        ExprKind::False => "false".to_owned(),
        ExprKind::Class(name) => class_name(name),
        ExprKind::Field { receiver, name } => list("field", [dump_expr(receiver), name.name.to_string()]),
        ExprKind::Paren(inner) => list("paren", [dump_expr(inner)]),
        ExprKind::Block(block) => dump_block(block),
        ExprKind::List { elements, tail } => {
            let tail = optional(tail.as_deref(), |tail| format!("| {}", dump_expr(tail)));
            list("list", each(elements, dump_expr).into_iter().chain([tail]))
        }
        ExprKind::Array(elements) => list("array", each(elements, dump_expr)),
        ExprKind::Dictionary(pairs) => {
            list("dict", each(pairs, |(key, value)| format!("({} {})", dump_expr(key), dump_expr(value))))
        }
        ExprKind::Send(send) => list("send", [dump_expr(&send.receiver), dump_message(&send.message)]),
        ExprKind::Cascade { receiver, messages } => list(
            "cascade",
            std::iter::once(dump_expr(receiver))
                .chain(each(messages, |message| format!("({})", dump_message(message)))),
        ),
        ExprKind::Assign(assign) => list(
            ":=",
            [dump_expr(&assign.target), annotation(assign.annotation.as_ref()), dump_expr(&assign.value)],
        ),
        ExprKind::Destructure { pattern, value } => list(":=", [dump_pattern(pattern), dump_expr(value)]),
        ExprKind::Return(value) => list("^", [dump_expr(value)]),
        ExprKind::Cast(send) => list("cast", [dump_expr(send)]),
        ExprKind::Match(matching) => {
            let head = if matching.exhaustive { "match!" } else { "match" };
            list(head, std::iter::once(dump_expr(&matching.scrutinee)).chain(each(&matching.arms, dump_arm)))
        }
        ExprKind::Primitive { intrinsic, name } => {
            let head = if *intrinsic { "intrinsic" } else { "primitive" };
            list(head, [optional(name.as_ref(), Clone::clone)])
        }
        ExprKind::Error => "<error>".to_owned(),
    }
}

fn dump_block(block: &Block) -> String {
    let parameters = each(&block.parameters, |parameter| format!(":{}", dump_parameter(parameter)));
    let bar = if parameters.is_empty() { String::new() } else { "|".to_owned() };
    list("block", parameters.into_iter().chain([bar]).chain(each(&block.body, dump_statement)))
}

fn dump_message(message: &Message) -> String {
    let arguments = each(&message.arguments, dump_expr).join(" ");
    if arguments.is_empty() {
        message.selector().to_string()
    } else {
        format!("{} {arguments}", message.selector())
    }
}

fn dump_arm(arm: &Arm) -> String {
    let guard = optional(arm.guard.as_ref(), |guard| format!("when {}", dump_expr(guard)));
    list(&dump_pattern(&arm.pattern), [guard, "->".to_owned(), dump_expr(&arm.body)])
}

/// One pattern.
#[must_use]
pub fn dump_pattern(pattern: &Pattern) -> String {
    match &pattern.kind {
        PatternKind::Wildcard => "_".to_owned(),
        PatternKind::Variable(name) => name.to_string(),
        PatternKind::Typed { name, class } => format!("{}::{}", name.name, class_name(class)),
        PatternKind::Literal(expr) => dump_expr(expr),
        PatternKind::Tuple(elements) => list("tuple", each(elements, dump_pattern)),
        PatternKind::Array { elements, rest } => dump_sequence("array", elements, rest.as_ref()),
        PatternKind::List { elements, rest } => dump_sequence("list", elements, rest.as_ref()),
        PatternKind::Dictionary(pairs) => {
            list("dict", each(pairs, |(key, value)| format!("({} {})", dump_expr(key), dump_pattern(value))))
        }
        PatternKind::Constructor { class, parts } => {
            let parts =
                each(parts, |(keyword, binding)| format!("{} {}", keyword.name, dump_pattern(binding)));
            list(&class_name(class), parts)
        }
        PatternKind::Binary(segments) => list("binary", each(segments, dump_segment)),
        PatternKind::Error => "<error>".to_owned(),
    }
}

fn dump_sequence(head: &str, elements: &[Pattern], rest: Option<&RestPattern>) -> String {
    let rest = optional(rest, |rest| format!("...{}", name_or_blank(rest.name.as_ref())));
    list(head, each(elements, dump_pattern).into_iter().chain([rest]))
}

fn dump_segment(segment: &BinarySegment) -> String {
    let mut out = name_or_blank(segment.name.as_ref()).to_owned();
    match &segment.size {
        Some(SegmentSize::Literal(bits, _)) => {
            let _ = write!(out, ":{bits}");
        }
        Some(SegmentSize::Variable(name)) => {
            let _ = write!(out, ":{}", name.name);
        }
        None => {}
    }
    for (index, specifier) in segment.specifiers.iter().enumerate() {
        let _ = write!(out, "{}{}", if index == 0 { '/' } else { '-' }, specifier.name);
    }
    out
}

fn name_or_blank(name: Option<&Ident>) -> &str {
    name.map_or("_", |name| name.name.as_str())
}
