//! A threshold in few words, for a line with many.

use super::metric::{MetricSource, MetricType};
use super::selector::Selector;
use super::{Aggregate, Threshold, ThresholdSummary};

impl Threshold {
    /// Its condition in few words, without what it does when broken: `p(95)<100`, `POST /cart failed<1%`. Hostile text.
    #[must_use]
    pub fn brief(&self) -> String {
        let mut words: Vec<String> = self.selectors.iter().map(value).collect();
        match self.metric.source {
            MetricSource::RequestDuration => {}
            MetricSource::FailedRequests => words.push("failed".to_owned()),
            _ => words.push(self.metric.name.to_owned()),
        }
        let condition = format!("{}{}", self.operator, self.limit);
        match words.last_mut() {
            // The rate of a share goes without saying.
            Some(last) if self.metric.kind == MetricType::Share && self.aggregate == Aggregate::Rate => {
                last.push_str(&condition);
            }
            _ => words.push(format!("{}{condition}", self.aggregate)),
        }
        if let Some(window) = self.window {
            words.push(format!("over {window}"));
        }
        words.join(" ")
    }
}

impl ThresholdSummary {
    /// As [`Threshold::brief`]; the whole expression if this version cannot parse it.
    #[must_use]
    pub fn brief(&self) -> String {
        let threshold = self.expression.parse::<Threshold>();
        threshold.map_or_else(|_| self.expression.clone(), |threshold| threshold.brief())
    }
}

fn value(selector: &Selector) -> String {
    match selector {
        Selector::Workflow(value)
        | Selector::Step(value)
        | Selector::Name(value)
        | Selector::Method(value)
        | Selector::ErrorKind(value)
        | Selector::Check(value) => value.clone(),
        Selector::Status(from, to) if from == to => from.to_string(),
        Selector::Status(from, _) => format!("{}xx", from / 100),
        Selector::ExpectedResponse(true) => "unfailed".to_owned(),
        Selector::ExpectedResponse(false) => "failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_without_saying_is_left_out() {
        for (expression, brief) in [
            ("http_req_duration: p(95)<100", "p(95)<100"),
            ("http_req_duration{step:pay}: max<1s abort delay 5s", "pay max<1s"),
            (
                "http_req_failed{name:POST /cart}: rate<1%",
                "POST /cart failed<1%",
            ),
            ("http_req_failed: rate<0.01 over 10s", "failed<0.01 over 10s"),
            ("checks{check:cart is 201}: rate>99%", "cart is 201 checks>99%"),
            ("iterations{workflow:buy}: rate<12", "buy iterations rate<12"),
            ("http_reqs{status:5xx}: count==0", "5xx http_reqs count==0"),
            (
                "http_req_duration{expected_response:true}: med<5",
                "unfailed med<5",
            ),
        ] {
            let threshold: Threshold = expression.parse().unwrap();
            assert_eq!(threshold.brief(), brief, "{expression}");
            let summary = threshold.without_value(String::new());
            assert_eq!(summary.brief(), brief);
            let unknown = ThresholdSummary {
                expression: "of a later version".to_owned(),
                ..summary
            };
            assert_eq!(unknown.brief(), "of a later version");
        }
    }
}
