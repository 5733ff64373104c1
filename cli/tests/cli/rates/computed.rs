//! Rates from the raw rows of a job, its document and what was done to it; nothing of heavy computes here.

use serde_json::Value;

use super::Recorded;

/// What rates follow from, in seconds from the job's start.
#[derive(Debug)]
pub(super) struct Computed {
    /// Up to where iterations were started.
    pub(super) load_s: f64,
    /// Up to where anything ended.
    pub(super) run_s: f64,
    iterations: Vec<Iteration>,
    /// Workflow, step and name.
    requests: Vec<[String; 3]>,
}

#[derive(Debug)]
struct Iteration {
    workflow: String,
    completed: bool,
    ended_s: f64,
}

/// An instant in seconds since the job's start, exact to the microsecond.
fn since_start(instant: &str) -> String {
    format!(
        "(strftime('%s', {instant}) - strftime('%s', j.started_at)
          + substr({instant}, 20, 7) - substr(j.started_at, 20, 7))"
    )
}

impl Computed {
    pub(super) fn new(recorded: &Recorded) -> Self {
        let ask = |sql: &str| -> Vec<Vec<String>> {
            let rows = recorded.ask(sql).rows.into_iter();
            rows.map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
                .collect()
        };
        let ended_s = since_start("i.ended_at");
        let iterations = ask(&format!(
            "select i.workflow, i.interrupted, {ended_s} from iterations i join jobs j on j.id = i.job_id"
        ));
        let iterations = iterations.into_iter().map(|row| Iteration {
            workflow: row[0].clone(),
            completed: row[1] == "0",
            ended_s: row[2].parse().unwrap(),
        });
        let iterations: Vec<Iteration> = iterations.collect();
        let requests = ask(&format!(
            "select i.workflow, i.step, i.name, {ended_s} from requests i join jobs j on j.id = i.job_id"
        ));
        let last = |ends: &mut dyn Iterator<Item = f64>| ends.fold(0.0, f64::max);
        let iterations_end_s = last(&mut iterations.iter().map(|row| row.ended_s));
        let requests_end_s = last(&mut requests.iter().map(|row| row[3].parse().unwrap()));
        let requests = requests.into_iter();
        let spec = ask("select spec from jobs").remove(0).remove(0);
        let spec: Value = serde_json::from_str(&spec).unwrap();
        let at_s = since_start("e.at");
        let events = ask(&format!(
            "select e.kind, {at_s} from events e join jobs j on j.id = e.job_id order by e.number"
        ));
        let at_s = |kind: &str| {
            let event = events.iter().find(|event| event[0] == kind);
            event.map(|event| event[1].parse::<f64>().unwrap())
        };
        let paused_s = at_s("resume").unwrap_or(0.0) - at_s("pause").unwrap_or(0.0);
        let load_s = match (at_s("stop"), plan_s(&spec)) {
            (Some(stop_s), _) => stop_s,
            (None, Some(plan_s)) => plan_s + paused_s,
            (None, None) => iterations_end_s,
        };
        Self {
            load_s,
            run_s: load_s.max(iterations_end_s).max(requests_end_s),
            iterations,
            requests: requests
                .map(|row| [row[0].clone(), row[1].clone(), row[2].clone()])
                .collect(),
        }
    }

    /// Iterations of a workflow, or with the empty name of all.
    fn iterations_of(&self, workflow: &str) -> impl Iterator<Item = &Iteration> {
        self.iterations
            .iter()
            .filter(move |row| workflow.is_empty() || row.workflow == workflow)
    }

    pub(super) fn started_per_second(&self, workflow: &str) -> f64 {
        self.iterations_of(workflow).count() as f64 / self.load_s
    }

    pub(super) fn completed_per_second(&self, workflow: &str) -> f64 {
        let completed = self.iterations_of(workflow).filter(|row| row.completed);
        completed.count() as f64 / self.run_s
    }

    /// Those whose workflow, step and name are wanted.
    pub(super) fn requests_per_second(&self, wanted: impl Fn(&[String; 3]) -> bool) -> f64 {
        self.requests.iter().filter(|request| wanted(request)).count() as f64 / self.run_s
    }
}

/// How long a document plans to start iterations; `None` if until they are used up.
fn plan_s(spec: &Value) -> Option<f64> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if !spec["iterations"].is_null() || !spec["iterations_per_user"].is_null() {
        return None;
    }
    let stages = [&spec["stages"], &spec["users"]].map(|stages| match stages {
        Value::Array(stages) => stages.iter().map(text).collect(),
        other => text(other).split(',').map(str::to_owned).collect::<Vec<_>>(),
    });
    let stages = stages.iter().flatten();
    let stages_s: f64 = stages
        .filter_map(|stage| stage.split_once(':'))
        .map(|(duration, _)| seconds(duration))
        .sum();
    let load_s = if stages_s > 0.0 {
        stages_s
    } else {
        seconds(spec["duration"].as_str().unwrap())
    };
    Some(load_s + spec["warm_up"].as_str().map_or(0.0, seconds))
}

/// `2s`, `500ms`, `2.5s`, `1m30s`, `2s500ms`.
fn seconds(duration: &str) -> f64 {
    let mut seconds = 0.0;
    let mut rest = duration;
    while !rest.is_empty() {
        let unit_at = rest.find(char::is_alphabetic).unwrap();
        let (number, from_unit) = rest.split_at(unit_at);
        let unit_end = from_unit
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(from_unit.len());
        let (unit, after) = from_unit.split_at(unit_end);
        let unit_s = match unit {
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            other => panic!("{duration}: {other:?}"),
        };
        seconds += number.parse::<f64>().unwrap() * unit_s;
        rest = after;
    }
    seconds
}
