//! Every row of docs/conflicts.md, played with real clones. Nothing is ever lost: each test ends
//! by looking for what each side had.

use crate::sandbox::{Person, Sandbox};

const FILE: &str = ".gryt/generations/v1.0.0.yaml";

fn file(entries: &[(&str, &str)]) -> String {
    let mut text = String::from("version: v1.0.0\nchanges:\n");
    for (id, title) in entries {
        text += &format!("  # about {id}\n  - type: add\n    id: {id}\n    title: {title}\n");
    }
    text
}

/// Two people who both have the published draft v1.0.0 with change A.
fn shared_draft(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0");
    ann.write(FILE, &file(&[("A", "a")]));
    ann.must("git gryt sync push");
    bob.must("git gryt sync pull");
    [ann, bob]
}

/// Two people who each made v1.0.0; Ann's is published.
fn two_origins(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    bob.proves("v1.0.0", "BOB");
    ann.proves("v1.0.0", "ANN");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    [ann, bob]
}

#[test]
fn same_version_two_origins_is_reported_in_the_originals_words() {
    let sandbox = Sandbox::new();
    let [_, bob] = two_origins(&sandbox);
    let ran = bob.sh("git gryt sync pull");
    assert_eq!(ran.code, 6, "{ran:#?}");
    let said = "Conflicts detected:\n  v1.0.0: Local and cloud have same version\n    Rename local version or delete\n";
    assert!(ran.out.contains(said), "{ran:#?}");
    let status = bob.must("git gryt sync status");
    assert!(
        status.contains("v1.0.0  draft     conflict   (cloud: draft)"),
        "{status}"
    );
    assert!(
        status.contains("Conflicts:\n  v1.0.0: Version exists in cloud\n"),
        "{status}"
    );
    let ran = bob.sh("git gryt sync push");
    assert_eq!(ran.code, 3, "{ran:#?}");
    let said = "Errors:\n  v1.0.0: Version already exists in cloud\n    Use different version\n";
    assert!(ran.out.contains(said), "{ran:#?}");
    bob.refused(6, "git gryt promote v1.0.0");
    bob.refused(6, "git gryt generation resolve v1.0.0 --ours");
}

#[test]
fn same_version_two_origins_ends_by_renaming() {
    let sandbox = Sandbox::new();
    let [ann, bob] = two_origins(&sandbox);
    bob.refused(6, "git gryt sync pull");
    let edited = bob.read(FILE).replace("By bob", "Edited by bob");
    bob.write(FILE, &edited);
    bob.must("git gryt run || true");
    let taken = bob.refused(3, "git gryt generation rename v1.0.0 v1.0");
    assert!(taken.contains("already exists"), "{taken}");
    bob.must("git gryt generation rename v1.0.0 v1.0.1");
    assert!(
        bob.read(".gryt/generations/v1.0.1.yaml")
            .contains("Edited by bob")
    );
    bob.must("git gryt sync pull");
    assert_eq!(bob.read(FILE), ann.read(FILE));
    // The proofs came along, and this worktree goes on with the one that it had started.
    let shown = bob.must("git gryt evolution show v1.0.1/BOB/rc.1");
    assert!(shown.contains("(pass)"), "{shown}");
    bob.must("git gryt run");
    bob.must("git gryt promote v1.0.1");
    ann.must("git gryt sync pull && git gryt promote v1.0.0");
    assert_eq!(ann.must("git gryt log").lines().count(), 2);
}

#[test]
fn same_version_two_origins_ends_by_deleting_here() {
    let sandbox = Sandbox::new();
    let [ann, bob] = two_origins(&sandbox);
    let said = bob.refused(6, "git gryt generation delete v1.0.0");
    assert!(said.contains("--local-only"), "{said}");
    let mine = bob.git("rev-parse refs/gryt/generations/v1.0.0");
    bob.must("git gryt generation delete v1.0.0 --local-only && git gryt sync pull");
    assert_eq!(bob.read(FILE), ann.read(FILE));
    assert!(
        bob.refs("refs/gryt/evolutions")
            .iter()
            .all(|(name, _)| name.contains("/ANN/"))
    );
    bob.git(&format!("cat-file -e {mine}"));
    let kept = bob.refs("refs/gryt-local/deleted");
    assert_eq!(kept.len(), 2, "draft and evolution are kept: {kept:?}");
}

#[test]
fn two_spellings_are_one_version() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    bob.must("git gryt generation new v2.0");
    ann.must("git gryt generation new v2.0.0 && git gryt sync push");
    ann.refused(3, "git gryt generation new v2");
    let ran = bob.sh("git gryt sync push");
    assert_eq!(ran.code, 3, "{ran:#?}");
    bob.git("rev-parse refs/gryt/generations/v2.0");
}

#[test]
fn both_add_a_change_at_the_end() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.write(FILE, &file(&[("A", "a"), ("ANN", "ann's")]));
    bob.write(FILE, &file(&[("A", "a"), ("BOB", "bob's")]));
    ann.must("git gryt sync push");
    let ran = bob.sh("git gryt sync push");
    assert_eq!(ran.code, 4, "{ran:#?}");
    assert!(
        ran.out.contains("Pull first: git gryt sync pull"),
        "{ran:#?}"
    );
    let pulled = bob.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0 was edited here too: merged, and not pushed yet"),
        "{pulled}"
    );
    bob.must("git gryt sync push");
    ann.must("git gryt sync pull");
    let text = ann.read(FILE);
    assert_eq!(text, bob.read(FILE));
    for kept in ["# about A", "# about ANN", "ann's", "# about BOB", "bob's"] {
        assert_eq!(
            text.matches(kept).count(),
            if kept == "# about A" { 2 } else { 1 },
            "{kept}: {text}"
        );
    }
    let parents = bob.git("log -1 --format=%P refs/gryt/generations/v1.0.0");
    assert_eq!(parents.split(' ').count(), 2);
}

#[test]
fn both_set_one_field() {
    for (side, expected) in [("--ours", "bob's"), ("--theirs", "ann's")] {
        let sandbox = Sandbox::new();
        let [ann, bob] = shared_draft(&sandbox);
        ann.write(FILE, &file(&[("A", "ann's"), ("C", "c")]));
        bob.write(FILE, &file(&[("A", "bob's")]));
        ann.must("git gryt sync push");
        let ran = bob.sh("git gryt sync pull");
        assert_eq!(ran.code, 6, "{ran:#?}");
        assert!(
            ran.out.contains("v1.0.0: Edited here and in the cloud"),
            "{ran:#?}"
        );
        assert!(bob.must("git gryt sync status").contains("conflict"));
        assert!(bob.read(FILE).contains("bob's"), "the file stays as it was");
        bob.refused(6, "git gryt promote v1.0.0");
        bob.must(&format!("git gryt generation resolve v1.0.0 {side}"));
        let text = bob.read(FILE);
        assert!(text.contains(expected) && text.contains("id: C"), "{text}");
        bob.must("git gryt sync push");
        ann.must("git gryt sync pull");
        assert_eq!(ann.read(FILE), text);
    }
}

#[test]
fn a_conflict_is_settled_in_the_editor_once_every_mark_is_gone() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.write(FILE, &file(&[("A", "ann's")]));
    bob.write(FILE, &file(&[("A", "bob's")]));
    ann.must("git gryt sync push");
    bob.refused(6, "git gryt sync pull");
    let said = bob
        .with("GIT_EDITOR", "true")
        .refused(6, "git gryt generation resolve v1.0.0");
    assert!(said.contains("A mark is still in the text"), "{said}");
    let editor = "sed -i -e '/^# >>>>>>> title of A: here \"bob.s\", in the cloud \"ann.s\"/d' -e s/bob.s/both/";
    bob.with("GIT_EDITOR", editor)
        .must("git gryt generation resolve v1.0.0");
    assert!(bob.read(FILE).contains("title: both"), "{}", bob.read(FILE));
    bob.must("git gryt sync push");
    let said = bob.refused(7, "git gryt generation resolve v1.0.0");
    assert!(said.contains("nothing to resolve"), "{said}");
}

#[test]
fn a_criss_cross_history_merges() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    let name = "refs/gryt/generations/v1.0.0";
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    ann.write(FILE, &file(&[("A", "a"), ("ANN", "x")]));
    ann.must("git gryt sync push");
    bob.write(FILE, &file(&[("A", "a"), ("BOB", "y")]));
    bob.must("git gryt generation edit v1.0.0 --assign BOB=bob");
    let anns = ann.git(&format!("rev-parse {name}"));
    let bobs = bob.git(&format!("rev-parse {name}"));
    bob.git(&format!("push -q origin {bobs}:refs/heads/aside"));
    // Each sees the other's tip in the cloud and merges it, and neither sees the other's merge.
    bob.must("git gryt sync pull");
    hosting.git(&format!("update-ref {name} {bobs}"));
    ann.must("git gryt sync pull");
    hosting.git(&format!("update-ref {name} {anns}"));
    bob.must("git gryt sync push");
    ann.must("git gryt sync pull");
    let bases = ann.git(&format!("merge-base --all {name}^1 {name}^2"));
    assert_eq!(bases.lines().count(), 2, "{bases}");
    ann.must("git gryt sync push");
    bob.must("git gryt sync pull");
    let text = ann.read(FILE);
    assert_eq!(text, bob.read(FILE));
    for kept in ["id: ANN", "id: BOB", "assignee: bob"] {
        assert_eq!(text.matches(kept).count(), 1, "{kept}: {text}");
    }
}

#[test]
fn promoted_while_one_had_another_of_that_version() {
    let sandbox = Sandbox::new();
    let [ann, bob] = two_origins(&sandbox);
    ann.must("git gryt promote v1.0.0");
    let ran = bob.sh("git gryt sync pull");
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(
        ran.out
            .contains("v1.0.0: Local version is promoted in cloud"),
        "{ran:#?}"
    );
    bob.refused(3, "git gryt promote v1.0.0");
    bob.must("git gryt generation rename v1.0.0 v1.0.1 && git gryt sync pull");
    bob.must("git gryt promote v1.0.1");
    assert!(!bob.has(FILE));
}

#[test]
fn an_edit_that_came_after_the_seal_is_kept_and_told() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt generation edit v1.0.0 --change add:LATE:late");
    ann.must("git gryt promote v1.0.0");
    let pulled = bob.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0 was promoted without your last edits"),
        "{pulled}"
    );
    assert!(bob.read(FILE).contains("LATE"));
    bob.must("git gryt generation rename v1.0.0 v1.0.1");
    assert!(bob.read(".gryt/generations/v1.0.1.yaml").contains("LATE"));
    assert!(!bob.has(FILE));
    bob.must("git gryt sync push");
}

#[test]
fn an_edited_file_of_a_sealed_version_is_neither_taken_in_nor_thrown_away() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0");
    bob.must("git gryt sync pull");
    assert!(!bob.has(FILE));
    bob.write(FILE, &file(&[("A", "changed"), ("B", "b")]));
    let ran = bob.sh("git gryt sync push");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.err.contains("was edited, and v1.0.0 is promoted"),
        "{ran:#?}"
    );
    assert!(bob.has(FILE));
    let copy = bob.read(FILE);
    let restored = bob.must("git gryt generation restore v1.0.0");
    assert!(!bob.has(FILE));
    let kept = restored.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(bob.must(&format!("git show {kept}")), copy);
    bob.write(FILE, &copy);
    bob.must("git gryt generation rename v1.0.0 v1.1.0");
    assert!(!bob.has(FILE));
    assert!(bob.read(".gryt/generations/v1.1.0.yaml").contains("id: B"));
}

#[test]
fn a_deleted_draft_leaves_everywhere_and_can_come_back() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
    ann.must("git gryt generation delete v1.0.0");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
    assert!(!ann.has(FILE));
    let pulled = bob.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0 was deleted in the cloud"),
        "{pulled}"
    );
    assert!(!bob.has(FILE));
    // Whoever had it can bring it back.
    bob.must("git gryt generation restore v1.0.0 && git gryt sync push");
    assert_eq!(bob.read(FILE), file(&[("A", "a")]));
    ann.must("git gryt sync pull");
    assert_eq!(ann.read(FILE), file(&[("A", "a")]));
    // After 30 days it is forgotten: by the clock, whatever date commits are to bear.
    ann.must("git gryt generation delete v1.0.0");
    let kept = ann.refs("refs/gryt-local/deleted");
    assert!(!kept.is_empty());
    for date in ["2099-02-03T03:04:05+0000", "1999-02-03T03:04:05+0000"] {
        let dated = ann.with("GIT_COMMITTER_DATE", date);
        dated
            .with("GIT_AUTHOR_DATE", date)
            .must("git gryt sync pull");
        assert_eq!(ann.refs("refs/gryt-local/deleted"), kept, "{date}");
    }
    for (name, oid) in kept {
        let (before, departure) = name.split_once("/v1.0.0/").unwrap();
        let (at, rest) = departure.split_once('-').unwrap();
        let earlier = at.parse::<i64>().unwrap() - 31 * 24 * 60 * 60;
        ann.git(&format!(
            "update-ref {before}/v1.0.0/{earlier}-{rest} {oid}"
        ));
        ann.git(&format!("update-ref -d {name}"));
    }
    ann.must("git gryt sync pull");
    assert_eq!(ann.refs("refs/gryt-local/deleted").len(), 0);
    ann.refused(7, "git gryt generation restore v1.0.0");
}

#[test]
fn a_draft_that_somebody_moved_is_not_deleted() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    bob.must("git gryt generation edit v1.0.0 -d moved && git gryt sync push");
    let said = ann.refused(4, "git gryt generation delete v1.0.0");
    assert!(said.contains("was edited in the cloud"), "{said}");
    assert!(ann.has(FILE));
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    hosting.git("rev-parse refs/gryt/generations/v1.0.0");
}

#[test]
fn unpushed_edits_of_a_deleted_draft_are_a_conflict() {
    for side in ["--ours", "--theirs"] {
        let sandbox = Sandbox::new();
        let [ann, bob] = shared_draft(&sandbox);
        bob.must("git gryt generation edit v1.0.0 --change add:MINE:mine");
        ann.must("git gryt generation delete v1.0.0");
        let ran = bob.sh("git gryt sync pull");
        assert_eq!(ran.code, 6, "{ran:#?}");
        assert!(
            ran.out.contains("Edited here and deleted in the cloud"),
            "{ran:#?}"
        );
        assert_eq!(bob.sh("git gryt sync push").code, 4);
        assert!(bob.read(FILE).contains("MINE"));
        bob.refused(6, "git gryt generation resolve v1.0.0");
        bob.must(&format!("git gryt generation resolve v1.0.0 {side}"));
        bob.must("git gryt sync pull && git gryt sync push");
        ann.must("git gryt sync pull");
        assert_eq!(ann.has(FILE), side == "--ours");
        assert_eq!(bob.has(FILE), side == "--ours");
        if side == "--theirs" {
            bob.must("git gryt generation restore v1.0.0");
            assert!(bob.read(FILE).contains("MINE"));
        }
    }
}

#[test]
fn a_version_made_again_is_another_generation() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt sync push-evolutions");
    ann.must("git gryt sync pull && git gryt generation delete v1.0.0");
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    let said = ann.refused(5, "git gryt promote v1.0.0");
    assert!(said.contains("A is not started"), "{said}");
    bob.must("git gryt sync pull");
    let listed = bob.must("git gryt evolution list v1.0.0");
    assert!(listed.contains("stale"), "{listed}");
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run && git gryt sync push-evolutions");
    ann.must("git gryt sync pull && git gryt promote v1.0.0");
    let sealed = ann.git("show refs/gryt/ledger:releases/1/1.0/v1.0.0.promotion.yaml");
    assert_eq!(sealed.matches("number:").count(), 1, "{sealed}");
    assert!(sealed.contains("number: 2"), "{sealed}");
}

#[test]
fn two_that_made_one_number_both_keep_theirs() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    for person in [&ann, &bob] {
        person.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    }
    ann.must("git gryt sync push-evolutions");
    let mine = bob.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    let pushed = bob.must("git gryt sync push-evolutions");
    assert!(
        pushed.contains("v1.0.0/A/rc.1 was taken: yours is now rc.2"),
        "{pushed}"
    );
    assert_eq!(
        bob.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.2"),
        mine
    );
    // This worktree still knows which one is its own.
    bob.must("git gryt run && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    let listed = ann.must("git gryt evolution list v1.0.0");
    assert!(
        listed.contains("rc.1  pass  ann") && listed.contains("rc.2  pass  bob"),
        "{listed}"
    );
    ann.must("git gryt promote v1.0.0");
}

#[test]
fn only_its_owner_adds_to_an_evolution() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
    bob.must("git gryt sync pull");
    bob.refused(7, "git gryt run --change A");
    bob.refused(6, "git gryt evolution abandon v1.0.0/A/rc.1");
    // Somebody who goes around gryt is quarantined by everybody, and stops nobody.
    let name = "refs/gryt/evolutions/v1.0.0/A/rc.1";
    let good = ann.git(&format!("rev-parse {name}"));
    let tree = bob.git(&format!("rev-parse {name}^{{tree}}"));
    bob.write("message", "Forge\n\nGryt-Format: 1\n");
    let forged = bob.git(&format!("commit-tree -p {good} -p HEAD -F message {tree}"));
    bob.git(&format!("push -q origin {forged}:{name} && rm message"));
    let pulled = ann.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0/A/rc.1 is invalid and does not count"),
        "{pulled}"
    );
    // What she proved herself goes on under the next number; the forged one keeps its own.
    assert!(
        pulled.contains("v1.0.0/A/rc.1 was taken: yours is now rc.2"),
        "{pulled}"
    );
    let moved = "refs/gryt/evolutions/v1.0.0/A/rc.2";
    assert_eq!(ann.git(&format!("rev-parse {moved}")), good);
    ann.must("git gryt sync push-evolutions && git gryt evolution abandon v1.0.0/A/rc.1");
    ann.must("git gryt promote v1.0.0");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
}

#[test]
fn one_owner_in_two_clones_keeps_both_proofs() {
    let sandbox = Sandbox::new();
    let [ann, _] = shared_draft(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt sync push-evolutions");
    let laptop = sandbox.clone_of("laptop", "hosting.git");
    laptop.git("config user.name ann");
    laptop.git("config user.email ANN@example.com");
    laptop.must("git gryt sync pull && git gryt run --change A && git gryt sync push-evolutions");
    ann.must("git gryt run");
    let pushed = ann.must("git gryt sync push-evolutions");
    assert!(pushed.contains("Updated: 1"), "{pushed}");
    laptop.must("git gryt sync pull");
    for person in [&ann, &laptop] {
        let log = person.git("log --first-parent --format=%s refs/gryt/evolutions/v1.0.0/A/rc.1");
        let words: Vec<&str> = log.lines().map(|l| l.split(' ').next().unwrap()).collect();
        assert_eq!(words, ["Prove", "Prove", "Start"]);
    }
}

#[test]
fn a_late_evolution_is_kept_shown_and_cleared() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0");
    let tip = bob.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    let pushed = bob.must("git gryt sync push-evolutions");
    assert!(
        pushed.contains("v1.0.0/A/rc.1 is late: v1.0.0 was promoted without it"),
        "{pushed}"
    );
    assert!(bob.must("git gryt sync pull").contains("is late"));
    // One that was pushed around the rule is the promoter's to clear too.
    bob.git("push -q origin refs/gryt/evolutions/v1.0.0/A/rc.1");
    ann.must("git gryt sync pull && git gryt evolution abandon v1.0.0/A/rc.1");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
    bob.must("git gryt sync pull");
    bob.git(&format!("cat-file -e {tip}"));
    bob.must("git gryt evolution abandon v1.0.0/A/rc.1 || true");
    assert_eq!(bob.refs("refs/gryt/").len(), 1);
}

#[test]
fn of_two_late_evolutions_of_one_name_each_goes_with_its_owner() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    let carol = sandbox.clone_of("carol", "hosting.git");
    carol.must("git gryt sync pull");
    for who in [&ann, &bob, &carol] {
        who.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    }
    ann.must("git gryt promote v1.0.0");
    let name = "refs/gryt/evolutions/v1.0.0/A/rc.1";
    bob.git(&format!("push -q origin {name}"));
    let (bobs, carols) = (
        bob.git(&format!("rev-parse {name}")),
        carol.git(&format!("rev-parse {name}")),
    );
    // The one in the cloud is another's: carol's own is all that she means.
    carol.must("git gryt sync pull && git gryt evolution abandon v1.0.0/A/rc.1");
    assert_eq!(carol.refs("refs/gryt/").len(), 1);
    let deleted = carol.git("for-each-ref refs/gryt-local/deleted");
    assert!(deleted.contains(&carols), "{deleted}");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.git(&format!("rev-parse {name}")), bobs);
    bob.must("git gryt sync pull && git gryt evolution abandon v1.0.0/A/rc.1");
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
}

#[test]
fn a_broken_draft_in_the_cloud_is_quarantined_and_repaired() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    let name = "refs/gryt/generations/v1.0.0";
    bob.write("bad.yaml", "version: v1.0.0\nchanges: {}\n");
    let blob = bob.git("hash-object -w bad.yaml");
    let line = format!("printf '100644 blob {blob}\\tgeneration.yaml\\n' | git mktree");
    let tree = bob.must(&line).trim_end().to_owned();
    bob.write(
        "message",
        "Edit v1.0.0\n\nGryt-Format: 1\nGryt-Version: v1.0.0\n",
    );
    let bad = bob.git(&format!("commit-tree -p {name} -F message {tree}"));
    bob.git(&format!(
        "push -q origin {bad}:{name} && rm message bad.yaml"
    ));
    let pulled = ann.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0 is invalid and does not count"),
        "{pulled}"
    );
    assert_eq!(ann.read(FILE), file(&[("A", "a")]));
    // The rest of the team's work goes on.
    ann.must("git gryt generation new v1.1.0 && git gryt sync push v1.1.0");
    ann.must("git gryt generation resolve v1.0.0 --ours && git gryt sync push");
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull");
    assert_eq!(fresh.read(FILE), file(&[("A", "a")]));
    ann.git(&format!("merge-base --is-ancestor {bad} {name}"));
}

#[test]
fn a_withdrawal_is_seen_everywhere_and_the_version_stays_taken() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    for version in ["v1.0.0", "v1.0.1"] {
        ann.proves(version, "A");
        ann.must(&format!("git gryt promote {version}"));
    }
    bob.must("git gryt sync pull");
    bob.refused(7, "git gryt withdraw v3.0.0 --reason x");
    bob.refused(7, "git gryt withdraw v1.0.0 --reason x --use v3.0.0");
    ann.must("git gryt withdraw v1.0 --reason 'eats data' --use v1.0.1");
    let said = bob.refused(3, "git gryt withdraw v1.0.0 --reason again");
    assert!(said.contains("ann <ann@example.com> withdrew it"), "{said}");
    let pulled = bob.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0 was withdrawn by ann: eats data"),
        "{pulled}"
    );
    let log = bob.must("git gryt log");
    assert!(
        log.contains("v1.0.0  withdrawn") && log.contains("v1.0.1  promoted"),
        "{log}"
    );
    assert!(
        bob.must("git gryt sync status")
            .contains("v1.0.0  withdrawn")
    );
    assert!(
        bob.must("git gryt sync status v1.0.0")
            .contains("(withdrawn)")
    );
    assert!(
        bob.must("git gryt where A")
            .contains("shipped in v1.0.0, proven by ann, withdrawn since")
    );
    let notes = bob.must("git gryt notes v1.0.0");
    assert!(
        notes.contains("Withdrawn: eats data\nUse v1.0.1 instead."),
        "{notes}"
    );
    assert!(
        bob.must("git gryt where HEAD")
            .contains("was shipped in v1.0.0")
    );
    bob.refused(3, "git gryt generation new v1.0.0");
    let tree = bob.git("ls-tree -r --name-only refs/gryt/ledger withdrawals/");
    assert_eq!(tree, "withdrawals/1/1.0/v1.0.0/1.yaml");
    // A ledger with a withdrawal in it verifies from the first commit.
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull");
    assert!(fresh.must("git gryt log").contains("withdrawn"));
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
}

#[test]
fn a_withdrawn_version_never_leads_to_one_that_is_withdrawn_too() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        ann.proves(version, "A");
        ann.must(&format!("git gryt promote {version}"));
    }
    ann.must("git gryt withdraw v1.0.0 --reason leaks --use v1.1");
    let told = ann.sh("git gryt withdraw v1.1.0 --reason 'leaks too' --use v1.2.0");
    assert!(
        told.err
            .contains("v1.0.0 is withdrawn, and says to use v1.1.0")
            && told.err.contains("to use v1.2.0 now"),
        "{told:?}"
    );
    let told = ann.refused(7, "git gryt withdraw v1.2.0 --reason x --use v1.0.0");
    assert!(told.contains("v1.0.0 is withdrawn too"), "{told}");
    bob.must("git gryt sync pull");
    let notes = bob.must("git gryt notes v1.0.0");
    assert!(
        notes.contains(
            "v1.1.0, which was named to use instead, is withdrawn too.\nUse v1.2.0 instead."
        ),
        "{notes}"
    );
    let log = bob.must("git gryt log");
    assert!(
        log.contains("! v1.0.0 withdrawn: leaks (use v1.2.0 instead)"),
        "{log}"
    );
    let why = bob.must("git gryt why v1.0.0");
    assert!(
        why.contains("It was withdrawn by ann <ann@example.com>: leaks")
            && why.contains("Use v1.2.0 instead."),
        "{why}"
    );
    let status = bob.must("git gryt sync status");
    assert!(status.contains("(cloud: withdrawn)"), "{status}");
    // The last of them names nothing: nothing is said to be of use.
    ann.must("git gryt withdraw v1.2.0 --reason 'leaks as well'");
    let notes = ann.must("git gryt notes v1.0.0");
    assert!(
        notes.contains("v1.2.0, which was named to use instead, is withdrawn too.")
            && !notes.contains("Use v"),
        "{notes}"
    );
}

#[test]
fn a_withdrawal_without_a_cloud() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [solo] = sandbox.team(["solo"]);
    solo.must("git gryt config execution_mode local");
    solo.proves("v1.0.0", "A");
    solo.must("git gryt promote v1.0.0 && git gryt withdraw v1.0.0 --reason oops");
    assert!(solo.must("git gryt log").contains("withdrawn"));
    solo.refused(3, "git gryt withdraw v1.0.0 --reason again");
}

#[test]
fn the_cloud_being_away_in_cloud_mode_is_one_warning() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v0.1.0 && git gryt sync push");
    for person in [&ann, &bob] {
        person.must("git gryt config execution_mode cloud");
    }
    bob.must("git gryt generation list");
    assert!(
        bob.has(".gryt/generations/v0.1.0.yaml"),
        "cloud mode pulls before it reads"
    );
    ann.git("remote set-url origin ../away.git");
    let ran = ann.sh("git gryt generation new v1.0.0 --change add:A:a");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.err.matches("warning").count(), 1, "{ran:#?}");
    let ran = ann.sh("git gryt evolution start v1.0.0 --change A");
    assert_eq!(
        (ran.code, ran.err.matches("warning").count()),
        (0, 1),
        "{ran:#?}"
    );
    for line in ["config", "--help", "config execution_mode"] {
        let ran = ann.sh(&format!("git-gryt {line}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}: {ran:#?}");
    }
    ann.refused(8, "git gryt promote v1.0.0");
    ann.git("remote set-url origin ../hosting.git");
    ann.git(&format!(
        "remote set-url origin {}",
        sandbox.path().join("hosting.git").display()
    ));
    // The next contact delivers what is pending.
    ann.must("git gryt run");
    bob.must("git gryt generation list");
    assert!(bob.has(FILE));
    assert!(bob.must("git gryt evolution list v1.0.0").contains("pass"));
}

#[test]
fn two_worktrees_have_views_of_two_ages() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    ann.git("worktree add -q ../ann-two -b two");
    let mut two = ann.at(sandbox.path().join("ann-two"));
    two.name = "ann-two".into();
    two.must("git gryt sync pull");
    assert_eq!(two.read(FILE), file(&[("A", "a")]));
    bob.must("git gryt generation edit v1.0.0 --change add:BOB:b && git gryt sync push");
    // The draft moves for both; the other worktree's file is merely old.
    ann.must("git gryt sync pull");
    assert!(ann.read(FILE).contains("BOB"));
    assert!(!two.read(FILE).contains("BOB"));
    // An edit of an old file is merged, not reverted.
    two.write(FILE, &file(&[("A", "a"), ("TWO", "t")]));
    two.must("git gryt sync push");
    let text = two.read(FILE);
    assert!(text.contains("BOB") && text.contains("TWO"), "{text}");
    ann.must("git gryt sync pull");
    assert_eq!(ann.read(FILE), text);
    // Each worktree goes on with its own evolution.
    ann.must("git gryt evolution start v1.0.0 --change A");
    two.must("git gryt evolution start v1.0.0 --change TWO");
    assert!(ann.must("git gryt run").contains("Proven: A"));
    assert!(two.must("git gryt run").contains("Proven: TWO"));
    // A field that both set waits for its person.
    let stale = two.read(FILE);
    ann.must("git gryt generation edit v1.0.0 --change 'add:A:one'");
    two.write(FILE, &stale.replace("title: a\n", "title: two\n"));
    let ran = two.sh("git gryt sync push v1.0.0");
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(two.read(FILE).contains("title: two"));
    two.must("git gryt generation resolve v1.0.0 --ours");
    assert!(
        two.git("show refs/gryt/generations/v1.0.0:generation.yaml")
            .contains("title: two")
    );
}

#[test]
fn two_processes_in_one_repository_lose_no_update() {
    let sandbox = Sandbox::new();
    let [ann, _] = shared_draft(&sandbox);
    for round in 0..5 {
        let running: Vec<_> = (0..6)
            .map(|n| {
                let change = format!("add:R{round}-{n}:t");
                ann.start(&["generation", "edit", "v1.0.0", "--change", &change])
            })
            .collect();
        for ran in running.into_iter().map(Person::wait) {
            assert_eq!(ran.code, 0, "{ran:#?}");
        }
    }
    let text = ann.git("show refs/gryt/generations/v1.0.0:generation.yaml");
    assert_eq!(text.matches("id: R").count(), 30, "{text}");
    ann.must("git gryt sync push");
    assert_eq!(ann.read(FILE).matches("id: R").count(), 30);
}

#[test]
fn what_an_editor_saves_while_a_command_runs_survives() {
    let sandbox = Sandbox::new();
    let [ann, bob] = shared_draft(&sandbox);
    bob.must("git gryt generation edit v1.0.0 --change add:BOB:b && git gryt sync push");
    // Saved between taking in and writing: while the pull moves its refs.
    let saved = file(&[("A", "a"), ("SAVED", "s")]);
    ann.write("../saved.yaml", &saved);
    let real = ann.variable("PATH");
    ann.must(&format!(
        "mkdir ../slow && printf '#!/bin/sh\\ncase \"$*\" in *update-ref*) cp {} {FILE};; esac\\n\
         PATH={real} exec git \"$@\"\\n' > ../slow/git && chmod +x ../slow/git",
        sandbox.path().join("saved.yaml").display()
    ));
    let slow = sandbox.path().join("slow");
    let editing = ann.with("PATH", &format!("{}:{real}", slow.display()));
    let ran = Person::wait(editing.start(&["sync", "pull"]));
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ann.read(FILE), saved);
    ann.must("git gryt sync push");
    let text = ann.read(FILE);
    assert!(text.contains("SAVED") && text.contains("BOB"), "{text}");
    bob.must("git gryt sync pull");
    assert_eq!(bob.read(FILE), text);
}
