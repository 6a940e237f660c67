//! A cloud that lost part of `refs/gryt/*`: to a `git push --mirror`, a restored backup, a person.

use crate::sandbox::{Person, Sandbox};

/// v1.0.0 promoted, then v1.1.0 promoted and withdrawn, and a draft with a proof of bob's: what is
/// there after the first release is kept beside as a backup.
fn history(sandbox: &Sandbox, [ann, bob]: [&Person; 2]) {
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    sandbox.nobody().must("cp -R hosting.git backup.git");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0 && git gryt withdraw v1.1.0 --reason Broken");
    ann.must("git gryt generation new v2.0.0 --change add:C:c && git gryt sync push");
    bob.must("git pull -q && git gryt sync pull && git gryt evolution start v2.0.0 --change C");
    bob.must("git gryt run -q && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
}

/// The shared refs and tags of the hosting.
fn held(who: &Person) -> String {
    let all = who.git("ls-remote origin");
    let ours = |line: &&str| line.contains("refs/gryt/") || line.contains("refs/tags/");
    all.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

fn loses(sandbox: &Sandbox, refs: &str) {
    let hosting = sandbox.nobody().at(sandbox.path().join("hosting.git"));
    let script =
        format!("git for-each-ref --format='delete %(refname)' {refs} | git update-ref --stdin");
    hosting.must(&script);
}

#[test]
fn what_a_mirror_push_deleted_is_put_back_whole() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    history(&sandbox, [&ann, &bob]);
    cleo.must("git pull -q && git gryt sync pull");
    let before = held(&ann);
    loses(&sandbox, "refs/gryt refs/tags");
    for person in [&ann, &bob] {
        let told = person.refused(9, "git gryt sync pull");
        assert!(
            told.contains("git gryt sync push --republish --dry-run"),
            "{told}"
        );
    }
    let told = ann.must("git gryt sync push --republish --dry-run");
    for line in [
        "promotion of v1.0.0",
        "promotion of v1.1.0",
        "withdrawal of v1.1.0",
        "draft v2.0.0",
        "evolution v2.0.0/C/rc.1",
        "tag v1.1.0",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert_eq!(held(&ann), "");
    let veto = sandbox.path().join("hosting.git/hooks/pre-receive");
    let (veto, refuses) = (
        veto.display(),
        "printf '#!/bin/sh\\necho No >&2\\nexit 1\\n'",
    );
    ann.must(&format!("{refuses} >{veto} && chmod +x {veto}"));
    let told = ann.refused(8, "git gryt sync push --republish");
    assert!(told.contains("No") && !told.contains("faster"), "{told}");
    ann.must(&format!("rm {veto} && git gryt sync push --republish"));
    assert_eq!(held(&ann), before);
    for person in [&ann, &bob, &cleo] {
        person.must("git gryt sync pull && git gryt verify");
    }
    let again = bob.must("git gryt sync push --republish");
    assert!(again.contains("nothing to put back"), "{again}");
}

#[test]
fn a_restored_backup_is_brought_up_to_date() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    history(&sandbox, [&ann, &bob]);
    let before = held(&ann);
    sandbox
        .nobody()
        .must("rm -rf hosting.git && cp -R backup.git hosting.git");
    bob.must("git gryt sync push --republish");
    let after = held(&ann);
    // What the backup still had of the folded draft is the ledger's already.
    for line in before.lines() {
        assert!(after.contains(line), "{line}: {after}");
    }
    ann.must("git gryt sync pull && git gryt verify");
    assert!(ann.must("git gryt log").contains("v1.1.0"));
}

#[test]
fn a_clone_that_saw_less_is_told_whose_ledger_is_longer() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    bob.must("git pull -q && git gryt sync pull");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    loses(&sandbox, "refs/gryt");
    let told = bob.refused(4, "git gryt sync push --republish");
    assert!(told.contains("The tag v1.1.0 names an entry"), "{told}");
    assert_eq!(bob.git("ls-remote origin 'refs/gryt/*'"), "");
    bob.git("fetch -q --tags");
    bob.refused(4, "git gryt sync push --republish");
    // The tags of a fork, or of another project, are none of this ledger's.
    ann.must("git gryt sync push --republish");
    bob.must("git gryt sync pull && git gryt verify");
}

#[test]
fn where_the_team_went_on_what_is_free_is_appended_and_the_rest_is_listed() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cleo, dan] = sandbox.team(["ann", "bob", "cleo", "dan"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    cleo.must("git pull -q && git gryt sync pull");
    sandbox.nobody().must("cp -R hosting.git backup.git");
    for (version, change) in [("v1.1.0", "B"), ("v1.2.0", "C")] {
        ann.proves(version, change);
        ann.must(&format!("git gryt promote {version}"));
    }
    bob.must("git pull -q && git gryt sync pull");
    dan.must("git pull -q && git gryt sync pull");
    sandbox
        .nobody()
        .must("rm -rf hosting.git && cp -R backup.git hosting.git");
    loses(&sandbox, "refs/heads");
    ann.git("push -q origin main");
    // Somebody who saw nothing of it goes on.
    cleo.must("git pull -q");
    cleo.proves("v1.2.0", "X");
    cleo.must("git gryt promote v1.2.0");
    ann.git("pull -q");
    ann.refused(9, "git gryt sync pull");
    let ran = ann.sh("git gryt sync push --republish");
    assert_eq!(ran.code, 6, "{ran:#?}");
    let told = ran.out;
    assert!(told.contains("promotion of v1.1.0"), "{told}");
    assert!(
        told.contains("v1.2.0: cleo") && told.contains("promoted it meanwhile"),
        "{told}"
    );
    let log = ann.must("git gryt log");
    assert!(log.contains("v1.1.0") && log.contains("v1.2.0"), "{log}");
    ann.must("git gryt sync pull");
    // Who verified both cannot take over what lacks one of them before having seen that.
    bob.refused(9, "git gryt sync pull");
    let ran = bob.sh("git gryt sync push --republish");
    assert_eq!(ran.code, 6, "{ran:#?}");
    let told = ran.out;
    assert!(told.contains("v1.2.0: cleo"), "{told}");
    bob.must("git gryt sync pull");
    let genesis = ann.git("rev-list --first-parent --max-parents=0 refs/gryt/ledger");
    let entries = |who: &Person| who.git("rev-list --first-parent refs/gryt/ledger");
    cleo.must("git gryt sync pull");
    assert_eq!(entries(&ann), entries(&cleo));
    assert_eq!(entries(&ann), entries(&bob));
    assert!(entries(&ann).ends_with(&genesis));
    ann.must("git gryt verify");
}

#[test]
fn who_verified_what_was_put_back_on_top_of_others_goes_on_without_a_word_of_command() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    cleo.must("git pull -q && git gryt sync pull");
    sandbox.nobody().must("cp -R hosting.git backup.git");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    bob.must("git pull -q && git gryt sync pull");
    let code = ann.git("rev-parse HEAD");
    sandbox
        .nobody()
        .must("rm -rf hosting.git && cp -R backup.git hosting.git");
    ann.git(&format!("push -q origin {code}:refs/heads/main"));
    cleo.must("git pull -q");
    cleo.proves("v1.3.0", "X");
    cleo.must("git gryt promote v1.3.0");
    ann.must("git pull -q && git gryt sync push --republish");
    let told = bob.must("git gryt sync pull");
    assert!(
        told.contains("v1.3.0") && !told.contains("v1.1.0"),
        "{told}"
    );
    bob.must("git gryt verify && git gryt sync pull");
    bob.proves("v1.4.0", "Y");
    bob.must("git gryt promote v1.4.0");
    ann.must("git gryt sync pull && git gryt verify");
    let entry = ann.git("log --format=%B --first-parent refs/gryt/ledger");
    assert!(entry.contains("Gryt-Original: "), "{entry}");
}

#[test]
fn a_clone_without_memory_is_warned_by_tags() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    history(&sandbox, [&ann, &bob]);
    let tags = ann.git("push -q ../backup.git v1.1.0");
    assert_eq!(tags, "");
    sandbox
        .nobody()
        .must("rm -rf hosting.git && mv backup.git hosting.git");
    let [late] = sandbox.team(["late"]);
    let told = late.sh("git gryt sync pull");
    assert_eq!(told.code, 0);
    assert!(
        told.err.contains("The tag v1.1.0 names an entry"),
        "{told:#?}"
    );
    let none = late.refused(4, "git gryt sync push --republish");
    assert!(none.contains("v1.1.0"), "{none}");
    let stranger = late.at(sandbox.path().join("stranger"));
    sandbox.nobody().must("git clone -q hosting.git stranger");
    stranger.must("git config user.name s && git config user.email s@example.com");
    let told = stranger.refused(2, "git gryt sync push --republish");
    assert!(told.contains("verified no ledger"), "{told}");
}

#[test]
fn what_was_imported_and_accepted_stays_so_where_it_is_appended_again() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    ann.tracks(
        ".gryt/policy.yaml",
        "promoters: [ann@example.com, cleo@example.com]\n",
    );
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    for other in [&bob, &cleo] {
        other.must("git pull -q && git gryt sync pull");
    }
    sandbox.nobody().must("cp -R hosting.git backup.git");
    // Who tagged it may not promote, and who imports it may.
    bob.git("tag -a v0.9.0 -m Old HEAD");
    bob.git("push -q origin v0.9.0");
    ann.git("fetch -q --tags");
    ann.must("git gryt import --from tags");
    // Bob withdraws around git gryt, and Ann finds that he was right.
    bob.must("git gryt sync pull");
    let base = bob.git("rev-parse refs/gryt/ledger").trim().to_owned();
    bob.must(&format!(
        "export GIT_INDEX_FILE=.git/other && git read-tree {base} && \
         said='{{version: v1.0.0, reason: leaks, by: {{name: bob, email: bob@example.com}}, at: 2026-01-02T03:04:05+00:00}}' && \
         blob=$(echo \"$said\" | git hash-object -w --stdin) && \
         git update-index --add --cacheinfo 100644,$blob,withdrawals/1/1.0/v1.0.0/1.yaml && \
         entry=$(printf 'Withdraw\n\nGryt-Format: 1\nGryt-Kind: withdrawal\nGryt-Base: {base}\nGryt-Version: v1.0.0\n' | \
         git commit-tree $(git write-tree) -p {base}) && git push -q origin $entry:refs/gryt/ledger"
    ));
    let entry = {
        let told = ann.must("git gryt sync pull");
        assert!(
            told.contains("the withdrawal of v1.0.0 is disputed"),
            "{told}"
        );
        ann.git("rev-parse refs/gryt/ledger").trim().to_owned()
    };
    ann.must(&format!("git gryt verify --accept {entry} --reason Right"));
    assert!(ann.must("git gryt log").contains("v1.0.0  withdrawn"));
    bob.must("git gryt sync pull");
    // The cloud loses all of it, and somebody who saw none of it goes on.
    sandbox
        .nobody()
        .must("rm -rf hosting.git && cp -R backup.git hosting.git");
    cleo.proves("v1.1.0", "X");
    cleo.must("git gryt promote v1.1.0");
    ann.must("git gryt sync push --republish");
    for clone in [&ann, &bob, &cleo] {
        clone.must("git gryt sync pull");
        let log = clone.must("git gryt log");
        assert!(log.contains("v1.0.0  withdrawn"), "{log}");
        assert!(log.contains("v0.9.0"), "{log}");
        let verified = clone.must("git gryt verify");
        assert!(
            verified.contains("In the past: the withdrawal of v1.0.0: promoters: bob"),
            "{verified}"
        );
        assert!(verified.contains("(accepted by ann"), "{verified}");
    }
}
