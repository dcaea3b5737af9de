//! The process and what it has started: watched, told to end, reaped.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, wait};
use std::io::{PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long processes that were asked to end may take over it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a killed one may still be seen: the system takes it away by itself.
const REMOVAL: Duration = Duration::from_secs(2);
/// How often it is looked whether a group still has members, of one that is ending and of one left in the background.
const SHORT_LOOK: Duration = Duration::from_millis(5);
const LONG_LOOK: Duration = Duration::from_millis(100);

/// Has orphans of what is started become this process's, where the system knows such a thing: who killed them can take
/// them away, also where nobody else does, as in many containers.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// A process group and its leader.
pub struct Group {
    leader: Pid,
    life: Mutex<Life>,
    changed: Condvar,
    /// Ends when the leader does, for those who wait for files.
    exit: PipeReader,
}

#[derive(Debug, Default)]
struct Life {
    exited: Option<Instant>,
    /// No member is left; the number may by now be another group's.
    gone: bool,
}

impl Group {
    /// The group of that leader. [`reap`](Self::reap) gets the other end of the pipe `exit`.
    pub fn new(leader: Pid, exit: PipeReader) -> Self {
        Self { leader, life: Mutex::default(), changed: Condvar::new(), exit }
    }

    /// Takes away every process that ends until none is left, orphans that became ours included. `exited` is called with
    /// the leader's code before anybody else can know that it has ended; `exit` is the other end of the group's pipe.
    pub fn reap(&self, exited: impl FnOnce(u32), exit: PipeWriter) {
        let mut at_exit = Some((exited, exit));
        loop {
            match wait(WaitOptions::empty()) {
                Ok(Some((process, status))) if process == self.leader => {
                    let code = match (status.exit_status(), status.terminating_signal()) {
                        (Some(code), _) => code,
                        (None, signal) => 128 + signal.unwrap_or_default(),
                    };
                    if let Some((exited, exit)) = at_exit.take() {
                        exited(code.unsigned_abs());
                        self.life().exited = Some(Instant::now());
                        self.changed.notify_all();
                        drop(exit);
                    }
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// When the leader has ended, if it has.
    pub fn exited(&self) -> Option<Instant> {
        self.life().exited
    }

    /// Waits for the leader's end, at most so long.
    pub fn wait_for_exit(&self, longest: Option<Duration>) {
        let running = |life: &mut Life| life.exited.is_none();
        match longest {
            Some(longest) => drop(self.changed.wait_timeout_while(self.life(), longest, running)),
            None => drop(self.changed.wait_while(self.life(), running)),
        }
    }

    /// What becomes readable when the leader ends.
    pub fn exit(&self) -> BorrowedFd<'_> {
        self.exit.as_fd()
    }

    /// Waits until the group, whose leader has ended, has no members.
    pub fn wait_for_the_last(&self) {
        while !self.is_gone() {
            thread::sleep(LONG_LOOK);
        }
    }

    /// Asks all members to end, and kills those that are there after a while.
    pub fn end(&self) {
        self.signal(Signal::TERM);
        self.wait_while_there(PATIENCE);
        self.signal(Signal::KILL);
        self.wait_while_there(REMOVAL);
    }

    fn wait_while_there(&self, longest: Duration) {
        let end = Instant::now() + longest;
        while !self.is_gone() && Instant::now() < end {
            thread::sleep(SHORT_LOOK);
        }
    }

    /// While there are members, no other group gets the number.
    fn signal(&self, signal: Signal) {
        let life = self.life();
        if !life.gone {
            let _ = kill_process_group(self.leader, signal);
        }
    }

    fn is_gone(&self) -> bool {
        let mut life = self.life();
        // A leader that was not reaped is a member, though it may have ended.
        life.gone = life.gone || life.exited.is_some() && test_kill_process_group(self.leader).is_err();
        life.gone
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
