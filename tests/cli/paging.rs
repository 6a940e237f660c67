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
