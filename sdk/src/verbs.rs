//! What a [`Context`](crate::Context) and a [`Step`](crate::Step) both offer: requests, samples, checks and metrics.

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
            crate::request::carry_out(self.scope(), sequence_id, request).await
        }

        /// Opens a sample: an exchange of any protocol that the load test carries out itself and that is measured from
        /// now on. The name is its identity in every statistic.
        ///
        /// [`Sample`](crate::Sample) says what can be told of it, and how it ends.
        pub fn sample(
            &self,
            protocol: impl Into<std::borrow::Cow<'static, str>>,
            name: impl Into<std::borrow::Cow<'static, str>>,
        ) -> crate::Sample<'_> {
            crate::Sample::start(self.scope(), protocol.into(), name.into())
        }

        /// Reports an exchange that the load test has carried out and timed itself; see
        /// [`Output::new`](crate::Output::new). What the output leaves open (workflow, step, iteration, user, name) is
        /// filled in.
        pub fn report(&self, output: crate::Output<'_>) {
            self.scope().report_output(output);
        }

        /// Counts a yes or no under a name, and gives it back. A failed check fails neither request nor iteration; to
        /// fail the iteration as well, write `ensure!(ctx.check("name", yes), "what is wrong")`.
        pub fn check(&self, name: impl Into<std::borrow::Cow<'static, str>>, passed: bool) -> bool {
            let scope = self.scope();
            scope.inner.record_check(name.into(), passed);
            passed
        }

        /// A metric, to be given tags and a value. Without tags, [`counter`](Self::counter), [`gauge`](Self::gauge),
        /// [`rate`](Self::rate) and [`trend`](Self::trend) are shorter.
        pub fn metric<'m>(&'m self, name: &'m str) -> crate::MetricBuilder<'m> {
            crate::MetricBuilder::new(self.scope(), name)
        }

        /// Adds to a metric that is a sum.
        pub fn counter(&self, name: &str, value: impl Into<f64>) {
            self.metric(name).counter(value);
        }

        /// Sets a metric of which the newest value counts.
        pub fn gauge(&self, name: &str, value: impl Into<f64>) {
            self.metric(name).gauge(value);
        }

        /// Gives one more yes or no to a metric that is the share of yes.
        pub fn rate(&self, name: &str, yes: bool) {
            self.metric(name).rate(yes);
        }

        /// Gives one more value to a metric that is a distribution.
        pub fn trend(&self, name: &str, value: impl Into<f64>) {
            self.metric(name).trend(value);
        }
    };
}

pub(crate) use verbs;
