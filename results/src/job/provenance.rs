//! Where a job came from: what the client knows about the program and its own command line.

use serde::{Deserialize, Serialize};

/// Where a job comes from, according to its client. Unknown fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Provenance {
    /// The client's command line; values that may be secret are replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// The client's version of heavy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_version: String,
    /// The build id of the binary's ELF note, in hex.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// The commit that was checked out in the git repository in which the binary lies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub git_commit: String,
}

impl Provenance {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
