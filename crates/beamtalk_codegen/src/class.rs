//! A class as a module.

use std::sync::Arc;

use beamtalk_beam::{Module, Term};
use beamtalk_semantics::hir::{ActivationId, Unit};
use beamtalk_semantics::{
    ClassInfo, ClassKind, ClassTable, Declared, MethodContext, MethodInfo, Origin, RequirementInfo, Side,
    check_default, check_method, check_override, is_delegating, lower_expression, lower_method,
};
use beamtalk_syntax::ast;
use beamtalk_text::Diagnostic;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use crate::body::{BodyContext, Exit, FnBuilder};
use crate::builder::{ModuleBuilder, SourceRef, TooComplex, function_name};
use crate::closures::{Body, activation, transaction};
use crate::emit::external;
use crate::ir::{Callee, Op, Val};

/// A method's definition and the source it stands in.
#[derive(Clone, Copy)]
pub struct MethodSource<'a> {
    /// The definition.
    pub method: &'a ast::Method,
    /// Which side it is defined on.
    pub side: Side,
    /// Where its spans point.
    pub source: SourceRef<'a>,
    /// Whether it was added to a running image, where `sealed` binds no one.
    pub added: bool,
}

/// A field's or class variable's declaration and the source it stands in.
#[derive(Clone, Copy)]
pub struct DataSource<'a> {
    /// The declaration.
    pub data: &'a ast::DataDecl,
    /// Where its spans point.
    pub source: SourceRef<'a>,
}

/// Everything a class's module is made from.
pub struct ClassSource<'a> {
    /// The class, as the table knows it.
    pub info: &'a ClassInfo,
    /// Its data declarations.
    pub data: Vec<DataSource<'a>>,
    /// Its methods: those of its body that are not patched, then patches and extensions.
    pub methods: Vec<MethodSource<'a>>,
    /// The file named in stack traces where nothing else is known.
    pub path: &'a str,
}

/// What compiling a class answers.
pub struct ClassCode {
    /// The module.
    pub module: Module,
    /// What is to be said, with the path of the source that each refers to.
    pub diagnostics: Vec<(SmolStr, Diagnostic)>,
    /// Functions that are too complex for the VM.
    pub errors: Vec<TooComplex>,
}

/// Compile a class. The table knows the class itself and all its ancestors.
#[must_use]
pub fn compile_class(table: &ClassTable, class: &ClassSource<'_>) -> ClassCode {
    let mut compiler = ClassCompiler {
        m: ModuleBuilder::new(table, &class.info.module, class.path),
        table,
        class,
        kind: table.kind(&class.info.name),
        library: class.info.is_library(),
        diagnostics: Vec::new(),
    };
    compiler.run();
    let ClassCompiler { m, diagnostics, .. } = compiler;
    ClassCode { module: m.module, diagnostics, errors: m.errors }
}

struct ClassCompiler<'a, 'c> {
    m: ModuleBuilder<'a>,
    table: &'a ClassTable,
    class: &'c ClassSource<'c>,
    kind: ClassKind,
    library: bool,
    diagnostics: Vec<(SmolStr, Diagnostic)>,
}

impl ClassCompiler<'_, '_> {
    fn run(&mut self) {
        // Labels of all own methods first, so that they can call each other directly.
        let mut labels = Vec::with_capacity(self.class.methods.len());
        for source in &self.class.methods {
            let pair = self.m.declare();
            let arity = u8::try_from(source.method.signature.parameters().count() + 1).unwrap_or(u8::MAX);
            let name = function_name(source.side, &source.method.signature.selector());
            self.m.functions.insert((name, arity), pair.1);
            labels.push(pair);
        }
        for (source, labels) in self.class.methods.iter().zip(labels) {
            self.method(source, labels);
        }
        self.generated();
        self.defaults();
        self.inherited();
        self.info();
        self.native_actor();
        self.undefined_hook();
    }

    /// Code that others add to a class of the library is theirs.
    fn context<'s>(&'s self, side: Side, source: SourceRef<'s>) -> MethodContext<'s> {
        let library = self.library && source.path == self.class.path;
        MethodContext {
            table: self.table,
            class: Some(self.class.info),
            side,
            library,
            package: source.package,
        }
    }

    fn report(&mut self, source: SourceRef<'_>, diagnostics: Vec<Diagnostic>) {
        let path = SmolStr::from(source.path);
        self.diagnostics.extend(diagnostics.into_iter().map(|diagnostic| (path.clone(), diagnostic)));
    }

    fn method(&mut self, source: &MethodSource<'_>, labels: (beamtalk_beam::Label, beamtalk_beam::Label)) {
        let method = source.method;
        let cx = self.context(source.side, source.source);
        let (lowered, mut found) = (lower_method(cx, method), check_method(cx, method));
        if !source.added {
            found.extend(check_override(cx, method));
        }
        self.report(source.source, lowered.diagnostics);
        self.report(source.source, found);
        let selector = method.signature.selector();
        let name = function_name(source.side, &selector);
        let span = method.signature.span();
        let line = self.m.line(source.source, span);
        let unit = &lowered.unit;
        let home = smol_str::format_smolstr!("{name}/{}", unit.parameters.len());
        let cx = self.body_context(unit, source.source, source.side, &home);
        let body = Body {
            name: name.clone(),
            line,
            labels,
            exported: true,
            parameters: &unit.parameters,
            own: &unit.parameters,
            activation: ActivationId(0),
            apart: false,
            statements: &unit.body,
            span,
        };
        let mut counter = 0;
        if unit.writes_class_state {
            transaction(&mut self.m, cx, &mut counter, &body);
        } else {
            activation(&mut self.m, cx, &mut counter, &body);
        }
    }

    fn body_context<'b>(
        &self,
        unit: &'b Unit,
        source: SourceRef<'b>,
        side: Side,
        name: &'b str,
    ) -> BodyContext<'b>
    where
        Self: 'b,
    {
        BodyContext { unit, source, class: Some(self.class.info), side, kind: self.kind, name }
    }

    /// Field readers, copiers and the keyword constructor that no method of the class replaces.
    fn generated(&mut self) {
        let methods: Vec<(Side, MethodInfo)> = self
            .class
            .info
            .methods
            .iter()
            .map(|method| (Side::Instance, method.clone()))
            .chain(self.class.info.class_methods.iter().map(|method| (Side::Class, method.clone())))
            .collect();
        for (side, method) in methods {
            match method.origin {
                Origin::Getter => self.getter(&method.selector),
                Origin::Setter => {
                    let field =
                        self.class.info.fields.iter().find(|field| {
                            beamtalk_semantics::setter_selector(&field.name) == method.selector
                        });
                    if let Some(field) = field {
                        let field = field.name.clone();
                        self.setter(&method.selector, &field);
                    }
                }
                Origin::Constructor => self.constructor(&method.selector),
                Origin::Body | Origin::Extension => continue,
            }
            let _ = side;
        }
    }

    /// A function of the class that has no source of its own.
    fn synthetic(&mut self, name: SmolStr, write: impl FnOnce(&mut FnBuilder<'_, '_>)) {
        let unit = Unit {
            vars: Vec::new(),
            activations: Vec::new(),
            parameters: Vec::new(),
            body: Vec::new(),
            writes_class_state: false,
        };
        let lines = beamtalk_text::LineIndex::new("");
        let source = SourceRef { path: self.class.path, lines: &lines, package: &self.class.info.package };
        let labels = self.m.declare();
        let mut counter = 0;
        let cx = BodyContext {
            unit: &unit,
            source,
            class: Some(self.class.info),
            side: Side::Instance,
            kind: self.kind,
            name: &name,
        };
        let ir = {
            let mut f = FnBuilder::new(&mut self.m, cx, &mut counter);
            write(&mut f);
            f.ir
        };
        self.m.define(name, true, 0, labels, &ir);
    }

    fn getter(&mut self, field: &SmolStr) {
        let name = field.clone();
        self.synthetic(function_name(Side::Instance, field), |f| {
            let object = f.parameter();
            let dst = f.fresh();
            f.push(Op::ValueField { dst, object, name, line: 0 });
            f.push(Op::Return(Val::V(dst)));
        });
    }

    fn setter(&mut self, selector: &SmolStr, field: &SmolStr) {
        let field = Val::Atom(field.clone());
        self.synthetic(function_name(Side::Instance, selector), |f| {
            let (object, value) = (f.parameter(), f.parameter());
            f.return_with(Val::V(object), vec![(field, Val::V(value))]);
        });
    }

    /// `C f1: a f2: b`: the receiver class's defaults with the class's own fields replaced.
    fn constructor(&mut self, selector: &SmolStr) {
        let fields: Vec<Val> =
            self.class.info.fields.iter().map(|field| Val::Atom(field.name.clone())).collect();
        let module = self.class.info.module.clone();
        let complete = !self.class.info.is_abstract
            && self.table.all_fields(&self.class.info.name).len() == fields.len();
        self.synthetic(function_name(Side::Class, selector), |f| {
            let class = f.parameter();
            let values: Vec<Val> = fields.iter().map(|_| Val::V(f.parameter())).collect();
            let pairs: Vec<(Val, Val)> = fields.into_iter().zip(values).collect();
            let (other, receiver) = (f.new_label(), f.fresh());
            f.push(Op::Bif {
                dst: receiver,
                name: "element",
                args: vec![Val::Int(2), Val::V(class)],
                line: 0,
            });
            if complete {
                // The usual case needs no defaults at all.
                f.push(Op::Test {
                    op: beamtalk_beam::TestOp::IsEqExact,
                    args: vec![Val::V(receiver), Val::Atom(module.clone())],
                    fail: other,
                });
                let empty = Val::Lit(Arc::new(Term::Map(vec![(Term::atom("$class"), Term::Atom(module))])));
                let dst = f.fresh();
                f.push(Op::MapPut { dst, src: empty, pairs: pairs.clone() });
                f.push(Op::Return(Val::V(dst)));
                f.label(other);
            }
            let defaults =
                f.call("beamtalk_object", "defaults", vec![Val::V(receiver)], beamtalk_text::Span::default());
            f.return_with(defaults, pairs);
        });
    }

    /// `'$fields'()` and `'$class_state'()`: the parent's map with own defaults put over it.
    fn defaults(&mut self) {
        let (mut fields, mut class_state) = (Vec::new(), Vec::new());
        for data in &self.class.data {
            if data.data.keyword == ast::DataKeyword::ClassState {
                class_state.push(*data);
            } else {
                fields.push(*data);
            }
        }
        self.default_map("$fields", &fields, Side::Instance);
        self.default_map("$class_state", &class_state, Side::Class);
    }

    #[allow(clippy::too_many_lines, reason = "one function of the module, written from start to end")]
    fn default_map(&mut self, function: &'static str, data: &[DataSource<'_>], side: Side) {
        let parent = self
            .class
            .info
            .superclass
            .as_ref()
            .and_then(|parent| self.table.get(parent))
            .map(|parent| parent.module.clone());
        let lowered: Vec<_> = data
            .iter()
            .map(|data| {
                let cx = self.context(side, data.source);
                let lowered = data.data.default.as_ref().map(|default| lower_expression(cx, default));
                (data, lowered)
            })
            .collect();
        for (data, lowered) in &lowered {
            let misfit = check_default(self.context(side, data.source), data.data);
            self.report(data.source, misfit.into_iter().collect());
            if let Some(lowered) = lowered {
                self.report(data.source, lowered.diagnostics.clone());
            }
        }
        let labels = self.m.declare();
        let mut counter = 0;
        // Each default is an activation of its own; it becomes a function without parameters.
        let mut thunks = Vec::new();
        for (data, lowered) in &lowered {
            let Some(lowered) = lowered else {
                thunks.push(None);
                continue;
            };
            if let [only] = lowered.unit.body.as_slice()
                && let Some(constant) = crate::literals::constant(only)
            {
                thunks.push(Some(Err(constant)));
                continue;
            }
            let thunk = self.m.declare();
            let name: SmolStr = smol_str::format_smolstr!("-default {}-", data.data.name.name);
            let span = data.data.name.span;
            let line = self.m.line(data.source, span);
            let cx = self.body_context(&lowered.unit, data.source, side, &name);
            let body = Body {
                name: name.clone(),
                line,
                labels: thunk,
                exported: false,
                parameters: &[],
                own: &[],
                activation: ActivationId(0),
                apart: false,
                statements: &lowered.unit.body,
                span,
            };
            activation(&mut self.m, cx, &mut counter, &body);
            thunks.push(Some(Ok(thunk.1)));
        }
        let unit = Unit {
            vars: Vec::new(),
            activations: Vec::new(),
            parameters: Vec::new(),
            body: Vec::new(),
            writes_class_state: false,
        };
        let lines = beamtalk_text::LineIndex::new("");
        let source = SourceRef { path: self.class.path, lines: &lines, package: &self.class.info.package };
        let cx = BodyContext {
            unit: &unit,
            source,
            class: Some(self.class.info),
            side,
            kind: self.kind,
            name: function,
        };
        let mut f = FnBuilder::new(&mut self.m, cx, &mut counter);
        f.exit = Exit::Plain;
        let span = beamtalk_text::Span::default();
        let base = match &parent {
            Some(parent) => f.call(parent, function, Vec::new(), span),
            None => Val::Lit(Arc::new(Term::Map(Vec::new()))),
        };
        let mut pairs = Vec::new();
        for ((data, _), thunk) in lowered.iter().zip(thunks) {
            let value = match thunk {
                None => Val::atom("nil"),
                Some(Err(constant)) => constant,
                Some(Ok(entry)) => {
                    let dst = f.fresh();
                    f.push(Op::Call { dst, callee: Callee::Local(entry), args: Vec::new(), line: 0 });
                    Val::V(dst)
                }
            };
            pairs.push((Val::Atom(data.data.name.name.clone()), value));
        }
        pairs.dedup_by(|a, b| matches!((&a.0, &b.0), (Val::Atom(a), Val::Atom(b)) if a == b));
        if pairs.is_empty() {
            f.push(Op::Return(base));
        } else {
            f.return_with(base, pairs);
        }
        let ir = f.ir;
        self.m.define(function.into(), true, 0, labels, &ir);
    }

    /// A tail call of the parent's function for every method inherited from a known ancestor.
    fn inherited(&mut self) {
        let Some(parent) = self.class.info.superclass.as_ref().and_then(|parent| self.table.get(parent))
        else {
            return;
        };
        let (parent_name, parent_module) = (parent.name.clone(), parent.module.clone());
        let mut defined: FxHashSet<(SmolStr, u8)> =
            self.m.module.functions.iter().map(|function| (function.name.clone(), function.arity)).collect();
        for side in [Side::Instance, Side::Class] {
            for class in self.table.chain(&parent_name) {
                for method in class.methods(side) {
                    let arity = u8::try_from(method.arguments + 1).unwrap_or(u8::MAX);
                    let name = function_name(side, &method.selector);
                    if defined.insert((name.clone(), arity)) {
                        let call = beamtalk_beam::Instr::CallExtOnly(external(&parent_module, &name, arity));
                        self.m.define_raw(name, arity, true, vec![call]);
                    }
                }
            }
        }
    }

    /// `'$native'()`: the Erlang module behind an actor, and the selectors that it delegates. Its presence says that it is
    /// backed by one.
    fn native_actor(&mut self) {
        let native = self.class.info.native.clone().filter(|_| self.kind == ClassKind::Actor);
        let Some(module) = native else { return };
        let selectors = self
            .class
            .methods
            .iter()
            .filter(|source| source.side == Side::Instance && is_delegating(source.method))
            .map(|source| Term::Atom(source.method.signature.selector()))
            .collect();
        self.synthetic("$native".into(), |f| {
            let native = Term::Tuple(vec![Term::Atom(module), Term::List(selectors)]);
            f.push(Op::Return(Val::Lit(Arc::new(native))));
        });
    }

    fn undefined_hook(&mut self) {
        let module = Val::Atom(self.class.info.module.clone());
        self.synthetic("$handle_undefined_function".into(), |f| {
            let (function, args) = (f.parameter(), f.parameter());
            f.push(Op::TailCall {
                callee: Callee::External(external("beamtalk_dispatch", "undefined", 3)),
                args: vec![module, Val::V(function), Val::V(args)],
                line: 0,
            });
        });
    }

    /// `'$info'(Item)`.
    fn info(&mut self) {
        let items = info_items(self.table, self.class.info, self.kind);
        self.synthetic("$info".into(), |f| {
            let item = f.parameter();
            for (name, term) in items {
                let next = f.new_label();
                f.push(Op::Test {
                    op: beamtalk_beam::TestOp::IsEqExact,
                    args: vec![Val::V(item), Val::atom(name)],
                    fail: next,
                });
                let value = match term {
                    Term::Atom(atom) => Val::Atom(atom),
                    Term::List(list) if list.is_empty() => Val::Nil,
                    other => Val::Lit(Arc::new(other)),
                };
                f.push(Op::Return(value));
                f.label(next);
            }
            f.push(Op::Return(Val::atom("undefined")));
        });
    }
}

fn info_items(table: &ClassTable, info: &ClassInfo, kind: ClassKind) -> Vec<(&'static str, Term)> {
    let text = |text: &Option<SmolStr>| text.as_ref().map_or(Term::atom("nil"), |text| Term::text(text));
    let superclass = info
        .superclass
        .as_ref()
        .and_then(|parent| table.get(parent))
        .map_or(Term::atom("nil"), |parent| Term::Atom(parent.module.clone()));
    let mut modifiers = Vec::new();
    for (present, name) in [
        (info.is_abstract, "abstract"),
        (info.sealed, "sealed"),
        (info.typed, "typed"),
        (info.internal, "internal"),
    ] {
        if present {
            modifiers.push(Term::atom(name));
        }
    }
    let fields = info
        .fields
        .iter()
        .map(|field| {
            let declared = match field.declared {
                Declared::Default => "default",
                Declared::Optional => "optional",
                Declared::Required => "required",
            };
            let declared = match (&field.annotation, field.declared) {
                (Some(text), Declared::Required) => Term::Tuple(vec![Term::atom(declared), Term::text(text)]),
                _ => Term::atom(declared),
            };
            Term::Tuple(vec![Term::Atom(field.name.clone()), declared])
        })
        .collect();
    let kind = match kind {
        ClassKind::Value => "value",
        ClassKind::Actor => "actor",
        ClassKind::Object => "object",
    };
    let mut items = vec![
        ("superclass", superclass),
        ("name", Term::Atom(info.name.clone())),
        ("fields", Term::List(fields)),
        ("methods", methods_term(&info.methods)),
        ("class_methods", methods_term(&info.class_methods)),
        ("kind", Term::atom(kind)),
        ("modifiers", Term::List(modifiers)),
        ("package", Term::text(&info.package)),
        (
            "class_state",
            Term::List(info.class_state.iter().map(|field| Term::Atom(field.name.clone())).collect()),
        ),
        ("doc", text(&info.doc)),
        ("source_file", text(&info.source_file)),
        ("native", info.native.as_ref().map_or(Term::atom("nil"), |native| Term::Atom(native.clone()))),
    ];
    if let Some(functions) = table.requirements(&info.name) {
        items.push(("requires", Term::List(functions.into_iter().map(Term::Atom).collect())));
    }
    if let Some(protocol) = &info.protocol {
        let written = protocol.requirements.iter().map(|requirement| {
            let RequirementInfo { function, signature, doc } = requirement;
            Term::Tuple(vec![Term::Atom(function.clone()), Term::text(signature), text(doc)])
        });
        items.push(("requirements", Term::List(written.collect())));
    }
    items
}

fn methods_term(methods: &[MethodInfo]) -> Term {
    let methods = methods
        .iter()
        .map(|method| {
            let mut flags = Vec::new();
            for (present, name) in [
                (method.sealed, "sealed"),
                (method.internal, "internal"),
                (matches!(method.origin, Origin::Getter | Origin::Setter | Origin::Constructor), "generated"),
                (method.origin == Origin::Extension, "extension"),
            ] {
                if present {
                    flags.push(Term::atom(name));
                }
            }
            let arguments = i64::try_from(method.arguments).unwrap_or(0);
            let doc = method.doc.as_ref().map_or(Term::atom("nil"), |doc| Term::text(doc));
            Term::Tuple(vec![
                Term::Atom(method.selector.clone()),
                Term::Integer(arguments),
                Term::List(flags),
                Term::Integer(i64::from(method.line)),
                doc,
            ])
        })
        .collect();
    Term::List(methods)
}
