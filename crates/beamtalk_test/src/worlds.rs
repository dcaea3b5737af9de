//! Classes of one name in different folders.
//!
//! An image has one class of a name. Where the files of a run define two, they cannot all be together, so the
//! run falls into worlds: in each, every file finds of two classes of a name the one that is nearest to it. Mostly there is
//! one world.

use crate::discover::Role;
use beamtalk_project::{Name, SuiteFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A file of the run, read.
#[derive(Debug)]
pub struct Member {
    /// What it is good for.
    pub role: Role,
    /// The file.
    pub file: SuiteFile,
}

/// Files that are compiled together, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// All of them.
    pub files: Vec<usize>,
    /// Those whose tests run here.
    pub runs: BTreeSet<usize>,
}

/// Leaves out the files that nobody needs, and divides the others.
#[must_use]
pub fn divide(members: &[Member]) -> Vec<World> {
    let needed = needed(members);
    let mut definers: BTreeMap<Name, Vec<usize>> = BTreeMap::new();
    for index in &needed {
        let names: BTreeSet<Name> = members[*index].file.classes().map(|class| class.name).collect();
        for name in names {
            definers.entry(name).or_default().push(*index);
        }
    }
    definers.retain(|_, files| files.len() > 1);
    let runs = needed.iter().copied().filter(|index| members[*index].role >= Role::Examples);
    let mut by_choice: BTreeMap<Vec<usize>, BTreeSet<usize>> = BTreeMap::new();
    for index in runs {
        let choice = definers.values().flat_map(|files| nearest(members, index, files)).collect();
        by_choice.entry(choice).or_default().insert(index);
    }
    let rivals: BTreeSet<usize> = definers.values().flatten().copied().collect();
    by_choice
        .into_iter()
        .map(|(choice, runs)| {
            let chosen: BTreeSet<usize> = choice.into_iter().collect();
            let is_in = |index: &usize| !rivals.contains(index) || chosen.contains(index);
            World { files: needed.iter().copied().filter(is_in).collect(), runs }
        })
        .collect()
}

/// All files but those nearby that nothing mentions.
fn needed(members: &[Member]) -> BTreeSet<usize> {
    let mut definers: BTreeMap<Name, Vec<usize>> = BTreeMap::new();
    for (index, member) in members.iter().enumerate().filter(|(_, member)| member.role == Role::Nearby) {
        for name in member.file.classes().map(|class| class.name).chain(member.file.added()) {
            definers.entry(name).or_default().push(index);
        }
    }
    let mut found: BTreeSet<usize> =
        (0..members.len()).filter(|index| members[*index].role > Role::Nearby).collect();
    let mut unread: Vec<usize> = found.iter().copied().collect();
    while let Some(index) = unread.pop() {
        for name in members[index].file.mentions() {
            for definer in definers.get(name).into_iter().flatten() {
                if found.insert(*definer) {
                    unread.push(*definer);
                }
            }
        }
    }
    found
}

/// Of the files that define a class, the one that `index` means: itself, or the one with which it shares most folders, a fixture
/// before others. Where several fixtures of one folder are as near it cannot mean one of them: then they are all here, which is an
/// error of the class. Of others the last is as good as any.
fn nearest(members: &[Member], index: usize, definers: &[usize]) -> Vec<usize> {
    let from = Path::new(members[index].file.path.as_str());
    let closeness = |definer: usize| {
        let path = Path::new(members[definer].file.path.as_str());
        let shared = from.components().zip(path.components()).take_while(|(a, b)| a == b).count();
        (definer == index, shared, members[definer].role == Role::Support)
    };
    let best = definers.iter().map(|definer| closeness(*definer)).max();
    let mut found = definers.to_vec();
    found.retain(|definer| Some(closeness(*definer)) == best);
    let folder = |definer: &usize| Path::new(members[*definer].file.path.as_str()).parent();
    let clash = found.iter().all(|definer| members[*definer].role == Role::Support)
        && found.windows(2).all(|pair| folder(&pair[0]) == folder(&pair[1]));
    if found.len() > 1 && !clash {
        found.drain(..found.len() - 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use beamtalk_project::read_files;

    fn members(files: &[(&str, Role, &str)]) -> Vec<Member> {
        let texts: Vec<_> =
            files.iter().map(|(path, _, text)| (Name::from(*path), text.as_bytes().to_vec())).collect();
        let roles = files.iter().map(|(_, role, _)| *role);
        read_files(&texts).into_iter().zip(roles).map(|(file, role)| Member { role, file }).collect()
    }

    #[test]
    fn files_without_rivals_share_a_world() {
        let members = members(&[
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n"),
            ("fixtures/A.bt", Role::Support, "Object subclass: A\n"),
        ]);
        assert_eq!(divide(&members), [World { files: vec![0, 1], runs: [0].into() }]);
    }

    #[test]
    fn a_file_finds_the_nearest_of_two_classes_of_a_name() {
        let members = members(&[
            ("a/ATest.bt", Role::Tests, "TestCase subclass: ATest\n"),
            ("a/fixtures/C.bt", Role::Support, "Object subclass: C\n"),
            ("b/BTest.bt", Role::Tests, "TestCase subclass: BTest\n"),
            ("b/fixtures/C.bt", Role::Support, "Object subclass: C\n"),
        ]);
        let worlds = divide(&members);
        assert_eq!(worlds[0], World { files: vec![0, 1, 2], runs: [0].into() });
        assert_eq!(worlds[1], World { files: vec![0, 2, 3], runs: [2].into() });
    }

    #[test]
    fn fixtures_of_one_name_that_are_as_near_clash() {
        let clashing = members(&[
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n"),
            ("fixtures/C.bt", Role::Support, "Object subclass: C\n"),
            ("fixtures/C2.bt", Role::Support, "Object subclass: C\n"),
        ]);
        assert_eq!(divide(&clashing), [World { files: vec![0, 1, 2], runs: [0].into() }]);
        let elsewhere = members(&[
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n"),
            ("a/fixtures/C.bt", Role::Support, "Object subclass: C\n"),
            ("b/fixtures/C.bt", Role::Support, "Object subclass: C\n"),
        ]);
        assert_eq!(divide(&elsewhere), [World { files: vec![0, 2], runs: [0].into() }]);
        let with_test = members(&[
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n  testA => C new\n"),
            ("C.bt", Role::Tests, "TestCase subclass: C\n"),
            ("fixtures/C.bt", Role::Support, "Object subclass: C\n"),
        ]);
        // The fixture is meant, except by the test of its name.
        assert!(divide(&with_test).contains(&World { files: vec![0, 2], runs: [0].into() }));
        assert!(divide(&with_test).contains(&World { files: vec![0, 1], runs: [1].into() }));
    }

    #[test]
    fn two_tests_of_one_name_both_run() {
        let members = members(&[
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n"),
            ("BTest.bt", Role::Tests, "TestCase subclass: ATest\n"),
        ]);
        let runs: Vec<_> = divide(&members).into_iter().flat_map(|world| world.runs).collect();
        assert_eq!(runs, [0, 1]);
    }

    #[test]
    fn what_is_nearby_comes_only_when_it_is_mentioned() {
        let members = members(&[
            ("A.bt", Role::Nearby, "B subclass: A\n"),
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n  testA => A new\n"),
            ("B.bt", Role::Nearby, "Object subclass: B\n"),
            ("C.bt", Role::Nearby, "Object subclass: C\n"),
            ("D.bt", Role::Nearby, "Integer >> frob: x => x\n"),
        ]);
        assert_eq!(divide(&members), [World { files: vec![0, 1, 2], runs: [1].into() }]);
    }

    #[test]
    fn an_extension_nearby_comes_when_its_selector_is_mentioned() {
        let members = members(&[
            ("ATest.bt", Role::Tests, "TestCase subclass: ATest\n  testA => 3 twice + (3 frob: 1)\n"),
            ("D.bt", Role::Nearby, "Integer >> twice => self * 2\n"),
            ("E.bt", Role::Nearby, "Integer >> frob: x => x\n"),
            ("F.bt", Role::Nearby, "Integer >> thrice => self * 3\n"),
        ]);
        assert_eq!(divide(&members), [World { files: vec![0, 1, 2], runs: [0].into() }]);
    }
}
