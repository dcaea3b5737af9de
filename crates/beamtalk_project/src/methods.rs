//! Changing one method of a class of the image: its text, a new text for it, its removal.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use beamtalk_semantics::{Origin, Side, USER};
use beamtalk_syntax::{ast, is_keyword_selector, lexer, selector_arity};
use beamtalk_text::Span;
use smol_str::SmolStr;

use crate::image::{Compiled, Failure, INPUT, Image, failure};
use crate::unit::{ClassUnit, Patch, Source};

/// A method of a class that is known by its module.
#[derive(Debug, Clone, Copy)]
pub struct MethodRef<'a> {
    /// The class's module.
    pub module: &'a str,
    /// Of the class itself, not of its instances.
    pub class_side: bool,
    /// Its selector.
    pub selector: &'a str,
}

impl MethodRef<'_> {
    pub(crate) fn side(&self) -> Side {
        if self.class_side { Side::Class } else { Side::Instance }
    }
}

impl Image {
    /// The class of a module.
    #[must_use]
    pub fn class_of(&self, module: &str) -> Option<SmolStr> {
        self.table().iter().find(|class| class.module == module).map(|class| class.name.clone())
    }

    /// The file that defines a module's class, if it came from one that can be read again.
    #[must_use]
    pub fn source_file(&self, module: &str) -> Option<PathBuf> {
        let unit = self.unit(&self.class_of(module)?)?;
        unit.source.file().filter(|_| unit.package == USER).map(|path| PathBuf::from(path.as_str()))
    }

    /// The classes that are defined in one of the files, with that file.
    #[must_use]
    pub fn classes_in(&self, files: &[PathBuf]) -> Vec<(String, PathBuf)> {
        let files: HashSet<&Path> = files.iter().map(PathBuf::as_path).collect();
        let place = |name: &str| {
            let path = self.unit(name)?.source.file()?;
            files.get(Path::new(path.as_str())).map(|path| path.to_path_buf())
        };
        self.table().iter().filter_map(|class| Some((class.name.to_string(), place(&class.name)?))).collect()
    }

    /// The text of a class's own method with its documentation; generated methods have none.
    #[must_use]
    pub fn method_source(&self, method: MethodRef<'_>) -> Option<String> {
        let unit = self.unit(&self.class_of(method.module)?)?;
        let (method, head, text) = unit.written(method.side(), method.selector)?;
        Some(text_of(method, head, text))
    }

    /// Compile a class with a new text for one of its methods: `selector => body`, or only a body where the selector is
    /// unary.
    ///
    /// # Errors
    /// When the class is unknown, the text is not one method of this selector, or has errors.
    pub fn compile_method(&self, method: MethodRef<'_>, source: &str) -> Result<Compiled, Failure> {
        let class = self.known_class(method)?;
        let target = if method.class_side { format!("{class} class") } else { class.to_string() };
        let source = Arc::new(one_method(&target, method, source)?);
        self.compile_files(std::slice::from_ref(&source))
    }

    /// Compile a class without one of its own methods.
    ///
    /// # Errors
    /// When the class is unknown or has no such method, or the method is generated from a field.
    pub fn remove_method(&self, method: MethodRef<'_>) -> Result<Compiled, Failure> {
        let class = self.known_class(method)?;
        let side = method.side();
        let selector = method.selector;
        let known = self.table().get(&class).and_then(|info| info.method(side, selector));
        match (known.map(|known| known.origin), self.unit(&class)) {
            (Some(Origin::Body | Origin::Extension), Some(unit)) => {
                let edit = unit.edit(side, selector, None);
                let mut unit = unit.clone();
                unit.remove(side, selector);
                let compiled = self.compile_unit(&class, unit)?;
                Ok(Compiled { edits: edit.into_iter().collect(), ..compiled })
            }
            (Some(Origin::Getter | Origin::Setter | Origin::Constructor), Some(_)) => Err(failure(
                "E0614",
                &format!("Cannot remove '{selector}' of {class}: it is generated from a field"),
                "Define the class again without the field.",
            )),
            (_, None) | (None, _) => Err(failure(
                "E0613",
                &format!("{class} does not define #{selector} locally (or as an extension)"),
                "Use includesSelector: or whichClassIncludesSelector: to check first, or removeSelector:ifAbsent: to supply a fallback.",
            )),
        }
    }

    fn known_class(&self, method: MethodRef<'_>) -> Result<SmolStr, Failure> {
        let unknown = || {
            let module = method.module;
            let message = format!("Class source not available for {module}");
            failure("E0604", &message, "Load the class again.")
        };
        self.class_of(method.module).ok_or_else(unknown)
    }
}

impl ClassUnit {
    /// A method as it is now, by a patch or in the body; where its head begins; and the text that its spans refer to.
    pub(crate) fn written(&self, side: Side, selector: &str) -> Option<(&ast::Method, u32, &str)> {
        let patch = self.patches.iter().find(|patch| patch.side == side && patch.selector == selector);
        if let Some(patch) = patch {
            let extension = patch.extension()?;
            return Some((&extension.method, extension.span.start, &patch.source.text));
        }
        let is_removed = self.removed.iter().any(|(at, removed)| *at == side && *removed == selector);
        let found = self.own_method(side, selector).filter(|_| !is_removed)?;
        Some((found, found.span.start, &self.source.text))
    }

    /// The method of the class's own body.
    pub(crate) fn own_method(&self, side: Side, selector: &str) -> Option<&ast::Method> {
        self.class()?.members.iter().find_map(|member| match member {
            ast::Member::Method(method)
                if method.is_class_side() == (side == Side::Class)
                    && method.signature.selector() == selector =>
            {
                Some(method)
            }
            ast::Member::Method(_) | ast::Member::Data(_) => None,
        })
    }

    /// Takes a method out, wherever it comes from. An extension goes first and leaves the class's own method.
    fn remove(&mut self, side: Side, selector: &str) {
        let is_it = |patch: &Patch| patch.side == side && patch.selector == selector;
        let extends = |patch: &Patch| self.package != USER || patch.source.file().is_some();
        let extended = self.patches.iter().any(|patch| is_it(patch) && extends(patch));
        self.patches.retain(|patch| !is_it(patch));
        if extended {
            return;
        }
        let removed = (side, SmolStr::from(selector));
        if self.own_method(side, selector).is_some() && !self.removed.contains(&removed) {
            self.removed.push(removed);
        }
    }
}

/// Documentation and directives of a method, line by line.
fn above<'t>(method: &ast::Method, head: u32, text: &'t str) -> impl Iterator<Item = &'t str> {
    let doc = method.doc.as_ref().map(|doc| doc.span.start);
    let start = doc.into_iter().chain(method.expects.iter().map(|expect| expect.span.start)).min();
    let above = Span::new(start.unwrap_or(head), head).text(text);
    above.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// How many lines of a method's text ([`text_of`]) come before its head.
pub(crate) fn lines_above(method: &ast::Method, head: u32, text: &str) -> u32 {
    u32::try_from(above(method, head, text).count()).unwrap_or(u32::MAX)
}

/// A method as it would stand at the margin, with what is written above its head.
pub(crate) fn text_of(method: &ast::Method, head: u32, text: &str) -> String {
    let line = text[..method.span.start as usize].rsplit('\n').next().unwrap_or_default();
    let indentation = if line.trim().is_empty() { line.len() } else { 0 };
    let mut out = above(method, head, text).fold(String::new(), |out, line| out + line + "\n");
    out.push_str(&moved_left(method.span.text(text).trim_end(), indentation));
    out
}

/// The text with its lines `by` bytes of white space further left. Lines inside a string stay as they are.
fn moved_left(text: &str, by: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for token in lexer::lex(text).tokens.iter().filter(|token| token.starts_line) {
        let before = &text[done..token.span.start as usize];
        let kept = before.trim_end_matches([' ', '\t']);
        let space = &before[kept.len()..];
        out.push_str(kept);
        out.push_str(space.get(by..).unwrap_or_default());
        done = token.span.start as usize;
    }
    out.push_str(&text[done..]);
    out
}

/// A text of a method as a standalone one, with its lines where they are; of any class.
pub(crate) fn standalone(text: &str) -> Source {
    let (above, rest) = split_documentation(text);
    let rest = indented(without_class_modifier(rest, true));
    Source::new(INPUT, format!("{above}Object >> {rest}"))
}

/// Makes a standalone method of a text.
fn one_method(target: &str, method: MethodRef<'_>, text: &str) -> Result<Source, Failure> {
    let selector = method.selector;
    let (above, rest) = split_documentation(text);
    let rest = indented(without_class_modifier(rest, method.class_side));
    let headed = Source::new(INPUT, format!("{above}{target} >> {rest}"));
    let source = if headed.extensions().next().is_some() {
        headed
    } else if selector_arity(selector) == 0 {
        Source::new(INPUT, format!("{above}{target} >> {selector} =>\n  {rest}"))
    } else {
        let head = example_head(selector);
        return Err(failure(
            "E0605",
            &format!("The source of '{selector}' does not begin with its head"),
            &format!("Write it as `{head} => …`."),
        ));
    };
    let found = source.extensions().next().map(|(_, extension)| extension.method.signature.selector());
    match found {
        Some(found) if found != selector => Err(failure(
            "E0606",
            &format!("The source defines '{found}', not '{selector}'"),
            "The selector and the head of the source must agree.",
        )),
        Some(_) if source.parsed.file.items.len() == 1 => Ok(source),
        Some(_) => {
            Err(failure("E0607", "The source holds more than one method", "Compile each method by itself."))
        }
        None => Err(failure(
            "E0605",
            &format!("The source is no method '{selector}'"),
            "Write it as `selector => body`.",
        )),
    }
}

/// Comments, documentation and directives above a method, and the method.
fn split_documentation(text: &str) -> (&str, &str) {
    let mut rest = text.trim_start();
    while rest.starts_with("//") || rest.starts_with('@') {
        rest = rest.find('\n').map_or("", |end| rest[end..].trim_start());
    }
    text.split_at(text.len() - rest.len())
}

/// The text of a class method in a class body begins with `class`; a standalone one names it with its target.
fn without_class_modifier(text: &str, class_side: bool) -> &str {
    match text.strip_prefix("class ").map(str::trim_start) {
        Some(rest) if class_side && !rest.starts_with("=>") && !rest.starts_with("->") => rest,
        _ => text,
    }
}

/// The text with its lines moved off the margin, where the next definition would begin. Lines inside a
/// string stay as they are.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for token in lexer::lex(text).tokens {
        let start = token.span.start as usize;
        if token.starts_line && token.column == 0 && start > 0 {
            out.push_str(&text[done..start]);
            out.push_str("  ");
            done = start;
        }
    }
    out.push_str(&text[done..]);
    out
}

/// `at: x put: x`, for a help.
fn example_head(selector: &str) -> String {
    if is_keyword_selector(selector) {
        selector.split_inclusive(':').map(|part| format!("{part} x")).collect::<Vec<_>>().join(" ")
    } else {
        format!("{selector} x")
    }
}

/// What a failure says.
#[cfg(test)]
fn messages(failure: &Failure) -> Vec<&str> {
    failure.diagnostics.iter().map(|(_, diagnostic)| diagnostic.message.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Definition;

    const FILE: &str = "/// A door.\nValue subclass: Door\n  field: width = 1\n  /// How tall.\n  height =>\n    // metres\n    2\n  class built: n => n\n";

    fn image() -> Image {
        let mut image = Image::new();
        let source = Arc::new(Source::new("/p/Door.bt", FILE));
        let compiled = image.compile_files(&[source]).expect("compiles");
        image.commit(&compiled);
        image
    }

    fn of(selector: &str) -> MethodRef<'_> {
        MethodRef { module: "bt@user@Door", class_side: false, selector }
    }

    fn compiled(image: &mut Image, method: MethodRef<'_>, source: &str) {
        let compiled = image.compile_method(method, source).expect("compiles");
        assert_eq!(compiled.modules.len(), 1);
        image.commit(&compiled);
    }

    fn refused(image: &Image, method: MethodRef<'_>, source: &str) -> String {
        let failure = image.compile_method(method, source).expect_err("refused");
        messages(&failure).join("; ")
    }

    #[test]
    fn a_method_has_the_text_of_its_file_and_then_that_of_its_patch() {
        let mut image = image();
        let text = image.method_source(of("height"));
        assert_eq!(text.as_deref(), Some("/// How tall.\nheight =>\n  // metres\n  2"));
        assert_eq!(image.source_file("bt@user@Door"), Some(PathBuf::from("/p/Door.bt")));
        assert_eq!(image.method_source(of("width")), None);
        compiled(&mut image, of("height"), "height => 3");
        assert_eq!(image.method_source(of("height")).as_deref(), Some("height => 3"));
    }

    #[test]
    fn every_text_of_a_method_can_be_compiled_again() {
        let mut image = image();
        let built = MethodRef { class_side: true, ..of("built:") };
        for method in [of("height"), built] {
            let text = image.method_source(method).expect("has a text");
            compiled(&mut image, method, &text);
            let again = image.method_source(method).expect("has a text");
            assert_eq!(again, text.replace("class built", "built"));
        }
        for (name, text) in crate::library::sources().iter().take(12) {
            let source = Source::new(*name, *text);
            let Some(Definition::Class(class)) = source.definitions().map(|(_, each)| each).next() else {
                continue;
            };
            for member in &class.members {
                let ast::Member::Method(method) = member else { continue };
                let selector = method.signature.selector();
                let module = format!("bt@stdlib@{}", class.name.name);
                let method =
                    MethodRef { module: &module, class_side: method.is_class_side(), selector: &selector };
                let text = image.method_source(method).expect("has a text");
                let target = if method.class_side { "X class" } else { "X" };
                assert!(one_method(target, method, &text).is_ok(), "{module} {selector}: {text}");
            }
        }
    }

    #[test]
    fn a_bare_body_is_a_unary_method_and_strings_keep_their_lines() {
        let mut image = image();
        compiled(&mut image, of("area"), "x := 2\nx * self height");
        compiled(&mut image, of("text"), "\"a\nb\"");
        assert!(image.method_source(of("text")).expect("has a text").ends_with("\"a\nb\""));
        compiled(&mut image, of("table"), "#{#a => 1}");
    }

    #[test]
    fn what_is_not_one_method_of_the_selector_is_refused() {
        let image = image();
        assert_eq!(refused(&image, of("two"), "three => 3"), "The source defines 'three', not 'two'");
        assert_eq!(refused(&image, of("at:"), "3"), "The source of 'at:' does not begin with its head");
        let second = refused(&image, of("two"), "two => 2\nDoor >> three => 3");
        assert_eq!(second, "The source holds more than one method");
        for broken in ["", "two => (", "two =>", "(", "\"", "two => 2\nthree => 3"] {
            assert!(!refused(&image, of("two"), broken).is_empty(), "{broken:?}");
        }
        let nowhere = MethodRef { module: "bt@user@No", ..of("two") };
        assert_eq!(refused(&image, nowhere, "2"), "Class source not available for bt@user@No");
    }

    #[test]
    fn the_last_of_several_extensions_wins_and_says_whose_it_replaces() {
        let mut image = image();
        let mut load = |path: &str, text: &str| {
            let source = Arc::new(Source::new(path, text));
            let compiled = image.compile_files(&[source]).expect("compiles");
            image.commit(&compiled);
            let said = |(_, warning): &(_, beamtalk_text::Diagnostic)| {
                format!("{} {}", warning.code, warning.message)
            };
            compiled.warnings.iter().map(said).collect::<Vec<_>>()
        };
        assert!(load("/p/a.bt", "Door >> knock => 1").is_empty());
        assert!(load("/p/a.bt", "Door >> knock => 2").is_empty());
        let replaced = load("/p/b.bt", "\nDoor >> knock => 3");
        assert_eq!(replaced, ["E0453 extension 'knock' of `Door` replaces the one of /p/a.bt:1"]);
        let replaced = load(INPUT, "Door >> knock => 4");
        assert_eq!(replaced, ["E0453 extension 'knock' of `Door` replaces the one of /p/b.bt:2"]);
        assert!(load(INPUT, "Door >> knock => 5").is_empty());
        assert!(load("/p/c.bt", "Door class >> knock => 6").is_empty());
        assert!(load("/p/d.bt", "Door >> height => 7").is_empty());
        let twice = Arc::new(Source::new("/p/e.bt", "Door >> once => 1\nDoor >> once => 2"));
        let failure = image.compile_files(&[twice]).expect_err("refused");
        assert_eq!(messages(&failure), ["extension 'once' of `Door` is defined twice"]);
    }

    #[test]
    fn a_removed_method_is_gone_until_it_is_compiled_again() {
        let mut image = image();
        compiled(&mut image, of("height"), "9");
        let removal = image.remove_method(of("height")).expect("there is one");
        image.commit(&removal);
        assert_eq!(image.method_source(of("height")), None);
        let failure = image.remove_method(of("height")).expect_err("gone");
        assert_eq!(messages(&failure), ["Door does not define #height locally (or as an extension)"]);
        compiled(&mut image, of("height"), "4");
        assert!(image.method_source(of("height")).is_some());
        let failure = image.remove_method(of("withWidth:")).expect_err("generated");
        assert_eq!(failure.diagnostics[0].1.code, "E0614");
    }
}
