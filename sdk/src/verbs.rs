//! What a [`Context`] and a [`Step`](crate::Step) both offer: requests, checks and metrics.

use std::borrow::Cow;

use crate::context::Context;

/// Where a request, check or metric belongs.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) ctx: &'a Context,
    /// The step; empty outside of steps.
    pub(crate) step: Cow<'a, str>,
}

/// The methods that need nothing but `self.scope()`.
macro_rules! verbs {
    () => {
        /// A GET request, to be completed and [sent](crate::RequestBuilder::send).
        pub fn get(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::GET, url)
        }

        /// A POST request, to be completed and [sent](crate::RequestBuilder::send).
        pub fn post(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::POST, url)
        }

        /// A PUT request, to be completed and [sent](crate::RequestBuilder::send).
        pub fn put(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::PUT, url)
        }

        /// A PATCH request, to be completed and [sent](crate::RequestBuilder::send).
        pub fn patch(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::PATCH, url)
        }

        /// A DELETE request, to be completed and [sent](crate::RequestBuilder::send).
        pub fn delete(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::DELETE, url)
        }

        /// A HEAD request, to be completed and [sent](crate::RequestBuilder::send).
        pub fn head(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::HEAD, url)
        }

        /// A request of any method, to be completed and [sent](crate::RequestBuilder::send).
        pub fn request(
            &self,
            method: crate::http::Method,
            url: impl AsRef<str>,
        ) -> crate::RequestBuilder<'_> {
            crate::RequestBuilder::new(self.scope(), method, url.as_ref())
        }

        /// Carries out a request made elsewhere and reports it under a sequence ID of the caller's choice.
        ///
        /// # Errors
        /// As [`send`](crate::RequestBuilder::send).
        pub async fn do_request(
            &self,
            sequence_id: &str,
            request: crate::http::Request,
        ) -> Result<crate::Response, crate::RequestError> {
            crate::request::carry_out(
                self.scope(),
                sequence_id,
                request,
                crate::request::Report::default(),
            )
            .await
        }

        /// Counts a yes or no under a name, and gives it back. A failed check fails neither request nor iteration; to
        /// fail the iteration as well, write `ensure!(ctx.check("name", yes), "what is wrong")`.
        pub fn check(&self, name: impl Into<std::borrow::Cow<'static, str>>, passed: bool) -> bool {
            let scope = self.scope();
            scope.ctx.record_check(name.into(), passed);
            passed
        }

        /// Adds to a metric that is a sum.
        pub fn counter(&self, name: &str, value: impl Into<f64>) {
            let scope = self.scope();
            scope.ctx.record_metric(
                name,
                heavy_load::vocabulary::MetricKind::Counter,
                value.into(),
                &scope.step,
            );
        }

        /// Sets a metric of which the newest value counts.
        pub fn gauge(&self, name: &str, value: impl Into<f64>) {
            let scope = self.scope();
            scope.ctx.record_metric(
                name,
                heavy_load::vocabulary::MetricKind::Gauge,
                value.into(),
                &scope.step,
            );
        }

        /// Gives one more yes or no to a metric that is the share of yes.
        pub fn rate(&self, name: &str, yes: bool) {
            let scope = self.scope();
            let value = f64::from(u8::from(yes));
            scope.ctx.record_metric(
                name,
                heavy_load::vocabulary::MetricKind::Rate,
                value,
                &scope.step,
            );
        }

        /// Gives one more value to a metric that is a distribution.
        pub fn trend(&self, name: &str, value: impl Into<f64>) {
            let scope = self.scope();
            scope.ctx.record_metric(
                name,
                heavy_load::vocabulary::MetricKind::Trend,
                value.into(),
                &scope.step,
            );
        }
    };
}

pub(crate) use verbs;
