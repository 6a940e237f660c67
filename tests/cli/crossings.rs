//! Where two commands cross, or one meets what another left: each test is named for what it holds.

use crate::sandbox::{Person, Sandbox};

const FILE: &str = ".gryt/generations/v1.0.0.yaml";

fn pair(sandbox: &Sandbox) -> (Person, Person, Person) {
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    bob.must("git gryt sync pull");
    let hosting = ann.at(hosting);
    (ann, bob, hosting)
}

#[test]
fn deleting_one_draft_takes_nothing_of_another_that_shares_its_root() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    bob.must("git gryt generation edit v1.0.0 --change add:B:b");
    ann.must("git gryt generation rename v1.0.0 v2.0.0 && git gryt sync push");
    ann.must("git gryt evolution start v2.0.0 --change A && git gryt run && git gryt sync push-evolutions");
    bob.refused(6, "git gryt sync pull");
    bob.must("git gryt generation resolve v1.0.0 --ours && git gryt sync push");
    ann.must("git gryt sync pull && git gryt generation delete v1.0.0");
    assert!(ann.must("git gryt evolution list v2.0.0").contains("pass"));
}

#[test]
fn a_rename_that_the_cloud_refuses_changes_nothing_here() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    ann.must("git gryt generation edit v1.0.0 --change add:N:n && git gryt sync push");
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    let before = bob.refs("refs/gryt/");
    bob.refused(4, "git gryt generation rename v1.0.0 v2.0.0");
    assert_eq!(bob.refs("refs/gryt/"), before);
    bob.git("remote set-url origin ../away.git");
    bob.refused(8, "git gryt generation rename v1.0.0 v2.0.0");
    assert_eq!(bob.refs("refs/gryt/"), before);
    bob.git(&format!(
        "remote set-url origin {}",
        sandbox.path().join("hosting.git").display()
    ));
    bob.must("git gryt sync pull && git gryt generation rename v1.0.0 v2.0.0");
    assert!(bob.read(".gryt/generations/v2.0.0.yaml").contains("id: N"));
    bob.must("git gryt run");
}

#[test]
fn a_rename_sees_a_colleagues_proof_that_was_not_fetched_yet() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run && git gryt sync push-evolutions");
    let said = ann.refused(6, "git gryt generation rename v1.0.0 v1.1.0");
    assert!(
        said.contains("bob <bob@example.com> has worked on v1.0.0"),
        "{said}"
    );
}

#[test]
fn an_edit_made_while_a_draft_is_renamed_is_not_lost() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    // The second process, at a moment that a test can choose: while the server thinks.
    hosting.must(&format!(
        "mkdir -p hooks && printf '#!/bin/sh\\nrm hooks/pre-receive\\nunset $(git rev-parse --local-env-vars)\\n\
         cd {} && git gryt generation edit v1.0.0 --change add:OTHER:x\\n' > hooks/pre-receive && \
         chmod +x hooks/pre-receive",
        ann.dir.display()
    ));
    let ran = ann.sh("git gryt generation rename v1.0.0 v1.1.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.err.contains("v1.0.0 was edited meanwhile, and stays"),
        "{ran:#?}"
    );
    assert!(
        ann.git("show refs/gryt/generations/v1.0.0:generation.yaml")
            .contains("OTHER")
    );
}

#[test]
fn of_two_renames_at_once_one_wins() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    // Correctness is not the lock's: they do without.
    let ann = ann.with("GRYT_LOCKED", "1");
    let running =
        ["v27.1.0", "v27.2.0"].map(|new| ann.start(&["generation", "rename", "v1.0.0", new]));
    let mut won = running.map(Person::wait);
    won.sort_by_key(|ran| ran.code);
    assert_eq!(won[0].code, 0, "{won:#?}");
    assert_ne!(won[1].code, 0, "{won:#?}");
    let drafts = ann.refs("refs/gryt/generations");
    assert_eq!(drafts.len(), 1, "{drafts:?}");
}

#[test]
fn resolving_goes_on_to_the_cloud_after_taking_in_an_edit() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    ann.must("git gryt generation edit v1.0.0 --change 'add:A:anns' && git gryt sync push");
    bob.must("git gryt generation edit v1.0.0 --change 'add:A:bobs'");
    bob.refused(6, "git gryt sync pull");
    bob.write(FILE, &format!("{}# one more\n", bob.read(FILE)));
    bob.must("git gryt generation resolve v1.0.0 --theirs");
    let text = bob.read(FILE);
    assert!(
        text.contains("anns") && text.contains("# one more"),
        "{text}"
    );
    bob.must("git gryt sync push");
}

#[test]
fn repairing_a_draft_keeps_the_valid_edits_below_the_broken_one() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    ann.must("git gryt generation edit v1.0.0 --change add:N:precious && git gryt sync push");
    let bad = ann.must(
        "blob=$(echo 'broken: [' | git hash-object -w --stdin) && \
         tree=$(printf '100644 blob %s\\tgeneration.yaml\\n' $blob | git mktree) && \
         printf 'Edit\\n\\nGryt-Format: 1\\n' | git commit-tree $tree -p refs/gryt/generations/v1.0.0",
    );
    ann.git(&format!(
        "push -q origin {}:refs/gryt/generations/v1.0.0",
        bad.trim()
    ));
    bob.must("git gryt generation edit v1.0.0 --change add:MINE:m");
    bob.must("git gryt sync pull && git gryt generation resolve v1.0.0 && git gryt sync push");
    ann.must("git gryt sync pull");
    let text = ann.read(FILE);
    assert!(text.contains("id: N") && text.contains("MINE"), "{text}");
}

#[test]
fn texts_that_cannot_be_joined_still_end() {
    for how in ["--ours", "--theirs", ""] {
        let sandbox = Sandbox::new();
        let (ann, bob, _) = pair(&sandbox);
        let text = "version: v1.0.0\nchanges:\n- {type: add, id: !!str 7, title: a, assignee: x}\n";
        ann.write(FILE, text);
        ann.must("git gryt sync push");
        bob.must("git gryt sync pull");
        ann.write(FILE, &text.replace("assignee: x", "assignee: ann"));
        ann.must("git gryt sync push");
        bob.write(FILE, &text.replace("type: add", "type: fix"));
        assert!(matches!(bob.sh("git gryt sync pull").code, 0 | 6));
        let ran = bob
            .with("GIT_EDITOR", "sed -i '/^# >>>>>>> /d'")
            .sh(&format!("git gryt generation resolve v1.0.0 {how}"));
        assert!(matches!(ran.code, 0 | 7), "{ran:#?}");
        bob.must("git gryt sync push");
        let text = bob.git("show refs/gryt/generations/v1.0.0:generation.yaml");
        assert!(text.contains("fix") && text.contains("ann"), "{text}");
    }
}

#[test]
fn two_departures_in_one_second_are_two() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    ann.must("git gryt config execution_mode local");
    for title in ["one", "two"] {
        ann.must(&format!(
            "git gryt generation new v3.0.0 --change add:A:{title}"
        ));
        ann.must("git gryt generation delete v3.0.0");
    }
    assert_eq!(ann.refs("refs/gryt-local/deleted").len(), 2);
}

#[test]
fn what_was_proven_elsewhere_is_not_given_up_unseen() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    let name = "refs/gryt/evolutions/v1.0.0/A/rc.1";
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt sync push-evolutions");
    let laptop = sandbox.clone_of("laptop", "hosting.git");
    laptop.git("config user.name ann && git config user.email ann@example.com");
    laptop.must("git gryt sync pull && git gryt run --change A && git gryt sync push-evolutions");
    let newer = laptop.git(&format!("rev-parse {name}"));
    // Here nothing is known to be proven, so it would simply go away.
    let refusal = ann.refused(4, "git gryt evolution abandon v1.0.0/A/rc.1");
    assert!(refusal.contains("git gryt sync pull"), "{refusal}");
    ann.must("git gryt sync pull");
    let refusal = ann.refused(2, "git gryt evolution abandon v1.0.0/A/rc.1");
    assert!(refusal.contains("--reason TEXT"), "{refusal}");
    ann.must("git gryt evolution abandon v1.0.0/A/rc.1 --reason 'wrong machine'");
    ann.must("git gryt sync push-evolutions");
    hosting.git(&format!("merge-base --is-ancestor {newer} {name}"));
}

#[test]
fn many_evolutions_leave_with_their_draft() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    for _ in 0..22 {
        ann.must("git gryt evolution start v1.0.0 --change A --again");
    }
    ann.must("git gryt sync push-evolutions");
    assert_eq!(hosting.refs("refs/gryt/evolutions").len(), 22);
    ann.must("git gryt generation rename v1.0.0 v1.1.0 && git gryt sync pull");
    assert_eq!(hosting.refs("refs/gryt/evolutions").len(), 0);
    let names = ann.refs("refs/gryt/evolutions");
    assert_eq!(names.len(), 22);
    assert!(
        names.iter().all(|(name, _)| name.contains("/v1.1.0/")),
        "{names:?}"
    );
}

#[test]
fn a_late_draft_can_be_let_go_and_comes_back() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    bob.must("git gryt generation edit v1.0.0 --change add:B:late");
    ann.must(
        "git gryt evolution start v1.0.0 --change A && git gryt run && git gryt promote v1.0.0",
    );
    let said = bob.refused(3, "git gryt generation resolve v1.0.0 --ours");
    assert!(said.contains("already promoted"), "{said}");
    bob.must("git gryt sync pull && git gryt generation delete v1.0.0");
    assert!(!bob.has(FILE));
    bob.must("git gryt generation restore v1.0.0 && git gryt generation rename v1.0.0 v1.0.1");
    assert!(bob.read(".gryt/generations/v1.0.1.yaml").contains("late"));
}

#[test]
fn an_edit_of_one_generation_is_not_merged_into_another_of_its_name() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    ann.git("worktree add -q ../ann2 -b two");
    let two = ann.at(sandbox.path().join("ann2"));
    two.must("git gryt sync pull");
    let edited = format!("{}  - {{type: add, id: OLD, title: old}}\n", two.read(FILE));
    two.write(FILE, &edited);
    ann.must(
        "git gryt generation delete v1.0.0 && git gryt generation new v1.0.0 --change add:NEW:n",
    );
    two.refused(6, "git gryt sync push v1.0.0");
    assert_eq!(two.read(FILE), edited);
    assert!(
        !ann.git("show refs/gryt/generations/v1.0.0:generation.yaml")
            .contains("OLD")
    );
}

#[test]
fn what_was_typed_into_the_editor_is_offered_again() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    ann.must("git gryt generation edit v1.0.0 --change 'add:A:anns' && git gryt sync push");
    bob.must("git gryt generation edit v1.0.0 --change 'add:A:bobs'");
    bob.refused(6, "git gryt sync pull");
    let wrong = "sed -i -e '/^# >>>>>>> /d' -e 's/title: .*/titel: typed/'";
    let said = bob
        .with("GIT_EDITOR", wrong)
        .refused(7, "git gryt generation resolve v1.0.0");
    assert!(said.contains("Your text is kept in"), "{said}");
    bob.with("GIT_EDITOR", "sed -i s/titel/title/")
        .must("git gryt generation resolve v1.0.0");
    assert!(bob.read(FILE).contains("title: typed"));
}

#[test]
fn a_withdrawal_is_one_line_and_repeats_itself() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    ann.must(
        "git gryt evolution start v1.0.0 --change A && git gryt run && git gryt promote v1.0.0",
    );
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    ann.must("git gryt withdraw v1.1.0 --reason \"$(printf 'eats\\ndata')\"");
    ann.must("git gryt withdraw v1.1.0 --reason 'eats data'");
    let pulled = bob.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.1.0 was withdrawn by ann: eats data\n"),
        "{pulled}"
    );
    let said = ann.refused(7, "git gryt withdraw v1.0.0 --reason x --use v1.1.0");
    assert!(
        said.contains("v1.1.0 is withdrawn too, and cannot be used"),
        "{said}"
    );
}

#[test]
fn a_ledger_that_was_not_named_in_time_is_named_by_the_next_push() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = pair(&sandbox);
    // As a process leaves it that dies between the push and the file.
    ann.git("checkout -q .gryt/config.yaml");
    assert!(!ann.read(".gryt/config.yaml").contains("ledger:"));
    ann.must("git gryt sync push");
    let genesis = hosting.git("rev-list --max-parents=0 --first-parent refs/gryt/ledger");
    assert!(
        ann.read(".gryt/config.yaml")
            .contains(&format!("ledger: {genesis}"))
    );
    bob.must("git gryt sync push");
    assert!(
        !bob.read(".gryt/config.yaml").contains("ledger:"),
        "only who began it names it"
    );
    // A damaged note of the view stops nothing.
    ann.must(
        "printf '\\377\\376' > .git/gryt/view && git gryt sync pull && git gryt generation list",
    );
}

#[test]
fn evolutions_that_come_along_with_a_late_draft_leave_the_cloud() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt generation edit v1.0.0 -d mine");
    // Bob's proof lands while the cloud thinks about the promotion that does not know of it.
    let hook = format!(
        "#!/bin/sh\nif mkdir once 2>/dev/null; then\n\
         unset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         git -C {} gryt sync push-evolutions >&2 || exit 1\nfi\n",
        bob.dir.display()
    );
    hosting.write("hooks/pre-receive", &hook);
    hosting.must("chmod +x hooks/pre-receive");
    ann.must("git gryt promote v1.0.0");
    let pulled = bob.must("git gryt sync pull");
    assert!(pulled.contains("v1.0.0/A/rc."), "{pulled}");
    assert_eq!(hosting.refs("refs/gryt/evolutions").len(), 1);
    bob.must("git gryt generation rename v1.0.0 v1.1.0");
    assert_eq!(hosting.refs("refs/gryt/evolutions"), []);
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    let listed = bob.must("git gryt evolution list v1.1.0");
    assert!(listed.contains("rc.1  pass  bob"), "{listed}");
    ann.must("git gryt sync pull");
    assert_eq!(ann.refs("refs/gryt/"), hosting.refs("refs/gryt/"));
}

#[test]
fn a_colleagues_evolution_whose_number_was_given_out_again_is_put_aside() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = pair(&sandbox);
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    let first = ann.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    bob.must("git gryt generation delete v1.0.0");
    let cat = sandbox.clone_of("cat", "hosting.git");
    cat.must("git gryt sync pull && git gryt generation new v1.0.0 --change add:A:a");
    cat.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    cat.must("git gryt sync push && git gryt sync push-evolutions");
    let pulled = ann.must("git gryt sync pull");
    assert!(pulled.contains("v1.0.0/A/rc.1"), "{pulled}");
    assert_eq!(ann.refs("refs/gryt/"), hosting.refs("refs/gryt/"));
    let aside = ann.refs("refs/gryt-local/deleted/v1.0.0");
    assert!(aside.iter().any(|(_, tip)| *tip == first), "{aside:?}");
}
