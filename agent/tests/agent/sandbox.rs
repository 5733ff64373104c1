//! What a load test can do on its agent's host: the table of `docs/security.md`, tried.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use heavy_load::vocabulary::SandboxLevel;
use heavy_proto::v1::AssignmentState as State;
use heavy_testkit::{Run, Running};
use serde_json::{Value, json};

use crate::world::{World, fixture, spec};

/// A user that nobody is.
const STRANGER: u32 = 61_234;

const VARIABLE: &str = "AGENT_PASSWORD";

/// The heads of the table's columns after the first, and of whom they are.
const COLUMNS: [(&str, SandboxLevel, bool); 4] = [
    ("root, `basic`", SandboxLevel::Basic, true),
    ("root, `basic+files`", SandboxLevel::Files, true),
    ("another user, `basic`", SandboxLevel::Basic, false),
    ("another user, `basic+files`", SandboxLevel::Files, false),
];

/// An agent with things that are worth having, in a directory that its user may enter.
struct Victim {
    world: World,
    /// The user that it runs as; this process's if that cannot choose.
    user: u32,
    level: SandboxLevel,
}

impl Victim {
    async fn new(user: u32, level: SandboxLevel) -> Self {
        let mut world = World::without_agent().await;
        world.sandbox = level;
        let victim = Self { world, user, level };
        let root = victim.world.dir.path();
        mode(root, 0o755);
        for dir in [
            "agent",
            "agent/spool",
            "home",
            "home/.config",
            "home/.config/heavy",
            "outside",
            "tools",
        ] {
            fs::create_dir(root.join(dir)).expect("nothing is there");
            victim.give(&root.join(dir));
        }
        for file in ["agent/key", "home/.config/heavy/home.pem", "inherited"] {
            fs::write(root.join(file), "secret").expect("the directory is there");
            mode(&root.join(file), 0o600);
            victim.give(&root.join(file));
        }
        // It stays root's.
        fs::copy("/usr/bin/id", root.join("tools/id")).expect("every host has it");
        mode(&root.join("tools/id"), 0o4755);
        victim
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.dir.path().join(name)
    }

    fn give(&self, path: &Path) {
        if rustix::process::getuid().is_root() {
            chown(path, Some(self.user), Some(self.user)).expect("root can give files away");
        }
    }

    /// Starts the agent, with a secret in its environment and one that it inherits.
    fn start(&self) -> Running {
        // Where it was built, others may not be let in.
        let program = self.path("heavy-agent");
        let built = env!("CARGO_BIN_EXE_heavy-agent");
        fs::hard_link(built, &program)
            .or_else(|_| fs::copy(built, &program).map(drop))
            .expect("the agent was built");
        let config = self.world.config();
        let user = format!("--reuid={0} --regid={0} --clear-groups", self.user);
        let command = if self.user == rustix::process::getuid().as_raw() {
            String::new()
        } else {
            format!("setpriv {user}")
        };
        Run::new("sh")
            .args(["-c", &format!("exec 9<\"$0\" && exec {command} \"$@\"")])
            .arg(self.path("inherited"))
            .arg(program)
            .args(["--scheduler", &config.scheduler, "--collector", &config.collector])
            .args(["--name", "agent-1", "--sandbox", self.level.as_str()])
            .args(["--require-sandbox", self.level.as_str()])
            .args(["--data-dir".as_ref(), self.path("agent").as_os_str()])
            .args(["--allow-read".as_ref(), self.path("tools").as_os_str()])
            .env(VARIABLE, "secret")
            .timeout(Duration::from_secs(60))
            .start()
    }

    /// What came of all tries.
    async fn tried(&self, agent: &Running) -> BTreeMap<String, String> {
        self.world.registered(1).await;
        let told = self.world.scheduler.heard.borrow().registrations[0]
            .sandbox
            .clone();
        assert_eq!(told, self.level.as_str());
        let of = json!({
            "agent": agent.id(),
            "key": self.path("agent/key"),
            "spool": self.path("agent/spool"),
            "home_key": self.path("home/.config/heavy/home.pem"),
            "inherited": self.path("inherited"),
            "outside": self.path("outside"),
            "setuid": self.path("tools/id"),
            "variable": VARIABLE,
        });
        try_all(&self.world, of).await
    }
}

/// Has a load test try everything, and returns what came of it.
async fn try_all(world: &World, of: Value) -> BTreeMap<String, String> {
    let mut tries = spec("10", 1000, "tries");
    tries.params = json!({ "mode": "tries", "of": of });
    world.assign("job-tries", &fixture(), tries).await;
    let failed = world.state("job-tries", State::Failed).await;
    serde_json::from_str(&failed.message).unwrap_or_else(|_| panic!("{}", failed.message))
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// A column of the documented table: the outcome of each try, without what it says of the reason.
fn documented(head: &str) -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let cells = |line: &str| {
        let cells = line.trim().trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    let mut lines = page.lines().skip_while(|line| !line.contains(head));
    let heads = cells(lines.next().expect("the table has such a column"));
    let place = heads
        .iter()
        .position(|found| found == head)
        .expect("it was just there");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells);
    let outcome = |cell: &str| {
        cell.split(" (")
            .next()
            .unwrap_or_default()
            .trim_matches('*')
            .to_owned()
    };
    rows.map(|row| (row[0].clone(), outcome(&row[place]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_test_can_do_what_is_documented_and_no_more() {
    let is_root = rustix::process::getuid().is_root();
    for (head, level, of_root) in COLUMNS {
        let user = if of_root { 0 } else { STRANGER };
        if of_root && !is_root {
            continue;
        }
        let user = if is_root {
            user
        } else {
            rustix::process::getuid().as_raw()
        };
        let victim = Victim::new(user, level).await;
        let agent = victim.start();
        let tried = victim.tried(&agent).await;
        let mut documented = documented(head);
        if !is_root {
            // Only root can make a program that would give its privileges away.
            documented.insert(
                "privileges of root, by a setuid program".to_owned(),
                "not given".to_owned(),
            );
        }
        assert_eq!(tried, documented, "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cannot_have_the_required_sandbox_does_not_start() {
    let world = World::without_agent().await;
    let config = world.config();
    let agent = |flags: [&str; 4]| {
        let run = Run::new(env!("CARGO_BIN_EXE_heavy-agent"))
            .args(["--scheduler", &config.scheduler, "--collector", &config.collector])
            .args(["--data-dir".as_ref(), config.data_dir.as_os_str()])
            .args(flags);
        tokio::task::spawn_blocking(move || run.finish())
    };
    let lacks = agent(["--sandbox", "basic", "--require-sandbox", "basic+files"])
        .await
        .unwrap();
    assert_eq!(lacks.code, Some(1));
    let problem =
        "load tests would run in the sandbox basic, but --require-sandbox is basic+files: --sandbox is basic";
    assert!(lacks.stderr.contains(problem), "{}", lacks.stderr);
    let open = agent(["--sandbox", "basic", "--allow-read", "/"]).await.unwrap();
    assert_eq!(open.code, Some(2));
    assert!(open.stderr.contains("invalid --allow-read /"), "{}", open.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_of_an_assignment_is_delivered_with_its_account() {
    for level in [SandboxLevel::None, SandboxLevel::Files] {
        let mut world = World::without_agent().await;
        world.sandbox = level;
        world.start_agent();
        world.registered(1).await;
        let delivered = world.run_fixture("job-level", spec("50", 200, "ok")).await;
        assert_eq!(delivered.closing.unwrap().sandbox, Some(level));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_hidden_from_load_tests_that_share_its_namespace() {
    for (level, signal) in [(SandboxLevel::Basic, "done"), (SandboxLevel::Files, "EPERM")] {
        let mut world = World::without_agent().await;
        (world.shares_pids, world.sandbox) = (true, level);
        world.start_agent();
        world.registered(1).await;
        let tried = try_all(&world, json!({ "agent": std::process::id() })).await;
        for (name, outcome) in [
            ("`/proc/AGENT/environ`", "EACCES"),
            ("`/proc/AGENT/mem`", "EACCES"),
            ("`/proc/AGENT/root`", "EACCES"),
            ("`/proc/AGENT/fd`", "EACCES"),
            ("`ptrace` of the agent", "EPERM"),
            ("signal to the agent", signal),
        ] {
            assert_eq!(tried[name], outcome, "{name}, {level}");
        }
    }
}
