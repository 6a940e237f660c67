//! Hooks, run by the real git: what they refuse, what they let go, and that they leave nothing
//! behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::sandbox::{Person, Sandbox};

/// Everything below a folder: kind, mode and content.
fn state(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let Ok(entries) = fs::read_dir(&at) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let about = path.symlink_metadata().unwrap();
            let text = if about.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .display()
                    .to_string()
                    .into_bytes()
            } else if about.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, (about.permissions().mode(), text));
        }
    }
    found
}

fn hook(who: &Person, path: &str, text: &str) {
    who.write(path, text);
    let file = who.dir.join(path);
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn team<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> [Person; N] {
    sandbox.hosting();
    sandbox.team(names)
}

/// The same person, whose git says that it is of that version. Only what is started as `git-gryt` asks it:
/// git puts its own folder first on the `PATH` of what it starts.
fn with_git(sandbox: &Sandbox, who: &Person, version: &str) -> Person {
    let real = who.must("command -v git").trim().to_owned();
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = version ]; then echo git version {version}; else exec {real} \"$@\"; fi\n"
    );
    hook(who, "../other/git", &text);
    let bin = sandbox.path().join("other");
    who.with(
        "PATH",
        &format!("{}:{}", bin.display(), who.variable("PATH")),
    )
}

/// The last version that runs hooks from files alone.
const BY_FILES: &str = "2.53.0";

#[test]
fn what_was_there_runs_first_and_is_there_again_afterwards() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    let hooks = ann.dir.join(".git/hooks");
    hook(
        &ann,
        ".git/hooks/pre-commit",
        "#!/bin/sh\necho first >> ../order\ntest ! -e ../veto\n",
    );
    hook(
        &ann,
        ".git/hooks/pre-push",
        "#!/bin/sh\ncat > ../told\nprintf '%s\\n' \"$@\" >> ../told\n",
    );
    std::os::unix::fs::symlink("nowhere", hooks.join("post-merge")).unwrap();
    let (before, config) = (state(&hooks), ann.read(".git/config"));
    let told = ann.must("git-gryt hook install");
    assert!(told.contains("after the one that was there"), "{told}");
    assert!(ann.must("git-gryt hook install").contains("there already"));
    ann.works("one.txt");
    assert_eq!(ann.read("../order"), "first\n");
    let told = ann.read("../told");
    assert!(told.starts_with("refs/heads/main "), "{told}");
    assert!(told.contains("\norigin\n"), "{told}");
    // What it refuses stays refused.
    ann.write("../veto", "");
    ann.write("two.txt", "");
    ann.refused(1, "git add . && git commit -q -m Two");
    ann.must("git-gryt hook uninstall pre-push");
    assert!(ann.has(".git/hooks.before-gryt/pre-commit"));
    ann.must("git-gryt hook uninstall");
    assert!(!ann.has(".git/hooks.before-gryt"));
    assert_eq!(state(&hooks), before);
    assert_eq!(ann.read(".git/config"), config);
    assert!(
        ann.must("git-gryt hook uninstall")
            .contains("no hooks here")
    );
}

#[test]
fn an_edited_hook_and_a_half_made_one_are_nobodys_to_replace() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    let hooks = ann.dir.join(".git/hooks");
    fs::remove_dir_all(&hooks).unwrap();
    ann.must("git-gryt hook install pre-commit");
    let file = hooks.join("pre-commit");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.clone() + "true\n").unwrap();
    let told = ann.refused(6, "git-gryt hook uninstall");
    assert!(told.contains("was edited since"), "{told}");
    let told = ann.refused(6, "git-gryt hook install pre-commit");
    assert!(told.contains("was edited since"), "{told}");
    ann.must("git commit -q --allow-empty -m Ends");
    fs::write(&file, &text).unwrap();
    ann.must("git-gryt hook uninstall");
    assert!(!hooks.exists(), "the folder was made for it");
    // An install that was cut short between its two steps.
    for aside in ["hooks.before-gryt/pre-push", "hooks/pre-push.before-gryt"] {
        ann.write(&format!(".git/{aside}"), "#!/bin/sh\n");
        fs::create_dir_all(&hooks).unwrap();
        let _ = fs::remove_file(hooks.join("pre-push"));
        let told = ann.refused(6, "git-gryt hook install pre-push");
        assert!(told.contains("git gryt hook uninstall pre-push"), "{told}");
        ann.must("git-gryt hook uninstall pre-push");
        assert!(ann.has(".git/hooks/pre-push") && !ann.has(&format!(".git/{aside}")));
        assert!(!ann.has(".git/hooks.before-gryt"));
    }
    // Folders above the hooks', which file of them goes last whatever the order.
    ann.git("config core.hooksPath own/of/hooks");
    ann.must("git-gryt hook install && git-gryt hook uninstall pre-commit");
    ann.must("git-gryt hook install pre-commit && git-gryt hook uninstall pre-push");
    ann.must("git-gryt hook uninstall");
    assert!(!ann.has("own"));
}

/// A script that runs what lies in the folder named as itself, as dispatchers do.
const DISPATCHER: &str = "#!/bin/sh\n. \"$(dirname \"$0\")/common\"\ncd \"$(dirname \"$0\")/../..\" || exit\n\
     pwd >>.git/ran\nfor part in \"$folder/$(basename \"$0\").d\"/*; do \"$part\" || exit; done\n";

fn dispatches(who: &Person) {
    hook(who, ".git/hooks/pre-commit", DISPATCHER);
    who.write(".git/hooks/common", "folder=.git/hooks\n");
    let part = "#!/bin/sh\necho part >>.git/ran\ntest ! -e veto\n";
    hook(who, ".git/hooks/pre-commit.d/first", part);
}

#[test]
fn a_hook_that_was_there_knows_itself_by_its_name_and_place() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    let hooks = ann.dir.join(".git/hooks");
    dispatches(&ann);
    let ran = |line: &str| {
        ann.must(line);
        let ran = ann.read(".git/ran");
        fs::remove_file(ann.dir.join(".git/ran")).unwrap();
        ran
    };
    let before = state(&hooks);
    let alone = ran("git commit -q --allow-empty -m Alone");
    assert!(alone.ends_with("/ann\npart\n"), "{alone}");
    ann.must("git-gryt hook install");
    assert_eq!(ran("git commit -q --allow-empty -m Moved"), alone);
    // What comes beside it later is found, too.
    ann.write(".git/hooks/common", "folder=.git/later\n");
    ann.must("cp -r .git/hooks/pre-commit.d .git/later.d && mkdir .git/later && mv .git/later.d .git/later/pre-commit.d");
    assert_eq!(ran("git commit -q --allow-empty -m Later"), alone);
    assert_eq!(
        ran("cd .git/hooks && GIT_DIR=.. GIT_WORK_TREE=../.. sh pre-commit"),
        alone
    );
    ann.write("veto", "");
    ann.refused(1, "git commit -q --allow-empty -m Vetoed");
    fs::remove_file(ann.dir.join("veto")).unwrap();
    ann.write(".git/hooks/common", "folder=.git/hooks\n");
    ann.must("git-gryt hook uninstall");
    assert_eq!(state(&hooks), before);
    assert!(!ann.has(".git/hooks.before-gryt"));
}

#[test]
fn what_an_earlier_build_moved_aside_is_run_renewed_and_put_back() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    let hooks = ann.dir.join(".git/hooks");
    let text = "#!/bin/sh\nbasename \"$0\" >>.git/ran\n";
    hook(&ann, ".git/hooks/pre-commit", text);
    let before = state(&hooks);
    let older = |who: &Person| {
        fs::rename(
            hooks.join("pre-commit"),
            hooks.join("pre-commit.before-gryt"),
        )
        .unwrap();
        let script = "#!/bin/sh\n# gryt hook pre-commit: git gryt hook uninstall takes it out again\n\
             before=$(dirname \"$0\")/pre-commit.before-gryt\nif [ -x \"$before\" ]; then\n  \
             \"$before\" \"$@\" || exit\nfi\n\
             command -v git-gryt >/dev/null 2>&1 || exit 0\nexec git-gryt hook run pre-commit \"$@\"\n";
        hook(who, ".git/hooks/pre-commit", script);
    };
    older(&ann);
    ann.must("git-gryt hook uninstall");
    assert_eq!(state(&hooks), before);
    older(&ann);
    let aside = state(&hooks);
    let told = ann.must("git-gryt hook install pre-commit");
    assert!(told.contains("brought up to date"), "{told}");
    ann.must("git commit -q --allow-empty -m One");
    assert_eq!(ann.read(".git/ran"), "pre-commit\n");
    assert!(
        ann.must("git-gryt hook install pre-commit")
            .contains("there already")
    );
    // A renewal that was cut short: the file is new, and what was there is in its old place.
    ann.must("mv .git/hooks.before-gryt/pre-commit .git/hooks/pre-commit.before-gryt");
    ann.must("git commit -q --allow-empty -m Two");
    assert_eq!(ann.read(".git/ran"), "pre-commit\npre-commit.before-gryt\n");
    assert_eq!(state(&hooks).len(), aside.len());
    ann.must("git-gryt hook uninstall");
    assert_eq!(state(&hooks), before);
    assert!(!ann.has(".git/hooks.before-gryt"));
}

#[test]
fn hooks_that_git_tracks_are_written_by_who_commits_them() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    ann.git("config core.hooksPath .githooks");
    hook(&ann, ".githooks/pre-commit", "#!/bin/sh\ntrue\n");
    ann.must("git add .githooks && git commit -q -m Hooks");
    let before = state(&ann.dir.join(".githooks"));
    for install in [
        "git-gryt hook install",
        "cd .githooks && git-gryt hook install pre-commit",
    ] {
        let told = ann.refused(6, install);
        assert!(told.contains("git tracks .githooks"), "{told}");
        assert!(
            told.contains(".githooks/pre-commit, an executable file"),
            "{told}"
        );
    }
    assert_eq!(state(&ann.dir.join(".githooks")), before);
    assert!(!ann.has(".githooks.before-gryt"));
    // What it says to add does what the hook does.
    let told = ann.refused(6, "git-gryt hook install pre-commit");
    let line = told
        .lines()
        .find(|line| line.contains("git-gryt hook run"))
        .unwrap();
    ann.write(
        ".githooks/pre-commit",
        &format!("#!/bin/sh\n{}\n", line.trim()),
    );
    ann.write(".gryt/policy.yaml", "nonsense\n");
    ann.refused(1, "git add -f .gryt && git commit -q -m Wrong");
    // By a link, or whole.
    ann.git("reset -q --hard");
    ann.must(
        "rm -rf .git/hooks && ln -s ../.githooks .git/hooks && git config --unset core.hooksPath",
    );
    ann.refused(6, "git-gryt hook install");
    ann.git("config core.hooksPath .");
    let told = ann.refused(6, "git-gryt hook install");
    assert!(told.contains("git tracks ."), "{told}");
}

#[test]
fn a_relative_folder_begins_where_hooks_are_run() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    ann.git("clone -q --bare . ../bare.git");
    let bare = ann.at(sandbox.path().join("bare.git"));
    bare.git("config core.hooksPath tools/hooks");
    for (who, install) in [
        (
            &bare.at(bare.dir.join("objects")),
            "git-gryt hook install post-merge",
        ),
        (&ann, "GIT_DIR=../bare.git git-gryt hook install pre-push"),
    ] {
        who.must(install);
        let uninstall = install.replace(" install ", " uninstall ");
        assert!(bare.has("tools/hooks"), "{install}");
        assert!(!ann.has("tools") && !bare.has("objects/tools"));
        who.must(&uninstall);
        assert!(!bare.has("tools"));
    }
    bare.must("git worktree add -q ../tree main && mkdir ../tree/deep");
    let tree = ann.at(sandbox.path().join("tree"));
    tree.must("git config user.name tree && git config user.email tree@example.com");
    tree.must("cd deep && git-gryt hook install pre-commit");
    assert!(tree.has("tools/hooks/pre-commit") && !bare.has("tools"));
    tree.write(".gryt/policy.yaml", "nonsense\n");
    tree.refused(1, "git add -f .gryt && git commit -q -m Wrong");
    tree.must("git-gryt hook uninstall");
    assert!(!tree.has("tools"));
}

#[test]
fn a_commit_is_refused_for_what_is_wrong_locally_and_for_nothing_else() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    ann.must("git gryt hook install pre-commit");
    for (file, text) in [
        (".gryt/policy.yaml", "gates: {no_such_gate: require}\n"),
        (".gryt/pipelines/pipeline.yaml", "steps: []\n"),
        (".gryt/config.yaml", "no_such_key: 1\n"),
    ] {
        let before = ann.sh(&format!("cat {file}"));
        ann.write(file, text);
        let told = ann.refused(1, "git add -f .gryt && git commit -q -m Wrong");
        assert!(told.contains(&format!("ERROR: {file}: ")), "{told}");
        // Nobody is told to commit what the team could not read.
        assert!(
            told.contains(&format!("Next: git add {file}\n")) && !told.contains("--no-verify"),
            "{told}"
        );
        // What the index does not have is not committed: a plain edit stops nothing.
        ann.git("reset -q");
        if file != ".gryt/config.yaml" {
            ann.must("git commit -q --allow-empty -m Fine");
            // `git commit FILE` commits from an index of its own.
            if before.code == 0 {
                ann.refused(1, &format!("git commit -q -m Wrong {file}"));
            }
        }
        match before.code {
            0 => ann.write(file, &before.out),
            _ => fs::remove_file(ann.dir.join(file)).unwrap(),
        }
    }
    bob.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git commit -q --allow-empty -m Pulls");
    assert!(
        ann.has(".gryt/generations/v1.0.0.yaml"),
        "it pulls on the way"
    );
    // An edit is reported by whoever takes it in, and a hook never does.
    let tip = ann.git("rev-parse refs/gryt/generations/v1.0.0");
    let draft = ann.read(".gryt/generations/v1.0.0.yaml");
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        &draft.replace("title: a", "title: b"),
    );
    ann.must("git commit -q --allow-empty -m Edited");
    assert_eq!(ann.git("rev-parse refs/gryt/generations/v1.0.0"), tip);
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\nchanges: 7\n",
    );
    // A draft is no part of the commit, which goes on.
    let told = ann.must("git commit -q --allow-empty -m Broken 2>&1");
    assert!(
        told.contains("warning: gryt: .gryt/generations/v1.0.0.yaml: line 2")
            && told.contains("  git gryt generation edit v1.0.0\n"),
        "{told}"
    );
    ann.write(".gryt/generations/v1.0.0.yaml", &draft);
    // Nobody home, nobody answering, no settings that make sense: git goes on.
    ann.git("remote set-url origin ../gone.git");
    assert_eq!(ann.must("git commit -q --allow-empty -m Away 2>&1"), "");
    ann.git("config gryt.remote nowhere");
    let told = ann.must("git commit -q --allow-empty -m Unset 2>&1");
    assert!(told.contains("nowhere"), "{told}");
    ann.git("config --unset gryt.remote");
    let without = ann.with("PATH", "/usr/local/bin:/usr/bin:/bin");
    assert_eq!(without.must("git commit -q --allow-empty -m Gone 2>&1"), "");
}

#[test]
fn a_cloud_that_never_answers_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    ann.must("git gryt hook install");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    ann.git(&format!(
        "remote set-url origin git://127.0.0.1:{port}/x.git"
    ));
    ann.must("git gryt config hook_timeout 300ms");
    // It ends at all: without the deadline this would wait for ever.
    assert_eq!(ann.must("git commit -q --allow-empty -m Silent 2>&1"), "");
    ann.must("git checkout -q -b side HEAD~1 && git commit -q --allow-empty -m Side");
    ann.must("git merge -q --no-edit main");
    ann.refused(2, "git gryt config hook_timeout soon");
    // Nor does what does not end when it is asked to.
    hook(
        &ann,
        "../deaf",
        "#!/bin/sh\ntrap '' TERM\necho $$ >../deaf.pid\nwhile :; do :; done\n",
    );
    ann.git("remote set-url origin ssh://nowhere.invalid/x.git");
    ann.git("config core.sshCommand ../deaf");
    assert_eq!(ann.must("git commit -q --allow-empty -m Deaf 2>&1"), "");
    assert!(!ann.lives(&ann.awaits("../deaf.pid")));
}

#[test]
fn a_push_waits_for_the_sharing_of_proofs_no_longer_than_for_a_pull() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    ann.must("git gryt hook install pre-push && git gryt config share_on_push true");
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git gryt evolution start v1.0.0 --change A");
    ann.works("a.txt");
    ann.must("git gryt run && git commit -q --allow-empty -m More");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    ann.git("remote set-url --push origin ../hosting.git");
    ann.git(&format!(
        "remote set-url origin git://127.0.0.1:{port}/x.git"
    ));
    ann.must("git gryt config hook_timeout 300ms");
    let told = ann.must("git push -q origin main 2>&1");
    assert!(
        told.contains("not shared: the cloud took too long"),
        "{told}"
    );
    assert!(
        told.contains("v1.0.0/A/rc.1 is proven at a commit that you push"),
        "{told}"
    );
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.git("rev-parse main"), ann.git("rev-parse main"));
    // However short or long that is.
    ann.git("remote set-url origin ../hosting.git");
    for (limit, says) in [
        ("1ns", "not shared: the cloud took too long"),
        ("500000000000years", "gryt: shared v1.0.0/A/rc.1"),
    ] {
        ann.must(&format!("git gryt config hook_timeout {limit}"));
        ann.must("git commit -q --allow-empty -m Again");
        let told = ann.must("git push -q origin main 2>&1");
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn a_push_tells_of_proofs_that_nobody_has_or_shares_them() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    ann.must("git gryt hook install");
    ann.must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    ann.must("git gryt sync push && git gryt evolution start v1.0.0 --change A");
    ann.write("a.txt", "a\n");
    ann.must("git add . && git commit -q -m A && git gryt run");
    let told = ann.must("git push -q origin main 2>&1");
    assert!(
        told.contains("v1.0.0/A/rc.1 is proven at a commit that you push"),
        "{told}"
    );
    // To somewhere else it says nothing; once shared, neither.
    ann.must("git init -q --bare ../other.git && git remote add other ../other.git");
    assert_eq!(ann.must("git push -q other main 2>&1"), "");
    ann.must("git gryt sync push-evolutions");
    ann.must("git gryt config share_on_push true && git gryt evolution start v1.0.0 --change B");
    ann.write("b.txt", "b\n");
    ann.must("git add . && git commit -q -m B && git gryt run");
    // Another branch is not what was proven.
    ann.must("git branch side HEAD~1 && git push -q origin side");
    // Whether a push will land, or is only tried, the hook cannot know: it publishes nothing itself.
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let before = hosting.refs("refs");
    ann.must("git push -q --dry-run origin main 2>&1");
    assert_eq!(hosting.refs("refs"), before);
    let told = ann.must("git push -q origin main 2>&1");
    assert!(
        told.contains("v1.0.0/B/rc.1 is proven at a commit that you push"),
        "{told}"
    );
    ann.write("b.txt", "more\n");
    ann.must("git commit -q -a -m More");
    let told = ann.must("git push -q origin main 2>&1");
    assert!(told.contains("shared v1.0.0/B/rc.1"), "{told}");
    bob.must("git gryt sync pull");
    let list = bob.must("git gryt evolution list v1.0.0");
    assert_eq!(list.matches("rc.1").count(), 2, "{list}");
    // What goes wrong on the way is said, and the branch is pushed.
    hook(
        &hosting,
        "hooks/update",
        "#!/bin/sh\ncase $1 in refs/gryt/*) exit 1;; esac\n",
    );
    ann.write("b.txt", "c\n");
    ann.must("git commit -q -a -m C && git gryt run && git push -q origin main");
    ann.must("git commit -q --allow-empty -m D");
    let told = ann.must("git push -q origin main 2>&1");
    assert!(told.contains("The proofs were not shared"), "{told}");
    assert_eq!(hosting.git("rev-parse main"), ann.git("rev-parse main"));
}

#[test]
fn worktrees_share_hooks_and_a_folder_of_ones_own_is_honoured() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    ann.must("git worktree add -q ../tree -b tree");
    let tree = ann.at(ann.dir.parent().unwrap().join("tree"));
    tree.must("git-gryt hook install pre-commit");
    assert!(ann.has(".git/hooks/pre-commit"));
    tree.write(".gryt/policy.yaml", "nonsense\n");
    tree.refused(1, "git add -f .gryt && git commit -q -m Wrong");
    tree.must("git-gryt hook uninstall");
    ann.git("config core.hooksPath tools/hooks");
    ann.must("git-gryt hook install pre-commit");
    assert!(ann.has("tools/hooks/pre-commit"));
    ann.write(".gryt/policy.yaml", "nonsense\n");
    ann.refused(1, "git add -f .gryt && git commit -q -m Wrong");
    ann.must("git-gryt hook uninstall");
    assert!(!ann.has("tools"));
    ann.git("config --unset core.hooksPath");
    ann.git("config --global core.hooksPath ../everybody");
    let told = ann.refused(6, "git-gryt hook install");
    assert!(told.contains("git-gryt hook run pre-commit"), "{told}");
    assert!(!ann.dir.join("../everybody").exists());
}

#[test]
fn managers_are_told_what_to_write_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let ann = with_git(&sandbox, &ann, BY_FILES);
    let before = state(&ann.dir.join(".git/hooks"));
    for (file, says) in [
        ("lefthook.yml", "run: git-gryt hook run pre-push {0}"),
        (
            ".pre-commit-config.yaml",
            "entry: git-gryt hook run pre-push",
        ),
    ] {
        ann.write(file, "");
        let told = ann.refused(6, "git-gryt hook install");
        assert!(told.contains(says) && told.contains(file), "{told}");
        fs::remove_file(ann.dir.join(file)).unwrap();
    }
    ann.git("config core.hooksPath .husky/_");
    let told = ann.refused(6, "git-gryt hook install pre-commit");
    assert!(told.contains("Add to .husky/pre-commit:"), "{told}");
    assert_eq!(state(&ann.dir.join(".git/hooks")), before);
    assert!(!ann.has(".husky"));
}

#[test]
fn where_git_runs_hooks_from_its_configuration_no_file_is_written() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    let later = with_git(&sandbox, &ann, "2.54.0");
    let before = (state(&ann.dir.join(".git/hooks")), ann.read(".git/config"));
    ann.git("config core.hooksPath .husky/_");
    let with_path = ann.read(".git/config");
    let told = later.must("git-gryt hook install");
    assert!(
        told.contains("in git's configuration (hook.gryt-pre-push)"),
        "{told}"
    );
    assert!(
        later
            .must("git gryt hook install")
            .contains("there already")
    );
    let command = ann.git("config hook.gryt-pre-commit.command");
    assert_eq!(ann.git("config hook.gryt-pre-commit.event"), "pre-commit");
    // As git runs it: the shell, the command, and the hook's arguments.
    ann.write(".gryt/policy.yaml", "nonsense\n");
    ann.git("add -f .gryt");
    ann.refused(7, &format!("{command} \"$@\""));
    let without = ann.with("PATH", "/usr/local/bin:/usr/bin:/bin");
    without.must(&format!("{command} \"$@\""));
    later.must("git-gryt hook uninstall");
    assert_eq!(ann.read(".git/config"), with_path);
    assert_eq!(state(&ann.dir.join(".git/hooks")), before.0);
}

#[test]
fn settings_that_are_broken_and_not_committed_stop_no_commit() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    ann.must("git gryt hook install pre-commit");
    ann.write(".gryt/config.yaml", "bogus: [\n");
    ann.write("other.txt", "other\n");
    let told = ann.must("git add other.txt && git commit -q -m Other 2>&1");
    assert!(told.contains(".gryt/config.yaml"), "{told}");
    let told = ann.refused(1, "git commit -q -a -m Settings");
    assert!(told.contains("Nothing was committed"), "{told}");
}
