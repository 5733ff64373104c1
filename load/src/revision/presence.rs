//! How long users were to be there, and how long nobody could be them.

use super::LoadTimeline;
use crate::load::{LoadModel, Quota};

/// User time in ns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserPresence {
    /// As planned, without pauses.
    pub planned_ns: u64,
    /// Of that, while nobody with a lease had the user's seat.
    pub missing_ns: u64,
}

impl LoadTimeline {
    /// The presence of all users up to an instant; `None` without any. `leased_until_ns` says until when an agent can have
    /// had the users that a revision of this number gave it. Users that share a quota, or have one, leave when it is used up: they do not count.
    #[must_use]
    pub fn user_presence(
        &self,
        end_ns: u64,
        leased_until_ns: impl Fn(&str, u32) -> u64,
    ) -> Option<UserPresence> {
        let (newest, load) = self.newest();
        let mut all = None;
        for workflow in &load.workflows {
            let LoadModel::Closed(closed) = &workflow.model else {
                continue;
            };
            if closed.quota != Quota::Unlimited {
                continue;
            }
            let all: &mut UserPresence = all.get_or_insert_default();
            for seat in (0..).take(newest.seats.len()) {
                let Some(seated) = newest.of_seat(seat) else {
                    continue;
                };
                let held = self.held(seat, &leased_until_ns);
                for (_, came_ns, left_ns) in seated.presence(load, closed) {
                    let left_ns = left_ns.min(end_ns);
                    let planned_ns = left_ns.saturating_sub(came_ns);
                    let there = held.iter().map(|(from_ns, until_ns)| {
                        left_ns.min(*until_ns).saturating_sub(came_ns.max(*from_ns))
                    });
                    all.planned_ns += planned_ns;
                    all.missing_ns += planned_ns.saturating_sub(there.sum());
                }
            }
        }
        all
    }

    /// When somebody with a lease had a seat: spans in order, none of which overlap.
    fn held(&self, seat: u32, leased_until_ns: impl Fn(&str, u32) -> u64) -> Vec<(u64, u64)> {
        let holders = self.periods().filter_map(|(revision, _, next_ns)| {
            let holder = revision.members.iter().find(|member| member.seat == seat)?;
            let until_ns = next_ns.min(leased_until_ns(&holder.agent, revision.number));
            Some((revision.cut_ns, until_ns))
        });
        holders.filter(|(from_ns, until_ns)| from_ns < until_ns).collect()
    }
}
