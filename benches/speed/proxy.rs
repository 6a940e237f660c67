//! A remote that is far away: a proxy that passes every byte on after half a round trip.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Stands before the HTTP server at `address`, and returns its own.
pub(crate) fn before(address: &str, round_trip: Duration) -> Result<String> {
    let address = address.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let own = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for client in listener.incoming() {
            let passed = client.and_then(|client| pass(client, &address, round_trip / 2));
            if let Err(error) = passed {
                eprintln!("proxy: {error}");
            }
        }
    });
    Ok(own)
}

fn pass(client: TcpStream, address: &str, late: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    delay(client.try_clone()?, server.try_clone()?, late);
    delay(server, client, late);
    Ok(())
}

/// Passes on what arrives, each piece so late; what is under way does not wait for what was before.
fn delay(mut from: TcpStream, mut to: TcpStream, late: Duration) {
    let (send, receive) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            let due = Instant::now() + late;
            if send.send((due, piece[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in receive {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
