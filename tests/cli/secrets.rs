//! Credentials in addresses reach nothing that is printed, kept or shared.

use std::fs;
use std::path::Path;

use crate::sandbox::{Person, Sandbox, whole};

const SECRET: &str = "s3cr3t-T0ken";
const HEADER: &str = "czNjcjN0LWhlYWRlcg";

/// Addresses that hold the secret, as hosts take it.
const ADDRESSES: [&str; 4] = [
    "https://ann:s3cr3t-T0ken@127.0.0.1:1/app.git",
    "https://s3cr3t-T0ken@127.0.0.1:1/app.git",
    "https://s3cr3t-T0ken:x-oauth-basic@127.0.0.1:1/app.git",
    "ssh://git:s3cr3t-T0ken@127.0.0.1:1/app.git",
];

/// Whatever contacts the cloud, tells of it, or shows what git is set to.
const COMMANDS: [&str; 17] = [
    "generation new v1.0.0 --change add:A:a",
    "evolution start v1.0.0 --change A",
    "run",
    "sync pull",
    "sync push",
    "sync push-evolutions",
    "sync status",
    "sync news",
    "why v1.0.0",
    "evolution record v1.0.0 --change A --status pass --url https://ann:s3cr3t-T0ken@ci/7",
    "doctor",
    "doctor --remote",
    "config --list",
    "config remote https://ann:s3cr3t-T0ken@127.0.0.1:1/app.git",
    "promote v1.0.0",
    "log",
    "query 'select * from sync_metadata'",
];

/// That no file below a folder holds a secret, git's own configuration aside; packs and loose objects
/// are compressed, and asked for with [`objects`].
fn kept(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let about = entry.file_type().unwrap();
        // What git itself writes down of where it fetched from.
        let of_git = ["config", "FETCH_HEAD", "logs", "objects"];
        if of_git.contains(&entry.file_name().to_str().unwrap()) {
            continue;
        }
        if about.is_dir() {
            kept(&path);
        } else if about.is_file() {
            public(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

fn objects(of: &Person) {
    let all = of.must("git cat-file --batch-all-objects --batch --buffer | tr -d '\\000'");
    public("an object", all.as_bytes());
}

fn public(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in [SECRET, HEADER] {
        assert!(!text.contains(secret), "{what} holds {secret}:\n{text}");
    }
}

#[test]
fn credentials_in_addresses_reach_nothing_that_is_printed_or_kept() {
    let written = ADDRESSES.map(|address| (address, "url"));
    let otherwise = ["pushurl", "insteadOf"].map(|by| (ADDRESSES[0], by));
    for (nth, (address, by)) in written.into_iter().chain(otherwise).enumerate() {
        for reachable in [true, false] {
            // By turns: what is told of an address does not depend on how it is written.
            if reachable == (nth % 2 == 0) || whole() {
                leaks(address, reachable, by);
            }
        }
    }
}

/// Everything that a clone does whose cloud has that address.
fn leaks(address: &str, reachable: bool, by: &str) {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let text = "logs: full\nsteps:\n- name: shows\n  run: git remote -v; git config --list; git config --list -z\n";
    ann.tracks(".gryt/pipelines/pipeline.yaml", text);
    let there = hosting.display();
    match by {
        "url" => ann.git(&format!("config remote.origin.url {address}")),
        "pushurl" => ann.git(&format!("config remote.origin.pushurl {address}")),
        _ => {
            ann.git("config remote.origin.url team:app.git");
            let base = address.strip_suffix("app.git").unwrap();
            ann.git(&format!("config url.{base}.insteadOf team:"))
        }
    };
    if reachable {
        // What git makes of the address in the end is the hosting's folder.
        let taken = match by {
            "insteadOf" => "team:app.git",
            _ => address,
        };
        ann.git(&format!("config url.{there}.insteadOf {taken}"));
    }
    ann.git(&format!(
        "config http.extraHeader 'Authorization: Basic {HEADER}'"
    ));
    let ann = ann.with("GIT_SSH_COMMAND", "false").with("GIT_TRACE", "1");
    let mut answered = 0;
    for command in COMMANDS {
        for flags in ["-v", "--json"] {
            let command = format!("{command} {flags}");
            // Not through git, which would print what it traces of itself.
            let ran = ann.sh(&format!("git-gryt {command}"));
            public(&command, ran.out.as_bytes());
            public(&command, ran.err.as_bytes());
            answered += usize::from(ran.code == 0 && command.starts_with("sync push"));
        }
    }
    assert_eq!(answered > 0, reachable, "{address} by {by}");
    kept(&ann.dir);
    let quiet = ann.with("GIT_TRACE", "0");
    objects(&quiet);
    let hosting = quiet.at(&hosting);
    objects(&hosting);
    kept(&hosting.dir);
}

#[test]
fn another_token_is_no_other_cloud() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let rotated = |token: &str| {
        let address = format!("https://ci:{token}@host.invalid/app.git");
        ann.git(&format!("config remote.origin.url {address}"));
        ann.git(&format!(
            "config url.{}.insteadOf {address}",
            hosting.display()
        ));
    };
    rotated("first-token");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    let before = ann.git("rev-parse refs/gryt/ledger~1");
    rotated("second-token");
    let bare = ann.at(&hosting);
    bare.git(&format!("update-ref refs/gryt/ledger {before}"));
    // Rewound, not a fork that is behind.
    let told = ann.refused(9, "git gryt sync pull");
    assert!(told.contains("rewritten"), "{told}");
}
