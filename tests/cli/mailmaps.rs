//! Who is who: the mailmaps that releases seal, and the reader's own, which changes no verdict.

use crate::sandbox::{Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";
const JOINED: &str = "Ann Lee <ann@example.com> <bob@example.com>\n";

/// Ann, who promoted v1.0.0 and is the only one who may, and Bob, who has pulled it.
fn promoted(sandbox: &Sandbox, gates: &str) -> [Person; 2] {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.tracks(POLICY, &format!("promoters: [ann@example.com]\n{gates}"));
    ann.must("git gryt promote v1.0.0");
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    [ann, bob]
}

#[test]
fn a_mailmap_lets_a_second_address_promote_from_the_next_release_on() {
    let sandbox = Sandbox::new();
    let [ann, bob] = promoted(&sandbox, "");
    bob.tracks(".mailmap", JOINED);
    bob.proves("v2.0.0", "B");
    let refusal = bob.refused(5, "git gryt promote v2.0.0");
    assert!(
        refusal.contains("promoters: bob <bob@example.com>"),
        "{refusal}"
    );
    let refusal = bob.refused(5, "git gryt withdraw v1.0.0 --reason mine");
    assert!(refusal.contains("is not a promoter"), "{refusal}");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.git("pull -q origin main");
    ann.must("git gryt sync pull && git gryt promote v2.0.0");
    let record = ann.git("show refs/gryt/ledger:releases/2/2.0/v2.0.0.promotion.yaml");
    let blob = ann.git("rev-parse HEAD:.mailmap");
    assert!(
        record.contains(&format!("mailmap: {}", blob.trim())),
        "{record}"
    );
    // It was sealed by a promoter: both mailmaps join them now.
    bob.must("git gryt sync pull");
    bob.proves("v3.0.0", "C");
    bob.must("git gryt promote v3.0.0");
    bob.must("git gryt withdraw v1.0.0 --reason old");
    ann.must("git gryt sync pull");
    assert!(ann.must("git gryt verify").contains("The ledger verifies"));
    // What was written stays as it was, whatever a reader's mailmap says.
    let record = ann.git("show refs/gryt/ledger:releases/3/3.0/v3.0.0.promotion.yaml");
    assert!(record.contains("email: bob@example.com"), "{record}");
}

#[test]
fn no_readers_mailmap_changes_a_verdict() {
    let sandbox = Sandbox::new();
    let [ann, bob] = promoted(&sandbox, "");
    bob.proves("v2.0.0", "B");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    ann.must("git gryt promote v2.0.0");
    for (nth, map) in [
        "Mal <mal@example.com> <ann@example.com>\n",
        "Ann <ann@example.com> <bob@example.com>\n",
        "Bob <bob@example.com> <ann@example.com>\n",
    ]
    .into_iter()
    .enumerate()
    {
        bob.write(".mailmap", map);
        bob.must("git gryt sync pull && git gryt verify");
        let fresh = sandbox.clone_of(&format!("fresh-{nth}"), "hosting.git");
        fresh.write(".mailmap", map);
        fresh.must("git gryt sync pull && git gryt verify");
        let refusal = bob.refused(5, "git gryt withdraw v1.0.0 --reason mine");
        assert!(
            refusal.contains("bob <bob@example.com> is not a promoter"),
            "{refusal}"
        );
    }
    let log = bob.must("git gryt log");
    assert!(log.contains("Bob"), "{log}");
}

#[test]
fn either_mailmap_keeps_two_addresses_from_being_two_people() {
    let sandbox = Sandbox::new();
    let [ann, bob] = promoted(
        &sandbox,
        "gates: {independent_proof: true}\nlines: {v1.x: {gates: {}}}\n",
    );
    ann.tracks(".mailmap", JOINED);
    bob.git("pull -q origin main");
    bob.must("git gryt generation new v2.0.0 --change add:B:b");
    bob.must("git gryt generation edit v2.0.0 --assign B=ann@example.com");
    bob.must("git gryt evolution start v2.0.0 --change B && git gryt run");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    let refusal = ann.refused(5, "git gryt promote v2.0.0");
    assert!(
        refusal.contains("independent_proof: B is proven only by its assignee, ann@example.com"),
        "{refusal}"
    );
    ann.git("rm -q .mailmap");
    ann.git("commit -q -m Unmap");
    ann.git("push -q origin main");
    ann.must("git gryt promote v2.0.0");
    bob.must("git gryt sync pull && git gryt verify");
}
