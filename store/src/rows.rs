//! Raw rows as columns: what a batch of rows holds, whichever database it goes to.

/// Rows of requests and iterations. Texts are indices into `dictionary`, whose entry 0 is the empty text; all
/// indices were checked. Instants are ns from the job's start, all other times ns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The texts.
    pub dictionary: Vec<String>,
    /// Requests.
    pub requests: RequestColumns,
    /// Iterations.
    pub iterations: IterationColumns,
}

/// Requests by column; all columns have the same length. The fields are those of `RequestRows` in
/// `collector.proto`.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are documented in collector.proto")]
pub struct RequestColumns {
    pub workflow: Vec<u32>,
    pub step: Vec<u32>,
    pub name: Vec<u32>,
    pub method: Vec<u32>,
    pub url: Vec<u32>,
    pub status: Vec<u32>,
    pub failed: Vec<bool>,
    pub error: Vec<u32>,
    pub error_kind: Vec<u32>,
    pub size: Vec<u64>,
    pub started_ns: Vec<i64>,
    pub duration_ns: Vec<u64>,
    pub blocked_ns: Vec<u64>,
    pub dns_ns: Vec<u64>,
    pub connect_ns: Vec<u64>,
    pub tls_ns: Vec<u64>,
    pub send_ns: Vec<u64>,
    pub wait_ns: Vec<u64>,
    pub receive_ns: Vec<u64>,
    pub reused: Vec<u32>,
    pub window: Vec<u32>,
    pub sequence_id: Vec<String>,
    pub request_id: Vec<String>,
    pub iteration: Vec<u64>,
    pub user_id: Vec<u32>,
    pub proto: Vec<u32>,
    pub tags: Vec<u32>,
}

/// Iterations by column; all columns have the same length. The fields are those of `IterationRows` in
/// `collector.proto`.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are documented in collector.proto")]
pub struct IterationColumns {
    pub workflow: Vec<u32>,
    pub iteration: Vec<u64>,
    pub user_id: Vec<u32>,
    pub sequence_id: Vec<String>,
    pub scheduled_ns: Vec<i64>,
    pub lag_ns: Vec<u64>,
    pub slot_wait_ns: Vec<u64>,
    pub duration_ns: Vec<u64>,
    pub ok: Vec<bool>,
    pub interrupted: Vec<bool>,
    pub error: Vec<u32>,
    pub window: Vec<u32>,
    pub has_response: Vec<bool>,
}
