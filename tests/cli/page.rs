//! The ledger as a page: `export --format html` (docs/export.md, "A page to look at").

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::browser::Browser;
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
        contract += &format!(
            "- {{type: add, id: C-{nth}, title: {title}, assignee: {title}, links: ['https://t.example/{nth}?a&b']}}\n"
        );
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
    let no_url = ["src=", "<link", "url(", "@import", "fetch(", "style=\""];
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
        "Withdrawn by ann &lt;ann@example.com&gt; at 2026-01-02 03:04 UTC: &lt;/p&gt;",
        "5 changes · 6 proofs",
        "<th scope=row>C-0/rc.1</th>",
        "waived</span></td><td><div>&lt;b&gt;later",
        "https://x/&lt;/script&gt;?a=1&amp;b",
        "<a href=\"https://t.example/0?a&amp;b\" rel=\"noopener noreferrer nofollow\">https://t.example/0?a&amp;b</a>",
        "<h3 id=\"draft-v1.1.0\">v1.1.0</h3>",
        "somebody to start N (&lt;u&gt;New) and prove it",
        "<code class=command>git gryt evolution start v1.1.0 --change N</code>",
        "1 promotion, in 2026-01.",
        "<th scope=row>2026-01</th><td class=n>6</td><td class=n>5</td><td class=n>83%</td>",
    ] {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
    assert_eq!(blocks(&page)[0][0][0], "v1.0.0");
    // What is wrong with a draft that cannot be read is said.
    ann.git("update-ref refs/gryt/generations/v9.2.0 HEAD");
    let page = ann.must("git gryt export --format html");
    let why = "The draft v9.2.0 is broken: it has no trailer Gryt-Format";
    assert!(page.contains(why), "{page}");
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

/// What is listened for from the beginning: whatever the page's policy stops.
const WATCH: &str = "window.stopped = []; \
    document.addEventListener('securitypolicyviolation', (event) => stopped.push(event.effectiveDirective));";

/// An element as its names, attributes and texts; without those that tell a found release from the same in the line.
const SHAPE: &str = "window.shape = (node) => node.nodeType === 3 ? node.data : [node.tagName, \
    [...node.attributes].filter((one) => !['id', 'open', 'aria-label', 'aria-labelledby'].includes(one.name)) \
      .map((one) => one.name + '=' + one.value).sort(), [...node.childNodes].map(shape)];";

/// Texts whose contrast to what is behind them is below 4.5.
const FAINT: &str = r"(() => {
    const parts = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
    const light = (colour) => parts(colour).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (one) => {
      for (; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor;
        if (parts(colour)[3] !== 0) return colour;
      }
    };
    const faint = [];
    for (const one of document.querySelectorAll('body *')) {
      const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!own || !one.checkVisibility() || one.matches('script, style, noscript, .skip')) continue;
      const style = getComputedStyle(one);
      const [a, b] = [light(one.matches('svg *') ? style.fill : style.color), light(behind(one))].sort((a, b) => b - a);
      if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(one.outerHTML.slice(0, 120));
    }
    return faint;
  })()";

#[test]
fn a_browser_shows_the_page_and_fetches_nothing() {
    let sandbox = Sandbox::new();
    let Some(mut browser) = Browser::open(&sandbox) else {
        return;
    };
    let [ann, _] = hostile(&sandbox);
    ann.must("for n in $(seq 0 39); do git tag -a -m \"Release $n\" v0.$n.0; done && git gryt import --from tags");
    ann.must("git gryt export --format html > ../page.html");
    let page = sandbox.path().join("page.html");
    for source in [WATCH, SHAPE] {
        let source = json!({"source": source});
        browser.call("Page.addScriptToEvaluateOnNewDocument", &source);
    }
    browser.visit(&page);
    assert_eq!(browser.eval("document.title"), "Releases of hosting");
    assert_eq!(browser.eval("count.textContent"), "41 releases");
    assert_eq!(
        browser.eval("document.querySelectorAll('#newest > li').length"),
        25
    );

    // The keyboard comes to the releases first, and what has the focus is seen.
    browser.press("Tab", 9);
    let focused =
        "[document.activeElement.className, getComputedStyle(document.activeElement).outlineStyle]";
    assert_eq!(browser.eval(focused), json!(["skip", "solid"]));

    // Somebody searches; what is found is what stands in the line, made by the script.
    browser.click("#text");
    browser.eval(
        "window.told = new Promise((done) => new MutationObserver(() => done(count.textContent)) \
         .observe(count, {childList: true})), 0",
    );
    browser.call(
        "Input.insertText",
        &json!({"text": "V1.0 ann@EXAMPLE <b>later"}),
    );
    assert_eq!(browser.eval("told"), "1 of 41 releases");
    browser.click("#found summary");
    let same = "new Promise((done) => setTimeout(done)).then(() => { \
        const of = (list) => document.querySelector(list + ' > li'); \
        const [made, own] = [of('#found'), [...newest.children].find((one) => one.querySelector('[id=\"v1.0.0\"]'))]; \
        return [JSON.stringify(shape(made)), JSON.stringify(shape(own)), newest.checkVisibility()]; })";
    let same = browser.eval(same);
    assert!(same[0].as_str().unwrap().len() > 5000, "{same}");
    assert_eq!((&same[0], &same[2]), (&same[1], &json!(false)));
    let chosen = "text.value = '', state.value = 'imported', state.dispatchEvent(new Event('change')), count.textContent";
    assert_eq!(browser.eval(chosen), "40 of 41 releases");
    browser.eval("state.value = '*', state.dispatchEvent(new Event('change'))");

    // What is older unfolds, for the mouse and for a link.
    browser.click("#older summary");
    let unfolded = "new Promise((done) => setTimeout(done)).then(() => document.querySelectorAll('#older li').length)";
    assert_eq!(browser.eval(unfolded), 16);
    let all = browser
        .eval("[...document.querySelectorAll('li.release h3')].map((one) => one.textContent)");
    assert_eq!(all.as_array().unwrap().len(), 41);

    let tree = browser.call("Accessibility.getFullAXTree", &json!({}));
    let nodes: Vec<(&str, &str)> = tree["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["ignored"] == false)
        .map(|node| {
            let said = |what: &str| node[what]["value"].as_str().unwrap_or_default();
            (said("role"), said("name"))
        })
        .collect();
    for node in [
        ("banner", ""),
        ("navigation", "On this page"),
        ("main", ""),
        ("search", ""),
        ("heading", "Releases of hosting"),
        ("heading", "v1.0.0"),
        ("article", "v1.0.0"),
        ("searchbox", "Find"),
        ("combobox", "State"),
        ("status", ""),
        ("table", "Proofs of v1.0.0"),
        ("columnheader", "SHA-256"),
        ("rowheader", "C-0/rc.1"),
        ("image", "83% of 6 proofs passed."),
    ] {
        let named =
            |(role, name): &(&str, &str)| *role == node.0 && (node.1.is_empty() || *name == node.1);
        let table = node.0 == "table" && nodes.contains(&("region", node.1));
        assert!(table || nodes.iter().any(named), "{node:?}\n{nodes:#?}");
    }

    // Everything can be read on each screen, in each light, and nothing is cut off.
    for (width, scheme) in [
        (1280, "light"),
        (1280, "dark"),
        (390, "light"),
        (390, "dark"),
    ] {
        browser.resize(width, 900, scheme);
        assert_eq!(browser.eval(FAINT), json!([]), "{width} {scheme}");
        assert_eq!(browser.eval("document.documentElement.scrollWidth"), width);
    }
    // That is told of what is faint:
    assert_ne!(browser.eval(&FAINT.replace("4.5", "20")), json!([]));
    let paper = browser.print();
    assert!(paper.starts_with(b"%PDF") && paper.len() > 10_000);

    // Nothing was fetched, stopped or thrown. That would have been seen:
    let is = |event: &Value, methods: &[&str]| methods.iter().any(|one| event["method"] == *one);
    let bad = [
        "Log.entryAdded",
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
    ];
    let told: Vec<&Value> = browser
        .events
        .iter()
        .filter(|event| is(event, &bad))
        .collect();
    assert!(told.is_empty(), "{told:#?}");
    let requests = browser
        .events
        .iter()
        .filter(|event| is(event, &["Network.requestWillBeSent"]));
    assert_eq!(requests.count(), 1);
    assert_eq!(browser.eval("stopped"), json!([]));
    let tried = "new Promise((done) => { document.addEventListener('securitypolicyviolation', () => \
        stopped.length === 2 && done([stopped.sort(), document.title])); const script = document.createElement('script'); \
        script.textContent = 'document.title = 1'; const image = document.createElement('img'); \
        image.src = 'http://127.0.0.1:9/x'; document.body.append(script, image); })";
    assert_eq!(
        browser.eval(tried),
        json!([["img-src", "script-src-elem"], "Releases of hosting"])
    );

    // Without its script it shows the newest, and says so.
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    browser.visit(&page);
    let shown = "[document.querySelector('noscript').innerText.slice(0, 58), document.querySelector('#filter').checkVisibility(), \
        document.querySelectorAll('article h3').length]";
    assert_eq!(
        browser.eval(shown),
        json!([
            "Without its script, this page shows the newest 25 of 41 re",
            false,
            26
        ])
    );
}

/// Takes the pictures of docs/export.md, of the page that `GRYT_PAGE` names.
#[test]
#[ignore = "takes the pictures of the documentation"]
fn the_pictures_of_the_documentation_are_taken() {
    let sandbox = Sandbox::new();
    let page = std::env::var("GRYT_PAGE").expect("GRYT_PAGE names a page");
    let mut browser = Browser::open(&sandbox).expect("there is a browser");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
    fs::create_dir_all(&folder).unwrap();
    browser.visit(Path::new(&page));
    for (name, width, height, scheme) in [
        ("page-laptop", 1280, 1300, "light"),
        ("page-dark", 1280, 900, "dark"),
        ("page-phone", 390, 844, "light"),
    ] {
        browser.resize(width, height, scheme);
        fs::write(folder.join(format!("{name}.png")), browser.picture()).unwrap();
    }
    // A4 at 96 pixels to the inch.
    browser.lay_out_on_paper(794, 1123);
    fs::write(folder.join("page-print.png"), browser.picture()).unwrap();
    fs::write(Path::new(&page).with_extension("pdf"), browser.print()).unwrap();
}
