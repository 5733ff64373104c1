//! How a job runs its iterations, whatever its load: limits, identities, connections.
//!
//! [`ExecutionSpec`] is the one place of these keys, as [`crate::spec::LoadSpec`] is of those of the load.

use serde::{Deserialize, Serialize};

use crate::span::Span;
use crate::spec::{LoadSpec, LoadSpecError};
use crate::vocabulary::{Connections, WhenFull};

/// How many iterations may run at once, on each agent.
pub const DEFAULT_MAX_IN_FLIGHT: u32 = 4096;
/// How long running iterations may continue after the last start.
pub const DEFAULT_GRACEFUL_STOP: Span = Span::from_s(30);

const NO_SLOT: &str = "expected a number above 0: without slots nothing starts";

/// How iterations are run. Absent keys have their defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "flags", derive(clap::Args))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ExecutionSpec {
    /// Seed for random arrivals; the same seed produces the same arrivals [default: random, and recorded with the job]
    #[cfg_attr(feature = "flags", arg(long, value_name = "N"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Number of distinct identities, used in rotation; no two agents ever hold the same
    #[cfg_attr(feature = "flags", arg(long, value_name = "N"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub unique_users: Option<u32>,
    /// Iterations that may run at once, on each agent [default: 4096]
    #[cfg_attr(feature = "flags", arg(long, value_name = "N", value_parser = slots))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub max_in_flight: Option<u32>,
    /// What to do with an iteration that is due while --max-in-flight are running [default: drop]
    #[cfg_attr(feature = "flags", arg(long, value_enum))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_full: Option<WhenFull>,
    /// Interrupt an iteration after this long; it counts as failed
    #[cfg_attr(feature = "flags", arg(long, value_name = "D"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How long running iterations may continue after the last start [default: 30s]
    #[cfg_attr(feature = "flags", arg(long, value_name = "D"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graceful_stop: Option<Span>,
    /// Which iterations share connections [default: shared]
    #[cfg_attr(feature = "flags", arg(long, value_enum))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// Send the W3C header `traceparent`: the sequence ID is the trace, the request ID the span
    #[cfg_attr(feature = "flags", arg(long, num_args = 0, default_missing_value = "true", value_parser = clap::builder::FalseyValueParser::new()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<bool>,
}

impl ExecutionSpec {
    /// Writes the defaults of keys that every stored document has.
    pub fn fill_defaults(&mut self) {
        self.max_in_flight.get_or_insert(DEFAULT_MAX_IN_FLIGHT);
        self.when_full.get_or_insert_default();
        self.graceful_stop.get_or_insert(DEFAULT_GRACEFUL_STOP);
        self.connections.get_or_insert_default();
        // Only documents that ask for it have this key.
        self.traceparent = self.traceparent.filter(|sent| *sent);
    }

    /// How many iterations may run at once, on each agent.
    #[must_use]
    pub fn max_in_flight(&self) -> u32 {
        self.max_in_flight.unwrap_or(DEFAULT_MAX_IN_FLIGHT)
    }

    /// What happens to an iteration that is due when no slot is free.
    #[must_use]
    pub fn when_full(&self) -> WhenFull {
        self.when_full.unwrap_or_default()
    }

    /// How long running iterations may continue after the last start.
    #[must_use]
    pub fn graceful_stop(&self) -> Span {
        self.graceful_stop.unwrap_or(DEFAULT_GRACEFUL_STOP)
    }

    /// Which iterations share connections.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.connections.unwrap_or_default()
    }

    /// Whether requests carry the header `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> bool {
        self.traceparent.unwrap_or_default()
    }

    /// Checks the keys, beside this load; `random` is whether any arrivals are.
    ///
    /// # Errors
    /// The first key that is wrong, and what would be right.
    pub fn check(&self, load: &LoadSpec, random: bool) -> Result<(), LoadSpecError> {
        let wrong = LoadSpecError::refuse;
        if self.max_in_flight == Some(0) {
            return wrong("max_in_flight", NO_SLOT);
        }
        if self.timeout == Some(Span::ZERO) {
            return wrong(
                "timeout",
                "every iteration would time out: write a duration above 0, such as 10s",
            );
        }
        if self.unique_users == Some(0) {
            return wrong("unique_users", "expected at least 1 user");
        }
        if self.unique_users.is_some() && load.is_closed() {
            return wrong(
                "unique_users",
                "users of a closed load already have distinct identities: leave it out",
            );
        }
        if self.seed.is_some() && !random {
            return wrong(
                "seed",
                "requires random arrivals: set arrivals to poisson, or leave it out",
            );
        }
        Ok(())
    }
}

#[cfg(feature = "flags")]
fn slots(text: &str) -> Result<u32, String> {
    let slots: u32 = text
        .parse()
        .map_err(|error: std::num::ParseIntError| error.to_string())?;
    if slots == 0 {
        Err(NO_SLOT.to_owned())
    } else {
        Ok(slots)
    }
}
