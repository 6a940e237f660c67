//! Gates and policies: what stops a release, by which policy, and who may say otherwise.

use crate::sandbox::{Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";

/// Ann and Bob, and v1.0.0 with the change A, which ann proved and published.
fn proven(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let team = sandbox.team(["ann", "bob"]);
    team[0].proves("v1.0.0", "A");
    team[0].must("git gryt sync push && git gryt sync push-evolutions");
    team[1].must("git gryt sync pull");
    team
}

/// The sealed file of a version.
fn sealed(who: &Person, version: &str, file: &str) -> String {
    let shelf = version
        .trim_start_matches('v')
        .split('.')
        .collect::<Vec<_>>();
    let (major, minor) = (shelf[0], shelf[1]);
    who.must(&format!(
        "git show refs/gryt/ledger:releases/{major}/{major}.{minor}/{version}.{file}"
    ))
}

#[test]
fn each_gate_stops_a_release_until_it_is_satisfied() {
    let sandbox = Sandbox::new();
    let [ann, bob] = proven(&sandbox);
    ann.tracks(
        POLICY,
        "gates:\n  min_evolutions: 2\n  required_steps:\n    - types: [add]\n      steps: [e2e]\n  independent_proof: true\n\
         promoters: [lead@example.com, Bob@Example.com]\n",
    );
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    for line in [
        "promoters: ann <ann@example.com> is not a promoter: ask lead@example.com or Bob@Example.com",
        "min_evolutions: A is proven by 1 of 2 evolutions: git gryt evolution start v1.0.0 --change A",
        "required_steps: A is not proven by e2e: git gryt run PIPELINE --change A",
        "independent_proof: A has no assignee to be independent of: git gryt generation edit v1.0.0 --assign A=WHO",
    ] {
        assert!(refusal.contains(line), "{line}: {refusal}");
    }
    assert_eq!(ann.refused(5, "git gryt promote v1.0.0 --dry-run"), refusal);
    let status = ann.must("git gryt sync status v1.0.0");
    assert!(
        status.contains("min_evolutions: A is proven by 1 of 2"),
        "{status}"
    );
    assert!(status.contains("Ready for promotion: NO"), "{status}");

    ann.must("git gryt generation edit v1.0.0 --assign A=ann && git gryt sync push");
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("A is proven only by its assignee, ann"),
        "{refusal}"
    );
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull && git gryt evolution start v1.0.0 --change A");
    bob.tracks(
        ".gryt/pipelines/full.yaml",
        "steps:\n- {name: e2e, run: 'true'}\n",
    );
    bob.must("git gryt run full && git gryt sync push-evolutions");
    let ready = bob.must("git gryt promote v1.0.0 --dry-run");
    for gate in [
        "promoters",
        "min_evolutions",
        "required_steps",
        "independent_proof",
    ] {
        assert!(ready.contains(&format!("  {gate} passed\n")), "{ready}");
    }
    bob.must("git gryt promote v1.0.0");
    assert_eq!(sealed(&bob, "v1.0.0", "policy.yaml"), bob.read(POLICY));
    assert!(
        sealed(&bob, "v1.0.0", "promotion.yaml").contains("gate: min_evolutions\n  passed: true")
    );
    assert!(
        bob.must("git gryt verify")
            .contains("The ledger verifies (2 entries, 1 promotion ")
    );
}

#[test]
fn a_failed_evolution_counts_until_a_later_one_passes() {
    let sandbox = Sandbox::new();
    let [ann, bob] = proven(&sandbox);
    ann.tracks(POLICY, "gates:\n  no_failed_evolutions: true\n");
    bob.git("pull -q origin main");
    bob.must("git gryt evolution start v1.0.0 --change A");
    bob.tracks(
        ".gryt/pipelines/bad.yaml",
        "steps:\n- {name: x, run: 'false'}\n",
    );
    bob.refused(5, "git gryt run bad >/dev/null; exit 5");
    bob.must("git gryt sync push-evolutions");
    // Judged by what the fetch shows, whether or not it was pulled.
    ann.git("pull -q origin main");
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("no_failed_evolutions: A failed (bob, rc.2) and none passed since"),
        "{refusal}"
    );
    ann.must(
        "git gryt sync pull && git gryt evolution start v1.0.0 --change A && git gryt run pipeline",
    );
    ann.must("git gryt promote v1.0.0 --dry-run");
    // Giving it up is seen by everybody, with its reason.
    ann.must("git gryt evolution abandon v1.0.0/A/rc.3 --reason 'not needed'");
    ann.refused(5, "git gryt promote v1.0.0");
    bob.must("git gryt evolution abandon v1.0.0/A/rc.2 --reason 'the runner was out of disk'");
    bob.must("git gryt sync push-evolutions");
    ann.must("git gryt promote v1.0.0");
    // The second evolution is the fifth parent: entry, draft, release, rc.1, rc.2.
    let kept = ann.must("git show refs/gryt/ledger^5:abandoned.yaml");
    assert!(
        kept.contains("reason: the runner was out of disk"),
        "{kept}"
    );
    assert!(
        ann.must("git show refs/gryt/ledger^5:proof.yaml")
            .contains("status: fail")
    );
}

#[test]
fn tightening_holds_at_once_and_loosening_from_the_next_release_on() {
    let sandbox = Sandbox::new();
    let [ann, _] = proven(&sandbox);
    ann.tracks(
        POLICY,
        "gates: {min_evolutions: 2}\nwaivable: [min_evolutions]\n",
    );
    // Tightened: it holds for the very next release.
    ann.refused(5, "git gryt promote v1.0.0");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0");

    // Loosened: the previous policy still holds once.
    ann.tracks(POLICY, "gates: {}\n");
    ann.proves("v1.1.0", "B");
    let refusal = ann.refused(5, "git gryt promote v1.1.0");
    assert!(
        refusal.contains("min_evolutions, by the policy of v1.0.0 alone: B is proven by 1 of 2"),
        "{refusal}"
    );
    assert!(
        refusal.contains("git gryt promote v1.1.0 --override-previous --reason TEXT"),
        "{refusal}"
    );
    // The policy at the release commit no longer calls it waivable.
    let refusal = ann.refused(
        5,
        "git gryt promote v1.1.0 --waive min_evolutions --reason x",
    );
    assert!(refusal.contains("cannot be waived"), "{refusal}");
    ann.must("git gryt evolution start v1.1.0 --change B && git gryt run");
    let promoted = ann.must("git gryt promote v1.1.0");
    assert!(
        promoted.contains("min_evolutions: 2 -> not set"),
        "{promoted}"
    );
    ann.proves("v1.2.0", "C");
    ann.must("git gryt promote v1.2.0");
    assert!(ann.must("git gryt verify").contains("The ledger verifies"));
}

#[test]
fn a_sole_promoter_who_left_locks_nobody_out() {
    let sandbox = Sandbox::new();
    let [ann, bob] = proven(&sandbox);
    ann.tracks(
        POLICY,
        "promoters: [ann@example.com]\nheirs: [Bob@example.com]\n",
    );
    ann.must("git gryt promote v1.0.0");
    bob.git("pull -q origin main");
    bob.proves("v2.0.0", "B");
    bob.refused(5, "git gryt promote v2.0.0");
    // A policy that still names her alone cannot be overridden.
    let refusal = bob.refused(
        5,
        "git gryt promote v2.0.0 --override-previous --reason left",
    );
    assert!(refusal.contains("promoters: bob"), "{refusal}");
    bob.tracks(POLICY, "promoters: [bob@example.com]\n");
    let refusal = bob.refused(5, "git gryt promote v2.0.0");
    assert!(
        refusal.contains("by the policy of v1.0.0 alone"),
        "{refusal}"
    );
    bob.refused(2, "git gryt promote v2.0.0 --override-previous");
    bob.refused(
        2,
        "git gryt promote v2.0.0 --override-previous --reason ' '",
    );
    let promoted =
        bob.must("git gryt promote v2.0.0 --override-previous --reason 'ann left in May'");
    assert!(
        promoted.contains("overridden: ann left in May"),
        "{promoted}"
    );
    let record = sealed(&bob, "v2.0.0", "promotion.yaml");
    assert!(record.contains("kind: overridden"), "{record}");
    assert!(record.contains("heir: Bob@example.com"), "{record}");
    for line in ["git gryt log", "git gryt verify"] {
        let seen = bob.must(line);
        assert!(
            seen.contains("overridden promoters: ann left in May"),
            "{seen}"
        );
    }
    ann.must("git gryt sync pull");
    assert!(
        ann.must("git gryt log")
            .contains("! v2.0.0 overridden promoters")
    );
    bob.proves("v3.0.0", "C");
    bob.must("git gryt promote v3.0.0");
}

#[test]
fn a_gate_is_waived_with_a_reason_where_the_policies_allow_it() {
    let sandbox = Sandbox::new();
    let [ann, bob] = proven(&sandbox);
    ann.tracks(
        POLICY,
        "gates: {min_evolutions: 3, independent_proof: true}\nwaivable: [min_evolutions, independent_proof]\n",
    );
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains(
            "git gryt promote v1.0.0 --waive min_evolutions --waive independent_proof --reason TEXT"
        ),
        "{refusal}"
    );
    ann.refused(
        5,
        "git gryt promote v1.0.0 --waive min_evolutions --reason x",
    );
    ann.refused(
        5,
        "git gryt promote v1.0.0 --waive changes_proven --reason x",
    );
    ann.refused(7, "git gryt promote v1.0.0 --waive nonsense --reason x");
    ann.must("git gryt promote v1.0.0 --waive min_evolutions --waive independent_proof --reason 'fire in the data centre'");
    let record = sealed(&ann, "v1.0.0", "promotion.yaml");
    assert!(
        record.contains("kind: waived") && record.contains("fire in the data centre"),
        "{record}"
    );
    bob.must("git gryt sync pull");
    assert!(
        bob.must("git gryt verify v1.0.0")
            .contains("waived min_evolutions: fire")
    );
    let log = bob.must("git gryt log --json");
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(
        log["entries"][0]["excuses"][0],
        "waived min_evolutions: fire in the data centre"
    );
}

#[test]
fn an_invalid_policy_stops_the_release_and_says_where() {
    let sandbox = Sandbox::new();
    let [ann, _] = proven(&sandbox);
    ann.tracks(POLICY, "gates:\n  min_evolutions: 0\n");
    let refusal = ann.refused(7, "git gryt promote v1.0.0");
    assert!(
        refusal.contains(".gryt/policy.yaml at the release commit: line 2, column 19"),
        "{refusal}"
    );
    // The file of the working tree is not what releases are judged by.
    ann.tracks(POLICY, "gates: {}\n");
    ann.write(POLICY, "gates:\n  min_evolutions: 0\n");
    ann.must("git gryt promote v1.0.0");
    ann.refused(7, "git gryt generation new v2.0.0");
}

#[test]
fn a_ledger_that_was_sealed_past_its_gates_does_not_verify() {
    let sandbox = Sandbox::new();
    let [ann, _] = proven(&sandbox);
    ann.must("git gryt promote v1.0.0");
    let forge = "place=releases/1/1.0/v1.0.0 && tip=$(git rev-parse refs/gryt/ledger) && \
                 git show $tip:$place.promotion.yaml | sed 's/^promoter:/promoter:/; s/email: ann@example.com/email: eve@example.com/' > forged && \
                 export GIT_INDEX_FILE=.git/forging && git read-tree $tip && \
                 git update-index --add --cacheinfo 100644,$(git hash-object -w forged),$place.promotion.yaml && \
                 git cat-file commit $tip | sed \"s/^tree .*/tree $(git write-tree)/\" > commit && \
                 git update-ref refs/gryt/ledger $(git hash-object -w -t commit commit)";
    ann.must(forge);
    let new = ann.git("rev-parse refs/gryt/ledger");
    ann.git(&format!("update-ref refs/gryt-local/base {new}"));
    let found = ann.sh("git gryt verify");
    assert_eq!(found.code, 9, "{found:#?}");
    assert!(
        found.out.contains("wrote the entry, which names"),
        "{found:#?}"
    );
}

#[test]
fn the_next_version_is_one_that_nobody_has() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    assert!(
        ann.must("git gryt generation new --next minor")
            .contains("v0.1.0")
    );
    ann.proves("v1.2.9", "A");
    ann.must("git gryt promote v1.2.9");
    bob.must("git gryt generation new v1.3.0 && git gryt sync push v1.3.0");
    // The cloud is asked: bob's draft counts, although ann never pulled it.
    assert!(
        ann.must("git gryt generation new --next minor")
            .contains("v1.4.0")
    );
    assert!(
        ann.must(
            "git gryt generation new --next patch --from v1.2.9 --change 'fix:CRIT-500:Crash'"
        )
        .contains("v1.2.10")
    );
    let shown = ann.must("git gryt generation show v1.2.10");
    assert!(
        shown.contains("CRIT-500") && shown.contains("Crash"),
        "{shown}"
    );
    ann.git("tag v1.2.11");
    assert!(
        ann.must("git gryt generation new --next patch --from v1.2.9")
            .contains("v1.2.12")
    );
    assert!(
        ann.must("git gryt generation new --next major")
            .contains("v2.0.0")
    );
    ann.refused(7, "git gryt generation new --next patch --from v7.0.0");
    ann.refused(2, "git gryt generation new");
    ann.refused(2, "git gryt generation new v5.0.0 --next patch");
    ann.refused(2, "git gryt generation new v5.0.0 --from v1.2.9");
    // Without the cloud it still proposes, and says that it could not ask.
    ann.git("remote set-url origin /nowhere/at/all");
    let ran = ann.sh("git gryt generation new --next patch --from v1.2.9");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.out.contains("v1.2.13") && ran.err.contains("warning"),
        "{ran:#?}"
    );
}

#[test]
fn versions_are_named_by_the_policys_strategy() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.tracks(POLICY, "versions: date\n");
    assert!(
        ann.must("git gryt generation new --next patch")
            .contains("v2026.01.02 ")
    );
    assert!(
        ann.must("git gryt generation new --next patch")
            .contains("v2026.01.02.1 ")
    );
    let refusal = ann.refused(7, "git gryt generation new v1.0.0");
    assert!(refusal.contains("v1.0.0 is not a day"), "{refusal}");

    ann.tracks(
        POLICY,
        "versions:\n  ranges:\n    ann@example.com: [v1.0.x, v1.2.x]\n    bob@example.com: [v1.1.x]\n",
    );
    bob.git("pull -q origin main");
    assert!(
        bob.must("git gryt generation new --next patch")
            .contains("v1.1.0 ")
    );
    let refusal = bob.refused(7, "git gryt generation new v1.0.0");
    assert!(
        refusal.contains("assigns bob <bob@example.com>: v1.1.x"),
        "{refusal}"
    );
    bob.refused(7, "git gryt generation rename v1.1.0 v1.2.0");
    assert!(
        ann.must("git gryt generation new --next minor")
            .contains("v1.0.0 ")
    );
    assert!(
        ann.must("git gryt generation new --next minor")
            .contains("v1.2.0 ")
    );
    ann.refused(7, "git gryt generation new --next minor");

    // A draft that was declared before the rule is stopped at the gate.
    ann.tracks(POLICY, "");
    ann.proves("v9.0.0", "Z");
    ann.tracks(POLICY, "versions: date\n");
    let refusal = ann.refused(5, "git gryt promote v9.0.0");
    assert!(
        refusal.contains("versions: v9.0.0 is not a day"),
        "{refusal}"
    );
}

#[test]
fn a_policy_that_cannot_be_read_is_none_that_is_not_there() {
    let sandbox = Sandbox::new();
    let [ann, _] = proven(&sandbox);
    for (spoil, says) in [
        (
            "mv .gryt/policy.yaml .gryt/real.yaml; ln -s real.yaml .gryt/policy.yaml",
            "not a plain file",
        ),
        (
            "rm -r .gryt/policy.yaml; mkdir .gryt/policy.yaml; touch .gryt/policy.yaml/x",
            "not a plain file",
        ),
        (
            "rm -r .gryt/policy.yaml; head -c 700000 /dev/zero | tr '\\0' '#' > .gryt/policy.yaml",
            "too large",
        ),
    ] {
        ann.must("rm -rf .gryt/policy.yaml");
        ann.tracks(POLICY, "gates: {min_evolutions: 2}\n");
        ann.refused(5, "git gryt promote v1.0.0");
        ann.must(&format!(
            "{spoil}; git add -A .gryt && git commit -q -m Spoil && git push -q"
        ));
        let refusal = ann.refused(7, "git gryt promote v1.0.0");
        assert!(refusal.contains(says), "{refusal}");
    }
}
