//! What an entry that is no promotion is disputed for.

use super::facts::Whose;
use super::{Later, known};
use crate::model::disputed::{Dispute, Rule};
use crate::model::mailmap::People;
use crate::model::rules::RuleSet;
use crate::model::{Person, Version};

/// What is judged of an entry that is no promotion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    /// Who wrote the entry.
    pub author: &'a Person,
    /// The rules that it names.
    pub rules: RuleSet,
    /// Who it says did it, where it does.
    pub by: Option<&'a Person>,
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
    if let Some(promoters) = &policy.promoters
        && !promoters.iter().any(|email| people.has(author, email))
    {
        let why = format!("{author} is no promoter by the policy sealed with {version}");
        found.push(Dispute::new(Rule::Promoters, why));
    }
    Ok(found)
}
