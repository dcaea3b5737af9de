//! Questions about all methods of an image: who sends, names, reads, calls and announces what; what is missing, what is
//! unused. Each looks at what [`crate::uses`] has noted of every source, and none reads a source twice.

use std::sync::Arc;

use beamtalk_semantics::{ClassTable, Side, USER};
use beamtalk_syntax::ast;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use crate::image::{BUILT, Image};
use crate::methods::{standalone, text_of};
use crate::unit::{ClassUnit, Source};
use crate::uses::{Mention, MethodUses, of_whole};

/// A place in a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The module of its class.
    pub module: SmolStr,
    /// Of the class itself, not of its instances.
    pub class_side: bool,
    /// The method's selector.
    pub selector: SmolStr,
    /// The line in the method's text, from 1; 0 for the method as a whole.
    pub line: u32,
}

/// The hook for messages that nobody understands.
const UNKNOWN_MESSAGE: &str = "doesNotUnderstand:args:";
/// The class of what is announced.
const ANNOUNCEMENT: &str = "Announcement";

/// A method as its class has it now.
pub(crate) struct Effective<'u> {
    pub source: &'u Arc<Source>,
    pub method: &'u ast::Method,
    pub uses: &'u MethodUses,
    /// Where its head begins.
    head: u32,
    /// The package that adds it to a class, if it is not of the class's own body.
    extends: Option<&'u SmolStr>,
}

impl ClassUnit {
    /// The methods with a text, as they are now: those of the body without what was replaced or removed, then others.
    pub(crate) fn effective(&self) -> impl Iterator<Item = Effective<'_>> {
        let is_built = self.source.path == BUILT;
        let members = self.class().filter(|_| !is_built).map(|class| class.members.as_slice());
        let methods = members.unwrap_or_default().iter().filter_map(|member| match member {
            ast::Member::Method(method) => Some(method),
            ast::Member::Data(_) => None,
        });
        let noted = self.source.uses().get(self.item).map(|item| item.methods.as_slice());
        let own = methods.zip(noted.unwrap_or_default()).filter(|(_, uses)| {
            self.patches.iter().all(|it| it.side != uses.side || it.selector != uses.selector)
                && self.removed.iter().all(|(side, it)| *side != uses.side || *it != uses.selector)
        });
        let own = own.map(|(method, uses)| {
            let head = method.span.start;
            Effective { source: &self.source, method, uses, head, extends: None }
        });
        let patched = self.patches.iter().filter_map(|patch| {
            let extension = patch.extension()?;
            let uses = patch.source.uses().get(patch.item)?.methods.first()?;
            let extends = (!self.is_of_body(patch)).then_some(&patch.package);
            let head = extension.span.start;
            Some(Effective { source: &patch.source, method: &extension.method, uses, head, extends })
        });
        own.chain(patched)
    }
}

/// The messages that the text of a method sends, with their lines; none if it is no method.
#[must_use]
pub fn messages(text: &str) -> Vec<(SmolStr, u32)> {
    let source = standalone(text);
    let Some((_, extension)) = source.extensions().next() else { return Vec::new() };
    let uses = of_whole(&extension.method, &source);
    uses.sends.into_iter().map(|sent| (sent.selector, sent.line)).collect()
}

impl Image {
    /// Where a message is sent.
    #[must_use]
    pub fn senders(&self, selector: &str) -> Vec<Site> {
        self.sites(|_, uses, found| {
            let sent = uses.sends.iter().filter(|sent| sent.selector == selector);
            found.extend(sent.map(|sent| (sent.line, ())));
        })
    }

    /// Where the class of a module is named.
    #[must_use]
    pub fn references(&self, module: &str) -> Vec<Site> {
        let Some(class) = self.class_of(module) else { return Vec::new() };
        let named = |mention: &&Mention| self.is_of(mention, &class);
        self.sites(|unit, uses, found| {
            if !has_parameter(unit, &class) {
                found.extend(uses.classes.iter().filter(named).map(|mention| (mention.line, ())));
            }
        })
    }

    /// Where a field is read, or written, in the class of a module and the classes below it.
    #[must_use]
    pub fn field_uses(&self, module: &str, field: &str, writes: bool) -> Vec<Site> {
        let Some(class) = self.class_of(module) else { return Vec::new() };
        let below = |name: &str| self.table().inherits(name, &class);
        self.marked_sites(below, |_, uses, found| {
            let here = uses.fields.iter().filter(|it| it.is_write == writes && it.name == field);
            found.extend(here.map(|it| (it.line, ())));
        })
        .into_iter()
        .map(|(site, ())| site)
        .collect()
    }

    /// Where an Erlang function is called, with so many arguments or any number of them.
    #[must_use]
    pub fn erlang_calls(&self, module: &str, function: &str, arguments: Option<usize>) -> Vec<Site> {
        self.sites(|_, uses, found| {
            let calls = uses.calls.iter().filter(|call| {
                call.module == module
                    && call.function == function
                    && (arguments.is_none() || call.arguments == arguments)
            });
            found.extend(calls.map(|call| (call.line, ())));
        })
    }

    /// What the class of a module announces, each place with a class of announcements.
    #[must_use]
    pub fn announcements(&self, module: &str) -> Vec<(Site, SmolStr)> {
        let Some(class) = self.class_of(module) else { return Vec::new() };
        let table = self.table();
        self.marked_sites(
            |name| name == class,
            |_, uses, found| {
                let events = uses.announced.iter().filter(|event| {
                    self.is_of(event, &event.name)
                        && event.name != ANNOUNCEMENT
                        && table.inherits(&event.name, ANNOUNCEMENT)
                });
                found.extend(events.map(|event| (event.line, event.name.clone())));
            },
        )
    }

    /// What is sent somewhere and defined nowhere, by selector. What an object sends to itself is left out where it answers
    /// unknown messages.
    #[must_use]
    pub fn unimplemented(&self) -> Vec<(Site, SmolStr)> {
        let mut defined: FxHashSet<&str> = FxHashSet::default();
        for class in self.table().iter() {
            let methods = class.methods.iter().chain(&class.class_methods);
            defined.extend(methods.map(|method| method.selector.as_str()));
        }
        let mut found = self.marked_sites(
            |_| true,
            |unit, uses, found| {
                let missing = uses.sends.iter().filter(|sent| !defined.contains(sent.selector.as_str()));
                let missing = missing.filter(|sent| !(sent.to_self && self.answers_all(unit, uses.side)));
                found.extend(missing.map(|sent| (sent.line, sent.selector.clone())));
            },
        );
        found.sort_by(|(_, a), (_, b)| a.cmp(b));
        found
    }

    /// The methods that no method sends, and no initial value: those of classes' own bodies whose text has a body.
    #[must_use]
    pub fn unused(&self) -> Vec<Site> {
        let mut sent: FxHashSet<&str> = FxHashSet::default();
        for (_, unit) in self.units() {
            for Effective { uses, .. } in unit.effective() {
                sent.extend(uses.sends.iter().map(|sent| sent.selector.as_str()));
            }
            let initial = unit.source.uses().get(unit.item).map(|item| item.initial.as_slice());
            sent.extend(initial.unwrap_or_default().iter().map(SmolStr::as_str));
        }
        self.all_methods(|method| {
            let uses = method.uses;
            let is_wanted = method.extends.is_none() && !uses.is_primitive;
            (is_wanted && !sent.contains(uses.selector.as_str())).then_some(())
        })
        .into_iter()
        .map(|(site, ())| site)
        .collect()
    }

    /// The texts of the methods of some modules.
    #[must_use]
    pub fn method_texts(&self, modules: &[String]) -> Vec<(Site, String)> {
        let names: Vec<SmolStr> = modules.iter().filter_map(|module| self.class_of(module)).collect();
        let mut found = Vec::new();
        for name in names {
            let Some(unit) = self.unit(&name) else { continue };
            for method in unit.effective() {
                let text = text_of(method.method, method.head, &method.source.text);
                found.extend(self.site(&name, method.uses, 0).map(|site| (site, text)));
            }
        }
        found
    }

    /// The methods that are added to classes from outside, each with its package; with the path of its source where that
    /// is in none.
    #[must_use]
    pub fn extensions(&self) -> Vec<(Site, SmolStr)> {
        self.all_methods(|method| {
            let package = method.extends?;
            Some(if package == USER { method.source.path.clone() } else { package.clone() })
        })
    }

    // ---- walking ---------------------------------------------------------------------------------------

    fn sites(&self, look: impl Fn(&ClassUnit, &MethodUses, &mut Vec<(u32, ())>)) -> Vec<Site> {
        self.marked_sites(|_| true, look).into_iter().map(|(site, ())| site).collect()
    }

    /// What `look` finds in the methods of some classes: lines, each with something more. By class, method and line.
    fn marked_sites<T>(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        look: impl Fn(&ClassUnit, &MethodUses, &mut Vec<(u32, T)>),
    ) -> Vec<(Site, T)> {
        let mut found = Vec::new();
        let mut lines = Vec::new();
        for (name, unit) in self.sorted_units() {
            if !is_wanted(name) {
                continue;
            }
            for Effective { uses, .. } in unit.effective() {
                look(unit, uses, &mut lines);
                lines.sort_by_key(|(line, _)| *line);
                let sites = lines.drain(..).filter_map(|(line, it)| Some((self.site(name, uses, line)?, it)));
                found.extend(sites);
            }
        }
        found
    }

    fn all_methods<T>(&self, look: impl Fn(&Effective<'_>) -> Option<T>) -> Vec<(Site, T)> {
        let mut found = Vec::new();
        for (name, unit) in self.sorted_units() {
            for method in unit.effective() {
                let marked = look(&method).and_then(|it| Some((self.site(name, method.uses, 0)?, it)));
                found.extend(marked);
            }
        }
        found
    }

    fn sorted_units(&self) -> Vec<(&SmolStr, &ClassUnit)> {
        let mut units: Vec<_> = self.units().collect();
        units.sort_by_key(|(name, _)| *name);
        units
    }

    fn site(&self, class: &str, uses: &MethodUses, line: u32) -> Option<Site> {
        let module = self.table().get(class)?.module.clone();
        let class_side = uses.side == Side::Class;
        Some(Site { module, class_side, selector: uses.selector.clone(), line })
    }

    /// Whether a name stands for the class.
    fn is_of(&self, mention: &Mention, class: &str) -> bool {
        let package_of = |class: &str| self.table().get(class).map(|info| info.package.clone());
        mention.name == class && (mention.package.is_none() || mention.package == package_of(class))
    }

    /// Whether objects of a class, or the class itself, do something of their own with messages that they do not know.
    fn answers_all(&self, unit: &ClassUnit, side: Side) -> bool {
        let Some(class) = unit.class() else { return false };
        answers_all(self.table(), &class.name.name, side)
    }
}

fn answers_all(table: &ClassTable, class: &str, side: Side) -> bool {
    // The root's own hook only says that a message is not understood.
    let mut chain = table.chain(class).filter(|each| each.name == class || each.superclass.is_some());
    chain.any(|each| each.method(side, UNKNOWN_MESSAGE).is_some())
}

/// Whether the name stands for a type that the class leaves open, not for a class.
fn has_parameter(unit: &ClassUnit, name: &str) -> bool {
    unit.class().is_some_and(|class| class.type_parameters.iter().any(|it| it.name.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::MethodRef;
    use crate::precheck::tests::image;

    fn shown(sites: &[Site]) -> Vec<String> {
        let shown = |site: &Site| {
            let class = site.module.strip_prefix("bt@user@").unwrap_or(&site.module);
            let side = if site.class_side { " class" } else { "" };
            format!("{class}{side}>>{}:{}", site.selector, site.line)
        };
        sites.iter().map(shown).collect()
    }

    const DOOR: (&str, &str) = (
        "/p/Door.bt",
        "Object subclass: Door\n  classState: built = 0\n  /// One more.\n  class built => self.built := self.built + 1\n  knock => self zork; zork\n  open: x => Door built: x\n",
    );

    #[test]
    fn a_patch_and_a_removal_are_seen_at_once() {
        let mut image = image(&[DOOR]);
        assert_eq!(shown(&image.senders("zork")), ["Door>>knock:1", "Door>>knock:1"]);
        let knock = MethodRef { module: "bt@user@Door", class_side: false, selector: "knock" };
        let compiled = image.compile_method(knock, "knock =>\n  self open: 3").expect("compiles");
        image.commit(&compiled);
        assert_eq!(shown(&image.senders("zork")), [""; 0]);
        assert_eq!(shown(&image.senders("open:")), ["Door>>knock:2"]);
        let compiled = image.remove_method(knock).expect("compiles");
        image.commit(&compiled);
        assert_eq!(shown(&image.senders("open:")), [""; 0]);
    }

    #[test]
    fn lines_count_the_documentation() {
        let image = image(&[DOOR]);
        assert_eq!(shown(&image.field_uses("bt@user@Door", "built", false)), ["Door class>>built:2"]);
        assert_eq!(shown(&image.field_uses("bt@user@Door", "built", true)), ["Door class>>built:2"]);
        assert_eq!(shown(&image.references("bt@user@Door")), ["Door>>open::1"]);
    }

    #[test]
    fn what_is_missing_and_what_is_unused() {
        let image = image(&[
            DOOR,
            (
                "/p/Gate.bt",
                "Object subclass: Gate\n  doesNotUnderstand: a args: b => nil\n  m => self zork2. 3 zork3\n",
            ),
            ("/p/Low.bt", "Gate subclass: Low\n  n => self zork2. super zork4\n  class n => self zork5\n"),
            ("/p/ext.bt", "Door >> shut => self o\n"),
        ]);
        let missing: Vec<_> = image.unimplemented().into_iter().map(|(_, selector)| selector).collect();
        assert_eq!(missing, ["built:", "o", "zork", "zork", "zork3", "zork5"]);
        let unused: Vec<_> =
            image.unused().into_iter().filter(|site| site.module.starts_with("bt@user@")).collect();
        let expected = [
            "Door class>>built:0",
            "Door>>knock:0",
            "Door>>open::0",
            "Gate>>m:0",
            "Low>>n:0",
            "Low class>>n:0",
        ];
        assert_eq!(shown(&unused), expected);
        let extensions = image.extensions();
        assert_eq!(extensions.len(), 1);
        assert_eq!(extensions[0].1, "/p/ext.bt");
    }

    #[test]
    fn the_library_sends_nothing_that_nobody_implements() {
        let found: Vec<_> = Image::new().unimplemented();
        assert_eq!(found, []);
    }

    #[test]
    fn a_type_parameter_is_no_class() {
        let image = image(&[
            ("/p/Elem.bt", "Object subclass: Elem\n"),
            ("/p/Box.bt", "Object subclass: Box(Elem)\n  a: x :: Elem => x\n"),
            ("/p/Bag2.bt", "Object subclass: Bag2\n  a: x :: Elem => x\n"),
        ]);
        assert_eq!(shown(&image.references("bt@user@Elem")), ["Bag2>>a::1"]);
    }

    #[test]
    fn the_messages_of_a_text_have_its_lines() {
        let text = "/// Doc.\nclass at: x =>\n  // a remark\n  x foo.\n  (Erlang lists reverse: x bar) size";
        let found = messages(text);
        assert_eq!(found, [("foo".into(), 4), ("size".into(), 5), ("bar".into(), 5)]);
        assert_eq!(messages("a => \"b\n{c d}\" e"), [("e".into(), 2), ("d".into(), 2)]);
        for broken in ["", "(", "3", "a => (", "class"] {
            assert_eq!(messages(broken), [], "{broken:?}");
        }
    }

    #[test]
    fn only_announcements_are_announced() {
        let image = image(&[
            ("/p/Announcement.bt", "abstract Value subclass: Event\nEvent subclass: Rung\n"),
            (
                "/p/Bell.bt",
                "Object subclass: Bell\n  ring: bus => bus announce: Rung new; announce: Bag new\n",
            ),
        ]);
        assert_eq!(image.announcements("bt@user@Bell"), []);
    }
}
