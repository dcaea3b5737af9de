//! The manifest, `beamtalk.toml` (spec 07 section 4).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use beamtalk_text::{Category, Severity};
use toml_edit::{Document, DocumentMut, Item, TableLike};

use crate::ProjectError;
use crate::dependency::{self, Dependency};
use crate::package_name::check_package_name;
use crate::policy::{CATEGORIES, Level, Policy};

/// The manifest's file name.
pub const MANIFEST: &str = "beamtalk.toml";

/// A package's manifest. Keys that we do not know are ignored, as the specification says.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The package's name, also its OTP application's.
    pub name: String,
    /// Its version, free text.
    pub version: String,
    /// What it is, for the `.app` file.
    pub description: Option<String>,
    /// Whether using a class of a dependency's dependency is an error.
    pub strict_deps: bool,
    /// The class that supervises the application.
    pub supervisor: Option<String>,
    /// The packages that it uses, in the order given.
    pub dependencies: Vec<Dependency>,
    /// What `[diagnostics]` says.
    pub policy: Policy,
}

impl Manifest {
    /// Read a manifest's text. `path` is for messages.
    ///
    /// # Errors
    /// No TOML, a missing or ill-typed field, a bad name, or a bad `[diagnostics]` section.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProjectError> {
        let bad = |reason: String| ProjectError::Manifest { path: PathBuf::from(path), reason };
        let document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| bad(error.to_string()))?;
        let package = table(document.as_table(), "package").map_err(bad)?;
        let package = package.ok_or_else(|| bad("missing section `[package]`".into()))?;
        let required = |key: &str| {
            string(package, key)
                .and_then(|value| value.ok_or_else(|| format!("missing field `{key}`")))
                .map_err(bad)
        };
        let name = required("name")?;
        check_package_name(&name).map_err(bad)?;
        let supervisor = match table(document.as_table(), "application").map_err(bad)? {
            Some(section) => {
                let named = string(section, "supervisor").map_err(bad)?;
                Some(named.ok_or_else(|| bad("missing field `supervisor`".into()))?)
            }
            None => None,
        };
        let strict_deps = package.get("strict-deps").map_or(Ok(false), |value| {
            value.as_bool().ok_or_else(|| bad("`strict-deps` must be true or false".into()))
        })?;
        let dependencies = table(document.as_table(), "dependencies").map_err(bad)?;
        Ok(Self {
            name,
            version: required("version")?,
            description: string(package, "description").map_err(bad)?,
            strict_deps,
            supervisor,
            dependencies: dependencies.map_or(Ok(Vec::new()), dependency::all).map_err(bad)?,
            policy: policy(document.as_table()).map_err(bad)?,
        })
    }
}

/// The text of a manifest with another version, and nothing else changed.
///
/// # Errors
/// It is no manifest.
pub fn with_version(text: &str, path: &Path, version: &str) -> Result<String, ProjectError> {
    let bad = |reason: String| ProjectError::Manifest { path: PathBuf::from(path), reason };
    let document = Document::parse(text).map_err(|error| bad(error.to_string()))?;
    let value = document.get("package").and_then(|item| item.get("version")?.as_value());
    let Some(span) = value.and_then(toml_edit::Value::span) else {
        return Err(bad("missing field `version`".into()));
    };
    Ok(format!("{}\"{version}\"{}", &text[..span.start], &text[span.end..]))
}

impl Policy {
    /// What the manifest of a folder says; nothing where there is none.
    ///
    /// # Errors
    /// As [`Manifest::parse`], or it cannot be read.
    pub fn of_folder(root: &Path) -> Result<Self, ProjectError> {
        let path = root.join(MANIFEST);
        match fs::read(&path) {
            Ok(bytes) => Ok(Manifest::parse(&String::from_utf8_lossy(&bytes), &path)?.policy),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ProjectError::io("read", &path)(error)),
        }
    }
}

fn table<'t>(within: &'t dyn TableLike, key: &str) -> Result<Option<&'t dyn TableLike>, String> {
    within.get(key).map_or(Ok(None), |item| {
        item.as_table_like().map(Some).ok_or_else(|| format!("[{key}] must be a table"))
    })
}

fn string(within: &dyn TableLike, key: &str) -> Result<Option<String>, String> {
    within.get(key).map_or(Ok(None), |item| {
        item.as_str()
            .map(|text| Some(text.to_owned()))
            .ok_or_else(|| format!("`{key}` must be a string, not {}", kind(item)))
    })
}

fn policy(document: &dyn TableLike) -> Result<Policy, String> {
    let mut policy = Policy::default();
    let Some(section) = table(document, "diagnostics")? else {
        return Ok(policy);
    };
    for (key, item) in section.iter() {
        let category = category(key)?;
        let Some(word) = item.as_str() else {
            return Err(format!("[diagnostics] '{key}' must be a severity string, not {}", kind(item)));
        };
        let level = match word {
            "off" => Level::Off,
            "lint" => Level::At(Severity::Lint),
            "hint" => Level::At(Severity::Hint),
            "warn" => Level::At(Severity::Warning),
            "error" => Level::At(Severity::Error),
            _ => {
                return Err(format!(
                    "[diagnostics] '{key}': invalid diagnostic severity '{word}' — expected one of \"off\", \"lint\", \"hint\", \"warn\", \"error\""
                ));
            }
        };
        policy.set(category, level);
    }
    Ok(policy)
}

fn category(key: &str) -> Result<Category, String> {
    let found = CATEGORIES.iter().find(|(name, _)| *name == key);
    found.map(|(_, category)| *category).ok_or_else(|| {
        let names: Vec<&str> = CATEGORIES.iter().map(|(name, _)| *name).collect();
        format!("[diagnostics] has unknown category '{key}' — expected one of: {}", names.join(", "))
    })
}

pub(crate) fn kind(item: &Item) -> &'static str {
    match item.type_name() {
        "integer" => "an integer",
        "float" => "a float",
        "boolean" => "a boolean",
        "array" => "an array",
        "string" => "a string",
        "datetime" => "a datetime",
        _ => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text, Path::new("beamtalk.toml")).map_err(|error| match error {
            ProjectError::Manifest { reason, .. } => reason,
            other => other.to_string(),
        })
    }

    #[test]
    fn a_full_manifest_is_read_and_unknown_keys_are_ignored() {
        let text = "[package]\nname = \"geo\"\nversion = \"0.1.0\"\nwhatever = 3\nstrict-deps = true\n[application]\nsupervisor = \"GeoSup\"\n[dependencies]\nx = { path = \"../x\" }\n[strange]\n[diagnostics]\ndnu = \"error\"\nunused = \"off\"\n";
        let manifest = parse(text).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("geo", "0.1.0"));
        assert_eq!(manifest.supervisor.as_deref(), Some("GeoSup"));
        assert_eq!(manifest.dependencies[0].name, "x");
        assert!(manifest.strict_deps);
        assert_eq!(manifest.policy.level(Category::Unused), Some(Level::Off));
    }

    #[test]
    fn another_version_changes_one_line_only() {
        let text = "# About\n[package]\nname = \"geo\"   # short\nversion  =  \"0.1.0\" # so far\n\n[dependencies]\n";
        let changed = with_version(text, Path::new(MANIFEST), "0.2.0").unwrap();
        assert_eq!(changed, text.replace("0.1.0", "0.2.0"));
    }

    #[test]
    fn mistakes_are_told_by_name() {
        let package = "[package]\nname = \"geo\"\nversion = \"1\"\n";
        for (text, said) in [
            ("[package]\nname = \"geo\"\n", "missing field `version`"),
            ("[package]\nversion = \"1\"\n", "missing field `name`"),
            ("", "missing section `[package]`"),
            ("[package]\nname = 3\n", "`name` must be a string, not an integer"),
            ("[package]\nname = \"Geo\"\nversion = \"1\"", "try 'geo'"),
            ("x = [", "TOML parse error"),
            (
                &format!("{package}[diagnostics]\nfoo = \"off\""),
                "unknown category 'foo' — expected one of: dnu, type,",
            ),
            (&format!("{package}[diagnostics]\ndnu = \"loud\""), "'dnu': invalid diagnostic severity 'loud'"),
            (&format!("{package}[diagnostics]\ndnu = 1"), "must be a severity string, not an integer"),
            (
                "diagnostics = 1\n[package]\nname = \"geo\"\nversion = \"1\"\n",
                "[diagnostics] must be a table",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }
}
