//! Names for the modules of evaluations.
//!
//! An atom is never freed, so names are used again. A name is free unless an evaluation uses it or a block of its module lives.

use std::collections::BTreeSet;

/// More names than this are never made.
const MOST_NAMES: u32 = 10_000;

/// The names in use and those free.
#[derive(Debug, Default)]
pub(crate) struct NamePool {
    made: u32,
    free: BTreeSet<u32>,
    held: BTreeSet<u32>,
}

impl NamePool {
    /// The pool of a host that finds a node in which `made` names were used; which of them are still held must be asked.
    pub(crate) fn with_held(made: u32) -> Self {
        let made = made.min(MOST_NAMES);
        Self { made, free: BTreeSet::new(), held: (1..=made).collect() }
    }

    /// How many names there are.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Takes a free name; `None` when all are in use.
    pub(crate) fn take(&mut self) -> Option<String> {
        if let Some(number) = self.free.pop_first() {
            return Some(name(number));
        }
        (self.made < MOST_NAMES).then(|| {
            self.made += 1;
            name(self.made)
        })
    }

    /// Gives a name back.
    pub(crate) fn release(&mut self, module: &str) {
        if let Some(number) = self.number(module) {
            self.held.remove(&number);
            self.free.insert(number);
        }
    }

    /// Keeps a name, since a block of its module lives.
    pub(crate) fn hold(&mut self, module: &str) {
        if let Some(number) = self.number(module) {
            self.held.insert(number);
        }
    }

    /// The names that blocks hold.
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
        pool.release(&first);
        assert_eq!(pool.take().unwrap(), first);
        assert_eq!(pool.made(), 2);
    }

    #[test]
    fn a_held_name_waits_for_its_release() {
        let mut pool = NamePool::default();
        let name = pool.take().unwrap();
        pool.hold(&name);
        assert_eq!(pool.held(), [name.clone()]);
        assert_ne!(pool.take().unwrap(), name);
        pool.release(&name);
        assert_eq!(pool.take().unwrap(), name);
    }

    #[test]
    fn names_do_not_grow_without_bound() {
        let mut pool = NamePool::default();
        for _ in 0..MOST_NAMES {
            assert!(pool.take().is_some());
        }
        assert!(pool.take().is_none());
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
