//! Tags of requests and metrics: pairs of texts that are stored with them.

use std::fmt::Display;

/// Tags as the members of a JSON object, without its braces: most things have none, and then nothing is allocated.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags(String);

impl Tags {
    pub(crate) fn add(&mut self, key: &str, value: impl Display) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&json_string(key));
        self.0.push(':');
        self.0.push_str(&json_string(&value.to_string()));
    }

    /// The object; empty without tags.
    pub(crate) fn to_json(&self) -> String {
        match &*self.0 {
            "" => String::new(),
            members => format!("{{{members}}}"),
        }
    }
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any text is a JSON string")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_an_object() {
        let mut tags = Tags::default();
        assert_eq!(tags.to_json(), "");
        tags.add("a", 1);
        tags.add("say \"b\"", "c");
        assert_eq!(tags.to_json(), r#"{"a":"1","say \"b\"":"c"}"#);
    }
}
