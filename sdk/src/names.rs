//! The default names of the requests of one core, remembered: a load test asks for the same URLs again and again.

use std::collections::HashMap;
use std::rc::Rc;

use heavy_plugin::name::default_name;
use http::Method;

/// Maximum number of remembered URLs. A test with more of them gains little from the cache.
const CAPACITY: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct DefaultNames {
    by_url: HashMap<Box<str>, OfOneUrl, foldhash::fast::RandomState>,
}

type OfOneUrl = Vec<(Method, Rc<str>)>;

impl DefaultNames {
    pub(crate) fn get(&mut self, method: &Method, url: &str) -> Rc<str> {
        if let Some(known) = self.by_url.get(url)
            && let Some((_, name)) = known.iter().find(|(known, _)| known == method)
        {
            return Rc::clone(name);
        }
        if self.by_url.len() >= CAPACITY {
            self.by_url.clear();
        }
        let name: Rc<str> = default_name(method.as_str(), url).into();
        let names = self.by_url.entry(url.into()).or_default();
        names.push((method.clone(), Rc::clone(&name)));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_remembered_by_method_and_stay_bounded() {
        let mut names = DefaultNames::default();
        for n in 0..3 * CAPACITY {
            let url = format!("http://h/items/{n}");
            assert_eq!(&*names.get(&Method::GET, &url), "GET /items/{id}");
            assert_eq!(&*names.get(&Method::PUT, &url), "PUT /items/{id}");
            assert!(names.by_url.len() <= CAPACITY);
        }
    }
}
