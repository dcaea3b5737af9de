//! Rules of a class definition (spec 02 section 3, 05b sections 7.3, 7.4 and 7.6).

use beamtalk_syntax::ast::{ClassDef, DataDecl, DataKeyword, Member, Method, ProtocolDef};
use beamtalk_text::{Category, Diagnostic, Span};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::MethodContext;
use crate::checks::{of_class, of_method, of_protocol};
use crate::classes::{ClassInfo, ClassKind, ClassTable, STDLIB, Side, USER, setter_selector};
use crate::native::check_delegation;

/// Everything that is wrong with a class definition as a whole. `info` was read from `definition`; the table knows its ancestors.
#[must_use]
pub fn check_class(table: &ClassTable, definition: &ClassDef, info: &ClassInfo) -> Vec<Diagnostic> {
    let mut check = Check { table, definition, info, diagnostics: Vec::new() };
    check.name();
    check.superclass();
    check.handle_scope();
    check.data();
    check.methods();
    check.diagnostics.extend(of_class(table, definition, &info.package));
    check.diagnostics
}

/// Everything that is wrong with a protocol's definition. The table knows the protocols it may extend.
#[must_use]
pub fn check_protocol(table: &ClassTable, definition: &ProtocolDef, package: &str) -> Vec<Diagnostic> {
    let (name, span) = (&definition.name.name, definition.name.span);
    let mut found = Vec::new();
    let mut error = |code, span, message: String, help: &str| {
        found.push(Diagnostic::error(code, span, message).with_help(help).in_category(Category::Type));
    };
    match table.get(name) {
        Some(known) if known.protocol.is_none() => {
            error("E0541", span, format!("`{name}` is already defined as a class"), "Choose another name.");
        }
        Some(known) if known.is_library() && package != STDLIB => {
            error(
                "E0542",
                span,
                format!("Protocol `{name}` is already defined"),
                "The standard library has it; choose another name.",
            );
        }
        Some(_) | None => {}
    }
    if let Some(extending) = &definition.extending {
        let other = &extending.name;
        if table.get(other).is_none_or(|class| class.protocol.is_none()) {
            error(
                "E0543",
                extending.span,
                format!("Unknown protocol `{other}`"),
                "Define it first, or mend the spelling: `extending:` names one protocol.",
            );
        } else if extends(table, other, name) {
            error(
                "E0544",
                extending.span,
                format!("Protocol `{name}` cannot extend itself through `{other}`"),
                "Extend another protocol.",
            );
        }
    }
    found.extend(of_protocol(table, definition, package));
    found
}

/// Whether the protocol `name` is `ancestor` or takes over its requirements.
fn extends(table: &ClassTable, name: &str, ancestor: &str) -> bool {
    let mut next = Some(SmolStr::from(name));
    let mut left = 256;
    while let Some(here) = next.filter(|_| left > 0) {
        if here == ancestor {
            return true;
        }
        left -= 1;
        next = table.get(&here).and_then(|class| class.protocol.as_ref()?.extending.clone());
    }
    false
}

struct Check<'a> {
    table: &'a ClassTable,
    definition: &'a ClassDef,
    info: &'a ClassInfo,
    diagnostics: Vec<Diagnostic>,
}

impl Check<'_> {
    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: String,
        help: impl Into<String>,
        category: impl Into<Option<Category>>,
    ) {
        let mut diagnostic = Diagnostic::error(code, span, message).with_help(help);
        diagnostic.category = category.into();
        self.diagnostics.push(diagnostic);
    }

    fn kind(&self) -> ClassKind {
        self.info.superclass.as_deref().map_or(ClassKind::Object, |superclass| self.table.kind(superclass))
    }

    fn name(&mut self) {
        let (name, span) = (&self.info.name, self.definition.name.span);
        if name == "Self" {
            self.error(
                "E0501",
                span,
                "A class cannot be named `Self`: the word is reserved".to_owned(),
                "Choose another name.",
                Category::Type,
            );
        }
        if self.table.get(name).is_some_and(|class| class.protocol.is_some()) {
            self.error(
                "E0540",
                span,
                format!("`{name}` is already defined as a protocol"),
                "Choose another name.",
                Category::Type,
            );
            return;
        }
        let protected = self.table.get(name).is_some_and(|class| class.package == STDLIB);
        if protected && self.info.package != STDLIB {
            self.error(
                "E0502",
                span,
                format!("Cannot redefine stdlib class '{name}'"),
                "Choose a different class name. Stdlib class names are protected.",
                None,
            );
        }
    }

    fn superclass(&mut self) {
        let Some(superclass) = &self.definition.superclass else {
            return;
        };
        let name = &superclass.name.name;
        // The parser said what is missing.
        if name.is_empty() {
            return;
        }
        // A running image does not know what is of which package.
        if let Some(package) = superclass.package.as_ref().filter(|_| self.info.package != USER)
            && self.table.iter().all(|class| class.package != package.name)
        {
            let own = &self.info.name;
            let said = format!("Unknown package '{}' of the superclass of `{own}`", package.name);
            let help = format!("Add '{}' to [dependencies] in beamtalk.toml.", package.name);
            return self.error("E0514", package.span, said, help, Category::UnresolvedClass);
        }
        let library = self.info.package == STDLIB;
        match self.table.get(name) {
            Some(parent) if parent.sealed && !library => {
                self.error(
                    "E0510",
                    superclass.span,
                    format!("Cannot subclass sealed class `{name}`"),
                    format!("Hold a `{name}` in a field and forward to it instead (composition)."),
                    Category::Inheritance,
                );
            }
            Some(_) if self.table.inherits(name, &self.info.name) => {
                let own = &self.info.name;
                self.error(
                    "E0511",
                    superclass.span,
                    format!("`{own}` cannot inherit from itself through `{name}`"),
                    "Choose another superclass.",
                    Category::Inheritance,
                );
            }
            Some(_) => {}
            None => {
                let close = crate::closest(name, self.table.iter().map(|class| class.name.as_str()))
                    .map(SmolStr::from);
                let help = close.map_or_else(
                    || "Define the superclass first.".to_owned(),
                    |close| format!("Did you mean `{close}`?"),
                );
                self.error(
                    "E0512",
                    superclass.span,
                    format!("Unresolved class `{name}`"),
                    help,
                    Category::UnresolvedClass,
                );
            }
        }
    }

    fn handle_scope(&mut self) {
        let Some(scope) = &self.definition.handle_scope else { return };
        let what = match self.kind() {
            ClassKind::Value => "Value",
            ClassKind::Actor => "Actor",
            ClassKind::Object => return,
        };
        self.diagnostics.push(
            Diagnostic::warning(
                "E0513",
                scope.span,
                format!("'handleScope:' has no effect on {what} subclass `{}`", self.info.name),
            )
            .with_help("Remove it; it is for classes of Object kind that wrap a handle.")
            .in_category(Category::Sendability),
        );
    }

    fn typed_data(&mut self, data: &DataDecl) {
        let parent = self.info.superclass.as_deref();
        let typed =
            self.info.typed || parent.is_some_and(|parent| self.table.chain(parent).any(|class| class.typed));
        if !typed || data.annotation.is_some() {
            return;
        }
        let (name, class) = (&data.name.name, &self.info.name);
        self.diagnostics.push(
            Diagnostic::warning(
                "E0536",
                data.name.span,
                format!("`{name}` has no type in typed class `{class}`"),
            )
            .with_help(format!("Write `{name} :: Type`."))
            .in_category(Category::TypeAnnotation),
        );
    }

    fn data(&mut self) {
        let kind = self.kind();
        let class = self.info.name.clone();
        let known =
            self.info.superclass.as_deref().is_none_or(|superclass| self.table.is_complete(superclass));
        let mut seen: FxHashMap<SmolStr, Span> = FxHashMap::default();
        let mut setters: FxHashMap<SmolStr, SmolStr> = FxHashMap::default();
        for member in &self.definition.members {
            let Member::Data(data) = member else { continue };
            let (name, span) = (&data.name.name, data.keyword_span.to(data.name.span));
            self.typed_data(data);
            if name.starts_with("__") {
                self.error(
                    "E0305",
                    data.name.span,
                    format!("`{name}` uses the reserved `__` prefix"),
                    "Choose a name with at most one leading underscore.",
                    None,
                );
            }
            match (data.keyword, kind) {
                (DataKeyword::State, ClassKind::Value) => self.error(
                    "E0520",
                    span,
                    format!("Use 'field:' for Value subclass `{class}` data declarations, not 'state:' — `{name}` is immutable"),
                    format!("Write `field: {name}`."),
                    Category::Type,
                ),
                (DataKeyword::Field, ClassKind::Actor) => self.error(
                    "E0521",
                    span,
                    format!("Use 'state:' for Actor subclass `{class}` data declarations, not 'field:' — `{name}` is mutable process state"),
                    format!("Write `state: {name}`."),
                    Category::Type,
                ),
                (DataKeyword::Field | DataKeyword::State, ClassKind::Object) if known && self.info.package != STDLIB && !self.info.built => self.error(
                    "E0522",
                    span,
                    format!("Object subclass `{class}` cannot have instance data declarations; use 'Value subclass:' or 'Actor subclass:'"),
                    "Use `Value subclass:` for immutable data with `field:`, or `Actor subclass:` for a process with `state:`.",
                    Category::Type,
                ),
                _ => {}
            }
            if self.info.native.is_some() && kind == ClassKind::Actor && data.keyword == DataKeyword::State {
                self.error(
                    "E0523",
                    span,
                    format!("native actor `{class}` cannot declare state fields"),
                    "Its state lives in the Erlang module; remove the declaration.",
                    Category::Type,
                );
            }
            if let Some(first) = seen.insert(name.clone(), data.name.span) {
                let setter = match (data.keyword, kind) {
                    (DataKeyword::Field, ClassKind::Value) => {
                        format!(": both `{name}` would generate `{}`", setter_selector(name))
                    }
                    _ => String::new(),
                };
                self.diagnostics.push(
                    Diagnostic::error(
                        "E0524",
                        data.name.span,
                        format!("duplicate declaration of `{name}` in class `{class}`{setter}"),
                    )
                    .with_help("Remove one of them.")
                    .in_category(Category::Type)
                    .with_label(first, "first declared here"),
                );
                continue;
            }
            if data.keyword == DataKeyword::Field && kind == ClassKind::Value {
                let setter = setter_selector(name);
                let own = self.definition.members.iter().any(|member| matches!(member, Member::Method(method) if method.signature.selector() == setter));
                if let Some(other) = setters.insert(setter.clone(), name.clone())
                    && !own
                {
                    self.error(
                        "E0525",
                        data.name.span,
                        format!("fields `{other}` and `{name}` of `{class}` would both generate `{setter}`"),
                        "Rename one of them.",
                        Category::Type,
                    );
                }
            }
        }
    }

    fn methods(&mut self) {
        let mut seen: FxHashMap<(bool, SmolStr), Span> = FxHashMap::default();
        let class = self.info.name.clone();
        for member in &self.definition.members {
            let Member::Method(method) = member else {
                continue;
            };
            let selector = method.signature.selector();
            let class_side = method.is_class_side();
            let side = if class_side { Side::Class } else { Side::Instance };
            let library = self.info.is_library();
            let cx = MethodContext {
                table: self.table,
                class: Some(self.info),
                side,
                library,
                package: &self.info.package,
            };
            self.diagnostics.extend(check_method(cx, method));
            self.diagnostics.extend(check_override(cx, method));
            if let Some(first) = seen.insert((class_side, selector.clone()), method.signature.span()) {
                let what = if class_side { "class method" } else { "method" };
                self.diagnostics.push(
                    Diagnostic::error(
                        "E0530",
                        method.signature.span(),
                        format!("duplicate {what} `{selector}` in class `{class}`"),
                    )
                    .with_help("Remove or rename one of them.")
                    .in_category(Category::Type)
                    .with_label(first, "first defined here"),
                );
            }
        }
    }
}

/// What is wrong with one method, of its class's body or patched in.
#[must_use]
pub fn check_method(cx: MethodContext<'_>, method: &Method) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let selector = method.signature.selector();
    let span = method.signature.span();
    if method.body.is_empty() {
        diagnostics.push(
            Diagnostic::error("E0531", span, format!("method `{selector}` has an empty body"))
                .with_help(
                    "Write `self notImplemented` or `self subclassResponsibility` to say what is meant.",
                )
                .in_category(Category::EmptyBody),
        );
    }
    if matches!(selector.as_str(), "==" | "=:=" | "/=" | "=/=") && !cx.library {
        diagnostics.push(
            Diagnostic::error(
                "E0532",
                span,
                format!("`{selector}` cannot be overridden — this method can never be called"),
            )
            .with_help("Define `equals:` instead.")
            .in_category(Category::Type),
        );
    }
    diagnostics.extend(of_method(cx, method));
    if let Some(info) = cx.class {
        diagnostics.extend(check_delegation(info, cx.table.kind(&info.name), method));
    }
    diagnostics
}

/// What is wrong with the default of a slot of the class.
#[must_use]
pub fn check_default(cx: MethodContext<'_>, data: &beamtalk_syntax::ast::DataDecl) -> Option<Diagnostic> {
    if cx.library { None } else { crate::checks::of_default(cx, data) }
}

/// The method of an ancestor that says that no class below may have such a method, if there is one.
#[must_use]
pub fn check_override(cx: MethodContext<'_>, method: &Method) -> Option<Diagnostic> {
    let info = cx.class?;
    let selector = method.signature.selector();
    let superclass = info.superclass.as_deref()?;
    let of_classes = || match cx.side {
        // A class is an instance of `Class`, whose protocol its own methods would hide.
        Side::Class => cx.table.find_method("Class", Side::Instance, &selector),
        Side::Instance => None,
    };
    let (owner, inherited) = cx.table.find_method(superclass, cx.side, &selector).or_else(of_classes)?;
    let is_free = cx.library || (info.native.is_some() && cx.side == Side::Class);
    (inherited.sealed && !is_free).then(|| {
        let said = format!("Cannot override sealed method `{selector}` from class `{}`", owner.name);
        Diagnostic::error("E0533", method.signature.span(), said)
            .with_help("Give the method another name.")
            .in_category(Category::Inheritance)
    })
}
