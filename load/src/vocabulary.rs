//! The vocabulary of load: choices with one word for each value, the same in documents, flags, lines and results.
//!
//! [`crate::arrivals::Arrivals`] and [`crate::window::Window`] are declared the same way, beside what they are about.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serializer};

/// An unknown word for a choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {choice} `{}`: expected {}", text.escape_debug(), expected.join(", "))]
pub struct UnknownWord {
    /// What the word was for, as documents name it.
    pub choice: &'static str,
    /// The text.
    pub text: String,
    /// The known words.
    pub expected: &'static [&'static str],
}

/// The counter of result lines that a load test dropped because nobody read them fast enough.
pub const OUTPUT_DROPPED: &str = "heavy_output_dropped";

/// Declares an enum with one word for each value: `ALL`, `WORDS`, `as_str`, `Display`, `FromStr`, serde, and
/// `clap::ValueEnum` behind the feature `flags`, where the doc comment of a value is its help.
macro_rules! vocabulary {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident: $choice:literal $(default $default:ident)? {
            $($(#[doc = $help:literal])+ $value:ident = $word:literal,)+
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $help])+ $value,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The words of all values, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word of this value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        $(impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        })?

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$value),)+
                    _ => Err($crate::vocabulary::UnknownWord {
                        choice: $choice,
                        text: text.to_owned(),
                        expected: Self::WORDS,
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::vocabulary::Word(std::marker::PhantomData))
            }
        }

        #[cfg(feature = "flags")]
        impl clap::ValueEnum for $name {
            fn value_variants<'a>() -> &'a [Self] {
                Self::ALL
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                let help = match self {
                    $(Self::$value => concat!($($help),+),)+
                };
                let help = help.trim().trim_end_matches('.');
                Some(clap::builder::PossibleValue::new(self.as_str()).help(help))
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::words(Self::WORDS)
            }
        }
    )+};
}

pub(crate) use vocabulary;

vocabulary! {
    /// What happens to an iteration that is due when no slot is free.
    pub enum WhenFull: "when_full" default Drop {
        /// Drop it and count it as `full`.
        Drop = "drop",
        /// Let it wait for a slot; its response time grows.
        Queue = "queue",
    }

    /// Which iterations share connections.
    pub enum Connections: "connections" default Shared {
        /// All iterations of a process.
        Shared = "shared",
        /// The iterations of one user.
        PerUser = "per-user",
        /// None: each iteration opens its own.
        PerIteration = "per-iteration",
    }

    /// How the load is divided among agents.
    pub enum Weights: "weights" default Equal {
        /// The same share for every agent.
        Equal = "equal",
        /// In proportion to the cores of each host.
        Cores = "cores",
    }

    /// How an assignment ended.
    pub enum Ended: "end of an assignment" {
        /// Everything that was due was started.
        Finished = "finished",
        /// Somebody stopped it.
        Stopped = "stopped",
        /// The load test had no data for further iterations.
        Data = "data",
        /// The load test's process died.
        Died = "died",
        /// The agent lost its lease.
        Lease = "lease",
        /// The agent was lost before it reported an end.
        Lost = "lost",
    }

    /// What a load test is kept from on its agent's host. Each level has what the one before has.
    pub enum SandboxLevel: "sandbox" {
        /// Nothing.
        None = "none",
        /// No privileges, no other environment, no descriptors, no core dumps.
        Basic = "basic",
        /// Also no files but those that it needs.
        Files = "basic+files",
    }

    /// How the values of a custom metric are aggregated.
    pub enum MetricKind: "kind of metric" {
        /// Values are added up.
        Counter = "counter",
        /// The newest value stands.
        Gauge = "gauge",
        /// The share of values that are not zero.
        Rate = "rate",
        /// Values are samples of a distribution.
        Trend = "trend",
    }
}

/// Reads a word without a copy.
pub(crate) struct Word<T>(pub(crate) std::marker::PhantomData<T>);

impl<T: FromStr<Err = UnknownWord>> serde::de::Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Serde of an optional word whose absence is the empty text.
pub mod or_empty {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer};

    /// # Errors
    /// As the serializer.
    pub fn serialize<T: Display, S: Serializer>(word: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match word {
            Some(word) => serializer.collect_str(word),
            None => serializer.serialize_str(""),
        }
    }

    /// # Errors
    /// When the text is neither empty nor one of the words.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err = super::UnknownWord>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        let word = (!text.is_empty()).then(|| text.parse());
        word.transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::Arrivals;
    use crate::window::Window;
    use serde::Serialize;

    fn survive<T>(all: &[T], words: &[&str])
    where
        T: Copy + PartialEq + std::fmt::Debug + Display + FromStr<Err = UnknownWord> + Serialize,
        T: serde::de::DeserializeOwned,
    {
        assert_eq!(all.len(), words.len());
        for (value, word) in all.iter().zip(words) {
            assert_eq!(value.to_string(), *word);
            assert_eq!(word.parse(), Ok(*value));
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value);
        }
    }

    #[test]
    fn every_value_survives_its_word() {
        survive(WhenFull::ALL, &["drop", "queue"]);
        survive(Connections::ALL, &["shared", "per-user", "per-iteration"]);
        survive(Arrivals::ALL, &["uniform", "poisson"]);
        survive(Weights::ALL, &["equal", "cores"]);
        survive(Window::ALL, &["warm-up", "steady", "ramp-down"]);
        survive(MetricKind::ALL, &["counter", "gauge", "rate", "trend"]);
        survive(SandboxLevel::ALL, &["none", "basic", "basic+files"]);
        survive(
            Ended::ALL,
            &["finished", "stopped", "data", "died", "lease", "lost"],
        );
    }

    #[test]
    fn other_words_are_refused_with_those_that_there_are() {
        let error = "wait".parse::<WhenFull>().unwrap_err().to_string();
        assert_eq!(error, "invalid when_full `wait`: expected drop, queue");
        let error = serde_json::from_str::<WhenFull>("\"Drop\"")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("invalid when_full `Drop`"), "{error}");
    }

    #[test]
    fn an_absent_word_is_the_empty_text() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Row {
            #[serde(with = "or_empty")]
            ended: Option<Ended>,
        }
        for (ended, json) in [
            (None, r#"{"ended":""}"#),
            (Some(Ended::Died), r#"{"ended":"died"}"#),
        ] {
            assert_eq!(serde_json::to_string(&Row { ended }).unwrap(), json);
            assert_eq!(serde_json::from_str::<Row>(json).unwrap(), Row { ended });
        }
        assert!(serde_json::from_str::<Row>(r#"{"ended":"over"}"#).is_err());
    }
}
