//! What of a job document the types alone cannot say.

use super::{JobSpec, SpecError};
use crate::threshold::MOST;
use heavy_load::arrivals::Arrivals;
use heavy_load::shape::{Shape, ShapeError};
use heavy_load::split::Split;

fn wrong<T>(field: &'static str, problem: impl Into<String>) -> Result<T, SpecError> {
    Err(SpecError::Field {
        field,
        problem: problem.into(),
    })
}

impl JobSpec {
    /// What the document says of the load of all workflows together.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape {
            rate: self.rate,
            stages: self.stages.clone(),
            arrivals: self.arrivals,
            users: self.users.clone(),
            iterations: self.iterations,
            iterations_per_user: self.iterations_per_user,
            pacing: self.pacing,
            duration: self.duration,
            warm_up: self.warm_up,
        }
    }

    /// Checks what the types alone cannot say.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn check(&self) -> Result<(), SpecError> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.binary_sha256.len() != 64 || !self.binary_sha256.bytes().all(hex) {
            return wrong("binary_sha256", "write the SHA-256 as 64 lower-case hex digits");
        }
        self.check_workflows()?;
        self.check_limits()?;
        self.check_thresholds()?;
        if self
            .workflows
            .iter()
            .any(|workflow| workflow.shape(self).is_given())
        {
            return self.check_own_loads();
        }
        let shape = self.shape();
        shape.check()?;
        if !shape.is_given() {
            return wrong(
                "rate",
                "say how many iterations to start (rate or stages) or how many users there are (users)",
            );
        }
        if self.load().workflows.iter().any(|lane| !lane.starts_any()) {
            return wrong(
                "workflows",
                "one of them gets no iteration at all: ask for more, or leave it out",
            );
        }
        Ok(())
    }

    /// Whether some starts are at random.
    #[must_use]
    pub fn is_random(&self) -> bool {
        let own = self
            .workflows
            .iter()
            .any(|workflow| workflow.arrivals == Some(Arrivals::Poisson));
        own || self.arrivals == Arrivals::Poisson
    }

    fn check_thresholds(&self) -> Result<(), SpecError> {
        if self.thresholds.len() > MOST {
            return wrong("thresholds", format!("a job has at most {MOST}"));
        }
        for (at, threshold) in self.thresholds.iter().enumerate() {
            if self.thresholds[..at].contains(threshold) {
                return wrong("thresholds", format!("{threshold} is there twice: leave one out"));
            }
        }
        Ok(())
    }

    /// Thresholds are of workflows that run, where the document says which do; the command line may still say others.
    pub(super) fn check_named_workflows(&self) -> Result<(), SpecError> {
        let names = self.workflow_names();
        let stray = self.thresholds.iter().find(|threshold| {
            let workflow = threshold.workflow();
            !names.is_empty() && workflow.is_some_and(|wanted| !names.iter().any(|name| name == wanted))
        });
        stray.map_or(Ok(()), |threshold| {
            wrong(
                "thresholds",
                format!(
                    "{threshold} is of a workflow that does not run: these do: {}",
                    names.join(", ")
                ),
            )
        })
    }

    fn check_workflows(&self) -> Result<(), SpecError> {
        for (at, workflow) in self.workflows.iter().enumerate() {
            let name = &workflow.name;
            if self.workflows[..at].iter().any(|other| other.name == *name) {
                return wrong(
                    "workflows",
                    format!("{name:?} is named twice: name every workflow once"),
                );
            }
            if workflow.weight == 0 {
                return wrong(
                    "workflows",
                    format!("{name:?} has the weight 0: leave it out, or give it one above"),
                );
            }
        }
        let weights: Vec<u32> = self.workflows.iter().map(|workflow| workflow.weight).collect();
        if weights.is_empty() {
            return Ok(());
        }
        Split::new(0, &weights)
            .map(drop)
            .or_else(|error| wrong("workflows", error.to_string().replace("agents", "workflows")))
    }

    fn check_own_loads(&self) -> Result<(), SpecError> {
        if self.shape().is_given() {
            return wrong(
                "workflows",
                "the job has a load, and so has a workflow: leave one out, or give weights to workflows",
            );
        }
        for workflow in &self.workflows {
            let (name, shape) = (&workflow.name, workflow.shape(self));
            if !shape.is_given() {
                return wrong(
                    "workflows",
                    format!("{name:?} has no load of its own, and others have: give it one"),
                );
            }
            if let Err(ShapeError { field, problem }) = shape.check() {
                return wrong(field, format!("of workflow {name:?}: {problem}"));
            }
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), SpecError> {
        if self.max_in_flight == 0 {
            return wrong(
                "max_in_flight",
                "with no slot nothing can start: write a number above 0",
            );
        }
        if self.agents == Some(0) {
            return wrong("agents", "a job needs at least one agent");
        }
        self.shape().check_beside(self.unique_users, self.timeout)?;
        if self.seed.is_some() && !self.is_random() {
            return wrong(
                "seed",
                "it belongs to random arrivals: ask for poisson, or leave it out",
            );
        }
        if !(0.0..=100.0).contains(&self.allow_drops_percent) {
            return wrong("allow_drops_percent", "write a percentage from 0 to 100");
        }
        Ok(())
    }
}
