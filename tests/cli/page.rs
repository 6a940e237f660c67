//! The ledger as a page: `export --format html` (docs/export.md, "A page to look at").

use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::sandbox::{Person, Sandbox};

/// Titles that would be markup, scripts, or invisible.
pub(crate) const HOSTILE: [&str; 5] = [
    "</script><script>document.title=1</script>",
    "\"><img src=x onerror=document.title=1>",
    "]]> <!-- <!DOCTYPE &lt;b&gt; ' \" `",
    "turned \u{202e}around\u{2066} \u{fdd0}\u{2028}\u{feff}",
    "</style></title></template><svg onload=document.title=1>",
];

/// A person's project with a release that declares all of that, told in every way, and a draft.
pub(crate) fn hostile(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.tracks(
        ".gryt/pipelines/pipeline.yaml",
        "artifacts: [app]\nsteps:\n- {name: build, run: 'printf abc > app'}\n",
    );
    ann.tracks(
        ".gryt/policy.yaml",
        "gates: {min_evolutions: 9}\nwaivable: [min_evolutions]\n",
    );
    let mut contract = "version: v1.0.0\ndescription: \"First\\n</script>\"\nchanges:\n".to_owned();
    for (nth, title) in HOSTILE.iter().enumerate() {
        let title = serde_json::to_string(title).unwrap();
        contract += &format!("- {{type: add, id: C-{nth}, title: {title}, assignee: {title}}}\n");
    }
    ann.must("git gryt generation new v1.0.0 -q");
    ann.write(".gryt/generations/v1.0.0.yaml", &contract);
    ann.must("git gryt sync push -q");
    ann.must("git gryt evolution record v1.0.0 --change C-0 --status fail");
    ann.must("git gryt run --change C-0 -q");
    for nth in 1..HOSTILE.len() {
        ann.must(&format!(
            "git gryt evolution record v1.0.0 --change C-{nth} --status pass --url 'https://x/</script>?a=1&b'"
        ));
    }
    ann.must("git gryt approve v1.0.0 -m fine");
    ann.must("git gryt promote v1.0.0 --waive min_evolutions --reason '<b>later</b>'");
    ann.must("git gryt withdraw v1.0.0 --reason '</p><script>document.title=1</script>'");
    ann.must("git gryt generation new v1.1.0 -d '<i>next</i>' --change 'add:N:<u>New' -q");
    ann.must("git gryt sync push -q");
    bob.must("git gryt sync pull -q");
    [ann, bob]
}

/// What stands between `begin` and `end` for the first time.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("{begin}"));
    rest.split_once(end).unwrap().0
}

/// The releases of each block of data.
fn blocks(page: &str) -> Vec<Value> {
    let blocks = page
        .split("<script type=\"application/json\" class=batch ")
        .skip(1);
    let block = |text: &str| {
        let text = between(text, ">", "</script>");
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        serde_json::from_str::<Value>(text).unwrap()["releases"].clone()
    };
    blocks.map(block).collect()
}

#[test]
fn a_page_shows_everything_and_lets_nobody_write_markup() {
    let sandbox = Sandbox::new();
    let [ann, bob] = hostile(&sandbox);
    let page = ann.must("git gryt export --format html");
    assert_eq!(page, bob.must("git gryt export --format html"));
    assert_eq!(page, ann.must("git gryt export --format html --no-cache"));

    // Its own script, the words and one block of data; nothing of others begins or ends anything.
    let tags = |tag: &str| page.matches(tag).count();
    assert_eq!((tags("<script"), tags("</script>")), (3, 3));
    assert_eq!(
        (
            tags("<style"),
            tags("</style>"),
            page.matches("<title>Rel").count()
        ),
        (1, 1, 1)
    );
    for sign in [
        "<img",
        "<b>later",
        "<u>",
        "<i>",
        "<!--",
        "onload=document.title=1>",
        "\u{202e}",
        "\u{fdd0}",
        "\u{feff}",
    ] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(page.contains("turned \\u{202e}around\\u{2066} \\u{fdd0}\\u{2028}\\u{feff}"));
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;document.title=1&lt;/script&gt;"));

    // It may run its own script and style, and fetch nothing.
    let policy = between(&page, "http-equiv=Content-Security-Policy content=\"", "\"");
    let hash = |text: &str| Base64::encode_string(&Sha256::digest(text.as_bytes()));
    let script = between(&page, "<script>", "</script>");
    let style = between(&page, "<style>", "</style>");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src 'none'; base-uri 'none'; \
             form-action 'none'",
            hash(script),
            hash(style)
        )
    );
    assert!(script.len() < 15_000 && style.len() < 10_000);
    let no_url = ["src=", "href=\"h", "url(", "@import", "fetch(", "style=\""];
    for sign in no_url {
        let own = page.replace("img src=x", "").replace("&lt;img src=x", "");
        assert!(!own.contains(sign), "{sign}");
    }

    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let head = ann.git("rev-parse main");
    for shown in [
        digest,
        &head,
        "<h3 id=\"v1.0.0\">v1.0.0</h3>",
        "Withdrawn by ann &lt;ann@example.com&gt; at 2026-01-02T03:04:05Z: &lt;/p&gt;",
        "5 changes · 6 proofs",
        "<th scope=row>C-0/rc.1</th>",
        "waived</span></td><td><div>&lt;b&gt;later",
        "https://x/&lt;/script&gt;?a=1&amp;b",
        "<h3 id=\"draft-v1.1.0\">v1.1.0</h3>",
        "somebody to start N (&lt;u&gt;New) and prove it",
        "<code class=command>git gryt evolution start v1.1.0 --change N</code>",
        "1 promotion; the most in one month were 1, in 2026-01.",
        "<th scope=row>2026-01</th><td class=n>6</td><td class=n>5</td><td class=n>83%</td>",
    ] {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
    assert_eq!(blocks(&page)[0][0][0], "v1.0.0");
}

#[test]
fn a_page_folds_what_is_old_and_can_be_limited() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let empty = ann.must("git gryt export --format html --title 'A & B'");
    assert!(empty.contains("<h1>Releases of A &amp; B</h1>"), "{empty}");
    assert!(empty.contains("Nothing was promoted yet.") && blocks(&empty).is_empty());
    // One after the other, a day each.
    ann.must(
        "for n in $(seq 0 229); do \
           export GIT_COMMITTER_DATE=\"$((1577880000 + n * 86400)) +0100\"; \
           git tag -a -m \"Release $n\" v0.$n.0; done",
    );
    ann.must("git tag -a -m Web web/v1.0.0 && git gryt import --from tags 'v0.*' && git gryt import --from tags 'web/*'");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push -q && git gryt promote v1.0.0 -q");
    let names = |page: &str| -> Vec<Vec<String>> {
        let names = |block: Value| {
            let all = block.as_array().unwrap().clone();
            let name = |release: &Value| release[0].as_str().unwrap().to_owned();
            all.iter().map(name).collect()
        };
        blocks(page).into_iter().map(names).collect()
    };
    let page = ann.must("git gryt export --format html");
    let all = names(&page);
    let sizes: Vec<usize> = all.iter().map(Vec::len).collect();
    assert_eq!(sizes, [25, 200, 7]);
    assert_eq!(
        (all[0][0].as_str(), all[2][6].as_str()),
        ("v1.0.0", "v0.0.0")
    );
    // The newest stand there as they are, and the others do not.
    assert_eq!(page.matches("<li class=\"release ").count(), 25);
    assert!(page.contains(
        "data-count=7 data-name=\"v0.0.0 to v0.6.0\" data-days=\"2020-01-01 to 2020-01-07\""
    ));
    assert!(page.contains("<noscript>") && page.contains("<option value=\"web\">web</option>"));

    let limited = |limits: &str| {
        names(&ann.must(&format!("git gryt export --format html {limits}"))).concat()
    };
    assert_eq!(limited("--product web"), ["web/v1.0.0"]);
    assert_eq!(limited("--since v1.0.0"), [""; 0]);
    assert_eq!(limited("--since 2026-01-02"), ["v1.0.0", "web/v1.0.0"]);
    assert_eq!(
        limited("--since 0.227"),
        ["v1.0.0", "web/v1.0.0", "v0.229.0", "v0.228.0"]
    );
    assert_eq!(
        limited("--since 2020-08-17T12:00:01Z"),
        ["v1.0.0", "web/v1.0.0"]
    );
    let said = ann.refused(7, "git gryt export --format html --since yesterday");
    assert!(
        said.contains("`yesterday` is neither a date nor a version"),
        "{said}"
    );
    ann.refused(7, "git gryt export --format html --since v9.0.0");
    ann.refused(2, "git gryt export --format csv --product web");
}
