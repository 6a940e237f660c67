//! Signatures: whose keys count for what, and what everybody is told of others (docs/policy.md, "Keys").

use crate::sandbox::{Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";

/// An ssh key of that name at the top of the sandbox, and its public half.
pub(crate) fn ssh_key(sandbox: &Sandbox, name: &str) -> String {
    let nobody = sandbox.nobody();
    nobody.must(&format!(
        "ssh-keygen -q -t ed25519 -N '' -C {name} -f {name}.key"
    ));
    nobody.read(&format!("{name}.key.pub")).trim().to_owned()
}

/// Has a person's git sign all that gryt writes with an ssh key.
pub(crate) fn signs_with(sandbox: &Sandbox, person: &Person, key: &str) {
    let file = sandbox.path().join(format!("{key}.key"));
    person.git("config gpg.format ssh");
    person.git(&format!("config user.signingKey {}", file.display()));
    person.git("config commit.gpgSign true");
}

/// A policy that requires signatures of those people, each with their keys.
fn policy(signers: &[(&str, &[&str])]) -> String {
    let mut text = "promoters: [ann@example.com]\ngates: {signed: require}\nsigners:\n".to_owned();
    for (who, keys) in signers {
        text += &format!("  {who}@example.com:\n");
        for key in *keys {
            text += &format!("    - {key}\n");
        }
    }
    text
}

/// Ann and bob, each with a key that the policy names, and v1.0.0 promoted by ann.
fn signing(sandbox: &Sandbox) -> ([Person; 2], [String; 2]) {
    sandbox.hosting();
    let team: [Person; 2] = sandbox.team(["ann", "bob"]);
    let keys = ["ann", "bob"].map(|name| ssh_key(sandbox, name));
    for person in &team {
        signs_with(sandbox, person, &person.name);
    }
    let text = policy(&[("ann", &[&keys[0]]), ("bob", &[&keys[1]])]);
    team[0].tracks(POLICY, &text);
    team[0].proves("v1.0.0", "A");
    team[0].must("git gryt promote v1.0.0");
    (team, keys)
}

#[test]
fn what_is_signed_by_whom_it_names_is_promoted_and_everybody_verifies_it() {
    let sandbox = Sandbox::new();
    let ([ann, bob], _) = signing(&sandbox);
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    bob.proves("v2.0.0", "B");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt sync pull && git gryt promote v2.0.0");
    // No setting of the reader's has a say.
    let cleo = sandbox.clone_of("cleo", "hosting.git");
    cleo.git("config gpg.program false");
    cleo.git("config gpg.ssh.program false");
    for person in [&ann, &bob, &cleo] {
        person.must("git gryt sync pull");
        let said = person.must("git gryt verify");
        assert!(said.contains("The ledger verifies"), "{said}");
    }
    let signed = ann.git("cat-file commit refs/gryt/ledger");
    assert!(
        signed.contains("gpgsig -----BEGIN SSH SIGNATURE-----"),
        "{signed}"
    );
}

#[test]
fn nothing_is_promoted_that_its_promoter_does_not_sign_with_a_named_key() {
    let sandbox = Sandbox::new();
    let ([ann, _], _) = signing(&sandbox);
    ann.proves("v2.0.0", "B");
    ann.git("config gryt.sign false");
    let before = ann.git("rev-parse refs/gryt/ledger");
    let line = "git gryt promote v2.0.0";
    let refusal = ann.refused(5, line);
    assert!(
        refusal.contains(
            "signed: the promotion is not signed by ann <ann@example.com>: git gryt config sign true"
        ),
        "{refusal}"
    );
    assert!(!refusal.contains("--override-previous"), "{refusal}");
    ann.refused(5, &format!("{line} --dry-run"));
    ann.refused(5, &format!("{line} --override-previous --reason now"));
    ann.refused(5, &format!("{line} --waive signed --reason now"));
    ann.must("git gryt config sign true");
    ssh_key(&sandbox, "other");
    signs_with(&sandbox, &ann, "other");
    for line in [line, "git gryt promote v2.0.0 --dry-run"] {
        let refusal = ann.refused(5, line);
        assert!(
            refusal.contains("which is not named as one of ann"),
            "{refusal}"
        );
    }
    signs_with(&sandbox, &ann, "bob");
    let refusal = ann.refused(5, line);
    assert!(
        refusal.contains("of bob@example.com, and not of ann"),
        "{refusal}"
    );
    assert_eq!(ann.git("rev-parse refs/gryt/ledger"), before);
    signs_with(&sandbox, &ann, "ann");
    ann.must(line);
}

#[test]
fn a_key_counts_for_proofs_at_once_and_for_entries_from_the_next_release_on() {
    let sandbox = Sandbox::new();
    let ([ann, bob], keys) = signing(&sandbox);
    let new = ssh_key(&sandbox, "new");
    let both = policy(&[("ann", &[&keys[0], &new]), ("bob", &[&keys[1]])]);
    ann.tracks(POLICY, &both);
    signs_with(&sandbox, &ann, "new");
    ann.proves("v2.0.0", "B");
    let refusal = ann.refused(5, "git gryt promote v2.0.0");
    assert!(
        refusal.contains(
            "which the release's own policy names for ann <ann@example.com> and the policy of v1.0.0 does not",
        ),
        "{refusal}"
    );
    assert!(!refusal.contains("the proof of B"), "{refusal}");
    signs_with(&sandbox, &ann, "ann");
    ann.must("git gryt promote v2.0.0");
    // The old one goes with the release that the new one signs.
    ann.tracks(POLICY, &policy(&[("ann", &[&new]), ("bob", &[&keys[1]])]));
    ann.proves("v3.0.0", "C");
    let refusal = ann.refused(5, "git gryt promote v3.0.0");
    assert!(
        refusal.contains("the proof of C (ann, rc.1) is signed with the key"),
        "{refusal}"
    );
    signs_with(&sandbox, &ann, "new");
    ann.must("git gryt run --change C && git gryt promote v3.0.0");
    bob.must("git gryt sync pull");
    let said = bob.must("git gryt verify");
    assert!(said.contains("The ledger verifies"), "{said}");
}

#[test]
fn a_signing_program_that_fails_stops_everything_before_it_is_pushed() {
    let sandbox = Sandbox::new();
    let ([ann, _], _) = signing(&sandbox);
    ann.proves("v2.0.0", "B");
    ann.must("git gryt sync push");
    let cloud = |ann: &Person| ann.git("ls-remote origin");
    let before = cloud(&ann);
    ann.git("config gpg.ssh.program false");
    for line in [
        "git gryt promote v2.0.0",
        "git gryt promote v2.0.0 --dry-run",
        "git gryt generation new v3.0.0 --change add:C:c",
    ] {
        let refusal = ann.refused(1, line);
        assert!(refusal.contains("The commit cannot be signed"), "{refusal}");
    }
    ann.git("config commit.gpgSign false");
    ann.git("config tag.gpgSign true");
    assert_eq!(cloud(&ann), before);
}

#[test]
fn a_tag_is_signed_by_its_promoter_and_found_again_after_a_crash() {
    let sandbox = Sandbox::new();
    let ([ann, bob], _) = signing(&sandbox);
    ann.git("config tag.gpgSign true");
    ann.proves("v2.0.0", "B");
    let before = ann.git("ls-remote origin");
    ann.git("config gpg.ssh.defaultKeyCommand false");
    ann.must("git gryt promote v2.0.0");
    assert_ne!(ann.git("ls-remote origin"), before);
    let tag = ann.git("cat-file tag v2.0.0");
    assert!(tag.contains("-----BEGIN SSH SIGNATURE-----"), "{tag}");
    let file = sandbox.path().join("allowed");
    let key = ann.read("../ann.key.pub");
    std::fs::write(&file, format!("ann@example.com {key}")).unwrap();
    ann.git(&format!(
        "-c gpg.ssh.allowedSignersFile={} tag -v v2.0.0",
        file.display()
    ));
    // Who has no memory of it takes the one of the cloud.
    bob.git("fetch -q --tags");
    bob.must("git gryt sync pull && git gryt verify");
    assert_eq!(bob.git("rev-parse v2.0.0"), ann.git("rev-parse v2.0.0"));
    ann.git("tag -d v2.0.0");
    ann.git("fetch -q --tags");
    ann.must("git gryt sync pull && git gryt verify");
    assert_eq!(ann.git("rev-parse v2.0.0"), bob.git("rev-parse v2.0.0"));
}

/// A home for gpg at the top of the sandbox, and in it a key for `name`. None without gpg, which is said.
pub(crate) fn gpg_key(sandbox: &Sandbox, name: &str, life: &str) -> Option<String> {
    let nobody = sandbox.nobody();
    if nobody.sh("gpg --version").code != 0 {
        eprintln!("skipped: there is no gpg here");
        return None;
    }
    let home = format!("gnupg-{name}");
    nobody.must(&format!("mkdir -m 700 {home}"));
    let nobody = nobody.with(
        "GNUPGHOME",
        &sandbox.path().join(home).display().to_string(),
    );
    nobody.must(&format!(
        "gpg --batch -q --passphrase '' --quick-gen-key '{name} <{name}@example.com>' ed25519 sign {life} \
         2> /dev/null"
    ));
    Some(nobody.must("gpg --batch -q --armor --export"))
}

/// Has a person's git sign with their gpg key.
pub(crate) fn signs_with_gpg(sandbox: &Sandbox, person: &Person) -> Person {
    person.git("config gpg.format openpgp");
    person.git(&format!(
        "config user.signingKey {}@example.com",
        person.name
    ));
    person.git("config gryt.sign true");
    let home = sandbox.path().join(format!("gnupg-{}", person.name));
    person.with("GNUPGHOME", &home.display().to_string())
}

#[test]
fn gpg_keys_are_compared_with_the_policy_s_and_with_no_keyring() {
    let sandbox = Sandbox::new();
    let Some(block) = gpg_key(&sandbox, "ann", "2y") else {
        return;
    };
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let ann = signs_with_gpg(&sandbox, &ann);
    let indented: String = block
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    let text = policy(&[("ann", &[])]).replace("com:\n", &format!("com:\n    - |\n{indented}"));
    ann.tracks(POLICY, &text);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.proves("v2.0.0", "B");
    ann.must("git gryt promote v2.0.0");
    assert!(ann.must("git gryt verify").contains("The ledger verifies"));
    // Without gpg nobody can tell, and what is not told counts for nothing.
    let path = ann.variable("PATH");
    let tools = sandbox.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    for tool in ["git", "sh", "env", "ssh-keygen"] {
        bob.must(&format!(
            "ln -s $(command -v {tool}) {}/{tool}",
            tools.display()
        ));
    }
    let program = std::path::Path::new(crate::sandbox::PROGRAM)
        .parent()
        .unwrap();
    let few = format!("{}:{}", program.display(), tools.display());
    let without = bob.with("PATH", &few);
    let pulled = without.sh("git gryt sync pull");
    assert_eq!(pulled.code, 0, "{pulled:?}");
    let said = without.sh("git gryt verify");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.out
            .contains("Cannot tell of v1.0.0: A gpg signature cannot be judged here"),
        "{said:?}"
    );
    without.proves("v3.0.0", "C");
    let refusal = without.refused(1, "git gryt promote v3.0.0");
    assert!(
        refusal.contains("This machine cannot tell whether v"),
        "{refusal}"
    );
    // With it, everything is judged again.
    let with = bob.with("PATH", &path);
    with.must("git gryt sync pull");
    assert!(with.must("git gryt verify").contains("The ledger verifies"));
    assert!(
        with.must("git gryt status")
            .contains("Last promoted: v2.0.0")
    );
    let refusal = with.refused(5, "git gryt promote v3.0.0");
    assert!(
        refusal.contains("bob <bob@example.com> is not a promoter"),
        "{refusal}"
    );
    sandbox
        .nobody()
        .sh("for d in gnupg-*; do GNUPGHOME=$PWD/$d gpgconf --kill all; done");
}

#[test]
fn a_ledger_that_a_promoter_s_signed_tag_shows_to_be_rewound_is_not_taken_over() {
    let sandbox = Sandbox::new();
    let ([ann, _], _) = signing(&sandbox);
    let old = ann.git("rev-parse refs/gryt/ledger");
    ann.git("config tag.gpgSign true");
    ann.proves("v2.0.0", "B");
    ann.must("git gryt promote v2.0.0");
    ann.git("config tag.gpgSign false");
    let rewound = |sandbox: &Sandbox, name: &str| {
        let nobody = sandbox.nobody();
        nobody.git(&format!("-C hosting.git update-ref refs/gryt/ledger {old}"));
        sandbox.clone_of(name, "hosting.git")
    };
    let cleo = rewound(&sandbox, "cleo");
    let refusal = cleo.refused(9, "git gryt sync pull");
    assert!(
        refusal.contains(
            "the tag v2.0.0, which ann@example.com signed, names an entry that it does not hold"
        ),
        "{refusal}"
    );
    // Anybody can push a tag that nobody signed.
    let nobody = sandbox.nobody();
    nobody.must(
        "git -C hosting.git cat-file tag v2.0.0 | sed '/^-----BEGIN/,$d' > tag && git -C hosting.git \
         update-ref refs/tags/v2.0.0 $(git -C hosting.git hash-object -t tag -w --stdin < tag)",
    );
    let dan = rewound(&sandbox, "dan");
    let pulled = dan.sh("git gryt sync pull");
    assert_eq!(pulled.code, 0, "{pulled:?}");
    assert!(
        pulled.err.contains("git tag -d v2.0.0 removes it here"),
        "{pulled:?}"
    );
}

#[test]
fn a_push_certificate_is_the_user_s_to_send() {
    let sandbox = Sandbox::new();
    let ([ann, bob], _) = signing(&sandbox);
    let nobody = sandbox.nobody();
    nobody.git("-C hosting.git config receive.certNonceSeed seed");
    nobody.must(
        "printf '#!/bin/sh\\necho cert=$GIT_PUSH_CERT $GIT_PUSH_CERT_NONCE_STATUS >> %s/certs\\n' $PWD \
         > hosting.git/hooks/post-receive && chmod +x hosting.git/hooks/post-receive",
    );
    ann.git("config push.gpgSign if-asked");
    ann.proves("v2.0.0", "B");
    ann.must("git gryt sync push && git gryt promote v2.0.0");
    let certs = nobody.read("certs");
    assert!(certs.lines().count() >= 2, "{certs}");
    assert!(
        certs
            .lines()
            .all(|line| line.ends_with(" OK") && line.len() > 40),
        "{certs}"
    );
    bob.must("git gryt sync pull && git gryt verify");
}

#[test]
fn what_is_appended_again_is_judged_by_the_original_s_signature() {
    let sandbox = Sandbox::new();
    let ([ann, bob], _) = signing(&sandbox);
    let old = ann.git("rev-parse refs/gryt/ledger");
    ann.proves("v2.0.0", "B");
    ann.must("git gryt promote v2.0.0");
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    // The cloud loses it, and goes on meanwhile.
    sandbox
        .nobody()
        .git(&format!("-C hosting.git update-ref refs/gryt/ledger {old}"));
    sandbox.nobody().git("-C hosting.git tag -d v2.0.0");
    let eve = sandbox.clone_of("ann2", "hosting.git");
    eve.git("config user.name ann");
    eve.git("config user.email ann@example.com");
    signs_with(&sandbox, &eve, "ann");
    eve.proves("v3.0.0", "C");
    eve.must("git gryt promote v3.0.0");
    bob.refused(9, "git gryt sync pull");
    bob.must("git gryt sync push --republish");
    let cleo = sandbox.clone_of("cleo", "hosting.git");
    for person in [&bob, &cleo, &eve] {
        person.must("git gryt sync pull");
        let said = person.must("git gryt verify");
        assert!(said.contains("The ledger verifies"), "{said}");
    }
    assert!(cleo.must("git gryt log").contains("v2.0.0"));
    // Once more: what is repeated then was repeated before.
    sandbox
        .nobody()
        .git(&format!("-C hosting.git update-ref refs/gryt/ledger {old}"));
    for tag in ["v2.0.0", "v3.0.0"] {
        sandbox
            .nobody()
            .sh(&format!("git -C hosting.git tag -d {tag}"));
    }
    let eve = sandbox.clone_of("ann3", "hosting.git");
    eve.git("config user.name ann");
    eve.git("config user.email ann@example.com");
    signs_with(&sandbox, &eve, "ann");
    eve.proves("v4.0.0", "D");
    eve.must("git gryt promote v4.0.0");
    bob.must("git gryt sync push --republish");
    for person in [&bob, &eve] {
        person.must("git gryt sync pull");
        let said = person.must("git gryt verify");
        assert!(said.contains("The ledger verifies"), "{said}");
    }
    let said = eve.must("git gryt log --show-signature");
    assert_eq!(said.matches("of ann@example.com").count(), 4, "{said}");
}

#[test]
fn an_heir_signs_with_their_own_key_what_the_previous_policy_does_not_let_pass() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let keys = ["ann", "bob", "other"].map(|name| ssh_key(&sandbox, name));
    let text = policy(&[("ann", &[&keys[0]]), ("bob", &[&keys[1]])]) + "heirs: [bob@example.com]\n";
    signs_with(&sandbox, &ann, "ann");
    ann.tracks(POLICY, &text);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    bob.tracks(POLICY, &text.replace("promoters: [ann", "promoters: [bob"));
    signs_with(&sandbox, &bob, "bob");
    bob.proves("v2.0.0", "B");
    let line = "git gryt promote v2.0.0 --override-previous --reason 'Ann left'";
    signs_with(&sandbox, &bob, "other");
    let refusal = bob.refused(5, line);
    assert!(
        refusal.contains("bob@example.com can override promoters, by an entry that they sign with"),
        "{refusal}"
    );
    bob.git("config gryt.sign false");
    bob.refused(5, line);
    bob.git("config --unset gryt.sign");
    signs_with(&sandbox, &bob, "bob");
    bob.must(line);
    ann.must("git gryt sync pull");
    assert!(ann.must("git gryt verify").contains("The ledger verifies"));
}

#[test]
fn a_signature_is_only_warned_of_where_the_policy_says_so_unless_it_is_worse_than_none() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let keys = ["ann", "bob"].map(|name| ssh_key(&sandbox, name));
    let text = policy(&[("ann", &[&keys[0]]), ("bob", &[&keys[1]])]);
    ann.tracks(POLICY, &text.replace("signed: require", "signed: warn"));
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    ann.proves("v2.0.0", "B");
    signs_with(&sandbox, &ann, "bob");
    let refusal = ann.refused(5, "git gryt promote v2.0.0");
    assert!(
        refusal.contains("of bob@example.com, and not of ann"),
        "{refusal}"
    );
    ann.git("config gryt.sign false");
    ann.must("git gryt promote v2.0.0");
    bob.must("git gryt sync pull && git gryt verify");
}

#[test]
fn who_signed_is_said_beside_the_author() {
    let sandbox = Sandbox::new();
    let ([ann, bob], _) = signing(&sandbox);
    bob.must("git gryt sync pull");
    for line in [
        "git gryt log --show-signature",
        "git gryt log -v",
        "git gryt verify v1.0.0",
        "git gryt generation show v1.0.0",
    ] {
        let said = bob.must(line);
        assert!(
            said.contains("signed with the key SHA256:"),
            "{line}: {said}"
        );
        assert!(said.contains("of ann@example.com"), "{line}: {said}");
    }
    let said = bob.must("git gryt generation show v1.0.0 --json");
    assert!(said.contains("\"named_by\": \"policy\""), "{said}");
    assert!(!bob.must("git gryt log").contains("SHA256"));
    drop(ann);
}

#[test]
fn where_no_policy_names_keys_the_reader_s_say_whose_they_are() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, mal, bob] = sandbox.team(["ann", "mal", "bob"]);
    let keys = ["ann", "mal"].map(|name| ssh_key(&sandbox, name));
    let allowed = sandbox.path().join("allowed");
    let text = format!("ann@example.com {}\nmal@example.com {}\n", keys[0], keys[1]);
    std::fs::write(&allowed, text).unwrap();
    bob.git(&format!(
        "config gpg.ssh.allowedSignersFile {}",
        allowed.display()
    ));
    signs_with(&sandbox, &ann, "ann");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    mal.must("git gryt sync pull");
    mal.git("config user.email ann@example.com");
    let promotes = |version: &str, change: &str| {
        mal.proves(version, change);
        mal.must(&format!("git gryt promote {version}"));
        bob.must("git gryt sync pull");
        bob.sh("git gryt verify")
    };
    let said = promotes("v1.1.0", "B");
    assert_eq!(said.code, 9, "{said:?}");
    assert!(said.out.contains("v1.1.0: it is not signed"), "{said:?}");
    signs_with(&sandbox, &mal, "mal");
    let said = promotes("v1.2.0", "C");
    assert!(
        said.out
            .contains("of mal@example.com, who is not its author"),
        "{said:?}"
    );
    ssh_key(&sandbox, "stranger");
    signs_with(&sandbox, &mal, "stranger");
    let said = promotes("v1.3.0", "D");
    assert_eq!(said.code, 9, "{said:?}");
    assert!(said.out.contains("whose that is, is not known"), "{said:?}");
    // A clone that knows nobody's keys says nothing of them.
    ann.must("git gryt sync pull && git gryt verify");
}

#[test]
fn who_has_to_sign_what_is_said_with_the_command() {
    let sandbox = Sandbox::new();
    let ([ann, bob], _) = signing(&sandbox);
    bob.git("pull -q origin main");
    bob.must("git gryt sync pull");
    bob.git("config commit.gpgSign false");
    bob.must("git gryt generation new v2.0.0 --change add:B:b");
    bob.must("git gryt evolution start v2.0.0 --change B");
    let run = bob.sh("git gryt run");
    assert_eq!(run.code, 0, "{run:?}");
    let command = "git gryt config sign true && git gryt run --change B";
    let warning =
        format!("This proof is not signed, and .gryt/policy.yaml asks for signatures: {command}");
    assert!(run.err.contains(&warning), "{run:?}");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    for person in [&ann, &bob] {
        let why = person.sh("git gryt why v2.0.0").out;
        let who = if person.name == "bob" { "you" } else { "bob" };
        let step = format!(
            "{who}: the proof of B (bob, rc.1) is not signed; bob proves it again: {command}"
        );
        assert!(why.contains(&step), "{why}");
        assert!(!why.contains("the promotion is not signed"), "{why}");
    }
    let refusal = bob.refused(5, "git gryt withdraw v1.0.0 --reason wrong");
    for part in [
        "is not a promoter by the policy of v1.0.0: ask ann@example.com",
        "git gryt config sign true",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    bob.git("config gpg.ssh.program false");
    let set = bob.sh("git gryt config sign true");
    assert!(
        set.code == 0 && set.err.contains("cannot be signed by git"),
        "{set:?}"
    );
    bob.git("config --unset gpg.ssh.program");
    bob.must(&format!("{command} && git gryt sync push-evolutions"));
    // Somebody takes the name of the tag before.
    bob.git("push -q origin HEAD:refs/tags/v2.0.0");
    let promoted = ann.sh("git gryt promote v2.0.0");
    assert_eq!(promoted.code, 0, "{promoted:?}");
    let (_, mends) = promoted.err.split_once("To replace that one: ").unwrap();
    let mends = mends.lines().next().unwrap();
    assert!(
        mends.starts_with("git push --force-with-lease=refs/tags/v2.0.0:"),
        "{mends}"
    );
    ann.must(mends);
    let tag = ann.git("ls-remote origin refs/tags/v2.0.0");
    assert!(tag.starts_with(&ann.git("rev-parse v2.0.0")), "{tag}");
    bob.must("git gryt sync pull && git gryt verify");
    // Who promoted it is led on, and not back.
    let refusal = ann.refused(3, "git gryt promote v2.0.0");
    assert!(
        refusal.contains("git gryt generation new v2.0.1"),
        "{refusal}"
    );
    bob.write(POLICY, "signers: {bob@example.com: [nonsense]}\n");
    let doctor = bob.sh("git gryt doctor");
    assert!(
        doctor.code == 1 && doctor.out.contains("policy"),
        "{doctor:?}"
    );
}
