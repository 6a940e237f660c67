//! A real browser, led through its debugging pipe: what a page comes to on a screen, on a phone and on paper.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

use crate::sandbox::{Person, Sandbox};

/// What it may be called. `GRYT_TEST_BROWSER` names another.
const NAMES: [&str; 4] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "google-chrome",
];

/// A browser with one tab.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    calls: u64,
    /// What it told on the way.
    pub events: Vec<Value>,
}

impl Browser {
    /// The browser of this machine; none where there is none, which is said.
    pub(crate) fn open(sandbox: &Sandbox) -> Option<Self> {
        let named = std::env::var("GRYT_TEST_BROWSER").ok();
        let names = named.iter().map(String::as_str).chain(NAMES);
        let home = sandbox.path().join("browser");
        fs::create_dir_all(&home).unwrap();
        let nobody = sandbox.nobody().at(&home);
        let Some(program) = names
            .into_iter()
            .find(|name| nobody.sh(&format!("'{name}' --version")).code == 0)
        else {
            eprintln!("skipped: there is no Chromium on this machine");
            return None;
        };
        Some(Self::start(&nobody, program))
    }

    fn start(nobody: &Person, program: &str) -> Self {
        nobody.must("mkfifo in out");
        // It reads from the descriptor 3 and writes to 4.
        let line = "exec \"$0\" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                    --disable-background-networking --force-color-profile=srgb --hide-scrollbars \
                    --user-data-dir=profile --remote-debugging-pipe about:blank 3<in 4>out";
        let child = nobody
            .command("sh")
            .args(["-c", line, program])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = nobody.dir.join("in");
        let to = OpenOptions::new().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(nobody.dir.join("out")).unwrap());
        let mut browser = Self {
            child,
            to,
            from,
            session: None,
            calls: 0,
            events: Vec::new(),
        };
        let made = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": made["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", &attach);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Asks for something, and waits for the answer.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let message = self.hear();
            if message["id"] == self.calls {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    #[track_caller]
    fn hear(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "the browser is gone");
        serde_json::from_slice(&message).unwrap()
    }

    /// Waits for an event since `since` of those that were told.
    pub(crate) fn await_event(&mut self, method: &str, since: usize) {
        while !self.events[since..]
            .iter()
            .any(|event| event["method"] == method)
        {
            let message = self.hear();
            self.events.push(message);
        }
    }

    /// Opens a file, and waits until it is loaded.
    pub(crate) fn visit(&mut self, file: &Path) {
        let since = self.events.len();
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", &json!({"url": url}));
        self.await_event("Page.loadEventFired", since);
    }

    /// What an expression, or its promise, comes to in the page.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", &params);
        assert!(
            result["exceptionDetails"].is_null(),
            "{expression}\n{result:#}"
        );
        result["result"]["value"].clone()
    }

    /// Clicks on the first element that a selector finds, with the mouse.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const one = document.querySelector({selector:?}); one.scrollIntoView({{block: 'center'}}); \
             const at = one.getBoundingClientRect(); return [at.x + 5, at.y + at.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                &json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let params =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Makes the window of that width, in that scheme of colours.
    pub(crate) fn resize(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &scheme);
    }

    /// Shows the page as it looks on paper of that size, in CSS pixels.
    pub(crate) fn lay_out_on_paper(&mut self, width: u32, height: u32) {
        self.resize(width, height, "light");
        self.call("Emulation.setEmulatedMedia", &json!({"media": "print"}));
    }

    /// What the window shows, as a PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let taken = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        Base64::decode_vec(taken["data"].as_str().unwrap()).unwrap()
    }

    /// The page on paper, as a PDF.
    pub(crate) fn print(&mut self) -> Vec<u8> {
        let params = json!({"printBackground": true, "preferCSSPageSize": true, "paperWidth": 8.27, "paperHeight": 11.69});
        let printed = self.call("Page.printToPDF", &params);
        Base64::decode_vec(printed["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
