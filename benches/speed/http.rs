//! Git over HTTP on loopback, as hosts serve it: `git http-backend` behind a small server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Request, Response, Server};

/// Serves the repositories below `root` until this process ends, and returns the address.
pub(crate) fn serve(root: &Path) -> Result<String> {
    let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("{error}"))?;
    let address = format!("http://{}", server.server_addr());
    let root = root.to_owned();
    thread::spawn(move || {
        for request in server.incoming_requests() {
            let root = root.clone();
            thread::spawn(move || {
                if let Err(error) = answer(&root, request) {
                    eprintln!("http: {error:#}");
                }
            });
        }
    });
    Ok(address)
}

/// One request through the program that git has for it (git-http-backend(1)).
fn answer(root: &PathBuf, mut request: Request) -> Result<()> {
    let (path, query) = match request.url().split_once('?') {
        Some((path, query)) => (path.to_owned(), query.to_owned()),
        None => (request.url().to_owned(), String::new()),
    };
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", request.method().to_string())
        .env("REMOTE_USER", "bench")
        .env("REMOTE_ADDR", "127.0.0.1");
    for (header, variable) in [
        ("Content-Type", "CONTENT_TYPE"),
        ("Content-Encoding", "HTTP_CONTENT_ENCODING"),
        ("Git-Protocol", "GIT_PROTOCOL"),
    ] {
        let named = |h: &&Header| h.field.as_str().as_str().eq_ignore_ascii_case(header);
        if let Some(found) = request.headers().iter().find(named) {
            command.env(variable, found.value.as_str());
        }
    }
    let mut body = Vec::new();
    request.as_reader().read_to_end(&mut body)?;
    let mut child = command
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("no pipe to git")?;
    let feeding = thread::spawn(move || std::io::copy(&mut &body[..], &mut input));
    let mut output = BufReader::new(child.stdout.take().context("no pipe from git")?);
    let (mut status, mut headers) = (200, Vec::new());
    loop {
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name {
            "Status" => status = value.split(' ').next().unwrap_or(value).parse()?,
            _ => headers.extend(format!("{name}: {value}").parse::<Header>()),
        }
    }
    request.respond(Response::new(status.into(), headers, output, None, None))?;
    // Git stops reading a request that it refuses; what it answered says so.
    let _ = feeding.join();
    child.wait()?;
    Ok(())
}
