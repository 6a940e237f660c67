//! `generation new --from-commits`: the changes of a draft, by what was committed.

use crate::sandbox::{Person, Sandbox};

fn commits(who: &Person, messages: &[&str]) {
    for message in messages {
        who.write("message", message);
        who.git("commit -q --allow-empty -F message");
    }
}

#[test]
fn changes_are_proposed_by_what_was_committed_since_the_last_release() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    // Before any release and any tag, all of it counts.
    commits(&ann, &["feat: begin"]);
    let seen = ann.must("git gryt generation new --from-commits --dry-run");
    assert!(seen.starts_with("2 commits:\n"), "{seen}");
    assert!(seen.contains("  add  BEGIN  begin  1 commit\n"), "{seen}");
    assert!(
        seen.contains("No change is proposed by 1 commit:\n"),
        "{seen}"
    );
    assert!(
        seen.ends_with("Would declare v0.1.0, with 1 change\n"),
        "{seen}"
    );
    assert_eq!(ann.refs("refs/gryt/generations"), []);
    // Since a tag of before gryt, or since a release.
    ann.git("tag v1.0.0");
    commits(
        &ann,
        &[
            "fix(ui): keep the \u{1b}[31mcolour\n\nGryt-Change: BUG-1\n",
            "Mend it for good\n\nGryt-Change: BUG-1\n",
            "docs: say how",
        ],
    );
    ann.git("checkout -q -b side HEAD~1");
    commits(&ann, &["feat: search"]);
    ann.must("git checkout -q main && git merge -q --no-ff -m 'Merge side' side");
    let seen = ann.must("git gryt generation new --from-commits --dry-run");
    assert!(seen.starts_with("4 commits since v1.0.0:\n"), "{seen}");
    assert!(
        seen.contains("BUG-1   ui: keep the [31mcolour  2 commits\n"),
        "{seen}"
    );
    assert!(seen.contains("Would declare v1.1.0"), "{seen}");
    let json = ann.must("git gryt generation new --from-commits --json");
    assert!(json.contains("\"since\": \"v1.0.0\""), "{json}");
    let text = ann.read(".gryt/generations/v1.1.0.yaml");
    for line in ["id: BUG-1", "id: SEARCH", "type: fix", "type: add"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // What was declared is an ordinary draft.
    ann.must("git push -q origin main && git gryt run --change v1.1.0/BUG-1 --start");
    ann.must("git gryt run --change v1.1.0/SEARCH --start && git gryt promote v1.1.0");
    let refusal = ann.refused(7, "git gryt generation new --from-commits");
    assert!(
        refusal.contains("There are no commits to propose changes from"),
        "{refusal}"
    );
    commits(&ann, &["feat(api)!: another format"]);
    let seen = ann.must("git gryt generation new --from-commits --dry-run");
    assert!(seen.starts_with("1 commit since v1.1.0:\n"), "{seen}");
    assert!(seen.contains("Would declare v2.0.0"), "{seen}");
    // What is said counts before what is proposed.
    let seen =
        ann.must("git gryt generation new --next patch --from-commits --dry-run --since v1.0.0");
    assert!(seen.starts_with("5 commits since v1.0.0:\n"), "{seen}");
    assert!(seen.contains("Would declare v1.1.1"), "{seen}");
    ann.refused(3, "git gryt generation new v1.1.0 --from-commits --dry-run");
    ann.refused(2, "git gryt generation new v1.2.0 --since v1.0.0");
    let seen = ann.must(
        "git gryt generation new v1.2.0 --from-commits --change add:MORE:more -d 'By hand' && git gryt generation show v1.2.0",
    );
    assert!(seen.contains("MORE"), "{seen}");
}
