//! Who belongs to a cluster: its certificate authorities, tokens and joined keys; and the audit of who did what.
//!
//! Roles are text here and pins are printed: what they mean is the business of who reads them.

use async_trait::async_trait;

use crate::Error;

/// A certificate authority of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorityRow {
    /// Of its public key.
    pub pin: String,
    /// DER, signed by itself.
    pub certificate: Vec<u8>,
    /// DER, signed by the one before; empty if there was none.
    pub cross_signed: Vec<u8>,
    /// When it was made, ns since the Unix epoch.
    pub made_wall_ns: u64,
    /// Since when it is not trusted any more.
    pub retired_wall_ns: Option<u64>,
}

/// A token. Its secret is known by its hash alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenRow {
    /// Names it; no secret.
    pub id: String,
    /// SHA-256 of its secret.
    pub hash: Vec<u8>,
    /// `join`: a key joins by it; `bearer`: requests carry it.
    pub purpose: String,
    /// What it gives the right to be.
    pub role: String,
    /// How many more keys may join by it.
    pub uses_left: u64,
    /// Who made it.
    pub made_by: String,
    /// When, ns since the Unix epoch.
    pub made_wall_ns: u64,
    /// The instant from which it is worth nothing.
    pub expires_wall_ns: u64,
    /// Since when it is revoked.
    pub revoked_wall_ns: Option<u64>,
}

/// A key that has joined the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinedKey {
    /// Of the public key.
    pub pin: String,
    /// What it may do.
    pub role: String,
    /// Which one it is; a name is one key's, until that is revoked.
    pub name: String,
    /// The token by which it joined.
    pub token: String,
    /// Where it listens, if others are to reach it.
    pub address: String,
    /// The pin of the authority that issued its newest certificate.
    pub authority: String,
    /// When it joined, ns since the Unix epoch.
    pub joined_wall_ns: u64,
    /// How long its newest certificate is valid.
    pub valid_until_wall_ns: u64,
    /// Since when it is revoked.
    pub revoked_wall_ns: Option<u64>,
}

/// Everything that decides who belongs to the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterState {
    /// The oldest first.
    pub authorities: Vec<AuthorityRow>,
    /// The oldest first; those that expired long ago are gone.
    pub tokens: Vec<TokenRow>,
    /// The oldest first.
    pub keys: Vec<JoinedKey>,
}

/// Whether a key has joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinOutcome {
    /// It has, or had by the same token.
    Joined,
    /// The token is unknown, used up, expired or revoked.
    TokenInvalid,
    /// Another key has the name.
    NameTaken,
    /// The key joined before, by another token, or was revoked.
    KeyKnown,
}

/// Something that somebody did, or tried to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, ns since the Unix epoch.
    pub at_wall_ns: u64,
    /// Who, by the credential.
    pub who: String,
    /// What.
    pub what: String,
    /// From which address.
    pub source: String,
    /// What came of it: `ok`, or why it was refused.
    pub outcome: String,
}

/// Tables of the cluster. What is written here is durable when the call returns.
#[async_trait]
pub trait ClusterTable: Send + Sync {
    /// Everything at once. Tokens that expired before `tokens_since_wall_ns` are left out.
    async fn cluster_state(&self, tokens_since_wall_ns: u64) -> Result<ClusterState, Error>;

    /// Adds an authority. False, and nothing happens, if one is there that is not retired and not `beside`.
    async fn add_authority(&self, authority: &AuthorityRow, beside: Option<&str>) -> Result<bool, Error>;

    /// Trusts an authority no more.
    async fn retire_authority(&self, pin: &str, at_wall_ns: u64) -> Result<(), Error>;

    /// Adds a token, and forgets those that expired before `forget_before_wall_ns`.
    async fn add_token(&self, token: &TokenRow, forget_before_wall_ns: u64) -> Result<(), Error>;

    /// Revokes the token or the joined key of this id or pin, whichever there is. False if there is none that was not revoked before.
    async fn revoke(&self, id: &str, at_wall_ns: u64) -> Result<bool, Error>;

    /// Registers a key and uses the token once that it names, in one transaction; `joined_wall_ns` is now.
    async fn join(&self, key: &JoinedKey) -> Result<JoinOutcome, Error>;

    /// Notes the newest certificate of a key. False if it has not joined or was revoked.
    async fn renewed(&self, pin: &str, authority: &str, valid_until_wall_ns: u64) -> Result<bool, Error>;

    /// Appends to the audit, and forgets what happened before `forget_before_wall_ns`.
    async fn append_audit(&self, entries: &[AuditEntry], forget_before_wall_ns: u64) -> Result<(), Error>;
}
