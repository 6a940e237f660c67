//! The bare minimum that commands are compared with: the same work without any thought.

use std::path::Path;

use anyhow::{Context, Result};
use git2::{Commit, Repository, Tree};
use rusqlite::Connection;

/// Opens the repository and the database, reads the same refs and one row.
pub(crate) fn open() -> Result<()> {
    let repo = Repository::open(".")?;
    let mut count = 0;
    for reference in repo.references_glob("refs/gryt*")? {
        count += usize::from(reference?.target().is_some());
    }
    let db = Connection::open(repo.commondir().join("gryt/cache.db"))?;
    let sql = "SELECT value FROM sync_metadata WHERE key = 'refs'";
    let row: String = db.query_row(sql, [], |row| row.get(0))?;
    println!("{count} {}", row.len());
    Ok(())
}

/// Reads one row of the database, and nothing of the repository.
pub(crate) fn row() -> Result<()> {
    let db = Connection::open(".git/gryt/cache.db")?;
    let sql = "SELECT value FROM sync_metadata WHERE key = 'refs'";
    let row: String = db.query_row(sql, [], |row| row.get(0))?;
    println!("{}", row.len());
    Ok(())
}

/// Walks the entries of the ledger below `refs`, and reads what each sealed.
pub(crate) fn chain(refs: &str) -> Result<()> {
    let repo = Repository::open(".")?;
    let mut at = tip(&repo, refs)?;
    let mut read = shelves(&repo, &at.tree()?)?;
    while at.parent_count() > 0 {
        read += at.message()?.len();
        at = at.parent(0)?;
    }
    println!("{read}");
    Ok(())
}

fn tip<'r>(repo: &'r Repository, refs: &str) -> Result<Commit<'r>> {
    let ledger = repo.find_reference(&format!("{refs}/ledger"))?;
    Ok(ledger.peel_to_commit()?)
}

/// Reads the contracts and the seals of a ledger's tree.
fn shelves(repo: &Repository, sealed: &Tree) -> Result<usize> {
    let mut read = 0;
    for shelf in ["generation.yaml", "promotion.yaml"] {
        sealed.walk(git2::TreeWalkMode::PreOrder, |_, entry| {
            if entry.name().is_ok_and(|name| name.ends_with(shelf))
                && let Ok(blob) = repo.find_blob(entry.id())
            {
                read += blob.content().len();
            }
            git2::TreeWalkResult::Ok
        })?;
    }
    Ok(read)
}

/// Walks the commits below `refs` that a cache is read from, reads the same blobs, and inserts the
/// rows of the finished cache `done` into a new database in one transaction.
pub(crate) fn rebuild(refs: &str, done: &Path, into: &Path) -> Result<()> {
    let repo = Repository::open(".")?;
    let mut read = 0;
    let mut at = tip(&repo, refs)?;
    let sealed = at.tree()?;
    loop {
        // Previous entry, draft, release, then evolutions.
        for parent in at.parents().skip(1) {
            let mut step = parent;
            while let Some(text) = step.message()?.contains("Gryt-Commit").then_some(()) {
                let () = text;
                read += step.message()?.len();
                step = step.parent(0)?;
            }
        }
        if at.parent_count() == 0 {
            break;
        }
        at = at.parent(0)?;
    }
    read += shelves(&repo, &sealed)?;
    for reference in repo.references_glob(&format!("{refs}/*/*"))? {
        let tree = reference?.peel_to_commit()?.tree()?;
        for entry in &tree {
            if let Ok(blob) = repo.find_blob(entry.id()) {
                read += blob.content().len();
            }
        }
    }
    copy(done, into)?;
    println!("{read}");
    Ok(())
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    let mut db = Connection::open(into)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "off")?;
    let old = Connection::open(from)?;
    let schema = git_gryt::parts::Cache::schema();
    let change = db.transaction()?;
    change.execute_batch(schema)?;
    for table in [
        "refs",
        "entries",
        "generations",
        "changes",
        "evolutions",
        "proofs",
    ] {
        let mut rows = old.prepare(&format!("SELECT * FROM {table}"))?;
        let width = rows.column_count();
        let marks = vec!["?"; width].join(", ");
        let mut insert = change.prepare(&format!("INSERT INTO {table} VALUES ({marks})"))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            for at in 0..width {
                insert.raw_bind_parameter(at + 1, row.get::<_, rusqlite::types::Value>(at)?)?;
            }
            insert.raw_execute()?;
        }
    }
    change.commit().context("the copy cannot be written")
}
