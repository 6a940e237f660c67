//! Whom a policy lets go on: heirs, lines, and the rules that it asks for.

use crate::sandbox::{Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";

/// Ann, Bob and Cleo, and v1.0.0, which Ann promoted by that policy; Bob and Cleo have pulled it.
fn promoted(sandbox: &Sandbox, policy: &str) -> [Person; 3] {
    sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    ann.proves("v1.0.0", "A");
    ann.tracks(POLICY, policy);
    ann.must("git gryt promote v1.0.0");
    for other in [&bob, &cleo] {
        other.git("pull -q origin main");
        other.must("git gryt sync pull");
    }
    [ann, bob, cleo]
}

#[test]
fn nobody_but_an_heir_takes_over_from_the_promoters() {
    let sandbox = Sandbox::new();
    let [ann, bob, cleo] = promoted(
        &sandbox,
        "promoters: [ann@example.com]\nheirs: [cleo@example.com]\n",
    );
    bob.proves("v2.0.0", "B");
    bob.tracks(POLICY, "promoters: [bob@example.com]\n");
    let line = "git gryt promote v2.0.0 --override-previous --reason gone";
    for line in [line, "git gryt promote v2.0.0"] {
        let refusal = bob.refused(5, line);
        assert!(
            refusal.contains("promoters, by the policy of v1.0.0 alone: bob"),
            "{refusal}"
        );
        assert!(
            refusal.contains("cleo@example.com can override promoters"),
            "{refusal}"
        );
        assert!(!refusal.contains("--override-previous"), "{refusal}");
    }
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    cleo.git("pull -q origin main");
    cleo.must("git gryt sync pull");
    // Her own release has to name who promotes it.
    cleo.refused(5, line);
    cleo.tracks(POLICY, "promoters: [bob@example.com, cleo@example.com]\n");
    let refusal = cleo.refused(5, "git gryt promote v2.0.0");
    assert!(
        refusal.contains("git gryt promote v2.0.0 --override-previous --reason TEXT"),
        "{refusal}"
    );
    cleo.must(line);
    ann.must("git gryt sync pull");
    assert!(ann.must("git gryt verify").contains("The ledger verifies"));
    bob.git("pull -q origin main");
    bob.proves("v3.0.0", "C");
    bob.must("git gryt promote v3.0.0");
}

#[test]
fn an_old_line_is_judged_by_what_the_highest_release_says_of_it() {
    let sandbox = Sandbox::new();
    let [ann, bob, _] = promoted(&sandbox, "gates: {}\n");
    ann.git("branch old");
    ann.proves("v2.0.0", "B");
    ann.must("git gryt evolution start v2.0.0 --change B && git gryt run");
    ann.tracks(
        POLICY,
        "gates: {min_evolutions: 2}\nlines:\n  v1.1.x:\n    gates: {}\n    promoters: [ann@example.com]\n",
    );
    ann.must("git gryt promote v2.0.0");
    bob.must("git gryt sync pull");
    ann.git("checkout -q old");
    // What the old branch says of itself loosens nothing.
    ann.tracks(POLICY, "lines: {v1.x: {gates: {}}}\n");
    ann.proves("v1.0.1", "C");
    let refusal = ann.refused(5, "git gryt promote v1.0.1");
    assert!(
        refusal.contains("min_evolutions, by the policy of v2.0.0 alone: C is proven by 1 of 2"),
        "{refusal}"
    );
    // Of the line that the highest release names, it is what that one says.
    ann.git("push -q origin old");
    ann.proves("v1.1.0", "D");
    ann.must("git gryt promote v1.1.0");
    bob.must("git gryt sync pull && git gryt verify");
    let refusal = bob.refused(5, "git gryt withdraw v1.1.0 --reason mine");
    assert!(
        refusal.contains("bob <bob@example.com> is not a promoter"),
        "{refusal}"
    );
    ann.must("git gryt withdraw v1.1.0 --reason mine");
    bob.must("git gryt withdraw v1.0.0 --reason old && git gryt verify");
}

#[test]
fn a_policy_asks_for_a_program_that_knows_its_rules() {
    let sandbox = Sandbox::new();
    let [ann, bob, _] = promoted(&sandbox, "min_rules: 2\n");
    bob.proves("v2.0.0", "B");
    bob.tracks(POLICY, "min_rules: 4000\nsomething: new\n");
    for line in [
        "git gryt promote v2.0.0",
        "git gryt promote v2.0.0 --dry-run",
    ] {
        let refusal = bob.refused(5, line);
        assert!(
            refusal.contains("The policy at the release commit asks for rules 4000"),
            "{refusal}"
        );
        assert!(
            refusal.contains("Install a git-gryt that knows rules 4000"),
            "{refusal}"
        );
    }
    bob.tracks(POLICY, "min_rules: 2\n");
    bob.must("git gryt promote v2.0.0");
    ann.must("git gryt sync pull && git gryt verify");
}

#[test]
fn a_team_that_lost_its_last_heir_goes_on_by_a_setting_of_each_clone() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let [_, bob, cleo] = promoted(&sandbox, "promoters: [ann@example.com]\n");
    bob.proves("v2.0.0", "B");
    bob.tracks(POLICY, "promoters: [bob@example.com]\n");
    let line = "git gryt promote v2.0.0 --override-previous --reason gone";
    bob.refused(5, line);
    bob.refused(2, "git gryt promote v2.0.0 --without-heir --reason gone");
    let told = bob.sh(&format!("{line} --without-heir"));
    assert_eq!(told.code, 0, "{}", told.err);
    let command = told
        .err
        .split("that is to accept it: ")
        .nth(1)
        .unwrap()
        .trim();
    let command = command.lines().next().unwrap();
    for clone in [&bob, &cleo] {
        clone.must("git gryt sync pull");
        let status = clone.must("git gryt status");
        assert!(status.contains("Last promoted: v1.0.0"), "{status}");
    }
    // What follows is judged by the policy that everybody still holds to.
    bob.proves("v3.0.0", "C");
    bob.refused(5, "git gryt promote v3.0.0");
    for clone in [&bob, &cleo] {
        clone.must(command);
        clone.must("git gryt sync pull");
        let status = clone.must("git gryt status");
        assert!(status.contains("Last promoted: v2.0.0"), "{status}");
        let verified = clone.must("git gryt verify");
        assert!(
            verified.contains("Worth a look: v2.0.0: excuse: the gate promoters does not hold"),
            "{verified}"
        );
    }
    bob.must("git gryt promote v3.0.0");
    cleo.must("git gryt sync pull && git gryt verify");
    // A fresh clone asks for itself, in CI by the environment.
    let dan = sandbox.clone_of("dan", "hosting.git");
    dan.must("git gryt sync pull");
    dan.refused(9, "git gryt verify");
    let entry = command.rsplit_once(' ').unwrap().1;
    dan.must(&format!("GRYT_TRUST={entry} git gryt sync pull"));
    dan.must(&format!("GRYT_TRUST={entry} git gryt verify"));
    // Another one that is trusted comes beside it.
    let other = bob.git("rev-parse refs/gryt/ledger");
    cleo.must(&format!("git gryt config trust {other}"));
    let both = cleo.must("git gryt config trust");
    assert_eq!(both.trim(), format!("{entry} {other}"));
    // Who takes it back disputes it again, and what was judged by it.
    cleo.must("git gryt config --unset trust && git gryt sync pull");
    let status = cleo.must("git gryt status");
    assert!(status.contains("Last promoted: v1.0.0"), "{status}");
    let refusal = cleo.refused(2, "git gryt config trust v2.0.0");
    assert!(refusal.contains("oids of ledger entries"), "{refusal}");
}
