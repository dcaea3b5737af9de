//! What a computation asked of the class table.
//!
//! An incremental build makes a class again when an answer changed that its compilation was given. To know them,
//! [`watch`] notes every question that the calling thread asks of any [`crate::ClassTable`] meanwhile. (The same idea
//! as the stack of active queries in salsa; elsewhere it is called a verifying trace.)

use std::cell::RefCell;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// The questions that were asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Classes asked for by name, known or not.
    pub classes: FxHashSet<SmolStr>,
    /// Selectors whose implementors were asked for.
    pub implementors: FxHashSet<SmolStr>,
    /// Control-flow selectors asked about.
    pub control: FxHashSet<SmolStr>,
    /// Whether the set of all classes was looked at.
    pub everything: bool,
}

thread_local! {
    static ACTIVE: RefCell<Option<Looks>> = const { RefCell::new(None) };
}

/// Ends the watch also when the work panics.
struct Watch {
    outer: Option<Looks>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(|active| *active = self.outer.take());
    }
}

/// Do `work` and answer what it asked of class tables on this thread. An inner watch is not seen by an outer one.
pub fn watch<T>(work: impl FnOnce() -> T) -> (T, Looks) {
    let watch = Watch { outer: ACTIVE.replace(Some(Looks::default())) };
    let value = work();
    let looks = ACTIVE.take().unwrap_or_default();
    drop(watch);
    (value, looks)
}

pub(crate) fn class(name: &str) {
    note(name, |looks| &mut looks.classes);
}

pub(crate) fn implementors(selector: &str) {
    note(selector, |looks| &mut looks.implementors);
}

pub(crate) fn control(selector: &str) {
    note(selector, |looks| &mut looks.control);
}

pub(crate) fn everything() {
    ACTIVE.with_borrow_mut(|active| {
        if let Some(looks) = active {
            looks.everything = true;
        }
    });
}

fn note(name: &str, set: impl FnOnce(&mut Looks) -> &mut FxHashSet<SmolStr>) {
    ACTIVE.with_borrow_mut(|active| {
        if let Some(looks) = active {
            let set = set(looks);
            if !set.contains(name) {
                set.insert(name.into());
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::watch;
    use crate::ClassTable;

    #[test]
    fn every_question_is_noted_also_the_unanswered() {
        let table = ClassTable::default();
        let ((), looks) = watch(|| {
            assert!(table.get("A").is_none());
            assert_eq!(table.chain("B").count(), 0);
            assert!(table.implementors("c").next().is_none());
            assert!(!table.is_reimplemented("ifTrue:"));
        });
        assert!(looks.classes.contains("A") && looks.classes.contains("B"));
        assert!(looks.implementors.contains("c") && looks.control.contains("ifTrue:"));
        assert!(!looks.everything);
        assert!(watch(|| table.iter().count()).1.everything);
        assert!(watch(|| table.subclasses("A").len()).1.everything);
    }

    #[test]
    fn nothing_is_noted_after_a_watch_that_panicked() {
        let table = ClassTable::default();
        let failed = std::panic::catch_unwind(|| watch(|| panic!("on purpose")));
        assert!(failed.is_err());
        let ((), looks) = watch(|| ());
        assert_eq!(looks, super::Looks::default());
        assert!(table.get("A").is_none());
    }
}
