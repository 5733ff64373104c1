//! All origins of one pool: those that everybody shares, and each group's own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::origin::{Origin, Protocol};
use super::target::OriginKey;
use super::tls::HttpVersion;

type Map = HashMap<OriginKey, Rc<Origin>, RandomState>;

pub(crate) struct Origins {
    version: HttpVersion,
    shared: RefCell<Map>,
    groups: RefCell<HashMap<u64, Map, RandomState>>,
}

impl Origins {
    pub(crate) fn new(version: HttpVersion) -> Self {
        Self {
            version,
            shared: RefCell::default(),
            groups: RefCell::default(),
        }
    }

    /// The origin of `key` within `group`, made if need be.
    pub(crate) fn get(&self, group: Option<u64>, key: &OriginKey) -> Rc<Origin> {
        match group {
            None => self.get_in(&mut self.shared.borrow_mut(), key),
            Some(group) => self.get_in(self.groups.borrow_mut().entry(group).or_default(), key),
        }
    }

    fn get_in(&self, map: &mut Map, key: &OriginKey) -> Rc<Origin> {
        if let Some(origin) = map.get(key) {
            return origin.clone();
        }
        let protocol = match self.version {
            HttpVersion::Auto if key.tls => Protocol::Unknown,
            HttpVersion::Auto | HttpVersion::Http1 => Protocol::Http1,
            HttpVersion::Http2 => Protocol::Http2,
        };
        let origin = Rc::new(Origin::new(key.clone(), protocol));
        map.insert(key.clone(), origin.clone());
        origin
    }

    pub(crate) fn all(&self) -> Vec<Rc<Origin>> {
        let groups = self.groups.borrow();
        let own = groups.values().flat_map(HashMap::values);
        self.shared.borrow().values().chain(own).cloned().collect()
    }

    /// Takes the origins of a group out.
    pub(crate) fn remove_group(&self, group: u64) -> Vec<Rc<Origin>> {
        let map = self.groups.borrow_mut().remove(&group);
        map.into_iter().flat_map(HashMap::into_values).collect()
    }

    /// Forgets the origins that nobody uses and that have no connections.
    pub(crate) fn forget_unused(&self) {
        let in_use = |origin: &mut Rc<Origin>| Rc::strong_count(origin) > 1 || !origin.is_empty();
        self.shared.borrow_mut().retain(|_, origin| in_use(origin));
        self.groups.borrow_mut().retain(|_, map| {
            map.retain(|_, origin| in_use(origin));
            !map.is_empty()
        });
    }
}
