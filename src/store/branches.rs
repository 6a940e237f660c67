//! The branches of this clone and of its remotes, and which of them hold a commit.

use super::Store;
use crate::model::Oid;
use anyhow::Result;
use std::collections::BTreeMap;

impl Store {
    /// The tip of the branch that `remote` was last seen to have as its default: what its `HEAD`
    /// names, or else `main` or `master`, or its only branch.
    ///
    /// # Errors
    /// Git cannot list the branches.
    pub(crate) fn default_tip(&self, remote: &str) -> Result<Option<Oid>> {
        Ok(self.default_of(remote)?.map(|(_, tip)| tip))
    }

    /// The same, and the branch's name where it is known.
    ///
    /// # Errors
    /// Git cannot list the branches.
    pub(crate) fn default_of(&self, remote: &str) -> Result<Option<(Option<String>, Oid)>> {
        let below = format!("refs/remotes/{remote}/");
        let mut branches: BTreeMap<String, Oid> = BTreeMap::new();
        let packed = self.packed();
        if self.files {
            let repo = &*self.repo();
            for reference in repo.references_glob(&format!("{below}*"))? {
                let reference = reference?.resolve();
                // A HEAD whose branch is gone names nothing.
                if let Ok(reference) = &reference
                    && let (Ok(name), Some(oid)) = (reference.name(), reference.target())
                {
                    branches.insert(name.to_owned(), super::of_git(oid));
                }
            }
            if let Ok(head) = repo.find_reference(&format!("{below}HEAD"))
                && let Ok(head) = head.resolve()
                && let Some(oid) = head.target()
            {
                branches.insert(format!("{below}HEAD"), super::of_git(oid));
            }
        }
        if !self.files || self.packed() != packed {
            let format = "--format=%(refname) %(objectname)";
            let output = self.git.read(&["for-each-ref", format, &below])?;
            let text = String::from_utf8_lossy(&output);
            for (name, oid) in text.lines().filter_map(|line| line.split_once(' ')) {
                branches.insert(name.to_owned(), oid.parse()?);
            }
        }
        let named = ["HEAD", "main", "master"].map(|name| format!("{below}{name}"));
        let found = named.iter().find_map(|name| branches.get_key_value(name));
        let only = branches.iter().next().filter(|_| branches.len() == 1);
        let Some((name, tip)) = found.or(only) else {
            return Ok(None);
        };
        let name = match name.strip_prefix(&below) {
            Some("HEAD") => self.default_branch(remote)?,
            Some(name @ ("main" | "master")) => Some(name.to_owned()),
            // It may be the only one that this clone asked for.
            _ => None,
        };
        Ok(Some((name, tip.clone())))
    }

    /// The name of the branch that is checked out; none where `HEAD` is detached.
    ///
    /// # Errors
    /// `HEAD` cannot be read.
    pub(crate) fn branch(&self) -> Result<Option<String>> {
        self.symbolic("HEAD", "refs/heads/")
    }

    /// The name of the branch that `remote` was last seen to have as its default, where that is known.
    ///
    /// # Errors
    /// The ref cannot be read.
    pub(crate) fn default_branch(&self, remote: &str) -> Result<Option<String>> {
        let below = format!("refs/remotes/{remote}/");
        self.symbolic(&format!("{below}HEAD"), &below)
    }

    /// A branch that holds a commit, as `git merge` takes it: one of `remote`, or of this clone.
    ///
    /// # Errors
    /// Git cannot list the branches.
    pub(crate) fn branch_with(&self, remote: &str, commit: &Oid) -> Result<Option<String>> {
        let (contains, below) = (
            format!("--contains={commit}"),
            format!("refs/remotes/{remote}/"),
        );
        let args = [
            "for-each-ref",
            "--format=%(refname)",
            &contains,
            &below,
            "refs/heads/",
        ];
        let text = String::from_utf8_lossy(&self.git.read(&args)?).into_owned();
        let mut names: Vec<&str> = text
            .lines()
            .filter(|name| !name.ends_with("/HEAD"))
            .collect();
        names.sort_by_key(|name| !name.starts_with(&below));
        let short = |name: &&str| {
            let short = name.strip_prefix("refs/remotes/");
            short
                .or(name.strip_prefix("refs/heads/"))
                .map(str::to_owned)
        };
        Ok(names.first().and_then(short))
    }

    /// The names of the branches, of this clone or of remotes, that hold a commit.
    ///
    /// # Errors
    /// Git cannot list the branches.
    pub(crate) fn all_branches_with(&self, commit: &Oid) -> Result<Vec<String>> {
        let contains = format!("--contains={commit}");
        let format = "--format=%(refname)";
        let args = [
            "for-each-ref",
            format,
            &contains,
            "refs/heads/",
            "refs/remotes/",
        ];
        let text = String::from_utf8_lossy(&self.git.read(&args)?).into_owned();
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The names of the branches of `remote`, as last fetched, that hold a commit.
    ///
    /// # Errors
    /// Git cannot list the branches.
    pub(crate) fn branches_with(&self, remote: &str, commit: &Oid) -> Result<Vec<String>> {
        let (contains, below) = (
            format!("--contains={commit}"),
            format!("refs/remotes/{remote}/"),
        );
        let args = ["for-each-ref", "--format=%(refname)", &contains, &below];
        let text = String::from_utf8_lossy(&self.git.read(&args)?).into_owned();
        let names = text.lines().filter_map(|name| name.strip_prefix(&below));
        let names = names.filter(|name| *name != "HEAD");
        Ok(names.map(str::to_owned).collect())
    }

    /// What a symbolic ref names below a folder.
    pub(super) fn symbolic(&self, name: &str, below: &str) -> Result<Option<String>> {
        let target = if self.files {
            let repo = &*self.repo();
            match repo.find_reference(name) {
                Ok(reference) => match reference.symbolic_target() {
                    Ok(target) => target.map(str::to_owned),
                    Err(_) => None,
                },
                Err(error) if error.code() == git2::ErrorCode::NotFound => None,
                Err(error) => return Err(error.into()),
            }
        } else {
            let output = self.git.run(&["symbolic-ref", "--quiet", name], b"")?;
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        Ok(target.and_then(|target| target.strip_prefix(below).map(str::to_owned)))
    }
}
