//! Iteration lines: their fields, and how they are written and read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::fields::{Text, error, instant, nanos, text};
use super::json::{
    error_field, flag_field, list, number_field, optional_text, string, text_field, time_field,
};

/// The error kind of an iteration that returned an error.
pub const FAILED: &str = "iteration";

/// The error kind of an iteration that panicked.
pub const PANIC: &str = "panic";

/// The error kind of an iteration that took longer than the job allows.
pub const TIMEOUT: &str = "iteration-timeout";

/// The outcome of one iteration.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IterationLine<'a> {
    /// The workflow.
    #[serde(borrow, deserialize_with = "text")]
    pub workflow: Cow<'a, str>,
    /// The number of the iteration, as released.
    pub iteration: u64,
    /// `userID`; empty if absent.
    #[serde(borrow, default, rename = "userID", deserialize_with = "text")]
    pub user_id: Cow<'a, str>,
    /// `sequenceID`; empty if absent.
    #[serde(borrow, default, rename = "sequenceID", deserialize_with = "text")]
    pub sequence_id: Cow<'a, str>,
    /// `scheduled`: when it was due, in ns since the Unix epoch.
    #[serde(rename = "scheduled", deserialize_with = "instant")]
    pub scheduled_ns: u64,
    /// `lag`: started - scheduled.
    #[serde(rename = "lag", deserialize_with = "nanos")]
    pub lag_ns: u64,
    /// `slotWait`: the part of `lag` spent waiting for a free slot; the rest is the generator's own lag.
    #[serde(default, rename = "slotWait", deserialize_with = "nanos")]
    pub slot_wait_ns: u64,
    /// `duration`: ended - started - `think`.
    #[serde(rename = "duration", deserialize_with = "nanos")]
    pub duration_ns: u64,
    /// `think`: the time for which it paused as a person would, which is not part of `duration`; 0 if absent.
    #[serde(default, rename = "think", deserialize_with = "nanos")]
    pub think_ns: u64,
    /// Whether `run` returned `Ok`.
    pub ok: bool,
    /// Whether it was cut off after the grace period; it is then neither ok nor failed.
    #[serde(default)]
    pub interrupted: bool,
    /// The error, panic or timeout message.
    #[serde(borrow, default, deserialize_with = "error")]
    pub error: Option<Cow<'a, str>>,
    /// `errorKind`: short and stable, one of [`FAILED`], [`PANIC`], [`TIMEOUT`] or the load test's own; empty if absent.
    #[serde(borrow, default, deserialize_with = "text")]
    pub error_kind: Cow<'a, str>,
    /// The steps, in the order in which they ended.
    #[serde(borrow, default)]
    pub steps: Vec<StepOutcome<'a>>,
    /// Passes and fails of each check.
    #[serde(borrow, default, deserialize_with = "checks")]
    pub checks: Vec<CheckOutcome<'a>>,
}

/// One step of an iteration.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct StepOutcome<'a> {
    /// The step's name.
    #[serde(borrow, deserialize_with = "text")]
    pub name: Cow<'a, str>,
    /// How long it took.
    #[serde(rename = "duration", deserialize_with = "nanos")]
    pub duration_ns: u64,
    /// Whether it succeeded.
    pub ok: bool,
}

/// How one check of an iteration came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckOutcome<'a> {
    /// The check's name.
    pub name: Cow<'a, str>,
    /// How often it was true.
    pub passes: u64,
    /// How often it was false.
    pub fails: u64,
}

impl IterationLine<'_> {
    /// Appends the line, newline included.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"iteration\",\"workflow\":");
        string(&self.workflow, out);
        number_field(b",\"iteration\":", self.iteration, out);
        optional_text(b",\"userID\":", &self.user_id, out);
        text_field(b",\"sequenceID\":", &self.sequence_id, out);
        time_field(b",\"scheduled\":", self.scheduled_ns, out);
        number_field(b",\"lag\":", self.lag_ns, out);
        if self.slot_wait_ns > 0 {
            number_field(b",\"slotWait\":", self.slot_wait_ns, out);
        }
        number_field(b",\"duration\":", self.duration_ns, out);
        if self.think_ns > 0 {
            number_field(b",\"think\":", self.think_ns, out);
        }
        flag_field(b",\"ok\":", self.ok, out);
        flag_field(b",\"interrupted\":", self.interrupted, out);
        error_field(self.error.as_deref(), out);
        optional_text(b",\"errorKind\":", &self.error_kind, out);
        if !self.steps.is_empty() {
            out.extend_from_slice(b",\"steps\":");
            list(b'[', b']', &self.steps, out, |step, out| {
                out.extend_from_slice(b"{\"name\":");
                string(&step.name, out);
                number_field(b",\"duration\":", step.duration_ns, out);
                flag_field(b",\"ok\":", step.ok, out);
                out.push(b'}');
            });
        }
        if !self.checks.is_empty() {
            out.extend_from_slice(b",\"checks\":");
            list(b'{', b'}', &self.checks, out, |check, out| {
                string(&check.name, out);
                number_field(b":[", check.passes, out);
                number_field(b",", check.fails, out);
                out.push(b']');
            });
        }
        out.extend_from_slice(b"}\n");
    }
}

/// `{name: [passes, fails]}`.
fn checks<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CheckOutcome<'a>>, D::Error> {
    struct ChecksVisitor;
    impl<'de> Visitor<'de> for ChecksVisitor {
        type Value = Vec<CheckOutcome<'de>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of [passes, fails]")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut checks = Vec::new();
            while let Some((name, CheckTally { passes, fails })) =
                map.next_entry::<Text<'de>, CheckTally>()?
            {
                checks.push(CheckOutcome {
                    name: name.0,
                    passes,
                    fails,
                });
            }
            Ok(checks)
        }
    }
    deserializer.deserialize_any(ChecksVisitor)
}

struct CheckTally {
    passes: u64,
    fails: u64,
}

impl<'de> Deserialize<'de> for CheckTally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TallyVisitor;
        impl<'de> Visitor<'de> for TallyVisitor {
            type Value = CheckTally;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[passes, fails]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CheckTally, A::Error> {
                let passes = seq
                    .next_element()?
                    .ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let fails = seq
                    .next_element()?
                    .ok_or_else(|| A::Error::invalid_length(1, &self))?;
                Ok(CheckTally { passes, fails })
            }
        }
        deserializer.deserialize_seq(TallyVisitor)
    }
}
