//! Writing very many objects: in memory first, then as packs, and never one file each.

use std::io::Write;

use anyhow::Result;

use super::Store;

/// Writes what is held in memory as one pack.
pub type Flush<'a> = &'a dyn Fn() -> Result<()>;

impl Store {
    /// Lets `work` write through this store with all objects held in memory until it flushes; what
    /// is left is flushed at the end. The store is used up: what it wrote afterwards would be lost.
    ///
    /// # Errors
    /// Those of `work`; or a pack cannot be written.
    pub fn batched<T>(self, work: impl FnOnce(&Store, Flush<'_>) -> Result<T>) -> Result<T> {
        let odb = self.repo.odb()?;
        // Above the backends of files, so that writing begins here.
        let held = odb.add_new_mempack_backend(1000)?;
        let flush = || -> Result<()> {
            let mut pack = git2::Buf::new();
            held.dump(&self.repo, &mut pack)?;
            let mut writer = odb.packwriter()?;
            writer.write_all(&pack)?;
            writer.commit()?;
            held.reset()?;
            Ok(())
        };
        let value = work(&self, &flush)?;
        flush()?;
        Ok(value)
    }
}
