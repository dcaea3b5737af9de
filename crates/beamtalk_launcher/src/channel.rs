//! Standard output and standard error, as far as allowed.

use crate::group::Group;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most that one packet carries.
const PIECE: usize = 64 * 1024;
/// How long a channel is listened to after the process's end, when something that it has started still has it open.
const AFTERWARDS: Duration = Duration::from_millis(250);
/// How much of what comes later still is taken: more than a pipe holds can only be of others.
const LEFTOVERS: usize = 1 << 20;

/// How many bytes of a channel the node is ready for.
#[derive(Debug, Default)]
pub struct Allowance {
    bytes: Mutex<usize>,
    changed: Condvar,
}

impl Allowance {
    /// So many more.
    pub fn add(&self, more: usize) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = bytes.saturating_add(more);
        self.changed.notify_all();
    }

    fn wait(&self) -> usize {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *self.changed.wait_while(bytes, |bytes| *bytes == 0).unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, used: usize) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= used;
    }
}

/// Passes on what comes, to the end of the channel or a little beyond the end of the process. The code of a process that
/// ends with its channel is known before this is over.
pub fn relay(
    pipe: &mut (impl Read + AsFd),
    allowance: &Allowance,
    group: &Group,
    mut write: impl FnMut(&[u8]),
) {
    let mut piece = vec![0; PIECE];
    let mut leftovers = 0;
    loop {
        let most = allowance.wait().min(PIECE);
        if leftovers >= LEFTOVERS || !has_more(pipe, group) {
            break;
        }
        match pipe.read(&mut piece[..most]) {
            Ok(0) => break,
            Ok(count) => {
                if time_left(group) == Some(Duration::ZERO) {
                    leftovers += count;
                }
                allowance.take(count);
                write(&piece[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    group.wait_for_exit(Some(AFTERWARDS));
}

/// Waits until there is something to read, or the end of it, or nothing more to wait for.
fn has_more(pipe: &impl AsFd, group: &Group) -> bool {
    loop {
        let left = time_left(group);
        let exit = group.exit();
        let mut files = [PollFd::new(pipe, PollFlags::IN), PollFd::from_borrowed_fd(exit, PollFlags::IN)];
        let watched = if left.is_some() { 1 } else { 2 };
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut files[..watched], timeout.as_ref()) {
            Ok(_) if !files[0].revents().is_empty() => return true,
            Ok(0) => return false,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// How long the process's channels are still listened to; nothing while it runs.
fn time_left(group: &Group) -> Option<Duration> {
    group.exited().map(|exited| (exited + AFTERWARDS).saturating_duration_since(Instant::now()))
}
