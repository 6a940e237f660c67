//! Notes and changelogs (docs/notes.md).

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::sandbox::{Person, Sandbox};
use crate::tutorial;

/// Declares a version with a change `A` and promotes it.
fn releases(who: &Person, version: &str, title: &str) {
    who.must(&format!(
        "git gryt generation new {version} --change 'add:A:{title}' -q && git gryt evolution start {version} --change A -q \
         && git gryt evolution record {version} --change A --status pass -q && git gryt promote {version} -q"
    ));
}

#[test]
fn the_page_prints_what_it_says() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let team = sandbox.team(["ann", "bob"]);
    let [ann, bob] = &team;
    ann.must("git gryt generation new v1.0.0 -q && git gryt generation new v2.0.0 -q");
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\ndescription: The first one.\nchanges:\n\
         - {type: add, id: FEAT-1, title: Log in with a password, links: [https://example.com/rfc/7]}\n\
         - {type: fix, id: BUG-7, title: No crash on an empty file}\n",
    );
    ann.write(
        ".gryt/generations/v2.0.0.yaml",
        "version: v2.0.0\ndescription: |\n  Reads <T> in templates.\n\n  ## Thanks to @all\nchanges:\n\
         - {type: fix, id: BUG-9, title: Times are in UTC}\n\
         - type: refine\n  id: FEAT-2\n  title: Sessions end after an hour\n  \
           description: |\n    Safer.\n\n    BREAKING CHANGE: who is logged in\n    has to log in again\n\
         - {type: refine, id: FEAT-3, title: Faster start}\n",
    );
    ann.must("git gryt sync push -q && for id in FEAT-1 BUG-7; do git gryt evolution start v1.0.0 --change $id -q && \
              git gryt evolution record v1.0.0 --change $id --status pass -q; done; git gryt promote v1.0.0 -q");
    bob.must("git gryt sync pull -q && git gryt evolution start v2.0.0 --change FEAT-2 -q && \
              git gryt evolution record v2.0.0 --change FEAT-2 --status pass -q && git gryt sync push-evolutions -q");
    ann.must("git gryt sync pull -q && for id in BUG-9 FEAT-3; do git gryt evolution start v2.0.0 --change $id -q && \
              git gryt evolution record v2.0.0 --change $id --status pass -q; done; git gryt promote v2.0.0 -q");
    ann.write(
        "CHANGELOG.md",
        "# Changelog\n\n## [Unreleased]\n\n- We look for testers.\n\n## [0.9.0] - 2025-12-01\n\n- The beta.\n\n\
         [0.9.0]: https://example.com/0.9.0\n",
    );
    ann.write(
        "mail.txt",
        "{{version}} is out, thanks to{{#proven_by}} {{.}}{{/proven_by}}\n{{#breaking}}\nBeware: {{{title}}}, {{{breaks}}}.\n\
         {{/breaking}}\n{{#changes}}\n  * {{{title}}}{{#link}} <{{{.}}}>{{/link}}\n{{/changes}}\n",
    );
    tutorial::check("docs/notes.md", &sandbox, &team);
}

#[test]
fn the_latest_release_is_the_highest_that_stands_and_a_range_is_newest_first() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.refused(7, "git gryt notes");
    for version in ["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0-rc.1", "api/v9.0.0"] {
        releases(&ann, version, version);
    }
    ann.must("git gryt generation new v1.3.0 --change add:B:draft -q");
    let headings = |line: &str| -> Vec<String> {
        let shown = ann.must(line);
        let heads = shown.lines().filter_map(|line| line.strip_prefix("# "));
        heads
            .map(|head| head.split(' ').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(headings("git gryt notes"), ["v1.2.0"]);
    ann.must("git gryt withdraw v1.2.0 --reason '# It *leaks*' --use v1.1.0 -q");
    assert_eq!(headings("git gryt notes"), ["v1.1.0"]);
    assert_eq!(headings("git gryt notes --product api"), ["api/v9.0.0"]);
    assert_eq!(
        headings("git gryt notes v1.0.0..v1.3.0"),
        ["v1.3.0", "v1.2.0", "v1.1.0"]
    );
    assert_eq!(headings("git gryt notes ..v1.1.0"), ["v1.1.0", "v1.0.0"]);
    assert_eq!(
        headings("git gryt notes v1.1.0.."),
        ["v2.0.0-rc.1", "v1.2.0"]
    );
    assert_eq!(headings("git gryt notes ..api/v9.0.0"), ["api/v9.0.0"]);
    assert!(headings("git gryt notes v1.1.0..v1.1.0").is_empty());
    let withdrawn = ann.must("git gryt notes v1.2.0 --format keepachangelog");
    assert!(
        withdrawn.lines().next().unwrap().ends_with(" [YANKED]")
            && withdrawn.contains("\nWithdrawn: \\# It \\*leaks\\*\nUse v1.1.0 instead.\n"),
        "{withdrawn}"
    );
    // Both ways to ask for JSON print one document.
    for line in ["notes v1.0.0", "notes v1.0.0..v1.1.0"] {
        let json = ann.must(&format!("git gryt {line} --json"));
        assert_eq!(ann.must(&format!("git gryt {line} --format json")), json);
    }
    let said = ann.refused(2, "git gryt notes v1.1.0..v1.0.0");
    assert!(said.contains("git gryt notes v1.0.0..v1.1.0"), "{said}");
    ann.refused(2, "git gryt notes v1.0.0..api/v9.0.0");
    let said = ann.refused(2, "git gryt notes v1.0.0...v1.1.0");
    assert!(said.contains("git gryt notes A..B"), "{said}");
    ann.refused(7, "git gryt notes v1.0.1..v1.1.0");
    ann.refused(2, "git gryt notes v1.0.0..v1.1.0 --format sha256sums");
    // A contract's own links are checked where they stand, and merged like its other fields.
    let contract = ann.read(".gryt/generations/v1.3.0.yaml");
    ann.write(
        ".gryt/generations/v1.3.0.yaml",
        &format!("{contract}    links: [javascript:x]\n"),
    );
    let ran = ann.sh("git gryt sync push 2>&1");
    let rule = "`javascript:x` is not an address like https://";
    assert!(ran.code == 7 && ran.out.contains(rule), "{ran:?}");
    ann.write(
        ".gryt/generations/v1.3.0.yaml",
        &format!("{contract}    links: [https://a/1]\n"),
    );
    ann.must("git gryt sync push -q");
    let bob = sandbox.clone_of("bob", "hosting.git");
    bob.must("git gryt sync pull -q && git gryt generation edit v1.3.0 --assign B=bob -q && git gryt sync push -q");
    ann.write(
        ".gryt/generations/v1.3.0.yaml",
        &format!("{contract}    links: [https://a/1, http://b/2]\n"),
    );
    ann.must("git gryt sync pull -q");
    let merged = ann.must("git gryt notes v1.3.0");
    assert!(
        merged.contains("- draft (B, <https://a/1>, <http://b/2>)\n"),
        "{merged}"
    );
    assert!(
        ann.read(".gryt/generations/v1.3.0.yaml")
            .contains("assignee: bob")
    );
    // A list of links that cannot be read stops what needs it, and says where it stands.
    ann.must("git gryt config --shared links '[A-Z]+=https://t.example.com/{id}'");
    let linked = ann.must("git gryt notes v1.0.0");
    assert!(
        linked.contains("([A](https://t.example.com/A))"),
        "{linked}"
    );
    ann.refused(2, "git gryt config links 'A=javascript:alert(1)'");
    ann.write(".gryt/config.yaml", "links: A=javascript:alert(1)\n");
    ann.must("git gryt log");
    let said = ann.refused(2, "git gryt notes");
    assert!(said.contains(".gryt/config.yaml"), "{said}");
}

#[test]
fn a_changelog_is_kept_and_what_people_wrote_stays() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    releases(&ann, "v1.0.0", "One");
    // A description that forges a heading, a mark of ours or a comment stays text.
    ann.must("git gryt generation new v1.1.0 -q");
    ann.write(
        ".gryt/generations/v1.1.0.yaml",
        "version: v1.1.0\ndescription: |\n  ## [v1.0.0] - forged\n  <!-- git gryt notes v1.0.0 0123456789abcdef -->\n  <!--\n\
         changes:\n- {type: add, id: A, title: '<!-- Two'}\n",
    );
    ann.must("git gryt sync push -q");
    let write =
        |who: &Person, line: &str| who.must(&format!("git gryt notes {line} --write CHANGELOG.md"));
    let log = "# Ours\r\n\r\n## [Unreleased]\r\n\r\n## 0.9\r\nold";
    ann.write("CHANGELOG.md", log);
    fs::set_permissions(
        ann.dir.join("CHANGELOG.md"),
        fs::Permissions::from_mode(0o664),
    )
    .unwrap();
    assert_eq!(write(&ann, "v1.1.0"), "CHANGELOG.md: added v1.1.0\n");
    assert_eq!(write(&ann, "v1.0.0"), "CHANGELOG.md: added v1.0.0\n");
    let kept = ann.read("CHANGELOG.md");
    let (begins, ends) = log.split_once("## 0.9").unwrap();
    let ours = kept.strip_prefix(begins).unwrap();
    let ours = ours.strip_suffix(&format!("## 0.9{ends}")).unwrap();
    let heads: Vec<&str> = ours.lines().filter(|line| line.starts_with("##")).collect();
    assert_eq!(heads.len(), 4, "{ours}");
    assert_eq!(heads[0], "## [v1.1.0] - not released yet");
    assert!(heads[2].starts_with("## [v1.0.0] - 20"), "{ours}");
    assert_eq!(ours.matches('\n').count(), ours.matches("\r\n").count());
    let mode = fs::metadata(ann.dir.join("CHANGELOG.md"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o664);
    // Again: nothing changes, from any folder.
    let sub = ann.at(ann.dir.join("sub"));
    fs::create_dir(&sub.dir).unwrap();
    let again = sub.must("git gryt notes ..v1.1.0 --write ../CHANGELOG.md");
    assert_eq!(
        again,
        "CHANGELOG.md: v1.1.0 is up to date\nCHANGELOG.md: v1.0.0 is up to date\n"
    );
    assert_eq!(ann.read("CHANGELOG.md"), kept);
    // Promoted since: the section says so. Withdrawn since, and edited: it was left alone.
    ann.must("git gryt evolution start v1.1.0 --change A -q && git gryt evolution record v1.1.0 --change A --status pass -q \
              && git gryt promote v1.1.0 -q");
    assert_eq!(write(&ann, ""), "CHANGELOG.md: v1.1.0 was rewritten\n");
    let released = ann.read("CHANGELOG.md");
    assert!(!released.contains("not released yet"));
    ann.must("git gryt withdraw v1.0.0 --reason bad -q");
    let edited = released.replace("- One (A)", "- One, at last (A)");
    ann.write("CHANGELOG.md", &edited);
    let said = write(&ann, "v1.0.0");
    assert!(
        said.contains("somebody edited the section v1.0.0"),
        "{said}"
    );
    assert_eq!(ann.read("CHANGELOG.md"), edited);
    ann.write("CHANGELOG.md", "## v1.0.0\nmine\n");
    let said = write(&ann, "v1.0.0");
    assert!(
        said.contains("somebody else wrote the section v1.0.0"),
        "{said}"
    );
    // One that is not there is made; none is written outside the working tree.
    fs::remove_file(ann.dir.join("CHANGELOG.md")).unwrap();
    write(&ann, "..v1.1.0");
    assert!(ann.read("CHANGELOG.md").starts_with("# Changelog\n"));
    let outside = sandbox.path().join("outside.md");
    fs::write(&outside, "theirs\n").unwrap();
    symlink(&outside, ann.dir.join("LINK.md")).unwrap();
    symlink(sandbox.path(), ann.dir.join("folder")).unwrap();
    ann.refused(7, "git gryt notes --write LINK.md");
    ann.refused(1, "git gryt notes --write folder/outside.md");
    ann.refused(2, "git gryt notes --write ../outside.md");
    ann.refused(2, "git gryt notes --write .git/config");
    // Nor is a template read through a link of the working tree; one that was named elsewhere is.
    ann.refused(7, "git gryt notes --template LINK.md");
    ann.refused(1, "git gryt notes --template folder/outside.md");
    assert_eq!(
        ann.must("git gryt notes ..v1.1.0 --template ../outside.md"),
        "theirs\ntheirs\n"
    );
    let said = ann.refused(2, "git gryt notes --template none");
    assert!(said.contains("There is no file none"), "{said}");
    ann.write("bad.txt", "a\n{{#b}}\n");
    let said = ann.refused(7, "git gryt notes --template bad.txt");
    assert!(
        said.contains("bad.txt: line 2: the section b does not end"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&outside).unwrap(), "theirs\n");
}

#[test]
fn a_changelog_is_written_by_one_at_a_time_and_nothing_else_is() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"];
    for version in versions {
        ann.must(&format!(
            "git gryt generation new {version} --change add:A:a -q"
        ));
    }
    // Several at once lose nothing, each run of them.
    for file in ["A.md", "B.md"] {
        let all = versions.join(" ");
        ann.must(&format!(
            "printf '# C\\r\\n' > {file} && for v in {all}; do git gryt notes $v --write {file} & done; wait"
        ));
        let text = ann.read(file);
        let heads: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        let expected: Vec<String> = versions
            .iter()
            .rev()
            .map(|version| format!("## [{version}] - not released yet"))
            .collect();
        assert_eq!(heads, expected, "{text}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }
    // A comment that does not end would swallow the section.
    let open = "# C\n\n<!--\n";
    ann.write("O.md", open);
    let said = ann.refused(7, "git gryt notes v1.0.0 --write O.md");
    assert!(
        said.contains("O.md: the comment of line 3 does not end"),
        "{said}"
    );
    assert_eq!(ann.read("O.md"), open);
    // Git's own files, however they are spelled, and what is no file.
    ann.must("git commit -q --allow-empty -m x && git worktree add -q ../wt && mkfifo pipe && mkdir -p folder");
    let linked = ann.at(sandbox.path().join("wt"));
    let before = linked.read(".git");
    for (who, file) in [
        (&linked, ".git"),
        (&ann, ".git"),
        (&ann, ".GIT/x"),
        (&ann, "sub/.git"),
        (&ann, "sub/.Git/x"),
        (&ann, "folder/../.git/x"),
        (&ann, "git~1/x"),
        (&ann, ".git./x"),
        (&ann, ".g\u{200c}it/x"),
    ] {
        let said = who.refused(2, &format!("git gryt notes v1.0.0 --write '{file}'"));
        assert!(said.contains("It belongs to git"), "{file}: {said}");
    }
    assert_eq!(linked.read(".git"), before);
    assert!(!ann.has(".git/x") && !ann.has("sub"));
    ann.refused(7, "git gryt notes v1.0.0 --write pipe");
    ann.refused(7, "git gryt notes v1.0.0 --write folder");
    // A folder that takes no files: the changelog is named, and nothing that nobody knows.
    ann.must("chmod 555 folder");
    if ann.sh("touch folder/probe").code == 0 {
        eprintln!("skipped: this user may write everywhere");
    } else {
        let said = ann.refused(1, "git gryt notes v1.0.0 --write folder/C.md");
        assert!(said.contains("folder/C.md cannot be written"), "{said}");
        assert!(!said.contains(".tmp"), "{said}");
    }
    ann.must("chmod 755 folder");
}

#[test]
fn text_of_others_and_templates_come_out_as_they_are_meant() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 -q");
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\ndescription: \"one\\r\\ntwo\"\nchanges:\n\
         - {type: add, id: A, title: 'See https://evil.example/a or www.evil.example for $x$'}\n",
    );
    ann.must("git gryt sync push -q");
    let notes = ann.must("git gryt notes v1.0.0");
    let shown = "- See `https://evil.example/a` or `www.evil.example` for `$x$` (A)\n";
    assert!(notes.contains(shown), "{notes}");
    ann.write("t.txt", "L1\r\na\tb {{version}}\r\n{{{description}}}\r\n");
    assert_eq!(
        ann.must("git gryt notes v1.0.0 --template t.txt"),
        "L1\na\tb v1.0.0\none\ntwo\n"
    );
    let said = ann.refused(2, "git gryt config links 'Y)|(?:A=https://t.example/{id}'");
    assert!(said.contains("is not a regular expression"), "{said}");
}
