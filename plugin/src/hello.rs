//! The hello line: the first line that a load test writes to its stdout.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u32 = 1;

/// `{"type":"hello","protocol":1,"sdk":"heavy-sdk 0.1.0"}`. A process that does not write it within ten seconds is
/// not a load test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    #[serde(rename = "type")]
    kind: Cow<'static, str>,
    /// The protocol version that the load test speaks.
    pub protocol: u32,
    /// Name and version of the SDK.
    pub sdk: String,
    /// Why the load test cannot start; it exits after this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Hello {
    /// The hello of a load test written with `sdk`, in this crate's protocol version.
    #[must_use]
    pub fn new(sdk: impl Into<String>) -> Self {
        Self {
            kind: Cow::Borrowed("hello"),
            protocol: PROTOCOL,
            sdk: sdk.into(),
            error: None,
        }
    }

    /// The hello of a load test that cannot start, and why.
    #[must_use]
    pub fn with_error(self, error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            ..self
        }
    }

    /// The line without its newline.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("a hello has only a number and strings")
    }

    /// Reads a hello from a line (with or without its newline); `None` if the line is anything else.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let hello: Self = serde_json::from_slice(line).ok()?;
        (hello.kind == "hello").then_some(hello)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_survives_its_line() {
        let hello = Hello::new("heavy-sdk 0.1.0");
        assert_eq!(
            hello.to_line(),
            r#"{"type":"hello","protocol":1,"sdk":"heavy-sdk 0.1.0"}"#
        );
        assert_eq!(Hello::parse(hello.to_line().as_bytes()), Some(hello.clone()));
        let failed = hello.with_error("no accounts.csv");
        assert_eq!(Hello::parse(failed.to_line().as_bytes()), Some(failed));
    }

    #[test]
    fn other_lines_are_no_hello() {
        for line in ["", "hello", "{}", r#"{"type":"dropped","protocol":1,"sdk":""}"#] {
            assert_eq!(Hello::parse(line.as_bytes()), None, "{line}");
        }
    }
}
