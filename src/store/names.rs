//! Every ref name that gryt uses. Nothing else in the crate spells one.
//!
//! Three roots: `refs/gryt/` is shared and pushed; `refs/gryt-remotes/` is what a remote had when
//! last seen; `refs/gryt-local/` is this clone's own memory. The last two lie outside
//! `refs/gryt/`, so that `git push origin 'refs/gryt/*'` cannot leak them, and outside
//! `refs/remotes/`, where an ordinary `git fetch --prune` would delete them.

use std::collections::BTreeMap;

use crate::model::approval::ApprovalName;
use crate::model::{EvolutionName, Oid, Version};

/// What is shared.
pub(crate) const SHARED: &str = "refs/gryt/";
/// Where everything shared is on hosts that take only branches and tags.
pub(crate) const BRANCHES: &str = "refs/heads/gryt/";
/// The chain of promotions.
pub(crate) const LEDGER: &str = "refs/gryt/ledger";
/// All three roots have this prefix.
pub(crate) const ALL: &str = "refs/gryt";

/// Where drafts live.
pub(crate) const DRAFTS: &str = "refs/gryt/generations/";
/// Where evolutions live.
pub(crate) const EVOLUTIONS: &str = "refs/gryt/evolutions/";

/// Where approvals live.
pub(crate) const APPROVALS: &str = "refs/gryt/approvals/";

/// What a shared ref is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    Ledger,
    Draft(Version),
    Evolution(EvolutionName),
    Approval(ApprovalName),
    /// Something under `refs/gryt/` that no rule of this format explains.
    Foreign,
}

impl Shared {
    /// What people call a draft or an evolution.
    pub(crate) fn called(&self) -> Option<String> {
        match self {
            Self::Draft(version) => Some(version.to_string()),
            Self::Evolution(name) => Some(name.to_string()),
            Self::Approval(name) => Some(format!("approvals/{name}")),
            Self::Ledger | Self::Foreign => None,
        }
    }

    /// The version that it is about, which the ledger may have sealed.
    pub(crate) fn version(&self) -> Option<&Version> {
        match self {
            Self::Draft(version) => Some(version),
            Self::Evolution(name) => Some(&name.version),
            Self::Approval(name) => Some(&name.version),
            Self::Ledger | Self::Foreign => None,
        }
    }
}

/// Reads a shared ref's name.
pub(crate) fn shared(name: &str) -> Shared {
    if name == LEDGER {
        Shared::Ledger
    } else if let Some(version) = name.strip_prefix(DRAFTS) {
        match version.parse::<Version>() {
            Ok(parsed) if parsed.as_str() == version => Shared::Draft(parsed),
            _ => Shared::Foreign,
        }
    } else if let Some(evolution) = name.strip_prefix(EVOLUTIONS) {
        match evolution.parse::<EvolutionName>() {
            Ok(parsed) if parsed.to_string() == evolution => Shared::Evolution(parsed),
            _ => Shared::Foreign,
        }
    } else if let Some(approval) = name.strip_prefix(APPROVALS) {
        match approval.parse::<ApprovalName>() {
            Ok(parsed) if parsed.to_string() == approval => Shared::Approval(parsed),
            _ => Shared::Foreign,
        }
    } else {
        Shared::Foreign
    }
}

/// The ref of a draft.
pub(crate) fn draft(version: &Version) -> String {
    format!("{DRAFTS}{version}")
}

/// The ref of an evolution.
pub(crate) fn evolution(name: &EvolutionName) -> String {
    format!("{EVOLUTIONS}{name}")
}

/// The ref of an approval.
pub(crate) fn approval(name: &ApprovalName) -> String {
    format!("{APPROVALS}{name}")
}

/// The root of what `remote` had when last seen.
pub(crate) fn tracking(remote: &str) -> String {
    format!("{TRACKING}{}/", escaped(remote))
}

/// Where [`tracking`] roots live.
pub(crate) const TRACKING: &str = "refs/gryt-remotes/";

/// The refspec that fetches everything shared, which is below `prefix` there, beside what this clone
/// has.
pub(crate) fn fetch_refspec(remote: &str, prefix: &str) -> String {
    format!("+{prefix}*:{}*", tracking(remote))
}

/// The refspec that fetches a version's tag beside the user's own tags. It is a glob, because git
/// fails on a name that the remote lacks.
pub(crate) fn tag_refspec(remote: &str, name: &str) -> String {
    format!("+{}*:{}*", tag(name), remote_tag(remote, name))
}

/// A ref that nobody reads, to try what a host allows.
pub(crate) fn probe(nonce: &str) -> String {
    format!("{PROBES}{nonce}")
}

/// Where [`probe`]s live.
pub(crate) const PROBES: &str = "refs/gryt/probe/";

/// Whether a ref is one clone's own, and pushed nowhere.
pub(crate) fn is_private(name: &str) -> bool {
    name.starts_with(TRACKING) || name.starts_with("refs/gryt-local/")
}

/// Whether a ref is a branch.
pub(crate) fn is_branch(name: &str) -> bool {
    name.starts_with("refs/heads/")
}

/// Whether a ref is a tag.
pub(crate) fn is_tag(name: &str) -> bool {
    name.starts_with("refs/tags/")
}

/// A tag of the user's, by its name.
pub(crate) fn tag(name: &str) -> String {
    format!("refs/tags/{name}")
}

/// A release's tag as `remote` had it when somebody last looked.
pub(crate) fn remote_tag(remote: &str, name: &str) -> String {
    format!("{}{name}", remote_tags(remote))
}

/// Where [`remote_tag`]s of `remote` live.
pub(crate) fn remote_tags(remote: &str) -> String {
    format!("refs/gryt-local/tags/{}/", escaped(remote))
}

/// The last entry of a ledger whose tag, and those of all before it, were seen in the cloud or are nobody
/// else's to send.
pub(crate) fn tagged(genesis: &Oid) -> String {
    format!("refs/gryt-local/tagged/{genesis}")
}

/// What of `remote` this clone has taken over: a blob, see `store::adopted`.
pub(crate) fn adopted(remote: &str) -> String {
    format!("{ADOPTED}{}", escaped(remote))
}

/// Where [`adopted`] memories live.
pub(crate) const ADOPTED: &str = "refs/gryt-local/adopted/";

/// What of `remote` does not check: a blob, see `store::quarantine`.
pub(crate) fn quarantined(remote: &str) -> String {
    format!("refs/gryt-local/quarantined/{}", escaped(remote))
}

/// Refs of `remote` that went into a release and that its host does not let go: a blob like
/// [`adopted`]'s.
pub(crate) fn staying(remote: &str) -> String {
    format!("refs/gryt-local/staying/{}", escaped(remote))
}

/// A release's tag that the cloud refused: a blob that says how often and when last.
pub(crate) fn untagged(version: &Version) -> String {
    format!("{UNTAGGED}{version}")
}

/// Where [`untagged`] refs live.
pub(crate) const UNTAGGED: &str = "refs/gryt-local/untagged/";

/// The last tip of a ledger that was checked entry by entry.
pub(crate) fn verified(genesis: &Oid) -> String {
    format!("{VERIFIED}{genesis}")
}

/// Where [`verified`] refs live.
pub(crate) const VERIFIED: &str = "refs/gryt-local/verified/";

/// The last valid entry at or before [`verified`].
pub(crate) fn valid(genesis: &Oid) -> String {
    format!("{VALID}{genesis}")
}

/// Where [`valid`] refs live.
const VALID: &str = "refs/gryt-local/valid/";

/// What of a ledger is disputed: a blob, see `store::disputed`. It moves with [`verified`].
pub(crate) fn disputed(genesis: &Oid) -> String {
    format!("{DISPUTED}{genesis}")
}

/// Where [`disputed`] refs live.
pub(crate) const DISPUTED: &str = "refs/gryt-local/disputed/";

/// The ledger's tip that an address showed last: what tells a remote that was rewound from another
/// one that is behind.
pub(crate) fn seen(address: &Oid) -> String {
    format!("refs/gryt-local/seen/{address}")
}

/// The last valid entry at or before this clone's own ledger; it moves with it.
pub(crate) const BASE: &str = "refs/gryt-local/base";

/// A promotion under way: a blob that holds its id.
pub(crate) fn promoting(version: &Version) -> String {
    format!("{PROMOTING}{version}")
}

/// Why the cloud refused the last push of a draft: a blob that holds it.
pub(crate) fn failed(version: &Version) -> String {
    format!("{FAILED}{version}")
}

/// Where [`failed`] refs live.
pub(crate) const FAILED: &str = "refs/gryt-local/failed/";

/// Where [`promoting`] refs live.
pub(crate) const PROMOTING: &str = "refs/gryt-local/promoting/";

/// What names things that left together: the moment (seconds since 1970) and one of their tips, so
/// that two departures in one second are two.
pub(crate) fn departure(at: i64, tip: &Oid) -> String {
    format!("{at}-{}", tip.short())
}

/// The moment of a departure whose parts are below [`DELETED`].
pub(crate) fn departed_at(rest: &str) -> Option<i64> {
    // A version's parts begin with a letter, so the first that begins with a number is it.
    let moment = |part: &str| part.split_once('-')?.0.parse().ok();
    rest.split('/').find_map(moment)
}

/// A draft that left, kept so that it can come back.
pub(crate) fn deleted_draft(version: &Version, departure: &str) -> String {
    format!("{DELETED}{version}/{departure}/draft")
}

/// An evolution that left, with its draft or alone.
pub(crate) fn deleted_evolution(name: &EvolutionName, departure: &str) -> String {
    let (version, change, rc) = (&name.version, &name.change, name.rc());
    format!("{DELETED}{version}/{departure}/{change}/{rc}")
}

/// An approval that left with its draft.
pub(crate) fn deleted_approval(name: &ApprovalName, departure: &str) -> String {
    let text = name.to_string();
    let rest = &text[name.version.as_str().len() + 1..];
    format!("{DELETED}{}/{departure}/approvals/{rest}", name.version)
}

/// The file of a promoted version, with an edit that came too late.
pub(crate) fn deleted_file(version: &Version, departure: &str) -> String {
    format!("{DELETED}{version}/{departure}/file")
}

/// The tip of this clone's own ledger that the cloud's took the place of.
pub(crate) fn replaced(tip: &Oid) -> String {
    format!("refs/gryt-local/replaced/{tip}")
}

/// What another place holds, as a move last looked at it.
pub(crate) const PLACE: &str = "refs/gryt-local/place/";

/// The refspec that fetches what is below `prefix` beside everything else.
pub(crate) fn place_refspec(prefix: &str) -> String {
    format!("+{prefix}*:{PLACE}*")
}

/// Drafts that were deleted here while the cloud was away.
pub(crate) const LEAVING: &str = "refs/gryt-local/leaving/";

/// A draft that the cloud has still to let go of: the tip that it had here.
pub(crate) fn leaving(version: &Version) -> String {
    format!("{LEAVING}{version}")
}

/// A rename under way: the first tip of the new name. Whoever makes this ref renames.
pub(crate) fn renaming(version: &Version) -> String {
    format!("refs/gryt-local/renaming/{version}")
}

/// Where what left is kept.
pub(crate) const DELETED: &str = "refs/gryt-local/deleted/";

/// A remote's name as one component: `team/origin` must not lie below `team`, whose pruning
/// fetch would empty it.
fn escaped(remote: &str) -> String {
    remote.replace('%', "%25").replace('/', "%2F")
}

/// Whether a clone can keep a ref of that name, whatever folder it lies in and however it keeps refs. Ours
/// are far shorter.
pub(crate) fn can_be_kept(name: &str) -> bool {
    name.len() <= 1000 && name.split('/').all(|part| part.len() <= 200)
}

/// The name among `there` that keeps a ref of the name `wanted` from being made: git cannot have a ref and
/// others below its name.
pub(crate) fn in_the_way<'t>(there: &'t BTreeMap<String, Oid>, wanted: &str) -> Option<&'t str> {
    let above = wanted.match_indices('/').map(|(at, _)| &wanted[..at]);
    for folder in above {
        if let Some((name, _)) = there.get_key_value(folder) {
            return Some(name);
        }
    }
    let below = format!("{wanted}/");
    let (name, _) = there.range(below.clone()..).next()?;
    name.starts_with(&below).then_some(name)
}

/// What a shared ref that no rule explains keeps from being made, where it does: git cannot have a ref and
/// others below its name.
pub(crate) fn keeps_out(name: &str) -> Option<String> {
    let ours = |name: &str| !matches!(shared(name), Shared::Foreign);
    let mut above = name.match_indices('/').map(|(at, _)| &name[..at]);
    if let Some(kept) = above.find(|folder| ours(folder)) {
        return Some(kept.to_owned());
    }
    let folder = format!("{name}/");
    // A product's, a version's or a change's name alone.
    let within = [DRAFTS, EVOLUTIONS, APPROVALS].into_iter().any(|root| {
        folder == root
            || name
                .strip_prefix(root)
                .is_some_and(|rest| rest.split('/').count() < 4)
                && [
                    format!("{folder}v1"),
                    format!("{folder}v1/A/rc.1"),
                    format!("{folder}A/rc.1"),
                    format!("{folder}rc.1"),
                    format!("{folder}v1/a@b/1"),
                    format!("{folder}a@b/1"),
                    format!("{folder}1"),
                ]
                .iter()
                .any(|below| ours(below))
    });
    within.then(|| format!("{folder}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_only_if_it_would_be_written_so() {
        let drafts = ["refs/gryt/generations/v1.0", "refs/gryt/generations/b/v1"];
        assert!(drafts.iter().all(|n| matches!(shared(n), Shared::Draft(_))));
        let evolution = "refs/gryt/evolutions/b/v1/A/rc.2";
        assert!(matches!(shared(evolution), Shared::Evolution(_)));
        for foreign in [
            "refs/gryt/generations/1.0",
            "refs/gryt/evolutions/v1/A/2",
            "refs/gryt/x",
        ] {
            assert_eq!(shared(foreign), Shared::Foreign, "{foreign}");
        }
    }

    #[test]
    fn one_remote_never_lies_below_another() {
        assert!(!tracking("team/origin").starts_with(&tracking("team")));
        assert_ne!(tracking("a/b"), tracking("a%2Fb"));
    }

    proptest::proptest! {
        #[test]
        fn a_name_that_we_make_is_read_as_what_it_was_made_of(
            version in "([a-z][a-z0-9]{0,3}/)?v[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-[a-z0-9]{1,3}(\\.[0-9]{1,2})?)?",
            change in "[A-Za-z][A-Za-z0-9_-]{0,8}",
            number in 1u32..1_000_000,
        ) {
            let Ok(version) = version.parse::<Version>() else { return Ok(()) };
            let name = draft(&version);
            proptest::prop_assert!(matches!(shared(&name), Shared::Draft(v) if v.as_str() == version.as_str()));
            let Ok(change) = change.parse() else { return Ok(()) };
            let own = EvolutionName { version, change, number };
            let name = evolution(&own);
            proptest::prop_assert!(matches!(shared(&name), Shared::Evolution(e) if e.to_string() == own.to_string()));
        }

        #[test]
        fn a_foreign_name_is_never_read_as_ours(name in "refs/gryt/(generations|evolutions|approvals)/[a-zA-Z0-9./@~^: -]{0,12}") {
            match shared(&name) {
                Shared::Draft(version) => proptest::prop_assert_eq!(draft(&version), name),
                Shared::Evolution(own) => proptest::prop_assert_eq!(evolution(&own), name),
                Shared::Approval(own) => proptest::prop_assert_eq!(approval(&own), name),
                Shared::Ledger | Shared::Foreign => {}
            }
        }
    }
}
