//! Every ref name that gryt uses. Nothing else in the crate spells one.
//!
//! Three roots: `refs/gryt/` is shared and pushed; `refs/gryt-remotes/` is what a remote had when
//! last seen; `refs/gryt-local/` is this clone's own memory. The last two lie outside
//! `refs/gryt/`, so that `git push origin 'refs/gryt/*'` cannot leak them, and outside
//! `refs/remotes/`, where an ordinary `git fetch --prune` would delete them.

use crate::model::{EvolutionName, Oid, Version};

/// What is shared.
pub const SHARED: &str = "refs/gryt/";
/// The chain of promotions.
pub const LEDGER: &str = "refs/gryt/ledger";
/// All three roots have this prefix.
pub const ALL: &str = "refs/gryt";

/// Where drafts live.
pub const DRAFTS: &str = "refs/gryt/generations/";
/// Where evolutions live.
pub const EVOLUTIONS: &str = "refs/gryt/evolutions/";

/// What a shared ref is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    Ledger,
    Draft(Version),
    Evolution(EvolutionName),
    /// Something under `refs/gryt/` that no rule of this format explains.
    Foreign,
}

impl Shared {
    /// The version that it is about, which the ledger may have sealed.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Draft(version) => Some(version),
            Self::Evolution(name) => Some(&name.version),
            Self::Ledger | Self::Foreign => None,
        }
    }
}

/// Reads a shared ref's name.
pub fn shared(name: &str) -> Shared {
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
    } else {
        Shared::Foreign
    }
}

/// The ref of a draft.
pub fn draft(version: &Version) -> String {
    format!("{DRAFTS}{version}")
}

/// The ref of an evolution.
pub fn evolution(name: &EvolutionName) -> String {
    format!("{EVOLUTIONS}{name}")
}

/// The root of what `remote` had when last seen.
pub fn tracking(remote: &str) -> String {
    format!("{TRACKING}{}/", escaped(remote))
}

/// Where [`tracking`] roots live.
pub const TRACKING: &str = "refs/gryt-remotes/";

/// The refspec that fetches everything shared, which is below `prefix` there, beside what this clone
/// has.
pub fn fetch_refspec(remote: &str, prefix: &str) -> String {
    format!("+{prefix}*:{}*", tracking(remote))
}

/// The refspec that fetches a version's tag beside the user's own tags. It is a glob, because git
/// fails on a name that the remote lacks.
pub fn tag_refspec(remote: &str, version: &Version) -> String {
    format!("+{}*:{}*", tag(version), remote_tag(remote, version))
}

/// The user's tag of a release.
pub fn tag(version: &Version) -> String {
    format!("refs/tags/{version}")
}

/// A release's tag as `remote` had it when its promotion last looked.
pub fn remote_tag(remote: &str, version: &Version) -> String {
    format!("refs/gryt-local/tags/{}/{version}", escaped(remote))
}

/// What of `remote` this clone has taken over: a blob, see `store::adopted`.
pub fn adopted(remote: &str) -> String {
    format!("{ADOPTED}{}", escaped(remote))
}

/// Where [`adopted`] memories live.
pub const ADOPTED: &str = "refs/gryt-local/adopted/";

/// The last tip of a ledger that was checked entry by entry.
pub fn verified(genesis: &Oid) -> String {
    format!("{VERIFIED}{genesis}")
}

/// Where [`verified`] refs live.
pub const VERIFIED: &str = "refs/gryt-local/verified/";

/// The last valid entry at or before [`verified`].
pub fn valid(genesis: &Oid) -> String {
    format!("{VALID}{genesis}")
}

/// Where [`valid`] refs live.
const VALID: &str = "refs/gryt-local/valid/";

/// The ledger's tip that an address showed last: what tells a remote that was rewound from another
/// one that is behind.
pub fn seen(address: &Oid) -> String {
    format!("refs/gryt-local/seen/{address}")
}

/// The last valid entry at or before this clone's own ledger; it moves with it.
pub const BASE: &str = "refs/gryt-local/base";

/// A promotion under way: a blob that holds its id.
pub fn promoting(version: &Version) -> String {
    format!("{PROMOTING}{version}")
}

/// Where [`promoting`] refs live.
pub const PROMOTING: &str = "refs/gryt-local/promoting/";

/// What names things that left together: the moment (seconds since 1970) and one of their tips, so
/// that two departures in one second are two.
pub fn departure(at: i64, tip: &Oid) -> String {
    format!("{at}-{}", tip.short())
}

/// The moment of a departure whose parts are below [`DELETED`].
pub fn departed_at(rest: &str) -> Option<i64> {
    // A version's parts begin with a letter, so the first that begins with a number is it.
    let moment = |part: &str| part.split_once('-')?.0.parse().ok();
    rest.split('/').find_map(moment)
}

/// A draft that left, kept so that it can come back.
pub fn deleted_draft(version: &Version, departure: &str) -> String {
    format!("{DELETED}{version}/{departure}/draft")
}

/// An evolution that left, with its draft or alone.
pub fn deleted_evolution(name: &EvolutionName, departure: &str) -> String {
    let (version, change, rc) = (&name.version, &name.change, name.rc());
    format!("{DELETED}{version}/{departure}/{change}/{rc}")
}

/// The file of a promoted version, with an edit that came too late.
pub fn deleted_file(version: &Version, departure: &str) -> String {
    format!("{DELETED}{version}/{departure}/file")
}

/// The tip of this clone's own ledger that the cloud's took the place of.
pub fn replaced(tip: &Oid) -> String {
    format!("refs/gryt-local/replaced/{tip}")
}

/// A rename under way: the first tip of the new name. Whoever makes this ref renames.
pub fn renaming(version: &Version) -> String {
    format!("refs/gryt-local/renaming/{version}")
}

/// Where what left is kept.
pub const DELETED: &str = "refs/gryt-local/deleted/";

/// A remote's name as one component: `team/origin` must not lie below `team`, whose pruning
/// fetch would empty it.
fn escaped(remote: &str) -> String {
    remote.replace('%', "%25").replace('/', "%2F")
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
}
