//! Columns of requests, as in `RequestRows` of collector.proto.

use heavy_plugin::line::RequestLine;

use super::Keep;
use super::dictionary::{Dictionary, Table};
use super::wire::{Numbers, Part, Texts};
use crate::rollup::redact;
use crate::rollup::requests::{Class, Tables};

const SEQUENCE_ID: u32 = 22;
const REQUEST_ID: u32 = 23;

#[derive(Debug, Default)]
pub(crate) struct RequestColumns {
    count: u64,
    workflow: Numbers,
    step: Numbers,
    name: Numbers,
    method: Numbers,
    url: Numbers,
    status: Numbers,
    failed: Numbers,
    error: Numbers,
    error_kind: Numbers,
    size: Numbers,
    started: Numbers,
    duration: Numbers,
    phases: [Numbers; 7],
    reused: Numbers,
    window: Numbers,
    sequence_id: Texts,
    request_id: Texts,
    iteration: Numbers,
    user_id: Numbers,
    proto: Numbers,
    tags: Numbers,
}

impl RequestColumns {
    pub(crate) fn push(
        &mut self,
        line: &RequestLine<'_>,
        class: &Class,
        started_ns: i64,
        keep: &Keep,
        tables: &Tables,
        dictionary: &mut Dictionary,
    ) {
        self.count += 1;
        let identity = &class.identity;
        let mut symbol = |table, symbol, names: &crate::rollup::names::Names| {
            u64::from(dictionary.symbol(table, symbol, names.text(symbol)))
        };
        self.workflow
            .push(symbol(Table::Workflow, identity.workflow, &tables.workflows));
        self.step.push(symbol(Table::Step, identity.step, &tables.steps));
        self.name.push(symbol(Table::Name, identity.name, &tables.names));
        self.method
            .push(symbol(Table::Method, identity.method, &tables.methods));
        self.error_kind
            .push(symbol(Table::Kind, class.kind, &tables.kinds));
        let mut text = |text: &str| u64::from(dictionary.text(text));
        self.url.push(text(&redact::url(&line.url, keep.keep_query)));
        self.error.push(match &line.error {
            Some(error) => text(&super::message(error, keep.keep_query)),
            None => 0,
        });
        self.user_id.push(text(super::id(&line.user_id)));
        self.proto.push(text(super::id(&line.proto)));
        // Half an object is none.
        let tags = Some(&*line.tags).filter(|tags| tags.len() <= redact::MAX_TEXT_BYTES);
        self.tags.push(text(tags.unwrap_or_default()));
        self.numbers(line, class, started_ns, keep);
        self.sequence_id.push(SEQUENCE_ID, super::id(&line.sequence_id));
        self.request_id.push(REQUEST_ID, super::id(&line.request_id));
    }

    pub(crate) const fn len(&self) -> u64 {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        // The other columns are small beside these, and bounded by the number of rows.
        self.sequence_id.len() + self.request_id.len() + 20 * self.duration.len()
    }

    pub(crate) fn parts(&self) -> [Part<'_>; 27] {
        let [blocked, dns, connect, tls, send, wait, receive] = &self.phases;
        [
            self.workflow.part(1),
            self.step.part(2),
            self.name.part(3),
            self.method.part(4),
            self.url.part(5),
            self.status.part(6),
            self.failed.part(7),
            self.error.part(8),
            self.error_kind.part(9),
            self.size.part(10),
            self.started.part(11),
            self.duration.part(12),
            blocked.part(13),
            dns.part(14),
            connect.part(15),
            tls.part(16),
            send.part(17),
            wait.part(18),
            receive.part(19),
            self.reused.part(20),
            self.window.part(28),
            self.sequence_id.part(),
            self.request_id.part(),
            self.iteration.part(24),
            self.user_id.part(25),
            self.proto.part(26),
            self.tags.part(27),
        ]
    }

    /// Empties the columns and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        for column in [
            &mut self.workflow,
            &mut self.step,
            &mut self.name,
            &mut self.method,
            &mut self.url,
            &mut self.status,
            &mut self.failed,
            &mut self.error,
            &mut self.error_kind,
            &mut self.size,
            &mut self.started,
            &mut self.duration,
            &mut self.reused,
            &mut self.window,
            &mut self.iteration,
            &mut self.user_id,
            &mut self.proto,
            &mut self.tags,
        ] {
            column.clear();
        }
        self.phases.iter_mut().for_each(Numbers::clear);
        self.sequence_id.clear();
        self.request_id.clear();
    }

    fn numbers(&mut self, line: &RequestLine<'_>, class: &Class, started_ns: i64, keep: &Keep) {
        self.status.push(u64::from(line.status));
        self.failed.push(u64::from(class.failed));
        self.size.push(line.size);
        self.started.push_signed(started_ns);
        self.duration.push(line.duration_ns);
        let phases = line.phases.unwrap_or_default();
        for (column, value) in self.phases.iter_mut().zip(phases.to_array()) {
            column.push(value);
        }
        self.reused.push(line.reused.map_or(2, u64::from));
        self.window.push(keep.window(started_ns));
        self.iteration
            .push(line.iteration.map_or(0, |n| n.saturating_add(1)));
    }
}
