//! The board: what a person sees of a project on one screen, and what each key does to it.
//!
//! It is a plain value. `commands::board` tells it what happened and does what it asks for, and `render`
//! draws it.

mod keys;
mod lists;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(crate) use keys::{Key, Keys};
pub(crate) use lists::Wait;
pub(crate) use step::{Effect, Event};

use super::approval::Opinion;
use super::sealed::Release;
use super::standing::{Progress, Standing};
use super::state::{Status, SyncState, Trial};
use super::steps::Step;
use super::{Change, ChangeId, EvolutionName, Oid, Person, Stamp, Version};

/// What one look at this clone found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    /// What the cloud's repository is called.
    pub project: Option<String>,
    pub mode: &'static str,
    /// The remote that is the cloud.
    pub cloud: Option<String>,
    /// When it was last asked.
    pub pulled: Option<Stamp>,
    /// In the order of their versions.
    pub drafts: Vec<Draft>,
    /// The newest first.
    pub releases: Vec<Release>,
    /// What somebody at this clone has to see to before anything else, as files that cannot be read.
    pub held: Vec<(Version, Step)>,
}

/// A draft in a list.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub version: Version,
    pub status: Status,
    pub changes: usize,
    pub proven: usize,
    /// None without a cloud.
    pub sync: Option<SyncState>,
    /// Whether its file was edited and not taken in yet.
    pub edited: bool,
}

/// All of one version.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub version: Version,
    pub status: Status,
    pub description: Option<String>,
    /// In the contract's order.
    pub changes: Vec<Line>,
    pub evolutions: Vec<Tried>,
    pub opinions: Vec<Opinion>,
    /// What the gates lack for its promotion, a line each.
    pub missing: Vec<String>,
    /// Who has to do what, in which order; the promotion is the last. Empty for a release.
    pub steps: Vec<Step>,
    /// Who promoted it, when, and which commit.
    pub promoted: Option<(Person, Stamp, Option<Oid>)>,
    /// Why it cannot be read or judged, a line each.
    pub trouble: Vec<String>,
}

impl Detail {
    /// A version of which nothing is known but why.
    pub(crate) fn unread(version: Version, status: Status, trouble: Vec<String>) -> Self {
        Self {
            version,
            status,
            description: None,
            changes: Vec::new(),
            evolutions: Vec::new(),
            opinions: Vec::new(),
            missing: Vec::new(),
            steps: Vec::new(),
            promoted: None,
            trouble,
        }
    }

    /// The steps that can be taken now: while changes are to be proven, nothing that comes after that; the promotion
    /// once it is all that is left; and no second way to do one of them.
    pub(crate) fn open_steps(&self) -> impl Iterator<Item = &Step> {
        let proofs: Vec<&Step> = self
            .changes
            .iter()
            .filter_map(|l| l.step.as_ref())
            .collect();
        let last_proof = self.steps.iter().rposition(|step| proofs.contains(&step));
        let end = match (last_proof, self.steps.len()) {
            (Some(at), _) => at + 1,
            (None, 0 | 1) => self.steps.len(),
            (None, several) => several - 1,
        };
        let open = self.steps[..end].iter();
        open.filter(|step| !step.is_alternative())
    }
}

/// A change, as its contract has it, and how far it is.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub change: Change,
    pub standing: Standing,
    /// What has to be done for it; none where it is proven or released.
    pub step: Option<Step>,
}

impl Line {
    /// Where it stands in a list: first what somebody has to mend, last what is proven.
    fn rank(&self) -> u8 {
        match self.standing.progress {
            Progress::Failed => 0,
            Progress::Stale { .. } => 1,
            Progress::Elsewhere { .. } => 2,
            Progress::Started => 3,
            Progress::NotStarted => 4,
            Progress::Abandoned => 5,
            Progress::Proven => 6,
        }
    }

    /// Whose it is: who tried it, or else who is to.
    pub(crate) fn who(&self) -> Option<&str> {
        let owner = self.standing.owner.as_ref();
        let owner = owner.map(|owner| owner.name.as_str());
        owner.or(self.change.assignee.as_deref())
    }
}

/// An evolution in a list.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub name: EvolutionName,
    pub status: Trial,
    pub owner: Person,
    /// The commit of its last proof.
    pub commit: Option<Oid>,
    /// None without a cloud.
    pub shared: Option<bool>,
}

/// A part of the screen with a list of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub(crate) enum Pane {
    Drafts,
    Changes,
    Waiting,
    Releases,
}

/// What is on the screen beside or instead of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The lists.
    Lists,
    /// The lists, while the filter is typed.
    Typing,
    Help,
    /// A version, or one change of it, in full; scrolled down by so many lines.
    Open {
        version: Version,
        change: Option<ChangeId>,
        top: usize,
    },
    /// What a pull printed.
    Output {
        lines: Vec<String>,
        top: usize,
    },
}

/// The board.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    /// None before the first look.
    look: Option<Look>,
    /// What is known of versions, by their spelling.
    details: BTreeMap<String, Detail>,
    pane: Pane,
    /// The pane whose version the changes are of: drafts or releases.
    source: Pane,
    /// Which row of each pane is chosen.
    at: [usize; 4],
    filter: String,
    mode: Mode,
    /// What was last said at the bottom, and whether something went wrong.
    said: Option<(String, bool)>,
    pulling: bool,
    /// How far the text that is open can be scrolled, in lines, as it was drawn last.
    bottom: usize,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            look: None,
            details: BTreeMap::new(),
            pane: Pane::Drafts,
            source: Pane::Drafts,
            at: [0; 4],
            filter: String::new(),
            mode: Mode::Lists,
            said: None,
            pulling: false,
            bottom: 0,
        }
    }
}

impl Board {
    pub(crate) fn look(&self) -> Option<&Look> {
        self.look.as_ref()
    }

    pub(crate) fn pane(&self) -> Pane {
        self.pane
    }

    /// Whether a pane's chosen row says which version the changes are of.
    pub(crate) fn is_source(&self, pane: Pane) -> bool {
        self.source == pane
    }

    pub(crate) fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    pub(crate) fn said(&self) -> Option<(&str, bool)> {
        self.said.as_ref().map(|(text, bad)| (text.as_str(), *bad))
    }

    pub(crate) fn pulling(&self) -> bool {
        self.pulling
    }

    /// What is known of a version.
    pub(crate) fn detail(&self, version: &Version) -> Option<&Detail> {
        self.details.get(version.as_str())
    }

    /// Says how far the open text can be scrolled, in lines.
    pub(crate) fn drawn(&mut self, bottom: usize) {
        self.bottom = bottom;
        if let Mode::Open { top, .. } | Mode::Output { top, .. } = &mut self.mode {
            *top = (*top).min(bottom);
        }
    }
}
