//! Two addresses behind one remote: git can push to another address than it fetches from. They are two
//! roads to one place, or two places, of which only one can be the cloud.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Cloud;
use crate::git::push::Manner;
use crate::git::refs::Update;
use crate::model::{Exit, Refusal};
use crate::store::{Store, names};

/// How long what was pushed may take to show at the other address.
const PATIENCE: Duration = Duration::from_secs(10);

impl Cloud<'_> {
    /// Makes sure that what is pushed is what is read, with a ref that nobody reads, once for each pair
    /// of addresses. Where git uses one address there is nothing to ask.
    ///
    /// # Errors
    /// [`Exit::Usage`] where they are two places, with both addresses; [`Exit::Remote`] where one does
    /// not answer.
    pub(super) fn is_one_place(self) -> Result<()> {
        if !self.core.config.push_url {
            return Ok(());
        }
        let remote = self.core.remote()?;
        let (read, written) = remote.addresses()?;
        let key = format!("remote.{}.grytaddresses", self.core.cloud_name()?);
        let pair = Store::blob_id(format!("{read}\n{}", written.join("\n")).as_bytes())?;
        let config = self.core.store.config()?;
        let known = config.iter().rev().find(|(known, _)| *known == key);
        if known.is_some_and(|(_, known)| known == pair.as_str())
            || written.iter().all(|to| *to == read)
        {
            return Ok(());
        }
        let nonce = self.core.ctx.nonce();
        let probe = self.core.store.write_blob(nonce.as_bytes())?;
        let name = names::probe(&nonce);
        let create = Update::new(name.clone(), None, Some(&probe));
        let made = remote.push(std::slice::from_ref(&create), Manner::EACH)?;
        if !made.accepted() {
            // Whatever is wrong there is for the push itself to say.
            return Ok(());
        }
        let began = Instant::now();
        let mut shows = false;
        while !shows && began.elapsed() < PATIENCE {
            shows = remote.has(&name)?;
            if !shows {
                std::thread::sleep(Duration::from_millis(250));
            }
        }
        let delete = Update::new(name, Some(&probe), None);
        remote.push(std::slice::from_ref(&delete), Manner::EACH)?;
        if shows {
            return self.core.store.git().set_config(&key, pair.as_str());
        }
        Err(two_places(self.core.cloud_name()?, &read, &written).into())
    }
}

fn two_places(remote: &str, read: &str, written: &[String]) -> Refusal {
    let what = format!("{remote} is two places: what is pushed there is not what is read");
    Refusal::new(Exit::Usage, what)
        .because(format!("Git fetches from {read}"))
        .because(format!("Git pushes to {}", written.join(" and to ")))
        .because("Nothing was shared: a mirror that lags cannot be the cloud")
        .then(format!("git remote set-url {remote} URL"))
        .then(format!("git config --unset-all remote.{remote}.pushurl"))
        .then("git gryt config remote NAME")
}
