//! A network between a clone and its cloud that does what networks do, at a byte that is named.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What happens at the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is reset, on both sides.
    Reset,
    /// It is closed as if all had been said, on both sides.
    Truncate,
    /// Nothing more is passed on, and nobody hears of that.
    Blackhole,
    /// It arrives later.
    Delay(Duration),
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the cloud.
    Up,
    /// From it.
    Down,
}

/// What happens, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// The first connection whose request holds this; the empty text is in every one.
    pub of: &'static str,
    pub way: Way,
    /// The first byte that is not passed on.
    pub at: usize,
    pub fault: Fault,
    /// Whether no later connection is answered either.
    pub lasting: bool,
}

/// What was sent in one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed {
    pub up: Vec<u8>,
    pub down: Vec<u8>,
}

impl Passed {
    /// Whether this is the connection of a request.
    pub(crate) fn is_of(&self, request: &str) -> bool {
        String::from_utf8_lossy(&self.up).contains(request)
    }
}

#[derive(Default)]
struct State {
    cut: Option<Cut>,
    /// Whether it came to the cut.
    fired: bool,
    passed: Vec<Passed>,
    /// Connections that lead nowhere are kept open.
    held: Vec<TcpStream>,
}

/// The network.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// One that leads to a port of this machine.
    pub(crate) fn to(there: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || serve(&stream, there, &shared));
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From here on this happens, and what passed before is forgotten.
    pub(crate) fn cut(&self, cut: Option<Cut>) {
        *lock(&self.state) = State {
            cut,
            ..State::default()
        };
    }

    /// What passed, connection by connection, and whether it came to the cut.
    pub(crate) fn passed(&self) -> (Vec<Passed>, bool) {
        let state = lock(&self.state);
        (state.passed.clone(), state.fired)
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes a connection so that the other side is told of a reset.
fn reset(stream: &TcpStream) {
    // What cannot be set any more is closed already.
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

/// What a connection begins with, whole: a line of git's protocol, or a request over HTTP.
fn request(mut client: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut piece = vec![0; 65536];
    while !is_whole(&all) {
        match client.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(many) => all.extend_from_slice(&piece[..many]),
        }
    }
    all
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if let Some(length) = text
        .get(..4)
        .and_then(|four| usize::from_str_radix(four, 16).ok())
    {
        return bytes.len() >= length;
    }
    let Some(end) = text.find("\r\n\r\n") else {
        return false;
    };
    let length = text[..end].lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    bytes.len() >= end + 4 + length.unwrap_or(0)
}

fn serve(client: &TcpStream, there: u16, state: &Arc<Mutex<State>>) {
    let over = |state: &State| state.fired && state.cut.is_some_and(|cut| cut.lasting);
    let ends = |fault: Fault, streams: &[&TcpStream]| match fault {
        Fault::Reset => streams.iter().for_each(|stream| reset(stream)),
        Fault::Blackhole => {
            let held = streams.iter().filter_map(|stream| stream.try_clone().ok());
            lock(state).held.extend(held);
        }
        Fault::Truncate | Fault::Delay(_) => {}
    };
    {
        let mut now = lock(state);
        let fault = now.cut.map(|cut| cut.fault);
        let connecting = |cut: &Cut| cut.of.is_empty() && cut.at == 0;
        let first = !now.fired && now.cut.as_ref().is_some_and(connecting);
        if let Some(fault) = fault
            && (first || over(&now))
        {
            now.fired = true;
            drop(now);
            ends(fault, &[client]);
            match fault {
                Fault::Delay(long) => std::thread::sleep(long),
                Fault::Reset | Fault::Truncate | Fault::Blackhole => return,
            }
        }
    }
    let first = request(client);
    let Ok(server) = TcpStream::connect(("127.0.0.1", there)) else {
        return;
    };
    let (number, mine) = {
        let mut now = lock(state);
        let passed = Passed {
            up: first.clone(),
            down: Vec::new(),
        };
        let wanted = now.cut.filter(|cut| passed.is_of(cut.of) && !now.fired);
        now.passed.push(passed);
        (now.passed.len() - 1, wanted)
    };
    // Whether a fault ended it, for both ways.
    let dead = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for way in [Way::Up, Way::Down] {
            let (server, ends, dead) = (&server, &ends, &dead);
            let first = if way == Way::Up { &first[..] } else { &[] };
            scope.spawn(move || {
                let (from, mut to) = match way {
                    Way::Up => (client, server),
                    Way::Down => (server, client),
                };
                let mut left = mine.filter(|cut| cut.way == way);
                let mut passed = 0;
                let mut piece = vec![0; 65536];
                piece[..first.len()].copy_from_slice(first);
                let mut many = first.len();
                loop {
                    if many == 0 {
                        match (&mut &*from).read(&mut piece) {
                            Ok(0) | Err(_) => break,
                            Ok(read) => many = read,
                        }
                        // As it was sent, whatever arrives of it.
                        if let Some(one) = lock(state).passed.get_mut(number) {
                            match way {
                                Way::Up => one.up.extend_from_slice(&piece[..many]),
                                Way::Down => one.down.extend_from_slice(&piece[..many]),
                            }
                        }
                    }
                    if dead.load(Ordering::SeqCst) {
                        return;
                    }
                    let until = left.map_or(many, |cut| (cut.at - passed).min(many));
                    let sent = to.write_all(&piece[..until]).is_ok();
                    passed += until;
                    if !sent {
                        break;
                    }
                    if until == many {
                        many = 0;
                        continue;
                    }
                    let fault = left.take().map_or(Fault::Truncate, |cut| cut.fault);
                    lock(state).fired = true;
                    piece.copy_within(until..many, 0);
                    many -= until;
                    let ended = match fault {
                        Fault::Delay(long) => {
                            std::thread::sleep(long);
                            continue;
                        }
                        // Only our own other half hears of the end; whoever holds the connection
                        // sees a reset once it is closed, or nothing.
                        Fault::Reset | Fault::Blackhole => Shutdown::Read,
                        Fault::Truncate => Shutdown::Both,
                    };
                    dead.store(true, Ordering::SeqCst);
                    ends(fault, &[client, server]);
                    let _ = client.shutdown(ended);
                    let _ = server.shutdown(ended);
                    return;
                }
                if !dead.load(Ordering::SeqCst) {
                    let _ = to.shutdown(Shutdown::Write);
                }
            });
        }
    });
}
