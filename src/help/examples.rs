//! An example or two for each command, at the end of its help and of its man page.

/// Commands by the words that lead to them, and the lines that are shown. A test parses each.
const EXAMPLES: &[(&str, &str)] = &[
    ("init", "git gryt init\ngit gryt init --ci github"),
    (
        "config",
        "git gryt config execution_mode cloud\ngit gryt config --shared tag false\ngit gryt config --list",
    ),
    (
        "generation new",
        "git gryt generation new v1.2.0 -d \"Spring\" --change \"add:FEAT-101:OAuth2 login\"\n\
         git gryt generation new --next minor\n\
         git gryt generation new --from-commits --dry-run",
    ),
    (
        "generation edit",
        "git gryt generation edit v1.2.0\n\
         git gryt generation edit v1.2.0 --change \"fix:BUG-50:Session timeout\" --assign BUG-50=ann",
    ),
    (
        "generation rename",
        "git gryt generation rename v1.2.0 v1.3.0",
    ),
    (
        "generation delete",
        "git gryt generation delete v1.2.0\ngit gryt generation delete v1.2.0 --local-only",
    ),
    ("generation restore", "git gryt generation restore v1.2.0"),
    (
        "generation resolve",
        "git gryt generation resolve v1.2.0\ngit gryt generation resolve v1.2.0 --theirs",
    ),
    (
        "why",
        "git gryt why v1.2.0\ngit gryt why v1.2.0 --format markdown",
    ),
    ("generation list", "git gryt generation list"),
    ("generation show", "git gryt generation show v1.2.0"),
    (
        "evolution start",
        "git gryt evolution start v1.2.0 --change FEAT-101",
    ),
    (
        "evolution record",
        "git gryt evolution record v1.2.0 --change FEAT-101 --junit report.xml --url https://ci.example.com/7",
    ),
    (
        "evolution abandon",
        "git gryt evolution abandon v1.2.0/FEAT-101/rc.1 --reason \"The runner broke\"",
    ),
    ("evolution list", "git gryt evolution list v1.2.0"),
    (
        "evolution show",
        "git gryt evolution show v1.2.0/FEAT-101/rc.1",
    ),
    (
        "run",
        "git gryt run\ngit gryt run --change FEAT-101 --isolated\ngit gryt run --trailers origin/main",
    ),
    (
        "promote",
        "git gryt promote v1.2.0 --dry-run\ngit gryt promote v1.2.0\n\
         git gryt promote v1.2.0 --waive independent_proof --reason \"The only one at work today\"",
    ),
    (
        "approve",
        "git gryt approve v1.2.0\ngit gryt approve v1.2.0 --commit HEAD -m \"Tried on the old server\"\n\
         git gryt approve v1.2.0 --reject -m \"The price list is wrong\"\ngit gryt approve v1.2.0 --revoke",
    ),
    (
        "withdraw",
        "git gryt withdraw v1.2.0 --reason \"It leaks memory\" --use v1.2.1",
    ),
    ("status", "git gryt status"),
    ("board", "git gryt board\ngit gryt board --pull 1m"),
    (
        "query",
        "git gryt query \"SELECT * FROM lead_time ORDER BY days DESC LIMIT 10\"\ngit gryt query --schema",
    ),
    ("cache rebuild", "git gryt cache rebuild"),
    ("cache verify", "git gryt cache verify"),
    ("where", "git gryt where FEAT-101\ngit gryt where HEAD~3"),
    ("verify", "git gryt verify\ngit gryt verify v1.2.0"),
    (
        "hook install",
        "git gryt hook install\ngit gryt hook install pre-commit",
    ),
    ("hook uninstall", "git gryt hook uninstall"),
    ("hook run", "git gryt hook run pre-commit"),
    (
        "import",
        "git gryt import .gryt/gryt.db --dry-run\ngit gryt import --from tags \"v0.*\"\n\
         git gryt import --from changesets --as v2.0.0",
    ),
    (
        "export",
        "git gryt export --format csv\ngit gryt export --format html --since v1.0.0",
    ),
    (
        "notes",
        "git gryt notes\ngit gryt notes v1.1.0..v1.2.0\ngit gryt notes --product billing\n\
         git gryt notes v1.2.0 --format sha256sums\ngit gryt notes --write CHANGELOG.md",
    ),
    ("doctor", "git gryt doctor\ngit gryt doctor --remote"),
    (
        "sync pull",
        "git gryt sync pull\ngit gryt sync pull --from contributor",
    ),
    (
        "sync push",
        "git gryt sync push\ngit gryt sync push v1.2.0 --dry-run\n\
         git gryt sync push --republish --dry-run",
    ),
    (
        "sync push-evolutions",
        "git gryt sync push-evolutions v1.2.0",
    ),
    (
        "sync watch",
        "git gryt sync watch\ngit gryt sync watch --interval 1m --exec \"notify-send gryt\"",
    ),
    ("sync backfill", "git gryt sync backfill"),
    (
        "sync move",
        "git gryt sync move --prefix refs/heads/gryt/\ngit gryt sync move --remote company\n\
         git gryt sync move --follow",
    ),
    (
        "sync status",
        "git gryt sync status\ngit gryt sync status v1.2.0 --offline",
    ),
    ("log", "git gryt log -n 5"),
    ("setup", "git gryt setup\ngit gryt setup --undo"),
    ("man", "git gryt man generation new\ngit gryt man --to man1"),
    ("completions", "git gryt completions bash"),
    ("demo", "git gryt demo"),
    (
        "help",
        "git gryt help\ngit gryt help generation new\ngit gryt help tutorial",
    ),
];

/// The examples of a command.
pub(super) fn lines(path: &str) -> Option<&'static str> {
    let (_, lines) = EXAMPLES.iter().find(|(known, _)| *known == path)?;
    Some(lines)
}

/// The same, under their heading.
pub(super) fn of(path: &str) -> Option<String> {
    let indented: Vec<String> = lines(path)?
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    Some(format!("Examples:\n{}", indented.join("\n")))
}
