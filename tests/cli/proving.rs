//! Running pipelines: what is a proof, what is none, and what is said.

use crate::sandbox::{Person, Sandbox};

const TWO: &str = "steps:\n  - name: first\n    run: echo one; echo two >&2\n  - name: second\n    run: test ! -e broken\n";

/// A developer with v1.0.0, its change A, and a pipeline of two steps.
fn ready(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.write(".gryt/pipelines/pipeline.yaml", TWO);
    dev.git("commit -q -a -m Pipeline");
    dev.git("push -q origin main");
    dev.must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    dev.must("git gryt evolution start v1.0.0 --change A");
    dev
}

fn proof(dev: &Person, name: &str) -> String {
    dev.must(&format!("git show refs/gryt/evolutions/{name}:proof.yaml"))
}

#[test]
fn a_proof_holds_what_was_run_and_pins_its_commit() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    let ran = dev.must("git gryt run");
    assert!(
        ran.contains("[first]\nfirst | one\nfirst | two\n[first] passed"),
        "{ran}"
    );
    let tip = "refs/gryt/evolutions/v1.0.0/A/rc.1";
    assert_eq!(
        dev.git(&format!("rev-parse {tip}^2")),
        dev.git("rev-parse HEAD")
    );
    let yaml = proof(&dev, "v1.0.0/A/rc.1");
    let blob = dev.git("rev-parse HEAD:.gryt/pipelines/pipeline.yaml");
    for line in [
        "status: pass",
        "host: workshop",
        &format!("blob: {blob}"),
        "title: a",
    ] {
        assert!(yaml.contains(line), "{line}: {yaml}");
    }
    assert_eq!(
        dev.must(&format!("git show {tip}:logs/first.log")),
        "one\ntwo\n"
    );
    assert!(
        dev.must("git gryt evolution show v1.0.0/A/rc.1")
            .contains("(pass)")
    );
}

#[test]
fn a_failure_is_recorded_and_stays_beside_the_pass_that_follows() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    dev.write("broken", "x");
    let ran = dev.sh("git gryt run");
    assert_eq!(ran.code, 5, "{ran:#?}");
    assert!(ran.out.contains("[second] failed with exit 1"), "{ran:#?}");
    dev.must("rm broken && git gryt run");
    let subjects = dev.git("log --first-parent --format=%s refs/gryt/evolutions/v1.0.0/A/rc.1");
    let words: Vec<&str> = subjects
        .lines()
        .map(|l| l.split(' ').next().unwrap())
        .collect();
    assert_eq!(words, ["Prove", "Fail", "Start"]);
    let refusal = dev.refused(5, "git gryt promote v1.0.0");
    assert!(refusal.contains("B is not started"), "{refusal}");
    assert!(!refusal.contains("A is"), "{refusal}");
}

#[test]
fn what_no_commit_holds_proves_nothing() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    dev.write("app.txt", "edited\n");
    let refusal = dev.refused(7, "git gryt run");
    assert!(refusal.contains("edited: app.txt"), "{refusal}");
    let ran = dev.must("git gryt run --allow-dirty");
    assert!(ran.contains("Passed, but proves nothing"), "{ran}");
    assert!(proof(&dev, "v1.0.0/A/rc.1").contains("void: the working tree had uncommitted edits"));
    let refusal = dev.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("A passed, and that does not count"),
        "{refusal}"
    );
    dev.git("checkout -q app.txt");

    // gryt's own configuration is not the user's work.
    dev.write(".gryt/config.yaml", "tag: true\n");
    dev.must("git gryt run");

    dev.write(
        ".gryt/pipelines/extra.yaml",
        "steps:\n- {name: x, run: 'true'}\n",
    );
    let refusal = dev.refused(7, "git gryt run extra");
    assert!(
        refusal.contains("HEAD does not hold the pipeline"),
        "{refusal}"
    );
    assert!(refusal.contains("git add .gryt"), "{refusal}");
    dev.must("git gryt run extra --allow-dirty");
    assert!(proof(&dev, "v1.0.0/A/rc.1").contains("void: the pipeline was not committed"));

    // A pipeline that edits or moves what it tests proves nothing either.
    dev.write(
        ".gryt/pipelines/extra.yaml",
        "steps:\n- {name: x, run: 'echo y > app.txt'}\n",
    );
    dev.git("add .");
    dev.git("commit -q -m Extra");
    let ran = dev.must("git gryt run extra");
    assert!(
        ran.contains("app.txt was changed while the pipeline ran"),
        "{ran}"
    );
}

#[test]
fn which_pipeline_runs_is_decided_by_the_nearest_declaration() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    for name in ["slow", "quick"] {
        let text = format!("steps:\n- {{name: {name}, run: 'true'}}\n");
        dev.write(&format!(".gryt/pipelines/{name}.yaml"), &text);
    }
    dev.git("add .");
    dev.git("commit -q -m More");
    // Of several, the one that `init` began with.
    assert!(dev.must("git gryt run").contains("[first] passed"));
    dev.git("mv .gryt/pipelines/pipeline.yaml .gryt/pipelines/first.yaml");
    dev.git("commit -q -m Rename");
    let refusal = dev.refused(7, "git gryt run");
    assert!(refusal.contains("holds first, quick, slow"), "{refusal}");
    dev.git("mv .gryt/pipelines/first.yaml .gryt/pipelines/pipeline.yaml");
    dev.git("commit -q -m Back");
    let refusal = dev.refused(7, "git gryt run nope");
    assert!(refusal.contains("There is no pipeline nope"), "{refusal}");
    let contract = |more: &str, field: &str| {
        format!(
            "version: v1.0.0\n{more}changes:\n- {{type: add, id: A, title: a{field}}}\n\
             - {{type: add, id: B, title: b}}\n"
        )
    };
    let file = ".gryt/generations/v1.0.0.yaml";
    dev.write(file, &contract("pipeline_template: slow\n", ""));
    assert!(dev.must("git gryt run").contains("[slow] passed"));
    dev.write(
        file,
        &contract("pipeline_template: slow\n", ", pipeline: quick"),
    );
    assert!(dev.must("git gryt run").contains("[quick] passed"));
    assert!(dev.must("git gryt run pipeline").contains("[first] passed"));
}

#[test]
fn the_evolution_that_runs_is_the_last_started_or_the_named_one() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    dev.must("git gryt evolution start v1.0.0 --change B");
    assert!(
        dev.must("git gryt run")
            .contains("Proven: B of v1.0.0 (rc.1)")
    );
    assert!(
        dev.must("git gryt run --change a")
            .contains("Proven: A of v1.0.0 (rc.1)")
    );
    dev.must("git gryt evolution start v1.0.0 --change A");
    assert!(
        dev.must("git gryt run")
            .contains("Proven: A of v1.0.0 (rc.2)")
    );
    let [other] = sandbox.team(["other"]);
    let refusal = other.refused(7, "git gryt run");
    assert!(
        refusal.contains("No evolution was started in this worktree"),
        "{refusal}"
    );
    dev.must("git gryt generation new v2.0.0 --change add:A:again");
    dev.must("git gryt evolution start v2.0.0 --change A");
    dev.must("rm .git/gryt/current");
    let refusal = dev.refused(7, "git gryt run --change A");
    assert!(refusal.contains("several versions"), "{refusal}");
}

#[test]
fn a_reworded_change_asks_for_a_new_proof_and_a_described_one_does_not() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    dev.must("git gryt run && git gryt generation edit v1.0.0 --drop B");
    dev.must("git gryt generation edit v1.0.0 --assign A=dev -d Described");
    dev.must("git gryt promote v1.0.0 --dry-run");
    dev.must("git gryt generation edit v1.0.0 --change 'add:A:reworded'");
    let refusal = dev.refused(5, "git gryt promote v1.0.0 --dry-run");
    assert!(
        refusal.contains("the change was reworded since"),
        "{refusal}"
    );
}

#[test]
fn json_is_one_document_on_stdout_whatever_the_steps_print() {
    let sandbox = Sandbox::new();
    let dev = ready(&sandbox);
    let ran = dev.sh("git gryt run --json");
    let run: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(run["schema"], "gryt.run/1");
    assert_eq!(run["status"], "pass");
    assert_eq!(run["change"], "A");
    assert!(ran.err.contains("first | one\nfirst | two"), "{ran:#?}");
    let refused = dev.sh("git gryt promote v1.0.0 --json");
    let error: serde_json::Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(error["schema"], "gryt.error/1");
    assert_eq!((error["exit"].as_i64(), refused.code), (Some(5), 5));
    for line in [
        "generation list",
        "generation show v1.0.0",
        "evolution list v1.0.0",
        "log",
        "config",
        "evolution show v1.0.0/A/rc.1",
        "sync status",
        "sync push",
        "sync status v1.0.0",
        "sync pull",
        "sync push-evolutions",
        "init",
        "generation edit v1.0.0 -d x",
    ] {
        let ran = dev.sh(&format!("git gryt {line} --json"));
        assert_eq!(ran.code, 0, "{line}: {ran:#?}");
        let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert!(
            document["schema"].as_str().unwrap().starts_with("gryt."),
            "{line}"
        );
    }
}
