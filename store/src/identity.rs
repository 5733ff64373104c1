//! Identities of rows: the texts that many rows of a batch share, so that each row stores one number for them.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::Rows;
use crate::text::clean;

/// Agent, workflow, step, name, method and protocol, in this order. All texts are clean.
pub(crate) type Identity = [String; 6];

#[derive(Debug, Default)]
pub(crate) struct BatchIdentities {
    pub(crate) distinct: Vec<Identity>,
    /// For each request, its place in `distinct`.
    pub(crate) of_requests: Vec<u32>,
    /// For each iteration, its place in `distinct`.
    pub(crate) of_iterations: Vec<u32>,
}

pub(crate) fn of(agent: &str, rows: &Rows) -> BatchIdentities {
    let mut found = Finder {
        agent,
        dictionary: &rows.dictionary,
        places: HashMap::default(),
        newest: None,
        distinct: Vec::new(),
    };
    let requests = &rows.requests;
    let of_requests = (0..requests.workflow.len())
        .map(|row| {
            found.place([
                requests.workflow[row],
                requests.step[row],
                requests.name[row],
                requests.method[row],
                requests.proto[row],
            ])
        })
        .collect();
    let of_iterations = rows
        .iterations
        .workflow
        .iter()
        .map(|workflow| found.place([*workflow, 0, 0, 0, 0]))
        .collect();
    BatchIdentities {
        distinct: found.distinct,
        of_requests,
        of_iterations,
    }
}

struct Finder<'a> {
    agent: &'a str,
    dictionary: &'a [String],
    places: HashMap<[u32; 5], u32, FixedState>,
    newest: Option<([u32; 5], u32)>,
    distinct: Vec<Identity>,
}

impl Finder<'_> {
    fn place(&mut self, key: [u32; 5]) -> u32 {
        if let Some((newest, place)) = self.newest
            && newest == key
        {
            return place;
        }
        let place = if let Some(place) = self.places.get(&key) {
            *place
        } else {
            let text = |index: u32| clean(&self.dictionary[index as usize]).into_owned();
            let [workflow, step, name, method, protocol] = key.map(text);
            let agent = clean(self.agent).into_owned();
            let place = self.distinct.len() as u32;
            self.distinct
                .push([agent, workflow, step, name, method, protocol]);
            self.places.insert(key, place);
            place
        };
        self.newest = Some((key, place));
        place
    }
}
