//! How a process that nobody releases iterations to takes them from the plan itself: a little ahead, as an agent does.

use std::time::Duration;

use heavy_load::schedule::MemberSchedule;

/// How far ahead of their due instants iterations are released.
pub(crate) const LEAD_NS: u64 = 50_000_000;

/// How often that happens. With the lead it bounds how much is released at a time.
pub(crate) const RELEASE_EVERY: Duration = Duration::from_millis(20);

/// Takes what is due before `until_ns`, at most `most` of it: numbers and due instants from the start, ascending.
pub(crate) fn take_before(dealt: &mut MemberSchedule, until_ns: u64, most: usize) -> Vec<(u64, u64)> {
    let mut due = Vec::new();
    while due.len() < most
        && let Some(next) = dealt.peek().filter(|(_, due_ns)| *due_ns < until_ns)
    {
        due.push(next);
        dealt.advance();
    }
    due
}
