//! docs/images: the board of docs/board.md on terminals of 80 and 140 columns, drawn as the other pictures are
//! ([`crate::picture`]).

use crate::picture::{board_line, expect, picture};
use crate::sandbox::{Person, Sandbox};

/// What the pictured project asks of a release.
const POLICY: &str = "approvals: [{need: 2, from: [lea@example.com, qa@example.com]}]\n";

/// A project with releases and two drafts, as lea has it, and what is done in it by whom.
fn project(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    sandbox.nobody().must("mv hosting.git shop.git");
    let team = ["lea", "ann", "bob", "cleo"];
    let [lea, ann, bob, cleo] = team.map(|name| sandbox.clone_of(name, "shop.git"));
    // How long ago something was is the same whenever the picture is drawn.
    let ago = |who: &Person, days: i64| {
        let at = chrono::Utc::now() - chrono::TimeDelta::days(days);
        let at = at.to_rfc3339();
        who.with("GIT_AUTHOR_DATE", &at)
            .with("GIT_COMMITTER_DATE", &at)
    };
    lea.must("git gryt init --new-ledger && git commit -q -am 'Name our ledger' && git push -q");
    for (version, days, described) in [
        ("v1.0.0", 65, "First release"),
        ("v1.1.0", 23, "Payment by card"),
        ("v1.2.0", 4, "Faster search"),
    ] {
        let lea = ago(&lea, days);
        lea.must(&format!(
            "git gryt generation new {version} -d '{described}' --change 'add:{version}:{described}' -q && \
             git gryt run --start --change {version}/{version} -q && git gryt promote {version} -q"
        ));
    }
    lea.must("git gryt withdraw v1.1.0 --reason 'Cards are charged twice' -q");
    lea.tracks(".gryt/policy.yaml", POLICY);
    lea.must(
        "git gryt generation new v1.3.0 -d 'Summer release' --change 'add:SHOP-31:Search in all shops' \
         --change 'fix:SHOP-27:A slow start after an update' --change 'add:SHOP-33:Dark mode' \
         --change 'refine:SHOP-35:Shorter error messages' --change 'fix:SHOP-36:Umlauts in file names' -q && \
         git gryt generation edit v1.3.0 --assign SHOP-33=cleo --assign SHOP-36=lea -q && \
         git gryt sync push -q",
    );
    for (who, file) in [
        (&ann, "search.txt"),
        (&bob, "start.txt"),
        (&cleo, "errors.txt"),
    ] {
        who.works(file);
        who.must("git gryt sync pull -q");
    }
    ann.must("git gryt run --start --change SHOP-31 -q");
    bob.must(
        "git gryt evolution start v1.3.0 --change SHOP-27 -q && \
         git gryt evolution record v1.3.0 --change SHOP-27 --status fail -q",
    );
    cleo.must("git gryt evolution start v1.3.0 --change SHOP-35 -q");
    for who in [&ann, &bob, &cleo] {
        who.must("git gryt sync push-evolutions -q");
    }
    lea.must("git pull -q && git gryt sync pull -q");
    lea.must(
        "git gryt generation new v1.4.0 -d 'Taxes' --change 'add:SHOP-40:Prices without taxes' -q",
    );
    lea.must("git gryt run --start --change SHOP-40 -q");
    lea
}

#[test]
fn the_pictures_of_the_board_show_what_is_drawn() {
    let sandbox = Sandbox::new();
    let lea = project(&sandbox);
    for (columns, lines) in [(80, 24), (140, 40)] {
        let size = lea
            .with("COLUMNS", &columns.to_string())
            .with("LINES", &lines.to_string());
        let text = size.must("git gryt board --once --color always");
        let drawn: Vec<String> = text.lines().map(|line| board_line(line, columns)).collect();
        let label = format!("The board of git gryt on a terminal of {columns} columns");
        let now = picture(&drawn, columns, &label);
        expect(&format!("board-{columns}.svg"), &now, columns);
    }
}
