//! What the lists show: the rows that the filter leaves, in order, and the command of the one that is chosen.

use super::super::EvolutionName;
use super::super::sealed::Release;
use super::super::state::SyncState;
use super::super::steps::Step;
use super::super::{ChangeId, Version};
use super::{Board, Detail, Draft, Line, Mode, Pane};

/// Something that somebody has to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<'a> {
    pub version: &'a Version,
    pub step: &'a Step,
}

impl Wait<'_> {
    /// Who has to: a name or an email.
    pub(crate) fn who(&self) -> &str {
        who(self.step)
    }
}

/// Who takes a step.
fn who(step: &Step) -> &str {
    step.who.as_deref().unwrap_or("you")
}

/// A command that leads on, and who types it where that is somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub who: Option<String>,
    pub command: String,
}

impl Next {
    fn mine(command: String) -> Self {
        Self { who: None, command }
    }

    fn of(step: &Step) -> Option<Self> {
        Some(Self {
            who: step.who.clone(),
            command: step.command.clone()?,
        })
    }
}

impl Board {
    /// Whether one of `texts` has what the filter says; the filter of no letters is in each.
    fn passes(&self, texts: &[Option<&str>]) -> bool {
        let wanted = self.filter.to_lowercase();
        let mut texts = texts.iter().flatten();
        wanted.is_empty() || texts.any(|text| text.to_lowercase().contains(&wanted))
    }

    fn passes_line(&self, line: &Line) -> bool {
        let change = &line.change;
        self.passes(&[Some(change.id.as_str()), Some(&change.title), line.who()])
    }

    /// The drafts, those that have what the filter says, by themselves or in a change.
    pub(crate) fn drafts(&self) -> Vec<&Draft> {
        let drafts = self.look.iter().flat_map(|look| &look.drafts);
        let has = |draft: &&Draft| {
            let detail = self.detail(&draft.version);
            let described = detail.and_then(|detail| detail.description.as_deref());
            let mut lines = detail.iter().flat_map(|detail| &detail.changes);
            self.passes(&[
                Some(draft.version.as_str()),
                Some(draft.status.into()),
                described,
            ]) || lines.any(|line| self.passes_line(line))
        };
        drafts.filter(has).collect()
    }

    /// The releases, the newest first.
    pub(crate) fn releases(&self) -> Vec<&Release> {
        let releases = self.look.iter().flat_map(|look| &look.releases);
        let has = |release: &&Release| {
            self.passes(&[
                Some(release.version.as_str()),
                Some(release.status().into()),
                release.description.as_deref(),
                Some(&release.promoter.name),
            ])
        };
        releases.filter(has).collect()
    }

    /// The version whose changes are shown: the draft or the release that was chosen last.
    pub(crate) fn version(&self) -> Option<&Version> {
        match self.source {
            Pane::Releases => {
                let chosen = self.releases();
                Some(&chosen.get(self.place(Pane::Releases))?.version)
            }
            Pane::Drafts | Pane::Changes | Pane::Waiting => {
                let chosen = self.drafts();
                Some(&chosen.get(self.place(Pane::Drafts))?.version)
            }
        }
    }

    /// The changes of that version: first what somebody has to mend, last what is proven.
    pub(crate) fn changes(&self) -> Vec<&Line> {
        let Some(detail) = self.version().and_then(|version| self.detail(version)) else {
            return Vec::new();
        };
        let named = self.passes(&[Some(detail.version.as_str())]);
        let lines = detail.changes.iter();
        let mut lines: Vec<&Line> = lines
            .filter(|line| named || self.passes_line(line))
            .collect();
        lines.sort_by_key(|line| line.rank());
        lines
    }

    /// What waits for whom, in all drafts: first what waits for whoever looks.
    pub(crate) fn waiting(&self) -> Vec<Wait<'_>> {
        let Some(look) = &self.look else {
            return Vec::new();
        };
        let held = look
            .held
            .iter()
            .map(|(version, step)| Wait { version, step });
        let details = look.drafts.iter().filter_map(|d| self.detail(&d.version));
        let steps = details.flat_map(|detail| {
            let version = &detail.version;
            detail.open_steps().map(move |step| Wait { version, step })
        });
        let has = |wait: &Wait<'_>| {
            self.passes(&[
                Some(wait.version.as_str()),
                Some(wait.who()),
                Some(&wait.step.what),
            ])
        };
        let mut found: Vec<Wait<'_>> = held.chain(steps).filter(has).collect();
        found.sort_by_key(|wait| wait.step.who.is_some());
        found
    }

    /// The row of a pane that is chosen.
    pub(crate) fn place(&self, pane: Pane) -> usize {
        self.at[pane as usize]
    }

    /// What tells each row of a pane from the others, however the list changes.
    pub(super) fn names(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Drafts => {
                let drafts = self.drafts().into_iter();
                drafts.map(|draft| draft.version.to_string()).collect()
            }
            Pane::Changes => {
                let lines = self.changes().into_iter();
                lines.map(|line| line.change.id.to_string()).collect()
            }
            Pane::Waiting => {
                let waits = self.waiting().into_iter();
                waits
                    .map(|wait| format!("{} {}", wait.version, wait.step.what))
                    .collect()
            }
            Pane::Releases => {
                let releases = self.releases().into_iter();
                releases
                    .map(|release| release.version.to_string())
                    .collect()
            }
        }
    }

    /// The version, and the change if it is one, that the chosen row is of.
    pub(crate) fn chosen(&self) -> Option<(Version, Option<ChangeId>)> {
        Some(match self.pane {
            Pane::Drafts => {
                let all = self.drafts();
                (all.get(self.place(Pane::Drafts))?.version.clone(), None)
            }
            Pane::Changes => {
                let all = self.changes();
                let line = all.get(self.place(Pane::Changes))?;
                (self.version()?.clone(), Some(line.change.id.clone()))
            }
            Pane::Waiting => {
                let all = self.waiting();
                (all.get(self.place(Pane::Waiting))?.version.clone(), None)
            }
            Pane::Releases => {
                let all = self.releases();
                (all.get(self.place(Pane::Releases))?.version.clone(), None)
            }
        })
    }

    /// The command that leads on from what is chosen.
    pub(crate) fn next(&self) -> Option<Next> {
        let look = self.look.as_ref()?;
        if let Mode::Open {
            version, change, ..
        } = &self.mode
        {
            return match change {
                Some(change) => self.next_of_change(version, change),
                None => self.next_of(version),
            };
        }
        let found = match self.pane {
            Pane::Waiting => {
                let all = self.waiting();
                let wait = all.get(self.place(Pane::Waiting));
                wait.and_then(|wait| Next::of(wait.step).or_else(|| self.next_of(wait.version)))
            }
            Pane::Drafts | Pane::Changes | Pane::Releases => match self.chosen() {
                Some((version, Some(change))) => self.next_of_change(&version, &change),
                Some((version, None)) => self.next_of(&version),
                None => None,
            },
        };
        let unknown = look.cloud.is_some() && look.pulled.is_none();
        found.or_else(|| {
            Some(Next::mine(match (unknown, look.drafts.first()) {
                (true, _) => "git gryt sync pull".to_owned(),
                (false, None) => {
                    "git gryt generation new --next minor --change TYPE:ID:TITLE".to_owned()
                }
                (false, Some(draft)) => format!("git gryt why {}", draft.version),
            }))
        })
    }

    fn next_of(&self, version: &Version) -> Option<Next> {
        let look = self.look.as_ref()?;
        let drafts = &mut look.drafts.iter();
        let Some(draft) = drafts.find(|draft| draft.version.as_str() == version.as_str()) else {
            return Some(Next::mine(format!("git gryt notes {version}")));
        };
        let held = look.held.iter().find(|(held, _)| held == version);
        if let Some(next) = held.and_then(|(_, step)| Next::of(step)) {
            return Some(next);
        }
        Some(Next::mine(match draft.sync {
            Some(SyncState::Behind | SyncState::Diverged | SyncState::CloudOnly) => {
                "git gryt sync pull".to_owned()
            }
            Some(SyncState::NotSynced | SyncState::Pending | SyncState::Failed) => {
                format!("git gryt sync push {version}")
            }
            Some(SyncState::Conflict) => "git gryt sync status".to_owned(),
            Some(SyncState::Invalid) => format!("git gryt generation edit {version}"),
            Some(SyncState::Synced) | None => {
                let steps = self.detail(version).into_iter();
                let mut steps = steps.flat_map(Detail::open_steps);
                let own = steps.find(|step| step.who.is_none() && step.command.is_some());
                return own
                    .and_then(Next::of)
                    .or_else(|| Some(Next::mine(format!("git gryt why {version}"))));
            }
        }))
    }

    fn next_of_change(&self, version: &Version, change: &ChangeId) -> Option<Next> {
        let detail = self.detail(version)?;
        let line = detail
            .changes
            .iter()
            .find(|line| line.change.id == *change)?;
        if let Some(step) = &line.step {
            return Next::of(step);
        }
        let name = line.standing.number.map(|number| EvolutionName {
            version: version.clone(),
            change: change.clone(),
            number,
        });
        Some(Next::mine(match name {
            Some(name) => format!("git gryt evolution show {name}"),
            None => format!("git gryt generation show {version}"),
        }))
    }
}
