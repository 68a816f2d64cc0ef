//! `/api/events/{event}/moderation/…`: the moderators' desk, an address a module.

mod audit;
mod authority;
mod messages;
mod people;
mod words;

use serde_json::Value;

use crate::support::Visitor;

/// Something of the desk at `salt`.
async fn get(visitor: &Visitor, path: &str) -> crate::support::Answer {
    visitor.get(&desk(path)).await
}

fn desk(path: &str) -> String {
    format!("/api/events/salt/moderation/{path}")
}

/// A field of each object in a list.
#[track_caller]
fn each<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|object| object[field].as_str().expect("text"))
        .collect()
}
