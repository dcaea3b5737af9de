//! Where a project's files are: sources, outputs, and what a path on the command line means (spec 07 sections 5.2, 7.1, 7.2).

use std::fs;
use std::path::{Path, PathBuf};

use smol_str::SmolStr;

use crate::ProjectError;
use crate::manifest::MANIFEST;

/// Folders that hold no sources of a project.
pub const SKIPPED: [&str; 4] = [".git", "target", "node_modules", "_build"];

/// What is built, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The folder that holds the manifest or would; absolute, without symbolic links.
    pub root: PathBuf,
    /// The one file to build, by name; else the whole tree.
    pub file: Option<String>,
    /// Whether there is a manifest.
    pub is_package: bool,
    /// Whether the sources are all below the root, tests included, and not those of `src/` only.
    pub whole_tree: bool,
}

/// A source file: its path below the root with `/` between the parts, and where it is.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Shown, embedded in modules, and the key of everything.
    pub name: SmolStr,
    /// To be read.
    pub path: PathBuf,
}

impl Layout {
    /// What `path` means. `shown` is how the user wrote it.
    ///
    /// # Errors
    /// There is nothing at the path.
    pub fn find(path: &Path, shown: &str) -> Result<Self, ProjectError> {
        let missing = |_| ProjectError::Missing { shown: shown.to_owned() };
        let path = fs::canonicalize(path).map_err(missing)?;
        let (root, file) = if path.is_dir() {
            (path, None)
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let parent = path.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
            (parent, name)
        };
        let is_package = root.join(MANIFEST).is_file();
        Ok(Self { root, file, is_package, whole_tree: false })
    }

    /// The same place with all sources below it.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { whole_tree: true, ..self }
    }

    /// The root of the package around `path`, a file or folder without symbolic links.
    #[must_use]
    pub fn package_around(path: &Path) -> Option<&Path> {
        path.ancestors().find(|folder| folder.join(MANIFEST).is_file())
    }

    /// Where modules go.
    #[must_use]
    pub fn ebin(&self) -> PathBuf {
        if self.is_package { self.state_folder().join("ebin") } else { self.state_folder() }
    }

    /// Where the modules of a package go that this one uses.
    #[must_use]
    pub fn ebin_of_package(&self, name: &str) -> PathBuf {
        self.root.join("_build/deps").join(name).join("ebin")
    }

    /// Where the record of the last build goes.
    #[must_use]
    pub fn state_folder(&self) -> PathBuf {
        self.root.join(if self.is_package { "_build/dev" } else { "build" })
    }

    /// Whether modules without a source are litter of ours: not where single files share a folder.
    #[must_use]
    pub fn owns_outputs(&self) -> bool {
        self.is_package && self.file.is_none()
    }

    /// How the folder is shown: what the user wrote, or for a file the folder part of it.
    #[must_use]
    pub fn display(&self, shown: &str) -> String {
        let folder = match &self.file {
            Some(_) => Path::new(shown)
                .parent()
                .map(|parent| parent.to_string_lossy().into_owned())
                .unwrap_or_default(),
            None => shown.trim_end_matches('/').to_owned(),
        };
        match folder.as_str() {
            "" if shown.starts_with('/') => String::new(),
            "" => ".".to_owned(),
            _ => folder,
        }
    }

    /// The sources, sorted by name, where it is no mistake that there are none.
    ///
    /// # Errors
    /// A folder cannot be read, or a package has a name that is not allowed.
    pub fn sources_if_any(&self, shown: &str) -> Result<Vec<SourceFile>, ProjectError> {
        match self.sources(shown) {
            Err(ProjectError::NoSources { .. }) => Ok(Vec::new()),
            found => found,
        }
    }

    /// The sources, sorted by name.
    ///
    /// # Errors
    /// There are none, a folder cannot be read, or a package has a name that is not allowed.
    pub fn sources(&self, shown: &str) -> Result<Vec<SourceFile>, ProjectError> {
        if let Some(file) = &self.file {
            if !is_source(file) {
                return Err(ProjectError::NoSources { shown: shown.to_owned() });
            }
            return Ok(vec![SourceFile { name: file.into(), path: self.root.join(file) }]);
        }
        let mut found = Vec::new();
        let mut folders = vec![if !self.whole_tree && self.root.join("src").is_dir() {
            ("src/".to_owned(), self.root.join("src"))
        } else {
            (String::new(), self.root.clone())
        }];
        while let Some((prefix, folder)) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(ProjectError::io("read", &folder))?;
            for entry in entries {
                let entry = entry.map_err(ProjectError::io("read", &folder))?;
                // The kind of the entry itself: what a symbolic link points to is not ours.
                let kind = entry.file_type().map_err(ProjectError::io("look at", &entry.path()))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let shown = format!("{prefix}{name}");
                if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                    folders.push((format!("{shown}/"), entry.path()));
                } else if kind.is_file() && is_source(&name) {
                    found.push(SourceFile { name: shown.into(), path: entry.path() });
                }
            }
        }
        if found.is_empty() {
            return Err(ProjectError::NoSources { shown: shown.to_owned() });
        }
        if self.is_package && !self.whole_tree {
            found.iter().try_for_each(|file| check_names(&file.name))?;
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

fn is_source(name: &str) -> bool {
    name.strip_suffix(".bt").is_some_and(|stem| !stem.is_empty())
}

fn check_names(path: &str) -> Result<(), ProjectError> {
    let plain = path.strip_suffix(".bt").unwrap_or(path);
    let last = plain.split('/').count() - 1;
    let odd = plain
        .split('/')
        .enumerate()
        .find(|(_, part)| !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    odd.map_or(Ok(()), |(index, part)| {
        let what = if index == last { "file" } else { "directory" };
        Err(ProjectError::BadName { what, name: part.to_owned(), path: path.to_owned() })
    })
}
