//! What was built, and which release a file belongs to (docs/policy.md, "Artifacts").

use crate::sandbox::Sandbox;

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn a_file_is_known_by_the_release_that_sealed_it() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.write(".gitignore", "dist\n");
    ann.tracks(
        ".gryt/pipelines/pipeline.yaml",
        "artifacts: [dist/*]\nsteps:\n- {name: build, run: 'mkdir -p dist && printf abc > dist/app && ln -sf app dist/link'}\n",
    );
    // Two people build alike.
    ann.must("git gryt generation new v1.0.0 --change add:A:a -q && git gryt sync push -q");
    ann.must("git gryt evolution start v1.0.0 --change A -q && git gryt run -q");
    ann.must("git gryt sync push-evolutions -q");
    bob.git("pull -q origin main");
    bob.must(
        "git gryt sync pull -q && git gryt evolution start v1.0.0 --change A -q && git gryt run -q",
    );
    bob.must("git gryt sync push-evolutions -q && git gryt promote v1.0.0 --dry-run");
    let promoted = bob.must("git gryt promote v1.0.0");
    assert!(
        promoted.contains(&format!(
            "  app was built by ann and bob, with the same digest: {ABC}\n"
        )),
        "{promoted}"
    );
    let notes = bob.must("git gryt notes v1.0.0");
    assert!(
        notes.contains(&format!("| app | 3 | `{ABC}` | ann, bob |\n")),
        "{notes}"
    );
    let sums = bob.must("git gryt notes v1.0.0 --format sha256sums");
    assert_eq!(sums, format!("{ABC}  app\n"));
    bob.write("sums", &sums);
    bob.must("cd dist && sha256sum -c ../sums");
    let known = bob.must("git gryt verify --file dist/app");
    assert!(known.contains("dist/app belongs to a release\n"), "{known}");
    assert!(
        known.contains("promoted by bob <bob@example.com>"),
        "{known}"
    );
    assert!(
        known.contains("built alike and proven by ann <ann@example.com> and bob"),
        "{known}"
    );
    bob.must("printf abcd > dist/app");
    let other = bob.sh("git gryt verify --file dist/app");
    assert_eq!(other.code, 9, "{}", other.out);
    bob.must("printf abcd > dist/new");
    let unknown = bob.sh("git gryt verify --file dist/new");
    assert_eq!(unknown.code, 7, "{}", unknown.out);

    // Where builds differ, nobody can tell until somebody chooses; others' are not asked.
    bob.tracks(
        ".gryt/policy.yaml",
        "artifacts: {from: [ann@example.com, bob@example.com]}\n",
    );
    ann.git("pull -q origin main");
    ann.must("git gryt sync pull -q");
    for version in ["v2.0.0", "v3.0.0"] {
        ann.must(&format!(
            "git gryt generation new {version} --change add:B:b -q && git gryt sync push -q"
        ));
        ann.must(&format!("printf {version} > one && git gryt evolution record {version} --change B --status pass --artifact one"));
        ann.must("git gryt sync push-evolutions -q");
        bob.must("git gryt sync pull -q");
        bob.must(&format!("printf {version}b > one && git gryt evolution record {version} --change B --status pass --artifact one"));
        bob.must("git gryt sync push-evolutions -q");
    }
    let eve = bob
        .with("GIT_AUTHOR_EMAIL", "eve@example.com")
        .with("GIT_COMMITTER_EMAIL", "eve@example.com");
    eve.must("printf eve > evil && git gryt evolution record v2.0.0 --change B --status pass --artifact evil");
    let contested = bob.must("git gryt promote v2.0.0");
    assert!(
        contested.contains("  one is contested, its builds differ: "),
        "{contested}"
    );
    assert!(!contested.contains("evil"), "{contested}");
    bob.must("printf v2.0.0 > one");
    assert_eq!(bob.sh("git gryt verify --file one").code, 9);
    let why = bob.must("git gryt why v3.0.0");
    assert!(
        why.contains("  one is contested, its builds differ: ")
            && why.contains(" by bob: git gryt promote v3.0.0 --artifacts-of B/rc."),
        "{why}"
    );
    let none = bob.refused(7, "git gryt promote v3.0.0 --artifacts-of B/rc.7");
    assert!(
        none.contains("These evolutions have artifacts: B/rc.1, B/rc.2"),
        "{none}"
    );
    let chosen = bob.must("git gryt promote v3.0.0 --artifacts-of v3.0.0/B/rc.2");
    assert!(
        chosen.contains("  one is bob's, whose digest was chosen: "),
        "{chosen}"
    );
    bob.must(
        "printf v3.0.0b > one && git gryt verify --file one && git gryt verify v3.0.0 --file one",
    );
    bob.must("printf v3.0.0 > one");
    assert_eq!(bob.sh("git gryt verify --file one").code, 9);
    bob.must("git gryt withdraw v3.0.0 --reason broken && printf v3.0.0b > one");
    let withdrawn = bob.must("git gryt verify --file one");
    assert!(
        withdrawn.contains("v3.0.0 was withdrawn: broken"),
        "{withdrawn}"
    );
    bob.must("git gryt verify");
    // Whoever has a clone asks, even where git does not know who they are.
    let nobody = sandbox.nobody();
    let url = format!("file://{}/hosting.git", sandbox.path().display());
    nobody.git(&format!("clone -q {url} stranger"));
    let stranger = nobody.at(sandbox.path().join("stranger"));
    stranger.must("git gryt sync pull && git gryt sync status && git gryt verify");
    stranger.must("printf v3.0.0b > one && git gryt verify --file one");
}
