//! Whether a disk takes what is written to it. Programs that fail to write do not always say why.

use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Below so many bytes nothing much can be written any more.
const LITTLE: u64 = 64 * 1024;

/// Why a disk takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    Space,
    /// It can hold no more files, whatever their size.
    Files,
    /// It is mounted to be read.
    ReadOnly,
}

impl Lack {
    /// What the disk that holds `at` lacks; none where it lacks nothing, or nobody knows.
    pub(crate) fn at(at: &Path) -> Option<Self> {
        let disk = statvfs(at).ok()?;
        // Some file systems count no files, and say that there is room for none of none.
        let counts = disk.f_files > 0;
        if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
            Some(Self::ReadOnly)
        } else if disk.f_bavail.saturating_mul(disk.f_frsize) < LITTLE {
            Some(Self::Space)
        } else if counts && disk.f_favail == 0 {
            Some(Self::Files)
        } else {
            None
        }
    }

    /// The same in words, of the disk that holds `at`.
    pub(crate) fn told(self, at: &Path) -> String {
        let at = at.display();
        match self {
            Self::Space => format!("The disk that holds {at} is full"),
            Self::Files => format!("The disk that holds {at} has no room for another file"),
            Self::ReadOnly => format!("The disk that holds {at} is mounted read-only"),
        }
    }
}
