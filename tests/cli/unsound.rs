//! What anybody with push rights can push by plain git: objects that are not what has to stand there, more
//! of them than anybody waits for, names that keep others out. Each is named once, and stops nobody.

use std::fmt::Write as _;

use crate::sandbox::{Person, Sandbox};

/// Ann and Bob with the published draft v1.0.0, whose change A Ann has proven and shared.
fn world(sandbox: &Sandbox) -> (Person, Person, Person) {
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    bob.must("git pull -q origin main && git gryt sync pull");
    let hosting = ann.at(hosting);
    (ann, bob, hosting)
}

/// Writes an object as it is, whatever git thinks of it.
fn object(at: &Person, kind: &str, bytes: &[u8]) -> String {
    let file = at.dir.join("raw-object");
    std::fs::write(&file, bytes).unwrap();
    let line = format!("hash-object -t {kind} -w --literally --stdin < raw-object");
    let oid = at.git(&line).trim().to_owned();
    std::fs::remove_file(file).unwrap();
    oid
}

const PEOPLE: &str =
    "author M <m@x> 1790000000 +0000\ncommitter M <m@x> 1790000000 +0000\n\nx\n\nGryt-Format: 1\n";

/// The header lines of commits that no program writes.
const HEADERS: [&str; 8] = [
    "",
    "author M <m@x> 1790000000 +0000\n",
    "committer M <m@x> 1790000000 +0000\n",
    "author M 1790000000 +0000\ncommitter M 1790000000 +0000\n",
    "author M <m@x> 9223372036854775808 +0000\ncommitter M <m@x> 9223372036854775808 +0000\n",
    "author M <m@x> -99999999999 +9999\ncommitter M <m@x> -1 -9999\n",
    "author M <m@x> yesterday\ncommitter\n",
    "author \u{1b}[31m <\u{202e}> 0 +0000\ncommitter <> 0 +0000\nencoding x\n",
];

#[test]
fn no_object_behind_any_ref_stops_anybody() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = world(&sandbox);
    let tree = hosting.git("rev-parse main^{tree}").trim().to_owned();
    let main = hosting.git("rev-parse main").trim().to_owned();
    let mut kinds = vec![
        object(&hosting, "blob", b"x"),
        tree.clone(),
        object(
            &hosting,
            "tag",
            format!("object {main}\ntype commit\ntag t\n\nx\n").as_bytes(),
        ),
    ];
    let tagged = format!("object {}\ntype tag\ntag u\n\nx\n", kinds[2]);
    kinds.push(object(&hosting, "tag", tagged.as_bytes()));
    for header in HEADERS {
        let text = format!("tree {tree}\n{header}\nx\n\nGryt-Format: 1\n");
        kinds.push(object(&hosting, "commit", text.as_bytes()));
    }
    let large = format!("tree {tree}\n{PEOPLE}{}\n", "x".repeat(1 << 20));
    kinds.push(object(&hosting, "commit", large.as_bytes()));
    let mut updates = String::new();
    for (nth, oid) in kinds.iter().enumerate() {
        _ = writeln!(updates, "create refs/gryt/generations/v8.0.{nth} {oid}");
        _ = writeln!(
            updates,
            "create refs/gryt/evolutions/v1.0.0/A/rc.{} {oid}",
            nth + 2
        );
    }
    // On the ledger itself each stands on the one before.
    let mut tip = hosting.git("rev-parse refs/gryt/ledger").trim().to_owned();
    for header in HEADERS {
        let text = format!("tree {tree}\nparent {tip}\n{header}\nx\n\nGryt-Format: 1\n");
        tip = object(&hosting, "commit", text.as_bytes());
    }
    let large = format!(
        "tree {tree}\nparent {tip}\n{PEOPLE}{}\n",
        "x".repeat(1 << 20)
    );
    tip = object(&hosting, "commit", large.as_bytes());
    _ = writeln!(updates, "update refs/gryt/ledger {tip}");
    hosting.write("updates", &updates);
    hosting.must("git update-ref --stdin < updates && rm updates");

    let first = bob.must("git gryt sync pull 2>&1");
    // Of refs, and of entries.
    let (entries, refs): (Vec<&str>, Vec<&str>) = first
        .lines()
        .filter(|line| line.contains("is invalid and does not count"))
        .partition(|line| line.contains("Ledger entry"));
    assert_eq!(refs.len(), 20, "{first}");
    assert!(
        first.contains("and 6 more: git gryt doctor --remote"),
        "{first}"
    );
    assert_eq!(entries.len(), 9, "{first}");
    assert!(
        !first.contains('\u{1b}') && !first.contains('\u{202e}'),
        "{first}"
    );
    // What did not move is neither looked at again nor told again, one by one.
    let again = bob.must("git gryt sync pull 2>&1");
    assert!(!again.contains("does not count"), "{again}");
    assert!(again.contains("and 21 more: still invalid"), "{again}");
    let memory = bob.git("cat-file blob refs/gryt-local/quarantined/origin");
    assert!(
        kinds.iter().all(|oid| memory.contains(oid.as_str())),
        "{memory}"
    );
    for line in [
        "status",
        "sync status",
        "generation list",
        "evolution list v1.0.0",
        "doctor",
        "log",
    ] {
        bob.must(&format!("git gryt {line}"));
    }
    // One after the other, as the doctor says.
    let found = bob.must("git gryt doctor --remote");
    let next = |found: &str| {
        let line = found
            .lines()
            .find_map(|line| line.trim().strip_prefix("Next: git push "));
        line.map(str::to_owned)
    };
    let clears = next(&found).unwrap();
    assert!(clears.contains("--force-with-lease=refs/gryt/"), "{found}");
    bob.git(&format!("push {clears}"));
    let name = clears.rsplit(':').next().unwrap();
    assert!(
        !hosting.git("for-each-ref").contains(&format!("{name}\n")),
        "{clears}"
    );

    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull");
    ann.must("git gryt sync pull && git gryt sync push && git gryt promote v1.0.0");
    for person in [&ann, &bob, &fresh] {
        person.must("git gryt sync pull && git gryt verify");
        assert!(person.must("git gryt log").contains("v1.0.0"));
    }
}

#[test]
fn a_spoilt_draft_is_named_with_each_way_out() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = world(&sandbox);
    let name = "refs/gryt/generations/v1.0.0";
    let draft = ann.git(&format!("rev-parse {name}")).trim().to_owned();
    let tree = hosting
        .git(&format!("rev-parse {draft}^{{tree}}"))
        .trim()
        .to_owned();
    // Its tip says nothing of the version: a release of it would be disputed.
    let text = format!("tree {tree}\nparent {draft}\n{PEOPLE}");
    let bad = object(&hosting, "commit", text.as_bytes());
    hosting.git(&format!("update-ref {name} {bad}"));
    let refused = ann.refused(6, "git gryt promote v1.0.0");
    assert!(
        refused.contains("is invalid") && refused.contains("another version"),
        "{refused}"
    );
    assert!(
        refused.contains("git gryt generation resolve v1.0.0"),
        "{refused}"
    );
    let push = refused
        .lines()
        .find(|line| line.contains("--force-with-lease"))
        .unwrap();
    ann.must(push.trim());
    assert_eq!(hosting.git(&format!("rev-parse {name}")).trim(), draft);
    bob.must("git gryt sync pull");
    // The other way: a valid state on top.
    hosting.git(&format!("update-ref {name} {bad}"));
    ann.must("git gryt generation resolve v1.0.0 && git gryt sync push");
    ann.must("git gryt promote v1.0.0 && git gryt verify");
}

#[test]
fn an_overwritten_ledger_is_put_back_by_the_command_that_is_named() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = world(&sandbox);
    let tip = hosting.git("rev-parse refs/gryt/ledger").trim().to_owned();
    let text = format!("object {tip}\ntype commit\ntag t\n\nx\n");
    for oid in [
        object(&hosting, "blob", b"x"),
        object(&hosting, "tag", text.as_bytes()),
    ] {
        hosting.git(&format!("update-ref refs/gryt/ledger {oid}"));
        let refused = bob.refused(9, "git gryt sync pull");
        let push = refused
            .lines()
            .find(|line| line.contains("--force-with-lease"))
            .unwrap();
        bob.must(push.trim_start_matches("Next: "));
        assert_eq!(hosting.git("rev-parse refs/gryt/ledger").trim(), tip);
        bob.must("git gryt sync pull");
    }
    ann.must("git gryt promote v1.0.0");
}

/// A tree's bytes: entries of one mode and one object, in order.
fn tree(entries: usize, mode: &str, name: impl Fn(usize) -> String, oid: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&oid[at..at + 2], 16).unwrap();
    let id: Vec<u8> = (0..oid.len()).step_by(2).map(byte).collect();
    let mut bytes = Vec::new();
    for nth in 0..entries {
        bytes.extend(format!("{mode} {}\0", name(nth)).into_bytes());
        bytes.extend(&id);
    }
    bytes
}

#[test]
fn no_tree_is_walked_without_a_bound() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = world(&sandbox);
    let blob = object(&hosting, "blob", b"x");
    // A text just small enough to be read, under 11,000 names: 4 GB of one object.
    let text = format!(
        "version: v0.0.1\ndescription: \"{}\"\n",
        "x".repeat(400_000)
    );
    let text = object(&hosting, "blob", text.as_bytes());
    let folder = |name: &str, oid: &str| tree(1, "40000", |_| name.to_owned(), oid);
    let put = |bytes: &[u8]| object(&hosting, "tree", bytes);
    // More entries than a tree may have that is read.
    let wide = put(&tree(200_000, "100644", |nth| format!("f{nth:07}"), &blob));
    let same = put(&tree(
        11_000,
        "100644",
        |nth| format!("v0.0.{nth:05}.yaml"),
        &text,
    ));
    let same = put(&folder("0.0", &same));
    let same = put(&folder("0", &same));
    // 10^8 folders without a single file, of ten trees.
    let mut empty = put(b"");
    for _ in 0..8 {
        empty = put(&tree(10, "40000", |nth| format!("d{nth}"), &empty));
    }
    let mut deep = put(&tree(1, "100644", |_| "x.yaml".to_owned(), &blob));
    for _ in 0..500 {
        deep = put(&folder("d", &deep));
    }
    let mut tip = hosting.git("rev-parse refs/gryt/ledger").trim().to_owned();
    let base = tip.clone();
    for below in [&wide, &same, &empty, &deep] {
        for (name, kind) in [("imports", "import"), ("acceptances", "accepted")] {
            let whole = put(&folder(name, below));
            let text = format!(
                "tree {whole}\nparent {tip}\n{PEOPLE}Gryt-Kind: {kind}\nGryt-Base: {base}\nGryt-Rules: 2\n"
            );
            tip = object(&hosting, "commit", text.as_bytes());
        }
    }
    // A name that stands there twice is one thing to one reader, and another to the next.
    let twice = put(&tree(2, "40000", |_| "imports".to_owned(), &same));
    let said = format!("{PEOPLE}Gryt-Kind: import\nGryt-Base: {base}\nGryt-Rules: 2\n");
    tip = object(
        &hosting,
        "commit",
        format!("tree {twice}\nparent {tip}\n{said}").as_bytes(),
    );
    // One large parent, named as often as there is room.
    let parent = format!("tree {wide}\n{PEOPLE}{}\n", "x".repeat(900_000));
    let parent = object(&hosting, "commit", parent.as_bytes());
    let parents = format!("parent {parent}\n").repeat(15_000);
    let none = put(b"");
    let text = format!("tree {none}\nparent {tip}\n{parents}{said}");
    tip = object(&hosting, "commit", text.as_bytes());
    hosting.git(&format!("update-ref refs/gryt/ledger {tip}"));
    let version = "Gryt-Version: v7.0.0\nGryt-Nonce: 0123456789abcdef0123456789abcdef\n";
    let draft = format!("tree {wide}\n{PEOPLE}{version}");
    let draft = object(&hosting, "commit", draft.as_bytes());
    hosting.git(&format!("update-ref refs/gryt/generations/v7.0.0 {draft}"));

    for line in [
        "sync pull",
        "sync pull",
        "status",
        "evolution list v1.0.0",
        "log",
    ] {
        bob.must(&format!("git gryt {line}"));
    }
    let verified = bob.sh("git gryt verify");
    assert_eq!(verified.code, 9, "{verified:?}");
    assert!(verified.out.contains("10 problems"), "{verified:?}");
    ann.must("git gryt promote v1.0.0 && git gryt verify");
}

#[test]
fn a_long_tail_is_gone_through_once() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = world(&sandbox);
    let pushes = |name: &str, count: usize| {
        let mut said = String::new();
        let tip = hosting.git(&format!("rev-parse {name}")).trim().to_owned();
        let mut before = tip;
        for nth in 1..=count {
            let text = format!("x{nth}\n\nGryt-Format: 1\n");
            _ = write!(
                said,
                "commit refs/heads/tail\nmark :{nth}\nauthor ann <ann@example.com> 1790000000 +0000\ncommitter \
                 ann <ann@example.com> 1790000000 +0000\ndata {}\n{text}\nfrom {before}\n\n",
                text.len()
            );
            before = format!(":{nth}");
        }
        hosting.write("import", &said);
        hosting.must(&format!(
            "git fast-import --quiet --force < import && rm import && git update-ref {name} refs/heads/tail && \
             git update-ref -d refs/heads/tail"
        ));
    };
    pushes("refs/gryt/ledger", 3_000);
    pushes("refs/gryt/evolutions/v1.0.0/A/rc.1", 10_001);
    let pulled = bob.must("git gryt sync pull 2>&1");
    assert!(
        pulled.contains("2980 more ledger entries are invalid"),
        "{pulled}"
    );
    assert!(pulled.contains("it has more than 10000 proofs"), "{pulled}");
    let again = bob.must("git gryt sync pull 2>&1");
    assert!(
        !again.contains("is invalid") && !again.contains("more than"),
        "{again}"
    );
    ann.must("git gryt sync pull && git gryt sync push-evolutions && git gryt promote v1.0.0");
    bob.must("git gryt sync pull && git gryt verify");
}

#[test]
fn a_name_that_keeps_others_out_is_named_with_what_removes_it() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let hosting = ann.at(hosting);
    let main = hosting.git("rev-parse main").trim().to_owned();
    let clears = |said: &str| {
        let line = said
            .lines()
            .find(|line| line.contains("--force-with-lease"))
            .unwrap();
        line.trim().trim_start_matches("Next: ").to_owned()
    };
    // Before there is a ledger.
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    hosting.git(&format!("update-ref refs/gryt/ledger/x {main}"));
    let pulled = ann.must("git gryt sync pull");
    assert!(
        pulled.contains("keeps refs/gryt/ledger from being made"),
        "{pulled}"
    );
    let refused = ann.refused(8, "git gryt sync push");
    assert!(refused.contains("refs/gryt/ledger/x"), "{refused}");
    ann.must(&clears(&ann.must("git gryt doctor --remote")));
    // Before there is the draft; the others go on.
    hosting.git(&format!("update-ref refs/gryt/generations/v1.0.0/x {main}"));
    ann.must("git gryt generation new v1.1.0 --change add:B:b");
    let ran = ann.sh("git gryt sync push");
    assert_eq!(ran.code, 8, "{ran:?}");
    assert!(ran.out.contains("Created: 1"), "{ran:?}");
    ann.must(&clears(&ran.out));
    ann.must("git gryt sync push");
    // The same for an evolution, and for the folder that it would lie in.
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    for name in [
        "refs/gryt/evolutions/v1.0.0/A/rc.1/x",
        "refs/gryt/evolutions/v1.0.0",
    ] {
        hosting.git(&format!("update-ref {name} {main}"));
        let ran = ann.sh("git gryt sync push-evolutions");
        assert!((ran.out + &ran.err).contains("blocks its name"), "{name}");
        ann.must(&clears(&ann.must("git gryt doctor --remote")));
        assert!(!hosting.git("for-each-ref").contains(name), "{name}");
    }
    ann.must("git gryt sync push-evolutions && git gryt promote v1.0.0");
    // After the draft was there and left.
    ann.must("git gryt generation delete v1.1.0");
    hosting.git(&format!("update-ref refs/gryt/generations/v1.1.0/x {main}"));
    ann.must("git gryt sync pull && git gryt status");
}

#[test]
fn a_name_too_long_to_be_kept_stops_nobody() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = world(&sandbox);
    let main = hosting.git("rev-parse main").trim().to_owned();
    // As long as a path may be where the hosting is, and longer where the clones keep it.
    let room = 4080 - hosting.dir.as_os_str().len();
    let mut name = "refs/gryt/evolutions".to_owned();
    while name.len() + 201 < room {
        name += &format!("/{}", "a".repeat(200));
    }
    name += &format!("/{}", "b".repeat(room - name.len() - 1));
    hosting.git(&format!("update-ref {name} {main}"));
    let pulled = ann.must("git gryt sync pull 2>&1");
    if pulled.contains("a name that is too long") {
        let clears = pulled
            .split("git push ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        bob.must("git gryt sync pull && git gryt status");
        ann.git(&format!("push {clears}"));
    } else {
        // In reftables there is room for it.
        hosting.git(&format!("update-ref -d {name}"));
    }
    assert!(!hosting.git("for-each-ref").contains("aaaa"));
    ann.must("git gryt promote v1.0.0");
}

/// What a command took, as time(1) says it; none where that is not installed.
fn measured(person: &Person, line: &str) -> Option<String> {
    let time = "/usr/bin/time";
    if !std::path::Path::new(time).exists() {
        return None;
    }
    let said = person.must(&format!(
        "{time} -o ../measured -f '%e s, %U s in it, %M KB' {line} > /dev/null 2>&1; cat ../measured"
    ));
    Some(said.trim().to_owned())
}

/// Measures what a pull takes beside a plain fetch of the same refs.
fn beside_a_fetch(sandbox: &Sandbox, what: &str) {
    let plain = sandbox.clone_of("plain", "hosting.git");
    let fetch = "git fetch -q origin '+refs/gryt/*:refs/gryt-remotes/origin/*'";
    let fetched = measured(&plain, fetch);
    let fresh = sandbox.clone_of("pulls", "hosting.git");
    let lines = ["sync pull", "sync pull", "status"];
    for line in lines {
        let took = measured(&fresh, &format!("git gryt {line}"));
        match (&fetched, took) {
            (Some(fetched), Some(took)) => {
                eprintln!("{what}: {line}: {took}; git fetch: {fetched}");
            }
            _ => eprintln!("{what}: skipped, /usr/bin/time is not installed"),
        }
    }
    for name in ["plain", "pulls"] {
        std::fs::remove_dir_all(sandbox.path().join(name)).unwrap();
    }
}

#[test]
#[ignore = "measures, for minutes"]
fn what_many_and_large_things_take() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = world(&sandbox);
    let root = ann.git("rev-list --max-parents=0 refs/gryt/generations/v1.0.0");
    let mut said = String::new();
    for nth in 1..=10_000 {
        let started = "2026-01-02T03:04:05+00:00";
        let text = format!(
            "version: v1.0.0\ngeneration: {}\nchange: A\nowner: {{name: ann, email: ann@example.com}}\nstarted: \
             {started}\n",
            root.trim()
        );
        let message = format!(
            "Start A of v1.0.0\n\nGryt-Format: 1\nGryt-Version: v1.0.0\nGryt-Change: A\nGryt-Nonce: {nth:032}\n"
        );
        _ = write!(
            said,
            "commit refs/gryt/evolutions/v1.0.0/A/rc.{}\nauthor ann <ann@example.com> 1790000000 +0000\ncommitter \
             ann <ann@example.com> 1790000000 +0000\ndata {}\n{message}\nM 100644 inline \
             evolution.yaml\ndata {}\n{text}\n\n",
            nth + 1,
            message.len(),
            text.len()
        );
    }
    hosting.write("import", &said);
    hosting.must("git fast-import --quiet < import && rm import");
    beside_a_fetch(&sandbox, "10,000 new evolutions");
    hosting.must(
        "git for-each-ref --format='delete %(refname)' refs/gryt/evolutions | git update-ref --stdin",
    );

    let main = hosting.git("rev-parse main").trim().to_owned();
    let refs: String = (0..100_000)
        .map(|nth| {
            format!(
                "create refs/gryt/evolutions/v2.0.0/A/rc.{} {main}\n",
                nth + 1
            )
        })
        .collect();
    hosting.write("updates", &refs);
    hosting.must("git update-ref --stdin < updates && rm updates && git pack-refs --all");
    beside_a_fetch(&sandbox, "100,000 refs");
    hosting.must(
        "git for-each-ref --format='delete %(refname)' refs/gryt/evolutions | git update-ref --stdin",
    );

    let blob = object(&hosting, "blob", &vec![b'x'; 100_000_000]);
    let whole = tree(1, "100644", |_| "generation.yaml".to_owned(), &blob);
    let whole = object(&hosting, "tree", &whole);
    let version = "Gryt-Version: v7.0.0\nGryt-Nonce: 0123456789abcdef0123456789abcdef\n";
    let draft = format!("tree {whole}\n{PEOPLE}{version}");
    let draft = object(&hosting, "commit", draft.as_bytes());
    hosting.git(&format!("update-ref refs/gryt/generations/v7.0.0 {draft}"));
    beside_a_fetch(&sandbox, "a blob of 100 MB");

    let wide = tree(1_000_000, "100644", |nth| format!("f{nth:07}"), &blob);
    let wide = object(&hosting, "tree", &wide);
    let tip = hosting.git("rev-parse refs/gryt/ledger").trim().to_owned();
    let text = format!("tree {wide}\nparent {tip}\n{PEOPLE}Gryt-Kind: import\nGryt-Base: {tip}\n");
    let entry = object(&hosting, "commit", text.as_bytes());
    hosting.git(&format!("update-ref refs/gryt/ledger {entry}"));
    beside_a_fetch(&sandbox, "a tree of 1,000,000 entries");
    ann.must("git gryt promote v1.0.0");
}
