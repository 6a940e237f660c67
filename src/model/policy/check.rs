//! What a policy may say.

use super::Policy;
use crate::model::Invalid;
use crate::model::approval::Roles;
use crate::model::globs::Globs;
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
            if part.paths.is_some() {
                return invalid("`paths` are a product's, and a line has none of its own");
            }
            self.clone().with(part.clone()).check(text, &path)?;
        }
        Ok(())
    }

    /// Checks whom it asks for approvals.
    fn check_approvals(&self, text: &[u8], root: &[Key<'_>]) -> Result<(), Invalid> {
        let invalid = |path: &[Key<'_>], rule: &str| {
            let path = [root, path].concat();
            Err(place::invalid(text, &path, rule))
        };
        let none = Roles::default();
        let roles = self.roles.as_ref().unwrap_or(&none);
        for (role, emails) in roles {
            let path = [Key::Name("roles"), Key::Name(role)];
            if role.contains('@') || role.trim().is_empty() {
                return invalid(&path, &format!("`{role}` is not a name for a role"));
            }
            for (at, email) in emails.iter().enumerate() {
                if !email.contains('@') {
                    let path = [Key::Name("roles"), Key::Name(role), Key::At(at)];
                    return invalid(&path, &format!("`{email}` is not an email address"));
                }
            }
        }
        for (at, rule) in self.approvals.iter().flatten().enumerate() {
            let path = [Key::Name("approvals"), Key::At(at)];
            for (nth, name) in rule.from.iter().enumerate() {
                if !name.contains('@') && !roles.contains_key(name) {
                    let path = [path[0], path[1], Key::Name("from"), Key::At(nth)];
                    let rule = format!("`{name}` is neither an email address nor one of roles");
                    return invalid(&path, &rule);
                }
            }
            if rule.need == 0 {
                return invalid(&path, "need is 1 or more");
            }
            if rule.emails(roles).len() < rule.need as usize {
                return invalid(&path, "it needs more people than from names");
            }
            if let Err(wrong) = Globs::new(&rule.paths) {
                return invalid(&path, &wrong);
            }
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
        let people = [
            ("promoters", &self.promoters),
            ("heirs", &self.heirs),
            ("recorders", &self.recorders),
        ];
        for (name, emails) in people {
            for (at, email) in emails.iter().flatten().enumerate() {
                if !email.contains('@') {
                    let path = [Key::Name(name), Key::At(at)];
                    return invalid(&path, &format!("`{email}` is not an email address"));
                }
            }
        }
        self.check_approvals(text, root)?;
        let globs = [
            ("release_files", &self.release_files),
            ("allowed_branches", &self.allowed_branches),
            ("paths", &self.paths),
        ];
        for (name, globs) in globs {
            if let Some(Err(rule)) = globs.as_deref().map(Globs::new) {
                return invalid(&[Key::Name(name)], &rule);
            }
        }
        if self.allowed_branches.as_ref().is_some_and(Vec::is_empty) {
            let rule = "no branch may be released from: name one, or leave allowed_branches out";
            return invalid(&[Key::Name("allowed_branches")], rule);
        }
        for (email, keys) in self.signers.iter().flatten() {
            let path = [Key::Name("signers"), Key::Name(email)];
            if !email.contains('@') {
                return invalid(&path, &format!("`{email}` is not an email address"));
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
