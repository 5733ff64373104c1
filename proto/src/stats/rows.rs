//! Statistics and their messages: each field is named once, and both directions follow from that.

use std::sync::Arc;

use heavy_load::protocol::HTTP;
use heavy_results::stats;

use super::dictionary::Dictionary;
use super::field::{Error, Field, ReceivedTexts};
use crate::v1;

/// `Row = Message { fields of the same name in both }`, then what differs: a field that is converted by functions of a
/// module of its own, a group of fields that the message holds one by one, a field of the row alone, and one of the message
/// alone.
macro_rules! rows {
    ($(
        $row:ident = $message:ident { $($field:ident)* }
        $(by $module:ident { $special:ident })?
        $(flat $group:ident: $group_type:ident { $($member:ident = $flat:ident)* })?
        $(unsent $unsent:ident)?
        $(without $missing:ident)?;
    )*) => {$(
        impl Field<v1::$message> for stats::$row {
            fn encode(&self, texts: &mut Dictionary) -> v1::$message {
                v1::$message {
                    $($field: Field::encode(&self.$field, texts),)*
                    $($special: $module::encode(&self.$special, texts),)?
                    $($($flat: self.$group.$member,)*)?
                    $($missing: Default::default(),)?
                }
            }

            fn decode(wire: &v1::$message, texts: &ReceivedTexts) -> Result<Self, Error> {
                Ok(Self {
                    $($field: Field::decode(&wire.$field, texts)?,)*
                    $($special: $module::decode(wire.$special, texts)?,)?
                    $($group: stats::$group_type { $($member: wire.$flat,)* },)?
                    $($unsent: Default::default(),)?
                })
            }
        }
    )*};
}

rows! {
    Delta = Stats {
        complete_before_second requests iterations steps checks metrics errors health not_results log events
        last_ended_ns
    } without dictionary;

    Requests = RequestRollUp {
        second window workflow step method name status error_kind failed bytes duration phases_ns
    } by protocol { protocol };

    Iterations = IterationRollUp {
        second window workflow scheduled started ok failed interrupted lost duration response generator_lag last_ended_ns
    } flat dropped: Dropped { full = dropped_full late = dropped_late gap = dropped_gap } unsent unknown;

    Steps = StepRollUp { second workflow step failed duration };

    Checks = CheckRollUp { second workflow name passes fails };

    Metrics = MetricRollUp { second name kind step count sum min max last nonzero distribution };

    Errors = ErrorRollUp { workflow step name kind count repeats first_ns last_ns example };

    GeneratorHealth = Health {
        second in_flight load_test_cpu agent_cpu load_test_rss_bytes agent_rss_bytes open_files spool_bytes
    };

    LogLine = LogLine { at_ns stream text };

    Event = Event { at_ns kind who old_value new_value };

    Closing = Closing {
        last_rows_sequence scheduled started ok failed interrupted lost dropped malformed generator_lag cpu_max
        clock_offset_ns clock_error_ns voided_requests voided_iterations log_lines_dropped ended sandbox
    };
}

/// HTTP is 0, as is a field that an older agent does not send.
mod protocol {
    use super::{Arc, Dictionary, Error, HTTP, ReceivedTexts};

    pub(super) fn encode(protocol: &Arc<str>, texts: &mut Dictionary) -> u32 {
        match &**protocol {
            HTTP => 0,
            _ => texts.index(protocol),
        }
    }

    pub(super) fn decode(wire: u32, texts: &ReceivedTexts) -> Result<Arc<str>, Error> {
        match wire {
            0 => Ok(Arc::from(HTTP)),
            place => texts.get(place),
        }
    }
}

/// Lines that were no results: reason and count.
impl Field<v1::NotResults> for (Arc<str>, u64) {
    fn encode(&self, texts: &mut Dictionary) -> v1::NotResults {
        v1::NotResults {
            reason: texts.index(&self.0),
            count: self.1,
        }
    }

    fn decode(wire: &v1::NotResults, texts: &ReceivedTexts) -> Result<Self, Error> {
        Ok((texts.get(wire.reason)?, wire.count))
    }
}
