//! Keeping the cache in step with this clone's refs: what moved since it was read is read again,
//! and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Core;
use super::chain::CHUNK;
use super::sides::Three;
use super::survey::Evolutions;
use crate::cache::rows::{Entry, Promoted, Proven, Tried, Whole};
use crate::cache::{self, Cache};
use crate::model::evolution::Attempt;
use crate::model::import::Imported;
use crate::model::ledger::Kind;
use crate::model::sealed::{Folded, Release, Sealed};
use crate::model::standing::{Standing, standings};
use crate::model::state::{Recorded, SyncState, Trial};
use crate::model::{EvolutionName, Oid, Stamp, Version};
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::refs::drafts;
use crate::store::{Refs, Store, names};

type Tips = BTreeMap<String, Oid>;

impl Core<'_> {
    /// The cache, in step with `refs`. Without one, or where it cannot be written, one in memory
    /// that says the same.
    ///
    /// # Errors
    /// Refs or objects cannot be read.
    pub(crate) fn cache(&self, refs: &Refs) -> Result<Cache> {
        let key = self.cache_key(refs)?;
        if !self.ctx.no_cache {
            let mut cache = Cache::open(&self.cache_file())?;
            match self.bring_up(&mut cache, refs, &key) {
                Ok(()) => {
                    self.tell_of(&cache);
                    return Ok(cache);
                }
                // A full disk, or a file system that became read-only, stops no answer.
                Err(error) if cache::is_trouble(&error) => {
                    let text = format!("Answering without the cache: {error:#}");
                    self.ctx.detail(text);
                }
                Err(error) => return Err(error),
            }
        }
        self.fresh_cache(refs)
    }

    /// A cache for this command alone, built from git at once.
    ///
    /// # Errors
    /// Refs or objects cannot be read.
    pub(crate) fn fresh_cache(&self, refs: &Refs) -> Result<Cache> {
        let key = self.cache_key(refs)?;
        let mut cache = Cache::passing()?;
        match self.bring_up(&mut cache, refs, &key) {
            // No room for temporary files either: memory holds it all.
            Err(error) if cache::is_trouble(&error) => {
                cache = Cache::in_memory()?;
                self.bring_up(&mut cache, refs, &key)?;
            }
            brought => brought?,
        }
        Ok(cache)
    }

    fn tell_of(&self, cache: &Cache) {
        if let Some(why) = &cache.told {
            self.ctx.detail(format!("Rebuilt from git: {why}"));
        }
    }

    /// The latest releases of this clone's ledger, or of one product, newest first, at most
    /// `count`.
    ///
    /// # Errors
    /// As [`cache`](Core::cache).
    pub(crate) fn releases(
        &self,
        refs: &Refs,
        count: usize,
        product: Option<&str>,
    ) -> Result<Vec<Release>> {
        self.cache(refs)?.releases(count, product)
    }

    /// Names everything that the cache's content follows from.
    fn cache_key(&self, refs: &Refs) -> Result<String> {
        let disputed: Vec<_> = refs.below(names::DISPUTED).collect();
        let mailmap = self.store.mailmap_text();
        let context = format!("{:?}\n{disputed:?}\n{mailmap}", self.config.remote);
        let context = Store::blob_id(context.as_bytes())?;
        let state = Store::blob_id(refs.text().as_bytes())?;
        Ok(format!("{context} {state}"))
    }

    fn bring_up(&self, cache: &mut Cache, refs: &Refs, key: &str) -> Result<()> {
        self.copy_notes(cache)?;
        if cache.key()?.as_deref() == Some(key) {
            return Ok(());
        }
        let change = cache.change()?;
        // Another process may have done it while this one waited.
        let before = change.key()?;
        if before.as_deref() == Some(key) {
            return Ok(());
        }
        let context = |key: &str| key.split(' ').next().map(str::to_owned);
        let mut old: Tips = match &before {
            Some(before) if context(before) == context(key) => change.refs()?.into_iter().collect(),
            _ => Tips::new(),
        };
        let ledger = self.ledger(refs)?;
        let news = self.entries_since(ledger.as_ref(), old.get(names::LEDGER))?;
        if old.is_empty() || news.anew {
            change.clear()?;
            old.clear();
        }
        if let Some(ledger) = &ledger {
            self.index_entries(&change, ledger, news.entries)?;
        }
        let new = refs.all();
        let moved: Vec<&String> = old
            .keys()
            .chain(new.keys())
            .filter(|name| old.get(*name) != new.get(*name))
            .collect();
        let cloud = self.known_cloud(refs);
        let adopted = self.adopted(refs)?;
        let tips = Three {
            local: refs.local(),
            cloud: &cloud,
            adopted: &adopted,
        };
        let evolutions = Evolutions::of(&tips);
        let touched = self.versions_of(&moved, &old, new)?;
        // Two spellings of a version are about each other.
        let spellings: BTreeMap<String, Version> = drafts(&old)
            .chain(drafts(new))
            .filter(|(version, _)| touched.contains(version))
            .map(|(version, _)| (version.to_string(), version))
            .collect();
        for version in spellings.into_values() {
            change.remove(&version)?;
            if let Some(tip) = tips.local.get(&names::draft(&version)) {
                change.add(&self.whole_draft(refs, (&tips, &evolutions), &version, tip)?)?;
            }
        }
        let read = moved.into_iter().map(|name| (name.as_str(), new.get(name)));
        change.finish(key, read)
    }

    /// The versions whose drafts or evolutions something moved about: here, in the cloud, or in what
    /// this clone has taken over from there.
    fn versions_of(&self, moved: &[&String], old: &Tips, new: &Tips) -> Result<BTreeSet<Version>> {
        let tracking = names::tracking(self.config.remote.as_deref().unwrap_or_default());
        let mut touched = BTreeSet::new();
        for name in moved {
            if let Some(version) = name.strip_prefix(names::FAILED) {
                touched.extend(version.parse::<Version>());
            } else if name.starts_with(names::ADOPTED) {
                let memory = [old.get(*name), new.get(*name)];
                touched.extend(self.taken_otherwise(memory, old, new)?);
            } else {
                let shared = match name.strip_prefix(&tracking) {
                    Some(rest) => names::shared(&format!("{}{rest}", names::SHARED)),
                    None => names::shared(name),
                };
                touched.extend(shared.version().cloned());
            }
        }
        Ok(touched)
    }

    /// The versions about which two memories of what was taken over differ. Where one of the two is not
    /// there, or was pruned, all drafts.
    fn taken_otherwise(
        &self,
        memory: [Option<&Oid>; 2],
        old: &Tips,
        new: &Tips,
    ) -> Result<Vec<Version>> {
        let [Some(was), Some(is)] = memory.map(|oid| oid.filter(|oid| self.store.has(oid))) else {
            let all = drafts(old).chain(drafts(new));
            return Ok(all.map(|(version, _)| version).collect());
        };
        let (was, is) = (self.store.adopted_as(was)?, self.store.adopted_as(is)?);
        let names = was.keys().chain(is.keys());
        let differ = names.filter(|name| was.get(*name) != is.get(*name));
        let version = |name: &String| names::shared(name).version().cloned();
        Ok(differ.filter_map(version).collect())
    }

    /// The entries that the ledger has since `known`, oldest first.
    fn entries_since(&self, ledger: Option<&Ledger>, known: Option<&Oid>) -> Result<Since> {
        let Some(ledger) = ledger else {
            return Ok(Since {
                entries: Vec::new(),
                anew: known.is_some(),
            });
        };
        let mut entries = Vec::new();
        let mut anew = known.is_some();
        for commit in self.store.first_parents(&ledger.tip) {
            let commit = commit?;
            if Some(&commit.oid) == known {
                anew = false;
                break;
            }
            entries.push(commit.oid);
        }
        entries.reverse();
        Ok(Since { entries, anew })
    }

    fn index_entries(
        &self,
        change: &cache::Change<'_>,
        ledger: &Ledger,
        entries: Vec<Oid>,
    ) -> Result<()> {
        let mut height = change.height()?;
        let mut counting = self
            .ctx
            .counting("Reading entries into the cache", entries.len());
        for (nth, oid) in entries.into_iter().enumerate() {
            if nth % CHUNK == CHUNK - 1 {
                self.store.let_go()?;
            }
            let commit = self.store.commit(&oid)?;
            height += 1;
            let header = header(&commit.message);
            let version: Option<Version> = header.version.as_ref().and_then(|v| v.parse().ok());
            // An invalid entry may say anything; the ledger's tree does not hold it.
            match (header.kind(), &version) {
                (Some(Kind::Import), _) => {
                    for imported in self.imported_by(ledger, &commit, header.base.as_deref())? {
                        change.add(&self.whole_import(ledger, &commit, imported, height))?;
                    }
                }
                (Some(Kind::Promotion), Some(version)) => {
                    let sealed = self.store.sealed(ledger, version)?;
                    let own = |s: &Sealed| Some(&s.promotion) == header.promotion.as_ref();
                    if let Some(sealed) = sealed.filter(own) {
                        change.add(&self.whole_release(ledger, sealed, height)?)?;
                    }
                }
                (Some(Kind::Withdrawal), Some(version)) => {
                    if self.store.withdrawal(ledger, version)?.is_some() {
                        change.withdraw(version)?;
                    }
                }
                (Some(Kind::Promotion | Kind::Withdrawal), None)
                | (Some(Kind::Genesis | Kind::Moved | Kind::Accepted) | None, _) => {}
            }
            let kind = header.kind.unwrap_or_default();
            change.add_entry(&Entry {
                height,
                oid: commit.oid,
                kind,
                version,
                author: self.store.mapped(commit.author),
                at: commit.at,
            })?;
            counting.step();
        }
        Ok(())
    }

    fn whole_release(&self, ledger: &Ledger, sealed: Sealed, height: i64) -> Result<Whole> {
        let (_, contract) = self.store.sealed_contract(ledger, &sealed)?;
        let root = self.store.commit(&sealed.generation)?;
        let standings = super::survey::sealed_standings(&contract, &sealed);
        let mut evolutions = Vec::new();
        for folded in &sealed.evolutions {
            evolutions.push(self.sealed_evolution(&sealed.version, folded)?);
        }
        Ok(Whole {
            root: root.oid,
            created_by: self.store.mapped(root.author),
            created_at: root.at,
            contract: Ok(contract),
            standings,
            evolutions,
            sync: self.settled(),
            remote: None,
            synced: self.has_cloud().then_some(sealed.promoted_at),
            error: None,
            sealed: Some(Promoted {
                imported: false,
                height,
                excuses: sealed.excuses(),
                disputed: ledger.disputes(&sealed.version),
                commit: Some(sealed.commit),
                promoter: self.store.mapped(sealed.promoter),
                at: sealed.promoted_at,
            }),
            version: sealed.version,
        })
    }

    fn whole_import(
        &self,
        ledger: &Ledger,
        entry: &Commit,
        imported: Imported,
        height: i64,
    ) -> Whole {
        Whole {
            root: entry.oid.clone(),
            created_by: self.store.mapped(imported.by.clone()),
            created_at: imported.at,
            standings: imported.standings(),
            contract: Ok(imported.contract()),
            evolutions: Vec::new(),
            sync: self.settled(),
            remote: None,
            synced: self.has_cloud().then_some(entry.at),
            error: None,
            sealed: Some(Promoted {
                imported: true,
                height,
                excuses: Vec::new(),
                disputed: ledger.disputes(&imported.version),
                commit: imported.commit,
                promoter: self.store.mapped(imported.by),
                at: imported.at,
            }),
            version: imported.version,
        }
    }

    /// What is sealed is in the cloud, where there is one.
    fn settled(&self) -> SyncState {
        match self.config.remote {
            Some(_) => SyncState::Synced,
            None => SyncState::NotSynced,
        }
    }

    fn has_cloud(&self) -> bool {
        self.config.remote.is_some()
    }

    /// When a tip was written; none where it is none, or no commit.
    fn written(&self, tip: Option<&Oid>) -> Result<Option<Stamp>> {
        match tip.filter(|tip| self.store.is_commit(tip)) {
            Some(tip) => Ok(Some(self.store.commit(tip)?.at)),
            None => Ok(None),
        }
    }

    /// An evolution that went into a release, read from its commits alone.
    fn sealed_evolution(&self, version: &Version, folded: &Folded) -> Result<Tried> {
        let chain = self.chain(&folded.tip)?;
        let last = chain.proofs.last().map(|proof| proof.status);
        Ok(Tried {
            name: EvolutionName {
                version: version.clone(),
                change: folded.change.clone(),
                number: folded.number,
            },
            tip: folded.tip.clone(),
            owner: self.store.mapped(folded.owner.clone()),
            status: match (folded.counted, chain.abandoned, last) {
                (true, _, _) => Trial::Pass,
                (false, true, _) => Trial::Abandoned,
                (false, false, None) => Trial::Started,
                (false, false, Some(Recorded::Fail)) => Trial::Fail,
                (false, false, Some(Recorded::Pass | Recorded::Void | Recorded::Abandoned)) => {
                    Trial::Stale
                }
            },
            sync: self.settled(),
            synced: self.has_cloud().then(|| chain.last()),
            root: chain.root,
            started: chain.started,
            proofs: chain.proofs,
        })
    }

    fn whole_draft(
        &self,
        refs: &Refs,
        (seen, evolutions): (&Three<'_>, &Evolutions),
        version: &Version,
        tip: &Oid,
    ) -> Result<Whole> {
        let root = self.store.commit(&self.store.root(tip)?)?;
        let read = match self.store.draft(version, tip)? {
            Ok(draft) => draft.contract(),
            Err(invalid) => Err(invalid),
        };
        let contract = read.map_err(|invalid| invalid.to_string());
        let survey = self.survey(version, evolutions)?;
        let attempts: Vec<Attempt> = survey.into_iter().map(|(attempt, _)| attempt).collect();
        let standings: Vec<Standing> = match &contract {
            Ok(contract) => standings(contract, &root.oid, &attempts),
            Err(_) => Vec::new(),
        };
        let mut evolutions = Vec::new();
        for attempt in &attempts {
            let says = contract
                .as_ref()
                .ok()
                .and_then(|contract| contract.change(&attempt.name.change))
                .map(|change| attempt.says(change, &root.oid));
            let chain = self.chain(&attempt.tip)?;
            let there = seen.cloud.get(&names::evolution(&attempt.name));
            evolutions.push(Tried {
                name: attempt.name.clone(),
                root: chain.root,
                tip: attempt.tip.clone(),
                owner: self.store.mapped(attempt.evolution.owner.clone()),
                started: attempt.evolution.started,
                status: Trial::of(says.as_ref()),
                sync: SyncState::of_evolution(&attempt.tip, there),
                synced: self.written(there)?,
                proofs: chain.proofs,
            });
        }
        let remote = seen.cloud.get(&names::draft(version)).cloned();
        let error = self.refusal_of(refs, version)?;
        Ok(Whole {
            version: version.clone(),
            root: root.oid,
            created_by: self.store.mapped(root.author),
            created_at: root.at,
            contract,
            standings,
            evolutions,
            sealed: None,
            sync: match self.config.remote {
                None => SyncState::NotSynced,
                Some(_) => match (self.draft_state(seen, version)?, &error) {
                    (state, Some(_)) => state.refused(),
                    (state, None) => state,
                },
            },
            synced: self.written(remote.as_ref())?,
            error,
            remote,
        })
    }

    /// What the commits of an evolution say by themselves, without any of their files.
    fn chain(&self, tip: &Oid) -> Result<Chain> {
        let mut proofs = Vec::new();
        let mut abandoned = false;
        let mut root = None;
        for commit in self.store.first_parents(tip) {
            let commit = commit?;
            let header = header(&commit.message);
            let recorded = header.status.and_then(|word| word.parse().ok());
            abandoned |= recorded == Some(Recorded::Abandoned);
            if let (Some(status), Some(proven)) = (recorded, header.commit)
                && let Ok(proven) = proven.parse()
            {
                proofs.push(Proven {
                    oid: commit.oid.clone(),
                    status,
                    commit: proven,
                    at: commit.at,
                });
            }
            root = Some((commit.oid, commit.at));
        }
        proofs.reverse();
        let (root, started) = root.unwrap_or_else(|| (tip.clone(), Stamp::default()));
        Ok(Chain {
            root,
            started,
            proofs,
            abandoned,
        })
    }
}

/// What came to the ledger.
struct Since {
    entries: Vec<Oid>,
    /// Whether what was known is no part of it any more.
    anew: bool,
}

struct Chain {
    root: Oid,
    started: Stamp,
    proofs: Vec<Proven>,
    abandoned: bool,
}

impl Chain {
    /// When something was last recorded.
    fn last(&self) -> Stamp {
        self.proofs.last().map_or(self.started, |proof| proof.at)
    }
}
