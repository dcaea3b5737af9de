//! What a change of one method means for the file of its class: what was there, where, and what is to be there.

use std::path::PathBuf;
use std::sync::Arc;

use beamtalk_semantics::{Side, USER};
use beamtalk_syntax::ast;
use beamtalk_text::Span;
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::image::Image;
use crate::methods::text_of;
use crate::unit::{ClassUnit, Definition, Source};

/// A change of one method by something else than a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The class.
    pub class: SmolStr,
    /// Of the class itself, not of its instances.
    pub class_side: bool,
    /// The method.
    pub selector: SmolStr,
    /// The method as it would stand at the margin of a class body; nothing if it was removed.
    pub text: Option<String>,
    /// The same as it was before; nothing if the class had none.
    pub previous: Option<String>,
    /// Where it belongs.
    pub place: Place,
}

/// Where a method is written, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the file of its class.
    File {
        /// The file.
        path: PathBuf,
        /// The method with its documentation; where there is none, the end of the class's body.
        span: Span,
        /// Of the bytes there.
        digest: String,
    },
    /// Its class belongs to the standard library.
    Library,
    /// Its class came from no file.
    Dynamic,
    /// A file of its own adds it to the class.
    Extension,
}

impl Image {
    /// The whole file of a class, as it was loaded, or why it has none.
    #[must_use]
    pub fn class_place(&self, class: &str) -> Option<Place> {
        let unit = self.unit(class)?;
        Some(match unit.source.file() {
            _ if unit.package != USER => Place::Library,
            None => Place::Dynamic,
            Some(file) => {
                let text = unit.source.text.as_bytes();
                let span = Span::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX));
                Place::File { path: PathBuf::from(file.as_str()), span, digest: digest(text) }
            }
        })
    }

    /// The text of a file of classes, as it was loaded.
    #[must_use]
    pub fn source_text(&self, path: &str) -> Option<&str> {
        self.units().find(|(_, unit)| unit.source.path == path).map(|(_, unit)| unit.source.text.as_str())
    }

    /// Takes in that a file of classes holds this text now. What was changed and is written there is not a change any
    /// more. The modules stay as they are: nothing is to be loaded.
    pub fn rewritten(&mut self, path: &str, text: &str) {
        let source = Arc::new(Source::new(path, text));
        self.update_units(|name, unit| unit.rewritten(name, &source));
    }
}

/// The digest of a piece of a file, in hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
    Sha256::digest(bytes).iter().flat_map(|byte| digits(*byte)).flatten().collect()
}

impl ClassUnit {
    /// The change that gives a method a new text, or takes it away. To be asked before the change is made.
    pub(crate) fn edit(&self, side: Side, selector: &str, text: Option<String>) -> Option<Edit> {
        let written = self.written(side, selector);
        Some(Edit {
            class: self.definition()?.name().name.clone(),
            class_side: side == Side::Class,
            selector: selector.into(),
            text,
            previous: written.map(|(method, head, text)| body_text(method, head, text, side)),
            place: self.place(side, selector),
        })
    }

    /// Whether the text of its file, or of one that extends it, is now that of `source`.
    fn rewritten(&mut self, name: &str, source: &Arc<Source>) -> bool {
        let mut changed = false;
        for patch in self.patches.iter_mut().filter(|patch| patch.source.path == source.path) {
            let found = source.extensions().find(|(_, extension)| {
                extension.target.name.name == name
                    && extension.class_side == (patch.side == Side::Class)
                    && extension.method.signature.selector() == patch.selector
            });
            if let Some((item, _)) = found {
                (patch.item, patch.source) = (item, source.clone());
                changed = true;
            }
        }
        if self.source.path != source.path {
            return changed;
        }
        let named = |(_, definition): &(usize, Definition<'_>)| definition.name().name == name;
        let Some((item, _)) = source.definitions().find(named) else { return changed };
        (self.source, self.item) = (source.clone(), item);
        self.patches.retain(|patch| {
            let written = source.method_text(name, patch.side == Side::Class, &patch.selector);
            let typed = patch.extension().map(|extension| {
                body_text(&extension.method, extension.span.start, &patch.source.text, patch.side)
            });
            patch.source.file().is_some() || written != typed
        });
        self.removed
            .retain(|(side, selector)| source.method_text(name, *side == Side::Class, selector).is_some());
        true
    }

    fn place(&self, side: Side, selector: &str) -> Place {
        if self.package != USER {
            return Place::Library;
        }
        let patch = self.patches.iter().find(|patch| patch.side == side && patch.selector == selector);
        if patch.is_some_and(|patch| patch.source.file().is_some()) {
            return Place::Extension;
        }
        let (Some(file), Some(class)) = (self.source.file(), self.class()) else {
            return Place::Dynamic;
        };
        let text = &self.source.text;
        let span = self.own_method(side, selector).map_or_else(|| Span::empty(body_end(class, text)), extent);
        let digest = digest(span.text(text).as_bytes());
        Place::File { path: PathBuf::from(file.as_str()), span, digest }
    }
}

impl Source {
    /// The class of this name that it defines.
    pub(crate) fn class(&self, name: &str) -> Option<&ast::ClassDef> {
        self.definitions().find_map(|(_, definition)| match definition {
            Definition::Class(class) if class.name.name == name => Some(class),
            Definition::Class(_) | Definition::Protocol(_) => None,
        })
    }

    /// The names of the classes and protocols that it defines, in order.
    #[must_use]
    pub fn defined_names(&self) -> Vec<SmolStr> {
        self.definitions().map(|(_, definition)| definition.name().name.clone()).collect()
    }

    /// The text of a method in the body of a class, as [`Edit::text`] has it.
    #[must_use]
    pub fn method_text(&self, class: &str, class_side: bool, selector: &str) -> Option<String> {
        let side = if class_side { Side::Class } else { Side::Instance };
        let method = member(self.class(class)?, side, selector)?;
        Some(body_text(method, method.span.start, &self.text, side))
    }
}

/// The method of a class's body.
pub(crate) fn member<'c>(class: &'c ast::ClassDef, side: Side, selector: &str) -> Option<&'c ast::Method> {
    class.members.iter().find_map(|member| match member {
        ast::Member::Method(method)
            if method.is_class_side() == (side == Side::Class) && method.signature.selector() == selector =>
        {
            Some(method)
        }
        ast::Member::Method(_) | ast::Member::Data(_) => None,
    })
}

/// A method as it would stand at the margin of a class body, where one of the class side says so.
pub(crate) fn body_text(method: &ast::Method, head: u32, text: &str, side: Side) -> String {
    let written = text_of(method, head, text);
    if side == Side::Instance || method.is_class_side() {
        return written;
    }
    let first = method.span.text(text).split('\n').next().unwrap_or_default().trim_end();
    // What is above the head are comments and directives, none of which can hold the head itself at a line's start.
    let at =
        written.match_indices(first).map(|(at, _)| at).find(|at| *at == 0 || written[..*at].ends_with('\n'));
    let (above, rest) = written.split_at(at.unwrap_or(0));
    format!("{above}class {rest}")
}

/// A method in its file, with its documentation and directives.
pub(crate) fn extent(method: &ast::Method) -> Span {
    let above = method.doc.iter().map(|doc| doc.span).chain(method.expects.iter().map(|expect| expect.span));
    above.fold(method.span, Span::to)
}

/// Where the line of the last member of a class ends; in an empty class, that of its head.
pub(crate) fn body_end(class: &ast::ClassDef, text: &str) -> u32 {
    let last = class.members.iter().map(|member| match member {
        ast::Member::Data(data) => data.span.end,
        ast::Member::Method(method) => method.span.end,
    });
    let after = last.max().unwrap_or(class.span.end) as usize;
    let after = text.get(..after).map_or(after, |before| before.trim_end().len());
    let line = text.get(after..).unwrap_or_default();
    let end = line.find('\n').map_or(line.len(), |end| line[..end].trim_end_matches('\r').len());
    u32::try_from(after + end).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MethodRef;

    const FILE: &str = "/// A door.\nValue subclass: Door\n  field: width = 1\n\n  /// How tall.\n  height =>\n    2\n\n  class built: n => n // later\n\nValue subclass: Gate\n";

    fn image() -> Image {
        let mut image = Image::new();
        let extension = Arc::new(Source::new("/p/More.bt", "Door >> knock => 1\n"));
        let compiled = image.compile_files(&[Arc::new(Source::new("/p/Door.bt", FILE)), extension]);
        image.commit(&compiled.expect("compiles"));
        image
    }

    fn typed(image: &mut Image, code: &str) -> Edit {
        let compiled = image.compile_input(&[], code, "bt@eval@1").expect("compiles");
        image.commit(&compiled);
        let [edit] = compiled.edits.as_slice() else { panic!("{:?}", compiled.edits) };
        edit.clone()
    }

    fn there(edit: &Edit) -> &str {
        let Place::File { path, span, digest: known } = &edit.place else { panic!("{:?}", edit.place) };
        assert_eq!(path, &PathBuf::from("/p/Door.bt"));
        assert_eq!(*known, digest(span.text(FILE).as_bytes()));
        span.text(FILE)
    }

    #[test]
    fn an_edit_tells_what_was_there_and_where() {
        let mut image = image();
        let edit = typed(&mut image, "Door >> height => 3");
        assert_eq!(there(&edit), "/// How tall.\n  height =>\n    2");
        assert_eq!(edit.previous.as_deref(), Some("/// How tall.\nheight =>\n  2"));
        assert_eq!(edit.text.as_deref(), Some("height => 3"));
        let edit = typed(&mut image, "Door >> height => 4");
        assert_eq!(there(&edit), "/// How tall.\n  height =>\n    2", "the file is as it was");
        assert_eq!(edit.previous.as_deref(), Some("height => 3"));
    }

    #[test]
    fn the_text_of_a_class_method_says_of_which_side_it_is() {
        let edit = typed(&mut image(), "/// Makes one.\nDoor class >> built: n => n + 1");
        assert_eq!(edit.text.as_deref(), Some("/// Makes one.\nclass built: n => n + 1"));
        assert_eq!(edit.previous.as_deref(), Some("class built: n => n"));
    }

    #[test]
    fn a_new_method_belongs_behind_the_last_one() {
        let edit = typed(&mut image(), "Door >> two => 2");
        assert_eq!((there(&edit), &edit.previous), ("", &None));
        let Place::File { span, .. } = edit.place else { unreachable!() };
        assert!(FILE[..span.start as usize].ends_with("// later"));
    }

    #[test]
    fn what_no_file_of_its_class_holds_has_no_place() {
        let mut image = image();
        assert_eq!(typed(&mut image, "Integer >> two => 2").place, Place::Library);
        assert_eq!(typed(&mut image, "Door >> knock => 2").place, Place::Extension);
        assert!(image.compile_input(&[], "Object subclass: Loose", "bt@eval@1").unwrap().edits.is_empty());
        let edit = typed(&mut image, "Object subclass: Loose\n  one => 1\n\nLoose >> two => 2\n");
        assert_eq!(edit.place, Place::Dynamic);
    }

    #[test]
    fn what_is_written_to_its_file_is_no_change_any_more() {
        let mut image = image();
        typed(&mut image, "Door >> height => 3");
        typed(&mut image, "Door >> two => 2");
        let file = FILE.replace("/// How tall.\n  height =>\n    2", "height => 3");
        image.rewritten("/p/Door.bt", &file);
        let edit = typed(&mut image, "Door >> height => 4");
        let Place::File { span, .. } = edit.place else { panic!("has a file") };
        assert_eq!((span.text(&file), edit.previous.as_deref()), ("height => 3", Some("height => 3")));
        let two = typed(&mut image, "Door >> two => 4");
        assert_eq!(two.previous.as_deref(), Some("two => 2"), "which is not written");
        assert_eq!(
            image.method_source(MethodRef { module: "bt@user@Gate", class_side: false, selector: "x" }),
            None
        );
    }

    #[test]
    fn a_removal_is_an_edit_without_a_text() {
        let mut image = image();
        let method = MethodRef { module: "bt@user@Door", class_side: false, selector: "height" };
        let removal = image.remove_method(method).unwrap();
        assert_eq!(removal.edits[0].text, None);
        assert_eq!(there(&removal.edits[0]), "/// How tall.\n  height =>\n    2");
        image.commit(&removal);
        let edit = typed(&mut image, "Door >> height => 3");
        assert_eq!((there(&edit), &edit.previous), ("/// How tall.\n  height =>\n    2", &None));
    }
}
