//! What an entry that is no promotion is disputed for.

use super::facts::Whose;
use super::{Later, known};
use crate::model::disputed::{Dispute, Rule};
use crate::model::mailmap::People;
use crate::model::ring::{Ring, Worth, not_before};
use crate::model::rules::RuleSet;
use crate::model::signature::Signature;
use crate::model::signers::Blocks;
use crate::model::strictness::Strictness;
use crate::model::{Person, Policy, Stamp, Version};

/// What is judged of an entry that is no promotion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    /// Who wrote the entry.
    pub author: &'a Person,
    /// Who appended it: somebody else where it was appended again.
    pub committer: &'a Person,
    /// The rules that it names.
    pub rules: RuleSet,
    /// Who it says did it, where it does.
    pub by: Option<&'a Person>,
    /// The entry's signature, where the policy asks for one, and the time that it names.
    pub signature: &'a Signature,
    pub at: Option<&'a Stamp>,
}

/// What speaks against an entry that is no promotion, about a version or none, in a program that knows the
/// rules up to `latest`: whoever wrote it has to be who it names, and to be let by the policy; none before
/// the first release.
///
/// # Errors
/// As [`promotion`].
pub(crate) fn deed(
    deed: &Deed<'_>,
    about: Option<&Version>,
    whose: Option<&Whose>,
    latest: RuleSet,
) -> Result<Vec<Dispute>, Later> {
    known(deed.rules, latest)?;
    let author = deed.author;
    let nobody = People::default();
    let people = whose.filter(|_| deed.rules.has_mailmaps());
    let people = people.map_or(&nobody, |whose| &whose.people);
    let mut found = Vec::new();
    if let Some(by) = deed.by
        && !people.same(author, by)
    {
        let why = format!("{author} wrote the entry, and it says that {by} did");
        found.push(Dispute::new(Rule::Author, why));
    }
    let Some(Whose {
        version,
        policy,
        rules,
        since,
        blocks,
        ..
    }) = whose
    else {
        return Ok(found);
    };
    known(*rules, latest)?;
    if *rules > deed.rules {
        let by = deed.rules;
        let why = format!("{version} was sealed by rules {rules}, and the entry names rules {by}");
        found.push(Dispute::new(Rule::MinRules, why));
    }
    if policy.needs > deed.rules {
        let (needs, by) = (policy.needs, deed.rules);
        let why = format!(
            "The policy sealed with {version} asks for rules {needs}, and the entry names rules {by}"
        );
        found.push(Dispute::new(Rule::MinRules, why));
        return Ok(found);
    }
    let policy = match about {
        Some(about) => policy.clone().about(about),
        None => policy.clone().of(None),
    };
    if !promotes(&policy, author, people) {
        let listed = policy.promoters.as_deref().unwrap_or_default();
        let why = match listed {
            [] => {
                format!("{author} is not a promoter by the policy of {version}, which names nobody")
            }
            all => format!(
                "{author} is not a promoter by the policy of {version}: ask {}",
                all.join(" or ")
            ),
        };
        found.push(Dispute::new(Rule::Promoters, why));
    }
    if deed.rules.has_signers() {
        found.extend(unsigned(deed, &policy, people, blocks, *since));
    }
    Ok(found)
}

/// Whether a policy lets somebody promote.
fn promotes(policy: &Policy, who: &Person, people: &People) -> bool {
    let listed = policy.promoters.as_ref();
    listed.is_none_or(|all| all.iter().any(|email| people.has(who, email)))
}

/// What is wrong with the signature, where the policy asks for one.
fn unsigned(
    deed: &Deed<'_>,
    policy: &Policy,
    people: &People,
    blocks: &Blocks,
    since: Option<Stamp>,
) -> Option<Dispute> {
    let at = deed.at.map(|at| not_before(*at, since));
    let worth = || {
        let ring = Ring::of(policy, blocks);
        let of = |who| ring.worth(deed.signature, who, people, at.as_ref());
        // A promoter who appends it again could have done it, too.
        match promotes(policy, deed.committer, people) && of(deed.committer).holds() {
            true => of(deed.committer),
            false => of(deed.author),
        }
    };
    let wrong = match policy.gates.signed? {
        Strictness::Require => Some(worth()).filter(|worth| !worth.holds()),
        Strictness::Warn => Some(worth()).filter(Worth::is_worse_than_none),
        Strictness::Off => None,
    };
    wrong.map(|worth| Dispute::new(Rule::Signed, format!("it {}", worth.says(deed.author))))
}
