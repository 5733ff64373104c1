//! Suggestions for unknown names.

/// Longer names get no suggestion: the comparison takes time in proportion to their length, and they may be hostile.
const LONGEST_NAME: usize = 200;

/// The known name closest to `name`, if one is close enough.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter().filter(|_| name.len() <= LONGEST_NAME);
    let scored = known.map(|known| (strsim::damerau_levenshtein(name, known), known));
    let (distance, nearest) = scored.min_by_key(|(distance, _)| *distance)?;
    let longest = name.chars().count().max(nearest.chars().count());
    (distance <= longest.div_ceil(3) && distance < longest).then_some(nearest)
}

/// ``; did you mean `x`?``, or nothing.
#[must_use]
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, did_you_mean)
}

/// ``; did you mean `x`?``
#[must_use]
pub fn did_you_mean(meant: &str) -> String {
    format!("; did you mean `{}`?", meant.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["smoke", "load", "soak"];
        for (name, meant) in [
            ("smok", Some("smoke")),
            ("somke", Some("smoke")),
            ("soka", Some("soak")),
            ("Load", Some("load")),
            ("nightly", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known), meant, "{name}");
        }
        assert_eq!(nearest("x", []), None);
        let (name, longer) = ("x".repeat(LONGEST_NAME), "x".repeat(LONGEST_NAME + 1));
        assert_eq!(nearest(&name, [&*longer]), Some(&*longer));
        assert_eq!(nearest(&longer, [&*name]), None);
        assert_eq!(hint("smok", known), "; did you mean `smoke`?");
        assert_eq!(hint("nightly", known), "");
    }
}
