//! The image: the runtime and the standard library as `.beam` files, made once per version.
//!
//! An image lies in `~/.beamtalk/cache/<hash>/ebin`. The hash covers the runtime's sources, the
//! library's fingerprint and the Erlang version, so an image is never changed, only made. It appears by
//! one rename: there is a whole image or none.

use crate::otp::quiet_erl;
use crate::{NodeError, Otp};
use beamtalk_home::{FileLock, Home, names::hex};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

include!(concat!(env!("OUT_DIR"), "/runtime_sources.rs"));

/// Raise it when the way an image is made changes.
const FORMAT: u8 = 1;

/// Images that no node was started from for so long are removed when a new one is made.
const KEPT_UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);

/// One compiled module: its name and the contents of its `.beam` file.
pub type Beam = (String, Vec<u8>);

/// A folder that a node takes its code from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    folder: PathBuf,
}

/// The standard library, as far as an image is concerned.
pub struct Library<F> {
    /// Differs whenever `compile` would answer something else.
    pub fingerprint: String,
    /// Compiles the library. Called only when there is no image yet.
    pub compile: F,
}

impl Image {
    /// Finds the image for this runtime, library and Erlang, or makes it. Of several processes that want it at once, one
    /// makes it and the others wait. `progress` is told what takes long, in words for people.
    pub fn ensure<F>(
        home: &Home,
        otp: &Otp,
        library: Library<F>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, NodeError>
    where
        F: FnOnce() -> Result<Vec<Beam>, String>,
    {
        let cache = home.cache()?;
        let image = Self { folder: cache.join(image_name(otp, &library.fingerprint)) };
        if !image.exists() {
            let _lock = FileLock::acquire(&cache.join("image.lock"))?;
            if !image.exists() {
                progress("Preparing the runtime (first use)");
                image.make(&cache, otp, library.compile)?;
                remove_unused(&cache, &image.folder);
            }
        }
        Ok(image)
    }

    /// The folder of the `.beam` files.
    pub fn ebin(&self) -> PathBuf {
        self.folder.join("ebin")
    }

    /// Notes that a node starts from this image.
    pub fn mark_used(&self) {
        // Only the age of an image depends on it.
        let _ = File::create(self.folder.join("used"));
    }

    fn exists(&self) -> bool {
        self.ebin().is_dir()
    }

    fn make(
        &self,
        cache: &Path,
        otp: &Otp,
        library: impl FnOnce() -> Result<Vec<Beam>, String>,
    ) -> Result<(), NodeError> {
        let work = cache.join(format!("making-{}", std::process::id()));
        let _ = fs::remove_dir_all(&work);
        let made = build(&work, otp, library)
            .and_then(|()| fs::rename(&work, &self.folder).map_err(NodeError::system("name the image")));
        if made.is_err() {
            let _ = fs::remove_dir_all(&work);
        }
        made
    }
}

/// Writes the sources of the runtime's modules into a folder, for tools that read them.
///
/// # Errors
/// The system refuses.
pub fn write_sources(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    FILES.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

fn build(
    work: &Path,
    otp: &Otp,
    library: impl FnOnce() -> Result<Vec<Beam>, String>,
) -> Result<(), NodeError> {
    let (sources, ebin) = (work.join("src"), work.join("ebin"));
    let written = write_sources(&sources).and_then(|()| fs::create_dir(&ebin));
    written.map_err(NodeError::system("write the runtime's sources"))?;
    let compiled = compile_runtime(otp, &sources, &ebin);
    let beams = library().map_err(|reason| NodeError::Image { reason })?;
    compiled?;
    write_beams(&ebin, &beams).map_err(NodeError::system("write the library"))?;
    fs::remove_dir_all(&sources).map_err(NodeError::system("tidy the image"))
}

fn compile_runtime(otp: &Otp, sources: &Path, ebin: &Path) -> Result<(), NodeError> {
    let mut command = quiet_erl(&otp.erl);
    command.args(["-eval", include_str!("compile_runtime.erl"), "-extra"]).arg(sources).arg(ebin);
    let output = command.output().map_err(NodeError::system("run erl"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let reason = String::from_utf8_lossy(&said).trim().to_owned();
    Err(NodeError::Image { reason })
}

fn write_beams(ebin: &Path, beams: &[Beam]) -> io::Result<()> {
    for (module, beam) in beams {
        let file = PathBuf::from(format!("{module}.beam"));
        let mut parts = file.components();
        let (Some(Component::Normal(_)), None) = (parts.next(), parts.next()) else {
            let message = format!("a module cannot be named {module:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        };
        fs::write(ebin.join(file), beam)?;
    }
    Ok(())
}

fn image_name(otp: &Otp, library: &str) -> String {
    let mut hash = Sha256::new();
    hash.update([FORMAT]);
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(otp.release.as_bytes());
    add(otp.erts.as_bytes());
    add(library.as_bytes());
    for (name, text) in FILES {
        add(name.as_bytes());
        add(text);
    }
    format!("image-{}", hex(&hash.finalize()[..12]))
}

/// Removes what other versions left, once nobody used it for a long time.
fn remove_unused(cache: &Path, keep: &Path) {
    let Ok(entries) = fs::read_dir(cache) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ours = name.starts_with("image-") || name.starts_with("making-");
        if ours && path.is_dir() && path != keep && is_unused(&path) {
            tracing::info!(image = name, "removing an image that nobody uses");
            let _ = fs::remove_dir_all(&path);
        }
    }
}

fn is_unused(image: &Path) -> bool {
    let used = fs::metadata(image.join("used")).or_else(|_| fs::metadata(image));
    let age = used.and_then(|it| it.modified()).ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age > KEPT_UNUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("h"));
        (dir, home)
    }

    fn library(name: &str) -> Library<impl FnOnce() -> Result<Vec<Beam>, String> + use<>> {
        let beams = vec![(name.to_owned(), b"FOR1".to_vec())];
        Library { fingerprint: "one".into(), compile: move || Ok(beams) }
    }

    #[test]
    fn an_image_is_made_once_and_holds_runtime_and_library() {
        let (_dir, home) = home();
        let otp = Otp::find(&home).unwrap();
        let mut told = Vec::new();
        let image = Image::ensure(&home, &otp, library("bt@stdlib@A"), &mut |t| {
            told.push(t.to_owned());
        })
        .unwrap();
        let again = Image::ensure(&home, &otp, library("bt@stdlib@A"), &mut |t| {
            told.push(t.to_owned());
        })
        .unwrap();
        assert_eq!(image, again);
        assert_eq!(told.len(), 1);
        for file in ["bt@stdlib@A.beam", "beamtalk.app", "beamtalk_dispatch.beam"] {
            assert!(image.ebin().join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn a_failing_library_leaves_no_image() {
        let (_dir, home) = home();
        let otp = Otp::find(&home).unwrap();
        let broken = Library { fingerprint: "two".into(), compile: || Err("no parser".to_owned()) };
        let error = Image::ensure(&home, &otp, broken, &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("no parser"));
        let left: Vec<_> = fs::read_dir(home.cache().unwrap())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .collect();
        assert!(left.is_empty());
    }

    #[test]
    fn a_module_cannot_leave_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        assert!(write_beams(dir.path(), &[("../x".into(), Vec::new())]).is_err());
    }
}
