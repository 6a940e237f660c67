//! A cloud that stops talking: how long it is waited for, by which setting, and what is said then.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{Person, Sandbox};
use crate::transport::{Daemon, until};

/// Connects each client to a daemon, and keeps everything to itself from the moment that the client
/// says `word`. Returns the port.
fn silent_after(daemon: &Daemon, word: &'static [u8]) -> u16 {
    let to = daemon.port();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            std::thread::spawn(move || between(client, to, word));
        }
    });
    port
}

fn between(mut client: TcpStream, to: u16, word: &[u8]) {
    let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    let (mut from, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    let mut silent = false;
    while let Ok(many @ 1..) = client.read(&mut piece) {
        said.extend_from_slice(&piece[..many]);
        silent |= said.windows(word.len()).any(|some| some == word);
        if !silent && server.write_all(&piece[..many]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

/// Somebody with a version that is proven and shared, whose cloud is a daemon behind such a proxy.
fn ready(sandbox: &Sandbox, word: &'static [u8]) -> (Person, Daemon) {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    let daemon = Daemon::start(sandbox);
    let port = silent_after(&daemon, word);
    let url = format!("git://127.0.0.1:{port}/hosting.git");
    ann.git(&format!("remote set-url origin {url}"));
    (ann, daemon)
}

/// Git ends without its ssh, which would go on reading from the terminal.
#[test]
#[cfg(target_os = "linux")]
fn ssh_that_asks_for_ever_ends_with_git() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    let ssh = sandbox.path().join("ssh");
    fs::write(&ssh, "#!/bin/sh\necho $$ >>\"$0.asked\"\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    ann.git("remote set-url origin ssh://git@host.invalid/hosting.git");
    let ann = ann.with("GIT_SSH_COMMAND", &ssh.display().to_string());
    ann.git("config gryt.timeout 1s");
    ann.refused(8, "git gryt sync pull");
    let asked = fs::read_to_string(sandbox.path().join("ssh.asked")).unwrap();
    assert!(!asked.is_empty());
    for process in asked.lines() {
        until("ssh ends", || {
            let name = fs::read_to_string(format!("/proc/{process}/comm"));
            name.map_or(true, |name| name.trim() != "sleep")
        });
    }
}

#[test]
fn a_cloud_that_answers_nobody_is_left_after_the_timeout() {
    let sandbox = Sandbox::new();
    // Whoever connects is heard, and gets no answer.
    let (ann, _daemon) = ready(&sandbox, b"git-upload-pack");
    ann.git("config gryt.timeout 1s");
    for line in [
        "sync pull",
        "sync push",
        "sync push-evolutions",
        "promote v1.0.0",
        "sync status",
        "sync watch --once",
    ] {
        let said = ann.refused(8, &format!("git gryt {line}"));
        let what = "The cloud (origin) cannot be reached";
        assert!(said.contains(what), "{line}: {said}");
        let why = "no answer within 1 s (git gryt config timeout)";
        assert!(said.contains(why), "{line}: {said}");
    }
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
}

#[test]
fn a_push_that_is_not_answered_before_it_is_sent_is_over() {
    let sandbox = Sandbox::new();
    let (ann, _daemon) = ready(&sandbox, b"git-receive-pack");
    ann.git("config gryt.timeout 1s");
    let said = ann.refused(8, "git gryt promote v1.0.0");
    assert!(said.contains("The cloud (origin)"), "{said}");
    assert!(said.contains("Nothing was sent"), "{said}");
    assert!(
        said.contains("no answer within 1 s (git gryt config timeout)"),
        "{said}"
    );
    assert!(!said.contains("not known yet"), "{said}");
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
}

#[test]
fn a_push_that_is_not_answered_after_it_was_sent_is_not_known_yet() {
    let sandbox = Sandbox::new();
    let (ann, daemon) = ready(&sandbox, b"PACK");
    ann.git("config gryt.pushTimeout 1s");
    let said = ann.refused(8, "git gryt promote v1.0.0");
    assert!(
        said.contains("Whether v1.0.0 is promoted is not known yet"),
        "{said}"
    );
    assert!(
        said.contains("The cloud (origin) did not answer the push"),
        "{said}"
    );
    assert!(
        said.contains("no answer within 1 s (git gryt config push_timeout)"),
        "{said}"
    );
    assert_eq!(ann.refs("refs/gryt-local/promoting").len(), 1);
    // Nothing is concluded from silence.
    assert_eq!(ann.sh("git config --get-regexp remote.origin.gryt").out, "");
    ann.must("git gryt generation new v1.1.0 --change add:B:b");
    let said = ann.refused(8, "git gryt sync push v1.1.0");
    assert!(
        said.contains("The cloud (origin) did not answer the push"),
        "{said}"
    );
    assert!(said.contains("(git gryt config push_timeout)"), "{said}");
    let url = daemon.url("hosting.git");
    ann.git(&format!("remote set-url origin {url}"));
    ann.must("git gryt promote v1.0.0");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let log = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
    assert_eq!(log, "Promote v1.0.0\nBegin the ledger");
}

#[test]
fn a_fetch_that_stops_among_its_objects_is_left_by_the_second_limit() {
    let sandbox = Sandbox::new();
    let (ann, _daemon) = ready(&sandbox, b"want ");
    let [bob] = sandbox.team(["bob"]);
    bob.must("git gryt sync pull");
    bob.must("git gryt generation new v2.0.0 --change add:B:b && git gryt sync push");
    ann.git("config gryt.pushTimeout 1s");
    let said = ann.refused(8, "git gryt sync pull");
    assert!(said.contains("The cloud (origin)"), "{said}");
    assert!(
        said.contains("no answer within 1 s (git gryt config push_timeout)"),
        "{said}"
    );
}

#[test]
fn a_slow_line_is_no_silence() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let daemon = Daemon::start(&sandbox);
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    // As much of a pack as takes a while, piece by piece.
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git gryt evolution start v1.0.0 --change A");
    ann.must(
        "head -c 60000 /dev/urandom | od -An -tx1 > noise && git add noise && git commit -qm noise",
    );
    ann.must("git push -q origin main && git gryt run && git gryt sync push-evolutions");
    let port = dripping(&daemon, 12, std::time::Duration::from_millis(300));
    let url = format!("git://127.0.0.1:{port}/hosting.git");
    bob.git(&format!("remote set-url origin {url}"));
    bob.git("config fetch.unpackLimit 1");
    bob.git("config gryt.timeout 2s");
    bob.git("config gryt.pushTimeout 2s");
    bob.must("git gryt sync pull");
    assert_eq!(ann.at(&hosting).refs("refs/gryt/evolutions").len(), 1);
    assert_eq!(bob.refs("refs/gryt/evolutions").len(), 1);
}

/// Connects each client to a daemon, whose pack arrives in so many pieces with a pause between them.
fn dripping(daemon: &Daemon, pieces: usize, pause: std::time::Duration) -> u16 {
    let to = daemon.port();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let (mut from, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let mut there = server;
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut client, &mut there);
                let _ = there.shutdown(Shutdown::Write);
            });
            std::thread::spawn(move || {
                let mut piece = vec![0; 65536];
                let mut packing = false;
                while let Ok(many @ 1..) = from.read(&mut piece) {
                    packing |= piece[..many].windows(4).any(|some| some == b"PACK");
                    let size = if packing { many.div_ceil(pieces) } else { many };
                    for some in piece[..many].chunks(size) {
                        if back.write_all(some).is_err() {
                            return;
                        }
                        if packing {
                            std::thread::sleep(pause);
                        }
                    }
                }
                let _ = back.shutdown(Shutdown::Write);
            });
        }
    });
    port
}

#[test]
fn a_host_may_think_about_a_push_for_longer_than_the_first_limit() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    let hook = hosting.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\nsleep 4\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    ann.git("config gryt.timeout 3s");
    ann.must("git gryt promote v1.0.0");
    assert_eq!(ann.at(&hosting).git("tag"), "v1.0.0");
}

#[test]
fn both_limits_are_settings_like_others() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let value = |who: &Person, name: &str| {
        let list = who.must("git gryt config --list");
        let line = list
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_default().to_owned()
    };
    assert!(value(&ann, "timeout").contains("2m"));
    assert!(value(&ann, "push_timeout").contains("10m"));
    ann.must("git gryt config push_timeout 3m && git gryt config --shared timeout 1m");
    assert!(value(&ann, "timeout").contains("1m"));
    assert!(value(&ann, "push_timeout").contains("3m"));
    let other = ann.with("GRYT_PUSH_TIMEOUT", "4m");
    assert!(value(&other, "push_timeout").contains("4m"));
    let said = ann.refused(2, "git gryt config push_timeout soon");
    assert!(said.contains("a time like 5s or 2m"), "{said}");
}
