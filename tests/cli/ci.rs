//! What CI does: the script that `init --ci` writes, run as an engine runs it, and promotions that
//! wait for each other.

use crate::sandbox::{Person, Sandbox};

/// A team whose branch holds the job, and a draft that wants A and B.
fn project(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    let [lead] = sandbox.team(["lead"]);
    let told = lead.must("git gryt init --ci generic");
    assert!(told.contains("Wrote .gryt/ci.sh"), "{told}");
    lead.git("add .gryt");
    lead.git("commit -q -m Job");
    lead.git("push -q origin main");
    lead.must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    lead.must("git gryt sync push");
    lead
}

/// A branch with a commit that names what it changes.
fn branch(who: &Person, name: &str, trailers: &str) {
    who.git(&format!("checkout -q -b {name} origin/main"));
    who.write(&format!("{name}.txt"), "work\n");
    who.git("add .");
    who.must(&format!("git commit -q -m 'Work' -m '{trailers}'"));
    who.git(&format!("push -q origin {name}"));
}

/// A runner: a fresh clone at a branch's commit, detached, by nobody in particular.
fn runner(sandbox: &Sandbox, name: &str, branch: &str) -> Person {
    let nobody = sandbox.nobody();
    let url = format!("file://{}/hosting.git", sandbox.path().display());
    nobody.git(&format!("clone -q {url} {name}"));
    let job = nobody.at(sandbox.path().join(name));
    job.git(&format!("checkout -q --detach origin/{branch}"));
    job.with("GITHUB_ACTIONS", "true")
        .with("GITHUB_SERVER_URL", "https://git.example.com")
        .with("GITHUB_REPOSITORY", "team/app")
        .with("GITHUB_RUN_ID", name)
        .with("GITHUB_ACTOR", "lead")
}

#[test]
fn a_job_proves_what_its_commits_name_and_promotes_where_it_is_asked_to() {
    let sandbox = Sandbox::new();
    let lead = project(&sandbox);
    branch(
        &lead,
        "topic",
        "Gryt-Change: A\nGryt-Change: b\nGryt-Change: ELSEWHERE",
    );
    let job = runner(&sandbox, "job-1", "topic");
    let said = job.must("GRYT_REPORT=../report.md sh .gryt/ci.sh");
    assert!(
        said.contains("A commit names ELSEWHERE, but no draft here declares it"),
        "{said}"
    );
    lead.must("git gryt sync pull");
    let report = job.read("../report.md");
    let said = lead.must("git gryt why v1.0.0 --format markdown");
    assert_eq!(report, said + "\n");
    assert!(report.starts_with("**v1.0.0 is "), "{report}");
    let shown = lead.must("git gryt evolution show v1.0.0/A/rc.1 --json");
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["owner"]["email"], "ci@gryt.invalid");
    let url = "https://git.example.com/team/app/actions/runs/job-1";
    assert_eq!(shown["proof"]["evidence"]["url"], url);
    assert_eq!(shown["proof"]["evidence"]["actor"], "lead");
    // What publishes is run by the job that promotes; a rerun finds its own promotion.
    lead.write(".gryt/publish.sh", "echo \"publishing $1\"\n");
    lead.must("git add .gryt && git commit -q -m Publish && git push -q origin topic");
    let job = runner(&sandbox, "job-2", "topic").with("GRYT_PROMOTE", "v1.0.0");
    let said = job.with("GRYT_BASE", "HEAD").must("sh .gryt/ci.sh");
    assert!(said.contains("Success: v1.0.0 promoted to cloud"), "{said}");
    assert!(said.contains("publishing v1.0.0"), "{said}");
    let again = runner(&sandbox, "job-3", "topic").with("GITHUB_RUN_ID", "job-2");
    let again = again
        .with("GRYT_PROMOTE", "v1.0.0")
        .with("GRYT_BASE", "HEAD");
    let said = again.must("sh .gryt/ci.sh");
    assert!(
        said.contains("was promoted to cloud by an earlier run"),
        "{said}"
    );
    assert!(said.contains("publishing v1.0.0"), "{said}");
    // So does a job that only promotes, and none of another run.
    let plain = runner(&sandbox, "job-4", "topic");
    plain.git("config user.name job");
    plain.git("config user.email job@example.com");
    let said = plain
        .with("GITHUB_RUN_ID", "job-2")
        .must("git gryt promote v1.0.0");
    assert!(said.contains("by an earlier run"), "{said}");
    plain.refused(3, "git gryt promote v1.0.0");
    let hosting = lead.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.git("tag"), "v1.0.0");
    assert_eq!(
        hosting.git("rev-list --count --first-parent refs/gryt/ledger"),
        "2"
    );
}

#[test]
fn what_fails_is_shared_and_fails_the_job() {
    let sandbox = Sandbox::new();
    let lead = project(&sandbox);
    lead.git("checkout -q -b broken origin/main");
    lead.write(
        ".gryt/pipelines/pipeline.yaml",
        "steps: [{name: test, run: 'exit 3'}]\n",
    );
    lead.must("git add . && git commit -q -m Break && git push -q origin broken");
    let job = runner(&sandbox, "job", "broken").with("GRYT_CHANGES", "A");
    job.with("GRYT_PROMOTE", "v1.0.0")
        .refused(5, "sh .gryt/ci.sh");
    lead.must("git gryt sync pull");
    assert!(lead.must("git gryt evolution list v1.0.0").contains("fail"));
    runner(&sandbox, "typo", "main")
        .with("GRYT_CHANGES", "NOBODYS")
        .refused(7, "sh .gryt/ci.sh");
    // Without git-gryt it says what is missing, or installs it.
    let path = "/usr/local/bin:/usr/bin:/bin";
    let bare = runner(&sandbox, "bare", "main").with("PATH", path);
    let said = bare.refused(2, "sh .gryt/ci.sh");
    assert!(said.contains("GRYT_INSTALL does not say"), "{said}");
    let own = std::path::Path::new(crate::sandbox::PROGRAM)
        .parent()
        .unwrap();
    let install = format!("PATH=$PATH:{}", own.display());
    bare.with("GRYT_INSTALL", &install).must("sh .gryt/ci.sh");
}

#[test]
fn a_job_that_may_only_read_says_so_and_a_shallow_one_says_what_it_needs() {
    let sandbox = Sandbox::new();
    let lead = project(&sandbox);
    branch(&lead, "topic", "Gryt-Change: A");
    let hosting = lead.at(sandbox.path().join("hosting.git"));
    let before = hosting.refs("refs");
    let job = runner(&sandbox, "fork", "topic").with("GRYT_READ_ONLY", "true");
    let said = job.must("sh .gryt/ci.sh");
    assert!(said.contains("may not write to the repository"), "{said}");
    assert_eq!(hosting.refs("refs"), before);
    let url = format!("file://{}/hosting.git", sandbox.path().display());
    let nobody = sandbox.nobody();
    nobody.git(&format!("clone -q --depth 1 -b topic {url} shallow"));
    let shallow = nobody.at(sandbox.path().join("shallow"));
    let said = shallow.refused(1, "GRYT_BASE=HEAD sh .gryt/ci.sh");
    assert!(
        said.contains("too shallow") && said.contains("git fetch --unshallow"),
        "{said}"
    );
}

#[test]
fn pipelines_that_race_wait_for_each_other_and_one_promotes_for_all() {
    let sandbox = Sandbox::new();
    let lead = project(&sandbox);
    branch(&lead, "topic", "Gryt-Change: A\nGryt-Change: B");
    let team: Vec<Person> = ["A", "B"]
        .map(|change| {
            let name = format!("job-{change}");
            let job = runner(&sandbox, &name, "topic");
            job.git(&format!("config user.name {name}"));
            job.git(&format!("config user.email {name}@example.com"));
            job.must("git gryt sync pull");
            job
        })
        .into();
    // The first is there long before the second has proven anything.
    team[0].must("git gryt run --start --change A && git gryt sync push-evolutions");
    let one = team[0].start(&["promote", "v1.0.0", "--wait=5m"]);
    team[1].must("git gryt run --start --change B && git gryt sync push-evolutions");
    let two = team[1].start(&["promote", "v1.0.0", "--wait=5m"]);
    for ran in [Person::wait(one), Person::wait(two)] {
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
    let hosting = lead.at(sandbox.path().join("hosting.git"));
    assert_eq!(
        hosting.git("rev-list --count --first-parent refs/gryt/ledger"),
        "2"
    );
    // Another commit is another release: that is still taken.
    lead.must("git checkout -q main && git commit -q --allow-empty -m More && git push -q");
    lead.must("git gryt sync pull");
    lead.refused(3, "git gryt promote v1.0.0 --wait");
    lead.must("git gryt generation new v2.0.0 --change add:C:c && git gryt sync push");
    let said = lead.refused(5, "git gryt promote v2.0.0 --wait=10ms");
    assert!(
        said.contains("It was not ready when the time of --wait was over"),
        "{said}"
    );
    lead.refused(7, "git gryt promote v7.0.0 --wait");
}

#[test]
fn files_of_a_job_that_are_there_stay() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.write(".gitlab-ci.yml", "stages: [test]\n");
    let told = ann.must("git gryt init --ci gitlab");
    assert!(told.contains("Left .gitlab-ci.yml as it is"), "{told}");
    assert_eq!(ann.read(".gitlab-ci.yml"), "stages: [test]\n");
    assert!(
        ann.read(".gitlab/gryt.yml")
            .contains("- local: .gitlab/gryt.yml")
    );
    let told = ann.must("git gryt init --ci github");
    assert!(
        told.contains("Commit these: git add .github && git commit"),
        "{told}"
    );
    ann.must("git gryt init --ci circleci");
    for file in [
        ".gitlab/gryt.yml",
        ".github/workflows/gryt.yml",
        ".circleci/config.yml",
    ] {
        let parsed: serde_yaml::Value = serde_yaml::from_str(&ann.read(file)).unwrap();
        assert!(parsed.is_mapping(), "{file}");
        assert!(ann.read(file).contains("sh .gryt/ci.sh"), "{file}");
    }
    ann.refused(2, "git gryt init --ci jenkins");
}

#[test]
fn several_changes_are_looked_at_before_any_is_run() {
    let sandbox = Sandbox::new();
    let lead = project(&sandbox);
    lead.refused(7, "git gryt run --start --change A --change NOPE");
    let list = lead.must("git gryt evolution list v1.0.0");
    assert!(!list.contains("pass"), "{list}");
    lead.must("git gryt run --start --change A --change a --change B");
    let list = lead.must("git gryt evolution list v1.0.0");
    assert_eq!(list.matches("pass").count(), 2, "{list}");
    // A change that was only just written into the file counts.
    let file = ".gryt/generations/v1.0.0.yaml";
    lead.write(
        file,
        &(lead.read(file) + "  - {type: add, id: NEW, title: new}\n"),
    );
    lead.must("git commit -q --allow-empty -m 'Work' -m 'Gryt-Change: NEW'");
    lead.must("git gryt run --trailers HEAD~1");
    assert!(lead.must("git gryt evolution list v1.0.0").contains("NEW"));
}
