//! Iteration lines: their fields, and how they are written and read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::fields::{AnyError, Instant, Nanos, Text};
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IterationLine<'a> {
    /// The workflow.
    pub workflow: Cow<'a, str>,
    /// The number of the iteration, as released.
    pub iteration: u64,
    /// `userID`; empty if absent.
    pub user_id: Cow<'a, str>,
    /// `sequenceID`; empty if absent.
    pub sequence_id: Cow<'a, str>,
    /// `scheduled`: when it was due, in ns since the Unix epoch.
    pub scheduled_ns: u64,
    /// `lag`: started - scheduled.
    pub lag_ns: u64,
    /// `slotWait`: the part of `lag` spent waiting for a free slot; the rest is the generator's own lag.
    pub slot_wait_ns: u64,
    /// `duration`: ended - started.
    pub duration_ns: u64,
    /// Whether `run` returned `Ok`.
    pub ok: bool,
    /// Whether it was cut off after the grace period; it is then neither ok nor failed.
    pub interrupted: bool,
    /// The error, panic or timeout message.
    pub error: Option<Cow<'a, str>>,
    /// `errorKind`: short and stable, one of [`FAILED`], [`PANIC`], [`TIMEOUT`] or the load test's own; empty if absent.
    pub error_kind: Cow<'a, str>,
    /// The steps, in the order in which they ended.
    pub steps: Vec<StepOutcome<'a>>,
    /// Passes and fails of each check.
    pub checks: Vec<CheckOutcome<'a>>,
}

/// One step of an iteration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutcome<'a> {
    /// The step's name.
    pub name: Cow<'a, str>,
    /// How long it took.
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IterationWire<'a> {
    #[serde(borrow)]
    workflow: Text<'a>,
    iteration: u64,
    #[serde(borrow, default, rename = "userID")]
    user_id: Text<'a>,
    #[serde(borrow, default, rename = "sequenceID")]
    sequence_id: Text<'a>,
    scheduled: Instant,
    lag: Nanos,
    #[serde(default)]
    slot_wait: Nanos,
    duration: Nanos,
    ok: bool,
    #[serde(default)]
    interrupted: bool,
    #[serde(borrow, default)]
    error: Option<AnyError<'a>>,
    #[serde(borrow, default)]
    error_kind: Text<'a>,
    #[serde(borrow, default)]
    steps: Vec<StepWire<'a>>,
    #[serde(borrow, default)]
    checks: ChecksField<'a>,
}

impl<'a> From<IterationWire<'a>> for IterationLine<'a> {
    fn from(wire: IterationWire<'a>) -> Self {
        Self {
            workflow: wire.workflow.0,
            iteration: wire.iteration,
            user_id: wire.user_id.0,
            sequence_id: wire.sequence_id.0,
            scheduled_ns: wire.scheduled.0,
            lag_ns: wire.lag.0,
            slot_wait_ns: wire.slot_wait.0,
            duration_ns: wire.duration.0,
            ok: wire.ok,
            interrupted: wire.interrupted,
            error: wire.error.map(|error| error.0),
            error_kind: wire.error_kind.0,
            steps: wire
                .steps
                .into_iter()
                .map(|step| StepOutcome {
                    name: step.name.0,
                    duration_ns: step.duration.0,
                    ok: step.ok,
                })
                .collect(),
            checks: wire.checks.0,
        }
    }
}

#[derive(Deserialize)]
struct StepWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    duration: Nanos,
    ok: bool,
}

/// `{name: [passes, fails]}`.
#[derive(Default)]
struct ChecksField<'a>(Vec<CheckOutcome<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for ChecksField<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChecksVisitor;
        impl<'de> Visitor<'de> for ChecksVisitor {
            type Value = ChecksField<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of [passes, fails]")
            }
            fn visit_unit<E>(self) -> Result<ChecksField<'de>, E> {
                Ok(ChecksField::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ChecksField<'de>, A::Error> {
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
                Ok(ChecksField(checks))
            }
        }
        deserializer.deserialize_any(ChecksVisitor)
    }
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
