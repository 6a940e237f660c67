//! What the approvals of a release come to: which hold, which count, and what is missing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{ApprovalRule, Given, Word};
use crate::model::subject::Subject;
use crate::model::{Oid, Person, Policy};

/// Everything that the gate `approvals` looks at beside the subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Agreed {
    /// All that was found of this generation; each person's last word is what counts.
    pub given: Vec<Given>,
    /// What of it counts for nothing, because it is not signed as the policies ask.
    pub unsigned: Vec<Given>,
    /// The contract's blob, where it is written already.
    pub contract: Option<Oid>,
    /// The release commit's tree, and the same without the policy's `release_files`.
    pub tree: Option<Oid>,
    pub code: Option<Oid>,
    /// The policies that the release is judged by.
    pub(crate) present: Policy,
    pub(crate) previous: Option<Policy>,
    /// Who wrote commits that are new in the release; nobody where no rule asks.
    pub authors: Vec<Person>,
    pub changed: Changed,
    /// Whether it is about an entry that repeats another: the policy before it is another one than whoever
    /// approved the release can have known.
    pub repeats: bool,
}

/// The files that a release changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Nobody asked, or there are too many to be told: each rule about paths stands.
    #[default]
    Unknown,
    Paths(Vec<String>),
}

/// Why an approval does not hold for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Void {
    #[strum(serialize = "the contract was edited since")]
    Contract,
    #[strum(serialize = "it is of another commit")]
    Commit,
    #[strum(serialize = "the policy changed since")]
    Policy,
}

impl Agreed {
    /// Takes out what is not signed as it has to be: it neither counts nor takes back what does.
    pub(crate) fn set_unsigned_aside(&mut self, is_signed: impl Fn(&Given) -> bool) {
        let all = std::mem::take(&mut self.given);
        let (signed, unsigned) = all.into_iter().partition(is_signed);
        self.given = signed;
        self.unsigned = unsigned;
    }

    /// Each person's last word, in the order of their names.
    pub(crate) fn words(&self) -> Vec<&Given> {
        let is_last = |given: &&Given| {
            self.given.iter().all(|other| {
                other.name.email != given.name.email || other.name.number <= given.name.number
            })
        };
        let mut found: Vec<&Given> = self.given.iter().filter(is_last).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Why an approval does not hold; none where it does. What says no holds whatever is released.
    pub(crate) fn void(&self, given: &Given) -> Option<Void> {
        let approval = &given.approval;
        let same_code = approval.code.is_some() && approval.code == self.code;
        if self.contract.as_ref() != Some(&approval.contract) {
            Some(Void::Contract)
        } else if self.tree.as_ref() != Some(&approval.tree) && !same_code {
            Some(Void::Commit)
        } else if given.present != self.present
            || !self.repeats && !given.knew(self.previous.as_ref())
        {
            Some(Void::Policy)
        } else {
            None
        }
    }

    /// Whether somebody approves, and that holds.
    pub(crate) fn holds(&self, given: &Given) -> bool {
        given.approval.says == Word::Approved && self.void(given).is_none()
    }

    /// The last words that a rule of this policy counts.
    pub(crate) fn counted(&self, subject: &Subject<'_>, policy: &Policy) -> BTreeSet<Oid> {
        let standing = policy.approvals.iter().flatten();
        let standing = standing.filter(|rule| self.stands(subject, rule));
        let all = standing.flat_map(|rule| self.by_rule(subject, policy, rule));
        all.map(|given| given.tip.clone()).collect()
    }

    /// Whether a rule is about this release.
    fn stands(&self, subject: &Subject<'_>, rule: &ApprovalRule) -> bool {
        let mut changes = subject.contract.changes.iter();
        let of_type = rule.types.is_empty() || changes.any(|c| rule.types.contains(&c.kind));
        let of_path = match (&self.changed, rule.paths.is_empty()) {
            (_, true) | (Changed::Unknown, false) => true,
            (Changed::Paths(paths), false) => {
                let globs = rule.globs();
                paths.iter().any(|path| globs.hold(path))
            }
        };
        of_type && of_path
    }

    /// The approvals that count for a rule, one of each person.
    fn by_rule(&self, subject: &Subject<'_>, policy: &Policy, rule: &ApprovalRule) -> Vec<&Given> {
        let people = subject.people;
        let roles = policy.roles.clone().unwrap_or_default();
        let emails = rule.emails(&roles);
        let is_named = |who: &Person| emails.iter().any(|email| people.has(who, email));
        let mut found: Vec<&Given> = Vec::new();
        for given in self.words() {
            let who = &given.approval.by;
            // Where people are counted, whoever may be one person is one.
            let known = |other: &&Given| people.may_go_by(&other.approval.by, &who.email);
            if self.holds(given)
                && is_named(who)
                && !(rule.not_author && self.is_author(subject, who))
                && !found.iter().any(known)
            {
                found.push(given);
            }
        }
        found
    }

    /// Whether somebody declared the release, proved a change of it, or wrote a commit that is new in it.
    fn is_author(&self, subject: &Subject<'_>, who: &Person) -> bool {
        let people = subject.people;
        let of = |author: &Person| people.may_go_by(author, &who.email);
        let generation = subject.generation;
        let proved = subject.attempts.iter().any(|attempt| {
            let change = subject.contract.change(&attempt.name.change);
            let passes = change.is_some_and(|change| attempt.says(change, generation).passes());
            passes && of(&attempt.evolution.owner)
        });
        of(subject.declared_by) || proved || self.authors.iter().any(of)
    }

    /// What a policy's rules find missing, a line each.
    pub(crate) fn missing(&self, subject: &Subject<'_>, policy: &Policy) -> Vec<String> {
        let mut lines = Vec::new();
        let version = &subject.contract.version;
        for given in self.rejecting(subject, policy) {
            let (by, message) = (&given.approval.by, given.approval.message.as_deref());
            let why = message.map_or(String::new(), |text| format!(" ({text})"));
            lines.push(format!(
                "{by} rejected it{why}; to lift that, {by} types: git gryt approve {version} --revoke",
                by = by.name
            ));
        }
        for rule in policy.approvals.iter().flatten() {
            if !self.stands(subject, rule) {
                continue;
            }
            let count = self.by_rule(subject, policy, rule).len();
            if count >= rule.need as usize {
                continue;
            }
            let (need, whom) = (rule.need, rule.whom());
            let not_author = match rule.not_author {
                true => ", who did not write it",
                false => "",
            };
            let voided = self.voided(subject, policy, rule);
            lines.push(format!(
                "{count} of {need} approvals by {whom}{not_author}{voided}: git gryt approve {version}"
            ));
        }
        lines
    }

    /// Which approvals of a rule's people do not hold, in brackets.
    fn voided(&self, subject: &Subject<'_>, policy: &Policy, rule: &ApprovalRule) -> String {
        let people = subject.people;
        let roles = policy.roles.clone().unwrap_or_default();
        let emails = rule.emails(&roles);
        let mut lines = String::new();
        for given in self.words() {
            let who = &given.approval.by;
            if given.approval.says == Word::Approved
                && emails.iter().any(|email| people.has(who, email))
                && let Some(why) = self.void(given)
            {
                lines += &format!("; {} approved it, and {why}", who.name);
            }
        }
        for given in &self.unsigned {
            let who = &given.approval.by;
            if emails.iter().any(|email| people.has(who, email)) {
                let says = given.approval.says;
                lines += &format!(
                    "; {} {says} it, which does not count because of how it is signed",
                    who.name
                );
            }
        }
        match lines.is_empty() {
            true => lines,
            false => format!(" ({})", lines.trim_start_matches("; ")),
        }
    }

    /// The rejections that stand: those of people whom a rule names.
    pub(crate) fn rejecting(&self, subject: &Subject<'_>, policy: &Policy) -> Vec<&Given> {
        let rejects = |given: &&Given| {
            given.approval.says == Word::Rejected
                && policy.names_approver(|email| subject.people.has(&given.approval.by, email))
        };
        self.words().into_iter().filter(rejects).collect()
    }

    /// The people whom a policy's unsatisfied rules ask and who have not said anything that holds, by email.
    pub(crate) fn awaited(&self, subject: &Subject<'_>, policy: &Policy) -> Vec<String> {
        let people = subject.people;
        let roles = policy.roles.clone().unwrap_or_default();
        let mut found = Vec::new();
        for rule in policy.approvals.iter().flatten() {
            let has = self.by_rule(subject, policy, rule);
            if !self.stands(subject, rule) || has.len() >= rule.need as usize {
                continue;
            }
            for email in rule.emails(&roles) {
                let who = Person {
                    name: String::new(),
                    email: email.to_owned(),
                };
                let said = self.words().into_iter().any(|given| {
                    people.may_go_by(&given.approval.by, email)
                        && (self.holds(given) || given.approval.says == Word::Rejected)
                });
                let barred = rule.not_author && self.is_author(subject, &who);
                if !said && !barred && !found.contains(&email.to_owned()) {
                    found.push(email.to_owned());
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::approval::{Approval, ApprovalName};
    use crate::model::mailmap::{Mailmap, People};
    use crate::model::signature::Signature;
    use crate::model::{Contract, Version};

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn who(name: &str) -> Person {
        Person {
            name: name.into(),
            email: format!("{name}@example.com"),
        }
    }

    fn given(name: &str, number: u32, says: Word) -> Given {
        let version: Version = "v1.0.0".parse().unwrap();
        Given {
            name: ApprovalName::of(&version, &who(name), number).unwrap(),
            tip: oid(1000 + number),
            approval: Approval {
                version,
                generation: oid(7),
                says,
                contract: oid(1),
                commit: oid(2),
                tree: oid(3),
                code: None,
                previous: None,
                by: who(name),
                at: "2026-01-02T03:04:05+00:00".parse().unwrap(),
                message: None,
            },
            present: Policy::default(),
            previous: None,
            signature: Signature::Missing,
            in_cloud: true,
        }
    }

    fn agreed(given: Vec<Given>) -> Agreed {
        Agreed {
            given,
            contract: Some(oid(1)),
            tree: Some(oid(3)),
            ..Agreed::default()
        }
    }

    /// What the rules of `policy` find missing, and how many approvals count.
    fn asks(policy: &str, agreed: &Agreed, mailmap: &str) -> (Vec<String>, usize) {
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";
        let contract = Contract::parse(text.as_bytes(), &"v1.0.0".parse().unwrap()).unwrap();
        let people = People::by(Mailmap::parse(mailmap.as_bytes()), None);
        let subject = Subject {
            contract: &contract,
            generation: &oid(7),
            declared_by: &who("ann"),
            attempts: &[],
            promoter: &who("lead"),
            people: &people,
            agreed,
        };
        let counted = agreed.counted(&subject, &policy).len();
        (agreed.missing(&subject, &policy), counted)
    }

    #[test]
    fn a_rule_counts_each_of_its_people_once() {
        use Word::{Approved, Rejected, Revoked};
        let two = "roles: {qa: [bob@example.com, cat@example.com]}\n\
                   approvals: [{need: 2, from: [qa, ann@example.com]}]\n";
        let both = agreed(vec![given("bob", 1, Approved), given("cat", 2, Approved)]);
        assert_eq!(asks(two, &both, ""), (vec![], 2));
        // Two emails of one person are one, whichever map joins them.
        let (missing, counted) = asks(two, &both, "B <bob@example.com> <cat@example.com>\n");
        assert_eq!((missing.len(), counted), (1, 1));
        assert!(missing[0].starts_with("1 of 2 approvals by qa or ann@example.com"));
        // Whoever is not named does not count, and cannot reject.
        let strangers = vec![given("bob", 1, Approved), given("dan", 2, Approved)];
        assert_eq!(asks(two, &agreed(strangers), "").1, 1);
        let mut given_all = both.given.clone();
        given_all.push(given("dan", 3, Rejected));
        assert_eq!(asks(two, &agreed(given_all.clone()), ""), (vec![], 2));
        // The last word counts.
        given_all.push(given("bob", 4, Rejected));
        let (missing, counted) = asks(two, &agreed(given_all.clone()), "");
        assert_eq!((missing.len(), counted), (2, 1));
        assert!(missing[0].starts_with("bob rejected it"), "{missing:?}");
        given_all.push(given("bob", 5, Revoked));
        assert_eq!(asks(two, &agreed(given_all), "").0.len(), 1);
    }

    #[test]
    fn a_rule_stands_where_it_is_about_the_release() {
        let none = agreed(vec![]);
        let stands = |rule: &str, agreed: &Agreed| {
            let rule = format!("approvals: [{{need: 1, from: [bob@example.com], {rule}}}]");
            !asks(&rule, agreed, "").0.is_empty()
        };
        assert!(stands("types: [add, fix]", &none) && !stands("types: [fix]", &none));
        let changed = |path: &str| Agreed {
            changed: Changed::Paths(vec![path.into()]),
            ..none.clone()
        };
        assert!(stands("paths: ['src/**']", &none));
        assert!(stands("paths: ['src/**']", &changed("src/a/b.rs")));
        assert!(!stands("paths: ['src/*']", &changed("src/a/b.rs")));
    }

    #[test]
    fn whoever_wrote_it_does_not_count_where_the_rule_says_so() {
        let rule =
            "approvals: [{need: 1, from: [ann@example.com, bob@example.com], not_author: true}]";
        let declared = agreed(vec![given("ann", 1, Word::Approved)]);
        assert_eq!(asks(rule, &declared, "").1, 0);
        let mut other = agreed(vec![given("bob", 1, Word::Approved)]);
        assert_eq!(asks(rule, &other, "").1, 1);
        other.authors = vec![who("cat")];
        assert_eq!(asks(rule, &other, "").1, 1);
        // Under another address they are an author all the same.
        assert_eq!(
            asks(rule, &other, "B <bob@example.com> <cat@example.com>\n").1,
            0
        );
    }

    #[test]
    fn an_edit_another_commit_and_another_policy_end_an_approval_and_no_rejection() {
        let yes = given("bob", 1, Word::Approved);
        let holds = |change: fn(&mut Agreed)| {
            let mut agreed = agreed(vec![yes.clone()]);
            change(&mut agreed);
            agreed.void(&yes)
        };
        assert_eq!(holds(|_| {}), None);
        assert_eq!(holds(|a| a.contract = Some(oid(9))), Some(Void::Contract));
        assert_eq!(holds(|a| a.contract = None), Some(Void::Contract));
        assert_eq!(holds(|a| a.tree = Some(oid(9))), Some(Void::Commit));
        let other = || Policy {
            promoters: Some(vec!["x@y.z".into()]),
            ..Policy::default()
        };
        assert_eq!(
            holds(|a| a.present.release_files = Some(vec!["x".into()])),
            Some(Void::Policy)
        );
        let previous = |before: Option<Policy>, now: Option<Policy>| {
            let mut given = yes.clone();
            given.previous = before;
            let mut agreed = agreed(vec![given.clone()]);
            agreed.previous = now;
            agreed.void(&given)
        };
        assert_eq!(previous(None, Some(other())), Some(Void::Policy));
        assert_eq!(previous(Some(other()), None), Some(Void::Policy));
        assert_eq!(previous(Some(other()), Some(other())), None);
        // What it was given under became the previous policy.
        assert_eq!(previous(None, Some(Policy::default())), None);
        let mut filed = yes.clone();
        filed.approval.code = Some(oid(5));
        let mut released = agreed(vec![filed.clone()]);
        released.tree = Some(oid(9));
        assert_eq!(released.void(&filed), Some(Void::Commit));
        released.code = Some(oid(5));
        assert_eq!(released.void(&filed), None);
        let mut no = agreed(vec![given("bob", 2, Word::Rejected)]);
        no.tree = Some(oid(9));
        let rule = "approvals: [{need: 1, from: [bob@example.com]}]";
        assert!(asks(rule, &no, "").0[0].contains("bob rejected it"));
    }
}
