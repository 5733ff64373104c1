//! What a job's driver tells others: events for later, progress for those who watch.

use heavy_results::stats;
use tokio::time::Instant;

use super::driver::Driver;
use super::event::{Event, Report};
use super::folder::Order;
use super::progress;

impl Driver {
    /// Puts what a person would want to know later among the job's events.
    pub(super) async fn note(&mut self, event: &Event) {
        let (kind, who, new_value) = match event {
            Event::Lost { agent, why } => ("agent-lost", agent.as_str(), why.as_str()),
            Event::Stop { now, who } => ("stop", who.as_str(), if *now { "now" } else { "graceful" }),
            Event::Broken { reason } => ("abort", "threshold", reason.as_str()),
            Event::Update {
                agent,
                report: Report::Failed { kind, .. },
            } => ("agent-failed", agent.as_str(), kind.as_str()),
            _ => return,
        };
        if kind == "agent-lost"
            && let Some(folding) = &self.folding
        {
            // As below.
            let _ = folding.orders.send(Order::Leave(who.to_owned())).await;
        }
        self.happened(kind, who, "", new_value).await;
    }

    /// Puts something among the job's events.
    pub(super) async fn happened(&self, kind: &str, who: &str, old_value: &str, new_value: &str) {
        let Some(folding) = &self.folding else { return };
        let at_ns = self.tools.clock.now_ns() as i64 - self.machine.start_ns().unwrap_or(0) as i64;
        let event = stats::Event {
            at_ns,
            kind: kind.to_owned(),
            who: who.to_owned(),
            old_value: old_value.to_owned(),
            new_value: new_value.to_owned(),
        };
        // The folder is gone when the job has all its results; nothing that happens then is of interest.
        let _ = folding.orders.send(Order::Note(event)).await;
    }

    pub(super) fn publish(&mut self) {
        self.published = Instant::now();
        let seen = self.folding.as_ref().map(|folding| folding.seen.borrow().clone());
        let elapsed_ns = self
            .machine
            .start_ns()
            .map_or(0, |start_ns| self.tools.clock.now_ns().saturating_sub(start_ns));
        let job = self.job.borrow().clone();
        let load = self
            .team
            .as_ref()
            .map_or_else(|| job.spec.load(), |team| team.load().clone());
        let progress = progress::of_live(&job, &load, &self.known(), elapsed_ns, seen.unwrap_or_default());
        self.progress.send_modify(|snapshot| snapshot.replace(progress));
    }
}
