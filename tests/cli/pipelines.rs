//! Pipelines that run as real processes: how steps end, what is kept of them, and where they run.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use crate::sandbox::{Person, Sandbox};

const PIPELINE: &str = ".gryt/pipelines/pipeline.yaml";
const TIP: &str = "refs/gryt/evolutions/v1.0.0/A/rc.1";

/// A developer with v1.0.0, its change A, and a pipeline.
fn ready(sandbox: &Sandbox, pipeline: &str) -> Person {
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.tracks(PIPELINE, pipeline);
    dev.must("git gryt generation new v1.0.0 --change add:A:a");
    dev.must("git gryt evolution start v1.0.0 --change A");
    dev
}

fn proof(dev: &Person) -> String {
    dev.must(&format!("git show {TIP}:proof.yaml"))
}

/// The lines of `proof.yaml` about one step.
fn step(dev: &Person, name: &str) -> String {
    let text = proof(dev);
    let from = text.find(&format!("- name: {name}\n")).unwrap();
    let rest = &text[from + 2..];
    rest[..rest.find("\n- ").unwrap_or(rest.len())].to_owned()
}

#[test]
fn a_failure_skips_what_needs_it_and_the_rest_still_runs() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n\
         - {name: lint, run: 'exit 3', allow_failure: true}\n\
         - {name: build, run: no-such-command-here}\n\
         - {name: test, run: 'touch tested'}\n\
         - {name: docs, needs: [], run: 'echo $ONE$TWO; pwd', env: {ONE: 1, TWO: 'x y'}, working_dir: .gryt}\n",
    );
    let ran = dev.sh("git gryt run");
    assert_eq!(ran.code, 5, "{ran:#?}");
    for line in [
        "[lint] failed with exit 3, which is allowed",
        "[build] failed with exit 127",
        "[test] skipped: something that it needs did not pass",
        "docs | 1x y",
        "/dev/.gryt",
        "[docs] passed",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:#?}");
    }
    assert!(!dev.has("tested"));
    assert!(
        step(&dev, "lint").contains("allowed: true"),
        "{}",
        proof(&dev)
    );
    assert!(
        step(&dev, "test").contains("status: skipped"),
        "{}",
        proof(&dev)
    );
    assert_eq!(
        dev.git(&format!("ls-tree --name-only {TIP}:logs")),
        "build.log\ndocs.log\nlint.log"
    );
}

#[test]
fn independent_steps_run_side_by_side() {
    let sandbox = Sandbox::new();
    // Each waits for the other's sign, so that one after the other they would never end.
    let wait = |own, other| format!("touch {own}; until test -e {other}; do :; done");
    let dev = ready(
        &sandbox,
        &format!(
            "steps:\n- {{name: a, run: '{}'}}\n- {{name: b, needs: [], run: '{}'}}\n",
            wait("a", "b"),
            wait("b", "a")
        ),
    );
    let ran = dev.must("git gryt run --jobs 2");
    assert!(
        ran.contains("[a] passed") && ran.contains("[b] passed"),
        "{ran}"
    );
}

#[test]
fn a_flaky_step_is_tried_again_and_that_is_kept() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n- {name: flaky, retries: 2, run: 'echo once more; test -e seen || { touch seen; false; }'}\n",
    );
    let ran = dev.must("git gryt run");
    assert!(ran.contains("[flaky] try 2\n"), "{ran}");
    assert!(ran.contains("at try 2"), "{ran}");
    assert!(step(&dev, "flaky").contains("tries: 2"), "{}", proof(&dev));
    assert_eq!(
        dev.must(&format!("git show {TIP}:logs/flaky.log")),
        "once more\n[try 2 of 3]\nonce more\n"
    );
}

#[test]
fn a_step_that_takes_too_long_ends_with_all_that_it_started_even_if_it_will_not() {
    let sandbox = Sandbox::new();
    let stubborn = "trap \"\" TERM; sh -c \"trap : TERM; while :; do sleep 1; done\" & \
                    echo $! > child; echo $$ > own; while :; do sleep 1; done";
    let dev = ready(
        &sandbox,
        &format!("steps:\n- {{name: stubborn, timeout: 1s, run: '{stubborn}'}}\n"),
    );
    let ran = dev.sh("git gryt run");
    assert_eq!(ran.code, 5, "{ran:#?}");
    assert!(
        ran.out.contains("[stubborn] took too long and was ended"),
        "{ran:#?}"
    );
    assert!(
        step(&dev, "stubborn").contains("status: timeout"),
        "{}",
        proof(&dev)
    );
    for file in ["own", "child"] {
        assert!(!dev.lives(&dev.awaits(file)), "{file}");
    }
}

#[test]
fn what_a_step_leaves_behind_neither_lives_on_nor_holds_it_up() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n\
         - {name: leaves, run: 'sleep 1000 & echo $! > child'}\n\
         - {name: escapes, run: 'setsid sleep 1000 & echo $! > escaped'}\n",
    );
    let ran = dev.must("git gryt run");
    assert!(
        ran.contains("[leaves] left processes running, which were ended"),
        "{ran}"
    );
    assert!(!dev.lives(&dev.awaits("child")));
    // Who starts a session of his own has left the group; the run does not wait for him.
    dev.sh(&format!("kill {}", dev.awaits("escaped")));
}

#[test]
fn an_interrupt_ends_the_group_and_records_nothing() {
    for isolated in [false, true] {
        let sandbox = Sandbox::new();
        let marks = sandbox.path().display().to_string();
        let dev = ready(
            &sandbox,
            &format!(
                "steps:\n- {{name: long, run: 'sleep 1000 & echo $! > {marks}/child; echo $$ > {marks}/own; wait'}}\n\
                 - {{name: next, run: 'touch {marks}/next'}}\n"
            ),
        );
        let before = dev.refs("refs/gryt");
        let args: &[&str] = match isolated {
            true => &["run", "--isolated"],
            false => &["run"],
        };
        let running = dev.start(args);
        let own = dev.at(sandbox.path()).awaits("own");
        dev.must(&format!("kill -INT {}", running.id()));
        let ran = Person::wait(running);
        assert_eq!(ran.code, 130, "{ran:#?}");
        assert!(
            ran.err.contains("Interrupted: nothing was recorded"),
            "{ran:#?}"
        );
        assert_eq!(dev.refs("refs/gryt"), before);
        let child = dev.at(sandbox.path()).awaits("child");
        assert!(!dev.lives(&own) && !dev.lives(&child));
        assert!(!sandbox.path().join("next").exists());
        assert_eq!(dev.git("worktree list").lines().count(), 1);
    }
}

#[test]
fn a_gigabyte_leaves_a_tail_with_its_cut_marked() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n- {name: loud, run: 'head -c 1000000000 /dev/zero; echo END'}\n",
    );
    dev.must("git gryt run --quiet");
    let size: usize = dev
        .git(&format!("cat-file -s {TIP}:logs/loud.log"))
        .parse()
        .unwrap();
    assert!((64 * 1024..65 * 1024).contains(&size), "{size}");
    let log = dev.must(&format!("git show {TIP}:logs/loud.log | tr -d '\\0'"));
    assert_eq!(log, "[999934468 bytes before this were not kept]\nEND\n");
}

#[test]
fn bytes_are_kept_as_they_are_escapes_are_not_shown_and_secrets_are_neither() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "logs: full\nsecrets: [TOKEN, UNSET]\nsteps:\n\
         - {name: tells, run: 'printf \"\\377\\033]0;owned\\007\\033[31mred %s\\033[0m\\n\" \"$TOKEN\"'}\n\
         - {name: slow, run: 'printf hun; sleep 0.2; echo ter2'}\n",
    );
    let dev = dev.with("TOKEN", "hunter2");
    let ran = dev.sh("git gryt run");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.out.contains("red ***"), "{ran:#?}");
    assert!(ran.out.contains("slow | ***"), "{ran:#?}");
    assert!(
        !ran.out.contains('\x1b') && !ran.out.contains("owned"),
        "{ran:#?}"
    );
    let hex = dev.git(&format!("show {TIP}:logs/tells.log | od -An -c"));
    assert!(
        hex.starts_with(" 377 033") || hex.starts_with("377 033"),
        "{hex}"
    );
    for text in [ran.out, ran.err] {
        assert!(!text.contains("hunter2"));
    }
    let held = dev.sh("git cat-file --batch-all-objects --batch | grep -c hunter2");
    assert_eq!(held.out, "0\n");
}

#[test]
fn the_pipeline_says_how_much_of_its_output_is_kept() {
    let sandbox = Sandbox::new();
    let pipeline = |logs: &str| {
        format!("logs: {logs}\nsteps:\n- {{name: a, run: 'head -c 200000 /dev/zero'}}\n")
    };
    let dev = ready(&sandbox, &pipeline("none"));
    dev.must("git gryt run -q");
    assert_eq!(
        dev.git(&format!("ls-tree --name-only {TIP}")),
        "evolution.yaml\nproof.yaml"
    );
    dev.tracks(PIPELINE, &pipeline("full"));
    dev.must("git gryt run -q");
    assert_eq!(dev.git(&format!("cat-file -s {TIP}:logs/a.log")), "200000");
}

#[test]
fn an_invalid_pipeline_says_where() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox, "steps:\n- {name: a, run: x}\n");
    for (text, place, says) in [
        ("steps: []\n", "line 1", "no steps"),
        ("steps:\n  - name: a\n", "line 2", "missing field `run`"),
        (
            "steps:\n  - name: a\n    run: x\n    needs: [b]\n",
            "line 4, column 13",
            "a needs b, which is not a step",
        ),
        (
            "steps:\n  - name: a\n    run: x\n    needs: [b]\n  - name: b\n    run: x\n",
            "line 4",
            "wait for each other: a → b → a",
        ),
        (
            "steps:\n  - name: a\n    run: x\n    timeout: soon\n",
            "line 2",
            "write a time",
        ),
        (
            "steps:\n  - name: a\n    run: x\n    retry: 1\n",
            "line 4, column 5",
            "retry",
        ),
    ] {
        dev.tracks(PIPELINE, text);
        for line in ["git gryt run", "git gryt run --validate"] {
            let refusal = dev.refused(7, line);
            assert!(
                refusal.contains(place) && refusal.contains(says),
                "{text}: {refusal}"
            );
        }
    }
}

#[test]
fn pipelines_are_listed_planned_and_checked_without_running() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "description: All of it\nsteps:\n- {name: a, run: 'touch ran'}\n- {name: b, run: 'touch ran', needs: [a]}\n",
    );
    dev.write(".gryt/pipelines/broken.yaml", "steps: 3\n");
    let before = dev.refs("refs/gryt");
    let listed = dev.must("git gryt run --list");
    assert!(listed.contains("pipeline: All of it\n  a, b\n"), "{listed}");
    assert!(listed.contains("broken: invalid: "), "{listed}");
    let refusal = dev.refused(7, "git gryt run --validate");
    assert!(
        refusal.contains(".gryt/pipelines/broken.yaml: line 1"),
        "{refusal}"
    );
    assert_eq!(
        dev.must("git gryt run pipeline --validate"),
        "Valid: pipeline\n"
    );
    dev.git("checkout -q . ");
    fs::remove_file(dev.dir.join(".gryt/pipelines/broken.yaml")).unwrap();
    let planned = dev.must("git gryt run --dry-run");
    assert!(planned.contains("Would prove v1.0.0/A/rc.1"), "{planned}");
    assert!(
        planned.contains("  b (after a)\n    touch ran\n"),
        "{planned}"
    );
    assert!(!dev.has("ran"));
    assert_eq!(dev.refs("refs/gryt"), before);
    for line in ["--list", "--dry-run", "--validate"] {
        let json = dev.must(&format!("git gryt run {line} --json"));
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(
            document["schema"]
                .as_str()
                .unwrap()
                .starts_with("gryt.run.")
        );
    }
}

#[test]
fn in_isolation_the_commit_is_all_there_is() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n- {name: sees, run: 'cat app.txt; ls; test ! -e extra'}\n",
    );
    dev.write("app.txt", "edited\n");
    dev.write("extra", "x");
    dev.write(PIPELINE, "steps:\n- {name: edited, run: 'false'}\n");
    // A hook of the user's is in no commit either.
    dev.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch extra\n");
    dev.must("chmod +x .git/hooks/post-checkout");
    let ran = dev.must("git gryt run --isolated");
    assert!(ran.contains("sees | app\n"), "{ran}");
    assert!(ran.contains("Proven: A of v1.0.0"), "{ran}");
    let yaml = proof(&dev);
    assert!(yaml.contains("isolated: true"), "{yaml}");
    let blob = dev.git(&format!("rev-parse HEAD:{PIPELINE}"));
    assert!(yaml.contains(&format!("blob: {blob}")), "{yaml}");
    assert_eq!(dev.git("worktree list").lines().count(), 1);
    assert_eq!(dev.read("app.txt"), "edited\n");

    // An earlier commit can be proven too, by its own pipeline.
    dev.must("git stash -q && git rm -q app.txt && git commit -q -m Gone");
    let earlier = dev.git("rev-parse HEAD~1");
    dev.must("git gryt run --isolated --commit HEAD~1");
    assert_eq!(dev.git(&format!("rev-parse {TIP}^2")), earlier);

    // What edits its own ground proves nothing there either.
    dev.tracks(
        PIPELINE,
        "steps:\n- {name: edits, run: 'echo x > .gryt/.gitignore'}\n",
    );
    let ran = dev.must("git gryt run --isolated");
    assert!(ran.contains("was changed while the pipeline ran"), "{ran}");
}

#[test]
fn a_killed_isolated_run_is_cleared_by_the_next() {
    let sandbox = Sandbox::new();
    let marks = sandbox.path().display().to_string();
    let dev = ready(
        &sandbox,
        &format!(
            "steps:\n- {{name: a, run: 'test -e {marks}/again || {{ echo $$ > {marks}/own; sleep 1000; }}'}}\n"
        ),
    );
    let mut running = dev.start(&["run", "--isolated"]);
    let own = dev.at(sandbox.path()).awaits("own");
    running.kill().unwrap();
    assert_eq!(running.wait().unwrap().signal(), Some(9));
    dev.must(&format!("kill -9 -{own}"));
    assert_eq!(dev.git("worktree list").lines().count(), 2);
    fs::write(sandbox.path().join("again"), "").unwrap();
    dev.must("git gryt run --isolated");
    assert_eq!(dev.git("worktree list").lines().count(), 1);
    let left = fs::read_dir(sandbox.path()).unwrap();
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    assert!(!left.map(name).any(|n| n.starts_with("git-gryt-isolated")));
}

#[test]
fn a_run_that_was_killed_while_its_worktree_was_made_stops_nobody() {
    for command in ["git gryt sync pull", "git gryt run --isolated"] {
        let sandbox = Sandbox::new();
        let dev = ready(&sandbox, "steps:\n- {name: a, run: 'true'}\n");
        // As `git worktree add` leaves it, killed between making `commondir` and writing it.
        let folder = sandbox.path().join("git-gryt-isolated-x");
        let left = |folder: &std::path::Path, name: &str| {
            let tree = dev.dir.join(".git/worktrees").join(name);
            fs::create_dir_all(&tree).unwrap();
            let gitdir = folder.join("tree/.git").display().to_string() + "\n";
            fs::write(tree.join("locked"), "initializing\n").unwrap();
            fs::write(tree.join("gitdir"), gitdir).unwrap();
            fs::write(tree.join("commondir"), "").unwrap();
            tree
        };
        fs::create_dir_all(folder.join("tree")).unwrap();
        fs::write(folder.join("in-use"), "").unwrap();
        let tree = left(&folder, "tree");
        let without_folder = left(&sandbox.path().join("git-gryt-isolated-gone"), "tree1");
        assert_ne!(dev.sh("git worktree list").code, 0, "git is in the way");
        dev.must(command);
        assert!(!tree.exists() && !without_folder.exists());
        assert_eq!(dev.git("worktree list").lines().count(), 1);
        // One that somebody is making this moment is theirs.
        let lock = fs::File::open(folder.join("in-use")).unwrap();
        lock.lock().unwrap();
        let tree = left(&folder, "tree");
        dev.must("git gryt status");
        assert!(tree.exists());
    }
}

#[test]
fn nothing_that_came_from_a_remotes_refs_is_executed() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox, "steps:\n- {name: mine, run: 'true'}\n");
    dev.must("git gryt sync push");
    let [evil] = sandbox.team(["evil"]);
    evil.must("git gryt sync pull");
    for name in [
        "$(touch owned)",
        "../../evil",
        "../generations/v1.0.0",
        "evil",
    ] {
        let contract = format!(
            "version: v1.0.0\nchanges:\n- type: add\n  id: A\n  title: a\n  pipeline: \"{name}\"\n"
        );
        evil.write(".gryt/generations/v1.0.0.yaml", &contract);
        evil.must("git gryt sync push");
        dev.must("git gryt sync pull");
        let refusal = dev.refused(7, "git gryt run");
        assert!(refusal.contains("There is no pipeline"), "{refusal}");
        assert!(!dev.has("owned"));
    }
    // A pipeline that lies where only gryt's refs put it is none of the branch's.
    evil.write("x", "steps:\n- {name: evil, run: 'touch owned'}\n");
    evil.must(
        "tree=$(printf '100644 blob %s\\tevil.yaml\\n' $(git hash-object -w x) | git mktree) && \
         git push -q origin $(git commit-tree $tree -m x):refs/gryt/generations/v9.0.0",
    );
    dev.sh("git gryt sync pull");
    dev.refused(7, "git gryt run evil");
    assert!(!dev.has("owned"));
}

#[test]
fn a_terminal_shows_what_runs_and_a_file_does_not() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n- {name: first, run: 'echo one; sleep 0.5'}\n- {name: second, run: 'echo two'}\n",
    );
    if dev.sh("script --version").code != 0 {
        eprintln!("skipped: no script(1) to make a terminal");
        return;
    }
    let seen = dev
        .with("TERM", "xterm")
        .must("script -qec 'stty cols 80 rows 24; git gryt run' /dev/null");
    assert!(seen.contains("/2 steps"), "{seen}");
    assert!(
        seen.contains("first | one") && seen.contains("Proven: A"),
        "{seen}"
    );
    let plain = dev.must("git gryt run");
    assert!(
        !plain.contains("/2 steps") && !plain.contains('\x1b'),
        "{plain}"
    );
}

#[test]
fn a_step_that_cannot_run_as_it_says_fails_and_is_recorded() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n\
         - {name: fine, run: 'true'}\n\
         - {name: nowhere, needs: [], run: 'true', env: {PATH: /nowhere}}\n\
         - {name: outside, needs: [], run: pwd, working_dir: out}\n",
    );
    dev.must("ln -s / out && git add out && git commit -q -m Link");
    let ran = dev.sh("git gryt run");
    assert_eq!(ran.code, 5, "{ran:#?}");
    assert!(ran.out.contains("[nowhere] passed"), "{ran:#?}");
    assert!(
        ran.out.contains("no folder out in the working tree"),
        "{ran:#?}"
    );
    assert!(step(&dev, "outside").contains("status: fail"));
    // Where nothing passed, nothing is proven, whatever may fail.
    dev.tracks(
        PIPELINE,
        "steps:\n- {name: a, run: 'false', allow_failure: true}\n",
    );
    assert_eq!(dev.sh("git gryt run").code, 5);
}

#[test]
fn a_step_that_asks_the_terminal_fails_and_does_not_wait() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n- {name: asks, run: 'echo asking; read x < /dev/tty; echo got $x'}\n",
    );
    if dev.sh("script --version").code != 0 {
        eprintln!("skipped: no script(1) to make a terminal");
        return;
    }
    let seen = dev.sh("script -qec 'git gryt run' /dev/null < /dev/null");
    assert_eq!(seen.code, 5, "{seen:#?}");
    assert!(seen.out.contains("It wanted the terminal"), "{seen:#?}");
}

#[test]
fn a_run_that_nobody_reads_ends() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox, "steps:\n- {name: endless, run: 'yes'}\n");
    let before = dev.refs("refs/gryt");
    let seen = dev.must("git gryt run | head -n 2");
    assert!(seen.contains("endless"), "{seen}");
    assert_eq!(dev.refs("refs/gryt"), before);
    let unheard = dev.sh("git gryt log > /dev/full");
    assert_eq!(unheard.code, 1);
    assert!(
        unheard.err.contains("The output could not be written"),
        "{unheard:?}"
    );
}

#[test]
fn signals_end_the_process_again_once_the_pipeline_ended() {
    let sandbox = Sandbox::new();
    let marks = sandbox.path().display().to_string();
    let dev = ready(
        &sandbox,
        &format!("steps:\n- {{name: a, run: 'touch {marks}/hang'}}\n"),
    );
    dev.must("git gryt config execution_mode cloud");
    let ssh = format!(
        "#!/bin/sh\nif test -e {marks}/hang; then echo $$ > {marks}/hangs; exec sleep 1000; fi\nshift; exec sh -c \"$*\"\n"
    );
    fs::write(sandbox.path().join("ssh"), ssh).unwrap();
    dev.must(&format!("chmod +x {marks}/ssh"));
    dev.git(&format!(
        "remote set-url origin ssh://host{marks}/hosting.git"
    ));
    let dev = dev
        .with("GIT_SSH_COMMAND", &format!("{marks}/ssh"))
        .with("GIT_SSH_VARIANT", "simple");
    let mut running = dev.start(&["run"]);
    let hangs = dev.at(sandbox.path()).awaits("hangs");
    dev.must(&format!("kill -TERM {}", running.id()));
    assert_eq!(running.wait().unwrap().signal(), Some(15));
    dev.must(&format!("kill {hangs}"));
    assert!(proof(&dev).contains("status: pass"));
}

#[test]
fn what_git_is_told_not_to_see_is_not_proven_and_isolation_sees_all() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox, "steps:\n- {name: a, run: 'ls; cat sub2/x'}\n");
    for folder in ["sub1", "sub2"] {
        dev.tracks(&format!("{folder}/x"), "x\n");
    }
    dev.git("update-index --skip-worktree app.txt");
    dev.write("app.txt", "hacked\n");
    let refusal = dev.refused(7, "git gryt run");
    assert!(
        refusal.contains("app.txt (git is told not to look at it)"),
        "{refusal}"
    );
    dev.git("update-index --no-skip-worktree app.txt");
    dev.git("checkout -q app.txt");
    dev.git("sparse-checkout set sub1 .gryt");
    assert!(!dev.has("sub2"));
    dev.must("git gryt run --isolated");
    assert_eq!(dev.git("worktree list").lines().count(), 1);
}

#[test]
fn a_pipeline_that_takes_its_worktree_apart_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let dev = ready(
        &sandbox,
        "steps:\n- {name: a, run: 'rm .git; echo x > app.txt'}\n",
    );
    let ran = dev.must("git gryt run --isolated");
    assert!(
        ran.contains("app.txt was changed while the pipeline ran"),
        "{ran}"
    );
    assert_eq!(dev.git("worktree list").lines().count(), 1);
}
