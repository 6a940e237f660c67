//! gpg, as git starts it to judge signatures: with a keyring of its own that holds the keys of policies and
//! nothing else, so that no keyring and no configuration of the reader says anything.

use std::ffi::OsStr;
use std::io::{Seek, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::DateTime;

use super::Output;
use super::patience::Patience;
use crate::model::signature::{Signature, Signed};
use crate::model::signers::{Blocks, Known};
use crate::model::{Cause, Exit, Refusal, Stamp};

/// The program. Git's setting `gpg.program` is the reader's, and has no say.
const PROGRAM: &str = "gpg";

/// A key that each gpg which works can import. Where one of a policy cannot be imported, it tells whether that
/// is because of the key or because of gpg.
const TRIAL: &str = include_str!("trial-key.asc");

/// Keys of policies, in a keyring that goes with this.
#[derive(Debug)]
pub(crate) struct Keyring {
    home: tempfile::TempDir,
    /// How long each gpg may take.
    limit: Duration,
    pub blocks: Blocks,
}

/// Tries whether gpg reads and imports a good key, in so much time.
///
/// # Errors
/// [`Cause::NoProgram`] where it is not here, or does not work.
pub(crate) fn tried(limit: Duration) -> Result<()> {
    Keyring::empty(limit)?.works()
}

impl Keyring {
    /// Reads armoured keys; each gpg is given so long.
    ///
    /// # Errors
    /// [`Cause::NoProgram`] where gpg is not here, or does not work. A key that it cannot read is one without
    /// fingerprints.
    pub(crate) fn of(texts: &[String], limit: Duration) -> Result<Self> {
        let mut ring = Self::empty(limit)?;
        let mut works = false;
        for text in texts {
            let args = ["--show-keys", "--with-subkey-fingerprint"];
            let listed = keys(&ring.run(&args, text.as_bytes())?.said());
            // Each by itself: one that is damaged takes no other one along.
            let imported = ring.imports(text)?;
            if !works && (listed.is_empty() || !imported) {
                tried(limit)?;
                works = true;
            }
            ring.blocks.insert(text.clone(), listed);
        }
        Ok(ring)
    }

    fn empty(limit: Duration) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("gryt-keys-").tempdir()?;
        let blocks = Blocks::new();
        Ok(Self {
            home,
            limit,
            blocks,
        })
    }

    /// Whether gpg took the key.
    fn imports(&self, text: &str) -> Result<bool> {
        let said = self.run(&["--import"], text.as_bytes())?.said();
        Ok(said
            .lines()
            .any(|line| line.starts_with("[GNUPG:] IMPORT_OK ")))
    }

    /// That gpg reads and imports a good key, here and now.
    fn works(&self) -> Result<()> {
        let args = ["--show-keys", "--with-subkey-fingerprint"];
        let listed = self.run(&args, TRIAL.as_bytes())?;
        if keys(&listed.said()).is_empty() || !self.imports(TRIAL)? {
            return Err(missing(&listed.complains()).into());
        }
        Ok(())
    }

    /// Judges the signature of a gpg key; or says why gpg can judge none like it.
    ///
    /// # Errors
    /// [`Cause::NoProgram`] where gpg is not here, or does not work.
    pub(crate) fn verify(&self, signed: &Signed) -> Result<Result<Signature, Refusal>> {
        let mut file = tempfile::NamedTempFile::new_in(self.home.path())?;
        file.write_all(signed.armour.as_bytes())?;
        file.flush()?;
        let file = file.path().as_os_str();
        let args = [OsStr::new("--verify"), file, OsStr::new("-")];
        let answer = self.run(&args, &signed.payload)?;
        let said = answer.said();
        // Whatever it thinks of a signature, it says something in the lines that are made for programs.
        if !said.lines().any(|line| line.starts_with("[GNUPG:] ")) {
            return Err(missing(&answer.complains()).into());
        }
        Ok(verdict(&said).map_err(|why| missing(&why)))
    }

    /// Runs gpg to its end.
    ///
    /// # Errors
    /// [`Cause::NoProgram`] where it cannot be started, was killed, or takes too long.
    fn run<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<Answer> {
        let mut command = Command::new(PROGRAM);
        command.env("LC_ALL", "C").env_remove("GNUPGHOME");
        command.arg("--homedir").arg(self.home.path());
        let fixed = [
            "--no-options",
            "--no-autostart",
            "--batch",
            "--quiet",
            "--no-tty",
            "--trust-model=always",
            "--no-auto-key-retrieve",
            // A machine whose clock is behind judges as all others do.
            "--ignore-time-conflict",
            "--ignore-valid-from",
            "--with-colons",
            "--fixed-list-mode",
            "--status-fd=1",
        ];
        command.args(fixed).args(args);
        // A pipe would be waited for where gpg does not read it.
        let mut file = tempfile::tempfile_in(self.home.path())?;
        file.write_all(input)?;
        file.rewind()?;
        command.stdin(file).stdout(Stdio::piped());
        let child = command.stderr(Stdio::piped()).spawn();
        let child = child.map_err(|error| missing(&error.to_string()))?;
        let patience = Patience {
            until: Instant::now().checked_add(self.limit),
            ..Patience::default()
        };
        let output = patience.wait(child, None)?;
        let answer = Answer(output);
        match answer.0.code {
            Some(_) => Ok(answer),
            None => Err(missing(&answer.complains()).into()),
        }
    }
}

/// What gpg left behind.
struct Answer(Output);

impl Answer {
    /// What it says in the lines that are made for programs.
    fn said(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// What it says to people; its status where it says nothing.
    fn complains(&self) -> String {
        let text = String::from_utf8_lossy(&self.0.stderr);
        match (text.lines().last(), self.0.code) {
            (Some(line), _) => line.strip_prefix("gpg: ").unwrap_or(line).to_owned(),
            (None, Some(code)) => format!("it ended with {code}, and said nothing"),
            (None, None) => "it was killed".to_owned(),
        }
    }
}

/// The refusal on a machine without a gpg that can tell.
fn missing(why: &str) -> Refusal {
    let what = "A gpg signature cannot be judged here: gpg is missing, too old, or does not work";
    Refusal::new(Exit::Failure, what)
        .because(format!("gpg: {why}"))
        .because("Install or repair GnuPG, and run the command again")
        .caused(Cause::NoProgram)
}

/// The keys in a listing of one armoured key (gnupg's doc/DETAILS, "Format of the colon listings").
fn keys(listing: &str) -> Vec<Known> {
    let mut found: Vec<Known> = Vec::new();
    let mut primary: Option<(Option<Stamp>, bool)> = None;
    let mut next: Option<(Option<Stamp>, bool)> = None;
    for line in listing.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        match field(0) {
            kind @ ("pub" | "sub") => {
                let seconds = field(6).parse::<i64>().ok();
                let until = seconds.and_then(|s| DateTime::from_timestamp(s, 0));
                let own = (until.map(|at| at.fixed_offset()), field(1) == "r");
                if kind == "pub" {
                    primary = Some(own);
                }
                next = Some(own);
            }
            "fpr" => {
                let (Some((until, revoked)), Some((first, all))) = (next.take(), primary) else {
                    continue;
                };
                found.push(Known {
                    key: field(9).to_owned(),
                    from: None,
                    // A subkey is good while its key is.
                    until: [until, first].into_iter().flatten().min(),
                    revoked: revoked || all,
                });
            }
            _ => {}
        }
    }
    found
}

/// What gpg's status lines say of one signature (gnupg's doc/DETAILS, "Format of the --status-fd output").
/// Whether its key is over or revoked is told by what the policy holds of it, not by the time of day.
fn verdict(said: &str) -> Result<Signature, String> {
    let mut ends = Vec::new();
    let mut by = Vec::new();
    for line in said.lines() {
        let Some(rest) = line.strip_prefix("[GNUPG:] ") else {
            continue;
        };
        let words: Vec<&str> = rest.split(' ').collect();
        match words.as_slice() {
            [
                word @ ("GOODSIG" | "EXPSIG" | "EXPKEYSIG" | "REVKEYSIG" | "BADSIG"),
                ..,
            ] => {
                ends.push((*word, ""));
            }
            ["ERRSIG", key, _, _, _, _, code, ..] => ends.push((code, key)),
            ["VALIDSIG", fingerprint, ..] => by.push((*fingerprint).to_owned()),
            _ => {}
        }
    }
    match (ends.as_slice(), by.as_slice()) {
        ([("BADSIG", _)], []) => Ok(Signature::Broken("its signature does not fit it".into())),
        ([("GOODSIG" | "EXPSIG" | "EXPKEYSIG" | "REVKEYSIG", _)], [key]) => {
            Ok(Signature::By(key.clone()))
        }
        ([("9", key)], []) => Ok(Signature::Unnamed((*key).to_owned())),
        ([("4", _)], []) => Err("it does not know the algorithm of a signature".into()),
        ([], []) => Ok(Signature::Broken("its signature cannot be read".into())),
        // Two signatures in one are nobody's.
        _ => Ok(Signature::Broken("it cannot tell who signed it".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gpg_says_is_read_and_nothing_is_guessed() {
        let says = |lines: &[&str]| {
            let text: String = lines
                .iter()
                .map(|line| format!("[GNUPG:] {line}\n"))
                .collect();
            verdict(&text)
        };
        let valid = "VALIDSIG ABC 2026-11-28 1795825081 0 4 0 22 8 00 DEF";
        let good = Ok(Signature::By("ABC".into()));
        for word in ["GOODSIG", "EXPKEYSIG", "REVKEYSIG"] {
            let line = format!("{word} 3AD4 Lead <lead@example.com>");
            assert_eq!(says(&["NEWSIG lead@example.com", &line, valid]), good);
        }
        let broken = |said: Result<Signature, String>| matches!(said, Ok(Signature::Broken(_)));
        assert!(broken(says(&["BADSIG 3AD4 Lead"])));
        assert!(broken(says(&[])));
        assert!(broken(says(&["GOODSIG 3AD4 Lead"])));
        let twice = ["GOODSIG 3AD4 Lead", valid, "GOODSIG 3AD5 Mal", valid];
        assert!(broken(says(&twice)));
        let unknown = ["ERRSIG 3AD4 22 8 00 1795825081 9 FPR", "NO_PUBKEY 3AD4"];
        assert_eq!(says(&unknown), Ok(Signature::Unnamed("3AD4".into())));
        assert!(says(&["ERRSIG 3AD4 99 8 00 1795825081 4 FPR"]).is_err());
    }

    #[test]
    fn a_subkey_is_good_while_its_key_is() {
        let listing = "pub:-:255:22:K:1:200::-:::scSC:::::ed25519:::0:\nfpr:::::::::AAA:\n\
                       uid:-::::1::X::Lead <lead@example.com>::::::::::0:\n\
                       sub:-:255:22:S:1:300:::::s:::::ed25519::\nfpr:::::::::BBB:\n\
                       sub:r:255:22:T:1:100:::::s:::::ed25519::\nfpr:::::::::CCC:\n";
        let found = keys(listing);
        let said: Vec<_> = found
            .iter()
            .map(|known| {
                (
                    known.key.as_str(),
                    known.until.unwrap().timestamp(),
                    known.revoked,
                )
            })
            .collect();
        assert_eq!(
            said,
            [("AAA", 200, false), ("BBB", 200, false), ("CCC", 100, true)]
        );
        assert!(
            keys(&listing.replace("pub:-", "pub:r"))
                .iter()
                .all(|known| known.revoked)
        );
        assert!(keys("").is_empty());
    }
}
