//! Host names to addresses: cached for a while, and asked for once however many connections wait for the answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, Shared};

use super::clock::monotonic_ns;

/// The addresses of a host in the order to try them, or what the resolver said.
pub(crate) type Resolved = Result<Rc<[IpAddr]>, Arc<str>>;

pub(crate) struct Dns {
    ttl_ns: u64,
    entries: RefCell<HashMap<Arc<str>, CachedName>>,
}

enum CachedName {
    Known { addresses: Rc<[IpAddr]>, until_ns: u64 },
    Asked(Shared<LocalBoxFuture<'static, Resolved>>),
}

impl Dns {
    const CAPACITY: usize = 1_024;

    pub(crate) fn new(ttl_ns: u64) -> Self {
        Self {
            ttl_ns,
            entries: RefCell::default(),
        }
    }

    /// The addresses of `host`; an address is its own answer.
    pub(crate) async fn resolve(&self, host: &Arc<str>) -> Resolved {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Rc::new([address]));
        }
        let asked = match self.entries.borrow().get(host) {
            Some(CachedName::Known { addresses, until_ns }) if monotonic_ns() < *until_ns => {
                return Ok(addresses.clone());
            }
            Some(CachedName::Asked(lookup)) => Some(lookup.clone()),
            Some(CachedName::Known { .. }) | None => None,
        };
        let lookup = asked.unwrap_or_else(|| self.ask(host));
        let resolved = lookup.clone().await;
        self.remember(host, &lookup, &resolved);
        resolved
    }

    /// Puts an address that answered first: the next connection need not try those that did not.
    pub(crate) fn prefer(&self, host: &Arc<str>, address: IpAddr) {
        if let Some(CachedName::Known { addresses, .. }) = self.entries.borrow_mut().get_mut(host)
            && let Some(place) = addresses.iter().position(|known| *known == address)
            && place > 0
        {
            let mut sorted = addresses.to_vec();
            sorted[..=place].rotate_right(1);
            *addresses = sorted.into();
        }
    }

    fn ask(&self, host: &Arc<str>) -> Shared<LocalBoxFuture<'static, Resolved>> {
        let name = host.clone();
        let lookup = async move {
            let found = tokio::net::lookup_host((&*name, 0)).await;
            let mut addresses: Vec<IpAddr> = match found {
                Ok(found) => found.map(|address| address.ip()).collect(),
                Err(error) => return Err(Arc::from(error.to_string())),
            };
            addresses.dedup();
            if addresses.is_empty() {
                Err(Arc::from("it has no address"))
            } else {
                Ok(addresses.into())
            }
        };
        let lookup = lookup.boxed_local().shared();
        let mut entries = self.entries.borrow_mut();
        if entries.len() >= Self::CAPACITY {
            entries.clear();
        }
        entries.insert(host.clone(), CachedName::Asked(lookup.clone()));
        lookup
    }

    /// Replaces a lookup by its answer; the first of the tasks that waited for it does.
    fn remember(
        &self,
        host: &Arc<str>,
        lookup: &Shared<LocalBoxFuture<'static, Resolved>>,
        resolved: &Resolved,
    ) {
        let mut entries = self.entries.borrow_mut();
        let still_asked =
            matches!(entries.get(host), Some(CachedName::Asked(current)) if current.ptr_eq(lookup));
        if !still_asked {
            return;
        }
        match resolved {
            Ok(addresses) => {
                let until_ns = monotonic_ns().saturating_add(self.ttl_ns);
                entries.insert(
                    host.clone(),
                    CachedName::Known {
                        addresses: addresses.clone(),
                        until_ns,
                    },
                );
            }
            Err(_) => {
                entries.remove(host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn an_address_is_its_own_answer() {
        let dns = Dns::new(u64::MAX);
        let addresses = block_on(dns.resolve(&"::1".into())).unwrap();
        assert_eq!(*addresses, ["::1".parse::<IpAddr>().unwrap()]);
        assert!(dns.entries.borrow().is_empty());
    }

    #[test]
    fn names_are_remembered_and_failures_are_not() {
        let dns = Dns::new(u64::MAX);
        block_on(async {
            let host: Arc<str> = "localhost".into();
            let (a, b) = futures::join!(dns.resolve(&host), dns.resolve(&host));
            assert!(Rc::ptr_eq(&a.unwrap(), &b.unwrap()), "one lookup answers both");
            assert!(dns.resolve(&"name.invalid".into()).await.is_err());
        });
        assert_eq!(dns.entries.borrow().len(), 1);
    }

    #[test]
    fn the_address_that_answered_comes_first() {
        let dns = Dns::new(u64::MAX);
        let host: Arc<str> = "host".into();
        let [a, b, c]: [IpAddr; 3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|text| text.parse().unwrap());
        let known = CachedName::Known {
            addresses: Rc::new([a, b, c]),
            until_ns: u64::MAX,
        };
        dns.entries.borrow_mut().insert(host.clone(), known);
        dns.prefer(&host, c);
        assert_eq!(*block_on(dns.resolve(&host)).unwrap(), [c, a, b]);
    }
}
