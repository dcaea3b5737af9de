//! How evaluations get the names of their modules, and give them back.

use crate::image::Image;
use crate::reply::Failure;
use std::sync::atomic::Ordering;

/// So many held modules the node is asked about at once: it asks all its processes about each, and evaluations wait.
const ASKED_AT_ONCE: usize = 64;

impl Image {
    /// A name for an evaluation. Each is an atom for ever, so more than a comfortable number are made only when the node
    /// has looked at every module that it holds and a block lives in each.
    pub(crate) async fn take_name(&self) -> Result<String, Failure> {
        if let Some(name) = self.router.names().take() {
            return Ok(name);
        }
        let _asking = self.asking.lock().await;
        loop {
            let held = self.router.names().held();
            for modules in held.chunks(ASKED_AT_ONCE) {
                if let Some(name) = self.router.names().take() {
                    return Ok(name);
                }
                self.ask_for(modules).await?;
            }
            if let Some(name) = self.router.names().take() {
                return Ok(name);
            }
            if !self.router.names().grow() {
                return Err(Failure::new("Too many evaluated blocks are still in use").hint(
                    "Drop variables and actors that hold blocks made at the prompt, or restart the workspace.",
                ));
            }
        }
    }

    /// Asks the node which of the modules that it holds have become free.
    pub(crate) async fn collect_names(&self) -> Result<(), Failure> {
        let _asking = self.asking.lock().await;
        let held = self.router.names().held();
        for modules in held.chunks(ASKED_AT_ONCE) {
            self.ask_for(modules).await?;
        }
        Ok(())
    }

    async fn ask_for(&self, modules: &[String]) -> Result<(), Failure> {
        let free = self.node.release(modules.to_vec()).await?;
        let mut names = self.router.names();
        for module in &free {
            names.release(module);
        }
        Ok(())
    }

    /// Keeps a name from being used until the node lets go of its module.
    pub(crate) fn hold(&self, module: &str) {
        let made = {
            let mut names = self.router.names();
            names.hold(module);
            names.made()
        };
        if self.recorded_names.fetch_max(made, Ordering::Relaxed) < made {
            self.router.record.change(|metadata| metadata.evaluation_modules = made);
        }
    }
}
