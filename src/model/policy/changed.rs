//! What a release changes in the policy.

use super::Policy;
use crate::model::signers::{self};
use std::collections::BTreeMap;

impl Policy {
    /// What differs between `before` and this one, a line for each key.
    pub fn differences(&self, before: &Policy) -> Vec<String> {
        let flat = |policy: &Policy| {
            // A policy is plain data, which JSON can always hold.
            let value = serde_json::to_value(policy).unwrap_or_default();
            let mut keys = BTreeMap::new();
            for (key, value) in value.as_object().into_iter().flatten() {
                // Keys are long: they are told one by one.
                if key == "signers" {
                    continue;
                }
                match value.as_object().filter(|_| key == "gates") {
                    Some(gates) => keys.extend(gates.clone()),
                    None => _ = keys.insert(key.clone(), value.clone()),
                }
            }
            keys
        };
        let (old, new) = (flat(before), flat(self));
        let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
        names.sort();
        names.dedup();
        let say = |value: Option<&serde_json::Value>| {
            value.map_or("not set".to_owned(), ToString::to_string)
        };
        let differs = names
            .into_iter()
            .filter(|name| old.get(*name) != new.get(*name));
        let mut found: Vec<String> = differs
            .map(|name| {
                let (was, is) = (say(old.get(name)), say(new.get(name)));
                format!("{name}: {was} -> {is}")
            })
            .collect();
        let (old, new) = (before.keys_by_name(), self.keys_by_name());
        let only = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter()
                .filter(|key| !other.contains(key))
                .cloned()
                .collect()
        };
        found.extend(
            only(&new, &old)
                .iter()
                .map(|key| format!("signers: added {key}")),
        );
        found.extend(
            only(&old, &new)
                .iter()
                .map(|key| format!("signers: removed {key}")),
        );
        found
    }

    /// Its keys, each as a message names it.
    pub(super) fn keys_by_name(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (email, keys) in self.signers.iter().flatten() {
            found.extend(keys.iter().map(|key| match signers::Key::parse(key) {
                Ok(signers::Key::Ssh(known)) => format!("the key {} for {email}", known.key),
                // Its fingerprint is gpg's to tell.
                Ok(signers::Key::Gpg(text)) => {
                    let end: String = text.lines().rev().nth(1).unwrap_or_default().into();
                    format!("the gpg key that ends with {end} for {email}")
                }
                Err(_) => format!("a key for {email}"),
            }));
        }
        found
    }
}
