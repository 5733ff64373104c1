//! What happened in an iteration, as lines to read. Pure.

mod exchange;

use std::fmt::Write as _;

use heavy_load::escape::escape;
use heavy_plugin::line::{IterationLine, MetricLine};

use super::secrets;
use super::text::{duration, one_line};
use crate::harness::iteration::INIT_USER_DURATION;
use crate::http::duration_ns;
use crate::observer::{CallSite, Observed, Whereabouts};

/// Functions whose name stands in the place of a step.
const FUNCTIONS: [&str; 4] = ["init", "init_user", "cleanup", "cleanup_user"];

/// How things are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) colour: bool,
    pub(super) show_secrets: bool,
    /// Whether lines of the source are shown.
    pub(super) show_places: bool,
    pub(super) body_lines: usize,
}

/// The colours, as parameters of the escape sequence that selects them.
#[derive(Debug, Clone, Copy)]
enum Colour {
    Title = 1,
    Dim = 2,
    Failed = 31,
    Good = 32,
    Odd = 33,
    Sent = 36,
    Own = 35,
}

impl Look {
    /// The title of a call; also what stands above everything that it does.
    pub(super) fn title(&self, workflow: &str, function: &str, iteration: Option<u64>, user: &str) -> String {
        let what = match iteration {
            Some(number) if function == "run" => format!("iteration {number}, user {}", escape(user)),
            _ if function.ends_with("_user") => format!("{function}, user {}", escape(user)),
            _ => function.to_owned(),
        };
        format!("{}: {what}\n", self.paint(Colour::Title, &escape(workflow)))
    }

    /// A line that the load test printed.
    pub(super) fn printed(&self, text: &str) -> String {
        format!("  {} {}\n", self.paint(Colour::Own, "println"), one_line(text))
    }

    /// Lines about everything but the begin of a call.
    pub(super) fn lines(&self, place: Whereabouts<'_>, what: &Observed<'_>) -> String {
        let call = self.at(place.call);
        let in_step = !place.step.is_empty() && !FUNCTIONS.contains(&place.step);
        let indent = if in_step { "    " } else { "  " };
        let step = || self.paint(Colour::Title, &one_line(place.step));
        match what {
            Observed::CallBegan { .. } => String::new(),
            Observed::CallEnded { error: None, .. } => String::new(),
            Observed::CallEnded { function, error } => {
                self.failed(function, error.unwrap_or_default(), place.call)
            }
            Observed::IterationEnded(line) => self.iteration(line, place.call),
            Observed::StepBegan => format!("  step {}{call}\n", step()),
            Observed::StepFailed(error) => {
                let error = one_line(&format!("{error:#}"));
                format!(
                    "{indent}{}{call}\n",
                    self.paint(Colour::Failed, &format!("\u{2717} {error}"))
                )
            }
            Observed::StepEnded { duration_ns, ok } => {
                format!("  step {} {}\n", step(), self.ended(*ok, *duration_ns))
            }
            Observed::RequestBegan { number, request } => self.request(indent, *number, request, &call),
            Observed::RequestEnded {
                number,
                line,
                exchange,
            } => match number {
                Some(number) => self.answer(indent, *number, line, *exchange, &call),
                None => self.sample(indent, line, &call),
            },
            Observed::Checked { name, passed } => {
                let name = one_line(name);
                let check = if *passed {
                    self.paint(Colour::Good, &format!("\u{2713} {name}"))
                } else {
                    self.paint(Colour::Failed, &format!("\u{2717} check failed: {name}"))
                };
                format!("{indent}{check}{call}\n")
            }
            Observed::Thinks(time) => {
                let time = duration(duration_ns(*time));
                format!("{indent}{} {time}{call}\n", self.paint(Colour::Own, "think"))
            }
            // This one is heavy's own.
            Observed::Measured(metric) if metric.name == INIT_USER_DURATION => String::new(),
            Observed::Measured(metric) => self.metric(indent, metric, &call),
        }
    }

    fn metric(&self, indent: &str, metric: &MetricLine<'_>, call: &str) -> String {
        let kind = self.paint(Colour::Own, metric.kind.as_str());
        let (name, value) = (one_line(&metric.name), metric.value);
        let tags = match &*metric.tags {
            "" => String::new(),
            tags => format!(" {}", one_line(tags)),
        };
        format!("{indent}{kind} {name} = {value}{tags}{call}\n")
    }

    fn iteration(&self, iteration: &IterationLine<'_>, last: Option<CallSite>) -> String {
        let (passes, fails) = iteration.checks.iter().fold((0, 0), |(passes, fails), check| {
            (passes + check.passes, fails + check.fails)
        });
        let mut out = match &iteration.error {
            Some(error) => self.failed("iteration", error, last),
            None => String::new(),
        };
        let _ = write!(
            out,
            "  iteration {} {}",
            iteration.iteration,
            self.ended(iteration.ok, iteration.duration_ns)
        );
        if passes + fails > 0 {
            let checks = format!("{passes} of {} checks passed", passes + fails);
            let colour = if fails > 0 { Colour::Failed } else { Colour::Good };
            let _ = write!(out, ", {}", self.paint(colour, &checks));
        }
        out.push('\n');
        out
    }

    /// An error of the load test's code. A panic knows its place; of another error the last call before is shown.
    fn failed(&self, what: &str, error: &str, last: Option<CallSite>) -> String {
        let mut lines = error.lines();
        let first = one_line(lines.next().unwrap_or_default());
        let first = self.paint(Colour::Failed, &format!("\u{2717} {what} failed: {first}"));
        let mut out = format!("  {first}\n");
        for more in lines.take(20) {
            let _ = writeln!(out, "    {}", self.paint(Colour::Failed, &one_line(more)));
        }
        if let Some(call) = last.filter(|_| self.show_places && !error.contains("panicked at ")) {
            let place = format!("the last call was at {}:{}", one_line(call.file()), call.line());
            let _ = writeln!(out, "    {}", self.paint(Colour::Dim, &place));
        }
        out
    }

    fn ended(&self, ok: bool, duration_ns: u64) -> String {
        let how = if ok {
            self.paint(Colour::Good, "ok")
        } else {
            self.paint(Colour::Failed, "failed")
        };
        format!("{how}, {}", duration(duration_ns))
    }

    fn url(&self, url: &str) -> String {
        one_line(&if self.show_secrets {
            url.to_owned()
        } else {
            secrets::url(url)
        })
    }

    fn at(&self, call: Option<CallSite>) -> String {
        call.filter(|_| self.show_places)
            .map_or_else(String::new, |call| {
                let place = format!("{}:{}", one_line(call.file()), call.line());
                format!("  {}", self.paint(Colour::Dim, &place))
            })
    }

    fn paint(&self, colour: Colour, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{}m{text}\u{1b}[0m", colour as u8)
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
