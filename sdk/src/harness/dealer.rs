//! Which core gets what: iterations in turn, users always the same core, identities few cores.

use std::collections::HashMap;

use heavy_plugin::rpc::Failure;
use tokio::sync::mpsc;

use super::failure::core_is_gone;
use super::orders::CoreOrder;

/// Deals iterations to cores in turn. By its own index and not by `n`, because an agent's share of the numbers can
/// have any stride.
#[derive(Debug, Default)]
pub(super) struct Dealer {
    pub(super) next_core: usize,
    /// Users stay on the core that they were dealt to first.
    cores_of_users: HashMap<(usize, u64), usize>,
    pub(super) stopped: bool,
}

impl Dealer {
    /// Deals users to cores in turn; one that was dealt before stays where it is.
    pub(super) async fn deal_users(
        &mut self,
        cores: &[mpsc::Sender<CoreOrder>],
        workflow: usize,
        users: &[(u64, u64, u64)],
        anchor_ns: u64,
    ) -> Result<(), Failure> {
        if users.is_empty() {
            return Ok(());
        }
        let count = cores.len();
        let mut hands = vec![Vec::new(); count];
        let at = |ns: u64| anchor_ns.saturating_add(ns);
        for &(user, came_ns, until_ns) in users {
            let next = self.cores_of_users.len() % count;
            let core = *self.cores_of_users.entry((workflow, user)).or_insert(next);
            hands[core].push((user, at(came_ns), at(until_ns)));
        }
        for (core, users) in cores.iter().zip(hands) {
            if !users.is_empty() {
                let order = CoreOrder::ReleaseUsers { workflow, users };
                core.send(order).await.map_err(|_| core_is_gone())?;
            }
        }
        Ok(())
    }
}

/// Identities per core: of this many, seldom all are taken while another core has free ones.
const IDENTITIES_A_CORE: usize = 64;

/// Over how many cores the identities of each workflow that has some are spread.
pub(super) fn cores_of_workflows(
    workflows: &[usize],
    identities: &[Vec<u64>],
    cores: usize,
) -> HashMap<usize, usize> {
    let having = workflows
        .iter()
        .zip(identities)
        .filter(|(_, numbers)| !numbers.is_empty());
    having
        .map(|(workflow, numbers)| (*workflow, (numbers.len() / IDENTITIES_A_CORE).clamp(1, cores)))
        .collect()
}
