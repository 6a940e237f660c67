//! What of a step's output is kept.

use std::io::{Seek, Write};

use anyhow::Result;

use crate::model::pipeline::Logs;

/// How much a tail keeps, in bytes: the end, because that is where failures are.
pub(super) const TAIL: usize = 64 * 1024;

/// The kept output of a step.
#[derive(Debug)]
pub(crate) enum Log {
    Bytes(Vec<u8>),
    /// All of it, however large.
    File(tempfile::NamedTempFile),
}

/// Keeps output by a pipeline's rule while it comes.
pub(super) enum Keeper {
    None,
    Tail { bytes: Vec<u8>, cut: u64 },
    Full(tempfile::NamedTempFile),
}

impl Keeper {
    /// An empty one.
    ///
    /// # Errors
    /// There is no place for temporary files.
    pub(super) fn new(logs: Logs) -> Result<Self> {
        Ok(match logs {
            Logs::None => Self::None,
            Logs::Tail => Self::Tail {
                bytes: Vec::new(),
                cut: 0,
            },
            Logs::Full => Self::Full(tempfile::NamedTempFile::new()?),
        })
    }

    /// Takes in more.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn push(&mut self, more: &[u8]) -> Result<()> {
        match self {
            Self::None => {}
            Self::Tail { bytes, cut } => {
                bytes.extend_from_slice(more);
                // Cut in large pieces, so that a gigabyte is not copied byte by byte.
                if bytes.len() > 2 * TAIL {
                    *cut += trim(bytes);
                }
            }
            Self::Full(file) => file.write_all(more)?,
        }
        Ok(())
    }

    /// What is to be stored; of a tail, with a first line that says what is missing.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn log(self) -> Result<Option<Log>> {
        Ok(match self {
            Self::None => None,
            Self::Tail { mut bytes, mut cut } => {
                cut += trim(&mut bytes);
                if cut > 0 {
                    let mark = format!("[{cut} bytes before this were not kept]\n");
                    bytes.splice(..0, mark.into_bytes());
                }
                Some(Log::Bytes(bytes))
            }
            Self::Full(mut file) => {
                file.flush()?;
                file.rewind()?;
                Some(Log::File(file))
            }
        })
    }
}

fn trim(bytes: &mut Vec<u8>) -> u64 {
    let over = bytes.len().saturating_sub(TAIL);
    bytes.drain(..over);
    over as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_output_is_kept_and_the_cut_is_marked() {
        let mut keeper = Keeper::new(Logs::Tail).unwrap();
        for _ in 0..1000 {
            keeper.push(&[b'x'; 1000]).unwrap();
        }
        keeper.push(b"END\n").unwrap();
        let Some(Log::Bytes(log)) = keeper.log().unwrap() else {
            panic!()
        };
        let text = String::from_utf8(log).unwrap();
        assert!(text.starts_with("[934468 bytes before this were not kept]\nx"));
        assert!(text.ends_with("xEND\n"));
    }

    #[test]
    fn nothing_or_everything_is_kept_where_that_was_asked() {
        let mut none = Keeper::new(Logs::None).unwrap();
        none.push(b"x").unwrap();
        assert!(none.log().unwrap().is_none());
        let mut full = Keeper::new(Logs::Full).unwrap();
        full.push(&vec![b'x'; 3 * TAIL]).unwrap();
        let Some(Log::File(file)) = full.log().unwrap() else {
            panic!()
        };
        assert_eq!(file.path().metadata().unwrap().len(), 3 * TAIL as u64);
    }
}
