//! Numbers by name: a JSON object that is small and read in order.

use std::borrow::Borrow;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A number for each of a few names. A list: a map weighs kilobytes in the page, and nobody looks up much in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts<K>(Vec<(K, u64)>);

impl<K: PartialEq> Counts<K> {
    /// The number for a name, if it is there.
    pub fn get<Q: PartialEq + ?Sized>(&self, name: &Q) -> Option<u64>
    where
        K: Borrow<Q>,
    {
        let found = self.0.iter().find(|(other, _)| other.borrow() == name);
        found.map(|(_, count)| *count)
    }

    /// The number for a name; 0 for one that is not there.
    pub fn of<Q: PartialEq + ?Sized>(&self, name: &Q) -> u64
    where
        K: Borrow<Q>,
    {
        self.get(name).unwrap_or_default()
    }

    /// Sets the number for a name.
    pub fn set(&mut self, name: K, count: u64) {
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = count,
            None => self.0.push((name, count)),
        }
    }
}

impl<K> Counts<K> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each name with its number.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, u64)> {
        self.0.iter()
    }

    /// All numbers together.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> FromIterator<(K, u64)> for Counts<K> {
    fn from_iter<I: IntoIterator<Item = (K, u64)>>(counts: I) -> Self {
        Self(counts.into_iter().collect())
    }
}

impl<K> IntoIterator for Counts<K> {
    type Item = (K, u64);
    type IntoIter = std::vec::IntoIter<(K, u64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'c, K> IntoIterator for &'c Counts<K> {
    type Item = &'c (K, u64);
    type IntoIter = std::slice::Iter<'c, (K, u64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Display> Serialize for Counts<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name.to_string(), count)))
    }
}

impl<'de, K: FromStr> Deserialize<'de> for Counts<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Object(object) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("no counts"));
        };
        let mut counts = Vec::new();
        for (name, count) in &object {
            match (name.parse(), count.as_u64()) {
                (Ok(name), Some(count)) => counts.push((name, count)),
                _ => return Err(D::Error::custom("no count")),
            }
        }
        Ok(Self(counts))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_travel_as_an_object() {
        let counts: Counts<u64> = [(7, 1), (12, 3)].into_iter().collect();
        assert_eq!(
            serde_json::to_value(&counts).expect("serializes"),
            json!({"7": 1, "12": 3})
        );
        let mut read: Counts<u64> = serde_json::from_value(json!({"12": 3, "7": 1})).expect("reads");
        assert_eq!((read.of(&12), read.of(&7), read.of(&9), read.total()), (3, 1, 0, 4));
        read.set(7, 2);
        read.set(9, 5);
        assert_eq!((read.of(&7), read.of(&9)), (2, 5));
        for bad in [json!({"a": 1}), json!({"7": -1}), json!([7])] {
            assert!(serde_json::from_value::<Counts<u64>>(bad.clone()).is_err(), "{bad}");
        }
    }
}
