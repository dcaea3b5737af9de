//! The compiler's own thread.
//!
//! Compiling is short work for a processor, not waiting, so it has a thread. The thread has a large stack, because syntax nests,
//! and outlives a panic in the compiler, which then is an error of one request.

use crate::compiler::Compiler;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::{io, thread};
use tokio::sync::oneshot;

/// Address space, not memory: pages are taken when they are touched.
const STACK_BYTES: usize = 256 << 20;

type Job = Box<dyn FnOnce(&mut dyn Compiler) + Send>;

/// A handle on the thread.
#[derive(Debug, Clone)]
pub(crate) struct CompilerThread {
    jobs: Sender<Job>,
}

/// The compiler panicked. It is a mistake of ours, and the only thing to say is that it happened.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the compiler failed on this input; please report it")]
pub(crate) struct CompilerFailed;

impl CompilerThread {
    /// Starts the thread; `make` runs in it, so that the host need not wait for the class database.
    pub(crate) fn start<C: Compiler + 'static>(
        make: impl FnOnce() -> C + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let run = move || {
            let mut compiler = make();
            for job in queue {
                job(&mut compiler);
            }
        };
        thread::Builder::new().name("compiler".into()).stack_size(STACK_BYTES).spawn(run)?;
        Ok(Self { jobs })
    }

    /// Runs something with the compiler, after what others asked before.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Compiler) -> R + Send + 'static,
    ) -> Result<R, CompilerFailed> {
        let (sender, answer) = oneshot::channel();
        let job = move |compiler: &mut dyn Compiler| {
            // A database that a panic left half changed can refuse or lose a class, nothing worse.
            if let Ok(result) = catch_unwind(AssertUnwindSafe(|| work(compiler))) {
                // Whoever asked may be gone.
                let _ = sender.send(result);
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| CompilerFailed)?;
        answer.await.map_err(|_| CompilerFailed)
    }
}
