//! The same answer everywhere: whatever a reader's settings, clone or history are like.

use crate::sandbox::{Person, Sandbox};

/// Settings of git's that change what it prints, or what it does without being asked.
const HOSTILE: &str = "[log]
  showSignature = true
  follow = true
  decorate = full
  abbrevCommit = true
  date = relative
  diffMerges = separate
[color]
  ui = always
[column]
  ui = always
[trailer]
  separators = =
[trailer \"change\"]
  key = Gryt-Change
  ifexists = doNothing
[core]
  quotePath = true
  commentChar = v
  abbrev = 4
  pager = false
[i18n]
  logOutputEncoding = UTF-16
  commitEncoding = ISO-8859-1
[diff]
  ignoreSubmodules = all
  noprefix = true
  mnemonicPrefix = true
  renames = copies
  external = false
  context = 0
  algorithm = patience
  orderFile = /dev/null
[status]
  short = true
  branch = true
  showStash = true
  showUntrackedFiles = no
  relativePaths = true
  submoduleSummary = true
  aheadBehind = true
[tag]
  sort = -version:refname
  forceSignAnnotated = true
[branch]
  sort = -committerdate
[push]
  default = nothing
  followTags = true
  autoSetupRemote = true
  recurseSubmodules = on-demand
  useForceIfIncludes = true
[fetch]
  prune = false
  pruneTags = true
  output = compact
  recurseSubmodules = on-demand
  writeCommitGraph = true
[remote]
  pushDefault = nowhere
[merge]
  conflictStyle = zdiff3
[format]
  pretty = fuller
[advice]
  detachedHead = true
[init]
  defaultBranch = other
";

/// What a team's week answers, each line with its exit code.
fn week(ann: &Person) -> Vec<String> {
    let lines = [
        "git gryt generation new v1.0.0 --change add:A:a --change add:B:b",
        "git gryt sync push",
        "git gryt evolution start v1.0.0 --change A",
        "git gryt run -q",
        "git commit -q --allow-empty -m 'Work\n\nGryt-Change: B\n\nReviewed-by: x'",
        "git gryt run -q --start --trailers HEAD~1",
        "git push -q origin HEAD:main",
        "git gryt sync push-evolutions",
        "git gryt sync status",
        "git gryt sync status v1.0.0",
        "git gryt why v1.0.0",
        "git gryt promote v1.0.0",
        "git gryt log --json",
        "git gryt where A",
        "git gryt where HEAD",
        "git gryt notes v1.0.0",
        "git gryt verify",
        "git tag v0.1.0 && git tag v0.2.0 HEAD~1 && git gryt import --from tags 'v0*'",
        "git gryt generation list",
        "git gryt query 'select version, status from generations order by version'",
        "git gryt doctor --json >/dev/null",
    ];
    let mut said = Vec::new();
    for line in lines {
        let ran = ann.sh(line);
        said.push(format!("{line}\n{}{}exit {}", ran.out, ran.err, ran.code));
    }
    said
}

#[test]
fn no_setting_of_a_readers_changes_an_answer() {
    let answers = |settings: &str| {
        let sandbox = Sandbox::new();
        sandbox.hosting();
        let [ann] = sandbox.team(["ann"]);
        ann.at(sandbox.path().join("home"))
            .write(".gitconfig", settings);
        week(&ann)
    };
    let oid = |word: &str| word.len() >= 10 && word.chars().all(|c| c.is_ascii_hexdigit());
    let plain = |said: Vec<String>| -> Vec<String> {
        // Promotion ids differ from one sandbox to the next, and with them oids.
        let bare = |text: String| {
            let words = text.split([' ', '\n', '"', ',', '(', ')']);
            let kept: Vec<&str> = words.filter(|word| !oid(word)).collect();
            kept.join(" ")
        };
        said.into_iter().map(bare).collect()
    };
    let (usual, hostile) = (plain(answers("")), plain(answers(HOSTILE)));
    assert!(
        usual.iter().all(|said| said.ends_with("exit 0")),
        "{usual:#?}"
    );
    assert_eq!(usual, hostile);
}

/// A release whose proof lies on a squashed branch, in the cloud.
fn squashed(sandbox: &Sandbox) -> Person {
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    ann.must("git checkout -q -b topic && git gryt evolution start v1.0.0 --change A");
    for text in ["one\n", "one\ntwo\n"] {
        ann.write("app.txt", text);
        ann.git("commit -q -a -m Work");
    }
    ann.must("git push -q origin topic && git gryt run && git gryt sync push-evolutions");
    ann.must("git checkout -q main");
    ann.works("other.txt");
    ann.must("git merge -q --squash topic && git commit -q -m Squash && git push -q origin main");
    let hosting = ann.at(hosting);
    hosting.git("config uploadpack.allowFilter true");
    hosting.git("config uploadpack.allowAnySHA1InWant true");
    hosting
}

#[test]
fn a_clone_that_has_not_everything_answers_rightly_or_says_what_it_lacks() {
    let sandbox = Sandbox::new();
    let hosting = squashed(&sandbox);
    let url = format!("file://{}", sandbox.path().join("hosting.git").display());
    for (nth, how) in [
        "",
        "--filter=blob:none",
        "--filter=tree:0",
        "--no-tags",
        "--single-branch",
        "--depth=1",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("clone{nth}");
        let clone = sandbox.clone_of(&name, &format!("{how} {url}"));
        clone.must("git gryt sync pull");
        let ran = clone.sh("git gryt promote v1.0.0 --dry-run");
        match *how {
            "--depth=1" => {
                assert_eq!(ran.code, 1, "{how}: {ran:#?}");
                assert!(ran.err.contains("git fetch --unshallow"), "{how}: {ran:#?}");
                clone.must("git fetch -q --unshallow && git gryt promote v1.0.0 --dry-run");
            }
            _ => assert_eq!(ran.code, 0, "{how}: {ran:#?}"),
        }
        clone.must("git gryt sync status && git gryt evolution list v1.0.0");
    }
    assert!(hosting.refs("refs/tags").is_empty());
}

#[test]
fn a_clone_without_tags_counts_on_from_the_clouds() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("tag v3.4.5 && git push -q origin v3.4.5");
    let bare = sandbox.clone_of("bare", "--no-tags hosting.git");
    let told = bare.must("git gryt generation new --next patch");
    assert!(told.contains("v3.4.6"), "{told}");
}

#[test]
fn tags_of_other_tools_are_seen_for_what_they_mean() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for tag in ["v2.0.0+build.5", "V6.0.0", "billing"] {
        ann.git(&format!("tag {tag}"));
    }
    let told = ann.must("git gryt generation new --next patch");
    assert!(told.contains("v2.0.1"), "{told}");
    let told = ann.refused(3, "git gryt generation new v2.0.0");
    assert!(told.contains("v2.0.0+build.5"), "{told}");
    // In the way of the tag, not of the version.
    let told = ann.refused(3, "git gryt generation new billing/v1.0.0");
    assert!(
        told.contains("the tag billing stands where it needs a folder"),
        "{told}"
    );
    ann.proves("v6.0.0", "A");
    let told = ann.refused(3, "git gryt promote v6.0.0");
    assert!(told.contains("V6.0.0 in upper and lower case"), "{told}");
    ann.must("git gryt config tag false");
    ann.must("git gryt generation new billing/v1.0.0 && git gryt promote v6.0.0");
}

#[test]
fn a_value_of_env_is_the_text_that_stands_in_the_file() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let values = [
        "1.10",
        "1e3",
        "0x1F",
        "True",
        "+5",
        ".5",
        "-0",
        "20240101123000123456",
        "'1.0'",
    ];
    let mut text = String::from("steps:\n- name: t\n  run: env | grep ^Z_ | sort\n  env:\n");
    for (nth, value) in values.iter().enumerate() {
        text += &format!("    Z_{nth}: {value}\n");
    }
    ann.write(".gryt/pipelines/pipeline.yaml", &text);
    ann.git("add .gryt && git commit -q -m Pipeline");
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    let told = ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    for (nth, value) in values.iter().enumerate() {
        let line = format!("Z_{nth}={}", value.trim_matches('\''));
        assert!(
            told.lines()
                .any(|said| said.ends_with(&format!("| {line}"))),
            "{line}: {told}"
        );
    }
}

#[test]
fn two_addresses_of_one_remote_are_one_place_or_refused() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let nobody = sandbox.nobody();
    nobody.git("clone -q --mirror hosting.git mirror.git");
    let hosting = nobody.at(sandbox.path().join("hosting.git"));
    let ann = sandbox.clone_of("ann", "mirror.git");
    ann.git("remote set-url --push origin ../hosting.git");
    ann.must("git gryt generation new v1.0.0");
    let told = ann.refused(2, "git gryt sync push");
    assert!(
        told.contains("mirror.git") && told.contains("hosting.git"),
        "{told}"
    );
    assert!(
        hosting.refs("refs/gryt").is_empty(),
        "nothing is left there"
    );
    // Two roads to one place.
    ann.git(&format!(
        "remote set-url origin file://{}",
        sandbox.path().join("hosting.git").display()
    ));
    ann.must("git gryt sync push && git gryt sync pull");
    hosting.git("rev-parse refs/gryt/generations/v1.0.0");
}

#[test]
fn notes_show_what_was_written() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must(
        "git gryt generation new v1.0.0 --change 'add:A:List<String> in __init__' --change 'fix:B:- @x'",
    );
    let notes = ann.must("git gryt notes v1.0.0");
    assert!(
        notes.contains(r"- List\<String\> in \_\_init\_\_ (A)"),
        "{notes}"
    );
    assert!(notes.contains(r"- \- `@x` (B)"), "{notes}");
}
