//! The commits that are new in a release and that no proof covers (docs/policy.md, "New commits").

use serde::{Deserialize, Serialize};

use super::globs::Globs;
use super::policy::Policy;
use super::{Contract, Oid, Person, Version};

/// The most of them that an entry lists.
pub(crate) const LISTED: usize = 200;

/// A commit that is new in a release, and that no counted proof covers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewCommit {
    pub commit: Oid,
    pub author: Person,
    pub subject: String,
    /// The change that it names by its trailer, or that its branch names, where the contract has it.
    pub change: Option<String>,
    /// What proves it.
    #[serde(rename = "command")]
    pub next: Option<String>,
    /// The files that it changes by itself: none in which nothing changes but that they say the release's
    /// version, and of a merge none that is as one of its parents has it, or as merging them makes it. None
    /// at all where there are too many to tell.
    #[serde(skip)]
    pub paths: Vec<String>,
    /// The changes that its trailers name.
    #[serde(skip)]
    pub named: Vec<String>,
}

impl NewCommit {
    /// Whether a policy wants a proof of it: it changes a file of the product that is none of those that a
    /// release itself changes.
    fn counts(&self, of: &Files) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| of.hold(path))
    }
}

/// The files that the commits of a release are judged by.
struct Files {
    release: Globs,
    own: Option<Globs>,
    others: Vec<Globs>,
}

impl Files {
    fn of(policy: &Policy) -> Self {
        let own = policy.paths.as_deref();
        Self {
            release: policy.release_files(),
            own: own.map(Globs::checked),
            others: policy.of_others.iter().map(|o| Globs::checked(o)).collect(),
        }
    }

    fn hold(&self, path: &str) -> bool {
        let mine = match &self.own {
            Some(own) => own.hold(path),
            None => !self.others.iter().any(|other| other.hold(path)),
        };
        mine && !self.release.hold(path)
    }
}

/// Those that a policy wants a proof of.
pub(crate) fn wanted(commits: Vec<NewCommit>, policy: &Policy) -> Vec<NewCommit> {
    let files = Files::of(policy);
    let counts = |commit: &NewCommit| commit.counts(&files);
    commits.into_iter().filter(counts).collect()
}

/// What is known of a release's commits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fresh {
    /// The new commits that no proof covers, by the policy at the release commit and by the previous one,
    /// the newest first.
    pub present: Vec<NewCommit>,
    pub previous: Vec<NewCommit>,
    /// The release commit's tree.
    pub tree: Option<Oid>,
    /// The branches of the cloud that hold the release commit; none where that is not asked.
    pub branches: Option<Vec<String>>,
    /// Whether a commit that an import names is not here, so that some may not be new.
    pub untold: bool,
}

impl Fresh {
    /// Those of both policies.
    pub(crate) fn all(&self) -> Vec<&NewCommit> {
        let more = self.previous.iter();
        let more = more.filter(|commit| !self.present.iter().any(|c| c.commit == commit.commit));
        self.present.iter().chain(more).collect()
    }

    /// What an entry seals of them.
    pub(crate) fn sealed(&self) -> Option<Unproven> {
        let all = self.all();
        (!all.is_empty()).then(|| Unproven {
            count: all.len(),
            commits: all.iter().take(LISTED).map(|c| c.commit.clone()).collect(),
        })
    }

    /// Takes an entry's word where a commit that an import names is not here.
    pub(crate) fn believe(&mut self, said: Option<&Unproven>) {
        if self.untold {
            let listed =
                |commit: &NewCommit| said.is_some_and(|s| s.commits.contains(&commit.commit));
            self.present.retain(listed);
            self.previous.retain(listed);
        }
    }

    /// What an entry leaves unsaid; none where it says all of them. It may say too much: a clone that lacks the
    /// tags of old releases takes more commits for new ones.
    pub(crate) fn unsaid(&self, said: Option<&Unproven>) -> Option<String> {
        let all = self.all();
        let (count, listed) = said.map_or((0, &[][..]), |said| (said.count, &said.commits[..]));
        let missing = all.iter().find(|commit| !listed.contains(&commit.commit));
        match missing {
            _ if count < all.len() || listed.len() < count.min(LISTED) => {
                let held = counted(all.len());
                Some(format!(
                    "it holds {held}, and the entry lists {}",
                    listed.len()
                ))
            }
            Some(commit) if count <= LISTED => Some(format!(
                "no proof covers its new commit {}, and the entry does not say so",
                commit.commit.short()
            )),
            Some(_) | None => None,
        }
    }
}

/// What an entry seals of new commits that no proof covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Unproven {
    /// How many.
    pub count: usize,
    /// The newest of them, 200 at most.
    pub commits: Vec<Oid>,
}

/// How many, in words.
pub(crate) fn counted(count: usize) -> String {
    match count {
        1 => "1 new commit that no proof covers".to_owned(),
        count => format!("{count} new commits that no proof covers"),
    }
}

/// The line about them.
pub(super) fn line(version: &Version, commits: &[NewCommit]) -> Vec<String> {
    match commits.len() {
        0 => Vec::new(),
        count => vec![format!(
            "{} (-v lists them): git gryt run --uncovered {version}",
            counted(count)
        )],
    }
}

/// Says of each which change it could belong to, and what would prove it. `branches` says which branches hold
/// it, and by which merges it came.
pub(crate) fn say_ways(
    commits: &mut [NewCommit],
    contract: &Contract,
    branches: impl Fn(&Oid) -> Vec<String>,
) {
    let version = &contract.version;
    for commit in commits {
        let named = commit.named.iter().find_map(|name| {
            let name = name.rsplit('/').next().unwrap_or(name).parse().ok()?;
            contract.change(&name)
        });
        let of_branch = || {
            let names = branches(&commit.commit);
            let mut changes = contract.changes.iter();
            changes.find(|change| names.iter().any(|name| mentions(name, change.id.as_str())))
        };
        let change = named.or_else(of_branch);
        commit.change = change.map(|change| change.id.to_string());
        commit.next = Some(match change {
            Some(change) => format!("git gryt run --start --change {version}/{}", change.id),
            None => format!("git gryt generation edit {version} --change TYPE:ID:TITLE"),
        });
    }
}

/// Whether a branch's name has the id of a change in it, as a word.
fn mentions(branch: &str, id: &str) -> bool {
    let (branch, id) = (branch.to_ascii_lowercase(), id.to_ascii_lowercase());
    branch.match_indices(&id).any(|(at, _)| {
        let before = branch[..at].chars().next_back();
        let after = branch[at + id.len()..].chars().next();
        let ends = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        ends(before) && ends(after)
    })
}

/// Whether a line that was replaced by another differs in nothing but that it says the version now.
pub(crate) fn only_says(version: &Version, old: &str, new: &str) -> bool {
    let parts = |line: &str| -> Vec<String> {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        let mut found: Vec<String> = Vec::new();
        let mut inside = None;
        for c in line.chars() {
            if inside != Some(word(c)) || !word(c) {
                found.push(String::new());
            }
            inside = Some(word(c));
            if let Some(last) = found.last_mut() {
                last.push(c);
            }
        }
        found
    };
    let (old, new) = (parts(old), parts(new));
    old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| {
            let new = new.strip_prefix('v').unwrap_or(new);
            let old = old.strip_prefix('v').unwrap_or(old);
            old == new || numbered(old) && says(version, new)
        })
}

fn numbered(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
}

/// A version as files write it: without its product and its `v`.
pub(crate) fn number(version: &Version) -> &str {
    let own = version.as_str();
    let own = own.rsplit('/').next().unwrap_or(own);
    own.strip_prefix('v').unwrap_or(own)
}

/// Whether a word is that version, or a development version of it.
fn says(version: &Version, word: &str) -> bool {
    let own = number(version);
    let longer = format!("{own}.0");
    let longest = format!("{own}.0.0");
    [own, &longer, &longest].into_iter().any(|own| {
        let rest = word.strip_prefix(own);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(nth: u32, paths: &[&str]) -> NewCommit {
        NewCommit {
            commit: format!("{nth:040x}").parse().unwrap(),
            author: Person {
                name: "ann".into(),
                email: "ann@example.com".into(),
            },
            subject: "s".into(),
            change: None,
            next: None,
            paths: paths.iter().map(ToString::to_string).collect(),
            named: Vec::new(),
        }
    }

    fn kept(policy: &str, product: Option<&str>, paths: &[&str]) -> bool {
        let policy = Policy::parse(policy.as_bytes()).unwrap().of(product);
        !wanted(vec![commit(1, paths)], &policy).is_empty()
    }

    #[test]
    fn what_a_release_itself_changes_and_what_is_anothers_wants_no_proof() {
        assert!(kept("", None, &["a"]));
        assert!(kept("", None, &[]));
        assert!(!kept("", None, &["CHANGELOG.md", "web/CHANGELOG.md"]));
        assert!(kept("", None, &["CHANGELOG.md", "a"]));
        assert!(kept("release_files: [NEWS]", None, &["CHANGELOG.md"]));
        assert!(!kept("release_files: [NEWS]", None, &["NEWS"]));
        let products = "products: {web: {paths: [web/]}, api: {paths: [api/, lib/]}}";
        assert!(kept(products, Some("web"), &["web/a"]));
        assert!(!kept(products, Some("web"), &["api/a", "a"]));
        // What belongs to a product is not the work of those that name no paths.
        assert!(!kept(products, None, &["api/a", "web/b"]));
        assert!(kept(products, Some("cli"), &["a", "lib/b"]));
    }

    #[test]
    fn a_line_that_says_the_version_says_nothing_else() {
        let says = |old, new| only_says(&"api/v1.2.0".parse().unwrap(), old, new);
        assert!(says("version = \"1.1.9\"", "version = \"1.2.0\""));
        assert!(says("VERSION=v1.1.9", "VERSION=v1.2.0"));
        assert!(says("<v>1.1.9</v>", "<v>1.2.0-SNAPSHOT</v>"));
        assert!(!says("version = \"1.1.9\"", "version = \"1.3.0\""));
        assert!(!says("a = \"1.1.9\"", "b = \"1.2.0\""));
        assert!(!says("a = 1", "a = 1.2.0"));
        assert!(!says("", "version = \"1.2.0\""));
    }

    #[test]
    fn an_entry_may_say_too_much_and_not_too_little() {
        let fresh = Fresh {
            present: vec![commit(1, &["a"]), commit(2, &["a"])],
            previous: vec![commit(2, &["a"]), commit(3, &["a"])],
            ..Fresh::default()
        };
        let mut sealed = fresh.sealed().unwrap();
        assert_eq!((sealed.count, sealed.commits.len()), (3, 3));
        assert_eq!(fresh.unsaid(Some(&sealed)), None);
        assert!(fresh.unsaid(None).is_some());
        sealed.commits[2] = commit(4, &[]).commit;
        assert!(fresh.unsaid(Some(&sealed)).unwrap().contains("0000000"));
        sealed.commits.truncate(2);
        assert!(fresh.unsaid(Some(&sealed)).is_some());
        assert_eq!(
            Fresh::default().unsaid(Some(&sealed)),
            Some("it holds 0 new commits that no proof covers, and the entry lists 2".into())
        );
        let all = (0..300).map(|nth| commit(nth, &["a"])).collect();
        let many = Fresh {
            present: all,
            ..Fresh::default()
        };
        let mut sealed = many.sealed().unwrap();
        assert_eq!((sealed.count, sealed.commits.len()), (300, LISTED));
        assert_eq!(many.unsaid(Some(&sealed)), None);
        sealed.count = 299;
        assert!(many.unsaid(Some(&sealed)).is_some());
    }

    #[test]
    fn a_branch_names_a_change_as_a_word() {
        assert!(mentions("origin/feature/feat-1-login", "FEAT-1"));
        assert!(!mentions("feature/feat-10", "FEAT-1"));
    }
}
