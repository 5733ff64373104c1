//! What the load tests of a job finished writing: all their ledgers, by the keys under which the store must hold it.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;

use heavy_plugin::line::Line;

use crate::expected::{iteration_key, request_key};
use crate::ledger::{EXTENSION, LedgerContent, LedgerHead};
use crate::{REAL_REQUEST, result};

/// One line of a ledger.
#[derive(Debug)]
pub(crate) struct WrittenLine {
    ledger: usize,
    bytes: Range<usize>,
    /// Whether the write returned; else the line may be stored or not.
    pub(crate) finished: bool,
    pub(crate) is_iteration: bool,
    /// How often it was found in the store.
    pub(crate) stored: u32,
}

/// All lines of a job.
#[derive(Debug, Default)]
pub(crate) struct WrittenLines {
    ledgers: Vec<(LedgerHead, Vec<u8>)>,
    pub(crate) lines: HashMap<Box<str>, WrittenLine>,
    /// Requests whose writes returned.
    pub(crate) requests: u64,
    /// Iterations whose writes returned.
    pub(crate) iterations: u64,
    /// Of the requests, those that the target answered.
    pub(crate) answered: u64,
    /// Lines of writes that may have happened.
    pub(crate) unknown: u64,
    /// Iterations that were run by more than one process, or twice by one.
    pub(crate) run_twice: u64,
    /// What is wrong with the ledgers themselves.
    pub(crate) wrong: Vec<String>,
    numbers: BTreeSet<u64>,
}

impl WrittenLines {
    /// Reads all ledgers of a job's directory.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn read(dir: &Path) -> io::Result<Self> {
        let mut written = Self::default();
        let mut paths: Vec<_> = std::fs::read_dir(dir)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.sort();
        for path in paths {
            if path.extension().is_some_and(|extension| extension == EXTENSION)
                && let Some(content) = LedgerContent::read(&path)?
            {
                written.add(content);
            }
        }
        Ok(written)
    }

    /// The bytes of a line, and who wrote it.
    pub(crate) fn line(&self, key: &str) -> Option<(&[u8], &LedgerHead)> {
        let line = self.lines.get(key)?;
        let (head, bytes) = &self.ledgers[line.ledger];
        Some((&bytes[line.bytes.clone()], head))
    }

    /// How many ledgers there are: processes of the load test.
    pub(crate) fn processes(&self) -> usize {
        self.ledgers.len()
    }

    fn add(&mut self, content: LedgerContent) {
        let finished = content.written.len();
        let mut all = content.written;
        all.extend_from_slice(&content.unknown);
        let mut start = 0;
        for line in all.split_inclusive(|byte| *byte == b'\n') {
            let bytes = start..start + line.len();
            start = bytes.end;
            self.add_line(line, bytes.clone(), bytes.end <= finished, &content.head.stream);
        }
        self.ledgers.push((content.head, all));
    }

    fn add_line(&mut self, text: &[u8], bytes: Range<usize>, finished: bool, stream: &str) {
        let (key, is_iteration) = match Line::decode(text.trim_ascii_end()) {
            Ok(Line::Request(line)) => {
                self.requests += u64::from(finished);
                let is_answered = line.name == REAL_REQUEST && line.status != 0;
                self.answered += u64::from(finished && is_answered);
                self.check_purity(&line, stream);
                (request_key(&line.request_id).into_owned(), false)
            }
            Ok(Line::Iteration(line)) => {
                if finished {
                    self.iterations += 1;
                    self.run_twice += u64::from(!self.numbers.insert(line.iteration));
                }
                (
                    iteration_key(&line.iteration.to_string(), &line.sequence_id),
                    true,
                )
            }
            // Drops, metrics and log lines have no rows.
            _ => return,
        };
        self.unknown += u64::from(!finished);
        let line = WrittenLine {
            ledger: self.ledgers.len(),
            bytes,
            finished,
            is_iteration,
            stored: 0,
        };
        if self.lines.insert(key.as_str().into(), line).is_some() {
            self.wrong.push(format!("the load test wrote {key} twice"));
        }
    }

    /// A result that reached the ledger must be the one that follows from its id: else the SDK altered it.
    fn check_purity(&mut self, line: &heavy_plugin::line::RequestLine<'_>, stream: &str) {
        let Some((of, k)) = result::parse_id(&line.request_id) else {
            return;
        };
        let pure = heavy_plugin::line::RequestLine {
            sequence_id: line.sequence_id.clone(),
            workflow: line.workflow.clone(),
            user_id: line.user_id.clone(),
            iteration: line.iteration,
            started_ns: line.started_ns,
            ..result::result(of, k)
        };
        if of != stream || pure != *line {
            self.wrong.push(format!("the SDK altered {}", line.request_id));
        }
    }
}
