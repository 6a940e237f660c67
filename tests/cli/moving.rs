//! Moving a project's ledger to another place splits nobody.

use crate::sandbox::{Person, Sandbox};

const BRANCHES: &str = "refs/heads/gryt/";

/// The hosting, and a team; ann has declared v1.0.0 and proven its change.
fn team<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> (Person, [Person; N]) {
    let hosting = sandbox.hosting();
    let people = sandbox.team(names);
    let ann = &people[0];
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
    for person in &people[1..] {
        person.must("git pull -q origin main && git gryt sync pull");
    }
    (people[0].at(hosting), people)
}

/// How many of the ledgers below `places` hold the promotion of a version.
fn sealed(hosting: &Person, places: &[&str], version: &str) -> usize {
    let holds = |place: &&&str| {
        let line = format!("git ls-tree -r --name-only {place}ledger");
        hosting
            .must(&line)
            .contains(&format!("{version}.promotion"))
    };
    places.iter().filter(holds).count()
}

#[test]
fn a_version_is_promoted_once_whoever_knows_of_the_move() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob, cid]) = team(&sandbox, ["ann", "bob", "cid"]);
    ann.must("git gryt config tag false");
    cid.must("git gryt config tag false");
    let refused = bob.refused(4, "git gryt config --shared remote_prefix refs/heads/gryt/");
    assert!(refused.contains("git gryt sync move --prefix refs/heads/gryt/"));
    bob.must("git gryt sync move --prefix refs/heads/gryt/");
    bob.must("git commit -q -a -m Move && git push -q origin main");
    bob.must("git gryt promote v1.0.0");
    // Nobody told cid.
    for line in [
        "promote v1.0.0",
        "generation new v9.0.0 && git gryt sync push",
    ] {
        let refused = cid.refused(4, &format!("git gryt {line}"));
        assert!(refused.contains("git gryt sync move --follow"), "{refused}");
    }
    let places = ["refs/gryt/", BRANCHES];
    assert_eq!(sealed(&hosting, &places, "v1.0.0"), 1);
    // Reading says so, and the branch that says where it is now does not move a clone by itself.
    let pulled = cid.sh("git gryt sync pull");
    assert!(pulled.err.contains("The ledger moved to refs/heads/gryt/"));
    cid.must("git pull -q origin main");
    cid.refused(4, "git gryt sync push");
    cid.must("git gryt sync move --follow");
    cid.refused(3, "git gryt promote v1.0.0");
    ann.must("git gryt sync move --follow && git gryt verify && git gryt sync pull");
    // A clone made now finds it, on this branch and on an older one.
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull && git gryt verify");
    assert!(fresh.must("git gryt log").contains("v1.0.0"));
    let old = sandbox.clone_of("old", "hosting.git");
    old.must("git checkout -q HEAD~1 && git gryt sync pull && git gryt sync move --follow");
    assert!(old.must("git gryt log").contains("v1.0.0"));
    hosting.git("fsck --strict --no-dangling");
}

#[test]
fn what_came_too_late_for_the_move_is_sent_again() {
    let sandbox = Sandbox::new();
    let (_, [ann, bob, cid]) = team(&sandbox, ["ann", "bob", "cid"]);
    // Declared before the move, and pushed after it: the push is refused and nothing is lost.
    cid.must("git gryt generation new v3.0.0 --change add:C:c");
    // Another one is deleted at the new place.
    cid.must("git gryt generation new v4.0.0 && git gryt sync push --version v4.0.0");
    bob.must("git gryt sync pull && git gryt sync move --prefix refs/heads/gryt/");
    bob.must("git gryt generation delete v4.0.0");
    cid.refused(4, "git gryt sync push");
    cid.must("git gryt evolution start v3.0.0 --change C && git gryt run");
    // An evolution needs no ledger, and may land at the old place.
    cid.must("git push -q origin 'refs/gryt/evolutions/*:refs/gryt/evolutions/*'");
    let followed = cid.must("git gryt sync move --follow");
    assert!(followed.contains("Created: 1"), "{followed}");
    for who in [&bob, &ann] {
        if who.name == "ann" {
            who.must("git gryt sync move --follow");
        }
        who.must("git gryt sync pull");
        let listed = who.must("git gryt generation list && git gryt evolution list v3.0.0");
        assert!(listed.contains("v3.0.0"), "{listed}");
        assert!(listed.contains("rc.1"), "{listed}");
        assert!(!listed.contains("v4.0.0"), "{listed}");
    }
    assert!(!cid.must("git gryt generation list").contains("v4.0.0"));
}

#[test]
fn a_project_moves_to_another_remote_and_back() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    ann.git("init -q --bare ../new.git");
    ann.must("git remote add new ../new.git && git push -q new main");
    ann.must("git gryt sync move --remote new");
    ann.must("git gryt promote v1.0.0 && git gryt verify");
    let new = ann.at(sandbox.path().join("new.git"));
    assert_eq!(sealed(&hosting, &["refs/gryt/"], "v1.0.0"), 0);
    assert_eq!(sealed(&new, &["refs/gryt/"], "v1.0.0"), 1);
    let refused = bob.refused(4, "git gryt promote v1.0.0");
    assert!(refused.contains("../new.git"), "{refused}");
    let lost = bob.refused(4, "git gryt sync move --follow");
    assert!(lost.contains("git remote add NAME ../new.git"), "{lost}");
    bob.must("git remote add fresh ../new.git && git gryt sync move --follow");
    bob.refused(3, "git gryt promote v1.0.0");
    // It has arrived: back is another move.
    let behind = sandbox.clone_of("cid", "hosting.git");
    behind.must("git gryt sync pull && git remote add new ../new.git");
    let refused = behind.refused(6, "git gryt sync move --back");
    assert!(refused.contains("v1.0.0 was promoted there"), "{refused}");
    ann.must("git gryt sync move --remote origin");
    assert_eq!(sealed(&hosting, &["refs/gryt/"], "v1.0.0"), 1);
    behind.must("git gryt sync pull && git gryt generation new v2.0.0 && git gryt sync push");
    bob.must("git gryt sync move --follow && git gryt sync pull && git gryt verify");
    assert!(bob.must("git gryt generation list").contains("v2.0.0"));
}

#[test]
fn a_move_that_never_arrived_is_brought_there_or_taken_back() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    // A host that takes no branches of that name: the ledger leaves, and cannot arrive.
    let hook = hosting.dir.join("hooks/update");
    let script = "#!/bin/sh\ncase $1 in refs/heads/gryt/*) exit 1;; esac\n";
    std::fs::write(&hook, script).unwrap();
    hosting.must("chmod +x hooks/update");
    hosting.git("config receive.advertiseatomic false");
    let refused = ann.refused(8, "git gryt sync move --prefix refs/heads/gryt/");
    assert!(refused.contains("git gryt sync move --back"), "{refused}");
    bob.refused(4, "git gryt promote v1.0.0");
    bob.must("git gryt sync move --back");
    bob.must("git gryt promote v1.0.0 && git gryt verify");
    assert_eq!(sealed(&hosting, &["refs/gryt/"], "v1.0.0"), 1);
    // Again, and this time somebody else brings it there.
    ann.must("git gryt sync pull && git gryt generation new v1.1.0 && git gryt sync push");
    ann.refused(8, "git gryt sync move --prefix refs/heads/gryt/");
    std::fs::remove_file(&hook).unwrap();
    bob.must("git gryt sync move --follow");
    ann.must("git gryt sync move --follow && git gryt verify");
    for who in [&ann, &bob] {
        assert!(who.must("git gryt generation list").contains("v1.1.0"));
        assert!(who.must("git gryt config --list").contains(BRANCHES));
    }
}

#[test]
fn only_a_promoter_moves_and_an_entry_after_the_move_counts_for_nothing() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, mal]) = team(&sandbox, ["ann", "mal"]);
    ann.write(".gryt/policy.yaml", "promoters: [ann@example.com]\n");
    ann.must("git add . && git commit -q -m Policy && git push -q origin main");
    ann.must("git gryt promote v1.0.0");
    mal.must("git pull -q origin main && git gryt sync pull");
    let refused = mal.refused(5, "git gryt sync move --prefix refs/heads/gryt/");
    assert!(refused.contains("may not move the ledger"), "{refused}");
    assert!(hosting.refs(BRANCHES).is_empty());
    ann.must("git gryt sync move --prefix refs/heads/gryt/");
    // Whoever goes on at the old place with plain git adds nothing.
    let tip = hosting.git("rev-parse refs/gryt/ledger");
    let tree = hosting.git("rev-parse refs/gryt/ledger^{tree}");
    let (tip, tree) = (tip.trim(), tree.trim());
    let message = format!(
        "Withdraw v1.0.0: x\n\nGryt-Format: 1\nGryt-Kind: withdrawal\nGryt-Base: {tip}\nGryt-Version: v1.0.0\n"
    );
    hosting.write("message", &message);
    hosting.must(&format!(
        "git -c user.name=m -c user.email=m@x commit-tree {tree} -p {tip} -F message > entry && \
         git update-ref refs/gryt/ledger $(cat entry)"
    ));
    let old = mal.sh("git gryt sync pull");
    assert!(
        old.err.contains("the ledger has left this place"),
        "{old:#?}"
    );
    mal.must("git gryt sync move --follow && git gryt verify");
}

#[test]
fn a_promotion_and_a_move_at_once_have_one_order() {
    for round in 0..4 {
        let sandbox = Sandbox::new();
        let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
        if round % 2 == 1 {
            hosting.git("config receive.advertiseatomic false");
        }
        let lines = ["promote v1.0.0", "sync move --prefix refs/heads/gryt/"];
        let codes: Vec<i32> = std::thread::scope(|scope| {
            let runs = [&ann, &bob]
                .into_iter()
                .zip(lines)
                .map(|(who, line)| scope.spawn(move || who.sh(&format!("git gryt {line}")).code));
            let runs: Vec<_> = runs.collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for code in &codes {
            assert!([0, 4, 8].contains(code), "{codes:?}");
        }
        assert!(codes.contains(&0), "one of them got through: {codes:?}");
        if codes[1] != 0 {
            bob.must("git gryt sync move --prefix refs/heads/gryt/");
        }
        ann.must("git gryt sync move --follow");
        let again = ann.sh("git gryt promote v1.0.0").code;
        assert_eq!(again, if codes[0] == 0 { 3 } else { 0 }, "{codes:?}");
        assert_eq!(sealed(&hosting, &[BRANCHES], "v1.0.0"), 1);
        bob.must("git gryt sync pull && git gryt verify");
    }
}
