//! Moments are compared, kept and counted as moments, whatever zone they were noted in.

use crate::sandbox::{Person, Sandbox};

fn at(who: &Person, date: &str) -> Person {
    who.with("GIT_AUTHOR_DATE", date)
        .with("GIT_COMMITTER_DATE", date)
}

/// Each later than the one before, and its text sorts otherwise.
const PROMOTED: [(&str, &str); 3] = [
    ("v1.0.0", "2026-03-01T02:00:00+1400"),
    ("v1.1.0", "2026-02-28T20:00:00-0400"),
    ("v1.2.0", "2026-03-01T06:00:00+0500"),
];

fn promoted(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for (version, date) in PROMOTED {
        let ann = at(&ann, date);
        ann.proves(version, "A");
        ann.must(&format!("git gryt promote {version}"));
    }
    ann
}

#[test]
fn sql_sorts_and_counts_moments_of_several_zones() {
    let sandbox = Sandbox::new();
    let ann = promoted(&sandbox);
    let rows = |sql: &str| ann.must(&format!("git gryt query \"{sql}\" --json"));
    let versions = |sql: &str| {
        let told = rows(sql);
        let mut found: Vec<(usize, &str)> = PROMOTED
            .iter()
            .map(|(version, _)| (told.find(version).unwrap(), *version))
            .collect();
        found.sort_unstable();
        found
            .into_iter()
            .map(|(_, version)| version)
            .collect::<Vec<_>>()
    };
    let sorted = ["v1.0.0", "v1.1.0", "v1.2.0"];
    for sql in [
        "SELECT version FROM generations ORDER BY promoted_at",
        "SELECT version FROM generations ORDER BY created_at",
        "SELECT g.version FROM generations g JOIN proofs p ON p.generation = g.id ORDER BY p.at",
        "SELECT g.version FROM generations g JOIN evolutions e ON e.generation = g.id ORDER BY e.started_at",
        "SELECT version FROM entries WHERE version NOT NULL ORDER BY at",
        "SELECT version FROM lead_time ORDER BY promoted_at",
    ] {
        assert_eq!(versions(sql), sorted, "{sql}");
    }
    let told = rows("SELECT promoted_at, promoted_zone FROM generations ORDER BY 1");
    for (moment, zone) in [
        ("2026-02-28T12:00:00Z", "+14:00"),
        ("2026-03-01T00:00:00Z", "-04:00"),
        ("2026-03-01T01:00:00Z", "+05:00"),
    ] {
        assert!(told.contains(moment) && told.contains(zone), "{told}");
    }
    let months = ann.must("git gryt query 'SELECT * FROM promotions_per_month'");
    let months: Vec<Vec<&str>> = months
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(months.contains(&vec!["2026-02", "1"]), "{months:?}");
    assert!(months.contains(&vec!["2026-03", "2"]), "{months:?}");
    // Every column that holds a moment holds one of that width.
    let columns = [
        "created_at FROM generations",
        "promoted_at FROM generations",
        "last_synced_at FROM generations",
        "started_at FROM evolutions",
        "last_synced_at FROM evolutions",
        "at FROM proofs",
        "at FROM entries",
        "value FROM sync_metadata WHERE key = 'last_pull_timestamp'",
        "updated_at FROM sync_metadata",
    ];
    let all: Vec<String> = columns
        .iter()
        .map(|column| column.replacen(" FROM", " AS moment FROM", 1))
        .map(|column| format!("SELECT {column}"))
        .collect();
    let odd = format!(
        "SELECT count(*) FROM ({}) WHERE moment NOT GLOB '????-??-??T??:??:??Z'",
        all.join(" UNION ALL ")
    );
    let told = ann.must(&format!("git gryt query \"{odd}\""));
    assert_eq!(told.split_whitespace().last(), Some("0"), "{told}");
}

#[test]
fn a_readers_zone_changes_no_answer() {
    let sandbox = Sandbox::new();
    let ann = promoted(&sandbox);
    let commands = [
        "git gryt log",
        "git gryt log --json",
        "git gryt notes v1.1.0",
        "git gryt generation show v1.0.0 --json",
        "git gryt query 'SELECT * FROM promotions_per_month'",
        "git gryt query 'SELECT * FROM lead_time'",
        "git gryt --no-cache log",
    ];
    for command in commands {
        let here = ann.must(command);
        for zone in ["Pacific/Kiritimati", "America/St_Johns", "XYZ-13:45"] {
            assert_eq!(
                ann.with("TZ", zone).must(command),
                here,
                "{zone}: {command}"
            );
        }
    }
    let log = ann.must("git gryt log --json");
    for (_, date) in PROMOTED {
        let zoned = format!("{}:{}", &date[..22], &date[22..]);
        assert!(log.contains(&zoned), "{zoned} as it was noted: {log}");
    }
}

#[test]
fn tags_of_several_zones_are_sorted_as_moments() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for (version, date) in PROMOTED.iter().rev() {
        at(&ann, date).git(&format!("tag -a -m {version} {version}"));
    }
    ann.must("git gryt import --from tags");
    let log = ann.must("git gryt log");
    let place = |version: &str| log.find(version).unwrap();
    assert!(place("v1.2.0") < place("v1.1.0"), "{log}");
    assert!(place("v1.1.0") < place("v1.0.0"), "{log}");
}

#[test]
fn dates_of_commits_lengthen_and_shorten_nothing() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let text = "steps:\n- name: quick\n  run: true\n  timeout: 60s\n";
    ann.tracks(".gryt/pipelines/pipeline.yaml", text);
    for (nth, date) in ["1971-01-01T00:00:00+0000", "2099-12-31T00:00:00+1400"]
        .iter()
        .enumerate()
    {
        let ann = at(&ann, date);
        let version = format!("v1.{nth}.0");
        ann.proves(&version, "A");
        let told = ann.must(&format!("git gryt promote {version} && git gryt verify"));
        assert!(told.contains(&version), "{told}");
        // What was deleted at such a date comes back at another.
        let draft = format!("v2.{nth}.0");
        ann.must(&format!(
            "git gryt generation new {draft} && git gryt generation delete {draft}"
        ));
        let later = at(&ann, "2050-01-01T00:00:00+0000");
        later.must("git gryt sync pull");
        later.must(&format!("git gryt generation restore {draft}"));
    }
}
