//! Every command in every kind of clone: the answer is the full clone's, or an exit 1 that names a
//! command after which it is.

use crate::sandbox::{Person, Ran, Sandbox, whole};

/// A kind of clone: what makes it beside `hosting.git`, and where one works in it.
struct Kind {
    name: &'static str,
    made_by: &'static str,
    worktree: &'static str,
}

const fn cloned(name: &'static str, made_by: &'static str) -> Kind {
    Kind {
        name,
        made_by,
        worktree: "clone",
    }
}

/// The first is what the others are compared with.
const KINDS: &[Kind] = &[
    cloned("full", "git clone -q $URL clone"),
    cloned("shallow", "git clone -q --depth=1 $URL clone"),
    cloned(
        "without blobs",
        "git clone -q --filter=blob:none $URL clone",
    ),
    cloned("without trees", "git clone -q --filter=tree:0 $URL clone"),
    cloned("without tags", "git clone -q --no-tags $URL clone"),
    cloned(
        "of another branch",
        "git clone -q --single-branch -b topic $URL clone && cd clone \
         && git fetch -q origin main && git checkout -q -b main FETCH_HEAD",
    ),
    cloned(
        "shallow and without blobs",
        "git clone -q --depth=1 --filter=blob:none $URL clone",
    ),
    cloned("reftable", "git clone -q --ref-format=reftable $URL clone"),
    cloned(
        "reftable and shallow",
        "git clone -q --ref-format=reftable --depth=1 $URL clone",
    ),
    cloned(
        "reftable and without blobs",
        "git clone -q --ref-format=reftable --filter=blob:none $URL clone",
    ),
    Kind {
        name: "bare with worktrees",
        made_by: "git clone -q --bare $URL bare.git && cd bare.git \
                  && git worktree add -q ../clone main && git worktree add -q --detach ../second topic",
        worktree: "clone",
    },
    Kind {
        name: "second worktree",
        made_by: "git clone -q $URL first && cd first && git checkout -q --detach \
                  && git worktree add -q ../clone main",
        worktree: "clone",
    },
    Kind {
        name: "second worktree of a shallow clone",
        made_by: "git clone -q --depth=1 $URL first && cd first && git checkout -q --detach \
                  && git worktree add -q ../clone main",
        worktree: "clone",
    },
];

/// The kinds that are two others at once, which are asked where all is played ([`whole`]).
fn is_of_two(kind: &Kind) -> bool {
    kind.name.contains(" and ") || kind.name.contains(" of a shallow")
}

/// Whether a command leaves the clone as it found it, but for its cache.
fn reads(command: &str) -> bool {
    let verb = command.split(' ').nth(2).unwrap_or_default();
    let reading = ["log", "where", "notes", "why", "verify", "query"];
    reading.contains(&verb) && !command.contains("&&")
}

/// What is asked, each in a clone of its own; the words with a `$` are commits, see [`history`]. Of
/// what writes, the exit code and what a list then shows are compared.
const COMMANDS: &[&str] = &[
    "git gryt log --json",
    "git gryt generation show v2.0.0 --json",
    "git gryt evolution list v2.0.0",
    "git gryt where A",
    "git gryt where HEAD",
    "git gryt where $OLD",
    "git gryt where $PROVEN",
    "git gryt where $FAR",
    "git gryt where $BEGINNING",
    "git gryt where $ELSEWHERE",
    "git gryt where $TAGGED",
    "git gryt where v1.0.0",
    "git gryt where v0.1.0",
    "git gryt where nowhere",
    "git gryt notes v1.0.0",
    "git gryt why v2.0.0",
    "git gryt why v3.0.0",
    "git gryt sync status --json",
    "git gryt verify",
    "git gryt promote v1.0.0",
    "git gryt promote v2.0.0 --dry-run",
    "git gryt promote v3.0.0",
    "git gryt promote v2.0.0 -q && git gryt log && git ls-remote origin 'refs/tags/*' | wc -l",
    "git gryt run -q --change v3.0.0/C --start && git gryt evolution list v3.0.0 \
     && git gryt promote v3.0.0 && git gryt log",
    "git gryt run -q --change v3.0.0/C --start --isolated && git gryt evolution list v3.0.0",
    "git gryt run -q --uncovered v3.0.0 && git gryt promote v3.0.0 --dry-run",
    "git gryt run -q --start --trailers $OLD && git gryt evolution list v3.0.0",
    "git gryt run -q --change v3.0.0/C --start --isolated --commit $FAR",
    "git gryt evolution record v3.0.0 --change C --status pass --commit $FAR",
    "git gryt generation new --next minor",
    "git gryt query 'select version, status, release_commit from generations order by version'",
];

/// Releases, one of them before gryt and held by its tag alone, and two drafts: of v2.0.0 a proof
/// lies on a branch that was squashed, of v3.0.0 one change is proven far below the branch's tip and
/// another at a commit that the branch never held. Returns the commits that commands name.
fn history(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let mut commits = vec![("$BEGINNING", ann.git("rev-parse HEAD"))];
    ann.must("git checkout -q -b side && git commit -q --allow-empty -m Side && git tag v0.1.0");
    commits.push(("$TAGGED", ann.git("rev-parse HEAD")));
    ann.must("git push -q origin v0.1.0 && git checkout -q main && git branch -q -D side");
    ann.must("git gryt import --from tags 'v0*'");
    ann.must("git add .gryt && git commit -q --allow-empty -m Ledger && git push -q origin main");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    commits.push(("$OLD", ann.git("rev-parse HEAD")));
    for file in ["one", "two"] {
        ann.write(file, &format!("{file}\n"));
        ann.must("git add . && git commit -q -m 'More\n\nGryt-Change: D'");
    }
    commits.push(("$FAR", ann.git("rev-parse HEAD~1")));
    ann.must("git push -q origin main && git checkout -q -b topic");
    ann.must(
        "git gryt generation new v2.0.0 --change add:B:b && git gryt evolution start v2.0.0 --change B",
    );
    for text in ["one\n", "one\ntwo\n"] {
        ann.write("app.txt", text);
        ann.git("commit -q -a -m Work");
    }
    ann.must("git push -q origin topic && git gryt run -q && git gryt sync push");
    ann.must("git gryt sync push-evolutions");
    commits.push(("$PROVEN", ann.git("rev-parse HEAD")));
    ann.must("git gryt generation new v3.0.0 --change add:C:c --change fix:D:d");
    ann.must("git checkout -q main && git gryt evolution start v3.0.0 --change D");
    ann.must("git gryt run -q && git checkout -q -b stray");
    ann.must("git gryt evolution start v3.0.0 --change C");
    ann.write("stray.txt", "stray\n");
    ann.must("git add . && git commit -q -m Stray && git push -q origin stray && git gryt run -q");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git commit -q --allow-empty -m Further && git push -q origin stray");
    commits.push(("$ELSEWHERE", ann.git("rev-parse HEAD")));
    ann.git("checkout -q main");
    ann.works("other.txt");
    ann.must("git merge -q --squash topic && git commit -q -m Squash && git push -q origin main");
    ann.works("last.txt");
    let hosting = ann.at(hosting);
    hosting.must("git gc -q && rm -f hooks/*");
    hosting.git("config uploadpack.allowFilter true");
    hosting.git("config uploadpack.allowAnySHA1InWant true");
    commits
}

/// A clone of that kind beside a hosting, as it is right after its first pull.
fn clone_of(sandbox: &Sandbox, kind: &Kind) -> Person {
    let beside = sandbox.nobody().at(sandbox.path().join("cell"));
    // There is less to copy then.
    let beside = beside.with("GIT_TEMPLATE_DIR", "");
    sandbox
        .nobody()
        .must("rm -rf cell && mkdir cell && cp -R hosting.git cell");
    let url = format!("file://{}", beside.dir.join("hosting.git").display());
    beside.must(&kind.made_by.replace("$URL", &url));
    let mut ann = beside.at(beside.dir.join(kind.worktree));
    ann.name = kind.name.to_owned();
    ann.must("git config user.name ann && git config user.email ann@example.com");
    ann.must("git gryt sync pull -q");
    ann
}

/// The command that a refusal says to type next.
fn helps(ran: &Ran) -> Option<String> {
    let next = |line: &str| line.strip_prefix("Next: ").map(str::to_owned);
    (ran.code == 1).then(|| ran.err.lines().find_map(next))?
}

/// Whether two answers are one. A branch that holds a commit is named by a clone that has it: what
/// follows from that is the same.
fn alike(one: &Ran, other: &Ran) -> bool {
    let gist = |ran: &Ran| {
        let line = |line: &str| match line.split_once(" is proven ") {
            Some((change, rest)) => {
                let by = rest.split(['(', ')']).nth(1).unwrap_or_default();
                format!("{change} is proven elsewhere by {by}")
            }
            None => line.to_owned(),
        };
        let err: Vec<String> = ran.err.lines().map(line).collect();
        (ran.code, ran.out.clone(), err)
    };
    gist(one) == gist(other)
}

#[test]
fn every_kind_of_clone_gives_the_full_clones_answer() {
    let sandbox = Sandbox::new();
    let commits = history(&sandbox);
    let tables = Sandbox::reftable().is_some();
    if !tables {
        eprintln!("this git has no reftables: those kinds of clone are skipped");
    }
    let usable = |kind: &&Kind| {
        (tables || !kind.made_by.contains("reftable")) && (whole() || !is_of_two(kind))
    };
    let mut expected = Vec::new();
    let mut wrong = Vec::new();
    for (row, kind) in KINDS.iter().filter(usable).enumerate() {
        let ann = clone_of(&sandbox, kind);
        sandbox.nobody().must("rm -rf kept && mv cell kept");
        let mut touched = true;
        for (column, command) in COMMANDS.iter().enumerate() {
            let mut command = command.to_string();
            for (name, oid) in &commits {
                command = command.replace(name, oid);
            }
            // At the same place, since worktrees know theirs.
            if touched {
                sandbox.nobody().must("rm -rf cell && cp -R kept cell");
            }
            touched = !reads(&command);
            let mut ran = ann.sh(&command);
            if row == 0 {
                expected.push(ran);
                continue;
            }
            let expected = &expected[column];
            let mut typed = command.clone();
            if !alike(&ran, expected)
                && let Some(help) = helps(&ran)
            {
                let helped = ann.sh(&format!("{help} && git gryt sync pull -q"));
                assert_eq!(helped.code, 0, "{}: {help}: {helped:#?}", kind.name);
                touched = true;
                ran = ann.sh(&command);
                typed = format!("{help} && {command}");
            }
            if !alike(&ran, expected) {
                wrong.push(format!("{}: {typed}\n{ran:#?}\n{expected:#?}", kind.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
