//! Hearing Ctrl-C and its like while commands run in process groups of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Counts the signals that ask this process to end. While it lives they do nothing else.
pub struct Interrupt {
    count: Arc<AtomicUsize>,
    handle: Handle,
    listener: Option<JoinHandle<()>>,
}

impl Interrupt {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub fn listen() -> Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        let count = Arc::new(AtomicUsize::new(0));
        let heard = Arc::clone(&count);
        let listener = std::thread::spawn(move || {
            for _ in &mut signals {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self {
            count,
            handle,
            listener: Some(listener),
        })
    }

    /// The same count for somebody who outlives this value.
    pub fn counter(&self) -> impl Fn() -> usize + Send + use<> {
        let count = Arc::clone(&self.count);
        move || count.load(Ordering::SeqCst)
    }

    /// How often this process was asked to end. Twice means: at once.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(listener) = self.listener.take() {
            // It cannot panic, and there is nobody to tell.
            let _ = listener.join();
        }
    }
}
