//! Promoting although a gate fails: what may be excused, by whose word, and how it is said
//! (docs/policy.md, "Waivers").

use super::policies::Rules;
use super::strictness::Strictness;
use super::verdict::{Excuse, ExcuseKind, Gate, GateName, Only, Verdict};
use super::{Exit, Person, Policy, Refusal, Version};

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
    use crate::model::approval::Agreed;
    use crate::model::gate::verdict;
    use crate::model::mailmap::People;
    use crate::model::rules::RuleSet;
    use crate::model::signature::Signature;
    use crate::model::subject::Subject;

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
