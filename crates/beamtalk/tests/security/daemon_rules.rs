//! D2 to D5, which hold for everything below `~/.beamtalk`.

use crate::place::{Place, eventually};
use crate::proc::is_alive;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Stdio;

fn refusal(place: &Place) -> String {
    let output = place.beamtalk(&["repl", "--port", "0", "--workspace", "w", "-e", "1"]);
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn d2_a_folder_that_others_may_write_is_refused_with_the_cure() {
    let place = Place::new();
    fs::create_dir_all(place.folder("w")).unwrap();
    fs::set_permissions(place.folder("w"), Permissions::from_mode(0o777)).unwrap();
    let told = refusal(&place);
    assert!(told.contains("open to other users") && told.contains("chmod go-rwx"), "{told}");
}

#[test]
fn d2_a_symbolic_link_is_refused_with_the_cure() {
    let place = Place::new();
    fs::create_dir_all(place.home.join("workspaces")).unwrap();
    let elsewhere = place.dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, place.folder("w")).unwrap();
    let told = refusal(&place);
    assert!(told.contains("is a symbolic link") && told.contains("help:"), "{told}");
    fs::remove_file(place.folder("w")).unwrap();
}

#[test]
fn d2_a_folder_of_another_user_is_refused_with_the_cure() {
    let place = Place::new();
    fs::create_dir_all(place.folder("w")).unwrap();
    if chown(place.folder("w"), Some(65534), None).is_err() {
        eprintln!("not root: a folder cannot be given away");
        return;
    }
    let told = refusal(&place);
    assert!(told.contains("belongs to another user (uid 65534)") && told.contains("chown"), "{told}");
}

#[test]
fn d4_many_starts_at_once_leave_one_host() {
    let place = Place::new();
    let start = || {
        let mut command =
            place.command(&["repl", "--port", "0", "--workspace", "w", "-e", "Erlang os getpid"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..6).map(|_| start()).collect();
    let mut answers: Vec<String> = children
        .into_iter()
        .map(|mut child| {
            eventually("each has its answer", || child.try_wait().unwrap());
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        })
        .collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "all reached one node: {answers:?}");
    assert!(!answers[0].is_empty());
}

#[test]
fn d4_a_stale_record_points_at_nobody() {
    let place = Place::new();
    place.eval("w", "1");
    let [host, node] = place.processes("w");
    let path = place.folder("w").join("metadata.json");
    let recorded = fs::read(&path).unwrap();
    assert!(place.beamtalk(&["workspace", "stop", "w"]).status.success());
    eventually("both are gone", || (!is_alive(host) && !is_alive(node)).then_some(()));
    // As after a crash: the record names processes and a port that are not ours any more.
    let ours = std::process::id().to_string();
    let recorded = String::from_utf8(recorded).unwrap();
    let recorded = recorded.replace(&format!("\"pid\": {host}"), &format!("\"pid\": {ours}"));
    let recorded = recorded.replace(&format!("\"pid\": {node}"), &format!("\"pid\": {ours}"));
    fs::write(&path, recorded).unwrap();
    let told = place.beamtalk(&["workspace", "stop", "w", "--force"]);
    assert!(!told.status.success(), "there is nothing to stop");
    assert_eq!(place.eval("w", "6 * 7"), "42");
}

#[test]
fn d5_a_session_name_cannot_leave_its_folder() {
    let place = Place::new();
    let sessions = place.home.join("sessions");
    let outside = place.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::set_permissions(&outside, Permissions::from_mode(0o755)).unwrap();
    for name in ["../../escaped", outside.to_str().unwrap(), "x/y", "é"] {
        let mut command = place.command(&["repl", "--port", "0", "--workspace", "w", "-e", "1"]);
        assert!(command.env("BEAMTALK_WORKSPACE", name).status().unwrap().success());
    }
    assert!(!place.dir.path().join("escaped").exists());
    assert_eq!(
        fs::metadata(&outside).unwrap().permissions().mode() & 0o777,
        0o755,
        "it is not ours to close"
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(
        !sessions.exists() || fs::read_dir(&sessions).unwrap().flatten().all(|entry| entry.path().is_dir())
    );
    for name in ["../x", "/etc", "a b", ""] {
        let output = place.beamtalk(&["repl", "--workspace", name, "-e", "1"]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("Workspace name"), "{name}: {told}");
    }
}

#[test]
fn d5_a_home_with_a_long_path_works() {
    let mut place = Place::new();
    place.home = place.dir.path().join("a".repeat(60)).join("b".repeat(60)).join("home");
    assert_eq!(place.eval("w", "6 * 7"), "42");
    assert!(!Path::new(&place.folder("w")).join("node.sock").exists());
}
