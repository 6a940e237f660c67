//! The hook of a server: what it refuses whoever pushes it, what it lets through, and that it lets nothing
//! through that nobody judged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::sandbox::{Person, Ran, Sandbox};

/// The hosting, guarded, and these people's clones of it.
fn guarded<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> (Person, [Person; N]) {
    let hosting = sandbox.hosting();
    let hosting = sandbox.nobody().at(hosting);
    hosting.must("git gryt hook install --server");
    (hosting, sandbox.team(names))
}

/// Pushes with plain git what has to be refused, and says what of it was told.
#[track_caller]
fn refused(who: &Person, what: &str) -> String {
    let ran = who.sh(&format!("git push origin {what}"));
    assert_ne!(ran.code, 0, "{what}: {}", ran.err);
    assert!(ran.err.contains("was refused: "), "{what}: {}", ran.err);
    ran.err
}

fn write_hook(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn entries(hosting: &Person) -> String {
    hosting.git("rev-list --count --first-parent refs/gryt/ledger")
}

#[test]
fn the_ledger_only_grows_whoever_pushes() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    let before = hosting.refs("refs");
    let told = refused(&ann, ":refs/gryt/ledger");
    assert!(told.contains("never deleted by a push"), "{told}");
    let told = refused(&ann, "+refs/gryt/ledger~1:refs/gryt/ledger");
    assert!(
        told.contains("is not a fast-forward of the ledger here"),
        "{told}"
    );
    assert!(told.contains("Next: git gryt sync pull"), "{told}");
    refused(&ann, "+main:refs/gryt/ledger");
    refused(&ann, "+main^{tree}:refs/gryt/ledger");
    // A commit on top that is no entry, and one that has the ledger as its second parent alone.
    let stray = ann.git("commit-tree -p refs/gryt/ledger -m stray refs/gryt/ledger^{tree}");
    let told = refused(&ann, &format!("{stray}:refs/gryt/ledger"));
    assert!(told.contains("is not a valid ledger entry"), "{told}");
    let beside = ann.git("commit-tree -p main -p refs/gryt/ledger -m b refs/gryt/ledger^{tree}");
    refused(&ann, &format!("{beside}:refs/gryt/ledger"));
    // What was made by a later program is not guessed.
    let later = "printf 'x\\n\\nGryt-Format: 2\\n' | git commit-tree -p refs/gryt/ledger \
                 refs/gryt/ledger^{tree}";
    let later = ann.must(later);
    let told = refused(&ann, &format!("{}:refs/gryt/ledger", later.trim()));
    assert!(told.contains("a later git-gryt"), "{told}");
    // A mirror of somebody who has less would take all of it away.
    sandbox.nobody().git("init -q --bare empty.git");
    let empty = ann.at(sandbox.path().join("empty.git"));
    let ran = empty.sh("git push --mirror ../hosting.git");
    assert!(ran.err.contains("never deleted by a push"), "{}", ran.err);
    // Nor does one part of a push land without the other.
    ann.git("commit -q --allow-empty -m More");
    refused(&ann, "main :refs/gryt/ledger");
    assert_eq!(hosting.refs("refs"), before);
    ann.git("push -q origin main");
}

/// Git hands the hook the old value that the client claims, and compares it only afterwards.
#[test]
fn nobody_is_believed_about_where_a_ref_is() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    let (zero, other) = ("0".repeat(40), "1".repeat(40));
    let main = hosting.git("rev-parse refs/heads/main");
    for line in [
        format!("{other} {zero} refs/gryt/ledger"),
        format!("{zero} {zero} refs/tags/v1.0.0"),
        format!("{zero} {main} refs/tags/v1.0.0"),
        format!("{zero} {main} refs/heads/main"),
    ] {
        let ran = hosting.sh(&format!("echo '{line}' | hooks/pre-receive"));
        assert_ne!(ran.code, 0, "{line}: {ran:#?}");
        let what = "was refused: somebody moved it meanwhile";
        assert!(ran.err.contains(what), "{line}: {ran:#?}");
    }
}

#[test]
fn another_ledger_takes_no_place_beside_the_ledger() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.git("config gryt.remotePrefix refs/heads/gryt/");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    let ledger = ann.git("ls-remote origin refs/heads/gryt/ledger refs/gryt/ledger");
    assert!(ledger.contains("ledger"), "{ledger}");
    let beside = match ledger.contains("refs/heads/gryt/ledger") {
        true => "refs/gryt/ledger",
        false => "refs/heads/gryt/ledger",
    };
    // Another project's ledger, of one entry.
    sandbox.nobody().git("init -q --bare other.git");
    let eve = sandbox.clone_of("eve", "other.git");
    eve.must("git commit -q --allow-empty -m x && git push -q origin HEAD:main");
    eve.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    eve.must("git remote set-url origin ../hosting.git");
    let own = eve.refs("refs/gryt-remotes").into_iter();
    let own: Vec<String> = own
        .filter(|(name, _)| name.ends_with("/ledger"))
        .map(|(_, oid)| oid)
        .collect();
    let genesis = &own[0];
    let told = refused(&eve, &format!("{genesis}:{beside}"));
    assert!(
        told.contains("the ledger of this repository begins at"),
        "{told}"
    );
    // As a branch it is one like all others, and keeps nobody from the names beside it.
    eve.git(&format!(
        "push -q origin {genesis}:refs/heads/feature/ledger"
    ));
    ann.git("push -q origin main:refs/heads/feature/login");
    eve.git("push -q origin :refs/heads/feature/ledger");
    assert_eq!(hosting.refs("refs/heads/feature").len(), 1);
}

#[test]
fn the_tag_of_a_release_stays_where_it_is() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.git("commit -q --allow-empty -m More && git push -q origin main");
    let told = refused(&ann, ":v1.0.0");
    assert!(
        told.contains("it is the tag of v1.0.0, which was released at"),
        "{told}"
    );
    refused(&ann, "+main:refs/tags/v1.0.0");
    // Another tag of the same words lies.
    let words = ann.git("cat-file tag v1.0.0");
    let lie = |name: &str, at: &str| {
        let released = ann.git("rev-parse v1.0.0^{commit}");
        let at = ann.git(&format!("rev-parse {at}"));
        let text = words
            .replace(&released, &at)
            .replace("tag v1.0.0", &format!("tag {name}"));
        ann.write("words", &format!("{text}\n"));
        ann.git("hash-object -t tag -w words")
    };
    let told = refused(
        &ann,
        &format!("{}:refs/tags/latest", lie("latest", "v1.0.0^{commit}")),
    );
    assert!(told.contains("whose tag is v1.0.0"), "{told}");
    let told = refused(&ann, &format!("{}:refs/tags/v9", lie("v9", "main")));
    assert!(told.contains("is at another commit"), "{told}");
    // The tags of others are their own.
    ann.git("tag nightly && git push -q origin nightly && git push -q origin :nightly");
    ann.git("tag -f -a -m x nightly && git push -q origin nightly");
    // Once it was lost, only the release's own takes its name again.
    hosting.git("update-ref -d refs/tags/v1.0.0");
    let told = refused(&ann, "main:refs/tags/v1.0.0");
    assert!(
        told.contains("another one than its release makes"),
        "{told}"
    );
    ann.git("push -q origin v1.0.0");
    // One that names an entry which was never here waits for it.
    let unknown = words.replace("Gryt-Entry: ", "Gryt-Entry: 1");
    let entry = unknown.lines().last().unwrap();
    let unknown = unknown.replace(entry, &entry[..entry.len() - 1]);
    ann.write(
        "words",
        &format!("{}\n", unknown.replace("tag v1.0.0", "tag v2.0.0")),
    );
    let unknown = ann.git("hash-object -t tag -w words");
    let told = refused(&ann, &format!("{unknown}:refs/tags/v2.0.0"));
    assert!(told.contains("push the ledger first"), "{told}");
}

#[test]
fn drafts_and_evolutions_only_grow_and_check() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = guarded(&sandbox, ["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt generation edit v1.0.0 --description x");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull");
    let before = hosting.refs("refs");
    let (draft, rc) = (
        "refs/gryt/generations/v1.0.0",
        "refs/gryt/evolutions/v1.0.0/A/rc.1",
    );
    let told = refused(&ann, &format!("+{draft}~1:{draft}"));
    assert!(
        told.contains("v1.0.0 here has edits that this push lacks"),
        "{told}"
    );
    let told = refused(&ann, &format!("+{rc}~1:{rc}"));
    assert!(told.contains("has proofs that this push lacks"), "{told}");
    // Somebody else's commit in an evolution.
    let words = "git log -1 --format=%B refs/gryt/evolutions/v1.0.0/A/rc.1";
    let theirs = bob.must(&format!(
        "{words} | git commit-tree -p {rc} -p main {rc}^{{tree}}"
    ));
    let told = refused(&bob, &format!("{}:{rc}", theirs.trim()));
    assert!(
        told.contains("bob") && told.contains("it is owned by ann"),
        "{told}"
    );
    // Not of this version, in no spelling of the format, or with more in it than a contract.
    for name in ["v1.0.1", "1.0.1", "v1.0-", "x/y/z"] {
        refused(&ann, &format!("{draft}:refs/gryt/generations/{name}"));
    }
    refused(&ann, &format!("{rc}:refs/gryt/evolutions/v1.0.0/B/rc.1"));
    refused(&ann, &format!("{rc}:refs/gryt/evolutions/v1.0.0/A/rc.01"));
    refused(&ann, "+main:refs/gryt/generations/v1.0.0");
    let more = ann.must(&format!(
        "git log -1 --format=%B {draft} | git commit-tree -p {draft} main^{{tree}}"
    ));
    refused(&ann, &format!("{}:{draft}", more.trim()));
    // Names that are nobody's, and those that are one clone's own.
    for name in [
        "refs/gryt/mine",
        "refs/gryt/ledger.lock2",
        "refs/gryt-local/base",
    ] {
        refused(&ann, &format!("main:{name}"));
    }
    // Two that only a file system with case can hold.
    let told = ann.sh(&format!(
        "git push origin {rc}:refs/gryt/evolutions/v1.0.0/a/rc.1"
    ));
    assert_ne!(told.code, 0);
    assert_eq!(hosting.refs("refs"), before);
    // A released version has no draft any more.
    ann.must("git gryt promote v1.0.0");
    bob.git(&format!("push -q origin {draft}:refs/heads/kept"));
    let told = refused(&bob, &format!("{draft}:{draft}"));
    assert!(told.contains("v1.0.0 is released already"), "{told}");
}

#[test]
fn a_host_is_still_looked_at_and_left_as_it_was() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    let before = hosting.refs("refs");
    let said = ann.must("git gryt doctor --remote");
    for line in ["ok       atomic pushes: taken", "ok       deletions: taken"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(hosting.refs("refs"), before);
    let said = hosting.sh("git gryt doctor").out;
    assert!(said.contains("ok       hooks: pre-receive"), "{said}");
    hosting.must("git gryt hook uninstall --server");
    let said = hosting.sh("git gryt doctor").out;
    assert!(
        said.contains("warning  hooks: nothing judges what is pushed here"),
        "{said}"
    );
}

#[test]
fn a_push_of_branches_alone_reads_no_ledger() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.must("git gryt generation new v1.1.0 && git gryt sync push");
    let judged = hosting.dir.join("gryt/judged.json");
    fs::remove_file(&judged).unwrap();
    ann.git("commit -q --allow-empty -m More && git push -q origin main main:feature/deep/name");
    assert!(!judged.exists());
    ann.git("tag nightly && git push -q origin nightly");
    assert!(judged.exists());
}

#[test]
fn nothing_is_let_in_that_nobody_judged() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    let own = Path::new(crate::sandbox::PROGRAM);
    let before = hosting.refs("refs");
    let without = ann.with("PATH", "/usr/local/bin:/usr/bin:/bin");
    let ran = without.sh(&format!("{} sync push", own.display()));
    assert_eq!(ran.code, 8, "{}", ran.err);
    assert!(ran.err.contains("is not on its PATH"), "{}", ran.err);
    // One that dies, or is another program.
    for (text, status) in [("kill -9 $$", "137"), ("exit 101", "101"), ("exit 2", "2")] {
        write_hook(
            &sandbox.path().join("bad/git-gryt"),
            &format!("#!/bin/sh\n{text}\n"),
        );
        let bad = sandbox.path().join("bad");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bad.display());
        let ran = ann
            .with("PATH", &path)
            .sh(&format!("{} sync push", own.display()));
        assert_eq!(ran.code, 8, "{}", ran.err);
        let words = format!("git-gryt ended with status {status}, and judged nothing");
        assert!(ran.err.contains(&words), "{}", ran.err);
    }
    assert_eq!(hosting.refs("refs"), before);
    let status = ann.must("git gryt sync status");
    assert!(status.contains("v1.0.0  draft     failed"), "{status}");
    ann.must("git gryt sync push");
}

#[test]
fn the_hook_that_was_there_decides_first_and_comes_back() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.nobody().at(sandbox.hosting());
    let [ann] = sandbox.team(["ann"]);
    let file = hosting.dir.join("hooks/pre-receive");
    let text = "#!/bin/sh\ncat >> told\ntest ! -e veto\n";
    write_hook(&file, text);
    let said = hosting.must("git gryt hook install --server");
    assert!(said.contains("after the one that was there"), "{said}");
    let said = hosting.must("git gryt hook install --server");
    assert!(said.contains("is there already"), "{said}");
    ann.git("commit -q --allow-empty -m One && git push -q origin main");
    assert!(hosting.read("told").contains(" refs/heads/main\n"));
    refused(&ann, "main:refs/gryt/mine");
    hosting.write("veto", "");
    ann.git("commit -q --allow-empty -m Two");
    assert_ne!(ann.sh("git push -q origin main").code, 0);
    fs::remove_file(hosting.dir.join("veto")).unwrap();
    ann.git("push -q origin main");
    hosting.must("git gryt hook uninstall --server");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    ann.git("push -q origin main:refs/gryt/mine");
    // Where somebody's other folder holds the hooks, it goes there.
    hosting.git("config core.hooksPath other");
    hosting.must("git gryt hook install --server");
    assert!(hosting.has("other/pre-receive"));
    refused(&ann, "main:refs/gryt/yours");
    // A clone is no server.
    let told = ann.refused(2, "git gryt hook install --server");
    assert!(told.contains("is not a bare repository"), "{told}");
}

#[test]
fn a_promotion_that_the_server_refuses_is_told_in_its_words() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.git("commit -q --allow-empty -m Alone");
    ann.proves("v1.0.0", "A");
    hosting.git("config gryt.requireBranch true");
    let told = ann.refused(8, "git gryt promote v1.0.0 --with-commits");
    for words in [
        "The cloud refused the push",
        "of v1.0.0 is on no branch here",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(hosting.git("for-each-ref refs/tags"), "");
    ann.git("push -q origin main");
    ann.must("git gryt promote v1.0.0");
    // What cannot be judged is not let in.
    hosting.git("config gryt.requireBranch perhaps");
    ann.git("commit -q --allow-empty -m Other");
    ann.proves("v1.0.1", "A");
    let told = ann.refused(8, "git gryt promote v1.0.1 --with-commits");
    assert!(told.contains("gryt.requireBranch is `perhaps`"), "{told}");
    // Where the server does not ask for it, it only says so.
    hosting.git("config --unset gryt.requireBranch");
    ann.git("commit -q --allow-empty -m Again");
    ann.proves("v1.1.0", "A");
    ann.must("git gryt promote v1.1.0 --with-commits");
    assert_eq!(entries(&hosting), "3");
    // A clock that is days ahead.
    let later = ann
        .with("GIT_AUTHOR_DATE", "2090-01-02T03:04:05+0000")
        .with("GIT_COMMITTER_DATE", "2090-01-02T03:04:05+0000");
    let told = later.refused(8, "git gryt withdraw v1.1.0 --reason x");
    assert!(told.contains("lies ahead of this server's clock"), "{told}");
    ann.must("git gryt withdraw v1.1.0 --reason x");
}

#[test]
fn who_loses_a_race_at_a_guarded_server_is_told_so() {
    let sandbox = Sandbox::new();
    let (hosting, people) = guarded(&sandbox, ["ann", "bob", "cleo", "dan"]);
    for round in 0..4 {
        let same = format!("v1.{round}.0");
        for (at, person) in people.iter().enumerate() {
            person.proves(&same, &format!("FEAT-{at}"));
            person.proves(&format!("v2.{round}.{at}"), "A");
        }
        let promote = |person: &Person, version: &str| person.start(&["promote", version]);
        let running: Vec<_> = people.iter().map(|one| promote(one, &same)).collect();
        let ran: Vec<Ran> = running.into_iter().map(Person::wait).collect();
        let won = ran.iter().filter(|ran| ran.code == 0).count();
        let lost = ran.iter().filter(|ran| ran.code == 3).count();
        assert_eq!((won, lost), (1, 3), "{ran:#?}");
        let running = people.iter().enumerate();
        let running: Vec<_> = running
            .map(|(at, one)| promote(one, &format!("v2.{round}.{at}")))
            .collect();
        for ran in running.into_iter().map(Person::wait) {
            assert_eq!(ran.code, 0, "{ran:#?}");
        }
    }
    assert_eq!(entries(&hosting), "21");
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull && git gryt verify");
}

#[test]
fn an_administrator_lets_in_what_everybody_disputes() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob, cleo]) = guarded(&sandbox, ["ann", "bob", "cleo"]);
    ann.tracks(".gryt/policy.yaml", "promoters: [ann@example.com]\n");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    bob.must("git pull -q origin main && git gryt sync pull");
    bob.proves("v2.0.0", "B");
    bob.tracks(".gryt/policy.yaml", "promoters: [bob@example.com]\n");
    let line = "git gryt promote v2.0.0 --override-previous --without-heir --reason gone";
    let told = bob.refused(8, line);
    assert!(told.contains("everybody would dispute v2.0.0"), "{told}");
    let command = told
        .split("by a command in the bare repository: ")
        .nth(1)
        .unwrap();
    let command = command.split(". After that").next().unwrap().trim();
    hosting.must(command);
    let told = bob.sh(line);
    assert_eq!(told.code, 0, "{}", told.err);
    let trust = told.err.split("that is to accept it: ").nth(1).unwrap();
    let trust = trust.lines().next().unwrap().trim();
    for one in [&bob, &cleo] {
        one.must("git gryt sync pull");
        one.must(trust);
        one.must("git gryt sync pull");
    }
    // What follows is judged by its policy, here as in the clones that were told so.
    bob.proves("v3.0.0", "C");
    bob.must("git gryt promote v3.0.0");
    fs::remove_file(hosting.dir.join("gryt/judged.json")).unwrap();
    bob.must("git gryt withdraw v3.0.0 --reason x");
    cleo.must("git gryt sync pull && git gryt verify");
}

#[test]
fn what_was_there_before_the_hook_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.nobody().at(sandbox.hosting());
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    // An invalid entry, and a ref that is nobody's.
    let stray = "printf 'x\\n\\nGryt-Format: 1\\nGryt-Kind: import\\n' | git commit-tree -p \
                 refs/gryt/ledger refs/gryt/ledger^{tree}";
    let stray = ann.must(stray);
    let hook = hosting.dir.join("hooks/pre-receive");
    let _ = fs::remove_file(&hook);
    ann.git(&format!(
        "push -q origin {}:refs/gryt/ledger main:refs/gryt/mine",
        stray.trim()
    ));
    hosting.must("git gryt hook install --server");
    ann.sh("git gryt sync pull");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    ann.git("push -q origin :refs/gryt/mine");
    assert_eq!(entries(&hosting), "4");
}

#[test]
fn a_ledger_among_branches_is_guarded_alike() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.must("git gryt sync move --prefix refs/heads/team/gryt/");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    let before = hosting.refs("refs");
    let ledger = "refs/heads/team/gryt/ledger";
    let told = refused(&ann, &format!(":{ledger}"));
    assert!(told.contains("never deleted by a push"), "{told}");
    refused(&ann, &format!("+refs/gryt/ledger~1:{ledger}"));
    refused(&ann, "main:refs/heads/team/gryt/mine");
    refused(&ann, "main:refs/heads/team/gryt/generations/v3.0.0");
    refused(&ann, ":refs/gryt/ledger");
    ann.git("push -q origin main:team/other");
    assert_eq!(hosting.refs("refs").len(), before.len() + 1);
}

#[test]
fn a_server_of_reftables_is_guarded_alike() {
    let Some(sandbox) = Sandbox::reftable() else {
        eprintln!("skipped: this git knows no reftables");
        return;
    };
    let (hosting, [ann]) = guarded(&sandbox, ["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    refused(&ann, ":refs/gryt/ledger");
    refused(&ann, ":v1.0.0");
    refused(&ann, "main:refs/gryt/mine");
    ann.must("git gryt withdraw v1.0.0 --reason x");
    assert_eq!(entries(&hosting), "3");
}
