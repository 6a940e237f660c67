//! The cloud's side: how it is served.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Transport, http};

/// What serves the hosting, as long as it lives.
pub(crate) struct Server {
    daemon: Option<Child>,
    /// The address of `hosting.git`.
    pub url: String,
}

impl Server {
    pub(crate) fn start(transport: Transport, root: &Path) -> Result<Self> {
        let (daemon, base) = match transport {
            Transport::File => (None, format!("file://{}", root.display())),
            Transport::Http => (None, http::serve(root)?),
            Transport::Git => {
                let (daemon, port) = daemon(root)?;
                (Some(daemon), format!("git://127.0.0.1:{port}"))
            }
        };
        let url = format!("{base}/hosting.git");
        Ok(Self { daemon, url })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            kill(daemon);
            // Reaped, so that nothing is left behind.
            let _ = daemon.wait();
        }
    }
}

fn daemon(root: &Path) -> Result<(Child, u16)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let child = Command::new("git")
        .args([
            "daemon",
            "--export-all",
            "--enable=receive-pack",
            "--reuseaddr",
        ])
        .args(["--max-connections=64", "--listen=127.0.0.1"])
        .arg(format!("--port={port}"))
        .arg(format!("--base-path={}", root.display()))
        .arg(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("git daemon")?;
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(
            begun.elapsed() < Duration::from_secs(60),
            "git daemon does not answer"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok((child, port))
}

/// Kills a child that leads a process group, with the whole group.
pub(crate) fn kill(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It may be gone already.
    let _ = pid.map(|pid| kill_process_group(pid, Signal::KILL));
}
