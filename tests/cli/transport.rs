//! Connections that break, servers that think, hosts that refuse: what is told, and what holds.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{Person, Sandbox};

/// A `git daemon` on loopback that serves a sandbox.
pub(crate) struct Daemon {
    process: Child,
    port: u16,
}

impl Daemon {
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &["--enable=receive-pack"])
    }

    /// One that takes no pushes.
    pub(crate) fn to_read(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &[])
    }

    fn with(sandbox: &Sandbox, options: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = Command::new("git")
            .args(["daemon", "--export-all", "--reuseaddr"])
            .args(options)
            .arg("--max-connections=64")
            .arg("--listen=127.0.0.1")
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", sandbox.path().display()))
            .arg(sandbox.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        until("the daemon answers", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { process, port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("git://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill_group(&self.process);
        let _ = self.process.wait();
    }
}

fn kill_group(process: &Child) {
    let group = format!("-{}", process.id());
    let _ = Command::new("kill").args(["-9", "--", &group]).status();
}

/// Waits until something holds; a test that waits for ever says what for.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hook(hosting: &Path, name: &str, script: &str) {
    let path = hosting.join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn entries(hosting: &Person) -> String {
    hosting.git("log --first-parent --format=%s refs/gryt/ledger")
}

#[test]
fn a_connection_cut_after_the_server_accepted_is_one_promotion() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt sync push");
    // Killed once the refs are committed, before anything is reported.
    hook(
        &hosting,
        "reference-transaction",
        "if [ \"$1\" = committed ] && [ -e cut ]; then rm cut; kill -9 $PPID; fi\nexit 0",
    );
    fs::write(hosting.join("cut"), "").unwrap();
    let said = dev.must("git gryt promote v1.0.0");
    assert!(
        said.starts_with("Success: v1.0.0 promoted to cloud\n"),
        "{said}"
    );
    assert!(
        !hosting.join("cut").exists(),
        "the connection was to be cut"
    );
    let there = dev.at(&hosting);
    assert_eq!(entries(&there), "Promote v1.0.0\nBegin the ledger");
    assert_eq!(there.git("tag"), "v1.0.0");
    assert_eq!(dev.refs("refs/gryt-local/promoting").len(), 0);
    let again = dev.refused(3, "git gryt promote v1.0.0");
    assert!(again.contains("already promoted in cloud"), "{again}");
}

/// A server that thinks about its first push of the ledger until it is let go.
fn thinking(hosting: &Path) {
    hook(
        hosting,
        "pre-receive",
        "if mv slow taken 2>/dev/null; then\n\
         while [ ! -e go ]; do sleep 0.02; done\n\
         fi\nexit 0",
    );
    fs::write(hosting.join("slow"), "").unwrap();
}

/// Starts a promotion over the daemon, and kills it while the server thinks.
fn killed_while_the_server_thinks(dev: &Person, hosting: &Path) {
    let child = dev.start_alone(&["promote", "v1.0.0"]);
    until("the server thinks", || hosting.join("taken").exists());
    kill_group(&child);
    let _ = Person::wait(child);
}

#[test]
fn a_promotion_killed_while_the_server_thinks_and_run_again_is_one_promotion() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let daemon = Daemon::start(&sandbox);
    let dev = sandbox.clone_of("dev", &daemon.url("hosting.git"));
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt sync push");
    thinking(&hosting);
    killed_while_the_server_thinks(&dev, &hosting);
    assert_eq!(dev.refs("refs/gryt-local/promoting").len(), 1);
    // The second run overtakes the first, which the server then refuses.
    let said = dev.must("git gryt promote v1.0.0");
    assert!(
        said.starts_with("Success: v1.0.0 promoted to cloud\n"),
        "{said}"
    );
    let there = dev.at(&hosting);
    let ledger = there.git("rev-parse refs/gryt/ledger");
    fs::write(hosting.join("go"), "").unwrap();
    let other = sandbox.clone_of("other", &daemon.url("hosting.git"));
    other.must("git gryt sync pull");
    assert_eq!(entries(&there), "Promote v1.0.0\nBegin the ledger");
    assert_eq!(there.git("rev-parse refs/gryt/ledger"), ledger);
    assert_eq!(dev.git("rev-parse refs/gryt/ledger"), ledger);
}

#[test]
fn a_promotion_that_lands_after_its_client_died_is_found_by_the_next_command() {
    for rerun in ["git gryt promote v1.0.0", "git gryt sync pull"] {
        let sandbox = Sandbox::new();
        let hosting = sandbox.hosting();
        let daemon = Daemon::start(&sandbox);
        let dev = sandbox.clone_of("dev", &daemon.url("hosting.git"));
        dev.proves("v1.0.0", "FEAT-1");
        dev.must("git gryt sync push");
        thinking(&hosting);
        killed_while_the_server_thinks(&dev, &hosting);
        let there = dev.at(&hosting);
        fs::write(hosting.join("go"), "").unwrap();
        until("the push lands", || {
            entries(&there).contains("Promote v1.0.0")
        });
        let ran = dev.sh(rerun);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let told = if rerun.contains("promote") {
            ran.out
                .contains("Success: v1.0.0 was promoted to cloud by an earlier run")
        } else {
            ran.err
                .contains("v1.0.0 is promoted: an earlier promotion of yours")
        };
        assert!(told, "{ran:#?}");
        // Its tag went along.
        assert!(!ran.err.contains("the tag"), "{ran:#?}");
        assert_eq!(entries(&there), "Promote v1.0.0\nBegin the ledger");
        assert_eq!(there.git("tag"), "v1.0.0");
        assert_eq!(dev.refs("refs/gryt/").len(), 1);
        assert_eq!(dev.refs("refs/gryt-local/promoting").len(), 0);
    }
}

#[test]
fn an_answer_that_never_comes_is_not_known_yet() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt sync push");
    // The server dies over the push, before anything is decided.
    hook(&hosting, "pre-receive", "kill -9 $PPID");
    let said = dev.refused(8, "git gryt promote v1.0.0");
    assert!(
        said.contains("Whether v1.0.0 is promoted is not known yet"),
        "{said}"
    );
    fs::remove_file(hosting.join("hooks/pre-receive")).unwrap();
    let kept = dev.refs("refs/gryt-local/promoting");
    assert_eq!(kept.len(), 1, "the intent is kept");
    dev.must("git gryt promote v1.0.0");
    assert_eq!(
        entries(&dev.at(&hosting)),
        "Promote v1.0.0\nBegin the ledger"
    );
}

#[test]
fn a_host_without_atomic_pushes_gets_the_ledger_alone() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let there = sandbox.nobody().at(&hosting);
    there.git("config receive.advertiseAtomic false");
    let [lead, dev] = sandbox.team(["lead", "dev"]);
    let pushed = |ran: &str| ran.contains("Created: 1");
    lead.must("git gryt generation new v1.0.0 --change add:A:a");
    assert!(pushed(&lead.must("git gryt sync push")));
    dev.must("git gryt sync pull && git gryt evolution start v1.0.0 --change A && git gryt run");
    assert!(pushed(&dev.must("git gryt sync push-evolutions")));
    let ran = lead.sh("git gryt promote v1.0.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let known = lead.git("config remote.origin.grytAtomic");
    assert!(known.starts_with("false push "), "{known}");
    assert_eq!(
        there.refs("refs/gryt").len(),
        1,
        "what was folded is cleared afterwards"
    );
    dev.must("git gryt sync pull");
    assert_eq!(dev.refs("refs/gryt/").len(), 1);
}

#[test]
fn what_a_host_refuses_beside_the_ledger_is_a_warning() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt sync push && git gryt sync push-evolutions");
    hook(
        &hosting,
        "update",
        "case $1,$3 in refs/tags/*|*,0000000000000000000000000000000000000000) exit 1;; esac",
    );
    let ran = dev.sh("git gryt promote v1.0.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.err.contains("refused the tag v1.0.0"), "{ran:#?}");
    assert!(
        ran.err.contains("The cloud still has 2 refs of v1.0.0"),
        "{ran:#?}"
    );
    let there = dev.at(&hosting);
    assert_eq!(entries(&there), "Promote v1.0.0\nBegin the ledger");
    // Where draft and ledger disagree, the ledger wins.
    let other = sandbox.clone_of("other", "hosting.git");
    let pulled = other.must("git gryt sync pull");
    assert!(pulled.contains("New generations: 1"), "{pulled}");
    assert!(!other.has(".gryt/generations/v1.0.0.yaml"));
    assert!(
        other
            .must("git gryt sync status")
            .contains("Sync status: Up to date")
    );
}

#[test]
fn a_cloud_that_refuses_or_is_away_leaves_everything_as_it_was() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt sync push");
    let before = dev.refs("refs/gryt/");
    hook(
        &hosting,
        "pre-receive",
        "echo 'the freeze is on' >&2; exit 1",
    );
    let said = dev.refused(8, "git gryt promote v1.0.0");
    assert!(said.contains("The cloud refused the push"), "{said}");
    assert!(said.contains("the freeze is on"), "{said}");
    assert_eq!(dev.refs("refs/gryt/"), before);
    dev.git("remote set-url origin ../nowhere.git");
    for line in ["promote v1.0.0", "sync pull", "sync push", "sync status"] {
        let said = dev.refused(8, &format!("git gryt {line}"));
        assert!(said.contains("cannot be reached"), "{line}: {said}");
    }
    assert_eq!(dev.refs("refs/gryt/"), before);
    assert!(
        dev.must("git gryt sync status --offline")
            .contains("v1.0.0")
    );
}

#[test]
fn a_ledger_that_was_rewritten_or_swapped_is_not_taken_over() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    for version in ["v1.0.0", "v1.1.0"] {
        dev.proves(version, "FEAT-1");
        dev.must(&format!("git gryt promote {version}"));
    }
    dev.must("git gryt generation new v1.2.0 && git gryt sync push");
    let there = dev.at(&hosting);
    let mine = dev.refs("refs/gryt/");
    let tip = there.git("rev-parse refs/gryt/ledger");
    let swap = |to: &str| there.git(&format!("update-ref refs/gryt/ledger {to}"));

    swap("refs/gryt/ledger~1");
    there.git("update-ref -d refs/gryt/generations/v1.2.0");
    for line in ["sync pull", "sync push", "sync status"] {
        let said = dev.refused(9, &format!("git gryt {line}"));
        assert!(said.contains("rewritten"), "{line}: {said}");
    }
    // The tip is a second parent here: git calls that a fast-forward.
    let tree = there.git(&format!("rev-parse {tip}^{{tree}}"));
    let sly = dev.git(&format!("commit-tree -p {tip}~1 -p {tip} -m sly {tree}"));
    dev.git(&format!("push -q origin {sly}:refs/heads/sly"));
    swap(&sly);
    dev.refused(9, "git gryt sync pull");

    there.git("update-ref -d refs/gryt/ledger");
    let said = dev.refused(9, "git gryt sync pull");
    assert!(said.contains("has no ledger"), "{said}");
    assert_eq!(
        dev.refs("refs/gryt/"),
        mine,
        "nothing was adopted, no deletion believed"
    );

    let elsewhere = Sandbox::new();
    elsewhere.hosting();
    let [stranger] = elsewhere.team(["stranger"]);
    stranger.must("git gryt generation new v9.0.0 && git gryt sync push");
    let foreign = stranger.at(elsewhere.path().join("hosting.git"));
    foreign.git(&format!(
        "push -q {} refs/gryt/ledger:refs/gryt/ledger",
        hosting.display()
    ));
    let said = dev.refused(9, "git gryt sync pull");
    assert!(said.contains("another project's"), "{said}");
    assert_eq!(dev.refs("refs/gryt/"), mine);
}

#[test]
fn junk_in_the_ledger_counts_for_nothing_and_stops_nobody() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev, other] = sandbox.team(["dev", "other"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt promote v1.0.0");
    let there = dev.at(&hosting);
    let tip = there.git("rev-parse refs/gryt/ledger");
    let empty = dev.git("mktree < /dev/null");
    let junk = "Promote v6.6.6\n\nGryt-Format: 1\nGryt-Kind: promotion\nGryt-Version: v6.6.6\n";
    dev.write("junk", &format!("{junk}Gryt-Base: {tip}\n"));
    let junk = dev.git(&format!("commit-tree -p {tip} -F junk {empty}"));
    dev.git(&format!(
        "push -q origin {junk}:refs/gryt/ledger && rm junk"
    ));
    for person in [&dev, &other] {
        let ran = person.sh("git gryt sync pull");
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(
            ran.err.contains("is invalid and does not count"),
            "{ran:#?}"
        );
        assert_eq!(person.must("git gryt log").lines().count(), 1);
    }
    // The next one chains to the junk, and extends the last valid tree.
    other.proves("v1.1.0", "FEAT-1");
    other.must("git gryt promote v1.1.0");
    dev.must("git gryt sync pull");
    assert_eq!(dev.git("rev-parse refs/gryt/ledger~1"), junk);
    let base = dev.git("log -1 --format='%(trailers:key=Gryt-Base,valueonly)' refs/gryt/ledger");
    assert_eq!(base.trim(), tip);
    let tree = dev.git("ls-tree -r --name-only refs/gryt/ledger");
    assert!(
        tree.contains("releases/1/1.0/v1.0.0.promotion.yaml"),
        "{tree}"
    );
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull");
    assert_eq!(fresh.must("git gryt log").lines().count(), 2);

    let tip = there.git("rev-parse refs/gryt/ledger");
    dev.write("later", "Later\n\nGryt-Format: 2\nGryt-Kind: promotion\n");
    let later = dev.git(&format!("commit-tree -p {tip} -F later {empty}"));
    dev.git(&format!(
        "push -q origin {later}:refs/gryt/ledger && rm later"
    ));
    let said = dev.refused(1, "git gryt sync pull");
    assert!(said.contains("upgrade"), "{said}");
}
