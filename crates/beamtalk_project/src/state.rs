//! The record of the last build, beside its outputs: which sources it saw, and what each module was made from.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::ProjectError;
use crate::trace::{FINGERPRINT, Trace};

const SCHEMA: u32 = 1;
const RECORD: &str = ".beamtalk-build.json";
const LOCK: &str = ".beamtalk-build.lock";
const STAMP: &str = ".beamtalk-stamp.json";

/// What is known of the outputs on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    schema: u32,
    fingerprint: String,
    /// Hexadecimal SHA-256 of each source, by name.
    pub files: BTreeMap<SmolStr, String>,
    /// By class.
    pub classes: BTreeMap<SmolStr, Entry>,
}

/// A module on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub module: SmolStr,
    /// Length of its file in bytes.
    pub size: u64,
    /// The key that it was made under.
    pub key: String,
    /// The questions that its compilation asked.
    pub trace: Trace,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            fingerprint: FINGERPRINT.to_owned(),
            files: BTreeMap::new(),
            classes: BTreeMap::new(),
        }
    }
}

impl Record {
    /// The record's bytes in a folder; empty where there are none.
    pub fn read(folder: &Path) -> Vec<u8> {
        fs::read(folder.join(RECORD)).unwrap_or_default()
    }

    /// Read a record. What is damaged or of another compiler says nothing, so that everything is made again.
    pub fn parse(bytes: &[u8]) -> Self {
        let read: Option<Self> = serde_json::from_slice(bytes).ok();
        read.filter(|record| record.schema == SCHEMA && record.fingerprint == FINGERPRINT).unwrap_or_default()
    }

    /// Write the record; answers its bytes.
    pub fn write(&self, folder: &Path) -> Result<Vec<u8>, ProjectError> {
        let path = folder.join(RECORD);
        let bytes =
            serde_json::to_vec(self).map_err(|error| ProjectError::io("write", &path)(error.into()))?;
        replace(&path, &bytes)?;
        Ok(bytes)
    }
}

/// Excludes other builds of the same outputs until it is dropped, also by processes of other sessions.
#[derive(Debug)]
pub struct BuildLock {
    _file: fs::File,
}

impl BuildLock {
    /// Waits for the lock of a folder, which is made if it is missing.
    pub fn acquire(folder: &Path) -> Result<Self, ProjectError> {
        fs::create_dir_all(folder).map_err(ProjectError::io("create", folder))?;
        let path = folder.join(LOCK);
        let opened = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(ProjectError::io("open", &path))?;
        file.lock().map_err(ProjectError::io("lock", &path))?;
        Ok(Self { _file: file })
    }
}

/// The modules in a folder with their lengths.
pub fn modules_in(folder: &Path) -> Result<FxHashMap<String, u64>, ProjectError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FxHashMap::default()),
        Err(error) => return Err(ProjectError::io("read", folder)(error)),
    };
    let mut found = FxHashMap::default();
    for entry in entries {
        let entry = entry.map_err(ProjectError::io("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(module) = name.strip_suffix(".beam") {
            // A file that is gone by now counts as missing.
            if let Ok(data) = entry.metadata() {
                found.insert(module.to_owned(), data.len());
            }
        }
    }
    Ok(found)
}

/// A module's file.
pub fn module_file(ebin: &Path, module: &str) -> PathBuf {
    ebin.join(format!("{module}.beam"))
}

/// Replace a file by `bytes` in one step: readers see the old contents or the new. Outputs can be made again, so a power
/// cut is not guarded against, which would cost a flush a file.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    let mut temporary = path.as_os_str().to_os_string();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let written = fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // What could not be put in place is litter.
        let _ = fs::remove_file(&temporary);
        ProjectError::io("write", path)(error)
    })
}

/// Who made the outputs and when (spec 07 section 7.2). The modules do not depend on the installed Erlang, so its release
/// is none of their business.
pub fn write_stamp(folder: &Path) -> Result<(), ProjectError> {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let stamp = serde_json::json!({ "schema": SCHEMA, "beamtalk_version": env!("CARGO_PKG_VERSION"), "otp_release": null, "built_at": now });
    replace(&folder.join(STAMP), format!("{stamp}\n").as_bytes())
}
