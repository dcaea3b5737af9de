//! Embeds the standard library's sources: a table of file names and texts, sorted by name. And the compiler's fingerprint:
//! the digest of its sources, by which outputs of another compiler are known.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

fn main() {
    // Asked when it runs: a target folder that two checkouts share may run the script that the other one built.
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let folder = package.join("../../stdlib/src");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "bt"));
    files.sort();
    if files.is_empty() {
        println!("cargo::error=there is no library in {}", folder.display());
    }
    let mut table = String::from("pub static SOURCES: &[(&str, &str)] = &[\n");
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let _ = writeln!(table, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    table.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    if let Err(error) = std::fs::write(out.join("stdlib.rs"), table) {
        println!("cargo::error=the library's table cannot be written: {error}");
    }
    println!("cargo::rustc-env=BEAMTALK_FINGERPRINT={}", fingerprint(&package, &files));
}

/// Everything that decides which bytes a source becomes.
fn fingerprint(package: &Path, library: &[PathBuf]) -> String {
    let crates = package.join("..");
    let mut sources = library.to_vec();
    for name in ["text", "syntax", "semantics", "codegen", "beam", "project"] {
        let folder = crates.join(format!("beamtalk_{name}/src"));
        println!("cargo::rerun-if-changed={}", folder.display());
        rust_sources(&folder, &mut sources);
    }
    let mut hash = Sha256::new();
    for source in &sources {
        let bytes = std::fs::read(source).unwrap_or_default();
        hash.update(source.file_name().map(std::ffi::OsStr::as_encoded_bytes).unwrap_or_default());
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn rust_sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rust_sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
