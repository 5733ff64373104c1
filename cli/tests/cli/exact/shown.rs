//! What people read in text, Markdown, HTML and JUnit, against the raw rows: right to the last digit that is shown.

use std::collections::BTreeMap;

use super::distribution::rank;
use super::job::Recorded;
use super::raw::Request;

/// Workflow, step and name.
type Place = (String, String, String);

/// The requests of one place.
#[derive(Debug, Default)]
struct Rows {
    sorted_ms: Vec<f64>,
    failed: u64,
}

type Places = BTreeMap<Place, Rows>;

/// One request's figures as a format shows them: count, failed, and (statistic, text).
#[derive(Debug)]
struct Shown {
    place: Place,
    counts: Option<(String, String)>,
    times: Vec<(String, String)>,
}

const PERCENTILES: [&str; 9] = ["P10", "P25", "P50", "P75", "P90", "P95", "P99", "P99.9", "P100"];

pub(super) fn compare_all(recorded: &Recorded, requests: &[Request]) {
    let mut places = Places::new();
    for row in requests {
        let rows = places
            .entry((row.workflow.clone(), row.step.clone(), row.name.clone()))
            .or_default();
        rows.sorted_ms.push(row.duration_ms);
        rows.failed += u64::from(row.failed);
    }
    for rows in places.values_mut() {
        rows.sorted_ms.sort_by(f64::total_cmp);
    }
    for (format, read) in [
        ("text", text as fn(&str) -> Vec<Shown>),
        ("markdown", markdown),
        ("html", html),
        ("junit", junit),
    ] {
        let report = recorded.report(format);
        let shown = read(&report);
        assert_eq!(
            shown.len(),
            places.len(),
            "{format} shows every request: {shown:?}"
        );
        for shown in &shown {
            let rows = places.get(&shown.place);
            shown.compare(format, rows.unwrap_or_else(|| panic!("{format}: {shown:?}")));
        }
    }
}

impl Shown {
    fn compare(&self, format: &str, rows: &Rows) {
        let what = format!("{format}: {:?}", self.place);
        if let Some((count, failed)) = &self.counts {
            let number = |text: &str| text.replace(',', "").parse::<u64>().unwrap();
            assert_eq!(number(count), rows.sorted_ms.len() as u64, "{what}: count");
            assert_eq!(number(failed), rows.failed, "{what}: failed");
        }
        assert!(self.times.len() >= 5, "{what}: {self:?}");
        for (statistic, text) in &self.times {
            let values = &rows.sorted_ms;
            let is = match statistic.as_str() {
                "fastest" => values[0],
                "slowest" | "P100" => values[values.len() - 1],
                "average" => values.iter().sum::<f64>() / values.len() as f64,
                percentile => {
                    let percent: f64 = percentile.strip_prefix('P').unwrap().parse().unwrap();
                    values[rank(percent / 100.0, values.len())]
                }
            };
            let (said, half_a_digit) = in_ms(text);
            assert!(
                (said - is).abs() <= half_a_digit + is * 0.001,
                "{what}: {statistic} is {is} ms, not {text}"
            );
        }
    }
}

/// A shown time in ms, and half of its last digit.
fn in_ms(text: &str) -> (f64, f64) {
    let text = text.trim_start_matches('~');
    let digits = text.trim_end_matches(char::is_alphabetic);
    let scale = match &text[digits.len()..] {
        "ns" => 1e-6,
        "µs" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        unit => panic!("{text}: {unit:?}"),
    };
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let half = 0.5 / 10f64.powi(i32::try_from(decimals).unwrap());
    (digits.parse::<f64>().unwrap() * scale, half * scale)
}

fn owned(statistic: &str, text: &str) -> (String, String) {
    (statistic.to_owned(), text.to_owned())
}

/// Workflow, step and request are told apart by how far they are from the left.
fn text(report: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    let (mut workflow, mut step) = (String::new(), String::new());
    let mut of_request = false;
    let before = |line: &str| line.trim().split("  ").next().unwrap().to_owned();
    for line in report.lines() {
        let facts = line.trim().rsplit("  ").next().unwrap();
        if let Some(rest) = line.strip_prefix("Workflow ") {
            workflow = before(rest);
            step.clear();
            of_request = false;
        } else if let Some(rest) = line.strip_prefix("  Step ") {
            step = before(rest);
            of_request = false;
        } else if !workflow.is_empty() && facts.contains(" request") && facts.ends_with(" failed") {
            let own = if line.starts_with("    ") {
                step.clone()
            } else {
                String::new()
            };
            let facts = facts.split(", ").map(|fact| fact.split(' ').next().unwrap());
            let facts: Vec<&str> = facts.collect();
            all.push(Shown {
                place: (workflow.clone(), own, before(line)),
                counts: Some(owned(facts[0], facts[facts.len() - 1])),
                times: Vec::new(),
            });
            of_request = true;
        } else if of_request
            && let Some(extremes) = line.trim().strip_prefix("fastest ")
            && !extremes.starts_with("and average")
        {
            let times = &mut all.last_mut().unwrap().times;
            times.push(owned("fastest", extremes.split(' ').next().unwrap()));
            times.push(owned("average", extremes.rsplit(' ').next().unwrap()));
        } else if of_request && let Some(values) = line.trim().strip_prefix("duration ") {
            let times = &mut all.last_mut().unwrap().times;
            let values = values.split_whitespace();
            times.extend(
                PERCENTILES
                    .iter()
                    .zip(values)
                    .map(|(name, value)| owned(name, value)),
            );
        }
    }
    all
}

fn markdown(report: &str) -> Vec<Shown> {
    let table = report.split("requests by name").nth(1).unwrap();
    let table = table.split("</details>").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| {
        let row = row.replace('\\', "");
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (workflow, step) = cells[0].split_once(" / ").unwrap_or((cells[0], ""));
        let names = ["average", "P50", "P95", "P99", "slowest"];
        Shown {
            place: (workflow.to_owned(), step.to_owned(), cells[1].to_owned()),
            counts: Some(owned(cells[2], cells[3])),
            times: names
                .iter()
                .zip(&cells[4..])
                .map(|(name, cell)| owned(name, cell))
                .collect(),
        }
    })
    .collect()
}

fn html(report: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    let (mut workflow, mut step) = (String::new(), String::new());
    for row in report.split("<tr class=\"level").skip(1) {
        let row = row.split("</tr>").next().unwrap();
        let (kind, rest) = row
            .split_once("<span class=\"kind\">")
            .unwrap()
            .1
            .split_once("</span> ")
            .unwrap();
        let name = rest.split("</th>").next().unwrap().to_owned();
        match kind {
            "workflow" => (workflow, step) = (name, String::new()),
            "step" => step = name,
            _ => {
                let cells: Vec<String> = rest.split("<td class=\"n\">").skip(1).map(without_tags).collect();
                let exact = rest.split("<data value=\"").skip(1);
                let exact = exact.map(|part| format!("{}ms", part.split('"').next().unwrap()));
                let names = ["fastest", "average"].into_iter().chain(PERCENTILES);
                let own = if row.starts_with('2') {
                    String::new()
                } else {
                    step.clone()
                };
                let shown = names
                    .clone()
                    .zip(&cells[3..])
                    .map(|(name, cell)| owned(name, cell));
                all.push(Shown {
                    place: (workflow.clone(), own, name),
                    counts: Some(owned(&cells[2], &cells[0])),
                    times: shown
                        .chain(names.clone().zip(exact).map(|(name, ms)| owned(name, &ms)))
                        .collect(),
                });
            }
        }
    }
    all
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

fn junit(report: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for suite in report.split("<testsuite ").skip(1) {
        let name = suite.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
        let Some(workflow) = name.strip_prefix("workflow ") else {
            continue;
        };
        let output = suite.split("<system-out>").nth(1).unwrap();
        let mut place = None;
        for line in output.split("</system-out>").next().unwrap().lines() {
            if !line.starts_with("  ") {
                let (step, name) = line.split_once(" / ").unwrap_or(("", line));
                let is_request = ["GET ", "POST "].iter().any(|method| name.starts_with(method));
                place = is_request.then(|| (workflow.to_owned(), step.to_owned(), name.to_owned()));
            } else if let (Some(place), Some(values)) = (&place, line.strip_prefix("  duration: ")) {
                let times = values.split(", ").map(|value| value.split_once(' ').unwrap());
                all.push(Shown {
                    place: place.clone(),
                    counts: None,
                    times: times.map(|(name, value)| owned(name, value)).collect(),
                });
            }
        }
    }
    all
}
