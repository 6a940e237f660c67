//! Promoting although a gate fails: what may be excused, by whose word, and how it is said
//! (docs/policy.md, "Waivers").

use super::approval::{Agreed, Given};
use super::evolution::Attempt;
use super::gate::{New, combine, judge, unsigned, verdict};
use super::mailmap::People;
use super::recorders;
use super::ring::{self, Ring, not_before};
use super::rules::RuleSet;
use super::signature::Signature;
use super::signers::Blocks;
use super::signing::{Signing, Unsigned};
use super::strictness::Strictness;
use super::subject::Subject;
use super::unproven::Fresh;
use super::verdict::{Excuse, ExcuseKind, Gate, GateName, Only, Verdict};
use super::{Exit, Oid, Person, Policy, Refusal, Stamp, Version};
use std::collections::BTreeSet;

/// The policies that a release is judged by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub by: RuleSet,
    /// The one at the release commit.
    pub present: Policy,
    /// The one sealed with the previous promotion; none before the first.
    pub previous: Option<(Version, Policy)>,
    /// Why the one sealed with the previous promotion cannot be read: somebody sealed it around
    /// git gryt, or with a later one. It stops a release until it is overridden.
    pub unreadable: Option<String>,
    /// The rules that the previous promotion was judged by.
    pub before: Option<RuleSet>,
    /// Who is who, by the mailmaps of both.
    pub people: People,
    /// The mailmap of the release commit.
    pub mailmap: Option<Oid>,
    /// When the previous promotion says that it was promoted.
    pub since: Option<Stamp>,
    /// The entry's signature, and the time that it names.
    pub signature: Signature,
    pub at: Option<Stamp>,
    /// What gpg says of the keys that the two policies name.
    pub blocks: Blocks,
    /// What is known of the release's commits.
    pub fresh: Fresh,
}

/// What the promoter asks to be let off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plea {
    pub waive: Vec<Gate>,
    pub override_previous: bool,
    /// Also who may promote, although the promoter is no heir.
    pub without_heir: bool,
    pub reason: String,
}

impl Rules {
    /// What signatures are judged by: by the release's own policy, and by the previous one.
    fn signings(&self) -> (Signing, Option<Signing>) {
        let own = self.ring(&self.present);
        let Some((version, policy)) = &self.previous else {
            return (self.signing((own.clone(), own.clone()), own, None), None);
        };
        let before = self.ring(policy);
        let both = Some((version.clone(), before.clone()));
        // A key that the branch brings counts for proofs at once, and for entries from the next
        // release on. Where no key was named before, nothing is let go of by these.
        let entry = match before.is_empty() {
            true => own.clone(),
            false => own.clone().also_in(&before),
        };
        let present = self.signing((entry, own.clone()), own.clone(), both.clone());
        let proofs = before.clone().with(&own);
        (present, Some(self.signing((before, proofs), own, both)))
    }

    /// Judges by both policies.
    pub(crate) fn judge(&self, subject: &Subject<'_>) -> Vec<Verdict> {
        let agreed = &self.agreed(subject);
        let subject = &Subject {
            people: &self.people,
            agreed,
            ..*subject
        };
        let (keys, keys_before) = self.signings();
        let by = |policy| recorders::heard(subject.attempts, policy, self.by, &self.people);
        let heard = by(&self.present);
        let attempts = &heard;
        let new = New {
            commits: &self.fresh.present,
            fresh: &self.fresh,
        };
        let by_present = &Subject {
            attempts,
            ..*subject
        };
        let present = judge(&self.present, self.by, by_present, &keys, &new);
        let mut verdicts = match (&self.previous, keys_before) {
            (Some((_, policy)), Some(keys)) => {
                let heard = by(policy);
                let by_previous = &Subject {
                    attempts: &heard,
                    ..*subject
                };
                let new = New {
                    commits: &self.fresh.previous,
                    ..new
                };
                combine(&present, &judge(policy, self.by, by_previous, &keys, &new))
            }
            _ => present,
        };
        verdicts.extend(self.unreadable.as_ref().map(|why| Verdict {
            only: Some(Only::Previous),
            ..verdict(Gate::PreviousPolicy, vec![why.clone()])
        }));
        verdicts
    }

    /// What was said of the release, under these policies.
    fn agreed(&self, subject: &Subject<'_>) -> Agreed {
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let mut agreed = Agreed {
            present: self.present.clone(),
            previous: previous.cloned(),
            ..subject.agreed.clone()
        };
        if self.ask_for_signatures() {
            let own = self.ring(&self.present);
            let keys = match previous {
                Some(before) if own.is_empty() => self.ring(before),
                Some(_) | None => own,
            };
            let mut both = [Some(&self.present), previous].into_iter().flatten();
            let strict = both.any(|policy| policy.gates.signed == Some(Strictness::Require));
            agreed.set_unsigned_aside(|given| {
                let (by, at) = (&given.approval.by, Some(&given.approval.at));
                let worth = keys.worth(&given.signature, by, &self.people, at);
                match strict {
                    true => worth.holds(),
                    false => !worth.is_worse_than_none(),
                }
            });
        }
        agreed
    }

    /// The last words on the release that a rule of either policy counts.
    pub(crate) fn counted(&self, subject: &Subject<'_>) -> BTreeSet<Oid> {
        let agreed = &self.agreed(subject);
        let subject = &Subject {
            people: &self.people,
            agreed,
            ..*subject
        };
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let both = [Some(&self.present), previous].into_iter().flatten();
        both.flat_map(|policy| agreed.counted(subject, policy))
            .collect()
    }

    /// Whom the rules of both policies still ask, by email.
    pub(crate) fn awaited(&self, subject: &Subject<'_>) -> Vec<String> {
        let agreed = &self.agreed(subject);
        let subject = &Subject {
            people: &self.people,
            agreed,
            ..*subject
        };
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let both = [Some(&self.present), previous].into_iter().flatten();
        let mut found: Vec<String> = both
            .flat_map(|policy| agreed.awaited(subject, policy))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// The rejections that stand by either policy.
    pub(crate) fn rejecting(&self, subject: &Subject<'_>) -> Vec<Given> {
        let agreed = &self.agreed(subject);
        let subject = &Subject {
            people: &self.people,
            agreed,
            ..*subject
        };
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let both = [Some(&self.present), previous].into_iter().flatten();
        let mut found: Vec<Given> = Vec::new();
        for given in both.flat_map(|policy| agreed.rejecting(subject, policy)) {
            if !found.contains(given) {
                found.push(given.clone());
            }
        }
        found
    }

    /// Whether a rule of either policy names that person.
    pub(crate) fn names_approver(&self, who: &Person) -> bool {
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let mut both = [Some(&self.present), previous].into_iter().flatten();
        both.any(|policy| policy.names_approver(|email| self.people.has(who, email)))
    }

    /// Whether either policy asks for approvals.
    pub(crate) fn ask_for_approvals(&self) -> bool {
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let mut both = [Some(&self.present), previous].into_iter().flatten();
        both.any(|policy| policy.approvals.is_some())
    }

    /// Whose signatures either policy misses.
    pub(crate) fn unsigned(&self, subject: &Subject<'_>) -> Vec<Unsigned> {
        let (present, previous) = self.signings();
        let both = [Some(present), previous].into_iter().flatten();
        both.flat_map(|signing| unsigned(subject, &signing))
            .collect()
    }

    /// The attempts, with what each policy does not hear of them.
    pub(crate) fn heard(&self, attempts: &[Attempt]) -> Vec<Attempt> {
        let mut heard = recorders::heard(attempts, &self.present, self.by, &self.people);
        if let Some((_, policy)) = &self.previous {
            heard = recorders::heard(&heard, policy, self.by, &self.people);
        }
        heard
    }

    /// Takes those for one person, where being another lets something pass, who share a key in one of the
    /// policies.
    pub(crate) fn join_by_keys(&mut self) {
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let both = [Some(&self.present), previous].into_iter().flatten();
        let pairs = both.flat_map(ring::sharing).collect();
        self.people.share_keys(pairs);
    }

    /// Whether one of the two policies asks for signatures.
    pub(crate) fn ask_for_signatures(&self) -> bool {
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let mut both = [Some(&self.present), previous].into_iter().flatten();
        self.by.has_signers() && both.any(Policy::signs)
    }

    fn ring(&self, policy: &Policy) -> Ring {
        match self.ask_for_signatures() {
            true => Ring::of(policy, &self.blocks),
            false => Ring::default(),
        }
    }

    fn signing(
        &self,
        (entry_keys, proof_keys): (Ring, Ring),
        present: Ring,
        previous: Option<(Version, Ring)>,
    ) -> Signing {
        Signing {
            entry_keys,
            proof_keys,
            present,
            previous,
            entry: self.signature.clone(),
            at: self.signed_at(),
        }
    }

    /// The time by which the entry's key is judged. Whoever signs names that time, so that it counts as none
    /// before the release that it follows: else a key that is over would sign by naming an earlier one.
    fn signed_at(&self) -> Option<Stamp> {
        self.at.map(|at| not_before(at, self.since))
    }

    /// Whether both policies let a promoter waive the gate.
    fn waivable(&self, gate: Gate) -> bool {
        self.unreadable.is_none()
            && self.present.waives(gate)
            && self.previous.as_ref().is_none_or(|(_, p)| p.waives(gate))
    }

    /// Whether a gate that fails so may be passed with that excuse by `promoter`.
    pub(crate) fn allows(&self, verdict: &Verdict, excuse: &Excuse, promoter: &Person) -> bool {
        match excuse.kind {
            ExcuseKind::Waived => match verdict.gate {
                GateName::Known(gate) => {
                    gate.waivable() && self.waivable(gate) && excuse.heir.is_none()
                }
                GateName::Later(_) => false,
            },
            ExcuseKind::Overridden => {
                self.overrides(verdict, promoter) == Some(excuse.heir.as_deref())
            }
        }
    }

    /// Whether `promoter` can override that verdict, and as which heir where it takes one.
    fn overrides(&self, verdict: &Verdict, promoter: &Person) -> Option<Option<&str>> {
        let GateName::Known(gate) = verdict.gate else {
            return None;
        };
        if verdict.only != Some(Only::Previous) {
            return None;
        }
        if !(gate.is_of_heirs() && self.by.has_heirs()) {
            return Some(None);
        }
        let (_, previous) = self.previous.as_ref()?;
        let mut heirs = previous.heirs.iter().flatten();
        let heir = heirs.find(|email| {
            self.people.has(promoter, email) && self.is_signed_by_heir(previous, email)
        });
        heir.map(|email| Some(email.as_str()))
    }

    /// Whether the entry is signed with a key of the heir, where the previous policy requires signatures.
    fn is_signed_by_heir(&self, previous: &Policy, heir: &str) -> bool {
        previous.gates.signed != Some(Strictness::Require)
            || self
                .ring(previous)
                .is_of(&self.signature, heir, self.signed_at().as_ref())
    }

    /// The policies that ask for later rules than these, by name, and which they ask for.
    pub(crate) fn asked_for(&self) -> Vec<(String, RuleSet)> {
        let present = ("The policy at the release commit".to_owned(), &self.present);
        let previous = self.previous.as_ref();
        let previous =
            previous.map(|(version, p)| (format!("The policy sealed with {version}"), p));
        let all = [Some(present), previous].into_iter().flatten();
        let later = all.filter(|(_, policy)| policy.needs > self.by);
        later.map(|(name, policy)| (name, policy.needs)).collect()
    }

    /// The rules that the release before was sealed by, where these are older: whoever could go back to
    /// older rules could let go of what the later ones ask for.
    pub(crate) fn go_back_behind(&self) -> Option<RuleSet> {
        self.before.filter(|before| *before > self.by)
    }

    /// Whether the policy at the release commit, and the previous one, ask for a gate of the moment.
    pub(crate) fn ask_at_the_moment(&self, gate: Gate) -> (bool, bool) {
        let asks =
            |policy: &Policy| gate == Gate::AllowedBranches && policy.allowed_branches.is_some();
        let previous = self.previous.as_ref();
        (
            asks(&self.present),
            previous.is_some_and(|(_, policy)| asks(policy)),
        )
    }

    /// The refusal of a promotion by rules that this program does not know.
    ///
    /// # Errors
    /// [`Exit::Gate`].
    pub(crate) fn known(&self) -> Result<(), Refusal> {
        self.present.known("The policy at the release commit")?;
        if let Some(later) = self.go_back_behind() {
            return Err(later.unknown("The release before this one", "was sealed by"));
        }
        match &self.previous {
            Some((version, policy)) => policy.known(&format!("The policy sealed with {version}")),
            None => Ok(()),
        }
    }

    /// What the policy at the release commit says otherwise than the one before it.
    pub(crate) fn differences(&self) -> Vec<String> {
        match &self.previous {
            Some((_, previous)) => self.present.differences(previous),
            None => Vec::new(),
        }
    }
}

/// Excuses the failed gates that the plea names and the rules allow.
///
/// # Errors
/// [`Exit::Gate`] for one that may not be waived.
pub(crate) fn grant(
    mut verdicts: Vec<Verdict>,
    rules: &Rules,
    plea: &Plea,
    promoter: &Person,
) -> Result<Vec<Verdict>, Refusal> {
    for gate in &plea.waive {
        if !rules.waivable(*gate) {
            let both = match &rules.previous {
                Some((version, _)) => format!(
                    "Both the policy at the release commit and the one sealed with {version} have \
                     to call it waivable"
                ),
                None => "The policy at the release commit does not call it waivable".into(),
            };
            let what = format!("The gate {gate} cannot be waived");
            return Err(Refusal::new(Exit::Gate, what).because(both));
        }
    }
    for verdict in verdicts.iter_mut().filter(|v| !v.passed) {
        let all = plea.without_heir && verdict.only == Some(Only::Previous);
        let heir = rules.overrides(verdict, promoter).or(all.then_some(None));
        let heir = heir.filter(|_| plea.override_previous);
        let (kind, heir) = match (plea.waive.iter().any(|gate| verdict.gate == *gate), heir) {
            (true, _) => (ExcuseKind::Waived, None),
            (false, Some(heir)) => (ExcuseKind::Overridden, heir.map(str::to_owned)),
            (false, None) => continue,
        };
        verdict.excuse = Some(Excuse {
            kind,
            reason: plea.reason.clone(),
            heir,
        });
    }
    Ok(verdicts)
}

/// The refusal over everything that still stops the promotion, all of it at once.
pub(crate) fn refused(
    verdicts: &[Verdict],
    rules: &Rules,
    version: &Version,
    promoter: &Person,
) -> Refusal {
    let mut refusal = Refusal::new(Exit::Gate, format!("{version} is not ready for promotion"));
    let stopping: Vec<&Verdict> = verdicts.iter().filter(|v| v.stops()).collect();
    for verdict in &stopping {
        for line in &verdict.missing {
            refusal = refusal.because(said(verdict, rules, line));
        }
    }
    let overridden = |v: &&&Verdict| rules.overrides(v, promoter).is_some();
    let for_heirs = |v: &&&Verdict| v.only == Some(Only::Previous) && !overridden(v);
    if let (true, Some((before, previous))) =
        (stopping.iter().any(|v| for_heirs(&v)), &rules.previous)
    {
        let gates = stopping.iter().filter(for_heirs);
        let gates: Vec<String> = gates.map(|verdict| verdict.gate.to_string()).collect();
        let gates = gates.join(" and ");
        let signed = match previous.gates.signed {
            Some(Strictness::Require) => ", by an entry that they sign with their own key",
            Some(Strictness::Warn | Strictness::Off) | None => "",
        };
        refusal = refusal.because(match previous.heirs.as_deref() {
            None | Some([]) => {
                format!("The policy of {before} names no heir who could override {gates}")
            }
            Some(heirs) => format!("{} can override {gates}{signed}", heirs.join(" or ")),
        });
    }
    let waived = |v: &&&Verdict| {
        !overridden(v) && matches!(v.gate, GateName::Known(gate) if rules.waivable(gate))
    };
    if stopping.iter().all(|v| overridden(&v) || waived(&v)) {
        let mut line = format!("git gryt promote {version}");
        for verdict in stopping.iter().filter(waived) {
            line += &format!(" --waive {}", verdict.gate);
        }
        if stopping.iter().any(|v| overridden(&v)) {
            line += " --override-previous";
        }
        refusal = refusal.then(line + " --reason TEXT");
    }
    refusal
}

/// One line of a verdict, with the gate's name, and the policy's where only one of two says so.
fn said(verdict: &Verdict, rules: &Rules, line: &str) -> String {
    // What a contract itself asks for needs no name.
    if verdict.gate == Gate::HasChanges || verdict.gate == Gate::ChangesProven {
        return line.to_owned();
    }
    let gate = &verdict.gate;
    match (verdict.only, &rules.previous) {
        (Some(Only::Previous), Some((version, _))) => {
            format!("{gate}, by the policy of {version} alone: {line}")
        }
        _ => format!("{gate}: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(present: &str, previous: Option<&str>) -> Rules {
        let policy = |text: &str| Policy::parse(text.as_bytes()).unwrap();
        Rules {
            by: RuleSet::CURRENT,
            present: policy(present),
            previous: previous.map(|text| ("v1.0.0".parse().unwrap(), policy(text))),
            ..Rules::default()
        }
    }

    fn failed(gate: Gate, only: Option<Only>) -> Verdict {
        Verdict {
            only,
            ..verdict(gate, vec!["something".into()])
        }
    }

    fn who(name: &str) -> Person {
        Person {
            name: name.into(),
            email: format!("{name}@example.com"),
        }
    }

    fn plea(waive: &[Gate], override_previous: bool) -> Plea {
        Plea {
            waive: waive.to_vec(),
            override_previous,
            without_heir: false,
            reason: "because".into(),
        }
    }

    #[test]
    fn a_gate_is_waived_where_both_policies_allow_it() {
        let gate = Gate::MinEvolutions;
        let asks = |rules: &Rules| {
            let plea = plea(&[gate], false);
            grant(vec![failed(gate, None)], rules, &plea, &who("ann"))
        };
        let both = rules(
            "waivable: [min_evolutions]",
            Some("waivable: [min_evolutions]"),
        );
        let excuse = asks(&both).unwrap()[0].excuse.clone().unwrap();
        assert_eq!(
            (excuse.kind, excuse.reason.as_str()),
            (ExcuseKind::Waived, "because")
        );
        let one = rules("waivable: [min_evolutions]", Some(""));
        assert_eq!(asks(&one).unwrap_err().exit, Exit::Gate);
        assert!(asks(&rules("waivable: [min_evolutions]", None)).is_ok());
        assert_eq!(Gate::named("x").unwrap_err().exit, Exit::Invalid);
    }

    #[test]
    fn only_what_the_previous_policy_alone_fails_is_overridden() {
        let rules = rules("", Some("gates: {min_evolutions: 2}"));
        let verdicts = vec![
            failed(Gate::MinEvolutions, Some(Only::Previous)),
            failed(Gate::Versions, None),
        ];
        let found = grant(verdicts, &rules, &plea(&[], true), &who("eve")).unwrap();
        assert!(!found[0].stops() && found[1].stops());
        let refusal = refused(&found, &rules, &"v2.0.0".parse().unwrap(), &who("eve"));
        assert_eq!(refusal.why, ["versions: something"]);
        assert!(refusal.next.is_empty());
    }

    #[test]
    fn nobody_but_an_heir_overrides_who_may_promote() {
        let rules = rules("", Some("promoters: [a@b.c]\nheirs: [eve@example.com]"));
        let version = "v2.0.0".parse().unwrap();
        let verdicts = || vec![failed(Gate::Promoters, Some(Only::Previous))];
        let as_heir = grant(verdicts(), &rules, &plea(&[], true), &who("Eve")).unwrap();
        let excuse = as_heir[0].excuse.clone().unwrap();
        assert_eq!(excuse.heir.as_deref(), Some("eve@example.com"));
        assert!(rules.allows(&as_heir[0], &excuse, &who("eve")));
        assert!(!rules.allows(&as_heir[0], &excuse, &who("bob")));
        let unsaid = Excuse {
            heir: None,
            ..excuse.clone()
        };
        assert!(!rules.allows(&as_heir[0], &unsaid, &who("eve")));
        let other = grant(verdicts(), &rules, &plea(&[], true), &who("bob")).unwrap();
        assert!(other[0].stops());
        let refusal = refused(&other, &rules, &version, &who("bob"));
        assert!(refusal.next.is_empty(), "{refusal:?}");
        assert!(refusal.why[1].contains("eve@example.com"), "{refusal:?}");
        let refusal = refused(&other, &rules, &version, &who("eve"));
        assert_eq!(
            refusal.next,
            ["git gryt promote v2.0.0 --override-previous --reason TEXT"]
        );
        // Everybody disputes what is sealed so.
        let alone = Plea {
            without_heir: true,
            ..plea(&[], true)
        };
        let alone = grant(verdicts(), &rules, &alone, &who("bob")).unwrap();
        assert!(!alone[0].stops());
        let excuse = alone[0].excuse.as_ref().unwrap();
        assert!(!rules.allows(&alone[0], excuse, &who("bob")));
        // Before there were heirs, everybody could.
        let before = Rules {
            by: RuleSet::FIRST,
            ..rules
        };
        assert!(before.allows(&other[0], &unsaid, &who("bob")));
    }

    #[test]
    fn a_policy_that_cannot_be_read_stops_a_release_until_it_is_overridden() {
        let broken = Rules {
            unreadable: Some("line 1: nonsense".into()),
            ..rules("", None)
        };
        let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";
        let contract = crate::model::Contract::parse(text.as_bytes(), &"v1.0.0".parse().unwrap());
        let who = Person {
            name: "a".into(),
            email: "a@b.c".into(),
        };
        let verdicts = broken.judge(&Subject {
            contract: &contract.unwrap(),
            generation: &format!("{:040x}", 7).parse().unwrap(),
            declared_by: &who,
            attempts: &[],
            promoter: &who,
            people: &People::default(),
            agreed: &Agreed::default(),
        });
        let found = verdicts
            .into_iter()
            .find(|v| v.gate == Gate::PreviousPolicy)
            .unwrap();
        assert!(found.stops());
        let granted = grant(vec![found], &broken, &plea(&[], true), &who).unwrap();
        assert!(!granted[0].stops());
    }

    #[test]
    fn the_way_on_is_said_where_there_is_one() {
        let rules = rules("waivable: [versions]", Some("waivable: [versions]"));
        let verdicts = [
            failed(Gate::MinEvolutions, Some(Only::Previous)),
            failed(Gate::Versions, None),
        ];
        let refusal = refused(&verdicts, &rules, &"v2.0.0".parse().unwrap(), &who("ann"));
        assert_eq!(
            refusal.next,
            ["git gryt promote v2.0.0 --waive versions --override-previous --reason TEXT"]
        );
        assert!(refusal.why[0].contains("by the policy of v1.0.0 alone"));
    }

    const OLD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const NEW: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqpE2h5fr9YCMJ+/r8moiS8TwtzHTayc1Q0I3/4NVDx";

    /// The gate `signed` of a release without changes, whose entry `ann` signs with `key`.
    fn signed(present: &str, previous: Option<&str>, key: &str) -> Option<(bool, Option<Only>)> {
        let Ok(crate::model::signers::Key::Ssh(known)) = crate::model::signers::Key::parse(key)
        else {
            panic!("{key}");
        };
        let rules = Rules {
            signature: Signature::By(known.key),
            ..rules(present, previous)
        };
        let text = "version: v2.0.0\nchanges: []\n";
        let contract = crate::model::Contract::parse(text.as_bytes(), &"v2.0.0".parse().unwrap());
        let verdicts = rules.judge(&Subject {
            contract: &contract.unwrap(),
            generation: &format!("{:040x}", 7).parse().unwrap(),
            declared_by: &who("ann"),
            attempts: &[],
            promoter: &who("ann"),
            people: &People::default(),
            agreed: &Agreed::default(),
        });
        let found = verdicts.into_iter().find(|v| v.gate == Gate::Signed)?;
        Some((found.passed, found.only))
    }

    #[test]
    fn a_key_that_a_branch_brings_signs_from_the_next_release_on() {
        let asks = |keys: &[&str]| {
            let list = keys.join(", ");
            format!("gates: {{signed: require}}\nsigners: {{ann@example.com: [{list}]}}\n")
        };
        let (old, new, both) = (asks(&[OLD]), asks(&[NEW]), asks(&[OLD, NEW]));
        let no = |only| Some((false, only));
        let yes = Some((true, None));
        assert_eq!(signed(&old, None, OLD), yes);
        assert_eq!(signed(&old, None, NEW), no(None));
        // Where no key was named before, the release's own are all that there is.
        assert_eq!(signed(&old, Some(""), OLD), yes);
        assert_eq!(signed(&both, Some(&old), OLD), yes);
        assert_eq!(signed(&both, Some(&old), NEW), no(None));
        assert_eq!(signed(&new, Some(&both), NEW), yes);
        assert_eq!(signed(&new, Some(&both), OLD), no(Some(Only::Present)));
        assert_eq!(signed(&new, Some(&old), NEW), no(None));
        // A branch that asks for nothing is asked all the same.
        assert_eq!(signed("", Some(&old), OLD), yes);
        assert_eq!(signed("", Some(&old), NEW), no(Some(Only::Previous)));
        assert_eq!(signed("", None, OLD), None);
        let keys = old.replace("require", "off");
        assert_eq!(signed(&both, Some(&keys), NEW), no(Some(Only::Present)));
    }
}
