//! Long lists on a terminal (docs/settings.md, "The pager").

use crate::sandbox::{Person, Ran, Sandbox};

/// Ann, on a machine that can make a terminal.
fn with_a_terminal(sandbox: &Sandbox) -> Option<Person> {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    if ann.sh("script --version").code != 0 {
        eprintln!("skipped: no script(1) to make a terminal");
        return None;
    }
    Some(ann)
}

/// Runs a line on a terminal of 40 columns.
fn on_a_terminal(who: &Person, line: &str) -> Ran {
    who.sh(&format!(
        "script -qec 'stty cols 40 rows 24; {line}' /dev/null < /dev/null"
    ))
}

#[test]
fn a_long_list_is_paged_as_git_pages_and_only_on_a_terminal() {
    let sandbox = Sandbox::new();
    let Some(ann) = with_a_terminal(&sandbox) else {
        return;
    };
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 -q && git gryt generation new v1.1.0 --change add:B:b -q");
    let by = |pager: &str| ann.with("GIT_PAGER", pager).with("TERM", "xterm");
    let paged = by("sed s/^/paged:/; echo LESS=$LESS");
    let begins = |ran: &Ran, word: &str| ran.out.lines().any(|line| line.starts_with(word));
    for line in [
        "log",
        "notes",
        "verify",
        "generation list",
        "generation show v1.0.0",
        "evolution list v1.0.0",
    ] {
        let ran = on_a_terminal(&paged, &format!("git gryt {line} --color never"));
        assert!(begins(&ran, "paged:"), "{line}: {ran:?}");
        assert!(ran.out.contains("LESS=FRX"), "{ran:?}");
    }
    let query = on_a_terminal(&paged, "git gryt query \"SELECT version FROM generations\"");
    assert!(begins(&query, "paged:"), "{query:?}");
    // Nothing else is, and nothing where it was not wanted.
    for line in [
        "git gryt status",
        "git gryt log --no-pager",
        "git gryt log --json",
        "git --no-pager gryt log",
        "git -c pager.gryt=false gryt log",
        "git-gryt log | cat",
        "git gryt notes --write LOG.md",
        "GIT_PAGER= git gryt log",
        "GIT_PAGER=cat git gryt log",
    ] {
        let ran = on_a_terminal(&paged, line);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        assert!(!ran.out.contains("paged:"), "{line}: {ran:?}");
    }
    assert!(!paged.must("git gryt log").contains("paged:"));
    // The command decides how it ends, whatever the pager does.
    let code = |who: &Person, line: &str| on_a_terminal(who, line).code;
    assert_eq!(code(&paged, "git gryt verify --file app.txt"), 7);
    assert_eq!(code(&by("exit 3"), "git gryt log"), 0);
    assert_eq!(
        code(&by("head -c 1; exit 9"), "git gryt verify --file app.txt"),
        7
    );
    // One that is not there leaves the text to be printed.
    let ran = on_a_terminal(&by("no-such-pager"), "git gryt log");
    assert!(ran.code == 0 && ran.out.contains("v1.0.0"), "{ran:?}");
    // Git's configuration says it as well.
    ann.git("config core.pager \"sed s/^/core:/\"");
    let ran = on_a_terminal(&ann, "git-gryt log --color never");
    assert!(begins(&ran, "core:v1.0.0"), "{ran:?}");
    ann.git("config pager.gryt \"sed s/^/own:/\"");
    let ran = on_a_terminal(&ann, "git-gryt log --color never");
    assert!(begins(&ran, "own:v1.0.0"), "{ran:?}");
    // Git itself runs that pager for `git gryt`, and once is enough. What the environment says comes first.
    let ran = on_a_terminal(&ann, "git gryt log --color never");
    assert!(begins(&ran, "own:v1.0.0"), "{ran:?}");
    for line in [
        "GIT_PAGER=cat git-gryt log --color never",
        "git --no-pager gryt log --color never",
        "git-gryt log --no-pager --color never",
    ] {
        let ran = on_a_terminal(&ann, line);
        assert!(begins(&ran, "v1.0.0"), "{line}: {ran:?}");
    }
    // One without a value is true.
    ann.must("git config --unset pager.gryt && printf '[pager]\\n\\tgryt\\n' >> .git/config");
    let ran = on_a_terminal(&ann, "git-gryt log --color never");
    assert!(begins(&ran, "core:v1.0.0"), "{ran:?}");
    ann.git("config pager.gryt false");
    let ran = on_a_terminal(&ann, "git-gryt log --color never");
    assert!(begins(&ran, "v1.0.0"), "{ran:?}");
}

#[test]
fn a_terminal_shows_how_long_ago_and_lists_as_wide_as_it_is_and_a_pipe_all() {
    let sandbox = Sandbox::new();
    let Some(ann) = with_a_terminal(&sandbox) else {
        return;
    };
    let long = "A description that is longer than forty columns are";
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 -q && git gryt sync pull -q");
    ann.must(&format!("git gryt generation new v1.1.0 -q -d '{long}'"));
    let ann = ann.with("GIT_PAGER", "cat");
    let shown = |line: &str| on_a_terminal(&ann, &format!("{line} --color never")).out;
    // Promotions are dated by git's variables, pulls by the clock.
    let log = shown("git gryt log");
    assert!(
        log.contains(" ago  ann  ") && !log.contains("2026-01-02"),
        "{log}"
    );
    let status = shown("git gryt status");
    assert!(
        status.contains(", last pulled ") && status.contains(" ago\r\n"),
        "{status}"
    );
    let list = shown("git gryt generation list");
    let cut = list.lines().find(|line| line.contains("v1.1.0")).unwrap();
    assert!(
        cut.trim_end().ends_with('…') && cut.trim_end().chars().count() <= 40,
        "{list}"
    );
    for line in ["git gryt log -v", "git gryt log --json"] {
        assert!(shown(line).contains("2026-01-02"), "{line}");
    }
    assert!(shown("git gryt generation list -v").contains(long));
    assert!(shown("COLUMNS=200 git gryt generation list").contains(long));
    // A pipe has all of it.
    let log = ann.must("git gryt log");
    assert!(
        log.contains("2026-01-02 03:04 +0000") && !log.contains(" ago"),
        "{log}"
    );
    assert!(ann.must("git gryt generation list").contains(long));
    assert!(!ann.must("git gryt status").contains(" ago"));
}

#[test]
fn commits_lead_to_their_pages_on_a_terminal_that_has_links() {
    let sandbox = Sandbox::new();
    let Some(ann) = with_a_terminal(&sandbox) else {
        return;
    };
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 -q");
    let commit = ann.git("rev-parse HEAD");
    let commit = commit.trim();
    // Nothing asks the host: the address is that of the settings.
    ann.git("remote set-url origin git@github.com:team/app.git");
    let linked = |base: &str| {
        let short = &commit[..10];
        format!("\u{1b}]8;;{base}{commit}\u{1b}\\{short}\u{1b}]8;;\u{1b}\\")
    };
    let page = linked("https://github.com/team/app/commit/");
    let kitty = ann.with("TERM", "xterm-kitty").with("GIT_PAGER", "cat");
    let shows = |who: &Person, line: &str| on_a_terminal(who, line).out;
    assert!(shows(&kitty, "git gryt log").contains(&page));
    let own = "https://git.example.com/app/?c={commit}";
    ann.git(&format!("config gryt.commitLinks {own}"));
    let out = shows(&kitty, "git gryt log");
    assert!(
        out.contains(&linked("https://git.example.com/app/?c=")),
        "{out}"
    );
    ann.git("config --unset gryt.commitLinks");
    let link = "\u{1b}]8;;";
    for (who, line) in [
        (&kitty, "git gryt log --json"),
        (&kitty, "git gryt log --color never"),
        (&kitty, "git gryt log | sed p"),
        (&kitty, "GRYT_COMMIT_LINKS=never git gryt log"),
        (&kitty, "NO_COLOR=1 git gryt log"),
        (&kitty, "TERM=dumb git gryt log"),
        (&kitty, "FORCE_HYPERLINK=0 git gryt log"),
        (&kitty, "git gryt log --no-cache | tee log"),
        (
            &ann.with("TERM", "xterm").with("GIT_PAGER", "cat"),
            "git gryt log",
        ),
        // A pager that is not known to pass them on.
        (
            &ann.with("TERM", "xterm-kitty").with("GIT_PAGER", "sed p"),
            "git gryt log",
        ),
    ] {
        let out = shows(who, line);
        assert!(
            out.contains(&commit[..10]) && !out.contains(link),
            "{line}: {out}"
        );
    }
    let refused = ann.refused(2, "git gryt config commit_links javascript:{commit}");
    assert!(refused.contains("auto, never, or an address"), "{refused}");
    // A branch says nothing of it.
    let tracked = ann.read(".gryt/config.yaml");
    ann.write(
        ".gryt/config.yaml",
        &format!("{tracked}commit_links: never\n"),
    );
    let refused = ann.refused(7, "git gryt log");
    assert!(refused.contains("commit_links"), "{refused}");
}
