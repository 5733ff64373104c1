//! Columns of iterations, as in `IterationRows` of collector.proto.

use heavy_plugin::line::IterationLine;

use super::dictionary::{Dictionary, Table};
use super::wire::{Numbers, Part, Texts};
use crate::rollup::names::Symbol;
use crate::rollup::requests::Tables;

const SEQUENCE_ID: u32 = 4;

#[derive(Debug, Default)]
pub(crate) struct IterationColumns {
    count: u64,
    workflow: Numbers,
    iteration: Numbers,
    user_id: Numbers,
    sequence_id: Texts,
    scheduled: Numbers,
    lag: Numbers,
    slot_wait: Numbers,
    duration: Numbers,
    ok: Numbers,
    interrupted: Numbers,
    error: Numbers,
    window: Numbers,
    has_response: Numbers,
}

/// When an iteration was scheduled, and what follows from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) scheduled_ns: i64,
    pub(super) has_response: bool,
    pub(super) window: u64,
}

impl IterationColumns {
    pub(crate) fn push(
        &mut self,
        line: &IterationLine<'_>,
        workflow: Symbol,
        timing: Timing,
        tables: &Tables,
        dictionary: &mut Dictionary,
    ) {
        self.count += 1;
        let name = tables.workflows.text(workflow);
        self.workflow
            .push(u64::from(dictionary.symbol(Table::Workflow, workflow, name)));
        self.iteration.push(line.iteration);
        self.user_id
            .push(u64::from(dictionary.text(super::id(&line.user_id))));
        self.sequence_id.push(SEQUENCE_ID, super::id(&line.sequence_id));
        self.scheduled.push_signed(timing.scheduled_ns);
        self.lag.push(line.lag_ns);
        self.slot_wait.push(line.slot_wait_ns);
        self.duration.push(line.duration_ns);
        self.ok.push(u64::from(line.ok && !line.interrupted));
        self.interrupted.push(u64::from(line.interrupted));
        self.error.push(match &line.error {
            Some(error) => u64::from(dictionary.text(&super::message(error, false))),
            None => 0,
        });
        self.window.push(timing.window);
        self.has_response.push(u64::from(timing.has_response));
    }

    pub(crate) const fn len(&self) -> u64 {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        self.sequence_id.len() + 10 * self.duration.len()
    }

    pub(crate) fn parts(&self) -> [Part<'_>; 13] {
        [
            self.workflow.part(1),
            self.iteration.part(2),
            self.user_id.part(3),
            self.sequence_id.part(),
            self.scheduled.part(5),
            self.lag.part(6),
            self.slot_wait.part(7),
            self.duration.part(8),
            self.ok.part(9),
            self.interrupted.part(10),
            self.error.part(11),
            self.window.part(14),
            self.has_response.part(13),
        ]
    }

    /// Empties the columns and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        for column in [
            &mut self.workflow,
            &mut self.iteration,
            &mut self.user_id,
            &mut self.scheduled,
            &mut self.lag,
            &mut self.slot_wait,
            &mut self.duration,
            &mut self.ok,
            &mut self.interrupted,
            &mut self.error,
            &mut self.window,
            &mut self.has_response,
        ] {
            column.clear();
        }
        self.sequence_id.clear();
    }
}
