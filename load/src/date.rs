//! Dates, as in Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".

/// Year, month and day, from 1, of a day since the Unix epoch.
#[must_use]
#[inline]
pub const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + (month <= 2) as u64, month, day)
}

/// Days since the Unix epoch of a year, month and day, from 1. A day that the month does not have is counted on.
#[must_use]
#[inline]
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (20_778, (2026, 11, 21)),
            (20_819, (2027, 1, 1)),
        ] {
            assert_eq!(civil_from_days(days), expected);
        }
    }

    #[test]
    fn dates_have_days() {
        for days in 0..200_000 {
            let (year, month, day) = civil_from_days(days);
            let back = days_from_civil(year as i64, month as i64, day as i64);
            assert_eq!(back, days as i64);
        }
        assert_eq!(days_from_civil(1969, 12, 31), -1);
        assert_eq!(days_from_civil(1600, 3, 1), -135_080);
    }
}
