//! Names for things: members, places in a room's log, moments.

use serde::{Deserialize, Serialize};

/// A place in a room's log: starts at 1 and has no holes. 0 stands for "before the first entry".
pub type Seq = u64;

/// A moment, in milliseconds since 1970 UTC.
pub type UnixMillis = u64;

/// The id of a member, random and never computable from the ticket's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct MemberId(pub String);

impl MemberId {
    /// The id as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for MemberId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
