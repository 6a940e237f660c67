//! What a cloud's host was found not to do: learned from an answer, kept with how and when, and found
//! out anew after a while, since hosts change.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use serde::Serialize;
use strum::{EnumIter, IntoEnumIterator};

use super::Stamp;
use super::person::moment;
use super::promotion::REFS_A_PUSH;

/// Something that hosts differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ability {
    /// All refs of a push or none.
    AtomicPushes,
    /// Refs that are deleted.
    Deletions,
    /// Release tags.
    Tags,
    /// Pushes of as many refs as gryt sends at once.
    ManyRefs,
}

impl Ability {
    /// The last part of `remote.NAME.…` in git's configuration.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::AtomicPushes => "grytatomic",
            Self::Deletions => "grytdeletions",
            Self::Tags => "gryttags",
            Self::ManyRefs => "grytrefs",
        }
    }

    /// What it is called to people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AtomicPushes => "atomic pushes",
            Self::Deletions => "deletions",
            Self::Tags => "tags",
            Self::ManyRefs => "several refs",
        }
    }
}

/// What taught it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// A push that the host answered.
    Push,
    /// A second push, later, that the host answered in the same way.
    Pushes,
    /// `git gryt doctor --remote`.
    Doctor,
    /// A person, or an earlier build, which did not note how it was learned.
    Unsaid,
}

impl How {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Push, "push"),
        (Self::Pushes, "pushes"),
        (Self::Doctor, "doctor"),
        (Self::Unsaid, "unsaid"),
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pushes => "pushes",
            Self::Doctor => "doctor",
            Self::Unsaid => "unsaid",
        }
    }
}

/// Something that a host does not do, or only so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Learned {
    pub ability: Ability,
    /// The most refs that one push may have; none where the host does not do it at all.
    pub most: usize,
    pub how: How,
    /// None where it was not said.
    pub at: Option<Stamp>,
}

/// How long what was learned is believed.
const BELIEVED: TimeDelta = TimeDelta::days(7);
/// The same for what one refused push showed: a host that refuses everything for a while, as in a freeze, refuses
/// in the same words.
const BELIEVED_ONCE: TimeDelta = TimeDelta::minutes(10);

/// How far two clocks of one machine's processes, or of machines that share a clone, may be apart.
const SKEW: TimeDelta = TimeDelta::hours(1);

impl Learned {
    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        let value = match self.most {
            0 => "false".to_owned(),
            most => most.to_string(),
        };
        let how = self.how.word();
        match &self.at {
            Some(at) => format!("{value} {how} {}", moment(at)),
            None => value,
        }
    }

    /// Reads what was kept. None where it says that nothing is missing.
    pub(crate) fn parse(ability: Ability, text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let most = match (ability, words.next()?.to_ascii_lowercase().as_str()) {
            (Ability::ManyRefs, number) => number.parse().ok().filter(|most| *most > 0)?,
            (_, "false" | "no" | "off" | "0") => 0,
            _ => return None,
        };
        let how = words.next().unwrap_or_default();
        let how = How::ALL.into_iter().find(|(_, word)| *word == how);
        let at = words
            .next()
            .and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        Some(Self {
            ability,
            most,
            how: how.map_or(How::Unsaid, |(how, _)| how),
            at,
        })
    }

    /// Whether it is still believed.
    fn stands(&self, now: &Stamp) -> bool {
        let believed = match (self.how, self.ability) {
            // That a push cannot be atomic is no refusal: git says it before it sends anything.
            (How::Push, Ability::AtomicPushes) => BELIEVED,
            (How::Push, Ability::Deletions | Ability::Tags | Ability::ManyRefs) => BELIEVED_ONCE,
            (How::Pushes | How::Doctor | How::Unsaid, _) => BELIEVED,
        };
        let age = self.at.map(|at| now.signed_duration_since(at));
        // What a person set stays set. A moment that lies ahead is of a clock that was wrong.
        age.is_none_or(|age| (-SKEW..believed).contains(&age))
    }

    /// For people: what is missing.
    pub(crate) fn what(&self) -> String {
        match self.most {
            0 => "not taken".to_owned(),
            most => format!("at most {most}"),
        }
    }

    /// For people: how that is known.
    pub(crate) fn known_by(&self) -> String {
        match (self.how, &self.at) {
            (How::Push, Some(at)) => format!("a push found out at {}", moment(at)),
            (How::Pushes, Some(at)) => format!("two pushes found out, the last at {}", moment(at)),
            (How::Doctor, Some(at)) => format!("doctor found out at {}", moment(at)),
            (How::Unsaid, _) | (_, None) => "git config".to_owned(),
        }
    }
}

/// All that is known of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host(BTreeMap<Ability, Learned>);

impl Host {
    /// What `kept` says of each ability.
    pub(crate) fn read(kept: impl Fn(Ability) -> Option<String>) -> Self {
        let one = |ability| {
            let learned = Learned::parse(ability, &kept(ability)?)?;
            Some((ability, learned))
        };
        Self(Ability::iter().filter_map(one).collect())
    }

    /// Takes note of something, and returns it as it is to be kept.
    pub(crate) fn learn(&mut self, mut learned: Learned, now: &Stamp) -> Learned {
        if let (How::Push, Some(known)) = (learned.how, self.0.get(&learned.ability)) {
            let stands = known.stands(now);
            (learned.how, learned.at) = match known.how {
                // A person's stays a person's, however much lower it has to be.
                How::Unsaid if stands => (How::Unsaid, None),
                How::Doctor if stands => (How::Doctor, learned.at),
                How::Push if stands => (How::Push, learned.at),
                How::Unsaid | How::Doctor => (How::Push, learned.at),
                How::Push | How::Pushes => (How::Pushes, learned.at),
            };
        }
        self.0.insert(learned.ability, learned);
        learned
    }

    /// Forgets what was missing.
    pub(crate) fn unlearn(&mut self, ability: Ability) {
        self.0.remove(&ability);
    }

    /// Whether it is thought to do something.
    pub(crate) fn does(&self, ability: Ability, now: &Stamp) -> bool {
        self.0.get(&ability).is_none_or(|known| !known.stands(now))
    }

    /// How many refs one push may have.
    pub(crate) fn refs_a_push(&self, now: &Stamp) -> usize {
        let known = self.0.get(&Ability::ManyRefs);
        known
            .filter(|known| known.stands(now))
            .map_or(REFS_A_PUSH, |known| known.most.min(REFS_A_PUSH))
    }

    /// What is known to be missing, whether or not it is still believed.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Learned> {
        self.0.values()
    }

    /// The same for one ability.
    pub(crate) fn lacks(&self, ability: Ability) -> Option<&Learned> {
        self.0.get(&ability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Stamp {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    #[test]
    fn what_was_learned_is_read_as_it_was_kept() {
        let learned = Learned {
            ability: Ability::ManyRefs,
            most: 5,
            how: How::Push,
            at: Some(at("2026-01-02T03:04:05Z")),
        };
        assert_eq!(learned.text(), "5 push 2026-01-02T03:04:05Z");
        let kept = learned.text();
        let read = |ability| (ability == Ability::ManyRefs).then(|| kept.clone());
        let host = Host::read(read);
        assert_eq!(host.missing().collect::<Vec<_>>(), [&learned]);
        assert_eq!(host.refs_a_push(&at("2026-01-02T03:14:04Z")), 5);
        assert_eq!(host.refs_a_push(&at("2026-01-02T03:14:06Z")), REFS_A_PUSH);
    }

    #[test]
    fn one_refusal_is_believed_for_minutes_and_two_for_a_week() {
        let refused = |text| Learned {
            ability: Ability::Deletions,
            most: 0,
            how: How::Push,
            at: Some(at(text)),
        };
        let mut host = Host::default();
        let mut learn = |text| host.learn(refused(text), &at(text)).text();
        assert_eq!(
            learn("2026-01-02T03:04:05Z"),
            "false push 2026-01-02T03:04:05Z"
        );
        // The next ref of the same freeze.
        assert_eq!(
            learn("2026-01-02T03:04:06Z"),
            "false push 2026-01-02T03:04:06Z"
        );
        assert_eq!(
            learn("2026-01-02T04:00:00Z"),
            "false pushes 2026-01-02T04:00:00Z"
        );
        assert!(!host.does(Ability::Deletions, &at("2026-01-09T03:59:59Z")));
        assert!(host.does(Ability::Deletions, &at("2026-01-09T04:00:00Z")));
    }

    #[test]
    fn a_push_makes_no_finding_of_a_persons_setting() {
        let now = at("2026-01-02T03:04:05Z");
        let mut host = Host::read(|ability| (ability == Ability::ManyRefs).then(|| "5".to_owned()));
        let refused = Learned {
            ability: Ability::ManyRefs,
            most: 2,
            how: How::Push,
            at: Some(now),
        };
        assert_eq!(host.learn(refused, &now).text(), "2");
        // What a wrong clock noted.
        let ahead = |_| Some("false push 2099-01-01T00:00:00Z".to_owned());
        assert!(Host::read(ahead).does(Ability::Tags, &now));
    }

    #[test]
    fn a_setting_of_a_persons_stays() {
        let host = Host::read(|ability| match ability {
            Ability::AtomicPushes => Some("false".to_owned()),
            Ability::Tags => Some("true".to_owned()),
            Ability::ManyRefs => Some("0".to_owned()),
            Ability::Deletions => None,
        });
        let now = at("2036-01-09T03:04:06Z");
        assert!(!host.does(Ability::AtomicPushes, &now));
        assert!(host.does(Ability::Tags, &now) && host.does(Ability::Deletions, &now));
        assert_eq!(host.refs_a_push(&now), REFS_A_PUSH);
    }
}
