//! What other people did: told after a pull, once, and followed by a watch.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

use crate::sandbox::{Person, Sandbox};

fn team<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> [Person; N] {
    sandbox.hosting();
    let team = sandbox.team(names);
    team[0].must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    team[0].must("git gryt generation edit v1.0.0 --assign A=bob && git gryt sync push");
    for one in &team[1..] {
        one.must("git gryt sync pull");
    }
    team
}

#[test]
fn a_pull_tells_what_others_did_since_the_last_and_only_once() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    let told = bob.must("git gryt sync pull");
    assert!(!told.contains("News"), "{told}");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt evolution start v1.0.0 --change B && git gryt run");
    ann.must("git gryt generation new v2.0.0 --change add:C:c && git gryt sync push");
    ann.must("git gryt sync push-evolutions");
    bob.must("git gryt generation new v3.0.0 && git gryt sync push");
    // What a hook brought is told by the next pull of a person's own.
    bob.must("git gryt sync pull --leave-edits -q");
    let told = bob.must("git gryt sync pull");
    for line in ["ann declared v2.0.0", "ann proved A in v1.0.0 (rc.1)"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    // One's own doing and other people's changes are no news.
    assert!(
        !told.contains("v3.0.0") && !told.contains(" B in"),
        "{told}"
    );
    let told = bob.must("git gryt sync pull");
    assert!(!told.contains("News"), "{told}");
    ann.must("git gryt promote v1.0.0 && git gryt generation edit v2.0.0 -d More");
    ann.must("git gryt sync push");
    let told = bob.must("git gryt sync pull");
    assert!(told.contains("ann promoted v1.0.0"), "{told}");
    assert!(told.contains("ann edited v2.0.0"), "{told}");
    ann.must("git gryt generation delete v2.0.0 && git gryt withdraw v1.0.0 --reason 'It leaks'");
    let told = bob.must("git gryt sync pull --json");
    let pulled: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(pulled["adopted"]["withdrawals"][0]["reason"], "It leaks");
    assert_eq!(pulled["news"], serde_json::json!([]), "not told twice");
}

#[test]
fn whoever_edits_a_draft_of_mine_has_not_declared_it() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    bob.must("git gryt generation edit v1.0.0 -d More && git gryt sync push");
    let told = ann.must("git gryt sync pull");
    assert!(told.contains("bob edited v1.0.0"), "{told}");
    assert!(!told.contains("declared"), "{told}");
}

#[test]
fn the_first_pull_of_a_long_project_is_no_flood() {
    let sandbox = Sandbox::new();
    let [ann] = team(&sandbox, ["ann"]);
    for version in 10..22 {
        ann.must(&format!("git gryt generation new v{version}"));
    }
    ann.must("git gryt sync push");
    let cleo = sandbox.clone_of("cleo", "hosting.git");
    let told = cleo.must("git gryt sync pull");
    assert!(told.contains("  and 5 more"), "{told}");
    for version in 30..42 {
        ann.must(&format!("git gryt generation new v{version}"));
    }
    ann.must("git gryt sync push");
    let told = cleo.must("git gryt sync pull");
    assert!(told.contains("  and 4 more"), "{told}");
}

/// Reads lines of a watch until one has `sign`.
fn until(out: &mut impl BufRead, sign: &str) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(
            out.read_line(&mut line).unwrap(),
            0,
            "it ended before {sign}: {seen}"
        );
        seen += &line;
        if line.contains(sign) {
            return line;
        }
    }
}

/// Asks a watch to end, and returns what else it said.
fn end(mut watch: Child) -> String {
    let pid = watch.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    let mut said = String::new();
    watch
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(0), "{said}");
    said
}

#[test]
fn a_watch_tells_as_things_land_and_takes_nothing_over() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    let exec = "printf '%s\\n' \"$GRYT_NEWS\" >> seen; test ! -e ../fail";
    let mut watch = bob.start(&[
        "sync",
        "watch",
        "--interval",
        "20ms",
        "--json",
        "--exec",
        exec,
    ]);
    let mut out = BufReader::new(watch.stdout.take().unwrap());
    let refs = bob.refs("refs/gryt/");
    ann.must("git gryt generation new v2.0.0 && git gryt sync push");
    let line = until(&mut out, "v2.0.0");
    crate::json::check("git gryt sync watch --json", &line);
    let news: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(news["schema"], "gryt.news/1");
    assert_eq!(
        (&news["kind"], &news["by"]["name"]),
        (&"draft".into(), &"ann".into())
    );
    ann.proves("v1.1.0", "X");
    ann.write("../fail", "");
    ann.must("git gryt sync push && git gryt promote v1.1.0");
    let line = until(&mut out, "\"promoted\"");
    crate::json::check("git gryt sync watch --json", &line);
    // The cloud goes away and comes back.
    let hosting = sandbox.path().join("hosting.git");
    let away = sandbox.path().join("away.git");
    std::fs::rename(&hosting, &away).unwrap();
    let mut err = BufReader::new(watch.stderr.take().unwrap());
    until(&mut err, "trying again");
    std::fs::rename(&away, &hosting).unwrap();
    until(&mut err, "The cloud is back");
    ann.must("git gryt generation new v4.0.0 && git gryt sync push");
    until(&mut out, "v4.0.0");
    watch.stderr = Some(err.into_inner());
    let said = end(watch);
    assert!(
        said.is_empty() || said.contains("--exec exited 1"),
        "{said}"
    );
    assert!(
        bob.read("seen").contains("\"version\":\"v2.0.0\""),
        "{}",
        bob.read("seen")
    );
    assert_eq!(bob.refs("refs/gryt/"), refs);
    // What was watched was not pulled, so the next pull tells it.
    let told = bob.must("git gryt sync watch --once");
    assert!(told.contains("ann promoted v1.1.0"), "{told}");
    let told = bob.must("git gryt sync pull");
    assert!(told.contains("ann promoted v1.1.0"), "{told}");
    assert_eq!(bob.must("git gryt sync watch --once"), "Nothing new\n");
    assert_eq!(bob.must("git gryt sync watch --once -q"), "");
    bob.git("remote set-url origin ../gone.git");
    bob.refused(8, "git gryt sync watch --once");
    bob.refused(2, "git gryt sync watch --interval soon");
}

#[test]
fn ones_own_doings_and_quiet_pulls_are_not_told() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox, ["ann", "bob"]);
    bob.must("git gryt generation new v2.0.0 && git gryt generation new v3.0.0");
    bob.must("git gryt sync push && git gryt sync pull");
    bob.must("git gryt generation delete v2.0.0");
    bob.must("git gryt generation rename v3.0.0 v4.0.0 && git gryt sync push");
    let told = bob.must("git gryt sync pull");
    assert!(!told.contains("News"), "{told}");
    ann.must("git gryt generation new v5.0.0 && git gryt sync push");
    bob.must("git gryt sync pull -q");
    let told = bob.must("git gryt sync pull");
    assert!(told.contains("ann declared v5.0.0"), "{told}");
    // Cloud mode pulls by itself, and says it.
    bob.must("git gryt config execution_mode cloud");
    ann.must("git gryt generation new v6.0.0 && git gryt sync push");
    let told = bob.must("git gryt status 2>&1");
    assert!(told.contains("ann declared v6.0.0"), "{told}");
}
