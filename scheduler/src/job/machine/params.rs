//! The params of a job's load tests: divided by seat before the start, replaced by clients later.

/// How far the division of params among the seats is.
#[derive(Debug, Default)]
enum Division {
    /// No load test has asked for it.
    #[default]
    None,
    /// An agent's load test works on it.
    Asked,
    /// By seat.
    Done(Vec<String>),
    Failed,
}

/// The params of one job. They are divided at most once.
#[derive(Debug, Default)]
pub(crate) struct JobParams {
    division: Division,
    /// The newest that a client has given since the start.
    pub(super) live: Option<String>,
}

impl JobParams {
    /// Begins to divide; false if that was begun before.
    pub(crate) fn ask(&mut self) -> bool {
        let first = matches!(self.division, Division::None);
        if first {
            self.division = Division::Asked;
        }
        first
    }

    /// Takes the division that was asked for; `None` if none was, or it was given before.
    pub(crate) fn divided(&mut self, parts: Result<Vec<String>, String>) -> Option<Result<(), String>> {
        if !matches!(self.division, Division::Asked) {
            return None;
        }
        let (division, result) = match parts {
            Ok(parts) => (Division::Done(parts), Ok(())),
            Err(failure) => (Division::Failed, Err(failure)),
        };
        self.division = division;
        Some(result)
    }

    /// Whether an agent works on it.
    pub(crate) const fn is_asked(&self) -> bool {
        matches!(self.division, Division::Asked)
    }

    /// The part of a seat, if params are divided and there is one for it.
    pub(crate) fn part(&self, seat: u32) -> Option<&str> {
        match &self.division {
            Division::Done(parts) => parts.get(seat as usize).map(String::as_str),
            Division::None | Division::Asked | Division::Failed => None,
        }
    }
}
