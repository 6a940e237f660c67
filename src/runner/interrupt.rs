//! Hearing Ctrl-C and its like while commands run in process groups of their own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};

const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Stops this process and those that it was typed with (`git`, as `git gryt`), as Ctrl-Z does, until the shell lets
/// them go on.
///
/// # Errors
/// The system does not let it.
pub(crate) fn suspend() -> Result<()> {
    Ok(kill_current_process_group(Signal::TSTP)?)
}

/// Counts the signals that ask this process to end. While it lives they do nothing else; before
/// and after, they end the process as they always do.
pub(crate) struct Interrupt {
    count: Arc<AtomicUsize>,
    /// Whether nobody hears what this process prints any more, which is as good as Ctrl-C.
    unheard: Arc<AtomicBool>,
    handle: Handle,
    listener: Option<JoinHandle<()>>,
}

/// Whether nobody listens, so that a signal does what it does by default. Handlers stay installed
/// for good once there was one: this decides what they do.
fn idle() -> Result<&'static Arc<AtomicBool>> {
    static IDLE: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(idle) = IDLE.get() {
        return Ok(idle);
    }
    let idle = Arc::new(AtomicBool::new(true));
    for signal in SIGNALS {
        register_conditional_default(signal, Arc::clone(&idle))?;
    }
    Ok(IDLE.get_or_init(|| idle))
}

impl Interrupt {
    /// Begins to listen, also to whether what is printed is still heard.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub(crate) fn listen(unheard: &Arc<AtomicBool>) -> Result<Self> {
        let idle = idle()?;
        let mut signals = Signals::new(SIGNALS)?;
        idle.store(false, Ordering::SeqCst);
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
            unheard: Arc::clone(unheard),
            handle,
            listener: Some(listener),
        })
    }

    /// The same count for somebody who outlives this value.
    pub(crate) fn counter(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let (count, unheard) = (Arc::clone(&self.count), Arc::clone(&self.unheard));
        move || count.load(Ordering::SeqCst) + usize::from(unheard.load(Ordering::SeqCst))
    }

    /// Waits for that long, or until this process is asked to end, which is said.
    pub(crate) fn within(&self, pause: Duration) -> bool {
        let begun = Instant::now();
        while self.count() == 0 && begun.elapsed() < pause {
            let left = pause.saturating_sub(begun.elapsed());
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        self.count() > 0
    }

    /// Asks for an end, as a signal does.
    pub(crate) fn ask(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// How often this process was asked to end. Twice means: at once.
    pub(crate) fn count(&self) -> usize {
        self.counter()()
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if let Ok(idle) = idle() {
            idle.store(true, Ordering::SeqCst);
        }
        self.handle.close();
        if let Some(listener) = self.listener.take() {
            // It cannot panic, and there is nobody to tell.
            let _ = listener.join();
        }
    }
}
