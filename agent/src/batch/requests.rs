//! Columns of requests, as in `RequestRows` of collector.proto.

use heavy_plugin::line::RequestLine;

use super::Keep;
use super::dictionary::{BatchDictionary, SymbolTable};
use super::wire::{PackedColumns, Part, TextColumn};
use crate::rollup::names::NameTable;
use crate::rollup::redact;
use crate::rollup::requests::{RequestClass, Tables};

/// Fields of `RequestRows` by their numbers.
#[derive(Debug, Clone, Copy)]
enum RequestField {
    Workflow = 1,
    Step,
    Name,
    Method,
    Url,
    Status,
    Failed,
    Error,
    ErrorKind,
    Size,
    Started,
    Duration,
    /// The first of seven phases.
    Phases,
    Reused = 20,
    SequenceId = 22,
    RequestId,
    Iteration,
    UserId,
    Proto,
    Tags,
    Window,
    RemoteAddr,
}

/// The columns of requests that are not texts of their own.
type PackedRequests = PackedColumns<{ RequestField::RemoteAddr as usize + 1 }>;

#[derive(Debug, Default)]
pub(crate) struct RequestEncoder {
    count: u64,
    packed: PackedRequests,
    sequence_id: TextColumn,
    request_id: TextColumn,
}

impl RequestEncoder {
    pub(crate) fn push(
        &mut self,
        line: &RequestLine<'_>,
        class: &RequestClass,
        started_ns: i64,
        keep: &Keep,
        tables: &Tables,
        dictionary: &mut BatchDictionary,
    ) {
        self.count += 1;
        let mut put = |field: RequestField, number| self.packed.push(field as usize, number);
        let identity = &class.identity;
        let mut symbol = |table, symbol, names: &NameTable| {
            u64::from(dictionary.symbol(table, symbol, names.text(symbol)))
        };
        let workflow = symbol(SymbolTable::Workflow, identity.workflow, &tables.workflows);
        put(RequestField::Workflow, workflow);
        put(
            RequestField::Step,
            symbol(SymbolTable::Step, identity.step, &tables.steps),
        );
        put(
            RequestField::Name,
            symbol(SymbolTable::Name, identity.name, &tables.names),
        );
        let method = symbol(SymbolTable::Method, identity.method, &tables.methods);
        put(RequestField::Method, method);
        put(
            RequestField::ErrorKind,
            symbol(SymbolTable::Kind, class.kind, &tables.kinds),
        );
        let mut text = |text: &str| u64::from(dictionary.text(text));
        put(RequestField::Url, text(&redact::url(&line.url, keep.keep_query)));
        let error = line
            .error
            .as_deref()
            .map_or(0, |error| text(&redact::text(error, keep.keep_query)));
        put(RequestField::Error, error);
        put(RequestField::UserId, text(super::id(&line.user_id)));
        put(RequestField::Proto, text(super::id(&line.proto)));
        put(RequestField::RemoteAddr, text(super::id(&line.remote_addr)));
        // Half a JSON object is useless.
        let tags = Some(&*line.tags).filter(|tags| tags.len() <= redact::MAX_TEXT_BYTES);
        put(RequestField::Tags, text(tags.unwrap_or_default()));
        put(RequestField::Status, u64::from(line.status));
        put(RequestField::Failed, u64::from(class.failed));
        put(RequestField::Size, line.size);
        put(RequestField::Duration, line.duration_ns);
        put(RequestField::Reused, line.reused.map_or(2, u64::from));
        put(RequestField::Window, keep.window(started_ns));
        put(
            RequestField::Iteration,
            line.iteration.map_or(0, |n| n.saturating_add(1)),
        );
        let phases = line.phases.unwrap_or_default().to_array();
        for (field, value) in (RequestField::Phases as usize..).zip(phases) {
            self.packed.push(field, value);
        }
        self.packed
            .push_signed(RequestField::Started as usize, started_ns);
        self.sequence_id
            .push(RequestField::SequenceId as u32, super::id(&line.sequence_id));
        self.request_id
            .push(RequestField::RequestId as u32, super::id(&line.request_id));
    }

    pub(crate) const fn len(&self) -> u64 {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        // The other columns are small beside these, and bounded by the number of rows.
        let durations = self.packed.bytes(RequestField::Duration as usize);
        self.sequence_id.len() + self.request_id.len() + 20 * durations
    }

    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let texts = [self.sequence_id.part(), self.request_id.part()];
        self.packed.parts().chain(texts).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.packed.clear();
        self.sequence_id.clear();
        self.request_id.clear();
    }
}
