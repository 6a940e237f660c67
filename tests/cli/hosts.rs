//! Hosts that refuse, limit, hide or hang: what gryt concludes, remembers and says (docs/hosts.md).

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sandbox::{Person, Sandbox};
use crate::transport::Daemon;

fn hook(hosting: &Path, name: &str, script: &str) {
    let path = hosting.join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A hook that leaves a line each time that it runs, and then does what `script` says.
fn counted(hosting: &Path, name: &str, script: &str) -> PathBuf {
    let log = hosting.join("asked");
    hook(
        hosting,
        name,
        &format!("echo \"$*\" >> {}\n{script}", log.display()),
    );
    log
}

/// How many lines a file has, which begins anew.
fn lines(log: &Path) -> usize {
    let text = fs::read_to_string(log).unwrap_or_default();
    let _ = fs::remove_file(log);
    text.lines().count()
}

/// Somebody with a version that is proven and shared.
fn ready(sandbox: &Sandbox, version: &str) -> (Person, PathBuf) {
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves(version, "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    (ann, hosting)
}

/// What the doctor says of one thing.
fn diagnosis(who: &Person, line: &str, about: &str) -> String {
    let said = who.sh(line).out;
    let about = format!("  {about}: ");
    let mut found = said.lines().filter(|line| line.contains(&about));
    found.next().unwrap_or_default().to_owned()
}

#[test]
fn a_lasting_refusal_is_sent_twice_at_most_and_leaves_nothing_open() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    ann.must("git gryt generation new v1.1.0 --change add:B:b");
    let log = counted(
        &hosting,
        "pre-receive",
        "echo 'the freeze is on' >&2; exit 1",
    );
    for (line, most) in [
        // Whole, without the tag, without the deletions.
        ("promote v1.0.0", 3),
        ("sync push", 2),
        ("generation delete v1.0.0", 2),
    ] {
        let said = ann.sh(&format!("git gryt {line}")).err;
        assert!(
            said.contains("The cloud refused the push"),
            "{line}: {said}"
        );
        assert!(said.contains("the freeze is on"), "{line}: {said}");
        assert!(!said.contains("may still land"), "{line}: {said}");
        let sent = lines(&log);
        assert!((1..=most).contains(&sent), "{line} was sent {sent} times");
    }
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
    let said = ann.must("git gryt doctor");
    assert!(!said.contains("it is not known yet whether"), "{said}");
    assert!(!said.contains("atomic pushes"), "{said}");
}

#[test]
fn who_may_not_move_the_ledger_hears_so_and_shares_the_rest() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    let rule = "case $1 in refs/gryt/ledger) echo 'promoters only' >&2; exit 1;; esac";
    let log = counted(&hosting, "update", rule);
    let said = ann.refused(8, "git gryt promote v1.0.0");
    assert!(said.contains("promoters only"), "{said}");
    assert!(said.contains("Next: git gryt doctor --remote"), "{said}");
    let asked = fs::read_to_string(&log).unwrap();
    let asked = asked.lines().filter(|line| line.contains("ledger")).count();
    assert!(asked <= 2, "the ledger was sent {asked} times");
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
    ann.must("git gryt generation new v1.1.0 --change add:B:b && git gryt sync push");
    assert_eq!(
        ann.at(&hosting).refs("refs/gryt/generations/v1.1.0").len(),
        1
    );
}

#[test]
fn an_earlier_try_that_may_still_land_is_not_forgotten_with_a_refusal() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    hook(&hosting, "pre-receive", "kill -9 $PPID");
    ann.refused(8, "git gryt promote v1.0.0");
    let kept = ann.refs("refs/gryt-local/promoting");
    assert_eq!(kept.len(), 1);
    hook(&hosting, "pre-receive", "exit 1");
    let said = ann.refused(8, "git gryt promote v1.0.0");
    assert!(
        said.contains("Whether v1.0.0 is promoted is not known yet"),
        "{said}"
    );
    assert_eq!(ann.refs("refs/gryt-local/promoting"), kept);
    // Once the ledger has moved on, nothing of it can land.
    fs::remove_file(hosting.join("hooks/pre-receive")).unwrap();
    let bob = sandbox.clone_of("bob", "hosting.git");
    bob.proves("v2.0.0", "B");
    bob.must("git gryt promote v2.0.0");
    let said = ann.sh("git gryt sync pull");
    assert!(
        said.err
            .contains("Your promotion of v1.0.0 did not reach the cloud"),
        "{said:?}"
    );
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
}

#[test]
fn a_cloud_that_can_only_be_read_says_so_and_nothing_was_sent() {
    let sandbox = Sandbox::new();
    let (ann, _) = ready(&sandbox, "v1.0.0");
    let daemon = Daemon::to_read(&sandbox);
    ann.git(&format!(
        "remote set-url origin {}",
        daemon.url("hosting.git")
    ));
    let said = ann.refused(8, "git gryt promote v1.0.0");
    assert!(said.contains("does not let you push"), "{said}");
    assert!(said.contains("Nothing was sent"), "{said}");
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
    let said = diagnosis(&ann, "git gryt doctor --remote", "rights");
    assert!(
        said.contains("origin can be read, and refuses your pushes"),
        "{said}"
    );
    assert_eq!(ann.sh("git config --get-regexp remote.origin.gryt").out, "");
}

/// Serves connections on loopback, one after the other, and says its port.
fn serving(mut serve: impl FnMut(usize, TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            serve(at + 1, stream.unwrap());
        }
    });
    port
}

#[test]
fn a_login_that_fails_is_sent_once() {
    let sandbox = Sandbox::new();
    let (ann, _) = ready(&sandbox, "v1.0.0");
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let port = serving(move |_, mut stream| {
        let mut asked = Vec::new();
        let mut piece = [0; 4096];
        while !asked.ends_with(b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return,
                Ok(many) => asked.extend_from_slice(&piece[..many]),
            }
        }
        let asked = String::from_utf8_lossy(&asked).to_lowercase();
        counted.fetch_add(
            usize::from(asked.contains("\r\nauthorization:")),
            Ordering::SeqCst,
        );
        let _ = stream.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"g\"\r\n\
              Content-Length: 0\r\nConnection: close\r\n\r\n",
        );
    });
    ann.git(&format!(
        "remote set-url origin http://127.0.0.1:{port}/app.git"
    ));
    ann.git("config credential.helper '!f() { [ $1 = get ] && echo username=u && echo password=old; }; f'");
    for line in [
        "sync pull",
        "sync push",
        "promote v1.0.0",
        "doctor --remote",
        "sync watch --once",
    ] {
        logins.store(0, Ordering::SeqCst);
        let ran = ann.sh(&format!("git gryt {line}"));
        assert_ne!(ran.code, 0, "{line}: {ran:#?}");
        let said = ran.out + &ran.err;
        assert!(said.contains("refused the login"), "{line}: {said}");
        assert_eq!(logins.load(Ordering::SeqCst), 1, "{line}");
    }
}

/// Reads one HTTP request: its first line, its headers in lower case, its body.
pub(crate) fn request(stream: &mut TcpStream) -> Option<(String, String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        if let Some(at) = all.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(many) => all.extend_from_slice(&piece[..many]),
        }
    };
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let (first, headers) = head.split_once("\r\n")?;
    let headers = headers.to_lowercase();
    let length: usize = header(&headers, "content-length").parse().unwrap_or(0);
    let mut body = all.split_off(end);
    while body.len() < length {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(many) => body.extend_from_slice(&piece[..many]),
        }
    }
    Some((first.to_owned(), headers, body))
}

pub(crate) fn header<'h>(headers: &'h str, name: &str) -> &'h str {
    let of = |line: &'h str| line.strip_prefix(name)?.strip_prefix(':');
    headers.lines().find_map(of).unwrap_or_default().trim()
}

/// What git's own server over HTTP answers.
pub(crate) fn backend(root: &Path, first: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut server = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "ann")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header(headers, "content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header(headers, "content-encoding"))
        .env("GIT_PROTOCOL", header(headers, "git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    input.write_all(body).unwrap();
    drop(input);
    server.wait_with_output().unwrap().stdout
}

/// A host over HTTP that answers a request with a status of its own where `refuses` says so.
fn over_http(
    sandbox: &Sandbox,
    mut refuses: impl FnMut(&str) -> Option<&'static str> + Send + 'static,
) -> String {
    let root = sandbox.path().to_owned();
    let port = serving(move |_, mut stream| {
        let Some((first, headers, body)) = request(&mut stream) else {
            return;
        };
        let mut answer = b"HTTP/1.1 ".to_vec();
        match refuses(&first) {
            Some(status) => {
                answer.extend_from_slice(status.as_bytes());
                answer.extend_from_slice(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
            None => {
                answer.extend_from_slice(b"200 OK\r\nConnection: close\r\n");
                answer.extend(backend(&root, &first, &headers, &body));
            }
        }
        let _ = stream.write_all(&answer);
    });
    format!("http://127.0.0.1:{port}/hosting.git")
}

/// What a push begins with, and a fetch.
const PUSHES: &str = "GET /hosting.git/info/refs?service=git-receive-pack ";
const FETCHES: &str = "GET /hosting.git/info/refs?service=git-upload-pack ";

#[test]
fn a_host_that_asks_for_patience_is_asked_again() {
    for (asked, status) in [
        (FETCHES, "429 Too Many Requests"),
        (PUSHES, "429 Too Many Requests"),
        (PUSHES, "503 Service Unavailable"),
    ] {
        let sandbox = Sandbox::new();
        let (ann, hosting) = ready(&sandbox, "v1.0.0");
        let mut left = 1;
        let url = over_http(&sandbox, move |first| {
            let now = left > 0 && first.starts_with(asked);
            left -= usize::from(now);
            now.then_some(status)
        });
        ann.git(&format!("remote set-url origin {url}"));
        ann.must("git gryt promote v1.0.0");
        assert_eq!(ann.at(&hosting).git("tag"), "v1.0.0", "{asked} {status}");
        assert_eq!(ann.sh("git config --get-regexp remote.origin.gryt").out, "");
    }
}

#[test]
fn who_may_not_push_over_http_is_told_at_once_and_asked_for_nothing() {
    let sandbox = Sandbox::new();
    let (ann, _) = ready(&sandbox, "v1.0.0");
    let pushes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&pushes);
    let url = over_http(&sandbox, move |first| {
        let push = first.starts_with(PUSHES);
        counted.fetch_add(usize::from(push), Ordering::SeqCst);
        push.then_some("403 Forbidden")
    });
    ann.git(&format!("remote set-url origin {url}"));
    let said = ann.refused(8, "git gryt promote v1.0.0");
    assert!(said.contains("does not let you push"), "{said}");
    assert!(said.contains("Nothing was sent"), "{said}");
    assert_eq!(pushes.load(Ordering::SeqCst), 1);
    assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
    let said = diagnosis(&ann, "git gryt doctor --remote", "rights");
    assert!(said.contains("refuses your pushes"), "{said}");
}

/// Passes everything on to a daemon, but for the connections whose number is named: these are reset.
fn resetting(daemon: &Daemon, numbers: &'static [usize]) -> u16 {
    let to = daemon.port();
    serving(move |at, stream| {
        if numbers.contains(&at) {
            // What was not read when a socket closes is answered with a reset.
            let mut first = [0; 1];
            let _ = stream.peek(&mut first);
            return;
        }
        let there = TcpStream::connect(("127.0.0.1", to)).unwrap();
        for (mut from, mut to) in [
            (stream.try_clone().unwrap(), there.try_clone().unwrap()),
            (there, stream),
        ] {
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    })
}

#[test]
fn nothing_is_concluded_from_a_connection_that_breaks() {
    for numbers in [&[1][..], &[2], &[2, 4], &[2, 3]] {
        let sandbox = Sandbox::new();
        let (ann, _) = ready(&sandbox, "v1.0.0");
        let daemon = Daemon::start(&sandbox);
        let port = resetting(&daemon, numbers);
        ann.git(&format!(
            "remote set-url origin git://127.0.0.1:{port}/hosting.git"
        ));
        ann.must("git gryt promote v1.0.0");
        assert_eq!(ann.sh("git config --get-regexp remote.origin.gryt").out, "");
    }
}

#[test]
fn a_host_without_atomic_pushes_has_one_winner_and_nobody_in_doubt() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let there = sandbox.nobody().at(&hosting);
    there.git("config receive.advertiseAtomic false");
    let people = sandbox.team(["ann", "bob", "cho", "dan", "eve"]);
    people[0].proves("v1.0.0", "A");
    people[0].must("git gryt sync push && git gryt sync push-evolutions");
    for one in &people[1..] {
        one.must("git gryt sync pull");
        one.must("git config --unset remote.origin.grytatomic; true");
    }
    let racing = people
        .each_ref()
        .map(|one| one.start(&["promote", "v1.0.0"]));
    let mut codes: Vec<i32> = racing.map(|child| Person::wait(child).code).into();
    codes.sort_unstable();
    assert_eq!(codes, [0, 3, 3, 3, 3]);
    assert_eq!(there.git("tag"), "v1.0.0");
    let [.., eve] = &people;
    let said = diagnosis(eve, "git gryt doctor --remote", "atomic pushes");
    assert!(said.contains("not taken"), "{said}");
    let kept = eve.must("git gryt config --list");
    assert!(
        kept.contains("atomic pushes   not taken   (doctor found out at "),
        "{kept}"
    );
    let said = diagnosis(eve, "git gryt doctor", "atomic pushes");
    assert!(said.contains("not taken: doctor found out at "), "{said}");
    // The host learns it, and the doctor hears of that.
    there.git("config receive.advertiseAtomic true");
    let said = diagnosis(eve, "git gryt doctor --remote", "atomic pushes");
    assert!(said.contains("ok       "), "{said}");
    assert_eq!(eve.sh("git config remote.origin.grytatomic").out, "");
}

#[test]
fn a_limit_of_refs_is_kept_within_and_remembered() {
    for limit in [1, 2, 5] {
        let sandbox = Sandbox::new();
        let hosting = sandbox.hosting();
        let [ann] = sandbox.team(["ann"]);
        hook(
            &hosting,
            "pre-receive",
            &format!("[ $(wc -l) -le {limit} ] || {{ echo too many >&2; exit 1; }}"),
        );
        let mut changes = String::new();
        for at in 1..=6 {
            changes += &format!(" --change add:F-{at}:f");
            ann.must(&format!(
                "git gryt generation new v1.{at}.0 --change add:X-{at}:x"
            ));
        }
        ann.must(&format!("git gryt generation new v2.0.0{changes}"));
        ann.must("git gryt sync push");
        for at in 1..=6 {
            ann.must(&format!(
                "git gryt evolution start v2.0.0 --change F-{at} && git gryt run --change F-{at}"
            ));
        }
        ann.must("git gryt sync push-evolutions");
        let there = ann.at(&hosting);
        assert_eq!(there.refs("refs/gryt/generations").len(), 7, "{limit}");
        assert_eq!(there.refs("refs/gryt/evolutions").len(), 6, "{limit}");
        let kept = ann.must("git gryt config --list");
        let known = kept.lines().find(|line| line.starts_with("several refs"));
        let known = known.and_then(|line| line.split_whitespace().nth(4));
        let known: usize = known.unwrap().parse().unwrap();
        assert!((1..=limit).contains(&known), "{limit}: {kept}");
        ann.must("git gryt promote v2.0.0");
        assert_eq!(there.refs("refs/gryt/generations").len(), 6, "{limit}");
        assert_eq!(there.refs("refs/gryt/evolutions").len(), 0, "{limit}");
        assert_eq!(there.git("tag"), "v2.0.0");
        let said = diagnosis(&ann, "git gryt doctor --remote", "several refs");
        assert!(said.contains(&format!("at most {limit}:")), "{said}");
        assert_eq!(there.refs("refs/gryt/probe").len(), 0, "{limit}");
        assert_eq!(there.git("tag"), "v2.0.0");
    }
}

#[test]
fn deletions_that_are_refused_are_told_once_and_not_tried_again() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    let log = hosting.join("deleted");
    let rule = format!(
        "case $3 in *[!0]*) exit 0;; esac\necho $1 >> {}; exit 1",
        log.display()
    );
    hook(&hosting, "update", &rule);
    let first = ann.sh("git gryt promote v1.0.0");
    assert_eq!(first.code, 0, "{first:#?}");
    assert!(first.err.contains("and refuses to delete"), "{first:#?}");
    assert!(lines(&log) > 0);
    let kept = ann.must("git gryt config --list");
    assert!(kept.contains("deletions       not taken"), "{kept}");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    let second = ann.sh("git gryt promote v1.1.0");
    assert_eq!((second.code, second.err.as_str()), (0, ""), "{second:#?}");
    ann.must("git gryt generation new v1.2.0 --change add:C:c && git gryt sync push");
    assert_eq!(lines(&log), 0, "nothing was deleted since");
    // What is there counts for nothing, and the doctor names it.
    let [bob] = sandbox.team(["bob"]);
    let pulled = bob.must("git gryt sync pull");
    assert!(pulled.contains("v1.2.0") || bob.has(".gryt/generations/v1.2.0.yaml"));
    assert!(!bob.has(".gryt/generations/v1.0.0.yaml"));
    let said = ann.must("git gryt doctor");
    assert!(said.contains("refs/gryt/generations/v1.0.0"), "{said}");
    // However often the doctor tries, one ref of its own stays, and it says which.
    for _ in 0..3 {
        let said = diagnosis(&ann, "git gryt doctor --remote", "left behind");
        assert!(said.contains("refs/gryt/probe/"), "{said}");
    }
    let there = ann.at(&hosting);
    assert_eq!(there.refs("refs/gryt/probe").len(), 1);
    // Whoever was told by the doctor beforehand tries no deletion at all, and has them listed, too.
    bob.must("git gryt doctor --remote");
    lines(&log);
    bob.proves("v1.3.0", "D");
    bob.must("git gryt sync push && git gryt sync push-evolutions && git gryt promote v1.3.0");
    assert_eq!(lines(&log), 0);
    let said = bob.must("git gryt doctor");
    assert!(said.contains("refs/gryt/generations/v1.3.0"), "{said}");
    assert_eq!(there.git("tag").lines().count(), 3);
    fs::remove_file(hosting.join("hooks/update")).unwrap();
    ann.must("git gryt doctor --remote && git gryt sync push");
    bob.must("git gryt sync pull && git gryt doctor --remote && git gryt sync push");
    let left: Vec<String> = there
        .refs("refs/gryt")
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(left, ["refs/gryt/generations/v1.2.0", "refs/gryt/ledger"]);
}

/// A freeze that begins between the ledger and what is deleted after it is no rule of the host's.
#[test]
fn a_refusal_that_was_for_a_while_leaves_nothing_for_ever() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    ann.git("config remote.origin.grytatomic false");
    let frozen = hosting.join("frozen");
    let rule = format!(
        "case $1$3 in *ledger*) touch {0};; refs/gryt/generations/*) test ! -e {0};; esac",
        frozen.display()
    );
    hook(&hosting, "update", &rule);
    let promoted = ann.sh("git gryt promote v1.0.0");
    assert_eq!(promoted.code, 0, "{promoted:#?}");
    let there = ann.at(&hosting);
    let left = || there.refs("refs/gryt/generations").len();
    assert_eq!(left(), 1, "{promoted:#?}");
    fs::remove_file(hosting.join("hooks/update")).unwrap();
    ann.must("git gryt sync push");
    assert_eq!(left(), 1, "it is believed for a while");
    let key = "remote.origin.grytdeletions";
    let learned = ann.git(&format!("config {key}"));
    assert!(learned.starts_with("false push "), "{learned}");
    ann.git(&format!("config {key} 'false push 2026-01-02T03:04:05Z'"));
    ann.must("git gryt sync push");
    assert_eq!(left(), 0);
    assert_eq!(ann.sh(&format!("git config {key}")).code, 1);
}

#[test]
fn a_tag_that_is_refused_follows_once_the_host_takes_it() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    let there = ann.at(&hosting);
    let rule = "case $1 in refs/tags/*) echo 'protected tag' >&2; exit 1;; esac";
    let log = counted(&hosting, "update", rule);
    for (carrier, version, change) in [("sync pull", "v1.0.0", "A"), ("sync push", "v1.1.0", "B")] {
        if change == "B" {
            ann.proves(version, change);
            ann.must("git gryt sync push && git gryt sync push-evolutions");
            counted(&hosting, "update", rule);
        }
        let ran = ann.sh(&format!("git gryt promote {version}"));
        assert_eq!(ran.code, 0, "{ran:#?}");
        let told = format!("The cloud refused the tag {version}");
        assert!(ran.err.contains(&told), "{ran:#?}");
        let owed = diagnosis(&ann, "git gryt doctor", "tags");
        assert!(owed.contains(version), "{owed}");
        fs::remove_file(hosting.join("hooks/update")).unwrap();
        ann.must(&format!("git gryt {carrier}"));
        assert!(there.git("tag").contains(version));
        assert_eq!(diagnosis(&ann, "git gryt doctor", "tags"), "");
    }
    // One is an accident, two are a rule.
    for (version, change) in [("v1.2.0", "C"), ("v1.3.0", "D"), ("v1.4.0", "E")] {
        ann.proves(version, change);
        ann.must("git gryt sync push && git gryt sync push-evolutions");
        counted(&hosting, "update", rule);
        lines(&log);
        ann.must(&format!("git gryt promote {version}"));
    }
    let asked = fs::read_to_string(&log).unwrap_or_default();
    assert!(!asked.contains("refs/tags/v1.4.0"), "{asked}");
    let kept = ann.must("git gryt config --list");
    assert!(kept.contains("tags            not taken"), "{kept}");
    fs::remove_file(hosting.join("hooks/update")).unwrap();
    let said = ann.must("git gryt doctor --remote");
    assert!(said.contains("ok       tags: taken"), "{said}");
    ann.must("git gryt sync push");
    let tags = "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\nv1.4.0";
    assert_eq!(there.git("tag"), tags);
}

#[test]
fn the_doctor_tells_own_rights_from_the_hosts_and_splits_no_team() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    let rule = "case $1 in refs/gryt/*) echo 'not you' >&2; exit 1;; esac";
    hook(&hosting, "update", rule);
    let ran = ann.sh("git gryt doctor --remote");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.out
            .contains("rights: you lack the right to write below refs/gryt/"),
        "{ran:#?}"
    );
    assert!(ran.out.contains("not you"), "{ran:#?}");
    assert!(!ran.out.contains("remote_prefix"), "{ran:#?}");
}

#[test]
fn the_doctor_reads_back_what_it_wrote() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    let there = ann.at(&hosting);
    there.git("config uploadpack.hideRefs refs/gryt/probe");
    let ran = ann.sh("git gryt doctor --remote");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.out.contains("error    refs: "), "{ran:#?}");
    assert!(ran.out.contains("does not show them"), "{ran:#?}");
    assert_eq!(there.refs("refs/gryt/probe"), []);
}

#[test]
fn a_cloud_that_cannot_be_reached_is_told_with_gits_own_reason() {
    let sandbox = Sandbox::new();
    let (ann, _) = ready(&sandbox, "v1.0.0");
    ann.git("remote set-url origin git://127.0.0.1:1/x.git");
    for line in ["doctor --remote", "sync pull", "promote v1.0.0"] {
        let ran = ann.sh(&format!("git gryt {line}"));
        let said = ran.out + &ran.err;
        assert!(said.contains("cannot be reached"), "{line}: {said}");
        assert!(said.contains("Connection refused"), "{line}: {said}");
    }
}

#[test]
fn what_a_host_acknowledged_and_did_not_do_is_named_at_the_next_contact() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox, "v1.0.0");
    let there = ann.at(&hosting);
    // Every update is answered with "ok", and the ledger stands where it stood.
    hook(
        &hosting,
        "post-receive",
        "while read old new ref; do case $ref in refs/gryt/ledger) git update-ref $ref $old;; esac; done",
    );
    ann.must("git gryt promote v1.0.0");
    let said = ann.refused(9, "git gryt sync pull");
    assert!(said.contains("It lacks the promotion of v1.0.0"), "{said}");
    fs::remove_file(hosting.join("hooks/post-receive")).unwrap();
    ann.must("git gryt sync push --republish && git gryt sync pull");
    let log = there.git("log --first-parent --format=%s refs/gryt/ledger");
    assert_eq!(log.matches("Promote v1.0.0").count(), 1, "{log}");
}

#[test]
fn whoever_was_deceived_in_a_race_hears_it_and_goes_on_with_what_the_cloud_holds() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull");
    // Every update is answered with "ok", and none is done, as where another push came first.
    hook(
        &hosting,
        "post-receive",
        "while read old new ref; do case $old in *[!0]*) git update-ref $ref $old;; *) git update-ref -d $ref;; esac; done",
    );
    ann.must("git gryt promote v1.0.0");
    fs::remove_file(hosting.join("hooks/post-receive")).unwrap();
    bob.must("git gryt promote v1.0.0");
    let said = ann.refused(9, "git gryt sync pull");
    assert!(said.contains("It lacks the promotion of v1.0.0"), "{said}");
    assert!(
        said.contains("Next: git gryt sync push --republish --dry-run"),
        "{said}"
    );
    let said = ann.must("git gryt sync push --republish --dry-run");
    assert!(said.contains("nothing to put back"), "{said}");
    assert!(
        said.contains("To go on with the cloud's ledger: git gryt sync push --republish"),
        "{said}"
    );
    let said = ann.must("git gryt sync push --republish");
    assert!(said.contains("bob promoted v1.0.0"), "{said}");
    ann.must("git gryt sync pull && git gryt verify");
    let log = ann.must("git gryt log");
    assert!(log.contains("bob") && log.lines().count() == 1, "{log}");
}

#[test]
fn a_trace_that_the_user_asked_for_has_the_exchanges() {
    let sandbox = Sandbox::new();
    let (ann, _) = ready(&sandbox, "v1.0.0");
    let file = sandbox.path().join("events");
    let traced = ann.with("GIT_TRACE2_EVENT", file.to_str().unwrap());
    traced.must("git gryt promote v1.0.0");
    let events = fs::read_to_string(file).unwrap();
    for label in ["\"label\":\"remote_refs\"", "\"label\":\"push_refs\""] {
        assert!(events.contains(label), "{label}");
    }
}

#[test]
fn a_watch_ends_when_it_is_asked_to_although_the_cloud_hangs() {
    for signal in ["TERM", "INT"] {
        let sandbox = Sandbox::new();
        let (ann, _) = ready(&sandbox, "v1.0.0");
        let (sender, connected) = std::sync::mpsc::channel();
        let mut kept = Vec::new();
        let port = serving(move |_, stream| {
            kept.push(stream);
            let _ = sender.send(());
        });
        ann.git(&format!(
            "remote set-url origin git://127.0.0.1:{port}/hosting.git"
        ));
        let watch = ann.start(&["sync", "watch"]);
        connected.recv().unwrap();
        ann.must(&format!("kill -{signal} {}", watch.id()));
        let ran = Person::wait(watch);
        assert_eq!(ran.code, 0, "{signal}: {ran:#?}");
        assert!(connected.try_recv().is_err(), "{signal}: it asked again");
    }
}
