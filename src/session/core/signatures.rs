//! Signatures of entries, proofs and tags, and the keys of policies that they are compared with.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use super::Core;
use crate::git::gpg::{self, Keyring};
use crate::model::approval::Given;
use crate::model::evolution::Attempt;
use crate::model::policies::Rules;
use crate::model::policy::Policy;
use crate::model::signature::{Form, Signature, Signed};
use crate::model::signers::Blocks;
use crate::model::{Cause, Exit, Oid, Refusal};
use crate::store::ledger::Ledger;

/// How long gpg is given at least, where there is no time left, and at most: it takes some milliseconds.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(20);

impl Core<'_> {
    /// What gpg says of the armoured keys of these policies. Where there are none, gpg is not needed.
    ///
    /// # Errors
    /// gpg is missing here.
    pub(crate) fn blocks<'p>(&self, of: impl Iterator<Item = &'p Policy>) -> Result<Blocks> {
        let mut texts: Vec<String> = of.flat_map(Policy::armoured).collect();
        texts.sort();
        texts.dedup();
        Ok(match self.keyring(texts)? {
            Some(ring) => ring.blocks.clone(),
            None => Blocks::new(),
        })
    }

    /// The signature of a commit. That of a gpg key is compared with the keys of `blocks`.
    ///
    /// # Errors
    /// The commit cannot be read, or gpg is missing here and needed.
    pub(crate) fn signature(&self, commit: &Oid, blocks: &Blocks) -> Result<Signature> {
        match self.store.signed_commit(commit)? {
            Ok(None) => Ok(Signature::Missing),
            Ok(Some(signed)) => self.judge_signature(&signed, blocks),
            Err(why) => Ok(Signature::Broken(why)),
        }
    }

    /// The same of a tag.
    ///
    /// # Errors
    /// As [`signature`](Core::signature).
    pub(crate) fn tag_signature(&self, tag: &Oid, blocks: &Blocks) -> Result<Signature> {
        match self.store.signed_tag(tag)? {
            None => Ok(Signature::Missing),
            Some(signed) => self.judge_signature(&signed, blocks),
        }
    }

    fn judge_signature(&self, signed: &Signed, blocks: &Blocks) -> Result<Signature> {
        match signed.form() {
            Err(why) => Ok(Signature::Broken(why)),
            Ok(Form::Ssh) => Ok(signed.by_ssh()),
            Ok(Form::X509) => Ok(Signature::Unnamed("of a certificate".into())),
            Ok(Form::Gpg) => match self.keyring(blocks.keys().cloned().collect())? {
                Some(ring) => Ok(self.by_gpg(|| ring.verify(signed))??),
                // Nobody's key is a gpg key: whichever it is, it is not named.
                None => Ok(Signature::Unnamed("of gpg".into())),
            },
        }
    }

    /// A keyring of these keys; none of none. The last one is kept, because many entries are judged by the
    /// same keys.
    fn keyring(&self, texts: Vec<String>) -> Result<Option<Rc<Keyring>>> {
        if texts.is_empty() {
            return Ok(None);
        }
        if let Some((known, ring)) = &*self.keyring.borrow()
            && *known == texts
        {
            return Ok(Some(Rc::clone(ring)));
        }
        let limit = self.for_gpg();
        let ring = Rc::new(self.by_gpg(|| Keyring::of(&texts, limit))?);
        self.keyring.replace(Some((texts, Rc::clone(&ring))));
        Ok(Some(ring))
    }

    /// How long gpg may take.
    fn for_gpg(&self) -> Duration {
        self.left().clamp(LEAST, MOST)
    }

    /// Whether gpg works here.
    pub(super) fn has_gpg(&self) -> bool {
        self.by_gpg(|| gpg::tried(self.for_gpg())).is_ok()
    }

    /// Has gpg do something, unless it is known by now that it cannot: one that hangs is waited for once.
    fn by_gpg<T>(&self, ask: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(refusal) = self.no_gpg.get() {
            return Err(refusal.clone().into());
        }
        ask().inspect_err(|error| {
            let refusal = error.downcast_ref::<Refusal>();
            if let Some(refusal) = refusal.filter(|refusal| refusal.cause == Cause::NoProgram) {
                self.no_gpg.get_or_init(|| refusal.clone());
            }
        })
    }

    /// Reads the signatures that the rules ask for of proofs, and what gpg says of the keys.
    ///
    /// # Errors
    /// As [`signature`](Core::signature).
    pub(crate) fn read_signatures<'a>(
        &self,
        rules: &mut Rules,
        attempts: impl Iterator<Item = &'a mut Attempt>,
    ) -> Result<()> {
        if !rules.ask_for_signatures() {
            return Ok(());
        }
        let previous = rules.previous.as_ref().map(|(_, policy)| policy);
        rules.blocks = self.blocks([Some(&rules.present), previous].into_iter().flatten())?;
        for attempt in attempts {
            if let Some(at) = &attempt.proven_by {
                attempt.signature = self.signature(at, &rules.blocks)?;
            }
        }
        Ok(())
    }

    /// The same of approvals.
    ///
    /// # Errors
    /// As [`signature`](Core::signature).
    pub(crate) fn read_approval_signatures<'a>(
        &self,
        rules: &mut Rules,
        given: impl Iterator<Item = &'a mut Given>,
    ) -> Result<()> {
        if !rules.ask_for_signatures() {
            return Ok(());
        }
        self.read_signatures(rules, std::iter::empty())?;
        for given in given {
            given.signature = self.signature(&given.tip, &rules.blocks)?;
        }
        Ok(())
    }

    /// The signature that an entry by this person will have. Where `probe`, their git signs something that
    /// nobody keeps, so that it is known whose key that is before anything is decided.
    ///
    /// # Errors
    /// It cannot be signed.
    pub(crate) fn signature_to_come(&self, blocks: &Blocks, probe: bool) -> Result<Signature> {
        let author = self.author()?;
        if !author.sign {
            return Ok(Signature::Missing);
        }
        if !probe {
            return Ok(Signature::Due);
        }
        if let Some(known) = self.own_signature.get() {
            return Ok(known.clone());
        }
        let tried = self.try_to_sign()?;
        let signature = self.signature(&tried, blocks)?;
        Ok(self.own_signature.get_or_init(|| signature).clone())
    }

    /// Has this person's git sign a commit that nobody keeps.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) fn try_to_sign(&self) -> Result<Oid> {
        let mut author = self.author()?.clone();
        author.sign = true;
        let tree = self.store.write_tree(None, &[])?;
        let text = "Try whether this signature counts\n";
        self.store.write_commit(&author, &tree, &[], text)
    }

    /// The refusal of whatever goes onto a ledger of which this machine cannot tell everything: others can,
    /// and would judge it by more.
    pub(crate) fn can_tell(ledger: &Ledger) -> Result<(), Refusal> {
        let Some((_, untold)) = ledger.disputed.iter().find(|(_, disputed)| disputed.untold) else {
            return Ok(());
        };
        let what = format!("This machine cannot tell whether {} counts", untold.name());
        let mut refusal = Refusal::new(Exit::Failure, what);
        refusal.why = untold.why.iter().map(ToString::to_string).collect();
        Err(refusal.because("Install GnuPG, and run the command again"))
    }
}
