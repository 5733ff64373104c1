//! Checks of a job document beyond its types.

use super::document::SpecError;
use super::files::JobFile;
use super::run::RunSpec;
use crate::threshold::MOST;
use heavy_load::arrivals::Arrivals;
use heavy_load::spec::LoadSpecError;
use heavy_load::split::Split;

impl RunSpec {
    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// The first field that is wrong, and what is expected.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_texts()?;
        self.check_workflows()?;
        self.check_limits()?;
        self.check_thresholds()?;
        JobFile::check_all(&self.files)?;
        if self.has_own_loads() {
            return self.check_own_loads();
        }
        self.load_spec.check()?;
        if !self.load_spec.is_given() {
            return SpecError::refuse("rate", "a job requires rate, stages, users or iterations");
        }
        if self.load().workflows.iter().any(|load| !load.starts_any()) {
            return SpecError::refuse(
                "workflows",
                "too few for the workflows, as one gets no iteration: increase iterations, or leave the workflow out",
            );
        }
        Ok(())
    }

    /// Whether some starts are at random.
    #[must_use]
    pub fn is_random(&self) -> bool {
        let mut own = self.workflows.iter().map(|workflow| &workflow.load_spec);
        own.any(|load| load.arrivals() == Arrivals::Poisson) || self.load_spec.arrivals() == Arrivals::Poisson
    }

    fn check_thresholds(&self) -> Result<(), SpecError> {
        if self.thresholds.len() > MOST {
            return SpecError::refuse("thresholds", format!("a job has at most {MOST}"));
        }
        for (at, threshold) in self.thresholds.iter().enumerate() {
            if self.thresholds[..at].contains(threshold) {
                return SpecError::refuse(
                    "thresholds",
                    format!("duplicate threshold {threshold}: leave one out"),
                );
            }
        }
        Ok(())
    }

    /// Refuses thresholds on workflows that do not run, if the document names its workflows.
    pub(super) fn check_named_workflows(&self) -> Result<(), SpecError> {
        let names = self.workflow_names();
        let stray = self.thresholds.iter().find(|threshold| {
            let workflow = threshold.workflow();
            !names.is_empty() && workflow.is_some_and(|wanted| !names.iter().any(|name| name == wanted))
        });
        stray.map_or(Ok(()), |threshold| {
            SpecError::refuse(
                "thresholds",
                format!(
                    "{threshold} selects a workflow that the job does not run: expected one of {}",
                    names.join(", ")
                ),
            )
        })
    }

    fn check_workflows(&self) -> Result<(), SpecError> {
        for (at, workflow) in self.workflows.iter().enumerate() {
            let name = &workflow.name;
            if self.workflows[..at].iter().any(|other| other.name == *name) {
                return SpecError::refuse(
                    "workflows",
                    format!("duplicate workflow `{name}`: name every workflow once"),
                );
            }
            if workflow.load_spec.warm_up.is_some() {
                return SpecError::refuse(
                    "warm_up",
                    format!(
                        "workflow `{name}` cannot have a warm-up of its own: set warm_up for the whole job"
                    ),
                );
            }
            if workflow.weight == 0 {
                return SpecError::refuse(
                    "workflows",
                    format!("workflow `{name}` has weight 0: leave it out, or set a weight above 0"),
                );
            }
        }
        let weights: Vec<u32> = self.workflows.iter().map(|workflow| workflow.weight).collect();
        if weights.is_empty() {
            return Ok(());
        }
        Split::new(0, &weights)
            .map(drop)
            .or_else(|error| SpecError::refuse("workflows", error.to_string().replace("agents", "workflows")))
    }

    fn check_own_loads(&self) -> Result<(), SpecError> {
        if self.load_spec.is_given() {
            return SpecError::refuse(
                "workflows",
                "both the job and a workflow have a load: leave one out, or set weights instead",
            );
        }
        for (workflow, load) in self.own_loads() {
            let name = &workflow.name;
            if !load.is_given() {
                return SpecError::refuse(
                    "workflows",
                    format!("workflow `{name}` has no load of its own, but others do: add one"),
                );
            }
            if let Err(LoadSpecError { field, problem }) = load.check() {
                return Err(SpecError::WorkflowField {
                    workflow: name.clone(),
                    field,
                    problem,
                });
            }
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), SpecError> {
        if self.agents == Some(0) {
            return SpecError::refuse("agents", "a job needs at least one agent");
        }
        self.execution.check(&self.load_spec, self.is_random())?;
        if !(0.0..=100.0).contains(&self.allow_drops_percent) {
            return SpecError::refuse("allow_drops_percent", "expected a percentage from 0 to 100");
        }
        Ok(())
    }
}
