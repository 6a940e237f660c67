//! What becomes of one approval.

use anyhow::Result;

use super::{Adoption, Cloud};
use crate::model::approval::ApprovalName;
use crate::model::reconcile::{self, ApprovalStep};
use crate::model::sealed::Sealed;
use crate::store::names;

impl Cloud<'_> {
    pub(super) fn plan_approval(
        self,
        adoption: &mut Adoption<'_>,
        name: &str,
        approval: &ApprovalName,
        sealed: Option<&Sealed>,
    ) -> Result<()> {
        let here = adoption.local.get(name);
        let there = adoption.cloud.get(name);
        let before = adoption.before.get(name);
        let invalid = match there {
            Some(there) if here != Some(there) => self.core.approval_there(approval, there)?.err(),
            _ => None,
        };
        let step = reconcile::approval(
            [here, there, before],
            self.core.approval_seal(here, sealed),
            invalid,
        );
        let memory = match step {
            ApprovalStep::Quarantine(_) => before,
            _ => there,
        };
        if let Some(memory) = memory {
            adoption.after.insert(name.to_owned(), memory.clone());
        }
        match step {
            ApprovalStep::Keep => {}
            ApprovalStep::Adopt(tip) => adoption.set(name, Some(&tip)),
            ApprovalStep::Leave => {
                // It comes back with its draft, where that left with it.
                if let (true, Some(tip), Some(draft)) = (
                    adoption.writes(),
                    here,
                    adoption.local.get(&names::draft(&approval.version)),
                ) && !adoption
                    .cloud
                    .contains_key(&names::draft(&approval.version))
                {
                    let departure = self.drafts.departure(draft);
                    adoption.set(names::deleted_approval(approval, &departure), Some(tip));
                }
                adoption.set(name, None);
            }
            ApprovalStep::Retire => adoption.set(name, None),
            ApprovalStep::Late => adoption.sum.late_approvals.push(approval.clone()),
            ApprovalStep::Quarantine(why) => {
                let entry = (format!("approvals/{approval}"), why.to_string());
                adoption.sum.quarantined.push(entry);
            }
        }
        Ok(())
    }
}
