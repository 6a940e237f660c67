//! `git gryt demo`, which plays what a team does and checks each of its own steps.

use crate::sandbox::Sandbox;

#[test]
fn the_demonstration_plays_to_its_end() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.path().to_str().unwrap().to_owned();
    let played = sandbox
        .nobody()
        .with("TMPDIR", &temporary)
        .with("CI", "true")
        .with("GITHUB_ACTIONS", "true")
        .sh("git gryt demo");
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
    for line in [
        "unproven_commits: 1 new commit that no proof covers",
        "your approval of v2.1.0 does not hold any more: the contract was edited since",
        "Success: v2.1.0 promoted to cloud",
        "app belongs to a release",
        "it has another digest",
    ] {
        assert!(played.out.contains(line), "{line}: {}", played.out);
    }
}
