//! The agents of one job: their seats, and which share of the load each has had. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use heavy_load::load::{Load, LoadModel};
use heavy_load::revision::{LoadTimeline, Member, Revision, UserPresence};
use heavy_results::job::JobSpec;

#[derive(Debug, Clone)]
pub(crate) struct Team {
    timeline: LoadTimeline,
    /// All agents that ever had an assignment, with weight and seat.
    known: BTreeMap<String, (u32, u32)>,
    present: Vec<Member>,
    /// Agents that have a seat and have not entered yet.
    joining: BTreeSet<String>,
    newest: Arc<Revision>,
    /// Whether users or data belong to seats, so that an agent can join only on a free one.
    pub(super) bound: bool,
}

impl Team {
    /// The team that a job begins with, with the weights of its agents.
    pub(crate) fn new(spec: &JobSpec, agents: impl IntoIterator<Item = (String, u32)>) -> Self {
        let load = spec.load();
        let first = Revision::first(&load, agents);
        let present = first.members.clone();
        let users = load
            .workflows
            .iter()
            .any(|workflow| matches!(workflow.model, LoadModel::Closed(_)));
        Self {
            newest: Arc::new(first.clone()),
            joining: BTreeSet::new(),
            timeline: LoadTimeline::new(load, first),
            known: present
                .iter()
                .map(|member| (member.agent.clone(), (member.weight, member.seat)))
                .collect(),
            present,
            bound: users || spec.execution.unique_users.is_some(),
        }
    }

    /// All agents that ever took part, by name.
    pub(crate) fn known(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub(crate) const fn revision(&self) -> &Arc<Revision> {
        &self.newest
    }

    /// The agents that take part now.
    pub(crate) fn present(&self) -> Vec<String> {
        self.newest
            .members
            .iter()
            .map(|member| member.agent.clone())
            .collect()
    }

    /// The load as it is planned now.
    pub(crate) fn load(&self) -> &Load {
        self.timeline.load()
    }

    /// How many more may join a job that asked for `asked` agents, or for all there are.
    pub(crate) fn room(&self, asked: Option<u32>) -> usize {
        let present = self.present.len() + self.joining.len();
        let wanted = match asked {
            _ if self.bound => self.revision().seats.len(),
            Some(asked) => asked as usize,
            None => usize::MAX,
        };
        wanted.saturating_sub(present)
    }

    /// Reserves a seat for an agent that is to join: a free one if seats are bound, else a new one.
    pub(crate) fn seat(&mut self, agent: &str, weight: u32) -> Option<u32> {
        let joining = self.joining.iter().map(|agent| self.seat_of(agent));
        let present = self.present.iter().map(|member| member.seat);
        let taken: BTreeSet<u32> = present.chain(joining).collect();
        let seats = u32::try_from(self.revision().seats.len()).unwrap_or(u32::MAX);
        let seat = if self.bound {
            (0..seats).find(|seat| !taken.contains(seat))?
        } else {
            let highest = self.known.values().map(|(_, seat)| seat + 1).max();
            highest.unwrap_or(0).max(seats)
        };
        self.known.insert(agent.to_owned(), (weight, seat));
        self.joining.insert(agent.to_owned());
        Some(seat)
    }

    /// The seat of an agent that is or was in the team; 0 for another.
    pub(crate) fn seat_of(&self, agent: &str) -> u32 {
        self.known.get(agent).map_or(0, |(_, seat)| *seat)
    }

    /// An agent takes its seat; false if it has it already, or none.
    pub(crate) fn enter(&mut self, agent: &str) -> bool {
        let Some((weight, seat)) = self.known.get(agent).copied() else {
            return false;
        };
        if self.present.iter().any(|member| member.agent == agent) {
            return false;
        }
        self.joining.remove(agent);
        self.present.push(Member {
            agent: agent.to_owned(),
            weight,
            seat,
        });
        true
    }

    /// An agent gives up the seat that was reserved for it.
    pub(crate) fn turn_away(&mut self, agent: &str) {
        self.joining.remove(agent);
    }

    /// An agent leaves; false if it had left.
    pub(crate) fn leave(&mut self, agent: &str) -> bool {
        let before = self.present.len();
        self.present.retain(|member| member.agent != agent);
        self.present.len() < before
    }

    /// Makes a revision with the agents that are present, and with another load if there is one.
    pub(crate) fn revise(&mut self, cut_ns: u64, changed: Option<&Load>) {
        let (newest, load) = self.timeline.newest();
        let next = newest.next(load, cut_ns, self.present.clone(), changed.unwrap_or(load));
        self.newest = Arc::new(next.clone());
        self.timeline.push(next);
    }

    /// How many iterations are planned for each agent.
    pub(crate) fn shares(&self) -> Vec<(String, u64)> {
        let share = |agent: &String| (agent.clone(), self.timeline.planned(agent));
        self.known.keys().map(share).collect()
    }

    /// As [`Self::due_of`], of every agent.
    #[cfg(test)]
    pub(crate) fn due(&self, until_ns: u64, only: &str) -> Vec<(String, Vec<(String, u64)>)> {
        let of = |agent: &String| (agent.clone(), self.due_of(agent, until_ns, only));
        self.known.keys().map(of).collect()
    }

    /// As [`LoadTimeline::user_presence`].
    pub(crate) fn user_presence(
        &self,
        end_ns: u64,
        leased_until_ns: impl Fn(&str) -> u64,
    ) -> Option<UserPresence> {
        self.timeline.user_presence(end_ns, leased_until_ns)
    }

    /// The iterations of open workflows that were due for an agent up to an instant, by workflow; `only` is the name of the
    /// load test's only workflow, which documents need not name.
    pub(crate) fn due_of(&self, agent: &str, until_ns: u64, only: &str) -> Vec<(String, u64)> {
        let workflows = self.load().workflows.iter();
        let names = workflows.map(|workflow| match workflow.workflow.as_str() {
            "" => only.to_owned(),
            name => name.to_owned(),
        });
        names.zip(self.timeline.due(agent, until_ns)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(rest: &str) -> Team {
        let text = format!(r#"{{"binary_sha256":"{}",{rest}}}"#, "a".repeat(64));
        let spec = JobSpec::parse(&text).unwrap();
        Team::new(&spec, [("a".to_owned(), 1), ("b".to_owned(), 1)])
    }

    #[test]
    fn anybody_may_join_an_open_job() {
        let mut team = team(r#""rate":"100","duration":"4s""#);
        assert_eq!(
            (team.room(Some(2)), team.room(Some(3)), team.room(None) > 100),
            (0, 1, true)
        );
        assert_eq!(team.seat("c", 2), Some(2));
        assert!(team.enter("c") && !team.enter("c") && !team.enter("x"));
        team.revise(2_000_000_000, None);
        assert!(team.leave("a") && !team.leave("a"));
        team.revise(3_000_000_000, None);
        let shares: Vec<u64> = team.shares().into_iter().map(|(_, share)| share).collect();
        assert_eq!(shares.iter().sum::<u64>(), 400);
        assert_eq!((shares[0], shares[1] > 150), (125, true));
        let due = team.due(u64::MAX, "w");
        assert_eq!(due[0], ("a".to_owned(), vec![("w".to_owned(), 125)]));
    }

    #[test]
    fn shared_iterations_go_where_users_are() {
        for (load, shares) in [
            (r#""iterations":11"#, [11, 0]),
            (r#""iterations":11,"users":2"#, [6, 5]),
            (r#""iterations":11,"users":3"#, [7, 4]),
            (r#""iterations":1,"users":3"#, [1, 0]),
        ] {
            let planned: Vec<u64> = team(load).shares().into_iter().map(|(_, share)| share).collect();
            assert_eq!(planned, shares, "{load}");
        }
    }

    #[test]
    fn users_have_seats_that_only_one_can_have() {
        let mut team = team(r#""users":10,"duration":"4s""#);
        assert_eq!((team.room(None), team.seat("c", 1)), (0, None));
        team.leave("a");
        assert_eq!((team.room(None), team.seat("c", 1)), (1, Some(0)));
        assert!(team.enter("c"));
        assert_eq!(team.room(None), 0);
    }
}
