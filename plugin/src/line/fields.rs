//! The fields of output lines: each reads all the forms that the format allows, and borrows where it can.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::timestamp;

/// A JSON string, or null for the empty one. Unlike serde's own `Cow`, it borrows inside of options and vectors too.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A [`Text`] field.
pub(super) fn text<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, str>, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0)
}

/// A number, given as an integer or as a fraction. A negative one counts as 0, or is a wrong field.
#[derive(Default)]
pub(super) struct UnsignedNumber<const NEGATIVE_AS_ZERO: bool>(pub(super) u64);

/// Nanoseconds.
pub(super) type Nanos = UnsignedNumber<false>;

/// Body bytes; go-lo's "unknown" is negative.
pub(super) type Size = UnsignedNumber<true>;

impl<'de, const NEGATIVE_AS_ZERO: bool> Deserialize<'de> for UnsignedNumber<NEGATIVE_AS_ZERO> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor<const NEGATIVE_AS_ZERO: bool>;
        impl<const NEGATIVE_AS_ZERO: bool> Visitor<'_> for NumberVisitor<NEGATIVE_AS_ZERO> {
            type Value = u64;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number that is not negative")
            }
            fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
                Ok(number)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
                self.visit_f64(number as f64)
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
                // The cast saturates, so that no number is out of range.
                if number >= 0.0 || NEGATIVE_AS_ZERO {
                    Ok(number.round() as u64)
                } else {
                    Err(E::custom(format_args!("{number} is negative")))
                }
            }
        }
        deserializer
            .deserialize_any(NumberVisitor::<NEGATIVE_AS_ZERO>)
            .map(Self)
    }
}

/// A [`Nanos`] field.
pub(super) fn nanos<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Nanos::deserialize(deserializer).map(|nanos| nanos.0)
}

/// An RFC 3339 timestamp as nanoseconds since the Unix epoch.
pub(super) struct Instant(pub(super) u64);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        timestamp::parse(&text.0)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not an RFC 3339 timestamp"))
    }
}

/// An [`Instant`] field.
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Instant::deserialize(deserializer).map(|instant| instant.0)
}

/// The `error` of a line: a string as it is, anything else as its JSON.
pub(super) struct AnyError<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for AnyError<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        let json = raw.get();
        if json.starts_with('"') {
            let text: Text<'de> = serde_json::from_str(json).map_err(D::Error::custom)?;
            return Ok(Self(text.0));
        }
        Ok(Self(Cow::Borrowed(json)))
    }
}

/// An optional [`AnyError`] field.
pub(super) fn error<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    Option::<AnyError<'a>>::deserialize(deserializer).map(|error| error.map(|error| error.0))
}

/// Tags: an object of strings, kept as the JSON that was given; an empty object is no tags.
#[derive(Default)]
pub(super) struct TagsField<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for TagsField<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        if raw.get() == "null" {
            return Ok(Self::default());
        }
        let mut checker = serde_json::Deserializer::from_str(raw.get());
        let tags = checker.deserialize_map(StringMap).map_err(D::Error::custom)?;
        Ok(Self(if tags == 0 {
            Cow::Borrowed("")
        } else {
            Cow::Borrowed(raw.get())
        }))
    }
}

/// A [`TagsField`].
pub(super) fn tags<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, str>, D::Error> {
    TagsField::deserialize(deserializer).map(|tags| tags.0)
}

struct StringMap;

impl<'de> Visitor<'de> for StringMap {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while map.next_entry::<Text<'de>, Text<'de>>()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
