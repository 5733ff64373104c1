//! `heavy run` of a load test that writes more than results: what is counted, what is shown, and that nothing is lost.

use heavy_testkit::{Run, TempDir, example};

/// PASS, or INVALID where the machine is too busy to start iterations in time; a test asserts no times.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

/// What the fixture writes that is no result, as the report has it.
const NOT_RESULTS: [[&str; 2]; 6] = [
    ["cut-off", "1"],
    ["not-utf8", "1"],
    // The greeting, and three NULs.
    ["text", "2"],
    ["too-long", "1"],
    ["unknown-type", "1"],
    ["wrong-fields", "1"],
];

/// How many rows there are more than iterations were started, and how many different ones; and what else was counted.
const ROWS: &str = "\
SELECT count(*) - started AS rows, count(DISTINCT iteration) - started AS different, scheduled, lost, malformed
FROM assignments JOIN iterations USING (job_id) WHERE job_id = :job
GROUP BY started, scheduled, lost, malformed";

#[test]
fn lines_that_are_no_results_are_listed_by_reason_and_cost_no_iteration() {
    let folder = TempDir::new("noise");
    let heavy = |args: &[&str]| {
        let run = Run::binary("heavy").args(args);
        run.env("HEAVY_DATA_DIR", folder.path()).finish()
    };
    let fixture = example("fixture").display().to_string();
    let load = ["--rate", "50", "--duration", "1s", "--full"];
    let test = ["run", &fixture, "--workflow", "one", "--param", "mode=noise"];
    let run = heavy(&[&test[..], &load].concat());
    assert!(RAN.contains(&run.code), "{run:?}");
    assert_eq!(not_results(&run.stdout), NOT_RESULTS, "{}", run.stdout);

    let csv = |sql: &str| heavy(&["sql", "--format", "csv", sql]).expect_code(0).stdout;
    let rows = csv(ROWS);
    assert_eq!(rows, "rows,different,scheduled,lost,malformed\r\n0,0,50,0,7\r\n");
    let lines = csv("SELECT line FROM logs WHERE job_id = :job AND stream = 'stdout'");
    for line in ["hello from println!", "half a line at the e"] {
        assert!(lines.contains(line), "{lines}");
    }
}

/// The reasons in the report's section of them and how often each was met.
fn not_results(report: &str) -> Vec<[&str; 2]> {
    let heading = "\nLines of the load test that are not results\n";
    let (_, section) = report.split_once(heading).expect(report);
    let lines = section.lines().take_while(|line| !line.is_empty());
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.map(|words| [words[0], words[1]]).collect()
}
