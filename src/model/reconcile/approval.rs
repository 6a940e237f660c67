//! What a pull does with an approval. It is one commit that never moves: whoever says something else says it
//! under the next number.

use super::Seal;
use crate::model::{Invalid, Oid};

/// What to do with one approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApprovalStep {
    Adopt(Oid),
    Keep,
    /// It left the cloud: its author went on, or its draft left.
    Leave,
    /// It went into a release.
    Retire,
    /// Its version was sealed without it.
    Late,
    Quarantine(Invalid),
}

/// Decides about one approval: `tips` are those here, in the cloud, and as last taken over.
pub(crate) fn approval(
    tips: [Option<&Oid>; 3],
    seal: Seal,
    invalid: Option<Invalid>,
) -> ApprovalStep {
    let [here, there, before] = tips;
    match (seal, here) {
        (Seal::Open, _) => {}
        (_, None) => return ApprovalStep::Keep,
        (Seal::Folded, Some(_)) => return ApprovalStep::Retire,
        (Seal::Beyond | Seal::Other, Some(_)) => {
            return match (there, before == here) {
                (None, true) => ApprovalStep::Leave,
                _ => ApprovalStep::Late,
            };
        }
    }
    match (there, invalid) {
        (None, _) if here.is_some() && here == before => ApprovalStep::Leave,
        (None, _) => ApprovalStep::Keep,
        (Some(_), Some(invalid)) => ApprovalStep::Quarantine(invalid),
        (Some(there), None) if here == Some(there) => ApprovalStep::Keep,
        (Some(there), None) => ApprovalStep::Adopt(there.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cloud_says_what_is_there_and_what_it_never_had_stays() {
        let oid = |n: u32| -> Oid { format!("{n:040x}").parse().unwrap() };
        let (a, b) = (&oid(1), &oid(2));
        let step = |tips, seal| approval(tips, seal, None);
        let open = |tips| step(tips, Seal::Open);
        assert_eq!(open([None, Some(a), None]), ApprovalStep::Adopt(a.clone()));
        assert_eq!(
            open([Some(b), Some(a), None]),
            ApprovalStep::Adopt(a.clone())
        );
        assert_eq!(open([Some(a), Some(a), None]), ApprovalStep::Keep);
        assert_eq!(open([Some(a), None, None]), ApprovalStep::Keep);
        assert_eq!(open([Some(a), None, Some(a)]), ApprovalStep::Leave);
        assert_eq!(open([None, None, Some(a)]), ApprovalStep::Keep);
        let why = Invalid::new("it is not a commit");
        let broken = approval([None, Some(a), None], Seal::Open, Some(why.clone()));
        assert_eq!(broken, ApprovalStep::Quarantine(why));
        assert_eq!(
            step([Some(a), Some(a), Some(a)], Seal::Folded),
            ApprovalStep::Retire
        );
        assert_eq!(
            step([Some(a), Some(a), Some(a)], Seal::Other),
            ApprovalStep::Late
        );
        assert_eq!(
            step([Some(a), None, Some(a)], Seal::Other),
            ApprovalStep::Leave
        );
        assert_eq!(
            step([None, Some(a), None], Seal::Folded),
            ApprovalStep::Keep
        );
    }
}
