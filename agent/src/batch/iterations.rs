//! Columns of iterations, as in `IterationRows` of collector.proto.

use heavy_plugin::line::IterationLine;

use super::Keep;
use super::dictionary::{BatchDictionary, SymbolTable};
use super::wire::{PackedColumns, Part, TextColumn};
use crate::rollup::names::Symbol;
use crate::rollup::redact;
use crate::rollup::requests::Tables;

/// Fields of `IterationRows` by their numbers.
#[derive(Debug, Clone, Copy)]
enum IterationField {
    Workflow = 1,
    Iteration,
    UserId,
    SequenceId,
    Scheduled,
    Lag,
    SlotWait,
    Duration,
    Ok,
    Interrupted,
    Error,
    HasResponse = 13,
    Window,
    Think,
}

/// The columns of iterations that are not texts of their own.
type PackedIterations = PackedColumns<{ IterationField::Think as usize + 1 }>;

#[derive(Debug, Default)]
pub(crate) struct IterationEncoder {
    count: u64,
    packed: PackedIterations,
    sequence_id: TextColumn,
}

impl IterationEncoder {
    pub(crate) fn push(
        &mut self,
        line: &IterationLine<'_>,
        workflow: Symbol,
        (scheduled_ns, has_response): (i64, bool),
        keep: &Keep,
        tables: &Tables,
        dictionary: &mut BatchDictionary,
    ) {
        self.count += 1;
        let mut put = |field: IterationField, number| self.packed.push(field as usize, number);
        let mut text = |text: &str| u64::from(dictionary.text(text));
        put(IterationField::UserId, text(super::id(&line.user_id)));
        let error = line.error.as_deref();
        put(
            IterationField::Error,
            error.map_or(0, |error| text(&redact::text(error, false))),
        );
        let name = tables.workflows.text(workflow);
        let workflow = dictionary.symbol(SymbolTable::Workflow, workflow, name);
        put(IterationField::Workflow, u64::from(workflow));
        put(IterationField::Iteration, line.iteration);
        put(IterationField::Lag, line.lag_ns);
        put(IterationField::SlotWait, line.slot_wait_ns);
        put(IterationField::Duration, line.duration_ns);
        put(IterationField::Think, line.think_ns);
        put(IterationField::Ok, u64::from(line.ok && !line.interrupted));
        put(IterationField::Interrupted, u64::from(line.interrupted));
        put(IterationField::HasResponse, u64::from(has_response));
        put(IterationField::Window, keep.window(scheduled_ns));
        self.packed
            .push_signed(IterationField::Scheduled as usize, scheduled_ns);
        self.sequence_id
            .push(IterationField::SequenceId as u32, super::id(&line.sequence_id));
    }

    pub(crate) const fn len(&self) -> u64 {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        self.sequence_id.len() + 10 * self.packed.bytes(IterationField::Duration as usize)
    }

    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        self.packed.parts().chain([self.sequence_id.part()]).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.packed.clear();
        self.sequence_id.clear();
    }
}
