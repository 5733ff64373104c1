//! Documents of several places as one: the default load, a profile, a configuration, flags.
//!
//! A key above overrides the same key below; tables (`params`, `env`, `labels`) are merged. A load of another kind replaces
//! the one below: users replace a rate, stages a constant rate, loads of workflows that of the job.

use serde_json::Value;

use super::document::Keys;

const OPEN: [&str; 2] = ["rate", "stages"];
const CLOSED: [&str; 3] = ["users", "iterations", "iterations_per_user"];

/// Merges `above` into `below`, where a load of another kind is replaced.
pub fn merge(above: &Keys, below: &mut Keys) {
    drop_conflicts(above, below);
    overlay(above, below);
}

/// Merges `above` into `below`, key by key: loads of both kinds may result, which a check then refuses.
pub fn overlay(above: &Keys, below: &mut Keys) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(Value::Object(there)), Value::Object(new)) if key != "workflows" => {
                there.extend(new.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Takes the keys out of `below` that conflict with the load of `above`.
pub fn drop_conflicts(above: &Keys, below: &mut Keys) {
    let has = |key: &&str| above.contains_key(*key);
    let (open, closed, own) = (OPEN.iter().any(has), CLOSED.iter().any(has), has_own_loads(above));
    let mut gone: Vec<&str> = Vec::new();
    if open || own {
        gone.extend(CLOSED);
        gone.push("pacing");
    }
    if closed || own {
        gone.extend(OPEN);
        gone.extend(["arrivals", "seed", "unique_users"]);
    }
    if has(&"rate") {
        gone.push("stages");
    }
    if has(&"stages") {
        gone.extend(["rate", "duration", "warm_up"]);
    }
    if above.get("users").is_some_and(is_staged) {
        gone.extend(["duration", "warm_up", "iterations", "iterations_per_user"]);
    }
    if has(&"iterations") || has(&"iterations_per_user") {
        gone.extend(["iterations", "iterations_per_user"]);
        if below.get("users").is_some_and(is_staged) {
            gone.push("users");
        }
    }
    if above
        .get("arrivals")
        .is_some_and(|arrivals| arrivals == "uniform")
    {
        gone.push("seed");
    }
    for key in gone {
        below.remove(key);
    }
    if (open || closed) && has_own_loads(below) {
        below.remove("workflows");
    }
}

/// Whether the text is one of stages of users.
fn is_staged(users: &Value) -> bool {
    users.as_str().is_some_and(|text| text.contains(':')) || users.is_array()
}

/// Whether workflows have loads of their own.
fn has_own_loads(keys: &Keys) -> bool {
    let workflows = keys.get("workflows").and_then(Value::as_array);
    workflows.is_some_and(|workflows| workflows.iter().any(has_own_load))
}

/// Whether a workflow has one.
fn has_own_load(workflow: &Value) -> bool {
    let mut kinds = OPEN.iter().chain(&CLOSED);
    workflow
        .as_object()
        .is_some_and(|workflow| kinds.any(|key| workflow.contains_key(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(above: Value, below: Value) -> Value {
        let (Value::Object(above), Value::Object(mut below)) = (above, below) else {
            unreachable!("the tests write objects");
        };
        merge(&above, &mut below);
        Value::Object(below)
    }

    #[test]
    fn a_key_overrides_the_same_key_below() {
        let below = json!({"rate": 10, "duration": "30s", "params": {"a": 1, "b": 1}, "timeout": "5s"});
        assert_eq!(
            merged(json!({"duration": "3s", "params": {"b": 2}}), below.clone()),
            json!({"rate": 10, "duration": "3s", "params": {"a": 1, "b": 2}, "timeout": "5s"})
        );
        assert_eq!(merged(json!({"rate": 5}), below)["duration"], "30s");
    }

    #[test]
    fn a_load_of_another_kind_takes_its_place() {
        let rate = json!({"rate": 10, "arrivals": "poisson", "duration": "30s"});
        let stages = json!({"stages": ["10s:5"], "rate": 1, "warm_up": "1s"});
        let users = json!({"users": 5, "pacing": "1s", "iterations": 7, "duration": "1m"});
        let random = json!({"rate": 5, "arrivals": "poisson", "seed": 7});
        let own = json!({"workflows": [{"name": "a", "rate": 1}], "duration": "1m"});
        for (above, below, expected) in [
            (json!({"users": 2}), &rate, json!({"users": 2, "duration": "30s"})),
            (
                json!({"stages": ["1s:1"]}),
                &rate,
                json!({"stages": ["1s:1"], "arrivals": "poisson"}),
            ),
            (json!({"rate": 3}), &stages, json!({"rate": 3, "warm_up": "1s"})),
            (json!({"rate": 3}), &users, json!({"rate": 3, "duration": "1m"})),
            (
                json!({"users": "1s:1"}),
                &users,
                json!({"users": "1s:1", "pacing": "1s"}),
            ),
            (
                json!({"iterations_per_user": 1}),
                &users,
                json!({"users": 5, "pacing": "1s", "iterations_per_user": 1, "duration": "1m"}),
            ),
            (
                json!({"arrivals": "uniform"}),
                &random,
                json!({"rate": 5, "arrivals": "uniform"}),
            ),
            (json!({"rate": 3}), &own, json!({"rate": 3, "duration": "1m"})),
            (
                own.clone(),
                &rate,
                json!({"workflows": [{"name": "a", "rate": 1}], "duration": "1m"}),
            ),
        ] {
            assert_eq!(
                merged(above.clone(), below.clone()),
                expected,
                "{above} over {below}"
            );
        }
    }

    #[test]
    fn workflows_by_weight_stay() {
        let below = json!({"rate": 1, "workflows": ["a", {"name": "b", "weight": 2}]});
        assert_eq!(merged(json!({"users": 4}), below)["workflows"][1]["weight"], 2);
    }
}
