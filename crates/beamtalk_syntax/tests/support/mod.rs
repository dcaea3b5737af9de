//! Laws of tokens and trees that hold for every source.

use beamtalk_syntax::ast::{
    Arm, BinarySegment, ClassDef, ClassName, DataDecl, Expect, Expr, ExprKind, Ident, Item, Member, Message,
    Method, Parameter, Pattern, PatternKind, RestPattern, Segment, SegmentSize, Signature, Statement,
    TypeExpr, TypeKind, TypeParameter,
};
use beamtalk_syntax::{Parsed, TokenKind};
use beamtalk_text::Span;

/// Check all laws for what `source` was parsed to.
pub fn check_laws(source: &str, parsed: &Parsed) {
    check_tokens(source, parsed);
    let whole = parsed.file.span;
    assert_eq!(whole, Span::new(0, u32::try_from(source.len()).expect("tests are short")));
    let spans = Spans { source };
    for item in &parsed.file.items {
        spans.item(whole, item);
    }
    for diagnostic in &parsed.diagnostics {
        assert!(whole.contains(diagnostic.span), "{diagnostic:?}");
        assert!(
            source.get(diagnostic.span.start as usize..diagnostic.span.end as usize).is_some(),
            "{diagnostic:?}"
        );
        assert!(diagnostic.help.as_ref().is_some_and(|help| !help.is_empty()), "{diagnostic:?}");
    }
}

/// Tokens are in order, apart, and only whitespace lies between them.
fn check_tokens(source: &str, parsed: &Parsed) {
    let mut end = 0;
    let mut newline = true;
    for token in &parsed.tokens {
        let span = token.span;
        assert!(span.start >= end && span.end >= span.start, "{token:?} after {end}");
        let gap = source.get(end as usize..span.start as usize).expect("tokens end between characters");
        let gap = if end == 0 { gap.trim_start_matches('\u{feff}') } else { gap };
        assert!(
            gap.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')),
            "{gap:?} before {token:?}"
        );
        newline |= gap.contains('\n');
        assert_eq!(token.starts_line, newline, "{token:?}");
        assert_eq!(span.is_empty(), token.kind == TokenKind::Eof, "{token:?}");
        if token.kind == TokenKind::BlockComment {
            newline |= span.text(source).contains('\n');
        } else if !token.kind.is_comment() {
            newline = false;
        }
        end = span.end;
    }
    assert_eq!(parsed.tokens.last().map(|token| token.kind), Some(TokenKind::Eof));
    assert_eq!(end as usize, source.len());
}

/// Every child lies within its parent, and siblings follow one another.
struct Spans<'s> {
    source: &'s str,
}

impl Spans<'_> {
    fn within(&self, parent: Span, child: Span) {
        assert!(parent.contains(child), "{child:?} outside {parent:?} in {:?}", self.source);
        assert!(
            self.source.get(child.start as usize..child.end as usize).is_some(),
            "{child:?} splits a character"
        );
    }

    fn in_order(&self, spans: impl Iterator<Item = Span>) {
        let mut end = 0;
        for span in spans {
            assert!(span.start >= end, "{span:?} begins before {end} in {:?}", self.source);
            end = span.end;
        }
    }

    fn ident(&self, parent: Span, ident: &Ident) {
        self.within(parent, ident.span);
        assert!(
            ident.name.is_empty()
                || ident.name.trim_end_matches(':') == ident.span.text(self.source).trim_end_matches(':')
                || ident.span.text(self.source).starts_with('#'),
            "{ident:?}"
        );
    }

    fn class_name(&self, parent: Span, name: &ClassName) {
        self.within(parent, name.span);
        self.ident(name.span, &name.name);
        if let Some(package) = &name.package {
            self.ident(name.span, package);
        }
    }

    fn item(&self, parent: Span, item: &Item) {
        match item {
            Item::Class(class) => self.class(parent, class),
            Item::Protocol(protocol) => {
                let span = protocol.span;
                self.within(parent, span);
                self.ident(span, &protocol.name);
                self.type_parameters(span, &protocol.type_parameters);
                if let Some(name) = &protocol.extending {
                    self.ident(span, name);
                }
                self.in_order(protocol.requirements.iter().map(|each| each.span));
                for requirement in &protocol.requirements {
                    self.within(span, requirement.span);
                    self.signature(requirement.span, &requirement.signature);
                    requirement
                        .return_type
                        .iter()
                        .for_each(|answer| self.annotation(requirement.span, answer));
                }
            }
            Item::TypeAlias(alias) => {
                self.within(parent, alias.span);
                self.ident(alias.span, &alias.name);
                self.annotation(alias.span, &alias.definition);
            }
            Item::Extension(extension) => {
                self.within(parent, extension.span);
                self.class_name(extension.span, &extension.target);
                self.method(extension.span, &extension.method);
            }
            Item::Statement(statement) => self.statement(parent, statement),
        }
    }

    fn class(&self, parent: Span, class: &ClassDef) {
        let span = class.span;
        self.within(parent, span);
        self.within(span, class.header_span);
        self.ident(class.header_span, &class.name);
        if let Some(name) = &class.superclass {
            self.class_name(class.header_span, name);
        }
        for each in &class.superclass_arguments {
            self.annotation(class.header_span, each);
        }
        self.type_parameters(class.header_span, &class.type_parameters);
        for member in &class.members {
            match member {
                Member::Data(data) => self.data(span, data),
                Member::Method(method) => self.method(span, method),
            }
        }
        self.in_order(class.members.iter().map(|member| match member {
            Member::Data(data) => data.span,
            Member::Method(method) => method.span,
        }));
    }

    fn type_parameters(&self, parent: Span, parameters: &[TypeParameter]) {
        for parameter in parameters {
            self.ident(parent, &parameter.name);
            if let Some(bound) = &parameter.bound {
                self.ident(parent, bound);
            }
        }
    }

    fn data(&self, parent: Span, data: &DataDecl) {
        self.within(parent, data.span);
        self.expects(parent, &data.expects);
        self.within(data.span, data.keyword_span);
        self.ident(data.span, &data.name);
        if let Some(annotation) = &data.annotation {
            self.annotation(data.span, annotation);
        }
        if let Some(value) = &data.default {
            self.expr(data.span, value);
        }
    }

    fn expects(&self, parent: Span, expects: &[Expect]) {
        for expect in expects {
            self.within(parent, expect.span);
            self.ident(expect.span, &expect.category);
        }
    }

    fn method(&self, parent: Span, method: &Method) {
        self.within(parent, method.span);
        self.within(method.span, method.header_span);
        self.signature(method.header_span, &method.signature);
        if let Some(answer) = &method.return_type {
            self.annotation(method.header_span, answer);
        }
        self.statements(method.span, &method.body);
        if let Some(doc) = &method.doc {
            assert!(doc.span.end <= method.span.start, "{:?}", self.source);
        }
    }

    fn signature(&self, parent: Span, signature: &Signature) {
        match signature {
            Signature::Unary(name) => self.ident(parent, name),
            Signature::Binary(name, parameter) => {
                self.ident(parent, name);
                self.parameter(parent, parameter);
            }
            Signature::Keyword(parts) => {
                for (part, parameter) in parts {
                    self.ident(parent, part);
                    self.parameter(parent, parameter);
                }
            }
        }
    }

    fn parameter(&self, parent: Span, parameter: &Parameter) {
        self.ident(parent, &parameter.name);
        if let Some(annotation) = &parameter.annotation {
            self.annotation(parent, annotation);
        }
    }

    fn annotation(&self, parent: Span, annotation: &TypeExpr) {
        let span = annotation.span;
        self.within(parent, span);
        match &annotation.kind {
            TypeKind::Name { name, arguments } => {
                self.class_name(span, name);
                for each in arguments {
                    self.annotation(span, each);
                }
            }
            TypeKind::ClassOf(name) => self.class_name(span, name),
            TypeKind::Union(members) => {
                for each in members {
                    self.annotation(span, each);
                }
                self.in_order(members.iter().map(|member| member.span));
            }
            TypeKind::Intersection(left, right) | TypeKind::Difference(left, right) => {
                self.annotation(span, left);
                self.annotation(span, right);
            }
            TypeKind::Paren(inner) => self.annotation(span, inner),
            TypeKind::SelfType | TypeKind::SelfClass | TypeKind::Singleton(_) | TypeKind::Error => {}
        }
    }

    fn statements(&self, parent: Span, statements: &[Statement]) {
        for statement in statements {
            self.statement(parent, statement);
        }
        self.in_order(statements.iter().map(|statement| statement.span));
    }

    fn statement(&self, parent: Span, statement: &Statement) {
        self.within(parent, statement.span);
        self.expects(parent, &statement.expects);
        self.expr(statement.span, &statement.expr);
        statement.period.iter().for_each(|period| {
            self.within(parent, *period);
            assert!(period.start >= statement.span.end, "{:?}", self.source);
        });
    }

    fn exprs(&self, parent: Span, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(parent, expr);
        }
        self.in_order(exprs.iter().map(|expr| expr.span));
    }

    fn message(&self, parent: Span, message: &Message) {
        self.within(parent, message.span);
        for part in &message.parts {
            self.ident(message.span, part);
        }
        self.exprs(message.span, &message.arguments);
        let arguments = beamtalk_syntax::selector_arity(&message.selector());
        assert_eq!(message.arguments.len(), arguments, "{message:?}");
    }

    fn expr(&self, parent: Span, expr: &Expr) {
        let span = expr.span;
        self.within(parent, span);
        match &expr.kind {
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
            | ExprKind::Primitive { .. }
            | ExprKind::Error => {}
            ExprKind::Interpolation(segments) => {
                for segment in segments {
                    match segment {
                        Segment::Text(text) => assert!(!text.is_empty()),
                        Segment::Expr(expr) => self.expr(span, expr),
                    }
                }
            }
            ExprKind::Class(name) => self.class_name(span, name),
            ExprKind::Field { receiver, name } => {
                self.expr(span, receiver);
                self.ident(span, name);
            }
            ExprKind::Paren(inner) | ExprKind::Return(inner) => self.expr(span, inner),
            ExprKind::Cast(inner) => {
                assert!(matches!(inner.kind, ExprKind::Send(_)));
                self.expr(span, inner);
            }
            ExprKind::Block(block) => {
                for parameter in &block.parameters {
                    self.parameter(span, parameter);
                }
                self.statements(span, &block.body);
            }
            ExprKind::List { elements, tail } => {
                self.exprs(span, elements);
                if let Some(tail) = tail {
                    self.expr(span, tail);
                }
            }
            ExprKind::Array(elements) => self.exprs(span, elements),
            ExprKind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    self.expr(span, key);
                    self.expr(span, value);
                    self.in_order([key.span, value.span].into_iter());
                }
            }
            ExprKind::Send(send) => {
                self.expr(span, &send.receiver);
                self.message(span, &send.message);
                self.in_order([send.receiver.span, send.message.span].into_iter());
            }
            ExprKind::Cascade { receiver, messages } => {
                assert!(messages.len() > 1);
                self.expr(span, receiver);
                for message in messages {
                    self.message(span, message);
                }
                self.in_order(messages.iter().map(|message| message.span));
            }
            ExprKind::Assign(assign) => {
                self.expr(span, &assign.target);
                if let Some(annotation) = &assign.annotation {
                    self.annotation(span, annotation);
                }
                self.expr(span, &assign.value);
            }
            ExprKind::Destructure { pattern, value } => {
                self.pattern(span, pattern);
                self.expr(span, value);
            }
            ExprKind::Match(matching) => {
                self.expr(span, &matching.scrutinee);
                self.within(span, matching.keyword_span);
                for arm in &matching.arms {
                    self.arm(span, arm);
                }
                self.in_order(matching.arms.iter().map(|arm| arm.span));
            }
        }
    }

    fn arm(&self, parent: Span, arm: &Arm) {
        self.within(parent, arm.span);
        self.pattern(arm.span, &arm.pattern);
        if let Some(guard) = &arm.guard {
            self.expr(arm.span, guard);
        }
        self.expr(arm.span, &arm.body);
    }

    fn pattern(&self, parent: Span, pattern: &Pattern) {
        let span = pattern.span;
        self.within(parent, span);
        match &pattern.kind {
            PatternKind::Wildcard | PatternKind::Variable(_) | PatternKind::Error => {}
            PatternKind::Typed { name, class } => {
                self.ident(span, name);
                self.class_name(span, class);
            }
            PatternKind::Literal(expr) => self.expr(span, expr),
            PatternKind::Tuple(elements) => {
                for each in elements {
                    self.pattern(span, each);
                }
            }
            PatternKind::Array { elements, rest } | PatternKind::List { elements, rest } => {
                for each in elements {
                    self.pattern(span, each);
                }
                if let Some(rest) = rest {
                    self.rest(span, rest);
                }
            }
            PatternKind::Dictionary(pairs) => {
                for (key, value) in pairs {
                    self.expr(span, key);
                    self.pattern(span, value);
                }
            }
            PatternKind::Constructor { class, parts } => {
                self.class_name(span, class);
                for (keyword, binding) in parts {
                    self.ident(span, keyword);
                    self.pattern(span, binding);
                }
            }
            PatternKind::Binary(segments) => {
                for segment in segments {
                    self.segment(span, segment);
                }
            }
        }
    }

    fn rest(&self, parent: Span, rest: &RestPattern) {
        self.within(parent, rest.span);
        if let Some(name) = &rest.name {
            self.ident(rest.span, name);
        }
    }

    fn segment(&self, parent: Span, segment: &BinarySegment) {
        self.within(parent, segment.span);
        if let Some(name) = &segment.name {
            self.ident(segment.span, name);
        }
        match &segment.size {
            Some(SegmentSize::Literal(_, span)) => self.within(segment.span, *span),
            Some(SegmentSize::Variable(name)) => self.ident(segment.span, name),
            None => {}
        }
        for specifier in &segment.specifiers {
            self.ident(segment.span, specifier);
        }
    }
}
