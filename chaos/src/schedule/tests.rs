//! Which faults a schedule has, and when.

use std::collections::BTreeMap;

use super::*;

fn jobs(seed: u64, store: StoreKind) -> Vec<PlannedJob> {
    (0..80)
        .map(|number| PlannedJob::new(seed, number, store, &[]))
        .collect()
}

#[test]
fn a_seed_gives_one_schedule() {
    for store in [StoreKind::Postgres, StoreKind::Sqlite] {
        assert_eq!(jobs(1, store), jobs(1, store));
        assert_ne!(jobs(1, store), jobs(2, store));
    }
    assert_ne!(jobs(1, StoreKind::Postgres), jobs(1, StoreKind::Sqlite));
}

#[test]
fn twenty_minutes_have_enough_of_each_fault() {
    for (store, parts) in [(StoreKind::Postgres, 5), (StoreKind::Sqlite, 4)] {
        let (mut kills, mut others) = (BTreeMap::new(), 0);
        for fault in jobs(7, store).into_iter().flat_map(|job| job.faults) {
            match fault.kind {
                FaultKind::Kill(part) => *kills.entry(part.name()).or_insert(0) += 1,
                _ => others += 1,
            }
        }
        assert_eq!(kills.len(), parts, "{kills:?}");
        assert!(kills.values().all(|count| *count >= 20), "{kills:?}");
        assert!(
            kills.values().sum::<i32>() >= 180 && others >= 60,
            "{kills:?} {others}"
        );
    }
}

#[test]
fn faults_happen_to_the_parts_that_are_wanted() {
    let parts = ["agent".to_owned(), "disk".to_owned()];
    for number in 0..20 {
        let job = PlannedJob::new(5, number, StoreKind::Sqlite, &parts);
        let wanted = |fault: &PlannedFault| parts.iter().any(|part| part == fault.kind.part());
        assert!(job.faults.len() >= 4 && job.faults.iter().all(wanted), "{job:?}");
    }
    for store in [StoreKind::Postgres, StoreKind::Sqlite] {
        for part in PARTS {
            let job = |number| PlannedJob::new(5, number, store, &[part.to_owned()]);
            let faults = (0..20).map(|number| job(number).faults.len());
            assert_eq!(faults.sum::<usize>() > 20, store.has(part), "{store:?} {part}");
        }
    }
}

#[test]
fn faults_lie_within_the_load() {
    for job in jobs(3, StoreKind::Postgres) {
        let load = Duration::from_secs(job.duration_s);
        assert!(job.faults.iter().all(|fault| fault.at < load));
        assert!(job.faults.is_sorted_by_key(|fault| fault.at));
    }
}
