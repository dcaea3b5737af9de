//! Reading the source files that a client names.

use crate::compiler::SourceFile;
use beamtalk_project::SKIPPED;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// A source file over this many bytes is refused.
const LONGEST_FILE: u64 = 16 << 20;
/// A folder with more source files is refused.
const MOST_FILES: usize = 10_000;

/// Reads a file, or all `.bt` files below a folder, in the order of their paths; and whether it was a folder. A relative path starts at `base`.
pub(crate) fn read(base: &Path, path: &str) -> Result<(Vec<SourceFile>, bool), String> {
    let full = base.join(path);
    let found = fs::metadata(&full).map_err(|error| describe(path, &error))?;
    if !found.is_dir() {
        return Ok((vec![read_one(&full, path)?], false));
    }
    let read = collect(&full, "bt", path)?;
    let read = read.iter().map(|file| read_one(file, &file.to_string_lossy()));
    Ok((read.collect::<Result<_, _>>()?, true))
}

/// The files below a folder with this ending of their names, in the order of their paths.
pub(crate) fn below(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    collect(folder, ending, &folder.to_string_lossy())
}

fn collect(folder: &Path, ending: &str, shown: &str) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    walk(folder, ending, &mut paths).map_err(|error| describe(shown, &error))?;
    if paths.len() > MOST_FILES {
        return Err(format!("Too many files in {shown}: more than {MOST_FILES}"));
    }
    paths.sort();
    Ok(paths)
}

/// Links to folders are not followed, so a loop of links does no harm.
fn walk(folder: &Path, ending: &str, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == ending) && path.is_file() {
                paths.push(path);
            }
            if paths.len() > MOST_FILES {
                return Ok(());
            }
        }
    }
    Ok(())
}

pub(crate) fn read_one(file: &Path, shown: &str) -> Result<SourceFile, String> {
    let describe = |error: &std::io::Error| describe(shown, error);
    // Opening a pipe or a device would wait, or never end.
    if !fs::metadata(file).map_err(|error| describe(&error))?.is_file() {
        return Err(format!("Not a file: {shown}"));
    }
    let opened = fs::File::open(file).map_err(|error| describe(&error))?;
    let mut bytes = Vec::new();
    opened.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| describe(&error))?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(format!("File too long: {shown}"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("File is not UTF-8: {shown}"))?;
    let path = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    Ok(SourceFile { path, text })
}

fn describe(path: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!("File not found: {path}"),
        _ => format!("Cannot read {path}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_the_order_of_its_paths() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        for name in ["b.bt", "a.bt", "sub/c.bt", "note.txt"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let (files, is_folder) = read(dir.path(), ".").unwrap();
        let texts: Vec<_> = files.iter().map(|file| file.text.as_str()).collect();
        assert!(is_folder);
        assert_eq!(texts, ["a.bt", "b.bt", "sub/c.bt"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path(), "no.bt").unwrap_err(), "File not found: no.bt");
        fs::write(dir.path().join("bad.bt"), [0xff]).unwrap();
        assert_eq!(read(dir.path(), "bad.bt").unwrap_err(), "File is not UTF-8: bad.bt");
        assert_eq!(read(dir.path(), "/dev/zero").unwrap_err(), "Not a file: /dev/zero");
    }
}
