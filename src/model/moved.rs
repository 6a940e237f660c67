//! Moving a project's ledger to another place (docs/remotes.md, "Moving").
//!
//! A move is two entries. The first, `left`, closes the place where the ledger is: nothing but its
//! counterpart may follow. The second, `arrived`, opens the new place, which holds both. So a ledger
//! says by itself whether it is the one to go on with, whatever its address is.

use serde::{Deserialize, Serialize};

use super::{Invalid, Person, Stamp};

/// Where a ledger is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// What its refs begin with there.
    pub prefix: String,
    /// The remote's address, as a hint for people; absent where it is the same remote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{address} ({})", self.prefix),
            None => f.write_str(&self.prefix),
        }
    }
}

/// One half of a move.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Half {
    /// The ledger leaves its place.
    Left,
    /// It is at another, or back where it was.
    Arrived,
}

/// What an entry of a move says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Moved {
    /// Drawn at random, and the same in both halves.
    pub id: String,
    pub half: Half,
    pub to: Place,
    pub by: Person,
    pub at: Stamp,
}

/// The folder of moves in a ledger's tree.
pub(crate) const FOLDER: &str = "moves";

impl Moved {
    /// What `Gryt-Move` says of it.
    pub(crate) fn trailer(&self) -> String {
        format!("{} {}", self.id, self.half)
    }
}

/// The id and the half that a trailer names. Ids are hexadecimal, since they are names of folders.
pub(crate) fn read_trailer(text: &str) -> Option<(&str, Half)> {
    let (id, half) = text.split_once(' ')?;
    let legal = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    Some((id, half.parse().ok()?)).filter(|_| legal)
}

/// The file of one half.
pub(crate) fn file(id: &str, half: Half) -> String {
    format!("{FOLDER}/{id}/{half}.yaml")
}

/// The file that lists what the old place held when it was left: a line `OID REF` each.
pub(crate) fn refs_file(id: &str) -> String {
    format!("{FOLDER}/{id}/refs")
}

/// What an entry that is a half of a move looks at.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The text of the half's file.
    pub text: Option<Vec<u8>>,
    /// The move, if any, that has left in the base and not arrived.
    pub open: Option<String>,
    /// Whether the base knows the move already.
    pub known: bool,
}

/// Checks the half that the trailer names.
///
/// # Errors
/// The rule that it breaks.
pub(crate) fn check(trailer: Option<&str>, facts: &Facts) -> Result<Moved, String> {
    let (id, half) = trailer
        .and_then(read_trailer)
        .ok_or("it names no half of a move")?;
    match (half, &facts.open) {
        (Half::Left, Some(_)) => return Err("the ledger has left already".into()),
        (Half::Left, None) if facts.known => return Err("a move of that id was before".into()),
        (Half::Arrived, open) if open.as_deref() != Some(id) => {
            return Err("it ends a move that has not begun".into());
        }
        (Half::Left | Half::Arrived, _) => {}
    }
    let text = facts.text.as_ref().ok_or("it holds no move")?;
    let moved: Moved =
        Invalid::or_yaml(text).map_err(|error| format!("its move is invalid: {error}"))?;
    if moved.id != id || moved.half != half {
        return Err("trailer and file name two moves".into());
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn facts(half: Half, open: Option<&str>) -> Facts {
        let text = format!(
            "id: {ID}\nhalf: {half}\nto: {{prefix: refs/heads/gryt/}}\nby: {{name: A, email: a@b.c}}\nat: 2026-01-02T03:04:05Z\n"
        );
        Facts {
            text: Some(text.into_bytes()),
            open: open.map(str::to_owned),
            known: false,
        }
    }

    #[test]
    fn what_left_arrives_once_and_nothing_else_does() {
        let left = format!("{ID} left");
        let arrived = format!("{ID} arrived");
        assert!(check(Some(&left), &facts(Half::Left, None)).is_ok());
        assert!(check(Some(&left), &facts(Half::Left, Some(ID))).is_err());
        assert!(check(Some(&arrived), &facts(Half::Arrived, Some(ID))).is_ok());
        assert!(check(Some(&arrived), &facts(Half::Arrived, None)).is_err());
        assert!(check(Some(&arrived), &facts(Half::Left, Some(ID))).is_err());
        let mut again = facts(Half::Left, None);
        again.known = true;
        assert!(check(Some(&left), &again).is_err());
        for wrong in ["", ID, "../x left", "zz left"] {
            assert!(check(Some(wrong), &facts(Half::Left, None)).is_err());
        }
        assert!(check(None, &facts(Half::Left, None)).is_err());
    }
}
