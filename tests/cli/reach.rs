//! What git's own housekeeping must never collect, and what people without gryt can read.

use crate::sandbox::{Person, Sandbox};

#[test]
fn the_ledger_alone_keeps_the_release_and_every_proven_commit() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [lead, a, b] = sandbox.team(["lead", "dev-a", "dev-b"]);
    lead.must("git gryt config tag false");
    lead.tracks(".gryt/policy.yaml", "gates: {proof_covers_release: warn}\n");
    lead.must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    lead.must("git gryt sync push");
    let mut commits = Vec::new();
    for (person, change) in [(&a, "A"), (&b, "B")] {
        person.must("git gryt sync pull");
        person.must(&format!(
            "git gryt evolution start v1.0.0 --change {change}"
        ));
        // Proven on a side branch that is squashed and deleted afterwards.
        person.git(&format!("checkout -q -b side-{change}"));
        person.write(change, "x");
        person.git("add . && git commit -q -m side");
        person.git(&format!("push -q origin side-{change}"));
        person.must("git gryt run && git gryt sync push-evolutions");
        commits.push(person.git("rev-parse HEAD"));
        person.git(&format!("push -q origin :side-{change}"));
        person.git("checkout -q main");
        person.git(&format!("branch -q -D side-{change}"));
    }
    lead.must("git gryt promote v1.0.0");
    commits.push(lead.git("rev-parse HEAD"));
    let everybody = [lead.clone(), a, b, lead.at(&hosting)];
    for person in &everybody[1..3] {
        person.must("git gryt sync pull");
    }
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull");
    for person in everybody.iter().chain([&fresh]) {
        collect(person);
        assert_eq!(person.git("tag"), "");
        for commit in &commits {
            person.git(&format!("cat-file -e {commit}"));
            person.git(&format!(
                "merge-base --is-ancestor {commit} refs/gryt/ledger"
            ));
        }
        person.git("fsck --strict --no-dangling");
    }
    assert!(
        fresh
            .must("git gryt generation show v1.0.0")
            .contains("proven (dev-b, rc.1)")
    );
}

fn collect(person: &Person) {
    person.git("reflog expire --expire=now --all");
    person.git("gc -q --prune=now");
}

#[test]
fn an_unpromoted_proof_outlives_an_amended_commit() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    dev.must("git gryt evolution start v1.0.0 --change A");
    dev.works("work");
    dev.must("git gryt run && git gryt sync push-evolutions");
    let proven = dev.git("rev-parse HEAD");
    dev.git("commit -q --amend -m other");
    dev.git("push -q -f origin main");
    for person in [&dev, &dev.at(&hosting)] {
        collect(person);
        assert_eq!(
            person.git(&format!("cat-file -t {proven}")).trim(),
            "commit"
        );
    }
}

#[test]
fn plain_git_reads_a_draft_to_the_byte() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev, other] = sandbox.team(["dev", "other"]);
    dev.must("git gryt generation new v1.0.0");
    let text = "# Ünïcode\nversion:   v1.0.0\r\n\n\nchanges: [ ]   # none\n# the end";
    dev.write(".gryt/generations/v1.0.0.yaml", text);
    dev.must("git gryt sync push");
    assert_eq!(
        dev.must("git show refs/gryt/generations/v1.0.0:generation.yaml"),
        text
    );
    other.must("git gryt sync pull");
    assert_eq!(other.read(".gryt/generations/v1.0.0.yaml"), text);
}

#[test]
fn nothing_of_this_clones_own_memory_is_pushed() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "A");
    dev.must("git gryt sync push && git gryt promote v1.0.0");
    dev.must("git gryt generation new v1.1.0 && git gryt sync push");
    dev.git("push -q origin 'refs/gryt/*'");
    let there = dev.at(&hosting);
    assert_eq!(there.refs("refs/gryt").len(), 2);
    assert_eq!(
        there.refs("refs/gryt-local").len() + there.refs("refs/gryt-remotes").len(),
        0
    );
    dev.git("fetch -q --prune origin");
    assert!(
        dev.must("git gryt sync status --offline")
            .contains("Up to date")
    );
}
