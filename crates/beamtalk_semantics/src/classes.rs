//! What is known of the classes of an image.

use std::collections::BTreeSet;
use std::sync::Arc;

use beamtalk_syntax::ast;
use beamtalk_text::{LineIndex, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::{SmolStr, format_smolstr};

use crate::aliases::AliasInfo;
use crate::class_writes::ClassEffects;
use crate::control::is_influential;
use crate::looks;

/// The standard library's package.
pub const STDLIB: &str = "stdlib";
/// The package of what is in none: loose files, and the prompt. Nothing is hidden from it.
pub const USER: &str = "user";

/// How instances of a class exist (spec 02 section 1); decided by ancestry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassKind {
    /// Immutable data, below `Value`.
    Value,
    /// Processes, below `Actor`.
    Actor,
    /// Everything else.
    Object,
}

/// Instance side or class side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the two sides of a class")]
pub enum Side {
    Instance,
    Class,
}

/// What a field declaration promises about its initial value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Has a default expression.
    Default,
    /// May stay nil: untyped, or its type includes nil.
    Optional,
    /// Typed without nil and without default: must be set before use.
    Required,
}

/// A field, state slot or class variable.
#[derive(Clone, Debug)]
pub struct FieldInfo {
    /// Its name.
    pub name: SmolStr,
    /// Its initial value.
    pub declared: Declared,
    /// Its type as it is written.
    pub annotation: Option<SmolStr>,
    /// Its type.
    pub ty: Option<ast::TypeExpr>,
    /// Its declaration.
    pub span: Span,
}

/// Where a method comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The class body.
    Body,
    /// `Class >> selector =>` elsewhere.
    Extension,
    /// Generated reader of a field.
    Getter,
    /// Generated `withField:`.
    Setter,
    /// Generated keyword constructor.
    Constructor,
}

/// A method of a class, without its body.
#[derive(Clone, Debug)]
pub struct MethodInfo {
    /// Its selector.
    pub selector: SmolStr,
    /// Number of arguments.
    pub arguments: usize,
    /// May not be overridden.
    pub sealed: bool,
    /// Package-private.
    pub internal: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// Line of its head, from 1; 0 where there is none.
    pub line: u32,
    /// Its `///` text.
    pub doc: Option<SmolStr>,
    /// Its head for documentation: `at: index :: Integer -> E`.
    pub signature: SmolStr,
    /// What it does to class variables, if it is a class method.
    pub class_effects: ClassEffects,
    /// The types in that head.
    pub types: MethodTypes,
}

/// The declared types of a method; both are empty where nothing is declared.
#[derive(Clone, Debug, Default)]
pub struct MethodTypes {
    /// Of its parameters, in order.
    pub parameters: Vec<Option<ast::TypeExpr>>,
    /// Of its answer.
    pub answer: Option<ast::TypeExpr>,
}

/// A class, without its bodies.
#[derive(Clone, Debug)]
pub struct ClassInfo {
    /// Its name.
    pub name: SmolStr,
    /// Its package.
    pub package: SmolStr,
    /// Its module.
    pub module: SmolStr,
    /// Its superclass's name.
    pub superclass: Option<SmolStr>,
    /// The types that its superclass's type parameters stand for.
    pub superclass_arguments: Vec<ast::TypeExpr>,
    /// Its type parameters.
    pub type_parameters: Vec<SmolStr>,
    /// May not be instantiated.
    pub is_abstract: bool,
    /// May not be subclassed.
    pub sealed: bool,
    /// Wants annotations.
    pub typed: bool,
    /// Package-private.
    pub internal: bool,
    /// Its own fields or state slots in order.
    pub fields: Vec<FieldInfo>,
    /// Its own class variables in order.
    pub class_state: Vec<FieldInfo>,
    /// Its own instance methods, generated ones and extensions included, in order.
    pub methods: Vec<MethodInfo>,
    /// Its own class methods.
    pub class_methods: Vec<MethodInfo>,
    /// Backing Erlang module.
    pub native: Option<SmolStr>,
    /// Its `///` text.
    pub doc: Option<SmolStr>,
    /// Its source file as shown to users.
    pub source_file: Option<SmolStr>,
    /// Made by a program: fields are declared whatever its kind, and `new:` is its only constructor.
    pub built: bool,
    /// What it asks for, if it is a protocol.
    pub protocol: Option<ProtocolInfo>,
}

/// What a protocol asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolInfo {
    /// What it asks for itself, in order.
    pub requirements: Vec<RequirementInfo>,
    /// The protocol whose requirements it takes over.
    pub extending: Option<SmolStr>,
}

/// A method that a protocol asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementInfo {
    /// Its function: `asString`, `class create`.
    pub function: SmolStr,
    /// As it is written, without `class`.
    pub signature: SmolStr,
    /// Its documentation.
    pub doc: Option<SmolStr>,
}

/// What is left of the 255 bytes of an atom for the selector of a class method, in bytes.
const LONGEST_SELECTOR: usize = 255 - "class ".len();

/// The module of a class.
#[must_use]
pub fn module_name(package: &str, class: &str) -> SmolStr {
    format_smolstr!("bt@{package}@{class}")
}

/// The generated copier of a field: `withCents:` for `cents`.
#[must_use]
pub fn setter_selector(field: &str) -> SmolStr {
    let mut chars = field.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    format_smolstr!("with{}{}:", first.map(String::from).unwrap_or_default(), chars.as_str())
}

impl ClassInfo {
    /// Read a class from its definition. `source` is the text the definition's spans refer to. Generated
    /// accessors are not included: [`ClassTable::insert`] adds them, as they depend on the ancestry.
    #[must_use]
    pub fn from_definition(
        definition: &ast::ClassDef,
        source: &str,
        package: &str,
        source_file: Option<&str>,
    ) -> Self {
        let lines = LineIndex::new(source);
        let has = |modifier| definition.modifiers.iter().any(|(each, _)| *each == modifier);
        let mut info = Self {
            name: definition.name.name.clone(),
            package: package.into(),
            module: module_name(package, &definition.name.name),
            superclass: definition.superclass.as_ref().map(|name| name.name.name.clone()),
            superclass_arguments: definition.superclass_arguments.clone(),
            type_parameters: definition.type_parameters.iter().map(|each| each.name.name.clone()).collect(),
            is_abstract: has(ast::ClassModifier::Abstract),
            sealed: has(ast::ClassModifier::Sealed),
            typed: has(ast::ClassModifier::Typed),
            internal: has(ast::ClassModifier::Internal),
            fields: Vec::new(),
            class_state: Vec::new(),
            methods: Vec::new(),
            class_methods: Vec::new(),
            native: definition.native.as_ref().map(|module| module.name.clone()),
            doc: definition.doc.as_ref().map(|doc| doc.text.as_str().into()),
            source_file: source_file.map(SmolStr::from),
            built: false,
            protocol: None,
        };
        for member in &definition.members {
            match member {
                ast::Member::Data(data) => {
                    let annotation = data.annotation.as_ref().map(|each| each.span.text(source).into());
                    let field = FieldInfo {
                        name: data.name.name.clone(),
                        declared: declared(data),
                        annotation,
                        ty: data.annotation.clone(),
                        span: data.span,
                    };
                    match data.keyword {
                        ast::DataKeyword::ClassState => info.class_state.push(field),
                        ast::DataKeyword::Field | ast::DataKeyword::State => {
                            info.fields.push(field);
                        }
                    }
                }
                ast::Member::Method(method) => {
                    let side = if method.is_class_side() { Side::Class } else { Side::Instance };
                    let method = MethodInfo::from_method(method, side, source, &lines, Origin::Body);
                    info.methods_mut(side).push(method);
                }
            }
        }
        info
    }

    /// Read a protocol from its definition: a class below `Protocol` that nothing can be made of.
    #[must_use]
    pub fn from_protocol(
        definition: &ast::ProtocolDef,
        source: &str,
        package: &str,
        source_file: Option<&str>,
    ) -> Self {
        let requirements = definition.requirements.iter().map(|requirement| {
            let selector = requirement.signature.selector();
            let text = requirement.span.text(source).trim_end();
            RequirementInfo {
                function: if requirement.class_side { format_smolstr!("class {selector}") } else { selector },
                signature: text
                    .strip_prefix("class ")
                    .filter(|_| requirement.class_side)
                    .unwrap_or(text)
                    .into(),
                doc: requirement.doc.as_ref().map(|doc| doc.text.as_str().into()),
            }
        });
        Self {
            name: definition.name.name.clone(),
            package: package.into(),
            module: module_name(package, &definition.name.name),
            superclass: Some("Protocol".into()),
            superclass_arguments: Vec::new(),
            type_parameters: definition.type_parameters.iter().map(|each| each.name.name.clone()).collect(),
            is_abstract: true,
            sealed: true,
            typed: false,
            internal: false,
            fields: Vec::new(),
            class_state: Vec::new(),
            methods: Vec::new(),
            class_methods: Vec::new(),
            native: None,
            doc: definition.doc.as_ref().map(|doc| doc.text.as_str().into()),
            source_file: source_file.map(SmolStr::from),
            built: false,
            protocol: Some(ProtocolInfo {
                requirements: requirements.collect(),
                extending: definition.extending.as_ref().map(|name| name.name.clone()),
            }),
        }
    }

    /// Methods of one side.
    #[must_use]
    pub fn methods(&self, side: Side) -> &[MethodInfo] {
        match side {
            Side::Instance => &self.methods,
            Side::Class => &self.class_methods,
        }
    }

    /// Methods of one side, to change.
    pub fn methods_mut(&mut self, side: Side) -> &mut Vec<MethodInfo> {
        match side {
            Side::Instance => &mut self.methods,
            Side::Class => &mut self.class_methods,
        }
    }

    /// The own method `selector` of a side.
    #[must_use]
    pub fn method(&self, side: Side, selector: &str) -> Option<&MethodInfo> {
        self.methods(side).iter().find(|method| method.selector == selector)
    }

    /// Add a method, or replace the one of the same selector.
    pub fn put_method(&mut self, side: Side, method: MethodInfo) {
        let methods = self.methods_mut(side);
        match methods.iter_mut().find(|each| each.selector == method.selector) {
            Some(old) => *old = method,
            None => methods.push(method),
        }
    }

    /// Whether it belongs to the standard library.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.package == STDLIB
    }

    fn add_generated(&mut self, kind: ClassKind) {
        if kind != ClassKind::Value || self.fields.is_empty() {
            return;
        }
        let fields: Vec<SmolStr> = self.fields.iter().map(|field| field.name.clone()).collect();
        for field in &fields {
            self.add_generated_method(Side::Instance, field.clone(), 0, Origin::Getter);
            self.add_generated_method(Side::Instance, setter_selector(field), 1, Origin::Setter);
        }
        if self.built {
            return;
        }
        let constructor: String = fields.iter().flat_map(|field| [field.as_str(), ":"]).collect();
        // Nobody could send a longer one; `new:` makes instances of so large a class.
        if constructor.len() <= LONGEST_SELECTOR {
            self.add_generated_method(Side::Class, constructor.into(), fields.len(), Origin::Constructor);
        }
    }

    fn add_generated_method(&mut self, side: Side, selector: SmolStr, arguments: usize, origin: Origin) {
        if self.method(side, &selector).is_none() {
            let signature = selector.clone();
            self.methods_mut(side).push(MethodInfo {
                selector,
                arguments,
                sealed: false,
                internal: false,
                origin,
                line: 0,
                doc: None,
                signature,
                class_effects: ClassEffects::default(),
                types: MethodTypes::default(),
            });
        }
    }
}

impl MethodInfo {
    /// Read a method from its definition.
    #[must_use]
    pub fn from_method(
        method: &ast::Method,
        side: Side,
        source: &str,
        lines: &LineIndex<'_>,
        origin: Origin,
    ) -> Self {
        let head = method.header_span.text(source).trim_end();
        Self {
            selector: method.signature.selector(),
            arguments: method.signature.parameters().count(),
            sealed: method.has(ast::MethodModifier::Sealed),
            internal: method.has(ast::MethodModifier::Internal),
            origin,
            line: lines.line(method.header_span.start),
            doc: method.doc.as_ref().map(|doc| doc.text.as_str().into()),
            signature: head.strip_suffix("=>").unwrap_or(head).trim_end().into(),
            class_effects: match side {
                Side::Instance => ClassEffects::default(),
                Side::Class => ClassEffects::of(method),
            },
            types: MethodTypes {
                parameters: method.signature.parameters().map(|each| each.annotation.clone()).collect(),
                answer: method.return_type.clone(),
            },
        }
    }
}

fn declared(data: &ast::DataDecl) -> Declared {
    if data.default.is_some() {
        Declared::Default
    } else if data.annotation.as_ref().is_some_and(|annotation| !allows_nil(annotation)) {
        Declared::Required
    } else {
        Declared::Optional
    }
}

fn allows_nil(annotation: &ast::TypeExpr) -> bool {
    match &annotation.kind {
        ast::TypeKind::Name { name, .. } => matches!(
            name.name.name.as_str(),
            "nil" | "Nil" | "UndefinedObject" | "Object" | "Dynamic" | "Any"
        ),
        ast::TypeKind::Union(members) => members.iter().any(allows_nil),
        ast::TypeKind::Paren(inner) => allows_nil(inner),
        ast::TypeKind::Difference(from, _) => allows_nil(from),
        ast::TypeKind::Intersection(a, b) => allows_nil(a) && allows_nil(b),
        ast::TypeKind::Error => true,
        ast::TypeKind::SelfType
        | ast::TypeKind::SelfClass
        | ast::TypeKind::ClassOf(_)
        | ast::TypeKind::Singleton(_) => false,
    }
}

/// All classes of an image, by name.
#[derive(Clone, Debug, Default)]
pub struct ClassTable {
    classes: FxHashMap<SmolStr, Arc<ClassInfo>>,
    aliases: FxHashMap<SmolStr, Arc<AliasInfo>>,
    /// Selectors for which [`is_influential`] holds that some class outside the library implements, or that are added to one of
    /// the library; those of class methods with `class ` before them.
    reimplemented: FxHashSet<SmolStr>,
    /// Selectors of methods that are internal to some package.
    internal: FxHashSet<SmolStr>,
    /// Modules of classes outside the library by instance selector.
    implementors: FxHashMap<SmolStr, BTreeSet<SmolStr>>,
}

/// How many implementors of a selector a compilation is told. More would make its send sites no faster, and a class
/// would have to be compiled again for every new implementor of a common selector.
pub const MOST_IMPLEMENTORS: usize = 4;

impl ClassTable {
    /// Add a class, or replace the one of that name; its generated accessors are added here.
    pub fn insert(&mut self, mut info: ClassInfo) {
        let kind = match &info.superclass {
            Some(superclass) => self.kind(superclass),
            None => ClassKind::Object,
        };
        info.add_generated(kind);
        for field in &mut info.fields {
            // A name for a type may stand for one with nil, which only the table knows.
            let stands_for_nil = || field.ty.as_ref().is_some_and(|ty| self.allows_nil(ty));
            if field.declared == Declared::Required && stands_for_nil() {
                field.declared = Declared::Optional;
            }
        }
        let is_added = |method: &&MethodInfo| !info.is_library() || method.origin == Origin::Extension;
        let influential = |methods: &[MethodInfo]| -> Vec<SmolStr> {
            let added = methods.iter().filter(is_added).map(|method| method.selector.clone());
            added.filter(|selector| is_influential(selector)).collect()
        };
        self.reimplemented.extend(influential(&info.methods));
        let of_class = influential(&info.class_methods);
        self.reimplemented.extend(of_class.iter().map(|selector| format_smolstr!("class {selector}")));
        if !info.is_library() {
            let methods = info.methods.iter().chain(&info.class_methods);
            let hidden = methods.filter(|method| info.internal || method.internal);
            self.internal.extend(hidden.map(|method| method.selector.clone()));
            self.forget_implementor(&info.name);
            for method in &info.methods {
                self.implementors.entry(method.selector.clone()).or_default().insert(info.module.clone());
            }
        }
        self.classes.insert(info.name.clone(), Arc::new(info));
    }

    /// Forget a class.
    pub fn remove(&mut self, name: &str) -> Option<Arc<ClassInfo>> {
        self.forget_implementor(name);
        self.classes.remove(name)
    }

    fn forget_implementor(&mut self, name: &str) {
        let Some(class) = self.classes.get(name) else {
            return;
        };
        for method in &class.methods {
            if let Some(modules) = self.implementors.get_mut(&method.selector) {
                modules.remove(&class.module);
            }
        }
    }

    /// Modules of the classes outside the library that implement `selector` for their instances: the first few, sorted.
    pub fn implementors(&self, selector: &str) -> impl Iterator<Item = &SmolStr> {
        looks::implementors(selector);
        self.implementors.get(selector).into_iter().flatten().take(MOST_IMPLEMENTORS)
    }

    /// Whether a method of that name is (or once was) internal to some package.
    #[must_use]
    pub fn is_internal(&self, selector: &str) -> bool {
        looks::implementors(selector);
        self.internal.contains(selector)
    }

    /// The class `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<ClassInfo>> {
        looks::class(name);
        self.classes.get(name)
    }

    /// Add a name for a type, or replace the one of that name.
    pub fn insert_alias(&mut self, alias: AliasInfo) {
        self.aliases.insert(alias.name.clone(), Arc::new(alias));
    }

    /// The type that `name` is another name for.
    #[must_use]
    pub fn alias(&self, name: &str) -> Option<&Arc<AliasInfo>> {
        looks::class(name);
        self.aliases.get(name)
    }

    /// All names for types, in no order.
    pub fn aliases(&self) -> impl Iterator<Item = &Arc<AliasInfo>> {
        looks::everything();
        self.aliases.values()
    }

    /// Whether nil is of the type, as far as the names for types in it tell.
    fn allows_nil(&self, annotation: &ast::TypeExpr) -> bool {
        let mut left: Vec<&ast::TypeExpr> = vec![annotation];
        let mut known: FxHashSet<&str> = FxHashSet::default();
        while let Some(next) = left.pop() {
            if allows_nil(next) {
                return true;
            }
            match &next.kind {
                ast::TypeKind::Name { name, .. } => {
                    let alias = self.aliases.get(&name.name.name);
                    left.extend(alias.filter(|each| known.insert(&each.name)).map(|each| &each.definition));
                }
                ast::TypeKind::Union(members) => left.extend(members),
                ast::TypeKind::Paren(inner) | ast::TypeKind::Difference(inner, _) => left.push(inner),
                _ => {}
            }
        }
        false
    }

    /// All classes, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ClassInfo>> {
        looks::everything();
        self.classes.values()
    }

    /// The class and its known ancestors, nearest first. Ends on cycles.
    pub fn chain<'t>(&'t self, name: &str) -> impl Iterator<Item = &'t Arc<ClassInfo>> {
        let mut next = self.get(name);
        let mut left = 256;
        std::iter::from_fn(move || {
            let here = next?;
            left -= 1;
            next =
                if left == 0 { None } else { here.superclass.as_ref().and_then(|parent| self.get(parent)) };
            Some(here)
        })
    }

    /// How instances of `name` exist.
    #[must_use]
    pub fn kind(&self, name: &str) -> ClassKind {
        for class in self.chain(name) {
            match class.name.as_str() {
                "Value" => return ClassKind::Value,
                "Actor" => return ClassKind::Actor,
                _ => {}
            }
        }
        ClassKind::Object
    }

    /// Whether `name` is `ancestor` or below it.
    #[must_use]
    pub fn inherits(&self, name: &str, ancestor: &str) -> bool {
        self.chain(name).any(|class| class.name == ancestor)
    }

    /// Whether every ancestor of `name` up to a root is known.
    #[must_use]
    pub fn is_complete(&self, name: &str) -> bool {
        self.chain(name).last().is_some_and(|root| root.superclass.is_none())
    }

    /// Direct subclasses, sorted by name.
    #[must_use]
    pub fn subclasses(&self, name: &str) -> Vec<Arc<ClassInfo>> {
        looks::everything();
        let mut found: Vec<_> = self
            .classes
            .values()
            .filter(|class| class.superclass.as_deref() == Some(name))
            .cloned()
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The class that defines `selector` for instances (or the class side) of `name`, and the method.
    #[must_use]
    pub fn find_method(
        &self,
        name: &str,
        side: Side,
        selector: &str,
    ) -> Option<(&Arc<ClassInfo>, &MethodInfo)> {
        self.chain(name).find_map(|class| class.method(side, selector).map(|method| (class, method)))
    }

    /// The functions that the protocol `name` asks for: its own, then those of the protocols it extends. `None` for what
    /// is no protocol.
    #[must_use]
    pub fn requirements(&self, name: &str) -> Option<Vec<SmolStr>> {
        let mut next = self.get(name)?.protocol.as_ref();
        next?;
        let mut functions: Vec<SmolStr> = Vec::new();
        let mut left = 256;
        while let Some(protocol) = next.filter(|_| left > 0) {
            for RequirementInfo { function, .. } in &protocol.requirements {
                if !functions.contains(function) {
                    functions.push(function.clone());
                }
            }
            left -= 1;
            next = protocol
                .extending
                .as_ref()
                .and_then(|other| self.get(other))
                .and_then(|other| other.protocol.as_ref());
        }
        Some(functions)
    }

    /// All fields of `name`, inherited first; a redeclared field keeps its first place.
    #[must_use]
    pub fn all_fields(&self, name: &str) -> Vec<(SmolStr, SmolStr)> {
        let mut fields: Vec<(SmolStr, SmolStr)> = Vec::new();
        let chain: Vec<_> = self.chain(name).collect();
        for class in chain.into_iter().rev() {
            for field in &class.fields {
                match fields.iter_mut().find(|(each, _)| *each == field.name) {
                    Some(entry) => entry.1 = class.name.clone(),
                    None => fields.push((field.name.clone(), class.name.clone())),
                }
            }
        }
        fields
    }

    /// Whether a class outside the standard library implements (or once implemented) the influential message
    /// `selector`; then it is not compiled in place, and nobody knows what it does with a block.
    #[must_use]
    pub fn is_reimplemented(&self, selector: &str) -> bool {
        looks::control(selector);
        self.reimplemented.contains(selector)
    }

    /// Whether some control flow that `before` still allowed to compile in place is now a message.
    #[must_use]
    pub fn reimplements_more(&self, before: &Self) -> bool {
        self.reimplemented.len() > before.reimplemented.len()
    }
}
