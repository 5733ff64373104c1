//! Every way in which an iteration can end, and everything it can report: what the tests of the SDK run.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use heavy_sdk::prelude::*;
use heavy_sdk::{DEFAULT_SEQUENCE_ID, Output, Phase, http};
use serde_json::{Value, json};

/// Prints where results go, or went before the SDK took it.
struct Noisy;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed must not touch a result, and this is how that is seen"
)]
impl Runner for Noisy {
    async fn run(&self, ctx: &Context) -> Result<()> {
        print!("{{\"type\":\"iteration\", half a line");
        println!("iteration {:?} says hello", ctx.iteration());
        Ok(())
    }

    async fn cleanup(&self, _: &Context) -> Result<()> {
        eprintln!("cleaning up");
        print!("last words");
        Ok(())
    }
}

/// Prints more than a pipe holds, while its params are divided and then on a thread of its own without end.
struct Chatter;

#[expect(clippy::print_stdout, reason = "heavy has to read all of it in time")]
fn chat(lines: impl Iterator<Item = u64>) {
    for n in lines {
        println!("line {n} of very many");
    }
}

impl Runner for Chatter {
    async fn init(&self, _: &Context) -> Result<()> {
        std::thread::spawn(|| chat(0..));
        Ok(())
    }

    async fn run(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

struct Panics;

impl Runner for Panics {
    async fn run(&self, ctx: &Context) -> Result<()> {
        if ctx.iteration() == Some(1) {
            tokio::task::yield_now().await;
            panic!("the cart of {} is on fire", ctx.user_id());
        }
        Ok(())
    }
}

struct Fails;

impl Runner for Fails {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let number: u8 = ctx
            .param("number")
            .unwrap_or_default()
            .parse()
            .context("the param `number`")?;
        ensure!(number == 7, "{number} is not 7");
        Ok(())
    }
}

/// Takes as long as it is told, in a step and a request.
struct Slow;

impl Runner for Slow {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let step = ctx.step("wait");
        if let Some(url) = ctx.param("url") {
            step.get(&url).send().await?;
        }
        let ms = ctx.param("ms").map_or(Ok(0), |ms| ms.parse())?;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        step.end();
        Ok(())
    }
}

/// Logs in once, then follows what it is shown.
struct Visitor;

impl Runner for Visitor {
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        let url = ctx.param("url").context("the param `url`")?;
        ctx.post(format!("{url}/login")).send().await?;
        ctx.set_cookie(&url, "consent=yes");
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let url = ctx.param("url").context("the param `url`")?;
        let page = ctx
            .post(format!("{url}/old"))
            .body("order")
            .follow(3)
            .name("order");
        ensure!(page.send().await?.status() == 200, "not redirected");
        ctx.check("logged in", ctx.cookie(&url, "session").is_some());
        Ok(())
    }
}

/// Pauses in a step and beside it.
struct Thinker;

impl Runner for Thinker {
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        ctx.think(Duration::from_millis(1)).await;
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let pause = Duration::from_millis(ctx.param("ms").context("the param `ms`")?.parse()?);
        if ctx.param("give_up").is_some() {
            let given_up = tokio::time::timeout(pause, ctx.think(Duration::from_secs(3_600)));
            ctx.check("the pause is given up", given_up.await.is_err());
            std::future::pending::<()>().await;
        }
        let step = ctx.step("read");
        tokio::join!(step.think(pause), ctx.think(pause..pause * 2));
        step.end();
        let step = ctx.step("decide");
        ctx.trend("pause", pause);
        step.end();
        Ok(())
    }
}

/// Keeps a counter for every user, and counts calls over all of them.
#[derive(Default)]
struct Stateful {
    users: AtomicU64,
    results: AtomicU64,
}

impl Runner for Stateful {
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        self.users.fetch_add(1, Ordering::Relaxed);
        ctx.set_state(Cell::new(0_u32));
        Ok(())
    }

    async fn run(&self, ctx: &Context) -> Result<()> {
        let visits: Rc<Cell<u32>> = ctx.state().context("init_user ran before")?;
        visits.set(visits.get() + 1);
        ctx.trend("visits", visits.get());
        ctx.gauge("users", self.users.load(Ordering::Relaxed) as f64);
        let url = ctx.param("url").context("the param `url`")?;
        ctx.get(&url).send().await?;
        ctx.counter("results", self.results.load(Ordering::Relaxed) as f64);
        Ok(())
    }

    async fn cleanup_user(&self, ctx: &Context) -> Result<()> {
        let visits: Rc<Cell<u32>> = ctx.state().context("init_user ran before")?;
        ctx.counter("visits of a user that left", visits.get());
        Ok(())
    }

    fn on_result(&self, output: &Output<'_>) {
        self.results
            .fetch_add(u64::from(output.status == 200), Ordering::Relaxed);
    }
}

/// Uses most of what a context offers.
struct Shopper;

impl Runner for Shopper {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let base = ctx.param("url").context("the param `url`")?;
        let token = ctx
            .step("login")
            .run(async |step| {
                let url = format!("{base}/login");
                let answer = step
                    .post(url)
                    .json(&json!({"user": ctx.user_id()}))
                    .send()
                    .await?;
                step.check("has a token", answer.text()?.contains("token"));
                Ok(answer.json::<Value>()?["token"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned())
            })
            .await?;
        let browse = ctx.step("browse");
        let product = browse
            .get(format!("{base}/products/17"))
            .bearer(&token)
            .tag("kind", "warm");
        let absent = browse
            .get(format!("{base}/products/100000"))
            .expect_status(404)
            .name("absent product");
        let (product, absent) = tokio::join!(product.send(), absent.send());
        browse.check("found", product?.is_success());
        browse.check("found", absent?.is_success());
        browse.trend("price", 1.5);
        drop(browse);
        ctx.step("order").fail();
        let failed: Result<()> = ctx.step("pay").run(async |_| bail!("no money")).await;
        ctx.check("payment is refused", failed.is_err());
        ctx.rate("sold", false);
        let hop = http::Request::get(format!("{base}/status/302"));
        ctx.do_request(DEFAULT_SEQUENCE_ID, hop).await?;
        let left = ctx.step("leave");
        let _ = left.get("http://127.0.0.1:1/").send().await.is_err();
        ensure!(ctx.env("LEAVE").is_none(), "left in a step");
        Ok(())
    }
}

/// Reports exchanges that the SDK knows nothing of.
#[derive(Default)]
struct Sampler {
    seen: AtomicU64,
}

impl Runner for Sampler {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let mut sample = ctx.sample("WebSocket", "echo").url("ws://h/echo").method("SEND");
        tokio::time::sleep(Duration::from_millis(2)).await;
        sample.mark(Phase::Connect);
        tokio::time::sleep(Duration::from_millis(1)).await;
        sample
            .status(1000)
            .status_text("normal")
            .size(5)
            .sent(7)
            .tag("room", 3)
            .request_id("m-1")
            .reused(true)
            .end();

        let step = ctx.step("ask");
        let mut given_up = step.sample("grpc", "given up").failed(false);
        given_up.mark(Phase::Send);
        drop(given_up);
        step.sample("grpc", "refused")
            .status(7)
            .failed(true)
            .error_kind("denied")
            .end();
        let error = step
            .sample("grpc", "broken")
            .fail("reset", Error::msg("the peer is gone"));
        ctx.check("the error is given back", error.to_string() == "the peer is gone");
        step.end();

        let request = http::Request::post("http://h/items/17");
        let answer = http::Exchange::answered(503, "sorry");
        ctx.report(Output::new("own", Duration::from_millis(4), &request, &answer));
        let measured = ctx
            .sample("HTTP", "measured")
            .url("http://h/")
            .method("PUT")
            .expect_status(503);
        ctx.check("an answer is an answer", measured.answer(answer)?.status() == 503);
        ctx.sample("HTTP", "judged")
            .remote_addr("10.0.0.1:80")
            .failed(true)
            .error_kind("out of boots")
            .answer(http::Exchange::answered(200, "sold out"))?;

        ctx.metric("revenue")
            .tag("currency", "EUR")
            .tag("vat", 19)
            .counter(17);
        ctx.gauge("outputs", self.seen.load(Ordering::Relaxed) as f64);
        if let Some(ms) = ctx.param("ms") {
            let _cut_off = ctx.sample("grpc", "slow");
            tokio::time::sleep(Duration::from_millis(ms.parse()?)).await;
        }
        Ok(())
    }

    fn on_result(&self, _: &Output<'_>) {
        self.seen.fetch_add(1, Ordering::Relaxed);
    }
}

struct NeverReady;

impl Runner for NeverReady {
    async fn init(&self, _: &Context) -> Result<()> {
        bail!("the licence has expired")
    }

    async fn run(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    let halves = |params: Value, agents: u32| -> Result<Vec<Value>> {
        let total = params["total"].as_u64().context("the param `total`")?;
        let agents = u64::from(agents);
        Ok((0..agents)
            .map(|agent| json!({"from": total * agent / agents}))
            .collect())
    };
    let chatty = |params: Value, agents: u32| -> Result<Vec<Value>> {
        chat(0..10_000);
        Ok((0..agents).map(|_| params.clone()).collect())
    };
    let server = Server::named("noisy", Noisy)
        .and("panics", Panics)
        .and("fails", Fails)
        .and("slow", Slow)
        .splitter(halves)
        .and("thinker", Thinker)
        .and("visitor", Visitor)
        .and("stateful", Stateful::default())
        .and("shopper", Shopper)
        .and("sampler", Sampler::default())
        .and("chatter", Chatter)
        .splitter(chatty)
        .and("never-ready", NeverReady)
        .cookies(true);
    heavy_sdk::serve(server)
}
