//! The Erlang modules of packages: `native/*.erl`, compiled by OTP's compiler where they changed (spec 07 section 9.1).
//!
//! What a module is made from is its text, the headers of its package and the names of classes that it asks for; a record
//! beside the modules has the digests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::ProjectError;
use crate::state;
use crate::trace::{FINGERPRINT, text};

/// The header that names the modules of classes.
pub const CLASS_HEADER: &str = "beamtalk_classes.hrl";
const RECORD: &str = ".beamtalk-native.json";

/// A package's Erlang sources, and where its modules go.
#[derive(Debug, Clone)]
pub(crate) struct NativeFolder {
    /// The package's root.
    pub root: PathBuf,
    /// Where the modules go.
    pub ebin: PathBuf,
}

/// What compiling came to.
#[derive(Debug, Default)]
pub(crate) struct NativeBuild {
    /// How many modules were made.
    pub compiled: usize,
    /// What the compiler said of them.
    pub said: Vec<String>,
}

/// Digests of sources by the names of their files.
type Record = BTreeMap<String, String>;

impl NativeFolder {
    fn sources(&self) -> Vec<PathBuf> {
        erlang_files(&self.root.join("native"), "erl")
    }

    fn includes(&self) -> PathBuf {
        self.root.join("native/include")
    }

    /// The digest of each source.
    fn record(&self, classes: &str) -> Result<Record, ProjectError> {
        let read = |path: &Path| fs::read_to_string(path).map_err(ProjectError::io("read", path));
        let mut headers = Sha256::new();
        let mut names_classes = false;
        for header in erlang_files(&self.includes(), "hrl") {
            let contents = read(&header)?;
            names_classes |= contents.contains(CLASS_HEADER);
            text(&mut headers, &header.display().to_string());
            text(&mut headers, &contents);
        }
        let headers = headers.finalize();
        let digest = |path: PathBuf| {
            let contents = read(&path)?;
            let mut hash = Sha256::new();
            text(&mut hash, FINGERPRINT);
            hash.update(headers);
            if names_classes || contents.contains(CLASS_HEADER) {
                text(&mut hash, classes);
            }
            text(&mut hash, &contents);
            let digest = hash.finalize().iter().fold(String::new(), |mut out, byte| {
                // Writing to a String cannot fail.
                let _ = write!(out, "{byte:02x}");
                out
            });
            Ok((file_name(&path), digest))
        };
        self.sources().into_iter().map(digest).collect()
    }
}

/// The text of the header for classes with these names and modules.
pub fn class_header<'c>(classes: impl Iterator<Item = (&'c str, &'c str)>) -> String {
    let mut lines: Vec<String> =
        classes.map(|(name, module)| format!("-define(BT_CLASS_MODULE_{name}, '{module}').\n")).collect();
    lines.sort();
    format!("%% The modules of classes. Generated: do not edit.\n{}", lines.concat())
}

/// Compile the sources that changed. `include` is where the class header goes.
pub(crate) fn build(
    folders: &[NativeFolder],
    include: &Path,
    header: &str,
    force: bool,
) -> Result<NativeBuild, ProjectError> {
    let mut done = NativeBuild::default();
    let with_sources: Vec<&NativeFolder> =
        folders.iter().filter(|folder| !folder.sources().is_empty() || folder.ebin.is_dir()).collect();
    if with_sources.is_empty() {
        return Ok(done);
    }
    fs::create_dir_all(include).map_err(ProjectError::io("create", include))?;
    let path = include.join(CLASS_HEADER);
    if fs::read_to_string(&path).ok().as_deref() != Some(header) {
        state::replace(&path, header.as_bytes())?;
    }
    for folder in with_sources {
        fs::create_dir_all(&folder.ebin).map_err(ProjectError::io("create", &folder.ebin))?;
        let record_file = folder.ebin.join(RECORD);
        let known: Record = fs::read(&record_file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let record = folder.record(header)?;
        let module = |name: &str| folder.ebin.join(Path::new(name).with_extension("beam"));
        let stale: Vec<PathBuf> = folder
            .sources()
            .into_iter()
            .filter(|path| {
                let name = file_name(path);
                force || known.get(&name) != record.get(&name) || !module(&name).is_file()
            })
            .collect();
        for gone in known.keys().filter(|name| !record.contains_key(*name)) {
            // What cannot be removed now is no module of ours any more.
            let _ = fs::remove_file(module(gone));
        }
        if !stale.is_empty() {
            // Should the compiler stop half-way, nothing vouches for what is there.
            let _ = fs::remove_file(&record_file);
            let includes: Vec<PathBuf> = folders.iter().map(NativeFolder::includes).collect();
            let said = compile_native(&stale, &includes, include, &folder.ebin)?;
            done.said.extend(Some(said).filter(|said| !said.is_empty()));
            done.compiled += stale.len();
        }
        if known != record || !stale.is_empty() {
            let bytes = serde_json::to_vec(&record)
                .map_err(|error| ProjectError::io("write", &record_file)(error.into()))?;
            state::replace(&record_file, &bytes)?;
        }
    }
    Ok(done)
}

/// Run OTP's compiler: sources to modules in `ebin`, with headers from `includes` and the class header's folder. Answers its
/// warnings.
///
/// # Errors
/// It cannot be run, or refuses a source; then nothing is said of the others.
pub fn compile_native(
    sources: &[PathBuf],
    includes: &[PathBuf],
    own: &Path,
    ebin: &Path,
) -> Result<String, ProjectError> {
    let erlc = Path::new("erlc");
    let output = Command::new(erlc)
        .arg("+debug_info")
        .args(includes.iter().map(PathBuf::as_path).chain([own]).flat_map(|folder| [Path::new("-I"), folder]))
        .args([Path::new("-pa"), ebin, Path::new("-o"), ebin])
        .args(sources)
        .output()
        .map_err(ProjectError::io("run", erlc))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if output.status.success() { Ok(said) } else { Err(ProjectError::Native { said }) }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of a folder with that extension, sorted.
fn erlang_files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|each| each == extension) && path.is_file())
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::class_header;

    #[test]
    fn the_header_names_each_class_and_does_not_depend_on_their_order() {
        let header = class_header([("B", "bt@p@B"), ("A", "bt@q@A")].into_iter());
        let expected = "-define(BT_CLASS_MODULE_A, 'bt@q@A').\n-define(BT_CLASS_MODULE_B, 'bt@p@B').\n";
        assert!(header.ends_with(expected), "{header}");
        assert_eq!(header, class_header([("A", "bt@q@A"), ("B", "bt@p@B")].into_iter()));
    }
}
