//! The header `Set-Cookie` (RFC 6265, 5.2). Pure.

use super::date;

/// Attributes with longer values are ignored.
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// In lower case, without the dot in front.
    pub(super) domain: Option<String>,
    pub(super) path: Option<String>,
    pub(super) secure: bool,
    /// In s since the Unix epoch; `Max-Age` overrides `Expires`.
    pub(super) expires_s: Option<i64>,
}

impl<'a> SetCookie<'a> {
    /// None if there is no name.
    pub(super) fn parse(header: &'a [u8], now_s: i64) -> Option<Self> {
        let mut parts = header.split(|byte| *byte == b';');
        let (name, value) = pair(parts.next()?)?;
        if name.is_empty() {
            return None;
        }
        let mut cookie = Self {
            name,
            value,
            domain: None,
            path: None,
            secure: false,
            expires_s: None,
        };
        let mut expires_s = None;
        for part in parts {
            let (name, value) = pair(part).unwrap_or((part.trim_ascii(), b""));
            let Some(value) = std::str::from_utf8(value)
                .ok()
                .filter(|value| value.len() <= MAX_ATTRIBUTE_BYTES)
            else {
                continue;
            };
            match name.to_ascii_lowercase().as_slice() {
                b"expires" => expires_s = date::parse(value).or(expires_s),
                b"max-age" => cookie.expires_s = max_age(value, now_s).or(cookie.expires_s),
                b"domain" => {
                    let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                    cookie.domain = Some(domain).filter(|domain| !domain.is_empty());
                }
                b"path" => cookie.path = value.starts_with('/').then(|| value.to_owned()),
                b"secure" => cookie.secure = true,
                _ => {}
            }
        }
        cookie.expires_s = cookie.expires_s.or(expires_s);
        Some(cookie)
    }
}

/// What is on both sides of the first `=`.
fn pair(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == b'=')?;
    Some((text[..at].trim_ascii(), text[at + 1..].trim_ascii()))
}

/// When a number of seconds is over; none if it is no number.
fn max_age(text: &str, now_s: i64) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text.starts_with('-') {
        return Some(i64::MIN);
    }
    match text.parse().unwrap_or(i64::MAX) {
        0 => Some(i64::MIN),
        seconds => Some(now_s.saturating_add(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_values_and_attributes_are_read() {
        let cookie = |text: &'static str| SetCookie::parse(text.as_bytes(), 100);
        let full =
            cookie("a = b=c ; Domain=.Shop.EXAMPLE; PATH=/x; Secure; HttpOnly; SameSite=Lax; max-age=60")
                .unwrap();
        assert_eq!((full.name, full.value), (&b"a"[..], &b"b=c"[..]));
        assert_eq!(
            (
                full.domain.as_deref(),
                full.path.as_deref(),
                full.secure,
                full.expires_s
            ),
            (Some("shop.example"), Some("/x"), true, Some(160))
        );
        for nothing in ["", "novalue", "=x", " = x; path=/"] {
            assert_eq!(cookie(nothing), None, "{nothing}");
        }
        let plain = cookie("a=").unwrap();
        assert_eq!((plain.value, plain.path, plain.expires_s), (&b""[..], None, None));
        assert_eq!(cookie("a=b; path=x").unwrap().path, None);
        assert_eq!(cookie("a=b; domain=").unwrap().domain, None);
    }

    #[test]
    fn max_age_overrides_expires() {
        let expires = |attributes: &str| {
            let header = format!("a=b; {attributes}");
            SetCookie::parse(header.as_bytes(), 100).unwrap().expires_s
        };
        let date = "expires=Thu, 01 Jan 1970 00:00:42 GMT";
        assert_eq!(expires(date), Some(42));
        assert_eq!(expires(&format!("max-age=7; {date}")), Some(107));
        assert_eq!(expires(&format!("{date}; max-age=-1")), Some(i64::MIN));
        assert_eq!(expires("max-age=0"), Some(i64::MIN));
        assert_eq!(expires("max-age=99999999999999999999"), Some(i64::MAX));
        for nothing in ["max-age=", "max-age=1s", "max-age=-", "expires=soon"] {
            assert_eq!(expires(nothing), None, "{nothing}");
        }
    }
}
