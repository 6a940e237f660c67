//! Who approves a release, and what ends that.

use crate::sandbox::{Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";

/// Ann, who declares and proves v1.0.0 under that policy, and her colleagues, who have pulled it.
fn declared<const N: usize>(sandbox: &Sandbox, policy: &str, names: [&str; N]) -> [Person; N] {
    sandbox.hosting();
    let people = sandbox.team(names);
    people[0].tracks(POLICY, policy);
    people[0].proves("v1.0.0", "A");
    people[0].must("git gryt sync push && git gryt sync push-evolutions");
    for person in &people[1..] {
        person.git("pull -q origin main");
        person.must("git gryt sync pull");
    }
    people
}

fn approvals(person: &Person) -> Vec<String> {
    let refs = person.git("ls-remote origin 'refs/gryt/approvals/*'");
    let name = |line: &str| line.split('\t').nth(1).unwrap().to_owned();
    refs.lines().map(name).collect()
}

#[test]
fn a_release_waits_for_those_whom_its_policy_names() {
    let sandbox = Sandbox::new();
    let policy = "approvals: [{need: 2, from: [qa, lead@example.com], not_author: true}]\n\
                  roles: {qa: [bob@example.com, ann@example.com]}\nrelease_files: [CHANGES.md]\n";
    let [ann, bob, cat, lead] = declared(&sandbox, policy, ["ann", "bob", "cat", "lead"]);
    let refusal = ann.refused(5, "git gryt promote v1.0.0 --dry-run");
    assert!(
        refusal.contains(
            "approvals: 0 of 2 approvals by qa or lead@example.com, who did not write it"
        ),
        "{refusal}"
    );
    // Whoever is not named, or declared it, says so in vain.
    let told = cat.sh("git gryt approve v1.0.0");
    assert!(
        told.code == 0 && told.err.contains("does not count"),
        "{told:?}"
    );
    let refusal = cat.refused(5, "git gryt approve v1.0.0 --reject");
    assert!(
        refusal.contains("No rule of the policy names you"),
        "{refusal}"
    );
    ann.must("git gryt approve v1.0.0");
    assert!(ann.refused(5, "git gryt promote v1.0.0").contains("0 of 2"));
    let said = bob.must("git gryt approve v1.0.0 -m 'Tried it'");
    assert!(
        said.starts_with("Approved: v1.0.0\n  The contract with 1 change, at commit "),
        "{said}"
    );
    assert!(
        bob.must("git gryt approve v1.0.0")
            .contains("You have approved v1.0.0 already")
    );
    assert_eq!(bob.refs("refs/gryt/approvals/").len(), 1);
    let why = ann.must("git gryt why v1.0.0");
    assert!(
        why.contains("lead@example.com") && why.contains("git gryt approve v1.0.0 --commit"),
        "{why}"
    );
    assert!(!why.contains("bob@example.com"), "{why}");
    let news = lead.must("git gryt sync pull");
    assert!(news.contains("bob approved v1.0.0"), "{news}");
    assert!(
        news.contains("v1.0.0 is proven and awaits your approval"),
        "{news}"
    );
    // Code that goes on does not change what is approved, which is what is promoted.
    let approved = bob.git("rev-parse HEAD");
    ann.works("more.txt");
    lead.git("fetch -q");
    lead.must("git gryt approve v1.0.0");
    lead.must("git gryt approve v1.0.0 --reject -m 'The price list is wrong'");
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("lead rejected it (The price list is wrong)"),
        "{refusal}"
    );
    lead.must("git gryt approve v1.0.0 --revoke");
    lead.refused(7, "git gryt approve v1.0.0 --revoke");
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(refusal.contains("1 of 2"), "{refusal}");
    lead.must("git gryt approve v1.0.0");
    let numbers: Vec<String> = approvals(&ann);
    assert!(
        numbers.contains(&"refs/gryt/approvals/v1.0.0/lead@example.com/4".to_owned()),
        "{numbers:?}"
    );
    assert_eq!(numbers.len(), 4, "{numbers:?}");
    let refusal = ann.refused(5, "git gryt promote v1.0.0 --commit HEAD");
    assert!(
        refusal.contains("bob approved it, and it is of another commit"),
        "{refusal}"
    );
    let shown = ann.must("git gryt why v1.0.0");
    assert!(
        shown.contains(&format!(
            "The commit {} is sufficiently approved",
            &approved[..10]
        )),
        "{shown}"
    );
    assert!(
        ann.must("git gryt generation show v1.0.0")
            .contains("Approved by bob\n")
    );
    ann.must("git gryt promote v1.0.0");
    assert_eq!(ann.git("rev-parse v1.0.0^{commit}"), approved);
    assert!(approvals(&ann).is_empty(), "{:?}", approvals(&ann));
    let sealed = ann.git("show refs/gryt/ledger:releases/1/1.0/v1.0.0.promotion.yaml");
    assert!(
        sealed.contains("says: approved") && sealed.contains("gate: approvals"),
        "{sealed}"
    );
    for person in [&ann, &bob, &lead] {
        person.must("git gryt sync pull && git gryt verify");
        assert!(person.refs("refs/gryt/approvals/").is_empty());
    }
    bob.refused(3, "git gryt approve v1.0.0");
    assert!(
        bob.must("git gryt generation show v1.0.0")
            .contains("Approved by lead\n")
    );
    let log = bob.must("git gryt log -v");
    assert!(log.contains("v1.0.0 approved by bob\n"), "{log}");
    assert!(
        log.contains("v1.0.0 approved by cat, which does not count\n"),
        "{log}"
    );
    assert!(
        bob.must("git gryt notes v1.0.0")
            .contains("\nApproved by bob, lead\n")
    );
}

/// Has `who` run `line` once, while the server takes a push of a ref whose name begins so.
fn meanwhile(sandbox: &Sandbox, who: &Person, begins: &str, line: &str) {
    let hook = sandbox.path().join("hosting.git/hooks/pre-receive");
    let (dir, path) = (who.dir.display(), who.variable("PATH"));
    let flag = sandbox.path().join("flag");
    let text = format!(
        "#!/bin/sh\nPATH='{path}'\nwhile read old new name; do\n    case $name in\n    {begins}*)\n        \
         mkdir '{flag}' 2>/dev/null || exit 0\n        unset $(git rev-parse --local-env-vars) \
         GIT_QUARANTINE_PATH\n        cd '{dir}' && {line} > ../meanwhile 2>&1; echo \"exit $?\" >> ../meanwhile\n        \
         exit 0 ;;\n    esac\ndone\nexit 0\n",
        flag = flag.display(),
    );
    std::fs::write(&hook, text).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    _ = std::fs::remove_dir(&flag);
}

#[test]
fn what_is_taken_back_while_it_is_promoted_stops_that_or_comes_too_late() {
    let sandbox = Sandbox::new();
    let policy = "approvals: [{need: 1, from: [bob@example.com]}]\n";
    let [ann, bob] = declared(&sandbox, policy, ["ann", "bob"]);
    bob.must("git gryt approve v1.0.0");
    meanwhile(
        &sandbox,
        &bob,
        "refs/gryt/ledger",
        "git gryt approve v1.0.0 --revoke",
    );
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("0 of 1 approvals by bob@example.com"),
        "{refusal}"
    );
    let told = ann.awaits("../meanwhile");
    assert!(
        told.contains("you neither approve nor reject v1.0.0") && told.ends_with("exit 0"),
        "{told}"
    );
    bob.must("git gryt approve v1.0.0");
    meanwhile(
        &sandbox,
        &ann,
        "refs/gryt/approvals/",
        "git gryt promote v1.0.0",
    );
    let refusal = bob.refused(3, "git gryt approve v1.0.0 --revoke");
    assert!(refusal.contains("v1.0.0 already promoted"), "{refusal}");
    assert!(ann.awaits("../meanwhile").ends_with("exit 0"));
    // Both at once, as it comes: never both.
    for (version, change) in [("v1.1.0", "B"), ("v1.2.0", "C")] {
        ann.proves(version, change);
        ann.must("git gryt sync push && git gryt sync push-evolutions");
        bob.must(&format!("git gryt sync pull && git gryt approve {version}"));
        let promoting = ann.start(&["promote", version]);
        let revoking = bob.start(&["approve", version, "--revoke"]);
        let (promoted, revoked) = (Person::wait(promoting), Person::wait(revoking));
        match promoted.code {
            0 => assert_eq!(revoked.code, 3, "{promoted:?} {revoked:?}"),
            _ => assert_eq!(
                (promoted.code, revoked.code),
                (5, 0),
                "{promoted:?} {revoked:?}"
            ),
        }
    }
    bob.must("git gryt sync pull && git gryt verify");
}

#[test]
fn an_edit_ends_an_approval_and_what_leaves_takes_it_along() {
    let sandbox = Sandbox::new();
    let policy = "approvals: [{need: 1, from: [bob@example.com]}]\nrelease_files: [CHANGES.md]\n\
                  waivable: [approvals]\n";
    let [ann, bob] = declared(&sandbox, policy, ["ann", "bob"]);
    bob.must("git gryt approve v1.0.0");
    ann.must("git gryt sync pull && git gryt generation edit v1.0.0 --description New && git gryt sync push");
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("bob approved it, and the contract was edited since"),
        "{refusal}"
    );
    let news = bob.must("git gryt sync pull");
    assert!(
        news.contains(
            "your approval of v1.0.0 does not hold any more: the contract was edited since"
        ),
        "{news}"
    );
    assert!(
        bob.must("git gryt status")
            .contains("v1.0.0 awaits your approval")
    );
    bob.must("git gryt approve v1.0.0");
    // The notes that go along with a release are no part of what was approved.
    ann.works("CHANGES.md");
    ann.must("git gryt promote v1.0.0 --dry-run");
    ann.must("git gryt sync pull");
    ann.must("git gryt generation delete v1.0.0");
    assert!(approvals(&ann).is_empty());
    bob.must("git gryt sync pull");
    assert!(bob.refs("refs/gryt/approvals/").is_empty());
    ann.must("git gryt generation restore v1.0.0 && git gryt sync push");
    assert_eq!(
        approvals(&ann),
        ["refs/gryt/approvals/v1.0.0/bob@example.com/2"]
    );
    ann.must("git gryt promote v1.0.0 --dry-run");
    ann.must("git gryt generation rename v1.0.0 v1.0.1 && git gryt sync push");
    assert!(approvals(&ann).is_empty(), "{:?}", approvals(&ann));
    ann.must("git gryt sync push-evolutions");
    let refusal = ann.refused(5, "git gryt promote v1.0.1");
    assert!(refusal.contains("0 of 1"), "{refusal}");
    // A rejection stands over what is edited and committed, until it is waived.
    bob.must("git fetch -q && git gryt sync pull && git gryt approve v1.0.1 --reject");
    ann.must("git gryt generation edit v1.0.1 --description Newer && git gryt sync push");
    assert!(
        ann.refused(5, "git gryt promote v1.0.1")
            .contains("bob rejected it")
    );
    ann.must("git gryt promote v1.0.1 --waive approvals --reason 'He is away'");
    bob.must("git gryt sync pull && git gryt verify");
    assert!(approvals(&bob).is_empty());
    // Somebody else's name on an approval counts for nothing, and stops nobody.
    ann.proves("v1.1.0", "B");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt approve v1.1.0");
    let own = ann.git("ls-remote origin 'refs/gryt/approvals/*' | cut -f1");
    ann.git(&format!(
        "push -q origin {own}:refs/gryt/approvals/v1.1.0/bob@example.com/7"
    ));
    let told = bob.sh("git gryt sync pull");
    assert!(
        format!("{}{}", told.out, told.err).contains("it is by ann"),
        "{told:?}"
    );
    assert!(ann.refused(5, "git gryt promote v1.1.0").contains("0 of 1"));
    bob.must("git gryt approve v1.1.0");
    ann.must("git gryt promote v1.1.0");
}

#[test]
fn a_project_without_a_cloud_asks_for_approvals_too() {
    let sandbox = Sandbox::new();
    let who = sandbox.nobody();
    who.git("init -q -b main alone");
    let who = who.at(sandbox.path().join("alone"));
    who.git("config user.name ann");
    who.git("config user.email ann@example.com");
    who.must("git gryt init");
    who.write(POLICY, "approvals: [{need: 1, from: [ann@example.com]}]\n");
    who.git("add .");
    who.git("commit -q -m Begin");
    who.proves("v1.0.0", "A");
    who.refused(5, "git gryt promote v1.0.0");
    who.must("git gryt approve v1.0.0 --reject -m No && git gryt approve v1.0.0");
    assert_eq!(who.refs("refs/gryt/approvals/").len(), 1);
    who.must("git gryt promote v1.0.0 && git gryt verify");
    assert!(who.refs("refs/gryt/approvals/").is_empty());
}

#[test]
fn a_server_lets_no_approval_in_that_does_not_check() {
    let sandbox = Sandbox::new();
    let policy = "approvals: [{need: 1, from: [bob@example.com]}]\n";
    let [ann, bob] = declared(&sandbox, policy, ["ann", "bob"]);
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    hosting.must("git gryt hook install --server");
    ann.must("git gryt approve v1.0.0");
    bob.must("git gryt approve v1.0.0");
    let tip = || {
        ann.git(
            "rev-parse $(git for-each-ref --format='%(refname)' 'refs/gryt/approvals/v1.0.0/ann@example.com/')",
        )
    };
    let own = tip();
    for name in ["bob@example.com/2", "bob@example.com/1"] {
        let push = format!("git push -f origin {own}:refs/gryt/approvals/v1.0.0/{name}");
        let ran = ann.sh(&push);
        assert!(ran.code != 0 && ran.err.contains("it is by ann"), "{ran:?}");
    }
    ann.must("git gryt approve v1.0.0 -m again");
    let other = tip();
    let name = "refs/gryt/approvals/v1.0.0/ann@example.com/9";
    ann.git(&format!("push -q origin {own}:{name}"));
    let ran = ann.sh(&format!("git push -f origin {other}:{name}"));
    assert!(
        ran.code != 0 && ran.err.contains("an approval is written once"),
        "{ran:?}"
    );
    ann.must("git gryt promote v1.0.0");
    assert!(approvals(&ann).is_empty());
}

#[test]
fn a_host_that_deletes_nothing_guards_no_approval_which_is_said() {
    let sandbox = Sandbox::new();
    let policy = "approvals: [{need: 1, from: [bob@example.com]}]\n";
    let [ann, bob] = declared(&sandbox, policy, ["ann", "bob"]);
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let zeros = "0".repeat(40);
    hosting.write("hooks/update", &format!("#!/bin/sh\n[ $3 != {zeros} ]\n"));
    hosting.must("chmod +x hooks/update");
    bob.must(
        "git gryt approve v1.0.0 && git gryt approve v1.0.0 --revoke && git gryt approve v1.0.0",
    );
    assert_eq!(approvals(&ann).len(), 3);
    let ran = ann.sh("git gryt promote v1.0.0");
    assert!(
        ran.code == 0
            && ran
                .err
                .contains("This cloud does not delete refs together with"),
        "{ran:?}"
    );
    let told = bob.must("git gryt sync pull && git gryt verify");
    assert!(!told.contains("which does not count"), "{told}");
    assert!(bob.refs("refs/gryt/approvals/").is_empty());
    // What is said after that comes too late, whoever lets it in.
    ann.proves("v1.1.0", "B");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull && git gryt approve v1.1.0");
    let late = bob.git("for-each-ref --format='%(objectname)' refs/gryt/approvals/");
    ann.must("git gryt promote v1.1.0");
    let again = bob.must(&format!(
        "GIT_AUTHOR_DATE='2026-01-03T03:04:05+0000' git commit-tree -m \"$(git log -1 --format=%B \
         {late})\" {late}^{{tree}}"
    ));
    let again = again.trim();
    bob.git(&format!(
        "push -q origin {again}:refs/gryt/approvals/v1.1.0/bob@example.com/2"
    ));
    bob.git(&format!(
        "update-ref refs/gryt/approvals/v1.1.0/bob@example.com/2 {again}"
    ));
    let told = bob.must("git gryt sync pull");
    assert!(
        told.contains(
            "v1.1.0 was promoted before the approval or rejection by bob@example.com arrived"
        ),
        "{told}"
    );
    assert!(!bob.must("git gryt sync pull").contains("arrived"));
}

#[test]
fn an_approved_release_that_the_cloud_lost_is_appended_again_under_another_policy() {
    let sandbox = Sandbox::new();
    let policy =
        "approvals: [{need: 1, from: [bob@example.com], not_author: true, paths: ['**']}]\n";
    let [ann, bob, cleo] = declared(&sandbox, policy, ["ann", "bob", "cleo"]);
    let hosting = sandbox.nobody();
    bob.must("git gryt approve v1.0.0");
    ann.must("git gryt promote v1.0.0");
    for person in [&bob, &cleo] {
        person.must("git gryt sync pull");
    }
    hosting.must("cp -R hosting.git backup.git");
    ann.works("one.txt");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git pull -q origin main && git gryt sync pull && git gryt approve v1.1.0");
    ann.must("git gryt promote v1.1.0");
    hosting.must("rm -rf hosting.git && cp -R backup.git hosting.git");
    ann.git("push -q origin main");
    // Who saw nothing of it goes on, with another policy.
    cleo.git("pull -q origin main");
    cleo.tracks(POLICY, &format!("{policy}waivable: [versions]\n"));
    cleo.proves("v1.2.0", "C");
    cleo.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git pull -q origin main && git gryt sync pull && git gryt approve v1.2.0");
    cleo.must("git gryt promote v1.2.0");
    ann.git("pull -q origin main");
    let told = ann.must("git gryt sync push --republish");
    assert!(told.contains("promotion of v1.1.0"), "{told}");
    for person in [&ann, &bob, &cleo] {
        let told = person.must("git gryt sync pull && git gryt verify");
        assert!(!told.contains("disputed"), "{told}");
        assert!(
            person
                .must("git gryt log -v")
                .contains("v1.1.0 approved by bob\n")
        );
    }
}

#[test]
fn a_product_asks_its_own_people_below_another_prefix() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt config --shared remote_prefix refs/heads/gryt/");
    let policy = "products:\n  web:\n    approvals: [{need: 1, from: [qa]}]\n    \
                  roles: {qa: [bob@example.com]}\n";
    ann.tracks(POLICY, policy);
    bob.git("pull -q origin main");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.proves("web/v1.0.0", "B");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull && git gryt approve web/v1.0.0 --reject -m No");
    let there = || ann.git("ls-remote origin 'refs/heads/gryt/approvals/*'");
    assert!(there().ends_with("refs/heads/gryt/approvals/web/v1.0.0/bob@example.com/1"));
    let refusal = ann.refused(5, "git gryt promote web/v1.0.0");
    assert!(refusal.contains("bob rejected it (No)"), "{refusal}");
    bob.must("git gryt approve web/v1.0.0");
    assert!(there().ends_with("/bob@example.com/2") && !there().contains('\n'));
    ann.must("git gryt promote web/v1.0.0 && git gryt verify");
    assert_eq!(there(), "");
}

#[test]
fn nobody_loosens_whose_approval_is_needed_by_the_release_that_does_without() {
    let sandbox = Sandbox::new();
    let policy = "approvals: [{need: 1, from: [bob@example.com]}]\n";
    let [ann, bob] = declared(&sandbox, policy, ["ann", "bob"]);
    bob.must("git gryt approve v1.0.0");
    ann.must("git gryt promote v1.0.0");
    ann.proves("v2.0.0", "B");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull && git gryt approve v2.0.0");
    let approved = ann.git("rev-parse HEAD");
    ann.tracks(POLICY, "promoters: [ann@example.com]\n");
    ann.proves("v1.5.0", "C");
    for line in [
        "git gryt promote v1.5.0",
        "git gryt promote v1.5.0 --override-previous --reason Hurry",
    ] {
        let refusal = ann.refused(5, line);
        assert!(
            refusal.contains("approvals, by the policy of v1.0.0 alone: 0 of 1")
                && refusal.contains("names no heir who could override approvals"),
            "{refusal}"
        );
    }
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git pull -q origin main && git gryt sync pull && git gryt approve v1.5.0");
    ann.must("git gryt promote v1.5.0");
    let news = bob.must("git gryt sync pull");
    let told = "your approval of v2.0.0 does not hold any more: the policy changed since";
    assert!(news.contains(told), "{news}");
    let refusal = ann.refused(5, &format!("git gryt promote v2.0.0 --commit {approved}"));
    assert!(
        refusal.contains("bob approved it, and the policy changed since"),
        "{refusal}"
    );
    bob.must("git gryt verify");
}
