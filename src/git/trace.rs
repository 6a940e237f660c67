//! How far an exchange with a remote got, told by what git traces of it rather than by its words:
//! the regions of its event trace (api-trace2) and the status numbers of HTTP. The regions are the
//! same from 2.39 to 2.55; where a git has others, nothing is concluded.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use tempfile::TempDir;

/// How far an exchange got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    pub reach: Reach,
    /// The last status that an HTTP server answered.
    pub status: Option<u16>,
}

impl Trace {
    /// What the texts of git's two traces say: of its own regions, and of HTTP.
    pub(crate) fn of(events: &str, http: &str) -> Self {
        Self {
            reach: reach(events),
            status: status(http),
        }
    }
}

/// The last thing that an exchange is known to have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Git does not say.
    #[default]
    Untold,
    /// It was connecting: the other side has named no refs.
    Connecting,
    /// The other side named its refs.
    Connected,
    /// A fetch asked for objects; a push may have sent something.
    Exchanging,
    /// A fetch has all that it asked for.
    Fetched,
}

/// The last sign of life of an exchange that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    pub reach: Reach,
    /// How long ago git last traced something, or received something of a pack.
    pub age: Duration,
}

/// Where one exchange leaves its traces.
pub(super) struct Traced {
    folder: TempDir,
    /// Where git puts the packs that it is receiving.
    packs: PathBuf,
}

/// What their folders are called.
const PREFIX: &str = "exchange-";
/// No exchange takes so long.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
const EVENTS: &str = "events";
const HTTP: &str = "http";
/// How the name of a pack begins while it is being received.
const GROWING: &str = "tmp_pack_";

impl Traced {
    /// A place for them in the repository, or beside it where that cannot be written. None where there
    /// is none, and then nothing is concluded.
    pub(super) fn begin(git_dir: &Path) -> Option<Self> {
        let home = git_dir.join("gryt");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(PREFIX);
        clear(&home);
        let here = fs::create_dir_all(&home).and_then(|()| builder.tempdir_in(&home));
        let folder = here.or_else(|_| builder.tempdir()).ok()?;
        let common = fs::read_to_string(git_dir.join("commondir")).unwrap_or_default();
        let packs = git_dir.join(common.trim()).join("objects/pack");
        Some(Self { folder, packs })
    }

    /// The variables that make git leave them.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let mut variables = Vec::new();
        // Whoever looks for a fault of their own keeps their trace.
        if !matches!(asked(), Asked::Elsewhere) {
            variables.push(("GIT_TRACE2_EVENT", at(EVENTS)));
            variables.push(("GIT_TRACE2_EVENT_NESTING", "8".to_owned()));
        }
        if std::env::var_os("GIT_TRACE_CURL").is_none() {
            variables.push(("GIT_TRACE_CURL", at(HTTP)));
            variables.push(("GIT_TRACE_CURL_NO_DATA", "1".to_owned()));
            variables.push(("GIT_TRACE_REDACT", "1".to_owned()));
        }
        variables
    }

    /// What they say while the exchange lasts, and what grows meanwhile. None where git leaves no events
    /// here.
    pub(super) fn sign(&self) -> Option<Sign> {
        let file = self.folder.path().join(EVENTS);
        let events = fs::read(&file).ok()?;
        let packs = fs::read_dir(&self.packs).into_iter().flatten().flatten();
        let growing =
            packs.filter(|entry| entry.file_name().to_string_lossy().starts_with(GROWING));
        let files = growing.map(|entry| entry.path()).chain([file]);
        let modified = |file: PathBuf| fs::metadata(file).ok()?.modified().ok();
        Some(Sign {
            reach: reach(&String::from_utf8_lossy(&events)),
            // A clock that was set back tells no age.
            age: files
                .filter_map(modified)
                .max()?
                .elapsed()
                .unwrap_or_default(),
        })
    }

    /// What they say.
    pub(super) fn read(&self) -> Trace {
        let text = |name: &str| -> Result<String> {
            let bytes = fs::read(self.folder.path().join(name))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        // A file that is not there says nothing.
        let events = text(EVENTS).unwrap_or_default();
        if let Asked::File(file) = asked() {
            let file = fs::OpenOptions::new().create(true).append(true).open(file);
            // As git does where a trace cannot be written: the command is what matters.
            let _ = file.and_then(|mut file| file.write_all(events.as_bytes()));
        }
        Trace::of(&events, &text(HTTP).unwrap_or_default())
    }
}

/// Where the user wants git's events.
enum Asked {
    Nowhere,
    /// In a file, which can have them afterwards.
    File(PathBuf),
    /// On a descriptor, in a folder, on a socket: only git itself can write there.
    Elsewhere,
}

fn asked() -> Asked {
    let Some(value) = std::env::var_os("GIT_TRACE2_EVENT") else {
        return Asked::Nowhere;
    };
    let path = PathBuf::from(&value);
    match value.to_str() {
        Some("" | "0" | "false") => Asked::Nowhere,
        _ if path.is_absolute() && !path.is_dir() => Asked::File(path),
        _ => Asked::Elsewhere,
    }
}

/// Removes what exchanges left whose process was killed.
fn clear(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if named && age().is_some_and(|age| age > LEFT_BEHIND) {
            // It is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    label: String,
}

fn reach(events: &str) -> Reach {
    let one = |line: &str| {
        let event: Event = serde_json::from_str(line).ok()?;
        let words = (
            event.event.as_str(),
            event.category.as_str(),
            event.label.as_str(),
        );
        Some(match words {
            ("region_enter", "transport_push", "get_refs_list")
            | ("region_enter", "fetch", "remote_refs") => Reach::Connecting,
            ("region_leave", "transport_push", "get_refs_list")
            | ("region_leave", "fetch", "remote_refs") => Reach::Connected,
            ("region_enter", "transport_push", "push_refs")
            | ("region_enter", "fetch", "fetch_refs") => Reach::Exchanging,
            ("region_enter", "fetch", "consume_refs") => Reach::Fetched,
            _ => return None,
        })
    };
    events.lines().filter_map(one).max().unwrap_or_default()
}

/// The number of the last answer: `<= Recv header: HTTP/1.1 401 Unauthorized`.
fn status(http: &str) -> Option<u16> {
    let answers = http
        .lines()
        .filter_map(|line| line.split_once("<= Recv header: HTTP/"));
    answers
        .filter_map(|(_, rest)| rest.split(' ').nth(1)?.trim().parse().ok())
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_region_counts_and_other_lines_do_not() {
        let line = |event: &str, category: &str, label: &str| {
            format!("{{\"event\":\"{event}\",\"category\":\"{category}\",\"label\":\"{label}\"}}\n")
        };
        let begun = line("region_enter", "transport_push", "get_refs_list");
        assert_eq!(reach(&begun), Reach::Connecting);
        let sent = begun.clone() + &line("region_enter", "transport_push", "push_refs");
        assert_eq!(
            reach(&(sent + "{\"event\":\"exit\",\"code\":1}\n")),
            Reach::Exchanging
        );
        let other = line("region_enter", "index", "push_refs") + "not json\n";
        assert_eq!(reach(&other), Reach::Untold);
        assert_eq!(reach(&(begun + &other)), Reach::Connecting);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_a_day_later() {
        let repository = tempfile::tempdir().unwrap();
        let home = repository.path().join("gryt");
        let (old, new) = (home.join("exchange-old"), home.join("exchange-new"));
        for folder in [&old, &new] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(EVENTS), "").unwrap();
        }
        let before = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        fs::File::open(&old).unwrap().set_modified(before).unwrap();
        let traced = Traced::begin(repository.path()).unwrap();
        assert!(!old.exists() && new.exists());
        let folder = traced.folder.path().to_owned();
        assert!(folder.starts_with(&home));
        drop(traced);
        assert!(!folder.exists());
    }

    #[test]
    fn the_last_status_of_http_is_read_in_each_version_of_it() {
        let text = "1 http.c:1 <= Recv header: HTTP/1.1 401 Unauthorized\n\
                    1 http.c:1 <= Recv header: Server: x\n\
                    1 http.c:1 <= Recv header: HTTP/2 403\n";
        assert_eq!(status(text), Some(403));
        assert_eq!(status("1 http.c:1 == Info: Trying\n"), None);
    }
}
