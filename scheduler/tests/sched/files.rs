//! Files of jobs over HTTP: any bytes can be uploaded as one, and a job names only files that are there.

use heavy_results::job::{JobFile, JobInfo};
use heavy_testkit::http::{self, RawResponse};

use crate::world::World;

/// SHA-256 of `name\nann\n`.
const HASH: &str = "c9818a828c7228e5f2cc56276dc5829d0ae9bfaf19f0d1333b7cb9f19f8a48ab";
const CONTENT: &str = "name\nann\n";

async fn ask(world: &World, method: &str, path: &str, body: &str) -> RawResponse {
    let (addr, method, path, body) = (world.addr, method.to_owned(), path.to_owned(), body.to_owned());
    tokio::task::spawn_blocking(move || http::send(addr, &method, &path, &body).unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_names_files_that_were_uploaded() {
    let world = World::new().await;
    let mut spec = world.spec().await;
    // No two agents are there: what is submitted stays in the queue.
    spec.agents = Some(2);
    let mut submit = async |path: &str, sha256: &str, size: u64| {
        spec.files = vec![JobFile {
            path: path.to_owned(),
            sha256: sha256.to_owned(),
            size,
        }];
        let document = serde_json::to_string(&spec).unwrap();
        ask(&world, "POST", "/api/v1/jobs", &document).await
    };
    let size = CONTENT.len() as u64;
    let missing = submit("data/a.csv", HASH, size).await;
    assert_eq!(missing.status, 404);
    assert!(
        missing.text().contains("unknown file `data/a.csv`: upload it"),
        "{}",
        missing.text()
    );

    let artifact = format!("/api/v1/artifacts/{HASH}");
    assert_eq!(
        ask(&world, "PUT", &artifact, CONTENT).await.status,
        422,
        "it is no program"
    );
    assert_eq!(
        ask(&world, "PUT", &format!("{artifact}?kind=tree"), CONTENT)
            .await
            .status,
        400
    );
    let wrong = ask(&world, "PUT", &format!("{artifact}?kind=file"), "other").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    let uploaded = ask(&world, "PUT", &format!("{artifact}?kind=file"), CONTENT).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());

    for (path, size, part) in [
        ("data/a.csv", size + 1, "`data/a.csv` has 9 bytes, not 10"),
        (
            "../a.csv",
            size,
            "`../a.csv`: `..` in a path leaves the directory",
        ),
        ("/etc/cron.d/a", size, "absolute paths are not supported"),
        ("a\\u0000b", size, ""),
    ] {
        let refused = submit(&path.replace("\\u0000", "\0"), HASH, size).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.text());
        assert!(refused.text().contains(part), "{path}: {}", refused.text());
    }
    let queued = submit("data/a.csv", HASH, size).await;
    assert_eq!(queued.status, 201, "{}", queued.text());
    let job: JobInfo = serde_json::from_str(queued.text()).unwrap();
    assert_eq!(
        (&*job.spec.files[0].path, &*job.spec.files[0].sha256),
        ("data/a.csv", HASH)
    );
}
