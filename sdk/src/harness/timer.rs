//! A timer that is as punctual as the kernel's: tokio rounds its own sleeps up to a millisecond.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// A one-shot timer on `CLOCK_MONOTONIC`.
#[derive(Debug)]
pub(crate) struct Timer {
    fd: AsyncFd<OwnedFd>,
}

impl Timer {
    /// A timer that is not armed. Must be called in the runtime that will wait for it.
    #[expect(
        deprecated,
        reason = "its successor is unsafe for descriptors that may be closed early; this one is owned"
    )]
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self {
            fd: AsyncFd::with_interest(fd, Interest::READABLE)?,
        })
    }

    /// Lets the timer expire at `at_ns`, at once if that is past, instead of when it was to expire before.
    pub(crate) fn arm(&self, at_ns: u64) -> io::Result<()> {
        // All zeroes would disarm the timer.
        let at_ns = at_ns.max(1);
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let value = Timespec {
            tv_sec: (at_ns / NS_PER_SECOND).cast_signed(),
            tv_nsec: (at_ns % NS_PER_SECOND).cast_signed(),
        };
        let new = Itimerspec {
            it_interval: zero,
            it_value: value,
        };
        timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::ABSTIME, &new)?;
        Ok(())
    }

    /// Waits until the timer expires. The expiry is not read: the runtime polls with edge triggers, and arming the
    /// timer again resets it, which saves a system call for every wake-up.
    pub(crate) async fn expired(&self) -> io::Result<()> {
        self.fd.readable().await?.clear_ready();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::monotonic_ns;

    #[tokio::test]
    async fn it_expires_again_and_again_and_never_early() {
        let timer = Timer::new().unwrap();
        for _ in 0..5 {
            let at_ns = monotonic_ns() + 2_000_000;
            timer.arm(at_ns).unwrap();
            timer.expired().await.unwrap();
            assert!(monotonic_ns() >= at_ns);
        }
        timer.arm(1).unwrap();
        timer.expired().await.unwrap();
    }
}
