//! What a new text of a method would mean for the classes that send it (spec 05 section 24). Nothing is changed by it.

use std::sync::Arc;

use beamtalk_semantics::{ClassTable, Side};
use beamtalk_syntax::ast;
use beamtalk_text::{Category, Diagnostic, LineIndex};
use smol_str::SmolStr;

use crate::image::{Failure, Image};
use crate::methods::MethodRef;
use crate::unit::ClassUnit;

/// Callers that are looked at, in the order of their names.
const MOST_CALLERS: usize = 20;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Precheck {
    /// What the checker would say anew.
    pub findings: Vec<CallerFinding>,
    /// The classes it looked at, by name.
    pub checked: Vec<SmolStr>,
    /// The classes that send the message, looked at or not.
    pub candidates: usize,
}

/// Something that the checker would say of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerFinding {
    /// The class.
    pub owner: SmolStr,
    /// The method it is in; nothing for a field's default.
    pub method: Option<SmolStr>,
    /// Its line, from 1.
    pub line: u32,
    /// The checker's words.
    pub diagnostic: Diagnostic,
}

impl Image {
    /// Compile a new text of a method and look at its callers with it. Nothing is found where types stay as they are: a
    /// new body breaks no caller.
    ///
    /// # Errors
    /// As [`Self::compile_method`].
    pub fn precheck(&self, method: MethodRef<'_>, source: &str) -> Result<Precheck, Failure> {
        let compiled = self.compile_method(method, source)?;
        let (Some(change), Some(class)) = (&compiled.change, self.class_of(method.module)) else {
            return Ok(Precheck::default());
        };
        let side = method.side();
        let new = change.units.get(&class).and_then(|unit| types(unit, side, method.selector));
        let old = self
            .table()
            .chain(&class)
            .find_map(|info| self.unit(&info.name).and_then(|unit| types(unit, side, method.selector)));
        if old.is_none() || old == new {
            return Ok(Precheck::default());
        }
        let mut callers: Vec<(&SmolStr, &ClassUnit)> = self
            .units()
            .filter(|(name, unit)| **name != class && !unit.is_library() && sends(unit, method.selector))
            .collect();
        callers.sort_by_key(|(name, _)| *name);
        let candidates = callers.len();
        callers.truncate(MOST_CALLERS);
        let findings =
            callers.iter().flat_map(|(name, unit)| self.findings(name, unit, &change.table)).collect();
        let checked = callers.into_iter().map(|(name, _)| name.clone()).collect();
        Ok(Precheck { findings, checked, candidates })
    }

    /// Look at all classes that are not the library's, as they are now.
    #[must_use]
    pub fn recheck(&self) -> Precheck {
        let mut classes: Vec<(&SmolStr, &ClassUnit)> =
            self.units().filter(|(_, unit)| !unit.is_library()).collect();
        classes.sort_by_key(|(name, _)| *name);
        let findings = classes
            .iter()
            .flat_map(|(name, unit)| {
                let told = told(unit, self.table());
                told.into_iter().filter_map(|(path, said)| finding(name, unit, &path, said))
            })
            .collect();
        let candidates = classes.len();
        Precheck {
            findings,
            checked: classes.into_iter().map(|(name, _)| name.clone()).collect(),
            candidates,
        }
    }

    /// What a caller would be told with the new table and is not told now.
    fn findings(&self, name: &SmolStr, unit: &ClassUnit, table: &ClassTable) -> Vec<CallerFinding> {
        let before = told(unit, self.table());
        told(unit, table)
            .into_iter()
            .filter(|found| !before.contains(found))
            .filter_map(|(path, diagnostic)| finding(name, unit, &path, diagnostic))
            .collect()
    }
}

/// What the checker says of a class's messages and types.
fn told(unit: &ClassUnit, table: &ClassTable) -> Vec<(SmolStr, Diagnostic)> {
    let mut found = unit.compile(table).map(|code| code.diagnostics).unwrap_or_default();
    found.retain(|(_, diagnostic)| {
        !diagnostic.is_error() && matches!(diagnostic.category, Some(Category::Dnu | Category::Type))
    });
    found
}

/// A diagnostic with its place in a class; nothing if a directive of the source knows of it.
fn finding(name: &SmolStr, unit: &ClassUnit, path: &str, diagnostic: Diagnostic) -> Option<CallerFinding> {
    let source = unit.sources().find(|source| source.path == path && !source.expects(&diagnostic))?;
    let line = LineIndex::new(&source.text).line(diagnostic.span.start);
    let at = unit.effective().find(|each| {
        let span = each.method.span;
        Arc::ptr_eq(each.source, source)
            && span.start <= diagnostic.span.start
            && diagnostic.span.start < span.end
    });
    let method = at.map(|each| each.uses.selector.clone());
    Some(CallerFinding { owner: name.clone(), method, line, diagnostic })
}

/// The annotations of a method's parameters and of its answer, as they are written.
type Types = (Vec<Option<String>>, Option<String>);

fn types(unit: &ClassUnit, side: Side, selector: &str) -> Option<Types> {
    let (method, _, text) = unit.written(side, selector)?;
    let annotation = |each: &ast::TypeExpr| each.span.text(text).to_owned();
    let parameters =
        method.signature.parameters().map(|each| each.annotation.as_ref().map(annotation)).collect();
    Some((parameters, method.return_type.as_ref().map(annotation)))
}

fn sends(unit: &ClassUnit, selector: &str) -> bool {
    unit.effective().any(|method| method.uses.sends.iter().any(|sent| sent.selector == selector))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::unit::Source;

    /// An image with the classes of these files.
    pub(crate) fn image(files: &[(&str, &str)]) -> Image {
        let mut image = Image::new();
        let sources: Vec<_> = files.iter().map(|(path, text)| Arc::new(Source::new(*path, *text))).collect();
        let compiled = image.compile_files(&sources).expect("compiles");
        image.commit(&compiled);
        image
    }

    const TILL: (&str, &str) =
        ("/p/Till.bt", "Value subclass: Till\n  total -> Integer => 3\n  twice => self total * 2\n");
    const KIOSK: (&str, &str) =
        ("/p/Kiosk.bt", "Object subclass: Kiosk\n  class show: till => [till total + 1] value\n");
    const STREET: (&str, &str) = ("/p/Street.bt", "Object subclass: Street\n  class walk => 1\n");
    const TOTAL: MethodRef<'_> = MethodRef { module: "bt@user@Till", class_side: false, selector: "total" };

    #[test]
    fn the_senders_are_looked_at_when_types_change() {
        let image = image(&[TILL, KIOSK, STREET]);
        let found = image.precheck(TOTAL, "total -> String => \"3\"").expect("compiles");
        assert_eq!((found.checked, found.candidates), (vec!["Kiosk".into()], 1));
        assert_eq!(image.method_source(TOTAL).as_deref(), Some("total -> Integer => 3"));
    }

    #[test]
    fn a_new_body_or_method_breaks_nobody() {
        let image = image(&[TILL, KIOSK]);
        assert_eq!(image.precheck(TOTAL, "total -> Integer => 4").expect("compiles"), Precheck::default());
        let new = MethodRef { selector: "half", ..TOTAL };
        assert_eq!(image.precheck(new, "half -> Float => 1.5").expect("compiles"), Precheck::default());
        assert!(image.precheck(TOTAL, "total => (").is_err());
    }

    #[test]
    fn all_classes_are_looked_at_as_they_are() {
        let mut image = image(&[TILL, KIOSK, STREET]);
        let found = image.recheck();
        assert_eq!((found.findings.len(), found.checked.len()), (0, 3));
        let text = "Object subclass: Wrong\n  class two => self nowhere\n  class one =>\n    @expect dnu\n    self nowhere\n";
        let compiled = image.compile_files(&[Arc::new(Source::new("/p/Wrong.bt", text))]).expect("compiles");
        image.commit(&compiled);
        let found = image.recheck().findings;
        let [wrong] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((wrong.owner.as_str(), wrong.method.as_deref(), wrong.line), ("Wrong", Some("two"), 2));
    }

    #[test]
    fn only_so_many_callers_are_looked_at() {
        let texts: Vec<(String, String)> = (10..35)
            .map(|n| {
                (
                    format!("/p/K{n}.bt"),
                    format!("Object subclass: K{n}\n  class a: till => till total; yourself\n"),
                )
            })
            .collect();
        let mut files: Vec<(&str, &str)> =
            texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        files.push(TILL);
        let found = image(&files).precheck(TOTAL, "total => 3").expect("compiles");
        assert_eq!((found.checked.len(), found.candidates), (MOST_CALLERS, 25));
        assert_eq!(found.checked.first().map(SmolStr::as_str), Some("K10"));
    }
}
