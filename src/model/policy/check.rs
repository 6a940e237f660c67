//! What a policy may say.

use super::Policy;
use crate::model::Invalid;
use crate::model::place::{self, Key};
use crate::model::scheme::Range;
use crate::model::signers::{self};
use crate::model::verdict::Gate;

impl Policy {
    /// Checks what it says of lines.
    pub(super) fn check_lines(&self, text: &[u8], root: &[Key<'_>]) -> Result<(), Invalid> {
        for (name, part) in &self.lines {
            let path = [root, &[Key::Name("lines"), Key::Name(name)]].concat();
            let invalid = |rule: &str| Err(place::invalid(text, &path, rule));
            match Range::try_from(name.clone()) {
                Ok(range) if range.product().is_none() => {}
                Ok(_) => {
                    return invalid("a line of a product belongs under `lines` of that product");
                }
                Err(wrong) => return invalid(&wrong.rule),
            }
            if part.lines.is_some() {
                return invalid("a line cannot hold `lines`");
            }
            self.clone().with(part.clone()).check(text, &path)?;
        }
        Ok(())
    }

    /// Checks the rules that its types cannot express; `root` is where it stands in `text`.
    pub(super) fn check(&self, text: &[u8], root: &[Key<'_>]) -> Result<(), Invalid> {
        let invalid = |path: &[Key<'_>], rule: &str| {
            let path = [root, path].concat();
            Err(place::invalid(text, &path, rule))
        };
        let gate = |name| [Key::Name("gates"), Key::Name(name)];
        if self.gates.min_evolutions == Some(0) {
            return invalid(&gate("min_evolutions"), "min_evolutions is 1 or more");
        }
        for rule in &self.gates.required_steps {
            if rule.types.is_empty() || rule.steps.is_empty() {
                let rule = "required_steps names types and steps";
                return invalid(&gate("required_steps"), rule);
            }
        }
        if self.promoters.as_ref().is_some_and(Vec::is_empty) {
            let rule = "nobody may promote: name somebody, or leave promoters out";
            return invalid(&[Key::Name("promoters")], rule);
        }
        for (name, emails) in [("promoters", &self.promoters), ("heirs", &self.heirs)] {
            for (at, email) in emails.iter().flatten().enumerate() {
                if !email.contains('@') {
                    let path = [Key::Name(name), Key::At(at)];
                    return invalid(&path, &format!("`{email}` is not an email address"));
                }
            }
        }
        for (email, keys) in self.signers.iter().flatten() {
            let path = [Key::Name("signers"), Key::Name(email)];
            if !email.contains('@') {
                return invalid(&path, &format!("`{email}` is no email"));
            }
            for (at, key) in keys.iter().enumerate() {
                if let Err(rule) = signers::Key::parse(key) {
                    let path = [Key::Name("signers"), Key::Name(email), Key::At(at)];
                    return invalid(&path, &rule);
                }
            }
        }
        if self.signs()
            && self
                .signers
                .iter()
                .flatten()
                .all(|(_, keys)| keys.is_empty())
        {
            let rule = "nobody could sign: name keys under signers";
            return invalid(&gate("signed"), rule);
        }
        for (at, name) in self.waivable.iter().enumerate() {
            if let Err(rule) = Gate::named_waivable(name) {
                return invalid(&[Key::Name("waivable"), Key::At(at)], &rule);
            }
        }
        Ok(())
    }
}
