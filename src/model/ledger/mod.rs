//! The ledger's entries and what makes one structurally valid.
//!
//! [`check`] is frozen per format: two implementations must agree on it for ever, so it leaves
//! out gates, policy and signatures, which are judged elsewhere. A change to it is a new
//! `Gryt-Format` (docs/format.md, "Ledger").

#[cfg(test)]
mod tests;

use super::import::{self, Imported};
use super::moved::{self, Half, Moved};
use super::sealed::{Acceptance, FILES, Sealed, Withdrawal};
use super::{Contract, Invalid, Oid, Version};

pub(crate) use super::header::{FORMAT, Header, Kind};

/// One path that an entry's tree has and its base's does not, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    /// False where something of the base was changed or is gone.
    pub added: bool,
}

/// A parent of an entry beside the previous one, as far as the check needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub oid: Oid,
    pub tree: Oid,
    /// The blob at `generation.yaml`, where there is one.
    pub contract: Option<Oid>,
}

/// Everything that the check looks at, gathered from the objects.
#[derive(Clone, Debug)]
pub struct Entry {
    pub oid: Oid,
    pub header: Header,
    /// All parents after the first.
    pub others: Vec<Parent>,
    /// Against the base's tree: the topmost paths that are new, at or below the entry's place or
    /// beside the way to it.
    pub differences: Vec<Difference>,
    /// Whether it changes more paths than any entry has reason to.
    pub too_many: bool,
    /// The release's own files, as far as they are there.
    pub leaf: Leaf,
    /// The file that a withdrawal adds: its path and its text.
    pub withdrawal: Option<(String, Vec<u8>)>,
    /// The versions that share the release's shelf in the base.
    pub neighbours: Vec<Version>,
    /// The files that an import adds.
    pub imports: Vec<import::File>,
    /// What the base, and a half of a move, say of moves.
    pub moves: moved::Facts,
    /// The file that an acceptance adds: its path and its text.
    pub accepted: Option<(String, Vec<u8>)>,
}

/// What a release's files say.
#[derive(Clone, Debug, Default)]
pub struct Leaf {
    pub contract: Option<(Oid, Vec<u8>)>,
    pub promotion: Option<Vec<u8>>,
}

/// What an entry is, once it is checked.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once an entry and matched at once"
)]
pub(crate) enum Verified {
    Genesis,
    Promotion(Sealed),
    /// With the number of its file.
    Withdrawal(Withdrawal, usize),
    Import(Vec<Imported>),
    Moved(Moved),
    Accepted(Acceptance),
}

/// The result of the check.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once an entry and matched at once"
)]
pub(crate) enum Check {
    Valid(Verified),
    /// It contributes nothing, and the next entry names an earlier base.
    Invalid(String),
    /// Written by a later gryt: nobody goes on before upgrading.
    Unknown(String),
}

/// Checks `entry` against `base`, the last valid entry before it (none for the first commit).
pub(crate) fn check(entry: &Entry, base: Option<&Oid>) -> Check {
    match entry.header.format.as_deref() {
        Some(FORMAT) => {}
        Some(other) => return Check::Unknown(format!("format {other}")),
        None => return Check::Invalid("it has no trailer Gryt-Format".into()),
    }
    let Some(kind) = &entry.header.kind else {
        return Check::Invalid("it has no Gryt-Kind".into());
    };
    let Ok(kind) = kind.parse::<Kind>() else {
        return Check::Unknown(format!("kind {kind}"));
    };
    if entry.too_many {
        return Check::Invalid("it changes more files than an entry can".into());
    }
    let verified = match (kind, base) {
        (Kind::Genesis, None) => genesis(entry),
        (Kind::Promotion, Some(base)) => on(base, entry).and_then(|()| promotion(entry)),
        (Kind::Withdrawal, Some(base)) => on(base, entry).and_then(|()| withdrawal(entry)),
        (Kind::Import, Some(base)) => on(base, entry).and_then(|()| imports(entry)),
        (Kind::Moved, Some(base)) => on(base, entry).and_then(|()| half_of_move(entry)),
        (Kind::Accepted, Some(base)) => on(base, entry).and_then(|()| accepted(entry)),
        (Kind::Genesis, Some(_))
        | (
            Kind::Promotion | Kind::Withdrawal | Kind::Import | Kind::Moved | Kind::Accepted,
            None,
        ) => Err("only the first commit of a ledger is its genesis".into()),
    };
    match verified {
        Ok(verified) => Check::Valid(verified),
        Err(why) => Check::Invalid(why),
    }
}

type Rule<T> = Result<T, String>;

fn ensure(holds: bool, rule: impl Into<String>) -> Rule<()> {
    if holds { Ok(()) } else { Err(rule.into()) }
}

fn genesis(entry: &Entry) -> Rule<Verified> {
    ensure(entry.header.nonce.is_some(), "it has no Gryt-Nonce")?;
    ensure(entry.others.is_empty(), "a genesis has no parents")?;
    ensure(entry.differences.is_empty(), "a genesis holds nothing")?;
    Ok(Verified::Genesis)
}

fn on(base: &Oid, entry: &Entry) -> Rule<()> {
    ensure(
        entry.header.base.as_deref() == Some(base.as_str()),
        format!("its base is not the last valid entry, {}", base.short()),
    )?;
    let ends = entry.header.kind() == Some(Kind::Moved);
    ensure(
        entry.moves.open.is_none() || ends,
        "the ledger has left this place",
    )
}

fn promotion(entry: &Entry) -> Rule<Verified> {
    let text = entry.header.version.as_deref().unwrap_or_default();
    let version: Version = text.parse().map_err(|e: Invalid| e.rule)?;
    ensure(version.as_str() == text, "its version is not spelled out")?;
    if let Some(taken) = entry.neighbours.iter().find(|v| **v == version) {
        return Err(format!("{taken} is promoted already"));
    }
    adds_only(entry, &FILES.map(|file| version.path(file)))?;
    let leaf = &entry.leaf;
    let (blob, contract) = leaf.contract.as_ref().ok_or("it holds no contract")?;
    Contract::parse(contract, &version).map_err(|e| format!("its contract is invalid: {e}"))?;
    let text_of_sealed = leaf
        .promotion
        .as_ref()
        .ok_or("it holds no promotion.yaml")?;
    let sealed: Sealed = Invalid::or_yaml(text_of_sealed)
        .map_err(|e| format!("its promotion.yaml is invalid: {e}"))?;
    ensure(
        sealed.version.as_str() == version.as_str(),
        "trailer and file name two versions",
    )?;
    import::spelled(text_of_sealed, &version)?;
    ensure(
        entry.header.promotion.as_deref() == Some(sealed.promotion.as_str()),
        "trailer and file name two promotions",
    )?;
    parents(entry, &sealed, blob)?;
    Ok(Verified::Promotion(sealed))
}

/// The tree only ever grows, and only by the files that the entry is about.
fn adds_only(entry: &Entry, places: &[String]) -> Rule<()> {
    for difference in &entry.differences {
        let path = &difference.path;
        ensure(difference.added, format!("it changes {path}"))?;
        ensure(places.contains(path), format!("it adds {path}"))?;
    }
    ensure(!entry.differences.is_empty(), "it adds nothing")
}

fn parents(entry: &Entry, sealed: &Sealed, contract: &Oid) -> Rule<()> {
    let [draft, release, folded @ ..] = &entry.others[..] else {
        return Err("it lacks the draft or the release commit as a parent".into());
    };
    ensure(
        draft.oid == sealed.draft && draft.contract.as_ref() == Some(contract),
        "its contract is not the draft's",
    )?;
    ensure(
        release.oid == sealed.commit && release.tree == sealed.tree,
        "its release commit is not the one that it names",
    )?;
    let folded = match (&entry.header.original, folded) {
        (None, folded) => folded,
        (Some(original), [folded @ .., last]) if last.oid.as_str() == original => folded,
        (Some(_), _) => return Err("its original is not the last parent".into()),
    };
    let named = sealed.evolutions.iter().map(|f| &f.tip);
    let named = named.chain(sealed.approvals.iter().map(|given| &given.tip));
    ensure(
        folded.iter().map(|p| &p.oid).eq(named),
        "its parents are not the evolutions and approvals that it names",
    )
}

fn withdrawal(entry: &Entry) -> Rule<Verified> {
    let (path, text) = entry.withdrawal.as_ref().ok_or("it withdraws nothing")?;
    let withdrawal: Withdrawal =
        Invalid::or_yaml(text).map_err(|e| format!("its withdrawal is invalid: {e}"))?;
    let version = &withdrawal.version;
    import::spelled(text, version)?;
    ensure(
        entry.header.version.as_deref() == Some(version.as_str()),
        "trailer and file name two versions",
    )?;
    let number = withdrawal.number_at(path);
    let number = number.ok_or("its file has the name of another version, or no number")?;
    adds_only(entry, std::slice::from_ref(path))?;
    let known = |v: &Version| v.as_str() == version.as_str();
    ensure(
        entry.neighbours.iter().any(known),
        format!("{version} was never promoted"),
    )?;
    ensure(entry.others.is_empty(), "a withdrawal has one parent")?;
    Ok(Verified::Withdrawal(withdrawal, number))
}

fn accepted(entry: &Entry) -> Rule<Verified> {
    ensure(
        entry.header.version.is_none(),
        "an acceptance names no version",
    )?;
    ensure(entry.others.is_empty(), "an acceptance has one parent")?;
    let (path, text) = entry.accepted.as_ref().ok_or("it accepts nothing")?;
    let acceptance: Acceptance =
        Invalid::or_yaml(text).map_err(|e| format!("its {path} is invalid: {e}"))?;
    ensure(
        acceptance.lies_at(path),
        "its file is another entry's, or has no number",
    )?;
    adds_only(entry, std::slice::from_ref(path))?;
    Ok(Verified::Accepted(acceptance))
}

fn imports(entry: &Entry) -> Rule<Verified> {
    ensure(entry.header.version.is_none(), "an import names no version")?;
    ensure(entry.others.is_empty(), "an import has one parent")?;
    let imported = import::read(&entry.imports)?;
    let places: Vec<String> = imported.iter().map(|i| i.version.import()).collect();
    adds_only(entry, &places)?;
    Ok(Verified::Import(imported))
}

fn half_of_move(entry: &Entry) -> Rule<Verified> {
    ensure(entry.others.is_empty(), "a move has one parent")?;
    let moved = moved::check(entry.header.moved.as_deref(), &entry.moves)?;
    let mut places = vec![moved::file(&moved.id, moved.half)];
    if moved.half == Half::Left {
        places.push(moved::refs_file(&moved.id));
    }
    adds_only(entry, &places)?;
    Ok(Verified::Moved(moved))
}
