//! Connections that are slow, end early, are reset or lead nowhere, at each place of an exchange: what
//! is told, what is sealed, and that the same command ends it.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use crate::crash::{differs, state};
use crate::hosts::{backend, request};
use crate::killed::{CASES, Case, prepared, staged};
use crate::proxy::{Cut, Fault, Passed, Proxy, Way};
use crate::sandbox::{Person, Ran, Sandbox};
use crate::transport::Daemon;

/// How the cloud is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Git,
    Http,
}

/// `git http-backend` on loopback, each answer with its length.
fn http(root: &Path) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let root = root.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, root) = (stream.unwrap(), root.clone());
            std::thread::spawn(move || {
                let Some((first, headers, body)) = request(&mut stream) else {
                    return;
                };
                let said = backend(&root, &first, &headers, &body);
                let end = said.windows(4).position(|four| four == b"\r\n\r\n");
                let (head, body) = said.split_at(end.map_or(said.len(), |at| at + 4));
                let head = String::from_utf8_lossy(head);
                let status = head
                    .lines()
                    .find_map(|line| line.strip_prefix("Status: "))
                    .unwrap_or("200 OK");
                let mut answer = format!(
                    "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{head}",
                    body.len()
                );
                if end.is_none() {
                    answer += "\r\n";
                }
                // Who went away hears nothing.
                let _ = stream
                    .write_all(answer.as_bytes())
                    .and_then(|()| stream.write_all(body));
            });
        }
    });
    port
}

/// A command, prepared once, that is played over and over with another fault each time.
struct Play {
    sandbox: Sandbox,
    people: [Person; 2],
    case: &'static Case,
    proxy: Proxy,
    transport: Transport,
    /// What passes when nothing happens.
    calm: Vec<Passed>,
    expected: BTreeMap<String, String>,
    _daemon: Option<Daemon>,
}

/// What came of one play.
#[derive(Debug)]
struct Played {
    ran: Ran,
    /// Whether the hosting's refs are others than before.
    landed: bool,
    /// Whether anything of a push was sent: more than the question what is there.
    sent: bool,
    fired: bool,
}

impl Play {
    fn of(command: &str, transport: Transport) -> Self {
        let case = CASES.iter().find(|case| case.command == command).unwrap();
        let sandbox = Sandbox::new();
        let people = prepared(&sandbox, case);
        let (daemon, port) = match transport {
            Transport::Git => {
                let daemon = Daemon::start(&sandbox);
                let port = daemon.port();
                (Some(daemon), port)
            }
            Transport::Http => (None, http(sandbox.path())),
        };
        let mut play = Self {
            sandbox,
            people,
            case,
            proxy: Proxy::to(port),
            transport,
            calm: Vec::new(),
            expected: BTreeMap::new(),
            _daemon: daemon,
        };
        let played = play.with(None, "calm");
        assert_eq!(played.ran.code, 0, "{:#?}", played.ran);
        play
    }

    /// Plays it with a fault, and all that has to hold whatever it is.
    #[track_caller]
    fn with(&mut self, cut: Option<Cut>, what: &str) -> Played {
        let stage = self.sandbox.path().join("stage");
        let [ann, bob, hosting] = staged(&self.people, &stage, what);
        let scheme = match self.transport {
            Transport::Git => "git",
            Transport::Http => "http",
        };
        ann.git(&format!(
            "remote set-url origin {scheme}://127.0.0.1:{}/stage/hosting.git",
            self.proxy.port()
        ));
        let before = hosting.refs("");
        self.proxy.cut(cut);
        let line = format!("git gryt {}", self.case.command);
        let hurried = ann.with("GRYT_TIMEOUT", "3s");
        let ran = hurried.with("GRYT_PUSH_TIMEOUT", "3s").sh(&line);
        let (passed, fired) = self.proxy.passed();
        self.proxy.cut(None);
        let landed = hosting.refs("") != before;
        let sent = passed.iter().any(sent);
        if cut.is_none() {
            self.calm = passed;
        }
        ann.git("remote set-url origin ../hosting.git");
        let said = ran.out.clone() + &ran.err;
        let what = format!("{what} over {scheme}");
        assert!(
            !said.contains("not known yet") || sent,
            "{what}: nothing was sent: {ran:#?}"
        );
        assert!(
            !said.contains("Nothing was sent") || !landed,
            "{what}: it landed: {ran:#?}"
        );
        if ran.code != 0 {
            assert_eq!(ran.code, 8, "{what}: {ran:#?}");
            let again = ann.sh(&line);
            let fine = self.case.again.contains(&again.code);
            assert!(fine, "{what}: {ran:#?}, again: {again:#?}");
        }
        (self.case.holds)(&ann, &bob, &hosting);
        let now = state(&ann, &hosting);
        match cut {
            None => self.expected = now,
            Some(_) => {
                let differs = differs(&now, &self.expected);
                assert!(differs.is_empty(), "{what}: {ran:#?}\n{differs}");
            }
        }
        std::fs::remove_dir_all(&stage).unwrap();
        Played {
            ran,
            landed,
            sent,
            fired,
        }
    }
}

/// Whether more of a push was sent than the question what is there.
fn sent(one: &Passed) -> bool {
    if one.is_of("POST ") {
        return one.is_of("/git-receive-pack");
    }
    let asked = one.up.get(..4).and_then(|four| {
        let four = std::str::from_utf8(four).ok()?;
        usize::from_str_radix(four, 16).ok()
    });
    one.is_of("git-receive-pack /") && asked.is_some_and(|asked| one.up.len() > asked + 4)
}

/// A place in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// No connection stands.
    Connecting,
    /// In what the cloud says that it has: to who fetches, and to who pushes.
    FetchedRefs,
    PushedRefs,
    /// In the objects that are fetched.
    FetchedPack,
    /// Once the cloud has named its refs, before anything of the push was sent.
    Asked,
    /// In the objects that are pushed.
    PushedPack,
    /// They have all arrived, and nothing of the answer has.
    Unanswered,
    /// In the answer.
    Answer,
}

impl Play {
    /// Where that is in bytes; none where this exchange has no such place.
    fn at(&self, place: Place) -> Option<(&'static str, Way, usize)> {
        let (fetches, asks, pushes) = match self.transport {
            Transport::Git => (
                "git-upload-pack /",
                "git-receive-pack /",
                "git-receive-pack /",
            ),
            Transport::Http => (
                "POST /stage/hosting.git/git-upload-pack",
                "service=git-receive-pack",
                "POST /stage/hosting.git/git-receive-pack",
            ),
        };
        let of = |request: &str| self.calm.iter().find(|one| one.is_of(request));
        let pack = |bytes: &[u8]| find(bytes, b"PACK");
        Some(match place {
            Place::Connecting => ("", Way::Up, 0),
            Place::FetchedRefs => (fetches, Way::Down, of(fetches)?.down.len() * 2 / 3),
            Place::FetchedPack => {
                let fetch = match self.transport {
                    Transport::Git => fetches,
                    Transport::Http => "command=fetch",
                };
                let one = of(fetch)?;
                let at = pack(&one.down)?;
                (fetch, Way::Down, usize::midpoint(at, one.down.len()))
            }
            Place::PushedRefs => match self.transport {
                Transport::Git => (asks, Way::Down, named(&of(asks)?.down) - 30),
                Transport::Http => (asks, Way::Down, of(asks)?.down.len() - 30),
            },
            Place::Asked => match self.transport {
                Transport::Git => (pushes, Way::Up, 4 + length(&of(pushes)?.up)?),
                Transport::Http => (pushes, Way::Up, 0),
            },
            Place::PushedPack => {
                let one = of(pushes)?;
                let at = pack(&one.up)?;
                (pushes, Way::Up, usize::midpoint(at, one.up.len()))
            }
            Place::Unanswered => match self.transport {
                Transport::Git => (pushes, Way::Down, named(&of(pushes)?.down)),
                Transport::Http => (pushes, Way::Down, 0),
            },
            Place::Answer => (pushes, Way::Down, of(pushes)?.down.len() - 20),
        })
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|some| some == what)
}

/// The length that a line of git's protocol begins with.
fn length(bytes: &[u8]) -> Option<usize> {
    let four = std::str::from_utf8(bytes.get(..4)?).ok()?;
    usize::from_str_radix(four, 16).ok().map(|all| all - 4)
}

/// Where the list of refs ends that the cloud begins with.
fn named(down: &[u8]) -> usize {
    let mut at = 0;
    while let Some(four) = down
        .get(at..at + 4)
        .and_then(|four| std::str::from_utf8(four).ok())
    {
        match usize::from_str_radix(four, 16) {
            Ok(0) => return at + 4,
            Ok(all) => at += all,
            Err(_) => break,
        }
    }
    down.len()
}

/// How a command ends, and what it says.
fn expected(command: &str, place: Place, fault: Fault, lasting: bool) -> (i32, &'static str) {
    let unheard = match command {
        "promote v1.0.0" => "Whether v1.0.0 is promoted is not known yet",
        _ => "Whether the push arrived is not known yet",
    };
    let passes = !lasting && fault != Fault::Blackhole;
    match (place, fault) {
        (_, Fault::Delay(_)) => (0, ""),
        // Nothing was sent, so that it is tried again at once, but for what took all the time.
        (Place::Connecting | Place::FetchedRefs | Place::FetchedPack, _) if !passes => {
            (8, "cannot be reached")
        }
        (Place::PushedRefs, _) if !passes => (8, "Nothing was sent"),
        (
            Place::Connecting | Place::FetchedRefs | Place::FetchedPack | Place::PushedRefs,
            Fault::Reset | Fault::Truncate | Fault::Blackhole,
        ) => (0, ""),
        // It may be that it arrives yet.
        (Place::Asked | Place::PushedPack, Fault::Reset | Fault::Truncate | Fault::Blackhole) => {
            (8, unheard)
        }
        // It is there, and is seen where the cloud can be read.
        (Place::Unanswered | Place::Answer, Fault::Reset | Fault::Truncate | Fault::Blackhole) => {
            match lasting {
                true => (8, unheard),
                false => (0, ""),
            }
        }
    }
}

const FETCHING: [Place; 3] = [Place::Connecting, Place::FetchedRefs, Place::FetchedPack];
const PUSHING: [Place; 5] = [
    Place::PushedRefs,
    Place::Asked,
    Place::PushedPack,
    Place::Unanswered,
    Place::Answer,
];

/// Plays a command with a fault at a place, and compares.
#[track_caller]
fn meets(play: &mut Play, place: Place, fault: Fault, lasting: bool) {
    let (of, way, at) = play.at(place).unwrap();
    let cut = Cut {
        of,
        way,
        at,
        fault,
        lasting,
    };
    let command = play.case.command;
    let what = format!("{command}: {place:?} {fault:?}, lasting: {lasting}");
    let played = play.with(Some(cut), &what);
    let ran = &played.ran;
    assert!(played.fired, "{what}: it did not come to that: {ran:#?}");
    let (code, said) = expected(command, place, fault, lasting);
    assert_eq!(ran.code, code, "{what}: {ran:#?}");
    assert!(ran.err.contains(said), "{what}: {ran:#?}");
    let arrives = matches!(place, Place::Unanswered | Place::Answer);
    let sends = arrives || matches!(place, Place::Asked | Place::PushedPack);
    if code != 0 {
        assert_eq!(played.landed, arrives, "{what}: {ran:#?}");
        assert_eq!(played.sent, sends, "{what}: {ran:#?}");
    }
}

const LATE: Fault = Fault::Delay(Duration::from_millis(200));

/// Every place of a promotion, one transport.
fn promotes(transport: Transport, faults: [Fault; 2]) {
    let mut play = Play::of("promote v1.0.0", transport);
    let places = FETCHING.iter().chain(&PUSHING);
    for (nth, place) in places
        .filter(|place| **place != Place::FetchedPack)
        .enumerate()
    {
        for lasting in [false, true] {
            let fault = faults[(nth + usize::from(lasting)) % 2];
            meets(&mut play, *place, fault, lasting);
        }
    }
    meets(&mut play, Place::PushedPack, LATE, false);
}

#[test]
fn a_promotion_over_git_meets_every_fault() {
    promotes(Transport::Git, [Fault::Reset, Fault::Truncate]);
}

#[test]
fn a_promotion_over_http_meets_every_fault() {
    promotes(Transport::Http, [Fault::Truncate, Fault::Reset]);
}

#[test]
fn a_promotion_is_passed_on_to_nobody() {
    for (transport, places) in [
        (Transport::Git, [Place::FetchedRefs, Place::Unanswered]),
        (Transport::Http, [Place::PushedRefs, Place::PushedPack]),
    ] {
        let mut play = Play::of("promote v1.0.0", transport);
        for place in places {
            meets(&mut play, place, Fault::Blackhole, false);
        }
        meets(&mut play, Place::Answer, Fault::Blackhole, true);
    }
}

#[test]
fn a_pull_meets_every_fault() {
    for (transport, one, other) in [
        (Transport::Git, Fault::Truncate, Fault::Reset),
        (Transport::Http, Fault::Reset, Fault::Truncate),
    ] {
        let mut play = Play::of("sync pull", transport);
        for place in FETCHING {
            meets(&mut play, place, one, false);
            meets(&mut play, place, other, true);
        }
        meets(&mut play, Place::FetchedPack, LATE, false);
        meets(&mut play, Place::FetchedPack, Fault::Blackhole, false);
    }
}

/// What pushes of drafts and evolutions meet.
fn pushes(command: &str) {
    for (transport, one, other) in [
        (Transport::Git, Fault::Reset, Fault::Truncate),
        (Transport::Http, Fault::Truncate, Fault::Reset),
    ] {
        let mut play = Play::of(command, transport);
        meets(&mut play, Place::PushedRefs, one, true);
        meets(&mut play, Place::PushedPack, other, true);
        meets(&mut play, Place::Unanswered, one, false);
        meets(&mut play, Place::Answer, other, true);
        meets(&mut play, Place::Answer, LATE, false);
        meets(&mut play, Place::PushedPack, Fault::Blackhole, false);
    }
}

#[test]
fn a_push_of_drafts_meets_every_fault() {
    pushes("sync push");
}

#[test]
fn a_push_of_evolutions_meets_every_fault() {
    pushes("sync push-evolutions");
}

/// `GRYT_NETWORK_EVERY=1` takes every byte; `GRYT_NETWORK=promote` the commands that hold that.
#[test]
#[ignore = "takes long: docs/testing.md"]
fn every_so_many_bytes_of_every_exchange_can_be_cut() {
    let every = std::env::var("GRYT_NETWORK_EVERY").map_or(64, |text| text.parse().unwrap());
    let wanted = std::env::var("GRYT_NETWORK").unwrap_or_default();
    let all = [
        "promote v1.0.0",
        "sync push",
        "sync pull",
        "sync push-evolutions",
    ];
    for command in all.into_iter().filter(|command| command.contains(&wanted)) {
        for transport in [Transport::Git, Transport::Http] {
            let mut play = Play::of(command, transport);
            let mut ends: BTreeMap<i32, usize> = BTreeMap::new();
            let plan: Vec<(&str, Way, usize)> = REQUESTS
                .iter()
                .filter_map(|request| {
                    let one = play.calm.iter().find(|one| one.is_of(request))?;
                    let ways = [(Way::Up, one.up.len()), (Way::Down, one.down.len())];
                    Some(ways.map(|(way, all)| {
                        (0..all).step_by(every).map(move |at| (*request, way, at))
                    }))
                })
                .flatten()
                .flatten()
                .collect();
            for (nth, (of, way, at)) in plan.into_iter().enumerate() {
                let fault = [Fault::Reset, Fault::Truncate][nth % 2];
                let lasting = nth / 2 % 2 == 1;
                let cut = Cut {
                    of,
                    way,
                    at,
                    fault,
                    lasting,
                };
                let what = format!("{command}: {cut:?}");
                let played = play.with(Some(cut), &what);
                *ends.entry(played.ran.code).or_default() += 1;
            }
            eprintln!("{command} over {transport:?}: ended {ends:?}");
        }
    }
}

/// What connections ask for, over both transports.
const REQUESTS: [&str; 7] = [
    "git-upload-pack /",
    "git-receive-pack /",
    "service=git-upload-pack",
    "command=ls-refs",
    "command=fetch",
    "service=git-receive-pack",
    "POST /stage/hosting.git/git-receive-pack",
];
