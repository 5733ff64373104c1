//! Puts a function of this program under load, without an agent: `cargo run -p heavy-sdk --example local`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use heavy_sdk::Result;
use heavy_sdk::local::{self, CallError, Event, Listener, Options, WhenFull};
use tokio::sync::Mutex;

/// What is put under load: a shop with one till.
static TILL: Mutex<u32> = Mutex::const_new(0);

async fn buy() -> Result<()> {
    let mut sold = TILL.lock().await;
    tokio::time::sleep(Duration::from_millis(4)).await;
    *sold += 1;
    Ok(())
}

/// Counts the calls that waited for the till.
#[derive(Default)]
struct Waited(AtomicU64);

impl Listener for Waited {
    fn after(&self, event: &Event, _: &Result<(), CallError>) {
        if event.duration() > Some(Duration::from_millis(8)) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn main() -> Result<()> {
    let waited = Arc::new(Waited::default());
    let options = Options::default()
        .name("a steady stream")
        .limit(16)
        .listener(Arc::clone(&waited));
    let work = local::work("150/s", Duration::from_secs(2), buy, options);
    println!("{}", local::block_on(work)?);
    println!("{} waited for the till\n", waited.0.load(Ordering::Relaxed));

    let options = Options::default()
        .name("a bus load")
        .limit(16)
        .when_full(WhenFull::Queue);
    let start = local::force(buy, options)?;
    println!("{}", local::block_on(start(50)?)?);
    Ok(())
}
