//! The hook of a server: each push is judged before a ref moves.

use std::io::Read as _;

use anyhow::{Context as _, Result};

use super::{Outcome, done};
use crate::git::received;
use crate::model::hook::Hook;
use crate::model::receive;
use crate::model::{Exit, Refusal};
use crate::session::Session;

/// Refuses to guard a clone, which nobody pushes to.
///
/// # Errors
/// [`Exit::Usage`] where there is a working tree.
pub(super) fn is_server(session: &Session<'_>) -> Result<()> {
    let Some(top) = &session.core.store.layout().work_tree else {
        return Ok(());
    };
    let what = format!("{} is not a bare repository", top.display());
    Err(Refusal::new(Exit::Usage, what)
        .because("Install the hook in the repository that people push to")
        .then("git gryt -C REPOSITORY.git hook install --server")
        .into())
}

/// Judges what git is about to let in (githooks(5), "pre-receive").
///
/// # Errors
/// All that speaks against it; or it cannot be judged, which speaks against it, too.
pub(super) fn run(session: &Session<'_>) -> Result<Outcome> {
    let mut text = Vec::new();
    std::io::stdin()
        .read_to_end(&mut text)
        .context("what git says of the push cannot be read")?;
    let moves = received::read(&text)?;
    if moves.is_empty() {
        // Git runs it for pushes that move something: what was pushed did not reach this program.
        let what = "This push could not be judged, and so it was not taken";
        return Err(Refusal::new(Exit::Failure, what)
            .because("The hook was told of no ref on its standard input")
            .into());
    }
    let wrong = session
        .sealing
        .received(&moves)
        .context("This push could not be judged, and so it was not taken")?;
    match receive::refusal(&wrong) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(done(Hook::PreReceive)),
    }
}
