//! The kinds of outage, and the option that is made for each.

mod failing;
mod overload;
mod parts;
mod silent;

use std::error::Error;

use crate::outage::Outage;

/// All kinds, in the order of the page.
pub(crate) fn all() -> impl Iterator<Item = &'static Outage> {
    silent::OUTAGES.iter().chain(&failing::OUTAGES).chain(&overload::OUTAGES).chain(&parts::OUTAGES)
}

pub(crate) fn find(name: &str) -> Result<&'static Outage, Box<dyn Error>> {
    all().find(|outage| outage.name == name).ok_or_else(|| {
        let names: Vec<&str> = all().map(|outage| outage.name).collect();
        format!("no outage `{name}`; there are {}", names.join(", ")).into()
    })
}
