//! What the processes behind the scenes owe to those in front.

use nix::unistd::close;
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::RawFd;
use std::{fs, io, process, thread};

/// Leaves the terminal's session, and closes what the starter of this process happened to have open: a host must not keep a
/// script's files, pipes and locks for hours. Call it before anything is opened.
pub fn detach() {
    // It fails only for the leader of a session or group, which has none to leave.
    let _ = rustix::process::setsid();
    for file in open_files().into_iter().filter(|file| *file > 2) {
        // Nobody in this process owns it yet. The folder that was just listed is closed already.
        let _ = close(file);
    }
}

/// Ends this process when nobody can read its standard output any more, which a write would find out only when there is
/// something to write.
pub fn end_with_the_reader() {
    thread::spawn(|| {
        let stdout = io::stdout();
        let mut ends = [PollFd::new(&stdout, PollFlags::empty())];
        while poll(&mut ends, None).is_err() {}
        process::exit(0);
    });
}

fn open_files() -> Vec<RawFd> {
    let listed = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd"));
    let names = listed.into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.parse().ok()).collect()
}
