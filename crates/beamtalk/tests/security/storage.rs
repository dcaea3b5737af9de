//! A home that cannot be written: an error that says so, and no torn file.
//!
//! The homes are small file systems in memory. Where none can be mounted the tests say so and pass.

use crate::place::{Place, eventually};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A place whose home is a file system of its own. The workspaces end first.
struct Stored {
    place: Place,
    disk: Disk,
}

struct Disk {
    dir: TempDir,
}

impl Stored {
    fn new() -> Option<Self> {
        let disk = Disk { dir: tempfile::tempdir().unwrap() };
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs"]).arg(disk.dir.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            let mut place = Place::new();
            disk.dir.path().clone_into(&mut place.home);
            return Some(Self { place, disk });
        }
        eprintln!("no file system can be mounted: a full or read-only disk cannot be played");
        None
    }
}

impl Disk {
    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        // A process that has been told to end may close its files a moment later.
        for tries in 1.. {
            let output = Command::new("mount").args(["-o", &options]).arg(self.dir.path()).output().unwrap();
            if output.status.success() {
                return;
            }
            assert!(tries < 100, "{}", String::from_utf8_lossy(&output.stderr));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let path = self.dir.path().join("ballast");
        let mut ballast = OpenOptions::new().create(true).append(true).open(path).unwrap();
        while ballast.write_all(&[b'x'; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.dir.path().join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Processes of a failed test may still be there.
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).status();
    }
}

/// The command failed as commands do, with these words.
fn assert_fails(output: &Output, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("  × ") && told.contains(words), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

fn evaluate(place: &Place, code: &str) -> Output {
    place.beamtalk(&["repl", "--port", "0", "--workspace", "w", "-e", code])
}

#[test]
fn a_new_home_that_is_read_only() {
    let Some(stored) = Stored::new() else { return };
    let Stored { place, disk } = &stored;
    disk.remount("ro");
    assert_fails(&evaluate(place, "6 * 7"), "Read-only file system");
    assert_fails(&place.beamtalk(&["workspace", "create", "w"]), "Read-only file system");
    assert_fails(&place.beamtalk(&["workspace", "status", "w"]), "Workspace 'w' does not exist");
    assert_eq!(fs::read_dir(disk.dir.path()).unwrap().count(), 0);
}

#[test]
fn a_home_that_becomes_read_only() {
    let Some(stored) = Stored::new() else { return };
    let Stored { place, disk } = &stored;
    place.eval("w", "6 * 7");
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    let before = place.metadata("w");
    disk.remount("ro");
    assert_fails(&evaluate(place, "6 * 7"), "Read-only file system");
    assert!(place.beamtalk(&["workspace", "status", "w"]).status.success());
    assert!(place.beamtalk(&["workspace", "list"]).status.success());
    assert_eq!(place.metadata("w"), before);
    disk.remount("rw");
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn a_disk_that_is_full_before_the_start() {
    let Some(stored) = Stored::new() else { return };
    let Stored { place, disk } = &stored;
    place.eval("w", "6 * 7");
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    let before = place.metadata("w");
    disk.fill();
    assert_fails(&evaluate(place, "6 * 7"), "No space left on device");
    assert_fails(&place.beamtalk(&["workspace", "create", "other"]), "No space left on device");
    assert_eq!(place.metadata("w"), before);
    disk.make_room();
    assert_eq!(place.eval("w", "6 * 7"), "42");
    assert!(place.beamtalk(&["workspace", "create", "other"]).status.success());
}

#[test]
fn a_disk_that_fills_while_the_workspace_runs() {
    let Some(stored) = Stored::new() else { return };
    let Stored { place, disk } = &stored;
    place.eval("w", "Value subclass: Kept\n  x => 42");
    let processes = place.processes("w");
    disk.fill();
    assert_eq!(place.eval("w", "Kept new x"), "42");
    assert_eq!(place.eval("w", "Value subclass: Late\n  x => 43"), "Late");
    assert_eq!(place.eval("w", "Late new x"), "43");
    // The metadata, which follows within two seconds, cannot be replaced now and stays as it was.
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(place.processes("w"), processes);
    assert!(!has_leftovers(place), "a temporary file was left");
    disk.make_room();
    place.eval("w", "Value subclass: Later\n  x => 44");
    eventually("the metadata names the new classes", || {
        let metadata = place.metadata("w");
        metadata["loaded_modules"].to_string().contains("Later").then_some(())
    });
    disk.fill();
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    assert_eq!(place.metadata("w")["workspace_id"], "w");
    disk.make_room();
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

fn has_leftovers(place: &Place) -> bool {
    let entries = fs::read_dir(place.folder("w")).unwrap().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().ends_with(".tmp"))
}
