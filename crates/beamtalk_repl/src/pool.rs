//! Names for the modules of evaluations.
//!
//! An atom is never freed, so names are used again. A name is free unless an evaluation uses it or the node still
//! holds its module, because a block of it lives or because it has not looked yet.

use std::collections::{BTreeMap, BTreeSet};

/// More names than this are never made.
const MOST_NAMES: u32 = 10_000;

/// So many names are made freely. Beyond, an evaluation takes one that comes back; where none does, because programs do
/// hold blocks, as many more are made.
const COMFORTABLE: u32 = 512;

/// The names in use and those free.
#[derive(Debug, Default)]
pub(crate) struct NamePool {
    made: u32,
    /// How many may be made without asking, once that has been more than [`COMFORTABLE`].
    comfortable: u32,
    free: BTreeSet<u32>,
    held: BTreeSet<u32>,
    /// Names of running evaluations; true when the node let go of the module before its answer was read.
    running: BTreeMap<u32, bool>,
}

impl NamePool {
    /// The pool of a host that finds a node in which `made` names were used; which of them are still held must be asked.
    pub(crate) fn with_held(made: u32) -> Self {
        let made = made.min(MOST_NAMES);
        Self { made, held: (1..=made).collect(), ..Self::default() }
    }

    /// How many names there are.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Takes a free name, or a new one while they are few; `None` when the node is to be asked.
    pub(crate) fn take(&mut self) -> Option<String> {
        let number = match self.free.pop_first() {
            Some(number) => number,
            None if self.made < self.comfortable.clamp(COMFORTABLE, MOST_NAMES) => {
                self.made += 1;
                self.made
            }
            None => return None,
        };
        self.running.insert(number, false);
        Some(name(number))
    }

    /// Gives back the name of a module that nothing uses.
    pub(crate) fn give_back(&mut self, module: &str) {
        if let Some(number) = self.number(module)
            && self.running.remove(&number).is_some()
        {
            self.free.insert(number);
        }
    }

    /// Gives back the name of a module that the node holds.
    pub(crate) fn hold(&mut self, module: &str) {
        if let Some(number) = self.number(module)
            && let Some(released) = self.running.remove(&number)
        {
            if released {
                self.free.insert(number)
            } else {
                self.held.insert(number)
            };
        }
    }

    /// The node holds the module no more.
    pub(crate) fn release(&mut self, module: &str) {
        let Some(number) = self.number(module) else { return };
        if self.held.remove(&number) {
            self.free.insert(number);
        } else if let Some(released) = self.running.get_mut(&number) {
            *released = true;
        }
    }

    /// Asking was in vain: more names are needed. False when there are as many as there may be.
    pub(crate) fn grow(&mut self) -> bool {
        self.comfortable = self.made.saturating_add(COMFORTABLE);
        self.made < MOST_NAMES
    }

    /// The names that the node holds.
    pub(crate) fn held(&self) -> Vec<String> {
        self.held.iter().map(|number| name(*number)).collect()
    }

    /// A new node holds nothing.
    pub(crate) fn release_all(&mut self) {
        self.free.append(&mut self.held);
    }

    fn number(&self, module: &str) -> Option<u32> {
        let number = module.strip_prefix(PREFIX)?.parse().ok()?;
        (1..=self.made).contains(&number).then_some(number)
    }
}

const PREFIX: &str = "bt@eval@";

fn name(number: u32) -> String {
    format!("{PREFIX}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_used_again() {
        let mut pool = NamePool::default();
        let first = pool.take().unwrap();
        assert_eq!(first, "bt@eval@1");
        assert_eq!(pool.take().unwrap(), "bt@eval@2");
        pool.give_back(&first);
        assert_eq!(pool.take().unwrap(), first);
        assert_eq!(pool.made(), 2);
    }

    #[test]
    fn a_held_name_waits_for_its_release() {
        let mut pool = NamePool::default();
        let name = pool.take().unwrap();
        pool.hold(&name);
        assert_eq!(pool.held(), [name.as_str()]);
        assert_ne!(pool.take().unwrap(), name);
        pool.release(&name);
        assert_eq!(pool.take().unwrap(), name);
    }

    #[test]
    fn a_release_may_overtake_the_answer_that_holds() {
        let mut pool = NamePool::default();
        let name = pool.take().unwrap();
        pool.release(&name);
        assert_ne!(pool.take().unwrap(), name, "its evaluation still runs");
        pool.hold(&name);
        assert_eq!(pool.take().unwrap(), name);
    }

    #[test]
    fn beyond_a_comfortable_number_names_grow_only_when_asking_was_in_vain() {
        let mut pool = NamePool::default();
        for _ in 0..COMFORTABLE {
            assert!(pool.take().is_some());
        }
        assert!(pool.take().is_none());
        assert!(pool.grow());
        assert_eq!(pool.take().unwrap(), format!("bt@eval@{}", COMFORTABLE + 1));
    }

    #[test]
    fn names_do_not_grow_without_bound() {
        let mut pool = NamePool::default();
        while pool.take().is_some() || pool.grow() {}
        assert_eq!(pool.made(), MOST_NAMES);
        pool.release("bt@eval@99999");
        pool.release("bt@user@Counter");
        assert!(pool.take().is_none());
    }

    #[test]
    fn names_of_an_earlier_host_are_held_until_the_node_says_otherwise() {
        let mut pool = NamePool::with_held(2);
        assert_eq!(pool.held().len(), 2);
        assert_eq!(pool.take().unwrap(), "bt@eval@3");
    }
}
