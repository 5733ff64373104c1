//! Ctrl-C, SIGTERM, and SIGHUP when the terminal closes.

use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal arrived before the work was done.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// SIGINT, SIGTERM and SIGHUP as they arrive. Once this value exists, they no longer end the process.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    /// None if the process was started to ignore it, as by `nohup`.
    hang_up: Option<Signal>,
}

impl Interrupts {
    /// Starts handling the signals. Call it in a tokio runtime.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: match ignores_hang_up() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = next_of(self.hang_up.as_mut()) => {}
        }
    }

    /// Runs `work` until it is done or a signal arrives.
    ///
    /// # Errors
    /// [`Interrupted`] when a signal arrived before the work was done.
    pub async fn race<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            done = work => Ok(done),
            () = self.next() => Err(Interrupted),
        }
    }
}

/// Whether a write failed because nobody reads it any more: the reader of a pipe has ended, or the terminal was closed.
#[must_use]
pub fn is_unread(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe || Errno::from_io_error(error) == Some(Errno::IO)
}

async fn next_of(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP is ignored, as Linux tells in the bits of `SigIgn`. Handling it sets that bit to 0.
fn ignores_hang_up() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_in(&status))
}

fn ignores_in(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let bit = SignalKind::hangup().as_raw_value() - 1;
    mask.is_some_and(|mask| mask >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ignores_sighup_is_seen() {
        for (mask, ignored) in [
            ("0000000000000001", true),
            ("0000000000001001", true),
            ("0000000000001000", false),
        ] {
            let status = format!("Name:\theavy\nSigIgn:\t{mask}\nSigCgt:\tffff\n");
            assert_eq!(ignores_in(&status), ignored, "{mask}");
        }
        assert!(!ignores_in(""));
    }
}
