//! Which files belong to a run, and what each is good for.
//!
//! Tests may use the sources of their package, everything in `fixtures/` folders, and classes in files beside them.

use crate::TestError;
use beamtalk_project::{Layout, MANIFEST, Manifest, Package as Used, Policy};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const SKIPPED: [&str; 4] = ["target", "node_modules", "_build", "build"];
const FIXTURES: &str = "fixtures";

/// What a file is good for; the later ones include the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is compiled if something needs it.
    Nearby,
    /// It is compiled.
    Support,
    /// Its doc comments are tested.
    Examples,
    /// Its test classes too.
    Tests,
}

/// A file of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is, seen from the working folder.
    pub shown: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is good for.
    pub role: Role,
    /// The package it belongs to, where that is one that the tested package uses.
    pub package: Option<String>,
}

/// Files that are compiled together: those of a package, or those of none.
#[derive(Debug, Clone)]
pub struct Group {
    /// The package.
    pub package: Option<Package>,
    /// Its files, by shown path.
    pub files: Vec<Found>,
}

/// The package that tests belong to.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its folder.
    pub root: PathBuf,
    /// Its name.
    pub name: String,
    /// What its manifest says of diagnostics.
    pub policy: Policy,
    /// The packages that it uses.
    pub uses: Vec<Used>,
}

/// Finds the files for the paths; `here` is the working folder.
///
/// # Errors
/// Nothing is at a path, a folder cannot be read, or a manifest is wrong.
pub fn find(paths: &[PathBuf], here: &Path) -> Result<Vec<Group>, TestError> {
    let here = fs::canonicalize(here).map_err(TestError::unreadable(here))?;
    let mut search = Search { here, groups: BTreeMap::new() };
    for path in paths {
        let full = fs::canonicalize(search.here.join(path))
            .map_err(|_| TestError::Missing { shown: path.display().to_string() })?;
        if full.is_dir() { search.folder(&full)? } else { search.file(&full)? }
    }
    search.finish()
}

/// The sources of the package in `root` and of those that it uses.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn sources(root: &Path, here: &Path) -> Result<Group, TestError> {
    let here = fs::canonicalize(here).map_err(TestError::unreadable(here))?;
    let root = fs::canonicalize(root).map_err(TestError::unreadable(root))?;
    let mut search = Search { here, groups: BTreeMap::from([(Some(root.clone()), BTreeMap::new())]) };
    search.sources(&root, Role::Support)?;
    search.finish()?.pop().ok_or_else(|| TestError::Missing { shown: root.display().to_string() })
}

struct Search {
    here: PathBuf,
    /// By the package's root: files with their roles.
    groups: BTreeMap<Option<PathBuf>, BTreeMap<PathBuf, Role>>,
}

impl Search {
    fn add(&mut self, owner: Option<&Path>, path: PathBuf, role: Role) {
        let files = self.groups.entry(owner.map(Path::to_path_buf)).or_default();
        let known = files.entry(path).or_insert(role);
        *known = role.max(*known);
    }

    fn folder(&mut self, folder: &Path) -> Result<(), TestError> {
        for (path, in_fixtures) in walk(folder)? {
            let owner = Layout::package_around(&path);
            let role = if in_fixtures { Role::Support } else { Role::Tests };
            self.add(owner, path.clone(), role);
        }
        // Its own fixtures are among its files.
        self.above(Layout::package_around(folder), folder)?;
        if let Some(root) = Layout::package_around(folder) {
            self.surroundings(root)?;
            let whole = folder == root || folder == root.join("test");
            self.sources(root, if whole { Role::Examples } else { Role::Support })?;
        }
        // Packages below the folder bring their sources too.
        let below: Vec<PathBuf> = self.groups.keys().flatten().cloned().collect();
        for root in below.iter().filter(|root| root.starts_with(folder) && *root != folder) {
            self.surroundings(root)?;
            self.sources(root, Role::Examples)?;
        }
        Ok(())
    }

    fn file(&mut self, file: &Path) -> Result<(), TestError> {
        let owner = Layout::package_around(file);
        self.add(owner, file.to_path_buf(), Role::Tests);
        if let Some(parent) = file.parent() {
            self.fixtures(owner, &parent.join(FIXTURES), Role::Support)?;
            self.beside(owner, parent)?;
            self.above(owner, parent)?;
        }
        if let Some(root) = owner {
            self.surroundings(root)?;
            self.sources(root, Role::Support)?;
        }
        Ok(())
    }

    /// What tests may use from the folders above theirs, as far as the working folder.
    fn above(&mut self, owner: Option<&Path>, folder: &Path) -> Result<(), TestError> {
        let here = self.here.clone();
        let above = folder.ancestors().skip(1).take_while(|each| each.starts_with(&here));
        above.into_iter().try_for_each(|each| self.beside(owner, each))
    }

    fn beside(&mut self, owner: Option<&Path>, folder: &Path) -> Result<(), TestError> {
        for path in entries(folder)?.into_iter().filter(|path| is_source(path)) {
            self.add(owner, path, Role::Nearby);
        }
        self.fixtures(owner, &folder.join(FIXTURES), Role::Nearby)
    }

    /// What all tests of a package may use, besides its sources.
    fn surroundings(&mut self, root: &Path) -> Result<(), TestError> {
        let tests = root.join("test");
        if tests.is_dir() {
            for (path, in_fixtures) in walk(&tests)? {
                self.add(Some(root), path, if in_fixtures { Role::Support } else { Role::Nearby });
            }
        }
        Ok(())
    }

    fn sources(&mut self, root: &Path, role: Role) -> Result<(), TestError> {
        if root.join("src").is_dir() {
            sources_of(root)?.into_iter().for_each(|path| self.add(Some(root), path, role));
        }
        Ok(())
    }

    fn fixtures(&mut self, owner: Option<&Path>, folder: &Path, role: Role) -> Result<(), TestError> {
        if folder.is_dir() {
            for (path, _) in walk(folder)? {
                self.add(owner, path, role);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Group>, TestError> {
        let here = self.here;
        let shown = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
        self.groups
            .into_iter()
            .map(|(root, files)| {
                let package = root.map(|root| package(&root)).transpose()?;
                let own = files.into_iter().map(|(path, role)| Found {
                    shown: shown(&path),
                    path,
                    role,
                    package: None,
                });
                let mut files: Vec<Found> = own.collect();
                for used in package.iter().flat_map(|package| &package.uses) {
                    files.extend(sources_of(&used.root)?.into_iter().map(|path| Found {
                        shown: shown(&path),
                        path,
                        role: Role::Support,
                        package: Some(used.name.clone()),
                    }));
                }
                Ok(Group { package, files })
            })
            .collect()
    }
}

fn package(root: &Path) -> Result<Package, TestError> {
    let path = root.join(MANIFEST);
    let bytes = fs::read(&path).map_err(TestError::unreadable(&path))?;
    let manifest = Manifest::parse(&String::from_utf8_lossy(&bytes), &path)?;
    let uses = Used::used_by(root, &manifest)?;
    Ok(Package { root: root.to_path_buf(), name: manifest.name, policy: manifest.policy, uses })
}

/// The sources of a package.
fn sources_of(root: &Path) -> Result<Vec<PathBuf>, TestError> {
    let shown = root.display().to_string();
    let sources = Layout::find(root, &shown)?.sources_if_any(&shown)?;
    Ok(sources.into_iter().map(|source| source.path).collect())
}

/// The sources below a folder, and whether a `fixtures` folder within it holds them. Symbolic links are not followed.
fn walk(folder: &Path) -> Result<Vec<(PathBuf, bool)>, TestError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), false)];
    while let Some((folder, in_fixtures)) = folders.pop() {
        for path in entries(&folder)? {
            let Ok(kind) = fs::symlink_metadata(&path) else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                folders.push((path, in_fixtures || name == FIXTURES));
            } else if kind.is_file() && is_source(&path) {
                found.push((path, in_fixtures));
            }
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, TestError> {
    let read = fs::read_dir(folder).map_err(TestError::unreadable(folder))?;
    read.map(|entry| entry.map(|entry| entry.path()).map_err(TestError::unreadable(folder))).collect()
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "bt") && path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let manifest = "[package]\nname = \"pack\"\nversion = \"0.1.0\"\n";
            fs::write(path, if file.ends_with(MANIFEST) { manifest } else { "" }).unwrap();
        }
        dir
    }

    fn roles(dir: &tempfile::TempDir, path: &str) -> Vec<(String, Role)> {
        let groups = find(&[path.into()], dir.path()).unwrap();
        groups.into_iter().flat_map(|group| group.files).map(|file| (file.shown, file.role)).collect()
    }

    #[test]
    fn a_bare_folder_tests_all_but_its_fixtures() {
        let dir =
            tree(&["ATest.bt", "A.bt", "sub/B.bt", "fixtures/C.bt", "_build/D.bt", ".git/E.bt", "note.md"]);
        let expected = [
            ("A.bt", Role::Tests),
            ("ATest.bt", Role::Tests),
            ("fixtures/C.bt", Role::Support),
            ("sub/B.bt", Role::Tests),
        ];
        assert_eq!(roles(&dir, "."), expected.map(|(name, role)| (name.to_owned(), role)));
    }

    #[test]
    fn a_file_takes_what_is_beside_it() {
        let dir = tree(&["ATest.bt", "A.bt", "fixtures/deep/C.bt", "sub/B.bt"]);
        let expected =
            [("A.bt", Role::Nearby), ("ATest.bt", Role::Tests), ("fixtures/deep/C.bt", Role::Support)];
        assert_eq!(roles(&dir, "ATest.bt"), expected.map(|(name, role)| (name.to_owned(), role)));
    }

    #[test]
    fn a_folder_finds_the_fixtures_of_those_above_it() {
        let dir = tree(&["a/ATest.bt", "a/fixtures/A.bt", "fixtures/B.bt", "b/fixtures/C.bt"]);
        let expected = [
            ("a/ATest.bt", Role::Tests),
            ("a/fixtures/A.bt", Role::Support),
            ("fixtures/B.bt", Role::Nearby),
        ];
        assert_eq!(roles(&dir, "a"), expected.map(|(name, role)| (name.to_owned(), role)));
    }

    #[test]
    fn a_link_to_nothing_is_no_source() {
        let dir = tree(&["ATest.bt"]);
        std::os::unix::fs::symlink("nothing.bt", dir.path().join("Link.bt")).unwrap();
        assert_eq!(roles(&dir, "ATest.bt"), [("ATest.bt".to_owned(), Role::Tests)]);
    }

    #[test]
    fn the_tests_of_a_package_use_its_sources() {
        let dir = tree(&["p/beamtalk.toml", "p/src/A.bt", "p/test/ATest.bt", "p/test/unit/BTest.bt"]);
        let expected = [
            ("p/src/A.bt", Role::Support),
            ("p/test/ATest.bt", Role::Nearby),
            ("p/test/unit/BTest.bt", Role::Tests),
        ];
        assert_eq!(roles(&dir, "p/test/unit"), expected.map(|(name, role)| (name.to_owned(), role)));
        assert!(roles(&dir, "p/test").contains(&("p/src/A.bt".to_owned(), Role::Examples)));
        assert!(roles(&dir, ".").contains(&("p/src/A.bt".to_owned(), Role::Tests)));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let dir = tree(&[]);
        let error = find(&["nowhere".into()], dir.path()).unwrap_err();
        assert_eq!(error.to_string(), "Test path 'nowhere' not found");
    }
}
