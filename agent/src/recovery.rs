//! Goes on with what an agent that is gone has left: reads its journal from where its spool ends, through the code that
//! it would have used itself, into the same spool, and closes its account.

mod replay;

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::data_dir::AgentPaths;
use crate::disk::fs;
use crate::disk_quota::DiskQuota;
use crate::journal::note::PublishedNote;
use crate::journal::read::{JournalReader, JournalRecord};
use crate::spool::{Spool, SpoolStream};
use replay::Replay;

/// The spools that earlier agents left, complete as far as their journals go, ready to be delivered. Nobody else may
/// use the directory.
pub(crate) fn left_over(paths: &AgentPaths, quota: &DiskQuota) -> Vec<Arc<Spool>> {
    let spools = Spool::left_over(&paths.spool(), quota);
    for spool in &spools {
        let journal = spool.producer.dir_name().map(|name| paths.journal().join(name));
        if let Err(error) = journal.and_then(|journal| complete(spool, &journal, quota)) {
            tracing::error!(job = spool.producer.job, %error, "cannot read the journal of a spool: it is delivered as it is");
        }
        spool.publish();
        spool.end();
    }
    remove_journals(paths, &spools);
    spools
}

/// Removes the journals of these spools, and those that belong to nothing. That of a spool which this version cannot read
/// goes with it: an agent that can read both needs it.
fn remove_journals(paths: &AgentPaths, spools: &[Arc<Spool>]) {
    let entries =
        fs::read_dir(paths.journal()).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
    for entry in entries {
        let (name, dir) = (entry.file_name(), entry.path());
        let mut names = spools.iter().filter_map(|spool| spool.producer.dir_name().ok());
        let is_read = names.any(|read| *read == *name);
        if !is_read && paths.spool().join(&name).exists() {
            tracing::warn!(dir = %dir.display(), "kept the journal of a spool that cannot be read");
        } else if let Err(error) = fs::remove_dir_all(&dir) {
            tracing::warn!(dir = %dir.display(), %error, "cannot remove a journal");
        }
    }
}

fn complete(spool: &Arc<Spool>, journal: &Path, quota: &DiskQuota) -> io::Result<()> {
    let [stats, rows] = spool.newest_covers();
    let reader = match JournalReader::open(journal) {
        Ok(reader) => reader,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return spool.settle_tails(spool.noted(), false);
        }
        Err(error) => {
            spool.settle_tails(spool.noted(), false)?;
            return Err(error);
        }
    };
    let noted = noted(&reader)?.newer(spool.noted().unwrap_or_default());
    // Whether roll-ups are missing that may have been sent is known before the tails are settled.
    let lacks_sent = noted.stats_sequence > spool.last(SpoolStream::Stats);
    spool.settle_tails(Some(noted), true)?;
    let Some(start) = spool.start()? else {
        return Ok(());
    };
    let was_closed = lacks_sent && noted.closed;
    if was_closed || stats.as_ref().is_some_and(|cover| cover.closed) {
        return Ok(());
    }
    let mut replay = Replay::new(spool, &start, (stats, rows), noted, quota);
    if lacks_sent {
        replay.begin_with_sent(noted);
        reader.read(&mut |record, at_ns| replay.take(record, at_ns))?;
        replay.end_of_sent();
    }
    reader.read(&mut |record, at_ns| replay.take(record, at_ns))?;
    replay.finish();
    Ok(())
}

/// What the newest note in a journal says.
fn noted(reader: &JournalReader) -> io::Result<PublishedNote> {
    let mut newest = PublishedNote::default();
    reader.read(&mut |record, _| {
        if let JournalRecord::Published(note) = record {
            newest = newest.newer(note);
        }
        Ok(())
    })?;
    Ok(newest)
}

#[cfg(test)]
mod tests;
