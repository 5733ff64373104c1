//! What the guide to writing load tests shows compiles in a service as `heavy new` writes it, and runs.

use std::fmt::Write as _;

use super::Desk;
use super::scaffold::with_cargo;
use crate::docs::desk::{blocks, read};

/// Pauses, and reports a length and a duration.
const READER: &str = r#"//! Reads, and says how long that took.

use std::time::Duration;

use common::target_url;
use heavy_sdk::prelude::*;

pub(crate) struct Reader;

impl Runner for Reader {
    async fn run(&self, ctx: &Context) -> Result<()> {
        ctx.get(target_url(ctx)?).send().await?;
        let pause = Duration::from_millis(900);
        ctx.step("read").run(async |step| Ok(step.think(pause..=pause).await)).await?;
        ctx.trend("pause", pause);
        ctx.trend("pages", ["one", "two", "three"].len());
        Ok(())
    }
}
"#;

/// The Rust blocks of the guide, each a module.
fn guide() -> String {
    let page = read("docs/writing-tests.md");
    let all = [blocks(&page, "rust"), blocks(&page, "rust,no_run")].concat();
    assert!(all.len() >= 12, "{}", all.len());
    let mut text = "//! The blocks of the guide.\n#![allow(dead_code)]\n".to_owned();
    for (n, block) in all.iter().enumerate() {
        writeln!(text, "mod block_{n} {{\n{block}}}").unwrap();
    }
    text
}

#[test]
fn every_block_of_the_guide_compiles_in_a_new_service() {
    let desk = Desk::new();
    desk.heavy(&["new", "service", "guided"]).finish().expect_code(0);
    desk.heavy(&["new", "workflow", "guided/reader"])
        .finish()
        .expect_code(0);
    let main = desk.path("services/guided/src/main.rs");
    let with_guide = std::fs::read_to_string(&main)
        .unwrap()
        .replace("mod workflows {", "mod guide;\nmod workflows {");
    std::fs::write(main, with_guide).unwrap();
    desk.write("services/guided/src/guide.rs", &guide());
    desk.write("services/guided/src/workflows/reader.rs", READER);
    let run = desk.heavy(&[
        "run",
        "guided/reader",
        "--users",
        "1",
        "--pacing",
        "1s",
        "--iterations-per-user",
        "2",
        "--duration",
        "30s",
        "--timeout",
        "800ms",
    ]);
    let finished = with_cargo(run).finish();
    assert!([Some(0), Some(98)].contains(&finished.code), "{finished:?}");

    let said = |sql: &str| {
        let args = ["sql", "--format", "csv", sql];
        let csv = desk.heavy(&args).finish().expect_code(0).stdout;
        csv.lines().nth(1).unwrap_or_default().to_owned()
    };
    let iterations = "SELECT count(*), min(think_ms) >= 900, max(response_ms) < 900, max(duration_ms) < 900, \
                      min((julianday(ended_at) - julianday(started_at)) * 86400) > 0.8 FROM iterations";
    assert_eq!(said(iterations), "2,1,1,1,1");
    assert_eq!(
        said("SELECT sum(ok) FROM seconds WHERE second IN (SELECT second FROM iterations)"),
        "2",
        "rows and series agree on when iterations ended"
    );
    assert_eq!(
        said("SELECT max_ms < 900 FROM step_stats WHERE step = 'read'"),
        "1"
    );
    assert_eq!(
        said("SELECT round(p50_ms) FROM metrics WHERE name = 'pause'"),
        "900"
    );
    assert_eq!(
        said("SELECT round(p50_ms) FROM metrics WHERE name = 'pages'"),
        "3"
    );
}
