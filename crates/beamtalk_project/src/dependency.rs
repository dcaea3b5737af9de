//! `[dependencies]` of a manifest: which packages a package uses, and where they are (spec 07 section 6.1).

use toml_edit::{Item, TableLike};

use crate::manifest::kind;
use crate::package_name::check_package_name;
use crate::version::Version;

/// A package that another one uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub origin: Origin,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder, seen from that of the package that uses it.
    Path(String),
    /// A commit of a git repository.
    Git {
        /// Its address.
        url: String,
        /// `tag:v1`, `branch:main` or `rev:0123abc`.
        reference: String,
    },
    /// A version of a registry.
    Registry(String),
}

const REFERENCES: [&str; 3] = ["tag", "branch", "rev"];

/// Reads the section.
///
/// # Errors
/// A sentence for people.
pub fn all(section: &dyn TableLike) -> Result<Vec<Dependency>, String> {
    section.iter().map(|(name, item)| one(name, item)).collect()
}

fn one(name: &str, item: &Item) -> Result<Dependency, String> {
    check_package_name(name).map_err(|said| format!("[dependencies] {said}"))?;
    let origin = match (item.as_str(), item.as_table_like()) {
        (Some(version), _) => check_version(name, version).map(|()| Origin::Registry(version.to_owned())),
        (None, Some(table)) => origin(name, table),
        (None, None) => Err(format!(
            "Dependency '{name}' must be a version or a table with 'path' or 'git', not {}",
            kind(item)
        )),
    }?;
    Ok(Dependency { name: name.to_owned(), origin })
}

fn origin(name: &str, table: &dyn TableLike) -> Result<Origin, String> {
    let text = |key: &str| {
        table.get(key).map_or(Ok(None), |item| match item.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(format!("Dependency '{name}': '{key}' must be a string, not {}", kind(item))),
        })
    };
    let is_known = |key: &str| key == "path" || key == "git" || REFERENCES.contains(&key);
    if let Some((key, _)) = table.iter().find(|(key, _)| !is_known(key)) {
        return Err(format!(
            "Dependency '{name}' has unknown key '{key}' — expected 'path', 'git', 'tag', 'branch' or 'rev'"
        ));
    }
    let references: Vec<&str> = REFERENCES.into_iter().filter(|key| table.contains_key(key)).collect();
    match (text("path")?, text("git")?) {
        (Some(_), Some(_)) => {
            Err(format!("Dependency '{name}' specifies both 'path' and 'git' — use one or the other"))
        }
        (None, None) => {
            Err(format!("Dependency '{name}' specifies neither 'path' nor 'git' — use one of them"))
        }
        (Some(path), None) => match references.first() {
            None => Ok(Origin::Path(path)),
            Some(key) => Err(format!(
                "Dependency '{name}' is a path dependency — '{key}' is for git dependencies only"
            )),
        },
        (None, Some(url)) => match references.as_slice() {
            [] => Err(format!(
                "Dependency '{name}' is a git dependency but has no ref — specify 'tag', 'branch', or 'rev'"
            )),
            [key] => {
                let reference = format!("{key}:{}", text(key)?.unwrap_or_default());
                Ok(Origin::Git { url, reference })
            }
            _ => Err(format!(
                "Dependency '{name}' has several refs — specify one of 'tag', 'branch', or 'rev'"
            )),
        },
    }
}

fn check_version(name: &str, version: &str) -> Result<(), String> {
    let Err(reason) = Version::parse(version) else { return Ok(()) };
    Err(format!(
        "Dependency '{name}' has invalid version '{version}': {reason}\n  {name} = \"1.0.0\"\n  {name} = {{ git = \"https://…\", tag = \"v1.0.0\" }}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml_edit::DocumentMut;

    fn read(text: &str) -> Result<Vec<Dependency>, String> {
        all(text.parse::<DocumentMut>().unwrap().as_table())
    }

    #[test]
    fn a_dependency_is_a_folder_a_commit_or_a_version() {
        let text = "a = { path = \"../a\" }\nb = { git = \"https://x/b\", tag = \"v1\" }\nc = \"1.4.0\"\n[d]\npath = \"d\"\n";
        let origins: Vec<Origin> = read(text).unwrap().into_iter().map(|each| each.origin).collect();
        let git = Origin::Git { url: "https://x/b".into(), reference: "tag:v1".into() };
        let expected =
            [Origin::Path("../a".into()), git, Origin::Registry("1.4.0".into()), Origin::Path("d".into())];
        assert_eq!(origins, expected);
    }

    #[test]
    fn what_is_wrong_with_a_dependency_is_said() {
        for (text, said) in [
            ("a = { path = \"x\", git = \"y\" }", "specifies both 'path' and 'git' — use one or the other"),
            ("a = {}", "neither 'path' nor 'git'"),
            ("a = { path = \"x\", tag = \"v1\" }", "'tag' is for git dependencies only"),
            ("a = { git = \"x\" }", "is a git dependency but has no ref — specify 'tag', 'branch', or 'rev'"),
            ("a = { git = \"x\", tag = \"v1\", rev = \"0\" }", "several refs"),
            ("a = { path = \"x\", version = \"1\" }", "unknown key 'version'"),
            ("a = { path = 3 }", "'path' must be a string, not an integer"),
            ("a = 3", "must be a version or a table"),
            ("a = \"1.4\"", "expected exactly three segments (major.minor.patch), found 2"),
            ("a = \"~> 1.4\"", "version ranges"),
            ("a = \"1.04.0\"", "leading zeros"),
            ("a = \"1.x.0\"", "'x' is not a number"),
            ("Bad = \"1.0.0\"", "try 'bad'"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
