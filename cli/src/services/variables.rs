//! The variables of a service's load test, from several places. Values are often secrets: no text made here has one. Pure.

use std::collections::BTreeMap;

pub(super) type Variables = BTreeMap<String, String>;

/// Stands in a value for the address of a shop that is started for as long as the job takes.
const DEMO_SHOP: &str = "demo://shop";

/// Merges variables: later ones override earlier ones.
pub(super) fn layered(layers: impl IntoIterator<Item = Variables>) -> Variables {
    layers.into_iter().flatten().collect()
}

/// The required variables that nothing sets. Those of this process's environment are copied, so that they reach every
/// agent.
pub(super) fn missing(
    required: &[String],
    variables: &mut Variables,
    of_process: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut missing = Vec::new();
    for name in required {
        if variables.get(name).is_some_and(|value| !value.is_empty()) {
            continue;
        }
        match of_process(name).filter(|value| !value.is_empty()) {
            Some(value) => drop(variables.insert(name.clone(), value)),
            None => missing.push(name.clone()),
        }
    }
    missing
}

/// Whether a variable asks for a demo shop.
pub(super) fn wants_shop(variables: &Variables) -> bool {
    variables.values().any(|value| value.starts_with(DEMO_SHOP))
}

/// Fills in the address of the demo shop.
pub(super) fn with_shop(variables: &mut Variables, address: &str) {
    for value in variables.values_mut() {
        if let Some(rest) = value.strip_prefix(DEMO_SHOP) {
            *value = format!("{address}{rest}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_is_nearer_wins() {
        let layers = [
            variables(&[("A", "default"), ("B", "default")]),
            variables(&[("B", "own"), ("C", "own")]),
        ];
        assert_eq!(
            layered(layers),
            variables(&[("A", "default"), ("B", "own"), ("C", "own")])
        );
    }

    #[test]
    fn what_is_required_may_come_from_the_process_and_must_not_be_empty() {
        let mut known = variables(&[("A", "1"), ("B", "")]);
        let required = ["A", "B", "C", "D"].map(str::to_owned);
        let of_process = |name: &str| (name == "C").then(|| "3".to_owned());
        assert_eq!(missing(&required, &mut known, of_process), ["B", "D"]);
        assert_eq!(known["C"], "3");
    }

    #[test]
    fn the_demo_shop_has_an_address_of_its_own() {
        let mut known = variables(&[
            ("TARGET_URL", "demo://shop/products"),
            ("OTHER", "http://x/demo://shop"),
        ]);
        assert!(wants_shop(&known));
        with_shop(&mut known, "http://127.0.0.1:5");
        assert_eq!(known["TARGET_URL"], "http://127.0.0.1:5/products");
        assert!(!wants_shop(&known));
    }
}
