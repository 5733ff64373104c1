//! Changes of a running job's load that clients ask for: what each makes of the load. Pure.

use heavy_load::load::{Kind, Load};
use heavy_load::profile::LONGEST_PAUSE_NS;
use heavy_load::rate::Rate;
use heavy_load::stream::Stream;

use super::error::Error;

/// What a client wants of a running job's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// This rate, from now to the end.
    Rate(Rate),
    /// All rates to come times this percentage.
    Scale(u64),
    /// Nothing is started until it is resumed; the job's time stands still.
    Pause,
    /// The end of a pause.
    Resume,
}

impl std::str::FromStr for Change {
    type Err = String;

    /// A rate as in `500` or `6000/m`, or a change as in `+10%` or `-25%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(number) = text.strip_suffix('%') else {
            return text
                .parse()
                .map(Self::Rate)
                .map_err(|error: heavy_load::rate::Error| {
                    format!("{error}; or a change, as in +10% or -25%")
                });
        };
        let wrong = || {
            format!(
                "{text:?} is not a change of a rate: write one as in +10% or -25%, between -99% and +9900%"
            )
        };
        let percent: i64 = match number.strip_prefix('+') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse(),
            None if number.starts_with('-') => number.parse(),
            _ => return Err(wrong()),
        }
        .map_err(|_| wrong())?;
        u64::try_from(percent + 100)
            .ok()
            .filter(|percent| (1..=10_000).contains(percent))
            .map(Self::Scale)
            .ok_or_else(wrong)
    }
}

/// Where a job's load stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steering {
    /// While paused: since when, and the load as it was.
    paused: Option<(u64, Load)>,
}

impl Steering {
    /// Whether the job is paused.
    pub(crate) const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// The load with a change from an instant on.
    ///
    /// # Errors
    /// When the change makes no sense for this load, or now.
    pub(crate) fn change(&mut self, load: &Load, at_ns: u64, change: Change) -> Result<Load, Error> {
        if at_ns >= load.duration_ns() {
            return refuse("the job has started everything that it was to start");
        }
        match change {
            Change::Pause if self.is_paused() => refuse("the job is paused already"),
            Change::Pause => {
                self.paused = Some((at_ns, load.clone()));
                Ok(with_gap(load, at_ns, LONGEST_PAUSE_NS))
            }
            Change::Resume => match self.paused.take() {
                Some((since_ns, before)) => Ok(with_gap(&before, since_ns, at_ns - since_ns)),
                None => refuse("the job is not paused"),
            },
            Change::Rate(_) | Change::Scale(_) if self.is_paused() => {
                refuse("the job is paused: resume it first")
            }
            Change::Rate(rate) => {
                let streams = streams(load)?;
                let same = streams
                    .windows(2)
                    .all(|pair| pair[0].profile() == pair[1].profile());
                if !same {
                    return refuse(
                        "its workflows have rates of their own: change them all with a percentage, as in +10%",
                    );
                }
                Ok(each(load, |stream| {
                    let inside_ns = at_ns.saturating_sub(stream.offset_ns());
                    stream.with_profile(stream.profile().with_rate_from(inside_ns, rate))
                }))
            }
            Change::Scale(percent) => {
                streams(load)?;
                Ok(each(load, |stream| {
                    let inside_ns = at_ns.saturating_sub(stream.offset_ns());
                    stream.with_profile(stream.profile().scaled_from(inside_ns, percent))
                }))
            }
        }
    }
}

/// All lanes, if all are open.
fn streams(load: &Load) -> Result<Vec<&Stream>, Error> {
    let streams: Option<Vec<&Stream>> = load
        .lanes
        .iter()
        .map(|lane| match &lane.kind {
            Kind::Open(stream) => Some(stream),
            Kind::Closed(_) => None,
        })
        .collect();
    match streams {
        Some(streams) => Ok(streams),
        None => refuse("it is loaded by users, who have no rate; pause and resume are possible"),
    }
}

fn each(load: &Load, change: impl Fn(&Stream) -> Stream) -> Load {
    let mut load = load.clone();
    for lane in &mut load.lanes {
        if let Kind::Open(stream) = &mut lane.kind {
            *stream = change(stream);
        }
    }
    load
}

fn with_gap(load: &Load, at_ns: u64, gap_ns: u64) -> Load {
    let mut load = each(load, |stream| {
        if at_ns >= stream.end_ns() {
            stream.clone()
        } else {
            stream.with_gap(at_ns, gap_ns)
        }
    });
    load.pauses.push((at_ns, at_ns + gap_ns));
    load
}

fn refuse<T>(why: &str) -> Result<T, Error> {
    Err(Error::Steering(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_results::job::JobSpec;

    const S: u64 = 1_000_000_000;

    fn load(rest: &str) -> Load {
        let text = format!(r#"{{"binary_sha256":"{}",{rest}}}"#, "a".repeat(64));
        JobSpec::parse(&text).unwrap().load()
    }

    #[test]
    fn changes_people_write() {
        for (text, change) in [
            ("500", Change::Rate("500".parse().unwrap())),
            ("60/m", Change::Rate("1".parse().unwrap())),
            ("+10%", Change::Scale(110)),
            ("-25%", Change::Scale(75)),
        ] {
            assert_eq!(text.parse(), Ok(change), "{text}");
        }
        for text in ["0", "fast", "10%", "+%", "+x%", "-100%", "+99999999%", "--5%"] {
            let problem = text.parse::<Change>().unwrap_err();
            assert!(problem.contains("+10% or -25%"), "{text}: {problem}");
        }
    }

    #[test]
    fn a_pause_freezes_the_plan_and_a_resume_goes_on() {
        let (mut steering, start) = (Steering::default(), load(r#""rate":"100","duration":"10s""#));
        let paused = steering.change(&start, 4 * S, Change::Pause).unwrap();
        assert!(steering.is_paused());
        assert_eq!(paused.planned(), 1_000);
        assert!(paused.count_before(3_600 * S) <= 401);
        let resumed = steering.change(&paused, 9 * S, Change::Resume).unwrap();
        assert_eq!((resumed.duration_ns(), resumed.planned()), (15 * S, 1_000));
        assert_eq!(resumed.count_before(10 * S), 501 - 1);
    }

    #[test]
    fn users_pause_too() {
        let (mut steering, start) = (Steering::default(), load(r#""users":2,"duration":"10s""#));
        let paused = steering.change(&start, 4 * S, Change::Pause).unwrap();
        assert!(paused.duration_ns() > 3_600 * S);
        let resumed = steering.change(&paused, 9 * S, Change::Resume).unwrap();
        assert_eq!(
            (resumed.duration_ns(), &*resumed.pauses),
            (15 * S, &[(4 * S, 9 * S)][..])
        );
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        let users = load(r#""users":2,"duration":"10s""#);
        let own = load(r#""workflows":[{"name":"a","rate":"1"},{"name":"b","rate":"2"}],"duration":"10s""#);
        let rate = Change::Rate("5".parse().unwrap());
        let mut steering = Steering::default();
        for (load, at_ns, change, expected) in [
            (&users, S, rate, "loaded by users"),
            (&users, S, Change::Scale(110), "loaded by users"),
            (&own, S, rate, "rates of their own"),
            (&own, S, Change::Resume, "not paused"),
            (&own, 10 * S, Change::Pause, "has started everything"),
        ] {
            let error = steering.change(load, at_ns, change).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(
            steering
                .change(&own, 5 * S, Change::Scale(200))
                .unwrap()
                .planned(),
            5 + 10 + 10 + 20
        );
        steering.change(&own, S, Change::Pause).unwrap();
        for (change, expected) in [
            (Change::Pause, "paused already"),
            (Change::Scale(50), "resume it first"),
        ] {
            let error = steering.change(&own, 2 * S, change).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
