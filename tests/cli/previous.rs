//! The previous policy, by product and by line, and who lets an entry in that it disputes.

use crate::sandbox::{Sandbox, needs_unguarded};

const POLICY: &str = ".gryt/policy.yaml";

/// The command of a clone by which it comes to trust what was promoted, as a message names it.
fn trusting(told: &str) -> String {
    let command = told.split("that is to accept it: ").nth(1);
    let line = command.and_then(|rest| rest.lines().next());
    line.unwrap_or_else(|| panic!("{told}")).trim().to_owned()
}

#[test]
fn a_line_above_the_highest_release_says_nothing_of_it() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    let policy = "promoters: [ann@example.com]\nlines:\n  v3.x: {promoters: [bob@example.com]}\n  \
                  v0.x: {promoters: [bob@example.com]}\n";
    ann.tracks(POLICY, policy);
    ann.must("git gryt promote v1.0.0");
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    bob.proves("v3.0.0", "B");
    let refusal = bob.refused(5, "git gryt promote v3.0.0");
    let alone = "promoters, by the policy of v1.0.0 alone: bob <bob@example.com>";
    assert!(refusal.contains(alone), "{refusal}");
    // Below that release the line is what it says.
    bob.proves("v0.9.0", "C");
    bob.must("git gryt promote v0.9.0");
    ann.must("git gryt sync pull && git gryt verify");
}

#[test]
fn a_new_product_is_judged_by_what_was_sealed_before_it() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    let policy = "promoters: [ann@example.com]\nproducts:\n  api: {promoters: [bob@example.com]}\n";
    ann.tracks(POLICY, policy);
    ann.proves("web/v1.0.0", "A");
    ann.must("git gryt promote web/v1.0.0");
    for other in [&bob, &cleo] {
        other.git("pull -q origin main");
        other.must("git gryt sync pull");
    }
    // A branch makes nobody a promoter of a product that was never released.
    cleo.git("checkout -q -b mine");
    let mine = policy.replace("bob@", "cleo@");
    cleo.tracks(POLICY, &mine);
    cleo.git("push -q origin mine");
    cleo.proves("api/v1.0.0", "B");
    let refusal = cleo.refused(5, "git gryt promote api/v1.0.0");
    let alone = "promoters, by the policy of web/v1.0.0 alone: cleo <cleo@example.com>";
    assert!(refusal.contains(alone), "{refusal}");
    cleo.must("git gryt generation delete api/v1.0.0");
    bob.proves("api/v1.0.0", "B");
    bob.must("git gryt promote api/v1.0.0");
    // A release without a product comes before one of another product.
    ann.proves("v1.0.0", "C");
    ann.tracks(
        POLICY,
        &format!("{policy}  cli: {{promoters: [cleo@example.com]}}\n"),
    );
    ann.must("git gryt promote v1.0.0");
    cleo.git("checkout -q main && git pull -q origin main");
    cleo.must("git gryt sync pull");
    cleo.proves("cli/v1.0.0", "D");
    cleo.must("git gryt promote cli/v1.0.0 && git gryt verify");
}

#[test]
fn who_promotes_a_product_settles_what_is_disputed_of_it() {
    if needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    let policy =
        "promoters: [cleo@example.com]\nproducts:\n  api: {promoters: [ann@example.com]}\n";
    ann.tracks(POLICY, policy);
    for (who, version) in [(&ann, "api/v1.0.0"), (&cleo, "web/v1.0.0")] {
        who.git("pull -q origin main");
        who.proves(version, "A");
        who.must(&format!("git gryt promote {version}"));
    }
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    bob.proves("api/v2.0.0", "B");
    bob.tracks(POLICY, &policy.replace("ann@", "bob@"));
    let line = "git gryt promote api/v2.0.0 --override-previous --without-heir --reason gone";
    // The answer is lost after the cloud took it: the next contact says what each clone has to be told.
    let hosting = ann.at(hosting);
    hosting.write("hooks/post-receive", "#!/bin/sh\nkill -9 $PPID\n");
    hosting.must("chmod +x hooks/post-receive");
    let told = bob.sh(line);
    hosting.must("rm hooks/post-receive");
    let told = match told.err.contains("that is to accept it: ") {
        true => told.err,
        false => {
            assert_eq!(told.code, 8, "{told:#?}");
            bob.sh("git gryt sync pull").err
        }
    };
    let command = trusting(&told);
    let entry = command.rsplit_once(' ').unwrap().1.to_owned();
    assert_eq!(entry, hosting.git("rev-parse refs/gryt/ledger"));
    // In local mode there is nobody to be told.
    bob.refused(2, "GRYT_EXECUTION_MODE=local git gryt promote api/v3.0.0 --override-previous --without-heir --reason gone");
    for other in [&ann, &cleo] {
        other.must("git gryt sync pull");
        other.refused(9, "git gryt verify");
    }
    let accept = format!("git gryt verify --accept {entry} --reason 'Bob has it now'");
    let refusal = cleo.refused(5, &accept);
    assert!(
        refusal.contains("cleo <cleo@example.com> is not a promoter"),
        "{refusal}"
    );
    ann.must(&accept);
    for other in [&bob, &cleo, &ann] {
        other.must("git gryt sync pull && git gryt verify");
        let log = other.must("git gryt log --product api");
        assert!(!log.contains("disputed"), "{log}");
    }
    bob.proves("api/v3.0.0", "C");
    bob.must("git gryt promote api/v3.0.0");
    ann.must("git gryt sync pull && git gryt verify");
}
