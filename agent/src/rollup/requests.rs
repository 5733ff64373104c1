//! Requests by second and identity.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use heavy_load::window::Window;
use heavy_plugin::line::RequestLine;
use heavy_plugin::name::push_default_name;
use heavy_results::stats;

use super::names::{EMPTY, NameTable, OTHERS, Symbol};
use super::protocols::Protocols;
use super::recorder::BatchedRecorder;
use super::saved::SavedIdentities;

/// Limit of distinct request identities in one job.
const MAX_IDENTITIES: usize = 1000;

/// Rows of one batch; a load test that makes more (by inventing status codes, say) gets them merged.
const MAX_ROWS: usize = 20_000;

/// URLs whose default names are remembered.
const MAX_REMEMBERED: usize = 4096;

/// Longer URLs get their default names computed each time.
const MAX_REMEMBERED_BYTES: usize = 1 << 10;

/// The tables of texts that requests, iterations and rows share.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) workflows: NameTable,
    pub(crate) steps: NameTable,
    pub(crate) methods: NameTable,
    pub(crate) names: NameTable,
    pub(crate) kinds: NameTable,
    pub(crate) protocols: Protocols,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            workflows: NameTable::new(64),
            steps: NameTable::new(1000),
            methods: NameTable::new(64),
            names: NameTable::new(MAX_IDENTITIES),
            kinds: NameTable::new(200),
            protocols: Protocols::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestIdentity {
    pub(crate) workflow: Symbol,
    pub(crate) step: Symbol,
    pub(crate) method: Symbol,
    pub(crate) name: Symbol,
    pub(crate) protocol: Symbol,
}

/// What a request counts as, and how it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestClass {
    pub(crate) identity: RequestIdentity,
    pub(crate) kind: Symbol,
    pub(crate) status: u16,
    pub(crate) failed: bool,
}

#[derive(Debug, Default)]
struct RequestTally {
    bytes: u64,
    duration: BatchedRecorder,
    phases_ns: [u64; 7],
}

/// The second in which a request ended, and the window in which it started.
pub(crate) type At = (u32, Window);

/// Requests since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct RequestTallies {
    rows: HashMap<(At, RequestClass), RequestTally, RandomState>,
    identities: HashSet<RequestIdentity, RandomState>,
    default_names: HashMap<Box<str>, Symbol, RandomState>,
    scratch: String,
    /// Requests whose identity was one too many.
    others: u64,
}

impl RequestTallies {
    pub(crate) fn add(&mut self, line: &RequestLine<'_>, at: At, tables: &mut Tables) -> RequestClass {
        let class = self.class(line, tables);
        let key = (at, class);
        let sums = match self.rows.get_mut(&key) {
            Some(sums) => sums,
            None => {
                let key = self.bounded(key);
                self.rows.entry(key).or_default()
            }
        };
        sums.bytes = sums.bytes.saturating_add(line.size);
        sums.duration.record(line.duration_ns);
        if let Some(phases) = &line.phases {
            for (sum, value) in sums.phases_ns.iter_mut().zip(phases.to_array()) {
                *sum = sum.saturating_add(value);
            }
        }
        class
    }

    pub(crate) fn take(&mut self, tables: &Tables) -> Vec<stats::Requests> {
        let rows = self.rows.drain();
        rows.map(|(((second, window), class), sums)| stats::Requests {
            second,
            window,
            workflow: Arc::clone(tables.workflows.text(class.identity.workflow)),
            step: Arc::clone(tables.steps.text(class.identity.step)),
            method: Arc::clone(tables.methods.text(class.identity.method)),
            name: Arc::clone(tables.names.text(class.identity.name)),
            protocol: tables.protocols.text(class.identity.protocol),
            status: class.status,
            error_kind: Arc::clone(tables.kinds.text(class.kind)),
            failed: class.failed,
            bytes: sums.bytes,
            duration: sums.duration.finish(),
            phases_ns: sums.phases_ns,
        })
        .collect()
    }

    pub(crate) fn save(&self) -> SavedIdentities {
        let symbols = |of: &RequestIdentity| [of.workflow, of.step, of.method, of.name, of.protocol];
        SavedIdentities {
            symbols: self.identities.iter().flat_map(symbols).collect(),
            others: self.others,
        }
    }

    pub(crate) fn restore(&mut self, saved: SavedIdentities) {
        let (symbols, _) = saved.symbols.as_chunks();
        let identities = symbols
            .iter()
            .map(|[workflow, step, method, name, protocol]| RequestIdentity {
                workflow: *workflow,
                step: *step,
                method: *method,
                name: *name,
                protocol: *protocol,
            });
        self.identities = identities.collect();
        self.others = saved.others;
    }

    #[cfg(test)]
    const fn others(&self) -> u64 {
        self.others
    }

    fn class(&mut self, line: &RequestLine<'_>, tables: &mut Tables) -> RequestClass {
        let failed = line.is_failed();
        let kind = if failed {
            tables.kinds.symbol(line.failure_kind())
        } else {
            EMPTY
        };
        let name = if line.name.is_empty() {
            self.default_name(line, tables)
        } else {
            tables.names.symbol(&line.name)
        };
        let identity = RequestIdentity {
            workflow: tables.workflows.symbol(&line.workflow),
            step: tables.steps.symbol(&line.step),
            method: tables.methods.symbol(&line.method),
            name,
            protocol: tables.protocols.symbol(&line.proto),
        };
        RequestClass {
            identity: self.known(identity),
            kind,
            status: line.status,
            failed,
        }
    }

    /// The identity itself while there is room for it, else the one of the others.
    fn known(&mut self, identity: RequestIdentity) -> RequestIdentity {
        if identity.name != OTHERS {
            if self.identities.contains(&identity) {
                return identity;
            }
            if self.identities.len() < MAX_IDENTITIES {
                self.identities.insert(identity);
                return identity;
            }
        }
        if self.others == 0 {
            tracing::warn!(
                limit = MAX_IDENTITIES,
                "too many request identities: the rest count as (other); name the requests"
            );
        }
        self.others += 1;
        RequestIdentity {
            step: EMPTY,
            method: EMPTY,
            name: OTHERS,
            ..identity
        }
    }

    fn bounded(&self, (at, class): (At, RequestClass)) -> (At, RequestClass) {
        if self.rows.len() < MAX_ROWS {
            return (at, class);
        }
        let identity = RequestIdentity {
            workflow: EMPTY,
            step: EMPTY,
            method: EMPTY,
            name: OTHERS,
            protocol: class.identity.protocol,
        };
        let merged = RequestClass {
            identity,
            kind: if class.failed { OTHERS } else { EMPTY },
            status: 0,
            failed: class.failed,
        };
        (at, merged)
    }

    fn default_name(&mut self, line: &RequestLine<'_>, tables: &mut Tables) -> Symbol {
        // The method is part of the name, and nearly always the same for one URL.
        self.scratch.clear();
        self.scratch.push_str(&line.method);
        self.scratch.push(' ');
        self.scratch.push_str(&line.url);
        if let Some(symbol) = self.default_names.get(self.scratch.as_str()) {
            return *symbol;
        }
        let mut name = String::new();
        push_default_name(&line.method, &line.url, &mut name);
        let symbol = tables.names.symbol(&name);
        if self.scratch.len() > MAX_REMEMBERED_BYTES {
            self.scratch = String::new();
            return symbol;
        }
        if self.default_names.len() >= MAX_REMEMBERED {
            self.default_names.clear();
        }
        self.default_names.insert(self.scratch.as_str().into(), symbol);
        symbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(url: &str, status: u16) -> RequestLine<'_> {
        RequestLine {
            method: "GET".into(),
            url: url.into(),
            status,
            duration_ns: 1000,
            size: 12,
            ..RequestLine::default()
        }
    }

    #[test]
    fn requests_are_told_apart_by_identity_and_outcome() {
        let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
        for (url, status) in [
            ("http://h/items/1", 200),
            ("http://h/items/2", 200),
            ("http://h/items/2", 500),
        ] {
            table.add(&line(url, status), (7, Window::Steady), &mut tables);
        }
        let mut rows = table.take(&tables);
        rows.sort_by_key(|row| row.status);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].name.as_ref(), "GET /items/{id}");
        assert_eq!(
            (rows[0].duration.count(), rows[0].bytes, rows[0].failed),
            (2, 24, false)
        );
        assert_eq!((rows[1].error_kind.as_ref(), rows[1].failed), ("status", true));
        assert!(table.take(&tables).is_empty());
    }

    #[test]
    fn exchanges_of_two_protocols_with_one_name_are_told_apart() {
        let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
        for proto in ["HTTP/1.1", "h2", "", "WebSocket", "websocket"] {
            let line = RequestLine {
                proto: proto.into(),
                ..line("http://h/a", 200)
            };
            table.add(&line, (7, Window::Steady), &mut tables);
        }
        let mut rows = table.take(&tables);
        rows.sort_by(|a, b| a.protocol.cmp(&b.protocol));
        let counts: Vec<_> = rows
            .iter()
            .map(|row| (&*row.protocol, row.duration.count()))
            .collect();
        assert_eq!(counts, [("http", 3), ("websocket", 2)]);
    }

    #[test]
    fn identities_are_bounded() {
        let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
        for n in 0..MAX_IDENTITIES + 50 {
            let letter = |place: usize| char::from(b'k' + (n / 10_usize.pow(place as u32) % 10) as u8);
            let page: String = (0..4).map(letter).collect();
            let url = format!("http://h/page-{page}");
            table.add(&line(&url, 200), (0, Window::Steady), &mut tables);
        }
        assert_eq!(table.others(), 50);
        let rows = table.take(&tables);
        assert!(rows.len() <= MAX_IDENTITIES + 1);
        let count: u64 = rows.iter().map(|row| row.duration.count()).sum();
        assert_eq!(count, MAX_IDENTITIES as u64 + 50);
    }

    #[test]
    fn long_urls_are_not_remembered() {
        let (mut table, mut tables) = (RequestTallies::default(), Tables::default());
        table.add(&line("http://h/a", 200), (0, Window::Steady), &mut tables);
        let long = format!("http://h/a?q={}", "x".repeat(MAX_REMEMBERED_BYTES));
        table.add(&line(&long, 200), (0, Window::Steady), &mut tables);
        assert_eq!((table.default_names.len(), table.take(&tables).len()), (1, 1));
    }
}
