//! The packages that a package uses, and those that they use (spec 07 section 6.2).
//!
//! Only packages in folders: what has to be fetched is refused.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::ProjectError;
use crate::dependency::{Dependency, Origin};
use crate::layout::Layout;
use crate::manifest::{MANIFEST, Manifest};

/// A package that another one uses, directly or not.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder, absolute and without symbolic links.
    pub root: PathBuf,
    /// Its folder as seen from that of the package which all is about.
    pub shown: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's bytes.
    pub text: Vec<u8>,
}

impl Package {
    /// The package that `folder` is in, and behind it all that it uses; none where there is no manifest.
    ///
    /// # Errors
    /// A manifest cannot be read, or as [`Self::used_by`].
    pub fn around(folder: &Path) -> Result<Vec<Self>, ProjectError> {
        let folder = fs::canonicalize(folder).map_err(ProjectError::io("find", folder))?;
        let Some(root) = Layout::package_around(&folder) else { return Ok(Vec::new()) };
        let file = root.join(MANIFEST);
        let text = fs::read(&file).map_err(ProjectError::io("read", &file))?;
        let manifest = Manifest::parse(&String::from_utf8_lossy(&text), &file)?;
        let used = Self::used_by(root, &manifest)?;
        let (name, root) = (manifest.name.clone(), root.to_path_buf());
        Ok(std::iter::once(Self { name, root, shown: String::new(), manifest, text }).chain(used).collect())
    }

    /// All packages that the package in `root` uses, each behind those that it uses itself.
    ///
    /// # Errors
    /// One is not there, is another than it is said to be, is there twice, or needs itself.
    pub fn used_by(root: &Path, manifest: &Manifest) -> Result<Vec<Self>, ProjectError> {
        let mut search =
            Search { found: Vec::new(), known: BTreeMap::new(), chain: vec![manifest.name.clone()] };
        search.all(root, Path::new(""), manifest)?;
        check_natives(root, &manifest.name, &search.found)?;
        Ok(search.found)
    }
}

struct Search {
    found: Vec<Package>,
    /// By name: folder, version, and who asked.
    known: BTreeMap<String, (PathBuf, String, String)>,
    /// The packages on the way to the one looked at.
    chain: Vec<String>,
}

impl Search {
    fn all(&mut self, root: &Path, shown: &Path, manifest: &Manifest) -> Result<(), ProjectError> {
        manifest.dependencies.iter().try_for_each(|each| self.one(root, shown, &manifest.name, each))
    }

    fn one(&mut self, from: &Path, shown: &Path, by: &str, wanted: &Dependency) -> Result<(), ProjectError> {
        let name = &wanted.name;
        if self.chain.contains(name) {
            let links: Vec<&str> =
                self.chain.iter().skip_while(|each| *each != name).map(String::as_str).collect();
            let said = format!("Circular dependency detected: {} -> {name}", links.join(" -> "));
            return Err(refused(said, "Move what they share into a package of its own."));
        }
        let Origin::Path(path) = &wanted.origin else {
            let said =
                format!("Dependency '{name}' of '{by}' would have to be fetched, which is not possible yet");
            return Err(refused(
                said,
                format!("Fetch it and name its folder: {name} = {{ path = \"../{name}\" }}"),
            ));
        };
        let root = match fs::canonicalize(from.join(path)) {
            Ok(root) if root.is_dir() => root,
            Ok(_) | Err(_) => {
                let said = format!(
                    "Path dependency '{name}' directory does not exist: {} (resolved from '{path}' relative to '{}'), required by '{by}'",
                    plain(&from.join(path)).display(),
                    from.display()
                );
                return Err(refused(said, "Mend the path in [dependencies]."));
            }
        };
        let file = root.join(MANIFEST);
        let text = fs::read(&file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let said = format!(
                    "Dependency '{name}' has no {MANIFEST} in {}, required by '{by}'",
                    root.display()
                );
                refused(said, "The folder of a package holds its manifest.")
            }
            _ => ProjectError::io("read", &file)(error),
        })?;
        let manifest = Manifest::parse(&String::from_utf8_lossy(&text), &file)?;
        if manifest.name != *name {
            let said = format!(
                "Dependency '{name}' of '{by}' has a mismatched package name\n  Expected: {name}\n  Found: {}",
                manifest.name
            );
            return Err(refused(said, "The key in [dependencies] is the name in the package's manifest."));
        }
        if let Some((other, version, first)) = self.known.get(name) {
            if *other == root {
                return Ok(());
            }
            let said = format!(
                "Version conflict for dependency '{name}':\n  {version} (path: {}), required by '{first}'\n  {} (path: {}), required by '{by}'",
                other.display(),
                manifest.version,
                root.display()
            );
            return Err(refused(said, "Have both use the same one."));
        }
        self.known.insert(name.clone(), (root.clone(), manifest.version.clone(), by.to_owned()));
        let shown = plain(&shown.join(path));
        self.chain.push(name.clone());
        self.all(&root, &shown, &manifest)?;
        self.chain.pop();
        let shown = shown.display().to_string();
        self.found.push(Package { name: name.clone(), root, shown, manifest, text });
        Ok(())
    }
}

/// The Erlang modules of the package in a folder.
pub fn native_modules(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("native")).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".erl")?.to_owned())).collect()
}

/// Erlang knows one module of a name.
fn check_natives(root: &Path, name: &str, packages: &[Package]) -> Result<(), ProjectError> {
    let mut definers: BTreeMap<String, &str> = BTreeMap::new();
    let all = packages.iter().map(|each| (each.root.as_path(), each.name.as_str()));
    for (root, package) in all.chain([(root, name)]) {
        for module in native_modules(root) {
            if let Some(other) = definers.insert(module.clone(), package) {
                let said = format!(
                    "Native Erlang module name collision detected.\n  Module '{module}' is defined by: {other}, {package}"
                );
                return Err(refused(said, "Begin the names of native modules with that of their package."));
            }
        }
    }
    Ok(())
}

fn refused(message: String, help: impl Into<String>) -> ProjectError {
    ProjectError::Dependency { message, help: help.into() }
}

/// The path without `.` and, where that is possible by its text alone, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packages: folder, name, and lines of `[dependencies]`.
    fn resolve(packages: &[(&str, &str, &str)]) -> Result<Vec<(String, String)>, String> {
        let dir = tempfile::tempdir().unwrap();
        for (folder, name, dependencies) in packages {
            let text = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n[dependencies]\n{dependencies}\n"
            );
            fs::create_dir_all(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join(MANIFEST), text).unwrap();
        }
        let root = fs::canonicalize(dir.path().join(packages[0].0)).unwrap();
        let text = fs::read_to_string(root.join(MANIFEST)).unwrap();
        let manifest = Manifest::parse(&text, Path::new(MANIFEST)).unwrap();
        let found = Package::used_by(&root, &manifest).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|each| (each.name, each.shown)).collect())
    }

    #[test]
    fn packages_come_behind_those_that_they_use() {
        let found = resolve(&[
            ("app", "app", "a = { path = \"../a\" }\nb = { path = \"../libs/b\" }"),
            ("a", "a", "b = { path = \"../libs/b\" }"),
            ("libs/b", "b", ""),
        ]);
        let expected = [("b", "../libs/b"), ("a", "../a")];
        assert_eq!(found.unwrap(), expected.map(|(name, shown)| (name.to_owned(), shown.to_owned())));
    }

    #[test]
    fn what_cannot_be_resolved_is_told_by_name() {
        let app = |dependencies| ("app", "app", dependencies);
        for (packages, said) in [
            (vec![app("a = { path = \"../a\" }")], "Path dependency 'a' directory does not exist: "),
            (vec![app("a = { path = \"../b\" }"), ("b", "b", "")], "Expected: a\n  Found: b"),
            (vec![app("app = { path = \".\" }")], "Circular dependency detected: app -> app"),
            (
                vec![
                    app("a = { path = \"../a\" }"),
                    ("a", "a", "b = { path = \"../b\" }"),
                    ("b", "b", "a = { path = \"../a\" }"),
                ],
                "Circular dependency detected: a -> b -> a",
            ),
            (
                vec![
                    app("a = { path = \"../a\" }\nb = { path = \"../b\" }"),
                    ("a", "a", "b = { path = \"../c\" }"),
                    ("b", "b", ""),
                    ("c", "b", ""),
                ],
                "Version conflict for dependency 'b':",
            ),
            (vec![app("a = \"1.0.0\"")], "would have to be fetched"),
        ] {
            let error = resolve(&packages).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
