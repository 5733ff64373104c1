//! What a [`Context`](crate::Context) and a [`Step`](crate::Step) both offer: requests, samples, checks and metrics.

/// The methods that need nothing but `self.scope()`.
macro_rules! verbs {
    () => {
        /// A GET request, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn get(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::GET, url)
        }

        /// A POST request, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn post(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::POST, url)
        }

        /// A PUT request, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn put(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::PUT, url)
        }

        /// A PATCH request, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn patch(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::PATCH, url)
        }

        /// A DELETE request, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn delete(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::DELETE, url)
        }

        /// A HEAD request, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn head(&self, url: impl AsRef<str>) -> crate::RequestBuilder<'_> {
            self.request(crate::http::Method::HEAD, url)
        }

        /// A request of any method, to be completed and [sent](crate::RequestBuilder::send).
        #[track_caller]
        pub fn request(
            &self,
            method: crate::http::Method,
            url: impl AsRef<str>,
        ) -> crate::RequestBuilder<'_> {
            crate::RequestBuilder::new(self.scope(), method, url.as_ref())
        }

        /// Sends a request that you built yourself and reports it under a sequence ID of your choice.
        ///
        /// # Errors
        /// Like [`send`](crate::RequestBuilder::send).
        #[track_caller]
        pub fn do_request(
            &self,
            sequence_id: &str,
            request: crate::http::Request,
        ) -> impl Future<Output = Result<crate::Response, crate::RequestError>> {
            crate::request::carry_out(self.scope(), sequence_id, request)
        }

        /// Starts to measure an exchange of any protocol, which you carry out with a client of your choice. All statistics
        /// are grouped by the name. [`Sample`](crate::Sample) describes how to end it.
        #[track_caller]
        pub fn sample(
            &self,
            protocol: impl Into<std::borrow::Cow<'static, str>>,
            name: impl Into<std::borrow::Cow<'static, str>>,
        ) -> crate::Sample<'_> {
            crate::Sample::start(self.scope(), protocol.into(), name.into())
        }

        /// Reports an exchange that you carried out and timed yourself; see [`Output::new`](crate::Output::new). heavy fills
        /// in the fields that are empty: workflow, step, iteration, user and name.
        #[track_caller]
        pub fn report(&self, output: crate::Output<'_>) {
            self.scope().report_output(output);
        }

        /// Counts a check under a name, and returns `passed`. A failed check fails neither request nor iteration; to fail the
        /// iteration as well, write `ensure!(ctx.check("name", passed), "what is wrong")`.
        #[track_caller]
        pub fn check(&self, name: impl Into<std::borrow::Cow<'static, str>>, passed: bool) -> bool {
            self.scope().check(name.into(), passed);
            passed
        }

        /// Builds a metric value with tags. Without tags, use [`counter`](Self::counter), [`gauge`](Self::gauge),
        /// [`rate`](Self::rate) or [`trend`](Self::trend).
        #[track_caller]
        pub fn metric<'m>(&'m self, name: &'m str) -> crate::MetricBuilder<'m> {
            crate::MetricBuilder::new(self.scope(), name)
        }

        /// Pauses as a person would: for a `Duration`, or for one drawn at random from a range of them.
        ///
        /// The pause is not part of the durations of the iteration and of its open steps, nor of the response time, and
        /// `--timeout` does not count it. The iteration keeps its slot and its user meanwhile, so that a plan with a rate needs
        /// a slot for every user that pauses. Pauses at the same time count once, and what runs beside one
        /// (`tokio::join!`) is not measured either. When the grace period ends, it cuts the pause off like the rest of the
        /// iteration.
        ///
        /// ```
        /// # use heavy_sdk::prelude::*;
        /// use std::time::Duration;
        ///
        /// # async fn run(ctx: &Context) -> Result<()> {
        /// ctx.think(Duration::from_secs(1)..Duration::from_secs(3)).await;
        /// # Ok(())
        /// # }
        /// ```
        #[track_caller]
        pub fn think(&self, time: impl crate::ThinkTime) -> impl Future<Output = ()> {
            self.scope().think(time.draw())
        }

        /// Adds to a counter: a sum.
        #[track_caller]
        pub fn counter(&self, name: &str, value: impl crate::MetricValue) {
            self.metric(name).counter(value);
        }

        /// Sets a gauge: the newest value counts.
        #[track_caller]
        pub fn gauge(&self, name: &str, value: impl crate::MetricValue) {
            self.metric(name).gauge(value);
        }

        /// Adds a yes or no to a rate: the share of yes.
        #[track_caller]
        pub fn rate(&self, name: &str, yes: bool) {
            self.metric(name).rate(yes);
        }

        /// Adds a value to a trend: a distribution. A `Duration` counts in milliseconds, as in all reports.
        #[track_caller]
        pub fn trend(&self, name: &str, value: impl crate::MetricValue) {
            self.metric(name).trend(value);
        }
    };
}

pub(crate) use verbs;
