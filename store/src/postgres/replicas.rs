//! Which server may take the place of another: one that surely has everything that was acknowledged. Pure.

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// The identifier that a server shares with its replicas.
    pub(super) system: String,
    /// Its `cluster_name`, by which it is known as a replica.
    pub(super) name: String,
    /// Its `synchronous_standby_names`.
    pub(super) confirming: String,
}

/// Whether `found` may follow `left`, out of so many servers; else why not.
///
/// It may if `left` acknowledged nothing before `found` had it. Where only some of several replicas have to confirm, nobody
/// knows which of them did.
pub(super) fn may_follow(left: &Standing, found: &Standing, servers: usize) -> Result<(), &'static str> {
    if left.system != found.system {
        return Err("it is not a replica of the server before it");
    }
    let (least, names) = confirming(&left.confirming);
    if names.is_empty() {
        return Err("the server before it had no synchronous replica (synchronous_standby_names is empty)");
    }
    let is_named = names.iter().any(|name| name.eq_ignore_ascii_case(&found.name));
    let is_only_one = servers == 2 && names == ["*"];
    if least < names.len() || !(is_named || is_only_one) {
        return Err(
            "the server before it did not wait for this replica (see synchronous_standby_names, and cluster_name here)",
        );
    }
    Ok(())
}

/// How many replicas have to confirm, and their names: `a, b` · `2 (a, b)` · `FIRST 2 (a, b)` · `ANY 2 (a, b)`.
fn confirming(setting: &str) -> (usize, Vec<String>) {
    let setting = setting.trim();
    let (head, list) = match setting.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        Some((head, list)) => (head, list),
        None => ("1", setting),
    };
    let least = head
        .split_whitespace()
        .last()
        .and_then(|least| least.parse().ok());
    let names = list
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    (least.unwrap_or(0), names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_replica_that_every_commit_waited_for_may_follow() {
        let standing = |system: &str, name: &str, confirming: &str| Standing {
            system: system.to_owned(),
            name: name.to_owned(),
            confirming: confirming.to_owned(),
        };
        for (confirming, name, servers, may) in [
            ("", "b", 2, false),
            ("b", "b", 2, true),
            ("\"B\"", "b", 2, true),
            ("b, c", "b", 3, false),
            ("2 (b, c)", "c", 3, true),
            ("FIRST 2 (b, c)", "b", 3, true),
            ("ANY 1 (b, c)", "b", 3, false),
            ("ANY 2 (b, c)", "d", 3, false),
            ("*", "", 2, true),
            ("*", "b", 3, false),
        ] {
            let left = standing("7", "a", confirming);
            let found = may_follow(&left, &standing("7", name, ""), servers);
            assert_eq!(found.is_ok(), may, "{confirming}: {found:?}");
        }
        let other = may_follow(&standing("7", "a", "b"), &standing("8", "b", ""), 2);
        assert!(other.unwrap_err().contains("not a replica"));
    }
}
