//! Several products in one repository: versions, policies and views of their own, one ledger.

use crate::sandbox::{Person, Sandbox};

/// A monorepo with a policy for each product, and a developer of each.
fn teams(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let team = sandbox.team(["ann", "bob"]);
    let policy = "products:\n  billing:\n    promoters: [ann@example.com]\n  search:\n    \
                  promoters: [bob@example.com]\n    gates: {min_evolutions: 2}\n";
    team[0].tracks(".gryt/policy.yaml", policy);
    team[1].git("pull -q origin main");
    team
}

#[test]
fn two_teams_promote_at_once_through_one_ledger() {
    let sandbox = Sandbox::new();
    let [ann, bob] = teams(&sandbox);
    for round in 0..3 {
        let (billing, search) = (
            format!("billing/v1.{round}.0"),
            format!("search/v1.{round}.0"),
        );
        ann.proves(&billing, "PAY-1");
        bob.proves(&search, "IDX-1");
        bob.must(&format!(
            "git gryt evolution start {search} --change IDX-1 && git gryt run"
        ));
        for (who, version) in [(&ann, &billing), (&bob, &search)] {
            who.must(&format!("git gryt sync push {version}"));
        }
        let one = ann.start(&["promote", &billing]);
        let two = bob.start(&["promote", &search]);
        for ran in [Person::wait(one), Person::wait(two)] {
            assert_eq!(ran.code, 0, "{ran:#?}");
        }
    }
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let subjects = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
    assert_eq!(subjects.lines().count(), 7, "{subjects}");
    assert_eq!(hosting.git("tag -l billing/*").lines().count(), 3);
    let held = hosting.git("ls-tree -r --name-only refs/gryt/ledger");
    assert!(
        held.contains("releases/billing/1/1.2/v1.2.0.promotion.yaml"),
        "{held}"
    );
    for who in [&ann, &bob] {
        who.must("git gryt sync pull && git gryt verify && git gryt cache verify");
        let log = who.must("git gryt log --product search");
        assert_eq!(log.matches("promoted").count(), 3, "{log}");
        assert!(!log.contains("billing"), "{log}");
        let notes = who.must("git gryt notes --product billing");
        assert!(notes.contains("billing/v1.2.0"), "{notes}");
    }
}

#[test]
fn each_product_has_its_own_numbers_and_its_own_policy() {
    let sandbox = Sandbox::new();
    let [ann, bob] = teams(&sandbox);
    bob.proves("billing/v1.0.0", "PAY-1");
    let told = bob.refused(5, "git gryt promote billing/v1.0.0");
    assert!(told.contains("promoters"), "{told}");
    bob.proves("search/v4.0.0", "IDX-1");
    let told = bob.refused(5, "git gryt promote search/v4.0.0");
    assert!(told.contains("min_evolutions"), "{told}");
    // What has no product is bound by neither.
    bob.proves("v9.0.0", "ALL-1");
    bob.must("git gryt promote v9.0.0");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    for (product, next) in [
        ("billing", "v1.1.0"),
        ("search", "v4.1.0"),
        ("mobile", "v0.1.0"),
    ] {
        let made = ann.must(&format!(
            "git gryt generation new --next minor --product {product}"
        ));
        assert!(made.contains(&format!("{product}/{next}")), "{made}");
        assert!(ann.has(&format!(".gryt/generations/{product}/{next}.yaml")));
    }
    let list = ann.must("git gryt generation list --product search");
    assert!(
        list.contains("search/v4.1.0") && !list.contains("billing"),
        "{list}"
    );
    ann.refused(2, "git gryt generation list --product Search");
    ann.refused(
        2,
        "git gryt generation new --next minor --product a --from v9.0.0",
    );
    ann.refused(7, "git gryt notes --product mobile");
}
