//! Types that documents hold as their text.

/// Serde of types by their `Display` and `FromStr`; `or_number`: a whole number is read, too, as its digits.
#[macro_export]
macro_rules! serde_by_text {
    ($type:ty) => {
        $crate::serde_by_text!($type, read String, |text: String| text);
    };
    ($type:ty, or_number) => {
        const _: () = {
            #[derive(serde::Deserialize)]
            #[serde(untagged)]
            enum Either {
                Number(u64),
                Text(String),
            }
            $crate::serde_by_text!($type, read Either, |either: Either| match either {
                Either::Number(number) => number.to_string(),
                Either::Text(text) => text,
            });
        };
    };
    ($type:ty, read $read:ty, $text:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = <$read as serde::Deserialize>::deserialize(deserializer)?;
                $text(read).parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
