//! Help as people find it: man pages through `git gryt --help`, completions through git's own, and
//! a setup that can be undone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{PROGRAM, Person, Sandbox};

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// Somebody whose git-gryt lies in a `bin` of their own.
fn installed(sandbox: &Sandbox) -> Person {
    let nobody = sandbox.nobody();
    let bin = sandbox.path().join("prefix/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::copy(PROGRAM, bin.join("git-gryt")).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    nobody.with("PATH", &path)
}

fn there_is(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        eprintln!("skipped: there is no {program}");
    }
    found
}

#[test]
fn setup_says_what_it_writes_and_undoes_it() {
    let sandbox = Sandbox::new();
    let who = installed(&sandbox);
    let before = files(sandbox.path());
    let told = who.must("git gryt setup");
    let share = sandbox.path().join("home/.local/share");
    for file in [
        sandbox
            .path()
            .join("prefix/share/man/man1/git-gryt-sync-pull.1"),
        share.join("bash-completion/completions/git-gryt"),
        share.join("zsh/site-functions/_git-gryt"),
        share.join("fish/vendor_completions.d/git-gryt.fish"),
    ] {
        // Many files of one folder are told by their number.
        let folder = file.parent().unwrap();
        let told_of =
            [file.as_path(), folder].map(|path| told.contains(&path.display().to_string()));
        assert!(file.exists() && told_of.contains(&true), "{told}");
    }
    assert!(told.lines().count() <= 4, "{told}");
    assert!(
        told.contains("~/.bashrc: . /") && told.contains("~/.zshrc: fpath+=("),
        "{told}"
    );
    assert_eq!(who.must("git gryt setup"), told, "again is the same");
    if there_is("man") {
        // git runs `man git-gryt`, which looks beside the folders of PATH.
        let page = who.with("MANPAGER", "cat").must("git gryt --help");
        assert!(
            page.contains("git-gryt") && page.contains("COMMANDS: DECLARE A RELEASE"),
            "{page}"
        );
        for (asked, told) in [
            ("gryt", "COMMANDS: START"),
            ("gryt-tutorial", "DECLARE WHAT THE RELEASE MUST CONTAIN"),
            ("gitgryt", "WHAT A PROMOTION DOES"),
        ] {
            let page = who
                .with("MANPAGER", "cat")
                .must(&format!("git help {asked}"));
            assert!(page.contains(told), "{page}");
        }
        let page = who.with("MANPAGER", "cat").must("man git-gryt-sync-pull");
        assert!(page.contains("Take over what the cloud has"), "{page}");
    }
    let pages = "prefix/share/man/man*/*";
    if there_is("groff") {
        let warned = who.must(&format!("groff -man -ww -Tutf8 -z {pages} 2>&1"));
        assert_eq!(warned, "");
    }
    if there_is("mandoc") {
        let warned = who.must(&format!("mandoc -T lint -W warning {pages} 2>&1"));
        assert_eq!(warned, "");
    }
    who.must("git gryt setup --undo");
    let after: BTreeSet<PathBuf> = files(sandbox.path());
    let left: Vec<&PathBuf> = after
        .difference(&before)
        .filter(|path| path.is_file())
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(who.must("git gryt setup --undo").contains("Nothing to do"));
}

#[test]
fn what_somebody_else_wrote_stays() {
    let sandbox = Sandbox::new();
    let who = installed(&sandbox);
    who.write(
        "there/share/bash-completion/completions/git-gryt",
        "# mine\n",
    );
    let told = who.must("git gryt setup --prefix there");
    assert!(
        told.contains("Left alone, since gryt did not write it"),
        "{told}"
    );
    assert!(who.has("there/share/man/man1/git-gryt.1"));
    // What the list of files cannot name is not begun.
    who.write("nl/x", "precious\n");
    for prefix in ["$(printf 'nl/x\\ny')", "$(printf 'p\\377q')"] {
        for undo in ["", " --undo"] {
            let said = who.refused(2, &format!("git gryt setup --prefix \"{prefix}\"{undo}"));
            assert!(said.contains("is not UTF-8"), "{said}");
        }
    }
    assert_eq!(who.read("nl/x"), "precious\n");
    who.must("git gryt setup --prefix there --undo");
    assert_eq!(
        who.read("there/share/bash-completion/completions/git-gryt"),
        "# mine\n"
    );
    assert!(!who.has("there/share/man"));
}

#[test]
fn the_undoing_of_a_setup_leaves_the_folders_that_were_there_and_no_others() {
    let sandbox = Sandbox::new();
    let who = sandbox.nobody();
    let folders = |root: &str| who.must(&format!("cd {root} && find . | sort"));
    for prepared in [
        "mkdir -p there",
        "mkdir -p there/share/man/man1 there/share/zsh",
        "mkdir -p there/share/git-gryt/mine",
    ] {
        who.must(prepared);
        let before = folders("there");
        who.must("git gryt setup --prefix there/own && git gryt setup --prefix there");
        who.must("git gryt setup --prefix there/own && git gryt setup --prefix there");
        who.must(
            "git gryt setup --prefix there/own --undo && git gryt setup --prefix there --undo",
        );
        assert_eq!(folders("there"), before, "{prepared}");
        who.must("rm -r there");
    }
    who.must("git gryt setup --prefix a/b/c && git gryt setup --prefix a/b/c --undo");
    assert!(!who.has("a"));
    // What an earlier build wrote down.
    who.write("old/share/git-gryt/installed", "");
    let page = format!("{}/old/share/man/man1/x.1", sandbox.path().display());
    who.write("old/share/man/man1/x.1", "");
    who.write("old/share/git-gryt/installed", &format!("{page}\n"));
    who.must("git gryt setup --prefix old --undo");
    assert!(!who.has("old/share"));
}

#[test]
fn help_shows_examples_and_a_slip_of_the_keys_is_understood() {
    let sandbox = Sandbox::new();
    let who = sandbox.nobody();
    let told = who.must("git gryt promote -h");
    assert!(
        told.contains("Examples:\n  git gryt promote v1.2.0 --dry-run"),
        "{told}"
    );
    let told = who.refused(2, "git gryt promot v1.0.0");
    assert!(told.contains("'promote'"), "{told}");
    let told = who.refused(2, "git gryt generation new --nxt minor");
    assert!(told.contains("'--next'"), "{told}");
    let told = who.refused(2, "git gryt generation new --next minor --dry-run");
    assert!(told.contains("  --from-commits\n"), "{told}");
    assert!(who.must("git gryt man sync pull").contains(".TH"));
    assert_eq!(
        who.must("git gryt man git-gryt-sync-pull"),
        who.must("git gryt man sync pull")
    );
    who.refused(2, "git gryt man nothing");
    who.must("git gryt man --to pages");
    assert!(who.has("pages/git-gryt-hook-install.1") && who.has("pages/gitgryt.7"));
    assert!(who.must("git gryt man concepts").contains(".TH GITGRYT 7"));
    // A list of commands in groups, of whoever types nothing, too.
    let list = who.must("git gryt help");
    assert!(list.contains("\nrelease\n  why "), "{list}");
    assert_eq!(who.must("git gryt -h"), list);
    assert_eq!(who.refused(2, "git gryt"), list);
    let told = who.must("git gryt help generation new");
    assert!(told.contains("Usage: git gryt generation new"), "{told}");
    let told = who.must("git gryt help tutorial");
    assert!(told.starts_with("# Tutorial\n"), "{told}");
    let told = who.refused(2, "git gryt help generation nothing");
    assert!(told.contains("'nothing'"), "{told}");
}

/// What bash offers for a line, through the function that git's completion calls.
fn bash(who: &Person, words: &[&str], main: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "{main}\n. <(git-gryt completions bash)\nCOMP_WORDS=({})\nCOMP_CWORD={}\n\
         COMP_LINE=\"${{COMP_WORDS[*]}}\"\nCOMP_POINT=${{#COMP_LINE}}\n{}\necho \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        words.len() - 1,
        match main {
            "" => "_git_gryt",
            _ => "__git_wrap__git_main",
        }
    );
    who.write("complete.sh", &script);
    who.must("bash complete.sh")
}

#[test]
fn bash_completes_as_git_does() {
    if !there_is("bash") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [who] = sandbox.team(["dev"]);
    who.must("git gryt generation new v1.0.0 --change add:FEAT-1:One --change add:FIX:Two");
    who.must("git gryt generation new v1.1.0 --change add:LATER:Three");
    let mut ways = vec![String::new()];
    let git = Path::new("/usr/share/bash-completion/completions/git");
    if git.exists() {
        ways.push(format!(". {}", git.display()));
    }
    for main in ways {
        let offers = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let told = bash(&who, &words, &main);
            told.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(offers("git gryt prom"), "promote");
        let new = offers("git gryt generation new --");
        assert!(new.contains("--next") && new.contains("--change"), "{new}");
        let pull = offers("git -C . gryt sync pu");
        assert_eq!(pull, "pull push push-evolutions", "{main}");
        assert_eq!(offers("git gryt generation new --next m"), "major minor");
        assert_eq!(offers("git gryt promote v"), "v1.0.0 v1.1.0");
        let change = "git gryt evolution start v1.0.0 --change ";
        assert_eq!(offers(change), "FEAT-1 FIX");
        // What stands after `=` is a word of its own to bash.
        assert_eq!(offers("git gryt run --change=FEA"), "FEAT-1");
        assert_eq!(
            offers("git gryt config execution_mode "),
            "local hybrid cloud"
        );
        assert_eq!(offers("git gryt help tu"), "tutorial");
        assert_eq!(offers("git gryt promote v9"), "");
    }
}

/// What the program offers for the last word of a line.
fn offered(who: &Person, line: &str) -> Vec<String> {
    let at = line.split(' ').count() - 1;
    let told = who.sh(&format!("git-gryt completions bash --at {at} -- {line}"));
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{line}");
    told.out.lines().map(str::to_owned).collect()
}

#[test]
fn names_are_completed_from_this_clone_alone() {
    let sandbox = Sandbox::new();
    let cloud = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.0.0", "FEAT-1");
    dev.must("git gryt promote v1.0.0");
    dev.must("git gryt generation new billing/v0.1.0 --change add:BILL:Bills");
    dev.must("git gryt evolution start billing/v0.1.0 --change BILL");
    dev.git("remote add evil 'ext::touch owned'");
    // What others named, and a shell would run.
    dev.write(".gryt/pipelines/$(touch owned).yaml", "steps: []\n");
    dev.write(".gryt/pipelines/e2e.yaml", "steps: []\n");
    // The cloud is not asked, and nothing is written.
    fs::remove_dir_all(cloud).unwrap();
    let before = (files(&dev.dir), dev.refs(""));
    for (line, expected) in [
        ("git-gryt promote ''", vec!["billing/v0.1.0"]),
        ("git-gryt withdraw v", vec!["v1.0.0"]),
        ("git-gryt notes ''", vec!["billing/v0.1.0", "v1.0.0"]),
        ("git-gryt log --product ''", vec!["billing"]),
        (
            "git-gryt evolution show b",
            vec!["billing/v0.1.0/BILL/rc.1"],
        ),
        ("git-gryt run ''", vec!["e2e", "pipeline"]),
        ("git-gryt run --change B", vec!["BILL"]),
        ("git-gryt sync pull --from ''", vec!["evil", "origin"]),
        ("git-gryt config rem", vec!["remote", "remote_prefix"]),
        ("git-gryt config remote ''", vec!["evil", "origin"]),
        (
            "git-gryt promote v1 --waive indep",
            vec!["independent_proof"],
        ),
        ("git-gryt -C nowhere promote ''", vec![]),
        ("git-gryt man conc", vec!["concepts"]),
    ] {
        assert_eq!(offered(&dev, line), expected, "{line}");
    }
    assert_eq!((files(&dev.dir), dev.refs("")), before);
    // Where there is no repository, commands are offered all the same.
    let nobody = sandbox.nobody();
    assert_eq!(
        offered(&nobody, "git-gryt promote ''"),
        Vec::<String>::new()
    );
    assert_eq!(offered(&nobody, "git-gryt prom"), ["promote"]);
    let zsh = nobody.must("git-gryt completions zsh --at 1 -- git-gryt prom");
    assert_eq!(zsh, "promote:Release a version, and add it to the ledger\n");
    let fish = dev.must("git-gryt completions fish --at 3 -- git-gryt run --change B");
    assert_eq!(fish, "BILL Bills\n");
}

#[test]
fn fish_completes_as_git_does() {
    if !there_is("fish") {
        return;
    }
    let sandbox = Sandbox::new();
    let who = sandbox.nobody();
    let offers = |line: &str| {
        let script = format!("git-gryt completions fish | source; complete -C '{line}'");
        who.must(&format!("fish -c \"{script}\""))
    };
    assert!(offers("git gryt prom").contains("promote\t"));
    let next = offers("git gryt generation new --ne");
    assert!(next.starts_with("--next\t"), "{next}");
    let list = offers("git gryt generation ");
    assert!(
        list.contains("resolve\t") && !list.contains("withdraw"),
        "{list}"
    );
    assert!(offers("git gryt hook install p").contains("pre-push"));
}

#[test]
fn zsh_gets_a_function_that_it_can_read() {
    if !there_is("zsh") {
        return;
    }
    let sandbox = Sandbox::new();
    let who = sandbox.nobody();
    who.must("mkdir functions && git-gryt completions zsh > functions/_git-gryt");
    let script = "fpath=(functions $fpath); autoload -U compinit; compinit -u -D; \
                  autoload +X _git-gryt && whence -w _git-gryt; echo $_comps[git-gryt]";
    let told = who.must(&format!("zsh -f -c '{script}'"));
    assert_eq!(told, "_git-gryt: function\n_git-gryt\n");
}
