//! A ledger of this server, judged up to its tip.

use serde::{Deserialize, Serialize};

use crate::model::{Oid, Stamp};
use crate::store::ledger::{Disputes, Ledger};

/// A ledger that was judged up to its tip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Standing {
    /// The first commit, which is the ledger's identity.
    pub genesis: Oid,
    pub tip: Oid,
    /// The last valid entry.
    pub base: Oid,
    pub disputed: Disputes,
    /// The latest time of an entry.
    pub latest: Stamp,
}

impl Standing {
    pub(super) fn ledger(&self) -> Ledger {
        Ledger {
            tip: self.tip.clone(),
            base: self.base.clone(),
            disputed: self.disputed.clone(),
        }
    }
}
