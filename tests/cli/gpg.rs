//! Machines whose gpg is missing, hangs or has another clock, and gpg keys that are not as they should be
//! (docs/policy.md, "Keys").

use std::os::unix::fs::PermissionsExt;

use crate::keys::{gpg_key, signs_with_gpg};
use crate::sandbox::{PROGRAM, Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";

/// A person on a machine with these tools alone; `gpg` is a script, where there is one.
fn on_a_machine(sandbox: &Sandbox, name: &str, person: &Person, gpg: Option<&str>) -> Person {
    let tools = sandbox.path().join(name);
    std::fs::create_dir(&tools).unwrap();
    for tool in ["git", "sh", "env", "sleep", "cat", "dirname", "ln"] {
        let to = tools.join(tool);
        person.must(&format!("ln -s $(command -v {tool}) {}", to.display()));
    }
    if let Some(script) = gpg {
        let file = tools.join("gpg");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let program = std::path::Path::new(PROGRAM).parent().unwrap();
    person.with(
        "PATH",
        &format!("{}:{}", program.display(), tools.display()),
    )
}

fn indented(block: &str) -> String {
    block
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect()
}

#[test]
fn gpg_says_the_same_on_every_machine_or_nothing() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let Some(block) = gpg_key(&sandbox, "ann", "2y") else {
        return;
    };
    sandbox.hosting();
    let [ann, bob, mal] = sandbox.team(["ann", "bob", "mal"]);
    ann.tracks(POLICY, "promoters: [ann@example.com]\n");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    // A stranger's release names a gpg key. No machine needs gpg to see that he is a stranger.
    mal.git("pull -q origin main");
    mal.must("git gryt sync pull");
    let own = indented(&block);
    mal.tracks(
        POLICY,
        &format!("promoters: [mal@example.com]\ngates: {{signed: warn}}\nsigners:\n  mal@example.com:\n    - |\n{own}"),
    );
    mal.proves("v2.0.0", "B");
    mal.must("git gryt promote v2.0.0 --override-previous --without-heir --reason mine");
    let without = on_a_machine(&sandbox, "without", &bob, None);
    without.must("git gryt sync pull");
    let said = without.sh("git gryt verify");
    assert_eq!(said.code, 9, "{said:?}");
    assert!(
        said.out.contains("v2.0.0: ") && !said.out.contains("Cannot tell"),
        "{said:?}"
    );
    ann.git("pull -q origin main");
    let damaged = indented(&block).replacen("\n      m", "\n      n", 1);
    assert_ne!(damaged, own);
    // One key that nobody can read stands before hers, and hers is named twice, armoured otherwise.
    let commented = own.replacen("      \n", "      Comment: of bob's\n      \n", 1);
    assert_ne!(commented, own);
    ann.tracks(
        POLICY,
        &format!(
            "promoters: [ann@example.com]\ngates: {{signed: require}}\nsigners:\n  \
             aaron@example.com:\n    - |\n{damaged}  ann@example.com:\n    - |\n{own}  \
             bob@example.com:\n    - |\n{commented}"
        ),
    );
    let ann = signs_with_gpg(&sandbox, &ann);
    ann.proves("v3.0.0", "C");
    ann.must("git gryt promote v3.0.0");
    bob.must("git gryt sync pull");
    assert!(bob.must("git gryt verify").contains("The ledger verifies"));
    let gpg = ann.must("command -v gpg");
    let slow = format!(
        "exec {} --faked-system-time 20200101T000000 \"$@\"",
        gpg.trim()
    );
    let behind = on_a_machine(&sandbox, "behind", &bob, Some(&slow));
    assert!(
        behind
            .must("git gryt verify")
            .contains("The ledger verifies")
    );
    for (name, script) in [
        ("hangs", "exec sleep 600"),
        ("killed", "kill -9 $$"),
        ("old", "echo 'gpg: invalid option' >&2; exit 2"),
    ] {
        let there = on_a_machine(&sandbox, name, &bob, Some(script)).with("GRYT_TIMEOUT", "1s");
        let said = there.sh("git gryt verify");
        // The stranger's release is in nobody's past while the one after it is not told.
        assert_eq!(said.code, 9, "{name}: {said:?}");
        assert!(!said.out.contains("signed: "), "{name}: {said:?}");
        assert!(
            said.out.contains("Cannot tell of v3.0.0: A gpg signature"),
            "{name}: {said:?}"
        );
    }
    // Neither does a pull wait for it, and a guarded server refuses what it cannot tell.
    let dan = sandbox.clone_of("dan", "hosting.git");
    let hangs = on_a_machine(&sandbox, "hangs-too", &dan, Some("exec sleep 600"));
    let hangs = hangs.with("GRYT_TIMEOUT", "1s");
    for _ in 0..2 {
        hangs.must("git gryt sync pull");
    }
    assert!(
        hangs
            .must("git gryt status")
            .contains("Last promoted: v1.0.0")
    );
    dan.must("git gryt sync pull");
    assert!(
        dan.must("git gryt status")
            .contains("Last promoted: v3.0.0")
    );
    ann.must("git clone -q --bare ../hosting.git ../guarded.git && git -C ../guarded.git fetch -q origin 'refs/gryt/*:refs/gryt/*'");
    ann.must("git gryt -C ../guarded.git hook install --server");
    // What does not reach it, it lets nobody take for judged.
    let told = ann.refused(
        1,
        "git -C ../guarded.git gryt hook run pre-receive < /dev/null",
    );
    assert!(told.contains("told of no ref"), "{told}");
    ann.proves("v3.1.0", "E");
    ann.must("git gryt promote v3.1.0");
    let pushed = on_a_machine(&sandbox, "server", &ann, Some("exec sleep 600"))
        .with("GRYT_TIMEOUT", "1s")
        .sh("git push ../guarded.git refs/gryt/ledger");
    assert!(
        pushed.code != 0 && pushed.err.contains("cannot tell whether an entry holds"),
        "{pushed:?}"
    );
    ann.must("git push -q ../guarded.git refs/gryt/ledger");
    bob.must("git gryt sync pull");
    // Who signs with the same key is nobody else.
    bob.git("pull -q origin main");
    let text = bob
        .read(POLICY)
        .replace("require}", "require, independent_proof: true}");
    bob.tracks(POLICY, &text);
    bob.git("config gpg.format openpgp && git config user.signingKey ann@example.com");
    bob.git("config gryt.sign true");
    let bob = bob.with("GNUPGHOME", &ann.variable("GNUPGHOME"));
    bob.must("git gryt generation new v4.0.0 --change add:D:d && git gryt generation edit v4.0.0 --assign D=ann");
    bob.must("git gryt evolution start v4.0.0 --change D && git gryt run");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.git("pull -q origin main");
    ann.must("git gryt sync pull");
    let refusal = ann.refused(5, "git gryt promote v4.0.0");
    assert!(refusal.contains("independent_proof: "), "{refusal}");
    assert!(!refusal.contains("signed: "), "{refusal}");
    sandbox
        .nobody()
        .sh("for d in gnupg-*; do GNUPGHOME=$PWD/$d gpgconf --kill all; done");
}
