//! Status codes by class.

use std::collections::BTreeMap;

use heavy_results::summary::{RequestSummary, RequestTotals};

use crate::units::count;

/// The classes from `1xx` to `5xx`, in this order.
pub(crate) const CLASSES: [u16; 5] = [1, 2, 3, 4, 5];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusClass {
    /// `2xx`, or `no answer`.
    pub(crate) name: String,
    /// The first digit; 0 for no answer.
    pub(crate) number: u16,
    pub(crate) total: u64,
    /// `200: 1,390, 201: 10`; empty for no answer.
    pub(crate) codes: String,
}

/// The classes that occur, ascending; no answer comes first.
pub(crate) fn by_class(statuses: &BTreeMap<u16, u64>) -> Vec<StatusClass> {
    let mut classes: BTreeMap<u16, Vec<(u16, u64)>> = BTreeMap::new();
    for (status, n) in statuses {
        classes.entry(status / 100).or_default().push((*status, *n));
    }
    classes
        .into_iter()
        .map(|(number, codes)| {
            let total = codes.iter().map(|(_, n)| n).sum();
            let name = class_name(number);
            let codes = codes
                .iter()
                .filter(|(status, _)| *status > 0)
                .map(|(status, n)| format!("{status}: {}", count(*n)));
            StatusClass {
                name,
                number,
                total,
                codes: codes.collect::<Vec<_>>().join(", "),
            }
        })
        .collect()
}

/// `2xx`; of 0, `no answer`.
pub(crate) fn class_name(number: u16) -> String {
    if number == 0 {
        "no answer".to_owned()
    } else {
        format!("{number}xx")
    }
}

/// How many requests had a status of a class; 0: no answer.
pub(crate) fn of_class(statuses: &BTreeMap<u16, u64>, class: u16) -> u64 {
    statuses
        .iter()
        .filter(|(status, _)| **status / 100 == class)
        .map(|(_, n)| n)
        .sum()
}

/// The statuses of a request: `200: 1,390, 404: 10, no answer: 3`. Only over HTTP does a status of 0 mean no answer.
pub(crate) fn of_request(request: &RequestSummary) -> String {
    listed(&request.status_counts, request.is_http())
}

/// The HTTP statuses of several requests.
pub(crate) fn in_words(statuses: &BTreeMap<u16, u64>) -> String {
    listed(statuses, true)
}

/// A hint for whoever sees only redirects: where nothing follows them, the load never reaches what was meant.
pub(crate) fn redirects(requests: &RequestTotals) -> Option<String> {
    const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];
    let counts = &requests.status_counts;
    let is_redirect = |status: &u16| REDIRECTS.contains(status);
    let all: u64 = counts.values().sum();
    (all > 0 && counts.keys().all(is_redirect)).then(|| {
        format!(
            "every HTTP answer was a redirect ({}): add --follow to `heavy run URL`, or `.follow(5)` to a request of a load \
             test",
            in_words(counts)
        )
    })
}

fn listed(statuses: &BTreeMap<u16, u64>, http: bool) -> String {
    let code = |status: u16| {
        if status == 0 && http {
            "no answer".to_owned()
        } else {
            status.to_string()
        }
    };
    let parts: Vec<String> = statuses
        .iter()
        .map(|(status, n)| format!("{}: {}", code(*status), count(*n)))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_gathered_by_class() {
        let statuses = BTreeMap::from([(0, 3), (200, 1_390), (201, 10), (404, 1), (777, 2)]);
        let classes = by_class(&statuses);
        let shown: Vec<_> = classes
            .iter()
            .map(|class| (class.name.as_str(), class.total, class.codes.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("no answer", 3, ""),
                ("2xx", 1_400, "200: 1,390, 201: 10"),
                ("4xx", 1, "404: 1"),
                ("7xx", 2, "777: 2")
            ]
        );
        assert_eq!((of_class(&statuses, 2), of_class(&statuses, 5)), (1_400, 0));
        assert_eq!(
            in_words(&BTreeMap::from([(0, 3), (200, 1_390)])),
            "no answer: 3, 200: 1,390"
        );
        assert_eq!(listed(&BTreeMap::from([(0, 3), (14, 1)]), false), "0: 3, 14: 1");
    }

    #[test]
    fn redirects_alone_are_hinted_at() {
        let hint = |statuses: &[(u16, u64)]| {
            redirects(&RequestTotals {
                status_counts: statuses.iter().copied().collect(),
                ..RequestTotals::default()
            })
        };
        assert!(hint(&[(301, 7), (302, 3)]).unwrap().contains("301: 7, 302: 3"));
        for others in [&[][..], &[(302, 3), (200, 1)], &[(304, 5)]] {
            assert_eq!(hint(others), None);
        }
    }
}
