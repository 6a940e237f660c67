//! What is advised leads on when it is typed, to the person who is told, and nothing that is said is
//! untrue: the slips of a week, each answered.

use crate::sandbox::{Person, Sandbox};

fn team<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> [Person; N] {
    sandbox.hosting();
    let people = sandbox.team(names);
    people[0].must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    people[0].tracks(
        ".gryt/pipelines/pipeline.yaml",
        "steps:\n- {name: test, run: test ! -e broken}\n",
    );
    for person in &people[1..] {
        person.must("git pull -q origin main && git gryt sync pull");
    }
    people
}

/// What a line says that has to end with `code`, on both streams.
fn said(who: &Person, code: i32, line: &str) -> String {
    let ran = who.sh(line);
    assert_eq!(ran.code, code, "{} $ {line}\n{ran:#?}", who.name);
    ran.out + &ran.err
}

#[test]
fn a_fix_on_a_branch_is_merged_and_not_proven_around() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    bob.must("git checkout -q -b fix && touch fix.txt && git add . && git commit -q -m Fix");
    bob.must("git push -q -u origin fix && git gryt run -q --change A --start");
    bob.must("git gryt sync push-evolutions");
    ann.must("git fetch -q");
    let told = said(&ann, 5, "git gryt promote v1.0.0");
    assert!(
        told.contains("A is proven on origin/fix, which is not merged"),
        "{told}"
    );
    assert!(told.contains("git merge origin/fix"), "{told}");
    ann.must("git merge -q origin/fix && git push -q origin main && git gryt promote v1.0.0");
}

#[test]
fn who_promotes_a_stale_or_foreign_commit_is_told() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    ann.must("git gryt run -q --change A --start && git gryt sync push-evolutions");
    ann.works("later.txt");
    bob.must("git fetch -q && git gryt sync pull");
    let told = said(&bob, 0, "git gryt promote v1.0.0 --dry-run");
    assert!(
        told.contains("HEAD is 1 commit behind origin/main: git pull"),
        "{told}"
    );
    bob.must("git checkout -q -b topic && git commit -q --allow-empty -m Topic");
    let told = said(&bob, 4, "git gryt promote v1.0.0");
    assert!(told.contains("Next: git push -u origin topic"), "{told}");
    bob.must("git push -q -u origin topic");
    let told = said(&bob, 0, "git gryt promote v1.0.0 --dry-run");
    assert!(
        told.contains("The release commit is on topic, but the cloud's default branch is main"),
        "{told}"
    );
    bob.git("checkout -q main");
    let told = said(&bob, 0, "git gryt promote v1.0.0 --commit topic --dry-run");
    assert!(told.contains("is not on origin/main"), "{told}");
    bob.must("git pull -q");
    let told = said(&bob, 0, "git gryt promote v1.0.0 --dry-run");
    assert!(!told.contains("origin/main"), "{told}");
}

#[test]
fn a_pass_that_may_be_owed_to_an_untracked_file_says_so() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    ann.write("forgotten.py", "");
    ann.write(".gitignore", "build/\n");
    ann.must("mkdir build && touch build/made && git add .gitignore && git commit -q -m Ignore");
    let told = said(&ann, 0, "git gryt run -q --change A --start");
    assert!(told.contains("forgotten.py is not tracked"), "{told}");
    let told = said(&ann, 0, "git gryt run -q --isolated");
    assert!(!told.contains("is not tracked"), "{told}");
}

#[test]
fn what_a_run_started_is_at_hand_and_what_became_of_it_is_told() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    ann.must("git gryt run -q --change A --start && git commit -q --allow-empty -m More");
    ann.must("git gryt run -q && git push -q origin main && git gryt sync push-evolutions");
    ann.must("git gryt promote v1.0.0");
    let told = said(&ann, 7, "git gryt run");
    assert!(
        told.contains("evolution of A for v1.0.0 went into its promotion"),
        "{told}"
    );
    let shown = ann.must("git gryt evolution show v1.0.0/A/rc.1");
    assert!(shown.contains("pass"), "{shown}");
    ann.must("git gryt generation new v1.1.0 --change fix:B:b && git gryt sync push");
    bob.must("git pull -q && git gryt sync pull");
    let told = said(&bob, 7, "git gryt run --change B");
    assert!(
        told.contains("git gryt run --start --change v1.1.0/B"),
        "{told}"
    );
    bob.must("git gryt run -q --start --change v1.1.0/B");
}

#[test]
fn a_renamed_draft_takes_everybodys_work_along() {
    let sandbox = Sandbox::new();
    let [ann, bob, cleo] = team(&sandbox, ["ann", "bob", "cleo"]);
    for person in [&bob, &cleo] {
        person.must("git gryt run -q --change A --start");
    }
    ann.must("git gryt generation rename v1.0.0 v1.1.0 && git gryt sync push");
    let told = said(&bob, 0, "git gryt sync pull");
    assert!(told.contains("v1.0.0 was renamed to v1.1.0"), "{told}");
    assert!(
        told.contains("v1.0.0/A/rc.1 is v1.1.0/A/rc.1 now"),
        "{told}"
    );
    assert!(!told.contains("v1.1.0 is new"), "{told}");
    // Without a pull in between.
    cleo.must("git gryt sync push-evolutions");
    bob.must("git gryt run -q && git gryt sync push-evolutions");
    assert!(
        ann.git("ls-remote origin 'refs/gryt/evolutions/v1.0.0/*'")
            .is_empty()
    );
    ann.must("git gryt sync pull");
    let listed = ann.must("git gryt evolution list v1.1.0");
    assert!(
        listed.contains("bob") && listed.contains("cleo"),
        "{listed}"
    );
    for person in [&bob, &cleo] {
        person.must("git gryt sync pull && git gryt run -q");
        assert_eq!(person.refs("refs/gryt/evolutions/v1.0.0").len(), 0);
    }
    ann.must("git gryt promote v1.1.0 && git gryt verify");
}

#[test]
fn who_never_pulled_is_told_so_by_every_answer() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    ann.must("git gryt run -q --change A --start && git gryt sync push-evolutions");
    ann.must("git gryt promote v1.0.0 && git gryt generation new v1.1.0 && git gryt sync push");
    let [bob] = sandbox.team(["bob"]);
    let warned = |line: &str| {
        let told = said(&bob, 0, line);
        assert!(told.contains("This clone never pulled"), "{line}: {told}");
    };
    for line in [
        "git gryt where HEAD",
        "git gryt log",
        "git gryt generation list",
    ] {
        warned(line);
    }
    // A look at the cloud is no pull, nor is what one pushes.
    bob.must("git gryt generation new v2.0.0 && git gryt sync push && git gryt sync status");
    for line in [
        "git gryt where HEAD",
        "git gryt status",
        "git gryt query 'select 1'",
    ] {
        warned(line);
    }
    let told = said(&bob, 0, "git gryt init");
    assert!(told.contains("v1.0.0"), "{told}");
    let told = said(&bob, 0, "git gryt where HEAD");
    assert!(
        told.contains("v1.0.0") && !told.contains("never pulled"),
        "{told}"
    );
}

#[test]
fn a_branch_from_before_gryt_is_told_which_ledger_is_its_own() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("branch old");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.must("git add . && git commit -q --allow-empty -m Ledger && git push -q origin main");
    let ledger = ann.git("rev-list --first-parent --max-parents=0 refs/gryt/ledger");
    ann.must("git checkout -q old && git rm -q -r .gryt && git commit -q -m Before");
    ann.git("push -q -u origin old");
    ann.must("git gryt init && git add .gryt && git commit -q -m Gryt && git push -q");
    assert!(ann.read(".gryt/config.yaml").contains(&ledger));
    // One that does not name it is left alone: the default branch does.
    ann.must("git rm -q -r .gryt && git commit -q -m Without && git push -q");
    ann.must("git gryt generation new v0.9.0 --change fix:B:b && git gryt sync push");
    ann.must("git gryt evolution record v0.9.0 --change B --status pass");
    let told = said(&ann, 0, "git gryt promote v0.9.0");
    assert!(!told.contains("ledger begins here"), "{told}");
    assert_eq!(ann.git("status --porcelain"), "");
}

#[test]
fn each_step_of_why_is_told_to_who_can_take_it() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    let policy = "promoters: [bob@example.com]\ngates: {independent_proof: true}\n";
    ann.tracks(".gryt/policy.yaml", policy);
    ann.must("git gryt generation edit v1.0.0 --assign A=ann && git gryt sync push");
    ann.must("git gryt run -q --change A --start && git gryt sync push-evolutions");
    let told = said(&ann, 0, "git gryt why v1.0.0");
    assert!(told.contains("somebody else: prove A"), "{told}");
    bob.must("git pull -q && git gryt sync pull");
    let told = said(&bob, 0, "git gryt why v1.0.0");
    assert!(told.contains("you: prove A"), "{told}");
    bob.must("git gryt run -q --change A --start && git gryt sync push-evolutions");
    let told = said(&ann, 0, "git gryt why v1.0.0");
    assert!(
        told.contains("v1.0.0 is ready for promotion by bob@example.com"),
        "{told}"
    );
    let told = said(&bob, 0, "git gryt why v1.0.0");
    assert!(told.contains("v1.0.0 is ready for promotion\n"), "{told}");
    bob.must("git gryt promote v1.0.0");
}

#[test]
fn a_conflict_is_settled_by_the_command_that_is_named() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    for (person, title) in [(&ann, "anns"), (&bob, "bobs")] {
        person.must(&format!(
            "git gryt generation edit v1.0.0 --change add:A:{title}"
        ));
    }
    ann.must("git gryt sync push");
    said(&bob, 6, "git gryt sync pull");
    for line in ["git gryt why v1.0.0", "git gryt promote v1.0.0"] {
        let told = bob.sh(line);
        let told = told.out + &told.err;
        assert!(
            told.contains("git gryt generation resolve v1.0.0"),
            "{line}: {told}"
        );
        assert!(!told.contains("git gryt sync pull"), "{line}: {told}");
    }
}

#[test]
fn a_slip_of_the_keys_is_answered_with_the_command_that_was_meant() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    ann.must("git gryt generation edit v1.0.0 --change add:FEAT-1:x");
    for (line, code, meant) in [
        (
            "git gryt evolution start v1.0.0 --change FEAT1",
            7,
            "git gryt evolution start v1.0.0 --change FEAT-1",
        ),
        (
            "git gryt generation show v1.0.1",
            7,
            "git gryt generation show v1.0.0",
        ),
        (
            "git gryt config remote orign",
            2,
            "git gryt config remote origin",
        ),
    ] {
        let told = said(&ann, code, line);
        let next = told
            .lines()
            .find(|line| line.contains(": git gryt") || line.starts_with("  git"));
        assert!(
            next.is_some_and(|next| next.ends_with(meant)),
            "{line}: {told}"
        );
        ann.must(meant);
    }
    // Where nothing reads like it, what others have comes before what one makes oneself.
    let told = said(&ann, 7, "git gryt generation show v7.5.0");
    assert!(told.contains("git gryt sync pull"), "{told}");
}
