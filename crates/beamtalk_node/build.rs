//! Embeds the runtime's Erlang sources, so that the binary needs no installed files.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let sources = manifest.join("../../runtime/src");
    println!("cargo::rerun-if-changed={}", sources.display());
    let mut files: Vec<PathBuf> =
        fs::read_dir(&sources)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|file| is_runtime_source(file));
    files.sort();

    let mut table =
        String::from("/// The runtime's files: name and text.\npub static FILES: &[(&str, &[u8])] = &[\n");
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let path = fs::canonicalize(file)?;
        let path = path.to_string_lossy();
        // Writing to a String cannot fail.
        let _ = writeln!(table, "    ({name:?}, include_bytes!({path:?})),");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("runtime_sources.rs"), table)
}

fn is_runtime_source(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    [".erl", ".hrl", ".app.src"].iter().any(|ending| name.ends_with(ending))
}
